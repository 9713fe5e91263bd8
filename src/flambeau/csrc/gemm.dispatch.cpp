// Matrix products too small to be worth a call of BLAS, and the fallback where there is none.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

constexpr int64_t kColumns = 64;

FB_INLINE float mul_add(float a, float b, float c) { return madd(a, b, c); }
FB_INLINE double mul_add(double a, double b, double c) { return madd(a, b, c); }
template <class T>
FB_INLINE complex<T> mul_add(complex<T> a, complex<T> b, complex<T> c) {
    return {madd(a.re, b.re, madd(-a.im, b.im, c.re)), madd(a.re, b.im, madd(a.im, b.re, c.im))};
}
FB_INLINE float conj_(float x) { return x; }
FB_INLINE double conj_(double x) { return x; }
template <class T>
FB_INLINE complex<T> conj_(complex<T> x) { return {x.re, -x.im}; }
FB_INLINE float scale_(float x, const double* s) { return x * static_cast<float>(s[0]); }
FB_INLINE double scale_(double x, const double* s) { return x * s[0]; }
template <class T>
FB_INLINE complex<T> scale_(complex<T> x, const double* s) {
    T re = static_cast<T>(s[0]), im = static_cast<T>(s[1]);
    return {x.re * re - x.im * im, x.re * im + x.im * re};
}
FB_INLINE float add_(float x, float y) { return x + y; }
FB_INLINE double add_(double x, double y) { return x + y; }
template <class T>
FB_INLINE complex<T> add_(complex<T> x, complex<T> y) { return {x.re + y.re, x.im + y.im}; }

// A row of C at a time, kColumns of it in accumulators. B has contiguous rows.
template <class T>
void product(const SmallGemm& g) {
    const double beta[2] = {g.beta, 0.0};
    const T* b = static_cast<const T*>(g.b);
    for (int64_t i = 0; i < g.m; ++i) {
        const T* a = static_cast<const T*>(g.a) + i * g.a_row;
        T* c = static_cast<T*>(g.c) + i * g.ldc;
        for (int64_t j0 = 0; j0 < g.n; j0 += kColumns) {
            const int64_t width = g.n - j0 < kColumns ? g.n - j0 : kColumns;
            T acc[kColumns];
            for (int64_t j = 0; j < width; ++j) acc[j] = T{};
            int64_t p = 0;
            for (; p + 4 <= g.k; p += 4) {
                T a0 = a[p * g.a_col], a1 = a[(p + 1) * g.a_col], a2 = a[(p + 2) * g.a_col],
                  a3 = a[(p + 3) * g.a_col];
                if (g.conj_a) a0 = conj_(a0), a1 = conj_(a1), a2 = conj_(a2), a3 = conj_(a3);
                const T *b0 = b + p * g.ldb + j0, *b1 = b0 + g.ldb, *b2 = b1 + g.ldb, *b3 = b2 + g.ldb;
                FB_IVDEP
                for (int64_t j = 0; j < width; ++j)
                    acc[j] = mul_add(a3, b3[j], mul_add(a2, b2[j], mul_add(a1, b1[j], mul_add(a0, b0[j], acc[j]))));
            }
            for (; p < g.k; ++p) {
                T a0 = a[p * g.a_col];
                if (g.conj_a) a0 = conj_(a0);
                const T* b0 = b + p * g.ldb + j0;
                FB_IVDEP
                for (int64_t j = 0; j < width; ++j) acc[j] = mul_add(a0, b0[j], acc[j]);
            }
            const bool one = g.alpha[0] == 1.0 && g.alpha[1] == 0.0;
            const T* bias = static_cast<const T*>(g.bias);
            for (int64_t j = 0; j < width; ++j) {
                T v = one ? acc[j] : scale_(acc[j], g.alpha);
                if (bias) v = add_(v, bias[j0 + j]);
                else if (g.beta != 0.0) v = add_(v, scale_(c[j0 + j], beta));
                c[j0 + j] = v;
            }
        }
    }
}

// Columns of op(B) with contiguous elements become contiguous rows.
template <class T>
void transpose(const void* from, int64_t ld, int64_t k, int64_t n, int conj, void* to) {
    const T* b = static_cast<const T*>(from);
    T* r = static_cast<T*>(to);
    for (int64_t p = 0; p < k; ++p)
        for (int64_t j = 0; j < n; ++j) r[p * n + j] = conj ? conj_(b[j * ld + p]) : b[j * ld + p];
}

}  // namespace

void register_gemm(Kernels& k) {
    k.gemm = {{&product<float>, &product<double>, &product<complex<float>>, &product<complex<double>>},
              {&transpose<float>, &transpose<double>, &transpose<complex<float>>, &transpose<complex<double>>}};
}

}  // namespace FB_ISA
}  // namespace fb
