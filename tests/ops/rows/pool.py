"""Rows of the pooling functions."""

from tests.ops.table import FLOATS, Bad, Row, Sample

SPACE = (7, 6, 5)


def functional(name):
    return f"nn.functional.{name}"


def max_samples(n):
    space = SPACE[:n]

    def samples(t):
        made = [
            Sample(t(2, 3, *space), 2),
            Sample(t(3, *space), 3, 2, 1),
            Sample(t(2, 3, *space), 2, 1, 1, 2),
            Sample(t(1, 2, *space), 3, stride=2, ceil_mode=True),
            Sample(t(1, 2, *space), (3, 2, 2)[:n], (1, 2, 1)[:n], (1, 1, 0)[:n]),
            Sample(t(2, 2, *space), 2, return_indices=True),
        ]
        return made + ([Sample(t(0, 2, *space), 2)] if n > 1 else [])

    return samples


def avg_samples(n):
    space = SPACE[:n]

    def samples(t):
        made = [
            Sample(t(2, 3, *space), 2),
            Sample(t(3, *space), 3, 2, 1),
            Sample(t(1, 2, *space), 3, stride=2, ceil_mode=True),
            Sample(t(1, 2, *space), 3, 2, 1, True, False),
            Sample(t(1, 2, *space), (3, 2, 2)[:n], (1, 2, 1)[:n], (1, 1, 0)[:n], count_include_pad=False),
        ]
        return made + ([Sample(t(1, 2, *space), 2, divisor_override=3)] if n > 1 else [])

    return samples


def adaptive_samples(n):
    space = SPACE[:n]

    def samples(t):
        return [
            Sample(t(2, 3, *space), 3),
            Sample(t(3, *space), 1),
            Sample(t(2, 3, *space), (4, 3, 2)[:n]),
            Sample(t(2, 3, *space), (9, 2, 7)[:n]),
        ]

    return samples


def adaptive_max_samples(n):
    return lambda t: [*adaptive_samples(n)(t), Sample(t(2, 3, *SPACE[:n]), 2, return_indices=True)]


def with_none(n):
    return lambda t: [*adaptive_samples(n)(t), Sample(t(2, 3, *SPACE[:n]), (2, None, 3)[:n])]


def window_errors(name):
    def errors(t):
        x = t(1, 2, 3, 3)
        return [
            Bad(Sample(t(2, 3), 2), RuntimeError, r"Expected 3D or 4D \(batch mode\) tensor"),
            Bad(
                Sample(x, 5),
                RuntimeError,
                r"Given input size: .* Calculated output size: .* Output size is too small",
            ),
            Bad(
                Sample(x, 2, padding=2),
                RuntimeError,
                "pad should be at most half of effective kernel size, but got pad=2",
            ),
            Bad(Sample(x, 2, padding=-1), RuntimeError, "pad must be non-negative, but got pad: -1"),
            Bad(Sample(x, 2, stride=0), RuntimeError, "stride should not be zero"),
            Bad(Sample(x, 0), RuntimeError, "kernel_size must be greater than zero"),
            Bad(
                Sample(x, (2, 2, 2)),
                RuntimeError,
                f"{name}: kernel_size must either be a single int, or a tuple of two ints",
            ),
            Bad(Sample(x, 2.5), TypeError, f"{name}.*argument 'kernel_size' must be int or tuple of ints"),
            Bad(
                Sample(t(1, 2, 3, 3, dtype="bool"), 2),
                NotImplementedError,
                f"\"{name}\" not implemented for 'Bool'",
            ),
            Bad(Sample([[1.0]], 2), TypeError, "argument 'input' .* must be Tensor, not list"),
        ]

    return errors


def avg_errors(t):
    return window_errors("avg_pool2d")(t) + [
        Bad(Sample(t(1, 2, 3, 3), 2, divisor_override=0), RuntimeError, "divisor must be not zero"),
        Bad(Sample(t(1, 2, 3, 3, dtype="int32"), 2), NotImplementedError, "\"avg_pool2d\" not implemented for 'Int'"),
    ]


def adaptive_errors(name):
    def errors(t):
        return [
            Bad(Sample(t(2, 3), 2), RuntimeError, rf"{name}\(\): Expected 3D or 4D tensor, but got:? \[2, 3\]"),
            Bad(Sample(t(2, 3, 4, 4), (2, 2, 2)), RuntimeError, f"{name}: output_size must be 2"),
            Bad(
                Sample(t(2, 3, 4, 4), -1),
                RuntimeError,
                "elements of output_size must be greater than or equal to 0",
            ),
            Bad(
                Sample(t(2, 3, 0, 4), 2),
                RuntimeError,
                r"Expected input to have non-zero size for non-batch dimensions, but input has sizes \[2, 3, 0, "
                r"4\] with "
                "dimension 2 being empty",
            ),
        ]

    return errors


ROWS = [
    Row("max_pool1d", max_samples(1), torch=functional("max_pool1d")),
    Row(
        "max_pool2d",
        max_samples(2),
        torch=functional("max_pool2d"),
        dtypes=(*FLOATS, "int64", "int32", "uint8"),
        errors=window_errors("max_pool2d"),
    ),
    Row("max_pool3d", max_samples(3), torch=functional("max_pool3d")),
    Row("avg_pool1d", avg_samples(1), torch=functional("avg_pool1d"), dtypes=(*FLOATS, "int64")),
    Row("avg_pool2d", avg_samples(2), torch=functional("avg_pool2d"), dtypes=(*FLOATS, "int64"), errors=avg_errors),
    Row("avg_pool3d", avg_samples(3), torch=functional("avg_pool3d"), dtypes=("float32", "float64", "int64")),
    Row("adaptive_max_pool1d", adaptive_max_samples(1), torch=functional("adaptive_max_pool1d")),
    Row(
        "adaptive_max_pool2d",
        adaptive_max_samples(2),
        torch=functional("adaptive_max_pool2d"),
        errors=adaptive_errors("adaptive_max_pool2d"),
    ),
    Row("adaptive_max_pool3d", adaptive_max_samples(3), torch=functional("adaptive_max_pool3d")),
    Row("adaptive_avg_pool1d", adaptive_samples(1), torch=functional("adaptive_avg_pool1d")),
    Row(
        "adaptive_avg_pool2d",
        with_none(2),
        torch=functional("adaptive_avg_pool2d"),
        errors=adaptive_errors("adaptive_avg_pool2d"),
    ),
    Row("adaptive_avg_pool3d", with_none(3), torch=functional("adaptive_avg_pool3d")),
]
