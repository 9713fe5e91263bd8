"""`Container`, which 0.3 still had."""

import warnings

from ...nn.module import Module


class Container(Module):
    """Container(**modules): the older base class of modules; use Module."""

    def __init__(self, **kwargs):
        super().__init__()
        warnings.warn(
            "nn.Container is deprecated. All of it's functionality is now implemented in nn.Module. Subclass that "
            "instead.",
            stacklevel=2,
        )
        for name, module in kwargs.items():
            self.add_module(name, module)
