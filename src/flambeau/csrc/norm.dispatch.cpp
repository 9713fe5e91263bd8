// Rows of normalisation: sums of a row, and its elements scaled and shifted. xhat is (x - mean) rstd.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

constexpr int64_t kLanes = 64;   // partial sums side by side
constexpr int64_t kRun = 4096;   // elements summed in T; runs are added up in double

template <class T>
FB_INLINE T folded(T* acc) {
    return combine<kLanes>(acc, [](T x, T y) { return x + y; });
}

// The sum of f(i) over [0, n): a fixed order whatever the vector width.
template <class T, class F>
FB_INLINE double sum_of(int64_t n, F f) {
    double total = 0;
    for (int64_t from = 0; from < n; from += kRun) {
        const int64_t to = n - from < kRun ? n : from + kRun;
        T acc[kLanes] = {};
        int64_t i = from;
        for (; i + kLanes <= to; i += kLanes) {
            FB_IVDEP
            for (int64_t j = 0; j < kLanes; ++j) acc[j] += f(i + j);
        }
        for (int64_t j = 0; i + j < to; ++j) acc[j] += f(i + j);
        total += static_cast<double>(folded(acc));
    }
    return total;
}

template <class T>
double sum(const T* x, int64_t n) {
    return sum_of<T>(n, [=](int64_t i) { return x[i]; });
}
template <class T>
double squares(const T* x, int64_t n, T mean) {
    return sum_of<T>(n, [=](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
}
template <class T>
double product(const T* g, const T* x, int64_t n, T mean, T rstd) {
    return sum_of<T>(n, [=](int64_t i) { return g[i] * ((x[i] - mean) * rstd); });
}
template <class T>
void scale(T* y, const T* x, int64_t n, T mean, T factor, T shift) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * factor + shift;
}
template <class T>
void affine(T* y, const T* x, int64_t n, T mean, T rstd, const T* w, const T* b) {
    if (w && b) {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd * w[i] + b[i];
    } else if (w) {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd * w[i];
    } else if (b) {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd + b[i];
    } else {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd;
    }
}
template <class T>
void grad(T* gx, const T* g, const T* w, const T* x, int64_t n, T mean, T rstd, T factor, T mean_g, T mean_gx) {
    if (w) {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) gx[i] = factor * (g[i] * w[i] - mean_g - (x[i] - mean) * rstd * mean_gx);
    } else {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) gx[i] = factor * (g[i] - mean_g - (x[i] - mean) * rstd * mean_gx);
    }
}
// What a row of layer normalisation's gradient is summed up to, in one pass: the sums of g w and of g w xhat; g xhat
// and g are added to gw and gb.
template <class T, bool Weighted>
void grad_sums_of(const T* g, const T* w, const T* x, int64_t n, T mean, T rstd, T* gw, T* gb, double* sums) {
    sums[0] = sums[1] = 0;
    for (int64_t from = 0; from < n; from += kRun) {
        const int64_t to = n - from < kRun ? n : from + kRun;
        T total[kLanes] = {}, moment[kLanes] = {};
        const auto add = [&](int64_t i, int64_t j) {
            const T xhat = (x[i] - mean) * rstd, part = g[i] * xhat;
            total[j] += Weighted ? g[i] * w[i] : g[i];
            moment[j] += Weighted ? g[i] * w[i] * xhat : part;
            gw[i] += part;
            gb[i] += g[i];
        };
        int64_t i = from;
        for (; i + kLanes <= to; i += kLanes) {
            FB_IVDEP
            for (int64_t j = 0; j < kLanes; ++j) add(i + j, j);
        }
        for (int64_t j = 0; i + j < to; ++j) add(i + j, j);
        sums[0] += static_cast<double>(folded(total));
        sums[1] += static_cast<double>(folded(moment));
    }
}
template <class T>
void grad_sums(const T* g, const T* w, const T* x, int64_t n, T mean, T rstd, T* gw, T* gb, double* sums) {
    if (w) grad_sums_of<T, true>(g, w, x, n, mean, rstd, gw, gb, sums);
    else grad_sums_of<T, false>(g, w, x, n, mean, rstd, gw, gb, sums);
}

template <class T>
NormKernels<T> table() {
    return {&sum<T>, &squares<T>, &product<T>, &scale<T>, &affine<T>, &grad<T>, &grad_sums<T>};
}

}  // namespace

void register_norm(Kernels& k) {
    k.norm32 = table<float>();
    k.norm64 = table<double>();
}

}  // namespace FB_ISA
}  // namespace fb
