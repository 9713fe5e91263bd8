"""The steps of recurrent layers as functions of 0.3: `LSTMCell(input, hidden, w_ih, w_hh, b_ih=None, b_hh=None)`."""

from ....ops import FUNCTIONS

__all__ = ["GRUCell", "LSTMCell", "RNNReLUCell", "RNNTanhCell"]


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
