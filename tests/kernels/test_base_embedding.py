"""Embedding kernels against loops and against PyTorch."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base.embedding import embedding, embedding_grad

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("shape", [(), (7,), (3, 5), (0,), (2, 0)])
@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("by_freq", [False, True])
def test_against_loops(shape, padding_idx, by_freq):
    weight, indices = rng.standard_normal((6, 4)), np.asarray(rng.integers(0, 6, shape))
    y = embedding(weight, indices)
    g = rng.standard_normal(y.shape)
    expected, times = np.zeros_like(weight), np.bincount(indices.ravel(), minlength=6)
    for place in np.ndindex(shape):
        row = indices[place]
        np.testing.assert_array_equal(y[place], weight[row])
        if row != padding_idx:
            expected[row] += g[place] / (times[row] if by_freq else 1)
    np.testing.assert_allclose(embedding_grad(g, indices, 6, padding_idx, by_freq), expected, atol=1e-14)


@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("by_freq", [False, True])
def test_against_torch(padding_idx, by_freq):
    torch = pytest.importorskip("torch")
    weight, indices = rng.standard_normal((6, 4)), rng.integers(0, 6, (3, 5))
    tw = torch.tensor(weight, requires_grad=True)
    expected = torch.nn.functional.embedding(
        torch.tensor(indices), tw, padding_idx=padding_idx, scale_grad_by_freq=by_freq
    )
    np.testing.assert_array_equal(embedding(weight, indices), expected.detach().numpy())
    g = rng.standard_normal(expected.shape)
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(
        embedding_grad(g, indices, 6, padding_idx, by_freq), tw.grad.numpy(), atol=1e-14
    )


@pytest.mark.parametrize("bad", [6, -1])
def test_index_out_of_range(bad):
    indices = np.array([0, bad])
    with pytest.raises(IndexError, match="index out of range in self"):
        embedding(np.zeros((6, 2)), indices)
    with pytest.raises(IndexError, match="index out of range in self"):
        embedding_grad(np.zeros((2, 2)), indices, 6)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.complex64])
def test_types_sum_in_the_computing_type(dtype):
    indices = np.zeros(3000, np.int32)
    g = np.ones((2, 3000), dtype).T
    gw = embedding_grad(g, indices, 2)
    assert gw.dtype == dtype == embedding(gw, indices).dtype
    np.testing.assert_array_equal(gw, np.array([[3000, 3000], [0, 0]], dtype))
