"""Whole models: the file gives what the model gives, for the traced sizes and, with dynamic axes, for others."""

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.vision import models

from .checks import check


@pytest.fixture(autouse=True)
def seeded():
    fb.manual_seed(0)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)
        self.drop = nn.Dropout()

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc3(F.relu(self.fc2(self.drop(F.relu(self.fc1(x)))))), dim=1)


def test_mlp():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.BatchNorm1d(8), nn.Linear(8, 3), nn.Softmax(dim=-1))
    check(model, fb.randn(5, 4), others=[(fb.randn(2, 4),)], dynamic_axes={"input": {0: "batch"}})


def test_lenet():
    check(LeNet(), fb.randn(2, 1, 28, 28), others=[(fb.randn(3, 1, 28, 28),)], dynamic_axes={"x": [0]})


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "densenet121"])
def test_models_for_images(name):
    model = getattr(models, name)(weights=None, num_classes=4)
    check(model, fb.randn(1, 3, 32, 32), rtol=1e-3, atol=1e-4)


def test_vgg_and_alexnet_layers():
    features = models.vgg11_bn(weights=None).features[:12]
    check(features, fb.randn(1, 3, 16, 16), rtol=1e-3)
    check(models.alexnet(weights=None).features[:6], fb.randn(1, 3, 64, 64), rtol=1e-3)


def test_inception_block():
    from flambeau.vision.models.inception import InceptionA

    check(InceptionA(8, 4), fb.randn(1, 8, 9, 9), rtol=1e-3)


def test_mobile_net_block():
    block = nn.Sequential(
        nn.Conv2d(4, 24, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU6(inplace=True),
        nn.Conv2d(24, 24, 3, 2, 1, groups=24, bias=False), nn.BatchNorm2d(24), nn.Hardswish(),
        nn.Conv2d(24, 6, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2),
    )  # fmt: skip
    check(block, fb.randn(2, 4, 8, 8), others=[(fb.randn(3, 4, 8, 8),)], dynamic_axes={"input": {0: "n"}})


def test_dcgan():
    generator = nn.Sequential(
        nn.ConvTranspose2d(5, 8, 4, 1, 0, bias=False), nn.BatchNorm2d(8), nn.ReLU(True),
        nn.ConvTranspose2d(8, 3, 4, 2, 1, output_padding=1), nn.Tanh(),
    )  # fmt: skip
    check(generator, fb.randn(2, 5, 1, 1), rtol=1e-3)
    check(nn.Sequential(nn.Conv2d(3, 4, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)), fb.randn(1, 3, 8, 8))


def test_super_resolution():
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 9, 3, padding=1), nn.PixelShuffle(3)
    )
    axes = {"input": {0: "n", 2: "h", 3: "w"}}
    check(model, fb.randn(1, 1, 6, 7), others=[(fb.randn(2, 1, 4, 5),)], dynamic_axes=axes)


@pytest.mark.parametrize("mode, align", [("nearest", None), ("bilinear", False), ("bilinear", True), ("bicubic", False),
                                         ("nearest-exact", None)])  # fmt: skip
def test_upsampling(mode, align):
    check(nn.Upsample(scale_factor=2, mode=mode, align_corners=align), fb.randn(1, 2, 4, 5))
    check(nn.Upsample(size=(7, 3), mode=mode, align_corners=align), fb.randn(1, 2, 4, 5))


def test_upsampling_of_a_size_that_varies():
    model = nn.Upsample(scale_factor=2)
    check(model, fb.randn(1, 2, 4, 5), others=[(fb.randn(2, 2, 3, 3),)], dynamic_axes={"input": [0, 2, 3]})


@pytest.mark.parametrize("pad", [nn.ReflectionPad2d(2), nn.ReplicationPad2d((1, 2, 0, 1)), nn.ZeroPad2d(1),
                                 nn.ConstantPad1d(2, 1.5), nn.CircularPad2d(1)])  # fmt: skip
def test_padding(pad):
    check(pad, fb.randn(1, 2, 4, 5))


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(4), nn.InstanceNorm2d(4, affine=True), nn.GroupNorm(2, 4),
                                  nn.LayerNorm([4, 5, 6]), nn.LocalResponseNorm(3), nn.RMSNorm(6)])  # fmt: skip
@pytest.mark.parametrize("opset", [13, 18])
def test_norms(norm, opset):
    check(norm, fb.randn(2, 4, 5, 6), opset_version=opset, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize(
    "options", [{}, dict(num_layers=2, bidirectional=True), dict(batch_first=True, bias=False)]
)
def test_recurrent_layers(make, options):
    check(make(3, 4, **options), fb.randn(5, 2, 3))


def test_recurrent_layers_with_states_and_lengths_that_vary():
    axes = {"input": {0: "time", 1: "batch"}}
    check(nn.LSTM(3, 4, 2), fb.randn(5, 2, 3), others=[(fb.randn(7, 3, 3),)], dynamic_axes=axes)
    check(nn.RNN(3, 4, nonlinearity="relu"), fb.randn(5, 2, 3), fb.randn(1, 2, 4))
    check(nn.LSTM(3, 4), fb.randn(5, 2, 3), (fb.randn(1, 2, 4), fb.randn(1, 2, 4)))


@pytest.mark.parametrize("make", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_cells(make):
    check(make(3, 4), fb.randn(2, 3))


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.rnn, self.decoder = nn.Embedding(11, 6), nn.GRU(6, 8), nn.Linear(8, 11)

    def forward(self, tokens, hidden):
        output, hidden = self.rnn(self.encoder(tokens), hidden)
        return self.decoder(output.view(-1, 8)).view(tokens.size(0), tokens.size(1), -1), hidden


def test_language_model():
    tokens = fb.randint(11, (5, 2))
    program = check(LanguageModel(), tokens, fb.zeros(1, 2, 8), others=[(fb.randint(11, (7, 2)), fb.randn(1, 2, 8))],
                    dynamic_axes={"tokens": {0: "time"}})  # fmt: skip
    assert program.input_names == ["tokens", "hidden"]


@pytest.mark.parametrize("options", [dict(batch_first=True), dict(norm_first=True, activation="gelu")])
def test_transformer_encoder(options):
    layer = nn.TransformerEncoderLayer(8, 2, 16, **options)
    axes = {"src": {0: "a", 1: "b"}}
    check(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), fb.randn(5, 2, 8),
          others=[(fb.randn(3, 4, 8),)], dynamic_axes=axes, rtol=1e-3)  # fmt: skip


class CausalAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.position = nn.Linear(8, 24), nn.Embedding(16, 8)

    def forward(self, x):
        n, t, d = x.shape
        x = x + self.position(fb.arange(t))
        q, k, v = (p.view(n, t, 2, d // 2).transpose(1, 2) for p in self.qkv(x).split(8, dim=2))
        mask = fb.ones(t, t).tril()
        scores = (q @ k.transpose(-2, -1) / (d // 2) ** 0.5).masked_fill(mask == 0, float("-inf"))
        return (F.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(n, t, d)


def test_attention_that_asks_for_sizes():
    check(
        CausalAttention(),
        fb.randn(2, 5, 8),
        others=[(fb.randn(3, 7, 8),)],
        dynamic_axes={"x": {0: "n", 1: "t"}},
    )


def test_losses_and_metrics_in_a_function():
    def score(x, target):
        return F.cross_entropy(x, target), (x.argmax(1) == target).float().mean(), F.mse_loss(x, x * 2)

    check(score, fb.randn(4, 3), fb.randint(3, (4,)))
