"""Every layer against PyTorch: first weights from the same seed, repr, state_dict, output and all gradients."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, run

torch = pytest.importorskip("torch")

# (class, arguments, keyword arguments, shapes of the inputs)
LAYERS = [
    ("Linear", (5, 3), {}, [(4, 5)]),
    ("Linear", (5, 3), {"bias": False}, [(2, 4, 5)]),
    ("Linear", (5, 3), {}, [(5,)]),
    ("Bilinear", (3, 4, 5), {}, [(6, 3), (6, 4)]),
    ("Bilinear", (3, 4, 5), {"bias": False}, [(2, 6, 3), (2, 6, 4)]),
    ("Identity", (54,), {"unused": 1}, [(3, 2)]),
    ("Flatten", (), {}, [(2, 3, 4)]),
    ("Flatten", (), {"start_dim": 0, "end_dim": 1}, [(2, 3, 4)]),
    ("Unflatten", (1, (2, 3)), {}, [(4, 6)]),
    ("Unflatten", (-1, (2, -1)), {}, [(4, 6)]),
    ("Conv1d", (4, 6, 3), {}, [(2, 4, 9)]),
    ("Conv1d", (4, 6, 3), {"padding": "same", "dilation": 2}, [(2, 4, 9)]),
    ("Conv1d", (4, 6, 4), {"padding": "same"}, [(2, 4, 9)]),
    ("Conv1d", (4, 6, 3), {"padding": 2, "padding_mode": "reflect"}, [(2, 4, 9)]),
    ("Conv2d", (4, 6, 3), {}, [(2, 4, 7, 8)]),
    ("Conv2d", (4, 6, 3), {}, [(4, 7, 8)]),
    ("Conv2d", (4, 6, (3, 2)), {"stride": 2, "padding": (1, 2), "groups": 2}, [(2, 4, 7, 8)]),
    ("Conv2d", (4, 6, (3, 2)), {"padding": "same", "bias": False}, [(2, 4, 7, 8)]),
    ("Conv2d", (4, 6, 3), {"padding": "valid"}, [(2, 4, 7, 8)]),
    ("Conv2d", (4, 6, 3), {"padding": 1, "padding_mode": "circular"}, [(2, 4, 7, 8)]),
    ("Conv2d", (4, 6, 3), {"padding": "same", "padding_mode": "replicate"}, [(2, 4, 7, 8)]),
    ("Conv2d", (4, 4, 3), {"groups": 4, "dilation": (2, 1)}, [(2, 4, 7, 8)]),
    ("Conv3d", (2, 3, 2), {}, [(2, 2, 4, 5, 4)]),
    ("Conv3d", (2, 3, 3), {"padding": 1, "stride": 2}, [(2, 2, 4, 5, 4)]),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "output_padding": 1}, [(2, 4, 5)]),
    ("ConvTranspose2d", (4, 6, 3), {}, [(2, 4, 5, 4)]),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 2, "padding": 1, "groups": 2, "dilation": 2}, [(2, 4, 5, 4)]),
    ("ConvTranspose3d", (2, 3, 2), {"bias": False}, [(2, 2, 3, 4, 3)]),
    ("MaxPool1d", (3,), {}, [(2, 3, 10)]),
    ("MaxPool1d", (3,), {"return_indices": True, "stride": 2}, [(2, 3, 10)]),
    ("MaxPool2d", (2,), {}, [(2, 3, 6, 7)]),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, [(2, 3, 6, 7)]),
    ("MaxPool2d", (2,), {"dilation": 2, "return_indices": True}, [(2, 3, 6, 7)]),
    ("MaxPool3d", (2,), {}, [(2, 3, 4, 5, 4)]),
    ("AvgPool1d", (3,), {"padding": 1}, [(2, 3, 10)]),
    ("AvgPool2d", (2,), {}, [(2, 3, 6, 7)]),
    ("AvgPool2d", (3,), {"padding": 1, "count_include_pad": False, "ceil_mode": True}, [(2, 3, 6, 7)]),
    ("AvgPool2d", (3,), {"divisor_override": 5}, [(2, 3, 6, 7)]),
    ("AvgPool3d", (2,), {}, [(2, 3, 4, 5, 4)]),
    ("LPPool1d", (2, 3), {}, [(2, 3, 10)]),
    ("LPPool2d", (2, (3, 2)), {"stride": 2, "ceil_mode": True}, [(3, 6, 7)]),
    ("LPPool3d", (4, 2), {}, [(2, 3, 4, 5, 4)]),
    ("AdaptiveAvgPool1d", (4,), {}, [(2, 3, 10)]),
    ("AdaptiveAvgPool2d", ((3, None),), {}, [(2, 3, 6, 7)]),
    ("AdaptiveAvgPool2d", (1,), {}, [(2, 3, 6, 7)]),
    ("AdaptiveAvgPool3d", (2,), {}, [(2, 3, 4, 5, 4)]),
    ("AdaptiveMaxPool1d", (4,), {}, [(2, 3, 10)]),
    ("AdaptiveMaxPool2d", ((3, 2),), {"return_indices": True}, [(2, 3, 6, 7)]),
    ("AdaptiveMaxPool3d", (2,), {}, [(2, 3, 4, 5, 4)]),
    ("BatchNorm1d", (4,), {}, [(6, 4)]),
    ("BatchNorm1d", (4,), {"momentum": None}, [(6, 4, 3)]),
    ("BatchNorm2d", (4,), {"eps": 1e-3, "momentum": 0.3}, [(3, 4, 5, 2)]),
    ("BatchNorm2d", (4,), {"affine": False, "track_running_stats": False}, [(3, 4, 5, 2)]),
    ("BatchNorm2d", (4,), {"bias": False}, [(3, 4, 5, 2)]),
    ("BatchNorm3d", (2,), {}, [(3, 2, 2, 3, 2)]),
    ("SyncBatchNorm", (4,), {}, [(3, 4, 5, 2)]),
    ("SyncBatchNorm", (4,), {"bias": False, "momentum": None}, [(6, 4)]),
    ("InstanceNorm1d", (4,), {}, [(3, 4, 5)]),
    ("InstanceNorm1d", (4,), {"affine": True}, [(4, 5)]),
    ("InstanceNorm2d", (4,), {"affine": True, "track_running_stats": True}, [(3, 4, 5, 2)]),
    ("InstanceNorm3d", (2,), {}, [(3, 2, 2, 3, 2)]),
    ("LayerNorm", (5,), {}, [(3, 5)]),
    ("LayerNorm", ((4, 5),), {"bias": False}, [(3, 4, 5)]),
    ("LayerNorm", ((4, 5),), {"elementwise_affine": False, "eps": 1e-3}, [(3, 4, 5)]),
    ("RMSNorm", (5,), {}, [(3, 5)]),
    ("RMSNorm", ((4, 5),), {"eps": 1e-3, "elementwise_affine": False}, [(3, 4, 5)]),
    ("GroupNorm", (2, 4), {}, [(3, 4, 5)]),
    ("GroupNorm", (4, 4), {"affine": False}, [(3, 4, 5, 2)]),
    ("LocalResponseNorm", (3,), {"alpha": 0.1, "k": 2.0}, [(2, 5, 4)]),
    ("LocalResponseNorm", (2,), {"alpha": 0.1}, [(2, 5, 4, 3)]),
    ("CrossMapLRN2d", (3,), {"alpha": 0.1, "k": 2.0}, [(2, 5, 4, 3)]),
    ("CrossMapLRN2d", (4,), {"alpha": 0.3, "beta": 0.5}, [(2, 7, 4, 3)]),
    ("ReLU", (), {}, [(3, 4)]),
    ("ReLU6", (), {}, [(3, 4)]),
    ("LeakyReLU", (), {"negative_slope": 0.2}, [(3, 4)]),
    ("ELU", (), {"alpha": 0.7}, [(3, 4)]),
    ("SELU", (), {}, [(3, 4)]),
    ("CELU", (), {"alpha": 0.7}, [(3, 4)]),
    ("GELU", (), {}, [(3, 4)]),
    ("GELU", (), {"approximate": "tanh"}, [(3, 4)]),
    ("SiLU", (), {}, [(3, 4)]),
    ("Mish", (), {}, [(3, 4)]),
    ("Sigmoid", (), {}, [(3, 4)]),
    ("Tanh", (), {}, [(3, 4)]),
    ("LogSigmoid", (), {}, [(3, 4)]),
    ("Softplus", (), {"beta": 2, "threshold": 1}, [(3, 4)]),
    ("Softsign", (), {}, [(3, 4)]),
    ("Tanhshrink", (), {}, [(3, 4)]),
    ("Hardtanh", (), {}, [(3, 4)]),
    ("Hardtanh", (-0.3, 0.5), {"inplace": False}, [(3, 4)]),
    ("Hardsigmoid", (), {}, [(3, 4)]),
    ("Hardswish", (), {}, [(3, 4)]),
    ("Hardshrink", (0.4,), {}, [(3, 4)]),
    ("Softshrink", (0.4,), {}, [(3, 4)]),
    ("Threshold", (0.1, 20), {}, [(3, 4)]),
    ("GLU", (), {}, [(3, 4)]),
    ("GLU", (0,), {}, [(4, 3)]),
    ("PReLU", (), {}, [(3, 4)]),
    ("PReLU", (4,), {"init": 0.1}, [(3, 4, 2)]),
    ("Softmax", (), {"dim": 1}, [(3, 4)]),
    ("LogSoftmax", (), {"dim": -1}, [(3, 4)]),
    ("Softmin", (), {"dim": 0}, [(3, 4)]),
    ("Softmax2d", (), {}, [(2, 3, 4, 2)]),
    ("ConstantPad1d", (2, 0.5), {}, [(2, 3, 4)]),
    ("ConstantPad2d", ((1, 2, 0, 1), 0.5), {}, [(2, 3, 4, 5)]),
    ("ConstantPad3d", (1, 0.5), {}, [(1, 2, 3, 2, 2)]),
    ("ZeroPad1d", (2,), {}, [(2, 3, 4)]),
    ("ZeroPad2d", ((1, 2, 0, -1),), {}, [(2, 3, 4, 5)]),
    ("ZeroPad3d", (1,), {}, [(1, 2, 3, 2, 2)]),
    ("ReflectionPad1d", (2,), {}, [(2, 3, 4)]),
    ("ReflectionPad2d", ((1, 2, 0, 1),), {}, [(2, 3, 4, 5)]),
    ("ReflectionPad3d", (1,), {}, [(1, 2, 3, 2, 2)]),
    ("ReplicationPad1d", (2,), {}, [(2, 3, 4)]),
    ("ReplicationPad2d", ((1, 2, 0, 1),), {}, [(2, 3, 4, 5)]),
    ("ReplicationPad3d", (1,), {}, [(1, 2, 3, 2, 2)]),
    ("CircularPad1d", (2,), {}, [(2, 3, 4)]),
    ("CircularPad2d", ((1, 2, 0, 1),), {}, [(2, 3, 4, 5)]),
    ("CircularPad3d", (1,), {}, [(1, 2, 3, 2, 2)]),
    ("PixelShuffle", (2,), {}, [(2, 8, 3, 4)]),
    ("PixelUnshuffle", (2,), {}, [(2, 3, 4, 6)]),
    ("ChannelShuffle", (2,), {}, [(2, 6, 3, 4)]),
    ("Unfold", (2,), {}, [(2, 3, 4, 5)]),
    ("Unfold", ((2, 3), 2, (1, 2)), {"stride": (2, 1)}, [(3, 5, 6)]),
    ("Fold", ((4, 5), 2), {}, [(2, 12, 12)]),
    ("Fold", (6, (2, 3), 2, (1, 2)), {"stride": (2, 1)}, [(18, 18)]),
    ("Upsample", (), {"scale_factor": 2}, [(2, 3, 4)]),
    ("Upsample", (5,), {"mode": "bilinear"}, [(2, 3, 4, 3)]),
    ("Upsample", ((5, 2),), {"mode": "bicubic", "align_corners": True}, [(2, 3, 4, 3)]),
    ("Upsample", (), {"scale_factor": (1.6, 2, 1), "mode": "trilinear"}, [(1, 2, 3, 2, 2)]),
    ("Upsample", (), {"scale_factor": 1.6, "mode": "linear", "recompute_scale_factor": True}, [(2, 3, 4)]),
    ("UpsamplingNearest2d", (), {"scale_factor": 2}, [(2, 3, 4, 3)]),
    ("UpsamplingNearest2d", ((3, 7),), {}, [(2, 3, 4, 3)]),
    ("UpsamplingBilinear2d", (), {"scale_factor": 2}, [(2, 3, 4, 3)]),
    ("PairwiseDistance", (), {"p": 1.0, "keepdim": True}, [(4, 5), (4, 5)]),
    ("PairwiseDistance", (), {}, [(4, 5), (4, 5)]),
    ("CosineSimilarity", (), {"dim": 0}, [(4, 5), (4, 5)]),
    ("Dropout", (), {"p": 0.3}, [(40, 6)]),
    ("Dropout1d", (), {"p": 0.3}, [(8, 6, 3)]),
    ("Dropout1d", (), {"p": 0.3}, [(6, 3)]),
    ("Dropout2d", (), {"p": 0.3}, [(8, 6, 3, 2)]),
    ("Dropout3d", (), {"p": 0.3}, [(8, 6, 3, 2, 2)]),
    ("AlphaDropout", (), {"p": 0.3}, [(40, 6)]),
    ("FeatureAlphaDropout", (), {"p": 0.3}, [(8, 6, 3)]),
    ("RReLU", (), {"lower": 0.2, "upper": 0.2}, [(5, 6)]),
]


# PyTorch computes their gradients with constants rounded to float32.
FLOAT32_CONSTANTS = ("CELU", "Hardsigmoid")


def _id(row):
    name, args, kwargs, shapes = row
    options = ",".join([*map(str, args), *(f"{k}={v}" for k, v in kwargs.items())])
    return f"{name}({options})-{shapes[0]}"


def _both(row):
    name, args, kwargs, _ = row
    made = []
    for lib in (fb, torch):
        lib.manual_seed(11)
        made.append(getattr(lib.nn, name)(*args, **kwargs))
    return made


@pytest.mark.parametrize("row", LAYERS, ids=_id)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # PyTorch's
def test_layer(row):
    ours, theirs = _both(row)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for key, value in theirs.state_dict().items():
        assert_close(ours.state_dict()[key], value, rtol=1e-6, atol=1e-7)
    ours.load_state_dict({k: fb.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    ours.double()
    theirs.double()
    rng = np.random.default_rng(5)
    arrays = [rng.normal(size=shape) for shape in row[3]]
    rtol = 1e-7 if row[0] in FLOAT32_CONSTANTS else 1e-9
    for _ in range(2):  # twice: running statistics move
        assert_close(run(fb, ours, arrays), run(torch, theirs, arrays), rtol)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad, q.grad)
    for p, q in zip(ours.buffers(), theirs.buffers(), strict=True):
        assert_close(p, q)
    ours.eval()
    theirs.eval()
    assert_close(run(fb, ours, arrays), run(torch, theirs, arrays), rtol)


@pytest.mark.parametrize(
    "name",
    [
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "ELU",
        "SELU",
        "CELU",
        "SiLU",
        "Mish",
        "Hardtanh",
        "Hardsigmoid",
        "Hardswish",
        "RReLU",
    ],
)
def test_inplace_activation(name):
    array = np.random.default_rng(0).normal(size=(4, 5))
    kwargs = {"lower": 0.2, "upper": 0.2} if name == "RReLU" else {}
    inplace = getattr(fb.nn, name)(inplace=True, **kwargs)
    plain = getattr(fb.nn, name)(**kwargs)
    x = fb.from_numpy(array.copy())
    assert inplace(x) is x
    assert_close(x, plain(fb.from_numpy(array.copy())))
    assert_close(run(fb, lambda t: inplace(t * 1), [array]), run(fb, plain, [array]))


def test_inplace_dropout():
    array = np.ones((20, 5))
    layer = fb.nn.Dropout(0.4, inplace=True)
    x = fb.from_numpy(array.copy())
    fb.manual_seed(0)
    assert layer(x) is x
    fb.manual_seed(0)
    assert_close(x, fb.nn.Dropout(0.4)(fb.from_numpy(array.copy())))
    assert layer.eval()(x) is x


def test_activation_gradients_at_the_corners():
    corners = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0])
    for name in [
        "ReLU",
        "ReLU6",
        "Hardtanh",
        "Hardsigmoid",
        "Hardshrink",
        "Softshrink",
        "LeakyReLU",
        "ELU",
        "CELU",
        "SELU",
        "LogSigmoid",
        "Softsign",
        "PReLU",
    ]:
        ours, theirs = getattr(fb.nn, name)().double(), getattr(torch.nn, name)().double()
        assert_close(run(fb, ours, [corners]), run(torch, theirs, [corners]), rtol=1e-7)


def test_activations_at_extremes():
    x = np.array([-1e4, -800.0, -50.0, 50.0, 800.0, 1e4])
    for name in ["logsigmoid", "softsign", "mish", "celu", "selu", "hardswish", "tanhshrink"]:
        ours, theirs = getattr(fb.nn.functional, name), getattr(torch.nn.functional, name)
        assert_close(run(fb, ours, [x]), run(torch, theirs, [x]))
    special = np.array([np.nan, np.inf, -np.inf])
    for name in ["hardtanh", "relu6", "hardshrink", "softshrink", "logsigmoid"]:
        ours, theirs = getattr(fb.nn.functional, name), getattr(torch.nn.functional, name)
        assert_close(ours(fb.from_numpy(special.copy())), theirs(torch.from_numpy(special.copy())))
    threshold = fb.nn.functional.threshold(fb.from_numpy(special.copy()), 0.0, 1.0)
    assert_close(threshold, torch.nn.functional.threshold(torch.from_numpy(special.copy()), 0.0, 1.0))


def test_embedding():
    index = np.array([[0, 2, 1], [3, 2, 2]])
    for kwargs in (
        {},
        {"padding_idx": 2},
        {"padding_idx": -1},
        {"max_norm": 1.0},
        {"scale_grad_by_freq": True},
        {"max_norm": 1.5, "norm_type": 1.0},
    ):
        made = []
        for lib in (fb, torch):
            lib.manual_seed(1)
            layer = lib.nn.Embedding(4, 3, **kwargs)
            out = layer(lib.from_numpy(index))
            (out * out).sum().backward()
            made.append((repr(layer), out, layer.weight, layer.weight.grad))
        assert made[0][0] == made[1][0]
        assert_close(made[0][1:], made[1][1:], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("kwargs", [{}, {"padding_idx": 2}, {"max_norm": 1.0}, {"include_last_offset": True}], ids=str)
def test_embedding_bag(mode, kwargs):
    index, offsets = np.array([0, 2, 1, 3, 2, 2]), np.array([0, 2, 2, 6])
    made = []
    for lib in (fb, torch):
        lib.manual_seed(1)
        layer = lib.nn.EmbeddingBag(4, 3, mode=mode, **kwargs)
        out = layer(lib.from_numpy(index), lib.from_numpy(offsets))
        rows = layer(lib.from_numpy(index.reshape(3, 2)))
        ((out * out).sum() + (rows * rows).sum()).backward()
        made.append((repr(layer), out, rows, layer.weight, layer.weight.grad))
    assert made[0][0] == made[1][0]
    assert_close(made[0][1:], made[1][1:], rtol=1e-5, atol=1e-6)


def test_embedding_bag_of_weighted_rows():
    table, weights = fb.rand(4, 3), fb.tensor([[0.5, 2.0]])
    layer = fb.nn.EmbeddingBag.from_pretrained(table, mode="sum")
    out = layer(fb.tensor([[1, 3]]), per_sample_weights=weights)
    assert_close(out, (table[1] / 2 + table[3] * 2).unsqueeze(0))
    assert not layer.weight.requires_grad and not isinstance(layer, fb.nn.Embedding)
    with pytest.raises(NotImplementedError, match="only supported for mode='sum'"):
        fb.nn.EmbeddingBag(4, 3)(fb.tensor([[1, 3]]), per_sample_weights=weights)
    for args, text in (
        ((fb.tensor([1]),), "offsets has to be a 1D Tensor but got None"),
        ((fb.tensor([[1]]), fb.tensor([0])), "if input is 2D, then offsets has to be None"),
        ((fb.tensor(1),), "input has to be 1D or 2D Tensor, but got Tensor of dimension 0"),
    ):
        with pytest.raises(ValueError, match=text):
            layer(*args)


def test_embedding_from_pretrained():
    table = fb.rand(4, 3)
    layer = fb.nn.Embedding.from_pretrained(table, padding_idx=0)
    assert not layer.weight.requires_grad
    table[1, 1] = 7.0
    assert layer.weight[1, 1] == 7.0  # shared
    assert fb.nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
    with pytest.raises(AssertionError, match="Padding_idx must be within num_embeddings"):
        fb.nn.Embedding(3, 2, padding_idx=3)
    with pytest.raises(AssertionError, match="2-dimensional"):
        fb.nn.Embedding.from_pretrained(fb.rand(3))


def test_conv_transpose_output_size():
    layer = fb.nn.ConvTranspose2d(2, 3, 3, stride=2)
    x = fb.rand(1, 2, 4, 5)
    assert tuple(layer(x).shape) == (1, 3, 9, 11)
    assert tuple(layer(x, output_size=(10, 12)).shape) == (1, 3, 10, 12)
    assert tuple(layer(x, output_size=[1, 3, 9, 12]).shape) == (1, 3, 9, 12)
    with pytest.raises(ValueError, match="requested an output size"):
        layer(x, output_size=(13, 12))
    with pytest.raises(ValueError, match="output_size must have"):
        layer(x, output_size=(13,))


@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.Conv2d(3, 4, 3, groups=2),
        lambda nn: nn.Conv2d(4, 3, 3, groups=2),
        lambda nn: nn.Conv2d(4, 4, 3, groups=0),
        lambda nn: nn.Conv2d(4, 4, 3, padding="same", stride=2),
        lambda nn: nn.Dropout(1.5),
        lambda nn: nn.Dropout(-0.5),
        lambda nn: nn.GroupNorm(3, 4),
        lambda nn: nn.Bilinear(0, 1, 1),
        lambda nn: nn.TripletMarginLoss(margin=-1.0),
        lambda nn: nn.MultiMarginLoss(p=3),
        lambda nn: nn.ConvTranspose2d(1, 1, 1, padding_mode="reflect"),
    ],
)
def test_constructor_errors(make):
    def outcome(lib):
        with pytest.raises(Exception) as info:
            make(lib.nn)
        return type(info.value), str(info.value)

    assert outcome(fb) == outcome(torch)


@pytest.mark.parametrize(
    "call",
    [
        lambda lib: lib.nn.BatchNorm2d(3)(lib.zeros(2, 3)),
        lambda lib: lib.nn.BatchNorm1d(3)(lib.zeros(2, 3, 4, 5)),
        lambda lib: lib.nn.BatchNorm1d(3)(lib.zeros(1, 3)),
        lambda lib: lib.nn.functional.dropout(lib.zeros(2), 2.0),
        lambda lib: lib.nn.functional.glu(lib.zeros(2, 3)),
        lambda lib: lib.nn.functional.one_hot(lib.tensor([1, -1])),
        lambda lib: lib.nn.functional.one_hot(lib.tensor([1, 3]), 3),
        lambda lib: lib.nn.functional.smooth_l1_loss(lib.zeros(2), lib.zeros(2), beta=-1.0),
        lambda lib: lib.nn.functional.huber_loss(lib.zeros(2), lib.zeros(2), delta=0.0),
        lambda lib: lib.nn.functional.binary_cross_entropy_with_logits(lib.zeros(2), lib.zeros(3)),
        lambda lib: lib.nn.functional.binary_cross_entropy(lib.zeros(2), lib.zeros(3)),
        lambda lib: lib.nn.functional.mse_loss(lib.zeros(2), lib.zeros(2), reduction="average"),
        lambda lib: lib.nn.functional.gaussian_nll_loss(lib.zeros(2), lib.zeros(2), lib.zeros(3)),
        lambda lib: lib.nn.functional.gaussian_nll_loss(lib.zeros(2), lib.zeros(2), lib.zeros(2) - 1),
        lambda lib: lib.nn.functional.cosine_embedding_loss(lib.zeros(2), lib.zeros(2), lib.zeros(2, 2)),
    ],
)
def test_call_errors(call):
    def outcome(lib):
        with pytest.raises(Exception) as info:
            call(lib)
        return type(info.value), str(info.value)

    assert outcome(fb) == outcome(torch)


def test_batchnorm_without_statistics_count():
    """State of version 1 has no num_batches_tracked."""
    layer = fb.nn.BatchNorm1d(3)
    state = layer.state_dict()
    del state["num_batches_tracked"]
    state._metadata[""]["version"] = 1
    layer.num_batches_tracked.fill_(4)
    assert str(layer.load_state_dict(state)) == "<All keys matched successfully>"


def test_batchnorm_momentum_none_is_the_mean():
    layer = fb.nn.BatchNorm1d(2, momentum=None)
    a, b = fb.rand(5, 2), fb.rand(5, 2)
    layer(a)
    layer(b)
    np.testing.assert_allclose(layer.running_mean.numpy(), ((a.mean(0) + b.mean(0)) / 2).numpy(), rtol=1e-5)
    assert layer.num_batches_tracked == 2


def test_parameters_replaced_by_plain_tensors():
    """What weight-drop and pruning do: the entry of _parameters goes, a tensor takes its name."""
    layer = fb.nn.Linear(3, 2)
    doubled = layer.weight * 2
    del layer._parameters["weight"]
    layer.weight = doubled
    x = fb.rand(4, 3)
    assert_close(layer(x), x @ doubled.t() + layer.bias)


def test_implicit_softmax_dim_warns():
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax has been deprecated"):
        out = fb.nn.functional.softmax(fb.zeros(2, 4))
    assert_close(out, fb.full((2, 4), 0.25))


def test_gumbel_softmax():
    fb.manual_seed(0)
    logits = fb.tensor([[1.0, 2.0, 0.5]]).repeat(4000, 1).requires_grad_(True)
    hard = fb.nn.functional.gumbel_softmax(logits, tau=0.5, hard=True)
    np.testing.assert_allclose(hard.detach().sum(1).numpy(), 1.0, atol=1e-6)
    expected = np.exp([1.0, 2.0, 0.5]) / np.exp([1.0, 2.0, 0.5]).sum()
    np.testing.assert_allclose(hard.detach().mean(0).numpy(), expected, atol=0.03)
    soft = fb.nn.functional.gumbel_softmax(logits)
    assert ((soft > 0) & (soft < 1)).all()
    (hard * fb.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert (logits.grad != 0).any()


def test_one_hot():
    index = np.array([[0, 2], [1, 1]])
    for args in ((), (4,)):
        ours = fb.nn.functional.one_hot(fb.from_numpy(index), *args)
        assert_close(ours, torch.nn.functional.one_hot(torch.from_numpy(index), *args))


def test_functional_names():
    """Every public name of nn.functional can be had, and is a function."""
    for name in fb.nn.functional.__all__:
        assert callable(getattr(fb.nn.functional, name)), name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        fb.nn.functional.nonsense  # noqa: B018
