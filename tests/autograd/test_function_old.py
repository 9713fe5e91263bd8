"""The instance form of autograd.Function, as of 2017: `F(options)(x)`; `self` is the node."""

import pytest

import flambeau as fb
from flambeau.autograd import Function
from flambeau.autograd.function import FunctionCtx, InplaceFunction


def leaf(values):
    return fb.tensor(values, dtype=fb.float64, requires_grad=True)


class Times(Function):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        self.save_for_backward(x)
        return x * self.factor

    def backward(self, grad):
        (x,) = self.saved_tensors
        assert self.needs_input_grad == (True,) and x is not None
        return grad * self.factor


def test_hooks_of_the_instance():
    seen = []
    f = Times(3)
    y = f(leaf([2.0]))
    f.register_hook(lambda inputs, outputs: seen.append((inputs[0].tolist(), outputs[0].tolist())))
    y.backward()
    assert seen == [([3.0], [1.0])]


def test_hooks_registered_before_the_call():
    seen = []
    f = Times(3)
    f.register_hook(lambda inputs, outputs: seen.append(len(inputs)))
    f(leaf([2.0])).backward()
    assert seen == [1]


def test_the_instance_is_the_node():
    x = leaf([2.0])
    f = Times(3)
    y = f(x)
    assert y.grad_fn is f and f.saved_tensors[0] is x and f.saved_variables[0] is x
    assert f.next_functions[0][0].variable is x and f.name() == "Times"


def test_without_recording():
    f = Times(3)
    y = f(fb.ones(2))
    assert y.tolist() == [3.0, 3.0] and y.grad_fn is None and f.next_functions == ()


def test_several_results_and_absent_gradients():
    class Pair(Function):
        def forward(self, x):
            return x * 2, x * 3

        def backward(self, a, b):
            return 2 * a + 3 * b

    x = leaf([1.0])
    a, b = Pair()(x)
    b.backward()
    assert x.grad.tolist() == [3.0]


def test_in_place():
    class AddOne(Function):
        def forward(self, x):
            self.mark_dirty(x)
            x.add_(1)
            return x

        def backward(self, grad):
            return grad

    x = leaf([1.0])
    y = x * 2
    z = AddOne()(y)
    assert z is y and z.tolist() == [3.0]
    z.backward()
    assert x.grad.tolist() == [2.0]


def test_marks():
    class Mask(Function):
        def forward(self, x):
            mask = x > 0
            self.mark_non_differentiable(mask)
            return x * 2, mask

        def backward(self, grad, _):
            return 2 * grad

    y, mask = Mask()(leaf([1.0, -1.0]))
    assert y.requires_grad and not mask.requires_grad


def test_attributes_are_the_users():
    class K(Function):
        def __init__(self, k):
            super().__init__()
            self.k = k
            self.saved = "mine"

        def forward(self, x):
            return x * self.k

        def backward(self, grad):
            assert self.saved == "mine"
            return grad * self.k

    x = leaf([1.0])
    K(5)(x).backward()
    assert x.grad.tolist() == [5.0]


def test_a_wrong_gradient_names_the_class():
    class Wrong(Times):
        def backward(self, grad):
            return grad, grad

    with pytest.raises(
        RuntimeError, match=r"function Wrong returned an incorrect number of gradients \(expected 1, got 2\)"
    ):
        Wrong(3)(leaf([1.0])).backward()


def test_buffers_are_freed():
    f = Times(3)
    y = f(leaf([1.0]))
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_inplace_function():
    class Add(InplaceFunction):
        def forward(self, x):
            if not self.inplace:
                return x + 1
            self.mark_dirty(x)
            return x.add_(1)

        def backward(self, grad):
            assert isinstance(self, FunctionCtx)
            return grad

    x = leaf([1.0])
    y = x * 1
    assert Add()(y) is not y and Add(inplace=True)(y) is y
    y.backward()
    assert y.tolist() == [2.0] and x.grad.tolist() == [1.0]
