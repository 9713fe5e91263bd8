// What the files compiled for several instruction sets (*.dispatch.cpp) share with the rest: tables of
// function pointers. Plain declarations only: an inline function here would be compiled with different
// flags in different files, and the linker would keep any one of the copies.
#pragma once

#include <stdint.h>

#include "flambeau.h"

// Before a loop: its iterations are independent although the compiler cannot see it (the output may be an input).
#if defined(__clang__)
#define FB_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#define FB_LANES FB_IVDEP
#else
#define FB_IVDEP _Pragma("GCC ivdep")
// The same before a loop over a few lanes, which GCC would unroll into scalar code before it looks for vectors.
#define FB_LANES _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#endif

namespace fb {

// The kernels of one instruction set that are not found by name.
struct OptimKernels {
    // Weight decay: the step starts from w = shrink p, along d = sign g + decay w.
    struct Decay {
        double shrink, decay, sign;
    };
    struct Sgd {
        Decay decay;
        double lr, momentum, keep;
        int nesterov, first;
    };
    // keep: the weight of what a moment gets.
    struct Adam {
        Decay decay;
        double rate, keep1, beta2, keep2, root, eps;
    };
    struct Adamax {
        Decay decay;
        double rate, keep1, beta2, eps;
    };
    struct Nadam {
        Decay decay;
        double rate_gradient, rate_mean, keep1, beta2, keep2, correction2, eps;
    };
    struct Radam {
        Decay decay;
        double rate, keep1, beta2, keep2, eps;
        int rectified;
    };
    struct Rmsprop {
        Decay decay;
        double lr, alpha, keep, eps, momentum;
    };
    struct Rprop {
        double sign, shrink, grow, smallest, largest;
    };
    struct Adagrad {
        Decay decay;
        double rate, eps;
    };
    struct Adadelta {
        Decay decay;
        double lr, rho, keep, eps;
    };
    struct Asgd {
        Decay decay;
        double shrink, eta, mu;
    };
    // A range of the elements of one tensor; arrays: its parameters, gradients and state, as fb_optimise has the lists.
    template <class Options>
    using Step = void (*)(const Options&, void* const* arrays, int64_t begin, int64_t end);
    Step<Sgd> sgd[2];  // [0] float32, [1] float64
    Step<Adam> adam[2];
    Step<Adamax> adamax[2];
    Step<Nadam> nadam[2];
    Step<Radam> radam[2];
    Step<Rmsprop> rmsprop[2];
    Step<Rprop> rprop[2];
    Step<Adagrad> adagrad[2];
    Step<Adadelta> adadelta[2];
    Step<Asgd> asgd[2];
};

struct RandomKernels {
    void (*twist)(uint32_t* mt);                                         // the next 624 words of state
    void (*temper)(const uint32_t* mt, uint32_t* out, int64_t n);
    void (*uniform32)(const uint32_t* words, float* out, int64_t n, float from, float range, float to);
    // Two words each.
    void (*uniform64)(const uint32_t* words, double* out, int64_t n, double from, double range, double to);
    void (*normal32)(float* x, int64_t blocks, float mean, float std);   // blocks of 16 uniforms, in place
};

// Indexed by fb_reduce_op. Reductions of n contiguous elements, and element by element into `out`.
template <class T>
struct ReduceType {
    T (*fold[4])(const T* a, int64_t n);
    void (*fold_rows[4])(const T* a, int64_t step, int64_t rows, int64_t n, T* out, int64_t out_step);  // so far apart
    void (*into[4])(T* out, const T* a, int64_t n);
    void (*into_by_4[4])(T* out, const T* a, const T* b, const T* c, const T* d, int64_t n);
};
constexpr int64_t kExtremeColumns = 256;
template <class T>
struct ExtremeType {
    // [0] maxima, [1] minima of up to kExtremeColumns columns, and which of n < 2**31 rows they are first in
    void (*columns[2])(const T* x, int64_t step, int64_t n, int64_t width, T* best, int64_t* places);
};
constexpr int64_t kSoftmaxColumns = 64;
struct ReduceKernels {
    ReduceType<uint8_t> u8;
    ReduceType<int8_t> i8;
    ReduceType<int16_t> i16;
    ReduceType<int32_t> i32;
    ReduceType<int64_t> i64;
    ReduceType<float> f32;
    ReduceType<double> f64;
    ExtremeType<int32_t> extreme_i32;
    ExtremeType<int64_t> extreme_i64;
    ExtremeType<float> extreme_f32;
    ExtremeType<double> extreme_f64;
    // One row; `out` may be `x` or `g`.
    void (*softmax32)(int log, int64_t n, const float* x, float* out);
    void (*softmax64)(int log, int64_t n, const double* x, double* out);
    void (*softmax_grad32)(int log, int64_t n, const float* g, const float* y, float* out);
    void (*softmax_grad64)(int log, int64_t n, const double* g, const double* y, double* out);
    // Up to kSoftmaxColumns columns of n elements that are `step` apart.
    void (*softmax_columns32)(int log, int64_t n, int64_t step, int64_t columns, const float* x, float* out);
    void (*softmax_columns64)(int log, int64_t n, int64_t step, int64_t columns, const double* x, double* out);
    void (*softmax_grad_columns32)(int log, int64_t n, int64_t step, int64_t columns, const float* g, const float* y,
                                   float* out);
    void (*softmax_grad_columns64)(int log, int64_t n, int64_t step, int64_t columns, const double* g, const double* y,
                                   double* out);
};

// C = alpha op(A) B + beta C, or + bias in every row; strides in elements, rows of B and C contiguous.
struct SmallGemm {
    int64_t m, n, k;
    const void* a;
    int64_t a_row, a_col;
    const void* b;
    int64_t ldb;
    void* c;
    int64_t ldc;
    double alpha[2], beta;
    const void* bias;
    int conj_a;
};
struct GemmKernels {  // indexed by dtype - FB_FLOAT32
    void (*product[4])(const SmallGemm& g);
    void (*transpose[4])(const void* b, int64_t ld, int64_t k, int64_t n, int conj, void* out);
};

// One block of outputs of a convolution over a packed sample: see conv.cpp.
template <class T>
struct ConvRows {
    const T* x;  // the input of tap t, channel c at position p: x[c * channel_stride + offsets[t] + p]
    int64_t channels, channel_stride, taps;
    const int64_t* offsets;
    const T* w;     // [channels][taps][outputs]
    const T* bias;  // [outputs], or NULL
    int outputs;
    int64_t pitch, plane_rows;      // positions from row to row; rows from plane to plane
    int64_t out_rows, out_columns;  // of each plane: what is written
    T* y;
    int64_t y_channel, y_plane, y_row, y_column;
};
// What a sum over positions runs over: `positions` elements of each of `samples` samples, so far apart.
struct ConvSpan {
    int64_t positions, samples, g_step, x_step;
};
template <class T>
struct ConvKernels {
    int outputs;           // the most that ConvRows may have
    int g_rows, x_rows;    // the most rows of g and x that `dots` takes
    int64_t slack;         // elements that may be read behind the last position
    void (*rows)(const ConvRows<T>& r, int64_t begin, int64_t end);
    // gw[i][j] += sum over the span of g[i] x[j]
    void (*dots)(int g_rows, int x_rows, const T* const* g, const T* const* x, const ConvSpan& span, T* const* gw);
};

// Parts of a convolution by tiles: see conv_tiles.cpp. Strides are in elements; "lanes" those of a vector.
template <class T>
struct TileData {  // rows of tiles of one image, of consecutive channels
    const T* x;    // the first channel's first row that is read
    int64_t channels, channel_stride, rows, width;
    // Padded rows [row][column][lane], zero wherever no element comes; `first` is where x[0] comes.
    T* scratch;
    int64_t pitch, first;
    int64_t tile_rows, tile_columns, step;  // step: places between the elements of a tile
    int64_t phases;
    const int64_t* offsets;  // of the first tile's first element, by phase
    T* v;  // factor f of tile t, phase p, channel c: v[f * v_factor + t * v_tile + p * phase_stride + c]
    int64_t v_factor, v_tile, phase_stride;
};
template <class T>
struct TileWeights {  // one panel of outputs
    const T* w;       // output o, channel c, tap t: w[o * w_output + c * w_channel + t]
    int64_t w_output, w_channel, outputs, channels, phases, phase_channels;
    const int64_t* taps;  // [phases][r * r], -1 where there is none
    T* u;                 // factor f: u + f * u_factor, [phase][channel][output of the panel]
    int64_t u_factor;
};
template <class T>
struct TileProduct {  // out[row][j] = or += sum over k of a[row * a_row + k * a_step] b[k * b_step + j], j of a panel
    const T* a;
    int64_t a_row, a_step;
    const T* b;
    int64_t b_step, depth, rows;
    T* out;
    int64_t out_row;
    bool add;
};
template <class T>
struct TileResults {  // rows of outputs of one image
    const T* products;  // factor f of tile t, output o: products[f * p_factor + t * p_tile + o]
    int64_t p_factor, p_tile, outputs, rows, columns;
    const T* bias;
    T* y;
    int64_t y_channel, y_row, y_column;
    T* scratch;  // [rows * columns][lane]
};
template <class T>
struct TileWeightResults {
    const T* products;
    int64_t p_factor, channels, phases, phase_channels;
    const int64_t* taps;
    T* gw;
    int64_t w_channel;
};
template <class T>
struct TileScheme {
    int outputs, taps;  // of a tile, along an axis
    void (*data)(const TileData<T>&);
    void (*grad)(const TileData<T>&);  // of tiles of the output
    void (*weights)(const TileWeights<T>&);
    bool (*results)(const TileResults<T>&);  // false: one is not finite
    void (*weight_results)(const TileWeightResults<T>&);
};
template <class T>
struct TileKernels {
    int lanes, panel, few_rows;  // rows of a product are a multiple of few_rows
    void (*product)(const TileProduct<T>&);
    TileScheme<T> schemes[3];
};

// Rows of normalisation; xhat is (x - mean) rstd. Sums are of fixed order.
template <class T>
struct NormKernels {
    double (*sum)(const T* x, int64_t n);
    double (*squares)(const T* x, int64_t n, T mean);                                   // of x - mean
    double (*product)(const T* g, const T* x, int64_t n, T mean, T rstd);               // sum of g xhat
    void (*scale)(T* y, const T* x, int64_t n, T mean, T factor, T shift);              // (x - mean) factor + shift
    void (*affine)(T* y, const T* x, int64_t n, T mean, T rstd, const T* w, const T* b);
    // factor (g w - mean_g - xhat mean_gx); w, of each element, may be NULL here and above
    void (*grad)(T* gx, const T* g, const T* w, const T* x, int64_t n, T mean, T rstd, T factor, T mean_g, T mean_gx);
    // sums = those of g w and of g w xhat; adds g xhat to gw and g to gb
    void (*grad_sums)(const T* g, const T* w, const T* x, int64_t n, T mean, T rstd, T* gw, T* gb, double* sums);
};

// product[V - 1]: out (rows, V vectors) = a (rows, k) panel (k, V vectors), of `lanes` elements each: see panels.hpp.
constexpr int kPanelVectors = 4;
template <class T>
struct PanelKernels {
    int lanes;
    void (*product[kPanelVectors])(int64_t rows, int64_t k, const T* a, int64_t lda, const T* panel, T* out);
};

// Some rows and units of a step of a recurrent layer of n units. Pointers are to the first row and unit; arrays have n
// elements in a row, or a multiple, a gate n behind the other. kept: what the gradient needs, in the order of the
// arrays that kernels/base/_recurrence.py keeps behind h. Those that a kind of layer has no use for are NULL.
template <class T>
struct RnnBlock {
    int64_t rows, units, n;
    const T* gx;  // the share of the input in the gates
    const T* gh;  // that of the state: rows and gates are so far apart
    int64_t gh_row, gh_gate;
    const T* bias;        // of the gates
    const T* inner_bias;  // GRU: of the last gate of gh
    const T* h;           // GRU: the state before
    T* c;                 // LSTM: becomes the new one
    T* y;
    T* kept[5];
};
template <class T>
struct RnnGradBlock {
    int64_t rows, units, n;
    const T* g;  // the gradient of y, rows so far apart
    int64_t g_row;
    const T* h;
    const T* kept[5];
    T* dc;     // LSTM: of the new c, becomes that of the old
    T* dh;     // GRU: what goes to h directly
    T *to_gx, *to_gh;  // of the gates; to_gh only where it differs
};
// Indexed by fb_rnn_kind, forward also by whether there is `kept`.
template <class T>
struct RnnKernels {
    void (*forward[4][2])(const RnnBlock<T>& b);
    void (*backward[4])(const RnnGradBlock<T>& b);
};

template <class T>
struct PoolKernels {
    // The maximum of each window of one row and its place in the plane x; `taps`: where the `rows` rows of x begin that
    // the windows see, `first`: where the first one begins that is not left padding.
    void (*max_row)(const fb_pool_shape& s, const T* x, int64_t rows, const int64_t* taps, int64_t first, T* y,
                    int64_t* index);
};

constexpr int64_t kSortLanes = 8;  // rows that a network sorts side by side: element i of row l is at i kSortLanes + l
struct SortKernels {
    void (*items)(uint64_t* items, int64_t n);
    void (*pairs)(uint64_t* keys, int64_t* places, int64_t n);  // by the key, then by the place
};

struct Kernels {
    GemmKernels gemm;
    PanelKernels<float> panel32;
    PanelKernels<double> panel64;
    RnnKernels<float> rnn32;
    RnnKernels<double> rnn64;
    NormKernels<float> norm32;
    NormKernels<double> norm64;
    PoolKernels<float> pool32;
    PoolKernels<double> pool64;
    ConvKernels<float> conv32;
    ConvKernels<double> conv64;
    TileKernels<float> tiles32;
    TileKernels<double> tiles64;
    OptimKernels optim;
    RandomKernels random;
    ReduceKernels reduce;
    SortKernels sort;
    uint32_t (*crc32)(uint32_t crc, const void* data, int64_t n);

    // Registers a loop under its name; a later registration replaces an earlier one.
    void unary(const char* name, int dtype, int out_dtype, fb_unary_loop f);
    void binary(const char* name, int dtype, int out_dtype, fb_binary_loop f);
    void cast(int src, int dst, fb_unary_loop f);
};

// The kernels of the instruction set in use.
const Kernels& kernels();

// Loops over the C library's functions, the same for every instruction set (pointwise_libm.cpp).
void register_libm(Kernels& k);

#define FB_DECLARE_FAMILIES(isa)              \
    namespace isa {                           \
    void register_math(Kernels& k);           \
    void register_activation(Kernels& k);     \
    void register_float(Kernels& k);          \
    void register_int(Kernels& k);            \
    void register_compare(Kernels& k);        \
    void register_complex(Kernels& k);        \
    void register_cast(Kernels& k);           \
    void register_gemm(Kernels& k);           \
    void register_panels(Kernels& k);         \
    void register_conv(Kernels& k);           \
    void register_conv_tiles(Kernels& k);     \
    void register_norm(Kernels& k);           \
    void register_rnn(Kernels& k);            \
    void register_pool(Kernels& k);           \
    void register_optim(Kernels& k);          \
    void register_random(Kernels& k);         \
    void register_reduce(Kernels& k);         \
    void register_sort(Kernels& k);           \
    void register_crc32(Kernels& k);          \
    }
FB_DECLARE_FAMILIES(baseline)
FB_DECLARE_FAMILIES(avx2)
FB_DECLARE_FAMILIES(avx512)

}  // namespace fb
