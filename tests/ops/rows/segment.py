"""The row of segment_reduce."""

from tests.ops.table import FLOATS, Bad, Row, Sample


def samples(t):
    lengths, offsets = t.array([2, 0, 4], "int64"), t.array([0, 2, 2, 6], "int64")
    rows = t.array([[2, 1], [3, 0]], "int64")
    made = [Sample(t(2, 3, 2), name, lengths=rows, axis=1) for name in ("sum", "mean", "max", "min", "prod")]
    made += [Sample(t(6), name, lengths=lengths, initial=1) for name in ("sum", "mean", "max", "min", "prod")]
    return [
        *made,
        Sample(t(6, 2), "sum", offsets=offsets),
        Sample(t(6), "max", offsets=t.array([1, 1, 4], "int64")),
        Sample(t(6, 0), "prod", lengths=t.array([5, 1], "int32"), axis=-2),
        Sample(t(6), "min", lengths=t.array([2, 3], "int64"), unsafe=True),
        Sample(t(0), "sum", lengths=t.array([0, 0], "int64")),
    ]


def errors(t):
    x, lengths = t(6), t.array([2, 4], "int64")
    return [
        Bad(Sample([1.0], "sum", lengths=lengths), TypeError, "argument 'input' .* must be Tensor, not list"),
        Bad(Sample(x, "sum", lengths=[2, 4]), TypeError, "argument 'lengths' .* must be Tensor, not list"),
        Bad(Sample(x, "median", lengths=lengths), RuntimeError, "must be either sum, prod, mean, .* got median"),
        Bad(Sample(x, "sum"), RuntimeError, "Either lengths or offsets must be defined"),
        Bad(Sample(x, "sum", indices=lengths), RuntimeError, "indices based reduction is not supported yet"),
        Bad(Sample(x.long(), "sum", lengths=lengths), NotImplementedError, "not implemented for 'Long'"),
        Bad(Sample(x, "sum", lengths=t(2)), NotImplementedError, "not implemented for lengths of 'Float'"),
        Bad(Sample(x, "sum", lengths=lengths, axis=1), IndexError, "Dimension out of range"),
        Bad(Sample(t(2, 3), "sum", lengths=lengths, axis=1), RuntimeError, "last dimension of lengths but got 1"),
        Bad(Sample(t(2, 3), "sum", lengths=t.ints(2, 3, 2), axis=1), RuntimeError, r"for each of \[2\], got \[3, 2\]"),
        Bad(Sample(x, "sum", lengths=t.array([-1, 7], "int64")), RuntimeError, "lengths contains negative"),
        Bad(Sample(x, "sum", lengths=t.array([2, 3], "int64")), RuntimeError, "Expected all rows of lengths"),
        Bad(Sample(x, "sum", offsets=t.array([0, 3, 1], "int64")), RuntimeError, "offsets that do not decrease"),
        Bad(Sample(x, "sum", offsets=t.array([0, 9], "int64")), RuntimeError, "within the 6 elements of dimension 0"),
        Bad(Sample(x, "sum", lengths=t.array([2, 9], "int64"), unsafe=True), RuntimeError, "within the 6 elements"),
    ]


def full(t):
    """Without empty segments, whose means are NaN."""
    rows = t.array([[2, 1], [1, 2]], "int64")
    made = [Sample(t(2, 3, 2), name, lengths=rows, axis=1) for name in ("sum", "mean", "max", "min", "prod")]
    lengths = t.array([2, 0, 4], "int64")
    return made + [Sample(t(6), name, lengths=lengths, initial=0.5) for name in ("mean", "max", "min", "prod")]


ROWS = [Row("segment_reduce", samples, dtypes=FLOATS, errors=errors, grad_samples=full)]
