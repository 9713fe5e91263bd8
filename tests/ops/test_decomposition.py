"""What rows cannot say about factorisations: errors, repeated eigenvalues and singular values, modes of qr."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import linalg

I3 = fb.eye(3)
PIVOTS = fb.tensor([1, 2, 3], dtype=fb.int32)
INDEFINITE = fb.tensor([[1.0, 2.0], [2.0, 1.0]])
NAN = fb.full((2, 2), float("nan"))

ERRORS = [
    (lambda: linalg.cholesky(INDEFINITE), r"linalg.cholesky: The factorization could not be completed because the "
     r"input is not positive-definite \(the leading minor of order 2 is not positive-definite\)."),
    (lambda: linalg.cholesky(fb.stack([fb.eye(2), INDEFINITE])), r"linalg.cholesky: \(Batch element 1\): The factoriz"),
    (lambda: fb.cholesky(INDEFINITE), "cholesky: The factorization could not be completed"),
    (lambda: linalg.cholesky_ex(INDEFINITE, check_errors=True), "linalg.cholesky_ex: The factorization could not"),
    (lambda: linalg.cholesky(fb.ones(2, 3)), "linalg.cholesky: A must be batches of square matrices"),
    (lambda: linalg.qr(I3, mode="x"), "qr received unrecognized mode 'x' but expected one of 'reduced'"),
    (lambda: linalg.qr(fb.ones(3)), "linalg.qr: The input tensor A must have at least 2 dimensions."),
    (lambda: linalg.svd(fb.ones(3)), "linalg.svd: The input tensor A must have at least 2 dimensions."),
    (lambda: linalg.svd(I3.int()), "linalg.svd: Expected a floating point or complex tensor as input. Got Int"),
    (lambda: linalg.svd(I3, driver="gesvd"), "only supported on CUDA inputs with cuSOLVER backend"),
    (lambda: linalg.svd(NAN), "linalg.svd: The algorithm failed to converge because .* non-finite values."),
    (lambda: linalg.eigh(fb.ones(2, 3)), "linalg.eigh: A must be batches of square matrices"),
    (lambda: linalg.eigh(I3, UPLO="x"), "Expected UPLO argument to be 'L' or 'U', but got x"),
    (lambda: linalg.eig(NAN), "torch.linalg.eig: input tensor should not contain infs or NaNs."),
    (lambda: linalg.lu(fb.ones(3)), r"linalg.lu: Expected tensor with 2 or more dimensions. Got size: \[3\] instead"),
    (lambda: linalg.lu_factor(fb.zeros(3, 3)), r"torch.linalg.lu_factor: U\[1,1\] is zero and using it on lu_solve"),
    (lambda: linalg.lu_factor(fb.zeros(2, 3, 3)), r"\(Batch element 0\): U\[1,1\] is zero"),
    (lambda: linalg.lu_factor(I3, pivot=False), "LU without pivoting is not implemented on the CPU"),
    (lambda: linalg.lu_solve(I3, PIVOTS.long(), I3), "pivots should be a Tensor of scalar type torch.int32"),
    (lambda: linalg.lu_solve(I3, PIVOTS, fb.ones(2, 2)), r"equation AX = B \(3x3 and 2x2\)"),
    (lambda: linalg.lu_solve(I3, PIVOTS + 6, I3), "must all be smaller or equal to LU.size"),
    (lambda: linalg.lu_solve(I3, PIVOTS[:2], I3), "pivots should have the shape"),
    (lambda: fb.lu_unpack(I3, PIVOTS.long()), "LU_pivots is expected to be a contiguous tensor of torch.int32 dtype."),
    (lambda: fb.lu_unpack(I3, PIVOTS - 1), "at least 1"),
    (lambda: linalg.householder_product(fb.ones(2, 3), fb.ones(2)), r"input.shape\[-2\] must be greater than or equal"),
    (lambda: linalg.householder_product(fb.ones(3, 2), fb.ones(3)), r"equal to tau.shape\[-1\]"),
    (lambda: linalg.householder_product(fb.ones(3), fb.ones(3)), "input must have at least 2 dimensions."),
    (lambda: linalg.householder_product(I3, fb.ones(2, 3)), "Expected tau to have one dimension less than input"),
    (lambda: linalg.householder_product(I3, fb.ones(3).double()), "tau dtype Double does not match input dtype Float"),
    (lambda: fb.ormqr(I3, fb.ones(2), I3), r"tau.shape\[-1\] must be equal to min\(other.shape\[-2\], input.shape"),
    (lambda: fb.ormqr(I3, fb.ones(2), fb.ones(2, 2)), r"other.shape\[-2\] must be equal to input.shape\[-2\]"),
    (lambda: linalg.ldl_factor(fb.zeros(2, 2)), r"torch.linalg.ldl_factor: D\[1,1\] is zero"),
    (lambda: linalg.ldl_factor_ex(fb.zeros(2, 2), check_errors=True), r"torch.linalg.ldl_factor_ex: D\[1,1\] is zero"),
    (lambda: linalg.ldl_factor(fb.ones(2, 3)), "A must be batches of square matrices"),
    (lambda: linalg.ldl_solve(I3, PIVOTS, fb.ones(2, 2)), "each A matrix is 3 by 3 but each b matrix is 2 by 2"),
    (lambda: linalg.ldl_solve(I3, PIVOTS[:2], I3), "Expected LD.shape.* got pivots with shape .2. instead"),
    (lambda: linalg.ldl_solve(I3, PIVOTS, I3.double()), "found b of type Double and A of type Float instead"),
    (lambda: linalg.ldl_solve(I3, PIVOTS * 9, I3), "pivots are not what ldl_factor gives"),
    (lambda: linalg.ldl_solve(I3, -PIVOTS, I3), "pivots are not what ldl_factor gives"),
    (lambda: fb.geqrf(fb.ones(3)), "torch.geqrf: input must have at least 2 dimensions."),
]  # fmt: skip


@pytest.mark.parametrize("call,match", ERRORS)
def test_errors(call, match):
    with pytest.raises(RuntimeError, match=match):
        call()


def test_cholesky_ex_and_lu_factor_ex_say_where_they_failed():
    assert linalg.cholesky_ex(fb.stack([fb.eye(2), INDEFINITE])).info.tolist() == [0, 2]
    assert linalg.lu_factor_ex(fb.stack([I3, fb.zeros(3, 3)])).info.tolist() == [0, 1]


def test_cholesky_reads_one_triangle():
    a = fb.tensor([[4.0, float("nan")], [2.0, 3.0]])
    np.testing.assert_allclose(linalg.cholesky(a).numpy(), [[2, 0], [1, 2**0.5]], rtol=1e-6)
    np.testing.assert_allclose(linalg.cholesky(a.mT, upper=True).numpy(), [[2, 1], [0, 2**0.5]], rtol=1e-6)


def gradient(function, x):
    x = x.detach().clone().requires_grad_()
    (g,) = fb.autograd.grad(function(x).sum(), x)
    return g.numpy()


@pytest.mark.parametrize("x", [fb.eye(3), fb.zeros(3, 3)], ids=["ones", "zeros"])
def test_repeated_values(x):
    """Functions of the values alone have finite gradients; those of the vectors have none."""
    np.testing.assert_allclose(gradient(linalg.eigvalsh, x), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(gradient(linalg.svdvals, x), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(gradient(lambda a: linalg.norm(a, "nuc"), x), np.eye(3), atol=1e-6)
    assert not np.isfinite(gradient(lambda a: linalg.eigh(a)[1].abs(), x)).all()
    assert not np.isfinite(gradient(lambda a: linalg.svd(a)[0].abs(), x)).all()


def test_modes_of_qr():
    a = fb.randn(4, 2, requires_grad=True)
    Q, R = linalg.qr(a, mode="r")
    assert Q.shape == (0,) and R.shape == (2, 2)
    with pytest.raises(RuntimeError, match="depends on Q, which is not computed when mode='r'"):
        R.sum().backward()
    Q, R = linalg.qr(a, mode="complete")
    assert Q.shape == (4, 4) and R.shape == (4, 2)
    with pytest.raises(RuntimeError, match="not differentiable when mode='complete' and nrows > ncols"):
        Q.sum().backward()


def test_qr_from_its_reflections():
    a = fb.randn(5, 3, dtype=fb.float64)
    packed, tau = fb.geqrf(a)
    Q, R = linalg.qr(a)
    np.testing.assert_allclose(linalg.householder_product(packed, tau).numpy(), Q.numpy(), atol=1e-12)
    np.testing.assert_allclose(packed[:3].triu().numpy(), R.numpy(), atol=1e-12)
    np.testing.assert_allclose(fb.ormqr(packed, tau, a, transpose=True)[:3].numpy(), R.numpy(), atol=1e-12)


def test_named_results():
    a = fb.randn(3, 3)
    assert linalg.svd(a).Vh.shape == (3, 3) and fb.svd(a).V.shape == (3, 3)
    assert linalg.eigh(a).eigenvalues.shape == (3,) and linalg.eig(a).eigenvectors.is_complex()
    assert linalg.lu(a).P.sum().item() == 3 and linalg.lu_factor(a).pivots.dtype is fb.int32
    assert linalg.qr(a).R.shape == (3, 3) and linalg.cholesky_ex(fb.eye(2)).L.shape == (2, 2)
    assert [t.shape for t in fb.svd(fb.ones(3, 2), compute_uv=False)] == [(3, 3), (2,), (2, 2)]


def test_unpacking_a_part():
    factors = linalg.lu_factor(fb.randn(3, 3))
    P, L, U = fb.lu_unpack(*factors, unpack_pivots=False)
    assert P.numel() == 0 and L.shape == U.shape == (3, 3)
    P, L, U = fb.lu_unpack(*factors, unpack_data=False)
    assert P.shape == (3, 3) and L.numel() == U.numel() == 0
