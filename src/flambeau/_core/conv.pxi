# Convolution: float32 and float64, one to three spatial axes.

cdef extern from "flambeau.h" nogil:
    ctypedef struct fb_conv_shape:
        int64_t batch, groups, inputs, outputs
        # "in" is a keyword here
        int64_t sizes "in"[3]
        int64_t out[3]
        int64_t kernel[3]
        int64_t stride[3]
        int64_t padding[3]
        int64_t dilation[3]
    int fb_conv(int, const fb_conv_shape*, const void*, const void*, const void*, void*)
    int fb_conv_grad_input(int, const fb_conv_shape*, const void*, const void*, void*)
    int fb_conv_grad_weight(int, const fb_conv_shape*, const void*, const void*, void*)


cdef bint conv_shape(fb_conv_shape* s, tuple x, tuple w, tuple out, tuple stride, tuple padding, tuple dilation,
                     int64_t groups):
    """Fills in the sizes of a convolution of x with w; False when one of them is 0."""
    cdef int i, n = len(stride), j
    s.batch, s.groups, s.inputs, s.outputs = x[0], groups, x[1] // groups, w[0] // groups
    for i in range(3):
        j = i - (3 - n)
        s.sizes[i] = x[2 + j] if j >= 0 else 1
        s.out[i] = out[j] if j >= 0 else 1
        s.kernel[i] = w[2 + j] if j >= 0 else 1
        s.stride[i] = stride[j] if j >= 0 else 1
        s.padding[i] = padding[j] if j >= 0 else 0
        s.dilation[i] = dilation[j] if j >= 0 else 1
        if s.sizes[i] < 1 or s.out[i] < 1 or s.kernel[i] < 1:
            return False
    return s.batch > 0 and s.inputs > 0 and s.outputs > 0


cdef tuple shape_of(cnp.ndarray a):
    return tuple([cnp.PyArray_DIM(a, i) for i in range(cnp.PyArray_NDIM(a))])


cdef inline cnp.ndarray plain_of(cnp.ndarray a, int code):
    """a as a contiguous array; None when it is not of the dtype."""
    if float_code(a) != code:
        return None
    return a if is_plain(a) else contiguous(a)


def conv(cnp.ndarray x not None, cnp.ndarray w not None, cnp.ndarray b, tuple out, tuple stride, tuple padding,
         tuple dilation, int64_t groups):
    """y (N, O, *out) of x (N, C, *spatial), w (O, C/groups, *kernel) and b (O,) or None: float32, float64; else None."""
    cdef fb_conv_shape s
    cdef int code = float_code(x), status
    if (code != FLOAT32 and code != FLOAT64) or \
            not conv_shape(&s, shape_of(x), shape_of(w), out, stride, padding, dilation, groups):
        return None
    x, w = plain_of(x, code), plain_of(w, code)
    if w is None or (b is not None and float_code(b) != code):
        return None
    if b is not None:
        b = plain_of(b, code)
    cdef cnp.ndarray y = empty_array((s.batch, groups * s.outputs, *out), x.dtype)
    cdef const void* bias = NULL if b is None else cnp.PyArray_DATA(b)
    with nogil:
        status = fb_conv(code, &s, cnp.PyArray_DATA(x), cnp.PyArray_DATA(w), bias, cnp.PyArray_DATA(y))
    checked(status, "conv")
    return y


def conv_grad_input(cnp.ndarray g not None, cnp.ndarray w not None, tuple shape, tuple stride, tuple padding,
                    tuple dilation, int64_t groups):
    """The gradient, of the given shape, of a convolution's input from that of its output."""
    cdef fb_conv_shape s
    cdef int code = float_code(g), status
    if (code != FLOAT32 and code != FLOAT64) or \
            not conv_shape(&s, shape, shape_of(w), shape_of(g)[2:], stride, padding, dilation, groups):
        return None
    g, w = plain_of(g, code), plain_of(w, code)
    if w is None:
        return None
    cdef cnp.ndarray out = empty_array(shape, g.dtype)
    with nogil:
        status = fb_conv_grad_input(code, &s, cnp.PyArray_DATA(g), cnp.PyArray_DATA(w), cnp.PyArray_DATA(out))
    checked(status, "conv_grad_input")
    return out


def conv_grad_weight(cnp.ndarray g not None, cnp.ndarray x not None, tuple shape, tuple stride, tuple padding,
                     tuple dilation, int64_t groups):
    """The gradient, of the given shape, of a convolution's weight from that of its output."""
    cdef fb_conv_shape s
    cdef int code = float_code(g), status
    if (code != FLOAT32 and code != FLOAT64) or \
            not conv_shape(&s, shape_of(x), shape, shape_of(g)[2:], stride, padding, dilation, groups):
        return None
    g, x = plain_of(g, code), plain_of(x, code)
    if x is None:
        return None
    cdef cnp.ndarray out = empty_array(shape, g.dtype)
    with nogil:
        status = fb_conv_grad_weight(code, &s, cnp.PyArray_DATA(g), cnp.PyArray_DATA(x), cnp.PyArray_DATA(out))
    checked(status, "conv_grad_weight")
    return out
