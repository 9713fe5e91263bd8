"""Recurrent networks and their single steps."""

import math
import warnings

import flambeau as fb

from . import init
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _uniform(module):
    """Draw all parameters from U(-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
    bound = 1.0 / math.sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


class RNNBase(Module):
    """RNNBase(mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, ...)

    What recurrent networks share. mode: LSTM, GRU, RNN_TANH or RNN_RELU. The parameters of layer k are
    weight_ih_lk (G H, I), weight_hh_lk (G H, R), bias_ih_lk and bias_hh_lk (G H,) for G gates, and weight_hr_lk (R, H)
    where the hidden state of size H is projected to R = proj_size; those of the direction from the end to the beginning
    have the suffix _reverse. All are drawn from U(-1/sqrt(H), 1/sqrt(H)).
    """

    proj_size = 0  # of layers in files from before the option
    _warns = True  # of dropout that has no effect

    def __init__(self, mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, proj_size=0, device=None, dtype=None):  # fmt: skip
        super().__init__()
        _check_options(mode, input_size, hidden_size, num_layers, dropout, proj_size, self._warns)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                self._add_direction(layer, suffix, device, dtype)
        self.reset_parameters()

    def _add_direction(self, layer, suffix, device, dtype):
        rows, out = _GATES[self.mode] * self.hidden_size, self.proj_size or self.hidden_size
        width = self.input_size if layer == 0 else out * (2 if self.bidirectional else 1)
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (out, self.hidden_size)
        for name, shape in shapes.items():
            parameter = Parameter(fb.empty(shape, device=device, dtype=dtype))
            self.register_parameter(f"{name}_l{layer}{suffix}", parameter)
        self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])

    @property
    def _flat_weights_names(self):
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self):
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self):
        """The parameters of each direction of each layer, as lists."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self):
        """Nothing: the weights need not lie in one piece of memory here."""

    def reset_parameters(self):
        """Draw all parameters anew."""
        _uniform(self)

    # ---- checks

    def check_input(self, input, batch_sizes):
        """ValueError for a dtype other than the weights', RuntimeError for sizes that do not fit."""
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype is not weight.dtype and not fb.is_autocast_enabled(input.device.type):
            raise ValueError(
                f"RNN input dtype ({input.dtype!r}) does not match weight dtype ({weight.dtype!r}). Convert input: "
                f"input.to({weight.dtype!r}), or convert model: model.to({input.dtype!r})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def get_expected_hidden_size(self, input, batch_sizes):
        """The shape of the hidden state for an input."""
        return self._state_shape(self.proj_size or self.hidden_size, input, batch_sizes)

    def _state_shape(self, width, input, batch_sizes):
        batch = int(batch_sizes[0]) if batch_sizes is not None else input.size(0 if self.batch_first else 1)
        return self.num_layers * (2 if self.bidirectional else 1), batch, width

    def check_hidden_size(self, hx, expected_hidden_size, msg="Expected hidden size {}, got {}"):
        """RuntimeError unless hx has the expected shape."""
        if tuple(hx.shape) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input, hidden, batch_sizes):
        """The checks of input and hidden states together."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx, permutation):
        """The hidden states with their sequences in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # ---- forward, for a subclass that says how many states there are

    def _zeros(self, input, batch_sizes):
        return input.new_zeros(self.get_expected_hidden_size(input, batch_sizes))

    def _dims(self, hx):
        return f"{hx.dim()}-D tensor"

    def _states(self, hx):
        return [hx]

    def _join_states(self, states):
        return states[0]

    _tensor, _hx_names = "", "hx"

    def _function(self, *args):
        mode = self.mode.lower()
        return getattr(fb, mode)(*args)

    def _forward(self, input, hx):
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D{self._tensor} instead"
            )
        batch_dim, batched = (0 if self.batch_first else 1), input.dim() == 3
        states = None if hx is None else self._states(hx)
        if states is not None and any(s.dim() != input.dim() for s in states):
            kind = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {kind} input, {self._hx_names} should also be {input.dim()}-D but got {self._dims(hx)}"
            )
        if not batched:
            input = input.unsqueeze(batch_dim)
            states = None if states is None else [s.unsqueeze(1) for s in states]
        hx = self._zeros(input, None) if states is None else self._join_states(states)
        self.check_forward_args(input, hx, None)
        output, *last = self._function(input, hx, *self._options(), self.batch_first)
        if not batched:
            output, last = output.squeeze(batch_dim), [s.squeeze(1) for s in last]
        return output, self._join_states(last)

    def _forward_packed(self, sequence, hx):
        data, batch_sizes, sorted_indices, unsorted_indices = sequence
        hx = self._zeros(data, batch_sizes) if hx is None else self.permute_hidden(hx, sorted_indices)
        self.check_forward_args(data, hx, batch_sizes)
        output, *last = self._function(data, batch_sizes, hx, *self._options())
        packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        return packed, self.permute_hidden(self._join_states(last), unsorted_indices)

    def _options(self):
        own = self._flat_weights, self.bias, self.num_layers, self.dropout, self.training
        return *own, self.bidirectional

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size:
            text += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout:
            text += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            text += f", bidirectional={self.bidirectional}"
        return text


def _check_options(mode, input_size, hidden_size, num_layers, dropout, proj_size, warns):
    if mode not in _GATES:
        raise ValueError(f"Unrecognized RNN mode: {mode}")
    if isinstance(dropout, str):
        dropout = float(dropout)
    if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    if warns and dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        if size <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


def _no_projection(kwargs):
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """RNN(input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, dropout=0.0, ...)

    h' = f(W_ih x + b_ih + W_hh h + b_hh) with f = tanh or relu (Elman 1990).

    input (L, B, input_size), (B, L, input_size) with batch_first, (L, input_size) or a PackedSequence; hx
    (num_layers D, B, hidden_size), zeros by default, with D = 2 where bidirectional, else 1 -> (output of the last
    layer (L, B, D hidden_size), the last hidden states). dropout acts on the outputs of all layers but the last.
    """

    _tensor = " tensor"

    def __init__(self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False,
                 dropout=0.0, bidirectional=False, device=None, dtype=None, **kwargs):  # fmt: skip
        _no_projection(kwargs)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        options = num_layers, bias, batch_first, dropout, bidirectional
        mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(mode, input_size, hidden_size, *options, device=device, dtype=dtype, **kwargs)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        return self._forward(input, hx)


class GRU(RNNBase):
    """GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False)

    Gated recurrent units (Cho et al. 2014): r, z = sigmoid of W_i x + b_i + W_h h + b_h,
    n = tanh(W_in x + b_in + r (W_hn h + b_hn)), h' = (1 - z) n + z h. Inputs and outputs as for RNN:
    (T, B, I) and h (layers, B, H) -> (T, B, H) and h.
    """

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, device=None, dtype=None, **kwargs):  # fmt: skip
        _no_projection(kwargs)
        options = num_layers, bias, batch_first, dropout, bidirectional
        super().__init__("GRU", input_size, hidden_size, *options, device=device, dtype=dtype, **kwargs)

    def forward(self, input, hx=None):
        return self._forward(input, hx)


class LSTM(RNNBase):
    """LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, ...)

    Long short-term memory (Hochreiter & Schmidhuber 1997): i, f, o = sigmoid and g = tanh of W_i x + b_i + W_h h + b_h,
    c' = f c + i g, h' = o tanh(c'). With proj_size the hidden state is W_hr h' (Sak et al. 2014).

    input (L, B, input_size), (B, L, input_size) with batch_first, (L, input_size) or a PackedSequence; (h, c)
    (num_layers D, B, proj_size or hidden_size) and (num_layers D, B, hidden_size), zeros by default ->
    (output, (h, c)).
    """

    _hx_names = "hx and cx"

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, proj_size=0, device=None, dtype=None):  # fmt: skip
        options = num_layers, bias, batch_first, dropout, bidirectional, proj_size
        super().__init__("LSTM", input_size, hidden_size, *options, device=device, dtype=dtype)

    def get_expected_cell_size(self, input, batch_sizes):
        """The shape of the cell state for an input."""
        return self._state_shape(self.hidden_size, input, batch_sizes)

    def check_forward_args(self, input, hidden, batch_sizes):
        self.check_input(input, batch_sizes)
        expected = self.get_expected_hidden_size, self.get_expected_cell_size
        for i, size in enumerate(expected):
            message = f"Expected hidden[{i}] size {{}}, got {{}}"
            self.check_hidden_size(hidden[i], size(input, batch_sizes), message)

    def permute_hidden(self, hx, permutation):
        return hx if permutation is None else tuple([s.index_select(1, permutation) for s in hx])

    def _zeros(self, input, batch_sizes):
        c = input.new_zeros(self.get_expected_cell_size(input, batch_sizes))
        return RNNBase._zeros(self, input, batch_sizes), c

    def _dims(self, hx):
        return f"({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"

    def _states(self, hx):
        return [hx[0], hx[1]]

    def _join_states(self, states):
        return tuple(states)

    def forward(self, input, hx=None):
        return self._forward(input, hx)


# ---- single steps


class RNNCellBase(Module):
    """What the cells share: (N, I) and states (N, H) -> (N, H); weight_ih (G H, I), weight_hh (G H, H), bias_ih and
    bias_hh (G H,) for G gates."""

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None):
        super().__init__()
        options = {"device": device, "dtype": dtype}
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(fb.empty((rows, input_size), **options))
        self.weight_hh = Parameter(fb.empty((rows, hidden_size), **options))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(fb.empty(rows, **options)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw all parameters anew, from U(-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
        _uniform(self)

    def _check(self, input, states, names):
        own = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{own}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for name, state in zip(names, states, strict=True):
            if state.dim() not in (1, 2):
                raise ValueError(f"{own}: Expected {name} to be 1D or 2D, got {state.dim()}D instead")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {input.size(-1)} expected {self.input_size}"
            )
        for i, state in enumerate(states):
            if input.dim() == 2 and input.size(0) != state.size(0):
                raise RuntimeError(
                    f"Input batch size {input.size(0)} doesn't match hidden{i} batch size {state.size(0)}"
                )
            if state.size(-1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {state.size(-1)}, expected {self.hidden_size}"
                )
            if state.dim() != input.dim():
                raise RuntimeError(
                    f"{own}: input of {input.dim()}-D needs a hidden{i} of as many dimensions, got {state.dim()}-D"
                )

    def _weights(self):
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _zeros(self, input):
        return input.new_zeros((*input.shape[:-1], self.hidden_size))

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"


class RNNCell(RNNCellBase):
    """RNNCell(input_size, hidden_size, bias=True, nonlinearity='tanh'): a step of RNN

    input (B, input_size) or (input_size), hx (B, hidden_size) or (hidden_size), zeros by default -> the next hx.
    """

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        self._check(input, [] if hx is None else [hx], ["hidden"] * (hx is not None))
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        hx = self._zeros(input) if hx is None else hx
        return getattr(fb, f"rnn_{self.nonlinearity}_cell")(input, hx, *self._weights())


class LSTMCell(RNNCellBase):
    """LSTMCell(input_size, hidden_size, bias=True): a step of LSTM

    input (B, input_size) or (input_size), (h, c) each (B, hidden_size) or (hidden_size), zeros by default -> (h, c).
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input, hx=None):
        self._check(input, [] if hx is None else hx, [] if hx is None else ["hx[0]", "hx[1]"])
        if hx is None:
            zeros = self._zeros(input)
            hx = zeros, zeros
        return fb.lstm_cell(input, hx, *self._weights())


class GRUCell(RNNCellBase):
    """GRUCell(input_size, hidden_size, bias=True): a step of GRU

    input (B, input_size) or (input_size), hx (B, hidden_size) or (hidden_size), zeros by default -> the next hx.
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input, hx=None):
        self._check(input, [] if hx is None else [hx], ["hidden"] * (hx is not None))
        return fb.gru_cell(input, self._zeros(input) if hx is None else hx, *self._weights())
