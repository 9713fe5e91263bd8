"""What sparse tensors cannot do raises one sentence; whatever gives a result gives that of the dense tensor."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops import FUNCTIONS, METHODS
from flambeau.sparse import SparseTensor

CHOSEN_BY_ENTRIES = {
    # of the entries kept, as documented
    "_nnz", "_values", "values", "_indices", "indices", "crow_indices", "col_indices", "softmax", "log_softmax",
    # what they tell or make does not depend on the elements
    "new", "new_empty", "new_zeros", "empty_like", "rand_like", "randn_like", "randint_like", "sparse_dim", "dense_dim",
    "is_coalesced", "is_set_to", "contiguous",
    # of sparse tensors only
    "coalesce", "sparse_mask", "_sparse_mask", "smm", "resize_as_sparse_",
    # start from random vectors
    "svd_lowrank",
    "pca_lowrank",
    "lobpcg",
    # warn that they are not to be used
    "range", "tensor",
    "hspmm", "hsmm",
}  # fmt: skip


def sparse():
    return fb.sparse_coo_tensor([[0, 1, 2], [2, 0, 1]], [0.5, -0.25, 0.75], (3, 3))


def compare(function, *others):
    s = sparse()
    dense = [o.to_dense().clone() if isinstance(o, fb.Tensor) else o for o in (s, *others)]
    try:
        result = function(s, *others)
    except (NotImplementedError, RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        assert str(error)
        return
    if isinstance(result, (tuple, list)) and result and all(isinstance(r, fb.Tensor) for r in result):
        expected = function(*dense)
        for r, e in zip(result, expected, strict=True):
            np.testing.assert_allclose(r.to_dense().numpy(), e.numpy(), rtol=1e-5)
    elif isinstance(result, fb.Tensor):
        expected = function(*dense)
        np.testing.assert_allclose(
            result.to_dense().numpy(), expected.to_dense().numpy(), rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("name", sorted({*METHODS, *FUNCTIONS} - CHOSEN_BY_ENTRIES))
def test_result_is_that_of_the_dense_tensor(name):
    functions = (
        [lambda x, *a: getattr(x, name)(*a)]
        if name in METHODS and not isinstance(METHODS[name], property)
        else []
    )
    if name in FUNCTIONS:
        functions.append(FUNCTIONS[name])
    for function in functions:
        for others in ((), (2,), (1,), (0, 1), (fb.eye(3) + 1,), (fb.arange(3.0),), (sparse(),), ([3, 3],)):
            compare(function, *others)


def test_sentence():
    s = sparse()
    with pytest.raises(
        NotImplementedError,
        match=r"exp: not defined for the layout torch.sparse_coo; convert with to_dense\(\) first",
    ):
        s.exp()
    with pytest.raises(NotImplementedError, match=r"to_dense\(\)"):
        fb.sigmoid(s)
    with pytest.raises(NotImplementedError, match=r"to_dense\(\)"):
        fb.where(fb.ones(3, 3) > 0, s, s)
    with pytest.raises(NotImplementedError, match=r"layout torch.sparse_csr"):
        s.to_sparse_csr().tolist()
    with pytest.raises(TypeError, match="Use Tensor.to_dense"):
        s.numpy()
    with pytest.raises(TypeError, match="assign"):
        s[0] = 1


def test_is_a_tensor():
    s = sparse()
    assert isinstance(s, fb.Tensor) and isinstance(s, SparseTensor) and fb.is_tensor(s)
    assert s.is_sparse and not s.is_sparse_csr and s.layout is fb.sparse_coo
    assert s.to_sparse_csr().is_sparse_csr and not s.to_sparse_csr().is_sparse
    assert fb.ones(1).layout is fb.strided and not fb.ones(1).is_sparse
    assert repr(fb.sparse_coo) == "torch.sparse_coo" and isinstance(fb.strided, fb.layout)
