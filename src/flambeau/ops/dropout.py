"""Dropout: of elements, of whole channels, and to the negative limit of selu; the activation with random slopes."""

import math

from .. import random as generators
from ..dtype import bool_, float64
from ._args import check_tensor, unsupported
from .op import FUNCTIONS, composite, whole


def _acts(name, input, p, train):
    """Whether anything is dropped; checks the arguments."""
    check_tensor(input, name)
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not train or p == 0 or input.numel() == 0:
        return False
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"result type Float can't be cast to the desired output type {input.dtype.title}")
    return True


def _kept(input, p, shape=None):
    """0 with probability p, else 1, in the given shape: by default one for each element."""
    if shape is None:
        mask = FUNCTIONS["empty_like"](input, requires_grad=False)
    else:
        mask = FUNCTIONS["empty"](shape, dtype=input.dtype, device=input.device)
    mask = generators.draws.spread(mask)
    return mask.zero_() if p == 1 else mask.bernoulli_(1 - p)


def _factor(input, p, shape=None):
    """0 with probability p, else 1 / (1 - p)."""
    kept = _kept(input, p, shape)
    if p == 1:
        return kept
    # In half precision 1 - p would be rounded before the division.
    return kept.div_(1 - p) if input.dtype.itemsize > 2 else kept.mul_(1 / (1 - p))


def _channels(input):
    """The shape of one number per sample and channel."""
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return (*input.shape[:2], *[1] * (input.ndim - 2))


def _selu(input, p, shape=None):
    """(factor, shift) of alpha dropout: dropped elements become the negative limit of selu, then all are scaled and
    shifted so that mean 0 and variance 1 stay."""
    kept = _kept(input, p, shape)
    if p == 1:
        return kept, 0
    limit = 1.7580993408473766
    scale = 1 / math.sqrt((limit * limit * p + 1) * (1 - p))
    shift = (kept - 1).mul_(limit * scale).add_(limit * scale * p)
    return kept.mul_(scale), shift


@composite()
def dropout(input, p=0.5, train=True):
    """dropout(input, p=0.5, train=True) -> Tensor

    Each element zero with probability p, else times 1 / (1 - p); the input itself when not training. Draws one
    number of the generator per element. Srivastava et al. 2014, Journal of Machine Learning Research 15.
    """
    return input * _factor(input, p) if _acts("dropout", input, p, train) else input


@composite()
def dropout_(input, p=0.5, train=True):
    """dropout_(input, p=0.5, train=True) -> input: `dropout` in place."""
    return input.mul_(_factor(input, p)) if _acts("dropout_", input, p, train) else input


@composite()
def native_dropout(input, p, train):
    """native_dropout(input, p, train) -> (Tensor, Tensor): `dropout` and the bool mask of the elements it keeps."""
    if not _acts("native_dropout", input, p, train):
        return input.clone(), FUNCTIONS["ones_like"](input, dtype=bool_, requires_grad=False)
    kept = _kept(input, p)
    return input * (kept if p == 1 else kept / (1 - p)), kept.to(bool_)


@composite()
def feature_dropout(input, p, train):
    """feature_dropout(input, p, train) -> Tensor: `dropout` of whole channels, the second of at least two dims."""
    if not _acts("feature_dropout", input, p, train):
        return input
    return input * _factor(input, p, _channels(input))


@composite()
def feature_dropout_(input, p, train):
    """feature_dropout_(input, p, train) -> input: `feature_dropout` in place."""
    if not _acts("feature_dropout_", input, p, train):
        return input
    return input.mul_(_factor(input, p, _channels(input)))


@composite()
def alpha_dropout(input, p, train):
    """alpha_dropout(input, p, train) -> Tensor: dropout to the negative limit of selu that keeps mean and variance.

    Klambauer et al. 2017, Self-normalizing neural networks.
    """
    if not _acts("alpha_dropout", input, p, train):
        return input
    factor, shift = _selu(input, p)
    return input * factor + shift


@composite()
def alpha_dropout_(input, p, train):
    """alpha_dropout_(input, p, train) -> input: `alpha_dropout` in place."""
    if not _acts("alpha_dropout_", input, p, train):
        return input
    factor, shift = _selu(input, p)
    return input.mul_(factor).add_(shift)


@composite()
def feature_alpha_dropout(input, p, train):
    """feature_alpha_dropout(input, p, train) -> Tensor: `alpha_dropout` of whole channels, the second of at least two
    dims."""
    if not _acts("feature_alpha_dropout", input, p, train):
        return input
    factor, shift = _selu(input, p, _channels(input))
    return input * factor + shift


@composite()
def feature_alpha_dropout_(input, p, train):
    """feature_alpha_dropout_(input, p, train) -> input: `feature_alpha_dropout` in place."""
    if not _acts("feature_alpha_dropout_", input, p, train):
        return input
    factor, shift = _selu(input, p, _channels(input))
    return input.mul_(factor).add_(shift)


# ---- the activation with random slopes


def _check_bounds(name, input, lower, upper):
    check_tensor(input, name)
    if not lower <= upper:
        raise RuntimeError(
            f"{name}: Lower bound should be less than or equal to the upper bound, but got {lower} and {upper}"
        )
    if not input.is_floating_point():
        raise unsupported(name, input.dtype)


def _slopes(input, lower, upper, generator):
    """1 for positive elements, else a number between lower and upper, drawn in float64."""
    low = input.detach() <= 0
    drawn = FUNCTIONS["empty"](int(low.sum()), dtype=float64).uniform_(lower, upper, generator=generator)
    slopes = FUNCTIONS["ones_like"](input, requires_grad=False)
    slopes[low] = drawn.to(device=input.device, dtype=input.dtype)
    return slopes


@composite()
@whole
def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, generator=None):
    """rrelu(input, lower=1/8, upper=1/3, training=False, generator=None) -> Tensor: leaky_relu with random slopes.

    Each element that is not positive is multiplied by a number drawn from U(lower, upper); not training, by their
    mean. Xu et al. 2015, Empirical evaluation of rectified activations in convolutional network.
    """
    _check_bounds("rrelu", input, lower, upper)
    if not training:
        return FUNCTIONS["leaky_relu"](input, (lower + upper) / 2)
    return input * _slopes(input, lower, upper, generator)


@composite()
def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False, generator=None):
    """rrelu_(input, lower=1/8, upper=1/3, training=False, generator=None) -> input: `rrelu` in place."""
    _check_bounds("rrelu_", input, lower, upper)
    if not training:
        return FUNCTIONS["leaky_relu_"](input, (lower + upper) / 2)
    return input.mul_(_slopes(input, lower, upper, generator))
