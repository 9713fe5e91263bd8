"""Saving and loading, in PyTorch's file formats: see docs/serialization.md."""

import pickle  # scripts take it from here, as a default of pickle_module=
import tempfile as _tempfile

from ..storage import Storage as _Storage
from ..storage import StorageType as _StorageType
from .convert import load_safetensors, save_safetensors
from .copies import rebuild_tensor
from .inspecting import inspect
from .loading import (
    SourceChangeWarning,
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    get_unsafe_globals_in_checkpoint,
    load,
    safe_globals,
)
from .locations import default_restore_location, location_tag, register_package
from .options import (
    MAP_PRIVATE,
    MAP_SHARED,
    LoadEndianness,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
)
from .saving import DEFAULT_PROTOCOL, save
from .sequence import INT_SIZE, LONG_SIZE, MAGIC_NUMBER, PROTOCOL_VERSION, SHORT_SIZE

STORAGE_KEY_SEPARATOR = ","
mkdtemp = _tempfile.TemporaryDirectory


def normalize_storage_type(storage_type):
    """normalize_storage_type(type) -> the typed storage class of a storage class."""
    if not isinstance(storage_type, _StorageType):
        raise TypeError(f"normalize_storage_type: expected a class of storages, got {storage_type!r}")
    return storage_type


def storage_to_tensor_type(storage):
    """storage_to_tensor_type(storage) -> the typed tensor class over it: FloatTensor of a FloatStorage."""
    from ..typed import typed_class

    if not isinstance(storage, _Storage):
        raise TypeError(f"storage_to_tensor_type: expected a storage, got {type(storage).__name__}")
    return typed_class(f"torch.{'cuda.' * storage.is_cuda}{storage.dtype.title}Tensor")
