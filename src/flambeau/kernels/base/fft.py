"""Base kernels of discrete Fourier transforms, through the FFT of the array library (pocketfft, cuFFT).

The transforms are not normalised; each kernel multiplies by `scale`. float32 and complex64 stay in single precision.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, array_namespace


def _scaled(x, scale):
    return x if scale == 1 else x * x.dtype.type(scale)


def _along(x, axes, forward):
    fft = array_namespace(x).fft
    for axis in axes:
        x = fft.fft(x, axis=axis) if forward else fft.ifft(x, axis=axis, norm="forward")
    return x


def fft_c2c(x: Array, axes: tuple[int, ...], scale: float, forward: bool) -> Array:
    """scale sum over n of x[n] exp(-+ 2 pi i k n / N) along each of the axes, for complex x."""
    if not axes:
        return x.copy()
    with np.errstate(all="ignore"):
        return _scaled(_along(x, axes, forward), scale)


def fft_r2c(x: Array, axes: tuple[int, ...], scale: float) -> Array:
    """The forward transform of real x; of the last of the axes only the first N // 2 + 1 frequencies."""
    with np.errstate(all="ignore"):
        half = array_namespace(x).fft.rfft(x, axis=axes[-1])
        return _scaled(_along(half, axes[:-1], True), scale)


def fft_c2r(x: Array, axes: tuple[int, ...], scale: float, n: int) -> Array:
    """The real result of the inverse transform of the N // 2 + 1 frequencies x; n: the size of its last axis."""
    with np.errstate(all="ignore"):
        real = array_namespace(x).fft.irfft(_along(x, axes[:-1], False), n, axis=axes[-1], norm="forward")
        return _scaled(real, scale)
