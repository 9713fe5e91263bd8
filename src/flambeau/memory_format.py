"""Memory formats: the orders in which the dimensions of a tensor lie in memory."""

import numpy as np

from . import _core


class memory_format:
    """One of `contiguous_format` (row-major), `channels_last` (the channels of N x C x H x W fastest),
    `channels_last_3d` (the same of N x C x D x H x W) and `preserve_format` (as the input of the operation).

    `order` lists the dimensions from the one with the largest step to the one with the smallest; None: as they are.
    """

    __slots__ = ("name", "order")

    def __init__(self, name, order=None):
        self.name, self.order = name, order

    def check(self, ndim):
        """RuntimeError unless a tensor of so many dimensions can lie in this format."""
        if self.order is not None and ndim != len(self.order):
            raise RuntimeError(
                f"required rank {len(self.order)} tensor to use {self.name} format, got one of {ndim} dimensions"
            )

    def fits(self, array):
        """Whether the elements of an array lie in this format."""
        if self.order is None:
            return bool(array.flags.c_contiguous)
        return array.ndim == len(self.order) and bool(array.transpose(self.order).flags.c_contiguous)

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return self.name


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last", (0, 2, 3, 1))
channels_last_3d = memory_format("channels_last_3d", (0, 2, 3, 4, 1))


def inverse(order):
    """Where each dimension is found in `order`."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def order_like(array, wanted=None):
    """The order in memory of a new array that shall lie like `array`, or in the format `wanted`; None: row-major."""
    if wanted is not None and wanted is not preserve_format:
        wanted.check(array.ndim)
        return wanted.order
    if array.flags.c_contiguous:
        return None
    if isinstance(array, np.ndarray):
        return _core.order_of(array)
    return (
        None if 0 in array.strides else tuple(sorted(range(array.ndim), key=lambda d: -abs(array.strides[d])))
    )


def is_dense(array):
    """Whether the elements of an array lie in memory without gaps, in some order of its dimensions."""
    return bool(array.flags.forc or array.transpose(_core.order_of(array)).flags.c_contiguous)


def suggested(*arrays):
    """The format in which convolution, pooling and normalisation give their result: channels last when the strides of
    one of the arrays (None: no array) are, else contiguous_format."""
    for array in arrays:
        for candidate in (channels_last, channels_last_3d):
            if array is not None and _ascends(array, candidate.order):
                return candidate
    return contiguous_format


def _ascends(array, order):
    """Whether the strides grow from the last dimension of `order` to its first; gaps are allowed. Those of a sample of
    one element, which lies in every format, do not count."""
    if array.ndim != len(order) or array.size == 0 or array.strides[1] == 0:
        return False
    reach = 0
    for d in reversed(order):
        if array.strides[d] < reach or (d == 0 and reach == array.strides[1]):
            return False
        reach = array.strides[d] * array.shape[d]
    return True


def in_format(array, format):
    """An array itself when its elements lie in the format, else a copy that does.

    One that lies in several formats (of one channel, or of one pixel) gets the strides that `suggested` recognises.
    """
    if format.fits(array) and (format.order is None or suggested(array) is format):
        return array
    if format.order is None:
        return array.copy(order="C")
    return array.transpose(format.order).copy(order="C").transpose(inverse(format.order))


def like_images(result, input):
    """A tensor in memory with the channels last if those of another one, images or volumes, are."""
    candidate = {4: channels_last, 5: channels_last_3d}.get(input.ndim)
    if candidate is None or input.is_contiguous() or not input.is_contiguous(memory_format=candidate):
        return result
    return result.contiguous(memory_format=candidate)
