"""Norms, condition, rank and the exponential of matrices, and the small rest of `flambeau.linalg`."""

import math
import operator

from ..dtype import as_dtype
from ._args import check_tensor, normalize_dim, normalize_dims
from ._matrices import check_dtype, check_matrix, check_square
from .autocast import install
from .compare import where
from .decomposition import eigvalsh, svdvals
from .linalg import adjoint, into
from .matrix import cross as _older_cross
from .op import FUNCTIONS, Op, composite
from .pointwise import conj
from .reduce import LinalgVectorNorm
from .solve import LinalgInvEx, tolerances

# ---- norms


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None, out=None):
    """linalg.vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None, out=None) -> Tensor

    sum(|x|^ord)^(1/ord) over dim (None: all), ord any number: inf and -inf give the largest and the smallest |x|, 0 the
    number of nonzeros. x of any float or complex dtype; computed in `dtype` when that is given.
    """
    return into(out, LinalgVectorNorm.function(x, ord, dim, keepdim, dtype=dtype))


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None, out=None):
    """linalg.matrix_norm(A, ord='fro', dim=(-2, -1), keepdim=False, *, dtype=None, out=None) -> Tensor

    ord: "fro" the root of the sum of squares, "nuc" the sum of singular values, 2 and -2 the largest and the smallest
    of them, 1 and -1 the largest and the smallest sum of a column's sizes, inf and -inf of a row's. dim: which two
    dimensions are the rows and the columns. RuntimeError for other orders.
    """
    name = "linalg.matrix_norm"
    check_tensor(A, name)
    if hasattr(dim, "__index__"):
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {dim}")
    dim = tuple(dim)
    if dtype is not None:
        A = A.to(as_dtype(dtype))
    if A.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if not (A.is_floating_point() or A.is_complex()):
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {A.dtype.title}"
        )
    if len(dim) != 2:
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    rows, columns = (normalize_dim(d, A.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"{name}: dims must be different. Got ({dim[0]}, {dim[1]})")
    known = ("fro", "nuc") if isinstance(ord, str) else (1, -1, 2, -2, math.inf, -math.inf)
    if ord not in known:
        shown = ord if isinstance(ord, str) else f"{ord:g}"
        raise RuntimeError(f"{name}: Order {shown} not supported.")
    return into(out, _matrix_norm(A, ord, rows, columns, keepdim))


def _matrix_norm(A, ord, rows, columns, keepdim):
    norm = LinalgVectorNorm.function
    if ord == "fro":
        return norm(A, 2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        check_dtype("linalg.matrix_norm", A)
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        if ord == "nuc":
            result = values.sum(-1)
        elif values.shape[-1] or ord == -2:
            result = values.amax(-1) if ord == 2 else values.amin(-1)
        else:
            result = values.sum(-1)
        if keepdim:
            for d in sorted((rows, columns)):
                result = result.unsqueeze(d)
        return result
    summed, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = norm(A, 1, (summed,), True)
    if ord > 0 and not A.shape[compared]:
        result = sums.sum(compared, True)
    else:
        result = (sums.amax if ord > 0 else sums.amin)(compared, True)
    return result if keepdim else result.squeeze((rows, columns))


def norm(A, ord=None, dim=None, keepdim=False, *, out=None, dtype=None):
    """linalg.norm(A, ord=None, dim=None, keepdim=False, *, out=None, dtype=None) -> Tensor

    `vector_norm` over one dim, `matrix_norm` over two. Without dim: over all elements when ord is None, else that of
    the vector or matrix A.
    """
    check_tensor(A, "linalg.norm", "A")
    if isinstance(ord, str):
        if dim is None and A.ndim != 2:
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
                if A.ndim != 1
                else f"linalg.norm: ord '{ord}' needs a matrix, but the input is 1D"
            )
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype, out=out)
    if dim is None and ord is not None and A.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
        )
    dims = None if dim is None else normalize_dims(dim, A.ndim, "linalg.norm")
    if ord is not None and (len(dims) == 2 if dims is not None else A.ndim == 2):
        return matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype, out=out)
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype, out=out)


@composite()
def nuclear_norm(input, dim=(-2, -1), keepdim=False, *, out=None):
    """nuclear_norm(input, dim=(-2, -1), keepdim=False, *, out=None) -> Tensor: the sums of the singular values of
    matrices.
    """
    return matrix_norm(input, "nuc", dim, keepdim, out=out)


@composite()
def frobenius_norm(input, dim, keepdim=False, *, out=None):
    """frobenius_norm(input, dim, keepdim=False, *, out=None) -> Tensor: the roots of sums of squares over one or two
    dims.
    """
    return vector_norm(input, 2, dim, keepdim, out=out)


@composite()
def norm_except_dim(v, pow=2, dim=0):
    """norm_except_dim(v, pow=2, dim=0) -> Tensor: the norms over all dimensions but dim, which keep size 1.

    dim=-1: over all, 0-dim.
    """
    check_tensor(v, "norm_except_dim", "v")
    if dim == -1:
        return vector_norm(v, pow)
    kept = normalize_dim(dim, v.ndim)
    if v.ndim == 1:  # each element alone
        return vector_norm(v.unsqueeze(1), pow, 1)
    return vector_norm(v, pow, tuple(d for d in range(v.ndim) if d != kept), True)


def cond(A, p=None, *, out=None):
    """linalg.cond(A, p=None, *, out=None) -> Tensor (*): the condition numbers |A| |A^-1| of matrices.

    p: an order of `matrix_norm`, None is 2. For 2 and -2 from the singular values, of any matrix; the other orders take
    square matrices, and a singular one gives inf.
    """
    check_matrix("linalg.cond", A)
    if not A.numel() and p in ("fro", 1, -1, math.inf, -math.inf):
        return into(out, matrix_norm(A, "fro"))
    if p is None or p in (2, -2):
        values = svdvals(A)
        if not values.shape[-1]:
            return into(out, values.sum(-1))
        first, last = values[..., 0], values[..., -1]
        return into(out, last / first if p == -2 else first / last)
    if p not in ("fro", "nuc", 1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    check_square(f"linalg.cond(ord={p})", A)
    inverse, info = LinalgInvEx.apply(A)
    number = matrix_norm(A, p) * matrix_norm(where((info != 0)[..., None, None], 1.0, inverse), p)
    return into(out, where(info != 0, math.inf, number))


def matrix_rank(A, tol=None, hermitian=False, *, atol=None, rtol=None, out=None):
    """linalg.matrix_rank(A, *, atol=None, rtol=None, hermitian=False, out=None) -> Tensor (*) of int64

    How many singular values (hermitian: sizes of eigenvalues) of A (*, M, N) are above max(atol, rtol * the largest).
    rtol: max(M, N) times the dtype's epsilon, 0 when atol is given; `tol` is atol. Both may be tensors (*).
    """
    name = "linalg.matrix_rank"
    check_tensor(A, name)
    if A.ndim < 2:
        raise RuntimeError(
            "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions."
        )
    (check_square if hermitian else check_matrix)(name, A)
    if tol is not None:
        atol, rtol = tol, 0.0
    atol, rtol = tolerances(name, A, atol, rtol)
    values = eigvalsh(A.detach()).abs() if hermitian else svdvals(A.detach())
    if not values.shape[-1]:
        return into(out, values.sum(-1).to(as_dtype("int64")))
    bound = FUNCTIONS["maximum"](*(_bound(t, values) for t in (atol, values.amax(-1) * rtol)))
    return into(out, (values > bound.unsqueeze(-1)).sum(-1))


def _bound(value, values):
    """A tolerance as a tensor like those of the matrices."""
    return FUNCTIONS["as_tensor"](value, dtype=values.dtype, device=values.device)


# ---- the exponential


class LinalgMatrixExp(Op, name="matrix_exp", methods=("matrix_exp",), out=False):
    """matrix_exp(input) -> Tensor: e to the power of square matrices (*, N, N). Also `linalg.matrix_exp`.

    Scaling and squaring with a Padé approximant (Higham 2005). The gradient is the derivative of exp at A^H in the
    direction of grad: the upper right block of exp((A^H, grad), (0, A^H)) (R. Mathias, "A chain rule for matrix
    functions and applications", 1996).
    """

    @staticmethod
    def prepare(input):
        check_square("linalg.matrix_exp", input)
        return (input,)

    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return ctx.k.matrix_exp(input)

    @staticmethod
    def backward(ctx, grad):
        h = adjoint(ctx.saved[0])
        n, cat = h.shape[-1], FUNCTIONS["cat"]
        upper = cat((h, grad), -1)
        lower = cat((FUNCTIONS["zeros_like"](h), h), -1)
        return LinalgMatrixExp.apply(cat((upper, lower), -2))[..., :n, n:]


def matrix_exp(A):
    """linalg.matrix_exp(A) -> Tensor: e to the power of square matrices (*, N, N), see `flambeau.matrix_exp`."""
    return LinalgMatrixExp.function(A)


# ---- vectors and views


def vecdot(x, y, *, dim=-1, out=None):
    """linalg.vecdot(x, y, *, dim=-1, out=None) -> Tensor: sums of conj(x) * y along dim; the others broadcast."""
    check_tensor(x, "linalg.vecdot", "x")
    check_tensor(y, "linalg.vecdot", "y", 2)
    for t in (x, y):
        if not (t.is_floating_point() or t.is_complex()):
            raise RuntimeError(
                f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {t.dtype.title}"
            )
    if x.dtype is not y.dtype:
        raise RuntimeError(
            "linalg.vecdot: Expected x and y to have the same dtype, but found x of type "
            f"{x.dtype.title} and y of type {y.dtype.title} instead"
        )
    return into(out, (conj(x) * y).sum(dim))


def cross(input, other, *, dim=-1, out=None):
    """linalg.cross(input, other, *, dim=-1, out=None) -> Tensor: the vector products along dim, which has size 3."""
    check_tensor(input, "linalg.cross")
    check_tensor(other, "linalg.cross", "other", 2)
    if input.ndim == other.ndim:
        for t in (input, other):
            if t.shape[normalize_dim(dim, t.ndim)] != 3:
                sizes = [t.shape[dim] for t in (input, other)]
                raise RuntimeError(
                    f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and {sizes[1]}"
                )
    return _older_cross(input, other, dim, out=out)


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """linalg.diagonal(A, *, offset=0, dim1=-2, dim2=-1) -> Tensor: a view of the diagonals of matrices."""
    return FUNCTIONS["diagonal"](A, offset, dim1, dim2)


def _powers(x, n):
    """1, x, ..., x^(n - 1) along a new last dimension."""
    if x.dtype.category == "bool":
        x = x.long()
    ones = FUNCTIONS["ones"](*x.shape, min(n, 1), dtype=x.dtype, device=x.device)
    if n < 2:
        return ones
    repeated = x.unsqueeze(-1).expand(*x.shape, n - 1)
    return FUNCTIONS["cat"]((ones.to(repeated.cumprod(-1).dtype), repeated.cumprod(-1)), -1)


def vander(x, N=None):
    """linalg.vander(x, N=None) -> Tensor (*, M, N): the powers 0 to N - 1 of the elements of x (*, M).

    N: M when None.
    """
    check_tensor(x, "linalg.vander")
    if (x.is_floating_point() and x.dtype.itemsize == 2) or x.dtype.category == "bool":
        raise RuntimeError(
            f"linalg.vander supports floating point, complex, and integer tensors, but got {x.dtype.title}"
        )
    x = x.reshape(1) if x.ndim == 0 else x
    N = x.shape[-1] if N is None else operator.index(N)
    if N <= 1:
        raise RuntimeError("N must be greater than 1.")
    return _powers(x, N)


def _older_vander(x, N=None, increasing=False):
    """vander(x, N=None, increasing=False) -> Tensor (M, N): powers of the elements of a vector, falling to 0 or rising.

    N: M when None.
    """
    check_tensor(x, "vander", "x")
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    N = x.shape[0] if N is None else operator.index(N)
    if N < 0:
        raise RuntimeError("N must be non-negative.")
    powers = _powers(x, N)
    return powers if increasing else powers.flip(-1)


composite(name="vander")(_older_vander)


# ---- names that PyTorch has removed

_REMOVED = {
    "symeig": "The default behavior has changed from using the upper triangular portion of the matrix by default to "
    "using the lower triangular portion.",
    "eig": "`torch.linalg.eig` returns complex tensors of dtype `cfloat` or `cdouble` rather than real tensors "
    "mimicking complex tensors.",
    "lstsq": "`torch.lstsq` is deprecated in favor of `torch.linalg.lstsq`.",
    "solve": "`torch.solve` is deprecated in favor of `torch.linalg.solve`. `torch.linalg.solve` has its arguments "
    "reversed and does not return the LU factorization.",
    "matrix_rank": "`torch.matrix_rank` is deprecated in favor of `torch.linalg.matrix_rank`.",
}


def _removed(name):
    def function(*args, **kwargs):
        raise RuntimeError(
            f"This function was deprecated since version 1.9 and is now removed. {_REMOVED[name]} Use linalg."
            f"{'eigh' if name == 'symeig' else name}."
        )

    function.__name__ = function.__qualname__ = name
    now = "eigh" if name == "symeig" else name
    function.__doc__ = (
        f"{name}(...): removed, as in PyTorch, in favour of `linalg.{now}`; raises RuntimeError."
    )
    return function


for _name in _REMOVED:
    composite(*(() if _name == "matrix_rank" else (_name,)))(_removed(_name))


install("linalg", globals())
