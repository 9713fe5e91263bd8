"""Copies, parts and sums over devices as Functions of 0.3, which programs called although they were private."""

import functools

from ...cuda import Stream, comm

__all__ = ["Broadcast", "Gather", "ReduceAddCoalesced", "Scatter"]


class Broadcast:
    """Variables on several devices."""

    @staticmethod
    def apply(target_gpus, *inputs):
        """apply(target_gpus, *inputs) -> tuple: the inputs on the first device, then on the second, ..."""
        return tuple(v for copies in comm.broadcast_coalesced(inputs, target_gpus) for v in copies)


class ReduceAddCoalesced:
    """Sums over devices."""

    @staticmethod
    def apply(destination, num_inputs, *grads):
        """apply(destination, num_inputs, *grads) -> num_inputs sums on a device: of those that are num_inputs apart."""
        return tuple(comm.reduce_add(grads[i::num_inputs], destination) for i in range(num_inputs))


class Gather:
    """Variables joined on one device."""

    @staticmethod
    def apply(target_device, dim, *inputs):
        """apply(target_device, dim, *inputs) -> Variable"""
        return comm.gather(inputs, dim, target_device)


class Scatter:
    """Parts of a Variable on several devices."""

    @staticmethod
    def apply(target_gpus, chunk_sizes, dim, input):
        """apply(target_gpus, chunk_sizes, dim, input) -> tuple of Variables"""
        return comm.scatter(input, target_gpus, chunk_sizes, dim)


def _get_stream(device):
    """_get_stream(device) -> the stream for copies to a GPU; None for the CPU, -1."""
    return None if device == -1 else _stream_of(device)


@functools.cache
def _stream_of(device):
    return Stream(device)
