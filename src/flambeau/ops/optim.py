"""The steps of optimisers over lists of tensors: one call of a kernel for all of them, in place and unrecorded."""

from typing import Any

from .. import _core
from .op import Op


def _reals(array):
    """A complex array as pairs of reals, which an optimiser treats as parameters of their own."""
    return array[..., None].view(array.real.dtype) if array.dtype.kind == "c" else array


def _lists(arrays, n):
    """The lists of n arrays each, one after the other in `arrays`; None for those that are left out."""
    arrays = [None if a is None else _reals(a) for a in arrays]
    lists = [arrays[i : i + n] for i in range(0, len(arrays), n)]
    return [None if values[0] is None else values for values in lists]


class _SGDStep(Op, name="_sgd_step"):
    """The kernel `sgd` on params, grads, momenta."""

    @staticmethod
    def forward(ctx, n, first, settings, *arrays):
        params, grads, momenta = _lists(arrays, n)
        ctx.k.sgd(params, grads, momenta, first, *settings)
        return ()


class _AdamStep(Op, name="_adam_step"):
    """The kernel `adam` on params, grads, means, squares, largest."""

    @staticmethod
    def forward(ctx, n, steps, settings, *arrays):
        ctx.k.adam(*_lists(arrays, n), steps, *settings)
        return ()


def _step(op, params, others, extra, settings):
    """Runs op on the tensors of each dtype; the versions of all that are written advance."""
    groups: dict[Any, list[int]] = {}
    for i, p in enumerate(params):
        groups.setdefault(p.dtype, []).append(i)
    lists = (params, *others)
    for indices in groups.values():
        tensors = []
        for values in lists:
            tensors += [None] * len(indices) if values is None else [values[i] for i in indices]
        op.apply(len(indices), [extra[i] for i in indices], settings, *tensors)
    for i, values in enumerate(lists):
        if i != 1 and values is not None:  # the gradients are only read
            for t in values:
                _core.bump_version(t)


def sgd_(params, grads, momenta, first, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One SGD step of the tensors `params`, in place.

    momenta: None without momentum; first[i] says that momentum i has no value yet. The formula is the kernel's.
    """
    settings = (lr, momentum, dampening, weight_decay, nesterov, maximize)
    _step(_SGDStep, params, (grads, momenta), first, settings)


def adam_(params, grads, means, squares, largest, steps, lr, betas, eps, weight_decay, decoupled, maximize):
    """One Adam step of the tensors `params`, in place, with their moments.

    largest: None without AMSGrad; steps[i] counts the steps of parameter i, from 1. The formula is the kernel's.
    """
    settings = (lr, *betas, eps, weight_decay, decoupled, maximize)
    _step(_AdamStep, params, (grads, means, squares, largest), steps, settings)
