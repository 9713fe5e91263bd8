"""torch.utils.trainer of 0.3."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.utils.trainer import Trainer
from flambeau.v03.utils.trainer.plugins import (
    AccuracyMonitor,
    Logger,
    LossMonitor,
    Plugin,
    ProgressMonitor,
    TimeMonitor,
)


def trainer():
    torch.manual_seed(0)
    inputs = torch.randn(8, 4, 3)
    data = [(x, (x.sum(1) > 0).long()) for x in inputs]
    model = nn.Linear(3, 2)
    return Trainer(model, nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.5), data)


def test_training_with_monitors(capsys):
    t = trainer()
    for plugin in (LossMonitor(), AccuracyMonitor(), TimeMonitor(), ProgressMonitor(), Logger(["loss", "progress"])):
        t.register_plugin(plugin)
    t.run(1)
    first = t.stats["loss"]["epoch_mean"]
    t.run(4)
    assert t.stats["loss"]["epoch_mean"] < first and t.stats["accuracy"]["epoch_mean"] > 80
    assert t.iterations == 40 and t.stats["time"]["last"] >= 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("loss: ") and "progress: 1/8 (12.50%)" in lines[0] and "Epoch summary (1):" in lines


def test_plugins_are_called_at_their_intervals():
    class Counter(Plugin):
        def __init__(self):
            super().__init__([(3, "iteration"), (1, "epoch"), (4, "update")])
            self.seen = []

        def register(self, trainer):
            self.trainer = trainer

        def iteration(self, i, *args):
            self.seen.append(("iteration", i))

        def update(self, i, model):
            self.seen.append(("update", i))

        def epoch(self, i):
            self.seen.append(("epoch", i))

    t, counter = trainer(), Counter()
    t.register_plugin(counter)
    t.run(1)
    assert counter.seen == [("iteration", 3), ("update", 4), ("iteration", 6), ("update", 8), ("epoch", 1)]


def test_a_plugin_must_register():
    with pytest.raises(NotImplementedError):
        trainer().register_plugin(Plugin([(1, "epoch")]))
