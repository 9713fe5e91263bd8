"""Copies and conversions of dtype and device; writing over tensors; resizing."""

import math

from .. import _core
from ..device import device as Device
from ..dtype import (
    ALIASES,
    as_dtype,
    bfloat16,
    bool_,
    complex64,
    finfo,
    float32,
    iinfo,
    int8,
    plain_dtype,
    uint8,
)
from ..dtype import dtype as DType
from ..interpreters import copy_for
from ..kernels import backend_on
from ..kernels.base.shape import strided
from ..memory_format import contiguous_format, inverse, preserve_format
from ..storage import Storage
from ._args import check_options, check_tensor, ints
from .op import FUNCTIONS, METHODS, Op, composite
from .shape import expanded_shape

TensorBase, _array = _core.TensorBase, _core.array_of
_FLOAT32 = finfo(float32).max


class Clone(Op, name="clone", tangent="linear", methods=("clone",)):
    """clone(input, *, memory_format=preserve_format) -> Tensor: a copy with memory of its own, through which gradients
    pass. It lies in memory as input does, or in the given format."""

    @staticmethod
    def prepare(input, *, memory_format=None):
        check_tensor(input, "clone")
        if memory_format is None or memory_format is preserve_format:
            return (input,)
        check_options("clone", memory_format=memory_format)
        return arranged(input, memory_format)

    @staticmethod
    def forward(ctx, x):
        return ctx.k.clone(x)

    @staticmethod
    def backward(ctx, grad):
        return grad


class Contiguous(Op, name="_contiguous", tangent="linear"):
    """A row-major copy."""

    @staticmethod
    def forward(ctx, x):
        return ctx.k.contiguous(x)

    @staticmethod
    def backward(ctx, grad):
        return grad


class Arranged(Op, name="_arranged", tangent="linear"):
    """A copy whose dimensions lie in memory in the given order."""

    @staticmethod
    def forward(ctx, x, order):
        return ctx.k.contiguous(x.transpose(order)).transpose(inverse(order))

    @staticmethod
    def backward(ctx, grad):
        return grad


def arranged(input, memory_format):
    """A copy in a memory format that is not preserve_format; RuntimeError when it is for another rank."""
    memory_format.check(input.ndim)
    order = memory_format.order
    return Contiguous.function(input) if order is None else Arranged.function(input, order)


@composite("contiguous", name="_contiguous_or_self")
def contiguous(input, memory_format=contiguous_format):
    """contiguous(memory_format=contiguous_format) -> Tensor: self when its elements lie in row-major order (or in the
    given format), else a copy in that order. RuntimeError when the format is for tensors of another rank."""
    if memory_format is contiguous_format or memory_format is None:
        return input if input.is_contiguous() else Contiguous.function(input)
    check_options("contiguous", memory_format=memory_format)
    if memory_format is preserve_format or input.is_contiguous(memory_format=memory_format):
        return input
    return arranged(input, memory_format)


class ToCopy(Op, name="_to_copy", tangent="linear"):
    """A copy in another dtype; complex to real keeps the real part."""

    @staticmethod
    def forward(ctx, x, dtype):
        return ctx.k.cast(x, dtype.numpy)

    @staticmethod
    def backward(ctx, grad):
        return grad


class Transfer(Op, name="_transfer", tangent="linear"):
    """A copy on another device."""

    @staticmethod
    def prepare(input, device, lazily=False):
        return input, device, input.device, lazily

    @staticmethod
    def forward(ctx, x, device, source, lazily):
        ctx.source = source
        return backend_on(device).place(x, device, lazily)

    @staticmethod
    def backward(ctx, grad):
        return Transfer.function(grad, ctx.source)


class Pin(Op, name="_pin_memory", tangent="linear"):
    """A copy in host memory that is pinned: GPUs read and write it while the host does something else."""

    @staticmethod
    def forward(ctx, x):
        pinned = backend_on(Device("cuda")).devices.pinned(x.shape, x.dtype)
        pinned[...] = x
        return pinned

    @staticmethod
    def backward(ctx, grad):
        return grad


_core.set_operator("clone", Clone.function)
_core.set_operator("cast", ToCopy.function)
_core.set_operator("transfer", Transfer.function)


@composite("to", name="_to")
def to(input, *args, dtype=None, device=None, other=None, non_blocking=False, copy=False, memory_format=None):
    """to(dtype), to(device), to(device, dtype), to(other), each with non_blocking=False, copy=False -> Tensor

    The tensor converted and moved; self when there is nothing to do (unless copy). Gradients pass. Complex to
    real keeps the real part. non_blocking: the host does not wait for a copy from pinned memory to a GPU, nor for one
    from a GPU to the host, where the result is there after `cuda.synchronize()`.
    """
    for a in map(plain_dtype, args):
        if isinstance(a, DType):
            dtype = a
        elif isinstance(a, TensorBase):
            other = a
        elif isinstance(a, (str, Device)) or (isinstance(a, int) and not isinstance(a, bool)):
            device = a
        elif isinstance(a, bool):
            pass  # non_blocking and copy by position: copy is the later one
        elif a is not None:
            raise TypeError(
                f"to() received an invalid combination of arguments - got "
                f"({', '.join(type(v).__name__ for v in args)}); "
                "expected a dtype, a device, a device and a dtype, or a tensor"
            )
    check_options("to", dtype, device, memory_format=memory_format)
    flags = [a for a in args if isinstance(a, bool)]
    copy = copy or (len(flags) == 2 and flags[1])
    non_blocking = bool(non_blocking or (flags and flags[0]))
    if other is not None:
        check_tensor(other, "to", "other", 1)
        dtype, device = other.dtype, other.device
    out = input
    if device is not None:
        device = device if isinstance(device, Device) else Device(device)
        device = backend_on(device).resolve(device)
        if device != out.device:
            out = Transfer.function(out, device, non_blocking and (dtype is None or device.type != "cpu"))
    if dtype is not None and (dtype := as_dtype(dtype)) is not out.dtype:
        out = ToCopy.function(out, dtype)
    if copy and out is input:
        out = Clone.function(out)
    return out if memory_format is None else contiguous(out, memory_format)


@composite("type_as", name="_type_as")
def type_as(input, other):
    """type_as(other) -> Tensor: self converted to the dtype and device of other."""
    check_tensor(input, "type_as")
    check_tensor(other, "type_as", "other", 2)
    return to(input, other)


def _conversion(name, target):
    def method(self, *, memory_format=None):
        check_options(name, memory_format=memory_format)
        out = self if self.dtype is target else ToCopy.function(self, target)
        return out if memory_format is None else contiguous(out, memory_format)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{name}() -> Tensor converted to {target.name}; self when it is."
    METHODS[name] = method


for _name, _dtype in {**ALIASES, "bfloat16": bfloat16, "bool": bool_, "byte": uint8, "char": int8}.items():
    _conversion(_name, _dtype)


# ---- writing over a tensor


class CopyFrom(Op, name="copy_", methods=("copy_",), mutates=True):
    """copy_(src, non_blocking=False) -> self: the elements of src (or a number), broadcast and converted,
    written over self. non_blocking: the host does not wait for a copy between a GPU and pinned memory."""

    @staticmethod
    def prepare(input, src, non_blocking=False):
        check_tensor(input, "copy_")
        if not isinstance(src, TensorBase):
            if not isinstance(src, (int, float, complex)):
                raise TypeError(
                    f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}"
                )
            return Fill.function(input, src)
        if src.shape != input.shape:
            check_broadcast(src.shape, input.shape)
        if src.device != input.device:
            if non_blocking and _to_pinned(input, src):
                return input
            src = Transfer.function(src, input.device, bool(non_blocking) and input.is_cuda)
        return input, src

    @staticmethod
    def forward(ctx, x, src):
        return ctx.k.write(x, src)

    @staticmethod
    def backward(ctx, grad):
        return _of_the_lost(ctx, grad), grad


def _of_the_lost(ctx, grad):
    """The gradient of elements that were written over: zeros, where one is wanted."""
    return FUNCTIONS["zeros_like"](grad) if ctx.needs_input_grad[0] else None


def _to_pinned(target, source):
    """Queues the copy of a tensor of a GPU into a pinned one of its size and dtype; False when it is none such."""
    if not target.is_pinned() or target.shape != source.shape or target.dtype is not source.dtype:
        return False
    if _core.is_grad_enabled() and (target.requires_grad or source.requires_grad):
        return False
    _core.backend_for(source).to_host(_array(source), into=_array(target))
    _core.bump_version(target)
    return True


def check_broadcast(have, want):
    """Raises unless `have` can be broadcast to `want`."""
    have, want = tuple(have), tuple(want)
    if len(have) <= len(want):
        lead = len(want) - len(have)
        bad = next(
            (i for i, (h, w) in enumerate(zip(have, want[lead:], strict=True)) if h not in (w, 1)), None
        )
        if bad is None:
            return
        if want[lead + bad] != 1:
            raise RuntimeError(
                f"The size of tensor a ({want[lead + bad]}) must match the size of tensor b ({have[bad]}) "
                "at non-singleton "
                f"dimension {lead + bad}"
            )
    raise RuntimeError(
        f"output with shape {list(want)} doesn't match the broadcast shape {list(_common(have, want))}"
    )


def _common(a, b):
    from .shape import broadcast_sizes

    return broadcast_sizes(b, a)


def element(value, dtype, name):
    """A number, or the number in a 0-dim tensor, checked to fit the dtype."""
    if isinstance(value, TensorBase):
        if value.ndim:
            raise RuntimeError(
                f"{name} only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions."
            )
        return value
    if not isinstance(value, (int, float, complex)) and not hasattr(value, "__float__"):
        raise TypeError(f"{name}(): argument 'value' must be Number, not {type(value).__name__}")
    if dtype.category == "int":
        number, info = value.real if isinstance(value, complex) else value, iinfo(dtype)
        # Negative ints wrap around in unsigned types, negative floats do not fit.
        low = info.min if dtype.is_signed or isinstance(number, float) else -info.max
        if not low <= number < info.max + 1:
            raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    elif (
        dtype in (float32, complex64) and not isinstance(value, complex) and _FLOAT32 < abs(value) < math.inf
    ):
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    if isinstance(value, complex) and dtype.category == "bool":
        return value != 0
    if isinstance(value, complex) and dtype.category != "complex":
        if value.imag:
            raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
        value = value.real
    return value


class Fill(Op, name="fill_", methods=("fill_",), mutates=True):
    """fill_(value) -> self: every element replaced by a number or the value of a 0-dim tensor."""

    @staticmethod
    def prepare(input, value):
        check_tensor(input, "fill_")
        return input, element(value, input.dtype, "fill_")

    @staticmethod
    def forward(ctx, x, value):
        return ctx.k.fill(x, value)

    @staticmethod
    def backward(ctx, grad):
        return _of_the_lost(ctx, grad), grad


@composite()
def fill(input, value):
    """fill(input, value) -> Tensor of the shape and dtype of input, filled with value."""
    check_tensor(input, "fill")
    return Fill.function(copy_for(input, value), value)


class Zero(Op, name="zero_", tangent="linear", methods=("zero_",), mutates=True):
    """zero_() -> self: every element replaced by zero."""

    @staticmethod
    def forward(ctx, x):
        return ctx.k.fill(x, 0)

    @staticmethod
    def backward(ctx, grad):
        return _of_the_lost(ctx, grad)


# ---- giving a tensor other memory


def _resize(t, shape):
    from ..tensor import storage_array

    if t.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    array = _array(t)
    if array.shape == shape:
        return t
    owner, offset = storage_array(t), t.storage_offset()
    n = math.prod(shape)
    if (offset + n) * array.itemsize <= owner.nbytes:
        steps, step = [], array.itemsize
        for s in reversed(shape):
            steps.append(step)
            step *= s
        _core.set_array(t, strided(array, shape, tuple(steps[::-1]), 0))
        return t
    backend = _core.backend_for(t)
    new = backend.zeros((n,), array.dtype, array)
    have = (owner.nbytes // array.itemsize) - offset
    backend.write(new[:have], strided(array, (have,), (array.itemsize,), 0))
    _core.set_array(t, new.reshape(shape))
    return t


@composite("resize_", name="_resize_")
def resize_(input, *sizes, memory_format=None):
    """resize_(*sizes) -> self with another number of elements, in row-major order over its storage.

    The storage is replaced by a larger one (with the old elements first, the new ones undefined) when it is too small.
    """
    sizes = ints(sizes, "resize_")
    if min(sizes, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {list(sizes)}")
    return _resize(input, sizes)


@composite("resize_as_", name="_resize_as_")
def resize_as_(input, other, *, memory_format=None):
    """resize_as_(other) -> self: resize_(other.size())."""
    check_tensor(input, "resize_as_")
    check_tensor(other, "resize_as_", "other", 2)
    return _resize(input, tuple(other.shape))


@composite("resize", name="_resize_copy")
def resize(input, *sizes):
    """resize(*sizes) -> Tensor: the elements in another shape of the same number of elements (deprecated: use
    reshape)."""
    return input.reshape(*sizes)


@composite("set_", name="_set_")
def set_(input, source=None, storage_offset=0, size=None, stride=None):
    """set_(source=None, storage_offset=0, size=None, stride=None) -> self over the memory of another tensor or storage.

    Without source, self becomes empty. Sizes and strides are in elements; with a tensor and no sizes, those of
    the tensor.
    """
    check_tensor(input, "set_")
    if input.requires_grad and _core.is_grad_enabled() and not input.is_leaf:
        raise RuntimeError("set_: cannot give other memory to a tensor with history; use detach() first")
    if source is None:
        array = _array(input)
        _core.set_array(input, _core.backend_for(input).zeros((0,), array.dtype, array))
        return input
    if not isinstance(source, TensorBase):
        if not isinstance(source, Storage):
            raise TypeError(
                f"set_(): argument 'source' (position 1) must be Tensor or Storage, not {type(source).__name__}"
            )
        source = _core.make(source.array)
        if size is None:
            size = (source.numel() - storage_offset,)
    if source.dtype is not input.dtype:
        raise RuntimeError(f"set_: expected a source of dtype {input.dtype}, got {source.dtype}")
    if size is not None:
        size = ints((size,), "set_")
        if stride is None:
            stride = [math.prod(size[i + 1 :]) for i in range(len(size))]
        source = source.detach().as_strided(size, stride, storage_offset)
    _core.set_array(input, _array(source))
    _core.share_version(input, source)
    return input


def expand_value(value, shape):
    """A tensor expanded to a shape, without its leading dimensions of size 1 that the shape lacks."""
    have = tuple(value.shape)
    while len(have) > len(shape) and have[0] == 1:
        have = have[1:]
    if have != tuple(value.shape):
        value = value.reshape(have)
    return value.expand(expanded_shape(have, shape)) if have != tuple(shape) else value
