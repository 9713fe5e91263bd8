"""The pointwise kernels that csrc has loops for; a dtype without one falls back to the base kernel."""

from ... import _core
from ..._core import native as _native
from ..base import pointwise as _base
from ..base._xp import Array as _Array

for _n, _names in (
    (1, "exp exp2 expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh asinh "
        "acosh atanh sigmoid logsigmoid relu erf erfc floor ceil round trunc square softplus silu gelu gelu_tanh neg "
        "abs sign logical_not bitwise_not isnan isinf isfinite"),
    (2, "add sub mul div div_trunc floor_divide remainder fmod pow atan2 hypot copysign maximum minimum fmax fmin eq "
        "ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor left_shift "
        "right_shift relu_grad tanh_grad sigmoid_grad gelu_grad gelu_tanh_grad silu_grad softplus_grad"),
):  # fmt: skip
    for _name in _names.split():
        globals()[_name] = _core.PointwiseKernel(_name, _n, getattr(_base, _name))
        globals()[_name].__module__ = __name__


def where(condition: _Array, a: _Array, b: _Array) -> _Array:
    """a where condition, else b, as in base."""
    out = _native.where(condition, a, b)
    return _base.where(condition, a, b) if out is None else out
