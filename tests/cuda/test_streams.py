"""Streams and events: the order of work, waiting, time, and the streams of backward."""

import threading
import time

import pytest

import flambeau as fb
from flambeau.kernels.cuda import backend

cuda = fb.cuda
LONG = 300_000_000  # cycles: 0.3 s on a virtual GPU


def test_work_in_a_stream_is_done_in_order(gpu):
    stream = cuda.Stream()
    with cuda.stream(stream):
        cuda._sleep(LONG)
        event = stream.record_event()
    assert not event.query() and not stream.query()
    begin = time.monotonic()
    event.synchronize()
    assert time.monotonic() - begin > 0.001 and event.query() and stream.query()


def test_streams_do_not_wait_for_each_other(gpu):
    slow, fast = cuda.Stream(), cuda.Stream()
    with cuda.stream(slow):
        cuda._sleep(LONG)
    with cuda.stream(fast):
        y = fb.ones(2, device="cuda") * 2
    assert fast.query() and not slow.query() and y.tolist() == [2, 2]


@pytest.mark.parametrize("wait", [
    lambda later, earlier: later.wait_stream(earlier),
    lambda later, earlier: later.wait_event(earlier.record_event()),
    lambda later, earlier: earlier.record_event().wait(later),
])
def test_a_stream_waits_for_another(gpu, wait):
    earlier, later = cuda.Stream(), cuda.Stream()
    with cuda.stream(earlier):
        cuda._sleep(LONG)
    wait(later, earlier)
    assert not later.query()
    later.synchronize()
    assert earlier.query()


def test_a_kernel_waits_for_what_its_stream_waits_for(gpu):
    source, buffer = fb.ones(4).pin_memory(), fb.zeros(4, device="cuda")
    copying = cuda.Stream()
    with cuda.stream(copying):
        cuda._sleep(LONG)
        buffer.copy_(source, non_blocking=True)
    cuda.current_stream().wait_stream(copying)
    assert (buffer + 1).tolist() == [2, 2, 2, 2]


def test_elapsed_time(gpu):
    start, end = (cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    cuda._sleep(LONG)
    end.record()
    with pytest.raises(RuntimeError, match="must be completed"):
        start.elapsed_time(end)
    cuda.synchronize()
    assert start.elapsed_time(end) >= 300
    with pytest.raises(RuntimeError, match="must be recorded"):
        start.elapsed_time(cuda.Event(enable_timing=True))
    with pytest.raises(RuntimeError, match="enable_timing=True"):
        start.elapsed_time(cuda.Event())


def test_an_event_is_its_last_recording(gpu):
    event = cuda.Event()
    assert event.query() and repr(event) == "<torch.cuda.Event uninitialized>" and event.cuda_event == 0
    event.synchronize()
    cuda._sleep(LONG)
    event.record()
    event.record(cuda.Stream(1))
    assert event.query() and event.device == fb.device("cuda:1")


def test_synchronize_is_of_one_device(gpu):
    with cuda.device(1):
        cuda._sleep(LONG)
    cuda.synchronize(0)
    assert not cuda.current_stream(1).query()
    cuda.synchronize("cuda:1")
    assert cuda.current_stream(1).query()


def test_the_current_stream(gpu):
    default = cuda.current_stream()
    assert default == cuda.default_stream() and default.cuda_stream == 0 and default != cuda.default_stream(1)
    other = cuda.Stream(device=1)
    with cuda.stream(other):
        assert cuda.current_device() == 1 and cuda.current_stream() == other
        assert cuda.current_stream(0) == default
        with other, cuda.stream(None):
            assert cuda.current_stream() == other
    assert cuda.current_device() == 0 and cuda.current_stream(1) == cuda.default_stream(1)
    assert other.device == fb.device("cuda:1") and len({other, cuda.Stream(1), other}) == 2
    cuda.set_stream(other)
    assert cuda.current_stream() == other and cuda.current_device() == 1
    cuda.set_stream(cuda.default_stream(1))
    cuda.set_device(0)
    with pytest.raises(RuntimeError, match="no streams of other libraries"):
        cuda.ExternalStream(1)


def test_each_thread_has_a_current_stream_and_device(gpu):
    found = []
    with cuda.stream(cuda.Stream(1)):
        thread = threading.Thread(target=lambda: found.append((cuda.current_device(), cuda.current_stream(1))))
        thread.start()
        thread.join()
    assert found == [(0, cuda.default_stream(1))]


def test_two_threads_on_streams_that_wait_for_each_other(gpu):
    """Waits without a cycle end, whichever thread comes first to a stream."""
    a, b = cuda.Stream(0), cuda.Stream(1)
    for _ in range(20):
        with cuda.stream(a):
            cuda._sleep(200_000)
        first = a.record_event()
        b.wait_event(first)
        second = b.record_event()
        a.wait_event(second)
        a.record_event()
    threads = [threading.Thread(target=s.synchronize) for s in (a, b, a, b)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(10)
    assert not any(t.is_alive() for t in threads) and a.query() and b.query()


def test_kernels_of_two_threads_in_one_stream_do_not_overlap(gpu):
    stream, running, most = backend.backend().devices.current_stream(0), [], []

    def kernel():
        running.append(1)
        most.append(len(running))
        time.sleep(0.001)
        running.pop()

    threads = [threading.Thread(target=lambda: [stream.launch(kernel, (), {}) for _ in range(10)]) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(most) == 40 and max(most) == 1


# ---- backward


class Seen(fb.autograd.Function):
    """Notes in which stream and on which device its backward runs."""

    found: list = []

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        Seen.found.append((cuda.current_device(), cuda.current_stream()))
        return grad * 2


def test_backward_runs_in_the_stream_and_on_the_device_of_forward(gpu):
    Seen.found.clear()
    x = fb.ones(3, device="cuda:1", requires_grad=True)
    side = cuda.Stream(1)
    side.wait_stream(cuda.current_stream(1))
    with cuda.stream(side):
        y = Seen.apply(x)
        hooked = []
        y.register_hook(lambda grad: hooked.append(cuda.current_stream()))
    cuda.current_stream(1).wait_stream(side)
    z = Seen.apply(y)
    z.sum().backward()
    assert Seen.found == [(1, cuda.default_stream(1)), (1, side)] and hooked == [side]
    assert x.grad.tolist() == [4, 4, 4] and cuda.current_device() == 0
    assert cuda.current_stream(1) == cuda.default_stream(1)


def test_backward_of_an_op_in_another_stream(gpu):
    x = fb.ones(3, device="cuda", requires_grad=True)
    first, second = cuda.Stream(), cuda.Stream()
    with cuda.stream(first):
        y = (x * x).exp()
    second.wait_stream(first)
    with cuda.stream(second):
        y.sum().backward()
    cuda.current_stream().wait_stream(second)
    assert fb.allclose(x.grad.cpu(), fb.full((3,), 2 * 2.718281828))
