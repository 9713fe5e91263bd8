"""Rows of the convolutions."""

import numpy as np

from tests.ops.table import COMPLEX, FLOATS, Bad, Row, Sample

NUMBERS = (*FLOATS, "int64", *COMPLEX)
LOOSE = dict(
    rtol={"float32": 1e-4, "complex64": 1e-4},
    atol={"float32": 1e-4, "complex64": 1e-4, "float16": 2e-2, "bfloat16": 0.15},
)


def conv_in_numpy(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    """The definition, by windows of the padded input."""
    n = w.ndim - 2
    batched = x.ndim == w.ndim
    x = x if batched else x[None]
    dilation, stride = (np.broadcast_to(v, n) for v in (dilation, stride))
    reach = dilation * (np.array(w.shape[2:]) - 1) + 1
    if padding == "same":
        sides = [((r - 1) // 2, r - 1 - (r - 1) // 2) for r in reach]
    else:
        sides = [(p, p) for p in np.broadcast_to(0 if padding == "valid" else padding, n)]
    x = np.pad(x, [(0, 0), (0, 0), *sides])
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, tuple(range(2, n + 2)))
    windows = windows[(..., *(slice(None, None, d) for d in dilation))]
    windows = windows[(slice(None), slice(None), *(slice(None, None, s) for s in stride))]
    out = []
    for xs, ws in zip(np.split(windows, groups, 1), np.split(w, groups), strict=True):
        axes = (1, *range(n + 2, 2 * n + 2))
        out.append(np.moveaxis(np.tensordot(xs, ws, (axes, tuple(range(1, n + 2)))), -1, 1))
    y = np.concatenate(out, 1)
    y = y if b is None else y + b.reshape(-1, *[1] * n)
    return y if batched else y[0]


def conv2d_samples(t):
    return [
        Sample(t(2, 3, 6, 7), t(4, 3, 3, 3), t(4)),
        Sample(t(2, 3, 6, 7), t(4, 3, 2, 3), None, 2, 1),
        Sample(t(3, 6, 7), t(4, 3, 3, 3), t(4), stride=(2, 1), padding=(0, 2), dilation=(1, 2)),
        Sample(t(2, 4, 5, 5), t(6, 2, 3, 3), t(6), groups=2, padding=1),
        Sample(t(1, 4, 5, 5), t(4, 1, 3, 3), groups=4, stride=3),
        Sample(t(2, 3, 5, 6), t(4, 3, 3, 3), t(4), padding="same"),
        Sample(t(2, 3, 5, 6), t(2, 3, 2, 4), padding="same", dilation=(1, 2)),
        Sample(t(2, 3, 5, 6), t(2, 3, 2, 4), padding="valid"),
        Sample(t(2, 3, 4, 4), t(5, 3, 1, 1), t(5)),
        Sample(t(0, 3, 4, 4), t(5, 3, 3, 3), t(5)),
    ]


def conv1d_samples(t):
    return [
        Sample(t(2, 3, 8), t(4, 3, 3), t(4)),
        Sample(t(3, 8), t(4, 3, 3), t(4), 2, 1),
        Sample(t(2, 4, 9), t(2, 2, 3), None, (2,), (3,), (2,), 2),
        Sample(t(2, 3, 8), t(4, 3, 4), padding="same"),
        Sample(t(0, 3, 8), t(4, 3, 3)),
    ]


def conv3d_samples(t):
    return [
        Sample(t(2, 2, 4, 3, 4), t(3, 2, 2, 2, 3), t(3)),
        Sample(t(2, 4, 3, 4), t(3, 2, 2, 2, 3), stride=(1, 1, 2), padding=1),
        Sample(t(1, 2, 4, 3, 4), t(2, 1, 2, 1, 2), t(2), dilation=2, groups=2),
    ]


def transposed_samples(n):
    """The same cases for any number of spatial dimensions."""
    space, kernel = (4, 3, 5)[:n], (3, 2, 2)[:n]

    def samples(t):
        return [
            Sample(t(2, 3, *space), t(3, 4, *kernel), t(4)),
            Sample(t(3, *space), t(3, 4, *kernel), stride=2, padding=1, output_padding=1),
            Sample(t(2, 4, *space), t(4, 2, *kernel), t(4), stride=2, groups=2),
            Sample(t(1, 3, *space), t(3, 2, *kernel), t(2), 1, 1, 1, 1, 2),
            Sample(t(0, 3, *space), t(3, 4, *kernel), t(4)),
        ]

    return samples


def conv2d_errors(t):
    x, w = t(1, 3, 8, 8), t(6, 3, 5, 5)
    return [
        Bad(
            Sample(t(1, 1, 28, 28), w),
            RuntimeError,
            r"Given groups=1, weight of size \[6, 3, 5, 5\], expected input\[1, 1, 28, 28\] to have 3 channels, "
            r"but got 1 "
            "channels instead",
        ),
        Bad(
            Sample(t(2, 3), w),
            RuntimeError,
            r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d, but got input of size: \[2, 3\]",
        ),
        Bad(
            Sample(t(1, 3, 4, 4), w),
            RuntimeError,
            r"Calculated padded input size per channel: \(4 x 4\). Kernel size: \(5 x 5\). Kernel size can't be "
            r"greater than",
        ),
        Bad(
            Sample(x, t(6, 3, 5, 5, dtype="float64")),
            RuntimeError,
            r"Input type \(torch.FloatTensor\) and weight type \(torch.DoubleTensor\) should be the same",
        ),
        Bad(
            Sample(x, w, t(6, dtype="float64")),
            RuntimeError,
            r"Input type \(float\) and bias type \(double\) should be the same",
        ),
        Bad(
            Sample(x, w, t(5)),
            RuntimeError,
            r"expected bias to be 1-dimensional with 6 elements, but got bias of size \[5\] instead",
        ),
        Bad(Sample(x, w, stride=0), RuntimeError, "non-positive stride is not supported"),
        Bad(Sample(x, w, padding=-1), RuntimeError, "negative padding is not supported"),
        Bad(Sample(x, w, dilation=0), RuntimeError, "non-positive dilation is not supported"),
        Bad(Sample(x, w, groups=0), RuntimeError, "non-positive groups is not supported"),
        Bad(
            Sample(t(1, 4, 8, 8), t(5, 2, 5, 5), groups=2),
            RuntimeError,
            "Given groups=2, expected weight to be divisible by 2 at dimension 0",
        ),
        Bad(Sample(x, t(0, 3, 5, 5)), RuntimeError, "expected weight to be at least 1 at dimension 0"),
        Bad(
            Sample(x, w, stride=(1, 2, 3)),
            RuntimeError,
            r"expected stride to be a single integer value or a list of 2 values to match the convolution "
            r"dimensions, but got "
            r"stride=\[1, 2, 3\]",
        ),
        Bad(Sample(x, w, stride=1.5), TypeError, "argument 'stride' must be tuple of ints, not float"),
        Bad(Sample(x, w, padding="foo"), RuntimeError, "Invalid padding string: 'foo'"),
        Bad(
            Sample(x, w, padding="same", stride=2),
            RuntimeError,
            "padding='same' is not supported for strided convolutions",
        ),
        Bad(Sample(x, t(6, 3, 5)), RuntimeError, "Expected 3-dimensional input for 3-dimensional weight"),
        Bad(Sample(x, 3), TypeError, r"conv2d\(\): argument 'weight' \(position 2\) must be Tensor, not int"),
        Bad(
            Sample(t(1, 3, 0, 8), t(6, 3, 1, 1)), RuntimeError, "Only zero batch or zero channel inputs are supported"
        ),
    ]


def transposed_errors(t):
    x, w = t(1, 4, 4, 4), t(4, 3, 5, 5)
    return [
        Bad(
            Sample(t(1, 3, 4, 4), w),
            RuntimeError,
            r"Given transposed=1, weight of size \[4, 3, 5, 5\], expected input\[1, 3, 4, 4\] to have 4 channels, "
            r"but got 3",
        ),
        Bad(
            Sample(x, w, t(4)),
            RuntimeError,
            "Given transposed=1, .* expected bias to be 1-dimensional with 3 elements",
        ),
        Bad(
            Sample(x, w, output_padding=1),
            RuntimeError,
            "output padding must be smaller than either stride or dilation",
        ),
        Bad(Sample(x, w, output_padding=-1), RuntimeError, "negative output_padding is not supported"),
        Bad(Sample(x, w, padding=5), RuntimeError, "Output size is too small"),
        Bad(Sample(x, w, padding="same"), TypeError, "argument 'padding' must be tuple of ints, not str"),
    ]


def convolution_samples(t):
    return [
        Sample(t(2, 3, 6, 7), t(4, 3, 3, 3), t(4), (1, 1), (1, 1), (1, 1), False, (0, 0), 1),
        Sample(t(2, 3, 6), t(3, 2, 3), None, (2,), (0,), (1,), True, (1,), 1),
    ]


ROWS = [
    Row("conv1d", conv1d_samples, conv_in_numpy, dtypes=NUMBERS, **LOOSE),
    Row("conv2d", conv2d_samples, conv_in_numpy, dtypes=NUMBERS, errors=conv2d_errors, **LOOSE),
    Row("conv3d", conv3d_samples, conv_in_numpy, dtypes=NUMBERS, **LOOSE),
    Row("conv_transpose1d", transposed_samples(1), dtypes=(*FLOATS, *COMPLEX), **LOOSE),
    Row(
        "conv_transpose2d",
        transposed_samples(2),
        dtypes=(*FLOATS, *COMPLEX),
        errors=transposed_errors,
        **LOOSE,
    ),
    Row("conv_transpose3d", transposed_samples(3), dtypes=FLOATS, **LOOSE),
    Row(
        "conv_tbc",
        lambda t: [Sample(t(5, 2, 3), t(2, 3, 4), t(4)), Sample(t(4, 2, 3), t(3, 3, 2), t(2), 2)],
        dtypes=("float32", "float64"),
        errors=lambda t: [
            Bad(Sample(t(2, 3), t(2, 3, 4), t(4)), RuntimeError, "Input must have 3 dims: time, batch, in_channel"),
            Bad(Sample(t(5, 2, 3), t(2, 3), t(4)), RuntimeError, "Weight tensor must have 3 dims: kernel_width"),
            Bad(Sample(t(5, 2, 3), t(2, 3, 4), t(4, 1)), RuntimeError, "Bias must be 1-D"),
            Bad(Sample(t(5, 2, 3), t(2, 4, 4), t(4)), RuntimeError, "to have 4 channels, but got 3 channels"),
            Bad(Sample(t(5, 2, 3), t(2, 3, 4), t(3)), RuntimeError, "expected bias to be 1-dimensional with 4"),
            Bad(Sample(t(5, 2, 3), t(2, 3, 4), None), TypeError, "'bias' .* must be Tensor, not NoneType"),
        ],
        **LOOSE,
    ),
    Row("convolution", convolution_samples, dtypes=("float32", "float64"), **LOOSE),
]
