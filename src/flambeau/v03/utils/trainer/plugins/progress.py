"""How much of an epoch is done."""

from .plugin import Plugin

__all__ = ["ProgressMonitor"]


class ProgressMonitor(Plugin):
    """ProgressMonitor(): samples done, samples in all, and percent."""

    stat_name = "progress"

    def __init__(self):
        super().__init__([(1, "iteration"), (1, "epoch")])

    def register(self, trainer):
        self.trainer = trainer
        stats = trainer.stats.setdefault(self.stat_name, {})
        stats.update(samples_used=0, epoch_size=len(trainer.dataset), percent=0.0)
        stats["log_iter_fields"] = ["{samples_used}/{epoch_size} ({percent:.2f}%)"]

    def iteration(self, iteration, input, *args):
        """iteration(...): counts the batch."""
        stats = self.trainer.stats[self.stat_name]
        stats["samples_used"] += 1
        stats["percent"] = 100.0 * stats["samples_used"] / stats["epoch_size"]

    def epoch(self, *args):
        """epoch(...): counts from 0 again."""
        self.trainer.stats[self.stat_name].update(samples_used=0, percent=0.0)
