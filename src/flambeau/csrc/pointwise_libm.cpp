// Loops over the C library's functions: those for which a vector version is not worth its code, and the float64
// ones whose vector version would be no faster. Registered first, so that a dispatched kernel of the same name
// replaces them.
#include <cmath>

#include "dispatch.hpp"
#include "gamma.hpp"

namespace fb {
namespace {

using F1 = float (*)(float);
using D1 = double (*)(double);
using F2 = float (*)(float, float);
using D2 = double (*)(double, double);

template <class T, T (*F)(T)>
void unary_loop(char* out, int64_t so, const char* a, int64_t sa, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
        *reinterpret_cast<T*>(out + i * so) = F(*reinterpret_cast<const T*>(a + i * sa));
}

template <class T, T (*F)(T, T)>
void binary_loop(char* out, int64_t so, const char* a, int64_t sa, const char* b, int64_t sb, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
        *reinterpret_cast<T*>(out + i * so) =
            F(*reinterpret_cast<const T*>(a + i * sa), *reinterpret_cast<const T*>(b + i * sb));
}

// float16 and bfloat16 pass through float32 buffers, converted by the cast loops in use.
constexpr int64_t kBlock = 256;

template <int Dtype, F1 F>
void unary_loop16(char* out, int64_t so, const char* a, int64_t sa, int64_t n) {
    static const fb_unary_loop widen = fb_get_cast(Dtype, FB_FLOAT32), narrow = fb_get_cast(FB_FLOAT32, Dtype);
    float buf[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
        int64_t m = n - i < kBlock ? n - i : kBlock;
        widen(reinterpret_cast<char*>(buf), 4, a + i * sa, sa, m);
        for (int64_t j = 0; j < m; ++j) buf[j] = F(buf[j]);
        narrow(out + i * so, so, reinterpret_cast<const char*>(buf), 4, m);
    }
}

template <int Dtype, F2 F>
void binary_loop16(char* out, int64_t so, const char* a, int64_t sa, const char* b, int64_t sb, int64_t n) {
    static const fb_unary_loop widen = fb_get_cast(Dtype, FB_FLOAT32), narrow = fb_get_cast(FB_FLOAT32, Dtype);
    float x[kBlock], y[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
        int64_t m = n - i < kBlock ? n - i : kBlock;
        widen(reinterpret_cast<char*>(x), 4, a + i * sa, sa, m);
        widen(reinterpret_cast<char*>(y), 4, b + i * sb, sb, m);
        for (int64_t j = 0; j < m; ++j) x[j] = F(x[j], y[j]);
        narrow(out + i * so, so, reinterpret_cast<const char*>(x), 4, m);
    }
}

template <F1 F, D1 D>
void unary(Kernels& k, const char* name) {
    k.unary(name, FB_FLOAT16, FB_FLOAT16, &unary_loop16<FB_FLOAT16, F>);
    k.unary(name, FB_BFLOAT16, FB_BFLOAT16, &unary_loop16<FB_BFLOAT16, F>);
    k.unary(name, FB_FLOAT32, FB_FLOAT32, &unary_loop<float, F>);
    k.unary(name, FB_FLOAT64, FB_FLOAT64, &unary_loop<double, D>);
}

template <F2 F, D2 D>
void binary(Kernels& k, const char* name) {
    k.binary(name, FB_FLOAT16, FB_FLOAT16, &binary_loop16<FB_FLOAT16, F>);
    k.binary(name, FB_BFLOAT16, FB_BFLOAT16, &binary_loop16<FB_BFLOAT16, F>);
    k.binary(name, FB_FLOAT32, FB_FLOAT32, &binary_loop<float, F>);
    k.binary(name, FB_FLOAT64, FB_FLOAT64, &binary_loop<double, D>);
}

// A function of doubles, for floats.
template <D1 D>
float narrow(float x) {
    return static_cast<float>(D(static_cast<double>(x)));
}

double pow_root(double x, double y) {
    if (y == 0.5) return std::sqrt(x);
    if (y == -0.5) return 1.0 / std::sqrt(x);
    return std::pow(x, y);
}

// pow with the exponents that need no logarithm taken out of the loop.
void pow64(char* out, int64_t so, const char* a, int64_t sa, const char* b, int64_t sb, int64_t n) {
    if (sb != 0 || n == 0) return binary_loop<double, ::pow>(out, so, a, sa, b, sb, n);
    double y = *reinterpret_cast<const double*>(b);
    for (int64_t i = 0; i < n; ++i) {
        double x = *reinterpret_cast<const double*>(a + i * sa);
        *reinterpret_cast<double*>(out + i * so) = y == 2.0 ? x * x : pow_root(x, y);
    }
}

}  // namespace

void register_libm(Kernels& k) {
    unary<::exp2f, ::exp2>(k, "exp2");
    unary<::log2f, ::log2>(k, "log2");
    unary<::log10f, ::log10>(k, "log10");
    unary<::sinf, ::sin>(k, "sin");
    unary<::cosf, ::cos>(k, "cos");
    unary<::tanf, ::tan>(k, "tan");
    unary<::asinf, ::asin>(k, "asin");
    unary<::acosf, ::acos>(k, "acos");
    unary<::atanf, ::atan>(k, "atan");
    unary<::sinhf, ::sinh>(k, "sinh");
    unary<::coshf, ::cosh>(k, "cosh");
    unary<::asinhf, ::asinh>(k, "asinh");
    unary<::acoshf, ::acosh>(k, "acosh");
    unary<::atanhf, ::atanh>(k, "atanh");
    unary<::erff, ::erf>(k, "erf");
    unary<::erfcf, ::erfc>(k, "erfc");
    unary<narrow<log_gamma>, log_gamma>(k, "lgamma");
    unary<narrow<digamma>, digamma>(k, "digamma");
    binary<::atan2f, ::atan2>(k, "atan2");
    binary<::hypotf, ::hypot>(k, "hypot");
    binary<::fmodf, ::fmod>(k, "fmod");
    k.binary("pow", FB_FLOAT64, FB_FLOAT64, &pow64);
}

}  // namespace fb
