"""Stochastic gradient descent."""

import flambeau as fb

from .optimizer import _check_fused, _check_lr, _check_not_negative, _number
from .rule import RuleOptimizer


class SGD(RuleOptimizer):
    """SGD(params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False)

    g = grad + weight_decay p;  v = momentum v + (1 - dampening) g (v = g at first);
    p -= lr v, or with nesterov p -= lr (g + momentum v)  (Sutskever et al., 2013, with lr outside of v).
    `foreach` and `fused` are accepted and change nothing; differentiable: see `RuleOptimizer`. A sparse gradient
    changes only the rows that it has; weight_decay is not defined for it.
    """

    _rule = "sgd"
    _since = {"nesterov": False, "maximize": False, "foreach": None, "differentiable": False, "fused": None}

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *,
                 maximize=False, foreach=None, differentiable=False, fused=None):  # fmt: skip
        _check_lr(lr)
        _check_not_negative({"momentum value": momentum, "weight_decay value": weight_decay})
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
            maximize=maximize, foreach=foreach, differentiable=differentiable, fused=fused,
        )  # fmt: skip
        super().__init__(params, defaults)
        _check_fused(self)

    def _settings(self, group):
        names = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")
        return [group[name] for name in names]

    def _state_names(self, group):
        return ("momentum_buffer" if group["momentum"] != 0 else None,)

    def _update(self, group, params):
        sparse = [p for p in params if p.grad.layout is not fb.strided]
        if sparse:
            self._update_sparse(group, sparse)
            params = [p for p in params if p.grad.layout is fb.strided]
        if group["momentum"] == 0:
            self._apply(group, params, [{}] * len(params), [[False] * len(params)])
            return
        states = [self.state[param] for param in params]
        first = [state.get("momentum_buffer") is None for state in states]
        for param, state, is_first in zip(params, states, first, strict=True):
            if is_first:
                state["momentum_buffer"] = fb.empty_like(param.data)
        self._apply(group, params, states, [first])

    def _update_sparse(self, group, params):
        momentum, lr = group["momentum"], _number(group["lr"])
        if group["weight_decay"] != 0:
            raise RuntimeError("SGD: the weight_decay option is not compatible with sparse gradients")
        for param in params:
            grad = -param.grad if group["maximize"] else param.grad
            if momentum != 0:
                state = self.state[param]
                buffer = state.get("momentum_buffer")
                if buffer is None:
                    buffer = grad.clone()
                else:
                    buffer = (buffer * momentum).add(grad, alpha=1 - group["dampening"]).coalesce()
                state["momentum_buffer"] = buffer
                grad = grad.add(buffer, alpha=momentum) if group["nesterov"] else buffer
            param.add_(grad, alpha=-lr)
