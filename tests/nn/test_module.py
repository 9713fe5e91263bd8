"""Module: registration, naming, lookup, conversion, modes, printing, copies; errors as PyTorch words them."""

import copy
import pickle
from collections import OrderedDict

import pytest

import flambeau as fb

from .parity import assert_close

nn = fb.nn


class Net(nn.Module):
    def __init__(self, lib=fb):
        super().__init__()
        self.first = lib.nn.Linear(3, 4)
        self.block = lib.nn.Sequential(lib.nn.Linear(4, 4), lib.nn.ReLU())
        self.scale = lib.nn.Parameter(lib.ones(2))
        self.register_buffer("count", lib.zeros(1))
        self.register_buffer("cache", lib.zeros(1), persistent=False)
        self.register_parameter("nothing", None)
        self.note = "text"

    def forward(self, x):
        return self.block(self.first(x))


NAMES = ["scale", "first.weight", "first.bias", "block.0.weight", "block.0.bias"]


def test_names():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == NAMES
    assert [n for n, _ in net.named_parameters(prefix="net")] == ["net." + n for n in NAMES]
    assert [n for n, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert [n for n, _ in net.named_buffers()] == ["count", "cache"]
    assert [n for n, _ in net.named_modules()] == ["", "first", "block", "block.0", "block.1"]
    assert [n for n, _ in net.named_children()] == ["first", "block"]
    assert [type(m).__name__ for m in net.modules()] == ["Net", "Linear", "Sequential", "Linear", "ReLU"]
    assert list(net.children()) == [net.first, net.block]
    assert len(list(net.parameters())) == 5
    assert len(list(net.buffers())) == 2
    assert list(net._parameters) == ["scale", "nothing"]
    assert isinstance(net._modules, dict)


def test_sharing():
    shared = nn.Linear(2, 2)
    net = nn.Sequential(shared, shared)
    assert [n for n, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    assert [n for n, _ in net.named_modules()] == ["", "0"]
    assert [n for n, _ in net.named_modules(remove_duplicate=False)] == ["", "0", "1"]
    assert len(list(net.children())) == 1
    other = nn.Linear(2, 2)
    other.weight = shared.weight
    assert other.weight is shared.weight
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_attributes():
    net = Net()
    assert "scale" not in net.__dict__
    replacement = nn.Parameter(fb.zeros(2))
    net.scale = replacement
    assert net.scale is replacement
    net.scale = None
    assert net.scale is None
    assert "scale" in net._parameters
    net.first = nn.Identity()
    assert list(net._modules) == ["first", "block"]
    net.note = nn.Parameter(fb.ones(1))  # a plain attribute becomes a parameter
    assert "note" in net._parameters
    assert "note" not in net.__dict__
    net.note = nn.ReLU()  # and a module
    assert "note" in net._modules
    assert "note" not in net._parameters
    net.count = fb.ones(1)
    assert net._buffers["count"] == 1
    net.count = nn.Parameter(fb.ones(1))
    assert "count" not in net._buffers
    del net.note, net.cache, net.first
    assert not hasattr(net, "note")
    assert not hasattr(net, "first")
    assert net._non_persistent_buffers_set == set()
    with pytest.raises(AttributeError):
        del net.unknown
    assert {"block", "scale", "forward", "training"} <= set(dir(net))
    net.tensor = fb.ones(1)  # a plain tensor is a plain attribute
    assert "tensor" in net.__dict__


def test_class_attribute_and_property():
    class WithProperty(nn.Module):
        limit = 3

        @property
        def double(self):
            return self._double

        @double.setter
        def double(self, value):
            self._double = 2 * value

    module = WithProperty()
    module.double = 4
    assert module.double == 8
    module.limit = 5
    assert (module.limit, WithProperty.limit) == (5, 3)


def _before_init(lib, kind):
    class Early(lib.nn.Module):
        def __init__(self):
            if kind == "parameter":
                self.x = lib.nn.Parameter(lib.zeros(1))
            elif kind == "module":
                self.x = lib.nn.Identity()
            elif kind == "buffer":
                self.register_buffer("x", lib.zeros(1))
            else:
                self.register_parameter("x", None)

    Early()


def _missing_forward(lib):
    class Empty(lib.nn.Module):
        pass

    Empty()(1)


def _linear(lib):
    return lib.nn.Linear(2, 2)


ERRORS = [
    lambda lib: _before_init(lib, "parameter"),
    lambda lib: _before_init(lib, "module"),
    lambda lib: _before_init(lib, "buffer"),
    lambda lib: _before_init(lib, "register"),
    _missing_forward,
    lambda lib: lib.nn.Module(3),
    lambda lib: lib.nn.Module(foo=3),
    lambda lib: _linear(lib).foo,
    lambda lib: setattr(_linear(lib), "weight", lib.zeros(2)),
    lambda lib: setattr(_linear(lib), "weight", 3),
    lambda lib: setattr(lib.nn.Sequential(lib.nn.ReLU()), "0", 3),
    lambda lib: setattr(lib.nn.BatchNorm1d(2), "running_mean", [1]),
    lambda lib: _linear(lib).register_parameter(3, None),
    lambda lib: _linear(lib).register_parameter("a.b", None),
    lambda lib: _linear(lib).register_parameter("", None),
    lambda lib: _linear(lib).register_parameter("forward", None),
    lambda lib: _linear(lib).register_parameter("w", 3),
    lambda lib: _linear(lib).register_parameter("w", lib.zeros(2)),
    lambda lib: _linear(lib).register_buffer(3, None),
    lambda lib: _linear(lib).register_buffer("a.b", None),
    lambda lib: _linear(lib).register_buffer("", None),
    lambda lib: _linear(lib).register_buffer("weight", None),
    lambda lib: _linear(lib).register_buffer("b", 3),
    lambda lib: _linear(lib).add_module("m", 3),
    lambda lib: _linear(lib).add_module(3, None),
    lambda lib: _linear(lib).add_module("a.b", None),
    lambda lib: _linear(lib).add_module("", None),
    lambda lib: _linear(lib).add_module("weight", lib.nn.ReLU()),
    lambda lib: _linear(lib).get_submodule("a.b"),
    lambda lib: _linear(lib).get_submodule("weight"),
    lambda lib: _linear(lib).get_parameter("scale"),
    lambda lib: _linear(lib).get_parameter("in_features"),
    lambda lib: _linear(lib).get_buffer("scale"),
    lambda lib: _linear(lib).get_buffer("weight"),
    lambda lib: _linear(lib).train(3),
    lambda lib: _linear(lib).to(lib.int64),
]


@pytest.mark.parametrize("cause", ERRORS, ids=range(len(ERRORS)))
def test_errors(cause):
    torch = pytest.importorskip("torch")
    outcomes = []
    for lib in (fb, torch):
        with pytest.raises((AttributeError, KeyError, NotImplementedError, TypeError, ValueError)) as info:
            cause(lib)
        text = str(info.value).replace("torch.nn.modules.activation", "flambeau.nn.activation")
        outcomes.append((type(info.value), text))
    assert outcomes[0] == outcomes[1]


def test_lookup():
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("block.0") is net.block[0]
    assert net.get_parameter("block.0.bias") is net.block[0].bias
    assert net.get_parameter("scale") is net.scale
    assert net.get_buffer("count") is net.count
    net.set_submodule("block.0", nn.Identity())
    assert isinstance(net.block[0], nn.Identity)


def test_apply_and_conversions():
    net = Net()
    seen = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "Linear", "ReLU", "Sequential", "Net"]
    net.register_buffer("index", fb.tensor([1, 2]))
    first = net.first.weight
    first.grad = fb.ones(4, 3)
    for convert, dtype in [
        (lambda: net.double(), fb.float64),
        (lambda: net.float(), fb.float32),
        (lambda: net.half(), fb.float16),
        (lambda: net.bfloat16(), fb.bfloat16),
        (lambda: net.to(fb.float64), fb.float64),
        (lambda: net.to(dtype=fb.float32), fb.float32),
        (lambda: net.to("cpu", fb.float64), fb.float64),
        (lambda: net.to(fb.zeros(1)), fb.float32),
        (lambda: net.to(device=fb.device("cpu"), dtype=fb.float64, non_blocking=True), fb.float64),
    ]:
        assert convert() is net
        assert {p.dtype for p in net.parameters()} == {dtype}
        assert net.count.dtype == dtype
        assert net.index.dtype == fb.int64
        assert net.first.weight is first  # the same object
        assert first.grad.dtype == dtype
        assert first.is_leaf
        assert first.requires_grad
    assert net.cpu() is net
    for bad in ((), ("cpu", fb.float32, True, 4), (3.5,)):
        with pytest.raises(TypeError):
            net.to(*bad)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        net.to(colour=1)


def test_modes():
    net = Net()
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    net(fb.rand(2, 3)).sum().backward()
    grad = net.first.weight.grad
    net.zero_grad(set_to_none=False)
    assert net.first.weight.grad is grad
    assert (grad == 0).all()
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_repr():
    class Custom(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.ReLU()

        def extra_repr(self):
            return "a=1\nb=2"

    expected = """Net(
  (first): Linear(in_features=3, out_features=4, bias=True)
  (block): Sequential(
    (0): Linear(in_features=4, out_features=4, bias=True)
    (1): ReLU()
  )
)"""
    assert repr(Net()) == expected
    assert repr(Custom()) == "Custom(\n  a=1\n  b=2\n  (act): ReLU()\n)"
    assert repr(nn.Sequential()) == "Sequential()"
    net = Net()
    net.first = None
    assert "(first): None" in repr(net)


def test_copies():
    net = Net()
    net.first.weight.grad = fb.ones(4, 3)
    net.first.register_forward_hook(_double)
    x = fb.rand(2, 3)
    for copied in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert_close(copied(x), net(x))
        assert copied.first.weight is not net.first.weight
        assert isinstance(copied.first.weight, nn.Parameter)
        assert [n for n, _ in copied.named_parameters()] == NAMES
        with fb.no_grad():
            copied.first.weight.fill_(0)
        assert (net.first.weight != 0).any()
    shallow = copy.copy(net)
    assert shallow.first is net.first


def _double(module, args, output):
    return output * 2


def test_modules_pickled_before_a_hook_table_existed():
    net = Net()
    net.register_forward_hook(_double)
    state = dict(net.__dict__)
    del state["_state_dict_pre_hooks"], state["_hooked"]
    other = Net.__new__(Net)
    other.__setstate__(state)
    x = fb.rand(2, 3)
    assert_close(other(x), net(x))
    other.state_dict()


def test_shared_parameters_stay_shared_in_copies():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    for copied in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert copied[1].weight is copied[0].weight


def test_parameter():
    data = fb.rand(3)
    p = nn.Parameter(data)
    assert isinstance(p, fb.Tensor)
    assert p.requires_grad
    assert p.is_leaf
    assert type(p * 2) is fb.Tensor
    assert type(p.detach()) is fb.Tensor
    data[0] = 5.0
    assert p[0] == 5.0
    assert not nn.Parameter(fb.tensor([1]), requires_grad=False).requires_grad
    assert nn.Parameter().numel() == 0
    assert repr(p) == "Parameter containing:\n" + repr(data.clone().requires_grad_())
    taken = nn.Parameter(data.requires_grad_() * 2)
    assert taken.is_leaf
    with pytest.raises(TypeError, match="data must be a Tensor"):
        nn.Parameter([1.0])
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(fb.tensor([1]))
    for copied in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(copied) is nn.Parameter
        assert copied.requires_grad
        assert_close(copied, p)
        assert copied.data_ptr() != p.data_ptr()


def test_registration_hooks():
    seen = []
    handles = [
        nn.hooks.register_module_parameter_registration_hook(lambda m, n, p: seen.append(("parameter", n))),
        nn.hooks.register_module_buffer_registration_hook(lambda m, n, b: seen.append(("buffer", n))),
        nn.hooks.register_module_module_registration_hook(lambda m, n, c: seen.append(("module", n))),
    ]
    Net()
    for handle in handles:
        handle.remove()
    Net()
    assert seen == [
        ("parameter", "weight"), ("parameter", "bias"), ("module", "first"),
        ("parameter", "weight"), ("parameter", "bias"), ("module", "0"), ("module", "1"), ("module", "block"),
        ("parameter", "scale"), ("buffer", "count"), ("buffer", "cache"), ("parameter", "nothing"),
    ]  # fmt: skip


def test_ordered_dict_of_modules():
    net = nn.Sequential(OrderedDict([("conv", nn.Conv2d(1, 1, 1)), ("act", nn.ReLU())]))
    assert net.conv is net[0]
    assert [n for n, _ in net.named_parameters()] == ["conv.weight", "conv.bias"]


def test_older_paths():
    from importlib import import_module

    def at(path, name):
        return getattr(import_module(f"{nn.__name__}.modules.{path}"), name)

    assert at("batchnorm", "_BatchNorm") is nn.BatchNorm2d.__mro__[1]
    assert at("container", "Sequential") is nn.Sequential
    assert at("pooling", "_MaxPoolNd") is nn.MaxPool2d.__mro__[1]
    assert at("utils", "_pair")(3) == (3, 3)
    assert at("utils", "_triple")([1, 2, 3]) == (1, 2, 3)
    assert nn.modules.Linear is nn.Linear
    assert nn.modules.conv._ConvNd in nn.Conv2d.__mro__
    assert callable(nn.modules.module.register_module_forward_hook)


def test_the_class_of_parameters_and_buffers_can_be_set():
    from flambeau.nn.parameter import set_defaults

    class Mine(fb.nn.Parameter):
        pass

    before = set_defaults(Mine, lambda t: t.double())
    try:
        layer = fb.nn.BatchNorm1d(2)
    finally:
        set_defaults(*before)
    assert type(layer.weight) is Mine and layer.running_mean.dtype is fb.float64
    assert type(fb.nn.Linear(1, 1).weight) is fb.nn.Parameter


def test_modules_with_duplicates():
    layer = nn.Linear(1, 1)
    net = nn.Sequential(layer, layer)
    assert list(net.modules()) == [net, layer]
    assert list(net.modules(remove_duplicate=False)) == [net, layer, layer]
