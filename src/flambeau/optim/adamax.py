"""Adamax."""

from .optimizer import _check_betas, _check_lr, _check_not_negative
from .rule import RuleOptimizer


class Adamax(RuleOptimizer):
    """Adamax(params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, *, maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  u = max(b2 u, |g| + eps);
    p -= lr / (1 - b1^t) m / u  (Kingma and Ba, 2015: Adam with the infinity norm).
    `foreach` and `capturable` are accepted and change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "adamax"
    _since = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *,
                 maximize=False, differentiable=False, capturable=False):  # fmt: skip
        _check_lr(lr)
        _check_not_negative({"epsilon value": eps})
        _check_betas(betas)
        _check_not_negative({"weight_decay value": weight_decay})
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, foreach=foreach, maximize=maximize,
            differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def _settings(self, group):
        return [group["lr"], *group["betas"], group["eps"], group["weight_decay"], group["maximize"]]

    def _state_names(self, group):
        return "exp_avg", "exp_inf"
