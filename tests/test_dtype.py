"""Element types, type promotion, devices and sizes: against PyTorch where it is installed."""

import copy
import itertools
import pickle

import ml_dtypes
import numpy as np
import pytest

import flambeau as fb
from flambeau.dtype import ALL, as_dtype

from .compare import outcome

UNSIGNED = ("uint16", "uint32", "uint64")  # of which PyTorch defines little: tests/test_unsigned.py
NAMES = [d.name for d in ALL if d.name not in UNSIGNED]
PAIRS = list(itertools.product(NAMES, NAMES))


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def default_dtype():
    """Restores the default dtype."""
    before = fb.get_default_dtype()
    yield
    fb.set_default_dtype(before)


def name(dtype):
    return str(dtype).removeprefix("torch.")


# ---- promotion


@pytest.mark.parametrize("a", NAMES)
def test_promote_types(torch, a):
    for b in NAMES:
        ours = fb.promote_types(getattr(fb, a), getattr(fb, b))
        assert ours.name == name(torch.promote_types(getattr(torch, a), getattr(torch, b))), (a, b)
        assert ours is fb.promote_types(getattr(fb, b), getattr(fb, a))


def operands(lib, dtype):
    """A tensor with dimensions, a 0-dim tensor and an empty tensor of a dtype."""
    made = lib.ones(2, dtype=getattr(lib, dtype))
    return [made, made[0], made[:0]]


NUMBERS = [True, 1, 1.5, 2j]


@pytest.mark.parametrize("default", ["float32", "float64", "float16"])
@pytest.mark.parametrize("a", NAMES)
def test_result_type_and_sums(torch, default_dtype, default, a):
    before = torch.get_default_dtype()
    fb.set_default_dtype(getattr(fb, default))
    torch.set_default_dtype(getattr(torch, default))
    try:
        for x, p in zip(operands(fb, a), operands(torch, a), strict=True):
            others = [(y, q) for b in NAMES for y, q in zip(operands(fb, b), operands(torch, b), strict=True)]
            for y, q in others + [(n, n) for n in NUMBERS]:
                expected = name(torch.result_type(p, q)).replace("complex32", "complex64")
                assert fb.result_type(x, y).name == expected, (a, x.shape, y)
                if x.ndim and getattr(y, "ndim", 1) and x.shape != getattr(y, "shape", x.shape):
                    continue
                assert (x + y).dtype.name == expected and (y + x).dtype.name == expected, (a, x.shape, y)
    finally:
        torch.set_default_dtype(before)


def test_result_type_of_numbers(torch):
    for a, b in itertools.product(NUMBERS, NUMBERS):
        assert fb.result_type(a, b).name == name(torch.result_type(a, b))
    for bad in (None, "x", [1], object()):
        with pytest.raises(TypeError):
            fb.result_type(fb.ones(2), bad)


@pytest.mark.parametrize("a", NAMES)
def test_can_cast(torch, a):
    for b in NAMES:
        ours = fb.can_cast(getattr(fb, a), getattr(fb, b))
        assert ours is torch.can_cast(getattr(torch, a), getattr(torch, b)), (a, b)


@pytest.mark.parametrize("bad", [None, "float32", str, np.float32, 1])
def test_promotion_takes_dtypes_only(bad):
    with pytest.raises(TypeError):
        fb.promote_types(fb.float32, bad)
    with pytest.raises(TypeError):
        fb.can_cast(bad, fb.float32)
    with pytest.raises(TypeError):
        fb.can_cast(fb.float32, bad)


@pytest.mark.parametrize("a", NAMES)
def test_in_place_never_falls_in_category(torch, a):
    for b in NAMES:
        x, y = fb.ones(2, dtype=getattr(fb, a)), fb.ones(2, dtype=getattr(fb, b))
        p, q = torch.ones(2, dtype=getattr(torch, a)), torch.ones(2, dtype=getattr(torch, b))
        try:
            p.add_(q)
        except RuntimeError as error:
            with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
                x.add_(y)
            assert "can't be cast" in str(error) and x.tolist() == [1, 1] and x._version == 0
        else:
            assert x.add_(y).dtype.name == a and x.tolist() == p.tolist()


# ---- limits


@pytest.mark.parametrize("dtype", [d for d in NAMES if not d.startswith(("bool", "int", "uint"))])
def test_finfo(torch, dtype):
    ours, theirs = fb.finfo(getattr(fb, dtype)), torch.finfo(getattr(torch, dtype))
    for field in ("bits", "min", "max", "eps", "tiny", "smallest_normal", "resolution", "dtype"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert repr(ours).startswith("finfo(resolution=") and ours.dtype in repr(ours)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", *UNSIGNED])
def test_iinfo(torch, dtype):
    ours, theirs = fb.iinfo(getattr(fb, dtype)), torch.iinfo(getattr(torch, dtype))
    for field in ("bits", "min", "max", "dtype"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert repr(ours) == f"iinfo(min={ours.min}, max={ours.max}, dtype={dtype})"


def test_limits_of_the_wrong_kind():
    for bad in (fb.float32, fb.complex64, fb.bool, "int64", None):
        with pytest.raises(TypeError, match="iinfo"):
            fb.iinfo(bad)
    for bad in (fb.int64, fb.bool, "float32", 3):
        with pytest.raises(TypeError, match="finfo"):
            fb.finfo(bad)
    assert fb.finfo().dtype == "float32"


# ---- the default


def test_default_dtype(default_dtype):
    assert fb.get_default_dtype() is fb.float32
    fb.set_default_dtype(fb.float64)
    assert fb.get_default_dtype() is fb.float64
    assert fb.zeros(2).dtype is fb.tensor(1.5).dtype is fb.float64
    assert fb.tensor(1j).dtype is fb.complex128 and fb.tensor([1]).dtype is fb.int64
    assert (fb.arange(3) / 2).dtype is (fb.arange(3) + 0.5).dtype is fb.arange(3).exp().dtype is fb.float64
    assert fb.Tensor(2).dtype is fb.float64 and fb.arange(0, 1, 0.5).dtype is fb.float64
    fb.set_default_dtype(fb.bfloat16)
    assert (fb.arange(3) + 0.5).dtype is fb.zeros(2).dtype is fb.bfloat16


@pytest.mark.parametrize("bad", [None, fb.int64, fb.bool, fb.complex64, "float64", float, np.float64])
def test_default_dtype_is_a_float(bad):
    with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
        fb.set_default_dtype(bad)
    assert fb.get_default_dtype() is fb.float32


# ---- the objects


def test_attributes(torch):
    for d in ALL:
        theirs = getattr(torch, d.name)
        assert repr(d) == repr(theirs) and d.itemsize == theirs.itemsize
        assert (d.is_floating_point, d.is_complex, d.is_signed) == (
            theirs.is_floating_point,
            theirs.is_complex,
            theirs.is_signed,
        )
        assert d.to_real().name == name(theirs.to_real()) or not d.is_complex
        assert fb.zeros(0, dtype=d).type() == torch.zeros(0, dtype=theirs).type()
    for alias in ("half", "float", "double", "short", "int", "long", "cfloat", "cdouble"):
        assert getattr(fb, alias).name == name(getattr(torch, alias))


def test_one_object_per_type():
    for d in ALL:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(d, protocol)) is d
        assert copy.copy(d) is copy.deepcopy(d) is d
        assert {d: 1}[d] == 1 and d == d and d != d.name
        assert len({d, *ALL}) == len(ALL)


def test_names_of_types():
    assert as_dtype(float) is fb.float64 and as_dtype(None) is fb.float32 and as_dtype(int) is fb.int64
    assert as_dtype(bool) is fb.bool and as_dtype(complex) is fb.complex128
    assert as_dtype(np.float16) is as_dtype(np.dtype("f2")) is fb.float16
    assert as_dtype(ml_dtypes.bfloat16) is fb.bfloat16
    assert as_dtype(np.longlong) is as_dtype(np.int64) is fb.int64
    assert as_dtype(np.ulonglong) is as_dtype(np.ulong) is fb.uint64 and as_dtype("u4") is fb.uint32
    for bad in ("nonsense", object(), np.datetime64, np.longdouble, [1], str, {}):
        with pytest.raises(TypeError):
            as_dtype(bad)
    for bad in ("nonsense", object(), 3, np.datetime64):
        with pytest.raises(TypeError):
            fb.zeros(2, dtype=bad)
        with pytest.raises(TypeError):
            fb.ones(2).to(dtype=bad)


# ---- device


def test_devices(torch):
    for args in (("cpu",), ("cuda",), ("cuda:1",), ("cuda", 0), ("cpu:0",), ("cpu", 0)):
        ours, theirs = fb.device(*args), torch.device(*args)
        assert repr(ours) == repr(theirs) and str(ours) == str(theirs)
        assert (ours.type, ours.index) == (theirs.type, theirs.index)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(ours, protocol)) == ours
        assert copy.deepcopy(ours) == copy.copy(ours) == ours and hash(copy.copy(ours)) == hash(ours)
    assert fb.device("cuda:1") != fb.device("cuda:0") != fb.device("cpu") and fb.device("cpu") != "cpu"
    assert fb.device(1) == fb.device("cuda:1")
    assert fb.device(fb.device("cuda:3")) == fb.device("cuda", 3) == fb.device(type="cuda", index=3)


@pytest.mark.parametrize(
    "args",
    [
        ("",),
        ("CPU",),
        ("cpu:",),
        ("cpu:-1",),
        ("cuda:x",),
        ("cuda:01",),
        ("cuda:1", 1),
        ("quantum",),
        (-1,),
        ("cuda", -2),
        (" cpu",),
        ("cpu ",),
        ("cuda:99999999999999999999",),
    ],
    ids=str,
)
def test_bad_devices(torch, args):
    with pytest.raises(RuntimeError):
        fb.device(*args)
    with pytest.raises(RuntimeError):
        torch.device(*args)


@pytest.mark.parametrize(
    "args", [(), (None,), (1.5,), ([],), (Ellipsis,), ("cpu", "0"), ("cpu", 1.0)], ids=str
)
def test_devices_of_the_wrong_type(args):
    with pytest.raises(TypeError):
        fb.device(*args)
    with pytest.raises(AttributeError):
        fb.device("cpu").type = "cuda"


# ---- Size


def test_size(torch):
    ours, theirs = fb.Size([2, 3, 4]), torch.Size([2, 3, 4])
    assert repr(ours) == repr(theirs) and str(ours) == str(theirs) and hash(ours) == hash((2, 3, 4))
    assert ours == (2, 3, 4) and isinstance(ours, tuple) and ours.numel() == 24 and fb.Size().numel() == 1
    assert fb.Size((2, 0)).numel() == 0
    for piece in (ours[1:], ours[:0], ours + (5,), (5,) + ours, ours + ours, ours * 2, 2 * ours, ours[::-1]):
        assert type(piece) is fb.Size
    assert type(ours[0]) is int and (*ours,) == (2, 3, 4) and ours.index(3) == 1 and ours.count(2) == 1
    assert (5,) + ours == (5, 2, 3, 4)
    with pytest.raises(TypeError):
        ours + [1]
    with pytest.raises(IndexError):
        ours[3]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(ours, protocol))
        assert again == ours and type(again) is fb.Size
    assert type(copy.deepcopy(ours)) is type(copy.copy(ours)) is fb.Size
    assert fb.Size(np.array([2, 3])) == (2, 3) and fb.Size(fb.tensor([2, 3])) == (2, 3)
    assert all(type(n) is int for n in fb.Size(np.array([2, 3])))


@pytest.mark.parametrize("bad", [[1.5], ["a"], [None], 3, None, [[1]], [fb.tensor([1, 2])]], ids=str)
def test_sizes_are_ints(torch, bad):
    with pytest.raises(TypeError):
        fb.Size(bad)


PYTHON_TYPES = """
T.ones(2).to(int)
T.ones(2).to(float)
T.ones(2).to(bool)
T.ones(2).to("cpu", complex)
T.ones(2).to(int, copy=True)
T.zeros(2).view(int)
T.ones(2).sum(dtype=float)
T.ones(2).cumsum(0, dtype=int)
T.ones(2).softmax(0, dtype=float)
T.nn.Linear(1, 1).to(float).weight.dtype
T.nn.Linear(1, 1).to("cpu", float).weight.dtype
T.nn.Linear(1, 1).to(dtype=float).weight.dtype
T.nn.Linear(1, 1).to(int)
T.finfo(float).eps
T.finfo(int)
T.iinfo(int).max
T.promote_types(float, int)
T.can_cast(int, float)
T.can_cast(float, int)
""".strip().splitlines()


@pytest.mark.parametrize("expression", PYTHON_TYPES)
def test_python_types_stand_for_dtypes(torch, expression):
    ours, theirs = (outcome(lib, expression) for lib in (fb, torch))
    if isinstance(theirs[1], torch.dtype):
        ours, theirs = (ours[0], name(ours[1])), (theirs[0], name(theirs[1]))
    assert ours == theirs
