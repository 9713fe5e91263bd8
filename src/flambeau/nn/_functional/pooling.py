"""Pooling that is made of other operations: power averages, and the inverse of maxima."""

import math
from typing import Any

import flambeau as fb
from flambeau.memory_format import like_images
from flambeau.ops.autocast import install

from .primitives import op


def _tuple(value, n):
    return (value,) * n if isinstance(value, int) else tuple(value)


def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
    kernel = _tuple(kernel_size, dims)
    mean = getattr(op, f"avg_pool{dims}d")(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    total = mean.sign() * op.relu(mean.abs()) * math.prod(kernel)
    return total.pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum of x^p over each window)^(1/p), p = norm_type: (N, C, L) or (C, L); the gradient where the sum is 0 is no
    number for p > 1."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """As `lp_pool1d`, for (N, C, H, W) or (C, H, W)."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """As `lp_pool1d`, for (N, C, D, H, W) or (C, D, H, W)."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def _unpooled_size(space, kernel, stride, padding, output_size):
    """The sizes of the result; ValueError for asked ones that no pooling takes to `space`."""
    dims = len(space)
    default = [(n - 1) * s - 2 * p + k for n, k, s, p in zip(space, kernel, stride, padding, strict=True)]
    if output_size is None:
        return default
    sizes = list(output_size)
    if len(sizes) == dims + 2:
        sizes = sizes[2:]
    if len(sizes) != dims:
        raise ValueError(
            f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it has a length of "
            f"'{len(sizes)}'"
        )
    for d, (size, expected, step) in enumerate(zip(sizes, default, stride, strict=True)):
        if not expected - step < size < expected + step:
            raise ValueError(
                f'invalid output_size "{tuple(output_size)}" (dim {d} must be between {expected - step} and '
                f"{expected + step})"
            )
    return sizes


def _max_unpool(dims, input, indices, kernel_size, stride, padding, output_size):
    kernel = _tuple(kernel_size, dims)
    stride = kernel if stride is None else _tuple(stride, dims)
    if input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Input to max_unpooling{dims}d should be a {dims + 1}d or {dims + 2}d Tensor, but got a tensor with "
            f"{input.dim()} dimensions."
        )
    if indices.dtype is not fb.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype.title}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )
    space = input.shape[-dims:]
    sizes = _unpooled_size(space, kernel, stride, _tuple(padding, dims), output_size)
    volume = math.prod(sizes)
    flat = indices.flatten(-dims)
    if flat.numel() and not 0 <= int(flat.min()) <= int(flat.max()) < volume:
        wrong = int(flat.max()) if int(flat.max()) >= volume else int(flat.min())
        shape = "x".join(map(str, sizes))
        raise RuntimeError(f"Found an invalid max index: {wrong} (output volumes are of size {shape})")
    lead = input.shape[:-dims]
    placed = input.new_zeros((*lead, volume)).scatter(-1, flat, input.flatten(-dims)).reshape(*lead, *sizes)
    return like_images(placed, input) if dims == 2 else placed


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The maxima of `max_pool1d` back where its `indices` say, zeros elsewhere: (N, C, L) or (C, L).

    output_size: which of the lengths that are pooled to L is meant. Raises ValueError for another one, RuntimeError for
    indices that do not fit.
    """
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """As `max_unpool1d`, for (N, C, H, W) or (C, H, W)."""
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """As `max_unpool1d`, for (N, C, D, H, W) or (C, D, H, W)."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


# ---- fractional pooling


def _starts(samples, size, out, kernel):
    """Where the windows along one dimension begin, (*, out), for draws from [0, 1) (*): pseudorandom intervals."""
    if out == 1:
        return fb.full((*samples.shape, 1), size - kernel, dtype=fb.int64, device=samples.device)
    alpha = fb.tensor((size - kernel) / (out - 1), dtype=samples.dtype, device=samples.device)
    steps = fb.arange(out - 1, dtype=samples.dtype, device=samples.device)
    u = samples.unsqueeze(-1)
    first = ((steps + u) * alpha).long() - (u * alpha).long()
    return op.cat([first, op.full_like(first[..., :1], size - kernel)], -1)


def _fractional(dims, input, kernel_size, output_size, output_ratio, return_indices, samples):
    name = f"fractional_max_pool{dims}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{name}(): Expected {dims + 1}D or {dims + 2}D tensor, but got: {list(input.shape)}"
        )
    for dim in range(input.dim() - dims - 1, input.dim()):
        if input.size(dim) == 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but got{list(input.shape)} "
                f"with dimension {dim} being empty."
            )
    lead, space, kernel = input.shape[:-dims], input.shape[-dims:], _tuple(kernel_size, dims)
    if output_size is None:
        ratios = (output_ratio,) * dims if isinstance(output_ratio, (int, float)) else output_ratio
        output_size = [int(n * r) for n, r in zip(space, ratios, strict=True)]
    sizes = _tuple(output_size, dims)
    names = ("time", "height", "width")[-dims:]
    for what, n, k, out in zip(names, space, kernel, sizes, strict=True):
        if out < 1 or out + k - 1 > n:
            raise RuntimeError(
                f"{name}(): pool {what} {k} too large relative to input {what} {n}, or no {out} windows fit in it"
            )
    planes = (1, *lead) if input.dim() == dims + 1 else lead
    if samples is None:
        samples = fb.rand(*planes, dims, dtype=input.dtype, device=input.device)
    _check_samples(samples, input.dtype, (*planes, dims))
    samples = samples[: planes[0]].reshape(*lead, dims)
    return _pooled_at(input, kernel, sizes, samples, return_indices)


def _check_samples(samples, dtype, shape):
    if samples.dtype != dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if samples.dim() != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions got {samples.dim()}")
    n, channels, dims = shape
    if samples.size(0) < n:
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    if samples.size(1) != channels:
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if samples.size(2) != dims:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {dims} got {samples.size(2)}.")


def _pooled_at(input, kernel, sizes, samples, return_indices):
    """The maxima of the windows that the samples (*, dims) stand for; in two dimensions the first is for the width."""
    dims, lead = len(kernel), input.shape[: -len(kernel)]
    space = input.shape[-dims:]
    flat: Any = 0
    for d in range(dims):  # the positions in the flattened plane, (*, sizes..., kernel...)
        draw = samples[..., dims - 1 - d if dims == 2 else d]
        starts = _starts(draw, space[d], sizes[d], kernel[d])
        shape = [1] * (2 * dims)
        shape[d], shape[dims + d] = sizes[d], kernel[d]
        places = starts.unsqueeze(-1) + fb.arange(kernel[d], device=input.device)
        flat = flat * space[d] + places.reshape(*lead, *shape)
    flat = flat.reshape(*lead, math.prod(sizes), math.prod(kernel))
    values = input.detach().flatten(-dims).gather(-1, flat.flatten(-2)).reshape(flat.shape)
    indices = flat.gather(-1, values.argmax(-1, keepdim=True)).squeeze(-1)
    maxima = input.flatten(-dims).gather(-1, indices).reshape(*lead, *sizes)
    return (maxima, indices.reshape(*lead, *sizes)) if return_indices else maxima


def fractional_max_pool2d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """The maxima of output_size windows of (N, C, H, W) or (C, H, W) at pseudorandom distances, other ones for each
    plane (Graham, Fractional max-pooling, 2014). output_ratio: the output's size over the input's, in place of
    output_size; return_indices: also where in the flattened H x W they were."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """As `fractional_max_pool2d`, for (N, C, D, H, W) or (C, D, H, W)."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


# ---- maxima together with where they were: what the other functions give with return_indices=True


def _named(function, name, doc):
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _max_pool_with_indices(n):
    def function(
        input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
    ):
        pool = getattr(op, f"max_pool{n}d")
        return pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)

    doc = f"(values, indices) of `max_pool{n}d`, both (N, C, *); return_indices changes nothing."
    return _named(function, f"max_pool{n}d_with_indices", doc)


def _adaptive_max_pool_with_indices(n):
    def function(input, output_size, return_indices=False):
        return getattr(op, f"adaptive_max_pool{n}d")(input, output_size, return_indices=True)

    doc = f"(values, indices) of `adaptive_max_pool{n}d`, both (N, C, *); return_indices changes nothing."
    return _named(function, f"adaptive_max_pool{n}d_with_indices", doc)


def _fractional_max_pool_with_indices(n):
    def function(
        input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
    ):
        return _fractional(n, input, kernel_size, output_size, output_ratio, True, _random_samples)

    doc = f"(values, indices) of `fractional_max_pool{n}d`, both (N, C, *); return_indices changes nothing."
    return _named(function, f"fractional_max_pool{n}d_with_indices", doc)


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = map(_max_pool_with_indices, (1, 2, 3))
adaptive_max_pool1d_with_indices = _adaptive_max_pool_with_indices(1)
adaptive_max_pool2d_with_indices = _adaptive_max_pool_with_indices(2)
adaptive_max_pool3d_with_indices = _adaptive_max_pool_with_indices(3)
fractional_max_pool2d_with_indices = _fractional_max_pool_with_indices(2)
fractional_max_pool3d_with_indices = _fractional_max_pool_with_indices(3)


install("nn.functional", globals())
