"""How tensors are shown: the text of `repr`, and `set_printoptions`."""

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from .dtype import bool_, get_default_dtype, int64
from .tensor import Tensor


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()
_PROFILES: dict[str, dict[str, Any]] = {
    "default": dict(precision=4, threshold=1000, edgeitems=3, linewidth=80),
    "short": dict(precision=2, threshold=1000, edgeitems=2, linewidth=80),
    "full": dict(precision=4, threshold=math.inf, edgeitems=3, linewidth=80),
}


def set_printoptions(
    precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None
):
    """set_printoptions(precision=4, threshold=1000, edgeitems=3, linewidth=80, profile=None, sci_mode=None)

    precision: digits after the point. threshold: tensors of more elements are summarised, with `edgeitems` elements
    at both ends of each dimension. linewidth: characters of a line. profile: "default", "short" or "full" set all of
    these. sci_mode: True or False for scientific notation always or never; None (also when left out) decides by the
    values.
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(
                f"set_printoptions(): profile must be one of {', '.join(_PROFILES)}, got {profile!r}"
            )
        for name, value in _PROFILES[profile].items():
            setattr(_options, name, value)
    given = dict(precision=precision, threshold=threshold, edgeitems=edgeitems, linewidth=linewidth)
    for name, value in given.items():
        if value is not None:
            setattr(_options, name, value)
    _options.sci_mode = sci_mode


class _Format:
    """How the numbers of one tensor are written: all in one style and, padded on the left, of one width."""

    def __init__(self, values):
        self.floating = values.dtype.kind == "f"
        self.integral, self.scientific, self.width = True, False, 1
        values = values.reshape(-1)
        if not self.floating:
            self.width = max((len(str(v)) for v in values.tolist()), default=1)
            return
        values = values.astype(np.float64)
        values = values[np.isfinite(values) & (values != 0)]
        if not values.size:
            return
        largest, smallest = np.abs(values).max(), np.abs(values).min()
        self.integral = bool((values == np.ceil(values)).all())
        with np.errstate(all="ignore"):
            self.scientific = bool(
                largest / smallest > 1000 or largest > 1e8 or (not self.integral and smallest < 1e-4)
            )
        if _options.sci_mode is not None:
            self.scientific = bool(_options.sci_mode)
        self.width = max(len(self(v)) for v in values.tolist())

    def __call__(self, value):
        if not self.floating:
            text = str(value)
        elif self.scientific:
            text = f"{value:.{_options.precision}e}"
        elif self.integral:
            text = f"{value:.0f}" + "." * math.isfinite(value)
        else:
            text = f"{value:.{_options.precision}f}"
        return text.rjust(self.width)


class _ComplexFormat:
    def __init__(self, values):
        self.real, self.imag = _Format(values.real), _Format(values.imag)
        self.width = self.real.width + self.imag.width + 1

    def __call__(self, value):
        imag = self.imag(value.imag).lstrip() + "j"
        return self.real(value.real) + ("" if imag[0] in "+-" else "+") + imag


def _edges(array):
    """The elements that a summary shows."""
    n = _options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * n:
            array = np.take(array, [*range(n), *range(size - n, size)], axis=axis)
    return array


def _nested(array, form, indent, summarize):
    """The text of an array: brackets, elements, line breaks; `indent` characters stand before it."""
    if array.ndim == 0:
        return form(array.item())
    n = _options.edgeitems
    cut = summarize and len(array) > 2 * n
    parts = [*array[:n], ..., *array[len(array) - n :]] if cut else list(array)
    if array.ndim == 1:
        texts = [" ..." if p is ... else form(p.item()) for p in parts]
        per_line = max(1, (_options.linewidth - indent) // (form.width + 2))
        lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    texts = ["..." if p is ... else _nested(p, form, indent + 1, summarize) for p in parts]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(texts) + "]"


def _elements(t, indent):
    array = _core.array_of(t.detach().cpu())
    if t.dtype.itemsize == 2 and t.is_floating_point():
        array = array.astype(np.float32)
    summarize = array.size > _options.threshold
    shown = _edges(array) if summarize else array
    form = (_ComplexFormat if t.is_complex() else _Format)(shown)
    return _nested(array, form, indent, summarize)


def number_texts(array):
    """The elements of a NumPy array as texts of one style, in row-major order."""
    form = (_ComplexFormat if array.dtype.kind == "c" else _Format)(array)
    return [form(v) for v in array.reshape(-1).tolist()]


def _is_plain(cls):
    parameter = sys.modules.get("flambeau.nn.parameter")
    return cls is Tensor or (parameter is not None and cls is parameter.Parameter)


def tensor_repr(t):
    """The text of a tensor: `tensor(<elements>, <what is not the default: device, size, dtype, gradient>)`."""
    text = ("tensor" if _is_plain(type(t)) else type(t).__name__) + "("
    indent = len(text)
    default = get_default_dtype()
    notes = []
    if t.device.type != "cpu":
        notes.append(f"device='{t.device}'")
    if t.numel() == 0:
        if t.ndim != 1:
            notes.append(f"size={tuple(t.shape)}")
        if t.dtype is not default:
            notes.append(f"dtype={t.dtype}")
        text += "[]"
    else:
        if t.dtype not in (default, default.to_complex(), int64, bool_):
            notes.append(f"dtype={t.dtype}")
        text += _elements(t, indent)
    if t.grad_fn is not None:
        notes.append(f"grad_fn=<{t.grad_fn.name()}>")
    elif t.requires_grad:
        notes.append("requires_grad=True")
    length = len(text) - text.rfind("\n") + 1
    for note in notes:
        if length + len(note) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + note
            length = indent + len(note)
        else:
            text += ", " + note
            length += len(note) + 2
    return text + ")"
