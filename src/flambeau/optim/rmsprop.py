"""RMSprop."""

from .optimizer import _check_lr, _check_not_negative
from .rule import RuleOptimizer


class RMSprop(RuleOptimizer):
    """RMSprop(params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, *, maximize=False)

    g = grad + weight_decay p;  v = alpha v + (1 - alpha) g^2;  d = sqrt(v) + eps, centered: sqrt(v - mean(g)^2) + eps;
    p -= lr g / d, with momentum b = momentum b + g / d, p -= lr b  (Hinton, 2012; Graves, 2013).
    `capturable` and `foreach` are accepted and change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "rmsprop"
    _takes_step = False
    _since = {
        "momentum": 0, "centered": False, "foreach": None, "maximize": False, "differentiable": False,
        "capturable": False,
    }  # fmt: skip

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False,
                 capturable=False, foreach=None, maximize=False, differentiable=False):  # fmt: skip
        _check_lr(lr)
        _check_not_negative(
            {
                "epsilon value": eps,
                "momentum value": momentum,
                "weight_decay value": weight_decay,
                "alpha value": alpha,
            }
        )
        defaults = dict(
            lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered, weight_decay=weight_decay,
            capturable=capturable, foreach=foreach, maximize=maximize, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def _settings(self, group):
        return [group[name] for name in ("lr", "alpha", "eps", "weight_decay", "momentum", "maximize")]

    def _state_names(self, group):
        velocity = "momentum_buffer" if group["momentum"] > 0 else None
        return "square_avg", velocity, "grad_avg" if group["centered"] else None
