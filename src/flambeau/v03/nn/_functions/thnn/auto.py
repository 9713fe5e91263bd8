"""Activations, losses and borders: `Threshold.apply(input, threshold, value, inplace)`, `MSELoss.apply(input, target,
size_average)`."""

from ....autograd.composed import composed
from ... import functional as F


def _loss(function):
    """Of an input and a target, as 0.3's arguments are: (input, target, size_average, reduce)."""

    def compute(input, target, size_average=True, reduce=True):
        return function(input, target, size_average=size_average, reduce=reduce)

    return compute


def _nll(input, target, weight=None, size_average=True, ignore_index=-100, reduce=True):
    """apply(input, target, weight=None, size_average=True, ignore_index=-100, reduce=True) -> F.nll_loss"""
    return F.nll_loss(input, target, weight, size_average, ignore_index, reduce)


def _padded(mode):
    def compute(input, *pad):
        return F.pad(input, pad, mode=mode)

    compute.__doc__ = f"apply(input, left, right, ...) -> input with a border, {mode}"
    return compute


_FUNCTIONS = composed(
    __name__,
    Threshold=lambda input, threshold, value, inplace=False: F.threshold(input, threshold, value, inplace),
    LeakyReLU=lambda input, negative_slope=0.01, inplace=False: F.leaky_relu(input, negative_slope, inplace),
    ELU=lambda input, alpha=1.0, inplace=False: F.elu(input, alpha, inplace),
    Hardtanh=lambda input, min_val=-1, max_val=1, inplace=False: F.hardtanh(input, min_val, max_val, inplace),
    GatedLinear=lambda input, dim=-1: F.glu(input, dim), LogSigmoid=lambda input: F.logsigmoid(input),
    Softplus=lambda input, beta=1, threshold=20: F.softplus(input, beta, threshold),
    Softshrink=lambda input, lambd=0.5: F.softshrink(input, lambd),
    Hardshrink=lambda input, lambd=0.5: F.hardshrink(input, lambd),
    Sigmoid=lambda input: F.sigmoid(input), Tanh=lambda input: F.tanh(input),
    Softmax=lambda input, dim=None: F.softmax(input, dim), LogSoftmax=lambda input, dim=None: F.log_softmax(input, dim),
    NLLLoss=_nll, NLLLoss2d=_nll, KLDivLoss=_loss(F.kl_div), L1Loss=_loss(F.l1_loss), MSELoss=_loss(F.mse_loss),
    SmoothL1Loss=_loss(F.smooth_l1_loss),
    SoftMarginLoss=lambda input, target, size_average=True: F.soft_margin_loss(input, target, size_average),
    MultiLabelMarginLoss=lambda input, target, size_average=True:
        F.multilabel_margin_loss(input, target, size_average),
    MultiMarginLoss=lambda input, target, weight=None, size_average=True, p=1, margin=1:
        F.multi_margin_loss(input, target, p, margin, weight, size_average),
    BCELoss=lambda input, target, weight=None, size_average=True:
        F.binary_cross_entropy(input, target, weight, size_average),
    ReflectionPad1d=_padded("reflect"), ReflectionPad2d=_padded("reflect"),
    **{f"ReplicationPad{n}d": _padded("replicate") for n in (1, 2, 3)},
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
