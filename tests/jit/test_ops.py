"""Every op of the table, traced with some tensors, gives on others what it gives without a trace.

A composed function is called in two ways: by its public name, which is one node of the graph, and directly, so that the
ops that it consists of are the nodes. Both must follow all of their tensors: nothing may have become a constant.
"""

import importlib
import itertools
import warnings
from types import FunctionType

import numpy as np
import pytest

import flambeau as fb
from flambeau.jit.modules import ScriptFunction
from flambeau.jit.traced import _traced
from flambeau.ops import FUNCTIONS

from ..ops.table import ROWS

SPARSE = importlib.import_module("tests.ops.rows.sparse").ROWS
# Sparse tensors are no arrays that a trace could follow; lobpcg is a long loop that looks at its residuals.
LEFT_OUT = {"lobpcg", "to_sparse", "to_sparse_coo", "to_sparse_csc", "to_sparse_csr"}
# How large their results are, or where bins end, depends on the elements; what asks for these is Python.
LOOK_AT_ELEMENTS = {"masked_select", "repeat_interleave", "histogram", "histogramdd"}
ROWS_HERE = [r for r in ROWS if not any(r is s for s in SPARSE) and r.name not in LEFT_OUT]


def leaves(result):
    if isinstance(result, (tuple, list)):
        return [leaf for item in result for leaf in leaves(item)]
    return [result] if isinstance(result, fb.Tensor) else []


def by_name(row):
    """The public composed function of a row, looked up when it is called, as a program does; None when it has none."""
    if FUNCTIONS.get(row.name) is not row.function or type(row.function) is not FunctionType:
        return None
    return lambda *args, **kwargs: getattr(fb, row.name)(*args, **kwargs)


def calls(row, function):
    """(function of tensors, two sets of them) for the samples of a row."""
    dtype = "float64" if "float64" in row.dtypes else row.dtypes[0]
    pairs = zip(row.make(dtype, seed=0), row.make(dtype, seed=1), strict=True)
    for first, second in itertools.islice(pairs, 6):
        if not first.tensors() or [t.shape for t in first.tensors()] != [t.shape for t in second.tensors()]:
            continue

        def call(*tensors, sample=first):
            given = iter(tensors)
            mapped = sample.map(lambda t: next(given))
            return tuple(leaves(function(*mapped.args, **mapped.kwargs)))

        yield call, first.tensors(), second.tensors()


def run(call, tensors, seed=3):
    """The results, and the tensors after the call, which may have changed them."""
    fb.manual_seed(seed)
    given = [t.clone() for t in tensors]
    return [*call(*given), *given]


def check(row, function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_calls(row, function)


def check_calls(row, function):
    for call, first, second in calls(row, function):
        try:
            wanted = run(call, second)
        except (RuntimeError, ValueError, IndexError):  # with the other numbers it is no valid call
            continue
        if len(wanted) == len(second):
            continue  # no tensors among the results
        fb.manual_seed(3)
        traced = ScriptFunction(_traced(call, tuple(first), {}, None, True))
        for a, b in zip(run(traced, second), wanted, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_array_equal(
                a.detach().resolve_conj().numpy(), b.detach().resolve_conj().numpy()
            )


@pytest.mark.parametrize("row", [r for r in ROWS_HERE if r.name not in LOOK_AT_ELEMENTS], ids=repr)
def test_ops_inside_a_function(row):
    check(row, row.function)


@pytest.mark.parametrize("row", [r for r in ROWS_HERE if by_name(r)], ids=repr)
def test_function_by_its_name(row):
    check(row, by_name(row))
