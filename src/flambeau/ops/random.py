"""Random tensors, and filling tensors with random numbers: the CPU stream is PyTorch's, number for number. Those of
GPUs have generators of their own.

A fill draws in the order of memory (of indices, where the generator goes one by one). Tensors whose elements do not lie
in a row are filled through a copy. Here are the
factories; `random_fill.py` has the in-place forms, `random_distributions.py` the ops whose parameters are tensors.
"""

import functools
import math
import operator
import warnings

import numpy as np

from .. import _core
from .. import random as generators
from ..device import device as Device
from ..dtype import as_dtype, from_numpy_dtype, int64
from ..interpreters import Wrapped
from ..layout import strided
from ..memory_format import order_like
from ..random import engine
from ._args import check_strided, check_tensor
from .create import _finish, _out, ordered, size_of
from .op import composite

_array, TensorBase = _core.array_of, _core.TensorBase
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
# The C++ names by which errors call the types, and the bits that floats hold exactly.
_C_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int", "int64": "long",
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
    "uint16": "short unsigned int", "uint32": "unsigned int", "uint64": "long unsigned int",
}  # fmt: skip
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def _dtype(array):
    return from_numpy_dtype(array.dtype)


def _unsupported(what, dtype):
    title = dtype.title
    return NotImplementedError(f"\"{what}\" not implemented for '{title}'")


@functools.cache
def _limits(dtype):
    """(lowest, highest) finite value of a real dtype."""
    if dtype.category == "bool":
        return 0, 1
    if dtype.category == "int":
        info = np.iinfo(dtype.numpy)
        return int(info.min), int(info.max)
    import ml_dtypes

    top = float(ml_dtypes.finfo(dtype.numpy).max)
    return -top, top


# ---- filling arrays


def _in_memory_order(array):
    """The array with its dimensions sorted from the largest step to the smallest."""
    return array.transpose(sorted(range(array.ndim), key=lambda i: -abs(array.strides[i])))


def _fill(array, rng, draw, dtype=None):
    """Calls draw(a) with a contiguous array `a` for the elements of `array`, of its own dtype or of another one from
    which the values are then converted."""
    if not array.flags.c_contiguous and not rng.one_by_one:
        array = _in_memory_order(array)
    if dtype is None and array.flags.c_contiguous:
        draw(array)
        return
    drawn = _core.empty_array(array.shape, array.dtype if dtype is None else np.dtype(dtype))
    draw(drawn)
    with np.errstate(all="ignore"):
        array[...] = drawn


def _real(array):
    """A complex array as reals with a last dimension of two."""
    return array[..., None].view(array.real.dtype)


def _uniform(array, rng, low, high, name="check_uniform_bounds"):
    dtype = _dtype(array)
    if dtype.is_complex:
        array, dtype = _real(array), dtype.to_real()
    if not dtype.is_floating_point:
        raise _unsupported(name, dtype)
    lowest, highest = _limits(dtype)
    for bound, value in (("from", low), ("to", high)):
        if not lowest <= value <= highest:
            raise RuntimeError(f"{bound} is out of bounds for {_C_NAMES[dtype.name]}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > highest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{_C_NAMES[dtype.name]}>::max(), but found to={high:g} "
            f"and from={low:g} which result in to-from to exceed the limit"
        )
    _fill(array, rng, lambda a: rng.uniform(a, low, high))


def _check_std(std):
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


def _normal(array, rng, mean=0.0, std=1.0):
    _check_std(std)
    dtype = _dtype(array)
    if dtype.is_complex:  # the parts share the variance; the mean is that of each
        parts = _real(array)
        _normal(parts, rng, 0.0, std * math.sqrt(0.5))
        if mean:
            parts += mean
        return
    if not dtype.is_floating_point:
        raise _unsupported("normal_kernel_cpu", dtype)
    if array.flags.c_contiguous:
        rng.normal(array, mean, std)
    else:
        _fill(array, rng, lambda a: rng.serial_normal(a, mean, std), np.float64)


def _integers(array, rng, low, high):
    """low <= values < high, or <= the largest value of the dtype when high is None."""
    dtype = _dtype(array)
    if dtype.is_complex:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    lowest, highest = _limits(dtype)
    if high is None:
        last = 2 ** _DIGITS[dtype.name] if dtype.is_floating_point else highest
        if low > last:
            raise RuntimeError(
                f"random_ expects 'from' to be less than or equal to {last}, but got from={low}"
            )
    else:
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        last = high - 1
    for bound, value in (("from", low), ("to - 1", last)):
        if not lowest <= value <= highest:
            raise RuntimeError(f"{bound} is out of bounds for {_C_NAMES[dtype.name]}")
        if dtype.is_floating_point and abs(value) > 2 ** _DIGITS[dtype.name]:
            digits = _DIGITS[dtype.name]
            warnings.warn(
                f"{bound} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations "
                f"{_C_NAMES[dtype.name]} can support discrete uniform distribution only within this range.",
                UserWarning,
                stacklevel=4,
            )
    count = (last - low + 1) % 2**64
    _fill(array, rng, lambda a: rng.randint(a, low if count else 0, count))  # all of int64: the draws as they are


def _long(value, name, argument):
    """An int64 argument."""
    if isinstance(value, (bool, float)) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}(): argument '{argument}' must be int, not {type(value).__name__}")
    value = operator.index(value)
    if not _INT64_MIN <= value <= _INT64_MAX:
        raise ValueError(f"Overflow when unpacking long long: {name}() got {argument}={value}")
    return value


def _double(value, name, argument):
    """A float argument: a number, or a tensor of one element."""
    if isinstance(value, TensorBase) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}(): argument '{argument}' must be float, not {type(value).__name__}")
    return float(value)


# ---- factories


def _factory(name, size, dtype, device, layout, requires_grad, out, fill):
    check_strided(name, dtype, device, layout)
    if not size:
        raise TypeError(f"{name}(): missing argument 'size' (a tuple of ints)")
    size = size_of(size, name)
    if out is not None:
        return _into(out, name, size, fill)
    array = _core.empty_array((*generators.draws.sizes(), *size), as_dtype(dtype).numpy)
    fill(array)
    return generators.draws.batched(_finish(array, device, requires_grad))


def place(device, like):
    """Where the result of a factory will be: on `device`, or where a tensor is (`out=`, or that of a `..._like`). None
    for what is no device, which the factory refuses."""
    if device is None and isinstance(like, TensorBase):
        return like.device
    return device if isinstance(device, (Device, str, int)) and not isinstance(device, bool) else None


def _into(out, name, size, fill):
    check_tensor(out, name, "out")
    array = _core.empty_array(size, _array(out).dtype)
    fill(array)
    return _out(array, out, name)


@composite()
def rand(*size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False,
         names=None, **kwargs):  # fmt: skip
    """rand(*size, *, generator=None, out=None, dtype=None, device=None, requires_grad=False) -> Tensor

    Uniform in [0, 1); real and imaginary part of complex dtypes both are. NotImplementedError for ints and bool.
    """
    rng = engine(generator, "rand", place(device, out))
    size = _size_keyword("rand", size, kwargs)
    return _factory(
        "rand", size, dtype, device, layout, requires_grad, out, lambda a: _uniform(a, rng, 0.0, 1.0)
    )


@composite()
def randn(*size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False,
          names=None, **kwargs):  # fmt: skip
    """randn(*size, *, generator=None, out=None, dtype=None, device=None, requires_grad=False) -> Tensor

    Normal with mean 0 and variance 1 (for complex dtypes 1/2 in each part). NotImplementedError for ints and bool.
    """
    rng = engine(generator, "randn", place(device, out))
    size = _size_keyword("randn", size, kwargs)
    return _factory("randn", size, dtype, device, layout, requires_grad, out, lambda a: _normal(a, rng))


def _size_keyword(name, size, kwargs):
    if "size" in kwargs and not size:
        size = (kwargs.pop("size"),)
    if kwargs:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(kwargs))}'")
    return size


def _bounds(name, args, kwargs, names):
    """low, high and, where `names` has it, size, given as (high, size) or (low, high, size)."""
    given = dict(kwargs)
    if "high" in given and "low" not in given and len(args) == len(names) - 1:
        names = tuple(n for n in names if n != "high")  # (low, size, high=...)
    elif len(args) + len(given) == len(names) - 1 and "low" not in given:
        names = names[1:]
    for key, value in zip(names, args, strict=False):
        if key in given:
            raise TypeError(f"{name}() got multiple values for argument '{key}'")
        given[key] = value
    if len(args) > len(names) or not set(given) <= {"low", *names} or not {"high", *names[1:]} <= set(given):
        got = ", ".join(
            [*(type(a).__name__ for a in args), *(f"{k}={type(v).__name__}" for k, v in kwargs.items())]
        )
        wanted = ", ".join(n for n in names if n != "low" and n != "high")
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got ({got}), but expected (int high"
            f"{', ' * bool(wanted)}{wanted}) or (int low, int high{', ' * bool(wanted)}{wanted})"
        )
    low, high = _long(given.get("low", 0), name, "low"), _long(given["high"], name, "high")
    return low, high, given.get("size")


@composite()
def randint(*args, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
            pin_memory=False, **kwargs):  # fmt: skip
    """randint(low=0, high, size, *, generator=None, out=None, dtype=int64, device=None, requires_grad=False) -> Tensor

    Integers low <= x < high, all equally likely. RuntimeError when there are none or the dtype does not hold them.
    """
    rng = engine(generator, "randint", place(device, out))
    low, high, size = _bounds("randint", args, kwargs, ("low", "high", "size"))
    if hasattr(size, "__index__") or size is None:
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    dtype = int64 if dtype is None else dtype
    return _factory(
        "randint", (size,), dtype, device, layout, requires_grad, out, lambda a: _integers(a, rng, low, high)
    )


@composite()
def randperm(
    n,
    *,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
):
    """randperm(n, *, generator=None, out=None, dtype=int64, device=None) -> 1-D Tensor: 0 to n - 1 in random order.

    RuntimeError for a negative n and for a dtype that does not hold n.
    """
    check_strided("randperm", dtype, device, layout)
    n = _long(n, "randperm", "n")
    rng = engine(generator, "randperm", place(device, out))
    dtype = _dtype(_array(out)) if out is not None else int64 if dtype is None else as_dtype(dtype)
    if dtype.category in ("bool", "complex"):
        raise _unsupported("randperm", dtype)
    if dtype.is_floating_point:
        if n > 2 ** _DIGITS[dtype.name] + 1:
            raise RuntimeError(
                f"n cannot be greater than {2 ** _DIGITS[dtype.name] + 1} for {dtype.title} type."
            )
    elif n > _limits(dtype)[1]:
        raise RuntimeError(
            f"value cannot be converted to type {dtype.name}_t without overflow: randperm({n})"
        )
    fill = rng.permutation if dtype is int64 else lambda a: _fill(a, rng, rng.permutation, np.int64)
    return _factory("randperm", (n,), dtype, device, layout, requires_grad, out, fill)


def _like(input, name, dtype, device, layout, requires_grad, memory_format, fill):
    """A filled tensor of the shape of input, which lies in memory as input does."""
    check_tensor(input, name)
    check_strided(name, dtype, device, input.layout if layout is None else layout, memory_format)
    if isinstance(input, Wrapped) or generators.draws.sizes():
        options = input.dtype if dtype is None else dtype, input.device if device is None else device
        return _factory(name, (input.shape,), *options, layout, requires_grad, None, fill)
    order = order_like(_array(input), memory_format) if input.layout is strided else None
    array = ordered(tuple(input.shape), input.dtype if dtype is None else as_dtype(dtype), order)
    fill(array)
    return _finish(array, input.device if device is None else device, requires_grad)


@composite()
def rand_like(input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False,
              memory_format=None):  # fmt: skip
    """rand_like(input, *, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor

    rand of input's shape, dtype and device.
    """
    rng = engine(generator, "rand_like", place(device, input))
    return _like(
        input,
        "rand_like",
        dtype,
        device,
        layout,
        requires_grad,
        memory_format,
        lambda a: _uniform(a, rng, 0.0, 1.0),
    )


@composite()
def randn_like(input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False,
               memory_format=None):  # fmt: skip
    """randn_like(input, *, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor

    randn of input's shape, dtype and device.
    """
    rng = engine(generator, "randn_like", place(device, input))
    return _like(
        input, "randn_like", dtype, device, layout, requires_grad, memory_format, lambda a: _normal(a, rng)
    )


@composite()
def randint_like(input, *args, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
                 pin_memory=False, memory_format=None, **kwargs):  # fmt: skip
    """randint_like(input, low=0, high, *, generator=None, dtype=None, device=None) -> Tensor: randint of input's shape,
    dtype and device."""
    rng = engine(generator, "randint_like", place(device, input))
    low, high, _ = _bounds("randint_like", args, kwargs, ("low", "high"))
    fill = lambda a: _integers(a, rng, low, high)  # noqa: E731
    return _like(input, "randint_like", dtype, device, layout, requires_grad, memory_format, fill)
