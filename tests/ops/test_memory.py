"""Tensors by strides and files, and methods that say where elements are."""

import numpy as np
import pytest

import flambeau as fb


def test_empty_strided():
    x = fb.empty_strided((2, 3), (1, 2), dtype=fb.float64)
    assert x.shape == (2, 3) and x.stride() == (1, 2) and x.dtype is fb.float64
    assert fb.empty_strided((3,), (0,)).storage().size() == 1
    assert fb.empty_strided((), ()).shape == () and fb.empty_strided((0, 3), (3, 1)).shape == (0, 3)
    y = x.new_empty_strided((4,), (2,))
    assert y.dtype is fb.float64 and y.stride() == (2,)
    y.fill_(3)
    assert y.tolist() == [3, 3, 3, 3]
    with pytest.raises(RuntimeError, match="must match dimensionality of strides"):
        fb.empty_strided((2, 3), (1,))
    with pytest.raises(RuntimeError, match="negative sizes or strides"):
        fb.empty_strided((2, 3), (-1, 1))


def test_empty_permuted():
    x = fb.empty_permuted((2, 3, 4), (2, 0, 1), requires_grad=True)
    assert x.shape == (2, 3, 4) and x.stride() == (3, 1, 6) and x.requires_grad
    assert x.dim_order() == (2, 0, 1)
    with pytest.raises(RuntimeError, match="does not match the length of the physical_layout"):
        fb.empty_permuted((2, 3, 4), (0, 1))
    with pytest.raises(RuntimeError, match="Duplicate dim"):
        fb.empty_permuted((2, 3, 4), (0, 0, 1))


def test_from_file(tmp_path):
    path = tmp_path / "numbers"
    np.arange(4, dtype=np.float32).tofile(path)
    private = fb.from_file(str(path), size=3)
    private[0] = 9
    assert private.tolist() == [9, 1, 2] and np.fromfile(path, np.float32)[0] == 0
    shared = fb.from_file(path, shared=True, size=6)
    shared.fill_(2)
    assert np.fromfile(path, np.float32).tolist() == [2] * 6
    assert fb.from_file(path, size=2, dtype=fb.int32).dtype is fb.int32
    with pytest.raises(RuntimeError, match="No such file"):
        fb.from_file(str(tmp_path / "none"), size=1)
    with pytest.raises(RuntimeError, match="elements of float32 need"):
        fb.from_file(path, size=7)


def test_as_strided_in_place():
    x = fb.arange(6.0)
    assert fb.as_strided_(x, (2, 2), (2, 1)) is x and x.tolist() == [[0, 1], [2, 3]]
    x.as_strided_((3,), (1,), 3)
    assert x.tolist() == [3, 4, 5]


def test_detach_in_place():
    x = fb.ones(2, requires_grad=True) * 2
    assert fb.detach_(x) is x and not x.requires_grad
    assert fb.detach_copy(x).data_ptr() != x.data_ptr()


def test_copies_are_no_views():
    x = fb.arange(6.0).reshape(2, 3)
    for copy in (fb.view_copy(x, (3, 2)), fb.t_copy(x), fb.alias_copy(x), *fb.split_copy(x, 1), *fb.unbind_copy(x)):
        copy.zero_()
    assert x.sum() == 15
    assert fb.view_copy(x, fb.int32).dtype is fb.int32
    fb.unsafe_chunk(x, 2)[0].zero_()
    assert x.sum() == 12 and [p.tolist() for p in fb.unsafe_split(x, 1)] == [[[0, 0, 0]], [[3, 4, 5]]]


def test_fill_diagonal():
    x = fb.ones(3, 3, requires_grad=True)
    y = (x * 2).fill_diagonal_(0)
    y.sum().backward()
    assert x.grad.tolist() == [[0, 2, 2], [2, 0, 2], [2, 2, 0]]
    with pytest.raises(RuntimeError, match="larger than 1"):
        fb.ones(3).fill_diagonal_(1)
    with pytest.raises(RuntimeError, match="equal length"):
        fb.ones(2, 2, 3).fill_diagonal_(1)


def test_questions():
    x = fb.ones(2, 3)
    assert fb.get_device(x) == -1 and not fb.is_inference(x) and not fb.is_distributed(x) and not x.is_distributed()
    assert x.dim_order() == (0, 1) and x.t().dim_order() == (1, 0) and x.const_data_ptr() == x.data_ptr()
    with fb.inference_mode():
        assert fb.is_inference(fb.ones(1))
    assert x.resize_as(fb.ones(6)).shape == (6,) and fb.resize_as_(fb.ones(2), x).shape == (2, 3)


def test_to_dlpack():
    x = fb.arange(3)
    fb.from_dlpack(fb.to_dlpack(x))[0] = 7
    assert x.tolist() == [7, 1, 2]
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        fb.to_dlpack(3)


def test_map2():
    x = fb.tensor([1.0, 2.0])
    assert x.map2_(fb.tensor([3.0, 4.0]), fb.tensor(10.0), lambda a, b, c: a * b + c) is x
    assert x.tolist() == [13, 18]


def test_as_subclass():
    class Mine(fb.Tensor):
        pass

    x = fb.ones(2)
    y = x.as_subclass(Mine)
    y.add_(1)
    assert type(y) is Mine and x.tolist() == [2, 2]
    with pytest.raises(TypeError, match="derives from Tensor"):
        x.as_subclass(int)


def test_binomial():
    fb.manual_seed(3)
    count, prob = fb.full((4000,), 20.0), fb.tensor(0.3)
    draws = fb.binomial(count, prob)
    fb.manual_seed(3)
    assert draws.tolist() == fb.binomial(count, prob).tolist() != fb.binomial(count, prob).tolist()
    assert abs(draws.mean().item() - 6) < 0.15 and abs(draws.var().item() - 4.2) < 0.4
    edges = fb.binomial(fb.tensor([5.0, 5.0, -5.0, 5.0]), fb.tensor([1.5, -1.0, 0.5, fb.nan]))
    assert edges.tolist()[:3] == [5, 0, 0] and edges[3].isnan()
    prob = fb.tensor([0.5], requires_grad=True)
    fb.binomial(fb.ones(1), prob).sum().backward()
    assert prob.grad.tolist() == [0]
    with pytest.raises(ValueError, match="count, got: Long"):
        fb.binomial(fb.ones(1, dtype=fb.int64), fb.ones(1))
    with pytest.raises(RuntimeError, match="expected Float"):
        fb.binomial(fb.ones(1), fb.ones(1, dtype=fb.float64))
