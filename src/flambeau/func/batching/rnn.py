"""Rules of recurrent layers: the steps one by one, in ops that have rules of their own."""

from ...kernels.base._recurrence import sequence_grad
from ...ops.rnn import _Tensors, by_steps
from .tensor import rule


@rule("_recurrent")
def recurrent(f, batch, *args):
    return tuple([batch.front(r) for r in by_steps(*args)])


@rule("_recurrent_grad")
def recurrent_grad(f, batch, g_out, g_h, g_c, x, w_ih, w_hh, w_hr, kind, sizes, reverse, *columns):
    kept, at = [], 0
    for n in sizes:
        kept.append([k[at : at + n] for k in columns])
        at += n
    grads = sequence_grad(_Tensors, kind, (g_out, g_h, g_c), x, w_ih, w_hh, w_hr, kept, sizes, reverse)
    return tuple([batch.front(g) for g in grads if g is not None])
