"""Copies and sums over several devices. A device is one, its name, the index of a GPU, or -1 for the CPU."""

from ..device import device as Device
from ..ops import FUNCTIONS, METHODS

__all__ = ["broadcast", "broadcast_coalesced", "gather", "reduce_add", "reduce_add_coalesced", "scatter"]


def placed(tensor, device):
    """A tensor on a device (None: the current GPU); itself when it is there."""
    if isinstance(device, int):
        device = Device("cpu") if device == -1 else Device("cuda", device)
    return METHODS["to"](tensor, Device("cuda") if device is None else device)


def _written(name, results, outs):
    """The tensors of out=, with the results written to them; RuntimeError when they are not as many."""
    outs = tuple(outs)
    if len(results) != len(outs):
        raise RuntimeError(f"{name}: out= has {len(outs)} tensors for {len(results)} results")
    for result, out in zip(results, outs, strict=True):
        METHODS["copy_"](out, result)
    return outs


def broadcast(tensor, devices=None, *, out=None):
    """broadcast(tensor, devices) -> tuple of the tensor on each device; broadcast(tensor, out=tensors) fills these.

    RuntimeError unless one of devices and out is given.
    """
    if (devices is None) == (out is None):
        raise RuntimeError("broadcast: exactly one of 'devices' and 'out' must be given")
    if out is not None:
        return _written("broadcast", [tensor] * len(out), out)
    return tuple(placed(tensor, d) for d in devices)


def broadcast_coalesced(tensors, devices, buffer_size=10485760):
    """broadcast_coalesced(tensors, devices, buffer_size=10485760) -> for each device, the tuple of the tensors there.

    buffer_size is accepted: tensors are copied one by one.
    """
    return tuple(tuple(placed(t, d) for t in tensors) for d in devices)


def reduce_add(inputs, destination=None):
    """reduce_add(inputs, destination=None) -> the sum of tensors of one size, on the device destination (the first's).

    RuntimeError when sizes differ.
    """
    first = inputs[0]
    for t in inputs:
        if t.shape != first.shape:
            sizes = [tuple(t.shape) for t in inputs]
            raise RuntimeError(f"reduce_add: all inputs must have the size {sizes[0]}, got {sizes}")
    if destination is None:
        destination = first.device
    total = placed(first, destination).clone()
    for t in inputs[1:]:
        total = total + placed(t, destination)
    return total


def reduce_add_coalesced(inputs, destination=None, buffer_size=10485760):
    """reduce_add_coalesced(inputs, destination=None) -> tuple: the sums of the i-th tensors of all lists."""
    return tuple(reduce_add(column, destination) for column in zip(*inputs, strict=True))


def scatter(tensor, devices=None, chunk_sizes=None, dim=0, streams=None, *, out=None):
    """scatter(tensor, devices, chunk_sizes=None, dim=0, streams=None) -> tuple of parts along dim, one on each device;
    scatter(tensor, dim=0, out=tensors) writes parts as long as each of them to them.

    chunk_sizes: how long the parts are, by default alike; there may be fewer parts than devices then. ValueError when
    they do not add up. streams are accepted, and not needed.
    """
    if out is not None:
        parts = scatter(tensor, [t.device for t in out], [t.size(dim) for t in out], dim)
        return _written("scatter", parts, out)
    if devices is None:
        raise RuntimeError("scatter: one of 'devices' and 'out' must be given")
    if chunk_sizes is None:
        parts = tensor.chunk(len(devices), dim)
    else:
        if len(chunk_sizes) != len(devices) or sum(chunk_sizes) != tensor.size(dim):
            raise ValueError(
                f"scatter: chunk_sizes {list(chunk_sizes)} must be {len(devices)} lengths that add up to "
                f"{tensor.size(dim)}"
            )
        starts = [sum(chunk_sizes[:i]) for i in range(len(chunk_sizes))]
        parts = [tensor.narrow(dim, s, n) for s, n in zip(starts, chunk_sizes, strict=True)]
    return tuple(placed(p.contiguous(), d) for p, d in zip(parts, devices, strict=False))


def gather(tensors, dim=0, destination=None, *, out=None):
    """gather(tensors, dim=0, destination=None) -> tensors joined along dim, on a device (the current GPU);
    gather(tensors, dim, out=tensor) writes them there.

    Those without dimensions are the elements of one.
    """
    if out is not None:
        return METHODS["copy_"](out, gather(tensors, dim, out.device))
    parts = [placed(t, destination) for t in tensors]
    return FUNCTIONS["cat"](tuple(p if p.ndim else p.reshape(1) for p in parts), dim)
