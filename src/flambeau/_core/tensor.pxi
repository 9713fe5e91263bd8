# The tensor's state and everything that must be cheap. Methods live in flambeau/tensor.py and in the ops.

@cython.no_gc
cdef class VersionCounter:
    """Counts the in-place changes of one storage; shared by all tensors that view it."""
    cdef public long value
    cdef public object changes         # in anomaly mode: [(version, stack of the change)]


cdef enum:                             # views that a recorded in-place change must leave alone
    VIEW_UNRECORDED = 1                # made in no_grad mode
    VIEW_OF_SEVERAL = 2                # one of several results of an op
    VIEW_OF_FUNCTION = 3               # made by a user's Function, whose backward a new history would bypass


cdef class TensorBase:
    """One array and its autograd state. `flambeau.Tensor` derives from it and adds the methods."""
    cdef object _array                 # numpy.ndarray, cupy.ndarray, ...
    cdef object _grad                  # Tensor or None
    cdef Node _node                    # what computed this tensor; None for leaves
    cdef VersionCounter _vc            # made when a second tensor shares the storage; until then _ver counts
    cdef TensorBase _base              # the tensor this one is a view of (the root, never itself a view)
    cdef Node _acc                     # a leaf's gradient accumulator
    cdef int _output_nr                # which output of _node
    cdef unsigned char _leaf_grad      # requires_grad of a leaf; flags are bytes, as the size of a tensor is its price
    cdef unsigned char _inference      # made in inference mode
    cdef public unsigned char _volatile    # results of operations on it are not recorded, and volatile themselves
    cdef unsigned char _view_of        # for views: what VIEW_... says about in-place changes
    cdef long _ver
    cdef long _node_ver                # for views: the version at which _node was right
    cdef object __weakref__

    # ---- operator slots: the callables are registered by the ops (see set_operator)

    def __add__(x, y):
        return call_operator(OP_ADD, x, y)

    def __sub__(x, y):
        return call_operator(OP_SUB, x, y)

    def __mul__(x, y):
        return call_operator(OP_MUL, x, y)

    def __truediv__(x, y):
        return call_operator(OP_DIV, x, y)

    def __floordiv__(x, y):
        return call_operator(OP_FLOORDIV, x, y)

    def __mod__(x, y):
        return call_operator(OP_MOD, x, y)

    def __pow__(x, y, z):
        return call_operator(OP_POW, x, y)

    def __matmul__(x, y):
        return call_matmul(x, y)

    def __and__(x, y):
        return call_operator(OP_AND, x, y)

    def __or__(x, y):
        return call_operator(OP_OR, x, y)

    def __xor__(x, y):
        return call_operator(OP_XOR, x, y)

    def __lshift__(x, y):
        return call_operator(OP_LSHIFT, x, y)

    def __rshift__(x, y):
        return call_operator(OP_RSHIFT, x, y)

    def __neg__(self):
        return operators[OP_NEG](self)

    def __pos__(self):
        if array_code(self._array) == BOOL:
            raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
        return self

    def __abs__(self):
        return operators[OP_ABS](self)

    def __invert__(self):
        if category(array_code(self._array)) > 1:
            raise TypeError(f"~ (operator.invert) is only implemented on integer and Boolean-type tensors, not on {dtype_of(self)}")
        return operators[OP_INVERT](self)

    def __iadd__(self, y):
        return call_operator(OP_IADD, self, y)

    def __isub__(self, y):
        return call_operator(OP_ISUB, self, y)

    def __imul__(self, y):
        return call_operator(OP_IMUL, self, y)

    def __itruediv__(self, y):
        return call_operator(OP_IDIV, self, y)

    def __richcmp__(x, y, int op):
        if y is None or isinstance(y, str):
            return NotImplemented
        return call_operator(OP_LT + op, x, y)

    def __hash__(self):
        return <Py_ssize_t>(<size_t><PyObject*>self >> 4)

    def __getitem__(self, key):
        return getitem(self, key)

    def __setitem__(self, key, value):
        if not (watch_setitem(self, key, value) if unlikely(extras & WATCHED) else fast_setitem(self, key, value)):
            operators[OP_SETITEM](self, key, value)

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __bool__(self):
        if self._numel() == 1:
            return bool(self._array.item())
        if self._numel() == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")

    # ---- geometry

    cdef inline Py_ssize_t _numel(self):
        if FB_IS_ARRAY(<PyObject*>self._array):
            return FB_SIZE(<PyObject*>self._array)
        return self._array.size

    @property
    def ndim(self):
        """Number of dimensions."""
        if FB_IS_ARRAY(<PyObject*>self._array):
            return FB_NDIM(<PyObject*>self._array)
        return self._array.ndim

    def dim(self):
        """Number of dimensions."""
        return self.ndim

    @property
    def shape(self):
        """The sizes of the dimensions, a `Size`."""
        if FB_IS_ARRAY(<PyObject*>self._array):
            return make_size(FB_NDIM(<PyObject*>self._array), FB_DIMS(<PyObject*>self._array))
        return size_type(self._array.shape)

    def size(self, dim=None):
        """size() -> Size;  size(dim) -> int"""
        if dim is None:
            return self.shape
        shape = self._array.shape
        cdef Py_ssize_t n = len(shape), d
        d = dim
        if d < -max(n, 1) or d >= max(n, 1):
            raise IndexError(f"Dimension out of range (expected to be in range of "
                             f"[{-max(n, 1)}, {max(n, 1) - 1}], but got {dim})")
        if n == 0:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        return shape[d + n if d < 0 else d]

    def numel(self):
        """Number of elements."""
        return self._numel()

    nelement = numel

    def stride(self, dim=None):
        """Steps between neighbours along each dimension (or along `dim`), in elements."""
        item = self._array.itemsize
        if dim is None:
            return tuple([s // item for s in self._array.strides])
        n = len(self._array.shape)
        if not -n <= dim < n:
            raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
        return self._array.strides[dim] // item

    def element_size(self):
        """Bytes of one element."""
        return self._array.itemsize

    def data_ptr(self):
        """Address of the first element."""
        if FB_IS_ARRAY(<PyObject*>self._array):
            return <size_t>FB_DATA(<PyObject*>self._array)
        return self._array.data.ptr

    @property
    def dtype(self):
        """The element type, a `flambeau.dtype`."""
        return dtype_of(self)

    @property
    def device(self):
        """Where the elements are, a `flambeau.device`."""
        return device_of(self)

    def is_floating_point(self):
        return category(array_code(self._array)) == 2

    def is_complex(self):
        return category(array_code(self._array)) == 3

    def is_contiguous(self, memory_format=None):
        """Whether the elements lie in memory in row-major order (or in the given memory format's)."""
        if memory_format is None:
            return bool(self._array.flags.c_contiguous)
        fits = getattr(memory_format, "fits", None)
        if fits is None:
            raise TypeError(f"is_contiguous(): argument 'memory_format' must be torch.memory_format, not {type(memory_format).__name__}")
        return fits(self._array)

    # ---- autograd state

    @property
    def requires_grad(self):
        """Whether gradients are computed for this tensor."""
        return needs_grad(self)

    @requires_grad.setter
    def requires_grad(self, value):
        if not isinstance(value, bool):
            raise RuntimeError(f"requires_grad must be a bool, got {type(value).__name__}")
        if current_node(self) is not None:
            raise_not_leaf()
        TensorBase.requires_grad_(self, value)  # a class may hide the attribute

    def requires_grad_(self, bint requires_grad=True):
        """requires_grad_(requires_grad=True) -> self: starts (or stops) recording operations on this leaf."""
        if current_node(self) is not None:
            if not requires_grad:
                raise_not_leaf()
            return self
        if requires_grad and category(array_code(self._array)) < 2:
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        if requires_grad and self._inference and not fb_inference_mode:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        self._leaf_grad = requires_grad
        return self

    @property
    def is_leaf(self):
        """True for tensors made by the user (or that need no gradient)."""
        return current_node(self) is None

    @property
    def grad_fn(self):
        """The graph node that computed this tensor; None for leaves."""
        return current_node(self)

    @property
    def output_nr(self):
        return self._output_nr

    @property
    def grad(self):
        """The accumulated gradient, or None."""
        return self._grad

    @grad.setter
    def grad(self, value):
        if value is not None:
            if not isinstance(value, TensorBase):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if (<TensorBase>value)._array.shape != self._array.shape:
                raise RuntimeError(f"assigned grad has data of a different size: the tensor has shape "
                                   f"{tuple(self._array.shape)}, the gradient {tuple((<TensorBase>value)._array.shape)}")
            if (<TensorBase>value)._array.dtype != self._array.dtype:
                raise RuntimeError(f"assigned grad has data of a different type: the tensor is {dtype_of(self)}, "
                                   f"the gradient {dtype_of(<TensorBase>value)}")
            if not FB_IS_ARRAY(<PyObject*>self._array) or not FB_IS_ARRAY(<PyObject*>(<TensorBase>value)._array):
                if is_array(self._array) and is_array((<TensorBase>value)._array):
                    check_same_device(device_of(self), device_of(<TensorBase>value))
        self._grad = value

    @grad.deleter
    def grad(self):
        self._grad = None

    @property
    def _version(self):
        """How often the storage was changed in place."""
        return version_of(self)

    @property
    def _base_tensor(self):
        return self._base

    def _is_view(self):
        return self._base is not None

    def is_inference(self):
        """Whether the tensor was made in inference mode."""
        return bool(self._inference)

    @property
    def data(self):
        """A tensor over the same memory, without history and with a version counter of its own."""
        return wrap(self._array, plain_face(type(self)))

    @data.setter
    def data(self, value):
        if not isinstance(value, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self._array = (<TensorBase>value)._array
        self._base = None
        bump(self)

    def detach(self):
        """A tensor over the same memory that needs no gradient; it shares the version counter."""
        cdef TensorBase t = wrap(self._array, plain_face(type(self)))
        t._vc = counter(self)
        t._inference = self._inference
        return t

    def item(self):
        """The value of a one-element tensor as a Python number."""
        if FB_IS_ARRAY(<PyObject*>self._array):
            a = <PyObject*>self._array
            if FB_SIZE(a) == 1:
                if FB_NUM(a) == cnp.NPY_FLOAT:
                    return <double>(<float*>FB_DATA(a))[0]
                return self._array.item() if FB_NUM(a) < N_NUMS else float(self._array.reshape(())[()])
        elif self._array.size == 1:
            value = self._array.item()
            return value if isinstance(value, (int, float, complex)) else float(value)
        raise RuntimeError(f"a Tensor with {self._numel()} elements cannot be converted to Scalar")

    cdef object _scalar(self):
        if self._numel() != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, got shape {list(self.shape)}")
        return self.item()

    def __float__(self):
        return float(self._scalar())

    def __int__(self):
        return int(self._scalar())

    def __index__(self):
        if self._numel() != 1 or category(array_code(self._array)) > 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __complex__(self):
        return complex(self._scalar())


# ---------------------------------------------------------------------------------------- registration

cdef enum:
    OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_FLOORDIV, OP_MOD, OP_POW, OP_MATMUL, OP_AND, OP_OR, OP_XOR, OP_LSHIFT, OP_RSHIFT
    OP_NEG, OP_ABS, OP_INVERT, OP_IADD, OP_ISUB, OP_IMUL, OP_IDIV
    OP_LT, OP_LE, OP_EQ, OP_NE, OP_GT, OP_GE                # in the order of Python's rich comparisons
    OP_INDEX, OP_SETITEM, OP_SUM_TO, OP_CAST, OP_ALIAS, OP_CLONE, OP_SLICE, OP_AS_STRIDED, OP_COPY_SLICES, OP_CONJ, OP_MM, OP_TRANSFER
    N_OPERATORS

_operator_slots = {
    "+": OP_ADD, "-": OP_SUB, "*": OP_MUL, "/": OP_DIV, "//": OP_FLOORDIV, "%": OP_MOD, "**": OP_POW, "@": OP_MATMUL,
    "&": OP_AND, "|": OP_OR, "^": OP_XOR, "<<": OP_LSHIFT, ">>": OP_RSHIFT, "neg": OP_NEG, "abs": OP_ABS,
    "~": OP_INVERT, "+=": OP_IADD, "-=": OP_ISUB, "*=": OP_IMUL, "/=": OP_IDIV,
    "<": OP_LT, "<=": OP_LE, "==": OP_EQ, "!=": OP_NE, ">": OP_GT, ">=": OP_GE, "[]": OP_INDEX, "[]=": OP_SETITEM,
    "sum_to": OP_SUM_TO, "cast": OP_CAST, "alias": OP_ALIAS, "clone": OP_CLONE, "slice": OP_SLICE, "as_strided": OP_AS_STRIDED,
    "copy_slices": OP_COPY_SLICES, "conj": OP_CONJ, "mm": OP_MM, "transfer": OP_TRANSFER,
}
cdef list operators = [None] * N_OPERATORS


def set_operator(symbol, function):
    """Makes `function` what an operator of the tensor (`+`, `[]`, ...) or an internal need of the engine calls."""
    operators[_operator_slots[symbol]] = function


cdef PyTypeObject* tensor_type = NULL          # flambeau.Tensor
cdef PyTypeObject* parameter_type = NULL       # flambeau.nn.Parameter: makes plain tensors
cdef object size_type = None                   # flambeau.Size
cdef object _kept_types = []


cdef extern from *:
    """
    /* Python gives a subclass slots that look the method up by name at every call, since Cython lists operators among the
       methods too. A subclass that leaves an operator alone may have the slot of its base. */
    #define FB_COPY(suite, slot, name) \
        if (!PyDict_GetItemString(t->tp_dict, name) && b->tp_as_##suite->slot) t->tp_as_##suite->slot = b->tp_as_##suite->slot;
    static void fb_inherit_operators(PyTypeObject* t, PyTypeObject* b) {
        FB_COPY(number, nb_add, "__add__") FB_COPY(number, nb_subtract, "__sub__") FB_COPY(number, nb_multiply, "__mul__")
        FB_COPY(number, nb_true_divide, "__truediv__") FB_COPY(number, nb_floor_divide, "__floordiv__")
        FB_COPY(number, nb_remainder, "__mod__") FB_COPY(number, nb_power, "__pow__")
        FB_COPY(number, nb_matrix_multiply, "__matmul__") FB_COPY(number, nb_and, "__and__") FB_COPY(number, nb_or, "__or__")
        FB_COPY(number, nb_xor, "__xor__") FB_COPY(number, nb_negative, "__neg__") FB_COPY(number, nb_inplace_add, "__iadd__")
        FB_COPY(number, nb_inplace_subtract, "__isub__") FB_COPY(number, nb_inplace_multiply, "__imul__")
        FB_COPY(number, nb_inplace_true_divide, "__itruediv__") FB_COPY(number, nb_bool, "__bool__")
        FB_COPY(mapping, mp_subscript, "__getitem__") FB_COPY(mapping, mp_length, "__len__")
        if (!PyDict_GetItemString(t->tp_dict, "__setitem__")) t->tp_as_mapping->mp_ass_subscript = b->tp_as_mapping->mp_ass_subscript;
        if (!PyDict_GetItemString(t->tp_dict, "__eq__") && !PyDict_GetItemString(t->tp_dict, "__lt__"))
            t->tp_richcompare = b->tp_richcompare;
    }
    """
    void fb_inherit_operators(PyTypeObject*, PyTypeObject*)


def set_tensor_type(type cls):
    global tensor_type
    tensor_type = today.type = <PyTypeObject*>cls
    fb_inherit_operators(tensor_type, <PyTypeObject*>TensorBase)
    _kept_types.append(cls)


def set_parameter_type(type cls):
    global parameter_type
    parameter_type = today.parameter = <PyTypeObject*>cls
    fb_inherit_operators(parameter_type, <PyTypeObject*>TensorBase)
    _kept_types.append(cls)


def set_size_type(type cls):
    global size_type
    size_type = cls


class Backend:
    """What the core knows of an array library: its array type, its kernels, the device of an array.

    A library other than NumPy also defines zeros(shape, dtype, like), from_host(numpy_array, like), where `like` is an array
    of the device meant, ones_like(array), write(target, value), memory_of(array): what stands for the allocation,
    ran(node, array): a user's Function was recorded, with an array among its results, and as_in_forward(node, grads): a
    context in which the backward of a node runs where its forward did.
    """
    device = None
    kernels = None
    array_type = cnp.ndarray

    def device_of(self, array):
        return self.device

    def run(self, forward, node, raw):
        """Calls an op's forward; raw: its arguments, with arrays for tensors."""
        return forward(node, *raw)


cdef inline object dtype_of(TensorBase t):
    """What `t.dtype` is: the attribute itself is hidden by classes of other eras."""
    return dtype_of_code[array_code(t._array)]


cdef object device_of(TensorBase t):
    """What `t.device` is."""
    if FB_IS_ARRAY(<PyObject*>t._array):
        return cpu_backend.device
    return backend_of(t._array).device_of(t._array)


cdef check_same_device(device, device_of_grad):
    if device != device_of_grad:
        raise RuntimeError(f"assigned grad has data located on a different device: the tensor is on {device}, the gradient on "
                           f"{device_of_grad}")


cdef object cpu_backend = Backend()
cdef dict _backends = {}


def register_backend(backend):
    """Adds an array library; the one for numpy.ndarray is the CPU's."""
    global cpu_backend
    if backend.array_type is cnp.ndarray:
        cpu_backend = backend
    _backends[backend.array_type] = backend


cdef object backend_of(array):
    backend = _backends.get(type(array))
    if backend is None:
        if hasattr(array, "refuse"):             # what stands for the array of an interpreting tensor
            array.refuse()
        raise TypeError(f"flambeau has no device for arrays of type {type(array).__name__}")
    return backend


# ------------------------------------------------------------------------------------------------ faces

cdef struct Face:                      # one that the short paths know
    PyTypeObject* type                 # its class
    PyTypeObject* parameter            # the class of its parameters, which count as of `type`
    PyTypeObject* classes[N_CODES]     # where each dtype has a class: these; else NULL

cdef Face today                        # flambeau.Tensor
cdef Face variables                    # v03.Variable; NULL without v03
cdef Face plains                       # v03's plain tensors


cdef inline bint is_typed(PyTypeObject* cls) noexcept:
    """Whether cls is one of the classes of plain tensors."""
    cdef int i
    if cls == plains.classes[FLOAT32] or cls == plains.classes[INT64]:
        return True
    for i in range(N_CODES):
        if cls == plains.classes[i]:
            return True
    return False


cdef inline bint has_face(object t, Face* face) noexcept:
    """Whether t is a tensor of a face."""
    return Py_TYPE(t) == face.type or Py_TYPE(t) == face.parameter or (face == &plains and is_typed(Py_TYPE(t)))


cdef inline PyTypeObject* class_in(Face* face, PyObject* array) noexcept:
    """The class of a tensor of a face around a NumPy array."""
    return face.classes[num_code(FB_NUM(array))] if face == &plains else face.type


cdef inline object plain_face(object cls):
    """The class that results of ops on `cls` have: a Parameter counts as a Tensor, other classes say so by `_face`."""
    if <PyTypeObject*>cls == tensor_type or <PyTypeObject*>cls == parameter_type:
        return <object>tensor_type
    if <PyTypeObject*>cls == variables.type or <PyTypeObject*>cls == variables.parameter:
        return <object>variables.type
    return cls._face or cls


cdef inline object join_faces(object face, object cls):
    """The face of a result with inputs of two classes: the higher `_face_rank` wins, then the first."""
    cls = plain_face(cls)
    if cls is face:
        return face
    if face is None or cls._face_rank > face._face_rank:
        return cls
    if cls is not face and cls._face_rank == face._face_rank and issubclass(cls, face):
        return cls
    return face


# -------------------------------------------------------------------------------------- making tensors

cdef PyObject* _no_args = NULL
_empty_tuple = ()
_no_args = <PyObject*>_empty_tuple

cdef extern from *:
    """
    #define FB_NEW_TENSOR(base, T, args) (((PyTypeObject*)(base))->tp_new((PyTypeObject*)(T), (args), NULL))
    """
    object FB_NEW_TENSOR(PyObject* base, PyObject* T, PyObject* args)


cdef inline TensorBase new_tensor(object array, PyTypeObject* cls):
    """A tensor object around an array; __init__ is not called."""
    cdef TensorBase t = <TensorBase>FB_NEW_TENSOR(<PyObject*>TensorBase, <PyObject*>cls, _no_args)
    t._array = array
    return t


cdef TensorBase wrap(object array, object face):
    cdef PyTypeObject* cls = <PyTypeObject*>face
    if cls != tensor_type and cls != variables.type:
        if (cls == plains.type or is_typed(cls)) and FB_IS_ARRAY(<PyObject*>array) and array_code(array) >= 0:
            cls = class_in(&plains, <PyObject*>array)
        else:
            cls = NULL
        if cls == NULL:
            if face._adapt is not None:
                face, array = face._adapt(array)
            cls = <PyTypeObject*>face
    cdef TensorBase t = new_tensor(array, cls)
    t._inference = fb_inference_mode
    return t


def make(array, face=None):
    """A tensor of class `face` (default Tensor) around an array of a known library and dtype, without copying."""
    if face is not None and not isinstance(face, type):      # its class may be a metaclass
        raise TypeError(f"make: the face must be a class, got {type(face).__name__}")
    if isinstance(array, cnp.generic):
        array = cnp.PyArray_FROM_O(array)
    return wrap(array, <object>tensor_type if face is None else face)


def array_of(TensorBase t not None):
    """The array of a tensor."""
    return t._array


def set_array(TensorBase t not None, array):
    """Gives a tensor another array (resizing, `set_`, deserialisation); the version advances."""
    t._array = array
    bump(t)


def init_tensor(TensorBase t not None, array, bint requires_grad=False):
    """Fills in a tensor made by its class's constructor."""
    t._array = array
    t._leaf_grad = requires_grad


def share_version(TensorBase t not None, TensorBase source not None):
    """t and source change together from here on: they are over the same storage."""
    t._vc = counter(source)


cdef inline object make_size(int nd, cnp.npy_intp* dims):
    cdef PyObject* s = FB_TP_ALLOC(<PyObject*>size_type, nd)
    if s == NULL:
        raise MemoryError()
    size = <object>s
    Py_DECREF(size)
    cdef int i
    for i in range(nd):
        v = <object>dims[i]
        Py_INCREF(v)
        PyTuple_SET_ITEM(size, i, v)
    return size


# ------------------------------------------------------------------------------------- version counters

cdef inline long version_of(TensorBase t) noexcept:
    return t._ver if t._vc is None else t._vc.value


cdef inline VersionCounter counter(TensorBase t):
    if t._vc is None:
        t._vc = VersionCounter.__new__(VersionCounter)
        t._vc.value = t._ver
    return t._vc


cdef inline void bump(TensorBase t) noexcept:
    if unlikely(extras & NOTE_NODES):
        noted_bump(t)
    elif t._vc is None:
        t._ver += 1
    else:
        t._vc.value += 1


cdef void noted_bump(TensorBase t) noexcept:
    counter(t)
    t._vc.value += 1
    note_change(t._vc)


def bump_version(TensorBase t not None):
    """Says that the storage of t was changed in place."""
    bump(t)


def bump_versions(tensors):
    """Says that the storages of several tensors were changed in place."""
    for t in tensors:
        if not isinstance(t, TensorBase):
            raise TypeError(f"bump_versions: expected Tensors, not {type(t).__name__}")
        bump(<TensorBase>t)


def backend_for(TensorBase t not None):
    """The array library of a tensor."""
    return cpu_backend if FB_IS_ARRAY(<PyObject*>t._array) else backend_of(t._array)


# -------------------------------------------------------------------------------------------- gradients

cdef raise_not_leaf():
    raise RuntimeError("you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                       "a subgraph that doesn't require differentiation use var_no_grad = var.detach().")


cdef inline bint needs_grad(TensorBase t) except -1:
    return t._leaf_grad or t._node is not None or (t._base is not None and view_needs_grad(t))


cdef bint view_needs_grad(TensorBase t) except -1:
    return t._node_ver != version_of(t) and current_node(t) is not None


cdef Node current_node(TensorBase t):
    """The node of t. After an in-place change of its storage a view's history is that of its base, seen as a view."""
    if t._base is not None and t._node_ver != version_of(t):
        if t._view_of == VIEW_OF_FUNCTION:
            raise_view(t, "its base or another view of its base has been modified inplace")
        t._node_ver = version_of(t)
        if not t._leaf_grad and t._base._node is not None and owner_of(t._array) is owner_of(t._base._array):
            operators[OP_AS_STRIDED](t)
    return t._node


cdef inline object edge_of(TensorBase t):
    """Where the gradient of t goes: the node that computed it, the tensor itself for a leaf, None when not needed."""
    node = current_node(t)
    if node is not None:
        return node
    return t if t._leaf_grad else None


def set_history(TensorBase t not None, Node node not None, int output_nr=0):
    """t is from now on output `output_nr` of `node`."""
    if t._node is not None and t._node.hooks is not None:
        move_retained(t, node, output_nr)
    t._node = node
    t._output_nr = output_nr
    t._leaf_grad = False
    if t._base is not None:
        t._node_ver = version_of(t)


def detach_in_place(TensorBase t not None):
    t._node = None
    t._leaf_grad = False
    t._output_nr = 0
    if t._base is not None:
        t._node_ver = version_of(t)


cdef inline void set_view(TensorBase t, TensorBase source):
    """t shares the storage of source."""
    t._vc = counter(source)
    t._base = source if source._base is None else source._base
    t._node_ver = t._vc.value
    t._inference = source._inference
    t._view_of = source._view_of if source._base is not None and source._view_of else 0 if fb_grad_mode else VIEW_UNRECORDED


def make_view(array, TensorBase source not None):
    """A plain tensor over an array that shares the memory of source, without history."""
    cdef TensorBase t = wrap(array, plain_face(type(source)))
    set_view(t, source)
    return t
