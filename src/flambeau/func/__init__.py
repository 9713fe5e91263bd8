"""Transformations of functions: gradients, Jacobians, vectorisation. They nest in any order."""
