# The short path: pointwise ops on plain CPU tensors, and basic indexing. Each function returns None when a call is
# not of the simple kind; the caller then takes the general path, which also raises the errors. All tensors of a call have
# one face: a function's name ends in `_of` where it is given, else it is today's.

cdef inline bint is_plain(object t) noexcept:
    return has_face(t, &today)


cdef inline bint scalar_element(object s, int code, char* element):
    """Writes a Python number as one element of the given dtype; False when it does not fit or would promote, and for
    half precision, where the op itself says how it takes a number."""
    cdef PyTypeObject* t = Py_TYPE(s)
    cdef double d
    cdef int64_t v
    cdef int overflow = 0
    if t == &PyFloat_Type:
        d = PyFloat_AS_DOUBLE(<PyObject*>s)
    elif t == &PyLong_Type:
        v = PyLong_AsLongLongAndOverflow(<PyObject*>s, &overflow)
        if overflow:
            return False
        d = <double>v
        if code == INT64:
            (<int64_t*>element)[0] = v
            return True
        if code == INT32 and -2147483648 <= v <= 2147483647:
            (<int*>element)[0] = <int>v
            return True
        if code == UINT8 and 0 <= v <= 255:
            (<unsigned char*>element)[0] = <unsigned char>v
            return True
    else:
        return False
    if code == FLOAT32:
        (<float*>element)[0] = <float>d
        return True
    if code == FLOAT64:
        (<double*>element)[0] = d
        return True
    return False


cdef inline void run_binary(fb_binary_loop loop, char* out, int64_t so, char* a, int64_t sa, char* b, int64_t sb,
                            cnp.npy_intp n, int itemsize) noexcept:
    cdef int64_t shape[1]
    cdef int64_t o[1]
    cdef int64_t p[1]
    cdef int64_t q[1]
    if n < RELEASE_GIL:
        loop(out, so, a, sa, b, sb, n)
        return
    shape[0] = n
    o[0] = so
    p[0] = sa
    q[0] = sb
    with nogil:
        fb_binary_nd(loop, 1, shape, out, o, a, p, b, q, itemsize)


cdef inline object fast_binary(OpFunction f, object x, object y):
    return binary_of(f, x, y, &today)


cdef object binary_of(OpFunction f, object x, object y, Face* face):
    cdef bint tx = has_face(x, face), ty = has_face(y, face)
    cdef PyObject* a
    cdef PyObject* b
    cdef int num, code, out_code
    cdef cnp.npy_intp n, item
    cdef fb_binary_loop loop
    cdef char element[16]
    cdef void* descr
    cdef PyObject* pair[2]
    cdef unsigned int needs = 0
    if tx:
        a = <PyObject*>(<TensorBase>x)._array
    elif ty:
        a = <PyObject*>(<TensorBase>y)._array
    else:
        return None
    if not FB_IS_ARRAY(a):
        return None
    num = FB_NUM(a)
    if num >= N_NUMS:
        return None
    code = code_of_num[num]
    loop = f.binary[code]
    if loop == NULL or (f.to_float and category(code) < 2):
        return None
    out_code = f.loop_out[code]
    descr = FB_DESCR(a) if out_code == code else <void*><PyObject*>descr_of_code[out_code]
    item = FB_ITEMSIZE(a)
    if tx and ty:
        b = <PyObject*>(<TensorBase>y)._array
        if not FB_IS_ARRAY(b) or FB_NUM(b) != num:
            return None
        if fb_same_shape(a, b) and (FB_FLAGS(a) & FB_FLAGS(b) & FB_PLAIN) == FB_PLAIN:
            out = fb_new_array(descr, FB_NDIM(a), FB_DIMS(a))
            n = FB_SIZE(a)
            run_binary(loop, FB_DATA(<PyObject*>out), item if out_code == code else 1, FB_DATA(a), item,
                       FB_DATA(b), item, n, <int>item)
        else:
            out = broadcast_binary(loop, descr, a, b) if FB_FLAGS(a) & FB_FLAGS(b) & cnp.NPY_ARRAY_ALIGNED else None
            if out is None:
                return None
        if fb_grad_mode and f.differentiable:
            needs = needs_grad(<TensorBase>x) | (needs_grad(<TensorBase>y) << 1)
    else:
        if (FB_FLAGS(a) & FB_PLAIN) != FB_PLAIN or not scalar_element(y if tx else x, code, element):
            return None
        out = fb_new_array(descr, FB_NDIM(a), FB_DIMS(a))
        n = FB_SIZE(a)
        if tx:
            run_binary(loop, FB_DATA(<PyObject*>out), item if out_code == code else 1, FB_DATA(a), item,
                       element, 0, n, <int>item)
            if fb_grad_mode and f.differentiable:
                needs = needs_grad(<TensorBase>x)
        else:
            run_binary(loop, FB_DATA(<PyObject*>out), item if out_code == code else 1, element, 0,
                       FB_DATA(a), item, n, <int>item)
            if fb_grad_mode and f.differentiable:
                needs = needs_grad(<TensorBase>y) << 1
    cdef TensorBase t = new_tensor(out, class_in(face, <PyObject*>out))
    t._inference = fb_inference_mode
    if needs:
        pair[0] = <PyObject*>x
        pair[1] = <PyObject*>y
        record(f, t, pair, 2, needs)
    return t


cdef int broadcast_shape(PyObject* a, PyObject* b, cnp.npy_intp* dims) noexcept:
    """The number of dimensions of the broadcast of two arrays (sizes into dims); -1 when they do not fit."""
    cdef int na = FB_NDIM(a), nb = FB_NDIM(b), n = na if na > nb else nb, i
    cdef cnp.npy_intp p, q
    for i in range(n):
        p = FB_DIMS(a)[na - 1 - i] if i < na else 1
        q = FB_DIMS(b)[nb - 1 - i] if i < nb else 1
        if p != q and p != 1 and q != 1:
            return -1
        dims[n - 1 - i] = q if p == 1 else p
    return n


cdef inline void broadcast_strides(PyObject* a, int n, int64_t* strides) noexcept:
    cdef int na = FB_NDIM(a), i
    for i in range(n):
        if i < n - na or FB_DIMS(a)[i - (n - na)] == 1:
            strides[i] = 0
        else:
            strides[i] = FB_STRIDES(a)[i - (n - na)]


cdef object broadcast_binary(fb_binary_loop loop, void* descr, PyObject* a, PyObject* b):
    cdef cnp.npy_intp dims[64]
    cdef int64_t shape[64]
    cdef int64_t sa[64]
    cdef int64_t sb[64]
    cdef int64_t so[64]
    cdef PyObject* operands[2]
    cdef int n = broadcast_shape(a, b, dims), i, item
    if n < 0:
        return None
    broadcast_strides(a, n, sa)
    broadcast_strides(b, n, sb)
    operands[0] = a
    operands[1] = b
    out = array_like(descr, operands, 2, n, dims)
    cdef PyObject* o = <PyObject*>out
    for i in range(n):
        shape[i] = dims[i]
        so[i] = FB_STRIDES(o)[i]
    item = <int>FB_ITEMSIZE(o)
    cdef char* po = FB_DATA(o)
    cdef char* pa = FB_DATA(a)
    cdef char* pb = FB_DATA(b)
    if FB_SIZE(o) < RELEASE_GIL:
        fb_binary_nd(loop, n, shape, po, so, pa, sa, pb, sb, item)
    else:
        with nogil:
            fb_binary_nd(loop, n, shape, po, so, pa, sa, pb, sb, item)
    return out


cdef object unary_array(fb_unary_loop loop, void* descr, PyObject* a):
    cdef int64_t shape[64]
    cdef int64_t sa[64]
    cdef int64_t so[64]
    cdef int n = FB_NDIM(a), i, item
    cdef char* pa = FB_DATA(a)
    out = array_like(descr, &a, 1, n, FB_DIMS(a))
    cdef PyObject* o = <PyObject*>out
    cdef char* po = FB_DATA(o)
    cdef cnp.npy_intp size = FB_SIZE(a)
    item = <int>FB_ITEMSIZE(a)
    if (FB_FLAGS(a) & FB_PLAIN) == FB_PLAIN and size < RELEASE_GIL:
        loop(po, FB_ITEMSIZE(o), pa, item, size)
        return out
    for i in range(n):
        shape[i] = FB_DIMS(a)[i]
        sa[i] = FB_STRIDES(a)[i]
        so[i] = FB_STRIDES(o)[i]
    if size < RELEASE_GIL:
        fb_unary_nd(loop, n, shape, po, so, pa, sa, item)
    else:
        with nogil:
            fb_unary_nd(loop, n, shape, po, so, pa, sa, item)
    return out


cdef object unary_of(OpFunction f, object x, Face* face):
    cdef PyObject* single
    if not has_face(x, face):
        return None
    cdef PyObject* a = <PyObject*>(<TensorBase>x)._array
    if not FB_IS_ARRAY(a) or FB_NUM(a) >= N_NUMS or not (FB_FLAGS(a) & cnp.NPY_ARRAY_ALIGNED):
        return None
    cdef int code = code_of_num[FB_NUM(a)], out_code
    if f.unary[code] == NULL or (f.to_float and category(code) < 2):
        return None
    out_code = f.loop_out[code]
    out = unary_array(f.unary[code],
                      FB_DESCR(a) if out_code == code else <void*><PyObject*>descr_of_code[out_code], a)
    cdef TensorBase t = new_tensor(out, class_in(face, <PyObject*>out))
    t._inference = fb_inference_mode
    if fb_grad_mode and f.differentiable and needs_grad(<TensorBase>x):
        single = <PyObject*>x
        record(f, t, &single, 1, 1)
    return t


cdef int record(OpFunction f, TensorBase out, PyObject** args, int n, unsigned int needs) except -1:
    """The node of an op on plain tensors and numbers: edges to the arguments whose bit is set in needs, what the class
    declares to save, the shape of the result."""
    cdef Node node = <Node>FB_NEW_TENSOR(<PyObject*>Node, <PyObject*>f.node_type, _no_args)
    cdef int i, what
    cdef unsigned int tensors = needs
    cdef bint any_nr = False
    cdef SavedOutput so
    edges = PyTuple_New(n)
    for i in range(n):
        edge = None
        if needs >> i & 1:
            edge = edge_of(<TensorBase>args[i])
            if <PyObject*>edge != args[i] and (<TensorBase>args[i])._output_nr:
                any_nr = True
        elif isinstance(<object>args[i], TensorBase):
            tensors |= <unsigned int>1 << i
        Py_INCREF(edge)
        PyTuple_SET_ITEM(edges, i, edge)
    node.edges = edges
    node.tensors = tensors
    if any_nr:
        node.edge_nrs = tuple([(<TensorBase>args[i])._output_nr if needs >> i & 1 and edges[i] is not <object>args[i]
                               else 0 for i in range(n)])
    node.op = f.op
    node._backward = f.backward
    node.rule = f.rule
    node.out_face = <object>Py_TYPE(out)
    node.out_backend = cpu_backend
    stamp(node)
    if f.n_saves:
        saved = PyTuple_New(f.n_saves)
        for i in range(f.n_saves):
            v = None
            if f.save_for[i] & needs:
                what = f.save_what[i]
                if what == SAVE_OUTPUT:
                    so = SavedOutput.__new__(SavedOutput)
                    so.array = out._array
                    so.vc = counter(out)
                    so.face = <object>Py_TYPE(out)
                    node.versions[i] = so.vc.value
                    v = so
                else:
                    v = <object>args[what]
                    if isinstance(v, TensorBase):
                        node.versions[i] = version_of(<TensorBase>v)
                        if (<TensorBase>v)._inference:
                            raise_inference()
            Py_INCREF(v)
            PyTuple_SET_ITEM(saved, i, v)
        node.kept = pack_saved(node, saved) if unlikely(extras & PACK_SAVED) else saved
    set_output_meta(node, out._array)
    out._node = node
    return 0


cdef inline object fast_short(OpFunction f, PyObject** args, Py_ssize_t n):
    return short_of(f, args, n, &today)


cdef object short_of(OpFunction f, PyObject** args, Py_ssize_t n, Face* face):
    """An op that is one native kernel, on plain tensors; arguments left out are None. The kernel says None when it is
    not for it."""
    cdef PyObject* given[4]
    cdef PyObject* stack[4]
    cdef unsigned int needs = 0
    cdef Py_ssize_t i, total = PyTuple_GET_SIZE(f.names)
    if n > total or n < total - PyTuple_GET_SIZE(f.defaults) or total > 4:
        return None
    for i in range(total):
        given[i] = stack[i] = args[i] if i < n else <PyObject*>None
        if <object>given[i] is None and i >= total - PyTuple_GET_SIZE(f.defaults):
            continue
        if not has_face(<object>given[i], face):
            return None
        stack[i] = <PyObject*>(<TensorBase>given[i])._array
        if not FB_IS_ARRAY(stack[i]):
            return None
        if fb_grad_mode and needs_grad(<TensorBase>given[i]):
            needs |= <unsigned int>1 << i
    array = fb_vectorcall(<PyObject*>f.short, stack, total, NULL)
    if array is None:
        return None
    cdef TensorBase t = new_tensor(array, class_in(face, <PyObject*>array))
    t._inference = fb_inference_mode
    if needs:
        record(f, t, given, <int>total, needs)
    return t


cdef inline object fast_inplace(OpFunction f, object x, object y):
    return inplace_of(f, x, y, &today)


cdef object inplace_of(OpFunction f, object x, object y, Face* face):
    """x.add_(y) and the like, unrecorded, on x of plain layout."""
    cdef bint ty = has_face(y, face)
    cdef PyObject* a
    cdef PyObject* b
    cdef int code
    cdef cnp.npy_intp n, item
    cdef char element[16]
    if not has_face(x, face):
        return None
    if fb_grad_mode and (needs_grad(<TensorBase>x) or (ty and needs_grad(<TensorBase>y))
                         or unrecorded_view(<TensorBase>x)):
        return None
    if (<TensorBase>x)._inference and not fb_inference_mode:
        return None
    a = <PyObject*>(<TensorBase>x)._array
    if not FB_IS_ARRAY(a) or FB_NUM(a) >= N_NUMS:
        return None
    if (FB_FLAGS(a) & (FB_PLAIN | NPY_ARRAY_WRITEABLE)) != (FB_PLAIN | NPY_ARRAY_WRITEABLE):
        return None
    code = code_of_num[FB_NUM(a)]
    if f.binary[code] == NULL or f.loop_out[code] != code or (f.to_float and category(code) < 2):
        return None
    n = FB_SIZE(a)
    item = FB_ITEMSIZE(a)
    if ty:
        b = <PyObject*>(<TensorBase>y)._array
        if not FB_IS_ARRAY(b) or FB_NUM(b) != FB_NUM(a):
            return None
        if fb_same_shape(a, b) and (FB_FLAGS(b) & FB_PLAIN) == FB_PLAIN:
            if FB_DATA(a) != FB_DATA(b) and FB_DATA(a) < FB_DATA(b) + n * item and FB_DATA(b) < FB_DATA(a) + n * item:
                return None                                 # a partial overlap needs a copy
            run_binary(f.binary[code], FB_DATA(a), item, FB_DATA(a), item, FB_DATA(b), item, n, <int>item)
        elif FB_NDIM(b) == 0:
            memcpy(element, FB_DATA(b), item)               # b may be an element of a
            run_binary(f.binary[code], FB_DATA(a), item, FB_DATA(a), item, element, 0, n, <int>item)
        else:
            return None
    else:
        if not scalar_element(y, code, element):
            return None
        run_binary(f.binary[code], FB_DATA(a), item, FB_DATA(a), item, element, 0, n, <int>item)
    bump(<TensorBase>x)
    return x


# ------------------------------------------------------------------------------------- pointwise kernels

cdef class PointwiseKernel:
    """The native kernel of a pointwise op as a function of arrays: k(a) or k(a, b), of one dtype, any strides.
    Dtypes without a native loop go to the base kernel."""
    cdef readonly str name
    cdef object base
    cdef int n_inputs
    cdef fb_unary_loop unary[N_CODES]
    cdef fb_binary_loop binary[N_CODES]
    cdef int loop_out[N_CODES]
    cdef dict __dict__

    def __init__(self, str name, int n_inputs, base):
        cdef int i
        self.name = name
        self.base = base
        self.n_inputs = n_inputs
        encoded = name.encode()
        for i in range(N_CODES):
            self.loop_out[i] = i
            self.unary[i] = fb_get_unary(encoded, i, &self.loop_out[i]) if n_inputs == 1 else NULL
            self.binary[i] = fb_get_binary(encoded, i, &self.loop_out[i]) if n_inputs == 2 else NULL

    def codes(self):
        """The dtype codes that have a native loop."""
        return [i for i in range(N_CODES) if self.unary[i] != NULL or self.binary[i] != NULL]

    def __call__(self, a, b=None):
        cdef int code
        if self.n_inputs == 1:
            if FB_IS_ARRAY(<PyObject*>a) and FB_FLAGS(<PyObject*>a) & cnp.NPY_ARRAY_ALIGNED:
                code = num_code(FB_NUM(<PyObject*>a))
                if self.unary[code] != NULL:
                    return unary_array(self.unary[code], <void*><PyObject*>descr_of_code[self.loop_out[code]],
                                       <PyObject*>a)
            return self.base(a)
        if FB_IS_ARRAY(<PyObject*>a) and FB_IS_ARRAY(<PyObject*>b) and FB_NUM(<PyObject*>a) == FB_NUM(<PyObject*>b) \
                and FB_FLAGS(<PyObject*>a) & FB_FLAGS(<PyObject*>b) & cnp.NPY_ARRAY_ALIGNED:
            code = num_code(FB_NUM(<PyObject*>a))
            if self.binary[code] != NULL:
                out = broadcast_binary(self.binary[code], <void*><PyObject*>descr_of_code[self.loop_out[code]],
                                       <PyObject*>a, <PyObject*>b)
                if out is not None:
                    return out
        return self.base(a, b)


# ------------------------------------------------------------------------------------------ basic indexing

cdef object basic_view(PyObject* a, object key):
    """array[key] for ints, slices with positive step, None and Ellipsis; None for any other key, or one out of range."""
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp strides[64]
    cdef cnp.npy_intp* d = FB_DIMS(a)
    cdef cnp.npy_intp* s = FB_STRIDES(a)
    cdef char* data = FB_DATA(a)
    cdef int nd = FB_NDIM(a), at = 0, n = 0, used = 0, skip
    cdef Py_ssize_t m = 1, i, v, start, stop, step, length
    cdef int overflow = 0
    cdef PyObject* single = <PyObject*>key
    cdef PyObject* k
    cdef bint ellipsis = False
    cdef bint many = Py_TYPE(key) == &PyTuple_Type
    if many:
        m = PyTuple_GET_SIZE(<tuple>key)
        if m > 32 or nd > 32:
            return None
        for i in range(m):
            k = <PyObject*>(<tuple>key)[i]
            if <object>k is not None and <object>k is not Ellipsis:
                used += 1
    else:
        used = 1 if key is not None and key is not Ellipsis else 0
    if used > nd:
        return None
    for i in range(m):
        k = <PyObject*>(<tuple>key)[i] if many else single
        if Py_TYPE(<object>k) == &PyLong_Type:
            v = PyLong_AsLongLongAndOverflow(k, &overflow)
            if overflow or v < -d[at] or v >= d[at]:
                return None
            if v < 0:
                v += d[at]
            data += v * s[at]
            at += 1
        elif Py_TYPE(<object>k) == &PySlice_Type:
            if not plain_slice(<object>k):
                return None
            PySlice_Unpack(k, &start, &stop, &step)
            if step < 1:
                return None
            length = PySlice_AdjustIndices(d[at], &start, &stop, step)
            data += (start if length else 0) * s[at]
            dims[n] = length
            strides[n] = s[at] * step
            n += 1
            at += 1
        elif <object>k is None:
            dims[n] = 1
            strides[n] = d[at] * s[at] if at < nd else FB_ITEMSIZE(a)
            n += 1
        elif <object>k is Ellipsis:
            if ellipsis:
                return None
            ellipsis = True
            skip = nd - used
            while skip > 0:
                dims[n] = d[at]
                strides[n] = s[at]
                n += 1
                at += 1
                skip -= 1
        else:
            return None
    while at < nd:
        dims[n] = d[at]
        strides[n] = s[at]
        n += 1
        at += 1
    return fb_view(a, FB_DESCR(a), n, dims, strides, data)


cdef inline bint plain_slice(slice k):
    for v in (k.start, k.stop, k.step):
        if v is not None and Py_TYPE(v) != &PyLong_Type:
            return False
    return True


def basic_index(array, key):
    """The view array[key] for a basic key, else None."""
    if FB_IS_ARRAY(<PyObject*>array):
        return basic_view(<PyObject*>array, key)
    return None


cdef object getitem(TensorBase x, object key):
    if unlikely(extras & WATCHED):
        return watch_getitem(x, key)
    result = fast_getitem(x, key)
    if result is None and variables.type != NULL:
        result = getitem_by_library(x, key)
    return operators[OP_INDEX](x, key) if result is None else result


cdef inline object fast_getitem(TensorBase x, object key):
    return getitem_of(x, key, &today)


cdef object getitem_of(TensorBase x, object key, Face* face):
    cdef TensorBase t
    if has_face(x, face) and FB_IS_ARRAY(<PyObject*>x._array):
        view = basic_view(<PyObject*>x._array, key)
        if view is not None:
            t = new_tensor(view, class_in(face, <PyObject*>view))
            t._inference = fb_inference_mode
            set_view(t, x)
            if fb_grad_mode and needs_grad(x):
                node = record_view(<OpFunction>operators[OP_SLICE], t, x)
                node.key = key
                node.shape = x._array.shape
            return t
    return None


cdef inline bint fast_setitem(TensorBase x, object key, object value) except -1:
    return setitem_of(x, key, value, &today)


cdef bint setitem_of(TensorBase x, object key, object value, Face* face) except -1:
    """x[key] = value, unrecorded, for a basic key and a number that fits or a tensor of the same dtype and shape as x[key];
    False when the general path has to look."""
    cdef char element[16]
    cdef PyObject* a
    cdef int i
    if not has_face(x, face) or not FB_IS_ARRAY(<PyObject*>x._array) or (fb_grad_mode and needs_grad(x)) \
            or unrecorded_view(x) or (x._inference and not fb_inference_mode):
        return False
    a = <PyObject*>x._array
    if FB_NUM(a) >= N_NUMS or not FB_FLAGS(a) & NPY_ARRAY_WRITEABLE:
        return False
    view = basic_view(a, key)
    if view is None:
        return False
    a = <PyObject*>view
    for i in range(FB_NDIM(a)):
        if FB_STRIDES(a)[i] == 0 and FB_DIMS(a)[i] > 1:
            return False
    if has_face(value, face):
        b = (<TensorBase>value)._array
        if (fb_grad_mode and needs_grad(<TensorBase>value)) or not FB_IS_ARRAY(<PyObject*>b) \
                or FB_NUM(<PyObject*>b) != FB_NUM(a) or not fb_same_shape(a, <PyObject*>b):
            return False
    elif scalar_element(value, code_of_num[FB_NUM(a)], element):
        b = fb_new_array(FB_DESCR(a), 0, NULL)
        memcpy(FB_DATA(<PyObject*>b), element, FB_ITEMSIZE(a))
    else:
        return False
    cnp.PyArray_CopyInto(view, b)
    bump(x)
    return True
