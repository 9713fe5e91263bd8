"""The two faces of a tensor in 0.3: the plain tensor of one type (`torch.FloatTensor`, ...), and the Variable around it.

A plain tensor has no history. A Variable has one, and `volatile`; it holds a plain tensor, `data`, over the same
memory. Operations of the library give their results the face of their inputs; what the methods and operators of the
faces do differently from today's is in `methods/`, whose modules fill these classes.

0.3 has no tensors without dimensions. A Variable computed by a full reduction has a 0-dim array inside, as today,
and shows the size (1,); `lifted` makes that real where an operation looks at dimensions. It has no bool either:
the faces see the bytes of bool arrays.
"""

import weakref

import numpy as np

from .. import _core
from ..nn.parameter import Parameter as _TodaysParameter
from ..size import Size
from ..tensor import Tensor

_array, _make = _core.array_of, _core.make
_BOOL = np.dtype(np.bool_)

# type name -> letter of the NumPy dtype; the element types of 0.3
ELEMENTS = {"Byte": "u1", "Char": "i1", "Short": "i2", "Int": "i4", "Long": "i8", "Half": "f2", "Float": "f4",
            "Double": "f8"}  # fmt: skip


class _TensorBase(Tensor):
    """What all plain tensors of 0.3 are."""

    __module__ = "torch.tensor"
    _face_rank = 1
    is_cuda = is_sparse = False
    is_variable = False
    _dtype = None  # of the instances of a typed class

    def __new__(cls, *args, **options):
        from .construct import new_tensor

        return new_tensor(cls, args, **options)

    def __init__(self, *args, **options):
        """All is done in __new__."""

    def __dir__(self):
        return sorted(n for n in super().__dir__() if n not in _ONLY_VARIABLES)


_ONLY_VARIABLES = frozenset(
    "backward detach detach_ grad grad_fn register_hook requires_grad requires_grad_ retain_grad volatile".split()
)


def _class_of(array):
    """The typed class of an array, and the array as this class sees it: bytes for bool, one dimension at the least."""
    dtype = array.dtype
    if dtype == _BOOL:
        array, dtype = array.view(np.uint8), np.dtype(np.uint8)
    if array.ndim == 0:
        array = array.reshape(1)
    classes = _CPU if isinstance(array, np.ndarray) else _CUDA
    return classes.get(dtype.str[1:]) or _other_class(dtype, classes), array


_CPU: dict[str, type] = {}  # letter and size of a dtype -> typed class
_CUDA: dict[str, type] = {}


def _typed(name, letters, classes, package):
    cls = type(f"{name}Tensor", (_TensorBase,), {"__module__": package, "_dtype": np.dtype(letters), "_face": _TensorBase})
    cls.is_cuda = package == "torch.cuda"
    cls._place = f"{__name__}:{'Cuda' * cls.is_cuda}{name}Tensor"
    globals()["Cuda" * cls.is_cuda + cls.__name__] = cls  # where another process finds it
    classes[letters] = cls
    return cls


def _other_class(dtype, classes):
    """A class for element types that 0.3 did not have, which only today's functions can make."""
    name = "".join(part.capitalize() for part in dtype.name.split("_"))
    return _typed(name, dtype.str[1:], classes, "torch" if classes is _CPU else "torch.cuda")


TYPES = {f"{n}Tensor": _typed(n, letters, _CPU, "torch") for n, letters in ELEMENTS.items()}
CUDA_TYPES = {f"{n}Tensor": _typed(n, letters, _CUDA, "torch.cuda") for n, letters in ELEMENTS.items()}
_TensorBase._adapt = staticmethod(_class_of)


def type_name(cls):
    """type_name(torch.FloatTensor) -> "torch.FloatTensor"."""
    return f"{cls.__module__}.{cls.__name__}"


def plain(tensor):
    """plain(tensor) -> the plain tensor of 0.3 over the memory of any tensor, without history."""
    if isinstance(tensor, Variable):
        return tensor.data
    return tensor if isinstance(tensor, _TensorBase) else _share(_make(_array(tensor), _TensorBase), tensor)


def _share(new, source):
    _core.share_version(new, source)
    return new


# ------------------------------------------------------------------------------------------------- Variable


def _variable_of(array):
    return Variable, array.view(np.uint8) if array.dtype == _BOOL else array


class Variable(Tensor):
    """Variable(data, requires_grad=False, volatile=False)

    A tensor that records what is computed from it. `data` is the plain tensor inside, the same object each time. When
    an argument of an operation is volatile, so is its result, and nothing is recorded. ValueError for both flags.
    """

    __module__ = "torch.autograd.variable"
    _place = "flambeau.v03.faces:Variable"
    _face_rank = 2
    _adapt = staticmethod(_variable_of)
    is_variable = True

    def __new__(cls, data=None, requires_grad=False, volatile=False):
        if data is None:
            data = TYPES["FloatTensor"]()
        if isinstance(data, Variable) or not isinstance(data, _TensorBase):
            raise TypeError(
                f"Variable data has to be a tensor, but got {data.__class__.__name__}"
            )
        if requires_grad and volatile:
            raise ValueError("Variable can't be volatile and require_grad at the same time!")
        self = _core.TensorBase.__new__(cls)
        _core.init_tensor(self, _array(data), bool(requires_grad))
        self._volatile = bool(volatile)
        self._hold(data)
        return self

    def __init__(self, *args, **options):
        """All is done in __new__."""

    def _hold(self, data):
        """data is from now on the plain tensor inside: when it gets other memory, so does self."""
        self.__dict__["_data"] = data
        data.__dict__.setdefault("_variables", weakref.WeakSet()).add(self)

    @property
    def data(self):
        """The plain tensor over the same memory."""
        array, data = _array(self), self.__dict__.get("_data")
        if data is None or (_array(data) is not array and not _same(_array(data), array)):
            data = _make(array.reshape(1) if array.ndim == 0 else array, _TensorBase)
            self._hold(data)
        return data

    @data.setter
    def data(self, value):
        if isinstance(value, Variable) or not isinstance(value, _TensorBase):
            raise TypeError(f"Variable.data has to be a tensor, but got {value.__class__.__name__}")
        if type(value) is not type(self.data) and self.grad_fn is not None:
            raise RuntimeError(
                f"assigning data of type {type_name(type(value))} to a Variable of type "
                f"{type_name(type(self.data))} with a history"
            )
        _core.set_array(self, _array(value))
        self._hold(value)

    @property
    def volatile(self):
        """Whether nothing is recorded of what is computed with this Variable."""
        return self._volatile

    @volatile.setter
    def volatile(self, value):
        if not isinstance(value, bool):
            raise TypeError(f"volatile must be a bool, got {type(value).__name__}")
        if self.grad_fn is not None:
            raise RuntimeError("volatile can only be set on leaf variables")
        if value:
            self.requires_grad_(False)
        self._volatile = value


def _size(self):
    return Size(_array(self).shape or (1,)) if _array(self).size else Size(s for s in _array(self).shape if s)


def size(self, dim=None):
    """size() -> torch.Size;  size(dim) -> int"""
    sizes = _size(self)
    if dim is None:
        return sizes
    if not -len(sizes) <= dim < len(sizes):
        raise RuntimeError(f"dimension {dim} out of range of {len(sizes)}D tensor")
    return sizes[dim]


def dim(self):
    """dim() -> number of dimensions; 0 for an empty tensor."""
    return len(_size(self))


for _face in (_TensorBase, Variable):
    _face.size, _face.dim, _face.ndimension = size, dim, dim
    _face.shape, _face.ndim = property(_size), property(dim)


def _same(a, b):
    """Whether two arrays are over the same elements; a 0-dim one and one of size (1,) may be."""
    return (
        a.dtype.itemsize == b.dtype.itemsize
        and (a.shape or (1,)) == (b.shape or (1,))
        and (a.strides == b.strides or a.size == 1)
        and _address(a) == _address(b)
    )


def _address(array):
    return array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr


def set_memory(tensor, array):
    """Gives a plain tensor or Variable another array; a plain tensor's Variables follow."""
    _core.set_array(tensor, array)
    for variable in tensor.__dict__.get("_variables", ()):
        _core.set_array(variable, array)


def lifted(variable):
    """A Variable as 0.3 sees it: of one dimension when it has none. Its history goes on."""
    return variable if _array(variable).ndim else _reshape(variable, (1,))


def _reshape(tensor, shape):
    from ..ops import FUNCTIONS

    return FUNCTIONS["reshape"](tensor, shape)


class Parameter(Variable, _TodaysParameter):
    """Parameter(data, requires_grad=True): a Variable that a Module registers when it is assigned to an attribute."""

    __module__ = "torch.nn.parameter"
    _place = "flambeau.v03.faces:Parameter"
    _face = Variable

    def __new__(cls, data=None, requires_grad=True):
        if data is not None and not isinstance(data, _TensorBase):
            data = plain(data)
        return Variable.__new__(cls, data, requires_grad=requires_grad)

    def __repr__(self):
        return "Parameter containing:" + self.data.__repr__()


