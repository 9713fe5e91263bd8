"""Rows of copies of views, diagonals written in place, and slices combined with slices."""

import numpy as np

from ..table import ALL, INTS, Bad, Row, Sample
from .shape import mutation

WIDE = ("float32", "float64")
ELSEWHERE = dict.fromkeys(
    ["as_strided_", "detach_", "empty_permuted", "empty_strided", "from_file", "get_device", "is_distributed",
     "is_inference", "map2_", "new_empty_strided", "resize_as", "dim_order", "const_data_ptr", "as_subclass",
     "binomial", "to_dlpack"],
    "tests/ops/test_memory.py",
)  # fmt: skip

COPIES = {
    "alias": [()], "as_strided": [((2, 2), (1, 2))], "detach": [()], "diagonal": [(), (1, 0, 1)],
    "expand": [((2, 3, 4),)],
    "permute": [((1, 0),)], "select": [(0, 1)], "slice": [(), (1, 0, 3, 2)], "split": [(2,)],
    "split_with_sizes": [([1, 3], 1)], "squeeze": [(), (0,)], "t": [()], "transpose": [(0, 1)], "unbind": [(), (1,)],
    "unfold": [(1, 2, 1)], "unsqueeze": [(1,)], "view": [((4, 3),)],
}  # fmt: skip


def copies(name, forms):
    return Row(f"{name}_copy", lambda t: [Sample(t(3, 4), *form) for form in forms], dtypes=("float32", "float64"),
               layouts=name not in ("as_strided", "view"))  # fmt: skip


def fill_diagonal(x, value, wrap=False):
    np.fill_diagonal(x, value, wrap)
    return x


def reduce_samples(*names):
    def samples(t):
        made = []
        for name in names:
            made.append(Sample(t(4, 3), 0, t.ints(4, 5), t(5, 3), name))
            made.append(Sample(t(3, 4), -1, t.ints(4, 2), t(3, 2), name, include_self=False))
        return made

    return samples


def index_reduce_errors(t):
    return [
        Bad(Sample(t(4, 3), 0, t.ints(4, 2), t(2, 3), "sum"), RuntimeError, "mean, amax or amin but got sum"),
        Bad(Sample(t(4, 3), 0, t.ints(4, 1), t(2, 3), "prod"), RuntimeError, r"Number of indices \(1\)"),
        Bad(Sample(t(2, 3), 0, t.array([0, 5], "int64"), t(2, 3), "prod"), IndexError, "out of bounds"),
    ]


REDUCTIONS = reduce_samples("prod", "mean", "amax", "amin")
ROWS = [
    *[copies(name, forms) for name, forms in COPIES.items()],
    Row("view_as_complex_copy", lambda t: [Sample(t(3, 2))], dtypes=WIDE, layouts=False),
    Row("view_as_real_copy", lambda t: [Sample(t(3, 2))], dtypes=("complex64", "complex128")),
    mutation("fill_diagonal_", lambda t: [Sample(t(3, 4), 1), Sample(t(7, 2), 1, wrap=True), Sample(t(2, 2, 2), 1)],
             reference=None, dtypes=ALL),
    Row("as_strided_scatter", lambda t: [Sample(t(3, 4), t(2, 2), (2, 2), (1, 2)), Sample(t(5), t(2), (2,), (1,), 3)],
        dtypes=WIDE, layouts=False, errors=lambda t: [
            Bad(Sample(t(5), t(3), (2,), (1,)), RuntimeError, r"src size = \[3\], slice size = \[2\]")]),
    Row("nonzero_static", lambda t: [Sample(t(3, 2), size=4), Sample(t.array([0, 1, 0, 1]), size=3, fill_value=7)],
        dtypes=ALL, grad=False, errors=lambda t: [Bad(Sample(t(3), size=-1), RuntimeError, "non-negative integer")]),
    Row("index_reduce", REDUCTIONS, dtypes=WIDE + INTS, errors=index_reduce_errors),
    mutation("index_reduce_", REDUCTIONS, dtypes=WIDE),
]  # fmt: skip
