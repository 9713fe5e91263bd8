"""Applying a linear map to many vectors: what Jacobians are made of."""

from ..ops import FUNCTIONS


def map_rows(function, basis, chunk_size=None, randomness="error"):
    """The results of function for each row of some tensors, stacked.

    function takes one tensor for each of `basis`, (n, ...) each, and returns a list of tensors. All rows at once go
    through `func.vmap`, `chunk_size` at a time where that is given; one at a time through Python.
    """
    n = basis[0].shape[0]
    if chunk_size == 1:
        rows = [function(*[b[i] for b in basis]) for i in range(n)]
        return [FUNCTIONS["stack"](column) for column in zip(*rows, strict=True)]
    from ..func.vmap import vmap

    return list(
        vmap(lambda *row: tuple(function(*row)), chunk_size=chunk_size, randomness=randomness)(*basis)
    )


def standard_basis(tensors):
    """The unit vectors of the space of some tensors: for each of them a tensor (total elements, *its shape)."""
    counts = [t.numel() for t in tensors]
    total = sum(counts)
    basis, start = [], 0
    for t, count in zip(tensors, counts, strict=True):
        rows = FUNCTIONS["zeros"]((total, count), dtype=t.dtype, device=t.device)
        rows[start : start + count] = FUNCTIONS["eye"](count, dtype=t.dtype, device=t.device)
        basis.append(rows.reshape((total, *t.shape)))
        start += count
    return basis


def jacobians_by_rows(rows, outputs, inputs):
    """J^T applied to the basis of the outputs, (outputs, *input shape) per input, as [output][input] of shape
    (*output shape, *input shape)."""
    counts = [o.numel() for o in outputs]
    parts = [r.split(counts) for r in rows]
    return [
        [part[k].reshape((*o.shape, *x.shape)) for part, x in zip(parts, inputs, strict=True)]
        for k, o in enumerate(outputs)
    ]


def jacobians_by_columns(columns, outputs, inputs):
    """J applied to the basis of the inputs, (inputs, *output shape) per output, as [output][input]."""
    counts = [x.numel() for x in inputs]
    found = []
    for column, o in zip(columns, outputs, strict=True):
        moved = column.movedim(0, -1).split(counts, dim=-1)
        found.append([m.reshape((*o.shape, *x.shape)) for m, x in zip(moved, inputs, strict=True)])
    return found
