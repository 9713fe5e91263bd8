"""Attributes and calls of modules: the short ways of the core mean what `Module.__getattr__` and `__call__` do."""

import abc
import copy
import gc
import weakref

import pytest

import flambeau as fb
from flambeau import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.register_buffer("count", fb.zeros(1))
        self.plain = 5

    @property
    def broken(self):
        return self.absent

    def forward(self, x, *, twice=False):
        return self.layer(x) * (2 if twice else 1)


def test_where_attributes_are_found():
    net = Net()
    assert net.layer is net._modules["layer"] and net.count is net._buffers["count"]
    assert net.layer.weight is net.layer._parameters["weight"]
    assert nn.Linear(2, 3, bias=False).bias is None
    assert net.plain == 5 and net.training is True
    net.__dict__["layer"] = "of the instance"  # comes before what is registered
    assert net.layer == "of the instance"
    del net.__dict__["layer"]
    net.layer.weight = nn.Parameter(fb.ones(3, 2))
    assert net.layer.weight.tolist() == [[1, 1]] * 3
    net._modules = dict(net._modules, layer=None)
    assert net.layer is None


def test_an_instance_comes_before_the_class_only_for_what_is_no_property():
    Net.layer = "of the class"
    try:
        assert Net().layer == "of the class"
    finally:
        del Net.layer
    assert isinstance(Net().layer, nn.Linear)


def test_absent_attributes():
    net = Net()
    assert not hasattr(net, "absent") and getattr(net, "absent", 3) == 3
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'absent'"):
        net.absent  # noqa: B018
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'broken'"):
        net.broken  # noqa: B018
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'weight'"):
        nn.Module.__new__(nn.Module).weight  # noqa: B018


def test_classes_that_override_attributes():
    class Wrapper(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(super().__getattr__("inner"), name)

    class Loud(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Identity()

        def __getattribute__(self, name):
            return "loud" if name == "layer" else super().__getattribute__(name)

    class Below(Wrapper):
        pass

    net = Net()
    assert Wrapper(net).inner is net and Wrapper(net).layer is net.layer and Below(net).layer is net.layer
    assert Loud().layer == "loud"


def test_overriding_later():
    class Late(Net):
        pass

    net = Late()
    Late.__getattr__ = lambda self, name: name
    assert net.layer == "layer"
    del Late.__getattr__
    assert isinstance(net.layer, nn.Linear)
    Late.__call__ = lambda self, x: "called"
    assert net(1) == "called"
    del Late.__call__
    assert net(fb.ones(1, 2)).shape == (1, 3)


def test_overriding_the_base_class_reaches_every_module(monkeypatch):
    net, calls, call = Net(), [], nn.Module.__call__

    def counted(self, *args, **kwargs):
        calls.append(type(self).__name__)
        return call(self, *args, **kwargs)

    monkeypatch.setattr(nn.Module, "__call__", counted)
    net(fb.ones(1, 2))
    assert calls == ["Net", "Linear"]
    monkeypatch.undo()
    net(fb.ones(1, 2))
    assert calls == ["Net", "Linear"]


def test_calls():
    net, x = Net(), fb.ones(1, 2)
    once = net(x)
    assert (net(x, twice=True) == 2 * once).all() and (net(x=x) == once).all()
    assert (nn.Module.__call__(net, x) == once).all() and (net.__call__(x) == once).all()
    with pytest.raises(TypeError, match="unexpected keyword argument 'thrice'"):
        net(x, thrice=True)
    with pytest.raises(NotImplementedError, match='missing the required "forward" function'):
        nn.Module()(x)
    net.forward = lambda x: "of the instance"
    assert net(x) == "of the instance"


def test_hooks_begin_and_end():
    net, x, seen = Net(), fb.ones(1, 2), []
    handle = net.register_forward_hook(lambda module, args, out: seen.append(module))
    net(x)
    handle.remove()
    net(x)
    assert seen == [net]
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, out: seen.append(module))
    net(x)
    handle.remove()
    net(x)
    assert seen == [net, net.layer, net]


def test_a_changed_class():
    net = nn.Linear(2, 3)
    net.__class__ = type("Other", (nn.Linear,), {"forward": lambda self, x: self.weight})
    assert net(1) is net.weight


def test_copies_and_freeing():
    net = copy.deepcopy(Net())
    assert net(fb.ones(1, 2)).shape == (1, 3)
    gc.disable()
    try:
        dead = weakref.ref(net)
        del net
        assert dead() is None
    finally:
        gc.enable()


def test_classes_with_a_metaclass():
    class Shape(nn.Module, abc.ABC):
        @abc.abstractmethod
        def forward(self, x): ...

    class Twice(Shape):
        def forward(self, x):
            return 2 * x

    class Named(nn.Parameter, metaclass=abc.ABCMeta):
        pass

    assert Twice()(fb.ones(1)).item() == 2 and isinstance(Twice(), Shape)
    assert (Named(fb.ones(2)) * 2).tolist() == [2, 2]
    with pytest.raises(TypeError, match="abstract"):
        Shape()
