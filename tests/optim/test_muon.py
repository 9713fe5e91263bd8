"""Muon: orthogonal updates, and PyTorch's numbers as far as bfloat16 goes."""

import numpy as np
import pytest

import flambeau as fb

from ..nn.parity import assert_close, raised

torch = pytest.importorskip("torch")


def _train(lib, shape, steps, **options):
    rng = np.random.default_rng(3)
    p = lib.nn.Parameter(lib.from_numpy(rng.normal(size=shape)))
    optimizer = lib.optim.Muon([p], **options)
    for _ in range(steps):
        p.grad = lib.from_numpy(rng.normal(size=shape))
        optimizer.step()
    return p, optimizer


@pytest.mark.parametrize("shape", [(4, 4), (3, 6), (6, 3)])
@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.01},
        {"lr": 0.01, "nesterov": False, "momentum": 0.8, "weight_decay": 0.5},
        {"lr": 0.01, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3},
        {"lr": 0.01, "adjust_lr_fn": "original", "ns_coefficients": (3.0, -3.2, 1.2)},
    ],
)
def test_same_numbers(options, shape):
    ours, our_optimizer = _train(fb, shape, 20, **options)
    theirs, their_optimizer = _train(torch, shape, 20, **options)
    assert_close(ours, theirs, rtol=0, atol=0.01)  # of updates of 0.2 in all, rounded to 8 bits in each product
    assert_close(our_optimizer.state[ours]["momentum_buffer"], their_optimizer.state[theirs]["momentum_buffer"])
    assert repr(our_optimizer) == repr(their_optimizer)


@pytest.mark.parametrize("shape", [(3, 6), (6, 3)])
def test_update_is_about_orthogonal(shape):
    start, _ = _train(fb, shape, 0)
    end, _ = _train(fb, shape, 1, lr=1.0, weight_decay=0.0, adjust_lr_fn="original", ns_steps=8)
    singular = np.linalg.svd((start - end).detach().numpy(), compute_uv=False)
    scale = np.sqrt(max(1, shape[0] / shape[1]))
    np.testing.assert_allclose(singular / scale, 1, atol=0.4)


@pytest.mark.parametrize(
    "options", [{"lr": -1.0}, {"momentum": -1.0}, {"weight_decay": -1.0}, {"adjust_lr_fn": "none"}]
)
def test_errors_of_arguments(options):
    ours, theirs = (
        raised(lambda lib=lib: lib.optim.Muon([lib.nn.Parameter(lib.ones(2, 2))], **options)) for lib in (fb, torch)
    )
    assert ours == theirs


def test_errors_of_iterations_come_at_once():
    p = fb.nn.Parameter(fb.ones(2, 2))
    with pytest.raises(ValueError, match="steps must be less than 100"):
        fb.optim.Muon([p], ns_steps=100)
    with pytest.raises(ValueError, match="exactly 3 values"):
        fb.optim.Muon([p], ns_coefficients=(1, 2))


def test_only_matrices():
    ours, theirs = (raised(lambda lib=lib: lib.optim.Muon([lib.nn.Parameter(lib.ones(2))])) for lib in (fb, torch))
    assert ours[0] is theirs[0] is ValueError
    assert "Muon only supports 2D parameters" in ours[1]


def test_complex_and_sparse_are_refused():
    p = fb.nn.Parameter(fb.ones(2, 2, dtype=fb.complex64))
    p.grad = fb.ones(2, 2, dtype=fb.complex64)
    with pytest.raises(RuntimeError, match="Muon does not support complex parameters"):
        fb.optim.Muon([p]).step()
    p = fb.nn.Parameter(fb.ones(2, 2))
    p.grad = fb.ones(2, 2).to_sparse(1)
    with pytest.raises(RuntimeError, match="Muon does not support sparse gradients"):
        fb.optim.Muon([p]).step()
