"""What is composed of products of matrices, and functions of one matrix."""

import math
import operator

from .. import _core
from ._args import check_tensor, normalize_dim
from ._matrices import check_shape
from .autocast import install
from .linalg import Mm, into, matmul
from .op import composite
from .solve import identity, inverse

TensorBase = _core.TensorBase


def _dims_of(dims, name):
    if isinstance(dims, TensorBase):
        dims = dims.tolist()
    try:
        return [operator.index(d) for d in ((dims,) if hasattr(dims, "__index__") else dims)]
    except TypeError:
        raise TypeError(f"{name}(): dims must be an int or two lists of ints, got {dims!r}") from None


@composite()
def tensordot(a, b, dims=2, out=None):
    """tensordot(a, b, dims=2, *, out=None) -> Tensor: sums of products over pairs of dimensions of a and b.

    dims: the number of dimensions, the last ones of a against the first ones of b; or two lists of dimensions.
    The result has the remaining dimensions of a, then those of b. Paired dimensions have one size, or one of them
    size 1.
    """
    check_tensor(a, "tensordot", "a")
    check_tensor(b, "tensordot", "b", 2)
    if isinstance(dims, TensorBase) and dims.numel() == 1:
        dims = dims.item()
    if hasattr(dims, "__index__"):
        n = operator.index(dims)
        if n < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={n}")
        if n > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={n}")
        dims_a, dims_b = list(range(-n, 0)), list(range(n))
    else:
        dims_a, dims_b = (_dims_of(d, "tensordot") for d in dims)
    if len(dims_a) != len(dims_b):
        raise RuntimeError("both dimension lists should have same length")
    for i, j in zip(dims_a, dims_b, strict=True):
        of_a, of_b = a.shape[normalize_dim(i, a.ndim)], b.shape[normalize_dim(j, b.ndim)]
        if of_a != of_b and of_a == 1:  # the one element stands for all
            b = b.sum(j, keepdim=True, dtype=b.dtype)
        elif of_a != of_b and of_b == 1:
            a = a.sum(i, keepdim=True, dtype=a.dtype)
        elif of_a != of_b:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} "
                f"and second has size {b.shape[j]} in dim {j}"
            )
    dims_a, dims_b = [d % a.ndim for d in dims_a], [d % b.ndim for d in dims_b]
    for dims in (dims_a, dims_b):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"tensordot(): a dim appears multiple times in the list of dims {dims}")
    free_a = [d for d in range(a.ndim) if d not in dims_a]
    free_b = [d for d in range(b.ndim) if d not in dims_b]
    shape = [a.shape[d] for d in free_a] + [b.shape[d] for d in free_b]
    summed = math.prod(a.shape[d] for d in dims_a)
    left = a.permute(*free_a, *dims_a) if a.ndim else a
    right = b.permute(*dims_b, *free_b) if b.ndim else b
    left = left.reshape(math.prod(a.shape[d] for d in free_a), summed)
    right = right.reshape(summed, math.prod(b.shape[d] for d in free_b))
    return into(out, Mm.function(left, right).reshape(shape))


@composite("inner")
def inner(input, other, *, out=None):
    """inner(input, other, *, out=None) -> Tensor: sums of products over the last dimension of both; a 0-dim tensor
    scales.
    """
    check_tensor(input, "inner")
    check_tensor(other, "inner", "other", 2)
    if input.ndim == 0 or other.ndim == 0:
        return into(out, input * other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    return into(out, tensordot(input, other, ([-1], [-1])))


@composite("kron")
def kron(input, other, *, out=None):
    """kron(input, other, *, out=None) -> Tensor: the Kronecker product; sizes multiply, missing leading ones count
    as 1.
    """
    check_tensor(input, "kron")
    check_tensor(other, "kron", "other", 2)
    n = max(input.ndim, other.ndim)
    a = (1,) * (n - input.ndim) + tuple(input.shape)
    b = (1,) * (n - other.ndim) + tuple(other.shape)
    left = input.reshape([s for size in a for s in (size, 1)])
    right = other.reshape([s for size in b for s in (1, size)])
    return into(out, (left * right).reshape([s * t for s, t in zip(a, b, strict=True)]))


def multi_dot(tensors, *, out=None):
    """multi_dot(tensors, *, out=None) -> Tensor: the product of a chain of matrices, in the order that costs least.

    The first and the last may be vectors. The order is found by dynamic programming over the sizes (Cormen et al.,
    Introduction to Algorithms, 15.2).
    """
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    last = len(tensors) - 1
    for i, t in enumerate(tensors):
        check_tensor(t, "multi_dot", "tensors")
        if t.ndim != 2 and not (t.ndim == 1 and i in (0, last)):
            kind = "1D or 2D" if i in (0, last) else "2D"
            raise RuntimeError(f"multi_dot(): tensor {i} must be {kind} but got {t.ndim}D")
    chain = [t.unsqueeze(0 if i == 0 else 1) if t.ndim == 1 else t for i, t in enumerate(tensors)]
    for i in range(last):
        if chain[i].shape[1] != chain[i + 1].shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(tensors[i].shape)} and "
                f"{list(tensors[i + 1].shape)} cannot be multiplied"
            )
    split = _best_splits([chain[0].shape[0], *(t.shape[1] for t in chain)])

    def product(i, j):
        if i == j:
            return chain[i]
        k = split[i, j]
        return Mm.function(product(i, k), product(k + 1, j))

    result = product(0, last)
    if tensors[-1].ndim == 1:
        result = result.squeeze(1)
    if tensors[0].ndim == 1:
        result = result.squeeze(0)
    return into(out, result)


def _best_splits(sizes):
    """For each part (i, j) of a chain of matrices (sizes[i], sizes[i + 1]): after which one to split it."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j], split[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )
    return split


@composite()
def chain_matmul(*matrices, out=None):
    """chain_matmul(*matrices, out=None) -> Tensor: the product of a chain of matrices, in the order that costs
    least.
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for i, t in enumerate(matrices):
        check_tensor(t, "chain_matmul", "matrices", i + 1)
        if t.ndim != 2:
            raise RuntimeError(
                f"Tensor dimension is {t.ndim}, expected 2 instead (argument {i} of chain_matmul)"
            )
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices, out=out)


# ---- matrices


@composite("trace")
def trace(input):
    """trace(input) -> 0-dim Tensor: the sum of the diagonal of a matrix."""
    check_tensor(input, "trace")
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return input.diagonal().sum()


@composite("cross")
def cross(input, other, dim=None, *, out=None):
    """cross(input, other, dim=None, *, out=None) -> Tensor: the vector products along `dim`, which has size 3.

    dim: the first dimension of size 3 when None. The other dimensions broadcast.
    """
    check_tensor(input, "cross")
    check_tensor(other, "cross", "other", 2)
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if dim is None:
        dim = next((d for d, size in enumerate(input.shape) if size == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    dim = normalize_dim(dim, input.ndim)
    sizes = [t.shape[dim] if t.ndim else 1 for t in (input, other)]
    if sizes != [3, 3]:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and {sizes[1]}"
        )
    if input.dtype != other.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.title} but found {other.dtype.title}")

    def turned(t, by):
        return t.roll(-by, dim)

    return into(out, turned(input, 1) * turned(other, 2) - turned(input, 2) * turned(other, 1))


@composite("matrix_power")
def matrix_power(input, n, *, out=None):
    """matrix_power(input, n, *, out=None) -> Tensor: the n-th power of the matrices (*, N, N); n < 0: of their
    inverses.
    """
    if not hasattr(n, "__index__"):
        raise TypeError(f"matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    check_shape("linalg.matrix_power", input)
    n = operator.index(n)
    if not -(2**63) <= n < 2**63:
        raise ValueError("matrix_power(): argument 'n' does not fit into 64 bits")
    if n == 0:
        return into(out, identity(input).expand(input.shape).clone())
    base = input if n > 0 else inverse(input)
    result = None
    n = abs(n)
    while n:
        if n & 1:
            result = base if result is None else matmul(result, base)
        n >>= 1
        if n:
            base = matmul(base, base)
    return into(out, result.clone() if result is input else result)


install("linalg", globals())
