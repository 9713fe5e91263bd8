// Activations of neural networks and their gradients. A gradient takes (g, x) with x the input, or (g, y)
// with y the output where that is cheaper.
#include "vmath.hpp"

namespace fb {
namespace FB_ISA {
namespace {

constexpr double kInvSqrt2Pi = 0.39894228040143268;
constexpr double kTanhScale = 0.79788456080286536;  // sqrt(2 / pi)
constexpr double kTanhCubic = 0.044715;

struct Relu {
    template <class T> FB_INLINE T f(T x) { return x < 0 ? T(0) : x; }  // keeps NaN
};
struct Silu {
    template <class T> FB_INLINE T f(T x) { return x * sigmoid_(x); }
};
struct LogSigmoid {
    template <class T> FB_INLINE T f(T x) { return (x > 0 ? T(0) : x) - log1p_(exp_(-fabs_(x))); }
};
struct Softplus {
    template <class T> FB_INLINE T f(T x) { return x > T(20) ? x : log1p_(exp_(x)); }
};
// x Phi(x). The tail is computed directly, so that nothing cancels for negative x.
struct Gelu {
    template <class T> FB_INLINE T f(T x) {
        T e, tail = normal_tail(x, &e);
        return x * (x >= 0 ? T(1) - tail : tail);
    }
};
// x (1 + tanh(u)) / 2 = x sigmoid(2 u) with u = sqrt(2/pi) (x + 0.044715 x**3) (Hendrycks and Gimpel 2016)
struct GeluTanh {
    template <class T> FB_INLINE T f(T x) {
        T u2 = T(2 * kTanhScale) * x * madd(T(kTanhCubic), x * x, T(1));
        return x * sigmoid_(u2);
    }
};

// The slope is an array, of one element or more.
struct LeakyRelu {
    template <class T> FB_INLINE T f(T x, T slope) { return x > 0 ? x : x * slope; }
};
struct LeakySlope {  // the derivative of leaky_relu
    template <class T> FB_INLINE T f(T x, T slope) { return x > 0 ? T(1) : slope; }
};

struct ReluGrad {
    template <class T> FB_INLINE T f(T g, T x) { return x <= 0 ? T(0) : g; }
};
struct TanhGrad {
    template <class T> FB_INLINE T f(T g, T y) { return g * (T(1) - y * y); }
};
struct SigmoidGrad {
    template <class T> FB_INLINE T f(T g, T y) { return g * (T(1) - y) * y; }
};
struct SiluGrad {
    template <class T> FB_INLINE T f(T g, T x) {
        T s = sigmoid_(x);
        return g * (s * (T(1) + x * (T(1) - s)));
    }
};
struct SoftplusGrad {
    template <class T> FB_INLINE T f(T g, T x) { return x > T(20) ? g : g * sigmoid_(x); }
};
struct GeluGrad {
    template <class T> FB_INLINE T f(T g, T x) {
        T e, tail = normal_tail(x, &e);
        return g * madd(x * T(kInvSqrt2Pi), e, x >= 0 ? T(1) - tail : tail);
    }
};
struct GeluTanhGrad {
    template <class T> FB_INLINE T f(T g, T x) {
        T z = x * x;
        T s = sigmoid_(T(2 * kTanhScale) * x * madd(T(kTanhCubic), z, T(1)));
        T du2 = T(2 * kTanhScale) * madd(T(3 * kTanhCubic), z, T(1));
        return g * (s + x * s * (T(1) - s) * du2);
    }
};

}  // namespace

void register_activation(Kernels& k) {
    costly_unary<Relu>(k, "relu");
    k.unary("relu", FB_FLOAT32, FB_FLOAT32, &unary_loop<Relu, float, float>);
    k.unary("relu", FB_FLOAT64, FB_FLOAT64, &unary_loop<Relu, double, double>);
    costly_unary<Silu>(k, "silu");
    costly_unary<LogSigmoid>(k, "logsigmoid");
    costly_unary<Softplus>(k, "softplus");
    costly_unary<Gelu>(k, "gelu");
    costly_unary<GeluTanh>(k, "gelu_tanh");
    cheap_binary<ReluGrad>(k, "relu_grad");
    cheap_binary<LeakyRelu>(k, "leaky_relu");
    cheap_binary<LeakySlope>(k, "leaky_slope");
    cheap_binary<TanhGrad>(k, "tanh_grad");
    cheap_binary<SigmoidGrad>(k, "sigmoid_grad");
    costly_binary<SiluGrad>(k, "silu_grad");
    costly_binary<SoftplusGrad>(k, "softplus_grad");
    costly_binary<GeluGrad>(k, "gelu_grad");
    costly_binary<GeluTanhGrad>(k, "gelu_tanh_grad");
}

}  // namespace FB_ISA
}  // namespace fb
