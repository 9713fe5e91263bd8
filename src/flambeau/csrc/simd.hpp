// The vocabulary of the *.dispatch.cpp files: element types, loops that the compiler vectorises, bit tricks.
//
// Everything lives in an anonymous namespace inside the namespace of the instruction set, and no standard
// C++ header is included: a function with external linkage that was compiled for AVX-512 could otherwise
// be picked by the linker for all of the library.
//
// Kernels are written as branch-free scalar functions; the loops below call them on restrict-like
// (FB_IVDEP) arrays, which GCC and Clang turn into vector code of the width that the flags allow.
#pragma once

#include <stdint.h>
#include <string.h>

#include "dispatch.hpp"

#define FB_INLINE static inline __attribute__((always_inline))

namespace fb {
namespace FB_ISA {
namespace {

// ---- element types -----------------------------------------------------------------------------

struct half {
    uint16_t bits;
};
struct bfloat {
    uint16_t bits;
};
template <class T>
struct complex {
    T re, im;
};

template <class T>
struct DType;
template <> struct DType<uint8_t> { static constexpr int code = FB_UINT8; };
template <> struct DType<int8_t> { static constexpr int code = FB_INT8; };
template <> struct DType<int16_t> { static constexpr int code = FB_INT16; };
template <> struct DType<int32_t> { static constexpr int code = FB_INT32; };
template <> struct DType<int64_t> { static constexpr int code = FB_INT64; };
template <> struct DType<half> { static constexpr int code = FB_FLOAT16; };
template <> struct DType<bfloat> { static constexpr int code = FB_BFLOAT16; };
template <> struct DType<float> { static constexpr int code = FB_FLOAT32; };
template <> struct DType<double> { static constexpr int code = FB_FLOAT64; };
template <> struct DType<complex<float>> { static constexpr int code = FB_COMPLEX64; };
template <> struct DType<complex<double>> { static constexpr int code = FB_COMPLEX128; };

template <class T> struct Unsigned { using type = T; };
template <> struct Unsigned<int8_t> { using type = uint8_t; };
template <> struct Unsigned<int16_t> { using type = uint16_t; };
template <> struct Unsigned<int32_t> { using type = uint32_t; };
template <> struct Unsigned<int64_t> { using type = uint64_t; };

// ---- bits --------------------------------------------------------------------------------------

FB_INLINE uint32_t bits(float x) { return __builtin_bit_cast(uint32_t, x); }
using u64 = unsigned long long;  // the type of ull literals, so that overloads stay unambiguous
FB_INLINE u64 bits(double x) { return __builtin_bit_cast(u64, x); }
FB_INLINE float from_bits(uint32_t x) { return __builtin_bit_cast(float, x); }
FB_INLINE double from_bits(u64 x) { return __builtin_bit_cast(double, x); }

// a * b + c, fused where the instruction set has it; contraction is off everywhere else.
FB_INLINE float madd(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}
FB_INLINE double madd(double a, double b, double c) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

FB_INLINE float fabs_(float x) { return from_bits(bits(x) & 0x7fffffffu); }
FB_INLINE double fabs_(double x) { return from_bits(bits(x) & 0x7fffffffffffffffull); }
FB_INLINE float copysign_(float x, float s) {
    return from_bits((bits(x) & 0x7fffffffu) | (bits(s) & 0x80000000u));
}
FB_INLINE double copysign_(double x, double s) {
    return from_bits((bits(x) & 0x7fffffffffffffffull) | (bits(s) & 0x8000000000000000ull));
}

FB_INLINE float to_float(bfloat x) { return from_bits(static_cast<uint32_t>(x.bits) << 16); }
FB_INLINE bfloat to_bfloat(float x) {
    uint32_t u = bits(x);
    uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    return {static_cast<uint16_t>(x != x ? (u >> 16) | 0x40u : rounded)};
}

FB_INLINE float to_float(half x) {
    // Shift exponent and mantissa into place, then rebias by a multiplication, which is exact and
    // normalises subnormals as well.
    uint32_t magnitude = static_cast<uint32_t>(x.bits & 0x7fffu) << 13;
    uint32_t u = bits(from_bits(magnitude) * from_bits(uint32_t{0x77800000u}));  // 2**112
    u |= (magnitude >= 0x0f800000u) ? 0x7f800000u : 0u;                          // infinity and NaN
    return from_bits(u | (static_cast<uint32_t>(x.bits & 0x8000u) << 16));
}
FB_INLINE half to_half(float x) {
    uint32_t u = bits(x), sign = (u >> 16) & 0x8000u, m = u & 0x7fffffffu;
    // Subnormal results: adding 0.5 aligns the mantissa so that the hardware rounds at the right bit.
    uint32_t small = bits(from_bits(m) + 0.5f) - 0x3f000000u;
    uint32_t normal = (m - 0x38000000u + 0xfffu + ((m >> 13) & 1u)) >> 13;
    uint32_t r = m < 0x38800000u ? small : normal;
    r = m >= 0x477ff000u ? 0x7c00u : r;                             // rounds to infinity
    r = m > 0x7f800000u ? (0x7e00u | ((m >> 13) & 0x3ffu)) : r;     // NaN
    return {static_cast<uint16_t>(r | sign)};
}

// ---- loops -------------------------------------------------------------------------------------

template <class T>
FB_INLINE T& at(char* p, int64_t stride, int64_t i) { return *reinterpret_cast<T*>(p + i * stride); }
template <class T>
FB_INLINE const T& at(const char* p, int64_t stride, int64_t i) {
    return *reinterpret_cast<const T*>(p + i * stride);
}

// acc[0], ..., acc[lanes - 1], a power of two of them, combined by f pairwise: in vectors, since each half has its size
// at compile time.
template <int64_t lanes, class T, class F>
FB_INLINE T combine(T* acc, F f) {
    if constexpr (lanes == 1) {
        return acc[0];
    } else {
        FB_LANES
        for (int64_t j = 0; j < lanes / 2; ++j) acc[j] = f(acc[j], acc[j + lanes / 2]);
        return combine<lanes / 2>(acc, f);
    }
}

constexpr int64_t kBlock = 256;  // elements of a staging buffer: inputs and output stay in the first-level cache

// out = F(a) for a cheap F: contiguous, constant input, any strides.
template <class F, class A, class R>
void unary_loop(char* out, int64_t so, const char* a, int64_t sa, int64_t n) {
    if (so == static_cast<int64_t>(sizeof(R)) && sa == static_cast<int64_t>(sizeof(A))) {
        R* o = reinterpret_cast<R*>(out);
        const A* x = reinterpret_cast<const A*>(a);
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) o[i] = F::f(x[i]);
    } else if (so == static_cast<int64_t>(sizeof(R)) && sa == 0 && n > 0) {
        R* o = reinterpret_cast<R*>(out);
        const R v = F::f(*reinterpret_cast<const A*>(a));
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) o[i] = v;
    } else {
        for (int64_t i = 0; i < n; ++i) at<R>(out, so, i) = F::f(at<A>(a, sa, i));
    }
}

template <class F, class A, class R>
void binary_loop(char* out, int64_t so, const char* a, int64_t sa, const char* b, int64_t sb, int64_t n) {
    constexpr int64_t kA = sizeof(A), kR = sizeof(R);
    R* o = reinterpret_cast<R*>(out);
    const A* x = reinterpret_cast<const A*>(a);
    const A* y = reinterpret_cast<const A*>(b);
    if (so == kR && sa == kA && sb == kA) {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) o[i] = F::f(x[i], y[i]);
    } else if (so == kR && sa == kA && sb == 0 && n > 0) {
        const A v = *y;
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) o[i] = F::f(x[i], v);
    } else if (so == kR && sa == 0 && sb == kA && n > 0) {
        const A v = *x;
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) o[i] = F::f(v, y[i]);
    } else {
        for (int64_t i = 0; i < n; ++i) at<R>(out, so, i) = F::f(at<A>(a, sa, i), at<A>(b, sb, i));
    }
}

// The costly ones have one vector loop; other layouts and float16/bfloat16 are staged through buffers.
template <class F, class C>
__attribute__((noinline)) void apply(C* o, const C* x, int64_t n) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) o[i] = F::f(x[i]);
}
template <class F, class C, class R>
__attribute__((noinline)) void apply(R* o, const C* x, const C* y, int64_t n) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) o[i] = F::f(x[i], y[i]);
}

FB_INLINE float widen(float x) { return x; }
FB_INLINE double widen(double x) { return x; }
FB_INLINE float widen(half x) { return to_float(x); }
FB_INLINE float widen(bfloat x) { return to_float(x); }
FB_INLINE void narrow(float x, float& r) { r = x; }
FB_INLINE void narrow(double x, double& r) { r = x; }
FB_INLINE void narrow(float x, half& r) { r = to_half(x); }
FB_INLINE void narrow(float x, bfloat& r) { r = to_bfloat(x); }
FB_INLINE void narrow(uint8_t x, uint8_t& r) { r = x; }

template <class T, class C>
FB_INLINE void stage_in(C* buf, const char* a, int64_t sa, int64_t n) {
    if (sa == static_cast<int64_t>(sizeof(T))) {
        const T* x = reinterpret_cast<const T*>(a);
        for (int64_t i = 0; i < n; ++i) buf[i] = widen(x[i]);
    } else {
        for (int64_t i = 0; i < n; ++i) buf[i] = widen(at<T>(a, sa, i));
    }
}
template <class T, class C>
FB_INLINE void stage_out(char* out, int64_t so, const C* buf, int64_t n) {
    if (so == static_cast<int64_t>(sizeof(T))) {
        T* o = reinterpret_cast<T*>(out);
        for (int64_t i = 0; i < n; ++i) narrow(buf[i], o[i]);
    } else {
        for (int64_t i = 0; i < n; ++i) narrow(buf[i], at<T>(out, so, i));
    }
}

// T: element type in memory; C: type of the computation; K: struct with static run(C* out, const C* x, n).
template <class K, class T, class C>
void staged_unary(char* out, int64_t so, const char* a, int64_t sa, int64_t n) {
    constexpr int64_t kT = sizeof(T);
    if (sizeof(T) == sizeof(C) && so == kT && sa == kT) {
        K::run(reinterpret_cast<C*>(out), reinterpret_cast<const C*>(a), n);
        return;
    }
    C buf[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
        int64_t m = n - i < kBlock ? n - i : kBlock;
        stage_in<T>(buf, a + i * sa, sa, m);
        K::run(buf, buf, m);
        stage_out<T>(out + i * so, so, buf, m);
    }
}

// T: element type in memory; C: type of the computation; R: result of F on C; O: result in memory.
template <class F, class T, class C, class R, class O>
void staged_binary(char* out, int64_t so, const char* a, int64_t sa, const char* b, int64_t sb, int64_t n) {
    constexpr int64_t kT = sizeof(T);
    if (sizeof(T) == sizeof(C) && so == static_cast<int64_t>(sizeof(O)) && sa == kT && sb == kT) {
        apply<F>(reinterpret_cast<R*>(out), reinterpret_cast<const C*>(a), reinterpret_cast<const C*>(b), n);
        return;
    }
    C x[kBlock], y[kBlock];
    R r[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
        int64_t m = n - i < kBlock ? n - i : kBlock;
        stage_in<T>(x, a + i * sa, sa, m);
        stage_in<T>(y, b + i * sb, sb, m);
        apply<F>(r, x, y, m);
        stage_out<O>(out + i * so, so, r, m);
    }
}

template <class F>
struct Plain {
    template <class C>
    static void run(C* out, const C* x, int64_t n) { apply<F>(out, x, n); }
};

// F::f over float and double, float16 and bfloat16 through float.
template <class F>
void costly_unary(Kernels& k, const char* name) {
    k.unary(name, FB_FLOAT16, FB_FLOAT16, &staged_unary<Plain<F>, half, float>);
    k.unary(name, FB_BFLOAT16, FB_BFLOAT16, &staged_unary<Plain<F>, bfloat, float>);
    k.unary(name, FB_FLOAT32, FB_FLOAT32, &staged_unary<Plain<F>, float, float>);
    k.unary(name, FB_FLOAT64, FB_FLOAT64, &staged_unary<Plain<F>, double, double>);
}
template <class F>
void costly_binary(Kernels& k, const char* name) {
    k.binary(name, FB_FLOAT16, FB_FLOAT16, &staged_binary<F, half, float, float, half>);
    k.binary(name, FB_BFLOAT16, FB_BFLOAT16, &staged_binary<F, bfloat, float, float, bfloat>);
    k.binary(name, FB_FLOAT32, FB_FLOAT32, &staged_binary<F, float, float, float, float>);
    k.binary(name, FB_FLOAT64, FB_FLOAT64, &staged_binary<F, double, double, double, double>);
}
// Vector loops for the layouts of float and double, the others staged.
template <class F>
void cheap_binary(Kernels& k, const char* name) {
    costly_binary<F>(k, name);
    k.binary(name, FB_FLOAT32, FB_FLOAT32, &binary_loop<F, float, float>);
    k.binary(name, FB_FLOAT64, FB_FLOAT64, &binary_loop<F, double, double>);
}

}  // namespace
}  // namespace FB_ISA
}  // namespace fb
