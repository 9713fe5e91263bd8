# Reductions of CPU arrays by the native kernel.

cdef int reduced_mask(object axis, int nd, uint64_t* mask) except -1:
    """The dimensions to reduce as bits; axis is None (all), an int or a tuple of distinct ints."""
    cdef int d
    mask[0] = 0
    if axis is None:
        for d in range(nd):
            mask[0] |= <uint64_t>1 << d
        return 0
    for a in (axis if type(axis) is tuple else (axis,)):
        d = a
        if d < 0:
            d += nd
        if d < 0 or d >= nd:
            raise IndexError(f"axis {a} is out of range for an array of {nd} dimensions")
        mask[0] |= <uint64_t>1 << d
    return 0


def reduce_array(int op, array, axis, bint keepdims):
    """Reduces the axes of a CPU array by an operation of `enum fb_reduce_op`; None when there is no kernel for its dtype."""
    cdef int64_t shape[64]
    cdef int64_t sa[64]
    cdef int64_t so[64]
    cdef cnp.npy_intp dims[64]
    cdef uint64_t mask
    cdef int i, nd, n = 0, code, out_code, status
    if not FB_IS_ARRAY(<PyObject*>array) or not FB_FLAGS(<PyObject*>array) & cnp.NPY_ARRAY_ALIGNED:
        return None
    cdef PyObject* a = <PyObject*>array
    code = num_code(FB_NUM(a))
    out_code = fb_reduce_dtype(op, code) if code >= 0 else -1
    if out_code < 0:
        return None
    nd = FB_NDIM(a)
    reduced_mask(axis, nd, &mask)
    for i in range(nd):
        shape[i] = FB_DIMS(a)[i]
        sa[i] = FB_STRIDES(a)[i]
        if not mask >> i & 1:
            dims[n] = shape[i]
            n += 1
        elif keepdims:
            dims[n] = 1
            n += 1
    out = fb_new_array(<void*><PyObject*>descr_of_code[out_code], n, dims)
    n = 0
    for i in range(nd):
        so[i] = 0
        if not mask >> i & 1:
            so[i] = FB_STRIDES(<PyObject*>out)[n]
            n += 1
        elif keepdims:
            n += 1
    cdef char* po = FB_DATA(<PyObject*>out)
    cdef char* pa = FB_DATA(a)
    if FB_SIZE(a) < RELEASE_GIL:
        status = fb_reduce_nd(op, code, nd, shape, mask, po, so, pa, sa)
    else:
        with nogil:
            status = fb_reduce_nd(op, code, nd, shape, mask, po, so, pa, sa)
    return out if status == 0 else None


def divide_by(array, double n):
    """A float array made here divided by a number, in place."""
    cdef PyObject* a = <PyObject*>array
    cdef Py_ssize_t i
    cdef float f = <float>n
    if FB_NUM(a) == cnp.NPY_FLOAT:
        for i in range(FB_SIZE(a)):
            (<float*>FB_DATA(a))[i] /= f
    elif FB_NUM(a) == cnp.NPY_DOUBLE:
        for i in range(FB_SIZE(a)):
            (<double*>FB_DATA(a))[i] /= n
    else:
        array /= n
    return array
