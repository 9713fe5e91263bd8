# Arrays and dtypes as the core sees them. A dtype has a code (its row in the promotion table, the enum of
# csrc/flambeau.h); `flambeau/dtype.py` registers the codes, the public dtype objects and the table.

cdef enum:
    BOOL = 0
    UINT8 = 1
    INT8 = 2
    INT16 = 3
    INT32 = 4
    INT64 = 5
    FLOAT16 = 6
    BFLOAT16 = 7
    FLOAT32 = 8
    FLOAT64 = 9
    COMPLEX64 = 10
    COMPLEX128 = 11
    N_CODES = 12

cdef enum:
    N_NUMS = 32            # NumPy's own type numbers lie below

cdef int code_of_num[N_NUMS]
cdef int bfloat16_num = -1
cdef list descr_of_code = [None] * N_CODES          # numpy.dtype
cdef list dtype_of_code = [None] * N_CODES          # flambeau.dtype
cdef int promote_table[N_CODES][N_CODES]
cdef int default_float = FLOAT32
cdef int _k
for _k in range(N_NUMS):
    code_of_num[_k] = -1


def register_dtype(int code, descr, dtype):
    """Makes a NumPy dtype known under a code and a public dtype object."""
    global bfloat16_num
    descr_of_code[code] = descr
    dtype_of_code[code] = dtype
    if descr.num < N_NUMS:
        code_of_num[descr.num] = code
        if descr.kind == "i":                         # long and long long are both 64 bits wide
            for alias in "bhilq":
                other = cnp.dtype(alias)
                if other.itemsize == descr.itemsize:
                    code_of_num[other.num] = code
    else:
        bfloat16_num = descr.num


def register_promotion(table):
    """table[a][b] is the code of the smallest dtype that holds both a and b."""
    for a in range(N_CODES):
        for b in range(N_CODES):
            promote_table[a][b] = table[a][b]


def set_default_float(int code):
    global default_float
    default_float = code


def get_default_float():
    return default_float


cdef inline int num_code(int num) noexcept:
    if num < N_NUMS:
        return code_of_num[num]
    return BFLOAT16 if num == bfloat16_num else -1


cdef inline int array_code(object a):
    """The dtype code of an array of any library, -1 for a dtype that tensors do not have."""
    if FB_IS_ARRAY(<PyObject*>a):
        return num_code(FB_NUM(<PyObject*>a))
    return num_code(a.dtype.num)


def code_of(descr):
    """The code of a NumPy dtype, -1 for one that tensors do not have."""
    return num_code(descr.num)


cdef inline int category(int code) noexcept:
    return 0 if code == BOOL else 1 if code <= INT64 else 2 if code <= FLOAT64 else 3


cdef int scalar_code(object s) except -2:
    """The dtype code that a Python number contributes to promotion; -1 when it is not a number."""
    cdef PyTypeObject* t = Py_TYPE(s)
    if t == &PyFloat_Type:
        return default_float
    if t == &PyLong_Type:
        return INT64
    if t == &PyBool_Type:
        return BOOL
    if isinstance(s, complex):
        return COMPLEX128 if default_float == FLOAT64 else COMPLEX64
    if isinstance(s, (float, np.floating)):
        return default_float
    if isinstance(s, np.bool_):
        return BOOL
    if isinstance(s, (int, np.integer)):
        return INT64
    if isinstance(s, np.complexfloating):
        return COMPLEX128 if default_float == FLOAT64 else COMPLEX64
    return -1


cdef inline int combine(int higher, int lower) noexcept:
    """A group that takes part in full, and one that only counts when its category is higher."""
    if higher < 0:
        return lower
    if lower < 0:
        return higher
    if category(lower) > category(higher):
        return promote_table[higher][lower] if category(lower) == 3 else lower
    return higher


cdef int result_code(tuple args) except -2:
    """Type promotion over arrays and Python numbers: tensors with dimensions, then 0-dim tensors, then numbers,
    each group counting only by a higher category (bool < int < float < complex)."""
    cdef int dim = -1, zero = -1, wrapped = -1, c
    for a in args:
        if FB_IS_ARRAY(<PyObject*>a):
            c = num_code(FB_NUM(<PyObject*>a))
            if FB_NDIM(<PyObject*>a) > 0:
                dim = c if dim < 0 else promote_table[dim][c]
            else:
                zero = c if zero < 0 else promote_table[zero][c]
        elif a is None:
            continue
        elif hasattr(a, "dtype") and hasattr(a, "ndim") and not isinstance(a, cnp.generic):
            c = array_code(a)
            if a.ndim > 0:
                dim = c if dim < 0 else promote_table[dim][c]
            else:
                zero = c if zero < 0 else promote_table[zero][c]
        else:
            c = scalar_code(a)
            if c < 0:
                raise TypeError(f"expected a Tensor or a number, not {type(a).__name__}")
            wrapped = c if wrapped < 0 else promote_table[wrapped][c]
    return combine(combine(dim, zero), wrapped)


def result_type_code(*args):
    return result_code(args)


def descr_for(int code):
    return descr_of_code[code]


def empty_array(shape, descr):
    """A C-contiguous uninitialised array over the library's allocator."""
    cdef cnp.npy_intp dims[64]
    cdef int nd = _fill_dims(shape, dims)
    return fb_new_array(<void*><PyObject*>descr, nd, dims)


def zeros_array(shape, descr):
    """A C-contiguous array of zeros over the library's allocator."""
    cdef cnp.npy_intp dims[64]
    cdef int nd = _fill_dims(shape, dims)
    return fb_new_zeros(<void*><PyObject*>descr, nd, dims)


cdef int _fill_dims(object shape, cnp.npy_intp* dims) except -1:
    cdef int nd = 0
    cdef double total = 1
    for s in shape:
        if nd == 64:
            raise ValueError("tensors have at most 64 dimensions")
        dims[nd] = s
        if dims[nd] < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {dims[nd]}: {list(shape)}")
        total *= dims[nd]
        nd += 1
    if total > 2.0 ** 56:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return nd


def strided_view(array, shape, strides, offset, owner=None):
    """An array of the given shape and byte strides, `offset` bytes from the start of `array`, sharing its memory.
    The caller has checked the bounds."""
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp steps[64]
    cdef int nd = _fill_dims(shape, dims), i
    for i in range(nd):
        steps[i] = strides[i]
    cdef cnp.npy_intp off = offset
    return fb_view(<PyObject*>array, FB_DESCR(<PyObject*>array), nd, dims, steps, FB_DATA(<PyObject*>array) + off)


def promote(tuple args, bint to_float=False):
    """Arrays and numbers as arrays of their common dtype (of the default float dtype for ints when to_float)."""
    cdef int code = result_code(args)
    if to_float and code <= INT64:
        code = default_float
    descr = descr_of_code[code]
    like = None
    for a in args:
        if hasattr(a, "ndim") and not isinstance(a, np.generic):
            like = a
            break
    out = []
    for a in args:
        if a is None:
            out.append(None)
        elif hasattr(a, "ndim") and not isinstance(a, np.generic):
            out.append(a if array_code(a) == code else cast_array(a, descr))
        else:
            number = np.array(a)
            if number.dtype.kind == "c" and code < COMPLEX64:
                raise TypeError(f"a complex number cannot be converted to {dtype_of_code[code]}")
            number = cast_array(number, descr)
            out.append(number if type(like) is np.ndarray else sys.modules[type(like).__module__.split(".")[0]].asarray(number))
    return out


cdef object cast_array(a, descr):
    with np.errstate(all="ignore"):
        return a.astype(descr)


def ones_like(array):
    """An array of ones of the same library, shape and dtype."""
    if FB_IS_ARRAY(<PyObject*>array):
        out = fb_new_array(FB_DESCR(<PyObject*>array), FB_NDIM(<PyObject*>array), FB_DIMS(<PyObject*>array))
        out.fill(1)
        return out
    out = array.copy()
    out.fill(1)
    return out


def num_threads():
    return fb_num_threads()


def set_num_threads(int n):
    fb_set_num_threads(n)
