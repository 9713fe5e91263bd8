"""`torch.optim` of 0.3: today's optimizers, over Variables that require grad; SGD has no default rate."""

from ... import optim as todays
from . import lr_scheduler
from .optimizer import Optimizer, of_variables, required

__all__ = ["SGD", "Optimizer", "lr_scheduler"]


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


def __getattr__(name):
    found = None if name.startswith("__") else getattr(todays, name, None)
    if found is None:
        raise AttributeError(f"module 'torch.optim' has no attribute '{name}'")
    if isinstance(found, type) and issubclass(found, todays.Optimizer):
        found = globals()[name] = of_variables(found)
    return found
