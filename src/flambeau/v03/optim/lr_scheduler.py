"""Learning rate schedules of 0.3 and 0.3.1. Their `step()` belongs at the beginning of an epoch: the first call sets
the rates of epoch 0, and each sets the rates of its epoch from the initial ones."""

import math
from bisect import bisect_right

from ...optim.lr_scheduler import ReduceLROnPlateau as _TodaysPlateau
from ...optim.optimizer import Optimizer

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LambdaLR", "MultiStepLR", "ReduceLROnPlateau", "StepLR"]


class _LRScheduler:
    """Base class of schedules: subclasses define get_lr(), the rates of the groups in epoch `last_epoch`."""

    def __init__(self, optimizer, last_epoch=-1):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"param 'initial_lr' is not specified in param_groups[{i}] when resuming an optimizer")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.step(last_epoch + 1)
        self.last_epoch = last_epoch

    def get_lr(self):
        """The rates, one for each group."""
        raise NotImplementedError(f"{type(self).__name__} has to define get_lr()")

    def step(self, epoch=None):
        """Sets the rates of an epoch (default: of the next one)."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr


class LambdaLR(_LRScheduler):
    """LambdaLR(optimizer, lr_lambda, last_epoch=-1): base_lr * lr_lambda(epoch); one function, or one for each group"""

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        count = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
        if len(self.lr_lambdas) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * f(self.last_epoch) for f, base in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class _Powers(_LRScheduler):
    """base_lr * gamma^k, where k counts the drops up to an epoch."""

    def __init__(self, optimizer, gamma, last_epoch):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _drops(self):
        raise NotImplementedError

    def get_lr(self):
        return [base * self.gamma ** self._drops() for base in self.base_lrs]


class StepLR(_Powers):
    """StepLR(optimizer, step_size, gamma=0.1, last_epoch=-1): a drop by gamma every step_size epochs"""

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        self.step_size = step_size
        super().__init__(optimizer, gamma, last_epoch)

    def _drops(self):
        return self.last_epoch // self.step_size


class MultiStepLR(_Powers):
    """MultiStepLR(optimizer, milestones, gamma=0.1, last_epoch=-1): a drop by gamma at each of the ascending epochs"""

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        if list(milestones) != sorted(milestones):
            raise ValueError(f"Milestones should be a list of increasing integers. Got {milestones}")
        self.milestones = milestones
        super().__init__(optimizer, gamma, last_epoch)

    def _drops(self):
        return bisect_right(self.milestones, self.last_epoch)


class ExponentialLR(_Powers):
    """ExponentialLR(optimizer, gamma, last_epoch=-1): a drop by gamma every epoch"""

    def __init__(self, optimizer, gamma, last_epoch=-1):
        super().__init__(optimizer, gamma, last_epoch)

    def _drops(self):
        return self.last_epoch


class CosineAnnealingLR(_LRScheduler):
    """CosineAnnealingLR(optimizer, T_max, eta_min=0, last_epoch=-1)

    eta_min + (base_lr - eta_min) (1 + cos(pi epoch / T_max)) / 2 (Loshchilov and Hutter, 2017, without restarts). Of
    0.3.1.
    """

    def __init__(self, optimizer, T_max, eta_min=0, last_epoch=-1):
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        height = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]


class ReduceLROnPlateau(_TodaysPlateau):
    """ReduceLROnPlateau(optimizer, mode='min', factor=0.1, patience=10, verbose=False, threshold=1e-4,
    threshold_mode='rel', cooldown=0, min_lr=0, eps=1e-8); verbose: print a line at each drop"""

    def __init__(self, optimizer, mode="min", factor=0.1, patience=10, verbose=False, threshold=1e-4,
                 threshold_mode="rel", cooldown=0, min_lr=0, eps=1e-8):  # fmt: skip
        super().__init__(optimizer, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
        self.verbose = verbose

    def step(self, metrics, epoch=None):  # type: ignore[override]
        """step(metrics): notes the metric of an epoch, and lowers the rates when it has stopped getting better."""
        before = [group["lr"] for group in self.optimizer.param_groups]
        if epoch is not None:
            self.last_epoch = epoch - 1
        super().step(metrics)
        for i, (old, group) in enumerate(zip(before, self.optimizer.param_groups, strict=True)):
            if self.verbose and group["lr"] != old:
                print(f"Epoch {self.last_epoch:5d}: reducing learning rate of group {i} to {group['lr']:.4e}.")
