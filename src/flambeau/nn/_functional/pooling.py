"""Pooling that is made of other operations: power averages, and the inverse of maxima."""

import math

import flambeau as fb

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
    return input.new_zeros((*lead, volume)).scatter(-1, flat, input.flatten(-dims)).reshape(*lead, *sizes)


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
