"""DLPack: handing tensors to other libraries, and taking theirs, without copying."""

import enum

from .._core import array_of
from .._core.native import set_dlpack_type
from ..ops.create import from_dlpack
from ..tensor import Tensor


class DLDeviceType(enum.IntEnum):
    """Device types of the DLPack standard."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14


def to_dlpack(tensor):
    """to_dlpack(tensor) -> a capsule over the memory of the tensor, for one call of another library's from_dlpack.

    BufferError for a tensor that requires a gradient.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"to_dlpack(): argument 'tensor' must be Tensor, not {type(tensor).__name__}")
    if tensor.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return export(array_of(tensor))


def export(array, **options):
    """The capsule of an array; bfloat16, which NumPy cannot export, goes out as uint16 and is renamed."""
    if array.dtype.kind != "V":
        return array.__dlpack__(**options)
    return set_dlpack_type(array.view("u2").__dlpack__(**options), 4)


__all__ = ["DLDeviceType", "from_dlpack", "to_dlpack"]
