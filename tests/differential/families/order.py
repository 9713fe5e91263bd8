"""Sorting, selection by rank, distinct elements, searching in sorted sequences."""

import numpy as np

from ..case import Case, Input
from ..draw import FLOATS, INTS, REAL
from . import family


@family
def sort(d):
    shape = d.shape()
    x = d.tensor(shape, d.dtype(*REAL, "bool"), d.pick("distinct", "ties", "special"))
    options = d.options(dim=(d.dim(len(shape)),), descending=(True, False))
    name = d.pick("sort", "argsort", "msort")
    if name == "msort":
        return Case(name, (x,))
    return Case(name, (x,), {**options, "stable": True})


@family
def ranks(d):
    """topk, kthvalue, median, mode. Where elements are equal, which of their indices is given is unspecified: what
    is compared then is the element at that index."""
    shape = d.shape()
    name = d.pick("topk", "kthvalue", "median", "nanmedian", "mode")
    values = d.pick("distinct", "ties", "normal" if name == "mode" else "special")
    # PyTorch's median of expanded memory is wrong
    x = d.tensor(shape, d.dtype(*REAL), values, d.pick("plain", "gaps", "fortran") if shape else "plain")
    x.constant = values != "distinct"  # the gradient goes to the index
    dim = d.dim(len(shape))
    options = d.options(dim=(dim,))
    if name == "topk":
        options |= d.options(largest=(True, False))
        return Case(name, (x, d.integer(0, 4)), options, invariant=_at_indices)
    if name == "kthvalue":
        options |= d.options(keepdim=(True, False))
        return Case(name, (x, d.integer(0, 4)), options, invariant=_at_indices)
    if "dim" in options:
        options |= d.options(keepdim=(True, False))
    if name == "mode":
        return Case(name, (x,), options)
    return Case(name, (x,), options, invariant=_at_indices)


def _at_indices(library, results, x, *args, dim=-1, keepdim=False, **kwargs):
    """Values, shape and dtype of the indices, and what stands there."""
    if not isinstance(results, tuple):
        return results
    values, indices = results
    if not indices.numel() or not x.dim():
        return values, indices
    at = indices if indices.dim() == x.dim() else indices.unsqueeze(dim)
    found = x.detach().gather(dim, at)
    return values, tuple(indices.shape), str(indices.dtype).split(".")[-1], found.reshape(indices.shape)


@family
def distinct(d):
    shape = d.shape(0, 3)
    x = d.tensor(shape, d.dtype(*REAL, "bool"), d.pick("ties", "ties", "normal", "special"))
    options = d.options(return_inverse=(True, False), return_counts=(True, False))
    if d.flag() and shape:
        options["dim"] = d.dim(len(shape))
        x = d.tensor(shape, x.dtype, "ties")  # slices with NaN have no order
    return Case(d.pick("unique", "unique_consecutive"), (x,), options, grad=False)


@family
def search(d):
    dtype = d.dtype(*FLOATS, *INTS)
    n = d.pick(0, 1, 4)
    values = d.tensor(d.shape(0, 3), d.pick(dtype, d.dtype(*FLOATS, "int64")), d.pick("normal", "ties"))
    if d.flag():
        options = d.options(right=(True, False), out_int32=(True, False))
        return Case("bucketize", (d.pick(values, values, 1.5), _sorted(d, (n,), dtype)), options, grad=False)
    options = d.options(right=(True, False), out_int32=(True, False), side=("left", "right", "top"))
    lead = values.shape[:-1] if d.flag() else ()
    sequence = _sorted(d, (*lead, n), dtype)
    if d.rarely():
        order = np.argsort(-sequence.values.astype(float), axis=-1)
        options["sorter"] = Input(order[..., ::-1].copy(), "int64")
    return Case("searchsorted", (sequence, d.pick(values, values, 2)), options, grad=False)


def _sorted(d, shape, dtype):
    x = d.tensor(shape, dtype, d.pick("distinct", "ties"), d.pick("plain", "gaps"))
    x.values.sort(axis=-1)
    return x


@family
def membership(d):
    a = d.tensor(d.shape(), d.dtype(*FLOATS, *INTS), "ties")
    b = d.tensor(d.shape(0, 2), d.dtype(*FLOATS, *INTS), "ties")
    options = d.options(invert=(True, False), assume_unique=(False,))
    return Case("isin", d.pick((a, b), (a, b), (a, 1), (1, b)), options, grad=False)


@family
def positions(d):
    x = d.tensor(d.shape(), d.dtype(), "ties")
    name = d.pick("nonzero", "argwhere", "where", "count_nonzero")
    if name == "nonzero":
        return Case(name, (x,), d.options(as_tuple=(True, False)), grad=False)
    return Case(name, (x,), grad=False)
