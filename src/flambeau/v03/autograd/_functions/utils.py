"""Helpers of Functions: gradients in the size of what was broadcast, and paddings as ONNX writes them."""

import math

from ....ops import FUNCTIONS as TODAYS

__all__ = ["check_onnx_broadcast", "maybe_unexpand", "maybe_unexpand_or_view", "maybe_view", "prepare_onnx_paddings"]


def maybe_view(variable, size, check_same_size=True):
    """maybe_view(variable, size, check_same_size=True) -> variable, viewed in a size when it has another"""
    if check_same_size and variable.size() == size:
        return variable
    return TODAYS["reshape"](variable, tuple(size))


def maybe_unexpand(variable, old_size, check_same_size=True):
    """maybe_unexpand(variable, old_size, check_same_size=True) -> variable summed over the dimensions along which a
    tensor of old_size was expanded to its size"""
    if check_same_size and variable.size() == old_size:
        return variable
    extra = variable.dim() - len(old_size)
    for _ in range(extra):
        variable = variable.sum(0, keepdim=False)
    for dim, old in enumerate(old_size):
        if old == 1 and variable.size(dim) != 1:
            variable = variable.sum(dim, keepdim=True)
    return variable


def maybe_unexpand_or_view(variable, old_size):
    """maybe_unexpand_or_view(variable, old_size) -> variable in old_size, from which it was expanded or, with as many
    elements, viewed"""
    if variable.size() == old_size:
        return variable
    if math.prod(variable.size()) == math.prod(old_size):
        return maybe_view(variable, old_size, False)
    return maybe_unexpand(variable, old_size, False)


def check_onnx_broadcast(dims1, dims2):
    """check_onnx_broadcast(dims1, dims2) -> (broadcast, axis, supported)

    How ONNX's first version, which expands only the second operand, broadcasts dims2 to dims1: whether it has to, from
    which axis of dims1 on dims2 lies (None: the last ones), and whether it can.
    """
    dims1, dims2 = list(dims1), list(dims2)
    if dims1 == dims2:
        return False, None, True
    longer, equal = len(dims1) >= len(dims2), math.prod(dims1) == math.prod(dims2)
    if not longer:
        return True, None, False
    if dims1[len(dims1) - len(dims2) :] == dims2 or math.prod(dims2) == 1 and not equal:
        return True, None, True
    for axis in range(len(dims1) - len(dims2) + 1):
        if dims1[axis : axis + len(dims2)] == dims2:
            return True, axis, True
    return True, None, False


def prepare_onnx_paddings(dim, pad):
    """prepare_onnx_paddings(dim, pad) -> list: the widths (last dim begin, last dim end, the one before, ...) of
    `F.pad` as ONNX writes them, all begins in order of the dims and then all ends"""
    widths = list(pad) + [0] * (2 * dim - len(pad))
    begins, ends = widths[-2::-2], widths[-1::-2]
    return begins + ends
