"""The native optimiser steps agree with the base ones, which are tested against PyTorch in tests/optim."""

import itertools

import numpy as np
import pytest

import flambeau  # noqa: F401  (registers the dtypes with the core)
from flambeau._core import native as core
from flambeau.kernels.base import optim as base
from flambeau.kernels.native import optim as native

SIZES = [(), (1,), (7,), (0,), (30, 40), (5000,), (3, 3000)]
TOLERANCES = {np.float32: 2e-5, np.float64: 1e-12}

DECAYS = [(0, False), (0.1, False), (0.1, True)]  # weight decay, decoupled
# A rule, whether each of its states is positive (None: left out), the settings, and its numbers at a step.
CASES = [
    *[("sgd", [None], (0.1, 0, 0, wd, False, m), "first") for wd in (0, 0.1) for m in (False, True)],
    *[
        ("sgd", [False], (0.1, 0.9, dampening, wd, nesterov, m), "first")
        for dampening, nesterov in ((0, False), (0.3, False), (0, True))
        for wd in (0, 0.1)
        for m in (False, True)
    ],
    *[
        ("adam", [False, True, True if amsgrad else None], (0.01, 0.9, 0.999, 1e-8, *decay, m), "step")
        for amsgrad in (False, True)
        for decay in DECAYS
        for m in (False, True)
    ],
    *[("adamax", [False, True], (0.01, 0.9, 0.999, 1e-3, wd, m), "step") for wd in (0, 0.1) for m in (False, True)],
    *[
        ("nadam", [False, True], (0.01, 0.9, 0.999, 1e-8, wd, 4e-3, decoupled, m), "product")
        for wd, decoupled in DECAYS
        for m in (False, True)
    ],
    *[
        ("radam", [False, True], (0.01, 0.9, beta2, 1e-8, *decay, m), "step")
        for beta2 in (0.999, 0.5)  # with few and with many terms in the mean
        for decay in DECAYS
        for m in (False, True)
    ],
    *[
        ("rmsprop", [True, velocity, None], (0.01, 0.9, 1e-3, wd, momentum, m), None)
        for velocity, momentum in ((None, 0), (False, 0.8))
        for wd in (0, 0.1)
        for m in (False, True)
    ],
    *[("rprop", [False, True], (0.5, 1.2, 0.1, 1.5, m), None) for m in (False, True)],
    *[("adagrad", [True], (0.1, 0.2, 1e-3, wd, m), "step") for wd in (0, 0.1) for m in (False, True)],
    *[("adadelta", [True, True], (1.0, 0.9, 1e-4, wd, m), None) for wd in (0, 0.1) for m in (False, True)],
    *[("asgd", [False], (1e-2, wd, m), "eta") for wd in (0, 0.1) for m in (False, True)],
]


def arrays(dtype, seed, positive=False):
    rng = np.random.default_rng(seed)
    out = [np.asarray(rng.standard_normal(s)).astype(dtype) for s in SIZES]
    return [np.asarray(np.abs(a)) for a in out] if positive else out


def numbers_of(kind, step):
    """The lists of numbers that differ between parameters, at a step."""
    steps = [step + i % 2 for i in range(len(SIZES))]
    return {
        None: [],
        "first": [[step == 1 and i % 2 == 0 for i in range(len(SIZES))]],
        "step": [steps],
        "product": [steps, [0.8**t for t in steps]],
        "eta": [[0.1 / t for t in steps], [1.0 if i % 3 == 0 else 0.25 for i in range(len(SIZES))]],
    }[kind]


def check(got, expected, dtype):
    got, expected = ([a for arrays in lists if arrays is not None for a in arrays] for lists in (got, expected))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype])


def copies(lists):
    return [None if arrays is None else [a.copy() for a in arrays] for arrays in lists]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("rule, states, settings, kind", CASES)
def test_native_is_base(rule, states, settings, kind, dtype):
    ours = [arrays(dtype, 0)]
    ours += [None if positive is None else arrays(dtype, 5 + i, positive) for i, positive in enumerate(states)]
    theirs = copies(ours)
    for step in range(1, 4):
        grads = arrays(dtype, 10 + step)
        untouched = copies([grads])[0]
        numbers = numbers_of(kind, step)
        native.optimise(rule, (ours[0], grads, *ours[1:]), numbers, settings)
        base.optimise(rule, (theirs[0], grads, *theirs[1:]), numbers, settings)
        check(ours, theirs, dtype)
        check([grads], [untouched], dtype)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("momentum", [False, True])
def test_centered_rmsprop(momentum, dtype):
    """A variance that is one: the states of other cases need not be means of one sequence."""
    zeros = lambda: [np.zeros_like(a) for a in arrays(dtype, 0)]  # noqa: E731
    ours = [arrays(dtype, 0), zeros(), zeros() if momentum else None, zeros()]
    theirs = copies(ours)
    for step in range(3):
        grads = arrays(dtype, 10 + step)
        settings = (0.01, 0.9, 1e-1, 0.1, 0.8, False)
        native.optimise("rmsprop", (ours[0], grads, *ours[1:]), [], settings)
        base.optimise("rmsprop", (theirs[0], grads, *theirs[1:]), [], settings)
        check(ours, theirs, dtype)


def test_every_rule_is_native():
    assert native._CODES.keys() == base.RULES.keys() == {case[0] for case in CASES}
    for rule, states, settings, kind in CASES:
        lists = [[np.ones(2)], [np.ones(2)], *[None if s is None else [np.ones(2)] for s in states]]
        numbers = [values[:1] for values in numbers_of(kind, 1)]
        assert core.optimise(native._CODES[rule], lists, numbers, settings)


def test_dense_arrays_of_any_order_are_native():
    """As the weights of convolutions in channels_last are, and their gradients."""
    rng = np.random.default_rng(0)
    make = lambda: np.moveaxis(rng.standard_normal((4, 3, 3, 2)), 3, 1)  # noqa: E731
    assert not make().flags.c_contiguous
    lists = [[make(), np.asfortranarray(np.ones((2, 1, 3)))], [make(), np.asfortranarray(np.ones((2, 1, 3)))]]
    expected = [p - 0.1 * g for p, g in zip(*lists, strict=True)]
    assert core.optimise(SGD, (*lists, None), [[0, 0]], PLAIN)
    for p, e in zip(lists[0], expected, strict=True):
        np.testing.assert_allclose(p, e, rtol=1e-14)
    other = [np.ascontiguousarray(lists[1][0]), lists[1][1]]  # the same elements in another order
    assert not core.optimise(SGD, (lists[0], other, None), [[0, 0]], PLAIN)
    strided = np.ones((4, 6))[:, ::2]
    assert not core.optimise(SGD, ([strided], [strided.copy()], None), [[0]], PLAIN)
    native.optimise("sgd", (lists[0], other, None), [[0, 0]], PLAIN)
    for p, e, g in zip(lists[0], expected, lists[1], strict=True):
        np.testing.assert_allclose(p, e - 0.1 * g, rtol=1e-12)


SGD, ADAM = native._CODES["sgd"], native._CODES["adam"]
PLAIN = (0.1, 0, 0, 0, False, False)  # settings of SGD


def test_what_native_does_not_take_goes_to_base():
    p, g = np.ones((4, 4))[:, ::2], np.ones((4, 2))
    assert not core.optimise(SGD, ([p], [g], None), [[0]], PLAIN) and (p == 1).all()
    native.optimise("sgd", ([p], [g], None), [[0]], PLAIN)
    np.testing.assert_allclose(p, 0.9)
    half = np.ones(3, np.float16)
    zeros = [[np.zeros(3, np.float16)] for _ in range(2)]
    native.optimise("adam", ([half], [half.copy()], *zeros, None), [[1]], (0.1, 0.9, 0.999, 1e-4, 0, False, False))
    np.testing.assert_allclose(half, 0.9, rtol=1e-2)
    mixed = [np.ones(2), np.ones(2, np.float32)]
    assert not core.optimise(SGD, (mixed, [np.ones(2), np.ones(2)], None), [[0, 0]], PLAIN)
    assert not core.optimise(SGD, ([np.ones(2)], [np.ones(3)], None), [[0]], PLAIN)
    assert not core.optimise(SGD, ([np.ones(2)], [], None), [[0]], PLAIN)
    readonly = np.ones(2)
    readonly.flags.writeable = False
    assert not core.optimise(SGD, ([readonly], [np.ones(2)], None), [[0]], PLAIN)
    assert core.optimise(SGD, ([], [], None), [[]], PLAIN)


def test_bad_numbers_change_nothing():
    p, g, m, v = (np.ones(2) for _ in range(4))
    settings = (0.1, 0.9, 0.999, 1e-8, 0, False, False)
    for numbers, error, text in [
        ([[]], ValueError, "1 parameters, 0 numbers"),
        ([[0]], RuntimeError, "out of its range"),
        ([], RuntimeError, "out of its range"),
    ]:
        with pytest.raises(error, match=text):
            core.optimise(ADAM, ([p], [g], [m], [v], None), numbers, settings)
    with pytest.raises(RuntimeError, match="out of its range"):
        core.optimise(ADAM, ([p], [g], [m], [v], None), [[1]], settings[:-1])
    with pytest.raises(RuntimeError, match="out of its range"):
        core.optimise(ADAM, ([p], [g], [m], [v]), [[1]], settings)
    assert all((a == 1).all() for a in itertools.chain([p, m, v]))
