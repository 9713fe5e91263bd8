// The pointwise part of a step of a recurrent layer: gates, new state, and what the gradient needs of them. The
// formulas are those of kernels/base/_recurrence.py.
#include "vmath.hpp"

namespace fb {
namespace FB_ISA {
namespace {

// sigmoid_ and tanh_ of gates, which are a tenth of the time of a layer: with errors of up to 2.5 ulp instead of 2, and
// without subnormal results.
FB_INLINE float sigmoid_of(float x) {
    float c = x < -89.0f ? -89.0f : x;  // where e**-x is infinite
    c = c > 87.0f ? 87.0f : c;
    int32_t n;
    const float p = exp_reduce(-c, n) + 1.0f;
    return 1.0f / madd(p, pow2(n), 1.0f);
}
FB_INLINE double sigmoid_of(double x) { return sigmoid_(x); }
// (e**2x - 1) / (e**2x + 1)
FB_INLINE float tanh_of(float x) {
    float a = fabs_(x);
    a = a > 10.0f ? 10.0f : a;
    int32_t n;
    const float p = exp_reduce(2.0f * a, n), s = pow2(n), m = madd(s, p, s - 1.0f);
    return copysign_(m / (m + 2.0f), x);
}
FB_INLINE double tanh_of(double x) { return tanh_(x); }

// Row r of what is kept, of so many elements; NULL where nothing is.
template <class T>
FB_INLINE T* kept(const RnnBlock<T>& b, int k, int64_t r, int64_t width) {
    return b.kept[k] ? b.kept[k] + r * width : nullptr;
}

// Numbers of units are copied out of the blocks: as far as the compiler knows, what the loops write could change them.

template <class T, bool Relu, bool Keep>
void plain(const RnnBlock<T>& b) {
    const int64_t units = b.units;
    for (int64_t r = 0; r < b.rows; ++r) {
        const T *gx = b.gx + r * b.n, *gh = b.gh + r * b.gh_row, *bias = b.bias;
        T *y = b.y + r * b.n, *kept_y = kept(b, 0, r, b.n);
        FB_IVDEP
        for (int64_t j = 0; j < units; ++j) {
            const T gate = gx[j] + bias[j] + gh[j];
            y[j] = Relu ? (gate <= 0 ? T(0) : gate) : tanh_of(gate);
            if (Keep) kept_y[j] = y[j];
        }
    }
}

template <class T, bool Relu>
void plain_grad(const RnnGradBlock<T>& b) {
    const int64_t units = b.units;
    for (int64_t r = 0; r < b.rows; ++r) {
        const T *g = b.g + r * b.g_row, *y = b.kept[0] + r * b.n;
        T* to_gx = b.to_gx + r * b.n;
        FB_IVDEP
        for (int64_t j = 0; j < units; ++j) to_gx[j] = g[j] * (Relu ? T(y[j] > 0) : T(1) - y[j] * y[j]);
    }
}

// The gates i, f, g, o.
template <class T, bool Keep>
void lstm(const RnnBlock<T>& b) {
    const int64_t units = b.units, n = b.n, gate = b.gh_gate;
    for (int64_t r = 0; r < b.rows; ++r) {
        const T *gx = b.gx + r * 4 * n, *gh = b.gh + r * b.gh_row, *bias = b.bias;
        T *c = b.c + r * n, *y = b.y + r * n;
        T *kept_c = kept(b, 0, r, n), *i_f = kept(b, 1, r, 2 * n), *cell = kept(b, 2, r, n);
        T *o = kept(b, 3, r, n), *squashed = kept(b, 4, r, n);
        FB_IVDEP
        for (int64_t j = 0; j < units; ++j) {
            const T in = sigmoid_of(gx[j] + bias[j] + gh[j]);
            const T forget = sigmoid_of(gx[n + j] + bias[n + j] + gh[gate + j]);
            const T candidate = tanh_of(gx[2 * n + j] + bias[2 * n + j] + gh[2 * gate + j]);
            const T out = sigmoid_of(gx[3 * n + j] + bias[3 * n + j] + gh[3 * gate + j]);
            const T old = c[j], now = forget * old + in * candidate, s = tanh_of(now);
            if (Keep) {
                kept_c[j] = old;
                i_f[j] = in;
                i_f[n + j] = forget;
                cell[j] = candidate;
                o[j] = out;
                squashed[j] = s;
            }
            c[j] = now;
            y[j] = out * s;
        }
    }
}

template <class T>
void lstm_grad(const RnnGradBlock<T>& b) {
    const int64_t units = b.units, n = b.n;
    for (int64_t r = 0; r < b.rows; ++r) {
        const T *g = b.g + r * b.g_row, *c = b.kept[0] + r * n, *i_f = b.kept[1] + r * 2 * n;
        const T *cell = b.kept[2] + r * n, *o = b.kept[3] + r * n, *squashed = b.kept[4] + r * n;
        T *dc = b.dc + r * n, *to_gx = b.to_gx + r * 4 * n;
        FB_IVDEP
        for (int64_t j = 0; j < units; ++j) {
            const T in = i_f[j], forget = i_f[n + j], s = squashed[j];
            const T d = dc[j] + g[j] * o[j] * (T(1) - s * s);
            to_gx[j] = d * cell[j] * (in * (T(1) - in));
            to_gx[n + j] = d * c[j] * (forget * (T(1) - forget));
            to_gx[2 * n + j] = d * in * (T(1) - cell[j] * cell[j]);
            to_gx[3 * n + j] = g[j] * s * o[j] * (T(1) - o[j]);
            dc[j] = d * forget;
        }
    }
}

// The gates r, z, n; the last of gh is what r is multiplied with.
template <class T, bool Keep>
void gru(const RnnBlock<T>& b) {
    const int64_t units = b.units, n = b.n, gate = b.gh_gate;
    for (int64_t r = 0; r < b.rows; ++r) {
        const T *gx = b.gx + r * 3 * n, *gh = b.gh + r * b.gh_row, *h = b.h + r * n;
        const T *bias = b.bias, *inner_bias = b.inner_bias;
        T *y = b.y + r * n, *r_z = kept(b, 0, r, 2 * n), *inner = kept(b, 1, r, n), *kept_new = kept(b, 2, r, n);
        FB_IVDEP
        for (int64_t j = 0; j < units; ++j) {
            const T reset = sigmoid_of(gx[j] + bias[j] + gh[j]);
            const T z = sigmoid_of(gx[n + j] + bias[n + j] + gh[gate + j]);
            const T in = gh[2 * gate + j] + inner_bias[j];
            const T candidate = tanh_of(gx[2 * n + j] + bias[2 * n + j] + reset * in);
            if (Keep) {
                r_z[j] = reset;
                r_z[n + j] = z;
                inner[j] = in;
                kept_new[j] = candidate;
            }
            y[j] = candidate + z * (h[j] - candidate);
        }
    }
}

template <class T>
void gru_grad(const RnnGradBlock<T>& b) {
    const int64_t units = b.units, n = b.n;
    for (int64_t r = 0; r < b.rows; ++r) {
        const T *g = b.g + r * b.g_row, *h = b.h + r * n, *r_z = b.kept[0] + r * 2 * n;
        const T *inner = b.kept[1] + r * n, *candidate = b.kept[2] + r * n;
        T *to_gx = b.to_gx + r * 3 * n, *to_gh = b.to_gh + r * 3 * n, *dh = b.dh + r * n;
        FB_IVDEP
        for (int64_t j = 0; j < units; ++j) {
            const T reset = r_z[j], z = r_z[n + j], a = candidate[j], d = g[j];
            const T da = d * (T(1) - z) * (T(1) - a * a);
            const T dr = da * inner[j] * (reset * (T(1) - reset)), dz = d * (h[j] - a) * (z * (T(1) - z));
            to_gx[j] = to_gh[j] = dr;
            to_gx[n + j] = to_gh[n + j] = dz;
            to_gx[2 * n + j] = da;
            to_gh[2 * n + j] = da * reset;
            dh[j] = d * z;
        }
    }
}

template <class T>
RnnKernels<T> table() {
    return {{{&plain<T, false, false>, &plain<T, false, true>},
             {&plain<T, true, false>, &plain<T, true, true>},
             {&lstm<T, false>, &lstm<T, true>},
             {&gru<T, false>, &gru<T, true>}},
            {&plain_grad<T, false>, &plain_grad<T, true>, &lstm_grad<T>, &gru_grad<T>}};
}

}  // namespace

void register_rnn(Kernels& k) {
    k.rnn32 = table<float>();
    k.rnn64 = table<double>();
}

}  // namespace FB_ISA
}  // namespace fb
