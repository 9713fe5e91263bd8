"""Statistics of samples and differences along a dimension: covariance, histograms, differences, integrals."""

import math
import operator
import warnings

from .. import _core
from ..dtype import bool_, int64
from ..interpreters import any_true
from ._args import check_tensor, named_result, normalize_dim, normalize_dims, unsupported
from .op import FUNCTIONS, composite, whole

TensorBase = _core.TensorBase


# ---- covariance


def _weights(weights, name, kinds, wanted, n):
    """Checked weights of n observations."""
    check_tensor(weights, "cov", name)
    if weights.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.ndim} dimensions"
        )
    if weights.dtype.category != kinds:
        raise RuntimeError(
            f"cov(): expected {name} to have {wanted} dtype but got {name} with {weights.dtype.title} dtype"
        )
    if weights.numel() != n:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got "
            f"{weights.numel()} != {n}"
        )
    if n and any_true(weights < 0):
        raise RuntimeError(f"cov(): {name} cannot be negative")
    return weights.reshape(n)


@composite("cov")
def cov(input, *, correction=1, fweights=None, aweights=None):
    """cov(input, *, correction=1, fweights=None, aweights=None) -> Tensor: covariances of variables

    input: a matrix with a variable a row and an observation a column; 1-D and 0-dim: one variable. fweights: how often
    each observation counts (ints); aweights: its importance (floats). The result is symmetric (Hermitian), 0-dim for
    one variable. The sums are divided by the total weight less `correction`.
    """
    check_tensor(input, "cov")
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if input.dtype.category == "bool":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.ndim == 2 else input.reshape(1, -1)
    n = x.shape[1]
    if fweights is not None:
        fweights = _weights(fweights, "fweights", "int", "integral", n)
    if aweights is not None:
        aweights = _weights(aweights, "aweights", "float", "floating point", n)
    w = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    total = n if w is None else w.sum()
    if w is not None and any_true(total == 0):
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    mean = (x if w is None else x * w).sum(1, keepdim=True) / total
    if aweights is not None and correction:
        freedom = total - correction * (w * aweights).sum() / total
    else:
        freedom = total - correction
    if any_true(freedom <= 0):
        warnings.warn("cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of "
                      "observations.", UserWarning, stacklevel=2)  # fmt: skip
        freedom = 0
    x = x - mean
    products = (x if w is None else x * w) @ x.t().conj()
    return (products / freedom).squeeze()


@composite("corrcoef")
def corrcoef(input):
    """corrcoef(input) -> Tensor: the correlation coefficients of variables, one a row; see cov."""
    check_tensor(input, "corrcoef")
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    c = cov(input)
    if c.ndim == 0:
        return c / c
    variances = c.diagonal()
    deviations = (variances.real if c.is_complex() else variances).sqrt()
    c = c / deviations.unsqueeze(1) / deviations
    if c.is_complex():
        return FUNCTIONS["complex"](c.real.clamp(-1, 1), c.imag.clamp(-1, 1))
    return c.clamp(-1, 1)


# ---- differences


@composite("diff")
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """diff(input, n=1, dim=-1, prepend=None, append=None) -> Tensor: differences of neighbours along dim, n times

    prepend, append: tensors joined to input before. bool: whether neighbours differ. RuntimeError for a 0-dim input and
    a negative n.
    """
    check_tensor(input, "diff")
    if input.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    n = operator.index(n)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    d = normalize_dim(dim, input.ndim)
    given = [t for t in (prepend, input, append) if t is not None]
    for t in given:
        check_tensor(t, "diff", "prepend or append")
        if t.ndim != input.ndim:
            raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    x = FUNCTIONS["cat"](given, d) if len(given) > 1 else input
    for _ in range(min(n, x.shape[d])):
        left, right = _neighbours(x, d)
        x = right ^ left if x.dtype.category == "bool" else right - left
    return x.clone() if x is input else x


def _neighbours(x, d):
    """All slices along d but the last, and all but the first."""
    size = max(x.shape[d] - 1, 0)
    return x.narrow(d, 0, size), x.narrow(d, min(1, x.shape[d]), size)


def _spacings(input, spacing, dims):
    """The spacing along each of dims: a number, or the 1-D tensor of coordinates."""
    if spacing is None or not isinstance(spacing, (tuple, list)):
        return [1 if spacing is None else spacing] * len(dims)
    if len(spacing) != len(dims):
        since = "dim argument was not given" if len(dims) == input.ndim else f"dim has {len(dims)} elements"
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
            f"'self.dim() = {len(dims)}', since {since}, but got a list of length {len(spacing)}"
        )
    for step, d in zip(spacing, dims, strict=True):
        if not isinstance(step, TensorBase):
            continue
        if step.ndim != 1:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have one dimension, but got an element with "
                f"{step.ndim} dimensions!"
            )
        if step.numel() != input.shape[d]:
            raise RuntimeError(
                f"torch.gradient: expected {input.shape[d]} coordinates along dim {d}, got {step.numel()}"
            )
    return list(spacing)


@composite()
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """gradient(input, *, spacing=1, dim=None, edge_order=1) -> tuple of Tensors: derivatives along each dim (or `dim`)

    Second-order differences inside, of order edge_order (1 or 2) at the edges (Fornberg, Math. of Comp. 51, 1988).
    spacing: the distance of samples, one per dim, or 1-D tensors of their coordinates.
    """
    check_tensor(input, "gradient")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if input.dtype.category == "int" and not input.dtype.is_signed:
        raise RuntimeError(f"torch.gradient does not support {input.dtype.name} input.")
    dims = range(input.ndim) if dim is None else normalize_dims(dim, input.ndim, "gradient")
    steps = _spacings(input, spacing, dims)
    if any(input.shape[d] <= edge_order for d in dims if input.ndim):
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(
        [_derivative(input, d, step, edge_order) for d, step in zip(dims, steps, strict=True)]
    )


def _derivative(x, d, step, edge_order):
    n = x.shape[d]

    def at(i, count=1):
        return x.narrow(d, i, count)

    coordinates = isinstance(step, TensorBase)
    if coordinates:
        gaps = (step[1:] - step[:-1]).reshape(-1, *(1,) * (x.ndim - 1 - d))
    else:
        gaps = [step] * (n - 1)
    parts = [(at(1) - at(0)) / gaps[0], (at(n - 1) - at(n - 2)) / gaps[-1]]
    if edge_order == 2:
        parts = [_one_sided(at(0), at(1), at(2), gaps[0], gaps[1]),
                 _one_sided(at(n - 1), at(n - 2), at(n - 3), -gaps[-1], -gaps[-2])]  # fmt: skip
    if n > 2:
        before, here, after = at(0, n - 2), at(1, n - 2), at(2, n - 2)
        if coordinates:
            a, b = gaps[:-1], gaps[1:]
            inner = (after - here) / b * (a / (a + b)) + (here - before) / a * (b / (a + b))
        else:
            inner = (after - before) / (2 * step)
        parts.insert(1, inner)
    return FUNCTIONS["cat"](parts, d)


def _one_sided(f0, f1, f2, a, b):
    """The derivative at the first of three samples a and b apart, of second order."""
    return f0 * (-(2 * a + b) / (a * (a + b))) + f1 * ((a + b) / (a * b)) + f2 * (-a / (b * (a + b)))


# ---- integrals by the trapezoidal rule


def _trapezoids(name, y, x, dx, dim):
    check_tensor(y, name, "y")
    if y.dtype.category == "bool":
        raise RuntimeError(f"{name}: received a bool input for `y`, but bool is not supported")
    if y.ndim == 0:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    d = normalize_dim(dim, y.ndim)
    left, right = _neighbours(y, d)
    if x is None:
        return left + right, (1 if dx is None else dx) / 2, d
    if dx is not None:
        raise TypeError(f"{name}() received an invalid combination of arguments: give x or dx, not both")
    check_tensor(x, name, "x", 2)
    if x.dtype.category == "bool":
        raise RuntimeError(f"{name}: received a bool input for `x`, but bool is not supported")
    if x.ndim == 1:
        x = x.reshape(-1, *(1,) * (y.ndim - 1 - d))
        along = 0
    else:
        along = d - y.ndim + x.ndim
        if along < 0 or x.ndim > y.ndim:
            raise RuntimeError(f"{name}: x of shape {list(x.shape)} does not fit y of shape {list(y.shape)}")
    if x.ndim:
        before, after = _neighbours(x, along)
        return (after - before) * (left + right), 0.5, d
    return (x - x) * (left + right), 0.5, d


@composite(aliases=("trapz",))
def trapezoid(y, x=None, *, dx=None, dim=-1):
    """trapezoid(y, x=None, *, dx=1, dim=-1) -> Tensor: the integral of samples along dim by the trapezoidal rule

    x: coordinates of the samples, 1-D or broadcast to y; else they are dx apart. RuntimeError for bool.
    """
    areas, half, d = _trapezoids("trapezoid", y, x, dx, dim)
    total = areas.sum(d) * half
    return total if y.shape[d] else total.to(y.dtype)


@composite()
def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1):
    """cumulative_trapezoid(y, x=None, *, dx=1, dim=-1) -> Tensor: the running integral along dim, one element fewer
    than samples; see trapezoid."""
    areas, half, d = _trapezoids("cumulative_trapezoid", y, x, dx, dim)
    return areas.cumsum(d) * half


# ---- histograms


Histogram = named_result("histogram", "hist", "bin_edges")
HistogramDD = named_result("histogramdd", "hist", "bin_edges")


def _edges(x, bins, limits, d):
    """The 1-D tensor of the edges of bins of one coordinate: given, or `bins` equal ones between limits."""
    if isinstance(bins, TensorBase):
        if bins.ndim != 1:
            raise RuntimeError(
                f"torch.histogramdd: bins tensor should have one dimension, but got {bins.ndim} dimensions in the bins "
                f"tensor for dimension {d}"
            )
        if bins.dtype is not x.dtype:
            raise RuntimeError(
                "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
                f"{x.dtype.name} and bins for dimension {d} with dtype {bins.dtype.name}"
            )
        if bins.numel() < 2:
            raise RuntimeError(f"torch.histogram(): bins must be > 0, but got 0 for dimension {d}")
        return bins.detach().clone()
    bins = operator.index(bins)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension {d}")
    if limits is None:
        low, high = (x.min().item(), x.max().item()) if x.numel() else (0.0, 1.0)
    else:
        low, high = limits
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension {d}'s range [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for dimension {d}"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    return FUNCTIONS["linspace"](low, high, bins + 1, dtype=x.dtype, device=x.device)


def _counted(points, edges, weight, density):
    """The histogram of points (M, D) in the grid of D edges."""
    inside = FUNCTIONS["ones"](points.shape[0], dtype=bool_, device=points.device)
    place = FUNCTIONS["zeros_like"](inside, dtype=int64)
    for d, e in enumerate(edges):
        x, n = points[:, d].contiguous(), e.numel() - 1
        inside = inside & (x >= e[0]) & (x <= e[-1])
        place = place * n + (FUNCTIONS["searchsorted"](e, x, right=True) - 1).clamp(0, n - 1)
    shape = [e.numel() - 1 for e in edges]
    if weight is not None:
        weight = weight[inside]
    counts = FUNCTIONS["bincount"](place[inside], weight, math.prod(shape))
    hist = counts.to(points.dtype).reshape(shape)
    if density:
        hist = hist / hist.sum()
        for d, e in enumerate(edges):
            hist = hist / (e[1:] - e[:-1]).reshape(-1, *(1,) * (len(edges) - 1 - d))
    return hist


def _check_points(x, weight, shape, inner):
    if x.dtype.name not in ("float32", "float64"):
        raise unsupported("histogramdd", x.dtype)
    if weight is None:
        return None
    check_tensor(weight, "histogram", "weight")
    if weight.dtype is not x.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same "
            f"dtype, but got input with dtype {x.dtype.name}, and weight with dtype {weight.dtype.name}"
        )
    if tuple(weight.shape) != shape:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension, but got input with shape {[*shape, inner]} and weight with shape "
            f"{list(weight.shape)}"
        )
    return weight.detach().reshape(-1)


@composite("histogram")
@whole
def histogram(input, bins, *, range=None, weight=None, density=False):
    """histogram(input, bins, *, range=None, weight=None, density=False) -> (hist, bin_edges)

    Counts of the elements of a float32 or float64 tensor in `bins` equal intervals between the smallest and the largest
    (or of `range`), or in those between the edges in a 1-D tensor. weight: of input's shape, summed instead. density:
    divided by the total and the widths. Elements outside are not counted. Not differentiable.
    """
    check_tensor(input, "histogram")
    weight = _check_points(input, weight, tuple(input.shape), 1)
    if isinstance(bins, TensorBase) and range is not None:
        raise TypeError("histogram(): range cannot be given with a tensor of bin edges")
    x = input.detach().reshape(-1)
    edges = _edges(x, bins, None if range is None else tuple(range), 0)
    return Histogram(_counted(x.unsqueeze(1), [edges], weight, density), edges)


@composite()
@whole
def histogramdd(input, bins, *, range=None, weight=None, density=False):
    """histogramdd(input, bins, *, range=None, weight=None, density=False) -> (hist, tuple of bin_edges)

    The histogram of the points in the last dim (D coordinates) of a float32 or float64 tensor. bins: an int, one per
    coordinate, or 1-D tensors of edges; range: 2 D numbers; weight: one per point. See histogram.
    """
    check_tensor(input, "histogramdd")
    if input.ndim < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    count = input.shape[-1]
    weight = _check_points(input, weight, tuple(input.shape[:-1]), count)
    bins = list(bins) if isinstance(bins, (tuple, list)) else [bins] * count
    if len(bins) != count:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input."
        )
    if range is not None and len(range) != 2 * count:
        raise RuntimeError(
            f"torch.histogramdd: for a {count}-dimensional histogram range should have {2 * count} elements, but got "
            f"{len(range)}"
        )
    points = input.detach().reshape(-1, count)
    limits = [None] * count if range is None else list(zip(range[::2], range[1::2], strict=True))
    edges = []
    for d, b in enumerate(bins):
        edges.append(_edges(points[:, d], b, limits[d], d))
    return HistogramDD(_counted(points, edges, weight, density), tuple(edges))


@composite()
def vander(x, N=None, *, increasing=False):
    """vander(x, N=None, *, increasing=False) -> 2-D Tensor (len(x), N) of the powers of a 1-D tensor

    From the power N - 1 (default: len(x) - 1) down to 0, or from 0 when increasing.
    """
    check_tensor(x, "vander", "x")
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x.shape[0] if N is None else operator.index(N)
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    if x.dtype.category == "bool":
        x = x.long()
    powers = FUNCTIONS["arange"](n, device=x.device)
    return x.unsqueeze(1) ** (powers if increasing else powers.flip(0))
