"""Linear algebra under 0.3's names that today's library has no longer."""

import numpy as np

from .. import _core
from ..ops import METHODS
from .faces import _array


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


def eigen_symmetric(x, eigenvectors, upper):
    """symeig(eigenvectors=False, upper=True) -> (e, V): ascending; V is zero unless asked for."""
    from ..linalg import eigh

    values, vectors = eigh(x, UPLO="U" if upper else "L")
    return values, vectors if eigenvectors else vectors * 0


def eigen(x, eigenvectors):
    """eig(eigenvectors=False) -> (e, V): e (n, 2) has real and imaginary parts; V as LAPACK's geev packs it, a complex
    pair's vectors as the real and the imaginary part in two columns. Without gradient."""
    array = _array(x)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise RuntimeError(f"eig: the argument must be a square matrix, got size {list(array.shape)}")
    backend = _core.backend_for(x)
    array = array if isinstance(array, np.ndarray) else backend.to_host(array)
    values, vectors = np.linalg.eig(array)
    packed = np.stack([values.real, values.imag], 1).astype(array.dtype)
    columns = np.zeros_like(array)
    if eigenvectors:
        columns = vectors.real.astype(array.dtype).copy()
        second = np.flatnonzero(values.imag < 0)
        columns[:, second] = vectors.imag[:, second - 1]
    face = type(x)._face or type(x)
    if x.is_cuda:
        packed, columns = (backend.from_host(a, _array(x)) for a in (packed, columns))
    return _core.make(packed, face), _core.make(columns, face)


TARGETS = {f.__name__: f for f in (crossed, singular_values, eigen_symmetric, eigen)}
