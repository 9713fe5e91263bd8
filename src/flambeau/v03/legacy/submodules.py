"""In 0.3 each class of torch.legacy.nn, and each method of torch.legacy.optim, had a module of its own name."""

import sys
from types import ModuleType


def register(package, names):
    """Makes `from package.Name import Name` work, and loading what was pickled by these names."""
    for name in names:
        module = ModuleType(f"{package}.{name}", f"{name} of {package}.")
        setattr(module, name, getattr(sys.modules[package], name))
        sys.modules[module.__name__] = module
