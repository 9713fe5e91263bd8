# The short path of views of plain CPU tensors: shapes and orders of dimensions are computed here. As in fast.pxi, None
# says that a call is not of the simple kind; the general path then runs the op's prepare, which raises the errors.

cdef enum:
    MAX_VIEW = 32                      # dimensions


cdef inline bint read_int(object v, cnp.npy_intp* out) noexcept:
    cdef int overflow = 0
    if Py_TYPE(v) != &PyLong_Type:
        return False
    out[0] = PyLong_AsLongLongAndOverflow(<PyObject*>v, &overflow)
    return not overflow


cdef int read_ints(PyObject** args, Py_ssize_t n, cnp.npy_intp* out) except -2:
    """The ints of f(x, 1, 2) or f(x, (1, 2)), whose arguments after x begin at args; -1 when they are no plain ints."""
    cdef Py_ssize_t i, m = n
    cdef bint packed = False
    if n == 1 and Py_TYPE(<object>args[0]) != &PyLong_Type:
        if not isinstance(<object>args[0], tuple):
            return -1
        packed = True
        m = PyTuple_GET_SIZE(<tuple><object>args[0])
    if m > MAX_VIEW:
        return -1
    for i in range(m):
        if not read_int(<object>PyTuple_GET_ITEM(<tuple><object>args[0], i) if packed else <object>args[i], &out[i]):
            return -1
    return <int>m


cdef inline bint normal_dim(object v, int nd, cnp.npy_intp* out) noexcept:
    """Reads a dim as 0 <= dim < nd."""
    if not read_int(v, out) or out[0] < -nd or out[0] >= nd:
        return False
    if out[0] < 0:
        out[0] += nd
    return True


cdef tuple int_tuple(int n, cnp.npy_intp* values):
    return tuple([values[i] for i in range(n)])


cdef object view_of(OpFunction f, PyObject** args, Py_ssize_t n, Face* face):
    """A view of a plain tensor in another shape or order, recorded when a gradient is wanted."""
    cdef cnp.npy_intp dims[MAX_VIEW + 1]
    cdef cnp.npy_intp strides[MAX_VIEW + 1]
    cdef cnp.npy_intp order[MAX_VIEW + 1]
    cdef cnp.npy_intp* d
    cdef cnp.npy_intp* s
    cdef cnp.npy_intp known = 1, step
    cdef PyObject* a
    cdef int nd, m = 0, i, j, unknown = -1
    cdef uint64_t seen = 0
    if not has_face(<object>args[0], face):
        return None
    cdef TensorBase x = <TensorBase>args[0]
    cdef TensorBase t
    a = <PyObject*>x._array
    if not FB_IS_ARRAY(a) or FB_NDIM(a) > MAX_VIEW:
        return None
    if n == 1 and f.quick != QUICK_T and f.quick != QUICK_SQUEEZE:
        return None
    nd = FB_NDIM(a)
    d = FB_DIMS(a)
    s = FB_STRIDES(a)
    if f.quick == QUICK_RESHAPE:
        m = read_ints(args + 1, n - 1, dims)
        if m < 0 or not FB_FLAGS(a) & cnp.NPY_ARRAY_C_CONTIGUOUS:
            return None
        for i in range(m):
            if dims[i] == -1 and unknown < 0:
                unknown = i
            elif dims[i] < 0 or dims[i] > 0x7fffffff or known > 0x7fffffff:
                return None
            else:
                known *= dims[i]
        if unknown >= 0:
            if known == 0 or FB_SIZE(a) % known:
                return None
            dims[unknown] = FB_SIZE(a) // known
        elif known != FB_SIZE(a):
            return None
        step = FB_ITEMSIZE(a)
        for i in range(m - 1, -1, -1):
            strides[i] = step
            step *= dims[i] if dims[i] else 1
    elif f.quick == QUICK_TRANSPOSE or f.quick == QUICK_T or f.quick == QUICK_PERMUTE:
        m = nd
        for i in range(nd):
            order[i] = i
        if f.quick == QUICK_TRANSPOSE:
            if n != 3 or not normal_dim(<object>args[1], nd, &dims[0]) or not normal_dim(<object>args[2], nd, &dims[1]):
                return None
            order[dims[0]], order[dims[1]] = dims[1], dims[0]
        elif f.quick == QUICK_T:
            if n != 1 or nd != 2:
                return None
            order[0], order[1] = 1, 0
        else:
            if read_ints(args + 1, n - 1, order) != nd:
                return None
            for i in range(nd):
                if order[i] < -nd or order[i] >= nd:
                    return None
                if order[i] < 0:
                    order[i] += nd
                if seen >> order[i] & 1:
                    return None
                seen |= <uint64_t>1 << order[i]
        for i in range(nd):
            dims[i] = d[order[i]]
            strides[i] = s[order[i]]
    elif f.quick == QUICK_UNSQUEEZE:
        if n != 2 or not normal_dim(<object>args[1], nd + 1, &order[0]):
            return None
        m = nd + 1
        for i in range(m):
            j = i if i < order[0] else i - 1
            if i == order[0]:
                dims[i] = 1
                strides[i] = d[i] * s[i] if i < nd else FB_ITEMSIZE(a)
            else:
                dims[i] = d[j]
                strides[i] = s[j]
    elif f.quick == QUICK_SQUEEZE:
        j = -1
        if n == 2:
            if not normal_dim(<object>args[1], nd, &order[0]):
                return None
            j = <int>order[0]
        elif n != 1:
            return None
        for i in range(nd):
            if d[i] == 1 and (j < 0 or i == j):
                order[nd - 1 - (i - m)] = i                   # the dims that go, collected from the end
            else:
                dims[m] = d[i]
                strides[m] = s[i]
                m += 1
    else:
        m = read_ints(args + 1, n - 1, dims)
        if m < nd:
            return None
        for i in range(m):
            j = i - (m - nd)
            if j >= 0 and (dims[i] == d[j] or dims[i] == -1):
                dims[i] = d[j]
                strides[i] = s[j]
            elif dims[i] >= 0 and (j < 0 or d[j] == 1):
                strides[i] = 0
            else:
                return None
        if nd:
            for i in range(m - nd - 1, -1, -1):               # new dims of size 1 have the step over what follows
                if dims[i] == 1:
                    strides[i] = dims[i + 1] * strides[i + 1]
    t = new_tensor(fb_view(a, FB_DESCR(a), m, dims, strides, FB_DATA(a)), class_in(face, a))
    t._inference = fb_inference_mode
    set_view(t, x)
    if fb_grad_mode and needs_grad(x):
        node = record_view(f, t, x)
        if f.quick == QUICK_RESHAPE:
            node.shape = int_tuple(nd, d)
        elif f.quick == QUICK_TRANSPOSE:
            read_pair(args, nd, order)
            node.dims = int_tuple(2, order)
        elif f.quick == QUICK_PERMUTE:
            node.dims = int_tuple(nd, order)
        elif f.quick == QUICK_UNSQUEEZE:
            node.dim = order[0]
        elif f.quick == QUICK_SQUEEZE:
            node.dims = int_tuple(nd - m, order + m)
    return t


cdef inline void read_pair(PyObject** args, int nd, cnp.npy_intp* out) noexcept:
    normal_dim(<object>args[1], nd, &out[0])
    normal_dim(<object>args[2], nd, &out[1])


cdef Node record_view(OpFunction f, TensorBase t, TensorBase x):
    """The node of a view t of x; what its backward needs is set by the caller."""
    cdef Node node = <Node>FB_NEW_TENSOR(<PyObject*>Node, <PyObject*>f.node_type, _no_args)
    edge = edge_of(x)
    node.edges = (edge,)
    node.tensors = 1
    if edge is not x and x._output_nr:
        node.edge_nrs = (x._output_nr,)
    node.op = f.op
    node._backward = f.backward
    node.out_face = <object>Py_TYPE(t)
    node.out_backend = cpu_backend
    stamp(node)
    set_output_meta(node, t._array)
    set_history(t, node, 0)
    return node
