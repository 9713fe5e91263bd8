"""Selection by order, sorting, distinct values, searching."""

import math

import numpy as np

from ..table import FLOATS, INTS, REAL, Bad, Row, Sample

inf, nan = math.inf, math.nan
NUMBERS = REAL + ("bool",)


# ---- samples: in most, all elements of a line differ, so that indices are determined


def _distinct(t, *shape):
    """Different values along every dim (as far as the dtype has them)."""
    n = math.prod(shape)
    values = t.random.permutation(n) - (0 if t.dtype in ("uint8", "bool") else n // 2)
    return t.array(
        values.reshape(shape) % 2
        if t.dtype == "bool"
        else values.reshape(shape) * (0.5 if t.dtype in FLOATS else 1)
    )


def _lines(t):
    """Calls with a dim (and keepdim) after the tensor."""
    return [
        Sample(_distinct(t, 3, 4), 1),
        Sample(_distinct(t, 3, 4), 0, True),
        Sample(_distinct(t, 2, 3, 5), dim=-2, keepdim=True),
        Sample(t(), 0),
        Sample(_distinct(t, 1, 3), 0),
        Sample(t(3, 0), 0),
    ]


def _whole_and_lines(t):
    made = [Sample(_distinct(t, 3, 4)), Sample(t()), *_lines(t)]
    if t.dtype in FLOATS:
        made += [Sample(t.array([1.0, nan, 3.0])), Sample(t.array([[1.0, nan, 3.0], [0.0, inf, -inf]]), 1)]
    return made


def _grads(t):
    return [Sample(_distinct(t, 2, 3), 1), Sample(_distinct(t, 2, 3), 0, True), Sample(t(), 0)]


def _whole_grads(t):
    return [Sample(_distinct(t, 2, 3)), Sample(t()), *_grads(t)]


def _pairs(t):
    return [Sample(t(3, 4), t(4)), Sample(t(3), other=t(3))]


def _dim_errors(t):
    return [
        Bad(Sample(t(2, 3), 2), IndexError, r"in range of \[-2, 1\], but got 2"),
        Bad(Sample(t(2, 3), 0, 1), TypeError, "'keepdim' must be bool, not int"),
        Bad(Sample(t(2, 3), (0, 1)), TypeError, "'dim' must be int, not tuple"),
    ]


def _empty_errors(t):
    return _dim_errors(t) + [
        Bad(Sample(t(0, 3), 0), IndexError, "Expected reduction dim 0 to have non-zero size"),
        Bad(
            Sample(t.array([1j], "complex64"), 0),
            (NotImplementedError, RuntimeError),
            "ot implemented|does not support complex",
        ),
    ]


def _extreme_errors(t):
    return _empty_errors(t) + [
        Bad(Sample(t(0, 3)), RuntimeError, "Expected reduction dim to be specified for input.numel"),
        Bad(Sample("a"), TypeError, "must be Tensor, not str"),
    ]


# ---- references


def _select(choose):
    """(values, indices) along dim by a function that gives the index in one line."""

    def run(x, dim=-1, keepdim=False):
        if x.ndim == 0:
            return x, np.zeros((), np.int64)
        lines = np.moveaxis(x, dim, -1)
        index = np.array([choose(line) for line in lines.reshape(-1, lines.shape[-1])], np.int64).reshape(
            lines.shape[:-1]
        )
        values = np.take_along_axis(lines, index[..., None], -1)[..., 0]
        return [np.expand_dims(a, dim) if keepdim else a for a in (values, index)]

    return run


def _extreme(name):
    along = _select(getattr(np, f"arg{name}"))

    def run(x, dim=None, keepdim=False, other=None):
        if other is not None or isinstance(dim, np.ndarray):
            return getattr(np, f"{name}imum")(x, dim if other is None else other)
        return getattr(x, name)() if dim is None else along(x, dim, keepdim)

    return run


def _median_index(line):
    bad = np.flatnonzero(np.isnan(line))
    return bad[0] if bad.size else np.argsort(line, kind="stable")[(line.size - 1) // 2]


def _nanmedian_index(line):
    return np.argsort(line, kind="stable")[max(np.sum(~np.isnan(line)) - 1, 0) // 2]


def _median(choose):
    along = _select(choose)

    def run(x, dim=None, keepdim=False):
        return along(x.reshape(-1), 0)[0] if dim is None else along(x, dim, keepdim)

    return run


def _mode_index(line):
    values, counts = np.unique(line, return_counts=True)
    return np.flatnonzero(line == values[counts.argmax()])[-1]


def _kthvalue(x, k, dim=-1, keepdim=False):
    return _select(lambda line: np.argsort(line, kind="stable")[k - 1])(x, dim, keepdim)


def _argument(name):
    def run(x, dim=None, keepdim=False):
        if x.ndim == 0:
            return np.zeros((), np.int64)
        return np.asarray(getattr(np, name)(x, axis=dim, keepdims=keepdim))

    return run


def _order(x, dim, descending):
    keys = -x.astype(float) if descending else x  # stable
    if descending and x.dtype.kind == "f":
        keys = np.where(np.isnan(x), -inf, keys)
    return np.argsort(keys, axis=dim, kind="stable")


def _sort(x, dim=-1, descending=False, stable=False):
    if x.ndim == 0:
        return x, np.zeros((), np.int64)
    order = _order(x, dim, descending)
    return np.take_along_axis(x, order, dim), order


def _topk(x, k, dim=-1, largest=True, sorted=True):
    if x.ndim == 0:
        return x, np.zeros((), np.int64)
    return [np.take(a, range(k), axis=dim) for a in _sort(x, dim, largest)]


def _unique(x, sorted=True, return_inverse=False, return_counts=False, dim=None):
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    inverse = inverse.reshape(x.shape if dim is None else -1)
    chosen = [a for a, wanted in ((inverse, return_inverse), (counts, return_counts)) if wanted]
    return [values, *chosen] if chosen else values


def _unique_consecutive(x, return_inverse=False, return_counts=False, dim=None):
    rows = x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0)
    starts = [i for i in range(len(rows)) if i == 0 or (rows[i] != rows[i - 1]).any()]
    inverse = np.array([sum(s <= i for s in starts) - 1 for i in range(len(rows))], np.int64)
    counts = np.diff([*starts, len(rows)])
    values = rows[starts] if dim is None else np.moveaxis(rows[starts], 0, dim)
    chosen = [inverse.reshape(x.shape) if dim is None else inverse] if return_inverse else []
    chosen += [counts] if return_counts else []
    return [values, *chosen] if chosen else values


def _searchsorted(sequence, values, out_int32=False, right=False, side=None, sorter=None):
    if sorter is not None:
        sequence = np.take_along_axis(sequence, sorter, -1)
    side = side or ("right" if right else "left")
    if sequence.ndim == 1:
        return np.asarray(np.searchsorted(sequence, values, side))
    rows = sequence.reshape(-1, sequence.shape[-1])
    found = [np.searchsorted(s, v, side) for s, v in zip(rows, values.reshape(len(rows), -1), strict=True)]
    return np.array(found).reshape(values.shape)


def _quantile(function):
    def run(x, q, dim=None, keepdim=False, interpolation="linear"):
        if x.ndim == 0:
            return np.broadcast_to(x, np.shape(q))
        return np.asarray(function(x, q, axis=dim, keepdims=keepdim, method=interpolation))

    return run


# ---- samples of single ops


def _k_samples(t):
    return [
        Sample(_distinct(t, 3, 4), 2),
        Sample(_distinct(t, 3, 4), 3, 0, True),
        Sample(t(), 1),
        Sample(_distinct(t, 5), k=5, dim=-1),
    ]


def _k_errors(t):
    return [
        Bad(Sample(t(2, 3), 4), RuntimeError, "selected (number|index) k out of range"),
        Bad(Sample(t(2, 3), -1), RuntimeError, "selected (number|index) k out of range"),
        Bad(Sample(t(2, 3), 1, 2), IndexError, "Dimension out of range"),
        Bad(Sample(t.bools(3), 1), (NotImplementedError, RuntimeError), "'Bool'|bool"),
    ]


def _modes(t):
    small = t.array(t.random.randint(0, 2 if t.dtype == "bool" else 4, (3, 9)))
    return [
        Sample(small),
        Sample(small, 0, True),
        Sample(t(), 0),
        Sample(t(2, 3), dim=1),
        Sample(t.array([2, 1, 1, 2, 3])),
    ]


def _sorts(t):
    made = [
        Sample(_distinct(t, 3, 4), stable=True),
        Sample(_distinct(t, 3, 4), dim=0, descending=True, stable=True),
        Sample(_distinct(t, 2, 3, 4), dim=1, descending=True, stable=True),
        Sample(t.array([[2, 1, 2, 1], [3, 3, 0, 0]]), stable=True),
        Sample(t.array([[2, 1, 2, 1], [3, 3, 0, 0]]), descending=True, stable=True),
        Sample(t()),
        Sample(t(0, 3), 0),
        Sample(_distinct(t, 2, 70), stable=True),
    ]
    if t.dtype in FLOATS:
        made += [Sample(t.array([1.0, nan, -inf, inf]), descending=d) for d in (False, True)]
    return made


def _sort_errors(t):
    return [
        Bad(Sample(t(2, 3), 2), IndexError, "Dimension out of range"),
        Bad(Sample(t.array([1j], "complex64")), RuntimeError, "does not support complex"),
        Bad(Sample([1.0]), TypeError, "must be Tensor, not list"),
    ]


def _topks(t):
    return [
        Sample(_distinct(t, 3, 4), 2),
        Sample(_distinct(t, 3, 4), 1, 0, False),
        Sample(_distinct(t, 2, 5), 5, dim=-1, largest=False, sorted=True),
        Sample(_distinct(t, 3), 0),
        Sample(t(), 1),
        Sample(t(), 0),
        Sample(_distinct(t, 2, 70), 3),
    ]


def _uniques(t):
    repeated = t.array(t.random.randint(0, 2, (2, 5)))
    rows = t.array([[1, 0], [0, 1], [1, 0]])
    return [
        Sample(repeated),
        Sample(repeated, return_inverse=True),
        Sample(repeated, True, False, True),
        Sample(rows, dim=0, return_inverse=True, return_counts=True),
        Sample(rows, dim=1),
        Sample(t(), return_counts=True),
        Sample(t(0)),
        Sample(t(0, 3), dim=0),
    ]


def _runs(t):
    values = t.array([1, 1, 0, 0, 0, 1])
    rows = t.array([[1, 0], [1, 0], [0, 1]])
    return [
        Sample(values),
        Sample(values, True, True),
        Sample(rows, dim=0, return_inverse=True),
        Sample(rows),
        Sample(t(0)),
    ]


def _unique_errors(t):
    return [
        Bad(Sample(t(0, 3), dim=1), RuntimeError, "0 sized dimensions"),
        Bad(Sample(t(2), dim=1), IndexError, "out of range"),
    ]


def _searches(t):
    sequence = t.array([-1, 0, 0, 1, 2] if t.dtype != "uint8" else [0, 1, 1, 2, 3])
    rows = t.array([[0, 1, 2], [1, 1, 3]])
    return [
        Sample(sequence, t(3, 4)),
        Sample(sequence, t.array([0, 1, 2]), right=True),
        Sample(sequence, t.array([0, 1, 2]), side="right", out_int32=True),
        Sample(sequence, 1),
        Sample(sequence, t()),
        Sample(rows, t.array([[0, 1], [1, 3]])),
        Sample(t.array([2, 0, 1]), t.array([0, 1, 2]), sorter=t.array([1, 2, 0], "int64")),
        Sample(sequence, t.ints(3, 4)),
    ]


def _search_errors(t):
    a = t(3)
    return [
        Bad(Sample(a, a, side="middle"), RuntimeError, "side can only be 'left' or 'right' but got middle"),
        Bad(Sample(a, a, side="left", right=True), RuntimeError, "can't be set to opposites"),
        Bad(
            Sample(t(2, 3), t(1, 3)),
            RuntimeError,
            r"boundaries tensor \[2, 3\] and input value tensor \[1, 3\]",
        ),
        Bad(Sample(t(2, 3), 1.0), RuntimeError, "can be a scalar only when boundaries tensor dimension is 1"),
        Bad(Sample(t(), a), RuntimeError, "positive dimension"),
        Bad(Sample(a, a, sorter=a), RuntimeError, "must be a tensor of long dtype but got dtype Float"),
        Bad(Sample(a, a, sorter=t.ints(2, 2)), RuntimeError, "must have the same size"),
        Bad(Sample(a, a, sorter=t.ints(4, 3, low=3)), RuntimeError, "sorter index out of range"),
        Bad(Sample([1.0], a), TypeError, "'sorted_sequence'"),
    ]


def _buckets(t):
    edges = t.array([0, 1, 3])
    return [
        Sample(t(2, 3), edges),
        Sample(t(4), edges, right=True),
        Sample(2, edges),
        Sample(t(4), edges, out_int32=True),
    ]


def _memberships(t):
    few = t.array([0, 1])
    return [
        Sample(t.array([[0, 1, 2], [3, 1, 0]]), few),
        Sample(t.array([0, 1, 2]), few, invert=True, assume_unique=True),
        Sample(few, 1),
        Sample(1, few),
        Sample(t(0), few),
        Sample(few, t.ints(3, 4)),
    ]


def _quantiles(t):
    made = [Sample(t(3, 5), 0.3)]
    made += [
        Sample(t(3, 4), 0.4, 1, True, interpolation=i)
        for i in ("linear", "lower", "higher", "midpoint", "nearest")
    ]
    return made + [
        Sample(t(3, 4), t.array([0.0, 0.25, 1.0]), dim=0),
        Sample(t(3, 4), t.array([0.1, 0.9]), 1, True),
        Sample(t(2, 3), t.array([0.5]), keepdim=True),
        Sample(t(), 0.5),
        Sample(t.array([[1.0, nan, 2.0], [3.0, 5.0, 4.0]]), t.array([0.5, 0.7]), 1),
    ]


def _quantile_grads(t):
    return [
        Sample(_distinct(t, 2, 3), 0.3),
        Sample(_distinct(t, 2, 4), 0.6, 1, True),
        Sample(_distinct(t, 5), 0.5, interpolation="midpoint"),
    ]


def _quantile_errors(t):
    return [
        Bad(Sample(t(3), 1.5), RuntimeError, r"q must be in the range \[0, 1\] but got 1.5"),
        Bad(Sample(t(3), t.array([2.0])), RuntimeError, "q values must be in the range"),
        Bad(Sample(t(3), t.array([0.5], "float64")), RuntimeError, "must be same dtype as the input"),
        Bad(Sample(t(3), t(2, 2)), RuntimeError, "scalar or 1D tensor"),
        Bad(Sample(t.ints(3, 2), 0.5), RuntimeError, "float or double"),
        Bad(Sample(t(0), 0.5), RuntimeError, "non-empty"),
        Bad(Sample(t(3), 0.5, interpolation="cubic"), RuntimeError, "but got cubic"),
    ]


SINGLES = ("float32", "float64")

ROWS = [
    Row(
        "max",
        lambda t: _whole_and_lines(t) + _pairs(t),
        _extreme("max"),
        dtypes=NUMBERS,
        grad_samples=_whole_grads,
        errors=_extreme_errors,
    ),
    Row(
        "min",
        lambda t: _whole_and_lines(t) + _pairs(t),
        _extreme("min"),
        dtypes=NUMBERS,
        grad_samples=_whole_grads,
        errors=_extreme_errors,
    ),
    Row(
        "median",
        _whole_and_lines,
        _median(_median_index),
        dtypes=REAL,
        grad_samples=_whole_grads,
        errors=_empty_errors,
    ),
    Row(
        "nanmedian",
        _whole_and_lines,
        _median(_nanmedian_index),
        dtypes=REAL,
        grad_samples=_whole_grads,
        errors=_empty_errors,
    ),
    Row("mode", _modes, _select(_mode_index), dtypes=REAL, grad_samples=_grads, errors=_empty_errors),
    Row("kthvalue", _k_samples, _kthvalue, dtypes=REAL, errors=_k_errors),
    Row("argmax", _whole_and_lines, _argument("argmax"), dtypes=REAL, grad=False, errors=_empty_errors),
    Row("argmin", _whole_and_lines, _argument("argmin"), dtypes=REAL, grad=False, errors=_empty_errors),
    Row(
        "sort",
        _sorts,
        _sort,
        dtypes=NUMBERS,
        grad_samples=lambda t: [Sample(_distinct(t, 2, 3)), Sample(_distinct(t, 2, 3), 0, True)],
        errors=_sort_errors,
    ),
    Row(
        "argsort", _sorts, lambda *a, **k: _sort(*a, **k)[1], dtypes=NUMBERS, grad=False, errors=_sort_errors
    ),
    Row(
        "msort",
        lambda t: [Sample(_distinct(t, 3, 4)), Sample(t()), Sample(t(0))],
        lambda x: np.sort(x, 0) if x.ndim else x,
        dtypes=NUMBERS,
    ),
    Row(
        "topk",
        _topks,
        _topk,
        dtypes=REAL,
        grad_samples=lambda t: [Sample(_distinct(t, 2, 4), 2), Sample(_distinct(t, 3), 2, 0, False)],
        errors=_k_errors,
    ),
    Row(
        "quantile",
        _quantiles,
        _quantile(np.quantile),
        dtypes=SINGLES,
        grad_samples=_quantile_grads,
        errors=_quantile_errors,
    ),
    Row(
        "nanquantile",
        _quantiles,
        _quantile(np.nanquantile),
        dtypes=SINGLES,
        grad_samples=_quantile_grads,
        errors=_quantile_errors,
    ),
    Row("unique", _uniques, _unique, dtypes=NUMBERS, grad=False, errors=_unique_errors),
    Row("unique_consecutive", _runs, _unique_consecutive, dtypes=NUMBERS, grad=False, errors=_unique_errors),
    Row(
        "isin",
        _memberships,
        lambda x, y, assume_unique=False, invert=False: np.isin(x, y, invert=invert),
        dtypes=REAL,
        grad=False,
        errors=lambda t: [
            Bad(Sample(1, 2), TypeError, "must be Tensor"),
            Bad(Sample(t.array([1j], "complex64"), t(2)), RuntimeError, "Unsupported input type"),
        ],
    ),
    Row("searchsorted", _searches, _searchsorted, dtypes=SINGLES + INTS, grad=False, errors=_search_errors),
    Row(
        "bucketize",
        _buckets,
        lambda x, edges, out_int32=False, right=False: np.asarray(
            np.searchsorted(edges, x, "right" if right else "left")
        ),
        dtypes=SINGLES + INTS,
        grad=False,
        errors=lambda t: [
            Bad(Sample(t(2), t(2, 2)), RuntimeError, "boundaries tensor must be 1 dimension"),
            Bad(Sample(t(2), [1.0]), TypeError, "'boundaries'"),
        ],
    ),
]
