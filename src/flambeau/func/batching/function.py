"""autograd.Function inside vmap: its own `vmap` static method, or a rule made from forward and backward."""

import collections

from ...autograd.function import Function
from ...tensor import Tensor
from ..levels import pop_level, push_level
from .random import randomness
from .tensor import BatchedTensor

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
            "staticmethod. "
            "Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid ambiguity. "
            f"{_MORE}"
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
        self.saved_tensors, self.marked, self.materialize = (), (), True

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors

    save_for_forward = save_for_backward

    def mark_non_differentiable(self, *tensors):
        self.marked = tensors

    def set_materialize_grads(self, value):
        self.materialize = value

    needs_input_grad: tuple = ()


def _generated(batch, cls, forward, args):
    """The Function of values whose forward and backward run those of cls inside a level of vmap."""
    inner = _Context()
    there = [batch.has(a) for a in args]

    def inside(function, values, marks):
        level = push_level("vmap", size=batch.size, randomness=kind)
        try:
            return level, function(
                *[BatchedTensor(v, level) if m else v for v, m in zip(values, marks, strict=True)]
            )
        finally:
            pop_level(level)

    def outside(level, t):
        """The value of a result of the level."""
        if not isinstance(t, Tensor):
            return t
        return t._value if type(t) is BatchedTensor and t._level == level else t.expand(batch.size, *t.shape)

    def run(*values):
        def call(*inputs):
            outputs = forward(*inputs)
            cls.setup_context(inner, inputs, outputs)
            return outputs

        level, outputs = inside(call, values, there)
        many = isinstance(outputs, (tuple, list))
        inner.level, inner.many = level, many
        found = [outside(level, o) for o in (outputs if many else (outputs,))]
        inner.silent = [any(m is o for m in inner.marked) for o in (outputs if many else (outputs,))]
        return tuple(found) if many else found[0]

    def setup(ctx, inputs, outputs):
        saved = inner.saved_tensors
        inner.batched = [type(t) is BatchedTensor and t._level == inner.level for t in saved]
        ctx.save_for_backward(*[t._value if b else t for t, b in zip(saved, inner.batched, strict=True)])
        ctx.set_materialize_grads(inner.materialize)
        made = outputs if inner.many else (outputs,)
        ctx.mark_non_differentiable(*[o for o, s in zip(made, inner.silent, strict=True) if s])

    def back(ctx, *grads):
        saved, count = ctx.saved_tensors, len(ctx.saved_tensors)
        inner.needs_input_grad = ctx.needs_input_grad

        def call(*values):
            inner.saved_tensors = values[:count]
            return cls.backward(inner, *values[count:])

        marks = [*inner.batched, *[g is not None for g in grads]]
        level, results = inside(call, (*saved, *grads), marks)
        results = results if isinstance(results, (tuple, list)) else (results,)
        found = []
        for result, batched in zip(results, there, strict=False):
            value = outside(level, result)
            found.append(value.sum(0) if isinstance(value, Tensor) and not batched else value)
        return tuple(found)

    kind = randomness(batch.level)
    members = dict(forward=staticmethod(run), setup_context=staticmethod(setup), backward=staticmethod(back),
                   generate_vmap_rule=True)  # fmt: skip
    outputs = type(cls.__name__, (Function,), members).apply(*[batch.value(a) for a in args])
    if not isinstance(outputs, tuple):
        return batch.wrap(outputs) if isinstance(outputs, Tensor) else outputs
    return tuple([batch.wrap(o) if isinstance(o, Tensor) else o for o in outputs])
