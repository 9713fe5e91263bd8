"""Rows of the embeddings."""

import numpy as np

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


def bag_samples(t):
    offsets = t.array([0, 2, 2, 4], "int64")
    return [
        Sample(t(5, 3), t.ints(5, 6), offsets),
        Sample(t(5, 3), t.ints(5, 6), offsets, True, 1, False, None, False, 2),
        Sample(t(5, 3), t.ints(5, 6), offsets, False, 2),
        Sample(t(5, 3), t.ints(5, 6), t.array([0, 3, 6], "int64"), False, 0, False, t(6), True),
        Sample(t(5, 3), t.ints(5, 0), t.array([0, 0], "int64"), False, 1),
    ]


def bag_gradients(t):
    offsets = t.array([0, 2, 2], "int64")
    return [
        Sample(t(4, 2), t.ints(4, 4), offsets, False, 0, False, t(4)),
        Sample(t(4, 2), t.ints(4, 4), offsets, False, 1),
        Sample(t(4, 2), t.ints(4, 4), offsets, False, 2),
    ]


def bags(weight, indices, offsets, scale=False, mode=0, sparse=False, factors=None, last=False, padding=-1):
    ends = [*offsets[1:], *([] if last else [len(indices)])]
    found = []
    for start, end in zip(offsets, ends, strict=False):
        chosen = [i for i in range(int(start), int(end)) if indices[i] != padding]
        rows = np.array([weight[int(indices[i])] * (1 if factors is None else factors[i]) for i in chosen])
        if not chosen:
            found.append(np.zeros(weight.shape[1]))
        else:
            found.append([rows.sum(0), rows.mean(0), rows.max(0)][mode])
    return np.array(found)


def bag_errors(t):
    table, indices = t(4, 3), t.ints(4, 5)
    zero = t.array([0], "int64")
    return [
        Bad(Sample(table, indices, t.array([1], "int64")), RuntimeError, r"offsets\[0\] has to be 0"),
        Bad(Sample(table, indices, t.array([0, 6], "int64")), RuntimeError, "can not be greater than input's length 5"),
        Bad(Sample(table, indices, t.array([0, 3, 2], "int64")), RuntimeError, "offsets must not decrease"),
        Bad(Sample(table, t.array([0, 7], "int64"), zero), RuntimeError, r"Index 1 of input takes value 7 .* \[0, 4\)"),
        Bad(Sample(table, t(2), zero), RuntimeError, "one of the following scalar types: Long, Int"),
        Bad(Sample(t(4), indices, zero), RuntimeError, r"expected weight \(V, D\), indices \(N,\)"),
    ]


ROWS = [
    Row(
        "embedding_bag",
        bag_samples,
        bags,
        torch=lambda *a: __import__("torch").embedding_bag(*a)[0],
        dtypes=FLOATS,
        grad_samples=bag_gradients,
        errors=bag_errors,
        function=lambda *a: fb.embedding_bag(*a)[0],
        rtol={"bfloat16": 3e-2},
        atol={"bfloat16": 3e-2},
    ),
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

ELSEWHERE = {"embedding_bag": "tests/nn/test_embedding_bag.py"}  # the other results
