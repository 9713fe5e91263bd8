"""Windows and the short-time Fourier transform with its inverse."""

import math
import warnings

from .. import _core
from ..dtype import as_dtype, float64, get_default_dtype
from ..interpreters import any_true
from ..layout import strided
from ._args import check_int, check_options, check_tensor
from .fft import fft, ifft, irfft, rfft
from .op import FUNCTIONS, composite

# ---- windows


def _window(name, size, periodic, shape, dtype, layout, device, requires_grad):
    """The window of `size` points; `shape(k, last)` gives its values at the points k = 0, 1, ..., last, in float64.

    A periodic window is a symmetric one of one more point, which is left out.
    """
    size = check_int(size, name, "window_length", 1)
    check_options(name, dtype, device, layout)
    dtype = get_default_dtype() if dtype is None else as_dtype(dtype)
    if layout is not None and layout is not strided:
        raise RuntimeError(f"{name} is not implemented for sparse types, got: {layout}")
    if dtype.category not in ("float", "complex"):
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
    if dtype.category == "complex":
        raise NotImplementedError(f"\"{name}\" not implemented for '{dtype.title}'")
    if size < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={size}")
    last = size if periodic else size - 1
    if size <= 1:
        window = FUNCTIONS["ones"](size, dtype=dtype, device=device)
    else:
        window = shape(FUNCTIONS["arange"](size, dtype=float64, device=device), last).to(dtype)
    return window.requires_grad_(requires_grad)


@composite()
def bartlett_window(
    window_length,
    periodic=True,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
):
    """bartlett_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False) -> Tensor

    The triangle 1 - |2 k / N - 1|, with N = window_length, or one less when not periodic. Of size window_length.
    """

    def shape(k, last):
        return 1 - (k * (2 / last) - 1).abs()

    return _window("bartlett_window", window_length, periodic, shape, dtype, layout, device, requires_grad)


@composite()
def blackman_window(
    window_length,
    periodic=True,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
):
    """blackman_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False) -> Tensor

    0.42 - 0.5 cos(2 pi k / N) + 0.08 cos(4 pi k / N), with N = window_length, or one less when not periodic.
    """

    def shape(k, last):
        angle = k * (2 * math.pi / last)
        return 0.42 - 0.5 * angle.cos() + 0.08 * (2 * angle).cos()

    return _window("blackman_window", window_length, periodic, shape, dtype, layout, device, requires_grad)


@composite()
def hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, layout=None, device=None,
                   pin_memory=False, requires_grad=False):  # fmt: skip
    """hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, device=None) -> Tensor

    alpha - beta cos(2 pi k / N), with N = window_length, or one less when not periodic.
    """

    def shape(k, last):
        return alpha - beta * (k * (2 * math.pi / last)).cos()

    return _window("hamming_window", window_length, periodic, shape, dtype, layout, device, requires_grad)


@composite()
def hann_window(
    window_length,
    periodic=True,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
):
    """hann_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False) -> Tensor

    sin(pi k / N)^2, with N = window_length, or one less when not periodic.
    """

    def shape(k, last):
        return 0.5 - 0.5 * (k * (2 * math.pi / last)).cos()

    return _window("hann_window", window_length, periodic, shape, dtype, layout, device, requires_grad)


@composite()
def kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, layout=None, device=None, pin_memory=False,
                  requires_grad=False):  # fmt: skip
    """kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, device=None) -> Tensor

    i0(beta sqrt(1 - (2 k / N - 1)^2)) / i0(beta), with N = window_length, or one less when not periodic.
    """

    def shape(k, last):
        t = k * (2 / last) - 1
        i0 = FUNCTIONS["i0"]
        return i0(beta * (1 - t * t).clamp(min=0).sqrt()) / i0(FUNCTIONS["full_like"](k[:1], beta))

    return _window("kaiser_window", window_length, periodic, shape, dtype, layout, device, requires_grad)


# ---- the short-time Fourier transform


def _flag(value):
    return value if value is None else int(value)


def _shown(window):
    if window is None:
        return "None"
    return f"torch.{window.dtype.title}Tensor{{{list(window.shape)}}}"


def _frame(name, n_fft, hop_length, win_length, window):
    """n_fft, the steps between frames and the size of the window, defaults filled in."""
    n_fft = check_int(n_fft, name, "n_fft", 2)
    hop = n_fft // 4 if hop_length is None else check_int(hop_length, name, "hop_length", 3)
    width = n_fft if win_length is None else check_int(win_length, name, "win_length", 4)
    if window is not None:
        check_tensor(window, name, "window", 5)
    return n_fft, hop, width


def _full_window(window, win_length, n_fft, like):
    """The window in the middle of n_fft zeros; of ones when there is none."""
    if window is None:
        window = FUNCTIONS["ones"](win_length, dtype=like.dtype, device=like.device)
    left = (n_fft - win_length) // 2
    return (
        FUNCTIONS["constant_pad_nd"](window, (left, n_fft - win_length - left))
        if win_length < n_fft
        else window
    )


def _no_window(name, purpose):
    warnings.warn(
        f"{name}: A window was not provided. A rectangular window will be applied, {purpose}. Pass "
        "window=torch.ones(n_fft) to ask for it.",
        UserWarning,
        stacklevel=4,
    )


@composite("stft")
def stft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect",
         normalized=False, onesided=None, return_complex=None, align_to_window=None):  # fmt: skip
    """stft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode='reflect',
    normalized=False, onesided=None, return_complex=None, align_to_window=None) -> Tensor

    The Fourier transforms of overlapping frames of a signal of shape (length) or (batch, length): (..., frequencies,
    frames), complex. Frame m begins at m hop_length (default n_fft // 4) and is multiplied by the window, of
    win_length points in the middle of n_fft. center: the signal is first padded by n_fft // 2 on both sides, with
    `pad_mode` of `pad`. normalized: times 1 / sqrt(n_fft). onesided (default for real signals and windows): n_fft // 2
    + 1 frequencies instead of n_fft. return_complex must be given for real signals; False is deprecated and gives
    (real, imaginary) in a last dimension. align_to_window (without center): frames are placed by the window instead of
    the n_fft points.
    """
    check_tensor(input, "stft")
    n_fft, hop, width = _frame("stft", n_fft, hop_length, win_length, window)
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    complex_in = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not complex_in:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if center and input.ndim:
        lead = (1,) * (3 - input.ndim)
        padded = FUNCTIONS["pad"](input.reshape(*lead, *input.shape), (n_fft // 2, n_fft // 2), pad_mode)
        input = padded.reshape(padded.shape[-input.ndim :])
    call = (
        f"stft(torch.{input.dtype.title}Tensor{list(input.shape)}, n_fft={n_fft}, hop_length={hop}, "
        f"win_length={width}, window={_shown(window)}, normalized={int(normalized)}, onesided={_flag(onesided)}, "
        f"return_complex={_flag(return_complex)}, align_to_window={_flag(align_to_window)}) "
    )
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"{call}: expected a tensor of floating point or complex values")
    if not 1 <= input.ndim <= 2:
        raise RuntimeError(f"{call}: expected a 1D or 2D tensor")
    length = input.shape[-1]
    least = width if align_to_window else n_fft
    if not 0 < least <= length or n_fft <= 0:
        raise RuntimeError(f"{call}: expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"{call}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{call}: expected 0 < win_length <= n_fft, but got win_length={width}")
    if window is not None and tuple(window.shape) != (width,):
        raise RuntimeError(
            f"{call}: expected a 1D window tensor of size equal to win_length={width}, but got window with size "
            f"{list(window.shape)}"
        )
    if onesided and complex_in:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    onesided = not complex_in if onesided is None else onesided
    if window is None:
        _no_window("stft", "which is known to cause spectral leakage")
    if align_to_window and width < n_fft:
        left = (n_fft - width) // 2
        input = FUNCTIONS["constant_pad_nd"](input, (left, n_fft - width - left))
    frames = input.unfold(-1, n_fft, hop) * _full_window(window, width, n_fft, input)
    out = (rfft if onesided else fft)(frames, norm="ortho" if normalized else None).transpose(-2, -1)
    if return_complex:
        return out
    warnings.warn(
        "stft with return_complex=False is deprecated: call torch.view_as_real on the complex output instead.",
        UserWarning,
        stacklevel=2,
    )
    return FUNCTIONS["view_as_real"](out)


def _overlapped(frames, hop, total):
    """Frames (batch, count, n) at steps of hop, added up: (batch, total)."""
    batch, count, n = frames.shape
    index = FUNCTIONS["arange"](count, device=frames.device).unsqueeze(1) * hop
    index = (index + FUNCTIONS["arange"](n, device=frames.device)).reshape(-1)
    out = FUNCTIONS["zeros"](batch, total, dtype=frames.dtype, device=frames.device)
    return out.index_add(1, index, frames.reshape(batch, -1))


@composite("istft")
def istft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None,
          length=None, return_complex=False):  # fmt: skip
    """istft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None,
    length=None, return_complex=False) -> Tensor

    The inverse of `stft` with the same arguments, by least squares: the inverse transforms times the window, added up
    and divided by the sum of the squared windows, which must not vanish (Griffin and Lim 1984, IEEE Transactions on
    Acoustics, Speech, and Signal Processing 32). input: (frequencies, frames) or (batch, frequencies, frames), complex.
    length: the size of the result, cut or filled up with zeros.
    """
    check_tensor(input, "istft")
    n_fft, hop, width = _frame("istft", n_fft, hop_length, win_length, window)
    length = None if length is None else check_int(length, "istft", "length", 9)
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    call = (
        f"istft(CPU{input.dtype.title}Type{list(input.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={width}, "
        f"window={_shown(window)}, center={int(center)}, normalized={int(normalized)}, onesided={_flag(onesided)}, "
        f"length={length}, return_complex={int(return_complex)}) "
    )
    if input.numel() == 0:
        raise RuntimeError(f"{call}: input tensor cannot be empty.")
    if input.ndim not in (2, 3):
        raise RuntimeError(f"{call}: expected a tensor with 3 or 4 dimensions, but got {input.ndim + 1}")
    n_frequencies, n_frames = input.shape[-2:]
    half = n_frequencies != n_fft if onesided is None else onesided
    if half and n_frequencies != n_fft // 2 + 1:
        raise RuntimeError(
            f"{call}: expected the frequency dimension (3rd to the last) of the input tensor to match n_fft / 2 + 1 "
            f"when onesided=True, but got {n_frequencies}"
        )
    if not half and n_frequencies != n_fft:
        raise RuntimeError(
            f"{call}: expected the frequency dimension (3rd to the last) of the input tensor to match n_fft when "
            f"onesided=False, but got {n_frequencies}"
        )
    if not 0 < hop <= width:
        raise RuntimeError(f"{call}: expected 0 < hop_length <= win_length")
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{call}: expected 0 < win_length <= n_fft")
    if window is not None and tuple(window.shape) != (width,):
        raise RuntimeError(f"{call}: Invalid window shape. window has to be 1D and length of `win_length`")
    if return_complex and half:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if not return_complex and window is not None and window.is_complex():
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    if window is None:
        _no_window("istft", "provide the window used by stft to make the inversion lossless")
    norm = "ortho" if normalized else None
    spectra = (input if input.ndim == 3 else input.unsqueeze(0)).transpose(1, 2)
    if return_complex:
        frames = ifft(spectra, norm=norm)
    else:
        frames = irfft(spectra if half else spectra[..., : n_fft // 2 + 1], n_fft, norm=norm)
    full = _full_window(window, width, n_fft, frames)
    total = n_fft + hop * (n_frames - 1)
    out = _overlapped(frames * full, hop, total)
    weight = _overlapped((full * _core.conj(full)).expand(1, n_frames, n_fft), hop, total)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - n_fft // 2 if center else total
    out, weight = out[:, start:end], weight[:, start:end]
    if out.numel() == 0 or any_true(weight.detach().abs() < 1e-11):
        raise RuntimeError(f"{call}window overlap add min: 1")
    out = out / weight
    if end > total:
        warnings.warn(
            "istft: The length of signal is shorter than the length parameter. Result is being padded with zeros in "
            "the tail. Please check your center and hop_length settings.",
            UserWarning,
            stacklevel=2,
        )
        out = FUNCTIONS["constant_pad_nd"](out, (0, end - total))
    return out if input.ndim == 3 else out.squeeze(0)
