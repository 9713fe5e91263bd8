"""Filling tensors with random numbers in place; the gradient of the overwritten values is zero."""

import math

import numpy as np

from .. import _core
from .. import random as generators
from ..random import engine
from .create import zeros_like
from .op import Op
from .random import _double, _dtype, _fill, _integers, _long, _normal, _uniform, _unsupported, place

TensorBase = _core.TensorBase


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
    """An op whose forward draws."""

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
        rng = engine(generator, "uniform_", place(None, input))
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
        rng = engine(generator, "normal_", place(None, input))
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
        rng = engine(generator, "random_", place(None, input))
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
            _fill(x, rng, rng.random)
        return x


class _BernoulliFill(_Fill, name="bernoulli_", methods=("bernoulli_",), mutates=True):
    """x.bernoulli_(p=0.5, *, generator=None) -> x: fills with 1 (with probability p) and 0.

    p: a number, or a float tensor that broadcasts to the shape of x. RuntimeError for p outside [0, 1].
    """

    @staticmethod
    def prepare(input, p=0.5, *, generator=None):
        rng = engine(generator, "bernoulli_", place(None, input))
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
        _fill(x, rng, lambda a: rng.bernoulli(a, p))
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
    order = range(x.ndim) if rng.one_by_one else sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
    probs = np.ascontiguousarray(probs.transpose(order))
    _fill(x.transpose(order), rng, lambda a: rng.bernoulli_probs(a, probs))


class Exponential(_Fill, name="exponential_", methods=("exponential_",), mutates=True):
    """x.exponential_(lambd=1, *, generator=None) -> x: fills with numbers of the density lambd exp(-lambd x), x > 0."""

    @staticmethod
    def prepare(input, lambd=1.0, *, generator=None):
        return input, _double(lambd, "exponential_", "lambd"), engine(generator, "exponential_", place(None, input))

    @staticmethod
    def forward(ctx, x, lambd, rng):
        if not _dtype(x).is_floating_point:
            raise RuntimeError(
                "Exponential distribution is a continuous probability distribution. dtype must be a floating point but "
                f"you specified {_dtype(x).title}"
            )
        if not lambd > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        _fill(x, rng, lambda a: rng.exponential(a, lambd))
        return x


class LogNormal(_Fill, name="log_normal_", methods=("log_normal_",), mutates=True):
    """x.log_normal_(mean=1, std=2, *, generator=None) -> x: fills with exp(y), y normal with that mean and std."""

    @staticmethod
    def prepare(input, mean=1.0, std=2.0, *, generator=None):
        rng = engine(generator, "log_normal_", place(None, input))
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

        _fill(x, rng, draw, np.float64)
        return x


class Cauchy(_Fill, name="cauchy_", methods=("cauchy_",), mutates=True):
    """x.cauchy_(median=0, sigma=1, *, generator=None) -> x: fills with numbers of the density
    sigma / pi / ((x - median)**2 + sigma**2)."""

    @staticmethod
    def prepare(input, median=0.0, sigma=1.0, *, generator=None):
        rng = engine(generator, "cauchy_", place(None, input))
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

        def draw(a):
            rng.uniform(a, 0.0, 1.0)
            with np.errstate(all="ignore"):
                a[...] = median + sigma * np.tan(math.pi * (a - 0.5))

        _fill(x, rng, draw, np.float64)
        return x


class Geometric(_Fill, name="geometric_", methods=("geometric_",), mutates=True):
    """x.geometric_(p, *, generator=None) -> x: fills with the number of the first success of trials that succeed with
    probability p: 1, 2, ... RuntimeError for p outside (0, 1)."""

    @staticmethod
    def prepare(input, p, *, generator=None):
        return input, _double(p, "geometric_", "p"), engine(generator, "geometric_", place(None, input))

    @staticmethod
    def forward(ctx, x, p, rng):
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        if _dtype(x).category not in ("int", "float"):
            raise _unsupported("geometric_cpu", _dtype(x))
        _fill(x, rng, lambda a: rng.geometric(a, p), np.float64)
        return x
