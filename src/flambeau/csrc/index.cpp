// Elements and slices by index along the middle axis of contiguous (outer, n, inner), and sums of what goes back there.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

constexpr int64_t kWork = 16384;   // elements that one thread takes at least
constexpr int64_t kBlock = 1024;   // of the index, that are checked before they are used
constexpr int64_t kColumns = 256;  // of inner, that are added to by one thread

int64_t at_once(int64_t work) { return std::max<int64_t>(1, kWork / std::max<int64_t>(work, 1)); }

// Whether all of the index is in [-lift, n): both differences have no sign then. SSE2 has no comparison of 64 bits.
bool all_inside(const int64_t* index, int64_t m, int64_t n, int64_t lift = 0) {
    const uint64_t below = static_cast<uint64_t>(lift), last = static_cast<uint64_t>(n) - 1;
    uint64_t signs = 0;
    for (int64_t k = 0; k < m; ++k) {
        const uint64_t i = static_cast<uint64_t>(index[k]);
        signs |= (i + below) | (last - i);
    }
    return !(signs >> 63);
}

template <class T>
int gather(bool wrap, int64_t outer, int64_t m, int64_t n, int64_t inner, const void* x_, const int64_t* index,
           void* y_) {
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    const int64_t slab = m * inner, lift = wrap ? n : 0;
    std::atomic<bool> outside{false};
    parallel_for(outer * slab, kWork, [&](int64_t begin, int64_t end) {
        for (int64_t e = begin; e < end;) {
            const int64_t o = e / slab, stop = std::min({end, (o + 1) * slab, e + kBlock});
            const T* from = x + o * n * inner;
            if (!all_inside(index + e, stop - e, n, lift)) {
                outside = true;
                return;
            }
            if (inner == 1)
                for (; e < stop; ++e) y[e] = from[index[e] + (index[e] < 0 ? lift : 0)];
            for (int64_t column = e % inner; e < stop; ++e) {
                y[e] = from[(index[e] + (index[e] < 0 ? lift : 0)) * inner + column];
                if (++column == inner) column = 0;
            }
        }
    });
    return outside ? FB_ERR_VALUE : FB_OK;
}

// Slices of a few elements are copied one by one, longer ones as bytes.
template <class T>
void take(int64_t outer, int64_t m, int64_t n, int64_t inner, const void* x_, const int64_t* index, void* y_) {
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    parallel_for(outer * m, at_once(inner), [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end;) {
            const int64_t o = r / m, stop = std::min(end, (o + 1) * m);
            const T* from = x + o * n * inner;
            const int64_t* at = index - o * m;
            if (inner == 1)
                for (; r < stop; ++r) y[r] = from[at[r]];
            else
                for (; r < stop; ++r)
                    std::memcpy(static_cast<void*>(y + r * inner), from + at[r] * inner,
                                static_cast<size_t>(inner) * sizeof(T));
        }
    });
}

// Each element gets its terms in the order of the index: threads have elements of their own.
template <class T>
int scatter_add(int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index, const void* src_,
                void* out_) {
    const T* src = static_cast<const T*>(src_);
    T* out = static_cast<T*>(out_);
    const int64_t blocks = (inner + kColumns - 1) / kColumns;
    std::atomic<bool> outside{false};
    parallel_for(outer * blocks, at_once(m * std::min(inner, kColumns)), [&](int64_t begin, int64_t end) {
        for (int64_t u = begin; u < end; ++u) {
            const int64_t o = u / blocks, c0 = u % blocks * kColumns, c1 = std::min(inner, c0 + kColumns);
            T* to = out + o * n * inner;
            const int64_t rows = inner == 1 ? kBlock : 1;  // at once
            for (int64_t k = 0; k < m; k += rows) {
                const int64_t e = (o * m + k) * inner + c0, count = inner == 1 ? std::min(rows, m - k) : c1 - c0;
                if (!all_inside(index + e, count, n)) {
                    outside = true;
                    return;
                }
                if (inner == 1)
                    for (int64_t i = e; i < e + count; ++i) to[index[i]] += src[i];
                else
                    for (int64_t c = c0; c < c1; ++c) to[index[e + c - c0] * inner + c] += src[e + c - c0];
            }
        }
    });
    return outside ? FB_ERR_VALUE : FB_OK;
}

template <class T>
int index_add(int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index, const void* src_, void* out_) {
    const T* src = static_cast<const T*>(src_);
    T* out = static_cast<T*>(out_);
    if (!all_inside(index, m, n)) return FB_ERR_VALUE;
    if (m == 0) return FB_OK;
    // Rows of `out` are split over threads where there are few slabs: each thread reads all of the index.
    const int64_t rows = outer == 1 ? n : outer;
    parallel_for(rows, at_once(m * inner / (outer == 1 ? n : 1)), [&](int64_t begin, int64_t end) {
        const int64_t o0 = outer == 1 ? 0 : begin, o1 = outer == 1 ? 1 : end;
        const int64_t low = outer == 1 ? begin : 0, high = outer == 1 ? end : n;
        for (int64_t o = o0; o < o1; ++o)
            for (int64_t k = 0; k < m; ++k) {
                if (index[k] < low || index[k] >= high) continue;
                T* to = out + (o * n + index[k]) * inner;
                const T* from = src + (o * m + k) * inner;
                FB_IVDEP
                for (int64_t c = 0; c < inner; ++c) to[c] += from[c];
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
    return FB_OF_SIZE(gather, wrap != 0, outer, m, n, inner, x, index, y);
}

int fb_take(int itemsize, int64_t outer, int64_t m, int64_t n, int64_t inner, const void* x, const int64_t* index,
            void* y) {
    if (itemsize != 1 && itemsize != 2 && itemsize != 4 && itemsize != 8 && itemsize != 16) return FB_ERR_DTYPE;
    if (!fb::all_inside(index, m, n)) return FB_ERR_VALUE;
    FB_OF_SIZE(take, outer, m, n, inner, x, index, y);
    return FB_OK;
}

int fb_scatter_add(int dtype, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index,
                   const void* src, void* out) {
    return FB_OF_DTYPE(scatter_add, outer, m, n, inner, index, src, out);
}

int fb_index_add(int dtype, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index, const void* src,
                 void* out) {
    return FB_OF_DTYPE(index_add, outer, m, n, inner, index, src, out);
}
}
