// One optimiser step on a range of elements. The first arrays are the parameters and the gradients.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

using K = OptimKernels;

FB_INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }
FB_INLINE double sqrt_(double x) { return __builtin_sqrt(x); }
FB_INLINE float abs_(float x) { return __builtin_fabsf(x); }
FB_INLINE double abs_(double x) { return __builtin_fabs(x); }

template <class T>
FB_INLINE T* array(void* const* arrays, int i) {
    return static_cast<T*>(arrays[i]);
}

// Where the step starts from, and along what, of one element.
template <class T>
struct Direction {
    T shrink, decay, sign;
    explicit Direction(const K::Decay& o) : shrink(T(o.shrink)), decay(T(o.decay)), sign(T(o.sign)) {}
    T from(T p) const { return p * shrink; }
    T along(T w, T g) const { return madd(decay, w, sign * g); }
};

template <class T>
void sgd(const K::Sgd& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *buf = array<T>(arrays, 2);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T lr = T(o.lr);
    if (!buf) {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) p[i] -= lr * dir.along(p[i], g[i]);
        return;
    }
    // The first step copies the gradient; there the buffer's old content may be anything, even NaN.
    const T momentum = T(o.momentum), keep = T(o.keep);
    if (o.first) {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) buf[i] = dir.along(p[i], g[i]);
    } else {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) buf[i] = madd(momentum, buf[i], keep * dir.along(p[i], g[i]));
    }
    if (o.nesterov) {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) p[i] -= lr * madd(momentum, buf[i], dir.along(p[i], g[i]));
    } else {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) p[i] -= lr * buf[i];
    }
}

// Kingma and Ba 2015; decoupled weight decay: Loshchilov and Hutter 2019; the running maximum: Reddi et al. 2018.
template <class T, bool Amsgrad>
FB_INLINE void adam_range(const K::Adam& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *m = array<T>(arrays, 2), *v = array<T>(arrays, 3), *vmax = array<T>(arrays, 4);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T rate = T(o.rate), c1 = T(o.keep1), b2 = T(o.beta2), c2 = T(o.keep2), root = T(o.root), eps = T(o.eps);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T w = dir.from(p[i]), d = dir.along(w, g[i]);
        T first = madd(c1, d - m[i], m[i]);
        T second = madd(c2 * d, d, b2 * v[i]);
        m[i] = first;
        v[i] = second;
        if (Amsgrad) {
            second = vmax[i] > second ? vmax[i] : second;
            vmax[i] = second;
        }
        p[i] = w - rate * (first / (sqrt_(second) / root + eps));
    }
}
template <class T>
void adam(const K::Adam& o, void* const* arrays, int64_t begin, int64_t end) {
    if (arrays[4]) adam_range<T, true>(o, arrays, begin, end);
    else adam_range<T, false>(o, arrays, begin, end);
}

template <class T>
void adamax(const K::Adamax& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *m = array<T>(arrays, 2), *u = array<T>(arrays, 3);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T rate = T(o.rate), c1 = T(o.keep1), b2 = T(o.beta2), eps = T(o.eps);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T d = dir.along(p[i], g[i]);
        T mean = madd(c1, d - m[i], m[i]);
        T old = b2 * u[i], now = abs_(d) + eps;
        T largest = old > now || old != old ? old : now;
        m[i] = mean;
        u[i] = largest;
        p[i] -= rate * (mean / largest);
    }
}

template <class T>
void nadam(const K::Nadam& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *m = array<T>(arrays, 2), *v = array<T>(arrays, 3);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T of_gradient = T(o.rate_gradient), of_mean = T(o.rate_mean), correction = T(o.correction2);
    const T c1 = T(o.keep1), b2 = T(o.beta2), c2 = T(o.keep2), eps = T(o.eps);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T w = dir.from(p[i]), d = dir.along(w, g[i]);
        T mean = madd(c1, d - m[i], m[i]);
        T square = madd(c2 * d, d, b2 * v[i]);
        m[i] = mean;
        v[i] = square;
        p[i] = w - madd(of_gradient, d, of_mean * mean) / (sqrt_(square / correction) + eps);
    }
}

template <class T>
void radam(const K::Radam& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *m = array<T>(arrays, 2), *v = array<T>(arrays, 3);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T rate = T(o.rate), c1 = T(o.keep1), b2 = T(o.beta2), c2 = T(o.keep2), eps = T(o.eps);
    const bool rectified = o.rectified;
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T w = dir.from(p[i]), d = dir.along(w, g[i]);
        T mean = madd(c1, d - m[i], m[i]);
        T square = madd(c2 * d, d, b2 * v[i]);
        m[i] = mean;
        v[i] = square;
        p[i] = w - rate * (rectified ? mean / (sqrt_(square) + eps) : mean);
    }
}

template <class T, bool Centered, bool Momentum>
FB_INLINE void rmsprop_range(const K::Rmsprop& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *v = array<T>(arrays, 2), *b = array<T>(arrays, 3), *mean = array<T>(arrays, 4);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T lr = T(o.lr), alpha = T(o.alpha), keep = T(o.keep), eps = T(o.eps), momentum = T(o.momentum);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T d = dir.along(p[i], g[i]);
        T square = madd(keep * d, d, alpha * v[i]);
        v[i] = square;
        if (Centered) {
            T first = madd(keep, d - mean[i], mean[i]);
            mean[i] = first;
            square = madd(-first, first, square);
        }
        T step = d / (sqrt_(square) + eps);
        if (Momentum) {
            step = madd(momentum, b[i], step);
            b[i] = step;
        }
        p[i] -= lr * step;
    }
}
template <class T>
void rmsprop(const K::Rmsprop& o, void* const* arrays, int64_t begin, int64_t end) {
    if (arrays[4]) {
        if (arrays[3]) rmsprop_range<T, true, true>(o, arrays, begin, end);
        else rmsprop_range<T, true, false>(o, arrays, begin, end);
    } else {
        if (arrays[3]) rmsprop_range<T, false, true>(o, arrays, begin, end);
        else rmsprop_range<T, false, false>(o, arrays, begin, end);
    }
}

template <class T>
void rprop(const K::Rprop& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *previous = array<T>(arrays, 2), *size = array<T>(arrays, 3);
    const T* g = array<T>(arrays, 1);
    const T sign = T(o.sign), shrink = T(o.shrink), grow = T(o.grow), least = T(o.smallest), most = T(o.largest);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T d = sign * g[i], agreement = d * previous[i];
        T s = size[i] * (agreement > 0 ? grow : agreement < 0 ? shrink : T(1));
        s = s < least ? least : s;
        s = s > most ? most : s;
        d = agreement < 0 ? T(0) : d;
        p[i] -= d > 0 ? s : d < 0 ? -s : T(0);
        previous[i] = d;
        size[i] = s;
    }
}

template <class T>
void adagrad(const K::Adagrad& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *sum = array<T>(arrays, 2);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T rate = T(o.rate), eps = T(o.eps);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T d = dir.along(p[i], g[i]);
        T total = madd(d, d, sum[i]);
        sum[i] = total;
        p[i] -= rate * (d / (sqrt_(total) + eps));
    }
}

template <class T>
void adadelta(const K::Adadelta& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *v = array<T>(arrays, 2), *u = array<T>(arrays, 3);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T lr = T(o.lr), rho = T(o.rho), keep = T(o.keep), eps = T(o.eps);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T d = dir.along(p[i], g[i]);
        T square = madd(keep * d, d, rho * v[i]);
        T change = sqrt_(u[i] + eps) / sqrt_(square + eps) * d;
        v[i] = square;
        u[i] = madd(keep * change, change, rho * u[i]);
        p[i] -= lr * change;
    }
}

template <class T>
void asgd(const K::Asgd& o, void* const* arrays, int64_t begin, int64_t end) {
    T *p = array<T>(arrays, 0), *mean = array<T>(arrays, 2);
    const T* g = array<T>(arrays, 1);
    const Direction<T> dir(o.decay);
    const T shrink = T(o.shrink), eta = T(o.eta), mu = T(o.mu);
    const bool copies = o.mu == 1.0;
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T w = p[i] * shrink - eta * dir.along(p[i], g[i]);
        p[i] = w;
        mean[i] = copies ? w : madd(mu, w - mean[i], mean[i]);
    }
}

}  // namespace

void register_optim(Kernels& k) {
    k.optim = {{&sgd<float>, &sgd<double>},
               {&adam<float>, &adam<double>},
               {&adamax<float>, &adamax<double>},
               {&nadam<float>, &nadam<double>},
               {&radam<float>, &radam<double>},
               {&rmsprop<float>, &rmsprop<double>},
               {&rprop<float>, &rprop<double>},
               {&adagrad<float>, &adagrad<double>},
               {&adadelta<float>, &adadelta<double>},
               {&asgd<float>, &asgd<double>}};
}

}  // namespace FB_ISA
}  // namespace fb
