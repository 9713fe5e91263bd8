// Arithmetic of complex numbers.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

FB_INLINE float hypot_(float x, float y) { return __builtin_hypotf(x, y); }
FB_INLINE double hypot_(double x, double y) { return __builtin_hypot(x, y); }

struct Add { template <class C> FB_INLINE C f(C x, C y) { return {x.re + y.re, x.im + y.im}; } };
struct Sub { template <class C> FB_INLINE C f(C x, C y) { return {x.re - y.re, x.im - y.im}; } };
struct Mul {
    template <class C> FB_INLINE C f(C x, C y) {
        return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
    }
};
// R. L. Smith's algorithm (1962): no overflow of the divisor's square.
struct Div {
    template <class T> FB_INLINE complex<T> f(complex<T> x, complex<T> y) {
        if (fabs_(y.re) >= fabs_(y.im)) {
            if (y.re == 0 && y.im == 0) return {x.re / fabs_(y.re), x.im / fabs_(y.re)};
            T r = y.im / y.re, d = T(1) / (y.re + y.im * r);
            return {(x.re + x.im * r) * d, (x.im - x.re * r) * d};
        }
        T r = y.re / y.im, d = T(1) / (y.im + y.re * r);
        return {(x.re * r + x.im) * d, (x.im * r - x.re) * d};
    }
};
struct Neg { template <class C> FB_INLINE C f(C x) { return {-x.re, -x.im}; } };
struct Square { template <class C> FB_INLINE C f(C x) { return Mul::f(x, x); } };
struct Reciprocal {
    template <class T> FB_INLINE complex<T> f(complex<T> x) { return Div::f(complex<T>{1, 0}, x); }
};
struct Abs { template <class T> FB_INLINE T f(complex<T> x) { return hypot_(x.re, x.im); } };
struct Conj { template <class C> FB_INLINE C f(C x) { return {x.re, -x.im}; } };

template <class C> FB_INLINE uint8_t nonzero(C x) { return (x.re != 0) | (x.im != 0); }
struct Eq { template <class C> FB_INLINE uint8_t f(C x, C y) { return (x.re == y.re) & (x.im == y.im); } };
struct Ne { template <class C> FB_INLINE uint8_t f(C x, C y) { return (x.re != y.re) | (x.im != y.im); } };
struct And { template <class C> FB_INLINE uint8_t f(C x, C y) { return nonzero(x) & nonzero(y); } };
struct Or { template <class C> FB_INLINE uint8_t f(C x, C y) { return nonzero(x) | nonzero(y); } };
struct Xor { template <class C> FB_INLINE uint8_t f(C x, C y) { return nonzero(x) ^ nonzero(y); } };
struct Not { template <class C> FB_INLINE uint8_t f(C x) { return !nonzero(x); } };
struct IsNan { template <class C> FB_INLINE uint8_t f(C x) { return (x.re != x.re) | (x.im != x.im); } };
struct IsInf {
    template <class C> FB_INLINE uint8_t f(C x) {
        return (fabs_(x.re) == __builtin_inff()) | (fabs_(x.im) == __builtin_inff());
    }
};
struct IsFinite {
    template <class C> FB_INLINE uint8_t f(C x) {
        return (fabs_(x.re) < __builtin_inff()) & (fabs_(x.im) < __builtin_inff());
    }
};

template <class T>
void register_type(Kernels& k) {
    using C = complex<T>;
    constexpr int dtype = DType<C>::code;
    k.binary("add", dtype, dtype, &binary_loop<Add, C, C>);
    k.binary("sub", dtype, dtype, &binary_loop<Sub, C, C>);
    k.binary("mul", dtype, dtype, &binary_loop<Mul, C, C>);
    k.binary("div", dtype, dtype, &binary_loop<Div, C, C>);
    k.binary("eq", dtype, FB_BOOL, &binary_loop<Eq, C, uint8_t>);
    k.binary("ne", dtype, FB_BOOL, &binary_loop<Ne, C, uint8_t>);
    k.binary("logical_and", dtype, FB_BOOL, &binary_loop<And, C, uint8_t>);
    k.binary("logical_or", dtype, FB_BOOL, &binary_loop<Or, C, uint8_t>);
    k.binary("logical_xor", dtype, FB_BOOL, &binary_loop<Xor, C, uint8_t>);
    k.unary("neg", dtype, dtype, &unary_loop<Neg, C, C>);
    k.unary("square", dtype, dtype, &unary_loop<Square, C, C>);
    k.unary("reciprocal", dtype, dtype, &unary_loop<Reciprocal, C, C>);
    k.unary("conj", dtype, dtype, &unary_loop<Conj, C, C>);
    k.unary("abs", dtype, DType<T>::code, &unary_loop<Abs, C, T>);
    k.unary("logical_not", dtype, FB_BOOL, &unary_loop<Not, C, uint8_t>);
    k.unary("isnan", dtype, FB_BOOL, &unary_loop<IsNan, C, uint8_t>);
    k.unary("isinf", dtype, FB_BOOL, &unary_loop<IsInf, C, uint8_t>);
    k.unary("isfinite", dtype, FB_BOOL, &unary_loop<IsFinite, C, uint8_t>);
}

}  // namespace

void register_complex(Kernels& k) {
    register_type<float>(k);
    register_type<double>(k);
}

}  // namespace FB_ISA
}  // namespace fb
