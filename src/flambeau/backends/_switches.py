"""Switches that are module attributes."""

import contextlib
import sys


@contextlib.contextmanager
def changed(module, switches):
    """A context in which the attributes of the module named `module` have the values of the dict `switches`."""
    namespace = vars(sys.modules[module])
    before = {name: namespace[name] for name in switches}
    namespace.update(switches)
    try:
        yield
    finally:
        namespace.update(before)
