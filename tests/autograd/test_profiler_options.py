"""autograd.profiler: shapes, flops, memory and stacks, which are recorded when asked for, and threads."""

import threading

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name

import flambeau as fb
from flambeau import nn
from flambeau.autograd.profiler import profile, record_function

from .profiling import average, event


def test_shapes_and_numbers():
    x = fb.ones(2, 3)
    with profile(record_shapes=True) as prof:
        x + x
        fb.stack([x, x], 1)
        x.sum(dim=1)
    assert event(prof, "aten::add").input_shapes == [[2, 3], [2, 3]]
    assert event(prof, "aten::stack").input_shapes == [[[2, 3], [2, 3]], []]
    assert event(prof, "aten::stack").concrete_inputs == [None, 1]
    assert event(prof, "aten::sum").input_shapes[0] == [2, 3]


def test_shapes_in_a_list_that_contains_itself():
    loop = [fb.ones(2)]
    loop.append(loop)
    with profile(record_shapes=True) as prof, pytest.raises(TypeError):
        fb.stack(tuple(loop))
    assert event(prof, "aten::stack").input_shapes == [[[2], []]]


def test_shapes_only_when_asked():
    with profile() as prof:
        fb.ones(2, 3).exp()
    assert event(prof, "aten::exp").input_shapes == []
    assert "Input Shapes" not in prof.table()


def test_averages_by_shape():
    with profile(record_shapes=True) as prof:
        for n in (2, 2, 5):
            fb.ones(n).exp()
    counts = {str(a.input_shapes): a.count for a in prof.key_averages(group_by_input_shape=True)}
    assert counts == {"[[2]]": 2, "[[5]]": 1}
    assert average(prof, "aten::exp").count == 3


@pytest.mark.parametrize("call, name, expected", [
    (lambda: fb.ones(2, 3) @ fb.ones(3, 5), "aten::mm", 2 * 2 * 3 * 5),
    (lambda: fb.bmm(fb.ones(4, 2, 3), fb.ones(4, 3, 5)), "aten::bmm", 4 * 2 * 2 * 3 * 5),
    (lambda: fb.addmm(fb.ones(5), fb.ones(2, 3), fb.ones(3, 5)), "aten::addmm", 2 * 2 * 3 * 5),
    (lambda: fb.addmm(fb.ones(5), fb.ones(2, 3), fb.ones(3, 5), beta=2), "aten::addmm", 2 * 2 * 3 * 5),
    (lambda: fb.addmm(fb.ones(5), beta=2, mat2=fb.ones(3, 5), mat1=fb.ones(2, 3)), "aten::addmm", 0),
    (lambda: fb.ones(4, 1) * fb.ones(3), "aten::mul", 12),
    (lambda: fb.ones(4).exp(), "aten::exp", 0),
    (lambda: nn.functional.conv2d(fb.ones(2, 4, 8, 8), fb.ones(6, 2, 3, 3), stride=2, groups=2), "aten::convolution",
     2 * (2 * 6 * 3 * 3) * (2 * 3 * 3)),
    (lambda: nn.functional.conv_transpose2d(fb.ones(2, 4, 5, 5), fb.ones(4, 4, 3, 3), stride=2), "aten::convolution",
     2 * (2 * 4 * 5 * 5) * (4 * 3 * 3)),
])  # fmt: skip
def test_flops(call, name, expected):
    with profile(with_flops=True) as prof:
        call()
    assert event(prof, name).flops == expected


def test_memory_of_a_result():
    x = fb.ones(100, 10)
    with profile(profile_memory=True) as prof:
        y = x.exp()
        x.transpose(0, 1)
        y.add_(1)
        with record_function("freed"):
            del y
    assert event(prof, "aten::exp").cpu_memory_usage == 4000
    assert event(prof, "aten::transpose").cpu_memory_usage == 0
    assert event(prof, "aten::add_").cpu_memory_usage == 0
    assert event(prof, "freed").cpu_memory_usage == -4000


def test_memory_that_numpy_takes_within_an_op_counts():
    x = fb.rand(50, 50, dtype=fb.float64)
    kept = []
    with profile(profile_memory=True) as prof:
        kept.append(fb.linalg.inv(x))
    assert event(prof, "aten::linalg_inv_ex").cpu_memory_usage == 50 * 50 * 8 + 4  # the inverse and `info`


def test_memory_of_children_is_not_self():
    x = fb.ones(100)
    with profile(profile_memory=True) as prof, record_function("outer"):
        y = x.exp()
    outer = event(prof, "outer")
    assert (outer.cpu_memory_usage, outer.self_cpu_memory_usage) == (y.numel() * 4, 0)


def test_memory_only_when_asked():
    with profile() as prof:
        fb.ones(100).exp()
    assert event(prof, "aten::exp").cpu_memory_usage == 0
    assert "CPU Mem" not in prof.table()


def test_numpy_allocates_as_before_afterwards():
    before = get_handler_name()
    with profile(profile_memory=True):
        fb.ones(4).exp()
        with pytest.raises(RuntimeError):
            fb.ones(4) + fb.ones(3)
        assert get_handler_name() == before
    assert get_handler_name(np.zeros(3)) == before


def test_a_profile_that_ends_inside_an_event():
    x = fb.ones(3, requires_grad=True)
    y = x * 2
    prof = profile(profile_memory=True)
    y.grad_fn.register_hook(lambda *grads: prof.__exit__())
    before = get_handler_name()
    prof.__enter__()
    y.sum().backward()
    assert get_handler_name() == before
    assert x.grad.tolist() == [2.0] * 3
    assert event(prof, "MulBackward0").cpu_time_total > 0
    with profile() as second:
        x.detach().exp()
    assert event(second, "aten::exp").cpu_parent is None


def user_function(x):
    return x.exp()


def test_stacks(tmp_path):
    with profile(with_stack=True) as prof:
        user_function(fb.ones(2000))
    stack = event(prof, "aten::exp").stack
    assert stack[0].startswith(__file__) and stack[0].endswith("user_function")
    assert stack[1].endswith("test_stacks")
    assert "user_function" in prof.table(max_src_column_width=500)
    (averaged,) = prof.key_averages(group_by_stack_n=2)
    assert averaged.stack == stack[:2]
    path = tmp_path / "stacks.txt"
    prof.export_stacks(path)
    frames, value = path.read_text().rstrip().rsplit(" ", 1)
    assert frames.endswith("user_function") and int(value) >= 1


def test_stacks_have_to_be_asked_for(tmp_path):
    with profile() as prof:
        fb.ones(2).exp()
    with pytest.raises(RuntimeError, match="with_stack"):
        prof.export_stacks(tmp_path / "stacks.txt")


def test_threads():
    x = fb.ones(1000)

    def work():
        for _ in range(50):
            with record_function("work"):
                x.exp()

    with profile() as prof:
        threads = [threading.Thread(target=work, name=f"worker {i}") for i in range(3)]
        for t in threads:
            t.start()
        work()
        for t in threads:
            t.join()
    events = prof.function_events
    assert average(prof, "work").count == 200
    assert {e.thread for e in events} == {0, 1, 2, 3}
    assert {name for _, name in events.threads} >= {"worker 0", "worker 1", "worker 2"}
    for e in events:
        if e.name == "aten::exp":
            assert e.cpu_parent.name == "work" and e.cpu_parent.thread == e.thread
