"""Workers that fail, die or are left, and the memory that batches cross in."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import flambeau as fb
from flambeau.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
from tests.limits import descriptors, is_running, named_memory, shared_pages, wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


class Images(Dataset):
    """Images of 16 KB, filled with their number."""

    def __init__(self, n, fail=None):
        self.n = n
        self.fail = fail

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if self.fail is not None:
            self.fail(index)
        return fb.full((64, 64), float(index)), index


def pids(iterator):
    return [w.process.pid for w in iterator._workers]


# ---- failures


def raise_at_3(index):
    if index == 3:
        raise KeyError("no sample 3")


def test_an_exception_arrives_with_its_traceback():
    with pytest.raises(KeyError) as caught:
        list(DataLoader(Images(8, raise_at_3), num_workers=2))
    text = str(caught.value)
    assert "Caught KeyError in DataLoader worker process 1.\nOriginal Traceback" in text
    assert "in raise_at_3" in text and "no sample 3" in text


def test_iteration_may_go_on_after_an_exception():
    iterator = iter(DataLoader(Images(6, raise_at_3), num_workers=2))
    assert [next(iterator)[1].item() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError):
        next(iterator)
    assert [b[1].item() for b in iterator] == [4, 5]


def test_an_exception_without_workers_is_as_it_was():
    with pytest.raises(KeyError, match="^'no sample 3'$"):
        list(DataLoader(Images(8, raise_at_3)))


class NeedsTwo(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


def test_exceptions_that_cannot_be_made_again():
    class Local(Exception):
        pass

    def raise_local(index):
        raise Local("hidden") if index else NeedsTwo(1, 2)

    for index in (0, 1):
        with pytest.raises(RuntimeError, match="Caught .* in DataLoader worker process 0"):
            list(DataLoader(Images(8, raise_local), sampler=[index], num_workers=1))


def test_an_exception_of_worker_init_fn():
    def init(worker_id):
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        list(DataLoader(Images(4), num_workers=1, worker_init_fn=init))


def test_a_batch_that_cannot_be_pickled():
    with pytest.raises((AttributeError, RuntimeError), match="in DataLoader worker process 0"):
        list(DataLoader(Images(4), num_workers=1, collate_fn=lambda batch: lambda: batch))


def test_a_batch_with_history():
    w = fb.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor"):
        list(DataLoader([0, 1], num_workers=1, collate_fn=lambda batch: w * 2))


def test_a_sampler_that_fails():
    def sampler():
        yield 0
        raise ZeroDivisionError

    class Sampler:
        def __iter__(self):
            return sampler()

    with pytest.raises(ZeroDivisionError):
        list(DataLoader(Images(4), sampler=Sampler(), num_workers=1))


def slow(index):
    if index >= 2:
        time.sleep(60)


def test_timeout():
    begin = time.monotonic()
    loader = DataLoader(Images(8, slow), num_workers=1, timeout=0.5)
    with pytest.raises(RuntimeError, match="DataLoader timed out after 0.5 seconds"):
        list(loader)
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize("persistent", [False, True])
def test_a_killed_worker_is_an_error_within_a_second(persistent):
    iterator = iter(DataLoader(Images(40, slow), num_workers=2, persistent_workers=persistent))
    next(iterator), next(iterator)
    victim = pids(iterator)[0]
    os.kill(victim, signal.SIGKILL)
    workers, begin = pids(iterator), time.monotonic()
    with pytest.raises(RuntimeError, match=f"worker \\(pid {victim}\\) is killed by signal: Killed"):
        next(iterator)
    assert time.monotonic() - begin < 2  # on a busy machine
    assert not any(map(is_running, workers))


def test_an_idle_killed_worker_is_noticed_at_once():
    iterator = iter(DataLoader(Images(40), num_workers=1))
    next(iterator)
    os.kill(pids(iterator)[0], signal.SIGKILL)
    begin = time.monotonic()
    with pytest.raises(RuntimeError, match="is killed by signal: Killed"):
        for _ in iterator:
            pass
    assert time.monotonic() - begin < 2  # on a busy machine


def test_a_worker_that_exits():
    def leave(index):
        os._exit(3)

    with pytest.raises(RuntimeError, match=r"worker \(pid\(s\) \d+\) exited unexpectedly"):
        list(DataLoader(Images(4, leave), num_workers=1))


# ---- ends


def test_an_iterator_dropped_half_way_cleans_up():
    before, maps = descriptors(), shared_pages()
    iterator = iter(DataLoader(Images(40), batch_size=4, num_workers=2))
    batch = next(iterator)
    workers = pids(iterator)
    del iterator, batch
    assert wait_until(lambda: not any(map(is_running, workers)))
    # Soon after nothing of it is left; what a test before left to be closed may be gone as well.
    assert wait_until(lambda: descriptors() <= before and shared_pages() <= maps)


def test_persistent_workers_end_with_their_loader():
    loader = DataLoader(Images(4), num_workers=1, persistent_workers=True)
    list(loader)
    workers = pids(loader._iterator)
    assert all(map(is_running, workers))
    del loader
    assert wait_until(lambda: not any(map(is_running, workers)))


SCRIPT = """
    import sys, time
    import flambeau as fb
    from flambeau.utils.data import DataLoader, Dataset

    class Slow(Dataset):
        def __len__(self):
            return 1000
        def __getitem__(self, index):
            if index > 3:
                time.sleep(0.2)
            return fb.zeros(64, 64)

    iterator = iter(DataLoader(Slow(), num_workers=2, persistent_workers=PERSISTENT))
    next(iterator)
    print(*[w.process.pid for w in iterator._workers], flush=True)
    for _ in iterator:
        pass
"""


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_the_main_process(number, persistent):
    code = textwrap.dedent(SCRIPT).replace("PERSISTENT", str(persistent))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell may ignore it in the background
    ) as main:  # fmt: skip
        workers = [int(pid) for pid in main.stdout.readline().split()]
        time.sleep(0.2)
        main.send_signal(number)
        _, errors = main.communicate(timeout=20)
    assert main.returncode != 0 and len(workers) == 2
    assert wait_until(lambda: not any(map(is_running, workers)), 8)
    if number == signal.SIGINT:
        assert errors.count(b"Traceback") == 1 and b"KeyboardInterrupt" in errors
    assert wait_until(lambda: not named_memory())  # other processes may be testing, too


# ---- memory


def test_batches_cross_in_shared_memory():
    for image, label in DataLoader(Images(8), batch_size=4, num_workers=1):
        assert image.is_shared() and not label.is_shared()  # small tensors travel in the message
        assert image[:, 0, 0].tolist() == label.tolist()
        image += 1  # and can be written


def test_views_keep_sharing():
    def collate(batch):
        x = fb.stack([image for image, _ in batch])
        return [x, x[:, 0], x.transpose(1, 2)]

    x, row, turned = next(iter(DataLoader(Images(4), batch_size=4, num_workers=1, collate_fn=collate)))
    x[1, 0, 5] = 99
    assert row[1, 5] == 99 and turned[1, 5, 0] == 99 and row.stride() == (4096, 1)
    assert x._version == row._version == turned._version


def test_batches_that_are_kept_stay_as_they_were():
    kept = list(DataLoader(Images(120), batch_size=2, num_workers=2))
    assert [image[0, 0, 0].item() for image, _ in kept] == [float(i) for i in range(0, 120, 2)]
    assert all(image.min() == image[0].min() and image.max() == image[1].max() for image, _ in kept)


def test_a_sample_that_the_dataset_keeps_is_not_overwritten():
    class Cached(Images):
        cache = None

        def __getitem__(self, index):
            if self.cache is None:
                type(self).cache = fb.utils.data.default_collate([super().__getitem__(0)] * 2)[0]
            return self.cache, fb.full((64, 64), float(index))

    loader = DataLoader(Cached(20), batch_size=None, num_workers=1, collate_fn=lambda sample: sample)
    for cached, image in loader:
        assert cached.sum() == 0 and image.min() == image.max()


def test_arrays_of_a_collate_fn_of_ones_own():
    def collate(batch):
        return np.stack([image.numpy() for image, _ in batch])

    for array in DataLoader(Images(4), batch_size=2, num_workers=1, collate_fn=collate):
        assert type(array) is np.ndarray and array.shape == (2, 64, 64) and array.flags.writeable


def test_batches_of_changing_size():
    class Growing(IterableDataset):
        def __iter__(self):
            for i in range(60):
                yield fb.full((1000 + 700 * (i * 37 % 60),), float(i))

    for i, batch in enumerate(DataLoader(Growing(), batch_size=1, num_workers=1)):
        assert batch.shape == (1, 1000 + 700 * (i * 37 % 60)) and batch.min() == batch.max() == i


def test_a_forked_child_sees_a_batch_stay():
    import multiprocessing

    iterator = iter(DataLoader(Images(40), batch_size=2, num_workers=1))
    kept = [next(iterator)[0]]
    ours, theirs = multiprocessing.Pipe()

    def child():
        theirs.recv()
        theirs.send((kept[0].min().item(), kept[0].max().item()))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    kept.clear()
    assert len(list(iterator)) == 19  # would have written over it
    ours.send(0)
    assert ours.recv() == (0.0, 1.0)
    process.join()


def run_many(batches, size, workers):
    """Goes through some batches, twice; what was open and mapped before and after the second time."""
    dataset = TensorDataset(fb.zeros(size * 4, 1, 28, 28), fb.zeros(size * 4).long())
    counts = []
    for _ in range(2):
        sampler = [list(range(size))] * batches
        for image, _label in DataLoader(dataset, batch_sampler=sampler, num_workers=workers):
            assert image.is_shared()
        del image, _label
        counts.append((descriptors(), shared_pages(), named_memory()))
    return counts


def test_nothing_is_left_of_hundreds_of_batches():
    before = descriptors(), shared_pages(), named_memory()
    assert run_many(300, 64, 2) == [before, before]


def test_few_blocks_serve_many_batches():
    iterator = iter(DataLoader(Images(400), batch_size=2, num_workers=1))
    most = max(shared_pages() for _ in iterator)
    assert most <= 8


@pytest.mark.slow
def test_nothing_is_left_of_ten_thousand_batches():
    signal.alarm(600)
    before = descriptors(), shared_pages(), named_memory()
    assert run_many(10_000, 64, 4) == [before, before]
