"""Reductions, searching, sorting, sets, shapes and creation of flambeau.array_api against NumPy."""

import array

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import flambeau as fb
import flambeau.array_api as xp

from .samples import (
    ALL,
    BOOL,
    FLOATS,
    INTS,
    NUMERIC,
    REAL,
    SIGNED,
    UNSIGNED,
    arrays,
    check,
    elements,
    promotes,
    tensor,
)

some = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
many = settings(max_examples=80, deadline=None)


def axis_of(data, ndim, tuples=True, none=True):
    """None, an axis, or a tuple of them."""
    choices = [st.none()] if none else []
    if ndim:
        choices.append(st.integers(-ndim, ndim - 1))
        if tuples:
            choices.append(hnp.valid_tuple_axes(ndim))
    assume(choices)
    return data.draw(st.one_of(choices))


# ---- reductions


@pytest.mark.parametrize("name", "sum prod mean var std max min all any count_nonzero".split())
@many
@given(data=st.data())
def test_reductions(name, data):
    kinds = {"mean": FLOATS, "var": REAL, "std": REAL, "max": INTS + REAL, "min": INTS + REAL, "all": ALL, "any": ALL,
             "count_nonzero": ALL}.get(name, NUMERIC)  # fmt: skip
    a = data.draw(arrays(kinds, some, special=name in ("max", "min", "all", "any")))
    axis = axis_of(data, a.ndim)
    keepdims = data.draw(st.booleans())
    n = (
        a.size
        if axis is None
        else int(np.prod([a.shape[i] for i in (axis if isinstance(axis, tuple) else (axis,))]))
    )
    options = dict(axis=axis, keepdims=keepdims)
    if name in ("max", "min", "mean", "var", "std"):
        assume(n > 0)
    if name in ("var", "std"):
        options["correction"] = data.draw(st.sampled_from([0, 0.0, 0.5]))
    theirs = getattr(np, name)(a, **options)
    check(getattr(xp, name)(tensor(a), **options), theirs)


def test_sum_and_prod_take_a_dtype():
    x = xp.asarray([1, 2], dtype=xp.int8)
    assert xp.sum(x).dtype is xp.int64 and xp.sum(x, dtype=xp.float64).dtype is xp.float64
    assert xp.prod(x, dtype=xp.int8).dtype is xp.int8 and xp.sum(xp.asarray([1.0])).dtype is xp.float32


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
@many
@given(data=st.data())
def test_cumulative(name, data):
    a = data.draw(
        arrays(NUMERIC, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4), low=-2, high=2)
    )
    axis = axis_of(data, a.ndim, tuples=False, none=a.ndim == 1)
    options = dict(axis=axis, include_initial=data.draw(st.booleans()))
    theirs = getattr(np, name)(a, **options)
    check(getattr(xp, name)(tensor(a), **options), theirs)


def test_cumulative_needs_an_axis():
    for f in (xp.cumulative_sum, xp.cumulative_prod):
        for bad in (xp.ones((2, 2)), xp.asarray(1.0)):
            with pytest.raises(ValueError, match=f.__name__):
                f(bad)
        assert f(xp.ones(2), dtype=xp.float64).dtype is xp.float64


@many
@given(data=st.data())
def test_diff(data):
    a = data.draw(arrays(NUMERIC, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)))
    axis, n = axis_of(data, a.ndim, tuples=False, none=False), data.draw(st.integers(0, 3))
    ends = {k: a.take([0], axis) for k in ("prepend", "append") if data.draw(st.booleans())}
    assume(n <= a.shape[axis] and (n or not ends))
    theirs = np.diff(a, axis=axis, n=n, **ends)
    check(xp.diff(tensor(a), axis=axis, n=n, **{k: tensor(v) for k, v in ends.items()}), theirs)


# ---- searching, sorting, sets


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@many
@given(data=st.data())
def test_argmax(name, data):
    a = data.draw(arrays(INTS + REAL, hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)))
    options = dict(axis=axis_of(data, a.ndim, tuples=False), keepdims=data.draw(st.booleans()))
    check(getattr(xp, name)(tensor(a), **options), getattr(np, name)(a, **options))


@many
@given(data=st.data())
def test_sort(data):
    a = data.draw(
        arrays(INTS + REAL, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6), low=0, high=3)
    )
    axis, descending = axis_of(data, a.ndim, tuples=False, none=False), data.draw(st.booleans())
    order = np.argsort(-a.astype("f8") if descending else a, axis, stable=True)
    check(xp.argsort(tensor(a), axis=axis, descending=descending), order)
    check(xp.sort(tensor(a), axis=axis, descending=descending), np.take_along_axis(a, order, axis))


@many
@given(data=st.data())
def test_nonzero_and_where(data):
    a = data.draw(arrays(ALL, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3)))
    for ours, theirs in zip(xp.nonzero(tensor(a)), np.nonzero(a), strict=True):
        check(ours, theirs)
    b = data.draw(arrays([a.dtype.name], st.just(a.shape)))
    check(xp.where(tensor(a != 0), tensor(a), tensor(b)), np.where(a != 0, a, b))


def test_where_promotes_and_takes_numbers():
    condition = xp.asarray([True, False])
    assert xp.where(condition, xp.ones(2), xp.asarray(0.0, dtype=xp.float64)).dtype is xp.float64
    check(xp.where(condition, xp.ones(2), 0), np.array([1, 0], "f4"))
    check(xp.where(condition, 3, xp.asarray([1, 2], dtype=xp.int8)), np.array([3, 2], "i1"))
    with pytest.raises(ValueError, match="0-dim"):
        xp.nonzero(xp.asarray(1))


@many
@given(data=st.data())
def test_searchsorted(data):
    a = data.draw(arrays(REAL + SIGNED, hnp.array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=6)))
    b = data.draw(arrays([a.dtype.name], some))
    side = data.draw(st.sampled_from(["left", "right"]))
    sorter = np.argsort(a, stable=True)
    theirs = np.searchsorted(a, b, side, sorter)
    check(xp.searchsorted(tensor(a), tensor(b), side=side, sorter=tensor(sorter)), theirs)
    check(xp.searchsorted(tensor(a[sorter]), tensor(b), side=side), theirs)


@many
@given(data=st.data())
def test_take(data):
    a = data.draw(arrays(ALL, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)))
    axis = axis_of(data, a.ndim, tuples=False, none=a.ndim == 1)
    n = a.shape[axis or 0]
    dtype = data.draw(st.sampled_from(INTS))
    places = data.draw(hnp.arrays(dtype, (3,), elements=elements(dtype, low=-n, high=n - 1)))
    check(xp.take(tensor(a), tensor(places), axis=axis), np.take(a, places, axis))
    axis = axis_of(data, a.ndim, tuples=False, none=False)
    n = a.shape[axis]
    places = data.draw(hnp.arrays(dtype, a.shape, elements=elements(dtype, low=-n, high=n - 1)))
    check(xp.take_along_axis(tensor(a), tensor(places), axis=axis), np.take_along_axis(a, places, axis))


@many
@given(data=st.data())
def test_unique(data):
    a = data.draw(arrays(ALL, some, low=0, high=3))
    x, theirs = tensor(a), np.unique_all(a)
    for ours, expected in zip(xp.unique_all(x), theirs, strict=True):
        check(ours, expected)
    assert xp.unique_all(x)._fields == ("values", "indices", "inverse_indices", "counts")
    values, inverse = xp.unique_inverse(x)
    check(values, theirs.values), check(inverse, theirs.inverse_indices)
    check(xp.unique_counts(x).counts, theirs.counts), check(xp.unique_values(x), theirs.values)


def test_each_nan_is_unique():
    x = xp.asarray([xp.nan, 1.0, xp.nan, 1.0])
    values, indices, inverse, counts = xp.unique_all(x)
    assert values.shape == (3,) and sorted(counts.tolist()) == [1, 1, 2]
    assert xp.unique_values(x).shape == xp.unique_counts(x).counts.shape == (3,)
    assert xp.all((values[inverse] == x) | xp.isnan(x)) and sorted(indices.tolist()) == [0, 1, 2]


# ---- shapes


@many
@given(data=st.data())
def test_manipulation(data):
    a = data.draw(arrays(ALL, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)))
    x, axis = tensor(a), axis_of(data, a.ndim, tuples=False, none=False)
    axes = data.draw(st.permutations(range(a.ndim)))
    check(xp.permute_dims(x, tuple(axes)), a.transpose(axes))
    check(xp.flip(x, axis=axis), np.flip(a, axis)), check(xp.flip(x), np.flip(a))
    check(xp.roll(x, 2, axis=axis), np.roll(a, 2, axis)), check(xp.roll(x, -1), np.roll(a, -1))
    check(xp.roll(x, (1, 2), axis=(0, -1)), np.roll(a, (1, 2), (0, -1)))
    (
        check(xp.concat([x, x], axis=axis), np.concat([a, a], axis)),
        check(xp.concat([x, x], axis=None), np.concat([a, a], None)),
    )
    check(xp.stack([x, x], axis=axis), np.stack([a, a], axis))
    for ours, theirs in zip(xp.unstack(x, axis=axis), np.unstack(a, axis=axis), strict=True):
        check(ours, theirs)
    check(xp.expand_dims(x, axis=axis), np.expand_dims(a, axis)), check(xp.expand_dims(x), a[None])
    check(xp.squeeze(xp.expand_dims(x, axis=axis), axis), a)
    check(xp.moveaxis(x, axis, 0), np.moveaxis(a, axis, 0))
    check(xp.repeat(x, 2, axis=axis), np.repeat(a, 2, axis)), check(xp.repeat(x, 2), np.repeat(a, 2))
    counts = np.arange(a.shape[axis])
    check(xp.repeat(x, tensor(counts), axis=axis), np.repeat(a, counts, axis))
    reps = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=4))
    check(xp.tile(x, tuple(reps)), np.tile(a, reps))
    (
        check(xp.reshape(x, (-1,)), a.reshape(-1)),
        check(xp.reshape(x, a.shape[::-1], copy=True), a.reshape(a.shape[::-1])),
    )
    check(xp.broadcast_to(x, (2, *a.shape)), np.broadcast_to(a, (2, *a.shape)))
    for ours in xp.broadcast_arrays(x, xp.zeros((2, 1, 1, 1))):
        assert ours.shape == np.broadcast_shapes(a.shape, (2, 1, 1, 1))
    for k in (-1, 0, 2):
        if a.ndim > 1:
            check(xp.tril(x, k=k), np.tril(a, k)), check(xp.triu(x, k=k), np.triu(a, k))


def test_errors_of_manipulation():
    x = xp.ones((2, 3))
    for call in (lambda: xp.squeeze(x, 0), lambda: xp.concat([x, xp.ones(2)]), lambda: xp.stack([x, xp.ones(2)]),
                 lambda: xp.reshape(x.T, (6,), copy=False), lambda: xp.matrix_transpose(xp.ones(2)),
                 lambda: xp.take(x, xp.asarray([0])), lambda: xp.meshgrid(x, indexing="a"),
                 lambda: xp.searchsorted(xp.ones(2), x, side="middle"), lambda: xp.sum(x, axis=(0, 0)),
                 lambda: xp.isdtype(xp.float32, "float"), lambda: xp.expand_dims(x, axis=(0, 0))):  # fmt: skip
        with pytest.raises((ValueError, RuntimeError)):
            call()
    for call in (lambda: xp.expand_dims(x, axis=3), lambda: xp.sum(x, axis=2), lambda: xp.flip(x, axis=-3),
                 lambda: xp.unstack(x, axis=2), lambda: xp.sort(x, axis=2)):  # fmt: skip
        with pytest.raises(IndexError, match="out of range"):
            call()
    for call in (lambda: xp.matmul(x, 2), lambda: xp.sum([1, 2]), lambda: xp.reshape([1], (1,)),
                 lambda: xp.astype([1], xp.int8), lambda: xp.astype(x, "int8"), lambda: xp.result_type("a"),
                 lambda: xp.astype(xp.asarray(1j), xp.float32), lambda: xp.isdtype("f4", "bool")):  # fmt: skip
        with pytest.raises(TypeError):
            call()


def test_views_share_memory_and_gradients_flow():
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    xp.permute_dims(x, (1, 0))[0, 1] = 7.0
    assert x[1, 0] == 7 and xp.reshape(x, (4,), copy=False).data_ptr() == x.data_ptr()
    w = fb.ones(2, 2, requires_grad=True)
    xp.sum(xp.multiply(xp.matmul(x, w), 2.0)).backward()
    assert w.grad.tolist() == [[16, 16], [12, 12]]


# ---- creation and dtypes


@many
@given(start=st.integers(-5, 5), stop=st.integers(-5, 5), step=st.integers(-3, 3).filter(bool),
       dtype=st.sampled_from([None, "int8", "int64", "float32", "float64"]))  # fmt: skip
def test_arange(start, stop, step, dtype):
    ours = xp.arange(start, stop, step, dtype=dtype and getattr(xp, dtype))
    check(ours, np.arange(start, stop, step, dtype=dtype or "int64"))


@many
@given(start=st.integers(-5, 5), stop=st.integers(-5, 5), num=st.integers(0, 6), endpoint=st.booleans(),
       dtype=st.sampled_from(["float32", "float64"]))  # fmt: skip
def test_linspace(start, stop, num, endpoint, dtype):
    ours = xp.linspace(start, stop, num, endpoint=endpoint, dtype=getattr(xp, dtype))
    check(ours, np.linspace(start, stop, num, endpoint=endpoint, dtype=dtype))


@many
@given(rows=st.integers(0, 4), columns=st.one_of(st.none(), st.integers(0, 4)), k=st.integers(-5, 5))
def test_eye(rows, columns, k):
    check(xp.eye(rows, columns, k=k, dtype=xp.int8), np.eye(rows, columns, k=k, dtype="i1"))


def test_creation():
    for shape in (3, (2, 3), (), [2, 1]):
        for name in ("empty", "ones", "zeros"):
            made = getattr(xp, name)(shape, dtype=xp.int16, device="cpu")
            assert made.dtype is xp.int16 and made.shape == np.empty(shape).shape
            like = getattr(xp, name + "_like")(made, dtype=xp.float64)
            assert like.dtype is xp.float64 and like.shape == made.shape
        (
            check(xp.full(shape, 2), np.full(shape, 2)),
            check(xp.full_like(xp.ones(shape), 2), np.full(shape, 2, "f4")),
        )
    assert xp.full(2, True).dtype is xp.bool and xp.full(2, 1j).dtype is xp.complex64
    for ours, theirs in zip(
        xp.meshgrid(xp.arange(2), xp.arange(3)), np.meshgrid(range(2), range(3)), strict=True
    ):
        check(ours, theirs)
    assert [m.shape for m in xp.meshgrid(xp.arange(2), xp.arange(3), indexing="ij")] == [(2, 3)] * 2
    assert xp.linspace(0, 1j, 3).dtype is xp.complex64 and xp.meshgrid() == []


def test_asarray():
    for value, dtype in ((True, xp.bool), (1, xp.int64), (1.0, xp.float32), (1j, xp.complex64)):
        assert xp.asarray(value).dtype is xp.asarray([value]).dtype is dtype
    a = np.ones(2)
    assert xp.asarray(a).data_ptr() == a.ctypes.data == xp.asarray(a, copy=False).data_ptr()
    assert (
        xp.asarray(a, copy=True).data_ptr() != a.ctypes.data
        and xp.asarray(xp.asarray(a)).data_ptr() == a.ctypes.data
    )
    assert (
        xp.from_dlpack(a).data_ptr() == a.ctypes.data
        and xp.from_dlpack(a, copy=True).data_ptr() != a.ctypes.data
    )
    for bad in (lambda: xp.asarray([1.0], copy=False), lambda: xp.asarray(a, dtype=xp.int8, copy=False)):
        with pytest.raises(ValueError, match="copy"):
            bad()


def test_astype():
    x = xp.asarray([1.5, -2.5])
    assert (
        xp.astype(x, xp.float32).data_ptr() != x.data_ptr() == xp.astype(x, xp.float32, copy=False).data_ptr()
    )
    (
        check(xp.astype(x, xp.int8), np.array([1, -2], "i1")),
        check(xp.astype(x, xp.bool), np.array([True, True])),
    )
    assert xp.astype(x, xp.float64, device="cpu").device == x.device
    check(xp.astype(xp.asarray([1j, 0]), xp.bool), np.array([True, False]))


def test_promotion():
    names = BOOL + NUMERIC
    for a in names:
        for b in names:
            if promotes(a, b):
                expected = np.result_type(np.dtype(a), np.dtype(b))
                p, q = getattr(xp, a), getattr(xp, b)
                assert (
                    xp.result_type(p, q).name
                    == xp.result_type(xp.ones(2, dtype=p), xp.ones((), dtype=q)).name
                    == expected
                )
                assert xp.can_cast(p, q) is (expected == b) and xp.can_cast(xp.ones((), dtype=p), q) is (
                    expected == b
                )
    assert xp.result_type(xp.int8, 1) is xp.int8 and xp.result_type(xp.float32, 1j) is xp.complex64
    assert xp.result_type(xp.int8, xp.ones(1, dtype=xp.uint8), 3) is xp.int16
    with pytest.raises(ValueError, match="result_type"):
        xp.result_type(1, 2.0)


def test_isdtype_and_limits():
    kinds = {
        "bool": BOOL,
        "signed integer": SIGNED,
        "unsigned integer": UNSIGNED,
        "integral": INTS,
        "numeric": NUMERIC,
        "real floating": REAL,
        "complex floating": ["complex64", "complex128"],
    }
    for kind, members in kinds.items():
        assert [n for n in ALL if xp.isdtype(getattr(xp, n), kind)] == [n for n in ALL if n in members]
        assert sorted(xp.__array_namespace_info__().dtypes(kind=kind)) == sorted(members)
    assert xp.isdtype(xp.bool, ("numeric", xp.bool)) and not xp.isdtype(xp.int8, xp.int16)
    assert xp.isdtype(fb.float16, "real floating") and xp.isdtype(fb.bfloat16, "numeric")
    for d in (xp.float32, xp.float64):
        ours, theirs = xp.finfo(d), np.finfo(d.numpy)
        assert (ours.bits, ours.eps, ours.max, ours.min, ours.smallest_normal, ours.dtype) == (
            theirs.bits, theirs.eps, theirs.max, theirs.min, theirs.smallest_normal, d)  # fmt: skip
    assert xp.finfo(xp.complex64).dtype is xp.float32 and xp.finfo(xp.ones(1)).bits == 32
    assert (xp.iinfo(xp.int8).min, xp.iinfo(xp.ones(1, dtype=xp.uint8)).max, xp.iinfo(xp.int16).dtype) == (
        -128,
        255,
        xp.int16,
    )


# ---- linear algebra of the main namespace


@many
@given(data=st.data())
def test_products(data):
    d = data.draw(st.sampled_from(NUMERIC))
    batch1, batch2 = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=2)
    ).input_shapes
    n, k, m = data.draw(st.tuples(*[st.integers(0, 3)] * 3))
    a, b = (data.draw(hnp.arrays(d, s, elements=elements(d))) for s in ((*batch1, n, k), (*batch2, k, m)))
    x, y = tensor(a), tensor(b)
    check(xp.matmul(x, y), a @ b), check(x @ y, a @ b), check(xp.matrix_transpose(x), a.mT), check(x.mT, a.mT)
    check(xp.vecdot(x, xp.matrix_transpose(x[..., :1, :].mT)), np.vecdot(a, a[..., :1, :]))
    check(xp.vecdot(x, x, axis=-2), np.vecdot(a, a, axis=-2))
    if not batch1 and not batch2:
        check(xp.tensordot(x, y, axes=1), np.tensordot(a, b, 1))
        check(xp.tensordot(x, x, axes=((0, 1), (0, 1))), np.tensordot(a, a, ((0, 1), (0, 1))))
        check(xp.tensordot(x, y, axes=0), np.tensordot(a, b, 0))


def test_arange_has_the_kind_of_its_arguments():
    assert xp.arange(5, 1.0).dtype is xp.arange(5, 1, 0.5).dtype is xp.arange(0, 3, 1.0).dtype is xp.float32
    assert xp.arange(5, 1).dtype is xp.int64 and xp.arange(5, 1.0).shape == xp.arange(1, 5, -1).shape == (0,)
    assert xp.arange(0.0, 1e-200, 1e-200).tolist() == [0]


@pytest.mark.parametrize("dtype,size", [("float32", 3e38), ("float64", 1e308)])
def test_linspace_over_more_than_the_range(dtype, size):
    dtype = getattr(xp, dtype)
    expected = [float(xp.asarray(v, dtype=dtype)) for v in (-size, -size / 2, 0.0, size / 2, size)]
    np.testing.assert_allclose(np.asarray(xp.linspace(-size, size, 5, dtype=dtype)), expected, 1e-6)
    np.testing.assert_allclose(
        np.asarray(xp.linspace(-size, size, 4, dtype=dtype, endpoint=False)), expected[:4], 1e-6
    )


def test_asarray_shares_buffers():
    numbers, letters = array.array("d", [1, 2]), bytearray(b"ab")
    x, y = xp.asarray(numbers), xp.asarray(letters, copy=False)
    x[0], y[0] = 5.0, 99
    assert x.dtype is xp.float64 and numbers[0] == 5 and y.dtype is xp.uint8 and letters == b"cb"
    assert xp.asarray(numbers, copy=True).data_ptr() != x.data_ptr()
    assert xp.asarray(b"ab").tolist() == xp.asarray(memoryview(b"ab")).tolist() == [97, 98]
    with pytest.raises(ValueError, match="read-only"):
        xp.asarray(b"ab", copy=False)
    with pytest.raises(TypeError):
        xp.asarray("ab")


def test_asarray_of_a_sequence_of_arrays():
    x = xp.reshape(xp.arange(6), (2, 3))
    check(xp.asarray(xp.unstack(x)), np.asarray(x))
    assert xp.asarray([xp.asarray(1), xp.asarray(2.0)]).tolist() == [1, 2]
    parts = [xp.ones(2).requires_grad_(), xp.ones(2)]
    xp.sum(xp.asarray(parts) * 3).backward()
    assert parts[0].grad.tolist() == [3, 3]
    with pytest.raises(ValueError, match="copy=False"):
        xp.asarray(parts, copy=False)


@pytest.mark.parametrize("options", [{}, {"copy": True}, {"dtype": xp.float64}])
def test_asarray_keeps_the_history(options):
    x = xp.ones(2).requires_grad_()
    xp.sum(xp.asarray(x * 2, **options) + xp.asarray(x, **options)).backward()
    assert x.grad.tolist() == [3, 3]
    assert xp.asarray(x) is x and not xp.asarray(x, dtype=xp.int64).requires_grad


def test_searchsorted_takes_a_sorter_of_bytes():
    x = xp.asarray([3, 1, 2])
    assert xp.searchsorted(x, xp.asarray([2]), sorter=xp.asarray([1, 2, 0], dtype=xp.uint8)).tolist() == [1]
