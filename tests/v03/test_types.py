"""Conversions between the types of 0.3, and how strictly it kept them apart."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Variable


def test_type():
    x = torch.FloatTensor([1.7, -2.7])
    assert x.type() == "torch.FloatTensor"
    assert x.type("torch.FloatTensor") is x and x.type(torch.FloatTensor) is x and x.float() is x
    for converted in (x.type(torch.LongTensor), x.type("torch.LongTensor"), x.long(), x.type_as(torch.LongTensor())):
        assert type(converted) is torch.LongTensor and converted.tolist() == [1, -2]
    assert type(x.double()) is torch.DoubleTensor
    with pytest.raises(ValueError, match="invalid type"):
        x.type("FloatTensor")


@pytest.mark.parametrize("name", ["byte", "char", "short", "int", "long", "half", "float", "double"])
def test_conversions(name):
    x = torch.IntTensor([1, 2])
    assert getattr(x, name)().type() == f"torch.{name.capitalize()}Tensor"
    v = getattr(Variable(x), name)()
    assert type(v) is Variable and v.type() == f"torch.{name.capitalize()}Tensor"


def test_type_of_a_variable():
    v = Variable(torch.ones(2), requires_grad=True)
    assert v.type() == "torch.FloatTensor" and v.type("torch.FloatTensor") is v
    double = v.type(torch.DoubleTensor)
    assert double.data.type() == "torch.DoubleTensor"
    double.sum().backward()
    assert v.grad.data.tolist() == [1, 1]


def test_is_signed_and_sizes():
    assert not torch.ByteTensor(1).is_signed() and torch.CharTensor(1).is_signed() and torch.FloatTensor(1).is_signed()
    assert torch.DoubleTensor(1).element_size() == 8
    assert torch.ones(2, 3).is_same_size(torch.zeros(2, 3))
    assert torch.ones(2, 3).stride() == (3, 1) and torch.ones(2, 3).t().stride(0) == 1
    assert torch.ones(2, 3).ndimension() == torch.ones(2, 3).dim() == 2
    assert torch.ones(2, 3).nelement() == torch.numel(torch.ones(2, 3)) == 6


def test_plain_tensors_do_not_mix_types():
    with pytest.raises(TypeError) as error:
        torch.FloatTensor([1]) + torch.DoubleTensor([1])
    assert str(error.value) == (
        "add received an invalid combination of arguments - got (torch.DoubleTensor), but expected one of:\n"
        " * (float value)\n * (torch.FloatTensor other)\n * (float value, torch.FloatTensor other)"
    )
    for wrong in (lambda: torch.LongTensor([1]) + 1.5, lambda: torch.FloatTensor([1]) == torch.LongTensor([1]),
                  lambda: torch.FloatTensor([[1]]).mm(torch.DoubleTensor([[1]])), lambda: torch.LongTensor([1]) * 0.5,
                  lambda: torch.ones(2).masked_fill_(torch.ones(2), 1), lambda: torch.ones(2) + Variable(torch.ones(2)),
                  lambda: torch.ones(3).index_select(0, torch.IntTensor([0]))):  # fmt: skip
        with pytest.raises(TypeError, match="received an invalid combination of arguments - got"):
            wrong()


def test_variables_do_not_mix_types():
    floats, doubles = Variable(torch.ones(1)), Variable(torch.DoubleTensor([1]))
    with pytest.raises(RuntimeError, match="torch.FloatTensor.*torch.DoubleTensor"):
        floats + doubles
    with pytest.raises(RuntimeError, match="torch.LongTensor.*torch.FloatTensor"):
        floats.index_select(0, floats)
    with pytest.raises(RuntimeError, match="cannot be converted to type int64_t"):
        Variable(torch.LongTensor([1])) + 1.5
    with pytest.raises(RuntimeError, match="cannot be converted to type int64_t"):
        Variable(torch.LongTensor([1])) * float("inf")
    with pytest.raises(TypeError, match="got \\(torch.FloatTensor\\)"):
        floats + torch.ones(1)
    with pytest.raises(RuntimeError, match="exp is not implemented for type torch.LongTensor"):
        Variable(torch.LongTensor([1])).exp()


def test_numbers_that_fit():
    assert (torch.LongTensor([1]) + 2).tolist() == [3]
    assert (torch.FloatTensor([1]) + 2).tolist() == [3]
    assert (Variable(torch.LongTensor([1])) + 2.0).data.tolist() == [3]


def test_wrong_number_of_arguments():
    with pytest.raises(TypeError, match="view received an invalid combination of arguments - got \\(str, str\\)"):
        torch.ones(2).view("a", "b")
    with pytest.raises(TypeError, match=r"add\(\) received an invalid combination of arguments - got \(str\)"):
        Variable(torch.ones(2)).add("a")


def test_typename():
    assert torch.typename(torch.ones(1)) == "torch.FloatTensor"
    assert torch.typename(torch.FloatStorage(1)) == "torch.FloatStorage"
    assert torch.typename(Variable(torch.ones(1))) == "torch.autograd.variable.Variable"
    assert torch.typename(3) == "int"


def test_storages():
    x = torch.LongTensor([1, 2])
    assert type(x.storage()) is torch.LongStorage and torch.is_storage(x.storage())
    assert x.storage_type() is torch.LongStorage
    assert x.storage().tolist() == [1, 2]


def test_halves_on_the_cpu_have_no_arithmetic():
    x = torch.ones(2).half()
    for compute in (lambda: x + 1, lambda: 1 - x, lambda: x * x, lambda: x / 2, lambda: -x, lambda: x > 0,
                    lambda: x == x, lambda: x.add(1)):  # fmt: skip
        with pytest.raises(AttributeError, match="has no attribute"):
            compute()
    assert x.float().tolist() == [1, 1] and float(x[:1].float()) == 1 and x.view(2, 1).size() == (2, 1)
    assert x.clone().type() == "torch.HalfTensor" and str(x) and x.storage().size() == 2


def test_arguments_by_their_documented_names():
    x = torch.arange(0, 6).view(2, 3)
    assert torch.chunk(tensor=x, chunks=3, dim=1)[2].tolist() == x.chunk(n_chunks=3, dim=1)[2].tolist() == [[2], [5]]
    assert torch.split(tensor=x, split_size=1)[1].tolist() == [[3, 4, 5]]
    assert torch.sum(input=x, dim=1).tolist() == [3, 12]
    assert torch.zeros(2, 3).copy_(src=x).equal(x) and torch.LongTensor(3).geometric_(p=0.5).min() >= 1
