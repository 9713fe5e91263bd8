# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""libflambeau on NumPy arrays: the random generator, matrix products, softmax, optimiser steps; checksums.

Functions take and return arrays. One that returns None has no kernel for the dtype or the layout: the caller goes on
with the base kernel. Work of more than some microseconds is done without the GIL.
"""

cimport numpy as cnp
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.object cimport PyObject
from libc.math cimport exp, fabs, floor, lgamma, log, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy
from libcpp.vector cimport vector

import os
import weakref
from _thread import allocate_lock

from .core cimport new_array

from .core import code_of, descr_for, empty_array

cnp.import_array()

cdef extern from "flambeau.h" nogil:
    ctypedef struct fb_mt19937:
        uint32_t mt[624]
        int32_t index
        int32_t has_normal
        double normal
        int32_t stream
    void fb_mt_seed(fb_mt19937*, uint32_t)
    uint64_t fb_mt_random64(fb_mt19937*)
    int fb_mt_uniform(fb_mt19937*, int, void*, int64_t, double, double)
    int fb_mt_normal(fb_mt19937*, int, void*, int64_t, double, double)
    int fb_mt_randint(fb_mt19937*, int, void*, int64_t, int64_t, uint64_t)
    int fb_mt_random(fb_mt19937*, int, void*, int64_t)
    int fb_mt_randperm(fb_mt19937*, int64_t*, int64_t)
    int fb_mt_bernoulli(fb_mt19937*, int, void*, int64_t, double)
    int fb_mt_bernoulli_probs(fb_mt19937*, int, void*, int, const void*, int64_t)
    int fb_mt_exponential(fb_mt19937*, int, void*, int64_t, double)
    int fb_mt_geometric(fb_mt19937*, double*, int64_t, double)
    int fb_th_multinomial(fb_mt19937*, int, const void*, int64_t, int64_t, int64_t, int, int64_t*)
    uint32_t fb_crc32(uint32_t, const void*, int64_t)
    int fb_read(int, int64_t, void*, int64_t, uint32_t*)
    int fb_mt_gamma(fb_mt19937*, int, void*, int64_t)
    int fb_mt_binomial(fb_mt19937*, int, void*, const void*, int64_t)
    void fb_gamma_implicit(const double*, const double*, double*, int64_t)
    void fb_beta_implicit(const double*, const double*, const double*, double*, int64_t)
    int fb_blas_load(const char*)
    int fb_blas_loaded()
    int fb_gemm(int, int, int, int64_t, int64_t, int64_t, double, double, const void*, int64_t, const void*, int64_t,
                double, void*, int64_t)
    int fb_gemm_bias(int, int, int, int64_t, int64_t, int64_t, const void*, int64_t, const void*, int64_t, const void*,
                     void*, int64_t)
    int fb_gemm_batched(int, int, int, int64_t, int64_t, int64_t, int64_t, double, double, const void*, int64_t,
                        int64_t, const void*, int64_t, int64_t, double, void*, int64_t, int64_t)
    int fb_optimise(int, int, int64_t, const int64_t*, int, void***, int, const double*, int, const double*)
    int fb_softmax(int, int, int64_t, int64_t, int64_t, const void*, void*)
    int fb_softmax_grad(int, int, int64_t, int64_t, int64_t, const void*, const void*, void*)

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState* PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState*)

cdef enum:
    INT64 = 5
    FLOAT32 = 8
    FLOAT64 = 9
    COMPLEX128 = 11
    SMALL_FILL = 8192     # elements that are filled without giving up the GIL

cdef double SMALL_WORK = 100000.0     # operations that are done without giving up the GIL


cdef inline PyThreadState* pause(bint large):
    """Gives up the GIL for large work; until resume() no Python object may be touched."""
    return PyEval_SaveThread() if large else NULL


cdef inline int resume(PyThreadState* state) except -1:
    if state != NULL:
        PyEval_RestoreThread(state)
    return 0


cdef inline int checked(int status, str what) except -1:
    if status == 0:
        return 0
    if status == -4:
        raise MemoryError(f"{what}: out of memory")
    raise RuntimeError({-1: f"{what}: no kernel for this dtype", -2: f"{what}: an argument is out of its range",
                        -3: f"{what}: a shared library could not be loaded"}.get(status, f"{what}: error {status}"))


cdef inline bint is_plain(cnp.ndarray a):
    return (cnp.PyArray_FLAGS(a) & (cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED)) == \
        (cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED)


cdef inline int float_code(cnp.ndarray a):
    """The dtype code of float32, float64, complex64, complex128; -1 for others."""
    cdef int num = cnp.PyArray_TYPE(a)
    if num == cnp.NPY_FLOAT:
        return FLOAT32
    if num == cnp.NPY_DOUBLE:
        return FLOAT64
    if num == cnp.NPY_CFLOAT:
        return 10
    if num == cnp.NPY_CDOUBLE:
        return COMPLEX128
    return -1


include "random.pxi"


# ------------------------------------------------------------------------------------------- matrix products

cdef bint blas_asked = False


cdef int need_blas(double work) except -1:
    """Loads OpenBLAS before the first product that is large enough to gain from it."""
    global blas_asked
    if blas_asked or work < 16000.0:
        return 0
    from .openblas import library_path
    path = library_path()
    if fb_blas_load(path.encode()) < 0:
        raise ImportError(f"OpenBLAS does not load from {path}: run `pip install --force-reinstall scipy-openblas32`")
    blas_asked = True
    return 0


cdef struct Operand:
    char* data
    int trans
    int64_t ld


cdef bint as_operand(char* data, int64_t rows, int64_t cols, int64_t row_step, int64_t col_step, int64_t item,
                     Operand* out) noexcept:
    """A matrix of byte steps in BLAS's terms: rows, or columns, are runs of neighbours. False when neither is."""
    out.data = data
    if (col_step == item or cols <= 1) and (rows <= 1 or (row_step >= cols * item and row_step % item == 0)):
        out.trans = 0
        out.ld = row_step // item if rows > 1 else max(cols, 1)
        return True
    if (row_step == item or rows <= 1) and (cols <= 1 or (col_step >= rows * item and col_step % item == 0)):
        out.trans = 1
        out.ld = col_step // item if cols > 1 else max(rows, 1)
        return True
    return False


cdef tuple _shape(cnp.ndarray a, int end):
    cdef int i
    return tuple([cnp.PyArray_DIM(a, i) for i in range(end)])


cdef inline object new_matrix(cnp.ndarray like, int64_t rows, int64_t columns):
    """An uninitialised matrix of the dtype of an array."""
    cdef cnp.npy_intp dims[2]
    dims[0] = rows
    dims[1] = columns
    return new_array(<void*>cnp.PyArray_DESCR(like), 2, dims)


cdef object contiguous(cnp.ndarray a):
    """A C-contiguous, aligned copy of the same shape."""
    out = new_array(<void*>cnp.PyArray_DESCR(a), cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a))
    out[...] = a
    return out


cdef object mismatch(a, b):
    return RuntimeError(f"matmul: the shapes {a.shape} and {b.shape} cannot be multiplied: the last dimension of the first "
                        "must be the last but one of the second")


def mm(cnp.ndarray a not None, cnp.ndarray b not None):
    """The product of two matrices; None for anything else, for dtypes that matmul has no kernel for, and for sizes that
    do not fit."""
    cdef int code = float_code(a)
    if code < 0 or cnp.PyArray_TYPE(b) != cnp.PyArray_TYPE(a) or cnp.PyArray_NDIM(a) != 2 or cnp.PyArray_NDIM(b) != 2 \
            or cnp.PyArray_DIM(a, 1) != cnp.PyArray_DIM(b, 0):
        return None
    return matrix_product(code, a, b)


def matmul(cnp.ndarray a not None, cnp.ndarray b not None):
    """The matrix product of two arrays of one dtype with NumPy's rules for 1-D arguments and batches; None for dtypes
    other than float32, float64, complex64, complex128."""
    cdef int code = float_code(a), na = cnp.PyArray_NDIM(a), nb = cnp.PyArray_NDIM(b)
    if code < 0 or cnp.PyArray_TYPE(b) != cnp.PyArray_TYPE(a) or na == 0 or nb == 0:
        return None
    if na == 2 and nb == 2:
        return matrix_product(code, a, b)
    if na <= 2 and nb <= 2:
        rows = a.reshape(1, -1) if na == 1 else a
        columns = b.reshape(-1, 1) if nb == 1 else b
        if cnp.PyArray_DIM(rows, 1) != cnp.PyArray_DIM(columns, 0):
            raise mismatch(a, b)
        out = matrix_product(code, rows, columns)
        return out.reshape((() if na == 1 else out.shape[:1]) + (() if nb == 1 else out.shape[1:]))
    if nb <= 2 and is_plain(a):                # the batch of a is a longer matrix
        if cnp.PyArray_DIM(a, na - 1) != cnp.PyArray_DIM(b, 0):
            raise mismatch(a, b)
        out = matmul(a.reshape(_rows(a), cnp.PyArray_DIM(a, na - 1)), b)
        return out.reshape(_shape(a, na - 1) + out.shape[1:])
    return batched_product(code, a.reshape(1, -1) if na == 1 else a, b.reshape(-1, 1) if nb == 1 else b, na == 1, nb == 1)


cdef int64_t _rows(cnp.ndarray a):
    cdef int64_t n = 1
    cdef int i
    for i in range(cnp.PyArray_NDIM(a) - 1):
        n *= cnp.PyArray_DIM(a, i)
    return n


cdef object matrix_product(int code, cnp.ndarray a, cnp.ndarray b):
    cdef int64_t m = cnp.PyArray_DIM(a, 0), k = cnp.PyArray_DIM(a, 1), n = cnp.PyArray_DIM(b, 1)
    cdef int64_t item = cnp.PyArray_ITEMSIZE(a)
    cdef Operand p, q
    cdef int status
    if cnp.PyArray_DIM(b, 0) != k:
        raise mismatch(a, b)
    if not cnp.PyArray_ISALIGNED(a) or not as_operand(
            cnp.PyArray_BYTES(a), m, k, cnp.PyArray_STRIDE(a, 0), cnp.PyArray_STRIDE(a, 1), item, &p):
        a = contiguous(a)
        as_operand(cnp.PyArray_BYTES(a), m, k, k * item, item, item, &p)
    if not cnp.PyArray_ISALIGNED(b) or not as_operand(
            cnp.PyArray_BYTES(b), k, n, cnp.PyArray_STRIDE(b, 0), cnp.PyArray_STRIDE(b, 1), item, &q):
        b = contiguous(b)
        as_operand(cnp.PyArray_BYTES(b), k, n, n * item, item, item, &q)
    out = new_matrix(a, m, n)
    cdef char* c = cnp.PyArray_BYTES(out)
    cdef double work = 2.0 * m * n * k
    need_blas(work)
    state = pause(work > SMALL_WORK)
    status = fb_gemm(code, p.trans, q.trans, m, n, k, 1.0, 0.0, p.data, p.ld, q.data, q.ld, 0.0, c, n)
    resume(state)
    checked(status, "matmul")
    return out


cdef bint fits(cnp.ndarray x):
    """Whether the matrices in the last two dimensions of x can be given to BLAS as they lie."""
    cdef Operand p
    cdef int d = cnp.PyArray_NDIM(x)
    return cnp.PyArray_ISALIGNED(x) and as_operand(
        cnp.PyArray_BYTES(x), cnp.PyArray_DIM(x, d - 2), cnp.PyArray_DIM(x, d - 1), cnp.PyArray_STRIDE(x, d - 2),
        cnp.PyArray_STRIDE(x, d - 1), cnp.PyArray_ITEMSIZE(x), &p)


cdef object batched_product(int code, cnp.ndarray a, cnp.ndarray b, bint drop_row, bint drop_column):
    """Products over broadcast batch dimensions. Neighbouring dimensions with one common step are walked as one; the
    innermost is one call of the library."""
    cdef int na = cnp.PyArray_NDIM(a) - 2, nb = cnp.PyArray_NDIM(b) - 2, nd = max(na, nb), i, j, last
    cdef int64_t m = cnp.PyArray_DIM(a, na), k = cnp.PyArray_DIM(a, na + 1), n = cnp.PyArray_DIM(b, nb + 1)
    cdef int64_t item = cnp.PyArray_ITEMSIZE(a), da, db, batch = 1, step_a, step_b, outer, t, index
    cdef vector[int64_t] dims, sa, sb
    cdef Operand p, q
    cdef int status = 0
    if cnp.PyArray_DIM(b, nb) != k:
        raise mismatch(a, b)
    if not fits(a):
        a = contiguous(a)
    if not fits(b):
        b = contiguous(b)
    shape = []
    for i in range(nd):
        da = cnp.PyArray_DIM(a, i - nd + na) if i - nd + na >= 0 else 1
        db = cnp.PyArray_DIM(b, i - nd + nb) if i - nd + nb >= 0 else 1
        if da != db and da != 1 and db != 1:
            raise RuntimeError(f"The size of tensor a ({da}) must match the size of tensor b ({db}) at non-singleton "
                               f"dimension {i}: matmul of the shapes "
                               f"{_shape(a, na + 2)} and {_shape(b, nb + 2)}")
        if da != 1:
            db = da
        shape.append(db)
        step_a = cnp.PyArray_STRIDE(a, i - nd + na) if da != 1 else 0
        step_b = cnp.PyArray_STRIDE(b, i - nd + nb) if i - nd + nb >= 0 and cnp.PyArray_DIM(b, i - nd + nb) != 1 else 0
        batch *= db
        if db == 1:
            continue
        if dims.size() and sa.back() == step_a * db and sb.back() == step_b * db:
            dims[dims.size() - 1] *= db
            sa[sa.size() - 1] = step_a
            sb[sb.size() - 1] = step_b
        else:
            dims.push_back(db)
            sa.push_back(step_a)
            sb.push_back(step_b)
    out = empty_array(tuple(shape) + (m, n), a.dtype)
    as_operand(cnp.PyArray_BYTES(a), m, k, cnp.PyArray_STRIDE(a, na), cnp.PyArray_STRIDE(a, na + 1), item, &p)
    as_operand(cnp.PyArray_BYTES(b), k, n, cnp.PyArray_STRIDE(b, nb), cnp.PyArray_STRIDE(b, nb + 1), item, &q)
    if not dims.size():
        dims.push_back(1)
        sa.push_back(0)
        sb.push_back(0)
    last = <int>dims.size() - 1
    cdef char* c = cnp.PyArray_BYTES(out)
    cdef char* pa
    cdef char* pb
    cdef double work = 2.0 * m * n * k * batch
    outer = batch // dims[last] if batch else 0
    need_blas(work)
    state = pause(work > SMALL_WORK)
    for t in range(outer):
        pa, pb, index = p.data, q.data, t
        for j in range(last - 1, -1, -1):
            pa += index % dims[j] * sa[j]
            pb += index % dims[j] * sb[j]
            index //= dims[j]
        status |= fb_gemm_batched(code, p.trans, q.trans, dims[last], m, n, k, 1.0, 0.0, pa, p.ld, sa[last], pb, q.ld,
                                  sb[last], 0.0, c + t * dims[last] * m * n * item, n, m * n * item)
    resume(state)
    checked(status, "matmul")
    if drop_row or drop_column:
        return out.reshape(tuple(shape) + (() if drop_row else (m,)) + (() if drop_column else (n,)))
    return out


def linear(cnp.ndarray x not None, cnp.ndarray w not None, b=None):
    """x w^T + b for x (m, k), w (n, k) and b (n) or None, of one dtype; None where matmul has no kernel."""
    cdef int code = float_code(x)
    cdef Operand p, q
    cdef int status
    if code < 0 or cnp.PyArray_NDIM(x) != 2 or cnp.PyArray_NDIM(w) != 2 or \
            cnp.PyArray_TYPE(w) != cnp.PyArray_TYPE(x):
        return None
    cdef int64_t m = cnp.PyArray_DIM(x, 0), k = cnp.PyArray_DIM(x, 1), n = cnp.PyArray_DIM(w, 0)
    cdef int64_t item = cnp.PyArray_ITEMSIZE(x)
    if cnp.PyArray_DIM(w, 1) != k:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({m}x{k} and {cnp.PyArray_DIM(w, 1)}x{n})")
    cdef cnp.ndarray bias
    cdef void* bias_data = NULL
    if b is not None:
        bias = b
        if cnp.PyArray_TYPE(bias) != cnp.PyArray_TYPE(x) or cnp.PyArray_NDIM(bias) != 1 or cnp.PyArray_DIM(bias, 0) != n:
            return None
        if not is_plain(bias):
            bias = contiguous(bias)
        bias_data = cnp.PyArray_DATA(bias)
    if not cnp.PyArray_ISALIGNED(x) or not as_operand(
            cnp.PyArray_BYTES(x), m, k, cnp.PyArray_STRIDE(x, 0), cnp.PyArray_STRIDE(x, 1), item, &p):
        x = contiguous(x)
        as_operand(cnp.PyArray_BYTES(x), m, k, k * item, item, item, &p)
    # w seen as its transpose, (k, n)
    if not cnp.PyArray_ISALIGNED(w) or not as_operand(
            cnp.PyArray_BYTES(w), k, n, cnp.PyArray_STRIDE(w, 1), cnp.PyArray_STRIDE(w, 0), item, &q):
        w = contiguous(w)
        as_operand(cnp.PyArray_BYTES(w), k, n, item, k * item, item, &q)
    out = new_matrix(x, m, n)
    cdef char* c = cnp.PyArray_BYTES(out)
    cdef double work = 2.0 * m * n * k
    need_blas(work)
    state = pause(work > SMALL_WORK)
    status = fb_gemm_bias(code, p.trans, q.trans, m, n, k, p.data, p.ld, q.data, q.ld, bias_data, c, n)
    resume(state)
    checked(status, "linear")
    return out


# -------------------------------------------------------------------------------------------------- softmax

cdef bint split(cnp.ndarray x, int axis, int64_t* outer, int64_t* n, int64_t* inner):
    """The sizes before, at and after an axis; False when the axis does not exist."""
    cdef int nd = cnp.PyArray_NDIM(x), i
    outer[0] = n[0] = inner[0] = 1
    if axis < 0:
        axis += max(nd, 1)
    if not 0 <= axis < max(nd, 1):
        return False
    for i in range(nd):
        if i < axis:
            outer[0] *= cnp.PyArray_DIM(x, i)
        elif i == axis:
            n[0] = cnp.PyArray_DIM(x, i)
        else:
            inner[0] *= cnp.PyArray_DIM(x, i)
    return True


def softmax(cnp.ndarray x not None, int axis, bint logarithm):
    """softmax or its logarithm along an axis: float32, float64; None for others."""
    cdef int code = float_code(x), status
    cdef int64_t outer, n, inner
    if (code != FLOAT32 and code != FLOAT64) or not split(x, axis, &outer, &n, &inner):
        return None
    if not is_plain(x):
        x = contiguous(x)
    out = new_array(<void*>cnp.PyArray_DESCR(x), cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x))
    cdef char* to = cnp.PyArray_BYTES(out)
    state = pause(cnp.PyArray_SIZE(x) > 4096)
    status = fb_softmax(code, logarithm, outer, n, inner, cnp.PyArray_DATA(x), to)
    resume(state)
    checked(status, "softmax")
    return out


def softmax_grad(cnp.ndarray g not None, cnp.ndarray y not None, int axis, bint logarithm):
    """The gradient of softmax's input from the gradient g of its output y; None where softmax has no kernel."""
    cdef int code = float_code(y), status
    cdef int64_t outer, n, inner
    if (code != FLOAT32 and code != FLOAT64) or cnp.PyArray_TYPE(g) != cnp.PyArray_TYPE(y) or \
            not split(y, axis, &outer, &n, &inner) or not cnp.PyArray_SAMESHAPE(g, y):
        return None
    if not is_plain(g):
        g = contiguous(g)
    if not is_plain(y):
        y = contiguous(y)
    out = new_array(<void*>cnp.PyArray_DESCR(y), cnp.PyArray_NDIM(y), cnp.PyArray_DIMS(y))
    cdef char* to = cnp.PyArray_BYTES(out)
    state = pause(cnp.PyArray_SIZE(y) > 4096)
    status = fb_softmax_grad(code, logarithm, outer, n, inner, cnp.PyArray_DATA(g), cnp.PyArray_DATA(y), to)
    resume(state)
    checked(status, "softmax_grad")
    return out


# ---------------------------------------------------------------------------------------------- optimisers

cdef bint is_dense(cnp.ndarray a) noexcept:
    """Whether the elements lie one beside the other in some order of the dimensions."""
    cdef int ndim = cnp.PyArray_NDIM(a), d, found = 0
    cdef cnp.npy_intp step = cnp.PyArray_ITEMSIZE(a)
    cdef uint64_t used = 0
    for d in range(ndim):
        if cnp.PyArray_DIM(a, d) == 1:
            used |= <uint64_t>1 << d
            found += 1
    while found < ndim:
        for d in range(ndim):
            if not used >> d & 1 and cnp.PyArray_STRIDE(a, d) == step:
                break
        else:
            return False
        used |= <uint64_t>1 << d
        step *= cnp.PyArray_DIM(a, d)
        found += 1
    return True


cdef bint in_same_order(cnp.ndarray a, cnp.ndarray b) noexcept:
    """Whether a and b, both dense, have their elements in the same order in memory."""
    cdef int d
    if not cnp.PyArray_SAMESHAPE(a, b):
        return False
    for d in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_DIM(a, d) != 1 and cnp.PyArray_STRIDE(a, d) != cnp.PyArray_STRIDE(b, d):
            return False
    return True


cdef bint addresses(object arrays, object like, int num, vector[int64_t]* sizes, vector[void*]* out,
                    bint written) except -1:
    """The addresses of a list of arrays; False unless all are of dtype `num`, dense, and have the sizes and the order of
    dimensions in memory of those in `like` (which may be the same list)."""
    cdef cnp.ndarray a
    cdef size_t i = 0
    cdef bint first = sizes.size() == 0
    for item in arrays:
        if type(item) is not cnp.ndarray:
            return False
        a = <cnp.ndarray>item
        if cnp.PyArray_TYPE(a) != num or (written and not cnp.PyArray_ISWRITEABLE(a)):
            return False
        if not is_plain(a) and not (cnp.PyArray_ISALIGNED(a) and cnp.PyArray_ISNOTSWAPPED(a) and is_dense(a)):
            return False
        if not first and (i >= sizes.size() or not is_plain(a) or not is_plain(<cnp.ndarray>like[i])):
            if i >= sizes.size() or not in_same_order(a, <cnp.ndarray>like[i]):
                return False
        if first:
            sizes.push_back(cnp.PyArray_SIZE(a))
        elif i >= sizes.size() or deref(sizes, i) != cnp.PyArray_SIZE(a):
            return False
        out.push_back(cnp.PyArray_DATA(a))
        i += 1
    return i == sizes.size()


cdef inline int64_t deref(vector[int64_t]* v, size_t i) noexcept:
    return v[0][i]


def optimise(int rule, lists, numbers, settings):
    """One step of a rule (`enum fb_optim_rule`) over lists of arrays of one dtype (float32 or float64), in place: the
    parameters, the gradients and the states (None for those left out); `numbers` are lists, `settings` numbers. False,
    nothing changed, for other dtypes and layouts."""
    cdef vector[int64_t] sizes
    cdef vector[vector[void*]] found
    cdef vector[void**] heads
    cdef vector[double] own, shared
    cdef size_t i
    if not lists[0]:
        return True
    cdef int code = float_code(lists[0][0]), status
    if code != FLOAT32 and code != FLOAT64:
        return False
    cdef int num = cnp.PyArray_TYPE(lists[0][0])
    found.resize(len(lists))
    for i in range(found.size()):
        if lists[i] is not None and not addresses(lists[i], lists[0], num, &sizes, &found[i], i != 1):
            return False
        heads.push_back(found[i].data() if lists[i] is not None else NULL)
    for values in numbers:
        if <size_t>len(values) != sizes.size():
            raise ValueError(f"optimise: {sizes.size()} parameters, {len(values)} numbers for them")
        for value in values:
            own.push_back(value)
    for value in settings:
        shared.push_back(value)
    state = pause(True)
    status = fb_optimise(rule, code, sizes.size(), sizes.data(), heads.size(), heads.data(), len(numbers), own.data(),
                         shared.size(), shared.data())
    resume(state)
    checked(status, "optimise")
    return True


# --------------------------------------------------------------------------------------------------- DLPack

cdef extern from "Python.h":
    bint PyCapsule_IsValid(object, const char*)
    void* PyCapsule_GetPointer(object, const char*) except NULL

cdef enum:
    # Where a DLTensor has its dtype: after the data pointer, the device and the number of dimensions.
    DL_TYPE = 20
    # A versioned capsule starts with version, context, deleter and flags.
    DL_VERSIONED_TYPE = 52


cdef uint8_t* dlpack_type_of(object capsule) except NULL:
    if PyCapsule_IsValid(capsule, "dltensor"):
        return <uint8_t*>PyCapsule_GetPointer(capsule, "dltensor") + DL_TYPE
    if PyCapsule_IsValid(capsule, "dltensor_versioned"):
        return <uint8_t*>PyCapsule_GetPointer(capsule, "dltensor_versioned") + DL_VERSIONED_TYPE
    raise RuntimeError("from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so "
                       "you might have already constructed a tensor from it once.")


def dlpack_type(capsule):
    """(type code, bits, versioned) of a DLPack capsule that was not consumed yet."""
    cdef uint8_t* t = dlpack_type_of(capsule)
    return t[0], t[1], not PyCapsule_IsValid(capsule, "dltensor")


def set_dlpack_type(capsule, int code):
    """Gives the elements of an unconsumed capsule another type code of the same size: NumPy knows no bfloat16 (code 4),
    which passes through it as uint16 (code 1)."""
    dlpack_type_of(capsule)[0] = code
    return capsule


def make_writable(cnp.ndarray a not None):
    """Marks an array as writable. NumPy takes capsules of DLPack before 1.0, which cannot say, for read-only."""
    cnp.PyArray_ENABLEFLAGS(a, cnp.NPY_ARRAY_WRITEABLE)
    return a


# -------------------------------------------------------------------------------------------- files

def crc32(data, uint32_t value=0):
    """crc32(data, value=0) -> int: the CRC-32 of contiguous bytes after others, whose CRC-32 is `value`; what
    `zlib.crc32` gives, several times faster."""
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        with nogil:
            value = fb_crc32(value, view.buf, view.len)
    finally:
        PyBuffer_Release(&view)
    return value


def read_into(int descriptor, int64_t offset, cnp.ndarray memory not None):
    """read_into(descriptor, offset, memory) -> int: fills a contiguous array with bytes of an open file, on several
    threads, and gives their CRC-32. EOFError when the file ends before, OSError for what the system reports."""
    cdef uint32_t checksum = 0
    cdef int64_t size = cnp.PyArray_NBYTES(memory)
    cdef void* place = cnp.PyArray_DATA(memory)
    cdef int status
    if not is_plain(memory):
        raise ValueError("read_into: the array must be contiguous")
    with nogil:
        status = fb_read(descriptor, offset, place, size, &checksum)
    if status > 0:
        raise OSError(status, os.strerror(status))
    if status < 0:
        raise EOFError("read_into: the file ends early")
    return checksum


include "conv.pxi"
include "norm.pxi"
include "rnn.pxi"
include "pool.pxi"
include "index.pxi"
