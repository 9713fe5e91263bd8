"""NVIDIA's shared libraries, opened by ctypes: those of its wheels, else the system's."""

import ctypes
import ctypes.util
import functools
import importlib.util
import pathlib


@functools.cache
def opened(name, wheel):
    """opened("cudnn", "cudnn") -> ctypes.CDLL of libcudnn; None where it is not installed, or not for this machine.

    wheel: its folder in the package `nvidia`, into which wheels such as nvidia-cudnn-cu12 put their libraries.
    """
    for path in [*_in_wheels(name, wheel), ctypes.util.find_library(name)]:
        if path is not None:
            try:
                return ctypes.CDLL(str(path))
            except OSError:  # of another platform, or without the libraries that it needs: the next one may do
                continue
    return None


def _in_wheels(name, wheel):
    """The files of a library that wheels have installed."""
    spec = importlib.util.find_spec("nvidia")
    folders = [pathlib.Path(place, wheel) for place in (spec and spec.submodule_search_locations) or ()]
    patterns = f"lib/lib{name}.so*", f"bin/{name}64_*.dll"
    return sorted((path for folder in folders for p in patterns for path in folder.glob(p)), reverse=True)
