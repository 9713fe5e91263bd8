"""Rows of covariances, differences, integrals and histograms."""

import numpy as np

from ..table import COMPLEX, INTS, Bad, Row, Sample

WIDE = ("float32", "float64")


def cov(x, *, correction=1, fweights=None, aweights=None):
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


def cov_samples(t):
    weights = t.ints(4, 5, low=1)
    return [Sample(t(3, 5)), Sample(t(5)), Sample(t(3, 5), correction=0), Sample(t(3, 5), fweights=weights)]


def diff(x, n=1, dim=-1, prepend=None, append=None):
    ends = {k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
    return np.diff(x, min(n, x.shape[dim] + sum(v.shape[dim] for v in ends.values())), dim, **ends)


def diff_samples(t):
    return [Sample(t(3, 4)), Sample(t(3, 4), 2, 0), Sample(t(5), 3), Sample(t(2, 3), 0), Sample(t(2, 3), 9),
            Sample(t(3, 4), prepend=t(3, 1), append=t(3, 2)), Sample(t(0, 3))]  # fmt: skip


def gradient(x, *, spacing=1, dim=None, edge_order=1):
    dims = tuple(range(x.ndim)) if dim is None else np.atleast_1d(dim)
    steps = spacing if isinstance(spacing, (list, tuple)) else [spacing] * len(dims)
    return tuple(np.gradient(x, s, axis=d, edge_order=edge_order) for s, d in zip(steps, dims, strict=True))


def gradient_samples(t):
    uneven = t.array([0.0, 1.0, 1.5, 4.0])
    return [Sample(t(3, 4)), Sample(t(5), spacing=0.5), Sample(t(3, 4), dim=1, edge_order=2),
            Sample(t(3, 4), spacing=[uneven], dim=1), Sample(t(4, 4), spacing=[uneven, uneven * 2], edge_order=2),
            Sample(t(2, 3))]  # fmt: skip


def trapezoid_samples(t):
    return [Sample(t(3, 4)), Sample(t(3, 4), dx=0.5, dim=0), Sample(t(3, 4), t(4)), Sample(t(2, 3, 4), t(3, 4), dim=1),
            Sample(t(2, 3, 4), t(3), dim=1), Sample(t(3, 1)), Sample(t(2, 0))]  # fmt: skip


def vander(x, N=None, *, increasing=False):
    return np.vander(x, N, increasing)


def histogram_samples(t):
    return [Sample(t(3, 4), 5), Sample(t(20), 4, range=(-1.0, 1.0)), Sample(t(9), t.array([-1.0, 0.0, 0.5])),
            Sample(t(2, 3), 3, weight=t(2, 3), density=True), Sample(t(0), 2)]  # fmt: skip


def histogramdd_samples(t):
    return [Sample(t(12, 2), [3, 2]), Sample(t(2, 6, 2), 2, range=[-1.0, 1.0, -2.0, 2.0]),
            Sample(t(7, 1), [t.array([-1.0, 0.0, 2.0])], weight=t(7)),
            Sample(t(9, 3), [2, 1, 3], density=True)]  # fmt: skip


def histogram_errors(t):
    return [
        Bad(Sample(t.ints(5, 3), 2), NotImplementedError, "not implemented for 'Long'"),
        Bad(Sample(t(3), 0), RuntimeError, "bins must be > 0, but got 0"),
        Bad(Sample(t(3), 2, range=(3.0, 1.0)), RuntimeError, "min should not exceed max"),
        Bad(Sample(t(3), 2, weight=t(4)), RuntimeError, "same shape as the input tensor"),
        Bad(Sample(t.array([1.0, np.nan]), 2), RuntimeError, r"range \[nan, nan\] is not finite"),
    ]


ROWS = [
    Row("cov", cov_samples, cov, dtypes=WIDE + COMPLEX, errors=lambda t: [
        Bad(Sample(t(1, 2, 3)), RuntimeError, "two or fewer dimensions but got an input with 3"),
        Bad(Sample(t(2, 3), fweights=t.ints(3, 2)), RuntimeError, "2 != 3"),
        Bad(Sample(t(2, 3), fweights=t(3, dtype="float64")), RuntimeError, "integral dtype"),
        Bad(Sample(t(2, 3), aweights=t.ints(3, 3)), RuntimeError, "floating point dtype"),
    ]),
    Row("cov", lambda t: [Sample(t(3, 5), aweights=t(5, low=0.5, high=2.0)),
                          Sample(t(3, 5), fweights=t.ints(4, 5, low=1), aweights=t(5, low=0.5, high=2.0))], cov,
        dtypes=WIDE),
    Row("corrcoef", lambda t: [Sample(t(3, 5)), Sample(t(5))], np.corrcoef, dtypes=WIDE + COMPLEX,
        grad_samples=lambda t: [Sample(t(3, 5)[1:] * t(5))],
        errors=lambda t: [Bad(Sample(t(1, 2, 3)), RuntimeError, "two or fewer dimensions")]),
    Row("diff", diff_samples, diff, dtypes=WIDE + COMPLEX + INTS + ("bool",), errors=lambda t: [
        Bad(Sample(t()), RuntimeError, "at least one-dimensional"),
        Bad(Sample(t(3), -1), RuntimeError, "non-negative but got -1"),
        Bad(Sample(t(3), prepend=t(1, 1)), RuntimeError, "same dimension as input"),
    ]),
    Row("gradient", gradient_samples, gradient, dtypes=WIDE, errors=lambda t: [
        Bad(Sample(t(1, 3)), RuntimeError, r"at least edge_order\+1"),
        Bad(Sample(t(3), edge_order=3), RuntimeError, "edge_order=1 and edge_order=2"),
        Bad(Sample(t(3, 3), spacing=[1.0]), RuntimeError, "got a list of length 1"),
    ]),
    Row("trapezoid", trapezoid_samples, dtypes=WIDE + COMPLEX + ("int64",), errors=lambda t: [
        Bad(Sample(t.bools(3)), RuntimeError, "bool is not supported"),
        Bad(Sample(t()), IndexError, "no dimensions"),
    ]),
    Row("cumulative_trapezoid", trapezoid_samples, dtypes=WIDE + COMPLEX + ("int64",)),
    Row("vander", lambda t: [Sample(t(3)), Sample(t(4), 2), Sample(t(3), increasing=True), Sample(t(2), 0)], vander,
        dtypes=WIDE + COMPLEX + ("int32", "int64"), errors=lambda t: [
            Bad(Sample(t(2, 2)), RuntimeError, "one-dimensional"), Bad(Sample(t(2), -1), RuntimeError, "non-negative"),
        ]),
    Row("histogram", histogram_samples, dtypes=WIDE, grad=False, errors=histogram_errors),
    Row("histogramdd", histogramdd_samples, dtypes=WIDE, grad=False, errors=lambda t: [
        Bad(Sample(t(3), 2), RuntimeError, "at least 2 dimensions"),
        Bad(Sample(t(3, 2), [2]), RuntimeError, "equal to the innermost dimension"),
        Bad(Sample(t(3, 2), 2, range=[0.0, 1.0]), RuntimeError, "should have 4 elements, but got 2"),
    ]),
]  # fmt: skip
