"""Rows of the embedding."""

from tests.ops.table import COMPLEX, FLOATS, Bad, Row, Sample


def samples(t):
    return [
        Sample(t.ints(5, 3), t(5, 2)),
        Sample(t.ints(5, 2, 3), t(5, 4), 1),
        Sample(t.ints(5, 4, dtype="int32"), t(5, 4), -1),
        Sample(t.ints(3, 6), t(3, 2), None, scale_grad_by_freq=True),
        Sample(t.ints(5), t(5, 2)),
        Sample(t.ints(5, 0), t(5, 2)),
    ]


def plain(t):
    """Without what changes gradients only: those are no derivatives."""
    return [Sample(t.ints(5, 3), t(5, 2)), Sample(t.ints(4, 2, 3), t(4, 3)), Sample(t.ints(5), t(5, 2))]


def errors(t):
    table = t(4, 3)
    return [
        Bad(
            Sample(t(2), table),
            RuntimeError,
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            "torch.FloatTensor instead",
        ),
        Bad(Sample(t.array([1, 5], "int64"), table), IndexError, "index out of range in self"),
        Bad(Sample(t.array([-1], "int64"), table), IndexError, "index out of range in self"),
        Bad(Sample(t.ints(3, 2), t(4)), RuntimeError, "'weight' must be 2-D"),
        Bad(
            Sample(t.ints(3, 2), table, 4),
            RuntimeError,
            "padding_idx 4 must be within the 4 rows of the table",
        ),
    ]


ROWS = [
    Row(
        "embedding",
        samples,
        lambda i, w, *a, **k: w[i.astype(int)],
        torch=lambda i, w, p=None, scale_grad_by_freq=False: __import__("torch").nn.functional.embedding(
            i, w, p, scale_grad_by_freq=scale_grad_by_freq
        ),
        dtypes=(*FLOATS, *COMPLEX),
        grad_samples=plain,
        errors=errors,
    ),
]
