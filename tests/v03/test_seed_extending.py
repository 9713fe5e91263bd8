"""The introduction's section "Extending PyTorch": the code as printed there."""

# ruff: noqa: E101, W191

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Function, Variable, gradcheck


# Inherit from Function
class LinearFunction(Function):

    # Note that both forward and backward are @staticmethods
    @staticmethod
    # bias is an optional argument
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        # .mm -> multiply ; .t -> trans
        output = input.mm(weight.t())
        if bias is not None:
          	# expand the bias
            output += bias.unsqueeze(0).expand_as(output)
        return output

    # This function has only a single output, so it gets only one gradient
    @staticmethod
    def backward(ctx, grad_output):
        # This is a pattern that is very convenient - at the top of backward
        # unpack saved_tensors and initialize all gradients w.r.t. inputs to
        # None. Thanks to the fact that additional trailing Nones are
        # ignored, the return statement is simple even when the function has
        # optional inputs.
        input, weight, bias = ctx.saved_variables
        grad_input = grad_weight = grad_bias = None

        # These needs_input_grad checks are optional and there only to
        # improve efficiency. If you want to make your code simpler, you can
        # skip them. Returning gradients for inputs that don't require it is
        # not an error.
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0).squeeze(0)

        return grad_input, grad_weight, grad_bias


class Linear(nn.Module):
    def __init__(self, input_features, output_features, bias=True):
        super().__init__()
        self.input_features = input_features
        self.output_features = output_features

        # nn.Parameter is a special kind of Variable, that will get
        # automatically registered as Module's parameter once it's assigned
        # as an attribute. Parameters and buffers need to be registered, or
        # they won't appear in .parameters() (doesn't apply to buffers), and
        # won't be converted when e.g. .cuda() is called. You can use
        # .register_buffer() to register buffers.
        # nn.Parameters can never be volatile and, different than Variables,
        # they require gradients by default.
        self.weight = nn.Parameter(torch.Tensor(output_features, input_features))
        if bias:
            self.bias = nn.Parameter(torch.Tensor(output_features))
        else:
            # You should always register all possible parameters, but the
            # optional ones can be None if you want.
            self.register_parameter('bias', None)

        # Not a very smart way to initialize weights
        self.weight.data.uniform_(-0.1, 0.1)
        if bias is not None:
            self.bias.data.uniform_(-0.1, 0.1)

    def forward(self, input):
        # See the autograd section for explanation of what happens here.
        return LinearFunction.apply(input, self.weight, self.bias)


def test_the_module():
    net = Linear(4, 3)
    assert [n for n, _ in net.named_parameters()] == ["weight", "bias"]
    x = Variable(torch.randn(5, 4))
    out = net(x)
    assert out.size() == (5, 3)
    expected = nn.functional.linear(x, net.weight, net.bias)
    assert (out - expected).data.abs().max() < 1e-6
    out.sum().backward()
    assert net.bias.grad.data.tolist() == [5, 5, 5]


def test_the_module_without_bias_fails_where_the_text_does():
    """As printed, `bias is not None` is true of False too, and None has no data."""
    with pytest.raises(AttributeError):
        Linear(4, 3, bias=False)


def test_gradcheck():
    input = (Variable(torch.randn(20,20).double(), requires_grad=True),
             Variable(torch.randn(30,20).double(), requires_grad=True),)
    assert gradcheck.gradcheck(LinearFunction.apply, input, eps=1e-6, atol=1e-4)


def test_second_derivatives():
    inputs = [Variable(torch.randn(*s).double(), requires_grad=True) for s in ((3, 2), (4, 2), (4,))]
    assert gradcheck.gradgradcheck(LinearFunction.apply, inputs)


def test_the_module_trains():
    torch.manual_seed(0)
    net = Linear(2, 1)
    x = Variable(torch.randn(50, 2))
    y = Variable(x.data.mm(torch.Tensor([[1], [-2]])) + 0.5)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.MSELoss()(net(x), y)
        loss.backward()
        optimizer.step()
    assert loss.data[0] < 1e-6
    assert net.weight.data[0].tolist() == pytest.approx([1, -2], abs=1e-2)
