"""What the rows do not say of 0.3's names of linear algebra: errors, out=, the further results, methods."""

import numpy as np
import pytest

import flambeau as fb

from ..compare import refuses

A3 = fb.tensor([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 5.0]], dtype=fb.float64)
B3 = fb.tensor([[1.0, 2.0], [0.0, 1.0], [3.0, 1.0]], dtype=fb.float64)
NAMES = {"gesv": (B3, A3), "gels": (B3, A3), "trtrs": (B3, A3), "potrs": (B3, A3), "potrf": (A3,), "potri": (A3,),
         "pstrf": (A3,), "btrifact": (A3,), "btrisolve": (B3, *fb.btrifact(A3))}  # fmt: skip


def flat(result):
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", NAMES)
def test_the_method_and_out(name):
    args = NAMES[name]
    expected = flat(getattr(fb, name)(*args))
    for got, e in zip(flat(getattr(args[0], name)(*args[1:])), expected, strict=True):
        assert got.dtype is e.dtype and bool((got == e).all())
    outs = [fb.empty(0, dtype=e.dtype) for e in expected]
    getattr(fb, name)(*args, out=outs[0] if len(outs) == 1 else tuple(outs))
    for out, e in zip(outs, expected, strict=True):
        assert out.shape == e.shape and bool((out == e).all())


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arguments(name):
    function, args = getattr(fb, name), NAMES[name]
    last = len(args) - 1 if name != "btrisolve" else 1
    for bad, error, match in [
        (None, TypeError, "must be Tensor, not NoneType"),
        (fb.ones(3, 3, dtype=fb.int64), RuntimeError, "Expected a floating point or complex tensor"),
        (fb.ones(3, dtype=fb.float64), RuntimeError, "at least 2 dim|should be a matrix"),
        (fb.ones(4, 2, dtype=fb.float64), RuntimeError, "square|Incompatible shapes"),
    ]:
        given = (*args[:last], bad, *args[last + 1 :])
        refuses(lambda given=given: function(*given), A3, B3, error=error, match=match)


@pytest.mark.parametrize("name", ["gesv", "gels", "trtrs", "potrs"])
def test_of_one_dtype_and_of_fitting_sizes(name):
    function = getattr(fb, name)
    refuses(lambda: function(B3.float(), A3), A3, B3, error=RuntimeError, match="same dtype")
    refuses(lambda: function(B3[:2], A3), A3, B3, error=RuntimeError, match="Incompatible")


def test_matrices_without_a_solution():
    zero = fb.zeros(2, 2)
    refuses(lambda: fb.gesv(fb.ones(2, 1), zero), error=fb.linalg.LinAlgError, match="gesv: .*is singular")
    refuses(lambda: fb.potrf(-fb.eye(2)), error=fb.linalg.LinAlgError, match="potrf: .*not positive-definite")
    refuses(lambda: fb.pstrf(zero), error=RuntimeError, match="rank deficient .* of its 2 pivots 0 are above")
    refuses(
        lambda: fb.pstrf(fb.ones(2, 2)), error=RuntimeError, match="rank deficient .* of its 2 pivots 1 are"
    )
    refuses(lambda: fb.pstrf(fb.full((2, 2), fb.nan)), error=RuntimeError, match="rank deficient")
    refuses(lambda: fb.btrifact(zero[None]), error=RuntimeError, match=r"btrifact: .*U\[1,1\] is zero")


def test_info_of_btrifact():
    A = fb.stack([A3, A3 * 0])
    info = fb.empty(0, dtype=fb.int32)
    LU, pivots = fb.btrifact(A, info)
    assert info.tolist() == [0, 1] and pivots.dtype is fb.int32
    again = fb.btrifact_with_info(A)
    assert bool((again[0] == LU).all()) and again[2].tolist() == [0, 1]
    refuses(lambda: fb.btrifact(A, fb.zeros(2)), A, error=RuntimeError, match="info should be .* torch.int32")


def test_btriunpack_leaves_out():
    packed = fb.btrifact(A3)
    P, L, U = fb.btriunpack(*packed, unpack_data=False)
    assert P.shape == (3, 3) and L is None and U is None
    P, L, U = fb.btriunpack(*packed, unpack_pivots=False)
    assert P is None and L.shape == U.shape == (3, 3)


def test_gels():
    A, B = fb.randn(5, 2, dtype=fb.float64), fb.randn(5, 3, dtype=fb.float64)
    X, qr = fb.gels(B, A)
    assert X.shape == (5, 3) and bool((qr == fb.geqrf(A).a).all())
    _, distances, _, _ = np.linalg.lstsq(A.numpy(), B.numpy(), rcond=None)
    np.testing.assert_allclose(X[2:].square().sum(0).numpy(), distances)
    _, lq = fb.gels(B[:2], A.t())
    np.testing.assert_allclose((lq.tril() @ lq.tril().t())[:2, :2].numpy(), (A.t() @ A).numpy())
    assert not fb.gels(B[:2], A.t().clone().requires_grad_())[1].requires_grad


def test_gradients_of_gels_with_more_rows():
    A, B = fb.randn(5, 2, dtype=fb.float64), fb.randn(5, 3, dtype=fb.float64)
    assert fb.autograd.gradcheck(lambda b: fb.gels(b, A)[0], (B.requires_grad_(),))
    with pytest.raises(RuntimeError, match="not differentiable"):
        fb.gels(B, A.requires_grad_())[0].sum().backward()


def test_pivots_of_pstrf():
    a = fb.tensor([[5.4417, -2.528, 1.3643], [-2.528, 2.9689, -2.1368], [1.3643, -2.1368, 4.6116]])
    u, piv = fb.pstrf(a)
    assert piv.dtype is fb.int32 and piv.tolist() == [0, 2, 1]
    np.testing.assert_allclose((u.t() @ u).numpy(), a.numpy()[[0, 2, 1]][:, [0, 2, 1]], rtol=1e-5)
    refuses(lambda: fb.pstrf(a, tol=10.0), a, error=RuntimeError, match="0 are above 10")


def test_triangles_that_are_read():
    for upper in (True, False):
        a = A3.triu() if upper else A3.tril()
        assert bool((fb.potrf(a, upper) == fb.potrf(A3, upper)).all())
        assert bool((fb.pstrf(a, upper)[0] == fb.pstrf(A3, upper)[0]).all())
