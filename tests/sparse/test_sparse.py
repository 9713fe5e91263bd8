"""SparseTensor: its parts, layouts, text, in-place changes, and how it is made and kept."""

import copy
import io
import pickle

import numpy as np
import pytest

import flambeau as fb

INDEX, VALUES, SIZE = [[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3)
DENSE = [[0, 0, 3], [4, 0, 5]]


def make(index=INDEX, values=VALUES, size=SIZE, **options):
    return fb.sparse_coo_tensor(index, values, size, **options)


def twice():
    """Two entries at (0, 2), out of order."""
    return make([[1, 0, 0], [0, 2, 2]], [4.0, 1.0, 2.0])


def same(t, expected):
    np.testing.assert_allclose(t.detach().to_dense().numpy(), expected, rtol=1e-6)


# ---- parts


def test_parts():
    s = make()
    assert s._nnz() == 3 and s.sparse_dim() == 2 and s.dense_dim() == 0 and s.dim() == s.ndimension() == 2
    assert s._dimI() == 2 and s._dimV() == 0
    assert s._indices().tolist() == INDEX and s._values().tolist() == VALUES
    assert s.shape == SIZE and s.size(1) == 3 and s.numel() == 6 and len(s) == 2
    assert s.dtype is fb.float32 and s.device == fb.device("cpu") and s.get_device() == -1
    assert s.stride() == (0, 0) and not s.is_contiguous() and s.contiguous() is s
    with pytest.raises(
        RuntimeError, match="Cannot get indices on an uncoalesced tensor, please call .coalesce"
    ):
        s.indices()
    with pytest.raises(RuntimeError, match="Cannot get values on an uncoalesced tensor"):
        s.values()


def test_coalesce():
    s = twice()
    assert not s.is_coalesced()
    c = s.coalesce()
    assert c.is_coalesced() and c.coalesce() is c and c._nnz() == 2
    assert c.indices().tolist() == [[0, 1], [2, 0]] and c.values().tolist() == [3, 4]
    assert s._nnz() == 3 and make()._coalesced_(True).is_coalesced()
    copied = fb.values_copy(c)
    copied.zero_()
    assert c.values().tolist() == [3, 4] and fb.indices_copy(c).equal(c.indices())
    mask = fb.sparse_coo_tensor([[0, 0]], [True, True], (2,)).coalesce()
    assert mask.values().tolist() == [True]


def test_parts_of_ordinary_tensors():
    d = fb.ones(2, 3)
    assert d.sparse_dim() == 0 and d.dense_dim() == 2 and d.to_dense() is d
    assert d.to_dense(fb.float64).dtype is fb.float64
    for name in ("coalesce", "is_coalesced", "indices", "_indices"):
        with pytest.raises(
            RuntimeError, match=f"{name} expected sparse coordinate tensor layout but got Strided"
        ):
            getattr(d, name)()
    for name in ("values", "_values", "_nnz"):
        with pytest.raises(RuntimeError, match=f"{name} expected sparse tensor layout but got Strided"):
            getattr(d, name)()
    with pytest.raises(
        RuntimeError, match="crow_indices expected sparse row compressed tensor layout but got Strided"
    ):
        d.crow_indices()


def test_compressed_parts():
    r, c = make().to_sparse_csr(), make().to_sparse_csc()
    assert r.layout is fb.sparse_csr and c.layout is fb.sparse_csc
    assert r.crow_indices().tolist() == [0, 1, 3] and r.col_indices().tolist() == [2, 0, 2]
    assert c.ccol_indices().tolist() == [0, 1, 1, 3] and c.row_indices().tolist() == [1, 0, 1]
    assert r.values().tolist() == VALUES and c.values().tolist() == [4, 3, 5]
    for t in (r, c, r.to_sparse(), c.to_sparse(), r.to_sparse_csc(), c.to_sparse_csr(), r.to_sparse_coo()):
        same(t, DENSE)
    assert r.to_sparse().is_coalesced() and c.to_sparse().is_coalesced()
    assert r.t().layout is fb.sparse_csc and r.t().ccol_indices().tolist() == [0, 1, 3]
    same(r.t(), np.transpose(DENSE))
    assert (
        (r * 2).layout is fb.sparse_csr
        and (r + r).layout is fb.sparse_csr
        and r.sin().layout is fb.sparse_csr
    )
    with pytest.raises(
        RuntimeError, match="indices expected sparse coordinate tensor layout but got SparseCsr"
    ):
        r.indices()
    with pytest.raises(
        RuntimeError, match="crow_indices expected sparse row compressed tensor layout but got Sparse$"
    ):
        make().crow_indices()
    assert fb.crow_indices_copy(r).tolist() == [0, 1, 3] and fb.col_indices_copy(r).tolist() == [2, 0, 2]
    assert fb.ccol_indices_copy(c).tolist() == [0, 1, 1, 3] and fb.row_indices_copy(c).tolist() == [1, 0, 1]
    hybrid = fb.sparse_csr_tensor([0, 1, 1], [2], [[1.0, 2.0]], (2, 3, 2))
    assert hybrid.dense_dim() == 1 and hybrid.to_dense()[0, 2].tolist() == [1, 2]
    same(hybrid.to_sparse().to_sparse_csc(), hybrid.to_dense().numpy())
    assert fb.ones(2, 3, 2).to_sparse_csr(dense_dim=1)._nnz() == 6
    small = fb.sparse_csr_tensor(
        fb.tensor([0, 1], dtype=fb.int32), fb.tensor([1], dtype=fb.int32), fb.ones(1), (1, 2)
    )
    assert small.crow_indices().dtype is small.col_indices().dtype is fb.int32


# ---- construction


def test_size_by_default():
    assert fb.sparse_coo_tensor([[0, 4], [1, 0]], [1, 2]).shape == (5, 2)
    assert fb.sparse_csr_tensor([0, 1, 3], [2, 0, 4], [1, 2, 3]).shape == (2, 5)
    empty = fb.sparse_coo_tensor((2, 3))
    assert empty._nnz() == 0 and empty.shape == (2, 3) and empty.is_coalesced()
    same(empty, np.zeros((2, 3)))
    assert fb.sparse_coo_tensor(INDEX, VALUES, SIZE, dtype=fb.float64).dtype is fb.float64


def test_invariants():
    unsorted = ([0, 1, 3], [2, 2, 0], VALUES, SIZE)
    fb.sparse_csr_tensor(*unsorted)
    check = fb.sparse.check_sparse_tensor_invariants
    assert not check.is_enabled()
    with check():
        assert check.is_enabled()
        with pytest.raises(RuntimeError, match="are sorted and distinct"):
            fb.sparse_csr_tensor(*unsorted)
        with check(False):
            fb.sparse_csr_tensor(*unsorted)
    assert not check.is_enabled()
    with pytest.raises(RuntimeError, match="are sorted and distinct"):
        fb.sparse_csr_tensor(*unsorted, check_invariants=True)
    with pytest.raises(RuntimeError, match=r"crow_indices\[..., -1\] == nnz"):
        fb.sparse_csr_tensor([0, 2, 1], [2, 2, 0], VALUES, SIZE)
    with pytest.raises(RuntimeError, match="must be integers"):
        make([[True, False, True]], VALUES, (2,))
    with pytest.raises(RuntimeError, match="must not be negative"):
        make(size=(2, -3))
    with pytest.raises(RuntimeError, match="integer multiplication overflow"):
        make(size=(2**40, 2**40))


def test_typed_names():
    s = fb.sparse.FloatTensor(fb.tensor(INDEX), fb.tensor(VALUES), fb.Size(SIZE))
    same(s, DENSE)
    assert fb.sparse.FloatTensor(fb.tensor(INDEX), fb.tensor(VALUES)).shape == SIZE
    assert fb.sparse.LongTensor(2, 3).shape == SIZE and fb.sparse.LongTensor(2, 3).dtype is fb.int64
    assert fb.sparse.DoubleTensor().shape == (0,)
    assert isinstance(s, fb.sparse.FloatTensor) and not isinstance(s, fb.sparse.DoubleTensor)
    assert not isinstance(fb.ones(1), fb.sparse.FloatTensor)
    assert s.type() == "torch.sparse.FloatTensor" and s.type(fb.sparse.DoubleTensor).dtype is fb.float64
    assert s.type("torch.sparse.IntTensor").dtype is fb.int32
    with pytest.raises(TypeError, match="expected values of type torch.int64"):
        fb.sparse.LongTensor(fb.tensor(INDEX), fb.tensor(VALUES))
    same(s.new(fb.tensor(INDEX), fb.tensor(VALUES), SIZE), DENSE)
    assert s.new(4, 5).shape == (4, 5) and s.new_zeros(2)._nnz() == 0


def test_spdiags():
    d = fb.sparse.spdiags(fb.arange(6.0).reshape(2, 3), fb.tensor([0, -1]), (3, 3))
    same(d, [[0, 0, 0], [3, 1, 0], [0, 4, 2]])
    with pytest.raises(RuntimeError, match="Offset tensor contains duplicate values"):
        fb.sparse.spdiags(fb.ones(2, 3), fb.tensor([0, 0]), (3, 3))


# ---- text


def test_repr():
    assert repr(make()) == (
        "tensor(indices=tensor([[0, 1, 1],\n"
        "                       [2, 0, 2]]),\n"
        "       values=tensor([3., 4., 5.]),\n"
        "       size=(2, 3), nnz=3, layout=torch.sparse_coo)"
    )
    assert repr(make().double().to_sparse_csr()) == (
        "tensor(crow_indices=tensor([0, 1, 3]),\n"
        "       col_indices=tensor([2, 0, 2]),\n"
        "       values=tensor([3., 4., 5.]), size=(2, 3), nnz=3, dtype=torch.float64,\n"
        "       layout=torch.sparse_csr)"
    )
    assert repr(fb.sparse_coo_tensor((2, 3))) == (
        "tensor(indices=tensor([], size=(2, 0)),\n"
        "       values=tensor([], size=(0,)),\n"
        "       size=(2, 3), nnz=0, layout=torch.sparse_coo)"
    )
    assert repr(make().requires_grad_()).endswith("layout=torch.sparse_coo, requires_grad=True)")


# ---- arithmetic that rows do not show


def test_results_keep_dtypes():
    s = make()
    assert (s + s.double()).dtype is fb.float64 and (s * fb.tensor(2.0, dtype=fb.float64)).dtype is fb.float32
    assert (s.int() * 3.5).dtype is fb.float32 and (s.int() / 2).dtype is fb.float32
    assert s.int().sum().dtype is fb.int64 and s.sum(0, dtype=fb.float64).dtype is fb.float64
    assert (fb.ones(2, 3).double() + s).dtype is fb.float64
    assert s.half().dtype is fb.float16 and (s.bfloat16() + s.bfloat16()).dtype is fb.bfloat16
    same((s.half() @ fb.ones(3, 2).half()).float(), [[3, 3], [9, 9]])
    assert s.to(fb.float32) is s


def test_arithmetic_errors():
    s = make()
    for call, match in [
        (lambda: s + 1, r"add\(sparse, dense\) is not supported. Use add\(dense, sparse\) instead"),
        (
            lambda: s + make(size=(3, 3)),
            r"expected sizes of 'self' and 'other' to match, but \[2, 3\] != \[3, 3\]",
        ),
        (lambda: s / s, "Sparse division requires a scalar or zero-dim dense tensor divisor"),
        (lambda: s**0, "cannot raise to zeroth power on sparse tensor"),
        (lambda: s @ s, r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\)"),
        (lambda: s.double() @ fb.ones(3, 2), "same dtype"),
        (lambda: s * s.t(), "equal dimensionality"),
        (lambda: s * fb.ones(4), "does not broadcast"),
        (lambda: s.norm(2, 0), "only supports full reductions"),
        (lambda: fb.ones(2, 3).to_sparse(3), r"must be in \[0,2\] range, but 3 is given"),
        (lambda: s.coalesce().to_sparse(1), "sparse_dim argument !=self.sparse_dim"),
        (
            lambda: fb.cat([s, fb.ones(2, 3)]),
            "Concatenating sparse tensors, but a dense tensor was found at position 1",
        ),
        (lambda: fb.spmm(s, fb.ones(2, 2)), "shapes cannot be multiplied"),
    ]:
        with pytest.raises(RuntimeError, match=match):
            call()
    with pytest.raises(IndexError, match="Dimension out of range"):
        s.sum(2)
    with pytest.raises(IndexError, match="out of range"):
        s[2]
    with pytest.raises(TypeError, match="must be Tensor"):
        fb.spmm(s, 2)


def test_names_of_products():
    s, d = make(), fb.ones(3, 2)
    expected = [[3, 3], [9, 9]]
    for name in ("spmm", "dsmm", "mm", "matmul", "smm", "hspmm", "hsmm"):
        same(getattr(fb, name)(s, d), expected)
    assert fb.hspmm(s, d).sparse_dim() == 1 and fb.smm(s, d).sparse_dim() == 2
    out = fb.zeros(2, 2)
    assert fb.mm(s, d, out=out) is out
    same(out, expected)
    same(fb.addmm(fb.ones(2), s, d), [[4, 4], [10, 10]])


def test_shapes():
    s = make()
    same(s.T, np.transpose(DENSE))
    same(s.mT, np.transpose(DENSE))
    same(s.permute(1, 0), np.transpose(DENSE))
    same(s[1], DENSE[1])
    assert s[1, 2].item() == 5 and s[0, 0].item() == 0
    same(s[:, 1:], np.array(DENSE)[:, 1:])
    same(s[None], np.array(DENSE)[None])
    same(s[..., 0], np.array(DENSE)[..., 0])
    same(s[[1, 1, 0]], np.array(DENSE)[[1, 1, 0]])
    same(fb.stack([s, s], 2), np.stack([DENSE, DENSE], 2))
    assert [p.to_dense().tolist() for p in s.unbind()] == DENSE == [p.to_dense().tolist() for p in s]
    hybrid = fb.sparse_coo_tensor([[1, 0]], fb.arange(12.0).reshape(2, 2, 3), (3, 2, 3))
    dense = hybrid.to_dense().numpy()
    same(hybrid.transpose(1, 2), dense.transpose(0, 2, 1))
    same(hybrid.select(2, 1), dense[:, :, 1])
    same(fb.cat([hybrid, hybrid], 1), np.concatenate([dense, dense], 1))
    same(fb.sparse.sum(hybrid, 1), dense.sum(1))
    same(fb.sparse.sum(hybrid, (0, 2)), dense.sum((0, 2)))
    with pytest.raises(RuntimeError, match="between sparse and dense dimensions"):
        hybrid.transpose(0, 1)
    assert s.equal(make()) and not s.equal(s * 2)


# ---- in place


def test_in_place():
    s = make()
    assert (
        s.add_(make()) is s
        and s.mul_(2) is s
        and s.div_(4) is s
        and s.sub_(make(values=[1.0, 1.0, 1.0])) is s
    )
    same(s, [[0, 0, 2], [3, 0, 4]])
    same(s.t_(), [[0, 3], [0, 0], [2, 4]])
    same(s.transpose_(0, 1), [[0, 0, 2], [3, 0, 4]])
    same(twice().sqrt_(), [[0, 0, np.sqrt(3)], [2, 0, 0]])
    same(s.neg_(), [[0, 0, -2], [-3, 0, -4]])
    version = s._version
    assert s.zero_()._nnz() == 0 and s._version > version
    same(s.copy_(make()), DENSE)
    d = fb.ones(2, 3)
    d += make()
    d.sub_(make(), alpha=2)
    d.mul_(make())
    same(d, [[0, 0, -6], [-12, 0, -20]])
    column = fb.ones(3, 2).t()
    same(column.add_(make()), 1 + np.array(DENSE))


def test_in_place_errors():
    for change in (lambda s: s.add_(make().double()), lambda s: s.int().mul_(0.5)):
        with pytest.raises(RuntimeError):
            change(make())
    with pytest.raises(RuntimeError, match=r"Use add\(dense, sparse\) instead"):
        make().add_(1)
    leaf = make().requires_grad_()
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"
    ):
        leaf.add_(make())
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        leaf.mul_(2)
    with fb.no_grad():
        leaf.mul_(2)
    same(leaf, np.array(DENSE) * 2)
    d = fb.ones(2, 3, dtype=fb.int64)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        d.add_(make())
    assert d.tolist() == [[1] * 3] * 2


def test_sparse_resize_():
    s = make()
    assert s.sparse_resize_((4, 5), 2, 0) is s and s.shape == (4, 5) and s._nnz() == 3
    with pytest.raises(
        RuntimeError, match=r"shrinking the size of sparse dimensions \(from \[4, 5\] to \[1, 1\]\)"
    ):
        s.sparse_resize_((1, 1), 2, 0)
    with pytest.raises(RuntimeError, match="'len"):
        s.sparse_resize_((4,), 2, 0)
    assert s.sparse_resize_and_clear_((1, 1, 2), 2, 1)._nnz() == 0 and s.dense_dim() == 1
    assert s.resize_as_(make()).shape == SIZE
    assert fb.resize_as_sparse_(fb.sparse_coo_tensor((1, 1)), make()).shape == SIZE


# ---- keeping


@pytest.mark.parametrize("form", ["to_sparse_coo", "to_sparse_csr", "to_sparse_csc"])
def test_copies(form):
    s = getattr(make(), form)().requires_grad_()
    buffer = io.BytesIO()
    fb.save({"s": s}, buffer)
    buffer.seek(0)
    for t in (pickle.loads(pickle.dumps(s)), copy.deepcopy(s), fb.load(buffer)["s"], s.clone().detach()):
        same(t, DENSE)
        assert t.layout is s.layout
        with fb.no_grad():
            t.mul_(2)
        same(s, DENSE)
    assert pickle.loads(pickle.dumps(s)).requires_grad and copy.copy(s).requires_grad


def test_like():
    assert fb.zeros_like(make())._nnz() == 0 and fb.zeros_like(make()).shape == SIZE
    with pytest.raises(NotImplementedError, match="ones_like.*: not implemented for the layout torch.sparse_coo"):
        fb.ones_like(make())


def test_sparse_mask_of_sparse():
    s = twice().sparse_mask(make())
    assert s._nnz() == 3
    same(s, [[0, 0, 3], [4, 0, 0]])
    with pytest.raises(RuntimeError, match="incompatible sizes"):
        fb.ones(2, 2).sparse_mask(make())


def test_scalars():
    one = fb.sparse_coo_tensor([[0]], [2.0], (1,))
    assert one.item() == 2 and bool(one)
    with pytest.raises(RuntimeError, match="Boolean value of Tensor with more than one value is ambiguous"):
        bool(make())
