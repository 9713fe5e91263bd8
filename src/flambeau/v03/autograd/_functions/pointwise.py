"""Functions of each element: `Exp.apply(x, inplace=False)`, `Clamp.apply(x, min, max)`."""

from ..composed import composed


def _pointwise(method):
    def compute(x, inplace=False):
        return getattr(x, f"{method}_" if inplace else method)()

    compute.__doc__ = f"apply(x, inplace=False) -> x.{method}()"
    return compute


_UNARY = ("Exp", "Log", "Log1p", "Tanh", "Sigmoid", "Sinh", "Cosh", "Abs", "Sqrt", "Sin", "Cos", "Tan", "Asin", "Acos",
          "Atan", "Reciprocal", "Floor", "Ceil", "Frac", "Rsqrt", "Round", "Sign", "Trunc")  # fmt: skip
_FUNCTIONS = composed(
    __name__, **{name: _pointwise(name.lower()) for name in _UNARY}, Clamp=lambda x, low, high: x.clamp(low, high),
    CmaxConstant=lambda x, number: x.clamp(min=number), CminConstant=lambda x, number: x.clamp(max=number), Cmax="max",
    Cmin="min", Atan2="atan2", Fmod="fmod", Remainder="remainder", Lerp="lerp",
    Addcmul=lambda x, a, b, scale=1.0, inplace=False: (x.addcmul_ if inplace else x.addcmul)(scale, a, b),
    Addcdiv=lambda x, a, b, scale=1.0, inplace=False: (x.addcdiv_ if inplace else x.addcdiv)(scale, a, b),
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
