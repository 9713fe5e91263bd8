"""Coordinates as numbers: flat positions, groups of equal ones, row pointers. All are int64 tensors without
gradient."""

import math

import flambeau as fb


def flat(index, sizes):
    """The row-major position of each coordinate (a column of index) in a block of the given sizes."""
    if len(sizes) == 1:
        return index[0]
    position = fb.zeros(index.shape[1], dtype=fb.int64, device=index.device)
    for d, size in enumerate(sizes):
        position = position * size + index[d]
    return position


def unflat(position, sizes):
    """The coordinates of row-major positions in a block of the given sizes: (len(sizes), n)."""
    rows = []
    for size in reversed(sizes):
        rows.append(position % max(size, 1))
        position = position.div(max(size, 1), rounding_mode="floor")
    if not rows:
        return fb.zeros(0, *position.shape, dtype=fb.int64, device=position.device)
    return fb.stack(rows[::-1])


def groups(position):
    """Equal positions as groups: (order, group, first).

    order sorts the positions, stably; group is the number of the group of each, in the sorted order; first
    marks, in the sorted order, the first of each group.
    """
    order = fb.argsort(position, stable=True)
    ordered = position[order]
    first = fb.ones(len(ordered), dtype=fb.bool, device=position.device)
    if len(ordered) > 1:
        first[1:] = ordered[1:] != ordered[:-1]
    return order, first.to(fb.int64).cumsum(0) - 1, first


def pointers(rows, n):
    """Where each of n rows begins among sorted row numbers, and the end: n + 1 numbers."""
    edges = fb.arange(n + 1, device=rows.device)
    return fb.searchsorted(rows.contiguous(), edges)


def expanded(pointer):
    """The row number of each entry, of row pointers."""
    counts = pointer[1:] - pointer[:-1]
    return fb.arange(len(counts), device=pointer.device).repeat_interleave(counts)


def added(n, group, value):
    """The sums of the values (rows) of each of n groups; of bools, whether any is true."""
    if value.dtype is fb.bool:
        return added(n, group, value.to(fb.uint8)).to(fb.bool)
    zeros = fb.zeros(n, *value.shape[1:], dtype=value.dtype, device=value.device)
    return zeros.index_add(0, group, value)


def found(position, among):
    """Where positions occur among sorted, distinct ones: (whether, where)."""
    if not len(among):
        return fb.zeros(len(position), dtype=fb.bool, device=position.device), fb.zeros_like(position)
    where = fb.searchsorted(among.contiguous(), position.contiguous()).clamp(max=len(among) - 1)
    return among[where] == position, where


def block(t):
    """The sizes of the sparse dimensions of t, and their product."""
    sizes = tuple(t.shape[: t.sparse_dim()])
    return sizes, math.prod(sizes)
