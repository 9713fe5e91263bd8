// Pooling over up to three spatial axes, plane by plane: the maximum of windows and its gradient, the mean and its own.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

template <class T>
const PoolKernels<T>& table();
template <>
const PoolKernels<float>& table<float>() { return kernels().pool32; }
template <>
const PoolKernels<double>& table<double>() { return kernels().pool64; }

constexpr int64_t kWork = 16384;  // operations that one thread does at least

int64_t at_once(int64_t work) { return std::max<int64_t>(1, kWork / std::max<int64_t>(work, 1)); }
int64_t product(const int64_t* n) { return n[0] * n[1] * n[2]; }

// Where an axis is seen by window o: elements start, start + dilation, ... up to `stop`, which start at `first`.
struct Seen {
    int64_t first, stop;
};
Seen seen(const fb_pool_shape& s, int axis, int64_t o) {
    const int64_t start = o * s.stride[axis] - s.padding[axis], d = s.dilation[axis];
    return {start < 0 ? start + (-start + d - 1) / d * d : start,
            std::min(start + (s.kernel[axis] - 1) * d + 1, s.in[axis])};
}

template <class T>
int max_pool(const fb_pool_shape& s, const void* x_, void* y_, int64_t* index) {
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    const PoolKernels<T>& k = table<T>();
    const int64_t plane = product(s.in), rows = s.out[0] * s.out[1], width = s.out[2];
    parallel_for(s.planes * rows, at_once(width * product(s.kernel)), [&](int64_t begin, int64_t end) {
        std::vector<int64_t> taps;  // where the rows that the windows see begin
        for (int64_t r = begin; r < end; ++r) {
            const Seen depth = seen(s, 0, r % rows / s.out[1]), height = seen(s, 1, r % s.out[1]);
            taps.clear();
            for (int64_t i = depth.first; i < depth.stop; i += s.dilation[0])
                for (int64_t j = height.first; j < height.stop; j += s.dilation[1])
                    taps.push_back((i * s.in[1] + j) * s.in[2]);
            const int64_t first = (depth.first * s.in[1] + height.first) * s.in[2];
            k.max_row(s, x + r / rows * plane, static_cast<int64_t>(taps.size()), taps.data(), first, y + r * width,
                      index + r * width);
        }
    });
    return FB_OK;
}

template <class T>
int max_pool_grad(int64_t planes, int64_t inputs, int64_t outputs, const void* g_, const int64_t* index, void* gx_) {
    const T* g = static_cast<const T*>(g_);
    T* gx = static_cast<T*>(gx_);
    std::atomic<bool> outside{false};
    parallel_for(planes, at_once(inputs + outputs), [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
            T* to = gx + p * inputs;
            std::memset(static_cast<void*>(to), 0, static_cast<size_t>(inputs) * sizeof(T));
            for (int64_t o = p * outputs; o < (p + 1) * outputs; ++o) {
                if (static_cast<uint64_t>(index[o]) >= static_cast<uint64_t>(inputs)) {
                    outside = true;
                    return;
                }
                to[index[o]] += g[o];
            }
        }
    });
    return outside ? FB_ERR_VALUE : FB_OK;
}

// What the windows in row r of all rows of windows see: elements of the first two axes, and what they count for.
struct Rows {
    int64_t d0, d1, h0, h1, count;
    Rows(const fb_pool_windows& w, int64_t r) {
        const int64_t d = r / w.out[1], h = r % w.out[1];
        d0 = w.begin[0][d], d1 = w.end[0][d], h0 = w.begin[1][h], h1 = w.end[1][h];
        count = w.count[0][d] * w.count[1][h];
    }
};

template <class T>
int avg_pool(const fb_pool_windows& w, const void* x_, void* y_) {
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    const int64_t n = w.in[2], width = w.out[2], rows = w.out[0] * w.out[1], plane = product(w.in);
    const int64_t work = plane / std::max<int64_t>(rows, 1) + width;
    parallel_for(w.planes * rows, at_once(work), [&](int64_t begin, int64_t end) {
        std::vector<double> sums(static_cast<size_t>(n));
        for (int64_t r = begin; r < end; ++r) {
            const Rows of(w, r % rows);
            std::fill(sums.begin(), sums.end(), 0.0);
            for (int64_t d = of.d0; d < of.d1; ++d)
                for (int64_t h = of.h0; h < of.h1; ++h) {
                    const T* row = x + r / rows * plane + (d * w.in[1] + h) * n;
                    for (int64_t i = 0; i < n; ++i) sums[static_cast<size_t>(i)] += static_cast<double>(row[i]);
                }
            for (int64_t o = 0; o < width; ++o) {
                double total = 0;
                for (int64_t i = w.begin[2][o]; i < w.end[2][o]; ++i) total += sums[static_cast<size_t>(i)];
                y[r * width + o] = static_cast<T>(
                    total / static_cast<double>(w.divisor ? w.divisor : of.count * w.count[2][o]));
            }
        }
    });
    return FB_OK;
}

template <class T>
int avg_pool_grad(const fb_pool_windows& w, const void* g_, void* gx_) {
    const T* g = static_cast<const T*>(g_);
    T* gx = static_cast<T*>(gx_);
    const int64_t n = w.in[2], width = w.out[2], rows = w.out[0] * w.out[1], plane = product(w.in);
    parallel_for(w.planes, at_once(plane + rows * width), [&](int64_t begin, int64_t end) {
        std::vector<T> spread(static_cast<size_t>(n));  // the part of one row of windows in each row that it sees
        for (int64_t p = begin; p < end; ++p) {
            T* to = gx + p * plane;
            std::memset(static_cast<void*>(to), 0, static_cast<size_t>(plane) * sizeof(T));
            for (int64_t r = 0; r < rows; ++r) {
                const Rows of(w, r);
                std::fill(spread.begin(), spread.end(), T{});
                for (int64_t o = 0; o < width; ++o) {
                    const T part = g[(p * rows + r) * width + o] /
                                   static_cast<T>(w.divisor ? w.divisor : of.count * w.count[2][o]);
                    for (int64_t i = w.begin[2][o]; i < w.end[2][o]; ++i) spread[static_cast<size_t>(i)] += part;
                }
                for (int64_t d = of.d0; d < of.d1; ++d)
                    for (int64_t h = of.h0; h < of.h1; ++h) {
                        T* row = to + (d * w.in[1] + h) * n;
                        for (int64_t i = 0; i < n; ++i) row[i] += spread[static_cast<size_t>(i)];
                    }
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

int fb_max_pool(int dtype, const fb_pool_shape* shape, const void* x, void* y, int64_t* index) {
    if (fb::product(shape->in) > INT32_MAX) return FB_ERR_VALUE;
    return FB_OF_DTYPE(max_pool, *shape, x, y, index);
}

int fb_max_pool_grad(int dtype, int64_t planes, int64_t inputs, int64_t outputs, const void* g, const int64_t* index,
                     void* gx) {
    return FB_OF_DTYPE(max_pool_grad, planes, inputs, outputs, g, index, gx);
}

int fb_avg_pool(int dtype, const fb_pool_windows* windows, const void* x, void* y) {
    return FB_OF_DTYPE(avg_pool, *windows, x, y);
}

int fb_avg_pool_grad(int dtype, const fb_pool_windows* windows, const void* g, void* gx) {
    return FB_OF_DTYPE(avg_pool_grad, *windows, g, gx);
}
}
