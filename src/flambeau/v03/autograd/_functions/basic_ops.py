"""Arithmetic: `Add.apply(a, b, inplace=False)`, `AddConstant.apply(a, number, inplace=False)`."""

from ..composed import composed


def _arithmetic(method):
    def compute(a, b, inplace=False):
        return getattr(a, f"{method}_" if inplace else method)(b)

    compute.__doc__ = f"apply(a, b, inplace=False) -> a.{method}(b)"
    return compute


def _with_number(method, operator):
    """Of a Variable and a number, in either order."""

    def compute(a, b, inplace=False):
        return getattr(a, f"{method}_")(b) if inplace else operator(a, b)

    compute.__doc__ = f"apply(a, b, inplace=False) -> {method} of a Variable and a number"
    return compute


_FUNCTIONS = composed(
    __name__, Add=_arithmetic("add"), Sub=_arithmetic("sub"), Mul=_arithmetic("mul"), Div=_arithmetic("div"),
    Pow=lambda a, b: a**b, PowConstant=lambda a, b: a**b, Negate=lambda a, inplace=False: a.neg_() if inplace else -a,
    AddConstant=_with_number("add", lambda a, b: a + b), SubConstant=_with_number("sub", lambda a, b: a - b),
    MulConstant=_with_number("mul", lambda a, b: a * b), DivConstant=_with_number("div", lambda a, b: a / b),
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
