"""`torch.optim` of 0.3: today's optimizers over Variables, SGD without a default rate, and 0.3's schedules."""

from ... import optim as todays
from ...optim.optimizer import Optimizer, required
from . import lr_scheduler

__all__ = ["SGD", "Optimizer", "lr_scheduler"]


class SGD(todays.SGD):
    __doc__ = todays.SGD.__doc__

    def __init__(self, params, lr=required, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if lr is not required:
            super().__init__(params, lr, momentum, dampening, weight_decay, nesterov)
            return
        super().__init__(_with_rates(params), 0, momentum, dampening, weight_decay, nesterov)


def _with_rates(params):
    """The groups, after a check that each has a rate. ValueError when one has none."""
    groups = list(params)
    for group in groups:
        if not isinstance(group, dict) or "lr" not in group:
            raise ValueError("parameter group didn't specify a value of required optimization parameter lr")
    return groups


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(todays, name)
