"""`Function` as it was before 0.2: an instance is called, `self` is the node, backward works on plain tensors."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Function, NestedIOFunction, StochasticFunction, Variable
from flambeau.v03.autograd.function import InplaceFunction


def leaf(*values):
    return Variable(torch.Tensor(list(values)), requires_grad=True)


class MulConst(Function):
    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, x):
        assert type(x) is torch.FloatTensor
        return x * self.k

    def backward(self, g):
        assert type(g) is torch.FloatTensor
        return g * self.k


def test_an_instance_is_called():
    x = leaf(1, 2)
    y = MulConst(3)(x)
    assert y.data.tolist() == [3, 6] and type(y.grad_fn) is MulConst
    y.sum().backward()
    assert x.grad.data.tolist() == [3, 3] and x.grad.volatile


def test_init_may_leave_out_super():
    class F(Function):
        def __init__(self, k):
            self.k = k

        def forward(self, x):
            return x + self.k

        def backward(self, g):
            return g

    x = leaf(1)
    F(2)(x).backward()
    assert x.grad.data.tolist() == [1]


def test_saved_tensors():
    class Mul(Function):
        def forward(self, a, b):
            self.save_for_backward(a, b)
            return a * b

        def backward(self, g):
            a, b = self.saved_tensors
            assert type(a) is torch.FloatTensor
            return g * b, g * a

    a, b = leaf(2), leaf(5)
    Mul()(a, b).backward()
    assert (a.grad.data[0], b.grad.data[0]) == (5, 2)


def test_a_saved_output():
    class Exp(Function):
        def forward(self, x):
            y = x.exp()
            self.save_for_backward(y)
            return y

        def backward(self, g):
            return g * self.saved_tensors[0]

    x = leaf(1)
    y = Exp()(x)
    y.backward()
    assert x.grad.data[0] == y.data[0]


def test_a_modified_saved_tensor():
    class Mul(Function):
        def forward(self, a, b):
            self.save_for_backward(a, b)
            return a * b

        def backward(self, g):
            a, b = self.saved_tensors
            return g * b, g * a

    a = leaf(2) * 1
    y = Mul()(a, leaf(3))
    a.add_(1)
    with pytest.raises(RuntimeError, match="modified by an in-?place operation"):
        y.backward()


def test_needs_input_grad():
    class F(Function):
        def forward(self, a, b):
            self.seen = self.needs_input_grad
            return a + b

        def backward(self, g):
            assert self.needs_input_grad == (True, False)
            return g, None

    f = F()
    f(leaf(1), Variable(torch.ones(1))).backward()
    assert f.seen == (True, False)


def test_further_nones_are_tolerated():
    class F(Function):
        def forward(self, x, flag=None):
            return x * 2

        def backward(self, g):
            return g * 2, None, None, None

    x = leaf(1)
    F()(x).backward()
    assert x.grad.data[0] == 2


def test_backward_is_not_recorded():
    x = leaf(2)
    y = MulConst(3)(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert g.data[0] == 3


def test_mark_dirty_and_in_place():
    class AddOne(InplaceFunction):
        def forward(self, x):
            if self.inplace:
                self.mark_dirty(x)
                return x.add_(1)
            return x + 1

        def backward(self, g):
            return g

    x = leaf(1, 2)
    y = x * 2
    z = AddOne(inplace=True)(y)
    assert z is y
    z.sum().backward()
    assert x.grad.data.tolist() == [2, 2]
    y = x * 2
    assert AddOne()(y) is not y
    with pytest.raises(RuntimeError, match="leaf"):
        AddOne(inplace=True)(x)


def test_a_hook_on_the_node():
    seen = []
    x = leaf(1, 2)
    y = MulConst(3)(x)
    y.grad_fn.register_hook(lambda grad_input, grad_output: seen.append((grad_input, grad_output)))
    y.sum().backward()
    ((grad_input, grad_output),) = seen
    assert type(grad_input[0]) is Variable and grad_input[0].data.tolist() == [3, 3]
    assert grad_output[0].data.tolist() == [1, 1]


def test_a_hook_may_replace_the_gradients():
    x = leaf(1, 2)
    y = MulConst(3)(x)
    handle = y.grad_fn.register_hook(lambda grad_input, grad_output: (grad_input[0] * 2,))
    y.sum().backward(retain_graph=True)
    assert x.grad.data.tolist() == [6, 6]
    handle.remove()
    y.sum().backward()
    assert x.grad.data.tolist() == [9, 9]


def test_volatile_input():
    y = MulConst(2)(Variable(torch.ones(2), volatile=True))
    assert y.volatile and y.grad_fn is None


def test_the_same_tensor_returned():
    class Identity(Function):
        def forward(self, x):
            return x

        def backward(self, g):
            return g * 10

    x = leaf(1)
    y = Identity()(x)
    assert y is not x
    y.backward()
    assert x.grad.data[0] == 10


def test_nested_inputs_and_outputs():
    class Nested(NestedIOFunction):
        def forward_extended(self, pair, scale):
            (a, b), k = pair, scale
            self.save_for_backward(a, b)
            return {"sum": a + b} if k is None else [a * k, (b * k, a)]

        def backward_extended(self, grads):
            first, (second, third) = grads
            return ((first * 2 + third, second * 2), None)

    a, b = leaf(1), leaf(3)
    first, (second, third) = Nested()((a, b), 2)
    assert (first.data[0], second.data[0], third.data[0]) == (2, 6, 1)
    (first + 5 * second + 7 * third).backward()
    assert (a.grad.data[0], b.grad.data[0]) == (9, 10)


def test_stochastic_functions_are_gone():
    with pytest.raises(RuntimeError, match="distributions"):
        StochasticFunction()
    with pytest.raises(RuntimeError, match="distributions"):
        leaf(1).reinforce(1)
