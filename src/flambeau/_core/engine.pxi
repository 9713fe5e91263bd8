# Backward: walks nodes in reverse order of creation, each when all its gradients have arrived. No recursion.

ctypedef pair[uint64_t, PyObject*] Ready

cdef uint64_t next_run = 1


cdef class Run:
    """One backward pass."""
    cdef uint64_t id
    cdef dict extra                        # state of nodes that another pass is using; None when there are none
    cdef list touched                      # nodes reached; keeps them alive, and is reset at the end
    cdef priority_queue[Ready] ready
    cdef bint keep, create
    cdef dict captures                     # (node, output number) -> position in the results
    cdef list results
    cdef list inputs
    cdef bint accumulate

    cdef inline GraphState state(self, Node node):
        if node.run == self.id:
            return node
        return <GraphState>self.extra[node]

    cdef inline GraphState claim(self, Node node):
        """The state of a node at first sight; None when this pass has seen it."""
        cdef GraphState s
        if node.run == self.id:
            return None
        if node.run != 0:
            if self.extra is None:
                self.extra = {}
            elif node in self.extra:
                return None
            s = GraphState.__new__(GraphState)
            self.extra[node] = s
        else:
            s = node
            node.run = self.id
        s.deps = 0
        s.buf = None
        s.owned = False
        s.needed = True
        self.touched.append(node)
        return s

    cdef release(self):
        cdef Node node
        for node in self.touched:
            if node.run == self.id:
                node.run = 0
                node.buf = None
                node.deps = 0


def run_backward(list tensors, list grads, bint retain_graph, bint create_graph, inputs=None,
                 bint accumulate=True):
    """Computes gradients of `tensors`. With `inputs`, only what leads to them; accumulate=False returns their gradients
    (None for those not reached) instead of adding to `.grad`."""
    global fb_grad_mode, fb_partial_backward, next_run
    cdef Run run = Run.__new__(Run)
    cdef bint old = fb_grad_mode, partial = fb_partial_backward
    cdef TensorBase t
    cdef Node node
    cdef Py_ssize_t i, n = len(tensors)
    run.id = next_run
    next_run += 1
    run.touched = []
    run.keep = retain_graph
    run.create = create_graph
    run.accumulate = accumulate
    try:
        roots = [target_of(edge_of(<TensorBase>t)) for t in tensors]
        count_dependencies(run, roots)
        if inputs is not None:
            mark_needed(run, inputs)
        fb_grad_mode = create_graph
        fb_partial_backward = inputs is not None
        for i in range(n):
            t = <TensorBase>tensors[i]
            deliver(run, <Node>roots[i], t._output_nr if t._node is not None else 0, grads[i])
        # several roots may be one node, and a root may be reached from another root
        for node in roots if n == 1 else dict.fromkeys(roots):
            if run.state(node).deps == 0:
                run.ready.push(Ready(node.seq, <PyObject*>node))
        if extras & WATCH_RUNS:
            runs_here().append(run)
            try:
                walk(run)
            finally:
                runs_here().pop()
        else:
            walk(run)
    finally:
        fb_grad_mode = old
        fb_partial_backward = partial
        run.release()
    return run.results


def backward_from_scalar(TensorBase t not None, retain_graph, bint create_graph):
    """Backward from gradient one of a plain real tensor with one element. False, and nothing is done, for any other."""
    cdef PyObject* a = <PyObject*>t._array
    if not is_plain(t) or n_interpreters or not FB_IS_ARRAY(a) or FB_SIZE(a) != 1 or not needs_grad(t):
        return False
    if category(array_code(t._array)) == 3:
        return False
    one = new_tensor(ones_like(t._array), tensor_type)
    run_backward([t], [one], create_graph if retain_graph is None else retain_graph, create_graph)
    return True


cdef list runs_here():
    """The backward passes that this thread is in, innermost last."""
    if not hasattr(_runs, "stack"):
        _runs.stack = []
    return _runs.stack


_runs = threading.local()


def current_run():
    """The number of the backward pass that this thread is in; 0 outside of any."""
    cdef list stack = runs_here()
    return (<Run>stack[len(stack) - 1]).id if stack else 0


def is_reached(Node node not None):
    """Whether the backward pass that this thread is in reaches a node and computes its gradient."""
    cdef list stack = runs_here()
    cdef Run run
    if not stack:
        return False
    run = <Run>stack[len(stack) - 1]
    return (node.run == run.id or (run.extra is not None and node in run.extra)) and run.state(node).needed


def is_partial_backward():
    """Whether this thread is inside a backward pass that computes gradients of given inputs only."""
    return fb_partial_backward != 0


cdef int count_dependencies(Run run, list roots) except -1:
    """Claims the roots and all nodes behind them, and counts the gradients that each of these will get."""
    cdef list stack = []
    cdef Node node, target
    cdef GraphState s
    cdef Py_ssize_t i
    for node in roots:
        if run.claim(node) is not None:
            stack.append(node)
    while stack:
        node = <Node>stack.pop()
        if node.edges is None:
            continue
        for i in range(PyTuple_GET_SIZE(node.edges)):
            e = <object>PyTuple_GET_ITEM(node.edges, i)
            if e is None:
                continue
            target = target_of(e)
            if run.claim(target) is not None:
                stack.append(target)
            s = run.state(target)
            s.deps += 1
    return 0


cdef int mark_needed(Run run, list inputs) except -1:
    """Leaves out the nodes from which no input is reached. Inputs are created before what uses them."""
    cdef Node node
    cdef GraphState s
    cdef TensorBase t
    cdef set wanted = set()
    run.captures = {}
    run.results = [None] * len(inputs)
    run.inputs = list(inputs)
    for i, t in enumerate(inputs):
        edge = edge_of(t)
        if edge is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        node = target_of(edge)
        wanted.add(node)
        run.captures.setdefault((node, t._output_nr if edge is not t else 0), []).append(i)
    order = sorted(run.touched, key=_seq_of)
    for node in order:
        if isinstance(node, AccumulateGrad):
            s = run.state(node)
            s.needed = node in wanted
    for node in order:
        if isinstance(node, AccumulateGrad):
            continue
        needed = node in wanted
        if not needed and node.edges is not None:
            for e in node.edges:
                if e is not None and run.state(target_of(e)).needed:
                    needed = True
                    break
        s = run.state(node)
        s.needed = needed
    return 0


def _seq_of(Node node not None):
    return node.seq


cdef int deliver(Run run, Node target, int nr, object grad) except -1:
    """Adds a gradient of output nr of a node to what has arrived."""
    cdef GraphState s = run.state(target)
    if target.n_outputs <= 1:
        if s.buf is None:
            s.buf = grad
        elif s.owned and not interprets(s.buf) and not interprets(grad):
            add_into(<TensorBase>s.buf, grad)
        else:
            s.buf = operators[OP_ADD](s.buf, grad)
            s.owned = not run.create
        return 0
    if s.buf is None:
        s.buf = [None] * target.n_outputs
    old = (<list>s.buf)[nr]
    (<list>s.buf)[nr] = grad if old is None else operators[OP_ADD](old, grad)
    return 0


cdef object add_into(TensorBase buf, object grad):
    if unlikely(extras & WATCHED) or fast_inplace(<OpFunction>operators[OP_IADD], buf, grad) is None:
        operators[OP_IADD](buf, grad)


cdef inline void free_saved(Node node):
    if node.kept is not None:
        node.kept = None
        node.freed = True


cdef int walk(Run run) except -1:
    return watch_walk(run) if unlikely(extras & WATCH_CALLS) else walk_ready(run)


cdef int walk_ready(Run run) except -1:
    cdef Node node
    cdef GraphState s
    cdef bint owned
    while not run.ready.empty():
        node = <Node><object>run.ready.top().second
        run.ready.pop()
        s = run.state(node)
        grads = s.buf
        s.buf = None
        if not s.needed:
            pass_on(run, node, None)
            continue
        if node.hooks is not None and grads is not None:
            grads = run_tensor_hooks(node, grads)
            store_retained(node, grads)
        if run.captures is not None:
            capture(run, node, grads)
        if isinstance(node, AccumulateGrad):
            if grads is not None and run.accumulate:
                if unlikely(extras & WATCH_CALLS):
                    watch_accumulate(run, <AccumulateGrad>node, grads, s.owned)
                else:
                    reach_leaf(run, <AccumulateGrad>node, grads, s.owned)
            continue
        if grads is None and not node.strict:
            pass_on(run, node, None)
            continue
        s.owned = False
        if unlikely(extras & (NOTE_NODES | WATCH_CALLS)):
            result = watch_evaluate(run, node, grads)
        else:
            result = None
            if node.rule and grads is not None and node.hooks is None and not extras & TRACE_CALLS:
                result = gradient_by_rule(node, grads)
            if result is None:
                result = evaluate(run, node, grads)
        if node.strict:
            check_returned(node, result)
        pass_on(run, node, result)
        result = None                      # a gradient that only its receiver holds may become .grad without a copy
        if not run.keep:
            free_saved(node)
            if type(node) is CopySlices:
                free_saved((<CopySlices>node).part)
    return 0


cdef tuple gradient_by_rule(Node node, object grad):
    """What backward of an arithmetic op returns, for plain real tensors without entering Python; else None."""
    cdef Py_ssize_t i
    if not is_plain(grad):
        return None
    if node.rule == RULE_SUM:
        return grad, grad
    if node.kept is None or category(array_code((<TensorBase>grad)._array)) == 3:
        return None
    result = PyTuple_New(2)
    for i in range(2):
        g = unpack_one(node, i)
        if g is not None:
            g = fast_binary(<OpFunction>operators[OP_MUL], grad, g)
            if g is None:
                return None
        Py_INCREF(g)
        PyTuple_SET_ITEM(result, i, g)
    return result


cdef int reach_leaf(Run run, AccumulateGrad acc, object grad, bint owned) except -1:
    """Adds a gradient to a leaf's, between the hooks of its node."""
    if acc.hooks is None:
        return accumulate_grad(acc, <TensorBase>grad, run.create, owned)
    given = run_prehooks(acc, (grad,))
    if given[0] is not None:
        accumulate_grad(acc, <TensorBase>given[0], run.create, False)
    run_posthooks(acc, (), given)
    return 0


cdef int capture(Run run, Node node, object grads) except -1:
    cdef int nr
    for nr in range(max(node.n_outputs, 1)):
        positions = run.captures.get((node, nr))
        if positions is None or grads is None:
            continue
        g = grads if node.n_outputs <= 1 else (<list>grads)[nr]
        if g is not None and not run.accumulate:
            for i in positions:
                run.results[i] = g
        elif g is not None and not isinstance(node, AccumulateGrad):
            for i in positions:                # not a leaf: its gradient is the one at this point of the graph
                add_to_grad(<TensorBase>run.inputs[i], g)
    return 0


cdef object run_tensor_hooks(Node node, object grads):
    """The gradients of the outputs as the hooks of these tensors leave them."""
    if node.out_backend is not cpu_backend and node.out_backend is not None:
        with node.out_backend.as_in_forward(node, grads):
            return run_hooks_here(node, grads)
    return run_hooks_here(node, grads)


cdef object run_hooks_here(Node node, object grads):
    cdef bint single = node.n_outputs <= 1
    for nr, hooks in node.hooks.on_outputs.items():
        g = grads if single else grads[nr]
        if g is None:
            continue
        for hook in list(hooks.values()):
            new = hook(g)
            if new is not None:
                if not isinstance(new, TensorBase):
                    raise TypeError(f"a tensor hook of {node.name()} returned {type(new).__name__}, expected a Tensor or None")
                if (<TensorBase>new)._array.shape != (<TensorBase>g)._array.shape:
                    raise RuntimeError(f"hook '{hook_name(hook)}' has changed the size of value")
                if array_code((<TensorBase>new)._array) != array_code((<TensorBase>g)._array):
                    raise RuntimeError(f"hook '{hook_name(hook)}' has changed the type of value (was {g.type()} got {new.type()})")
                g = new
        if single:
            grads = g
        else:
            grads[nr] = g
    return grads


cdef int store_retained(Node node, object grads) except -1:
    for nr, ref in node.hooks.retained.items():
        t = ref()
        g = grads if node.n_outputs <= 1 else grads[nr]
        if t is not None and g is not None:
            add_to_grad(<TensorBase>t, g)
    return 0


cdef int add_to_grad(TensorBase t, object g) except -1:
    t._grad = g if t._grad is None else operators[OP_ADD](t._grad, g)
    return 0


cdef object evaluate(Run run, Node node, object grads):
    """Calls the node's backward and its hooks; the result is a tuple of gradients, one per edge."""
    if node.out_backend is not cpu_backend and node.out_backend is not None:
        with node.out_backend.as_in_forward(node, grads):
            return evaluate_here(run, node, grads)
    return evaluate_here(run, node, grads)


cdef object evaluate_here(Run run, Node node, object grads):
    cdef PyObject* stack[2]
    if node.n_outputs == 1 and node.hooks is None and grads is not None:
        if type(grads) is list:
            grads = (<list>grads)[0]
        stack[0] = <PyObject*>node
        stack[1] = <PyObject*>grads
        return fb_vectorcall(<PyObject*>node._backward, stack, 2, NULL)
    if grads is None:
        grads = [None] * max(node.n_outputs, 1)
    given = tuple(grads) if type(grads) is list else (grads,)
    if node.hooks is None:
        return call_backward(node, given)
    given = run_prehooks(node, given)
    result = call_backward(node, given)
    if node.hooks.after:
        result = run_posthooks(node, tuple(result) if isinstance(result, (tuple, list)) else (result,), given)
    return result


def _evaluate(Run run not None, Node node not None, grads):
    return evaluate(run, node, grads)


cdef tuple run_prehooks(Node node, tuple grads):
    """The gradients of the outputs as the hooks before backward leave them."""
    for hook in list(node.hooks.before.values()):
        grads = replaced(hook, hook(grads), grads)
    return grads


cdef tuple run_posthooks(Node node, tuple result, tuple grads):
    """The gradients that backward returned as the hooks after it leave them."""
    for hook in list(node.hooks.after.values()):
        result = replaced(hook, hook(result, grads), result)
    return result


cdef tuple replaced(object hook, object new, tuple old):
    if new is None:
        return old
    given = new if isinstance(new, tuple) else (new,)
    if len(given) != len(old):
        raise RuntimeError(f"hook '{hook_name(hook)}' has returned an incorrect number of values (got {len(given)}, but "
                           f"expected {len(old)})")
    return given


cdef object hook_name(object hook):
    return getattr(hook, "__name__", hook)


cdef object call_backward(Node node, tuple grads):
    cdef int i
    if not node.bare:
        full = list(grads)
        like = None
        for g in full:
            if g is not None:
                like = (<TensorBase>g)._array
        for i in range(len(full)):
            if full[i] is None and (node.n_outputs > 1 or node.strict) and output_meta(node, i) is not None:
                shape, code = output_meta(node, i)
                full[i] = wrap(node.out_backend.zeros(shape, descr_of_code[code], like), node.out_face)
        grads = tuple(full)
    return node._backward(node, *grads)


cdef int pass_on(Run run, Node node, object result) except -1:
    """Delivers the gradients that backward returned along the edges, checked against what they are gradients of."""
    cdef Py_ssize_t n, m, i
    cdef Node target
    cdef GraphState s
    cdef int nr
    cdef bint many = type(result) is tuple or type(result) is list
    if node.edges is None:
        return 0
    n = PyTuple_GET_SIZE(node.edges)
    m = 0 if result is None else len(result) if many else 1
    if m > n:
        for i in range(n, m):
            if result[i] is not None:
                raise RuntimeError(f"function {node.name()} returned an incorrect number of gradients "
                                   f"(expected {n}, got {m})")
        m = n
    for i in range(n):
        e = <object>PyTuple_GET_ITEM(node.edges, i)
        if e is None:
            continue
        target = target_of(e)
        s = run.state(target)
        g = None
        if i < m:
            g = result[i] if many else result
        if g is not None and s.needed:
            nr = 0 if node.edge_nrs is None else <int>node.edge_nrs[i]
            g = checked(node, i, g, e, target, nr)
            deliver(run, target, nr, g)
        s.deps -= 1
        if s.deps == 0:
            run.ready.push(Ready(target.seq, <PyObject*>target))
    return 0


cdef int check_returned(Node node, object result) except -1:
    """A Function returns a gradient per argument of its forward; those nobody asked for are checked here."""
    grads = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    cdef Py_ssize_t n = PyTuple_GET_SIZE(node.edges), m = len(grads), i
    if m < n:
        raise RuntimeError(f"function {node.name()} returned an incorrect number of gradients (expected {n}, got {m})")
    for i in range(n):
        if grads[i] is not None and not isinstance(grads[i], TensorBase):
            raise_no_gradient(node, i, grads[i])
    return 0


cdef raise_no_gradient(Node node, Py_ssize_t i, object g):
    raise TypeError(f"function {node.name()} returned a gradient of type {type(g).__name__} at index {i}, expected a Tensor "
                    "or None")


cdef object checked(Node node, Py_ssize_t i, object g, object edge, Node target, int nr):
    """The gradient in the shape and dtype of what it belongs to: broadcast dimensions are summed away."""
    cdef PyObject* a
    cdef int j, nd, code
    cdef cnp.npy_intp* dims
    if not isinstance(g, TensorBase):
        raise_no_gradient(node, i, g)
    array = (<TensorBase>g)._array
    a = <PyObject*>array
    if FB_IS_ARRAY(a):
        nd = -1
        if edge is not target:
            leaf = (<TensorBase>edge)._array
            if FB_IS_ARRAY(<PyObject*>leaf):
                nd = FB_NDIM(<PyObject*>leaf)
                dims = FB_DIMS(<PyObject*>leaf)
                code = num_code(FB_NUM(<PyObject*>leaf))
        elif target.metas is None and target.out_backend is cpu_backend:
            nd = target.out_ndim
            dims = target.out_dims
            code = target.out_code
        if nd == FB_NDIM(a) and code == num_code(FB_NUM(a)):
            for j in range(nd):
                if dims[j] != FB_DIMS(a)[j]:
                    break
            else:
                return g
    if edge is not target:
        shape = (<TensorBase>edge)._array.shape
        code = array_code((<TensorBase>edge)._array)
    else:
        shape, code = output_meta(target, nr)
    if array.shape != tuple(shape):
        if not expandable(tuple(shape), array.shape):
            raise RuntimeError(f"Function {node.name()} returned an invalid gradient at index {i} - got "
                               f"{list(array.shape)} but expected shape compatible with {list(shape)}")
        g = operators[OP_SUM_TO](g, tuple(shape))
    if array_code((<TensorBase>g)._array) != code:
        if node.strict and category(code) < 3 and category(array_code((<TensorBase>g)._array)) == 3:
            raise RuntimeError(f"Function {node.name()} returned an invalid gradient at index {i} - got a complex gradient but "
                               f"expected one of dtype {dtype_of_code[code]}: return its real part")
        g = operators[OP_CAST](g, dtype_of_code[code])
    if not FB_IS_ARRAY(<PyObject*>(<TensorBase>g)._array) or target.out_backend is not cpu_backend:
        g = on_device(node, i, <TensorBase>g, edge, target)
    return g


cdef object on_device(Node node, Py_ssize_t i, TensorBase g, object edge, Node target):
    """The gradient on the device of what it belongs to; that of a number among tensors of a GPU has to be moved."""
    if interprets(g):
        return g
    backend = backend_for(<TensorBase>edge) if edge is not target else target.out_backend
    if backend_for(g) is backend and (edge is target or backend is cpu_backend or
                                      device_of(<TensorBase>edge) == device_of(g)):
        return g
    device = device_of(<TensorBase>edge) if edge is not target else backend.device
    if g._array.ndim:
        raise RuntimeError(f"Function {node.name()} returned an invalid gradient at index {i} - expected device {device} but "
                           f"got {device_of(g)}")
    return operators[OP_TRANSFER](g, device)


cdef bint expandable(tuple small, tuple large):
    cdef Py_ssize_t k = len(large) - len(small), i
    if k < 0:
        return False
    for i in range(len(small)):
        if small[i] != large[k + i] and small[i] != 1:
            return False
    return True


cdef int accumulate_grad(AccumulateGrad acc, TensorBase grad, bint create_graph, bint owned) except -1:
    cdef TensorBase leaf = <TensorBase>acc.leaf_ref()
    if leaf is None:
        return 0
    while acc.adding:
        sleep(1e-5)
    acc.adding = True
    try:
        add_to_leaf(leaf, grad, create_graph, owned)
    finally:
        acc.adding = False
    if acc.accumulated_hooks is not None:
        for hook in list(acc.accumulated_hooks.values()):
            hook(leaf)
    return 0


cdef int add_to_leaf(TensorBase leaf, TensorBase grad, bint create_graph, bint owned) except -1:
    cdef TensorBase old
    if leaf._grad is None:
        if create_graph:
            leaf._grad = operators[OP_CLONE](grad)
        elif (owned or exclusive(grad)) and lies_like(grad, leaf):
            leaf._grad = grad
        else:
            leaf._grad = copy_for(leaf, grad)
    else:
        old = <TensorBase>leaf._grad
        if grad._volatile and not old._volatile:
            leaf._grad = operators[OP_ADD](old, wrap(grad._array, plain_face(type(grad))))   # it stays recordable
        elif create_graph or interprets(old) or interprets(grad):
            leaf._grad = operators[OP_ADD](old, grad)
        else:
            add_into(old, grad)
    return 0


cdef inline bint exclusive(TensorBase grad):
    """Nobody else holds this gradient or its memory: it may become .grad as it is."""
    a = <PyObject*>grad._array
    # held by: the caller's variable, this argument; the array by the tensor and `a` is borrowed
    return (Py_REFCNT(<PyObject*>grad) <= GRAD_REFS and FB_IS_ARRAY(a) and Py_REFCNT(a) == 1
            and FB_BASE(a) == NULL and grad._vc is None)


cdef inline bint lies_like(TensorBase grad, TensorBase leaf):
    """Whether a gradient has the order in memory of its leaf."""
    a, b = <PyObject*>grad._array, <PyObject*>leaf._array
    if not FB_IS_ARRAY(a) or not FB_IS_ARRAY(b):
        return True
    return FB_FLAGS(a) & FB_FLAGS(b) & cnp.NPY_ARRAY_C_CONTIGUOUS or same_strides(a, b)


cdef TensorBase copy_for(TensorBase leaf, TensorBase grad):
    """A copy of a gradient that lies in memory like its leaf, or row-major when the leaf has gaps."""
    a, b = <PyObject*>grad._array, <PyObject*>leaf._array
    if not FB_IS_ARRAY(a) or not FB_IS_ARRAY(b) or FB_FLAGS(a) & FB_FLAGS(b) & cnp.NPY_ARRAY_C_CONTIGUOUS:
        return copy_tensor(grad)
    out = array_like(FB_DESCR(a), &b, 1, FB_NDIM(a), FB_DIMS(a))
    if not same_strides(<PyObject*>out, b):
        out = fb_new_array(FB_DESCR(a), FB_NDIM(a), FB_DIMS(a))
    cnp.PyArray_CopyInto(out, grad._array)
    return wrap_like(out, grad)


cdef enum:
    GRAD_REFS = 1


cdef TensorBase copy_tensor(TensorBase t):
    if FB_IS_ARRAY(<PyObject*>t._array):
        return wrap_like(copy_array(t._array), t)
    return operators[OP_CLONE](t)


def free_graph(tensors):
    """Releases what the graph behind the tensors keeps for backward, as a backward pass that does not retain it."""
    cdef list stack = [edge_of(t) for t in tensors]
    cdef set seen = set()
    while stack:
        edge = stack.pop()
        if not isinstance(edge, Node) or edge in seen:
            continue
        seen.add(edge)
        free_saved(<Node>edge)
        if type(edge) is CopySlices:
            free_saved((<CopySlices>edge).part)
        if (<Node>edge).edges is not None:
            stack.extend((<Node>edge).edges)


def leaves_of(tensors):
    """The leaves that a backward pass from these tensors would reach, each once."""
    cdef list stack = [edge_of(t) for t in tensors]
    cdef list found = []
    cdef set seen = set()
    while stack:
        edge = stack.pop()
        if edge is None or id(edge) in seen:
            continue
        seen.add(id(edge))
        if isinstance(edge, TensorBase):
            found.append(edge)
        elif (<Node>edge).edges is not None:
            stack.extend((<Node>edge).edges)
    return found


cdef TensorBase wrap_like(object array, TensorBase t):
    """A tensor of the face of t, volatile if t is."""
    cdef TensorBase new = wrap(array, plain_face(type(t)))
    new._volatile = t._volatile
    return new
