"""`nn.RNN`, `nn.LSTM` and `nn.GRU` of 0.3: they take batches only, and 0.3's packed sequences."""

from collections.abc import Iterator

from ... import nn as todays
from ...nn.module import Module
from ..wording import in_03s_words
from .utils.rnn import PackedSequence
from .variables import check_steps

_OF_MODES = {"LSTM": todays.LSTM, "GRU": todays.GRU, "RNN_TANH": todays.RNN, "RNN_RELU": todays.RNN}


class RNNBase(todays.RNNBase):
    """RNNBase(mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0, ...)

    The network of a mode: LSTM, GRU, RNN_TANH or RNN_RELU; `nn.LSTM`, `nn.GRU` and `nn.RNN` say what they compute.
    """

    @in_03s_words("rnn")
    def _run(self, input, hx):
        if hx is not None and any(state.dim() != 3 for state in self._states(hx)):
            self.check_forward_args(input, hx, None)
        return self._forward(input, hx)

    get_expected_cell_size = todays.LSTM.get_expected_cell_size
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


def _of_mode(name):
    return lambda self, *args: getattr(_OF_MODES[self.mode], name)(self, *args)


for _name in ("check_forward_args", "permute_hidden", "_zeros", "_dims", "_states", "_join_states"):
    setattr(RNNBase, _name, _of_mode(_name))


def _cell(base):
    worded = in_03s_words("lstm_cell" if base is todays.LSTMCell else "cell")(base.forward)

    def forward(self, input, hx=None):
        check_steps(input, hx)
        return worded(self, input, hx)

    members = {"__doc__": base.__doc__, "__module__": __name__, "forward": forward}
    return type(base.__name__, (base,), members)


def _batched(base):
    return type(base.__name__, (RNNBase, base), {"__doc__": base.__doc__, "__module__": __name__})


LAYERS = {"RNNBase": RNNBase, **{base.__name__: _batched(base) for base in (todays.RNN, todays.LSTM, todays.GRU)}}
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
