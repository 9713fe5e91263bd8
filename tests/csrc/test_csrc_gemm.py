"""Matrix products against NumPy in double precision, with OpenBLAS and with our own loop."""

import ctypes

import numpy as np
import pytest

DTYPES = ["float32", "float64", "complex64", "complex128"]
SHAPES = [(1, 1, 1), (3, 4, 5), (17, 1, 33), (1, 50, 70), (300, 1, 200), (1, 300, 200), (20, 30, 40), (70, 65, 129),
          (5, 300, 7), (300, 5, 70), (257, 130, 64), (2, 3, 0), (0, 3, 2), (3, 0, 2)]  # fmt: skip


def ptr(a):
    return ctypes.c_void_p(a.ctypes.data)


def i64(x):
    return ctypes.c_int64(x)


def gemm(lib, a, b, ta, tb, alpha=1.0, beta=0.0, c=None, bias=None):
    m, k = a.shape[::-1] if ta else a.shape
    n = b.shape[0] if tb else b.shape[1]
    if c is None:
        c = np.full((m, n), np.nan, a.dtype)
    size = a.itemsize
    lda, ldb, ldc = a.strides[0] // size, b.strides[0] // size, c.strides[0] // size
    code = lib.codes[a.dtype]
    if bias is not None:
        status = lib.c.fb_gemm_bias(code, ta, tb, i64(m), i64(n), i64(k), ptr(a), i64(lda), ptr(b), i64(ldb), ptr(bias),
                                    ptr(c), i64(ldc))  # fmt: skip
    else:
        f = ctypes.c_double
        status = lib.c.fb_gemm(code, ta, tb, i64(m), i64(n), i64(k), f(np.real(alpha)), f(np.imag(alpha)), ptr(a),
                               i64(lda), ptr(b), i64(ldb), f(beta), ptr(c), i64(ldc))  # fmt: skip
    assert status == 0
    return c


def matrix(rng, rows, cols, dtype, gap=0):
    full = rng.normal(size=(rows, cols + gap))
    if np.dtype(dtype).kind == "c":
        full = full + 1j * rng.normal(size=full.shape)
    return full.astype(dtype)[:, : cols or None] if cols else np.empty((rows, 0), dtype)


def op(a, trans):
    return (a, a.T, a.conj().T)[trans]


def close(got, want, k):
    eps = np.finfo(got.dtype).eps
    np.testing.assert_allclose(got, want, rtol=4 * eps, atol=8 * eps * max(k, 1))


@pytest.fixture(params=["blas", "own"])
def lib(request, libraries, fb_blas):
    return fb_blas if request.param == "blas" else libraries["baseline"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_gemm(lib, shape, dtype):
    rng = np.random.default_rng(0)
    m, n, k = shape
    for ta in (0, 1, 2):
        for tb in (0, 1, 2):
            a = matrix(rng, *((k, m) if ta else (m, k)), dtype, gap=3)
            b = matrix(rng, *((n, k) if tb else (k, n)), dtype, gap=1)
            want = op(a.astype("complex128"), ta) @ op(b.astype("complex128"), tb)
            if np.dtype(dtype).kind == "f":
                want = want.real
            close(gemm(lib, a, b, ta, tb), want, k)
            c = matrix(rng, m, n, dtype, gap=2)
            alpha = 0.5 if np.dtype(dtype).kind == "f" else 0.5 - 2j
            expected = alpha * want + 3.0 * c.astype("complex128")
            expected = expected.real if np.dtype(dtype).kind == "f" else expected
            close(gemm(lib, a, b, ta, tb, alpha, 3.0, c), expected, 4 * k + 4)
            bias = matrix(rng, 1, n, dtype)[0] if n else np.empty(0, dtype)
            close(gemm(lib, a, b, ta, tb, bias=bias), want + bias, k + 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_result_does_not_depend_on_threads(fb_blas, dtype):
    rng = np.random.default_rng(1)
    before = fb_blas.c.fb_num_threads()
    for m, n, k in [(300, 200, 100), (64, 900, 257), (1000, 3, 500), (700, 1, 900)]:
        a, b = matrix(rng, m, k, dtype), matrix(rng, k, n, dtype)
        results = []
        try:
            for threads in (1, 2, 3, 8):
                fb_blas.c.fb_set_num_threads(threads)
                results.append(gemm(fb_blas, a, b, 0, 0))
        finally:
            fb_blas.c.fb_set_num_threads(before)
        for r in results:
            close(
                r, a.astype("complex128") @ b if np.dtype(dtype).kind == "c" else a.astype("float64") @ b, k
            )
            np.testing.assert_allclose(r, results[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 4, 5), (40, 30, 20), (200, 150, 120)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_batched(lib, shape, dtype):
    rng = np.random.default_rng(2)
    m, n, k = shape
    for batch in (0, 1, 2, 9):
        a = np.stack([matrix(rng, m, k, dtype) for _ in range(batch)] or [matrix(rng, m, k, dtype)])
        b = matrix(rng, k, n, dtype)
        c = np.empty((batch, m, n), dtype)
        f = ctypes.c_double
        status = lib.c.fb_gemm_batched(lib.codes[a.dtype], 0, 0, i64(batch), i64(m), i64(n), i64(k), f(1), f(0), ptr(a),
                                       i64(k), i64(a.strides[0]), ptr(b), i64(n), i64(0), f(0), ptr(c), i64(n),
                                       i64(m * n * a.itemsize))  # fmt: skip
        assert status == 0
        wide = "complex128" if np.dtype(dtype).kind == "c" else "float64"
        close(c, a[:batch].astype(wide) @ b.astype(wide), k)


def test_refuses_what_it_cannot_do(libraries):
    lib = libraries["baseline"]
    x = np.zeros((2, 2), "int32")
    f, one = ctypes.c_double, i64(2)
    args = (one, one, one, f(1), f(0), ptr(x), one, ptr(x), one, f(0), ptr(x), one)
    assert lib.c.fb_gemm(lib.codes[x.dtype], 0, 0, *args) == -1
    assert lib.c.fb_gemm(8, 3, 0, *args) == -2


def test_nan_in_an_uninitialised_result_is_ignored(lib):
    a = np.ones((50, 60), "float32")
    c = np.full((50, 50), np.nan, "float32")
    gemm(lib, a, a.T.copy(), 0, 0, c=c)
    assert (c == 60).all()
