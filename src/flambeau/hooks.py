"""Handles of hooks."""

import itertools
import weakref
from collections import OrderedDict


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away; as a context manager, when the block ends."""

    _ids = itertools.count()

    def __init__(self, hooks, *, extra_dict=()):
        self.id = next(RemovableHandle._ids)
        self.hooks = weakref.ref(hooks)
        self.extra = [weakref.ref(d) for d in ([extra_dict] if isinstance(extra_dict, dict) else extra_dict)]

    def remove(self):
        """Removes the hook; a second call does nothing."""
        for ref in (self.hooks, *self.extra):
            hooks = ref()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self):
        """The tables themselves, as PyTorch's class has them: a copy of a module's handle is for the tables of the
        copy."""
        return self.hooks(), self.id, tuple([ref() for ref in self.extra])

    def __setstate__(self, state):
        hooks, self.id, *rest = state
        extra = rest[0] if rest else ()
        self.hooks = weakref.ref(OrderedDict() if hooks is None else hooks)
        self.extra = [weakref.ref(OrderedDict() if d is None else d) for d in extra]
        RemovableHandle._ids = itertools.count(max(next(RemovableHandle._ids), self.id + 1))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()
