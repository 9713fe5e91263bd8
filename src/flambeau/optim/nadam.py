"""NAdam."""

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


class NAdam(Optimizer):
    """NAdam(params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3,
    decoupled_weight_decay=False, *, maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  d = sqrt(v / (1 - b2^t)) + eps;
    c_t = b1 (1 - 0.96^(t momentum_decay) / 2), C_t = c_1 ... c_t;
    p -= lr ((1 - c_t) / (1 - C_t) g + c_(t + 1) / (1 - C_(t + 1)) m) / d  (Dozat, 2016: Adam with Nesterov's momentum).
    decoupled_weight_decay: p -= lr weight_decay p first instead, as AdamW. `foreach`, `capturable` and
    `differentiable` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
        decoupled_weight_decay=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
    ):
        _check_not_negative(
            {
                "learning rate": lr,
                "epsilon value": eps,
                "weight_decay value": weight_decay,
                "momentum_decay value": momentum_decay,
            }
        )
        _check_betas(betas)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # written before these options existed
            group.setdefault("maximize", False)
            group.setdefault("decoupled_weight_decay", False)
        _steps_as_tensors(self.state)
        for values in self.state.values():
            if "mu_product" in values:  # a float in older files, and in float32 whatever the parameter's dtype is
                product = _number(values["mu_product"])
                values["mu_product"] = fb.tensor(product, dtype=fb.float32)

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
            now, following = (
                beta1 * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (step, step + 1)
            )
            state["mu_product"] *= now
            product = state["mu_product"].item()
            p, g, mean, square = _as_reals(param, grad, state["exp_avg"], state["exp_avg_sq"])
            mean.lerp_(g, 1 - beta1)
            square.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            root = square.div(1 - beta2**step).sqrt_().add_(group["eps"])
            p.addcdiv_(g, root, value=-lr * (1 - now) / (1 - product))
            p.addcdiv_(mean, root, value=-lr * following / (1 - product * following))

    def _first_state(self, param):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["mu_product"] = fb.tensor(1.0, dtype=fb.float32)
        state["exp_avg"] = fb.zeros_like(param.data)
        state["exp_avg_sq"] = fb.zeros_like(param.data)
        return state
