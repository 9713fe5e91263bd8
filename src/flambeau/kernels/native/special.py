"""The special functions that csrc has loops for; a dtype without one falls back to the base kernel."""

from ... import _core
from ..base import special as _base

for _name in ("lgamma", "digamma"):
    globals()[_name] = _core.PointwiseKernel(_name, 1, getattr(_base, _name))
    globals()[_name].__module__ = __name__
