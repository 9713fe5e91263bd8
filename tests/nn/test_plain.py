"""The functions with the signatures of PyTorch's main namespace."""

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")


def signs():
    return np.array([1.0, -1.0, 1.0, -1.0], np.float32)


CALLS = {
    "cosine_embedding_loss": ((4, 3), (4, 3), signs),
    "hinge_embedding_loss": ((4,), signs),
    "kl_div": ((4, 3), (4, 3)),
    "margin_ranking_loss": ((4,), (4,), signs),
    "triplet_margin_loss": ((4, 3), (4, 3), (4, 3)),
}


@pytest.mark.parametrize("reduction", [0, 1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_losses(name, reduction):
    random = np.random.RandomState(0)
    arrays = [s() if callable(s) else random.uniform(0.1, 1, s).astype(np.float32) for s in CALLS[name]]
    results = []
    for library in (fb, torch):
        function = getattr(library, name)
        results.append(function(*[library.from_numpy(a) for a in arrays], reduction=reduction).numpy())
    np.testing.assert_allclose(*results, 1e-5, 1e-6)
    with pytest.raises(ValueError, match="reduction must be 0"):
        getattr(fb, name)(*[fb.from_numpy(a) for a in arrays], reduction="mean")


def test_poisson_nll_loss():
    x = np.array([0.5, 1.5], np.float32)
    got, expected = [
        lib.poisson_nll_loss(lib.from_numpy(x), lib.from_numpy(x), True, True, 1e-8, 2).item() for lib in (fb, torch)
    ]
    assert got == pytest.approx(expected, rel=1e-5)


def test_instance_norm():
    x = np.random.RandomState(0).randn(2, 3, 5).astype(np.float32)
    results = []
    for lib in (fb, torch):
        mean, var = lib.zeros(3), lib.ones(3)
        y = lib.instance_norm(lib.from_numpy(x), lib.full((3,), 2.0), lib.ones(3), mean, var, True, 0.1, 1e-5, False)
        results.append((y.numpy(), mean.numpy(), var.numpy()))
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, 1e-4, 1e-5)


def test_functions_that_are_the_same():
    for name in ("cosine_similarity", "pairwise_distance", "pixel_shuffle", "bilinear", "rms_norm", "channel_shuffle"):
        assert getattr(fb, name) is getattr(fb.nn.functional, name)
