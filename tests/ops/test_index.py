"""x[key] and x[key] = value: every kind of key, against NumPy, hand-made values and (where installed) PyTorch."""

import random

import numpy as np
import pytest

import flambeau as fb
from flambeau import autograd

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")


def counted(*shape):
    return fb.arange(float(np.prod(shape))).double().view(*shape)


def as_tensors(key, lib=fb):
    """A key with NumPy arrays as tensors."""
    if isinstance(key, tuple):
        return tuple([as_tensors(k, lib) for k in key])
    return (
        lib.tensor(key.tolist(), dtype=lib.bool if key.dtype == bool else lib.int64)
        if isinstance(key, np.ndarray)
        else key
    )


ROWS, COLUMNS = np.array([2, 0, 2]), np.array([[1], [3]])
MASK = np.array([True, False, True])
KEYS = [
    0, -1, (1, 2), slice(1, None), slice(None, None, 2), (slice(5, 9), 0), ..., (..., 1), (0, ..., slice(1, 3)),
        None, (None, 1, None), (),
    ROWS, (ROWS, ROWS), (slice(None), ROWS), (ROWS, slice(None, 2)), (ROWS, COLUMNS), (None, ROWS), (ROWS, None,
        slice(1, 2)), (..., np.array([1, 0, -1])),
    (ROWS, slice(None), np.array([0, 1, 0])), MASK, (MASK, 1), (slice(None), slice(None), np.array([True, False])),
        (MASK, slice(1, 3)),
    np.arange(24).reshape(3, 4, 2) % 5 == 0, np.zeros((3, 4, 2), bool), np.zeros((3, 4), bool), np.array([], int),
        np.array([[-1, 0]]),
    [0, 2], ([0, 1], [1, 2]), True, False, (True, ROWS),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_keys_against_numpy(key):
    t = counted(3, 4, 2)
    expected = t.numpy().copy()[key]
    got = t[as_tensors(key)]
    assert got.shape == expected.shape and got.tolist() == expected.tolist()
    for value in (7.0, fb.tensor(5.0), np.random.RandomState(0).rand(*expected.shape)):
        t, array = counted(3, 4, 2), counted(3, 4, 2).numpy()
        array[key] = value.item() if isinstance(value, fb.Tensor) else value
        t[as_tensors(key)] = fb.from_numpy(value) if isinstance(value, np.ndarray) else value
        np.testing.assert_array_equal(t.numpy(), array)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_gradients_of_keys(key):
    key = as_tensors(key)
    x = counted(3, 4, 2).requires_grad_()
    if not x[key].numel():
        x[key].sum().backward()
        assert (x.grad == 0).all()
        return
    assert autograd.gradcheck(lambda t: t[key], x)
    assert autograd.gradgradcheck(lambda t: t[key], x)

    def write(t, value):
        t = t * 1
        t[key] = value
        return t

    value = fb.rand(*x[key].shape).double().requires_grad_()
    if not _repeats(key):
        assert autograd.gradcheck(write, (x, value)) and autograd.gradgradcheck(write, (x, value))
    assert autograd.gradcheck(lambda t: write(t, 2.5), x)


def _repeats(key):
    taken = fb.arange(24).view(3, 4, 2)[key]
    return len(set(taken.reshape(-1).tolist())) < taken.numel()


def test_basic_keys_give_views_and_others_copies():
    t = counted(3, 4)
    for key in (0, (1, 2), slice(1, 2), None, ..., (), (fb.tensor(1), slice(None))):
        assert t[key]._is_view(), key
    for key in (fb.tensor([0]), [0], t > 3, np.array([1]), True, range(2)):
        assert not t[key]._is_view(), key
    t[1][2] = 50
    assert t[1, 2] == 50


def test_integers_of_other_kinds():
    t = counted(3, 4)
    for one in (fb.tensor(1), np.int64(1), fb.tensor(1, dtype=fb.int32), np.array(1)):
        assert t[one].tolist() == t[1].tolist() and t[:, one].tolist() == t[:, 1].tolist()
        assert t[one:].tolist() == t[1:].tolist() if not isinstance(one, np.ndarray) else True
    for index in (
        np.array([0, 2]),
        fb.tensor([0, 2], dtype=fb.int32),
        fb.tensor([0, 2], dtype=fb.int16),
        [0, 2],
        range(0, 3, 2),
    ):
        assert t[index].tolist() == t.numpy()[[0, 2]].tolist()
    assert t[fb.tensor([1, 0, 1], dtype=fb.uint8)].tolist() == t.numpy()[[0, 2]].tolist()
    assert t[[slice(0, 1), 2]].tolist() == [2.0]


def test_repeated_indices_accumulate():
    x = counted(3).requires_grad_()
    x[fb.tensor([0, 0, 2, 0])].sum().backward()
    assert x.grad.tolist() == [3.0, 0.0, 1.0]


@pytest.mark.parametrize(
    "key,error,match",
    [
        (3, IndexError, "^index 3 is out of bounds for dimension 0 with size 3$"),
        ((0, -5), IndexError, "^index -5 is out of bounds for dimension 1 with size 4$"),
        ((0, 0, 0), IndexError, "^too many indices for tensor of dimension 2$"),
        (fb.tensor([0, 5]), IndexError, "^index 5 is out of bounds for dimension 0 with size 3$"),
        ((slice(None), fb.tensor([-5])), IndexError, "^index -5 is out of bounds for dimension 1 with size 4$"),
        (fb.tensor([True, False]), IndexError,
         r"^The shape of the mask \[2\] at index 0 does not match the shape of the indexed tensor \[3, 4\] "
         r"at index 0$"),
        ((fb.tensor([0, 1]), fb.tensor([0, 1, 2])), IndexError, r"could not be broadcast together with "
                                                                r"shapes \[2\], \[3\]$"),
        (slice(None, None, -1), ValueError, "^step must be greater than zero$"),
        ((slice(0, 2, 0), [0]), ValueError, "^slice step cannot be zero$"),
        (slice(0, 2, 0), ValueError, "^slice step cannot be zero$"),
        (fb.tensor([1.0]), IndexError, "^tensors used as indices must be long, int, byte or bool tensors$"),
        (1.5, IndexError, r"^only integers, slices \(`:`\), ellipsis"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_keys(key, error, match):
    t = counted(3, 4)
    with pytest.raises(error, match=match):
        t[key]
    with pytest.raises(error, match=match):
        t[key] = 1
    assert t._version == 0 and t.tolist() == counted(3, 4).tolist()


def test_zero_dimensional():
    t = fb.tensor(3.0)
    assert (
        t[()].item() == 3.0 and t[None].tolist() == [3.0] and t[...].shape == () and t[True].tolist() == [3.0]
    )
    with pytest.raises(IndexError, match="^invalid index of a 0-dim tensor"):
        t[0]
    t[...] = 4
    t[()] += 1
    assert t.item() == 5.0


@pytest.mark.parametrize(
    "key,shape,match",
    [
        (0, (3,), r"The expanded size of the tensor \(4\) must match the existing size \(3\) at "
                  r"non-singleton dimension 0\.  "
                  r"Target sizes: \[4\]\.  Tensor sizes: \[3\]"),
        (fb.tensor([0, 1]), (4, 2), r"shape mismatch: value tensor of shape \[4, 2\] cannot be broadcast to "
                                    r"indexing result of shape \[2, 4\]"),
        (slice(0, 2), (2, 2, 4), "must be greater or equal to the number of dimensions"),
    ],
    ids=str,
)  # fmt: skip
def test_values_of_another_shape(key, shape, match):
    t = counted(3, 4)
    with pytest.raises(RuntimeError, match=match):
        t[key] = fb.zeros(*shape, dtype=fb.float64)
    assert t._version == 0 and t.tolist() == counted(3, 4).tolist()


def test_values_are_converted_and_broadcast():
    t = fb.zeros(2, 3)
    t[0] = fb.tensor([1, 2, 3])
    t[1] = fb.ones(1, 1, 1, dtype=fb.float64)
    t[:, 1:] = fb.tensor([[7.0], [8.0]])
    t[fb.tensor([True, False]), 0] = fb.tensor(9, dtype=fb.int64)
    assert t.tolist() == [[9.0, 7.0, 7.0], [1.0, 8.0, 8.0]]
    n = fb.zeros(2, dtype=fb.int64)
    n[0], n[fb.tensor([1])] = 2.7, 3.7
    assert n.tolist() == [2, 3]
    with pytest.raises(TypeError, match="can't assign a list to a torch.FloatTensor"):
        t[0] = [1, 2, 3]


def test_versions():
    t = counted(3, 4)
    view = t[1]
    for n, (key, value) in enumerate(
        [(0, 1.0), ((0, 1), fb.tensor(2.0)), (fb.tensor([1]), 3), (t > 5, 0.0), (slice(1, 2), t[0])], 1
    ):
        t[key] = value
        assert t._version == view._version == n


def test_history():
    x, w = counted(2, 3).requires_grad_(), fb.tensor([2.0, 3.0], dtype=fb.float64, requires_grad=True)
    t = x * 2
    view = t[1]
    view[fb.tensor([2, 0])] = w  # written through a view: t = [[0, 2, 4], [3, 8, 2]]
    assert t.tolist() == [[0.0, 2.0, 4.0], [3.0, 8.0, 2.0]]
    (t * t).sum().backward()
    assert x.grad.tolist() == [[0.0, 8.0, 16.0], [0.0, 32.0, 0.0]] and w.grad.tolist() == [4.0, 6.0]


def test_overlapping_values():
    t = counted(4)
    t[fb.tensor([0, 1, 2])] = t[1:]
    assert t.tolist() == [1.0, 2.0, 3.0, 3.0]
    t[1:] = t[:-1]
    assert t.tolist() == [1.0, 1.0, 2.0, 3.0]


def test_nonzero():
    t = fb.tensor([[0.0, float("nan")], [2.0, 0.0]])
    assert t.nonzero().tolist() == [[0, 1], [1, 0]] and t.nonzero().dtype is fb.int64
    rows, columns = fb.nonzero(t, as_tuple=True)
    assert rows.tolist() == [0, 1] and columns.tolist() == [1, 0]
    assert fb.tensor(1.0).nonzero().shape == (1, 0) and [
        i.tolist() for i in fb.tensor(1.0).nonzero(as_tuple=True)
    ] == [[0]]
    assert fb.nonzero(t, out=fb.empty(0, dtype=fb.int64)).tolist() == [[0, 1], [1, 0]]


def test_accumulating_index_put():
    t = fb.zeros(3)
    t.index_put_((fb.tensor([0, 0, 2]),), fb.ones(3), accumulate=True)
    assert t.tolist() == [2.0, 0.0, 1.0]
    assert (
        fb.index_put(t, (fb.tensor([True, False, False]),), fb.tensor(9.0)).tolist() == [9.0, 0.0, 1.0]
        and t[0] == 2
    )


# ---- random keys against the oracle


def _random_item(r, rs):
    size, kind = r.choice([3, 4, 2]), r.randrange(20)
    if kind < 4:
        return r.randint(-size - 1, size)
    if kind < 9:
        bounds = [None, *range(-size - 1, size + 2)]
        return slice(r.choice(bounds), r.choice(bounds), r.choice([None, 1, 2, 3]))
    if kind < 12:
        return (None, ..., r.random() < 0.5)[kind - 9]
    if kind < 16:
        return rs.randint(-size, size, r.choice([(2,), (1,), (3, 2), (2, 1)]))
    return rs.rand(*((size,) if kind < 19 else (3, 4))) > 0.5


def _outcome(lib, key, shape, value):
    """What reading (value None) or writing gives, with gradients, or the type of the error."""
    x = lib.tensor(
        np.arange(1.0, 1 + np.prod(shape)).reshape(shape).tolist(), dtype=lib.float64, requires_grad=True
    )
    key = as_tensors(key, lib)
    try:
        if value is None:
            result = x[key]
        else:
            result = x * 1
            result[key] = (
                lib.tensor(value.tolist(), dtype=lib.float64) if isinstance(value, np.ndarray) else value
            )
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        return type(error)
    weight = np.asarray(np.random.RandomState(0).rand(*result.shape))
    (result * lib.tensor(weight.tolist(), dtype=lib.float64).reshape(weight.shape)).sum().backward()
    return result.detach().numpy(), x.grad.numpy()


@needs_torch
@pytest.mark.parametrize("seed", range(8))
def test_random_keys(seed):
    r, rs = random.Random(seed), np.random.RandomState(seed)
    for _ in range(100):
        shape = (3, 4, 2)[: r.randint(0, 3)]
        key = tuple([_random_item(r, rs) for _ in range(r.randint(1, 3))])
        if sum(k is ... for k in key) > 1:
            continue
        expected = _outcome(torch, key, shape, None)
        if not isinstance(expected, type) and not expected[0].size:
            continue  # the oracle does not look at indices when nothing is selected
        values = [None]
        if not isinstance(expected, type):
            values += [2.5, np.asarray(rs.rand(*expected[0].shape))]
        for value in values:
            expected, got = _outcome(torch, key, shape, value), _outcome(fb, key, shape, value)
            if isinstance(expected, type):
                assert got is expected, (shape, key)
                continue
            for g, e in zip(got, expected, strict=True):
                np.testing.assert_allclose(g, e, err_msg=str((shape, key, value)))


@needs_torch
@pytest.mark.parametrize("seed", range(4))
def test_results_lie_in_memory_as_the_oracles(seed):
    """Strides of what index tensors, masks and True select in permuted and expanded tensors."""
    r = random.Random(seed)
    for _ in range(200):
        sizes = [r.choice([1, 2, 3, 4]) for _ in range(r.randint(1, 4))]
        memory = [1 if r.random() < 0.4 else n for n in sizes]
        order = r.sample(range(len(sizes)), len(sizes))
        index = r.choice([[0], [0, 0], [[0, 0], [0, 0]], [[0], [0]]])
        kinds = [None, ..., True, slice(None), slice(None, None, 2), 0, index, index]
        key = [r.choice(kinds) for _ in range(r.randint(1, 4))]
        if sum(k is ... for k in key) > 1 or sum(k is not None and k is not ... for k in key) > len(sizes):
            continue
        strides = []
        for lib in (torch, fb):
            x = lib.arange(float(np.prod(memory))).reshape(memory).expand(sizes).permute(order)
            got = x[tuple([lib.tensor(k) if isinstance(k, list) else k for k in key])]
            strides.append([s for s, n in zip(got.stride(), got.shape, strict=True) if n > 1])
        assert strides[1] == strides[0], (memory, sizes, order, key)
