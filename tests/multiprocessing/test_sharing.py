"""Moving tensors to shared memory in place: what follows, and what other processes see."""

import gc
import os

import numpy as np
import pytest

import flambeau as fb
from flambeau import multiprocessing as mp
from flambeau import nn
from tests.limits import descriptors, named_memory, shared_pages, wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


@pytest.fixture(params=["file_descriptor", "file_system"])
def strategy(request):
    before = mp.get_sharing_strategy()
    mp.set_sharing_strategy(request.param)
    yield request.param
    mp.set_sharing_strategy(before)


def in_child(function):
    """Runs a function in a forked child; its exit code must be 0."""
    process = mp.get_context("fork").Process(target=function)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_strategies():
    assert mp.get_all_sharing_strategies() == {"file_descriptor", "file_system"}
    assert mp.get_sharing_strategy() == "file_descriptor"
    with pytest.raises(ValueError, match="unknown strategy 'pigeons'"):
        mp.set_sharing_strategy("pigeons")


def test_share_memory_keeps_the_values(strategy):
    x = fb.arange(6.0).reshape(2, 3)
    assert not x.is_shared()
    assert x.share_memory_() is x and x.is_shared()
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]] and x.is_contiguous()
    pointer = x.data_ptr()
    assert x.share_memory_().data_ptr() == pointer


def test_a_forked_child_writes_into_it(strategy):
    x = fb.zeros(3).share_memory_()
    in_child(lambda: x.add_(1))
    assert x.tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", [fb.float32, fb.bfloat16, fb.bool, fb.int16, fb.complex128])
def test_dtypes(dtype):
    x = fb.ones(3, dtype=dtype).share_memory_()
    assert x.dtype is dtype and x.storage().dtype is dtype and x.is_shared() and x.sum() == 3


@pytest.mark.parametrize("shared_one", ["base", "view"])
def test_views_follow(shared_one):
    base = fb.arange(12).reshape(3, 4).clone()
    views = {"view": base[1:, ::2], "column": base[:, 1], "flat": base.view(-1), "turned": base.t()}
    detached, data = base.detach(), base.data
    before = [v.tolist() for v in views.values()]
    (base if shared_one == "base" else views["view"]).share_memory_()
    assert [v.tolist() for v in views.values()] == before
    assert all(t.is_shared() for t in (base, detached, data, *views.values()))
    base.zero_()
    assert all(not t.any() for t in (detached, data, *views.values()))
    assert views["view"].storage_offset() == 4 and views["view"]._base is base
    assert views["view"].storage().data_ptr() == base.data_ptr()


def test_views_of_another_dtype_follow():
    x = fb.zeros(4)
    bits = x.view(fb.int32)
    complex_view = fb.view_as_complex(x.view(2, 2))
    x.share_memory_()
    x[0] = 1.0
    assert bits[0] == 0x3F800000 and complex_view[0] == 1


def test_storages_follow():
    x = fb.zeros(3)
    storage = x.storage()
    assert not storage.is_shared()
    assert storage.share_memory_() is storage and storage.is_shared() and x.is_shared()
    storage[1] = 5
    assert x.tolist() == [0, 5, 0]
    made = fb.FloatStorage._new_shared(4)
    assert made.is_shared() and len(made) == 4 and made.dtype is fb.float32


def test_memory_from_numpy_is_copied():
    array = np.arange(3.0)
    x = fb.from_numpy(array).share_memory_()
    array[0] = 9
    assert x.tolist() == [0, 1, 2]


def test_empty_tensors():
    assert fb.zeros(0).share_memory_().shape == (0,)


def test_autograd_goes_on():
    w = fb.ones(3, requires_grad=True)
    middle = w * 2
    out = (middle * middle).sum()
    version = middle._version
    middle.share_memory_()
    w.share_memory_()
    assert middle._version == version and w.requires_grad and w.is_leaf and not middle.is_leaf
    out.backward()
    assert w.grad.tolist() == [8, 8, 8]


def test_views_with_history_go_on():
    base = fb.zeros(4)
    w = fb.ones(2, requires_grad=True)
    view = base[:2]
    base.share_memory_()
    view.copy_(w * 3)
    base.sum().backward()
    assert w.grad.tolist() == [3, 3]


def test_module_share_memory():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    model(fb.randn(5, 3)).sum().backward()
    expected = {name: value.tolist() for name, value in model.state_dict().items()}
    first = model[0].weight
    assert model.share_memory() is model
    assert model[0].weight is first
    assert all(p.is_shared() and p.grad.is_shared() for p in model.parameters())
    assert all(b.is_shared() for b in model.buffers())
    assert {name: value.tolist() for name, value in model.state_dict().items()} == expected

    def train():
        with fb.no_grad():
            for p in model.parameters():
                p.fill_(3)
                p.grad.fill_(4)

    in_child(train)
    assert all((p == 3).all() and (p.grad == 4).all() for p in model.parameters())


def test_tied_parameters_stay_tied():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    b.weight = a.weight
    nn.ModuleList([a, b]).share_memory()
    assert a.weight is b.weight and a.weight.is_shared()


def test_memory_goes_with_the_tensor(strategy):
    keep = fb.zeros(1).share_memory_()  # the keeper's connection stays open
    gc.collect()
    before = descriptors(), shared_pages(), named_memory()
    tensors = [fb.zeros(2000).share_memory_() for _ in range(20)]
    if strategy == "file_system":
        assert descriptors() == before[0] and len(named_memory() - before[2]) >= 20
    del tensors
    gc.collect()
    assert (descriptors(), shared_pages()) == before[:2]
    assert wait_until(lambda: named_memory() <= before[2])  # other processes may be testing, too
    assert keep.is_shared()


def test_everything_of_the_standard_module_is_here():
    import multiprocessing

    missing = [
        name for name in multiprocessing.__all__ if getattr(mp, name) is not getattr(multiprocessing, name)
    ]
    assert not missing and set(multiprocessing.__all__) <= set(mp.__all__)
    assert mp.connection is multiprocessing.connection and mp.Process is multiprocessing.Process
    assert os.path.dirname(mp.__file__) != os.path.dirname(multiprocessing.__file__)
