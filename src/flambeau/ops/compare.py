"""Comparison, logic, bits, and choosing between values: what gives masks, and what uses them."""

import warnings

from .. import _core
from ..dtype import finfo, from_numpy_dtype
from ._args import check_number, check_tensor
from .op import FUNCTIONS, METHODS, Binary, Op, Unary, check_kind, composite

TensorBase = _core.TensorBase


def where(condition, input, other):
    """Where, for the masks of backward: grad where the mask is set, else 0, and the like."""
    return Where.apply(condition, input, other)


def operand(name, input, other, argument="other"):
    """(input, other) of a binary op that takes no options; TypeError when other is neither tensor nor number."""
    if not isinstance(other, TensorBase):
        try:
            if other is None or _core.result_type_code(other) < 0:
                raise TypeError
        except TypeError:
            raise TypeError(
                f"{name}(): argument '{argument}' must be Tensor or Number, not {type(other).__name__}"
            ) from None
    return input, other


# ---- comparison: bool results, broadcast, without gradient


class Eq(Binary, name="eq", methods=("eq", "eq_"), operator="=="):
    """eq(input, other, *, out=None) -> Tensor of bool: input == other, broadcast."""

    @staticmethod
    def prepare(input, other):
        return operand("eq", input, other)


class Ne(
    Binary, name="ne", methods=("ne", "ne_", "not_equal", "not_equal_"), aliases=("not_equal",), operator="!="
):
    """ne(input, other, *, out=None) -> Tensor of bool: input != other, broadcast."""

    @staticmethod
    def prepare(input, other):
        return operand("ne", input, other)


class Lt(
    Binary, name="lt", methods=("lt", "lt_", "less", "less_"), aliases=("less",), operator="<", kinds="bif"
):
    """lt(input, other, *, out=None) -> Tensor of bool: input < other, broadcast."""

    @staticmethod
    def prepare(input, other):
        return operand("lt", input, other)


class Le(Binary, name="le", methods=("le", "le_", "less_equal", "less_equal_"), aliases=("less_equal",), operator="<=",
         kinds="bif"):  # fmt: skip
    """le(input, other, *, out=None) -> Tensor of bool: input <= other, broadcast."""

    @staticmethod
    def prepare(input, other):
        return operand("le", input, other)


class Gt(
    Binary,
    name="gt",
    methods=("gt", "gt_", "greater", "greater_"),
    aliases=("greater",),
    operator=">",
    kinds="bif",
):
    """gt(input, other, *, out=None) -> Tensor of bool: input > other, broadcast."""

    @staticmethod
    def prepare(input, other):
        return operand("gt", input, other)


class Ge(Binary, name="ge", methods=("ge", "ge_", "greater_equal", "greater_equal_"), aliases=("greater_equal",),
         operator=">=", kinds="bif"):  # fmt: skip
    """ge(input, other, *, out=None) -> Tensor of bool: input >= other, broadcast."""

    @staticmethod
    def prepare(input, other):
        return operand("ge", input, other)


class IsNan(Unary, name="isnan", methods=("isnan",)):
    """isnan(input) -> Tensor of bool: whether each element is NaN."""


class IsInf(Unary, name="isinf", methods=("isinf",)):
    """isinf(input) -> Tensor of bool: whether each element is an infinity."""


class IsFinite(Unary, name="isfinite", methods=("isfinite",)):
    """isfinite(input) -> Tensor of bool: whether each element is neither NaN nor an infinity."""


class IsPosInf(Unary, name="isposinf", methods=("isposinf",), kinds="bif"):
    """isposinf(input, *, out=None) -> Tensor of bool: whether each element is plus infinity."""


class IsNegInf(Unary, name="isneginf", methods=("isneginf",), kinds="bif"):
    """isneginf(input, *, out=None) -> Tensor of bool: whether each element is minus infinity."""


class Signbit(Unary, name="signbit", methods=("signbit",), kinds="bif"):
    """signbit(input, *, out=None) -> Tensor of bool: whether each element has its sign bit set; true for -0.0."""


@composite("isreal")
def isreal(input):
    """isreal(input) -> Tensor of bool: whether the imaginary part of each element is 0."""
    check_tensor(input, "isreal")
    return (
        input.imag == 0 if input.is_complex() else FUNCTIONS["ones_like"](input, dtype=(input == input).dtype)
    )


class IsClose(Op, name="isclose", methods=("isclose",), out=False):
    """isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False) -> Tensor of bool

    |input - other| <= atol + rtol |other|, broadcast; equal infinities are close. equal_nan: so are two NaNs.
    RuntimeError when the dtypes differ or a tolerance is negative.
    """

    @staticmethod
    def prepare(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
        for position, (argument, value) in enumerate((("input", input), ("other", other)), 1):
            check_tensor(value, "isclose", argument, position)
        if input.dtype is not other.dtype:
            raise RuntimeError(f"{input.dtype.title} did not match {other.dtype.title}")
        for argument, value in (("rtol", rtol), ("atol", atol)):
            if not value >= 0:
                raise RuntimeError(f"{argument} must be greater than or equal to zero, but got {value}")
        return input, other, rtol, atol, equal_nan

    @staticmethod
    def forward(ctx, input, other, rtol, atol, equal_nan):
        input, other = _core.promote_to_broadcast((input, other))
        return ctx.k.isclose(input, other, rtol, atol, equal_nan)


@composite("allclose")
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False) -> bool: whether `isclose` holds everywhere."""
    return bool(IsClose.function(input, other, rtol, atol, equal_nan).all())


@composite("equal")
def equal(input, other):
    """equal(input, other) -> bool: whether both have the same size and equal elements."""
    for position, (argument, value) in enumerate((("input", input), ("other", other)), 1):
        check_tensor(value, "equal", argument, position)
    return input.shape == other.shape and bool(Eq.function(input, other).all())


# ---- logic: any dtype counts as true where it is not 0


class LogicalAnd(Binary, name="logical_and", methods=("logical_and", "logical_and_")):
    """logical_and(input, other, *, out=None) -> Tensor of bool, broadcast."""


class LogicalOr(Binary, name="logical_or", methods=("logical_or", "logical_or_")):
    """logical_or(input, other, *, out=None) -> Tensor of bool, broadcast."""


class LogicalXor(Binary, name="logical_xor", methods=("logical_xor", "logical_xor_")):
    """logical_xor(input, other, *, out=None) -> Tensor of bool, broadcast."""


class LogicalNot(Unary, name="logical_not", methods=("logical_not", "logical_not_")):
    """logical_not(input, *, out=None) -> Tensor of bool: where input is 0."""


# ---- bits: ints and bools


class BitwiseAnd(
    Binary, name="bitwise_and", methods=("bitwise_and", "bitwise_and_"), operator="&", kinds="bi"
):
    """bitwise_and(input, other, *, out=None) -> Tensor: the bits set in both; of ints and bools, broadcast."""


class BitwiseOr(Binary, name="bitwise_or", methods=("bitwise_or", "bitwise_or_"), operator="|", kinds="bi"):
    """bitwise_or(input, other, *, out=None) -> Tensor: the bits set in either; of ints and bools, broadcast."""


class BitwiseXor(
    Binary, name="bitwise_xor", methods=("bitwise_xor", "bitwise_xor_"), operator="^", kinds="bi"
):
    """bitwise_xor(input, other, *, out=None) -> Tensor: the bits set in one alone; of ints and bools, broadcast."""


class BitwiseNot(
    Unary, name="bitwise_not", methods=("bitwise_not", "bitwise_not_"), operator="~", kinds="bi"
):
    """bitwise_not(input, *, out=None) -> Tensor: the bits of ints inverted; `not` of bools."""


class LeftShift(Binary, name="bitwise_left_shift", methods=("bitwise_left_shift", "bitwise_left_shift_"), operator="<<",
                kernel="left_shift", kinds="i"):  # fmt: skip
    """bitwise_left_shift(input, other, *, out=None) -> Tensor: ints shifted by `other` bits; 0 past their width."""


class RightShift(Binary, name="bitwise_right_shift", methods=("bitwise_right_shift", "bitwise_right_shift_"),
                 operator=">>", kernel="right_shift", kinds="i"):  # fmt: skip
    """bitwise_right_shift(input, other, *, out=None) -> Tensor: ints shifted by `other` bits, the sign kept."""


METHODS.update(
    __iand__=METHODS["bitwise_and_"],
    __ior__=METHODS["bitwise_or_"],
    __ixor__=METHODS["bitwise_xor_"],
    __ilshift__=METHODS["bitwise_left_shift_"],
    __irshift__=METHODS["bitwise_right_shift_"],
)


# ---- choice


class Where(Op, name="where", tangent="elementwise"):
    """where(condition, input, other, *, out=None) -> Tensor: input where condition is true, else other; broadcast.

    condition: bool; input and other: tensors or numbers, promoted to one dtype.
    where(condition) -> tuple of index tensors: nonzero(condition, as_tuple=True).
    """

    @staticmethod
    def prepare(condition, input, other):
        check_tensor(condition, "where", "condition")
        operand("where", input, other)
        operand("where", other, input, "input")
        if condition.dtype.name == "uint8":
            warnings.warn(
                "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future "
                "version of PyTorch. Use a boolean condition instead.",
                UserWarning,
                stacklevel=2,
            )
        elif condition.dtype.category != "bool":
            raise RuntimeError(
                f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype.title}"
            )
        if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
            code = _core.result_type_code(*operand("where", input, other))
            input = FUNCTIONS["full"]((), input, dtype=_core.make(_core.zeros_array((), _core.descr_for(code))).dtype,
                                      device=condition.device)  # fmt: skip
        return condition, input, other

    @staticmethod
    def forward(ctx, condition, input, other):
        ctx.save_for_backward(condition)
        a, b = _core.promote_to_broadcast((input, other))
        try:
            return ctx.k.where(condition if condition.dtype.kind == "b" else condition != 0, a, b)
        except ValueError:
            from .shape import broadcast_sizes

            broadcast_sizes(condition.shape, a.shape)  # the error that names the sizes
            raise

    @staticmethod
    def backward(ctx, grad):
        (condition,) = ctx.saved
        return (
            None,
            where(condition, grad, 0) if ctx.needs(1) else None,
            where(condition, 0, grad) if ctx.needs(2) else None,
        )


@composite(name="where")
def _where(condition, *values, **options):
    if not values and not options:
        check_tensor(condition, "where", "condition")
        return FUNCTIONS["nonzero"](condition, as_tuple=True)
    return Where.function(condition, *values, **options)


_where.__doc__, _where.__name__ = Where.__doc__, "where"
METHODS["where"] = lambda self, condition, other: Where.function(condition, self, other)


class Clamp(Op, name="clamp", tangent="elementwise", methods=("clamp", "clamp_", "clip", "clip_"), aliases=("clip",)):
    """clamp(input, min=None, max=None, *, out=None) -> Tensor: min(max(input, min), max), broadcast.

    min, max: numbers or tensors, at least one; where min > max the result is max. NaN in any of them gives NaN.
    The gradient goes to input where it lies within the bounds (at a bound too), else to the bound.
    """

    @staticmethod
    def prepare(input, min=None, max=None):
        if min is None and max is None:
            raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
        for argument, bound in (("min", min), ("max", max)):
            if bound is not None:
                operand("clamp", input, bound)
            if isinstance(bound, TensorBase) and bound.is_complex():
                raise NotImplementedError(
                    f"clamp is not supported for complex types, got {argument} of {bound.dtype}"
                )
        if isinstance(input, TensorBase) and input.is_complex():
            raise NotImplementedError("clamp is not supported for complex types")
        return input, min, max

    @staticmethod
    def forward(ctx, input, min, max):
        ctx.save_for_backward(input, min, max)
        a, low, high = _core.promote_to_broadcast((input, min, max))
        out = a if low is None else ctx.k.maximum(a, low)
        return _core.laid_out(out if high is None else ctx.k.minimum(out, high), (a, low, high))

    @staticmethod
    def backward(ctx, grad):
        input, min, max = ctx.saved
        above = None if min is None else input >= min
        below = None if max is None else input <= max
        inside = above if below is None else below if above is None else above & below
        to_min = to_max = None
        if ctx.needs(1):
            to_min = where((input < min) if max is None else (input < min) & (min < max), grad, 0)
        if ctx.needs(2):
            to_max = where((input > max) if min is None else (input > max) | (max < min), grad, 0)
        return where(inside, grad, 0) if ctx.needs(0) else None, to_min, to_max


class ClampMin(Binary, name="clamp_min", methods=("clamp_min", "clamp_min_"), kernel="maximum", kinds="bif",
               saves=("input", "other")):  # fmt: skip
    """clamp_min(input, min, *, out=None) -> Tensor: max(input, min); min: a number or a tensor, broadcast."""

    @staticmethod
    def prepare(input, min):
        return operand("clamp_min", input, min)

    @staticmethod
    def backward(ctx, grad):
        input, min = ctx.saved
        return where(input >= min, grad, 0) if ctx.needs(0) else None, where(
            input < min, grad, 0
        ) if ctx.needs(1) else None


class ClampMax(Binary, name="clamp_max", methods=("clamp_max", "clamp_max_"), kernel="minimum", kinds="bif",
               saves=("input", "other")):  # fmt: skip
    """clamp_max(input, max, *, out=None) -> Tensor: min(input, max); max: a number or a tensor, broadcast."""

    @staticmethod
    def prepare(input, max):
        return operand("clamp_max", input, max)

    @staticmethod
    def backward(ctx, grad):
        input, max = ctx.saved
        return where(input <= max, grad, 0) if ctx.needs(0) else None, where(
            input > max, grad, 0
        ) if ctx.needs(1) else None


class NanToNum(Op, name="nan_to_num", tangent="elementwise", methods=("nan_to_num", "nan_to_num_")):
    """nan_to_num(input, nan=0.0, posinf=None, neginf=None, *, out=None) -> Tensor: input without NaN and infinities.

    posinf, neginf: what replaces the infinities (None: the largest and the lowest number of the dtype).
    """

    @staticmethod
    def forward(ctx, input, nan=None, posinf=None, neginf=None):
        ctx.save_for_backward(input)
        check_kind("nan_to_num", input, "bifc")
        for at, (argument, value) in enumerate({"nan": nan, "posinf": posinf, "neginf": neginf}.items(), 2):
            if value is not None:
                check_number(value, "nan_to_num", argument, at)
        if input.dtype.kind in "fVc":
            largest = finfo(from_numpy_dtype(input.dtype)).max
            nan = 0.0 if nan is None else nan
            posinf = largest if posinf is None else posinf
            neginf = -largest if neginf is None else neginf
        if input.dtype.kind == "c":
            real, imag = (ctx.k.nan_to_num(part, nan, posinf, neginf) for part in (input.real, input.imag))
            return ctx.k.complex_of(real, imag)
        return ctx.k.nan_to_num(input, nan, posinf, neginf)

    @staticmethod
    def backward(ctx, grad):
        (input,) = ctx.saved
        if input.is_complex():
            parts = zip((grad.real, grad.imag), (input.real, input.imag), strict=True)
            return FUNCTIONS["complex"](*[where(x.isfinite(), g, 0) for g, x in parts])
        return where(input.isfinite(), grad, 0)
