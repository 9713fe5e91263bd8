"""flambeau.testing: comparisons that explain what differs, and tensors of random numbers."""

import re

import numpy as np
import pytest

import flambeau as fb
from flambeau.testing import assert_allclose, assert_close, make_tensor

CALLS = """
assert_close(T.tensor(1.), T.tensor(2.))
assert_close(T.tensor(1), T.tensor(2))
assert_close(1, 1.0)
assert_close(1, 1.0, check_dtype=False)
assert_close(None, 1)
assert_close(None, None)
assert_close(True, False)
assert_close(T.ones(2), T.ones(2) + 1e-6)
assert_close(T.ones(2, 2, dtype=T.int64), T.zeros(2, 2, dtype=T.int64))
assert_close(T.ones(2), T.zeros(2), rtol=1e-3)
assert_close(T.ones(2), T.zeros(2), rtol=0, atol=0)
assert_close(T.tensor([True]), T.tensor([False]))
assert_close(T.ones(2, dtype=T.float16), T.ones(2))
assert_close(T.ones(2, dtype=T.float16), T.ones(2), check_dtype=False)
assert_close(T.ones(2, dtype=T.float16), T.ones(2, dtype=T.float16) * 1.01)
assert_close(T.ones(3, dtype=T.bfloat16), T.ones(3, dtype=T.bfloat16) * 1.02)
assert_close(T.tensor([1 + 1j]), T.tensor([1 + 2j]))
assert_close(T.ones(2), T.ones(3))
assert_close(T.ones(2, 3), T.ones(3, 2).t())
assert_close(T.ones(2, 3), T.ones(3, 2).t(), check_stride=True)
assert_close(T.eye(2).to_sparse(), T.eye(2))
assert_close(T.eye(2).to_sparse(), T.eye(2), check_layout=False)
assert_close([T.ones(1), 2.0], (T.ones(1), 2.0))
assert_close({'a': [1, 2.0]}, {'a': [1, 3.0]})
assert_close([1], [1, 2])
assert_close({'a': 1, 'b': 1}, {'b': 1, 'c': 1})
assert_close([T.ones(1)], [T.zeros(1)], msg='other words')
assert_close([T.ones(1)], [T.zeros(1)], msg=lambda m: 'More: ' + m)
assert_close('a', 'a')
assert_close(T.ones(2), [1.0, 1.0])
assert_close(T.ones(2), np.ones(2, dtype=np.float32))
assert_close(np.array([1, 2]), np.array([1, 3]))
assert_close(np.float32(1), np.float32(2))
assert_close(T.nn.Parameter(T.ones(1)), T.ones(1))
assert_close(T.nn.Parameter(T.ones(1)), T.ones(1), allow_subclasses=False)
assert_close(T.tensor([nan]), T.tensor([nan]))
assert_close(T.tensor([nan]), T.tensor([nan]), equal_nan=True)
assert_close(nan, nan, equal_nan=True)
assert_close(inf, inf)
assert_close(T.tensor([inf]), T.tensor([-inf]))
assert_close(T.ones(2, dtype=T.uint8), T.full((2,), 255, dtype=T.uint8))
assert_close(T.tensor([[0., 1., 2.]]), T.tensor([[0., 1., 5.]]))
assert_close(3, 0)
assert_close(1.0, 2.0, rtol=0.6, atol=0)
assert_close(1j, 2j)
assert_close(T.empty(0), T.empty(0))
""".strip().splitlines()


def outcome(lib, call):
    """None, or the error of a call with its text."""
    names = {"T": lib, "assert_close": lib.testing.assert_close, "np": np, "nan": float("nan"), "inf": float("inf")}
    try:
        eval(call, names)
    except (AssertionError, TypeError, ValueError) as error:
        text = str(error).replace("flambeau.tensor.Tensor", "torch.Tensor").replace("flambeau", "torch")
        return f"{type(error).__name__}: {text}"


@pytest.mark.parametrize("call", CALLS)
def test_assert_close_agrees_with_pytorch(call):
    torch = pytest.importorskip("torch")
    assert outcome(fb, call) == outcome(torch, call)


def test_a_difference_is_explained():
    with pytest.raises(AssertionError) as error:
        assert_close({"w": [fb.tensor([1.0, 2.0, 3.0])]}, {"w": [fb.tensor([1.0, 2.5, 4.0])]})
    assert str(error.value) == (
        "Tensor-likes are not close!\n\n"
        "Mismatched elements: 2 / 3 (66.7%)\n"
        "Greatest absolute difference: 1.0 at index (2,) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.25 at index (2,) (up to 1.3e-06 allowed)\n\n"
        "The failure occurred for item ['w'][0]"
    )


def test_values_with_history_are_compared():
    w = fb.ones(2, requires_grad=True)
    assert_close(w * 2, fb.full((2,), 2.0))


def test_sparse_values_are_compared():
    x = fb.eye(3).to_sparse()
    assert_close(x, fb.eye(3).to_sparse())
    with pytest.raises(AssertionError, match="2.0 at index"):
        assert_close(x, (3 * fb.eye(3)).to_sparse())


def test_a_bool_is_no_number():
    with pytest.raises(AssertionError, match="types do not match"):
        assert_close(True, 1)


def test_assert_allclose():
    with pytest.warns(FutureWarning, match="assert_close"):
        assert_allclose(fb.ones(2), [1.0, 1.00005])
    with pytest.warns(FutureWarning), pytest.raises(AssertionError, match="my words"):
        assert_allclose(fb.ones(2), fb.ones(2, dtype=fb.float64) + 1e-3, msg="my words")


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int64", "uint8", "bool"])
def test_make_tensor_draws_pytorchs_numbers(dtype):
    torch = pytest.importorskip("torch")
    drawn = []
    for lib in (fb, torch):
        lib.manual_seed(0)
        drawn.append(lib.testing.make_tensor(3, 4, dtype=getattr(lib, dtype), device="cpu").tolist())
    assert drawn[0] == drawn[1]


def test_make_tensor_options():
    x = make_tensor((4, 5), dtype=fb.float32, device="cpu", low=-1, high=2, requires_grad=True)
    assert x.shape == (4, 5) and x.requires_grad and x.min() >= -1 and x.max() < 2
    i = make_tensor(50, dtype=fb.int32, device="cpu", low=1.5, high=4.5)
    assert i.dtype == fb.int32 and set(i.tolist()) == {2, 3, 4}
    assert not make_tensor(3, 4, dtype=fb.float32, device="cpu", noncontiguous=True).is_contiguous()
    assert make_tensor(200, dtype=fb.int8, device="cpu", low=0, high=2, exclude_zero=True).min() == 1
    nhwc = make_tensor(1, 2, 3, 4, dtype=fb.float32, device="cpu", memory_format=fb.channels_last)
    assert nhwc.is_contiguous(memory_format=fb.channels_last)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"low": 3, "high": 3, "dtype": fb.int64}, "`low` must be less than `high`, but got 3 >= 3"),
        ({"low": float("nan")}, "`low` and `high` cannot be NaN"),
        ({"low": 1.5, "high": 1.7, "dtype": fb.int64}, "there is no number of dtype torch.int64 from low=1.5"),
        ({"requires_grad": True, "dtype": fb.int64}, "`requires_grad=True` is not supported"),
        ({"noncontiguous": True, "memory_format": fb.contiguous_format}, "are mutually exclusive"),
    ],
)
def test_make_tensor_refuses(options, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        make_tensor(2, **{"dtype": fb.float32, "device": "cpu", **options})
