"""Modules that 0.3 had at a path of its own, made of the names of others."""

import sys
import types
from importlib.machinery import ModuleSpec


def family(path, names, todays=None):
    """family(path, names, todays=None) -> the module of this path: `names`, and else those of a module of today."""
    made = types.ModuleType(path, f"0.3's {path.partition('.v03.')[2]}.")
    made.__spec__ = ModuleSpec(path, None)
    if todays is not None:
        made.__dict__.update({n: v for n, v in vars(todays).items() if not n.startswith("__")})
    made.__dict__.update(names)
    sys.modules[path] = made
    return made
