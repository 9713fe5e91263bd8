"""torch._foreach_...: a method on each tensor of a list, against PyTorch."""

import pytest

import flambeau as fb
from flambeau import foreach

from .compare import outcome

CALLS = """
add(x, 1)
add(x, y, alpha=3)
add(x, [1, 2])
add(x, T.tensor(2.0))
add_(x, y)
sub_(x, y, alpha=2)
mul_(x, 2.0)
div_(x, [2.0, 4.0])
maximum_(x, y)
minimum(x, 0.5)
clamp_min_(x, 0)
pow(x, 2)
pow(2, x)
lerp_(x, y, 0.1)
addcmul_(x, y, y, value=0.5)
addcdiv(x, y, z, 2)
addcdiv_(x, y, z, [2.0, 3.0])
norm(x)
norm(x, 1)
norm(x, float("inf"))
copy_(x, y)
zero_(x)
neg(x)
sqrt_(y)
add([], 1)
add(x, [y[0]])
add(x, y[1])
add(x[0], 1)
add_(x, [T.ones(2, 3), T.ones(3)])
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_calls_agree_with_pytorch(call):
    torch = pytest.importorskip("torch")
    results = []
    for lib in (fb, torch):
        x = [lib.tensor([1.0, -2.0]), lib.tensor([0.5, 1.0, 2.0])]
        y = [lib.tensor([4.0, 9.0]), lib.tensor([3.0, 2.0, 1.0])]
        z = [lib.tensor([1.0, -2.0]), lib.tensor([1.0, 2.0, 4.0])]
        result = outcome(lib, f"T._foreach_{call}", x=x, y=y, z=z)
        results.append((result, outcome(lib, "x", x=x)))
    assert results[0] == results[1]


def test_the_same_names():
    torch = pytest.importorskip("torch")
    theirs = {name for name in dir(torch) if name.startswith("_foreach_")}
    assert theirs - set(foreach.__all__) == {"_foreach_powsum"}
    assert set(foreach.__all__) <= theirs
    assert all(callable(getattr(fb, name)) for name in foreach.__all__)


def test_in_place_returns_the_list_itself():
    x = [fb.ones(1), fb.ones(2)]
    assert fb._foreach_mul_(x, 3) is x and x[1].tolist() == [3, 3]


def test_gradients_pass():
    x = [fb.ones(2, requires_grad=True), fb.ones(1, requires_grad=True)]
    sum(t.sum() for t in fb._foreach_mul(x, [2.0, 5.0])).backward()
    assert x[0].grad.tolist() == [2, 2] and x[1].grad.tolist() == [5]


def test_a_refused_call_changes_nothing():
    x = [fb.ones(2), fb.ones(2)]
    with pytest.raises(RuntimeError, match="cannot change one of shape"):
        fb._foreach_add_(x, [fb.ones(2), fb.ones(3)])
    assert x[0].tolist() == [1, 1]
    with pytest.raises(AttributeError, match="_foreach_nothing"):
        fb._foreach_nothing(x)
