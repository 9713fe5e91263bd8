"""Tensors as the modules of torch.legacy.nn keep and exchange them: plain tensors of 0.3, alone or in nested lists."""

from numbers import Integral

import flambeau as fb

from ... import defaults
from ...faces import _array, _make, _TensorBase, shown_array


def new_tensor(*sizes):
    """A tensor of the default type."""
    return defaults.tensor_class()(*sizes)


def sizes_of(args):
    """The sizes given one by one, or as one list, torch.Size or LongStorage."""
    return tuple([int(s) for s in (args if not args or isinstance(args[0], Integral) else args[0])])


def is_tensor(value):
    """Whether value is a plain tensor of 0.3."""
    return isinstance(value, _TensorBase)


def is_float(tensor):
    """Whether the elements are floats."""
    return _array(tensor).dtype.kind == "f"


def flat(value):
    """The tensors in a nested list, in order."""
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in flat(v)]
    return [value]


def mapped(function, value):
    """The nested list of the results of a function of each tensor."""
    if isinstance(value, (list, tuple)):
        return [mapped(function, v) for v in value]
    return function(value)


def todays(tensor):
    """Today's tensor over the memory of a plain one; it counts its own versions, as each buffer of Lua's modules."""
    return _make(_array(tensor), fb.Tensor)


def over(tensor):
    """The plain tensor over the memory of today's."""
    return _make(shown_array(tensor), _TensorBase)


def put(buffer, value):
    """What a module keeps of today's tensors: `buffer` itself over the new memory where its type fits, else new
    ones."""
    if isinstance(value, (list, tuple)):
        buffers = buffer if isinstance(buffer, list) else []
        return [put(buffers[i] if i < len(buffers) else None, v) for i, v in enumerate(value)]
    new = over(value)
    if type(buffer) is not type(new):
        return new
    fb._core.set_array(buffer, _array(new))
    return buffer
