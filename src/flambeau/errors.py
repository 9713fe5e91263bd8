"""Exception types of the library, and warnings that point at the user's line."""

import sys
import warnings
from types import FrameType


class LinAlgError(RuntimeError):
    """A matrix has no such factorisation, inverse or solution. The same as `flambeau.linalg.LinAlgError`."""


class OutOfMemoryError(RuntimeError):
    """The memory of a GPU does not suffice. The same as `flambeau.cuda.OutOfMemoryError`."""


def warn_user(message, category=UserWarning):
    """A warning at the line that called the library, however many of its own functions lie between."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and f"{frame.f_globals.get('__name__', '')}.".startswith("flambeau."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
