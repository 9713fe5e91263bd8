"""send, recv and their relatives; objects."""

import datetime

import pytest

import flambeau as fb
from flambeau import distributed as dist
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def there_and_back(rank):
    for count in (0, 1, 1000, 2_000_000):
        x = fb.arange(float(count))
        if rank == 0:
            dist.send(x, 1)
            assert dist.recv(x, 1) == 1
            assert x.equal(2 * fb.arange(float(count)))
        else:
            y = fb.empty(count)
            assert dist.recv(y, src=0) == 0 and y.equal(x)
            dist.send(y * 2, dst=0)


def test_send_and_recv():
    run(there_and_back)


def both_ways(rank):
    """Both send much before either receives."""
    x = fb.full((3_000_000,), float(rank))
    dist.send(x, 1 - rank)
    dist.recv(x, 1 - rank)
    assert x[0] == x[-1] == 1 - rank


def test_large_messages_both_ways():
    run(both_ways)


def tags(rank):
    if rank == 0:
        for tag in (5, 6, 5):
            dist.send(fb.tensor([tag * 10.0 + (tag == 5)]), 1, tag=tag)
        dist.send(fb.tensor([1.0]), 1)
        dist.send(fb.tensor([2.0]), 1)
    else:
        x = fb.zeros(1)
        got = []
        for tag in (6, 5, 5, 0, 0):
            dist.recv(x, 0, tag=tag)
            got.append(x.item())
        assert got == [60, 51, 51, 1, 2]


def test_tags_are_apart_and_in_order():
    run(tags)


def from_any(rank):
    if rank:
        dist.send(fb.tensor([rank]), 0)
        return
    x, seen = fb.tensor([0]), set()
    for _ in range(2):
        source = dist.recv(x)
        assert x.item() == source
        seen.add(source)
    assert seen == {1, 2}


def test_from_any_source():
    run(from_any, 3)


def in_background(rank):
    x, y = fb.zeros(4, 4), fb.full((4, 4), float(rank))
    work = dist.irecv(x.t(), 1 - rank)  # not in one piece
    sent = dist.isend(y[:, ::1], 1 - rank)
    assert work.wait() and sent.wait() and work.is_completed() and sent.is_success()
    assert work.source_rank() == 1 - rank and x.equal(fb.full((4, 4), 1.0 - rank))
    ops = [dist.P2POp(dist.isend, y, 1 - rank), dist.P2POp(dist.irecv, x, 1 - rank)]
    assert "isend" in repr(ops[0])
    for work in dist.batch_isend_irecv(ops):
        work.wait()
    assert x.equal(fb.full((4, 4), 1.0 - rank))


def test_isend_irecv_and_batches():
    run(in_background)


def in_a_group(rank):
    group = dist.new_group([2, 1])
    x = fb.tensor([rank])
    if rank == 1:
        dist.send(x, 2, group)
        dist.send(x, group=group, group_dst=1)
    elif rank == 2:
        y = fb.tensor([0])
        assert dist.recv(y, group=group, group_src=0) == 1 and y.item() == 1
        assert dist.recv(y, 1, group) == 1


def test_ranks_in_a_group():
    run(in_a_group, 3)


def errors(rank):
    x = fb.zeros(2)
    with pytest.raises(ValueError, match="destination rank should not be the same"):
        dist.send(x, rank)
    with pytest.raises(ValueError, match="source rank should not be the same"):
        dist.recv(x, rank)
    with pytest.raises(ValueError, match="Must specify dst or group_dst"):
        dist.send(x)
    with pytest.raises(ValueError, match="Can't specify both group_dst and dst"):
        dist.send(x, 1 - rank, group_dst=1 - rank)
    with pytest.raises(ValueError, match="Global rank 7 is not part of group"):
        dist.send(x, 7)
    with pytest.raises(ValueError, match="a tag must be a number from 0 on"):
        dist.send(x, 1 - rank, tag=-1)
    with pytest.raises(TypeError, match="Expected parameter `tensor` of type torch.Tensor"):
        dist.send([1], 1 - rank)
    with pytest.raises(ValueError, match="Invalid ``op``"):
        dist.P2POp(dist.send, x, 1 - rank)
    with pytest.raises(ValueError, match="Invalid ``p2p_op_list``"):
        dist.batch_isend_irecv([])
    if rank == 0:
        dist.send(fb.zeros(3), 1)
    else:
        with pytest.raises(dist.DistBackendError, match="recv: rank 0 sent 12 bytes, but the tensor has 8"):
            dist.recv(x, 0)
        work = dist.irecv(x, 0, tag=9)
        assert not work.is_completed()
        with pytest.raises(dist.DistBackendError, match=r"recv: nothing came from rank 0 within 0\.05 seconds"):
            work.wait(datetime.timedelta(seconds=0.05))
        assert work.is_completed() and not work.is_success() and "rank 0" in str(work.exception())
    dist.barrier()


def test_errors():
    run(errors)


def objects(rank):
    value = {"rank": rank, "x": fb.ones(2) * rank, "text": "a" * rank * 1000}
    every = [None] * 3
    dist.all_gather_object(every, value)
    assert [v["rank"] for v in every] == [0, 1, 2] and every[2]["x"].tolist() == [2, 2]
    assert len(every[1]["text"]) == 1000
    some = [value, rank] if rank == 1 else [None, None]
    dist.broadcast_object_list(some, src=1)
    assert some[0]["rank"] == some[1] == 1
    gathered = [None] * 3 if rank == 2 else None
    dist.gather_object(value, gathered, dst=2)
    assert rank != 2 or [v["rank"] for v in gathered] == [0, 1, 2]
    out = [None]
    dist.scatter_object_list(out, ["a", ["b"], 3] if rank == 0 else None, src=0)
    assert out == [["a"], [["b"]], [3]][rank]
    if rank == 0:
        dist.send_object_list([1, "two"], dst=2)
    elif rank == 2:
        got = [None, None]
        assert dist.recv_object_list(got) == 0 and got == [1, "two"]


@pytest.mark.parametrize("shared", [True, False], ids=["memory", "sockets"])
def test_objects(shared):
    run(objects, 3, shared=shared)


def object_errors(rank):
    if rank == 0:
        with pytest.raises(ValueError, match="must be specified on destination rank"):
            dist.gather_object(1)
        with pytest.raises(ValueError, match="the source needs an object for each of 2 processes"):
            dist.scatter_object_list([None], [1])
    else:
        with pytest.raises(ValueError, match="must NOT be specified on non-destination ranks"):
            dist.gather_object(1, [None, None])
    with pytest.raises(ValueError, match="list of size at least 1"):
        dist.scatter_object_list([])


def test_errors_of_objects():
    run(object_errors)


def sending_and_leaving(rank):
    """What was sent arrives, although the sender leaves at once and has messages that it did not take."""
    count = 6_000_000
    if rank == 0:
        dist.send(fb.arange(count), 1)
        dist.destroy_process_group()
        return
    for _ in range(20):
        try:
            dist.send(fb.ones(1000), 0)
        except dist.DistBackendError:
            break
    x = fb.zeros(count, dtype=fb.int64)
    dist.recv(x, 0)
    assert x[-1] == count - 1 and x[0] == 0


def test_a_sender_may_leave_at_once():
    run(sending_and_leaving)
