"""Rows of grid_sampler."""

from tests.ops.table import Bad, Row, Sample

WIDE = ("float32", "float64")


def samples(space):
    n = len(space)

    def make(t):
        return [
            Sample(t(2, 2, *space), t(2, *(3, 2, 2)[:n], n), mode, padding, aligned)
            for mode in ((0, 1, 2) if n == 2 else (0, 1))
            for padding in (0, 1, 2)
            for aligned in (False, True)
        ] + [Sample(t(0, 2, *space), t(0, *(3, 2, 2)[:n], n), 0, 0, False)]

    return make


def few(space):
    """One sample per mode, each with another padding: of derivatives, which are slow to check."""
    n = len(space)
    modes = (0, 1, 2) if n == 2 else (0,)
    return lambda t: [Sample(t(1, 1, *space), t(1, *(2, 1, 2)[:n], n), m, (m + 1) % 3, m == 0) for m in modes]


def errors(t):
    x, grid = t(2, 3, 4, 5), t(2, 3, 3, 2)
    return [
        Bad(Sample([1.0], grid, 0, 0, True), TypeError, "argument 'input' .* must be Tensor, not list"),
        Bad(Sample(x, grid[0], 0, 0, True), RuntimeError, "input and grid with same number of dimensions, but got"),
        Bad(Sample(x, grid[:1], 0, 0, True), RuntimeError, r"same batch size, but got input with sizes \[2, 3, 4, 5\]"),
        Bad(Sample(x, t(2, 3, 3, 3), 0, 0, True), RuntimeError, r"size 2 in last dimension, .* sizes \[2, 3, 3, 3\]"),
        Bad(Sample(x[:, :, :0], grid, 0, 0, True), RuntimeError, r"\[2, 3, 0, 5\] with dimension 2 being empty"),
        Bad(Sample(x, grid.double(), 0, 0, True), RuntimeError, "of one dtype, got Float and Double"),
        Bad(Sample(x.long(), grid.long(), 0, 0, True), NotImplementedError, "not implemented for 'Long'"),
    ]


def volume_errors(t):
    x, grid = t(2, 3, 4, 5, 2), t(2, 3, 3, 2, 3)
    return [
        Bad(Sample(x, grid, 2, 0, True), RuntimeError, "bicubic interpolation only supports 4D input"),
        Bad(Sample(x[0], grid[0], 0, 0, True), RuntimeError, r"expected 5D input, .* sizes \[3, 4, 5, 2\]"),
    ]


CLOSE = dict(rtol={"float32": 1e-4}, atol={"float32": 1e-4})
ROWS = [
    Row("grid_sampler", samples((4, 3)), dtypes=WIDE, grad_samples=few((4, 3)), errors=errors, **CLOSE),
    Row("grid_sampler_2d", samples((3, 5)), dtypes=WIDE, grad_samples=few((3, 5)), **CLOSE),
    Row("grid_sampler_3d", samples((2, 3, 4)), dtypes=WIDE, grad_samples=few((2, 3, 4)), errors=volume_errors, **CLOSE),
]
