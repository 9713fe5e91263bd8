# Layers of recurrent networks: float32 and float64, on contiguous arrays of one dtype; None for others.

cdef extern from "flambeau.h" nogil:
    ctypedef struct fb_rnn_layer:
        int kind, reverse
        int64_t steps
        const int64_t* sizes
        int64_t inputs, units, state
        const void* x
        const void* h
        const void* c
        const void* w_ih
        const void* w_hh
        const void* b_ih
        const void* b_hh
        const void* w_hr
    int fb_rnn(int, const fb_rnn_layer*, void*, void*, void*, void**)
    int fb_rnn_grad(int, const fb_rnn_layer*, const void*, const void*, const void*, const void**, void**)

# For each kind (fb_rnn_kind) what is kept behind h, as multiples of the number of units.
cdef tuple KEPT = ((1,), (1,), (1, 2, 1, 1, 1), (2, 1, 1))


cdef double rnn_layer(fb_rnn_layer* layer, vector[int64_t]& steps, int kind, tuple sizes, bint reverse, cnp.ndarray x,
                      cnp.ndarray w_ih, cnp.ndarray w_hh, w_hr):
    """Fills in what forward and backward have in common. The operations of forward."""
    for size in sizes:
        steps.push_back(size)
    layer.kind, layer.reverse = kind, reverse
    layer.steps, layer.sizes = steps.size(), steps.data()
    layer.inputs, layer.state = cnp.PyArray_DIM(w_ih, 1), cnp.PyArray_DIM(w_hh, 1)
    layer.units = layer.state if w_hr is None else cnp.PyArray_DIM(<cnp.ndarray>w_hr, 1)
    layer.x, layer.w_ih, layer.w_hh, layer.w_hr = data_of(x), data_of(w_ih), data_of(w_hh), data_of(w_hr)
    layer.h = layer.c = layer.b_ih = layer.b_hh = NULL
    return 2.0 * cnp.PyArray_DIM(x, 0) * cnp.PyArray_DIM(w_ih, 0) * (layer.inputs + layer.state)


def rnn(int kind, cnp.ndarray x not None, h, c, cnp.ndarray w_ih not None, cnp.ndarray w_hh not None, b_ih, b_hh, w_hr,
        tuple sizes, bint reverse, bint keep):
    """(y (N, R), last h (B, R), last c (B, H) or None, what rnn_grad needs if keep: a list) of a layer of a kind
    (fb_rnn_kind) on x (N, I), whose steps have `sizes` rows."""
    cdef int code = norm_code((x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr)), status, i
    cdef fb_rnn_layer layer
    cdef vector[int64_t] steps
    cdef void* kept[6]
    cdef void** given_kept = &kept[0] if keep else NULL
    if code < 0:
        return None
    cdef double work = rnn_layer(&layer, steps, kind, sizes, reverse, x, w_ih, w_hh, w_hr)
    layer.h, layer.c, layer.b_ih, layer.b_hh = data_of(h), data_of(c), data_of(b_ih), data_of(b_hh)
    rows, batch = cnp.PyArray_DIM(x, 0), steps[0]
    y = empty_array((rows, layer.state), x.dtype)
    last_h = empty_array((batch, layer.state), x.dtype)
    last_c = None if c is None else empty_array((batch, layer.units), x.dtype)
    columns = []
    if keep:
        columns.append(empty_array((rows, layer.state), x.dtype))
        columns += [empty_array((rows, width * layer.units), x.dtype) for width in KEPT[kind]]
    for i in range(len(columns)):
        kept[i] = data_of(columns[i])
    cdef void* py = data_of(y)
    cdef void* ph = data_of(last_h)
    cdef void* pc = data_of(last_c)
    need_blas(work)
    state = pause(work > SMALL_WORK)
    status = fb_rnn(code, &layer, py, ph, pc, given_kept)
    resume(state)
    checked(status, "rnn")
    return y, last_h, last_c, columns


def rnn_grad(int kind, tuple grads, cnp.ndarray x not None, cnp.ndarray w_ih not None, cnp.ndarray w_hh not None, w_hr,
             tuple columns, tuple sizes, bint reverse):
    """The gradients of x, h, c (or None), w_ih, w_hh, b_ih, b_hh and w_hr (or None), given those of the results of rnn
    and what it kept."""
    cdef int code = norm_code((*grads, x, w_ih, w_hh, w_hr, *columns)), status, i
    cdef fb_rnn_layer layer
    cdef vector[int64_t] steps
    cdef const void* kept[6]
    cdef void* made[8]
    if code < 0 or len(columns) != len(KEPT[kind]) + 1:
        return None
    cdef double work = rnn_layer(&layer, steps, kind, sizes, reverse, x, w_ih, w_hh, w_hr)
    g_y, g_h, g_c = grads
    gates = (cnp.PyArray_DIM(w_ih, 0),)
    shapes = (shape_of(x), shape_of(g_h), None if g_c is None else shape_of(g_c), shape_of(w_ih), shape_of(w_hh), gates,
              gates, None if w_hr is None else shape_of(w_hr))
    found = tuple([None if shape is None else empty_array(shape, x.dtype) for shape in shapes])
    for i in range(len(columns)):
        kept[i] = data_of(columns[i])
    for i in range(8):
        made[i] = data_of(found[i])
    cdef const void* py = data_of(g_y)
    cdef const void* ph = data_of(g_h)
    cdef const void* pc = data_of(g_c)
    need_blas(2 * work)
    state = pause(work > SMALL_WORK)
    status = fb_rnn_grad(code, &layer, py, ph, pc, kept, made)
    resume(state)
    checked(status, "rnn_grad")
    return found
