"""Rows of the ops that pick and write elements by index and mask. `x[key]` itself: tests/ops/test_index.py."""

import numpy as np

from ..table import ALL, Bad, Row, Sample
from .shape import changed

ELSEWHERE = {"nonzero": "tests/ops/test_index.py"}


def distinct(t, high, *shape):
    """Different indices below `high`, along the last dimension."""
    rows = [t.random.permutation(high)[: shape[-1]] for _ in range(int(np.prod(shape[:-1])))]
    return t.array(np.array(rows).reshape(shape), "int64")


def gathers(t):
    return [
        Sample(t(3, 4), 0, t.ints(3, 2, 4)), Sample(t(3, 4), 1, t.ints(4, 3, 5)), Sample(t(3, 4), -1, t.ints(4, 2, 2)),
        Sample(t(5), 0, t.ints(5, 7)), Sample(t(), 0, t.ints(1)), Sample(t(2, 3), 1, t.ints(3, 2, 0)), Sample(t(2, 3,
            2), 1, t.ints(3, 2, 2, 2)),
    ]  # fmt: skip


def gather_errors(t):
    return [
        Bad(
            Sample(t(3, 4), 0, t.array([[5, 0, 0, 0]], "int64")),
            RuntimeError,
            "index 5 is out of bounds for dimension 0 with size 3",
        ),
        Bad(
            Sample(t(3, 4), 0, t.ints(3, 2)),
            RuntimeError,
            "Index tensor must have the same number of dimensions as input tensor",
        ),
        Bad(Sample(t(3, 4), 0, t(2, 4)), RuntimeError, r"gather\(\): Expected dtype int32/int64 for index"),
        Bad(Sample(t(3, 4), 2, t.ints(3, 2, 4)), IndexError, "Dimension out of range"),
        Bad(Sample(t(3, 4), 0, t.ints(3, 2, 5)), RuntimeError, "Size does not match at dimension 1"),
    ]


def scatters(t):
    return [
        Sample(t(3, 4), 0, distinct(t, 3, 4, 2).t(), t(2, 4)), Sample(t(3, 4), 1, distinct(t, 4, 3, 2), t(3, 3)),
        Sample(t(5), 0, distinct(t, 5, 1, 3).reshape(3), t(3)), Sample(t(3, 4), 1, distinct(t, 4, 2, 2), 1),
        Sample(t(), 0, t.ints(1), t()),
    ]  # fmt: skip


def scatter_adds(t):
    return [
        Sample(t(3, 4), 0, t.ints(3, 5, 4), t(5, 4)), Sample(t(3, 4), 1, t.ints(4, 2, 6), t(3, 7)), Sample(t(5), 0,
            t.ints(5, 9), t(9)),
        Sample(t(2, 3), 1, t.ints(3, 2, 0), t(2, 0)),
    ]  # fmt: skip


def scatter_errors(t):
    return [
        Bad(
            Sample(t(3), 0, t.array([4], "int64"), t(1)),
            RuntimeError,
            "index 4 is out of bounds for dimension 0 with size 3",
        ),
        Bad(Sample(t(3), 0, t.ints(3, 2), t(1)), RuntimeError, "to be no larger than src"),
        Bad(
            Sample(t(3), 0, t.ints(3, 2), t(2, dtype="float64")),
            RuntimeError,
            "Expected self.dtype to be equal to src.dtype",
        ),
    ]


def scatter_reduces(t):
    made = []
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        for include in (True, False):
            made.append(Sample(t(3, 4), 1, t.ints(4, 3, 5), t(3, 6), reduce, include_self=include))
        made.append(Sample(t(4), 0, t.ints(4, 6), t(6), reduce))
    return made


def slices(t):
    return [
        Sample(t(4, 3), 0, distinct(t, 4, 1, 2).reshape(2), t(2, 3)), Sample(t(4, 3), 1, distinct(t, 3, 1,
            3).reshape(3), t(4, 3)),
        Sample(t(4), -1, distinct(t, 4, 1, 1).reshape(1), t(1)), Sample(t(), 0, t.ints(1, 1), t(1)),
    ]  # fmt: skip


def slice_errors(t, error=RuntimeError):
    return [
        Bad(
            Sample(t(4, 3), 0, t.ints(4, 2), t(3, 3)),
            error,
            r"source of shape \[3, 3\] does not fit 2 slices along dim 0",
        ),
        Bad(Sample(t(4, 3), 0, t.ints(4, 2, 1), t(2, 3)), IndexError, "Index is supposed to be a vector"),
        Bad(Sample(t(4, 3), 0, t.array([0, 4], "int64"), t(2, 3)), IndexError, "out of (range|bounds)"),
    ]


def puts(t):
    return [
        Sample(t(4, 3), (distinct(t, 4, 1, 2).reshape(2),), t(2, 3)), Sample(t(4, 3), (distinct(t, 4, 1,
            2).reshape(2), t.ints(3, 2)), t(2)),
        Sample(t(4, 3), (t.array([[True, False, True]] * 4, "bool"),), t()), Sample(t(4, 3), (t.ints(4, 5),), t(5,
            3), accumulate=True),
    ]  # fmt: skip


def put_errors(t):
    return [
        Bad(Sample(t(4, 3), (t.ints(4, 2),), t(4)), RuntimeError,
            r"shape mismatch: value tensor of shape \[4\] cannot be broadcast to indexing result of shape \[2, 3\]"),
        Bad(Sample(t(4, 3), (t.array([9], "int64"),), t(1, 3)), IndexError,
            "index 9 is out of bounds for dimension 0 with size 4"),
        Bad(Sample(t(4, 3), (t.ints(4, 2),), t(2, 3, dtype="float64")), RuntimeError,
            "source and destination dtypes match"),
    ]  # fmt: skip


def masks(t):
    return [
        Sample(t(3, 4), t.bools(3, 4)),
        Sample(t(3, 4), t.bools(4)),
        Sample(t(4), t.bools(3, 1)),
        Sample(t(), t.bools()),
        Sample(t(0), t.bools(0)),
    ]


def masked(make):
    return lambda t: [Sample(s.args[0], s.args[1], make(t)) for s in masks(t)]


ROWS = [
    Row("gather", gathers, dtypes=ALL, errors=gather_errors),
    Row("scatter", scatters, dtypes=ALL, errors=scatter_errors, grad_samples=lambda t: scatters(t)[:3]),
    Row("scatter_add", scatter_adds, dtypes=ALL, errors=scatter_errors),
    Row("scatter_reduce", scatter_reduces, errors=lambda t: [Bad(Sample(t(3), 0, t.ints(3, 2), t(2), "max"),
        RuntimeError, "must be either")]),
    Row("index_select", lambda t: [Sample(t(4, 3), 0, t.ints(4, 6)), Sample(t(4, 3), -1, t.ints(3, 2)), Sample(t(),
        0, t.ints(1, 1)),
                                   Sample(t(4, 3), 0, t.ints(4, 0)), Sample(t(5), 0, t.ints(5))], dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(3), 0, t.array([3], "int64")), IndexError, "index out of range in self"),
                          Bad(Sample(t(3, 3), 0, t.ints(3, 2, 2)), IndexError, "Index is supposed to be a vector")]),
    Row("index_add", lambda t: [*slices(t)[:3], Sample(t(), 0, t.ints(1, 1), t()), Sample(t(4, 3), 0, t.ints(4, 6),
        t(6, 3), alpha=2)], dtypes=ALL, errors=slice_errors),
    Row("index_copy", slices, dtypes=ALL, errors=lambda t: slice_errors(t, IndexError)),
    Row("index_fill", lambda t: [Sample(t(4, 3), 0, t.ints(4, 2), 1), Sample(t(4, 3), 1, t.array([-1, 0, 0],
        "int64"), t()), Sample(t(4), 0, t.ints(4), 0)],
        dtypes=ALL, errors=lambda t: [Bad(Sample(t(3), 0, t.array([3], "int64"), 1.0), IndexError,
            "out of (range|bounds)")]),
    Row("index_put", puts, dtypes=ALL, errors=put_errors),
    Row("index_put_", puts, function=changed("index_put_"), torch=changed("index_put_"), errors=put_errors),
    Row("take_along_dim", lambda t: [Sample(t(3, 4), t.ints(3, 1, 4), 0), Sample(t(3, 4), t.ints(12, 5)), Sample(t(3,
        4), t.ints(4, 1, 2), 1),
                                     Sample(t(1, 4), t.ints(4, 3, 2), -1)], lambda x, i,
                                         d=None: np.take_along_axis(*((x.ravel(), i.ravel(), 0) if d is None
                                     else (np.broadcast_to(x, (3, 4)), np.broadcast_to(i, (3,
                                         i.shape[1]) if d else (i.shape[0], 4)), d)))),
    Row("take", lambda t: [Sample(t(3, 4), t.ints(12, 2, 3, low=-12)), Sample(t(), t.ints(1)), Sample(t(3), t.ints(3,
        0))], np.take, dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(3), t.array([3], "int64")), IndexError,
            "out of range: tried to access index 3 on a tensor of 3 elements")]),
    Row("put", lambda t: [Sample(t(3, 4), distinct(t, 12, 1, 4).reshape(2, 2), t(2, 2)), Sample(t(3, 4), t.ints(12,
        9), t(9), accumulate=True)],
        torch="Tensor.put", dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(3), t.ints(3, 2), t(1)), IndexError, "to have the same number of elements"),
                          Bad(Sample(t(3), t.array([3], "int64"), t(1)), IndexError, "tried to access index 3")]),
    Row("masked_fill", lambda t: [*masked(lambda t: 1)(t), *masked(lambda t: t())(t)], lambda x, m, v: np.where(m, v,
        x), dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(3), t.bools(3), t(3)), RuntimeError,
            "only supports a 0-dimensional value tensor"),
                          Bad(Sample(t(3), t(3), 1), RuntimeError, "only supports boolean masks")]),
    Row("masked_select", masks, lambda x, m: np.broadcast_arrays(x, m)[0][np.broadcast_arrays(x, m)[1]], dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(3), t.ints(2, 3)), RuntimeError, "only supports boolean masks")]),
    Row("masked_scatter", lambda t: [Sample(t(3, 4), t.bools(3, 4), t(15)), Sample(t(3, 4), t.bools(4), t(4, 4)),
        Sample(t(), t.bools(), t(2))],
        dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(3), t.array([1, 1, 1], "bool"), t(2)), RuntimeError,
                              "Number of elements of source < number of ones in mask: 2 < 3")]),
    Row("argwhere", lambda t: [Sample(t.array([[0, 1], [2, 0]])), Sample(t.array(1)), Sample(t(0))], grad=False,
        dtypes=ALL),
    Row("select_scatter", lambda t: [Sample(t(3, 4), t(4), 0, 1), Sample(t(3, 4), t(3), -1, -1)],
        errors=lambda t: [Bad(Sample(t(3, 4), t(3), 0, 1), RuntimeError,
            "expected src to have a size equal to the slice of self")]),
    Row("slice_scatter", lambda t: [Sample(t(4, 3), t(2, 3), 0, 1, 3), Sample(t(4, 3), t(4, 2), 1, 0, 3, 2)]),
    Row("diagonal_scatter", lambda t: [Sample(t(3, 3), t(3)), Sample(t(3, 4), t(3), 1)]),
]  # fmt: skip
