"""Recurrent networks as functions of 0.3, of which programs built their own: cells, and what runs them over the steps.

A cell takes (input, hidden, *weights) and gives the next hidden state, a tuple of two for an LSTM. What runs a cell
takes (input, hidden, weights) and gives (last hidden state, outputs); `StackedRNN` takes lists of both, one per layer
and direction. All are of (T, B, *), or of packed data with the batch sizes of each step.
"""

from ....ops import FUNCTIONS
from ...namespace import cat, stack
from .. import functional as F

__all__ = [
    "AutogradRNN", "CudnnRNN", "GRUCell", "LSTMCell", "RNN", "RNNReLUCell", "RNNTanhCell", "Recurrent", "StackedRNN",
    "VariableRecurrent", "VariableRecurrentReverse", "variable_recurrent_factory",
]  # fmt: skip


def RNNReLUCell(input, hidden, w_ih, w_hh, b_ih=None, b_hh=None):
    """relu(w_ih input + b_ih + w_hh hidden + b_hh), (B, H)"""
    return FUNCTIONS["rnn_relu_cell"](input, hidden, w_ih, w_hh, b_ih, b_hh)


def RNNTanhCell(input, hidden, w_ih, w_hh, b_ih=None, b_hh=None):
    """tanh(w_ih input + b_ih + w_hh hidden + b_hh), (B, H)"""
    return FUNCTIONS["rnn_tanh_cell"](input, hidden, w_ih, w_hh, b_ih, b_hh)


def LSTMCell(input, hidden, w_ih, w_hh, b_ih=None, b_hh=None):
    """(h, c), each (B, H), after one step of an LSTM from hidden = (h, c)"""
    return FUNCTIONS["lstm_cell"](input, hidden, w_ih, w_hh, b_ih, b_hh)


def GRUCell(input, hidden, w_ih, w_hh, b_ih=None, b_hh=None):
    """The hidden state (B, H) after one step of a GRU"""
    return FUNCTIONS["gru_cell"](input, hidden, w_ih, w_hh, b_ih, b_hh)


_CELLS = {"RNN_RELU": RNNReLUCell, "RNN_TANH": RNNTanhCell, "LSTM": LSTMCell, "GRU": GRUCell}


def _shown(hidden):
    """What a step puts out of its hidden state."""
    return hidden[0] if isinstance(hidden, tuple) else hidden


def _each(function, hidden):
    """function of each part of a hidden state."""
    return tuple(map(function, hidden)) if isinstance(hidden, tuple) else function(hidden)


def Recurrent(inner, reverse=False):
    """Recurrent(cell, reverse=False) -> forward(input, hidden, weights): the cell over all steps of (T, B, *)."""

    def forward(input, hidden, weight):
        outputs = []
        for step in reversed(range(input.size(0))) if reverse else range(input.size(0)):
            hidden = inner(input[step], hidden, *weight)
            outputs.append(_shown(hidden))
        return hidden, stack(outputs[::-1] if reverse else outputs, 0)

    return forward


def variable_recurrent_factory(batch_sizes):
    """variable_recurrent_factory(batch_sizes) -> what `Recurrent` is for packed data with these sizes of the steps."""

    def recurrent(inner, reverse=False):
        return (VariableRecurrentReverse if reverse else VariableRecurrent)(batch_sizes, inner)

    return recurrent


def VariableRecurrent(batch_sizes, inner):
    """VariableRecurrent(batch_sizes, cell) -> forward(input, hidden, weights): forwards, of packed data (sum, *)."""

    def forward(input, hidden, weight):
        outputs, ended, start = [], [], 0
        for size, next_size in zip(batch_sizes, [*batch_sizes[1:], 0], strict=True):
            hidden = inner(input[start : start + size], hidden, *weight)
            outputs.append(_shown(hidden))
            if next_size < size:  # some sequences end here
                ended.append(_each(lambda h, n=next_size: h[n:], hidden))
                hidden = _each(lambda h, n=next_size: h[:n], hidden) if next_size else hidden
            start += size
        ended.reverse()
        last = tuple(map(cat, zip(*ended, strict=True))) if isinstance(hidden, tuple) else cat(ended)
        return last, cat(outputs)

    return forward


def VariableRecurrentReverse(batch_sizes, inner):
    """VariableRecurrentReverse(batch_sizes, cell) -> forward(input, hidden, weights): backwards, of packed data."""

    def forward(input, hidden, weight):
        outputs, end, states = [], input.size(0), hidden
        hidden = _each(lambda h: h[: batch_sizes[-1]], states)
        known = batch_sizes[-1]
        for size in reversed(batch_sizes):
            if size > known:  # some sequences end here, and begin from this side
                starting = _each(lambda h, a=known, b=size: h[a:b], states)
                pairs = zip(hidden, starting, strict=True) if isinstance(hidden, tuple) else [(hidden, starting)]
                joined = tuple([cat(pair) for pair in pairs])
                hidden = joined if isinstance(hidden, tuple) else joined[0]
                known = size
            hidden = inner(input[end - size : end], hidden, *weight)
            outputs.append(_shown(hidden))
            end -= size
        return hidden, cat(outputs[::-1])

    return forward


def StackedRNN(inners, num_layers, lstm=False, dropout=0, train=True):
    """StackedRNN(inners, num_layers, lstm=False, dropout=0, train=True) -> forward(input, hidden, weights)

    inners: what runs over the steps, one per direction. hidden: (layers * directions, B, H), a tuple (h, c) of two with
    lstm. weights: a list of weights per layer and direction. Outputs of a layer go through dropout to the next one.
    """

    def forward(input, hidden, weight):
        if len(weight) != num_layers * len(inners):
            raise AssertionError(f"StackedRNN: {num_layers * len(inners)} lists of weights needed, got {len(weight)}")
        states = list(zip(*hidden, strict=True)) if lstm else hidden
        last = []
        for layer in range(num_layers):
            outputs = []
            for direction, inner in enumerate(inners):
                place = layer * len(inners) + direction
                state, output = inner(input, states[place], weight[place])
                last.append(state)
                outputs.append(output)
            input = outputs[0] if len(outputs) == 1 else cat(outputs, input.dim() - 1)
            if dropout and layer < num_layers - 1:
                input = F.dropout(input, dropout, train, False)
        return (tuple(map(stack, zip(*last, strict=True))) if lstm else stack(last)), input

    return forward


def AutogradRNN(mode, input_size, hidden_size, num_layers=1, batch_first=False, dropout=0, train=True,
                bidirectional=False, batch_sizes=None, dropout_state=None, flat_weight=None):  # fmt: skip
    """AutogradRNN(mode, input_size, hidden_size, ...) -> forward(input, weights, hidden): (outputs, hidden states)

    mode: "RNN_RELU", "RNN_TANH", "LSTM" or "GRU"; batch_sizes: those of packed input.
    """
    runs = Recurrent if batch_sizes is None else variable_recurrent_factory(batch_sizes)
    inners = [runs(_CELLS[mode])] + [runs(_CELLS[mode], reverse=True)] * bool(bidirectional)
    stacked = StackedRNN(inners, num_layers, mode == "LSTM", dropout, train)

    def forward(input, weight, hidden):
        turned = batch_first and batch_sizes is None
        last, output = stacked(input.transpose(0, 1) if turned else input, hidden, weight)
        return (output.transpose(0, 1) if turned else output), last

    return forward


def CudnnRNN(mode, input_size, hidden_size, num_layers=1, batch_first=False, dropout=0, train=True,
             bidirectional=False, batch_sizes=None, dropout_state=None, flat_weight=None):  # fmt: skip
    """CudnnRNN(mode, input_size, hidden_size, ...) -> forward(input, weights, *hidden): what `AutogradRNN` computes, by
    the kernels of the GPU. RuntimeError for an input on the CPU."""
    run = AutogradRNN(mode, input_size, hidden_size, num_layers, batch_first, dropout, train, bidirectional,
                      batch_sizes)  # fmt: skip

    def forward(input, weight, *hidden):
        if not input.is_cuda:
            raise RuntimeError("CudnnRNN: the input must be on a GPU; AutogradRNN takes those on the CPU")
        return run(input, weight, hidden if len(hidden) > 1 else hidden[0])

    return forward


def RNN(*args, **kwargs):
    """RNN(mode, input_size, hidden_size, ...) -> forward(input, weights, hidden), as `AutogradRNN` has it."""
    return AutogradRNN(*args, **kwargs)
