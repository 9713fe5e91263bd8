"""Softmax, its logarithm and log-sum-exp."""

import math

import numpy as np

from ..table import COMPLEX, FLOATS, Bad, Row, Sample

inf, nan = math.inf, math.nan


def _samples(t):
    return [
        Sample(t(3, 4), 1),
        Sample(t(3, 4), dim=0),
        Sample(t(2, 3, 4), -2),
        Sample(t(), 0),
        Sample(t(0, 3), 0),
        Sample(t(3, 0), 1),
        Sample(t(2, 40), 1),
        Sample(t.array([[90.0, -90, 89], [0, -inf, 1]]), 1),
        Sample(t.array([[nan, 1.0], [2, inf]]), 1),
    ]


def _softmax(x, dim):
    if x.ndim == 0:
        return np.ones_like(x)
    e = np.exp(x - x.max(axis=dim, keepdims=True, initial=-inf))
    return e / e.sum(axis=dim, keepdims=True)


def _log_softmax(x, dim):
    if x.ndim == 0:
        return np.zeros_like(x)
    y = x - x.max(axis=dim, keepdims=True, initial=-inf)
    return y - np.log(np.exp(y).sum(axis=dim, keepdims=True))


def _small(t):
    return [Sample(t(2, 3), 1), Sample(t(2, 3, 2), 1), Sample(t(), 0)]


def _errors(t):
    return [
        Bad(Sample(t(2, 3), 2), IndexError, "Dimension out of range"),
        Bad(Sample(t.ints(4, 2), 0), NotImplementedError, "not implemented for 'Long'"),
        Bad(Sample(t(2)), TypeError, "dim"),
    ]


def _logsumexp_samples(t):
    made = [
        Sample(t(3, 4), 1),
        Sample(t(3, 4), (0, 1), True),
        Sample(t(2, 3, 4), dim=-1, keepdim=True),
        Sample(t(2, 3, 4), [0, 2]),
        Sample(t(), 0),
        Sample(t(3, 0), 1),
    ]
    if t.dtype in FLOATS:
        made += [
            Sample(t.array([[90.0, -90], [-inf, -inf]]), 1),
            Sample(t.array([[nan, 1.0], [2, inf]]), 1),
        ]
    if t.dtype == "float32":
        made.append(Sample(t.ints(5, 3), 0))
    return made


def _logsumexp(x, dim, keepdim=False):
    if x.ndim == 0:
        return x
    axis = tuple(dim) if isinstance(dim, list) else dim
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdim))


ROWS = [
    Row("softmax", _samples, _softmax, torch="softmax", grad_samples=_small, errors=_errors),
    Row("log_softmax", _samples, _log_softmax, torch="log_softmax", grad_samples=_small, errors=_errors),
    Row(
        "logsumexp",
        _logsumexp_samples,
        _logsumexp,
        dtypes=FLOATS + COMPLEX,
        grad_samples=lambda t: [Sample(t(2, 3), 1), Sample(t(2, 3), (0, 1), True), Sample(t(), 0)],
        errors=lambda t: _errors(t)[:1] + [Bad(Sample(t(2)), TypeError, "dim")],
    ),
]
