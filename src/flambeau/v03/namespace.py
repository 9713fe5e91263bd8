"""The functions of 0.3's namespace that are no methods: factories, joins, random numbers, questions about objects."""

import functools
import math

import numpy as np

from .. import _core, random, settings
from ..device import CPU
from ..device import device as Device
from ..dtype import from_numpy_dtype
from ..errors import warn_user
from ..ops import FUNCTIONS as TODAYS
from ..ops import METHODS
from ..storage import Storage
from . import signatures, wording
from .construct import is_int, rebuilt, up_to_zero
from .defaults import tensor_class
from .faces import (
    TYPES,
    Distant,
    Variable,
    _array,
    _make,
    _TensorBase,
    called_there,
    compact,
    lifted,
    plain,
    reshaped,
    settled,
    shown_array,
    type_name,
)
from .inplace import register
from .memory import lend
from .methods import FUNCTIONS, stored

_FACES = (Variable, _TensorBase)


class FatalError(RuntimeError):
    """An error after which the state of the library is unknown."""


@functools.cache
def _options(cls):
    return dict(dtype=from_numpy_dtype(cls._dtype), device=Device("cuda") if cls.is_cuda else CPU)


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
    return up_to_zero(f"torch.{name}", sizes)


def _filled(name, summary, value=None):
    todays = TODAYS[name]

    def factory(*sizes, out=None):
        if value is not None and out is None and sizes and 0 not in sizes and not tensor_class().is_cuda:
            made = _core.new_filled(sizes, _default()["dtype"], value)
            if made is not None:
                return _given(name, made, None)
        return _given(name, todays(_sizes(name, sizes), **_default()), out)

    factory.__name__ = factory.__qualname__ = name
    factory.__doc__ = f"{name}(*sizes, out=None) -> Tensor of {summary}, of the type torch.Tensor."
    return factory


def _drawn(name, summary):
    todays = TODAYS[name]

    def factory(*sizes, generator=None, out=None):
        return _given(name, todays(_sizes(name, sizes), generator=generator, **_default()), out)

    factory.__name__ = factory.__qualname__ = name
    factory.__doc__ = f"{name}(*sizes, generator=None, out=None) -> Tensor of {summary}, of the type torch.Tensor."
    return factory


zeros = _filled("zeros", "zeros", 0)
ones = _filled("ones", "ones", 1)
rand = _drawn("rand", "random numbers uniform in [0, 1)")
randn = _drawn("randn", "random numbers from the standard normal distribution")


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
    if n <= 0:
        raise RuntimeError(f"torch.eye: n must be positive, got {n}")
    return _given("eye", TODAYS["eye"](n, m, **_default()), out)


def _progression(name, start, end, step, out):
    """start, start + step, ... as far as end, which belongs to them; computed in double precision."""
    if step == 0:
        raise RuntimeError(f"torch.{name}: step must be a non-null number")
    if (end - start) * step < 0:
        raise RuntimeError(f"torch.{name}: upper bound and larger bound incoherent with step sign")
    return _computed(name, start + np.arange(int((end - start) / step + 1)) * step, out)


def _computed(name, array, out):
    """The elements of an array as a tensor of the type torch.Tensor, or in out=."""
    cls = tensor_class() if out is None else type(out)
    made = plain(_make(array.astype(cls._dtype)))
    return _given(name, made.cuda() if cls.is_cuda else made, out)


def arange(start=0, end=None, step=1, out=None):
    """arange(start=0, end, step=1, out=None) -> Tensor of the numbers from start to end by step.

    end does not belong to them when the step, in floating point, divides the distance exactly; rounding may let it in:
    arange(0, 1, 0.2) has 6 elements.
    """
    start, end = (0, start) if end is None else (start, end)
    if step and math.fmod(end - start, step) == 0:
        end -= step
    return _progression("arange", start, end, step, out)


def range(start, end, step=1, out=None):
    """range(start, end, step=1, out=None) -> Tensor of the numbers from start to end, included, by step. Warns."""
    warn_user(
        "torch.range is deprecated in favor of torch.arange and will be removed in 0.4. Note that arange generates "
        "values in [start; end), not [start; end]."
    )
    return _progression("range", start, end, step, out)


def _spaced(name, start, end, steps, out):
    """start ... end at equal distances, an array of the type of the result. RuntimeError for fewer than 2, but for one
    point that is start and end."""
    if steps < 1 or (steps == 1 and start != end):
        raise RuntimeError(f"torch.{name}: invalid number of points, {steps} from {start} to {end}")
    real = (tensor_class() if out is None else type(out))._dtype.type
    return real(start) + np.arange(steps).astype(real) * (real(end) - real(start)) / real(max(steps - 1, 1))


def linspace(start, end, steps=100, out=None):
    """linspace(start, end, steps=100, out=None) -> Tensor of `steps` numbers from start to end at equal distances."""
    return _computed("linspace", _spaced("linspace", start, end, steps, out), out)


def logspace(start, end, steps=100, out=None):
    """logspace(start, end, steps=100, out=None) -> Tensor of `steps` numbers from 10**start to 10**end at equal
    ratios."""
    return _computed("logspace", 10.0 ** _spaced("logspace", start, end, steps, out).astype(np.float64), out)


def randperm(n, generator=None, out=None):
    """randperm(n, generator=None, out=None) -> LongTensor of 0 ... n-1 in random order. n must be positive."""
    if n <= 0:
        raise RuntimeError(f"torch.randperm: n must be positive, got {n}")
    return _given("randperm", TODAYS["randperm"](n, generator=generator), out)


_BY_DTYPE = {cls._dtype: cls for cls in TYPES.values()}


def from_numpy(ndarray):
    """from_numpy(ndarray) -> Tensor over the memory of an array, of the type of its elements.

    RuntimeError for element types that 0.3 had not, negative strides and sizes with a zero.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    cls = _BY_DTYPE.get(ndarray.dtype)
    if cls is None:
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
    if not ndarray.flags.c_contiguous and any(s % ndarray.itemsize for s in ndarray.strides):
        raise RuntimeError("from_numpy: the strides of the array are no multiples of the size of an element; copy it")
    return lend(rebuilt(cls, ndarray.reshape(1) if ndarray.ndim == 0 else ndarray))


# ---- joins


def _parts(name, sequence):
    """The tensors of a sequence, all plain ones of one type or all Variables."""
    parts = list(sequence) if isinstance(sequence, (tuple, list)) else []
    kinds = {Variable if isinstance(p, Variable) else type(p) for p in parts}
    if Variable in kinds and len(kinds) > 1:
        i = next(i for i, p in enumerate(parts) if not isinstance(p, Variable))
        raise TypeError(f"expected Variable as element {i} in argument 0, but got {type(parts[i]).__name__}")
    if len(kinds) != 1 or not isinstance(parts[0], _FACES):
        first = next((type_name(type(p)) for p in parts if isinstance(p, _TensorBase)), "torch.FloatTensor")
        raise TypeError(
            f"torch.{name} received an invalid combination of arguments - got ({type(sequence).__name__}, int), but "
            f"expected one of:\n * (sequence[{first}] seq)\n * (sequence[{first}] seq, int dim)"
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


def _joined(name, parts, dim):
    """The tensors joined by today's cat or stack, with 0.3's errors: a stack was a cat of unsqueezed tensors."""
    try:
        return TODAYS[name](parts, dim)
    except (RuntimeError, IndexError) as error:
        if name == "stack" and len({_array(p).shape for p in parts}) > 1:
            return _joined("cat", [METHODS["unsqueeze"](p, dim) for p in parts], dim)
        raise wording.said(error, name, parts) from None


def cat(seq=None, dim=0, out=None, tensors=None):
    """cat(seq, dim=0, out=None) -> Tensor: the tensors one after the other along dim. Empty ones do not count. (Of
    Variables the first argument is also named `tensors`.)"""
    parts = _parts("cat", tensors if seq is None else seq)
    full = [p for p in parts if _array(p).size]
    result = compact(settled(_joined("cat", full, dim))) if full else parts[0].clone()
    return result if out is None else stored(result, out, "torch.cat")


def stack(sequence, dim=0, out=None):
    """stack(sequence, dim=0, out=None) -> Tensor: tensors of one size along a new dim. ValueError for none."""
    if isinstance(sequence, (tuple, list)) and not sequence:
        raise ValueError("stack expects a non-empty sequence of tensors")
    result = compact(settled(_joined("stack", _parts("stack", sequence), dim)))
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


def normal(means=0.0, std=1.0, generator=None, out=None, mean=0.0):
    """normal(means, std=1.0), normal(mean=0.0, std), generator=None, out=None -> Tensor of random numbers from normal
    distributions with the means and standard deviations of tensors, one by one: of one size, or as many elements."""
    means = means if isinstance(means, (*_FACES, Distant)) else means or mean
    if not isinstance(means, _FACES) and not isinstance(std, _FACES):
        raise TypeError("torch.normal: means or std must be a tensor")
    if isinstance(means, _FACES) and isinstance(std, _FACES):
        if means.numel() != std.numel():
            raise RuntimeError(f"torch.normal: means of size {means.size()} need as many std, not of size {std.size()}")
        std = reshaped(std, _array(means).shape)
    result = settled(TODAYS["normal"](means, std, generator=generator))
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


def manual_seed(seed):
    """manual_seed(seed) -> default_generator, whose stream begins at seed; so do those of the GPUs."""
    random.manual_seed(seed)
    return default_generator


def get_rng_state():
    """get_rng_state() -> ByteTensor: the state of the generator of random numbers."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """set_rng_state(new_state): puts the generator of random numbers into a state."""
    random.set_rng_state(new_state)


# ---- questions about objects


def is_tensor(obj):
    """is_tensor(obj) -> bool: whether obj is a plain tensor; a Variable is none."""
    return isinstance(obj, _TensorBase) or (isinstance(obj, Distant) and obj._kind == "tensor")


def is_storage(obj):
    """is_storage(obj) -> bool: whether obj is a storage."""
    return isinstance(obj, Storage) or (isinstance(obj, Distant) and obj._kind == "storage")


def numel(input):
    """numel(input) -> number of elements."""
    if not isinstance(input, _FACES):
        raise TypeError(f"torch.numel: expected a tensor, got {type(input).__name__}")
    return input.numel()


def zero(input):
    """zero(input) -> input, filled with zeros in place."""
    return input.zero_()


def index(self, indices):
    """x.index(indices) -> x[indices]"""
    return self[indices]


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
    function.__module__ = __package__
    function.__doc__ = TODAYS[name].__doc__
    return function


def btriunpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """btriunpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True) -> (P, L, U) of what btrifact gave."""
    return register(settled(TODAYS["btriunpack"](LU_data, LU_pivots, unpack_data, unpack_pivots)))


def _or_there(function):
    """The function, which for tensors of another process is called there."""

    @functools.wraps(function)
    def called(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            refusal = error
        if there := called_there(function.__name__, args, kwargs):
            return there[0]
        raise refusal

    called.__module__ = __package__  # where pickle finds it
    return called


FUNCTIONS.update(
    {
        f.__name__: f
        for f in (zeros, ones, rand, randn, eye, arange, range, linspace, logspace, randperm, from_numpy, get_rng_state,
                  set_rng_state, is_tensor, is_storage, typename, zero)
    },
    **{f.__name__: _or_there(f) for f in (zeros_like, ones_like, cat, stack, pow, normal, btriunpack, numel)},
    **{name: _sparse(name) for name in ("dsmm", "hsmm", "saddmm", "smm", "spmm", "sspaddmm")},
)  # fmt: skip
Variable.cat = cat_of_variables
Variable.index = _TensorBase.index = index
