"""Rules of normalisation: the batch becomes part of the samples, or, with statistics over these, of the channels."""

import math

from ...tensor import Tensor
from .conv import in_channels, in_first, out_of_channels
from .pointwise import apply
from .shape import folded, unfolded
from .tensor import rule


def _rows(batch, p):
    """The value of (C,) or None as (B C,)."""
    return None if p is None else in_first(batch, p)


@rule("_batch_norm")
def batch_norm(f, batch, input, weight, bias, running_mean, running_var, training, momentum, eps):
    stats = [running_mean, running_var]
    if training and running_mean is not None:
        if not (batch.has(running_mean) and batch.has(running_var)):
            raise ValueError(
                "Batch norm got a batched tensor as input while the running_mean or running_var, which will be "
                "updated in place, were not batched.\nPlease see "
                "https://pytorch.org/docs/stable/func.batch_norm.html for options for transforming batch norm"
            )
        stats = [s._value.reshape(-1) for s in stats]
    else:
        stats = [_rows(batch, s) for s in stats]
    given = in_channels(batch, input), _rows(batch, weight), _rows(batch, bias), *stats
    out = apply(f, *given, training, momentum, eps)
    if training and running_mean is not None:  # the values of strided ones were copies
        for have, s in zip((running_mean, running_var), stats, strict=True):
            if s.data_ptr() != have._value.data_ptr():
                have._value.copy_(s.reshape(have._value.shape))
    return out_of_channels(batch, out)


@rule("_batch_norm_grad")
def batch_norm_grad(f, batch, grad, input, weight, mean, invstd, training):
    rows = [_rows(batch, p) for p in (weight, mean, invstd)]
    to_input, *others = apply(f, in_channels(batch, grad), in_channels(batch, input), *rows, training)
    return out_of_channels(batch, to_input), *[g.reshape(batch.size, -1) for g in others]


def _affine(batch, out, weight, bias, shape):
    """out * weight + bias, with the parameters (of the dimensions `shape` of an element) batched or not."""
    for p, combine in ((weight, Tensor.mul), (bias, Tensor.add)):
        if p is not None:
            value = p._value.reshape(batch.size, *shape) if batch.has(p) else p.reshape(shape)
            out = combine(out, value)
    return out


@rule("layer_norm")
def layer_norm(f, batch, input, n, weight, bias, eps):
    if not batch.has(weight) and not batch.has(bias):
        return apply(f, input._value, n, weight, bias, eps)
    shape = (*(1,) * (input.ndim - n), *input.shape[input.ndim - n :])
    return _affine(batch, apply(f, batch.front(input), n, None, None, eps), weight, bias, shape)


@rule("_layer_norm_grad")
def layer_norm_grad(f, batch, grad, input, weight, mean, rstd, n):
    g, x, mean, rstd = (batch.front(t) for t in (grad, input, mean, rstd))
    lead = tuple(range(1, input.ndim - n + 1))
    shape = (*(1,) * len(lead), *input.shape[input.ndim - n :])
    scaled = _affine(batch, g, weight, None, shape)
    to_input = apply(f, scaled, x, None, mean, rstd, n)[0]
    to_weight, to_bias = g * ((x - mean) * rstd).to(g.dtype), g
    if lead:
        to_weight, to_bias = to_weight.sum(lead), to_bias.sum(lead)
    return to_input, to_weight, to_bias


@rule("group_norm")
def group_norm(f, batch, input, groups, weight, bias, eps):
    rows, lead = folded(batch, input, input.ndim - 1)
    if not batch.has(weight) and not batch.has(bias):
        return unfolded(apply(f, rows, groups, weight, bias, eps), lead)
    shape = (1, input.shape[1], *(1,) * (input.ndim - 2))
    return _affine(batch, unfolded(apply(f, rows, groups, None, None, eps), lead), weight, bias, shape)


@rule("_group_norm_grad")
def group_norm_grad(f, batch, grad, input, weight, mean, rstd, groups):
    n, channels = input.shape[:2]
    g, x = batch.front(grad), batch.front(input)
    scaled = _affine(batch, g, weight, None, (1, channels, *(1,) * (input.ndim - 2)))
    stats = [folded(batch, t, t.ndim - 1)[0] for t in (mean, rstd)]
    rows = [t.reshape(batch.size * n, *t.shape[2:]) for t in (scaled, x)]
    to_input = apply(f, *rows, None, *stats, groups)[0].reshape(x.shape)
    grouped = (batch.size, n, groups, channels // groups * math.prod(input.shape[2:]))
    mean, rstd = (s.reshape(*grouped[:3], 1) for s in stats)
    xhat = ((x.reshape(grouped) - mean) * rstd).reshape(x.shape).to(g.dtype)
    dims = (1, *range(3, g.ndim))
    return to_input, (g * xhat).sum(dims), g.sum(dims)
