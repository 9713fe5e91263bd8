"""The two faces of a tensor in 0.3: the plain tensor of one type (`torch.FloatTensor`, ...), and the Variable.

A plain tensor has no history. A Variable has one, and `volatile`; it holds a plain tensor, `data`, over its own
memory. What their methods and operators do differently from today's is in the other modules of this package, which
fill these classes.

Whose code calls decides what it gets. The library itself is written in today's language: its calls of methods and
operators of a face reach today's (`by_library`). Programs get 0.3's. So a face may hold what 0.3 did not have: an
array of bools, or one without dimensions, which is what a full reduction of a Variable gives. 0.3's methods and
properties show them as bytes and as the size (1,); `lifted` makes that real where an operation looks at them.
"""

import sys
from typing import Any

import numpy as np

from .. import _core
from ..nn.parameter import Parameter as _TodaysParameter
from ..size import Size
from ..tensor import Tensor

_array, _make = _core.array_of, _core.make
_BOOL, _BYTE = np.dtype(np.bool_), np.dtype(np.uint8)

# type name -> letter and size of the NumPy dtype; the element types of 0.3
ELEMENTS = {"Byte": "u1", "Char": "i1", "Short": "i2", "Int": "i4", "Long": "i8", "Half": "f2", "Float": "f4",
            "Double": "f8"}  # fmt: skip

# ---------------------------------------------------------------------------------------------- who is calling

_LIBRARY: dict[str, bool] = {}  # name of a module -> whether it is the library's own, written in today's language


def by_library(depth=2):
    """Whether the library's own code, outside this package, called the function that asks. (The answer is for the frame
    `depth` above this one.)"""
    name = sys._getframe(depth).f_globals.get("__name__") or ""
    found = _LIBRARY.get(name)
    return _is_library(name) if found is None else found


def _is_library(name):
    own = name.split(".")
    found = _LIBRARY[name] = own[0] == "flambeau" and own[1:2] != ["v03"]
    return found


_SEEING: dict[Any, bool] = {}  # name of a module -> whether it is the library's own, this package's among them


def _is_seer(name):
    found = name == "flambeau" or (name or "").startswith("flambeau.") and name != __package__
    _SEEING[name] = found
    return found


def sees_todays():
    """Whether a module of the library, or of this package, asks for the attribute that calls this."""
    name = sys._getframe(2).f_globals.get("__name__")
    found = _SEEING.get(name)
    return _is_seer(name) if found is None else found


_core.set_seers(_SEEING, _is_seer)


def for_programs(name: str, method: Any):
    """A method of a face: `method` for programs, today's for the library's own code."""
    todays: Any = getattr(Tensor, name, None)
    if todays is None:
        return method
    return _core.FaceMethod(name, method, todays, op=todays)


class Absent(_core.HiddenName):
    """An attribute that the instances of a class do not have, for programs; all modules of the library see today's."""

    def __init__(self, name, source=Tensor, given=False):
        super().__init__(name, getattr(source, name, None), given)

    def __set__(self, instance, value):
        if not (hasattr(self.todays, "__set__") and sees_todays()):
            raise AttributeError(f"'{type(instance).__name__}' object has no attribute '{self.name}'")
        self.todays.__set__(instance, value)


class Later(Absent):
    """An attribute that is of later years: absent until a program gives it a value of its own."""

    def __init__(self, name):
        super().__init__(name, given=True)

    def __set__(self, instance, value):
        if hasattr(self.todays, "__set__") and sees_todays():
            self.todays.__set__(instance, value)
        else:
            instance.__dict__[self.name] = value

    def __delete__(self, instance):
        if instance.__dict__.pop(self.name, self) is self:
            raise AttributeError(self.name)


# ----------------------------------------------------------------------------------------------- plain tensors


class _TensorBase(Tensor):
    """What all plain tensors of 0.3 are."""

    __module__ = "torch.tensor"
    _face_rank = 1
    is_cuda = is_sparse = _is_sparse_face = False
    _dtype = None  # of the instances of a typed class
    __array_priority__ = 1000
    _holders: Any = None  # references to the Variables around it

    def __new__(cls, *args, **options):
        from .construct import new_tensor

        return new_tensor(cls, args, **options)

    __init__ = object.__init__  # all is done in __new__

    @property
    def _cdata(self):
        """A number that names this tensor; storages have one too, which says whether memory is shared."""
        return id(self)

    @classmethod
    def _new_with_metadata_file(cls, file, storage):
        from .memory import new_with_metadata_file

        return new_with_metadata_file(cls, file, storage)

    @classmethod
    def _sparse_face(cls):
        """The class of sparse tensors with values of this one."""
        from .sparse import class_of

        return class_of(cls)



for _name in ("backward", "detach", "detach_", "grad", "grad_fn", "is_leaf", "output_nr", "register_hook",
              "reinforce", "requires_grad", "requires_grad_", "retain_grad", "volatile"):  # fmt: skip
    setattr(_TensorBase, _name, Absent(_name))


def _class_of(array):
    """The typed class of an array, and the array."""
    dtype = array.dtype
    classes = _CPU if isinstance(array, np.ndarray) else _CUDA
    key = "u1" if dtype == _BOOL else dtype.str[1:]
    return classes.get(key) or _other_class(dtype, classes), array


_CPU: dict[str, type] = {}  # letter and size of a dtype -> typed class
_CUDA: dict[str, type] = {}


def _typed(name, letters, classes, package):
    contents = {"__module__": package, "_dtype": np.dtype(letters), "_face": _TensorBase}
    contents["is_cuda"] = package == "torch.cuda"
    own_name = f"{'Cuda' * contents['is_cuda']}{name}Tensor"  # where another process finds it: `torch` may be another
    cls = type(f"{name}Tensor", (_TensorBase,), {**contents, "_place": f"{__name__}:{own_name}"})
    globals()[own_name] = cls
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


def shown_array(tensor):
    """The array of a tensor as 0.3 sees it: bytes for bools, one dimension for none, and an empty one without size."""
    array = _array(tensor)
    if array.dtype == _BOOL:
        array = array.view(_BYTE)
    if not array.ndim:
        return array.reshape(1)
    return array if array.size else array.reshape(0)


def settled(result):
    """What an operation on plain tensors gives to a program: a tensor as 0.3 sees it; others as they are."""
    if isinstance(result, _TensorBase):
        array = _array(result)
        if not array.ndim or array.dtype == _BOOL or (not array.size and array.ndim > 1):
            _core.set_array(result, shown_array(result))
    return result


def compact(result):
    """A new tensor, or several, with the elements in row-major order: results of 0.3's operations always lay so, and
    its programs call `view` on them. Not for views, whose memory is another's."""
    if isinstance(result, (tuple, list)):
        for part in result:
            compact(part)
    elif isinstance(result, (Variable, _TensorBase)) and not _array(result).flags.c_contiguous:
        put(result, copied(_array(result)))
    return result


def copied(array, dtype=None):
    """A copy of an array in row-major order, or of the same elements in another dtype, on its own device."""
    if isinstance(array, np.ndarray):
        return array.copy() if dtype is None else array.astype(dtype)
    with _core.backend_for(_make(array)).on(array):
        return array.copy() if dtype is None else array.astype(dtype)


def plain(tensor):
    """plain(tensor) -> the plain tensor of 0.3 over the memory of any tensor, without history."""
    if isinstance(tensor, Variable):
        return tensor.data
    if isinstance(tensor, _TensorBase):
        return tensor
    made = _make(shown_array(tensor), _TensorBase)
    _core.share_version(made, tensor)
    return made


# ------------------------------------------------------------------------------------------------- Variable


def _new_variable(cls: Any, data=None, requires_grad=False, volatile=False):
    """Variable.__new__"""
    if data is None:
        data = TYPES["FloatTensor"]()
    if isinstance(data, Variable) or not isinstance(data, _TensorBase):
        raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
    if requires_grad and volatile:
        raise ValueError("Variable can't be volatile and require_grad at the same time!")
    if data._is_sparse_face:
        from .sparse import around

        return around(data, requires_grad, volatile)
    self = _core.TensorBase.__new__(cls)
    _core.init_tensor(self, _array(data), bool(requires_grad))
    self._volatile = bool(volatile)
    _core.hold_data(self, data)
    return self


class Variable(Tensor):
    """Variable(data, requires_grad=False, volatile=False)

    A tensor that records what is computed from it. `data` is the plain tensor inside, the same object each time. When
    an argument of an operation is volatile, so is its result, and nothing is recorded. ValueError for both flags.
    """

    __module__ = "torch.autograd.variable"
    _place = "flambeau.v03.faces:Variable"
    _face_rank = 2
    _noun = "Variable"
    _is_sparse_face = False
    _adapt = staticmethod(lambda array: (Variable, array))
    _data: Any = None  # the plain tensor inside, once it was asked for
    _views: Any = None  # references to the Variables that programs made over its memory

    __new__ = _core.FaceMethod("__new__", _new_variable, special="new")
    __init__ = object.__init__  # all is done in __new__

    @staticmethod
    def _sparse_face():
        """The class of sparse tensors with values of this one."""
        from .sparse import SparseVariable

        return SparseVariable

    def _made_data(self):
        """`data`, where the core does not find it."""
        array, data = _array(self), self._data
        if data is None or (_array(data) is not array and not _same(_array(data), array)):
            data = _make(shown_array(self), _TensorBase)
            _core.hold_data(self, data)
        return data

    def _set_data(self, value):
        if isinstance(value, Variable) or not isinstance(value, _TensorBase):
            raise TypeError(f"Variable.data has to be a tensor, but got {type(value).__name__}")
        if type(value) is not type(self.data) and self.grad_fn is not None:
            raise RuntimeError(
                f"assigning data of type {type_name(type(value))} to a Variable of type "
                f"{type_name(type(self.data))} with a history"
            )
        put(self, _array(value))
        _core.hold_data(self, value)

    data = property(_core.data_inside, _set_data, doc="The plain tensor over the same memory.")

    @property
    def volatile(self):
        """Whether nothing is recorded of what is computed with this Variable."""
        return bool(self._volatile)

    @volatile.setter
    def volatile(self, value):
        if not isinstance(value, bool):
            raise TypeError(f"volatile must be a bool, got {type(value).__name__}")
        if self.grad_fn is not None:
            raise RuntimeError("volatile can only be set on leaf variables")
        if value:
            self.requires_grad_(False)
        self._volatile = value

    @property
    def is_cuda(self):
        """Whether the memory is on a GPU."""
        return not isinstance(_array(self), np.ndarray)


def _size(self):
    array = _array(self)
    return Size((array.shape or (1,)) if array.size else ())


def size(self, dim=None):
    """size() -> torch.Size;  size(dim) -> int"""
    sizes = _size(self)
    if dim is None:
        return sizes
    _check_dim(dim, len(sizes))
    return sizes[dim]


def _check_dim(dim, ndim):
    """RuntimeError for a dimension that there is not."""
    if not ndim:
        raise RuntimeError(f"dimension specified as {dim} but tensor has no dimensions")
    if not -ndim <= dim < ndim:
        raise RuntimeError(f"dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})")


def dim(self):
    """dim() -> number of dimensions; 0 for an empty tensor."""
    return len(_size(self))


def stride(self, dim=None):
    """stride() -> steps between neighbours along each dimension, in elements;  stride(dim) -> int"""
    array = shown_array(self)
    strides = tuple(s // array.itemsize for s in array.strides) if array.size else ()
    if dim is None:
        return strides
    _check_dim(dim, len(strides))
    return strides[dim]


def _len(self):
    array = _array(self)
    return array.shape[0] if array.ndim else 1


def _dir(self):
    found = {name: c.__dict__[name] for c in reversed(type(self).__mro__) for name in c.__dict__}
    return sorted({*self.__dict__, *(name for name, value in found.items() if not isinstance(value, Absent))})


for _face in (_TensorBase, Variable):
    _face.__dir__ = _dir
    for _name, _method, _special in (("size", size, "size"), ("dim", dim, "dim"), ("ndimension", dim, "dim"),
                                     ("stride", stride, None), ("__len__", _len, None)):  # fmt: skip
        setattr(_face, _name, _core.FaceMethod(_name, _method, getattr(Tensor, _name), special=_special))
    _face.shape = _core.FaceSize(_size)


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


def put(tensor, array):
    """Gives a tensor another array, and keeps its version: 0.3 did not notice changes of `data`."""
    _core.init_tensor(tensor, array, tensor.requires_grad and tensor.is_leaf)


def set_memory(tensor, array):
    """Gives a plain tensor or Variable another array; a plain tensor's Variables follow."""
    _core.set_array(tensor, array)
    follow(tensor)


def follow(data):
    """The Variables around a plain tensor get the array that it has now."""
    for ref in data._holders or ():
        variable = ref()
        if variable is None or variable._data is not data:
            continue
        if not _same(_array(variable), _array(data)):
            put(variable, _array(data))


def lifted(tensor):
    """A tensor as 0.3 sees it: bytes for bools, of one dimension when it has none. A Variable's history goes on."""
    array = _array(tensor)
    if array.dtype == _BOOL:
        bools, tensor = tensor, _make(shown_array(tensor), type(tensor)._face or type(tensor))
        tensor._volatile = bools._volatile
    elif not array.ndim:
        return reshaped(tensor, (1,))
    return tensor


def reshaped(tensor, shape):
    """tensor with its elements in another shape; a Variable's history goes on."""
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


def as_face(result, is_variable):
    """What a program gets of a result: of Variables, or of plain tensors."""
    return _as_variable(result) if is_variable else plain(result) if type(result) is Tensor else settled(result)


def _as_variable(result):
    """A result of Variables with bytes for bools; one without dimensions stays so, and is shown with the size (1,)."""
    if isinstance(result, Variable) and _array(result).dtype.kind == "b":
        return lifted(result)
    return Variable(plain(result)) if type(result) is Tensor else result


_core.set_faces(
    Variable, Parameter, _TensorBase, {cls._dtype: cls for cls in TYPES.values()}, _LIBRARY, _is_library, as_face
)
