"""Discrete Fourier transforms: the functions of `flambeau.fft`."""

import numpy as np

import flambeau as fb
from flambeau import fft

from ..table import Bad, Row, Sample

REAL = ("float32", "float64")
BOTH = (*REAL, "complex64", "complex128")
NORMS = ("backward", "ortho", "forward")


def _one(t):
    made = [
        Sample(t(6)),
        Sample(t(3, 5), dim=0),
        Sample(t(2, 3, 4), 6, 1),
        Sample(t(2, 7), 4),
        Sample(t(2)),
        Sample(t(2, 33)),
    ]
    return (
        made + [Sample(t(5), norm=norm) for norm in NORMS] + [Sample(t(2, 6), 5, -1, norm) for norm in NORMS]
    )


def _with_ints(t):
    return _one(t) + ([Sample(t.ints(9, 5)), Sample(t.bools(6))] if t.dtype == "float32" else [])


def _many(t):
    made = [
        Sample(t(3, 4)),
        Sample(t(2, 3, 4), dim=(0, 2)),
        Sample(t(2, 3, 4), (4, 5)),
        Sample(t(2, 3, 4), (-1, 3), (1, 0)),
        Sample(t(2, 3, 4), s=(3, 4, 5)),
        Sample(t(6)),
    ]
    return made + [Sample(t(3, 4), norm=norm) for norm in NORMS]


def _two(t):
    made = [Sample(t(3, 4)), Sample(t(2, 3, 4), (4, 5)), Sample(t(2, 3, 4), dim=(0, 1))]
    return made + [Sample(t(3, 5), (4, 4), (1, 0), norm) for norm in NORMS]


def _small_one(t):
    return [Sample(t(5)), Sample(t(2, 4), 6, -1, "ortho"), Sample(t(4, 2), 3, 0, "forward"), Sample(t(2), 1)]


def _small_many(t):
    return [Sample(t(2, 3)), Sample(t(2, 3, 2), (3, 4), (0, 1), "ortho"), Sample(t(2, 4), norm="forward")]


def _padded(name):
    """NumPy's function; it takes the same arguments but no -1 in `s`."""
    function = getattr(np.fft, name)

    def reference(x, s=None, dim=None, norm=None):
        if s is not None:
            dim = tuple(range(x.ndim - len(s), x.ndim)) if dim is None else dim
            s = [x.shape[d] if n == -1 else n for n, d in zip(s, dim, strict=True)]
        return function(x, s, dim, norm)

    return reference


def _numpy_one(name):
    function = getattr(np.fft, name)
    return lambda x, n=None, dim=-1, norm=None: function(x, n, dim, norm)


def _numpy_two(name):
    inner = _padded(name)
    return lambda x, s=None, dim=(-2, -1), norm=None: inner(x, s, dim, norm)


def _common(t):
    return [
        Bad(Sample(t(4), 0), RuntimeError, r"Invalid number of data points \(0\) specified"),
        Bad(Sample(t(4), dim=1), IndexError, "Dimension out of range"),
        Bad(Sample(t(4), norm="a"), RuntimeError, 'Invalid normalization mode: "a"'),
        Bad(Sample(t(4, dtype="float16")), RuntimeError, "Unsupported dtype Half"),
        Bad(Sample("a"), TypeError, r"argument 'input' \(position 1\) must be Tensor, not str"),
    ]


def _errors_one(t):
    return _common(t) + [
        Bad(Sample(t()), IndexError, "Dimension specified as -1 but tensor has no dimensions"),
        Bad(Sample(t(4), 2.5), TypeError, "argument 'n' .* must be int, not float"),
        Bad(Sample(t(4), out=t.ints(9, 4)), RuntimeError, "expects a complex output tensor, but got Long"),
    ]


def _errors_many(t):
    return [
        Bad(Sample(t(2, 3), (3, 0)), RuntimeError, r"Invalid number of data points \(0\) specified"),
        Bad(Sample(t(2, 3), dim=(0, 2)), IndexError, "Dimension out of range"),
        Bad(Sample(t(2, 3), dim=(0, 0)), RuntimeError, "FFT dims must be unique"),
        Bad(Sample(t(2, 3), (2, 3), (1,)), RuntimeError, "dim and shape arguments must have the same length"),
    ]


def _errors_any(t):
    return _errors_many(t) + [
        Bad(Sample(t(4), (2, 3)), RuntimeError, "Got shape with 2 values but input tensor only has 1 dim")
    ]


def _errors_real(t):
    return [Bad(Sample(t(2, 3, dtype="complex64")), RuntimeError, "real|floating-point")]


def _with_real(errors):
    return lambda t: errors(t) + _errors_real(t)


def _row(name, samples, reference, small, errors, dtypes=BOTH):
    return Row(f"fft.{name}", samples, reference, dtypes=dtypes, grad_samples=small, errors=errors,
               function=getattr(fft, name), torch=f"fft.{name}")  # fmt: skip


ROWS = [
    _row("fft", _with_ints, _numpy_one("fft"), _small_one, _errors_one),
    _row("ifft", _with_ints, _numpy_one("ifft"), _small_one, _errors_one),
    _row("rfft", _with_ints, _numpy_one("rfft"), _small_one, _with_real(_errors_one), REAL),
    _row("irfft", _with_ints, _numpy_one("irfft"), _small_one, _common),
    _row("hfft", _with_ints, _numpy_one("hfft"), _small_one, _common),
    _row("ihfft", _one, _numpy_one("ihfft"), _small_one, _with_real(_common), REAL),
    _row("fftn", _many, _padded("fftn"), _small_many, _errors_any),
    _row("ifftn", _many, _padded("ifftn"), _small_many, _errors_any),
    _row("rfftn", _many, _padded("rfftn"), _small_many, _with_real(_errors_any), REAL),
    _row("irfftn", _many, _padded("irfftn"), _small_many, _errors_any),
    _row("hfftn", _many, None, _small_many, _errors_any),
    _row("ihfftn", _many, None, _small_many, _with_real(_errors_any), REAL),
    _row("fft2", _two, _numpy_two("fft2"), _small_many, _errors_many),
    _row("ifft2", _two, _numpy_two("ifft2"), _small_many, _errors_many),
    _row("rfft2", _two, _numpy_two("rfft2"), _small_many, _with_real(_errors_many), REAL),
    _row("irfft2", _two, _numpy_two("irfft2"), _small_many, _errors_many),
    _row("hfft2", _two, None, _small_many, _errors_many),
    _row("ihfft2", _two, None, _small_many, _with_real(_errors_many), REAL),
]


def _shifts(t):
    return [
        Sample(t(5)),
        Sample(t(2, 3, 4)),
        Sample(t(2, 3, 4), dim=1),
        Sample(t(4, 3), (0, -1)),
        Sample(t(0, 2)),
    ]


ROWS += [
    Row(f"fft.{name}", _shifts, lambda x, dim=None, f=name: getattr(np.fft, f)(x, dim), function=getattr(fft, name),
        torch=f"fft.{name}", dtypes=(*BOTH, "int64", "bool"),
        errors=lambda t: [Bad(Sample(t(3), 1), IndexError, "Dimension out of range")])
    for name in ("fftshift", "ifftshift")
]  # fmt: skip


def _frequency_errors(t):
    return [
        Bad(Sample(-1), RuntimeError, "negative dimension -1"),
        Bad(Sample(4, dtype=fb.int64), RuntimeError, "requires a floating point or complex dtype"),
        Bad(Sample(4.0), TypeError, "argument 'n' .* must be int, not float"),
    ]


ROWS += [
    Row(f"fft.{name}", lambda t: [Sample(n) for n in (0, 1, 2, 5, 8)] + [Sample(6, 0.5)], function=getattr(fft, name),
        torch=f"fft.{name}", dtypes=("float32",), grad=False, errors=_frequency_errors)
    for name in ("fftfreq", "rfftfreq")
]  # fmt: skip
