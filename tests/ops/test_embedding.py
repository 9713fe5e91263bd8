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


def test_the_other_results_of_embedding_bag():
    w = fb.tensor([[1.0, 5.0], [2.0, 4.0], [2.0, 3.0]])
    index, offsets = fb.tensor([0, 2, 1, 1]), fb.tensor([0, 3, 3])
    for mode in (0, 1):
        _, bag, size, last = fb.embedding_bag(w, index, offsets, mode=mode)
        assert (bag.tolist(), size.tolist(), last.tolist()) == ([0, 0, 0, 2], [3, 0, 1], [3, 0, 1])
    out, _, _, largest = fb.embedding_bag(w, index, offsets, mode=2)
    assert out.tolist() == [[2, 5], [0, 0], [2, 4]] and largest.tolist() == [[2, 0], [0, 0], [1, 1]]


def test_the_end_of_the_last_bag():
    w, index = fb.arange(8.0).reshape(4, 2), fb.tensor([1, 2, 3])
    for mode in (0, 1, 2):  # PyTorch's means and maxima go on to the end
        out = fb.embedding_bag(w, index, fb.tensor([0, 1]), mode=mode, include_last_offset=True)[0]
        assert out.tolist() == [[2, 3]]


def test_frequencies_divide_the_gradient_of_bags():
    """By how often the row occurs, as documented; PyTorch 2.13 takes the frequencies of other rows."""
    w = fb.zeros(4, 1, requires_grad=True)
    fb.embedding_bag(w, fb.tensor([1, 1, 1, 2]), fb.tensor([0, 2]), scale_grad_by_freq=True)[0].sum().backward()
    assert w.grad.tolist() == [[0], [1], [1], [0]]


def test_a_sparse_gradient_of_bags():
    w = fb.ones(4, 1, requires_grad=True)
    fb.embedding_bag(w, fb.tensor([1, 3, 1, 2]), fb.tensor([0, 3]), mode=1, sparse=True)[0].sum().backward()
    assert w.grad.is_sparse
    np.testing.assert_allclose(w.grad.to_dense().tolist(), [[0], [2 / 3], [1], [1 / 3]], rtol=1e-6)
