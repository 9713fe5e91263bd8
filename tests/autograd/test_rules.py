"""Arithmetic whose gradient the engine computes without calling backward gives what backward gives."""

import operator

import pytest

import flambeau as torch

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64]
SHAPES = [((3,), (3,)), ((2, 3), (3,)), ((), (4,)), ((2, 1), (1, 3)), ((0,), (0,)), ((1,), (1,))]


def _gradients(f, x, y, by_backward, **options):
    """Gradients of f's result, squared; by_backward: the node has a hook, with which the engine calls backward."""
    z = f(x, y)
    if by_backward:
        z.grad_fn.register_prehook(lambda grads: None)
    g = torch.arange(1, z.numel() + 1).reshape(z.shape).to(z.dtype)
    return torch.autograd.grad(z, [t for t in (x, y) if torch.is_tensor(t) and t.requires_grad], g, **options)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("f", [operator.add, operator.mul])
def test_rule_is_backward(f, shapes, dtype):
    torch.manual_seed(0)
    for left, right in ((True, True), (True, False), (False, True)):
        x, y = (torch.randn(s).to(dtype).requires_grad_(r) for s, r in zip(shapes, (left, right), strict=True))
        for a, b in zip(_gradients(f, x, y, False), _gradients(f, x, y, True), strict=True):
            assert a.dtype is b.dtype and a.shape == b.shape and torch.equal(a, b)


@pytest.mark.parametrize("f", [operator.add, operator.mul])
def test_rule_with_a_number(f):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for a, b in ((x, 3), (2.5, x)):
        assert torch.equal(*_gradients(f, a, b, False), *_gradients(f, a, b, True))


def test_rule_is_differentiable():
    x, y = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    gx, gy = torch.autograd.grad((x * y).sum(), (x, y), create_graph=True)
    assert torch.equal(torch.autograd.grad((gx * gy).sum(), x)[0], y)


def test_rule_checks_versions():
    x, y = torch.randn(3, requires_grad=True), torch.randn(3)
    z = x * y
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation.*saved by MulBackward0"):
        z.sum().backward()


def test_rule_after_the_buffers_were_freed():
    x = torch.randn(3, requires_grad=True)
    z = (x * x).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        z.backward()


def test_sum_does_not_share_its_gradient():
    x, y = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    (x + y).sum().backward()
    x.grad.add_(1)
    assert y.grad.tolist() == [1, 1, 1]


def test_backward_from_a_scalar_of_each_kind():
    for shape in ((), (1,), (1, 1)):
        x = torch.full(shape, 3.0, requires_grad=True)
        y = x * x
        y.backward(retain_graph=True)
        y.backward(create_graph=True)
        assert x.grad.shape == shape and x.grad.item() == 12 and x.grad.requires_grad
        x.grad = None
    leaf = torch.ones((), requires_grad=True)
    leaf.backward()
    assert leaf.grad.item() == 1


@pytest.mark.parametrize("value, message", [
    (torch.ones(2, requires_grad=True), "implicitly created only for scalar outputs"),
    (torch.ones(1), "does not require grad"),
    (torch.ones(1, dtype=torch.complex64, requires_grad=True), "only for real scalar outputs"),
])  # fmt: skip
def test_backward_without_a_gradient_needs_a_real_scalar(value, message):
    with pytest.raises(RuntimeError, match=message):
        value.backward()


def test_several_roots_that_are_one_node():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    torch.autograd.backward([y, y], [torch.ones(2), torch.ones(2)])
    assert x.grad.tolist() == [4, 4]
