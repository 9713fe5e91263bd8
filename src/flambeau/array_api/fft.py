"""The fft extension of the array API standard."""

from .. import fft as _fft
from ._array import faced
from ._dtypes import check_array

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn",
    "rfft", "rfftfreq", "rfftn",
]  # fmt: skip

_ONE = {
    "fft": "the discrete Fourier transform",
    "ifft": "the inverse of fft",
    "rfft": "the half of the transform that real input has",
    "irfft": "the inverse of rfft: real output",
    "hfft": "the transform, real, of input with Hermitian symmetry, of which half is given",
    "ihfft": "the inverse of hfft",
}
_MANY = {
    "fftn": "fft over several dimensions",
    "ifftn": "the inverse of fftn",
    "rfftn": "fftn of real input, the last dimension by rfft",
    "irfftn": "the inverse of rfftn: real output",
}


def _one(name):
    ours = getattr(_fft, name)

    def function(x, /, *, n=None, axis=-1, norm="backward"):
        check_array(name, x)
        return ours(x, n, axis, norm)

    function.__doc__ = f"{name}(x, n=None, axis=-1, norm='backward') -> Tensor: {_ONE[name]} along axis."
    function.__name__ = function.__qualname__ = name
    return function


def _many(name):
    ours = getattr(_fft, name)

    def function(x, /, *, s=None, axes=None, norm="backward"):
        check_array(name, x)
        return ours(x, s, axes, norm)

    function.__doc__ = f"{name}(x, s=None, axes=None, norm='backward') -> Tensor: {_MANY[name]}."
    function.__name__ = function.__qualname__ = name
    return function


fft, ifft, rfft, irfft, hfft, ihfft = [_one(name) for name in _ONE]
fftn, ifftn, rfftn, irfftn = [_many(name) for name in _MANY]


def fftfreq(n, /, *, d=1.0, dtype=None, device=None):
    """fftfreq(n, d=1.0, dtype=None, device=None) -> 1-D Tensor: the frequencies of fft for n samples d apart."""
    return _fft.fftfreq(n, d, dtype=dtype, device=device)


def rfftfreq(n, /, *, d=1.0, dtype=None, device=None):
    """rfftfreq(n, d=1.0, dtype=None, device=None) -> 1-D Tensor: the frequencies of rfft for n samples d apart."""
    return _fft.rfftfreq(n, d, dtype=dtype, device=device)


def fftshift(x, /, *, axes=None):
    """fftshift(x, axes=None) -> Tensor: the zero frequency moved to the middle of the axes (all)."""
    check_array("fftshift", x)
    return x.clone() if axes == () else _fft.fftshift(x, axes)


def ifftshift(x, /, *, axes=None):
    """ifftshift(x, axes=None) -> Tensor: the inverse of fftshift."""
    check_array("ifftshift", x)
    return x.clone() if axes == () else _fft.ifftshift(x, axes)


faced(__all__, globals())
