"""Rprop."""

import flambeau as fb

from .optimizer import _check_lr, _number
from .rule import RuleOptimizer


class Rprop(RuleOptimizer):
    """Rprop(params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, maximize=False)

    Each element has a step size of its own, lr at first. It is multiplied by etas[1] where the gradient kept its sign
    and by etas[0] where it changed it, and kept within step_sizes; p -= step_size sign(grad), but nothing where the
    sign changed  (Riedmiller and Braun, 1993). For gradients of the whole data, not of batches.
    `foreach` and `capturable` are accepted and change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "rprop"
    _takes_step = False
    _since = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *,
                 capturable=False, foreach=None, maximize=False, differentiable=False):  # fmt: skip
        _check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = dict(
            lr=lr, etas=etas, step_sizes=step_sizes, foreach=foreach, maximize=maximize,
            differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def _settings(self, group):
        return [*group["etas"], *group["step_sizes"], group["maximize"]]

    def _state_names(self, group):
        return "prev", "step_size"

    def _first_state(self, param, group):
        state, lr = super()._first_state(param, group), _number(group["lr"])
        state["step_size"] = fb.full_like(param.data, complex(lr, lr) if param.is_complex() else lr)
        return state
