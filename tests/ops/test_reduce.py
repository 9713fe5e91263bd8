"""Reductions and order: result types, call forms, gradients at special points, losses' conventions."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import _core


def tensor(values, grad=False):
    return fb.tensor(values, dtype=fb.float64, requires_grad=grad)


def grad_of(function, values):
    """The gradient of the sum of function at values."""
    x = tensor(values, grad=True)
    result = function(x)
    (g,) = fb.autograd.grad(result.sum(), x)
    return g.tolist()


@pytest.mark.parametrize(
    "name,arguments",
    [
        ("max", (1,)),
        ("min", (1,)),
        ("median", (1,)),
        ("nanmedian", (1,)),
        ("mode", (1,)),
        ("kthvalue", (1, 1)),
        ("sort", ()),
        ("topk", (1,)),
        ("cummax", (1,)),
        ("cummin", (1,)),
    ],
)
def test_results_are_named(name, arguments):
    result = getattr(tensor([[3.0, 1.0, 2.0]]), name)(*arguments)
    assert type(result).__name__ == name and result._fields == ("values", "indices")
    values, indices = result
    assert values is result.values and indices is result[1] and indices.dtype is fb.int64


def test_aminmax_is_named():
    low, high = result = tensor([3.0, 1.0]).aminmax()
    assert result._fields == ("min", "max") and (low.item(), high.item()) == (1, 3)


def test_old_and_foreign_names_of_arguments():
    x = tensor([[1.0, 2.0], [3.0, 5.0]])
    assert fb.sum(x, axis=1, keepdims=True).tolist() == [[3], [8]]
    assert x.max(axis=1).values.tolist() == [2, 5]
    assert (
        x.std(0, False).tolist()
        == x.std(dim=0, unbiased=False).tolist()
        == x.std(0, correction=0).tolist()
        == [1, 1.5]
    )
    assert x.var(True).item() == x.var().item() == np.var([1, 2, 3, 5], ddof=1)


def test_dtype_casts_before_the_sum():
    x = fb.tensor([200, 100], dtype=fb.uint8)
    assert x.sum().item() == 300 and x.sum().dtype is fb.int64
    assert x.mean(dtype=fb.float64).item() == 150 and x.sum(dtype=fb.uint8).item() == 44
    assert x.cumsum(0, dtype=fb.float32).dtype is fb.float32 and x.cumsum(0, dtype=fb.uint8).tolist() == [
        200,
        44,
    ]
    assert x.prod(dtype=fb.int8).dtype is fb.int8


def test_out_of_reductions_with_a_dim_and_of_two_tensors():
    x = fb.tensor([[1.0, 4.0], [3.0, 2.0]])
    values, indices = fb.empty(0), fb.empty(0, dtype=fb.int64)
    fb.max(x, 1, out=(values, indices))
    assert values.tolist() == [4, 3] and indices.tolist() == [1, 0]
    out = fb.empty(2, 2)
    assert fb.max(x, fb.full((2, 2), 2.5), out=out) is out
    assert out.tolist() == [[2.5, 4], [3, 2.5]]


def test_reductions_of_a_0dim_tensor_do_not_share_its_memory():
    x = tensor(2.0)
    for result in (
        x.sum(),
        x.mean(0),
        x.amax(),
        x.max(),
        x.max(0).values,
        x.prod(0),
        x.sort().values,
        x.cumsum(0),
        x.logsumexp(0),
    ):
        assert not np.shares_memory(_core.array_of(result), _core.array_of(x))


# ---- gradients at special points


def test_equal_extremes_share_the_gradient_and_a_dim_chooses():
    values = [[1.0, 3.0, 3.0]]
    assert grad_of(lambda x: x.max(), values) == grad_of(lambda x: x.amax(1), values) == [[0, 0.5, 0.5]]
    assert grad_of(lambda x: x.max(1).values, values) == [[0, 1, 0]]
    assert grad_of(lambda x: x.aminmax(dim=1).max, values) == [[0, 0.5, 0.5]]
    assert grad_of(lambda x: x.median(), [3.0, 3.0, 1.0]) == [0.5, 0.5, 0]
    assert grad_of(lambda x: x.max(), [1.0, np.nan, 2.0]) == [0, 1, 0]


def test_repeated_indices_of_running_extremes_add_up():
    assert grad_of(lambda x: x.cummax(0).values, [1.0, 3.0, 3.0, 2.0]) == [1, 1, 2, 0]
    assert grad_of(lambda x: x.cummin(0).values, [2.0, 3.0, 1.0, 4.0]) == [2, 0, 2, 0]


def test_norms_and_deviations_at_zero():
    assert grad_of(lambda x: x.norm(), [0.0, 0.0]) == [0, 0]
    assert grad_of(lambda x: x.norm(2, 1), [[5.0, 0.0], [0.0, 0.0]]) == [[1, 0], [0, 0]]
    assert grad_of(lambda x: x.norm(0), [0.0, 2.0]) == [0, 0]
    assert grad_of(lambda x: x.norm(0.5, 0), [0.0, 4.0]) == [0, 1]
    assert grad_of(lambda x: x.norm(float("inf")), [-2.0, 2.0, 1.0]) == [-0.5, 0.5, 0]
    assert grad_of(lambda x: x.std(), [1.0, 1.0, 1.0]) == [0, 0, 0]
    x = tensor([0.0, 0.0], grad=True)
    (g,) = fb.autograd.grad(x.norm(), x, create_graph=True)
    assert fb.autograd.grad(g.sum(), x)[0].tolist() == [0, 0]


def test_products_with_zeros():
    assert grad_of(lambda x: x.prod(), [2.0, 0.0, 3.0]) == [0, 6, 0]
    assert grad_of(lambda x: x.prod(), [2.0, 0.0, 0.0]) == [0, 0, 0]
    assert grad_of(lambda x: x.cumprod(0), [2.0, 0.0, 3.0]) == [1, 8, 0]
    x = tensor([2.0, 0.0, 0.0], grad=True)
    (g,) = fb.autograd.grad(x.prod(), x, create_graph=True)
    assert fb.autograd.grad(g[1], x)[0].tolist() == [0, 0, 2]


def test_logcumsumexp_of_minus_infinity_has_finite_gradients():
    assert grad_of(lambda x: x.logcumsumexp(0), [-np.inf, 0.0]) == [0, 1]
    assert grad_of(lambda x: x.logcumsumexp(0)[1:], [800.0, 0.0]) == [1, 0]


def test_gradients_of_sums_are_not_views_that_change_with_each_other():
    x = fb.zeros(3, requires_grad=True)
    x.sum().backward()
    x.grad[0] = 5
    assert x.grad.tolist() == [5, 1, 1]


# ---- warnings and conventions


def test_too_few_degrees_of_freedom_warn():
    with pytest.warns(UserWarning, match=r"std\(\): degrees of freedom is <= 0"):
        assert np.isnan(tensor([1.0]).std().item())
    with pytest.warns(UserWarning, match=r"var_mean\(\): degrees of freedom"):
        fb.var_mean(tensor([1.0]))


def test_sorting_is_stable_and_puts_nan_last():
    x = tensor([2.0, np.nan, 1.0, 2.0])
    assert x.sort().indices.tolist() == [2, 0, 3, 1]
    assert x.sort(descending=True).indices.tolist() == [1, 0, 3, 2]
    assert x.argsort(0, True).tolist() == [1, 0, 3, 2]


def test_unique_results():
    x = fb.tensor([3, 1, 3])
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 3] and inverse.tolist() == [1, 0, 1] and counts.tolist() == [1, 2]
    assert isinstance(x.unique(), fb.Tensor) and isinstance(x.unique(return_counts=True), tuple)


def test_cross_entropy_of_ignored_targets_only_is_nan_but_its_sum_is_0():
    x, target = tensor([[1.0, 2.0]], grad=True), fb.tensor([-100])
    assert np.isnan(fb.cross_entropy(x, target).item())
    loss = fb.cross_entropy(x, target, reduction="sum")
    loss.backward()
    assert loss.item() == 0 and x.grad.tolist() == [[0, 0]]


def test_cross_entropy_ignores_what_is_not_finite_in_ignored_rows():
    x = tensor([[1.0, 2.0], [np.inf, np.nan]], grad=True)
    loss = fb.cross_entropy(x, fb.tensor([0, -100]))
    loss.backward()
    assert np.isfinite(loss.item()) and np.isfinite(x.grad.numpy()).all() and x.grad[1].tolist() == [0, 0]


def test_saved_outputs_are_guarded():
    x = tensor([1.0, 2.0], grad=True)
    y = x.softmax(0)
    with fb.no_grad():
        y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_histc_counts_equal_elements_in_the_middle():
    x = fb.tensor([-1.2479702234268188, -1.2479702234268188])  # at the edge of two intervals but for rounding
    assert fb.histc(x, 10).tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 0]
