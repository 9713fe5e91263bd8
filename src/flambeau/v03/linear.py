"""Linear algebra under 0.3's names that today's library has no longer."""

import numpy as np

from .. import _core
from ..ops import METHODS
from .faces import Variable, _array


def crossed(x, other, dim):
    """The cross product along dim; -1: the first dimension of size 3."""
    if dim == -1:
        sizes = _array(x).shape
        if 3 not in sizes:
            raise RuntimeError(f"cross: no dimension of size 3 in {list(sizes)}")
        dim = sizes.index(3)
    return METHODS["cross"](x, other, dim)


def singular_values(x, some):
    """svd(some=True) -> (U, S, V)"""
    from ..ops import FUNCTIONS

    return FUNCTIONS["svd"](x, some)


def multiplied(x, other):
    """x.matmul(other): of two plain tensors of one dimension a Python number."""
    result = METHODS["matmul"](x, other)
    return result if isinstance(x, Variable) or _array(result).ndim else _array(result).item()


def least_squares(x, A):
    """gels(A) -> (X, QR): X (n, k), with A X the nearest to x (m, k), and what LAPACK's gels leaves of A (m, n)."""
    solution, factors = _solving("gels")(x, A)
    return METHODS["narrow"](solution, 0, 0, _array(A).shape[1]), factors


def eigen_symmetric(x, eigenvectors, upper):
    """symeig(eigenvectors=False, upper=True) -> (e, V): ascending; V is zero unless asked for."""
    from ..linalg import eigh
    from ..ops import FUNCTIONS

    values, vectors = eigh(x, UPLO="U" if upper else "L")
    return values, vectors if eigenvectors else FUNCTIONS["zeros_like"](vectors)


def eigen(x, eigenvectors):
    """eig(eigenvectors=False) -> (e, V): e (n, 2) has real and imaginary parts; V as LAPACK's geev packs it, a complex
    pair's vectors as the real and the imaginary part in two columns; empty unless asked for. Without gradient."""
    array = _array(x)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise RuntimeError(f"eig: the argument must be a square matrix, got size {list(array.shape)}")
    backend = _core.backend_for(x)
    array = array if isinstance(array, np.ndarray) else backend.to_host(array)
    values, vectors = np.linalg.eig(array)
    packed = np.stack([values.real, values.imag], 1).astype(array.dtype)
    columns = np.empty(0, array.dtype)
    if eigenvectors:
        columns = vectors.real.astype(array.dtype).copy()
        second = np.flatnonzero(values.imag < 0)
        columns[:, second] = vectors.imag[:, second - 1]
    face = type(x)._face or type(x)
    if x.is_cuda:
        packed, columns = (backend.from_host(a, _array(x)) for a in (packed, columns))
    return _core.make(packed, face), _core.make(columns, face)


def _solving(name):
    """Today's method on right-hand sides in the columns of a matrix; a vector counts as one column."""
    todays = METHODS[name]

    def solve(x, *args):
        return todays(METHODS["unsqueeze"](x, 1) if _array(x).ndim == 1 else x, *args)

    return solve


TARGETS = {
    **{f.__name__: f for f in (crossed, singular_values, least_squares, multiplied, eigen_symmetric, eigen)},
    "solved": _solving("gesv"), "solved_by_factor": _solving("potrs"), "solved_by_triangle": _solving("trtrs"),
}  # fmt: skip
