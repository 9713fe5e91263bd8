"""What `flambeau.v03.report` notes of a run: each behaviour at the line of the program, and nothing else."""

import pathlib
import re

import pytest

import flambeau.v03 as torch
from flambeau.v03 import Variable, report


@pytest.fixture
def notes():
    """A function that runs a program of one line and gives the kinds of what was noted, with their counts."""

    def run(line, **names):
        report.clear()
        report.start()
        try:
            exec(compile(line, "program.py", "exec"), {"torch": torch, "Variable": Variable, **names})
        finally:
            report.stop()
        found = {kind: n for (kind, file, number), n in report._counts.items() if (file, number) == ("program.py", 1)}
        assert sum(found.values()) == sum(report._counts.values())
        return found

    yield run
    report.clear()


def byte(*values):
    return torch.ByteTensor(values)


def long(*values):
    return torch.LongTensor(values)


def floats(*values):
    return torch.FloatTensor(values)


@pytest.mark.parametrize(
    "line, kinds",
    [
        ("long(7, 8) / 2", {"integer-division": 1}),
        ("long(8, 4) / 2", {"exact-division": 1}),
        ("7 / long(2, 7)", {"integer-division": 1}),
        ("long(7).div(long(2))", {"integer-division": 1}),
        ("torch.div(long(7), 2)", {"integer-division": 1}),
        ("Variable(long(7)) / 2", {"integer-division": 1}),
        ("x = long(7); x /= 2", {"integer-division": 1}),
        ("floats(7) / 2", {}),
        ("for i in range(3): long(7) / 2", {"integer-division": 3}),
        ("byte(200, 100).sum()", {"python-number": 1}),
        ("Variable(byte(100, 100)).sum()", {}),
        ("Variable(byte(200, 100)).sum()", {"wrapped": 1}),
        ("torch.ByteTensor([[200, 1], [100, 1]]).sum(0)", {"wrapped": 1}),
        ("byte(20, 20).cumprod(0)", {"wrapped": 1}),
        ("m = floats(1, 2) > 1; m + m", {"mask-sum": 1}),
        ("byte(1) + byte(1)", {}),
        ("1 - (floats(1, 2) > 1)", {"mask-minus": 1}),
        ("1 - byte(1)", {}),
        ("floats(1, 2)[floats(1, 2) > 1]", {"byte-mask": 1}),
        ("floats(1, 2).masked_fill_(byte(1, 0), 3)", {"byte-mask": 1}),
        ("floats(1, 2)[0]", {"python-number": 1}),
        ("floats(1, 2).mean()", {"python-number": 1}),
        ("torch.max(floats(1, 2))", {"python-number": 1}),
        ("floats(1, 2)[:1]", {}),
        ("Variable(floats(1, 2)).sum()", {}),
        ("Variable(floats(1, 2)).sum().data[0]", {"size-1": 1}),
        ("Variable(floats(1, 2)).sum()[0]", {"size-1": 1}),
        ("Variable(floats(1)).data[0]", {"python-number": 1}),
        ("Variable(floats(1, 2))[1].data[0]", {"size-1": 1}),
        ("Variable(floats(1, 2))[1:].data[0]", {"python-number": 1}),
        ("values, places = floats(1, 2).max(0); places[0]", {"size-1": 1}),
        ("values, places = floats(1, 2).max(0, True); places[0]", {"python-number": 1}),
        ("floats(1, 2).sum(0).size()", {"size": 1}),
        ("torch.max(floats(1), floats(2)).size()", {}),
        ("torch.FloatTensor([[1]]).squeeze().size()", {"size": 1}),
        ("torch.FloatTensor([[1, 2]]).squeeze().size()", {}),
        ("torch.FloatTensor([[1]]).squeeze(0).size()", {}),
        ("torch.FloatTensor([[1, 2]]).sum(0).size()", {}),
        ("Variable(floats(1, 2)).sum().size()", {"size": 1}),
        ("Variable(floats(1)).size()", {}),
        ("Variable(floats(1), volatile=True)", {"volatile": 1}),
        ("x = Variable(floats(1)); x.volatile = True", {"volatile": 1}),
        ("Variable(floats(1), requires_grad=True)", {}),
        ("Variable(floats(1), requires_grad=True).data.add_(1)", {}),
        ("w = Variable(floats(1), requires_grad=True); w.data.add_(1)", {"data-change": 1}),
        ("w = Variable(floats(1), requires_grad=True); w.data *= 2", {"data-change": 1}),
        ("w = Variable(floats(1)); w.data.add_(1)", {}),
        ("torch.add(floats(1), 2, floats(1))", {"argument-order": 1}),
        ("floats(1).add(floats(1))", {}),
    ],
)
def test_kinds(line, kinds, notes):
    assert notes(line, byte=byte, long=long, floats=floats) == kinds


@pytest.mark.parametrize(
    "name, result, wraps",
    [("sum", byte(44), True), ("sum", byte(1), True), ("sum", long(300), False), ("cumsum", byte(200, 44), True),
     ("cumprod", long(200, 20000), False), ("prod", 20000, False)],
)  # fmt: skip
def test_wrapped_sums_and_products(name, result, wraps, notes):
    (watch,) = (w for w in report.AFTER[name] if w.__qualname__.startswith("_accumulated"))
    expected = {"wrapped": 1} if wraps else {}
    assert notes("watch(x, (), {}, result)", watch=watch, x=Variable(byte(200, 100)), result=result) == expected


def test_joining_what_has_no_dimensions_today(notes):
    (watch,) = report.BEFORE["cat"]
    x = Variable(floats(1, 2))
    assert notes("watch(losses, (), {})", watch=watch, losses=[x, x.sum()]) == {"cat": 1}
    assert notes("watch(losses, (), {})", watch=watch, losses=[x, x.sum(0, True)]) == {}


@pytest.mark.filterwarnings("ignore:.*not broadcastable:UserWarning")
def test_pointwise_instead_of_broadcasting(notes):
    matrix = torch.FloatTensor(2, 2).fill_(1)
    assert notes("x + y", x=matrix, y=floats(1, 2, 3, 4)) == {"pointwise": 1}
    assert notes("x.add_(y)", x=matrix, y=floats(1, 2, 3, 4)) == {"pointwise": 1}
    assert notes("x + y", x=matrix, y=floats(1, 2)) == {}
    whole = torch.LongTensor([[1, 2], [3, 4]])
    assert notes("x / y", x=whole, y=long(1, 2, 3, 4)) == {"pointwise": 1, "exact-division": 1}


def test_what_raises_raises_as_without_the_report(notes):
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        notes("x / y", x=long(1, 2, 3), y=long(1, 2))
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        notes("x.add('y')", x=long(1, 2, 3))
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        notes("torch.div([1], 2)")


@pytest.mark.filterwarnings("ignore:size_average and reduce:UserWarning")
def test_size_average(notes):
    from flambeau.nn import functional as F

    x = Variable(floats(1, 2))
    assert notes("F.mse_loss(x, x, size_average=False)", F=F, x=x) == {"size_average": 1}
    assert notes("F.mse_loss(x, x)", F=F, x=x) == {}


def test_calls_of_the_library_itself_are_not_noted(notes):
    from flambeau import nn, optim

    weight = Variable(floats(1, 2), requires_grad=True)
    step = "optimizer.zero_grad(); (w * 2).sum().backward(); optimizer.step(); print(w)"
    assert notes(step, w=weight, optimizer=optim.SGD([weight], lr=0.1)) == {}
    assert weight.data.tolist() == pytest.approx([0.8, 1.8])
    assert notes("loss(w, w)", w=weight, loss=nn.MSELoss()) == {}


def test_results_are_the_same_with_the_report_on():
    def program():
        x = Variable(torch.FloatTensor([[1, 2], [3, 4]]), requires_grad=True)
        y = (x * 3 / 2)[x.data > 1].sum()
        y.backward()
        return y.data[0], x.grad.data.tolist(), x.sum(0).size(), [v.data[0] for v in x[0]], (long(7, 9) / 2).tolist()

    expected = program()
    report.start()
    try:
        assert program() == expected
    finally:
        report.stop()
    assert expected[-1] == [3, 4]


def test_off_it_leaves_nothing_behind():
    before = {face: dict(vars(face)) for face in (Variable, Variable.__mro__[1], type(floats(1)).__mro__[1])}
    report.clear()
    functions = dict(vars(torch))
    report.start()
    assert vars(Variable) != before[Variable] and torch.div is not functions["div"]
    report.stop()
    assert all(dict(vars(face)) == contents for face, contents in before.items())
    assert dict(vars(torch)) == functions
    long(7) / 2
    report.note("volatile")
    assert not report._counts


def test_starting_twice_is_starting_once(notes):
    report.start()
    assert notes("long(7) / 2", long=long) == {"integer-division": 1}
    assert report._replaced == []


def test_text(notes):
    notes("for i in range(2): long(7) / 2", long=long)
    notes_of_division = report.text(lambda path: f"./{path}")
    assert re.search(
        r"silently give another number or type:\n  ./program.py:1  2 times: `/` of integers cut", notes_of_division
    )
    report.clear()
    assert report.text() == "This run relied on nothing that only PyTorch 0.3 did.\n"


def test_every_kind_has_a_watcher_or_a_caller():
    source = pathlib.Path(report.__file__).read_text()
    for kind in report.KINDS:
        assert source.count(f'"{kind}"') >= 2, kind
