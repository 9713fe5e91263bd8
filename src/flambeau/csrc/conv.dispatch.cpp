// The inner loops of convolution, on the packed arrays that conv.cpp makes.
//
// Packed, a sample is flat: the input of tap t for output position p is x[offset[t] + p], whatever the stride. So one
// loop over positions serves all shapes; positions between the rows are computed along and not written.
#include "vector.hpp"

namespace fb {
namespace FB_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kOutputs = 8, kRows = 4, kColumns = 5;
#elif defined(__AVX2__)
constexpr int kOutputs = 4, kRows = 4, kColumns = 2;
#else
constexpr int kOutputs = 4, kRows = 4, kColumns = 2;
#endif
constexpr int64_t kRun = 64;  // channels
constexpr int kVectors = 3;  // of positions at once: kOutputs * kVectors accumulators fit the registers

// B outputs at V vectors of positions, from all channels and taps; out has B rows of kVectors vectors. Runs of channels
// are summed by themselves: the error of a long sum in T grows with its length.
template <class T, int B, int V>
void tile(const ConvRows<T>& r, int64_t position, T* out) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes;
    const T* w = r.w;
    int64_t from = 0;
    do {
        const int64_t to = r.channels - from < kRun ? r.channels : from + kRun;
        Vec acc[B][V];
        for (int b = 0; b < B; ++b)
            for (int v = 0; v < V; ++v)
                acc[b][v] = spread(r.bias && !from ? r.bias[b] : T{});
        for (int64_t c = from; c < to; ++c) {
            const T* x = r.x + c * r.channel_stride + position;
            for (int64_t t = 0; t < r.taps; ++t, w += B) {
                const T* p = x + r.offsets[t];
                Vec in[V];
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v) in[v] = load(p + v * lanes);
#pragma GCC unroll 8
                for (int b = 0; b < B; ++b) {
                    const Vec weight = spread(w[b]);
#pragma GCC unroll 8
                    for (int v = 0; v < V; ++v) acc[b][v] += weight * in[v];
                }
            }
        }
        for (int b = 0; b < B; ++b)
            for (int v = 0; v < V; ++v) {
                T* to_out = out + (b * kVectors + v) * lanes;
                const Vec sum = from ? load(to_out) + acc[b][v] : acc[b][v];
                memcpy(to_out, &sum, sizeof sum);
            }
        from = to;
    } while (from < r.channels);
}

template <class T, int B>
void tile_of(const ConvRows<T>& r, int64_t position, int vectors, T* out) {
    if (vectors >= 3) tile<T, B, 3>(r, position, out);
    else if (vectors == 2) tile<T, B, 2>(r, position, out);
    else tile<T, B, 1>(r, position, out);
}

template <class T>
void any_tile(const ConvRows<T>& r, int64_t position, int vectors, T* out) {
    switch (r.outputs) {
        case 1: return tile_of<T, 1>(r, position, vectors, out);
        case 2: return tile_of<T, 2>(r, position, vectors, out);
        case 3: return tile_of<T, 3>(r, position, vectors, out);
        case 4: return tile_of<T, 4>(r, position, vectors, out);
#if defined(__AVX512F__)
        case 5: return tile_of<T, 5>(r, position, vectors, out);
        case 6: return tile_of<T, 6>(r, position, vectors, out);
        case 7: return tile_of<T, 7>(r, position, vectors, out);
        case 8: return tile_of<T, 8>(r, position, vectors, out);
#endif
    }
}

// Where the elements of a tile that are positions of the output go.
template <class T>
void write(const ConvRows<T>& r, int64_t position, int64_t n, const T* tile_out) {
    constexpr int64_t width = kVectors * Vector<T>::lanes;
    int64_t row = position / r.pitch, column = position % r.pitch, done = 0;
    while (done < n) {
        const int64_t left = r.pitch - column, run = left < n - done ? left : n - done;
        const int64_t d = row / r.plane_rows, h = row % r.plane_rows;
        const int64_t inside = r.out_columns - column < run ? r.out_columns - column : run;
        if (h < r.out_rows && inside > 0) {
            T* y = r.y + d * r.y_plane + h * r.y_row + column * r.y_column;
            for (int b = 0; b < r.outputs; ++b) {
                const T* from = tile_out + b * width + done;
                T* to = y + b * r.y_channel;
                if (r.y_column == 1)
                    for (int64_t i = 0; i < inside; ++i) to[i] = from[i];
                else
                    for (int64_t i = 0; i < inside; ++i) to[i * r.y_column] = from[i];
            }
        }
        done += run;
        column = 0;
        ++row;
    }
}

template <class T>
void rows(const ConvRows<T>& r, int64_t begin, int64_t end) {
    constexpr int64_t lanes = Vector<T>::lanes, width = kVectors * lanes;
    alignas(64) T out[kOutputs * width];
    for (int64_t p = begin; p < end; p += width) {
        const int64_t n = end - p < width ? end - p : width;
        any_tile(r, p, static_cast<int>((n + lanes - 1) / lanes), out);
        write(r, p, n, out);
    }
}

// Dot products of R rows of g with C rows of x, added to gw.
template <class T, int R, int C>
void dots(const T* const* g, const T* const* x, const ConvSpan& span, T* const* gw) {
    using Vec = typename Vector<T>::type;
    constexpr int lanes = Vector<T>::lanes;
    Vec acc[R][C] = {};
    for (int64_t s = 0; s < span.samples; ++s) {
        const int64_t in_g = s * span.g_step, in_x = s * span.x_step;
        for (int64_t p = 0; p < span.positions; p += lanes) {
            Vec a[R];
#pragma GCC unroll 8
            for (int i = 0; i < R; ++i) a[i] = load(g[i] + in_g + p);
#pragma GCC unroll 8
            for (int j = 0; j < C; ++j) {
                const Vec b = load(x[j] + in_x + p);
#pragma GCC unroll 8
                for (int i = 0; i < R; ++i) acc[i][j] += a[i] * b;
            }
        }
    }
    for (int i = 0; i < R; ++i)
        for (int j = 0; j < C; ++j) {
            T part[lanes];
            memcpy(part, &acc[i][j], sizeof part);
#pragma GCC unroll 8
            for (int half = lanes / 2; half > 0; half /= 2)
                for (int l = 0; l < half; ++l) part[l] += part[l + half];
            gw[i][j] += part[0];
        }
}

template <class T>
void any_dots(int rows, int columns, const T* const* g, const T* const* x, const ConvSpan& span, T* const* gw) {
    if (rows == kRows && columns == kColumns) return dots<T, kRows, kColumns>(g, x, span, gw);
    if (rows == kRows) {
        for (int j = 0; j < columns; ++j) {
            T* to[kRows];
            for (int i = 0; i < kRows; ++i) to[i] = gw[i] + j;
            dots<T, kRows, 1>(g, x + j, span, to);
        }
        return;
    }
    for (int i = 0; i < rows; ++i) {
        if (columns == kColumns) {
            dots<T, 1, kColumns>(g + i, x, span, gw + i);
            continue;
        }
        for (int j = 0; j < columns; ++j) {
            T* to = gw[i] + j;
            dots<T, 1, 1>(g + i, x + j, span, &to);
        }
    }
}

}  // namespace

void register_conv(Kernels& k) {
    k.conv32 = {kOutputs, kRows, kColumns, kVectors * Vector<float>::lanes, &rows<float>, &any_dots<float>};
    k.conv64 = {kOutputs, kRows, kColumns, kVectors * Vector<double>::lanes, &rows<double>, &any_dots<double>};
}

}  // namespace FB_ISA
}  // namespace fb
