"""Rprop."""

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


class Rprop(Optimizer):
    """Rprop(params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, maximize=False)

    Each element has a step size of its own, lr at first. It is multiplied by etas[1] where the gradient kept its sign
    and by etas[0] where it changed it, and kept within step_sizes; p -= step_size sign(grad), but nothing where the
    sign changed  (Riedmiller and Braun, 1993). For gradients of the whole data, not of batches.
    `foreach`, `capturable` and `differentiable` are accepted and change nothing.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        etas=(0.5, 1.2),
        step_sizes=(1e-6, 50),
        *,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        _check_not_negative({"learning rate": lr})
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
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
        (shrink, grow), (smallest, largest) = group["etas"], group["step_sizes"]
        for param in params:
            state = self.state[param] or self._first_state(param, _number(group["lr"]))
            _count_step(state)
            grad = -param.grad if group["maximize"] else param.grad
            p, g, previous, size = _as_reals(param, grad, state["prev"], state["step_size"])
            agreement = g * previous
            size[agreement > 0] *= grow
            size[agreement < 0] *= shrink
            size.clamp_(smallest, largest)
            g = g.masked_fill(agreement < 0, 0)
            p.addcmul_(g.sign(), size, value=-1)
            previous.copy_(g)

    def _first_state(self, param, lr):
        state = self.state[param]
        state["step"] = fb.tensor(0.0, dtype=fb.float32)
        state["prev"] = fb.zeros_like(param.data)
        state["step_size"] = fb.full_like(param.data, complex(lr, lr) if param.is_complex() else lr)
        return state
