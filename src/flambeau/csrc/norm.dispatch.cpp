// Rows of normalisation: sums of a row, and its elements scaled and shifted. xhat is (x - mean) rstd.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

constexpr int64_t kLanes = 64;   // partial sums side by side
constexpr int64_t kRun = 4096;   // elements summed in T; runs are added up in double

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
        total += static_cast<double>(combine<kLanes>(acc, [](T x, T y) { return x + y; }));
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
double weighted_product(const T* g, const T* w, const T* x, int64_t n, T mean, T rstd) {
    return sum_of<T>(n, [=](int64_t i) { return g[i] * w[i] * ((x[i] - mean) * rstd); });
}
template <class T>
double dot(const T* g, const T* w, int64_t n) {
    return sum_of<T>(n, [=](int64_t i) { return g[i] * w[i]; });
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
template <class T>
void grad_affine(T* gw, T* gb, const T* g, const T* x, int64_t n, T mean, T rstd) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) {
        gw[i] += g[i] * ((x[i] - mean) * rstd);
        gb[i] += g[i];
    }
}

template <class T>
NormKernels<T> table() {
    return {&sum<T>,   &squares<T>, &dot<T>,  &product<T>,    &weighted_product<T>,
            &scale<T>, &affine<T>,  &grad<T>, &grad_affine<T>};
}

}  // namespace

void register_norm(Kernels& k) {
    k.norm32 = table<float>();
    k.norm64 = table<double>();
}

}  // namespace FB_ISA
}  // namespace fb
