# What other extension modules of this folder call in `core` without a detour through Python.
cimport numpy as cnp

cdef object new_array(void* descr, int nd, const cnp.npy_intp* dims)
