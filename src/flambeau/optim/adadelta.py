"""Adadelta."""

import flambeau as fb

from .optimizer import (
    Optimizer,
    _as_reals,
    _check_dense,
    _check_not_negative,
    _count_step,
    _number,
    _steps_as_tensors,
)


class Adadelta(Optimizer):
    """Adadelta(params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, *, maximize=False)

    g = grad + weight_decay p;  v = rho v + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(v + eps) g;
    u = rho u + (1 - rho) d^2;  p -= lr d  (Zeiler, 2012).
    `foreach`, `capturable` and `differentiable` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=1.0,
        rho=0.9,
        eps=1e-6,
        weight_decay=0,
        foreach=None,
        *,
        capturable=False,
        maximize=False,
        differentiable=False,
    ):
        _check_not_negative({"learning rate": lr, "epsilon value": eps, "weight_decay value": weight_decay})
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # written before this option existed
            group.setdefault("maximize", False)
        _steps_as_tensors(self.state)

    def _update(self, group, params):
        _check_dense(self, params)
        lr, rho, eps = _number(group["lr"]), group["rho"], group["eps"]
        for param in params:
            state = self.state[param] or self._first_state(param)
            _count_step(state)
            grad = -param.grad if group["maximize"] else param.grad
            if group["weight_decay"] != 0:
                grad = grad.add(param, alpha=group["weight_decay"])
            p, g, square, change = _as_reals(param, grad, state["square_avg"], state["acc_delta"])
            square.mul_(rho).addcmul_(g, g, value=1 - rho)
            delta = change.add(eps).sqrt_().div_(square.add(eps).sqrt_()).mul_(g)
            change.mul_(rho).addcmul_(delta, delta, value=1 - rho)
            p.add_(delta, alpha=-lr)

    def _first_state(self, param):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["square_avg"] = fb.zeros_like(param.data)
        state["acc_delta"] = fb.zeros_like(param.data)
        return state
