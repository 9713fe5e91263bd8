"""Functions of `nn.functional` under the signatures that they have in PyTorch's main namespace.

There a reduction is a number: 0 for none, 1 for the mean, 2 for the sum.
"""

from . import functional as F

_REDUCTIONS = ("none", "mean", "sum")


def _reduction(number, name):
    if isinstance(number, bool) or number not in (0, 1, 2):
        raise ValueError(f"{name}(): reduction must be 0 (none), 1 (mean) or 2 (sum), got {number!r}")
    return _REDUCTIONS[number]


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1):
    """cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1) -> Tensor"""
    reduction = _reduction(reduction, "cosine_embedding_loss")
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=reduction)


def hinge_embedding_loss(input, target, margin=1.0, reduction=1):
    """hinge_embedding_loss(input, target, margin=1.0, reduction=1) -> Tensor"""
    return F.hinge_embedding_loss(input, target, margin, reduction=_reduction(reduction, "hinge_embedding_loss"))


def kl_div(input, target, reduction=1, *, log_target=False):
    """kl_div(input, target, reduction=1, *, log_target=False) -> Tensor"""
    wanted = _reduction(reduction, "kl_div")
    loss = F.kl_div(input, target, reduction="none", log_target=log_target)
    return loss if wanted == "none" else getattr(loss, wanted)()


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1):
    """margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1) -> Tensor"""
    reduction = _reduction(reduction, "margin_ranking_loss")
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=reduction)


def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """poisson_nll_loss(input, target, log_input, full, eps, reduction) -> Tensor"""
    reduction = _reduction(reduction, "poisson_nll_loss")
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=reduction)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction=1):
    """triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction=1) -> Tensor"""
    reduction = _reduction(reduction, "triplet_margin_loss")
    return F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=reduction)


def instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled=True):
    """instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled) ->
    Tensor; see `nn.functional.instance_norm`."""
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
