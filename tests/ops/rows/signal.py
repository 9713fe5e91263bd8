"""Windows and the short-time Fourier transform."""

import numpy as np

import flambeau as fb

from ..table import Bad, Row, Sample

FULL = ("float32", "float64")
NUMPY = {"bartlett": np.bartlett, "blackman": np.blackman, "hamming": np.hamming, "hann": np.hanning}


def _sizes(t):
    return [Sample(n, periodic) for n in (0, 1, 2, 5, 8, 33) for periodic in (True, False)]


def _symmetric_or_not(function, *options):
    """NumPy has the symmetric windows; a periodic one is a symmetric one of one more point without it."""

    def reference(n, periodic=True, *given):
        return (
            function(n + 1, *(given or options))[:n]
            if periodic and n > 1
            else function(n, *(given or options))
        )

    return reference


def _window_errors(name):
    return lambda t: [
        Bad(Sample(-1), RuntimeError, f"{name} requires non-negative window_length, got window_length=-1"),
        Bad(Sample(4, dtype=fb.int64), RuntimeError, f"{name} expects floating point dtypes"),
        Bad(Sample(4, dtype=fb.complex64), NotImplementedError, "not implemented for 'ComplexFloat'"),
        Bad(Sample(4.5), TypeError, r"argument 'window_length' \(position 1\) must be int, not float"),
        Bad(Sample(4, layout=fb.sparse_coo), RuntimeError, f"{name} is not implemented for sparse types"),
    ]


def _window(name, samples, reference):
    return Row(name, samples, reference, dtypes=("float32",), grad=False, errors=_window_errors(name),
               rtol={"float32": 2e-5}, atol={"float32": 1e-6})  # fmt: skip


ROWS = [_window(f"{name}_window", _sizes, _symmetric_or_not(function)) for name, function in NUMPY.items()]
ROWS += [
    _window("kaiser_window", lambda t: _sizes(t) + [Sample(7, True, 5.0), Sample(7, False, 8.6)],
            _symmetric_or_not(np.kaiser, 12.0)),
    _window("hamming_window", lambda t: [Sample(6, True, 0.5), Sample(6, False, 0.6, 0.4)], None),
]  # fmt: skip


# ---- short-time Fourier transforms


def _signals(t):
    w = t(8, low=0.5, high=1.5).real if t.dtype.startswith("complex") else t(8, low=0.5, high=1.5)
    made = [
        Sample(t(40), 8, window=w, return_complex=True),
        Sample(t(2, 30), 8, 3, window=w, return_complex=True),
        Sample(t(30), 8, 5, 8, w, False, return_complex=True),
        Sample(t(30), 8, window=w, pad_mode="constant", normalized=True, return_complex=True),
        Sample(t(30), 8, window=w, onesided=False, return_complex=True),
        Sample(t(30), 11, 4, 8, w, return_complex=True),
        Sample(t(25), 8, window=w, center=False, align_to_window=False, return_complex=True),
        Sample(t(20), 8, return_complex=True),
    ]
    return (
        made if t.dtype.startswith("complex") else made + [Sample(t(30), 8, window=w, return_complex=False)]
    )


def _stft_errors(t):
    w = t(4)
    return [
        Bad(
            Sample(t(20), 4),
            RuntimeError,
            "stft requires the return_complex parameter be given for real inputs",
        ),
        Bad(Sample(t(20), 0, return_complex=True), RuntimeError, r"expected 0 < n_fft < 20, but got n_fft=0"),
        Bad(
            Sample(t(20), 4, 0, return_complex=True),
            RuntimeError,
            r"torch.FloatTensor\[24\], n_fft=4.*hop_length > 0",
        ),
        Bad(
            Sample(t(20), 4, win_length=5, return_complex=True),
            RuntimeError,
            "expected 0 < win_length <= n_fft",
        ),
        Bad(
            Sample(t(20), 4, window=t(3), return_complex=True),
            RuntimeError,
            "expected a 1D window tensor of size",
        ),
        Bad(Sample(t(1, 1, 20), 4, return_complex=True), RuntimeError, "expected a 1D or 2D tensor"),
        Bad(Sample(t(20), 40, center=False, return_complex=True), RuntimeError, "expected 0 < n_fft < 20"),
        Bad(Sample(t.ints(9, 20), 4, return_complex=True), RuntimeError, "floating point or complex values"),
        Bad(
            Sample(t(20, dtype="complex64"), 4, window=w, onesided=True),
            RuntimeError,
            "Cannot have onesided output",
        ),
        Bad(
            Sample(t(20), 4, align_to_window=True, return_complex=True),
            RuntimeError,
            "only be set when center",
        ),
    ]


def _spectra(t):
    def window(n):
        return t(n, low=0.5, high=1.5).real

    return [
        Sample(t(5, 9), 8, window=window(8)),
        Sample(t(2, 5, 7), 8, 3, window=window(8)),
        Sample(t(5, 6), 8, 5, 8, window(8), False),
        Sample(t(5, 9), 8, window=window(8), normalized=True),
        Sample(t(8, 9), 8, window=window(8), onesided=False),
        Sample(t(8, 9), 8, window=window(8), onesided=False, return_complex=True),
        Sample(t(6, 9), 11, 4, 8, window(8), length=20),
        Sample(t(5, 4), 8, window=window(8), length=30),
        Sample(t(5, 9), 8),
    ]


def _istft_errors(t):
    def window(n):
        return t(n).real

    return [
        Bad(Sample(t(3, 5).real, 4), RuntimeError, "istft requires a complex-valued input tensor"),
        Bad(Sample(t(3, 5), 6), RuntimeError, "to match n_fft / 2 \\+ 1 when onesided=True, but got 3"),
        Bad(
            Sample(t(3, 5), 4, onesided=False), RuntimeError, "to match n_fft when onesided=False, but got 3"
        ),
        Bad(Sample(t(3, 5), 4, 5), RuntimeError, "expected 0 < hop_length <= win_length"),
        Bad(Sample(t(3, 5), 4, win_length=5), RuntimeError, "expected 0 < win_length <= n_fft"),
        Bad(Sample(t(3, 5), 4, window=window(3)), RuntimeError, "Invalid window shape"),
        Bad(Sample(t(3, 5), 4, window=window(4) * 0), RuntimeError, "window overlap add min: 1"),
        Bad(Sample(t(0, 5), 4), RuntimeError, "input tensor cannot be empty"),
        Bad(Sample(t(1, 1, 3, 5), 4), RuntimeError, "expected a tensor with 3 or 4 dimensions, but got 5"),
        Bad(Sample(t(3, 5), 4, return_complex=True), RuntimeError, "Cannot have onesided output"),
        Bad(Sample(t(3, 5), 4, window=t(4)), RuntimeError, "Complex windows are incompatible"),
    ]


ROWS += [
    Row("stft", _signals, dtypes=(*FULL, "complex64", "complex128"), errors=_stft_errors,
        grad_samples=lambda t: [Sample(t(10), 4, 2, window=t(4, low=0.5, high=1.5), return_complex=True)]),
    Row("istft", _spectra, dtypes=("complex64", "complex128"), errors=_istft_errors,
        grad_samples=lambda t: [Sample(t(3, 4), 4, 2, window=t(4, low=0.5, high=1.5).real)]),
]  # fmt: skip
