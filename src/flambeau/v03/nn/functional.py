"""`torch.nn.functional` of 0.3. What is not defined here, or in `loss_functions`, is today's function."""

from functools import wraps
from types import FunctionType

from ... import _core
from ...nn import functional as todays
from ...nn._functional.primitives import op
from ...nn.modules.utils import _pair, _single, _triple  # noqa: F401
from ..faces import Variable, _array, sees_todays
from ..wording import in_03s_words, word_of
from . import variables
from .loss_functions import (  # noqa: F401
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cross_entropy,
    hinge_embedding_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    pairwise_distance,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
)
from .upsampling import upsample, upsample_bilinear, upsample_nearest  # noqa: F401


def check_dims(input, n):
    """TypeError for an input of a convolution over n dimensions that is no Variable, ValueError for one that is not
    (N, C, *sizes)."""
    if not isinstance(input, Variable):
        raise variables.not_called(input)
    if _array(input).ndim != n + 2:
        raise ValueError(f"Expected {n + 2}D tensor as input, got {input.dim()}D tensor instead.")


def _convolution(todays, n):
    worded = in_03s_words("conv")(todays)

    @wraps(todays)
    def convolution(input, weight, *args, **kwargs):
        check_dims(input, n)
        if not isinstance(weight, Variable):
            raise variables.not_called(weight, 1)
        return worded(input, weight, *args, **kwargs)

    return convolution


conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d = (
    _convolution(getattr(todays, f"conv{kind}{n}d"), n) for kind in ("", "_transpose") for n in (1, 2, 3)
)


def pixel_shuffle(input, upscale_factor):
    """pixel_shuffle(input, upscale_factor): (N, C r^2, H, W) -> (N, C, H r, W r)"""
    batch, channels, height, width = input.size()
    r = upscale_factor
    if channels % r**2:
        input.contiguous().view(batch, channels // r**2, r, r, height, width)  # which says why not
    return todays.pixel_shuffle(input, r)


@in_03s_words("linear")
def linear(input, weight, bias=None):
    """linear(input, weight, bias=None): input (*, in) @ weight (out, in) transposed, + bias (out)"""
    variables.check_product(input, weight, bias)
    return todays.linear(input, weight, bias)


def _dropped(name, input, p, training, inplace):
    """What an op draws; a copy where nothing is dropped, as a Function never gives back the Variable that it took."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    result = getattr(op, f"{name}_" if inplace else name)(input, p, training)
    return input.clone() if result is input and not inplace else result


def dropout(input, p=0.5, training=False, inplace=False):
    """dropout(input, p=0.5, training=False, inplace=False): zero with probability p, the others times 1 / (1 - p)"""
    return _dropped("dropout", input, p, training, inplace)


def dropout2d(input, p=0.5, training=False, inplace=False):
    """dropout2d(input, p=0.5, training=False, inplace=False): whole channels of (N, C, *)"""
    return _dropped("feature_dropout", input, p, training, inplace)


def dropout3d(input, p=0.5, training=False, inplace=False):
    """dropout3d(input, p=0.5, training=False, inplace=False): whole channels of (N, C, *)"""
    return _dropped("feature_dropout", input, p, training, inplace)


def alpha_dropout(input, p=0.5, training=False):
    """alpha_dropout(input, p=0.5, training=False): keeps mean and variance (Klambauer et al., 2017)

    Where `dropout` draws what it keeps, this draws what it drops: to the negative limit of selu.
    """
    if not training or not 0 < p < 1:
        return todays.alpha_dropout(input, p, training)
    limit, keep = -1.7580993408473766, 1 - p
    data = input.data if isinstance(input, Variable) else input
    dropped = data.new(data.size()).bernoulli_(p).byte()
    scale = (keep + limit**2 * keep * (1 - keep)) ** -0.5
    kept = input.masked_fill(Variable(dropped) if isinstance(input, Variable) else dropped, limit)
    return kept * scale - scale * limit * (1 - keep)


def pad(input, pad, mode="constant", value=0):
    """pad(input, pad, mode='constant', value=0): pad has two widths for each dimension, from the last one on

    mode: 'constant', of any dimensions; 'reflect' or 'replicate', of all spatial dimensions of (N, C, L), (N, C, H, W)
    or, 'replicate' only, (N, C, D, H, W).
    """
    dims = input.dim()
    if len(pad) % 2:
        raise AssertionError("Padding length must be divisible by 2")
    if len(pad) // 2 > dims:
        raise AssertionError("Padding length too large")
    if mode != "constant":
        if value:
            raise AssertionError(f'Padding mode "{mode}" doesn\'t take in value argument')
        if dims not in (3, 4, 5):
            raise NotImplementedError("Only 3D, 4D, 5D padding with non-constant padding are supported for now")
        if len(pad) != 2 * (dims - 2):
            raise AssertionError(f"{dims}D tensors expect {2 * (dims - 2)} values for padding")
        if dims == 5 and mode == "reflect":
            raise NotImplementedError("padding by reflection is of 3D and 4D tensors only")
    return todays.pad(input, pad, mode, value)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """cosine_similarity(x1, x2, dim=1, eps=1e-8): x1 . x2 / max(|x1| |x2|, eps) along dim"""
    norms = x1.norm(2, dim) * x2.norm(2, dim)
    return (x1 * x2).sum(dim) / norms.clamp(min=eps)


def normalize(input, p=2, dim=1, eps=1e-12):
    """normalize(input, p=2, dim=1, eps=1e-12): input / max(|input|_p, eps) along dim"""
    return input / input.norm(p, dim, True).clamp(min=eps).expand_as(input)


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros"):
    """grid_sample(input, grid, mode='bilinear', padding_mode='zeros'): -1 and 1 are the centres of the corners"""
    if padding_mode not in ("zeros", "border"):
        raise ValueError(f"padding_mode needs to be 'zeros' or 'border', but got {padding_mode}")
    variables.check_applied(input, grid)
    return todays.grid_sample(input, grid, mode, padding_mode, align_corners=True)


def affine_grid(theta, size):
    """affine_grid(theta, size): -1 and 1 are the centres of the corners"""
    return todays.affine_grid(theta, size, align_corners=True)


def embedding(
    input, embedding, max_norm=None, norm_type=2, scale_grad_by_freq=False, sparse=False, *, padding_idx=None
):
    """embedding(input, embedding, max_norm=None, norm_type=2, scale_grad_by_freq=False, sparse=False): the rows of a
    matrix; padding_idx: one without gradient"""
    return todays.embedding(input, embedding, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)


def embedding_bag(
    embedding_matrix, indices, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean"
):
    """embedding_bag(embedding_matrix, indices, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False,
    mode='mean'): the matrix comes first"""
    return todays.embedding_bag(indices, embedding_matrix, offsets, max_norm, norm_type, scale_grad_by_freq, mode)


for _name in dir(todays):
    _refusal = variables.refusal_of(_name)
    if _refusal is not None and not _name.startswith("conv"):  # which have checks of their own
        _function = globals().get(_name) or getattr(todays, _name)
        globals()[_name] = in_03s_words(word_of(_name), _refusal)(_function)

for _name, _function in list(globals().items()):
    if _name in dir(todays) and isinstance(_function, (FunctionType, _core.Worded)):
        _function.__module__, _function.__qualname__ = __name__, _name  # where pickle finds it


_UNCHANGED = ("conv_tbc", "lp_pool1d", "lp_pool2d", "sigmoid", "softmin", "softsign", "tanh", "tanhshrink")


def __getattr__(name):
    if name not in _UNCHANGED and (name.startswith("__") or not sees_todays()):
        raise AttributeError(f"module 'torch.nn.functional' has no attribute '{name}'")
    found = getattr(todays, name)
    if name in _UNCHANGED:
        globals()[name] = found  # the next time it is not asked for
    return found


def __dir__():
    return sorted({*globals(), *_UNCHANGED})
