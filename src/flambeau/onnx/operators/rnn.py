"""Recurrent layers. ONNX has the gates in another order: i, o, f, g for LSTM, z, r, n for GRU."""

import numpy as np

from ... import _core
from ...jit.graph import Value
from ..errors import UnsupportedOperatorError
from ..registry import call, op

_ORDERS = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "tanh": (0,), "relu": (0,)}
_NAMES = {"lstm": "LSTM", "gru": "GRU", "tanh": "RNN", "relu": "RNN"}


def _array(g, value):
    """The elements of weights, which must be known."""
    found = g.find(value)
    tensor = g.constant.get(found, found.tensor)
    if tensor is None:
        raise UnsupportedOperatorError(
            f"onnx.export: the weights of a recurrent layer at {g.scope or 'the model'} depend on the inputs"
        )
    return np.asarray(_core.array_of(tensor.detach().cpu()))


def _ordered(array, kind):
    """The rows of each gate in ONNX's order."""
    order = _ORDERS[kind]
    parts = np.split(array, len(order))
    return np.concatenate([parts[i] for i in order])


def layer(g, kind, x, h, c, directions, dtype):
    """(Y (T, directions, B, H), Y_h, Y_c) of one layer. x: a name (T, B, I); h, c: names (directions, B, H);
    directions: one or two of (w_ih, w_hh, b_ih, b_hh, w_hr)."""
    if any(d[4] is not None for d in directions):
        raise UnsupportedOperatorError(
            f"onnx.export: the LSTM at {g.scope or 'the model'} has projections (proj_size), which ONNX does not have"
        )
    w, r = (np.stack([_ordered(_array(g, d[i]), kind) for d in directions]) for i in (0, 1))
    bias = None
    if directions[0][2] is not None:
        parts = [[_ordered(_array(g, b), kind) for b in d[2:4]] for d in directions]
        bias = g.number(np.stack([np.concatenate(p) for p in parts]), dtype.numpy)
    options = dict(hidden_size=r.shape[-1], direction="bidirectional" if len(directions) == 2 else "forward")
    if kind == "gru":
        options["linear_before_reset"] = 1
    if kind == "relu":
        options["activations"] = ["Relu"] * len(directions)
    inputs = [x, g.number(w, dtype.numpy), g.number(r, dtype.numpy), bias, None, h]
    if kind == "lstm":
        return g.op("LSTM", *inputs, c, outputs=3, **options)
    return (*g.op(_NAMES[kind], *inputs, outputs=2, **options), None)


def network(
    g, node, kind, input, states, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
):
    """The names of the outputs and of the last states."""
    if dropout and train:
        raise UnsupportedOperatorError(
            f"onnx.export: the recurrent layer at {g.scope or 'the model'} has dropout between layers in training; "
            "export in evaluation mode"
        )
    n = 2 if bidirectional else 1
    each = len(params) // (n * num_layers)
    x = g.value(input)
    if batch_first:
        x = g.op("Transpose", x, perm=[1, 0, 2])
    names = [g.value(s) for s in states]
    last: list[list[str]] = [[], []]
    for at in range(num_layers):
        directions = []
        for d in range(n):
            own = list(params[(at * n + d) * each : (at * n + d + 1) * each])
            biases = own[2:4] if has_biases else [None, None]
            directions.append((*own[:2], *biases, own[-1] if each > (4 if has_biases else 2) else None))
        begin = [g.slice(s, [at * n], [at * n + n], [0]) if num_layers > 1 else s for s in names]
        y, *final = layer(g, kind, x, begin[0], begin[1] if len(begin) > 1 else None, directions, input.dtype)
        merged = g.op("Transpose", y, perm=[0, 2, 1, 3])
        x = g.op("Reshape", merged, g.number([0, 0, -1]))
        for kept, f in zip(last, final, strict=True):
            kept.append(f)
    if batch_first:
        x = g.op("Transpose", x, perm=[1, 0, 2])
    joined = [k[0] if num_layers == 1 else g.op("Concat", *k, axis=0) for k in last[: len(states)]]
    return (x, *joined)


def _refuse_packed(g, item):
    if isinstance(item, Value):
        raise UnsupportedOperatorError(
            f"onnx.export: a packed sequence at {g.scope or 'the model'}; give the model padded ones for the export"
        )


@call("lstm")
def lstm(g, node, input, hx, *rest):
    _refuse_packed(g, hx)
    return network(g, node, "lstm", input, list(hx), *rest)


def _one_state(kind):
    def convert(g, node, input, hx, params, *rest):
        _refuse_packed(g, params)
        return network(g, node, kind, input, [hx], params, *rest)

    return convert


call("gru")(_one_state("gru"))
call("rnn_tanh")(_one_state("tanh"))
call("rnn_relu")(_one_state("relu"))


@op("_recurrent")
def recurrent(g, node, x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, kind, sizes, reverse):
    """Rows of steps that all have one number of them; a cell is one step."""
    if reverse or len(set(sizes)) != 1:
        return NotImplemented
    steps = len(sizes)
    rows = g.op("Reshape", g.value(x), g.number([steps, -1, x.shape[1]]))
    h, c = (None if s is None else g.unsqueeze(g.value(s), 0) for s in (h, c))
    y, y_h, y_c = layer(g, kind, rows, h, c, [(w_ih, w_hh, b_ih, b_hh, w_hr)], x.dtype)
    out = g.op("Reshape", y, g.number([-1, w_hh.shape[1]]))
    last = [g.squeeze(s, 0) for s in (y_h, y_c) if s is not None]
    return (out, *last)
