"""Broadcasting, the fallback to the older pointwise rule, and their errors and warnings."""

import warnings

import pytest

import flambeau.v03 as torch
from flambeau.v03 import backcompat
from flambeau.v03.faces import Variable

FALLBACK = (
    "self and other not broadcastable, but have the same number of elements.  Falling back to deprecated pointwise "
    "behavior."
)


def both(*sizes):
    """Tensors of ones of the sizes, plain ones and Variables."""
    plain = [torch.ones(*size) for size in sizes]
    return plain, [Variable(p) for p in plain]


def caught(function, *args):
    """The result of a call, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        result = function(*args)
    assert all(w.filename == __file__ for w in found)
    return result, [str(w.message) for w in found]


def add(a, b):
    return a + b


def test_sizes():
    for x, y in both((5, 3, 4, 1), (3, 1, 1)):
        assert (x + y).size() == (5, 3, 4, 1) and x.add_(y).size() == (5, 3, 4, 1)
    for x, y in both((5, 1), (3,)):
        assert (x + y).size() == (5, 3) and (y > x).size() == (5, 3) and x.max(y).size() == (5, 3)


def test_not_broadcastable():
    for x, y in both((5, 2, 4, 1), (3, 1, 1)):
        with pytest.raises(
            RuntimeError,
            match=r"The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 1$",
        ):
            x + y
    with pytest.raises(RuntimeError, match="an empty tensor does not broadcast"):
        torch.FloatTensor() + torch.FloatTensor(2, 2)


def test_in_place_keeps_the_size():
    for x, y in both((1, 3, 1), (3, 1, 7)):
        with pytest.raises(
            RuntimeError,
            match=r"The expanded size of the tensor \(1\) must match the existing size \(7\) at "
            r"non-singleton dimension 2\.$",
        ):
            x.add_(y)


@pytest.mark.parametrize("face", [0, 1])
def test_fallback(face):
    x, y = both((2, 3), (3, 2))[face]
    result, texts = caught(add, x, y)
    assert texts == [FALLBACK] and result.size() == (2, 3)
    result, texts = caught(lambda: x.addcmul(y, y))
    assert texts == [FALLBACK.replace("self and other", "self, tensor1, and tensor2")] and result.size() == (2, 3)
    assert caught(lambda: x.lerp(y, 0.5))[1] == [FALLBACK.replace("other", "end")]
    result, texts = caught(lambda: x.add_(y))
    assert texts == [FALLBACK] and result is x


def test_fallback_is_elementwise_in_order_and_has_a_gradient():
    x, y = Variable(torch.arange(0, 6).view(2, 3)), Variable(torch.arange(0, 6).view(3, 2), requires_grad=True)
    result, texts = caught(lambda: x * y)
    assert texts == [FALLBACK] and result.data.tolist() == [[0, 1, 4], [9, 16, 25]]
    result.sum().backward()
    assert y.grad.data.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_broadcasting_wins():
    for x, y in both((4, 1), (4,)):
        result, texts = caught(add, x, y)
        assert result.size() == (4, 4) and texts == []
        _, texts = caught(lambda: x.add_(y))  # noqa: B023  (called at once)
        assert texts == [FALLBACK]


def test_broadcast_warning(monkeypatch):
    monkeypatch.setattr(backcompat.broadcast_warning, "enabled", True)
    result, texts = caught(torch.add, torch.ones(4, 1), torch.ones(4))
    assert result.size() == (4, 4)
    assert texts == [
        "self and other do not have the same shape, but are broadcastable, and have the same number of elements.  "
        "Changing behavior in a backwards incompatible manner to broadcasting rather than viewing as 1-dimensional."
    ]
    assert caught(torch.add, torch.ones(4, 1), torch.ones(3))[1] == []


def test_switches_take_bools():
    with pytest.raises(TypeError, match="must be a bool"):
        backcompat.broadcast_warning.enabled = 1


def test_copy():
    x = torch.zeros(2, 3)
    assert x.copy_(torch.FloatTensor([1, 2, 3])).tolist() == [[1, 2, 3], [1, 2, 3]]
    result, texts = caught(lambda: x.copy_(torch.arange(0, 6).view(3, 2)))
    assert result.tolist() == [[0, 1, 2], [3, 4, 5]] and len(texts) == 1 and "Falling back" in texts[0]
    assert caught(lambda: x.copy_(torch.arange(6, 12), broadcast=False))[0].tolist() == [[6, 7, 8], [9, 10, 11]]
    with pytest.raises(RuntimeError):
        x.copy_(torch.ones(2, 2))
    assert x.copy_(torch.LongTensor([4, 5, 6])).tolist()[0] == [4, 5, 6]
    assert torch.zeros(2).copy_(torch.ones(2), **{"async": True}).sum() == 2


def test_masks_broadcast():
    x = torch.ones(2, 3)
    assert x.masked_fill_(torch.ByteTensor([1, 0, 0]), 5).tolist() == [[5, 1, 1], [5, 1, 1]]
    assert x.masked_select(torch.ByteTensor([[1], [0]])).tolist() == [5, 1, 1]


def test_products():
    for a, b in both((2, 3), (3, 4)):
        assert a.mm(b).size() == (2, 4) and (a @ b).size() == (2, 4) and torch.matmul(a, b).size() == (2, 4)
    for a, b in both((5, 2, 3), (5, 3, 4)):
        assert a.bmm(b).size() == (5, 2, 4) and a.matmul(b[0]).size() == (5, 2, 4)
    for m, v in both((2, 3), (3,)):
        assert m.mv(v).size() == (2,) and v.ger(v).size() == (3, 3) and (m @ v).size() == (2,)
    assert torch.ones(3).matmul(torch.ones(3)) == 3.0
    assert torch.addmm(torch.ones(4), torch.ones(2, 3), torch.ones(3, 4)).size() == (2, 4)
