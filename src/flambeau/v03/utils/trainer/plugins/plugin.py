"""The base of plugins."""

__all__ = ["Plugin"]


class Plugin:
    """Plugin(interval=None): interval is a list of pairs (n, "iteration" | "batch" | "epoch" | "update")."""

    def __init__(self, interval=None):
        self.trigger_interval = [] if interval is None else interval

    def register(self, trainer):
        """register(trainer): called once, by the trainer that will call this plugin."""
        raise NotImplementedError(f"{type(self).__name__}: a Plugin must define register")
