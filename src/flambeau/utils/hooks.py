"""The handles of hooks, where programs look for them."""

from ..hooks import RemovableHandle

__all__ = ["RemovableHandle"]
