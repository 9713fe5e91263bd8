"""The names of `flambeau.distributed` at the path that some programs import them from."""

from . import *  # noqa: F403
from .world import current as _current


def _get_default_group():
    """_get_default_group() -> the group of all processes. ValueError before init_process_group."""
    return _current().default


def _get_default_store():
    """_get_default_store() -> the store by which the processes found each other. ValueError before
    init_process_group."""
    return _current().store
