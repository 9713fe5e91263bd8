"""Warnings point at the line of the program, not into the library; also while the report is on."""

import warnings

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn, report
from flambeau.v03.autograd import Variable

LINES = [
    "torch.add(torch.ones(4, 1), torch.ones(4))",
    "torch.ones(4, 1) + torch.ones(4)",
    "x = torch.ones(4, 1); x += torch.ones(2, 2)",
    "torch.ones(2).sum(0)",
    "torch.sum(torch.ones(2), 0)",
    "Variable(torch.ones(2)).mean(0)",
    "nn.functional.softmax(Variable(torch.ones(2)))",
    "nn.Sequential(nn.LogSoftmax())(Variable(torch.ones(2)))",
    "nn.BCELoss()(Variable(torch.ones(4, 1)), Variable(torch.ones(4)))",
    "torch.range(0, 3)",
    "x = Variable(torch.ones(1), requires_grad=True); (x * x).backward(retain_variables=True)",
]


@pytest.fixture
def switches():
    torch.utils.backcompat.broadcast_warning.enabled = torch.utils.backcompat.keepdim_warning.enabled = True
    yield
    torch.utils.backcompat.broadcast_warning.enabled = torch.utils.backcompat.keepdim_warning.enabled = False


@pytest.mark.parametrize("reported", [False, True])
@pytest.mark.parametrize("line", LINES)
def test_lines(line, reported, switches):
    if reported:
        report.start()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            names = {"torch": torch, "nn": nn, "Variable": Variable, "__name__": "program"}
            exec(compile(f"\n{line}", "program.py", "exec"), names)
    finally:
        report.stop()
        report.clear()
    assert [(w.filename, w.lineno) for w in caught] == [("program.py", 2)] * len(caught) != []
