"""Checking tangents of forward mode against finite differences: `gradcheck(..., check_forward_ad=True)`."""

import numpy as np

from .. import _core
from . import forward_ad
from .gradcheck import _compare, _numerical, _outputs
from .rows import map_rows


def _moved(inputs):
    """(positions of the inputs that are checked, the inputs without history)"""
    tensors = [t.detach() if isinstance(t, _core.TensorBase) else t for t in inputs]
    return [i for i, t in enumerate(inputs) if isinstance(t, _core.TensorBase) and t.requires_grad], tensors


def _tangents(func, inputs, directions):
    """The derivatives of the outputs of func along directions (None: that input stays), zeros where there is none."""
    with forward_ad.dual_level():
        given = [
            t if v is None else forward_ad.make_dual(t, v) for t, v in zip(inputs, directions, strict=True)
        ]
        pairs = [forward_ad.unpack_dual(o) for o in _outputs(func(*given))]
        return [p.primal.detach() * 0 if p.tangent is None else p.tangent.detach() for p in pairs]


def check_forward(func, inputs, eps, atol, rtol, batched=False):
    """Compares tangents along each element of each input with central differences; `batched`: also those along two
    directions at once, by vmap, with those of one after the other. A mismatch raises GradcheckError."""
    wanted, plain = _moved(inputs)
    if batched:
        _check_batched(func, plain, wanted, atol, rtol)
    for i in wanted:
        array = _core.array_of(plain[i])
        numerical = _numerical(func, plain, i, eps) if array.size else []
        for position, rows in zip(np.ndindex(array.shape), numerical, strict=False):
            for unit, row in zip((1, 1j), rows, strict=False):
                direction = np.zeros(array.shape, array.dtype)
                direction[position] = unit
                moving = [_core.make(direction) if k == i else None for k in range(len(plain))]
                for j, (tangent, expected) in enumerate(
                    zip(_tangents(func, plain, moving), row, strict=True)
                ):
                    where = f"output {j} with respect to input {i} (forward mode),"
                    _compare(_core.array_of(tangent), expected, atol, rtol, where)


def _directions(t, count, generator):
    """`count` random tensors like t, stacked."""
    array = _core.array_of(t)
    values = generator.standard_normal((count, *array.shape))
    if array.dtype.kind == "c":
        values = values + 1j * generator.standard_normal((count, *array.shape))
    return _core.make(np.asarray(values, array.dtype))


def _check_batched(func, plain, wanted, atol, rtol):
    generator = np.random.RandomState(0)
    for i in wanted:

        def along(v, i=i):
            return _tangents(func, plain, [v if k == i else None for k in range(len(plain))])

        directions = [_directions(plain[i], 2, generator)]
        pairs = zip(map_rows(along, directions), map_rows(along, directions, chunk_size=1), strict=True)
        for j, (together, single) in enumerate(pairs):
            where = f"the batched tangent of output {j} with respect to input {i},"
            _compare(_core.array_of(together), _core.array_of(single), atol, rtol, where)
