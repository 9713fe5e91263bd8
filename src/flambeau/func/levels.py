"""The transformations that are active in this thread, outermost first: level 1, 2, ...

`vmap` and forward-mode differentiation each open a level while they run a function; the tensors that they hand to it
(`interpreters.Wrapped`) carry its number, and the core lets the highest one interpret an op first.
"""

import threading


class Level:
    """One active transformation: its kind ("vmap", "dual", "grad"), its number, and what it wants to remember."""

    def __init__(self, kind, number, info):
        self.kind, self.number, self.info = kind, number, info
        self.active = True  # False once it has ended: tensors may outlive it

    def __repr__(self):
        return f"Level({self.kind!r}, {self.number}, {self.info})"


_here = threading.local()


def active_levels():
    """active_levels() -> list of Level, outermost first; a copy."""
    return list(getattr(_here, "stack", ()))


def push_level(kind, **info):
    """push_level(kind, **info) -> int: opens a level inside the active ones; its number."""
    if not hasattr(_here, "stack"):
        _here.stack = []
    level = Level(kind, len(_here.stack) + 1, info)
    _here.stack.append(level)
    return level.number


def pop_level(number):
    """pop_level(number): ends the innermost level, which must be the one of that number."""
    stack = getattr(_here, "stack", ())
    if not stack or stack[-1].number != number:
        innermost = f"the innermost is {stack[-1].number}" if stack else "none is open"
        raise RuntimeError(
            f"level {number} cannot be ended: {innermost}; levels end in the reverse order of their opening"
        )
    stack.pop().active = False
