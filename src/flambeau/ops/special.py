"""Special functions that `flambeau.special` exports and that no other family has: the normal distribution, incomplete
gamma and zeta functions, orthogonal polynomials.

Those of the namespace "special" are public in `flambeau.special` alone.
"""

import math
import numbers

from .. import _core
from ..interpreters import underlying
from ._args import check_tensor
from .compare import where
from .elementary import Lgamma
from .op import NAMESPACES, Binary, Op, Unary, check_kind

# ---- the error function and the normal distribution


class Erfcx(Unary, name="erfcx", namespace="special", floats=True, kinds="f", saves=("input", "output")):
    """erfcx(input, *, out=None) -> Tensor: exp(x^2) erfc(x), without overflow of the one and underflow of the other."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        return grad * (2 * x * y - 2 / math.sqrt(math.pi))


class Ndtr(Unary, name="ndtr", namespace="special", floats=True, kinds="f", saves="input"):
    """ndtr(input, *, out=None) -> Tensor: the distribution function of the standard normal distribution."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * (-0.5 * x * x).exp() * (1 / math.sqrt(2 * math.pi))


class LogNdtr(Unary, name="log_ndtr", namespace="special", floats=True, kinds="f", saves="input"):
    """log_ndtr(input, *, out=None) -> Tensor: log(ndtr(x)), exact also where ndtr(x) is 0."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        # erfcx overflows on the right, the sum in the exponent cancels on the left
        above, below = where(x > 0, x, 0), where(x > 0, 0, x)
        right = (-0.5 * above * above - LogNdtr.function(above)).exp() * (1 / math.sqrt(2 * math.pi))
        return grad * where(x > 0, right, math.sqrt(2 / math.pi) / Erfcx.function(below * -math.sqrt(0.5)))


class Ndtri(Unary, name="ndtri", namespace="special", floats=True, kinds="f", saves="output"):
    """ndtri(input, *, out=None) -> Tensor: the inverse of ndtr: the quantiles of the standard normal distribution.

    Infinite at 0 and 1, NaN outside.
    """

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * (0.5 * y * y).exp() * math.sqrt(2 * math.pi)


class Entr(Unary, name="entr", namespace="special", floats=True, kinds="f", saves="input"):
    """entr(input, *, out=None) -> Tensor: -x log(x), the terms of an entropy; 0 at 0, -inf below."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return grad * (-1 - x.log())


class XLog1PY(Binary, name="xlog1py", namespace="special", floats=True, kinds="f", saves=("input", "other")):
    """xlog1py(input, other, *, out=None) -> Tensor: input * log(1 + other), 0 where input is 0 (and other not NaN)."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        y = y.to(grad.dtype) if isinstance(y, _core.TensorBase) else y
        log = y.log1p() if isinstance(y, _core.TensorBase) else math.log1p(y) if y > -1 else -math.inf
        return (
            where((x == 0) & (y <= -1), 0, grad * log) if ctx.needs(0) else None,
            grad * x / (y + 1) if ctx.needs(1) else None,
        )


# ---- the incomplete gamma functions and zeta


def _no_derivative(name):
    """The error for the argument by which PyTorch does not differentiate either."""
    return NotImplementedError(f"the derivative for '{name}: input' is not implemented.")


def _gamma_density(a, x):
    """The derivative of igamma(a, x) by x."""
    return ((a - 1) * x.log() - x - Lgamma.function(a)).exp()


def _two_tensors(name):
    def prepare(input, other):
        for argument, value, position in (("input", input, 1), ("other", other, 2)):
            check_tensor(value, name, argument, position)
        return input, other

    return staticmethod(prepare)


class Igamma(Binary, name="igamma", methods=("igamma", "igamma_"), kernel="gammainc", floats=True, kinds="f",
             saves=("input", "other")):  # fmt: skip
    """igamma(input, other, *, out=None) -> Tensor: the regularised lower incomplete gamma function P(a, x).

    The integral of t^(a-1) exp(-t) from 0 to x over gamma(a), for a = input >= 0 and x = other >= 0 (both 0: NaN).
    No gradient for input.
    """

    prepare = _two_tensors("igamma")

    @staticmethod
    def backward(ctx, grad):
        if ctx.needs(0):
            raise _no_derivative("igamma")
        return None, grad * _gamma_density(*ctx.saved)


class Igammac(Binary, name="igammac", methods=("igammac", "igammac_"), kernel="gammaincc", floats=True, kinds="f",
              saves=("input", "other")):  # fmt: skip
    """igammac(input, other, *, out=None) -> Tensor: the regularised upper incomplete gamma function 1 - P(a, x).

    See igamma; exact also where it is small. No gradient for input.
    """

    prepare = _two_tensors("igammac")

    @staticmethod
    def backward(ctx, grad):
        if ctx.needs(0):
            raise _no_derivative("igammac")
        return None, -grad * _gamma_density(*ctx.saved)


class Zeta(Binary, name="zeta", namespace="special", floats=True, kinds="f", saves=("input", "other")):
    """zeta(input, other, *, out=None) -> Tensor: Hurwitz's zeta function, the sum of (k + other)^-input over k >= 0.

    input > 1; infinite at input = 1 and for other = 0, -1, ... No gradient for input.
    """

    @staticmethod
    def backward(ctx, grad):
        if ctx.needs(0):
            raise _no_derivative("zeta")
        x, q = ctx.saved
        return None, grad * -x * Zeta.function(x + 1, q)


# ---- orthogonal polynomials


class _Polynomial(Op, name="_orthogonal_polynomial", namespace="special"):
    """orthogonal_polynomial(input, n, family, order): the derivative of that order of a polynomial of degree n."""

    @staticmethod
    def prepare(input, n, family, order):
        return input, n, family, order  # either of the first two may be a number

    @staticmethod
    def forward(ctx, input, n, family, order):
        x, degree = _core.promote_to_broadcast((input, n), True)
        base, _, kind = family.rpartition("_")
        check_kind(f"special_{base}_polynomial_{kind}", x, "f")
        ctx.save_for_backward(input, n)
        ctx.options = family, order + 1
        return ctx.k.orthogonal_polynomial(x, degree, family, order)

    @staticmethod
    def backward(ctx, grad):
        input, n = ctx.saved
        return grad * _Polynomial.apply(input, n, *ctx.options) if ctx.needs(0) else None, None


def _check_degrees(name, n):
    """RuntimeError for degrees that the recurrence would take forever to reach."""
    top = n if not isinstance(n, _core.TensorBase) else underlying(n).detach().max().item() if n.numel() else 0
    if 100_000 < top < math.inf:
        raise RuntimeError(f"{name}(): the degree must be at most 100000, but got {top}")


def _polynomial(name, family, formula):
    def function(input, n, *, out=None):
        if not any(isinstance(t, _core.TensorBase) for t in (input, n)):
            check_tensor(input, f"special_{name}")
        for value in (input, n):
            if not isinstance(value, (_core.TensorBase, numbers.Real)):
                raise TypeError(
                    f"special_{name}(): arguments must be Tensor or Number, not {type(value).__name__}"
                )
        _check_degrees(name, n)
        return _Polynomial.function(input, n, family, 0, out=out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{name}(input, n, *, out=None) -> Tensor: {formula}; input and n are broadcast, n is truncated.\n\n"
        "0 for n < 0; RuntimeError for n > 100000. Differentiable by input. By the recurrence of DLMF 18.9."
    )
    NAMESPACES["special"][name] = function


_polynomial("chebyshev_polynomial_t", "chebyshev_t", "Chebyshev's T of degree n, cos(n arccos(input))")
_polynomial("chebyshev_polynomial_u", "chebyshev_u", "Chebyshev's U of degree n (second kind)")
_polynomial("chebyshev_polynomial_v", "chebyshev_v", "Chebyshev's V of degree n (third kind)")
_polynomial("chebyshev_polynomial_w", "chebyshev_w", "Chebyshev's W of degree n (fourth kind)")
_polynomial(
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_t", "Chebyshev's T of degree n at 2 input - 1"
)
_polynomial(
    "shifted_chebyshev_polynomial_u", "shifted_chebyshev_u", "Chebyshev's U of degree n at 2 input - 1"
)
_polynomial(
    "shifted_chebyshev_polynomial_v", "shifted_chebyshev_v", "Chebyshev's V of degree n at 2 input - 1"
)
_polynomial(
    "shifted_chebyshev_polynomial_w", "shifted_chebyshev_w", "Chebyshev's W of degree n at 2 input - 1"
)
_polynomial("hermite_polynomial_h", "hermite_h", "Hermite's polynomial H of degree n (the physicists')")
_polynomial("hermite_polynomial_he", "hermite_he", "Hermite's polynomial He of degree n (the probabilists')")
_polynomial("laguerre_polynomial_l", "laguerre_l", "Laguerre's polynomial of degree n")
_polynomial("legendre_polynomial_p", "legendre_p", "Legendre's polynomial of degree n")
