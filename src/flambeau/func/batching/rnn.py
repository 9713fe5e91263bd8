"""Rules of recurrent layers: the steps one by one, in ops that have rules of their own."""

from ...kernels.base._recurrence import sequence_grad
from ...ops.rnn import _Tensors, by_steps
from .tensor import rule


@rule("_recurrent")
def recurrent(f, batch, *args):
    return tuple([batch.front(r) for r in by_steps(*args)])


@rule("_recurrent_grad")
def recurrent_grad(f, batch, *args):
    grads, weights, (kind, sizes, reverse, *columns) = args[:3], args[3:7], args[7:]
    kept, at = [], 0
    for n in sizes:
        kept.append([k[at : at + n] for k in columns])
        at += n
    found = sequence_grad(_Tensors, kind, grads, weights, kept, sizes, reverse)
    return tuple([batch.front(g) for g in found if g is not None])
