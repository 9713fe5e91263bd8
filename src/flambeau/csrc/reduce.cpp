// Reductions over any dimensions of arrays of any strides, and softmax.
//
// The order in which an element's terms are combined is fixed by the shape alone: runs of kChunk elements or
// groups of kGroup rows, whose results are then combined in order. Threads only choose who computes them.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

constexpr int64_t kChunk = 16384;   // elements of one run along a contiguous reduced dimension
constexpr int64_t kGroup = 256;     // rows added straight before their sum joins the total
constexpr int64_t kColumns = 1024;  // columns of kept elements treated together
constexpr int64_t kParallel = 32768;

struct Dim {
    int64_t size, in, out;
    bool reduced;
};

struct Dims {
    std::vector<Dim> outer_kept, outer_reduced;
    Dim inner{1, 0, 0, true};
};

int64_t count(const std::vector<Dim>& dims) {
    int64_t n = 1;
    for (const Dim& d : dims) n *= d.size;
    return n;
}

// Byte offsets of flat index i in the input and the output.
int64_t offset(const std::vector<Dim>& dims, int64_t i, int64_t* out = nullptr) {
    int64_t in = 0;
    for (size_t d = dims.size(); d-- > 0;) {
        int64_t k = d > 0 ? i % dims[d].size : i;  // divisions take long, beside the sum of a short row
        if (d > 0) i /= dims[d].size;
        in += k * dims[d].in;
        if (out) *out += k * dims[d].out;
    }
    return in;
}

// Dimensions from the largest input stride to the smallest, neighbours of one kind merged.
Dims arrange(int ndim, const int64_t* shape, uint64_t reduced, const int64_t* so, const int64_t* sa) {
    std::vector<Dim> dims;
    for (int d = 0; d < ndim; ++d) {
        bool r = (reduced >> d) & 1;
        if (shape[d] != 1) dims.push_back({shape[d], sa[d], r ? 0 : so[d], r});
    }
    std::stable_sort(dims.begin(), dims.end(),
                     [](const Dim& x, const Dim& y) { return std::llabs(x.in) > std::llabs(y.in); });
    std::vector<Dim> merged;
    for (const Dim& d : dims) {
        if (!merged.empty()) {
            Dim& last = merged.back();
            if (last.reduced == d.reduced && last.in == d.in * d.size && last.out == d.out * d.size) {
                last = {last.size * d.size, d.in, d.out, d.reduced};
                continue;
            }
        }
        merged.push_back(d);
    }
    Dims result;
    if (!merged.empty()) {
        result.inner = merged.back();
        merged.pop_back();
    }
    for (const Dim& d : merged) (d.reduced ? result.outer_reduced : result.outer_kept).push_back(d);
    return result;
}

// W: the type that the reduction computes in. The input converts to it through `cast` unless it is contiguous and W
// already.
template <class W>
struct Reducer {
    const ReduceType<W>& type;
    int op;
    fb_unary_loop cast;
    bool same;  // the input's dtype is W's
    Dims dims;
    char* out;
    const char* a;

    // n input elements from p as contiguous W.
    const W* load(const char* p, int64_t stride, int64_t n, W* buf) const {
        if (same && (stride == static_cast<int64_t>(sizeof(W)) || n == 1)) return reinterpret_cast<const W*>(p);
        cast(reinterpret_cast<char*>(buf), sizeof(W), p, stride, n);
        return buf;
    }

    bool is_straight() const { return dims.inner.in == static_cast<int64_t>(sizeof(W)); }

    W run(const char* p, int64_t begin, int64_t end) const {
        const int64_t stride = dims.inner.in;
        std::vector<W> buf(same && is_straight() ? 0 : static_cast<size_t>(end - begin));
        return type.fold[op](load(p + begin * stride, stride, end - begin, buf.data()), end - begin);
    }

    void along_inner() const {
        const int64_t kept = count(dims.outer_kept), rows = count(dims.outer_reduced), n = dims.inner.size;
        const int64_t chunks = (n + kChunk - 1) / kChunk, parts = rows * chunks;
        auto part = [&](int64_t at, int64_t i) {
            int64_t begin = i % chunks * kChunk;
            return run(a + at + offset(dims.outer_reduced, i / chunks), begin, std::min(begin + kChunk, n));
        };
        if (kept < 64 && kept * parts > 1 && rows * n > kParallel) {  // few outputs: split their parts
            std::vector<W> partial(static_cast<size_t>(kept * parts));
            parallel_for(kept * parts, std::max<int64_t>(kParallel / n, 1), [&](int64_t begin, int64_t end) {
                for (int64_t u = begin; u < end; ++u)
                    partial[static_cast<size_t>(u)] = part(offset(dims.outer_kept, u / parts), u % parts);
            });
            for (int64_t k = 0; k < kept; ++k) store(k, type.fold[op](partial.data() + k * parts, parts));
            return;
        }
        const bool plain = parts == 1 && dims.outer_kept.size() == 1 && same && is_straight();
        parallel_for(kept, std::max<int64_t>(kParallel / (rows * n), 1), [&](int64_t begin, int64_t end) {
            if (plain) {
                const Dim& d = dims.outer_kept[0];
                constexpr int64_t kSize = sizeof(W);
                type.fold_rows[op](reinterpret_cast<const W*>(a + begin * d.in), d.in / kSize, end - begin, n,
                                   reinterpret_cast<W*>(out + begin * d.out), d.out / kSize);
                return;
            }
            std::vector<W> partial(static_cast<size_t>(parts));
            for (int64_t k = begin; k < end; ++k) {
                const char* p = a + offset(dims.outer_kept, k);
                W* to = partial.data();
                for (int64_t r = 0; r < rows; ++r) {
                    const char* row = p + offset(dims.outer_reduced, r);
                    for (int64_t i = 0; i < n; i += kChunk) *to++ = run(row, i, std::min(i + kChunk, n));
                }
                store(k, parts == 1 ? partial[0] : type.fold[op](partial.data(), parts));
            }
        });
    }

    void store(int64_t kept, W value) const {
        int64_t to = 0;
        offset(dims.outer_kept, kept, &to);
        *reinterpret_cast<W*>(out + to) = value;
    }

    // acc[0, width) = the rows [begin, end) combined, columns from `column` on.
    void group(const char* p, int64_t column, int64_t width, int64_t begin, int64_t end, W* acc) const {
        const std::vector<Dim>& outer = dims.outer_reduced;
        const bool straight = same && is_straight();
        auto row = [&](int64_t r) {
            return p + (outer.size() == 1 ? r * outer[0].in : offset(outer, r)) + column * dims.inner.in;
        };
        auto whole = [&](int64_t r) { return reinterpret_cast<const W*>(row(r)); };
        W buf[kColumns];
        std::memcpy(acc, load(row(begin), dims.inner.in, width, buf), static_cast<size_t>(width) * sizeof(W));
        int64_t r = begin + 1;
        for (; straight && r + 4 <= end; r += 4)
            type.into_by_4[op](acc, whole(r), whole(r + 1), whole(r + 2), whole(r + 3), width);
        for (; r < end; ++r) type.into[op](acc, load(row(r), dims.inner.in, width, buf), width);
    }

    void across_inner() const {
        const int64_t kept = count(dims.outer_kept), rows = count(dims.outer_reduced), n = dims.inner.size;
        const int64_t blocks = (n + kColumns - 1) / kColumns, groups = (rows + kGroup - 1) / kGroup;
        const int64_t width0 = std::min(n, kColumns);
        std::vector<W> partial;
        const bool split = kept * blocks < 64 && groups > 1 && rows * n > kParallel;
        if (split) {  // few outputs, many rows: groups side by side
            partial.resize(static_cast<size_t>(kept * blocks * groups * width0));
            parallel_for(kept * blocks * groups, std::max<int64_t>(kParallel / (kGroup * width0), 1),
                         [&](int64_t begin, int64_t end) {
                             for (int64_t u = begin; u < end; ++u) {
                                 int64_t g = u % groups, block = u / groups % blocks;
                                 group(a + offset(dims.outer_kept, u / groups / blocks), block * kColumns,
                                       std::min(kColumns, n - block * kColumns), g * kGroup,
                                       std::min((g + 1) * kGroup, rows), partial.data() + u * width0);
                             }
                         });
        }
        parallel_for(kept * blocks, std::max<int64_t>(kParallel / (rows * width0), 1), [&](int64_t begin, int64_t end) {
            W acc[kColumns], next[kColumns];
            for (int64_t u = begin; u < end; ++u) {
                int64_t column = u % blocks * kColumns, width = std::min(kColumns, n - column), to = 0;
                const char* p = a + offset(dims.outer_kept, u / blocks, &to);
                for (int64_t g = 0; g < groups; ++g) {
                    W* target = g == 0 ? acc : next;
                    if (split)
                        std::memcpy(target, partial.data() + (u * groups + g) * width0,
                                    static_cast<size_t>(width) * sizeof(W));
                    else
                        group(p, column, width, g * kGroup, std::min((g + 1) * kGroup, rows), target);
                    if (g > 0) type.into[op](acc, next, width);
                }
                char* o = out + to + column * dims.inner.out;
                for (int64_t j = 0; j < width; ++j) *reinterpret_cast<W*>(o + j * dims.inner.out) = acc[j];
            }
        });
    }

    void operator()() const { dims.inner.reduced ? along_inner() : across_inner(); }
};

template <class W>
void reduce(const ReduceType<W>& type, int op, int in_dtype, int w_dtype, const Dims& dims, char* out, const char* a) {
    Reducer<W>{type, op, fb_get_cast(in_dtype, w_dtype), in_dtype == w_dtype, dims, out, a}();
}

template <class T>
struct Complex {
    T re, im;
};
template <class T>
void complex_product(const Dims& dims, char* out, const char* a) {
    std::vector<Dim> kept = dims.outer_kept, reduced = dims.outer_reduced;
    (dims.inner.reduced ? reduced : kept).push_back(dims.inner);
    const int64_t rows = count(reduced);
    parallel_for(count(kept), std::max<int64_t>(kParallel / std::max<int64_t>(rows, 1), 1),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t k = begin; k < end; ++k) {
                         int64_t to = 0;
                         const char* p = a + offset(kept, k, &to);
                         Complex<T> acc{1, 0};
                         for (int64_t r = 0; r < rows; ++r) {
                             auto x = *reinterpret_cast<const Complex<T>*>(p + offset(reduced, r));
                             acc = {acc.re * x.re - acc.im * x.im, acc.re * x.im + acc.im * x.re};
                         }
                         *reinterpret_cast<Complex<T>*>(out + to) = acc;
                     }
                 });
}

// Nothing to reduce: sum gives 0 and product 1 wherever there is an output.
void fill_identity(int op, int dtype, int ndim, const int64_t* shape, uint64_t reduced, char* out, const int64_t* so) {
    int64_t kept_shape[FB_MAX_DIMS], zeros[FB_MAX_DIMS] = {};
    for (int d = 0; d < ndim; ++d) kept_shape[d] = (reduced >> d) & 1 ? 1 : shape[d];
    const uint8_t value = op == FB_PROD;
    fb_cast_nd(FB_UINT8, dtype, ndim, kept_shape, out, so, reinterpret_cast<const char*>(&value), zeros);
}

// Maxima (op FB_MAX) or minima along the middle axis of contiguous (outer, n, inner), and where they are first.
template <class T>
int extreme(const ExtremeType<T>& k, int op, int64_t outer, int64_t n, int64_t inner, const void* x_, void* values_,
            int64_t* places) {
    const T* x = static_cast<const T*>(x_);
    T* values = static_cast<T*>(values_);
    const int64_t blocks = (inner + kExtremeColumns - 1) / kExtremeColumns;
    const int64_t work = n * std::min(inner, kExtremeColumns);
    parallel_for(outer * blocks, std::max<int64_t>(kParallel / work, 1), [&](int64_t begin, int64_t end) {
        for (int64_t u = begin; u < end; ++u) {
            const int64_t o = u / blocks, column = u % blocks * kExtremeColumns, to = o * inner + column;
            k.columns[op == FB_MIN](x + o * n * inner + column, inner, n, std::min(kExtremeColumns, inner - column),
                                    values + to, places + to);
        }
    });
    return FB_OK;
}

// Softmax along the middle axis of contiguous (outer, n, inner): row(at) for each row that begins at `at`, or, where
// inner > 1, columns(at, width) for each block of columns.
template <class Row, class Columns>
void softmax(int64_t outer, int64_t n, int64_t inner, Row&& row, Columns&& columns) {
    if (inner == 1) {
        parallel_for(outer, std::max<int64_t>(kParallel / 4 / n, 1), [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r) row(r * n);
        });
        return;
    }
    const int64_t blocks = (inner + kSoftmaxColumns - 1) / kSoftmaxColumns;
    const int64_t work = n * std::min(inner, kSoftmaxColumns);
    parallel_for(outer * blocks, std::max<int64_t>(kParallel / 4 / work, 1), [&](int64_t begin, int64_t end) {
        for (int64_t u = begin; u < end; ++u) {
            const int64_t column = u % blocks * kSoftmaxColumns;
            columns(u / blocks * n * inner + column, std::min(kSoftmaxColumns, inner - column));
        }
    });
}

}  // namespace
}  // namespace fb

extern "C" {

int fb_reduce_dtype(int op, int dtype) {
    if (op < FB_SUM || op > FB_MIN || dtype < 0 || dtype >= FB_DTYPE_COUNT) return FB_ERR_VALUE;
    if (dtype == FB_FLOAT16 || dtype == FB_BFLOAT16) return FB_ERR_DTYPE;
    if (op == FB_MAX || op == FB_MIN) return dtype >= FB_COMPLEX64 ? FB_ERR_DTYPE : dtype;
    return dtype <= FB_INT64 || dtype >= FB_UINT16 ? FB_INT64 : dtype;
}

int fb_reduce_nd(int op, int dtype, int ndim, const int64_t* shape, uint64_t reduced, char* out, const int64_t* so,
                 const char* a, const int64_t* sa) {
    const int result = fb_reduce_dtype(op, dtype);
    if (result < 0) return result;
    if (ndim > FB_MAX_DIMS) return FB_ERR_VALUE;
    bool no_output = false, no_input = false;
    for (int d = 0; d < ndim; ++d) {
        if (shape[d] != 0) continue;
        no_input = true;
        if (!((reduced >> d) & 1)) no_output = true;
    }
    if (no_output) return FB_OK;
    if (no_input) {
        if (op == FB_MAX || op == FB_MIN) return FB_ERR_VALUE;
        fb::fill_identity(op, result, ndim, shape, reduced, out, so);
        return FB_OK;
    }
    const fb::ReduceKernels& k = fb::kernels().reduce;
    const fb::Dims dims = fb::arrange(ndim, shape, reduced, so, sa);
    switch (result) {
        case FB_BOOL:
        case FB_UINT8: fb::reduce(k.u8, op, dtype, result, dims, out, a); break;
        case FB_INT8: fb::reduce(k.i8, op, dtype, result, dims, out, a); break;
        case FB_INT16: fb::reduce(k.i16, op, dtype, result, dims, out, a); break;
        case FB_INT32: fb::reduce(k.i32, op, dtype, result, dims, out, a); break;
        case FB_INT64: fb::reduce(k.i64, op, dtype, result, dims, out, a); break;
        case FB_FLOAT32: fb::reduce(k.f32, op, dtype, result, dims, out, a); break;
        case FB_FLOAT64: fb::reduce(k.f64, op, dtype, result, dims, out, a); break;
        case FB_COMPLEX64:
            if (op == FB_PROD) {
                fb::complex_product<float>(dims, out, a);
            } else {  // the two parts are sums of their own
                fb::reduce(k.f32, op, FB_FLOAT32, FB_FLOAT32, dims, out, a);
                fb::reduce(k.f32, op, FB_FLOAT32, FB_FLOAT32, dims, out + 4, a + 4);
            }
            break;
        default:
            if (op == FB_PROD) {
                fb::complex_product<double>(dims, out, a);
            } else {
                fb::reduce(k.f64, op, FB_FLOAT64, FB_FLOAT64, dims, out, a);
                fb::reduce(k.f64, op, FB_FLOAT64, FB_FLOAT64, dims, out + 8, a + 8);
            }
    }
    return FB_OK;
}

int fb_extreme(int op, int dtype, int64_t outer, int64_t n, int64_t inner, const void* x, void* values,
               int64_t* indices) {
    if ((op != FB_MAX && op != FB_MIN) || n <= 0 || n > INT32_MAX) return FB_ERR_VALUE;
    if (outer <= 0 || inner <= 0) return FB_OK;
    const fb::ReduceKernels& k = fb::kernels().reduce;
    switch (dtype) {
        case FB_INT32: return fb::extreme(k.extreme_i32, op, outer, n, inner, x, values, indices);
        case FB_INT64: return fb::extreme(k.extreme_i64, op, outer, n, inner, x, values, indices);
        case FB_FLOAT32: return fb::extreme(k.extreme_f32, op, outer, n, inner, x, values, indices);
        case FB_FLOAT64: return fb::extreme(k.extreme_f64, op, outer, n, inner, x, values, indices);
        default: return FB_ERR_DTYPE;
    }
}

int fb_softmax(int dtype, int log, int64_t outer, int64_t n, int64_t inner, const void* x_, void* out_) {
    if (outer <= 0 || n <= 0 || inner <= 0) return FB_OK;
    const fb::ReduceKernels& k = fb::kernels().reduce;
    const auto run = [=](const auto* x, auto* out, auto of_row, auto of_columns) {
        fb::softmax(
            outer, n, inner, [=](int64_t at) { of_row(log, n, x + at, out + at); },
            [=](int64_t at, int64_t width) { of_columns(log, n, inner, width, x + at, out + at); });
        return FB_OK;
    };
    if (dtype == FB_FLOAT32)
        return run(static_cast<const float*>(x_), static_cast<float*>(out_), k.softmax32, k.softmax_columns32);
    if (dtype == FB_FLOAT64)
        return run(static_cast<const double*>(x_), static_cast<double*>(out_), k.softmax64, k.softmax_columns64);
    return FB_ERR_DTYPE;
}

int fb_softmax_grad(int dtype, int log, int64_t outer, int64_t n, int64_t inner, const void* grad, const void* y_,
                    void* out_) {
    if (outer <= 0 || n <= 0 || inner <= 0) return FB_OK;
    const fb::ReduceKernels& k = fb::kernels().reduce;
    const auto run = [=](auto* out, auto of_row, auto of_columns) {
        using T = std::remove_pointer_t<decltype(out)>;
        const T *g = static_cast<const T*>(grad), *y = static_cast<const T*>(y_);
        fb::softmax(
            outer, n, inner, [=](int64_t at) { of_row(log, n, g + at, y + at, out + at); },
            [=](int64_t at, int64_t width) { of_columns(log, n, inner, width, g + at, y + at, out + at); });
        return FB_OK;
    };
    if (dtype == FB_FLOAT32) return run(static_cast<float*>(out_), k.softmax_grad32, k.softmax_grad_columns32);
    if (dtype == FB_FLOAT64) return run(static_cast<double*>(out_), k.softmax_grad64, k.softmax_grad_columns64);
    return FB_ERR_DTYPE;
}

}  // extern "C"
