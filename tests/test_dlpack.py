"""DLPack: memory shared with NumPy and PyTorch in both directions."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.utils import dlpack

DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex64",
          "complex128", "uint16", "uint32", "uint64"]  # fmt: skip


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "bfloat16"])
def test_numpy_both_ways(dtype):
    a = np.arange(6).reshape(2, 3).astype(dtype)
    t = fb.from_dlpack(a)
    assert t.dtype is getattr(fb, dtype) and t.tolist() == a.tolist()
    a[0, 0] = 1
    assert t.tolist() == a.tolist()
    back = np.from_dlpack(t)
    assert back.dtype == dtype and back.__array_interface__["data"] == a.__array_interface__["data"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch_both_ways(torch, dtype):
    theirs = torch.arange(12).reshape(3, 4).to(getattr(torch, dtype))
    for source in (theirs, theirs.t(), theirs[1:, ::2], theirs[0, 0], theirs[:0]):
        ours = fb.from_dlpack(source)
        assert ours.dtype is getattr(fb, dtype) and tuple(ours.shape) == tuple(source.shape)
        assert ours.tolist() == source.tolist()
        assert ours.numel() == 0 or ours.data_ptr() == source.data_ptr()
        assert ours.numel() < 2 or ours.stride() == source.stride()
    ours = fb.from_dlpack(theirs)
    theirs[1, 1] = 1
    assert ours.tolist() == theirs.tolist()
    again = torch.from_dlpack(dlpack.to_dlpack(ours))
    assert again.dtype == theirs.dtype and again.data_ptr() == theirs.data_ptr()


def test_torch_takes_tensors_directly(torch):
    t = fb.arange(3)
    theirs = torch.from_dlpack(t)
    theirs[0] = 9
    assert t.tolist() == [9, 1, 2]


def test_memory_outlives_its_makers(torch):
    theirs = torch.from_dlpack(fb.full((1000,), 3.0))
    ours = fb.from_dlpack(torch.full((1000,), 4.0))
    junk = [fb.zeros(1000) for _ in range(50)] + [torch.zeros(1000) for _ in range(50)]
    assert theirs.tolist() == [3.0] * 1000 and ours.tolist() == [4.0] * 1000 and junk


def test_capsules_are_used_once():
    t = fb.arange(4)
    capsule = dlpack.to_dlpack(t)
    assert dlpack.from_dlpack(capsule).data_ptr() == t.data_ptr()
    with pytest.raises(RuntimeError, match="can be consumed only once"):
        fb.from_dlpack(capsule)
    dlpack.to_dlpack(t)  # one that nobody takes is freed


def test_copy_and_device():
    a = np.ones(3)
    t = fb.from_dlpack(a, copy=True)
    a[0] = 5
    assert t.tolist() == [1, 1, 1]
    assert fb.from_dlpack(a, device="cpu").tolist() == [5, 1, 1]


def test_errors():
    with pytest.raises(TypeError, match="__dlpack__ and __dlpack_device__, or a capsule, not int"):
        fb.from_dlpack(5)
    with pytest.raises(TypeError, match="can't convert np.ndarray"):
        fb.from_dlpack(np.ones(2, np.longdouble))
    leaf = fb.ones(2, requires_grad=True)
    for export in (dlpack.to_dlpack, fb.Tensor.__dlpack__, fb.from_dlpack):
        with pytest.raises(BufferError, match="require gradient"):
            export(leaf)
    with pytest.raises(TypeError, match="'tensor' must be Tensor, not list"):
        dlpack.to_dlpack([1])

    class Elsewhere:
        def __dlpack__(self, **options):
            raise AssertionError("not asked")

        def __dlpack_device__(self):
            return (2, 0)

    with pytest.raises(BufferError, match="device of DLPack type 2"):
        fb.from_dlpack(Elsewhere())
