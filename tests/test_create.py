"""Making tensors: every factory, against PyTorch where it is installed, and what only this library does."""

import collections
import random

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops import FUNCTIONS

from .compare import same
from .expressions import CREATE


@pytest.mark.parametrize("expression", CREATE.strip().split("\n"))
def test_as_pytorch(expression):
    same(expression)


# ---- errors say what is wrong


@pytest.mark.parametrize(
    "call,error,match",
    [
        (lambda: fb.tensor([[1, 2], [3]]), ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
        (
            lambda: fb.tensor([[[1, 2]], [[3]]]),
            ValueError,
            r"expected sequence of length 2 at dim 2 \(got 1\)",
        ),
        (lambda: fb.tensor([[1, 2], []]), ValueError, r"expected sequence of length 2 at dim 1 \(got 0\)"),
        (lambda: fb.tensor([1, [2]]), TypeError, "numbers and sequences are mixed"),
        (lambda: fb.tensor(None), RuntimeError, "Could not infer dtype of NoneType"),
        (lambda: fb.tensor([1, None]), RuntimeError, "Could not infer dtype of NoneType"),
        (lambda: fb.tensor({1: 2}), RuntimeError, "Could not infer dtype of dict"),
        (lambda: fb.tensor(x for x in [1]), RuntimeError, "Could not infer dtype of generator"),
        (lambda: fb.tensor("12"), TypeError, "invalid data type 'str'"),
        (lambda: fb.tensor(["12"]), ValueError, "too many dimensions 'str'"),
        (lambda: fb.tensor([1, "a"]), ValueError, "too many dimensions 'str'"),
        (
            lambda: fb.tensor([fb.ones(2), fb.ones(2)]),
            ValueError,
            "only one element tensors can be converted to Python scalars",
        ),
        (
            lambda: fb.tensor([np.ones(2), np.ones(3)]),
            ValueError,
            r"expected arrays of one shape at dim 1, got the shapes \[\[2\], \[3\]\]",
        ),
        (lambda: fb.tensor(2**63), ValueError, "Overflow when unpacking long"),
        (
            lambda: fb.tensor([300], dtype=fb.uint8),
            RuntimeError,
            "value cannot be converted to type uint8 without overflow",
        ),
        (lambda: fb.tensor([1j], dtype=fb.float32), TypeError, "can't convert complex numbers to float32"),
        (
            lambda: fb.tensor([1], requires_grad=True),
            RuntimeError,
            "only Tensors of floating point and complex dtype can require gradients",
        ),
        (lambda: fb.from_numpy([1]), TypeError, r"expected np.ndarray \(got list\)"),
        (
            lambda: fb.from_numpy(np.zeros(2, object)),
            TypeError,
            "can't convert np.ndarray of type numpy.object",
        ),
        (lambda: fb.from_numpy(np.zeros(2, "datetime64[s]")), TypeError, "only supported types are"),
        (lambda: fb.from_numpy(np.zeros(2, ">f8")), ValueError, "byte order"),
        (lambda: fb.from_numpy(np.zeros(2, np.longdouble)), TypeError, "can't convert np.ndarray"),
        (
            lambda: fb.zeros(2, "a"),
            TypeError,
            r"zeros\(\): argument 'size' must be tuple of ints, but found element of type str at pos 1",
        ),
        (
            lambda: fb.ones(2.5),
            TypeError,
            r"ones\(\): argument 'size' must be tuple of ints, but found element of type float",
        ),
        (lambda: fb.empty(2, -1), RuntimeError, r"negative dimension -1: \[2, -1\]"),
        (lambda: fb.zeros(2**40, 2**40), RuntimeError, "overflowed with sizes"),
        (
            lambda: fb.zeros(2**50),
            RuntimeError,
            "not enough memory: you tried to allocate 4503599627370496 bytes",
        ),
        (lambda: fb.zeros(3, size=(2,)), TypeError, "multiple values for argument 'size'"),
        (lambda: fb.full((2,), "a"), TypeError, r"full\(\): argument 'fill_value' must be Number, not str"),
        (
            lambda: fb.full((2,), 300, dtype=fb.uint8),
            RuntimeError,
            "cannot be converted to type uint8 without overflow",
        ),
        (
            lambda: fb.full((1,), float("nan"), dtype=fb.int32),
            RuntimeError,
            "cannot be converted to type int32 without overflow",
        ),
        (
            lambda: fb.zeros_like([1]),
            TypeError,
            r"zeros_like\(\): argument 'input' \(position 1\) must be Tensor, not list",
        ),
        (lambda: fb.arange(5, 0), RuntimeError, "upper bound and lower bound inconsistent with step sign"),
        (lambda: fb.arange(0, 5, 0), RuntimeError, "step must be nonzero"),
        (lambda: fb.arange(0, float("inf")), RuntimeError, "unsupported range: 0 -> inf"),
        (lambda: fb.arange("a"), TypeError, r"arange\(\): argument 'end' must be Number, not str"),
        (lambda: fb.arange(2**62), RuntimeError, "overflowed|not enough memory"),
        (lambda: fb.linspace(0, 1, -1), RuntimeError, "number of steps must be non-negative, got -1"),
        (lambda: fb.linspace(0, 1, 2.5), TypeError, r"linspace\(\): argument 'steps' must be int, not float"),
        (lambda: fb.eye(-1), RuntimeError, "n must be greater or equal to 0"),
        (lambda: fb.eye(2.5), TypeError, r"eye\(\): argument 'n' must be int, not float"),
        (
            lambda: fb.frombuffer(bytearray(3), dtype=fb.int16),
            ValueError,
            r"must be a multiple of element size \(2\)",
        ),
        (
            lambda: fb.frombuffer(bytearray(8), dtype=fb.int16, count=9),
            ValueError,
            "must not be greater than actual buffer length",
        ),
        (lambda: fb.asarray([1, 2], copy=False), ValueError, "copy=False"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_messages(call, error, match):
    with pytest.raises(error, match=match):
        call()


FACTORIES = {
    "tensor": ([1.0, 2.0],),
    "as_tensor": ([1.0, 2.0],),
    "asarray": ([1.0, 2.0],),
    "zeros": (2,),
    "ones": (2,),
    "empty": (2,),
    "full": ((2,), 1.5),
    "arange": (2.0,),
    "linspace": (0, 1, 3),
    "logspace": (0, 1, 3),
    "eye": (2,),
    "scalar_tensor": (1,),
}
LIKE = {"zeros_like": (), "ones_like": (), "empty_like": (), "full_like": (1.5,)}
NEW = {
    "new_zeros": (2,),
    "new_ones": (2,),
    "new_empty": (2,),
    "new_full": ((2,), 1.5),
    "new_tensor": ([1.0],),
}
CALLS = [(n, getattr(fb, n), a) for n, a in FACTORIES.items()]
CALLS += [(n, getattr(fb, n), (fb.ones(2), *a)) for n, a in LIKE.items()]
CALLS += [(n, getattr(fb.ones(2), n), a) for n, a in NEW.items()]
by_call = pytest.mark.parametrize("call,args", [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])


@by_call
def test_devices(call, args):
    for device in ("cpu", fb.device("cpu"), None, "cpu:0"):
        assert call(*args, device=device).device.type == "cpu"
    for device in ("nonsense", "cpu:x", ""):
        with pytest.raises(RuntimeError, match="device"):
            call(*args, device=device)
    with pytest.raises(TypeError, match="device"):
        call(*args, device=1.5)


@pytest.mark.skipif(fb.cuda.is_available(), reason="there is a GPU")
@by_call
def test_no_gpu(call, args):
    for device in ("cuda", "cuda:0", fb.device("cuda", 1), 0):
        with pytest.raises(RuntimeError, match="(?i)cuda"):
            call(*args, device=device)


@by_call
def test_dtypes_and_requires_grad(call, args):
    for dtype in ("float16", "bfloat16", "float64", "complex64"):
        if call.__name__ == "arange" and dtype == "complex64":
            continue
        t = call(*args, dtype=getattr(fb, dtype))
        assert t.dtype.name == dtype and t.is_leaf and not t.requires_grad and t._version == 0
    if call.__name__ != "as_tensor":
        t = call(*args, requires_grad=True)
        assert t.requires_grad and t.is_leaf and t.grad_fn is None and type(t) is fb.Tensor
        with pytest.raises(
            RuntimeError, match="only Tensors of floating point and complex dtype can require gradients"
        ):
            call(*args, dtype=fb.int64, requires_grad=True)
    with pytest.raises(TypeError):
        call(*args, bogus=1)
    with pytest.raises(TypeError):
        call(*args, dtype=object())


@pytest.mark.parametrize(
    "name,args",
    [(n, FACTORIES[n]) for n in ("zeros", "ones", "empty", "full", "arange", "linspace", "logspace", "eye")],
)
def test_out(name, args):
    expected = getattr(fb, name)(*args)
    for dtype in (fb.float32, fb.float64):
        out = fb.full(tuple(expected.shape), 7.0, dtype=dtype)
        address, version = out.data_ptr(), out._version
        assert getattr(fb, name)(*args, out=out) is out and out.dtype is dtype
        assert out.data_ptr() == address and out._version > version
        assert name == "empty" or out.allclose(expected.to(dtype))
    resized = fb.empty(0)
    assert getattr(fb, name)(*args, out=resized) is resized and resized.shape == expected.shape
    for bad in (3, [1.0], np.ones(2)):
        with pytest.raises(TypeError, match=rf"{name}\(\): argument 'out' must be Tensor"):
            getattr(fb, name)(*args, out=bad)
    leaf = fb.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="requires grad"):
        getattr(fb, name)(*args, out=leaf)
    spread = fb.ones(1).expand(*expected.shape)
    with pytest.raises(RuntimeError, match="single memory location"):
        getattr(fb, name)(*args, out=spread)
    assert leaf.tolist() == [1, 1] and spread.tolist() == fb.ones(expected.shape).tolist()


# ---- memory


def test_copies_and_shares():
    a = np.arange(3.0)
    copied, shared = fb.tensor(a), fb.from_numpy(a)
    a[0] = 9
    assert copied.tolist() == [0, 1, 2] and shared.tolist() == [9, 1, 2]
    shared[1] = 8
    assert (
        a[1] == 8
        and fb.as_tensor(a).data_ptr() == fb.asarray(a).data_ptr() == shared.data_ptr() == a.ctypes.data
    )
    for other in (
        fb.as_tensor(a, dtype=fb.float32),
        fb.asarray(a, copy=True),
        fb.asarray(a, dtype=fb.float32),
        fb.Tensor(a),
    ):
        assert other.data_ptr() != a.ctypes.data and other.tolist() == a.tolist()
    t = fb.ones(2)
    assert fb.as_tensor(t) is t and fb.asarray(t) is t and fb.asarray(t, copy=True) is not t
    with pytest.warns(UserWarning, match="To copy construct from a tensor, it is recommended to use"):
        again = fb.tensor(t)
    assert again.data_ptr() != t.data_ptr()


def test_history_of_as_tensor():
    leaf = fb.ones(2, requires_grad=True)
    y = fb.as_tensor(leaf, dtype=fb.float64)
    assert y.requires_grad and y.grad_fn is not None
    assert not fb.asarray(leaf).requires_grad and fb.asarray(leaf).data_ptr() == leaf.data_ptr()
    assert leaf.new_tensor([1]).requires_grad is False and fb.zeros_like(leaf).requires_grad is False


def test_views_of_arrays_keep_their_strides():
    a = np.arange(24).reshape(2, 3, 4)
    for view in (a.T, a[:, ::2], a[::-1], a[..., 0], a[1, 2, 3], a[:0]):
        t = fb.from_numpy(np.asarray(view))
        assert t.tolist() == view.tolist() and tuple(t.shape) == view.shape
        assert t.stride() == tuple(s // 8 for s in view.strides)
        assert (t + 0).tolist() == view.tolist() and fb.tensor(view).is_contiguous()


def test_odd_arrays():
    raw = np.zeros(17, np.uint8)
    misaligned = raw[1:].view(np.float64)
    assert not misaligned.flags.aligned
    misaligned[:] = [1.5, 2.5]
    for t in (fb.from_numpy(misaligned), fb.tensor(misaligned), fb.as_tensor(misaligned)):
        assert (t * 2).tolist() == [3, 5]
    swapped = np.array([1.0, 2.0], ">f8")
    assert fb.tensor(swapped).tolist() == [1, 2] and fb.tensor(swapped, dtype=fb.float32).tolist() == [1, 2]
    read_only = np.arange(3.0)
    read_only.flags.writeable = False
    t = fb.from_numpy(read_only)
    assert t.sum().item() == 3
    for change in (
        lambda: t.add_(1),
        lambda: t.zero_(),
        lambda: t.__setitem__(0, 5.0),
        lambda: t[1:].mul_(2),
        lambda: fb.exp(t, out=t),
        lambda: t.copy_(fb.ones(3)),
        lambda: t.fill_(2),
        lambda: t.__setitem__(fb.tensor([0]), 1.0),
    ):
        with pytest.raises(RuntimeError, match="read-only"):
            change()
    assert read_only.tolist() == [0, 1, 2]

    class Subclass(np.ndarray):
        pass

    t = fb.from_numpy(np.arange(3).view(Subclass))
    assert type(t.numpy()) is np.ndarray and t.tolist() == [0, 1, 2]


def test_buffers():
    memory = bytearray(np.arange(4, dtype=np.int16).tobytes())
    t = fb.frombuffer(memory, dtype=fb.int16, offset=2)
    assert t.tolist() == [1, 2, 3]
    t[0] = 7
    assert memory[2] == 7
    with pytest.raises(RuntimeError, match="read-only"):
        fb.frombuffer(b"abcd", dtype=fb.uint8).add_(1)
    odd = fb.frombuffer(bytearray(9), dtype=fb.float32, offset=1, count=2)
    assert (odd + 1).tolist() == [1, 1]


# ---- data of many kinds


def test_sequences():
    for data in (
        collections.deque([1, 2, 3]),
        range(1, 4),
        collections.UserList([1, 2, 3]),
        (1, 2, 3),
        np.array([1, 2, 3]),
        bytearray(b"\1\2\3"),
        memoryview(b"\1\2\3"),
    ):
        assert fb.tensor(data).tolist() == [1, 2, 3]
    assert fb.tensor([range(2), (3, 4), [5, 6], np.array([7, 8])]).tolist() == [
        [0, 1],
        [3, 4],
        [5, 6],
        [7, 8],
    ]
    nested = [fb.tensor(1.0), np.float32(2), 3, True, np.array(5)]
    assert fb.tensor(nested).tolist() == [1, 2, 3, 1, 5]
    deep = 1
    for _ in range(64):
        deep = [deep]
    assert fb.tensor(deep).ndim == 64
    with pytest.raises(ValueError, match="too many dimensions"):
        fb.tensor([deep])


def test_random_nested_data():
    rng = random.Random(0)
    for _ in range(200):
        shape = [rng.randrange(1, 4) for _ in range(rng.randrange(1, 5))]
        array = np.array(rng.choices([0, 1, -3, 250], k=int(np.prod(shape)))).reshape(shape)

        def mixed(a, whole=len(shape)):
            if a.ndim == 0:
                return rng.choice([int, float, np.int32, fb.tensor])(int(a))
            if rng.random() < 0.2 and a.ndim < whole:
                return a
            return rng.choice([list, tuple, collections.deque])([mixed(v) for v in a])

        assert fb.tensor(mixed(array)).tolist() == array.tolist()


def test_functions_are_registered():
    for name in ("from_dlpack", "range", "is_tensor", *FACTORIES, *LIKE):
        assert getattr(fb, name) is FUNCTIONS[name]
        assert FUNCTIONS[name].__doc__.startswith(name)
