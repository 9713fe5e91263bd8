// Elements and slices by index along the middle axis of contiguous (outer, n, inner), and sums of what goes back there.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <type_traits>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

constexpr int64_t kWork = 16384;  // elements that one thread takes at least
constexpr int64_t kColumns = 64;  // of inner, treated together: n rows of them stay in the cache

int64_t at_once(int64_t work) { return std::max<int64_t>(1, kWork / std::max<int64_t>(work, 1)); }

// Whether all of the index is in [0, n): i and n - 1 - i have no sign then, which SSE2 can tell: it has no comparison
// of 64 bits.
bool all_inside(const int64_t* index, int64_t m, int64_t n) {
    const uint64_t last = static_cast<uint64_t>(n) - 1;
    uint64_t signs = 0;
    for (int64_t k = 0; k < m; ++k) {
        const uint64_t i = static_cast<uint64_t>(index[k]);
        signs |= i | (last - i);
    }
    return !(signs >> 63);
}

// f(i, place of index[i]) for i in [0, count): row index[i] (+ lift where negative) of n rows of `inner` columns, and
// column i if there are several. False at the first index out of range. f has its pointers by value: behind a
// reference they would be loaded again after each write.
template <class F>
inline bool each_place(const int64_t* index, int64_t count, int64_t n, int64_t inner, int64_t lift, F f) {
    const uint64_t rows = static_cast<uint64_t>(n);
    if (inner == 1 && lift == 0) {
        for (int64_t i = 0; i < count; ++i) {
            const int64_t row = index[i];
            if (static_cast<uint64_t>(row) >= rows) return false;
            f(i, row);
        }
        return true;
    }
    const int64_t column = inner > 1;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = index[i] + (index[i] < 0 ? lift : 0);
        if (static_cast<uint64_t>(row) >= rows) return false;
        f(i, row * inner + i * column);
    }
    return true;
}

struct Sizes {
    int64_t outer, m, n, inner;
};

// f(e, count, base) for runs of an index (outer, m, inner) that name rows of an array (outer, n, inner): elements e to
// e + count, of one slab and, if inner > 1, of one row; `base` is where column 0 of the run is in row 0 of its slab.
// One thread takes all rows of some columns, in order, unless these may be `split`. False once f returns false.
template <class F>
bool each_run(const Sizes& s, bool split, F f) {
    if (s.outer * s.m * s.inner == 0) return true;
    const int64_t width = std::min(s.inner, kColumns), blocks = (s.inner + width - 1) / width;
    const int64_t rows = split ? std::min(s.m, at_once(width)) : s.m, parts = (s.m + rows - 1) / rows;
    std::atomic<bool> fine{true};
    parallel_for(s.outer * blocks * parts, at_once(rows * width), [&](int64_t begin, int64_t end) {
        for (int64_t u = begin; u < end; ++u) {
            const int64_t o = u / parts / blocks, c0 = u / parts % blocks * width, k0 = u % parts * rows;
            const int64_t k1 = std::min(s.m, k0 + rows), count = s.inner == 1 ? k1 - k0 : std::min(width, s.inner - c0);
            for (int64_t k = k0; k < k1; k += s.inner == 1 ? count : 1)
                if (!f((o * s.m + k) * s.inner + c0, count, o * s.n * s.inner + c0)) {
                    fine = false;
                    return;
                }
        }
    });
    return fine;
}

template <class T>
int gather(bool wrap, const Sizes& s, const void* x_, const int64_t* index, void* y_) {
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    const int64_t n = s.n, inner = s.inner, lift = wrap ? s.n : 0;
    return each_run(s, true, [=](int64_t e, int64_t count, int64_t base) {
        T* to = y + e;
        const T* from = x + base;
        return each_place(index + e, count, n, inner, lift, [=](int64_t i, int64_t at) { to[i] = from[at]; });
    }) ? FB_OK : FB_ERR_VALUE;
}

// step: 0 for one value that goes everywhere.
template <class T>
int scatter(const Sizes& s, const int64_t* index, const void* src_, int64_t step, void* out_) {
    const T* src = static_cast<const T*>(src_);
    T* out = static_cast<T*>(out_);
    const int64_t n = s.n, inner = s.inner;
    return each_run(s, false, [=](int64_t e, int64_t count, int64_t base) {
        T* to = out + base;
        const T* from = src + e * step;
        return each_place(index + e, count, n, inner, 0, [=](int64_t i, int64_t at) { to[at] = from[i * step]; });
    }) ? FB_OK : FB_ERR_VALUE;
}

// Each element gets its terms in the order of the index.
template <class T>
int scatter_add(const Sizes& s, const int64_t* index, const void* src_, void* out_) {
    const T* src = static_cast<const T*>(src_);
    T* out = static_cast<T*>(out_);
    const int64_t n = s.n, inner = s.inner;
    return each_run(s, false, [=](int64_t e, int64_t count, int64_t base) {
        T* to = out + base;
        const T* from = src + e;
        return each_place(index + e, count, n, inner, 0, [=](int64_t i, int64_t at) { to[at] += from[i]; });
    }) ? FB_OK : FB_ERR_VALUE;
}

// Slices of a few elements are copied one by one, longer ones as bytes.
template <class T>
void take(const Sizes& s, const void* x_, const int64_t* index, void* y_) {
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    const int64_t m = s.m, inner = s.inner;
    parallel_for(s.outer * m, at_once(inner), [=](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end;) {
            const int64_t o = r / m, stop = std::min(end, (o + 1) * m);
            const T* from = x + o * s.n * inner;
            const int64_t* at = index + (r - o * m);
            T* to = y + r * inner;
            if (inner == 1)
                each_place(at, stop - r, s.n, 1, 0, [=](int64_t i, int64_t place) { to[i] = from[place]; });
            else
                for (int64_t i = 0; i < stop - r; ++i)
                    std::memcpy(static_cast<void*>(to + i * inner), from + at[i] * inner,
                                static_cast<size_t>(inner) * sizeof(T));
            r = stop;
        }
    });
}

void add_row(float* to, const float* from, int64_t n) { kernels().reduce.f32.into[FB_SUM](to, from, n); }
void add_row(double* to, const double* from, int64_t n) { kernels().reduce.f64.into[FB_SUM](to, from, n); }
void add_row(int64_t* to, const int64_t* from, int64_t n) { kernels().reduce.i64.into[FB_SUM](to, from, n); }

template <class T>
int index_add(const Sizes& s, const int64_t* index, const void* src_, void* out_) {
    using Row = std::conditional_t<std::is_same<T, uint64_t>::value, int64_t, T>;  // of the same bits
    const T* src = static_cast<const T*>(src_);
    T* out = static_cast<T*>(out_);
    const int64_t m = s.m, n = s.n, inner = s.inner;
    if (!all_inside(index, m, n)) return FB_ERR_VALUE;
    if (m == 0) return FB_OK;
    if (inner == 1 && s.outer > 1) {
        parallel_for(s.outer, at_once(m), [=](int64_t begin, int64_t end) {
            for (int64_t o = begin; o < end; ++o) {
                T* to = out + o * n;
                const T* from = src + o * m;
                each_place(index, m, n, 1, 0, [=](int64_t i, int64_t at) { to[at] += from[i]; });
            }
        });
        return FB_OK;
    }
    // Rows of `out` are split over threads where there are few slabs: each thread reads all of the index.
    const bool one = s.outer == 1;
    parallel_for(one ? n : s.outer, at_once(m * inner / (one ? n : 1)), [=](int64_t begin, int64_t end) {
        const int64_t low = one ? begin : 0, high = one ? end : n;
        for (int64_t o = one ? 0 : begin; o < (one ? 1 : end); ++o)
            for (int64_t k = 0; k < m; ++k) {
                if (index[k] < low || index[k] >= high) continue;
                T* to = out + (o * n + index[k]) * inner;
                const T* from = src + (o * m + k) * inner;
                if (inner < 16)
                    for (int64_t c = 0; c < inner; ++c) to[c] += from[c];
                else add_row(reinterpret_cast<Row*>(to), reinterpret_cast<const Row*>(from), inner);
            }
    });
    return FB_OK;
}

struct Wide {
    uint64_t low, high;
};

}  // namespace
}  // namespace fb

// A call of a function of the file on elements of a size, and on numbers of a dtype that are added.
#define FB_OF_SIZE(function, ...)                         \
    (itemsize == 1    ? fb::function<uint8_t>(__VA_ARGS__)   \
     : itemsize == 2  ? fb::function<uint16_t>(__VA_ARGS__)  \
     : itemsize == 4  ? fb::function<uint32_t>(__VA_ARGS__)  \
     : itemsize == 8  ? fb::function<uint64_t>(__VA_ARGS__)  \
                      : fb::function<fb::Wide>(__VA_ARGS__))
#define FB_OF_DTYPE(function, ...)                              \
    (dtype == FB_FLOAT32   ? fb::function<float>(__VA_ARGS__)   \
     : dtype == FB_FLOAT64 ? fb::function<double>(__VA_ARGS__)  \
     : dtype == FB_INT64   ? fb::function<uint64_t>(__VA_ARGS__) \
                           : FB_ERR_DTYPE)

extern "C" {

int fb_gather(int itemsize, int wrap, int64_t outer, int64_t m, int64_t n, int64_t inner, const void* x,
              const int64_t* index, void* y) {
    if (itemsize != 1 && itemsize != 2 && itemsize != 4 && itemsize != 8 && itemsize != 16) return FB_ERR_DTYPE;
    return FB_OF_SIZE(gather, wrap != 0, fb::Sizes{outer, m, n, inner}, x, index, y);
}

int fb_take(int itemsize, int64_t outer, int64_t m, int64_t n, int64_t inner, const void* x, const int64_t* index,
            void* y) {
    if (itemsize != 1 && itemsize != 2 && itemsize != 4 && itemsize != 8 && itemsize != 16) return FB_ERR_DTYPE;
    if (!fb::all_inside(index, m, n)) return FB_ERR_VALUE;
    FB_OF_SIZE(take, fb::Sizes{outer, m, n, inner}, x, index, y);
    return FB_OK;
}

int fb_scatter(int itemsize, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index, const void* src,
               int64_t step, void* out) {
    if (itemsize != 1 && itemsize != 2 && itemsize != 4 && itemsize != 8 && itemsize != 16) return FB_ERR_DTYPE;
    return FB_OF_SIZE(scatter, fb::Sizes{outer, m, n, inner}, index, src, step, out);
}

int fb_scatter_add(int dtype, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index,
                   const void* src, void* out) {
    return FB_OF_DTYPE(scatter_add, fb::Sizes{outer, m, n, inner}, index, src, out);
}

int fb_index_add(int dtype, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index, const void* src,
                 void* out) {
    return FB_OF_DTYPE(index_add, fb::Sizes{outer, m, n, inner}, index, src, out);
}
}
