"""Typed names of tensors and storages."""

import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau import typed

from .cuda import virtual_gpus

NAMES = {
    "BoolTensor": fb.bool, "ByteTensor": fb.uint8, "CharTensor": fb.int8, "ShortTensor": fb.int16,
    "IntTensor": fb.int32, "LongTensor": fb.int64, "HalfTensor": fb.float16, "BFloat16Tensor": fb.bfloat16,
    "FloatTensor": fb.float32, "DoubleTensor": fb.float64,
}  # fmt: skip


@pytest.mark.parametrize("name,dtype", NAMES.items())
def test_every_name(name, dtype):
    cls = getattr(fb, name)
    x = cls([0, 1])
    assert type(x) is fb.Tensor and x.dtype is cls.dtype is dtype and x.tolist() == [0, 1]
    assert x.type() == f"torch.{name}" and isinstance(x, cls) and fb.typename(cls) == f"torch.{name}"
    assert not any(isinstance(x, getattr(fb, other)) for other in NAMES if other != name)
    assert fb.ones(2).type(cls).dtype is dtype and fb.ones(2).type(f"torch.{name}").dtype is dtype
    assert repr(cls) == f"<class 'torch.{name}'>" and pickle.loads(pickle.dumps(cls)) is cls
    assert getattr(fb.cuda, name).is_cuda and not cls.is_cuda and not isinstance(x, getattr(fb.cuda, name))
    storage = x.storage()
    kind = getattr(fb, name.replace("Tensor", "Storage"))
    assert isinstance(storage, kind) and x.storage_type() is kind and isinstance(kind(2), fb.Storage)
    assert kind.dtype is dtype and repr(kind) == f"<class '{storage.type()}'>" and fb.is_storage(storage)
    assert cls(storage).data_ptr() == x.data_ptr()


def test_sizes_and_data():
    assert fb.FloatTensor(2, 3).shape == (2, 3) and fb.FloatTensor(3).shape == (3,) and fb.FloatTensor().shape == (0,)
    assert fb.FloatTensor(fb.Size([2, 3])).shape == (2, 3)
    for data in ((3, 4), [3, 4], range(3, 5), np.array([3, 4]), fb.tensor([3.0, 4.0])):
        assert fb.FloatTensor(data).tolist() == [3, 4]
    assert fb.LongTensor([1.5, 2]).tolist() == [1, 2] and fb.BoolTensor([1, 0, 2]).tolist() == [True, False, True]
    assert fb.FloatTensor([fb.tensor(1), 2]).dtype is fb.float32
    array = np.ones(2, np.float32)
    fb.FloatTensor(array)[0] = 5
    assert array[0] == 1


def test_sharing():
    x = fb.zeros(2)
    y = fb.FloatTensor(x)
    y[0] = 1
    assert x.tolist() == [1, 0] and x._version == 1
    s = fb.FloatStorage([1, 2])
    fb.Tensor(s)[0] = 7
    assert s[0] == 7 and x.new(s).tolist() == [7, 2]


@pytest.mark.parametrize(
    "make,error,match",
    [
        (lambda: fb.FloatTensor(fb.zeros(2).double()), TypeError, "of type Float on cpu, but got type Double"),
        (lambda: fb.FloatTensor(fb.DoubleStorage(2)), RuntimeError, "of type Float on cpu, but got type Double"),
        (lambda: fb.FloatTensor(2.5), TypeError, r"data must be a sequence \(got float\)"),
        (lambda: fb.FloatTensor("a"), TypeError, r"data must be a sequence \(got str\)"),
        (lambda: fb.FloatTensor(True), TypeError, r"data must be a sequence \(got bool\)"),
        (lambda: fb.FloatTensor(2, 3.0), TypeError, "sizes as ints"),
        (lambda: fb.FloatTensor(-1), RuntimeError, "negative dimension"),
        (lambda: fb.FloatTensor([[1], [2, 3]]), ValueError, "expected sequence of length 1"),
        (lambda: fb.ByteTensor([300]), RuntimeError, "cannot be converted to type uint8 without overflow"),
        (lambda: fb.FloatTensor(2, device="cuda"), RuntimeError, "expects device type: cpu"),
        (lambda: fb.zeros(1).type("torch.FooTensor"), ValueError, "invalid type: 'torch.FooTensor'"),
        (lambda: fb.zeros(1).type(float), ValueError, "invalid type"),
        (lambda: fb.zeros(1).type(3), TypeError, "must be a type, str, or dtype"),
        (lambda: fb.cuda.FooTensor, AttributeError, "FooTensor"),
    ],
)
def test_errors(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_default_tensor_type():
    try:
        fb.set_default_tensor_type(fb.DoubleTensor)
        assert fb.ones(1).dtype is fb.Tensor([1]).dtype is fb.float64
        assert fb.zeros(1, dtype=fb.int64).type(fb.Tensor).dtype is fb.float64
        fb.set_default_tensor_type("torch.FloatTensor")
        assert fb.get_default_dtype() is fb.float32
        with pytest.raises(TypeError, match="only floating-point types"):
            fb.set_default_tensor_type(fb.LongTensor)
        with pytest.raises(ValueError, match="invalid type"):
            fb.set_default_tensor_type("torch.Foo")
    finally:
        fb.set_default_dtype(fb.float32)


def test_on_a_device():
    with virtual_gpus(2):
        x = fb.cuda.FloatTensor([1, 2])
        assert x.is_cuda and x.type() == "torch.cuda.FloatTensor" and isinstance(x, fb.cuda.FloatTensor)
        assert not isinstance(x, fb.FloatTensor) and fb.cuda.FloatTensor(2, device="cuda:1").device.index == 1
        assert x.type(fb.DoubleTensor).device.type == "cpu" and x.type(fb.float64).is_cuda
        assert fb.zeros(1).type("torch.cuda.LongTensor").type() == "torch.cuda.LongTensor"
        assert x.storage().is_cuda and x.storage().get_device() == 0 and fb.FloatStorage(2).cuda().is_cuda
        fb.set_default_tensor_type(fb.cuda.FloatTensor)
        try:
            assert fb.ones(1).is_cuda
        finally:
            fb.set_default_tensor_type(fb.FloatTensor)
        assert not fb.ones(1).is_cuda


def test_storage_conversions(tmp_path):
    s = fb.FloatStorage([1.5, 2])
    assert s.double().dtype is fb.float64 and s.int().tolist() == [1, 2] and s.float() is s and s.long()[0] == 1
    assert s.type("torch.HalfStorage").dtype is fb.float16 and s.type(fb.IntStorage).dtype is fb.int32
    assert s.new(3).dtype is fb.float32 and len(s.new([1, 2, 3])) == 3 and s.untyped().nbytes() == 8
    assert s.get_device() == -1 and not s.is_cuda and not s.is_pinned() and s.pin_memory() is s and not s.is_sparse
    assert not s.is_shared() and s.filename is None and s.cpu() is s
    with pytest.raises(ValueError, match="typed storage"):
        s.type(3)


def test_storage_from_buffer():
    raw = np.array([1, 2, 3], ">i4").tobytes()
    assert fb.IntStorage.from_buffer(raw, "big").tolist() == [1, 2, 3]
    assert fb.IntStorage.from_buffer(raw, "big", 1, 4).tolist() == [2]
    assert fb.ByteStorage.from_buffer(b"ab", "native").tolist() == [97, 98]
    for arguments, match in (
        ((raw, "middle"), "byte_order"),
        ((raw, "big", -1, 3), "multiple of element size"),
        ((raw, "big", 4), "buffer has only 3 elements"),
        ((raw, "big", 1, 13), "offset must be non-negative"),
    ):
        with pytest.raises(ValueError, match=match):
            fb.IntStorage.from_buffer(*arguments)


def test_storage_from_file(tmp_path):
    path = str(tmp_path / "numbers")
    s = fb.IntStorage.from_file(path, shared=True, size=3)
    s[0] = 7
    assert s.is_shared() and s.filename == path and np.fromfile(path, np.int32).tolist() == [7, 0, 0]
    private = fb.IntStorage.from_file(path, size=2)
    private.fill_(1)
    assert not private.is_shared() and np.fromfile(path, np.int32)[0] == 7


def test_names_of_objects():
    assert fb.typename(fb.zeros(1)) == "torch.FloatTensor" and fb.typename(3) == "int"
    assert fb.typename(fb.LongStorage(1)) == "torch.LongStorage" and fb.typename(fb.nn.ReLU()).endswith(".ReLU")
    assert not fb.is_storage(fb.zeros(1)) and typed.typed_class(fb.Tensor) is fb.FloatTensor
    assert not fb.zeros(1).is_shared()
