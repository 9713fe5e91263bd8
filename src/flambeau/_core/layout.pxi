# Where results lie in memory. A pointwise result takes the order of dimensions of its operands: from the fastest to the
# slowest, dimensions are compared by the strides of the first operand, then of the next where those do not tell.

cdef int faster(PyObject** arrays, int count, int nd, const cnp.npy_intp* dims, int p, int q) noexcept:
    """1 when dimension p of the result has smaller steps than q, -1 when larger, by the first array that tells; else 0.
    An array tells nothing of a dimension that it repeats; of equal steps, the longer dimension is the slower one."""
    cdef int k, lead
    cdef cnp.npy_intp sp, sq
    cdef cnp.npy_intp* strides
    cdef cnp.npy_intp* have
    for k in range(count):
        lead = nd - FB_NDIM(arrays[k])
        if p < lead or q < lead:
            continue
        have = FB_DIMS(arrays[k])
        if have[p - lead] != dims[p] or have[q - lead] != dims[q]:
            continue
        strides = FB_STRIDES(arrays[k])
        sp = strides[p - lead] if strides[p - lead] >= 0 else -strides[p - lead]
        sq = strides[q - lead] if strides[q - lead] >= 0 else -strides[q - lead]
        if sp == 0 or sq == 0:
            continue
        if sp < sq:
            return 1
        if sp > sq or dims[p] > dims[q]:
            return -1
    return 0


cdef void memory_order(PyObject** arrays, int count, int nd, const cnp.npy_intp* dims, int* order) noexcept:
    """The dimensions of a pointwise result of arrays that broadcast to dims, from the fastest to the slowest."""
    cdef int i, at, below, comparison
    for i in range(nd):
        order[i] = nd - 1 - i
    for i in range(1, nd):                        # insertion sort; what cannot be compared stays as in row-major order
        at = i
        for below in range(i - 1, -1, -1):
            comparison = faster(arrays, count, nd, dims, order[below], order[at])
            if comparison > 0:
                break
            if comparison < 0:
                order[below], order[at] = order[at], order[below]
                at = below


cdef object array_like(void* descr, PyObject** arrays, int count, int nd, const cnp.npy_intp* dims):
    """A new array of shape dims for a pointwise result of arrays."""
    cdef int order[64]
    cdef int k
    for k in range(count):
        if not FB_FLAGS(arrays[k]) & cnp.NPY_ARRAY_C_CONTIGUOUS:
            memory_order(arrays, count, nd, dims, order)
            return fb_new_ordered(descr, nd, dims, order)
    return fb_new_array(descr, nd, dims)


cdef bint same_strides(PyObject* a, PyObject* b) noexcept:
    """Whether two arrays of one shape and item size lie alike; dimensions of size 1 do not count."""
    cdef int i
    for i in range(FB_NDIM(a)):
        if FB_DIMS(a)[i] > 1 and FB_STRIDES(a)[i] != FB_STRIDES(b)[i]:
            return False
    return True


def empty_ordered(shape, cnp.dtype descr not None, dims):
    """An uninitialised array over the library's allocator; `dims` are its dimensions from the slowest in memory to the
    fastest."""
    cdef cnp.npy_intp sizes[64]
    cdef int order[64]
    cdef int nd = _fill_dims(shape, sizes), i
    for i in range(nd):
        order[nd - 1 - i] = dims[i]
    return fb_new_ordered(<void*><PyObject*>descr, nd, sizes, order)


def order_of(cnp.ndarray array not None):
    """The dimensions of a new array that lies in memory like this one, from the slowest to the fastest."""
    cdef int order[64]
    cdef PyObject* a = <PyObject*>array
    cdef int nd = FB_NDIM(a), i
    memory_order(&a, 1, nd, FB_DIMS(a), order)
    return tuple([order[nd - 1 - i] for i in range(nd)])


def row_major(*arrays):
    """Whether all of the arrays lie in row-major order without gaps; what is no array of the CPU's library counts as
    lying so."""
    for a in arrays:
        if FB_IS_ARRAY(<PyObject*>a) and not FB_FLAGS(<PyObject*>a) & cnp.NPY_ARRAY_C_CONTIGUOUS:
            return False
    return True


def laid_out(out, tuple arrays):
    """A pointwise result in the memory order that its operands (the arrays among `arrays`) ask for: itself, or a copy.
    Arrays of a GPU's library are left as they are."""
    cdef PyObject* operands[16]
    cdef int count = 0
    cdef bint plain = True
    if not FB_IS_ARRAY(<PyObject*>out):
        return out
    for a in arrays:
        if FB_IS_ARRAY(<PyObject*>a) and count < 16:
            operands[count] = <PyObject*>a
            count += 1
            plain = plain and FB_FLAGS(<PyObject*>a) & cnp.NPY_ARRAY_C_CONTIGUOUS
    if plain and FB_FLAGS(<PyObject*>out) & cnp.NPY_ARRAY_C_CONTIGUOUS:
        return out
    new = array_like(FB_DESCR(<PyObject*>out), operands, count, FB_NDIM(<PyObject*>out), FB_DIMS(<PyObject*>out))
    if same_strides(<PyObject*>new, <PyObject*>out):
        return out
    cnp.PyArray_CopyInto(new, out)
    return new


cdef object copy_array(object array):
    """A copy that lies in memory like the array, without gaps."""
    cdef PyObject* a = <PyObject*>array
    out = array_like(FB_DESCR(a), &a, 1, FB_NDIM(a), FB_DIMS(a))
    if (FB_FLAGS(a) & FB_PLAIN) == FB_PLAIN:
        memcpy(FB_DATA(<PyObject*>out), FB_DATA(a), FB_SIZE(a) * FB_ITEMSIZE(a))
    else:
        cnp.PyArray_CopyInto(out, array)
    return out


def copy_of(cnp.ndarray array not None):
    """A copy that lies in memory like the array, without gaps."""
    return copy_array(array)
