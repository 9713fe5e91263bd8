"""Base kernels of the pointwise ops: arrays of one dtype in, broadcast array out.

Half-precision floats compute in float32 and round once. Values outside an op's domain give NaN or infinity, quietly.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from ... import _core
from ._xp import Array, array_namespace, is_half, widen


def _kernel(function):
    """Runs `function(xp, *arrays)` with half precision widened and floating-point warnings off. Numbers may follow.
    The result has the order in memory of the arrays."""

    @functools.wraps(function)
    def run(*arrays):
        first = arrays[0]
        xp = array_namespace(first)
        with np.errstate(all="ignore"):
            out = xp.asarray(function(xp, *[widen(a) if hasattr(a, "dtype") else a for a in arrays]))
            out = out.astype(first.dtype) if is_half(first.dtype) and out.dtype == np.float32 else out
        return _core.laid_out(out, arrays)

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
div_trunc = _kernel(
    lambda xp, a, b: _quotient(xp, a, b) if a.dtype.kind in "iu" else xp.trunc(xp.true_divide(a, b))
)
atan2 = _same("arctan2")
hypot = _same("hypot")
copysign = _same("copysign")


def nextafter(a: Array, b: Array) -> Array:
    """The number of the dtype after a towards b."""
    with np.errstate(all="ignore"):
        return _core.laid_out(array_namespace(a).nextafter(a, b), (a, b))


@_kernel
def expm1(xp, a: Array) -> Array:
    """exp(a) - 1. Of complex x + iy: expm1(x) cos y - 2 sin(y/2)^2 + i exp(x) sin y, or by exp, which has the special
    cases of C99, where exp(x) is far from 1 or an operand is not finite."""
    if a.dtype.kind != "c":
        return xp.expm1(a)
    x, y = a.real, a.imag
    near = complex_of(xp.expm1(x) * xp.cos(y) - 2 * xp.sin(y / 2) ** 2, xp.exp(x) * xp.sin(y))
    return xp.where((xp.abs(x) < 40) & xp.isfinite(y), near, xp.exp(a) - 1)


@_kernel
def log1p(xp, a: Array) -> Array:
    """log(1 + a). Of small complex x + iy the real part is log1p(x (x + 2) + y^2) / 2, which rounds nothing away."""
    if a.dtype.kind != "c":
        return xp.log1p(a)
    x, y = a.real, a.imag
    real = xp.where(xp.abs(a) < 0.5, xp.log1p(x * (x + 2) + y * y) / 2, xp.log(xp.hypot(x + 1, y)))
    return complex_of(real, xp.arctan2(y, x + 1))


@_kernel
def logaddexp(xp, a: Array, b: Array) -> Array:
    """log(exp(a) + exp(b)); of complex numbers, from the one with the larger real part."""
    if a.dtype.kind != "c":
        return xp.logaddexp(a, b)
    a, b = xp.where(a.real < b.real, b, a), xp.where(a.real < b.real, a, b)
    return a + xp.log(1 + xp.exp(b - a))


logaddexp2 = _same("logaddexp2")
gcd = _same("gcd")
lcm = _same("lcm")


def _quotient(xp, a, b):
    """a / b of ints, rounded towards zero."""
    q = xp.floor_divide(a, b)
    return q + ((q < 0) & (q * b != a)).astype(q.dtype)


@_kernel
def xlogy(xp, a: Array, b: Array) -> Array:
    """a log(b), 0 where a is 0 and b is not NaN."""
    return xp.where((a == 0) & ~xp.isnan(b), xp.zeros_like(a), a * xp.log(b))


@_kernel
def heaviside(xp, a: Array, b: Array) -> Array:
    """0 where a < 0 or NaN, b where it is 0, 1 above."""
    return xp.where(a == 0, b, (a > 0).astype(a.dtype))


def frexp(a: Array) -> tuple[Array, Array]:
    """The mantissas, between 1/2 and 1 in size, and the exponents of 2."""
    xp = array_namespace(a)
    mantissa, exponent = xp.frexp(widen(a))
    exponent = xp.where(xp.isfinite(mantissa), exponent, 0).astype(np.int32)
    mantissa = xp.asarray(mantissa).astype(a.dtype)
    return _core.laid_out(mantissa, (a,)), _core.laid_out(xp.asarray(exponent), (a,))


@_kernel
def complex_of(xp, real: Array, imag: Array) -> Array:
    """real + imag i."""
    out = xp.empty(xp.broadcast_shapes(real.shape, imag.shape), xp.result_type(real.dtype, np.complex64))
    out.real, out.imag = real, imag
    return out


@_kernel
def lerp(xp, a: Array, b: Array, weight) -> Array:
    """a + weight (b - a), from the nearer end, so that both ends are exact."""
    weight = xp.asarray(weight, dtype=a.dtype)
    return xp.where(xp.abs(weight) < 0.5, a + weight * (b - a), b - (b - a) * (1 - weight))


@_kernel
def addcmul(xp, a: Array, b: Array, c: Array, value) -> Array:
    """a + value b c."""
    return a + value * b * c


@_kernel
def addcdiv(xp, a: Array, b: Array, c: Array, value) -> Array:
    """a + value b / c."""
    return a + value * b / c


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


def _logical(name):
    """A logical function; CuPy has none for complex numbers."""

    def function(xp, *arrays):
        return getattr(xp, name)(*[a != 0 if a.dtype.kind == "c" else a for a in arrays])

    function.__name__ = function.__qualname__ = name
    return _kernel(function)


eq = _same("equal")
ne = _same("not_equal")
lt = _same("less")
le = _same("less_equal")
gt = _same("greater")
ge = _same("greater_equal")
logical_and = _logical("logical_and")
logical_or = _logical("logical_or")
logical_xor = _logical("logical_xor")
logical_not = _logical("logical_not")
bitwise_and = _same("bitwise_and")
bitwise_or = _same("bitwise_or")
bitwise_xor = _same("bitwise_xor")
bitwise_not = _same("invert")
isposinf = _kernel(lambda xp, a: a == math.inf)
isneginf = _kernel(lambda xp, a: a == -math.inf)


def _shift_range(a, b):
    """Which shifts are within the width of the dtype, and the largest that is."""
    bits = a.dtype.itemsize * 8
    return (b >= 0) & (b < bits), a.dtype.type(bits - 1)


@_kernel
def left_shift(xp, a: Array, b: Array) -> Array:
    """a shifted left by b bits; 0 when b is negative or not below the width."""
    inside, _ = _shift_range(a, b)
    return xp.where(inside, xp.left_shift(a, xp.where(inside, b, xp.zeros_like(b))), xp.zeros_like(a))


@_kernel
def right_shift(xp, a: Array, b: Array) -> Array:
    """a shifted right by b bits, the sign kept; by all of them when b is negative or not below the width."""
    inside, last = _shift_range(a, b)
    shifted = xp.right_shift(a, xp.where(inside, b, last))
    return shifted if a.dtype.kind == "i" else xp.where(inside, shifted, xp.zeros_like(a))


def isclose(a: Array, b: Array, rtol: float, atol: float, equal_nan: bool) -> Array:
    """|a - b| <= atol + rtol |b|, or equal infinities."""
    xp = array_namespace(a)
    with np.errstate(all="ignore"):
        return _core.laid_out(xp.asarray(xp.isclose(widen(a), widen(b), rtol, atol, equal_nan)), (a, b))


@_kernel
def nan_to_num(xp, a: Array, nan: float, posinf: float, neginf: float) -> Array:
    """a with NaN and infinities replaced."""
    return a.copy() if a.dtype.kind in "iub" else xp.nan_to_num(a, nan=nan, posinf=posinf, neginf=neginf)


isnan = _same("isnan")
isinf = _same("isinf")
isfinite = _same("isfinite")
signbit = _same("signbit")

# ---- one argument

neg = _same("negative")
abs = _same("abs")
square = _same("square")
exp = _same("exp")
exp2 = _same("exp2")
log = _same("log")
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


@_kernel
def sign(xp, a: Array) -> Array:
    """-1, 0 or 1, of NaN 0; of complex numbers a / |a|, with NaN in one part NaN."""
    if a.dtype.kind == "b":
        return a.copy()
    if a.dtype.kind == "c" and xp is not np:  # where the sign of a complex number is that of its real part
        return xp.where(a == 0, a, a / xp.abs(a))
    if a.dtype.kind == "c":
        return xp.where(xp.isnan(a), a.dtype.type(complex("nan+nanj")), xp.sign(a))
    return xp.where(xp.isnan(a), xp.zeros((), a.dtype), xp.sign(a)) if a.dtype.kind == "f" else xp.sign(a)


@_kernel
def round_decimals(xp, a: Array, decimals: int) -> Array:
    """a rounded to `decimals` digits behind the point, ties to even."""
    scale = 10.0 ** (decimals if decimals > 0 else -decimals)
    return xp.rint(a * scale) / scale if decimals > 0 else xp.rint(a / scale) * scale


@_kernel
def logit(xp, a: Array, eps=None) -> Array:
    """log(a / (1 - a)); a is first limited to [eps, 1 - eps]."""
    if eps is not None:
        a = xp.clip(a, a.dtype.type(eps), a.dtype.type(1 - eps))
    return xp.log(a / (1 - a))


rsqrt = _kernel(lambda xp, a: 1 / xp.sqrt(a))
frac = _kernel(lambda xp, a: a - xp.trunc(a))


@_kernel
def angle(xp, a: Array) -> Array:
    """The argument of complex numbers; 0 or pi for real ones, NaN for NaN."""
    if a.dtype.kind == "c":
        return xp.angle(a)
    return xp.where(xp.isnan(a), a, xp.where(a < 0, math.pi, 0.0).astype(a.dtype))


def _special(name):
    """A function of math, element by element (slow and exact), or of the library of a GPU."""
    function = np.vectorize(getattr(math, name), otypes=[np.float64])

    def kernel(xp, a):
        if xp is np:
            return xp.asarray(function(a), dtype=a.dtype)
        return getattr(xp.special, name)(a)

    return kernel


erf = _kernel(_special("erf"))
erfc = _kernel(_special("erfc"))


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
    return _core.laid_out(array_namespace(a).where(condition, a, b), (condition, a, b))
