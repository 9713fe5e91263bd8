"""BatchedTensor: a tensor of one element of a batch, that stands for the whole batch; and how it answers ops.

Inside `vmap` a function sees a tensor of shape `shape`; `_value` holds all of them, of shape (B, *shape). An op on it
is answered by the op's batching rule, which says it in ops on `_value`: one op of the next level for the whole batch.
Rules take the arguments of the op's `forward` - dims are counted from the front, defaults filled in - and return
tensors with the batch in front. An op without a rule runs once per element, and the results are stacked: always
right, but as slow as a loop.
"""

from typing import Any

from ... import _core
from ...interpreters import ElementsNeeded, Wrapped, copy_for
from ...ops._args import overwrite
from ...ops.op import FUNCTIONS, METHODS, Pointwise
from ...tensor import Tensor
from ..levels import active_levels

RULES: dict[str, Any] = {}  # name of an op -> its batching rule
IN_PLACE: set[str] = set()  # ops whose rule hands the first tensor on as it is: in-place forms run through it
UNPREPARED: dict[str, Any] = {}  # name of an op -> a rule for the arguments before `prepare` looks at them
RANDOM: set[str] = set()  # ops, and composed functions, that draw random numbers

_ARITHMETIC = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args "
    "that has more elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped "
    "over in a vmap. Please try to use out-of-place operators instead of inplace arithmetic. If said operator is being "
    "called inside the PyTorch framework, please file a bug report instead."
)
_NO_STORAGE = "Cannot access data pointer of Tensor that doesn't have storage"


class DataDependent(RuntimeError):
    """The result would have to depend, in Python, on the elements of a tensor of which there is a whole batch."""


def rule(*names, in_place=False):
    """Registers a function(f, batch, *arguments of forward) as the batching rule of the ops of these names."""

    def register(function):
        for name in names:
            RULES[name] = function
            if in_place:
                IN_PLACE.add(name)
        return function

    return register


def rule_of(op):
    """The batching rule of an op's class; None when it is run in a loop."""
    found = RULES.get(op.name)
    return RULES["pointwise"] if found is None and issubclass(op, Pointwise) else found


class Batch:
    """One level of vmap, as rules see it: its number and the size of the batch."""

    __slots__ = ("level", "size")

    def __init__(self, level, size):
        self.level, self.size = level, size

    def has(self, t):
        """Whether t is a tensor that is batched at this level."""
        return type(t) is BatchedTensor and t._level == self.level

    def value(self, t):
        """What t stands for, with the batch in front; t itself when it has no batch at this level."""
        return t._value if type(t) is BatchedTensor and t._level == self.level else t

    def front(self, t):
        """The value of t, or t repeated for each element of the batch, without a copy."""
        return t._value if self.has(t) else t.expand(self.size, *t.shape)

    def lead(self, t, ndim):
        """The value of t, broadcastable against values of tensors of `ndim` dimensions: ones between the batch and
        its own."""
        if not self.has(t):
            return t
        value, missing = t._value, ndim - t.ndim
        return value if missing <= 0 else value.reshape(self.size, *(1,) * missing, *t.shape)

    def wrap(self, result):
        """A value, or a tuple of values, as batched tensors."""
        if isinstance(result, Tensor):
            return BatchedTensor(result, self.level)
        made = [self.wrap(r) for r in result]
        return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)

    def any(self, values):
        """Whether a tensor among values, lists and tuples included, is batched at this level."""
        return any(self.has(v) or (type(v) in (list, tuple) and self.any(v)) for v in values)


class BatchedTensor(Wrapped):
    """What the function under `vmap` sees: one element of a batch. `shape`, `dim()`, ... are those of the element."""

    _why = "vmap: this function looks at the elements of its tensors, of which each stands for a whole batch here"

    def __init__(self, value, level):
        super().__init__(value, level, value.shape[1:])

    def _with(self, value):
        return BatchedTensor(value, self._level)

    def _batch(self):
        return Batch(self._level, self._value.shape[0])

    def _together(self, function, *tensors):
        batch = self._batch()
        return self._with(function(*[batch.front(t) for t in tensors]))

    # ---- ops

    def _interpret(self, function, args, kwargs, prepared):
        batch = self._batch()
        if prepared:
            return run(function, batch, args)
        if function.op.name in UNPREPARED:
            return UNPREPARED[function.op.name](function, batch, *args, **kwargs)
        if kwargs.get("out") is not None:
            raise RuntimeError(
                f"Batching rule not implemented for aten::{function.name}.out; the fallback path doesn't work on out= "
                "or view ops."
            )
        kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        if function.op.name in RANDOM:
            from .random import answered

            bound = answered(lambda: _core.bound_call(function, args, kwargs))
            return run(function, batch, bound) if type(bound) is tuple else bound
        try:
            bound = _core.bound_call(function, args, kwargs)
        except (ElementsNeeded, DataDependent):
            if function.inplace or function.op.name in RULES:
                raise
            return looped(function, batch, args, kwargs)
        if type(bound) is not tuple:
            return bound
        return run(function, batch, bound) if batch.any(bound) else _core.apply(function, *bound)

    def _interpret_whole(self, function, args, kwargs):
        from . import random

        run_each = random.looped if function.__name__ in RANDOM else looped
        return run_each(function, self._batch(), args, kwargs)

    def _interpret_function(self, cls, forward, args):
        from .function import apply_batched

        return apply_batched(self._batch(), cls, forward, args)

    def _copy_of(self, t):
        return self._with(copy_for(self._batch().front(t), self._value))

    def _mask_index(self, function=None):
        """What a mask is as a part of an index, or of the arguments of a function."""
        if function is not None:
            raise DataDependent(
                f"vmap: Attempted to vmap over `mask` in torch.{function}(self, mask) We cannot support this because "
                "for each batch this would return a differently shaped Tensor. Please file an issue at "
                "https://github.com/pytorch/pytorch/issues if you need this feature."
            )
        raise DataDependent(
            "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over "
            "indexing with a boolean mask."
        )

    # ---- what it is

    _is_view = property(lambda self: self._value._is_view)
    _version = property(lambda self: self._value._version)
    output_nr = property(lambda self: self._value.output_nr)
    retains_grad = property(lambda self: self._value.retains_grad)

    def stride(self, dim=None):
        """stride() -> the steps of one element of the batch, in elements."""
        steps = tuple(self._value.stride())[1:]
        return steps if dim is None else steps[dim]

    def is_contiguous(self, memory_format=None):
        """is_contiguous() -> bool: whether one element of the batch lies in row-major order."""
        if not self._value.shape[0]:
            return True
        return self._value.select(0, 0).is_contiguous(memory_format=memory_format)

    def storage_offset(self):
        """storage_offset() -> that of the first element of the batch."""
        return self._value.storage_offset()

    def __repr__(self):
        value = "\n".join(f"    {line}" for line in repr(self._value).split("\n"))
        return f"BatchedTensor(lvl={self._level}, bdim=0, value=\n{value}\n)"

    def _repr_html_(self):
        return None

    # ---- autograd: the state is that of the value

    def requires_grad_(self, requires_grad=True):
        """requires_grad_(requires_grad=True) -> self: starts (or stops) recording operations on this leaf."""
        self._value.requires_grad_(requires_grad)
        return self

    def detach(self):
        """detach() -> the same elements without history."""
        return self._with(self._value.detach())

    def detach_(self):
        """detach_() -> self, made a leaf."""
        self._value = self._value.detach()
        return self

    requires_grad = property(lambda self: self._value.requires_grad, lambda self, v: self.requires_grad_(v))
    data = property(lambda self: self._with(self._value.data), lambda self, t: self.copy_(t.detach()))

    @property
    def grad(self):
        """The gradient of each element of the batch; None when there is none."""
        grad = self._value.grad
        return None if grad is None else self._with(grad)

    @grad.setter
    def grad(self, value):
        self._value.grad = None if value is None else self._batch().front(value)

    def retain_grad(self):
        """retain_grad(): `.grad` of this non-leaf tensor is filled in too."""
        self._value.retain_grad()

    def register_hook(self, hook):
        """register_hook(fn(grad) -> Tensor or None) -> handle: called when the gradient of this tensor is computed."""

        def on_value(grad):
            new = hook(self._with(grad))
            return None if new is None else self._batch().front(new)

        return self._value.register_hook(on_value)

    def _gradients(self, outputs, inputs, grad_outputs, retain_graph, create_graph):
        """autograd.grad through the values: the graph is that of the tensors behind this level, or behind the highest
        one that outputs and inputs have."""
        level, size = self._level, self._value.shape[0]
        batch = Batch(level, size)
        if not batch.any(
            (*outputs, *inputs)
        ):  # only the gradients are batched: the formulas of backward run on them
            other = _core.interpreter_of(outputs, inputs)
            passed = outputs, inputs, grad_outputs, retain_graph, create_graph
            return (
                _core.run_backward(
                    list(outputs),
                    list(grad_outputs),
                    retain_graph,
                    create_graph,
                    list(inputs),
                    accumulate=False,
                )
                if other is None
                else other._gradients(*passed)
            )
        from ...autograd.engine import grad

        seeds = [
            taken_out(g, level, size) if batch.has(t) else g
            for t, g in zip(outputs, grad_outputs, strict=True)
        ]
        roots, leaves = ([batch.value(t) for t in ts] for ts in (outputs, inputs))
        results = grad(roots, leaves, seeds, retain_graph, create_graph, allow_unused=True)
        return tuple(
            [
                put_in(g, level) if g is not None and batch.has(t) else g
                for t, g in zip(inputs, results, strict=True)
            ]
        )

    def _accumulate(self, *args):
        self.backward()

    def backward(self, *args, **kwargs):
        """backward(): refused inside vmap; `func.grad` and `autograd.grad` are there for it."""
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use functorch.grad or "
            "functorch.vjp instead or call backward() outside of functorch transforms."
        )

    # ---- what depends on the elements

    def item(self):
        """item(): refused inside vmap, where there is one number per element of the batch."""
        raise DataDependent(
            "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a "
            "Tensor, please try to rewrite what you're doing with other operations. If error is occurring somewhere "
            "inside PyTorch internals, please file a bug report."
        )

    def __bool__(self):
        raise DataDependent(
            "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't "
            "support that yet, please file an issue at https://github.com/pytorch/pytorch/issues ."
        )

    __int__ = __float__ = __index__ = __complex__ = lambda self: self.item()

    def __contains__(self, element):
        return bool((self == element).any())

    def __format__(self, spec):
        return self.item() if self.ndim == 0 and spec else object.__format__(self, spec)

    def numpy(self, *, force=False):
        """numpy(): refused inside vmap."""
        raise RuntimeError(_NO_STORAGE)

    tolist = data_ptr = numpy

    def __array__(self, dtype=None, copy=None):
        return self.numpy()

    def __dlpack__(self, **options):
        return self.numpy()

    def storage(self):
        """storage(): refused inside vmap."""
        raise NotImplementedError("Cannot access storage of BatchedTensorImpl")

    untyped_storage = typed_storage = storage

    def __deepcopy__(self, memo):
        return self.storage()

    __copy__ = storage

    def __reduce_ex__(self, protocol):
        return self.storage()

    # ---- in-place changes of the shape

    def _reshape_in_place(self, view):
        """self, seen as `view`."""
        if self.requires_grad and _core.is_grad_enabled():
            raise RuntimeError(
                "vmap: cannot change the shape of a tensor that requires grad in place; use the form without _"
            )
        BatchedTensor.__init__(self, view._value, self._level)
        return self


def _reshaping(name):
    out_of_place = METHODS[name[:-1]]

    def method(self, *args, **kwargs):
        return self._reshape_in_place(out_of_place(self, *args, **kwargs))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{name}(...) -> self, in the shape of {name[:-1]}(...)."
    return method


for _name in ("squeeze_", "unsqueeze_", "transpose_", "t_", "swapaxes_", "swapdims_"):
    setattr(BatchedTensor, _name, _reshaping(_name))


# ---- levels


def vmap_levels():
    """The active levels of vmap, outermost first."""
    return [level for level in active_levels() if level.kind == "vmap"]


def taken_out(t, level, size):
    """t with the batch of a level as its first dimension, also where tensors of higher levels stand before it."""
    if type(t) is BatchedTensor and t._level == level:
        return t._value
    if type(t) is BatchedTensor and t._level > level:
        return t._with(taken_out(t._value, level, size).movedim(1, 0))
    if isinstance(t, Wrapped) and t._level > level:
        return t._mapped(lambda value: taken_out(value, level, size))
    return t.expand(size, *t.shape)


def put_in(t, level):
    """t, whose first dimension is the batch of a level, as a tensor that is batched there, below higher levels."""
    if type(t) is BatchedTensor and t._level > level:
        return t._with(put_in(t._value.movedim(1, 0), level))
    if isinstance(t, Wrapped) and t._level > level:
        return t._mapped(lambda value: put_in(value, level))
    return BatchedTensor(t, level)


def lift(tensor, levels=None):
    """lift(tensor) -> the tensor batched over all active levels of vmap, or those given, repeated where it is the same
    for all elements.

    The gradient in it is then one for each element: `func.grad` inside vmap differentiates with respect to it.
    """
    for level in vmap_levels() if levels is None else levels:
        tensor = _lifted(tensor, level.number, level.info["size"])
    return tensor


def _lifted(tensor, number, size):
    if isinstance(tensor, BatchedTensor) and tensor._level == number:
        return tensor
    if isinstance(tensor, Wrapped) and tensor._level > number:
        return tensor._mapped(lambda t: _lifted(t, number, size))
    return BatchedTensor(tensor.expand(size, *tensor.shape), number)


# ---- running an op


def run(function, batch, args):
    """The result of an op on the arguments of its forward."""
    op, first = function.op, args[0]
    found = rule_of(op)
    if function.inplace:
        if not batch.has(first):
            raise RuntimeError(_ARITHMETIC)
        _in_place(function, found, batch, args)
        return first
    if op.name in RANDOM:
        from .random import drawn

        return drawn(function, batch, args)
    if found is None:
        return _rows(lambda *row: _core.apply(function, *row), batch, args)
    result = found(function, batch, *args)
    return (
        _rows(lambda *row: _core.apply(function, *row), batch, args)
        if result is NotImplemented
        else batch.wrap(result)
    )


def _in_place(function, found, batch, args):
    """Changes the value of the first argument."""
    op, x = function.op, args[0]
    if op.name in RANDOM:
        from .random import drawn_over

        drawn_over(function, batch, args)
    elif op.name in IN_PLACE or (op.name not in RULES and issubclass(op, Pointwise)):
        others = [a.shape for a in args[1:] if isinstance(a, Tensor)]
        if op.name != "_index_put_" and any(len(shape) > x.ndim for shape in others):
            wide = list(_core.broadcast_shapes(x.shape, *others))
            raise RuntimeError(f"output with shape {list(x.shape)} doesn't match the broadcast shape {wide}")
        found(function, batch, *args)
    else:
        value = x._value
        if _core.is_grad_enabled() and value.requires_grad:
            x = batch.wrap(value.clone())  # what backward needs of it must not change
        result = run(op.function, batch, (x, *args[1:]))
        if result.shape != x.shape:
            raise RuntimeError(
                f"output with shape {list(x.shape)} doesn't match the broadcast shape {list(result.shape)}"
            )
        overwrite(function.name, value, batch.value(result))


# ---- without a rule: one element after the other


def looped(function, batch, args, kwargs):
    """function(*args, **kwargs) for each element of the batch, the results stacked."""
    names = list(kwargs)
    count = len(args)

    def row(*values):
        return function(*values[:count], **dict(zip(names, values[count:], strict=True)))

    return _rows(row, batch, (*args, *kwargs.values()))


def _rows(call, batch, args):
    if batch.size == 0:  # the shape of the results is that for elements of zeros
        unbatched = [_pick(a, batch, None) for a in args]
        return _stacked([call(*unbatched)], batch, 0)
    return _stacked([call(*[_pick(a, batch, i) for a in args]) for i in range(batch.size)], batch, batch.size)


def _pick(a, batch, i):
    """Element i of the batch, in an argument or among its items; zeros for None."""
    if batch.has(a):
        return a._value.new_zeros(a.shape) if i is None else a._value[i]
    if type(a) in (list, tuple):
        return type(a)([_pick(v, batch, i) for v in a])
    if type(a) is slice:
        return slice(*[_pick(v, batch, i) for v in (a.start, a.stop, a.step)])
    return a


def _stacked(results, batch, size):
    first = results[0]
    if isinstance(first, Tensor):
        if any(r.shape != first.shape for r in results):
            shapes = ", ".join(sorted({str(list(r.shape)) for r in results}))
            raise RuntimeError(
                "vmap: We do not support batching operators that can output dynamic shape: the results for the "
                f"elements of the batch have the shapes {shapes}"
            )
        return BatchedTensor(FUNCTIONS["stack"](results)[:size], batch.level)
    if not isinstance(first, (tuple, list)):
        raise DataDependent(
            f"vmap: a function that returns {type(first).__name__}, not a Tensor, cannot be batched"
        )
    made = [_stacked(list(column), batch, size) for column in zip(*results, strict=True)]
    return type(first)(*made) if hasattr(first, "_fields") else type(first)(made)


_core.register_interpreter(BatchedTensor)
