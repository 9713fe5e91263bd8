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
