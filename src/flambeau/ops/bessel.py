"""Bessel and Airy functions: what `flambeau.special` exports of them. i0 is also a function of its own.

All are computed in float64 and rounded once; ints are computed in the default float dtype.
"""

from .compare import where
from .op import Unary


def _over(y, x, series, factor=1):
    """y / x. Near 0, where derivatives of the quotient cancel, the series sum of series[k] x^(2k), times factor."""
    small = x.abs() < 0.1
    square = where(small, x, 0) ** 2
    near = 0
    for coefficient in reversed(series):
        near = near * square + coefficient
    return where(small, near * factor, y / where(small, 1, x))


_I1_OVER_X = 1 / 2, 1 / 16, 1 / 384, 1 / 18432, 1 / 1474560
_J1_OVER_X = 1 / 2, -1 / 16, 1 / 384, -1 / 18432, 1 / 1474560
_SLOPE_OF_J0_OVER_X = -1 / 3, 1 / 30, -1 / 840, 1 / 45360, -1 / 3991680  # of the spherical j0, sin(x) / x


class BesselJ0(Unary, name="bessel_j0", namespace="special", floats=True, kinds="f", saves="input"):
    """bessel_j0(input, *, out=None) -> Tensor: the Bessel function of the first kind of order 0."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return -grad * BesselJ1.function(x)


class BesselJ1(Unary, name="bessel_j1", namespace="special", floats=True, kinds="f", saves="input"):
    """bessel_j1(input, *, out=None) -> Tensor: the Bessel function of the first kind of order 1."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * (BesselJ0.function(x) - _over(BesselJ1.function(x), x, _J1_OVER_X))


class BesselY0(Unary, name="bessel_y0", namespace="special", floats=True, kinds="f", saves="input"):
    """bessel_y0(input, *, out=None) -> Tensor: the Bessel function of the second kind of order 0.

    -inf at 0, NaN below.
    """

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return -grad * BesselY1.function(x)


class BesselY1(Unary, name="bessel_y1", namespace="special", floats=True, kinds="f", saves="input"):
    """bessel_y1(input, *, out=None) -> Tensor: the Bessel function of the second kind of order 1.

    -inf at 0, NaN below.
    """

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * (BesselY0.function(x) - BesselY1.function(x) / x)


class SphericalBesselJ0(
    Unary, name="spherical_bessel_j0", namespace="special", floats=True, kinds="f", saves="input"
):  # fmt: skip
    """spherical_bessel_j0(input, *, out=None) -> Tensor: sin(x) / x, and 1 at 0."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * _over(x.cos() - SphericalBesselJ0.function(x), x, _SLOPE_OF_J0_OVER_X, x)


class I0(Unary, name="i0", methods=("i0", "i0_"), floats=True, kinds="f", saves="input"):
    """i0(input, *, out=None) -> Tensor: the modified Bessel function of the first kind of order 0."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * I1.function(x)


class I0e(Unary, name="i0e", namespace="special", floats=True, kinds="f", saves=("input", "output")):
    """i0e(input, *, out=None) -> Tensor: exp(-|x|) i0(x)."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        return grad * (I1e.function(x) - x.sign() * y)


class I1(Unary, name="i1", aliases=("modified_bessel_i1",), namespace="special", floats=True, kinds="f",
         saves=("input", "output")):  # fmt: skip
    """i1(input, *, out=None) -> Tensor: the modified Bessel function of the first kind of order 1."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        return grad * (I0.function(x) - _over(y, x, _I1_OVER_X))


class I1e(Unary, name="i1e", namespace="special", floats=True, kinds="f", saves=("input", "output")):
    """i1e(input, *, out=None) -> Tensor: exp(-|x|) i1(x)."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        return grad * (I0e.function(x) - x.sign() * y - _over(y, x, _I1_OVER_X, (-x.abs()).exp()))


class ModifiedBesselK0(
    Unary, name="modified_bessel_k0", namespace="special", floats=True, kinds="f", saves="input"
):  # fmt: skip
    """modified_bessel_k0(input, *, out=None) -> Tensor: the modified Bessel function of the second kind of order 0.

    Infinite at 0, NaN below.
    """

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return -grad * ModifiedBesselK1.function(x)


class ModifiedBesselK1(
    Unary, name="modified_bessel_k1", namespace="special", floats=True, kinds="f",
    saves=("input", "output"),
):  # fmt: skip
    """modified_bessel_k1(input, *, out=None) -> Tensor: the modified Bessel function of the second kind of order 1.

    Infinite at 0, NaN below.
    """

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        return -grad * (ModifiedBesselK0.function(x) + y / x)


class ScaledModifiedBesselK0(
    Unary, name="scaled_modified_bessel_k0", namespace="special", floats=True, kinds="f",
    saves=("input", "output"),
):  # fmt: skip
    """scaled_modified_bessel_k0(input, *, out=None) -> Tensor: exp(x) modified_bessel_k0(x)."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        return grad * (y - ScaledModifiedBesselK1.function(x))


class ScaledModifiedBesselK1(
    Unary, name="scaled_modified_bessel_k1", namespace="special", floats=True, kinds="f",
    saves=("input", "output"),
):  # fmt: skip
    """scaled_modified_bessel_k1(input, *, out=None) -> Tensor: exp(x) modified_bessel_k1(x)."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        return grad * (y - ScaledModifiedBesselK0.function(x) - y / x)


class AiryAi(Unary, name="airy_ai", namespace="special", floats=True, kinds="f", saves="input"):
    """airy_ai(input, *, out=None) -> Tensor: Airy's function Ai, the bounded solution of w'' = x w."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * _AiryAiPrime.function(x)


class _AiryAiPrime(
    Unary,
    name="_airy_ai_prime",
    namespace="special",
    kernel="airy_ai_prime",
    floats=True,
    kinds="f",
    saves="input",
):
    """airy_ai_prime(input): the derivative of airy_ai."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * x * AiryAi.function(x)
