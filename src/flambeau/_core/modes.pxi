# What can be switched on around ordinary execution. One process-wide word says whether anything is: the hot path tests
# it and nothing else. Also tensors that interpret the ops they meet: sparse ones, and those of vmap and forward mode.

import threading

cdef enum:
    NOTE_NODES = 1             # anomaly mode: new nodes are noted, backward of each is guarded
    PACK_SAVED = 2             # saved-tensor hooks are active in some thread
    WATCH_CALLS = 4            # the profiler sees each call of an op and of a backward
    WATCH_RUNS = 8             # hooks ask which backward pass is running
    TRACE_CALLS = 16           # a tracer records the calls of ops in some thread
    AUTOCAST = 32              # autocast has been on in some thread
    WATCHED = WATCH_CALLS | TRACE_CALLS

cdef int extras = 0

_mode_bits = {"note_nodes": NOTE_NODES, "pack_saved": PACK_SAVED, "watch_calls": WATCH_CALLS, "watch_runs": WATCH_RUNS,
              "trace_calls": TRACE_CALLS, "autocast": AUTOCAST}


def set_extra(str name, bint on):
    """Switches one of "note_nodes", "pack_saved", "watch_calls", "watch_runs", "trace_calls" on or off for the whole process; whether it was on."""
    global extras
    cdef int bit = _mode_bits[name]
    cdef bint old = extras & bit
    extras = extras | bit if on else extras & ~bit
    return old


cdef object note_node = None
cdef object note_change = None
cdef object guard_backward = None


def set_node_guard(note, changed, guard):
    """What "note_nodes" calls: note(node) when a node is made, changed(counter) after an in-place change of the storage
    with that version counter, and guard(node, call, args) for the backward of a node, which is call(*args)."""
    global note_node, note_change, guard_backward
    note_node, note_change, guard_backward = note, changed, guard


cdef inline int stamp(Node node) except -1:
    """Gives a new node its creation number, which orders the walk of backward."""
    global next_seq
    node.seq = next_seq
    next_seq += 1
    if unlikely(extras & NOTE_NODES):
        note_node(node)
    return 0


# ---------------------------------------------------------------------------------- saved-tensor hooks

_hooks_here = threading.local()
cdef int hooks_anywhere = 0


def push_saved_hooks(pack, unpack):
    """Tensors that this thread saves for backward are replaced by pack(tensor) until pop_saved_hooks()."""
    global hooks_anywhere
    if not hasattr(_hooks_here, "stack"):
        _hooks_here.stack = []
    _hooks_here.stack.append((pack, unpack))
    hooks_anywhere += 1
    set_extra("pack_saved", True)


def pop_saved_hooks():
    """Ends the last push_saved_hooks() of this thread."""
    global hooks_anywhere
    _hooks_here.stack.pop()
    hooks_anywhere -= 1
    set_extra("pack_saved", hooks_anywhere > 0)


cdef class PackedTensor:
    """A saved tensor in the form that a pack hook gave it, and the place in the graph that it has once unpacked."""
    cdef object value
    cdef object unpack
    cdef object edge                   # node or leaf; None when no gradient is wanted
    cdef int output_nr
    cdef bint own_output               # an output of the node that saved it

    cdef TensorBase tensor(self, Node node):
        result = self.unpack(self.value)
        if not isinstance(result, TensorBase):
            raise TypeError("Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                            f"{type(result).__name__}")
        edge = node if self.own_output else self.edge
        if edge is None:
            return result
        cdef TensorBase t = wrap((<TensorBase>result)._array, plain_face(type(result)))
        if isinstance(edge, TensorBase):
            t._node = passing_to(<TensorBase>edge, t)
        else:
            t._node = <Node>edge
            t._output_nr = self.output_nr
        return t


class _Passing(Node):
    """Stands between an unpacked copy of a leaf and the leaf: gradients pass unchanged."""


cdef Node passing_to(TensorBase leaf, TensorBase copy):
    cdef Node node = <Node>FB_NEW_TENSOR(<PyObject*>Node, <PyObject*>_Passing, _no_args)
    node.edges = (leaf,)
    node._backward = _pass
    node.out_face = plain_face(type(leaf))
    set_output_meta(node, copy._array)
    stamp(node)
    return node


def _pass(node, grad):
    return grad


cdef tuple pack_saved(Node node, tuple saved):
    """The saved values with every tensor packed by the innermost hooks of this thread."""
    cdef list packed
    cdef PackedTensor p
    cdef TensorBase given
    cdef bint old = fb_grad_mode
    global fb_grad_mode
    stack = getattr(_hooks_here, "stack", None)
    if not stack:
        return saved
    pack, unpack = stack[len(stack) - 1]
    packed = list(saved)
    for i, v in enumerate(saved):
        p = PackedTensor.__new__(PackedTensor)
        p.unpack = unpack
        if isinstance(v, SavedOutput):
            given = wrap((<SavedOutput>v).array, (<SavedOutput>v).face)
            given._vc = (<SavedOutput>v).vc
            p.own_output = True
            p.output_nr = (<SavedOutput>v).index
        elif isinstance(v, TensorBase):
            given = (<TensorBase>v).detach()
            p.edge = edge_of(<TensorBase>v)
            p.output_nr = (<TensorBase>v)._output_nr
        elif FB_IS_ARRAY(<PyObject*>v) or (v is not None and type(v) in _backends):
            given = wrap(v, node.out_face)
        else:
            continue
        version = version_of(given)
        fb_grad_mode = 0
        try:
            p.value = pack(given)
        finally:
            fb_grad_mode = old
        if version_of(given) != version:
            raise RuntimeError("A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack "
                               "hook can not be modified by in-place operations as this can lead to unexpected "
                               "side-effects: return a changed copy instead.")
        packed[i] = p
    return tuple(packed)


# ------------------------------------------------------------------------------- tensors that interpret ops

cdef enum:
    MAX_INTERPRETERS = 24
    MAX_LEVELS = 8             # of sequences that are searched for interpreting tensors

cdef PyTypeObject* interpreter_types[MAX_INTERPRETERS]
cdef int n_interpreters = 0


def register_interpreter(type cls):
    """Makes ops with a tensor of class cls among their arguments (or in a list or tuple there) call

        tensor._interpret(function, args, kwargs, prepared)

    of the one with the highest `_level`. `function` is what was called; with `prepared`, args are those of its forward,
    and `apply(function, *args)` is how to call it again.
    """
    global n_interpreters
    if n_interpreters == MAX_INTERPRETERS:
        raise RuntimeError(f"register_interpreter: {MAX_INTERPRETERS} classes are registered already, no room for "
                           f"{cls.__name__}")
    interpreter_types[n_interpreters] = <PyTypeObject*>cls
    n_interpreters += 1
    _kept_types.append(cls)


cdef inline bint interprets(object t) noexcept:
    """Whether t is a tensor that interprets ops."""
    cdef int i
    for i in range(n_interpreters):
        if Py_TYPE(t) == interpreter_types[i]:
            return True
    return False


cdef object interpreter_among(object values, object found=None, int depth=0):
    """The interpreting tensor of the highest level among values, sequences among them included (to a few levels, as a list
    may contain itself); None when there is none."""
    for a in values:
        if interprets(a):
            if found is None or a._level > found._level:
                found = a
        elif depth == MAX_LEVELS:
            continue
        elif type(a) is list or type(a) is tuple:
            found = interpreter_among(a, found, depth + 1)
        elif type(a) is slice:
            found = interpreter_among((a.start, a.stop, a.step), found, depth + 1)
    return found


def interpreter_of(*values):
    """The tensor among values, nested in sequences or not, that would interpret an op on them; None when none would."""
    return interpreter_among(values) if n_interpreters else None
