# Calling ops. An OpFunction is the object behind a public name: `flambeau.exp`, `Tensor.exp` and the operator are one.

cdef enum:
    GENERIC = 0
    UNARY = 1
    BINARY = 2

cdef enum:
    QUICK_RESHAPE = 1
    QUICK_TRANSPOSE = 2
    QUICK_PERMUTE = 3
    QUICK_UNSQUEEZE = 4
    QUICK_T = 5
    QUICK_SQUEEZE = 6
    QUICK_EXPAND = 7

cdef dict quick_views = {"reshape": QUICK_RESHAPE, "transpose": QUICK_TRANSPOSE, "permute": QUICK_PERMUTE,
                         "unsqueeze": QUICK_UNSQUEEZE, "t": QUICK_T, "squeeze": QUICK_SQUEEZE, "expand": QUICK_EXPAND}

cdef enum:
    RULE_SUM = 1                             # the gradient, twice
    RULE_PRODUCT = 2                         # the gradient times each of the two saved values

cdef dict rules = {None: 0, "sum": RULE_SUM, "product": RULE_PRODUCT}

cdef enum:
    SAVE_OUTPUT = -1
    MAX_SAVES = 4


cdef class OpFunction:
    """The callable of an op.

    A call binds its arguments, runs `forward` on raw arrays, wraps the results in the face of the inputs, and, when
    a gradient is wanted, keeps the node. The in-place form (`exp_`) is a second OpFunction over the same op.
    """
    cdef vectorcallfunc vectorcall
    cdef readonly str name
    cdef readonly object op
    cdef readonly object forward
    cdef readonly object backward
    cdef readonly object prepare             # None, or the public signature: returns the arguments of forward
    cdef readonly object node_type
    cdef readonly tuple names                # parameters of forward without ctx
    cdef readonly tuple defaults             # of the last parameters
    cdef readonly int n_positional           # parameters that may be given by position
    cdef readonly bint inplace
    cdef readonly bint view                  # results share memory with the first argument
    cdef readonly bint differentiable
    cdef readonly bint takes_out
    cdef readonly object casts               # None, or what autocast does to its arguments
    cdef int kind
    cdef int quick                           # which short path a view op has, 0: none
    cdef object short                        # None, or the native kernel that is the whole op on plain tensors
    cdef bint to_float                       # integers in, default float out
    cdef fb_unary_loop unary[N_CODES]
    cdef fb_binary_loop binary[N_CODES]
    cdef int loop_out[N_CODES]
    cdef unsigned char rule                  # RULE_*: what backward is, when the engine need not call it
    cdef int n_saves
    cdef int save_what[MAX_SAVES]            # argument number or SAVE_OUTPUT
    cdef unsigned int save_for[MAX_SAVES]    # saved when one of these arguments (bits) needs a gradient
    cdef dict __dict__

    def __cinit__(self):
        self.vectorcall = <vectorcallfunc><void*>op_vectorcall

    def __init__(self, str name, op, node_type, *, forward, backward=None, prepare=None, tuple names=(),
                 tuple defaults=(), int n_positional=-1, bint inplace=False, bint view=False, bint takes_out=True,
                 str kind="generic", bint to_float=False, saves=(), str loop=None, str quick=None, kernel=None,
                 bint fast_ints=True, str rule=None, casts=None):
        op_functions.append(self)
        self.casts = casts
        self.vectorcall = entry_of(self)
        self.name = name
        for attribute, value in (("__name__", name), ("__qualname__", name), ("__module__", "flambeau")):
            setattr(self, attribute, value)
        self.op = op
        self.node_type = node_type
        self.forward = forward
        self.backward = backward
        self.prepare = prepare
        self.names = names
        self.defaults = defaults
        self.n_positional = len(names) if n_positional < 0 else n_positional
        self.inplace = inplace
        self.view = view
        self.takes_out = takes_out
        self.differentiable = backward is not None
        self.to_float = to_float
        self.kind = UNARY if kind == "unary" else BINARY if kind == "binary" else GENERIC
        self.quick = quick_views[quick] if quick else 0
        self.short = kernel
        self.rule = rules[rule]
        self.n_saves = len(saves)
        cdef int i
        for i, (what, bits) in enumerate(saves):
            self.save_what[i] = what
            self.save_for[i] = bits
        for i in range(N_CODES):
            self.unary[i] = NULL
            self.binary[i] = NULL
            self.loop_out[i] = i
            if loop is not None and (fast_ints or category(i) > 1):
                encoded = loop.encode()
                if self.kind == UNARY:
                    self.unary[i] = fb_get_unary(encoded, i, &self.loop_out[i])
                elif self.kind == BINARY:
                    self.binary[i] = fb_get_binary(encoded, i, &self.loop_out[i])

    def __get__(self, instance, owner):
        if instance is None:
            return self
        return PyMethod_New(self, instance)

    def __reduce__(self):
        return self.__qualname__

    def __repr__(self):
        return f"<flambeau function {self.name}>"

    @property
    def __doc__(self):
        return self.op.__doc__

    @property
    def __signature__(self):
        import inspect
        if self.prepare is not None:
            return inspect.signature(self.prepare)
        parameters = list(inspect.signature(self.forward).parameters.values())[1:]
        return inspect.Signature(parameters)


cdef OpFunction _probe = OpFunction.__new__(OpFunction)
fb_make_vectorcall(<PyTypeObject*>OpFunction, <char*>&_probe.vectorcall - <char*><PyObject*>_probe)


cdef PyObject* op_vectorcall(PyObject* callable, PyObject** args, size_t nargsf, PyObject* kwnames) except NULL:
    cdef OpFunction f = <OpFunction><object>callable
    cdef Py_ssize_t n = PyVectorcall_NARGS(nargsf)
    result = None
    if kwnames == NULL:
        result = call_of(f, args, n, &today)
        if result is None and variables.type != NULL:
            result = face_call(f, args, n)
    if result is None:
        result = call_general(f, args, n, kwnames)
    Py_INCREF(result)
    return <PyObject*>result


cdef inline object call_of(OpFunction f, PyObject** args, Py_ssize_t n, Face* face):
    """The short path of a call; None when it has none."""
    if f.kind == BINARY and n == 2:
        if f.inplace:
            return inplace_of(f, <object>args[0], <object>args[1], face)
        return binary_of(f, <object>args[0], <object>args[1], face)
    if f.kind == UNARY and n == 1 and not f.inplace:
        return unary_of(f, <object>args[0], face)
    if f.quick and n > 0:
        return view_of(f, args, n, face)
    if f.short is not None and not f.inplace:
        return short_of(f, args, n, face)
    return None


cdef list op_functions = []


cdef vectorcallfunc entry_of(OpFunction f) noexcept:
    """Where a call of an op begins: with what is watched or cast now, so that ops pay nothing for either without it."""
    if f.casts is not None and extras & AUTOCAST:
        return <vectorcallfunc><void*>casting_vectorcall
    return <vectorcallfunc><void*>(watched_vectorcall if extras & WATCHED else op_vectorcall)


cdef set_entries():
    """To be called when `extras` has changed."""
    for f in op_functions:
        (<OpFunction>f).vectorcall = entry_of(<OpFunction>f)


_renamed = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "self": "input",
            "x2": "other"}


cdef object call_general(OpFunction f, PyObject** args, Py_ssize_t n, PyObject* kwnames):
    """Binds the arguments and applies the op."""
    cdef Py_ssize_t i
    cdef dict kwargs = None
    out = None
    given = PyTuple_New(n)
    for i in range(n):
        a = <object>args[i]
        Py_INCREF(a)
        PyTuple_SET_ITEM(given, i, a)
    if kwnames != NULL:
        kwargs = {}
        names = <tuple><object>kwnames
        for i in range(len(names)):
            kwargs[names[i]] = <object>args[n + i]
    if n_interpreters:
        interpreter = interpreter_among(given)
        if kwargs is not None:
            interpreter = interpreter_among(kwargs.values(), interpreter)
        if interpreter is not None:
            return interpreter._interpret(f, given, {} if kwargs is None else kwargs, False)
    if kwargs is not None and f.takes_out:
        out = kwargs.pop("out", None)
    bound = bind_call(f, <tuple>given, kwargs)
    if type(bound) is not tuple:                     # the op has nothing to do: prepare gave the result
        return bound if out is None else store_out(f, bound, out)
    if f.inplace:
        return apply_inplace(f, <tuple>bound)
    if out is not None:
        return apply_out(f, <tuple>bound, out)
    return apply_op(f, <tuple>bound)


cdef object bind_call(OpFunction f, tuple given, dict kwargs):
    """The arguments of forward from those of a call; where prepare gives the result, that."""
    if kwargs:
        for name in list(kwargs):
            if name in _renamed and not accepts(f, name):
                kwargs[_renamed[name]] = kwargs.pop(name)
    if f.prepare is not None:
        return f.prepare(*given, **kwargs) if kwargs else f.prepare(*given)
    if kwargs or PyTuple_GET_SIZE(given) != PyTuple_GET_SIZE(f.names):
        given = bind(f, given, kwargs)
    if f.kind == GENERIC and not isinstance(given[0], TensorBase):
        raise_no_tensor(f, given)
    return given


def bound_call(OpFunction function not None, tuple args, dict kwargs):
    """The arguments of forward, a tuple, that a call of an op comes to; where its prepare gives the result, that."""
    return bind_call(function, args, dict(kwargs))


cdef bint accepts(OpFunction f, name):
    if f.prepare is not None:
        code = f.prepare.__code__
        return name in code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    return name in f.names


cdef tuple bind(OpFunction f, tuple given, dict kwargs):
    """The arguments of forward in order, defaults filled in."""
    cdef Py_ssize_t n = len(f.names), m = len(given), k = len(f.defaults), i
    if m > f.n_positional:
        raise TypeError(f"{f.name}() takes {f.n_positional} positional arguments but {m} were given")
    cdef list bound = list(given)
    used = 0
    for i in range(m, n):
        name = f.names[i]
        if kwargs and name in kwargs:
            bound.append(kwargs[name])
            used += 1
        elif i >= n - k:
            bound.append(f.defaults[i - (n - k)])
        else:
            raise TypeError(f"{f.name}() missing 1 required positional argument: '{name}'")
    if kwargs and used < len(kwargs):
        for name in kwargs:
            if name in f.names[:m]:
                raise TypeError(f"{f.name}() got multiple values for argument '{name}'")
            if name not in f.names:
                raise TypeError(f"{f.name}() got an unexpected keyword argument '{name}'")
    return tuple(bound)


cdef object call_operator(int slot, object x, object y):
    """A binary operator: NotImplemented for operands that are no tensors or numbers."""
    f = operators[slot]
    cdef OpFunction op
    if type(f) is OpFunction:
        op = <OpFunction>f
        if op.kind == BINARY and not unlikely(extras & WATCHED):
            result = fast_inplace(op, x, y) if op.inplace else fast_binary(op, x, y)
            if result is not None:
                return result
    if not isinstance(y, TensorBase) or not isinstance(x, TensorBase):
        other = x if isinstance(y, TensorBase) else y
        if scalar_code(other) < 0:
            if not isinstance(other, cnp.ndarray):
                return NotImplemented
            if isinstance(y, TensorBase):
                x = from_array(other, y)
            else:
                y = from_array(other, x)
    return f(x, y)


cdef object call_matmul(object x, object y):
    """The operator `@`: two matrices go the short way."""
    cdef PyObject* pair[2]
    if operators[OP_MM] is not None:
        pair[0] = <PyObject*>x
        pair[1] = <PyObject*>y
        if unlikely(extras & (WATCHED | AUTOCAST)) and (fb_casting or extras & WATCHED):
            result = None if fb_casting else watch_mm(x, y)
        else:
            result = fast_short(<OpFunction>operators[OP_MM], pair, 2)
        if result is not None:
            return result
    return call_operator(OP_MATMUL, x, y)


cdef object from_array(array, TensorBase like):
    if num_code(array.dtype.num) < 0:
        raise TypeError(f"can't convert np.ndarray of type {array.dtype} to a Tensor")
    return wrap(array, plain_face(type(like)))


# ------------------------------------------------------------------------------------- the general path

cdef object as_array(object a):
    """NumPy scalars, which reductions of NumPy return, as 0-dim arrays."""
    if isinstance(a, cnp.generic):
        return cnp.PyArray_FROM_O(a)
    return a


cdef Node begin(OpFunction f, tuple args, list raw):
    """Unwraps the tensors into `raw` and makes the node; its edges are set when a gradient is wanted."""
    cdef Py_ssize_t n = PyTuple_GET_SIZE(args), i
    cdef bint record = False, seen = False, mixed = False, is_volatile = False
    cdef TensorBase t
    cdef Node node
    face = None
    backend = None
    for i in range(n):
        a = args[i]
        if isinstance(a, TensorBase):
            t = <TensorBase>a
            seen = True
            arr = t._array
            if FB_IS_ARRAY(<PyObject*>arr):
                b = cpu_backend
            else:
                b = backend_of(arr)
            if backend is None:
                backend = b
            elif b is not backend:
                # a 0-dim CPU tensor is a number to the other devices
                if backend is cpu_backend and all_numbers(args, i):
                    backend = b
                elif arr.ndim != 0 or b is not cpu_backend:
                    raise_devices(f, args)
                mixed = True
            if Py_TYPE(t) != tensor_type:
                face = join_faces(face, type(t))
                is_volatile |= t._volatile
            elif face is None:
                face = <object>tensor_type
            raw.append(arr)
            if fb_grad_mode and f.differentiable and not record and needs_grad(t):
                record = True
        else:
            raw.append(a)
    if not seen:
        raise_no_tensor(f, args)
    if mixed:
        move_numbers(backend, args, raw)
    node = <Node>FB_NEW_TENSOR(<PyObject*>Node, <PyObject*>f.node_type, _no_args)
    node.inputs = args
    node.is_volatile = is_volatile
    if record and not is_volatile:
        set_edges(node, args)
        node.op = f.op
        node._backward = f.backward
    node.out_face = face
    node.out_backend = backend
    return node


cdef bint all_numbers(tuple args, Py_ssize_t end):
    cdef Py_ssize_t i
    for i in range(end):
        if isinstance(args[i], TensorBase) and (<TensorBase>args[i])._array.ndim > 0:
            return False
    return True


cdef object move_numbers(backend, tuple args, list raw):
    """Moves the arrays of 0-dim CPU tensors to the device of the others."""
    cdef Py_ssize_t i
    like = None
    for i in range(len(raw)):
        if like is None and isinstance(args[i], TensorBase) and not FB_IS_ARRAY(<PyObject*>raw[i]):
            like = raw[i]
    for i in range(len(raw)):
        if isinstance(args[i], TensorBase) and FB_IS_ARRAY(<PyObject*>raw[i]):
            raw[i] = backend.from_host(raw[i], like)


cdef raise_devices(OpFunction f, tuple args):
    devices = []
    for a in args:
        if isinstance(a, TensorBase) and str(device_of(<TensorBase>a)) not in devices:
            devices.append(str(device_of(<TensorBase>a)))
    raise RuntimeError(f"{f.name}: Expected all tensors to be on the same device, but found at least two devices, "
                       + " and ".join(devices) + "! Move them with .to(device).")


cdef raise_no_tensor(OpFunction f, tuple args):
    name = f.names[0] if f.names else "input"
    got = type(args[0]).__name__ if args else "nothing"
    raise TypeError(f"{f.name}(): argument '{name}' (position 1) must be Tensor, not {got}")


cdef int set_edges(Node node, tuple args) except -1:
    """One edge per argument; also the creation number."""
    cdef Py_ssize_t n = PyTuple_GET_SIZE(args), i
    cdef bint any_nr = False
    edges = PyTuple_New(n)
    for i in range(n):
        a = args[i]
        edge = None
        if isinstance(a, TensorBase):
            edge = edge_of(<TensorBase>a)
            if (<TensorBase>a)._output_nr != 0 and edge is not a and edge is not None:
                any_nr = True
        elif i < 32:
            node.no_tensors |= 1u << i
        Py_INCREF(edge)
        PyTuple_SET_ITEM(edges, i, edge)
    node.edges = edges
    if any_nr:
        node.edge_nrs = tuple([(<TensorBase>a)._output_nr if isinstance(a, TensorBase) and a is not e else 0
                               for a, e in zip(args, edges)])
    return stamp(node)


cdef object run_forward(object forward, Node node, list raw):
    cdef PyObject* stack[9]
    cdef Py_ssize_t n = len(raw), i
    try:
        if node.out_backend is not cpu_backend:
            return node.out_backend.run(forward, node, raw)
        if n > 8:
            return forward(node, *raw)
        stack[0] = <PyObject*>node
        for i in range(n):
            stack[i + 1] = <PyObject*>raw[i]
        return fb_vectorcall(<PyObject*>forward, stack, n + 1, NULL)
    except MemoryError as error:
        raise RuntimeError(f"not enough memory: {error}") from error


cdef inline bint is_nondifferentiable(Node node, object array):
    if node.non_differentiable is not None:
        for m in node.non_differentiable:
            if m is array:
                return True
    cdef int kind = category(array_code(array))
    return kind < 2 and not (kind == 1 and of_ints(node))


cdef bint of_ints(Node node):
    """Whether an input that requires grad is of ints: one of 0.3's Variables, whose results have a history too."""
    for a in node.inputs or ():
        if isinstance(a, TensorBase) and category(array_code((<TensorBase>a)._array)) == 1 and needs_grad(<TensorBase>a):
            return True
    return False


cdef object apply_op(OpFunction f, tuple args):
    """Runs an op on tensors and other arguments; the tensors it returns carry the history."""
    cdef list raw = []
    cdef Node node = begin(f, args, raw)
    result = run_forward(f.forward, node, raw)
    return finish(f, node, args, raw, result, node.out_face)


cdef object finish(OpFunction f, Node node, tuple args, list raw, object result, object face):
    cdef TensorBase t
    cdef list arrays, outs
    cdef Py_ssize_t i
    if isinstance(result, (tuple, list)):
        arrays = [as_array(a) for a in result]
        outs = [wrap_output(f, a, args, raw, face) for a in arrays]
        if node.is_volatile:
            for t in outs:
                t._volatile = True
        if f.view:
            for t in outs:
                t._view_of = VIEW_OF_SEVERAL
        if node.edges is not None:
            attach_outputs(node, arrays, outs, f.view)
            if node.to_save is not None:
                finish_saving(node, args, raw, arrays, outs, face)
        node.inputs = None
        node.non_differentiable = None
        if type(result) is list:
            return outs
        return tuple(outs) if type(result) is tuple else type(result)(*outs)
    if isinstance(result, cnp.generic):
        result = cnp.PyArray_FROM_O(result)
    t = wrap_output(f, result, args, raw, face)
    t._volatile = node.is_volatile
    if node.edges is not None:
        if is_nondifferentiable(node, result):
            node.edges = None
        else:
            set_output_meta(node, result)
            set_history(t, node, 0)
            if node.to_save is not None:
                finish_saving(node, args, raw, [result], [t], face)
    node.inputs = None
    node.non_differentiable = None
    return t


cdef TensorBase wrap_output(OpFunction f, object array, tuple args, list raw, object face):
    cdef TensorBase t
    if array is None or not (FB_IS_ARRAY(<PyObject*>array) or type(array) in _backends):
        raise TypeError(f"{f.name}: forward returned {type(array).__name__}, expected an array of the device")
    t = wrap(array, face)
    if f.view and isinstance(args[0], TensorBase) and shares_memory(array, raw[0]):
        set_view(t, <TensorBase>args[0])
    return t


cdef inline bint shares_memory(object out, object source):
    if not FB_IS_ARRAY(<PyObject*>out):
        return owner_of(out) is owner_of(source)
    base = out.base
    return out is source or (base is not None and (base is source or base is source.base))


cdef int attach_outputs(Node node, list arrays, list outs, bint views) except -1:
    """Several outputs: those with a gradient become outputs of the node. Of ints, those are the first one, which indices
    follow, or all views."""
    cdef Py_ssize_t i
    cdef bint any = False
    node.n_outputs = <int>len(outs)
    node.metas = tuple([(a.shape, array_code(a)) for a in arrays])
    node.out_ndim = -1
    if outs:
        node.out_backend = backend_for(<TensorBase>outs[0])
    for i in range(len(outs)):
        if (i == 0 or views or category(array_code(arrays[i])) > 1) and not is_nondifferentiable(node, arrays[i]):
            set_history(<TensorBase>outs[i], node, <int>i)
            any = True
    if not any:
        node.edges = None
        node.to_save = None
    return 0


def apply(function, *args):
    """Runs an OpFunction, in place if it is an in-place form, on arguments in the order of its forward."""
    if not isinstance(function, OpFunction):
        raise TypeError(f"apply: expected the function of an op, not {type(function).__name__}")
    if n_interpreters:
        interpreter = interpreter_among(args)
        if interpreter is not None:
            return interpreter._interpret(function, args, {}, True)
    if unlikely(extras & WATCHED):
        return watch_apply(<OpFunction>function, args)
    return apply_bound(<OpFunction>function, args)


cdef inline object apply_bound(OpFunction f, tuple args):
    """Runs an op, or its in-place form, on the arguments of its forward."""
    return apply_inplace(f, args) if f.inplace else apply_op(f, args)


# ---------------------------------------------------------------------------------------- user Functions

def apply_function(cls, Node node not None, forward, backward, tuple args, setup_context=None):
    """The apply of `autograd.Function`: forward gets the tensors themselves and runs unrecorded."""
    if unlikely(extras & WATCHED):
        return watch_function(cls, node, forward, backward, args, setup_context)
    return apply_user_function(cls, node, forward, backward, args, setup_context)


cdef object apply_user_function(cls, Node node, forward, backward, tuple args, setup_context):
    cdef bint record = False, old = fb_grad_mode
    cdef list outs, arrays
    cdef TensorBase t
    cdef Py_ssize_t i
    global fb_grad_mode
    if n_interpreters:
        interpreter = interpreter_among(args)
        if interpreter is not None and interpreter._level > 0:
            return interpreter._interpret_function(cls, forward, args)
    face = None
    for a in args:
        if isinstance(a, TensorBase):
            face = join_faces(face, type(a))
            node.is_volatile |= (<TensorBase>a)._volatile
            if old and needs_grad(<TensorBase>a):
                record = True
    record = record and not node.is_volatile
    node.inputs = args
    node.op = cls
    node._backward = backward
    node.out_face = <object>tensor_type if face is None else face
    node.out_backend = cpu_backend
    node.freed = False
    if record:
        set_edges(node, args)
    fb_grad_mode = 0
    try:
        if setup_context is None:
            result = forward(node, *args)
        else:
            result = forward(*args)
            setup_context(node, args, result)
    finally:
        fb_grad_mode = old
    single = not isinstance(result, (tuple, list))
    outs = [result] if single else list(result)
    check_marks(node, args, outs, record)
    for i in range(len(outs)):
        o = outs[i]
        if isinstance(o, TensorBase) and is_input(args, o, node):
            # an input handed back unchanged: a new tensor over the same storage, so that it can have a history
            t = wrap((<TensorBase>o)._array, plain_face(type(o)))
            set_view(t, <TensorBase>o)
            if is_marked(node, o):
                node.non_differentiable = tuple(node.non_differentiable) + (t,)
            outs[i] = t
    if node.is_volatile:
        for o in outs:
            if isinstance(o, TensorBase):
                (<TensorBase>o)._volatile = True
    if record:
        node.strict = cls._strict
        node.n_outputs = <int>len(outs)
        node.metas = tuple([((<TensorBase>o)._array.shape, array_code((<TensorBase>o)._array))
                            if isinstance(o, TensorBase) else None for o in outs])
        node.out_ndim = -1
        live = [isinstance(o, TensorBase) and not is_marked(node, o) and category(array_code((<TensorBase>o)._array)) > 1
                for o in outs]
        for i in range(len(outs)):
            if not live[i]:
                continue
            t = <TensorBase>outs[i]
            node.out_backend = backend_for(t)
            if node.out_backend is not cpu_backend:
                node.out_backend.ran(node, t._array)
            if is_dirty(node, t) and t._base is not None:
                rebase_history(t, node, <int>i)
                continue
            if t._base is not None and not is_dirty(node, t):
                if views_input(t, args):
                    t._view_of = VIEW_OF_SEVERAL if sum(live) > 1 else VIEW_OF_FUNCTION
                else:
                    t._base = None
            set_history(t, node, <int>i)
        if True not in live:
            node.edges = None
            node.to_save = None
        elif node.to_save is not None:
            check_saved(node)
            finish_saving(node, args, list(args), outs, outs, face)
    node.inputs = None
    node.non_differentiable = None
    node.dirty = None
    if single:
        return outs[0]
    return outs if type(result) is list else tuple(outs)


cdef int check_marks(Node node, tuple args, list outs, bint record) except -1:
    """What forward marked must be tensors, and what it changed in place must be among its results."""
    if node.non_differentiable is not None:
        for m in node.non_differentiable:
            if not isinstance(m, TensorBase):
                raise RuntimeError(f"{node.name()}: mark_non_differentiable only accepts variable arguments, but got "
                                   f"{type(m).__name__}")
    if node.dirty is None:
        return 0
    for i, d in enumerate(node.dirty):
        if not isinstance(d, TensorBase):
            raise RuntimeError(f"{node.name()}: mark_dirty can only accept variables, but argument {i} is of type "
                               f"{type(d).__name__}")
        if record and fb_grad_mode:
            check_inplace(<TensorBase>d, node.name())
        bump(<TensorBase>d)
        if not any([o is d for o in outs]):
            raise RuntimeError(f"{node.name()}: Some elements marked as dirty during the forward method were not returned as "
                               "output. The inputs that are modified inplace must all be outputs of the Function.")
        if record and (<TensorBase>d)._base is not None and len(outs) > 1:
            raise RuntimeError(f"{node.name()}: If your Function modifies inplace an input that is a view of another Tensor, "
                               "your Function cannot return more than one Tensor. Make sure the input is no view (with "
                               ".clone(), for example), or make your Function return one Tensor.")
    return 0


cdef int check_saved(Node node) except -1:
    for i, v in enumerate(node.to_save):
        if v is not None and not isinstance(v, TensorBase):
            raise TypeError(f"{node.name()}: save_for_backward can only save variables, but argument {i} is of type "
                            f"{type(v).__name__}")
    return 0


cdef bint views_input(TensorBase t, tuple args):
    """Whether t is a view of one of the arguments, or of what that is a view of."""
    for a in args:
        if isinstance(a, TensorBase) and (t._base is a or t._base is (<TensorBase>a)._base):
            return True
    return False


cdef bint is_marked(Node node, object out):
    if node.non_differentiable is not None:
        for m in node.non_differentiable:
            if m is out:
                return True
    return False


cdef bint is_dirty(Node node, object out):
    if node.dirty is not None:
        for m in node.dirty:
            if m is out:
                return True
    return False


def conj(t):
    """The complex conjugate; real tensors and numbers come back as they are."""
    if isinstance(t, TensorBase):
        return t if category(array_code((<TensorBase>t)._array)) < 3 else operators[OP_CONJ](t)
    return t.conjugate() if isinstance(t, complex) else t
