// Sorting networks: rows of one length side by side, so that each comparison is one of vectors.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

// Batcher's odd-even merge sort for any n (Knuth, The Art of Computer Programming 3, algorithm 5.2.2M): exchange(i, j)
// puts the smaller one of i < j first.
template <class Exchange>
FB_INLINE void odd_even_merge_sort(int64_t n, Exchange&& exchange) {
    for (int64_t p = 1; p < n; p *= 2)
        for (int64_t k = p; k > 0; k /= 2)
            for (int64_t j = k & (p - 1); j + k < n; j += 2 * k) {
                if (k < p && ((j + k) & (2 * p - 1)) == 0) continue;  // of two halves that are merged by themselves
                const int64_t stop = j + 2 * k < n ? j + k : n - k;
                for (int64_t i = j; i < stop; ++i) exchange(i, i + k);
            }
}

void items(uint64_t* a, int64_t n) {
    odd_even_merge_sort(n, [a](int64_t i, int64_t j) {
        uint64_t *x = a + i * kSortLanes, *y = a + j * kSortLanes;
        FB_IVDEP
        for (int64_t l = 0; l < kSortLanes; ++l) {
            const uint64_t u = x[l], v = y[l];
            x[l] = u < v ? u : v;
            y[l] = u < v ? v : u;
        }
    });
}

void pairs(uint64_t* keys, int64_t* places, int64_t n) {
    odd_even_merge_sort(n, [=](int64_t i, int64_t j) {
        uint64_t *x = keys + i * kSortLanes, *y = keys + j * kSortLanes;
        int64_t *p = places + i * kSortLanes, *q = places + j * kSortLanes;
        FB_IVDEP
        for (int64_t l = 0; l < kSortLanes; ++l) {
            const uint64_t u = x[l], v = y[l];
            const int64_t s = p[l], t = q[l];
            const bool swap = (v < u) | ((v == u) & (t < s));
            x[l] = swap ? v : u;
            y[l] = swap ? u : v;
            p[l] = swap ? t : s;
            q[l] = swap ? s : t;
        }
    });
}

}  // namespace

void register_sort(Kernels& k) { k.sort = {&items, &pairs}; }

}  // namespace FB_ISA
}  // namespace fb
