"""Collectives against what NumPy computes from the tensors of all processes, through shared memory and sockets."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import distributed as dist
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")

BOTH = pytest.mark.parametrize("shared", [True, False], ids=["memory", "sockets"])
SIZES = pytest.mark.parametrize("size", [2, 3, 4])
INTS = [fb.uint8, fb.int8, fb.int16, fb.int32, fb.int64]
FLOATS = [fb.float16, fb.bfloat16, fb.float32, fb.float64]


def values(rank, shape, dtype=fb.float32):
    """Numbers from 1 to 8 that differ from rank to rank."""
    count = int(np.prod(shape))
    return ((fb.arange(count) * 7 + rank * 3) % 8 + 1).reshape(shape).to(dtype)


def reduced(size, shape, dtype, ufunc):
    return ufunc.reduce([values(r, shape, fb.float64).numpy() for r in range(size)])


# ---- all_reduce


def all_ops(rank, size):
    for dtype in (*INTS, *FLOATS):
        for name, ufunc in (
            ("SUM", np.add),
            ("PRODUCT", np.multiply),
            ("MIN", np.minimum),
            ("MAX", np.maximum),
        ):
            x = values(rank, (5, 3), dtype)
            if name == "PRODUCT" and dtype in (fb.uint8, fb.int8):
                x.clamp_(max=3)
                want = np.multiply.reduce([values(r, (5, 3)).clamp(max=3).numpy() for r in range(size)])
            else:
                want = reduced(size, (5, 3), dtype, ufunc)
            assert dist.all_reduce(x, getattr(dist.ReduceOp, name)) is None
            assert x.dtype is dtype
            tolerance = 0.01 if dtype is fb.bfloat16 else 0
            np.testing.assert_allclose(x.double().numpy(), want, rtol=tolerance, err_msg=f"{dtype} {name}")


@SIZES
@BOTH
def test_all_reduce_of_all_dtypes(size, shared):
    run(all_ops, size, size, shared=shared)


def large(rank, size):
    """Several chunks, the last one not full, of a size that the processes cannot divide."""
    x = values(rank, (1_300_001,))
    dist.all_reduce(x)
    np.testing.assert_array_equal(x.numpy(), reduced(size, (1_300_001,), fb.float32, np.add))
    y = fb.ones(1_300_001, dtype=fb.float64) * rank
    dist.all_reduce(y, dist.ReduceOp.AVG)
    np.testing.assert_allclose(y.numpy(), (size - 1) / 2)


@SIZES
@BOTH
def test_all_reduce_in_chunks(size, shared):
    run(large, size, size, shared=shared)


def same_bits(rank, count):
    fb.manual_seed(rank)
    x = fb.randn(count)
    for _ in range(2):
        y = x.clone()
        dist.all_reduce(y)
    return y.numpy().tobytes()


@BOTH
@pytest.mark.parametrize("count", [1, 1000, 300_000])
def test_all_have_the_same_bits(count, shared):
    assert len(set(run(same_bits, 3, count, shared=shared))) == 1


def bits(rank):
    x = fb.tensor([True, False, rank == 0])
    expected = {"SUM": [True, False, True], "PRODUCT": [True, False, False], "MAX": [True, False, True],
                "MIN": [True, False, False], "BAND": [True, False, False], "BOR": [True, False, True],
                "BXOR": [False, False, True]}  # fmt: skip
    for name, want in expected.items():
        y = x.clone()
        dist.all_reduce(y, getattr(dist.ReduceOp, name))
        assert y.tolist() == want, name
    z = fb.tensor([0b1100 if rank else 0b1010])
    for name, want in {"BAND": 0b1000, "BOR": 0b1110, "BXOR": 0b0110}.items():
        y = z.clone()
        dist.all_reduce(y, getattr(dist.ReduceOp, name))
        assert y.item() == want, name


@BOTH
def test_bools_and_bits(shared):
    run(bits, 2, shared=shared)


def layouts(rank):
    x = values(rank, (4, 6))
    base = x.clone()
    turned = base.t()  # not in one piece
    dist.all_reduce(turned)
    np.testing.assert_array_equal(base.numpy(), reduced(2, (4, 6), fb.float32, np.add))
    dist.all_reduce(x[1:3])  # a part of a tensor
    want = values(rank, (4, 6)).numpy()
    want[1:3] = reduced(2, (4, 6), fb.float32, np.add)[1:3]
    np.testing.assert_array_equal(x.numpy(), want)
    scalar, empty = fb.tensor(float(rank)), fb.empty(0)
    dist.all_reduce(scalar)
    dist.all_reduce(empty)
    assert scalar.item() == 1 and empty.shape == (0,)
    z = fb.tensor([1 + 2j, 3j]) * (rank + 1)
    dist.all_reduce(z)
    assert z.tolist() == [3 + 6j, 9j]


@BOTH
def test_layouts_views_scalars_and_complex_numbers(shared):
    run(layouts, 2, shared=shared)


def half_rounds_once(rank):
    """1 + 3 * 2^-12: each addition in half precision would lose the small number."""
    x = fb.tensor([1.0 if rank == 0 else 2.0**-11 * 0.75], dtype=fb.float16)
    dist.all_reduce(x)
    return x.item()


def test_half_precision_is_rounded_once():
    assert run(half_rounds_once, 4) == [float(np.float16(1 + 3 * 0.75 * 2.0**-11))] * 4


def versions(rank):
    w = fb.ones(2, requires_grad=True)
    y = w * 1
    z = y * y
    dist.all_reduce(y.detach())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_autograd_sees_the_change():
    run(versions)


# ---- the others


def one_to_all(rank, size):
    for count in (1, 7, 400_000):
        for root in range(size):
            x = values(rank, (count,), fb.int32)
            dist.broadcast(x, root)
            assert x.equal(values(root, (count,), fb.int32))
            y = values(rank, (count,))
            dist.reduce(y, root, dist.ReduceOp.SUM)
            want = reduced(size, (count,), None, np.add) if rank == root else values(rank, (count,)).numpy()
            np.testing.assert_array_equal(y.numpy(), want)
            outs = [fb.zeros(count) for _ in range(size)] if rank == root else None
            dist.gather(values(rank, (count,)), outs, root)
            assert rank != root or all(o.equal(values(r, (count,))) for r, o in enumerate(outs))
            parts = [values(r + root, (count,)) for r in range(size)] if rank == root else None
            part = fb.zeros(count)
            dist.scatter(part, parts, src=root)
            assert part.equal(values(rank + root, (count,)))


@SIZES
@BOTH
def test_broadcast_reduce_gather_scatter(size, shared):
    run(one_to_all, size, size, shared=shared)


def all_to_all(rank, size):
    for count in (1, 7, 400_000):
        outs = [fb.zeros(count) for _ in range(size)]
        dist.all_gather(outs, values(rank, (count,)))
        assert all(o.equal(values(r, (count,))) for r, o in enumerate(outs))
        flat = fb.zeros(size, count)
        dist.all_gather_into_tensor(flat, values(rank, (count,)))
        assert flat.equal(fb.stack(outs))

        parts = [values(rank + 2 * r, (count,)) for r in range(size)]
        want = sum(values(r + 2 * rank, (count,)) for r in range(size))
        out = fb.zeros(count)
        dist.reduce_scatter(out, parts)
        assert out.equal(want)
        out = fb.zeros(count)
        dist.reduce_scatter_tensor(out, fb.cat(parts), dist.ReduceOp.SUM)
        assert out.equal(want)

        outs = [fb.zeros(count) for _ in range(size)]
        dist.all_to_all(outs, parts)
        assert all(o.equal(values(r + 2 * rank, (count,))) for r, o in enumerate(outs))
        single = fb.zeros(size * count)
        dist.all_to_all_single(single, fb.cat(parts))
        assert single.equal(fb.cat(outs))


@SIZES
@BOTH
def test_all_gather_reduce_scatter_all_to_all(size, shared):
    run(all_to_all, size, size, shared=shared)


def uneven(rank):
    outs = [fb.zeros(r + 1, 2) for r in range(3)]
    dist.all_gather(outs, fb.full((rank + 1, 2), float(rank)))
    assert [o.mean().item() for o in outs] == [0, 1, 2]
    # rank r sends r + 1 rows to rank 0, none to 1, and one to 2
    sends = [rank + 1, 0, 1]
    gets = {0: [1, 2, 3], 1: [0, 0, 0], 2: [1, 1, 1]}[rank]
    out = fb.full((sum(gets), 2), -1.0)
    dist.all_to_all_single(out, fb.full((rank + 2, 2), float(rank)), gets, sends)
    assert out[:, 0].tolist() == {0: [0, 1, 1, 2, 2, 2], 1: [], 2: [0, 1, 2]}[rank]


@BOTH
def test_different_sizes(shared):
    run(uneven, 3, shared=shared)


def several(rank):
    xs = [fb.ones(3) * rank, fb.ones(2, 2)]
    dist.all_reduce_coalesced(xs)
    assert xs[0].tolist() == [1, 1, 1] and xs[1].tolist() == [[2, 2], [2, 2]]
    outs = [[fb.zeros(1), fb.zeros(2)] for _ in range(2)]
    dist.all_gather_coalesced(outs, [fb.ones(1) * rank, fb.ones(2) * 5 * rank])
    assert [[o.tolist() for o in some] for some in outs] == [[[0], [0, 0]], [[1], [5, 5]]]


def test_coalesced():
    run(several)


def in_place(rank):
    whole = fb.arange(4.0) + rank
    dist.reduce_scatter_tensor(whole[2 * rank : 2 * rank + 2], whole)
    assert whole[2 * rank : 2 * rank + 2].tolist() == [[1, 3], [5, 7]][rank]
    out = fb.zeros(4)
    out[2 * rank : 2 * rank + 2] = rank + 1
    dist.all_gather_into_tensor(out, out[2 * rank : 2 * rank + 2])
    assert out.tolist() == [1, 1, 2, 2]


@BOTH
def test_results_in_the_memory_of_inputs(shared):
    run(in_place, 2, shared=shared)


# ---- works in the background


def background(rank):
    xs = [fb.full((200_000,), float(rank + i)) for i in range(5)]
    works = [dist.all_reduce(x, async_op=True) for x in xs]
    y = fb.ones(1)
    dist.all_reduce(y)  # after them
    assert y.item() == 2
    for i, (work, x) in enumerate(zip(works, xs, strict=True)):
        assert work.wait() is True and work.is_completed() and work.is_success() and work.exception() is None
        assert work.result()[0] is x and x[0].item() == x[-1].item() == 2 * i + 1
    future = dist.broadcast(xs[0], 0, async_op=True).get_future()
    assert future.then(lambda f: len(f.value())).wait() == (0 if rank == 0 else 1)


@BOTH
def test_async_op(shared):
    run(background, 2, shared=shared)
