"""Printing what other plugins found."""

from .plugin import Plugin

__all__ = ["Logger"]


class Logger(Plugin):
    """Logger(fields, interval=None): prints the named statistics, such as "loss" or "loss.last", every iteration and at
    the end of an epoch."""

    def __init__(self, fields, interval=None):
        super().__init__([(1, "iteration"), (1, "epoch")] if interval is None else interval)
        self.fields = [f.split(".") for f in fields]

    def register(self, trainer):
        self.trainer = trainer

    def log(self, log_fields, prefix="", suffix=""):
        """log(log_fields): prints the statistics in the formats under one key of theirs."""
        shown = []
        for path in self.fields:
            stats = self.trainer.stats
            for name in path:
                stats = stats[name]
            if isinstance(stats, dict):
                text = " ".join(form.format(**stats) for form in stats.get(log_fields, ()))
            else:
                text = str(stats)
            if text:
                shown.append(f"{'.'.join(path)}: {text}")
        print(prefix + "\t".join(shown) + suffix)

    def iteration(self, *args):
        """iteration(...): prints."""
        self.log("log_iter_fields")

    def epoch(self, epoch_idx):
        """epoch(epoch_idx): prints."""
        self.log("log_epoch_fields", prefix=f"Epoch summary ({epoch_idx}):\n")
