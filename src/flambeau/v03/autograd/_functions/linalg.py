"""Linear algebra: `Potrf.apply(a, upper=True)`."""

from ..composed import composed

_NAMES = ("Diag", "Tril", "Triu", "Trace", "Cross", "Inverse", "Gesv", "Potrf")
_FUNCTIONS = composed(__name__, **{name: name.lower() for name in _NAMES})
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
