"""`torch.storage` of 0.3: the base class of storages."""

from ..storage import Storage as _StorageBase

__all__ = ["_StorageBase"]
