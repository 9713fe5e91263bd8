"""The operators of 0.3's tensors, and their conversions to Python numbers."""

import numpy as np

from .. import _core
from ..ops import METHODS
from ..tensor import Tensor
from .faces import (
    Variable,
    _array,
    _make,
    _TensorBase,
    compact,
    lifted,
    plain,
    settled,
    shown_array,
    type_name,
)
from .pointwise import divided, is_float

_FACES = (Variable, _TensorBase)
_NUMBERS = (int, float, np.number, np.bool_)
_OPERANDS = (*_FACES, *_NUMBERS, np.ndarray)  # arrays are refused by the methods


def _named(method):
    """The operator that a method computes."""

    def operator(self, other):
        return getattr(self, method)(other) if isinstance(other, _OPERANDS) else NotImplemented

    return operator


def _way_of_number(name):
    """The short way of a number beside a tensor, on its left."""
    op = METHODS[name]

    def way(self, args, kwargs):
        if kwargs or len(args) != 1 or type(args[0]) not in (int, float):
            return None
        if not is_float(self) and (type(args[0]) is float or name == "div"):
            return None
        return _core.Way(op, swapped=True, fresh=True, exact=True, elementwise=True)

    return way


def short(name, method, face):
    """The operator, clone or x[key], `name` of a face, whose calls may be short; None when they cannot."""
    todays, named = getattr(Tensor, name, None), _METHOD_OF.get(name)
    if name in ("__getitem__", "__setitem__"):
        return _core.FaceMethod(name, method, todays, special=name.strip("_"))
    if name in _OF_NUMBERS:
        op = METHODS[_OF_NUMBERS[name]]
        return _core.FaceMethod(name, method, todays, op=op, swapped=True, resolve=_way_of_number(_OF_NUMBERS[name]))
    if name == "clone":
        return _core.FaceMethod(name, method, todays, op=todays, resolve=_way_of_clone)
    if named is None:
        return None
    op = METHODS["mm" if named == "matmul" else named]
    return _core.FaceMethod(name, method, todays, op=op, resolve=getattr(face, named).resolve)


def _way_of_clone(self, args, kwargs):
    return None if args or kwargs else _core.Way(METHODS["clone"], fresh=True, elementwise=True)


def _reversed(operation, name):
    """The operator with a number on the left: operation(tensor of the number, self)."""

    def operator(self, other):
        if not isinstance(other, _NUMBERS):
            if isinstance(other, np.ndarray):
                raise TypeError(f"{name} received an invalid combination of arguments - got (numpy.ndarray)")
            return NotImplemented
        if not is_float(self) and isinstance(other, (float, np.floating)) and float(other) % 1:
            raise TypeError(
                f"{name} received an invalid combination of arguments - got (float), but expected one of:\n"
                f" * (int value)\n * ({type_name(type(plain(self)))} other)"
            )
        return compact(settled(operation(like(self, other), lifted(self))))

    return operator


def like(self, number):
    """A tensor of one element, of the type of self."""
    array = shown_array(self)
    backend = _core.backend_for(self)
    made = backend.zeros((1,) * array.ndim, array.dtype, array)
    with np.errstate(all="ignore"):  # ints wrap around
        backend.write(made, np.asarray(number).astype(array.dtype).item())
    return _make(made, type(self)._face or type(self))


def _comparison(method):
    def operator(self, other):
        return NotImplemented if other is None or isinstance(other, str) else getattr(self, method)(other)

    return operator


def _matmul(self, other):
    return self.matmul(other) if isinstance(other, _FACES) else NotImplemented


def _invert(self):
    if shown_array(self).dtype != np.uint8:
        raise RuntimeError("~ (operator.invert) is only implemented on byte tensors")
    return compact(settled(METHODS["sub"](like(self, 1), lifted(self))))


def _bool(self):
    """False for an empty tensor; of a Variable, whether its only element is nonzero."""
    array = _array(self)
    if array.size == 0:
        return False
    name = type_name(type(plain(self)))
    if isinstance(self, Variable):
        if array.size == 1:
            return bool(array.reshape(()).item())
        raise RuntimeError(f"bool value of Variable objects containing non-empty {name} is ambiguous")
    raise RuntimeError(f"bool value of non-empty {name} objects is ambiguous")


def _number(kind):
    def convert(self):
        array = _array(self)
        if array.size != 1:
            raise TypeError(f"only 1-element tensors can be converted to Python scalars, got size {list(array.shape)}")
        return kind(array.reshape(()).item())

    return convert


def _index(self):
    array = _array(self)
    if array.size != 1 or array.dtype.kind not in "iub":
        raise TypeError("only tensors of ints with one element can be converted to an index")
    return int(array.reshape(()).item())


OPERATORS = {
    **{f"__{n}__": _named(n) for n in ("add", "sub", "mul", "div", "pow")},
    **{f"__i{n}__": _named(f"{n}_") for n in ("add", "sub", "mul", "div", "pow")},
    "__truediv__": _named("div"), "__itruediv__": _named("div_"), "__mod__": _named("remainder"),
    "__imod__": _named("remainder"),  # another tensor: there was none in place
    "__radd__": _named("add"), "__rmul__": _named("mul"), "__rsub__": _reversed(METHODS["sub"], "rsub"),
    "__rdiv__": _reversed(divided, "rdiv"), "__rtruediv__": _reversed(divided, "rdiv"),
    "__rpow__": _reversed(METHODS["pow"], "rpow"), "__matmul__": _matmul,
    "__neg__": lambda self: self.neg(), "__abs__": lambda self: self.abs(), "__invert__": _invert,
    "__bool__": _bool, "__nonzero__": _bool, "__int__": _number(int), "__long__": _number(int),
    "__float__": _number(float), "__index__": _index,
    **{f"__{n}__": _comparison(n) for n in ("eq", "ne", "lt", "le", "gt", "ge")},
}  # fmt: skip


# what the operators are whose calls may be short: methods; of a number on the left, ops of that and the tensor
_METHOD_OF = {
    **{f"__{n}__": n for n in "add sub mul div pow neg abs matmul eq ne lt le gt ge".split()},
    **{f"__i{n}__": f"{n}_" for n in ("add", "sub", "mul", "div", "pow")},
    "__truediv__": "div", "__itruediv__": "div_", "__mod__": "remainder", "__radd__": "add", "__rmul__": "mul",
}  # fmt: skip
_OF_NUMBERS = {"__rsub__": "sub", "__rdiv__": "div", "__rtruediv__": "div"}


def install_absent(face):
    """0.3 has no floor division; and hash goes with ==."""
    for name in ("__floordiv__", "__rfloordiv__", "__ifloordiv__"):
        setattr(face, name, _refused)
    face.__hash__ = _core.TensorBase.__hash__


def _refused(self, other):
    return NotImplemented


CONVERSIONS = ("__bool__", "__nonzero__", "__int__", "__long__", "__float__", "__index__")


def without_arithmetic(name):
    """The operator `name` of halves on the CPU, which have no methods to compute it."""
    method = name.strip("_").removeprefix("true")

    def operator(self, *others):
        raise AttributeError(f"'{type_name(type(self))}' object has no attribute '{method}'")

    return operator
