"""Transformations of functions: gradients, Jacobians, vectorisation. They nest in any order."""

from .vmap import vmap

__all__ = ["vmap"]
