"""Backward of 0.3: graphs within Functions, seeds that are differentiated, checks of gradients, attributes."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Function, Variable, grad
from flambeau.v03.autograd.gradcheck import (
    get_analytical_jacobian,
    get_numerical_jacobian,
    gradcheck,
    gradgradcheck,
    iter_tensors,
    iter_variables,
)


def doubles(*sizes, requires_grad=True):
    return Variable(torch.randn(*sizes).double(), requires_grad=requires_grad)


class Reentrant(Function):
    """Keeps a graph of its own, through which backward goes."""

    @staticmethod
    def forward(ctx, x):
        ctx.x = Variable(x, requires_grad=True)
        ctx.result = ctx.x ** 2
        return ctx.result.data

    @staticmethod
    def backward(ctx, g):
        ctx.result.sum().backward()
        return ctx.x.grad * g


def test_variables_within_forward_are_recorded():
    x = doubles(2, 2)
    Reentrant.apply(x).sum().backward()
    assert x.grad.data.equal(x.data * 2)


class Anew(Function):
    """Computes forward again within backward."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, g):
        x = Variable(ctx.saved_variables[0].data, requires_grad=True)
        (x ** 3).backward(g.data)
        return x.grad


def test_variables_within_backward_are_recorded():
    x = doubles(3)
    Anew.apply(x).sum().backward()
    assert x.grad.data.sub(x.data ** 2 * 3).abs().max() < 1e-12 and x.grad.volatile


class Old(Function):
    def forward(self, x):
        self.x = Variable(x, requires_grad=True)
        self.result = self.x.exp()
        return self.result.data

    def backward(self, g):
        self.result.backward(g)
        return self.x.grad.data


def test_variables_within_an_instance_are_recorded():
    x = doubles(3)
    Old()(x).sum().backward()
    assert x.grad.data.sub(x.data.exp()).abs().max() < 1e-12


def test_variables_within_a_hook_are_recorded():
    x, w = doubles(3), doubles(3)
    x.register_hook(lambda g: (w * w).sum().backward())
    (x * 2).sum().backward()
    assert w.grad.data.equal(w.data * 2) and x.grad.data.tolist() == [2, 2, 2]


class Scaled(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx, g):
        return g * ctx.factor, g


def test_a_gradient_of_a_number_is_an_error():
    with pytest.raises(RuntimeError, match="ScaledBackward returned a gradient different from None at position 2"):
        Scaled.apply(doubles(2), 3).sum().backward()


class Masked(Function):
    @staticmethod
    def forward(ctx, x, mask):
        ctx.mask, ctx.needed = mask, ctx.needs_input_grad
        return x * mask

    @staticmethod
    def backward(ctx, g):
        assert ctx.needed == (True, False)
        return g * Variable(ctx.mask), None


def test_plain_tensors_are_constants_of_a_static_function():
    x, mask = Variable(torch.ones(3), requires_grad=True), torch.Tensor([1, 0, 1])
    Masked.apply(x, mask).sum().backward()
    assert x.grad.data.equal(mask)
    alone = Masked.apply(torch.ones(3), mask)
    assert type(alone) is Variable and not alone.requires_grad and alone.data.equal(mask)
    with pytest.raises(TypeError, match="expected a Variable argument, but got FloatTensor"):
        Old()(torch.ones(3))


# ---- seeds


@pytest.mark.parametrize("function", [
    lambda x: x.prod(), lambda x: x.norm(), lambda x: x.var(), lambda x: x.std(), lambda x: x.dist(x * x),
    lambda x: x[0].dot(x[1]), lambda x: x[0].matmul(x[1]), lambda x: x.norm(3), lambda x: x.sum(), lambda x: x.max(),
])  # fmt: skip
def test_gradients_by_the_seed_of_a_full_reduction(function):
    x, seed = doubles(2, 3), Variable(torch.DoubleTensor([0.7]), requires_grad=True)
    (g,) = grad([function(x)], [x], [seed], create_graph=True)
    (by_seed,) = grad([g.sum()], [seed])
    assert by_seed.data[0] == pytest.approx(g.data.sum() / 0.7)
    assert gradgradcheck(function, [x])


# ---- checks


def test_jacobians():
    x, y = doubles(2), doubles(2, requires_grad=False)
    both = (x, y)
    analytical, reentrant, correct_sizes = get_analytical_jacobian(both, x * y)
    numerical = get_numerical_jacobian(lambda given: (given[0] * given[1]).data, both, both, eps=1e-6)
    assert reentrant and correct_sizes and len(analytical) == len(numerical) == 1
    assert analytical[0].equal(y.data.diag()) and numerical[0].sub(analytical[0]).abs().max() < 1e-8
    ((g, data),) = iter_variables(both)
    assert data is x.data and g is x.grad.data
    assert [t is v.data for t, v in zip(iter_tensors(both), both, strict=True)] == [True, True]
    assert len([*iter_tensors(both, True)]) == 1


class NotReentrant(Function):
    calls = 0

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        NotReentrant.calls += 1
        return g * (2 + 1e-7 * NotReentrant.calls)


class NotMultiplied(Function):
    @staticmethod
    def forward(ctx, x):
        return x.new([x.sum()])

    @staticmethod
    def backward(ctx, g):
        return Variable(g.data.new(3).fill_(1))


@pytest.mark.parametrize(
    ("function", "message"),
    [(NotReentrant.apply, "not reentrant"), (NotMultiplied.apply, "not multiplied by grad_output")],
)
def test_faults_beside_wrong_numbers(function, message):
    with pytest.raises(RuntimeError, match=message):
        gradcheck(function, (doubles(3),))
    assert gradcheck(function, (doubles(3),), raise_exception=False) is False


# ---- attributes


def test_attributes_of_a_variable():
    x = Variable(torch.ones(2), requires_grad=True)
    y = x * 2
    assert x.name is None and y._grad_fn is y.grad_fn and x._backward_hooks is None
    handle = y.register_hook(lambda g: None)
    assert len(y._backward_hooks) == 1
    handle.remove()
    y._grad_fn = None
    assert y.grad_fn is None and not y.requires_grad
    with pytest.raises(TypeError):
        x._grad_fn = 3
