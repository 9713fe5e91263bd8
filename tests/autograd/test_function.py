"""autograd.Function: both forms, what ctx offers, what is refused."""

import copy

import pytest

import flambeau as fb
from flambeau.autograd import Function, gradcheck, gradgradcheck
from flambeau.autograd.function import once_differentiable


def leaf(values, dtype=fb.float64):
    return fb.tensor(values, dtype=dtype, requires_grad=True)


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 2 * x * grad


def test_static_form():
    x = leaf([1.0, 2.0])
    y = Square.apply(x)
    assert y.grad_fn.name() == "SquareBackward"
    y.backward(fb.ones(2, dtype=fb.float64))
    assert x.grad.tolist() == [2.0, 4.0]
    assert gradcheck(Square.apply, x) and gradgradcheck(Square.apply, x)


def test_without_gradients_nothing_is_recorded():
    y = Square.apply(fb.ones(2))
    assert y.is_leaf and not y.requires_grad
    with fb.no_grad():
        assert not Square.apply(leaf([1.0])).requires_grad


class Old(Function):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x, y):
        self.save_for_backward(x, y)
        assert not fb.is_grad_enabled()
        return x * y * self.factor

    def backward(self, grad):
        x, y = self.saved_tensors
        return grad * y * self.factor, grad * x * self.factor


def test_instance_form():
    x, y = leaf([2.0]), leaf([3.0])
    z = Old(10)(x, y)
    assert type(z.grad_fn) is Old
    z.backward()
    assert x.grad.tolist() == [30.0] and y.grad.tolist() == [20.0]


def test_instance_form_is_once_differentiable():
    x, y = leaf([2.0]), leaf([3.0])
    (g,) = fb.autograd.grad(Old(10)(x, y), x, leaf([1.0]), create_graph=True)
    with pytest.raises(RuntimeError, match="trying to differentiate twice"):
        g.backward()


class Scale(Function):
    @staticmethod
    def forward(ctx, x, factor, label=None):
        ctx.factor, ctx.label = factor, label
        ctx.seen = ctx.needs_input_grad
        return x * factor

    @staticmethod
    def backward(ctx, grad):
        assert ctx.needs_input_grad == (True, False, False) == ctx.seen
        return grad * ctx.factor, None, None


def test_other_arguments_pass_through():
    x = leaf([1.0])
    y = Scale.apply(x, 4, "label")
    y.backward()
    assert x.grad.tolist() == [4.0]


class Extra(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, grad):
        return grad, None, None


def test_further_none_gradients_are_ignored():
    x = leaf([1.0])
    Extra.apply(x).backward()
    assert x.grad.tolist() == [1.0]


def make(backward_result):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return backward_result(grad)

    return Wrong


@pytest.mark.parametrize(
    "result,error,match",
    [
        (
            lambda g: g,
            RuntimeError,
            r"WrongBackward returned an incorrect number of gradients \(expected 2, got 1\)",
        ),
        (
            lambda g: (g, g, g),
            RuntimeError,
            r"WrongBackward returned an incorrect number of gradients \(expected 2, got 3\)",
        ),
        (
            lambda g: (fb.ones(7), None),
            RuntimeError,
            r"WrongBackward returned an invalid gradient at index 0 - got \[7\]",
        ),
        (lambda g: (3.0, None), TypeError, "WrongBackward returned a gradient of type float at index 0"),
    ],
)
def test_wrong_gradients_name_the_function(result, error, match):
    x, y = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    with pytest.raises(error, match=match):
        make(result).apply(x, y).backward(fb.ones(2))


class Two(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2, x * 3

    @staticmethod
    def backward(ctx, a, b):
        return 2 * a + 3 * b


def test_several_outputs_and_absent_gradients():
    x = leaf([1.0])
    a, b = Two.apply(x)
    assert (a.output_nr, b.output_nr) == (0, 1) and a.grad_fn is b.grad_fn
    b.backward()  # the gradient of a arrives as zeros
    assert x.grad.tolist() == [3.0]
    x.grad = None
    a, b = Two.apply(x)
    (a + b).backward()
    assert x.grad.tolist() == [5.0]
    assert gradcheck(Two.apply, x)


def test_absent_gradients_as_none():
    seen = []

    class Bare(Two):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            seen.append((a is None, b is None))
            return 3 * b

    x = leaf([1.0])
    Bare.apply(x)[1].backward()
    assert seen == [(True, False)] and x.grad.tolist() == [3.0]


def test_saving_an_output():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, grad):
            (y,) = ctx.saved_tensors
            return grad * y

    x = leaf([0.3, -0.2])
    assert gradcheck(Exp.apply, x) and gradgradcheck(Exp.apply, x)
    y = Exp.apply(x)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward(fb.ones(2))


def test_mark_dirty():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = leaf([1.0, 2.0])
    a = x * 1
    b = Double.apply(a)
    assert b is a and b.tolist() == [2.0, 4.0] and b.grad_fn.name() == "DoubleBackward"
    b.backward(fb.ones(2, dtype=fb.float64))
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        Double.apply(x)


def test_mark_non_differentiable():
    class Parts(Function):
        @staticmethod
        def forward(ctx, x):
            mask = x * 0
            ctx.mark_non_differentiable(mask)
            return x * 2, mask

        @staticmethod
        def backward(ctx, grad, mask_grad):
            return grad * 2

    x = leaf([1.0])
    a, mask = Parts.apply(x)
    assert a.requires_grad and not mask.requires_grad
    a.backward()
    assert x.grad.tolist() == [2.0]


def test_an_input_handed_back():
    class Identity(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, grad):
            return grad * 5

    x = leaf([1.0])
    y = Identity.apply(x)
    assert y is not x and y.data_ptr() == x.data_ptr()
    y.backward()
    assert x.grad.tolist() == [5.0]


def test_setup_context():
    class Cube(Function):
        @staticmethod
        def forward(x, factor):
            return x * x * x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, factor = inputs
            ctx.save_for_backward(x)
            ctx.factor = factor

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 3 * x * x * ctx.factor * grad, None

    x = leaf([2.0])
    Cube.apply(x, 10).backward()
    assert x.grad.tolist() == [120.0]


def test_once_differentiable():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    x = leaf([3.0])
    Once.apply(x).backward()
    assert x.grad.tolist() == [6.0]
    (g,) = fb.autograd.grad(Once.apply(x), x, leaf([1.0]), create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.backward()


def test_missing_forward_and_backward_say_so():
    class Nothing(Function):
        pass

    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Nothing.apply(leaf([1.0]))


def test_saved_tensors_are_freed_with_the_graph():
    x = leaf([1.0])
    y = Square.apply(x)
    node = y.grad_fn
    assert node.saved_tensors[0] is x
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        node.saved_tensors  # noqa: B018


def test_deepcopy_of_results_is_refused():
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(Square.apply(leaf([1.0])))
