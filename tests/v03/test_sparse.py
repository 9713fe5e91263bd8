"""Sparse tensors of 0.3: the typed names, printing, arithmetic, products, and Variables around them."""

import copy
import pickle

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.nn as nn
from flambeau.v03.autograd import Variable

SIZE = torch.Size([2, 3])


def sparse(kind=torch.sparse.FloatTensor, values=torch.FloatTensor):
    return kind(torch.LongTensor([[0, 1, 1], [2, 0, 2]]), values([3, 4, 5]), SIZE)


def repeated():
    """Two entries at 0, whose values have two elements each."""
    indices = torch.LongTensor([[0, 0, 1]])
    return torch.sparse.FloatTensor(indices, torch.FloatTensor([[1, 2], [3, 4], [5, 6]]), torch.Size([2, 2]))


def test_printing():
    assert str(sparse()) == (
        "torch.sparse.FloatTensor of size 2x3 with indices:\n\n 0  1  1\n 2  0  2\n[torch.LongTensor of size 2x3]\n"
        "and values:\n\n 3\n 4\n 5\n[torch.FloatTensor of size 3]\n"
    )
    assert str(Variable(sparse())).startswith("Variable containing:\ntorch.sparse.FloatTensor of size 2x3 with")


def test_parts():
    x = sparse()
    assert x._indices().equal(torch.LongTensor([[0, 1, 1], [2, 0, 2]])) and x._values().equal(torch.Tensor([3, 4, 5]))
    assert (x._nnz(), x._dimI(), x._dimV(), x.dim(), x.ndimension()) == (3, 2, 0, 2, 2)
    assert x.size() == SIZE and x.size(1) == 3 and x.is_sparse and torch.is_tensor(x)
    assert isinstance(x.size(), torch.Size) and type(x._indices()) is torch.LongTensor
    assert x.type() == "torch.sparse.FloatTensor" and x.double().type() == "torch.sparse.DoubleTensor"
    assert x.type("torch.sparse.DoubleTensor").type() == x.type(torch.sparse.DoubleTensor).type()
    assert isinstance(x, torch.sparse.FloatTensor) and not isinstance(x, torch.sparse.DoubleTensor)
    x._values().add_(1)
    assert x.to_dense().equal(torch.Tensor([[0, 0, 4], [5, 0, 6]]))


def test_coalesce():
    x = repeated()
    assert not x.is_coalesced() and x.coalesce().is_coalesced() and x._dimV() == 1
    assert x.coalesce()._values().equal(torch.Tensor([[4, 6], [5, 6]])) and type(x.coalesce()) is type(x)
    assert x.to_dense().equal(torch.Tensor([[4, 6], [5, 6]]))


def test_without_entries():
    x = torch.sparse.DoubleTensor(2, 3)
    assert x._nnz() == 0 and x.size() == SIZE and x.type() == "torch.sparse.DoubleTensor"
    assert x.to_dense().equal(torch.zeros(2, 3).double()) and x.new(3, 4).type() == x.type()
    y = sparse()
    assert y.zero_() is y and y._nnz() == 0 and y._values().type() == "torch.FloatTensor"
    assert y.resize_as_(repeated())._dimV() == 1 and y.size() == torch.Size([2, 2])


def test_arithmetic():
    x, dense = sparse(), sparse().to_dense()
    for result, expected in (
        (x + x, dense * 2), (x - x, dense * 0), (x * 2, dense * 2), (x / 2, dense / 2), (x.pow(2), dense**2),
        (x.add(2, x), dense * 3), (torch.add(x, 2, x), dense * 3), (x.mul(x), dense**2), (x.sub(0.5, x), dense / 2),
        (x.clone().add_(x), dense * 2), (x.clone().mul_(3), dense * 3), (x.t(), dense.t()),
        (x.transpose(0, 1), dense.t()), (x.clone().t_(), dense.t()),
    ):  # fmt: skip
        assert isinstance(result, torch.sparse.FloatTensor) and result.to_dense().equal(expected.contiguous())
    assert x.norm() == pytest.approx(np.sqrt(50)) and isinstance(x.norm(), float)
    ones = torch.ones(2, 3)
    assert (ones + x).equal(dense + 1) and ones.add(2, x).equal(2 * dense + 1)
    assert ones.add_(x) is ones and ones.equal(dense + 1)


def test_products():
    x, m = sparse(), torch.ones(3, 2)
    product = x.to_dense().mm(m)
    for result in (torch.mm(x, m), x.mm(m), torch.dsmm(x, m), torch.spmm(x, m)):
        assert result.equal(product) and type(result) is torch.FloatTensor
    assert torch.addmm(0.5, torch.ones(2, 2), 2, x, m).equal(product * 2 + 0.5)
    assert torch.hsmm(x, m).to_dense().equal(product)
    assert torch.saddmm(1, torch.sparse.FloatTensor(2, 2), 2, x, m).to_dense().equal(product * 2)
    assert torch.ones(2, 3)._sparse_mask(x)._values().equal(torch.ones(3))


def test_errors():
    x, indices = sparse(), torch.LongTensor([[1]])
    with pytest.raises(TypeError, match=r"got \(torch.sparse.FloatTensor, torch.sparse.DoubleTensor\)"):
        x.add(x.double())
    with pytest.raises(TypeError, match=r"constructor .* got \(torch.LongTensor, torch.DoubleTensor, "):
        torch.sparse.FloatTensor(indices, torch.DoubleTensor([1]), torch.Size([2]))
    with pytest.raises(RuntimeError, match="found index 5"):
        torch.sparse.FloatTensor(indices * 5, torch.FloatTensor([1]), torch.Size([2]))
    with pytest.raises(TypeError, match="doesn't implement method exp"):
        torch.exp(x)


def test_variables():
    inside, m = sparse(), Variable(torch.ones(3, 2), requires_grad=True)
    x = Variable(inside)
    assert isinstance(x, Variable) and x.data is inside and not torch.is_tensor(x)
    torch.mm(x, m).sum().backward()
    assert m.grad.data.equal(torch.Tensor([[4, 4], [0, 0], [8, 8]])) and (x * 2).data._values()[0] == 6
    assert Variable(sparse(), volatile=True).volatile


@pytest.mark.parametrize("make, rate", [("SGD", 0.1), ("Adagrad", 0.1), ("SparseAdam", 0.1)])
def test_gradients_of_embeddings(make, rate):
    layer = nn.Embedding(5, 3, sparse=True)
    optimizer = getattr(torch.optim, make)(layer.parameters(), lr=rate)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = layer(Variable(torch.LongTensor([[1, 2], [2, 0]]))).pow(2).sum()
        loss.backward()
        grad = layer.weight.grad
        assert isinstance(grad, Variable) and isinstance(grad.data, torch.sparse.FloatTensor)
        assert isinstance(grad.data.coalesce(), torch.sparse.FloatTensor)
        assert torch.is_tensor(grad.data.coalesce()._values()) and torch.is_tensor(grad.data._indices())
        optimizer.step()
        losses.append(loss.data[0])
    assert losses[-1] < losses[0] and not optimizer.zero_grad() and layer.weight.grad.data._nnz() == 0


def test_copies():
    x = sparse()
    for copied in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone()):
        assert isinstance(copied, torch.sparse.FloatTensor) and copied.to_dense().equal(x.to_dense())
        copied._values().zero_()
    assert x._values().equal(torch.Tensor([3, 4, 5]))


KINDS = "Byte Char Short Int Long Float Double".split()


@pytest.mark.parametrize("kind", KINDS)
def test_one_class_per_type(kind):
    cls, values = getattr(torch.sparse, f"{kind}Tensor"), getattr(torch, f"{kind}Tensor")
    x = sparse(cls, values)
    assert type(x) is type(x.clone()) is type(x + x) is type(x.coalesce()) is type(cls(2, 3)) is type(x.new(2)) is cls
    assert cls.is_sparse and not cls.is_cuda and repr(cls) == f"<class 'torch.sparse.{kind}Tensor'>"
    assert x.type() == f"torch.sparse.{kind}Tensor" == torch.typename(x) and x.type(cls) is x
    assert type(x.to_dense()) is type(x._values()) is values and x.to_dense().sum() == 12
    for other in KINDS:
        converted = x.type(f"torch.sparse.{other}Tensor")
        assert type(converted) is getattr(torch.sparse, f"{other}Tensor") is type(getattr(x, other.lower())())
        assert isinstance(x, type(converted)) == (other == kind)
    assert type(copy.deepcopy(x)) is type(pickle.loads(pickle.dumps(x))) is type(Variable(x).data) is cls
    with pytest.raises(TypeError, match=rf"torch.sparse.{kind}Tensor constructor received"):
        cls("text")
def test_a_sparse_tensor_of_nothing():
    x = torch.sparse.FloatTensor()
    assert x.size() == () and x.dim() == 0 and x._indices().numel() == x._values().numel() == x._nnz() == 0
