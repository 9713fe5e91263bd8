"""torch.onnx of 0.3: models of Variables as files, which run as the models do."""

import io
import re

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Function, Variable
from flambeau.v03.nn import functional as F

from ..onnx import interpreter
from ..onnx.checks import onnxruntime, run_by_runtime
from ..onnx.reader import read


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()  # noqa: UP008  (as programs of 0.3 say it)
        self.conv, self.norm, self.drop = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout()
        self.fc = nn.Linear(36, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x)), inplace=True), 2)
        return F.log_softmax(self.fc(self.drop(x.view(-1, 36))), dim=1)


def exported(model, args, **options):
    buffer = io.BytesIO()
    assert torch.onnx.export(model, args, buffer, **options) is None
    return buffer.getvalue()


def check(model, *args):
    """The file gives what the model gives."""
    data = exported(model, args)
    if isinstance(model, nn.Module):
        model.eval()
    out = model(*args)
    wanted = [v.data.numpy() for v in (out if isinstance(out, tuple) else (out,))]
    names = [n for n in read(data).inputs if n not in read(data).initializers]
    inputs = {n: v.data.numpy() for n, v in zip(names, args, strict=True)}
    results = [interpreter.run(data, inputs)]
    if onnxruntime is not None:
        results.append(run_by_runtime(data, inputs))
    for found in results:
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a.reshape(b.shape), b, rtol=1e-4, atol=1e-5)


def test_a_model():
    check(Net(), Variable(torch.randn(2, 1, 8, 8)))


@pytest.mark.parametrize("make", [
    lambda: nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2), nn.Softmax(1)), lambda: nn.PReLU(),
    lambda: nn.Sequential(nn.Linear(4, 4), nn.ELU(), nn.LeakyReLU(0.1), nn.Softplus(), nn.Hardtanh(),
                          nn.Threshold(0.1, 2)),
])  # fmt: skip
def test_layers(make):
    check(make(), Variable(torch.randn(3, 4)))


@pytest.mark.parametrize("make", [
    lambda: nn.Upsample(scale_factor=2), lambda: nn.Upsample(scale_factor=2, mode="bilinear"), lambda: nn.ZeroPad2d(1),
    lambda: nn.ConvTranspose2d(2, 3, 3, 2, 1, 1), lambda: nn.AvgPool2d(2, ceil_mode=True), lambda: nn.PixelShuffle(1),
    lambda: nn.AdaptiveAvgPool2d(2), lambda: nn.InstanceNorm2d(2), lambda: nn.ReflectionPad2d(1),
])  # fmt: skip
def test_layers_for_images(make):
    check(make(), Variable(torch.randn(1, 2, 4, 5)))


def test_recurrent_layer():
    class Outputs(nn.Module):
        def __init__(self):
            super(Outputs, self).__init__()  # noqa: UP008
            self.lstm = nn.LSTM(2, 3, 2)

        def forward(self, x):
            return self.lstm(x)[0]

    check(Outputs(), Variable(torch.randn(4, 2, 2)))


def test_embedding_and_indexing():
    class Words(nn.Module):
        def __init__(self):
            super(Words, self).__init__()  # noqa: UP008
            self.table = nn.Embedding(7, 4)

        def forward(self, words):
            x = self.table(words)
            return x[:, 1:], x.mean(1), torch.cat([x[0], x[1]]), (x > 0).float().sum(2)

    check(Words(), Variable(torch.LongTensor([[1, 2, 3], [4, 5, 6]])))


def test_arithmetic():
    def f(x, y):
        z = (x + 2) * y / 3 - y**2
        z = z.clamp(min=-1).t().contiguous()
        return z, z.max(1)[0], torch.mm(x, y.t()), z.view(1, -1).expand(2, 6), x.sum()

    check(f, Variable(torch.rand(2, 3)), Variable(torch.rand(2, 3)))


def test_parameters_are_inputs_too():
    model = read(exported(nn.Linear(2, 3), Variable(torch.ones(1, 2))))
    assert list(model.inputs) == ["input", "weight", "bias"] and set(model.initializers) == {"weight", "bias"}
    model = read(exported(nn.Linear(2, 3), Variable(torch.ones(1, 2)), export_params=False))
    assert list(model.inputs) == ["input", "weight", "bias"] and not model.initializers


def test_to_a_path(tmp_path):
    path = str(tmp_path / "model.proto")
    torch.onnx.export(nn.Linear(2, 3), Variable(torch.ones(1, 2)), path, verbose=False)
    with open(path, "rb") as file:
        assert read(file.read()).nodes[0].op == "Gemm"


def test_modes():
    net = Net()
    ops = [n.op for n in read(exported(net, Variable(torch.ones(1, 1, 8, 8)))).nodes]
    assert "Dropout" not in ops and "BatchNormalization" in ops and net.training and net.drop.training
    ops = [n.op for n in read(exported(net, Variable(torch.randn(2, 1, 8, 8)), training=True)).nodes]
    assert "Dropout" in ops and "BatchNormalization" not in ops


def test_set_training():
    net = Net()
    net.drop.eval()
    with torch.onnx.set_training(net, False):
        assert not net.training and not net.norm.training
    assert net.training and net.norm.training and not net.drop.training
    with torch.onnx.set_training(None, False):
        pass


def test_verbose(capsys):
    exported(nn.Linear(2, 3), Variable(torch.ones(1, 2)), verbose=True)
    assert "aten::linear" in capsys.readouterr().out


def test_names_of_attributes():
    assert re.match(torch.onnx.attr_pattern, "kernel_shape_i").groups() == ("kernel_shape", "i")
    assert (
        torch.onnx.utils.attr_pattern is torch.onnx.attr_pattern
        and torch.onnx.utils.export is torch.onnx.export
    )


def test_symbolic_of_a_function():
    class Swish(Function):
        @staticmethod
        def symbolic(g, x, n):
            return torch.onnx.symbolic.mul(
                g, torch.onnx.symbolic.mul(g, x, n), torch.onnx.symbolic.sigmoid(g, x)
            )

        @staticmethod
        def forward(ctx, x, n):
            return x * n / (1 + (-x).exp())

    check(lambda x: Swish.apply(x, 2.0), Variable(torch.randn(3)))


SYMBOLIC = [
    ("add", (1.0,), lambda x: x + 1), ("t", (), lambda x: x.t()), ("view", ([3, 2],), lambda x: x.view(3, 2)),
    ("permute", ([1, 0],), lambda x: x.t()), ("transpose", (0, 1), lambda x: x.t()), ("sum", (1,), lambda x: x.sum(1)),
    ("mean", (1,), lambda x: x.mean(1)), ("softmax", (1,), lambda x: F.softmax(Variable(x), 1).data),
    ("unsqueeze", (0,), lambda x: x.unsqueeze(0)),
    ("leaky_relu", (0.1,), lambda x: F.leaky_relu(Variable(x), 0.1).data),
    ("threshold", (0, 0), lambda x: x.clamp(min=0)), ("clamp", (-0.5, 0.5), lambda x: x.clamp(-0.5, 0.5)),
    ("log_softmax", (1,), lambda x: F.log_softmax(Variable(x), 1).data), ("exp", (), lambda x: x.exp()),
]  # fmt: skip


@pytest.mark.parametrize("name, arguments, wanted", SYMBOLIC, ids=lambda v: v if isinstance(v, str) else "")
def test_symbolic_functions(name, arguments, wanted):
    class Named(Function):
        @staticmethod
        def symbolic(g, x):
            return getattr(torch.onnx.symbolic, name)(g, x, *arguments)

        @staticmethod
        def forward(ctx, x):
            result = wanted(x)
            return torch.FloatTensor([result]) if isinstance(result, float) else result.clone()

    check(lambda x: Named.apply(x), Variable(torch.randn(2, 3)))
