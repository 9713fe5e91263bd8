// Elementary functions on float and double, branch-free so that loops over them vectorise. Errors are below 2 ulp
// unless said otherwise; NaN, infinities, signed zeros and subnormals follow the C library. Polynomials are
// Chebyshev fits of the named function on the named interval.
#pragma once

#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

#define FB_INF __builtin_inff()
#define FB_NAN __builtin_nanf("")

// Horner's rule, highest coefficient first.
template <class T>
FB_INLINE T poly(T, T c) { return c; }
template <class T, class... Rest>
FB_INLINE T poly(T x, T c0, T c1, Rest... rest) { return poly(x, madd(c0, x, c1), rest...); }

// Adding this number rounds to the nearest integer and leaves that integer in the low bits.
constexpr float kRoundF = 12582912.0f;             // 1.5 * 2**23
constexpr double kRoundD = 6755399441055744.0;     // 1.5 * 2**52

FB_INLINE float pow2(int32_t n) { return from_bits(static_cast<uint32_t>(n + 127) << 23); }
FB_INLINE double pow2(int64_t n) { return from_bits(static_cast<u64>(n + 1023) << 52); }

// ---- exp ---------------------------------------------------------------------------------------

// x = n ln 2 + r with |r| <= ln(2) / 2; p = e**r - 1. x must be within about +-1000 (float +-150).
FB_INLINE float exp_reduce(float x, int32_t& n) {
    float z = madd(x, 1.44269504f, kRoundF);
    float nf = z - kRoundF;
    n = static_cast<int32_t>(bits(z) - bits(kRoundF));
    float r = madd(nf, -0.693359375f, x);  // 9 bits: the product is exact
    r = madd(nf, 2.12194440e-4f, r);
    float p = poly(r, 0.00139263924f, 0.00836334564f, 0.0416665524f, 0.166665763f, 0.5f);
    return madd(r * r, p, r);
}
FB_INLINE double exp_reduce(double x, int64_t& n) {
    double z = madd(x, 1.4426950408889634, kRoundD);
    double nf = z - kRoundD;
    n = static_cast<int64_t>(bits(z) - bits(kRoundD));
    double r = madd(nf, -0.69314718036912382, x);
    r = madd(nf, -1.9082149292705877e-10, r);
    double p = poly(r, 2.0914898727175524e-09, 2.5105513541847086e-08, 2.7557273132896042e-07,
                    2.7557254685728803e-06, 2.480158732595111e-05, 0.0001984126987538548, 0.0013888888888883633,
                    0.0083333333333259728, 0.041666666666666671, 0.16666666666666671, 0.5);
    return madd(r * r, p, r);
}

// 2**n is applied in two steps: the first is exact, the second rounds into the subnormals or overflows.
FB_INLINE float exp_(float x) {
    float c = x < -104.0f ? -104.0f : x;
    c = c > 89.0f ? 89.0f : c;
    int32_t n;
    float p = exp_reduce(c, n) + 1.0f;
    int32_t n1 = n >> 1;
    return p * pow2(n1) * pow2(n - n1);
}
FB_INLINE double exp_(double x) {
    double c = x < -746.0 ? -746.0 : x;
    c = c > 710.0 ? 710.0 : c;
    int64_t n;
    double p = exp_reduce(c, n) + 1.0;
    // Half of n through the rounding trick again: AVX2 has no arithmetic shift of 64-bit integers.
    double h = madd(c, 0.5 * 1.4426950408889634, kRoundD);
    int64_t n1 = static_cast<int64_t>(bits(h) - bits(kRoundD));
    return p * pow2(n1) * pow2(n - n1);
}

// e**x - 1 = 2 (2**(n-1) p + (2**(n-1) - 1/2)), whose parts neither cancel nor overflow early.
FB_INLINE float expm1_(float x) {
    float c = x < -20.0f ? -20.0f : x;
    c = c > 89.0f ? 89.0f : c;
    int32_t n;
    float p = exp_reduce(c, n);
    float s = pow2(n - 1);
    float r = 2.0f * madd(s, p, s - 0.5f);
    return x == 0.0f ? x : r;
}
FB_INLINE double expm1_(double x) {
    double c = x < -40.0 ? -40.0 : x;
    c = c > 710.0 ? 710.0 : c;
    int64_t n;
    double p = exp_reduce(c, n);
    double s = pow2(n - 1);
    double r = 2.0 * madd(s, p, s - 0.5);
    return x == 0.0 ? x : r;
}

// ---- log ---------------------------------------------------------------------------------------

// x = 2**e m with m in [sqrt(1/2), sqrt(2)); returns log(m). x is positive and finite. With Corrected, c is a
// part of the argument that was too small to be kept in x.
template <bool Corrected>
FB_INLINE float log_reduce(float x, float c, float& e) {
    bool tiny = x < 1.17549435e-38f;
    uint32_t u = bits(tiny ? x * 8388608.0f : x);
    int32_t k = static_cast<int32_t>(u - 0x3f3504f3u) >> 23;
    float f = from_bits(u - (static_cast<uint32_t>(k) << 23)) - 1.0f;
    if (Corrected) f += c * (k > 126 ? 0.0f : pow2(-k));
    e = static_cast<float>(k) - (tiny ? 23.0f : 0.0f);
    float p = poly(f, 0.0697161183f, -0.114797339f, 0.116854198f, -0.124256872f, 0.142490581f, -0.166678026f,
                   0.200007156f, -0.24999997f, 0.333333313f);
    return madd(f * f, madd(f, p, -0.5f), f);
}
template <bool Corrected>
FB_INLINE double log_reduce(double x, double c, double& e) {
    bool tiny = x < 2.2250738585072014e-308;
    u64 u = bits(tiny ? x * 18014398509481984.0 : x);  // 2**54
    u64 t = u - 0x3fe6a09e667f3bcdull + (1023ull << 52);   // biased, so that a logical shift will do
    u64 k = t >> 52;
    double f = from_bits(u - ((k - 1023ull) << 52)) - 1.0;
    if (Corrected) f += c * (k > 2045 ? 0.0 : from_bits((2046ull - k) << 52));
    e = from_bits(k | 0x4330000000000000ull) - 4503599627370496.0 - (tiny ? 1077.0 : 1023.0);
    double s = f / (2.0 + f), z = s * s;
    double r = z * poly(z, 0.14616910807262468, 0.15331684287930758, 0.18182890247978326, 0.22222211119382992,
                        0.28571428626069917, 0.39999999999899294, 0.66666666666666696);
    double h = 0.5 * f * f;
    return f - (h - s * (h + r));
}
template <class T>
FB_INLINE T log_edges(T x, T r) {
    r = x < static_cast<T>(FB_INF) ? r : x;  // infinity and NaN
    r = x == 0 ? -static_cast<T>(FB_INF) : r;
    return x < 0 ? static_cast<T>(FB_NAN) : r;
}
FB_INLINE float log_(float x) {
    float e, l = log_reduce<false>(x, 0.0f, e);
    return log_edges(x, madd(e, 0.693359375f, madd(e, -2.12194440e-4f, l)));
}
FB_INLINE double log_(double x) {
    double e, l = log_reduce<false>(x, 0.0, e);
    return log_edges(x, madd(e, 0.69314718036912382, madd(e, 1.9082149292705877e-10, l)));
}
FB_INLINE float log2_(float x) {
    float e, l = log_reduce<false>(x, 0.0f, e);
    return log_edges(x, madd(l, 1.44269504f, e) + l * 1.92596299e-8f);
}
FB_INLINE float log10_(float x) {
    float e, l = log_reduce<false>(x, 0.0f, e);
    return log_edges(x, madd(e, 0.301025391f, madd(e, 4.60503898e-6f, l * 0.434294482f)));
}
// u = 1 + x loses c of x, which the reduction takes back in.
FB_INLINE float log1p_(float x) {
    float u = 1.0f + x;
    float c = x >= 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
    float e, l = log_reduce<true>(u, c, e);
    float r = log_edges(u, madd(e, 0.693359375f, madd(e, -2.12194440e-4f, l)));
    return x == 0.0f ? x : r;
}
FB_INLINE double log1p_(double x) {
    double u = 1.0 + x;
    double c = x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
    double e, l = log_reduce<true>(u, c, e);
    double r = log_edges(u, madd(e, 0.69314718036912382, madd(e, 1.9082149292705877e-10, l)));
    return x == 0.0 ? x : r;
}

// ---- hyperbolic tangent, logistic function -------------------------------------------------------

FB_INLINE float tanh_(float x) {
    float a = fabs_(x), z = x * x;
    float p = poly(z, -0.000520293193f, 0.00275898585f, -0.00845076144f, 0.0217593666f, -0.0539538823f, 0.133332625f,
                   -0.333333313f);
    float near = madd(a * z, p, a);  // |x| <= 0.9
    float far = 1.0f - 2.0f / (exp_(2.0f * a) + 1.0f);
    return copysign_(a <= 0.9f ? near : far, x);
}
// (e**2x - 1) / (e**2x + 1)
FB_INLINE double tanh_(double x) {
    double a = fabs_(x);
    double m = expm1_(2.0 * (a > 20.0 ? 20.0 : a));
    return copysign_(m / (m + 2.0), x);
}
template <class T>
FB_INLINE T sigmoid_(T x) {
    T e = exp_(-fabs_(x));
    return (x >= 0 ? T(1) : e) / (T(1) + e);
}

// ---- error function ------------------------------------------------------------------------------

FB_INLINE float erf_(float x) {
    float t = fabs_(x), z = x * x;
    float p = poly(z, 8.20416972e-05f, -0.00081029156f, 0.00519748731f, -0.0268579591f, 0.112836696f, -0.376126319f,
                   0.128379166f);
    float near = madd(x, p, x);  // |x| <= 0.95
    float c = t > 4.0f ? 4.0f : t;
    float q = poly(c, 2.94033697e-07f, -4.84037946e-06f, 1.57844461e-05f, 0.000261620502f, -0.00362526579f,
                   0.0239402801f, -0.106579907f, -0.634893358f, -1.12872005f);
    float far = copysign_(1.0f - exp_(c * q), x);  // log(erfc(t)) / t on [0.9, 4]
    return t <= 0.95f ? near : far;
}
FB_INLINE double erf_(double x) { return __builtin_erf(x); }

// t * t - s for s = t * t rounded, exactly.
FB_INLINE float square_error(float t, float s) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fmaf(t, t, -s);
#else
    float high = from_bits(bits(t) & 0xfffff000u), low = t - high;  // Dekker's splitting
    return ((high * high - s) + 2.0f * high * low) + low * low;
#endif
}

// The normal distribution: returns Phi(-|x|) and sets *density_exp to exp(-x*x/2); for NaN, what belongs to infinity.
FB_INLINE float normal_tail(float x, float* density_exp) {
    // A minimum of integers, which no compiler turns into two ways through all that follows.
    const uint32_t magnitude = bits(x) & 0x7fffffffu, most = 0x41680000u;  // 14.5
    float t = from_bits(magnitude < most ? magnitude : most);
    float s = t * t, lost = square_error(t, s);
    // e = exp(-t*t/2) 2**32, as in exp_reduce: the power of two is added to the exponent, since none is subnormal.
    float y = -0.5f * s;
    float z = madd(y, 1.44269504f, kRoundF + 32.0f);
    float nf = z - (kRoundF + 32.0f);
    float r = madd(nf, -0.693359375f, y);
    r = madd(-0.5f, lost, madd(nf, 2.12194440e-4f, r));
    float p = poly(r, 0.00139263924f, 0.00836334564f, 0.0416665524f, 0.166665763f, 0.5f);
    float e = from_bits(bits(madd(r * r, p, r) + 1.0f) + (bits(z) << 23));
    constexpr float k = 2.3283064365386963e-10f;  // 2**-32
    *density_exp = e * k;
    // Phi(-t) exp(t*t/2) in u = (t - 3) / (t + 3)
    float u = (t - 3.0f) / (t + 3.0f);
    return e * poly(u, 5.41519403e-05f * k, 0.000116249619f * k, -0.00033967456f * k, -0.000984372222f * k,
                    0.00290447893f * k, 0.00613223622f * k, -0.0462132543f * k, 0.123225018f * k, -0.206402615f * k,
                    0.121513948f * k);
}
FB_INLINE double normal_tail(double x, double* density_exp) {
    *density_exp = exp_(-0.5 * x * x);
    return 0.5 * __builtin_erfc(fabs_(x) * 0.70710678118654752);
}

// ---- sine and cosine -----------------------------------------------------------------------------

constexpr float kTrigLimit = 1.0e6f;  // beyond, the reduction below loses accuracy and callers use the C library

// x = q pi/2 + r, reduced in double; the low bits of q tell the quadrant.
FB_INLINE double trig_reduce(float x, uint32_t& q) {
    double d = x;
    double z = d * 0.63661977236758134 + kRoundD;
    double nf = z - kRoundD;
    q = static_cast<uint32_t>(bits(z));
    return (d - nf * 1.570796325802803) - nf * 9.9209357968054043e-10;
}
template <class T>
FB_INLINE T sin_poly(T r, T t) {
    return madd(r * t, poly(t, T(2.72420925e-06), T(-0.000198400259), T(0.00833333191), T(-0.166666672)), r);
}
template <class T>
FB_INLINE T cos_poly(T t) {
    return madd(t * t, poly(t, T(2.45414776e-05), T(-0.00138882722), T(0.0416666642)), madd(t, T(-0.5), T(1)));
}
FB_INLINE float sin_(float x) {
    uint32_t q;
    float r = static_cast<float>(trig_reduce(x, q)), t = r * r;
    float y = (q & 1u) ? cos_poly(t) : sin_poly(r, t);
    y = from_bits(bits(y) ^ ((q & 2u) << 30));
    return x == 0.0f ? x : y;
}
FB_INLINE float cos_(float x) {
    uint32_t q;
    float r = static_cast<float>(trig_reduce(x, q)), t = r * r;
    float y = (q & 1u) ? sin_poly(r, t) : cos_poly(t);
    return from_bits(bits(y) ^ (((q + 1u) & 2u) << 30));
}
// In double throughout: three roundings of a quotient in float would add up to more than 2 ulp.
FB_INLINE float tan_(float x) {
    uint32_t q;
    double r = trig_reduce(x, q), t = r * r;
    double sn = sin_poly(r, t), cs = cos_poly(t);
    double up = (q & 1u) ? -cs : sn, down = (q & 1u) ? sn : cs;
    return x == 0.0f ? x : static_cast<float>(up / down);
}

// ---- power -----------------------------------------------------------------------------------------

// c ? a : b on the bits. A conditional that leaves a long computation unused invites the compiler to jump around
// it, and a loop with a jump in it does not vectorise.
FB_INLINE float select(bool c, float a, float b) {
    uint32_t mask = c ? 0xffffffffu : 0u;
    return from_bits((bits(a) & mask) | (bits(b) & ~mask));
}

// exp(y log|x|) in double, so that the error of the logarithm does not grow with y.
FB_INLINE float pow_(float x, float y) {
    float a = fabs_(x);
    float r = static_cast<float>(exp_(static_cast<double>(y) * log_(static_cast<double>(a))));
    r = select(a == 1.0f, select(y == y, 1.0f, y), r);  // log is 0, y may be infinite
    float t = select(fabs_(y) < 16777216.0f, fabs_(y), 0.0f);  // larger ones are even integers
    int32_t i = static_cast<int32_t>(t);
    uint32_t integer = static_cast<float>(i) == t ? 1u : 0u;
    uint32_t odd = static_cast<uint32_t>(i) & integer;
    r = from_bits(bits(r) | (bits(x) & (odd << 31)));
    // A root of a negative number; -infinity has one in the limit.
    uint32_t negative = (x < 0.0f ? 1u : 0u) & (x > -FB_INF ? 1u : 0u);
    r = select((negative & (integer ^ 1u)) != 0, FB_NAN, r);
    return select(x == 1.0f, 1.0f, select(y == 0.0f, 1.0f, r));
}

}  // namespace
}  // namespace FB_ISA
}  // namespace fb
