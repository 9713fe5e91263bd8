"""The constructors of 0.3's typed classes, and their classes."""

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Variable

ELEMENTS = {"Byte": "uint8", "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64", "Half": "float16",
            "Float": "float32", "Double": "float64"}  # fmt: skip


@pytest.fixture
def default_type():
    yield
    torch.set_default_tensor_type(torch.FloatTensor)


@pytest.mark.parametrize("name", ELEMENTS)
def test_class_of_instances(name):
    cls = getattr(torch, f"{name}Tensor")
    x = cls(2, 3)
    assert type(x) is cls and isinstance(x, cls)
    assert cls.__module__ == "torch" and cls.__name__ == f"{name}Tensor"
    assert x.size() == torch.Size([2, 3]) and x.type() == f"torch.{name}Tensor"
    assert x.numpy().dtype == ELEMENTS[name]


def test_types_are_apart():
    assert not isinstance(torch.FloatTensor(1), torch.DoubleTensor)
    assert torch.Tensor is torch.FloatTensor


def test_sizes_and_data():
    assert torch.Tensor(3, 4).size() == (3, 4)
    assert torch.Tensor((3, 4)).tolist() == [3, 4]
    assert torch.Tensor([3, 4]).tolist() == [3, 4]
    assert torch.Tensor(torch.Size([3, 4])).size() == (3, 4)
    assert torch.LongTensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert torch.Tensor(range(3)).tolist() == [0, 1, 2]


def test_empty():
    for x in (torch.Tensor(), torch.Tensor(0), torch.Tensor([]), torch.Tensor(0, 3)):
        assert x.dim() == 0 and x.numel() == 0 and x.size() == torch.Size() and x.tolist() == []


def test_over_a_tensor_storage_or_array():
    x = torch.FloatTensor([1, 2, 3])
    for same in (torch.FloatTensor(x), torch.FloatTensor(x.storage()), torch.FloatTensor(x.numpy())):
        same[0] = same[0] + 1
    assert x.tolist() == [4, 2, 3]


def test_array_of_another_type_is_converted():
    array = np.array([[1, 2]])
    x = torch.FloatTensor(array)
    array[0, 0] = 5
    assert x.tolist() == [[1, 2]]


def test_over_part_of_a_storage():
    storage = torch.FloatStorage([0, 1, 2, 3, 4, 5])
    assert torch.FloatTensor(storage, 1, torch.Size([2, 2])).tolist() == [[1, 2], [3, 4]]
    assert torch.FloatTensor(storage, 1, (2, 2), (1, 2)).tolist() == [[1, 3], [2, 4]]
    with pytest.raises(RuntimeError, match="too small"):
        torch.FloatTensor(storage, 4, (2, 2))


@pytest.mark.parametrize("args", [("3",), (1.5,), (torch.DoubleTensor(2),), (2, [1]), (None,)])
def test_refused_arguments(args):
    with pytest.raises(TypeError, match="torch.FloatTensor constructor received an invalid combination of arguments"):
        torch.FloatTensor(*args)


def test_no_keywords_or_variables():
    with pytest.raises(TypeError):
        torch.FloatTensor(size=(2, 3))
    with pytest.raises(TypeError, match="got \\(Variable\\)"):
        torch.FloatTensor(Variable(torch.ones(2)))


def test_refused_data():
    with pytest.raises(RuntimeError, match="found an item of type str"):
        torch.FloatTensor(["a"])
    with pytest.raises(RuntimeError, match="from a int sequence, but found an item of type float at index \\(1,\\)"):
        torch.LongTensor([1, 1.5])
    with pytest.raises(ValueError, match="inconsistent sequence length"):
        torch.FloatTensor([[1, 2], [3]])


def test_new():
    x = torch.DoubleTensor(2)
    assert type(x.new()) is torch.DoubleTensor and x.new().dim() == 0
    assert x.new(2, 3).size() == (2, 3)
    assert x.new([1, 2]).tolist() == [1, 2]
    assert x.new(x.size()).size() == (2,)


def test_default_tensor_type(default_type):
    for target in ("torch.DoubleTensor", torch.DoubleTensor):
        torch.set_default_tensor_type(target)
        assert torch.Tensor is torch.DoubleTensor and torch.Storage is torch.DoubleStorage
        for made in (torch.zeros(2), torch.randn(2), torch.arange(3), torch.eye(2), torch.linspace(0, 1, 3)):
            assert type(made) is torch.DoubleTensor
    with pytest.raises(ValueError, match="invalid type"):
        torch.set_default_tensor_type("torch.NoTensor")


def test_variable():
    data = torch.ones(2)
    v = Variable(data)
    assert v.data is data and v.data is v.data
    assert not v.requires_grad and not v.volatile and v.is_leaf and v.grad is None
    assert type(v) is Variable and not torch.is_tensor(v) and torch.is_tensor(data)
    assert Variable(data, requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="volatile and require_grad"):
        Variable(data, requires_grad=True, volatile=True)
    with pytest.raises(TypeError, match="data has to be a tensor, but got Variable"):
        Variable(v)
    with pytest.raises(TypeError, match="but got list"):
        Variable([1.0])


def test_data_of_a_variable_is_its_memory():
    v = Variable(torch.zeros(2, 2))
    v.data[0, 1] = 3
    v.data.add_(1)
    assert v[0, 1].data[0] == 4
    v.data = torch.ones(3)
    assert v.size() == (3,)
    v.data.resize_(2, 1)
    assert v.size() == (2, 1)


def test_numbers_that_do_not_fit():
    assert torch.LongTensor([2**63 - 1])[0] == 2**63 - 1 and torch.LongTensor([np.uint64(7)])[0] == 7
    with pytest.raises(RuntimeError, match="Overflow when unpacking long"):
        torch.LongTensor([1, 2**63])
    with pytest.raises(TypeError, match="doesn't accept any keyword arguments"):
        torch.FloatTensor(size=3)
