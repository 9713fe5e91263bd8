"""Methods of Tensor that older scripts call: Python 2's operators, and a name of PyTorch 0.3."""

import warnings

from ._args import check_tensor
from .op import composite


@composite("__div__", name="_div")
def _div(self, other):
    """__div__(other) -> Tensor: self / other. Python 3's operator is `__truediv__`."""
    return self / other


@composite("__rdiv__", name="_rdiv")
def _rdiv(self, other):
    """__rdiv__(other) -> Tensor: other / self. Python 3's operator is `__rtruediv__`."""
    return other / self


@composite("__idiv__", name="_idiv")
def _idiv(self, other):
    """__idiv__(other) -> self, divided by other in place. Python 3's operator is `__itruediv__`."""
    self /= other
    return self


@composite("__nonzero__", name="_nonzero")
def _nonzero(self):
    """__nonzero__() -> bool: whether the only element is not zero. Python 3's name is `__bool__`."""
    return bool(self)


@composite("__long__", name="_long")
def _long(self):
    """__long__() -> int: the only element as an integer. Python 3's name is `__int__`."""
    return int(self)


@composite("masked_copy_", name="_masked_copy")
def _masked_copy(self, mask, source):
    """masked_copy_(mask, source) -> self: the older name of `masked_scatter_`. Warns that it is."""
    check_tensor(self, "masked_copy_")
    warnings.warn(
        "masked_copy_ is deprecated and renamed to masked_scatter_", DeprecationWarning, stacklevel=2
    )
    return self.masked_scatter_(mask, source)
