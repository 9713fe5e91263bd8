"""Optimizers whose step is a rule of `kernels.base.optim`: one call of a kernel for all parameters of a group."""

import flambeau as fb

from ..ops.optim import differentiable_step, optimizer_step
from .optimizer import Optimizer, _check_dense, _count_step, _number


class RuleOptimizer(Optimizer):
    """Base class of optimizers of one formula. A subclass says

    _rule
        The name of the formula in `kernels.base.optim`, where it is written down.
    _settings(group)
        The options of a group that the rule takes, in its order.
    _state_names(group)
        The names of the states that the rule takes, in its order; None for one that the group does without.
    _takes_step
        Whether the rule takes the count of steps.
    _numbers(group, states), optional
        A list for each number of the rule that differs between parameters; unless overridden, that count if any.
    _first_numbers(group), optional
        Names and first values of further states of one float32 number.
    _first_state(param, group), optional
        The state before the first step; unless overridden step 0, these numbers, and zeros for each name.

    With the option differentiable=True, `step` is recorded: gradients go through it to the parameters before, their
    gradients and options that are tensors. The parameters must not be leaves then; the state gets new tensors.
    """

    _rule: str
    _float32_states: tuple[str, ...] = ("step",)
    _takes_step = True

    def _settings(self, group):
        raise NotImplementedError

    def _state_names(self, group):
        raise NotImplementedError

    def _numbers(self, group, states):
        steps = [_count_step(state) for state in states]
        return [steps] if self._takes_step else []

    def _first_numbers(self, group):
        return {}

    def _first_state(self, param, group):
        state = self.state[param]
        for name, value in {"step": 0.0, **self._first_numbers(group)}.items():
            state[name] = fb.tensor(value, dtype=fb.float32)
        for name in self._state_names(group):
            if name is not None:
                state[name] = fb.zeros_like(param.data)
        return state

    def _update(self, group, params):
        _check_dense(self, params)
        states = [self.state[param] or self._first_state(param, group) for param in params]
        self._apply(group, params, states, self._numbers(group, states))

    def _apply(self, group, params, states, numbers):
        """The rule, on parameters and their states."""
        names, grads = self._state_names(group), [param.grad for param in params]
        if not group["differentiable"]:
            kept = [None if name is None else [state[name] for state in states] for name in names]
            settings = [_number(value) for value in self._settings(group)]
            optimizer_step(self._rule, (params, grads, *kept), numbers, settings)
            return
        for i, (param, grad, state) in enumerate(zip(params, grads, states, strict=True)):
            tensors = [param, grad, *[None if name is None else state[name] for name in names]]
            own = [values[i] for values in numbers]
            new = differentiable_step(self._rule, tensors, own, self._settings(group))
            param.copy_(new[0])
            state.update({name: value for name, value in zip(names, new[1:], strict=True) if name is not None})
