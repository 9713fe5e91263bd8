# Automatic mixed precision. What is cast to which dtype is said in ops/autocast.py; here is how a call gets there. Ops are
# entered elsewhere once autocast has been on (`entry_of`), so that until then they pay nothing.

cdef object cast_call = None


def set_cast_call(call):
    """Sets what a call of a casting function becomes while autocast is on: call(function, casts, args, kwargs)."""
    global cast_call
    cast_call = call


def set_casting(bint on):
    """Sets whether functions cast their arguments in this thread; returns whether they did."""
    global fb_casting
    cdef bint old = fb_casting
    if on and not extras & AUTOCAST:
        set_extra("autocast", True)
        set_entries()
    fb_casting = on
    return old


cdef object cast_and_call(object function, object casts, PyObject** args, Py_ssize_t n, PyObject* kwnames):
    cdef Py_ssize_t i
    given = tuple([<object>args[i] for i in range(n)])
    kwargs = {} if kwnames == NULL else {name: <object>args[n + i] for i, name in enumerate(<tuple><object>kwnames)}
    return cast_call(function, casts, given, kwargs)


cdef PyObject* casting_vectorcall(PyObject* callable, PyObject** args, size_t nargsf, PyObject* kwnames) except NULL:
    """A call of an op that has `casts`."""
    cdef OpFunction f = <OpFunction><object>callable
    if not fb_casting:
        return watched_vectorcall(callable, args, nargsf, kwnames) if extras & WATCHED else \
            op_vectorcall(callable, args, nargsf, kwnames)
    result = cast_and_call(f, f.casts, args, PyVectorcall_NARGS(nargsf), kwnames)
    Py_INCREF(result)
    return <PyObject*>result


cdef class CastingFunction:
    """CastingFunction(function, casts): a Python function whose arguments autocast casts."""
    cdef vectorcallfunc vectorcall
    cdef readonly object __wrapped__
    cdef readonly object casts
    cdef dict __dict__

    def __cinit__(self, function, casts):
        self.vectorcall = <vectorcallfunc><void*>casting_function_vectorcall
        self.__wrapped__ = function
        self.casts = casts
        for attribute in ("__name__", "__qualname__", "__module__"):
            setattr(self, attribute, getattr(function, attribute))

    def __get__(self, instance, owner):
        return self if instance is None else PyMethod_New(self, instance)

    def __reduce__(self):
        return self.__qualname__

    def __repr__(self):
        return f"<flambeau function {self.__qualname__}>"

    @property
    def __doc__(self):
        return self.__wrapped__.__doc__


cdef PyObject* casting_function_vectorcall(PyObject* callable, PyObject** args, size_t nargsf,
                                           PyObject* kwnames) except NULL:
    cdef CastingFunction f = <CastingFunction><object>callable
    if not fb_casting:
        return fb_vectorcall_raw(<PyObject*>f.__wrapped__, args, nargsf, kwnames)
    result = cast_and_call(f, f.casts, args, PyVectorcall_NARGS(nargsf), kwnames)
    Py_INCREF(result)
    return <PyObject*>result


cdef CastingFunction _casting_probe = CastingFunction.__new__(CastingFunction, len, None)
fb_make_vectorcall(<PyTypeObject*>CastingFunction, <char*>&_casting_probe.vectorcall - <char*><PyObject*>_casting_probe)
