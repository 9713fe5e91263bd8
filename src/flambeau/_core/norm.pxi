# Layer and batch normalisation: float32 and float64, on contiguous arrays of one dtype; None for others.

cdef extern from "flambeau.h" nogil:
    int fb_layer_norm(int, int64_t, int64_t, const void*, const void*, const void*, double, void*, void*, void*)
    int fb_layer_norm_grad(int, int64_t, int64_t, const void*, const void*, const void*, const void*, const void*, void*,
                           void*, void*)
    double fb_sum_of_squares(int, int64_t, const void*, double)
    int fb_channel_moments(int, int64_t, int64_t, int64_t, const void*, void*, void*)
    int fb_channel_scale(int, int64_t, int64_t, int64_t, const void*, const void*, const void*, const void*, void*)
    int fb_batch_norm_grad(int, int64_t, int64_t, int64_t, const void*, const void*, const void*, const void*,
                           const void*, int, void*, void*, void*)


cdef int norm_code(tuple arrays):
    """The dtype code of arrays that a kernel takes as they are; None among them counts for nothing; -1 for others."""
    cdef int code = -1
    for a in arrays:
        if a is None:
            continue
        if type(a) is not cnp.ndarray or not is_plain(<cnp.ndarray>a):
            return -1
        if code < 0:
            code = float_code(<cnp.ndarray>a)
        if float_code(<cnp.ndarray>a) != code:
            return -1
    return code if code == FLOAT32 or code == FLOAT64 else -1


cdef inline void* data_of(object a):
    return NULL if a is None else cnp.PyArray_DATA(<cnp.ndarray>a)


def layer_norm(cnp.ndarray x not None, int64_t n, w, b, double eps):
    """(y, mean, rstd) of the rows of n elements that x consists of; mean and rstd are flat."""
    cdef int code = norm_code((x, w, b)), status
    cdef int64_t rows = cnp.PyArray_SIZE(x) // n if n else 0
    if code < 0 or rows == 0:
        return None
    y, mean, rstd = empty_array(shape_of(x), x.dtype), empty_array((rows,), x.dtype), empty_array((rows,), x.dtype)
    cdef void* px = data_of(x)
    cdef void* pw = data_of(w)
    cdef void* pb = data_of(b)
    cdef void* py = data_of(y)
    cdef void* pm = data_of(mean)
    cdef void* pr = data_of(rstd)
    state = pause(rows * n > 4096)
    status = fb_layer_norm(code, rows, n, px, pw, pb, eps, py, pm, pr)
    resume(state)
    checked(status, "layer_norm")
    return y, mean, rstd


def layer_norm_grad(cnp.ndarray g not None, cnp.ndarray x not None, int64_t n, w, mean, rstd):
    """(gx, gw, gb) of layer_norm, the last two flat."""
    cdef int code = norm_code((g, x, w, mean, rstd)), status
    cdef int64_t rows = cnp.PyArray_SIZE(x) // n if n else 0
    if code < 0 or rows == 0:
        return None
    gx, gw, gb = empty_array(shape_of(x), x.dtype), empty_array((n,), x.dtype), empty_array((n,), x.dtype)
    cdef void* pg = data_of(g)
    cdef void* px = data_of(x)
    cdef void* pw = data_of(w)
    cdef void* pm = data_of(mean)
    cdef void* pr = data_of(rstd)
    cdef void* out_x = data_of(gx)
    cdef void* out_w = data_of(gw)
    cdef void* out_b = data_of(gb)
    state = pause(rows * n > 4096)
    status = fb_layer_norm_grad(code, rows, n, pg, px, pw, pm, pr, out_x, out_w, out_b)
    resume(state)
    checked(status, "layer_norm_grad")
    return gx, gw, gb


def channel_moments(cnp.ndarray x not None, int64_t batch, int64_t channels, int64_t n):
    """(mean, biased variance) of each channel of x (batch, channels, n)."""
    cdef int code = norm_code((x,)), status
    if code < 0 or batch * n == 0:
        return None
    mean, var = empty_array((channels,), x.dtype), empty_array((channels,), x.dtype)
    cdef void* px = data_of(x)
    cdef void* pm = data_of(mean)
    cdef void* pv = data_of(var)
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    status = fb_channel_moments(code, batch, channels, n, px, pm, pv)
    resume(state)
    checked(status, "moments")
    return mean, var


def channel_scale(cnp.ndarray x not None, int64_t batch, int64_t channels, int64_t n, mean, factor, shift):
    """(x - mean) factor + shift, per channel of x (batch, channels, n)."""
    cdef int code = norm_code((x, mean, factor, shift)), status
    if code < 0:
        return None
    y = empty_array(shape_of(x), x.dtype)
    cdef void* px = data_of(x)
    cdef void* pm = data_of(mean)
    cdef void* pf = data_of(factor)
    cdef void* ps = data_of(shift)
    cdef void* py = data_of(y)
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    status = fb_channel_scale(code, batch, channels, n, px, pm, pf, ps, py)
    resume(state)
    checked(status, "batch_norm")
    return y


def batch_norm_grad(cnp.ndarray g not None, cnp.ndarray x not None, int64_t batch, int64_t channels, int64_t n, w, mean,
                    rstd, bint training):
    """(gx, gw, gb) of batch normalisation of x (batch, channels, n)."""
    cdef int code = norm_code((g, x, w, mean, rstd)), status
    if code < 0 or batch * n == 0:
        return None
    gx, gw, gb = empty_array(shape_of(x), x.dtype), empty_array((channels,), x.dtype), empty_array((channels,), x.dtype)
    cdef void* pg = data_of(g)
    cdef void* px = data_of(x)
    cdef void* pw = data_of(w)
    cdef void* pm = data_of(mean)
    cdef void* pr = data_of(rstd)
    cdef void* out_x = data_of(gx)
    cdef void* out_w = data_of(gw)
    cdef void* out_b = data_of(gb)
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    status = fb_batch_norm_grad(code, batch, channels, n, pg, px, pw, pm, pr, training, out_x, out_w, out_b)
    resume(state)
    checked(status, "batch_norm_grad")
    return gx, gw, gb


def sum_of_squares(cnp.ndarray x not None, double mean):
    """The sum of (x - mean)^2 over all elements as a float; None for other dtypes than float32 and float64."""
    cdef int code = norm_code((x,))
    cdef double total
    if code < 0:
        return None
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    total = fb_sum_of_squares(code, cnp.PyArray_SIZE(x), cnp.PyArray_DATA(x), mean)
    resume(state)
    return total
