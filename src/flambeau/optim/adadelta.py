"""Adadelta."""

from .optimizer import _check_lr, _check_not_negative
from .rule import RuleOptimizer


class Adadelta(RuleOptimizer):
    """Adadelta(params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, *, maximize=False)

    g = grad + weight_decay p;  v = rho v + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(v + eps) g;
    u = rho u + (1 - rho) d^2;  p -= lr d  (Zeiler, 2012).
    `foreach` and `capturable` are accepted and change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "adadelta"
    _takes_step = False
    _since = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *,
                 capturable=False, maximize=False, differentiable=False):  # fmt: skip
        _check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        _check_not_negative({"epsilon value": eps, "weight_decay value": weight_decay})
        defaults = dict(
            lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize, capturable=capturable,
            foreach=foreach, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def _settings(self, group):
        return [group[name] for name in ("lr", "rho", "eps", "weight_decay", "maximize")]

    def _state_names(self, group):
        return "square_avg", "acc_delta"
