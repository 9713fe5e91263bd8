"""Devices: the public `device` object."""

import re
import threading

from . import _core

_KNOWN = ("cpu", "cuda")
_PATTERN = re.compile(r"([a-z]+)(?::(0|[1-9][0-9]*))?")
_LAST = 127


class device:
    """device("cuda:1"), device("cuda", 1), device(1), device("cpu"): where the elements of a tensor are.

    `with device("cuda"):` makes it the place where factories such as `zeros` put their results in this thread.
    """

    __slots__ = ("type", "index", "__weakref__")
    type: str
    index: int | None

    def __init__(self, type, index=None):
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        elif not isinstance(type, str):
            raise TypeError(
                f"device(): argument 'type' must be str, int or device, not {type.__class__.__name__}"
            )
        else:
            match = _PATTERN.fullmatch(type)
            if match is None:
                raise RuntimeError(f"Invalid device string: '{type}'")
            if match[2] is not None:
                if index is not None:
                    raise RuntimeError(
                        f"type (string) must not include an index because index was passed explicitly: {type}"
                    )
                index = int(match[2])
            type = match[1]
        if type not in _KNOWN:
            raise RuntimeError(
                f"Expected one of {', '.join(_KNOWN)} device type at start of device string: {type}"
            )
        if index is not None:
            if not isinstance(index, int) or isinstance(index, bool):
                raise TypeError(f"device(): argument 'index' must be int, not {index.__class__.__name__}")
            if not 0 <= index <= _LAST:
                raise RuntimeError(f"Device index must not be negative or above {_LAST}, got {index}")
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name, value):
        raise AttributeError(f"attribute '{name}' of a device is not writable")

    def __repr__(self):
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        if not isinstance(other, device):
            return NotImplemented
        return (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __enter__(self):
        default.outer = (*default.outer, default.device)
        default.device = self
        return self

    def __exit__(self, *error):
        default.outer, default.device = default.outer[:-1], default.outer[-1]

    def __reduce__(self):
        return (device, (self.type,)) if self.index is None else (device, (self.type, self.index))


CPU = device("cpu")


_Place = device | None


class _Default(threading.local):
    outer: tuple[_Place, ...] = ()  # the defaults outside of the `with` blocks around
    _device: _Place = None

    @property
    def device(self) -> _Place:
        """Where factories put their results; None: the CPU."""
        return self._device

    @device.setter
    def device(self, place: _Place):
        self._device = place
        _core.set_default_device(place is not None)


default = _Default()
