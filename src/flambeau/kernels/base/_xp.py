"""What all base kernels share: the array library of an argument, the computing type of half precision."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or cupy.ndarray


def array_namespace(x: Array) -> Any:
    """The library that x belongs to: numpy, or cupy (which exists already if one of its arrays does)."""
    return np if isinstance(x, np.ndarray) else sys.modules[type(x).__module__.partition(".")[0]]


def is_half(dtype: np.dtype) -> bool:
    """Whether dtype is float16 or bfloat16 (which NumPy knows as an unstructured 2-byte void)."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def widen(x: Array) -> Array:
    """x in the type that kernels compute in: float32 for the half types, otherwise x itself."""
    return x.astype(np.float32) if is_half(x.dtype) else x
