"""The steps of optimisers over lists of tensors: one call of a kernel for all of them."""

from typing import Any

from .. import _core
from ..kernels.base.optim import RULES
from .op import FUNCTIONS, Op


def _reals(array):
    """A complex array as pairs of reals, which an optimiser treats as parameters of their own."""
    return None if array is None else array[..., None].view(array.real.dtype)


class _OptimizerStep(Op, name="_optimizer_step"):
    """The kernel `optimise`: n tensors of each list, one list after the other."""

    @staticmethod
    def forward(ctx, rule, n, numbers, settings, *arrays):
        if arrays[0].dtype.kind == "c":
            arrays = tuple([_reals(a) for a in arrays])
        lists = [arrays[i : i + n] for i in range(0, len(arrays), n)]
        ctx.k.optimise(rule, [None if a[0] is None else a for a in lists], numbers, settings)
        return ()


def optimizer_step(rule, lists, numbers, settings):
    """One step by a rule of `kernels.base.optim`, in place and unrecorded.

    lists: of parameters, of gradients and of each state; None for a state that the rule is to do without. numbers: a
    list for each number that differs between parameters.
    """
    groups: dict[Any, list[int]] = {}
    for i, p in enumerate(lists[0]):
        groups.setdefault((p.dtype, p.device), []).append(i)
    for indices in groups.values():
        n = len(indices)
        tensors = []
        for values in lists:
            tensors += [None] * n if values is None else [values[i] for i in indices]
        own = numbers if n == len(lists[0]) else [[values[i] for i in indices] for values in numbers]
        _OptimizerStep.apply(rule, n, own, settings, *tensors)
    for i, values in enumerate(lists):
        if i != 1 and values is not None:  # the gradients are only read
            for t in values:
                _core.bump_version(t)


class _Functions:
    """The functions of tensors that rules call."""

    def __getattr__(self, name):
        return FUNCTIONS[name]


def differentiable_step(rule, tensors, numbers, settings):
    """The new values (parameter, *states) of one parameter: the rule in recorded operations, nothing changes.

    tensors: the parameter, its gradient and the states (None for those that the rule does without).
    """
    # A copy: what backward needs of the old parameter must outlive it.
    tensors = [tensors[0].clone(), *tensors[1:]]
    is_complex = tensors[0].is_complex()
    if is_complex:
        tensors = [None if t is None else FUNCTIONS["view_as_real"](t) for t in tensors]
    new = RULES[rule](_Functions(), *tensors, *numbers, *settings)
    if is_complex:
        new = [None if t is None else FUNCTIONS["view_as_complex"](t.contiguous()) for t in new]
    return new
