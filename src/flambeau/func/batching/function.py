"""autograd.Function inside vmap: its own `vmap` static method, or a rule made from forward and backward."""

import collections
from typing import Any

from ...autograd.function import Function
from ...tensor import Tensor
from ..levels import pop_level, push_level
from .random import randomness
from .tensor import Batch, BatchedTensor

VmapInfo = collections.namedtuple("VmapInfo", ["batch_size", "randomness"])

_MORE = "For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"


def apply_batched(batch, cls, forward, args):
    """cls.apply(*args) with a batched tensor among args."""
    name = cls.__name__
    generated, own = (
        getattr(cls, "generate_vmap_rule", False),
        getattr(cls, "vmap", Function.vmap) is not Function.vmap,
    )
    if cls.setup_context is Function.setup_context:
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
            f"override the setup_context staticmethod. {_MORE}"
        )
    if generated and own:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it has both generate_vmap_rule=True and an overridden vmap "
            "staticmethod. Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid "
            f"ambiguity. {_MORE}"
        )
    if generated:
        return _generated(batch, cls, forward, args)
    if not own:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it does not have vmap support. Please override and implement the vmap "
            f"staticmethod or set generate_vmap_rule=True. {_MORE}"
        )
    in_dims = tuple([0 if batch.has(a) else None for a in args])
    info = VmapInfo(batch.size, randomness(batch.level))
    answer = cls.vmap(info, in_dims, *[batch.value(a) for a in args])
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise RuntimeError(
            f"Expected {name}.vmap to return a tuple of 2: the outputs and their out_dims, got {answer!r}"
        )
    return _placed(batch, name, *answer)


def _placed(batch, name, outputs, out_dims):
    """Outputs with the batch where out_dims says, as batched tensors."""
    if isinstance(outputs, Tensor) or not isinstance(outputs, (tuple, list)):
        if out_dims is None or not isinstance(outputs, Tensor):
            return outputs
        return BatchedTensor(outputs.movedim(out_dims, 0), batch.level)
    dims = out_dims if isinstance(out_dims, (tuple, list)) else (out_dims,) * len(outputs)
    if len(dims) != len(outputs):
        raise RuntimeError(f"{name}.vmap returned {len(outputs)} outputs but {len(dims)} out_dims")
    return tuple([_placed(batch, name, o, d) for o, d in zip(outputs, dims, strict=True)])


class _Context:
    """The ctx of forward and backward of one element."""

    def __init__(self):
        self.saved_tensors: tuple[Any, ...] = ()
        self.marked: tuple[Any, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = ()
        self.materialize = True

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors

    save_for_forward = save_for_backward

    def mark_non_differentiable(self, *tensors):
        self.marked = tensors

    def set_materialize_grads(self, value):
        self.materialize = value


def _generated(batch, cls, forward, args):
    """cls.apply(*args) by the rule made from its forward and backward."""
    made = _Generated(batch, cls, forward, [batch.has(a) for a in args])
    members = {"forward": staticmethod(made.forward), "setup_context": staticmethod(made.setup_context),
               "backward": staticmethod(made.backward), "generate_vmap_rule": True}  # fmt: skip
    of_values: Any = type(cls.__name__, (Function,), members)
    outputs = of_values.apply(*[batch.value(a) for a in args])
    if not isinstance(outputs, tuple):
        return batch.wrap(outputs) if isinstance(outputs, Tensor) else outputs
    return tuple([batch.wrap(o) if isinstance(o, Tensor) else o for o in outputs])


class _Generated:
    """The Function of values whose forward and backward run those of cls inside a level of vmap."""

    def __init__(self, batch, cls, forward, batched):
        self.batch, self.cls, self.element_forward, self.batched = batch, cls, forward, batched
        self.randomness = randomness(batch.level)
        self.inner = _Context()
        self.saved_batched: list[bool] = []
        self.silent: list[bool] = []
        self.several = False

    def _inside(self, function, values, batched):
        """(level, function of the values, of which some stand for a batch there, their results)"""
        level = push_level("vmap", size=self.batch.size, randomness=self.randomness)
        try:
            given = [BatchedTensor(v, level) if b else v for v, b in zip(values, batched, strict=True)]
            return Batch(level, self.batch.size), function(*given)
        finally:
            pop_level(level)

    def forward(self, *values):
        """The outputs for the batch; notes what setup_context has saved for one element."""

        def call(*inputs):
            outputs = self.element_forward(*inputs)
            self.cls.setup_context(self.inner, inputs, outputs)
            return outputs

        level, outputs = self._inside(call, values, self.batched)
        self.several = isinstance(outputs, (tuple, list))
        outputs = tuple(outputs) if self.several else (outputs,)
        self.silent = [any(m is o for m in self.inner.marked) for o in outputs]
        saved = self.inner.saved_tensors
        self.saved_batched = [level.has(t) for t in saved]
        self.inner.saved_tensors = tuple([level.value(t) for t in saved])
        found = tuple([level.front(o) if isinstance(o, Tensor) else o for o in outputs])
        return found if self.several else found[0]

    def setup_context(self, ctx, inputs, output):
        """Keeps the values of what was saved."""
        ctx.save_for_backward(*self.inner.saved_tensors)
        ctx.set_materialize_grads(self.inner.materialize)
        outputs = output if self.several else (output,)
        ctx.mark_non_differentiable(*[o for o, s in zip(outputs, self.silent, strict=True) if s])

    def backward(self, ctx, *grads):
        """The gradients of the values; those of inputs that are the same for all, summed."""
        saved = ctx.saved_tensors
        self.inner.needs_input_grad = ctx.needs_input_grad

        def call(*values):
            self.inner.saved_tensors = values[: len(saved)]
            return self.cls.backward(self.inner, *values[len(saved) :])

        batched = [*self.saved_batched, *[g is not None for g in grads]]
        level, results = self._inside(call, (*saved, *grads), batched)
        results = results if isinstance(results, (tuple, list)) else (results,)
        found = []
        for result, b in zip(results, self.batched, strict=False):
            value = level.front(result) if isinstance(result, Tensor) else result
            found.append(value.sum(0) if isinstance(value, Tensor) and not b else value)
        return tuple(found)
