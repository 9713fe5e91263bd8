"""Rows of the products of matrices and vectors, and of einsum."""

from functools import reduce

import numpy as np

from tests.ops.table import COMPLEX, FLOATS, Bad, Row, Sample

NUMBERS = (*FLOATS, "int64", "int32", *COMPLEX)


def pairs(*shapes):
    return lambda t: [Sample(t(*a), t(*b)) for a, b in shapes]


def no_match(t):
    return [
        Bad(
            Sample(t(2, 3), t(4, 5)),
            RuntimeError,
            r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
        ),
        Bad(
            Sample(t(2, 3), t(3, 5, dtype="float64")),
            RuntimeError,
            "expected m1 and m2 to have the same dtype, but got: float != double",
        ),
    ]


def matmul_errors(t):
    return no_match(t) + [
        Bad(Sample(t(2, 3), t(4)), RuntimeError, r"size mismatch, got input \(2\), mat \(2x3\), vec \(4\)"),
        Bad(
            Sample(t(3), t(4, 5)), RuntimeError, r"mat1 and mat2 shapes cannot be multiplied \(1x3 and 4x5\)"
        ),
        Bad(
            Sample(t(3), t(4)), RuntimeError, r"inconsistent tensor size, expected tensor \[3\] and src \[4\]"
        ),
        Bad(
            Sample(t(2, 2, 3), t(4, 5)),
            RuntimeError,
            r"mat1 and mat2 shapes cannot be multiplied \(4x3 and 4x5\)",
        ),
        Bad(
            Sample(t(2, 2, 3), t(3, 3, 5)),
            RuntimeError,
            r"The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 0",
        ),
        Bad(
            Sample(t(5, 2, 2, 3), t(2, 4, 5)),
            RuntimeError,
            r"Expected size for first two dimensions of batch2 tensor to be: \[10, 3\] but got: \[10, 4\].",
        ),
        Bad(
            Sample(t(), t(3)),
            RuntimeError,
            "both arguments to matmul need to be at least 1D, but they are 0D and 1D",
        ),
        Bad(
            Sample(t(2, 3), 3),
            TypeError,
            r"matmul\(\): argument 'other' \(position 2\) must be Tensor, not int",
        ),
        Bad(
            Sample(t(2, 2, 3), t(2, 3, 2, dtype="float64")),
            RuntimeError,
            "expected scalar type Float but found Double",
        ),
        Bad(
            Sample(t(2, 2, dtype="bool"), t(2, 2, dtype="bool")),
            NotImplementedError,
            "not implemented for 'Bool'",
        ),
    ]


def mm_errors(t):
    return no_match(t) + [
        Bad(Sample(t(3), t(3, 5)), RuntimeError, "self must be a matrix"),
        Bad(Sample(t(3, 3), t(3)), RuntimeError, "mat2 must be a matrix"),
        Bad(
            Sample(t(3, 3), None),
            TypeError,
            r"mm\(\): argument 'mat2' \(position 2\) must be Tensor, not NoneType",
        ),
    ]


def bmm_errors(t):
    return [
        Bad(Sample(t(2, 3), t(2, 3, 4)), RuntimeError, "batch1 must be a 3D tensor"),
        Bad(Sample(t(2, 3, 4), t(3, 4)), RuntimeError, "batch2 must be a 3D tensor"),
        Bad(
            Sample(t(2, 3, 4), t(3, 4, 4)),
            RuntimeError,
            r"Expected size for first two dimensions of batch2 tensor to be: \[2, 4\] but got: \[3, 4\].",
        ),
    ]


def dot_errors(t):
    return [
        Bad(Sample(t(3, 2), t(4)), RuntimeError, "1D tensors expected, but got 2D and 1D tensors"),
        Bad(
            Sample(t(3), t(3, dtype="float64")),
            RuntimeError,
            "dot : expected both vectors to have same dtype, but found Float and Double",
        ),
    ]


def added(product):
    def reference(c, a, b, beta=1, alpha=1):
        return (beta * c if beta else 0) + alpha * product(a, b)

    return reference


def added_samples(first, *shapes):
    def samples(t):
        made = [Sample(t(*c), t(*a), t(*b)) for c, a, b in (first, *shapes)]
        c, a, b = first
        whole = t.dtype.startswith(("int", "uint"))
        factors = [(2, 3), (0, 1)] if whole else [(0.5, 2), (0, -1.5), (1, 0)]
        return made + [Sample(t(*c), t(*a), t(*b), beta=beta, alpha=alpha) for beta, alpha in factors]

    return samples


def addmm_errors(t):
    return [
        Bad(
            Sample(t(5), t(2, 3), t(4, 5)),
            RuntimeError,
            r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
        ),
        Bad(
            Sample(t(4), t(2, 3), t(3, 5)),
            RuntimeError,
            r"The expanded size of the tensor \(5\) must match the existing size \(4\) at non-singleton dimension 1",
        ),
        Bad(Sample(t(2, 2, 5), t(2, 3), t(3, 5)), RuntimeError, "The expanded size of the tensor"),
        Bad(
            Sample(t(5), t(2, 3), t(3, 5, dtype="float64")),
            RuntimeError,
            "self and mat2 must have the same dtype, but got Float and Double",
        ),
        Bad(Sample(t(5), t(3), t(3, 5)), RuntimeError, "mat1 must be a matrix, got 1-D tensor"),
        Bad(
            Sample(*(t(*s, dtype="int64") for s in ((5,), (2, 3), (3, 5))), beta=0.5),
            RuntimeError,
            "argument beta must not be a floating point number",
        ),
    ]


def linear_samples(t):
    return [
        Sample(t(2, 3), t(4, 3), t(4)),
        Sample(t(2, 3), t(4, 3)),
        Sample(t(3), t(4, 3), t(4)),
        Sample(t(2, 5, 3), t(4, 3), t(4)),
        Sample(t(2, 1, 5, 3), t(1, 3)),
        Sample(t(0, 3), t(4, 3), t(4)),
        Sample(t(2, 0), t(4, 0), t(4)),
        Sample(t(2, 3), t(4, 3), t(1)),
        Sample(t(2, 3), t(4, 3), None),
        Sample(t(5, 2, 3), t(3)),
        Sample(t(3), t(3)),
    ]


def linear_errors(t):
    return [
        Bad(
            Sample(t(2, 3), t(4, 5)),
            RuntimeError,
            r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 5x4\)",
        ),
        Bad(
            Sample(t(2, 7, 3), t(4, 5), t(4)),
            RuntimeError,
            r"mat1 and mat2 shapes cannot be multiplied \(14x3 and 5x4\)",
        ),
        Bad(
            Sample(t(2, 3), t(4, 3, dtype="float64")),
            RuntimeError,
            "expected m1 and m2 to have the same dtype, but got: float != double",
        ),
        Bad(
            Sample(t(2, 3), t(4, 3), t(5)),
            RuntimeError,
            r"The expanded size of the tensor \(4\) must match the existing size \(5\)",
        ),
        Bad(
            Sample(t(2, 3), t(4, 3), t(4, dtype="float64")),
            RuntimeError,
            "self and mat2 must have the same dtype, but got Double and Float",
        ),
        Bad(Sample(t(2, 3), t(3), t(1)), RuntimeError, "mat2 must be a matrix"),
        Bad(
            Sample(t(), t(4, 3)),
            RuntimeError,
            "both arguments to linear need to be at least 1D, but they are 0D and 2D",
        ),
        Bad(
            Sample(t(2, 3), 3),
            TypeError,
            r"linear\(\): argument 'weight' \(position 2\) must be Tensor, not int",
        ),
    ]


def linear(x, w, b=None):
    y = x @ (w.T if w.ndim == 2 else w)
    return y if b is None else y + b


def cross_in_numpy(a, b, dim=None):
    if dim is None:
        dim = a.shape.index(3)
    return np.cross(*np.broadcast_arrays(a, b), axis=dim)


def tensordot_samples(t):
    return [
        Sample(t(2, 3), t(3, 4), 1),
        Sample(t(2, 3, 4), t(3, 4, 5)),
        Sample(t(2, 3), t(4), 0),
        Sample(t(2, 3), t(2, 3), 2),
        Sample(t(2, 3, 4), t(4, 5, 2), ([0, 2], [2, 0])),
        Sample(t(2, 3, 4), t(4, 5, 2), dims=([-1], [0])),
        Sample(t(2, 0), t(0, 3), 1),
    ]


def tensordot_errors(t):
    return [
        Bad(
            Sample(t(2, 3), t(4, 5), 2),
            RuntimeError,
            "contracted dimensions need to match, but first has size 2 in dim -2 and second has size 4 in dim 0",
        ),
        Bad(
            Sample(t(2, 3), t(4, 5), ([1, 0], [0])),
            RuntimeError,
            "both dimension lists should have same length",
        ),
        Bad(Sample(t(2, 3), t(2, 3), -1), RuntimeError, "tensordot expects dims >= 0, but got dims=-1"),
        Bad(Sample(t(2, 3), t(3, 2), ([2], [0])), IndexError, "Dimension out of range"),
    ]


def einsum_samples(t):
    return [
        Sample("ij,jk->ik", t(2, 3), t(3, 4)),
        Sample("ij,jk", t(2, 3), t(3, 4)),
        Sample("bij,bjk->bik", t(2, 3, 4), t(2, 4, 5)),
        Sample("ii", t(3, 3)),
        Sample("ii->i", t(3, 3)),
        Sample("iij->j", t(3, 3, 2)),
        Sample("ij->ji", t(2, 3)),
        Sample("ba", t(2, 3)),
        Sample("ij->", t(2, 3)),
        Sample("i,j->ij", t(2), t(3)),
        Sample("i,i", t(3), t(3)),
        Sample("i,i->i", t(3), t(3)),
        Sample("...ij,...jk->...ik", t(2, 1, 3, 4), t(5, 4, 2)),
        Sample("b...a", t(2, 4, 3)),
        Sample("i...->...", t(2, 3, 4)),
        Sample("...,...", t(2, 3), t(3)),
        Sample("bn,anm,bm->ba", t(2, 3), t(5, 3, 4), t(2, 4)),
        Sample("ij, jk, kl -> il", t(2, 3), t(3, 4), t(4, 2)),
        Sample("abc,cd,ad->b", t(2, 3, 4), t(4, 5), t(2, 5)),
        Sample("ij,kl->ik", t(2, 3), t(4, 5)),
        Sample("ij,ij->", t(0, 3), t(0, 3)),
    ]


def einsum_errors(t):
    def bad(match, equation, *shapes):
        return Bad(Sample(equation, *(t(*s) for s in shapes)), RuntimeError, match)

    return [
        bad(
            "subscript j has size 4 for operand 1 which does not broadcast with previously seen size 3",
            "ij,jk",
            (2, 3),
            (4, 5),
        ),
        bad("output subscript i appears more than once in the output", "ij,jk->ii", (2, 3), (3, 5)),
        bad(
            "output subscript l does not appear in the equation for any input operand",
            "ij,jk->il",
            (2, 3),
            (3, 5),
        ),
        bad("more operands were provided than specified in the equation", "ij", (2, 3), (3, 5)),
        bad("fewer operands were provided than specified in the equation", "ij,ij,ij", (2, 3), (2, 3)),
        bad(
            r"the number of subscripts in the equation \(3\) does not match the number of dimensions \(2\) for "
            r"operand 0 and no "
            "ellipsis was given",
            "ijk,jk",
            (2, 3),
            (3, 5),
        ),
        bad("subscript i is repeated for operand 0 but the sizes don't match, 3 != 2", "ii", (2, 3)),
        bad("invalid subscript given at index 1 in the equation string", "i!->i", (2, 3)),
        bad("found '.' for operand 0 for which an ellipsis was already found", "i...j...->i", (2, 3)),
        bad("found '.' for operand 0 that is not part of any ellipsis", "i..j->i", (2, 3)),
        Bad(Sample(""), ValueError, "must specify the equation string and at least one operand"),
    ]


def invertible(t):
    def matrix(*shape):
        return t.array(t.random.uniform(-0.5, 0.5, shape) + 2 * np.eye(shape[-1]))

    return [Sample(matrix(3, 3)), Sample(matrix(2, 2, 2)), Sample(matrix(0, 2, 2))]


def power_samples(t):
    return [Sample(s.args[0], n) for s in invertible(t) for n in (0, 1, 2, 3, 5, -1, -2)]


ROWS = [
    Row(
        "matmul",
        pairs(
            ((2, 3), (3, 4)),
            ((2, 3), (3,)),
            ((3,), (3,)),
            ((3,), (3, 4)),
            ((5, 2, 3), (3, 4)),
            ((5, 2, 3), (5, 3, 4)),
            ((4, 1, 2, 3), (5, 3, 2)),
            ((2, 3), (5, 3, 2)),
            ((5, 2, 3), (3,)),
            ((3,), (5, 3, 2)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((0, 2, 3), (3, 2)),
            ((2, 1, 2, 0), (0, 3)),
        ),
        np.matmul,
        dtypes=NUMBERS,
        errors=matmul_errors,
    ),
    Row(
        "mm",
        pairs(((2, 3), (3, 4)), ((0, 3), (3, 4)), ((2, 0), (0, 3)), ((17, 33), (33, 9))),
        np.matmul,
        dtypes=NUMBERS,
        errors=mm_errors,
        grad_samples=pairs(((2, 3), (3, 4))),
    ),
    Row(
        "bmm",
        pairs(((2, 3, 4), (2, 4, 5)), ((0, 3, 4), (0, 4, 5)), ((2, 3, 0), (2, 0, 5))),
        np.matmul,
        dtypes=NUMBERS,
        errors=bmm_errors,
    ),
    Row(
        "mv",
        pairs(((2, 3), (3,)), ((2, 0), (0,)), ((0, 3), (3,))),
        np.matmul,
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(Sample(t(2), t(4)), RuntimeError, "vector \\+ matrix @ vector expected, got 1, 1, 1"),
            Bad(Sample(t(2, 3), t(4)), RuntimeError, "size mismatch, got input"),
            Bad(
                Sample(t(2, 3), t(3, dtype="float64")),
                RuntimeError,
                "addmv input tensors must have the same dtype",
            ),
        ],
    ),
    Row("dot", pairs(((3,), (3,)), ((0,), (0,))), np.dot, dtypes=NUMBERS, errors=dot_errors),
    Row("vdot", pairs(((3,), (3,)), ((0,), (0,))), np.vdot, dtypes=NUMBERS, errors=dot_errors),
    Row(
        "inner",
        pairs(
            ((2, 3), (4, 3)), ((3,), (3,)), ((), (2, 3)), ((2, 3), ()), ((2, 4, 3), (3,)), ((2, 0), (3, 0))
        ),
        np.inner,
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(
                Sample(t(2, 3), t(2, 4)),
                RuntimeError,
                r"inner\(\) the last dimension must match on both input tensors but got shapes \[2, 3\] and \[2, 4\]",
            )
        ],
    ),
    Row(
        "outer",
        pairs(((2,), (3,)), ((0,), (3,))),
        np.outer,
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(Sample(t(2, 3), t(2)), RuntimeError, "outer: Expected 1-D argument self, but got 2-D"),
            Bad(Sample(t(2), t(2, 3)), RuntimeError, "outer: Expected 1-D argument vec2, but got 2-D"),
        ],
    ),
    Row(
        "addmm",
        added_samples(
            ((2, 4), (2, 3), (3, 4)),
            ((4,), (2, 3), (3, 4)),
            ((2, 1), (2, 3), (3, 4)),
            ((), (2, 3), (3, 4)),
            ((2, 4), (2, 0), (0, 4)),
            ((0, 4), (0, 3), (3, 4)),
        ),
        added(np.matmul),
        dtypes=NUMBERS,
        errors=addmm_errors,
    ),
    Row(
        "addmv",
        added_samples(((2,), (2, 3), (3,)), ((1,), (2, 3), (3,)), ((), (2, 3), (3,)), ((2,), (2, 0), (0,))),
        added(np.matmul),
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(
                Sample(t(4), t(2, 3), t(3)),
                RuntimeError,
                r"size mismatch, got input \(4\), mat \(2x3\), vec \(3\)",
            ),
            Bad(Sample(t(2), t(2), t(4)), RuntimeError, "vector \\+ matrix @ vector expected, got 1, 1, 1"),
        ],
    ),
    Row(
        "baddbmm",
        added_samples(
            ((2, 3, 5), (2, 3, 4), (2, 4, 5)), ((5,), (2, 3, 4), (2, 4, 5)), ((2, 3, 5), (2, 3, 0), (2, 0, 5))
        ),
        added(np.matmul),
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(
                Sample(t(2, 2), t(5, 2, 3), t(5, 3, 5)),
                RuntimeError,
                r"The expanded size of the tensor \(5\) must match the existing size \(2\) at "
                r"non-singleton dimension 2",
            ),
            Bad(Sample(t(2, 2), t(2, 3), t(5, 3, 5)), RuntimeError, "batch1 must be a 3D tensor"),
        ],
    ),
    Row(
        "addbmm",
        added_samples(
            ((3, 5), (2, 3, 4), (2, 4, 5)), ((5,), (2, 3, 4), (2, 4, 5)), ((3, 5), (0, 3, 4), (0, 4, 5))
        ),
        added(lambda a, b: (a @ b).sum(0)),
        dtypes=NUMBERS,
        atol={"float16": 1e-2, "bfloat16": 6e-2},
        errors=lambda t: [
            Bad(Sample(t(2, 2), t(5, 2, 3), t(5, 3, 5)), RuntimeError, "The expanded size of the tensor"),
            Bad(Sample(t(2, 2), t(2, 3), t(5, 3, 5)), RuntimeError, "batch1 must be a 3D tensor"),
        ],
    ),
    Row(
        "addr",
        added_samples(((2, 3), (2,), (3,)), ((3,), (2,), (3,)), ((), (2,), (3,)), ((0, 3), (0,), (3,))),
        added(np.outer),
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(Sample(t(2, 2), t(3), t(4)), RuntimeError, "The expanded size of the tensor"),
            Bad(
                Sample(t(2, 2), t(3, 2), t(4)), RuntimeError, "addr: Expected 1-D argument vec1, but got 2-D"
            ),
        ],
    ),
    Row("linear", linear_samples, linear, dtypes=(*FLOATS, *COMPLEX), errors=linear_errors),
    Row(
        "tensordot",
        tensordot_samples,
        lambda a, b, dims=2: np.tensordot(a, b, dims),
        dtypes=(*FLOATS, "int64", *COMPLEX),
        errors=tensordot_errors,
    ),
    Row(
        "einsum",
        einsum_samples,
        np.einsum,
        dtypes=(*FLOATS, "int64", *COMPLEX),
        errors=einsum_errors,
        atol={"float16": 1e-2, "bfloat16": 0.1},
    ),
    Row(
        "kron",
        pairs(((2, 3), (2, 2)), ((2,), (3, 2)), ((2, 3, 2), (2, 2)), ((), (2, 2)), ((0, 2), (2, 2))),
        np.kron,
        dtypes=NUMBERS,
    ),
    Row(
        "chain_matmul",
        lambda t: [Sample(t(2, 3), t(3, 4), t(4, 5), t(5, 2)), Sample(t(2, 3)), Sample(t(2, 3), t(3, 5))],
        lambda *m: reduce(np.matmul, m),
        dtypes=("float32", "float64"),
        errors=lambda t: [
            Bad(Sample(t(2, 3), t(3)), RuntimeError, "Tensor dimension is 1, expected 2 instead"),
            Bad(
                Sample(t(2, 3), t(4, 5)),
                RuntimeError,
                r"tensors 0 and 1 with shapes \[2, 3\] and \[4, 5\] cannot be multiplied",
            ),
            Bad(Sample(), RuntimeError, "Expected one or more matrices"),
        ],
    ),
    Row(
        "trace",
        lambda t: [Sample(t(3, 3)), Sample(t(2, 4)), Sample(t(0, 3))],
        np.trace,
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(Sample(t(2, 3, 4)), RuntimeError, "trace: expected a matrix, but got tensor with dim 3")
        ],
    ),
    Row(
        "cross",
        lambda t: [
            Sample(t(2, 3), t(2, 3)),
            Sample(t(3, 4), t(3, 4)),
            Sample(t(2, 3), t(1, 3), dim=1),
            Sample(t(3), t(3)),
            Sample(t(3, 3), t(3, 3), dim=-1),
            Sample(t(0, 3), t(0, 3)),
        ],
        cross_in_numpy,
        dtypes=NUMBERS,
        errors=lambda t: [
            Bad(Sample(t(2, 3), t(3)), RuntimeError, "inputs must have the same number of dimensions"),
            Bad(Sample(t(2, 4), t(2, 4)), RuntimeError, "no dimension of size 3 in input"),
            Bad(
                Sample(t(2, 4), t(2, 4), dim=1),
                RuntimeError,
                "linalg.cross: inputs dimension 1 must have length 3. Got 4 and 4",
            ),
        ],
    ),
    Row(
        "inverse",
        invertible,
        np.linalg.inv,
        dtypes=("float32", "float64", *COMPLEX),
        rtol={"float32": 1e-4, "complex64": 1e-4},
        errors=lambda t: [
            Bad(
                Sample(t(2, 3)),
                RuntimeError,
                "A must be batches of square matrices, but they are 2 by 3 matrices",
            ),
            Bad(Sample(t.array(np.zeros((2, 2)))), RuntimeError, "the input matrix is singular"),
            Bad(Sample(t(2, 2, dtype="int64")), RuntimeError, "Expected a floating point or complex tensor"),
        ],
    ),
    Row(
        "matrix_power",
        power_samples,
        np.linalg.matrix_power,
        grad_samples=lambda t: [s for s in power_samples(t) if s.args[1]],
        dtypes=("float32", "float64", *COMPLEX),
        rtol={"float32": 1e-4, "complex64": 1e-4},
        atol={"float32": 1e-3, "complex64": 1e-3},
        errors=lambda t: [
            Bad(
                Sample(t(2, 3), 2),
                RuntimeError,
                "A must be batches of square matrices, but they are 2 by 3 matrices",
            ),
            Bad(Sample(t(3), 2), RuntimeError, "The input tensor A must have at least 2 dimensions"),
            Bad(
                Sample(t(2, 2), 1.5),
                TypeError,
                r"matrix_power\(\): argument 'n' \(position 2\) must be int, not float",
            ),
        ],
    ),
]
