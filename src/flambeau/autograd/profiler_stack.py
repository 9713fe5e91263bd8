"""The Python stack of an event, noted as cheaply as may be and made text afterwards."""

import os
import sys
from types import FrameType

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def frames():
    """The (code, line number) of the functions that are running, innermost first, without the library's own at the
    beginning."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    found = []
    while frame is not None:
        found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return found


def lines_of(noted):
    """Frames as text: "file(line): function"."""
    return [f"{code.co_filename}({line}): {code.co_name}" for code, line in noted]
