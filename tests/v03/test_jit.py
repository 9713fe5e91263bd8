"""torch.jit of 0.3: functions and classes that are traced at the first call for each kind of arguments."""

import copy
import io

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable, grad
from flambeau.v03.nn import functional as F


def var(*numbers, **flags):
    return Variable(torch.FloatTensor(list(numbers)), **flags)


def close(a, b):
    assert type(a) is type(b) and a.size() == b.size()
    return (a.data - b.data).abs().max() < 1e-6


class Plain(nn.Module):
    def __init__(self):
        super(Plain, self).__init__()  # noqa: UP008  (as programs of 0.3 say it)
        self.conv, self.norm, self.fc = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(18, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        x = F.dropout(x.view(x.size(0), -1), training=self.training)
        return F.log_softmax(self.fc(x), 1)


@pytest.fixture
def make():
    """A class of modules that is compiled, anew for each test."""
    return torch.jit.compile(type("Net", (Plain,), {"forward": Plain.forward}), nderivs=1)


def f(x, y):
    return torch.sigmoid(torch.tanh(x * (x + y)))


def test_the_second_call_runs_the_trace():
    calls = []

    @torch.jit.compile(nderivs=0)
    def fn(x, y):
        calls.append(1)
        return f(x, y)

    x, y = var(0.4), var(0.7)
    assert not fn.has_trace_for(x, y)
    a, b = fn(x, y), fn(x, y)
    assert close(a, f(x, y)) and close(b, a) and len(calls) == 1 and (fn.hits, fn.misses) == (1, 1)
    assert fn.has_trace_for(x, y) and fn.__name__ == "fn"
    assert close(fn(var(-1.0), var(2.0)), f(var(-1.0), var(2.0))) and len(calls) == 1
    fn.clear_cache()
    assert not fn.has_trace_for(x, y)


@pytest.mark.parametrize("other", [
    lambda: (var(1.0, 2.0), var(1.0, 2.0)), lambda: (var(1.0, requires_grad=True), var(1.0)),
    lambda: (var(1.0, volatile=True), var(1.0)), lambda: (Variable(torch.DoubleTensor([1])),) * 2,
    lambda: (Variable(torch.DoubleTensor([1])), Variable(torch.DoubleTensor([2]))),
])  # fmt: skip
def test_other_arguments_are_traced_anew(other):
    fn = torch.jit.compile(f, nderivs=0)
    fn(var(1.0), var(2.0))
    args = other()
    assert not fn.has_trace_for(*args)
    out = fn(*args)
    assert fn.misses == 2 and close(fn(*args), out) and out.volatile is args[0].volatile


def test_other_values_than_variables():
    @torch.jit.compile
    def fn(x, n, options):
        return x * n + (x if options["twice"] else 0)

    x = var(1.0)
    assert fn(x, 2, {"twice": True}).data[0] == 3 and fn(x, 3, {"twice": True}).data[0] == 4
    assert fn(x, 2, {"twice": False}).data[0] == 2 and fn(x, 2.0, {"twice": True}).data[0] == 3
    assert fn(var(5.0), 3, {"twice": True}).data[0] == 20 and (fn.hits, fn.misses) == (1, 4)


def test_one_variable_twice_is_another_case():
    fn = torch.jit.compile(lambda x, y: x - y)
    x = var(3.0)
    assert fn(x, x).data[0] == 0 and fn(x, var(1.0)).data[0] == 2


def test_gradients_through_a_trace():
    fn = torch.jit.compile(f)
    for _run in range(3):
        x, y = var(0.4, requires_grad=True), var(0.7, requires_grad=True)
        fn(x, y).sum().backward()
        wanted = grad(f(x, y).sum(), [x, y])
        assert close(x.grad, wanted[0]) and close(y.grad, wanted[1])
    assert fn.hits == 2


def test_gradients_of_gradients_through_a_trace():
    fn = torch.jit.compile(lambda x: (x**3).sum(), nderivs=2)
    for _run in range(2):
        x = var(1.0, 2.0, requires_grad=True)
        (g,) = grad(fn(x), x, create_graph=True)
        (h,) = grad(g.sum(), x)
        assert list(h.data) == [6, 12]


def test_nested_arguments_and_results():
    @torch.jit.compile
    def fn(pair, more):
        return [pair[0] + more[0][0], (pair[1] * 2,)], pair[1]

    for _run in range(2):
        (a, (b,)), c = fn((var(1.0), var(2.0)), [(var(5.0),)])
        assert (a.data[0], b.data[0], c.data[0]) == (6, 4, 2)


def test_comparisons_and_full_reductions():
    fn = torch.jit.compile(lambda x: (x > 1).float() * x.sum() + x.max())
    for _run in range(2):
        out = fn(var(1.0, 2.0))
        assert list(out.data) == [2, 5]
    assert fn.hits == 1


def test_changes_in_place_in_a_trace():
    @torch.jit.compile
    def fn(x):
        y = x * 2
        y[0] = 7
        y.add_(1)
        return y

    for _run in range(2):
        assert list(fn(var(1.0, 2.0)).data) == [8, 5]


def test_switched_off():
    assert torch.jit.compile(f, enabled=False) is f
    assert torch.jit.compile(enabled=False)(Plain) is Plain


def test_what_can_be_compiled():
    with pytest.raises(TypeError, match="a class of modules is needed, and dict is none"):
        torch.jit.compile(dict)
    with pytest.raises(TypeError, match="not an object of class Plain"):
        torch.jit.compile(Plain())


def test_a_class_of_modules(make):
    net, x = make(), Variable(torch.randn(2, 1, 8, 8))
    net.eval()
    wanted = Plain.forward(net, x)
    assert close(net(x), wanted) and close(net(x), wanted) and (net.hits, net.misses) == (1, 1)
    assert isinstance(net, Plain) and net.has_trace_for(x)
    net.fc.weight.data.zero_()
    assert close(net(x), Plain.forward(net, x)) and net.hits == 2


def test_modes_are_traced_apart(make):
    net, x = make(), Variable(torch.randn(2, 1, 8, 8))
    net(x), net(x)
    mean = net.norm.running_mean.clone()
    net.eval()
    assert close(net(x), net(x)) and net.misses == 2 and (net.norm.running_mean - mean).abs().max() == 0
    net.train()
    torch.manual_seed(1)
    a = net(x)
    torch.manual_seed(1)
    assert net.misses == 2 and close(a, Plain.forward(net, x)) and not close(a, net(x))


def test_parameters_get_gradients(make):
    net, x = make().eval(), Variable(torch.randn(2, 1, 8, 8))
    for _run in range(2):
        net.zero_grad()
        net(x).sum().backward()
        found = [p.grad.clone() for p in net.parameters()]
        net.zero_grad()
        Plain.forward(net, x).sum().backward()
        assert all(close(a, p.grad) for a, p in zip(found, net.parameters(), strict=True))


def test_hooks_of_a_compiled_module_are_called(make):
    net, x, seen = make().eval(), Variable(torch.randn(1, 1, 8, 8)), []
    net.register_forward_hook(lambda module, args, out: seen.append(out.size()))
    net(x), net(x)
    assert len(seen) == 2 and net.hits == 1


def test_copies_and_files_have_no_traces(make):
    net, x = make().eval(), Variable(torch.randn(1, 1, 8, 8))
    net(x)
    other = copy.deepcopy(net)
    assert close(other(x), net(x)) and (other.misses, other.hits) == (1, 0)
    other.fc.weight.data.zero_()
    assert not close(other(x), net(x))
    torch.save(net.state_dict(), io.BytesIO())


def test_recurrent_module():
    @torch.jit.compile(nderivs=0)
    class Net(nn.LSTM):
        pass

    net, x = Net(2, 3), Variable(torch.randn(4, 1, 2))
    (a, (h, _)), (b, _) = net(x), net(x)
    assert close(a, b) and net.hits == 1 and h.size() == (1, 1, 3)


def test_trace():
    x, y = var(0.4, requires_grad=True), var(0.7)
    trace, out = torch.jit.trace(f, (x, y), nderivs=0)
    assert close(out, f(x, y)) and "= tanh(" in str(trace) and "graph(%1 : Float(1)\n" in str(trace.graph())
    trace, out = torch.jit.trace(nn.Linear(2, 3), Variable(torch.ones(1, 2)))
    assert "= linear(" in str(trace) and out.size() == (1, 3)
    trace, out = torch.jit.trace(lambda x, n: x * n, (x,), {"n": 3})
    assert round(out.data[0], 4) == 1.2


def test_traced_module():
    trace, out = torch.jit.TracedModule(nn.Linear(2, 3))(Variable(torch.ones(1, 2)))
    assert out.size() == (1, 3) and "= linear(" in str(trace)


def test_keys_and_placeholders():
    keys = torch.jit.vars_key((var(1.0), var(1.0, 2.0, requires_grad=True)))
    assert keys == (("torch.FloatTensor", (1,), False, False), ("torch.FloatTensor", (2,), True, False))
    assert (str(torch.jit.HOLE), repr(torch.jit.VOLATILE)) == ("HOLE", "VOLATILE")
    made = torch.jit.TraceForKey(f, ())
    assert made.maybe_closure() is None
    out = made.add_trace((var(0.4), var(0.7)), {})
    assert close(made.maybe_closure()(var(0.4), var(0.7)), out)


def test_verify(make):
    net, x = make(), Variable(torch.randn(2, 1, 8, 8), requires_grad=True)
    before = net.norm.running_mean.clone()
    torch.jit.verify(net, (x,))
    torch.jit.verify(net, x, loss_fn=lambda out: (out**2).mean())
    assert (net.norm.running_mean - before).abs().max() == 0 and x.grad is None
    with pytest.raises(TypeError, match="Cannot verify an uncompiled module"):
        torch.jit.verify(nn.Linear(1, 1), (var(1.0),))


def test_verify_finds_a_trace_that_is_wrong():
    counts = []

    @torch.jit.compile
    class Net(nn.Module):
        def forward(self, x):
            counts.append(1)
            return x * len(counts)

    with pytest.raises(RuntimeError, match="result 0 of the compiled Net differs"):
        torch.jit.verify(Net(), (var(1.0),))
