"""Averages of a model's weights over training: stochastic weight averaging (SWA, Izmailov et al., 2018) and
exponential moving averages (EMA)."""

import math
from copy import deepcopy

import flambeau as fb
from flambeau.nn import Module
from flambeau.nn.batchnorm import _BatchNorm

from .lr_scheduler.base import LRScheduler, _one_per_group

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay):
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay=0.999):
    """The average decay average + (1 - decay) new, of one tensor. ValueError for a decay out of [0, 1]."""
    _check_decay(decay)

    def ema_update(ema_param, current_param, num_averaged):
        with fb.no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_ema_multi_avg_fn(decay=0.999):
    """As `get_ema_avg_fn`, of lists of tensors in place."""
    average = get_ema_avg_fn(decay)

    def ema_update(ema_param_list, current_param_list, num_averaged):
        _update_each(average, ema_param_list, current_param_list, num_averaged)

    return ema_update


def get_swa_avg_fn():
    """The mean of all so far: average + (new - average) / (n + 1), of one tensor."""

    def swa_update(averaged_param, current_param, num_averaged):
        with fb.no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_swa_multi_avg_fn():
    """As `get_swa_avg_fn`, of lists of tensors in place."""
    average = get_swa_avg_fn()

    def swa_update(averaged_param_list, current_param_list, num_averaged):
        _update_each(average, averaged_param_list, current_param_list, num_averaged)

    return swa_update


def _update_each(average, averages, currents, n):
    with fb.no_grad():
        for averaged, current in zip(averages, currents, strict=True):
            averaged.copy_(average(averaged, current, n))


class AveragedModel(Module):
    """AveragedModel(model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False)

    A copy of `model` (the submodule `module`, on `device`) that `update_parameters` moves to an average of its
    weights: of all updates equally, or by avg_fn(average, new, n) that returns the next average of one tensor, or by
    multi_avg_fn(averages, news, n) that changes lists of tensors in place. n, also the buffer `n_averaged`, counts
    the updates so far; the first one copies. use_buffers: buffers are averaged too; otherwise they are copied.
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        super().__init__()
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", fb.tensor(0, dtype=fb.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    def update_parameters(self, model):
        """Let the weights of `model` into the average."""
        averages, currents = list(self.module.parameters()), list(model.parameters())
        if self.use_buffers:
            averages, currents = [*averages, *self.module.buffers()], [*currents, *model.buffers()]
        averages = [a.detach() for a in averages]
        currents = [c.detach().to(a.device) for a, c in zip(averages, currents, strict=True)]
        n = self.n_averaged.item()
        with fb.no_grad():
            if n == 0:
                for averaged, current in zip(averages, currents, strict=True):
                    averaged.copy_(current)
            elif self.multi_avg_fn is not None:
                self._update_lists(averages, currents)
            else:
                _update_each(self.avg_fn or get_swa_avg_fn(), averages, currents, self.n_averaged)
            if not self.use_buffers:
                for own, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                    own.copy_(buffer)
            self.n_averaged += 1

    def _update_lists(self, averages, currents):
        """Call multi_avg_fn once for the tensors of each device and dtype."""
        lists: dict = {}
        for averaged, current in zip(averages, currents, strict=True):
            pair = lists.setdefault((averaged.device, averaged.dtype), ([], []))
            pair[0].append(averaged)
            pair[1].append(current)
        for of_averages, of_currents in lists.values():
            self.multi_avg_fn(of_averages, of_currents, self.n_averaged)


def update_bn(loader, model, device=None):
    """Compute the running statistics of the batch norms of `model` anew, as means over the batches of `loader`.

    A batch is the input of the model, or a list or tuple whose first element is; it is moved to `device`.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    was_training, momenta = model.training, [norm.momentum for norm in norms]
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    try:
        with fb.no_grad():
            for batch in loader:
                if isinstance(batch, (list, tuple)):
                    batch = batch[0]
                model(batch if device is None else batch.to(device))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.train(was_training)


def _cosine(t):
    return (1 - math.cos(math.pi * t)) / 2


class SWALR(LRScheduler):
    """SWALR(optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1)

    Takes each group's rate to swa_lr (one for all or one for each group) in anneal_epochs steps, along a line
    ("linear") or half a cosine ("cos"), and keeps it there. ValueError for another strategy, for epochs that are no
    integer of at least 0, for a wrong number of rates.
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        rates = _one_per_group("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        self._warn_if_not_in_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        if before == 1:
            return [group["swa_lr"] for group in self.optimizer.param_groups]
        rest = (1 - now) / (1 - before)  # of the way from the present rate, which is `before` of the whole way
        return [group["swa_lr"] + (group["lr"] - group["swa_lr"]) * rest for group in self.optimizer.param_groups]

    def _share(self, step):
        """The share of the way to swa_lr that is behind after `step` steps."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return _cosine(t) if self._anneal_strategy == "cos" else t
