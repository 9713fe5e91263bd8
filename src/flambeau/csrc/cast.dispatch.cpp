// Conversions between all pairs of dtypes.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

struct boolean {
    uint8_t v;
};

// A float out of range of int32/int64 saturates and NaN gives 0; the processor's own answer differs between
// instruction sets. Narrower ints take the low bits of the int32.
FB_INLINE int32_t to_int32(float x) {
    int32_t r = static_cast<int32_t>(x);
    r = x >= 2147483648.0f ? 2147483647 : r;
    r = x < -2147483648.0f ? -2147483647 - 1 : r;
    return x != x ? 0 : r;
}
FB_INLINE int32_t to_int32(double x) {
    int32_t r = static_cast<int32_t>(x);
    r = x >= 2147483647.0 ? 2147483647 : r;
    r = x <= -2147483648.0 ? -2147483647 - 1 : r;
    return x != x ? 0 : r;
}
template <class F>
FB_INLINE int64_t to_int64(F x) {
    int64_t r = static_cast<int64_t>(x);
    r = x >= F(9223372036854775808.0) ? INT64_MAX : r;
    r = x < F(-9223372036854775808.0) ? INT64_MIN : r;
    return x != x ? 0 : r;
}

template <class F>
FB_INLINE uint64_t to_uint64(F x) {
    const F half = F(9223372036854775808.0);  // what lies below, negative numbers too, goes through int64
    uint64_t r = static_cast<uint64_t>(to_int64(x));
    r = x >= half ? static_cast<uint64_t>(to_int64(x - half)) + (uint64_t{1} << 63) : r;
    return x >= 2 * half ? UINT64_MAX : r;
}

// Rounding twice to nearest can miss by one; rounding the first time to odd cannot.
FB_INLINE float round_to_odd(double x) {
    float r = static_cast<float>(x);
    double back = r;
    uint32_t u = bits(r);
    uint32_t away = fabs_(back) > fabs_(x) ? 1u : 0u;
    uint32_t inexact = (back != x) & (x == x) & (fabs_(back) < __builtin_inf()) ? 1u : 0u;
    return from_bits((u - (away & inexact)) | inexact);
}

// ---- to a plain value: half, bfloat -> float; boolean -> uint8_t; complex -> its real part ----
template <class T> FB_INLINE T plain(T x) { return x; }
FB_INLINE uint8_t plain(boolean x) { return x.v; }
FB_INLINE float plain(half x) { return to_float(x); }
FB_INLINE float plain(bfloat x) { return to_float(x); }
template <class T> FB_INLINE T plain(complex<T> x) { return x.re; }

// ---- from a plain value ----
template <class R> struct To {  // int32 and ints of up to 16 bits
    template <class T> FB_INLINE R from(T x) { return static_cast<R>(x); }
    FB_INLINE R from(float x) { return static_cast<R>(to_int32(x)); }
    FB_INLINE R from(double x) { return static_cast<R>(to_int32(x)); }
};
template <> struct To<int64_t> {
    template <class T> FB_INLINE int64_t from(T x) { return static_cast<int64_t>(x); }
    FB_INLINE int64_t from(float x) { return to_int64(x); }
    FB_INLINE int64_t from(double x) { return to_int64(x); }
};
template <> struct To<uint32_t> {
    template <class T> FB_INLINE uint32_t from(T x) { return static_cast<uint32_t>(x); }
    FB_INLINE uint32_t from(float x) { return static_cast<uint32_t>(to_int64(x)); }
    FB_INLINE uint32_t from(double x) { return static_cast<uint32_t>(to_int64(x)); }
};
template <> struct To<uint64_t> {
    template <class T> FB_INLINE uint64_t from(T x) { return static_cast<uint64_t>(x); }
    FB_INLINE uint64_t from(float x) { return to_uint64(x); }
    FB_INLINE uint64_t from(double x) { return to_uint64(x); }
};
template <> struct To<boolean> {
    template <class T> FB_INLINE boolean from(T x) { return {static_cast<uint8_t>(x != 0)}; }
};
template <> struct To<float> {
    template <class T> FB_INLINE float from(T x) { return static_cast<float>(x); }
};
template <> struct To<double> {
    template <class T> FB_INLINE double from(T x) { return static_cast<double>(x); }
};
template <> struct To<half> {
    template <class T> FB_INLINE half from(T x) { return to_half(static_cast<float>(x)); }
    FB_INLINE half from(double x) { return to_half(round_to_odd(x)); }
};
template <> struct To<bfloat> {
    template <class T> FB_INLINE bfloat from(T x) { return to_bfloat(static_cast<float>(x)); }
    FB_INLINE bfloat from(double x) { return to_bfloat(round_to_odd(x)); }
};
template <class T> struct To<complex<T>> {
    template <class S> FB_INLINE complex<T> from(S x) { return {To<T>::from(x), T(0)}; }
};

template <class A, class R> struct Convert {
    FB_INLINE R f(A x) { return To<R>::from(plain(x)); }
};
template <class T> struct Convert<complex<T>, boolean> {
    FB_INLINE boolean f(complex<T> x) { return {static_cast<uint8_t>((x.re != 0) | (x.im != 0))}; }
};
template <class S, class T> struct Convert<complex<S>, complex<T>> {
    FB_INLINE complex<T> f(complex<S> x) { return {static_cast<T>(x.re), static_cast<T>(x.im)}; }
};
struct Copy { template <class T> FB_INLINE T f(T x) { return x; } };

template <class T>
void copy_loop(char* out, int64_t so, const char* a, int64_t sa, int64_t n) {
    constexpr int64_t kT = sizeof(T);
    if (so == kT && sa == kT) {
        if (out != a) memcpy(out, a, static_cast<size_t>(n * kT));
        return;
    }
    unary_loop<Copy, T, T>(out, so, a, sa, n);
}

template <class A>
void register_from(Kernels& k, int src) {
    k.cast(src, FB_BOOL, &unary_loop<Convert<A, boolean>, A, boolean>);
    k.cast(src, FB_UINT8, &unary_loop<Convert<A, uint8_t>, A, uint8_t>);
    k.cast(src, FB_INT8, &unary_loop<Convert<A, int8_t>, A, int8_t>);
    k.cast(src, FB_INT16, &unary_loop<Convert<A, int16_t>, A, int16_t>);
    k.cast(src, FB_INT32, &unary_loop<Convert<A, int32_t>, A, int32_t>);
    k.cast(src, FB_INT64, &unary_loop<Convert<A, int64_t>, A, int64_t>);
    k.cast(src, FB_UINT16, &unary_loop<Convert<A, uint16_t>, A, uint16_t>);
    k.cast(src, FB_UINT32, &unary_loop<Convert<A, uint32_t>, A, uint32_t>);
    k.cast(src, FB_UINT64, &unary_loop<Convert<A, uint64_t>, A, uint64_t>);
    k.cast(src, FB_FLOAT16, &unary_loop<Convert<A, half>, A, half>);
    k.cast(src, FB_BFLOAT16, &unary_loop<Convert<A, bfloat>, A, bfloat>);
    k.cast(src, FB_FLOAT32, &unary_loop<Convert<A, float>, A, float>);
    k.cast(src, FB_FLOAT64, &unary_loop<Convert<A, double>, A, double>);
    k.cast(src, FB_COMPLEX64, &unary_loop<Convert<A, complex<float>>, A, complex<float>>);
    k.cast(src, FB_COMPLEX128, &unary_loop<Convert<A, complex<double>>, A, complex<double>>);
}

struct Wide { uint64_t lo, hi; };

}  // namespace

void register_cast(Kernels& k) {
    register_from<boolean>(k, FB_BOOL);
    register_from<uint8_t>(k, FB_UINT8);
    register_from<int8_t>(k, FB_INT8);
    register_from<int16_t>(k, FB_INT16);
    register_from<int32_t>(k, FB_INT32);
    register_from<int64_t>(k, FB_INT64);
    register_from<uint16_t>(k, FB_UINT16);
    register_from<uint32_t>(k, FB_UINT32);
    register_from<uint64_t>(k, FB_UINT64);
    register_from<half>(k, FB_FLOAT16);
    register_from<bfloat>(k, FB_BFLOAT16);
    register_from<float>(k, FB_FLOAT32);
    register_from<double>(k, FB_FLOAT64);
    register_from<complex<float>>(k, FB_COMPLEX64);
    register_from<complex<double>>(k, FB_COMPLEX128);
    // A copy moves bits, whatever they mean.
    for (int t = 0; t < FB_DTYPE_COUNT; ++t) {
        switch (fb_itemsize(t)) {
            case 1: k.cast(t, t, &copy_loop<uint8_t>); break;
            case 2: k.cast(t, t, &copy_loop<uint16_t>); break;
            case 4: k.cast(t, t, &copy_loop<uint32_t>); break;
            case 8: k.cast(t, t, &copy_loop<uint64_t>); break;
            default: k.cast(t, t, &copy_loop<Wide>); break;
        }
    }
}

}  // namespace FB_ISA
}  // namespace fb
