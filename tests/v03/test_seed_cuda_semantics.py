"""The introduction's section "CUDA semantics": its code blocks on three virtual GPUs and, if they allow it, on none."""

import argparse
import os
import subprocess
import sys

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from tests.cuda import virtual_gpus


@pytest.fixture
def gpus():
    with virtual_gpus(3):
        yield


@pytest.fixture(params=[0, 3], ids=["no GPU", "3 GPUs"])
def any_gpus(request):
    with virtual_gpus(request.param):
        yield request.param


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(42, 2)

    def forward(self, x):
        return self.fc(x)


def test_the_selected_device(gpus):
    x = torch.cuda.FloatTensor(1)
    assert x.get_device() == 0
    y = torch.FloatTensor(1).cuda()
    assert y.get_device() == 0

    with torch.cuda.device(1):
        # allocates a tensor on GPU 1
        a = torch.cuda.FloatTensor(1)

        # transfers a tensor from CPU to GPU 1
        b = torch.FloatTensor(1).cuda()
        assert a.get_device() == b.get_device() == 1

        c = a + b
        assert c.get_device() == 1

        z = x + y
        assert z.get_device() == 0

        # even within a context, you can give a GPU id to the .cuda call
        d = torch.randn(2).cuda(2)
        assert d.get_device() == 2
    assert torch.cuda.current_device() == 0


def test_cross_gpu_operations_are_refused_except_copy(gpus):
    x, y = torch.cuda.FloatTensor([1]), torch.FloatTensor([2]).cuda(1)
    with pytest.raises(RuntimeError, match="arguments are located on different GPUs"):
        x + y
    with pytest.raises(RuntimeError, match="arguments are located on different GPUs"):
        Variable(x) * Variable(y)
    assert x.copy_(y) is x and x[0] == 2 and x.get_device() == 0


def test_empty_cache(any_gpus):
    if any_gpus:
        x = torch.cuda.FloatTensor(1000)
        del x
    torch.cuda.empty_cache()


def parsed(arguments):
    parser = argparse.ArgumentParser(description='PyTorch Example')
    parser.add_argument('--disable-cuda', action='store_true',
                        help='Disable CUDA')
    args = parser.parse_args(arguments)
    args.cuda = not args.disable_cuda and torch.cuda.is_available()
    return args


def test_device_agnostic_code(any_gpus):
    for arguments in ([], ["--disable-cuda"]):
        args = parsed(arguments)
        assert args.cuda is (any_gpus > 0 and not arguments)
        x = torch.Tensor(8, 42)
        net = Network()
        if args.cuda:
          x = x.cuda()
          net.cuda()
        assert net(Variable(x.fill_(1))).size() == (8, 2) and x.is_cuda == args.cuda
        assert net.fc.weight.is_cuda == args.cuda


def test_a_default_data_type(any_gpus):
    dtype = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor
    train_loader = [torch.ones(2, 3).double(), torch.ones(2, 3)]
    for i, x in enumerate(train_loader):
        x = Variable(x.type(dtype))
        assert x.data.type() == ("torch.cuda.FloatTensor" if any_gpus else "torch.FloatTensor") and i < 2


def test_new_tensors_of_the_type_of_another(gpus):
    x = Variable(torch.ones(2, 3).double().cuda(2))
    hidden = Variable(x.data.new(2, 5).zero_())
    assert hidden.data.type() == "torch.cuda.DoubleTensor" and hidden.size() == (2, 5)
    assert hidden.get_device() == 2


def test_names(any_gpus):
    assert torch.cuda.is_available() is (any_gpus > 0) and torch.cuda.device_count() == any_gpus
    torch.cuda.manual_seed(1)
    torch.cuda.manual_seed_all(1)
    assert not torch.FloatTensor(1).is_cuda and issubclass(torch.cuda.FloatTensor, torch.tensor._TensorBase)


def test_pinned_memory(gpus):
    x = torch.ones(3)
    pinned = x.pin_memory()
    assert pinned.is_pinned() and not x.is_pinned() and pinned.type() == "torch.FloatTensor"
    moved = pinned.cuda(**{"async": True})
    assert moved.cpu().equal(x) and pinned.cuda(1, True).get_device() == 1
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x), 2, pin_memory=True)
    for a, b in loader:
        assert a.is_pinned() and b.is_pinned()


def test_data_parallel(any_gpus):
    net = nn.DataParallel(Network().cuda() if any_gpus else Network(), device_ids=None)
    x = Variable(torch.ones(8, 42))
    y = net(x.cuda() if any_gpus else x)
    assert y.size() == (8, 2) and y.is_cuda == (any_gpus > 0)
    y.sum().backward()
    grad = net.module.fc.weight.grad.data
    assert grad.cpu().equal(torch.Tensor(2, 42).fill_(8)) and grad.is_cuda == (any_gpus > 0)


PROGRAM = """
import argparse
import torch
from torch.autograd import Variable

parser = argparse.ArgumentParser(description='PyTorch Example')
parser.add_argument('--disable-cuda', action='store_true',
                    help='Disable CUDA')
args = parser.parse_args()
args.cuda = not args.disable_cuda and torch.cuda.is_available()

x = torch.ones(2, 2).pin_memory()
if args.cuda:
  x = x.cuda(async=True)
with torch.cuda.device(1):
    y = Variable(torch.ones(2, 2).cuda(), volatile=True)
print(x)
print(y)
"""

PRINTED = """
 1  1
 1  1
[torch.cuda.FloatTensor of size 2x2 (GPU 0)]

Variable containing:
 1  1
 1  1
[torch.cuda.FloatTensor of size 2x2 (GPU 1)]

"""


def test_a_program_that_flambeau_runs(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "flambeau", "run", "program.py"], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "FLAMBEAU_VIRTUAL_CUDA": "2"}, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == PRINTED
