"""How 0.3 shows tensors: bare columns, a common scale, and the type and size below."""

import math

import numpy as np

from .faces import _array, type_name


class _Options:
    precision, threshold, edgeitems, linewidth = 4, 1000, 3, 80


_PROFILES = {"default": (4, 1000, 3, 80), "short": (2, 1000, 2, 80), "full": (4, math.inf, 3, 80)}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None):
    """set_printoptions(precision=4, threshold=1000, edgeitems=3, linewidth=80, profile=None)"""
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
        _Options.precision, _Options.threshold, _Options.edgeitems, _Options.linewidth = _PROFILES[profile]
    for name, value in dict(precision=precision, threshold=threshold, edgeitems=edgeitems, linewidth=linewidth).items():
        if value is not None:
            setattr(_Options, name, value)


def _digits(value):
    """Digits before the point of a positive number (0 or fewer below 1); 1 for 0."""
    return math.floor(math.log10(value)) + 1 if value else 1


def _number_format(values):
    """A function of a number that gives its text, the common scale, and the width of the texts."""
    kept = np.abs(values.astype(np.float64).ravel())
    kept = kept[np.isfinite(kept)]
    whole = bool((kept == np.ceil(kept)).all())
    low, high = (_digits(kept.min()), _digits(kept.max())) if kept.size else (1, 1)
    precision, scale = _Options.precision, 1
    if whole and high <= precision + 1:
        width, form = max(2, high + 1), ".0f"
    elif whole or high - low > precision:
        width, form = 7 + precision + (max(abs(high), abs(low)) > 99), f".{precision}e"
    elif high > precision + 1 or high < 0:
        width, form, scale = 7, f".{precision}f", math.pow(10, high - 1)
    else:
        width, form = (high + 6 if high else 7), f".{precision}f"
    return (lambda v: f"{v:{width}{form}}"), scale, width


def _scale_line(scale, indent=""):
    return f"{indent}{scale:.5e} *\n"


def _matrix(values, indent="", formatter=None):
    """The rows of a matrix, in blocks of columns where a line is too long."""
    text, scale, width = formatter or _number_format(values)
    per_line = max(1, (_Options.linewidth - len(indent)) // (width + 1))
    rows, columns = values.shape
    cut_rows = rows > 2 * _Options.edgeitems and values.size > _Options.threshold
    cut_columns = columns > 2 * _Options.edgeitems and values.size > _Options.threshold
    shown = [*range(_Options.edgeitems), None, *range(rows - _Options.edgeitems, rows)] if cut_rows else range(rows)
    lines = ""
    if cut_columns:
        picked = [[*range(_Options.edgeitems), None, *range(columns - _Options.edgeitems, columns)]]
    else:
        picked = [range(c, min(c + per_line, columns)) for c in range(0, columns, per_line)]
    for block in picked:
        if len(picked) > 1:
            first, last = block[0], block[-1]
            lines += f"{indent}Columns {first} to {last} \n" if first != last else f"{indent}Column {first} \n"
        if scale != 1:
            lines += _scale_line(scale, indent)
        for r in shown:
            if r is None:
                dots = ["\u22ee" if c is not None else "\u22f1" for c in block]
                lines += indent + " ".join(d.rjust(width) for d in dots) + "\n"
            else:
                cells = ["\u2026".rjust(width) if c is None else text(values[r, c] / scale if scale != 1 else values[r, c]) for c in block]
                lines += indent + " ".join(cells) + "\n"
        if len(picked) > 1 and block is not picked[-1]:
            lines += "\n"
    return lines


def _vector(values):
    text, scale, width = _number_format(values)
    lines = _scale_line(scale) if scale != 1 else ""
    n = values.shape[0]
    for i in range(n):
        if n > _Options.threshold and _Options.edgeitems <= i < n - _Options.edgeitems:
            if i == _Options.edgeitems:
                lines += "\u22ee".rjust(width) + "\n"
            continue
        lines += text(values[i] / scale if scale != 1 else values[i]) + "\n"
    return lines


def _blocks(values):
    """Matrices of the last two dimensions, each under its place."""
    formatter = _number_format(values)
    lines = ""
    outer = values.shape[:-2]
    cut = values.size > _Options.threshold
    for number, place in enumerate(np.ndindex(*outer)):
        if cut and any(_Options.edgeitems <= p < n - _Options.edgeitems for p, n in zip(place, outer, strict=True)):
            skipped = all(
                p == _Options.edgeitems or p < _Options.edgeitems or p >= n - _Options.edgeitems
                for p, n in zip(place, outer, strict=True)
            )
            if skipped:
                lines += "      ...\n\n"
            continue
        if number:
            lines += "\n"
        lines += f"({','.join(map(str, place))},.,.) = \n"
        lines += _matrix(values[place], indent="  ", formatter=formatter)
    return lines


def _values(tensor):
    array = _array(tensor.cpu()) if tensor.is_cuda else _array(tensor)
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def tensor_text(tensor):
    """The text of a plain tensor, without a leading newline."""
    values = _values(tensor)
    name = type_name(type(tensor))
    if values.size == 0:
        return f"[{name} with no dimension]\n"
    if values.ndim == 1:
        body = _vector(values)
    elif values.ndim == 2:
        body = _matrix(values)
    else:
        body = _blocks(values)
    place = f" (GPU {tensor.get_device()})" if tensor.is_cuda else ""
    size = "x".join(map(str, values.shape))
    return f"{body}[{name} of size {size}{place}]\n"


def tensor_repr(self):
    """repr(x)"""
    return "\n" + tensor_text(self)


def variable_repr(self):
    """repr(v)"""
    return "Variable containing:" + tensor_repr(self.data)


def install(plain, variable):
    """Gives the faces their text."""
    plain.__repr__ = plain.__str__ = tensor_repr
    variable.__repr__ = variable.__str__ = variable_repr
    variable._repr_html_ = plain._repr_html_ = None


