"""`torch.nn.functional.pad` of 0.3, with its checks."""

from ...nn import functional as todays


def pad(input, pad, mode="constant", value=0):
    """pad(input, pad, mode='constant', value=0): sizes before and after of the last dimension, of the one before, ...

    mode: 'constant' of any dimension, 'reflect' (3-D or 4-D input) or 'replicate' (3-D, 4-D or 5-D) of all but two.
    AssertionError for a number of sizes that does not fit, NotImplementedError for another mode.
    """
    if len(pad) % 2:
        raise AssertionError("Padding length must be divisible by 2")
    if len(pad) // 2 > input.dim():
        raise AssertionError("Padding length too large")
    if mode != "constant":
        _check_sides(input.dim(), len(pad), mode)
    return todays.pad(input, pad, mode, value)


def _check_sides(dims, count, mode):
    if dims not in (3, 4, 5) or (dims == 5 and mode == "reflect"):
        raise NotImplementedError("Only 3D, 4D, 5D padding with non-constant padding are supported for now")
    if count != 2 * (dims - 2):
        raise AssertionError(f"{dims}D tensors expect {2 * (dims - 2)} values for padding")
