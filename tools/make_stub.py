#!/usr/bin/env python
"""Writes the type stubs of what the ops register at import: `src/flambeau/__init__.pyi` and `src/flambeau/tensor.pyi`.

    python tools/make_stub.py            write them
    python tools/make_stub.py --check    exit 1 when they are not what would be written

Editors and mypy cannot see functions and methods that come into being at import. The types of parameters follow from
their names (which mean the same everywhere) and their defaults, those of results from the first line of the docstring.
"""

import argparse
import ast
import inspect
import pathlib
import re
import sys
import types

import flambeau as fb

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "src" / "flambeau"
WIDTH = 110

# Names such as `float` are dtypes in one stub and methods in the other: types go by names of their own.
PYTHON = {bool: "_bool", complex: "_complex", float: "_float", int: "_int", str: "_str"}
BUILTINS = "".join(f"from builtins import {t.__name__} as {name}\n" for t, name in PYTHON.items())
NUMBER = "\n_Number = _bool | _int | _float | _complex\n"

PARAMETERS = {
    **dict.fromkeys(
        ["input", "mat1", "mat2", "vec", "vec1", "vec2", "batch1", "batch2", "tensor1", "tensor2", "target", "mask",
         "index", "indices", "condition", "source", "running_mean", "running_var"],
        "Tensor",
    ),
    "alpha": "_Number",
    "device": "_device | _str | _int | None",
    "dim": "_int | Sequence[_int] | None",
    "dtype": "_dtype | None",
    "inplace": "_bool",
    "keepdim": "_bool",
    "other": "Tensor | _Number",
    "p": "_Number",
    "reduction": "_str",
    "requires_grad": "_bool",
    "tensors": "Sequence[Tensor]",
    "training": "_bool",
}  # fmt: skip
# The word after the arrow of a docstring, and the type it stands for. In-place methods return `self` or `x`.
RESULTS = {"Tensor": "Tensor", "self": "Tensor", "x": "Tensor", "bool": "_bool", "int": "_int"}
RESULT = re.compile(rf"-> (?:\S+ )?({'|'.join(RESULTS)})\b(?! or )")

PROPERTIES = {
    **dict.fromkeys(["data", "real", "imag", "T", "mT", "H", "mH"], "Tensor"),
    **dict.fromkeys(["is_cpu", "is_cuda", "is_leaf", "requires_grad", "retains_grad"], "_bool"),
    **dict.fromkeys(["itemsize", "nbytes", "ndim", "output_nr"], "_int"),
    "device": "_device",
    "dtype": "_dtype",
    "grad": "Tensor | None",
    "shape": "_Size",
}
SETTABLE = {"data", "grad", "requires_grad"}  # of the properties of the compiled class, which do not tell

BINARY = "add sub mul truediv floordiv mod pow and or xor lshift rshift"
UNDERSCORED = {
    **{
        f"__{prefix}{n}__": f"def __{prefix}{n}__(self, other: Any) -> Tensor: ..."
        for n in BINARY.split()
        for prefix in ("", "r", "i")
    },
    **{
        f"__{n}__": f"def __{n}__(self, other: Any) -> Tensor: ..."
        for n in ("matmul", "rmatmul", "lt", "le", "gt", "ge")
    },
    **{
        f"__{n}__": f"def __{n}__(self, other: Any) -> Tensor: ...  # type: ignore[override]"
        for n in ("eq", "ne")
    },
    **{f"__{n}__": f"def __{n}__(self) -> Tensor: ..." for n in ("neg", "pos", "abs", "invert")},
    "__array__": "def __array__(self, dtype: Any = None, copy: Any = None) -> _ndarray: ...",
    "__bool__": "def __bool__(self) -> _bool: ...",
    "__complex__": "def __complex__(self) -> _complex: ...",
    "__contains__": "def __contains__(self, element: Any) -> _bool: ...",
    "__dlpack__": "def __dlpack__(self, **options: Any) -> Any: ...",
    "__dlpack_device__": "def __dlpack_device__(self) -> tuple[Any, Any]: ...",
    "__float__": "def __float__(self) -> _float: ...",
    "__getitem__": "def __getitem__(self, key: Any) -> Tensor: ...",
    "__index__": "def __index__(self) -> _int: ...",
    "__init__": "def __init__(self, *args: Any, device: Any = None) -> None: ...",
    "__int__": "def __int__(self) -> _int: ...",
    "__iter__": "def __iter__(self) -> Iterator[Tensor]: ...",
    "__len__": "def __len__(self) -> _int: ...",
    "__setitem__": "def __setitem__(self, key: Any, value: Any) -> None: ...",
    "_face": "_face: Any",
    "_face_rank": "_face_rank: _int",
    "_make_subclass": "@staticmethod\n"
    "    def _make_subclass(cls: Any, data: Tensor, require_grad: _bool = False) -> Any: ...",
    "_version": "@property\n    def _version(self) -> _int: ...",
}


def parameter_type(parameter):
    """The type that a parameter's name and default stand for."""
    default = parameter.default
    given = PYTHON.get(type(default))
    known = PARAMETERS.get(parameter.name)
    if known is None:
        return given if given and given != "_int" else "Any"  # 0 and 1 are defaults of floats too
    if default is None and "None" not in known:
        return f"{known} | None"
    if given and given not in known and not ("_Number" in known and given != "_str"):
        return "Any"
    return known


def parameter_text(parameter):
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"*{parameter.name}: Any"
    if parameter.kind is parameter.VAR_KEYWORD:
        return f"**{parameter.name}: Any"
    text = f"{parameter.name}: {parameter_type(parameter)}"
    if parameter.default is parameter.empty:
        return text
    value = repr(parameter.default).replace("'", '"')
    simple = parameter.default is None or type(parameter.default) in PYTHON
    return f"{text} = {value if simple and value not in ('inf', '-inf', 'nan') else '...'}"


def parameters_text(function, method):
    """The parameters of a function as a list of texts; as a method of Tensor, its first one is `self`."""
    parameters = list(inspect.signature(function).parameters.values())
    texts = []
    if method and parameters[0].kind is not parameters[0].VAR_POSITIONAL:
        texts.append("self")
        del parameters[0]
    if (
        getattr(function, "takes_out", False) and not function.inplace
    ):  # an op, whose signature leaves `out` out
        last = len(parameters) - any(p.kind is p.VAR_KEYWORD for p in parameters)
        parameters.insert(last, inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
    starred = False
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not starred:
            texts.append("*")
        starred = starred or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        texts.append(parameter_text(p))
    return texts


def result_type(function):
    """The type of the result by the first line of the docstring; Any when that shows several forms."""
    first = (function.__doc__ or "").strip().partition("\n")[0]
    match = RESULT.search(first)
    return RESULTS[match[1]] if match and first.count("->") == 1 else "Any"


def definition(name, function, indent="", method=False):
    """The `def` of a function, laid out as the formatter does."""
    texts = parameters_text(function, method)
    end = f") -> {result_type(function)}: ...\n"
    inner = f"\n{indent}    "
    line = f"{indent}def {name}({', '.join(texts)}{end}"
    if len(line) <= WIDTH + 1:
        return line
    line = ", ".join(texts)
    body = line if len(inner) - 1 + len(line) <= WIDTH else f",{inner}".join(texts) + ","
    return f"{indent}def {name}({inner}{body}\n{indent}{end}"


def own_imports():
    """(module, name, name here) of what the package's `__init__.py` imports from its modules, or on first use."""
    found = [("device", "device", "_device"), ("dtype", "dtype", "_dtype")]
    found += [(module, name, name) for name, module in fb._LAZY_NAMES.items()]
    for node in ast.parse((PACKAGE / "__init__.py").read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            names = [alias.name for alias in node.names if not alias.asname and not alias.name.isupper()]
            found += [(node.module, name, name) for name in names]
    return sorted(found)


def import_text(module, name, here):
    """An import, laid out as the linter wants it."""
    line = f"from .{module} import {name} as {here}\n"
    return line if len(line) <= WIDTH + 1 else f"from .{module} import (\n    {name} as {here},\n)\n"


def package_stub():
    """The stub of the package: what its `__init__.py` imports, the dtypes, the functions of the ops."""
    modules = sorted({"autograd", "ops", *fb._LAZY_PACKAGES})
    dtypes = sorted(n for n, v in vars(fb).items() if isinstance(v, fb.dtype) and not n.startswith("_"))
    return "".join(
        [
            '"""Written by tools/make_stub.py; do not edit."""\n\n',
            BUILTINS,
            "from collections.abc import Sequence\nfrom typing import Any\n\n",
            *[f"from . import {m} as {m}\n" for m in modules],
            *[import_text(*names) for names in own_imports()],
            NUMBER,
            "\n__version__: _str\ninf: _float\nnan: _float\npi: _float\ne: _float\nnewaxis: None\n\n",
            *[f"{name}: _dtype\n" for name in dtypes],
            "\ndef result_type(tensor1: Tensor | _Number, tensor2: Tensor | _Number) -> _dtype: ...\n",
            *[definition(n, f) for n, f in sorted(fb.ops.FUNCTIONS.items()) if not n.startswith("_")],
        ]
    )


def member_text(name, value):
    """A public member of Tensor."""
    if isinstance(value, (property, types.GetSetDescriptorType)):
        text = f"    @property\n    def {name}(self) -> {PROPERTIES.get(name, 'Any')}: ...\n"
        if value.fset if isinstance(value, property) else name in SETTABLE:
            text += f"    @{name}.setter\n    def {name}(self, value: Any) -> None: ...\n"
        if name == "grad":
            text += f"    @{name}.deleter\n    def {name}(self) -> None: ...\n"
        return text
    if callable(value):
        return definition(name, value, "    ", method=True)
    return f"    {name}: {PYTHON.get(type(value), 'Any')}\n"


def tensor_stub():
    """The stub of `Tensor`: its own members, those of the compiled base class, and the methods of the ops."""
    members = {}
    for cls in reversed(fb.Tensor.__mro__[:-1]):
        members.update(vars(cls))
    lines = [
        '"""Written by tools/make_stub.py; do not edit."""\n\n',
        BUILTINS,
        "from collections.abc import Iterator, Sequence\nfrom typing import Any\n\n",
        "from numpy import ndarray as _ndarray\n\n",
        "from ._core import TensorBase\nfrom .device import device as _device\nfrom .dtype import dtype as _dtype\n",
        "from .size import Size as _Size\n",
        NUMBER,
        "\nclass Tensor(TensorBase):\n",
    ]
    for name, value in sorted(members.items()):
        if name in UNDERSCORED:
            lines.append(f"    {UNDERSCORED[name]}\n")
        elif not name.startswith("_"):
            lines.append(member_text(name, value))
    lines.append("\ndef storage_array(t: Tensor) -> Any: ...\ndef copy_storage(t: Tensor, memo: dict) -> Any: ...\n")
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a stub is out of date"
    )
    check = parser.parse_args().check
    stubs = {PACKAGE / "__init__.pyi": package_stub(), PACKAGE / "tensor.pyi": tensor_stub()}
    if not check:
        for path, text in stubs.items():
            path.write_text(text)
        return
    stale = [path.name for path, text in stubs.items() if not path.exists() or path.read_text() != text]
    if stale:
        sys.exit(f"out of date: {' '.join(stale)}; run `python tools/make_stub.py`")


if __name__ == "__main__":
    main()
