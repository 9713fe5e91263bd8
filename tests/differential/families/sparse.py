"""Sparse tensors in coordinates: conversion, products, sums. They are compared as dense tensors."""

import numpy as np

from ..case import Case, Input
from ..draw import FLOATS
from . import family


def _mostly_zeros(d, shape, dtype):
    x = d.tensor(shape, dtype, "ties", "plain")
    return Input(np.where(x.values < 0, 0, x.values).astype(x.values.dtype), dtype)


@family
def sparse_round(d):
    shape = d.shape(1, 3)
    x = _mostly_zeros(d, shape, d.dtype(*FLOATS, "int64"))
    parts = d.integer(0, 3)
    if parts == 0:
        return Case("Tensor.to_sparse", (x,), invariant=_pieces, grad=False)
    if parts == 1:
        return Case("Tensor.to_sparse", (x, d.integer(1, len(shape))), invariant=_pieces, grad=False)
    x = _mostly_zeros(d, d.shape(2, 2), x.dtype)
    name = d.pick("Tensor.to_sparse_csr", "Tensor.to_sparse_csc", "Tensor.to_sparse_coo")
    return Case(name, (x,), invariant=_dense, grad=False)


def _pieces(library, result, *args, **kwargs):
    result = result.coalesce()
    return result.indices(), result.values(), result.sparse_dim(), result.dense_dim(), result.to_dense()


def _dense(library, result, *args, **kwargs):
    return str(result.layout).split(".")[-1], result.to_dense()


@family
def sparse_coordinates(d):
    """sparse_coo_tensor with repeated coordinates, which are added."""
    n, m, count = d.pick(1, 3, 5), d.pick(1, 2), d.pick(0, 1, 4)
    # PyTorch trusts the coordinates, and writes where they say
    rows, columns = d.indices(n, (count,), bad=False), d.indices(m, (count,), bad=False)
    index = Input(np.stack([rows.values, columns.values]), "int64")
    tail = d.pick((), (2,))
    values = d.tensor((count, *tail), d.dtype(*FLOATS, "int64"), layout="plain")
    return Case("sparse_coo_tensor", (index, values, (n, m, *tail)), invariant=_pieces, grad=False, ulps=128)


@family
def sparse_products(d):
    dtype = d.dtype(*FLOATS)
    n, k, m = d.pick(0, 1, 3), d.pick(1, 2), d.pick(0, 1, 4)
    a, b = _mostly_zeros(d, (n, k), dtype), d.tensor((k, m), dtype)
    name = d.pick("mm", "matmul", "add", "mul", "sub", "sum")
    if name == "sum":
        return Case("sparse", (name, a), grad=False, ulps=128)
    return Case("sparse", (name, a, b if name in ("mm", "matmul") else a), grad=False, ulps=128)
