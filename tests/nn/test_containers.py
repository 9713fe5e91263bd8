"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

import copy
import pickle
from collections import OrderedDict

import pytest

import flambeau as fb

from .parity import raised

nn = fb.nn


def test_sequential():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(net) == 3
    assert net[-1] is net[2]
    assert [type(m).__name__ for m in net[:2]] == ["Linear", "ReLU"]
    assert net[1:][0] is net[1]
    assert tuple(net(fb.rand(5, 2)).shape) == (5, 1)
    net[1] = nn.Tanh()
    assert isinstance(net[1], nn.Tanh)
    del net[0]
    assert list(net._modules) == ["0", "1"]
    del net[-1:]
    assert len(net) == 1
    assert net.append(nn.ReLU()) is net
    assert net.extend([nn.Sigmoid(), nn.ELU()]) is net
    net.insert(1, nn.SELU())
    net.insert(-1, nn.CELU())
    assert [type(m).__name__ for m in net] == ["Tanh", "SELU", "ReLU", "Sigmoid", "CELU", "ELU"]
    assert isinstance(net.pop(-1), nn.ELU)
    assert len(net + nn.Sequential(nn.ReLU())) == 6
    assert len(2 * net) == 10
    net *= 2
    assert len(net) == 10
    net += nn.Sequential(nn.ReLU())
    assert len(net) == 11
    with pytest.raises(IndexError, match="index 11 is out of range"):
        net[11]
    assert "0" not in dir(net)
    named = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))
    assert list(named[1:]._modules) == ["b"]
    assert nn.Sequential(named, nn.ReLU())[0].a is named.a


def test_module_list():
    modules = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    assert len(list(modules.parameters())) == 6
    assert [n for n, _ in modules.named_children()] == ["0", "1", "2"]
    assert isinstance(modules[1:], nn.ModuleList)
    assert modules[-1] is modules[2]
    modules.insert(1, nn.ReLU())
    modules.append(nn.Tanh()).extend([nn.ELU()])
    modules += [nn.GELU()]
    assert [type(m).__name__ for m in modules] == [
        "Linear",
        "ReLU",
        "Linear",
        "Linear",
        "Tanh",
        "ELU",
        "GELU",
    ]
    assert list(modules._modules) == [str(i) for i in range(7)]
    assert isinstance(modules.pop(1), nn.ReLU)
    del modules[0]
    del modules[:2]
    assert [type(m).__name__ for m in modules] == ["Tanh", "ELU", "GELU"]
    assert len(modules + [nn.ReLU()]) == 4
    modules[0] = nn.ReLU()
    assert isinstance(modules[0], nn.ReLU)
    for bad in (3, -4):
        with pytest.raises(IndexError, match=f"index {bad} is out of range"):
            modules[bad]
    with pytest.raises(
        NotImplementedError, match='Module \\[ModuleList\\] is missing the required "forward" function'
    ):
        modules(1)
    with pytest.raises(TypeError, match="should be called with an iterable"):
        modules.extend(3)


def test_module_dict():
    modules = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    assert list(modules) == list(modules.keys()) == ["a", "b"]
    assert "a" in modules
    assert len(modules) == 2
    assert list(modules.values())[1] is modules["b"]
    assert [k for k, _ in modules.items()] == ["a", "b"]
    modules.update([("c", nn.Tanh()), ("a", nn.ELU())])
    assert [type(m).__name__ for m in modules.values()] == ["ELU", "ReLU", "Tanh"]
    assert isinstance(modules.pop("b"), nn.ReLU)
    del modules["c"]
    assert list(modules) == ["a"]
    modules.clear()
    assert len(modules) == 0
    for bad in (3, [3]):
        with pytest.raises(TypeError):
            modules.update(bad)
    with pytest.raises(ValueError, match="has length 3; 2 is required"):
        modules.update([("a", nn.ReLU(), 1)])


def test_parameter_list():
    params = nn.ParameterList([fb.ones(2), nn.Parameter(fb.zeros(1)), "text"])
    assert len(params) == 3
    assert isinstance(params[0], nn.Parameter)
    assert params[2] == "text"
    assert [n for n, _ in params.named_parameters()] == ["0", "1"]
    params.append(fb.ones(3)).extend([fb.ones(4)])
    params += [fb.ones(5)]
    assert [len(p) for p in params[-2:]] == [4, 5]
    params[0] = nn.Parameter(fb.zeros(7))
    assert len(params[0]) == 7
    assert [n for n, _ in params.named_parameters()] == ["0", "1", "3", "4", "5"]
    with pytest.raises(RuntimeError, match="ParameterList should not be called"):
        params()
    with pytest.raises(IndexError):
        params[6]
    for copied in (copy.deepcopy(params), pickle.loads(pickle.dumps(params))):
        assert len(copied) == 6


def test_parameter_dict():
    params = nn.ParameterDict({"a": fb.ones(2), "b": nn.Parameter(fb.zeros(1))})
    assert isinstance(params["a"], nn.Parameter)
    assert [n for n, _ in params.named_parameters()] == ["a", "b"]
    params["c"] = fb.ones(3)
    assert list(params) == ["a", "b", "c"]
    assert list(reversed(params)) == ["c", "b", "a"]
    assert "c" in params
    assert params.get("x") is None
    assert len(params.setdefault("d", fb.ones(1))) == 1
    assert len(params.pop("c")) == 3
    assert params.popitem()[0] == "d"
    merged = params | {"z": fb.ones(1)}
    assert list(merged) == ["a", "b", "z"]
    assert merged["a"] is params["a"]
    params |= {"y": fb.ones(1)}
    assert len(params) == 3
    del params["y"]
    assert not hasattr(params, "y")
    assert list(params.copy().keys()) == ["a", "b"]
    assert len(params.fromkeys(["q", "r"], 1)) == 2
    with pytest.raises(KeyError):
        params["nope"]
    with pytest.raises(TypeError, match="cannot be used as a key as it is not a string"):
        params[3] = fb.ones(1)
    params.clear()
    assert len(params) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda lib: lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Sequential(lib.nn.ReLU(), lib.nn.ReLU())),
        lambda lib: lib.nn.ModuleList([lib.nn.Linear(2, 2), lib.nn.Linear(2, 2), lib.nn.ReLU()]),
        lambda lib: lib.nn.ModuleList([lib.nn.Sequential(lib.nn.ReLU()), lib.nn.Sequential(lib.nn.ReLU())]),
        lambda lib: lib.nn.ModuleList(),
        lambda lib: lib.nn.ModuleDict({"a": lib.nn.ReLU(), "b": lib.nn.Linear(1, 1)}),
        lambda lib: lib.nn.ParameterList([lib.ones(2, 3), lib.ones(())]),
        lambda lib: lib.nn.ParameterList([lib.ones(2), 3]),
        lambda lib: lib.nn.ParameterDict({"a": lib.ones(2, 3), "b": "text"}),
    ],
)
def test_repr(make):
    torch = pytest.importorskip("torch")
    assert repr(make(fb)) == repr(make(torch))


@pytest.mark.parametrize(
    "cause",
    [
        lambda lib: lib.nn.Sequential(lib.nn.ReLU()) + [lib.nn.ReLU()],
        lambda lib: lib.nn.Sequential(lib.nn.ReLU()) * 0,
        lambda lib: lib.nn.Sequential(lib.nn.ReLU())[1],
        lambda lib: lib.nn.Sequential(lib.nn.ReLU()).insert(3, lib.nn.ReLU()),
        lambda lib: lib.nn.Sequential(3),
    ],
)
def test_errors(cause):
    torch = pytest.importorskip("torch")
    kind, text = raised(lambda: cause(fb))
    text = text.replace("flambeau.nn.containers.", "torch.nn.modules.container.")
    assert (kind, text.replace("flambeau.nn.activation.", "torch.nn.modules.activation.")) == raised(
        lambda: cause(torch)
    )
