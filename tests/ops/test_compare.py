"""What rows do not say of comparison and choice."""

import math
import warnings

import pytest

import flambeau as fb


def test_where_of_a_condition_alone_is_nonzero():
    rows, columns = fb.where(fb.tensor([[True, False], [False, True]]))
    assert rows.tolist() == [0, 1] and columns.tolist() == [0, 1]


def test_where_method_and_uint8_conditions():
    x = fb.tensor([1.0, 2.0])
    assert x.where(fb.tensor([True, False]), fb.tensor(0.0)).tolist() == [1.0, 0.0]
    with pytest.warns(UserWarning, match="uint8 condition"):
        got = fb.where(fb.tensor([1, 0], dtype=fb.uint8), x, -x)
    assert got.tolist() == [1.0, -2.0]


def test_where_keeps_nan_out_of_the_gradient_of_the_other_branch():
    x = fb.tensor([0.0, 4.0], requires_grad=True)
    fb.where(x > 0, x, -x).sum().backward()
    assert x.grad.tolist() == [-1.0, 1.0]


def test_comparison_in_place_keeps_the_dtype():
    x = fb.tensor([1.0, 3.0])
    assert x.lt_(2).tolist() == [1.0, 0.0] and x.dtype is fb.float32


def test_in_place_forms_without_gradient_cut_the_history():
    for change in (
        lambda t: t.lt_(2),
        lambda t: t.floor_divide_(2),
        lambda t: t.logical_not_(),
        lambda t: t[:1].eq_(1),
    ):
        x = fb.tensor([1.0, 3.0], requires_grad=True)
        y = x * 1
        change(y)
        (y * 5).sum().backward()
        assert x.grad.tolist()[0] == 0 and x.grad.tolist()[1] in (0, 5)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.lt_(2)


def test_clamp_with_nan():
    nan = math.nan
    x = fb.tensor([nan, 1.0, 5.0])
    assert all(math.isnan(v) for v in x.clamp(0, nan).tolist())
    assert math.isnan(x.clamp(0, 2).tolist()[0]) and x.clamp(0, 2).tolist()[1:] == [1.0, 2.0]


def test_gradient_of_clamp_counts_the_bounds():
    x = fb.tensor([-1.0, 0.0, 0.5, 1.0, 2.0, math.nan], requires_grad=True)
    x.clamp(0, 1).sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 0, 0]


def test_gradient_of_clamp_goes_to_tensor_bounds():
    x = fb.tensor([-1.0, 0.5, 2.0], requires_grad=True)
    low, high = fb.tensor(0.0, requires_grad=True), fb.tensor(1.0, requires_grad=True)
    x.clamp(low, high).sum().backward()
    assert x.grad.tolist() == [0, 1, 0] and low.grad.item() == 1 and high.grad.item() == 1


def test_clamp_of_ints_by_floats_gives_floats():
    assert fb.tensor([1, 5]).clamp(max=2.5).tolist() == [1.0, 2.5]
    x = fb.tensor([1, 5])
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Long"):
        x.clamp_(max=2.5)
    assert x.tolist() == [1, 5]


def test_allclose_and_equal_are_bools():
    x = fb.tensor([1.0, 2.0])
    assert fb.allclose(x, x + 1e-9) is True and x.allclose(x + 1) is False
    assert x.equal(fb.tensor([1, 2])) is True and fb.equal(x, fb.tensor([1.0])) is False


def test_comparison_with_other_objects():
    x = fb.tensor([1, 2])
    assert (x == None) is False and (x != "a") is True  # noqa: E711
    assert (x == object()) is False
    with pytest.raises(TypeError):
        x < "a"  # noqa: B015


def test_comparison_takes_no_warning_for_nan():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (fb.tensor([math.nan]) < 1).tolist() == [False]
        assert (fb.tensor([math.nan]) != math.nan).tolist() == [True]
