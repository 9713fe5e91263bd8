"""Adagrad."""

import flambeau as fb

from .optimizer import Optimizer, _as_reals, _check_not_negative, _count_step, _number, _steps_as_tensors


class Adagrad(Optimizer):
    """Adagrad(params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, *, maximize=False)

    g = grad + weight_decay p;  s = s + g^2;  p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
    (Duchi et al., 2011). `foreach`, `differentiable` and `fused` are accepted and change nothing. A sparse gradient
    changes only the rows that it has, of s too; weight_decay is not defined for it.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        fused=None,
    ):
        _check_not_negative(
            {
                "learning rate": lr,
                "lr_decay value": lr_decay,
                "weight_decay value": weight_decay,
                "initial_accumulator_value value": initial_accumulator_value,
                "epsilon value": eps,
            }
        )
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self._first_state(param, group)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("maximize", False)
        _steps_as_tensors(self.state)

    def share_memory(self):
        """Move the state to shared memory."""
        for state in self.state.values():
            state["step"].share_memory_()
            state["sum"].share_memory_()

    def _update(self, group, params):
        lr, lr_decay, eps, weight_decay = (
            _number(group["lr"]),
            group["lr_decay"],
            group["eps"],
            group["weight_decay"],
        )
        if weight_decay != 0 and any(p.grad.layout is not fb.strided for p in params):
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")
        for param in params:
            state = self.state[param] or self._first_state(param, group)
            step = _count_step(state)
            grad = -param.grad if group["maximize"] else param.grad
            rate = lr / (1 + (step - 1) * lr_decay)
            if grad.layout is not fb.strided:
                _update_sparse(param, grad, state["sum"], rate, group["eps"])
                continue
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            p, g, total = _as_reals(param, grad, state["sum"])
            total.addcmul_(g, g, value=1)
            p.addcdiv_(g, total.sqrt().add_(eps), value=-rate)

    def _first_state(self, param, group):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        start = group["initial_accumulator_value"]
        state["sum"] = fb.full_like(param.data, complex(start, start) if param.is_complex() else start)
        return state


def _update_sparse(param, grad, total, rate, eps):
    """The step at the entries of a sparse gradient."""
    grad = grad.coalesce()
    total.add_(grad.pow(2))
    root = total.sparse_mask(grad).sqrt().values().add(eps)
    step = grad.values() / root
    param.add_(fb.sparse_coo_tensor(grad.indices(), step, grad.shape, is_coalesced=True), alpha=-rate)
