"""Collectives of Python objects, which travel pickled. Unpickling runs what the sender wants: trust the processes."""

import pickle

import numpy as np

from .. import _core
from .arguments import member, rank_in
from .collectives import all_gather, broadcast, gather, scatter
from .messages import recv, send


def _packed(value):
    """An object as a tensor of bytes."""
    return _core.make(np.frombuffer(bytearray(pickle.dumps(value)), np.uint8))


def _value(tensor, size=None):
    return pickle.loads(_core.array_of(tensor)[:size].tobytes())


def _bytes(size):
    return _core.make(np.empty(int(size), np.uint8))


def _numbers(*values):
    return _core.make(np.array(values, np.int64))


def _sizes_of_all(packed, group):
    sizes = [_numbers(0) for _ in range(group.size())]
    all_gather(sizes, _numbers(packed.numel()), group)
    return [int(size) for size in sizes]


def all_gather_object(object_list, obj, group=None):
    """all_gather_object(object_list, obj, group=None): object_list[r] becomes the obj of rank r."""
    if (group := member("all_gather_object", group)) is None:
        return
    packed = _packed(obj)
    outs = [_bytes(size) for size in _sizes_of_all(packed, group)]
    all_gather(outs, packed, group)
    for i, out in enumerate(outs):
        object_list[i] = _value(out)


def gather_object(obj, object_gather_list=None, dst=None, group=None, group_dst=None):
    """gather_object(obj, object_gather_list=None, dst=None, group=None, group_dst=None): object_gather_list[r] on the
    process dst becomes the obj of rank r."""
    if (group := member("gather_object", group)) is None:
        return
    to = rank_in(group, "gather_object", "dst", dst, "group_dst", group_dst, 0)
    is_dst = group.rank() == to
    if is_dst and not object_gather_list:
        raise ValueError("Argument ``object_gather_list`` must be specified on destination rank.")
    if not is_dst and object_gather_list:
        raise ValueError("Argument ``object_gather_list`` must NOT be specified on non-destination ranks.")
    packed = _packed(obj)
    sizes = _sizes_of_all(packed, group)
    padded = _bytes(max(sizes))
    padded[: packed.numel()] = packed
    outs = [_bytes(max(sizes)) for _ in sizes] if is_dst else []
    gather(padded, outs or None, group=group, group_dst=to)
    if is_dst:
        for i, (out, size) in enumerate(zip(outs, sizes, strict=True)):
            object_gather_list[i] = _value(out, size)


def broadcast_object_list(object_list, src=None, group=None, device=None, group_src=None):
    """broadcast_object_list(object_list, src=None, group=None, device=None, group_src=None): the objects of the list
    become those of the process src."""
    if (group := member("broadcast_object_list", group)) is None:
        return
    root = rank_in(group, "broadcast_object_list", "src", src, "group_src", group_src, 0)
    packed = [_packed(value) for value in object_list] if group.rank() == root else []
    sizes = _numbers(*[p.numel() for p in packed]) if packed else _numbers(*[0] * len(object_list))
    broadcast(sizes, group=group, group_src=root)
    for i, size in enumerate(sizes.tolist()):
        out = packed[i] if packed else _bytes(size)
        broadcast(out, group=group, group_src=root)
        if not packed:
            object_list[i] = _value(out)


def scatter_object_list(
    scatter_object_output_list, scatter_object_input_list=None, src=None, group=None, group_src=None
):
    """scatter_object_list(scatter_object_output_list, scatter_object_input_list=None, src=None, group=None,
    group_src=None): the first element of the output list on rank r becomes the r-th of the input list of src."""
    if (group := member("scatter_object_list", group)) is None:
        return
    if not isinstance(scatter_object_output_list, list) or not scatter_object_output_list:
        raise ValueError("Expected argument scatter_object_output_list to be a list of size at least 1.")
    root = rank_in(group, "scatter_object_list", "src", src, "group_src", group_src, 0)
    parts, sizes = None, [_numbers(0, 0)]
    if group.rank() == root:
        if scatter_object_input_list is None or len(scatter_object_input_list) != group.size():
            raise ValueError(
                f"scatter_object_list: the source needs an object for each of {group.size()} processes"
            )
        packed = [_packed(value) for value in scatter_object_input_list]
        longest = max(p.numel() for p in packed)
        parts = [_bytes(longest) for _ in packed]
        for part, p in zip(parts, packed, strict=True):
            part[: p.numel()] = p
        sizes = [_numbers(p.numel(), longest) for p in packed]
    size = _numbers(0, 0)
    scatter(size, sizes if parts else None, group=group, group_src=root)
    mine, longest = size.tolist()
    out = _bytes(longest)
    scatter(out, parts, group=group, group_src=root)
    scatter_object_output_list[0] = _value(out, mine)


def send_object_list(object_list, dst=None, group=None, device=None, group_dst=None, use_batch=False):
    """send_object_list(object_list, dst=None, group=None, device=None, group_dst=None): sends objects to dst."""
    packed = [_packed(value) for value in object_list]
    send(_numbers(*[p.numel() for p in packed]), dst, group, group_dst=group_dst)
    for p in packed:
        send(p, dst, group, group_dst=group_dst)


def recv_object_list(object_list, src=None, group=None, device=None, group_src=None, use_batch=False):
    """recv_object_list(object_list, src=None, group=None, device=None, group_src=None) -> int: receives as many objects
    as the list has, from src or any process; the global rank of the sender."""
    sizes = _numbers(*[0] * len(object_list))
    source = recv(sizes, src, group, group_src=group_src)
    if source < 0:
        return source
    for i, size in enumerate(sizes.tolist()):
        out = _bytes(size)
        recv(out, source, group)
        object_list[i] = _value(out)
    return source
