/* flambeau.h - the C interface of libflambeau, Flambeau's library of CPU kernels.
 *
 * Conventions
 *  - Strides are in bytes and may be 0 (broadcast) or negative; shapes and counts are in elements.
 *    Pointers are aligned to the element. An output may be the very same memory as an input (same
 *    pointer, same strides, same item size); any other overlap is the caller's to avoid.
 *  - A function that returns int returns 0 on success and a negative fb_status otherwise, before
 *    anything has been written.
 *  - Nothing here touches Python. Every function may be called with or without the GIL, from several
 *    threads at once, and again in a forked child. An fb_mt19937 must not be shared without a lock.
 *  - Results do not depend on the number of threads.
 */
#ifndef FLAMBEAU_H
#define FLAMBEAU_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define FB_API __declspec(dllexport)
#else
#define FB_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum fb_dtype {
    FB_BOOL = 0, FB_UINT8 = 1, FB_INT8 = 2, FB_INT16 = 3, FB_INT32 = 4, FB_INT64 = 5,
    FB_FLOAT16 = 6, FB_BFLOAT16 = 7, FB_FLOAT32 = 8, FB_FLOAT64 = 9,
    FB_COMPLEX64 = 10, FB_COMPLEX128 = 11, FB_UINT16 = 12, FB_UINT32 = 13, FB_UINT64 = 14, FB_DTYPE_COUNT = 15
};

enum fb_status {
    FB_OK = 0,
    FB_ERR_DTYPE = -1,  /* no kernel for this dtype */
    FB_ERR_VALUE = -2,  /* an argument is out of its range */
    FB_ERR_LOAD = -3,   /* a library or a symbol in it could not be loaded */
    FB_ERR_MEMORY = -4  /* out of memory */
};

/* The most dimensions that the *_nd functions take. */
#define FB_MAX_DIMS 64

/* ---- library ------------------------------------------------------------------------------- */

/* Instruction set in use: "baseline", "avx2" or "avx512". FLAMBEAU_ISA=<name> lowers it. */
FB_API const char* fb_isa(void);
/* Bytes of one element, 0 for a code that is no dtype. */
FB_API int fb_itemsize(int dtype);

/* ---- threads ------------------------------------------------------------------------------- */

/* Threads that a large kernel uses, the caller included. Default: OMP_NUM_THREADS, else the cores
 * that affinity and the cgroup quota allow. Values below 1 count as 1. */
FB_API int fb_num_threads(void);
FB_API void fb_set_num_threads(int n);
/* Calls fn(ctx, begin, end) on disjoint ranges that cover [0, n), each at least `grain` long except
 * the last, on several threads. Returns when all are done. Nested calls run serially. */
FB_API void fb_parallel_for(int64_t n, int64_t grain, void (*fn)(void* ctx, int64_t begin, int64_t end),
                            void* ctx);

/* ---- allocator ----------------------------------------------------------------------------- */

typedef struct {
    uint64_t live_bytes;    /* handed out now, rounded up to size classes */
    uint64_t cached_bytes;  /* kept for reuse */
    uint64_t cache_limit;   /* the most that is kept */
    uint64_t allocations;   /* calls of fb_alloc / fb_calloc / fb_realloc that returned a block */
    uint64_t reuses;        /* of these, served from the cache */
} fb_alloc_info;

/* 64-byte aligned memory, NULL when there is none. A size of 0 gives a valid block. */
FB_API void* fb_alloc(size_t size);
/* n * size bytes of zeros. */
FB_API void* fb_calloc(size_t n, size_t size);
FB_API void* fb_realloc(void* p, size_t size);
FB_API void fb_free(void* p);
FB_API void fb_alloc_set_cache_limit(uint64_t bytes);
FB_API void fb_alloc_stats(fb_alloc_info* info);
FB_API void fb_empty_cache(void);

/* ---- pointwise ----------------------------------------------------------------------------- */

typedef void (*fb_unary_loop)(char* out, int64_t so, const char* a, int64_t sa, int64_t n);
typedef void (*fb_binary_loop)(char* out, int64_t so, const char* a, int64_t sa, const char* b, int64_t sb,
                               int64_t n);

/* The loop of an operation for inputs of `dtype`, or NULL. *out_dtype (may be NULL) is the dtype it
 * writes. Binary loops take both inputs in the same dtype. There are none for uint16, uint32 and uint64 but copy.
 *
 * unary, floats (float16/bfloat16 compute in float32):
 *   exp exp2 expm1 log log1p log2 log10 sqrt rsqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh
 *   atanh sigmoid logsigmoid relu erf erfc floor ceil round (half to even) trunc softplus (beta 1,
 *   threshold 20) silu gelu gelu_tanh
 * unary, all numeric types: neg abs sign square (abs of complex gives the real type; no sign of complex)
 * unary, floats and complex: reciprocal; isnan isinf isfinite -> bool
 * unary, ints: relu; ints and bool: bitwise_not; complex: conj
 * unary, all types: logical_not -> bool; copy
 *
 * binary, all types: add mul (bool: or, and); all but bool: sub
 *   div (floats, complex); floor_divide remainder (sign of the divisor) fmod (sign of the dividend) for ints and
 *   floats, where an int divided by zero gives 0; div_trunc (rounded towards zero) for ints, likewise; pow for
 *   floats and ints (negative int exponents give what 1/x**n truncates to); atan2 hypot copysign for floats
 *   maximum minimum (a NaN wins) fmax fmin (a NaN loses) for real types
 *   eq ne lt le gt ge -> bool (eq ne for complex too); logical_and logical_or logical_xor -> bool
 *   bitwise_and bitwise_or bitwise_xor for ints and bool; left_shift right_shift for ints
 *   gradients, floats: relu_grad(g, x) tanh_grad(g, y) sigmoid_grad(g, y) gelu_grad(g, x)
 *   gelu_tanh_grad(g, x) silu_grad(g, x) softplus_grad(g, x), with x the input and y the output
 */
FB_API fb_unary_loop fb_get_unary(const char* name, int dtype, int* out_dtype);
FB_API fb_binary_loop fb_get_binary(const char* name, int dtype, int* out_dtype);
/* The loop that converts src to dst: floats to ints truncate, NaN gives 0; out of range saturates for int32 and
 * int64, of which narrower types take the low bits (uint32 those of int64); uint64 takes the bits of int64 from
 * negative numbers and saturates above its range. Complex to real drops the imaginary part, anything to bool is != 0,
 * float16/bfloat16 round to nearest even. */
FB_API fb_unary_loop fb_get_cast(int src, int dst);

/* Run a loop over arrays of `ndim` dimensions, threaded when large. `cost` is the work of one element
 * in bytes of memory traffic (inputs + output, say 8 for a float32 unary; costly functions may give more),
 * from which the split over threads is chosen. */
FB_API void fb_unary_nd(fb_unary_loop f, int ndim, const int64_t* shape, char* out, const int64_t* so,
                        const char* a, const int64_t* sa, int cost);
FB_API void fb_binary_nd(fb_binary_loop f, int ndim, const int64_t* shape, char* out, const int64_t* so,
                         const char* a, const int64_t* sa, const char* b, const int64_t* sb, int cost);
/* out = cond ? a : b. cond is bool (one byte); itemsize is 1, 2, 4, 8 or 16. */
FB_API int fb_where_nd(int itemsize, int ndim, const int64_t* shape, char* out, const int64_t* so,
                       const char* cond, const int64_t* sc, const char* a, const int64_t* sa, const char* b,
                       const int64_t* sb);
/* out = a converted; src == dst copies (sa all 0 fills). */
FB_API int fb_cast_nd(int src, int dst, int ndim, const int64_t* shape, char* out, const int64_t* so,
                      const char* a, const int64_t* sa);
/* Arrays joined along an axis: `outer` times, the next sizes[p] bytes of each of `count` contiguous parts. */
FB_API void fb_join(int count, const void* const* parts, const int64_t* sizes, int64_t outer, void* out);

/* ---- matrix products ----------------------------------------------------------------------- */

/* Load OpenBLAS from a shared library and set it to one thread (the split is ours). Without it the
 * products are correct and slow. A second call with a library loaded does nothing. */
FB_API int fb_blas_load(const char* path);
FB_API int fb_blas_loaded(void);

/* Row-major C = alpha op(A) op(B) + beta C with op(A) m x k and op(B) k x n; op is the transpose when
 * trans is 1, the conjugate transpose when 2. ld*: elements between rows as stored.
 * alpha is (alpha_re, alpha_im); beta is real; with beta 0, C need not be initialised.
 * float32, float64, complex64, complex128. */
FB_API int fb_gemm(int dtype, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, double alpha_re,
                   double alpha_im, const void* a, int64_t lda, const void* b, int64_t ldb, double beta, void* c,
                   int64_t ldc);
/* C = op(A) op(B) + bias, bias (n contiguous values) added to every row; NULL for none. */
FB_API int fb_gemm_bias(int dtype, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, const void* a,
                        int64_t lda, const void* b, int64_t ldb, const void* bias, void* c, int64_t ldc);
/* `batch` independent products; stride_*: bytes from one matrix to the next (0 repeats it). */
FB_API int fb_gemm_batched(int dtype, int trans_a, int trans_b, int64_t batch, int64_t m, int64_t n, int64_t k,
                           double alpha_re, double alpha_im, const void* a, int64_t lda, int64_t stride_a,
                           const void* b, int64_t ldb, int64_t stride_b, double beta, void* c, int64_t ldc,
                           int64_t stride_c);

/* ---- random numbers ------------------------------------------------------------------------ */

/* How numbers are made of the words: as PyTorch's CPU generator does today; as TH did, the library under PyTorch 0.3; or
 * as TH did before, up to PyTorch 0.2, where each uniform was one word divided by 2**32. */
enum fb_stream { FB_STREAM_PYTORCH = 0, FB_STREAM_TH = 1, FB_STREAM_TH_EARLY = 2 };

/* MT19937. index 624 means that the next draw makes a new block. `stream` is the caller's to set, before the first
 * draw or later: nothing here changes it. */
typedef struct {
    uint32_t mt[624];
    int32_t index;
    int32_t has_normal; /* whether `normal` holds the second value of a pair drawn by fb_mt_normal */
    double normal;
    int32_t stream; /* enum fb_stream */
} fb_mt19937;

FB_API void fb_mt_seed(fb_mt19937* s, uint32_t seed);
FB_API uint32_t fb_mt_random32(fb_mt19937* s);
FB_API uint64_t fb_mt_random64(fb_mt19937* s);
/* n values uniform in [from, to): float16, bfloat16, float32, float64. `out` is contiguous here and below. */
FB_API int fb_mt_uniform(fb_mt19937* s, int dtype, void* out, int64_t n, double from, double to);
/* Normals: float16, bfloat16, float32, float64. */
FB_API int fb_mt_normal(fb_mt19937* s, int dtype, void* out, int64_t n, double mean, double std);
/* Integers low <= x < low + range, as any real dtype; range 0 stands for 2**64. */
FB_API int fb_mt_randint(fb_mt19937* s, int dtype, void* out, int64_t n, int64_t low, uint64_t range);
/* Tensor.random_() without bounds: 0 to the largest value of an int dtype, or to 2**digits of a float. */
FB_API int fb_mt_random(fb_mt19937* s, int dtype, void* out, int64_t n);
/* A permutation of 0 .. n-1. */
FB_API int fb_mt_randperm(fb_mt19937* s, int64_t* out, int64_t n);
/* 1 with probability p, else 0, in any real dtype. */
FB_API int fb_mt_bernoulli(fb_mt19937* s, int dtype, void* out, int64_t n, double p);
/* The same with a probability for each element (contiguous, float32 or float64). */
FB_API int fb_mt_bernoulli_probs(fb_mt19937* s, int dtype, void* out, int p_dtype, const void* p, int64_t n);
/* Exponentials of rate lambda: float32, float64. */
FB_API int fb_mt_exponential(fb_mt19937* s, int dtype, void* out, int64_t n, double lambda);
/* Numbers of the first success in trials, 1, 2, ...; 0 < p < 1. */
FB_API int fb_mt_geometric(fb_mt19937* s, double* out, int64_t n, double p);
/* TH's way to draw `samples` categories from each of `rows` distributions over `categories`, float32 or float64, in
 * proportion to p >= 0 with a finite sum > 0: out has rows * samples. Without replacement, samples <= categories. */
FB_API int fb_th_multinomial(fb_mt19937* s, int dtype, const void* p, int64_t rows, int64_t categories,
                             int64_t samples, int replacement, int64_t* out);
/* Replaces each shape >= 0 by a gamma number of that shape and rate 1; float32 or float64. */
FB_API int fb_mt_gamma(fb_mt19937* s, int dtype, void* shapes, int64_t n);
/* Replaces each count by the number of successes of so many trials; float32 or float64, both contiguous. */
FB_API int fb_mt_binomial(fb_mt19937* s, int dtype, void* counts, const void* probs, int64_t n);
/* Derivatives of random numbers at a fixed probability: of a gamma number by its shape; of a beta number x by a,
 * divided by 1 - x. NaN outside the domain. */
FB_API void fb_gamma_implicit(const double* shapes, const double* x, double* out, int64_t n);
FB_API void fb_beta_implicit(const double* x, const double* a, const double* b, double* out, int64_t n);

/* ---- optimisers ---------------------------------------------------------------------------- */

/* One step over lists of contiguous tensors, float32 or float64, in place. The lists are of n_tensors addresses each: the
 * parameters, their gradients (only read), and the state. numbers: those of each tensor, [n_numbers][n_tensors];
 * settings: those of all. FB_ERR_VALUE for counts other than the rule's, and for a step that is not at least 1.
 * Lists in brackets may be NULL: without momentum, AMSGrad, centering.
 *
 *              state                              numbers         settings
 * FB_SGD       [momentum]                         first           lr, momentum, dampening, weight_decay, nesterov,
 *                                                                 maximize
 * FB_ADAM      mean, square, [largest square]     step            lr, beta1, beta2, eps, weight_decay, decoupled, maximize
 * FB_ADAMAX    mean, largest                      step            lr, beta1, beta2, eps, weight_decay, maximize
 * FB_NADAM     mean, square                       step, product   lr, beta1, beta2, eps, weight_decay, momentum_decay,
 *                                                                 decoupled, maximize
 * FB_RADAM     mean, square                       step            as FB_ADAM
 * FB_RMSPROP   square, [velocity], [mean]                         lr, alpha, eps, weight_decay, momentum, maximize
 * FB_RPROP     previous gradient, step size                       shrink, grow, smallest, largest, maximize
 * FB_ADAGRAD   sum of squares                     step            lr, lr_decay, eps, weight_decay, maximize
 * FB_ADADELTA  square, square of change                           lr, rho, eps, weight_decay, maximize
 * FB_ASGD      average                            eta, mu         lambd, weight_decay, maximize
 *
 * first != 0: the momentum has no value yet and becomes the gradient. step counts this one. product: NAdam's momenta
 * up to this step. The formulas are those of flambeau.optim. */
enum fb_optim_rule {
    FB_SGD = 0,
    FB_ADAM = 1,
    FB_ADAMAX = 2,
    FB_NADAM = 3,
    FB_RADAM = 4,
    FB_RMSPROP = 5,
    FB_RPROP = 6,
    FB_ADAGRAD = 7,
    FB_ADADELTA = 8,
    FB_ASGD = 9
};
FB_API int fb_optimise(int rule, int dtype, int64_t n_tensors, const int64_t* sizes, int n_lists,
                       void* const* const* lists, int n_numbers, const double* numbers, int n_settings,
                       const double* settings);

/* ---- reductions ---------------------------------------------------------------------------- */

enum fb_reduce_op { FB_SUM = 0, FB_PROD = 1, FB_MAX = 2, FB_MIN = 3 };

/* Reduce the dimensions whose bit is set in `reduced`. so has ndim entries; those of reduced dimensions are
 * ignored. sum/prod: float32, float64, complex64, complex128 keep their dtype, bool and ints give int64. max/min: bool,
 * uint8, signed ints, float32, float64 keep it, a NaN wins; an empty reduction is FB_ERR_VALUE. */
FB_API int fb_reduce_nd(int op, int dtype, int ndim, const int64_t* shape, uint64_t reduced, char* out,
                        const int64_t* so, const char* a, const int64_t* sa);
/* The dtype fb_reduce_nd writes, or a negative status. */
FB_API int fb_reduce_dtype(int op, int dtype);

/* softmax (log == 0) or log_softmax over the middle axis of contiguous (outer, n, inner), float32/float64. */
FB_API int fb_softmax(int dtype, int log, int64_t outer, int64_t n, int64_t inner, const void* x, void* out);
/* Its gradient with respect to x, from the output y. */
FB_API int fb_softmax_grad(int dtype, int log, int64_t outer, int64_t n, int64_t inner, const void* grad,
                           const void* y, void* out);

/* ---- convolution --------------------------------------------------------------------------- */

/* Sizes of a convolution over three spatial axes (1 for those that are not there). Channels are per group. */
typedef struct {
    int64_t batch, groups, inputs, outputs;
    int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
} fb_conv_shape;

/* y = x * w + bias, without bias when that is NULL; contiguous x (batch, groups inputs, in), w (groups outputs, inputs,
 * kernel), bias (groups outputs), y (batch, groups outputs, out). float32, float64. No size may be 0. */
FB_API int fb_conv(int dtype, const fb_conv_shape* shape, const void* x, const void* w, const void* bias, void* y);
/* Its gradients in x and in w from that of y, g. */
FB_API int fb_conv_grad_input(int dtype, const fb_conv_shape* shape, const void* g, const void* w, void* gx);
FB_API int fb_conv_grad_weight(int dtype, const fb_conv_shape* shape, const void* g, const void* x, void* gw);

/* ---- normalisation ------------------------------------------------------------------------- */

/* Contiguous arrays, float32 or float64; statistics in the same dtype, w and b may be NULL. rstd = 1 / sqrt(var + eps)
 * with the biased variance; xhat = (x - mean) rstd. */

/* y = xhat w + b for each of `rows` rows of n elements; w and b (n). Writes mean and rstd (rows). */
FB_API int fb_layer_norm(int dtype, int64_t rows, int64_t n, const void* x, const void* w, const void* b, double eps,
                         void* y, void* mean, void* rstd);
FB_API int fb_layer_norm_grad(int dtype, int64_t rows, int64_t n, const void* g, const void* x, const void* w,
                              const void* mean, const void* rstd, void* gx, void* gw, void* gb);
/* The sum of (x - mean)^2 over n elements, float32 or float64. */
FB_API double fb_sum_of_squares(int dtype, int64_t n, const void* x, double mean);
/* Mean and biased variance of each channel of x (batch, channels, n). */
FB_API int fb_channel_moments(int dtype, int64_t batch, int64_t channels, int64_t n, const void* x, void* mean,
                              void* var);
/* y = (x - mean) factor + shift, per channel; shift may be NULL. */
FB_API int fb_channel_scale(int dtype, int64_t batch, int64_t channels, int64_t n, const void* x, const void* mean,
                            const void* factor, const void* shift, void* y);
/* The gradients of batch normalisation, w (channels). training: mean and rstd depend on x. */
FB_API int fb_batch_norm_grad(int dtype, int64_t batch, int64_t channels, int64_t n, const void* g, const void* x,
                              const void* w, const void* mean, const void* rstd, int training, void* gx, void* gw,
                              void* gb);

/* ---- recurrent layers ---------------------------------------------------------------------- */

enum fb_rnn_kind { FB_RNN_TANH = 0, FB_RNN_RELU = 1, FB_LSTM = 2, FB_GRU = 3 };

/* A layer in one direction over a batch of sequences, laid out step after step: `sizes` are the rows of each of `steps`
 * steps (at least one), which do not grow; N is their sum, B the first. Contiguous arrays of one dtype, float32 or
 * float64. G is the number of gates: 1; i, f, g, o of an LSTM; r, z, n of a GRU. */
typedef struct {
    int kind, reverse;          /* reverse: from the last step to the first */
    int64_t steps;
    const int64_t* sizes;
    int64_t inputs, units, state;  /* I, H, R: R is H without a projection */
    const void *x, *h, *c;         /* (N, I), (B, R), of an LSTM (B, H) */
    const void *w_ih, *w_hh;       /* (G H, I), (G H, R) */
    const void *b_ih, *b_hh;       /* (G H), or NULL both */
    const void* w_hr;              /* (R, H), the projection of an LSTM, or NULL */
} fb_rnn_layer;

/* y (N, R) and the last states. kept: NULL, or arrays for fb_rnn_grad: h before each step (N, R), and (N, H) unless a
 * multiple is given: y without gates; c before, i_f 2, g, o, tanh(new c) of an LSTM; r_z 2, the last gate's share of h, n
 * of a GRU. */
FB_API int fb_rnn(int dtype, const fb_rnn_layer* layer, void* y, void* h_n, void* c_n, void* const* kept);
/* The gradients of x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr (of c and w_hr where there are some), from those of y, h_n, c_n.
 * The layer's h, c and biases are not looked at. */
FB_API int fb_rnn_grad(int dtype, const fb_rnn_layer* layer, const void* g_y, const void* g_h, const void* g_c,
                       const void* const* kept, void* const* grads);

/* ---- pooling ------------------------------------------------------------------------------- */

/* Windows over three spatial axes (sizes of 1 for those that are not there) of each of `planes` contiguous planes. */
typedef struct {
    int64_t planes;
    int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
} fb_pool_shape;

/* Windows that are ranges [begin, end) of elements of each axis, `out` of them; a sum over one is divided by the product
 * of its counts, or by `divisor` if that is not 0. */
typedef struct {
    int64_t planes;
    int64_t in[3], out[3];
    const int64_t *begin[3], *end[3], *count[3];
    int64_t divisor;
} fb_pool_windows;

/* float32 and float64; no size is 0. */

/* The maximum of each window and its place in the plane: the first of equals, the last NaN if there is one, the first
 * element that is not left padding where all are -inf. Planes have less than 2**31 elements. */
FB_API int fb_max_pool(int dtype, const fb_pool_shape* shape, const void* x, void* y, int64_t* index);
/* gx (planes, inputs): zeros, each element of g (planes, outputs) added at its place. FB_ERR_VALUE for a place outside
 * the plane; gx then has no meaning. */
FB_API int fb_max_pool_grad(int dtype, int64_t planes, int64_t inputs, int64_t outputs, const void* g,
                            const int64_t* index, void* gx);
FB_API int fb_avg_pool(int dtype, const fb_pool_windows* windows, const void* x, void* y);
FB_API int fb_avg_pool_grad(int dtype, const fb_pool_windows* windows, const void* g, void* gx);

/* ---- picking by index ---------------------------------------------------------------------- */

/* Along the middle axis of contiguous arrays. itemsize: 1, 2, 4, 8 or 16. FB_ERR_VALUE for an index outside [0, n); what
 * gather, scatter and scatter_add wrote then has no meaning. Sums: float32, float64, int64 (wraps around), added in the order of
 * the index. */

/* y[o][k][c] = x[o][index[o][k][c]][c]: x (outer, n, inner), index and y (outer, m, inner). With wrap, negative numbers
 * count from the end. */
FB_API int fb_gather(int itemsize, int wrap, int64_t outer, int64_t m, int64_t n, int64_t inner, const void* x,
                     const int64_t* index, void* y);
/* y[o][k][c] = x[o][index[k]][c]: index (m). */
FB_API int fb_take(int itemsize, int64_t outer, int64_t m, int64_t n, int64_t inner, const void* x,
                   const int64_t* index, void* y);
/* out[o][index[o][k][c]][c] = src[o][k][c], the last of those that go to one place; with step 0 rather than 1, src is a
 * single element. */
FB_API int fb_scatter(int itemsize, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index,
                      const void* src, int64_t step, void* out);
/* out[o][index[o][k][c]][c] += src[o][k][c] */
FB_API int fb_scatter_add(int dtype, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index,
                          const void* src, void* out);
/* out[o][index[k]][c] += src[o][k][c] */
FB_API int fb_index_add(int dtype, int64_t outer, int64_t m, int64_t n, int64_t inner, const int64_t* index,
                        const void* src, void* out);

/* ---- running results, order ---------------------------------------------------------------- */

/* out[o][i][c] = x[o][0][c] (op) ... (op) x[o][i][c], op FB_SUM or FB_PROD; contiguous (outer, n, inner) of float32
 * (computed in float64), float64, int64 (wraps around). */
FB_API int fb_scan(int op, int dtype, int64_t outer, int64_t n, int64_t inner, const void* x, void* out);
/* FB_MAX or FB_MIN along the middle axis of contiguous (outer, n, inner), 0 < n < 2**31, and where they are: NaN wins,
 * then the first of equals. int32, int64, float32, float64. */
FB_API int fb_extreme(int op, int dtype, int64_t outer, int64_t n, int64_t inner, const void* x, void* values,
                      int64_t* indices);
/* The order of each row of n along the middle axis of contiguous arrays: all dtypes but the complex ones. NaN is larger
 * than every number and equals NaN, -0 equals 0, and equal elements keep their order. */
FB_API int fb_sort(int dtype, int descending, int64_t outer, int64_t n, int64_t inner, const void* x, void* values,
                   int64_t* indices);
/* Element k (from 0) of that order of each row, the lower median, or that of what is not NaN; the median of a row with
 * NaN is its first NaN, and so is that of nothing but NaN. values and indices are (outer, inner); n > 0. */
enum fb_rank { FB_KTH = 0, FB_MEDIAN = 1, FB_NANMEDIAN = 2 };
FB_API int fb_rank(int which, int dtype, int64_t outer, int64_t n, int64_t inner, int64_t k, const void* x,
                   void* values, int64_t* indices);
/* The distinct elements of x in ascending order, each NaN for itself: *distinct of them, in arrays of n. inverse: which
 * of them each element of x is; counts: how often each occurs. */
FB_API int fb_unique(int dtype, int64_t n, const void* x, void* values, int64_t* inverse, int64_t* counts,
                     int64_t* distinct);
/* The k largest (or smallest) of each row of n, best first, the first of equals first, NaN above all numbers; and where
 * they are. float32, float64; 1 <= k <= n. */
FB_API int fb_topk(int dtype, int64_t rows, int64_t n, int64_t k, int largest, const void* x, void* values,
                   int64_t* indices);

/* ---- files --------------------------------------------------------------------------------- */

/* The CRC-32 of zip archives of what came before (0 for nothing), followed by n bytes. */
FB_API uint32_t fb_crc32(uint32_t crc, const void* data, int64_t n);
/* Reads n bytes at an offset of an open file into memory, on several threads, and computes their CRC-32. 0, an errno,
 * or -1 when the file ends before. Not on Windows: ENOSYS. */
FB_API int fb_read(int fd, int64_t offset, void* out, int64_t n, uint32_t* crc);

#ifdef __cplusplus
}
#endif
#endif
