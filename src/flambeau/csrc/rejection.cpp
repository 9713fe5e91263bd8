// Gamma and binomial numbers, drawn by rejection: the draws in the order in which PyTorch's CPU generator makes them.
// Which of its constants and products are float is visible in the last digits.
#include <cmath>

#include "flambeau.h"

namespace {

double uniform(fb_mt19937* s) {
    return static_cast<double>(fb_mt_random64(s) & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
}

double normal(fb_mt19937* s) {
    double x;
    fb_mt_normal(s, FB_FLOAT64, &x, 1, 0.0, 1.0);
    return x;
}

// G. Marsaglia, W. W. Tsang: A simple method for generating gamma variables, ACM TOMS 26, 2000. Below 1 a number of
// shape + 1 times a uniform to the power of 1 / shape. T is the type of the shape; all else is double.
template <class T>
double gamma(fb_mt19937* s, T shape) {
    if (shape == 0) return 0.0;
    double scale = 1.0;
    if (shape < 1) {
        scale = std::pow(1.0 - uniform(s), static_cast<double>(1.0f / shape));
        shape += 1;
    }
    const double d = shape - 1.0f / 3.0f, c = 1.0 / std::sqrt(9.0 * d);
    for (;;) {
        double x, root;
        do {
            x = normal(s);
            root = 1.0 + c * x;
        } while (root <= 0.0);
        const double v = root * root * root, u = 1.0 - uniform(s), square = x * x;
        if (u < 1.0 - 0.0331f * square * square || std::log(u) < 0.5 * square + d * (1.0 - v + std::log(v)))
            return scale * d * v;
        if (!(shape < INFINITY)) return static_cast<double>(shape);  // infinity, NaN
    }
}

// log k! less the first terms of Stirling's series for it: the rest from (k + 1)^-1 on.
double stirling_rest(double k) {
    if (k <= 9) return std::lgamma(k + 1) - 0.91893853320467274178 - (k + 0.5) * std::log(k + 1) + (k + 1);
    const double square = (k + 1) * (k + 1);
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// Few successes: the trials up to each are geometric numbers (L. Devroye: Non-uniform random variate generation,
// 1986, chapter X.4).
template <class T>
T binomial_by_waiting(fb_mt19937* s, T count, T prob) {
    const T log_failure = std::log1p(-prob);
    T trials = 0, successes = 0;
    for (;;) {
        trials += std::ceil(std::log(static_cast<T>(uniform(s))) / log_failure);
        if (trials > count) return successes;
        successes += 1;
    }
}

// Transformed rejection with squeeze, algorithm BTRS of W. Hoermann: The generation of binomial random variates,
// Journal of Statistical Computation and Simulation 46, 1993. For count * prob >= 10, prob <= 1/2.
template <class T>
T binomial_by_rejection(fb_mt19937* s, T count, T prob) {
    const double deviation = std::sqrt(count * prob * (1 - prob)), odds = prob / (1 - prob);
    const double b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * prob;
    const double centre = count * prob + 0.5, v_r = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * deviation;
    const double mode = std::floor((count + 1) * prob);
    for (;;) {
        const double u = uniform(s) - 0.5;
        double v = uniform(s);
        const double us = 0.5 - std::abs(u), k = std::floor((2 * a / us + b) * u + centre);
        if (us >= 0.07 && v <= v_r) return static_cast<T>(k);
        if (k < 0 || k > count) continue;
        v = std::log(v * alpha / (a / (us * us) + b));
        const double bound = (mode + 0.5) * std::log((mode + 1) / (odds * (count - mode + 1))) +
                             (count + 1) * std::log((count - mode + 1) / (count - k + 1)) +
                             (k + 0.5) * std::log(odds * (count - k + 1) / (k + 1)) + stirling_rest(mode) +
                             stirling_rest(count - mode) - stirling_rest(k) - stirling_rest(count - k);
        if (v <= bound) return static_cast<T>(k);
    }
}

template <class T>
T binomial(fb_mt19937* s, T count, T prob) {
    if (std::isnan(count) || std::isnan(prob)) return static_cast<T>(NAN);
    if (count <= 0 || prob <= 0) return 0;
    if (prob >= 1) return count;
    const bool failures = prob > 0.5;
    const T p = failures ? 1 - prob : prob;
    const T k = count * p >= 10 ? binomial_by_rejection(s, count, p) : binomial_by_waiting(s, count, p);
    return failures ? count - k : k;
}

}  // namespace

extern "C" {

int fb_mt_gamma(fb_mt19937* s, int dtype, void* shapes, int64_t n) {
    if (dtype == FB_FLOAT64) {
        double* x = static_cast<double*>(shapes);
        for (int64_t i = 0; i < n; ++i) x[i] = gamma(s, x[i]);
    } else if (dtype == FB_FLOAT32) {
        float* x = static_cast<float*>(shapes);
        for (int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(gamma(s, x[i]));
    } else {
        return FB_ERR_DTYPE;
    }
    return FB_OK;
}

int fb_mt_binomial(fb_mt19937* s, int dtype, void* counts, const void* probs, int64_t n) {
    if (dtype == FB_FLOAT64) {
        double* x = static_cast<double*>(counts);
        for (int64_t i = 0; i < n; ++i) x[i] = binomial(s, x[i], static_cast<const double*>(probs)[i]);
    } else if (dtype == FB_FLOAT32) {
        float* x = static_cast<float*>(counts);
        for (int64_t i = 0; i < n; ++i) x[i] = binomial(s, x[i], static_cast<const float*>(probs)[i]);
    } else {
        return FB_ERR_DTYPE;
    }
    return FB_OK;
}

}  // extern "C"
