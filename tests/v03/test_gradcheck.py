"""gradcheck and gradgradcheck of 0.3."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Function, Variable
from flambeau.v03.autograd.gradcheck import gradcheck, gradgradcheck


def doubles(*sizes, requires_grad=True):
    return Variable(torch.randn(*sizes).double(), requires_grad=requires_grad)


class Wrong(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 3


@pytest.mark.parametrize("function", [
    lambda x: x.tanh(), lambda x: x ** 3, lambda x: x.mm(x.t()), lambda x: x.sum(0), lambda x: x.max(1)[0],
    lambda x: x.norm(),
    lambda x: (x.sigmoid(), x.exp()), lambda x: x.t().contiguous().view(-1), lambda x: x.std(1), lambda x: x.prod(1),
    lambda x: x.mean(),
    lambda x: x[0] * x[1, 2], lambda x: x.index_select(1, Variable(torch.LongTensor([0, 2, 0]))), lambda x: x.cumsum(1),
    lambda x: x.sort(1)[0], lambda x: torch.cat([x, x * x], 1), lambda x: x.clamp(min=-0.3),
    lambda x: x.addmm(0.5, 2, x, x.t().mm(x)),
])  # fmt: skip
def test_right_gradients(function):
    x = doubles(3, 3)
    assert gradcheck(function, [x])
    assert gradcheck(function, (x,), eps=1e-6, atol=1e-4)


def test_wrong_gradients():
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradcheck(Wrong.apply, (doubles(2),))
    assert gradcheck(Wrong.apply, (doubles(2),), raise_exception=False) is False


def test_the_inputs_are_as_before():
    x = doubles(3)
    before = x.data.clone()
    gradcheck(lambda v: v * v, [x])
    assert torch.equal(x.data, before)


def test_nothing_is_wrong_where_nothing_requires_grad():
    assert gradcheck(lambda x: x * 2, (doubles(2, requires_grad=False),))
    assert gradcheck(lambda x: (x.detach(), x * 2), (doubles(2),))


def test_only_some_inputs_require_grad():
    assert gradcheck(lambda x, y: x * y, (doubles(3), doubles(3, requires_grad=False)))


@pytest.mark.parametrize(
    "function", [lambda x: x ** 3, lambda x: x.tanh(), lambda x: x.mm(x), lambda x: x.sum() * x.mean()]
)
def test_second_derivatives(function):
    assert gradgradcheck(function, [doubles(2, 2)])


def test_second_derivatives_with_given_seeds():
    x, seed = doubles(2, 2), doubles(2, 2)
    assert gradgradcheck(lambda v: v ** 3, [x], [seed])
    assert gradgradcheck(lambda v: v.tanh(), [x], gen_non_contig_grad_outputs=True)


def test_the_module_is_the_function():
    from flambeau.v03.autograd import gradcheck as check

    assert check(lambda x: x * 2, [doubles(2)]) and check.gradcheck is gradcheck
