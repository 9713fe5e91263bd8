"""The base class of schedules."""

import warnings

from flambeau import Tensor

from ..optimizer import Optimizer

_EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. "
    "Please use `scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, "
    "the closed form is used instead of the new chainable form, where available."
)


def _set(group, key, value):
    """Set an option; one that is a tensor is filled, so that whoever holds it sees the change."""
    if isinstance(group[key], Tensor):
        group[key].fill_(float(value))
    else:
        group[key] = value


def _own(value):
    return value.detach().clone() if isinstance(value, Tensor) else value


def _one_per_group(name, optimizer, values):
    """A list with one value for each parameter group, from such a list or one value for all."""
    count = len(optimizer.param_groups)
    if not isinstance(values, (list, tuple)):
        return [values] * count
    if len(values) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(values)} values, "
            f"param_groups has {count}."
        )
    return list(values)


class LRScheduler:
    """LRScheduler(optimizer, last_epoch=-1): base class of schedules of the groups' "lr".

    A subclass defines `get_lr`, the list of rates after `last_epoch` steps, from the groups' present rates (so that
    schedules can be combined) or from `base_lrs`. last_epoch: -1 to start, else the epoch to resume after; the groups
    then need "initial_lr". TypeError when `optimizer` is no Optimizer.
    """

    _get_lr_called_within_step = False

    def __init__(self, optimizer, last_epoch=-1, verbose=None):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming an optimizer"
                )
        self.base_lrs = [_own(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._is_initial = False
        self._initial_step()

    def _initial_step(self):
        """Set the first rates; this is no step of training."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self):
        """The schedule's state: all attributes but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict):
        """Go on from what `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self):
        """The rates that the last step set."""
        return self._last_lr

    def get_lr(self):
        """The rates after `last_epoch` steps, one for each group."""
        raise NotImplementedError(f"{type(self).__name__} has to define get_lr()")

    def _current(self):
        return [_own(group["lr"]) for group in self.optimizer.param_groups]

    def _scaled(self, factor):
        return [lr * factor for lr in self._current()]

    def _warn_if_not_in_step(self):
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                stacklevel=3,
            )

    def step(self, epoch=None):
        """Set the rates of the next epoch (`epoch`: of that one; deprecated)."""
        if (
            self._step_count == 1
            and not self._is_initial
            and not getattr(self.optimizer, "_opt_called", False)
        ):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you "
                "should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to "
                "do this will result in PyTorch skipping the first value of the learning rate schedule. See more "
                "details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(_EPOCH_WARNING, stacklevel=2)
        self._move_to(epoch)

    def _move_to(self, epoch=None):
        """Set the rates of `epoch` (None: the next), by the closed form where there is one."""
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed_form = getattr(self, "_get_closed_form_lr", self.get_lr)
                rates = closed_form()
        finally:
            self._get_lr_called_within_step = False
        self._set_rates(rates)

    def _set_rates(self, rates):
        for group, lr in zip(self.optimizer.param_groups, rates, strict=False):
            _set(group, "lr", lr)
        self._last_lr = self._current()
