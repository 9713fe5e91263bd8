"""Every name of 0.3's tensors, Variables and namespace exists (api.json lists them)."""

import json
import pathlib

import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Parameter, Variable

API = json.loads((pathlib.Path(__file__).parent / "api.json").read_text())


@pytest.mark.parametrize("name", API["methods"])
def test_method_of_plain_tensors(name):
    owner = torch.ByteTensor([1, 0]) if name in ("all", "any") else torch.FloatTensor([1, 2])
    assert hasattr(owner, name)


@pytest.mark.parametrize("name", API["operators"])
def test_operator_of_plain_tensors(name):
    assert hasattr(torch.FloatTensor([1, 2]), name)


@pytest.mark.parametrize("name", API["variable methods"])
def test_member_of_variables(name):
    assert hasattr(Variable(torch.FloatTensor([1, 2])), name)


@pytest.mark.parametrize("name", sorted({*API["variable operators"]} - {"__getattr__"}))
def test_operator_of_variables(name):
    assert hasattr(Variable(torch.FloatTensor([1, 2])), name)


@pytest.mark.parametrize("name", API["functions"])
def test_name_of_the_namespace(name):
    assert hasattr(torch, name)


@pytest.mark.parametrize("name", API["storage methods"])
def test_method_of_storages(name):
    assert hasattr(torch.FloatStorage(2), name)


@pytest.mark.parametrize("name", API["generator methods"])
def test_method_of_generators(name):
    assert callable(getattr(torch.default_generator, name))


@pytest.mark.parametrize("name", ["backward", "grad", "grad_fn", "requires_grad", "detach", "register_hook", "item"])
def test_plain_tensors_have_no_history(name):
    assert not hasattr(torch.FloatTensor([1]), name)
    assert name not in dir(torch.FloatTensor([1]))


@pytest.mark.parametrize("name", ["item", "to", "reshape", "flatten", "relu", "softmax", "requires_grad_", "device",
                                  "dtype", "ndim", "T", "values", "new_zeros", "is_floating_point"])  # fmt: skip
def test_names_of_later_years_are_absent(name):
    for x in (torch.ones(1), torch.LongTensor([1]), Variable(torch.ones(1)), Parameter(torch.ones(1))):
        assert not hasattr(x, name) and name not in dir(x)
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(x, name)


@pytest.mark.parametrize("owner", [torch.ones(1), Variable(torch.ones(1))], ids=["plain", "Variable"])
def test_no_other_names(owner):
    known = {*API["methods"], *API["variable methods"], "is_distributed", "name", "unbind"}
    assert [name for name in dir(owner) if not name.startswith("_") and name not in known] == []


@pytest.mark.parametrize("name", ["numpy", "tolist", "storage", "storage_type", "apply_", "map_", "map2_"])
def test_variables_lack_what_is_about_memory(name):
    v = Variable(torch.ones(1))
    with pytest.raises(AttributeError, match=f"'Variable' object has no attribute '{name}'"):
        getattr(v, name)
    assert hasattr(v.data, name)


def test_names_absent_by_type():
    floats = "mean std var norm sqrt exp log sin tanh sigmoid floor uniform_ normal_ inverse svd histc".split()
    for name in floats:
        assert hasattr(torch.DoubleTensor(2), name)
        assert not hasattr(torch.LongTensor(2), name)
        assert not hasattr(torch.ByteTensor(2), name)
    for name in ("all", "any"):
        assert hasattr(torch.ByteTensor(2), name)
        assert not hasattr(torch.FloatTensor(2), name)


def test_half_tensors_of_the_cpu_can_be_kept_and_converted():
    half = torch.FloatTensor([1.5, 2]).half()
    assert type(half) is torch.HalfTensor
    assert not any(hasattr(half, name) for name in ("add", "sum", "mul_", "exp", "mm"))
    assert half.view(2, 1).size() == (2, 1)
    assert half.float().tolist() == [1.5, 2]
    assert type(half.storage()) is torch.HalfStorage
    assert torch.FloatTensor(2).copy_(half).tolist() == [1.5, 2]


def test_function_of_an_absent_method():
    with pytest.raises(TypeError, match="Type torch.LongTensor doesn't implement stateless method mean"):
        torch.mean(torch.LongTensor([1]))
