"""What tracing records: calls, sizes, changes in place, modes, scopes; and what it warns about."""

import copy
import re
import threading

import pytest

import flambeau as fb
from flambeau import jit, nn
from flambeau.nn import functional as F


def close(a, b):
    return fb.allclose(a, b, atol=1e-6)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(18, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x)), inplace=True), 2)
        return F.log_softmax(self.fc(x.view(x.size(0), -1)), 1)


def test_a_function():
    traced = jit.trace(lambda x, y: (x + y) * x, (fb.ones(2), fb.ones(2)))
    assert traced(fb.tensor([2.0, 3.0]), fb.tensor([1.0, 1.0])).tolist() == [6, 12]


def test_a_module_follows_its_parameters():
    net = nn.Linear(2, 2)
    traced = jit.trace(net, fb.ones(1, 2))
    x = fb.rand(3, 2)
    assert isinstance(traced, (jit.ScriptModule, jit.TopLevelTracedModule)) and close(traced(x), net(x))
    with fb.no_grad():
        net.weight.fill_(1.0)
    assert close(traced(x), net(x)) and traced.weight is net.weight
    net.load_state_dict({"weight": fb.eye(2), "bias": fb.zeros(2)})
    assert close(traced(x), x)


def test_other_sizes():
    net = Net().eval()
    traced = jit.trace(net, fb.rand(1, 1, 8, 8))
    x = fb.rand(5, 1, 8, 8)
    assert close(traced(x), net(x))


@pytest.mark.parametrize("function", [
    lambda x: x.view(x.size(0), -1), lambda x: x.reshape(-1, x.shape[2]), lambda x: x.flatten(1),
    lambda x: x + fb.arange(x.size(1)).unsqueeze(1), lambda x: x.expand(2, *x.shape), lambda x: x[:, : x.shape[1] - 1],
    lambda x: x.new_zeros(x.size(0)) + x.numel(), lambda x: fb.cat(x.chunk(2, 1), 0), lambda x: x * (x.size(1) // 2),
    lambda x: x.unfold(1, 2, 1), lambda x: F.adaptive_avg_pool1d(x, 2), lambda x: F.interpolate(x, scale_factor=2),
    lambda x: x.mean((0, 1)) * len(x.shape), lambda x: F.pad(x, (1, 0)), lambda x: x.repeat(2, 1, 1),
    lambda x: fb.ones(x.shape[:2] + (3,)).sum() + x, lambda x: x.permute(2, 0, 1).contiguous().view(x.shape[2], -1),
])  # fmt: skip
def test_sizes_follow_the_inputs(function):
    traced = jit.trace(function, fb.rand(2, 4, 3))
    for shape in ((2, 4, 3), (3, 6, 3), (1, 8, 3)):
        x = fb.rand(shape)
        assert close(traced(x), function(x))


def test_sizes_are_ints_with_memory():
    seen = []

    def f(x):
        n = x.size(0)
        seen.append(
            (n, n + 1, 7 - n, n * 2, 9 // n, n % 2, -n, n / 2, n == 2, list(range(n)), x.shape, x.shape[1:])
        )
        return x.view(n + 0, -1)

    jit.trace(f, fb.rand(2, 4), check_trace=False)
    wanted = (2, 3, 5, 4, 4, 0, -2, 1.0, True, [0, 1], fb.Size([2, 4]), fb.Size([4]))
    assert seen[0] == wanted and isinstance(seen[0][0], int) and type(copy.deepcopy(seen[0][0])) is int


def test_recurrent_layers_of_other_lengths():
    lstm = nn.LSTM(2, 3, 2, bidirectional=True)
    traced = jit.trace(lstm, fb.rand(4, 1, 2))
    x = fb.rand(6, 2, 2)
    for a, b in zip(fb.func.trees.flatten(traced(x))[0], fb.func.trees.flatten(lstm(x))[0], strict=True):
        assert close(a, b)


def test_gradients():
    net = Net()
    traced = jit.trace(net, fb.rand(2, 1, 8, 8), check_trace=False)
    net.eval(), traced.eval()
    x, y = fb.rand(2, 1, 8, 8), fb.tensor([0, 3])
    traced_in_eval = jit.trace(net, x)
    F.nll_loss(net(x), y).backward()
    wanted = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    F.nll_loss(traced_in_eval(x), y).backward()
    assert all(close(p.grad, w) for p, w in zip(net.parameters(), wanted, strict=True))


def test_second_derivatives():
    traced = jit.trace(lambda x: (x**3).sum(), fb.ones(2))
    x = fb.tensor([1.0, 2.0], requires_grad=True)
    (g,) = fb.autograd.grad(traced(x), x, create_graph=True)
    assert fb.autograd.grad(g.sum(), x)[0].tolist() == [6, 12]


def test_no_grad_and_detach_are_recorded():
    def f(x):
        with fb.no_grad():
            a = x * 2
        return a + x.detach() * x + x.data

    traced = jit.trace(f, fb.ones(2))
    x = fb.tensor([1.0, 2.0], requires_grad=True)
    traced(x).sum().backward()
    assert x.grad.tolist() == [1, 2] and close(traced(x), f(x))


def test_changes_in_place():
    def f(x):
        out = fb.zeros(3)
        out[0] = x.sum()
        out[1:] += x[:2]
        view = out[2:]
        view.mul_(3)
        x.add_(1)
        return out, x

    traced = jit.trace(f, fb.ones(2))
    for _ in range(2):
        x, y = fb.tensor([1.0, 2.0]), fb.tensor([1.0, 2.0])
        assert close(traced(x)[0], f(y)[0]) and x.tolist() == y.tolist() == [2, 3]


def test_constants_that_are_changed_are_copied_for_each_run():
    base = fb.zeros(2)

    def f(x):
        base.add_(x)
        return base * 1

    traced = jit.trace(f, fb.ones(2), check_trace=False)
    base.zero_()
    assert (
        traced(fb.ones(2)).tolist() == [1, 1]
        and traced(fb.ones(2)).tolist() == [1, 1]
        and base.tolist() == [0, 0]
    )


def test_inputs_of_the_trace_are_not_changed():
    x = fb.ones(2)
    jit.trace(lambda x: x.mul_(2), x)
    assert x.tolist() == [1, 1]


def test_running_statistics():
    net, other = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    x = fb.rand(4, 2)
    traced = jit.trace(net, x)
    other(x)
    assert (
        close(net.running_mean, other.running_mean) and net.num_batches_tracked == 1
    )  # by the traced run alone
    traced(x * 2), other(x * 2)
    assert close(net.running_mean, other.running_mean) and net.num_batches_tracked == 2


def test_buffers_that_count_calls():
    class Counted(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", fb.zeros(()))

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    net = Counted()
    traced = jit.trace(net, fb.ones(1))
    assert net.calls == 1 and traced(fb.ones(1)) == 2 and net(fb.ones(1)) == 3


def test_random_numbers_are_drawn_anew():
    def f(x):
        return x + fb.rand(x.shape) + fb.randn_like(x) + fb.empty(2).uniform_()

    with pytest.warns(jit.TracerWarning, match="nondeterministic nodes"):
        traced = jit.trace(f, fb.zeros(2))
    fb.manual_seed(1)
    a = traced(fb.zeros(2))
    assert not close(a, traced(fb.zeros(2)))
    fb.manual_seed(1)
    assert close(f(fb.zeros(2)), a)


def test_the_generator_is_as_before_the_check():
    fb.manual_seed(5)
    with pytest.warns(jit.TracerWarning):
        jit.trace(nn.Dropout(), fb.ones(3))
    a = fb.rand(1)
    fb.manual_seed(5)
    nn.Dropout()(fb.ones(3))
    assert a == fb.rand(1)


def test_dropout_warns_in_training_and_is_gone_in_evaluation():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    with pytest.warns(jit.TracerWarning, match="dropout in 1"):
        jit.trace(net, fb.ones(1, 2))
    assert "dropout" not in str(jit.trace(net.eval(), fb.ones(1, 2)).graph)


# ---- warnings and errors


@pytest.mark.parametrize("look, what", [
    (lambda x: bool(x.sum() > 0), "boolean"), (lambda x: float(x.sum()), "float"), (lambda x: x.sum().item(), "number"),
    (lambda x: int(x.sum()), "integer"), (lambda x: x.tolist(), "list"), (lambda x: x.numpy(), "NumPy array"),
])  # fmt: skip
def test_python_values_warn(look, what):
    def f(x):
        look(x)
        return x + 1

    with pytest.warns(jit.TracerWarning, match=f"Converting a tensor to a .*{what}") as caught:
        jit.trace(f, fb.ones(2), check_trace=False)
    assert caught[0].filename == __file__


def test_a_branch_is_that_of_the_example():
    def f(x):
        return x * 2 if x.sum() > 0 else -x

    with pytest.warns(jit.TracerWarning):
        traced = jit.trace(f, fb.ones(2))
    assert traced(-fb.ones(2)).tolist() == [-2, -2]


def test_check_inputs_find_a_branch():
    def f(x):
        return x * 2 if x.sum() > 0 else -x

    with pytest.warns(jit.TracerWarning) as caught:
        jit.trace(f, fb.ones(2), check_inputs=[(-fb.ones(2),)])
    assert any("Output nr 1. of the traced function does not match" in str(w.message) for w in caught)


def test_a_function_that_changes_its_mind():
    calls = []

    def f(x):
        calls.append(1)
        return x * len(calls)

    with pytest.warns(jit.TracerWarning, match="differ by up to 1"):
        jit.trace(f, fb.ones(2))


def test_results_must_be_tensors():
    with pytest.raises(RuntimeError, match="returned int"):
        jit.trace(lambda x: 3, fb.ones(2))
    with pytest.raises(RuntimeError, match="strict=False"):
        jit.trace(lambda x: {"a": x}, fb.ones(2))
    assert jit.trace(lambda x: {"a": x + 1}, fb.ones(2), strict=False)(fb.ones(1))["a"].tolist() == [2]


def test_arguments_of_trace():
    with pytest.raises(RuntimeError, match="are needed"):
        jit.trace(lambda x: x)
    with pytest.raises(RuntimeError, match="not both"):
        jit.trace(lambda x: x, fb.ones(1), example_kwarg_inputs={"x": fb.ones(1)})
    traced = jit.trace(nn.Linear(2, 2), example_kwarg_inputs={"input": fb.ones(1, 2)})
    assert traced(input=fb.ones(3, 2)).shape == (3, 2) and jit.trace(traced, fb.ones(1, 2)) is traced


def test_nested_arguments_and_results():
    def f(pair, table, flag):
        return [pair[0] + table["k"], (pair[1] if flag else pair[0],)], None

    traced = jit.trace(f, ((fb.ones(1), fb.zeros(1)), {"k": fb.ones(1)}, True))
    (a, (b,)), c = traced((fb.tensor([5.0]), fb.tensor([6.0])), {"k": fb.tensor([1.0])}, True)
    assert (a.item(), b.item(), c) == (6, 6, None)


def test_named_results():
    values, indices = jit.trace(lambda x: x.max(1), fb.rand(2, 3))(fb.tensor([[1.0, 3.0, 2.0]]))
    assert values.tolist() == [3] and indices.tolist() == [1]


def test_leaves_outside_get_gradients():
    w = fb.ones(2, requires_grad=True)
    jit.trace(lambda x: (x * w).sum(), fb.ones(2))(fb.tensor([2.0, 3.0])).backward()
    assert w.grad.tolist() == [2, 3]


def test_values_from_before_with_a_history_are_refused():
    w = fb.ones(2, requires_grad=True) * 2
    with pytest.raises(
        RuntimeError, match="requires grad was computed by something that the tracer does not see"
    ):
        jit.trace(lambda x: x * w, fb.ones(2))


def test_sparse_tensors_are_constants_and_no_inputs():
    graph = fb.sparse_coo_tensor([[0, 1, 1], [1, 0, 1]], [1.0, 2.0, 3.0], (2, 2))

    def f(x):
        return graph @ x + fb.sparse_coo_tensor([[0], [1]], [1.0], (2, 2)).to_dense() @ x

    traced, x = jit.trace(f, fb.rand(2, 3)), fb.rand(2, 4)
    assert close(traced(x), f(x))
    with pytest.raises(RuntimeError, match="the argument a is a SparseTensor"):
        jit.trace(lambda a, x: a @ x, (graph, x))
    with pytest.raises(RuntimeError, match="to_sparse made a sparse tensor of what depends on the inputs"):
        jit.trace(lambda x: x.to_sparse().to_dense(), x)


def test_nothing_stays_replaced():
    shape, call = fb.Tensor.__dict__.get("shape"), nn.Module.__call__
    with pytest.raises(ZeroDivisionError):
        jit.trace(lambda x: x / (1 // 0), fb.ones(2))
    assert fb.Tensor.__dict__.get("shape") is shape and nn.Module.__call__ is call and not jit.is_tracing()
    assert type(fb.ones(2).shape[0]) is int


def test_other_threads_are_not_recorded():
    def f(x):
        worker = threading.Thread(target=lambda: fb.ones(2) + fb.rand(2).shape[0])
        worker.start()
        worker.join()
        return x + 1

    assert len(jit.trace(f, fb.ones(2)).graph.nodes) == 1


def test_a_trace_inside_a_trace():
    inner = []

    def f(x):
        inner.append(jit.trace(lambda y: y * 2, fb.ones(1), check_trace=False))
        return inner[-1](x) + 1

    traced = jit.trace(f, fb.ones(2))
    assert traced(fb.tensor([4.0])).tolist() == [9] and inner[0](fb.tensor([4.0])).tolist() == [8]


def test_vmap_and_gradients_inside():
    def f(x):
        g = fb.func.vmap(lambda row: row.sum() * row)(x)
        y = x.detach().requires_grad_()
        with fb.enable_grad():
            (d,) = fb.autograd.grad((y**3).sum(), y)
        return g + d

    traced = jit.trace(f, fb.rand(2, 3))
    x = fb.rand(2, 3)
    assert close(traced(x), f(x))


def test_functions_of_programs():
    class Double(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 5

    traced = jit.trace(lambda x: Double.apply(x), fb.ones(2))
    x = fb.ones(2, requires_grad=True)
    traced(x).sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_what_a_function_saved_is_used_by_a_gradient_in_the_trace():
    class Cubed(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            square = x * x
            ctx.save_for_backward(square)
            return square * x

        @staticmethod
        def backward(ctx, grad):
            return grad * 3 * ctx.saved_tensors[0]

    def f(x):
        y = x.detach().requires_grad_()
        with fb.enable_grad():
            return fb.autograd.grad(Cubed.apply(y).sum(), y)[0]

    assert jit.trace(f, fb.ones(2))(fb.tensor([1.0, 2.0])).tolist() == [3, 12]


def test_a_changed_tensor_from_inside_a_call_is_refused():
    kept = []

    class Kept(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            kept.append((x * 2).add_(1))
            return x + 0

    with pytest.raises(RuntimeError, match="made inside Kept is used after it, and add_ in there cannot be done twice"):
        jit.trace(lambda x: Kept.apply(x) + kept[-1], fb.ones(2))


# ---- what is shown


def test_graph_and_code():
    traced = jit.trace(Net().eval(), fb.rand(1, 1, 8, 8))
    graph, code = str(traced.graph), traced.code
    assert re.search(r"%linear : Float\(1, 4\) = aten::linear\(.*\), scope: fc", graph)
    assert "%x : Float(1, 1, 8, 8)" in graph and graph.strip().endswith("return (%log_softmax)")
    assert "torch.linear(view, self.fc.weight, self.fc.bias)" in code and "x.size(0)" not in code
    assert "max_pool2d_1.size(0)" in code or "size(0)" in code


def test_code_of_sequences_and_constants():
    traced = jit.trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), fb.ones(1, 2))
    assert "self[0].weight" in traced.code
    assert "CONSTANTS.c" in jit.trace(lambda x: x + fb.tensor([1.0, 2.0]), fb.ones(2)).code


def test_unused_results_are_left_out():
    graph = jit.trace(lambda x: (x.exp(), x + 1)[1], fb.ones(2)).graph
    assert [n.name for n in graph.nodes] == ["add"]


def test_many_arguments_and_odd_names():
    def f(max, sum, torch, *rest):
        return max + sum * torch + rest[0] - rest[1] + (max > float("-inf"))

    args = [fb.tensor([float(i)]) for i in range(5)]
    traced = jit.trace(f, tuple(args))
    assert close(traced(*args[::-1]), f(*args[::-1]))


# ---- modules


def test_trace_module_with_several_methods():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 3)

        def forward(self, x):
            return self.a(x)

        def twice(self, x, n):
            return self.a(x) * n

    net = Two()
    traced = jit.trace_module(net, {"forward": fb.ones(1, 2), "twice": (fb.ones(1, 2), fb.tensor(2.0))})
    x = fb.rand(2, 2)
    assert close(traced.twice(x, fb.tensor(3.0)), net.twice(x, 3.0)) and close(traced(x), net(x))
    other = jit.trace(net.twice, (fb.ones(1, 2), fb.tensor(2.0)))
    assert close(other.twice(x, fb.tensor(3.0)), net.twice(x, 3.0))
    with pytest.raises(AttributeError, match="dictionary of"):
        jit.trace_module(net, fb.ones(1, 2))


def test_a_traced_module_is_a_module():
    net = Net().eval()
    traced = jit.trace(net, fb.rand(1, 1, 8, 8))
    assert list(traced.state_dict()) == list(net.state_dict()) and traced.original_name == "Net"
    assert traced.conv.weight is net.conv.weight and not traced.training and traced.train().training
    assert "(conv): Conv2d(original_name=Conv2d)" in repr(traced)
    with pytest.raises(NotImplementedError, match="no graph of its own"):
        traced.conv(fb.rand(1, 1, 8, 8))


def test_copies_have_parameters_of_their_own():
    net = nn.Linear(2, 2)
    traced = copy.deepcopy(jit.trace(net, fb.ones(1, 2)))
    with fb.no_grad():
        traced.weight.zero_()
    assert net.weight.abs().sum() > 0 and close(traced(fb.ones(1, 2)), net.bias.unsqueeze(0))


def test_traced_in_a_larger_model():
    inner = jit.trace(nn.Linear(2, 2), fb.ones(1, 2))
    outer = nn.Sequential(inner, nn.ReLU())
    x = fb.rand(3, 2)
    assert len(list(outer.parameters())) == 2 and close(jit.trace(outer, fb.ones(1, 2))(x), outer(x))


def test_double_precision_by_to():
    net = nn.Linear(2, 2)
    traced = jit.trace(net, fb.ones(1, 2)).double()
    assert traced(fb.ones(1, 2).double()).dtype is fb.float64


# ---- smaller graphs


def test_freeze():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).eval()
    traced = jit.trace(net, fb.ones(1, 2))
    frozen = jit.freeze(traced)
    x = fb.rand(3, 2)
    wanted = net(x)
    assert close(frozen(x), wanted) and not list(frozen.parameters()) and "self." not in frozen.code
    with fb.no_grad():
        net[0].weight.zero_()
    assert close(frozen(x), wanted) and not close(traced(x), wanted)


def test_freeze_computes_what_follows_from_constants():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(fb.rand(2))

        def forward(self, x):
            return x * (self.w.exp() / self.w.exp().sum())

    net = Scaled().eval()
    frozen = jit.optimize_for_inference(jit.trace(net, fb.ones(2)))
    assert [n.name for n in frozen.graph.nodes] == ["mul"] and close(frozen(fb.ones(2)), net(fb.ones(2)))


def test_freeze_refuses():
    with pytest.raises(RuntimeError, match="training mode"):
        jit.freeze(jit.trace(nn.Linear(1, 1), fb.ones(1)))
    with pytest.raises(RuntimeError, match="a traced module is needed, not Linear"):
        jit.freeze(nn.Linear(1, 1))
