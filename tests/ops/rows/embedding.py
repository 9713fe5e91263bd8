"""Rows of the embedding."""

import flambeau as fb
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


def bags(library):
    """The first result of embedding_bag; the others have no gradient (tests/ops/test_embedding.py)."""
    return lambda *args, **kwargs: library().embedding_bag(*args, **kwargs)[0]


def bag_samples(t):
    index, offsets = t.array([1, 2, 4, 2, 1, 3], "int64"), t.array([0, 2, 2, 3], "int64")
    ends = t.array([0, 2, 2, 6], "int64")
    made = [Sample(t(5, 3), index, offsets, False, mode) for mode in (0, 1, 2)]
    made += [Sample(t(5, 3), index, ends, False, mode, False, None, True, 2) for mode in (0, 1, 2)]
    return [
        *made,
        Sample(t(5, 2), index, offsets, False, 0, False, t(6), False, -2),
        Sample(t(5, 2), t.array([], "int64"), t.array([0, 0], "int32"), mode=1),
        Sample(t(5, 2), t.array([], "int64"), t.array([0, 0], "int64"), mode=2),
    ]


def bag_errors(t):
    w, index, offsets = t(5, 3), t.array([1, 2, 4], "int64"), t.array([0, 2], "int64")
    return [
        Bad(Sample(w, index, [0]), TypeError, "argument 'offsets' .* must be Tensor, not list"),
        Bad(Sample(w, t(3), offsets), RuntimeError, "'indices' to have .* scalar types: Long, Int; but got"),
        Bad(Sample(w.long(), index, offsets), RuntimeError, "'weight' to have .* Half, BFloat16, Float, Double; but"),
        Bad(Sample(w, index.reshape(3, 1), offsets), RuntimeError, r"1-D indices and 1-D offsets, got .* \[3, 1\]"),
        Bad(Sample(w, index + 1, offsets), IndexError, "index out of range in self"),
        Bad(Sample(w, index, offsets + 1), RuntimeError, r"offsets\[0\] has to be 0, .* However, got 1"),
        Bad(Sample(w, index, offsets * 2), RuntimeError, "greater than input's length 3 but got .* of 4"),
        Bad(Sample(w, index, t.array([0, 2, 1], "int64")), RuntimeError, "offsets must not decrease"),
        Bad(Sample(w, index, offsets[:0], include_last_offset=True), RuntimeError, "should be at least 1"),
        Bad(Sample(w, index, offsets, padding_idx=5), RuntimeError, "number of embeddings, -5 through 4, but got 5"),
        Bad(Sample(w, index, offsets, per_sample_weights=t(2)), RuntimeError, "must have the shape of indices"),
        Bad(Sample(w, index, offsets, per_sample_weights=t(3).double()), RuntimeError, "does not equal"),
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
    Row(
        "embedding_bag",
        bag_samples,
        torch=bags(lambda: __import__("torch")),
        function=bags(lambda: fb),
        errors=bag_errors,
    ),
]
