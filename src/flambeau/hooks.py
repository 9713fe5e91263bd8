"""Handles of hooks."""

import itertools
import weakref


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

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()
