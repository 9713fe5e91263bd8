"""Functions of one tensor, element by element. Ints are computed in the default float dtype unless said otherwise."""

import math
import operator

from .. import _core
from ._args import check_number, check_tensor, named_result, overwrite
from .compare import where
from .op import Binary, Op, Unary, check_kind, composite
from .pointwise import Add, Pow, conj, zeros

# ---- sign, size, rounding: ints stay ints


class Neg(Unary, name="neg", tangent="linear", methods=("neg", "neg_", "negative", "negative_"), aliases=("negative",),
          operator="neg"):  # fmt: skip
    """neg(input, *, out=None) -> Tensor: minus each element. Not defined for bool tensors."""

    @staticmethod
    def prepare(input):
        if isinstance(input, _core.TensorBase) and input.dtype.category == "bool":
            raise RuntimeError(
                "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
                "use the `~` or `logical_not()` operator instead."
            )
        return (input,)

    @staticmethod
    def backward(ctx, grad):
        return -grad


@composite("positive")
def positive(input):
    """positive(input) -> Tensor: input itself. Not defined for bool tensors."""
    check_tensor(input, "positive")
    if input.dtype.category == "bool":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


class Abs(Unary, name="abs", methods=("abs", "abs_", "absolute", "absolute_"), aliases=("absolute",), operator="abs",
          kinds="ifc", saves="input"):  # fmt: skip
    """abs(input, *, out=None) -> Tensor: the size of each element; real for complex tensors. Gradient 0 at 0."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * Sgn.function(x)


class Sign(Unary, name="sign", methods=("sign", "sign_"), kinds="bif"):
    """sign(input, *, out=None) -> Tensor: -1, 0 or 1; for complex numbers see sgn."""

    @staticmethod
    def backward(ctx, grad):
        return zeros(grad)


class Sgn(Unary, name="sgn", methods=("sgn", "sgn_"), kernel="sign", saves=("input", "output")):
    """sgn(input, *, out=None) -> Tensor: sign, and input / |input| for complex numbers (0 at 0)."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        if not x.is_complex():
            return zeros(grad)
        size = x.abs()
        along = (conj(grad) * y).real  # what changes the size alone is lost
        return where(size == 0, 0, (grad - along * y) / where(size == 0, 1, size))


class Floor(Unary, name="floor", methods=("floor", "floor_"), kinds="if"):
    """floor(input, *, out=None) -> Tensor: the largest integer not above each element."""

    @staticmethod
    def backward(ctx, grad):
        return zeros(grad)


class Ceil(Unary, name="ceil", methods=("ceil", "ceil_"), kinds="if"):
    """ceil(input, *, out=None) -> Tensor: the smallest integer not below each element."""

    @staticmethod
    def backward(ctx, grad):
        return zeros(grad)


class Trunc(Unary, name="trunc", methods=("trunc", "trunc_", "fix", "fix_"), aliases=("fix",), kinds="if"):
    """trunc(input, *, out=None) -> Tensor: each element rounded towards zero."""

    @staticmethod
    def backward(ctx, grad):
        return zeros(grad)


class Round(Unary, name="round", methods=("round", "round_"), kinds="if"):
    """round(input, *, decimals=0, out=None) -> Tensor: rounded to the nearest, ties to even.

    decimals: digits kept behind the point (negative: zeros in front of it); not for ints.
    """

    @staticmethod
    def prepare(input, *, decimals=0):
        return (input, decimals) if decimals else (input,)

    @staticmethod
    def forward(ctx, input, decimals=0):
        if not decimals:
            return Round.plain(ctx, input)
        check_kind("round", input, "f")
        return ctx.k.round_decimals(input, decimals)

    @staticmethod
    def backward(ctx, grad):
        return zeros(grad)


class Frac(Unary, name="frac", methods=("frac", "frac_"), kinds="f"):
    """frac(input, *, out=None) -> Tensor: input - trunc(input)."""

    @staticmethod
    def backward(ctx, grad):
        return grad


class Frexp(Op, name="frexp", methods=("frexp",)):
    """frexp(input, *, out=None) -> (mantissa, exponent): input = mantissa * 2^exponent, 1/2 <= |mantissa| < 1.

    exponent is int32; 0 for 0, infinities and NaN, which are their own mantissas. Floats only.
    """

    result = named_result("frexp", "mantissa", "exponent")

    @staticmethod
    def forward(ctx, input):
        if input.dtype.kind in "biuc":
            raise RuntimeError("torch.frexp() only supports floating-point dtypes")
        mantissa, exponent = ctx.k.frexp(input)
        ctx.save_for_backward(exponent)
        return Frexp.result(mantissa, exponent)

    @staticmethod
    def backward(ctx, grad, _):
        (exponent,) = ctx.saved
        return grad * Pow.function(2.0, -exponent.to(grad.dtype))


class Square(Unary, name="square", methods=("square", "square_"), saves="input"):
    """square(input, *, out=None) -> Tensor: each element times itself; of bools, int64."""

    @staticmethod
    def forward(ctx, input):
        if input.dtype.kind == "b":
            return ctx.k.square(input.astype("int64"))
        return Square.plain(ctx, input)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * conj(2 * x)


class Reciprocal(
    Unary, name="reciprocal", methods=("reciprocal", "reciprocal_"), floats=True, saves="output"
):
    """reciprocal(input, *, out=None) -> Tensor: 1 / input."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return -grad * conj(y * y)


# ---- exponentials, logarithms, roots


class Exp(Unary, name="exp", methods=("exp", "exp_"), floats=True, saves="output"):
    """exp(input, *, out=None) -> Tensor: e to the power of each element."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * conj(y)


class Exp2(Unary, name="exp2", methods=("exp2", "exp2_"), floats=True, saves="output"):
    """exp2(input, *, out=None) -> Tensor: 2 to the power of each element."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * conj(y * math.log(2))


class Expm1(Unary, name="expm1", methods=("expm1", "expm1_"), floats=True, saves="output"):
    """expm1(input, *, out=None) -> Tensor: exp(input) - 1, exact for small elements."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * conj(y + 1)


class Log(Unary, name="log", methods=("log", "log_"), floats=True, saves="input"):
    """log(input, *, out=None) -> Tensor: the natural logarithm."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad / conj(x)


class Log2(Unary, name="log2", methods=("log2", "log2_"), floats=True, saves="input"):
    """log2(input, *, out=None) -> Tensor: the logarithm to base 2."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad / conj(x * math.log(2))


class Log10(Unary, name="log10", methods=("log10", "log10_"), floats=True, saves="input"):
    """log10(input, *, out=None) -> Tensor: the logarithm to base 10."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad / conj(x * math.log(10))


class Log1p(Unary, name="log1p", methods=("log1p", "log1p_"), floats=True, saves="input"):
    """log1p(input, *, out=None) -> Tensor: log(1 + input), exact for small elements."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad / conj(x + 1)


class Sqrt(Unary, name="sqrt", methods=("sqrt", "sqrt_"), floats=True, saves="output"):
    """sqrt(input, *, out=None) -> Tensor: the square root; NaN for negative elements."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad / conj(2 * y)


class Rsqrt(Unary, name="rsqrt", methods=("rsqrt", "rsqrt_"), floats=True, saves="output"):
    """rsqrt(input, *, out=None) -> Tensor: 1 / sqrt(input)."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * conj(-0.5 * y * y * y)


# ---- angles and hyperbolic functions


class Sin(Unary, name="sin", methods=("sin", "sin_"), floats=True, saves="input"):
    """sin(input, *, out=None) -> Tensor: the sine of radians."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * conj(x.cos())


class Cos(Unary, name="cos", methods=("cos", "cos_"), floats=True, saves="input"):
    """cos(input, *, out=None) -> Tensor: the cosine of radians."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return -grad * conj(x.sin())


class Tan(Unary, name="tan", methods=("tan", "tan_"), floats=True, saves="output"):
    """tan(input, *, out=None) -> Tensor: the tangent of radians."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * conj(y * y + 1)


class Asin(Unary, name="asin", methods=("asin", "asin_", "arcsin", "arcsin_"), aliases=("arcsin",), floats=True,
           saves="input"):  # fmt: skip
    """asin(input, *, out=None) -> Tensor: the angle in radians whose sine is given."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * conj((1 - x * x).rsqrt())


class Acos(Unary, name="acos", methods=("acos", "acos_", "arccos", "arccos_"), aliases=("arccos",), floats=True,
           saves="input"):  # fmt: skip
    """acos(input, *, out=None) -> Tensor: the angle in radians whose cosine is given."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return -grad * conj((1 - x * x).rsqrt())


class Atan(Unary, name="atan", methods=("atan", "atan_", "arctan", "arctan_"), aliases=("arctan",), floats=True,
           saves="input"):  # fmt: skip
    """atan(input, *, out=None) -> Tensor: the angle in radians whose tangent is given."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad / conj(x * x + 1)


class Sinh(Unary, name="sinh", methods=("sinh", "sinh_"), floats=True, saves="input"):
    """sinh(input, *, out=None) -> Tensor: the hyperbolic sine."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * conj(x.cosh())


class Cosh(Unary, name="cosh", methods=("cosh", "cosh_"), floats=True, saves="input"):
    """cosh(input, *, out=None) -> Tensor: the hyperbolic cosine."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * conj(x.sinh())


class Asinh(Unary, name="asinh", methods=("asinh", "asinh_", "arcsinh", "arcsinh_"), aliases=("arcsinh",), floats=True,
            saves="input"):  # fmt: skip
    """asinh(input, *, out=None) -> Tensor: the inverse of sinh."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * conj((x * x + 1).rsqrt())


class Acosh(Unary, name="acosh", methods=("acosh", "acosh_", "arccosh", "arccosh_"), aliases=("arccosh",), floats=True,
            saves="input"):  # fmt: skip
    """acosh(input, *, out=None) -> Tensor: the inverse of cosh; NaN below 1."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * conj((x - 1).rsqrt() * (x + 1).rsqrt())


class Atanh(Unary, name="atanh", methods=("atanh", "atanh_", "arctanh", "arctanh_"), aliases=("arctanh",), floats=True,
            saves="input"):  # fmt: skip
    """atanh(input, *, out=None) -> Tensor: the inverse of tanh; NaN outside [-1, 1]."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad / conj(1 - x * x)


class Sinc(Unary, name="sinc", methods=("sinc", "sinc_"), floats=True, saves="input"):
    """sinc(input, *, out=None) -> Tensor: sin(pi x) / (pi x), and 1 at 0."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        small = x.abs() < 0.01  # there the quotient cancels, and its derivative more so: the series
        near = where(small, x, 0) * math.pi
        square = near * near
        series = -math.pi * near * (1 / 3 - square * (1 / 30 - square * (1 / 840 - square / 45360)))
        far = where(small, 1, x)
        angle = far * math.pi
        return grad * conj(where(small, series, (angle * angle.cos() - angle.sin()) / (angle * far)))


class Deg2Rad(Unary, name="deg2rad", methods=("deg2rad", "deg2rad_"), floats=True, kinds="f"):
    """deg2rad(input, *, out=None) -> Tensor: degrees as radians."""

    @staticmethod
    def backward(ctx, grad):
        return grad * (math.pi / 180)


class Rad2Deg(Unary, name="rad2deg", methods=("rad2deg", "rad2deg_"), floats=True, kinds="f"):
    """rad2deg(input, *, out=None) -> Tensor: radians as degrees."""

    @staticmethod
    def backward(ctx, grad):
        return grad * (180 / math.pi)


# ---- special functions


class Erf(Unary, name="erf", methods=("erf", "erf_"), floats=True, kinds="f", saves="input"):
    """erf(input, *, out=None) -> Tensor: the error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * (2 / math.sqrt(math.pi)) * (-x * x).exp()


class Erfc(Unary, name="erfc", methods=("erfc", "erfc_"), floats=True, kinds="f", saves="input"):
    """erfc(input, *, out=None) -> Tensor: 1 - erf(input), exact for large elements."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * (-2 / math.sqrt(math.pi)) * (-x * x).exp()


class Erfinv(Unary, name="erfinv", methods=("erfinv", "erfinv_"), floats=True, kinds="f", saves="output"):
    """erfinv(input, *, out=None) -> Tensor: the inverse of erf; infinite at -1 and 1, NaN beyond."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * (math.sqrt(math.pi) / 2) * (y * y).exp()


class Lgamma(Unary, name="lgamma", methods=("lgamma", "lgamma_"), floats=True, kinds="f", saves="input"):
    """lgamma(input, *, out=None) -> Tensor: the logarithm of |Gamma(input)|."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * x.digamma()


class Digamma(Unary, name="digamma", methods=("digamma", "digamma_"), floats=True, kinds="f", saves="input"):
    """digamma(input, *, out=None) -> Tensor: the derivative of lgamma; -inf at 0, NaN at negative integers."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * Polygamma.function(1, x)


class Polygamma(Op, name="polygamma", tangent="elementwise", methods=("polygamma", "polygamma_")):
    """polygamma(n, input, *, out=None) -> Tensor: the derivative of order n >= 0 of digamma."""

    @staticmethod
    def prepare(n, input):
        if isinstance(n, _core.TensorBase):
            n, input = input, n
        check_tensor(input, "polygamma", "input", 2)
        n = operator.index(n)
        if not 0 <= n <= 170:
            raise RuntimeError(
                f"polygamma(n, x) does not support negative n, nor n > 170, whose n! is infinite; got {n}"
            )
        return input, n

    @staticmethod
    def forward(ctx, input, n):
        (x,) = _core.promote((input,), True)
        check_kind("polygamma", x, "f")
        ctx.save_for_backward(input, n)
        return ctx.k.polygamma(x, n)

    @staticmethod
    def backward(ctx, grad):
        x, n = ctx.saved
        return grad * Polygamma.function(n + 1, x)


@composite("mvlgamma")
def mvlgamma(input, p, *, out=None):
    """mvlgamma(input, p, *, out=None) -> Tensor: the logarithm of the multivariate gamma function of dimension p.

    p (p - 1) / 4 log(pi) + the sum of lgamma(input - i / 2) over 0 <= i < p; input > (p - 1) / 2.
    """
    check_tensor(input, "mvlgamma")
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    total = input.lgamma()
    for i in range(1, p):
        total = total + (input - i / 2).lgamma()
    return Add.function(total, p * (p - 1) / 4 * math.log(math.pi), out=out)


@composite("mvlgamma_", name="_mvlgamma_")
def mvlgamma_(input, p):
    """mvlgamma_(input, p) -> input: `mvlgamma` in place."""
    check_tensor(input, "mvlgamma_")
    return overwrite("mvlgamma_", input, mvlgamma(input.clone(), p))


# ---- sigmoid and tanh, whose gradients are kernels of their own


class SigmoidGrad(Binary, name="_sigmoid_grad", kernel="sigmoid_grad", saves=("input", "other")):
    """_sigmoid_grad(grad, output): grad y (1 - y)."""

    @staticmethod
    def backward(ctx, outer):
        grad, y = ctx.saved
        return (
            SigmoidGrad.function(outer, y) if ctx.needs(0) else None,
            outer * grad * (1 - 2 * y) if ctx.needs(1) else None,
        )


class Sigmoid(Unary, name="sigmoid", methods=("sigmoid", "sigmoid_"), floats=True, saves="output"):
    """sigmoid(input, *, out=None) -> Tensor: 1 / (1 + exp(-input)).

    (*) -> (*).
    """

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        if y.is_complex():
            return grad * conj(y * (1 - y))
        return SigmoidGrad.function(grad, y)


class TanhGrad(Binary, name="_tanh_grad", kernel="tanh_grad", saves=("input", "other")):
    """_tanh_grad(grad, output): grad (1 - y^2)."""

    @staticmethod
    def backward(ctx, outer):
        grad, y = ctx.saved
        return TanhGrad.function(outer, y) if ctx.needs(0) else None, outer * grad * (-2 * y) if ctx.needs(
            1
        ) else None


class Tanh(Unary, name="tanh", methods=("tanh", "tanh_"), floats=True, saves="output"):
    """tanh(input, *, out=None) -> Tensor: the hyperbolic tangent.

    (*) -> (*).
    """

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        if y.is_complex():
            return grad * conj(1 - y * y)
        return TanhGrad.function(grad, y)


class Logit(Op, name="logit", tangent="elementwise", methods=("logit", "logit_")):
    """logit(input, eps=None, *, out=None) -> Tensor: log(x / (1 - x)), the inverse of sigmoid.

    eps: input is first limited to [eps, 1 - eps]; without it elements outside [0, 1] give NaN.
    """

    @staticmethod
    def forward(ctx, input, eps=None):
        (x,) = _core.promote((input,), True)
        check_kind("logit", x, "f")
        eps = None if eps is None else check_number(eps, "logit", "eps", 2)
        ctx.save_for_backward(input, eps)
        return ctx.k.logit(x, eps)

    @staticmethod
    def backward(ctx, grad):
        x, eps = ctx.saved
        low = 0 if eps is None else eps
        outside = math.nan if eps is None else 0
        return where((x >= low) & (x <= 1 - low), grad / (x * (1 - x)), outside)
