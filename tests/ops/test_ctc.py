"""What ctc_loss does beyond its row: gradients as PyTorch has them, in float32 over many steps, and no second ones."""

import numpy as np
import pytest

import flambeau as fb

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="compares with PyTorch")


def gradients(lib, x, targets, il, tl, *options):
    leaf = lib.from_numpy(x.copy()).requires_grad_()
    loss = lib.ctc_loss(leaf, lib.from_numpy(targets), lib.tensor(il), lib.tensor(tl), *options)
    (g,) = lib.autograd.grad(loss.sum(), leaf)
    return loss.detach().numpy(), g.numpy()


def both(x, *rest):
    for ours, theirs in zip(gradients(fb, x, *rest), gradients(torch, x, *rest), strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-9, 1e-12)


@needs_torch
@pytest.mark.parametrize("reduction", [0, 1, 2])
def test_gradient_of_numbers_that_are_no_log_softmax(reduction):
    x = np.random.default_rng(0).normal(size=(6, 3, 5))
    targets = np.array([[1, 2, 3], [4, 4, 1], [2, 1, 1]])
    both(x, targets, [6, 5, 3], [3, 2, 0], 0, reduction)


def test_gradient_of_batch_first_memory():
    x = np.random.default_rng(0).normal(size=(3, 6, 5)).swapaxes(0, 1)
    targets, il, tl = fb.tensor([[1, 2], [4, 4], [2, 1]]), (6, 5, 3), (2, 2, 0)
    leaf = fb.from_numpy(x).requires_grad_()
    fb.ctc_loss(leaf, targets, il, tl).backward()
    assert not leaf.is_contiguous()
    np.testing.assert_allclose(leaf.grad.numpy(), gradients(fb, x.copy(), targets.numpy(), il, tl)[1])


@needs_torch
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_gradient_where_the_loss_is_infinite(zero_infinity):
    x = np.log(np.random.default_rng(0).dirichlet(np.ones(4), (5, 2)))
    both(x, np.array([[1, 2], [3, 3]]), [1, 2], [2, 2], 0, 0, zero_infinity)


def test_gradient_where_a_class_is_impossible():
    x = np.log(np.random.default_rng(0).dirichlet(np.ones(4), (5, 1)))
    x[2, 0, 1] = -np.inf
    loss, g = gradients(fb, x, np.array([[1, 2]]), [5], [2], 0, 0)
    assert np.isfinite(loss).all() and np.isfinite(g).all() and g[2, 0, 1] == 0


def test_many_steps_of_float32():
    rng = np.random.default_rng(0)
    x = np.log(rng.dirichlet(np.ones(20), (600, 2)))
    rest = rng.integers(1, 20, (2, 60)), [600, 550], [60, 41], 0, 0
    for wide, narrow in zip(gradients(fb, x, *rest), gradients(fb, x.astype(np.float32), *rest), strict=True):
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow, wide, 1e-4, 1e-5)


def test_no_second_derivative():
    x = fb.randn(5, 2, 4, requires_grad=True)
    loss = fb.ctc_loss(x.log_softmax(2), fb.tensor([[1, 2], [3, 3]]), (5, 5), (2, 2))
    (g,) = fb.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(RuntimeError, match="derivative for aten::_ctc_loss_backward is not implemented"):
        g.sum().backward()


def test_targets_of_any_dtype():
    x = fb.randn(5, 2, 4).log_softmax(2)
    targets = fb.tensor([[1, 2], [3, 3]])
    expected = fb.ctc_loss(x, targets, (5, 5), (2, 2))
    for dtype in (fb.int32, fb.uint8, fb.float32):
        assert fb.ctc_loss(x, targets.to(dtype), fb.tensor([5, 5]).int(), (2, 2)).equal(expected)


X, Y = fb.zeros(4, 2, 3), fb.tensor([[1, 2], [1, 1]])
FOUR, TWO = fb.tensor([4, 4]), fb.tensor([2, 2])


@pytest.mark.parametrize(
    "text, args, error",
    [
        ("must be Tensor, not list", ([1.0], Y, FOUR, TWO), TypeError),
        ("not implemented for 'Half'", (X.half(), Y, FOUR, TWO), NotImplementedError),
        ("Expected 3-dimensional tensor, but got 4-dim.* for argument #1", (X[None], Y, FOUR, TWO), RuntimeError),
        ("Expected 1 to 2 dimensions, but got 3-dim.* for argument #2", (X, Y[None], FOUR, TWO), RuntimeError),
        ("log_probs tensor must not be empty", (X[:0], Y, FOUR, TWO), RuntimeError),
        ("blank must be in label range", (X, Y, FOUR, TWO, 3), RuntimeError),
        ("input_lengths must be integral", (X, Y, FOUR.double(), TWO), RuntimeError),
        ("target_lengths must be of size batch_size", (X, Y, FOUR, TWO[:1]), RuntimeError),
        ("have size 2 at dimension 0, but got size 1 for argument #2", (X, Y[:1], FOUR, TWO), RuntimeError),
        ("have size 4 at dimension 0, but got size 2 for argument #2", (X, Y[0], FOUR, TWO), RuntimeError),
        ("have size at least 3 at dimension 1, but got size 2", (X, Y, FOUR, TWO + 1), RuntimeError),
        ("input_lengths to have value at most 4, but got value 5", (X, Y, FOUR + 1, TWO), RuntimeError),
        ("input_lengths to have value at least 0, but got value -1", (X, Y, FOUR - 5, TWO), RuntimeError),
        ("target_lengths to have value at least 0, but got value -1", (X, Y, FOUR, TWO - 3), RuntimeError),
        ("7 is not a valid value for reduction", (X, Y, FOUR, TWO, 0, 7), ValueError),
        ("Target 5 is out of bounds: there are 3 classes", (X, Y * 0 + 5, FOUR, TWO), IndexError),
    ],
)
def test_errors(text, args, error):
    with pytest.raises(error, match=text):
        fb.ctc_loss(*args)
