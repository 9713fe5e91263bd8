// Steps of recurrent layers over the rows of a batch.
#include <algorithm>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

template <class T>
const RnnKernels<T>& table();
template <>
const RnnKernels<float>& table<float>() { return kernels().rnn32; }
template <>
const RnnKernels<double>& table<double>() { return kernels().rnn64; }

// Calls f(row) for all rows; a row has `n` units.
template <class F>
void each_row(int64_t rows, int64_t n, F&& f) {
    parallel_for(rows, std::max<int64_t>(1, 4096 / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) f(i);
    });
}

// The arrays of the interface, in the order of flambeau.h; of row i, each with its number of units.
template <class T>
struct Arrays {
    const void* const* in;
    void* const* out;
    const T* input(int k, int64_t offset) const { return static_cast<const T*>(in[k]) + offset; }
    T* output(int k, int64_t offset) const { return static_cast<T*>(out[k]) + offset; }
};

template <class T>
int lstm(int64_t rows, int64_t n, const void* const* in, void* const* out) {
    const Arrays<T> a{in, out};
    each_row(rows, n, [&](int64_t i) {
        const int64_t one = i * n;
        table<T>().lstm(n, {a.input(0, 4 * one), a.input(1, 4 * one), a.input(2, one), a.output(0, 2 * one),
                            a.output(1, one), a.output(2, one), a.output(3, one), a.output(4, one), a.output(5, one)});
    });
    return FB_OK;
}

template <class T>
int lstm_grad(int64_t rows, int64_t n, const void* const* in, void* const* out) {
    const Arrays<T> a{in, out};
    each_row(rows, n, [&](int64_t i) {
        const int64_t one = i * n;
        table<T>().lstm_grad(n, {a.input(0, one), a.input(1, one), a.input(2, one), a.input(3, 2 * one),
                                 a.input(4, one), a.input(5, one), a.input(6, one), a.output(0, 4 * one),
                                 a.output(1, one)});
    });
    return FB_OK;
}

template <class T>
int gru(int64_t rows, int64_t n, const void* const* in, void* const* out) {
    const Arrays<T> a{in, out};
    each_row(rows, n, [&](int64_t i) {
        const int64_t one = i * n;
        table<T>().gru(n, {a.input(0, 3 * one), a.input(1, 3 * one), a.input(2, one), a.output(0, 2 * one),
                           a.output(1, one), a.output(2, one)});
    });
    return FB_OK;
}

template <class T>
int gru_grad(int64_t rows, int64_t n, const void* const* in, void* const* out) {
    const Arrays<T> a{in, out};
    each_row(rows, n, [&](int64_t i) {
        const int64_t one = i * n;
        table<T>().gru_grad(n, {a.input(0, one), a.input(1, one), a.input(2, 2 * one), a.input(3, one), a.input(4, one),
                                a.output(0, 3 * one), a.output(1, 3 * one), a.output(2, one)});
    });
    return FB_OK;
}

}  // namespace
}  // namespace fb

extern "C" int fb_rnn_step(int step, int dtype, int64_t rows, int64_t n, const void* const* in, void* const* out) {
    if (dtype != FB_FLOAT32 && dtype != FB_FLOAT64) return FB_ERR_DTYPE;
    using Step = int (*)(int64_t, int64_t, const void* const*, void* const*);
    static constexpr Step steps[][2] = {
        {fb::lstm<float>, fb::lstm<double>},
        {fb::lstm_grad<float>, fb::lstm_grad<double>},
        {fb::gru<float>, fb::gru<double>},
        {fb::gru_grad<float>, fb::gru_grad<double>},
    };
    if (step < FB_LSTM || step > FB_GRU_GRAD) return FB_ERR_VALUE;
    return steps[step][dtype == FB_FLOAT64](rows, n, in, out);
}
