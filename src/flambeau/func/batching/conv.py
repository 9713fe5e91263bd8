"""Rules of convolutions and pooling.

Where the weight is the same for all, the batch becomes part of the samples; where each element has its own, it becomes
part of the channels, which then fall into so many times more groups.
"""

from .pointwise import apply
from .shape import folded, unfolded
from .tensor import rule


def in_channels(batch, t):
    """The value of t (N, C, ...) as (N, B C, ...)."""
    value = batch.front(t).movedim(0, 1)
    return value.reshape(
        value.shape[0], -1 if value.numel() else value.shape[1] * value.shape[2], *value.shape[3:]
    )


def out_of_channels(batch, value):
    """(N, B C, ...) as (B, N, C, ...)."""
    return value.reshape(value.shape[0], batch.size, value.shape[1] // batch.size, *value.shape[2:]).movedim(
        1, 0
    )


def in_first(batch, t):
    """The value of t (C, ...) as (B C, ...)."""
    value = batch.front(t)
    return value.reshape(value.shape[0] * value.shape[1], *value.shape[2:])


@rule("convolution")
def convolution(f, batch, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    options = stride, padding, dilation, transposed, output_padding
    if not batch.has(weight):
        inside = None if batch.has(bias) else bias
        if batch.has(input):
            rows, lead = folded(batch, input, input.ndim - 1)
            out = unfolded(apply(f, rows, weight, inside, *options, groups), lead)
        else:
            out = apply(f, input, weight, inside, *options, groups).unsqueeze(0)
    else:
        inside = None
        if not batch.has(input) and groups == 1 and not transposed:  # the weights one after the other
            out = apply(f, input, in_first(batch, weight), None, *options, 1)
        else:
            out = apply(
                f, in_channels(batch, input), in_first(batch, weight), None, *options, batch.size * groups
            )
        out = out_of_channels(batch, out)
    if bias is None or inside is bias:
        return out
    return out + batch.value(bias).reshape(
        -1 if not batch.has(bias) else batch.size, *_per_channel(batch, bias, out)
    )


def _per_channel(batch, bias, out):
    """The shape of a bias against (B, N, C, ...), but for its first dimension."""
    after = (1,) * (out.ndim - 3)
    return (1, bias.shape[0], *after) if batch.has(bias) else after


@rule("_convolution_weight")
def convolution_weight(f, batch, grad, input, shape, stride, padding, dilation, groups):
    options = stride, padding, dilation, batch.size * groups
    out = apply(
        f, in_channels(batch, grad), in_channels(batch, input), (batch.size * shape[0], *shape[1:]), *options
    )
    return out.reshape(batch.size, *shape)


# ---- pooling: over the last dimensions, any number in front


def _pooled(f, batch, x, n, *options):
    rows, lead = folded(batch, x, n)
    result = apply(f, rows, *options)
    return tuple([unfolded(r, lead) for r in result]) if isinstance(result, tuple) else unfolded(result, lead)


@rule("_max_pool1d", "_max_pool2d", "_max_pool3d", "_avg_pool1d", "_avg_pool2d", "_avg_pool3d",
      "_adaptive_max_pool1d", "_adaptive_max_pool2d", "_adaptive_max_pool3d",
      "_adaptive_avg_pool1d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d")  # fmt: skip
def pool(f, batch, x, size, *options):
    return _pooled(f, batch, x, len(size), size, *options)


@rule("_max_pool_grad")
def max_pool_grad(f, batch, grad, indices, spatial):
    rows, lead = folded(batch, grad, len(spatial))
    return unfolded(apply(f, rows, folded(batch, indices, len(spatial))[0], spatial), lead)


@rule("_avg_pool_grad", "_adaptive_avg_pool_grad")
def avg_pool_grad(f, batch, grad, shape, size, *options):
    rows, lead = folded(batch, grad, len(size))
    return unfolded(apply(f, rows, (rows.shape[0], *shape[len(shape) - len(size) :]), size, *options), lead)


@rule("im2col")
def im2col(f, batch, x, *options):
    return _pooled(f, batch, x, 3, *options)


@rule("col2im")
def col2im(f, batch, x, *options):
    return _pooled(f, batch, x, 2, *options)


@rule("_resample")
def resample(f, batch, x, tables):
    return _pooled(f, batch, x, len(tables) + 1, tables)
