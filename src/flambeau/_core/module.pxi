# What every use of an `nn.Module` pays: looking up a parameter or submodule by attribute, and the call. Python finds such
# an attribute only after it has raised and dropped an AttributeError, which takes longer than a small op; and it makes a
# frame for `__call__` that does nothing but call `forward`. `Module.__getattr__` and `Module.__call__` define both; here
# is their common case, put into the slots of classes that do not override them.

cdef extern from *:
    """
    static getattrofunc fb_slot_getattr = NULL;      /* Python's own, which go through __getattr__ and __call__ */
    static ternaryfunc fb_slot_call = NULL;
    static PyObject *fb_str_tables[3], *fb_str_hooked, *fb_str_forward;

    static PyObject* fb_module_getattr(PyObject* self, PyObject* name) {
        PyObject *own, *found, *table;
        if (_PyType_Lookup(Py_TYPE(self), name)) return fb_slot_getattr(self, name);
        own = PyObject_GenericGetDict(self, NULL);
        if (!own) return NULL;
        found = PyDict_GetItemWithError(own, name);
        for (int i = 0; i < 3 && !found && !PyErr_Occurred(); i++) {
            table = PyDict_GetItemWithError(own, fb_str_tables[i]);
            if (table && PyDict_CheckExact(table)) found = PyDict_GetItemWithError(table, name);
        }
        Py_XINCREF(found);
        Py_DECREF(own);
        return found || PyErr_Occurred() ? found : fb_slot_getattr(self, name);
    }

    static PyObject* fb_module_call(PyObject* self, PyObject* args, PyObject* kwargs) {
        PyObject *own, *hooked, *forward, *result;
        own = PyObject_GenericGetDict(self, NULL);
        if (!own) return NULL;
        hooked = PyDict_GetItemWithError(own, fb_str_hooked);
        Py_DECREF(own);
        if (!hooked) hooked = _PyType_Lookup(Py_TYPE(self), fb_str_hooked);
        if (hooked != Py_False) return PyErr_Occurred() ? NULL : fb_slot_call(self, args, kwargs);
        forward = PyObject_GetAttr(self, fb_str_forward);
        if (!forward) return NULL;
        result = PyObject_Call(forward, args, kwargs);
        Py_DECREF(forward);
        return result;
    }

    static int fb_init_module_slots(PyTypeObject* module) {
        const char* names[3] = {"_parameters", "_buffers", "_modules"};
        for (int i = 0; i < 3; i++)
            if (!(fb_str_tables[i] = PyUnicode_InternFromString(names[i]))) return -1;
        fb_str_hooked = PyUnicode_InternFromString("_hooked");
        fb_str_forward = PyUnicode_InternFromString("forward");
        fb_slot_getattr = module->tp_getattro;
        fb_slot_call = module->tp_call;
        return fb_str_hooked && fb_str_forward ? 0 : -1;
    }

    static void fb_set_module_slots(PyTypeObject* cls, int attributes, int calls) {
        if (attributes && cls->tp_getattro == fb_slot_getattr) cls->tp_getattro = fb_module_getattr;
        if (calls && cls->tp_call == fb_slot_call) cls->tp_call = fb_module_call;
        PyType_Modified(cls);
    }
    """
    int fb_init_module_slots(PyTypeObject*) except -1
    void fb_set_module_slots(PyTypeObject*, bint, bint)

cdef object module_class = None


def set_module_slots(cls):
    """Gives a class of modules the short ways to attributes and `forward`, where it does not override them. The first
    class is `Module` itself."""
    global module_class
    if not isinstance(cls, type):
        raise TypeError(f"set_module_slots: expected a class, got {type(cls).__name__}")
    if module_class is None:
        fb_init_module_slots(<PyTypeObject*>cls)
        module_class = cls
    attributes = cls.__getattr__ is module_class.__getattr__ and cls.__getattribute__ is object.__getattribute__
    fb_set_module_slots(<PyTypeObject*>cls, attributes, cls.__call__ is module_class.__call__)
