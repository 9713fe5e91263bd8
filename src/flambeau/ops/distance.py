"""Distances between rows, and shrinking of rows to a norm."""

from ._args import check_number, check_tensor, normalize_dim
from .op import FUNCTIONS, composite

_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def _norms(difference, p):
    """The p-norm over the last dim; zero where that is empty."""
    if difference.shape[-1] == 0:
        return difference.sum(-1)
    return FUNCTIONS["norm"](difference, p, -1)


def _euclidean(x1, x2):
    """The distances by |a|^2 + |b|^2 - 2 a b: fast and, for near rows, less precise. The gradient at 0 is 0."""
    squares = (x1 * x1).sum(-1, keepdim=True) + (x2 * x2).sum(-1).unsqueeze(-2)
    squares = squares - 2 * (x1 @ x2.transpose(-1, -2))
    apart = squares > 0
    return FUNCTIONS["where"](apart, squares, 1.0).sqrt() * apart


@composite()
def cdist(x1, x2, p=2.0, compute_mode=_MODES[0]):
    """cdist(x1, x2, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary') -> Tensor: distances between all rows

    x1 (*, P, M) and x2 (*, R, M), floating, leading dims broadcast, give (*, P, R): p-norms of the differences, with
    p >= 0 or inf. For p = 2 and more than 25 rows, or when compute_mode says so, they come from a matrix product.
    """
    check_tensor(x1, "cdist", "x1", 1)
    check_tensor(x2, "cdist", "x2", 2)
    for i, x in enumerate((x1, x2)):
        if not x.is_floating_point():
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{i + 1} got: {x.dtype.title}")
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, X{i + 1} got: {x.ndim}D")
    if x1.dtype is not x2.dtype:
        raise RuntimeError(f"cdist: expected scalar type {x1.dtype.title} but found {x2.dtype.title}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    p = check_number(p, "cdist", "p", 3)
    if not p >= 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if compute_mode not in (None, 0, 1, 2, *_MODES):
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    mode = compute_mode if isinstance(compute_mode, int) else _MODES.index(compute_mode or _MODES[0])
    many = x1.shape[-2] > 25 or x2.shape[-2] > 25
    if p == 2 and (mode == 1 or (mode == 0 and many)) and x1.shape[-1]:
        return _euclidean(x1, x2)
    return _norms(x1.unsqueeze(-2) - x2.unsqueeze(-3), p)


@composite()
def pdist(input, p=2.0):
    """pdist(input, p=2.0) -> 1-D Tensor: the distances between the rows i < j of a floating matrix (N, M)

    N (N - 1) / 2 p-norms of differences, those of the first row first; p >= 0 or inf.
    """
    check_tensor(input, "pdist")
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if not input.is_floating_point():
        raise RuntimeError(f"pdist only supports floating-point dtypes, got {input.dtype}")
    p = check_number(p, "pdist", "p", 2)
    if not p >= 0:
        raise RuntimeError("pdist only supports non-negative p values")
    n = input.shape[0]
    first, second = FUNCTIONS["triu_indices"](n, n, 1, device=input.device).unbind(0)
    return _norms(input.index_select(0, first) - input.index_select(0, second), p)


@composite("renorm")
def renorm(input, p, dim, maxnorm):
    """renorm(input, p, dim, maxnorm) -> Tensor: the slices along dim whose p-norm is larger are scaled to maxnorm

    input: floating or complex, of 2 or more dims; p > 0. RuntimeError for other arguments.
    """
    check_tensor(input, "renorm")
    p = check_number(p, "renorm", "p", 2)
    maxnorm = check_number(maxnorm, "renorm", "maxnorm", 4)
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    dim = normalize_dim(dim, input.ndim)
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {input.dtype.title}"
        )
    over = tuple([d for d in range(input.ndim) if d != dim])
    if input.numel() == 0:
        return input.clone()
    norm = FUNCTIONS["norm"](input, p, over, keepdim=True)
    scale = FUNCTIONS["where"](norm > maxnorm, maxnorm / (norm + 1e-7), 1.0)
    return input * scale.to(input.dtype)


@composite("renorm_", name="_renorm_")
def renorm_(input, p, dim, maxnorm):
    """renorm_(p, dim, maxnorm) -> self: see renorm."""
    return input.copy_(renorm(input.clone(), p, dim, maxnorm))
