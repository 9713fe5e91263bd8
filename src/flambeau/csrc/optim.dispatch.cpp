// One optimiser step on a range of elements.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

FB_INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }
FB_INLINE double sqrt_(double x) { return __builtin_sqrt(x); }

template <class T>
void sgd(const OptimKernels::Sgd& o, void* pp, const void* gp, void* bp, int64_t begin, int64_t end) {
    T* p = static_cast<T*>(pp);
    const T* g = static_cast<const T*>(gp);
    T* buf = static_cast<T*>(bp);
    const T sign = o.maximize ? T(-1) : T(1), decay = T(o.weight_decay), lr = T(o.lr);
    if (!buf) {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) p[i] -= lr * madd(decay, p[i], sign * g[i]);
        return;
    }
    // The first step copies the gradient; there the buffer's old content may be anything, even NaN.
    const T momentum = T(o.momentum), keep = T(1.0 - o.dampening);
    if (o.first) {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) buf[i] = madd(decay, p[i], sign * g[i]);
    } else {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i)
            buf[i] = madd(momentum, buf[i], keep * madd(decay, p[i], sign * g[i]));
    }
    if (o.nesterov) {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i)
            p[i] -= lr * madd(momentum, buf[i], madd(decay, p[i], sign * g[i]));
    } else {
        FB_IVDEP
        for (int64_t i = begin; i < end; ++i) p[i] -= lr * buf[i];
    }
}

// Kingma and Ba 2015; decoupled weight decay: Loshchilov and Hutter 2019; the running maximum: Reddi et al. 2018.
template <class T, bool Amsgrad>
FB_INLINE void adam_range(const OptimKernels::Adam& o, T* p, const T* g, T* m, T* v, T* vmax, int64_t begin,
                          int64_t end) {
    const T sign = o.maximize ? T(-1) : T(1);
    const T shrink = o.decoupled ? T(1.0 - o.lr * o.weight_decay) : T(1);
    const T decay = o.decoupled ? T(0) : T(o.weight_decay);
    const T c1 = T(1.0 - o.beta1), b2 = T(o.beta2), c2 = T(1.0 - o.beta2);
    const T step = T(o.step_size), root = T(o.root_correction2), eps = T(o.eps);
    FB_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        T w = p[i] * shrink;
        T d = madd(decay, w, sign * g[i]);
        T first = madd(c1, d - m[i], m[i]);
        T second = madd(c2 * d, d, b2 * v[i]);
        m[i] = first;
        v[i] = second;
        if (Amsgrad) {
            second = vmax[i] > second ? vmax[i] : second;
            vmax[i] = second;
        }
        p[i] = w - step * (first / (sqrt_(second) / root + eps));
    }
}
template <class T>
void adam(const OptimKernels::Adam& o, void* p, const void* g, void* m, void* v, void* vmax, int64_t begin,
          int64_t end) {
    T* w = static_cast<T*>(p);
    const T* d = static_cast<const T*>(g);
    T *first = static_cast<T*>(m), *second = static_cast<T*>(v), *peak = static_cast<T*>(vmax);
    if (peak) adam_range<T, true>(o, w, d, first, second, peak, begin, end);
    else adam_range<T, false>(o, w, d, first, second, peak, begin, end);
}

}  // namespace

void register_optim(Kernels& k) {
    k.optim = {{&sgd<float>, &sgd<double>}, {&adam<float>, &adam<double>}};
}

}  // namespace FB_ISA
}  // namespace fb
