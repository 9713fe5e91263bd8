"""0.3's methods of linear algebra and random filling, in their forms, by type, against NumPy."""

import math

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable

KINDS = pytest.mark.parametrize("kind", [torch.FloatTensor, torch.DoubleTensor])
A = np.array([[4, 1, 0], [1, 3, 1], [0, 1, 2]], float)  # symmetric, positive definite
B = np.array([[1, 2], [3, 4], [5, 6]], float)
U = np.triu(A)


def near(got, expected):
    assert tuple(got.size()) == np.shape(expected)
    np.testing.assert_allclose(got.numpy() if torch.is_tensor(got) else got.data.numpy(), expected, atol=1e-4)


def forms(name, *tensors, args=(), **keywords):
    """What the method and the function give: of plain tensors, into `out=`, and of Variables."""
    results = [getattr(tensors[0], name)(*tensors[1:], *args, **keywords),
               getattr(torch, name)(*tensors, *args, **keywords)]  # fmt: skip
    several = isinstance(results[0], tuple)
    outs = [type(r)() for r in (results[0] if several else results[:1])]
    into = getattr(torch, name)(*tensors, *args, out=tuple(outs) if several else outs[0], **keywords)
    assert all(g is o for g, o in zip(into if several else (into,), outs, strict=True))
    results.append(into)
    variables = [Variable(t) for t in tensors]
    results.append(getattr(variables[0], name)(*variables[1:], *args, **keywords))
    assert all(type(r) is Variable for r in (results[-1] if several else results[-1:]))
    return results


@KINDS
def test_eig(kind):
    for values, vectors in forms("eig", kind(A), args=(True,)) + forms("eig", kind(A), eigenvectors=True):
        values = values if torch.is_tensor(values) else values.data
        vectors = vectors if torch.is_tensor(vectors) else vectors.data
        near(kind(A).mm(vectors), (vectors * values[:, 0].contiguous().view(1, 3)).numpy())
        near(values[:, 1].contiguous(), [0, 0, 0])
    rotation = kind([[0, -1], [1, 0]])  # eigenvalues i and -i
    values, vectors = torch.eig(rotation)
    assert sorted(values.tolist()) == [[0, -1], [0, 1]] and not vectors.abs().sum()


@KINDS
def test_symeig(kind):
    expected = np.linalg.eigvalsh(A)
    for values, vectors in forms("symeig", kind(A)):
        near(values, expected)
        near(vectors, np.zeros((3, 3)))
    for upper in (True, False):
        values, vectors = torch.symeig(kind(np.triu(A) if upper else np.tril(A)), eigenvectors=True, upper=upper)
        near(vectors.mm(torch.diag(values)).mm(vectors.t()), A)


@KINDS
def test_svd(kind):
    for u, s, v in forms("svd", kind(B)) + forms("svd", kind(B), some=True):
        near(s, np.linalg.svd(B)[1])
        assert u.size() == (3, 2) and v.size() == (2, 2)
    u, s, v = torch.svd(kind(B))
    near(u.mm(torch.diag(s)).mm(v.t()), B)
    assert torch.svd(kind(B), False)[0].size() == (3, 3)


@KINDS
def test_qr(kind):
    for q, r in forms("qr", kind(B)):
        near(q.mm(r), B)
        near(q.t().mm(q), np.eye(2))


@KINDS
def test_householder_reflections(kind):
    for factors, tau in forms("geqrf", kind(B)):
        near(factors.triu()[:2], np.triu(torch.qr(kind(B))[1].numpy()))
        assert tau.size() == (2,)
    factors, tau = torch.geqrf(kind(B))
    for q in forms("orgqr", factors, tau):
        near(q, torch.qr(kind(B))[0].numpy())
    for product in forms("ormqr", factors, tau, kind(B), args=(True, True)):  # Q' B
        near(product[:2], torch.qr(kind(B))[1].numpy())
    q = torch.ormqr(factors, tau, torch.eye(3).type(kind))
    near(torch.ormqr(factors, tau, kind(B)), q.mm(kind(B)).numpy())
    near(torch.ormqr(factors, tau, kind(B).t().contiguous(), False), kind(B).t().mm(q).numpy())
    near(torch.ormqr(factors, tau, kind(B).t().contiguous(), left=False, transpose=True),
         kind(B).t().mm(q.t()).numpy())  # fmt: skip


@KINDS
def test_cholesky(kind):
    lower = np.linalg.cholesky(A)
    for u in forms("potrf", kind(A)) + forms("potrf", kind(A), args=(True,)):
        near(u, lower.T)
    for low in forms("potrf", kind(A), upper=False):
        near(low, lower)
    for inverse in forms("potri", kind(lower.T)):
        near(inverse, np.linalg.inv(A))
    near(torch.potri(kind(lower), False), np.linalg.inv(A))
    for x in forms("potrs", kind(B), kind(lower.T)) + forms("potrs", kind(B), kind(lower), upper=False):
        near(x, np.linalg.solve(A, B))
    for u, pivots in forms("pstrf", kind(A[::-1, ::-1].copy())):
        assert sorted(int(p) for p in (pivots if torch.is_tensor(pivots) else pivots.data)) in ([0, 1, 2], [1, 2, 3])
        near(u.diag(), np.sqrt([4, 2.75, 2 - 1 / 2.75]))


@KINDS
def test_solving(kind):
    for x, lu in forms("gesv", kind(B), kind(A)):
        near(x, np.linalg.solve(A, B))
        near(lu.diag().prod() if not torch.is_tensor(lu) else kind([lu.diag().prod()]), [np.linalg.det(A)])
    for inverse in forms("inverse", kind(A)):
        near(inverse, np.linalg.inv(A))
    for x, a in forms("trtrs", kind(B), kind(U)):
        near(x, np.linalg.solve(U, B))
        near(a, U)
    near(torch.trtrs(kind(B), kind(U), True, True)[0], np.linalg.solve(U.T, B))
    near(torch.trtrs(kind(B), kind(U.T), upper=False)[0], np.linalg.solve(U.T, B))
    ones = U - np.diag(U.diagonal()) + np.eye(3)
    near(torch.trtrs(kind(B), kind(U), unitriangular=True)[0], np.linalg.solve(ones, B))


@KINDS
def test_least_squares(kind):
    tall, wide = np.vstack([A, B.T @ A]), A[:2]
    for x, factors in forms("gels", kind(tall @ B), kind(tall)):
        near(x, B)
        assert factors.size() == tall.shape
    x, _ = torch.gels(kind(wide @ B), kind(wide))
    near(x, np.linalg.lstsq(wide, wide @ B, rcond=None)[0])  # the shortest solution, (n, k)


@KINDS
def test_batches_of_factors(kind):
    batch, sides = np.stack([A, A + np.eye(3)]), np.array([[1, 2, 3], [4, 5, 6]], float)
    expected = np.stack([np.linalg.solve(a, b) for a, b in zip(batch, sides, strict=True)])
    lu, pivots = kind(batch).btrifact()
    assert type(lu) is kind and type(pivots) is torch.IntTensor and pivots.size() == (2, 3)
    for x in forms("btrisolve", kind(sides), lu, pivots):
        near(x, expected)
    p, lower, upper = torch.btriunpack(lu, pivots)
    near(p.bmm(lower).bmm(upper), batch)
    info = torch.IntTensor(2).fill_(7)
    torch.btrifact(kind(np.stack([A, 0 * A])), info=info)
    assert info[0] == 0 and info[1] > 0


# ---------------------------------------------------------------------------------------------- random numbers

FILLING = {  # method -> its arguments, what its median is in the limit
    "uniform_": ((2, 3), 2.5), "normal_": ((1, 2), 1), "exponential_": ((2,), math.log(2) / 2),
    "cauchy_": ((3, 1), 3), "log_normal_": ((1, 2), math.e),
}  # fmt: skip


@KINDS
@pytest.mark.parametrize("name", FILLING)
def test_continuous_numbers(kind, name):
    args, median = FILLING[name]
    torch.manual_seed(1)
    x = kind(4000)
    assert getattr(x, name)(*args) is x and x.median() == pytest.approx(median, rel=0.2)
    for integers in ("Byte", "Char", "Short", "Int", "Long"):
        assert not hasattr(getattr(torch, f"{integers}Tensor"), name)


@pytest.mark.parametrize("kind", "Byte Char Short Int Long Float Double".split())
def test_whole_numbers(kind):
    torch.manual_seed(1)
    x = getattr(torch, f"{kind}Tensor")(4000)
    assert x.random_(5) is x and set(x.tolist()) == {0, 1, 2, 3, 4}
    assert x.random_(2, 5) is x and set(x.tolist()) == {2, 3, 4}
    assert x.bernoulli_(0.3) is x and x.float().mean() == pytest.approx(0.3, abs=0.05) and set(x.tolist()) == {0, 1}
    assert x.geometric_(0.3) is x and x.min() == 1
    assert x.float().mean() == pytest.approx(1 / 0.7, rel=0.1)  # 0.3's p is that of going on


@KINDS
def test_normal_with_and_without_width(kind):
    x = kind(3)
    assert x.normal_(2, 0) is x and x.tolist() == [2, 2, 2]
    means, none = kind([1, 2, 3]), kind([0, 0, 0])
    assert torch.normal(means, none).equal(means) and torch.normal(means, 0.0).equal(means)
    assert torch.normal(0.5, none).tolist() == [0.5] * 3 and torch.normal(mean=0.5, std=none).tolist() == [0.5] * 3
    assert torch.normal(means=means, std=none, out=kind()).equal(means)
    assert torch.normal(Variable(means), Variable(none)).data.equal(means)


def test_drawing_by_weights():
    weights = torch.FloatTensor([[0, 1, 1], [1, 0, 0]])
    rows = torch.multinomial(weights, 4, True)
    assert type(rows) is torch.LongTensor and set(rows[0]) == {1, 2} and set(rows[1]) == {0}
    assert sorted(weights[0].multinomial(2)) == [1, 2]
    assert not hasattr(torch.LongTensor, "multinomial") and not hasattr(torch.LongTensor, "bernoulli")


# ---------------------------------------------------------------------------------------- functions in Python


@pytest.mark.parametrize("kind", "Byte Char Short Int Long Float Double".split())
def test_functions_in_place(kind):
    cls = getattr(torch, f"{kind}Tensor")
    x, y = cls([[1, 2], [3, 4]]), cls([[5, 6], [7, 8]])
    assert x.clone().apply_(lambda a: 2 * a).tolist() == [[2, 4], [6, 8]]
    assert x.clone().map_(y, lambda a, b: a * 10 + b).tolist() == [[15, 26], [37, 48]]
    assert x.clone().map2_(y, x, lambda a, b, c: a + b + c).tolist() == [[7, 10], [13, 16]]
    assert x.apply_(lambda a: a) is x
