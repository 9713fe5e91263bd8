"""Conversions of 0.3's tensors: types, devices, NumPy, lists, storages, copies, pickles."""

import copy

import numpy as np

from .. import storage
from ..device import device as Device
from ..dtype import from_numpy_dtype
from ..numpy_functions import array_function as todays_array_function
from ..ops import METHODS as TODAYS
from ..serialization.rebuild import set_state
from ..tensor import Tensor, copy_storage, storage_array
from . import defaults
from .construct import new, rebuilt
from .faces import (
    CUDA_TYPES,
    ELEMENTS,
    TYPES,
    Variable,
    _array,
    _make,
    _TensorBase,
    compact,
    lifted,
    plain,
    settled,
    shown_array,
    type_name,
)
from .memory import lend

_BY_NAME = {type_name(cls): cls for cls in (*TYPES.values(), *CUDA_TYPES.values())}

# ---- types and devices


def typed_class(target):
    """The typed class that a class or a name such as "torch.FloatTensor" means. ValueError for others."""
    if target == "torch.Tensor":
        return defaults.tensor_class()
    found = target if isinstance(target, type) and target in _BY_NAME.values() else _BY_NAME.get(target)
    if found is None:
        raise ValueError(f"invalid type: {target!r}; expected a typed class such as torch.FloatTensor, or its name")
    return found


def _class(self):
    return type(self.data) if isinstance(self, Variable) else type(self)


def _check_options(name, options):
    for option in options:
        if option not in ("async", "non_blocking"):
            raise TypeError(f"{name}() got an unexpected keyword argument {option!r}")


def _at_once(flags, options):
    """Whether the host waits for a copy: `async=True`, by position or by name, says no, and so does `non_blocking`."""
    return not (any(flags) or options.get("async") or options.get("non_blocking"))


def _to(self, *args, wait=True):
    """Today's `to`, with bytes for bools and one dimension at the least."""
    return _by(TODAYS["to"], self, *args, non_blocking=not wait)


def _by(todays, self, *args, **options):
    moved = todays(lifted(self) if isinstance(self, Variable) else settled(self), *args, **options)
    moved._volatile = self._volatile
    return moved if moved is self else compact(moved)


def type_(self, new_type=None, *flags, **options):
    """type() -> str such as "torch.FloatTensor";  type(new_type, async=False) -> self converted to a typed class, or
    its name."""
    cls = _class(self)
    if new_type is None:
        return type_name(cls)
    _check_options("type", options)
    target = typed_class(new_type)
    if target is cls:
        return self
    dtype = from_numpy_dtype(target._dtype)
    if target.is_cuda == cls.is_cuda:
        return _to(self, dtype)
    return _to(self, "cuda" if target.is_cuda else "cpu", dtype, wait=_at_once(flags, options))


def type_as(self, tensor):
    """type_as(tensor) -> self converted to the type of tensor."""
    return type_(self, _class(tensor))


def _conversion(element):
    name = f"{element}Tensor"
    target, todays = TYPES[name], TODAYS[element.lower()]

    def convert(self):
        if type(self) is target or shown_array(self).dtype == target._dtype:
            return self
        return _by(todays, self)

    convert.__name__ = element.lower()
    convert.__doc__ = f"{element.lower()}() -> self converted to {name}."
    return convert


def cuda(self, device=None, *flags, **options):
    """cuda(device=None, async=False) -> self on a GPU: the current one, or the one given."""
    _check_options("cuda", options)
    place = Device("cuda") if device is None or device == -1 else Device("cuda", int(device))
    return _to(self, place, wait=_at_once(flags, options))


def cpu(self):
    """cpu() -> self in host memory."""
    return _to(self, "cpu") if self.is_cuda else self


def get_device(self):
    """get_device() -> index of the GPU. RuntimeError on the CPU."""
    if not self.is_cuda:
        raise RuntimeError(f"get_device is not implemented for type {type_name(_class(self))}")
    return Tensor.get_device(self)


def is_signed(self):
    """is_signed() -> bool: whether the elements may be negative."""
    return shown_array(self).dtype.kind != "u"


def is_same_size(self, tensor):
    """is_same_size(tensor) -> bool"""
    return self.size() == tensor.size()


def clone(self):
    """clone() -> a copy with memory of its own."""
    copied = compact(TODAYS["clone"](self))
    return copied if isinstance(self, Variable) else settled(copied)


def element_size(self):
    """element_size() -> bytes of one element."""
    return _array(self).itemsize


# ---- NumPy, lists, storages


def numpy(self):
    """numpy() -> numpy.ndarray over the same memory, which from now on cannot get larger."""
    return _numbers(lend(self))


def _numbers(self):
    array = shown_array(self)
    if not isinstance(array, np.ndarray):
        raise RuntimeError(f"can't convert a given {type_name(type(self))} to numpy; use cpu() first")
    return array


def tolist(self):
    """tolist() -> the elements as nested lists of Python numbers."""
    return _numbers(cpu(self)).tolist()


def as_array(self, dtype=None, copy=None):
    """What NumPy makes of a plain tensor."""
    array = _numbers(cpu(self))
    if dtype is not None and array.dtype != dtype:
        return array.astype(dtype)
    return array.copy() if copy else array


def wrap_array(self, array, context=None, return_scalar=False):
    """What NumPy's ufuncs give for tensors: a tensor of the kind of self, bytes for bools; numbers stay NumPy's."""
    return shown(_make(array), self) if np.ndim(array) else array[()]


def array_function(self, func, types, args, kwargs):
    """What NumPy's other functions give: as of today's tensors, arrays or tensors; numbers for no dimensions."""
    return shown(todays_array_function(func, types, args, kwargs), self)


def shown(value, like):
    """Today's tensors, also in tuples and lists, as tensors of the kind of `like`."""
    if isinstance(value, (tuple, list)):
        return type(value)([shown(v, like) for v in value]) if type(value) in (tuple, list) else value
    if not isinstance(value, Tensor) or isinstance(value, (Variable, _TensorBase)):
        return value
    if not _array(value).ndim:
        return _array(value).item()
    return Variable(plain(value)) if isinstance(like, Variable) else plain(value)


def storage_of(self):
    """storage() -> the storage of this tensor: all of the memory that it and its views share."""
    owner = storage_array(self)
    return storage_type(self)(owner, from_numpy_dtype(shown_array(self).dtype))


def storage_type(self):
    """storage_type() -> the class of storages of this type, such as torch.FloatStorage."""
    return (storage.CUDA_TYPES if self.is_cuda else storage.TYPES)[type(self).__name__.replace("Tensor", "Storage")]


def reinforce(self, reward):
    """reinforce(reward): removed in 0.3; it raises."""
    raise RuntimeError(
        "reinforce() was removed. Use torch.distributions instead: sample with `m = Categorical(probs); "
        "action = m.sample()`, and let `(-m.log_prob(action) * reward).backward()` give the gradients."
    )


# ---- copies and pickles


def deepcopy(self, memo):
    """A copy; tensors over one memory have copies over one memory."""
    if id(self) in memo:
        return memo[id(self)]
    if isinstance(self, Variable):
        if not self.is_leaf:
            raise RuntimeError(
                "Only Variables created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment"
            )
        made = rebuilt_variable(type(self), copy.deepcopy(self.data, memo), self.requires_grad, self.volatile)
        made.__dict__.update(copy.deepcopy(_attributes(self), memo))
    else:
        made = rebuilt(type(self), copy_storage(self, memo))
    memo[id(self)] = made
    return made


def _attributes(self):
    return {n: v for n, v in self.__dict__.items() if n not in ("_data", "_holders", "_views")}


def rebuilt_variable(cls, data, requires_grad, volatile):
    """A Variable, or Parameter, around a plain tensor."""
    made = Variable.__new__(cls, data) if cls is Variable else cls(data)
    made.requires_grad = requires_grad
    made._volatile = volatile
    return made


def rebuilt_plain(name, raw, device):
    """A plain tensor that was pickled: its type's name, its elements, the index of its GPU or None."""
    made = rebuilt(TYPES[name], np.array(raw))
    return made if device is None else cuda(made, device)


def rebuilt_named(kind, *parts):
    """A pickled Variable or Parameter."""
    from .faces import Parameter

    return rebuilt_variable({"Variable": Variable, "Parameter": Parameter}.get(kind, kind), *parts)


def reduce_ex(self, protocol):
    """How a tensor is pickled: plain tensors by the name of their type, Variables by their data, without history."""
    if not isinstance(self, Variable):
        device = get_device(self) if self.is_cuda else None
        return rebuilt_plain, (type(self).__name__, as_array(self), device)
    kind = type(self).__name__ if type(self).__module__.startswith("torch") else type(self)
    attributes = _attributes(self)
    return rebuilt_named, (kind, self.data, self.requires_grad, self.volatile), attributes or None


def setstate(self, state):
    """What unpickling gives a tensor beside its elements: attributes, or the flags and hooks in files of 0.3."""
    if isinstance(state, dict):
        self.__dict__.update(state)
    else:
        set_state(self, state)


def shallow_copy(self):
    """copy.copy(x): over the same memory."""
    if isinstance(self, Variable):
        return rebuilt_variable(type(self), self.data, self.requires_grad and self.is_leaf, self.volatile)
    return type(self)(self)


BOTH = {
    "type": type_, "type_as": type_as, "cuda": cuda, "cpu": cpu, "get_device": get_device, "is_signed": is_signed,
    "is_same_size": is_same_size, "clone": clone, "element_size": element_size, "new": new,
    **{element.lower(): _conversion(element) for element in ELEMENTS},
    "__array_wrap__": wrap_array, "__array_function__": array_function,
}  # fmt: skip
PROTOCOLS = {  # which library code, such as `save`, wants as programs do
    "__deepcopy__": deepcopy, "__copy__": shallow_copy, "__reduce_ex__": reduce_ex, "__setstate__": setstate,
}  # fmt: skip
PLAIN = {"numpy": numpy, "tolist": tolist, "__array__": as_array, "storage": storage_of, "storage_type": storage_type}
VARIABLES = {"reinforce": reinforce}
