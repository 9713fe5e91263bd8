"""`op.<name>`: the differentiable operations of the tensor library, looked up on first use.

Looked up late because the library's namespace imports `nn` while it is being built itself.
"""

import flambeau as fb


class _Primitives:
    def __getattr__(self, name):
        found = getattr(fb, name)
        setattr(self, name, found)
        return found


op = _Primitives()
