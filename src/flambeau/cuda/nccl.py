"""Collective operations over one tensor on each of several GPUs of this process, by NCCL's names.

They are copies and sums of this library's own, which wait for each other in the streams; NCCL is not called.
"""

from ..device import device as Device
from ..ops import FUNCTIONS, METHODS

__all__ = ["MAX", "MIN", "PROD", "SUM", "all_gather", "all_reduce", "broadcast", "is_available", "reduce",
           "reduce_scatter", "version"]  # fmt: skip

SUM, PROD, MAX, MIN = range(4)
_COMBINE = {SUM: "add", PROD: "mul", MAX: "maximum", MIN: "minimum"}


def is_available(tensors):
    """is_available(tensors) -> bool: whether the functions of this module take them: dense contiguous tensors on GPUs,
    no two on the same one."""
    devices = set()
    for tensor in tensors:
        if tensor.is_sparse or not tensor.is_contiguous() or not tensor.is_cuda or tensor.get_device() in devices:
            return False
        devices.add(tensor.get_device())
    return True


def version():
    """version() -> None: NCCL is not called."""
    return None


def _check(name, inputs, outputs=None, in_size=1, out_size=1):
    """RuntimeError unless there is one tensor on each device, and an output of fitting size beside each."""
    inputs = list(inputs)
    outputs = inputs if outputs is None else list(outputs)
    if not inputs or not is_available(inputs) or (outputs and not is_available(outputs)):
        raise RuntimeError(f"{name}: contiguous tensors on GPUs expected, each on another one")
    if len(outputs) != len(inputs):
        raise RuntimeError(f"{name}: {len(inputs)} inputs need as many outputs, got {len(outputs)}")
    first = inputs[0]
    for given, taken in zip(inputs, outputs, strict=True):
        if given.dtype is not first.dtype or taken.dtype is not first.dtype or given.numel() != first.numel():
            raise RuntimeError(f"{name}: all inputs must have one dtype and size, and outputs that dtype")
        if given.device != taken.device or given.numel() * in_size != taken.numel() * out_size:
            raise RuntimeError(
                f"{name}: an input of {given.numel()} elements on {given.device} does not fit an output of "
                f"{taken.numel()} on {taken.device}"
            )
    return inputs, outputs


def _copy(target, source):
    """Writes the elements of source into target, in their order."""
    METHODS["copy_"](target, METHODS["to"](source, target.device).reshape(target.shape))


def _total(name, tensors, device, op):
    """The tensors combined, as a new tensor on a device."""
    if op not in _COMBINE:
        raise RuntimeError(f"{name}: op must be one of SUM, PROD, MAX, MIN ({', '.join(map(str, _COMBINE))}), got {op}")
    combine = FUNCTIONS[_COMBINE[op]]
    total = METHODS["to"](tensors[0].detach(), device).clone()
    for t in tensors[1:]:
        total = combine(total, METHODS["to"](t.detach(), device))
    return total


def all_reduce(inputs, outputs=None, op=SUM, streams=None, comms=None):
    """all_reduce(inputs, outputs=None, op=SUM): each output becomes the inputs combined; without outputs the inputs do.

    streams and comms are accepted: work goes to the current streams.
    """
    inputs, outputs = _check("all_reduce", inputs, outputs)
    total = _total("all_reduce", inputs, inputs[0].device, op)
    for target in outputs:
        _copy(target, total)


def reduce(inputs, output=None, root=0, op=SUM, streams=None, comms=None, *, outputs=None):
    """reduce(inputs, output=None, root=0, op=SUM): output, or the input number root, becomes the inputs combined.

    0.3 had a list of outputs, of which that of root counts.
    """
    given = outputs if outputs is not None else output if isinstance(output, (list, tuple)) else None
    target = given[root] if given else output if output is not None else inputs[root]
    inputs, _ = _check("reduce", inputs)
    if target.numel() != inputs[root].numel() or target.device != inputs[root].device:
        raise RuntimeError("reduce: the output must be as large as input number root, on the same device")
    _copy(target, _total("reduce", inputs, target.device, op))


def broadcast(inputs, root=0, streams=None, comms=None):
    """broadcast(inputs, root=0): all tensors become the one number root."""
    inputs, _ = _check("broadcast", inputs)
    for target in inputs[:root] + inputs[root + 1 :]:
        _copy(target, inputs[root])


def all_gather(inputs, outputs, streams=None, comms=None):
    """all_gather(inputs, outputs): each output becomes all inputs, one after the other."""
    inputs, outputs = _check("all_gather", inputs, outputs, len(inputs))
    for target in outputs:
        parts = tuple(METHODS["to"](t.detach(), target.device).reshape(-1) for t in inputs)
        _copy(target, FUNCTIONS["cat"](parts))


def reduce_scatter(inputs, outputs, op=SUM, streams=None, comms=None):
    """reduce_scatter(inputs, outputs, op=SUM): the i-th output becomes the i-th part of the inputs combined."""
    inputs, outputs = _check("reduce_scatter", inputs, outputs, 1, len(inputs))
    parts = _total("reduce_scatter", inputs, Device("cuda", inputs[0].get_device()), op).reshape(len(inputs), -1)
    for target, part in zip(outputs, parts, strict=True):
        _copy(target, part)
