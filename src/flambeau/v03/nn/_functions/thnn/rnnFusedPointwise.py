"""The pointwise part of recurrent cells, after the products: `LSTMFused.apply(input_gates, hidden_gates, cx)`."""

from ....autograd.composed import made

__all__ = ["GRUFused", "LSTMFused"]


def _with_bias(gates, bias):
    return gates if bias is None else gates + bias.expand_as(gates)


def _lstm(input_gates, hidden_gates, cx, ibias=None, hbias=None):
    """apply(input_gates, hidden_gates, cx, ibias=None, hbias=None) -> (hy, cy)

    Gates (B, 4 H) in the order input, forget, cell, output; cx (B, H). cy = f cx + i tanh(g), hy = o tanh(cy).
    """
    gates = _with_bias(input_gates, ibias) + _with_bias(hidden_gates, hbias)
    i, f, g, o = gates.chunk(4, 1)
    cy = f.sigmoid() * cx + i.sigmoid() * g.tanh()
    return o.sigmoid() * cy.tanh(), cy


def _gru(input_gates, hidden_gates, hx, ibias=None, hbias=None):
    """apply(input_gates, hidden_gates, hx, ibias=None, hbias=None) -> hy

    Gates (B, 3 H) in the order reset, update, new; hx (B, H). n = tanh(i_n + r h_n), hy = n + z (hx - n).
    """
    i_r, i_z, i_n = _with_bias(input_gates, ibias).chunk(3, 1)
    h_r, h_z, h_n = _with_bias(hidden_gates, hbias).chunk(3, 1)
    new = (i_n + (i_r + h_r).sigmoid() * h_n).tanh()
    return new + (i_z + h_z).sigmoid() * (hx - new)


GRUFused = made(__name__, "GRUFused", _gru)
LSTMFused = made(__name__, "LSTMFused", _lstm)
