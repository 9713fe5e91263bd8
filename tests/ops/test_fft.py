"""What the rows of fft.py and signal.py cannot say: empty batches, out=, defaults, inverses."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import fft

PAIRS = [("fft", "ifft"), ("rfft", "irfft"), ("ihfft", "hfft"), ("fftn", "ifftn"), ("rfftn", "irfftn"),
         ("ihfftn", "hfftn"), ("fft2", "ifft2"), ("rfft2", "irfft2"), ("ihfft2", "hfft2")]  # fmt: skip
ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")


@pytest.mark.parametrize("there,back", PAIRS)
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("shape", [(4, 6), (3, 5)])
def test_inverses(there, back, norm, shape):
    x = fb.randn(shape, dtype=fb.float64)
    size = shape[-1] if there in ONE else shape
    y = getattr(fft, back)(getattr(fft, there)(x, norm=norm), size, norm=norm)
    np.testing.assert_allclose((y.real if y.is_complex() else y).numpy(), x.numpy(), atol=1e-12)


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_empty_batches(name):
    """PyTorch's own build may refuse these."""
    dim = 1 if name in ONE else (1, 2)
    expected = getattr(fft, name)(fb.ones(1, 4, 6), dim=dim)
    got = getattr(fft, name)(fb.empty(0, 4, 6), dim=dim)
    assert got.shape == (0, *expected.shape[1:]) and got.dtype is expected.dtype


def test_parseval():
    x = fb.randn(64, dtype=fb.complex128)
    y = fft.fft(x, norm="ortho")
    assert (y.abs() ** 2).sum().item() == pytest.approx((x.abs() ** 2).sum().item(), rel=1e-12)


def test_dtypes():
    assert fft.fft(fb.arange(4)).dtype is fb.complex64
    assert fft.rfft(fb.ones(4, dtype=fb.float64)).dtype is fb.complex128
    assert fft.irfft(fb.ones(4, dtype=fb.complex64)).dtype is fb.float32
    assert fft.fftfreq(4, dtype=fb.float64).dtype is fb.float64
    with pytest.raises(RuntimeError, match="Unsupported dtype BFloat16"):
        fft.rfft(fb.ones(4, dtype=fb.bfloat16))


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "ihfft", "irfft", "hfft", "fftn", "rfftn", "irfftn"])
def test_out(name):
    x = fb.randn(3, 5)
    expected = getattr(fft, name)(x)
    out = fb.empty(0, dtype=expected.dtype)
    assert getattr(fft, name)(x, out=out) is out
    np.testing.assert_array_equal(out.numpy(), expected.numpy())
    with pytest.raises(RuntimeError, match=f"{name} expects a .* output tensor, but got Int"):
        getattr(fft, name)(x, out=fb.empty(0, dtype=fb.int32))


def test_out_of_frequencies():
    out = fb.empty(0)
    assert fft.fftfreq(4, 0.5, out=out) is out and out.tolist() == [0, 0.5, -1, -0.5]
    assert fft.rfftfreq(4, requires_grad=True).requires_grad


def test_no_dims():
    x = fb.tensor([1.0, 2.0])
    y = fft.fftn(x, dim=())
    assert y.dtype is fb.complex64 and y.tolist() == [1, 2]
    for name in ("rfftn", "irfftn", "hfftn", "ihfftn"):
        with pytest.raises(RuntimeError, match=f"{name} must transform at least one axis"):
            getattr(fft, name)(x, dim=())


def test_the_names_of_pytorch():
    torch = pytest.importorskip("torch")
    names = {
        n
        for n in dir(torch.fft)
        if not n.startswith("_") and callable(getattr(torch.fft, n)) and n != "Tensor"
    }
    assert names == set(fft.__all__)


@pytest.mark.parametrize("n,hop,width", [(8, 2, 8), (9, 3, 9), (12, 4, 10)])
@pytest.mark.parametrize("center", [True, False])
def test_istft_inverts_stft(n, hop, width, center):
    x = fb.randn(2, 60, dtype=fb.float64)
    window = fb.hamming_window(width, dtype=fb.float64)
    if not center and width < n:
        return  # the first samples are under no window
    y = fb.stft(x, n, hop, width, window, center, return_complex=True)
    back = fb.istft(y, n, hop, width, window, center)
    length = back.shape[-1]
    assert length > 50
    np.testing.assert_allclose(back.numpy(), x[:, :length].numpy(), atol=1e-12)


def test_frames_by_the_window():
    """align_to_window: frame m is the window at m hop, whatever n_fft."""
    x = fb.randn(20, dtype=fb.float64)
    window = fb.hann_window(4, dtype=fb.float64)
    y = fb.stft(x, 8, 2, 4, window, center=False, align_to_window=True, return_complex=True)
    assert y.shape == (5, 9)
    expected = np.abs(np.fft.rfft(x.numpy()[6:10] * window.numpy(), 8))
    np.testing.assert_allclose(y[:, 3].abs().numpy(), expected, atol=1e-12)


def test_warnings():
    x = fb.randn(20)
    with pytest.warns(UserWarning, match="A window was not provided"):
        y = fb.stft(x, 4, return_complex=True)
    with pytest.warns(UserWarning, match="return_complex=False is deprecated"):
        fb.stft(x, 4, window=fb.ones(4), return_complex=False)
    with pytest.warns(UserWarning, match="length of signal is shorter"):
        assert fb.istft(y, 4, window=fb.ones(4), length=30).tolist()[-8:] == [0.0] * 8


def test_windows_have_options():
    w = fb.hann_window(5, dtype=fb.float16, requires_grad=True)
    assert w.dtype is fb.float16 and w.requires_grad
    assert fb.kaiser_window(1).tolist() == [1.0] and fb.kaiser_window(0).shape == (0,)
