"""Handles of hooks, where PyTorch has them."""

from ..hooks import RemovableHandle

__all__ = ["RemovableHandle"]
