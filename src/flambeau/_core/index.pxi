# Picking by index, sums into what is picked, running sums and the largest elements: contiguous arrays; else None.

cdef extern from "flambeau.h" nogil:
    int fb_gather(int, int, int64_t, int64_t, int64_t, int64_t, const void*, const int64_t*, void*)
    int fb_take(int, int64_t, int64_t, int64_t, int64_t, const void*, const int64_t*, void*)
    int fb_scatter(int, int64_t, int64_t, int64_t, int64_t, const int64_t*, const void*, int64_t, void*)
    int fb_scatter_add(int, int64_t, int64_t, int64_t, int64_t, const int64_t*, const void*, void*)
    int fb_index_add(int, int64_t, int64_t, int64_t, int64_t, const int64_t*, const void*, void*)
    int fb_scan(int, int, int64_t, int64_t, int64_t, const void*, void*)
    int fb_where_nd(int, int, const int64_t*, char*, const int64_t*, const char*, const int64_t*, const char*,
                    const int64_t*, const char*, const int64_t*)
    int fb_sort(int, int, int64_t, int64_t, int64_t, const void*, void*, int64_t*)
    int fb_extreme(int, int, int64_t, int64_t, int64_t, const void*, void*, int64_t*)
    int fb_rank(int, int, int64_t, int64_t, int64_t, int64_t, const void*, void*, int64_t*)
    int fb_unique(int, int64_t, const void*, void*, int64_t*, int64_t*, int64_t*)
    void fb_join(int, const void* const*, const int64_t*, int64_t, void*)
    int fb_topk(int, int64_t, int64_t, int64_t, int, const void*, void*, int64_t*)


cdef inline bint is_index(cnp.ndarray a):
    return is_plain(a) and cnp.PyArray_TYPE(a) == cnp.NPY_INT64


cdef inline bint is_item(int64_t size):
    return size == 1 or size == 2 or size == 4 or size == 8 or size == 16


cdef int sum_code(cnp.ndarray a):
    """The dtype code of an array of float32, float64 or int64 that a kernel takes as it is, else -1."""
    if is_plain(a) and cnp.PyArray_TYPE(a) == cnp.NPY_INT64:
        return INT64
    return pool_code(a)


cdef bint alike_around(cnp.ndarray a, cnp.ndarray b, int axis):
    """Whether two arrays have as many axes, all of one size but this one."""
    cdef int nd = cnp.PyArray_NDIM(a), d
    if cnp.PyArray_NDIM(b) != nd:
        return False
    for d in range(nd):
        if d != axis and cnp.PyArray_DIM(a, d) != cnp.PyArray_DIM(b, d):
            return False
    return True


def gather(cnp.ndarray x not None, int axis, cnp.ndarray index not None, bint wrap):
    """x at index along an axis; wrap: negative numbers count from the end. None for an index out of range, too."""
    cdef int64_t outer, n, inner
    cdef int status, itemsize = cnp.PyArray_ITEMSIZE(x)
    if not is_plain(x) or not is_index(index) or not is_item(itemsize) or not alike_around(x, index, axis) or \
            not split(x, axis, &outer, &n, &inner):
        return None
    cdef int64_t m = cnp.PyArray_DIM(index, axis)
    cdef cnp.ndarray y = empty_array(shape_of(index), x.dtype)
    cdef const int64_t* places = <const int64_t*>cnp.PyArray_DATA(index)
    state = pause(cnp.PyArray_SIZE(index) > 4096)
    status = fb_gather(itemsize, wrap, outer, m, n, inner, cnp.PyArray_DATA(x), places, cnp.PyArray_DATA(y))
    resume(state)
    return y if status == 0 else None


def take(cnp.ndarray x not None, int axis, cnp.ndarray index not None):
    """The slices of x along an axis that an index of any shape names, which takes the place of the axis."""
    cdef int64_t outer, n, inner, m = cnp.PyArray_SIZE(index)
    cdef int status, itemsize = cnp.PyArray_ITEMSIZE(x)
    if not is_plain(x) or not is_index(index) or not is_item(itemsize) or not split(x, axis, &outer, &n, &inner):
        return None
    shape = shape_of(x)
    cdef cnp.ndarray y = empty_array((*shape[:axis], *shape_of(index), *shape[axis + 1:]), x.dtype)
    cdef const int64_t* places = <const int64_t*>cnp.PyArray_DATA(index)
    state = pause(cnp.PyArray_SIZE(y) > 4096)
    status = fb_take(itemsize, outer, m, n, inner, cnp.PyArray_DATA(x), places, cnp.PyArray_DATA(y))
    resume(state)
    return y if status == 0 else None


def fresh(cnp.ndarray x not None):
    """A contiguous copy."""
    return contiguous(x)


def scatter(cnp.ndarray out not None, int axis, cnp.ndarray index not None, cnp.ndarray src not None):
    """Writes src, of the shape of index or a single element of no axis, to a contiguous array at index along an axis.
    False when that is not for it or an index is out of range; `out` then has no meaning."""
    cdef int64_t outer, n, inner, step = 1
    cdef int itemsize = cnp.PyArray_ITEMSIZE(out), status
    if cnp.PyArray_NDIM(src) == 0:
        step = 0
    elif not cnp.PyArray_SAMESHAPE(index, src):
        return False
    if not is_plain(out) or not is_plain(src) or not is_index(index) or not is_item(itemsize) or \
            src.dtype != out.dtype or not alike_around(out, index, axis) or not split(out, axis, &outer, &n, &inner):
        return False
    cdef int64_t m = cnp.PyArray_DIM(index, axis)
    cdef const int64_t* places = <const int64_t*>cnp.PyArray_DATA(index)
    state = pause(cnp.PyArray_SIZE(index) > 4096)
    status = fb_scatter(itemsize, outer, m, n, inner, places, cnp.PyArray_DATA(src), step, cnp.PyArray_DATA(out))
    resume(state)
    return status == 0


def scatter_add(cnp.ndarray out not None, int axis, cnp.ndarray index not None, cnp.ndarray src not None):
    """Adds src, of the shape of index, to a contiguous array at index along an axis, in place. False when that is not
    for it or an index is out of range; `out` then has no meaning."""
    cdef int64_t outer, n, inner
    cdef int code = sum_code(out), status
    if code < 0 or sum_code(src) != code or not is_index(index) or not cnp.PyArray_SAMESHAPE(index, src) or \
            not alike_around(out, index, axis) or not split(out, axis, &outer, &n, &inner):
        return False
    cdef int64_t m = cnp.PyArray_DIM(index, axis)
    cdef const int64_t* places = <const int64_t*>cnp.PyArray_DATA(index)
    state = pause(cnp.PyArray_SIZE(index) > 4096)
    status = fb_scatter_add(code, outer, m, n, inner, places, cnp.PyArray_DATA(src), cnp.PyArray_DATA(out))
    resume(state)
    return status == 0


def index_add(cnp.ndarray out not None, int axis, cnp.ndarray index not None, cnp.ndarray src not None):
    """Adds the slices of src along an axis to those of a contiguous array that a 1-D index names, in place. False, and
    nothing changed, when that is not for it or an index is out of range."""
    cdef int64_t outer, n, inner, m = cnp.PyArray_SIZE(index)
    cdef int code = sum_code(out), status
    if code < 0 or sum_code(src) != code or not is_index(index) or cnp.PyArray_NDIM(index) != 1 or \
            not alike_around(out, src, axis) or cnp.PyArray_DIM(src, axis) != m or \
            not split(out, axis, &outer, &n, &inner):
        return False
    cdef const int64_t* places = <const int64_t*>cnp.PyArray_DATA(index)
    state = pause(cnp.PyArray_SIZE(src) > 4096)
    status = fb_index_add(code, outer, m, n, inner, places, cnp.PyArray_DATA(src), cnp.PyArray_DATA(out))
    resume(state)
    return status == 0


def scan(int op, cnp.ndarray x not None, int axis):
    """The running sum (0) or product (1) along an axis: float32, float64, int64."""
    cdef int64_t outer, n, inner
    cdef int code = sum_code(x), status
    if code < 0 or not split(x, axis, &outer, &n, &inner):
        return None
    cdef cnp.ndarray out = empty_array(shape_of(x), x.dtype)
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    status = fb_scan(op, code, outer, n, inner, cnp.PyArray_DATA(x), cnp.PyArray_DATA(out))
    resume(state)
    checked(status, "scan")
    return out


def sort(cnp.ndarray x not None, int axis, bint descending):
    """(values, indices) in order along an axis: all dtypes but the complex ones."""
    cdef int64_t outer, n, inner
    cdef int code = code_of(x.dtype), status
    if not is_plain(x) or not split(x, axis, &outer, &n, &inner):
        return None
    cdef cnp.ndarray values = empty_array(shape_of(x), x.dtype), indices = empty_array(shape_of(x), descr_for(INT64))
    cdef int64_t* places = <int64_t*>cnp.PyArray_DATA(indices)
    state = pause(cnp.PyArray_SIZE(x) > 1024)
    status = fb_sort(code, descending, outer, n, inner, cnp.PyArray_DATA(x), cnp.PyArray_DATA(values), places)
    resume(state)
    if status == -1:
        return None
    checked(status, "sort")
    return values, indices


def extreme(int op, cnp.ndarray x not None, int axis):
    """(values, indices), without the axis, of the maxima (2) or minima (3) along an axis that is not the last one, where
    NumPy is fast: int32, int64, float32, float64."""
    cdef int64_t outer, n, inner
    cdef int code = code_of(x.dtype), status
    if not is_plain(x) or not split(x, axis, &outer, &n, &inner) or n == 0 or n > 0x7fffffff or \
            inner == 1:
        return None
    dims = shape_of(x)
    shape = (*dims[:axis], *dims[axis + 1:])
    cdef cnp.ndarray values = empty_array(shape, x.dtype), indices = empty_array(shape, descr_for(INT64))
    cdef int64_t* places = <int64_t*>cnp.PyArray_DATA(indices)
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    status = fb_extreme(op, code, outer, n, inner, cnp.PyArray_DATA(x), cnp.PyArray_DATA(values), places)
    resume(state)
    if status == -1:
        return None
    checked(status, "extreme")
    return values, indices


def rank(int which, cnp.ndarray x not None, int axis, int64_t k):
    """(values, indices), without the axis, of element k of its order (0), the median (1), or the median of numbers (2):
    all dtypes but the complex ones; the axis is not empty."""
    cdef int64_t outer, n, inner
    cdef int code = code_of(x.dtype), status
    if not is_plain(x) or not split(x, axis, &outer, &n, &inner) or n == 0:
        return None
    dims = shape_of(x)
    shape = (*dims[:axis], *dims[axis + 1:])
    cdef cnp.ndarray values = empty_array(shape, x.dtype), indices = empty_array(shape, descr_for(INT64))
    cdef int64_t* places = <int64_t*>cnp.PyArray_DATA(indices)
    state = pause(cnp.PyArray_SIZE(x) > 1024)
    status = fb_rank(which, code, outer, n, inner, k, cnp.PyArray_DATA(x), cnp.PyArray_DATA(values), places)
    resume(state)
    if status == -1:
        return None
    checked(status, "rank")
    return values, indices


def unique(cnp.ndarray x not None):
    """(values, inverse, counts) of the distinct elements, in ascending order: all dtypes but the complex ones."""
    cdef int64_t n = cnp.PyArray_SIZE(x), distinct = 0
    cdef int code = code_of(x.dtype), status
    if not is_plain(x):
        return None
    cdef cnp.ndarray values = empty_array((n,), x.dtype), counts = empty_array((n,), descr_for(INT64))
    cdef cnp.ndarray inverse = empty_array(shape_of(x), descr_for(INT64))
    cdef int64_t* runs = <int64_t*>cnp.PyArray_DATA(inverse)
    cdef int64_t* lengths = <int64_t*>cnp.PyArray_DATA(counts)
    state = pause(n > 1024)
    status = fb_unique(code, n, cnp.PyArray_DATA(x), cnp.PyArray_DATA(values), runs, lengths, &distinct)
    resume(state)
    if status == -1:
        return None
    checked(status, "unique")
    return values[:distinct].copy(), inverse, counts[:distinct].copy()


def topk(cnp.ndarray x not None, int64_t k, bint largest):
    """(values, indices) of the k largest or smallest along the last axis, best first: float32, float64."""
    cdef int code = pool_code(x), status, nd = cnp.PyArray_NDIM(x)
    if code < 0 or nd == 0 or cnp.PyArray_SIZE(x) == 0:
        return None
    cdef int64_t n = cnp.PyArray_DIM(x, nd - 1), rows = cnp.PyArray_SIZE(x) // n
    if k < 1 or k > n:
        return None
    shape = (*shape_of(x)[:nd - 1], k)
    cdef cnp.ndarray values = empty_array(shape, x.dtype), indices = empty_array(shape, descr_for(INT64))
    cdef int64_t* places = <int64_t*>cnp.PyArray_DATA(indices)
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    status = fb_topk(code, rows, n, k, largest, cnp.PyArray_DATA(x), cnp.PyArray_DATA(values), places)
    resume(state)
    checked(status, "topk")
    return values, indices


cdef inline int64_t flat_step(cnp.ndarray a, cnp.ndarray like):
    """The step between elements of an array like another one: 0 for a single element; -1 for other layouts."""
    if not is_plain(a):
        return -1
    if cnp.PyArray_SAMESHAPE(a, like):
        return cnp.PyArray_ITEMSIZE(a)
    return 0 if cnp.PyArray_SIZE(a) == 1 and cnp.PyArray_NDIM(a) <= cnp.PyArray_NDIM(like) else -1


def where(condition, a, b):
    """a where a condition of bool is true, else b; each is contiguous and of the result's shape, or a single element."""
    if type(condition) is cnp.ndarray and type(a) is cnp.ndarray and type(b) is cnp.ndarray:
        return chosen(condition, a, b)
    return None


cdef object chosen(cnp.ndarray condition, cnp.ndarray a, cnp.ndarray b):
    cdef cnp.ndarray like = condition, out
    cdef int itemsize = cnp.PyArray_ITEMSIZE(a), status
    cdef int64_t n, so, sc, sa, sb
    for other in (a, b):
        if cnp.PyArray_NDIM(other) > cnp.PyArray_NDIM(like) or cnp.PyArray_SIZE(other) > cnp.PyArray_SIZE(like):
            like = other
    n, so = cnp.PyArray_SIZE(like), itemsize
    sc, sa, sb = flat_step(condition, like), flat_step(a, like), flat_step(b, like)
    if sc < 0 or sa < 0 or sb < 0 or n == 0 or cnp.PyArray_TYPE(condition) != cnp.NPY_BOOL or a.dtype != b.dtype or \
            not is_item(itemsize) or a.dtype.hasobject:
        return None
    out = empty_array(shape_of(like), a.dtype)
    state = pause(n > 4096)
    status = fb_where_nd(itemsize, 1, &n, cnp.PyArray_BYTES(out), &so, cnp.PyArray_BYTES(condition), &sc,
                         cnp.PyArray_BYTES(a), &sa, cnp.PyArray_BYTES(b), &sb)
    resume(state)
    checked(status, "where")
    return out


def join(list arrays, int axis, bint stacked):
    """Contiguous arrays of one dtype joined along an axis, in which alone their shapes differ; or stacked along a new
    one. None for other layouts, and for many slices of few bytes, each of which is a copy of its own."""
    cdef cnp.ndarray first = arrays[0], a, out
    cdef vector[const void*] parts
    cdef vector[int64_t] sizes
    cdef int64_t outer = 1, along = 0, least = 64
    cdef int d
    for item in arrays:
        if type(item) is not cnp.ndarray:
            return None
        a = <cnp.ndarray>item
        if not is_plain(a) or (a.descr is not first.descr and a.descr != first.descr):
            return None
    for d in range(axis):
        outer *= cnp.PyArray_DIM(first, d)
    if outer == 0:
        return None
    for item in arrays:
        a = <cnp.ndarray>item
        parts.push_back(cnp.PyArray_DATA(a))
        sizes.push_back(cnp.PyArray_NBYTES(a) // outer)
        least = min(least, sizes.back())
        along += 1 if stacked else cnp.PyArray_DIM(a, axis)
    if outer > 64 and least < 64:
        return None
    shape = shape_of(first)
    out = empty_array((*shape[:axis], along, *shape[axis + (0 if stacked else 1):]), first.dtype)
    cdef void* to = cnp.PyArray_DATA(out)
    if cnp.PyArray_SIZE(out) == 0:
        return out
    state = pause(cnp.PyArray_NBYTES(out) > 65536)
    fb_join(<int>sizes.size(), parts.data(), sizes.data(), outer, to)
    resume(state)
    return out
