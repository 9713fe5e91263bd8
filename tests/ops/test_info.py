"""Questions about tensors, element-wise Python functions, `new`."""

import numpy as np
import pytest

import flambeau as fb


def test_kinds():
    real, whole, z = fb.zeros(2, 3), fb.zeros(2, dtype=fb.uint8), fb.zeros(1, dtype=fb.complex64)
    assert fb.numel(real) == 6 and real.ndimension() == 2
    assert [fb.is_floating_point(t) for t in (real, whole, z)] == [True, False, False]
    assert [fb.is_complex(t) for t in (real, whole, z)] == [False, False, True]
    assert [fb.is_signed(t) for t in (real, whole, whole.char())] == [True, False, True]
    assert fb.is_same_size(real, fb.ones(2, 3)) and not fb.is_same_size(real, whole)
    assert (
        real.is_set_to(real.view(2, 3))
        and not real.is_set_to(real.view(6))
        and not real.is_set_to(fb.zeros(2, 3))
    )
    with pytest.raises(
        TypeError, match=r"numel\(\): argument 'input' \(position 1\) must be Tensor, not list"
    ):
        fb.numel([1])


def test_is_nonzero():
    assert fb.is_nonzero(fb.tensor([[2.0]])) and not fb.tensor(0).is_nonzero()
    with pytest.raises(RuntimeError, match="Boolean value of Tensor with more than one value is ambiguous"):
        fb.is_nonzero(fb.zeros(2))


def test_sum_to_size():
    x = fb.arange(12.0).view(2, 3, 2).requires_grad_()
    for size in ((2,), (1, 2), (3, 1), (2, 1, 1), (2, 3, 2), ()):
        expected = x.detach().numpy()
        lead = 3 - len(size)
        axes = tuple(d for d in range(3) if d < lead or size[d - lead] == 1)
        np.testing.assert_array_equal(
            x.sum_to_size(*size).detach().numpy(), expected.sum(axes, keepdims=True).reshape(size)
        )
    x.sum_to_size((3, 1)).sum().backward()
    assert (x.grad == 1).all()
    with pytest.raises(RuntimeError, match="is not expandable to size"):
        x.sum_to_size(4)


def test_functions_of_elements():
    x = fb.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.t().apply_(lambda v: v * 10).tolist() == [[10.0, 30.0], [20.0, 40.0]] and x._version == 1
    assert x.map_(fb.tensor([1.0, 2.0]), lambda a, b: a + b).tolist() == [[11.0, 22.0], [31.0, 42.0]]
    with pytest.raises(TypeError, match="can't be called on a tensor that requires grad"):
        fb.ones(1, requires_grad=True).apply_(abs)


def test_detach():
    x = fb.ones(2, requires_grad=True)
    assert not fb.detach(x).requires_grad and fb.detach(x).data_ptr() == x.data_ptr()


def test_unravel_index():
    found = fb.unravel_index(fb.tensor([[0, 7], [11, 5]]), (2, 3, 2))
    for ours, theirs in zip(found, np.unravel_index([[0, 7], [11, 5]], (2, 3, 2)), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)
    with pytest.raises(TypeError, match="to be integer dtype"):
        fb.unravel_index(fb.zeros(1), (2,))


def test_new():
    x = fb.zeros(2, dtype=fb.float64)
    assert x.new(3, 2).shape == (3, 2) and x.new().shape == (0,) and x.new(fb.Size([2, 1])).shape == (2, 1)
    assert x.new([1, 2]).tolist() == [1.0, 2.0] and x.new(fb.tensor([1, 2])).tolist() == [1.0, 2.0]
    assert all(t.dtype is fb.float64 for t in (x.new(3), x.new([1]), x.new(fb.tensor([1]))))
