"""The functions of virtual arrays by NumPy's names: those that CuPy has too."""

import contextlib
import math
import threading
import types

import numpy as np

from .arrays import call, launch, ndarray, ufunc, wrap

_UFUNCS = (
    "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or bitwise_xor "
    "ceil conj copysign cos cosh deg2rad divide equal exp exp2 expm1 floor floor_divide fmax fmin fmod gcd "
    "greater greater_equal hypot invert isfinite isinf isnan lcm left_shift less less_equal log log10 log1p "
    "log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor maximum minimum multiply "
    "negative nextafter not_equal power rad2deg reciprocal remainder right_shift rint sign signbit sin sinh "
    "sqrt square subtract tan tanh true_divide trunc"
).split()
_FUNCTIONS = (
    "all angle any arange argmax argmin argpartition argsort ascontiguousarray bincount broadcast_arrays "
    "broadcast_to clip concatenate cumprod cumsum diff expand_dims flatnonzero flip frexp full full_like isclose "
    "isin matmul max may_share_memory min moveaxis nan_to_num nonzero ones ones_like prod repeat result_type "
    "roll searchsorted sinc sort squeeze stack sum swapaxes tile transpose unique unravel_index where zeros_like"
).split()


def _function(name):
    return lambda *args, **kwargs: call(getattr(np, name), args, kwargs)


def array(obj, dtype=None, copy=True, order="K"):
    """A copy of an array of the current device, of NumPy or of a sequence."""
    if isinstance(obj, ndarray):
        if not copy and (dtype is None or dtype == obj.dtype):
            return obj
        return wrap(launch(lambda x: np.array(x, dtype, order=order), obj))
    if isinstance(obj, (list, tuple)) and any(isinstance(v, ndarray) for v in obj):
        raise TypeError("array(): a list of arrays")
    return wrap(np.array(obj, dtype, order=order))


def asarray(a, dtype=None, order="K"):
    """array(a), or a itself when it is one."""
    return array(a, dtype, False, order)


def asnumpy(a):
    """A copy in host memory."""
    return a.get()


def empty(shape, dtype=float, order="C"):
    """Uninitialised."""
    return ndarray(shape, dtype, order=order)


def zeros(shape, dtype=float, order="C"):
    """Zeros."""
    out = ndarray(shape, dtype, order=order)
    launch(lambda x: x.__setitem__(..., 0), out, changed=(out,))
    return out


def empty_like(a, dtype=None):
    """Uninitialised, of the shape of a."""
    return empty(a.shape, a.dtype if dtype is None else dtype)


def take(a, indices, axis=None, out=None):
    """Elements or slices by their indices."""
    return a.take(indices, axis)


def take_along_axis(a, indices, axis):
    """Elements of a along an axis; indices wrap around."""
    return wrap(launch(lambda x, i: np.take_along_axis(x, np.mod(i, x.shape[axis] or 1), axis), a, indices))


def put_along_axis(arr, indices, values, axis):
    """Sets elements along an axis."""
    launch(np.put_along_axis, arr, indices, values, axis, changed=(arr,))


class _Mode(threading.local):
    linalg = "ignore"


_mode = _Mode()


@contextlib.contextmanager
def errstate(*, linalg):
    """A context in which failures of functions of `linalg` raise ("raise"), or give NaN ("ignore")."""
    before, _mode.linalg = _mode.linalg, linalg
    try:
        yield
    finally:
        _mode.linalg = before


def _linalg_function(name):
    function = getattr(np.linalg, name)

    def checked(a, *args, **options):
        try:
            return call(function, (a, *args), options)
        except np.linalg.LinAlgError:
            if _mode.linalg == "raise":
                raise
            return call(np.full, (a.shape, np.nan, a.dtype), {})

    return checked


_LINALG = "cholesky det eigh eigvalsh inv qr slogdet solve svd".split()


def _fft_function(name):
    return lambda *args, **kwargs: call(getattr(np.fft, name), args, kwargs)


def _special(name):
    function = np.vectorize(getattr(math, name), otypes=[np.float64])
    return lambda a: wrap(launch(lambda x: np.asarray(function(x)).astype(x.dtype), a))


_OWN = (array, asarray, asnumpy, empty, empty_like, ndarray, put_along_axis, take, take_along_axis, zeros)

library = types.SimpleNamespace(
    broadcast_shapes=np.broadcast_shapes,
    errstate=errstate,
    fft=types.SimpleNamespace(**{name: _fft_function(name) for name in ("fft", "ifft", "rfft", "irfft")}),
    linalg=types.SimpleNamespace(**{name: _linalg_function(name) for name in _LINALG}),
    special=types.SimpleNamespace(erf=_special("erf"), erfc=_special("erfc")),
    **{function.__name__: function for function in _OWN},
    **{name: ufunc(name) for name in _UFUNCS},
    **{name: _function(name) for name in _FUNCTIONS},
)
