"""Initialisers draw the numbers that PyTorch draws from the same seed."""

import math

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close

torch = pytest.importorskip("torch")

# (name, shape, arguments)
CASES = [
    ("uniform_", (4, 5), (-2.0, 3.0)),
    ("uniform_", (3,), ()),
    ("normal_", (4, 5), (1.0, 0.5)),
    ("normal_", (3,), ()),
    ("trunc_normal_", (6, 7), ()),
    ("trunc_normal_", (6, 7), (1.0, 2.0, 0.0, 1.5)),
    ("constant_", (2, 3), (0.3,)),
    ("ones_", (2, 3), ()),
    ("zeros_", (2, 3), ()),
    ("eye_", (3, 5), ()),
    ("dirac_", (4, 3, 3), ()),
    ("dirac_", (4, 2, 3, 3), (2,)),
    ("dirac_", (4, 3, 3, 2, 3), ()),
    ("xavier_uniform_", (4, 5), ()),
    ("xavier_uniform_", (4, 5, 3, 3), (2.0,)),
    ("xavier_normal_", (4, 5), (1.5,)),
    ("kaiming_uniform_", (4, 5), (math.sqrt(5),)),
    ("kaiming_uniform_", (4, 5, 3), (0, "fan_out", "relu")),
    ("kaiming_normal_", (4, 5), ()),
    ("kaiming_normal_", (8, 3, 3, 3), (0, "fan_out", "relu")),
    ("orthogonal_", (4, 4), ()),
    ("orthogonal_", (3, 7), (2.0,)),
    ("orthogonal_", (7, 3), ()),
    ("orthogonal_", (6, 2, 2), ()),
    ("sparse_", (10, 4), (0.3,)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, shape, args", CASES, ids=[f"{c[0]}{c[1]}" for c in CASES])
def test_same_numbers(name, shape, args, dtype):
    results = []
    for lib in (fb, torch):
        lib.manual_seed(42)
        tensor = lib.full(shape, 9.0, dtype=getattr(lib, dtype), requires_grad=True)
        assert getattr(lib.nn.init, name)(tensor, *args) is tensor
        assert tensor.is_leaf
        results += [tensor, lib.rand(3)]  # the generator went on by the same number of draws
    tolerance = 1e-5 if dtype == "float32" else 1e-10
    assert_close(results[:2], results[2:], rtol=tolerance, atol=tolerance)


def test_layers_of_a_network_start_alike():
    def make(lib):
        nn = lib.nn
        lib.manual_seed(7)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.BatchNorm2d(8),
            nn.ConvTranspose2d(8, 4, 3),
            nn.Linear(20, 10),
            nn.Embedding(11, 5, padding_idx=3),
            nn.Bilinear(3, 4, 2),
            nn.Conv1d(4, 4, 5, groups=2, bias=False),
            nn.Linear(10, 1),
        )

    ours, theirs = make(fb).state_dict(), make(torch).state_dict()
    assert list(ours) == list(theirs)
    for key in theirs:
        assert_close(ours[key], theirs[key], rtol=1e-6, atol=1e-7)


def test_calculate_gain():
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert fb.nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert fb.nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)
    with pytest.raises(ValueError, match="Unsupported nonlinearity sine"):
        fb.nn.init.calculate_gain("sine")
    with pytest.raises(ValueError, match="negative_slope True not a valid number"):
        fb.nn.init.calculate_gain("leaky_relu", True)


@pytest.mark.parametrize(
    "name",
    [
        "uniform",
        "normal",
        "constant",
        "eye",
        "dirac",
        "xavier_uniform",
        "xavier_normal",
        "kaiming_uniform",
        "kaiming_normal",
        "orthogonal",
        "sparse",
    ],
)
def test_older_names_warn(name):
    shape = (2, 2, 3) if name == "dirac" else (4, 4)
    args = {"constant": (2.0,), "sparse": (0.5,)}.get(name, ())
    with pytest.warns(
        FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"
    ):
        getattr(fb.nn.init, name)(fb.zeros(shape), *args)


@pytest.mark.parametrize(
    "call",
    [
        lambda lib: lib.nn.init.eye_(lib.zeros(3)),
        lambda lib: lib.nn.init.dirac_(lib.zeros(3, 3)),
        lambda lib: lib.nn.init.dirac_(lib.zeros(3, 3, 3), 2),
        lambda lib: lib.nn.init.xavier_uniform_(lib.zeros(3)),
        lambda lib: lib.nn.init.kaiming_normal_(lib.zeros(3, 3), mode="fan_inout"),
        lambda lib: lib.nn.init.orthogonal_(lib.zeros(3)),
        lambda lib: lib.nn.init.sparse_(lib.zeros(3), 0.1),
    ],
)
def test_errors(call):
    outcomes = []
    for lib in (fb, torch):
        with pytest.raises(ValueError) as info:
            call(lib)
        outcomes.append(str(info.value))
    assert outcomes[0] == outcomes[1]


def test_orthogonal_rows():
    q = fb.nn.init.orthogonal_(fb.empty(3, 8)).numpy()
    np.testing.assert_allclose(q @ q.T, np.eye(3), atol=1e-5)


def test_empty_tensor_warns():
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        fb.nn.init.kaiming_uniform_(fb.empty(0, 3))
