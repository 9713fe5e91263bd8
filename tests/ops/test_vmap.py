"""Every op of the table inside `vmap` equals a loop over the batch whose results are stacked."""

import importlib
import warnings

import numpy as np
import pytest

import flambeau as fb
from flambeau.func import vmap
from flambeau.func.batching.__main__ import table

from .table import ROWS

# Their results depend on the elements in size or kind: there is no batch of them.
DYNAMIC = {"argwhere", "masked_select", "nonzero", "unique", "unique_consecutive"}
# Sparse tensors are no batches; these draw random numbers; a complex view needs elements that lie in pairs.
LEFT_OUT = {"pca_lowrank", "svd_lowrank", "to_sparse", "to_sparse_coo", "to_sparse_csc", "to_sparse_csr"}
NO_TENSORS = {  # they return bools, or take none
    "allclose", "bartlett_window", "blackman_window", "equal", "fft.fftfreq", "fft.rfftfreq", "hamming_window",
    "hann_window", "is_conj", "is_neg", "kaiser_window",
}  # fmt: skip
NEEDS_LAYOUT = {"view_as_complex", "view_as_complex_copy"}
SPARSE = importlib.import_module("tests.ops.rows.sparse").ROWS
ROWS_HERE = [r for r in ROWS if not any(r is s for s in SPARSE) and r.name not in LEFT_OUT | DYNAMIC | NO_TENSORS]


def leaves(result):
    """The tensors of a result, or among its items."""
    if isinstance(result, (tuple, list)):
        return [leaf for item in result for leaf in leaves(item)]
    return [result] if isinstance(result, fb.Tensor) else []


class Call:
    """One sample of a row as a function of those of its tensors that are batched."""

    def __init__(self, row, sample, batched):
        self.row, self.sample, self.batched = row, sample, batched

    def __call__(self, *tensors):
        given, count = iter(tensors), iter(range(1000))
        sample = self.sample.map(lambda t: next(given) if next(count) in self.batched else t)
        return leaves(self.row.function(*sample.args, **sample.kwargs))


def cases(row, samples=None):
    """(call, two sets of its tensors) for each sample: all tensors batched, and each of several alone."""
    dtype = "float64" if "float64" in row.dtypes else row.dtypes[0]
    for first, second in zip(*[row.make(dtype, samples, seed) for seed in (0, 1)], strict=True):
        pair = first.tensors(), second.tensors()
        count = len(pair[0])
        if not count or [t.shape for t in pair[0]] != [t.shape for t in pair[1]]:
            continue
        alone = [(i,) for i in range(count)] if count > 1 else []
        for batched in [tuple(range(count)), *alone]:
            yield Call(row, first, batched), [[ts[i] for i in batched] for ts in pair]


def looped(call, *elements):
    """The stacked results of a call with each set of tensors; None where there is nothing to compare."""
    try:
        results = [call(*[t.clone() for t in ts]) for ts in elements]
    except (
        RuntimeError,
        ValueError,
        IndexError,
    ):  # the sample with a tensor of the other seed is no valid call
        return None
    shapes = [[r.shape for r in result] for result in results]
    if not results[0] or any(s != shapes[0] for s in shapes):
        return None
    return [fb.stack(column) for column in zip(*results, strict=True)]


def check(results, wanted):
    assert len(results) == len(wanted)
    for r, w in zip(results, wanted, strict=True):
        assert (r.shape, r.dtype) == (w.shape, w.dtype)
        wide = fb.complex128 if r.is_complex() else fb.float64
        np.testing.assert_allclose(
            r.detach().to(wide).numpy(), w.detach().to(wide).numpy(), rtol=1e-7, atol=1e-7
        )


def refusal(call, tensors):
    """What the error says where an in-place function has no batch to write to, or a mask picks where to write."""
    if call.row.name.endswith("_") and 0 not in call.batched:
        return "inplace arithmetic|indexing with a boolean mask"
    if "index_put" in call.row.name and any(t.dtype is fb.bool for t in tensors):
        values = call.sample.args[2]
        return None if values.numel() == 1 else "indexing with a boolean mask"
    return None


@pytest.mark.parametrize("row", ROWS_HERE, ids=repr)
@pytest.mark.filterwarnings("ignore")
def test_vmap_is_a_loop(row):
    compared = 0
    for call, elements in cases(row):
        wanted = looped(call, *elements)
        if wanted is None:
            continue
        stacked = [fb.stack(ts) for ts in zip(*elements, strict=True)]
        if (why := refusal(call, stacked)) is not None:
            with pytest.raises(RuntimeError, match=why):
                vmap(call)(*stacked)
            continue
        check(vmap(call)(*stacked), wanted)
        if row.name not in NEEDS_LAYOUT and compared < 4:
            last = tuple([-1] * len(stacked))
            check(vmap(call, in_dims=last)(*[t.movedim(0, -1) for t in stacked]), wanted)
        if compared == 0 and len(call.batched) == len(call.sample.tensors()):
            nested = vmap(vmap(call))(*[fb.stack([t, t.flip(0)]) for t in stacked])
            check(nested, [fb.stack([w, w.flip(0)]) for w in wanted])
        compared += 1
    assert compared


@pytest.mark.parametrize("row", [r for r in ROWS if r.name in DYNAMIC], ids=repr)
def test_results_of_other_sizes_are_refused(row):
    call, elements = next(iter(cases(row)))
    with pytest.raises(RuntimeError, match="vmap: "):
        vmap(call)(*[fb.stack(ts) for ts in zip(*elements, strict=True)])


# Ops that run once per element of the batch: rare ones, whose results may differ in size, or of in-place views.
LOOPS = {"_piece", "_relayout", "_replace_piece", "bincount", "histc", "masked_scatter"}


def test_common_ops_have_rules():
    steps = {"_optimizer_step"}  # there once flambeau.optim is imported, never inside vmap
    assert {name for name, how in table() if how == "loop"} - steps == LOOPS


def test_warnings_are_none():
    """An op without a rule says nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vmap(lambda x: x.histc(3, 0, 1))(fb.rand(2, 5))
