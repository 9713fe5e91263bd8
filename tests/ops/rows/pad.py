"""Rows of padding."""

import numpy as np

from tests.ops.table import ALL, Bad, Row, Sample

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad_in_numpy(x, pad, mode="constant", value=None):
    sides = [(0, 0)] * (x.ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    added = [(max(b, 0), max(a, 0)) for b, a in sides]
    options = {"constant_values": 0 if value is None else value} if mode == "constant" else {}

    def cropped(a):
        return a[tuple(slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in zip(sides, a.shape, strict=True))]

    if mode == "circular":
        return np.pad(cropped(x), added, "wrap")
    return cropped(np.pad(x, added, MODES[mode], **options))


def constant_samples(t):
    return [
        Sample(t(2, 3), (1, 2)),
        Sample(t(2, 3), (1, 2, 0, 1), 1),
        Sample(t(2, 3, 2), (-1, 2, 1, -1), 0),
        Sample(t(2, 3), (-1, -2)),
        Sample(t(2, 3), ()),
        Sample(t(0, 3), [1, 1, 1, 0], 1),
        Sample(t(3), (2, 0)),
    ]


def pad_samples(t):
    made = [Sample(*s.args[:2], "constant", *s.args[2:]) for s in constant_samples(t)]
    for mode in ("reflect", "replicate", "circular"):
        made += [
            Sample(t(2, 4), (2, 3), mode),
            Sample(t(2, 2, 4), (3, 1), mode=mode),
            Sample(t(2, 2, 3, 4), (1, 2, 2, 0), mode),
            Sample(t(2, 3, 3), (1, 1, 2, 0), mode),
            Sample(t(1, 2, 2, 3, 2), (1, 1, 0, 2, 1, 0), mode),
            Sample(t(0, 2, 3), (1, 1), mode),
        ]
    return made + [Sample(t(2, 2, 4), (b, a), mode) for mode in MODES for b, a in ((-1, 2), (3, -1))]


def nonempty(samples):
    """Those with elements in their results, which gradients can be checked with."""
    return lambda t: [s for s in samples(t) if tuple(s.args[1]) != (-1, -2) and 0 not in s.args[0].shape]


def constant_errors(t):
    return [
        Bad(Sample(t(2, 3), (1,)), RuntimeError, "Padding length must be divisible by 2"),
        Bad(
            Sample(t(2, 3), (1,) * 6),
            RuntimeError,
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            "6 and input "
            "of dimension 2",
        ),
        Bad(Sample(t(2, 3), (-2, -2)), RuntimeError, "resulted in a negative output size"),
        Bad(
            Sample(t(2, 3), (1.5, 1)),
            TypeError,
            "must be tuple of ints, but found element of type float at pos 0",
        ),
    ]


def pad_errors(t):
    return constant_errors(t) + [
        Bad(Sample(t(2, 3), (1, 1), "foo"), NotImplementedError, "Unrecognised padding mode foo"),
        Bad(
            Sample(t(3), (1, 1), "reflect"),
            NotImplementedError,
            "Padding size 2 is not supported for 1D input tensor",
        ),
        Bad(
            Sample(t(2, 3, 3), (3, 1), "reflect"),
            RuntimeError,
            r"Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            r"\(3, 1\) at "
            r"dimension 2 of input \[2, 3, 3\]",
        ),
        Bad(
            Sample(t(2, 3, 3), (4, 1), "circular"),
            RuntimeError,
            "Padding value causes wrapping around more than once",
        ),
        Bad(
            Sample(t(2, 3, 3), (-1, -4), "reflect"),
            RuntimeError,
            r"input \(W: 3\) is too small. Calculated output W: -2",
        ),
        Bad(
            Sample(t(2, 3), (1, 1), "reflect", 1.0),
            RuntimeError,
            'Padding mode "reflect" doesn\'t take in value argument',
        ),
        Bad(Sample(t(2, 3, 0), (1, 1), "replicate"), RuntimeError, "non-zero dimensions for input"),
    ]


ROWS = [
    Row(
        "constant_pad_nd",
        constant_samples,
        lambda x, pad, value=0: pad_in_numpy(x, pad, "constant", value),
        dtypes=ALL,
        grad_samples=nonempty(constant_samples),
        errors=constant_errors,
    ),
    Row(
        "pad",
        pad_samples,
        pad_in_numpy,
        "nn.functional.pad",
        grad_samples=nonempty(pad_samples),
        errors=pad_errors,
        dtypes=("float32", "float64", "bfloat16", "int64", "complex128"),
    ),
]
