"""`torch.sparse` of 0.3: typed names of sparse tensors, the plain tensors that they make, and Variables around them.

A sparse tensor has the face of its values (`SparseTensor.__new__`). Programs get 0.3's methods, the library today's.
"""

import sys
from typing import Any

import numpy as np

from .. import _core
from ..dtype import from_numpy_dtype
from ..layout import sparse_coo
from ..size import Size
from ..sparse.construct import coo
from ..sparse.tensor import TABLE, SparseTensor
from ..tensor import Tensor
from . import signatures
from .construct import is_int, is_number
from .faces import (
    CUDA_TYPES,
    ELEMENTS,
    TYPES,
    Absent,
    Variable,
    _array,
    _TensorBase,
    by_library,
    plain,
    settled,
    type_name,
)
from .wording import said

_FACES = (Variable, _TensorBase)


class _Methods(SparseTensor):
    """What sparse tensors of 0.3 have otherwise than today's."""

    _is_sparse_face = True

    def _set(self, index, value, size, coalesced):
        if type(index) is not Tensor:  # of an embedding: its face would be that of all results
            index = _core.make(_array(index))
        super()._set(index, self._around(value), size, coalesced)

    def size(self, dim=None):
        """size() -> torch.Size;  size(dim) -> int"""
        sizes = Size(_array(self).shape)  # of a tensor without entries and size it is (), not (1,)
        return sizes if dim is None else sizes[dim]

    def dim(self):
        """dim() -> number of dimensions."""
        return len(self.size())

    ndimension = dim

    def _indices(self):
        """_indices() -> LongTensor (sparse dimensions, entries) with the coordinates."""
        return self._index if by_library() else self._around(self._index)

    def _values(self):
        """_values() -> tensor (entries, *dense dimensions)."""
        return self._value

    def resize_as_(self, tensor):  # type: ignore[override]
        """resize_as_(tensor) -> self with the size of another sparse tensor; without entries when it had another."""
        if self.shape == tensor.shape and self._dimI() == tensor._dimI():
            return self
        return self._become(_without_entries(tensor.shape, tensor._dimI(), self._value))

    def __len__(self):
        return self.shape[0]

    def new(self, *args):  # type: ignore[override]
        """new(indices, values, size), new(*size) -> sparse tensor of the type of self."""
        return self._around(class_of(type(plain(self._value)))(*args))


class SparsePlain(_Methods, _TensorBase):
    """A sparse plain tensor: what the typed classes, `torch.sparse.FloatTensor` and so on, have in common."""

    __module__ = "torch.sparse"
    _face = _TensorBase
    _values_type: Any = None  # of the typed classes: that of their values

    _around = staticmethod(plain)

    def __new__(cls, *args, **options):
        """(): empty; (indices, values[, size]); (*size) or (Size): without entries."""
        if cls._values_type is None:
            raise RuntimeError(f"cannot create an instance of the abstract class {type_name(cls)}")
        if args and isinstance(args[0], _FACES):
            return _of_parts(cls, *args)
        size = tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
        if not all(map(is_int, size)):
            raise _refusal(cls, args)
        return _without_entries(tuple(map(int, size)), len(size), cls._values_type())

    def __init__(self, *parts, **options):
        """The parts of a sparse tensor; what a typed class is called with, `__new__` has read."""
        if "_index" not in self.__dict__:
            super().__init__(*parts, **options)

    def type(self, new_type=None, *flags, **options):  # type: ignore[override]
        """type() -> "torch.sparse.FloatTensor";  type(new_type) -> self converted to a typed class or its name."""
        if new_type is None:
            return type_name(type(self))
        target = _BY_NAME.get(new_type, new_type)
        return self if target is type(self) else _with(self, self._value.type(target._values_type))

    def __repr__(self):
        sizes = "x".join(map(str, self.shape))
        return f"{self.type()} of size {sizes} with indices:\n{self._indices()}and values:\n{self._values()}"

    __str__ = __repr__
    __hash__ = _core.TensorBase.__hash__


class SparseVariable(_Methods, Variable):
    """A Variable around a sparse tensor."""

    __module__ = "torch.autograd.variable"
    _face = Variable

    def __init__(self, *parts, **options):
        """The parts of a sparse tensor; `Variable(data)` is done in __new__."""
        if not isinstance(parts[0], SparsePlain):
            super().__init__(*parts)

    @staticmethod
    def _around(tensor):
        return tensor if isinstance(tensor, Variable) else Variable(plain(tensor))

    @property
    def data(self):
        """The sparse tensor inside, the same object each time."""
        if by_library():
            return self._with(self._value.data)
        found = self.__dict__.get("_inside")
        if found is None or found._value is not self._value.data or found._index is not self._index:
            found = self.__dict__["_inside"] = _with(self, self._value.data)
        return found

    @data.setter
    def data(self, value):
        self._become(value if by_library() else around(value))
        self.__dict__["_inside"] = value

    @property
    def volatile(self):
        """Whether nothing is recorded of what is computed with this Variable."""
        return self._value.volatile

    @volatile.setter
    def volatile(self, value):
        self._value.volatile = value

    def __repr__(self):
        return f"Variable containing:\n{self.data}"

    __str__ = __repr__
    __hash__ = _core.TensorBase.__hash__


def _of_parts(cls, *args):
    indices, values, *size = args
    if not isinstance(values, cls._values_type) or type(indices).__name__ != "LongTensor" or len(size) > 1:
        raise _refusal(cls, args)
    made = coo(_core.make(_array(indices)), values, *size, dtype=from_numpy_dtype(cls._values_type._dtype))
    return _with(made, values)


def _refusal(cls, args):
    return TypeError(
        f"{type_name(cls)} constructor received an invalid combination of arguments - got "
        f"{signatures.got(args, {})}, but expected one of:\n * no arguments\n * (int ...)\n"
        f" * (torch.LongTensor indices, {type_name(cls._values_type)} values)\n"
        f" * (torch.LongTensor indices, {type_name(cls._values_type)} values, torch.Size sizes)"
    )


def around(data, requires_grad=False, volatile=False):
    """Variable(data, requires_grad, volatile) of a sparse plain tensor."""
    made = _with(data, Variable(data._value, requires_grad=requires_grad, volatile=volatile))
    made.__dict__["_inside"] = data
    return made


def _with(tensor, value):
    """The coordinates of a sparse tensor with other values, in the face of these."""
    return SparseTensor(tensor._index, value, tensor.shape, sparse_coo, tensor._coalesced)


def _without_entries(size, dims, values):
    """A sparse tensor whose values are of the type of `values`."""
    values = plain(values)
    none = _core.make(np.empty((0, *size[dims:]), values._dtype), type(values))
    return SparseTensor(_core.make(np.empty((dims, 0), np.int64)), none, size, sparse_coo, True)


# ------------------------------------------------------------------------------------------------ methods


def _shown(result, like):
    """A result as 0.3 gave it: in the face of `like`, a Python number of a plain tensor without dimensions."""
    if isinstance(result, SparseTensor):
        return result if isinstance(result, _Methods) else _with(result, like._around(result._value))
    if not isinstance(result, _core.TensorBase):
        return result
    if isinstance(like, SparsePlain):
        return settled(plain(result)) if _array(result).ndim else _array(result).item()
    return like._around(result)


def _scaled(names, args):
    """Arguments with the factors, which 0.3 takes before the tensors, as today's keywords."""
    factors = [a for a in args if is_number(a)]
    if len(factors) == len(args):
        return args, {}
    return [a for a in args if not is_number(a)], dict(zip(names[: len(factors)], factors, strict=True))


_FACTORS = {"add": ("alpha",), "sub": ("alpha",), "addmm": ("beta", "alpha"), "sspaddmm": ("beta", "alpha"),
            "saddmm": ("beta", "alpha")}  # fmt: skip


def call(name, *args):
    """What the method `name` is for tensors of which one at least is sparse. TypeError for other types."""
    like = next(a for a in args if isinstance(a, _Methods))
    todays = TABLE.get("sspaddmm" if name == "saddmm" else name)
    if todays is None:
        raise TypeError(f"Type {like.type()} doesn't implement method {name}")
    if len({plain(a._value if isinstance(a, SparseTensor) else a).type() for a in args if isinstance(a, _FACES)}) > 1:
        raise TypeError(f"{name} received an invalid combination of arguments - got {signatures.got(args, {})}")
    names = _FACTORS.get(name.rstrip("_"), ())
    rest, factors = _scaled(names, args[1:]) if names else (args[1:], {})
    try:
        result = todays(args[0], *rest, **factors)
    except RuntimeError as error:
        raise said(error, "spmm", args) from None
    return args[0] if name.endswith("_") else _shown(result, like)


def _method(name, todays):
    def method(self, *args, **kwargs):
        if by_library():
            return todays(self, *args, **kwargs)
        return call(name, self, *args, *kwargs.values())

    method.__name__ = name
    method.__doc__ = todays.__doc__
    return method


def _exchanging(name):
    def method(self, *args):
        return self._become(TABLE[name](self, *args))

    method.__name__ = f"{name}_"
    method.__doc__ = f"{name}_(...) -> self, with its dimensions exchanged."
    return method


def _conversion(element):
    def convert(self):
        values = self._value
        return _with(self, getattr(values, element.lower())())

    convert.__name__ = element.lower()
    convert.__doc__ = f"{element.lower()}() -> self converted to {element}Tensor."
    return convert


_OPERATORS = {"__add__": "add", "__radd__": "add", "__iadd__": "add_", "__sub__": "sub", "__isub__": "sub_",
              "__mul__": "mul", "__rmul__": "mul", "__imul__": "mul_", "__div__": "div", "__truediv__": "div",
              "__idiv__": "div_", "__itruediv__": "div_", "__pow__": "pow", "__matmul__": "mm"}  # fmt: skip
_NAMES = (
    "add add_ addmm addmm_ clone coalesce div div_ hsmm is_coalesced mm mul mul_ neg norm pow saddmm "
    "smm spadd sspaddmm sub sub_ sum t to_dense transpose zero_ copy_"
).split()


def _install():
    for name in _NAMES:
        setattr(_Methods, name, _method(name, TABLE.get(name) or getattr(SparseTensor, name)))
    for operator, name in _OPERATORS.items():
        setattr(_Methods, operator, _method(name, getattr(SparseTensor, operator, None) or TABLE[name]))
    for name in ("t", "transpose"):
        setattr(_Methods, f"{name}_", _exchanging(name))
    for element in ELEMENTS:
        setattr(_Methods, element.lower(), _conversion(element))
    for name in ("backward", "detach", "grad", "grad_fn", "is_leaf", "requires_grad"):
        setattr(SparsePlain, name, Absent(name, SparseTensor))
    _core.register_interpreter(SparseVariable)


# -------------------------------------------------------------------------------------------- typed classes


def class_of(values_type):
    """The typed class of sparse tensors with values of a type. The core knows those that have been asked for."""
    cls = _OF_VALUES.get(values_type, SparsePlain)
    if cls not in _known:
        _core.register_interpreter(cls)
        _known.add(cls)
    return cls


_known: set[type] = set()


def _typed(values_type):
    package = "torch.cuda.sparse" if values_type.is_cuda else "torch.sparse"
    contents = {"__module__": package, "_values_type": values_type, "is_cuda": values_type.is_cuda, "is_sparse": True}
    return type(values_type.__name__, (SparsePlain,), contents)


TYPED = {name: _typed(cls) for name, cls in TYPES.items() if name != "HalfTensor"}
CUDA_TYPED = {name: _typed(cls) for name, cls in CUDA_TYPES.items()}
_OF_VALUES = {cls._values_type: cls for cls in (*TYPED.values(), *CUDA_TYPED.values())}
_BY_NAME = {type_name(cls): cls for cls in _OF_VALUES.values()}

globals().update(TYPED)
torch = sys.modules[__package__]  # programs wrote torch.sparse.torch.eye(n)
_install()
