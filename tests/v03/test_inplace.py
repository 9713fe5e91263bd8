"""Changing Variables in place: what 0.3 refused, and what it recorded."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Variable

LEAF = "a leaf Variable that requires grad has been used in an in-place operation"
SHARED = "in-place operations can be only used on variables that don't share storage"


def test_leaf_that_requires_grad():
    v = Variable(torch.ones(2), requires_grad=True)
    for change in (lambda: v.add_(1), lambda: v.zero_(), lambda: v.fill_(1), lambda: v.copy_(v), lambda: v.t_()):
        with pytest.raises(RuntimeError, match=LEAF):
            change()
    v.data.add_(1)
    assert v.data.tolist() == [2, 2]


@pytest.mark.parametrize("view", [
    lambda x: x.t(), lambda x: x[1], lambda x: x.view(25), lambda x: x[:, 1], lambda x: x.detach(),
    lambda x: x.unsqueeze(0), lambda x: x.chunk(2)[0], lambda x: x.expand(2, 5, 5),
])  # fmt: skip
def test_shared_by_a_live_view(view):
    x = Variable(torch.ones(5, 5))
    y = view(x)
    with pytest.raises(RuntimeError, match=SHARED):
        x.add_(2)
    del y
    x.add_(2)
    assert x.data.sum() == 75


def test_view_of_a_live_base():
    x = Variable(torch.ones(5, 5))
    y, z = x.t(), x[1]
    for view in (y, z):
        with pytest.raises(RuntimeError, match="detected that there are 3 objects sharing it"):
            view.add_(2)
    assert x.data.sum() == 25


def test_view_whose_base_is_gone():
    x = Variable(torch.ones(4), requires_grad=True)
    y = (x * 2).view(2, 2)
    y.add_(1)
    y.sum().backward()
    assert y.data.tolist() == [[3, 3], [3, 3]] and x.grad.data.tolist() == [2, 2, 2, 2]


def test_many_views_are_not_kept():
    x = Variable(torch.ones(3))
    for _ in range(1000):
        x[0]
    assert len(x.__dict__["_views"]) < 10
    x.add_(1)


def test_recorded():
    v = Variable(torch.FloatTensor([2, 3]), requires_grad=True)
    w = v * 1
    w.mul_(4)
    w += 1
    w *= 2
    w.sum().backward()
    assert v.grad.data.tolist() == [8, 8]


def test_version_counters():
    a, b = Variable(torch.ones(2), requires_grad=True), Variable(torch.ones(2))
    product = a * b
    version = b._version
    b.add_(1)
    assert b._version > version
    with pytest.raises(RuntimeError, match="modified by an in-place operation|modified by an inplace operation"):
        product.sum().backward()
    total = a + b
    b.fill_(0)
    total.sum().backward()  # a sum has saved nothing
    assert a.grad.data.tolist() == [1, 1]


def test_changes_of_data_are_not_noticed():
    a, b = Variable(torch.ones(2), requires_grad=True), Variable(torch.ones(2), requires_grad=True)
    product = a * b
    version = b._version
    b.data.mul_(3)
    b.data[0] = 5
    b.data = b.data.clone()
    assert b._version == version
    product.sum().backward()
    assert a.grad.data.tolist() == [5, 3]


def test_detach():
    v = Variable(torch.ones(2), volatile=True)
    assert v.detach().volatile
    w = Variable(torch.ones(2), requires_grad=True) * 2
    d = w.detach()
    assert not d.requires_grad and d.grad_fn is None and d._version == w._version
    assert d.data.data_ptr() == w.data.data_ptr()
    assert w.detach_() is None and w.grad_fn is None and not w.requires_grad


def test_contiguous_gives_self():
    v = Variable(torch.ones(2, 3), requires_grad=True)
    t = v.t()
    assert not t.is_contiguous() and t.contiguous() is t and t.is_contiguous() and t.data.is_contiguous()
    assert v.contiguous() is v
    (t.contiguous().view(6) * Variable(torch.arange(0, 6))).sum().backward()
    assert v.grad.data.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_assigned_volatile_value():
    x = Variable(torch.zeros(2), requires_grad=True) * 1
    x[0] = Variable(torch.ones(1), volatile=True)
    assert x.volatile and not x.requires_grad and x.grad_fn is None and x.data.tolist() == [1, 0]


def test_volatile_results():
    v = Variable(torch.ones(2), volatile=True)
    w = Variable(torch.ones(2), requires_grad=True)
    for result in (v + 1, v + w, w * v, v.sum(), v[0], v > 0, v.double(), v.view(2, 1), torch.cat([v, w]), v.max(0)[0]):
        assert result.volatile and not result.requires_grad and result.grad_fn is None


@pytest.mark.parametrize("parts", [
    lambda v: torch.chunk(v, 2, 1), lambda v: v.split(3, 1), lambda v: torch.stack([v, v]).unbind(0),
])  # fmt: skip
def test_the_last_of_several_results_may_be_changed(parts):
    x = Variable(torch.ones(2, 6), requires_grad=True)
    last = parts(x * 1)[-1]
    last.mul_(3)
    last.sum().backward()
    assert last.data.tolist() == [[3] * last.size(1)] * 2 and x.grad.data[:, -1].tolist() == [3, 3]


def test_several_results_that_the_program_holds_are_not_changed():
    first, last = (Variable(torch.ones(2, 6), requires_grad=True) * 1).chunk(2, 1)
    with pytest.raises(RuntimeError, match="there are 2 objects sharing it"):
        last.mul_(3)
    assert first.data.sum() == 6


def test_view_that_only_the_graph_holds():
    w, x = Variable(torch.ones(3), requires_grad=True), Variable(torch.zeros(3))
    product = (x.unsqueeze(1) * w).sum()  # has saved the view
    x.add_(1)
    assert x.data.tolist() == [1, 1, 1]
    with pytest.raises(RuntimeError, match="modified by an in-?place operation"):
        product.backward()
    view = x.unsqueeze(1)
    kept = (view * w).sum()
    with pytest.raises(RuntimeError, match=SHARED):
        x.add_(1)
    del view
    x.add_(1)
    assert kept.data[0] == 9 and x.data.tolist() == [2, 2, 2]


def test_other_objects_of_the_program_are_not_asked():
    class Proxy:
        @property
        def __class__(self):
            raise RuntimeError("asked")

    proxy, x = Proxy(), Variable(torch.zeros(3))
    view = x.unsqueeze(1)
    with pytest.raises(RuntimeError, match=SHARED):
        x.add_(1)
    del proxy, view


def test_base_that_only_the_graph_holds():
    w, base = Variable(torch.ones(3), requires_grad=True), Variable(torch.zeros(3))
    product, view = base * w, base[:2]
    with pytest.raises(RuntimeError, match=SHARED):
        view.add_(1)
    del base
    view.add_(1)
    assert view.data.tolist() == [1, 1] and product.data.tolist() == [0, 0, 0]
