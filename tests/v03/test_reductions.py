"""Reductions: Python numbers of plain tensors, Variables of one element, the types of sums."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import backcompat
from flambeau.v03.faces import Variable

FULL = {
    "sum": 10, "mean": 2.5, "prod": 24, "max": 4, "min": 1, "norm": 30**0.5, "trace": 5, "median": 2, "var": 5 / 3,
    "std": (5 / 3) ** 0.5,
}  # fmt: skip


def matrix():
    return torch.FloatTensor([[1, 2], [3, 4]])


@pytest.mark.parametrize("name", FULL)
def test_full_reductions(name):
    for result in (getattr(matrix(), name)(), getattr(torch, name)(matrix())):
        assert type(result) is float and result == pytest.approx(FULL[name], rel=1e-6)
    for result in (getattr(Variable(matrix()), name)(), getattr(torch, name)(Variable(matrix()))):
        assert type(result) is Variable and result.size() == (1,) and result.dim() == 1 and len(result) == 1
        assert result.data[0] == pytest.approx(FULL[name], rel=1e-6)


def test_full_reductions_of_ints_are_ints():
    x = torch.LongTensor([1, 2, 3])
    for result, value in ((x.sum(), 6), (x.prod(), 6), (x.max(), 3), (x.dot(x), 14)):
        assert type(result) is int and result == value


def test_dot_dist_equal():
    a, b = torch.FloatTensor([1, 2]), torch.FloatTensor([4, 6])
    assert torch.dot(a, b) == 16.0 and a.dist(b) == 5.0 and torch.dist(a, b, 1) == 7.0
    assert a.equal(a) is True and torch.equal(a, b) is False
    assert torch.ByteTensor([1, 1]).all() is True and torch.ByteTensor([0, 0]).any() is False
    assert Variable(torch.ByteTensor([1, 0])).any().size() == (1,)
    assert Variable(a).dot(Variable(b)).size() == (1,)


def test_numbers_have_double_precision():
    x = torch.FloatTensor([0.1, 0.2, 0.3])
    values = x.numpy().astype("float64")
    assert x.sum() == values.sum() and x.mean() == values.mean() and x.prod() == values.prod()
    assert x.norm() == pytest.approx((values**2).sum() ** 0.5, rel=1e-15)
    assert x.std() == pytest.approx(values.std(ddof=1), rel=1e-14)
    assert x.var(False) == pytest.approx(values.var(), rel=1e-14)
    assert x.dist(torch.zeros(3)) == x.norm() and x.view(1, 3).trace() == values[0]
    assert Variable(x).sum().data[0] == x.numpy().sum()


def test_dims():
    x = matrix()
    assert x.sum(0).tolist() == [4, 6] and x.sum(1, True).tolist() == [[3], [7]]
    assert x.sum(dim=0, keepdim=True).size() == (1, 2)
    values, indices = x.max(1)
    assert type(x.max(1)) is tuple and values.tolist() == [2, 4] and type(indices) is torch.LongTensor
    assert torch.FloatTensor([1, 2, 3]).sum(0).tolist() == [6]
    assert [t.size() for t in torch.FloatTensor([1, 2, 3]).max(0)] == [(1,), (1,)]
    assert x.norm(2, 0).size() == (2,) and x.norm(1) == 10


def test_dim_out_of_range():
    for x in (matrix(), Variable(matrix())):
        for wrong in (lambda: x.sum(2), lambda: x.transpose(0, -3), lambda: x.size(2)):  # noqa: B023  (called at once)
            with pytest.raises(RuntimeError, match="(?i)dimension.*out of range"):
                wrong()


def test_order_of_arguments_of_std_and_var():
    x = matrix()
    assert x.var(0, False).tolist() == [1, 1]  # unbiased first for plain tensors
    assert Variable(x).var(0, True).size() == (1, 2)  # keepdim first for Variables
    assert Variable(x).var(0, False, False).data.tolist() == [1, 1]
    assert x.std(0, True, True).size() == (1, 2)


def test_sums_of_bytes():
    x = torch.ByteTensor([200, 100])
    assert x.sum() == 300
    assert type(x.sum(0)) is torch.ByteTensor and x.sum(0).tolist() == [44]
    total = Variable(x).sum()
    assert total.type() == "torch.ByteTensor" and total.data[0] == 44
    assert x.cumsum(0).tolist() == [200, 44] and type(x.cumsum(0)) is torch.ByteTensor
    assert torch.IntTensor([2, 3]).prod(0).type() == "torch.IntTensor"


def test_variable_of_a_full_reduction_goes_on():
    v = Variable(matrix(), requires_grad=True)
    loss = v.sum()
    assert (loss * torch_one()).size() == (1,) and (loss + 1).size() == (1,) and (1 - loss).size() == (1,)
    assert torch.cat([loss, loss]).size() == (2,) and torch.stack([loss, loss]).size() == (2, 1)
    assert loss.view(1, 1).size() == (1, 1) and loss.expand(3).size() == (3,) and loss.unsqueeze(0).size() == (1, 1)
    assert loss[0].size() == (1,) and list(loss)[0].data[0] == 10
    assert (loss * v).size() == (2, 2) and loss.sum().size() == (1,) and loss.mean(0).size() == (1,)
    total = loss * 2
    total += loss
    total += torch_one()
    assert total.size() == (1,) and total.data[0] == 31
    total.backward()
    assert v.grad.data.tolist() == [[3, 3], [3, 3]]


def torch_one():
    return Variable(torch.ones(1))


def test_float_and_bool_of_variables():
    v = Variable(torch.FloatTensor([2.5]))
    assert float(v) == 2.5 and int(v) == 2 and bool(v) and not Variable(torch.zeros(1))
    assert not torch.Tensor()
    with pytest.raises(RuntimeError, match="bool value of non-empty torch.FloatTensor objects is ambiguous"):
        bool(torch.ones(2))
    with pytest.raises(RuntimeError, match="bool value of non-empty torch.LongTensor objects is ambiguous"):
        bool(torch.LongTensor([1]))
    with pytest.raises(RuntimeError, match="bool value of Variable objects containing non-empty torch.FloatTensor"):
        bool(Variable(torch.ones(2)))


def test_keepdim_warning(monkeypatch):
    x = matrix()
    x.sum(0)
    monkeypatch.setattr(backcompat.keepdim_warning, "enabled", True)
    with pytest.warns(UserWarning, match="default value for keepdim which has changed default to False") as caught:
        x.sum(0)
    assert caught[0].filename == __file__ and len(caught) == 1
    x.sum(0, keepdim=False)
    x.sum(0, True)


def test_sorting():
    x = torch.FloatTensor([3, 1, 2])
    values, order = x.sort()
    assert values.tolist() == [1, 2, 3] and order.tolist() == [1, 2, 0] and type(order) is torch.LongTensor
    assert torch.sort(x, 0, True)[0].tolist() == [3, 2, 1]
    assert x.topk(2)[0].tolist() == [3, 2] and x.topk(2, 0, False, True)[0].tolist() == [1, 2]
    assert x.kthvalue(2)[0].tolist() == [2] and torch.mode(torch.LongTensor([1, 2, 2]))[0].tolist() == [2]
    assert x.nonzero().tolist() == [[0], [1], [2]] and torch.zeros(2).nonzero().dim() == 0


def test_results_into_tensors_of_the_type_of_the_input():
    x, out = torch.FloatTensor([1, 2]), torch.FloatTensor()
    assert torch.lt(x, 2, out=out) is out and out.tolist() == [1, 0]
    assert torch.eq(x, x, out=torch.ByteTensor()).tolist() == [1, 1]
    with pytest.raises(TypeError):
        torch.gt(x, 2, out=torch.LongTensor())


def test_parts_of_a_row_are_numbers():
    x = torch.arange(0, 3)
    assert x.select(0, 1) == 1 and torch.unbind(x) == x.unbind(-1) == (0, 1, 2) and type(x.select(0, 0)) is float
    assert x.view(1, 3).select(1, 2).tolist() == [2] and Variable(x).select(0, 1).size() == (1,)
    assert [v.size() for v in Variable(x).unbind()] == [(1,)] * 3
    with pytest.raises(RuntimeError):
        x.select(0, 3)


def test_sizes_that_are_refused():
    for call in (lambda x: x.topk(0), lambda x: x.narrow(0, -1, 1), lambda x: torch.cat([x, x], 1),
                 lambda x: torch.stack([x, x], 2)):  # fmt: skip
        with pytest.raises(RuntimeError):
            call(torch.arange(0, 3))
    with pytest.raises(ValueError, match="non-empty"):
        torch.stack([])
    with pytest.raises(TypeError, match="clamp"):
        torch.clamp(torch.ones(2))
