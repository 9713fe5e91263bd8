"""`torch.optim` of 0.3: today's optimizers, over Variables that require grad; SGD has no default rate."""

import math

from ... import optim as todays
from . import lr_scheduler
from .optimizer import Optimizer, of_variables, required

__all__ = ["SGD", "Adam", "Optimizer", "lr_scheduler"]


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
            super()._update(dict(group, eps=group["eps"] / correction), those)

    def _by_step(self, params):
        """The parameters by the number of the step that they are about to take."""
        found: dict = {}
        for p in params:
            t = int(self.state[p]["step"]) + 1 if self.state[p] else 1
            found.setdefault(t, []).append(p)
        return found


def __getattr__(name):
    found = None if name.startswith("__") else getattr(todays, name, None)
    if found is None:
        raise AttributeError(f"module 'torch.optim' has no attribute '{name}'")
    if isinstance(found, type) and issubclass(found, todays.Optimizer):
        found = globals()[name] = of_variables(found)
    return found
