"""Arithmetic of two operands, and the elementary functions of one."""

from .. import _core
from .op import Binary, Unary


def conj(t):
    """The complex conjugate; real tensors and numbers come back as they are."""
    if isinstance(t, complex):
        return t.conjugate()
    if isinstance(t, _core.TensorBase) and t.is_complex():
        return Conj.function(t)
    return t


class Conj(Unary, name="conj", methods=("conj",), aliases=("conj_physical",)):
    """conj(input) -> Tensor: the complex conjugate of each element."""

    @staticmethod
    def backward(ctx, grad):
        return conj(grad)


# ---- arithmetic


def _scaled(name, input, other, alpha):
    """other times alpha, for add and sub."""
    if isinstance(alpha, float) and isinstance(input, _core.TensorBase):
        if not any(isinstance(t, float) or (hasattr(t, "is_floating_point") and (t.is_floating_point() or t.is_complex()))
                   for t in (input, other)):  # fmt: skip
            raise RuntimeError(f"{name}(): For integral input tensors, argument alpha must not be a floating point number.")
    return other if alpha == 1 else other * alpha


class Add(Binary, name="add", methods=("add", "add_"), operator="+", inplace_operator="+="):
    """add(input, other, *, alpha=1, out=None) -> Tensor: input + alpha * other, broadcast."""

    @staticmethod
    def prepare(input, other, *, alpha=1):
        return input, _scaled("add", input, other, alpha)

    @staticmethod
    def backward(ctx, grad):
        return grad, grad


class Sub(Binary, name="sub", methods=("sub", "sub_"), aliases=("subtract",), operator="-", inplace_operator="-="):
    """sub(input, other, *, alpha=1, out=None) -> Tensor: input - alpha * other, broadcast.

    Not defined for bool tensors: use logical_xor or `^`.
    """

    @staticmethod
    def prepare(input, other, *, alpha=1):
        for t in (input, other):
            if isinstance(t, _core.TensorBase) and t.dtype.category == "bool":
                raise RuntimeError(
                    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
                    "use the `~` or `logical_not()` operator instead."
                )
        return input, _scaled("sub", input, other, alpha)

    @staticmethod
    def backward(ctx, grad):
        return grad, -grad if ctx.needs(1) else None


class Mul(Binary, name="mul", methods=("mul", "mul_", "multiply", "multiply_"), aliases=("multiply",), operator="*",
          inplace_operator="*=", saves=(("other", "input"), ("input", "other"))):  # fmt: skip
    """mul(input, other, *, out=None) -> Tensor: input times other, broadcast."""

    @staticmethod
    def backward(ctx, grad):
        other, input = ctx.saved
        return None if other is None else grad * conj(other), None if input is None else grad * conj(input)


class Neg(Unary, name="neg", methods=("neg", "neg_", "negative", "negative_"), aliases=("negative",), operator="neg"):
    """neg(input, *, out=None) -> Tensor: minus each element."""

    @staticmethod
    def backward(ctx, grad):
        return -grad


class Exp(Unary, name="exp", methods=("exp", "exp_"), floats=True, saves="output"):
    """exp(input, *, out=None) -> Tensor: e to the power of each element."""

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return grad * conj(y)
