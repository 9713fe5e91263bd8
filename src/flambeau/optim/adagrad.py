"""Adagrad."""

import flambeau as fb

from .optimizer import _check_fused, _check_lr, _check_not_negative, _count_step, _number
from .rule import RuleOptimizer


class Adagrad(RuleOptimizer):
    """Adagrad(params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, *, maximize=False)

    g = grad + weight_decay p;  s = s + g^2;  p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
    (Duchi et al., 2011). `foreach` and `fused` are accepted and change nothing; differentiable: see `RuleOptimizer`.
    A sparse gradient changes only the rows that it has, of s too; weight_decay is not defined for it.
    """

    _rule = "adagrad"
    _since = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10,
                 foreach=None, *, maximize=False, differentiable=False, fused=None):  # fmt: skip
        _check_lr(lr)
        _check_not_negative(
            {
                "lr_decay value": lr_decay,
                "weight_decay value": weight_decay,
                "initial_accumulator_value value": initial_accumulator_value,
                "epsilon value": eps,
            }
        )
        defaults = dict(
            lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, foreach=foreach, maximize=maximize,
            differentiable=differentiable, fused=fused,
        )  # fmt: skip
        super().__init__(params, defaults)
        _check_fused(self)
        for group in self.param_groups:
            for param in group["params"]:
                self._first_state(param, group)

    def share_memory(self):
        """Move the state to shared memory."""
        for state in self.state.values():
            state["step"].share_memory_()
            state["sum"].share_memory_()

    def _settings(self, group):
        return [group[name] for name in ("lr", "lr_decay", "eps", "weight_decay", "maximize")]

    def _state_names(self, group):
        return ("sum",)

    def _first_state(self, param, group):
        state, start = super()._first_state(param, group), group["initial_accumulator_value"]
        state["sum"] = fb.full_like(param.data, complex(start, start) if param.is_complex() else start)
        return state

    def _update(self, group, params):
        dense = [p for p in params if p.grad.layout is fb.strided]
        if len(dense) < len(params):
            if group["weight_decay"] != 0:
                raise RuntimeError("weight_decay option is not compatible with sparse gradients")
            for param in params:
                if param.grad.layout is not fb.strided:
                    self._update_sparse(group, param)
        if dense:
            super()._update(group, dense)

    def _update_sparse(self, group, param):
        """The step at the entries of a sparse gradient."""
        state = self.state[param] or self._first_state(param, group)
        rate = _number(group["lr"]) / (1 + (_count_step(state) - 1) * group["lr_decay"])
        grad = (-param.grad if group["maximize"] else param.grad).coalesce()
        state["sum"].add_(grad.pow(2))
        root = state["sum"].sparse_mask(grad).sqrt().values().add(group["eps"])
        step = fb.sparse_coo_tensor(grad.indices(), grad.values() / root, grad.shape, is_coalesced=True)
        param.add_(step, alpha=-rate)
