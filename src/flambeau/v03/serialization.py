"""`torch.serialization` of 0.3."""

from ..serialization import load, save

__all__ = ["SourceChangeWarning", "load", "save"]


class SourceChangeWarning(Warning):
    """The source of a class has changed since an object of it was saved."""
