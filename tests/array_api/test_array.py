"""flambeau.array_api.Array: the standard where Tensors have PyTorch's interface; the class of results."""

import copy
import inspect
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import flambeau as fb
import flambeau.array_api as xp

from .samples import UNSIGNED, arrays, tensor

Array, Tensor = type(xp.ones(1)), fb.Tensor
ARITHMETIC = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
COMPARISONS = "lt le eq ne gt ge".split()


def same(ours, theirs):
    assert type(ours) is Array and tuple(ours.shape) == theirs.shape
    np.testing.assert_array_equal(np.asarray(ours), theirs)


# ---- attributes and conversions


def test_size_is_an_int_that_may_be_called():
    x = xp.ones((2, 3))
    assert isinstance(x.size, int) and x.size == 6 and xp.asarray(1).size == 1 and xp.ones((2, 0)).size == 0
    assert x.size() == x.shape and x.size(1) == x.size(-1) == 3
    with pytest.raises(IndexError):
        x.size(2)
    assert callable(fb.ones(2).size) and not isinstance(fb.ones(2).size, int)  # PyTorch's


def test_transpose_is_for_matrices():
    assert xp.ones((2, 3)).T.shape == (3, 2) and xp.ones((4, 2, 3)).mT.shape == (4, 3, 2)
    for shape in ((), (3,), (1, 2, 3)):
        with pytest.raises(ValueError, match="2 dimensions"):
            xp.ones(shape).T  # noqa: B018
    with pytest.raises(RuntimeError):
        xp.ones(3).mT  # noqa: B018


REFUSED = [
    (1j, float, TypeError), (1j, int, TypeError), (1.0, operator.index, TypeError), (True, operator.index, TypeError),
    (1j, operator.index, TypeError), (float("inf"), int, OverflowError), (float("nan"), int, ValueError),
]  # fmt: skip


@pytest.mark.parametrize("value,convert,error", REFUSED)
def test_conversions_that_are_refused(value, convert, error):
    with pytest.raises(error):
        convert(xp.asarray(value))


def test_conversions():
    assert bool(xp.asarray(float("nan"))) and not bool(xp.asarray(-0.0)) and bool(xp.asarray(1j))
    assert int(xp.asarray(-0.0)) == 0 and int(xp.asarray(-2.7)) == -2 and float(xp.asarray(True)) == 1.0
    assert complex(xp.asarray(True)) == 1 and complex(xp.asarray(float("inf"))) == complex("inf")
    nan = complex(xp.asarray(float("nan")))
    assert np.isnan(nan.real) and np.isnan(
        nan.imag
    )  # the standard's words; NumPy has no imaginary part there
    nan = complex(xp.asarray(complex("nan+1j")))
    assert np.isnan(nan.real) and nan.imag == 1


def test_iteration_gives_arrays():
    assert [type(e) for e in xp.arange(2)] == [Array, Array] and list(map(int, xp.arange(3))) == [0, 1, 2]


def test_copies_and_pickles_are_arrays():
    x = xp.arange(3)
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        same(y, np.arange(3))


def test_dlpack_takes_the_options_of_the_standard():
    for dtype in xp.__array_namespace_info__().dtypes().values():
        x = xp.ones(3, dtype=dtype)
        for options in ({}, {"copy": True}, {"copy": False}, {"max_version": (0, 0)}, {"max_version": (1, 0)},
                        {"dl_device": x.__dlpack_device__()}, {"stream": None}):  # fmt: skip
            assert "dltensor" in repr(x.__dlpack__(**options))
        device, number = x.__dlpack_device__()
        assert (device, number) == (1, 0)
    shared, copied = xp.from_dlpack(x), xp.from_dlpack(x, device=x.device, copy=True)
    x[0] = 7
    assert type(shared) is type(copied) is Array and shared[0] == 7 and copied[0] == 1


def test_signatures_of_the_methods():
    x = xp.ones(1)
    for name in [f"__{p}{o}__" for o in ARITHMETIC for p in ("", "r", "i")] + [
        f"__{o}__" for o in COMPARISONS
    ]:
        assert str(inspect.signature(getattr(x, name))) == "(other, /)" and getattr(x, name).__name__ == name
    expected = {"__getitem__": "(key, /)", "__setitem__": "(key, value, /)", "__neg__": "()", "__abs__": "()",
                "__array_namespace__": "(*, api_version=None)", "to_device": "(device, /, *, stream=None)",
                "__dlpack__": "(*, stream=None, max_version=None, dl_device=None, copy=None)"}  # fmt: skip
    assert {n: str(inspect.signature(getattr(x, n))) for n in expected} == expected


# ---- indexing


@st.composite
def keyed(draw):
    """An array and a key of ints, slices with steps of any sign, None, Ellipsis; or of one index array or mask in place
    of the ints."""
    a = draw(hnp.arrays("i8", hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
    key = []
    advanced = draw(st.booleans())
    for n in a.shape[: draw(st.integers(0, a.ndim))]:
        bound = st.none() | st.integers(-n - 1, n + 1)
        item = st.builds(slice, bound, bound, st.sampled_from([None, 1, 2, -1, -2, -3]))
        if n and not advanced:
            item |= st.integers(-n, n - 1)
        key.append(draw(item))
    if advanced and key:
        at = draw(st.integers(0, len(key) - 1))
        n = a.shape[at]
        mask = hnp.arrays(bool, (n,))
        positions = hnp.arrays("u1", (2,), elements=st.integers(0, n - 1)) if n else mask
        key[at] = draw(mask | positions)
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))) if len(key) == a.ndim else len(key), ...)
    for item in draw(st.lists(st.none(), max_size=2)):
        key.insert(draw(st.integers(0, len(key))), item)
    return a, key[0] if len(key) == 1 and draw(st.booleans()) else tuple(key)


def ours(key):
    items = [
        xp.asarray(k) if isinstance(k, np.ndarray) else k for k in (key if isinstance(key, tuple) else [key])
    ]
    return tuple(items) if isinstance(key, tuple) else items[0]


@settings(max_examples=300, deadline=None)
@given(keyed(), st.data())
def test_indexing(sample, data):
    a, key = sample
    same(tensor(a)[ours(key)], a[key])
    x, b = tensor(a), a.copy()
    shape = data.draw(st.sampled_from([(), b[key].shape]))
    value = data.draw(hnp.arrays("i8", shape))
    b[key] = value
    x[ours(key)] = tensor(value) if shape or data.draw(st.booleans()) else int(value)
    if not repeats(key):  # which of several values stays is open
        same(x, b)


def repeats(key):
    """Whether an index array of the key names an element twice."""
    items = key if isinstance(key, tuple) else (key,)
    return any(isinstance(k, np.ndarray) and k.dtype != bool and len(set(k.tolist())) < k.size for k in items)


def test_assignment_through_negative_steps():
    x = xp.arange(4)
    x[::-1] = x
    assert x.tolist() == [3, 2, 1, 0]
    x[::-2] += 10
    assert x.tolist() == [3, 12, 1, 10]
    whole = xp.zeros((2, 3))
    whole[0][::-1] = xp.arange(3)
    assert whole.tolist() == [[2, 1, 0], [0, 0, 0]]
    with pytest.raises(RuntimeError):
        x[::-1] = xp.ones(3)
    assert x.tolist() == [3, 12, 1, 10]


def test_gradients_through_negative_steps():
    x = xp.asarray([1.0, 2.0, 3.0]).requires_grad_()
    xp.sum(x[::-1] * xp.asarray([1.0, 10.0, 100.0])).backward()
    assert x.grad.tolist() == [100, 10, 1]
    x.grad = None
    y = x * 2
    y[2:0:-1] = xp.asarray([5.0, 7.0]) * x[1:]
    xp.sum(y * xp.asarray([1.0, 10.0, 100.0])).backward()
    assert x.grad.tolist() == [2, 500, 70]


def test_masks_may_have_size_0():
    x = xp.ones((2, 3, 4))
    assert x[xp.ones((0,), dtype=xp.bool)].shape == (0, 3, 4)
    assert x[xp.ones((2, 0), dtype=xp.bool)].shape == x[xp.ones((0, 3), dtype=xp.bool)].shape == (0, 4)
    x[xp.ones((0, 3), dtype=xp.bool)] = 5
    assert xp.all(x == 1)
    for shape in ((0, 2), (3,), (2, 3, 4, 1)):
        with pytest.raises(IndexError):
            x[xp.ones(shape, dtype=xp.bool)]


def test_masks_of_numpy():
    x, mask = xp.reshape(xp.arange(12), (2, 3, 2)), np.arange(6).reshape(2, 3) % 2 == 0
    same(x[mask, ::-1], np.arange(12).reshape(2, 3, 2)[mask, ::-1])
    same(x[mask], np.arange(12).reshape(2, 3, 2)[mask])


def test_masks_without_dimensions():
    x = xp.arange(3)
    assert x[xp.asarray(True)].tolist() == [[0, 1, 2]] and x[xp.asarray(False)].shape == (0, 3)
    zero = xp.asarray(4)
    zero[xp.asarray(False)] = 5
    assert zero == 4 and zero[xp.asarray(True)].tolist() == [4] and zero[()] == 4 and zero[None].shape == (1,)


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_unsigned_ints_are_indices(dtype):
    x, places = xp.asarray([5, 6, 7]), xp.asarray([1, 1, 0], dtype=getattr(xp, dtype))
    assert x[places].tolist() == [6, 6, 5]
    x[places] = 0
    assert x.tolist() == [0, 0, 7]


def test_too_many_indices():
    for key in ((slice(None, None, -1), 0), (xp.asarray([0]), xp.asarray([0])), (0, 0)):
        with pytest.raises(IndexError, match="too many indices|dimension"):
            xp.ones(2)[key]


# ---- operators


@pytest.mark.parametrize(
    "name", [n for n in ARITHMETIC + COMPARISONS if n not in ("matmul", "lshift", "rshift")]
)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_operators_promote_as_numpy_does(name, data):
    kinds = ["bool"] if name in ("and", "or", "xor") else ["float32", "float64"]
    if name not in ("truediv", "pow"):
        kinds = data.draw(st.sampled_from([kinds, ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"]]))
    shape = hnp.array_shapes(min_dims=0, max_dims=1, min_side=2, max_side=2)
    a, b = data.draw(arrays(kinds, shape, low=1)), data.draw(arrays(kinds, shape, low=1))
    f = getattr(operator, {"and": "and_", "or": "or_"}.get(name, name))
    theirs = np.asarray(f(a, b))
    ours = f(tensor(a), tensor(b))
    assert type(ours) is Array and ours.dtype.name == theirs.dtype.name and tuple(ours.shape) == theirs.shape
    np.testing.assert_allclose(np.asarray(ours), theirs, 1e-5)


def test_only_arrays_promote_so():
    small, zero_dim = fb.ones(2), fb.tensor(1.0, dtype=fb.float64)
    assert (small + zero_dim).dtype is fb.float32  # PyTorch's rule
    assert (xp.asarray([1.0]) + xp.asarray(1.0, dtype=xp.float64)).dtype is xp.float64


def test_operators_have_the_special_cases():
    zero = xp.asarray(0.0)
    assert xp.signbit(zero % -2.0) and not xp.signbit(-zero % 2.0) and xp.signbit(zero % xp.asarray(-2.0))
    assert xp.asarray(xp.inf) // 2.0 == xp.inf and xp.signbit(xp.asarray(-2.0) // xp.inf)
    assert (xp.asarray(-2.0) // xp.inf) == 0 and -7 // xp.asarray(2) == -4


@pytest.mark.parametrize("left,right", [(2, 3), (2.5, 4.0), (True, False)])
def test_python_numbers_on_either_side(left, right):
    x = xp.asarray([left, right])
    y = np.asarray(x)
    names = (
        ["and", "or", "xor"] if isinstance(left, bool) else ["add", "sub", "mul", "floordiv", "mod", "pow"]
    )
    names += [] if isinstance(left, bool) else COMPARISONS
    for name in names:
        f = getattr(operator, {"and": "and_", "or": "or_"}.get(name, name))
        for ours, theirs in ((f(x, right), f(y, right)), (f(left, x), f(left, y))):
            assert type(ours) is Array and ours.dtype is (xp.bool if theirs.dtype == bool else x.dtype)
            np.testing.assert_allclose(np.asarray(ours), theirs, 1e-6)


def test_comparison_with_other_objects():
    x = xp.ones(1)
    assert (x == None) is False and (x != "a") is True and len({x, x}) == 1  # noqa: E711
    with pytest.raises(TypeError):
        x + "a"


@pytest.mark.parametrize("name", [n for n in ARITHMETIC if n != "matmul"])
def test_inplace_operators(name):
    float_like = name in ("truediv",)
    x = xp.asarray([5.0, 6.0] if float_like else [5, 6])
    a, same_array = np.asarray(x).copy(), x
    f = getattr(operator, "i" + name)
    x = f(x, 2)
    assert x is same_array
    same(x, getattr(operator, {"and": "and_", "or": "or_"}.get(name, name))(a, a.dtype.type(2)))


def test_inplace_matmul():
    x = same_array = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    x @= xp.asarray([[0.0, 1.0], [1.0, 0.0]])
    assert x is same_array and x.tolist() == [[2, 1], [4, 3]]


@pytest.mark.parametrize("other", [1.5, xp.ones((2, 3), dtype=xp.int64), xp.asarray(1.0)])
def test_inplace_operators_keep_shape_and_kind(other):
    x = xp.asarray([1, 2, 3])
    with pytest.raises(RuntimeError, match="x = x"):
        x += other
    same(x, np.array([1, 2, 3]))


def test_operators_with_numpy_arrays():
    x, a = xp.ones(2), np.full(2, 2.0, "f4")
    assert (x + a).tolist() == (a + x).tolist() == [3, 3] and isinstance(a + x, Tensor)
    y = x
    y += a
    assert y is x and x.tolist() == [3, 3]


# ---- the class of results


def test_factories_make_arrays():
    like = fb.ones(2)
    made = [xp.ones(2), xp.asarray([1]), xp.arange(3), xp.eye(2), xp.linspace(0, 1, 3), xp.full(2, 3)]
    made += [xp.fft.fftfreq(3), xp.asarray(np.ones(2)), xp.from_dlpack(np.ones(2)), *xp.meshgrid(xp.ones(2))]
    assert {type(m) for m in made} == {Array}
    assert type(xp.asarray(like)) is type(xp.ones_like(like)) is type(xp.from_dlpack(like)) is Tensor
    assert xp.asarray(like) is like


CALLS = {
    "unary": xp.sin,
    "reduction": xp.sum,
    "tuple": lambda x: xp.unstack(x)[0],
    "named tuple": lambda x: xp.linalg.svd(x)[1],
    "view": xp.matrix_transpose,
    "extension": xp.fft.fft,
    "the argument itself": lambda x: xp.astype(x, xp.float32, copy=False),
    "index": lambda x: x[0],
    "method": lambda x: x.exp(),
    "composite": lambda x: xp.diff(x, prepend=x),
}
MIXED = {
    "operator": lambda x, y: x + y,
    "reflected": lambda x, y: y - x,
    "binary": xp.maximum,
    "sequence": lambda x, y: xp.concat([x, y]),
    "keyword": lambda x, y: xp.clip(x, max=y),
    "where": lambda x, y: xp.where(x > 0, x, y),
    "list of views": lambda x, y: xp.broadcast_arrays(x, y)[0],
    "a view of one": lambda x, y: xp.broadcast_arrays(x, y)[1],
}


@pytest.mark.parametrize("name", CALLS)
def test_results_have_the_class_of_the_argument(name):
    values = [[1.0, 2.0], [3.0, 4.0]]
    assert type(CALLS[name](xp.asarray(values))) is Array
    assert type(CALLS[name](fb.tensor(values))) is Tensor


@pytest.mark.parametrize("name", MIXED)
def test_beside_tensors_results_are_tensors(name):
    x, y = xp.ones((2, 2)), fb.ones(2, 2)
    assert type(MIXED[name](x, y)) is type(MIXED[name](y, x)) is type(MIXED[name](y, y)) is Tensor
    assert type(MIXED[name](x, x)) is Array and type(x) is Array
    assert type(MIXED[name](x, fb.nn.Parameter(y))) is Tensor


def test_gradients_flow_between_the_classes():
    for make in (xp.asarray, fb.tensor):
        x = make([1.0, 2.0]).requires_grad_()
        xp.sum(
            xp.multiply(x, fb.tensor([3.0, 4.0])) + xp.cumulative_sum(x, include_initial=True)[1:]
        ).backward()
        assert x.grad.tolist() == [5, 5]


def test_broadcast_views_of_mixed_arguments_share_memory():
    x = xp.zeros(2)
    xp.broadcast_arrays(x, fb.ones(2))[0][0] = 3.0
    assert x.tolist() == [3, 0]
