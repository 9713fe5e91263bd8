"""RMSprop."""

import flambeau as fb

from .optimizer import Optimizer, _as_reals, _check_not_negative, _count_step, _number, _steps_as_tensors


class RMSprop(Optimizer):
    """RMSprop(params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, *, maximize=False)

    g = grad + weight_decay p;  v = alpha v + (1 - alpha) g^2;  d = sqrt(v) + eps, centered: sqrt(v - mean(g)^2) + eps;
    p -= lr g / d, with momentum b = momentum b + g / d, p -= lr b  (Hinton, 2012; Graves, 2013).
    `capturable`, `foreach` and `differentiable` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        _check_not_negative(
            {
                "learning rate": lr,
                "epsilon value": eps,
                "momentum value": momentum,
                "weight_decay value": weight_decay,
                "alpha value": alpha,
            }
        )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # written before these options existed
            for name, value in (("momentum", 0), ("centered", False), ("maximize", False)):
                group.setdefault(name, value)
        _steps_as_tensors(self.state)

    def _update(self, group, params):
        lr, alpha, eps = _number(group["lr"]), group["alpha"], group["eps"]
        momentum, weight_decay = group["momentum"], group["weight_decay"]
        for param in params:
            state = self.state[param] or self._first_state(param, group)
            _count_step(state)
            grad = -param.grad if group["maximize"] else param.grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            p, g, square = _as_reals(param, grad, state["square_avg"])
            square.mul_(alpha).addcmul_(g, g, value=1 - alpha)
            if group["centered"]:
                (mean,) = _as_reals(state["grad_avg"])
                mean.lerp_(g, 1 - alpha)
                root = square.addcmul(mean, mean, value=-1).sqrt_().add_(eps)
            else:
                root = square.sqrt().add_(eps)
            if momentum > 0:
                (velocity,) = _as_reals(state["momentum_buffer"])
                velocity.mul_(momentum).addcdiv_(g, root)
                p.add_(velocity, alpha=-lr)
            else:
                p.addcdiv_(g, root, value=-lr)

    def _first_state(self, param, group):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["square_avg"] = fb.zeros_like(param.data)
        if group["momentum"] > 0:
            state["momentum_buffer"] = fb.zeros_like(param.data)
        if group["centered"]:
            state["grad_avg"] = fb.zeros_like(param.data)
        return state
