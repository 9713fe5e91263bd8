"""NumPy's ufuncs and functions on Tensors."""

import operator

import numpy as np
import pytest

import flambeau as fb
from flambeau.numpy_functions import TENSORS, WRITERS

UFUNCS = sorted({u for u in vars(np).values() if isinstance(u, np.ufunc)}, key=lambda u: u.__name__)
SAMPLES = ([0.25, 0.5, 0.75], [1.0, 2.0, 3.0], [3, 1, 2], [True, False, True], [1 + 1j, 2j, 3.0])

MATRIX, VECTOR, INTS = [[4.0, 1.0], [1.0, 3.0]], [3.0, 1.0, 2.0], [2, 0, 1]
FUNCTIONS = """
    np.all(m, axis=0); np.any(m); np.max(m, axis=1); np.min(m); np.amax(m, 0, keepdims=True); np.ptp(v)
    np.mean(m); np.mean(m, axis=0, dtype="f8"); np.sum(m, axis=(0, 1)); np.sum(m, axis=1, keepdims=True)
    np.prod(m, 1); np.std(m); np.var(m, axis=0, ddof=1); np.cumsum(m); np.cumprod(m, axis=1)
    np.argmax(m, axis=1); np.argmin(m); np.argsort(v); np.argpartition(v, 1)
    np.searchsorted(np.sort(v), v); np.clip(m, 1, 3); np.round(m, 1); np.take(v, i); np.repeat(v, 2)
    np.compress([True, False, True], v); np.choose(i, [v, v, v]); np.moveaxis(m, 0, 1); np.real(m)
    np.imag(m); np.insert(v, 0, 1.0); np.delete(v, 0); np.apply_along_axis(sum, 0, m); np.argwhere(v)
    np.reshape(m, 4); np.reshape(m, (1, 4)); np.transpose(m); np.transpose(m, (1, 0))
    np.swapaxes(m, 0, 1); np.squeeze(m[None]); np.split(v, 3); np.array_split(v, 2); np.hsplit(m, 2)
    np.vsplit(m, 2); np.permute_dims(m, (1, 0)); np.linalg.inv(m); np.linalg.solve(m, m)
    np.linalg.cholesky(m); np.linalg.qr(m); np.linalg.svd(m); np.linalg.eigh(m); np.linalg.pinv(m)
    np.linalg.eig(m); np.zeros(2, like=m); np.asarray([1, 2], like=m); np.full(2, 3, like=m)
    np.concatenate([m, m]); np.concatenate([m, np.ones((1, 2))]); np.stack([v, v], axis=1)
    np.vstack([v, v]); np.where(v > 1, v, 0); np.hstack([v, v]); np.column_stack([v, v]); np.dstack([m, m])
    np.append(v, 1); np.tile(v, 2); np.pad(v, 1); np.sort(v); np.partition(v, 1); np.unique(i)
    np.median(m); np.percentile(v, 30); np.quantile(m, 0.5, axis=0); np.histogram(v); np.bincount(i)
    np.digitize(v, [1, 2]); np.dot(m, m); np.einsum("ij,jk->ik", m, m); np.tensordot(m, m, 1)
    np.outer(v, v); np.inner(v, v); np.vdot(v, v); np.cross(v, v[i]); np.kron(m, m); np.trace(m)
    np.diag(m); np.diagonal(m); np.tril(m); np.linalg.norm(m); np.linalg.norm(m, axis=0); np.linalg.det(m)
    np.linalg.cond(m); np.linalg.matrix_power(m, 2); np.fft.fft(v); np.fft.ifft(v); np.fft.rfftn(m)
    np.fft.fftshift(v); np.interp(v, v[i], v); np.gradient(v); np.diff(v); np.cov(m); np.corrcoef(m)
    np.average(v, weights=v); np.nan_to_num(v); np.nanmean(m, axis=0); np.nansum(v); np.nanstd(v)
    np.flip(m, 0); np.roll(v, 1); np.rot90(m); np.ravel(m); np.expand_dims(v, 0)
    np.broadcast_to(v, (2, 3)); np.atleast_2d(v); np.meshgrid(v, v); np.nonzero(i); np.count_nonzero(i)
    np.flatnonzero(v); np.isin(i, i[:1]); np.setdiff1d(i, i[:1]); np.isclose(v, v); np.allclose(v, v)
    np.array_equal(v, v); np.zeros_like(m); np.full_like(m, 2); np.copy(m); np.size(m); np.shape(m)
    np.ndim(m); np.result_type(m, i); np.astype(v, "f8"); np.polyfit(v, v, 1)
    np.select([v > 1, v <= 1], [v, -v]); np.piecewise(v, [v > 1, v <= 1], [1, 2]); np.array2string(v)
    np.iscomplexobj(v); np.convolve(v, v); np.trapezoid(v); np.lexsort((i, v)); np.take_along_axis(v, i, 0)
    np.angle(v); np.sinc(v); np.cumulative_sum(v); np.unstack(m)
""".replace("\n", ";")


def same(ours, theirs):
    """Equal values and dtypes, in Tensors or arrays, in lists and tuples."""
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    elif isinstance(theirs, (np.ndarray, np.generic)):
        a = np.asarray(ours)
        assert a.dtype == theirs.dtype and a.shape == theirs.shape
        np.testing.assert_allclose(a, theirs, 1e-5, 1e-6)
    else:
        assert ours == theirs


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda u: u.__name__)
def test_every_ufunc_gives_tensors(ufunc):
    taken = 0
    for sample in SAMPLES:
        t = fb.tensor(sample)
        a = np.array(sample, dtype=t.dtype.numpy)
        try:
            with np.errstate(all="ignore"):
                theirs = ufunc(*[a] * ufunc.nin) if ufunc.signature is None or ufunc.nin == 2 else None
        except (TypeError, ValueError):
            continue
        if theirs is None or ufunc.signature not in (None, "(n),(n)->()"):
            continue
        with np.errstate(all="ignore"):
            ours = ufunc(*[t] * ufunc.nin)
        for result, expected in zip(
            *((ours, theirs) if ufunc.nout > 1 else ((ours,), (theirs,))), strict=True
        ):
            assert type(result) is fb.Tensor
            same(result, np.asarray(expected))
        assert t.tolist() == fb.tensor(sample).tolist()
        taken += 1
    assert taken or ufunc.signature is not None or ufunc.__name__ == "isnat"


def test_arguments_and_methods_of_ufuncs():
    m, v, a = fb.tensor(MATRIX), fb.tensor(VECTOR), np.array(VECTOR)
    assert np.add(v, a).dtype is np.add(a, v).dtype is np.add(v, 1, dtype="f8").dtype is fb.float64
    assert type(np.matmul(m, m)) is fb.Tensor and np.sin(fb.tensor(0.0)).ndim == 0
    out = np.zeros(3)
    assert np.add(v, 1, out=out) is out and out.tolist() == [4, 2, 3]
    np.add(v, 1, out=np.asarray(v), where=v > 1)
    assert v.tolist() == [4, 1, 3]
    assert np.add.reduce(m).tolist() == [5, 4] and np.add.reduce(m, axis=1, keepdims=True).tolist() == [
        [5],
        [4],
    ]
    assert np.multiply.accumulate(v).tolist() == [4, 4, 12] and np.add.reduceat(v, [0, 1]).tolist() == [4, 4]
    assert np.multiply.outer(v, v).tolist() == np.outer(v, v).tolist()
    assert type(np.add.reduce(m)) is type(np.multiply.accumulate(v)) is fb.Tensor
    with pytest.raises(TypeError):
        np.add(v, 1, out=fb.zeros(3))  # as in PyTorch; out=np.asarray(t) above


def test_operators_of_tensors_win():
    v, a = fb.tensor(VECTOR), np.array([1.0, 2.0, 4.0])
    for name in "add sub mul truediv floordiv mod pow lt le gt ge eq ne".split():
        f = getattr(operator, name)
        for result, expected in (
            (f(a, v), f(a, np.array(VECTOR))),
            (f(np.float32(2), v), f(2, np.array(VECTOR, "f4"))),
        ):
            assert type(result) is fb.Tensor
            same(result, expected)
    w = fb.ones(3, requires_grad=True)
    (a * w).sum().backward()
    assert w.grad.tolist() == a.tolist()


@pytest.mark.parametrize("call", [c.strip() for c in FUNCTIONS.split(";") if c.strip()])
def test_functions(call):
    t = {"m": fb.tensor(MATRIX), "v": fb.tensor(VECTOR), "i": fb.tensor(INTS)}
    a = {name: np.array(x.tolist(), x.dtype.numpy) for name, x in t.items()}
    ours, theirs = eval(call, {"np": np, **t}), eval(call, {"np": np, **a})
    same(ours, theirs)
    function = eval(call.split("(")[0])
    if function in TENSORS:
        for result in ours if isinstance(ours, (tuple, list)) else [ours]:
            assert type(result) is fb.Tensor
    else:
        assert not isinstance(ours, fb.Tensor)
    if hasattr(theirs, "_fields"):
        assert type(ours) is type(theirs)
    assert {k: x.tolist() for k, x in t.items()} == {"m": MATRIX, "v": VECTOR, "i": INTS}


def test_results_into_tensors():
    out = fb.zeros(2, 3)
    version = out._version
    assert np.stack([fb.ones(3), fb.zeros(3)], out=out) is out and out.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert np.mean(out, axis=0, out=(total := fb.zeros(3))) is total and total.tolist() == [0.5] * 3
    assert out._version == version + 1
    for call in (
        lambda t: np.copyto(t, 2.0),
        lambda t: np.put(t, [0], [2]),
        lambda t: np.place(t, t > -1, [2.0]),
        lambda t: np.putmask(t, t > -1, 2.0),
        lambda t: np.put_along_axis(t, fb.tensor([0]), 2.0, 0),
    ):
        t = fb.zeros(1)
        call(t)
        assert t.item() == 2 and t._version == 1
    square = fb.zeros(2, 2)
    np.fill_diagonal(square, 1)
    assert square.tolist() == [[1, 0], [0, 1]] and len(WRITERS) == 6


def test_views_share_memory():
    x = fb.zeros(2, 3)
    np.asarray(x)[0, 0] = 1
    np.transpose(x)[0, 1] = 2.0
    assert np.reshape(x, (6,)).data_ptr() == x.data_ptr()
    np.moveaxis(x, 0, 1)[1, 0] = 3.0
    np.ravel(x)[2] = 4
    assert x.tolist() == [[1, 3, 4], [2, 0, 0]]
    for view in (np.moveaxis(x, 0, 1), np.split(x, 2)[1], np.squeeze(x), np.reshape(x, 6)):
        version = x._version
        view.add_(1)
        assert x._version == version + 1


def test_tensors_that_require_grad():
    g = fb.ones(2, 2, requires_grad=True)
    for call in (
        np.sin,
        np.mean,
        np.linalg.norm,
        np.asarray,
        np.sort,
        lambda t: np.add(t, 1),
        lambda t: np.add(np.ones(2), t),
        lambda t: np.concatenate([t, t]),
        lambda t: np.stack([fb.ones(2, 2), t]),
        lambda t: np.copyto(t, 0),
    ):
        with pytest.raises(RuntimeError, match="Can't call numpy\\(\\) on Tensor that requires grad"):
            call(g)
    assert g.tolist() == [[1, 1], [1, 1]] and g._version == 0


def test_dtypes_beyond_numpy():
    b = fb.tensor([1.5, 2.5], dtype=fb.bfloat16)
    assert np.multiply(b, b).dtype is fb.bfloat16 and np.sum(b).item() == 4
    assert (
        np.zeros(2, dtype=fb.float64.numpy).dtype
        == np.sum(fb.ones(2), dtype=fb.float64).numpy().dtype
        == "f8"
    )
    u = fb.tensor([200, 100], dtype=fb.uint8)
    assert (
        np.sum(u).dtype is np.add.reduce(u).dtype is np.cumsum(u).dtype is fb.int64
        and np.sum(u).item() == 300
    )
    with pytest.raises(TypeError, match="can't convert"):
        np.sum(fb.ones(2), dtype="longdouble")


def test_uint64_of_numpy():
    """uint64 stays what it is, but where NumPy only sums narrower unsigned ints to it."""
    u, large = fb.tensor([200, 100], dtype=fb.uint8), fb.tensor([1, 2**63], dtype=fb.uint64)
    assert np.sum(fb.tensor([60000, 60000], dtype=fb.uint16)).dtype is fb.int64
    assert np.add(u, np.array([1, 2], "u2")).dtype is fb.uint16
    assert np.add(u, np.array([1, 2**63], "u8")).dtype is fb.uint64
    for result in (np.add(large, large), np.sum(large), np.add.reduce(large), np.sum(u, dtype="u8")):
        assert result.dtype is fb.uint64
    assert np.sum(large).item() == 2**63 + 1


def test_other_array_types_may_refuse():
    class Foreign:
        def __array_function__(self, func, types, args, kwargs):
            return "foreign" if self.takes else NotImplemented

    foreign = Foreign()
    foreign.takes = True
    assert np.concatenate([fb.ones(2), foreign]) == "foreign"
    foreign.takes = False
    with pytest.raises(TypeError, match="no implementation found"):
        np.concatenate([fb.ones(2), foreign])
