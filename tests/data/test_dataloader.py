"""DataLoader: arguments, order, batches; in this process and from workers."""

import random

import numpy as np
import pytest

import flambeau as fb
from flambeau.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset, get_worker_info

X = fb.arange(60).reshape(20, 3).float()
Y = fb.arange(20)


class Squares(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return {
            "x": fb.full((3,), float(index)),
            "y": index,
            "name": f"n{index}",
            "array": np.arange(2) + index,
        }


class Count(IterableDataset):
    """The numbers from 0 to n, shared out among workers."""

    def __init__(self, n, length=None):
        self.n = n
        self.length = length

    def __iter__(self):
        info = get_worker_info()
        start, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(start, self.n, step))

    def __len__(self):
        return self.length


class Draws(Dataset):
    """What the generators of a worker give."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return fb.rand(()).item(), random.random(), np.random.rand(), get_worker_info().seed


def listed(loader):
    """The batches of an iteration as lists."""
    return [[part.tolist() for part in batch] for batch in loader]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_as_pytorch_for_the_same_seed(workers):
    torch = pytest.importorskip("torch")
    results = []
    for lib, count in ((fb, workers), (torch, 0)):
        from_lib = lib.utils.data
        lib.manual_seed(7)
        tensors = [lib.arange(60).reshape(20, 3), lib.arange(20)]
        loader = from_lib.DataLoader(from_lib.TensorDataset(*tensors), 6, shuffle=True, num_workers=count)
        results.append([listed(loader), listed(loader), lib.rand(3).tolist()])
    assert results[0] == results[1]


def test_a_generator_gives_the_order():
    torch = pytest.importorskip("torch")
    results = []
    for lib in (fb, torch):
        loader = lib.utils.data.DataLoader(range(10), 4, True, generator=lib.Generator().manual_seed(5))
        results.append([[b.tolist() for b in loader] for _ in range(2)])
    assert results[0] == results[1]


@pytest.mark.parametrize("workers", [0, 2])
def test_structures_are_collated(workers):
    batches = list(DataLoader(Squares(), batch_size=4, num_workers=workers))
    assert [len(b["name"]) for b in batches] == [4, 4, 2]
    assert batches[1]["x"].tolist() == [[float(i)] * 3 for i in range(4, 8)]
    assert batches[1]["y"].tolist() == [4, 5, 6, 7] and batches[2]["name"] == ["n8", "n9"]
    assert batches[0]["array"].tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]


@pytest.mark.parametrize("workers", [0, 2])
def test_drop_last_and_length(workers):
    loader = DataLoader(range(10), batch_size=4, drop_last=True, num_workers=workers)
    assert len(loader) == 2 and [b.tolist() for b in loader] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(DataLoader(range(10), batch_size=4)) == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_without_batches(workers):
    loader = DataLoader(TensorDataset(X, Y), batch_size=None, num_workers=workers)
    assert len(loader) == 20 and [y.item() for _, y in loader] == list(range(20))


@pytest.mark.parametrize("workers", [0, 2])
def test_batch_sampler_sampler_and_collate_fn(workers):
    loader = DataLoader(range(5), batch_sampler=[[4, 0], [1]], num_workers=workers, collate_fn=tuple)
    assert list(loader) == [(4, 0), (1,)] and loader.batch_size is None
    loader = DataLoader(range(5), 2, sampler=[3, 1, 2], num_workers=workers, collate_fn=list)
    assert list(loader) == [[3, 1], [2]]


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_iterable_dataset(workers):
    batches = [b.tolist() for b in DataLoader(Count(11), batch_size=3, num_workers=workers)]
    assert sorted(v for b in batches for v in b) == list(range(11))
    assert all(len(b) <= 3 for b in batches)


def test_iterable_batches_alternate_between_workers_as_pytorch():
    torch = pytest.importorskip("torch")

    class Theirs(torch.utils.data.IterableDataset):
        def __iter__(self):
            info = torch.utils.data.get_worker_info()
            return iter(range(info.id, 11, info.num_workers))

    for drop_last in (False, True):
        options = dict(batch_size=2, num_workers=2, drop_last=drop_last)
        ours = [b.tolist() for b in DataLoader(Count(11), **options)]
        assert ours == [b.tolist() for b in torch.utils.data.DataLoader(Theirs(), **options)]


@pytest.mark.parametrize("workers", [0, 1])
def test_more_samples_than_the_length_said(workers):
    loader = DataLoader(Count(4, length=2), batch_size=None, num_workers=workers)
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="was reported to be 2"):
        assert len(list(loader)) == 4


def test_seeds_of_workers_as_pytorch():
    torch = pytest.importorskip("torch")

    class Theirs(torch.utils.data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, index):
            info = torch.utils.data.get_worker_info()
            return torch.rand(()).item(), random.random(), np.random.rand(), info.seed

    fb.manual_seed(2), torch.manual_seed(2)
    ours = list(DataLoader(Draws(), batch_size=None, num_workers=2))
    assert ours == list(torch.utils.data.DataLoader(Theirs(), batch_size=None, num_workers=2))


class Info(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        info = get_worker_info()
        with pytest.raises(RuntimeError, match="Cannot assign"):
            info.id = 3
        return info.id, info.num_workers, type(info.dataset).__name__, repr(info)[:14]


def test_worker_info():
    assert get_worker_info() is None
    assert list(DataLoader(Info(), batch_size=None, num_workers=2)) == [
        [i, 2, "Info", "WorkerInfo(id="] for i in range(2)
    ]


def test_worker_init_fn_runs_in_each_worker():
    def init(worker_id):
        get_worker_info().dataset[:] = [worker_id * 10] * 4

    loader = DataLoader([0] * 4, num_workers=2, worker_init_fn=init)
    assert [b.item() for b in loader] == [0, 10, 0, 10]


@pytest.mark.parametrize("persistent", [False, True])
def test_several_epochs(persistent):
    loader = DataLoader(Squares(), 3, shuffle=True, num_workers=2, persistent_workers=persistent)
    for _ in range(3):
        assert sorted(y for b in loader for y in b["y"].tolist()) == list(range(10))


def test_persistent_workers_stay():
    loader = DataLoader(range(4), num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    pids = [w.process.pid for w in iterator._workers]
    next(iterator)  # the rest of this epoch is left
    assert [b.item() for b in loader] == [0, 1, 2, 3]
    assert [w.process.pid for w in loader._iterator._workers] == pids


def test_persistent_workers_of_an_iterable_dataset():
    loader = DataLoader(Count(5), batch_size=2, num_workers=2, persistent_workers=True)
    first, second = list(loader), list(loader)
    assert [b.tolist() for b in first] == [b.tolist() for b in second] == [[0, 2], [1, 3], [4]]


def test_out_of_order():
    loader = DataLoader(range(12), batch_size=2, num_workers=2, in_order=False)
    assert sorted(v for b in loader for v in b.tolist()) == list(range(12))


@pytest.mark.parametrize("prefetch", [1, 5])
def test_prefetch_factor(prefetch):
    loader = DataLoader(range(9), num_workers=2, prefetch_factor=prefetch)
    assert [b.item() for b in loader] == list(range(9))


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_start_methods(method):
    dataset = TensorDataset(X.clone(), Y.clone())
    loader = DataLoader(dataset, 8, num_workers=1, multiprocessing_context=method)
    assert [y.tolist() for _, y in loader] == [list(range(8)), list(range(8, 16)), list(range(16, 20))]


def test_older_names():
    from flambeau.utils.data.dataloader import DataLoaderIter, ExceptionWrapper, pin_memory_batch

    for workers in (0, 1):
        iterator = DataLoaderIter(DataLoader(range(2), num_workers=workers))
        assert iterator.next().item() == 0 and iterator.next().item() == 1
        with pytest.raises(StopIteration):
            iterator.next()
    batch = [fb.ones(2)]
    assert pin_memory_batch(batch) is batch
    try:
        raise KeyError("gone")
    except KeyError:
        wrapped = ExceptionWrapper(where="here")
    with pytest.raises(KeyError, match="Caught KeyError here"):
        wrapped.reraise()


class WithoutShortCut(TensorDataset):
    def __getitem__(self, index):
        return super().__getitem__(index)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("dtype", [fb.float32, fb.bfloat16, fb.bool, fb.complex64, fb.int16])
def test_gathered_batches_are_those_of_the_samples(workers, dtype):
    tensors = [X.to(dtype), Y, fb.randn(20, 40, 50).transpose(1, 2), fb.zeros(20, 0)]
    indices = Subset(Subset(range(20), [5, 1, 19, 7, 7]), [4, 0, 2])
    for wrap in (lambda d: d, lambda d: Subset(d, indices)):
        loaders = [
            DataLoader(wrap(cls(*tensors)), 3, num_workers=workers)
            for cls in (TensorDataset, WithoutShortCut)
        ]
        for ours, expected in zip(*loaders, strict=True):
            assert [p.dtype for p in ours] == [p.dtype for p in expected]
            assert all(fb.equal(p, q) for p, q in zip(ours, expected, strict=True))


def test_gathering_keeps_gradients():
    x = fb.ones(4, requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(x), 2):
        batch.sum().backward()
    assert x.grad.tolist() == [1, 1, 1, 1]


def test_indices_out_of_range():
    with pytest.raises(IndexError):
        list(DataLoader(TensorDataset(Y), 2, sampler=[3, 20]))
    assert [b[0].tolist() for b in DataLoader(TensorDataset(Y), 2, sampler=[-1, 3])] == [[19, 3]]


def test_fixed_attributes():
    loader = DataLoader(range(4))
    with pytest.raises(
        ValueError, match="batch_size attribute should not be set after DataLoader is initialized"
    ):
        loader.batch_size = 3


def test_iterators_cannot_be_pickled():
    import pickle

    with pytest.raises(NotImplementedError, match="cannot be pickled"):
        pickle.dumps(iter(DataLoader(range(3))))


@pytest.mark.parametrize(
    "options, error, match",
    [
        (dict(num_workers=-1), ValueError, "num_workers option should be non-negative"),
        (dict(timeout=-1), ValueError, "timeout option should be non-negative"),
        (
            dict(prefetch_factor=2),
            ValueError,
            "prefetch_factor option could only be specified in multiprocessing",
        ),
        (
            dict(prefetch_factor=-2, num_workers=1),
            ValueError,
            "prefetch_factor option should be non-negative",
        ),
        (dict(persistent_workers=True), ValueError, "persistent_workers option needs num_workers > 0"),
        (dict(sampler=[0], shuffle=True), ValueError, "mutually exclusive with shuffle"),
        (dict(batch_sampler=[[0]], batch_size=2), ValueError, "batch_sampler option is mutually exclusive"),
        (dict(batch_size=None, drop_last=True), ValueError, "disables auto-batching"),
        (dict(batch_size=0), ValueError, "batch_size should be a positive integer"),
        (dict(multiprocessing_context="fork"), ValueError, "can only be used with multi-process loading"),
        (dict(multiprocessing_context="x", num_workers=1), ValueError, "should specify a valid start method"),
        (dict(multiprocessing_context=3, num_workers=1), TypeError, "should be a valid context object"),
    ],
)
def test_argument_errors(options, error, match):
    with pytest.raises(error, match=match):
        DataLoader(range(4), **options)


@pytest.mark.parametrize("option", ["shuffle", "sampler", "batch_sampler"])
def test_argument_errors_with_iterable_datasets(option):
    with pytest.raises(ValueError, match=f"expected unspecified {option} option"):
        DataLoader(Count(3), **{option: True})
