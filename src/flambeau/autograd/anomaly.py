"""Anomaly mode: backward says where in forward the failing operation was recorded, and stops at the first NaN."""

import os
import threading
import traceback
import warnings

from .. import _core

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_KEPT_CHANGES = 8

_enabled = False
_check_nan = True
_running = threading.local()  # .node: the node whose backward runs in this thread


def is_anomaly_enabled():
    """is_anomaly_enabled() -> bool"""
    return _enabled


def is_anomaly_check_nan_enabled():
    """is_anomaly_check_nan_enabled() -> bool: whether anomaly mode looks for NaN in gradients."""
    return _check_nan


def _set(enabled, check_nan):
    global _enabled, _check_nan
    previous = _enabled, _check_nan
    _enabled, _check_nan = bool(enabled), bool(check_nan)
    _core.set_extra("note_nodes", _enabled)
    return previous


def set_anomaly_enabled(mode, check_nan=True):
    """set_anomaly_enabled(mode, check_nan=True): switches anomaly mode; see set_detect_anomaly."""
    _set(mode, check_nan)


class set_detect_anomaly:
    """set_detect_anomaly(mode, check_nan=True): switches anomaly mode at once; as a context manager, for its extent.

    In anomaly mode each recorded operation keeps the stack of its call (about 20 us each). When its backward raises,
    a warning shows that stack; when its backward gives NaN (with check_nan), RuntimeError names the operation. The
    error about a saved tensor that was modified in place shows the line that modified it.
    """

    def __init__(self, mode, check_nan=True):
        self._previous = _set(mode, check_nan)

    def __enter__(self):
        pass

    def __exit__(self, *exception):
        _set(*self._previous)


class detect_anomaly:
    """with detect_anomaly(check_nan=True): anomaly mode for a block; see set_detect_anomaly. Warns that it is slow."""

    def __init__(self, check_nan=True):
        self._check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self):
        self._previous = _set(True, self._check_nan)

    def __exit__(self, *exception):
        _set(*self._previous)


def _user_stack():
    """The stack of the caller without the library's own frames at its end."""
    frames = traceback.extract_stack()
    while len(frames) > 1 and frames[-1].filename.startswith(_PACKAGE):
        frames.pop()
    return traceback.format_list(frames)


def _note(node):
    node.metadata["traceback_"] = _user_stack()
    parent = getattr(_running, "node", None)
    if parent is not None:
        node.metadata["parent_"] = parent


def _note_change(counter):
    changes = counter.changes or []
    counter.changes = [*changes[-_KEPT_CHANGES:], (counter.value, "".join(_user_stack()))]


def _warn(node):
    """Shows where a node was recorded, and, when that was in a backward pass, where that node was."""
    text = f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n"
    seen = node
    while seen is not None:
        text += "".join(seen.metadata.get("traceback_", ["No forward pass information available.\n"]))
        seen = seen.metadata.get("parent_")
        if seen is not None:
            text += (
                f"\nThe previous calculation was induced by {seen.name()}. Traceback of its forward call:\n"
            )
    warnings.warn(text, stacklevel=2)


def _guard(node, call, args):
    """call(*args), which is the backward of node."""
    outer = getattr(_running, "node", None)
    _running.node = node
    try:
        result = call(*args)
    except Exception:
        _warn(node)
        raise
    finally:
        _running.node = outer
    if _check_nan:
        for i, g in enumerate(result if isinstance(result, (tuple, list)) else (result,)):
            if isinstance(g, _core.TensorBase) and not g.is_sparse and bool(g.isnan().any()):
                _warn(node)
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")
    return result


_core.set_node_guard(_note, _note_change, _guard)
