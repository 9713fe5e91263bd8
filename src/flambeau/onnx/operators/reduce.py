"""Reductions, sorting, and sums along a dimension."""

import flambeau as fb

from ..builder import plain
from ..registry import call, op
from .pointwise import Formula, as_bool


def axes_of(dim, ndim):
    """The axes of a reduction as a tuple; None for all."""
    dim = plain(dim)
    if dim is None or dim == () or dim == []:
        return None
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(d % ndim for d in dims) if ndim else None


def _reduction(kind):
    def convert(g, node, input, dim=None, keepdim=False):
        return g.reduce(
            kind, g.argument(input, node.outputs[0].dtype), axes_of(dim, len(input.shape)), keepdim
        )

    return convert


for _name, _onnx in (("sum", "ReduceSum"), ("mean", "ReduceMean"), ("prod", "ReduceProd"), ("amax", "ReduceMax"),
                     ("amin", "ReduceMin"), ("logsumexp", "ReduceLogSumExp")):  # fmt: skip
    op(_name)(_reduction(_onnx))


def _truth(kind):
    def convert(g, node, input, dim=None, keepdim=False):
        if plain(dim) == ():
            return g.cast(as_bool(g, input), node.outputs[0].dtype)
        x = g.cast(as_bool(g, input), fb.int32)
        return g.cast(g.reduce(kind, x, axes_of(dim, len(input.shape)), keepdim), node.outputs[0].dtype)

    return convert


op("all")(_truth("ReduceMin"))
op("any")(_truth("ReduceMax"))


@op("count_nonzero")
def count_nonzero(g, node, input, dim=None):
    return g.reduce("ReduceSum", g.cast(as_bool(g, input), fb.int64), axes_of(dim, len(input.shape)), False)


def moments(g, f, x, axes, correction, keepdims, value):
    """The variance over axes."""
    mean = g.reduce("ReduceMean", x, axes, True)
    gap = f("Sub", x, mean)
    found = g.reduce("ReduceMean", f("Mul", gap, gap), axes, keepdims)
    count = 1
    for axis in range(len(value.shape)) if axes is None else axes:
        count *= value.shape[axis]
    return (
        found
        if not correction
        else f("Mul", found, count / (count - correction) if count > correction else float("nan"))
    )


@op("var", "std")
def var(g, node, input, dim=None, correction=1, keepdim=False):
    dtype, axes = node.outputs[0].dtype, axes_of(dim, len(input.shape))
    f = Formula(g, dtype)
    correction = 1 if correction is None else correction
    found = moments(g, f, g.argument(input, dtype), axes, correction, keepdim, input)
    return f("Sqrt", found) if node.name.startswith("std") else found


@op("linalg_vector_norm")
def vector_norm(g, node, input, ord=2, dim=None, keepdim=False):
    dtype, axes = node.outputs[0].dtype, axes_of(dim, len(input.shape))
    f, x = Formula(g, dtype), g.argument(input, dtype)
    if ord in (1, 2):
        return g.reduce(f"ReduceL{int(ord)}", x, axes, keepdim)
    size = f("Abs", x)
    if ord in (float("inf"), float("-inf")):
        return g.reduce("ReduceMax" if ord > 0 else "ReduceMin", size, axes, keepdim)
    if ord == 0:
        counted = g.cast(g.op("Greater", size, g.scalar(0, dtype)), dtype)
        return g.reduce("ReduceSum", counted, axes, keepdim)
    return f("Pow", g.reduce("ReduceSum", f("Pow", size, ord), axes, keepdim), 1 / ord)


# ---- where the largest elements are


@op("argmax", "argmin")
def argmax(g, node, input, dim=None, keepdim=False):
    kind = "ArgMax" if node.name.startswith("argmax") else "ArgMin"
    x = g.value(input)
    if input.dtype.name == "bool":
        x = g.cast(x, fb.int32)
    if not input.shape:
        return g.scalar(0, fb.int64)
    if dim is None:
        found = g.op(kind, g.op("Reshape", x, g.number([-1])), axis=0, keepdims=0)
        return g.op("Reshape", found, g.number([1] * len(input.shape))) if keepdim else found
    return g.op(kind, x, axis=dim, keepdims=int(keepdim))


@op("max", "min")
def max(g, node, input, dim=None, keepdim=False):
    kind = "Max" if node.name.startswith("max") else "Min"
    x = g.value(input)
    if len(node.outputs) == 1:
        return g.reduce(f"Reduce{kind}", x, None, False)
    if not input.shape:
        return g.op("Identity", x), g.scalar(0, fb.int64)
    found = g.reduce(f"Reduce{kind}", x, (dim % len(input.shape),), keepdim)
    return found, g.op(f"Arg{kind}", x, axis=dim, keepdims=int(keepdim))


@op("topk")
def topk(g, node, input, k, dim, largest, sorted):
    if not input.shape:
        return g.op("Identity", g.value(input)), g.scalar(0, fb.int64)
    values, indices = g.op("TopK", g.value(input), g.sizes([k]), outputs=2, axis=dim, largest=int(largest),
                           sorted=int(sorted))  # fmt: skip
    return values, indices


@op("sort")
def sort(g, node, input, dim, descending):
    if not input.shape:
        return g.op("Identity", g.value(input)), g.scalar(0, fb.int64)
    count = g.op("Gather", g.shape_of(input), g.number([dim % len(input.shape)]), axis=0)
    return g.op("TopK", g.value(input), count, outputs=2, axis=dim, largest=int(descending), sorted=1)


@op("cumsum")
def cumsum(g, node, input, dim):
    x = g.argument(input, node.outputs[0].dtype)
    return g.op("CumSum", x, g.number(dim)) if input.shape else g.op("Identity", x)


# ---- softmaxes


@op("softmax", "log_softmax")
def softmax(g, node, input, dim):
    kind = "Softmax" if node.name.startswith("softmax") else "LogSoftmax"
    x = g.argument(input, node.outputs[0].dtype)
    ndim = len(input.shape)
    if not ndim:
        return g.op("Sub" if kind == "LogSoftmax" else "Div", x, x)
    dim = dim % ndim
    if g.opset >= 13 or dim == ndim - 1:
        return g.op(kind, x, axis=dim if g.opset >= 13 else ndim - 1)
    order = [d for d in range(ndim) if d != dim] + [dim]
    back = [order.index(d) for d in range(ndim)]
    return g.op("Transpose", g.op(kind, g.op("Transpose", x, perm=order), axis=ndim - 1), perm=back)


# ---- losses

_REDUCTIONS = {"mean": "mean", "sum": "sum", "none": "none", 0: "none", 1: "mean", 2: "sum"}


@op("cross_entropy", "nll_loss")
def cross_entropy(g, node, input, target, weight, ignore_index, reduction):
    if target.dtype.is_floating_point or len(input.shape) < 2:
        return NotImplemented
    name = "SoftmaxCrossEntropyLoss" if node.name == "cross_entropy" else "NegativeLogLikelihoodLoss"
    weights = None if weight is None else g.value(weight)
    return g.op(name, g.value(input), g.argument(target, fb.int64), weights, ignore_index=ignore_index,
                reduction=_REDUCTIONS[reduction])  # fmt: skip


@op("mse_loss")
def mse_loss(g, node, input, target, reduction):
    dtype = node.outputs[0].dtype
    gap = g.op("Sub", g.argument(input, dtype), g.argument(target, dtype))
    kind = _REDUCTIONS[reduction]
    found = g.op("Mul", gap, gap)
    return (
        found
        if kind == "none"
        else g.reduce("ReduceMean" if kind == "mean" else "ReduceSum", found, None, False)
    )


@op("_binary_cross_entropy")
def binary_cross_entropy(g, node, input, target, eps=0):
    f, x, t = Formula(g, node.outputs[0].dtype), g.value(input), g.value(target)
    if eps:
        logs = f("Log", f("Add", x, eps)), f("Log", f("Add", f("Sub", 1, x), eps))
    else:
        logs = f("Max", f("Log", x), -100), f("Max", f("Log", f("Sub", 1, x)), -100)
    return f("Neg", f("Add", f("Mul", t, logs[0]), f("Mul", f("Sub", 1, t), logs[1])))


@op("_binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(g, node, input, target):
    f, x, t = Formula(g, node.outputs[0].dtype), g.value(input), g.value(target)
    smooth = f("Log", f("Add", 1, f("Exp", f("Neg", f("Abs", x)))))
    return f("Add", f("Sub", f("Max", x, 0), f("Mul", x, t)), smooth)


@call("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
def dropout(g, node, input, p=0.5, train=True):
    if node.name != "dropout":
        return NotImplemented
    return g.op("Dropout", g.value(input), g.number(float(p), "float32"), g.number(True, bool))
