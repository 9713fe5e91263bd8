# cython: language_level=3
"""NumPy's arrays of one element become Python numbers as before NumPy 2.4, whatever their number of dimensions.

That is `float(a)`, `int(a)`, `"%.4f" % a`, `math.log(a)` and `b[0] = a`. They ask the type, in C: no name can be put back.
"""

import numpy as np

cdef extern from "Python.h":
    ctypedef object (*unaryfunc)(object)

    ctypedef struct PyNumberMethods:
        unaryfunc nb_int
        unaryfunc nb_float

    ctypedef struct PyTypeObject:
        PyNumberMethods* tp_as_number

cdef PyNumberMethods* numbers = (<PyTypeObject*><void*>np.ndarray).tp_as_number
cdef unaryfunc numpys_int = numbers.nb_int
cdef unaryfunc numpys_float = numbers.nb_float


cdef scalar(array):
    return array.reshape(()) if array.ndim and array.size == 1 else array


cdef object as_int(object array):
    return numpys_int(scalar(array))


cdef object as_float(object array):
    return numpys_float(scalar(array))


def install():
    """Arrays of one element are converted from now on."""
    numbers.nb_int, numbers.nb_float = as_int, as_float


def remove():
    """NumPy decides again."""
    numbers.nb_int, numbers.nb_float = numpys_int, numpys_float
