"""How `multiprocessing`'s pickler takes tensors and storages apart: into handles to shared memory."""

import weakref
from multiprocessing.reduction import ForkingPickler

import numpy as np

from .. import _core, shared
from ..storage import Storage


def _handle(segment):
    return None if segment is None else segment.handle()


def _offset(array, segment):
    return 0 if segment is None else array.ctypes.data - segment.address


def _view(handle, owner_dtype, dtype, shape, strides, offset):
    """The array that a handle stands for, and the segment."""
    if handle is None:
        return _core.empty_array(shape, dtype.numpy), None
    segment = shared.open_segment(handle)
    whole = segment.whole(owner_dtype.numpy)
    return shared.view_of(whole, dtype.numpy, shape, strides, offset), segment


def reduce_tensor(t):
    """What rebuilds a tensor in another process over the same memory, which is moved to shared memory for that.

    Gradients that leaves have are shared too. RuntimeError for a tensor with history: graphs stay in their process.
    """
    if t.requires_grad and not t.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support "
            "crossing process boundaries.  If you just want to transfer the data, call detach() on the tensor before "
            "serializing (e.g., putting it on the queue)."
        )
    if not isinstance(_core.array_of(t), np.ndarray):
        return t.__reduce_ex__(2)
    segment = shared.share(t)
    array = _core.array_of(t)
    owner_dtype = shared.storage_array(t).dtype
    layout = (_dtype(owner_dtype), t.dtype, array.shape, array.strides, _offset(array, segment))
    attributes = {name: value for name, value in t.__dict__.items() if not name.startswith("_")}
    flags = (t.requires_grad, bool(t._volatile))
    return rebuild_tensor, (type(t), _handle(segment), layout, flags, t.grad, attributes)


def _dtype(descr):
    return _core.make(np.empty(0, descr)).dtype


def rebuild_tensor(cls, handle, layout, flags, grad, attributes):
    """The tensor that reduce_tensor took apart."""
    array, segment = _view(handle, *layout)
    t = _core.TensorBase.__new__(cls)
    _core.init_tensor(t, array, flags[0])
    t._volatile = flags[1]
    if segment is not None:
        first = None if segment.tensor is None else segment.tensor()
        if first is None:
            segment.tensor = weakref.ref(t)
        else:
            _core.share_version(t, first)
    if grad is not None:
        t.grad = grad
    t.__dict__.update(attributes)
    return t


def reduce_storage(storage):
    """What rebuilds a storage in another process over the same memory."""
    if storage.is_cuda:
        return storage.__reduce__()
    segment = shared.share(storage)
    array = storage.array
    layout = (storage.dtype, storage.dtype, array.shape, array.strides, _offset(array, segment))
    return rebuild_storage, (type(storage), _handle(segment), layout)


def rebuild_storage(cls, handle, layout):
    """The storage that reduce_storage took apart."""
    return cls(_view(handle, *layout)[0], layout[1])


def reduce_class(cls):
    """How a class goes to another process: by its attribute `_named` (a function and its arguments, which give it)
    where it has one, because its module has the name of another library."""
    return cls.__dict__.get("_named", NotImplemented)


def _override(pickler, value):
    """The pickler's `reducer_override`: unlike a table of types it knows subclasses."""
    if isinstance(value, _core.TensorBase):
        return reduce_tensor(value)
    if isinstance(value, Storage):
        return reduce_storage(value)
    return reduce_class(value) if isinstance(value, type) else NotImplemented


def init_reductions():
    """Makes `multiprocessing`'s pickler, which Queue, Pipe, Pool and Process use, send handles."""
    ForkingPickler.reducer_override = _override  # type: ignore[method-assign]
