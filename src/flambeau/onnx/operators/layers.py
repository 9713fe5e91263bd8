"""Convolutions, pooling, normalisation, resampling."""

import numpy as np

from ..builder import plain
from ..registry import call, op
from .pointwise import Formula
from .reduce import moments


@op("convolution")
def convolution(g, node, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    space = len(weight.shape) - 2
    x, single = _batched(g, input, space)
    options = dict(kernel_shape=list(weight.shape[2:]), strides=list(stride), pads=[*padding, *padding],
                   dilations=list(dilation), group=groups)  # fmt: skip
    b = None if bias is None else g.value(bias)
    if transposed:
        result = g.op("ConvTranspose", x, g.value(weight), b, output_padding=list(output_padding), **options)
    else:
        result = g.op("Conv", x, g.value(weight), b, **options)
    return g.squeeze(result, 0) if single else result


def _batched(g, value, space):
    """(name, whether a batch dimension was put in front)"""
    single = len(value.shape) == space + 1
    return (g.unsqueeze(g.value(value), 0) if single else g.value(value)), single


def _tuple(n, space):
    n = plain(n)
    return [n] * space if isinstance(n, int) else list(n) * (space if len(n) == 1 and space > 1 else 1)


@op("_max_pool1d", "_max_pool2d", "_max_pool3d")
def max_pool(g, node, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=False):
    space = len(plain(kernel_size))
    x, single = _batched(g, input, space)
    pads = plain(padding)
    options = dict(kernel_shape=list(kernel_size), strides=list(stride), pads=[*pads, *pads], dilations=list(dilation),
                   ceil_mode=int(ceil_mode))  # fmt: skip
    wanted = len(node.outputs) > 1
    found = g.op("MaxPool", x, outputs=2 if wanted else 1, **options)
    names = list(found) if wanted else [found]
    if wanted:  # ONNX counts from the beginning of the tensor
        names[1] = g.op("Mod", names[1], g.number(int(np.prod(input.shape[-space:]))))
    names = [g.squeeze(n, 0) for n in names] if single else names
    return tuple(names) if wanted else names[0]


@op("_avg_pool1d", "_avg_pool2d", "_avg_pool3d")
def avg_pool(g, node, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor=None):
    space, pads = len(plain(kernel_size)), plain(padding)
    x, single = _batched(g, input, space)
    if ceil_mode:
        return _avg_pool_by_matrices(g, node, input, kernel_size, stride, pads, count_include_pad, divisor)
    result = g.op("AveragePool", x, kernel_shape=list(kernel_size), strides=list(stride), pads=[*pads, *pads],
                  count_include_pad=int(count_include_pad or divisor is not None))  # fmt: skip
    if divisor is not None:
        result = Formula(g, input.dtype)("Mul", result, float(np.prod(kernel_size)) / divisor)
    return g.squeeze(result, 0) if single else result


def _avg_pool_by_matrices(g, node, input, kernel, stride, pads, count_include_pad, divisor):
    """With ceil_mode, whose last windows runtimes count differently: sums by a matrix per dimension, and a division."""
    space = len(kernel)
    sizes, outs = input.shape[-space:], node.outputs[0].shape[-space:]
    counts = np.ones((), np.float64)
    matrices = []
    for n, m, k, s, p in zip(sizes, outs, kernel, stride, pads, strict=True):
        matrix = np.zeros((m, n))
        count = np.zeros(m)
        for i in range(m):
            start, end = i * s - p, min(i * s - p + k, n + p)
            inside = range(max(start, 0), min(end, n))
            matrix[i, inside.start : inside.stop] = 1
            count[i] = end - start if count_include_pad else len(inside)
        matrices.append(matrix)
        counts = counts[..., None] * count
    total = along(g, g.value(input), len(input.shape), matrices, input.dtype)
    return g.op("Div", total, g.number(divisor if divisor is not None else counts, input.dtype.numpy))


def along(g, x, ndim, matrices, dtype):
    """x with each of its last dimensions multiplied by a matrix (new size, old size)."""
    for i, matrix in enumerate(reversed(matrices)):
        m = g.number(matrix, dtype.numpy)
        if i == 0:
            x = g.op("MatMul", x, g.number(np.ascontiguousarray(matrix.T), dtype.numpy))
        elif i == 1:
            x = g.op("MatMul", m, x)
        else:
            order = list(range(ndim))
            order[ndim - 1 - i], order[ndim - 2] = order[ndim - 2], order[ndim - 1 - i]
            x = g.op("Transpose", g.op("MatMul", m, g.op("Transpose", x, perm=order)), perm=order)
    return x


def _windows(n, m):
    """The beginnings and ends of the m windows that cover n elements."""
    return [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]


def _regular(sizes, outs):
    return all(n % m == 0 for n, m in zip(sizes, outs, strict=True))


@op("_adaptive_avg_pool1d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d")
def adaptive_avg_pool(g, node, input, output_size):
    space = len(plain(output_size))
    sizes, outs = input.shape[-space:], node.outputs[0].shape[-space:]
    axes = tuple(range(len(input.shape) - space, len(input.shape)))
    if all(m == 1 for m in outs):
        return g.reduce("ReduceMean", g.value(input), axes, True)
    if _regular(sizes, outs):
        x, single = _batched(g, input, space)
        steps = [n // m for n, m in zip(sizes, outs, strict=True)]
        result = g.op("AveragePool", x, kernel_shape=steps, strides=steps)
        return g.squeeze(result, 0) if single else result
    matrices = []
    for n, m in zip(sizes, outs, strict=True):
        matrix = np.zeros((m, n))
        for i, (start, end) in enumerate(_windows(n, m)):
            matrix[i, start:end] = 1 / (end - start)
        matrices.append(matrix)
    return along(g, g.value(input), len(input.shape), matrices, input.dtype)


@op("_adaptive_max_pool1d", "_adaptive_max_pool2d", "_adaptive_max_pool3d")
def adaptive_max_pool(g, node, input, output_size, return_indices=False):
    space = len(plain(output_size))
    sizes, outs = input.shape[-space:], node.outputs[0].shape[-space:]
    if not _regular(sizes, outs):
        return NotImplemented
    steps = [n // m for n, m in zip(sizes, outs, strict=True)]
    nothing, ones = [0] * space, [1] * space
    return max_pool(g, node, input, steps, steps, nothing, ones, False, return_indices)


# ---- normalisation


@op("_batch_norm")
def batch_norm(g, node, input, weight, bias, running_mean, running_var, training, momentum, eps):
    channels, dtype = input.shape[1], input.dtype
    w = g.value(weight) if weight is not None else g.number(np.ones(channels), dtype.numpy)
    b = g.value(bias) if bias is not None else g.number(np.zeros(channels), dtype.numpy)
    x = g.value(input)
    if training or running_mean is None:
        return _normalised(g, x, input, [0, *range(2, len(input.shape))], eps, w, b, 1)
    return g.op(
        "BatchNormalization", x, w, b, g.value(running_mean), g.value(running_var), epsilon=float(eps)
    )


def _normalised(g, x, input, axes, eps, weight, bias, channel):
    """(x - mean) / sqrt(var + eps) over axes, times and plus one number per channel."""
    f = Formula(g, input.dtype)
    mean = g.reduce("ReduceMean", x, axes, True)
    var = moments(g, f, x, axes, 0, True, input)
    result = f("Div", f("Sub", x, mean), f("Sqrt", f("Add", var, eps)))
    shape = g.number([-1 if d == channel else 1 for d in range(len(input.shape))])
    if weight is not None:
        result = f("Mul", result, g.op("Reshape", weight, shape))
    return result if bias is None else f("Add", result, g.op("Reshape", bias, shape))


@op("layer_norm")
def layer_norm(g, node, input, n, weight, bias, eps):
    dtype = input.dtype
    shape = input.shape[len(input.shape) - n :]
    w = g.value(weight) if weight is not None else g.number(np.ones(shape), dtype.numpy)
    b = None if bias is None else g.value(bias)
    if g.opset >= 17:
        return g.op("LayerNormalization", g.value(input), w, b, axis=-n, epsilon=float(eps))
    f, x = Formula(g, dtype), g.value(input)
    axes = list(range(len(input.shape) - n, len(input.shape)))
    mean = g.reduce("ReduceMean", x, axes, True)
    var = moments(g, f, x, axes, 0, True, input)
    result = f("Mul", f("Div", f("Sub", x, mean), f("Sqrt", f("Add", var, eps))), w)
    return result if b is None else f("Add", result, b)


@op("group_norm")
def group_norm(g, node, input, groups, weight, bias, eps):
    dtype, f = input.dtype, Formula(g, input.dtype)
    rows = g.op("Reshape", g.value(input), g.number([0, groups, -1]))
    ones, zeros = g.number(np.ones(groups), dtype.numpy), g.number(np.zeros(groups), dtype.numpy)
    normal = g.op("InstanceNormalization", rows, ones, zeros, epsilon=float(eps))
    result = g.op("Reshape", normal, g.shape_of(input))
    shape = g.number([-1, *[1] * (len(input.shape) - 2)])
    if weight is not None:
        result = f("Mul", result, g.op("Reshape", g.value(weight), shape))
    return result if bias is None else f("Add", result, g.op("Reshape", g.value(bias), shape))


@call("instance_norm")
def instance_norm(g, node, input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True,
                  momentum=0.1, eps=1e-5):  # fmt: skip
    if not use_input_stats:
        return NotImplemented
    channels, dtype = input.shape[1], input.dtype
    w = g.value(weight) if weight is not None else g.number(np.ones(channels), dtype.numpy)
    b = g.value(bias) if bias is not None else g.number(np.zeros(channels), dtype.numpy)
    return g.op("InstanceNormalization", g.value(input), w, b, epsilon=float(eps))


# ---- other sizes

_MODES = {"nearest": "nearest", "nearest-exact": "nearest", "linear": "linear", "bilinear": "linear",
          "trilinear": "linear", "bicubic": "cubic"}  # fmt: skip


@call("interpolate", "upsample")
def interpolate(g, node, input, size=None, scale_factor=None, mode="nearest", align_corners=None,
                recompute_scale_factor=None, antialias=False):  # fmt: skip
    if mode not in _MODES or antialias or not input.dtype.is_floating_point:
        return NotImplemented
    space = len(input.shape) - 2
    options = dict(mode=_MODES[mode], cubic_coeff_a=-0.75 if mode == "bicubic" else None)
    if mode == "nearest":
        options |= dict(coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    elif mode == "nearest-exact":
        options |= dict(coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_ceil")
    else:
        options["coordinate_transformation_mode"] = "align_corners" if align_corners else "pytorch_half_pixel"
    x, empty = g.value(input), g.number(np.zeros(0), "float32")
    if scale_factor is not None and not recompute_scale_factor:
        factors = [scale_factor] * space if isinstance(scale_factor, (int, float)) else list(scale_factor)
        scales = g.number([1.0, 1.0, *map(float, plain(factors))], "float32")
        return g.op("Resize", x, empty, scales, **options)
    sizes = (
        node.outputs[0].shape[2:]
        if size is None
        else [size] * space
        if not isinstance(size, (tuple, list))
        else size
    )
    if g.dynamic:
        shape = g.op("Concat", g.slice(g.shape_of(input), [0], [2], [0]), g.sizes(list(sizes)), axis=0)
    else:
        shape = g.number([*input.shape[:2], *plain(list(sizes))])
    return g.op("Resize", x, empty, empty, shape, **options)


@op("_resample")
def resample(g, node, input, tables):
    """Resampling along each of the last dimensions is a product with a matrix."""
    from ...kernels import base

    if not input.dtype.is_floating_point:
        return NotImplemented
    matrices = []
    for n, table in zip(input.shape[-len(tables) :], tables, strict=True):
        matrices.append(
            np.asarray(base.resample.resample(np.eye(n, dtype=np.float64)[:, None, :], (table,)))[:, 0].T
        )
    return along(g, g.value(input), len(input.shape), matrices, input.dtype)
