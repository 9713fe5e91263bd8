"""Whole modules in files: under PyTorch's names, of classes in the script, of today for 0.3."""

import io
import re
import subprocess
import sys
import textwrap

import pytest

import flambeau
import flambeau.v03 as torch
from flambeau.v03 import era, nn
from flambeau.v03.autograd import Variable

LAYERS = [
    lambda nn: nn.Conv2d(1, 2, 3), lambda nn: nn.ConvTranspose1d(1, 2, 3), lambda nn: nn.BatchNorm2d(2),
    lambda nn: nn.InstanceNorm1d(2), lambda nn: nn.Linear(2, 3), lambda nn: nn.LSTM(2, 3), lambda nn: nn.GRUCell(2, 3),
    lambda nn: nn.Embedding(2, 3), lambda nn: nn.ReLU(True), lambda nn: nn.MaxPool2d(2), lambda nn: nn.Dropout(),
    lambda nn: nn.AvgPool2d(2), lambda nn: nn.Sequential(nn.Linear(1, 1), nn.Tanh()), lambda nn: nn.PReLU(),
    lambda nn: nn.CrossEntropyLoss(), lambda nn: nn.DataParallel(nn.Linear(1, 1)),
]  # fmt: skip


def saved(obj, save=torch.save, **options):
    file = io.BytesIO()
    save(obj, file, **options)
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize("make", LAYERS)
def test_names_are_pytorchs(make):
    layer = make(nn)
    file = saved(layer)
    names = {m.group(1).decode() for m in re.finditer(rb"c([\w.]+)\n\w+\n", file.getvalue())}
    assert names and not any(name.startswith("flambeau") for name in names)
    assert type(torch.load(file)) is type(layer)


@pytest.mark.parametrize("make", LAYERS[:-2])
def test_files_of_today_give_modules_of_03(make):
    era.leave()
    theirs = saved(make(flambeau.nn), flambeau.save, _use_new_zipfile_serialization=False)
    era.enter()
    layer = torch.load(theirs)
    assert type(layer) is type(make(nn))
    assert all(type(p) is nn.Parameter for p in layer.parameters())


OPTIONS_SINCE = {"padding_mode", "_reversed_padding_repeated_twice", "proj_size", "divisor_override",
                 "track_running_stats", "_non_persistent_buffers_set", "_is_full_backward_hook"}  # fmt: skip


@pytest.mark.parametrize("make, size", [
    (lambda: nn.Conv2d(1, 2, 3), (1, 1, 4, 4)), (lambda: nn.ConvTranspose2d(1, 2, 3), (1, 1, 4, 4)),
    (lambda: nn.BatchNorm2d(2), (2, 2, 3, 3)), (lambda: nn.InstanceNorm2d(2), (2, 2, 3, 3)),
    (lambda: nn.GRU(2, 3), (4, 1, 2)), (lambda: nn.AvgPool2d(2), (1, 1, 4, 4)),
])  # fmt: skip
@pytest.mark.parametrize("training", [True, False])
def test_layers_as_03_pickled_them(make, size, training):
    """A layer without the attributes that later versions added."""
    layer, x = make(), Variable(torch.randn(*size))
    layer.train(training)
    wanted = layer(x)
    state = {n: v for n, v in vars(layer).items() if n not in OPTIONS_SINCE and not re.match(r"_\w+_hooks", n)}
    state["_buffers"] = {n: b for n, b in layer._buffers.items() if n != "num_batches_tracked"}
    old = type(layer).__new__(type(layer))
    old.__setstate__({**state, "_backward_hooks": {}, "_forward_hooks": {}, "_forward_pre_hooks": {}})
    found = old(x)
    if isinstance(found, tuple):
        wanted, found = wanted[0], found[0]
    assert torch.equal(found.data, wanted.data) and repr(old) == repr(layer) and len(old.state_dict()) >= 0


MODEL = """
import sys, torch, torch.nn as nn, torch.nn.functional as F, pickle
from torch.autograd import Variable
class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.fc = nn.Linear(8, 2)
        self.register_buffer('scale', torch.ones(1) * 2)
        self.note = 'kept'
    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).view(-1, 8)) * Variable(self.scale)
"""
FIRST = """
torch.manual_seed(3)
net = Net()
x = Variable(torch.ones(1, 1, 4, 4), volatile=True)
opt = torch.optim.Adam(net.parameters(), lr=0.1)
net(Variable(torch.ones(1, 1, 4, 4))).sum().backward()
opt.step()
torch.save(net, 'net.pt')
torch.save({'epoch': 3, 'model': net.state_dict(), 'optimizer': opt.state_dict(), 'x': x, 'where': Net}, 'all.tar')
with open('net.pkl', 'wb') as f:
    pickle.dump((net, x.data, opt, x.data.storage()), f)
print(net(x).data.tolist())
"""
SECOND = """
x = Variable(torch.ones(1, 1, 4, 4), volatile=True)
net = torch.load('net.pt', map_location=lambda storage, loc: storage)
print(net(x).data.tolist())
assert net.note == 'kept' and isinstance(net, Net) and type(net.scale) is torch.FloatTensor
found = torch.load('all.tar')
other = Net()
other.load_state_dict(found['model'])
opt = torch.optim.Adam(other.parameters(), lr=1)
opt.load_state_dict(found['optimizer'])
assert opt.param_groups[0]['lr'] == 0.1 and found['where'] is Net and found['x'].volatile
assert other(x).data.equal(net(x).data)
with open('net.pkl', 'rb') as f:
    pickled, data, opt, storage = pickle.load(f)
assert pickled(x).data.equal(net(x).data) and type(data) is torch.FloatTensor and opt.param_groups[0]['lr'] == 0.1
assert type(storage) is torch.FloatStorage and storage.tolist() == [1] * 16
"""


def run(script, folder):
    (folder / "script.py").write_text(textwrap.dedent(MODEL + script))
    command = [sys.executable, "-m", "flambeau", "run", "--torch", "0.3", "script.py"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_classes_of_the_script_are_saved_and_loaded_by_another_run(tmp_path):
    assert run(FIRST, tmp_path) == run(SECOND, tmp_path)
