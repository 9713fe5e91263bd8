"""Reductions and softmax against NumPy in float64."""

import ctypes
import itertools

import numpy as np
import pytest

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64", "complex64", "complex128"]
UNSIGNED = ["uint16", "uint32", "uint64"]
SHAPES = [
    (7,),
    (3, 5),
    (40, 50),
    (2, 3, 4),
    (5, 1, 6, 2),
    (700, 30),
    (30, 700),
    (),
    (20000,),
    (3, 20000),
    (20000, 3),
]


def array(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if np.dtype(dtype).kind in "iu":
        return np.asarray(rng.integers(0, 100, shape), dtype)
    x = np.asarray(rng.normal(size=shape))
    return np.asarray(x + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else x, dtype)


def axis_sets(ndim):
    return itertools.chain.from_iterable(itertools.combinations(range(ndim), r) for r in range(ndim + 1))


def check(fb, a, op, axes):
    got = fb.reduce(op, a, axes)
    kind = a.dtype.kind
    if op in ("max", "min"):
        np.testing.assert_array_equal(got, getattr(np, op)(a, axis=axes), err_msg=f"{op} {axes}")
        assert got.dtype == a.dtype
        return
    if kind in "biu":
        np.testing.assert_array_equal(
            got, getattr(np, op)(a.astype("int64"), axis=axes), err_msg=f"{op} {axes}"
        )
        assert got.dtype == np.int64
        return
    assert got.dtype == a.dtype
    want = getattr(np, op)(a.astype("clongdouble" if kind == "c" else "longdouble"), axis=axes)
    n = max(a.size // max(got.size, 1), 1)
    eps = np.finfo(a.dtype).eps
    if op == "sum":
        np.testing.assert_allclose(got, want, rtol=4 * eps, atol=eps * 8 * np.sqrt(n), err_msg=f"{op} {axes}")
    else:
        np.testing.assert_allclose(got, want, rtol=n * 2 * eps, atol=1e-37, err_msg=f"{op} {axes}")


@pytest.mark.parametrize("dtype", DTYPES + UNSIGNED)
@pytest.mark.parametrize("shape", SHAPES)
def test_reductions(fb, shape, dtype):
    a = array(shape, dtype)
    ops = ["sum", "prod"] + ["max", "min"] * (a.dtype.kind != "c" and dtype not in UNSIGNED)
    for op, axes in itertools.product(ops, axis_sets(a.ndim)):
        if op == "prod":
            scaled = a if a.dtype.kind in "biu" else np.asarray(a / np.maximum(np.abs(a), 0.5), dtype)
            check(fb, scaled, op, axes)
        else:
            check(fb, a, op, axes)


@pytest.mark.parametrize("dtype", ["int16", "float32", "complex128"])
def test_layouts(fb, dtype):
    base = array((12, 14, 16), dtype)
    for a in (base.transpose(2, 0, 1), base[::2, ::-1, 3:9], base[:, :, ::-3], np.broadcast_to(base[:1], (5, 14, 16)),
              np.asfortranarray(base)):  # fmt: skip
        for axes in axis_sets(3):
            check(fb, a, "sum", axes)
            if dtype != "complex128":
                check(fb, a, "max", axes)


def test_empty(fb):
    a = np.empty((3, 0), "float32")
    np.testing.assert_array_equal(fb.reduce("sum", a, (1,)), np.zeros(3))
    np.testing.assert_array_equal(fb.reduce("prod", a, (1,)), np.ones(3))
    assert fb.reduce("sum", a, (0,)).shape == (0,)
    with pytest.raises(AssertionError):
        fb.reduce("max", a, (1,))


def test_nan_wins(fb):
    for dtype in ("float32", "float64"):
        for n in (5, 64, 1000, 30000):
            for place in (0, n // 2, n - 1):
                a = array((n,), dtype)
                a[place] = np.nan
                assert np.isnan(fb.reduce("max", a, (0,))) and np.isnan(fb.reduce("min", a, (0,)))
                b = np.stack([a, array((n,), dtype, 1)])
                assert np.isnan(fb.reduce("max", b, (0,))[place])
        a = np.array([np.inf, -np.inf, 3], dtype)
        assert fb.reduce("max", a, (0,)) == np.inf and fb.reduce("min", a, (0,)) == -np.inf


def test_long_float32_sums_stay_accurate(fb):
    a = np.random.default_rng(5).random(3_000_000, dtype="float32")
    want = a.sum(dtype="float64")
    assert abs(fb.reduce("sum", a, (0,)) / want - 1) < 2e-7
    tall = a.reshape(-1, 3)
    np.testing.assert_allclose(fb.reduce("sum", tall, (0,)), tall.sum(0, dtype="float64"), rtol=1e-5)


def test_same_on_any_number_of_threads(fb):
    a = array((1100, 701), "float32")
    b = array((300000, 3), "float32")
    before = fb.c.fb_num_threads()
    results = []
    try:
        for n in (1, 2, 5):
            fb.c.fb_set_num_threads(n)
            results.append([fb.reduce("sum", x, axes) for x in (a, b, a.T) for axes in ((0,), (1,), (0, 1))])
    finally:
        fb.c.fb_set_num_threads(before)
    for other in results[1:]:
        for x, y in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(x, y)


def softmax(fb, x, axis, log, grad=None):
    outer, n, inner = int(np.prod(x.shape[:axis])), x.shape[axis], int(np.prod(x.shape[axis + 1 :]))
    out = np.empty_like(x)
    dims = [ctypes.c_int64(v) for v in (outer, n, inner)]
    arrays = [ctypes.c_void_p(v.ctypes.data) for v in ([x] if grad is None else [grad, x]) + [out]]
    f = fb.c.fb_softmax if grad is None else fb.c.fb_softmax_grad
    assert f(fb.codes[x.dtype], log, *dims, *arrays) == 0
    return out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "axis"), [((10, 10), 1), ((3, 1), 1), ((64, 1000), 1), ((5, 7, 9), 1), ((30, 4), 0),
                                             ((2, 5000), 1), ((3, 70, 33), 1), ((0, 4), 1)])  # fmt: skip
def test_softmax(fb, dtype, shape, axis):
    rng = np.random.default_rng(6)
    x = rng.normal(0, 5, shape).astype(dtype)
    g = rng.normal(size=shape).astype(dtype)
    w = x.astype("float64")
    shifted = w - w.max(axis=axis, keepdims=True) if x.size else w
    logs = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    eps = np.finfo(dtype).eps
    y, ylog = softmax(fb, x, axis, 0), softmax(fb, x, axis, 1)
    np.testing.assert_allclose(y, np.exp(logs), rtol=20 * eps, atol=1e-37)
    np.testing.assert_allclose(ylog, logs, rtol=4 * eps, atol=30 * eps)
    p = np.exp(logs)
    want = p * (g - (g * p).sum(axis=axis, keepdims=True))
    np.testing.assert_allclose(softmax(fb, y, axis, 0, g), want, rtol=20 * eps, atol=20 * eps)
    want = g - p * g.sum(axis=axis, keepdims=True, dtype="float64")
    np.testing.assert_allclose(softmax(fb, ylog, axis, 1, g), want, rtol=60 * eps, atol=60 * eps)


def test_softmax_of_extreme_rows(fb):
    x = np.array([[1e30, 1e30, -1e30], [-np.inf, 0, 0], [88, 89, 1000]], "float32")
    np.testing.assert_allclose(softmax(fb, x, 1, 0), [[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1]])
    assert np.isnan(softmax(fb, np.full((1, 3), -np.inf, "float32"), 1, 0)).all()
    assert np.isnan(softmax(fb, np.array([[1, np.nan, 2]], "float32"), 1, 0)).all()
