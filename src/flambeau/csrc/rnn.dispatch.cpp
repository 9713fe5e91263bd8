// One row of a step of a recurrent layer: the gates, the new state, and what the gradient needs of them.
#include "vmath.hpp"

namespace fb {
namespace FB_ISA {
namespace {

template <class T>
FB_INLINE void sigmoid(int64_t n, const T* a, const T* b, T* out) {
    FB_IVDEP
    for (int64_t j = 0; j < n; ++j) out[j] = sigmoid_(a[j] + b[j]);
}

// gx and gh have the gates i, f, g, o.
template <class T>
void lstm(int64_t n, const LstmRow<T>& r) {
    sigmoid(2 * n, r.gx, r.gh, r.i_f);
    FB_IVDEP
    for (int64_t j = 0; j < n; ++j) r.cell[j] = tanh_(r.gx[2 * n + j] + r.gh[2 * n + j]);
    sigmoid(n, r.gx + 3 * n, r.gh + 3 * n, r.o);
    FB_IVDEP
    for (int64_t j = 0; j < n; ++j) {
        const T c = r.i_f[n + j] * r.c[j] + r.i_f[j] * r.cell[j], s = tanh_(c);
        r.new_c[j] = c;
        r.squashed[j] = s;
        r.y[j] = r.o[j] * s;
    }
}

template <class T>
void lstm_grad(int64_t n, const LstmGradRow<T>& r) {
    FB_IVDEP
    for (int64_t j = 0; j < n; ++j) {
        const T i = r.i_f[j], f = r.i_f[n + j], cell = r.cell[j], o = r.o[j], s = r.squashed[j], g = r.g[j];
        const T dc = r.dc[j] + g * o * (T(1) - s * s);
        r.dgates[j] = dc * cell * (i * (T(1) - i));
        r.dgates[n + j] = dc * r.c[j] * (f * (T(1) - f));
        r.dgates[2 * n + j] = dc * i * (T(1) - cell * cell);
        r.dgates[3 * n + j] = g * s * o * (T(1) - o);
        r.new_dc[j] = dc * f;
    }
}

// gx and gh have the gates r, z, n; the last of gh is what r is multiplied with.
template <class T>
void gru(int64_t n, const GruRow<T>& r) {
    sigmoid(2 * n, r.gx, r.gh, r.r_z);
    FB_IVDEP
    for (int64_t j = 0; j < n; ++j) {
        const T a = tanh_(r.gx[2 * n + j] + r.r_z[j] * r.gh[2 * n + j]);
        r.candidate[j] = a;
        r.y[j] = a + r.r_z[n + j] * (r.h[j] - a);
    }
}

template <class T>
void gru_grad(int64_t n, const GruGradRow<T>& r) {
    FB_IVDEP
    for (int64_t j = 0; j < n; ++j) {
        const T reset = r.r_z[j], z = r.r_z[n + j], a = r.candidate[j], g = r.g[j];
        const T da = g * (T(1) - z) * (T(1) - a * a);
        const T dr = da * r.inner[j] * (reset * (T(1) - reset)), dz = g * (r.h[j] - a) * (z * (T(1) - z));
        r.to_gx[j] = r.to_gh[j] = dr;
        r.to_gx[n + j] = r.to_gh[n + j] = dz;
        r.to_gx[2 * n + j] = da;
        r.to_gh[2 * n + j] = da * reset;
        r.direct[j] = g * z;
    }
}

}  // namespace

void register_rnn(Kernels& k) {
    k.rnn32 = {&lstm<float>, &lstm_grad<float>, &gru<float>, &gru_grad<float>};
    k.rnn64 = {&lstm<double>, &lstm_grad<double>, &gru<double>, &gru_grad<double>};
}

}  // namespace FB_ISA
}  // namespace fb
