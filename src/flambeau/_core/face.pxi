# The short paths of 0.3's tensors, Variables and plain ones. The library, written in today's language, calls ops and
# today's methods on them: `face_call`. A program calls 0.3's methods: `FaceMethod`, which goes a short way where all that
# 0.3 did otherwise (conversions, broadcasting of its own, no dimensions, bytes for bools) has no effect or is easy, and
# calls the Python function for everything else. `v03/methods.py` says what a short way is, once per kind of call.

cdef dict _callers = {}                # name of a module -> whether it is the library's own, in today's language
cdef object _is_own = None             # the function that says so of a new one
cdef dict _seers = {}                  # name of a module -> whether it sees today's attributes on 0.3's tensors
cdef object _sees = None               # the function that says so of a new one
cdef object _as_face = None            # _as_face(result, is_variable): what a program gets of any result
cdef bint warns = False                # whether one of the warnings of `backcompat` is on


def set_faces(type variable not None, type parameter not None, type plain not None, dict classes, dict callers, is_own,
              dict seers, sees, as_face):
    """Makes 0.3's classes known: Variable, its Parameter, the base of the plain tensors, theirs by NumPy dtype; two dicts
    of modules, each with the function that looks a new one up, and the function that shows any result to a program."""
    global _callers, _is_own, _seers, _sees, _as_face
    variables.type, variables.parameter = <PyTypeObject*>variable, <PyTypeObject*>parameter
    plains.type = plains.parameter = <PyTypeObject*>plain
    for descr, cls in classes.items():
        plains.classes[code_of(descr)] = <PyTypeObject*>cls
        _kept_types.append(cls)
    plains.classes[BOOL] = plains.classes[UINT8]
    _kept_types.extend([variable, parameter, plain])
    _callers, _is_own, _seers, _sees, _as_face = callers, is_own, seers, sees, as_face


def set_face_warnings(bint on):
    """Whether calls have to be looked at for the warnings of `backcompat`."""
    global warns
    warns = on


cdef extern from *:
    """
    static inline void fb_set_descr(PyObject* a, PyObject* descr) {      /* of the same size */
        PyArray_Descr* old = PyArray_DESCR((PyArrayObject*)a);
        Py_INCREF(descr);
        ((PyArrayObject_fields*)a)->descr = (PyArray_Descr*)descr;
        Py_DECREF(old);
    }
    static inline int fb_has_get(PyObject* descriptor) { return Py_TYPE(descriptor)->tp_descr_get != NULL; }
    static inline PyObject* fb_get(PyObject* descriptor, PyObject* instance, PyObject* owner) {
        return Py_TYPE(descriptor)->tp_descr_get(descriptor, instance == Py_None ? NULL : instance, owner);
    }
    static inline PyObject* fb_element(PyObject* a) {
        return PyArray_GETITEM((PyArrayObject*)a, FB_DATA(a));
    }
    """
    void fb_set_descr(PyObject*, PyObject*)
    object fb_element(PyObject*)
    bint fb_has_get(object)
    object fb_get(object, object, object)
    PyObject* PyEval_GetGlobals()
    PyObject* PyDict_GetItem(PyObject*, PyObject*)
    object PyWeakref_NewRef(object, object)


cdef inline bint is_usual() noexcept:
    """Whether nothing asks to see calls, or to cast what they are given."""
    return not extras & ~(AUTOCAST | WATCH_RUNS) and not fb_casting


cdef inline bint by_library() except -1:
    """Whether the Python code that called is the library's own."""
    cdef PyObject* space = PyEval_GetGlobals()
    cdef PyObject* name = PyDict_GetItem(space, <PyObject*>"__name__") if space != NULL else NULL
    cdef PyObject* found
    if name == NULL:
        return False
    found = PyDict_GetItem(<PyObject*>_callers, name)
    return _is_own(<object>name) if found == NULL else <object>found is True


cdef inline Face* face_of(object t) noexcept:
    """The face of one of 0.3's tensors; NULL for anything else."""
    if Py_TYPE(t) == variables.type or Py_TYPE(t) == variables.parameter:
        return &variables
    return &plains if is_typed(Py_TYPE(t)) else NULL


# ------------------------------------------------------------------------------------------- ops, by the library

cdef object face_call(OpFunction f, PyObject** args, Py_ssize_t n):
    """The short path of an op on tensors of one of 0.3's faces: today's, but for the class of the result and `volatile`."""
    cdef Face* face = NULL
    cdef Face* other
    cdef bint is_volatile = False
    cdef Py_ssize_t i
    for i in range(n):
        other = face_of(<object>args[i])
        if other != NULL:
            if face != NULL and other != face:
                return None
            face = other
            is_volatile |= (<TensorBase>args[i])._volatile
    return None if face == NULL else call_in_face(f, args, n, face, is_volatile)


cdef object call_in_face(OpFunction f, PyObject** args, Py_ssize_t n, Face* face, bint is_volatile):
    global fb_grad_mode
    cdef int old = fb_grad_mode
    if not is_volatile:
        result = call_of(f, args, n, face)
        if result is not None and not f.inplace and not f.quick:
            lay_in_rows(result)
        return result
    if f.inplace or f.quick:
        # what is volatile has no history; a change of anything else by it ends its history
        if not isinstance(<object>args[0], TensorBase) or (old and (not (<TensorBase>args[0])._volatile
                                                                    or needs_grad(<TensorBase>args[0])
                                                                    or (<TensorBase>args[0])._base is not None)):
            return None
    if f.quick:
        result = call_of(f, args, n, face)
    else:
        fb_grad_mode = 0
        try:
            result = call_of(f, args, n, face)
        finally:
            fb_grad_mode = old
        if result is not None and not f.inplace:
            lay_in_rows(result)
    if result is not None:
        (<TensorBase>result)._volatile = True
    return result


cdef int lay_in_rows(result) except -1:
    """Puts the elements of a new tensor in row-major order: so lay all that 0.3 computed."""
    cdef TensorBase t
    if isinstance(result, TensorBase) and (<TensorBase>result)._base is None:
        t = <TensorBase>result
        if FB_IS_ARRAY(<PyObject*>t._array):
            if not FB_FLAGS(<PyObject*>t._array) & cnp.NPY_ARRAY_C_CONTIGUOUS:
                t._array = t._array.copy()
        elif not t._array.flags.c_contiguous:
            with backend_for(t).on(t._array):
                t._array = t._array.copy()
    return 0


# -------------------------------------------------------------------------------------------- methods, of programs

cdef enum:                             # what an argument is, as far as signatures ask; three bits in the key of a call
    KIND_INT = 1
    KIND_FLOAT = 2
    KIND_BOOL = 3
    KIND_TENSOR = 4                    # of the type of self
    KIND_LONGS = 5
    KIND_BYTES = 6
    KIND_SIZES = 7                     # a tuple or list of ints
    MAX_GIVEN = 8


cdef class Way:
    """A short way of a call: what is called, with which arguments, and what is made of the result.

    callee(self, *values), where values[i] is argument order[i] of the call (the first after self is 1), or where that is 0
    defaults[i]; arrange(*values) gives (args, kwargs) of the callee instead. The flags: `exact`: only the short path of
    the callee, an op, will do; `packed`: all arguments are one tuple of ints; `swapped`: callee(argument, self);
    `inplace`; `fresh`: the result has memory of its own, and lies in row-major order; `broadcast`: tensors of several
    sizes are broadcast; `elementwise`: tensors may be without dimensions; `number`: of a plain tensor the result is one.
    """
    cdef object callee
    cdef object arrange
    cdef int n_values
    cdef int order[MAX_GIVEN]
    cdef tuple defaults
    cdef bint exact, packed, swapped, inplace, fresh, broadcast, elementwise, number

    def __init__(self, callee, arrange=None, order=(), tuple defaults=(), *, bint exact=False, bint packed=False,
                 bint swapped=False, bint inplace=False, bint fresh=False, bint broadcast=False, bint elementwise=False,
                 bint number=False):
        cdef int i
        self.callee, self.arrange, self.defaults = callee, arrange, defaults
        self.n_values = <int>len(order)
        if self.n_values >= MAX_GIVEN:
            raise ValueError("a short way has few arguments")
        for i in range(self.n_values):
            self.order[i] = order[i]
        self.exact, self.packed, self.swapped, self.inplace = exact, packed, swapped, inplace
        self.fresh, self.broadcast, self.elementwise, self.number = fresh, broadcast, elementwise, number


cdef enum:                             # methods that are short by themselves
    SPECIAL_NONE = 0
    SPECIAL_SIZE = 1
    SPECIAL_DIM = 2
    SPECIAL_GETITEM = 3
    SPECIAL_SETITEM = 4
    SPECIAL_NEW = 5
    SPECIAL_DETACH = 6

cdef dict _specials = {None: SPECIAL_NONE, "size": SPECIAL_SIZE, "dim": SPECIAL_DIM, "getitem": SPECIAL_GETITEM,
                       "setitem": SPECIAL_SETITEM, "new": SPECIAL_NEW, "detach": SPECIAL_DETACH}


cdef class FaceMethod:
    """FaceMethod(name, method, todays=None, *, op=None, swapped=False, resolve=None, special=None): a method of a face.

    Calls of the library's own code go to `todays`, which is the op `op` of its arguments (of (argument, self) when
    swapped) unless that is None. Others go a short way, or to `method`: resolve(self, args, kwargs) gives the Way of calls
    of that kind, or None.
    """
    cdef vectorcallfunc vectorcall
    cdef readonly object method
    cdef readonly object todays
    cdef OpFunction op
    cdef bint swapped
    cdef readonly object resolve
    cdef dict ways                     # key of a call -> Way or None
    cdef long last_key                 # that of the last call without keywords, and its way
    cdef object last_way
    cdef int special
    cdef dict __dict__

    def __cinit__(self):
        self.vectorcall = <vectorcallfunc><void*>method_vectorcall

    def __init__(self, str name, method, todays=None, *, op=None, bint swapped=False, resolve=None, str special=None):
        self.method = method
        self.todays = todays
        self.op = op if type(op) is OpFunction else None
        self.swapped = swapped
        self.resolve = resolve
        self.ways = {}
        self.special = _specials[special]
        self.__name__ = self.__qualname__ = name
        self.__module__ = getattr(method, "__module__", None)
        self.__wrapped__ = method

    def __get__(self, instance, owner):
        return self if instance is None else PyMethod_New(self, instance)

    @property
    def __doc__(self):
        return getattr(self.method, "__doc__", None)


cdef FaceMethod _a_method = FaceMethod.__new__(FaceMethod)
fb_make_vectorcall(<PyTypeObject*>FaceMethod, <char*>&_a_method.vectorcall - <char*><PyObject*>_a_method)


cdef PyObject* method_vectorcall(PyObject* callable, PyObject** args, size_t nargsf, PyObject* kwnames) except NULL:
    cdef FaceMethod m = <FaceMethod><object>callable
    cdef Py_ssize_t n = PyVectorcall_NARGS(nargsf)
    cdef PyObject* pair[2]
    result = None
    if m.todays is not None and by_library():
        if kwnames == NULL and m.op is not None and is_usual():
            if m.swapped and n == 2:
                pair[0], pair[1] = args[1], args[0]
                result = face_call(m.op, pair, n)
            elif not m.swapped:
                result = face_call(m.op, args, n)
        if result is None:
            result = fb_vectorcall(<PyObject*>m.todays, args, n, kwnames)
        Py_INCREF(result)
        return <PyObject*>result
    if is_usual() and not warns and n > 0:
        if m.resolve is not None:
            result = method_call(m, args, n, kwnames)
        elif kwnames == NULL and m.special:
            result = special_call(m.special, args, n)
            if result is True:                                # done, and nothing to return
                result = None
                Py_INCREF(result)
                return <PyObject*>result
    if result is None:
        result = fb_vectorcall(<PyObject*>m.method, args, n, kwnames)
    Py_INCREF(result)
    return <PyObject*>result


cdef class FaceFunction:
    """FaceFunction(function, of_variables, of_plains): a function of 0.3's namespace that is a method of both faces."""
    cdef vectorcallfunc vectorcall
    cdef readonly object function
    cdef FaceMethod of_variables, of_plains
    cdef dict __dict__

    def __cinit__(self):
        self.vectorcall = <vectorcallfunc><void*>function_vectorcall

    def __init__(self, function, FaceMethod of_variables not None, FaceMethod of_plains not None):
        self.function, self.of_variables, self.of_plains = function, of_variables, of_plains
        for attribute in ("__name__", "__qualname__", "__module__"):
            setattr(self, attribute, getattr(function, attribute))
        self.__wrapped__ = function

    def __reduce__(self):
        return self.__qualname__

    @property
    def __doc__(self):
        return self.function.__doc__


cdef FaceFunction _a_function = FaceFunction.__new__(FaceFunction)
fb_make_vectorcall(<PyTypeObject*>FaceFunction, <char*>&_a_function.vectorcall - <char*><PyObject*>_a_function)


cdef PyObject* function_vectorcall(PyObject* callable, PyObject** args, size_t nargsf, PyObject* kwnames) except NULL:
    cdef FaceFunction f = <FaceFunction><object>callable
    cdef Py_ssize_t n = PyVectorcall_NARGS(nargsf)
    cdef Face* face
    result = None
    if n > 0 and is_usual() and not warns:
        face = face_of(<object>args[0])
        if face != NULL:
            result = method_call(f.of_variables if face == &variables else f.of_plains, args, n, kwnames)
    if result is None:
        result = fb_vectorcall(<PyObject*>f.function, args, n, kwnames)
    Py_INCREF(result)
    return <PyObject*>result


cdef class Worded:
    """Worded(function, explain, refusal=None, position=0): a function whose errors are said in other words.

    explain(error, args, kwargs) returns the error to raise. With a refusal, the argument at `position` (`input` among
    those given by name) must be a Variable: of anything else refusal(argument) is raised.
    """
    cdef vectorcallfunc vectorcall
    cdef object function, explain, refusal
    cdef Py_ssize_t position
    cdef dict __dict__

    def __cinit__(self):
        self.vectorcall = <vectorcallfunc><void*>worded_vectorcall

    def __init__(self, function, explain, refusal=None, Py_ssize_t position=0):
        self.function, self.explain, self.refusal, self.position = function, explain, refusal, position

    def __get__(self, instance, owner):
        return self if instance is None else PyMethod_New(self, instance)

    def __reduce__(self):
        return self.__qualname__


cdef Worded _a_worded = Worded.__new__(Worded)
fb_make_vectorcall(<PyTypeObject*>Worded, <char*>&_a_worded.vectorcall - <char*><PyObject*>_a_worded)


cdef PyObject* worded_vectorcall(PyObject* callable, PyObject** args, size_t nargsf, PyObject* kwnames) except NULL:
    cdef Worded w = <Worded><object>callable
    cdef Py_ssize_t n = PyVectorcall_NARGS(nargsf), i
    if w.refusal is not None:
        if n > w.position:
            check_variable(<object>args[w.position], w.refusal)
        elif kwnames != NULL:
            for i, name in enumerate(<tuple><object>kwnames):
                if name == "input":
                    check_variable(<object>args[n + i], w.refusal)
    try:
        result = fb_vectorcall(<PyObject*>w.function, args, n, kwnames)
    except (RuntimeError, IndexError, ValueError) as error:
        given = [<object>args[i] for i in range(n)]
        names = () if kwnames == NULL else <tuple><object>kwnames
        said = w.explain(error, given, {name: <object>args[n + i] for i, name in enumerate(names)})
        if said is error:
            raise                                             # with the cause that it has
        raise said from None
    Py_INCREF(result)
    return <PyObject*>result


cdef inline int check_variable(object value, refusal) except -1:
    if Py_TYPE(value) != variables.type and not isinstance(value, <object>variables.type):
        raise refusal(value)
    return 0


cdef inline bint has_elements(TensorBase t) noexcept:
    """Whether 0.3 saw the array of t as it is, but for one without dimensions."""
    cdef PyObject* a = <PyObject*>t._array
    return FB_IS_ARRAY(a) and FB_NUM(a) < N_NUMS and FB_NUM(a) != cnp.NPY_BOOL and FB_SIZE(a) > 0


cdef inline int kind_of(object v, Face* face, int code) noexcept:
    """What an argument is to a tensor of a face and dtype; 0: nothing that a short way takes."""
    cdef PyTypeObject* t = Py_TYPE(v)
    cdef int own
    if t == &PyLong_Type:
        return KIND_INT
    if t == &PyFloat_Type:
        return KIND_FLOAT
    if has_face(v, face):
        if not has_elements(<TensorBase>v):
            return 0
        own = code_of_num[FB_NUM(<PyObject*>(<TensorBase>v)._array)]
        return KIND_TENSOR if own == code else KIND_LONGS if own == INT64 else KIND_BYTES if own == UINT8 else 0
    if t == &PyBool_Type:
        return KIND_BOOL
    if t == &PyTuple_Type or t == &PyList_Type or t == <PyTypeObject*>size_type:
        for i in v:
            if Py_TYPE(i) != &PyLong_Type:
                return 0
        return KIND_SIZES
    return 0


cdef object method_call(FaceMethod m, PyObject** args, Py_ssize_t n, PyObject* kwnames):
    """The short way of a call, if it has one, else None."""
    cdef Face* face = face_of(<object>args[0])
    cdef Py_ssize_t total = n if kwnames == NULL else n + PyTuple_GET_SIZE(<tuple><object>kwnames), i
    cdef TensorBase x
    cdef PyObject* a
    cdef PyObject* b
    cdef PyObject* found
    cdef int code, kind
    cdef long key
    cdef bint is_volatile, zero_dim, differ = False
    if face == NULL or total > MAX_GIVEN:
        return None
    x = <TensorBase>args[0]
    if not has_elements(x):
        return None
    a = <PyObject*>x._array
    code = code_of_num[FB_NUM(a)]
    key = 32 + (code << 1) + (face == &variables)             # its highest bit tells how many kinds follow
    is_volatile = x._volatile
    zero_dim = FB_NDIM(a) == 0
    for i in range(1, total):
        kind = kind_of(<object>args[i], face, code)
        if kind == 0:
            return None
        if KIND_TENSOR <= kind <= KIND_BYTES:
            b = <PyObject*>(<TensorBase>args[i])._array
            is_volatile |= (<TensorBase>args[i])._volatile
            zero_dim |= FB_NDIM(b) == 0
            differ |= not fb_same_shape(a, b)
        key = key << 3 | kind
    if kwnames == NULL and key == m.last_key:
        way = m.last_way
    else:
        index = key if kwnames == NULL else (key, <object>kwnames)
        found = PyDict_GetItem(<PyObject*>m.ways, <PyObject*>index)
        if found == NULL:
            way = resolved(m, args, n, kwnames)
            m.ways[index] = way
        else:
            way = <object>found
        if kwnames == NULL:
            m.last_key, m.last_way = key, way
    if way is None or (zero_dim and not (<Way>way).elementwise):
        return None
    return take_way(<Way>way, face, args, total, is_volatile, differ)


cdef object resolved(FaceMethod m, PyObject** args, Py_ssize_t n, PyObject* kwnames):
    cdef Py_ssize_t i
    kwargs = {}
    if kwnames != NULL:
        for i, name in enumerate(<tuple><object>kwnames):
            kwargs[name] = <object>args[n + i]
    return m.resolve(<object>args[0], tuple([<object>args[i] for i in range(1, n)]), kwargs)


cdef bint may_change(TensorBase x) except -1:
    """Whether a Variable may be changed in place for what it is: no leaf that requires grad, and no view or viewed."""
    return not x._leaf_grad and x._base is None and (<object>x)._views is None


cdef bint fits(PyObject** args, Py_ssize_t n, bint inplace) except -1:
    """Whether the tensor among the arguments broadcasts with the first; in place: without changing its size."""
    cdef cnp.npy_intp dims[64]
    cdef PyObject* a = <PyObject*>(<TensorBase>args[0])._array
    cdef PyObject* b = NULL
    cdef int nd, d
    cdef Py_ssize_t i
    for i in range(1, n):
        if isinstance(<object>args[i], TensorBase):
            if b != NULL:
                return False
            b = <PyObject*>(<TensorBase>args[i])._array
    nd = broadcast_shape(a, b, dims)
    if nd < 0:
        return False
    if inplace:
        if nd != FB_NDIM(a):
            return False
        for d in range(nd):
            if dims[d] != FB_DIMS(a)[d]:
                return False
    return True


cdef object take_way(Way way, Face* face, PyObject** args, Py_ssize_t n, bint is_volatile, bint differ):
    cdef PyObject* stack[MAX_GIVEN + 1]
    cdef PyObject** given = stack
    cdef TensorBase x = <TensorBase>args[0]
    cdef Py_ssize_t i, m = way.n_values + 1
    if way.inplace and face == &variables and (is_volatile or not may_change(x)):
        return None
    if differ and way.broadcast and not fits(args, n, way.inplace):
        return None
    packed = None
    if way.swapped:
        stack[0], stack[1] = args[1], args[0]
        m = 2
    elif way.packed:
        if type(way.callee) is OpFunction and way.arrange is None:    # it takes them one by one, too
            given = args
            m = n
        else:
            packed = tuple([<object>args[i] for i in range(1, n)])
            stack[0], stack[1] = args[0], <PyObject*>packed
    else:
        stack[0] = args[0]
        for i in range(way.n_values):
            stack[i + 1] = args[way.order[i]] if way.order[i] else <PyObject*>way.defaults[i]
    try:
        if way.arrange is not None:
            positional, named = fb_vectorcall(<PyObject*>way.arrange, stack + 1, m - 1, NULL)
            result = way.callee(x, *positional, **named)
        elif type(way.callee) is OpFunction:
            result = call_in_face(<OpFunction>way.callee, given, m, face, is_volatile)
            if result is None:
                if way.exact:
                    return None
                result = call_general(<OpFunction>way.callee, given, m, NULL)
        else:
            result = fb_vectorcall(<PyObject*>way.callee, given, m, NULL)
    except (IndexError, RuntimeError):                        # the long way raises it again, in its own words
        return None
    if way.inplace or result is x:
        return x
    if way.number and face == &plains:
        if isinstance(result, (int, float)):
            return result
        return (<TensorBase>result)._array.item()
    if has_face(result, face):
        return finish_result(way, face, result)
    if isinstance(result, (tuple, list)):
        return tuple([finish_result(way, face, r) for r in result])
    return finish_result(way, face, result)


cdef object finish_result(Way way, Face* face, object result):
    """A result as 0.3 saw it."""
    cdef TensorBase t
    cdef PyObject* a
    if not isinstance(result, TensorBase):
        return result
    if not has_face(result, face):
        return _as_face(result, face == &variables)
    t = <TensorBase>result
    a = <PyObject*>t._array
    if not FB_IS_ARRAY(a) or (way.exact and FB_SIZE(a) == 0):
        return None if way.exact else _as_face(result, face == &variables)
    if way.fresh and not FB_FLAGS(a) & cnp.NPY_ARRAY_C_CONTIGUOUS:
        t._array = t._array.copy()
        a = <PyObject*>t._array
    if FB_NUM(a) == cnp.NPY_BOOL:
        if Py_REFCNT(a) == 1 and FB_BASE(a) == NULL:
            fb_set_descr(a, <PyObject*>descr_of_code[UINT8])
        else:
            t._array = fb_view(a, <void*><PyObject*>descr_of_code[UINT8], FB_NDIM(a), FB_DIMS(a), FB_STRIDES(a),
                               FB_DATA(a))
            a = <PyObject*>t._array
    if face == &plains:
        if FB_NDIM(a) == 0 or FB_SIZE(a) == 0:
            return _as_face(result, False)
    elif t._base is not None:
        note_view(t._base, t)
    return t


# ------------------------------------------------------------------------------- views, elements, sizes, Variables

def note_view(TensorBase owner not None, TensorBase view not None):
    """Notes a new view that a program got at the Variable that owns the memory."""
    cdef Py_ssize_t n
    views = getattr(owner, "_views", None)
    if views is None:
        views = []
        (<object>owner)._views = views
    n = len(<list>views)
    if n & (n - 1) == 0:                                      # now and then: a loop over x[i] must not collect them all
        (<list>views)[:] = [ref for ref in <list>views if ref() is not None]
    (<list>views).append(PyWeakref_NewRef(view, None))


cdef object special_call(int special, PyObject** args, Py_ssize_t n):
    """The short way of a method that has one by itself; None when it is not for the call."""
    cdef Face* face
    if special == SPECIAL_NEW:
        return new_variable(args, n)
    face = face_of(<object>args[0])
    if face == NULL:
        return None
    if special == SPECIAL_SIZE:
        return size_in_face(<TensorBase>args[0], <object>args[1] if n == 2 else None) if n < 3 else None
    if special == SPECIAL_DIM:
        return dim_in_face(<TensorBase>args[0]) if n == 1 else None
    if special == SPECIAL_DETACH:
        return detached(<TensorBase>args[0]) if n == 1 and face == &variables else None
    if not has_elements(<TensorBase>args[0]) or FB_NDIM(<PyObject*>(<TensorBase>args[0])._array) == 0:
        return None
    if special == SPECIAL_GETITEM and n == 2:
        return getitem_in_face(<TensorBase>args[0], <object>args[1], face)
    if special == SPECIAL_SETITEM and n == 3:
        return setitem_in_face(<TensorBase>args[0], <object>args[1], <object>args[2], face) or None
    return None


cdef object detached(TensorBase x):
    """x.detach(): over the same memory, without history; volatile when x is."""
    cdef TensorBase t = new_tensor(x._array, variables.type)
    t._vc = counter(x)
    t._inference = x._inference
    t._volatile = x._volatile
    note_view(x if x._base is None else x._base, t)
    return t


cdef object size_in_face(TensorBase x, object dim):
    """x.size(), x.size(dim): one element has the size (1,), nothing has none."""
    cdef cnp.npy_intp one = 1, d
    cdef PyObject* a = <PyObject*>x._array
    if not FB_IS_ARRAY(a) or FB_SIZE(a) == 0:
        return None
    cdef int nd = FB_NDIM(a) or 1
    cdef cnp.npy_intp* dims = FB_DIMS(a) if FB_NDIM(a) else &one
    if dim is None:
        return make_size(nd, dims)
    return dims[d] if normal_dim(dim, nd, &d) else None


cdef object dim_in_face(TensorBase x):
    cdef PyObject* a = <PyObject*>x._array
    if not FB_IS_ARRAY(a) or FB_SIZE(a) == 0:
        return None
    return FB_NDIM(a) or 1


cdef object getitem_in_face(TensorBase x, object key, Face* face):
    """x[key] for a basic key: of a plain tensor a number or a view, of a Variable a view of one dimension at the least."""
    cdef PyObject* a = <PyObject*>x._array
    cdef TensorBase t
    cdef Py_ssize_t v, i, m
    if face == &variables:
        # the one element at ints is the slice of that length
        if Py_TYPE(key) == &PyLong_Type:
            if FB_NDIM(a) == 1:
                key = one_long(key, FB_DIMS(a)[0])
        elif Py_TYPE(key) == &PyTuple_Type:
            m = PyTuple_GET_SIZE(<tuple>key)
            if m == FB_NDIM(a):
                for i in range(m):
                    if Py_TYPE(<object>PyTuple_GET_ITEM(<tuple>key, i)) != &PyLong_Type:
                        break
                else:
                    key = (<tuple>key)[:m - 1] + (one_long((<tuple>key)[m - 1], FB_DIMS(a)[m - 1]),)
        t = getitem_of(x, key, face)
        if t is None or FB_SIZE(<PyObject*>t._array) == 0:
            return None
        t._volatile = x._volatile
        note_view(t._base, t)
        return t
    view = basic_view(a, key)
    if view is None or FB_SIZE(<PyObject*>view) == 0:
        return None
    if FB_NDIM(<PyObject*>view) == 0:
        return fb_element(<PyObject*>view)
    t = new_tensor(view, class_in(face, a))
    t._inference = fb_inference_mode
    set_view(t, x)
    return t


cdef object getitem_by_library(TensorBase x, object key):
    """x[key] as today's tensors have it; None where the general path has to look."""
    cdef Face* face = face_of(x)
    cdef TensorBase t
    if face == NULL:
        return None
    t = getitem_of(x, key, face)
    if t is not None:
        t._volatile = x._volatile
    return t


cdef object one_long(object i, cnp.npy_intp size):
    """The slice of the element that an int names; one out of range for an int out of range."""
    cdef cnp.npy_intp v
    if not read_int(i, &v) or v < -size or v >= size:
        return i
    if v < 0:
        v += size
    return slice(v, v + 1)


cdef bint setitem_in_face(TensorBase x, object key, object value, Face* face) except -1:
    if face == &variables and (x._leaf_grad or (has_face(value, face) and (<TensorBase>value)._volatile)):
        return False
    return setitem_of(x, key, value, face)


cdef object new_variable(PyObject** args, Py_ssize_t n):
    """Variable(data)"""
    cdef TensorBase v
    if n != 2 or <PyTypeObject*>args[0] != variables.type or not is_typed(Py_TYPE(<object>args[1])):
        return None
    v = new_tensor((<TensorBase>args[1])._array, variables.type)
    hold_data(v, <TensorBase>args[1])
    return v


def hold_data(TensorBase variable not None, TensorBase data not None):
    """data is from now on the plain tensor inside a Variable: when it gets other memory, so does the Variable."""
    cdef list held = []
    (<object>variable)._data = data
    holders = (<object>data)._holders
    if holders is not None:
        held = [ref for ref in <list>holders if ref() is not None and ref() is not variable]
    held.append(PyWeakref_NewRef(variable, None))
    (<object>data)._holders = held


def data_inside(TensorBase variable not None):
    """data(variable) -> the plain tensor over the same memory."""
    cdef PyObject* a = <PyObject*>variable._array
    cdef PyObject* b
    cdef cnp.npy_intp dims[1]
    cdef cnp.npy_intp strides[1]
    cdef TensorBase data = (<object>variable)._data
    if data is not None:
        b = <PyObject*>data._array
        if a == b or (FB_IS_ARRAY(a) and FB_IS_ARRAY(b) and same_elements(a, b)):
            return data
    if not FB_IS_ARRAY(a) or FB_NUM(a) == cnp.NPY_BOOL or FB_SIZE(a) == 0:
        return variable._made_data()
    array = variable._array
    if FB_NDIM(a) == 0:
        dims[0] = 1
        strides[0] = FB_ITEMSIZE(a)
        array = fb_view(a, FB_DESCR(a), 1, dims, strides, FB_DATA(a))
    data = wrap(array, <object>plains.type)
    hold_data(variable, data)
    return data


def grad_of(TensorBase t not None):
    """The accumulated gradient, or None."""
    return t._grad


def requires_grad_of(TensorBase t not None):
    """Whether gradients are computed for a tensor."""
    return needs_grad(t)


cdef bint same_elements(PyObject* a, PyObject* b) noexcept:
    """Whether two arrays are over the same elements; a 0-dim one and one of size (1,) may be."""
    cdef int i, nd = FB_NDIM(a)
    if FB_DATA(a) != FB_DATA(b) or FB_ITEMSIZE(a) != FB_ITEMSIZE(b) or FB_SIZE(a) != FB_SIZE(b):
        return False
    if FB_SIZE(a) == 1 and nd <= 1 and FB_NDIM(b) <= 1:
        return True
    if not fb_same_shape(a, b):
        return False
    for i in range(nd):
        if FB_STRIDES(a)[i] != FB_STRIDES(b)[i]:
            return FB_SIZE(a) == 1
    return True


cdef class FaceHidden:
    """FaceHidden(name, todays): an attribute of a face that programs do not see; modules that sees_todays(name) says so of
    get today's."""
    cdef readonly str name
    cdef readonly object todays

    def __init__(self, str name, todays):
        self.name, self.todays = name, todays

    def __get__(self, instance, owner):
        own = self if instance is None else instance.__dict__.get(self.name, self)
        if self.todays is not None and sees_todays():
            if fb_has_get(self.todays):
                return fb_get(self.todays, instance, owner)
            return self.todays if own is self else own
        if own is self:
            raise AttributeError(f"'{owner.__name__}' object has no attribute '{self.name}'")
        return own


cdef bint sees_todays() except -1:
    """Whether the Python code that called is the library's own, or that of 0.3's package."""
    cdef PyObject* space = PyEval_GetGlobals()
    cdef PyObject* name = PyDict_GetItem(space, <PyObject*>"__name__") if space != NULL else NULL
    cdef PyObject* found
    if name == NULL:
        return False
    found = PyDict_GetItem(<PyObject*>_seers, name)
    return _sees(<object>name) if found == NULL else <object>found is True


cdef class FaceSize:
    """The attribute `shape` of a face: today's for the library's own code."""
    cdef object shown

    def __init__(self, shown):
        self.shown = shown

    def __get__(self, instance, owner):
        cdef PyObject* a
        if instance is None:
            return self
        a = <PyObject*>(<TensorBase>instance)._array
        if by_library():
            return make_size(FB_NDIM(a), FB_DIMS(a)) if FB_IS_ARRAY(a) else size_type((<TensorBase>instance)._array.shape)
        found = size_in_face(<TensorBase>instance, None)
        return self.shown(instance) if found is None else found

    def __set__(self, instance, value):
        raise AttributeError("the size of a tensor cannot be set")
