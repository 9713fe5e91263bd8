"""`alias`: `import torch` means this library, in this process and in those that it starts."""

import os
import sys
from importlib.machinery import PathFinder

import flambeau

from . import children
from .modules import NAMESPACES, TorchFinder, foreign
from .source import SourceFinder

TODAY = "2.13.0"  # the release of PyTorch whose interface `flambeau` has
ENVIRONMENT = "FLAMBEAU_TORCH"  # the era of a `flambeau run` without --torch in a process that this one starts


class Alias:
    """An alias in force: its `era`, and `undo()`. As a context manager it is undone at the end of the block."""

    def __init__(self, era):
        self.era = era
        self.source = SourceFinder(era)
        self._torch = TorchFinder(era)
        self._holders = 1
        sys.meta_path.insert(0, self._torch)
        places = [i for i, finder in enumerate(sys.meta_path) if finder is PathFinder]
        sys.meta_path.insert(places[0] if places else len(sys.meta_path), self.source)
        children.hand_on(era, self.source)
        self._environment = os.environ.get(ENVIRONMENT)
        os.environ[ENVIRONMENT] = era
        if era == "0.3":
            from . import compat  # imports what it adds names to

            compat.install()
        self._version = flambeau.__version__
        if era == "today":  # programs compare it with releases of PyTorch
            flambeau.__version__ = f"{TODAY}+flambeau.{self._version}"

    def undo(self):
        """`torch` means again what it meant, once all who asked for this alias have undone it. Modules that have
        imported `torch` keep what they have."""
        global _current
        self._holders -= 1
        if self._holders or _current is not self:
            return
        _current = None
        sys.meta_path.remove(self._torch)
        sys.meta_path.remove(self.source)
        self._torch.forget()
        children.stop()
        flambeau.__version__ = self._version
        if self._environment is None:
            os.environ.pop(ENVIRONMENT, None)
        else:
            os.environ[ENVIRONMENT] = self._environment
        if self.era == "0.3":
            from . import compat

            compat.remove()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.undo()

    def __repr__(self):
        return f"<alias of torch {self.era}{'' if _current is self else ', undone'}>"


_current: Alias | None = None


def alias(torch):
    """alias(torch) -> Alias: from now on `import torch`, `import torch.nn as nn`, ... give this library.

    Args:
        torch: "0.3": `flambeau.v03`, which behaves as PyTorch 0.3.0; names of Python and NumPy that are gone since 2017
            are there again (see `flambeau.aliasing.compat`). "today": `flambeau`.

    A module has one identity under its two names: `torch.nn` is `flambeau.nn`. `torchvision` is `flambeau.vision`.
    `torch.__version__` is that of PyTorch's release, "0.3.0" or "2.13.0+flambeau.(our own)".
    Modules imported from now on may use `async` as a name, as before Python 3.7. Child processes of `multiprocessing`
    begin with the same alias. The result undoes it: by `undo()`, or at the end of `with flambeau.alias(...):`.

    ValueError for another era; RuntimeError when the real torch is imported already, or another alias is in force.
    """
    global _current
    if torch not in NAMESPACES:
        raise ValueError(f"alias(): torch must be one of {', '.join(map(repr, NAMESPACES))}, got {torch!r}")
    if _current is not None:
        if _current.era == torch:
            _current._holders += 1
            return _current
        raise RuntimeError(f"alias(): torch is an alias for {_current.era!r} already; undo() that one first")
    real = foreign()
    if real is not None:
        raise RuntimeError(
            f"alias(): the real {real.__name__} is imported already, from {getattr(real, '__file__', 'unknown')}; call "
            "flambeau.alias before the first `import torch`"
        )
    _current = Alias(torch)
    return _current
