"""Gradients of sparse tensors and sparse gradients of dense ones; optimisers on them."""

import pytest

import flambeau as fb
from flambeau.autograd import gradcheck, gradgradcheck

INDEX = [[0, 1, 1, 0], [2, 0, 2, 2]]


def values():
    return fb.tensor([3.0, -1.0, 2.0, 0.5], dtype=fb.float64, requires_grad=True)


def make(v):
    return fb.sparse_coo_tensor(INDEX, v, (2, 3))


def test_history_goes_to_the_values():
    v = values()
    s = make(v)
    assert (
        s.requires_grad and not s.is_leaf and s.grad_fn.name() == "SparseCooTensorWithDimsAndTensorsBackward0"
    )
    d = fb.ones(3, 2, dtype=fb.float64, requires_grad=True)
    (s @ d).sum().backward()
    assert v.grad.tolist() == [2, 2, 2, 2]
    assert d.grad.tolist() == [[-1, -1], [0, 0], [5.5, 5.5]]
    assert not s.detach().requires_grad and make(v.detach()).is_leaf


def test_leaf():
    s = make(values().detach()).requires_grad_()
    assert s.is_leaf and s.grad is None
    (s * 2).to_dense().sum().backward()
    assert (
        s.grad.is_sparse
        and s.grad._values().tolist() == [2, 2, 2, 2]
        and s.grad._indices().equal(s._indices())
    )
    (s * 2).to_dense().sum().backward()
    assert s.grad._values().tolist() == [4, 4, 4, 4]
    s.grad = None
    assert s.grad is None
    assert fb.sparse_coo_tensor(INDEX, [1.0] * 4, (2, 3), requires_grad=True).is_leaf
    seen = []
    handle = s.register_hook(lambda g: seen.append(g))
    s.to_dense().sum().backward()
    handle.remove()
    assert seen[0].is_sparse and seen[0]._nnz() == 4


def test_roots_and_inputs():
    v = values()
    s = make(v)
    s2 = s.coalesce() * 3
    s2.backward(fb.ones(2, 3, dtype=fb.float64))
    assert v.grad.tolist() == [3, 3, 3, 3]
    leaf = make(values().detach()).requires_grad_()
    dense = fb.ones(3, 1, dtype=fb.float64, requires_grad=True)
    g, h = fb.autograd.grad((leaf @ dense).sum(), [leaf, dense])
    assert g.is_sparse and g._values().tolist() == [1] * 4 and not h.is_sparse
    fb.autograd.backward([leaf * 2], [fb.ones(2, 3, dtype=fb.float64).sparse_mask(leaf.detach())])
    assert leaf.grad._values().tolist() == [2] * 4
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (leaf * 2).backward()
    with pytest.raises(RuntimeError, match="shape"):
        (leaf * 2).backward(fb.ones(3, 3, dtype=fb.float64))


def test_gradcheck_of_sparse_tensors():
    s = make(values().detach()).requires_grad_()
    d = fb.arange(6.0, dtype=fb.float64).reshape(3, 2).requires_grad_()
    assert gradcheck(fb.sparse.mm, (s, d)) and gradgradcheck(fb.sparse.mm, (s, d))
    assert gradcheck(lambda x: x.coalesce() * 2, (s,)) and gradcheck(lambda x: fb.sparse.softmax(x, 1), (s,))
    assert gradcheck(lambda x: x.to_sparse_csr() @ x.t(), (s,))


# ---- sparse gradients of dense leaves


def embedded(indices, sparse=True, **options):
    fb.manual_seed(0)
    table = fb.nn.Embedding(5, 2, sparse=sparse, **options)
    table(fb.tensor(indices)).square().sum().backward()
    return table


def test_embedding():
    table, dense = embedded([1, 3, 1]), embedded([1, 3, 1], sparse=False)
    grad = table.weight.grad
    assert grad.is_sparse and grad._indices().tolist() == [[1, 3, 1]] and not grad.is_coalesced()
    assert grad.to_dense().allclose(dense.weight.grad)
    for t in (table, dense):
        t(fb.tensor([[1, 0]])).sum().backward()
    assert table.weight.grad._nnz() == 5 and table.weight.grad.to_dense().allclose(dense.weight.grad)
    table.weight.sum().backward()
    assert not table.weight.grad.is_sparse and table.weight.grad.allclose(dense.weight.grad + 1)


def test_embedding_options():
    table = embedded([1, 3, 1], padding_idx=1)
    assert table.weight.grad._indices().tolist() == [[3]]
    with pytest.raises(RuntimeError, match="scale_grad_by_freq not supported with sparse gradients"):
        embedded([1, 3, 1], scale_grad_by_freq=True)


def test_embedding_of_a_computed_table():
    w = fb.ones(4, 2, requires_grad=True)
    out = fb.nn.functional.embedding(fb.tensor([1, 2, 2]), w * 2, sparse=True).sum()
    out.backward()
    assert w.grad.to_dense().tolist() == [[0, 0], [2, 2], [4, 4], [0, 0]]


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda p: fb.optim.SGD(p, lr=0.1),
        lambda p: fb.optim.SGD(p, lr=0.1, maximize=True),
        lambda p: fb.optim.Adagrad(p, lr=0.1, lr_decay=0.1),
    ],
)
def test_optimizers_agree_with_dense_gradients(optimizer):
    tables = [embedded([1, 3, 1], sparse) for sparse in (True, False)]
    for table in tables:
        steps = optimizer(table.parameters())
        for indices in ([1, 3, 1], [0, 3], [2, 2]):
            steps.zero_grad()
            table(fb.tensor(indices)).square().sum().backward()
            steps.step()
    assert tables[0].weight.allclose(tables[1].weight) and tables[0].weight.grad.layout is not fb.strided


def test_momentum_and_weight_decay():
    tables = [embedded([1, 3], sparse) for sparse in (True, False)]
    for table in tables:
        steps = fb.optim.SGD(table.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        for _ in range(3):
            steps.zero_grad()
            table(fb.tensor([1, 3])).square().sum().backward()
            steps.step()
    assert tables[0].weight.allclose(tables[1].weight)
    for optimizer in (fb.optim.SGD, fb.optim.Adagrad):
        before = tables[0].weight.detach().clone()
        with pytest.raises(RuntimeError, match="weight_decay option is not compatible with sparse gradients"):
            optimizer(tables[0].parameters(), lr=0.1, weight_decay=0.1).step()
        assert before.equal(tables[0].weight)


def test_zero_grad_in_place():
    table = embedded([1, 3])
    fb.optim.SGD(table.parameters(), lr=0.1).zero_grad(set_to_none=False)
    assert table.weight.grad._nnz() == 0
