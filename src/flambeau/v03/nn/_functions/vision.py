"""`affine_grid_generator(theta, size)`: the grids that `F.grid_sample` takes."""

from ...autograd.composed import made
from .. import functional as F

__all__ = ["AffineGridGenerator", "affine_grid_generator"]


def affine_grid_generator(theta, size):
    """affine_grid_generator(theta, size) -> (N, H, W, 2): where each place of an image of size (N, C, H, W) comes from,
    by the matrices theta (N, 2, 3); -1 and 1 are the centres of the corners"""
    return F.affine_grid(theta, size)


AffineGridGenerator = made(__name__, "AffineGridGenerator", affine_grid_generator)
