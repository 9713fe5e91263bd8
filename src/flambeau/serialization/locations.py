"""Locations: the names that files have for the places of storages, and where `load` puts them."""

from ..device import device as Device
from ..storage import Storage


class CallbackError(Exception):
    """Carries an exception of a caller's function past the handlers for damaged files."""

    def __init__(self, error):
        self.error = error


def _cpu_tag(storage):
    return "cpu" if storage.device.type == "cpu" else None


def _cpu_restore(storage, location):
    if location != "cpu":
        return None
    return storage.cpu()


def _cuda_tag(storage):
    return str(storage.device) if storage.device.type == "cuda" else None


def _cuda_restore(storage, location):
    if not location.startswith("cuda"):
        return None
    try:
        return storage.cuda(Device(location))
    except Exception as error:
        raise RuntimeError(
            f"Attempting to deserialize object on a CUDA device ({location}), but there is none here ({error}). If you "
            "are running on a CPU-only machine, please use load with map_location=device('cpu') to map your storages "
            "to the CPU."
        ) from error


_packages = [(10, _cpu_tag, _cpu_restore), (20, _cuda_tag, _cuda_restore)]


def register_package(priority, tagger, deserializer):
    """register_package(priority, tagger, deserializer): teaches save and load another kind of location.

    tagger(storage) -> the name of the storage's location, or None when it is not of this kind; deserializer(storage,
    location) -> the storage moved there, or None when the location is not of this kind. Lower priorities are asked
    first; the CPU has 10, CUDA 20.
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda package: package[0])


def location_tag(storage):
    """location_tag(storage) -> str: the name of its location in files. RuntimeError when nobody knows it."""
    for _, tagger, _ in _packages:
        tag = tagger(storage)
        if tag:
            return tag
    raise RuntimeError(f"don't know how to determine data location of {type(storage).__name__}")


def default_restore_location(storage, location):
    """default_restore_location(storage, location) -> the storage, moved to the place that a file names.

    RuntimeError when nobody knows the location, or the device is not there.
    """
    for _, _, deserializer in _packages:
        restored = deserializer(storage, location)
        if restored is not None:
            return restored
    raise RuntimeError(f"don't know how to restore data location of {type(storage).__name__} (tagged with {location})")


def restorer(map_location):
    """The function (storage, location) -> storage that a map_location stands for.

    None: where it was; a str or device: there; a dictionary: from names of locations to others; a function(storage,
    location): what it returns, or where it was when that is None.
    """
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(
            storage, str(map_location.get(location, location))
        )
    if isinstance(map_location, (str, int, Device)):
        target = str(map_location if isinstance(map_location, str) else Device(map_location))
        return lambda storage, location: default_restore_location(storage, target)
    if not callable(map_location):
        raise TypeError(
            f"load: map_location must be a device, a str, a dict or a function, got {type(map_location).__name__}"
        )

    def call(storage, location):
        try:
            placed = map_location(storage, location)
        except Exception as error:
            raise CallbackError(error) from error
        if placed is None:
            return default_restore_location(storage, location)
        if not isinstance(placed, Storage):
            raise RuntimeError(f"load: map_location must return a storage or None, got {type(placed).__name__}")
        return placed

    return call

