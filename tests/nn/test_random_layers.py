"""Random functions and layers draw from the CPU's generator what PyTorch draws from the same seed, and as much."""

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")

MASKS = {
    "dropout": ((40, 30), {"p": 0.3}),
    "dropout1d": ((8, 6, 3), {"p": 0.3}),
    "dropout2d": ((8, 6, 3, 2), {"p": 0.3}),
    "dropout3d": ((8, 6, 3, 2, 2), {"p": 0.3}),
    "alpha_dropout": ((40, 30), {"p": 0.3, "training": True}),
    "feature_alpha_dropout": ((6, 5, 4, 7), {"p": 0.3, "training": True}),
}
CONTINUOUS = {
    "rrelu": ((40, 30), {"training": True}),
    "gumbel_softmax": ((40, 30), {}),
    "fractional_max_pool2d": ((2, 3, 8, 9), {"kernel_size": 2, "output_size": (3, 4)}),
    "fractional_max_pool3d": ((2, 3, 8, 9, 7), {"kernel_size": 2, "output_size": 3}),
}
UNIT = {"float32": 1e-6, "float64": 1e-14, "bfloat16": 2**-7, "float16": 2**-9}


def drawn(lib, function, shape, dtype):
    """The function's result for normal numbers, and what the generator draws next."""
    x = lib.from_numpy(np.random.default_rng(0).normal(size=shape)).to(getattr(lib, dtype))
    lib.manual_seed(3)
    y = function(lib, x)
    assert str(y.dtype) == f"torch.{dtype}"
    return y.detach().double().numpy(), lib.rand(2).tolist()


def functional(name, options):
    return lambda lib, x: getattr(lib.nn.functional, name)(x, **options)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("dtype", UNIT)
def test_masks(name, dtype):
    """The same elements dropped, the others equal."""
    shape, options = MASKS[name]
    ours, theirs = (drawn(lib, functional(name, options), shape, dtype) for lib in (fb, torch))
    np.testing.assert_array_equal(ours[0] == 0, theirs[0] == 0)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=UNIT[dtype], atol=UNIT[dtype])
    assert ours[1] == theirs[1]


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_continuous(name, dtype):
    shape, options = CONTINUOUS[name]
    ours, theirs = (drawn(lib, functional(name, options), shape, dtype) for lib in (fb, torch))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=UNIT[dtype], atol=UNIT[dtype])
    assert ours[1] == theirs[1]


def test_a_hard_sample():
    ours, theirs = (
        drawn(lib, functional("gumbel_softmax", {"hard": True}), (40, 30), "float32") for lib in (fb, torch)
    )
    np.testing.assert_array_equal(ours[0].argmax(1), theirs[0].argmax(1))


def attention(lib, x):
    return lib.nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=0.3)


def seeded(make):
    """A layer with weights of one seed, called from another one."""

    def call(lib, x):
        layer = make(lib.nn).to(x.dtype)
        lib.manual_seed(5)
        out = layer(x)
        return out[0] if isinstance(out, tuple) else out

    return call


@pytest.mark.parametrize(
    "function",
    [
        attention,
        seeded(lambda nn: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3)),
        seeded(lambda nn: nn.LSTM(8, 4, 2, dropout=0.4)),
        seeded(lambda nn: nn.GRU(8, 4, 3, dropout=0.4, bidirectional=True)),
    ],
    ids=["attention", "encoder layer", "LSTM", "GRU"],
)
def test_dropout_within(function):
    ours, theirs = (drawn(lib, function, (5, 4, 8), "float64") for lib in (fb, torch))
    np.testing.assert_allclose(
        ours[0], theirs[0], rtol=1e-6, atol=1e-6
    )  # weights of PyTorch's normals in float32
    assert ours[1] == theirs[1]
