"""Random Tensors for the tests of the array API, and comparison with NumPy, which follows the same standard."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import flambeau.array_api as xp

BOOL, UNSIGNED, SIGNED = ["bool"], ["uint8", "uint16", "uint32", "uint64"], ["int8", "int16", "int32", "int64"]
REAL, COMPLEX = ["float32", "float64"], ["complex64", "complex128"]
INTS, FLOATS = UNSIGNED + SIGNED, REAL + COMPLEX
NUMERIC = INTS + FLOATS
ALL = BOOL + NUMERIC
TOLERANCE = {"float32": 2e-5, "complex64": 5e-5, "float64": 1e-12, "complex128": 1e-11}


def promotes(a, b):
    """Whether the standard promotes two dtypes: of one kind, ints of all kinds but uint64 with signed ones, floats with
    complex numbers."""
    a, b = np.dtype(a), np.dtype(b)
    kinds = {a.kind, b.kind}
    if kinds == {"i", "u"}:
        return np.dtype("u8") not in (a, b)
    return len(kinds) == 1 or kinds == {"f", "c"}


shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


def elements(dtype, special=False, low=-5, high=5):
    """Values of a dtype: small ints; floats with zeros of both signs and, if special, infinities and NaN."""
    d = np.dtype(dtype)
    if d.kind == "b":
        return st.booleans()
    if d.kind in "iu":
        return st.integers(max(low, 0) if d.kind == "u" else low, high)
    floats = st.floats(low, high, width=32, allow_subnormal=False)
    if d.kind == "c":
        return st.builds(complex, floats, floats)
    return st.one_of(floats, st.sampled_from([np.inf, -np.inf, np.nan, 0.0, -0.0])) if special else floats


def arrays(dtypes, shape=shapes, **options):
    """NumPy arrays of one of the dtypes."""
    return st.sampled_from(dtypes).flatmap(lambda d: hnp.arrays(d, shape, elements=elements(d, **options)))


def tensor(array):
    """A Tensor with the elements of an array of any strides."""
    return xp.asarray(np.array(array))


def check(ours, theirs, like=None):
    """Same shape, dtype and, to rounding, elements."""
    theirs = np.asarray(theirs)
    assert isinstance(ours, xp.asarray(0).__class__)
    assert tuple(ours.shape) == theirs.shape and ours.dtype.name == theirs.dtype.name, (ours, theirs)
    tolerance = TOLERANCE.get(ours.dtype.name, 0)
    scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=1.0) if tolerance else 1
    np.testing.assert_allclose(np.asarray(ours), theirs, tolerance, tolerance * float(scale))
