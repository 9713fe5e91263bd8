"""Optimiser steps against the formulas in NumPy float64, and against PyTorch where it is installed."""

import ctypes
import itertools

import numpy as np
import pytest

SIZES = [0, 1, 5, 4096, 4097, 30000]


def pointers(arrays):
    return (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])


def sizes(arrays):
    return (ctypes.c_int64 * len(arrays))(*[a.size for a in arrays])


def optimise(fb, rule, lists, numbers, settings):
    """The status of one step by a rule; lists may be None."""
    n = len(lists[0])
    heads = (ctypes.c_void_p * len(lists))()
    kept = [None if arrays is None else pointers(arrays) for arrays in lists]
    for i, addresses in enumerate(kept):
        heads[i] = None if addresses is None else ctypes.addressof(addresses)
    f = ctypes.c_double
    flat = [value for values in numbers for value in values]
    return fb.c.fb_optimise(rule, fb.codes[lists[0][0].dtype], ctypes.c_int64(n), sizes(lists[0]), len(lists), heads,
                            len(numbers), (f * len(flat))(*flat), len(settings), (f * len(settings))(*settings))


def sgd(fb, params, grads, bufs, first, lr, momentum, dampening, decay, nesterov, maximize):
    settings = (lr, momentum, dampening, decay, nesterov, maximize)
    assert optimise(fb, 0, (params, grads, bufs), [first], settings) == 0


def adam(fb, params, grads, state, steps, lr, betas, eps, decay, decoupled, maximize):
    settings = (lr, *betas, eps, decay, decoupled, maximize)
    return optimise(fb, 1, (params, grads, *state), [steps], settings)


def draw(rng, dtype):
    return [rng.normal(size=n).astype(dtype) for n in SIZES]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, 0), (0.9, 0), (0.9, 1)])
@pytest.mark.parametrize(("decay", "maximize", "dampening"), [(0.0, 0, 0.0), (0.1, 1, 0.0), (0.01, 0, 0.5)])
def test_sgd(fb, dtype, momentum, nesterov, decay, maximize, dampening):
    if nesterov and dampening:
        dampening = 0.0
    rng = np.random.default_rng(0)
    params = draw(rng, dtype)
    bufs = [np.full(n, np.nan, dtype) for n in SIZES] if momentum else None
    want = [p.astype("float64") for p in params]
    kept = [None] * len(SIZES)
    for step in range(3):
        grads = draw(rng, dtype)
        sgd(
            fb,
            params,
            grads,
            bufs,
            [step == 0] * len(SIZES),
            0.1,
            momentum,
            dampening,
            decay,
            nesterov,
            maximize,
        )
        for i, g in enumerate(grads):
            d = (-1 if maximize else 1) * g.astype("float64") + decay * want[i]
            if momentum:
                kept[i] = d if kept[i] is None else momentum * kept[i] + (1 - dampening) * d
                d = d + momentum * kept[i] if nesterov else kept[i]
            want[i] = want[i] - 0.1 * d
    for p, w in zip(params, want, strict=True):
        np.testing.assert_allclose(p, w, rtol=20 * np.finfo(dtype).eps, atol=20 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("amsgrad", "decoupled", "maximize"), list(itertools.product((0, 1), repeat=3)))
def test_adam(fb, dtype, amsgrad, decoupled, maximize):
    rng = np.random.default_rng(1)
    lr, betas, eps, decay = 0.01, (0.9, 0.999), 1e-8, 0.1
    params = draw(rng, dtype)
    state = [[np.zeros(n, dtype) for n in SIZES] for _ in range(3 if amsgrad else 2)]
    if not amsgrad:
        state.append(None)
    want = [p.astype("float64") for p in params]
    m, v, top = ([np.zeros(n) for n in SIZES] for _ in range(3))
    offset = [0, 3, 0, 7, 0, 1]  # tensors may be at different steps
    for step in range(1, 4):
        grads = draw(rng, dtype)
        steps = [step + o for o in offset]
        assert adam(fb, params, grads, state, steps, lr, betas, eps, decay, decoupled, maximize) == 0
        for i, g in enumerate(grads):
            d = (-1 if maximize else 1) * g.astype("float64")
            if decoupled:
                want[i] = want[i] * (1 - lr * decay)
            else:
                d = d + decay * want[i]
            m[i] = betas[0] * m[i] + (1 - betas[0]) * d
            v[i] = betas[1] * v[i] + (1 - betas[1]) * d * d
            top[i] = np.maximum(top[i], v[i])
            root = np.sqrt(top[i] if amsgrad else v[i]) / np.sqrt(1 - betas[1] ** steps[i]) + eps
            want[i] = want[i] - lr / (1 - betas[0] ** steps[i]) * m[i] / root
    for p, w in zip(params, want, strict=True):
        # The weight 1 - beta2 rounded to float32 is off by up to 3e-5 of it in the formula's float64 value.
        np.testing.assert_allclose(p, w, rtol=50 * np.finfo(dtype).eps, atol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_against_torch(fb, name, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    params = [p for p in draw(rng, dtype) if p.size]
    theirs = [torch.from_numpy(p.copy()).requires_grad_() for p in params]
    if name == "SGD":
        o = torch.optim.SGD(theirs, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
        bufs = [np.empty_like(p) for p in params]
    else:
        o = getattr(torch.optim, name)(theirs, lr=0.01, weight_decay=0.05, amsgrad=True)
        state = [[np.zeros_like(p) for p in params] for _ in range(3)]
    for step in range(4):
        grads = [rng.normal(size=p.size).astype(dtype) for p in params]
        for t, g in zip(theirs, grads, strict=True):
            t.grad = torch.from_numpy(g.copy())
        o.step()
        if name == "SGD":
            sgd(fb, params, grads, bufs, [step == 0] * len(params), 0.1, 0.9, 0.0, 0.01, 1, 0)
        else:
            adam(
                fb,
                params,
                grads,
                state,
                [step + 1] * len(params),
                0.01,
                (0.9, 0.999),
                1e-8,
                0.05,
                name == "AdamW",
                0,
            )
    for p, t in zip(params, theirs, strict=True):
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(p, t.detach().numpy(), rtol=10 * eps, atol=10 * eps)


def test_refuses(fb):
    p = [np.zeros(3, "float32")]
    state = [[np.zeros(3, "float32")], [np.zeros(3, "float32")], None]
    assert adam(fb, p, p, state, [0], 0.1, (0.9, 0.99), 1e-8, 0, 0, 0) == -2
    assert optimise(fb, 1, (p, p, *state), [[1]], (0.1,)) == -2
    assert optimise(fb, 99, (p, p), [], ()) == -2
    q = [np.zeros(3, "int32")]
    assert adam(fb, q, q, [q, q, None], [1], 0.1, (0.9, 0.99), 1e-8, 0, 0, 0) == -1


def test_same_on_any_number_of_threads(fb):
    before = fb.c.fb_num_threads()
    results = []
    try:
        for n in (1, 2, 5):
            fb.c.fb_set_num_threads(n)
            rng = np.random.default_rng(3)
            params, grads = draw(rng, "float32"), draw(rng, "float32")
            state = [[np.zeros(n, "float32") for n in SIZES] for _ in range(2)] + [None]
            assert adam(fb, params, grads, state, [1] * len(SIZES), 0.01, (0.9, 0.999), 1e-8, 0, 0, 0) == 0
            results.append(np.concatenate(params))
    finally:
        fb.c.fb_set_num_threads(before)
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])
