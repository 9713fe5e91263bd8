"""The base class of 0.3's optimizers: they take leaf Variables that require grad."""

from copy import deepcopy

import flambeau as fb

from ...optim import optimizer as todays
from ...optim.optimizer import required
from ..faces import Variable, _TensorBase
from ..namespace import typename

__all__ = ["Optimizer", "required"]

LATER = {
    "maximize": False, "foreach": None, "differentiable": False, "fused": None, "capturable": False, "amsgrad": False,
    "decoupled_weight_decay": False, "initial_accumulator_value": 0,
}  # fmt: skip


class _Count(int):
    """How many steps were made: for programs an int, for the library as good as today's tensor without dimensions."""

    def __iadd__(self, more):  # type: ignore[misc]
        return _Count(int(self) + more)

    def item(self):
        """The int."""
        return int(self)

    def __reduce__(self):
        return int, (int(self),)


class _Group(dict):
    """The options of a group. Those that 0.3 did not have are not among its keys, but are found under them."""

    def __missing__(self, name):
        return LATER[name]

    def __reduce_ex__(self, protocol):
        return dict, (dict(self),)


class Optimizer(todays.Optimizer):
    __doc__ = todays.Optimizer.__doc__
    _later: tuple[str, ...] = ()  # options of today that 0.3 did not have

    def _hide_later_options(self):
        for i, group in enumerate(self.param_groups):
            if not isinstance(group, _Group):
                self.param_groups[i] = _Group({n: v for n, v in group.items() if n not in self._later})

    def __setstate__(self, state):
        super().__setstate__(state)
        self.param_groups = [dict(group) for group in self.param_groups]
        self._hide_later_options()

    def load_state_dict(self, state_dict):
        """Takes options and a copy of the state from what `state_dict` returned. ValueError when the groups do not fit
        this optimizer's."""
        super().load_state_dict(deepcopy(state_dict))

    def __init__(self, params, *args, **kwargs):
        if isinstance(params, (Variable, _TensorBase)):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Variables or dicts, but got "
                + typename(params)
            )
        super().__init__(params, *args, **kwargs)

    def add_param_group(self, param_group):
        """Adds a group. TypeError for a parameter that is no Variable, ValueError for one that is no leaf or does not
        require grad."""
        if not isinstance(param_group, dict):
            raise AssertionError("param group must be a dict")
        params = param_group["params"]
        group = dict(param_group, params=[params] if isinstance(params, Variable) else list(params))
        for p in group["params"]:
            if not isinstance(p, Variable):
                raise TypeError(f"optimizer can only optimize Variables, but one of the params is {typename(p)}")
            if not p.requires_grad:
                raise ValueError("optimizing a parameter that doesn't require gradients")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Variable")
        super().add_param_group(group)
        self._hide_later_options()

    def _update(self, group, params):
        """As today, but what counts in the state, such as `state[p]["step"]`, is a number outside."""
        states, others = [self.state[p] for p in params], self._float32_states[1:]
        for state in states:
            if type(state.get("step")) in (int, float):
                state["step"] = _Count(state["step"])
            for name in others:
                if isinstance(state.get(name), (int, float)):
                    state[name] = fb.tensor(float(state[name]))
        super()._update(group, params)
        for state in states:
            if type(state.get("step")) is fb.Tensor:
                state["step"] = _Count(state["step"])
            for name in others:
                if type(state.get(name)) is fb.Tensor:
                    state[name] = float(state[name])
