"""Averaged stochastic gradient descent."""

from .optimizer import _check_lr, _check_not_negative, _count_step, _number
from .rule import RuleOptimizer


class ASGD(RuleOptimizer):
    """ASGD(params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, maximize=False)

    g = grad + weight_decay p;  p = (1 - lambd eta) p - eta g, where eta = lr at first and
    lr / (1 + lambd lr t)^alpha after t steps. The mean of the parameters after step t0 (before: the last ones) is the
    state "ax" of each  (Polyak and Juditsky, 1992).
    `foreach` and `capturable` are accepted and change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "asgd"
    _since = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}
    _float32_states = ("step", "eta", "mu")

    def __init__(self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, foreach=None,
                 maximize=False, differentiable=False, capturable=False):  # fmt: skip
        _check_lr(lr)
        _check_not_negative({"weight_decay value": weight_decay})
        defaults = dict(
            lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, foreach=foreach,
            maximize=maximize, differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def _settings(self, group):
        return [group[name] for name in ("lambd", "weight_decay", "maximize")]

    def _state_names(self, group):
        return ("ax",)

    def _numbers(self, group, states):
        """eta and mu of this step; the state then has those of the next one."""
        etas, mus = ([state[name].item() for state in states] for name in ("eta", "mu"))
        lr, lambd, alpha, t0 = _number(group["lr"]), group["lambd"], group["alpha"], group["t0"]
        for state, mu in zip(states, mus, strict=True):
            step = _count_step(state)
            state["eta"].fill_(lr / (1 + lambd * lr * step) ** alpha)
            if mu != 1 or step > t0:
                state["mu"].fill_(1 / max(1, step - t0))
        return [etas, mus]

    def _first_numbers(self, group):
        return {"eta": float(_number(group["lr"])), "mu": 1.0}
