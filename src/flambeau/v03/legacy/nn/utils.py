"""torch.legacy.nn.utils: functions on tensors in nested lists, and on the attributes of modules."""

import flambeau as fb

from ....memory_format import is_dense
from ....tensor import storage_array
from ... import conversions
from ...faces import _address, _make
from .tensors import flat, is_float, is_tensor, over, todays


def recursiveType(param, to, tensorCache=None):
    """recursiveType(param, to, tensorCache=None) -> param with all tensors in it converted to a type.

    param: a tensor, a module or criterion, or a list or dict of them, which is changed in place. Tensors that share
    memory do so afterwards, also in later calls with the same tensorCache (a dict). Tensors of ints keep their
    element type where the type is one of floats.
    """
    from .criterion import Criterion
    from .module import Module

    cache = {} if tensorCache is None else tensorCache
    if isinstance(param, list):
        param[:] = [recursiveType(p, to, cache) for p in param]
    elif type(param) is tuple:
        param = tuple([recursiveType(p, to, cache) for p in param])
    elif isinstance(param, dict):
        param.update({k: recursiveType(p, to, cache) for k, p in param.items()})
    elif isinstance(param, (Module, Criterion)):
        param.type(to, cache)
    elif is_tensor(param):
        param = _converted(param, conversions.typed_class(to), cache)
    return param


def _converted(tensor, cls, cache):
    """A tensor as a typed class, over memory that it shares with the others in cache, as it did before."""
    if cls._dtype.kind == "f" and not is_float(tensor):
        return tensor.cuda() if cls.is_cuda else tensor.cpu()
    if type(tensor) is cls:
        return tensor
    if not tensor.numel():
        return cls()
    owner = storage_array(tensor)
    if not tensor.is_cuda and not is_dense(owner):  # memory of others with gaps: nothing of ours shares it
        return tensor.type(cls)
    key = (_address(owner), cls)
    if key not in cache:
        memory = _make(owner, fb.Tensor)
        cache[key] = (owner, todays(over(memory.as_strided((memory.numel(),), (1,))).type(cls)))
    shared = cache[key][1]
    offset = todays(tensor).storage_offset()
    return over(shared.as_strided(tuple(tensor.size()), tuple(tensor.stride()), offset))


def recursiveFill(t, value):
    """recursiveFill(t, value): fills all tensors of a nested list."""
    for tensor in flat(t):
        tensor.fill_(value)


def recursiveCopy(t1, t2):
    """recursiveCopy(t1, t2) -> (t1, t2): copies the tensors of t2 into those of t1, which take their sizes; where t1 is
    no tensor or list like t2, new ones are made."""
    if isinstance(t2, (list, tuple)):
        t1 = t1 if isinstance(t1, list) else []
        t1[:] = [recursiveCopy(t1[i] if i < len(t1) else None, t)[0] for i, t in enumerate(t2)]
        return t1, t2
    t1 = t1 if is_tensor(t1) else t2.new()
    t1.resize_as_(t2)
    t1.copy_(t2)
    return t1, t2


def recursiveResizeAs(t1, t2):
    """recursiveResizeAs(t1, t2) -> (t1, t2): gives the tensors of t1 the sizes of those of t2; see recursiveCopy."""
    if isinstance(t2, (list, tuple)):
        t1 = t1 if isinstance(t1, list) else []
        t1[:] = [recursiveResizeAs(t1[i] if i < len(t1) else None, t)[0] for i, t in enumerate(t2)]
        return t1, t2
    t1 = t1 if is_tensor(t1) else t2.new()
    t1.resize_as_(t2)
    return t1, t2


def recursiveAdd(t1, val=1, t2=None):
    """recursiveAdd(t1, val=1, t2) -> (t1, t2): adds val times the tensors of t2 to those of t1."""
    if t2 is None:
        val, t2 = 1, val
    for a, b in zip(flat(t1), flat(t2), strict=True):
        a.add_(val, b)
    return t1, t2


def addSingletondimension(*args):
    """addSingletondimension([out,] tensor, dim=0) -> tensor with a dimension of size 1 before dim."""
    out, (tensor, *rest) = (args[0], args[1:]) if len(args) > 1 and is_tensor(args[1]) else (None, args)
    new = tensor.unsqueeze(rest[0] if rest else 0)
    return new if out is None else out.set_(new)


def contiguousView(output, input, *args):
    """contiguousView(output, input, *sizes) -> input, made contiguous, in another size."""
    return input.contiguous().view(*args)


def clear(self, *args):
    """clear(module, *names) -> module, with the tensors, lists and dicts among its attributes of these names
    emptied."""
    for name in args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args:
        value = self.__dict__.get(name)
        if is_tensor(value):
            setattr(self, name, value.new())
        elif isinstance(value, (list, dict)):
            setattr(self, name, type(value)())
        elif value is not None:
            setattr(self, name, None)
    return self
