"""`nn.RNN`, `nn.LSTM` and `nn.GRU` of 0.3: they take batches only, and 0.3's packed sequences."""

from ... import nn as todays
from .utils.rnn import PackedSequence


class _Recurrent(todays.RNNBase):
    def forward(self, input, hx=None):
        """forward(input, hx=None) -> (output, hidden states)"""
        if isinstance(input, PackedSequence):
            output, states = super().forward(input.todays(), hx)
            return PackedSequence(output.data, input.batch_sizes), states
        if input.dim() != 3:
            raise RuntimeError(f"input must have 3 dimensions, got {input.dim()}")
        return super().forward(input, hx)


def _batched(base):
    return type(base.__name__, (_Recurrent, base), {"__doc__": base.__doc__, "__module__": __name__})


LAYERS = {base.__name__: _batched(base) for base in (todays.RNN, todays.LSTM, todays.GRU)}
