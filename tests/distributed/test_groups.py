"""init_process_group, groups of some processes, and the errors of both."""

import datetime
import os
import socket
import subprocess
import sys

import pytest

import flambeau as fb
from flambeau import distributed as dist
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


@pytest.fixture
def alone(tmp_path):
    """A run of this process only."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_one_process(alone):
    assert dist.is_initialized() and dist.get_rank() == 0 and dist.get_world_size() == 1
    assert dist.get_backend() == "gloo" and dist.get_backend_config() == "cpu:gloo,cuda:gloo"
    x = fb.ones(3)
    dist.all_reduce(x, dist.ReduceOp.AVG)
    dist.broadcast(x, 0)
    outs = [fb.zeros(3)]
    dist.all_gather(outs, x)
    dist.reduce_scatter(x, outs)
    dist.all_to_all(outs, [x])
    dist.barrier()
    dist.monitored_barrier()
    out = [None]
    dist.all_gather_object(out, "a")
    assert x.tolist() == outs[0].tolist() == [1, 1, 1] and out == ["a"]
    with pytest.raises(ValueError, match="twice"):
        dist.init_process_group("gloo")


def test_environment(monkeypatch):
    for name, value in {"RANK": 0, "WORLD_SIZE": 1, "MASTER_ADDR": "localhost", "MASTER_PORT": 0}.items():
        monkeypatch.setenv(name, str(value))
    dist.init_process_group()
    assert dist.group.WORLD is dist.GroupMember.WORLD is not None
    dist.destroy_process_group()
    assert dist.group.WORLD is None
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        with monkeypatch.context() as without:
            without.delenv(name)
            with pytest.raises(ValueError, match=f"environment variable {name} expected, but not set"):
                dist.init_process_group("gloo")


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"backend": "nccl"}, ValueError, "ProcessGroupNCCL is only supported with GPUs"),
        ({"backend": "smoke"}, ValueError, "Invalid backend: 'smoke'"),
        ({"init_method": "tcp://127.0.0.1:1"}, ValueError, "rank parameter missing"),
        ({"init_method": "tcp://127.0.0.1:1", "rank": 0}, ValueError, "world size parameter missing"),
        ({"init_method": "tcp://127.0.0.1", "rank": 0, "world_size": 1}, ValueError, "port number missing"),
        ({"init_method": "tcp://224.1.1.1:1", "rank": 0, "world_size": 1}, ValueError, "multicast"),
        ({"init_method": "tcp://127.0.0.1:1", "rank": 2, "world_size": 2}, ValueError, "rank must be below world_size"),
        ({"init_method": "file://", "rank": 0, "world_size": 1}, ValueError, "path missing"),
        ({"init_method": "udp://x"}, RuntimeError, "No rendezvous handler for udp://"),
        ({"store": dist.HashStore()}, ValueError, "a store needs rank and world_size"),
        ({"store": dist.HashStore(), "init_method": "env://"}, ValueError, "init_method or store, not both"),
        ({"timeout": 3}, TypeError, "Expected timeout argument to be of type datetime.timedelta"),
    ],
)
def test_wrong_arguments(options, error, message):
    with pytest.raises(error, match=message):
        dist.init_process_group(**options)
    assert not dist.is_initialized()


def test_before_a_run():
    x = fb.ones(1)
    for call in (dist.get_rank, dist.get_world_size, dist.barrier, dist.new_group, lambda: dist.all_reduce(x),
                 lambda: dist.send(x, 1), dist.destroy_process_group):  # fmt: skip
        with pytest.raises(ValueError, match="Default process group has not been initialized"):
            call()
    assert dist.is_available() and dist.is_gloo_available() and not dist.is_nccl_available()
    assert dist.is_backend_available("gloo") and not dist.is_backend_available("nccl")


def test_backends_by_device(tmp_path):
    dist.init_process_group("cpu:gloo,cuda:nccl", init_method=f"file://{tmp_path}/s?rank=0&world_size=1")
    assert dist.get_backend() == dist.Backend.GLOO == dist.Backend("GLOO")
    dist.destroy_process_group()


def test_who_does_not_come_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(dist.DistError, match=r"rank \[1\] did not connect to rank 0"):
        dist.init_process_group(init_method=f"tcp://127.0.0.1:{port}", rank=0, world_size=2,
                                timeout=datetime.timedelta(seconds=0.3))  # fmt: skip
    with pytest.raises(dist.DistNetworkError, match="client socket has timed out"):
        dist.init_process_group(init_method=f"tcp://127.0.0.1:{port}", rank=1, world_size=2,
                                timeout=datetime.timedelta(seconds=0.3))  # fmt: skip
    assert not dist.is_initialized()


def test_a_port_that_is_taken_is_an_error_at_once(monkeypatch):
    with socket.create_server(("", 0)) as taken:
        for name, value in {"RANK": 0, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1"}.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.setenv("MASTER_PORT", str(taken.getsockname()[1]))
        with pytest.raises(dist.DistNetworkError, match="Address already in use"):
            dist.init_process_group("gloo")


def with_store(rank):
    store = dist.TCPStore("127.0.0.1", int(os.environ["PORT"]), 2, rank == 0)
    dist.destroy_process_group()
    dist.init_process_group(store=dist.PrefixStore("a", store), rank=rank, world_size=2)
    x = fb.ones(1)
    dist.all_reduce(x)
    dist.destroy_process_group()
    store.set(f"done{rank}", "")  # it is still there
    store.wait(["done0", "done1"])
    dist.init_process_group("gloo", store=dist.PrefixStore("b", store), rank=1 - rank, world_size=2)
    assert x.item() == 2 and dist.get_rank() == 1 - rank
    dist.barrier()


def test_a_store_of_the_callers(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        monkeypatch.setenv("PORT", str(probe.getsockname()[1]))
    run(with_store)


def groups(rank):
    even, odd = dist.new_group([0, 2]), dist.new_group([1, 3])
    mine, other = (even, odd) if rank % 2 == 0 else (odd, even)
    assert other == dist.GroupMember.NON_GROUP_MEMBER and dist.get_rank(other) == dist.get_world_size(other) == -1
    assert mine.rank() == dist.get_rank(mine) == rank // 2 and mine.size() == dist.get_world_size(mine) == 2
    assert dist.get_process_group_ranks(mine) == [rank % 2, rank % 2 + 2]
    assert dist.get_group_rank(mine, rank) == rank // 2 and dist.get_global_rank(mine, 1) == rank % 2 + 2
    x = fb.tensor([rank])
    dist.all_reduce(x, group=mine)
    assert x.item() == [2, 4][rank % 2]
    with pytest.warns(UserWarning, match=f"Running all_reduce on global rank {rank} which does not belong"):
        assert dist.all_reduce(x, group=other) is None
    dist.broadcast(x, src=rank % 2 + 2, group=mine)
    dist.broadcast(x, group=mine, group_src=0)
    with pytest.raises(ValueError, match="is not part of group"):
        dist.broadcast(x, src=1 - rank % 2, group=mine)
    with pytest.raises(ValueError, match="Must specify src or group_src"):
        dist.broadcast(x)
    dist.destroy_process_group(mine)
    with pytest.raises(ValueError, match="it was destroyed"):
        dist.all_reduce(x, group=mine)
    whole = dist.new_group(timeout=datetime.timedelta(seconds=9))
    dist.all_reduce(x, group=whole)
    if rank < 2:
        local = dist.new_group([0, 1], use_local_synchronization=True)
        dist.barrier(local)
    pair, pairs = dist.new_subgroups(2)
    assert dist.get_process_group_ranks(pair) == [rank // 2 * 2, rank // 2 * 2 + 1] and len(pairs) == 2
    assert dist.get_pg_count() == (4 if rank < 2 else 3)
    with pytest.raises(ValueError, match="should be within the world_size"):
        dist.new_group([0, 9])
    with pytest.raises(ValueError, match="must be different ones"):
        dist.new_group([0, 0])
    with pytest.raises(TypeError, match="Invalid group"):
        dist.all_reduce(x, group="all")


@pytest.mark.parametrize("shared", [True, False], ids=["memory", "sockets"])
def test_groups(shared):
    run(groups, 4, shared=shared)


def sizes(rank):
    x, xs = fb.zeros(2), [fb.zeros(2)] * 2
    wrong = [
        (lambda: dist.all_gather(xs[:1], x), "must have a tensor for each of the 2 processes, got 1"),
        (lambda: dist.all_gather([fb.zeros(3)] * 2, x), "as many elements as the input, 2, got 3"),
        (lambda: dist.all_gather(xs, x.long()), "different dtypes, found torch.float32 and torch.int64"),
        (lambda: dist.all_gather_into_tensor(x, x), "must be equal to world_size times input"),
        (lambda: dist.reduce_scatter_tensor(x, x), "output size times world size"),
        (lambda: dist.reduce_scatter(fb.zeros(1), xs), "as many elements as the output, 1, got 2"),
        (lambda: dist.all_reduce(x, op="sum"), "op must be a ReduceOp, got 'sum'"),
        (lambda: dist.all_reduce(x, dist.ReduceOp.BOR), "Cannot use ReduceOp.BOR with non-integral dtype"),
        (lambda: dist.all_reduce(x.long(), dist.ReduceOp.AVG), "AVG needs a float dtype, got int64"),
        (lambda: dist.all_reduce(x.to(fb.complex64), dist.ReduceOp.MAX), "does not support ReduceOp.MAX on complex"),
        (lambda: dist.all_reduce(3), "Expected parameter `tensor` of type torch.Tensor"),
        (lambda: dist.all_gather(x, x), "Expected parameter `tensor_list` of type List"),
        (lambda: dist.all_reduce(fb.eye(2).to_sparse()), "sparse"),
        (lambda: dist.all_to_all_single(fb.zeros(3), fb.zeros(3)), "does not divide equally across group size"),
        (lambda: dist.all_to_all_single(fb.zeros(3), fb.zeros(3), [1, 1], [2, 1]), "Split sizes doesn't match"),
        (lambda: dist.all_to_all_single(fb.zeros(3), fb.zeros(3), [3], [2, 1]), "Number of tensor splits"),
        (lambda: dist.gather(x) if rank == 0 else dist.gather(x, xs), "``gather_list`` must"),
        (lambda: dist.scatter(x) if rank == 0 else dist.scatter(x, xs), "``scatter_list`` must"),
    ]
    for call, message in wrong:
        with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
            call()
    dist.barrier()  # nothing of it reached the others


def test_errors_come_before_anything_is_sent():
    run(sizes)


def again(rank, folder):
    """A second run at once in the same processes, with another port of its own."""
    dist.destroy_process_group()
    assert not dist.is_initialized()
    for _ in range(3):
        os.environ.update(RANK=str(rank), WORLD_SIZE="3", MASTER_ADDR="127.0.0.1", MASTER_PORT=folder)
        dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=20))
        x = fb.ones(1)
        dist.all_reduce(x)
        assert x.item() == 3
        dist.destroy_process_group()


def test_one_run_after_the_other():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    run(again, 3, port)


def test_names_are_at_their_older_paths():
    from flambeau.distributed import distributed_c10d

    assert distributed_c10d.all_reduce is dist.all_reduce and distributed_c10d.ProcessGroup is dist.ProcessGroup
    assert dist.reduce_op.SUM is dist.ReduceOp.SUM and dist.GradBucket.__name__ == "GradBucket"
    with pytest.raises(ValueError, match="has not been initialized"):
        distributed_c10d._get_default_group()
    with pytest.raises(AttributeError):
        dist.no_such_name  # noqa: B018


def test_it_is_imported_on_first_use():
    script = (
        "import sys, flambeau as fb; fb.nn.BatchNorm1d(2)(fb.ones(2, 2)), fb.optim, fb.utils.data\n"
        "assert not [m for m in sys.modules if 'distributed' in m and m.split('.')[1] == 'distributed'], sys.modules\n"
        "assert fb.distributed.is_available() and not [m for m in sys.modules if 'mpi4py' in m]"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def sampled(rank):
    dataset = fb.utils.data.TensorDataset(fb.arange(10))
    sampler = fb.utils.data.DistributedSampler(dataset)
    assert (sampler.rank, sampler.num_replicas) == (rank, 2)
    return [x.item() for (batch,) in fb.utils.data.DataLoader(dataset, 2, sampler=sampler) for x in batch]


def test_each_process_samples_its_part():
    one, two = run(sampled)
    assert sorted(one + two) == list(range(10)) and len(one) == 5
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        fb.utils.data.DistributedSampler(range(3))
