"""The formulas of recurrent layers, in operators that arrays and tensors have in common.

`m` says what they do not share: `sigmoid`, `tanh`, `relu`, `join` (along the first axis), `beside` (along the last).
The kernels give their array library; the ops give tensors where the gradient is itself differentiated.

A batch of sequences is laid out step after step: x (N, I) holds the sizes[0] rows of step 0, then the sizes[1] rows of
step 1, ...; sizes do not grow, so that row b of each step belongs to sequence b (N is their sum). A layer that runs in
reverse visits the steps from the last to the first: sequences then join instead of leaving.
"""

from __future__ import annotations

from typing import Any


class Plain:
    """h' = f(W_ih x + b_ih + W_hh h + b_hh) with f = tanh or relu (Elman 1990)."""

    gates, biases_add = 1, True

    @staticmethod
    def forward(m: Any, kind: str, gx: Any, gh: Any, h: Any, c: Any) -> tuple:
        y = getattr(m, kind)(gx + gh)
        return y, None, (h, y)

    @staticmethod
    def backward(m: Any, kind: str, g: Any, dc: Any, kept: tuple) -> tuple:
        _, y = kept
        dgates = g * (1 - y * y) if kind == "tanh" else g * (y > 0)
        return dgates, dgates, None, None


class Lstm:
    """i, f, o = sigmoid, g = tanh of W_ih x + b_ih + W_hh h + b_hh; c' = f c + i g; h' = o tanh(c')
    (Hochreiter & Schmidhuber 1997, Gers et al. 2000)."""

    gates, biases_add = 4, True

    @staticmethod
    def forward(m: Any, kind: str, gx: Any, gh: Any, h: Any, c: Any) -> tuple:
        n, gates = c.shape[-1], gx + gh
        i_f, g, o = (
            m.sigmoid(gates[:, : 2 * n]),
            m.tanh(gates[:, 2 * n : 3 * n]),
            m.sigmoid(gates[:, 3 * n :]),
        )
        new = i_f[:, n:] * c + i_f[:, :n] * g
        squashed = m.tanh(new)
        return o * squashed, new, (h, c, i_f, g, o, squashed)

    @staticmethod
    def backward(m: Any, kind: str, g: Any, dc: Any, kept: tuple) -> tuple:
        _, c, i_f, cell, o, squashed = kept
        n = c.shape[-1]
        i, f = i_f[:, :n], i_f[:, n:]
        dc = dc + g * o * (1 - squashed * squashed)
        slopes = i_f * (1 - i_f)
        di_f = m.beside([dc * cell, dc * c]) * slopes
        dgates = m.beside([di_f, dc * i * (1 - cell * cell), g * squashed * o * (1 - o)])
        return dgates, dgates, None, dc * f


class Gru:
    """r, z = sigmoid of W_ih x + b_ih + W_hh h + b_hh; n = tanh(W_in x + b_in + r (W_hn h + b_hn));
    h' = (1 - z) n + z h (Cho et al. 2014, with the reset gate after the product)."""

    gates, biases_add = 3, False

    @staticmethod
    def forward(m: Any, kind: str, gx: Any, gh: Any, h: Any, c: Any) -> tuple:
        n = h.shape[-1]
        r_z, inner = m.sigmoid(gx[:, : 2 * n] + gh[:, : 2 * n]), gh[:, 2 * n :]
        new = m.tanh(gx[:, 2 * n :] + r_z[:, :n] * inner)
        return new + r_z[:, n:] * (h - new), None, (h, r_z, inner, new)

    @staticmethod
    def backward(m: Any, kind: str, g: Any, dc: Any, kept: tuple) -> tuple:
        h, r_z, inner, new = kept
        n = h.shape[-1]
        r, z = r_z[:, :n], r_z[:, n:]
        dnew = g * (1 - z) * (1 - new * new)
        dr_z = m.beside([dnew * inner, g * (h - new)]) * (r_z * (1 - r_z))
        return m.beside([dr_z, dnew]), m.beside([dr_z, dnew * r]), g * z, None


CELLS: dict[str, Any] = {"tanh": Plain, "relu": Plain, "lstm": Lstm, "gru": Gru}


def steps(sizes: tuple[int, ...], reverse: bool) -> list[tuple[int, int, int]]:
    """(step, first row, rows) in the order in which a layer visits them."""
    found, at = [], 0
    for t, n in enumerate(sizes):
        found.append((t, at, n))
        at += n
    return found[::-1] if reverse else found


def _first(x: Any, n: int) -> Any:
    return x if x is None or x.shape[0] == n else x[:n]


def _replaced(m: Any, x: Any, head: Any) -> Any:
    """x with its first rows replaced."""
    return head if head is None or head.shape[0] == x.shape[0] else m.join([head, x[head.shape[0] :]])


def sequence(m: Any, kind: str, inputs: Any, sizes: tuple[int, ...], reverse: bool) -> tuple:
    """(the outputs (N, R), the last h (B, R), the last c (B, H) or None, what backward needs of each step) of x, h, c,
    w_ih, w_hh, b_ih, b_hh, w_hr."""
    x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr = inputs
    cell, gx = CELLS[kind], x @ w_ih.T
    if b_ih is not None:
        gx = gx + (b_ih + b_hh if cell.biases_add else b_ih)
    outputs: list[Any] = [None] * len(sizes)
    kept: list[Any] = [None] * len(sizes)
    for t, at, n in steps(sizes, reverse):
        now = _first(h, n)
        gh = now @ w_hh.T
        if b_hh is not None and not cell.biases_add:
            gh = gh + b_hh
        y, new_c, kept[t] = cell.forward(m, kind, gx[at : at + n], gh, now, _first(c, n))
        if w_hr is not None:
            y = y @ w_hr.T
        outputs[t] = y
        h, c = _replaced(m, h, y), _replaced(m, c, new_c)
    return m.join(outputs), h, c, kept


def sequence_grad(m: Any, kind: str, grads: Any, inputs: Any, kept: list, sizes: tuple[int, ...],
                  reverse: bool) -> tuple:  # fmt: skip
    """The gradients of x, h, c, w_ih, w_hh, b_ih, b_hh and w_hr, given those of the three results of `sequence`, and x,
    w_ih, w_hh, w_hr: backpropagation through time."""
    x, w_ih, w_hh, w_hr = inputs
    cell, (g_out, dh, dc) = CELLS[kind], grads
    to_gx: list[Any] = [None] * len(sizes)
    to_gh: list[Any] = [None] * len(sizes)
    to_y: list[Any] = [None] * len(sizes)
    for t, at, n in reversed(steps(sizes, reverse)):
        to_y[t] = g = _first(dh, n) + g_out[at : at + n]
        if w_hr is not None:
            g = g @ w_hr
        to_gx[t], to_gh[t], direct, new_dc = cell.backward(m, kind, g, _first(dc, n), kept[t])
        new_dh = to_gh[t] @ w_hh
        if direct is not None:
            new_dh = new_dh + direct
        dh, dc = _replaced(m, dh, new_dh), _replaced(m, dc, new_dc)
    d_gx = m.join(to_gx)
    d_gh = d_gx if cell.biases_add else m.join(to_gh)
    d_hh = d_gh.T @ m.join([k[0] for k in kept])
    d_ih_bias = d_gx.sum(0)
    d_hh_bias = d_ih_bias if cell.biases_add else d_gh.sum(0)
    d_hr = None
    if w_hr is not None:
        d_hr = m.join(to_y).T @ m.join([k[4] * k[5] for k in kept])  # o tanh(c): what was projected
    return d_gx @ w_ih, dh, dc, d_gx.T @ x, d_hh, d_ih_bias, d_hh_bias, d_hr
