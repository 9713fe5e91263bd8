#!/usr/bin/env python
"""Writes the type stubs of what the ops register at import: `src/flambeau/__init__.pyi` and `src/flambeau/tensor.pyi`.

    python tools/make_stub.py            write them
    python tools/make_stub.py --check    exit 1 when they are not what would be written

Editors and mypy cannot see functions and methods that come into being at import. Types of parameters follow from their
names (the field's names mean the same everywhere) and from their defaults.
"""

import argparse
import inspect
import pathlib
import sys
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent / "src" / "flambeau"

TENSORS = {"input", "mat1", "mat2", "vec", "vec1", "vec2", "batch1", "batch2", "tensor1", "tensor2", "target", "mask", "index",
           "indices", "condition", "source", "running_mean", "running_var"}  # fmt: skip
TYPES = {
    "dim": "_int | Sequence[_int] | None", "keepdim": "_bool", "dtype": "_dtype | None", "device": "_device | _str | _int | None",
    "requires_grad": "_bool", "out": "Any", "generator": "Any", "memory_format": "Any", "other": "Tensor | _Number",
    "tensors": "Sequence[Tensor]", "p": "_Number", "inplace": "_bool", "training": "_bool", "reduction": "_str",
    "alpha": "_Number",
}  # fmt: skip

# Names such as `float` are dtypes in one stub and methods in the other: types go by names of their own.
HEADER = '''"""Written by tools/make_stub.py; do not edit."""

from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Iterator, Sequence
from typing import Any

from .device import device as _device
from .dtype import dtype as _dtype
from .size import Size as _Size

_Number = _bool | _int | _float | _complex
'''


def type_of(parameter):
    """The type that a parameter's name and default stand for."""
    name, default = parameter.name, parameter.default
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return "Any"
    if name in TYPES:
        return TYPES[name]
    if name in TENSORS:
        return "Tensor | None" if default is None else "Tensor" if default is parameter.empty else "Any"
    if type(default) in (bool, int, float, str):
        return {bool: "_bool", int: "Any", float: "_float", str: "_str"}[type(default)]
    return "Any"


def default_of(parameter):
    if parameter.default is parameter.empty:
        return ""
    simple = parameter.default is None or type(parameter.default) in (bool, int, float, str)
    plain = simple and parameter.default == parameter.default and abs(getattr(parameter.default, "real", 0)) != float("inf")
    return f" = {parameter.default!r}" if plain else " = ..."


def signature_of(function):
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def define(name, function, indent="", method=False):
    """One `def` line of the stub."""
    signature = signature_of(function)
    if signature is None:
        text = "*args: Any, **kwargs: Any"
        if method:
            text = f"self, {text}"
    else:
        parts, star = [], False
        parameters = list(signature.parameters.values())
        for i, p in enumerate(parameters):
            if p.kind is p.KEYWORD_ONLY and not star and not any(q.kind is q.VAR_POSITIONAL for q in parameters):
                parts.append("*")
                star = True
            stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
            if method and i == 0 and not stars:
                parts.append("self")
            else:
                parts.append(f"{stars}{p.name}: {type_of(p)}{default_of(p)}")
        if getattr(function, "takes_out", False) and not getattr(function, "inplace", False) and "out" not in signature.parameters:
            if not star and not any(q.kind is q.VAR_POSITIONAL for q in parameters):
                parts.append("*")
            variadic = [k for k, t in enumerate(parts) if t.startswith("**")]
            parts.insert(variadic[0] if variadic else len(parts), "out: Any = None")
        text = ", ".join(parts)
    result = "Tensor" if returns_tensor(function) else "Any"
    return f"{indent}def {name}({text}) -> {result}: ...\n"


def returns_tensor(function):
    """Whether the first line of the documentation says `-> Tensor`."""
    first = (function.__doc__ or "").strip().partition("\n")[0]
    return "-> Tensor" in first and "Tensor or" not in first


def namespace_stub(fb):
    """The stub of the package: what its `__init__.py` imports, the dtypes, the functions of the ops."""
    lines = [HEADER, "\nfrom . import autograd as autograd, cuda as cuda, nn as nn, ops as ops, optim as optim, vision as vision\n"]
    for module, names in {
        "autograd": "enable_grad inference_mode is_grad_enabled is_inference_mode_enabled no_grad set_grad_enabled",
        "device": "device",
        "dtype": "can_cast dtype finfo get_default_dtype iinfo promote_types set_default_dtype",
        "printing": "set_printoptions",
        "random": "Generator default_generator get_rng_state initial_seed manual_seed seed set_rng_state",
        "serialization": "load save",
        "size": "Size",
        "tensor": "Tensor",
        "threads": "get_num_threads set_num_threads",
    }.items():
        lines.append(f"from .{module} import " + ", ".join(f"{n} as {n}" for n in names.split()) + "\n")
    lines.append("\n__version__: _str\ninf: _float\nnan: _float\npi: _float\ne: _float\nnewaxis: None\nstrided: _str\n\n")
    lines += [f"{n}: _dtype\n" for n, v in sorted(vars(fb).items()) if type(v) is fb.dtype and not n.startswith("_")]
    lines.append("\ndef result_type(tensor1: Tensor | _Number, tensor2: Tensor | _Number) -> _dtype: ...\n\n")
    lines += [define(name, f) for name, f in sorted(fb.ops.FUNCTIONS.items()) if not name.startswith("_")]
    return "".join(lines)


PROPERTIES = {"shape": "_Size", "dtype": "_dtype", "device": "_device", "grad": "Tensor | None", "requires_grad": "_bool",
              "data": "Tensor", "ndim": "_int", "is_leaf": "_bool"}  # fmt: skip


def tensor_stub(fb):
    """The stub of `Tensor`: its own members, those of the compiled base class, and the methods of the ops."""
    lines = [HEADER, "\nimport numpy\n\nfrom ._core import TensorBase\n\nclass Tensor(TensorBase):\n"]
    members = {}
    for cls in reversed(fb.Tensor.__mro__[:-1]):
        members.update(vars(cls))
    for name, value in sorted(members.items()):
        if name in OPERATORS:
            lines.append(f"    {OPERATORS[name]}\n")
        elif name.startswith("_"):
            continue
        elif isinstance(value, (property, types.GetSetDescriptorType, types.MemberDescriptorType)):
            lines.append(f"    @property\n    def {name}(self) -> {PROPERTIES.get(name, 'Any')}: ...\n")
            if not isinstance(value, property) or value.fset:
                lines.append(f"    @{name}.setter\n    def {name}(self, value: Any) -> None: ...\n")
            if name == "grad":
                lines.append("    @grad.deleter\n    def grad(self) -> None: ...\n")
        elif callable(value):
            lines.append(define(name, value, "    ", method=True))
        else:
            lines.append(f"    {name}: Any\n")
    lines.append("\ndef storage_array(t: Tensor) -> Any: ...\n")
    return "".join(lines)


_BINARY = "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul rmatmul and or xor lshift rshift"
OPERATORS = {
    **{f"__{n}__": f"def __{n}__(self, other: Any) -> Tensor: ..." for n in _BINARY.split()},
    **{f"__{n}__": f"def __{n}__(self, other: Any) -> Tensor: ..." for n in ("iadd", "isub", "imul", "itruediv", "lt", "le", "gt", "ge")},
    **{f"__{n}__": f"def __{n}__(self, other: Any) -> Tensor: ...  # type: ignore[override]" for n in ("eq", "ne")},
    **{f"__{n}__": f"def __{n}__(self) -> Tensor: ..." for n in ("neg", "pos", "abs", "invert")},
    "__init__": "def __init__(self, *args: Any, device: Any = None) -> None: ...",
    "__getitem__": "def __getitem__(self, key: Any) -> Tensor: ...",
    "__setitem__": "def __setitem__(self, key: Any, value: Any) -> None: ...",
    "__len__": "def __len__(self) -> _int: ...",
    "__bool__": "def __bool__(self) -> _bool: ...",
    "__float__": "def __float__(self) -> _float: ...",
    "__int__": "def __int__(self) -> _int: ...",
    "__index__": "def __index__(self) -> _int: ...",
    "__complex__": "def __complex__(self) -> _complex: ...",
    "__iter__": "def __iter__(self) -> Iterator[Tensor]: ...",
    "__contains__": "def __contains__(self, element: Any) -> _bool: ...",
    "__array__": "def __array__(self, dtype: Any = None, copy: Any = None) -> numpy.ndarray: ...",
    "__dlpack__": "def __dlpack__(self, **options: Any) -> Any: ...",
    "__dlpack_device__": "def __dlpack_device__(self) -> tuple[Any, Any]: ...",
    "_version": "@property\n    def _version(self) -> _int: ...",
    "_make_subclass": "@staticmethod\n    def _make_subclass(cls: Any, data: Tensor, require_grad: _bool = False) -> Any: ...",
    "_face": "_face: Any",
    "_face_rank": "_face_rank: _int",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    import flambeau as fb

    stale = []
    for path, text in ((ROOT / "__init__.pyi", namespace_stub(fb)), (ROOT / "tensor.pyi", tensor_stub(fb))):
        if check:
            if not path.exists() or path.read_text() != text:
                stale.append(path.name)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f"out of date: {' '.join(stale)}; run `python tools/make_stub.py`")


if __name__ == "__main__":
    main()
