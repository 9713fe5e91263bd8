"""Stochastic gradient descent."""

from .optimizer import Optimizer, _check_not_negative, _number


class SGD(Optimizer):
    """SGD(params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False)

    g = grad + weight_decay p;  v = momentum v + (1 - dampening) g (v = g at first);
    p -= lr v, or with nesterov p -= lr (g + momentum v)  (Sutskever et al., 2013, with lr outside of v).
    `foreach`, `differentiable` and `fused` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        _check_not_negative(
            {"learning rate": lr, "momentum value": momentum, "weight_decay value": weight_decay}
        )
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _update(self, group, params):
        # A fused kernel over all of `params` belongs here.
        lr = _number(group["lr"])
        momentum, dampening, weight_decay = group["momentum"], group["dampening"], group["weight_decay"]
        for param in params:
            grad = -param.grad if group["maximize"] else param.grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            if momentum != 0:
                state = self.state[param]
                velocity = state.get("momentum_buffer")
                if velocity is None:
                    velocity = state["momentum_buffer"] = grad.detach().clone()
                else:
                    velocity.mul_(momentum).add_(grad, alpha=1 - dampening)
                grad = grad.add(velocity, alpha=momentum) if group["nesterov"] else velocity
            param.add_(grad, alpha=-lr)
