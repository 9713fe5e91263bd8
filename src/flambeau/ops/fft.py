"""Discrete Fourier transforms: what `flambeau.fft` exports.

Three ops, of which all transforms are made: complex to complex, real to half of the complex spectrum, and back.
`norm` says which direction is scaled: "backward" (the default) the inverse by 1 / N, "forward" the forward one by
1 / N, "ortho" both by 1 / sqrt(N). float32 in gives complex64 out; ints are transformed in the default dtype.
"""

import math
import operator

from .. import _core
from ..dtype import as_dtype, float64, get_default_dtype
from ._args import check_int, check_number, check_strided, check_tensor, normalize_dim
from .autocast import install
from .op import FUNCTIONS, Op
from .pad import ConstantPadNd
from .pointwise import Conj, conj


def _crop_or_pad(x, dims, sizes):
    """x with its dims of the given sizes: cut at the end, or filled up with zeros."""
    extra = [0] * x.ndim
    for d, n in zip(dims, sizes, strict=True):
        extra[d] = n - x.shape[d]
    return ConstantPadNd.apply(x, (0,) * x.ndim, tuple(extra), 0) if any(extra) else x


class FftC2C(Op, name="_c2c", namespace="fft", tangent="linear"):
    """fft_c2c(input, dims, scale, forward): the transform of a complex tensor."""

    @staticmethod
    def forward(ctx, input, dims, scale, forward):
        ctx.options = dims, scale, not forward
        return ctx.k.fft_c2c(input, dims, scale, forward)

    @staticmethod
    def backward(ctx, grad):
        return FftC2C.apply(grad, *ctx.options)


class FftR2C(Op, name="_r2c", namespace="fft", tangent="linear"):
    """fft_r2c(input, dims, scale): the forward transform of a real tensor, half of the last of the dims."""

    @staticmethod
    def forward(ctx, input, dims, scale):
        ctx.options = dims, scale, input.shape[dims[-1]]
        return ctx.k.fft_r2c(input, dims, scale)

    @staticmethod
    def backward(ctx, grad):
        dims, scale, n = ctx.options
        return FftC2C.apply(_crop_or_pad(grad, dims[-1:], [n]), dims, scale, False).real


class FftC2R(Op, name="_c2r", namespace="fft", tangent="linear"):
    """fft_c2r(input, dims, scale, n): the inverse transform of half a spectrum; n: the size of the last dim."""

    @staticmethod
    def forward(ctx, input, dims, scale, n):
        ctx.options = dims, scale, n
        return ctx.k.fft_c2r(input, dims, scale, n)

    @staticmethod
    def backward(ctx, grad):
        dims, scale, n = ctx.options
        spectrum = FftR2C.apply(grad, dims, scale)
        twice = (n - 1) // 2  # so many frequencies stand for two of the full spectrum
        if not twice:
            return spectrum
        first = spectrum.narrow(dims[-1], 0, 1)
        mirrored = spectrum.narrow(dims[-1], 1, twice) * 2
        rest = spectrum.narrow(dims[-1], 1 + twice, spectrum.shape[dims[-1]] - 1 - twice)
        return FUNCTIONS["cat"]([first, mirrored, rest], dims[-1])


# ---- arguments


def _scale(norm, forward, sizes):
    """The factor of a transform of the given sizes."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    total = math.prod(sizes)
    if norm == "ortho":
        return 1 / math.sqrt(total)
    return 1 / total if (norm == "forward") == forward else 1.0


def _check_sizes(sizes):
    for n in sizes:
        if n < 1:
            raise RuntimeError(f"Invalid number of data points ({n}) specified")


def _promoted(name, input, real=False, to_complex=False):
    """input as a float or complex tensor; RuntimeError for half precision and, when it must be real, for complex."""
    check_tensor(input, f"fft_{name}")
    if real and input.is_complex():
        kind = "real-valued" if name == "rfftn" else "real"
        raise RuntimeError(f"{name} expects a {kind} input tensor, but got {input.dtype.title}")
    if not (input.is_floating_point() or input.is_complex()):
        input = input.to(get_default_dtype())
    if input.dtype.name in ("float16", "bfloat16"):
        raise RuntimeError(
            f"Unsupported dtype {input.dtype.title}: {name} takes float32, float64 and complex tensors"
        )
    return input.to(input.dtype.to_complex()) if to_complex and not input.is_complex() else input


def _one(name, input, n, dim):
    """dim counted from the front, as a tuple, and the size to transform (None: as it is)."""
    n = None if n is None else check_int(n, f"fft_{name}", "n", 2)
    dim = check_int(dim, f"fft_{name}", "dim", 3)
    _check_has_dims(input, dim)
    return (normalize_dim(dim, input.ndim),), n


def _check_has_dims(input, dim):
    if input.ndim == 0:
        raise IndexError(f"Dimension specified as {operator.index(dim)} but tensor has no dimensions")


def _many(input, s, dim):
    """The dims, their sizes (-1 in `s`: as they are) and whether the last is given, for transforms of several dims."""
    if s is not None:
        s = [operator.index(n) for n in (s if isinstance(s, (tuple, list)) else (s,))]
    if dim is not None:
        dim = dim if isinstance(dim, (tuple, list)) else (dim,)
        for d in dim:
            _check_has_dims(input, d)
        dims = tuple([normalize_dim(d, input.ndim) for d in dim])
        if len(set(dims)) != len(dims):
            raise RuntimeError("FFT dims must be unique")
        if s is not None and len(s) != len(dims):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
    elif s is not None:
        if len(s) > input.ndim:
            raise RuntimeError(
                f"Got shape with {len(s)} values but input tensor only has {input.ndim} dimensions."
            )
        dims = tuple(range(input.ndim - len(s), input.ndim))
    else:
        dims = tuple(range(input.ndim))
    sizes = [input.shape[d] if s is None or s[i] == -1 else s[i] for i, d in enumerate(dims)]
    return dims, sizes, bool(s) and s[-1] != -1


def _check_out(name, out, category):
    if isinstance(out, _core.TensorBase) and out.dtype.category != category:
        kind = "complex" if category == "complex" else "floating point"
        raise RuntimeError(f"{name} expects a {kind} output tensor, but got {out.dtype.title}")


# ---- one dimension


def _complex(name, input, n, dim, norm, forward, out):
    input = _promoted(name, input, to_complex=True)
    dims, n = _one(name, input, n, dim)
    sizes = [input.shape[dims[0]] if n is None else n]
    return _run_complex(name, input, dims, sizes, norm, forward, out)


def _run_complex(name, input, dims, sizes, norm, forward, out):
    _check_sizes(sizes)
    scale = _scale(norm, forward, sizes)
    _check_out(name, out, "complex")
    return FftC2C.function(_crop_or_pad(input, dims, sizes), dims, scale, forward, out=out)


def _run_half(name, input, dims, sizes, norm, forward, out):
    """Real to half a spectrum; the inverse one is its conjugate."""
    _check_sizes(sizes)
    scale = _scale(norm, forward, sizes)
    _check_out(name, out, "complex")
    if input.is_complex():
        raise RuntimeError(f"Only supports floating-point dtypes, but found: {input.dtype.title}")
    input = _crop_or_pad(input, dims, sizes)
    if forward:
        return FftR2C.function(input, dims, scale, out=out)
    return Conj.function(FftR2C.function(input, dims, scale), out=out)


def _run_real(name, input, dims, sizes, norm, forward, out):
    """Half a spectrum to real: `sizes` are those of the result."""
    _check_sizes(sizes)
    scale = _scale(norm, forward, sizes)
    _check_out(name, out, "float")
    input = _crop_or_pad(input, dims, [*sizes[:-1], sizes[-1] // 2 + 1])
    return FftC2R.function(conj(input) if forward else input, dims, scale, sizes[-1], out=out)


def fft(input, n=None, dim=-1, norm=None, *, out=None):
    """fft(input, n=None, dim=-1, norm=None, *, out=None) -> Tensor: the discrete Fourier transform along dim.

    y[k] = sum over j of x[j] exp(-2 pi i j k / n). n: input is cut or filled up with zeros to this size.
    """
    return _complex("fft", input, n, dim, norm, True, out)


def ifft(input, n=None, dim=-1, norm=None, *, out=None):
    """ifft(input, n=None, dim=-1, norm=None, *, out=None) -> Tensor: the inverse of `fft`."""
    return _complex("ifft", input, n, dim, norm, False, out)


def _half(name, input, n, dim, norm, forward, out):
    input = _promoted(name, input, real=True)
    dims, n = _one(name, input, n, dim)
    return _run_half(name, input, dims, [input.shape[dims[0]] if n is None else n], norm, forward, out)


def rfft(input, n=None, dim=-1, norm=None, *, out=None):
    """rfft(input, n=None, dim=-1, norm=None, *, out=None) -> Tensor: `fft` of a real tensor, without the frequencies
    that follow by symmetry: the size of dim becomes n // 2 + 1."""
    return _half("rfft", input, n, dim, norm, True, out)


def ihfft(input, n=None, dim=-1, norm=None, *, out=None):
    """ihfft(input, n=None, dim=-1, norm=None, *, out=None) -> Tensor: the inverse of `hfft`: `ifft` of a real tensor,
    of which the first n // 2 + 1 elements."""
    return _half("ihfft", input, n, dim, norm, False, out)


def _real(name, input, n, dim, norm, forward, out):
    input = _promoted(name, input, to_complex=True)
    dims, n = _one(name, input, n, dim)
    return _run_real(
        name, input, dims, [2 * (input.shape[dims[0]] - 1) if n is None else n], norm, forward, out
    )


def irfft(input, n=None, dim=-1, norm=None, *, out=None):
    """irfft(input, n=None, dim=-1, norm=None, *, out=None) -> Tensor: the inverse of `rfft`, a real tensor.

    n: the size of the result, by default 2 (m - 1) for m frequencies; give it for odd sizes. Imaginary parts that a
    real signal cannot have are ignored.
    """
    return _real("irfft", input, n, dim, norm, False, out)


def hfft(input, n=None, dim=-1, norm=None, *, out=None):
    """hfft(input, n=None, dim=-1, norm=None, *, out=None) -> Tensor: the real `fft` of a signal with Hermitian symmetry
    of which the first half is given. n: the size of the result, by default 2 (m - 1)."""
    return _real("hfft", input, n, dim, norm, True, out)


# ---- several dimensions


def _complex_n(name, input, s, dim, norm, forward, out):
    input = _promoted(name, input, to_complex=True)
    dims, sizes, _ = _many(input, s, dim)
    return _run_complex(name, input, dims, sizes, norm, forward, out)


def fftn(input, s=None, dim=None, norm=None, *, out=None):
    """fftn(input, s=None, dim=None, norm=None, *, out=None) -> Tensor: `fft` along several dims.

    s: their sizes, to which input is cut or filled up with zeros (-1: as it is). dim: default the last len(s), or all.
    """
    return _complex_n("fftn", input, s, dim, norm, True, out)


def ifftn(input, s=None, dim=None, norm=None, *, out=None):
    """ifftn(input, s=None, dim=None, norm=None, *, out=None) -> Tensor: the inverse of `fftn`."""
    return _complex_n("ifftn", input, s, dim, norm, False, out)


def _half_n(name, input, s, dim, norm, forward, out):
    input = _promoted(name, input, real=forward)
    dims, sizes, _ = _many(input, s, dim)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    return _run_half(name, input, dims, sizes, norm, forward, out)


def rfftn(input, s=None, dim=None, norm=None, *, out=None):
    """rfftn(input, s=None, dim=None, norm=None, *, out=None) -> Tensor: `fftn` of a real tensor; of the last of the
    dims only the first n // 2 + 1 frequencies."""
    return _half_n("rfftn", input, s, dim, norm, True, out)


def ihfftn(input, s=None, dim=None, norm=None, *, out=None):
    """ihfftn(input, s=None, dim=None, norm=None, *, out=None) -> Tensor: the inverse of `hfftn`, for real input."""
    return _half_n("ihfftn", input, s, dim, norm, False, out)


def _real_n(name, input, s, dim, norm, forward, out):
    input = _promoted(name, input, to_complex=True)
    dims, sizes, last_given = _many(input, s, dim)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    if not last_given:
        sizes[-1] = 2 * (sizes[-1] - 1)
    return _run_real(name, input, dims, sizes, norm, forward, out)


def irfftn(input, s=None, dim=None, norm=None, *, out=None):
    """irfftn(input, s=None, dim=None, norm=None, *, out=None) -> Tensor: the inverse of `rfftn`, a real tensor.

    s: the sizes of the result; give the last for odd sizes.
    """
    return _real_n("irfftn", input, s, dim, norm, False, out)


def hfftn(input, s=None, dim=None, norm=None, *, out=None):
    """hfftn(input, s=None, dim=None, norm=None, *, out=None) -> Tensor: the real `fftn` of a signal with Hermitian
    symmetry, given its first half along the last of the dims."""
    return _real_n("hfftn", input, s, dim, norm, True, out)


def fft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    """fft2(input, s=None, dim=(-2, -1), norm=None, *, out=None) -> Tensor: `fftn` along two dims."""
    return _complex_n("fftn", input, s, dim, norm, True, out)


def ifft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    """ifft2(input, s=None, dim=(-2, -1), norm=None, *, out=None) -> Tensor: `ifftn` along two dims."""
    return _complex_n("ifftn", input, s, dim, norm, False, out)


def rfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    """rfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None) -> Tensor: `rfftn` along two dims."""
    return _half_n("rfftn", input, s, dim, norm, True, out)


def ihfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    """ihfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None) -> Tensor: `ihfftn` along two dims."""
    return _half_n("ihfftn", input, s, dim, norm, False, out)


def irfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    """irfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None) -> Tensor: `irfftn` along two dims."""
    return _real_n("irfftn", input, s, dim, norm, False, out)


def hfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    """hfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None) -> Tensor: `hfftn` along two dims."""
    return _real_n("hfftn", input, s, dim, norm, True, out)


# ---- frequencies


def _range(start, end, device):
    return FUNCTIONS["arange"](start, end, dtype=float64, device=device)


def _frequencies(name, n, d, order, out, dtype, layout, device, requires_grad):
    check_strided(f"fft_{name}", dtype, device, layout)
    n = check_int(n, f"fft_{name}", "n", 1)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if dtype is not None and as_dtype(dtype).category not in ("float", "complex"):
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    dtype = get_default_dtype() if dtype is None else as_dtype(dtype)
    d = check_number(d, f"fft_{name}", "d", 2)
    scale = 1 / (n * d) if n * d else math.inf
    result = (order(n, device) * scale).to(dtype)
    if out is not None:
        _core.check_out(out, name)
        return out.resize_(result.shape).copy_(result)
    return result.requires_grad_(requires_grad)


def fftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """fftfreq(n, d=1.0, *, out=None, dtype=None, device=None, requires_grad=False) -> Tensor of size n: the frequencies
    of the elements of an `fft`, for samples at the distance d: [0, 1, ..., -2, -1] / (n d)."""

    def order(n, device):
        parts = [_range(0, (n + 1) // 2, device), _range(-(n // 2), 0, device)]
        return FUNCTIONS["cat"](parts)

    return _frequencies("fftfreq", n, d, order, out, dtype, layout, device, requires_grad)


def rfftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """rfftfreq(n, d=1.0, *, out=None, dtype=None, device=None, requires_grad=False) -> Tensor of size n // 2 + 1: the
    frequencies of the elements of an `rfft`: [0, 1, ..., n // 2] / (n d)."""

    def order(n, device):
        return _range(0, n // 2 + 1, device)

    return _frequencies("rfftfreq", n, d, order, out, dtype, layout, device, requires_grad)


def _shifted(name, input, dim, amount):
    check_tensor(input, f"fft_{name}")
    if dim is None:
        dims = tuple(range(input.ndim))
    else:
        dims = tuple(
            [normalize_dim(d, input.ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
        )
    if not dims:
        raise RuntimeError("`shifts` required")
    return FUNCTIONS["roll"](input, tuple([amount(input.shape[d]) for d in dims]), dims)


def fftshift(input, dim=None):
    """fftshift(input, dim=None) -> Tensor: rolled along dims (default all) so that frequency 0 is in the middle."""
    return _shifted("fftshift", input, dim, lambda n: n // 2)


def ifftshift(input, dim=None):
    """ifftshift(input, dim=None) -> Tensor: the inverse of `fftshift`."""
    return _shifted("ifftshift", input, dim, lambda n: (n + 1) // 2)


install("fft", globals())
