"""Values of each iteration, and their averages."""

from .plugin import Plugin

__all__ = ["Monitor"]


class Monitor(Plugin):
    """Monitor(running_average=True, epoch_average=True, smoothing=0.7, precision=None, number_format=None, unit='')

    A subclass has `stat_name` and _get_value(iteration, input, target, output, loss).
    """

    stat_name: str

    def __init__(self, running_average=True, epoch_average=True, smoothing=0.7, precision=None, number_format=None,
                 unit=""):  # fmt: skip
        super().__init__([(1, "iteration"), (1, "epoch")])
        self.smoothing, self.with_running_average, self.with_epoch_average = smoothing, running_average, epoch_average
        form = number_format or f".{4 if precision is None else precision}f"
        self.fields = [f"{{last:{form}}}{unit}"]
        if running_average:
            self.fields.append(f"({{running_avg:{form}}}{unit})")
        self.epoch_fields = [f"{{epoch_mean:{form}}}{unit}"] if epoch_average else []

    def register(self, trainer):
        self.trainer = trainer
        stats = trainer.stats.setdefault(self.stat_name, {})
        stats["log_iter_fields"], stats["log_epoch_fields"] = self.fields, self.epoch_fields
        if self.with_epoch_average:
            stats["epoch_stats"] = (0, 0)

    def iteration(self, *args):
        """iteration(...): notes the value."""
        stats = self.trainer.stats.setdefault(self.stat_name, {})
        stats["last"] = self._get_value(*args)
        if self.with_epoch_average:
            total, count = stats["epoch_stats"]
            stats["epoch_stats"] = total + stats["last"], count + 1
        if self.with_running_average:
            before = stats.get("running_avg", 0)
            stats["running_avg"] = before * self.smoothing + stats["last"] * (1 - self.smoothing)

    def epoch(self, idx):
        """epoch(idx): notes the mean of the epoch."""
        stats = self.trainer.stats.setdefault(self.stat_name, {})
        if self.with_epoch_average:
            total, count = stats["epoch_stats"]
            stats["epoch_mean"] = total / count
            stats["epoch_stats"] = (0, 0)

    def _get_value(self, iteration, input, target, output, loss):
        raise NotImplementedError(f"{type(self).__name__}: a Monitor must define _get_value")
