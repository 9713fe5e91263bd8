// Layers of recurrent networks over the steps of a batch of sequences, forward and backward.
//
// The share of the input in the gates of all steps is one product. A step is a product of few rows with the same
// weight, and the gates of it: threads take blocks of units and do both, so that a step is one parallel loop. Backward,
// the gradients of the gates multiply the weight, and what comes out goes into the gates of the step before: again one
// loop, with all gradients of weights as products over all steps in the end. Only a projection needs a loop of its own.
#include <cstring>
#include <vector>

#include "panels.hpp"

namespace fb {
namespace {

constexpr int64_t kStepsToPack = 4;

// What differs from kind to kind, indexed by fb_rnn_kind: gates, whether both biases are added to the same sum, arrays
// kept behind h, and the elements that they have for a unit.
struct Kind {
    int64_t gates;
    bool biases_add;
    int kept;
    int64_t widths[5];
};
constexpr Kind kKinds[] = {
    {1, true, 1, {1}}, {1, true, 1, {1}}, {4, true, 5, {1, 2, 1, 1, 1}}, {3, false, 3, {2, 1, 1}}};

template <class T>
const RnnKernels<T>& table();
template <>
const RnnKernels<float>& table<float>() { return kernels().rnn32; }
template <>
const RnnKernels<double>& table<double>() { return kernels().rnn64; }

template <class T>
T* shifted(T* p, int64_t offset) { return p ? p + offset : nullptr; }

template <class T>
void copy(T* to, const T* from, int64_t n) {
    if (n > 0) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
}

struct Step {
    int64_t at, rows;  // its first row among those of all steps
};

// The layer with its types.
template <class T>
struct Layer {
    explicit Layer(const fb_rnn_layer& s)
        : kind(kKinds[s.kind]), n(s.units), r(s.state), batch(s.sizes[0]), steps(static_cast<size_t>(s.steps)),
          x(of(s.x)), h(of(s.h)), c(of(s.c)), w_ih(of(s.w_ih)), w_hh(of(s.w_hh)), b_ih(of(s.b_ih)), b_hh(of(s.b_hh)),
          w_hr(of(s.w_hr)), inputs(s.inputs), gates(kind.gates * n) {
        for (int64_t t = 0; t < s.steps; rows += s.sizes[t++])
            steps[static_cast<size_t>(s.reverse ? s.steps - 1 - t : t)] = {rows, s.sizes[t]};
    }
    static const T* of(const void* p) { return static_cast<const T*>(p); }
    bool many_steps() const { return static_cast<int64_t>(steps.size()) >= kStepsToPack; }

    const Kind& kind;
    int64_t n, r, batch;      // units; elements of h, n without a projection; sequences
    std::vector<Step> steps;  // in the order in which they are visited
    const T *x, *h, *c, *w_ih, *w_hh, *b_ih, *b_hh, *w_hr;
    int64_t inputs, gates, rows = 0;
};

template <class T>
constexpr int kDtype = sizeof(T) == 4 ? FB_FLOAT32 : FB_FLOAT64;

// c (m, n) = a (m, k) b (k, n), row-major, with `a` stored as its transpose or not, and b.
template <class T>
int gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, const T* a, const T* b, T* c) {
    return fb_gemm(kDtype<T>, trans_a, trans_b, m, n, k, 1.0, 0.0, a, trans_a ? m : k, b, trans_b ? k : n, 0.0, c, n);
}

// bias (gates) = what is added to the gates from the start, and inner (n) = what the last gate of a GRU gets later.
template <class T>
void sum_biases(const Layer<T>& l, T* bias, T* inner) {
    std::fill_n(bias, l.gates, T{});
    std::fill_n(inner, l.n, T{});
    if (!l.b_ih) return;
    const int64_t both = l.kind.biases_add ? l.gates : l.gates - l.n;
    for (int64_t j = 0; j < l.gates; ++j) bias[j] = j < both ? l.b_ih[j] + l.b_hh[j] : l.b_ih[j];
    if (both < l.gates) copy(inner, l.b_hh + both, l.n);
}

// The states between the steps: `now` and `next` (batch, r) take turns. A sequence that has ended, or not yet begun,
// has its state in both.
template <class T>
struct States {
    States(const Layer<T>& l) : memory(2 * l.batch * l.r), now(memory.data), next(now + l.batch * l.r), r(l.r) {
        if (!now) return;
        copy(now, l.h, l.batch * r);
        copy(next, l.h, l.batch * r);
    }
    // After a step with so many rows; `following`: those of the next one.
    void turn(int64_t rows, int64_t following) {
        std::swap(now, next);
        if (following < rows) copy(next + following * r, now + following * r, (rows - following) * r);
    }
    Buffer<T> memory;
    T *now, *next;
    int64_t r;
};

template <class T>
int forward(const fb_rnn_layer& s, void* y_, void* h_n, void* c_n, void* const* kept_) {
    const Layer<T> l(s);
    const int64_t n = l.n, r = l.r;
    T *y = static_cast<T*>(y_), *c = static_cast<T*>(c_n);
    T* kept[6] = {};
    for (int k = 0; kept_ && k <= l.kind.kept; ++k) kept[k] = static_cast<T*>(kept_[k]);
    const auto pointwise = table<T>().forward[s.kind][kept_ != nullptr];

    Buffer<T> gx(l.rows * l.gates), hidden(l.w_hr ? l.batch * n : 0), biases(l.gates + n);
    States<T> h(l);
    Factor<T> recurrent({l.w_hh, r, l.kind.gates, n, 1, r}, l.batch, l.many_steps());
    Factor<T> projection({l.w_hr, n, 1, r, 1, n}, l.w_hr ? l.batch : 0, l.many_steps() && l.w_hr);
    if (!gx.data || !hidden.data || !biases.data || !h.now || !recurrent.ok() || !projection.ok()) return FB_ERR_MEMORY;
    if (int error = gemm(false, true, l.rows, l.gates, l.inputs, l.x, l.w_ih, gx.data)) return error;
    const T *bias = biases.data, *inner_bias = bias + l.gates;
    sum_biases(l, biases.data, biases.data + l.gates);
    if (c) copy(c, l.c, l.batch * n);

    for (size_t t = 0; t < l.steps.size(); ++t) {
        const auto [at, rows] = l.steps[t];
        if (kept[0]) copy(kept[0] + at * r, h.now, rows * r);
        T *out = y + at * r, *to = l.w_hr ? hidden.data : out;
        if (!recurrent.start(rows, h.now, r)) return FB_ERR_MEMORY;
        recurrent.each_block(rows, [&](const Block& b) {
            alignas(64) T tile[Factor<T>::kTile / sizeof(T)];
            const Product<T> gh = recurrent.product(b, tile);
            const int64_t one = b.row * n + b.unit;
            RnnBlock<T> block{b.rows, b.units, n, gx.data + (at + b.row) * l.gates + b.unit, gh.data, gh.row_step,
                              gh.gate_step, bias + b.unit, inner_bias + b.unit, l.w_hr ? nullptr : h.now + one,
                              shifted(c, one), to + one, {}};
            for (int k = 0; k < l.kind.kept; ++k)
                block.kept[k] = shifted(kept[k + 1], (at + b.row) * n * l.kind.widths[k] + b.unit);
            pointwise(block);
            for (int64_t i = 0; i < b.rows && !l.w_hr; ++i) copy(h.next + one + i * n, to + one + i * n, b.units);
        });
        if (l.w_hr) {
            if (!projection.start(rows, hidden.data, n)) return FB_ERR_MEMORY;
            projection.each_block(rows, [&](const Block& b) {
                alignas(64) T tile[Factor<T>::kTile / sizeof(T)];
                const Product<T> p = projection.product(b, tile);
                for (int64_t i = 0; i < b.rows; ++i) {
                    const int64_t one = (b.row + i) * r + b.unit;
                    copy(out + one, p.data + i * p.row_step, b.units);
                    copy(h.next + one, p.data + i * p.row_step, b.units);
                }
            });
        }
        h.turn(rows, t + 1 < l.steps.size() ? l.steps[t + 1].rows : rows);
    }
    copy(static_cast<T*>(h_n), h.now, l.batch * r);
    return FB_OK;
}

const ReduceType<float>& sums(const float*) { return kernels().reduce.f32; }
const ReduceType<double>& sums(const double*) { return kernels().reduce.f64; }

// to (columns) = the sums of the columns of from (rows, columns), row after row.
template <class T>
void column_sums(int64_t rows, int64_t columns, const T* from, T* to) {
    const auto add = sums(from).into[FB_SUM];
    const auto add_4 = sums(from).into_by_4[FB_SUM];
    parallel_for(columns, std::max<int64_t>(64, 65536 / std::max<int64_t>(rows, 1)), [&](int64_t begin, int64_t end) {
        std::fill(to + begin, to + end, T{});
        const T* row = from + begin;
        int64_t i = 0;
        for (; i + 4 <= rows; i += 4, row += 4 * columns)
            add_4(to + begin, row, row + columns, row + 2 * columns, row + 3 * columns, end - begin);
        for (; i < rows; ++i, row += columns) add(to + begin, row, end - begin);
    });
}

// Where the gradients go, in the order of flambeau.h.
enum Gradient { kX, kH, kC, kWih, kWhh, kBih, kBhh, kWhr };

// The gradients of weights, biases and x, from those of the gates and of the outputs before the projection.
template <class T>
int weight_gradients(const Layer<T>& l, const T* to_gx, const T* to_gh, const T* to_y, const T* const* kept,
                     T* const* to) {
    int status = gemm(false, false, l.rows, l.inputs, l.gates, to_gx, l.w_ih, to[kX]);
    status |= gemm(true, false, l.gates, l.inputs, l.rows, to_gx, l.x, to[kWih]);
    status |= gemm(true, false, l.gates, l.r, l.rows, to_gh, kept[0], to[kWhh]);
    column_sums(l.rows, l.gates, to_gx, to[kBih]);
    if (to_gh == to_gx) copy(to[kBhh], to[kBih], l.gates);
    else column_sums(l.rows, l.gates, to_gh, to[kBhh]);
    if (!l.w_hr) return status;
    Buffer<T> projected(l.rows * l.n);  // o tanh(c)
    if (!projected.data) return FB_ERR_MEMORY;
    for (int64_t j = 0; j < l.rows * l.n; ++j) projected.data[j] = kept[4][j] * kept[5][j];
    return status | gemm(true, false, l.r, l.n, l.rows, to_y, projected.data, to[kWhr]);
}

template <class T>
int backward(const fb_rnn_layer& s, const void* g_y_, const void* g_h, const void* g_c, const void* const* kept_,
             void* const* to_) {
    const Layer<T> l(s);
    const int64_t n = l.n, r = l.r;
    const T *g_y = Layer<T>::of(g_y_), *kept[6] = {};
    for (int k = 0; k <= l.kind.kept; ++k) kept[k] = Layer<T>::of(kept_[k]);
    T* to[8];
    for (int k = 0; k < 8; ++k) to[k] = static_cast<T*>(to_[k]);
    T *dh = to[kH], *dc = to[kC];

    Buffer<T> to_gx(l.rows * l.gates), to_other_gh(l.kind.biases_add ? 0 : l.rows * l.gates);
    Buffer<T> to_y(l.w_hr ? l.rows * r : 0);
    T* to_gh = l.kind.biases_add ? to_gx.data : to_other_gh.data;
    Factor<T> recurrent({l.w_hh, l.gates, 1, r, r, 1}, l.batch, l.many_steps());
    Factor<T> projection({l.w_hr, r, 1, n, n, 1}, l.w_hr ? l.batch : 0, l.many_steps() && l.w_hr);
    if (!to_gx.data || !to_gh || !to_y.data || !recurrent.ok() || !projection.ok()) return FB_ERR_MEMORY;
    copy(dh, Layer<T>::of(g_h), l.batch * r);
    if (dc) copy(dc, Layer<T>::of(g_c), l.batch * n);

    int64_t later = 0;  // rows of the step after this one
    // Takes into dh of a block what comes through the gates of the later step.
    const auto through_gates = [&](const Block& b, T* tile) {
        if (b.row >= later) return;
        const Block part{b.row, std::min(b.rows, later - b.row), b.unit, b.units};
        const Product<T> p = recurrent.product(part, tile);
        for (int64_t i = 0; i < part.rows; ++i) {
            T* row = dh + (b.row + i) * r + b.unit;
            const T* from = p.data + i * p.row_step;
            if (s.kind == FB_GRU)  // which has put there what goes to h directly
                for (int64_t j = 0; j < b.units; ++j) row[j] += from[j];
            else
                copy(row, from, b.units);
        }
    };
    // to = dh + the gradient of y, for the first `rows` rows of a block.
    const auto output_gradient = [&](const Block& b, int64_t rows, int64_t at, T* out, int64_t out_row) {
        for (int64_t i = 0; i < rows; ++i) {
            const T *row = dh + (b.row + i) * r + b.unit, *g = g_y + (at + b.row + i) * r + b.unit;
            for (int64_t j = 0; j < b.units; ++j) out[i * out_row + j] = row[j] + g[j];
        }
    };
    const auto through_step = [&](const Block& b, int64_t rows, int64_t at, const T* g, int64_t g_row) {
        const int64_t one = b.row * n + b.unit, of_gates = (at + b.row) * l.gates + b.unit;
        RnnGradBlock<T> block{rows, b.units, n, g, g_row, l.w_hr ? nullptr : kept[0] + at * n + one, {},
                              shifted(dc, one), l.w_hr ? nullptr : dh + one, to_gx.data + of_gates, to_gh + of_gates};
        for (int k = 0; k < l.kind.kept; ++k)
            block.kept[k] = kept[k + 1] + (at + b.row) * n * l.kind.widths[k] + b.unit;
        table<T>().backward[s.kind](block);
    };

    for (auto step = l.steps.rbegin(); step != l.steps.rend(); ++step) {
        const auto [at, rows] = *step;
        if (later && !recurrent.start(later, to_gh + (step - 1)->at * l.gates, l.gates)) return FB_ERR_MEMORY;
        recurrent.each_block(std::max(rows, later), [&, at = at, rows = rows](const Block& b) {
            alignas(64) T tile[Factor<T>::kTile / sizeof(T)];
            through_gates(b, tile);
            const int64_t inside = std::min(b.rows, rows - b.row), width = recurrent.width();
            if (inside <= 0) return;
            if (l.w_hr) {
                output_gradient(b, inside, at, to_y.data + (at + b.row) * r + b.unit, r);
            } else {
                output_gradient(b, inside, at, tile, width);
                through_step(b, inside, at, tile, width);
            }
        });
        if (l.w_hr) {
            if (!projection.start(rows, to_y.data + at * r, r)) return FB_ERR_MEMORY;
            projection.each_block(rows, [&, at = at](const Block& b) {
                alignas(64) T tile[Factor<T>::kTile / sizeof(T)];
                const Product<T> g = projection.product(b, tile);
                through_step(b, b.rows, at, g.data, g.row_step);
            });
        }
        later = rows;
    }
    if (later && !recurrent.start(later, to_gh + l.steps.front().at * l.gates, l.gates)) return FB_ERR_MEMORY;
    recurrent.each_block(later, [&](const Block& b) {
        alignas(64) T tile[Factor<T>::kTile / sizeof(T)];
        through_gates(b, tile);
    });
    return weight_gradients(l, to_gx.data, to_gh, to_y.data, kept, to);
}

}  // namespace
}  // namespace fb

extern "C" {

int fb_rnn(int dtype, const fb_rnn_layer* layer, void* y, void* h_n, void* c_n, void* const* kept) {
    if (dtype == FB_FLOAT32) return fb::forward<float>(*layer, y, h_n, c_n, kept);
    if (dtype == FB_FLOAT64) return fb::forward<double>(*layer, y, h_n, c_n, kept);
    return FB_ERR_DTYPE;
}

int fb_rnn_grad(int dtype, const fb_rnn_layer* layer, const void* g_y, const void* g_h, const void* g_c,
                const void* const* kept, void* const* grads) {
    if (dtype == FB_FLOAT32) return fb::backward<float>(*layer, g_y, g_h, g_c, kept, grads);
    if (dtype == FB_FLOAT64) return fb::backward<double>(*layer, g_y, g_h, g_c, kept, grads);
    return FB_ERR_DTYPE;
}

}  // extern "C"
