# Steps of recurrent layers: float32 and float64, on contiguous arrays of one dtype.

cdef extern from "flambeau.h" nogil:
    int fb_rnn_step(int, int, int64_t, int64_t, const void**, void**)

cdef enum:
    LSTM = 0
    LSTM_GRAD = 1
    GRU = 2
    GRU_GRAD = 3


cdef list rnn_step(int step, int64_t n, tuple inputs, tuple widths):
    """The results of a step of n units, each of a multiple of n, one width per result; None for other arrays."""
    cdef int code = norm_code(inputs), status, i
    cdef const void* given[8]
    cdef void* made[8]
    cdef int64_t rows
    if code < 0:
        return None
    cdef cnp.ndarray last = inputs[len(inputs) - 1]
    rows = cnp.PyArray_DIM(last, 0)
    out = [empty_array((rows, width * n), last.dtype) for width in widths]
    for i in range(len(inputs)):
        given[i] = data_of(inputs[i])
    for i in range(len(out)):
        made[i] = data_of(out[i])
    state = pause(rows * n > 2048)
    status = fb_rnn_step(step, code, rows, n, given, made)
    resume(state)
    checked(status, "rnn")
    return out


def lstm_step(gx, gh, c):
    """[i_f, g, o, tanh(new c), new c, new h] of an LSTM's gates."""
    return rnn_step(LSTM, c.shape[1], (gx, gh, c), (2, 1, 1, 1, 1, 1))


def lstm_step_grad(g, dc, c, i_f, cell, o, squashed):
    """[gradient of the gates, of c] from those of new h and new c."""
    return rnn_step(LSTM_GRAD, c.shape[1], (g, dc, c, i_f, cell, o, squashed), (4, 1))


def gru_step(gx, gh, h):
    """[r_z, n, new h] of a GRU's gates."""
    return rnn_step(GRU, h.shape[1], (gx, gh, h), (2, 1, 1))


def gru_step_grad(g, h, r_z, inner, candidate):
    """[gradient of gx, of gh, of h directly] from that of new h."""
    return rnn_step(GRU_GRAD, h.shape[1], (g, h, r_z, inner, candidate), (3, 3, 1))
