"""Pointwise ops. Operands are cast to the dtype of the result, or for comparisons to the common one."""

import math
from typing import Any

import flambeau as fb

from ...jit.graph import Dim, Value
from ..registry import op

_SAME = {  # name -> ONNX name, for ops of one tensor
    "abs": "Abs", "acos": "Acos", "acosh": "Acosh", "asin": "Asin", "asinh": "Asinh", "atan": "Atan", "atanh": "Atanh",
    "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh", "erf": "Erf", "exp": "Exp", "floor": "Floor", "log": "Log",
    "neg": "Neg", "reciprocal": "Reciprocal", "relu": "Relu", "sigmoid": "Sigmoid", "sign": "Sign", "sgn": "Sign",
    "sin": "Sin", "sinh": "Sinh", "sqrt": "Sqrt", "tan": "Tan", "tanh": "Tanh",
}  # fmt: skip


def _result(node):
    """The dtype of the result."""
    return node.outputs[0].dtype


def _unary(onnx_name):
    def convert(g, node, input, *rest):
        return g.op(onnx_name, g.argument(input, _result(node)))

    return convert


for _name, _onnx in _SAME.items():
    op(_name)(_unary(_onnx))


def common(*items):
    """The dtype in which values and numbers are computed together."""
    dtype: Any = None
    for item in items:
        sample = item.sample if isinstance(item, Value) else item.hint if isinstance(item, Dim) else item
        dtype = sample if dtype is None else _joined(dtype, sample)
    return dtype if isinstance(dtype, fb.dtype) else fb.result_type(dtype, dtype)


def _joined(a, b):
    if isinstance(a, fb.dtype):
        a = fb.empty((1,), dtype=a)
    return fb.result_type(a, b)


_BINARY = {"add": "Add", "sub": "Sub", "mul": "Mul"}


def _binary(onnx_name):
    def convert(g, node, input, other, *rest):
        dtype = _result(node)
        if dtype.name == "bool":
            name = {"Add": "Or", "Mul": "And", "Sub": "Xor"}[onnx_name]
            return g.op(name, g.argument(input, dtype), g.argument(other, dtype))
        return g.op(onnx_name, g.argument(input, dtype), g.argument(other, dtype))

    return convert


for _name, _onnx in _BINARY.items():
    op(_name)(_binary(_onnx))


@op("div")
def div(g, node, input, other, rounding_mode=None):
    dtype = _result(node)
    if rounding_mode == "floor":
        return floor_divide(g, node, input, other)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    quotient = g.op("Div", a, b)
    return truncated(g, quotient) if rounding_mode == "trunc" and dtype.is_floating_point else quotient


@op("floor_divide")
def floor_divide(g, node, input, other, *rest):
    dtype = _result(node)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    if dtype.is_floating_point:
        return g.op("Floor", g.op("Div", a, b))
    return g.op("Div", g.op("Sub", a, g.op("Mod", a, b)), b)


@op("remainder")
def remainder(g, node, input, other):
    dtype = _result(node)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    if dtype.is_floating_point:
        return g.op("Sub", a, g.op("Mul", g.op("Floor", g.op("Div", a, b)), b))
    return g.op("Mod", a, b)


@op("fmod")
def fmod(g, node, input, other):
    dtype = _result(node)
    return g.op("Mod", g.argument(input, dtype), g.argument(other, dtype), fmod=1)


@op("pow", "float_power")
def pow(g, node, input, exponent):
    dtype = _result(node)
    return g.op("Pow", g.argument(input, dtype), g.argument(exponent, dtype))


def _many(onnx_name):
    def convert(g, node, input, other):
        dtype = _result(node)
        if dtype.name == "bool":
            name = "Or" if onnx_name == "Max" else "And"
            return g.op(name, g.argument(input, dtype), g.argument(other, dtype))
        return g.op(onnx_name, g.argument(input, dtype), g.argument(other, dtype))

    return convert


for _names, _onnx in ((("maximum", "clamp_min"), "Max"), (("minimum", "clamp_max"), "Min")):
    op(*_names)(_many(_onnx))


@op("clamp")
def clamp(g, node, input, min=None, max=None):
    dtype = _result(node)
    x = g.argument(input, dtype)
    if min is not None:
        x = g.op("Max", x, g.argument(min, dtype))
    return x if max is None else g.op("Min", x, g.argument(max, dtype))


def _compare(onnx_name, negated=False):
    def convert(g, node, input, other):
        dtype = common(input, other)
        if dtype.name == "bool" and onnx_name != "Equal":
            dtype = fb.int32
        a, b = g.argument(input, dtype), g.argument(other, dtype)
        found = g.op(onnx_name, a, b)
        return g.op("Not", found) if negated else found

    return convert


for _name, _onnx, _negated in (("eq", "Equal", False), ("ne", "Equal", True), ("lt", "Less", False),
                               ("gt", "Greater", False), ("le", "LessOrEqual", False),
                               ("ge", "GreaterOrEqual", False)):  # fmt: skip
    op(_name)(_compare(_onnx, _negated))


def as_bool(g, item):
    """A name of truth values."""
    return g.argument(item, fb.bool)


for _name, _onnx in (("logical_and", "And"), ("logical_or", "Or"), ("logical_xor", "Xor")):
    op(_name)(lambda g, node, a, b, onnx=_onnx: g.op(onnx, as_bool(g, a), as_bool(g, b)))


@op("logical_not")
def logical_not(g, node, input):
    return g.op("Not", as_bool(g, input))


def _bitwise(onnx_name):
    def convert(g, node, *operands):
        dtype = _result(node)
        names = [g.argument(o, dtype) for o in operands]
        if dtype.name == "bool":
            return g.op(onnx_name, *names)
        g.needs(18, f"bitwise {onnx_name.lower()} of integers")
        return g.op(f"Bitwise{onnx_name}", *names)

    return convert


for _name, _onnx in (
    ("bitwise_and", "And"),
    ("bitwise_or", "Or"),
    ("bitwise_xor", "Xor"),
    ("bitwise_not", "Not"),
):
    op(_name)(_bitwise(_onnx))


@op("where")
def where(g, node, condition, input, other):
    dtype = _result(node)
    return g.op("Where", as_bool(g, condition), g.argument(input, dtype), g.argument(other, dtype))


@op("masked_fill")
def masked_fill(g, node, input, mask, value):
    dtype = _result(node)
    return g.op("Where", as_bool(g, mask), g.argument(value, dtype), g.argument(input, dtype))


# ---- what ONNX has under other names, or in parts


class Formula:
    """Arithmetic on names of one dtype, for formulas."""

    def __init__(self, g, dtype):
        self.g, self.dtype = g, dtype

    def __call__(self, name, *operands):
        return self.g.op(name, *[o if isinstance(o, str) else self.g.scalar(o, self.dtype) for o in operands])


def formula(*names):
    """Registers function(f, x, *arguments), where x is the name of the first argument in the dtype of the result."""

    def register(function):
        def convert(g, node, input, *rest):
            dtype = _result(node)
            return function(Formula(g, dtype), g.argument(input, dtype), *rest)

        op(*names)(convert)
        return function

    return register


def truncated(g, name):
    """Rounded towards zero."""
    return g.op("Mul", g.op("Sign", name), g.op("Floor", g.op("Abs", name)))


formula("square")(lambda f, x: f("Mul", x, x))
formula("rsqrt")(lambda f, x: f("Reciprocal", f("Sqrt", x)))
formula("expm1")(lambda f, x: f("Sub", f("Exp", x), 1))
formula("exp2")(lambda f, x: f("Pow", 2, x))
formula("log1p")(lambda f, x: f("Log", f("Add", x, 1)))
formula("log2")(lambda f, x: f("Div", f("Log", x), math.log(2)))
formula("log10")(lambda f, x: f("Div", f("Log", x), math.log(10)))
formula("erfc")(lambda f, x: f("Sub", 1, f("Erf", x)))
formula("deg2rad")(lambda f, x: f("Mul", x, math.pi / 180))
formula("rad2deg")(lambda f, x: f("Mul", x, 180 / math.pi))
formula("trunc")(lambda f, x: truncated(f.g, x))
formula("frac")(lambda f, x: f("Sub", x, truncated(f.g, x)))
formula("silu")(lambda f, x: f("Mul", x, f("Sigmoid", x)))
formula("mish")(lambda f, x: f("Mul", x, f("Tanh", f("Softplus", x))))
formula("logsigmoid")(lambda f, x: f("Neg", f("Softplus", f("Neg", x))))
formula("hardsigmoid")(lambda f, x: f("Div", f("Min", f("Max", f("Add", x, 3), 0), 6), 6))
formula("hardswish")(lambda f, x: f("Mul", x, f("Div", f("Min", f("Max", f("Add", x, 3), 0), 6), 6)))
formula("hardtanh")(lambda f, x, low, high: f("Min", f("Max", x, low), high))
formula("logit")(lambda f, x, eps=None: _logit(f, x, eps))


def _logit(f, x, eps):
    if eps is not None:
        x = f("Min", f("Max", x, eps), 1 - eps)
    return f("Log", f("Div", x, f("Sub", 1, x)))


@formula("gelu")
def gelu(f, x, approximate="none"):
    if approximate == "tanh":
        inner = f("Mul", f("Add", x, f("Mul", f("Mul", f("Mul", x, x), x), 0.044715)), math.sqrt(2 / math.pi))
        return f("Mul", f("Mul", x, 0.5), f("Add", f("Tanh", inner), 1))
    return f("Mul", f("Mul", x, 0.5), f("Add", f("Erf", f("Div", x, math.sqrt(2))), 1))


@formula("softplus")
def softplus(f, x, beta=1, threshold=20):
    scaled = f("Mul", x, beta)
    smooth = f("Div", f("Softplus", scaled), beta)
    return f.g.op("Where", f("Greater", scaled, threshold), x, smooth)


@formula("elu")
def elu(f, x, alpha=1.0, scale=1.0, input_scale=1.0):
    below = f("Mul", f("Sub", f("Exp", f("Mul", f("Min", x, 0), input_scale)), 1), alpha)
    return f("Mul", f.g.op("Where", f("Greater", x, 0), x, below), scale)


@formula("leaky_relu")
def leaky_relu(f, x, negative_slope):
    return f.g.op("LeakyRelu", x, alpha=float(negative_slope))


@formula("threshold")
def threshold(f, x, at, value):
    return f.g.op("Where", f("Greater", x, at), x, f.g.scalar(value, f.dtype))


@formula("hardshrink")
def hardshrink(f, x, lambd):
    inside = f("LessOrEqual", f("Abs", x), lambd)
    return f.g.op("Where", inside, f.g.scalar(0, f.dtype), x)


@formula("softshrink")
def softshrink(f, x, lambd):
    return f("Sub", f("Max", f("Sub", x, lambd), 0), f("Max", f("Sub", f("Neg", x), lambd), 0))


@formula("round")
def round(f, x, decimals=0):
    if not decimals:
        return f("Round", x)
    return f("Div", f("Round", f("Mul", x, 10.0**decimals)), 10.0**decimals)


@op("_prelu_kernel")
def prelu(g, node, input, weight):
    dtype = _result(node)
    x = g.argument(input, dtype)
    below = g.op("Mul", g.argument(weight, dtype), x)
    return g.op("Where", g.op("Greater", x, g.scalar(0, dtype)), x, below)


@op("isnan")
def isnan(g, node, input):
    return g.op("IsNaN", g.argument(input, input.dtype if input.dtype.is_floating_point else fb.float32))


@op("isinf", "isposinf", "isneginf")
def isinf(g, node, input):
    name = node.name
    x = g.argument(input, input.dtype if input.dtype.is_floating_point else fb.float32)
    return g.op("IsInf", x, detect_negative=int(name != "isposinf"), detect_positive=int(name != "isneginf"))


@op("isfinite")
def isfinite(g, node, input):
    x = g.argument(input, input.dtype if input.dtype.is_floating_point else fb.float32)
    return g.op("Not", g.op("Or", g.op("IsNaN", x), g.op("IsInf", x)))


@op("lerp")
def lerp(g, node, input, end, weight):
    f, dtype = Formula(g, _result(node)), _result(node)
    a, b = g.argument(input, dtype), g.argument(end, dtype)
    return f("Add", a, f("Mul", g.argument(weight, dtype), f("Sub", b, a)))


@op("addcmul", "addcdiv")
def addc(g, node, input, tensor1, tensor2, value=1):
    f, dtype = Formula(g, _result(node)), _result(node)
    kind = "Mul" if node.name.startswith("addcmul") else "Div"
    part = f(kind, g.argument(tensor1, dtype), g.argument(tensor2, dtype))
    return f("Add", g.argument(input, dtype), f("Mul", part, value))


@op("hypot")
def hypot(g, node, input, other):
    f, dtype = Formula(g, _result(node)), _result(node)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    return f("Sqrt", f("Add", f("Mul", a, a), f("Mul", b, b)))


@op("logaddexp")
def logaddexp(g, node, input, other):
    f, dtype = Formula(g, _result(node)), _result(node)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    return f("Add", f("Max", a, b), f("Log", f("Add", 1, f("Exp", f("Neg", f("Abs", f("Sub", a, b)))))))


@op("logaddexp2")
def logaddexp2(g, node, input, other):
    f, dtype = Formula(g, _result(node)), _result(node)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    small = f("Pow", 2, f("Neg", f("Abs", f("Sub", a, b))))
    return f("Add", f("Max", a, b), f("Div", f("Log", f("Add", 1, small)), math.log(2)))


@op("fmax", "fmin")
def fmax(g, node, input, other):
    """The other operand where one is nan."""
    dtype = _result(node)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    found = g.op("Max" if node.name.startswith("fmax") else "Min", a, b)
    if not dtype.is_floating_point:
        return found
    return g.op("Where", g.op("IsNaN", a), b, g.op("Where", g.op("IsNaN", b), a, found))


@op("xlogy")
def xlogy(g, node, input, other):
    f, dtype = Formula(g, _result(node)), _result(node)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    zero = g.op("And", f("Equal", a, 0), g.op("Not", g.op("IsNaN", b)))
    return g.op("Where", zero, g.scalar(0, dtype), f("Mul", a, f("Log", b)))


@op("isclose")
def isclose(g, node, input, other, rtol, atol, equal_nan):
    if equal_nan or not input.dtype.is_floating_point:
        return NotImplemented
    f, dtype = Formula(g, common(input, other)), common(input, other)
    a, b = g.argument(input, dtype), g.argument(other, dtype)
    close = f("LessOrEqual", f("Abs", f("Sub", a, b)), f("Add", f("Mul", f("Abs", b), rtol), atol))
    finite = g.op("Not", g.op("IsInf", b))
    return g.op("Or", g.op("Equal", a, b), g.op("And", close, finite))


@op("heaviside")
def heaviside(g, node, input, other):
    dtype = _result(node)
    x = g.argument(input, dtype)
    zero, one = g.scalar(0, dtype), g.scalar(1, dtype)
    at_zero = g.op("Where", g.op("Equal", x, zero), g.argument(other, dtype), zero)
    return g.op("Where", g.op("Greater", x, zero), one, at_zero)


@op("nan_to_num")
def nan_to_num(g, node, input, nan=None, posinf=None, neginf=None):
    dtype = _result(node)
    x = g.argument(input, dtype)
    if not dtype.is_floating_point:
        return x
    limits = fb.finfo(dtype)
    above = g.scalar(limits.max if posinf is None else posinf, dtype)
    below = g.scalar(limits.min if neginf is None else neginf, dtype)
    x = g.op("Where", g.op("IsInf", x, detect_negative=0), above, x)
    x = g.op("Where", g.op("IsInf", x, detect_positive=0), below, x)
    return g.op("Where", g.op("IsNaN", x), g.scalar(nan or 0.0, dtype), x)


# ---- copies and conversions


@op("clone", "_contiguous", "_alias", "_arranged", "_transfer", "conj", "real")
def identity(g, node, input, *rest):
    return g.op("Identity", g.value(input))


@op("_to_copy")
def to_copy(g, node, input, dtype):
    return g.cast(g.value(input), dtype)


@op("copy_")
def copy_(g, node, input, source, *rest):
    value = g.argument(source, input.dtype)
    return value if tuple(source.shape) == tuple(input.shape) else g.op("Expand", value, g.shape_of(input))


@op("fill_", "zero_")
def fill_(g, node, input, value=0):
    return g.op("Expand", g.argument(value, input.dtype), g.shape_of(input))
