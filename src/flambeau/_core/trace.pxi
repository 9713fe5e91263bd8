# A tracer (jit/tracing.py) sees the calls of ops of its thread, and makes them. The watched paths of profile.pxi hand
# them over while TRACE_CALLS is set; nothing here is reached otherwise.

from cpython.pythread cimport PyThread_get_thread_ident

cdef object tracer = None
cdef unsigned long tracer_thread = 0
cdef bint tracer_paused = False


def set_tracer(found):
    """Hands the calls of this thread to a tracer from now on; None ends it. The one before.

    A tracer has the methods call(function, args, kwargs), apply(function, args) for the arguments of forward,
    getitem(x, key), setitem(x, key, value) and function(cls, *rest) for an autograd.Function. Each makes the call and
    returns its result. RuntimeError when another thread traces.
    """
    global tracer, tracer_thread, tracer_paused
    if tracer is not None and tracer_thread != PyThread_get_thread_ident():
        raise RuntimeError("another thread is tracing: only one can at a time")
    before = tracer
    tracer = found
    tracer_thread = PyThread_get_thread_ident()
    tracer_paused = False
    set_extra("trace_calls", found is not None)
    set_entries()
    return before


def pause_tracer(bint paused):
    """Whether the tracer of this thread does not see calls for now; whether it did not before."""
    global tracer_paused
    cdef bint before = tracer_paused
    tracer_paused = paused
    return before


def current_tracer():
    """The tracer that sees the calls of this thread; None while there is none, and while it is paused."""
    return tracer if is_traced() else None


cdef inline bint is_traced() noexcept:
    return extras & TRACE_CALLS and not tracer_paused and tracer_thread == PyThread_get_thread_ident()


cdef object trace_call(OpFunction f, PyObject** args, Py_ssize_t n, PyObject* kwnames):
    """Hands a call to the tracer."""
    cdef dict kwargs = {}
    cdef Py_ssize_t i
    if kwnames != NULL:
        for i, name in enumerate(<tuple><object>kwnames):
            kwargs[name] = <object>args[n + i]
    return tracer.call(f, tuple([<object>args[i] for i in range(n)]), kwargs)


def run_call(OpFunction f not None, tuple args, dict kwargs):
    """A call of an op past the tracer: it sees what the op itself calls."""
    cdef PyObject* made
    cdef tuple names = tuple(kwargs)
    cdef tuple given = args + tuple(kwargs.values())
    made = op_vectorcall(<PyObject*>f, FB_TUPLE_ITEMS(given), <size_t>PyTuple_GET_SIZE(args),
                         <PyObject*>names if names else NULL)
    result = <object>made
    Py_DECREF(result)
    return result


def run_bound(OpFunction f not None, bound, out=None):
    """An op past the tracer, on what `bound_call` gave for its arguments without out=."""
    if type(bound) is not tuple:
        return bound if out is None else store_out(f, bound, out)
    if out is not None:
        return apply_out(f, <tuple>bound, out)
    return apply_bound(f, <tuple>bound)


def run_function(cls, Node node not None, forward, backward, tuple args, setup_context):
    """An autograd.Function past the tracer, which sees what its forward calls."""
    return apply_user_function(cls, node, forward, backward, args, setup_context)
