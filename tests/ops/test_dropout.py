"""dropout and dropout_: which elements go, what becomes of the others, gradients, the generator."""

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(7,), (4, 5), (300,)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_mask_as_pytorch(p, shape, dtype):
    fb.manual_seed(3)
    torch.manual_seed(3)
    got = fb.dropout(fb.ones(shape, dtype=getattr(fb, dtype)), p)
    expected = torch.dropout(torch.ones(shape, dtype=getattr(torch, dtype)), p, True)
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-6)


def test_gradient_is_the_mask():
    x = fb.randn(50, requires_grad=True)
    y = fb.dropout(x, 0.4)
    y.sum().backward()
    kept = y.detach() != 0
    assert x.grad[kept].tolist() == pytest.approx([1 / 0.6] * int(kept.sum()))
    assert not x.grad[~kept].any()
    assert y.grad_fn.name() == "MulBackward0"


def test_identity_and_all():
    x = fb.randn(5)
    assert fb.dropout(x, 0.5, False) is x
    assert fb.dropout(x, 0.0) is x
    assert fb.dropout(x, 1.0).tolist() == [0.0] * 5


def test_in_place():
    x = fb.ones(100)
    assert fb.dropout_(x, 0.5) is x
    assert set(x.tolist()) == {0.0, 2.0}
    assert x._version == 1


def test_errors():
    with pytest.raises(RuntimeError, match="dropout probability has to be between 0 and 1, but got -1"):
        fb.dropout(fb.ones(3), -1)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        fb.dropout(fb.ones(3, dtype=fb.int64), 0.5)


RELATIVES = ["alpha_dropout", "feature_dropout", "feature_alpha_dropout"]


def seeded(library, name, x, *arguments):
    library.manual_seed(7)
    return getattr(library, name)(x, *arguments)


@pytest.mark.parametrize("name", RELATIVES)
@pytest.mark.parametrize("p", [0.3, 1.0])
@pytest.mark.parametrize("shape", [(4, 5), (3, 2, 4, 5)])
def test_relatives_draw_like_pytorch(name, p, shape):
    values = np.random.RandomState(0).randn(*shape).astype(np.float32)
    got = seeded(fb, name, fb.tensor(values), p, True)
    expected = seeded(torch, name, torch.tensor(values), p, True)
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
    x = fb.tensor(values)
    assert seeded(fb, f"{name}_", x, p, True) is x
    np.testing.assert_allclose(x.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


IN_PLACE = ["alpha_dropout_", "feature_dropout_", "feature_alpha_dropout_"]


@pytest.mark.parametrize("name", [*RELATIVES, *IN_PLACE])
def test_relatives_do_nothing_outside_of_training(name):
    x = fb.ones(2, 3)
    assert getattr(fb, name)(x, 0.5, False) is x
    assert getattr(fb, name)(x, 0.0, True) is x


@pytest.mark.parametrize("name", RELATIVES)
def test_errors_of_relatives(name):
    function = getattr(fb, name)
    with pytest.raises(RuntimeError, match="between 0 and 1, but got 1.5"):
        function(fb.ones(2, 3), 1.5, True)
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Long"):
        function(fb.ones(2, 3, dtype=fb.int64), 0.5, True)
    if name != "alpha_dropout":
        with pytest.raises(RuntimeError, match="Feature dropout requires at least 2 dimensions in the input"):
            function(fb.ones(3), 0.5, True)


def test_alpha_dropout_keeps_mean_and_variance():
    fb.manual_seed(0)
    y = fb.alpha_dropout(fb.randn(200_000), 0.4, True)
    assert abs(y.mean().item()) < 0.01 and abs(y.var().item() - 1) < 0.02


@pytest.mark.parametrize("name", RELATIVES)
def test_gradients_of_relatives(name):
    x = fb.randn(6, 5, requires_grad=True)
    seeded(fb, name, x, 0.4, True).sum().backward()
    y = torch.tensor(x.detach().numpy(), requires_grad=True)
    seeded(torch, name, y, 0.4, True).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_rrelu_draws_like_pytorch(training):
    values = np.random.RandomState(1).randn(6, 7).astype(np.float32)
    values[0, 0] = 0
    x = fb.tensor(values, requires_grad=True)
    w = torch.tensor(values, requires_grad=True)
    got, expected = [seeded(lib, "rrelu", t, 0.1, 0.4, training) for lib, t in ((fb, x), (torch, w))]
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-6)
    got.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), w.grad.numpy(), rtol=1e-6)
    z = fb.tensor(values)
    assert seeded(fb, "rrelu_", z, 0.1, 0.4, training) is z
    np.testing.assert_allclose(z.numpy(), expected.detach().numpy(), rtol=1e-6)


def test_errors_of_rrelu():
    with pytest.raises(RuntimeError, match="Lower bound should be less than or equal to the upper bound"):
        fb.rrelu(fb.ones(2), 0.5, 0.1)
    with pytest.raises(NotImplementedError, match="'Long'"):
        fb.rrelu(fb.ones(2, dtype=fb.int64))


@pytest.mark.parametrize("p,train", [(0.3, True), (1.0, True), (0.0, True), (0.3, False)])
def test_native_dropout_also_gives_the_mask(p, train):
    x = np.random.RandomState(0).randn(4, 5).astype(np.float32)
    got = seeded(fb, "native_dropout", fb.tensor(x), p, train)
    expected = seeded(torch, "native_dropout", torch.tensor(x), p, train)
    np.testing.assert_allclose(got[0].numpy(), expected[0].numpy(), rtol=1e-6)
    assert got[1].dtype is fb.bool and got[1].tolist() == expected[1].tolist()
