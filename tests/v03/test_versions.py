"""Version counters: every in-place change counts, and a saved Variable that was changed makes backward raise."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable

MODIFIED = "modified by an in-?place operation"


def computed():
    leaf = Variable(torch.ones(2, 2), requires_grad=True)
    return leaf, leaf * 1


@pytest.mark.parametrize("change", [
    lambda v: v.add_(1), lambda v: v.fill_(3), lambda v: v.zero_(), lambda v: v.mul_(2), lambda v: v.copy_(v * 2),
    lambda v: v.__setitem__(0, 5), lambda v: v.__setitem__((0, 1), 5),
])  # fmt: skip
def test_in_place_changes_count(change):
    v = Variable(torch.ones(2, 2))
    before = v._version
    change(v)
    assert v._version == before + 1


def test_what_is_no_change():
    v = Variable(torch.ones(2, 2))
    v + 1, v.t(), v.sum(), v[0]
    assert v._version == 0


def test_detach_shares_the_counter():
    v = Variable(torch.ones(2, 2))
    v.fill_(2)
    assert v.detach()._version == v._version == 1


@pytest.mark.parametrize(("operation", "saves"), [
    (lambda v: v * v, True), (lambda v: v.mm(v), True), (lambda v: v ** 2, True), (lambda v: v + v, False),
    (lambda v: v.sum(), False),
    (lambda v: v - 1, False), (lambda v: v * 3, False),
])  # fmt: skip
def test_only_what_was_saved_must_stay(operation, saves):
    leaf, v = computed()
    out = operation(v)
    v.add_(1)
    if saves:
        with pytest.raises(RuntimeError, match=MODIFIED):
            out.sum().backward()
    else:
        out.sum().backward()
        assert leaf.grad is not None


def test_a_saved_output_that_was_changed():
    leaf, v = computed()
    y = v.exp()
    z = y * 2
    y.add_(1)
    with pytest.raises(RuntimeError, match=MODIFIED):
        (y.sum() + z.sum()).backward()


def test_the_change_itself_has_the_right_gradient():
    leaf, v = computed()
    v.mul_(3)
    v.add_(v * 0 + 1)
    v.sum().backward()
    assert leaf.grad.data.tolist() == [[3, 3], [3, 3]]


def test_a_leaf_that_requires_grad_must_not_be_changed():
    leaf, _ = computed()
    changes = (lambda: leaf.add_(1), lambda: leaf.__setitem__(0, 1), leaf.zero_, lambda: leaf[0].fill_(1))
    for change in changes:
        with pytest.raises(RuntimeError):
            change()
    leaf.data.add_(1)
    assert leaf.data[0, 0] == 2
