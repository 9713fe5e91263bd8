"""Linear algebra under 0.3's names: shapes, and what was returned when not all was asked for."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable


def spd():
    return torch.DoubleTensor([[4, 2, 1], [2, 5, 3], [1, 3, 6]])


def close(a, b):
    return (a - b).abs().max() < 1e-9


@pytest.mark.parametrize("solve", [
    lambda b, a: torch.gesv(b, a)[0], lambda b, a: torch.gels(b, a)[0], lambda b, a: torch.potrs(b, torch.potrf(a)),
    lambda b, a: torch.trtrs(torch.trtrs(b, torch.potrf(a), transpose=True)[0], torch.potrf(a))[0],
])  # fmt: skip
def test_a_vector_on_the_right_is_one_column(solve):
    a, b = spd(), torch.DoubleTensor([1, 2, 3])
    x = solve(b, a)
    assert x.size() == (3, 1) and close(a.mm(x), b.view(3, 1))
    assert solve(Variable(b), Variable(a)).size() == (3, 1)
    assert close(solve(torch.eye(3).double(), a).mm(a), torch.eye(3).double())


def test_least_squares_has_a_row_per_unknown():
    a = torch.DoubleTensor([[1, 1, 1], [2, 3, 4], [3, 5, 2], [4, 2, 5], [5, 4, 3]])
    b = torch.DoubleTensor([[-10, -3], [12, 14], [14, 12], [16, 16], [18, 16]])
    x, _ = torch.gels(b, a)
    assert x.size() == (3, 2) and close(x, torch.DoubleTensor([[2, 1], [1, 1], [1, 2]]))


def test_vectors_that_were_not_asked_for():
    e, v = torch.symeig(spd())
    assert v.size() == (3, 3) and (v.numpy().view("i8") == 0).all()  # +0
    e, v = torch.eig(spd())
    assert e.size() == (3, 2) and v.dim() == 0 and type(v) is torch.DoubleTensor
    e, v = torch.eig(spd(), eigenvectors=True)
    assert close(spd().mm(v), v * e[:, 0].contiguous().view(1, 3).expand(3, 3))


def test_pivoted_cholesky():
    u, pivots = torch.pstrf(spd())
    p = torch.eye(3).double().index_select(1, pivots.long())
    assert type(pivots) is torch.IntTensor and close(p.mm(u.t()).mm(u).mm(p.t()), spd())


def test_transpose_is_of_matrices():
    for x in (torch.ones(3), torch.Tensor(), torch.ones(1, 2, 3), Variable(torch.ones(3))):
        for transpose in (lambda x: x.t(), lambda x: x.t_()):
            with pytest.raises(RuntimeError, match=r"t\(\) expects a 2D tensor"):
                transpose(x)


def test_factors_by_name():
    m, a, b = torch.ones(2, 2), torch.ones(2, 3), torch.ones(3, 2)
    assert torch.addmm(m, a, b, beta=2, alpha=3).tolist() == m.addmm(2, 3, a, b).tolist() == [[11, 11], [11, 11]]
    assert torch.triu(m, diagonal=1).tolist() == torch.triu(m, k=1).tolist() == [[0, 1], [0, 0]]


def test_the_product_of_vectors_is_a_number():
    v = torch.FloatTensor([1, 2])
    assert torch.matmul(v, v) == v @ v == 5 and type(v.matmul(v)) is float
    assert (Variable(v) @ Variable(v)).size() == (1,) and torch.matmul(v.view(1, 2), v).tolist() == [5]
