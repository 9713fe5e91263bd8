// exp, log, trigonometric functions and their like, for floats.
#include "vmath.hpp"

namespace fb {
namespace FB_ISA {
namespace {

#define FB_FUNCTOR(Name, fn)                          \
    struct Name {                                     \
        template <class T>                            \
        FB_INLINE T f(T x) { return fn(x); }          \
    };

FB_FUNCTOR(Exp, exp_)
FB_FUNCTOR(Expm1, expm1_)
FB_FUNCTOR(Log, log_)
FB_FUNCTOR(Log1p, log1p_)
FB_FUNCTOR(Log2, log2_)
FB_FUNCTOR(Log10, log10_)
FB_FUNCTOR(Tanh, tanh_)
FB_FUNCTOR(Sigmoid, sigmoid_)
FB_FUNCTOR(Erf, erf_)
struct Pow {
    FB_INLINE float f(float x, float y) { return pow_(x, y); }
};

struct Sin {
    FB_INLINE float f(float x) { return sin_(x); }
    static float exact(float x) { return __builtin_sinf(x); }
};
struct Cos {
    FB_INLINE float f(float x) { return cos_(x); }
    static float exact(float x) { return __builtin_cosf(x); }
};
struct Tan {
    FB_INLINE float f(float x) { return tan_(x); }
    static float exact(float x) { return __builtin_tanf(x); }
};

// Blocks with an argument too large for the quick range reduction (or not finite) have those recomputed.
template <class F>
struct Trig {
    static void run(float* out, const float* x, int64_t n) {
        for (int64_t i = 0; i < n; i += kBlock) {
            int64_t m = n - i < kBlock ? n - i : kBlock;
            uint32_t large = 0;
            for (int64_t j = 0; j < m; ++j) {
                uint32_t u = bits(x[i + j]) & 0x7fffffffu;
                large = u > large ? u : large;
            }
            if (large <= bits(kTrigLimit)) {
                apply<F>(out + i, x + i, m);
                continue;
            }
            for (int64_t j = 0; j < m; ++j) {
                float v = x[i + j];
                out[i + j] = fabs_(v) <= kTrigLimit ? F::f(v) : F::exact(v);
            }
        }
    }
};

// float64 of these comes from the C library (pointwise_libm.cpp).
template <class K>
void float_only(Kernels& k, const char* name) {
    k.unary(name, FB_FLOAT16, FB_FLOAT16, &staged_unary<K, half, float>);
    k.unary(name, FB_BFLOAT16, FB_BFLOAT16, &staged_unary<K, bfloat, float>);
    k.unary(name, FB_FLOAT32, FB_FLOAT32, &staged_unary<K, float, float>);
}

struct Square { template <class T> FB_INLINE T f(T x) { return x * x; } };
struct Cube { template <class T> FB_INLINE T f(T x) { return x * x * x; } };
struct Inverse { template <class T> FB_INLINE T f(T x) { return T(1) / x; } };
struct InverseSquare { template <class T> FB_INLINE T f(T x) { return T(1) / (x * x); } };
struct Root { FB_INLINE float f(float x) { return __builtin_sqrtf(x); } };
struct InverseRoot { FB_INLINE float f(float x) { return 1.0f / __builtin_sqrtf(x); } };

// A constant exponent is common and often one that needs no logarithm. These are what repeated
// multiplication gives, and agree with the general case to rounding.
void pow_float(char* out, int64_t so, const char* a, int64_t sa, const char* b, int64_t sb, int64_t n) {
    if (sb == 0 && n > 0) {
        float y = at<float>(b, 0, 0);
        if (y == 2.0f) return unary_loop<Square, float, float>(out, so, a, sa, n);
        if (y == 3.0f) return unary_loop<Cube, float, float>(out, so, a, sa, n);
        if (y == -1.0f) return unary_loop<Inverse, float, float>(out, so, a, sa, n);
        if (y == -2.0f) return unary_loop<InverseSquare, float, float>(out, so, a, sa, n);
        if (y == 0.5f) return unary_loop<Root, float, float>(out, so, a, sa, n);
        if (y == -0.5f) return unary_loop<InverseRoot, float, float>(out, so, a, sa, n);
    }
    staged_binary<Pow, float, float, float, float>(out, so, a, sa, b, sb, n);
}

}  // namespace

void register_math(Kernels& k) {
    costly_unary<Exp>(k, "exp");
    costly_unary<Expm1>(k, "expm1");
    costly_unary<Log>(k, "log");
    costly_unary<Log1p>(k, "log1p");
    costly_unary<Tanh>(k, "tanh");
    costly_unary<Sigmoid>(k, "sigmoid");
    float_only<Plain<Erf>>(k, "erf");
    float_only<Plain<Log2>>(k, "log2");
    float_only<Plain<Log10>>(k, "log10");
    float_only<Trig<Sin>>(k, "sin");
    float_only<Trig<Cos>>(k, "cos");
    float_only<Trig<Tan>>(k, "tan");
    k.binary("pow", FB_FLOAT16, FB_FLOAT16, &staged_binary<Pow, half, float, float, half>);
    k.binary("pow", FB_BFLOAT16, FB_BFLOAT16, &staged_binary<Pow, bfloat, float, float, bfloat>);
    k.binary("pow", FB_FLOAT32, FB_FLOAT32, &pow_float);
}

}  // namespace FB_ISA
}  // namespace fb
