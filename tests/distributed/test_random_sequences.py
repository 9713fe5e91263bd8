"""Random sequences of collectives: what one leaves in shared memory does not meet the next."""

import random

import pytest

import flambeau as fb
from flambeau import distributed as dist
from flambeau.distributed.backends import shared_memory
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def values(rank, count, salt):
    return (fb.arange(count) * (salt + 3) + rank * 5 + salt) % 11


def all_reduce(rank, size, count, salt, root, wait):
    x = values(rank, count, salt)
    wait(dist.all_reduce(x, async_op=salt % 2 == 0))
    return lambda: x.equal(sum(values(r, count, salt) for r in range(size)))


def reduce(rank, size, count, salt, root, wait):
    x = values(rank, count, salt)
    wait(dist.reduce(x, root, async_op=salt % 2 == 0))
    return lambda: rank != root or x.equal(sum(values(r, count, salt) for r in range(size)))


def broadcast(rank, size, count, salt, root, wait):
    x = values(rank, count, salt)
    wait(dist.broadcast(x, root, async_op=salt % 2 == 0))
    return lambda: x.equal(values(root, count, salt))


def all_gather(rank, size, count, salt, root, wait):
    outs = [fb.zeros(count, dtype=fb.int64) for _ in range(size)]
    wait(dist.all_gather(outs, values(rank, count, salt), async_op=salt % 2 == 0))
    return lambda: all(o.equal(values(r, count, salt)) for r, o in enumerate(outs))


def gather(rank, size, count, salt, root, wait):
    outs = [fb.zeros(count, dtype=fb.int64) for _ in range(size)] if rank == root else None
    wait(dist.gather(values(rank, count, salt), outs, root, async_op=salt % 2 == 0))
    return lambda: rank != root or all(o.equal(values(r, count, salt)) for r, o in enumerate(outs))


def scatter(rank, size, count, salt, root, wait):
    parts = [values(r, count, salt) for r in range(size)] if rank == root else None
    x = fb.zeros(count, dtype=fb.int64)
    wait(dist.scatter(x, parts, root, async_op=salt % 2 == 0))
    return lambda: x.equal(values(rank, count, salt))


def reduce_scatter(rank, size, count, salt, root, wait):
    x = fb.zeros(count, dtype=fb.int64)
    wait(dist.reduce_scatter(x, [values(rank + r, count, salt) for r in range(size)], async_op=salt % 2 == 0))
    return lambda: x.equal(sum(values(rank + r, count, salt) for r in range(size)))


def all_to_all(rank, size, count, salt, root, wait):
    outs = [fb.zeros(count + r, dtype=fb.int64) for r in range(size)]
    wait(dist.all_to_all(outs, [values(r, count + rank, salt) for r in range(size)], async_op=salt % 2 == 0))
    return lambda: all(o.equal(values(rank, count + r, salt)) for r, o in enumerate(outs))


def barrier(rank, size, count, salt, root, wait):
    wait(dist.barrier(async_op=salt % 2 == 0))
    return lambda: True


CALLS = [all_reduce, reduce, broadcast, all_gather, gather, scatter, reduce_scatter, all_to_all, barrier]


def sequence(rank, size, seed):
    draw = random.Random(seed)
    mine = random.Random(seed * 100 + rank)
    pending = []

    def wait(work):
        if work is not None:
            pending.append(work)

    for step in range(60):
        call, count, root = draw.choice(CALLS), draw.choice([0, 1, 5, 700, 3000]), draw.randrange(size)
        check = call(rank, size, count, step, root, wait)
        if step % 2 or mine.random() < 0.5:  # else it is in the background while the next one begins
            for work in pending:
                work.wait()
            pending.clear()
            assert check(), (step, call.__name__, count, root)


@pytest.mark.parametrize("shared", [True, False], ids=["memory", "sockets"])
@pytest.mark.parametrize("size, seed", [(2, 1), (3, 2), (4, 3)])
def test_sequences(size, seed, shared, monkeypatch):
    monkeypatch.setattr(shared_memory, "SLOT", 4096)  # small: many rounds
    monkeypatch.setattr(shared_memory, "SMALL", 256)
    run(sequence, size, size, seed, shared=shared)
