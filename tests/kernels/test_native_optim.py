"""The native optimiser steps agree with the base ones, which are tested against the formulas in tests/optim."""

import itertools

import numpy as np
import pytest

import flambeau  # noqa: F401  (registers the dtypes with the core)
from flambeau._core import native as core
from flambeau.kernels.base import optim as base
from flambeau.kernels.native import optim as native

SIZES = [(), (1,), (7,), (0,), (30, 40), (5000,), (3, 3000)]
TOLERANCES = {np.float32: 2e-5, np.float64: 1e-12}


def arrays(dtype, seed, positive=False):
    rng = np.random.default_rng(seed)
    out = [np.asarray(rng.standard_normal(s)).astype(dtype) for s in SIZES]
    return [np.asarray(np.abs(a)) for a in out] if positive else out


def copies(*lists):
    return [None if arrays is None else [a.copy() for a in arrays] for arrays in lists]


def check(got, expected, dtype):
    for a, b in zip(
        itertools.chain(*filter(None, got)), itertools.chain(*filter(None, expected)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    "momentum, dampening, nesterov", [(0, 0, False), (0.9, 0, False), (0.9, 0.3, False), (0.9, 0, True)]
)
@pytest.mark.parametrize("weight_decay", [0, 0.1])
@pytest.mark.parametrize("maximize", [False, True])
def test_sgd(momentum, dampening, nesterov, weight_decay, maximize, dtype):
    ours = [arrays(dtype, 0), arrays(dtype, 1) if momentum else None]
    theirs = copies(*ours)
    first = [i % 2 == 0 for i in range(len(SIZES))]
    for step in range(3):
        grads = arrays(dtype, 10 + step)
        settings = (0.1, momentum, dampening, weight_decay, nesterov, maximize)
        native.sgd(ours[0], grads, ours[1], first, *settings)
        base.sgd(theirs[0], grads, theirs[1], first, *settings)
        first = [False] * len(SIZES)
        check(ours, theirs, dtype)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("weight_decay, decoupled", [(0, False), (0.1, False), (0.1, True)])
@pytest.mark.parametrize("maximize", [False, True])
def test_adam(amsgrad, weight_decay, decoupled, maximize, dtype):
    ours = [
        arrays(dtype, 0),
        arrays(dtype, 1),
        arrays(dtype, 2, True),
        arrays(dtype, 3, True) if amsgrad else None,
    ]
    theirs = copies(*ours)
    for step in range(1, 4):
        grads = arrays(dtype, 10 + step)
        steps = [step + i % 2 for i in range(len(SIZES))]
        settings = (steps, 0.01, 0.9, 0.999, 1e-8, weight_decay, decoupled, maximize)
        native.adam(ours[0], grads, *ours[1:], *settings)
        base.adam(theirs[0], grads, *theirs[1:], *settings)
        check(ours, theirs, dtype)


def test_what_native_does_not_take_goes_to_base():
    p, g = np.ones((4, 4))[:, ::2], np.ones((4, 2))
    assert not core.sgd([p], [g], None, None, 0.1, 0, 0, 0, False, False) and (p == 1).all()
    native.sgd([p], [g], None, [], 0.1)
    np.testing.assert_allclose(p, 0.9)
    half = np.ones(3, np.float16)
    native.adam(
        [half],
        [half.copy()],
        [np.zeros(3, np.float16)],
        [np.zeros(3, np.float16)],
        None,
        [1],
        0.1,
        0.9,
        0.999,
        1e-4,
    )
    np.testing.assert_allclose(half, 0.9, rtol=1e-2)
    mixed = [np.ones(2), np.ones(2, np.float32)]
    assert not core.sgd(mixed, [np.ones(2), np.ones(2)], None, None, 0.1, 0, 0, 0, False, False)
    assert not core.sgd([np.ones(2)], [np.ones(3)], None, None, 0.1, 0, 0, 0, False, False)
    assert not core.sgd([np.ones(2)], [], None, None, 0.1, 0, 0, 0, False, False)
    readonly = np.ones(2)
    readonly.flags.writeable = False
    assert not core.sgd([readonly], [np.ones(2)], None, None, 0.1, 0, 0, 0, False, False)
    assert core.sgd([], [], None, None, 0.1, 0, 0, 0, False, False)


def test_bad_counts_change_nothing():
    p, g, m, v = (np.ones(2) for _ in range(4))
    with pytest.raises(ValueError, match="1 parameters, 0 counts"):
        core.adam([p], [g], [m], [v], None, [], 0.1, 0.9, 0.999, 1e-8, 0, False, False)
    with pytest.raises(RuntimeError, match="out of its range"):
        core.adam([p], [g], [m], [v], None, [0], 0.1, 0.9, 0.999, 1e-8, 0, False, False)
    with pytest.raises(ValueError, match="entries of `first`"):
        core.sgd([p], [g], [v], [], 0.1, 0.9, 0, 0, False, False)
    assert (p == 1).all() and (m == 1).all() and (v == 1).all()
