"""`torch._foreach_add` and the like: a method of Tensor, on each tensor of a list.

Averages of weights and optimizers of users are written with them. Each argument after the list is one for all (a
number, a tensor of no dimensions) or a list with one for each.
"""

from .tensor import Tensor

_UNARY = (
    "abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round "
    "rsqrt sigmoid sign sin sinh sqrt tan tanh trunc"
).split()
_BINARY = "add clamp_max clamp_min div maximum minimum mul pow sub".split()
_BOTH = [*_UNARY, *_BINARY, "addcdiv", "addcmul", "lerp"]  # also in place
_METHODS = {
    f"_foreach_{name}": name
    for name in [*_BOTH, *(f"{name}_" for name in _BOTH), "clone", "copy_", "max", "mm", "norm", "zero_"]
}
# methods that Tensor has under another name, or has not in place
_OTHERS = {"maximum_": "clamp_min_", "minimum_": "clamp_max_"}

__all__ = sorted(_METHODS)


def _tensors(name, tensors):
    if not isinstance(tensors, (list, tuple)) or not all(isinstance(t, Tensor) for t in tensors):
        raise TypeError(
            f"{name}(): argument 'self' (position 1) must be a list of tensors, got {type(tensors).__name__}"
        )
    if not tensors:
        raise RuntimeError(f"{name}(): Tensor list must have at least one tensor.")
    return tensors


def _column(name, argument, count):
    """The argument for each tensor."""
    if isinstance(argument, (list, tuple)):
        if len(argument) != count:
            raise RuntimeError(
                f"{name}(): Tensor lists must have the same number of tensors, got {count} and {len(argument)}"
            )
        return argument
    if isinstance(argument, Tensor) and argument.dim():
        raise RuntimeError(
            f"{name}(): scalar tensor expected to be 0 dim but it has {argument.dim()} dimensions; pass a list"
        )
    return [argument] * count


def _check_shapes(name, rows):
    """RuntimeError, before anything is changed, where an operand is larger than the tensor that it changes."""
    for tensor, *others in rows:
        for other in others:
            if isinstance(other, Tensor):
                _check_expands(name, other.shape, tensor.shape)


def _check_expands(name, shape, target):
    sizes = zip(reversed(shape), reversed(target), strict=False)
    if len(shape) > len(target) or any(size not in (1, wanted) for size, wanted in sizes):
        raise RuntimeError(
            f"{name}(): a tensor of shape {list(shape)} cannot change one of shape {list(target)} in place"
        )


def _function(name):
    method = getattr(Tensor, _OTHERS.get(_METHODS[name], _METHODS[name]))
    in_place = name.endswith("_")

    def function(self, *args, **kwargs):
        if name == "_foreach_pow" and isinstance(self, (int, float, complex)):
            return tuple(self**exponent for exponent in _tensors(name, *args))
        count = len(_tensors(name, self))
        if "addc" in name and len(args) == 3:  # the factor may stand in third place; the method takes it by name
            kwargs["value"] = args[-1]
            args = args[:-1]
        rows = list(zip(self, *(_column(name, a, count) for a in args), strict=True))
        options = {key: _column(name, value, count) for key, value in kwargs.items()}
        if in_place:
            _check_shapes(name, rows)
        results = [
            method(*row, **{key: values[i] for key, values in options.items()}) for i, row in enumerate(rows)
        ]
        return self if in_place else tuple(results)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name}(self, ...): Tensor.{method.__name__} on each tensor of the list self."
    return function


globals().update({name: _function(name) for name in _METHODS})
