"""Parameters and buffers as functions of others: `module.weight` is computed from what is trained at each access.

A parametrised tensor leaves the module's parameters (or buffers). `module.parametrizations[name]`, a
ParametrizationList, holds the original tensors and the modules that make the tensor of them; the module's class becomes
a subclass of its own with a property of that name.
"""

import copy
from collections.abc import Sequence
from contextlib import contextmanager

import flambeau as fb
from flambeau import Tensor

from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

_depth = 0  # of nested `cached` blocks
_cache: dict = {}  # (id of the module, name) -> the tensor, inside of them


@contextmanager
def cached():
    """with cached(): each parametrised tensor is computed once, at its first access, and kept until the (outermost)
    block ends. For models that use a tensor many times, such as recurrent ones."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _cache.clear()


def _register(module, name, tensor):
    """Make `tensor` a parameter or, if it is no Parameter, a buffer of module."""
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _set(tensor, value):
    """Let `tensor`, the same object, hold a copy of value, of whatever shape it is."""
    with fb.no_grad():
        tensor.data = value.detach().clone()


def _is_sequence(value):
    return isinstance(value, Sequence) and not isinstance(value, (Tensor, str))


class ParametrizationList(ModuleList):
    """ParametrizationList(modules, original, unsafe=False): the modules that make a tensor, and what they make it of

    `original` is the tensor that the first module gets; where that one's `right_inverse` gives several tensors, they
    are `original0`, `original1`, ... Calling the list computes the tensor. Made by `register_parametrization`.
    """

    original: Tensor

    def __init__(self, modules, original, unsafe=False):
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with fb.no_grad():
            new = original
            for module in reversed(list(modules)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        pass  # it has none: the original is taken as it is
        if not isinstance(new, Tensor) and not _is_sequence(new):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            self._keep_one(original, new)
        else:
            self._keep_several(original, new)
        if not unsafe:
            self._check_result(shape, dtype)

    def _keep_one(self, original, new):
        for what in ("dtype", "device"):
            if getattr(original, what) != getattr(new, what):
                raise ValueError(
                    f"When `right_inverse` outputs one tensor, it may not change the {what}.\n"
                    f"original.{what}: {getattr(original, what)}\n"
                    f"right_inverse(original).{what}: {getattr(new, what)}"
                )
        if new is not original:
            _set(original, new)  # the same object: an optimizer may know it
        _register(self, "original", original)

    def _keep_several(self, original, tensors):
        for i, tensor in enumerate(tensors):
            if not isinstance(tensor, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                    f"Got element {i} of the sequence with type {type(tensor).__name__}."
                )
        for i, tensor in enumerate(tensors):
            if isinstance(original, Parameter):
                tensor = Parameter(tensor, original.requires_grad)
            else:
                tensor.requires_grad_(original.requires_grad)
            _register(self, f"original{i}", tensor)

    def _check_result(self, shape, dtype):
        result = self()
        if not isinstance(result, Tensor):
            raise ValueError(f"A parametrization must return a tensor. Got {type(result).__name__}.")
        for what, before in (("dtype", dtype), ("shape", shape)):
            if getattr(result, what) != before:
                raise ValueError(
                    f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is "
                    f"enabled.\nunparametrized {what}: {before}\nparametrized {what}: {getattr(result, what)}"
                )

    def _originals(self):
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value):
        """Set the originals so that the list computes `value`, through the modules' `right_inverse`, the last first.

        This is what `module.weight = value` does. Raises RuntimeError for a module without one, ValueError when the
        tensors that they give do not fit the originals.
        """
        with fb.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            if self.is_tensor:
                self._set_one(value)
            else:
                self._set_several(value)

    def _set_one(self, value):
        if not isinstance(value, Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
        if value.dtype != self.original.dtype:
            raise ValueError(
                f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                f"{self.original.dtype}"
            )
        _set(self.original, value)

    def _set_several(self, values):
        if not _is_sequence(values):
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors. Got {type(values).__name__}."
            )
        if len(values) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of "
                f"length {len(values)}."
            )
        originals = self._originals()
        for i, (value, original) in enumerate(zip(values, originals, strict=True)):
            if not isinstance(value, Tensor):
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors. Got element {i} of type "
                    f"{type(value).__name__}."
                )
            if value.dtype != original.dtype:
                raise ValueError(
                    f"Tensor {i} returned by `right_inverse` has dtype {value.dtype} while `original{i}` has dtype "
                    f"{original.dtype}"
                )
        for value, original in zip(values, originals, strict=True):
            _set(original, value)

    def forward(self):
        first, *others = self
        value = first(self.original) if self.is_tensor else first(*self._originals())
        for module in others:
            value = module(value)
        return value


# -------------------------------------------------------- classes of parametrised modules


def _getstate(self):
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _deepcopy(self, memo):
    if id(self) in memo:
        return memo[id(self)]
    copied = memo[id(self)] = Module.__new__(type_before_parametrizations(self))
    copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
    _give_own_class(copied)  # its own: removing a parametrization of one must not change the other
    for name in copied.parametrizations:
        _add_property(type(copied), name)
    return copied


def _give_own_class(module):
    """Let the class of module be a subclass for it alone, to which properties can be added."""
    base = type(module)
    members: dict[str, object] = {"__getstate__": _getstate}
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), members)


def _add_property(cls, name):
    def get(self):
        if not _depth:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def assign(self, value):
        self.parametrizations[name].right_inverse(value)

    setattr(cls, name, property(get, assign))


# -------------------------------------------------------- public functions


def is_parametrized(module, tensor_name=None):
    """is_parametrized(module, tensor_name=None) -> bool: whether the tensor (None: any tensor) of module is
    parametrised."""
    lists = module._modules.get("parametrizations")
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def type_before_parametrizations(module):
    """The class of the module without its parametrisations."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """register_parametrization(module, tensor_name, parametrization, *, unsafe=False) -> module

    From now on `module.tensor_name` is parametrization(original), computed at each access; `original` is trained. A
    further parametrisation of the same tensor gets the result of those before. An assignment to the tensor goes through
    the method `right_inverse` of the parametrisation, if it has one; so does the value at registration.

    The parametrisation may change neither shape nor dtype, unless `unsafe`. Raises ValueError when it does, when there
    is no such parameter or buffer, and when right_inverse does not give a tensor (or, the first one, several).
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_further(module, tensor_name, parametrization)
        parametrizations = module.parametrizations[tensor_name]
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        _register_first(module, tensor_name, parametrization, unsafe)
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def _register_first(module, name, parametrization, unsafe):
    original = getattr(module, name)
    parametrizations = ParametrizationList([parametrization], original, unsafe=unsafe)
    delattr(module, name)
    if not is_parametrized(module):
        _give_own_class(module)
        module.parametrizations = ModuleDict()
    _add_property(type(module), name)
    module.parametrizations[name] = parametrizations


def _check_further(module, name, parametrization):
    """ValueError unless the parametrisation keeps shape and dtype of a tensor that is parametrised already."""
    now = getattr(module, name)
    result = parametrization(now)
    if not isinstance(result, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(result).__name__}.")
    for what in ("dtype", "shape"):
        if getattr(result, what) != getattr(now, what):
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless the `unsafe` flag is "
                f"enabled.\nmodule.{name}.{what}: {getattr(now, what)}\n"
                f"parametrization(module.{name}).{what}: {getattr(result, what)}"
            )
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        inverse = parametrization.right_inverse(result)
    except NotImplementedError:
        return  # it has none
    if not isinstance(inverse, Tensor):
        raise ValueError(
            f"parametrization.right_inverse must return a tensor. Got: {type(inverse).__name__}"
        )
    for what in ("dtype", "shape"):
        if getattr(inverse, what) != getattr(now, what):
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {what} as module.{name}, "
                f"unless the `unsafe` flag is enabled.\nmodule.{name}.{what}: {getattr(now, what)}\n"
                f"returned {what}: {getattr(inverse, what)}"
            )


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """remove_parametrizations(module, tensor_name, leave_parametrized=True) -> module

    Makes a parameter or buffer of the tensor again: of its present value, or with leave_parametrized=False of the
    original. It is the object that `original` was, where there was one. Raises ValueError when the tensor is not
    parametrised, and when its value cannot be the original since that is several tensors; RuntimeError when the value
    has another dtype than the original.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            value = getattr(module, tensor_name).detach()
            if value.dtype != original.dtype:
                raise RuntimeError(
                    f"remove_parametrizations(): the parametrization changed the dtype of {tensor_name} from "
                    f"{original.dtype} to {value.dtype}; set leave_parametrized=False"
                )
            _set(original, value)
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def transfer_parametrizations_and_params(from_module, to_module, tensor_name=None):
    """transfer_parametrizations_and_params(from_module, to_module, tensor_name=None) -> to_module

    Registers the parametrisations of the tensor (None: of all tensors) of from_module for to_module too, with the same
    originals; to_module gets a tensor of that name if it has none.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        if source.is_tensor:
            target.original = source.original
        else:
            for i, original in enumerate(source._originals()):
                setattr(target, f"original{i}", original)
    return to_module
