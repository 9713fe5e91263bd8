"""What pointwise methods of 0.3 call instead of today's, and its operators."""

import numpy as np

from .. import _core
from ..ops import METHODS
from .faces import Variable, _array, _make, _TensorBase, type_name


def is_float(tensor):
    """Whether the elements are floats."""
    return _array(tensor).dtype.kind in "fV"


def divided(x, other):
    """x / other; among ints the quotient is cut off, as in C."""
    return METHODS["div"](x, other) if is_float(x) else METHODS["div"](x, other, rounding_mode="trunc")


def divided_(x, other):
    """The in-place form."""
    return METHODS["div_"](x, other) if is_float(x) else METHODS["div_"](x, other, rounding_mode="trunc")


def _bools(mask):
    """The bool tensor over the bytes of a mask. RuntimeError when it has other bytes than 0 and 1."""
    array = _array(mask)
    if array.size and array.max() > 1:
        raise RuntimeError("Mask tensor can take 0 and 1 values only")
    return _make(array.view(np.bool_))


def masked_selected(x, mask):
    """The elements where mask is 1, in one dimension."""
    return METHODS["masked_select"](x, _bools(mask))


def masked_filled_(x, mask, value):
    """value where mask is 1."""
    return METHODS["masked_fill_"](x, _bools(mask), value)


def masked_filled(x, mask, value):
    """A copy of x with value where mask is 1."""
    return METHODS["masked_fill"](x, _bools(mask), value)


def masked_scattered_(x, mask, source):
    """The elements of source in order, where mask is 1."""
    wanted = int(_array(mask).sum())
    if wanted > _array(source).size:
        raise RuntimeError(f"masked_scatter_: mask has {wanted} ones, more than the {_array(source).size} elements of source")
    return METHODS["masked_scatter_"](x, _bools(mask), source)


def copied_(x, source, broadcast=True):
    """x.copy_(source): converts and broadcasts; with as many elements in another size, copies them in order."""
    if not isinstance(source, (Variable, _TensorBase)):
        raise TypeError(f"copy_ received an invalid combination of arguments - got ({type(source).__name__})")
    a, b = _array(x).shape or (1,), _array(source).shape or (1,)
    if a != b:
        from .broadcasting import together

        if broadcast:
            (source,) = together(x, [source], True, ("dst", "src"))
        elif _array(x).size != _array(source).size:
            raise RuntimeError(f"copy_: sizes do not match, {list(a)} and {list(b)}")
        else:
            source = METHODS["reshape"](source, a)
    return METHODS["copy_"](x, source)


TARGETS = {f.__name__: f for f in (divided, divided_, masked_selected, masked_filled_, masked_filled,
                                   masked_scattered_, copied_)}  # fmt: skip


# ---- operators


def _reversed(name, operation):
    """The operator with a number on the left."""

    def operator(self, other):
        if isinstance(other, (Variable, _TensorBase)) or not isinstance(other, (int, float, np.number)):
            return NotImplemented
        return operation(self, other)

    operator.__name__ = name
    return operator


def _like(self, number):
    """A tensor of one element, of the type of self."""
    new = _make(np.full((1,) * max(_array(self).ndim, 1), number).astype(_array(self).dtype), type(self)._face or type(self))
    return new


def _check_number(self, other, name):
    if not is_float(self) and isinstance(other, (float, np.floating)):
        raise TypeError(
            f"{name} received an invalid combination of arguments - got (float), but expected one of:\n * (int value)\n"
            f" * ({type_name(type(self))} other)"
        )


def _rsub(self, other):
    _check_number(self, other, "rsub")
    return METHODS["sub"](_like(self, other), self)


def _rdiv(self, other):
    _check_number(self, other, "rdiv")
    return divided(_like(self, other), self)


def _rpow(self, other):
    return METHODS["pow"](_like(self, other), self)


def _radd(self, other):
    return self.add(other)


def _rmul(self, other):
    return self.mul(other)


def _named(method):
    def operator(self, other):
        if not isinstance(other, (Variable, _TensorBase, int, float, np.number)):
            return NotImplemented
        return getattr(self, method)(other)

    operator.__name__ = method
    return operator


def _comparison(method, other_types=None):
    def operator(self, other):
        if other is None or isinstance(other, str):
            return NotImplemented
        return getattr(self, method)(other)

    operator.__name__ = f"__{method}__"
    return operator


def _matmul(self, other):
    if not isinstance(other, (Variable, _TensorBase)):
        return NotImplemented
    return self.matmul(other)


def _invert(self):
    array = _array(self)
    if array.dtype != np.uint8:
        raise RuntimeError("~ (operator.invert) is only implemented on byte tensors")
    return METHODS["sub"](_like(self, 1), self)


def _bool(self):
    """Whether the only element is nonzero; an empty tensor is False."""
    array = _array(self)
    if array.size == 0:
        return False
    if array.size == 1:
        return bool(array.reshape(()).item())
    kind = "Variable" if isinstance(self, Variable) else type_name(type(self))
    raise RuntimeError(f"bool value of {kind} objects containing non-empty {type_name(type(plain_of(self)))} is ambiguous")


def plain_of(tensor):
    """The plain tensor of either face."""
    return tensor.data if isinstance(tensor, Variable) else tensor


def _number(kind):
    def convert(self):
        array = _array(self)
        if array.size != 1:
            raise TypeError(f"only 1-element tensors can be converted to Python scalars, got size {tuple(array.shape)}")
        return kind(array.reshape(()).item())

    return convert


def _ipow(self, other):
    return self.pow_(other)


OPERATORS = {
    "__add__": _named("add"), "__radd__": _reversed("__radd__", _radd), "__iadd__": _named("add_"),
    "__sub__": _named("sub"), "__rsub__": _reversed("__rsub__", _rsub), "__isub__": _named("sub_"),
    "__mul__": _named("mul"), "__rmul__": _reversed("__rmul__", _rmul), "__imul__": _named("mul_"),
    "__div__": _named("div"), "__truediv__": _named("div"), "__rdiv__": _reversed("__rdiv__", _rdiv),
    "__rtruediv__": _reversed("__rtruediv__", _rdiv), "__idiv__": _named("div_"), "__itruediv__": _named("div_"),
    "__mod__": _named("remainder"), "__pow__": _named("pow"), "__rpow__": _reversed("__rpow__", _rpow),
    "__ipow__": _ipow, "__matmul__": _matmul, "__neg__": lambda self: self.neg(), "__abs__": lambda self: self.abs(),
    "__invert__": _invert, "__bool__": _bool, "__nonzero__": _bool, "__int__": _number(int), "__long__": _number(int),
    "__float__": _number(float), "__floordiv__": None, "__rfloordiv__": None,
    **{f"__{m}__": _comparison(m) for m in ("eq", "ne", "lt", "le", "gt", "ge")},
    "__hash__": _core.TensorBase.__hash__,
}  # fmt: skip
