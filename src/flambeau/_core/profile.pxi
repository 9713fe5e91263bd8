# What the profiler records: calls of ops, backward passes and named ranges with their times, as small structs in one queue.
# Nothing here is reached unless WATCH_CALLS or TRACE_CALLS is set. autograd/profiler.py makes tables and traces of it.
#
# An event is written where it begins, so the queue is ordered by time, and an event's parent stands before it. The GIL is
# held whenever the queue is used. A handle is the number of the session and the position in the queue: what ends after
# its session leaves the queue alone.

cdef extern from *:
    """
    #include <chrono>
    #include <deque>
    struct fb_event {
        PyObject* what;         /* see the kinds; owned */
        PyObject* notes;        /* a list, see notes_on, or NULL; owned */
        int64_t start, end;     /* ns of a clock that never goes back; end -1: has not ended */
        int64_t seq;            /* creation number of the node that was recorded, or is evaluated; -1: none */
        int64_t bytes;          /* NumPy and library memory that the thread took, less what it gave back */
        int32_t kind, thread, parent, depth;
    };
    struct fb_event_thread {
        int64_t session;        /* the session for which the rest is right */
        int32_t number, current, depth;
        int64_t handler_event;  /* the event during which NumPy allocates through our handler */
        PyObject* handler;      /* and the handler that it had */
    };
    static std::deque<fb_event> fb_events;
    static thread_local fb_event_thread fb_thread;
    static inline fb_event_thread* fb_this_thread() { return &fb_thread; }
    static inline int64_t fb_now() {
        using namespace std::chrono;
        return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
    }
    static inline PyObject* fb_count_numpy() { return PyDataMem_SetHandler(fb_handler_capsule); }
    static inline PyObject* fb_restore_numpy(PyObject* handler) { return PyDataMem_SetHandler(handler); }
    /* A function whose address is taken is not inlined for being called once: the short paths stay small. */
    static void* volatile fb_apart;
    #define FB_KEEP_APART(f) (fb_apart = (void*)(f))
    #define FB_TUPLE_ITEMS(t) (((PyTupleObject*)(t))->ob_item)
    """
    cppclass fb_event:
        PyObject* what
        PyObject* notes
        int64_t start, end, seq, bytes
        int kind, thread, parent, depth
    cppclass fb_event_thread:
        int64_t session
        int number, current, depth
        int64_t handler_event
        PyObject* handler
    cppclass fb_event_queue "std::deque<fb_event>":
        void push_back(fb_event&)
        fb_event& operator[](size_t)
        size_t size()
        void swap(fb_event_queue&)
    fb_event_queue fb_events
    fb_event_thread* fb_this_thread() noexcept
    int64_t fb_now() noexcept
    object fb_count_numpy()
    object fb_restore_numpy(PyObject*)
    void FB_KEEP_APART(void*)
    PyObject** FB_TUPLE_ITEMS(object)
    bint unlikely(bint)                # of Cython's own preamble

cdef enum:
    EVENT_OP = 0                       # what: the OpFunction
    EVENT_FUNCTION = 1                 # the class of an autograd.Function, for its forward
    EVENT_NODE = 2                     # the class of a node, for its backward
    EVENT_RANGE = 3                    # whatever open_range was given
    EVENT_INNER = 4                    # a str: work of the core that is no call of an op
    EVENT_NONE = 5                     # a short path that gave way to the general one
    EVENT_BITS = 40

cdef int64_t session = 0
cdef bint note_shapes = False
cdef object note_stack = None          # a function that returns the stack of its caller, or None
cdef list event_threads = []           # (native id, name) of the threads of this session


def start_events(bint shapes=False, bint memory=False, stack=None):
    """Begins to record, in all threads. `stack` is a function without arguments that is called for the stack of each event.
    Returns the time, in ns of the clock of the events."""
    global session, note_shapes, note_stack, event_threads, fb_count_bytes
    if extras & WATCH_CALLS:
        raise RuntimeError("a profiler is running already: only one can be active at a time. End it before starting another.")
    session += 1
    note_shapes = shapes
    note_stack = stack
    event_threads = []
    fb_count_bytes = memory
    set_extra("watch_calls", True)
    set_entries()
    return fb_now()


def is_recording_events():
    """Whether a profiler is running."""
    return extras & WATCH_CALLS != 0


def stop_events():
    """Ends the recording. The events in the order in which they began, each a tuple (kind, what, start, end, seq, bytes,
    thread, parent, depth, notes), and the list of threads as (native id, name). What has not ended ends now."""
    global note_stack, fb_count_bytes
    cdef int64_t now = fb_now()
    cdef fb_event_queue queue
    cdef fb_event* e
    cdef list events = []
    cdef size_t i
    set_extra("watch_calls", False)
    set_entries()
    fb_count_bytes = False
    note_stack = None
    queue.swap(fb_events)
    for i in range(queue.size()):
        e = &queue[i]
        ended = e.end >= 0
        notes = None
        if e.notes != NULL:
            notes = <object>e.notes
            Py_DECREF(notes)
        events.append((e.kind, <object>e.what, e.start, e.end if ended else now, e.seq, e.bytes if ended else 0,
                       e.thread, e.parent, e.depth, notes))
        Py_DECREF(<object>e.what)
    return events, event_threads


cdef int enter_thread(fb_event_thread* here) except -1:
    """The first event of a thread in this session."""
    identity = threading.get_native_id(), threading.current_thread().name
    event_threads.append(identity)
    here.session = session
    here.number = <int>len(event_threads) - 1
    here.current = -1
    here.depth = 0
    return 0


cdef int64_t open_event(int kind, object what, int64_t seq, object notes) except -1:
    """Begins an event of this thread; its handle, for close_event. 0 when no profiler runs."""
    cdef fb_event_thread* here = fb_this_thread()
    cdef fb_event e
    cdef int64_t handle
    cdef bint counting = False
    if not extras & WATCH_CALLS:
        return 0
    if here.session != session:
        enter_thread(here)
    if fb_count_bytes and kind != EVENT_RANGE and here.handler == NULL:
        old = fb_count_numpy()
        here.handler = <PyObject*>old
        here.handler_event = 0                 # the number of no event
        Py_INCREF(old)
        counting = True
    if here.session != session or not extras & WATCH_CALLS:       # ended by what another thread ran meanwhile
        if counting:
            restore_handler(here)
        return 0
    e.what = <PyObject*>what
    e.notes = NULL
    Py_INCREF(what)
    if notes is not None:
        e.notes = <PyObject*>notes
        Py_INCREF(notes)
    e.end = -1
    e.seq = seq
    e.kind = kind
    e.thread = here.number
    e.parent = here.current
    e.depth = here.depth
    handle = session << EVENT_BITS | <int64_t>fb_events.size()
    here.current = <int>fb_events.size()
    here.depth += 1
    if counting:
        here.handler_event = handle
    e.bytes = fb_bytes
    e.start = fb_now()
    fb_events.push_back(e)
    return handle


cdef inline fb_event* event_of(int64_t handle) noexcept:
    """The event, while its session runs; else NULL."""
    if handle >> EVENT_BITS != session or not extras & WATCH_CALLS:
        return NULL
    return &fb_events[<size_t>(handle & ((<int64_t>1 << EVENT_BITS) - 1))]


cdef int close_event(int64_t handle) except -1:
    """Ends an event."""
    cdef int64_t now = fb_now()
    cdef fb_event_thread* here = fb_this_thread()
    cdef fb_event* e = event_of(handle)
    cdef int position = <int>(handle & ((<int64_t>1 << EVENT_BITS) - 1)), at
    if e != NULL and e.end < 0:
        e.end = now
        if here.session != session or here.number != e.thread:
            e.bytes = 0                        # a range that another thread began
        else:
            e.bytes = fb_bytes - e.bytes
            at = here.current                  # ranges may end out of order: then an outer one is current already
            while at > position:
                at = fb_events[at].parent
            if at == position:
                here.current = e.parent
                here.depth = e.depth
    if here.handler != NULL and here.handler_event == handle:
        restore_handler(here)
    return 0


cdef int restore_handler(fb_event_thread* here) except -1:
    """NumPy allocates as it did before."""
    old = <object>here.handler
    here.handler = NULL
    Py_DECREF(old)
    fb_restore_numpy(<PyObject*>old)
    return 0


cdef void drop_event(int64_t handle) noexcept:
    """Takes back an event that has ended and turned out to be none."""
    cdef fb_event* e = event_of(handle)
    if e != NULL:
        e.kind = EVENT_NONE


def open_range(what):
    """Begins a named range of this thread; a handle for close_range, 0 when no profiler runs."""
    if not extras & WATCH_CALLS:
        return 0
    return open_event(EVENT_RANGE, what, -1, notes_on(NULL, 0))


def close_range(int64_t handle):
    """Ends a range."""
    if handle:
        close_event(handle)


# ------------------------------------------------------------------------------------------------ notes

cdef object shape_of(object value):
    """[2, 3] for a tensor, a list of these for a sequence with tensors, [] for anything else."""
    if isinstance(value, TensorBase):
        return list((<TensorBase>value)._array.shape)
    if isinstance(value, (list, tuple)) and any([isinstance(v, TensorBase) for v in value]):
        return [list((<TensorBase>v)._array.shape) if isinstance(v, TensorBase) else [] for v in value]
    return []


cdef object value_of(object value):
    """A number or a string, a list of these; None for anything else."""
    if isinstance(value, (int, float, str)):
        return value
    if isinstance(value, (list, tuple)) and all([isinstance(v, (int, float, str)) for v in value]):
        return list(value)
    return None


cdef object notes_on(PyObject** args, Py_ssize_t n, PyObject* kwnames=NULL):
    """What the profiler wants to know of a call: [shapes, values, stack, shape of the result, names of the keyword arguments,
    which come last]; None when it is nothing."""
    cdef Py_ssize_t i
    if not note_shapes and note_stack is None:
        return None
    shapes = values = None
    if note_shapes:
        shapes = [shape_of(<object>args[i]) for i in range(n)]
        values = [value_of(<object>args[i]) for i in range(n)]
    names = None if kwnames == NULL else <object>kwnames
    return [shapes, values, None if note_stack is None else note_stack(), None, names]


cdef int note_result(int64_t handle, int64_t seq, object result) except -1:
    """Adds the node that the call recorded, if it did: one with a creation number of at least seq."""
    cdef fb_event* e
    cdef int64_t made = -1
    shape = None
    if (type(result) is tuple or type(result) is list) and len(result):
        result = result[0]
    if isinstance(result, TensorBase):
        if (<TensorBase>result)._node is not None and <int64_t>(<TensorBase>result)._node.seq >= seq:
            made = <int64_t>(<TensorBase>result)._node.seq
        if note_shapes:
            shape = shape_of(result)
    e = event_of(handle)
    if e != NULL:
        e.seq = made
        if shape is not None and e.notes != NULL:
            (<list><object>e.notes)[3] = shape
    return 0


# ---------------------------------------------------------------------------------------- what is watched

cdef PyObject* watched_vectorcall(PyObject* callable, PyObject** args, size_t nargsf, PyObject* kwnames) except NULL:
    result = watch_call(<OpFunction><object>callable, args, PyVectorcall_NARGS(nargsf), kwnames)
    Py_INCREF(result)
    return <PyObject*>result


cdef object watch_call(OpFunction f, PyObject** args, Py_ssize_t n, PyObject* kwnames):
    """A call of an op by its name."""
    if is_traced():
        return trace_call(f, args, n, kwnames)
    cdef PyObject* made
    cdef int64_t seq = <int64_t>next_seq
    cdef Py_ssize_t given = n if kwnames == NULL else n + PyTuple_GET_SIZE(<tuple><object>kwnames)
    cdef int64_t event = open_event(EVENT_OP, f, -1, notes_on(args, given, kwnames))
    try:
        made = op_vectorcall(<PyObject*>f, args, <size_t>n, kwnames)
        result = <object>made
        Py_DECREF(result)
    finally:
        close_event(event)
    note_result(event, seq, result)
    return result


cdef object watch_apply(OpFunction f, tuple args):
    """A call of an op with the arguments of its forward."""
    if is_traced():
        return tracer.apply(f, args)
    cdef int64_t seq = <int64_t>next_seq
    cdef int64_t event = open_event(EVENT_OP, f, -1, notes_on(FB_TUPLE_ITEMS(args), PyTuple_GET_SIZE(args)))
    try:
        result = apply_bound(f, args)
    finally:
        close_event(event)
    note_result(event, seq, result)
    return result


cdef object watch_function(cls, Node node, forward, backward, tuple args, setup_context):
    """The forward of an autograd.Function."""
    if is_traced():
        return tracer.function(cls, node, forward, backward, args, setup_context)
    cdef int64_t seq = <int64_t>next_seq
    cdef int64_t event = open_event(EVENT_FUNCTION, cls, -1, notes_on(FB_TUPLE_ITEMS(args), PyTuple_GET_SIZE(args)))
    try:
        result = apply_user_function(cls, node, forward, backward, args, setup_context)
    finally:
        close_event(event)
    note_result(event, seq, result)
    return result


cdef object watch_mm(object x, object y):
    """The short path of `x @ y`; None where it gives way."""
    if is_traced():
        return None
    cdef PyObject* args[2]
    cdef int64_t seq = <int64_t>next_seq, event
    args[0] = <PyObject*>x
    args[1] = <PyObject*>y
    event = open_event(EVENT_OP, operators[OP_MM], -1, notes_on(args, 2))
    try:
        result = fast_short(<OpFunction>operators[OP_MM], args, 2)
    finally:
        close_event(event)
    if result is None:
        drop_event(event)
    else:
        note_result(event, seq, result)
    return result


cdef object watch_getitem(TensorBase x, object key):
    """x[key]."""
    if is_traced():
        return tracer.getitem(x, key)
    cdef PyObject* args[2]
    cdef int64_t seq = <int64_t>next_seq, event
    args[0] = <PyObject*>x
    args[1] = <PyObject*>key
    event = open_event(EVENT_OP, operators[OP_SLICE], -1, notes_on(args, 2))
    try:
        result = fast_getitem(x, key)
    finally:
        close_event(event)
    if result is None:
        drop_event(event)
        return operators[OP_INDEX](x, key)
    note_result(event, seq, result)
    return result


cdef bint watch_setitem(TensorBase x, object key, object value) except -1:
    """The short path of x[key] = value, which copies; False where it gives way."""
    if is_traced():
        tracer.setitem(x, key, value)
        return True
    cdef PyObject* args[2]
    cdef int64_t event
    cdef bint done
    args[0] = <PyObject*>x
    args[1] = <PyObject*>value
    event = open_event(EVENT_INNER, "copy_", -1, notes_on(args, 2))
    try:
        done = fast_setitem(x, key, value)
    finally:
        close_event(event)
    if not done:
        drop_event(event)
    return done


cdef int watch_walk(Run run) except -1:
    """A whole backward pass."""
    cdef int64_t event = open_event(EVENT_INNER, "autograd::engine::run_backward", -1, notes_on(NULL, 0))
    try:
        walk_ready(run)
    finally:
        close_event(event)
    return 0


cdef object watch_evaluate(Run run, Node node, object grads):
    """The backward of one node, in anomaly mode under its guard."""
    cdef object given = tuple(grads) if type(grads) is list else (grads,)
    cdef object notes = notes_on(FB_TUPLE_ITEMS(given), PyTuple_GET_SIZE(given))
    given = None                           # backward may use the memory of a gradient that nobody else holds
    cdef int64_t event = open_event(EVENT_NODE, type(node), <int64_t>node.seq, notes)
    try:
        if extras & NOTE_NODES:
            return guard_backward(node, _evaluate, (run, node, grads))
        return evaluate(run, node, grads)
    finally:
        close_event(event)


cdef int watch_accumulate(Run run, AccumulateGrad acc, object grad, bint owned) except -1:
    """The arrival of a gradient at a leaf."""
    cdef PyObject* args[1]
    cdef int64_t event
    args[0] = <PyObject*>grad
    event = open_event(EVENT_NODE, type(acc), <int64_t>acc.seq, notes_on(args, 1))
    try:
        reach_leaf(run, acc, grad, owned)
    finally:
        close_event(event)
    return 0


FB_KEEP_APART(<void*>watch_call)
FB_KEEP_APART(<void*>watch_apply)
FB_KEEP_APART(<void*>watch_mm)
FB_KEEP_APART(<void*>watch_getitem)
FB_KEEP_APART(<void*>watch_setitem)
FB_KEEP_APART(<void*>watch_evaluate)
FB_KEEP_APART(<void*>watch_accumulate)
