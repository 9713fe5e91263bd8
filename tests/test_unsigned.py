"""uint16, uint32 and uint64. PyTorch has few operations for them: what it has is compared with it, the rest with NumPy,
whose arithmetic wraps around."""

import itertools

import numpy as np
import pytest

import flambeau as fb
from flambeau import _core
from flambeau.dtype import ALL

from .compare import same

UNSIGNED = ("uint16", "uint32", "uint64")
NAMES = [d.name for d in ALL]
by_dtype = pytest.mark.parametrize("dtype", UNSIGNED)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def name(dtype):
    return str(dtype).removeprefix("torch.")


def extremes(dtype):
    """Values from both ends and the middle of the range, in no order."""
    top = 2 ** (8 * np.dtype(dtype).itemsize)
    return np.array([5, top - 1, 0, top // 2, 1, top // 2 - 1, top - 7, 200, top // 2 + 3], dtype)


# ---- promotion


def joint(a, b):
    """The smallest NumPy dtype of ints for two; beside bool, floats and complex numbers, the higher category's."""
    a, b = getattr(fb, a), getattr(fb, b)
    order = ("bool", "int", "float", "complex")
    if a.category != b.category:
        return max(a, b, key=lambda d: order.index(d.category)).name
    found = np.promote_types(a.numpy, b.numpy)
    return found.name if found.kind in "iu" else None


@by_dtype
def test_promotion_is_the_standards(dtype):
    for other in NAMES:
        expected = joint(dtype, other)
        for pair in ((dtype, other), (other, dtype)):
            a, b = (getattr(fb, n) for n in pair)
            if expected is None:
                message = f"Promotion for uint16, uint32, uint64 types .* promote {a.title} and {b.title}$"
                with pytest.raises(RuntimeError, match=message):
                    fb.promote_types(a, b)
                with pytest.raises(RuntimeError, match=message):
                    fb.ones(2, dtype=a) + fb.ones(2, dtype=b)
            else:
                assert fb.promote_types(a, b).name == expected
                assert (fb.ones(2, dtype=a) * fb.ones(2, dtype=b)).dtype.name == expected


@by_dtype
def test_promotion_agrees_with_torch(torch, dtype):
    for other in NAMES:
        try:
            expected = torch.promote_types(getattr(torch, dtype), getattr(torch, other))
        except RuntimeError:
            continue
        assert fb.promote_types(getattr(fb, dtype), getattr(fb, other)).name == name(expected)


@by_dtype
def test_result_type_agrees_with_torch(torch, dtype):
    def operands(lib, d):
        made = lib.ones(2, dtype=getattr(lib, d))
        return [made, made[0]]

    answers = 0
    for x, p in zip(operands(fb, dtype), operands(torch, dtype), strict=True):
        others = [pair for n in NAMES for pair in zip(operands(fb, n), operands(torch, n), strict=True)]
        for y, q in others + [(n, n) for n in (True, 1, -1, 1.5, 2j)]:
            try:
                expected = name(torch.result_type(p, q))
            except RuntimeError:
                continue
            assert fb.result_type(x, y).name == expected and fb.result_type(y, x).name == expected
            answers += 1
    assert answers > 30


def test_in_place_operations_that_would_promote_change_nothing():
    x, signed = fb.ones(2, dtype=fb.uint64), fb.ones(2, dtype=fb.int32)
    for target, other in ((x, signed), (signed, x)):
        with pytest.raises(RuntimeError, match="Promotion for uint16"):
            target.add_(other)
        assert target.tolist() == [1, 1] and target._version == 0
    assert x.add_(signed[0]).tolist() == [2, 2] and x.dtype is fb.uint64
    with pytest.raises(RuntimeError, match="Float can't be cast to the desired output type UInt64"):
        x.div_(2)


# ---- making and converting


@by_dtype
@pytest.mark.parametrize(
    "expression",
    [
        "T.tensor([3, 2.7, True], dtype=T.uint16)",
        "T.tensor([], dtype=d)",
        "T.tensor(7, dtype=d)",
        "T.tensor([[1, 2], [3]], dtype=d)",
        "T.tensor([2**64], dtype=T.uint64)",
        "T.tensor([2**64 - 1, 0, 2**63], dtype=T.uint64)",
        "T.tensor(2**64 - 1, dtype=T.uint64)",
        "T.tensor([-1], dtype=T.uint64)",
        "T.tensor([-1, 65535], dtype=T.uint16)",
        "T.tensor([65536], dtype=T.uint16)",
        "T.tensor([-1.0, -3.5], dtype=T.uint32)",
        "T.full((2,), -0.5, dtype=d)",
        "T.tensor(np.arange(3), dtype=d)",
        "T.tensor(np.array([1, 2], np.uint64))",
        "T.as_tensor(np.array([2**64 - 1], np.uint64))",
        "T.zeros(2, 3, dtype=d)",
        "T.ones((2,), dtype=d)",
        "T.full((2,), 3, dtype=d)",
        "T.full((2,), -3, dtype=d)",
        "T.full((2,), 2**40, dtype=d)",
        "T.full((2,), 2**64 - 1, dtype=d)",
        "T.full_like(T.zeros(2, dtype=d), 9)",
        "T.zeros(3, dtype=d).fill_(-2)",
        "T.empty(2, 0, dtype=d)",
        "T.scalar_tensor(3, dtype=d)",
        "T.ones(2, dtype=d).new_tensor([1, 2])",
        "T.ones(2, dtype=d).new_full((2,), 5)",
        "T.frombuffer(bytearray(range(16)), dtype=d)",
        "T.ones(4, dtype=T.float32).type(d)",
        "T.ones(2, dtype=d).requires_grad_()",
        "T.ones(8, dtype=T.uint8).view(d)",
        "T.ones(2, dtype=d).view(T.uint8)",
        "T.ones(2, dtype=d).type()",
        "T.ones(2, dtype=d).type('torch.UInt16Tensor')",
        "T.ones(2, dtype=d).is_signed(), d.is_signed, d.itemsize, d.is_floating_point, d.is_complex",
        "repr(d)",
        "hasattr(T, 'UInt16Tensor'), hasattr(T, 'UInt16Storage'), hasattr(T.Tensor, 'uint16')",
        "T.ones(2, dtype=d).storage().type(), repr(T.ones(2, dtype=d).storage())",
        "T.ones(2, dtype=d).copy_(T.tensor([1.5, -1.0]))",
        "T.can_cast(d, T.int8), T.can_cast(T.float32, d), T.can_cast(T.int64, d)",
        "T.set_default_dtype(d)",
    ],
)
def test_making_is_as_in_torch(torch, dtype, expression):
    same(expression.replace("=d", f"=T.{dtype}").replace("(d)", f"(T.{dtype})").replace("(d,", f"(T.{dtype},")
         .replace(", d)", f", T.{dtype})").replace(" d.", f" T.{dtype}."))  # fmt: skip


@by_dtype
@pytest.mark.filterwarnings("ignore:Casting complex values to real")
def test_conversions_are_torchs(torch, dtype):
    """Between all dtypes, for values that both ends hold or that wrap around."""
    own, theirs = getattr(fb, dtype), getattr(torch, dtype)
    bits = np.array([0, 1, 77, 127], "int64")
    for other in NAMES:
        target = getattr(torch, other)
        down, up = fb.from_numpy(bits).to(own), fb.from_numpy(bits).to(getattr(fb, other))
        assert down.to(up.dtype).tolist() == torch.from_numpy(bits).to(theirs).to(target).tolist()
        assert up.to(own).tolist() == torch.from_numpy(bits).to(target).to(theirs).tolist()
        if getattr(fb, other).is_signed and other != "bfloat16":
            negative = np.array([-1, -2, -100])
            x, p = fb.from_numpy(negative).to(up.dtype), torch.from_numpy(negative).to(target)
            assert x.to(own).tolist() == p.to(theirs).tolist(), other
    large = extremes(dtype)
    for other in (*UNSIGNED, "int64", "int32", "uint8", "bool", "float32", "float64"):
        expected = torch.from_numpy(large).to(getattr(torch, other))
        assert fb.from_numpy(large).to(getattr(fb, other)).tolist() == expected.tolist(), other


@by_dtype
def test_numpy_shares_memory(dtype):
    a = extremes(dtype)
    t = fb.from_numpy(a)
    assert t.dtype is getattr(fb, dtype) and t.data_ptr() == a.__array_interface__["data"][0]
    t[2] = 9
    assert a[2] == 9 and np.asarray(t).dtype == dtype and np.shares_memory(np.asarray(t), a)
    assert t.tolist() == a.tolist() and t[1].item() == int(a[1]) and int(t[3]) == int(a[3])
    assert float(t[0]) == 5.0 and range(10)[t[0]] == 5 and bool(t[0])


def test_every_name_of_a_64_bit_unsigned_is_uint64():
    for kind in (np.uint64, np.ulong, np.ulonglong):
        t = fb.from_numpy(np.ones(2, kind))
        assert t.dtype is fb.uint64 and (t + fb.ones(2, dtype=fb.uint64)).tolist() == [2, 2]
        assert (t << t).tolist() == [2, 2]


@by_dtype
def test_arange_reaches_the_ends(dtype):
    d, top = getattr(fb, dtype), 2 ** (8 * getattr(fb, dtype).itemsize)
    assert fb.arange(top - 3, top - 1, dtype=d).tolist() == [top - 3, top - 2]
    assert fb.arange(top - 1, top - 8, -3, dtype=d).tolist() == [top - 1, top - 4, top - 7]
    assert fb.linspace(0, 8, 5, dtype=d).tolist() == [0, 2, 4, 6, 8]


def test_arange_beyond_uint64():
    with pytest.raises(OverflowError, match="does not fit into 64 bits"):
        fb.arange(2**64 - 1, 2**64 + 1, dtype=fb.uint64)


# ---- arithmetic

BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum,
    "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor, "eq": np.equal,
    "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "logical_and": np.logical_and, "gcd": np.gcd, "fmax": np.fmax, "div": np.true_divide,
}  # fmt: skip
UNARY = {
    "neg": np.negative, "abs": np.abs, "square": np.square, "sign": np.sign, "bitwise_not": np.invert,
    "logical_not": np.logical_not, "floor": np.floor, "round": np.round, "sqrt": np.sqrt, "isnan": np.isnan,
}  # fmt: skip


def check(result, expected):
    """Equal values; a float result is of the default dtype."""
    array = _core.array_of(result)
    if expected.dtype.kind == "f" and array.dtype.kind == "f":
        np.testing.assert_allclose(array, expected, rtol=1e-6)
        return
    np.testing.assert_array_equal(array, expected)
    assert array.dtype == expected.dtype or expected.dtype.kind == "f"  # NumPy rounds some ints to floats


@by_dtype
@pytest.mark.parametrize("op", BINARY)
def test_binary_operations_wrap_around(dtype, op):
    a = extremes(dtype)
    for x, y in ((a, a[::-1].copy()), (a[:, None], a[None]), (a[::2], a[1::2][[0, 1, 2, 3, 0]])):
        with np.errstate(all="ignore"):
            check(getattr(fb, op)(fb.from_numpy(x), fb.from_numpy(y)), BINARY[op](x, y))


@by_dtype
@pytest.mark.parametrize("op", UNARY)
def test_unary_operations_wrap_around(dtype, op):
    a = extremes(dtype)
    for x in (a, a[::-2], a.reshape(3, 3).T, a[0], a[:0]):
        with np.errstate(all="ignore"):
            check(getattr(fb, op)(fb.tensor(x)), UNARY[op](x))


@by_dtype
def test_numbers_take_the_dtype_of_the_tensor(dtype):
    a = extremes(dtype)
    x, one = fb.from_numpy(a), a.dtype.type(1)
    for got, expected in ((x + 1, a + one), (x - 1, a - one), (1 - x, one - a), (x * 3, a * a.dtype.type(3)),
                          (x + (-1), a - one), (x // 2, a // 2), (x % 7, a % 7), (x**2, a * a), (x << 3, a << 3),
                          (x >> 1, a >> 1), (x & 6, a & 6), (~x, ~a), (-x, -a)):  # fmt: skip
        assert got.dtype is x.dtype and got.tolist() == expected.tolist()
    top = int(a.max())
    assert (x == top).tolist() == (a == top).tolist() and (x > top - 1).sum().item() == 1
    assert (x + 1.5).dtype is fb.float32 and (x * True).dtype is x.dtype and (x + 1j).dtype is fb.complex64


@by_dtype
def test_shifts_by_the_width_or_more(dtype):
    bits = 8 * np.dtype(dtype).itemsize
    x = fb.from_numpy(np.array([1, 3], dtype))
    assert (x << bits).tolist() == [0, 0] and (x << bits - 1).tolist() == [2 ** (bits - 1)] * 2
    assert (fb.full_like(x, -1) >> bits - 1).tolist() == [1, 1]


@by_dtype
def test_in_place_arithmetic(dtype):
    a = extremes(dtype)
    x = fb.from_numpy(a.copy())
    address = x.data_ptr()
    x += 1
    x *= fb.from_numpy(a)
    x[1:4] -= 9
    x[0] = 4
    expected = (a + a.dtype.type(1)) * a
    expected[1:4] -= a.dtype.type(9)
    expected[0] = 4
    assert x.tolist() == expected.tolist() and x.data_ptr() == address and x._version > 0


def test_integer_division_by_zero():
    x = fb.tensor([5, 3], dtype=fb.uint32)
    for call in (lambda: x // 0, lambda: x % 0, lambda: fb.div(x, x - x, rounding_mode="trunc")):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            call()
    with pytest.raises(RuntimeError, match="negative integer powers"):
        x**-1


# ---- reductions, order


@by_dtype
def test_reductions(dtype):
    a = extremes(dtype).reshape(3, 3)
    x = fb.from_numpy(a)
    with np.errstate(all="ignore"):
        for ours, dim in itertools.product(("sum", "prod"), (None, 0, 1)):
            expected = getattr(a.astype("int64"), ours)(axis=dim)
            got = getattr(x, ours)() if dim is None else getattr(x, ours)(dim)
            assert got.dtype is fb.int64 and got.tolist() == expected.tolist()
            assert getattr(x, ours)(dtype=x.dtype).item() == int(getattr(a, ours)(dtype=dtype))
        assert x.cumsum(0).tolist() == a.astype("int64").cumsum(0).tolist()
    assert x.max().item() == a.max() and x.amin(1).tolist() == a.min(1).tolist() and x.max().dtype is x.dtype
    assert x.argmax().item() == a.argmax() and x.argmin(0).tolist() == a.argmin(0).tolist()
    assert x.max(1).values.tolist() == a.max(1).tolist() and x.aminmax().max.item() == a.max()
    assert x.any().dtype is x.all().dtype is fb.bool and x.count_nonzero().item() == 8
    assert x.sum(dtype=fb.float64).item() == a.sum(dtype="float64")
    assert x.to(fb.float64).mean().item() == pytest.approx(a.mean())


@by_dtype
def test_order(dtype):
    a = extremes(dtype)
    x = fb.from_numpy(a)
    ordered = sorted(a.tolist())
    assert x.sort().values.tolist() == ordered
    assert x.argsort(descending=True).tolist() == a.argsort()[::-1].tolist()
    assert x.topk(3).values.tolist() == ordered[:-4:-1]
    assert x.topk(2, largest=False).values.tolist() == ordered[:2]
    assert x.kthvalue(4).values.item() == ordered[3] and x.median().item() == ordered[4]
    assert x.cummax(0).values.tolist() == np.maximum.accumulate(a).tolist()
    doubled = fb.cat([x, x])
    values, inverse, counts = doubled.unique(return_inverse=True, return_counts=True)
    assert values.tolist() == ordered and set(counts.tolist()) == {2}
    assert values[inverse].tolist() == doubled.tolist()
    assert values.dtype is x.dtype and doubled.mode().values.item() == 0
    assert fb.searchsorted(values, x).tolist() == inverse[:9].tolist()
    assert fb.isin(x, x[:2]).tolist() == [True, True] + 7 * [False]


# ---- places


@by_dtype
def test_choosing_and_writing(dtype):
    a = extremes(dtype)
    x, i = fb.from_numpy(a), fb.tensor([8, 1, 1, 0])
    chosen = a[[8, 1, 1, 0]].tolist()
    for got in (x[i], x.gather(0, i), x.index_select(0, i), x.take(i), fb.take_along_dim(x, i, 0)):
        assert got.tolist() == chosen and got.dtype is x.dtype
    big = x > 2**15
    assert x[big].tolist() == x.masked_select(big).tolist() == a[a > 2**15].tolist()
    assert fb.where(big, x, 0).tolist() == np.where(a > 2**15, a, 0).tolist()
    assert fb.where(big, x, 0).dtype is fb.where(big, x, x).dtype is x.dtype
    assert x.masked_fill(big, 7).tolist() == np.where(a > 2**15, 7, a).tolist()
    assert x.nonzero().flatten().tolist() == np.flatnonzero(a).tolist()
    for write in (lambda: x.scatter(0, i[2:], x[:2]), lambda: x.index_copy(0, i[2:], x[:2]),
                  lambda: x.index_put((i[2:],), x[:2])):  # fmt: skip
        expected = a.copy()
        expected[[1, 0]] = a[:2]
        assert write().tolist() == expected.tolist()
    added = a.copy()
    np.add.at(added, [8, 1, 1, 0], a[:4])
    for add in (lambda: x.scatter_add(0, i, x[:4]), lambda: x.index_add(0, i, x[:4]),
                lambda: x.index_put((i,), x[:4], accumulate=True)):  # fmt: skip
        assert add().tolist() == added.tolist()
    assert fb.cat([x, x[:1]]).tolist() == [*a.tolist(), 5] and fb.stack([x, x]).shape == (2, 9)
    assert x.flip(0).tolist() == a[::-1].tolist() and x.roll(2).tolist() == np.roll(a, 2).tolist()


def test_unsigned_tensors_are_no_indices():
    """As in PyTorch; a 0-dim tensor is an int, and NumPy's arrays are taken."""
    x = fb.arange(4)
    for dtype in UNSIGNED:
        index = fb.tensor([1, 2], dtype=getattr(fb, dtype))
        with pytest.raises(IndexError, match=f"must be long, int, byte or bool tensors, not {dtype}"):
            x[index]
        with pytest.raises((RuntimeError, IndexError)):
            x.gather(0, index)
        assert x[index[0]].item() == 1 and x[index.numpy()].tolist() == [1, 2]


# ---- random numbers


@by_dtype
@pytest.mark.parametrize(
    "expression",
    [
        "T.randint(0, 60000, (40,), dtype=d)",
        "T.randint(5, 6, (3, 4), dtype=d)",
        "T.zeros(30, dtype=d).random_(7)",
        "T.zeros(30, dtype=d).random_(3, 2**16)",
        "T.zeros(3, dtype=d).random_(2**16 + 1)",
        "T.zeros(30, dtype=d).random_(0, 2**32)",
        "T.zeros(30, dtype=d).random_(2**62, 2**63 - 1)",
        "T.zeros(3, dtype=d).random_(-1, 5)",
        "T.randint_like(T.zeros(5, dtype=d), 9)",
    ],
)
def test_random_numbers_are_torchs(torch, dtype, expression):
    for lib in (fb, torch):
        lib.manual_seed(3)
    same(expression.replace("=d", f"=T.{dtype}"))


@by_dtype
def test_random_without_bounds_takes_every_value(dtype):
    fb.manual_seed(0)
    x = fb.zeros(4000, dtype=getattr(fb, dtype)).random_()
    top = 2 ** (8 * x.itemsize)
    values = np.array(x.tolist(), dtype=float) / top
    assert values.min() < 0.01 and values.max() > 0.99 and abs(values.mean() - 0.5) < 0.02
    assert sorted(fb.randperm(6, dtype=x.dtype).tolist()) == [0, 1, 2, 3, 4, 5]
    assert set(fb.zeros(50, dtype=x.dtype).bernoulli_(0.5).tolist()) == {0, 1}


# ---- others


@by_dtype
def test_gradients_pass_by(dtype):
    x = fb.tensor([1, 2], dtype=getattr(fb, dtype))
    w = fb.tensor([0.5, 2.0], requires_grad=True)
    (w * x).sum().backward()
    assert w.grad.tolist() == [1.0, 2.0] and not (x * x).requires_grad


@by_dtype
def test_what_is_not_defined_for_ints_is_refused(dtype):
    x = fb.tensor([1, 2], dtype=getattr(fb, dtype))
    for call in (x.mean, x.std, x.normal_, x.uniform_, x.requires_grad_, lambda: x.histc(4), lambda: x.softmax(0),
                 lambda: fb.lerp(x, x, 0.5), lambda: fb.gradient(x), lambda: fb.nn.functional.hardtanh(x)):  # fmt: skip
        with pytest.raises(RuntimeError):
            call()
    assert x.tolist() == [1, 2] and x._version == 0
    with pytest.raises(RuntimeError, match="non-negative"):
        fb.tensor([2**64 - 1], dtype=fb.uint64).bincount()
    assert x.bincount().tolist() == [0, 1, 1]
