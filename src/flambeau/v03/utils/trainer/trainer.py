"""A training loop that calls plugins after iterations, batches and epochs."""

import heapq

from ...autograd import Variable

__all__ = ["Trainer"]


class Trainer:
    """Trainer(model=None, criterion=None, optimizer=None, dataset=None)

    `run(epochs)` trains the model on the pairs (input, target) of dataset. A plugin is registered for its
    `trigger_interval`, pairs (n, "iteration" | "batch" | "epoch" | "update"), and is called by the method of that name
    every n of these. `stats` is a dictionary in which plugins keep what they find.
    """

    def __init__(self, model=None, criterion=None, optimizer=None, dataset=None):
        self.model, self.criterion, self.optimizer, self.dataset = model, criterion, optimizer, dataset
        self.iterations = 0
        self.stats = {}
        self.plugin_queues: dict[str, list] = {"iteration": [], "epoch": [], "batch": [], "update": []}

    def register_plugin(self, plugin):
        """register_plugin(plugin): the plugin is called from now on."""
        plugin.register(self)
        intervals = plugin.trigger_interval
        for duration, unit in intervals if isinstance(intervals, list) else [intervals]:
            queue = self.plugin_queues[unit]
            queue.append((duration, len(queue), plugin))

    def call_plugins(self, queue_name, time, *args):
        """call_plugins(queue_name, time, *args): calls those that are due, and says when they are next."""
        queue = self.plugin_queues[queue_name]
        while queue and queue[0][0] <= time:
            _, order, plugin = queue[0]
            getattr(plugin, queue_name)(time, *args)
            intervals = plugin.trigger_interval
            pairs = intervals if isinstance(intervals, list) else [intervals]
            interval = next(n for n, unit in pairs if unit == queue_name)
            heapq.heapreplace(queue, (time + interval, order, plugin))

    def run(self, epochs=1):
        """run(epochs=1): trains."""
        for queue in self.plugin_queues.values():
            heapq.heapify(queue)
        for epoch in range(1, epochs + 1):
            self.train()
            self.call_plugins("epoch", epoch)

    def train(self):
        """train(): one epoch."""
        for i, data in enumerate(self.dataset, self.iterations + 1):
            batch_input, batch_target = data
            self.call_plugins("batch", i, batch_input, batch_target)
            input, target = Variable(batch_input), Variable(batch_target)
            kept: dict = {}

            def closure(input=input, target=target, kept=kept):
                output = self.model(input)
                loss = self.criterion(output, target)
                loss.backward()
                kept.setdefault("output", output.data)
                kept.setdefault("loss", loss.data)
                return loss

            self.optimizer.zero_grad()
            self.optimizer.step(closure)
            self.call_plugins("iteration", i, batch_input, batch_target, kept["output"], kept["loss"])
            self.call_plugins("update", i, self.model)
            self.iterations = i
