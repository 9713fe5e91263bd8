"""The functions of 0.3's namespace that are no methods: factories, joins, random numbers, questions about objects."""

import functools

import numpy as np

from .. import _core, random, settings
from ..dtype import from_numpy_dtype
from ..errors import warn_user
from ..ops import FUNCTIONS as TODAYS
from ..ops import METHODS
from ..storage import Storage
from . import signatures
from .construct import is_int, rebuilt
from .defaults import tensor_class
from .faces import (
    _CPU,
    TYPES,
    Variable,
    _array,
    _make,
    _TensorBase,
    compact,
    lifted,
    plain,
    settled,
    shown_array,
    type_name,
)
from .inplace import register
from .methods import FUNCTIONS, stored

_FACES = (Variable, _TensorBase)


class FatalError(RuntimeError):
    """An error after which the state of the library is unknown."""


@functools.cache
def _options(cls):
    return dict(dtype=from_numpy_dtype(cls._dtype), device="cuda" if cls.is_cuda else "cpu")


def _default():
    """dtype and device of torch.Tensor, as today's factories take them."""
    return _options(tensor_class())


def _given(name, result, out):
    """The result of one of today's factories as a plain tensor, or in the tensor of out=, converted to its type."""
    if out is None:
        return _make(shown_array(result), _TensorBase)
    if not isinstance(out, _TensorBase):
        raise TypeError(f"torch.{name}: out= must be a tensor, got {type(out).__name__}")
    return stored(plain(METHODS["to"](result, from_numpy_dtype(out._dtype))), out, f"torch.{name}")


def _sizes(name, sizes):
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list, Storage)):
        sizes = tuple(sizes[0])
    if not sizes or not all(is_int(s) for s in sizes):
        raise TypeError(
            f"torch.{name} received an invalid combination of arguments - got {signatures.got(sizes, {})}, but "
            "expected one of:\n * (int ... size)\n * (torch.Size size)"
        )
    if min(sizes) < 0:
        raise RuntimeError(f"torch.{name}: sizes must not be negative, got {tuple(sizes)}")
    return tuple(int(s) for s in sizes)


def _filled(name, summary, value=None):
    todays = TODAYS[name]

    def factory(*sizes, out=None):
        if value is not None and out is None and sizes and not tensor_class().is_cuda:
            made = _core.new_filled(sizes, _default()["dtype"], value)
            if made is not None:
                return _given(name, made, None)
        return _given(name, todays(_sizes(name, sizes), **_default()), out)

    factory.__name__ = factory.__qualname__ = name
    factory.__doc__ = f"{name}(*sizes, out=None) -> Tensor of {summary}, of the type torch.Tensor."
    return factory


zeros = _filled("zeros", "zeros", 0)
ones = _filled("ones", "ones", 1)
rand = _filled("rand", "random numbers uniform in [0, 1)")
randn = _filled("randn", "random numbers from the standard normal distribution")


def _like(name):
    def factory(input, out=None):
        if not isinstance(input, _FACES):
            raise TypeError(f"torch.{name}: expected a tensor or Variable, got {type(input).__name__}")
        made = compact(_make(_array(TODAYS[name](lifted(input))), type(input)._face or type(input)))
        return made if out is None else stored(made, out, f"torch.{name}")

    factory.__name__ = factory.__qualname__ = name
    factory.__doc__ = f"{name}(input, out=None) -> {name.split('_')[0]} of the size and type of input."
    return factory


zeros_like, ones_like = _like("zeros_like"), _like("ones_like")


def eye(n, m=None, out=None):
    """eye(n, m=None, out=None) -> Tensor (n, m) with ones on the diagonal and zeros elsewhere."""
    return _given("eye", TODAYS["eye"](n, m, **_default()), out)


def arange(start=0, end=None, step=1, out=None):
    """arange(start=0, end, step=1, out=None) -> Tensor of the numbers from start to end (not included) by step."""
    start, end = (0, start) if end is None else (start, end)
    _check_progression("arange", start, end, step)
    return _given("arange", TODAYS["arange"](start, end, step, **_default()), out)


def range(start, end, step=1, out=None):
    """range(start, end, step=1, out=None) -> Tensor of the numbers from start to end, included, by step. Warns."""
    warn_user(
        "torch.range is deprecated in favor of torch.arange and will be removed in 0.4. Note that arange generates "
        "values in [start; end), not [start; end]."
    )
    _check_progression("range", start, end, step)
    count = int(np.floor((end - start) / step)) + 1
    return _given("range", TODAYS["arange"](count, **_default()) * step + start, out)


def _check_progression(name, start, end, step):
    if step == 0:
        raise RuntimeError(f"torch.{name}: step must be a non-null number")
    if (end - start) * step < 0:
        raise RuntimeError(f"torch.{name}: upper bound and larger bound inconsistent with step sign")


def linspace(start, end, steps=100, out=None):
    """linspace(start, end, steps=100, out=None) -> Tensor of `steps` numbers from start to end at equal distances."""
    return _given("linspace", TODAYS["linspace"](start, end, steps, **_default()), out)


def logspace(start, end, steps=100, out=None):
    """logspace(start, end, steps=100, out=None) -> Tensor of `steps` numbers from 10**start to 10**end at equal
    ratios."""
    return _given("logspace", TODAYS["logspace"](start, end, steps, **_default()), out)


def randperm(n, out=None):
    """randperm(n, out=None) -> LongTensor of 0 ... n-1 in random order."""
    return _given("randperm", TODAYS["randperm"](n), out)


def from_numpy(ndarray):
    """from_numpy(ndarray) -> Tensor over the memory of an array, of the type of its elements.

    RuntimeError for element types that 0.3 had not, negative strides and sizes with a zero.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    cls = _CPU.get(ndarray.dtype.str[1:]) if ndarray.dtype.isnative else None
    if cls not in TYPES.values():
        raise RuntimeError(
            "can't convert a given np.ndarray to a tensor - it has an invalid type. The only supported types are: "
            "double, float, float16, int64, int32, int16, int8 and uint8."
        )
    if min(ndarray.strides, default=0) < 0:
        raise RuntimeError(
            "some of the strides of a given numpy array are negative. This is currently not supported; copy it"
        )
    if ndarray.ndim != 1 and not ndarray.size:
        raise RuntimeError(f"from_numpy: sizes of zero are not supported, got {ndarray.shape}")
    if any(s % ndarray.itemsize for s in ndarray.strides):
        raise RuntimeError("from_numpy: the strides of the array are no multiples of the size of an element; copy it")
    return rebuilt(cls, ndarray.reshape(1) if ndarray.ndim == 0 else ndarray)


# ---- joins


def _parts(name, sequence):
    """The tensors of a sequence, all plain ones of one type or all Variables."""
    parts = list(sequence) if isinstance(sequence, (tuple, list)) else []
    kinds = {Variable if isinstance(p, Variable) else type(p) for p in parts}
    if len(kinds) != 1 or not isinstance(parts[0], _FACES):
        got = signatures.got(tuple(parts), {}) if parts else type(sequence).__name__
        raise TypeError(
            f"{name} received an invalid combination of arguments - got {got}, but expected tensors of one type"
        )
    if isinstance(parts[0], Variable):
        dtype = shown_array(parts[0]).dtype
        for p in parts:
            if _array(p).dtype != dtype and shown_array(p).dtype != dtype:
                want, have = type_name(type(parts[0].data)), type_name(type(p.data))
                raise RuntimeError(
                    f"{name}: Expected object of type Variable[{want}] but found type Variable[{have}]"
                )
    return [lifted(p) for p in parts]


def cat(seq, dim=0, out=None):
    """cat(seq, dim=0, out=None) -> Tensor: the tensors one after the other along dim. Empty ones do not count."""
    parts = _parts("cat", seq)
    full = [p for p in parts if _array(p).size]
    result = compact(settled(TODAYS["cat"](full, dim))) if full else parts[0].clone()
    return result if out is None else stored(result, out, "torch.cat")


def stack(sequence, dim=0, out=None):
    """stack(sequence, dim=0, out=None) -> Tensor: tensors of one size along a new dim."""
    result = compact(settled(TODAYS["stack"](_parts("stack", sequence), dim)))
    return result if out is None else stored(result, out, "torch.stack")


def cat_of_variables(self, *arguments):
    """v.cat(variables, dim=0): the function as a method; self counts when the variables are not given first."""
    if arguments and isinstance(arguments[0], (tuple, list)):
        return cat(*arguments)
    return cat([self], *arguments)


def pow(input, exponent, out=None):
    """pow(input, exponent, out=None), pow(number, exponent tensor) -> Tensor: input to the power of exponent."""
    if isinstance(input, _FACES):
        result = input.pow(exponent)
    else:
        result = input**exponent
    return result if out is None else stored(result, out, "torch.pow")


def normal(means=0.0, std=1.0, out=None):
    """normal(means, std=1.0), normal(mean=0.0, std), out=None -> Tensor of random numbers from normal distributions
    with the means and standard deviations of tensors, one by one."""
    if not isinstance(means, _FACES) and not isinstance(std, _FACES):
        raise TypeError("torch.normal: means or std must be a tensor")
    result = settled(TODAYS["normal"](means, std))
    return result if out is None else stored(result, out, "torch.normal")


# ---- random numbers


class Generator(random.Generator):
    """Generator(): a stream of random numbers of its own, for the `generator` argument."""

    def __init__(self, device="cpu"):
        super().__init__(device)
        if self._engine.stream == "today":
            self._engine.stream = "0.3"

    def get_state(self):
        """get_state() -> ByteTensor: where the stream is."""
        return plain(super().get_state())


default_generator = Generator()
default_generator.__dict__ = random.default_generator.__dict__  # the same stream


def get_rng_state():
    """get_rng_state() -> ByteTensor: the state of the generator of random numbers."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """set_rng_state(new_state): puts the generator of random numbers into a state."""
    random.set_rng_state(new_state)


# ---- questions about objects


def is_tensor(obj):
    """is_tensor(obj) -> bool: whether obj is a plain tensor; a Variable is none."""
    return isinstance(obj, _TensorBase)


def numel(input):
    """numel(input) -> number of elements."""
    if not isinstance(input, _FACES):
        raise TypeError(f"torch.numel: expected a tensor, got {type(input).__name__}")
    return input.numel()


def typename(obj):
    """typename(obj) -> str: the type of a tensor or storage, or the class of another object, with its module."""
    if isinstance(obj, _TensorBase):
        return obj.type()
    if isinstance(obj, Storage):
        return settings.typename(obj)
    cls = obj if isinstance(obj, type) else type(obj)
    return cls.__name__ if cls.__module__ == "builtins" else type_name(cls)


def _sparse(name):
    def function(*args):
        from .sparse import call

        factors = [a for a in args if not isinstance(a, _FACES)]
        return call(name, *[a for a in args if isinstance(a, _FACES)][:1], *factors, *args[len(factors) + 1 :])

    function.__name__ = function.__qualname__ = name
    function.__doc__ = TODAYS[name].__doc__
    return function


def btriunpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """btriunpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True) -> (P, L, U) of what btrifact gave."""
    return register(settled(TODAYS["btriunpack"](LU_data, LU_pivots, unpack_data, unpack_pivots)))


FUNCTIONS.update(
    {
        f.__name__: f
        for f in (zeros, ones, rand, randn, zeros_like, ones_like, eye, arange, range, linspace, logspace, randperm,
                  from_numpy, cat, stack, pow, normal, btriunpack, get_rng_state, set_rng_state, is_tensor, numel,
                  typename)
    },
    **{name: _sparse(name) for name in ("dsmm", "hsmm", "saddmm", "smm", "spmm", "sspaddmm")},
)  # fmt: skip
Variable.cat = cat_of_variables
