"""Arithmetic of two and more operands. Functions of one are in `elementary.py`, activations in `activation.py`."""

import cmath
import math

from .. import _core
from ..dtype import ALL, bfloat16, float16, float32, from_numpy_dtype
from ._args import check_tensor
from .compare import operand, where
from .op import FUNCTIONS, METHODS, Binary, Op, Unary, check_kind, composite

conj = _core.conj  # the complex conjugate; real tensors and numbers come back as they are


class Conj(Unary, name="conj", tangent="linear", methods=("conj", "conj_physical", "conj_physical_"),
           aliases=("conj_physical",)):  # fmt: skip
    """conj(input) -> Tensor: the complex conjugate of each element; input itself when it is real."""

    @staticmethod
    def prepare(input):
        if isinstance(input, _core.TensorBase) and not input.is_complex():
            return input
        return (input,)

    @staticmethod
    def backward(ctx, grad):
        return conj(grad)


_core.set_operator("conj", Conj.function)


def zeros(t):
    """The gradient of a step function: zeros of the shape of t."""
    return FUNCTIONS["zeros_like"](t)


def is_complex(t):
    return isinstance(t, complex) or (isinstance(t, _core.TensorBase) and t.is_complex())


# ---- sums, products, quotients


def _summands(name, input, other, alpha):
    """The arguments of forward of add and sub: input, and other, cast to the dtype of the result, times alpha.

    Of half precision, alpha and numbers are rounded to the dtype of the result, and the sum once: forward gets the
    product in float32, and that dtype.
    """
    operand(name, input, other)
    if alpha == 1 and type(alpha) is int:
        return input, other
    dtype = _result_dtype(input, other)
    if isinstance(alpha, bool) and dtype.category != "bool":
        raise RuntimeError(f"{name}(): Boolean alpha only supported for Boolean results, got {dtype.title}.")
    if isinstance(alpha, (float, complex)) and dtype.category in ("bool", "int"):
        raise RuntimeError(
            f"{name}(): For integral input tensors, argument alpha must not be a floating point number."
        )
    if isinstance(alpha, complex) and not dtype.is_complex:
        raise RuntimeError(
            f"{name}(): For non-complex input tensors, argument alpha must not be a complex number."
        )
    if isinstance(other, _core.TensorBase):
        other = other.to(dtype)
    if dtype not in (float16, bfloat16):
        return input, other * (bool(alpha) if dtype.category == "bool" else alpha)
    input, other, alpha = (
        v if isinstance(v, _core.TensorBase) else float(dtype.numpy.type(v)) for v in (input, other, alpha)
    )
    return input, (other.to(float32) if isinstance(other, _core.TensorBase) else other) * alpha, dtype


def _rounded_once(ctx, plain, input, other, dtype):
    """The sum or difference of arrays and numbers, computed in float32 and rounded to dtype; None: in their own."""
    if dtype is None:
        return plain(ctx, input, other)
    if hasattr(input, "dtype") and input.dtype != dtype.numpy:  # of no dimensions, and so rounded like a number
        input = ctx.k.cast(input, dtype.numpy)
    operands = [ctx.k.cast(v, float32.numpy) if hasattr(v, "dtype") else v for v in (input, other)]
    return ctx.k.cast(plain(ctx, *operands), dtype.numpy)


def _result_dtype(input, other):
    """The dtype of arithmetic on two tensors or numbers."""
    arrays = [_core.array_of(t) if isinstance(t, _core.TensorBase) else t for t in (input, other)]
    return from_numpy_dtype(_core.descr_for(_core.result_type_code(*arrays)))


class Add(Binary, name="add", methods=("add", "add_"), operator="+", inplace_operator="+=", rule="sum"):
    """add(input, other, *, alpha=1, out=None) -> Tensor: input + alpha * other, broadcast."""

    @staticmethod
    def prepare(input, other, *, alpha=1):
        return _summands("add", input, other, alpha)

    @staticmethod
    def forward(ctx, input, other, dtype=None):
        return _rounded_once(ctx, Add.plain, input, other, dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad, grad


class Sub(Binary, name="sub", methods=("sub", "sub_", "subtract", "subtract_"), aliases=("subtract",), operator="-",
          inplace_operator="-="):  # fmt: skip
    """sub(input, other, *, alpha=1, out=None) -> Tensor: input - alpha * other, broadcast.

    Not defined for bool tensors: use logical_xor or `^`.
    """

    @staticmethod
    def prepare(input, other, *, alpha=1):
        for t in (input, other):
            if isinstance(t, bool) or (isinstance(t, _core.TensorBase) and t.dtype.category == "bool"):
                raise RuntimeError(
                    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
                    "mask, use the `~` or `logical_not()` operator instead."
                )
        return _summands("sub", input, other, alpha)

    @staticmethod
    def forward(ctx, input, other, dtype=None):
        return _rounded_once(ctx, Sub.plain, input, other, dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad, -grad if ctx.needs(1) else None


class Mul(Binary, name="mul", tangent="multilinear", methods=("mul", "mul_", "multiply", "multiply_"),
          aliases=("multiply",), operator="*", inplace_operator="*=", exact_numbers=True, rule="product",
          saves=(("other", "input"), ("input", "other"))):  # fmt: skip
    """mul(input, other, *, out=None) -> Tensor: input times other, broadcast."""

    @staticmethod
    def backward(ctx, grad):
        other, input = ctx.saved
        return None if other is None else grad * conj(other), None if input is None else grad * conj(input)


@composite("rsub")
def rsub(input, other, *, alpha=1):
    """rsub(input, other, *, alpha=1) -> Tensor: other - alpha * input."""
    return Sub.function(other, input, alpha=alpha)


def _are_ints(*operands):
    """Whether the common dtype of tensors and numbers is one of ints or bool."""
    return ALL[_core.result_type_code(*operands)].category in ("int", "bool")


def check_divisor(name, input, other):
    """RuntimeError for an integer division by zero; NotImplementedError for one of bools."""
    if not _are_ints(input, other):
        return
    a, b = _core.promote_to_broadcast((input, other))
    check_kind(name, a, "i")
    if a.size and not b.all():
        raise RuntimeError("ZeroDivisionError")


class Div(Binary, name="div", methods=("div", "div_", "divide", "divide_", "true_divide", "true_divide_"),
          aliases=("divide", "true_divide"), operator="/", inplace_operator="/=", floats=True, exact_numbers=True,
          saves=("other", ("input", "other"))):  # fmt: skip
    """div(input, other, *, rounding_mode=None, out=None) -> Tensor: input / other, broadcast; ints give floats.

    rounding_mode: None; "trunc", rounded towards zero; "floor", rounded down. The latter two keep the dtype of ints,
    for which a zero in `other` raises RuntimeError, and have gradient zero.
    """

    @staticmethod
    def prepare(input, other, *, rounding_mode=None):
        if rounding_mode not in (None, "trunc", "floor"):
            raise RuntimeError(
                f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
            )
        operand("div", input, other)
        return (input, other) if rounding_mode is None else (input, other, rounding_mode)

    @staticmethod
    def forward(ctx, input, other, rounding_mode=None):
        if rounding_mode is None:
            return Div.plain(ctx, input, other)
        check_divisor(f"div_{rounding_mode}", input, other)
        a, b = _core.promote_to_broadcast((input, other))
        check_kind("div", a, "if")
        return (ctx.k.floor_divide if rounding_mode == "floor" else ctx.k.div_trunc)(a, b)

    @staticmethod
    def backward(ctx, grad):
        if not ctx.saved:
            return zeros(grad), zeros(grad)
        other, input = ctx.saved
        return (
            grad / conj(other) if ctx.needs(0) else None,
            -grad * conj(input / other / other) if ctx.needs(1) else None,
        )


class FloorDivide(Binary, name="floor_divide", methods=("floor_divide", "floor_divide_"), operator="//", kinds="if",
                  fast_ints=False):  # fmt: skip
    """floor_divide(input, other, *, out=None) -> Tensor: input / other rounded down, broadcast. No gradient.

    An integer division by zero raises RuntimeError.
    """

    @staticmethod
    def prepare(input, other):
        return operand("floor_divide", input, other)

    @staticmethod
    def forward(ctx, input, other):
        check_divisor("floor_divide", input, other)
        return FloorDivide.plain(ctx, input, other)


class Remainder(Binary, name="remainder", methods=("remainder", "remainder_"), operator="%", kinds="if",
                fast_ints=False, saves=(("input", "other"), ("other", "other"))):  # fmt: skip
    """remainder(input, other, *, out=None) -> Tensor: input - floor(input / other) * other, with the sign of other.

    An integer division by zero raises RuntimeError.
    """

    @staticmethod
    def prepare(input, other):
        return operand("remainder", input, other)

    @staticmethod
    def forward(ctx, input, other):
        check_divisor("remainder", input, other)
        return Remainder.plain(ctx, input, other)

    @staticmethod
    def backward(ctx, grad):
        input, other = ctx.saved
        return grad, -grad * Div.function(input, other, rounding_mode="floor") if ctx.needs(1) else None


class Fmod(Binary, name="fmod", methods=("fmod", "fmod_"), fast_ints=False, kinds="if",
           saves=(("input", "other"), ("other", "other"))):  # fmt: skip
    """fmod(input, other, *, out=None) -> Tensor: input - trunc(input / other) * other, with the sign of input.

    An integer division by zero raises RuntimeError.
    """

    @staticmethod
    def prepare(input, other):
        return operand("fmod", input, other)

    @staticmethod
    def forward(ctx, input, other):
        check_divisor("fmod", input, other)
        return Fmod.plain(ctx, input, other)

    @staticmethod
    def backward(ctx, grad):
        input, other = ctx.saved
        return grad, -grad * Div.function(input, other, rounding_mode="trunc") if ctx.needs(1) else None


class Pow(Binary, name="pow", methods=("pow", "pow_"), operator="**", fast_ints=False, kinds="ifc",
          saves=("input", "other", ("output", "other"))):  # fmt: skip
    """pow(input, exponent, *, out=None) -> Tensor: input to the power exponent, broadcast; either may be a number.

    Ints stay ints: a negative number as exponent of ints raises RuntimeError, negative elements truncate 1 / x**n.
    The gradient of the base is 0 where the exponent is 0, that of the exponent 0 where the base is 0.
    """

    @staticmethod
    def prepare(input, exponent):
        return operand("pow", input, exponent)

    @staticmethod
    def forward(ctx, input, exponent):
        if not hasattr(exponent, "ndim") and _are_ints(input, exponent) and exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        return Pow.plain(ctx, input, exponent)

    @staticmethod
    def backward(ctx, grad):
        input, exponent, output = ctx.saved
        to_base = to_exponent = None
        if ctx.needs(0):
            if isinstance(exponent, _core.TensorBase):
                to_base = where(exponent == 0, 0, grad * conj(exponent * Pow.function(input, exponent - 1)))
            elif exponent == 0:
                to_base = zeros(grad)
            else:
                to_base = grad * conj(exponent * Pow.function(input, exponent - 1))
        if ctx.needs(1):
            to_exponent = grad * conj(output * _log_of_base(input, exponent, grad.dtype))
        return to_base, to_exponent


def _log_of_base(base, exponent, dtype):
    """log(base) in the dtype of the power, but 0 where the base is 0 and the exponent not negative: the power is
    constant there."""
    if not isinstance(base, _core.TensorBase):
        if base:
            return _log(base)
        base = exponent.new_zeros(())
    base = base.to(dtype)
    return _log(where((base == 0) & (exponent.real >= 0), 1, base))


def _log(x):
    """The logarithm of a tensor or number."""
    if isinstance(x, _core.TensorBase):
        return FUNCTIONS["log"](x)
    if isinstance(x, complex):
        return cmath.log(x) if x else -math.inf
    return math.log(x) if x > 0 else math.nan if x else -math.inf


def _double_power(name, what, input, exponent, target):
    """The operands of float_power in float64, or complex128 when one is complex, which target must be too."""
    from ..dtype import complex128, float64

    dtype = complex128 if is_complex(input) or is_complex(exponent) else float64
    if target is not None and target.dtype is not dtype:
        raise RuntimeError(
            f"the {what} given to {name} has dtype {target.dtype.title} but the operation's result requires dtype "
            f"{dtype.title}"
        )
    return [t.to(dtype) if isinstance(t, _core.TensorBase) else t for t in (input, exponent)]


@composite("float_power")
def float_power(input, exponent, *, out=None):
    """float_power(input, exponent, *, out=None) -> Tensor: pow computed in float64, in complex128 when one of them is
    complex."""
    if out is not None:
        _core.check_out(out, "float_power")
    return Pow.function(*_double_power("float_power", "output", input, exponent, out), out=out)


@composite("float_power_", name="_float_power_")
def float_power_(input, exponent):
    """float_power_(input, exponent) -> input: `float_power` in place, of a float64 or complex128 tensor."""
    check_tensor(input, "float_power_")
    return METHODS["pow_"](*_double_power("float_power_", "base", input, exponent, input))


METHODS.update(
    __ifloordiv__=METHODS["floor_divide_"],
    __imod__=METHODS["remainder_"],
    __ipow__=METHODS["pow_"],
)


# ---- larger and smaller


def _refuse_complex(name, input, other):
    if is_complex(input) or is_complex(other):
        raise RuntimeError(f"{name} not implemented for complex tensors.")
    return operand(name, input, other)


def _shared(grad, wins, ties):
    """grad where wins, half of it at ties, else 0."""
    return where(wins, grad, where(ties, grad / 2, 0))


class Maximum(Binary, name="maximum", methods=("maximum",), saves=("input", "other")):
    """maximum(input, other, *, out=None) -> Tensor: the larger, NaN when either is; broadcast.

    Ties share the gradient.
    """

    @staticmethod
    def prepare(input, other):
        return _refuse_complex("maximum", input, other)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved
        ties = a == b
        return _shared(grad, (a < b).logical_not() & ~ties, ties), _shared(
            grad, (b < a).logical_not() & ~ties, ties
        )


class Minimum(Binary, name="minimum", methods=("minimum",), saves=("input", "other")):
    """minimum(input, other, *, out=None) -> Tensor: the smaller, NaN when either is; broadcast.

    Ties share the gradient.
    """

    @staticmethod
    def prepare(input, other):
        return _refuse_complex("minimum", input, other)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved
        ties = a == b
        return _shared(grad, (a > b).logical_not() & ~ties, ties), _shared(
            grad, (b > a).logical_not() & ~ties, ties
        )


class Fmax(Binary, name="fmax", methods=("fmax",), saves=("input", "other")):
    """fmax(input, other, *, out=None) -> Tensor: the larger, the other when one is NaN; broadcast.

    The gradient of ties goes to input.
    """

    @staticmethod
    def prepare(input, other):
        return _refuse_complex("fmax", input, other)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved
        first = (a >= b) | (b != b)
        return where(first, grad, 0), where(first, 0, grad)


class Fmin(Binary, name="fmin", methods=("fmin",), saves=("input", "other")):
    """fmin(input, other, *, out=None) -> Tensor: the smaller, the other when one is NaN; broadcast.

    The gradient of ties goes to input.
    """

    @staticmethod
    def prepare(input, other):
        return _refuse_complex("fmin", input, other)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved
        first = (a <= b) | (b != b)
        return where(first, grad, 0), where(first, 0, grad)


# ---- functions of two arguments


class Atan2(Binary, name="atan2", methods=("atan2", "atan2_", "arctan2", "arctan2_"), aliases=("arctan2",), floats=True,
            kinds="f", saves=("input", "other")):  # fmt: skip
    """atan2(input, other, *, out=None) -> Tensor: the angle of (other, input) in radians, from -pi to pi."""

    @staticmethod
    def backward(ctx, grad):
        y, x = ctx.saved
        square = y * y + x * x
        scaled = where(square == 0, 0, grad / square)
        return scaled * x, scaled * -y


class Hypot(Binary, name="hypot", methods=("hypot", "hypot_"), kinds="f", saves=("input", "other", "output")):
    """hypot(input, other, *, out=None) -> Tensor: sqrt(input^2 + other^2) without overflow."""

    @staticmethod
    def backward(ctx, grad):
        a, b, out = ctx.saved
        return grad * (a / out), grad * (b / out)


class Copysign(Binary, name="copysign", methods=("copysign", "copysign_"), floats=True, kinds="f",
               saves=("input", "output")):  # fmt: skip
    """copysign(input, other, *, out=None) -> Tensor: the size of input with the sign of other."""

    @staticmethod
    def backward(ctx, grad):
        input, out = ctx.saved
        return where(input == 0, 0, grad * (out / input)), zeros(grad)


class NextAfter(Binary, name="nextafter", methods=("nextafter", "nextafter_"), kinds="f", saves=("input", "other")):
    """nextafter(input, other, *, out=None) -> Tensor: the float after input towards other.

    The gradient goes to input; where input equals other, nowhere.
    """

    @staticmethod
    def backward(ctx, grad):
        x, other = ctx.saved
        return grad * (x != other), None


class LogAddExp(Binary, name="logaddexp", methods=("logaddexp",), kinds="fc", saves=("input", "other")):
    """logaddexp(input, other, *, out=None) -> Tensor: log(exp(input) + exp(other)) without overflow."""

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved
        # the difference of two equal infinities is 0 here
        d = where(a == b, 0, a - b)
        return grad * conj(d.sigmoid()), grad * conj((-d).sigmoid())


class LogAddExp2(Binary, name="logaddexp2", methods=("logaddexp2",), kinds="f", saves=("input", "other")):
    """logaddexp2(input, other, *, out=None) -> Tensor: log2(2^input + 2^other) without overflow."""

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved
        d = where(a == b, 0, a - b) * math.log(2)
        return grad * d.sigmoid(), grad * (-d).sigmoid()


class XLogY(
    Binary, name="xlogy", methods=("xlogy", "xlogy_"), floats=True, kinds="f", saves=("input", "other")
):
    """xlogy(input, other, *, out=None) -> Tensor: input * log(other), 0 where input is 0 (and other is not NaN)."""

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved
        y = y.to(grad.dtype) if isinstance(y, _core.TensorBase) else y
        return (
            where((x == 0) & (y <= 0), 0, grad * _log(y)) if ctx.needs(0) else None,
            grad * x / y if ctx.needs(1) else None,
        )


class Gcd(Binary, name="gcd", methods=("gcd", "gcd_"), kinds="i"):
    """gcd(input, other, *, out=None) -> Tensor: the greatest common divisor of ints; gcd(0, 0) is 0."""


class Lcm(Binary, name="lcm", methods=("lcm", "lcm_"), kinds="i"):
    """lcm(input, other, *, out=None) -> Tensor: the least common multiple of ints."""


class Heaviside(Binary, name="heaviside", methods=("heaviside", "heaviside_"), saves="input"):
    """heaviside(input, values, *, out=None) -> Tensor: 0 where input < 0, values where it is 0, 1 above; broadcast.

    Both of one dtype, not complex. The gradient for input is 0, that for values goes where input is 0.
    """

    @staticmethod
    def prepare(input, values):
        check_tensor(input, "heaviside")
        check_tensor(values, "heaviside", "values", 2)
        if input.is_complex() or values.is_complex():
            raise RuntimeError("heaviside is not yet implemented for complex tensors.")
        if input.dtype is not values.dtype:
            raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
        return input, values

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return zeros(grad), where(x == 0, grad, 0)


@composite("ldexp")
def ldexp(input, other, *, out=None):
    """ldexp(input, other, *, out=None) -> Tensor: input * 2^other, two tensors."""
    check_tensor(other, "ldexp", "other", 2)
    return Mul.function(input, _power_of_two(input, other), out=out)


def _power_of_two(input, other):
    """2^other in the dtype of its product with input; ints and bools are raised in the default float dtype."""
    dtype = _result_dtype(input, other)
    return Pow.function(2.0, other.to(dtype) if dtype.category in ("float", "complex") else other)


@composite("ldexp_")
def ldexp_(input, other):
    """ldexp_(input, other) -> input: `ldexp` in place."""
    check_tensor(other, "ldexp_", "other", 2)
    return METHODS["mul_"](input, _power_of_two(input, other))


# ---- three operands


def _check_weight(input, weight):
    """A number or a 0-dim array that input's dtype can hold, or an array of that dtype."""
    if not hasattr(weight, "dtype") and not isinstance(weight, (int, float, complex)):
        raise TypeError(
            f"lerp(): argument 'weight' (position 3) must be Tensor or Number, not {type(weight).__name__}"
        )
    is_array = hasattr(weight, "dtype")
    if is_array and weight.ndim and weight.dtype != input.dtype:
        raise RuntimeError(f"lerp: expected dtype {input.dtype} for `weight` but got dtype {weight.dtype}")
    if (weight.dtype.kind == "c" if is_array else isinstance(weight, complex)) and input.dtype.kind != "c":
        raise RuntimeError(f"lerp: a complex weight cannot be converted to {input.dtype}")


class Lerp(Op, name="lerp", tangent="elementwise", methods=("lerp", "lerp_")):
    """lerp(input, end, weight, *, out=None) -> Tensor: input + weight * (end - input), broadcast.

    weight: a number or a tensor. Exact at weight 0 and 1. Floats and complex numbers of one dtype.
    """

    @staticmethod
    def forward(ctx, input, end, weight):
        if not hasattr(end, "dtype") or input.dtype != end.dtype:
            raise RuntimeError(
                f"lerp: expected dtype {input.dtype} for `end` but got dtype {getattr(end, 'dtype', type(end))}"
            )
        check_kind("lerp", input, "fc")
        _check_weight(input, weight)
        if hasattr(weight, "dtype"):
            _core.promote_to_broadcast((input, end, weight))  # raises where the shapes do not fit
        ctx.save_for_backward(input, end, weight)
        input, end = _core.promote_to_broadcast((input, end))
        return ctx.k.lerp(input, end, weight)

    @staticmethod
    def backward(ctx, grad):
        input, end, weight = ctx.saved
        return (
            grad * conj(1 - weight) if ctx.needs(0) else None,
            grad * conj(weight) if ctx.needs(1) else None,
            grad * conj(end - input) if ctx.needs(2) else None,
        )


def _factor(name, value, dtype):
    """The number `value` as one that multiplies elements of a NumPy dtype without changing it: a fraction is cut, and
    negative numbers wrap around in unsigned types."""
    if isinstance(value, complex) and dtype.kind != "c":
        raise RuntimeError(
            f"{name}(): value {value} cannot be converted to type {from_numpy_dtype(dtype)} without overflow"
        )
    if isinstance(value, float) and dtype.kind in "iu":
        value = int(value)
    return value % 2 ** (8 * dtype.itemsize) if isinstance(value, int) and dtype.kind == "u" else value


class Addcmul(Op, name="addcmul", tangent="elementwise", methods=("addcmul", "addcmul_")):
    """addcmul(input, tensor1, tensor2, *, value=1, out=None) -> Tensor: input + value tensor1 tensor2, broadcast."""

    @staticmethod
    def prepare(input, tensor1, tensor2, *, value=1):
        return input, tensor1, tensor2, value

    @staticmethod
    def forward(ctx, input, tensor1, tensor2, value):
        a, b, c = _core.promote_to_broadcast((input, tensor1, tensor2))
        check_kind("addcmul", a, "ifc")
        value = _factor("addcmul", value, a.dtype)
        ctx.save_for_backward(tensor1, tensor2, value)
        return ctx.k.addcmul(a, b, c, value)

    @staticmethod
    def backward(ctx, grad):
        tensor1, tensor2, value = ctx.saved
        return (
            grad,
            grad * conj(tensor2 * value) if ctx.needs(1) else None,
            grad * conj(tensor1 * value) if ctx.needs(2) else None,
        )


class Addcdiv(Op, name="addcdiv", tangent="elementwise", methods=("addcdiv", "addcdiv_")):
    """addcdiv(input, tensor1, tensor2, *, value=1, out=None) -> Tensor: input + value * tensor1 / tensor2, broadcast.

    Not for two tensors of ints.
    """

    @staticmethod
    def prepare(input, tensor1, tensor2, *, value=1):
        return input, tensor1, tensor2, value

    @staticmethod
    def forward(ctx, input, tensor1, tensor2, value):
        if _are_ints(tensor1, tensor2):
            raise RuntimeError(
                "Integer division with addcdiv is no longer supported: use (input + value * trunc(tensor1 / tensor2))"
                ".to(input.dtype) for the historic result, or (input + value * tensor1 / tensor2) for a true division."
            )
        a, b, c = _core.promote_to_broadcast((input, tensor1, tensor2))
        value = _factor("addcdiv", value, a.dtype)
        ctx.save_for_backward(tensor1, tensor2, value)
        return ctx.k.addcdiv(a, b, c, value)

    @staticmethod
    def backward(ctx, grad):
        tensor1, tensor2, value = ctx.saved
        return (
            grad,
            grad * conj(value / tensor2) if ctx.needs(1) else None,
            -grad * conj(value * tensor1 / (tensor2 * tensor2)) if ctx.needs(2) else None,
        )
