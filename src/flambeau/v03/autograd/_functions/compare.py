"""Comparisons, of a Variable with another or with a number: `Eq.apply(a, b)`."""

from ..composed import composed

_FUNCTIONS = composed(__name__, **{name: name.lower() for name in ("Eq", "Ne", "Gt", "Ge", "Lt", "Le")})
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
