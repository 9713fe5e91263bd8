"""`nn.RNN`, `nn.LSTM` and `nn.GRU` of 0.3: they take batches only, and 0.3's packed sequences."""

from collections.abc import Iterator
from typing import Any

from ... import nn as todays
from ...nn.module import Module
from ..wording import in_03s_words
from .utils.rnn import PackedSequence
from .variables import check_steps


class _Recurrent(todays.RNNBase):
    _run: Any  # today's forward, with 0.3's errors
    _warns = False

    def forward(self, input, hx=None):
        """forward(input, hx=None) -> (output, hidden states); an LSTM takes those of an iterator, such as zip."""
        if isinstance(hx, Iterator):
            hx = tuple(hx)
        if isinstance(input, PackedSequence):
            check_steps(input.data, hx)
            output, states = self._run(input.todays(), hx)
            return PackedSequence(output.data, input.batch_sizes), states
        check_steps(input, hx)
        if input.dim() != 3:
            raise RuntimeError(f"input must have 3 dimensions, got {input.dim()}")
        return self._run(input, hx)


def _cell(base):
    worded = in_03s_words("lstm_cell" if base is todays.LSTMCell else "cell")(base.forward)

    def forward(self, input, hx=None):
        check_steps(input, hx)
        return worded(self, input, hx)

    members = {"__doc__": base.__doc__, "__module__": __name__, "forward": forward}
    return type(base.__name__, (base,), members)


def _batched(base):
    members = {"__doc__": base.__doc__, "__module__": __name__, "_run": in_03s_words("rnn")(base.forward)}
    return type(base.__name__, (_Recurrent, base), members)


LAYERS = {base.__name__: _batched(base) for base in (todays.RNN, todays.LSTM, todays.GRU)}
LAYERS.update({base.__name__: _cell(base) for base in (todays.RNNCell, todays.LSTMCell, todays.GRUCell)})
globals().update(LAYERS)


class RNNCellBase(Module):
    """The base class of own cells, with the attributes input_size and hidden_size, and checks for their forward."""

    def check_forward_input(self, input):
        """RuntimeError for an input of another size than (B, input_size)."""
        if input.size(1) != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {input.size(1)}, expected {self.input_size}"
            )

    def check_forward_hidden(self, input, hx, hidden_label=""):
        """RuntimeError for a hidden state of another size than (B, hidden_size)."""
        if input.size(0) != hx.size(0):
            raise RuntimeError(
                f"Input batch size {input.size(0)} doesn't match hidden{hidden_label} batch size {hx.size(0)}"
            )
        if hx.size(1) != self.hidden_size:
            raise RuntimeError(
                f"hidden{hidden_label} has inconsistent hidden_size: got {hx.size(1)}, expected {self.hidden_size}"
            )
