"""Base kernels of the pointwise ops: arrays of one dtype in, broadcast array out.

Half-precision floats compute in float32 and round once. Values outside an op's domain give NaN or infinity, quietly.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from ._xp import Array, array_namespace, is_half, widen


def _kernel(function):
    """Runs `function(xp, *arrays)` with half precision widened and floating-point warnings off."""

    @functools.wraps(function)
    def run(*arrays):
        first = arrays[0]
        xp = array_namespace(first)
        with np.errstate(all="ignore"):
            out = xp.asarray(function(xp, *map(widen, arrays)))
        if is_half(first.dtype) and out.dtype == np.float32:
            out = out.astype(first.dtype)
        return out

    del run.__wrapped__  # the signature is that of the arrays alone
    return run


def _same(name):
    """A kernel that the array library has under its own name."""

    def function(xp, *arrays):
        return getattr(xp, name)(*arrays)

    function.__name__ = function.__qualname__ = name
    return _kernel(function)


# ---- arithmetic

add = _same("add")
sub = _same("subtract")
mul = _same("multiply")
div = _same("true_divide")
fmod = _same("fmod")
maximum = _same("maximum")
minimum = _same("minimum")
fmax = _same("fmax")
fmin = _same("fmin")
atan2 = _same("arctan2")
hypot = _same("hypot")
copysign = _same("copysign")
nextafter = _same("nextafter")
logaddexp = _same("logaddexp")
logaddexp2 = _same("logaddexp2")
gcd = _same("gcd")
lcm = _same("lcm")
ldexp = _kernel(lambda xp, a, b: a * xp.exp2(b))


@_kernel
def floor_divide(xp, a: Array, b: Array) -> Array:
    """Rounded towards minus infinity; an integer divided by zero gives 0."""
    if a.dtype.kind in "iu":
        return xp.where(b == 0, xp.zeros_like(a), xp.floor_divide(a, xp.where(b == 0, xp.ones_like(b), b)))
    # NumPy gives nan for a finite number over zero; the quotient is an infinity
    return xp.where(b == 0, xp.true_divide(a, b), xp.floor_divide(a, b)).astype(a.dtype)


@_kernel
def remainder(xp, a: Array, b: Array) -> Array:
    """The remainder with the sign of the divisor; an integer divided by zero gives 0."""
    if a.dtype.kind in "iu":
        return xp.where(b == 0, xp.zeros_like(a), xp.remainder(a, xp.where(b == 0, xp.ones_like(b), b)))
    return xp.remainder(a, b)


@_kernel
def pow(xp, a: Array, b: Array) -> Array:
    """a to the power b; negative integer powers of integers truncate 1 / a**n."""
    if a.dtype.kind in "iu":
        positive = xp.power(a, xp.where(b < 0, xp.zeros_like(b), b))
        ones = xp.where((a == 1) | ((a == -1) & (b % 2 == 0)), 1, xp.where(a == -1, -1, 0)).astype(a.dtype)
        return xp.where(b < 0, ones, positive)
    return xp.power(a, b)


# ---- comparison and logic

eq = _same("equal")
ne = _same("not_equal")
lt = _same("less")
le = _same("less_equal")
gt = _same("greater")
ge = _same("greater_equal")
logical_and = _same("logical_and")
logical_or = _same("logical_or")
logical_xor = _same("logical_xor")
logical_not = _same("logical_not")
bitwise_and = _same("bitwise_and")
bitwise_or = _same("bitwise_or")
bitwise_xor = _same("bitwise_xor")
bitwise_not = _same("invert")
left_shift = _same("left_shift")
right_shift = _same("right_shift")
isnan = _same("isnan")
isinf = _same("isinf")
isfinite = _same("isfinite")
signbit = _same("signbit")

# ---- one argument

neg = _same("negative")
abs = _same("abs")
sign = _same("sign")
square = _same("square")
exp = _same("exp")
exp2 = _same("exp2")
expm1 = _same("expm1")
log = _same("log")
log1p = _same("log1p")
log2 = _same("log2")
log10 = _same("log10")
sqrt = _same("sqrt")
reciprocal = _same("reciprocal")
sin = _same("sin")
cos = _same("cos")
tan = _same("tan")
asin = _same("arcsin")
acos = _same("arccos")
atan = _same("arctan")
sinh = _same("sinh")
cosh = _same("cosh")
tanh = _same("tanh")
asinh = _same("arcsinh")
acosh = _same("arccosh")
atanh = _same("arctanh")
deg2rad = _same("deg2rad")
rad2deg = _same("rad2deg")
conj = _same("conj")
sinc = _same("sinc")


def _rounding(name):
    def function(xp, a):
        return a if a.dtype.kind in "iub" else getattr(xp, name)(a)

    function.__name__ = name
    return _kernel(function)


floor = _rounding("floor")
ceil = _rounding("ceil")
round = _rounding("rint")
trunc = _rounding("trunc")
rsqrt = _kernel(lambda xp, a: 1 / xp.sqrt(a))
frac = _kernel(lambda xp, a: a - xp.trunc(a))
angle = _kernel(lambda xp, a: xp.angle(a) if a.dtype.kind == "c" else xp.where(xp.isnan(a), a, xp.where(a < 0, math.pi, 0)))


def _elementwise(function):
    """A function of math, element by element: slow, exact, for kernels without an array form."""

    def kernel(xp, a):
        return xp.asarray(np.vectorize(function, otypes=[np.float64])(a), dtype=a.dtype)

    return kernel


erf = _kernel(_elementwise(math.erf))
erfc = _kernel(_elementwise(math.erfc))


@_kernel
def sigmoid(xp, a: Array) -> Array:
    """1 / (1 + exp(-a)), from the exponential that does not overflow."""
    if a.dtype.kind == "c":
        return 1 / (1 + xp.exp(-a))
    e = xp.exp(-xp.abs(a))
    return (xp.where(a < 0, e, xp.ones_like(e)) / (1 + e)).astype(a.dtype)


@_kernel
def logsigmoid(xp, a: Array) -> Array:
    """log(sigmoid(a)) = min(a, 0) - log1p(exp(-|a|))."""
    return xp.minimum(a, 0) - xp.log1p(xp.exp(-xp.abs(a)))


relu = _kernel(lambda xp, a: xp.maximum(a, xp.zeros((), dtype=a.dtype)))
silu = _kernel(lambda xp, a: a * sigmoid(a))


@_kernel
def softplus(xp, a: Array) -> Array:
    """log(1 + exp(a)), and a itself above 20."""
    return xp.where(a > 20, a, xp.log1p(xp.exp(xp.minimum(a, 20))))


@_kernel
def gelu(xp, a: Array) -> Array:
    """a Phi(a) with the normal distribution function Phi (Hendrycks and Gimpel, 2016)."""
    return a * 0.5 * erfc(-a * xp.asarray(math.sqrt(0.5), dtype=a.dtype))


def _gelu_inner(a):
    return math.sqrt(2 / math.pi) * (a + 0.044715 * a * a * a)


@_kernel
def gelu_tanh(xp, a: Array) -> Array:
    """The tanh approximation of gelu."""
    return 0.5 * a * (1 + xp.tanh(_gelu_inner(a)))


# ---- gradients: g is the gradient of the output, x the input, y the output

relu_grad = _kernel(lambda xp, g, x: xp.where(x > 0, g, xp.zeros((), dtype=g.dtype)))
tanh_grad = _kernel(lambda xp, g, y: g * (1 - y * xp.conj(y)))
sigmoid_grad = _kernel(lambda xp, g, y: g * y * (1 - y))
silu_grad = _kernel(lambda xp, g, x: g * sigmoid(x) * (1 + x * (1 - sigmoid(x))))
softplus_grad = _kernel(lambda xp, g, x: xp.where(x > 20, g, g * sigmoid(x)))


@_kernel
def gelu_grad(xp, g: Array, x: Array) -> Array:
    """g (Phi(x) + x phi(x))."""
    density = xp.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
    return g * (0.5 * erfc(-x * xp.asarray(math.sqrt(0.5), dtype=x.dtype)) + x * density)


@_kernel
def gelu_tanh_grad(xp, g: Array, x: Array) -> Array:
    t = xp.tanh(_gelu_inner(x))
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)


# ---- three arguments


def where(condition: Array, a: Array, b: Array) -> Array:
    """a where condition, else b; a and b have one dtype."""
    return array_namespace(a).where(condition, a, b)

