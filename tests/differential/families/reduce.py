"""Sums and other reductions, cumulative ops, statistics, norms, histograms."""

import numpy as np

from ..case import Case, Input
from ..draw import ALL, COMPLEX, FLOATS, HALVES, INTS, NUMERIC, REAL
from . import family


@family
def reduction(d):
    shape = d.shape()
    name = d.pick(*"sum mean prod nansum nanmean all any amax amin logsumexp count_nonzero".split())
    real = name in ("amax", "amin", "nansum", "nanmean")
    values = d.pick("normal", "normal", "special", "ties")  # arithmetic of complex infinities is unspecified
    x = d.tensor(shape, d.dtype(*(REAL if real or values == "special" else ALL)), values)
    options = {}
    dim = d.dims(len(shape))
    if dim is not None or name == "logsumexp":
        options["dim"] = 0 if dim is None else dim
        if name != "count_nonzero":
            options |= d.options(keepdim=(True, False))
    if name in ("sum", "mean", "prod", "nansum") and d.flag():
        options |= d.maybe_dtype(*FLOATS, "int64", "complex64")
    return Case(name, (x,), options, ulps=128)


@family
def extremes(d):
    """max, min and their indices, aminmax: ties give one of the equal elements."""
    shape = d.shape()
    x = d.tensor(shape, d.dtype(*REAL, "bool"), d.pick("distinct", "ties", "special"))
    name = d.pick("max", "min", "argmax", "argmin", "aminmax", "cummax", "cummin")
    if name.startswith("cum"):
        return Case(name, (x, d.dim(len(shape))))
    options = {}
    if d.flag():
        options = {"dim": d.dim(len(shape)), **d.options(keepdim=(True, False))}
    return Case(name, (x,), options)


@family
def spread(d):
    """var and std by correction= and unbiased=, together with the mean."""
    shape = d.shape()
    x = d.tensor(
        shape, d.dtype(*FLOATS, *HALVES, *COMPLEX, "int64")
    )  # infinities: PyTorch's running mean makes NaN
    options = d.options(correction=(0, 1, 2, 0.5, None), keepdim=(True, False))
    dim = d.dims(len(shape))
    if dim is not None or "keepdim" in options:
        options["dim"] = dim
    if "correction" not in options and d.flag():
        options = {"unbiased": d.flag(), **({"dim": dim} if dim is not None else {})}
    return Case(d.pick("var", "std", "var_mean", "std_mean"), (x,), options, ulps=128)


@family
def running(d):
    shape = d.shape()
    name = d.pick("cumsum", "cumprod", "logcumsumexp", "diff", "trapezoid", "cumulative_trapezoid", "Tensor.cumsum_",
                  "Tensor.cumprod_", "gradient")  # fmt: skip
    dim = d.dim(len(shape))
    x = d.tensor(
        shape, d.dtype(), d.pick("normal", "normal", "special"), "plain" if name.endswith("_") else None
    )
    if name.endswith("_"):
        x = d.tensor(shape, d.dtype(*NUMERIC), layout="plain")  # of bools PyTorch has only the in-place form
        return Case(name, (x, dim), d.maybe_dtype(), mutates=True, ulps=128)
    if name == "cumprod":
        x = d.tensor(shape, x.dtype)
    if name in ("cumsum", "cumprod"):
        return Case(name, (x, dim), d.maybe_dtype(), ulps=128)
    if name == "logcumsumexp":
        x = d.tensor(shape, d.dtype(*REAL), "normal")  # complex ones are unique up to 2 pi i
        return Case(name, (x, dim), ulps=128)
    if name == "diff":
        return Case(name, (x,), d.options(n=(1, 2, 0), dim=(dim,)))
    x = d.tensor(shape, x.dtype)
    if name == "gradient":
        return Case(name, (x,), d.options(spacing=(2.0, 1), dim=(dim,), edge_order=(1, 2)), ulps=128)
    x = d.tensor(shape, x.dtype)
    return Case(name, (x,), d.options(dx=(2.0, 0.5), dim=(dim,)), ulps=128)


@family
def along(d):
    shape = d.shape()
    x = d.tensor(shape, d.dtype(*FLOATS, *HALVES, "int64"), d.pick("normal", "special"))
    return Case(d.pick("softmax", "log_softmax"), (x, d.dim(len(shape))), d.maybe_dtype(*FLOATS), ulps=128)


@family
def quantiles(d):
    shape = d.shape()
    values = d.pick("distinct", "ties", "special")
    x = d.tensor(shape, d.dtype(*FLOATS, *FLOATS, "int64", "float16"), values)
    x.constant = values != "distinct"  # the gradient goes to one of equal elements
    q = d.pick(0.3, 0.0, 1, 1.5, d.tensor(d.pick((), (3,), (0,), (1,)), d.pick(x.dtype, "float64"), "unit"))
    options = d.options(
        dim=(d.dim(len(shape)),), keepdim=(True, False),
        interpolation=("linear", "lower", "higher", "midpoint", "nearest", "best"),
    )  # fmt: skip
    return Case(d.pick("quantile", "nanquantile"), (x, q), options, ulps=128)


@family
def norms(d):
    shape = d.shape()
    x = d.tensor(shape, d.dtype(*FLOATS, *FLOATS, *COMPLEX, "float16", "int64"))
    name = d.pick("norm", "linalg.vector_norm", "linalg.norm", "linalg.matrix_norm", "dist", "renorm",
                  "nn.functional.normalize", "nn.functional.cosine_similarity",
                  "nn.functional.pairwise_distance")  # fmt: skip
    p = d.pick(2, 1, 0, 3, 0.5, -1, float("inf"), -float("inf"))
    options = d.options(dim=(d.dims(len(shape)),), keepdim=(True, False))
    if name in ("norm", "linalg.vector_norm"):
        return Case(name, (x, p), options, ulps=128)
    if name == "linalg.norm":
        order = d.pick(None, p, "fro", "nuc")
        return Case(name, (x, order), options, ulps=512, grad=order != "nuc")
    if name == "linalg.matrix_norm":
        order = d.pick("fro", "nuc", 1, -1, 2, float("inf"))
        # the sum of singular values has a kink where one is 0
        return Case(name, (x, order), d.options(keepdim=(True,)), ulps=512, grad=order != "nuc")
    if name == "dist":
        return Case(name, (x, d.tensor(d.broadcast(shape), x.dtype), p), ulps=128)
    if name == "renorm":
        return Case(name, (x, p, d.dim(len(shape)), d.pick(1.0, 5.0)), ulps=128)
    if name == "nn.functional.normalize":
        return Case(name, (x,), {"p": p, **d.options(dim=(d.dim(len(shape)),))}, ulps=256)
    other = d.tensor(d.broadcast(shape), x.dtype)
    if name.endswith("pairwise_distance"):
        return Case(name, (x, other), d.options(p=(1, 2.0, 3), keepdim=(True,)), ulps=128)
    return Case(name, (x, other), d.options(dim=(d.dim(len(shape)),)), ulps=256)


@family
def histograms(d):
    x = d.tensor(d.shape(), d.dtype(*FLOATS, "int64"), d.pick("normal", "ties", "special"))
    name = d.pick("histc", "histogram", "bincount")
    if name == "histc":
        return Case(name, (x,), d.options(bins=(1, 4, 10, 0), min=(-2, 0), max=(2, 0, -3)))
    if name == "histogram":
        x = d.tensor(x.shape, x.dtype, d.pick("normal", "ties"))
        edges = d.tensor((4,), x.dtype, "distinct")
        edges.values.sort()
        bins = d.pick(3, 1, 0, edges)
        weight = d.options(weight=(d.tensor(x.shape, x.dtype),), density=(True, False))
        options = weight | ({} if bins is edges else d.options(range=((-2.0, 2.0), (1.0, 0.0))))
        return Case(name, (x, bins), options, grad=False)
    count = d.tensor((d.pick(0, 1, 5),), d.dtype(*INTS, "float32"), d.pick("positive", "normal"))
    weights = d.tensor(d.pick(count.shape, (2,)), d.dtype(*NUMERIC))
    return Case(name, (count,), d.options(weights=(weights,), minlength=(0, 8, -1)), grad=False)


@family
def covariance(d):
    x = d.tensor(d.shape(0, 2), d.dtype(*FLOATS, *COMPLEX, "int64"))
    if d.flag():
        return Case("corrcoef", (x,), ulps=512)
    n = x.shape[-1] if x.shape else 1
    weights = {
        "fweights": d.tensor((n,), "int64", "positive"),
        "aweights": d.tensor((n,), "float64", "positive"),
    }
    options = d.options(correction=(0, 1), **{k: (v,) for k, v in weights.items()})
    return Case("cov", (x,), options, ulps=512)


@family
def segments(d):
    """segment_reduce, of lengths or offsets in one or several rows."""
    axis = d.integer(0, 1)
    shape = d.filled(axis + 1, 3)
    # PyTorch reads other layouts and more rows past their ends
    x = d.tensor(shape, d.dtype(*FLOATS, *HALVES), d.pick("ties", "normal"), "plain")
    n, size = d.pick(1, 2, 4), shape[axis]
    bounds = np.sort(np.random.RandomState(d.integer(0, 2**16)).randint(0, size + 1, (*shape[:axis], n + 1)))
    bounds[..., 0], bounds[..., -1] = 0, size
    options = {"axis": axis, **d.options(initial=(2, 0.5, -1), unsafe=(True, False))}
    dtype = d.pick("int64", "int32")
    if axis == 0 and d.flag():  # for several rows of offsets, PyTorch writes where it must not
        options["offsets"] = Input(bounds.astype(dtype), dtype)
    else:
        lengths = np.diff(bounds) + d.rarely() * d.pick(1, -1)
        options["lengths"] = Input(np.maximum(lengths, 0).astype(dtype), dtype)
        if (lengths.sum(-1) != size).any():
            options["unsafe"] = False  # PyTorch reads past the end
    return Case("segment_reduce", (x, d.pick("sum", "mean", "max", "min", "prod")), options, ulps=512)
