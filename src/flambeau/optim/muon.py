"""Muon."""

import math

import flambeau as fb

from .optimizer import Optimizer, _check_dense, _check_real, _number, _rate


class Muon(Optimizer):
    """Muon(params, lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov=True,
    ns_coefficients=(3.4445, -4.775, 2.0315), eps=1e-7, ns_steps=5, adjust_lr_fn=None)

    For matrices: m = momentum m + (1 - momentum) grad;  u = m, with nesterov (1 - momentum) grad + momentum m;
    p -= lr weight_decay p;  p -= lr' O(u)  (Jordan et al., 2024), where O(u) is about the orthogonal matrix nearest
    to u, by `ns_steps` Newton-Schulz iterations x = a x + (b x x^T + c (x x^T)^2) x in bfloat16.
    adjust_lr_fn: "original" or None: lr' = lr sqrt(max(1, rows / columns)); "match_rms_adamw":
    lr' = 0.2 lr sqrt(max(rows, columns))  (Liu et al., 2025). ValueError for parameters that are no matrices.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        weight_decay=0.1,
        momentum=0.95,
        nesterov=True,
        ns_coefficients=(3.4445, -4.775, 2.0315),
        eps=1e-7,
        ns_steps=5,
        adjust_lr_fn=None,
    ):
        if not _rate(lr) >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not momentum >= 0.0:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        if ns_steps >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(ns_coefficients) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.dim() != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}"
                    )

    def _update(self, group, params):
        _check_dense(self, params)
        _check_real(self, params)
        lr, momentum = _number(group["lr"]), group["momentum"]
        for param in params:
            state, grad = self.state[param], param.grad
            if not state:
                state["momentum_buffer"] = fb.zeros_like(grad)
            buffer = state["momentum_buffer"].lerp_(grad, 1 - momentum)
            update = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
            update = _orthogonal(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
            param.mul_(1 - lr * group["weight_decay"])
            param.add_(update.to(param.dtype), alpha=-_adjusted(lr, group["adjust_lr_fn"], *param.shape))


def _orthogonal(u, coefficients, steps, eps):
    """About U V^T of the singular value decomposition U S V^T of a matrix, in bfloat16."""
    if u.size(0) > u.size(1):  # the smaller of the two products x x^T and x^T x
        return _orthogonal(u.T, coefficients, steps, eps).T
    a, b, c = coefficients
    x = u.bfloat16()
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = fb.addmm(x, fb.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _adjusted(lr, rule, rows, columns):
    """The rate by which updates of matrices of all shapes have the same size."""
    if rule == "match_rms_adamw":
        return lr * 0.2 * math.sqrt(max(rows, columns))
    return lr * math.sqrt(max(1, rows / columns))
