"""The introduction's section "CUDA semantics", as far as it runs without a GPU."""

import argparse

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(42, 2)

    def forward(self, x):
        return self.fc(x)


def parsed(arguments):
    parser = argparse.ArgumentParser(description='PyTorch Example')
    parser.add_argument('--disable-cuda', action='store_true',
                        help='Disable CUDA')
    args = parser.parse_args(arguments)
    args.cuda = not args.disable_cuda and torch.cuda.is_available()
    return args


def test_device_agnostic_code():
    args = parsed(["--disable-cuda"])
    assert args.cuda is False
    x = torch.Tensor(8, 42)
    net = Network()
    if args.cuda:
        x = x.cuda()
        net.cuda()
    assert net(Variable(x.fill_(1))).size() == (8, 2)


def test_a_default_data_type():
    dtype = torch.cuda.FloatTensor if parsed(["--disable-cuda"]).cuda else torch.FloatTensor
    train_loader = [torch.ones(2, 3).double(), torch.ones(2, 3)]
    for x in train_loader:
        x = Variable(x.type(dtype))
        assert x.data.type() == "torch.FloatTensor"


def test_new_tensors_of_the_type_of_another():
    x = Variable(torch.ones(2, 3).double())
    hidden = Variable(x.data.new(2, 5).zero_())
    assert hidden.data.type() == "torch.DoubleTensor" and hidden.size() == (2, 5)


def test_names_without_a_gpu():
    assert isinstance(torch.cuda.is_available(), bool)
    assert torch.cuda.device_count() >= 0
    torch.cuda.manual_seed(1)
    torch.cuda.manual_seed_all(1)
    assert not torch.FloatTensor(1).is_cuda and issubclass(torch.cuda.FloatTensor, torch.tensor._TensorBase)
    torch.cuda.empty_cache()


def test_data_parallel():
    net = nn.DataParallel(Network(), device_ids=None)
    if not torch.cuda.is_available():
        assert net(Variable(torch.ones(8, 42))).size() == (8, 2)
