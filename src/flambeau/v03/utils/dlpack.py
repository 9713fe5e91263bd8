"""`torch.utils.dlpack` of 0.3: plain tensors to and from other libraries, over the same memory."""

from ...utils import dlpack as todays
from ..faces import plain

__all__ = ["from_dlpack", "to_dlpack"]


def from_dlpack(dlpack):
    """from_dlpack(capsule) -> plain tensor"""
    return plain(todays.from_dlpack(dlpack))


def to_dlpack(tensor):
    """to_dlpack(tensor) -> capsule"""
    return todays.to_dlpack(tensor)
