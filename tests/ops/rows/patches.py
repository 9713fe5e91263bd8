"""Rows of im2col and col2im."""

import numpy as np

from tests.ops.table import COMPLEX, FLOATS, Bad, Row, Sample


def pair(value):
    return tuple(int(v) for v in np.broadcast_to(value, 2))


def im2col_in_numpy(x, kernel_size, dilation=1, padding=0, stride=1):
    """The definition, block by block."""
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = (pair(v) for v in (kernel_size, dilation, padding, stride))
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(ph, ph), (pw, pw)])
    height, width = x.shape[-2:]
    shape = *x.shape[:-3], x.shape[-3] * kh * kw
    blocks = [
        x[..., i : i + dh * (kh - 1) + 1 : dh, j : j + dw * (kw - 1) + 1 : dw].reshape(shape)
        for i in range(0, height - dh * (kh - 1), sh)
        for j in range(0, width - dw * (kw - 1), sw)
    ]
    return np.stack(blocks, -1)


def col2im_in_numpy(columns, output_size, kernel_size, *options, **keywords):
    """The definition: every element goes to where im2col takes it from."""
    channels = columns.shape[-2] // int(np.prod(pair(kernel_size)))
    shape = channels, *pair(output_size)
    places = im2col_in_numpy(np.arange(1, np.prod(shape) + 1).reshape(shape), kernel_size, *options, **keywords)
    image = np.zeros((*columns.shape[:-2], np.prod(shape) + 1), columns.dtype)
    for batch in np.ndindex(*columns.shape[:-2]):
        np.add.at(image[batch], places, columns[batch])
    return image[..., 1:].reshape(*columns.shape[:-2], *shape)


def im2col_samples(t):
    return [
        Sample(t(2, 3, 4, 5), 2),
        Sample(t(3, 4, 5), (2, 3), padding=1),
        Sample(t(2, 1, 6, 5), (3, 2), (2, 1), (1, 2), (2, 3)),
        Sample(t(1, 2, 3, 3), 1, stride=2),
        Sample(t(0, 2, 3, 3), 2),
    ]


def col2im_samples(t):
    return [
        Sample(t(2, 12, 12), (4, 5), 2),
        Sample(t(18, 25), (4, 5), (2, 3), padding=1),
        Sample(t(2, 6, 6), (6, 5), (3, 2), (2, 1), (1, 2), (2, 3)),
        Sample(t(1, 2, 4), 3, 1, stride=2),
        Sample(t(0, 8, 4), 3, 2),
    ]


def im2col_errors(t):
    x = t(2, 3, 4, 5)
    return [
        Bad(Sample(x.numpy(), 2), TypeError, "argument 'input' .* must be Tensor, not ndarray"),
        Bad(Sample(x, 2.5), TypeError, r"im2col\(\): argument 'kernel_size' \(position 2\) must be tuple of ints, but "
            "found element of type float at pos 0"),
        Bad(Sample(x, 2, stride=None), TypeError, r"argument 'stride' \(position 5\) .* element of type NoneType"),
        Bad(Sample(x, (2, 2, 2)), RuntimeError, "It is expected kernel_size equals to 2, but got size 3"),
        Bad(Sample(x, 2, [1]), RuntimeError, "It is expected dilation equals to 2, but got size 1"),
        Bad(Sample(x, (0, 1)), RuntimeError, "kernel size should be greater than zero, but got kernel_height: 0 "
            "kernel_width: 1"),
        Bad(Sample(x, 2, 0), RuntimeError, "dilation should be greater than zero, but got dilation_height: 0"),
        Bad(Sample(x, 2, 1, -1), RuntimeError, "padding should be non-negative, but got pad_height: -1 pad_width: -1"),
        Bad(Sample(x, 2, 1, 0, (1, 0)), RuntimeError, "stride should be greater than zero, .* stride_width: 0"),
        Bad(Sample(t(4, 5), 2), RuntimeError, r"Expected 3D or 4D \(batch mode\) tensor .* but got: \[4, 5\]"),
        Bad(Sample(t(2, 0, 4, 5), 2), RuntimeError, "possibly 0 batch size and other non-zero dimensions for input"),
        Bad(Sample(x, (9, 2)), RuntimeError, r"Given input with spatial size \(4, 5\), kernel_size=\(9, 2\), "
            r"dilation=\(1, 1\), padding=\(0, 0\), calculated shape of the array of sliding blocks as \(-4, 4\), but "
            "its components must be at least one."),
    ]  # fmt: skip


def col2im_errors(t):
    x = t(2, 12, 12)
    return [
        Bad(Sample(3, 4, 2), TypeError, "argument 'input' .* must be Tensor, not int"),
        Bad(Sample(x, None, 2), TypeError, r"col2im\(\): argument 'output_size' \(position 2\) must be tuple of ints"),
        Bad(Sample(x, (4, 5, 6), 2), RuntimeError, "It is expected output_size equals to 2, but got size 3"),
        Bad(Sample(x, (4, 5), 2, 0), RuntimeError, "dilation should be greater than zero"),
        Bad(Sample(t(12), (4, 5), 2), RuntimeError, r"Expected 2D or 3D \(batch mode\) tensor .* but got: \[12\]"),
        Bad(Sample(t(2, 12, 0), (4, 5), 2), RuntimeError, "possibly 0 batch size and non-zero dimensions for input"),
        Bad(Sample(x, (4, 5), 5), RuntimeError, "Expected size of input's dimension 1 to be divisible by the product "
            r"of kernel_size, but got input.size\(1\)=12 and kernel_size=\(5, 5\)."),
        Bad(Sample(x, (4, 6), 2), RuntimeError, r"Given output_size=\(4, 6\), .* expected size of input's dimension 2 "
            r"to match the calculated number of sliding blocks 3 \* 5 = 15, but got input.size\(2\)=12."),
        Bad(Sample(t(1, 4, 6), (-1, -2), 2), RuntimeError, r"as \(-2, -3\), which is too small \(non-positive\)"),
        Bad(Sample(t(1, 1, 36), (0, 0), 1, 1, 3), RuntimeError, r"to be positive, but got: output_size=\(0, 0\)."),
    ]  # fmt: skip


DTYPES = (*FLOATS, *COMPLEX, "bool")  # those of PyTorch
ROWS = [
    Row("im2col", im2col_samples, im2col_in_numpy, torch="nn.functional.unfold", dtypes=DTYPES,
        errors=im2col_errors),
    Row("col2im", col2im_samples, col2im_in_numpy, torch="nn.functional.fold", dtypes=DTYPES,
        errors=col2im_errors, rtol={"bfloat16": 4e-2}, atol={"bfloat16": 5e-2, "float16": 5e-3}),
]  # fmt: skip
