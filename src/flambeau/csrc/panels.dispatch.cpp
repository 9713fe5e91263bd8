// Products of few rows with a packed matrix: the micro kernel of panels.hpp.
#include "vector.hpp"

namespace fb {
namespace FB_ISA {
namespace {

// kRows rows of kPanelVectors accumulators, a row of the panel and an element of a fit the registers.
constexpr int kRows = kBytes == 64 ? 6 : 3;
constexpr int64_t kRun = 128;  // of k: such a piece of a panel stays in the first-level cache for all rows

// out (R, V vectors) = or += a (R, k) panel (k, V vectors)
template <class T, int R, int V>
void tile(int64_t k, const T* a, int64_t lda, const T* panel, bool add, T* out) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes;
    Vec acc[R][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) acc[r][v] = Vec{};
    for (int64_t p = 0; p < k; ++p, panel += V * lanes) {
        Vec b[V];
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) b[v] = load(panel + v * lanes);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const Vec x = a[r * lda + p] - Vec{};
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) acc[r][v] += x * b[v];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            T* to = out + (r * V + v) * lanes;
            const Vec sum = add ? load(to) + acc[r][v] : acc[r][v];
            memcpy(to, &sum, sizeof sum);
        }
}

template <class T, int V>
void tile_of(int64_t rows, int64_t k, const T* a, int64_t lda, const T* panel, bool add, T* out) {
    switch (rows) {
        case 1: return tile<T, 1, V>(k, a, lda, panel, add, out);
        case 2: return tile<T, 2, V>(k, a, lda, panel, add, out);
        case 3: return tile<T, 3, V>(k, a, lda, panel, add, out);
#if defined(__AVX512F__)
        case 4: return tile<T, 4, V>(k, a, lda, panel, add, out);
        case 5: return tile<T, 5, V>(k, a, lda, panel, add, out);
        case 6: return tile<T, 6, V>(k, a, lda, panel, add, out);
#endif
    }
}

// Runs of k are summed by themselves: the error of a long sum in T grows with its length.
template <class T, int V>
void product(int64_t rows, int64_t k, const T* a, int64_t lda, const T* panel, T* out) {
    constexpr int width = V * Vector<T>::lanes;
    const int64_t tiles = (rows + kRows - 1) / kRows;
    int64_t from = 0;
    do {
        const int64_t run = k - from < kRun ? k - from : kRun;
        for (int64_t t = 0; t < tiles; ++t) {  // of the same number of rows, or one less
            const int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
            tile_of<T, V>(end - begin, run, a + begin * lda + from, lda, panel + from * width, from > 0,
                          out + begin * width);
        }
        from += run;
    } while (from < k);
}

template <class T>
PanelKernels<T> table() {
    return {Vector<T>::lanes, {&product<T, 1>, &product<T, 2>, &product<T, 3>, &product<T, 4>}};
}

}  // namespace

void register_panels(Kernels& k) {
    k.panel32 = table<float>();
    k.panel64 = table<double>();
}

}  // namespace FB_ISA
}  // namespace fb
