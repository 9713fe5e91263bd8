"""The modules beside `torch` and `torch.nn` that programs of 2017 import."""

import importlib.util
import pickle

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable


def test_versions_compare():
    assert torch.__version__ == torch.version.__version__ == "0.3.0"
    assert tuple(int(p) for p in torch.__version__.split(".")[:2]) >= (0, 3)


def test_six():
    assert isinstance("a", torch._six.string_classes) and isinstance(1, torch._six.int_classes)
    assert torch._six.FileNotFoundError is FileNotFoundError


def test_utils():
    assert list(torch._utils._accumulate([1, 2, 3])) == [1, 3, 6]
    assert torch._utils._import_dotted_name("math.pi") > 3
    tensors = [torch.ones(2, 2), torch.zeros(3)]
    flat = torch._utils._flatten_tensors(tensors)
    assert flat.tolist() == [1, 1, 1, 1, 0, 0, 0]
    parts = torch._utils._unflatten_tensors(flat, tensors)
    assert [p.size() for p in parts] == [(2, 2), (3,)]
    parts[1].fill_(7)
    assert flat[6] == 7


def test_modules_by_their_paths():
    from flambeau.v03.nn.modules.conv import Conv2d
    from flambeau.v03.nn.modules.loss import MSELoss, _Loss
    from flambeau.v03.nn.modules.module import Module
    from flambeau.v03.nn.modules.utils import _pair

    from flambeau.v03.autograd.function import Function
    from flambeau.v03.autograd.variable import Variable as V
    from flambeau.v03.nn.parameter import Parameter
    from flambeau.v03.optim.optimizer import Optimizer, required

    assert V is Variable and Conv2d is nn.Conv2d and MSELoss is nn.MSELoss and issubclass(MSELoss, _Loss)
    assert Module is nn.Module and _pair(3) == (3, 3) and Parameter is nn.Parameter
    assert Optimizer is torch.optim.Optimizer and required is not None and Function is torch.autograd.Function
    assert importlib.util.find_spec("flambeau.v03.nn.modules.conv") is not None
    assert nn.modules.Linear is nn.Linear and nn.modules.linear.Linear is nn.Linear


def test_functions_behind_layers():
    x = Variable(torch.ones(1, 2), requires_grad=True)
    assert nn._functions.padding.ConstantPadNd.apply(x, (1, 1), 5).data.tolist() == [[5, 1, 1, 5]]
    assert nn._functions.dropout.Dropout.apply(x, 0.5, False).data.tolist() == [[1, 1]]


def test_classes_of_tensors_and_storages():
    assert torch.FloatTensor in torch._tensor_classes and torch.cuda.LongTensor in torch._tensor_classes
    assert torch.DoubleStorage in torch._storage_classes and len(torch._storage_classes) == 8


def test_cudnn_switches():
    cudnn = torch.backends.cudnn
    cudnn.benchmark = True
    assert torch.backends.cudnn.benchmark is True and not cudnn.is_acceptable(torch.ones(1))
    with cudnn.flags(enabled=False, benchmark=False):
        assert cudnn.enabled is False
    assert cudnn.enabled is True and cudnn.benchmark is True
    cudnn.benchmark = False


def test_random():
    torch.manual_seed(3)
    assert torch.initial_seed() == torch.random.initial_seed() == 3
    state = torch.get_rng_state()
    first = torch.randn(3)
    torch.set_rng_state(state)
    assert torch.equal(torch.randn(3), first) and type(state) is torch.ByteTensor
    with torch.random.fork_rng():
        torch.randn(5)
    torch.random.set_rng_state(state)
    assert torch.equal(torch.randn(3), first)


def test_functional_tensor_storage_serialization():
    assert torch.functional.split is torch.split and torch.functional.stack is torch.stack
    assert issubclass(torch.FloatTensor, torch.tensor._TensorBase)
    assert isinstance(torch.ones(1).storage(), torch.storage._StorageBase)
    assert torch.serialization.save is torch.save and issubclass(torch.serialization.SourceChangeWarning, Warning)


def test_dlpack():
    x = torch.ones(3)
    y = torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(x))
    y.fill_(2)
    assert type(y) is torch.FloatTensor and x.tolist() == [2, 2, 2]


def test_hook_handles():
    from flambeau.v03.utils.hooks import RemovableHandle

    assert isinstance(Variable(torch.ones(1), requires_grad=True).register_hook(print), RemovableHandle)


def test_sparse_names():
    x = torch.sparse.FloatTensor(torch.LongTensor([[0, 1], [1, 0]]), torch.FloatTensor([3, 4]), torch.Size([2, 2]))
    assert x.to_dense().tolist() == [[0, 3], [4, 0]]


def test_unknown_names():
    for module in (torch, nn, torch.optim, torch.autograd, torch.utils):
        with pytest.raises(AttributeError):
            module.no_such_name  # noqa: B018


@pytest.mark.parametrize("layer", [
    lambda: nn.Linear(2, 3), lambda: nn.Conv2d(1, 2, 3), lambda: nn.BatchNorm2d(2), lambda: nn.InstanceNorm1d(2),
    lambda: nn.ConvTranspose1d(1, 2, 3), lambda: nn.MSELoss(), lambda: nn.CrossEntropyLoss(torch.ones(3)),
])  # fmt: skip
def test_layers_are_pickled(layer):
    module = layer()
    copy = pickle.loads(pickle.dumps(module))
    assert type(copy) is type(module)
    for (name, a), (_, b) in zip(module.state_dict().items(), copy.state_dict().items(), strict=True):
        assert type(a) is type(b) is torch.FloatTensor and torch.equal(a, b), name


def test_optimizers_are_pickled():
    w = nn.Parameter(torch.ones(1))
    for name in ("SGD", "Adam"):
        copy = pickle.loads(pickle.dumps(getattr(torch.optim, name)([w], lr=0.3)))
        assert copy.param_groups[0]["lr"] == 0.3 and type(copy.param_groups[0]["params"][0]) is nn.Parameter
