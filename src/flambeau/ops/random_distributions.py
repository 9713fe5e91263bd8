"""Random numbers whose parameters are tensors: normal, Bernoulli, Poisson, binomial, multinomial, gamma, Dirichlet.

Of the last two the numbers are differentiated by the parameters; all others have zero gradients, or none.
"""

import numpy as np

from .. import _core
from .. import random as generators
from ..device import CPU
from ..dtype import finfo, from_numpy_dtype, int64
from ..random import engine
from ._args import check_tensor, in_face_of
from .create import _finish, _out, zeros_like
from .op import FUNCTIONS, Binary, Op, check_kind, composite, whole
from .random import _check_std, _double, _dtype, _factory, _long, _normal, _unsupported, place
from .random_fill import _bernoulli, _Drawn, _Fill, _in_host_memory, _spread

_array, TensorBase = _core.array_of, _core.TensorBase


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
    tensors = [t for t in (mean, std) if isinstance(t, TensorBase)]
    rng = engine(generator, "normal", _device_of_all(tensors) if size is None else place(device, out))
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


def _device_of_all(tensors):
    """The device of tensors, of which those without dimensions may be on the CPU."""
    devices = {t.device for t in tensors}
    return next((d for d in devices if d.type != "cpu"), CPU)


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
        return _spread(Bernoulli, (input, p, engine(generator, "bernoulli", place(None, input))))

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
        return _spread(Poisson, (input, engine(generator, "poisson", place(None, input))))

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
    is the k-th draw (Efraimidis and Spirakis, 2006); in the streams of 0.3 and before, draws are taken out of an urn.
    RuntimeError for rows that are no distribution.
    """
    check_tensor(input, "multinomial")
    spread = generators.draws.spread(input) if out is None else input
    if spread is not input:
        return multinomial(spread, num_samples, replacement, generator=generator)
    p, dtype = _array(input.detach().cpu()), input.dtype
    num_samples = _long(num_samples, "multinomial", "num_samples")
    rng = engine(generator, "multinomial", place(None, input))
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
    if rng.one_by_one:
        drawn = _from_urn(wide, num_samples, replacement, rng)
    elif replacement and num_samples > 1:
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


def _from_urn(p, num_samples, replacement, rng):
    rows = np.ascontiguousarray(np.atleast_2d(p))
    drawn = _core.empty_array((len(rows), num_samples), np.dtype(np.int64))
    rng.th_multinomial(rows, drawn, replacement)
    return drawn.reshape(*p.shape[:-1], num_samples)


def _with_replacement(p, num_samples, rng):
    cumulative = np.cumsum(p, axis=-1, dtype=p.dtype)
    cumulative /= cumulative[..., -1:]
    u = _core.empty_array((*p.shape[:-1], num_samples), np.dtype(np.float64))
    rng.uniform(u, 0.0, 1.0)
    if p.ndim == 1:
        return np.searchsorted(cumulative, u)
    return np.stack([np.searchsorted(row, draws) for row, draws in zip(cumulative, u, strict=True)])


class Binomial(_Drawn, name="binomial"):
    """binomial(count, prob, generator=None) -> Tensor: successes of `count` trials of probability `prob`, elementwise

    count and prob: floating, of one dtype, broadcast. Counts are rounded down, negative ones are 0, and probabilities
    beyond 0 and 1 count as those; NaN gives NaN. The gradient of both is zero. ValueError for dtypes that are not
    floating.
    """

    @staticmethod
    def prepare(count, prob, generator=None):
        check_tensor(count, "binomial", "count", 1)
        check_tensor(prob, "binomial", "prob", 2)
        for t, what in ((count, "count"), (prob, "prob")):
            if not t.is_floating_point():
                raise ValueError(f"binomial only supports floating-point dtypes for {what}, got: {t.dtype.title}")
        if count.dtype is not prob.dtype:
            raise RuntimeError(f"Found dtype {prob.dtype.title} but expected {count.dtype.title}")
        _core.broadcast_shapes(count.shape, prob.shape)
        args = count, prob, engine(generator, "binomial", count.device)
        spread = generators.draws.spread(count)
        return args if spread is count else Binomial.apply(spread, *args[1:])

    @staticmethod
    def forward(ctx, count, prob, rng):
        wide = np.float64 if count.dtype == np.float64 else np.float32
        counts = _core.empty_array(np.broadcast_shapes(count.shape, prob.shape), np.dtype(wide))
        counts[...] = count
        rng.binomial(counts, np.ascontiguousarray(np.broadcast_to(prob, counts.shape), wide))
        return counts.astype(count.dtype, copy=False)

    @staticmethod
    def backward(ctx, grad):
        return zeros_like(grad), zeros_like(grad)


class StandardGamma(Op, name="_standard_gamma"):
    """_standard_gamma(input, generator=None) -> Tensor of gamma numbers of rate 1 with the elements of input as shapes

    input: floating, >= 0. The numbers are at least the smallest positive one of the dtype. Their gradient is the
    implicit reparameterisation: how the number of a fixed probability moves with the shape.
    """

    @staticmethod
    def prepare(input, generator=None):
        check_tensor(input, "_standard_gamma")
        return _spread(StandardGamma, (input, engine(generator, "_standard_gamma", place(None, input))))

    @staticmethod
    def forward(ctx, input, rng):
        out = _gamma(ctx, input, rng)
        ctx.save_for_backward(input, out)
        return out

    @staticmethod
    def backward(ctx, grad):
        return grad * StandardGammaGrad.function(*ctx.saved)


def _gamma_numbers(shapes, rng, name, dtype):
    """Gamma numbers of rate 1; `dtype`, in which the shapes are taken, is float32 or float64."""
    if not _dtype(shapes).is_floating_point:
        raise _unsupported(name, _dtype(shapes))
    if not (shapes >= 0).all():
        raise RuntimeError(f"{name}: expected all shapes (concentrations) to be >= 0")
    drawn = _core.empty_array(shapes.shape, np.dtype(dtype))
    drawn[...] = shapes
    rng.gamma(drawn)
    return drawn


def _positive(drawn, dtype):
    """Drawn numbers in the dtype of the result, none below its smallest positive number."""
    return np.maximum(drawn, finfo(from_numpy_dtype(dtype)).tiny).astype(dtype)


@_in_host_memory
def _gamma(ctx, shapes, rng):
    wide = np.float64 if shapes.dtype == np.float64 else np.float32
    return _positive(_gamma_numbers(shapes, rng, "gamma_cpu", wide), shapes.dtype)


@_in_host_memory
def _dirichlet(ctx, concentration, rng):
    drawn = _gamma_numbers(concentration, rng, "dirichlet", np.float64)
    with np.errstate(all="ignore"):
        return _positive(drawn / drawn.sum(-1, keepdims=True), concentration.dtype)


class StandardGammaGrad(Binary, name="_standard_gamma_grad", kernel="standard_gamma_grad", kinds="f"):
    """_standard_gamma_grad(input, output) -> Tensor: the derivatives of gamma numbers `output` by their shapes `input`.

    Of rate 1, at a fixed probability. RuntimeError when it is itself differentiated.
    """

    @staticmethod
    def backward(ctx, grad):
        raise _no_second_derivative("_standard_gamma_grad")


def _no_second_derivative(name):
    """The error where PyTorch does not differentiate either."""
    return NotImplementedError(f"the derivative for '{name}' is not implemented.")


class SampleDirichlet(Op, name="_sample_dirichlet"):
    """_sample_dirichlet(input, generator=None) -> Tensor: points of the simplex in the last dimension, Dirichlet
    distributed with the concentrations input > 0.

    The gradient is the implicit reparameterisation of one coordinate against the sum of the others.
    """

    @staticmethod
    def prepare(input, generator=None):
        check_tensor(input, "_sample_dirichlet")
        return _spread(SampleDirichlet, (input, engine(generator, "_sample_dirichlet", place(None, input))))

    @staticmethod
    def forward(ctx, input, rng):
        out = _dirichlet(ctx, input, rng)
        ctx.save_for_backward(input, out)
        return out

    @staticmethod
    def backward(ctx, grad):
        concentration, x = ctx.saved
        slope = DirichletGrad.function(x, concentration, concentration.sum(-1, True).expand_as(concentration))
        return slope * (grad - (x * grad).sum(-1, True))


class DirichletGrad(Op, name="_dirichlet_grad"):
    """_dirichlet_grad(x, alpha, total) -> Tensor: the derivatives of numbers x of Beta(alpha, total - alpha) by alpha
    at a fixed second parameter, over 1 - x. Tensors of one floating dtype, broadcast."""

    @staticmethod
    def prepare(x, alpha, total):
        for position, (argument, t) in enumerate((("x", x), ("alpha", alpha), ("total", total)), 1):
            check_tensor(t, "_dirichlet_grad", argument, position)
            check_kind("_dirichlet_grad", _core.array_of(t), "f")
            if t.dtype is not x.dtype:
                raise RuntimeError(f"_dirichlet_grad: expected tensors of one dtype, got {x.dtype} and {t.dtype}")
        return x, alpha, total

    @staticmethod
    def forward(ctx, x, alpha, total):
        return ctx.k.dirichlet_grad(x, alpha, total)

    @staticmethod
    def backward(ctx, grad):
        raise _no_second_derivative("_dirichlet_grad")


# Programs call these of PyTorch's private functions.
for _op in (StandardGamma, StandardGammaGrad, SampleDirichlet, DirichletGrad):
    FUNCTIONS[_op.name] = _op.function
