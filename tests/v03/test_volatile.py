"""volatile: nothing is recorded of what is computed with such a Variable, whatever else takes part."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable


def leaf(**flags):
    return Variable(torch.ones(2, 2), **flags)


@pytest.mark.parametrize("first", [dict(), dict(requires_grad=True), dict(volatile=True)])
@pytest.mark.parametrize("second", [dict(), dict(requires_grad=True), dict(volatile=True)])
def test_flags_of_a_result(first, second):
    out = leaf(**first) * leaf(**second)
    volatile = "volatile" in first or "volatile" in second
    assert out.volatile is volatile
    assert out.requires_grad is (not volatile and ("requires_grad" in first or "requires_grad" in second))
    assert (out.grad_fn is None) is (not out.requires_grad)


@pytest.mark.parametrize("operation", [
    lambda v, w: v + w, lambda v, w: w + v, lambda v, w: v.mm(w), lambda v, w: torch.cat([w, v]), lambda v,
    w: v.sum() + w.sum(),
    lambda v, w: w.addmm(v, w), lambda v, w: v.max(1)[0] + w[0], lambda v, w: torch.stack([w, v]), lambda v,
    w: (w > v).float() + v,
])  # fmt: skip
def test_one_volatile_input_is_enough(operation):
    out = operation(leaf(volatile=True), leaf(requires_grad=True))
    assert out.volatile and not out.requires_grad and out.grad_fn is None


@pytest.mark.parametrize("view", [
    lambda v: v[0], lambda v: v[0, 1], lambda v: v.t(), lambda v: v.view(4), lambda v: v.narrow(0, 0, 1),
    lambda v: v.chunk(2)[1],
    lambda v: v.detach(), lambda v: v.clone(), lambda v: v.contiguous(), lambda v: next(iter(v)),
    lambda v: v.expand(3, 2, 2),
    lambda v: v.double(), lambda v: v > 0, lambda v: v.sum(), lambda v: v.sort()[1],
])  # fmt: skip
def test_what_comes_of_a_volatile_variable_is_volatile(view):
    assert view(leaf(volatile=True)).volatile


def test_both_flags_are_refused():
    with pytest.raises(ValueError, match="volatile"):
        leaf(requires_grad=True, volatile=True)


def test_backward_from_a_volatile_variable_raises():
    with pytest.raises(RuntimeError, match="volatile"):
        leaf(volatile=True).sum().backward()


def test_assigning_a_volatile_value_makes_volatile():
    x = leaf() * 1
    x[0] = leaf(volatile=True)[0]
    assert x.volatile
    x = leaf(requires_grad=True) * 1
    x[0, 0] = leaf(volatile=True)[0, 0]
    assert x.volatile and not x.requires_grad


def test_in_place_with_a_volatile_operand():
    x = leaf(requires_grad=True) * 2
    x.add_(leaf(volatile=True))
    assert x.volatile and not x.requires_grad and x.grad_fn is None


def test_volatile_is_set_on_leaves():
    x = leaf()
    x.volatile = True
    assert x.volatile and (x * 2).volatile
    x.volatile = False
    assert not (x * 2).volatile
    with pytest.raises(RuntimeError):
        (leaf(requires_grad=True) * 2).volatile = True


def test_setting_volatile_ends_requires_grad():
    x = leaf(requires_grad=True)
    x.volatile = True
    assert not x.requires_grad


def test_a_new_variable_around_the_data_is_not_volatile():
    x = leaf(volatile=True)
    assert not Variable(x.data).volatile


def test_a_volatile_variable_takes_no_hook():
    with pytest.raises(RuntimeError, match="volatile"):
        leaf(volatile=True).register_hook(print)


def test_evaluation_of_a_model_by_hand():
    w = Variable(torch.ones(2, 1), requires_grad=True)
    x = leaf(volatile=True)
    for _ in range(3):
        x = x.mm(w).expand(2, 2).tanh()
    assert x.volatile and w.grad is None
