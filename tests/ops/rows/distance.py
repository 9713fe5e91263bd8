"""Rows of the distances between rows, and of renorm."""

import numpy as np

from ..table import COMPLEX, Bad, Row, Sample
from .shape import mutation

WIDE = ("float32", "float64")


def norm(d, p):
    a = np.abs(d)
    if p == 0:
        return (a != 0).sum(-1).astype(d.dtype)
    return a.max(-1) if p == np.inf else (a**p).sum(-1) ** (1 / p)


def cdist(x1, x2, p=2.0, compute_mode=None):
    return norm(x1[..., :, None, :] - x2[..., None, :, :], p)


def pdist(x, p=2.0):
    first, second = np.triu_indices(len(x), 1)
    return norm(x[first] - x[second], p)


def renorm(x, p, dim, maxnorm):
    if x.size == 0:
        return x
    moved = np.moveaxis(x, dim, 0).reshape(x.shape[dim], -1)
    n = norm(moved, p)
    scale = np.where(n > maxnorm, maxnorm / (n + 1e-7), 1)
    shape = [1] * x.ndim
    shape[dim] = -1
    return x * scale.reshape(shape)


def cdist_samples(t):
    return [
        Sample(t(4, 3), t(5, 3)), Sample(t(2, 1, 4, 3), t(3, 5, 3), 1.0), Sample(t(4, 3), t(5, 3), np.inf),
        Sample(t(4, 3), t(5, 3), 0.0), Sample(t(4, 3), t(2, 3), 3.0), Sample(t(30, 3), t(27, 3)),
        Sample(t(4, 3), t(5, 3), compute_mode="use_mm_for_euclid_dist"), Sample(t(0, 3), t(5, 3)),
    ]  # fmt: skip


def cdist_errors(t):
    return [
        Bad(Sample(t(4, 3), t(4, 2)), RuntimeError, "same number of columns"),
        Bad(Sample(t(3), t(4, 3)), RuntimeError, "at least 2D tensors, X1 got: 1D"),
        Bad(Sample(t.ints(3, 2, 2), t(2, 2)), RuntimeError, "X1 got: Long"),
        Bad(Sample(t(2, 2), t(2, 2), -1.0), RuntimeError, "non-negative p values"),
        Bad(Sample(t(2, 2), t(2, 2), compute_mode="fast"), ValueError, "fast is not a valid value"),
    ]


def renorm_samples(t):
    return [Sample(t(3, 4), 2, 0, 1.0), Sample(t(2, 3, 4), 1, -1, 2.5), Sample(t(3, 4), float("inf"), 1, 1.0),
            Sample(t(0, 3), 2, 0, 1.0)]  # fmt: skip


ROWS = [
    Row("cdist", cdist_samples, cdist, dtypes=WIDE, errors=cdist_errors, rtol={"float32": 1e-4},
        grad_samples=lambda t: [Sample(t(3, 2), t(2, 2)), Sample(t(2, 2), t(3, 2), 3.0),
                                Sample(t(2, 2), t(2, 2), compute_mode="use_mm_for_euclid_dist")]),
    Row("pdist", lambda t: [Sample(t(5, 3)), Sample(t(4, 2), 1.0), Sample(t(4, 2), np.inf), Sample(t(1, 2))], pdist,
        dtypes=WIDE, grad_samples=lambda t: [Sample(t(3, 2)), Sample(t(3, 2), 3.0)],
        errors=lambda t: [Bad(Sample(t(3)), RuntimeError, "only supports 2D tensors, got: 1D"),
                          Bad(Sample(t(3, 2), -1.0), RuntimeError, "non-negative p values")]),
    Row("renorm", renorm_samples, renorm, dtypes=WIDE + COMPLEX, errors=lambda t: [
        Bad(Sample(t(3), 2, 0, 1.0), RuntimeError, "at least 2 dimensions, got 1"),
        Bad(Sample(t(3, 2), 0, 0, 1.0), RuntimeError, "non-positive-norm not supported"),
        Bad(Sample(t(3, 2), 2, 0, -1), RuntimeError, "maxnorm to be >= 0 but got -1"),
    ]),
    mutation("renorm_", renorm_samples, reference=renorm, dtypes=WIDE),
]  # fmt: skip
