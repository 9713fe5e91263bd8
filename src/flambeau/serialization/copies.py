"""Plain pickle of tensors: what `Tensor.__reduce_ex__` refers to."""

from .. import _core
from ..device import CPU


def rebuild_tensor(cls, raw, dtype, requires_grad, attributes, device=CPU):
    """The tensor that `Tensor.__reduce_ex__` took apart: raw is its array (bfloat16 as uint16)."""
    array = _core.empty_array(raw.shape, dtype.numpy)
    array[...] = raw.view(dtype.numpy) if dtype.numpy.kind == "V" else raw
    if device != CPU:
        array = _core.array_of(_core.make(array).to(device))
    t = _core.TensorBase.__new__(cls)
    _core.init_tensor(t, array, requires_grad)
    t.__dict__.update(attributes)
    return t
