"""Adamax."""

import flambeau as fb

from .optimizer import (
    Optimizer,
    _as_reals,
    _check_betas,
    _check_dense,
    _check_not_negative,
    _count_step,
    _number,
    _steps_as_tensors,
)


class Adamax(Optimizer):
    """Adamax(params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, *, maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  u = max(b2 u, |g| + eps);
    p -= lr / (1 - b1^t) m / u  (Kingma and Ba, 2015: Adam with the infinity norm).
    `foreach`, `capturable` and `differentiable` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        _check_not_negative({"learning rate": lr, "epsilon value": eps, "weight_decay value": weight_decay})
        _check_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # written before this option existed
            group.setdefault("maximize", False)
        _steps_as_tensors(self.state)

    def _update(self, group, params):
        _check_dense(self, params)
        lr, (beta1, beta2) = _number(group["lr"]), group["betas"]
        for param in params:
            state = self.state[param] or self._first_state(param)
            step = _count_step(state)
            grad = -param.grad if group["maximize"] else param.grad
            if group["weight_decay"] != 0:
                grad = grad.add(param, alpha=group["weight_decay"])
            p, g, mean, largest = _as_reals(param, grad, state["exp_avg"], state["exp_inf"])
            mean.lerp_(g, 1 - beta1)
            largest.copy_(fb.maximum(largest * beta2, g.abs().add_(group["eps"])))
            p.addcdiv_(mean, largest, value=-lr / (1 - beta1**step))

    def _first_state(self, param):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["exp_avg"] = fb.zeros_like(param.data)
        state["exp_inf"] = fb.zeros_like(param.data)
        return state
