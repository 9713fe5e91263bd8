"""Storages: the memory behind tensors."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau import storage


def test_a_storage_is_shared_by_views():
    x = fb.arange(12, dtype=fb.float32)
    s = x.storage()
    assert len(s) == s.size() == 12 and s.nbytes() == 48 and s.element_size() == 4 and s.dtype is fb.float32
    assert s.data_ptr() == x.data_ptr() and s.device == fb.device("cpu")
    view = fb.from_numpy(x.numpy()[3:9:2])
    assert view.storage() == s and hash(view.storage()) == hash(s)
    assert view.storage_offset() == 3
    s[3] = 50
    assert x.tolist()[3] == 50 and view.tolist() == [50, 5, 7]
    assert fb.zeros(12).storage() != s and (s == 3) is False


def test_items_slices_and_iteration():
    s = fb.arange(5).storage()
    assert s[1] == 1 and s[-1] == 4 and type(s[1]) is int and list(s) == s.tolist() == [0, 1, 2, 3, 4]
    part = s[1:3]
    part[0] = 7
    assert s.tolist() == [0, 7, 2, 3, 4]
    s[3:] = 1
    s[0:2] = fb.tensor([8, 9]).storage()
    assert s.tolist() == [8, 9, 2, 1, 1]
    for bad in (5, -6):
        with pytest.raises(IndexError, match="out of range for storage of size 5"):
            s[bad]
        with pytest.raises(IndexError, match="out of range"):
            s[bad] = 1
    with pytest.raises(RuntimeError, match="step of 2"):
        s[::2]


@pytest.mark.parametrize("dtype", [fb.bfloat16, fb.float16, fb.float64, fb.bool, fb.complex64, fb.int8])
def test_every_dtype(dtype):
    x = fb.tensor([0, 1, 1], dtype=dtype)
    s = x.storage()
    assert s.tolist() == x.tolist() and s[1] == 1 and s.type() == f"torch.{dtype.title}Storage"
    assert s.clone() != s and s.clone().tolist() == s.tolist()
    assert s.fill_(1).tolist() == [1, 1, 1] == x.tolist()
    assert s.to(dtype=fb.float64).tolist() == [1.0, 1.0, 1.0] and s.to(dtype=dtype) is s


def test_layouts():
    base = np.arange(12.0).reshape(3, 4)
    assert fb.from_numpy(np.asfortranarray(base)).storage().tolist() == base.T.reshape(-1).tolist()
    assert len(fb.zeros(()).storage()) == 1 and len(fb.zeros(0, 3).storage()) == 0
    transposed = fb.from_numpy(base.T)
    assert transposed.storage().tolist() == list(range(12)) and transposed.storage_offset() == 0
    gaps = np.frombuffer(bytearray(64), np.float64)[::2]
    assert len(fb.from_numpy(gaps).storage()) in (4, 7, 8)


def test_changing():
    s = fb.zeros(3).storage()
    assert s.copy_(fb.tensor([1, 2, 3]).storage()) is s and s.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(RuntimeError, match="size 3 cannot take 2"):
        s.copy_(fb.zeros(2).storage())
    assert s.resize_(5) is s and s.tolist() == [1, 2, 3, 0, 0]
    assert s.resize_(2).tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="negative"):
        s.resize_(-1)


def test_typed_names():
    s = storage.FloatStorage([1, 2])
    assert isinstance(s, storage.Storage) and s.dtype is fb.float32 and s.tolist() == [1.0, 2.0]
    assert storage.LongStorage(3).tolist() == [0, 0, 0]
    assert repr(storage.IntStorage([1, 2])) == " 1\n 2\n[torch.IntStorage of size 2]"
    with pytest.raises(RuntimeError, match="negative"):
        storage.Storage(-1)


def test_copies_and_pickles():
    for dtype in (fb.float32, fb.bfloat16):
        s = fb.tensor([1, 2], dtype=dtype).storage()
        for other in (copy.copy(s), copy.deepcopy(s), pickle.loads(pickle.dumps(s))):
            assert other != s and other.tolist() == [1, 2] and other.dtype is dtype
            other[0] = 5
            assert s[0] == 1
