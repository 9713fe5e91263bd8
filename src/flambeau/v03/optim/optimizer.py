"""The base class of 0.3's optimizers: they take leaf Variables that require grad."""

from ...optim import optimizer as todays
from ...optim.optimizer import required
from ..faces import Variable, _TensorBase

__all__ = ["Optimizer", "required"]


class Optimizer(todays.Optimizer):
    __doc__ = todays.Optimizer.__doc__

    def add_param_group(self, param_group):
        """Adds a group. TypeError for a parameter that is no Variable, ValueError for one that is no leaf or does not
        require grad."""
        if not isinstance(param_group, dict):
            raise AssertionError("param group must be a dict")
        params = param_group["params"]
        group = dict(param_group, params=[params] if isinstance(params, Variable) else list(params))
        for p in group["params"]:
            if not isinstance(p, Variable):
                kind = p.type() if isinstance(p, _TensorBase) else type(p).__name__
                raise TypeError(f"optimizer can only optimize Variables, but one of the params is {kind}")
            if not p.requires_grad:
                raise ValueError("optimizing a parameter that doesn't require gradients")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Variable")
        super().add_param_group(group)
