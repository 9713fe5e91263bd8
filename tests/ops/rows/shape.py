"""Rows of the ops that rearrange, join, copy and convert."""

import numpy as np

from ..table import ALL, Bad, Row, Sample

ELSEWHERE = {
    **dict.fromkeys(
        ["view_as", "reshape_as", "expand_as", "resize_", "resize_as_", "resize", "set_", "squeeze_", "unsqueeze_",
         "transpose_", "t_", "swapaxes_", "swapdims_", "broadcast_shapes", "as_strided", "adjoint", "contiguous"],
        "tests/ops/test_shape.py",
    ),
    **dict.fromkeys(
        ["to", "type_as", "float", "double", "half", "bfloat16", "int", "long", "short", "char", "byte", "bool",
         "cfloat", "cdouble", "tril_indices", "triu_indices"],
        "tests/ops/test_convert.py",
    ),
    **dict.fromkeys(
        ["numel", "is_floating_point", "is_complex", "is_nonzero", "is_signed", "is_same_size", "is_set_to",
         "ndimension", "sum_to_size", "apply_", "map_", "detach", "unravel_index", "new"],
        "tests/ops/test_info.py",
    ),
}  # fmt: skip


def changed(name):
    """The in-place method as a function of its inputs: applied to a clone. Works on both libraries' tensors."""

    def function(x, *args, **kwargs):
        return getattr(x.clone(), name)(*args, **kwargs)

    return function


def method(name):
    """The method as a function, for both libraries."""
    return lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def mutation(name, samples, **options):
    return Row(name, samples, function=changed(name), torch=changed(name), **options)


def listed(*shapes, **kwargs):
    return lambda t: Sample([t(*s) for s in shapes], **kwargs)


def all_of(*makers):
    return lambda t: [m(t) for m in makers]


def on(shape, *args, **kwargs):
    return lambda t: Sample(t(*shape), *args, **kwargs)


def expand_errors(t):
    return [
        Bad(Sample(t(1, 7), 2, 3, 1), RuntimeError,
            r"The expanded size of the tensor \(1\) must match the existing size \(7\) at non-singleton dimension 2\.  "
            r"Target sizes: \[2, 3, 1\]\.  Tensor sizes: \[1, 7\]"),
        Bad(Sample(t(2, 3), 3), RuntimeError, r"number of sizes provided \(1\) must be greater or equal"),
        Bad(Sample(t(3), -1, 3), RuntimeError, r"isn't allowed in a leading, non-existing dimension 0"),
    ]  # fmt: skip


def view_errors(t):
    return [
        Bad(Sample(t(5), 2, 3), RuntimeError, r"shape '\[2, 3\]' is invalid for input of size 5"),
        Bad(Sample(t(6), -1, -1), RuntimeError, "only one dimension can be inferred"),
        Bad(Sample(t(6), -2, 3), RuntimeError, "invalid shape dimension -2"),
        Bad(Sample(t(0), -1, 0), RuntimeError, "cannot reshape tensor of 0 elements into shape"),
        Bad(Sample(t(6), "a"), TypeError, "must be tuple of ints"),
        Bad(Sample(t()), TypeError, "missing 1 required positional"),
    ]


def dim_error(*args):
    return lambda t: [
        Bad(Sample(t(2, 3), *args), IndexError, r"Dimension out of range \(expected to be in range of \[-")
    ]


def cat_errors(t):
    return [
        Bad(
            Sample([t(2, 3), t(2, 4)]),
            RuntimeError,
            "Expected size 3 but got size 4 for tensor number 1 in the list",
        ),
        Bad(
            Sample([t(2), t(2, 4)]), RuntimeError, "Tensors must have same number of dimensions: got 1 and 2"
        ),
        Bad(Sample([]), ValueError, "expected a non-empty list of Tensors"),
        Bad(Sample([t(2), 3]), TypeError, "expected Tensor as element 1 in argument 0, but got int"),
        Bad(Sample([t()]), RuntimeError, r"zero-dimensional tensor \(at position 0\) cannot be concatenated"),
    ]


def repeats(t):
    return [
        Sample(t(3, 2), 2),
        Sample(t(3, 2), 2, dim=1),
        Sample(t(3, 2), t.ints(4, 3), dim=0),
        Sample(t(2), 0),
        Sample(t(), 3),
    ]


def cats(t):
    return [
        Sample([t(2, 3), t(1, 3)]), Sample([t(2, 3), t(2, 1), t(2, 0)], dim=1), Sample([t(2), t(0), t(3)], -1),
        Sample([t(0), t(2, 3)]), Sample([t(2, 3, 2), t(2, 1, 2)], dim=-2), Sample((t(2), t(2, dtype="float64"))),
        Sample([t(0), t(0)]),
    ]  # fmt: skip


ROWS = [
    # shapes
    Row("view", all_of(on((2, 6), 3, 4), on((2, 6), (-1,)), on((2, 6), 2, -1, 3), on((), 1), on((0, 3), 3, 0),
        on((4,), [2, 2])),
        dtypes=ALL, layouts=False, errors=view_errors),
    Row("reshape", all_of(on((2, 6), (3, 4)), on((2, 6), (-1,)), on((), (1, 1)), on((0, 3), (3, 0)), on((3, 4, 2),
        (4, 6))),
        lambda x, shape: x.reshape(shape), dtypes=ALL, errors=view_errors),
    Row("flatten", all_of(on((2, 3, 4)), on((2, 3, 4), 1), on((2, 3, 4), 0, 1), on(()), on((3,)), on((2, 3, 4), -2,
        -1)),
        errors=lambda t: [Bad(Sample(t(2, 3), 1, 0), RuntimeError, "start_dim cannot come after end_dim")]),
    Row("unflatten", all_of(on((2, 6), 1, (2, 3)), on((2, 6), -1, (3, -1)), on((4,), 0, (2, 2))),
        errors=lambda t: [Bad(Sample(t(2, 6), 1, (4, 2)), RuntimeError, "don't multiply up to the size of dim 1")]),
    Row("ravel", all_of(on((2, 3)), on(()), on((0, 2)))),
    Row("permute", all_of(on((2, 3, 4), (2, 0, 1)), on((2, 3, 4), (-1, 0, 1)), on((), ()), on((3, 0), (1, 0))),
        dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(2, 3), (0, 0)), RuntimeError, "duplicate dims are not allowed"),
                          Bad(Sample(t(2, 3), (0,)), RuntimeError,
                              "does not match the length of the desired ordering")]),
    Row("transpose", all_of(on((2, 3, 4), 0, 2), on((2, 3), -1, 0), on((), 0, -1), on((2, 0), 0, 1)),
        lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x, errors=dim_error(0, 2)),
    Row("t", all_of(on((2, 3)), on((3,)), on(()), on((0, 3))),
        errors=lambda t: [Bad(Sample(t(2, 3, 4)), RuntimeError,
            "expects a tensor with <= 2 dimensions, but self is 3D")]),
    Row("movedim", all_of(on((2, 3, 4), 0, 2), on((2, 3, 4), (0, 1), (-1, 0)), on((2, 3, 4), -1, 0)), np.moveaxis,
        errors=lambda t: [Bad(Sample(t(2, 3), (0, 0), (0, 1)), RuntimeError, "repeated dim in `source`")]),
    Row("expand", all_of(on((3, 1), 3, 4), on((3, 1), 2, -1, 4), on((), 2, 3), on((1, 3), 0, 3), on((2,), (2, 2))),
        dtypes=ALL,
        errors=expand_errors),
    Row("broadcast_to", all_of(on((3, 1), (2, 3, 4)), on((), (2,)))),
    Row("broadcast_tensors", lambda t: [Sample(t(3, 1), t(4)), Sample(t(), t(2, 2)), Sample(t(2))],
        errors=lambda t: [Bad(Sample(t(3), t(4)), RuntimeError,
            r"The size of tensor a \(3\) must match the size of tensor b \(4\)")]),
    Row("squeeze", all_of(on((1, 3, 1)), on((1, 3, 1), 0), on((1, 3, 1), 1), on((1, 3, 1), (0, -1)), on(()), on((),
        0), on((1, 0))),
        dtypes=ALL, errors=dim_error(2)),
    Row("unsqueeze", all_of(on((2, 3), 0), on((2, 3), 2), on((2, 3), -1), on((), 0), on((0,), 1)), np.expand_dims,
        dtypes=ALL,
        errors=dim_error(3)),
    Row("atleast_1d", all_of(on(()), on((2,)), on((2, 3)))),
    Row("atleast_2d", all_of(on(()), on((2,)), on((2, 3)))),
    Row("atleast_3d", lambda t: [Sample(t()), Sample(t(2)), Sample(t(2, 3)), Sample([t(), t(2, 2)])]),
    # parts
    Row("narrow", all_of(on((4, 3), 0, 1, 2), on((4, 3), -1, 0, 0), on((4, 3), 0, -2, 2)),
        errors=lambda t: [Bad(Sample(t(3), 0, 2, 2), RuntimeError,
            r"start \(2\) \+ length \(2\) exceeds dimension size \(3\)"),
                          Bad(Sample(t(3), 0, 4, 0), IndexError, "start out of range"),
                          Bad(Sample(t(), 0, 0, 1), RuntimeError, r"narrow\(\) cannot be applied to a 0-dim tensor")]),
    Row("narrow_copy", all_of(on((4, 3), 0, 1, 2))),
    Row("select", all_of(on((4, 3), 0, 1), on((4, 3), -1, -1), on((3,), 0, 2)), lambda x, d, i: np.take(x, i, d),
        errors=lambda t: [Bad(Sample(t(4, 3), 1, 3), IndexError,
            r"index 3 out of range for tensor of size \[4, 3\] at dimension 1"),
                          Bad(Sample(t(), 0, 0), IndexError, r"select\(\) cannot be applied to a 0-dim tensor")]),
    Row("split", all_of(on((5, 2), 2), on((5, 2), 5), on((2, 5), [1, 4], dim=1), on((0, 2), 2), on((5,), 7), on((2,
        4), 2, -1)),
        errors=lambda t: [Bad(Sample(t(5), [2, 2]), RuntimeError,
            r"to sum exactly to 5 \(input tensor's size at dimension 0\)"),
                          Bad(Sample(t(5), 0), RuntimeError, "split_size can only be 0 if dimension size is 0"),
                          Bad(Sample(t(), 1), RuntimeError, "at least a 1-dimensional tensor")]),
    Row("split_with_sizes", all_of(on((5, 2), [2, 3]), on((2, 5), [0, 5], 1))),
    Row("chunk", all_of(on((5, 2), 2), on((5, 2), 7), on((2, 6), 4, 1), on((0, 2), 3)),
        errors=lambda t: [Bad(Sample(t(5), 0), RuntimeError, "expects `chunks` to be greater than 0, got: 0")]),
    Row("unsafe_split", all_of(on((5, 2), 2), on((0, 2), 2), on((2, 4), 2, -1))),
    Row("unsafe_split_with_sizes", all_of(on((5, 2), [2, 3]), on((2, 5), [0, 5], dim=1))),
    Row("unsafe_chunk", all_of(on((5, 2), 2), on((2, 6), 4, 1), on((0, 2), 3)),
        errors=lambda t: [Bad(Sample(t(5), 0), RuntimeError, "expects `chunks` to be greater than 0, got: 0")]),
    Row("tensor_split", all_of(on((5, 2), 2), on((5, 2), 7), on((5, 2), (1, 3)), on((2, 5), (4, 2, -1), 1)),
        lambda x, cut, dim=0: np.array_split(x, cut, dim)),
    Row("hsplit", all_of(on((4,), 2), on((2, 6), 3), on((2, 6), [1, 2])), np.hsplit),
    Row("vsplit", all_of(on((4, 2), 2), on((6, 1), [1, 2])), np.vsplit),
    Row("dsplit", all_of(on((2, 1, 4), 2)), np.dsplit),
    Row("unbind", all_of(on((3, 2)), on((3, 2), 1), on((3, 2), -1), on((3,)), on((2, 0))),
        errors=lambda t: [Bad(Sample(t()), IndexError, "Dimension specified as 0 but tensor has no dimensions")]),
    Row("unfold", all_of(on((6, 2), 0, 2, 1), on((7,), 0, 3, 2), on((2, 5), -1, 5, 1), on((4,), 0, 2, 3), on((3,), 0,
        0, 1)),
        torch="Tensor.unfold", function=method("unfold"),
        errors=lambda t: [Bad(Sample(t(3), 0, 4, 1), RuntimeError,
            "maximum size for tensor at dimension 0 is 3 but size is 4"),
                          Bad(Sample(t(3), 0, 2, 0), RuntimeError, "step is 0 but must be > 0")]),
    Row("diagonal", all_of(on((3, 4)), on((3, 4), 1), on((4, 3), -2), on((2, 3, 3), 0, -2, -1), on((3, 3), 5), on((2,
        3, 4), 1, 2, 0)),
        np.diagonal, errors=lambda t: [Bad(Sample(t(2, 2), 0, 1, -1), RuntimeError,
            "diagonal dimensions cannot be identical 1, -1")]),
    Row("diag", all_of(on((3,)), on((3,), 1), on((2,), -2), on((3, 4)), on((3, 4), -1)), np.diag,
        errors=lambda t: [Bad(Sample(t(2, 2, 2)), RuntimeError, "Supports 1D or 2D tensors. Got 3D")]),
    Row("diag_embed", all_of(on((2, 3)), on((2, 3), 1), on((3,), -1), on((2, 3), 0, 0, 2), on((2, 3), 1, -1, 0))),
    Row("diagflat", all_of(on((2, 2)), on((2,), 1)), np.diagflat),
    Row("view_as_real", all_of(on((2, 3)), on(()), on((0,))), dtypes=("complex64", "complex128")),
    Row("view_as_complex", all_of(on((2, 3, 2)), on((2,))), dtypes=("float32", "float64"), layouts=False,
        errors=lambda t: [Bad(Sample(t(3)), RuntimeError, "Tensor must have a last dimension of size 2")]),
    # joining
    Row("cat", cats, dtypes=ALL, errors=cat_errors),
    Row("stack", all_of(listed((2, 3), (2, 3)), listed((2, 3), (2, 3), dim=1), listed((), ()), listed((2,), (2,),
        dim=-1)),
        dtypes=ALL,
        errors=lambda t: [Bad(Sample([t(2), t(3)]), RuntimeError, r"but got \[2\] at entry 0 and \[3\] at entry 1"),
                          Bad(Sample([]), RuntimeError, "stack expects a non-empty TensorList")]),
    Row("hstack", all_of(listed((2,), (3,)), listed((2, 1), (2, 2)), listed((), ())), np.hstack),
    Row("vstack", all_of(listed((2,), (2,)), listed((1, 2), (2, 2))), np.vstack),
    Row("dstack", all_of(listed((2,), (2,)), listed((2, 3), (2, 3))), np.dstack),
    Row("column_stack", all_of(listed((2,), (2, 3), (2,))), np.column_stack),
    Row("block_diag", lambda t: [Sample(t(2, 2), t(1, 3), t(2), t())]),
    Row("meshgrid", lambda t: [Sample(t(2), t(3), indexing="ij"), Sample(t(2), t(3), t(2), indexing="xy"),
        Sample(t(3), indexing="ij")]),
    Row("cartesian_prod", lambda t: [Sample(t(2), t(3)), Sample(t(2))]),
    Row("combinations", all_of(on((4,)), on((3,), 3), on((3,), 2, True))),
    Row("repeat", all_of(on((2, 3), 2, 1), on((3,), 2, 2), on((2,), (3,)), on((), 2), on((2,), 0), on((), ())),
        torch="Tensor.repeat",
        dtypes=ALL, errors=lambda t: [Bad(Sample(t(2, 2), 2), RuntimeError, "repeat dims can not be smaller than")]),
    Row("tile", all_of(on((2, 3), (2, 1)), on((2, 3), (2,)), on((2,), (2, 2))), np.tile),
    Row("repeat_interleave", repeats),
    # rearranging
    Row("flip", all_of(on((2, 3), (0,)), on((2, 3), (0, 1)), on((2, 3), (-1,)), on((), ()), on((0, 2), (0,))),
        np.flip, dtypes=ALL),
    Row("fliplr", all_of(on((2, 3))), np.fliplr),
    Row("flipud", all_of(on((2, 3)), on((3,))), np.flipud),
    Row("roll", all_of(on((2, 3), 1), on((2, 3), 1, 0), on((2, 3), (1, -1), (0, 1)), on((4,), 5), on((0,), 1)), np.roll,
        errors=lambda t: [Bad(Sample(t(2, 3), (1, 2), (0,)), RuntimeError,
            "shifts and dimensions must align. shifts: 2, dims:1")]),
    Row("rot90", all_of(on((2, 3)), on((2, 3), 2), on((2, 3), -1), on((2, 3), 4), on((2, 3, 2), 1, (2, 0))), np.rot90,
        errors=lambda t: [Bad(Sample(t(2, 3), 1, (1, 1)), RuntimeError, "expected rotation dims to be different")]),
    Row("tril", all_of(on((3, 4)), on((3, 4), 1), on((2, 4, 3), -1), on((0, 2))), np.tril, dtypes=ALL,
        errors=lambda t: [Bad(Sample(t(3)), RuntimeError, "must have at least 2 dimensions")]),
    Row("triu", all_of(on((3, 4)), on((3, 4), 1), on((2, 4, 3), -1), on((0, 2))), np.triu, dtypes=ALL),
    # copies
    Row("clone", all_of(on((2, 3)), on(()), on((0, 2))), np.copy, dtypes=ALL),
    mutation("copy_", lambda t: [Sample(t(2, 3), t(2, 3)), Sample(t(2, 3), t(3)), Sample(t(2, 3), t()), Sample(t(),
        t())], dtypes=ALL,
             errors=lambda t: [Bad(Sample(t(2, 3), t(4)), RuntimeError,
                 r"The size of tensor a \(3\) must match the size of tensor b"),
                               Bad(Sample(t(3), "1"), TypeError, "must be Tensor, not str")]),
    mutation("fill_", lambda t: [Sample(t(2, 3), 1), Sample(t(), 0), Sample(t(2, 3), t())], dtypes=ALL,
             errors=lambda t: [Bad(Sample(t(3), t(3)), RuntimeError, "only supports 0-dimension value tensor")]),
    mutation("zero_", all_of(on((2, 3)), on(())), dtypes=ALL),
    Row("fill", lambda t: [Sample(t(2, 3), 2), Sample(t(2), t())]),
]  # fmt: skip
