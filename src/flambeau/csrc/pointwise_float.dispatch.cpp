// Arithmetic and rounding of real floats.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

FB_INLINE float sqrt_(float x) { return __builtin_sqrtf(x); }
FB_INLINE double sqrt_(double x) { return __builtin_sqrt(x); }
FB_INLINE float floor_(float x) { return __builtin_floorf(x); }
FB_INLINE double floor_(double x) { return __builtin_floor(x); }
FB_INLINE float ceil_(float x) { return __builtin_ceilf(x); }
FB_INLINE double ceil_(double x) { return __builtin_ceil(x); }
FB_INLINE float trunc_(float x) { return __builtin_truncf(x); }
FB_INLINE double trunc_(double x) { return __builtin_trunc(x); }
FB_INLINE float rint_(float x) { return __builtin_rintf(x); }
FB_INLINE double rint_(double x) { return __builtin_rint(x); }
FB_INLINE float fmod_(float x, float y) { return __builtin_fmodf(x, y); }
FB_INLINE double fmod_(double x, double y) { return __builtin_fmod(x, y); }

struct Neg { template <class T> FB_INLINE T f(T x) { return -x; } };
struct Abs { template <class T> FB_INLINE T f(T x) { return fabs_(x); } };
struct Sign { template <class T> FB_INLINE T f(T x) { return T(x > 0) - T(x < 0); } };
struct Square { template <class T> FB_INLINE T f(T x) { return x * x; } };
struct Reciprocal { template <class T> FB_INLINE T f(T x) { return T(1) / x; } };
struct Sqrt { template <class T> FB_INLINE T f(T x) { return sqrt_(x); } };
struct Rsqrt { template <class T> FB_INLINE T f(T x) { return T(1) / sqrt_(x); } };
struct Floor { template <class T> FB_INLINE T f(T x) { return floor_(x); } };
struct Ceil { template <class T> FB_INLINE T f(T x) { return ceil_(x); } };
struct Trunc { template <class T> FB_INLINE T f(T x) { return trunc_(x); } };
struct Round { template <class T> FB_INLINE T f(T x) { return rint_(x); } };

struct Add { template <class T> FB_INLINE T f(T x, T y) { return x + y; } };
struct Sub { template <class T> FB_INLINE T f(T x, T y) { return x - y; } };
struct Mul { template <class T> FB_INLINE T f(T x, T y) { return x * y; } };
struct Div { template <class T> FB_INLINE T f(T x, T y) { return x / y; } };
struct Maximum { template <class T> FB_INLINE T f(T x, T y) { return (x > y) | (x != x) ? x : y; } };
struct Minimum { template <class T> FB_INLINE T f(T x, T y) { return (x < y) | (x != x) ? x : y; } };
struct Fmax { template <class T> FB_INLINE T f(T x, T y) { return (x > y) | (y != y) ? x : y; } };
struct Fmin { template <class T> FB_INLINE T f(T x, T y) { return (x < y) | (y != y) ? x : y; } };
struct Copysign { template <class T> FB_INLINE T f(T x, T y) { return copysign_(x, y); } };
// The sign of the divisor, as Python's %.
struct Remainder {
    template <class T> FB_INLINE T f(T x, T y) {
        T m = fmod_(x, y);
        return m != 0 && (m < 0) != (y < 0) ? m + y : m;
    }
};
// Python's //: exact where x / y would round up to the next integer.
struct FloorDivide {
    template <class T> FB_INLINE T f(T x, T y) {
        if (y == 0) return x / y;
        T m = fmod_(x, y);
        T q = (x - m) / y;
        if (m != 0 && (m < 0) != (y < 0)) q -= T(1);
        if (q == 0) return copysign_(T(0), x / y);
        T w = floor_(q);
        return q - w > T(0.5) ? w + T(1) : w;
    }
};

template <class F>
void cheap_unary(Kernels& k, const char* name) {
    costly_unary<F>(k, name);
    k.unary(name, FB_FLOAT32, FB_FLOAT32, &unary_loop<F, float, float>);
    k.unary(name, FB_FLOAT64, FB_FLOAT64, &unary_loop<F, double, double>);
}

}  // namespace

void register_float(Kernels& k) {
    cheap_unary<Neg>(k, "neg");
    cheap_unary<Abs>(k, "abs");
    cheap_unary<Sign>(k, "sign");
    cheap_unary<Square>(k, "square");
    cheap_unary<Reciprocal>(k, "reciprocal");
    cheap_unary<Sqrt>(k, "sqrt");
    cheap_unary<Rsqrt>(k, "rsqrt");
    cheap_unary<Floor>(k, "floor");
    cheap_unary<Ceil>(k, "ceil");
    cheap_unary<Trunc>(k, "trunc");
    cheap_unary<Round>(k, "round");
    cheap_binary<Add>(k, "add");
    cheap_binary<Sub>(k, "sub");
    cheap_binary<Mul>(k, "mul");
    cheap_binary<Div>(k, "div");
    cheap_binary<Maximum>(k, "maximum");
    cheap_binary<Minimum>(k, "minimum");
    cheap_binary<Fmax>(k, "fmax");
    cheap_binary<Fmin>(k, "fmin");
    cheap_binary<Copysign>(k, "copysign");
    costly_binary<Remainder>(k, "remainder");
    costly_binary<FloorDivide>(k, "floor_divide");
}

}  // namespace FB_ISA
}  // namespace fb
