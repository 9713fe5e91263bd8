"""embedding: the options that change its gradient, against PyTorch."""

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("padding_idx", [None, 2, -1])
@pytest.mark.parametrize("scale", [False, True])
def test_gradients(padding_idx, scale):
    random = np.random.RandomState(0)
    indices, table, seed = random.randint(0, 4, (3, 5)), random.randn(4, 2), random.randn(3, 5, 2)
    ours, theirs = fb.tensor(table, requires_grad=True), torch.tensor(table, requires_grad=True)
    y = fb.embedding(fb.tensor(indices), ours, padding_idx, scale_grad_by_freq=scale)
    z = torch.nn.functional.embedding(torch.tensor(indices), theirs, padding_idx, scale_grad_by_freq=scale)
    y.backward(fb.tensor(seed))
    z.backward(torch.tensor(seed))
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), 1e-12)


@pytest.mark.parametrize("padding_idx", [None, 1])
@pytest.mark.parametrize("scale", [False, True])
def test_second_order(padding_idx, scale):
    """The gradient is linear in the output's gradient: its transpose is what backward of backward must give."""
    indices = fb.tensor([[0, 1, 1], [3, 1, 0]])
    table = fb.randn(4, 2, dtype=fb.float64, requires_grad=True)
    seed = fb.randn(2, 3, 2, dtype=fb.float64, requires_grad=True)

    def gradient(seed):
        with fb.enable_grad():  # gradcheck takes its differences without recording
            y = fb.embedding(indices, table, padding_idx, scale_grad_by_freq=scale)
            return fb.autograd.grad(y, table, seed, create_graph=True)[0]

    assert fb.autograd.gradcheck(gradient, [seed])
