"""`torch.nn.parameter` of 0.3."""

from ..faces import Parameter

__all__ = ["Parameter"]
