"""Forward-mode differentiation: tensors carry a tangent, and what is computed from them carries its derivative.

    with dual_level():
        x = make_dual(primal, tangent)
        y, dy = unpack_dual(function(x))

gives dy, the derivative of function at primal in the direction of tangent: a Jacobian-vector product for the price of a
few evaluations, whatever the number of outputs. The rules are in `dual.py`.
"""

from typing import Any, NamedTuple

from .. import _core
from ..layout import strided
from .dual import differentiable, dual, is_forward_enabled, primal_below, set_forward_enabled, tangent_below
from .grad_mode import _Mode

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]


class UnpackedDualTensor(NamedTuple):
    """What unpack_dual gives: the primal and its tangent; None where there is none."""

    primal: Any
    tangent: Any


def _scopes():
    from ..func.levels import active_levels

    return [level for level in active_levels() if level.kind == "dual"]


def _scope(level, why):
    """The open level of a number; the innermost for None."""
    scopes = _scopes()
    if not scopes:
        raise RuntimeError(
            f"Trying to {why} for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    if level is None:
        return scopes[-1]
    for scope in scopes:
        if scope.number == level:
            return scope
    raise RuntimeError(
        f"{why}: the forward AD level {level} is not open; open are {[s.number for s in scopes]}"
    )


def enter_dual_level():
    """enter_dual_level() -> int: opens a level, in which duals can be made; `dual_level` closes it by itself.

    Levels nest: tangents of different levels are kept apart, so that derivatives of derivatives are right.
    """
    from ..func.levels import push_level

    return push_level("dual")


def exit_dual_level(*, level=None):
    """exit_dual_level(level=None): closes the innermost level; the tangents of its duals are gone."""
    from ..func.levels import active_levels, pop_level

    levels = active_levels()
    if not levels or levels[-1].kind != "dual":
        raise RuntimeError(
            "Trying to exit a forward AD level but none is open, or a transformation inside it still is."
        )
    if level is not None and level != levels[-1].number:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    pop_level(levels[-1].number)


class dual_level(_Mode):
    """with dual_level(): a level of forward-mode differentiation; at its end the tangents are gone."""

    def __enter__(self):
        self.level = enter_dual_level()
        return self.level

    def __exit__(self, *exception):
        exit_dual_level(level=self.level)


def make_dual(tensor, tangent, *, level=None):
    """make_dual(tensor, tangent, level=None) -> Tensor that is `tensor`, with a tangent at the innermost level.

    The memory of both is shared, and recorded history kept. ValueError when one is not floating point or complex,
    RuntimeError when shapes differ, no level is open, or tensor has a tangent of that level already.
    """
    scope = _scope(level, "create a dual Tensor")
    for name, t in (("tensor", tensor), ("tangent", tangent)):
        if not isinstance(t, _core.TensorBase):
            raise TypeError(f"make_dual(): argument '{name}' must be Tensor, not {type(t).__name__}")
    for name, t in (("primal", tensor), ("tangent", tangent)):
        if not differentiable(t):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {t.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )
    if tangent.is_complex() and not tensor.is_complex():
        raise RuntimeError(
            f"make_dual(): a tensor of {tensor.dtype} cannot have a tangent of {tangent.dtype}"
        )
    if tensor.layout is not strided:
        return _sparse_dual(tensor, tangent, level)
    if tangent_below(tensor, scope) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level "
            f"{scope.number} is not supported."
        )
    if not is_forward_enabled():
        return tensor
    return dual(tensor, tangent, scope)


def _sparse_dual(tensor, tangent, level):
    """A sparse tensor whose values have tangents; those of the entries that are not kept do not count."""
    from ..sparse.tensor import sampled

    return tensor._with(make_dual(tensor._value, sampled(tangent, tensor, "make_dual"), level=level))


def unpack_dual(tensor, *, level=None):
    """unpack_dual(tensor, level=None) -> (primal, tangent), a named tuple; tangent is None without one at the level."""
    if _core.interpreter_of(tensor) is None or not _scopes():
        return UnpackedDualTensor(tensor, None)
    if tensor.layout is not strided:
        primal, tangent = unpack_dual(tensor._value, level=level)
        return UnpackedDualTensor(tensor._with(primal), None if tangent is None else tensor._with(tangent))
    scope = _scope(level, "unpack a dual Tensor")
    return UnpackedDualTensor(primal_below(tensor, scope), tangent_below(tensor, scope))


class set_fwd_grad_enabled(_Mode):
    """set_fwd_grad_enabled(mode): whether ops compute tangents, at once; as a context manager, for its extent."""

    def __init__(self, mode):
        self.mode = bool(mode)
        self.previous = set_forward_enabled(self.mode)

    def _again(self):
        return type(self)(self.mode)

    def __call__(self, function):
        set_forward_enabled(self.previous)
        return super().__call__(function)

    def __enter__(self):
        set_forward_enabled(self.mode)

    def __exit__(self, *exception):
        set_forward_enabled(self.previous)


_set_fwd_grad_enabled = set_fwd_grad_enabled
_is_fwd_grad_enabled = is_forward_enabled
