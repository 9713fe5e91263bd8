"""Adam and AdamW."""

import flambeau as fb

from ..ops.optim import adam_
from .optimizer import Optimizer, _check_betas, _check_not_negative, _count_step, _number, _steps_as_tensors


class Adam(Optimizer):
    """Adam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
    p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)  (Kingma and Ba, 2015).
    amsgrad: the largest v so far instead of v (Reddi et al., 2018). decoupled_weight_decay: see AdamW. `foreach`,
    `capturable`, `differentiable` and `fused` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        _check_not_negative({"learning rate": lr, "epsilon value": eps, "weight_decay value": weight_decay})
        _check_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # written before these options existed
            for name in ("amsgrad", "maximize", "decoupled_weight_decay"):
                group.setdefault(name, self.defaults.get(name, False))
        _steps_as_tensors(self.state)

    def _update(self, group, params):
        amsgrad = group["amsgrad"]
        states = [self.state[param] or self._first_state(param, amsgrad) for param in params]
        steps = [_count_step(state) for state in states]
        largest = [state["max_exp_avg_sq"] for state in states] if amsgrad else None
        adam_(
            params,
            [param.grad for param in params],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            largest,
            steps,
            _number(group["lr"]),
            [_number(beta) for beta in group["betas"]],
            group["eps"],
            group["weight_decay"],
            group["decoupled_weight_decay"],
            group["maximize"],
        )

    def _first_state(self, param, amsgrad):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["exp_avg"] = fb.zeros_like(param.data)
        state["exp_avg_sq"] = fb.zeros_like(param.data)
        if amsgrad:
            state["max_exp_avg_sq"] = fb.zeros_like(param.data)
        return state


class AdamW(Adam):
    """AdamW(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *, maximize=False)

    Adam whose weight decay does not go through the moments: p -= lr weight_decay p first (Loshchilov and Hutter, 2019).
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        foreach=None,
        capturable=False,
        differentiable=False,
        fused=None,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
