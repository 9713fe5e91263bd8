"""Tensors through queues, pipes, pools and arguments of processes, as handles to shared memory."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

import flambeau as fb
from flambeau import multiprocessing as mp
from flambeau import nn
from tests.limits import descriptors, is_running, named_memory, shared_pages, wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
fork = mp.get_context("fork")
SECONDS = 20


@pytest.fixture(params=["file_descriptor", "file_system"])
def strategy(request):
    before = mp.get_sharing_strategy()
    mp.set_sharing_strategy(request.param)
    yield request.param
    mp.set_sharing_strategy(before)


def echo(incoming, outgoing):
    """Adds 1 to what comes, in place, and sends it back."""
    for value in iter(incoming.get, None):
        for t in value if isinstance(value, (list, tuple)) else [value]:
            with fb.no_grad():
                t.add_(1)
        outgoing.put(value)


class Echo:
    """A process that runs echo: `echo(value)` is what comes back."""

    def __init__(self, method):
        context = mp.get_context(method)
        self.to, self.back = context.Queue(), context.Queue()
        self.process = context.Process(target=echo, args=(self.to, self.back))
        self.process.start()

    def __call__(self, value):
        self.to.put(value)
        return self.back.get(timeout=SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.to.put(None)
        self.process.join(SECONDS)
        for queue in (self.to, self.back):
            queue.close()
            queue.join_thread()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_sender_and_receiver_share_memory(strategy, method):
    with Echo(method) as send:
        x = fb.zeros(3, 2)
        back = send(x)
        assert x.tolist() == [[1, 1]] * 3 and back.data_ptr() == x.data_ptr()
        assert send(x).sum() == 12 and x.sum() == 12


def test_layouts_and_views(strategy):
    with Echo("fork") as send:
        base = fb.arange(12).reshape(3, 4)
        views = [base[1:, ::2], base.t(), base[0], base]
        back = send(views)
        assert base[1, 0] == 4 + 3 and base[0, 1] == 1 + 3 and base[1, 1] == 5 + 2
        assert [v.tolist() for v in back] == [v.tolist() for v in views]
        assert [v.stride() for v in back] == [v.stride() for v in views]
        assert [v.storage_offset() for v in back] == [4, 0, 0, 0]
        back[3].zero_()
        assert not any(v.any() for v in (*back, *views))
        assert len({v._version for v in back}) == 1


@pytest.mark.parametrize("dtype", [fb.float64, fb.bfloat16, fb.bool, fb.uint8, fb.complex64])
def test_dtypes(dtype):
    ours, theirs = mp.Pipe()
    x = fb.ones(2, dtype=dtype)
    ours.send((x, fb.zeros(0, 3, dtype=dtype), fb.tensor(1, dtype=dtype)))
    one, empty, scalar = theirs.recv()
    assert one.dtype is empty.dtype is scalar.dtype is dtype
    assert one.tolist() == x.tolist() and empty.shape == (0, 3) and scalar.shape == ()


def test_parameters_share_data_and_grad():
    with Echo("fork") as send:
        p = nn.Parameter(fb.ones(2))
        p.grad = fb.full((2,), 5.0)
        p.mark = "kept"
        back = send(p)
        assert type(back) is nn.Parameter and back.requires_grad and back.is_leaf and back.mark == "kept"
        assert p.tolist() == back.tolist() == [2, 2]
        back.grad.zero_()
        assert p.grad.tolist() == [0, 0]


def test_a_module():
    with fork.Pool(1) as pool:
        model = nn.Linear(2, 2)
        pool.apply_async(_fill, (model,)).get(SECONDS)
        assert (model.weight == 7).all() and model.bias.is_shared()


def _fill(model):
    with fb.no_grad():
        model.weight.fill_(7)


class Marked(fb.Tensor):
    pass


def test_subclasses_keep_their_class():
    ours, theirs = mp.Pipe()
    ours.send(Marked(fb.zeros(2)))
    back = theirs.recv()
    assert type(back) is Marked and back.is_shared()


def test_storages():
    ours, theirs = mp.Pipe()
    x = fb.zeros(4)
    ours.send(x.storage())
    back = theirs.recv()
    back[2] = 3
    assert back.dtype is fb.float32 and x.tolist() == [0, 0, 3, 0]


def test_tensors_with_history_are_refused():
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor"):
        mp.Pipe()[0].send(fb.ones(2, requires_grad=True) * 2)


def test_plain_pickle_still_copies():
    x = fb.zeros(2)
    y = pickle.loads(pickle.dumps(x))
    y.add_(1)
    assert not x.is_shared() and x.tolist() == [0, 0]


def test_a_simple_queue_and_threads():
    queue = fork.SimpleQueue()
    threads = [
        threading.Thread(target=lambda: [queue.put(fb.ones(100)) for _ in range(20)]) for _ in range(3)
    ]
    for t in threads:
        t.start()
    total = sum(queue.get().sum().item() for _ in range(60))
    for t in threads:
        t.join()
    assert total == 6000


def _squares(i):
    return fb.full((3,), float(i)) ** 2


def test_a_pool():
    with fork.Pool(2) as pool:
        results = pool.map_async(_squares, range(10)).get(SECONDS)
    assert [r[0].item() for r in results] == [i * i for i in range(10)]


def _put_and_die(queue, how):
    queue.put(fb.arange(5))
    queue.close()
    queue.join_thread()
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("how", ["ends", "killed"])
def test_the_sender_may_die_before_the_receiver_opens(strategy, method, how):
    context = mp.get_context(method)
    queue = context.Queue()
    process = context.Process(target=_put_and_die, args=(queue, how))
    process.start()
    process.join(SECONDS)
    assert process.exitcode is not None
    x = queue.get(timeout=SECONDS)
    assert x.tolist() == [0, 1, 2, 3, 4] and x.is_shared()
    ours, theirs = mp.Pipe()  # and the receiver may pass it on
    ours.send(x)
    assert theirs.recv().data_ptr() == x.data_ptr()


def test_nothing_is_left_of_many_messages(strategy):
    with Echo("fork") as send:
        for _ in range(3):
            send(fb.zeros(500))
        before = descriptors(), shared_pages(), named_memory()
        for _ in range(200):
            send(fb.zeros(500))
        gc.collect()
        # the feeder thread may hold the last message
        assert wait_until(lambda: len(named_memory()) <= len(before[2]) + 1)
        assert descriptors() <= before[0] + 1 and shared_pages() <= before[1] + 1
    assert wait_until(lambda: len(named_memory()) == 0 or strategy == "file_descriptor")


def test_a_message_that_was_received_is_gone():
    from multiprocessing.reduction import ForkingPickler

    message = bytes(ForkingPickler.dumps(fb.zeros(3)))
    assert pickle.loads(message).tolist() == [0, 0, 0]
    with pytest.raises(LookupError, match="each message can be received once"):
        pickle.loads(message)


CRASH = """
    import os, signal, time
    import flambeau as fb
    from flambeau import multiprocessing as mp
    from flambeau.shared import keeper

    mp.set_sharing_strategy(STRATEGY)
    kept = fb.zeros(1000).share_memory_()
    queue = mp.get_context("fork").Queue()
    if os.fork() == 0:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    ours, theirs = mp.Pipe()
    ours.send([kept])
    theirs.recv()
    if NEVER_RECEIVED:
        ours.send(fb.ones(1000))
    print(keeper.address(), len([f for f in os.listdir("/dev/shm") if f.startswith("flambeau")]), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def keepers():
    """The keeper processes that listen, by address."""
    with open("/proc/net/unix") as sockets:
        return {line.split("@")[1].strip() for line in sockets if "@flambeau-" in line}


@pytest.mark.parametrize("strategy_name", ["file_descriptor", "file_system"])
def test_a_crash_leaves_nothing(strategy_name):
    before = named_memory()
    code = textwrap.dedent(CRASH).replace("NEVER_RECEIVED", "False").replace("STRATEGY", repr(strategy_name))
    environment = {k: v for k, v in os.environ.items() if k != "FLAMBEAU_KEEPER"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, env=environment)
    address, files = result.stdout.decode().split()
    assert result.returncode == -signal.SIGKILL and not result.stderr
    assert (int(files) > len(before)) == (strategy_name == "file_system")
    assert wait_until(lambda: address not in keepers())
    assert wait_until(lambda: named_memory() <= before)


@pytest.mark.parametrize("strategy_name", ["file_descriptor", "file_system"])
def test_what_nobody_comes_for_is_gone_after_a_while(strategy_name):
    before = named_memory()
    code = textwrap.dedent(CRASH).replace("NEVER_RECEIVED", "True").replace("STRATEGY", repr(strategy_name))
    code = code.replace("mp.set_sharing", "keeper.GRACE = 1.5; mp.set_sharing")
    environment = {k: v for k, v in os.environ.items() if k != "FLAMBEAU_KEEPER"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, env=environment)
    address = result.stdout.decode().split()[0]
    assert not result.stderr and address in keepers()
    assert wait_until(lambda: address not in keepers(), 10)
    assert wait_until(lambda: named_memory() <= before)


def test_fork_children_do_not_disturb_the_connection(strategy):
    ours, theirs = mp.Pipe()
    ours.send(fb.zeros(3))
    theirs.recv()

    def child():
        ours.send(fb.full((2,), 4.0))

    process = fork.Process(target=child)
    process.start()
    assert theirs.recv().tolist() == [4, 4]
    process.join()
    ours.send(fb.ones(3))
    assert theirs.recv().tolist() == [1, 1, 1]
    assert not is_running(process.pid)


CHILDREN = """
    import os, signal
    import flambeau as fb
    from flambeau import multiprocessing as mp

    ours, theirs = mp.Pipe()
    for i in range(3):
        ours.send(fb.full((2,), float(i)))
        assert theirs.recv().tolist() == [i, i]
        with open(f"/proc/self/task/{os.getpid()}/children") as children:
            keepers = children.read().split()
        for keeper in keepers:
            os.kill(int(keeper), signal.SIGKILL)
            os.waitpid(int(keeper), 0)
    print("sent")
"""


def test_a_killed_keeper_is_replaced():
    environment = {k: v for k, v in os.environ.items() if k != "FLAMBEAU_KEEPER"}
    code = textwrap.dedent(CHILDREN)
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, env=environment)
    assert result.stdout == b"sent\n" and not result.stderr
