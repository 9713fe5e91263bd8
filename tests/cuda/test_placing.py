"""Placing tensors on devices: moving, factories, modules, saving, and what must not mix."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn

from . import virtual_gpus

CPU, FIRST, SECOND = fb.device("cpu"), fb.device("cuda:0"), fb.device("cuda:1")


def values(t):
    return t.detach().cpu().numpy()


def same(a, b):
    np.testing.assert_array_equal(values(a), values(b))


# ---- moving


def test_to(gpu):
    x = fb.arange(6.0).reshape(2, 3)
    for target in ("cuda", "cuda:0", FIRST, 0):
        assert x.to(target).device == FIRST
    y = x.to("cuda:1")
    assert y.device == SECOND and y.get_device() == 1 and y.is_cuda and not y.is_cpu
    assert y.to("cuda:1") is y and y.to(SECOND, fb.float32) is y and y.to("cuda").device == FIRST
    assert y.to("cuda", fb.float64).dtype is fb.float64
    assert y.to(x.to(fb.int64)).device == CPU and x.to(y).device == SECOND
    same(y, x)
    same(y.to("cuda:0"), x)
    assert x.to("cpu") is x and x.cpu() is x and x.get_device() == -1
    assert y.type() == "torch.cuda.FloatTensor"


def test_copies_share_nothing(gpu):
    x = fb.ones(3)
    y = x.cuda()
    y.add_(1)
    z = y.cuda(1)
    z.zero_()
    assert x.tolist() == [1, 1, 1] and y.tolist() == [2, 2, 2] and z.tolist() == [0, 0, 0]
    assert y.to("cuda:0", copy=True).data_ptr() != y.data_ptr()


def test_layouts_move(gpu):
    x = fb.arange(24.0).reshape(2, 3, 4)
    for view in (x.transpose(0, 2), x[:, ::2], x[1], x.expand(5, 2, 3, 4), x[0, 0, 0]):
        same(view.cuda(), view)
        same(x.cuda().transpose(0, 2).cpu(), x.transpose(0, 2))


@pytest.mark.parametrize("dtype", [fb.float16, fb.bfloat16, fb.int8, fb.bool, fb.complex64])
def test_dtypes_move(gpu, dtype):
    x = fb.tensor([0, 1, 3]).to(dtype)
    y = x.cuda()
    assert y.dtype is dtype and y[1].item() == 1
    assert y.tolist() == x.tolist()


def test_gradients_pass(gpu):
    x = fb.ones(3, requires_grad=True)
    (x.cuda().cuda(1) * 3).sum().backward()
    assert x.grad.tolist() == [3, 3, 3] and x.grad.device == CPU


def test_the_current_device(gpu):
    assert fb.cuda.is_available() and fb.cuda.device_count() == 2 and fb.cuda.current_device() == 0
    with fb.cuda.device(1):
        assert fb.cuda.current_device() == 1 and fb.ones(2, device="cuda").device == SECOND
        with fb.cuda.device(None), fb.cuda.device("cuda:0"):
            assert fb.ones(2).cuda().device == FIRST
    assert fb.cuda.current_device() == 0
    fb.cuda.set_device("cuda:1")
    assert fb.zeros(1, device="cuda").device == SECOND
    fb.cuda.set_device(0)
    assert fb.cuda.get_device_name(1) == "Flambeau virtual GPU"
    fb.cuda.synchronize()
    with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
        fb.cuda.set_device("cpu")
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        fb.ones(2).to("cuda:2")


def test_memory(gpu):
    assert fb.cuda.memory_allocated() == 0 and not fb.cuda.is_initialized()
    before = fb.cuda.memory_allocated(), fb.ones(1).cuda().numel()  # the first use
    with fb.cuda.device(1):
        start = fb.cuda.memory_allocated()
        x = fb.zeros(1000, device="cuda:1")
        assert start + 4000 <= fb.cuda.memory_allocated(1) <= start + 4608
        del x
        assert fb.cuda.memory_allocated() == start and fb.cuda.memory_reserved() >= start
    fb.cuda.empty_cache()
    assert before[1] == 1 and fb.cuda.is_initialized()


# ---- factories


def test_factories(gpu):
    made = [
        fb.tensor([1.0, 2.0], device="cuda:1"), fb.zeros(2, device="cuda:1"), fb.ones(2, device=SECOND), fb.empty(2,
        device=1),
        fb.full((2,), 3.0, device="cuda:1"), fb.arange(2, device="cuda:1"), fb.linspace(0, 1, 2, device="cuda:1"),
        fb.eye(2, device="cuda:1"), fb.as_tensor([1, 2], device="cuda:1"), fb.randn(2, device="cuda:1"),
        fb.randperm(2, device="cuda:1"), fb.scalar_tensor(2.0, device="cuda:1"),
    ]  # fmt: skip
    made += [
        fb.zeros_like(made[0]),
        made[0].new_zeros(3),
        made[0].new_tensor([1]),
        fb.rand_like(made[0]),
        made[0].new_full((2,), 1),
    ]
    assert all(t.device == SECOND for t in made)
    assert made[0].tolist() == [1, 2] and made[4].tolist() == [3, 3] and made[5].tolist() == [0, 1]
    assert fb.zeros(2, device="cuda:1", requires_grad=True).requires_grad
    out = fb.empty(0, device="cuda:1")
    assert fb.arange(3, out=out) is out and out.device == SECOND and out.tolist() == [0, 1, 2]


# ---- text, NumPy, copies, files


def test_text(gpu):
    assert repr(fb.tensor([1.0, 2.0], device="cuda")) == "tensor([1., 2.], device='cuda:0')"
    assert (
        repr(fb.tensor([[1]], device="cuda:1", dtype=fb.int8))
        == "tensor([[1]], device='cuda:1', dtype=torch.int8)"
    )


def test_numpy_is_refused(gpu):
    x = fb.ones(2, device="cuda:1")
    with pytest.raises(TypeError, match="can't convert cuda:1 device type tensor to numpy. Use Tensor.cpu"):
        x.numpy()
    with pytest.raises(TypeError, match="can't convert cuda:1"):
        np.asarray(x)
    assert x.numpy(force=True).tolist() == [1, 1]


def test_deepcopy(gpu):
    x = fb.arange(6.0, device="cuda:1")
    pair = copy.deepcopy({"all": x, "part": x[2:4], "leaf": fb.ones(2, device="cuda", requires_grad=True)})
    pair["all"].mul_(2)
    assert pair["part"].tolist() == [4, 6] and x.tolist() == [0, 1, 2, 3, 4, 5]
    assert pair["part"].device == SECOND and pair["leaf"].requires_grad and pair["leaf"].device == FIRST


def test_pickle(gpu):
    x = pickle.loads(pickle.dumps(fb.arange(3.0, device="cuda:1", requires_grad=True)))
    assert x.device == SECOND and x.tolist() == [0, 1, 2] and x.requires_grad


def test_save_and_load(gpu, tmp_path):
    x = fb.arange(6.0, device="cuda:1")
    fb.save({"x": x, "view": x[1:3], "cpu": fb.ones(2)}, tmp_path / "t")
    back = fb.load(tmp_path / "t")
    assert back["x"].device == SECOND and back["cpu"].device == CPU and back["x"].tolist() == x.tolist()
    assert back["view"].tolist() == [1, 2] and back["view"].device == SECOND
    assert fb.load(tmp_path / "t", map_location="cpu")["x"].device == CPU
    assert fb.load(tmp_path / "t", map_location={"cuda:1": "cuda:0"})["x"].device == FIRST


def test_a_file_from_a_gpu_where_there_is_none(tmp_path):
    with virtual_gpus(1):
        fb.save(fb.ones(2, device="cuda"), tmp_path / "t")
    with pytest.raises(
        RuntimeError, match=r"deserialize object on a CUDA device .cuda:0., but there is none here.*map_location=device"
    ):
        fb.load(tmp_path / "t")
    assert fb.load(tmp_path / "t", map_location="cpu").tolist() == [1, 1]


def test_storage(gpu):
    x = fb.arange(6.0, device="cuda:1")
    assert x[2:].storage_offset() == 2 and x[2:].storage().data_ptr() == x.data_ptr()
    storage = x.storage()
    assert storage.device == SECOND and len(storage) == 6 and storage.type() == "torch.cuda.FloatStorage"
    assert isinstance(storage, fb.cuda.FloatStorage) and not isinstance(storage, fb.FloatStorage)
    assert fb.cuda.LongStorage([1, 2]).tolist() == [1, 2] and fb.cuda.LongStorage(2).get_device() == 0
    storage[3] = 7
    assert x[3].item() == storage[3] == storage.cpu()[3] == 7 and storage.clone().fill_(2)[0] == 2
    storage[3:5] = [3, 4]
    assert x.as_strided((2, 2), (3, 1), 1).tolist() == [[1, 2], [4, 5]]
    with pytest.raises(RuntimeError, match="out of bounds for storage"):
        x.as_strided((1000,), (1,))
    x.resize_(1000)
    assert x[:6].tolist() == [0, 1, 2, 3, 4, 5] and x.device == SECOND
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    assert x.set_().numel() == 0 and x.device == SECOND


# ---- modules and optimisers


def test_modules(gpu):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).to("cuda:1")
    assert {t.device for t in (*model.parameters(), *model.buffers())} == {SECOND}
    assert all(type(p) is nn.Parameter and p.requires_grad for p in model.parameters())
    assert model(fb.ones(2, 3, device="cuda:1")).device == SECOND
    state = model.state_dict()
    assert state["0.weight"].device == SECOND
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    other.load_state_dict(state)
    same(other[0].weight, model[0].weight)
    assert other[0].weight.device == CPU and next(other.cuda().parameters()).device == FIRST
    assert next(other.cpu().parameters()).device == CPU


# ---- what must not mix


@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: x + y, lambda x, y: y @ x, lambda x, y: fb.cat([x, y]), lambda x, y: x.add_(y), lambda x,
        y: fb.where(x > 0, x, y), lambda x, y: fb.add(x, x, out=y), lambda x, y: fb.stack([y, x]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("second", ["cpu", "cuda:1"])
def test_devices_do_not_mix(gpu, call, second):
    x, y = fb.ones(2, 2, device="cuda:0"), fb.ones(2, 2, device=second)
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device.*cuda:0"):
        call(x, y)
    assert x.tolist() == y.tolist() == [[1, 1], [1, 1]] and x._version == y._version == 0


def test_0_dim_cpu_tensors_are_numbers(gpu):
    x, two = fb.ones(2, device="cuda:1"), fb.tensor(2.0)
    for result in (
        x + two,
        two + x,
        x * two,
        two**x,
        fb.where(x > 5, x, two),
        x.clone().mul_(two),
        fb.maximum(two, x),
    ):
        assert result.device == SECOND
    assert (two * x).tolist() == [2, 2] and (two - x).tolist() == [1, 1]
    assert (fb.ones(2, dtype=fb.int64, device="cuda") * fb.tensor(0.5, dtype=fb.float64)).dtype is fb.float64
    assert (x.half() * fb.tensor(2.0, dtype=fb.float64)).dtype is fb.float16
    with pytest.raises(RuntimeError, match="same device"):
        two.add_(fb.ones((), device="cuda"))
    assert two.item() == 2 and two._version == 0
    x[0] = two
    assert x.tolist() == [2, 1]


def test_copy_and_index_from_the_cpu(gpu):
    x = fb.zeros(3, device="cuda:1")
    x.copy_(fb.arange(3.0))
    x[1:] = fb.tensor([7.0, 8.0])
    assert x.tolist() == [0, 7, 8] and x[fb.tensor([2, 0])].tolist() == [8, 0] and x[[1]].tolist() == [7]
    x[fb.tensor([True, False, False])] = 5
    x[[2]] = fb.tensor([9.0])
    assert x.tolist() == [5, 7, 9]
    y = fb.zeros(3)
    y.copy_(x)
    assert y.tolist() == [5, 7, 9] and y.device == CPU
    for bad in ([3], [-4]):
        with pytest.raises(IndexError, match="out of bounds"):
            x[bad]
        with pytest.raises(IndexError, match="out of bounds"):
            x[bad] = 1
    assert x.tolist() == [5, 7, 9]


def test_an_index_on_another_gpu(gpu):
    x = fb.arange(3, device="cuda:1")
    for key in (fb.tensor([0], device="cuda:0"), (fb.tensor([0], device="cuda:0"),)):
        with pytest.raises(RuntimeError, match=r"same device as the indexed tensor \(cuda:1\), got one on cuda:0"):
            x[key]
        with pytest.raises(RuntimeError, match="same device as the indexed tensor"):
            x[key] = 1
    with pytest.raises(RuntimeError, match=r"indexed tensor \(cpu\)"):
        x.cpu()[fb.tensor([0], device="cuda:0")]


def test_other_libraries(gpu):
    x = fb.ones(2, device="cuda:1")
    with pytest.raises(BufferError, match="virtual GPU"):
        fb.from_dlpack(x)
    assert not hasattr(x, "__cuda_array_interface__") and not hasattr(x.cpu(), "__cuda_array_interface__")


def test_the_stream_that_uses_a_tensor(gpu):
    x, stream = fb.ones(2, device="cuda:1"), fb.cuda.Stream(1)
    x.record_stream(stream)
    with pytest.raises(RuntimeError, match="only tensors on a GPU"):
        x.cpu().record_stream(stream)
