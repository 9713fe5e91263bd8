"""`torch.cuda` of 0.3 on two virtual GPUs: types, storages, text, streams, random numbers, collectives."""

import copy
import ctypes
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

import flambeau.v03 as torch
from flambeau._core import core
from flambeau.v03 import libraries, nn
from flambeau.v03.autograd import Variable
from flambeau.v03.cuda import comm, nccl
from tests.cuda import cupy_standin, virtual_gpus


@pytest.fixture(autouse=True)
def gpus():
    with virtual_gpus(2):
        yield


# ---- types


def test_moving():
    x = torch.FloatTensor([1, 2])
    assert x.cuda().type() == "torch.cuda.FloatTensor" and x.cuda(1).get_device() == 1 and x.cuda(1).cpu().equal(x)
    y = x.cuda(1)
    assert y.cuda(1) is y and y.cuda() is not y and y.cuda().get_device() == 0
    assert x.type(torch.cuda.LongTensor).type() == "torch.cuda.LongTensor" and y.type(torch.FloatTensor).equal(x)
    assert x.double().cuda().float().is_cuda and x.type_as(y).is_cuda and not y.type_as(x).is_cuda
    assert isinstance(y, torch.cuda.FloatTensor) and not isinstance(y, torch.FloatTensor)
    with pytest.raises(RuntimeError, match="get_device is not implemented for type torch.FloatTensor"):
        x.get_device()
    with pytest.raises(TypeError, match="unexpected keyword argument 'later'"):
        x.cuda(later=True)


def test_making():
    assert torch.cuda.DoubleTensor(2, 3).size() == (2, 3) and torch.cuda.LongTensor([1, 2])[1] == 2
    with torch.cuda.device(1):
        x = torch.cuda.FloatTensor([[1, 2]])
    assert x.get_device() == 1 and x.new(3).get_device() == 1 and x.new([4]).tolist() == [4]
    assert x.clone().get_device() == (x + 1).get_device() == x.t().get_device() == x[0].get_device() == 1
    with pytest.raises(TypeError, match="torch.cuda.FloatTensor constructor received an invalid combination"):
        torch.cuda.FloatTensor(torch.FloatTensor(2))
    with pytest.raises(TypeError, match="torch.FloatTensor constructor received an invalid combination"):
        torch.FloatTensor(x)


def test_types_do_not_mix():
    x = torch.ones(2).cuda()
    with pytest.raises(TypeError, match="add received an invalid combination of arguments"):
        x + torch.ones(2)
    with pytest.raises(RuntimeError, match=r"Variable\[torch.cuda.FloatTensor\] but found type Variable\[torch.Float"):
        Variable(x) + Variable(torch.ones(2))
    with pytest.raises(RuntimeError, match="located on different GPUs"):
        torch.mm(x.view(1, 2), torch.ones(2, 1).cuda(1))


def test_text():
    assert repr(torch.zeros(2, 2).cuda()) == "\n 0  0\n 0  0\n[torch.cuda.FloatTensor of size 2x2 (GPU 0)]\n"
    assert repr(Variable(torch.ones(1).cuda(1))) == (
        "Variable containing:\n 1\n[torch.cuda.FloatTensor of size 1 (GPU 1)]\n"
    )


def test_the_default_tensor_type():
    try:
        torch.set_default_tensor_type('torch.cuda.FloatTensor')
        for x in (torch.Tensor(2), torch.zeros(2), torch.randn(2), torch.arange(0, 2), torch.eye(2), torch.Tensor([1])):
            assert x.type() == "torch.cuda.FloatTensor"
        assert torch.Storage is torch.cuda.FloatStorage
        assert torch.from_numpy(x.cpu().numpy()).type() == "torch.FloatTensor"
        net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
        assert net(Variable(torch.ones(4, 3))).data.is_cuda and net[1].running_mean.is_cuda
        with torch.cuda.device(1):
            assert torch.zeros(1).get_device() == 1
    finally:
        torch.set_default_tensor_type('torch.FloatTensor')
    assert not torch.zeros(2).is_cuda and torch.Storage is torch.FloatStorage


def test_storages():
    s = torch.cuda.FloatStorage([1, 2, 3])
    assert s.is_cuda and s.get_device() == 0 and s.type() == "torch.cuda.FloatStorage" and s.tolist() == [1, 2, 3]
    x = torch.cuda.FloatTensor(s)
    s[0] = 7
    assert x[0] == 7 and type(x.storage()) is torch.cuda.FloatStorage and len(x[1:].storage()) == 3
    assert torch.cuda.FloatTensor(s, 1, (2,)).tolist() == [2, 3]
    assert isinstance(s, torch.cuda.FloatStorage) and not isinstance(s, (torch.FloatStorage, torch.cuda.LongStorage))
    assert type(s.cpu()) is torch.FloatStorage and s.cuda(1).get_device() == 1 and s.new([1]).is_cuda
    assert type(torch.FloatStorage(2).cuda()) is torch.cuda.FloatStorage and x.storage_type() is torch.cuda.FloatStorage
    assert torch.FloatStorage([5]).type("torch.cuda.LongStorage").type() == "torch.cuda.LongStorage"
    assert str(s).endswith("[torch.cuda.FloatStorage of size 3]") and s.is_shared()
    with pytest.raises(TypeError, match="constructor received an invalid combination"):
        torch.FloatTensor(s)
    with pytest.raises(RuntimeError, match="not available for CUDA storages"):
        torch.cuda.FloatStorage.from_buffer(b"abcd")


def test_copies_and_files(tmp_path):
    x = Variable(torch.ones(3).cuda(1), requires_grad=True)
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert y.get_device() == 1 and y.data.equal(x.data)
    s = pickle.loads(pickle.dumps(x.data.storage()))
    assert type(s) is torch.cuda.FloatStorage and s.get_device() == 1 and s.tolist() == [1, 1, 1]
    torch.save({"x": x.data}, str(tmp_path / "x"))
    assert torch.load(str(tmp_path / "x"))["x"].get_device() == 1
    moved = torch.load(str(tmp_path / "x"), map_location=lambda storage, location: storage)["x"]
    assert moved.type() == "torch.FloatTensor"
    assert torch.load(str(tmp_path / "x"), map_location={"cuda:1": "cuda:0"})["x"].get_device() == 0


def test_operations():
    x = torch.arange(0, 6).view(2, 3).cuda(1)
    assert x.sum() == 15 and x.max(1)[1].tolist() == [2, 2] and x[x.gt(3)].tolist() == [4, 5]
    assert x[torch.LongTensor([1]).cuda(1)].tolist() == [[3, 4, 5]] and x[1, 2] == 5
    assert [r.get_device() for r in x] == [1, 1]
    assert torch.cat([x, x]).size() == (4, 3)
    assert x.mm(x.t()).get_device() == 1 and x.gt(1).type() == "torch.cuda.ByteTensor"
    x[0] = 9
    x[1, 1] = torch.FloatTensor([7])[0]
    assert x.tolist() == [[9, 9, 9], [3, 7, 5]] and x.is_cuda and x.numel() == 6


def test_a_network():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2)).cuda(1)
    with torch.cuda.device(1):
        x = Variable(torch.randn(2, 1, 6, 6).cuda(), requires_grad=True)
        out = net(x)
        nn.MSELoss()(out, Variable(torch.zeros(2, 2, 2, 2).cuda())).backward()
    assert out.get_device() == x.grad.get_device() == net[0].weight.grad.get_device() == 1


# ---- streams, random numbers, collectives


def test_streams_and_events():
    s, t = torch.cuda.Stream(), torch.cuda.Stream(device=1)
    assert (s.device, t.device) == (0, 1) and torch.cuda.current_stream().cuda_stream == 0 and s != t
    with torch.cuda.stream(t):
        assert torch.cuda.current_stream() == t and torch.cuda.current_device() == 1
        with torch.cuda.stream(None):
            assert torch.cuda.current_stream() == t
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record(s)
    end.record(s)
    s.wait_event(end)
    s.wait_stream(t)
    s.synchronize()
    end.synchronize()
    assert s.query() and end.query() and start.elapsed_time(end) >= 0 and t.record_event().query()
    assert repr(t).startswith("<torch.cuda.Stream device=1 cuda_stream=0x")
    torch.cuda.synchronize()


def test_names_that_other_libraries_know():
    first = torch.cuda.current_blas_handle()
    with torch.cuda.device(1):
        second = torch.cuda.current_blas_handle()
    assert isinstance(first, int) and first == torch.cuda.current_blas_handle() != second
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.cuda.current_blas_handle).result() != first
    handle = torch.cuda.streams.EventHandle.from_buffer_copy(bytes(range(64)))
    assert ctypes.sizeof(handle) == 64 and bytes(handle) == bytes(handle.reserved) == bytes(range(64))
    event = torch.cuda.current_stream().record_event()
    assert isinstance(event, torch.cuda.Event)
    with pytest.raises(RuntimeError, match="ipc_handle: events of VirtualDevices are not shared between processes"):
        event.ipc_handle()
    with cupy_standin.installed():
        event = torch.cuda.Event(interprocess=True)
        assert isinstance(event.ipc_handle(), torch.cuda.streams.EventHandle)
        assert bytes(event.ipc_handle()) == event.cuda_event.to_bytes(64, "little")


def test_the_library_of_nvtx(tmp_path, monkeypatch):
    monkeypatch.setattr(libraries.ctypes.util, "find_library", lambda name: None)
    (tmp_path / "nvidia/nvtx/lib").mkdir(parents=True)
    path = tmp_path / "nvidia/nvtx/lib/libnvToolsExt.so.1"
    monkeypatch.syspath_prepend(tmp_path)
    libraries.opened.cache_clear()
    path.write_text("no library")
    assert torch.cuda.nvtx.lib is None
    path.unlink()
    path.symlink_to(core.__file__)  # any shared library does
    libraries.opened.cache_clear()
    assert torch.cuda.nvtx.lib._name == str(path)
    libraries.opened.cache_clear()


def test_random_numbers():
    torch.manual_seed(5)
    state = torch.cuda.get_rng_state()
    assert state.type() == "torch.ByteTensor" and torch.cuda.initial_seed() == 5
    x = torch.cuda.FloatTensor(4).normal_()
    torch.cuda.set_rng_state(state)
    assert torch.cuda.FloatTensor(4).normal_().equal(x)
    with torch.cuda.device(1):
        y = torch.cuda.FloatTensor(4).normal_()
    assert y.cpu().equal(x.cpu())  # one seed, two generators
    states = torch.cuda.get_rng_state_all()
    torch.cuda.manual_seed(6)
    torch.cuda.set_rng_state_all(states)
    assert len(states) == len(torch.cuda.default_generators) == 2 and torch.cuda.initial_seed() == 5
    torch.cuda.manual_seed_all(6)
    assert torch.cuda.default_generators[1].initial_seed() == 6


def test_comm_and_nccl():
    x = torch.arange(0, 4).cuda()
    first, second = comm.scatter(x, [0, 1])
    assert second.get_device() == 1 and comm.gather([first, second], 0, 0).equal(x)
    copies = comm.broadcast(x, [0, 1])
    assert comm.reduce_add(copies).tolist() == [0, 2, 4, 6] and copies[1].type() == "torch.cuda.FloatTensor"
    assert nccl.is_available(copies) and not nccl.is_available([x, x])
    outputs = [t.clone() for t in copies]
    nccl.all_reduce(copies, outputs, nccl.SUM)
    assert [t.tolist() for t in outputs] == [[0, 2, 4, 6]] * 2
    nccl.reduce(copies, outputs=[outputs[0], torch.cuda.FloatTensor()], root=0)
    nccl.broadcast([outputs[0], copies[1]], root=0)
    assert copies[1].tolist() == [0, 2, 4, 6]


def test_data_parallel_with_keywords_and_broken_inputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(1))

        def forward(self, x, y=None):
            return x * self.w + y, y

    net = nn.DataParallel(Two().cuda())
    x, y = (Variable(torch.ones(3, 2).cuda(i)) for i in range(2))
    out, same = net(x, y=y)
    assert out.get_device() == 0 and out.data.tolist() == [[2, 2]] * 3 and same.size() == (3, 2)
    out.sum().backward()
    assert net.module.w.grad.data[0] == 6
    with pytest.raises(RuntimeError, match=r"all tensors must be on devices\[0\]"):
        nn.DataParallel(Two().cuda(1))(x, y=y)


def test_what_needs_no_gpu():
    assert torch.cuda.get_device_capability() == (7, 5) and torch.cuda.get_device_name(1) == "Flambeau virtual GPU"
    torch.cuda.check_error(0)
    with pytest.raises(torch.cuda.CudaError, match=r"out of memory \(2\)"):
        torch.cuda.check_error(2)
    assert issubclass(torch.cuda.DeferredCudaCallError, Exception) and torch.cuda.cudaStatus.SUCCESS == 0
    torch.cuda.nvtx.range_push("a"), torch.cuda.nvtx.mark("b"), torch.cuda.nvtx.range_pop()
    with torch.cuda.profiler.profile():
        pass
    assert torch.cuda.profiler.cudaOutputMode.for_key("csv") == 1
