// Matrix products on OpenBLAS, which runs single-threaded: the split over our own pool is here.
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

// CBLAS constants.
constexpr int kRowMajor = 101;
constexpr int kTrans[3] = {111, 112, 113};

template <class T>
using RealGemm = void (*)(int, int, int, int, int, int, T, const T*, int, const T*, int, T, T*, int);
template <class T>
using RealGemv = void (*)(int, int, int, int, T, const T*, int, const T*, int, T, T*, int);
using ComplexGemm = void (*)(int, int, int, int, int, int, const void*, const void*, int, const void*, int, const void*,
                             void*, int);

struct Blas {
    RealGemm<float> sgemm;
    RealGemm<double> dgemm;
    RealGemv<float> sgemv;
    RealGemv<double> dgemv;
    ComplexGemm cgemm, zgemm;
};
Blas g_blas;
std::atomic<bool> g_loaded{false};

struct Problem {
    int dtype, trans_a, trans_b;
    int64_t m, n, k;
    double alpha[2];
    const char* a;
    int64_t lda;
    const char* b;
    int64_t ldb;
    double beta;
    char* c;
    int64_t ldc;
    const char* bias;

    int64_t itemsize() const { return fb_itemsize(dtype); }
    // Rows [r0, r0 + rows) and columns [c0, c0 + cols) of C as a problem of its own.
    Problem part(int64_t r0, int64_t rows, int64_t c0, int64_t cols) const {
        Problem p = *this;
        p.m = rows;
        p.n = cols;
        p.a += r0 * (trans_a ? 1 : lda) * itemsize();
        p.b += c0 * (trans_b ? ldb : 1) * itemsize();
        p.c += (r0 * ldc + c0) * itemsize();
        if (p.bias) p.bias += c0 * itemsize();
        return p;
    }
};

// 2 m n k, 8 for complex.
double flops(const Problem& p) {
    double f = 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
    return p.dtype >= FB_COMPLEX64 ? 4 * f : f;
}

void scale_only(const Problem& p) {  // k == 0: the product is zero
    for (int64_t i = 0; i < p.m; ++i) {
        char* row = p.c + i * p.ldc * p.itemsize();
        size_t bytes = static_cast<size_t>(p.n * p.itemsize());
        if (p.bias) {
            std::memcpy(row, p.bias, bytes);
        } else if (p.beta == 0.0) {
            std::memset(row, 0, bytes);
        } else {
            bool single = p.dtype == FB_FLOAT32 || p.dtype == FB_COMPLEX64;
            int64_t reals = p.n * (p.dtype >= FB_COMPLEX64 ? 2 : 1);
            for (int64_t j = 0; j < reals; ++j) {
                if (single) reinterpret_cast<float*>(row)[j] *= static_cast<float>(p.beta);
                else reinterpret_cast<double*>(row)[j] *= p.beta;
            }
        }
    }
}

// Our own loop. False when it has no memory for a transposed copy of B.
bool run_own(const Problem& p) {
    const GemmKernels& kernels_of = kernels().gemm;
    const int t = p.dtype - FB_FLOAT32;
    const char* b = p.b;
    int64_t ldb = p.ldb;
    void* copy = nullptr;
    if (p.trans_b) {
        copy = fb_alloc(static_cast<size_t>(p.k * p.n * p.itemsize()));
        if (!copy) return false;
        kernels_of.transpose[t](p.b, p.ldb, p.k, p.n, p.trans_b == 2, copy);
        b = static_cast<const char*>(copy);
        ldb = p.n;
    }
    SmallGemm g{p.m, p.n, p.k, p.a, p.trans_a ? 1 : p.lda, p.trans_a ? p.lda : 1, b, ldb, p.c, p.ldc,
                {p.alpha[0], p.alpha[1]}, p.beta, p.bias, p.trans_a == 2};
    // About 2**18 operations for a thread.
    int64_t grain = std::max<int64_t>((int64_t{1} << 18) / std::max<int64_t>(2 * p.n * p.k, 1), 1);
    parallel_for(p.m, grain, [&](int64_t begin, int64_t end) {
        SmallGemm part = g;
        part.m = end - begin;
        part.a = static_cast<const char*>(g.a) + begin * g.a_row * p.itemsize();
        part.c = static_cast<char*>(g.c) + begin * g.ldc * p.itemsize();
        kernels_of.product[t](part);
    });
    fb_free(copy);
    return true;
}

// One call of BLAS. The bias goes into C first and is accumulated on.
void run_blas(const Problem& p) {
    double beta = p.beta;
    if (p.bias) {
        for (int64_t i = 0; i < p.m; ++i)
            std::memcpy(p.c + i * p.ldc * p.itemsize(), p.bias, static_cast<size_t>(p.n * p.itemsize()));
        beta = 1.0;
    }
    const int m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
    const int lda = static_cast<int>(p.lda), ldb = static_cast<int>(p.ldb), ldc = static_cast<int>(p.ldc);
    const int ta = kTrans[p.trans_a], tb = kTrans[p.trans_b];
    switch (p.dtype) {
        case FB_FLOAT32:
            g_blas.sgemm(kRowMajor, ta, tb, m, n, k, static_cast<float>(p.alpha[0]),
                         reinterpret_cast<const float*>(p.a), lda, reinterpret_cast<const float*>(p.b), ldb,
                         static_cast<float>(beta), reinterpret_cast<float*>(p.c), ldc);
            return;
        case FB_FLOAT64:
            g_blas.dgemm(kRowMajor, ta, tb, m, n, k, p.alpha[0], reinterpret_cast<const double*>(p.a), lda,
                         reinterpret_cast<const double*>(p.b), ldb, beta, reinterpret_cast<double*>(p.c), ldc);
            return;
        case FB_COMPLEX64: {
            const float alpha[2] = {static_cast<float>(p.alpha[0]), static_cast<float>(p.alpha[1])};
            const float scale[2] = {static_cast<float>(beta), 0.0f};
            g_blas.cgemm(kRowMajor, ta, tb, m, n, k, alpha, p.a, lda, p.b, ldb, scale, p.c, ldc);
            return;
        }
        default: {
            const double scale[2] = {beta, 0.0};
            g_blas.zgemm(kRowMajor, ta, tb, m, n, k, p.alpha, p.a, lda, p.b, ldb, scale, p.c, ldc);
        }
    }
}

// y = alpha M x + beta y with M (rows x cols as stored) or its transpose.
template <class T>
void gemv(RealGemv<T> f, bool trans, int64_t rows, int64_t cols, double alpha, const char* mat, int64_t ld,
          const char* x, int64_t incx, double beta, char* y, int64_t incy) {
    const int64_t out = trans ? cols : rows, size = sizeof(T);
    const int64_t in = trans ? rows : cols;
    const int64_t grain = (std::max<int64_t>(64 * 1024 / std::max<int64_t>(in * size, 1), 64) + 63) & ~int64_t{63};
    parallel_for(out, grain, [&](int64_t begin, int64_t end) {
        const char* part = mat + begin * (trans ? 1 : ld) * size;
        const int r = static_cast<int>(trans ? rows : end - begin), c = static_cast<int>(trans ? end - begin : cols);
        f(kRowMajor, kTrans[trans ? 1 : 0], r, c, static_cast<T>(alpha), reinterpret_cast<const T*>(part),
          static_cast<int>(ld), reinterpret_cast<const T*>(x), static_cast<int>(incx), static_cast<T>(beta),
          reinterpret_cast<T*>(y + begin * incy * size), static_cast<int>(incy));
    });
}

template <class T>
void matrix_vector(RealGemv<T> f, const Problem& p) {
    if (p.n == 1) {  // C = op(A) b, b a column of stride ldb or a row
        int64_t rows = p.trans_a ? p.k : p.m, cols = p.trans_a ? p.m : p.k;
        gemv<T>(f, p.trans_a != 0, rows, cols, p.alpha[0], p.a, p.lda, p.b, p.trans_b ? 1 : p.ldb, p.beta, p.c, p.ldc);
    } else {  // C' = op(B)' a'
        int64_t rows = p.trans_b ? p.n : p.k, cols = p.trans_b ? p.k : p.n;
        gemv<T>(f, p.trans_b == 0, rows, cols, p.alpha[0], p.b, p.ldb, p.a, p.trans_a ? p.lda : 1, p.beta, p.c, 1);
    }
}

// The grid of pieces for `threads`: least copying of panels, pieces of at least 64 rows and columns.
void choose_grid(const Problem& p, int64_t threads, int64_t& down, int64_t& across) {
    down = across = 1;
    double best = HUGE_VAL;
    for (int64_t d = 1; d <= threads; ++d) {
        int64_t a = threads / d;
        if ((d > 1 && p.m < 64 * d) || (a > 1 && p.n < 64 * a)) continue;
        // A piece takes rows x cols work, at a cost for its panels of A and B.
        double rows = std::ceil(static_cast<double>(p.m) / static_cast<double>(d));
        double cols = std::ceil(static_cast<double>(p.n) / static_cast<double>(a));
        double cost = rows * cols + 16.0 * (rows + cols);
        if (cost < best) best = cost, down = d, across = a;
    }
    if (best == HUGE_VAL) {  // too small for all threads: along the longer side
        (p.m >= p.n ? down : across) = std::max<int64_t>(std::min(threads, std::max(p.m, p.n) / 64), 1);
    }
}

bool fits_blas(const Problem& p) {
    return std::max({p.m, p.n, p.k, p.lda, p.ldb, p.ldc}) <= INT_MAX;
}

int run(const Problem& p) {
    if (p.m == 0 || p.n == 0) return FB_OK;
    if (p.k == 0) {
        scale_only(p);
        return FB_OK;
    }
    const double work = flops(p);
    const bool blas = g_loaded.load(std::memory_order_acquire) && fits_blas(p);
    if (!blas || work < 16000.0) return run_own(p) ? FB_OK : FB_ERR_MEMORY;
    if ((p.m == 1 || p.n == 1) && !p.bias) {
        if (p.dtype == FB_FLOAT32) return matrix_vector<float>(g_blas.sgemv, p), FB_OK;
        if (p.dtype == FB_FLOAT64) return matrix_vector<double>(g_blas.dgemv, p), FB_OK;
    }
    // A piece for a thread should take at least some 10 us.
    const int64_t threads = in_parallel() ? 1 : std::min<int64_t>(fb_num_threads(), static_cast<int64_t>(work / 1e6));
    int64_t down = 1, across = 1;
    if (threads > 1) choose_grid(p, threads, down, across);
    // Pieces start at multiples of 64, where the kernels' register blocks do.
    const int64_t rows = ((p.m + down - 1) / down + 63) & ~int64_t{63};
    const int64_t cols = ((p.n + across - 1) / across + 63) & ~int64_t{63};
    down = (p.m + rows - 1) / rows;
    across = (p.n + cols - 1) / cols;
    parallel_for(down * across, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            int64_t r0 = i / across * rows, c0 = i % across * cols;
            run_blas(p.part(r0, std::min(rows, p.m - r0), c0, std::min(cols, p.n - c0)));
        }
    });
    return FB_OK;
}

int check(int dtype, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k) {
    if (dtype < FB_FLOAT32 || dtype > FB_COMPLEX128) return FB_ERR_DTYPE;
    if (trans_a < 0 || trans_a > 2 || trans_b < 0 || trans_b > 2 || m < 0 || n < 0 || k < 0) return FB_ERR_VALUE;
    return FB_OK;
}

// BLAS wants a leading dimension of at least the row length even where there is only one row.
Problem problem(int dtype, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, double alpha_re, double alpha_im,
                const void* a, int64_t lda, const void* b, int64_t ldb, double beta, void* c, int64_t ldc,
                const void* bias) {
    const bool real = dtype < FB_COMPLEX64;
    if (real && trans_a == 2) trans_a = 1;
    if (real && trans_b == 2) trans_b = 1;
    lda = std::max<int64_t>({lda, trans_a ? m : k, 1});
    ldb = std::max<int64_t>({ldb, trans_b ? k : n, 1});
    ldc = std::max<int64_t>({ldc, n, 1});
    return {dtype, trans_a, trans_b, m, n, k, {alpha_re, alpha_im}, static_cast<const char*>(a), lda,
            static_cast<const char*>(b), ldb, beta, static_cast<char*>(c), ldc, static_cast<const char*>(bias)};
}

template <class F>
bool find_symbol(void* lib, const char* name, F& out) {
    for (const char* prefix : {"scipy_", ""}) {  // the scipy-openblas wheels prefix their names
        if (void* p = dlsym(lib, (std::string(prefix) + name).c_str())) {
            out = reinterpret_cast<F>(p);
            return true;
        }
    }
    return false;
}

}  // namespace
}  // namespace fb

extern "C" {

int fb_blas_load(const char* path) {
    static std::mutex lock;
    std::lock_guard<std::mutex> guard(lock);
    if (fb::g_loaded.load()) return FB_OK;
    void* lib = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (!lib) return FB_ERR_LOAD;
    fb::Blas b;
    void (*set_threads)(int);
    if (!fb::find_symbol(lib, "cblas_sgemm", b.sgemm) || !fb::find_symbol(lib, "cblas_dgemm", b.dgemm) ||
        !fb::find_symbol(lib, "cblas_cgemm", b.cgemm) || !fb::find_symbol(lib, "cblas_zgemm", b.zgemm) ||
        !fb::find_symbol(lib, "cblas_sgemv", b.sgemv) || !fb::find_symbol(lib, "cblas_dgemv", b.dgemv)) {
        dlclose(lib);
        return FB_ERR_LOAD;
    }
    if (fb::find_symbol(lib, "openblas_set_num_threads", set_threads)) set_threads(1);
    fb::g_blas = b;
    fb::g_loaded.store(true, std::memory_order_release);
    return FB_OK;
}

int fb_blas_loaded(void) { return fb::g_loaded.load(); }

int fb_gemm(int dtype, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, double alpha_re, double alpha_im,
            const void* a, int64_t lda, const void* b, int64_t ldb, double beta, void* c, int64_t ldc) {
    if (int error = fb::check(dtype, trans_a, trans_b, m, n, k)) return error;
    return fb::run(fb::problem(dtype, trans_a, trans_b, m, n, k, alpha_re, alpha_im, a, lda, b, ldb, beta, c, ldc,
                               nullptr));
}

int fb_gemm_bias(int dtype, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, const void* a, int64_t lda,
                 const void* b, int64_t ldb, const void* bias, void* c, int64_t ldc) {
    if (int error = fb::check(dtype, trans_a, trans_b, m, n, k)) return error;
    return fb::run(fb::problem(dtype, trans_a, trans_b, m, n, k, 1.0, 0.0, a, lda, b, ldb, 0.0, c, ldc, bias));
}

int fb_gemm_batched(int dtype, int trans_a, int trans_b, int64_t batch, int64_t m, int64_t n, int64_t k,
                    double alpha_re, double alpha_im, const void* a, int64_t lda, int64_t stride_a, const void* b,
                    int64_t ldb, int64_t stride_b, double beta, void* c, int64_t ldc, int64_t stride_c) {
    if (int error = fb::check(dtype, trans_a, trans_b, m, n, k)) return error;
    const fb::Problem one =
        fb::problem(dtype, trans_a, trans_b, m, n, k, alpha_re, alpha_im, a, lda, b, ldb, beta, c, ldc, nullptr);
    std::atomic<int> status{FB_OK};
    auto run_range = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            fb::Problem p = one;
            p.a += i * stride_a;
            p.b += i * stride_b;
            p.c += i * stride_c;
            if (int error = fb::run(p)) status.store(error);
        }
    };
    // Few large products split inside, many run side by side.
    const double work = fb::flops(one);
    if (batch < fb_num_threads() && work > 2e6) {
        run_range(0, batch);
    } else {
        fb::parallel_for(batch, std::max<int64_t>(static_cast<int64_t>(1e6 / std::max(work, 1.0)), 1), run_range);
    }
    return status.load();
}

}  // extern "C"
