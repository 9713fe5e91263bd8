// Layer and batch normalisation and their gradients, row by row. Sums over rows are of fixed blocks.
#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <vector>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

template <class T>
const NormKernels<T>& table();
template <>
const NormKernels<float>& table<float>() { return kernels().norm32; }
template <>
const NormKernels<double>& table<double>() { return kernels().norm64; }

constexpr int64_t kWork = 16384;  // elements that one thread takes at least
constexpr int64_t kBlocks = 32;   // of rows, whose gradients of weight and bias are summed by themselves

int64_t rows_at_once(int64_t n) { return std::max<int64_t>(1, kWork / std::max<int64_t>(n, 1)); }

template <class T>
int layer(int64_t rows, int64_t n, const void* x_, const void* w_, const void* b_, double eps, void* y_, void* mean_,
        void* rstd_) {
    const T *x = static_cast<const T*>(x_), *w = static_cast<const T*>(w_), *b = static_cast<const T*>(b_);
    T *y = static_cast<T*>(y_), *mean = static_cast<T*>(mean_), *rstd = static_cast<T*>(rstd_);
    const NormKernels<T>& k = table<T>();
    parallel_for(rows, rows_at_once(n), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const T* row = x + i * n;
            mean[i] = static_cast<T>(k.sum(row, n) / static_cast<double>(n));
            const T var = static_cast<T>(k.squares(row, n, mean[i]) / static_cast<double>(n));
            rstd[i] = static_cast<T>(1 / std::sqrt(static_cast<double>(var) + eps));
            k.affine(y + i * n, row, n, mean[i], rstd[i], w, b);
        }
    });
    return FB_OK;
}

template <class T>
int layer_grad(int64_t rows, int64_t n, const void* g_, const void* x_, const void* w_, const void* mean_,
        const void* rstd_, void* gx_, void* gw_, void* gb_) {
    const T *g = static_cast<const T*>(g_), *x = static_cast<const T*>(x_), *w = static_cast<const T*>(w_),
            *mean = static_cast<const T*>(mean_), *rstd = static_cast<const T*>(rstd_);
    T *gx = static_cast<T*>(gx_), *gw = static_cast<T*>(gw_), *gb = static_cast<T*>(gb_);
    const NormKernels<T>& k = table<T>();
    const int64_t block = std::max<int64_t>((rows + kBlocks - 1) / kBlocks, rows_at_once(n)),
            blocks = (rows + block - 1) / block;
    std::unique_ptr<T[]> sums(new (std::nothrow) T[static_cast<size_t>(2 * blocks * n)]());
    if (!sums) return FB_ERR_MEMORY;
    parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
            T* to = sums.get() + 2 * b * n;
            for (int64_t i = b * block; i < std::min(rows, (b + 1) * block); ++i) {
                const T *of_g = g + i * n, *of_x = x + i * n;
                double totals[2];
                k.grad_sums(of_g, w, of_x, n, mean[i], rstd[i], to, to + n, totals);
                k.grad(gx + i * n, of_g, w, of_x, n, mean[i], rstd[i], rstd[i],
                       static_cast<T>(totals[0] / static_cast<double>(n)),
                       static_cast<T>(totals[1] / static_cast<double>(n)));
            }
        }
    });
    parallel_for(n, rows_at_once(2 * blocks), [&](int64_t begin, int64_t end) {
        for (int64_t j = begin; j < end; ++j) {
            double to_w = 0, to_b = 0;
            for (int64_t b = 0; b < blocks; ++b) {
                to_w += static_cast<double>(sums[static_cast<size_t>(2 * b * n + j)]);
                to_b += static_cast<double>(sums[static_cast<size_t>((2 * b + 1) * n + j)]);
            }
            gw[j] = static_cast<T>(to_w);
            gb[j] = static_cast<T>(to_b);
        }
    });
    return FB_OK;
}

// Of blocks of kWork elements, added up in order.
template <class T>
double squares(int64_t n, const void* x_, T mean) {
    const T* x = static_cast<const T*>(x_);
    const NormKernels<T>& k = table<T>();
    std::vector<double> sums(static_cast<size_t>((n + kWork - 1) / kWork));
    parallel_for(static_cast<int64_t>(sums.size()), 2, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b)
            sums[static_cast<size_t>(b)] = k.squares(x + b * kWork, std::min(kWork, n - b * kWork), mean);
    });
    double total = 0;
    for (double sum : sums) total += sum;
    return total;
}

// Arrays of (batch, channels, n).
template <class T>
int moments(int64_t batch, int64_t channels, int64_t n, const void* x_, void* mean_, void* var_) {
    const T *x = static_cast<const T*>(x_);
    T *mean = static_cast<T*>(mean_), *var = static_cast<T*>(var_);
    const NormKernels<T>& k = table<T>();
    const double count = static_cast<double>(batch * n);
    parallel_for(channels, rows_at_once(batch * n), [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
            double total = 0, square = 0;
            for (int64_t i = 0; i < batch; ++i) total += k.sum(x + (i * channels + c) * n, n);
            mean[c] = static_cast<T>(total / count);
            for (int64_t i = 0; i < batch; ++i) square += k.squares(x + (i * channels + c) * n, n, mean[c]);
            var[c] = static_cast<T>(square / count);
        }
    });
    return FB_OK;
}

template <class T>
int batch_scale(int64_t batch, int64_t channels, int64_t n, const void* x_, const void* mean_, const void* factor_,
        const void* shift_, void* y_) {
    const T *x = static_cast<const T*>(x_), *mean = static_cast<const T*>(mean_),
            *factor = static_cast<const T*>(factor_), *shift = static_cast<const T*>(shift_);
    T *y = static_cast<T*>(y_);
    const NormKernels<T>& k = table<T>();
    parallel_for(batch * channels, rows_at_once(n), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t c = i % channels;
            k.scale(y + i * n, x + i * n, n, mean[c], factor[c], shift ? shift[c] : T{});
        }
    });
    return FB_OK;
}

template <class T>
int batch_grad(int64_t batch, int64_t channels, int64_t n, const void* g_, const void* x_, const void* w_,
        const void* mean_, const void* rstd_,
               int training, void* gx_, void* gw_, void* gb_) {
    const T *g = static_cast<const T*>(g_), *x = static_cast<const T*>(x_), *w = static_cast<const T*>(w_),
            *mean = static_cast<const T*>(mean_), *rstd = static_cast<const T*>(rstd_);
    T *gx = static_cast<T*>(gx_), *gw = static_cast<T*>(gw_), *gb = static_cast<T*>(gb_);
    const NormKernels<T>& k = table<T>();
    const double count = static_cast<double>(batch * n);
    parallel_for(channels, rows_at_once(2 * batch * n), [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
            double total = 0, moment = 0;
            for (int64_t i = 0; i < batch; ++i) {
                const int64_t row = (i * channels + c) * n;
                total += k.sum(g + row, n);
                moment += k.product(g + row, x + row, n, mean[c], rstd[c]);
            }
            gw[c] = static_cast<T>(moment);
            gb[c] = static_cast<T>(total);
            const T factor = w ? rstd[c] * w[c] : rstd[c];
            const T mean_g = training ? static_cast<T>(total / count) : T{};
            const T mean_gx = training ? static_cast<T>(moment / count) : T{};
            for (int64_t i = 0; i < batch; ++i) {
                const int64_t row = (i * channels + c) * n;
                if (training)
                    k.grad(gx + row, g + row, nullptr, x + row, n, mean[c], rstd[c], factor, mean_g, mean_gx);
                else
                    k.scale(gx + row, g + row, n, T{}, factor, T{});
            }
        }
    });
    return FB_OK;
}

}  // namespace
}  // namespace fb

// A call of a function of the file on arrays of the dtype.
#define FB_OF_DTYPE(function, ...)                              \
    (dtype == FB_FLOAT32   ? fb::function<float>(__VA_ARGS__)   \
     : dtype == FB_FLOAT64 ? fb::function<double>(__VA_ARGS__)  \
                           : FB_ERR_DTYPE)

extern "C" {

int fb_layer_norm(int dtype, int64_t rows, int64_t n, const void* x, const void* w, const void* b, double eps, void* y,
                  void* mean, void* rstd) {
    return FB_OF_DTYPE(layer, rows, n, x, w, b, eps, y, mean, rstd);
}

int fb_layer_norm_grad(int dtype, int64_t rows, int64_t n, const void* g, const void* x, const void* w,
        const void* mean,
                       const void* rstd, void* gx, void* gw, void* gb) {
    return FB_OF_DTYPE(layer_grad, rows, n, g, x, w, mean, rstd, gx, gw, gb);
}

double fb_sum_of_squares(int dtype, int64_t n, const void* x, double mean) {
    return dtype == FB_FLOAT32 ? fb::squares<float>(n, x, static_cast<float>(mean)) : fb::squares<double>(n, x, mean);
}

int fb_channel_moments(int dtype, int64_t batch, int64_t channels, int64_t n, const void* x, void* mean, void* var) {
    return FB_OF_DTYPE(moments, batch, channels, n, x, mean, var);
}

int fb_channel_scale(int dtype, int64_t batch, int64_t channels, int64_t n, const void* x, const void* mean,
                     const void* factor, const void* shift, void* y) {
    return FB_OF_DTYPE(batch_scale, batch, channels, n, x, mean, factor, shift, y);
}

int fb_batch_norm_grad(int dtype, int64_t batch, int64_t channels, int64_t n, const void* g, const void* x,
        const void* w,
                       const void* mean, const void* rstd, int training, void* gx, void* gw, void* gb) {
    return FB_OF_DTYPE(batch_grad, batch, channels, n, g, x, w, mean, rstd, training, gx, gw, gb);
}
}
