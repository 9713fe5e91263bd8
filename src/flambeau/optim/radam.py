"""RAdam."""

import math

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


class RAdam(Optimizer):
    """RAdam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *,
    maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
    r = 2 / (1 - b2) - 1;  r_t = r - 2 t b2^t / (1 - b2^t), the number of terms that v averages;
    p -= lr m / (1 - b1^t) f, where f = 1 while r_t <= 5, and then
    f = sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t)) sqrt(1 - b2^t) / (sqrt(v) + eps)  (Liu et al., 2020).
    decoupled_weight_decay: p -= lr weight_decay p first instead, as AdamW. `foreach`, `capturable` and
    `differentiable` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
    ):
        _check_not_negative({"learning rate": lr, "epsilon value": eps, "weight_decay value": weight_decay})
        _check_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # written before these options existed
            group.setdefault("maximize", False)
            group.setdefault("decoupled_weight_decay", False)
        _steps_as_tensors(self.state)

    def _update(self, group, params):
        _check_dense(self, params)
        lr, (beta1, beta2), weight_decay = _number(group["lr"]), group["betas"], group["weight_decay"]
        for param in params:
            state = self.state[param] or self._first_state(param)
            step = _count_step(state)
            grad = -param.grad if group["maximize"] else param.grad
            if weight_decay != 0:
                if group["decoupled_weight_decay"]:
                    param.mul_(1 - lr * weight_decay)
                else:
                    grad = grad.add(param, alpha=weight_decay)
            p, g, mean, square = _as_reals(param, grad, state["exp_avg"], state["exp_avg_sq"])
            mean.lerp_(g, 1 - beta1)
            square.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            rate, factor = lr / (1 - beta1**step), _rectification(beta2, step)
            if factor is None:
                p.add_(mean, alpha=-rate)
            else:
                rate *= factor * math.sqrt(1 - beta2**step)
                p.addcdiv_(mean, square.sqrt().add_(group["eps"]), value=-rate)

    def _first_state(self, param):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["exp_avg"] = fb.zeros_like(param.data)
        state["exp_avg_sq"] = fb.zeros_like(param.data)
        return state


def _rectification(beta2, step):
    """The correction of the step for the variance of v; None while v averages too few terms to have one."""
    most = 2 / (1 - beta2) - 1
    terms = most - 2 * step * beta2**step / (1 - beta2**step)
    if terms <= 5:
        return None
    return math.sqrt((terms - 4) * (terms - 2) * most / ((most - 4) * (most - 2) * terms))
