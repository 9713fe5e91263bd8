"""Complex tensors: their parts, and tensors made of parts."""

from .. import _core
from ._args import check_tensor
from .compare import where
from .op import METHODS, Binary, Op, Unary, composite
from .pointwise import zeros


class RealPart(Op, name="real", view=True):
    """real(input) -> Tensor: the real parts, sharing memory; input itself when it is real. Also `Tensor.real`."""

    @staticmethod
    def prepare(input):
        check_tensor(input, "real")
        return (input,) if input.is_complex() else input

    @staticmethod
    def forward(ctx, input):
        return input.real

    @staticmethod
    def backward(ctx, grad):
        return Complex.function(grad, zeros(grad))


class ImagPart(Op, name="imag", view=True):
    """imag(input) -> Tensor: the imaginary parts of a complex tensor, sharing memory. Also `Tensor.imag`."""

    @staticmethod
    def prepare(input):
        check_tensor(input, "imag")
        if not input.is_complex():
            raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
        return (input,)

    @staticmethod
    def forward(ctx, input):
        return input.imag

    @staticmethod
    def backward(ctx, grad):
        return Complex.function(zeros(grad), grad)


def _part(op):
    return property(op.function, lambda self, value: op.function(self).copy_(value), doc=op.__doc__)


METHODS.update(real=_part(RealPart), imag=_part(ImagPart))


class Angle(Unary, name="angle", methods=("angle",), floats=True, saves="input"):
    """angle(input, *, out=None) -> Tensor: the argument in radians; 0 or pi for real elements. Gradient 0 at 0."""

    @staticmethod
    def backward(ctx, grad):
        (z,) = ctx.saved
        if not z.is_complex():
            return zeros(grad)
        square = z.real * z.real + z.imag * z.imag
        scaled = grad / where(square == 0, 1, square)
        return Complex.function(scaled * -z.imag, scaled * z.real)


class Complex(Binary, name="complex", tangent="linear", kernel="complex_of", kinds="f"):
    """complex(real, imag, *, out=None) -> Tensor: real + imag i; both float32 or both float64, broadcast."""

    @staticmethod
    def prepare(real, imag):
        _two_floats("complex", real, imag)
        return real, imag

    @staticmethod
    def backward(ctx, grad):
        return grad.real, grad.imag


class Polar(Op, name="polar"):
    """polar(abs, angle, *, out=None) -> Tensor: abs (cos(angle) + i sin(angle)), broadcast; float32 or float64."""

    @staticmethod
    def prepare(abs, angle):
        _two_floats("polar", abs, angle)
        return abs, angle

    @staticmethod
    def forward(ctx, abs, angle):
        ctx.save_for_backward(abs, angle)
        abs, angle = _core.promote_to_broadcast((abs, angle))
        k = ctx.k
        return k.complex_of(k.mul(abs, k.cos(angle)), k.mul(abs, k.sin(angle)))

    @staticmethod
    def backward(ctx, grad):
        abs, angle = ctx.saved
        along = grad.real * angle.cos() + grad.imag * angle.sin()
        across = grad.imag * angle.cos() - grad.real * angle.sin()
        return along, across * abs


def _two_floats(name, a, b):
    for argument, value in (("first", a), ("second", b)):
        check_tensor(value, name, argument)
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"{name}(): Expected object of scalar type {a.dtype.title} but got scalar type {b.dtype.title} for second "
            "argument"
        )
    if a.dtype.name not in ("float32", "float64"):
        raise RuntimeError(
            f"{name}(): Expected both inputs to be Float or Double tensors but got {a.dtype.title}"
        )


@composite("resolve_conj")
def resolve_conj(input):
    """resolve_conj(input) -> input: conjugates are never lazy here."""
    check_tensor(input, "resolve_conj")
    return input


@composite("resolve_neg")
def resolve_neg(input):
    """resolve_neg(input) -> input: negations are never lazy here."""
    check_tensor(input, "resolve_neg")
    return input


@composite("is_conj")
def is_conj(input):
    """is_conj(input) -> False: conjugates are never lazy here."""
    check_tensor(input, "is_conj")
    return False


@composite("is_neg")
def is_neg(input):
    """is_neg(input) -> False: negations are never lazy here."""
    check_tensor(input, "is_neg")
    return False
