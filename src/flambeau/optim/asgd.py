"""Averaged stochastic gradient descent."""

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


class ASGD(Optimizer):
    """ASGD(params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, maximize=False)

    g = grad + weight_decay p;  p = (1 - lambd eta) p - eta g, where eta = lr at first and
    lr / (1 + lambd lr t)^alpha after t steps. The mean of the parameters after step t0 (before: the last ones) is the
    state "ax" of each  (Polyak and Juditsky, 1992).
    `foreach`, `capturable` and `differentiable` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        lambd=1e-4,
        alpha=0.75,
        t0=1e6,
        weight_decay=0,
        foreach=None,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        _check_not_negative({"learning rate": lr, "weight_decay value": weight_decay})
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
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
        for values in self.state.values():
            for name in ("eta", "mu"):  # floats in older files, and in float32 whatever the parameter's dtype is
                if name in values:
                    values[name] = fb.tensor(_number(values[name]), dtype=fb.float32)

    def _update(self, group, params):
        _check_dense(self, params)
        lr, lambd = _number(group["lr"]), group["lambd"]
        for param in params:
            state = self.state[param] or self._first_state(param, lr)
            step, eta, mu = _count_step(state), state["eta"].item(), state["mu"].item()
            grad = -param.grad if group["maximize"] else param.grad
            if group["weight_decay"] != 0:
                grad = grad.add(param, alpha=group["weight_decay"])
            p, g, mean = _as_reals(param, grad, state["ax"])
            p.mul_(1 - lambd * eta).add_(g, alpha=-eta)
            mean.add_(p - mean, alpha=mu) if mu != 1 else mean.copy_(p)
            state["eta"].fill_(lr / (1 + lambd * lr * step) ** group["alpha"])
            state["mu"].fill_(1 / max(1, step - group["t0"]))

    def _first_state(self, param, lr):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["eta"] = fb.tensor(float(lr), dtype=fb.float32)
        state["mu"] = fb.tensor(1.0, dtype=fb.float32)
        state["ax"] = fb.zeros_like(param.data)
        return state
