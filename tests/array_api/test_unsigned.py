"""uint16, uint32 and uint64 in flambeau.array_api: large values, Python ints, indices, promotion, exchange."""

import operator

import numpy as np
import pytest

import flambeau as fb
import flambeau.array_api as xp

from .samples import INTS, SIGNED, UNSIGNED, check, tensor

COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
FUNCTIONS = """
    abs argmax argmin argsort bitwise_invert count_nonzero cumulative_prod cumulative_sum diff flip max min negative
    positive prod sign sort square sum
""".split()
OPERATIONS = """
    add bitwise_and bitwise_or bitwise_xor equal floor_divide greater less less_equal maximum minimum multiply not_equal
    pow remainder subtract
""".split()
APART = "add bitwise_and bitwise_left_shift equal less matmul result_type".split()


def spread(dtype):
    """An array of the dtype, with the ends of its range and the largest value of the signed dtype of its width."""
    top = np.iinfo(dtype).max
    return np.array([3, top // 2 + 1, 0, top, top // 2, 7], dtype)


# ---- large values


@pytest.mark.parametrize("dtype", UNSIGNED)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_large_values(name, dtype):
    a = spread(dtype)
    check(getattr(xp, name)(tensor(a)), getattr(np, name)(a))


@pytest.mark.parametrize("dtype", UNSIGNED)
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_on_large_values(name, dtype):
    a = spread(dtype)
    b = np.roll(a, 2)
    if name in ("floor_divide", "remainder"):
        b[b == 0] = 1
    check(getattr(xp, name)(tensor(a), tensor(b)), getattr(np, name)(a, b))


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_searchsorted_and_sets_of_large_values(dtype):
    a = spread(dtype)
    for side in ("left", "right"):
        check(
            xp.searchsorted(tensor(np.sort(a)), tensor(a), side=side),
            np.searchsorted(np.sort(a), a, side=side),
        )
    for ours, theirs in zip(xp.unique_all(tensor(a)), np.unique_all(a), strict=True):
        check(ours, theirs)


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_products_of_matrices_wrap(dtype):
    a = spread(dtype).reshape(2, 3)
    check(xp.matmul(tensor(a), tensor(a.T)), a @ a.T)
    check(xp.vecdot(tensor(a), tensor(a)), np.vecdot(a, a))
    check(xp.linalg.outer(tensor(a[0]), tensor(a[1])), np.outer(a[0], a[1]))


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_sums_are_wide_in_the_namespace_only(dtype):
    x = fb.ones(3, dtype=getattr(fb, dtype))
    for function in (xp.sum, xp.prod, xp.cumulative_sum, xp.cumulative_prod):
        assert function(x).dtype is xp.uint64 and function(x, dtype=x.dtype).dtype is x.dtype
    assert fb.sum(x).dtype is fb.int64  # PyTorch's rule
    assert xp.count_nonzero(x).dtype is xp.int64 and xp.sum(x[:0]).dtype is xp.uint64


# ---- Python numbers


@pytest.mark.parametrize("dtype", INTS)
@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparisons_with_all_ints_are_exact(compare, dtype):
    info = np.iinfo(dtype)
    a = np.array([info.min, 1, info.max], dtype)
    for number in (info.min - 1, info.min, 0, info.max, info.max + 1, -(2**70), 2**70):
        check(compare(tensor(a), int(number)), [compare(v, int(number)) for v in a.tolist()])
        check(compare(int(number), tensor(a)), [compare(int(number), v) for v in a.tolist()])


@pytest.mark.parametrize("dtype", INTS)
def test_ints_past_the_range_are_refused(dtype):
    info = xp.iinfo(getattr(xp, dtype))
    x = xp.ones(2, dtype=info.dtype)
    for number in (info.min - 1, info.max + 1):
        for call in (
            lambda n: x + n,
            lambda n: n - x,
            lambda n: x & n,
            lambda n: xp.where(x > 0, x, n),
            x.__iadd__,
        ):
            with pytest.raises(OverflowError, match=f"out of the range of {dtype}"):
                call(number)
    assert x.tolist() == [1, 1] and xp.maximum(x, info.max).tolist() == [info.max] * 2


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_conversions_to_python_numbers(dtype):
    x = xp.asarray([3, np.iinfo(dtype).max], dtype=getattr(xp, dtype))
    assert int(x[1]) == x[1].__index__() == x[1].item() == x.tolist()[1] == np.iinfo(dtype).max
    assert "abcd"[x[0]] == "d" and float(x[1]) == float(np.iinfo(dtype).max) and bool(x[1])


# ---- promotion


@pytest.mark.parametrize("dtype", SIGNED)
def test_uint64_does_not_promote_with_signed_dtypes(dtype):
    x, y = xp.ones(2, dtype=xp.uint64), xp.ones(2, dtype=getattr(xp, dtype))
    for a, b in ((x, y), (y, x)):
        for name in APART:
            with pytest.raises(
                TypeError, match=rf"{name}\(\): {a.dtype.name} and {b.dtype.name} do not promote"
            ):
                getattr(xp, name)(a, b)
        with pytest.raises(TypeError, match=r"concat\(\): .* do not promote"):
            xp.concat([a, b])
        assert not xp.can_cast(a.dtype, b.dtype)
    with pytest.raises(TypeError, match="astype"):
        x += y


# ---- indices and counts


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_indices_and_counts(dtype):
    x, places = xp.asarray([5, 6, 7]), xp.asarray([2, 0, 2], dtype=getattr(xp, dtype))
    assert x[places].tolist() == xp.take(x, places).tolist() == [7, 5, 7]
    assert xp.take_along_axis(x, places).tolist() == [7, 5, 7] and x[places[0]] == 7
    assert xp.repeat(x, places).tolist() == [5, 5, 7, 7] and xp.repeat(x, places[:1]).tolist() == [
        5,
        5,
        6,
        6,
        7,
        7,
    ]
    sorter = xp.asarray([1, 2, 0], dtype=getattr(xp, dtype))
    assert xp.searchsorted(xp.asarray([3, 1, 2]), xp.asarray([2, 3]), sorter=sorter).tolist() == [1, 2]


def test_indices_past_int64_do_not_count_from_the_end():
    x, places = xp.arange(3), xp.asarray([2**64 - 1], dtype=xp.uint64)
    calls = (lambda: x[places], lambda: xp.take(x, places), lambda: xp.take_along_axis(x, places),
             lambda: xp.searchsorted(x, x, sorter=places), lambda: operator.setitem(x, places, 1))  # fmt: skip
    for call in calls:
        with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
            call()
    assert x.tolist() == [0, 1, 2]


# ---- creation, conversion, exchange


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_creation_of_large_values(dtype):
    d, top = getattr(xp, dtype), int(np.iinfo(dtype).max)
    assert (
        xp.full(2, top, dtype=d).tolist() == [top, top]
        and xp.full_like(xp.ones(1, dtype=d), top).item() == top
    )
    assert xp.arange(top - 3, top, dtype=d).tolist() == [top - 3, top - 2, top - 1]
    assert xp.asarray([0, top], dtype=d).tolist() == [0, top]
    with pytest.raises((OverflowError, RuntimeError), match=f"{dtype}"):
        xp.asarray(top + 1, dtype=d)


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_exchange_with_numpy_and_pytorch(dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    a = spread(dtype)
    for x in (xp.asarray(a), xp.from_dlpack(a), xp.from_dlpack(torch.from_numpy(a))):
        check(x, a)
        assert np.shares_memory(np.asarray(x), a) and np.shares_memory(np.from_dlpack(x), a)
        assert torch.equal(torch.from_dlpack(x), torch.from_numpy(a))


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_conversions_between_dtypes(dtype):
    a, d = spread(dtype), getattr(xp, dtype)
    for other in (*INTS, "bool", "float32", "float64"):
        check(xp.astype(tensor(a), getattr(xp, other)), a.astype(other))
    values = np.array([0.0, 1.9, 200.0, float(2 ** (d.itemsize * 8 - 1))])
    check(xp.astype(tensor(values), d), values.astype(dtype))
    check(xp.astype(tensor(np.array([-1, 5])), d), np.array([-1, 5]).astype(dtype))
