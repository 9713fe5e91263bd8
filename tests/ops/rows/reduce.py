"""Sums, products, statistics, norms, extremes and truth values over dimensions; running ones."""

import math

import numpy as np

from ..table import ALL, COMPLEX, FLOATS, REAL, Bad, Row, Sample

BOTH = FLOATS + COMPLEX
inf, nan = math.inf, math.nan


def _axis(dim):
    """NumPy's axis for a dim: an empty tuple stands for all."""
    return None if dim is None or dim == () else tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _at_least_1d(function):
    """A reference that sees a 0-dim array as one element along dim 0."""

    def run(x, dim=None, keepdim=False):
        if x.ndim == 0:
            return np.asarray(function(x.reshape(1), axis=0, keepdims=False))
        return function(x, axis=_axis(dim), keepdims=keepdim)

    return run


def over_dims(t):
    """Samples of a reduction over None, one or several dims."""
    return [
        Sample(t(3, 4)),
        Sample(t()),
        Sample(t(), 0),
        Sample(t(2, 3, 4), 1),
        Sample(t(2, 3, 4), -1, True),
        Sample(t(2, 3, 4), (0, 2)),
        Sample(t(2, 3, 4), dim=[-1, 0], keepdim=True),
        Sample(t(2, 3), dim=()),
        Sample(t(3, 0), 0),
        Sample(t(2, 1, 40), None),
    ]


def dim_errors(t):
    return [
        Bad(
            Sample(t(2, 3), 2),
            IndexError,
            r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
        ),
        Bad(Sample(t(2, 3), -3), IndexError, "Dimension out of range"),
        Bad(Sample(t(), 1), IndexError, r"in range of \[-1, 0\]"),
        Bad(Sample(t(2, 3), 0, 1), TypeError, "'keepdim' must be bool, not int"),
        Bad(Sample(3.0), TypeError, "must be Tensor, not float"),
    ]


def _twice(t):
    return dim_errors(t) + [Bad(Sample(t(2, 3), (0, -2)), RuntimeError, "dim 0 appears multiple times")]


def _with_zeros(t):
    """One and two zeros in a row, where a product's gradient cannot be a quotient."""
    return [
        Sample(t.array([1.5, 0.0, -2.0, 0.5])),
        Sample(t.array([[1.5, 0.0, -2.0], [0.0, 3.0, 0.0], [1.0, 2.0, -0.5]]), 1),
        Sample(t.array([[1.5, 0.0, -2.0], [0.0, 3.0, 0.5]]), 0, True),
        Sample(t(2, 3), 1),
        Sample(t()),
        Sample(t.array(0.0), 0),
    ]


def _one_dim(t):
    return [
        Sample(t(3, 4)),
        Sample(t()),
        Sample(t(), 0),
        Sample(t(2, 3, 2), 1),
        Sample(t(2, 3), -1, True),
        Sample(t(0, 3), 0),
    ]


def _nan_samples(t):
    if t.dtype not in FLOATS:
        return over_dims(t)
    return [
        Sample(t.array([[1, nan, 2], [nan, nan, nan], [3, 4, 5]])),
        Sample(t.array([[1, nan, 2], [nan, nan, nan], [3, 4, 5]]), 1),
        Sample(t.array([[1, nan, 2], [3, 4, 5]]), dim=(0, 1), keepdim=True),
        Sample(t(2, 3), 0),
        Sample(t()),
    ]


def _plain(t):
    return [Sample(t(2, 3), 1), Sample(t(2, 3)), Sample(t(2, 3), 0, True)]


# ---- variance


def _var(x, dim=None, unbiased=None, keepdim=False, correction=None):
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    ddof = correction if correction is not None else 0 if unbiased is False else 1
    if x.ndim == 0:
        x, dim = x.reshape(1), 0
    axis = _axis(dim)
    n = x.size if axis is None else np.prod([x.shape[a] for a in np.atleast_1d(axis)])
    square = np.abs(x - x.mean(axis=axis, keepdims=True)) ** 2
    return square.sum(axis=axis, keepdims=keepdim) / np.float64(max(n - ddof, 0))


def _var_samples(t):
    return [
        Sample(t(3, 4)),
        Sample(t(3, 4), False),
        Sample(t(3, 4), 0, False),
        Sample(t(3, 4), 1, True, True),
        Sample(t(2, 3, 4), (0, 2)),
        Sample(t(2, 3, 4), dim=-1, correction=0, keepdim=True),
        Sample(t(2, 3), dim=None, correction=2.5),
        Sample(t(2, 3), unbiased=False),
        Sample(t(1, 3), 0),
        Sample(t()),
        Sample(t(0, 3), 0),
    ]


def _var_grads(t):
    return _var_samples(t)[:8]


def _var_errors(t):
    ints = t.ints(5, 3)
    return [
        Bad(Sample(ints), RuntimeError, "only support floating point and complex dtypes, got Long"),
        Bad(Sample(t(2, 3), 2), IndexError, "Dimension out of range"),
        Bad(Sample(t(2, 3), 0, True, correction=1), TypeError, "not both"),
    ]


# ---- norms


def _vector_norm(x, ord=2, dim=None, keepdim=False):
    if x.ndim == 0:
        x, dim = x.reshape(1), None
    a, axis = np.abs(x), _axis(dim)
    if ord == inf:
        return a.max(axis=axis, keepdims=keepdim, initial=0)
    if ord == -inf:
        return a.min(axis=axis, keepdims=keepdim)
    if ord == 0:
        return (a != 0).sum(axis=axis, keepdims=keepdim).astype(float)
    return (a**ord).sum(axis=axis, keepdims=keepdim) ** (1 / ord)


def _orders(t):
    return [Sample(t(3, 4), p, 1, True) for p in (0, 1, 2, 3, 0.5, 1.5, -1, inf, -inf)] + [
        Sample(t(3, 4)),
        Sample(t()),
        Sample(t(), 3, 0),
        Sample(t(2, 3, 2), 2, (0, 2)),
        Sample(t(2, 3, 2), inf, (0, -1)),
        Sample(t(0, 3), 2, 0),
        Sample(t(0, 3), 1),
        Sample(t(3, 0), inf, 0),
    ]


def _order_grads(t):
    return [Sample(t(2, 3), p, 1) for p in (1, 2, 3, 0.5, 1.5, -1, inf, -inf)] + [
        Sample(t(2, 3)),
        Sample(t()),
        Sample(t(2, 3), 2, (0, 1), True),
    ]


def _norm_errors(t):
    return [
        Bad(
            Sample(t.ints(5, 3)),
            RuntimeError,
            "Expected a floating point or complex tensor as input. Got Long",
        ),
        Bad(Sample(t(0, 3), inf), RuntimeError, "cannot compute the inf norm on an empty tensor"),
        Bad(Sample(t(0, 3), -1, 0), RuntimeError, r"dimensions \[0\] of shape \[0, 3\]"),
        Bad(Sample(t(2, 3), 2, 2), IndexError, "Dimension out of range"),
    ]


def _named_norm(x, p="fro", dim=None, keepdim=False):
    return _vector_norm(x, 2 if p == "fro" else p, dim, keepdim)


# ---- extremes


def _distinct(t):
    return [
        Sample(t(3, 4)),
        Sample(t()),
        Sample(t(2, 3, 2), 1),
        Sample(t(2, 3, 2), (0, 2), True),
        Sample(t(2, 3, 2), -1),
    ]


def _extreme_samples(t):
    made = _distinct(t) + [Sample(t(), 0), Sample(t(3, 0), 0), Sample(t(2, 3), ()), Sample(t(2, 40), 1)]
    if t.dtype in FLOATS:
        made += [Sample(t.array([[1, nan, 3], [-inf, inf, 0]]), 1), Sample(t.array([1, nan]))]
    return made


def _empty_errors(t):
    return [
        Bad(Sample(t(0, 3)), RuntimeError, "Expected reduction dim to be specified for input.numel"),
        Bad(Sample(t(0, 3), 0), IndexError, "Expected reduction dim 0 to have non-zero size"),
        Bad(Sample(t(2, 3), 2), IndexError, "Dimension out of range"),
        Bad(Sample(t.array([1j], "complex64")), NotImplementedError, "not implemented for 'ComplexFloat'"),
    ]


def _aminmax(x, dim=None, keepdim=False):
    low, high = _at_least_1d(np.amin), _at_least_1d(np.amax)
    return low(x, dim, keepdim), high(x, dim, keepdim)


def _truth(function):
    reduce = _at_least_1d(lambda x, axis, keepdims: function(x != 0, axis=axis, keepdims=keepdims))
    return lambda x, dim=None, keepdim=False: x != 0 if dim == () else reduce(x, dim, keepdim)


def _count_nonzero(x, dim=None):
    return np.asarray((x != 0).sum() if x.ndim == 0 else (x != 0).sum(axis=_axis(dim)))


# ---- running


def _along(t):
    return [
        Sample(t(3, 4), 0),
        Sample(t(3, 4), 1),
        Sample(t(2, 3, 2), -2),
        Sample(t(), 0),
        Sample(t(5), 0),
        Sample(t(0, 3), 0),
        Sample(t(2, 0), 0),
        Sample(t(1, 3), 0),
    ]


def _running(name):
    def run(x, dim):
        return getattr(np, name)(x.reshape(-1) if x.ndim == 0 else x, axis=dim).reshape(x.shape)

    return run


def _running_errors(t):
    return [
        Bad(Sample(t(2, 3), 2), IndexError, "Dimension out of range"),
        Bad(Sample(t(2, 3), 0.5), TypeError, "'dim' must be int"),
    ]


def _product_grads(t):
    return [
        Sample(t(2, 3), 1),
        Sample(t.array([[1.5, 0.0, -2.0, 0.5], [0.0, 3.0, 0.0, 2.0]]), 1),
        Sample(t.array([[1.5, 0.0], [0.0, 3.0], [2.0, -1.0]]), 0),
        Sample(t(), 0),
    ]


def _logcumsumexp(x, dim):
    shape = x.shape
    x = x.reshape(-1) if x.ndim == 0 else x
    return np.log(np.cumsum(np.exp(x), axis=dim)).reshape(shape)


def _far_apart(t):
    made = _along(t)
    if t.dtype in FLOATS:
        made += [Sample(t.array([-inf, -inf, 0.5, -inf]), 0), Sample(t.array([-60.0, 60, 50]), 0)]
    return made


def _running_extreme(name):
    def run(x, dim):
        flat = np.moveaxis(np.atleast_1d(x), dim, 0)
        values, indices = flat.copy(), np.zeros(flat.shape, np.int64)
        better = np.greater_equal if name == "max" else np.less_equal
        for k in range(1, flat.shape[0]):
            take = better(flat[k], values[k - 1]) | np.isnan(flat[k])
            values[k] = np.where(take, flat[k], values[k - 1])
            indices[k] = np.where(take, k, indices[k - 1])
        return np.moveaxis(values, 0, dim).reshape(x.shape), np.moveaxis(indices, 0, dim).reshape(x.shape)

    return run


# ---- counting


def _bincounts(t):
    return [
        Sample(t.ints(6, 20)),
        Sample(t.ints(3, 5), minlength=8),
        Sample(t.ints(4, 7), t(7)),
        Sample(t.ints(4, 0)),
        Sample(t.ints(4, 3, dtype="uint8"), t.ints(9, 3), 2),
    ]


def _bincount(x, weights=None, minlength=0):
    return np.bincount(x.astype(np.int64), weights, minlength)


def _bincount_errors(t):
    return [
        Bad(Sample(t.ints(3, 2, 2)), RuntimeError, "only supports 1-d non-negative integral inputs"),
        Bad(Sample(t.ints(0, 2, low=-3)), RuntimeError, "only supports 1-d non-negative integral inputs"),
        Bad(Sample(t.ints(3, 2), t(3)), RuntimeError, "have the same length as input"),
        Bad(Sample(t.ints(3, 2), minlength=-1), RuntimeError, "minlength should be >= 0"),
        Bad(Sample(t(2)), NotImplementedError, "not implemented for 'Float'"),
    ]


def _histc(x, bins=100, min=0, max=0):
    low, high = (x.min(), x.max()) if min == max and x.size else (min, max)
    low, high = (low - 1, high + 1) if low == high else (low, high)
    return np.histogram(x, bins, (low, high))[0].astype(float)


def _histc_samples(t):
    return [
        Sample(t(50), 7, -1, 1),
        Sample(t.array([[0.0, 0.5], [1.0, 0.75]]), 4),
        Sample(t.array([2.0, 2.0]), 4),
        Sample(t(0), 3, 0, 1),
        Sample(t.array([nan, 1.0]), 3, 0, 2),
    ]


def _histc_errors(t):
    return [
        Bad(Sample(t(3), 0), RuntimeError, "bins must be > 0, but got 0"),
        Bad(Sample(t(3), 4, 2, 1), RuntimeError, "max must be larger than min"),
        Bad(Sample(t.array([nan])), RuntimeError, "is not finite"),
        Bad(Sample(t.array([1.0], "float32"), 3, -1e300, 1e300), RuntimeError, "is not finite in"),
        Bad(Sample(t.ints(3, 4)), NotImplementedError, "not implemented for 'Long'"),
    ]


def _mean_errors(t):
    return _twice(t) + [
        Bad(Sample(t.ints(5, 2)), RuntimeError, "Got: Long"),
        Bad(Sample(t.bools(2)), RuntimeError, "Got: Bool"),
    ]


HALF_SUMS = dict(rtol={"bfloat16": 3e-2, "float16": 4e-3}, atol={"bfloat16": 3e-2, "float16": 4e-3})

ROWS = [
    Row("sum", over_dims, _at_least_1d(np.sum), dtypes=ALL, errors=_twice, **HALF_SUMS),
    Row("mean", over_dims, _at_least_1d(np.mean), dtypes=BOTH, errors=_mean_errors),
    Row(
        "prod",
        _one_dim,
        _at_least_1d(np.prod),
        dtypes=ALL,
        grad_samples=_with_zeros,
        errors=dim_errors,
        domain=(-1.5, 1.5),
        **HALF_SUMS,
    ),
    Row("nansum", _nan_samples, _at_least_1d(np.nansum), dtypes=REAL + ("bool",), grad_samples=_plain),
    Row(
        "nanmean",
        _nan_samples,
        _at_least_1d(np.nanmean),
        grad_samples=_plain,
        errors=lambda t: [Bad(Sample(t.ints(5, 2)), RuntimeError, "floating point dtype but got Long")],
    ),
    Row("var", _var_samples, _var, dtypes=BOTH, grad_samples=_var_grads, errors=_var_errors),
    Row(
        "std",
        _var_samples,
        lambda *a, **k: np.sqrt(_var(*a, **k)),
        dtypes=BOTH,
        grad_samples=_var_grads,
        errors=_var_errors,
    ),
    Row("var_mean", _var_samples, dtypes=BOTH, grad_samples=_var_grads, errors=_var_errors),
    Row("std_mean", _var_samples, dtypes=BOTH, grad_samples=_var_grads, errors=_var_errors),
    Row(
        "linalg_vector_norm",
        _orders,
        _vector_norm,
        torch="vector_norm",
        dtypes=BOTH,
        domain=(0.5, 2.0),
        grad_samples=_order_grads,
        errors=_norm_errors,
    ),
    Row(
        "norm",
        lambda t: [
            Sample(t(3, 4)),
            Sample(t(3, 4), "fro", 1),
            Sample(t(3, 4), 1, 0, True),
            Sample(t(3, 4), inf, 1),
        ],
        _named_norm,
        dtypes=BOTH,
        errors=lambda t: [
            Bad(Sample(t(2), "nuc"), RuntimeError, "input tensor A must have at least 2 dimensions"),
            Bad(Sample(t(2, 2), "x"), RuntimeError, "linalg.matrix_norm: Order x not supported"),
        ],
    ),
    Row(
        "dist",
        lambda t: [Sample(t(3, 4), t(3, 4)), Sample(t(3, 4), t(4), 1), Sample(t(3), t(3), p=inf)],
        lambda a, b, p=2: _vector_norm(a - b, p),
    ),
    Row(
        "amax",
        _extreme_samples,
        _at_least_1d(np.amax),
        dtypes=REAL + ("bool",),
        grad_samples=_distinct,
        errors=_empty_errors,
    ),
    Row(
        "amin",
        _extreme_samples,
        _at_least_1d(np.amin),
        dtypes=REAL + ("bool",),
        grad_samples=_distinct,
        errors=_empty_errors,
    ),
    Row(
        "aminmax",
        lambda t: [
            Sample(t(3, 4)),
            Sample(t(3, 4), dim=1),
            Sample(t(3, 4), dim=0, keepdim=True),
            Sample(t()),
        ],
        _aminmax,
        dtypes=REAL + ("bool",),
        errors=lambda t: [Bad(Sample(t(0)), RuntimeError, "cannot compute aminmax over an empty dimension")],
    ),
    Row("all", over_dims, _truth(np.all), dtypes=ALL, grad=False, errors=dim_errors, domain=(-1.0, 3.0)),
    Row("any", over_dims, _truth(np.any), dtypes=ALL, grad=False, errors=dim_errors, domain=(-0.9, 1.0)),
    Row(
        "count_nonzero",
        lambda t: [
            Sample(t(3, 4)),
            Sample(t(3, 4), 0),
            Sample(t(2, 3, 4), (0, 2)),
            Sample(t()),
            Sample(t(0)),
        ],
        _count_nonzero,
        dtypes=ALL,
        grad=False,
        errors=lambda t: dim_errors(t)[:3],
    ),
    Row(
        "bincount", _bincounts, _bincount, dtypes=("float32", "float64"), grad=False, errors=_bincount_errors
    ),
    Row("histc", _histc_samples, _histc, dtypes=("float32", "float64"), grad=False, errors=_histc_errors),
    Row("cumsum", _along, _running("cumsum"), dtypes=ALL, errors=_running_errors, **HALF_SUMS),
    Row(
        "cumprod",
        _along,
        _running("cumprod"),
        dtypes=ALL,
        grad_samples=_product_grads,
        errors=_running_errors,
        **HALF_SUMS,
    ),
    Row(
        "logcumsumexp",
        _far_apart,
        _logcumsumexp,
        dtypes=BOTH,
        grad_samples=lambda t: [Sample(t(2, 3), 1), Sample(t(), 0)],
        errors=lambda t: (
            _running_errors(t)
            + [Bad(Sample(t.ints(5, 2), 0), NotImplementedError, "not implemented for 'Long'")]
        ),
    ),
    Row("cummax", _along, _running_extreme("max"), dtypes=REAL + ("bool",), errors=_running_errors),
    Row("cummin", _along, _running_extreme("min"), dtypes=REAL + ("bool",), errors=_running_errors),
]

# the in-place forms check their dtype first
ELSEWHERE = {"cumsum_": "tests/ops/test_differences.py", "cumprod_": "tests/ops/test_differences.py"}
