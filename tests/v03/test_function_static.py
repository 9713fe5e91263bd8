"""`Function` with static methods and ctx, called by `apply`."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Function, Variable
from flambeau.v03.autograd.function import once_differentiable, traceable
from flambeau.v03.autograd.gradcheck import gradcheck


class LinearFunction(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_variables
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0).squeeze(0)
        return grad_input, grad_weight, grad_bias


def doubles(*sizes, **flags):
    return Variable(torch.randn(*sizes).double(), **(flags or dict(requires_grad=True)))


@pytest.mark.parametrize("with_bias", [True, False])
def test_the_linear_function_of_the_introduction(with_bias):
    args = (doubles(20, 20), doubles(30, 20)) + ((doubles(30),) if with_bias else ())
    assert gradcheck(LinearFunction.apply, args, eps=1e-6, atol=1e-4)


def test_its_values_and_gradients():
    x, w, b = doubles(3, 4), doubles(2, 4), doubles(2)
    out = LinearFunction.apply(x, w, b)
    assert type(out) is Variable and type(out.grad_fn).__name__ == "LinearFunctionBackward"
    out.sum().backward()
    assert b.grad.data.tolist() == [3, 3]
    assert torch.equal(w.grad.data, x.data.sum(0).unsqueeze(0).expand(2, 4).contiguous())
    assert x.grad.volatile


def test_forward_gets_plain_tensors_and_other_arguments_as_they_are():
    seen = []

    class F(Function):
        @staticmethod
        def forward(ctx, x, number, text, nothing, nested):
            seen.extend([type(x), number, text, nothing, type(nested[0])])
            return x * number

        @staticmethod
        def backward(ctx, g):
            seen.append(type(g))
            return g * 2, None, None, None, None

    x = Variable(torch.ones(2), requires_grad=True)
    F.apply(x, 2, "a", None, [x]).sum().backward()
    assert seen == [torch.FloatTensor, 2, "a", None, Variable, Variable]
    assert x.grad.data.tolist() == [2, 2]


def test_needs_input_grad():
    seen = []

    class F(Function):
        @staticmethod
        def forward(ctx, x, y, n):
            seen.append(ctx.needs_input_grad)
            return x + y

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            return g, None, None

    F.apply(doubles(2), doubles(2, volatile=False), 3).sum().backward()
    assert seen == [(True, False, False)] * 2


def test_saved_tensors_are_plain_and_saved_variables_have_history():
    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x ** 3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_variables
            assert type(x) is Variable and type(ctx.saved_tensors[0]) is torch.DoubleTensor
            return g * 3 * x * x

    x = doubles(3)
    y = Cube.apply(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (gg,) = torch.autograd.grad(g.sum(), x)
    assert (gg.data - 6 * x.data).abs().max() < 1e-12


def test_a_saved_tensor_that_was_modified():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_variables
            return 2 * x * g

    x = Variable(torch.ones(2), requires_grad=True) * 1
    y = Square.apply(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an in-?place operation"):
        y.sum().backward()


def test_several_outputs_and_absent_gradients():
    class Both(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return a * 2 + b * 3

    x = Variable(torch.ones(2), requires_grad=True)
    first, second = Both.apply(x)
    second.sum().backward()  # the gradient of `first` arrives as zeros
    assert x.grad.data.tolist() == [3, 3]


def test_too_few_gradients():
    class F(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(RuntimeError, match="incorrect number of gradients"):
        F.apply(doubles(2), doubles(2)).sum().backward()


def test_further_gradients_must_be_none():
    class F(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g, None, None

    x = doubles(2)
    F.apply(x).sum().backward()
    assert x.grad.data.tolist() == [1, 1]


def test_volatile_inputs():
    class F(Function):
        @staticmethod
        def forward(ctx, x, y):
            assert type(x) is torch.DoubleTensor
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g, g

    out = F.apply(doubles(2), doubles(2, volatile=True))
    assert out.volatile and out.grad_fn is None


def test_mark_non_differentiable():
    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            mask = (x > 0).double()
            ctx.mark_non_differentiable(mask)
            ctx.save_for_backward(mask)
            return x * mask, mask

        @staticmethod
        def backward(ctx, g, unused):
            return g * ctx.saved_variables[0]

    x = Variable(torch.DoubleTensor([-1, 2]), requires_grad=True)
    y, mask = Split.apply(x)
    assert not mask.requires_grad and y.requires_grad
    y.sum().backward()
    assert x.grad.data.tolist() == [0, 1]


def test_mark_dirty():
    class AddOne(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.add_(1)

        @staticmethod
        def backward(ctx, g):
            return g

    leaf = Variable(torch.zeros(2), requires_grad=True)
    x = leaf * 1
    version = x._version
    y = AddOne.apply(x)
    assert y is x and x._version > version and type(x.grad_fn).__name__ == "AddOneBackward"
    y.sum().backward()
    assert leaf.grad.data.tolist() == [1, 1]


def test_once_differentiable():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            assert type(g) is torch.DoubleTensor
            return 2 * x * g

    x = doubles(2)
    Square.apply(x).sum().backward()
    assert torch.equal(x.grad.data, 2 * x.data)
    (g,) = torch.autograd.grad((Square.apply(x) ** 2).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


def test_traceable_marks_the_class():
    @traceable
    class F(Function):
        pass

    assert F.is_traceable and not Function.is_traceable


def test_forward_and_backward_must_be_defined():
    with pytest.raises(NotImplementedError):
        Function.apply(doubles(1))


def test_attributes_of_ctx():
    class Scale(Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.k = k
            return x * k

        @staticmethod
        def backward(ctx, g):
            return g * ctx.k, None

    x = doubles(2)
    Scale.apply(x, 3).sum().backward()
    assert x.grad.data.tolist() == [3, 3]


def test_no_gradient_for_an_input():
    class Stop(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return None

    x = doubles(2)
    (Stop.apply(x) + x).sum().backward()
    assert x.grad.data.tolist() == [1, 1]


def test_a_gradient_without_dimensions_is_one_of_size_1():
    class Bias(Function):
        @staticmethod
        def forward(ctx, x, b):
            return x + b.expand_as(x)

        @staticmethod
        def backward(ctx, g):
            assert g.size() == (3, 1)
            return g, g.sum(0).squeeze(0)

    b = Variable(torch.ones(1), requires_grad=True)
    Bias.apply(Variable(torch.ones(3, 1)), b).sum().backward()
    assert b.grad.size() == (1,) and b.grad.data[0] == 3


def test_gradients_must_be_variables():
    class F(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g.data

    with pytest.raises(RuntimeError, match=r"expected Variable or None \(got torch.DoubleTensor\)"):
        F.apply(doubles(2)).sum().backward()
