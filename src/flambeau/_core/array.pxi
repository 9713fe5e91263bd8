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
    UINT16 = 12
    UINT32 = 13
    UINT64 = 14
    N_CODES = 15

cdef enum:
    N_NUMS = 32            # NumPy's own type numbers lie below
    RELEASE_GIL = 20000    # elements from which a loop runs without the GIL, on several threads

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
        if descr.kind in "iu":                        # long and long long are both 64 bits wide
            for alias in "bhilq" if descr.kind == "i" else "BHILQ":
                other = cnp.dtype(alias)
                if other.itemsize == descr.itemsize:
                    code_of_num[other.num] = code
    else:
        bfloat16_num = descr.num


def register_promotion(table):
    """table[a][b] is the code of the smallest dtype that holds both a and b, -1 when there is none."""
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
    return 0 if code == BOOL else 1 if code <= INT64 or code >= UINT16 else 2 if code <= FLOAT64 else 3


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
        if category(lower) == 3 and category(higher) == 2:        # the floats decide on the precision
            return COMPLEX128 if higher == FLOAT64 else COMPLEX64
        return lower
    return higher


cdef inline int joint_code(int a, int b) except -2:
    """The code of the smallest dtype that holds both; RuntimeError when there is none."""
    if promote_table[a][b] < 0:
        raise_promotion(a, b)
    return promote_table[a][b]


def raise_promotion(int a, int b):
    """Raises the error of two dtypes that no dtype holds."""
    raise RuntimeError("Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                       f"{dtype_of_code[a].title} and {dtype_of_code[b].title}")


cdef int result_code(tuple args) except -2:
    """Type promotion over arrays and Python numbers: tensors with dimensions, then 0-dim tensors, then numbers,
    each group counting only by a higher category (bool < int < float < complex)."""
    cdef int dim = -1, zero = -1, wrapped = -1, c
    for a in args:
        if FB_IS_ARRAY(<PyObject*>a):
            c = num_code(FB_NUM(<PyObject*>a))
            if c < 0:
                raise_dtype(a)
            if FB_NDIM(<PyObject*>a) > 0:
                dim = c if dim < 0 else joint_code(dim, c)
            else:
                zero = c if zero < 0 else joint_code(zero, c)
        elif a is None:
            continue
        elif type(a) in _backends or hasattr(a, "refuse"):      # or what stands for an array
            c = array_code(a)
            if c < 0:
                raise_dtype(a)
            if a.ndim > 0:
                dim = c if dim < 0 else joint_code(dim, c)
            else:
                zero = c if zero < 0 else joint_code(zero, c)
        else:
            c = scalar_code(a)
            if c < 0:
                raise TypeError(f"expected a Tensor or a number, not {type(a).__name__}")
            wrapped = c if wrapped < 0 else promote_table[wrapped][c]
    return combine(combine(dim, zero), wrapped)


cdef raise_dtype(a):
    raise TypeError(f"can't convert an array of type {a.dtype} to a Tensor: it has no numbers of a supported dtype")


def result_type_code(*args):
    return result_code(args)


def descr_for(int code):
    return descr_of_code[code]


cdef object new_array(void* descr, int nd, const cnp.npy_intp* dims):
    """A C-contiguous uninitialised array over the library's allocator."""
    return fb_new_array(descr, nd, dims)


def empty_array(shape, cnp.dtype descr not None):
    """A C-contiguous uninitialised array over the library's allocator."""
    cdef cnp.npy_intp dims[64]
    return new_array(<void*><PyObject*>descr, _fill_dims(shape, dims), dims)


def zeros_array(shape, cnp.dtype descr not None):
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
        total *= dims[nd] if dims[nd] else 1
        nd += 1
    if total > 2.0 ** 56:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return nd


def strided_view(cnp.ndarray array not None, shape, strides, offset, owner=None):
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
    if to_float and category(code) < 2:
        code = default_float
    like = None
    out = []
    for a in args:
        if a is None:
            out.append(None)
        elif is_array(a):
            like = a if like is None else like
            out.append(a if array_code(a) == code else cast_array(a, code))
        else:
            out.append(number_array(a, code))
    if like is not None and not FB_IS_ARRAY(<PyObject*>like):
        backend = backend_of(like)
        out = [backend.from_host(a, like) if FB_IS_ARRAY(<PyObject*>a) else a for a in out]
    return out


cdef inline bint is_array(object a):
    if FB_IS_ARRAY(<PyObject*>a):
        return True
    return type(a) in _backends


cdef object number_array(object number, int code):
    """A 0-dim array of one Python number; integers out of range wrap around."""
    cdef char element[16]
    if scalar_element(number, code, element):
        out = fb_new_array(<void*><PyObject*>descr_of_code[code], 0, NULL)
        memcpy(FB_DATA(<PyObject*>out), element, FB_ITEMSIZE(<PyObject*>out))
        return out
    array = np.array(number)
    if array.dtype.kind == "c" and code < COMPLEX64:
        raise TypeError(f"a complex number cannot be converted to {dtype_of_code[code]}")
    if array.dtype.kind == "O":
        raise RuntimeError(f"value cannot be converted to type {dtype_of_code[code]} without overflow: {number}")
    return cast_array(array, code)


cdef object cast_array(object a, int code):
    """The elements of an array in another dtype, in a new array."""
    cdef int64_t shape[64]
    cdef int64_t so[64]
    cdef int64_t sa[64]
    cdef int i, nd, source = array_code(a), status
    cdef char* po
    cdef char* pa
    cdef PyObject* operand
    if not FB_IS_ARRAY(<PyObject*>a) or source < 0 or not FB_FLAGS(<PyObject*>a) & cnp.NPY_ARRAY_ALIGNED:
        with np.errstate(all="ignore"):
            return a.astype(descr_of_code[code])
    nd = FB_NDIM(<PyObject*>a)
    operand = <PyObject*>a
    out = array_like(<void*><PyObject*>descr_of_code[code], &operand, 1, nd, FB_DIMS(operand))
    for i in range(nd):
        shape[i] = FB_DIMS(<PyObject*>a)[i]
        sa[i] = FB_STRIDES(<PyObject*>a)[i]
        so[i] = FB_STRIDES(<PyObject*>out)[i]
    po = FB_DATA(<PyObject*>out)
    pa = FB_DATA(<PyObject*>a)
    if FB_SIZE(<PyObject*>a) < RELEASE_GIL:
        fb_cast_nd(source, code, nd, shape, po, so, pa, sa)
    else:
        with nogil:
            fb_cast_nd(source, code, nd, shape, po, so, pa, sa)
    return out


def cast(array, int code):
    """The elements of an array in the dtype of the given code, always a new array."""
    return cast_array(array, code)


def ones_like(array):
    """An array of ones of the same library, shape, dtype and order in memory."""
    cdef PyObject* a
    if FB_IS_ARRAY(<PyObject*>array):
        a = <PyObject*>array
        out = array_like(FB_DESCR(a), &a, 1, FB_NDIM(a), FB_DIMS(a))
        out.fill(1)
        return out
    return backend_of(array).ones_like(array)


def num_threads():
    return fb_num_threads()


def set_num_threads(int n):
    fb_set_num_threads(n)


def promote_to_broadcast(tuple args, bint to_float=False):
    """`promote` for operands that are broadcast together; RuntimeError when their shapes do not fit."""
    out = promote(args, to_float)
    cdef Py_ssize_t i, n = len(out)
    shape = None
    for i in range(n):
        a = out[i]
        if a is None:
            continue
        shape = a.shape if shape is None else joint_shape(shape, a.shape)
    return out


cdef tuple joint_shape(tuple a, tuple b):
    """The shape that two broadcast to."""
    cdef Py_ssize_t na = len(a), nb = len(b), n = max(na, nb), i
    cdef Py_ssize_t p, q
    joint = [1] * n
    for i in range(1, n + 1):
        p = a[na - i] if i <= na else 1
        q = b[nb - i] if i <= nb else 1
        if q < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension ({q}): ({list(b)})")
        if p != q and p != 1 and q != 1:
            raise RuntimeError(f"The size of tensor a ({p}) must match the size of tensor b ({q}) at non-singleton dimension "
                               f"{n - i}: shapes {list(a)} and {list(b)} cannot be broadcast together")
        joint[n - i] = q if p == 1 else p
    return tuple(joint)


def broadcast_shapes(*shapes):
    """The shape that all of the given shapes broadcast to; RuntimeError when they do not fit."""
    joint = ()
    for s in shapes:
        joint = joint_shape(joint, tuple(s))
    return joint
