"""The collectives: calls that all processes of a group make together, on tensors of the same sizes and dtypes.

Each takes `group` (all processes by default) and `async_op`: with True it returns a Work at once, whose wait() says
when it is done; else it returns None when it is. src and dst are global ranks; group_src and group_dst ranks in the
group.
"""

import time
from datetime import timedelta

import numpy as np

from . import reduction
from .arguments import Flat, check_alike, check_tensor, check_tensors, member, rank_in, run
from .errors import DistBackendError
from .reduction import ReduceOp
from .world import check_timeout

_MONITOR = -2  # tags of messages that programs cannot send
_MONITORED = -3


def _check_count(name, argument, tensors, group):
    if len(tensors) != group.size():
        raise ValueError(
            f"{name}: {argument} must have a tensor for each of the {group.size()} processes, got {len(tensors)}"
        )


def _check_sizes(name, tensors, size, what):
    for tensor in tensors:
        if tensor.numel() != size:
            raise ValueError(
                f"{name}: all tensors must have as many elements as {what}, {size}, got {tensor.numel()}"
            )


def all_reduce(tensor, op=ReduceOp.SUM, group=None, async_op=False):
    """all_reduce(tensor, op=ReduceOp.SUM, group=None, async_op=False): tensor, on all processes, becomes the sum (op)
    of those of all. All get the same bits. RuntimeError for an op that the dtype does not have."""
    check_tensor(tensor, "tensor")
    if (group := member("all_reduce", group)) is None:
        return None
    flat = Flat(tensor)
    reduction.check("all_reduce", op, flat.array.dtype)
    return run(group, lambda: group.data.all_reduce(flat.array, op), [flat], async_op, [tensor])


def all_reduce_coalesced(tensors, op=ReduceOp.SUM, group=None, async_op=False):
    """all_reduce_coalesced(tensors, op=ReduceOp.SUM, group=None, async_op=False): all_reduce of several tensors of one
    dtype."""
    tensors = [tensors] if not isinstance(tensors, (list, tuple)) else tensors
    check_tensors(tensors, "tensors")
    check_alike("all_reduce_coalesced", tensors, tensors[0])
    if (group := member("all_reduce_coalesced", group)) is None:
        return None
    flats = [Flat(t) for t in tensors]
    reduction.check("all_reduce_coalesced", op, flats[0].array.dtype)

    def call():
        for flat in flats:
            group.data.all_reduce(flat.array, op)

    return run(group, call, flats, async_op, list(tensors))


def reduce(tensor, dst=None, op=ReduceOp.SUM, group=None, async_op=False, group_dst=None):
    """reduce(tensor, dst=None, op=ReduceOp.SUM, group=None, async_op=False, group_dst=None): tensor on the process dst
    becomes the sum (op) of those of all. Those of the others stay as they are."""
    check_tensor(tensor, "tensor")
    if (group := member("reduce", group)) is None:
        return None
    to = rank_in(group, "reduce", "dst", dst, "group_dst", group_dst)
    flat = Flat(tensor)
    reduction.check("reduce", op, flat.array.dtype)
    is_dst = group.rank() == to
    return run(group, lambda: group.data.reduce(flat.array, to, op), [flat] if is_dst else [], async_op,
               [tensor] if is_dst else [])  # fmt: skip


def broadcast(tensor, src=None, group=None, async_op=False, group_src=None):
    """broadcast(tensor, src=None, group=None, async_op=False, group_src=None): tensor becomes that of the process
    src."""
    check_tensor(tensor, "tensor")
    if (group := member("broadcast", group)) is None:
        return None
    root = rank_in(group, "broadcast", "src", src, "group_src", group_src)
    flat = Flat(tensor)
    is_src = group.rank() == root
    return run(group, lambda: group.data.broadcast(flat.array, root), [] if is_src else [flat], async_op,
               [] if is_src else [tensor])  # fmt: skip


def all_gather(tensor_list, tensor, group=None, async_op=False):
    """all_gather(tensor_list, tensor, group=None, async_op=False): tensor_list[r] becomes the tensor of rank r.

    The tensors may have different sizes, if each process knows those of all.
    """
    check_tensors(tensor_list, "tensor_list")
    check_tensor(tensor, "tensor")
    check_alike("all_gather", tensor_list, tensor)
    if (group := member("all_gather", group)) is None:
        return None
    _check_count("all_gather", "tensor_list", tensor_list, group)
    _check_sizes("all_gather", [tensor_list[group.rank()]], tensor.numel(), "the input")
    outs, flat = [Flat(t) for t in tensor_list], Flat(tensor)
    return run(group, lambda: group.data.all_gather([out.array for out in outs], flat.array), outs, async_op,
               list(tensor_list))  # fmt: skip


def all_gather_coalesced(output_tensor_lists, input_tensor_list, group=None, async_op=False):
    """all_gather_coalesced(output_tensor_lists, input_tensor_list, group=None, async_op=False):
    output_tensor_lists[r][i] becomes the i-th input of rank r."""
    check_tensors(input_tensor_list, "tensor_list")
    for some in output_tensor_lists:
        check_tensors(some, "output_tensor_lists")
    if (group := member("all_gather_coalesced", group)) is None:
        return None
    _check_count("all_gather_coalesced", "output_tensor_lists", output_tensor_lists, group)
    ins = [Flat(t) for t in input_tensor_list]
    outs = [[Flat(some[i]) for some in output_tensor_lists] for i in range(len(ins))]

    def call():
        for row, flat in zip(outs, ins, strict=True):
            group.data.all_gather([out.array for out in row], flat.array)

    return run(group, call, [out for row in outs for out in row], async_op,
               [t for some in output_tensor_lists for t in some])  # fmt: skip


def all_gather_into_tensor(output_tensor, input_tensor, group=None, async_op=False):
    """all_gather_into_tensor(output_tensor, input_tensor, group=None, async_op=False): the inputs of all processes one
    after the other (or stacked) in output_tensor, which has size() times their elements."""
    check_tensor(input_tensor, "input_tensor")
    check_tensor(output_tensor, "output_tensor")
    check_alike("all_gather_into_tensor", [output_tensor], input_tensor)
    if (group := member("all_gather_into_tensor", group)) is None:
        return None
    size = input_tensor.numel()
    if output_tensor.numel() != size * group.size():
        raise ValueError(
            "all_gather_into_tensor: output tensor size must be equal to world_size times input tensor size, got "
            f"{output_tensor.numel()} and {group.size()} times {size} elements"
        )
    out, flat = Flat(output_tensor), Flat(input_tensor)
    parts = [out.array[r * size : (r + 1) * size] for r in range(group.size())]
    return run(group, lambda: group.data.all_gather(parts, flat.array), [out], async_op, [output_tensor])


all_gather_single = all_gather_into_tensor


def gather(tensor, gather_list=None, dst=None, group=None, async_op=False, group_dst=None):
    """gather(tensor, gather_list=None, dst=None, group=None, async_op=False, group_dst=None): gather_list[r] on the
    process dst becomes the tensor of rank r. The others give no gather_list."""
    check_tensor(tensor, "tensor")
    if (group := member("gather", group)) is None:
        return None
    to = rank_in(group, "gather", "dst", dst, "group_dst", group_dst, 0)
    outs = []
    if group.rank() == to:
        if not gather_list:
            raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
        check_tensors(gather_list, "gather_list")
        check_alike("gather", gather_list, tensor)
        _check_count("gather", "gather_list", gather_list, group)
        _check_sizes("gather", gather_list, tensor.numel(), "the input")
        outs = [Flat(t) for t in gather_list]
    elif gather_list:
        raise ValueError("Argument ``gather_list`` must NOT be specified on non-destination ranks.")
    flat = Flat(tensor)
    return run(group, lambda: group.data.gather([out.array for out in outs] or None, flat.array, to), outs, async_op,
               list(gather_list or []))  # fmt: skip


def scatter(tensor, scatter_list=None, src=None, group=None, async_op=False, group_src=None):
    """scatter(tensor, scatter_list=None, src=None, group=None, async_op=False, group_src=None): tensor on rank r
    becomes scatter_list[r] of the process src. The others give no scatter_list."""
    check_tensor(tensor, "tensor")
    if (group := member("scatter", group)) is None:
        return None
    root = rank_in(group, "scatter", "src", src, "group_src", group_src, 0)
    parts = []
    if group.rank() == root:
        if not scatter_list:
            raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
        check_tensors(scatter_list, "scatter_list")
        check_alike("scatter", scatter_list, tensor)
        _check_count("scatter", "scatter_list", scatter_list, group)
        _check_sizes("scatter", scatter_list, tensor.numel(), "the output")
        parts = [Flat(t) for t in scatter_list]
    elif scatter_list:
        raise ValueError("Argument ``scatter_list`` must NOT be specified on non-source ranks.")
    flat = Flat(tensor)
    return run(group, lambda: group.data.scatter(flat.array, [part.array for part in parts] or None, root), [flat],
               async_op, [tensor])  # fmt: skip


def reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None, async_op=False):
    """reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None, async_op=False): output on rank r becomes the sum
    (op) of input_list[r] of all processes."""
    check_tensor(output, "output")
    check_tensors(input_list, "input_list")
    check_alike("reduce_scatter", input_list, output)
    if (group := member("reduce_scatter", group)) is None:
        return None
    _check_count("reduce_scatter", "input_list", input_list, group)
    _check_sizes("reduce_scatter", input_list, output.numel(), "the output")
    out, parts = Flat(output), [Flat(t) for t in input_list]
    reduction.check("reduce_scatter", op, out.array.dtype)
    return run(group, lambda: group.data.reduce_scatter(out.array, [part.array for part in parts], op), [out], async_op,
               [output])  # fmt: skip


def reduce_scatter_tensor(output, input, op=ReduceOp.SUM, group=None, async_op=False):
    """reduce_scatter_tensor(output, input, op=ReduceOp.SUM, group=None, async_op=False): output on rank r becomes the
    r-th of size() equal parts of the sum (op) of the inputs of all processes."""
    check_tensor(output, "output")
    check_tensor(input, "input")
    check_alike("reduce_scatter_tensor", [input], output)
    if (group := member("reduce_scatter_tensor", group)) is None:
        return None
    size = output.numel()
    if input.numel() != size * group.size():
        raise ValueError(
            "reduce_scatter_tensor: input tensor must be the same size as output size times world size, got "
            f"{input.numel()} and {group.size()} times {size} elements"
        )
    out, flat = Flat(output), Flat(input)
    reduction.check("reduce_scatter_tensor", op, out.array.dtype)
    parts = [flat.array[r * size : (r + 1) * size] for r in range(group.size())]
    return run(group, lambda: group.data.reduce_scatter(out.array, parts, op), [out], async_op, [output])


reduce_scatter_single = reduce_scatter_tensor


def all_to_all(output_tensor_list, input_tensor_list, group=None, async_op=False):
    """all_to_all(output_tensor_list, input_tensor_list, group=None, async_op=False): output_tensor_list[r] becomes what
    rank r has in input_tensor_list for this process. Sizes may differ; the receiver's must be the sender's."""
    check_tensors(output_tensor_list, "output_tensor_list")
    check_tensors(input_tensor_list, "input_tensor_list")
    check_alike(
        "all_to_all", [*output_tensor_list, *input_tensor_list], (*input_tensor_list, *output_tensor_list)[0]
    )
    if (group := member("all_to_all", group)) is None:
        return None
    _check_count("all_to_all", "output_tensor_list", output_tensor_list, group)
    _check_count("all_to_all", "input_tensor_list", input_tensor_list, group)
    outs, parts = [Flat(t) for t in output_tensor_list], [Flat(t) for t in input_tensor_list]
    return run(group, lambda: group.data.all_to_all([o.array for o in outs], [p.array for p in parts]), outs, async_op,
               list(output_tensor_list))  # fmt: skip


def all_to_all_single(
    output, input, output_split_sizes=None, input_split_sizes=None, group=None, async_op=False
):
    """all_to_all_single(output, input, output_split_sizes=None, input_split_sizes=None, group=None, async_op=False)

    input is cut along its first dimension, into equal parts or input_split_sizes, one for each rank; output is what the
    ranks have for this process, one after the other, of output_split_sizes.
    """
    check_tensor(output, "output")
    check_tensor(input, "input")
    check_alike("all_to_all_single", [output], input)
    if (group := member("all_to_all_single", group)) is None:
        return None
    out, flat = Flat(output), Flat(input)
    outs = _split("output", out.array, output, output_split_sizes, group)
    parts = _split("input", flat.array, input, input_split_sizes, group)
    return run(group, lambda: group.data.all_to_all(outs, parts), [out], async_op, [output])


def _split(which, array, tensor, sizes, group):
    """The array of a tensor in parts along the tensor's first dimension."""
    rows = tensor.shape[0] if tensor.dim() else 1
    if not sizes:
        if rows % group.size():
            raise RuntimeError(
                f"all_to_all_single: Tensor's dim 0 does not divide equally across group size: {which} has {rows} rows "
                f"for {group.size()} processes"
            )
        sizes = [rows // group.size()] * group.size()
    if len(sizes) != group.size():
        raise RuntimeError(
            f"Number of tensor splits not equal to group size: {len(sizes)} and {group.size()}"
        )
    if sum(sizes) != rows:
        raise RuntimeError(
            f"Split sizes doesn't match total dim 0 size: {which} has {rows} rows for splits {list(sizes)}"
        )
    row = array.size // rows if rows else 0
    ends = np.cumsum([0, *sizes]) * row
    return [array[start:end] for start, end in zip(ends[:-1], ends[1:], strict=True)]


def barrier(group=None, async_op=False, device_ids=None, timeout=None):
    """barrier(group=None, async_op=False, timeout=None): returns when all processes of the group have called it.

    timeout: a timedelta, by default the group's. device_ids is for PyTorch's backend "nccl".
    """
    if timeout is not None:
        check_timeout(timeout)
    if (group := member("barrier", group)) is None:
        return None

    def call():
        data = group.data
        data.set_timeout((timeout or group.timeout).total_seconds())
        try:
            data.barrier()
        finally:
            data.set_timeout(group.timeout.total_seconds())

    return run(group, call, [], async_op, [])


def monitored_barrier(group=None, timeout=None, wait_all_ranks=False):
    """monitored_barrier(group=None, timeout=None, wait_all_ranks=False): a barrier that says who is missing.

    timeout: a timedelta. Rank 0 of the group raises DistBackendError that names the first rank that did not come, or,
    with wait_all_ranks, all of them; the others one that says that rank 0 did not confirm it.
    """
    if (group := member("monitored_barrier", group)) is None:
        return
    timeout = group.timeout if timeout is None else timeout
    check_timeout(timeout)
    word = np.zeros(1, np.uint8)
    seconds = timeout.total_seconds()
    if group.rank() != 0:
        group.post.send(word, 0, _MONITOR, seconds, "monitored_barrier")
        _wait_for(group, word, 0, _MONITORED, timedelta(seconds=seconds + 1))
        return
    end, missing = time.monotonic() + seconds, []
    for r in range(1, group.size()):
        left = timedelta(seconds=max(0.0, end - time.monotonic()))
        try:
            _wait_for(group, word, r, _MONITOR, left)
        except DistBackendError:
            missing.append(group.ranks[r])
            if not wait_all_ranks:
                break
    if missing:
        ranks = ", ".join(map(str, missing))
        raise DistBackendError(
            f"[Rank {group.ranks[0]}]: Rank{'s' if len(missing) > 1 else ''} {ranks} failed to pass monitoredBarrier "
            f"in {seconds * 1000:g} ms"
        )
    for r in range(1, group.size()):
        group.post.send(word, r, _MONITORED, seconds, "monitored_barrier")


def _wait_for(group, word, rank, tag, timeout):
    request = group.post.receive(word, rank, tag, timeout.total_seconds(), "monitored_barrier")
    try:
        request.wait(timeout.total_seconds())
    except DistBackendError:
        request.cancel()
        raise
