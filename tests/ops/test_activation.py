"""What rows do not say of activations."""

import math

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")

POINTS = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 3.0, -3.0, 6.0, 2.2, math.inf, -math.inf, math.nan, 20.5, -15.0,
    1e3, -1e3,
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "relu",
        "relu6",
        "hardtanh",
        "hardshrink",
        "softshrink",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "silu",
        "mish",
    ]
    + ["logsigmoid", "hardswish", "hardsigmoid", "softplus", "gelu"],
)
def test_values_and_gradients_at_kinks_and_limits(name):
    x = fb.tensor(POINTS, dtype=fb.float64, requires_grad=True)
    y = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    got, expected = getattr(fb, name)(x), getattr(torch.nn.functional, name)(y)
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), 1e-6, 1e-9)
    got.backward(fb.ones_like(got))
    expected.backward(torch.ones_like(expected))
    # the gradient at NaN is NaN or that of one side, as the comparison falls
    numbers = ~np.isnan(POINTS)
    np.testing.assert_allclose(x.grad.numpy()[numbers], y.grad.numpy()[numbers], 1e-6, 1e-9)


@pytest.mark.parametrize(
    "name,args",
    [
        ("relu_", ()), ("relu6_", ()), ("hardtanh_", (-0.5, 0.5)), ("leaky_relu_", (0.2,)),
        ("elu_", (0.7,)), ("selu_", ()), ("celu_", (1.5,)), ("silu_", ()), ("mish_", ()),
        ("hardswish_", ()), ("hardsigmoid_", ()), ("threshold_", (0.1, 3.0)), ("gelu_", ()),
    ],
)  # fmt: skip
def test_in_place_forms(name, args):
    """The same values and gradients as out of place, in the same tensor."""
    values = [-4.0, -1.3, -0.2, 0.3, 1.7, 7.0]
    x, y = (fb.tensor(values, dtype=fb.float64, requires_grad=True) for _ in range(2))
    changed = x * 1
    assert getattr(fb, name)(changed, *args) is changed
    expected = getattr(fb, name[:-1])(y * 1, *args)
    assert changed.tolist() == expected.tolist()
    (changed * changed).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), 1e-12)


def test_parameters_of_the_short_path_are_not_confused():
    """softplus and gelu take the short path only with their default parameters."""
    x = fb.tensor([0.5, -1.0], dtype=fb.float64, requires_grad=True)
    for function, reference in (
        (lambda t: fb.softplus(t, 2.0), lambda t: torch.nn.functional.softplus(t, 2.0)),
        (lambda t: fb.softplus(t, threshold=0.1), lambda t: torch.nn.functional.softplus(t, threshold=0.1)),
        (lambda t: fb.gelu(t, approximate="tanh"), lambda t: torch.nn.functional.gelu(t, approximate="tanh")),
    ):
        y = torch.tensor(x.tolist(), dtype=torch.float64, requires_grad=True)
        (mine,) = fb.autograd.grad(function(x).sum(), x)
        (theirs,) = torch.autograd.grad(reference(y).sum(), y)
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), 1e-12)


def test_node_names():
    x = fb.tensor([1.0], requires_grad=True)
    for function, name in (
        (fb.relu, "Relu"),
        (fb.silu, "Silu"),
        (fb.elu, "Elu"),
        (fb.selu, "Elu"),
        (fb.sigmoid, "Sigmoid"),
    ):
        assert function(x).grad_fn.name() == f"{name}Backward0"
