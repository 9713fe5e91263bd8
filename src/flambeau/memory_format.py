"""Memory formats: the orders in which the dimensions of a tensor lie in memory."""


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
    """The order in memory of a new array that shall lie like `array`, or in the format `wanted`; None: row-major.

    An array whose elements overlap asks for no order.
    """
    if wanted is not None and wanted is not preserve_format:
        wanted.check(array.ndim)
        return wanted.order
    strides = array.strides
    if array.flags.c_contiguous or 0 in strides:
        return None
    return tuple(sorted(range(array.ndim), key=lambda d: -abs(strides[d])))
