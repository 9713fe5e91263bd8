"""`torch.nn.functional` of 0.3. What is not defined here, or in `loss_functions`, is today's function."""

from ...nn import functional as todays
from ..faces import Variable
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


def dropout(input, p=0.5, training=False, inplace=False):
    """dropout(input, p=0.5, training=False, inplace=False): zero with probability p, the others times 1 / (1 - p)"""
    return todays.dropout(input, p, training, inplace)


def dropout2d(input, p=0.5, training=False, inplace=False):
    """dropout2d(input, p=0.5, training=False, inplace=False): whole channels of (N, C, H, W)"""
    return todays.dropout2d(input, p, training, inplace)


def dropout3d(input, p=0.5, training=False, inplace=False):
    """dropout3d(input, p=0.5, training=False, inplace=False): whole channels of (N, C, D, H, W)"""
    return todays.dropout3d(input, p, training, inplace)


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


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """cosine_similarity(x1, x2, dim=1, eps=1e-8): x1 . x2 / max(|x1| |x2|, eps) along dim"""
    norms = x1.norm(2, dim) * x2.norm(2, dim)
    return (x1 * x2).sum(dim) / norms.clamp(min=eps)


def normalize(input, p=2, dim=1, eps=1e-12):
    """normalize(input, p=2, dim=1, eps=1e-12): input / max(|input|_p, eps) along dim"""
    return input / input.norm(p, dim, True).clamp(min=eps).expand_as(input)


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros"):
    """grid_sample(input, grid, mode='bilinear', padding_mode='zeros'): -1 and 1 are the centres of the corners"""
    return todays.grid_sample(input, grid, mode, padding_mode, align_corners=True)


def affine_grid(theta, size):
    """affine_grid(theta, size): -1 and 1 are the centres of the corners"""
    return todays.affine_grid(theta, size, align_corners=True)


def embedding_bag(
    embedding_matrix, indices, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean"
):
    """embedding_bag(embedding_matrix, indices, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False,
    mode='mean'): the matrix comes first"""
    return todays.embedding_bag(indices, embedding_matrix, offsets, max_norm, norm_type, scale_grad_by_freq, mode)


def __getattr__(name):
    found = getattr(todays, name)
    if not name.startswith("__"):
        globals()[name] = found  # the next time it is not asked for
    return found


def __dir__():
    return sorted({*globals(), *dir(todays)})
