"""`torch.utils.backcompat`: switches of warnings for code from before 0.2."""

import sys
import warnings
from types import FrameType


class Warning:
    """A warning that is given while `enabled` is True."""

    def __init__(self, name):
        self.name = name
        self._enabled = False

    @property
    def enabled(self):
        """Whether the warning is given."""
        return self._enabled

    @enabled.setter
    def enabled(self, value):
        if not isinstance(value, bool):
            raise TypeError(f"{self.name}.enabled must be a bool, got {type(value).__name__}")
        self._enabled = value


broadcast_warning = Warning("broadcast_warning")
keepdim_warning = Warning("keepdim_warning")


def warn(message):
    """A UserWarning at the line of the program that called the library."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_globals.get("__name__", "").startswith("flambeau."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
