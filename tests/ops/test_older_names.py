"""Python 2's operators, and masked_copy_."""

import pytest

import flambeau as fb


def test_operators():
    x = fb.tensor([3.0, 4.0], requires_grad=True)
    assert x.__div__(2).tolist() == [1.5, 2.0] and x.__rdiv__(12).tolist() == [4.0, 3.0]
    x.__div__(2).sum().backward()
    assert x.grad.tolist() == [0.5, 0.5]
    y = fb.tensor([3.0, 4.0])
    assert y.__idiv__(2) is y and y.tolist() == [1.5, 2.0] and y._version == 1
    assert fb.tensor([3, 4]).__div__(2).tolist() == [1.5, 2.0]


def test_values():
    assert fb.tensor(3.7).__long__() == 3 and type(fb.tensor(3.7).__long__()) is int
    assert fb.tensor([2]).__nonzero__() is True and fb.tensor(0.0).__nonzero__() is False
    with pytest.raises(RuntimeError, match="ambiguous"):
        fb.ones(2).__nonzero__()


def test_masked_copy():
    x, mask = fb.zeros(3), fb.tensor([True, False, True])
    with pytest.warns(DeprecationWarning, match="renamed to masked_scatter_"):
        assert x.masked_copy_(mask, fb.tensor([1.0, 2.0])) is x
    assert x.tolist() == [1.0, 0.0, 2.0]
