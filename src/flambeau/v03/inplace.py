"""What 0.3 allows to be changed in place: no leaf that requires grad, and nothing that other Variables share."""

import gc
import itertools
import sys

from .. import _core
from ..tensor import Tensor
from .faces import Variable, put


def register(result):
    """Notes a new view, or several, at the Variable that owns the memory. Returns it."""
    if isinstance(result, tuple):
        for part in result:
            register(part)
    elif isinstance(result, Variable) and result._base_tensor is not None:
        _core.note_view(result._base_tensor, result)
    return result


def sharers(variable):
    """How many Variables that the program holds are over the storage of this one, itself included.

    Views that only the library has made are not known. What only the graph holds, for backward, does not count, nor
    does a base that only its views hold.
    """
    base = variable._base_tensor
    root = variable if base is None else base
    noted = getattr(root, "_views", None) or ()
    live = {id(view) for view in (ref() for ref in noted) if view is not None}
    live.add(id(variable))
    n = len(live)
    if base is not None:
        del base
        held = sys.getrefcount(root) - 2  # less: this frame, the argument
        n += held > len(live) and held > len(live) + _saves(root)  # each view holds it
    if n == 1:
        return 1
    return n - sum(_only_saved(ref) for ref in noted if ref() is not variable)


def _only_saved(ref):
    """Whether a Variable is there only because backward may need it."""
    variable = ref()
    return variable is not None and sys.getrefcount(variable) - 2 == _saves(variable)


def _saves(variable):
    """How often the graph holds a Variable for backward. (It looks at all objects there are: milliseconds.)"""
    nodes = [thing for thing in gc.get_objects() if issubclass(type(thing), _core.Node)]  # asks no thing anything
    kept = [part for part in gc.get_referents(*nodes) if type(part) is tuple]
    return sum(saved is variable for saved in itertools.chain.from_iterable(kept))


def check_leaf(variable):
    """RuntimeError when a Variable is a leaf that requires grad, and so must not be changed in place."""
    if variable.requires_grad and variable.is_leaf:
        raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")


def check_inplace(variable):
    """RuntimeError when a Variable must not be changed in place. Of several results of `chunk` and the like, the only
    one that is left may be."""
    check_leaf(variable)
    n = sharers(variable)
    if n > 1:
        raise RuntimeError(
            "in-place operations can be only used on variables that don't share storage with any other variables, but "
            f"detected that there are {n} objects sharing it"
        )
    _core.allow_inplace(variable)


def contiguous(self):
    """contiguous() -> self, a Variable whose data lies in row-major order from now on."""
    if not self.data.is_contiguous():
        copied = self.data.contiguous()
        put(self, _core.array_of(copied))
        _core.hold_data(self, copied)
    return self


def detach(self):
    """detach() -> a Variable over the same memory without history; volatile when self is."""
    detached = Tensor.detach(self)
    detached._volatile = self._volatile
    _core.note_view(self if self._base_tensor is None else self._base_tensor, detached)
    return detached


def detach_(self):
    """detach_(): makes this Variable a leaf without history."""
    _core.detach_in_place(self)


METHODS = {"contiguous": contiguous, "detach": detach, "detach_": detach_}
