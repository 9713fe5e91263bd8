"""What rows cannot say about systems of equations, inverses, determinants and norms: errors, singular matrices, out=,
node names, removed functions."""

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau import linalg

I3 = fb.eye(3)
ZERO = fb.zeros(3, 3)
RECTANGLE = fb.ones(2, 3)

ERRORS = [
    (lambda: linalg.inv(ZERO), "linalg.inv: The diagonal element 1 is zero, the inversion could not be completed"),
    (lambda: linalg.inv(fb.stack([I3, ZERO])), r"linalg.inv: \(Batch element 1\): The diagonal element 1 is zero"),
    (lambda: linalg.inv(RECTANGLE), "linalg.inv: A must be batches of square matrices, but they are 2 by 3 matrices"),
    (lambda: linalg.inv(fb.ones(3)), "linalg.inv: The input tensor A must have at least 2 dimensions."),
    (lambda: linalg.inv(I3.long()), "linalg.inv: Expected a floating point or complex tensor as input. Got Long"),
    (lambda: linalg.inv(I3.half()), "linalg.inv: Low precision dtypes not supported. Got Half"),
    (lambda: linalg.inv_ex(ZERO, check_errors=True), "linalg.inv_ex: The diagonal element 1 is zero"),
    (lambda: linalg.matrix_power(ZERO, -1), "linalg.inv: The diagonal element 1 is zero"),
    (lambda: linalg.solve(ZERO, I3), "torch.linalg.solve: The solver failed because the input matrix is singular."),
    (lambda: linalg.solve(fb.stack([I3, ZERO]), I3), r"\(Batch element 1\): The solver failed"),
    (lambda: linalg.solve(I3, fb.ones(2)), r"linalg.solve: Incompatible shapes of A and B .* AX = B \(3x3 and 2x1\)"),
    (lambda: linalg.solve(I3, fb.ones(3), left=False), r"the equation XA = B \(3x3 and 3x1\)"),
    (lambda: linalg.solve(I3, I3.double()), "found A of type Float and B of type Double instead"),
    (lambda: linalg.solve(I3, fb.tensor(1.0)), "The input tensor B must have at least 2 dimensions."),
    (lambda: linalg.solve(fb.ones(2, 3, 3), fb.ones(4, 3, 3)), "the batch dimensions of A and B do not broadcast"),
    (lambda: linalg.solve_triangular(I3, fb.ones(2, 2), upper=True), r"AX = B \(3x3 and 2x2\)"),
    (lambda: linalg.solve_triangular(I3, fb.ones(3), upper=True), "The input tensor B must have at least 2 dim"),
    (lambda: fb.cholesky_solve(fb.ones(3), I3), "b should have at least 2 dimensions, but has 1 dimensions instead"),
    (lambda: fb.cholesky_solve(fb.ones(2, 1), I3), "each A matrix is 3 by 3 but each b matrix is 2 by 1"),
    (lambda: fb.cholesky_inverse(RECTANGLE), "cholesky_inverse: A must be batches of square matrices"),
    (lambda: linalg.det(RECTANGLE), "linalg.det: A must be batches of square matrices"),
    (lambda: fb.logdet(RECTANGLE), "logdet: A must be batches of square matrices"),
    (lambda: linalg.slogdet(I3.long()), "linalg.slogdet: Expected a floating point or complex tensor as input"),
    (lambda: linalg.pinv(fb.ones(3)), "linalg.pinv.*expected a tensor with 2 or more dimensions"),
    (lambda: linalg.pinv(RECTANGLE, hermitian=True), "linalg.pinv: A must be batches of square matrices"),
    (lambda: linalg.lstsq(fb.ones(3, 2), fb.ones(2, 2)), r"input.size\(-2\) should match other.size\(-2\)"),
    (lambda: linalg.lstsq(I3, fb.ones(2)), r"input.size\(-2\) should match other.size\(-1\)"),
    (lambda: linalg.lstsq(fb.ones(3), I3), "input must have at least 2 dimensions."),
    (lambda: linalg.lstsq(I3, I3, driver="x"), r"should be one of \(gels, gelsy, gelsd, gelss\)"),
    (lambda: linalg.tensorinv(fb.ones(2, 3)), r"prod\(self.shape\[:ind\]\), but got 1 != 6"),
    (lambda: linalg.tensorinv(fb.ones(4, 2, 2), 0), "Expected a strictly positive integer for 'ind', but got 0"),
    (lambda: linalg.tensorsolve(RECTANGLE, fb.ones(2)), "but got 3 != 2"),
    (lambda: linalg.matrix_norm(I3, "x"), "linalg.matrix_norm: Order x not supported."),
    (lambda: linalg.matrix_norm(I3, 3), "linalg.matrix_norm: Order 3 not supported."),
    (lambda: linalg.matrix_norm(I3, 2, dim=(0, 0)), r"dims must be different. Got \(0, 0\)"),
    (lambda: linalg.matrix_norm(I3.long()), "linalg.matrix_norm: Expected a floating point or complex tensor"),
    (lambda: linalg.norm(I3, "fro", dim=0), "linalg.matrix_norm: dim must be a 2-tuple. Got 0"),
    (lambda: linalg.norm(fb.ones(2, 2, 2), 2), "the input must be 1D or 2D. Got 3D."),
    (lambda: fb.norm(fb.ones(2, 2, 2), "nuc", dim=(0, 1, 2)), "dim must be a 2-tuple. Got 0 1 2"),
    (lambda: linalg.cond(I3, "x"), "linalg.cond got an invalid norm type: x"),
    (lambda: linalg.cond(RECTANGLE, 1), r"linalg.cond\(ord=1\): A must be batches of square matrices"),
    (lambda: linalg.matrix_rank(fb.ones(3)), "must have at least 2 dimensions."),
    (lambda: linalg.matrix_exp(RECTANGLE), "linalg.matrix_exp: A must be batches of square matrices"),
    (lambda: linalg.vecdot(fb.ones(2).long(), fb.ones(2)), "Expected a floating point or complex tensor"),
    (lambda: linalg.vecdot(fb.ones(2), fb.ones(2).double()), "found x of type Float and y of type Double"),
    (lambda: linalg.cross(RECTANGLE, fb.ones(3)), "inputs must have the same number of dimensions"),
    (lambda: linalg.cross(fb.ones(3, 2), fb.ones(3, 2)), "dimension -1 must have length 3. Got 2 and 2"),
    (lambda: linalg.vander(fb.ones(3), N=1), "N must be greater than 1."),
    (lambda: fb.vander(RECTANGLE), "x must be a one-dimensional tensor."),
    (lambda: fb.vander(fb.ones(3), N=-1), "N must be non-negative."),
    (lambda: fb.symeig(I3), "deprecated since version 1.9 and is now removed. The default behavior has changed"),
    (lambda: I3.eig(), "now removed. `torch.linalg.eig` returns complex tensors"),
    (lambda: fb.lstsq(I3, I3), "deprecated in favor of `torch.linalg.lstsq`"),
    (lambda: I3.solve(I3), "deprecated in favor of `torch.linalg.solve`"),
    (lambda: fb.matrix_rank(I3), "deprecated since version 1.9 and is now removed"),
]


@pytest.mark.parametrize("call,match", ERRORS)
def test_errors(call, match):
    with pytest.raises(RuntimeError, match=match):
        call()


def test_the_type_of_errors():
    assert issubclass(linalg.LinAlgError, RuntimeError)
    for call in (lambda: linalg.inv(ZERO), lambda: linalg.solve(ZERO, I3), lambda: linalg.cholesky(-I3)):
        with pytest.raises(linalg.LinAlgError):
            call()
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        linalg.inv(3)


def test_singular_matrices_without_an_error():
    batch = fb.stack([I3, ZERO])
    inverse, info = linalg.inv_ex(batch)
    assert info.tolist() == [0, 1] and info.dtype is fb.int32
    assert fb.equal(inverse[0], I3) and not inverse[1].isfinite().all()
    result, info = linalg.solve_ex(batch, I3)
    assert info.tolist() == [0, 1] and fb.equal(result[0], I3)
    sign, logabsdet = linalg.slogdet(ZERO)
    assert sign.item() == 0 and logabsdet.item() == -math.inf
    assert fb.logdet(fb.tensor([[0.0, 1.0], [1.0, 0.0]])).isnan()
    assert linalg.cond(ZERO, 1).item() == math.inf
    assert linalg.solve_triangular(ZERO, I3, upper=True).isfinite().all().item() is False


@pytest.mark.parametrize("rank,expected", [(2, [[0, 0, 0], [0, 0, 0], [0, 0, 1]]), (1, [[0] * 3] * 3)])
def test_gradient_of_the_determinant_of_a_singular_matrix(rank, expected):
    x = fb.diag(fb.tensor([1.0, 1.0, 0.0][:rank] + [0.0] * (3 - rank), dtype=fb.float64)).requires_grad_()
    (g,) = fb.autograd.grad(fb.det(x), x, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), expected, atol=1e-12)


def test_gradient_of_the_determinant_is_its_cofactors():
    generator = np.random.RandomState(0)
    low = generator.randn(3, 2) @ generator.randn(2, 3)
    x = fb.tensor(low, requires_grad=True)
    (g,) = fb.autograd.grad(fb.det(x), x)
    minors = [[np.delete(np.delete(low, i, 0), j, 1) for j in range(3)] for i in range(3)]
    cofactors = [[(-1) ** (i + j) * np.linalg.det(m) for j, m in enumerate(row)] for i, row in enumerate(minors)]
    np.testing.assert_allclose(g.numpy(), cofactors, atol=1e-9)


NODES = [
    (lambda a: linalg.det(a), "LinalgDetBackward0"),
    (lambda a: linalg.slogdet(a)[1], "LinalgSlogdetBackward0"),
    (lambda a: linalg.inv(a), "LinalgInvExBackward0"),
    (lambda a: a.inverse(), "LinalgInvExBackward0"),
    (lambda a: linalg.pinv(a), "LinalgPinvBackward0"),
    (lambda a: linalg.matrix_exp(a), "LinalgMatrixExpBackward0"),
    (lambda a: linalg.cholesky(a), "LinalgCholeskyExBackward0"),
    (lambda a: linalg.qr(a)[0], "LinalgQrBackward0"),
    (lambda a: linalg.svdvals(a), "LinalgSvdBackward0"),
    (lambda a: linalg.eigvalsh(a), "LinalgEighBackward0"),
    (lambda a: linalg.eigvals(a), "LinalgEigBackward0"),
    (lambda a: linalg.lu_factor(a)[0], "LinalgLuFactorExBackward0"),
    (lambda a: linalg.solve(a, a), "LinalgSolveExBackward0"),
    (lambda a: linalg.solve_triangular(a, a, upper=True), "LinalgSolveTriangularBackward0"),
    (lambda a: linalg.lstsq(a, a)[0], "LinalgLstsqBackward0"),
    (lambda a: linalg.matrix_norm(a), "LinalgVectorNormBackward0"),
]


@pytest.mark.parametrize("call,name", NODES, ids=lambda v: v if isinstance(v, str) else None)
def test_node_names(call, name):
    assert call(fb.eye(3, requires_grad=True)).grad_fn.name() == name


OUT = [
    (lambda a, **k: linalg.inv(a, **k), 1),
    (lambda a, **k: fb.inverse(a, **k), 1),
    (lambda a, **k: linalg.solve(a, a, **k), 1),
    (lambda a, **k: linalg.solve_triangular(a, a, upper=True, **k), 1),
    (lambda a, **k: fb.triangular_solve(a, a, **k), 2),
    (lambda a, **k: fb.cholesky_solve(a, a, **k), 1),
    (lambda a, **k: linalg.pinv(a, **k), 1),
    (lambda a, **k: linalg.det(a, **k), 1),
    (lambda a, **k: fb.slogdet(a, **k), 2),
    (lambda a, **k: linalg.cholesky(a, **k), 1),
    (lambda a, **k: linalg.qr(a, **k), 2),
    (lambda a, **k: linalg.svd(a, **k), 3),
    (lambda a, **k: linalg.eigh(a, **k), 2),
    (lambda a, **k: linalg.eigvalsh(a, **k), 1),
    (lambda a, **k: linalg.lu(a, **k), 3),
    (lambda a, **k: linalg.norm(a, **k), 1),
    (lambda a, **k: linalg.matrix_norm(a, "nuc", **k), 1),
    (lambda a, **k: fb.norm(a, "nuc", **k), 1),
    (lambda a, **k: linalg.cond(a, **k), 1),
]


@pytest.mark.parametrize("call,count", OUT)
def test_out(call, count):
    a = fb.tensor([[4.0, 1.0], [1.0, 3.0]])
    expected = call(a)
    out = tuple(fb.empty(0) for _ in range(count))
    result = call(a, out=out[0] if count == 1 else out)
    for r, o, e in zip(result if count > 1 else [result], out, expected if count > 1 else [expected], strict=True):
        assert r is o
        np.testing.assert_array_equal(o.numpy(), e.numpy())
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        call(a.requires_grad_(), out=out[0] if count == 1 else out)


def test_named_results():
    A = fb.tensor([[4.0, 1.0], [1.0, 3.0]])
    assert linalg.slogdet(A).logabsdet.item() == pytest.approx(math.log(11))
    assert linalg.solve_ex(A, A).result.shape == (2, 2)
    assert linalg.inv_ex(A).info.item() == 0
    solution, residuals, rank, s = linalg.lstsq(fb.randn(4, 2), fb.randn(4, 3), driver="gelsd")
    assert (solution.shape, residuals.shape, rank.item(), s.shape) == ((2, 3), (3,), 2, (2,))


def test_lstsq_of_a_matrix_of_lower_rank():
    a = np.outer([1.0, 2.0, 3.0, 4.0], [1.0, 1.0])
    b = np.arange(8.0).reshape(4, 2)
    expected = np.linalg.lstsq(a, b, rcond=None)[0]
    result = linalg.lstsq(fb.tensor(a), fb.tensor(b), driver="gelss")
    np.testing.assert_allclose(result.solution.numpy(), expected, atol=1e-12)
    assert result.rank.item() == 1 and result.residuals.numel() == 0


def test_powers_of_integer_matrices():
    a = fb.tensor([[1, 1], [1, 0]])
    assert linalg.matrix_power(a, 10).tolist() == [[89, 55], [55, 34]]
    assert linalg.matrix_power(a, 0).dtype is fb.int64
    with pytest.raises(RuntimeError, match="linalg.inv: Expected a floating point or complex tensor"):
        linalg.matrix_power(a, -1)


def test_tolerances_per_matrix():
    a = fb.diag(fb.tensor([1.0, 0.1])).expand(2, 2, 2)
    atol = fb.tensor([0.0, 0.5])
    assert linalg.matrix_rank(a, atol=atol).tolist() == [2, 1]
    np.testing.assert_allclose(linalg.pinv(a, atol=atol).numpy(), [np.diag([1, 10]), np.diag([1, 0])], rtol=1e-5)
