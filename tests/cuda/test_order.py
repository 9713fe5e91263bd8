"""The warning of virtual devices that streams use one memory without waiting for each other."""

import pytest

import flambeau as fb
from flambeau import nn

cuda = fb.cuda
RACE = "does not wait for it"


@pytest.fixture
def streams(gpu):
    return cuda.Stream(), cuda.Stream()


def in_stream(stream, function):
    with cuda.stream(stream):
        return function()


def test_a_read_of_what_another_stream_writes(streams):
    first, second = streams
    x = in_stream(first, lambda: fb.ones(3, device="cuda") * 2)
    text = f"reads memory that work in stream {first.cuda_stream:#x} of cuda:0 wrote.*{RACE}"
    with pytest.warns(RuntimeWarning, match=text):
        in_stream(second, lambda: x + 1)


def test_a_write_to_what_another_stream_reads_or_writes(streams):
    first, second = streams
    x = fb.ones(3, device="cuda")
    cuda.synchronize()
    in_stream(first, lambda: x + 1)
    with pytest.warns(RuntimeWarning, match=rf"writes memory that work in stream \S+ of cuda:0 read.*{RACE}"):
        in_stream(second, lambda: x.zero_())
    with pytest.warns(RuntimeWarning, match=RACE):
        in_stream(first, lambda: x.fill_(2))


def test_the_host_reads_in_the_current_stream(streams):
    x = in_stream(streams[0], lambda: fb.ones(3, device="cuda") * 2)
    with pytest.warns(RuntimeWarning, match=RACE):
        assert x.tolist() == [2, 2, 2]


@pytest.mark.parametrize("wait", [
    lambda first, second: second.wait_stream(first),
    lambda first, second: second.wait_event(first.record_event()),
    lambda first, second: first.synchronize(),
    lambda first, second: first.record_event().synchronize(),
    lambda first, second: cuda.synchronize(),
    lambda first, second: first.query(),
    lambda first, second: (cuda.current_stream().wait_stream(first), second.wait_stream(cuda.current_stream())),
])
def test_ways_to_wait(streams, wait):
    first, second = streams
    x = in_stream(first, lambda: fb.ones(3, device="cuda") * 2)
    wait(first, second)
    assert in_stream(second, lambda: (x + 1).tolist()) == [3, 3, 3]


def test_an_event_before_the_work_does_not_help(streams):
    first, second = streams
    early = first.record_event()
    x = in_stream(first, lambda: fb.ones(3, device="cuda") * 2)
    second.wait_event(early)
    with pytest.warns(RuntimeWarning, match=RACE):
        in_stream(second, lambda: x + 1)


def test_copies_from_pinned_memory(streams):
    x = fb.ones(3).pin_memory()
    y = in_stream(streams[0], lambda: x.to("cuda", non_blocking=True))
    with pytest.warns(RuntimeWarning, match=RACE):
        y + 1
    z = in_stream(streams[0], lambda: x.to("cuda"))  # the host waits for this one
    assert (z + 1).tolist() == [2, 2, 2]


def test_the_warning_points_at_the_program(streams):
    x = in_stream(streams[0], lambda: fb.ones(3, device="cuda") * 2)
    with pytest.warns(RuntimeWarning, match=RACE) as caught:
        x.sum()
    assert caught[0].filename == __file__


def test_the_library_waits_where_it_uses_several_devices_and_streams(streams):
    """No warning: they are errors here."""
    side = cuda.Stream(1)
    net = nn.DataParallel(nn.Linear(3, 2).cuda())
    x = fb.randn(4, 3).cuda().requires_grad_()
    side.wait_stream(cuda.current_stream(1))
    with cuda.stream(side), cuda.device(0):
        for _ in range(2):
            net(x).sum().backward()
        y = x.cuda(1).cuda(0)
    assert y.tolist() == x.tolist() and x.grad.shape == x.shape
