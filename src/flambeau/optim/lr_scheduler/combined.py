"""Schedules made of schedules."""

from bisect import bisect_right

from .base import LRScheduler, _own, _set
from .plateau import ReduceLROnPlateau


class SequentialLR(LRScheduler):
    """SequentialLR(optimizer, schedulers, milestones): one schedule after the other, changing at `milestones`"""

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1, verbose=None):
        _check_combined(type(self).__name__, optimizer, schedulers, "one scheduler")
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to be "
                f"equal to {len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Each schedule has set its first rates when it was made: undo that, then let only the first one begin.
        for group in optimizer.param_groups:
            _set(group, "lr", _own(group["initial_lr"]))
        for scheduler in schedulers:
            scheduler.last_epoch -= 1
        schedulers[0]._initial_step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self):  # type: ignore[override]
        """Set the rates of the next epoch."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._move_to(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def state_dict(self):
        """The state, and that of each schedule."""
        return _state_of_all(self, super().state_dict())

    def load_state_dict(self, state_dict):
        """Go on from what `state_dict` returned."""
        _load_all(self, state_dict)


class ChainedScheduler(LRScheduler):
    """ChainedScheduler(schedulers, optimizer=None): all schedules together, each changing what the one before set"""

    def __init__(self, schedulers, optimizer=None):
        if optimizer is None and schedulers:
            optimizer = schedulers[0].optimizer
        _check_combined(type(self).__name__, optimizer, schedulers, "one scheduler to be chained")
        self._schedulers = schedulers
        self.optimizer = optimizer
        self._last_lr = self._current()

    def step(self):  # type: ignore[override]
        """Step every schedule."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._current()

    def state_dict(self):
        """The state, and that of each schedule."""
        return _state_of_all(self, super().state_dict())

    def load_state_dict(self, state_dict):
        """Go on from what `state_dict` returned."""
        _load_all(self, state_dict)


def _check_combined(name, optimizer, schedulers, least):
    """TypeError or ValueError unless `schedulers` are some, all of `optimizer`, that step without a metric."""
    if len(schedulers) < 1:
        raise ValueError(f"{name} expects at least {least}, but got no scheduler.")
    for i, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to be "
                f"specified when calling `step`, but got one at index {i} in the given schedulers sequence."
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(
                f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                f"{type(scheduler).__name__} at index {i} has {scheduler.optimizer}, which is different from "
                f"{type(optimizer).__name__}."
            )


def _state_of_all(combined, state):
    state["_schedulers"] = [scheduler.state_dict() for scheduler in combined._schedulers]
    return state


def _load_all(combined, state_dict):
    combined.__dict__.update({key: value for key, value in state_dict.items() if key != "_schedulers"})
    for scheduler, state in zip(combined._schedulers, state_dict["_schedulers"], strict=True):
        scheduler.load_state_dict(state)
