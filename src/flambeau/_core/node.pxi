# Graph nodes. A Node is the `ctx` of its op: forward saves into it, backward reads from it.

cdef class GraphState:
    """What one backward pass keeps about a node. A node is its own state unless another pass is using it."""
    cdef uint64_t run
    cdef Py_ssize_t deps
    cdef object buf                    # gradient(s) so far: Tensor, or list for several outputs
    cdef bint owned                    # buf was made here: further gradients may be added into it
    cdef bint needed


cdef class SavedOutput:
    """A saved output: holds the memory, not the tensor, since the tensor holds the node."""
    cdef object array
    cdef VersionCounter vc
    cdef int index
    cdef object face


cdef class Hooks:
    """What users attached to a node."""
    cdef dict on_outputs               # output number -> OrderedDict of functions of its gradient
    cdef dict retained                 # output number -> weakref of a tensor that wants .grad
    cdef object before                 # OrderedDict of functions of the gradients of the outputs
    cdef object after                  # OrderedDict of functions of those of the inputs and of the outputs
    cdef dict metadata


cdef Hooks hooks_of(Node node):
    cdef Hooks hooks
    if node.hooks is None:
        hooks = Hooks.__new__(Hooks)
        hooks.on_outputs = {}
        hooks.retained = {}
        hooks.before = OrderedDict()
        hooks.after = OrderedDict()
        hooks.metadata = {}
        node.hooks = hooks
    return node.hooks


cdef uint64_t next_seq = 0          # the creation number of the next node: see stamp
cdef enum:
    META_DIMS = 6

cdef extern from *:
    """
    #define FB_LAST_SEQ ((uint64_t)-1)
    """
    uint64_t FB_LAST_SEQ


@cython.trashcan(True)
cdef class Node(GraphState):
    """A recorded operation: where its gradients go, what its backward needs."""
    cdef object op                     # the Op or Function class; its backward is called
    cdef object _backward
    cdef tuple edges                   # per argument of forward: Node, leaf tensor or None
    cdef tuple edge_nrs                # per argument: output number of the edge's node; None when all are 0
    cdef tuple kept                    # what was saved; None once freed
    cdef long versions[4]
    cdef vector[long] more_versions
    cdef unsigned char freed
    cdef unsigned char is_volatile     # during forward only
    cdef unsigned char bare            # absent output gradients arrive as None, not as zeros
    cdef unsigned char strict          # a user's Function: what its backward returns is checked, and it runs in any case
    cdef unsigned char rule            # RULE_*: how the engine computes the gradients without calling backward; 0: not
    cdef uint64_t seq
    cdef int n_outputs
    cdef int out_ndim                  # shape and dtype of output 0
    cdef int out_code
    cdef unsigned int tensors          # a bit per argument: whether it is a tensor
    cdef cnp.npy_intp out_dims[META_DIMS]
    cdef tuple metas                   # (shape, code) per output, when there are several or many dimensions
    cdef object out_backend
    cdef object out_face
    cdef list to_save
    cdef tuple inputs                  # during forward only
    cdef object dirty
    cdef object non_differentiable
    cdef Hooks hooks                   # None when there are none
    cdef object __weakref__

    # ---- the ctx of forward

    @property
    def k(self):
        """The kernels of the device that the op runs on."""
        return self.out_backend.kernels

    @property
    def needs_input_grad(self):
        """Per argument of forward: whether its gradient will be wanted."""
        if self.edges is None:
            return tuple([isinstance(a, TensorBase) and needs_grad(<TensorBase>a) for a in self.inputs or ()])
        return tuple([e is not None for e in self.edges])

    def needs(self, Py_ssize_t i):
        """Whether the gradient of argument i of forward is wanted."""
        return self.edges is not None and self.edges[i] is not None

    @property
    def recording(self):
        """Whether anything needs a gradient; when not, saving is a no-op."""
        return self.edges is not None

    def save_for_backward(self, *values):
        """Keeps inputs, outputs and intermediate values for backward, with their versions."""
        self.to_save = list(values)

    def mark_dirty(self, *tensors):
        """Says which inputs forward changed in place."""
        self.dirty = tensors

    def mark_non_differentiable(self, *outputs):
        """Says which outputs have no gradient."""
        self.non_differentiable = outputs

    def set_materialize_grads(self, bint value):
        """With False, absent gradients of outputs arrive in backward as None."""
        self.bare = not value

    def mark_shared_storage(self, *pairs):
        """Accepted for old code; storages are tracked by themselves."""

    # ---- the ctx of backward

    @property
    def saved(self):
        """What forward saved, numbers included; raises when a saved tensor was changed in place or the buffers were
        freed."""
        return unpack_saved(self)

    # ---- the node as users see it

    def name(self):
        return type(self).__name__

    def __repr__(self):
        return f"<{type(self).__name__} object at {hex(id(self))}>"

    @property
    def next_functions(self):
        """(node, output number) per tensor among the arguments: where its gradient goes, (None, 0) when it has none."""
        if self.edges is None:
            return ()
        nrs = self.edge_nrs or (0,) * len(self.edges)
        numbers = self._shows_numbers
        return tuple([(None if e is None else target_of(e), nr) for i, (e, nr) in enumerate(zip(self.edges, nrs))
                      if e is not None or numbers or (i < 32 and self.tensors >> i & 1)])

    @property
    def _shows_numbers(self):
        """Whether a number among the arguments counts as a tensor: that of x * 2 does."""
        function = getattr(self.op, "function", None)
        return isinstance(function, OpFunction) and (<OpFunction>function).kind == BINARY

    @property
    def metadata(self):
        return hooks_of(self).metadata

    @property
    def _sequence_nr(self):
        return self.seq

    def register_hook(self, hook):
        """register_hook(fn(grad_inputs, grad_outputs)) -> handle: called after backward of this node."""
        return add_hook(hooks_of(self).after, hook)

    def register_prehook(self, hook):
        """register_prehook(fn(grad_outputs)) -> handle: called before backward of this node."""
        return add_hook(hooks_of(self).before, hook)

    def __call__(self, *grads):
        """Runs the backward of this node alone."""
        for i, g in enumerate(grads):
            if g is not None and not isinstance(g, TensorBase):
                raise TypeError(f"{self.name()}: expected a Tensor or None as gradient {i}, got {type(g).__name__}")
        if len(grads) != max(self.n_outputs, 1):
            raise TypeError(f"{self.name()}: expected {max(self.n_outputs, 1)} gradients, got {len(grads)}")
        return call_backward(self, grads)


def node_arguments(Node node not None):
    """(bits, n_outputs, ndim) of a node: bit i says that argument i is a tensor, ndim are the dimensions of output 0, or
    -1 where there are several."""
    return node.tensors, node.n_outputs, node.out_ndim


cdef class AccumulateGrad(Node):
    """The sink of a leaf: adds what arrives to the leaf's grad."""
    cdef object leaf_ref               # weak: the leaf owns this node, and every edge here holds the leaf
    cdef object accumulated_hooks
    cdef bint adding                   # a thread is adding to the gradient, perhaps without the GIL

    @property
    def variable(self):
        return self.leaf_ref()

    @property
    def next_functions(self):
        return ()


cdef AccumulateGrad accumulator(TensorBase leaf):
    cdef AccumulateGrad acc
    if leaf._acc is None:
        acc = AccumulateGrad.__new__(AccumulateGrad)
        acc.leaf_ref = weakref.ref(leaf)
        acc.seq = FB_LAST_SEQ
        acc.n_outputs = 1
        leaf._acc = acc
    return <AccumulateGrad>leaf._acc


cdef inline Node target_of(object edge):
    if isinstance(edge, Node):
        return <Node>edge
    return accumulator(<TensorBase>edge)


_handle_type = None


def set_handle_type(cls):
    global _handle_type
    _handle_type = cls


def add_hook(hooks, hook):
    handle = _handle_type(hooks)
    hooks[handle.id] = hook
    return handle


def tensor_hooks(TensorBase t not None):
    """The OrderedDict of hooks on the gradient of t."""
    if not needs_grad(t):
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    node = target_of(edge_of(t))
    return hooks_of(node).on_outputs.setdefault(t._output_nr, OrderedDict())


def accumulated_hooks(TensorBase t not None):
    """The OrderedDict of hooks that run after a leaf's gradient was accumulated."""
    if not needs_grad(t):
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if t._node is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    acc = accumulator(t)
    if acc.accumulated_hooks is None:
        acc.accumulated_hooks = OrderedDict()
    return acc.accumulated_hooks


def retain_grad(TensorBase t not None):
    node = current_node(t)
    if node is None:
        return
    hooks_of(node).retained[t._output_nr] = weakref.ref(t)


cdef int move_retained(TensorBase t, Node node, int output_nr) except -1:
    """After an in-place change the gradient that t retains is that of its new value."""
    cdef Hooks hooks = t._node.hooks
    ref = hooks.retained.get(t._output_nr)
    if ref is not None and ref() is t:
        del hooks.retained[t._output_nr]
        hooks_of(node).retained[output_nr] = ref
    return 0


def retains_grad(TensorBase t not None):
    node = current_node(t)
    return node is not None and node.hooks is not None and t._output_nr in node.hooks.retained


# --------------------------------------------------------------------------------- saving and unpacking

cdef inline long saved_version(Node node, Py_ssize_t i) noexcept:
    return node.versions[i] if i < 4 else node.more_versions[i - 4]


cdef inline void set_saved_version(Node node, Py_ssize_t i, long v):
    if i < 4:
        node.versions[i] = v
    else:
        if <Py_ssize_t>node.more_versions.size() <= i - 4:
            node.more_versions.resize(i - 3)
        node.more_versions[i - 4] = v


cdef int finish_saving(Node node, tuple args, object raw, list arrays, list outs, object face) except -1:
    """Turns what forward gave to save_for_backward into inputs, outputs and intermediates.
    args: tensors as given; raw: what forward got for them; arrays/outs: what forward returned, and its tensors."""
    cdef list to_save = node.to_save
    cdef Py_ssize_t i, j, n = len(to_save)
    cdef list saved = [None] * n
    cdef SavedOutput out
    node.to_save = None
    for i in range(n):
        v = to_save[i]
        found = False
        if v is not None:
            for j in range(len(arrays)):
                if arrays[j] is v and isinstance(outs[j], TensorBase) and not is_input(args, outs[j], node):
                    out = SavedOutput.__new__(SavedOutput)
                    out.array = (<TensorBase>outs[j])._array
                    out.vc = counter(<TensorBase>outs[j])
                    out.index = j
                    out.face = plain_face(type(outs[j]))
                    saved[i] = out
                    set_saved_version(node, i, out.vc.value)
                    found = True
                    break
            if not found:
                for j in range(len(raw)):
                    if raw[j] is v and isinstance(args[j], TensorBase):
                        saved[i] = args[j]
                        if (<TensorBase>args[j])._inference:
                            raise_inference()
                        set_saved_version(node, i, version_of(<TensorBase>args[j]))
                        found = True
                        break
        if not found:
            if isinstance(v, TensorBase):
                set_saved_version(node, i, version_of(<TensorBase>v))
            saved[i] = v
    node.kept = pack_saved(node, tuple(saved)) if extras & PACK_SAVED else tuple(saved)
    return 0


cdef raise_inference():
    raise RuntimeError("Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
                       "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use "
                       "it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`.")


cdef inline bint is_input(tuple args, object out, Node node):
    """An output that is an input tensor itself and was not changed by the op."""
    if node.dirty is not None:
        for d in node.dirty:
            if d is out:
                return False
    for a in args:
        if a is out:
            return True
    return False


cdef object unpack_one(Node node, Py_ssize_t i):
    v = node.kept[i]
    cdef TensorBase t
    cdef SavedOutput out
    if isinstance(v, TensorBase):
        if version_of(<TensorBase>v) != saved_version(node, i):
            raise_modified(node, i, (<TensorBase>v)._array, counter(<TensorBase>v), edge_of(<TensorBase>v),
                           (<TensorBase>v)._output_nr)
        return v
    if isinstance(v, SavedOutput):
        out = <SavedOutput>v
        if out.vc.value != saved_version(node, i):
            raise_modified(node, i, out.array, out.vc, node, out.index)
        t = new_tensor(out.array, <PyTypeObject*>out.face)
        t._vc = out.vc
        t._node = node
        t._output_nr = out.index
        return t
    if FB_IS_ARRAY(<PyObject*>v) or (v is not None and type(v) in _backends):
        return wrap(v, node.out_face)
    if type(v) is PackedTensor:
        return (<PackedTensor>v).tensor(node)
    return v


cdef tuple unpack_saved(Node node):
    if node.kept is None:
        if node.freed:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
                "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time "
                "or if you need to access saved tensors after calling backward.")
        return ()
    cdef Py_ssize_t n = PyTuple_GET_SIZE(node.kept), i
    result = PyTuple_New(n)
    for i in range(n):
        v = unpack_one(node, i)
        Py_INCREF(v)
        PyTuple_SET_ITEM(result, i, v)
    return result


cdef raise_modified(Node node, Py_ssize_t i, array, VersionCounter vc, source, int output_nr):
    """source: what computed the saved tensor, a leaf, or None."""
    dtype = dtype_of_code[array_code(array)]
    origin = f"output {output_nr} of {source.name()}" if isinstance(source, Node) else "a leaf" if source is not None else "an input"
    if vc.changes:
        version, stack = [c for c in vc.changes if c[0] > saved_version(node, i)][0]
        hint = f"It was changed (version {version}) here:\n{stack}"
    elif extras & NOTE_NODES:
        hint = ("Hint: the backtrace further above shows the operation that failed to compute its gradient. The variable in "
                "question was changed in there or anywhere later. Good luck!")
    else:
        hint = ("Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
                "torch.autograd.set_detect_anomaly(True).")
    raise RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{dtype.type_name} {list(array.shape)}], which is {origin}, saved by {node.name()}, is at version {vc.value}; "
        f"expected version {saved_version(node, i)} instead. {hint}")


# --------------------------------------------------------------------------------------------- metadata

cdef inline int set_output_meta(Node node, object array) except -1:
    """Remembers shape and dtype of the only output."""
    cdef int i, nd
    node.n_outputs = 1
    node.out_backend = cpu_backend if FB_IS_ARRAY(<PyObject*>array) else backend_of(array)
    if FB_IS_ARRAY(<PyObject*>array):
        nd = FB_NDIM(<PyObject*>array)
        node.out_ndim = nd
        node.out_code = num_code(FB_NUM(<PyObject*>array))
        if nd <= META_DIMS:
            for i in range(nd):
                node.out_dims[i] = FB_DIMS(<PyObject*>array)[i]
            return 0
    node.out_ndim = -1
    node.metas = ((array.shape, array_code(array)),)
    return 0


cdef tuple output_meta(Node node, int nr):
    """(shape, dtype code) of output nr."""
    cdef int i
    if node.metas is not None:
        return node.metas[nr]
    return tuple([node.out_dims[i] for i in range(node.out_ndim)]), node.out_code


# ------------------------------------------------------------------ what tools that draw the graph read of a node

def output_types(Node node not None):
    """(shape, dtype) of each output; None for one that is no tensor."""
    metas = [output_meta(node, i) for i in range(node.n_outputs)]
    return tuple([None if m is None else (m[0], dtype_of_code[m[1]]) for m in metas])


def kept_values(Node node not None):
    """What the node keeps for backward, unchecked: (tensor, array or number, whether it is an output) each. None once
    freed."""
    if node.freed:
        return None
    return tuple([((<SavedOutput>v).array, True) if isinstance(v, SavedOutput) else (v, False) for v in node.kept or ()])


def gradient_node(TensorBase t not None):
    """The node that gradients of t go to, a leaf's AccumulateGrad included; None when t requires none."""
    edge = edge_of(t)
    return None if edge is None else target_of(edge)
