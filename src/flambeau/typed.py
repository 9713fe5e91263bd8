"""Typed names: `FloatTensor`, `LongTensor`, `cuda.HalfTensor`, ...: constructors, targets of casts, and answers to
`isinstance`. A tensor itself is of one class, whatever its elements are.

    FloatTensor(2, 3)              of a size (uninitialised)
    FloatTensor([[1, 2], [3, 4]])  with the elements of a sequence or array, converted
    FloatTensor(storage)           over the memory of a FloatStorage, or of a tensor of that type
    x.type(FloatTensor)            x converted and moved
    isinstance(x, FloatTensor)     by dtype and device
"""

from collections.abc import Sequence

import numpy as np

from . import _core
from .device import device as Device
from .dtype import (
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .dtype import dtype as DType
from .layout import strided
from .size import Size
from .storage import Storage

_array = _core.array_of


class TensorType(type):
    """The class of typed names. Each has a `dtype`, and `is_cuda`."""

    dtype: DType
    is_cuda: bool
    is_sparse = False
    layout = strided

    def __call__(cls, *args, device=None):
        name = cls.__name__
        if device is not None and Device(device).type != cls.device_type:
            raise RuntimeError(
                f"legacy constructor expects device type: {cls.device_type} but device type: {Device(device).type} "
                "was passed"
            )
        array, source = constructed(args, cls.dtype, name, cls.device_type)
        t = _core.make(array)
        if source is not None:
            _core.share_version(t, source)
        return t if not cls.is_cuda or t.is_cuda else t.to(Device(cls.device_type if device is None else device))

    def __instancecheck__(cls, x):
        return (
            isinstance(x, _core.TensorBase)
            and x.layout is strided
            and x.dtype is cls.dtype
            and (x.device.type == "cuda") == cls.is_cuda
        )

    @property
    def device_type(cls):
        """Where the tensors of this name are: "cpu" or "cuda"."""
        return "cuda" if cls.is_cuda else "cpu"

    def __repr__(cls):
        return f"<class '{type_string(cls)}'>"


def type_string(cls):
    """The name of a typed class as `Tensor.type()` gives it."""
    return f"torch.{'cuda.' * cls.is_cuda}{cls.__name__}"


def constructed(args, dtype, name, device="cpu"):
    """What the older constructors make of their arguments: an array, and the tensor whose memory it is over, or None.

    No arguments: empty. One tensor or storage of the same dtype: its memory. One sequence or array: its elements,
    converted. Ints or a Size: an uninitialised array of that size.
    """
    from .ops.create import data_array

    if len(args) == 1:
        (value,) = args
        if isinstance(value, (_core.TensorBase, Storage)):
            if value.dtype is not dtype or value.device.type != device:
                kind = TypeError if isinstance(value, _core.TensorBase) else RuntimeError
                raise kind(
                    f"{name}(): expected a Tensor or Storage of type {dtype.title} on {device}, but got type "
                    f"{value.dtype.title} on {value.device.type}; convert it with .to(...)"
                )
            return (value.array, None) if isinstance(value, Storage) else (_array(value), value)
        if not isinstance(value, Size) and _is_data(value):
            return data_array(value, dtype, name), None
        if isinstance(value, (bool, float, complex, str, bytes)):
            raise TypeError(f"{name}(): data must be a sequence (got {type(value).__name__})")
    size = args[0] if len(args) == 1 and isinstance(args[0], Size) else args or (0,)
    for s in size:
        if isinstance(s, bool) or not isinstance(s, (int, np.integer)):
            raise TypeError(
                f"{name}(): expected sizes as ints, or one sequence of data; got {type(s).__name__}"
            )
    return _core.empty_array([int(s) for s in size], dtype.numpy), None


def _is_data(value):
    """Whether an older constructor reads its one argument as elements, not as a size."""
    if isinstance(value, (Sequence, np.ndarray)):
        return not isinstance(value, (str, bytes))
    return hasattr(type(value), "__array__") and not isinstance(value, np.generic)


def _typed(dtype, is_cuda):
    package = "flambeau.cuda" if is_cuda else "flambeau"
    return TensorType(
        f"{dtype.title}Tensor", (), {"dtype": dtype, "is_cuda": is_cuda, "__module__": package, "__slots__": ()}
    )


BoolTensor, ByteTensor, CharTensor = _typed(bool_, False), _typed(uint8, False), _typed(int8, False)
ShortTensor, IntTensor, LongTensor = _typed(int16, False), _typed(int32, False), _typed(int64, False)
HalfTensor, BFloat16Tensor = _typed(float16, False), _typed(bfloat16, False)
FloatTensor, DoubleTensor = _typed(float32, False), _typed(float64, False)
CPU_TYPES = (BoolTensor, ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor, HalfTensor, BFloat16Tensor,
             FloatTensor, DoubleTensor)  # fmt: skip
CUDA_TYPES = {cls.__name__: _typed(cls.dtype, True) for cls in CPU_TYPES}  # what flambeau.cuda has
# Names that `Tensor.type` gives and takes, without classes in the namespaces.
_NAMES_ONLY = [_typed(dtype, is_cuda) for dtype in (uint16, uint32, uint64) for is_cuda in (False, True)]
_BY_NAME = {type_string(cls): cls for cls in (*CPU_TYPES, *CUDA_TYPES.values(), *_NAMES_ONLY)}


def typed_class(target):
    """The typed class of a typed class or its name; for Tensor the one of the default dtype. ValueError for others."""
    from .tensor import Tensor

    if target is Tensor or target == "torch.Tensor":
        return next(cls for cls in CPU_TYPES if cls.dtype is get_default_dtype())
    if isinstance(target, TensorType):
        return target
    # A class may be one of another face of the library, which has the name.
    name = f"{target.__module__}.{target.__name__}" if isinstance(target, type) else target
    found = _BY_NAME.get(name) if isinstance(name, str) else None
    if found is None:
        raise ValueError(f"invalid type: {target!r}")
    return found
