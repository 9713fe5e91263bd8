"""autograd.profiler: which events are recorded, how they nest, and their times."""

import time

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.autograd import Function, profiler
from flambeau.autograd.profiler import profile, record_function

from .profiling import average, event, names

# ------------------------------------------------------------------------------------- what is recorded


def test_each_way_to_call_an_op_is_recorded_once():
    x = fb.ones(2, 3)
    with profile() as prof:
        fb.exp(x)
        x.exp()
        x + x
        2 * x
        x += 1
        -x  # noqa: B018
        x == x  # noqa: B015
        x.transpose(0, 1)
    assert names(prof) == ["aten::exp", "aten::exp", "aten::add", "aten::mul", "aten::add_", "aten::neg", "aten::eq",
                           "aten::transpose"]  # fmt: skip


def test_keyword_arguments_and_out():
    x, out = fb.ones(2, 3), fb.empty(2, 3)
    with profile() as prof:
        fb.add(x, x, alpha=2, out=out)
    assert "aten::add" in names(prof)
    assert out.tolist() == [[3.0] * 3] * 2


def test_matrix_product_by_operator():
    a = fb.ones(2, 3)
    with profile() as prof:
        a @ a.transpose(0, 1)
    assert names(prof) == ["aten::transpose", "aten::mm"]


def test_indexing_of_each_kind():
    x = fb.ones(4, 3)
    with profile() as prof:
        x[0]
        x[fb.tensor([0, 2])]
        x[1] = 2.0
        x[fb.tensor([0, 2])] = 3.0
    recorded = names(prof)
    assert recorded[:2] == ["aten::slice", "aten::index"]
    assert "aten::copy_" in recorded and any("index_put" in n for n in recorded)
    assert x.tolist() == [[3.0] * 3, [2.0] * 3, [3.0] * 3, [1.0] * 3]


def test_backward_is_recorded_by_the_names_of_its_nodes():
    x = fb.ones(3, requires_grad=True)
    y = (x * x).exp().sum()
    with profile() as prof:
        y.backward()
    recorded = names(prof)
    assert recorded[0] == "autograd::engine::run_backward"
    nodes = [n for n in recorded if n.endswith(("Backward0", "AccumulateGrad"))]
    assert nodes == ["SumBackward0", "ExpBackward0", "MulBackward0", "torch::autograd::AccumulateGrad"]
    assert event(prof, "MulBackward0").cpu_parent is event(prof, "autograd::engine::run_backward")


def test_what_backward_computes_is_inside_its_node():
    x = fb.ones(3, requires_grad=True)
    y = x.exp()
    with profile() as prof:
        y.backward(fb.ones(3))
    assert [c.name for c in event(prof, "ExpBackward0").cpu_children] == ["aten::mul"]


def test_gradients_are_those_without_profiler_and_not_copied():
    def gradient():
        x = fb.tensor([0.5, -1.0], requires_grad=True)
        ((x * 2).exp() * x[0]).sum().backward()
        return x.grad.tolist()

    expected = gradient()
    with profile(record_shapes=True, profile_memory=True) as prof:
        assert gradient() == expected
    assert event(prof, "torch::autograd::AccumulateGrad").cpu_memory_usage == 0


class Twice(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


def test_functions_of_the_user():
    x = fb.ones(3, requires_grad=True)
    with profile() as prof:
        Twice.apply(x).sum().backward()
    assert [c.name for c in event(prof, "Twice").cpu_children] == ["aten::mul"]
    assert event(prof, "TwiceBackward").sequence_nr == event(prof, "Twice").sequence_nr >= 0


def test_a_call_and_its_backward_have_one_sequence_number():
    x = fb.ones(3, requires_grad=True)
    with profile() as prof:
        (x * x).exp().sum().backward()
    for op, node in (("exp", "Exp"), ("sum", "Sum")):
        assert event(prof, f"aten::{op}").sequence_nr == event(prof, f"{node}Backward0").sequence_nr >= 0
    with profile() as unrecorded, fb.no_grad():
        x.exp()
    assert event(unrecorded, "aten::exp").sequence_nr == -1


def test_an_exception_ends_its_events():
    x = fb.ones(3)
    with profile() as prof:
        with pytest.raises(RuntimeError), record_function("outer"):
            x + fb.ones(4)
        x.exp()
    assert [e.name for e in prof.function_events if e.cpu_parent is None] == ["outer", "aten::exp"]
    assert event(prof, "aten::add").cpu_time_total > 0


def test_an_exception_in_backward_ends_its_events():
    class Fails(Twice):
        @staticmethod
        def backward(ctx, grad):
            raise ValueError("no")

    x = fb.ones(3, requires_grad=True)
    with profile() as prof:
        with pytest.raises(ValueError):
            Fails.apply(x).sum().backward()
        x.detach().exp()
    assert event(prof, "aten::exp").cpu_parent is None


def test_anomaly_mode_still_works():
    x = fb.zeros(2, requires_grad=True)
    with profile() as prof, pytest.warns(UserWarning), fb.autograd.detect_anomaly():  # noqa: SIM117
        with pytest.raises(RuntimeError, match="nan"):
            (x.sqrt() * 0).sum().backward()
    assert "SqrtBackward0" in names(prof)


def test_nothing_is_recorded_outside():
    x = fb.ones(3)
    x.exp()
    with profile() as prof:
        pass
    x.exp()
    with record_function("late"):
        pass
    assert prof.function_events == []
    assert str(prof) == ""
    assert not profiler.is_profiling()


def test_disabled():
    with profile(enabled=False) as prof:
        fb.ones(3).exp()
        assert not profiler.is_profiling()
    assert prof.function_events is None
    with pytest.raises(RuntimeError, match="enabled=False"):
        prof.table()


def test_one_at_a_time_and_once():
    prof = profile()
    with pytest.raises(RuntimeError, match="finish"):
        prof.function_events  # noqa: B018
    with prof:
        with pytest.raises(RuntimeError, match="running already"), profile():
            pass
        fb.ones(2).exp()
    assert names(prof) == ["aten::exp"]
    with pytest.raises(RuntimeError, match="not reentrant"), prof:
        pass


def test_a_gpu_is_not_timed():
    with pytest.warns(UserWarning, match="CUDA kernels are not timed"), profile(use_cuda=True) as prof:
        fb.ones(2).exp()
    assert event(prof, "aten::exp").cuda_time_total == 0


# ------------------------------------------------------------------------------------------------ ranges


def test_ranges_nest():
    x = fb.ones(3)
    with profile() as prof, record_function("outer"):
        x.exp()
        with record_function("inner"):
            x.log()
    outer = event(prof, "outer")
    assert [c.name for c in outer.cpu_children] == ["aten::exp", "inner"]
    assert [c.name for c in event(prof, "inner").cpu_children] == ["aten::log"]
    assert outer.is_user_annotation and not event(prof, "aten::exp").is_user_annotation


def test_range_as_decorator():
    @record_function("square")
    def square(x):
        """doc"""
        return x * x

    assert square.__doc__ == "doc"
    with profile() as prof:
        square(fb.ones(3))
        square(fb.ones(3))
    assert average(prof, "square").count == 2


def test_ranges_that_end_out_of_order():
    a, b = record_function("a"), record_function("b")
    with profile() as prof:
        a.__enter__()
        b.__enter__()
        a.__exit__(None, None, None)
        fb.ones(2).exp()
        b.__exit__(None, None, None)
        fb.ones(2).log()
    assert event(prof, "aten::exp").cpu_parent is None
    assert event(prof, "aten::log").cpu_parent is None
    assert event(prof, "b").cpu_parent is event(prof, "a")
    assert event(prof, "a").self_cpu_time_total >= 0


def test_ranges_across_the_ends_of_the_profile():
    before, late = record_function("before"), record_function("late")
    before.__enter__()
    with profile() as prof:
        before.__exit__(None, None, None)
        late.__enter__()
    late.__exit__(None, None, None)
    with profile() as second:
        fb.ones(2).exp()
    assert names(prof) == ["late"] and event(prof, "late").cpu_time_total >= 0
    assert names(second) == ["aten::exp"] and event(second, "aten::exp").cpu_parent is None


def test_name_of_a_range_is_checked():
    with pytest.raises(TypeError, match="must be str, got int"):
        record_function(3)


def test_optimizer_steps():
    w = fb.ones(3, requires_grad=True)
    optimizer = fb.optim.SGD([w], lr=0.1)
    w.sum().backward()
    with profile() as prof:
        optimizer.step()
        optimizer.zero_grad()
    assert [e.name for e in prof.function_events if e.cpu_parent is None] == [
        "Optimizer.step#SGD.step", "Optimizer.zero_grad#SGD.zero_grad"]  # fmt: skip
    assert event(prof, "Optimizer.step#SGD.step").cpu_children


def test_modules():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    call = nn.Module.__call__
    with profile(with_modules=True) as prof:
        model(fb.ones(1, 3))
        model(fb.ones(1, 3))
        with pytest.raises(RuntimeError):
            model(fb.ones(1, 5))
    assert nn.Module.__call__ is call
    assert average(prof, "nn.Module: Linear_1").count == 2
    outer = prof.function_events[0]
    assert outer.name == "nn.Module: Sequential_0"
    assert [c.name for c in outer.cpu_children] == ["nn.Module: Linear_0", "nn.Module: ReLU_0", "nn.Module: Linear_1"]
    assert [e.name for e in prof.function_events if e.cpu_parent is None] == ["nn.Module: Sequential_0"] * 3
    with profile() as without:
        model(fb.ones(1, 3))
    assert not [n for n in names(without) if n.startswith("nn.Module")]


# ------------------------------------------------------------------------------------------------- times


def test_self_times_add_up():
    x = fb.ones(100, 100, requires_grad=True)
    with profile() as prof:
        for _ in range(3):
            with record_function("step"):
                (x @ x).exp().sum().backward()
    events = prof.function_events
    for e in events:
        assert e.cpu_time_total >= e.self_cpu_time_total >= 0
        children = sum(c.cpu_time_total for c in e.cpu_children)
        assert e.self_cpu_time_total == pytest.approx(e.cpu_time_total - children)
    outermost = sum(e.cpu_time_total for e in events if e.cpu_parent is None)
    assert prof.self_cpu_time_total == pytest.approx(outermost)
    assert sum(a.self_cpu_time_total for a in prof.key_averages()) == pytest.approx(outermost)


def test_times_are_in_microseconds():
    with profile() as prof:
        with record_function("wait"):
            time.sleep(0.02)
        with record_function("second"):
            pass
    wait, second = prof.function_events
    assert 20e3 <= wait.cpu_time_total < 10e6
    assert wait.time_range.end <= second.time_range.start
    assert wait.time_range.start >= 0
    assert wait.cpu_time_total_str.endswith("ms")


def test_averages():
    x = fb.ones(3)
    with profile() as prof:
        for _ in range(5):
            x.exp()
        x.log()
    exp = average(prof, "aten::exp")
    assert exp.count == 5 and average(prof, "aten::log").count == 1
    times = [e.cpu_time_total for e in prof.function_events if e.name == "aten::exp"]
    assert exp.cpu_time_total == pytest.approx(sum(times))
    assert exp.cpu_time == pytest.approx(sum(times) / 5)
    total = prof.total_average()
    assert total.key == "Total" and total.count == 6


def test_overhead_is_small():
    x = fb.ones(4)

    def seconds(n):
        start = time.perf_counter()
        for _ in range(n):
            x + x
        return time.perf_counter() - start

    n, on = 2000, []
    off = min(seconds(n) for _ in range(10))
    for _ in range(10):
        with profile():
            on.append(seconds(n))
    assert (min(on) - off) / n < 2e-6  # it takes about 0.1 us
