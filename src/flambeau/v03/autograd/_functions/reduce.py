"""Reductions: `Sum.apply(x, dim=None, keepdim=False)`."""

from ..composed import composed


def _reduction(method):
    def compute(x, dim=None, keepdim=False):
        return getattr(x, method)() if dim is None else getattr(x, method)(dim, keepdim)

    compute.__doc__ = f"apply(x, dim=None, keepdim=False) -> x.{method}(dim, keepdim)"
    return compute


def _norm(x, p=2, dim=None, keepdim=False):
    """apply(x, p=2, dim=None, keepdim=False) -> x.norm(p, dim, keepdim)"""
    return x.norm(p) if dim is None else x.norm(p, dim, keepdim)


_NAMES = ("Sum", "Prod", "Mean", "Max", "Min", "Median")
_FUNCTIONS = composed(
    __name__, **{name: _reduction(name.lower()) for name in _NAMES}, Mode="mode", Kthvalue="kthvalue", Norm=_norm
)
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
