"""Checks of matrix arguments, and the errors of factorisations; the wordings are PyTorch's."""

import numpy as np

from ..errors import LinAlgError
from ._args import check_tensor
from .linalg import into


def check_dtype(name, A):
    """NotImplementedError (a RuntimeError) unless A is of a dtype that LAPACK computes in."""
    if not (A.is_floating_point() or A.is_complex()):
        raise NotImplementedError(
            f"{name}: Expected a floating point or complex tensor as input. Got {A.dtype.title}"
        )
    if A.dtype.itemsize == 2:
        raise NotImplementedError(f"{name}: Low precision dtypes not supported. Got {A.dtype.title}")


def check_matrix(name, A, argument="A", position=1):
    """TypeError or RuntimeError unless A is a batch of matrices of a suitable dtype."""
    check_tensor(A, name, argument, position)
    if A.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {argument} must have at least 2 dimensions.")
    check_dtype(name, A)


def check_shape(name, A, argument="A"):
    """RuntimeError unless A is a batch of square matrices."""
    check_tensor(A, name, argument)
    if A.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {argument} must have at least 2 dimensions.")
    rows, columns = A.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"{name}: {argument} must be batches of square matrices, but they are {rows} by {columns} matrices"
        )


def check_square(name, A, argument="A"):
    """RuntimeError unless A is a batch of square matrices of a suitable dtype."""
    check_shape(name, A, argument)
    check_dtype(name, A)


def check_same_dtype(name, A, B):
    """RuntimeError unless both have one dtype."""
    if A.dtype is not B.dtype:
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type {A.dtype.title} and B of type "
            f"{B.dtype.title} instead"
        )


def check_system(name, A, B, left=True):
    """RuntimeError unless AX = B (left) or XA = B makes sense for matrices A and B, whose batches broadcast."""
    check_same_dtype(name, A, B)
    if A.shape[-2 if left else -1] != B.shape[-2 if left else -1]:
        shown = [f"{t.shape[-2]}x{t.shape[-1]}" for t in (A, B)]
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({shown[0]} and {shown[1]})"
        )
    broadcast_batches(name, A, B)


def broadcast_batches(name, A, B):
    """The common batch shape of matrices."""
    try:
        return np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    except ValueError:
        raise RuntimeError(
            f"{name}: the batch dimensions of A and B do not broadcast: got shapes {list(A.shape)} and "
            f"{list(B.shape)}"
        ) from None


_FAILURES = {
    "singular": "{name}: {batch}The diagonal element {info} is zero, the inversion could not be completed because the "
    "input matrix is singular.",
    "definite": "{name}: {batch}The factorization could not be completed because the input is not positive-definite "
    "(the leading minor of order {info} is not positive-definite).",
    "unsolvable": "{name}: {batch}The solver failed because the input matrix is singular.",
}


def raise_for(info, name, failure):
    """LinAlgError when some matrix has an info (array) other than 0. No name: no check."""
    if name is None or not info.any():
        return
    flat = info.reshape(-1)
    first = int((flat != 0).argmax())
    batch = f"(Batch element {first}): " if info.ndim else ""
    raise LinAlgError(_FAILURES[failure].format(name=name, batch=batch, info=int(flat[first])))


def converged(name, kernel, *args):
    """kernel(*args), or LinAlgError when its iteration does not converge."""
    try:
        return kernel(*args)
    except np.linalg.LinAlgError:
        finite = bool(np.isfinite(abs(args[0]).sum())) if isinstance(args[0], np.ndarray) else True
        why = (
            "the input matrix is ill-conditioned or has too many repeated eigenvalues."
            if finite
            else "the input matrix contained non-finite values."
        )
        raise LinAlgError(f"{name}: The algorithm failed to converge because {why}") from None


def into_all(out, results):
    """The results, or the tensors of `out` with them written in."""
    if out is None:
        return results
    if len(out) != len(results):
        raise TypeError(f"expected {len(results)} tensors in out=, got {len(out)}")
    for target, result in zip(out, results, strict=True):
        into(target, result)
    return type(results)(*out) if hasattr(results, "_fields") else tuple(out)


def transposed(t):
    """The transposes of a batch of matrices."""
    return t.transpose(-2, -1)
