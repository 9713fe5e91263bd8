"""kl_divergence against PyTorch: all pairs of families that it knows."""

import numpy as np
import pytest

import flambeau as fb

from .pairs import ARGUMENTS, build, registered

torch = pytest.importorskip("torch")
from torch import distributions as theirs  # noqa: E402


def names(module):
    return {(p.__name__, q.__name__) for p, q in module._KL_REGISTRY}


def test_the_same_pairs_are_registered():
    assert {(p.__name__, q.__name__) for p, q in fb.distributions.kl._KL_REGISTRY} == names(theirs.kl)


@pytest.mark.parametrize("pair", registered(fb.distributions.kl), ids="-".join)
def test_values_and_gradients(pair):
    results = []
    for lib in (fb, torch):
        parameters = [[lib.tensor(a, dtype=lib.float64, requires_grad=True) for a in ARGUMENTS[n][side]]
                      for side, n in enumerate(pair)]  # fmt: skip
        p, q = [getattr(lib.distributions, n)(*ps) for n, ps in zip(pair, parameters, strict=True)]
        value = lib.distributions.kl_divergence(p, q)
        grads = [None] * 4
        if value.requires_grad and np.isfinite(value.detach().numpy()).all():
            leaves = [t for ps in parameters for t in ps]
            grads = lib.autograd.grad(value.sum(), leaves, allow_unused=True)
        results.append((value.detach().numpy(), [None if g is None else g.numpy() for g in grads]))
    (ours, our_grads), (wanted, grads) = results
    np.testing.assert_allclose(ours, wanted, rtol=1e-9)
    for g, w in zip(our_grads, grads, strict=False):
        if w is not None:
            np.testing.assert_allclose(0 if g is None else g, w, rtol=1e-7, atol=1e-9)


def test_build_gives_the_same_parameters():
    for name in ARGUMENTS:
        assert repr(build(fb, name, 0)) == repr(build(torch, name, 0))
