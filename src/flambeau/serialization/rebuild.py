"""From the description of a tensor in a file to the tensor. Every number is checked: a file must not reach memory
outside of its storages."""

import math
import pickle

import numpy as np

from .. import _core
from ..dtype import dtype as DType
from ..layout import ALL as LAYOUTS
from ..storage import Storage
from ..tensor import Tensor
from .names import PLACEHOLDERS, REBUILDERS, our_object

_MOST_DIMENSIONS = 64
_LARGEST = 2**62


def refused(message):
    """The error for content that load does not accept."""
    return pickle.UnpicklingError(f"load: {message}")


def shown(value):
    """A short text for a value from a file, in a time that does not depend on the value: a tuple of tuples of tuples
    ... can have a text without end."""
    if isinstance(value, (tuple, list)):
        inside = [shown(x) if not isinstance(x, (tuple, list)) else "..." for x in value[:6]]
        return f"({', '.join(inside)}{', ...' * (len(value) > 6)})"
    if isinstance(value, int):
        return str(value) if value.bit_length() < 200 else "a long int"
    if isinstance(value, (str, bytes)):
        return repr(value[:60])
    return repr(value) if isinstance(value, (float, type(None), type)) else type(value).__name__


class Face:
    """What a loader makes of the tensors in a file. `flambeau.v03` has its own, for its two kinds of tensors."""

    def named(self, module, name):
        """The object that a trusted file calls by a name of PyTorch's. AttributeError when there is none."""
        return our_object(module, name)

    def tensor(self, array, requires_grad=False):
        """A tensor over an array."""
        t = _core.TensorBase.__new__(Tensor)
        _core.init_tensor(t, array, requires_grad)
        return t

    @property
    def parameter_class(self):
        """The class of parameters."""
        from ..nn.parameter import Parameter

        return Parameter

    def parameter(self, data, requires_grad=True):
        """A parameter over the memory of a tensor that `tensor` made."""
        return self.parameter_class(data, requires_grad)

    def variable(self, data, requires_grad=False, volatile=False):
        """What 0.3 saved as a Variable, over the memory of a tensor that `tensor` made."""
        return data.requires_grad_(requires_grad)


class Rebuilder:
    """The functions that files call to make tensors of storages.

    `budget`: bytes that may still be copied, so that a small file cannot ask for much; None: no limit.
    """

    def __init__(self, face=None, budget=None):
        self.face = face or Face()
        self.budget = budget
        self.first = {}  # id of a storage -> the first tensor over it, and the storage, which keeps the id

    def functions(self):
        """{(module, name) in files: function}"""
        functions = {name: getattr(self, method) for name, method in REBUILDERS.items()}
        return functions | {ours: functions[theirs] for ours, theirs in PLACEHOLDERS.items()}

    def spend(self, nbytes):
        """Counts bytes that the file makes load copy."""
        if self.budget is not None:
            self.budget -= nbytes
            if self.budget < 0:
                raise refused("the file would expand to far more than its size")

    # ---- dense tensors

    def tensor(self, storage, offset, size, stride):
        """Of 0.1 to 0.3."""
        return self._view(storage, None, offset, size, stride, False)

    def tensor_v2(self, storage, offset, size, stride, requires_grad, backward_hooks, metadata=None):
        """Of the dtype of the storage. metadata: whether the elements are stored conjugated or negated."""
        return self._view(storage, None, offset, size, stride, requires_grad, metadata)

    def tensor_v3(self, storage, offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None):
        """Of another dtype than the storage."""
        if not isinstance(dtype, DType):
            raise refused(f"{shown(dtype)} is no dtype")
        return self._view(storage, dtype, offset, size, stride, requires_grad, metadata)

    def _view(self, storage, dtype, offset, size, stride, requires_grad, metadata=None):
        array = self._array(storage, dtype, offset, size, stride)
        if metadata:
            array = self._resolved(array, metadata)
        requires_grad = bool(requires_grad)
        if requires_grad and array.dtype.kind not in "fcV":
            raise refused(f"a tensor of {array.dtype} cannot require a gradient")
        t = self.face.tensor(array, requires_grad)
        first, _ = self.first.setdefault(id(storage), (t, storage))
        if first is not t and not metadata:
            _core.share_version(t, first)
        return t

    def _array(self, storage, dtype, offset, size, stride):
        if not isinstance(storage, Storage):
            raise refused("a tensor without a storage")
        dtype = dtype or storage.dtype
        _check_geometry(storage.nbytes() // dtype.itemsize, offset, size, stride, dtype)
        flat = storage.array
        if dtype is not storage.dtype:
            flat = flat.view(np.uint8)
            flat = flat[: len(flat) // dtype.itemsize * dtype.itemsize].view(dtype.numpy)
        if not isinstance(flat, np.ndarray):
            return _core.array_of(_core.make(flat).as_strided(size, stride, offset))
        steps = [n * dtype.itemsize for n in stride]
        return _core.strided_view(flat, size, steps, 0 if 0 in size else offset * dtype.itemsize)

    def _resolved(self, array, metadata):
        """The elements as they are meant, where a file keeps them conjugated or negated."""
        if not isinstance(metadata, dict) or not {*metadata} <= {"conj", "neg"}:
            raise refused(f"tensors with the metadata {shown(metadata)} are not supported")
        self.spend(array.size * array.itemsize)
        t = _core.make(array)
        if metadata.get("conj"):
            t = t.conj()
        if metadata.get("neg"):
            t = -t
        return _core.array_of(t)

    def from_type(self, function, cls, arguments, state):
        """Of a subclass, or with attributes."""
        if not callable(function) or function not in self.functions().values():
            raise refused("a tensor is made by a function that makes none")
        t = function(*arguments)
        if not (isinstance(cls, type) and issubclass(cls, Tensor)):
            raise refused(f"{shown(cls)} is no class of tensors")
        if cls is not Tensor and type(t) is not cls:
            t = Tensor._make_subclass(cls, t, t.requires_grad)
        add_attributes(t, state)
        return t

    # ---- parameters and Variables

    def parameter(self, data, requires_grad, backward_hooks):
        """parameter(data, requires_grad, backward_hooks): hooks are not kept."""
        if not isinstance(data, Tensor):
            raise refused(f"a parameter of {type(data).__name__}")
        if requires_grad and not (data.is_floating_point() or data.is_complex()):
            raise refused(f"a parameter of {data.dtype} cannot require a gradient")
        return self.face.parameter(data, bool(requires_grad))

    def parameter_of(self, data, requires_grad=True):
        """The constructor, as 0.2 and 0.3 call it."""
        return self.parameter(data, requires_grad, None)

    def parameter_with_state(self, data, requires_grad, backward_hooks, state):
        """A parameter with attributes."""
        t = self.parameter(data, requires_grad, backward_hooks)
        add_attributes(t, state)
        return t

    def variable(self, data, requires_grad=False, volatile=False):
        """A Variable of 0.3."""
        if not isinstance(data, Tensor):
            raise refused(f"a Variable of {type(data).__name__}")
        return self.face.variable(data, bool(requires_grad), bool(volatile))

    # ---- other layouts

    def layout(self, name):
        """layout("torch.sparse_coo") -> the layout of this name."""
        for layout in LAYOUTS:
            if repr(layout) == name:
                return layout
        raise refused(f"the layout {shown(name)} is not supported")

    def sparse(self, layout, data):
        """A sparse tensor of its indices, values, size and, for sparse_coo, whether it is coalesced."""
        from ..ops.sparse import rebuild_sparse

        if layout not in LAYOUTS[1:]:
            raise refused(f"the layout {shown(layout)} is not supported")
        coo = layout is LAYOUTS[1]
        if coo and len(data) == 3:
            data = (*data, False)
        *parts, size, coalesced = data if coo else (*data, False)
        if len(parts) != (2 if coo else 3) or not all(isinstance(t, Tensor) and t.layout is LAYOUTS[0] for t in parts):
            raise refused("a sparse tensor has to consist of ordinary tensors")
        for t in parts:
            self.spend(t.numel() * t.element_size())
        try:
            return rebuild_sparse(layout.name, tuple(parts), tuple(size), bool(coalesced))
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise refused(f"the parts of a sparse tensor do not fit together: {error}") from error


def _check_geometry(length, offset, size, stride, dtype):
    """That a tensor of this offset, size and stride (in elements) lies in a storage of `length` elements."""
    numbers = (offset, *size, *stride)
    if (
        len(size) != len(stride)
        or len(size) > _MOST_DIMENSIONS
        or not all(isinstance(n, int) and 0 <= n < _LARGEST for n in numbers)
        or math.prod(n or 1 for n in size) * dtype.itemsize >= _LARGEST
    ):
        raise refused(
            f"a tensor cannot have the shape {shown(size)}, the strides {shown(stride)} and the offset {shown(offset)}"
        )
    last = sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if 0 not in size and offset + last >= length:
        raise refused(
            f"a tensor of shape {size} does not fit its storage of {length} elements "
            f"(strides {stride}, offset {offset})"
        )


def add_attributes(t, state):
    """Gives a tensor the attributes that it was saved with; they cannot replace what its class has."""
    if isinstance(state, tuple) and len(state) == 2 and not state[0]:
        state = state[1]
    if not state:
        return
    if not isinstance(state, dict) or not all(type(name) is str for name in state):
        raise refused("the attributes of a tensor have to be a dictionary with names")
    for name in state:
        if hasattr(type(t), name):
            raise refused(f"a tensor cannot be given the attribute {name!r}")
    t.__dict__.update(state)


def set_state(t, state):
    """`Tensor.__setstate__`: attributes; or of older files (requires_grad, volatile, hooks) of a Variable, (data, _,
    hooks, requires_grad, volatile) of one before 0.2, and (storage, offset, size, stride) of a plain tensor."""
    if isinstance(state, dict) or (isinstance(state, tuple) and len(state) == 2):
        add_attributes(t, state)
        return
    if not isinstance(state, tuple) or len(state) not in (3, 4, 5):
        raise refused("the state of a tensor is of an unknown form")
    if len(state) == 4:
        _core.set_array(t, Rebuilder()._array(state[0], None, *state[1:]))
        return
    if len(state) == 5:
        if not isinstance(state[0], Tensor):
            raise refused("a Variable without data")
        _core.set_array(t, _core.array_of(state[0]))
        state = state[3], state[4], state[2]
    if state[0] and not (t.is_floating_point() or t.is_complex()):
        raise refused(f"a tensor of {t.dtype} cannot require a gradient")
    t.requires_grad_(bool(state[0]))
    if "volatile" in type(t).__dict__ and state[1]:
        t.volatile = True
