"""Child processes that `multiprocessing` starts afresh (spawn, forkserver) begin with the alias of their parent. A
forked one has it in its memory.

Such a child receives a pickled dict from its parent and then runs the main module again. An entry of this dict sets up
the alias when it is unpickled, which is before that.
"""

import sys
from multiprocessing import spawn

from .source import MAIN

_original = spawn.get_preparation_data


class _Beginning:
    """What a child unpickles."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return _begin, self.arguments


def _begin(era, script, report):
    from . import alias

    alias(torch=era).source.script = script
    if report is not None:
        from ..v03 import report_children

        report_children.begin(report)


def _report():
    """The file for the findings of children, when `flambeau run --report` asks for them."""
    module = sys.modules.get("flambeau.v03.report_children")
    return None if module is None else module.path()


def hand_on(era, source):
    """Children started from now on get the alias of this era, and the script of the SourceFinder `source`."""

    def get_preparation_data(name):
        data = _original(name)
        if source.script is not None and data.pop("init_main_from_path", None):
            data["init_main_from_name"] = MAIN
        return {"flambeau": _Beginning(era, source.script, _report()), **data}

    spawn.get_preparation_data = get_preparation_data


def stop():
    """Children get no alias any more."""
    spawn.get_preparation_data = _original
