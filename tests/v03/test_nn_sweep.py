"""Every layer and function of 0.3 called with Variables gives Variables, with the values and gradients that today's
gives on the same data."""

import numpy as np
import pytest

import flambeau as today
import flambeau.nn
import flambeau.v03 as torch
from flambeau.v03 import era, nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F

RNG = np.random.default_rng(3)


def data(*shape):
    return RNG.standard_normal(shape)


def positive(*shape):
    return RNG.uniform(0.05, 0.95, shape)


def classes(n, *shape):
    return RNG.integers(0, n, shape)


def signs(*shape):
    return np.where(RNG.random(shape) < 0.5, -1.0, 1.0)


X1, X2, X3 = data(3, 4, 10), data(3, 4, 8, 9), data(2, 4, 6, 7, 5)
FLAT = data(5, 6)

LAYERS = [
    ("Linear", (6, 3), FLAT), ("Linear", (6, 3, False), FLAT), ("Conv1d", (4, 6, 3), X1),
    ("Conv1d", (4, 6, 3, 2, 1, 1, 2, False), X1),
    ("Conv2d", (4, 6, 3), X2), ("Conv2d", (4, 6, (3, 2), 2, 1, 2), X2), ("Conv3d", (4, 2, 3), X3),
    ("ConvTranspose1d", (4, 6, 3), X1),
    ("ConvTranspose2d", (4, 6, 3, 2, 1, 1), X2), ("ConvTranspose3d", (4, 2, 3), X3), ("MaxPool1d", (2,), X1),
    ("MaxPool2d", (3, 2, 1), X2),
    ("MaxPool3d", (2,), X3), ("AvgPool1d", (2,), X1), ("AvgPool2d", (3, 2, 1), X2), ("AvgPool3d", (2,), X3),
    ("AdaptiveAvgPool1d", (3,), X1), ("AdaptiveAvgPool2d", ((3, 2),), X2), ("AdaptiveAvgPool3d", (2,), X3),
    ("AdaptiveMaxPool1d", (3,), X1), ("AdaptiveMaxPool2d", ((3, 2),), X2), ("AdaptiveMaxPool3d", (2,), X3),
    ("ReLU", (), X2), ("ReLU6", (), X2), ("ELU", (0.7,), X2), ("SELU", (), X2), ("Hardtanh", (-0.5, 0.7), X2),
    ("LeakyReLU", (0.2,), X2),
    ("LogSigmoid", (), X2), ("PReLU", (), X2), ("PReLU", (4, 0.1), X2), ("Sigmoid", (), X2), ("Softplus", (2, 3), X2),
    ("Tanh", (), X2),
    ("Softshrink", (0.3,), X2), ("Hardshrink", (0.3,), X2), ("Softsign", (), X2), ("Tanhshrink", (), X2),
    ("Threshold", (0.1, 2), X2),
    ("GLU", (1,), X2), ("Softmax", (1,), X2), ("LogSoftmax", (1,), X2), ("Softmin", (1,), X2), ("Softmax2d", (), X2),
    ("ReflectionPad1d", (2,), X1), ("ReflectionPad2d", (2,), X2), ("ReplicationPad1d", (2,), X1),
    ("ReplicationPad2d", (1,), X2),
    ("ReplicationPad3d", (1,), X3), ("ConstantPad1d", (2, 3.5), X1), ("ConstantPad2d", (2, 3.5), X2),
    ("ConstantPad3d", (1, 3.5), X3),
    ("ZeroPad2d", ((1, 2, 0, 1),), X2), ("PixelShuffle", (2,), X2), ("Dropout", (0.0,), FLAT),
    ("Dropout2d", (0.0,), X2),
    ("Dropout3d", (0.0,), X3), ("AlphaDropout", (0.0,), FLAT), ("BatchNorm1d", (4,), X1),
    ("BatchNorm2d", (4, 1e-4, 0.2), X2),
    ("BatchNorm3d", (4,), X3), ("InstanceNorm1d", (4,), X1), ("InstanceNorm2d", (4, 1e-4, 0.2, True), X2),
    ("InstanceNorm3d", (4,), X3), ("Upsample", (None, 2), X2), ("Upsample", ((16, 27),), X2),
]  # fmt: skip
TWO_INPUTS = [
    ("Bilinear", (4, 5, 3), (data(6, 4), data(6, 5))), ("CosineSimilarity", (), (FLAT, data(5, 6))),
    ("CosineSimilarity", (2,), (X1, data(3, 4, 10))),
]  # fmt: skip
LOSSES = [
    ("L1Loss", (), (FLAT, data(5, 6))), ("MSELoss", (), (FLAT, data(5, 6))), ("SmoothL1Loss", (), (FLAT, data(5, 6))),
    ("NLLLoss", (), (FLAT, classes(6, 5))), ("NLLLoss", (), (X2, classes(4, 3, 8, 9))),
    ("NLLLoss2d", (), (X2, classes(4, 3, 8, 9))),
    ("CrossEntropyLoss", (), (FLAT, classes(6, 5))), ("CrossEntropyLoss", (), (X2, classes(4, 3, 8, 9))),
    ("BCELoss", (), (positive(5, 6), positive(5, 6))), ("BCEWithLogitsLoss", (), (FLAT, positive(5, 6))),
    ("PoissonNLLLoss", (), (FLAT, positive(5, 6))),
    ("PoissonNLLLoss", (False, True), (positive(5, 6), 3 * positive(5, 6))),
    ("HingeEmbeddingLoss", (0.7,), (FLAT, signs(5, 6))),
    ("MultiLabelMarginLoss", (), (FLAT, np.array([[1, 3, -1, 0, 0, 0]] * 5))),
    ("SoftMarginLoss", (), (FLAT, signs(5, 6))), ("CosineEmbeddingLoss", (0.1,), (FLAT, data(5, 6), signs(5))),
    ("MarginRankingLoss", (0.2,), (data(5), data(5), signs(5))), ("MultiMarginLoss", (1, 0.8), (FLAT, classes(6, 5))),
]  # fmt: skip


def variable(array, requires_grad):
    return Variable(torch.from_numpy(array.copy()), requires_grad=requires_grad and array.dtype.kind == "f")


def tensor(array, requires_grad):
    return today.from_numpy(array.copy()).requires_grad_(requires_grad and array.dtype.kind == "f")


def values(x):
    return np.asarray(x.data.numpy() if isinstance(x, Variable) else x.detach().numpy()).reshape(-1)


def check_same(ours, theirs, old_inputs, new_inputs):
    """ours: the module of 0.3, theirs: today's. The same outputs, and the same gradients of inputs and parameters."""
    for (_, p), (_, q) in zip(sorted(ours.named_parameters()), sorted(theirs.named_parameters()), strict=True):
        q.data.copy_(today.from_numpy(p.data.numpy()))
    out, expected = ours(*old_inputs), theirs(*new_inputs)
    assert type(out) is Variable and out.requires_grad and not out.volatile
    assert tuple(out.size()) == (tuple(expected.shape) or (1,))
    np.testing.assert_allclose(values(out), values(expected), rtol=1e-8, atol=1e-12)
    seed = RNG.standard_normal(tuple(out.size()))
    out.backward(torch.from_numpy(seed))
    expected.backward(today.from_numpy(seed.reshape(tuple(expected.shape))))
    pairs = [*zip(old_inputs, new_inputs, strict=True), *zip(ours.parameters(), theirs.parameters(), strict=True)]
    for x, y in pairs:
        if y.grad is not None:
            assert type(x.grad) is Variable and x.grad.volatile
            np.testing.assert_allclose(values(x.grad), values(y.grad), rtol=1e-8, atol=1e-12)
        else:
            assert x.grad is None


def todays_module(name, args, **options):
    before = era.modules.set_defaults()
    try:
        return getattr(flambeau.nn, name)(*args, **options).double()
    finally:
        era.modules.set_defaults(*before)


@pytest.mark.parametrize(("name", "args", "x"), LAYERS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_layer(name, args, x):
    ours, theirs = getattr(nn, name)(*args).double(), todays_module(name, args)
    check_same(ours, theirs, [variable(x, True)], [tensor(x, True)])


@pytest.mark.parametrize(("name", "args", "inputs"), TWO_INPUTS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_layer_of_two_inputs(name, args, inputs):
    ours, theirs = getattr(nn, name)(*args).double(), todays_module(name, args)
    check_same(ours, theirs, [variable(x, True) for x in inputs], [tensor(x, True) for x in inputs])


@pytest.mark.parametrize("size_average", [True, False])
@pytest.mark.parametrize(("name", "args", "inputs"), LOSSES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_loss(name, args, inputs, size_average):
    reduction = "mean" if size_average else "sum"
    ours = getattr(nn, name)(*args, size_average=size_average)
    theirs = todays_module(name, args, reduction=reduction)
    flags = [True] * (len(inputs) - 1) + [False]
    check_same(ours, theirs, [variable(x, f) for x, f in zip(inputs, flags, strict=True)],
               [tensor(x, f) for x, f in zip(inputs, flags, strict=True)])  # fmt: skip


@pytest.mark.parametrize("name", [
    "relu", "tanh", "sigmoid", "softsign", "elu", "selu", "leaky_relu", "logsigmoid", "softplus", "relu6", "hardtanh",
    "tanhshrink", "hardshrink", "softshrink",
])  # fmt: skip
def test_activation_functions(name):
    x, y = variable(FLAT, True), tensor(FLAT, True)
    out = getattr(F, name)(x)
    expected = getattr(flambeau.nn.functional, name)(y)
    assert type(out) is Variable
    np.testing.assert_allclose(values(out), values(expected))
    out.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(values(x.grad), values(y.grad))


@pytest.mark.parametrize(("name", "args"), [
    ("max_pool2d", (2,)), ("avg_pool2d", (2, 1)), ("adaptive_avg_pool2d", (2,)), ("pad", ((1, 1, 2, 0),)),
    ("pad", ((1, 1), "reflect")),
    ("softmax", (1,)), ("log_softmax", (1,)), ("softmin", (1,)), ("normalize", ()), ("glu", (1,)),
    ("threshold", (0.1, 20)),
    ("pixel_shuffle", (2,)), ("rrelu", ()), ("dropout", ()), ("dropout2d", ()), ("alpha_dropout", ()),
])  # fmt: skip
def test_functions_of_images(name, args):
    if name == "pad" and len(args) == 2:
        source = X1
    else:
        source = X2
    x, y = variable(source, True), tensor(source, True)
    more = {"training": False} if name in ("dropout", "dropout2d", "alpha_dropout") else {}
    out, expected = getattr(F, name)(x, *args), getattr(flambeau.nn.functional, name)(y, *args, **more)
    assert type(out) is Variable
    np.testing.assert_allclose(values(out), values(expected), rtol=1e-12, atol=1e-14)
    (out * out).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(values(x.grad), values(y.grad), rtol=1e-10, atol=1e-14)


def test_a_volatile_input_makes_every_layer_volatile():
    for name, args, x in LAYERS:
        out = getattr(nn, name)(*args).double()(Variable(torch.from_numpy(x.copy()), volatile=True))
        assert out.volatile and not out.requires_grad and out.grad_fn is None, name


def test_normalisation_across_channels():
    """Its gradient has none."""
    ours, theirs = nn.CrossMapLRN2d(3, 0.1), todays_module("CrossMapLRN2d", (3, 0.1))
    check_same(ours, theirs, [variable(X2, True)], [tensor(X2, True)])


def test_embedding():
    ours, theirs = nn.Embedding(5, 3, padding_idx=0).double(), todays_module("Embedding", (5, 3), padding_idx=0)
    index = np.array([[0, 2, 4], [1, 1, 0]])
    check_same(ours, theirs, [variable(index, False)], [tensor(index, False)])


@pytest.mark.parametrize(("name", "args", "x"), LAYERS, ids=lambda v: v if isinstance(v, str) else "")
def test_gradients_of_gradients(name, args, x):
    """As a gradient penalty takes them: the same as today's."""
    ours, theirs = getattr(nn, name)(*args).double(), todays_module(name, args)
    for (_, p), (_, q) in zip(sorted(ours.named_parameters()), sorted(theirs.named_parameters()), strict=True):
        q.data.copy_(today.from_numpy(p.data.numpy()))
    a, b = variable(x, True), tensor(x, True)
    (g,) = torch.autograd.grad((ours(a) ** 2).sum(), a, create_graph=True)
    (h,) = today.autograd.grad((theirs(b) ** 2).sum(), b, create_graph=True)
    assert g.requires_grad and not g.volatile
    ((g ** 2).sum()).backward()
    ((h ** 2).sum()).backward()
    for p, q in [(a, b), *zip(ours.parameters(), theirs.parameters(), strict=True)]:
        if q.grad is not None and p.grad is not None:
            assert p.grad.volatile
            np.testing.assert_allclose(values(p.grad), values(q.grad), rtol=1e-8, atol=1e-9)
        else:
            assert q.grad is None or not q.grad.abs().sum()
