"""Resampling: nn.functional.interpolate, which is one op with tables for each mode and size."""

import flambeau as fb

from ..table import FLOATS, Bad, Row, Sample


def _samples(t):
    signal, image, volume = t(2, 3, 5), t(2, 3, 5, 4), t(1, 2, 3, 4, 2)
    nearest = [
        Sample(x, size, scale, mode)
        for mode in ("nearest", "nearest-exact")
        for x, size, scale in ((signal, 8, None), (image, (3, 9), None), (image, None, (2, 0.7)), (volume, None, 1.7))
    ]
    smooth = [
        Sample(x, size, scale, mode, aligned)
        for aligned in (None, True)
        for x, size, scale, mode in (
            (signal, 8, None, "linear"),
            (image, (3, 9), None, "bilinear"),
            (image, None, (1.6, 0.5), "bilinear"),
            (image, (3, 9), None, "bicubic"),
            (image, None, 2.3, "bicubic"),
            (volume, (2, 7, 2), None, "trilinear"),
        )
    ]
    return [*nearest, *smooth, Sample(image, 3, mode="area"), Sample(image, (5, 4), mode="bilinear"),
            Sample(image, None, 1.6, "bilinear", None, True), Sample(t(0, 2, 4), 3)]  # fmt: skip


def _grads(t):
    image = t(1, 2, 3, 4)
    return [
        Sample(t(1, 2, 4), 7, mode="linear"),
        Sample(image, (5, 2), mode="nearest"),
        Sample(image, (5, 2), mode="bilinear", align_corners=True),
        Sample(image, (2, 6), mode="bicubic"),
        Sample(t(1, 1, 2, 2, 3), (3, 2, 2), mode="trilinear"),
    ]


def _antialiased(t):
    image = t(2, 3, 7, 6)
    return [
        Sample(image, size, scale, mode, aligned, None, True)
        for mode in ("bilinear", "bicubic")
        for aligned in (False, True)
        for size, scale in (((3, 4), None), ((9, 4), None), (None, (0.4, 1.5)))
    ] + [Sample(image, (3, 11), None, "lanczos", None, None, True)]


def _few(t):
    return [Sample(t(1, 1, 5, 3), (2, 4), mode=mode, antialias=True) for mode in ("bilinear", "bicubic", "lanczos")]


def _errors(t):
    x = t(1, 2, 5, 4)

    def bad(text, *args, error=ValueError, **kwargs):
        return Bad(Sample(*args, **kwargs), error, text)

    return [
        bad("either size or scale_factor should be defined", x),
        bad("only one of size or scale_factor should be defined", x, 3, 2),
        bad("align_corners option can only be set with the interpolating modes", x, 3, align_corners=False),
        bad("got input with spatial dimensions of .5, 4. and output size of .3, 7, 2.", x, (3, 7, 2)),
        bad("dimensions of .5, 4. and scale_factor of shape .2,.", x, None, (2,)),
        bad("recompute_scale_factor is not meaningful", x, 3, recompute_scale_factor=True),
        bad("Anti-alias option is restricted to", x, 3, antialias=True),
        bad("Lanczos mode requires antialias=True", x, 3, mode="lanczos"),
        bad("expected size to be one of int", x, [3.5, 2], error=TypeError),
        bad("scale_factor must be a number", x, None, "a", error=TypeError),
        bad(r"got input \(H: 5, W: 4\) output \(H: 0, W: 0\)", x, 0, error=RuntimeError),
        bad(r"got input \(W: 4\) and output \(W: 0\)", x[0], None, 0.1, error=RuntimeError),
        bad("Non-empty 4D data tensor expected", x[:, :0], 3, error=RuntimeError),
        bad("Got 4D input, but trilinear mode needs 5D input", x, 3, mode="trilinear", error=NotImplementedError),
        bad("Input Error: Only 3D, 4D and 5D input", x, 3, mode="cubic", error=NotImplementedError),
        bad("Input Error: Only 3D, 4D and 5D input", x[0, 0], 3, error=NotImplementedError),
        bad("not implemented for 'Long'", x.long(), 3, error=NotImplementedError),
        bad("not implemented for 'Byte'", x[0].byte(), 3, mode="linear", error=NotImplementedError),
    ]


interpolate = fb.nn.functional.interpolate
NAMED = dict(function=interpolate, torch="nn.functional.interpolate")
ROWS = [
    Row("interpolate", _samples, dtypes=FLOATS, grad_samples=_grads, errors=_errors, **NAMED),
    Row("interpolate", _antialiased, dtypes=("float32", "float64"), grad_samples=_few, **NAMED),
]
