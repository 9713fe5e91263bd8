"""`torch._six` of 0.3: names of Python 3 for programs that also ran on 2."""

import builtins
import queue

PY2, PY3 = False, True
inf, nan = float("inf"), float("nan")
string_classes = (str, bytes)
int_classes = int
FileNotFoundError = builtins.FileNotFoundError

__all__ = ["PY2", "PY3", "FileNotFoundError", "inf", "int_classes", "nan", "queue", "string_classes"]
