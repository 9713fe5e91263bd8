"""How 0.3 shows tensors: bare columns, a common scale, and the type and size below."""

import math
from dataclasses import dataclass

import numpy as np

from .faces import shown_array, type_name

_PROFILES = {"default": (4, 1000, 3, 80), "short": (2, 1000, 2, 80), "full": (4, math.inf, 3, 80)}


class _Options:
    precision, threshold, edgeitems, linewidth = _PROFILES["default"]


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None):
    """set_printoptions(precision=4, threshold=1000, edgeitems=3, linewidth=80, profile=None)

    precision: digits after the point; threshold: tensors with as many elements are shortened to edgeitems at each end
    of a dimension; linewidth: characters per line; profile: "default", "short" or "full", under the other arguments.
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
        _Options.precision, _Options.threshold, _Options.edgeitems, _Options.linewidth = _PROFILES[profile]
    for name, value in dict(precision=precision, threshold=threshold, edgeitems=edgeitems, linewidth=linewidth).items():
        if value is not None:
            setattr(_Options, name, value)


@dataclass
class _Format:
    """How the numbers of a tensor are written: all of one width, divided by a common scale."""

    width: int
    form: str
    scale: float = 1

    @classmethod
    def of(cls, values, least=0):
        """The format for values; `least` is the smallest width."""
        kept = np.abs(values.astype(np.float64).ravel())
        kept = kept[np.isfinite(kept)]
        low, high = (_digits(kept.min()), _digits(kept.max())) if kept.size else (1, 1)
        precision = _Options.precision
        powers = f".{precision}e"
        if (kept == np.ceil(kept)).all():
            if high > precision + 1:
                return cls(max(least, 7 + precision), powers)
            return cls(max(least, high + 1), ".0f")
        if high - low > precision:
            return cls(max(least, 7 + precision + (max(abs(high), abs(low)) > 99)), powers)
        if high > precision + 1 or high < 0:
            return cls(max(least, 7), f".{precision}f", math.pow(10, high - 1))
        return cls(max(least, high + 6 if high else 7), f".{precision}f")

    def row(self, values):
        """Numbers beside each other."""
        scaled = values / self.scale if self.scale != 1 else values
        return " ".join([f"{v:{self.width}{self.form}}" for v in scaled.tolist()])

    def scale_line(self):
        """The line above scaled numbers."""
        return f"{self.scale:.5e} *\n" if self.scale != 1 else ""

    def indent(self):
        """What stands before scaled numbers."""
        return " " if self.scale != 1 else ""


def _digits(value):
    """Digits before the point of a number (0 or fewer below 1); 1 for 0."""
    return math.floor(math.log10(value)) + 1 if value else 1


def _is_long(n):
    return n > 2 * _Options.edgeitems


def _vector(values):
    form, n = _Format.of(values), _Options.edgeitems
    lines = [form.indent() + form.row(values[i : i + 1]) + "\n" for i in _shown(values.shape[0], values.size)]
    if values.size >= _Options.threshold:
        lines.insert(n, form.indent() + "\u22ee".center(form.width) + "\n")
    return form.scale_line() + "".join(lines)


def _shown(length, size):
    """The places along a dimension that are shown of a tensor with `size` elements."""
    n = _Options.edgeitems
    if size < _Options.threshold or not _is_long(length):
        return range(length)
    return [*range(n), *range(length - n, length)]


def _matrix(values, indent="", form=None, shorten=None):
    """The rows of a matrix, in blocks of columns where a line is too long, or only its corners."""
    long_rows, long_columns = _is_long(values.shape[0]), _is_long(values.shape[1])
    form = form or _Format.of(values, 5 if long_rows or long_columns else 0)
    if shorten is None:
        shorten = values.size >= _Options.threshold
    if shorten and (long_rows or long_columns):
        return _corners(values, indent, form, long_rows, long_columns)
    columns = values.shape[1]
    per_line = max(1, (_Options.linewidth - len(indent)) // (form.width + 1))
    text = ""
    for first in range(0, columns, per_line):
        last = min(first + per_line, columns)
        if per_line < columns:
            text += f"\nColumns {first} to {last - 1} \n{indent}"
        text += form.scale_line()
        for row in values[:, first:last]:
            text += f"{indent}{form.indent()}{form.row(row)}\n"
    return text


def _corners(values, indent, form, long_rows, long_columns):
    n = _Options.edgeitems

    def line(row):
        if long_columns:
            return f"{indent}{form.row(row[:n])}  ...  {form.row(row[-n:])}\n"
        return f"{indent}{form.row(row)}\n"

    if not long_rows:
        return form.scale_line() + "".join(map(line, values))
    if long_columns:
        dots = "...".center((form.width + 1) * n - 1)
        middle = f"{indent}{dots}   \u22f1   {dots}\n"
    else:
        middle = "\u22ee".center(len(line(values[0])) - 1) + "\n"
    return form.scale_line() + "".join(map(line, values[:n])) + middle + "".join(map(line, values[-n:]))


def _blocks(values):
    """The matrices of the last two dimensions, each under its place."""
    outer, long = values.shape[:-2], _is_long(values.shape[-1]) or _is_long(values.shape[-2])
    form = _Format.of(values, 3 if long else 0)
    shorten = values.size >= _Options.threshold
    digits = max(2, *(len(str(n)) for n in values.shape))
    shown = [_shown(n, values.size) for n in outer]
    text, before = "", None
    for order in np.ndindex(*map(len, shown)):
        place = [s[i] for s, i in zip(shown, order, strict=True)]
        if before is not None:
            text += _dots(before, place, digits) * shorten + "\n"
        text += f"({','.join(_center(i, digits) for i in place)},.,.) = \n"
        text += _matrix(values[tuple(place)], " ", form, shorten)
        before = place
    return text


def _dots(before, place, digits):
    """Between two matrices of a shortened tensor: dots for the dimensions along which some are left out, and for those
    that begin anew."""
    changed = next(i for i, (a, b) in enumerate(zip(before, place, strict=True)) if a != b)
    skipped = [i == changed and b != a + 1 for i, (a, b) in enumerate(zip(before, place, strict=True))]
    restarted = [i > changed for i in range(len(place))]
    lines = ""
    if any(skipped):
        lines += "".join(_center("..." if s else "", digits + 1) for s in skipped) + "\n"
    if any(restarted):
        lines += " " + "".join(_center("\u22ee" if r else "", digits + 1) for r in restarted) + "\n"
    return lines


def _center(value, width):
    return f"{value:^{width}}"


def tensor_repr(self):
    """repr(x)"""
    name = type_name(type(self))
    values = shown_array(self.cpu() if self.is_cuda else self)
    if not values.size:
        return f"[{name} with no dimension]\n"
    values = values.astype(np.float32) if values.dtype.kind == "V" else values
    body = (_vector, _matrix)[values.ndim - 1](values) if values.ndim < 3 else _blocks(values)
    place = f" (GPU {self.get_device()})" if self.is_cuda else ""
    return f"\n{body}[{name} of size {'x'.join(map(str, values.shape))}{place}]\n"


def variable_repr(self):
    """repr(v)"""
    from .faces import Parameter

    return f"{'Parameter' if isinstance(self, Parameter) else 'Variable'} containing:{tensor_repr(self.data)}"


def install(plain, variable):
    """Gives the faces their text."""
    for face, text in ((plain, tensor_repr), (variable, variable_repr)):
        face.__repr__ = face.__str__ = text
        face.__format__ = object.__format__
        face._repr_html_ = None
