"""The short ways of methods, operators and functions: no Python function runs; the results are as of the long way."""

import gc
import sys
import warnings

import numpy as np
import pytest

import flambeau as todays
import flambeau.v03 as torch
import flambeau.v03.nn as nn
from flambeau.amp import autocast
from flambeau.autograd.graph import register_multi_grad_hook
from flambeau.v03.autograd import Variable


def python_calls(code, names):
    """The names of the Python functions that a line calls, once it has run before."""
    compiled, called = compile(code, "program", "exec"), []
    exec(compiled, names)
    gc.disable()  # which calls functions of its own
    sys.setprofile(lambda frame, event, argument: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        exec(compiled, names)
    finally:
        sys.setprofile(None)
        gc.enable()
    return called[1:]  # the line itself is the first


def tensors(make):
    a, b = make([[1, 2, 3], [4, 5, 6]]), make([[1, 0], [0, 1], [2, 2]])
    return dict(torch=torch, x=make([1.5, 2, 4]), y=make([3, 0.5, 1]), a=a, b=b)


EVERYWHERE = """
x + y|x - y|x * y|x / y|x + 2|2 - x|1.5 * x|1 / x|-x|x ** 2|a + x|x.add(y)|x.mul(0.5)|x.sub(1)|x.div(y)|x > 1|x <= y
x.eq(y)|x.ne(1)|x.exp()|x.tanh()|torch.sigmoid(x)|torch.add(x, y)|a.mm(b)|torch.mm(a, b)|a.t()|a.view(-1)|a.view(3, 2)
a.view((6,))|a.transpose(0, 1)|x.unsqueeze(0)|x.expand(2, 3)|a.squeeze()|a[0]|a[:, 1]|a[1, 2]|x[0]|a[None]|x.size()
x.size(0)|a.dim()|x.shape|len(x)|x.numel()
""".replace("\n", "|").strip("|").split("|")
OF_PLAIN = "x.add_(y)|x.mul_(2)|x += y|x *= 0.5|a[0] = x|x[1] = 2.5|a[:, 1] = 0|Variable(x)|Variable(x).data".split("|")
OF_VARIABLES = "x.data|x.data[0]|x.requires_grad|x.grad|(x * y).data[0]".split("|")


@pytest.mark.parametrize("make", [torch.FloatTensor, torch.DoubleTensor])
@pytest.mark.parametrize("code", [*EVERYWHERE, *OF_PLAIN])
def test_plain_tensors(code, make):
    assert python_calls(code, dict(tensors(make), Variable=Variable)) in ([], ["_len"])


@pytest.mark.parametrize("code", [*EVERYWHERE, *OF_VARIABLES])
@pytest.mark.parametrize("options", [{}, dict(requires_grad=True), dict(volatile=True)])
def test_variables(code, options):
    assert python_calls(code, tensors(lambda data: Variable(torch.FloatTensor(data), **options))) in ([], ["_len"])


def test_variables_in_place():
    names = tensors(lambda data: Variable(torch.FloatTensor(data)))
    assert python_calls("x += y; x.mul_(2); x[0] = 3", names) == []
    assert names["x"].data.tolist() == [3, 11, 22]


def test_also_after_autocast_and_hooks_of_several_gradients():
    """Both leave a mark in the process, which is no reason to look at every call."""
    with autocast("cpu"):
        pass
    w = todays.ones(1, requires_grad=True)
    register_multi_grad_hook([w], lambda gradients: None).remove()
    assert python_calls("x + y; x.mul_(2); a.mm(b)", dict(tensors(torch.FloatTensor))) == []


# ---- short and long

MORE = """
x.sum()|x.mean()|x.max()|a.sum(0)|a.sum(1, True)|a.sum(0, keepdim=True)|a.max(1)|a.min(0)[1]|x.norm()|x.std()
a.prod(0)|a.mean(1)|a.cumsum(1)|x.clamp(1, 2)|x.clamp(min=1)|x.add(2, y)|x.sub(0.5, y)|torch.add(x, 2, y)
x.addcmul(2, y, y)|x.lerp(y, 0.5)|a.addmm(a, b.mm(a)[:, :])|a.mv(x)|x.dot(y)|x.ger(y)|a.matmul(b)|a @ b
a.permute(1, 0)|a.repeat(2, 2)|a.narrow(1, 0, 2)|a.select(0, 1)|a.chunk(2)|a.split(1, 1)|a.index_select(0, i)
a.gather(0, i.view(1, 2))|x.sort()|x.topk(2)|a.expand_as(a)|a.tril()|x.fmod(2)|x.remainder(y)|x % 2|x.pow(y)|2 ** x
x.clone()|x.round()|x.type_as(y)|x + x.sum(0)|x.sum(0) * 2|x.sum(0) * x.sum(0)|a.t() + 1|a.t().mul(2)
x.unsqueeze(1) + y|x.masked_select(x.gt(1.5))|x[x > 1.5]|x[i]|a.view(4)|a.view(0)|x.expand(0)|a.mm(a)|x + a.view(6)
x.view(3, 1) + y.view(3)|x + j|x + 2 ** 70|x.add(None)|x.sum(3)|a.max(2)|a[5]|a[0, 0, 0]|x.unsqueeze(4)
a.transpose(0, 2)|x.exp(1)|x / 0|j + 1|j * 2.5|j / 2|7 / j|7 - j|j.div(j)|j.float()|j + j|j.sum()|j.sum(0)|j.pow(2)|-j
j > 1|j == j|j.exp()|x.equal(y)|x.t()|x.trace()|x.copy_(y); x.add_(1)|x.zero_()|x.fill_(2)|x.add_(2, y)|x.div_(2)
j.div_(2)|j.add_(1.5)|x.sub_(a)|x.exp_()|x.clamp_(max=2)|a.t_()|x.unsqueeze_(0)|a[0].add_(1)|a.view(-1).mul_(2)
z = a[0]; a.add_(1)|x.masked_fill_(x > 1.5, 0)|a[0] = y|a[0, 1] = y.sum(0)|x[7] = 1|x[x > 1] = 0|a[:, 0] = y
x.squeeze()|x.view(1, 3).squeeze(0)|a[:1, :1].squeeze()|a[0, 0] + 1|x[-1]|x[1:]|x[3:]|a[..., 1]|a[:, None]|x[True]
a.sum() + x
""".replace("\n", "|").strip("|").split("|")


def outcome(code, make, options):
    """What a line gives: types, values and flags of all tensors that it leaves, gradients, or the error."""
    names = tensors(lambda data: make(torch.FloatTensor(data)))
    names["i"], names["j"] = make(torch.LongTensor([1, 0])), make(torch.LongTensor([5, -7, 2]))
    if options:
        names["x"], names["a"] = (Variable(names[n].data, **options) for n in "xa")
    given = dict(names)
    try:
        try:
            value = eval(code, names)
        except SyntaxError:
            value = exec(code, names)
    except (TypeError, RuntimeError, ValueError, IndexError, AttributeError) as error:
        value = type(error), str(error)
    return shown(value), {n: shown(v) for n, v in names.items() if n in given or n == "z"}, gradients(value, given)


def shown(value):
    if isinstance(value, (tuple, list)):
        return tuple(map(shown, value))
    if isinstance(value, Variable):
        return Variable, shown(value.data), value.volatile, value.requires_grad, value.grad_fn is not None
    if torch.is_tensor(value):
        return value.type(), tuple(value.size()), value.stride(), value.is_contiguous(), repr(value.tolist())
    return type(value), repr(value)


def gradients(value, given):
    if isinstance(value, tuple) and value:
        value = value[0]
    if not isinstance(value, Variable) or not value.requires_grad:
        return None
    seed = torch.arange(1, 1 + value.numel()).view(value.size())
    value.backward(seed.type_as(value.data))
    return [None if v.grad is None else shown(v.grad) for v in given.values() if isinstance(v, Variable)]


@pytest.mark.parametrize("code", [*EVERYWHERE, *OF_PLAIN[:-2], *MORE])
@pytest.mark.parametrize("options", [None, {}, dict(requires_grad=True), dict(volatile=True)], ids=str)
def test_long_way(code, options):
    """With a switch of `backcompat` on all calls go the long way."""
    make = (lambda t: t) if options is None else Variable
    switch = torch.utils.backcompat.keepdim_warning
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome(code, make, options)
        short = outcome(code, make, options)
        switch.enabled = True
        try:
            long = outcome(code, make, options)
        finally:
            switch.enabled = False
    assert short == long


# ---- single rules

def test_the_result_has_the_type_of_the_operands():
    for make in (torch.FloatTensor, torch.DoubleTensor, torch.IntTensor):
        x, y = make([1, 2, 4]), make([3, 5, 1])
        for found, expected in ((x + y, [4, 7, 5]), (x * 2, [2, 4, 8]), (3 - x, [2, 1, -1]), (x / 2, x.numpy() / 2)):
            assert type(found) is make
            np.testing.assert_array_equal(found.numpy(), np.asarray(expected).astype(x.numpy().dtype))


def test_parameters_give_variables():
    p = nn.Parameter(torch.ones(3))
    for found in (p + 1, p * p, p.exp(), p[0], p.view(3, 1), p.sum()):
        assert type(found) is Variable and found.requires_grad


def test_the_first_call_keeps_nothing_alive():
    import weakref

    x = Variable(torch.ones(3))
    ref = weakref.ref(x)
    x.atan2(x)
    torch.atan2(x, x)
    del x
    assert ref() is None


def test_history_only_where_a_gradient_is_wanted():
    x, y = Variable(torch.ones(3)), Variable(torch.ones(3), requires_grad=True)
    assert (x + x).grad_fn is None and not (x * 2).requires_grad
    z = (1 - y) * y
    z.sum().backward()
    assert y.grad.data.tolist() == [-1, -1, -1]


def test_one_volatile_argument_is_enough():
    volatile, x = Variable(torch.ones(3), volatile=True), Variable(torch.ones(3), requires_grad=True)
    views = volatile[0], volatile.view(3, 1)
    for found in (volatile * x, x * volatile, torch.add(x, volatile), nn.functional.tanh(volatile), *views):
        assert found.volatile and not found.requires_grad
    assert (x * 2).requires_grad


def test_changes_of_saved_tensors_are_noticed():
    x = Variable(torch.ones(3), requires_grad=True)
    y = x * 2
    z = y * y
    y += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_saved_tensor_hooks_see_what_is_saved():
    import flambeau

    x, seen = Variable(torch.ones(3), requires_grad=True), []
    with flambeau.autograd.graph.saved_tensors_hooks(lambda t: seen.append(t) or t, lambda t: t):
        y = x * x
    assert len(seen) == 2
    y.sum().backward()
    assert x.grad.data.tolist() == [2, 2, 2]


def test_a_gradient_of_size_1_reaches_the_second_derivative():
    x, seed = Variable(torch.ones(2), requires_grad=True), Variable(torch.ones(1), requires_grad=True)
    (first,) = torch.autograd.grad(x.sum() * x.sum(), x, seed, create_graph=True)
    first.sum().backward()
    assert x.grad.data.tolist() == [4, 4] and seed.grad.data.tolist() == [8]


def test_functions_can_be_copied_and_pickled():
    import copy
    import pickle

    assert copy.deepcopy(torch.tanh) is torch.tanh and pickle.loads(pickle.dumps(torch.tanh)) is torch.tanh
    assert torch.tanh.__name__ == "tanh" and "tan" in torch.tanh.__doc__
