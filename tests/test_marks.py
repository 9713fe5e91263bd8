"""torch.jit and torch.compiler without a compiler: models that carry marks for one run as Python."""

import flambeau as fb
from flambeau import compiler, jit, nn


class Marked(nn.Module):
    """A model as libraries write them, to be compiled or not."""

    scale: jit.Final[int]

    def __init__(self):
        super().__init__()
        self.scale = 3

    @jit.export
    def scaled(self, x):
        return x * self.scale

    @jit.ignore
    def logged(self, x):
        return x

    @jit.ignore(drop=True)
    def dropped(self, x):
        return x

    @jit.unused
    def checkpointed(self, x):
        return x + 1

    @compiler.disable
    def forward(self, x):
        x = jit.annotate(fb.Tensor, x)
        if jit.is_scripting() or jit.is_tracing() or compiler.is_compiling():
            return x
        return self.checkpointed(self.dropped(self.logged(self.scaled(x))))


def test_marks_change_nothing():
    assert Marked()(fb.ones(2)).tolist() == [4, 4]


def test_marks_with_and_without_arguments():
    for mark in (jit.export, jit.unused, jit.ignore, jit.ignore(), compiler.allow_in_graph, compiler.disable,
                 compiler.disable(), compiler.disable(recursive=False, reason="slow")):  # fmt: skip
        assert mark(len) is len


def test_nothing_is_being_compiled():
    questions = [compiler.is_dynamo_compiling, compiler.is_exporting]
    assert not any(question() for question in questions)
