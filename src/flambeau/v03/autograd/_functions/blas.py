"""Products of matrices: `Addmm.apply(add, a, b, alpha=1, beta=1, inplace=False)` is beta add + alpha a b."""

from ..composed import composed


def _product(method):
    def compute(add, a, b, alpha=1, beta=1, inplace=False):
        return getattr(add, f"{method}_" if inplace else method)(a, b, beta=beta, alpha=alpha)

    compute.__doc__ = f"apply(add, a, b, alpha=1, beta=1, inplace=False) -> add.{method}(a, b, beta=beta, alpha=alpha)"
    return compute


_NAMES = ("Addmm", "Addbmm", "Baddbmm", "Addmv", "Addr")
_FUNCTIONS = composed(__name__, **{name: _product(name.lower()) for name in _NAMES}, Dot="dot")
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
