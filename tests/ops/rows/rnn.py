"""Rows of recurrent networks and cells. Packed sequences and dropout: tests/nn/test_rnn.py."""

import numpy as np

from tests.ops.table import Bad, Row, Sample

GATES = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(kind, x, states, w_ih, w_hh, b_ih=0, b_hh=0, w_hr=None):
    """The next states of one step."""
    h = states[0]
    gx, gh = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    if kind in ("tanh", "relu"):
        return [np.tanh(gx + gh) if kind == "tanh" else np.maximum(gx + gh, 0)]
    if kind == "gru":
        (rx, zx, nx), (rh, zh, nh) = np.split(gx, 3, -1), np.split(gh, 3, -1)
        z = sigmoid(zx + zh)
        return [(1 - z) * np.tanh(nx + sigmoid(rx + rh) * nh) + z * h]
    i, f, g, o = np.split(gx + gh, 4, -1)
    c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return [h if w_hr is None else h @ w_hr.T, c]


def network(kind):
    def reference(x, hx, params, biases, layers, dropout, train, both, batch_first):
        x = x.swapaxes(0, 1) if batch_first else x
        states = hx if kind == "lstm" else [hx]
        n, each = (2 if both else 1), len(params) // (layers * (2 if both else 1))
        last = []
        for layer in range(layers):
            outputs = []
            for d in range(n):
                at = layer * n + d
                weights = params[at * each : (at + 1) * each]
                if not biases:
                    weights = [*weights[:2], 0, 0, *weights[2:]]
                now, ys = [s[at] for s in states], []
                for t in range(len(x))[:: -1 if d else 1]:
                    now = step(kind, x[t], now, *weights)
                    ys.append(now[0])
                outputs.append(np.stack(ys[:: -1 if d else 1]))
                last.append(now)
            x = np.concatenate(outputs, -1)
        last = [np.stack(s) for s in zip(*last, strict=True)]
        return x.swapaxes(0, 1) if batch_first else x, *last

    return reference


def params(t, kind, width, hidden, layers=1, both=False, biases=True, proj=0):
    made, out, rows = [], proj or hidden, GATES[kind] * hidden
    for layer in range(layers):
        for _ in range(2 if both else 1):
            made += [t(rows, width if not layer else out * (2 if both else 1)), t(rows, out)]
            made += [t(rows), t(rows)] if biases else []
            made += [t(out, hidden)] if proj else []
    return made


def states(t, kind, n, batch, hidden, proj=0):
    h = t(n, batch, proj or hidden)
    return (h, t(n, batch, hidden)) if kind == "lstm" else h


def samples(kind):
    def make(t):
        made = [
            Sample(t(3, 2, 3), states(t, kind, 1, 2, 4), params(t, kind, 3, 4), True, 1, 0.0, True, False, False),
            Sample(t(2, 1, 3), states(t, kind, 2, 1, 2), params(t, kind, 3, 2, both=True), True, 1, 0.0, False, True,
                   False),
            Sample(t(2, 3, 2), states(t, kind, 4, 2, 3), params(t, kind, 2, 3, 2, True, False), False, 2, 0.0, True,
                   True, True),
            Sample(t(2, 0, 3), states(t, kind, 1, 0, 2), params(t, kind, 3, 2), True, 1, 0.0, True, False, False),
        ]  # fmt: skip
        if kind == "lstm":
            weights = params(t, kind, 2, 3, 2, proj=2)
            hx = states(t, kind, 2, 2, 3, 2)
            made.append(Sample(t(3, 2, 2), hx, weights, True, 2, 0.0, True, False, False))
        return made

    return make


def small(kind):
    def make(t):
        hx = states(t, kind, 2, 2, 2)
        weights = params(t, kind, 2, 2, both=True)
        made = [Sample(t(2, 2, 2), hx, weights, True, 1, 0.0, True, True, False)]
        if kind == "lstm":
            hx, weights = states(t, kind, 1, 1, 3, 2), params(t, kind, 2, 3, proj=2)
            made.append(Sample(t(2, 1, 2), hx, weights, True, 1, 0.0, True, False, False))
        return made

    return make


def errors(kind):
    name = kind if kind in ("lstm", "gru") else f"rnn_{kind}"

    def make(t):
        x, hx, weights = t(3, 2, 3), states(t, kind, 1, 2, 4), params(t, kind, 3, 4)
        rest = True, 1, 0.0, True, False, False
        other = params(t, kind, 5, 4)
        doubles = [w.double() for w in weights]
        return [
            Bad(
                Sample(t(2, 3), hx, weights, *rest),
                RuntimeError,
                f"{name}: expected an input of 3 dimensions",
            ),
            Bad(
                Sample(t(0, 2, 3), hx, weights, *rest),
                RuntimeError,
                "sequence length to be larger than 0 in RNN",
            ),
            Bad(Sample(x, hx, weights[:3], *rest), RuntimeError, "got an incorrect number of RNN parameters"),
            Bad(Sample(x, hx, other, *rest), RuntimeError, rf"weight_ih of shape \[{4 * GATES[kind]}, 3\]"),
            Bad(Sample(x, states(t, kind, 1, 3, 4), weights, *rest), RuntimeError, "states of a batch of 2"),
            Bad(Sample(x, states(t, kind, 2, 2, 4), weights, *rest), RuntimeError, "states of 1 directions"),
            Bad(Sample(x, states(t, kind, 1, 2, 5), weights, *rest), RuntimeError, "expected hx of shape"),
            Bad(
                Sample(x, hx, doubles, *rest),
                RuntimeError,
                "must have the same dtype, but got Float and Double",
            ),
            Bad(Sample(x.long(), hx, weights, *rest), NotImplementedError, "not implemented for 'Long'"),
        ]

    return make


def cell(kind):
    def reference(x, hx, *weights):
        result = step(kind, x, hx if kind == "lstm" else [hx], *[0 if w is None else w for w in weights])
        return result if kind == "lstm" else result[0]

    return reference


def cell_samples(kind):
    def make(t):
        def hx(*shape):
            return (t(*shape), t(*shape)) if kind == "lstm" else t(*shape)

        n = GATES[kind]
        return [
            Sample(t(2, 3), hx(2, 4), t(n * 4, 3), t(n * 4, 4), t(n * 4), t(n * 4)),
            Sample(t(1, 2), hx(1, 3), t(n * 3, 2), t(n * 3, 3)),
            Sample(t(0, 2), hx(0, 3), t(n * 3, 2), t(n * 3, 3)),
        ]

    return make


def cell_errors(kind):
    def make(t):
        n, hx = GATES[kind], states(t, kind, 1, 2, 4)
        hx = tuple([h[0] for h in hx]) if kind == "lstm" else hx[0]
        w_ih, w_hh, b = t(n * 4, 3), t(n * 4, 4), t(n * 4)
        return [
            Bad(Sample(t(2, 5), hx, w_ih, w_hh), RuntimeError, "expected weight_ih of shape"),
            Bad(Sample(t(3, 3), hx, w_ih, w_hh), RuntimeError, r"expected an input \(B, I\) and states"),
            Bad(
                Sample(t(2, 3), hx, w_ih, w_hh, b), RuntimeError, "must either both be given or both be None"
            ),
            Bad(Sample(t(2, 3), hx, w_ih.double(), w_hh), RuntimeError, "must have the same dtype"),
        ]

    return make


HALF = {"float16": 4e-3, "bfloat16": 4e-2}
OPTIONS = dict(rtol=HALF, atol=HALF, domain=(-1.0, 1.0))

ROWS = [
    *[
        Row(kind if kind in ("lstm", "gru") else f"rnn_{kind}", samples(kind), network(kind),
            grad_samples=small(kind), errors=errors(kind), **OPTIONS)
        for kind in GATES
    ],
    *[
        Row(f"{kind}_cell" if kind in ("lstm", "gru") else f"rnn_{kind}_cell", cell_samples(kind), cell(kind),
            errors=cell_errors(kind), **OPTIONS)
        for kind in GATES
    ],
]  # fmt: skip
