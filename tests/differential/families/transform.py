"""Fourier transforms."""

from ..case import Case
from ..draw import COMPLEX, FLOATS, INTS
from . import family

ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fftn", "ifftn", "rfftn", "irfftn", "hfftn", "ihfftn")
NORMS = ("forward", "backward", "ortho", "none")


@family
def fourier(d):
    shape = d.shape()
    x = d.tensor(shape, d.dtype(*FLOATS, *COMPLEX, "int64", "bool"))
    norm = d.options(norm=NORMS[: 3 + d.rarely()])
    kind = d.integer(0, 3)
    rank = len(shape)
    if kind == 0:
        return Case(
            f"fft.{d.pick(*ONE)}", (x,), d.options(n=(1, 2, 4, 0), dim=(d.dim(rank),)) | norm, ulps=256
        )
    if kind == 1:
        dims = tuple(d.dim(rank) for _ in range(d.integer(1, 2)))
        size = tuple(d.pick(1, 2, 4, -1) for _ in dims)
        options = {"dim": dims, **d.options(s=(size,))} if d.flag() else {}
        return Case(f"fft.{d.pick(*SEVERAL)}", (x,), options | norm, ulps=256)
    if kind == 2:
        name = d.pick("fft2", "ifft2", "rfft2", "irfft2", "hfft2", "ihfft2")
        return Case(f"fft.{name}", (x,), d.options(s=((2, 3), (4, 1))) | norm, ulps=256)
    name = d.pick("fftshift", "ifftshift", "fftfreq", "rfftfreq")
    if "shift" in name:
        return Case(f"fft.{name}", (x,), d.options(dim=(d.dims(rank),)))
    return Case(
        f"fft.{name}", (d.integer(0, 6),), d.options(d=(0.5, 2.0)) | d.maybe_dtype(*FLOATS, *INTS, *COMPLEX)
    )


@family
def short_time(d):
    n = d.pick(4, 6)
    x = d.tensor((*d.pick((), (2,)), d.pick(8, 13)), d.dtype(*FLOATS), layout="plain")
    options = d.options(hop_length=(1, 2), center=(True, False), normalized=(True, False), onesided=(True, False),
                        pad_mode=("reflect", "constant", "replicate"))  # fmt: skip
    if d.flag():
        options["window"] = d.tensor((n,), x.dtype, "unit")
    return Case("stft", (x, n), {**options, "return_complex": True}, ulps=256)
