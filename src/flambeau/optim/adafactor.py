"""Adafactor."""

import math

import flambeau as fb

from .optimizer import Optimizer, _check_dense, _check_real, _count_step, _number, _rate


class Adafactor(Optimizer):
    """Adafactor(params, lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0, *, maximize=False)

    Second moments of a matrix as the product of a column r and a row c  (Shazeer and Stern, 2018). With
    w = t^beta2_decay and g the gradient:
    r = (1 - w) r + w mean of g^2 over columns;  c = (1 - w) c + w mean of g^2 over rows;  v = r c / mean(r);
    of a vector v = (1 - w) v + w g^2;  u = g / sqrt(v);  p -= lr weight_decay p;
    p -= max(eps[1], rms(p)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / d).
    eps[0] keeps v from zero (None: the eps of the dtype). More than two dimensions are a batch of matrices.
    `foreach` is accepted and changes nothing.
    """

    _float32_states = ("step",)

    def __init__(
        self,
        params,
        lr=1e-2,
        beta2_decay=-0.8,
        eps=(None, 1e-3),
        d=1.0,
        weight_decay=0.0,
        *,
        foreach=None,
        maximize=False,
    ):
        if not _rate(lr) >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _update(self, group, params):
        _check_dense(self, params)
        _check_real(self, params)
        lr, (smallest_variance, smallest_scale) = _number(group["lr"]), group["eps"]
        for param in params:
            state = self.state[param] or self._first_state(param)
            step = _count_step(state)
            grad = -param.grad if group["maximize"] else param.grad
            eps = fb.finfo(param.dtype).eps if smallest_variance is None else smallest_variance
            rate = max(smallest_scale, _rms(param)) * min(lr, 1 / math.sqrt(step))
            if group["weight_decay"] != 0:
                param.mul_(1 - lr * group["weight_decay"])
            variance = _variance(state, grad, step ** group["beta2_decay"], eps)
            update = variance.clamp_(min=eps * eps).rsqrt_().mul_(grad)
            param.add_(update, alpha=-rate / max(1.0, _rms(update) / group["d"]))

    def _first_state(self, param):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        if param.dim() > 1:
            state["row_var"] = fb.zeros_like(param.data[..., :1], memory_format=fb.contiguous_format)
            state["col_var"] = fb.zeros_like(param.data[..., :1, :], memory_format=fb.contiguous_format)
        else:
            state["variance"] = fb.zeros_like(param.data)
        return state


def _rms(t):
    return t.norm().item() / math.sqrt(t.numel())


def _variance(state, grad, weight, eps):
    """The second moments of `grad`, once those in `state` have moved towards its squares by `weight`."""
    square = grad.square()
    if "variance" in state:
        return state["variance"].lerp_(square, weight).clone()
    row, column = state["row_var"], state["col_var"]
    row.lerp_(square.mean(-1, keepdim=True), weight)
    column.lerp_(square.mean(-2, keepdim=True), weight)
    return (row @ column).div_(row.mean(-2, keepdim=True).clamp_(min=eps))
