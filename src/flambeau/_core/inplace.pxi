# In-place and out= forms of an op, and the history of views that change.

cdef inline bint unrecorded_view(TensorBase x) except -1:
    """Whether x may not change because it is a view without history of a tensor whose changes are recorded."""
    return fb_grad_mode and x._view_of and x._base is not None and needs_grad(x._base)


cdef raise_view(TensorBase x, str what):
    """The error of a recorded change of a view that may not be changed. what: what happened to it."""
    if x._view_of == VIEW_UNRECORDED:
        raise RuntimeError("A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
                           "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
                           "your code by moving both the view and the inplace either both inside the no_grad block (if "
                           "you don't want the inplace to be tracked) or both outside (if you want the inplace to be "
                           "tracked).")
    name = "the op" if x._node is None else x._node.name().removesuffix("Backward0").removesuffix("Backward")
    if x._view_of == VIEW_OF_SEVERAL:
        why = ("This view is the output of a function that returns multiple views. Such functions do not allow the output "
               "views to be modified inplace. You should replace the inplace operation by an out-of-place one.")
    else:
        why = ("This view was created inside a custom Function (or because an input was returned as-is) and the autograd "
               "logic to handle view+inplace would override the custom backward associated with the custom Function, "
               "leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the "
               "custom Function.")
    raise RuntimeError(f"Output {x._output_nr} of {name} is a view and {what}. {why}")


def allow_inplace(TensorBase t not None):
    """Lets a view that is one of several results of an op be changed in place, recorded: its history is then that of its
    base. For a caller who knows that the other results and the base are not used any more."""
    if t._view_of == VIEW_OF_SEVERAL:
        t._view_of = 0


cdef object check_inplace(TensorBase x, str name):
    """Raises when a recorded in-place change of x is not allowed."""
    cdef TensorBase base = x._base
    if x._leaf_grad and x._node is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation. "
                           f"{name}: change it under no_grad(), or change a clone().")
    if base is None:
        return None
    if x._view_of:
        raise_view(x, "is being modified inplace")
    if base._leaf_grad and base._node is None:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation. "
                           f"{name}: change it under no_grad(), or change a clone().")


cdef object check_writable(TensorBase x, str name):
    """Raises when an element of x would be written more than once, or cannot be written."""
    cdef int i
    if x._inference and not fb_inference_mode:
        raise RuntimeError(f"{name}: Inplace update to inference tensor outside InferenceMode is not allowed. You can make a "
                           "clone to get a normal tensor before doing inplace update.")
    if FB_IS_ARRAY(<PyObject*>x._array):
        a = <PyObject*>x._array
        if not FB_FLAGS(a) & NPY_ARRAY_WRITEABLE:
            raise RuntimeError(f"{name}: the memory of this tensor is read-only; change a clone() instead")
        for i in range(FB_NDIM(a)):
            if FB_STRIDES(a)[i] == 0 and FB_DIMS(a)[i] > 1 and FB_SIZE(a):
                raise_overlapping()
    elif 0 in x._array.strides and x._array.size:
        for stride, size in zip(x._array.strides, x._array.shape):
            if stride == 0 and size > 1:
                raise_overlapping()


cdef raise_overlapping():
    raise RuntimeError("unsupported operation: more than one element of the written-to tensor refers to a "
                       "single memory location. Please clone() the tensor before performing the operation.")


cdef object check_cast(int have, int want, str name):
    if category(have) > category(want):
        raise RuntimeError(f"{name}: result type {dtype_of_code[have].title} can't be cast to the desired output type "
                           f"{dtype_of_code[want].title}")


cdef raise_shape(tuple have, tuple want):
    """An in-place operand keeps its shape: the error says so in today's words and in those of 0.3."""
    cdef Py_ssize_t i
    text = f"output with shape {list(have)} doesn't match the broadcast shape {list(want)}"
    for i in range(1, min(len(have), len(want)) + 1):
        if have[len(have) - i] != want[len(want) - i]:
            raise RuntimeError(f"{text}: The expanded size of the tensor ({have[len(have) - i]}) must match the existing size "
                               f"({want[len(want) - i]}) at non-singleton dimension {len(have) - i}.")
    raise RuntimeError(text)


cdef object apply_inplace(OpFunction f, tuple args):
    """The op's result written over its first argument."""
    cdef list raw = []
    cdef TensorBase x
    if not isinstance(args[0], TensorBase):
        raise_no_tensor(f, args)
    x = <TensorBase>args[0]
    cdef Node node = begin(f, args, raw)
    check_writable(x, f.name)
    if fb_grad_mode and (node.edges is not None or needs_grad(x) or unrecorded_view(x)):
        check_inplace(x, f.name)
    target = x._array
    if FB_IS_ARRAY(<PyObject*>target) and node.out_backend is not cpu_backend:
        raise_devices(f, args)
    result = as_array(run_forward(f.forward, node, raw))
    if isinstance(result, tuple):
        raise RuntimeError(f"{f.name}: an op with several results has no in-place form")
    if result is not target:
        if result.shape != target.shape:
            raise_shape(target.shape, result.shape)
        check_cast(array_code(result), array_code(target), f.name)
        if node.to_save is not None:
            keep_old(node, x)
        write_array(target, result)
    bump(x)
    if node.is_volatile and fb_grad_mode and not x._volatile:
        make_volatile(x)
        if x._base is not None:
            make_volatile(x._base)
    node.dirty = (x,)
    if node.edges is not None and not is_nondifferentiable(node, target):
        set_output_meta(node, target)
        rebase_history(x, node, 0)
        if node.to_save is not None:
            finish_saving(node, args, raw, [result], [x], node.out_face)
    node.inputs = None
    node.dirty = None
    return x


cdef int make_volatile(TensorBase x) except -1:
    detach_in_place(x)
    x._volatile = True
    return 0


cdef int keep_old(Node node, TensorBase x) except -1:
    """What backward needs of x before the change becomes a copy that has the history of x."""
    cdef TensorBase old = None
    cdef Py_ssize_t i
    for i in range(len(node.to_save)):
        if node.to_save[i] is x._array:
            if old is None:
                old = copy_tensor(x)
                old._node = current_node(x)
                old._output_nr = x._output_nr
            node.to_save[i] = old
    return 0


cdef object owner_of(object array):
    """What stands for the memory of an array: the array that owns it, or an object of the library."""
    if not FB_IS_ARRAY(<PyObject*>array):
        return backend_of(array).memory_of(array)
    while type(array.base) is type(array):
        array = array.base
    return array


cdef object rebase_history(TensorBase x, Node node, int nr):
    """After x was changed by node: x is its output; for a view, the base's history records the change of a part."""
    cdef TensorBase base = x._base
    cdef CopySlices copy
    if base is not None and owner_of(x._array) is not owner_of(base._array):
        x._base = base = None                     # one of the two was given other memory
    if base is None:
        set_history(x, node, nr)
        return
    copy = CopySlices.__new__(CopySlices)
    copy.part = node
    copy.part_nr = nr
    edge = edge_of(base)
    copy.edges = (edge,) + node.edges[1:]
    copy.tensors = node.tensors
    if (edge is not None and edge is not base and base._output_nr) or node.edge_nrs is not None:
        nrs = node.edge_nrs or (0,) * len(node.edges)
        copy.edge_nrs = (base._output_nr if edge is not None and edge is not base else 0,) + nrs[1:]
    copy._backward = operators[OP_COPY_SLICES]
    copy.out_face = plain_face(type(base))
    copy.out_backend = node.out_backend
    stamp(copy)
    copy.base_strides = tuple(base._array.strides)
    copy.view_shape = tuple(x._array.shape)
    copy.view_strides = tuple(x._array.strides)
    copy.view_offset = x.data_ptr() - base.data_ptr()
    copy.view_dtype = x._array.dtype
    copy.part_outputs = node.n_outputs
    set_output_meta(copy, base._array)
    set_history(base, copy, 0)
    x._leaf_grad = False
    x._node_ver = -1


cdef class CopySlices(Node):
    """A base of which a part was changed in place through a view."""
    cdef readonly Node part                    # the op that changed the view
    cdef readonly int part_nr
    cdef readonly tuple base_strides, view_shape, view_strides         # bytes
    cdef readonly Py_ssize_t view_offset
    cdef readonly object view_dtype
    cdef readonly int part_outputs                                     # how many results the op has


def check_out(out, str name):
    """Raises unless a result may be written to out=."""
    if not isinstance(out, TensorBase):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    check_writable(<TensorBase>out, name)
    if fb_grad_mode and needs_grad(<TensorBase>out):
        raise_out_grad(name)


cdef object raise_out_grad(str name):
    raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
                       "arguments requires grad.")


cdef object apply_out(OpFunction f, tuple args, object out):
    """The op's result written into `out` (or several), resized when the shape differs."""
    cdef list outs = list(out) if isinstance(out, (tuple, list)) else [out]
    cdef bint old = fb_grad_mode
    global fb_grad_mode
    for o in outs:
        check_out(o, f.name)
    if fb_grad_mode and f.differentiable:
        for a in args:
            if isinstance(a, TensorBase) and needs_grad(<TensorBase>a):
                raise_out_grad(f.name)
    fb_grad_mode = 0
    try:
        result = apply_op(f, args)
    finally:
        fb_grad_mode = old
    return store_out(f, result, out)


cdef object store_out(OpFunction f, object result, object out):
    """Writes a result, or several, into `out`."""
    cdef list outs = list(out) if isinstance(out, (tuple, list)) else [out]
    for o in outs:
        check_out(o, f.name)
    results = result if isinstance(result, (tuple, list)) else (result,)
    if len(results) != len(outs):
        raise TypeError(f"{f.name}(): expected {len(results)} tensors in out=, got {len(outs)}")
    for r, o in zip(results, outs):
        if fb_grad_mode and needs_grad(<TensorBase>r):
            raise_out_grad(f.name)
        check_cast(array_code((<TensorBase>r)._array), array_code((<TensorBase>o)._array), f.name)
        place, place_of_out = device_of(<TensorBase>r), device_of(<TensorBase>o)
        if place != place_of_out:
            raise RuntimeError(f"{f.name}: Expected all tensors to be on the same device, but the result is on {place} and "
                               f"out is on {place_of_out}! Move out with .to(device).")
    for r, o in zip(results, outs):
        write_out(<TensorBase>r, <TensorBase>o)
    return out


cdef object write_out(TensorBase result, TensorBase out):
    if out._array.shape != result._array.shape:
        if out._numel():
            import warnings
            warnings.warn(f"An output with one or more elements was resized since it had shape "
                          f"{list(out._array.shape)}, which does not match the required output shape "
                          f"{list(result._array.shape)}. Resize out to zero elements with resize_(0) to avoid this.",
                          UserWarning, stacklevel=3)
        if FB_IS_ARRAY(<PyObject*>out._array):
            a = <PyObject*>result._array
            out._array = array_like(<void*><PyObject*>out._array.dtype, &a, 1, FB_NDIM(a), FB_DIMS(a))
        else:
            out._array = backend_of(out._array).zeros(result._array.shape, out._array.dtype, out._array)
        out._base = None
    write_array(out._array, result._array)
    bump(out)


cdef object write_array(object target, object value):
    """target[...] = value, on the device of target."""
    if FB_IS_ARRAY(<PyObject*>target):
        target[...] = value
    else:
        backend_of(target).write(target, value)
