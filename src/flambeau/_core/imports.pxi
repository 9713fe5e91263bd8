cimport cython
cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject, Py_TYPE
from cpython.ref cimport Py_INCREF, Py_DECREF, Py_XDECREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy
from libcpp.vector cimport vector
from libcpp.utility cimport pair
from libcpp.queue cimport priority_queue

import numpy as np
import sys
import weakref
from collections import OrderedDict
from time import sleep

cnp.import_array()

cdef extern from *:
    """
    /* Per-thread modes of autograd. Python threads are OS threads, so C thread locals are exact. With glibc they lie in
       the static block, which spares a call at each access; it has room for some bytes of libraries loaded late. */
    #ifdef __GLIBC__
    #define FB_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) thread_local
    #else
    #define FB_THREAD_LOCAL thread_local
    #endif
    static FB_THREAD_LOCAL int fb_grad_mode = 1;
    static FB_THREAD_LOCAL int fb_inference_mode = 0;
    static FB_THREAD_LOCAL int fb_default_device = 0;
    static FB_THREAD_LOCAL int fb_casting = 0;             /* autocast is on */
    static FB_THREAD_LOCAL int fb_partial_backward = 0;    /* a backward pass for given inputs only is running */
    """
    int fb_grad_mode
    int fb_inference_mode
    int fb_casting                 # whether calls of this thread cast their arguments (autocast.pxi)
    int fb_default_device          # whether factories of this thread have a default device (device.py)
    int fb_partial_backward

cdef extern from "Python.h":
    ctypedef PyObject* (*vectorcallfunc)(PyObject*, PyObject**, size_t, PyObject*)
    Py_ssize_t PyVectorcall_NARGS(size_t)
    PyObject* PyVectorcall_Call(PyObject*, PyObject*, PyObject*)
    object fb_vectorcall "PyObject_Vectorcall"(PyObject*, PyObject**, size_t, PyObject*)
    PyObject* fb_vectorcall_raw "PyObject_Vectorcall"(PyObject*, PyObject**, size_t, PyObject*) except NULL
    int PySlice_Unpack(PyObject*, Py_ssize_t*, Py_ssize_t*, Py_ssize_t*) except -1
    Py_ssize_t PySlice_AdjustIndices(Py_ssize_t, Py_ssize_t*, Py_ssize_t*, Py_ssize_t)
    object PyMethod_New(object, object)
    void PyType_Modified(PyTypeObject*)
    unsigned long Py_TPFLAGS_HAVE_VECTORCALL
    unsigned long Py_TPFLAGS_METHOD_DESCRIPTOR
    Py_ssize_t Py_REFCNT(PyObject*)
    double PyFloat_AS_DOUBLE(PyObject*)
    long long PyLong_AsLongLongAndOverflow(PyObject*, int*)
    PyTypeObject PyFloat_Type
    PyTypeObject PyLong_Type
    PyTypeObject PyBool_Type
    PyTypeObject PyTuple_Type
    PyTypeObject PyList_Type
    PyTypeObject PySlice_Type
    ctypedef PyObject* (*newfunc)(PyTypeObject*, PyObject*, PyObject*)
    ctypedef PyObject* (*allocfunc)(PyTypeObject*, Py_ssize_t)
    ctypedef PyObject* (*ternaryfunc)(PyObject*, PyObject*, PyObject*)

cdef extern from *:
    """
    typedef struct { PyTypeObject t; } fb_type;
    #define FB_TP_NEW(T) (((PyTypeObject*)(T))->tp_new)
    #define FB_TP_ALLOC(T, n) (((PyTypeObject*)(T))->tp_alloc((PyTypeObject*)(T), (n)))
    static void fb_make_vectorcall(PyTypeObject* t, Py_ssize_t offset) {
        t->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
        t->tp_vectorcall_offset = offset;
        t->tp_call = PyVectorcall_Call;
        PyType_Modified(t);
    }
    """
    PyObject* FB_TP_ALLOC(PyObject*, Py_ssize_t)
    void fb_make_vectorcall(PyTypeObject*, Py_ssize_t)

cdef extern from "flambeau.h" nogil:
    ctypedef void (*fb_unary_loop)(char*, int64_t, const char*, int64_t, int64_t)
    ctypedef void (*fb_binary_loop)(char*, int64_t, const char*, int64_t, const char*, int64_t, int64_t)
    fb_unary_loop fb_get_unary(const char*, int, int*)
    fb_binary_loop fb_get_binary(const char*, int, int*)
    void fb_unary_nd(fb_unary_loop, int, const int64_t*, char*, const int64_t*, const char*, const int64_t*, int)
    void fb_binary_nd(fb_binary_loop, int, const int64_t*, char*, const int64_t*, const char*, const int64_t*,
                      const char*, const int64_t*, int)
    int fb_cast_nd(int, int, int, const int64_t*, char*, const int64_t*, const char*, const int64_t*)
    int fb_reduce_nd(int, int, int, const int64_t*, uint64_t, char*, const int64_t*, const char*, const int64_t*)
    int fb_reduce_dtype(int, int)
    int fb_num_threads()
    void fb_set_num_threads(int)
    void* fb_alloc(size_t)
    void* fb_calloc(size_t, size_t)
    void fb_free(void*)
    void* fb_realloc(void*, size_t)

cdef extern from *:
    """
    #include <numpy/arrayobject.h>
    #include "flambeau.h"
    /* While fb_count_bytes is set: the bytes of the arrays that this thread made, less those it freed. */
    static int fb_count_bytes = 0;
    static thread_local int64_t fb_bytes = 0;
    static inline void fb_count(int64_t n) { if (__builtin_expect(fb_count_bytes, 0)) fb_bytes += n; }
    /* NumPy's memory-handler protocol: an array made by fb_new_array owns memory of our allocator,
       and NumPy gives it back through this handler. */
    static void* fb_h_malloc(void*, size_t n) { fb_count(n); return fb_alloc(n); }
    static void* fb_h_calloc(void*, size_t n, size_t s) { fb_count(n * s); return fb_calloc(n, s); }
    static void* fb_h_realloc(void*, void* p, size_t n) { return fb_realloc(p, n); }
    static void fb_h_free(void*, void* p, size_t n) { fb_count(-(int64_t)n); fb_free(p); }
    static PyDataMem_Handler fb_handler = {
        "flambeau", 1, {NULL, fb_h_malloc, fb_h_calloc, fb_h_realloc, fb_h_free}};
    static PyObject* fb_handler_capsule = NULL;
    static int fb_init_handler() {
        fb_handler_capsule = PyCapsule_New(&fb_handler, "mem_handler", NULL);
        return fb_handler_capsule ? 0 : -1;
    }
    static inline PyObject* fb_adopt(PyArray_Descr* descr, int nd, const npy_intp* dims, const npy_intp* strides,
                                     void* data) {
        /* steals a reference to descr, and the data; no strides: row-major */
        PyObject* a = PyArray_NewFromDescr(&PyArray_Type, descr, nd, dims, strides, data, NPY_ARRAY_CARRAY, NULL);
        if (!a) { fb_free(data); return NULL; }
        PyArray_ENABLEFLAGS((PyArrayObject*)a, NPY_ARRAY_OWNDATA);
        Py_INCREF(fb_handler_capsule);
        ((PyArrayObject_fields*)a)->mem_handler = fb_handler_capsule;
        return a;
    }
    static inline size_t fb_nbytes(PyArray_Descr* descr, int nd, const npy_intp* dims) {
        size_t n = (size_t)PyDataType_ELSIZE(descr);
        for (int i = 0; i < nd; i++) n *= (size_t)dims[i];
        return n ? n : 1;
    }
    static inline PyObject* fb_no_memory(size_t n) {
        return PyErr_Format(PyExc_RuntimeError, "not enough memory: you tried to allocate %zu bytes.", n);
    }
    static inline PyObject* fb_new_array(void* d, int nd, const npy_intp* dims) {
        PyArray_Descr* descr = (PyArray_Descr*)d;
        size_t n = fb_nbytes(descr, nd, dims);
        void* data = fb_alloc(n);
        if (!data) return fb_no_memory(n);
        fb_count(n);
        Py_INCREF(descr);
        return fb_adopt(descr, nd, dims, NULL, data);
    }
    static inline PyObject* fb_new_ordered(void* d, int nd, const npy_intp* dims, const int* order) {
        /* order: the dimensions from the fastest to the slowest */
        PyArray_Descr* descr = (PyArray_Descr*)d;
        npy_intp strides[NPY_MAXDIMS], step = PyDataType_ELSIZE(descr);
        for (int i = 0; i < nd; i++) {
            strides[order[i]] = step;
            if (dims[order[i]] > 1) step *= dims[order[i]];
        }
        void* data = fb_alloc(fb_nbytes(descr, nd, dims));
        if (!data) return fb_no_memory(fb_nbytes(descr, nd, dims));
        Py_INCREF(descr);
        return fb_adopt(descr, nd, dims, strides, data);
    }
    static inline PyObject* fb_new_zeros(void* d, int nd, const npy_intp* dims) {
        PyArray_Descr* descr = (PyArray_Descr*)d;
        size_t n = fb_nbytes(descr, nd, dims);
        void* data = fb_calloc(1, n);
        if (!data) return fb_no_memory(n);
        fb_count(n);
        Py_INCREF(descr);
        return fb_adopt(descr, nd, dims, NULL, data);
    }
    #define FB_DESCR(a) (PyArray_DESCR((PyArrayObject*)(a)))
    #define FB_NUM(a) (FB_DESCR(a)->type_num)
    #define FB_NDIM(a) (PyArray_NDIM((PyArrayObject*)(a)))
    #define FB_DIMS(a) (PyArray_DIMS((PyArrayObject*)(a)))
    #define FB_STRIDES(a) (PyArray_STRIDES((PyArrayObject*)(a)))
    #define FB_DATA(a) ((char*)PyArray_DATA((PyArrayObject*)(a)))
    #define FB_FLAGS(a) (PyArray_FLAGS((PyArrayObject*)(a)))
    #define FB_ITEMSIZE(a) ((npy_intp)PyArray_ITEMSIZE((PyArrayObject*)(a)))
    #define FB_BASE(a) (PyArray_BASE((PyArrayObject*)(a)))
    #define FB_IS_ARRAY(a) (Py_TYPE((PyObject*)(a)) == &PyArray_Type)
    #define FB_PLAIN (NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED)
    static inline npy_intp FB_SIZE(PyObject* a) {
        npy_intp size = 1;
        for (int i = 0, n = FB_NDIM(a); i < n; i++) size *= FB_DIMS(a)[i];
        return size;
    }
    static inline int fb_same_shape(PyObject* a, PyObject* b) {
        int n = FB_NDIM(a);
        if (n != FB_NDIM(b)) return 0;
        const npy_intp *p = FB_DIMS(a), *q = FB_DIMS(b);
        for (int i = 0; i < n; i++) if (p[i] != q[i]) return 0;
        return 1;
    }
    static inline PyObject* fb_view(PyObject* owner, void* d, int nd, const npy_intp* dims,
                                    const npy_intp* strides, char* data) {
        /* an array over part of owner's memory */
        PyArray_Descr* descr = (PyArray_Descr*)d;
        Py_INCREF(descr);
        PyObject* a = PyArray_NewFromDescr(&PyArray_Type, descr, nd, dims, strides, data,
                                           FB_FLAGS(owner) & NPY_ARRAY_WRITEABLE, NULL);
        if (!a) return NULL;
        Py_INCREF(owner);
        if (PyArray_SetBaseObject((PyArrayObject*)a, owner) < 0) { Py_DECREF(a); return NULL; }
        return a;
    }
    """
    int fb_count_bytes
    int64_t fb_bytes
    int fb_init_handler()
    object fb_new_array(void* descr, int nd, const cnp.npy_intp* dims)
    object fb_new_ordered(void* descr, int nd, const cnp.npy_intp* dims, const int* order)
    object fb_new_zeros(void* descr, int nd, const cnp.npy_intp* dims)
    object fb_view(PyObject* owner, void* descr, int nd, const cnp.npy_intp* dims, const cnp.npy_intp* strides, char* data)
    void* FB_DESCR(PyObject*)
    int FB_NUM(PyObject*)
    int FB_NDIM(PyObject*)
    cnp.npy_intp* FB_DIMS(PyObject*)
    cnp.npy_intp* FB_STRIDES(PyObject*)
    char* FB_DATA(PyObject*)
    int FB_FLAGS(PyObject*)
    cnp.npy_intp FB_ITEMSIZE(PyObject*)
    cnp.npy_intp FB_SIZE(PyObject*)
    PyObject* FB_BASE(PyObject*)
    bint FB_IS_ARRAY(PyObject*)
    int FB_PLAIN
    int fb_same_shape(PyObject*, PyObject*)
    int NPY_ARRAY_WRITEABLE

if fb_init_handler() < 0:
    raise MemoryError("flambeau: cannot create the memory handler")


def is_grad_enabled():
    """Whether operations of this thread are recorded for backward."""
    return fb_grad_mode != 0


def set_grad_mode(bint mode):
    """Sets the grad mode of this thread; returns the previous one."""
    global fb_grad_mode
    cdef bint old = fb_grad_mode
    fb_grad_mode = mode
    return old


def is_inference_mode_enabled():
    return fb_inference_mode != 0


def set_inference_mode(bint mode):
    global fb_inference_mode
    cdef bint old = fb_inference_mode
    fb_inference_mode = mode
    return old
