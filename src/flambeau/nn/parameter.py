"""Parameters and buffers: tensors that a Module finds and registers by itself when they are assigned as attributes; and
those without a shape yet, of modules that learn it from their first input."""

from collections.abc import Callable
from typing import Any

import flambeau as fb

from .. import Tensor, _core
from ..interpreters import Shell


class _Defaults:
    """What modules make of tensors: the class of parameters (None: Parameter), and a function of new buffers; and how
    they load a state dictionary (None: as `Module.load_state_dict` says)."""

    parameter: type | None = None
    buffer: Callable[[Tensor], Tensor] | None = None
    dots = False
    loads: Callable[[Any, Any, bool], None] | None = None
    older = False


_defaults = _Defaults()


def set_defaults(parameter=None, buffer=None, dots=False, loads=None, older=False):
    """set_defaults(parameter=None, buffer=None, dots=False, loads=None, older=False) -> what was set before, as a tuple

    Process-wide: Parameter(...) makes an instance of `parameter`, a subclass, and Module.register_buffer puts new plain
    Tensors through the function `buffer`. None: as they are. dots: names in modules may have dots.
    loads(module, state_dict, strict): what Module.load_state_dict does. older: modules keep the rules of `older_rules`.
    """
    d = _defaults
    before = d.parameter, d.buffer, d.dots, d.loads, d.older
    d.parameter, d.buffer, d.dots, d.loads, d.older = parameter, buffer, dots, loads, older
    return before


def names_may_have_dots():
    """Whether the names of parameters, buffers and submodules may have dots."""
    return _defaults.dots


def loading():
    """The function that loads a state dictionary in place of today's, or None."""
    return _defaults.loads


def older_rules():
    """Whether modules are as strict as they began: hooks before forward replace nothing and those after it must return
    None; only plain tensors are assigned to buffers; a cast is of all buffers; any value is a mode of training, and
    arguments of `state_dict` may be positional; nothing to show takes two lines."""
    return _defaults.older


def as_buffer(tensor):
    """A tensor as Module.register_buffer keeps it."""
    return tensor if _defaults.buffer is None or type(tensor) is not Tensor else _defaults.buffer(tensor)


class Parameter(Tensor):
    """Parameter(data=None, requires_grad=True)

    A leaf tensor sharing the memory of `data` (an empty tensor when None). Assigned to an attribute of a
    Module it appears in `Module.parameters()`. Results of operations on a Parameter are plain Tensors.
    Raises TypeError when `data` is no Tensor, RuntimeError when `requires_grad` and the dtype is not floating.
    """

    _face = Tensor  # the class of results

    def __new__(cls, data=None, requires_grad=True):
        if cls is Parameter and _defaults.parameter is not None:
            return _defaults.parameter(data, requires_grad)
        if data is None:
            data = fb.empty(0)
        elif not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter(): data must be a Tensor, got {type(data).__name__}; convert it with flambeau.tensor(...)"
            )
        return Tensor._make_subclass(cls, data, requires_grad)

    def __init__(self, data=None, requires_grad=True):
        """All is done in __new__: a Parameter is a view of `data`, not a fresh tensor."""

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        copied = type(self)(self.data.clone(), self.requires_grad)
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol):
        return _rebuild_parameter, (type(self), self.data, self.requires_grad), self.__dict__ or None


class _BufferMeta(type):
    def __instancecheck__(cls, value):
        """Buffers are tensors with a mark."""
        if super().__instancecheck__(value):
            return True
        return cls is Buffer and isinstance(value, Tensor) and getattr(value, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferMeta):
    """Buffer(data=None, *, persistent=True) -> Tensor

    A tensor sharing the memory of `data` (an empty one when None), with a mark: assigned to an attribute of a Module it
    becomes a buffer, `register_buffer(name, data, persistent)`.
    """

    def __new__(cls, data=None, *, persistent=True):
        data = fb.empty(0) if data is None else data
        marked = data.detach().requires_grad_(data.requires_grad)
        marked.persistent = persistent
        marked._is_buffer = True
        return marked


_NO_SHAPE = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
    "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
    "parameters before accessing their attributes."
)


def _refuse(name="an operation"):
    raise ValueError(
        f"Attempted to use an uninitialized parameter in {name}. This error happens when you are using a `LazyModule` "
        "or explicitly manipulating `torch.nn.parameter.UninitializedParameter` objects. When using LazyModules Call "
        "`forward` with a dummy batch to initialize the parameters before calling torch functions"
    )


class _NoElements(Shell):
    """What an uninitialised tensor has in place of an array."""

    __slots__ = ()
    refuse = staticmethod(_refuse)


def _refused(name):
    """A method of uninitialised tensors that raises ValueError."""

    def method(self, *args, **kwargs):
        _refuse(name)

    method.__name__ = name
    return method


def _same_but(name):
    """A method of uninitialised tensors that changes dtype or device."""

    def method(self, *args, **kwargs):
        data = getattr(self.data, name)(*args, **kwargs)
        return self._without_shape(data)

    method.__name__ = name
    return method


class UninitializedTensorMixin:
    """What UninitializedParameter and UninitializedBuffer share: dtype and device, but no shape and no elements."""

    cls_to_become: type
    requires_grad: Any
    _data: Tensor

    def _stand_for(self, data, requires_grad):
        self._data = data
        _core.init_tensor(self, _NoElements(data.shape, data.dtype.numpy, None), requires_grad)

    def _without_shape(self, data):
        """Another one like data."""
        new: Any = type(self)
        return new(self.requires_grad, data.device, data.dtype)

    def materialize(self, shape, device=None, dtype=None):
        """materialize(shape, device=None, dtype=None): becomes an ordinary parameter or tensor of a shape; what its
        elements are is not defined."""
        device = self._data.device if device is None else device
        dtype = self._data.dtype if dtype is None else dtype
        data = fb.empty(shape, device=device, dtype=dtype)
        requires_grad = self.requires_grad
        del self._data
        self.__class__ = self.cls_to_become
        _core.init_tensor(self, _core.array_of(data), requires_grad)

    @property
    def data(self):
        """A tensor of no elements with the dtype and on the device."""
        return self._data

    @data.setter
    def data(self, value):
        self._stand_for(value.data, self.requires_grad)

    device = property(lambda self: self._data.device)

    @property
    def shape(self):
        """RuntimeError: there is none yet."""
        raise RuntimeError(_NO_SHAPE)

    def share_memory_(self):
        """RuntimeError: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __repr__(self):
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol):
        return type(self), (self.requires_grad, self._data.device, self._data.dtype)

    def __deepcopy__(self, memo):
        copied = memo.get(id(self))
        if copied is None:
            copied = memo[id(self)] = self._without_shape(self._data)
        return copied


for _name in ("half", "float", "double", "bfloat16", "char", "short", "int", "long", "cuda", "cpu", "to", "type"):
    setattr(UninitializedTensorMixin, _name, _same_but(_name))
for _name in ("detach", "requires_grad_", "dim", "numel", "nelement", "__len__", "item", "tolist", "numpy"):
    setattr(UninitializedTensorMixin, _name, _refused(_name))


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """UninitializedParameter(requires_grad=True, device=None, dtype=None): a Parameter whose shape is not known yet

    `materialize(shape)` makes it an ordinary Parameter; any operation before that raises ValueError.
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        new = _core.TensorBase.__new__(cls)
        new._stand_for(fb.empty(0, device=device, dtype=dtype), requires_grad)
        return new

    def __init__(self, requires_grad=True, device=None, dtype=None):
        """All is done in __new__."""


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """UninitializedBuffer(requires_grad=False, device=None, dtype=None, persistent=True): a buffer whose shape is not
    known yet; see UninitializedParameter."""

    cls_to_become = Tensor

    def __new__(cls, requires_grad=False, device=None, dtype=None, persistent=True):
        new = _core.TensorBase.__new__(cls)
        new._stand_for(fb.empty(0, device=device, dtype=dtype), requires_grad)
        new.persistent = persistent
        new._is_buffer = True
        return new

    def __init__(self, requires_grad=False, device=None, dtype=None, persistent=True):
        """All is done in __new__."""


def is_lazy(param):
    """is_lazy(param) -> bool: whether a tensor is uninitialised."""
    return isinstance(param, UninitializedTensorMixin)


def factory_kwargs(kwargs):
    """factory_kwargs(kwargs) -> dict: what of device, dtype and memory_format is in a module's keyword arguments, or in
    their `factory_kwargs`, for factories such as `empty`

    TypeError for other names and for what is in both.
    """
    kwargs = {} if kwargs is None else dict(kwargs)
    found = dict(kwargs.pop("factory_kwargs", {}))
    for name in ("device", "dtype", "memory_format"):
        if name in kwargs:
            if name in found:
                raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
            found[name] = kwargs.pop(name)
    if kwargs:
        raise TypeError(f"unexpected kwargs {set(kwargs)}")
    return found


def _rebuild_parameter(cls, data, requires_grad):
    return cls(data, requires_grad)


_core.set_parameter_type(Parameter)
