"""0.3's overloads: which of an operation's signatures a call means, and the error when none fits.

The signatures are declared as text (`declarations.py`):

    add [broadcast]: (real value) | (Tensor other) | (real value, Tensor other) => other, alpha=value
    sum: () -> number | (int dim, bool keepdim=False)

Kinds of parameters: `Tensor` (of the type of self), `AnyTensor`, `EitherTensor` (a plain one or a Variable),
`ByteTensor`, `LongTensor`, ..., `real` (a number that
self can hold), `double` (any number), `int`, `bool`, `ints` (sizes, one by one or together), `Size`, `Tensors` (a
sequence), `Generator`, `str`, `any`. What follows `=>` are the arguments of today's method, when they are not the
declared ones in their order; `=> name(arguments)` calls another one. `-> number` makes a Python number of the result
of a plain tensor. `[broadcast]` lets the tensors broadcast as 0.3 did; `declarations.py` says what the other words in
brackets mean.
"""

import functools
import re
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import numpy as np

from .. import _core
from ..random import Generator
from ..storage import Storage
from .construct import is_int, is_number
from .faces import ELEMENTS, Variable, _TensorBase, shown_array, type_name

_TYPED = {f"{name}Tensor": np.dtype(letters) for name, letters in ELEMENTS.items()}
_MISSING = object()


class Parameter:
    """One parameter: its kind, its name, its default."""

    __slots__ = ("default", "kind", "name")

    def __init__(self, text):
        declared, _, default = text.partition("=")
        self.kind, self.name = declared.split()
        self.default = _literal(default) if default else _MISSING

    def fits(self, value, owner):
        """Whether value may be given for this parameter of a call on `owner`, a tensor."""
        return _FITS[self.kind](value, owner)

    def shown(self, owner):
        """How an error lists it."""
        kind = self.kind
        if kind in ("Tensor", "AnyTensor", "EitherTensor"):
            kind = "Variable" if isinstance(owner, Variable) else type_name(type(owner))
        elif kind in _TYPED:
            kind = "Variable" if isinstance(owner, Variable) else f"{_package(owner)}.{kind}"
        elif kind == "real":
            kind = "float" if element_kind(owner) == "f" else "int"
        else:
            kind = _SHOWN.get(kind, kind)
        return f"{kind} {self.name}" if self.kind != "ints" else f"int ... {self.name}"


_ONE = {"ints": "tuple of ints", "Tensors": "tuple of Variables"}  # kinds that an error about one argument names so
_SHOWN = {"double": "float", "Tensors": "sequence of Tensors", "Generator": "torch.Generator", "Size": "torch.Size"}


def _package(owner):
    return "torch.cuda" if owner.is_cuda else "torch"


def element_kind(tensor):
    """"f" for a tensor of floats, "i" for one of ints."""
    return "f" if _core.array_of(tensor).dtype.kind in "fVc" else "i"


def _is_real(value, owner):
    """A Variable takes any number here; `check_types` looks at its value."""
    if isinstance(owner, Variable) or element_kind(owner) == "f":
        return is_number(value)
    return isinstance(value, (int, np.integer, np.bool_))


def _same_face(value, owner):
    if isinstance(owner, Variable):
        return isinstance(value, Variable)
    return isinstance(value, _TensorBase)


def _is_size(value, owner=None):
    return isinstance(value, Storage) or (isinstance(value, (tuple, list)) and all(map(is_int, value)))


def _is_typed(dtype):
    return lambda v, owner: _same_face(v, owner) and (isinstance(owner, Variable) or type(v)._dtype == dtype)


_FITS: dict[str, Callable[[Any, Any], bool]] = {
    "Tensor": lambda v, o: isinstance(v, Variable) if isinstance(o, Variable) else type(v) is type(o),
    "AnyTensor": _same_face,
    "EitherTensor": lambda v, o: isinstance(v, (Variable, _TensorBase)),
    "real": _is_real,
    "double": lambda v, o: is_number(v),
    "int": lambda v, o: is_int(v),
    "bool": lambda v, o: isinstance(v, (bool, np.bool_)),
    "ints": _is_size,
    "Size": _is_size,
    "Tensors": lambda v, o: isinstance(v, (tuple, list)) and len(v) > 0 and all(_same_face(t, o) for t in v),
    "Generator": lambda v, o: isinstance(v, Generator),
    "str": lambda v, o: isinstance(v, str),
    "any": lambda v, o: True,
}
for _name, _dtype in _TYPED.items():
    _FITS[_name] = _is_typed(_dtype)


_DIMS = ("dim", "dim0", "dimension")  # parameters that name a dimension there must be


class Signature:
    """One overload: parameters, the call of today's method, whether the result is a number."""

    def __init__(self, text, name):
        match = re.fullmatch(r"\((.*?)\)\s*(-> number)?\s*(?:=>\s*(.*))?", text.strip())
        if match is None:
            raise ValueError(f"bad declaration of {name}: {text!r}")
        parameters, number, call = match.groups()
        self.parameters = [Parameter(p) for p in parameters.split(", ") if p]
        self.number = number is not None
        self.over_dim = next((i for i, p in enumerate(self.parameters) if p.kind == "int" and p.name in _DIMS), None)
        self.variadic = bool(self.parameters) and self.parameters[0].kind == "ints"
        self.target, arguments = name, call
        if call and (named := re.fullmatch(r"(\w+)\((.*)\)", call)):
            self.target, arguments = named.groups()
        self._arguments = arguments

    @functools.cached_property
    def arrange(self):
        """The function that makes (args, kwargs) of the callee of the values; None where it gets those. (It is compiled
        at the first call of a method, to spare programs that import this package the time for all the others.)"""
        if self._arguments is None:
            return None
        names = [p.name + "_" * iskeyword(p.name) for p in self.parameters]
        return eval(f"lambda {', '.join(names)}: _packed({self._arguments})", {"_packed": _packed})

    def bind(self, owner, args, kwargs):
        """The values of the parameters in order, or None when the call is not of this signature."""
        parameters = self.parameters
        if self.variadic and args and is_int(args[0]):
            args = (args,)
        if len(args) > len(parameters):
            return None
        values = list(args)
        used = 0
        for p in parameters[len(args) :]:
            if p.name in kwargs:
                values.append(kwargs[p.name])
                used += 1
            elif p.default is _MISSING:
                return None
            else:
                values.append(p.default)
        if used != len(kwargs):
            return None
        for p, v in zip(parameters, values, strict=True):
            if v is not p.default and not p.fits(v, owner):
                return None
        return values

    def shown(self, owner):
        """How an error lists it."""
        if not self.parameters:
            return "no arguments"
        return "(" + ", ".join(p.shown(owner) for p in self.parameters) + ")"

    def takes(self, count):
        """Whether the signature has as many parameters, some of which may have defaults."""
        least = sum(p.default is _MISSING for p in self.parameters)
        return least <= count <= len(self.parameters)

    def misfit(self, owner, args, kwargs):
        """Which argument does not fit its parameter, in words; None when that is not what is wrong."""
        for i, p in enumerate(self.parameters):
            if i >= len(args) and p.name not in kwargs:
                continue
            value, place = (args[i], f" (position {i + 1})") if i < len(args) else (kwargs[p.name], "")
            if value is not p.default and not p.fits(value, owner):
                kind = _ONE.get(p.kind) or p.shown(owner).removesuffix(f" {p.name}")
                return f"argument '{p.name}'{place} must be {kind}, not {kind_of(value)}"
        return None

    def miscount(self, args, kwargs, before=0):
        """Which arguments are missing or too many, in words; None when that is not what is wrong. before: how many more
        stand in front."""
        names = [p.name for p in self.parameters]
        given = before + len(args)
        if len(args) > len(names) and not self.variadic:
            least, most = before + sum(p.default is _MISSING for p in self.parameters), before + len(names)
            if not most:
                return f"takes no arguments ({given} given)"
            span = most if least == most else f"from {least} to {most}"
            several = "" if span == 1 else "s"
            return f"takes {span} positional argument{several} but {given} {'was' if given == 1 else 'were'} given"
        needed = [p.name for p in self.parameters[len(args) :] if p.default is _MISSING]
        missing = [f'"{name}"' for name in needed if name not in kwargs]
        if missing:
            plural = "s" if len(missing) == 1 else ""  # the wrong way round, as 0.3 had it
            return f"missing {len(missing)} required positional argument{plural}: {', '.join(missing)}"
        unknown = next((name for name in kwargs if name not in names), None)
        return None if unknown is None else f"got an unexpected keyword argument '{unknown}'"

    def check_types(self, owner, values):
        """RuntimeError when a Variable among values is of another type than the signature wants, or a number is none
        of the type of owner."""
        for i, (p, v) in enumerate(zip(self.parameters, values, strict=True)):
            if p.kind == "real" and isinstance(v, (float, np.floating)) and element_kind(owner) == "i" and float(v) % 1:
                kind = shown_array(owner).dtype.name
                raise RuntimeError(f"value cannot be converted to type {kind}_t without overflow: {v}")
            if p.kind == "real" and isinstance(v, (float, np.floating)) and element_kind(owner) == "i":
                values[i] = int(v)
            if not isinstance(v, Variable) or (p.kind != "Tensor" and p.kind not in _TYPED):
                continue
            have, owned = shown_array(v).dtype, shown_array(owner).dtype
            if v.is_cuda != owner.is_cuda or have != _TYPED.get(p.kind, owned):
                want = f"{_package(owner)}.{p.kind}" if p.kind in _TYPED else type_name(type(owner.data))
                raise RuntimeError(
                    f"Expected object of type Variable[{want}] but found type Variable[{type_name(type(v.data))}] for "
                    f"argument #{i + 1} '{p.name}'"
                )


def is_doubtful(signature, owner, values):
    """Whether a call that binds to a signature may be refused for the values of its numbers, or is for its types."""
    if not isinstance(owner, Variable):
        return False
    pairs = zip(signature.parameters, values, strict=True)
    if element_kind(owner) == "i" and any(p.kind == "real" and isinstance(v, float) for p, v in pairs):
        return True
    try:
        signature.check_types(owner, values)
    except RuntimeError:
        return True
    return False


def _literal(text):
    """The value of a default in declarations.py."""
    words = {"None": None, "True": True, "False": False}
    return words[text] if text in words else float(text) if "." in text else int(text)


def _packed(*args, **kwargs):
    return args, kwargs


def kind_of(value):
    """How an error names the type of a value."""
    if isinstance(value, Variable):
        return "Variable"
    if isinstance(value, _TensorBase):
        return value.type() if value._is_sparse_face else type_name(type(value))
    return "numpy.ndarray" if isinstance(value, np.ndarray) else type(value).__name__


def got(args, kwargs):
    """How an error lists what a call received."""
    parts = [kind_of(a) for a in args] + [f"{n}={kind_of(v)}" for n, v in kwargs.items()]
    return "(" + ", ".join(parts) + ")"


def refusal(name, owner, signatures, args, kwargs):
    """The TypeError of a call that fits no signature. A name with `torch.` is that of a function.

    For Variables it says which argument is wrong, where only one signature takes as many, or how many are missing or
    too many, where there is only one.
    """
    if isinstance(owner, Variable):
        before = int(name.startswith("torch."))
        name = name.removeprefix("torch.")
        wrong = signatures[0].miscount(args, kwargs, before) if len(signatures) == 1 else None
        if wrong:
            return TypeError(f"{name}() {wrong}")
        misfits = [s.misfit(owner, args, kwargs) for s in signatures if s.takes(len(args) + len(kwargs))]
        if len(misfits) == 1 and misfits[0]:
            return TypeError(f"{name}(): {misfits[0]}")
    shown = [s.shown(owner) for s in signatures]
    if name.startswith("torch."):
        source = f"({type_name(type(owner))} source"
        shown = [f"{source})" if s == "no arguments" else f"{source}, {s[1:]}" for s in shown]
        args = (owner, *args)
    expected = shown[0] if len(shown) == 1 else "one of:\n" + "\n".join(f" * {s}" for s in shown)
    name += "()" * isinstance(owner, Variable)
    return TypeError(
        f"{name} received an invalid combination of arguments - got {got(args, kwargs)}, but expected {expected}"
    )


def parse(table):
    """parse(text) -> [(name, signatures, flags)] of a table of declarations."""
    parsed = []
    for line in re.sub(r"\n[ \t]+", " ", table).strip().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        head, _, overloads = line.partition(":")
        flags = re.findall(r"\[(\w+)\]", head)
        for name in re.sub(r"\[\w+\]", "", head).split():
            parsed.append((name, [Signature(s, name) for s in overloads.split(" | ")], frozenset(flags)))
    return parsed
