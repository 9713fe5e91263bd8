"""backward and grad of 0.3: which gradients are volatile, how they are added up, what is refused."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import autograd
from flambeau.v03.autograd import Variable


def leaf(*values, **flags):
    flags = flags or dict(requires_grad=True)
    return Variable(torch.Tensor(list(values)), **flags)


def test_a_plain_backward_gives_volatile_gradients():
    x = leaf(1, 2)
    (x * x).sum().backward()
    assert type(x.grad) is Variable and x.grad.volatile and not x.grad.requires_grad
    assert x.grad.data.tolist() == [2, 4]


@pytest.mark.parametrize("seed", [None, torch.Tensor([1, 1]), Variable(torch.Tensor([1, 1]), volatile=True)])
def test_seeds_without_history_give_volatile_gradients(seed):
    x = leaf(1, 2)
    y = x * x
    (y.sum() if seed is None else y).backward(seed)
    assert x.grad.volatile and x.grad.data.tolist() == [2, 4]


def test_gradients_add_up_in_place():
    x = leaf(1, 2)
    (x * 3).sum().backward()
    first, data = x.grad, x.grad.data
    (x * 3).sum().backward()
    assert x.grad is first and x.grad.data is data
    assert data.tolist() == [6, 6]


def test_the_gradient_of_a_view_is_copied_and_volatile():
    x = leaf(1, 2)
    x.expand(3, 2).sum().backward()
    x.sum().backward()
    assert x.grad.volatile and x.grad.data.tolist() == [4, 4]


def test_a_seed_that_is_not_volatile_records_the_backward():
    x = leaf(1, 2)
    (x ** 3).backward(Variable(torch.ones(2)))
    assert not x.grad.volatile and x.grad.requires_grad and x.grad.grad_fn is not None
    first = x.grad
    first.sum().backward()
    assert x.grad is not first  # a gradient that was recorded is not changed in place
    assert x.grad.data.tolist() == [3 + 6, 12 + 12]


def test_a_volatile_gradient_added_to_a_recorded_one_leaves_it_recordable():
    x = leaf(1, 2)
    (x * x).backward(Variable(torch.ones(2)))
    (x * 3).sum().backward()
    assert not x.grad.volatile
    assert x.grad.data.tolist() == [5, 7]


def test_create_graph_makes_gradients_of_gradients():
    x = leaf(2)
    (g,) = autograd.grad([(x ** 3).sum()], [x], create_graph=True)
    assert g.data[0] == 12 and g.requires_grad
    g.backward()
    assert x.grad.data[0] == 12 and x.grad.volatile


def test_grad_without_create_graph_is_volatile():
    x = leaf(2)
    (g,) = autograd.grad((x ** 3).sum(), x)
    assert g.volatile and x.grad is None


def test_the_gradient_penalty_of_2017():
    w, x = leaf(3), leaf(2)
    y = w * x * x
    (g,) = autograd.grad(
        outputs=y, inputs=x, grad_outputs=torch.ones(1), create_graph=True, retain_graph=True, only_inputs=True
    )
    penalty = ((g.norm(2) - 1) ** 2).mean()
    penalty.backward()
    # g = 2 w x = 12; d/dw (g - 1)^2 = 2 (g - 1) 2 x
    assert w.grad.data[0] == 2 * 11 * 4


def test_only_inputs_false_adds_to_the_other_leaves():
    x, w = leaf(2), leaf(3)
    (g,) = autograd.grad([x * w], [x], only_inputs=False)
    assert g.data[0] == 3 and w.grad.data[0] == 2 and x.grad is None


def test_unused_inputs():
    x, y = leaf(1), leaf(1)
    with pytest.raises(RuntimeError, match="used"):
        autograd.grad([x * 2], [x, y])
    assert autograd.grad([x * 2], [y], allow_unused=True) == (None,)
    with pytest.raises(RuntimeError, match="require"):
        autograd.grad([x * 2], [leaf(1, volatile=False)])


def test_only_one_element_needs_no_seed():
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (x * 2).backward()
    with pytest.raises(RuntimeError):
        (x * 2).backward(torch.ones(3))
    with pytest.raises(TypeError):
        (x * 2).backward([1, 1])


def test_a_variable_that_requires_no_grad():
    with pytest.raises(RuntimeError, match="does not require grad"):
        leaf(1, volatile=False).backward()


def test_several_roots():
    x = leaf(2)
    autograd.backward([x * x, x * 3], [None, torch.Tensor([2])])
    assert x.grad.data[0] == 4 + 6


def test_the_graph_is_freed():
    x = leaf(2)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.data[0] == 12


def test_retain_variables_is_the_older_name():
    x = leaf(2)
    y = x * x
    with pytest.warns(UserWarning, match="retain_variables"):
        y.backward(retain_variables=True)
    y.backward()
    with pytest.raises(ValueError):
        y.backward(retain_variables=True, retain_graph=True)


def test_backward_of_a_leaf():
    x = leaf(5)
    x.backward()
    assert x.grad.data[0] == 1


def test_grad_takes_variables_only():
    x = leaf(1, 2)
    x.grad = Variable(torch.ones(2))
    x.grad = None
    with pytest.raises(TypeError):
        x.grad = torch.ones(2)
    with pytest.raises(RuntimeError):
        x.grad = Variable(torch.ones(3))


def test_requires_grad_is_of_leaves():
    y = leaf(1) * 2
    with pytest.raises(RuntimeError, match="leaf"):
        y.requires_grad = False
    x = leaf(1, volatile=False)
    x.requires_grad = True
    (x * 2).backward()
    assert x.grad.data[0] == 2


def test_freezing_a_subgraph():
    frozen, free = leaf(2, requires_grad=False), leaf(3)
    (frozen * free).backward()
    assert frozen.grad is None and free.grad.data[0] == 2


def test_long_chains_need_no_recursion():
    x = leaf(1)
    y = x
    for _ in range(20000):
        y = y + 1
    y.backward()
    assert x.grad.data[0] == 1


def test_detach_cuts_the_graph_and_shares_memory():
    x = leaf(1, 2)
    d = (x * 2).detach()
    assert not d.requires_grad and d.grad_fn is None
    y = x * 1
    d = y.detach()
    d.data.fill_(7)
    assert y.data.tolist() == [7, 7]


def test_detach_in_place_returns_nothing():
    y = leaf(1) * 2
    assert y.detach_() is None
    assert y.grad_fn is None and not y.requires_grad


def test_the_graph_is_made_anew_each_time():
    w = leaf(2)
    for i in range(3):
        loss = w * (i + 1) if i % 2 else w ** 2
        loss.backward()
    assert w.grad.data[0] == 4 + 2 + 4


@pytest.mark.parametrize("reduced", [lambda v: v.sum(), lambda v: v.mean() * 4, lambda v: v.max() + v.sum() - v.max()])
def test_a_full_reduction_takes_a_gradient_of_size_1(reduced):
    x = Variable(torch.Tensor([[1, 2], [3, 4]]), requires_grad=True)
    reduced(x).backward(torch.ones(1) * 2)
    assert x.grad.data.tolist() == [[2, 2], [2, 2]]
