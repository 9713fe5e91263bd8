"""The loss."""

from .monitor import Monitor

__all__ = ["LossMonitor"]


class LossMonitor(Monitor):
    """LossMonitor(...): the loss of each iteration."""

    stat_name = "loss"

    def _get_value(self, iteration, input, target, output, loss):
        return loss[0]
