"""The functions of 0.3's namespace."""

import numpy as np
import pytest

import flambeau as fb
import flambeau.v03 as torch
from flambeau.v03.faces import Variable


def test_factories():
    assert torch.zeros(2, 3).tolist() == [[0, 0, 0]] * 2 and torch.ones((2,)).tolist() == [1, 1]
    assert torch.zeros(torch.Size([1, 2])).size() == (1, 2) and type(torch.zeros(1)) is torch.FloatTensor
    assert torch.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert torch.arange(1, 2.5, 0.5).tolist() == [1, 1.5, 2] and type(torch.arange(3)) is torch.FloatTensor
    assert torch.linspace(0, 1, 3).tolist() == [0, 0.5, 1] and torch.linspace(0, 1).size() == (100,)
    np.testing.assert_allclose(torch.logspace(0, 2, 3).numpy(), [1, 10, 100], rtol=1e-6)
    with pytest.raises(TypeError, match="torch.zeros received an invalid combination of arguments"):
        torch.zeros("a")


def test_range_is_inclusive_and_warns():
    with pytest.warns(UserWarning, match="torch.range is deprecated in favor of torch.arange"):
        assert torch.range(1, 4).tolist() == [1, 2, 3, 4]
    with pytest.warns(UserWarning):
        assert torch.range(0, 1, 0.5).tolist() == [0, 0.5, 1]


def test_likes_have_the_type_of_their_tensor():
    x = torch.LongTensor([[1, 2]])
    assert torch.zeros_like(x).equal(torch.LongTensor([[0, 0]]))
    assert torch.ones_like(x).equal(torch.LongTensor([[1, 1]]))
    v = torch.zeros_like(Variable(x))
    assert type(v) is Variable and v.type() == "torch.LongTensor"


@pytest.mark.parametrize("ours,theirs", [
    (lambda: torch.rand(2, 5), lambda: fb.rand(2, 5)), (lambda: torch.randn(20), lambda: fb.randn(20)),
    (lambda: torch.randperm(9), lambda: fb.randperm(9)), (lambda: torch.FloatTensor(9).uniform_(), lambda: fb.rand(9)),
    (lambda: torch.FloatTensor(9).uniform_(-1, 2), lambda: fb.empty(9).uniform_(-1, 2)),
    (lambda: torch.DoubleTensor(20).normal_(1, 3), lambda: fb.empty(20, dtype=fb.float64).normal_(1, 3)),
    (lambda: torch.FloatTensor(9).exponential_(2), lambda: fb.empty(9).exponential_(2)),
    (lambda: torch.FloatTensor(9).cauchy_(), lambda: fb.empty(9).cauchy_()),
    (lambda: torch.FloatTensor(9).log_normal_(), lambda: fb.empty(9).log_normal_()),
    (lambda: torch.FloatTensor(9).geometric_(0.3), lambda: fb.empty(9).geometric_(0.3)),
    (lambda: torch.LongTensor(9).random_(10), lambda: fb.empty(9, dtype=fb.int64).random_(10)),
    (lambda: torch.LongTensor(9).random_(3, 10), lambda: fb.empty(9, dtype=fb.int64).random_(3, 10)),
    (lambda: torch.FloatTensor(9).bernoulli_(0.3), lambda: fb.empty(9).bernoulli_(0.3)),
    (lambda: torch.bernoulli(torch.FloatTensor(9).fill_(0.4)), lambda: fb.bernoulli(fb.full((9,), 0.4))),
    (lambda: torch.normal(torch.zeros(5), torch.ones(5)), lambda: fb.normal(fb.zeros(5), fb.ones(5))),
    (lambda: torch.normal(torch.zeros(5), 2), lambda: fb.normal(fb.zeros(5), 2.0)),
    (lambda: torch.multinomial(torch.ones(4), 3), lambda: fb.multinomial(fb.ones(4), 3)),
    (lambda: torch.multinomial(torch.ones(4), 9, True), lambda: fb.multinomial(fb.ones(4), 9, True)),
])  # fmt: skip
def test_random_numbers_are_todays(ours, theirs):
    torch.manual_seed(7)
    got = ours()
    fb.manual_seed(7)
    np.testing.assert_array_equal(got.numpy(), theirs().numpy())


def test_state_of_the_generator():
    torch.manual_seed(3)
    assert torch.initial_seed() == 3
    state = torch.get_rng_state()
    assert type(state) is torch.ByteTensor
    first = torch.rand(4)
    torch.set_rng_state(state)
    assert torch.rand(4).equal(first)
    torch.default_generator.set_state(state)
    assert torch.default_generator.get_state().equal(state) and torch.rand(4).equal(first)
    torch.default_generator.manual_seed(9)
    assert torch.initial_seed() == 9 and torch.FloatTensor(3).uniform_(generator=torch.default_generator).size() == (3,)
    generator = torch.Generator()
    generator.manual_seed(5)
    a = torch.FloatTensor(3).uniform_(generator=generator)
    generator.manual_seed(5)
    assert torch.FloatTensor(3).uniform_(0, 1, generator=generator).equal(a)


def test_cat_and_stack():
    x = torch.ones(2, 2)
    assert torch.cat([x, x]).size() == (4, 2) and torch.cat((x, x), 1).size() == (2, 4)
    assert torch.stack([x, x], 1).size() == (2, 2, 2)
    assert torch.cat([torch.FloatTensor(), x]).size() == (2, 2)
    assert torch.cat([Variable(x), Variable(x)], dim=1).size() == (2, 4)
    with pytest.raises(TypeError, match="expected Variable as element 0 in argument 0, but got FloatTensor"):
        torch.cat([x, Variable(x)])
    for wrong in ([x, torch.LongTensor([[1, 1]])], [], 3):
        with pytest.raises(TypeError, match="cat received an invalid combination of arguments"):
            torch.cat(wrong)
    with pytest.raises(RuntimeError, match="torch.FloatTensor.*torch.DoubleTensor"):
        torch.cat([Variable(x), Variable(x.double())])


def test_out_takes_the_size_of_the_result():
    out = torch.FloatTensor()
    assert torch.add(torch.ones(2), torch.ones(2), out=out) is out and out.tolist() == [2, 2]
    assert torch.zeros(3, out=out) is out and out.size() == (3,)
    torch.cat([torch.ones(2), torch.ones(2)], out=out)
    assert out.size() == (4,)
    values, indices = torch.FloatTensor(), torch.LongTensor()
    torch.max(torch.FloatTensor([[1, 3], [5, 2]]), 1, out=(values, indices))
    assert values.tolist() == [3, 5] and indices.tolist() == [1, 0]
    same = torch.zeros(2)
    before = same.data_ptr()
    torch.mul(torch.ones(2), 3, out=same)
    assert same.tolist() == [3, 3] and same.data_ptr() == before
    assert torch.randperm(4, out=torch.LongTensor()).size() == (4,)
    with pytest.raises(TypeError, match="out= must be of type torch.FloatTensor"):
        torch.add(torch.ones(2), 1, out=torch.LongTensor())


def test_functions_of_methods():
    x = torch.FloatTensor([[1, 2], [3, 4]])
    assert torch.t(x).tolist() == [[1, 3], [2, 4]] and torch.transpose(x, 0, 1).equal(x.t())
    assert torch.squeeze(torch.ones(1, 2)).size() == (2,) and torch.unsqueeze(x, 0).size() == (1, 2, 2)
    assert [p.size() for p in torch.split(x, 1)] == [(1, 2)] * 2 and len(torch.chunk(x, 2, 1)) == 2
    assert torch.diag(x).tolist() == [1, 4] and torch.tril(x).tolist() == [[1, 0], [3, 4]]
    assert torch.cumsum(x, 0).tolist() == [[1, 2], [4, 6]] and torch.renorm(x, 1, 0, 1).size() == (2, 2)
    assert torch.histc(x, bins=2, min=1, max=5).tolist() == [2, 2]
    assert torch.numel(x) == 4 and torch.is_tensor(x) and not torch.is_tensor(Variable(x))
    with pytest.raises(TypeError, match="torch.add received an invalid combination of arguments - got \\(int, int\\)"):
        torch.add(1, 2)


def test_squeezing_to_one_element():
    assert torch.ones(1, 1).squeeze().size() == (1,) and Variable(torch.ones(1, 1)).squeeze().size() == (1,)
    x = torch.ones(1, 1)
    x.squeeze_()
    assert x.size() == (1,)


def test_linear_algebra():
    torch.manual_seed(0)
    a = torch.randn(3, 3)
    spd = a.mm(a.t()) + torch.eye(3)
    u, s, v = torch.svd(a)
    assert (u.mm(torch.diag(s)).mm(v.t()) - a).abs().max() < 1e-5
    e, vectors = torch.symeig(spd, True)
    assert (spd.mm(vectors) - vectors.mm(torch.diag(e))).abs().max() < 1e-4
    assert torch.symeig(spd)[1].abs().sum() == 0
    values, vectors = torch.eig(spd, True)
    assert values.size() == (3, 2) and (spd.mm(vectors) - vectors.mm(torch.diag(values[:, 0]))).abs().max() < 1e-4
    q, r = torch.qr(a)
    assert (q.mm(r) - a).abs().max() < 1e-5
    x, lu = torch.gesv(a, spd)
    assert (spd.mm(x) - a).abs().max() < 1e-4 and lu.size() == (3, 3)
    assert (torch.inverse(spd).mm(spd) - torch.eye(3)).abs().max() < 1e-4
    upper = torch.potrf(spd)
    assert (upper.t().mm(upper) - spd).abs().max() < 1e-4
    assert (torch.potrf(spd, False) - upper.t()).abs().max() < 1e-4
    assert (spd.mm(torch.potrs(a, upper)) - a).abs().max() < 1e-4
    assert (torch.potri(upper) - torch.inverse(spd)).abs().max() < 1e-4
    batch = torch.stack([spd, spd])
    factors, pivots = torch.btrifact(batch)
    assert type(pivots) is torch.IntTensor
    assert (batch[0].mm(torch.btrisolve(torch.ones(2, 3), factors, pivots)[0].unsqueeze(1)) - 1).abs().max() < 1e-4
    least, _ = torch.gels(torch.ones(3, 1), a)
    assert (a.mm(least) - 1).abs().max() < 1e-4
    assert torch.cross(torch.eye(3), torch.ones(3, 3)).size() == (3, 3)
    assert torch.ger(torch.ones(2), torch.ones(3)).size() == (2, 3)


def test_eigenvalues_in_complex_pairs():
    values, vectors = torch.eig(torch.FloatTensor([[0, 1], [-1, 0]]), True)
    assert sorted(values.tolist()) == [[0, -1], [0, 1]] and values[0][1] == 1
    re, im = vectors[:, 0], vectors[:, 1]
    assert (torch.FloatTensor([[0, 1], [-1, 0]]).mv(re) + im).abs().max() < 1e-6


def test_cross_takes_the_first_dim_of_size_three():
    a, b = torch.randn(3, 3), torch.randn(3, 3)
    np.testing.assert_allclose(torch.cross(a, b).numpy(), np.cross(a.numpy(), b.numpy(), axis=0), rtol=1e-5, atol=1e-6)
    with pytest.raises(RuntimeError, match="no dimension of size 3"):
        torch.cross(torch.ones(2), torch.ones(2))


def test_all_results_are_of_03():
    """Of every function with several results, also those that the operation makes itself."""
    a = torch.Tensor([[4, 2, 1], [2, 5, 3], [1, 3, 6]])
    ones = torch.ones(3, 1)
    calls = {
        "pstrf": (a,), "svd": (a,), "qr": (a,), "geqrf": (a,), "symeig": (a, True), "eig": (a, True), "gesv": (ones, a),
        "gels": (ones, a), "trtrs": (ones, a), "btrifact": (a.unsqueeze(0),), "topk": (a, 2), "sort": (a,),
        "max": (a, 0), "median": (a, 0), "mode": (a, 0), "kthvalue": (a, 1), "chunk": (a, 3), "split": (a, 1),
    }  # fmt: skip
    for name, args in calls.items():
        assert all(torch.is_tensor(r) for r in getattr(torch, name)(*args)), name
        variables = [Variable(x) if torch.is_tensor(x) else x for x in args]
        assert all(isinstance(r, Variable) for r in getattr(torch, name)(*variables)), name
    u, pivots = torch.pstrf(a)
    p = torch.zeros(3, 3).scatter_(1, pivots.long().view(3, 1), 1)
    assert (p.t().mm(u.t()).mm(u).mm(p) - a).abs().max() < 1e-5 and type(pivots) is torch.IntTensor
    x, _ = torch.trtrs(ones, a)
    assert (a.triu().mm(x) - ones).abs().max() < 1e-5
