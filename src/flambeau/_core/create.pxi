# The short paths of factories: sizes that are plain ints, nested lists of plain floats or ints. None for anything else.

cdef enum:
    MAX_NESTING = 16


cdef int plain_sizes(tuple size, cnp.npy_intp* dims) except -2:
    """The sizes of f(2, 3) or f((2, 3)) as plain non-negative ints; -1 when they are anything else."""
    cdef Py_ssize_t n = PyTuple_GET_SIZE(size), i
    cdef double total = 1
    if n == 1 and Py_TYPE(<object>PyTuple_GET_ITEM(size, 0)) != &PyLong_Type:
        first = <object>PyTuple_GET_ITEM(size, 0)
        if not isinstance(first, tuple):
            return -1
        size = <tuple>first
        n = PyTuple_GET_SIZE(size)
    if n > MAX_NESTING:
        return -1
    for i in range(n):
        if not read_int(<object>PyTuple_GET_ITEM(size, i), &dims[i]) or dims[i] < 0:
            return -1
        total *= dims[i]
    return <int>n if total < 1e12 else -1


def set_default_device(bint given):
    """Says whether factories of this thread have a default device: then the short paths leave them to Python."""
    global fb_default_device
    fb_default_device = given


def new_filled(tuple size, dtype, double value):
    """A new plain tensor on the CPU of one value, for plain sizes and dtype None or a float32/float64 dtype; else
    None, as with a default device."""
    cdef cnp.npy_intp dims[MAX_NESTING]
    cdef int n, code
    cdef Py_ssize_t i
    if fb_default_device:
        return None
    if dtype is None:
        code = default_float
    elif dtype is dtype_of_code[FLOAT32]:
        code = FLOAT32
    elif dtype is dtype_of_code[FLOAT64]:
        code = FLOAT64
    else:
        return None
    n = plain_sizes(size, dims)
    if n < 0:
        return None
    descr = <void*><PyObject*>descr_of_code[code]
    if value == 0:
        array = fb_new_zeros(descr, n, dims)
    else:
        array = fb_new_array(descr, n, dims)
        if code == FLOAT32:
            for i in range(FB_SIZE(<PyObject*>array)):
                (<float*>FB_DATA(<PyObject*>array))[i] = <float>value
        elif code == FLOAT64:
            for i in range(FB_SIZE(<PyObject*>array)):
                (<double*>FB_DATA(<PyObject*>array))[i] = value
        else:
            array.fill(value)
    return wrap(array, <object>tensor_type)


cdef char* fill_numbers(object data, int depth, int nd, cnp.npy_intp* dims, int code, char* out) except? NULL:
    """Writes the numbers of nested lists; NULL without an exception for what is not of the shape and type announced."""
    cdef list items
    cdef Py_ssize_t i
    cdef PyObject* v
    cdef int overflow = 0
    cdef PyTypeObject* wanted
    if Py_TYPE(data) != &PyList_Type:
        return NULL
    items = <list>data
    if len(items) != dims[depth]:
        return NULL
    if depth < nd - 1:
        for i in range(dims[depth]):
            out = fill_numbers(items[i], depth + 1, nd, dims, code, out)
            if out == NULL:
                return NULL
        return out
    wanted = &PyLong_Type if code == INT64 else &PyFloat_Type
    for i in range(dims[depth]):
        v = <PyObject*>items[i]
        if Py_TYPE(<object>v) != wanted:
            return NULL
        if code == FLOAT32:
            (<float*>out)[0] = <float>PyFloat_AS_DOUBLE(v)
            out += 4
        elif code == FLOAT64:
            (<double*>out)[0] = PyFloat_AS_DOUBLE(v)
            out += 8
        else:
            (<int64_t*>out)[0] = PyLong_AsLongLongAndOverflow(v, &overflow)
            if overflow:
                return NULL
            out += 8
    return out


def from_numbers(data):
    """The array of a number, or of nested lists of plain floats (in the default float dtype) or of plain ints (int64)
    of one length per level; None for anything else."""
    cdef cnp.npy_intp dims[MAX_NESTING]
    cdef int nd = 0, code
    inner = data
    while Py_TYPE(inner) == &PyList_Type:
        if nd == MAX_NESTING or len(<list>inner) == 0:
            return None
        dims[nd] = len(<list>inner)
        inner = (<list>inner)[0]
        nd += 1
    if Py_TYPE(inner) == &PyFloat_Type:
        code = default_float
        if code != FLOAT32 and code != FLOAT64:
            return None
    elif Py_TYPE(inner) == &PyLong_Type:
        code = INT64
    else:
        return None
    if nd == 0:
        return number_array(inner, code) if code != INT64 or -2**63 <= inner < 2**63 else None
    out = fb_new_array(<void*><PyObject*>descr_of_code[code], nd, dims)
    if fill_numbers(data, 0, nd, dims, code, FB_DATA(<PyObject*>out)) == NULL:
        return None
    return out


def new_of_numbers(data):
    """A new plain tensor on the CPU of what `from_numbers` reads; else None, as with a default device."""
    if fb_default_device:
        return None
    array = from_numbers(data)
    return None if array is None else wrap(array, <object>tensor_type)
