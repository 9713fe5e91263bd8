"""The time of an iteration."""

import time

from .monitor import Monitor

__all__ = ["TimeMonitor"]


class TimeMonitor(Monitor):
    """TimeMonitor(...): milliseconds between the ends of iterations; 0 for the first."""

    stat_name = "time"

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("unit", "ms")
        kwargs.setdefault("precision", 0)
        super().__init__(*args, **kwargs)
        self.last_time = None

    def _get_value(self, *args):
        now = time.time()
        spent = 0 if self.last_time is None else (now - self.last_time) * 1000
        self.last_time = now
        return spent
