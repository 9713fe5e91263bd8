"""Recurrent networks: a layer in one direction is one op; the networks and single cells are made of it."""

import operator

from .. import _core
from ..kernels.base._recurrence import CELLS, sequence, sequence_grad
from ._args import check_tensor
from .op import FUNCTIONS, Op, composite


class _Tensors:
    """What the formulas of recurrent layers need of tensors."""

    sigmoid = staticmethod(lambda x: FUNCTIONS["sigmoid"](x))
    tanh = staticmethod(lambda x: FUNCTIONS["tanh"](x))
    relu = staticmethod(lambda x: FUNCTIONS["relu"](x))
    join = staticmethod(lambda parts: parts[0] if len(parts) == 1 else FUNCTIONS["cat"](parts))
    beside = staticmethod(lambda parts: FUNCTIONS["cat"](parts, -1))


def by_steps(*args):
    """The results of `Recurrent` by differentiable ops for each step."""
    *inputs, kind, sizes, reverse = args
    out, h, c, _ = sequence(_Tensors, kind, inputs, sizes, reverse)
    return (out, h) if c is None else (out, h, c)


class Recurrent(Op, name="_recurrent"):
    """A layer of kind tanh, relu, lstm or gru in one direction: (outputs (N, R), last h (B, R)[, last c (B, H)]) of
    x (N, I), step after step with the given numbers of rows, and h (B, R), c (B, H) to begin with.

    Backward takes the kernel that undoes the loop, except where it is itself recorded (`create_graph=True`): there it
    runs the steps again in differentiable ops.
    """

    @staticmethod
    def forward(ctx, x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, kind, sizes, reverse):
        out, h_n, c_n, columns = ctx.k.recurrent(
            kind, x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, reverse, bool(ctx.recording)
        )
        if ctx.recording:
            ctx.save_for_backward(x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, *columns)
            ctx.options = kind, sizes, reverse
        return (out, h_n) if c is None else (out, h_n, c_n)

    @staticmethod
    def backward(ctx, g_out, g_h, g_c=None):
        inputs, columns = ctx.saved[:8], ctx.saved[8:]
        x, _, c, w_ih, w_hh, _, _, w_hr = inputs
        kind, sizes, reverse = ctx.options
        grads, weights = (g_out, g_h, g_c), (x, w_ih, w_hh, w_hr)
        if _core.is_grad_enabled():
            kept = sequence(_Tensors, kind, inputs, sizes, reverse)[3]
            found = sequence_grad(_Tensors, kind, grads, weights, kept, sizes, reverse)
        else:
            present = iter(RecurrentGrad.apply(*grads, *weights, kind, sizes, reverse, *columns))
            absent = (False, False, c is None, False, False, False, False, w_hr is None)
            found = tuple([None if a else next(present) for a in absent])
        return tuple([g if ctx.needs(i) else None for i, g in enumerate(found)])


class RecurrentGrad(Op, name="_recurrent_grad"):
    """The gradients of a recurrent layer by one kernel, without those of arguments that are None."""

    @staticmethod
    def forward(ctx, *args):
        g_out, g_h, g_c, x, w_ih, w_hh, w_hr, kind, sizes, reverse, *columns = args
        found = ctx.k.recurrent_grad(kind, (g_out, g_h, g_c), x, w_ih, w_hh, w_hr, columns, sizes, reverse)
        return tuple([f for f in found if f is not None])


# ---- networks


def _check_input(name, input):
    check_tensor(input, name)
    if not input.is_floating_point():
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input.dtype.title}': convert the input to a float type first"
        )


def _check_layer(name, width, h, c, weights, gates):
    """That the shapes and dtypes of the weights of a direction fit those of the input and the states."""
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    hidden = w_hh.shape[0] // gates if w_hh.ndim == 2 else 0
    out = hidden if w_hr is None else w_hr.shape[0]
    rows = gates * hidden
    expected = (
        ("weight_ih", w_ih, (rows, width)), ("weight_hh", w_hh, (rows, out)), ("bias_ih", b_ih, (rows,)),
        ("bias_hh", b_hh, (rows,)), ("weight_hr", w_hr, (out, hidden)), ("hx", h, (h.shape[0], out)),
        ("cx", c, (h.shape[0], hidden)),
    )  # fmt: skip
    for what, t, shape in expected:
        if t is not None and tuple(t.shape) != shape:
            raise RuntimeError(f"{name}: expected {what} of shape {list(shape)}, but got {list(t.shape)}")


def _check_dtypes(name, input, *tensors):
    for t in tensors:
        if t is not None and t.dtype is not input.dtype:
            raise RuntimeError(
                f"{name}: input, states and weights, or mat1 and mat2 must have the same dtype, but got "
                f"{input.dtype.title} and {t.dtype.title}"
            )


def _directions(name, params, has_biases, num_layers, bidirectional, states):
    """The (w_ih, w_hh, b_ih, b_hh, w_hr) of each direction of each layer."""
    n_directions = num_layers * (2 if bidirectional else 1)
    shortest = 4 if has_biases else 2
    each = len(params) // n_directions if n_directions else 0
    if not n_directions or len(params) != each * n_directions or each not in (shortest, shortest + 1):
        raise RuntimeError(
            f"{name}: got an incorrect number of RNN parameters: {len(params)} for {n_directions} directions of layers"
        )
    for state in states:
        if state.ndim != 3 or state.shape[0] != n_directions:
            raise RuntimeError(
                f"{name}: expected states of {n_directions} directions of layers, but got shape {list(state.shape)}"
            )
    found = []
    for i in range(n_directions):
        own = list(params[i * each : (i + 1) * each])
        biases = own[2:4] if has_biases else [None, None]
        found.append((*own[:2], *biases, own[-1] if each > shortest else None))
    return found


def _network(name, kind, rows, sizes, states, params, has_biases, num_layers, dropout, train, bidirectional):
    """(outputs, last h, last c or None) of layers on rows laid out step after step."""
    params = list(params)
    for t in (*states, *params):
        check_tensor(t, name, "params", 3)
    _check_dtypes(name, rows, *states, *params)
    directions = _directions(name, params, has_biases, num_layers, bidirectional, states)
    n = 2 if bidirectional else 1
    if any(s.shape[1] != sizes[0] for s in states):
        raise RuntimeError(f"{name}: expected states of a batch of {sizes[0]}, got {list(states[0].shape)}")
    width = rows.shape[-1]
    begin = [[s[i] for s in states] + [None] * (2 - len(states)) for i in range(len(directions))]
    for i, ((h, c), weights) in enumerate(zip(begin, directions, strict=True)):  # before anything is computed
        _check_layer(name, width if i < n else n * h.shape[-1], h, c, weights, CELLS[kind].gates)
    last = []
    for layer in range(num_layers):
        outputs = []
        for reverse in (False, True)[:n]:
            at = layer * n + reverse
            out, *final = Recurrent.apply(rows, *begin[at], *directions[at], kind, sizes, reverse)
            outputs.append(out)
            last.append(final)
        rows = outputs[0] if n == 1 else FUNCTIONS["cat"](outputs, -1)
        if dropout and train and layer < num_layers - 1:
            rows = FUNCTIONS["dropout"](rows, dropout, True)
    return rows, [FUNCTIONS["stack"](state) for state in zip(*last, strict=True)]


def _padded(
    name, kind, input, states, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
):
    _check_input(name, input)
    if input.ndim != 3:
        raise RuntimeError(f"{name}: expected an input of 3 dimensions, but got {list(input.shape)}")
    if batch_first:
        input = input.transpose(0, 1)
    length, batch, width = input.shape
    if not length:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    options = has_biases, num_layers, dropout, train, bidirectional
    rows = input.reshape(length * batch, width)
    rows, last = _network(name, kind, rows, (batch,) * length, states, params, *options)
    output = rows.reshape(length, batch, rows.shape[-1])
    return output.transpose(0, 1) if batch_first else output, *last


def _packed(name, kind, data, batch_sizes, states, params, *options):
    _check_input(name, data)
    sizes = tuple(batch_sizes.tolist())
    if (
        data.ndim != 2
        or sum(sizes) != data.shape[0]
        or not sizes
        or sorted(sizes, reverse=True) != list(sizes)
    ):
        raise RuntimeError(
            f"{name}: expected packed data (sum of batch_sizes, features) and batch_sizes that do not grow, got "
            f"{list(data.shape)} and {list(sizes)}"
        )
    rows, last = _network(name, kind, data, sizes, states, params, *options)
    return rows, *last


def _is_tensor(value):
    return isinstance(value, _core.TensorBase)


def _one_state(name, kind, args):
    """The network of a kind with one state, from the arguments for padded or for packed sequences."""
    if _is_tensor(args[2]):
        data, batch_sizes, hx, *rest = args
        return _packed(name, kind, data, batch_sizes, [hx], *rest)
    input, hx, *rest = args
    return _padded(name, kind, input, [hx], *rest)


_DOC = """{0}(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) -> (Tensor, Tensor)
{0}(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional) -> (Tensor, Tensor)

    {1} on input (T, B, I), (B, T, I) with batch_first, or on packed data: (outputs, last states), with hx and the last
    states (layers x directions, B, H). params: for each direction of each layer weight_ih, weight_hh and, with
    has_biases, bias_ih, bias_hh. Raises RuntimeError when shapes or dtypes do not fit.
    """


def _documented(name, what):
    def decorate(function):
        function.__doc__ = _DOC.format(name, what)
        return function

    return decorate


@composite()
@_documented("rnn_tanh", "h' = tanh(W_ih x + b_ih + W_hh h + b_hh)")
def rnn_tanh(*args):
    return _one_state("rnn_tanh", "tanh", args)


@composite()
@_documented("rnn_relu", "h' = relu(W_ih x + b_ih + W_hh h + b_hh)")
def rnn_relu(*args):
    return _one_state("rnn_relu", "relu", args)


@composite()
@_documented("gru", "Gated recurrent units (Cho et al. 2014)")
def gru(*args):
    return _one_state("gru", "gru", args)


@composite()
def lstm(*args):
    """lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    -> (Tensor, Tensor, Tensor)
    lstm(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)
    -> (Tensor, Tensor, Tensor)

    Long short-term memory (Hochreiter & Schmidhuber 1997) on input (T, B, I), (B, T, I) with batch_first, or on packed
    data: (outputs, last h, last c). hx is the pair of h (layers x directions, B, R) and c (layers x directions, B, H).
    params: for each direction of each layer weight_ih, weight_hh, with has_biases bias_ih, bias_hh, and weight_hr
    (R, H) where the hidden state is projected. Raises RuntimeError when shapes or dtypes do not fit.
    """
    packed = _is_tensor(args[1])
    hx = args[2 if packed else 1]
    if len(hx) != 2:
        raise RuntimeError("lstm expects two hidden states")
    if packed:
        return _packed("lstm", "lstm", args[0], args[1], list(hx), *args[3:])
    return _padded("lstm", "lstm", args[0], list(hx), *args[2:])


# ---- cells


def _cell(name, kind, input, states, w_ih, w_hh, b_ih, b_hh):
    """One step for a batch (B, I), or for a single vector (I,): (h,) or (h, c)."""
    for what, t in (("input", input), ("hx", states[0]), ("w_ih", w_ih), ("w_hh", w_hh)):
        check_tensor(t, name, what, 1 if t is input else 2)
    _check_dtypes(name, input, *states, w_ih, w_hh, b_ih, b_hh)
    _check_input(name, input)
    single = input.ndim == 1
    if single:
        input, states = input.unsqueeze(0), [s.unsqueeze(0) for s in states]
    h, c = (*states, None)[:2]
    if input.ndim != 2 or any(s.ndim != 2 or s.shape[0] != input.shape[0] for s in states):
        shapes = [list(t.shape) for t in (input, *states)]
        raise RuntimeError(f"{name}: expected an input (B, I) and states (B, H), but got {shapes}")
    if (b_ih is None) != (b_hh is None):
        raise RuntimeError(f"{name}: b_ih and b_hh must either both be given or both be None")
    weights = w_ih, w_hh, b_ih, b_hh, None
    _check_layer(name, input.shape[1], h, c, weights, CELLS[kind].gates)
    _, *new = Recurrent.apply(input, h, c, *weights, kind, (operator.index(input.shape[0]),), False)
    return [s.squeeze(0) for s in new] if single else new


@composite()
def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> Tensor

    tanh(w_ih input + b_ih + w_hh hx + b_hh) for input (B, I), hx (B, H); w_ih (H, I), w_hh (H, H), biases (H,).
    """
    return _cell("rnn_tanh_cell", "tanh", input, [hx], w_ih, w_hh, b_ih, b_hh)[0]


@composite()
def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> Tensor

    relu(w_ih input + b_ih + w_hh hx + b_hh) for input (B, I), hx (B, H); w_ih (H, I), w_hh (H, H), biases (H,).
    """
    return _cell("rnn_relu_cell", "relu", input, [hx], w_ih, w_hh, b_ih, b_hh)[0]


@composite()
def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> Tensor: a step of a gated recurrent unit.

    input (B, I), hx (B, H); w_ih (3H, I), w_hh (3H, H), biases (3H,): the gates r, z, n. Cho et al. 2014.
    """
    return _cell("gru_cell", "gru", input, [hx], w_ih, w_hh, b_ih, b_hh)[0]


@composite()
def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None) -> (Tensor, Tensor): the next (h, c) of an LSTM.

    input (B, I), hx a pair of (B, H); w_ih (4H, I), w_hh (4H, H), biases (4H,): the gates i, f, g, o.
    """
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    h, c = _cell("lstm_cell", "lstm", input, list(hx), w_ih, w_hh, b_ih, b_hh)
    return h, c
