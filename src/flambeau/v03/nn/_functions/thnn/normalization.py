"""`CrossMapLRN2d(size, alpha, beta, k)(input)`: normalisation across channels."""

from ....autograd.composed import made

__all__ = ["CrossMapLRN2d"]


def _cross_map_lrn(input, size, alpha=1e-4, beta=0.75, k=1):
    """apply(input, size, alpha=1e-4, beta=0.75, k=1) -> x / (k + alpha / size * sum)^beta, the sum of x^2
    over `size` channels around each"""
    from .....nn import CrossMapLRN2d

    return CrossMapLRN2d(size, alpha, beta, k)(input)


CrossMapLRN2d = made(__name__, "CrossMapLRN2d", _cross_map_lrn)
