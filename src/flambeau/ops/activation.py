"""Activations whose gradient is a kernel of its own. `nn.functional` adds those that are compositions.

Ops named `_..._grad` compute g f'(x) in one pass and know their own gradient, so that double backward works.
All take floats; relu and those made of comparisons take ints too.
"""

import math

from .. import _core
from ._args import check_number, check_tensor
from .compare import where
from .op import METHODS, Binary, Op, Unary, check_kind, composite


def _twice(ctx, outer, once, second, *options):
    """The gradients of `g f'(x)`: `once` is that op, `second` computes f''(x)."""
    grad, x = ctx.saved[:2]
    return (
        once.function(outer, x, *options) if ctx.needs(0) else None,
        outer * grad * second(x, *options) if ctx.needs(1) else None,
    )


# ---- relu and other functions made of straight lines: their gradients are masks


class ReluGrad(Binary, name="_relu_grad", kernel="relu_grad", saves="other"):
    """_relu_grad(grad, output): grad where output > 0, else 0."""

    @staticmethod
    def backward(ctx, outer):
        (y,) = ctx.saved
        return ReluGrad.function(outer, y), None


class Relu(Unary, name="relu", methods=("relu", "relu_"), kinds="if", saves="output"):
    """relu(input, *, out=None) -> Tensor: max(input, 0) (Nair and Hinton, 2010). Gradient 0 at 0."""

    @staticmethod
    def prepare(input):
        if isinstance(input, _core.TensorBase) and input.dtype.category == "bool":
            raise RuntimeError("Boolean inputs not supported for relu")
        return (input,)

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved
        return ReluGrad.function(grad, y)


class MaskedGrad(Op, name="_masked_grad", out=False):
    """_masked_grad(grad, input, low, high): grad where low < input < high, else 0."""

    @staticmethod
    def forward(ctx, grad, input, low, high):
        ctx.save_for_backward(input, low, high)
        return ctx.k.masked_grad(grad, input, low, high)

    @staticmethod
    def backward(ctx, outer):
        return MaskedGrad.function(outer, *ctx.saved), None


class ShrinkGrad(Op, name="_shrink_grad", out=False):
    """_shrink_grad(grad, input, lambd): grad where |input| > lambd, else 0."""

    @staticmethod
    def forward(ctx, grad, input, lambd):
        ctx.save_for_backward(input, lambd)
        return ctx.k.shrink_grad(grad, input, lambd)

    @staticmethod
    def backward(ctx, outer):
        return ShrinkGrad.function(outer, *ctx.saved), None


class Hardtanh(Op, name="hardtanh", tangent="elementwise", methods=("hardtanh_",)):
    """hardtanh(input, min_val=-1.0, max_val=1.0, *, out=None) -> Tensor: input limited to [min_val, max_val].

    The gradient is 0 at both corners (that of clamp is 1).
    """

    @staticmethod
    def prepare(input, min_val=-1.0, max_val=1.0):
        check_tensor(input, "hardtanh")
        min_val, max_val = (
            check_number(min_val, "hardtanh", "min_val", 2),
            check_number(max_val, "hardtanh", "max_val", 3),
        )
        if input.dtype.category == "bool":
            raise RuntimeError("Bool inputs not supported for hardtanh")
        if min_val < 0 and input.dtype.category == "int" and not input.dtype.is_signed:
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
        if min_val > max_val:
            raise ValueError("min_val cannot be greater than max_val")
        return input, min_val, max_val

    @staticmethod
    def forward(ctx, input, min_val, max_val):
        check_kind("hardtanh", input, "if")
        ctx.save_for_backward(input, min_val, max_val)
        return ctx.k.hardtanh(input, min_val, max_val)

    @staticmethod
    def backward(ctx, grad):
        return MaskedGrad.function(grad, *ctx.saved)


@composite(name="relu6")
def relu6(input):
    """relu6(input) -> Tensor: min(max(input, 0), 6)."""
    return Hardtanh.function(input, 0, 6)


@composite("relu6_", name="relu6_")
def relu6_(input):
    """relu6_(input) -> input: relu6 in place."""
    return METHODS["hardtanh_"](input, 0, 6)


class Hardsigmoid(Op, name="hardsigmoid", tangent="elementwise", methods=("hardsigmoid_",)):
    """hardsigmoid(input, *, out=None) -> Tensor: min(max(input + 3, 0), 6) / 6."""

    @staticmethod
    def forward(ctx, input):
        check_kind("hardsigmoid", input, "f")
        ctx.save_for_backward(input)
        return ctx.k.hardsigmoid(input)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return MaskedGrad.function(grad / 6, x, -3, 3)


class Threshold(Op, name="threshold", tangent="elementwise", methods=("threshold_",)):
    """threshold(input, threshold, value, *, out=None) -> Tensor: input where it is above threshold, else value."""

    @staticmethod
    def forward(ctx, input, threshold, value):
        check_kind("threshold", input, "if")
        threshold = check_number(threshold, "threshold", "threshold", 2)
        value = check_number(value, "threshold", "value", 3)
        ctx.save_for_backward(input, threshold)
        return ctx.k.threshold(input, threshold, value)

    @staticmethod
    def backward(ctx, grad):
        x, threshold = ctx.saved
        return where(x <= threshold, 0, grad)


class Hardshrink(Op, name="hardshrink", tangent="elementwise", methods=("hardshrink",)):
    """hardshrink(input, lambd=0.5, *, out=None) -> Tensor: input where |input| > lambd, else 0.

    (*) -> (*).
    """

    @staticmethod
    def forward(ctx, input, lambd=0.5):
        check_kind("hardshrink", input, "f")
        lambd = check_number(lambd, "hardshrink", "lambd", 2)
        ctx.save_for_backward(input, lambd)
        return ctx.k.hardshrink(input, lambd)

    @staticmethod
    def backward(ctx, grad):
        return ShrinkGrad.function(grad, *ctx.saved)


class Softshrink(Op, name="softshrink", tangent="elementwise"):
    """softshrink(input, lambd=0.5, *, out=None) -> Tensor: input moved by lambd towards 0; 0 where |input| <= lambd.

    (*) -> (*).
    """

    @staticmethod
    def prepare(input, lambd=0.5):
        check_tensor(input, "softshrink")
        lambd = check_number(lambd, "softshrink", "lambd", 2)
        if not lambd >= 0:
            raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
        return input, lambd

    @staticmethod
    def forward(ctx, input, lambd):
        check_kind("softshrink", input, "f")
        ctx.save_for_backward(input, lambd)
        return ctx.k.softshrink(input, lambd)

    @staticmethod
    def backward(ctx, grad):
        return ShrinkGrad.function(grad, *ctx.saved)


class LeakyReluGrad(Op, name="_leaky_relu_grad", out=False):
    """_leaky_relu_grad(grad, input, negative_slope)."""

    @staticmethod
    def forward(ctx, grad, input, negative_slope):
        ctx.save_for_backward(input, negative_slope)
        return ctx.k.leaky_relu_grad(grad, input, negative_slope)

    @staticmethod
    def backward(ctx, outer):
        return LeakyReluGrad.function(outer, *ctx.saved), None


class LeakyRelu(Op, name="leaky_relu", tangent="elementwise", methods=("leaky_relu_",)):
    """leaky_relu(input, negative_slope=0.01, *, out=None) -> Tensor: input above 0, else negative_slope * input."""

    @staticmethod
    def forward(ctx, input, negative_slope=0.01):
        check_kind("leaky_relu", input, "f")
        negative_slope = check_number(negative_slope, "leaky_relu", "negative_slope", 2)
        ctx.save_for_backward(input, negative_slope)
        return ctx.k.leaky_relu(input, negative_slope)

    @staticmethod
    def backward(ctx, grad):
        return LeakyReluGrad.function(grad, *ctx.saved)


class PreluKernel(Op, name="_prelu_kernel", out=False):
    """_prelu_kernel(input, weight): input where it is above 0, else weight * input; weight is broadcast."""

    @staticmethod
    def forward(ctx, input, weight):
        check_kind("prelu", input, "bif")
        ctx.save_for_backward(input, weight)
        return ctx.k.where(input > 0, input, ctx.k.mul(weight, input))

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved
        positive = x > 0
        return (
            where(positive, grad, weight * grad) if ctx.needs(0) else None,
            where(positive, 0, x * grad) if ctx.needs(1) else None,
        )


@composite("prelu")
def prelu(input, weight):
    """prelu(input, weight) -> Tensor: input where it is above 0, else weight * input (He et al., 2015).

    input (N, C, *), weight (C), of one dtype -> (N, C, *); with one weight, (1) or (), input (*).
    """
    check_tensor(input, "prelu")
    check_tensor(weight, "prelu", "weight", 2)
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype.title} and {weight.dtype.title}"
        )
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    if weight.numel() != 1:
        channels = input.size(1) if input.ndim > 1 else 1
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        if channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
        weight = weight.reshape(channels, *[1] * (input.ndim - 2)) if input.ndim > 1 else weight
    elif input.ndim == 0:
        weight = weight.reshape(())
    return PreluKernel.function(input, weight)


# ---- smooth functions


class EluGrad(Op, name="_elu_grad", out=False):
    """_elu_grad(grad, input, alpha, scale, input_scale)."""

    @staticmethod
    def forward(ctx, grad, input, alpha, scale, input_scale):
        ctx.save_for_backward(grad, input, alpha, scale, input_scale)
        return ctx.k.elu_grad(grad, input, alpha, scale, input_scale)

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, EluGrad, _elu_second, *ctx.saved[2:])


def _elu_second(x, alpha, scale, input_scale):
    return where(x > 0, 0, (x.clamp_max(0) * input_scale).exp() * (alpha * scale * input_scale * input_scale))


class Elu(Op, name="elu", tangent="elementwise", methods=("elu_",)):
    """elu(input, alpha=1.0, *, out=None) -> Tensor: input where it is above 0, else alpha (exp(input) - 1).

    Clevert et al., 2015. selu and celu are this op with two more parameters: scale of the result, and of the exponent.
    """

    @staticmethod
    def forward(ctx, input, alpha=1.0, scale=1.0, input_scale=1.0):
        check_kind("elu", input, "f")
        alpha, scale = check_number(alpha, "elu", "alpha", 2), check_number(scale, "elu", "scale", 3)
        input_scale = check_number(input_scale, "elu", "input_scale", 4)
        ctx.save_for_backward(input, alpha, scale, input_scale)
        return ctx.k.elu(input, alpha, scale, input_scale)

    @staticmethod
    def backward(ctx, grad):
        return EluGrad.function(grad, *ctx.saved)


_SELU = (1.6732632423543772848170429916717, 1.0507009873554804934193349852946)  # alpha, scale


@composite(name="selu")
def selu(input):
    """selu(input) -> Tensor: scale elu(input, alpha), with the constants of Klambauer et al., 2017."""
    return Elu.function(input, *_SELU)


@composite(name="selu_")
def selu_(input):
    """selu_(input) -> input: selu in place."""
    return METHODS["elu_"](input, *_SELU)


def _celu_options(alpha):
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return alpha, 1.0, 1.0 / alpha


@composite(name="celu")
def celu(input, alpha=1.0):
    """celu(input, alpha=1.0) -> Tensor: max(input, 0) + min(alpha (exp(input / alpha) - 1), 0) (Barron, 2017)."""
    return Elu.function(input, *_celu_options(alpha))


@composite(name="celu_")
def celu_(input, alpha=1.0):
    """celu_(input, alpha=1.0) -> input: celu in place."""
    return METHODS["elu_"](input, *_celu_options(alpha))


class SiluGrad(Binary, name="_silu_grad", kernel="silu_grad", saves=("input", "other")):
    """_silu_grad(grad, input)."""

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, SiluGrad, _silu_second)


def _silu_second(x):
    s = x.sigmoid()
    return s * (1 - s) * (2 + x * (1 - 2 * s))


class Silu(Unary, name="silu", methods=("silu_",), kinds="f", saves="input"):
    """silu(input, *, out=None) -> Tensor: input * sigmoid(input) (Elfwing et al., 2017)."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return SiluGrad.function(grad, x)


class MishGrad(Binary, name="_mish_grad", kernel="mish_grad", saves=("input", "other")):
    """_mish_grad(grad, input)."""

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, MishGrad, _mish_second)


def _mish_second(x):
    s = x.sigmoid()
    t = Softplus.function(x).tanh()
    return (1 - t * t) * s * (2 + x * (1 - s) - 2 * x * s * t)


class Mish(Unary, name="mish", methods=("mish_",), kinds="f", saves="input"):
    """mish(input, *, out=None) -> Tensor: input * tanh(softplus(input)) (Misra, 2019)."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return MishGrad.function(grad, x)


class GeluGrad(Binary, name="_gelu_grad", kernel="gelu_grad", saves=("input", "other")):
    """_gelu_grad(grad, input): of the exact gelu."""

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, GeluGrad, _gelu_second)


def _gelu_second(x):
    return (2 - x * x) * (-0.5 * x * x).exp() * (1 / math.sqrt(2 * math.pi))


class GeluTanhGrad(Binary, name="_gelu_tanh_grad", kernel="gelu_tanh_grad", saves=("input", "other")):
    """_gelu_tanh_grad(grad, input): of gelu's approximation by tanh."""

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, GeluTanhGrad, _gelu_tanh_second)


def _gelu_tanh_second(x):
    k, c = math.sqrt(2 / math.pi), 0.044715
    t = (k * (x + c * x * x * x)).tanh()
    first, second = k * (1 + 3 * c * x * x), 6 * k * c * x
    return (1 - t * t) * (first + 0.5 * x * (second - 2 * t * first * first))


class Gelu(Unary, name="gelu", methods=("gelu_",), kinds="f", saves="input"):
    """gelu(input, approximate="none", *, out=None) -> Tensor: input * Phi(input), Phi the normal distribution function.

    approximate="tanh": 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel, 2016).
    (*) -> (*).
    """

    @staticmethod
    def prepare(input, approximate="none"):
        if approximate not in ("none", "tanh"):
            raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")
        return (input,) if approximate == "none" else (input, approximate)

    @staticmethod
    def forward(ctx, input, approximate="none"):
        if approximate == "none":
            return Gelu.plain(ctx, input)
        check_kind("gelu", input, "f")
        ctx.save_for_backward(input, approximate)
        return ctx.k.gelu_tanh(input)

    @staticmethod
    def backward(ctx, grad):
        x, *approximate = ctx.saved
        return (GeluTanhGrad if approximate else GeluGrad).function(grad, x)


class SoftplusGrad(Binary, name="_softplus_grad", kernel="softplus_grad", saves=("input", "other")):
    """_softplus_grad(grad, input, beta=1, threshold=20)."""

    @staticmethod
    def prepare(grad, input, *options):
        return grad, input, *options

    @staticmethod
    def forward(ctx, grad, input, beta=1, threshold=20):
        if (beta, threshold) == (1, 20):
            return SoftplusGrad.plain(ctx, grad, input)
        ctx.save_for_backward(grad, input, beta, threshold)
        return ctx.k.softplus_scaled_grad(grad, input, beta, threshold)

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, SoftplusGrad, _softplus_second, *ctx.saved[2:])


def _softplus_second(x, beta=1, threshold=20):
    s = (x * beta).sigmoid()
    return where(x * beta > threshold, 0, beta * s * (1 - s))


class Softplus(Unary, name="softplus", kinds="f", saves="input"):
    """softplus(input, beta=1, threshold=20, *, out=None) -> Tensor: log(1 + exp(beta input)) / beta.

    Where beta * input > threshold it is input itself.
    (*) -> (*).
    """

    @staticmethod
    def prepare(input, beta=1, threshold=20):
        beta, threshold = (
            check_number(beta, "softplus", "beta", 2),
            check_number(threshold, "softplus", "threshold", 3),
        )
        return (input,) if (beta, threshold) == (1, 20) else (input, beta, threshold)

    @staticmethod
    def forward(ctx, input, beta=1, threshold=20):
        if (beta, threshold) == (1, 20):
            return Softplus.plain(ctx, input)
        check_kind("softplus", input, "f")
        ctx.save_for_backward(input, beta, threshold)
        return ctx.k.softplus_scaled(input, beta, threshold)

    @staticmethod
    def backward(ctx, grad):
        return SoftplusGrad.function(grad, *ctx.saved)


class LogsigmoidGrad(Binary, name="_logsigmoid_grad", kernel="logsigmoid_grad", saves=("input", "other")):
    """_logsigmoid_grad(grad, input)."""

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, LogsigmoidGrad, _logsigmoid_second)


def _logsigmoid_second(x):
    s = x.sigmoid()
    return s * (s - 1)


class Logsigmoid(Unary, name="logsigmoid", kinds="f", saves="input"):
    """logsigmoid(input, *, out=None) -> Tensor: log(1 / (1 + exp(-input))), without overflow.

    (*) -> (*).
    """

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return LogsigmoidGrad.function(grad, x)


class HardswishGrad(Binary, name="_hardswish_grad", kernel="hardswish_grad", saves=("input", "other")):
    """_hardswish_grad(grad, input)."""

    @staticmethod
    def backward(ctx, outer):
        return _twice(ctx, outer, HardswishGrad, _hardswish_second)


def _hardswish_second(x):
    return where(x.abs() < 3, 1 / 3, x.new_zeros(()))


class Hardswish(Unary, name="hardswish", methods=("hardswish_",), kinds="f", saves="input"):
    """hardswish(input, *, out=None) -> Tensor: input min(max(input + 3, 0), 6) / 6 (Howard et al., 2019)."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved
        return HardswishGrad.function(grad, x)
