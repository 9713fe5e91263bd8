// The inner loops of convolution by tiles (conv_tiles.cpp). A vector holds one element of as many channels as it has
// lanes, so every loop is over tiles and works alike for images of all sizes.
#include <utility>

#include "vector.hpp"

namespace fb {
namespace FB_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kRows = 12, kFewRows = 4;
#else
constexpr int kRows = 6, kFewRows = 2;
#endif
constexpr int kVectors = 2;  // kRows * kVectors accumulators fit the registers

// ---- what happens to a tile along one axis (conv_tiles.cpp has the formulas)

// m outputs, r taps, n = m + r - 1 elements. `data`, `weight` map to n factors, of which `result` makes outputs from
// products; `grad` and `grad_weight` are the transposes of `result` and `weight`.
struct One {
    static constexpr int m = 1, r = 1, n = 1;
    template <class V> FB_INLINE void data(const V* d, V* v) { v[0] = d[0]; }
    template <class V> FB_INLINE void weight(const V* g, V* u) { u[0] = g[0]; }
    template <class V> FB_INLINE void result(const V* p, V* y) { y[0] = p[0]; }
    template <class V> FB_INLINE void grad(const V* y, V* v) { v[0] = y[0]; }
    template <class V> FB_INLINE void grad_weight(const V* p, V* g) { g[0] = p[0]; }
};
struct Two {
    static constexpr int m = 2, r = 2, n = 3;
    template <class V> FB_INLINE void data(const V* d, V* v) { v[0] = d[0] - d[1], v[1] = d[1], v[2] = d[2] - d[1]; }
    template <class V> FB_INLINE void weight(const V* g, V* u) { u[0] = g[0], u[1] = g[0] + g[1], u[2] = g[1]; }
    template <class V> FB_INLINE void result(const V* p, V* y) { y[0] = p[0] + p[1], y[1] = p[1] + p[2]; }
    template <class V> FB_INLINE void grad(const V* y, V* v) { weight(y, v); }
    template <class V> FB_INLINE void grad_weight(const V* p, V* g) { result(p, g); }
};
struct Three {
    static constexpr int m = 2, r = 3, n = 4;
    template <class V> FB_INLINE void data(const V* d, V* v) {
        v[0] = d[0] - d[2], v[1] = d[1] + d[2], v[2] = d[2] - d[1], v[3] = d[1] - d[3];
    }
    template <class V> FB_INLINE void weight(const V* g, V* u) {
        const V ends = g[0] + g[2];
        u[0] = g[0], u[1] = (ends + g[1]) / 2, u[2] = (ends - g[1]) / 2, u[3] = g[2];
    }
    template <class V> FB_INLINE void result(const V* p, V* y) {
        y[0] = p[0] + p[1] + p[2], y[1] = p[1] - p[2] - p[3];
    }
    template <class V> FB_INLINE void grad(const V* y, V* v) {
        v[0] = y[0], v[1] = y[0] + y[1], v[2] = y[0] - y[1], v[3] = -y[1];
    }
    template <class V> FB_INLINE void grad_weight(const V* p, V* g) {
        const V sum = (p[1] + p[2]) / 2;
        g[0] = p[0] + sum, g[1] = (p[1] - p[2]) / 2, g[2] = sum + p[3];
    }
};

// f, from N elements to M, along the columns and then the rows of a square.
template <int N, int M, class V, class F>
FB_INLINE void along_both(const V* in, V* out, F f) {
    V half[M * N];
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
        V column[N], mapped[M];
#pragma GCC unroll 4
        for (int i = 0; i < N; ++i) column[i] = in[i * N + j];
        f(column, mapped);
#pragma GCC unroll 4
        for (int i = 0; i < M; ++i) half[i * N + j] = mapped[i];
    }
#pragma GCC unroll 4
    for (int i = 0; i < M; ++i) f(half + i * N, out + i * M);
}

// ---- blocks of a matrix turned round: element j of vector i to element i of vector j

#if defined(__clang__)
template <int Half, bool Second, class V, size_t... L>
FB_INLINE V exchanged(V a, V b, std::index_sequence<L...>) {
    constexpr size_t n = sizeof...(L);
    return __builtin_shufflevector(a, b, (Second ? (L & Half ? n + L : L + Half) : (L & Half ? n + L - Half : L))...);
}
#else
template <int Half, bool Second, class V, size_t... L>
FB_INLINE V exchanged(V a, V b, std::index_sequence<L...>) {
    constexpr size_t n = sizeof...(L);
    typedef decltype(a < b) Places;
    return __builtin_shuffle(
        a, b, Places{(Second ? (L & Half ? n + L : L + Half) : (L & Half ? n + L - Half : L))...});
}
#endif

template <int Half, class T>
FB_INLINE void turn(typename Vector<T>::type* v) {
    constexpr int lanes = Vector<T>::lanes;
    if constexpr (Half < lanes) {
        using Lanes = std::make_index_sequence<lanes>;
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i)
            if (!(i & Half)) {
                const auto a = v[i], b = v[i + Half];
                v[i] = exchanged<Half, false>(a, b, Lanes{});
                v[i + Half] = exchanged<Half, true>(a, b, Lanes{});
            }
        turn<2 * Half, T>(v);
    }
}

// ---- input tiles

// The channels of an image become the lanes of vectors, in rows padded with zeros; then each tile becomes factors.
template <class T, class S, bool Grad>
void data(const TileData<T>& d) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes, taken = Grad ? S::m : S::n, n = S::n;
    const int64_t positions = d.rows * d.width, pitch = d.pitch * lanes;
    for (int64_t c = 0; c < d.channels; c += lanes) {
        const int64_t some = d.channels - c < lanes ? d.channels - c : lanes;
        const T* x = d.x + c * d.channel_stride;
        T* row = d.scratch + d.first * lanes;
        int64_t column = 0;
        auto put = [&](Vec v) {
            store(row + column * lanes, v);
            if (++column == d.width) column = 0, row += pitch;
        };
        int64_t p = 0;
        if (some == lanes)
            for (; p + lanes <= positions; p += lanes) {
                Vec block[lanes];
#pragma GCC unroll 16
                for (int l = 0; l < lanes; ++l) block[l] = load(x + l * d.channel_stride + p);
                turn<1, T>(block);
#pragma GCC unroll 16
                for (int l = 0; l < lanes; ++l) put(block[l]);
            }
        for (; p < positions; ++p) {
            T one[lanes] = {};
            for (int64_t l = 0; l < some; ++l) one[l] = x[l * d.channel_stride + p];
            put(load(one));
        }
        for (int64_t phase = 0; phase < d.phases; ++phase) {
            T* v = d.v + phase * d.phase_stride + c;
            for (int64_t i = 0; i < d.tile_rows; ++i) {
                const T* tile = d.scratch + (d.offsets[phase] + i * S::m * d.step * d.pitch) * lanes;
                for (int64_t j = 0; j < d.tile_columns; ++j, tile += S::m * d.step * lanes, v += d.v_tile) {
                    Vec in[taken * taken], out[n * n];
#pragma GCC unroll 4
                    for (int a = 0; a < taken; ++a)
#pragma GCC unroll 4
                        for (int b = 0; b < taken; ++b)
                            in[a * taken + b] = load(tile + a * d.step * pitch + b * d.step * lanes);
                    along_both<taken, n>(in, out, [](const Vec* from, Vec* to) {
                        if constexpr (Grad) S::grad(from, to);
                        else S::data(from, to);
                    });
#pragma GCC unroll 16
                    for (int f = 0; f < n * n; ++f) store(v + f * d.v_factor, out[f]);
                }
            }
        }
    }
}

// ---- weights

template <class T, class S>
void weights(const TileWeights<T>& d) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes, n = S::n, r = S::r, panel = kVectors * lanes;
    for (int64_t phase = 0; phase < d.phases; ++phase)
        for (int64_t c = 0; c < d.channels; ++c) {
            T* u = d.u + (phase * d.phase_channels + c) * panel;
            for (int h = 0; h < panel; h += lanes) {
                const int64_t some = d.outputs - h < lanes ? d.outputs - h : lanes;
                T taps[r * r][lanes] = {};
                for (int t = 0; t < r * r; ++t) {
                    const int64_t tap = d.taps[phase * r * r + t];
                    const T* w = d.w + h * d.w_output + c * d.w_channel + tap;
                    if (tap >= 0)
                        for (int64_t l = 0; l < some; ++l) taps[t][l] = w[l * d.w_output];
                }
                Vec in[r * r], out[n * n];
#pragma GCC unroll 9
                for (int t = 0; t < r * r; ++t) in[t] = load(taps[t]);
                along_both<r, n>(in, out, [](const Vec* from, Vec* to) { S::weight(from, to); });
#pragma GCC unroll 16
                for (int f = 0; f < n * n; ++f) store(u + f * d.u_factor + h, out[f]);
            }
        }
}

// ---- products

template <class T, int R>
void product_rows(const TileProduct<T>& d, int64_t row, bool add) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes;
    Vec acc[R][kVectors] = {};
    const T* a = d.a + row * d.a_row;
    const T* b = d.b;
    for (int64_t k = 0; k < d.depth; ++k, a += d.a_step, b += d.b_step) {
        Vec in[kVectors];
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) in[v] = load(b + v * lanes);
#pragma GCC unroll 12
        for (int i = 0; i < R; ++i) {
            const Vec x = spread(a[i * d.a_row]);
#pragma GCC unroll 2
            for (int v = 0; v < kVectors; ++v) acc[i][v] += x * in[v];
        }
    }
#pragma GCC unroll 12
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) {
            T* out = d.out + (row + i) * d.out_row + v * lanes;
            store(out, add ? load(out) + acc[i][v] : acc[i][v]);
        }
}

template <class T>
void product(const TileProduct<T>& d) {
    int64_t row = 0;
    for (; row + kRows <= d.rows; row += kRows) product_rows<T, kRows>(d, row, d.add);
    for (; row < d.rows; row += kFewRows) product_rows<T, kFewRows>(d, row, d.add);
}

// ---- results

// Outputs of a segment; false when one of them is not finite.
template <class T, class S>
bool results(const TileResults<T>& d) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes, n = S::n, m = S::m;
    Vec zero{};  // NaN once something is not finite
    for (int64_t o = 0; o < d.outputs; o += lanes) {
        const int64_t some = d.outputs - o < lanes ? d.outputs - o : lanes;
        T bias[lanes] = {};
        for (int64_t l = 0; d.bias && l < some; ++l) bias[l] = d.bias[o + l];
        const Vec offset = load(bias);
        const T* products = d.products + o;
        for (int64_t i = 0; i < d.rows; i += m)
            for (int64_t j = 0; j < d.columns; j += m, products += d.p_tile) {
                Vec in[n * n], out[m * m];
#pragma GCC unroll 16
                for (int f = 0; f < n * n; ++f) in[f] = load(products + f * d.p_factor);
                along_both<n, m>(in, out, [](const Vec* from, Vec* to) { S::result(from, to); });
#pragma GCC unroll 2
                for (int a = 0; a < m; ++a)
#pragma GCC unroll 2
                    for (int b = 0; b < m; ++b) {
                        if (i + a >= d.rows || j + b >= d.columns) continue;
                        const Vec y = out[a * m + b] + offset;
                        zero += y - y;
                        store(d.scratch + ((i + a) * d.columns + j + b) * lanes, y);
                    }
            }
        T* y = d.y + o * d.y_channel;
        const int64_t positions = d.rows * d.columns;
        int64_t p = 0;
        if (some == lanes && d.y_column == 1 && d.y_row == d.columns)
            for (; p + lanes <= positions; p += lanes) {
                Vec block[lanes];
#pragma GCC unroll 16
                for (int l = 0; l < lanes; ++l) block[l] = load(d.scratch + (p + l) * lanes);
                turn<1, T>(block);
#pragma GCC unroll 16
                for (int l = 0; l < lanes; ++l) store(y + l * d.y_channel + p, block[l]);
            }
        for (int64_t l = 0; l < some; ++l) {  // a channel at a time: their places may fall together in the cache
            int64_t row = p / d.columns, column = p % d.columns;
            for (int64_t q = p; q < positions; ++row, column = 0) {
                T* to = y + l * d.y_channel + row * d.y_row;
                for (; column < d.columns && q < positions; ++column, ++q)
                    to[column * d.y_column] = d.scratch[q * lanes + l];
            }
        }
    }
    T sums[lanes];
    store(sums, zero);
    bool finite = true;
    for (int l = 0; l < lanes; ++l) finite = finite && sums[l] == 0;
    return finite;
}

// The gradient in the weights of one output.
template <class T, class S>
void weight_results(const TileWeightResults<T>& d) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes, n = S::n, r = S::r;
    for (int64_t phase = 0; phase < d.phases; ++phase)
        for (int64_t c = 0; c < d.channels; c += lanes) {
            const T* p = d.products + phase * d.phase_channels + c;
            Vec in[n * n], out[r * r];
            T taps[r * r][lanes];
#pragma GCC unroll 16
            for (int f = 0; f < n * n; ++f) in[f] = load(p + f * d.p_factor);
            along_both<n, r>(in, out, [](const Vec* from, Vec* to) { S::grad_weight(from, to); });
#pragma GCC unroll 9
            for (int t = 0; t < r * r; ++t) store(taps[t], out[t]);
            for (int64_t l = 0; l < lanes && c + l < d.channels; ++l)
                for (int t = 0; t < r * r; ++t) {
                    const int64_t tap = d.taps[phase * r * r + t];
                    if (tap >= 0) d.gw[(c + l) * d.w_channel + tap] = taps[t][l];
                }
        }
}

template <class T, class S>
TileScheme<T> scheme() {
    return {S::m, S::r, &data<T, S, false>, &data<T, S, true>, &weights<T, S>, &results<T, S>, &weight_results<T, S>};
}

template <class T>
TileKernels<T> kernels_of() {
    return {Vector<T>::lanes, kVectors * Vector<T>::lanes, kFewRows, &product<T>,
            {scheme<T, One>(), scheme<T, Two>(), scheme<T, Three>()}};
}

}  // namespace

void register_conv_tiles(Kernels& k) {
    k.tiles32 = kernels_of<float>();
    k.tiles64 = kernels_of<double>();
}

}  // namespace FB_ISA
}  // namespace fb
