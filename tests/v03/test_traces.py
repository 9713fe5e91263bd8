"""What tools that draw or convert models see of a trace of 0.3, and of the nodes behind a Variable."""

import io

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Function, Variable
from flambeau.v03.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()  # noqa: UP008  (as programs of 0.3 say it)
        self.unused = nn.Linear(1, 1)
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = F.max_pool2d(self.features(x), 2)
        return self.fc(x.view(-1, 16)).abs()


@pytest.fixture
def trace():
    net = Net()
    with torch.onnx.set_training(net, False):
        made, _ = torch.jit.trace(net, (Variable(torch.rand(2, 1, 4, 4)),))
    return made


def kinds(graph):
    return [node.kind() for node in graph.nodes()]


def test_calls_as_they_were_made(trace):
    assert kinds(trace.graph()) == ["convolution", "batch_norm", "relu", "max_pool2d", "view", "linear", "abs"]
    conv = next(trace.graph().nodes())
    assert conv["padding"] == [1, 1] and conv.kindOf("padding") == "is" and conv.hasAttribute("groups")


def test_inputs_are_followed_by_all_of_the_state_dict(trace):
    inputs = list(trace.graph().inputs())
    assert [v.uniqueName() for v in inputs] == [str(i + 1) for i in range(len(Net().state_dict()) + 1)]
    assert str(inputs[0].type()) == "Float(2, 1, 4, 4)" and inputs[1].type().sizes() == [1, 1]
    assert inputs[0].node().kind() == "Param" and inputs[0].node().scopeName() == ""


def test_operations_of_onnx(trace):
    torch.onnx._optimize_trace(trace)
    nodes = list(trace.graph().nodes())
    assert kinds(trace.graph()) == ["Conv", "BatchNormalization", "Relu", "MaxPool", "Reshape", "Gemm", "Abs"]
    conv, _, _, pool, reshape, gemm, last = nodes
    assert conv["pads"] == [1, 1, 1, 1] and pool["kernel_shape"] == [2, 2]
    assert reshape.attributeNames() == ["shape"] and reshape["shape"] == [-1, 16]
    assert (reshape.kindOf("shape"), gemm.kindOf("transB")) == ("is", "i") and not last.hasAttributes()
    with pytest.raises(IndexError, match="the node Abs has no attribute 'axis'"):
        last["axis"]


def test_scopes_are_classes_and_names(trace):
    torch.onnx._optimize_trace(trace, False)
    scopes = [node.scopeName() for node in trace.graph().nodes()]
    assert scopes[0] == "Net/Sequential[features]/Conv2d[0]" and scopes[5] == "Net/Linear[fc]" and scopes[3] == "Net"


def test_values_are_those_of_other_nodes(trace):
    for _form in range(2):
        graph = trace.graph()
        known = set(graph.inputs())
        for node in graph.nodes():
            assert known.issuperset(node.inputs())
            known.add(node.output())
            assert node.output().node() is node
        assert list(graph.outputs()) == [node.output()] and node.output().type().sizes() == [2, 3]
        torch.onnx._optimize_trace(trace)


def test_the_text_of_a_graph(trace):
    torch.onnx._optimize_trace(trace)
    text = str(trace.graph())
    assert text == str(trace) and text.startswith("graph(%1 : Float(2, 1, 4, 4)\n      %2 : Float(1, 1)\n")
    assert "Relu(%13), scope: Net/Sequential[features]/ReLU[2]\n" in text and text.endswith("return (%18)\n}\n")


def test_constants_are_nodes():
    shift = torch.FloatTensor([1, 2])
    trace, _ = torch.jit.trace(lambda x: x + Variable(shift), (Variable(torch.ones(2)),))
    for kind in ("add", "Add"):
        constant, add = trace.graph().nodes()
        assert (constant.kind(), add.kind()) == ("Constant", kind) and constant.kindOf("value") == "t"
        assert constant["value"].tolist() == [1, 2] and torch.is_tensor(constant["value"])
        torch.onnx._optimize_trace(trace)


def test_a_trace_of_a_model_with_several_results_and_a_recurrent_layer():
    trace, (out, (h, c)) = torch.jit.trace(nn.LSTM(2, 3), (Variable(torch.ones(4, 1, 2)),))
    torch.onnx._optimize_trace(trace)
    assert "LSTM" in kinds(trace.graph()) and len(list(trace.graph().outputs())) == 3


def test_export_that_gives_the_result_of_the_model():
    net, x = Net().eval(), Variable(torch.rand(2, 1, 4, 4))
    out = torch.onnx._export(net, x, io.BytesIO(), export_params=True)
    assert isinstance(out, Variable) and (out - net(x)).abs().max().data[0] < 1e-6


def test_what_operations_save_is_not_shown():
    """Tools draw the tensors in `saved_tensors` of each node that has the attribute: those of Functions."""

    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return 2 * ctx.saved_variables[0] * grad

    x = Variable(torch.ones(2), requires_grad=True)
    y = Square.apply(x * x)
    assert torch.is_tensor(y.grad_fn.saved_tensors[0])
    product = y.grad_fn.next_functions[0][0]
    assert not hasattr(product, "saved_tensors") and not hasattr(product, "saved_variables")
    y.sum().backward()
    assert not hasattr(product, "saved_tensors")
