"""Arrays of strange dtypes and layouts, operands that overlap, and sizes that no memory holds."""

import math

import numpy as np
import pytest

import flambeau as fb

from .compare import refuses


@pytest.mark.parametrize(
    "dtype",
    [
        "datetime64[s]",
        "timedelta64[s]",
        "S3",
        "U3",
        "O",
        "V4",
        "longdouble",
        "clongdouble",
        [("a", "f4")],
    ],
    ids=str,
)
def test_arrays_of_foreign_dtypes(dtype):
    array = np.zeros(3, dtype)
    x = fb.ones(3)
    for call in (
        lambda: fb.from_numpy(array),
        lambda: fb.as_tensor(array),
        lambda: x + array,
        lambda: array + x,
        lambda: x.add_(array),
        lambda: x.mul(array),
        lambda: fb.where(x > 0, x, array),
        lambda: x[array],
    ):
        refuses(call, x, error=(TypeError, IndexError))
    if np.dtype(dtype).kind not in "fc":
        refuses(lambda: fb.tensor(array), error=TypeError)
    else:
        assert np.dtype(dtype).kind == "c" or fb.tensor(array, dtype=fb.float32).tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "bfloat16", "complex64", "uint8"])
def test_overlapping_operands(dtype):
    dtype = getattr(fb, dtype)
    start = (fb.arange(40) % 5).to(dtype)

    def run(change):
        x = start.clone()
        expected = start.clone().numpy().copy()
        change(x, expected)
        assert x.tolist() == fb.from_numpy(expected).tolist()

    def add(x, e):
        x[1:].add_(x[:-1])
        e[1:] = e[1:] + e[:-1].copy()

    def add_back(x, e):
        x[:-1].add_(x[1:])
        e[:-1] = e[:-1] + e[1:].copy()

    def mul_reversed(x, e):
        x.mul_(x.flip(0))
        e[:] = e * e[::-1].copy()

    def copy_forward(x, e):
        x[3:].copy_(x[:-3])
        e[3:] = e[:-3].copy()

    def assign(x, e):
        x[1:] = x[:-1]
        e[1:] = e[:-1].copy()

    def transposed(x, e):
        square, s = x[:36].view(6, 6), e[:36].reshape(6, 6)
        square.add_(square.t())
        s[:] = s + s.T.copy()

    def transposed_copy(x, e):
        square, s = x[:36].view(6, 6), e[:36].reshape(6, 6)
        square.copy_(square.t())
        s[:] = s.T.copy()

    def row(x, e):
        square, s = x[:36].view(6, 6), e[:36].reshape(6, 6)
        square.add_(square[0])
        s[:] = s + s[0].copy()

    def out(x, e):
        fb.add(x[:-1], x[1:], out=x[1:])
        e[1:] = e[:-1] + e[1:]

    def indexed(x, e):
        x[fb.arange(1, 40)] = x[:-1]
        e[1:] = e[:-1].copy()

    for change in (
        add,
        add_back,
        mul_reversed,
        copy_forward,
        assign,
        transposed,
        transposed_copy,
        row,
        out,
        indexed,
    ):
        run(change)


def test_written_elements_that_share_memory():
    base = fb.arange(3.0)
    spread = base.expand(2, 3)
    folded = base.as_strided((2, 2), (1, 1))
    for call in (
        lambda: spread.add_(1),
        lambda: spread.zero_(),
        lambda: spread.fill_(1),
        lambda: spread.copy_(fb.ones(2, 3)),
        lambda: spread.exp_(),
        lambda: spread.__setitem__(slice(None), 1.0),
        lambda: fb.exp(fb.ones(2, 3), out=spread),
        lambda: spread.mul_(fb.ones(3)),
        lambda: spread.uniform_(),
        lambda: spread.masked_fill_(spread > 0, 1.0),
        lambda: spread.index_fill_(0, fb.tensor([0]), 1.0),
    ):
        refuses(call, base, spread, error=RuntimeError, match="single memory location")
    assert folded.tolist() == [[0, 1], [1, 2]] and (folded + 1).tolist() == [[1, 2], [2, 3]]


def test_negative_strides_and_misaligned_memory():
    a = np.arange(12.0, dtype="f4")
    x = fb.from_numpy(a[::-1])
    assert (x + x).tolist() == (a[::-1] * 2).tolist() and x.exp().allclose(fb.tensor(np.exp(a[::-1].copy())))
    x.add_(1)
    assert a.tolist() == [v + 1 for v in range(12)]
    x[::2].zero_()
    assert a[1] == 13 - 11 or a[-1] == 0
    assert fb.from_numpy(a.reshape(3, 4)[::-1, ::-1]).sum(0).shape == (4,)
    raw = np.zeros(4 * 6 + 1, np.uint8)
    odd = fb.frombuffer(raw, dtype=fb.float32, offset=1)
    other = fb.ones(6)
    assert (odd + other).tolist() == (other + odd).tolist() == [1] * 6 and (
        odd.view(2, 3) + other.view(2, 3)[:1]
    ).tolist() == [[1] * 3] * 2
    odd.add_(other)
    odd.exp_()
    odd[1:].mul_(other[1:])
    assert odd.sum().item() == pytest.approx(6 * math.e)
    assert (odd.view(2, 3).t() @ other.view(2, 3)).shape == (3, 3) and odd.softmax(0).shape == (6,)


def test_limits_of_shape():
    most = fb.ones((1,) * 64)
    assert most.ndim == 64 and (most + 1).item() == 2 and most.sum().item() == 1
    for call in (
        lambda: fb.ones((1,) * 65),
        lambda: most.unsqueeze(0),
        lambda: most[None],
        lambda: fb.stack([most, most]),
        lambda: most.expand(2, *(1,) * 64),
        lambda: most.reshape((1,) * 65),
        lambda: most.view((1,) * 65),
        lambda: fb.ones(1).expand((1,) * 65),
        lambda: fb.ones(1).as_strided((1,) * 65, (0,) * 65),
        lambda: fb.tensor(np.ones(1))[(None,) * 64],
        lambda: fb.ones(2).repeat((1,) * 65),
        lambda: fb.ones((1,) * 40)[(None,) * 30],
    ):
        refuses(call, most)
    one = fb.ones(1)
    for call in (
        lambda: fb.zeros(2**40, 2**40),
        lambda: fb.zeros(2**62),
        lambda: fb.zeros(2**31, 2**31),
        lambda: fb.rand(2**50),
        lambda: one.expand(2**40).add(1),
        lambda: one.expand(2**40, 1) + one.expand(1, 2**40),
        lambda: one.expand(2**40, 2**40),
        lambda: fb.arange(2**60),
        lambda: fb.eye(2**35),
        lambda: one.repeat(2**50),
        lambda: fb.ones(2**20, 1) @ fb.ones(1, 2**40).expand(1, 2**40),
        lambda: fb.cat([one.expand(2**45)] * 2),
        lambda: one.expand(2**45).clone(),
        lambda: one.expand(2**45).to(fb.float64),
        lambda: one.expand(2**45).contiguous(),
        lambda: fb.empty(2**55).exp(),
        lambda: one.resize_(2**50),
        lambda: fb.linspace(0, 1, 2**50),
        lambda: one.as_strided((2**62,), (2**62,)),
        lambda: one.as_strided((2,), (2**62,)),
        lambda: one.as_strided((2,), (1,)),
        lambda: one.as_strided((1,), (1,), 5),
        lambda: one.as_strided((1,), (1,), -1),
        lambda: one.as_strided((2**33, 2**33), (2**33, 1)),
    ):
        refuses(call, one, error=(RuntimeError, ValueError, OverflowError))
