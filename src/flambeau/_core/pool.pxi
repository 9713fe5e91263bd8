# Pooling: float32 and float64, on contiguous arrays; None for others.

cdef extern from "flambeau.h" nogil:
    ctypedef struct fb_pool_shape:
        int64_t planes
        int64_t[3] sizes "in"
        int64_t[3] out
        int64_t[3] kernel
        int64_t[3] stride
        int64_t[3] padding
        int64_t[3] dilation
    ctypedef struct fb_pool_windows:
        int64_t planes
        int64_t[3] sizes "in"
        int64_t[3] out
        const int64_t* begin[3]
        const int64_t* end[3]
        const int64_t* count[3]
        int64_t divisor
    int fb_max_pool(int, const fb_pool_shape*, const void*, void*, int64_t*)
    int fb_max_pool_grad(int, int64_t, int64_t, int64_t, const void*, const int64_t*, void*)
    int fb_avg_pool(int, const fb_pool_windows*, const void*, void*)
    int fb_avg_pool_grad(int, const fb_pool_windows*, const void*, void*)


cdef int pool_code(cnp.ndarray a):
    """The dtype code of an array that a kernel takes as it is, else -1."""
    cdef int code = float_code(a)
    return code if is_plain(a) and (code == FLOAT32 or code == FLOAT64) else -1


def max_pool(cnp.ndarray x not None, tuple out, tuple kernel, tuple stride, tuple padding, tuple dilation):
    """(y, indices) of windows over the last len(out) axes of x, `out` of them along each."""
    cdef fb_pool_shape s
    cdef int code = pool_code(x), status, n = len(out), d = cnp.PyArray_NDIM(x) - n, i, j
    if code < 0 or cnp.PyArray_SIZE(x) == 0:
        return None
    for i in range(3):
        j = i - 3 + n
        s.sizes[i] = cnp.PyArray_DIM(x, d + j) if j >= 0 else 1
        s.out[i] = out[j] if j >= 0 else 1
        s.kernel[i] = kernel[j] if j >= 0 else 1
        s.stride[i] = stride[j] if j >= 0 else 1
        s.padding[i] = padding[j] if j >= 0 else 0
        s.dilation[i] = dilation[j] if j >= 0 else 1
    s.planes = cnp.PyArray_SIZE(x) // (s.sizes[0] * s.sizes[1] * s.sizes[2])
    if s.sizes[0] * s.sizes[1] * s.sizes[2] > 0x7fffffff:
        return None
    shape = (*shape_of(x)[:d], *out)
    cdef cnp.ndarray y = empty_array(shape, x.dtype), indices = empty_array(shape, descr_for(INT64))
    cdef void* to = cnp.PyArray_DATA(y)
    cdef int64_t* places = <int64_t*>cnp.PyArray_DATA(indices)
    with nogil:
        status = fb_max_pool(code, &s, cnp.PyArray_DATA(x), to, places)
    checked(status, "max_pool")
    return y, indices


def max_pool_grad(cnp.ndarray g not None, cnp.ndarray indices not None, tuple shape):
    """g added at the indices in zeros of a shape, whose last len(shape) - d axes are one plane where d others lead;
    None where an index is outside the plane too."""
    cdef int code = pool_code(g), status
    cdef int64_t size = cnp.PyArray_SIZE(g), planes = 1, inputs = 1, outputs
    cdef int lead = cnp.PyArray_NDIM(g) - len(shape), i
    if code < 0 or size == 0 or not is_plain(indices) or cnp.PyArray_TYPE(indices) != cnp.NPY_INT64 or \
            not cnp.PyArray_SAMESHAPE(g, indices):
        return None
    for i in range(lead):
        planes *= cnp.PyArray_DIM(g, i)
    for n in shape:
        inputs *= n
    outputs = size // planes
    cdef cnp.ndarray out = empty_array((*shape_of(g)[:lead], *shape), g.dtype)
    with nogil:
        status = fb_max_pool_grad(code, planes, inputs, outputs, cnp.PyArray_DATA(g),
                                  <const int64_t*>cnp.PyArray_DATA(indices), cnp.PyArray_DATA(out))
    if status == -2:
        return None
    checked(status, "max_pool_grad")
    return out


cdef bint pool_windows(fb_pool_windows* w, vector[int64_t]* tables, tuple shape, windows, int64_t divisor):
    """The last axes of a shape with lists (begin, end, count) for each; False where a size is 0."""
    cdef int n = len(windows), lead = len(shape) - n, i, j, k
    w.planes = 1
    for size in shape[:lead]:
        w.planes *= size
    w.divisor = divisor
    for i in range(3):
        j = i - 3 + n
        w.sizes[i] = shape[lead + j] if j >= 0 else 1
        for k in range(3):
            for value in (windows[j][k] if j >= 0 else [k > 0]):
                tables[3 * i + k].push_back(value)
        w.out[i] = tables[3 * i].size()
        w.begin[i], w.end[i], w.count[i] = tables[3 * i].data(), tables[3 * i + 1].data(), tables[3 * i + 2].data()
        if w.sizes[i] < 1 or w.out[i] < 1:
            return False
    return w.planes > 0


def avg_pool(cnp.ndarray x not None, windows, int64_t divisor):
    """The sums of windows, one (begin, end, count) of lists for each of the last axes, over the product of their counts
    or over the divisor, if that is not 0."""
    cdef fb_pool_windows w
    cdef vector[int64_t] tables[9]
    cdef int code = pool_code(x), status, lead = cnp.PyArray_NDIM(x) - len(windows)
    if code < 0 or not pool_windows(&w, tables, shape_of(x), windows, divisor):
        return None
    cdef cnp.ndarray out = empty_array((*shape_of(x)[:lead], *[len(t[0]) for t in windows]), x.dtype)
    with nogil:
        status = fb_avg_pool(code, &w, cnp.PyArray_DATA(x), cnp.PyArray_DATA(out))
    checked(status, "avg_pool")
    return out


def avg_pool_grad(cnp.ndarray g not None, tuple shape, windows, int64_t divisor):
    """The gradient of avg_pool in an input of a shape."""
    cdef fb_pool_windows w
    cdef vector[int64_t] tables[9]
    cdef int code = pool_code(g), status
    if code < 0 or not pool_windows(&w, tables, shape, windows, divisor):
        return None
    if cnp.PyArray_SIZE(g) != w.planes * w.out[0] * w.out[1] * w.out[2]:
        return None
    cdef cnp.ndarray out = empty_array(shape, g.dtype)
    with nogil:
        status = fb_avg_pool_grad(code, &w, cnp.PyArray_DATA(g), cnp.PyArray_DATA(out))
    checked(status, "avg_pool_grad")
    return out
