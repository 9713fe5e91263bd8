"""`torch.optim` of 0.3: today's optimizers, over Variables that require grad; SGD has no default rate."""

import math

from ... import optim as todays
from ..families import family
from . import lr_scheduler
from .optimizer import LATER, Optimizer, required

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Optimizer",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "lr_scheduler",
]


class SGD(Optimizer, todays.SGD):
    __doc__ = todays.SGD.__doc__

    def __init__(self, params, lr=required, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if lr is required:
            params, lr = _with_rates(params), 0
        super().__init__(params, lr, momentum, dampening, weight_decay, nesterov)


def _with_rates(params):
    """The groups, after a check that each has a rate. ValueError when one has none."""
    groups = list(params)
    for group in groups:
        if not isinstance(group, dict) or "lr" not in group:
            raise ValueError("parameter group didn't specify a value of required optimization parameter lr")
    return groups


class Adam(Optimizer, todays.Adam):
    """Adam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)

    p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps): eps is added before the correction of v, not after it as
    today, which makes the first steps of small gradients smaller.
    """

    def _update(self, group, params):
        for t, those in self._by_step(params).items():
            correction = math.sqrt(1 - group["betas"][1] ** t)
            super()._update(type(group)(group, eps=group["eps"] / correction), those)

    def _by_step(self, params):
        """The parameters by the number of the step that they are about to take."""
        found: dict = {}
        for p in params:
            t = int(self.state[p]["step"]) + 1 if self.state[p] else 1
            found.setdefault(t, []).append(p)
        return found


class Adadelta(Optimizer, todays.Adadelta):
    __doc__ = todays.Adadelta.__doc__

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0):
        super().__init__(params, lr, rho, eps, weight_decay)


class Adagrad(Optimizer, todays.Adagrad):
    __doc__ = todays.Adagrad.__doc__

    def __init__(self, params, lr=1e-2, lr_decay=0, weight_decay=0):
        super().__init__(params, lr, lr_decay, weight_decay)


class Adamax(Optimizer, todays.Adamax):
    __doc__ = todays.Adamax.__doc__

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, lr, betas, eps, weight_decay)


class ASGD(Optimizer, todays.ASGD):
    __doc__ = todays.ASGD.__doc__

    def __init__(self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0):
        super().__init__(params, lr, lambd, alpha, t0, weight_decay)


class LBFGS(Optimizer, todays.LBFGS):
    """LBFGS(params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-5, tolerance_change=1e-9, history_size=100)

    As today, but the tolerances bound sums of absolute values, not the largest, there is no line search (RuntimeError
    from `step` for a line_search_fn), and the state holds plain tensors.
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-5,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        super().__init__(
            params, lr, max_iter, max_eval, tolerance_grad, tolerance_change, history_size, line_search_fn
        )

    def step(self, closure):
        if self.param_groups[0]["line_search_fn"] is not None:
            raise RuntimeError("line search function is not supported yet")
        return super().step(closure)

    def _flat_grad(self):
        return super()._flat_grad().data

    @staticmethod
    def _size(vector):
        return vector.abs().sum()


class RMSprop(Optimizer, todays.RMSprop):
    __doc__ = todays.RMSprop.__doc__

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False):
        super().__init__(params, lr, alpha, eps, weight_decay, momentum, centered)


class Rprop(Optimizer, todays.Rprop):
    __doc__ = todays.Rprop.__doc__

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50)):
        super().__init__(params, lr, etas, step_sizes)


class SparseAdam(Optimizer, todays.SparseAdam):
    __doc__ = todays.SparseAdam.__doc__

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr, betas, eps)


for _class in (ASGD, LBFGS, SGD, Adadelta, Adagrad, Adam, Adamax, RMSprop, Rprop, SparseAdam):
    _class._later = tuple(LATER)
    _name = "sparse_adam" if _class is SparseAdam else _class.__name__.lower()
    globals()[_name] = family(f"{__name__}.{_name}", {_class.__name__: _class}, getattr(todays, _name))
