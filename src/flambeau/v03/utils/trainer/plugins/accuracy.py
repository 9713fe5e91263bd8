"""The fraction of right classes."""

from .monitor import Monitor

__all__ = ["AccuracyMonitor"]


class AccuracyMonitor(Monitor):
    """AccuracyMonitor(...): percent of the rows whose largest output is at the target."""

    stat_name = "accuracy"

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("unit", "%")
        kwargs.setdefault("precision", 2)
        super().__init__(*args, **kwargs)

    def _get_value(self, iteration, input, target, output, loss):
        return (output.max(1)[1].view_as(target) == target).sum() * 100.0 / target.size(0)
