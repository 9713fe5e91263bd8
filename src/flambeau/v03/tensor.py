"""`torch.tensor` of 0.3: the base class of plain tensors."""

from .faces import _TensorBase

__all__ = ["_TensorBase"]
