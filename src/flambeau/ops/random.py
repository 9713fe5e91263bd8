"""Random tensors, and filling tensors with random numbers: the CPU stream is PyTorch's, number for number.

A fill draws in the order of memory. Tensors whose elements do not lie in a row are filled through a copy.
"""

import functools
import math
import operator
import warnings

import numpy as np

from .. import _core
from .. import random as generators
from ..dtype import as_dtype, from_numpy_dtype, int64
from ..interpreters import Wrapped
from ..layout import strided
from ..memory_format import order_like
from ..random import engine
from ._args import check_strided, check_tensor, in_face_of
from .create import _finish, _out, ordered, size_of, zeros_like
from .op import Op, composite, whole

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


def _fill(array, draw, dtype=None):
    """Calls draw(a) with a contiguous array `a` for the elements of `array`, of its own dtype or of another one from
    which the values are then converted."""
    if not array.flags.c_contiguous:
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
    _fill(array, lambda a: rng.uniform(a, low, high))


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
        _fill(array, lambda a: rng.serial_normal(a, mean, std), np.float64)


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
    _fill(array, lambda a: rng.randint(a, low if count else 0, count))  # all of int64: the draws as they are


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
    rng = engine(generator, "rand")
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
    rng = engine(generator, "randn")
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
    rng = engine(generator, "randint")
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
    rng = engine(generator, "randperm")
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
    fill = rng.permutation if dtype is int64 else lambda a: _fill(a, rng.permutation, np.int64)
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
    rng = engine(generator, "rand_like")
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
    rng = engine(generator, "randn_like")
    return _like(
        input, "randn_like", dtype, device, layout, requires_grad, memory_format, lambda a: _normal(a, rng)
    )


@composite()
def randint_like(input, *args, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
                 pin_memory=False, memory_format=None, **kwargs):  # fmt: skip
    """randint_like(input, low=0, high, *, generator=None, dtype=None, device=None) -> Tensor: randint of input's shape,
    dtype and device."""
    rng = engine(generator, "randint_like")
    low, high, _ = _bounds("randint_like", args, kwargs, ("low", "high"))
    fill = lambda a: _integers(a, rng, low, high)  # noqa: E731
    return _like(input, "randint_like", dtype, device, layout, requires_grad, memory_format, fill)


# ---- filling in place: the gradient of the overwritten values is zero


def _mirror(array):
    """An array of a device as a NumPy array that lies in memory in the same way."""
    span = array.itemsize + sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True) if n)
    memory = _core.empty_array((span // array.itemsize,), array.dtype)
    host = _core.strided_view(memory, array.shape, array.strides, 0)
    host[...] = _core.backend_for(_core.make(array)).to_host(array)
    return host


def _in_host_memory(forward):
    """`forward` for arrays of any device: those of a GPU are drawn in host memory, and copied."""

    def run(ctx, *args):
        like = next((a for a in args if hasattr(a, "strides") and type(a) is not np.ndarray), None)
        if like is None:
            return forward(ctx, *args)
        host = [_mirror(a) if type(a) is type(like) else a for a in args]
        drawn, backend = forward(ctx, *host), _core.backend_for(_core.make(like))
        if drawn is not host[0]:
            return backend.from_host(drawn, like)
        backend.write(args[0], drawn)
        return args[0]

    return run


def _spread(op, args):
    """The arguments of an op that draws; where vmap draws other numbers for each element of the batch, its result."""
    spread = generators.draws.spread(args[0])
    return args if spread is args[0] else op.apply(spread, *args[1:])


class _Drawn(Op):
    """An op whose forward draws with the CPU's generator."""

    @classmethod
    def _make(cls, public, inplace=False, **options):
        drawing = cls.forward
        cls.forward = staticmethod(_in_host_memory(drawing))
        made = super()._make(public, inplace=inplace, **options)
        cls.forward = staticmethod(drawing)
        return made


class _Fill(_Drawn):
    """An op that overwrites its first argument."""

    @staticmethod
    def backward(ctx, grad):
        return zeros_like(grad)


class Uniform(_Fill, name="uniform_", methods=("uniform_",), mutates=True):
    """x.uniform_(from=0, to=1, *, generator=None) -> x: fills with numbers uniform in [from, to)."""

    @staticmethod
    def prepare(input, *args, generator=None, **kwargs):
        low, high = _from_to("uniform_", args, kwargs, 0.0, 1.0)
        rng = engine(generator, "uniform_")
        return input, _double(low, "uniform_", "from"), _double(high, "uniform_", "to"), rng

    @staticmethod
    def forward(ctx, x, low, high, rng):
        _uniform(x, rng, low, high)
        return x


def _from_to(name, args, kwargs, low, high):
    """The arguments `from` (which Python lets be given by ** only) and `to`."""
    if len(args) > 2:
        raise TypeError(
            f"{name}() takes from 0 to 2 positional arguments (from, to) but {len(args)} were given"
        )
    given = dict(zip(("from", "to"), args, strict=False))
    for key, value in kwargs.items():
        if key not in ("from", "to"):
            raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
        if key in given:
            raise TypeError(f"{name}() got multiple values for argument '{key}'")
        given[key] = value
    return given.get("from", low), given.get("to", high)


class Normal(_Fill, name="normal_", methods=("normal_",), mutates=True):
    """x.normal_(mean=0, std=1, *, generator=None) -> x: fills with normal numbers."""

    @staticmethod
    def prepare(input, mean=0.0, std=1.0, *, generator=None):
        rng = engine(generator, "normal_")
        return input, _double(mean, "normal_", "mean"), _double(std, "normal_", "std"), rng

    @staticmethod
    def forward(ctx, x, mean, std, rng):
        _normal(x, rng, mean, std)
        return x


class Random(_Fill, name="random_", methods=("random_",), mutates=True):
    """x.random_(*, generator=None), x.random_(to), x.random_(from, to) -> x

    Fills with integers from <= x < to, all equally likely. Without bounds: 0 to the largest value of an integer
    dtype, to 2**p of a float dtype that holds p bits exactly. `to` may be None, for the latter with a lower bound.
    """

    @staticmethod
    def prepare(input, *args, generator=None, **kwargs):
        rng = engine(generator, "random_")
        if not args and not kwargs:
            return input, None, None, rng
        if len(args) == 1 and not kwargs:
            args = (0, *args)
        low, high = _from_to("random_", args, kwargs, 0, None)
        if high is None and "to" not in kwargs and len(args) < 2:
            raise TypeError("random_() received an invalid combination of arguments: give (to) or (from, to)")
        return (
            input,
            _long(low, "random_", "from"),
            None if high is None else _long(high, "random_", "to"),
            rng,
        )

    @staticmethod
    def forward(ctx, x, low, high, rng):
        if low is not None:
            _integers(x, rng, low, high)
        elif _dtype(x).is_complex:
            raise _unsupported("random_kernel_cpu", _dtype(x))
        else:
            _fill(x, rng.random)
        return x


class _BernoulliFill(_Fill, name="bernoulli_", methods=("bernoulli_",), mutates=True):
    """x.bernoulli_(p=0.5, *, generator=None) -> x: fills with 1 (with probability p) and 0.

    p: a number, or a float tensor that broadcasts to the shape of x. RuntimeError for p outside [0, 1].
    """

    @staticmethod
    def prepare(input, p=0.5, *, generator=None):
        rng = engine(generator, "bernoulli_")
        return input, p.detach() if isinstance(p, TensorBase) else _double(p, "bernoulli_", "p"), rng

    @staticmethod
    def forward(ctx, x, p, rng):
        _bernoulli(x, p, rng)
        return x


_BernoulliFill.node_type.__name__ = "BernoulliBackward0"


def _bernoulli(x, p, rng):
    dtype = _dtype(x)
    if isinstance(p, float):
        if dtype.is_complex:
            raise _unsupported("bernoulli_scalar_cpu_", dtype)
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        _fill(x, lambda a: rng.bernoulli(a, p))
        return
    p_dtype = _dtype(p)
    if dtype.is_complex:
        raise _unsupported("bernoulli_tensor_cpu_self_", dtype)
    if not p_dtype.is_floating_point:
        raise _unsupported("bernoulli_tensor_cpu_p_", p_dtype)
    probs = p if p.dtype == np.float64 else p.astype(np.float32)
    if not ((probs >= 0) & (probs <= 1)).all():
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false: bernoulli needs probabilities in [0, 1]"
        )
    try:
        probs = np.broadcast_to(probs, x.shape)
    except ValueError:
        raise RuntimeError(
            f"bernoulli_: the probabilities of shape {list(p.shape)} do not broadcast to the tensor of shape "
            f"{list(x.shape)}"
        ) from None
    order = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
    probs = np.ascontiguousarray(probs.transpose(order))
    _fill(x.transpose(order), lambda a: rng.bernoulli_probs(a, probs))


class Exponential(_Fill, name="exponential_", methods=("exponential_",), mutates=True):
    """x.exponential_(lambd=1, *, generator=None) -> x: fills with numbers of the density lambd exp(-lambd x), x > 0."""

    @staticmethod
    def prepare(input, lambd=1.0, *, generator=None):
        return input, _double(lambd, "exponential_", "lambd"), engine(generator, "exponential_")

    @staticmethod
    def forward(ctx, x, lambd, rng):
        if not _dtype(x).is_floating_point:
            raise RuntimeError(
                "Exponential distribution is a continuous probability distribution. dtype must be a floating point but "
                f"you specified {_dtype(x).title}"
            )
        if not lambd > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        _fill(x, lambda a: rng.exponential(a, lambd))
        return x


class LogNormal(_Fill, name="log_normal_", methods=("log_normal_",), mutates=True):
    """x.log_normal_(mean=1, std=2, *, generator=None) -> x: fills with exp(y), y normal with that mean and std."""

    @staticmethod
    def prepare(input, mean=1.0, std=2.0, *, generator=None):
        rng = engine(generator, "log_normal_")
        return input, _double(mean, "log_normal_", "mean"), _double(std, "log_normal_", "std"), rng

    @staticmethod
    def forward(ctx, x, mean, std, rng):
        if not std > 0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        if not _dtype(x).is_floating_point:
            raise _unsupported("log_normal_cpu", _dtype(x))

        def draw(a):
            rng.serial_normal(a, mean, std)
            with np.errstate(all="ignore"):
                np.exp(a, out=a)

        _fill(x, draw, np.float64)
        return x


def _from_uniform(x, rng, transform):
    """Fills x with transform(u), u uniform in [0, 1) in double precision."""

    def draw(a):
        rng.uniform(a, 0.0, 1.0)
        with np.errstate(all="ignore"):
            a[...] = transform(a)

    _fill(x, draw, np.float64)


class Cauchy(_Fill, name="cauchy_", methods=("cauchy_",), mutates=True):
    """x.cauchy_(median=0, sigma=1, *, generator=None) -> x: fills with numbers of the density
    sigma / pi / ((x - median)**2 + sigma**2)."""

    @staticmethod
    def prepare(input, median=0.0, sigma=1.0, *, generator=None):
        rng = engine(generator, "cauchy_")
        return input, _double(median, "cauchy_", "median"), _double(sigma, "cauchy_", "sigma"), rng

    @staticmethod
    def forward(ctx, x, median, sigma, rng):
        if not sigma > 0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
        if not _dtype(x).is_floating_point:
            raise RuntimeError(
                "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you "
                f"specified {_dtype(x).title}"
            )
        _from_uniform(x, rng, lambda u: median + sigma * np.tan(math.pi * (u - 0.5)))
        return x


class Geometric(_Fill, name="geometric_", methods=("geometric_",), mutates=True):
    """x.geometric_(p, *, generator=None) -> x: fills with the number of the first success of trials that succeed with
    probability p: 1, 2, ... RuntimeError for p outside (0, 1)."""

    @staticmethod
    def prepare(input, p, *, generator=None):
        return input, _double(p, "geometric_", "p"), engine(generator, "geometric_")

    @staticmethod
    def forward(ctx, x, p, rng):
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        if _dtype(x).category not in ("int", "float"):
            raise _unsupported("geometric_cpu", _dtype(x))
        _from_uniform(x, rng, lambda u: np.ceil(np.log(u) / math.log1p(-p)))
        return x


# ---- drawing from given distributions


class _NormalFrom(_Drawn, name="_normal"):
    """Normal numbers whose mean or standard deviation are tensors; the gradient of both is zero."""

    @staticmethod
    def forward(ctx, mean, std, rng):
        like = mean if isinstance(mean, np.ndarray) else std
        if isinstance(std, np.ndarray):
            if std.dtype.kind == "c":
                raise RuntimeError("normal expects standard deviation to be non-complex")
            if not (std >= 0).all():
                raise RuntimeError("normal expects all elements of std >= 0.0")
        else:
            _check_std(std)
        dtype = _dtype(like)
        if dtype.category in ("bool", "int"):
            raise _unsupported("normal_kernel_cpu", dtype)
        shape = np.broadcast_shapes(np.shape(mean), np.shape(std))
        out = _core.empty_array(shape, like.dtype)
        if isinstance(std, np.ndarray):
            _normal(out, rng)
            out *= std.astype(out.real.dtype)
        else:
            _normal(out, rng, 0.0, std)
        out += mean if isinstance(mean, float) else mean.astype(out.dtype)
        return out

    @staticmethod
    def backward(ctx, grad):
        return zeros_like(grad), zeros_like(grad)


_NormalFrom.node_type.__name__ = "NormalBackward1"


@composite()
def normal(mean=0.0, std=1.0, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None,
           requires_grad=False, pin_memory=False):  # fmt: skip
    """normal(mean, std, *, generator=None, out=None) -> Tensor, where mean or std or both are tensors, broadcast;
    normal(mean, std, size, *, generator=None, out=None, dtype=None, device=None, requires_grad=False) -> Tensor

    Normal numbers, of the dtype of mean if it is a tensor, else of std. RuntimeError for a negative std.
    """
    rng = engine(generator, "normal")
    tensors = [t for t in (mean, std) if isinstance(t, TensorBase)]
    if size is not None:
        m, s = _double(mean, "normal", "mean"), _double(std, "normal", "std")
        fill = lambda a: _normal(a, rng, m, s)  # noqa: E731
        return _factory("normal", (size,), dtype, device, layout, requires_grad, out, fill)
    if not tensors:
        raise TypeError(
            "normal() received an invalid combination of arguments - got "
            f"({type(mean).__name__}, {type(std).__name__}), but expected a Tensor as mean or std, or a size: "
            "normal(mean, std, size)"
        )
    if len(tensors) == 2:
        _check_broadcast(mean.shape, std.shape)
    mean = mean if isinstance(mean, TensorBase) else _double(mean, "normal", "mean")
    std = std if isinstance(std, TensorBase) else _double(std, "normal", "std")
    if out is None:
        mean, std = (generators.draws.spread(t) if isinstance(t, TensorBase) else t for t in (mean, std))
        return _NormalFrom.apply(mean, std, rng)
    return _NormalFrom.function(mean, std, rng, out=out)


def _check_broadcast(a, b):
    for i in range(1, min(len(a), len(b)) + 1):
        if a[-i] != b[-i] and a[-i] != 1 and b[-i] != 1:
            raise RuntimeError(
                f"The size of tensor a ({a[-i]}) must match the size of tensor b ({b[-i]}) at non-singleton dimension "
                f"{max(len(a), len(b)) - i}"
            )


class Bernoulli(_Fill, name="bernoulli", methods=("bernoulli",)):
    """bernoulli(input, p=None, *, generator=None, out=None) -> Tensor of 1 and 0, of the shape and dtype of input

    1 with the probability that input has at that place, or p where given. RuntimeError for probabilities outside
    [0, 1].
    """

    @staticmethod
    def prepare(input, p=None, *, generator=None):
        p = None if p is None else _double(p, "bernoulli", "p")
        return _spread(Bernoulli, (input, p, engine(generator, "bernoulli")))

    @staticmethod
    def forward(ctx, input, p, rng):
        out = _core.empty_array(input.shape, input.dtype)
        _bernoulli(out, input if p is None else p, rng)
        return out


class Poisson(_Fill, name="poisson"):
    """poisson(input, generator=None) -> Tensor of Poisson numbers whose rates are the elements of input

    RuntimeError for a negative rate or NaN, NotImplementedError for dtypes that are not floating.
    """

    @staticmethod
    def prepare(input, generator=None):
        check_tensor(input, "poisson")
        return _spread(Poisson, (input, engine(generator, "poisson")))

    @staticmethod
    def forward(ctx, input, rng):
        dtype = _dtype(input)
        if not dtype.is_floating_point:
            raise _unsupported("poisson_cpu", dtype)
        with np.errstate(invalid="ignore"):
            valid = (input >= 0).all()
        if not valid:
            raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
        drawn = _core.empty_array(input.shape, np.dtype(np.float64))
        drawn[...] = input
        rng.poisson(drawn)
        return drawn.astype(input.dtype)


@composite("multinomial")
@whole
def multinomial(input, num_samples, replacement=False, *, generator=None, out=None):
    """multinomial(input, num_samples, replacement=False, *, generator=None, out=None) -> int64 Tensor

    Draws num_samples indices from each row of input, (n) or (m, n), with probabilities proportional to its elements;
    the result is (num_samples) or (m, num_samples). Without replacement the k-th largest of p / e, with e exponential,
    is the k-th draw (Efraimidis and Spirakis, 2006). RuntimeError for rows that are no distribution.
    """
    check_tensor(input, "multinomial")
    spread = generators.draws.spread(input) if out is None else input
    if spread is not input:
        return multinomial(spread, num_samples, replacement, generator=generator)
    p, dtype = _array(input.detach().cpu()), input.dtype
    num_samples = _long(num_samples, "multinomial", "num_samples")
    rng = engine(generator, "multinomial")
    if out is not None:
        check_tensor(out, "multinomial", "out", 4)
    if out is not None and out.dtype is not int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype.title}")
    if not 1 <= p.ndim <= 2:
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not dtype.is_floating_point:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {dtype.title}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > p.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    wide = p if dtype.itemsize > 2 else p.astype(np.float32)
    if not (np.isfinite(wide) & (wide >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (wide.sum(-1) > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if replacement and num_samples > 1:
        drawn = _with_replacement(wide, num_samples, rng)
    else:
        noise = _core.empty_array(p.shape, p.dtype)
        rng.exponential(noise, 1.0)
        with np.errstate(all="ignore"):
            keys = p / noise
        drawn = np.argsort(-keys.astype(np.float64), axis=-1, kind="stable")[..., :num_samples]
    drawn = np.ascontiguousarray(drawn, np.int64)
    if out is not None:
        return _out(drawn, out, "multinomial")
    return in_face_of(_finish(drawn, input.device), input)


def _with_replacement(p, num_samples, rng):
    cumulative = np.cumsum(p, axis=-1, dtype=p.dtype)
    cumulative /= cumulative[..., -1:]
    u = _core.empty_array((*p.shape[:-1], num_samples), np.dtype(np.float64))
    rng.uniform(u, 0.0, 1.0)
    if p.ndim == 1:
        return np.searchsorted(cumulative, u)
    return np.stack([np.searchsorted(row, draws) for row, draws in zip(cumulative, u, strict=True)])
