"""Element-wise functions of the array API standard, with its promotion: 0-dim Tensors count as others do."""

from typing import Any

import flambeau as fb

from ._array import faced
from ._dtypes import SCALARS, as_arrays, check_array, fits

_UNARY = """
    abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log
    log1p log2 log10 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan tanh
    trunc
""".split()
_BINARY = """
    add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal
    floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum
    minimum multiply nextafter not_equal pow remainder subtract
""".split()
_COMPARISONS = "equal greater greater_equal less less_equal not_equal".split()
__all__ = [*_UNARY, *_BINARY, "clip"]


def _round(x):
    """To the nearest integer, halves to even; both parts of complex numbers."""
    return fb.complex(fb.round(x.real), fb.round(x.imag)) if x.dtype.is_complex else fb.round(x)


def _real(x):
    return x.real if x.dtype.is_complex else x.clone()


def _sign(x):
    """Of NaN, NaN; of complex x, x / |x|."""
    return fb.where(x.isnan(), x, fb.sgn(x)) if x.dtype.is_floating_point else fb.sgn(x)


def _remainder(x1, x2):
    """A zero has the sign of x2, as all results have."""
    result = fb.remainder(x1, x2)
    if not result.dtype.is_floating_point:
        return result
    return fb.where(result == 0, fb.copysign(result, x2), result)


def _floor_divide(x1, x2):
    """floor(x1 / x2) where one is infinite: inf // 2 is inf (Python has NaN), -2 // inf is -0 (Python has -1)."""
    result = fb.floor_divide(x1, x2)
    if not result.dtype.is_floating_point:
        return result
    return fb.where(fb.isinf(x1) | fb.isinf(x2), fb.floor(x1 / x2), result)


# Where flambeau's name or meaning differs.
_OURS: dict[str, Any] = {
    "bitwise_invert": fb.bitwise_not, "equal": fb.eq, "floor_divide": _floor_divide, "real": _real,
    "remainder": _remainder, "round": _round, "sign": _sign,
}  # fmt: skip


def _unary(name):
    ours = _OURS.get(name) or getattr(fb, name)

    def function(x, /):
        check_array(name, x)
        return ours(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name}(x) -> Tensor: `flambeau.{ours.__name__.lstrip('_')}` of each element."
    return function


def _comparable(x1, x2):
    """x1 and x2 for a comparison: beside ints, a number past their range becomes the infinity of its sign."""
    if isinstance(x1, int) and isinstance(x2, fb.Tensor):
        x2, x1 = _comparable(x2, x1)
    elif isinstance(x2, int) and isinstance(x1, fb.Tensor) and not fits(x2, x1.dtype):
        x1, x2 = x1.to(fb.float64), fb.inf if x2 > 0 else -fb.inf
    return x1, x2


def _binary(name):
    ours = _OURS.get(name) or getattr(fb, name)
    prepared = _comparable if name in _COMPARISONS else None

    def function(x1, x2, /):
        return ours(*as_arrays(name, *(prepared(x1, x2) if prepared else (x1, x2))))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{name}(x1, x2) -> Tensor: `flambeau.{ours.__name__.lstrip('_')}`; one may be a number."
    )
    return function


for _name in _UNARY:
    globals()[_name] = _unary(_name)
for _name in _BINARY:
    globals()[_name] = _binary(_name)


def clip(x, /, min=None, max=None):
    """clip(x, min=None, max=None) -> Tensor of the dtype of x: its elements, between bounds (numbers or Tensors)."""
    check_array("clip", x)
    for bound in (min, max):
        if bound is not None and not isinstance(bound, (fb.Tensor, *SCALARS)):
            raise TypeError(f"clip(): bounds must be numbers or Tensors, got {type(bound).__name__}")
    if min is None and max is None:
        return x.clone()
    return fb.clamp(x, _bound(x, min), _bound(x, max)).to(x.dtype)


def _bound(x, bound):
    """A bound that the dtype of x holds: an int past its range means its end."""
    if isinstance(bound, fb.Tensor):
        return bound.to(x.dtype)
    if isinstance(bound, int) and x.dtype.category == "int":
        info = fb.iinfo(x.dtype)
        return info.min if bound < info.min else info.max if bound > info.max else bound
    return bound


faced(__all__, globals())
