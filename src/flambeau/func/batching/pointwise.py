"""Rules of ops that map elements to elements, and of those whose kernels take any dimensions in front.

The tensors are aligned: the batch goes in front, and between it and a tensor's own dimensions as many ones as the
tensor with the most dimensions has more. Broadcasting does the rest.
"""

from ... import _core
from ...dtype import ALL
from ...ops.op import FUNCTIONS
from ...tensor import Tensor
from .tensor import rule


def apply(f, *args):
    """The op on the next level."""
    return _core.apply(f, *args)


def aligned(batch, args):
    """The arguments with values for tensors, broadcastable against each other."""
    ndim = max(a.ndim for a in args if isinstance(a, Tensor))
    return [batch.lead(a, ndim) if isinstance(a, Tensor) else a for a in args]


def promoted(batch, args, keep=None):
    """The arguments with tensors without dimensions in the dtype that these have in the promotion: as values some have
    a dimension, and would count more. `keep`, which is written to, stays as it is."""
    tensors = [a for a in args if isinstance(a, Tensor)]
    if len({t.dtype for t in tensors}) == 1 or not any(batch.has(t) and t.ndim == 0 for t in tensors):
        return args
    # as arrays of one element, with dimensions or without: their values do not count
    given = [_core.zeros_array((1,) * min(t.ndim, 1), t.dtype.numpy) for t in tensors]
    target = ALL[_core.result_type_code(*given)]
    return [a.to(target) if isinstance(a, Tensor) and a.ndim == 0 and a is not keep else a for a in args]


@rule("pointwise", in_place=True)
def pointwise(f, batch, *args):
    """Ops declared pointwise, which promote all of their tensors."""
    return apply(f, *aligned(batch, promoted(batch, args, args[0] if f.inplace else None)))


rule("clamp", "isclose", "_binary_cross_entropy", "_binary_cross_entropy_with_logits", "special_orthogonal_polynomial",
     "polar", in_place=True)(pointwise)  # fmt: skip


@rule(
    "_alias", "clone", "_contiguous", "_to_copy", "_transfer", "_pin_memory", "zero_", "real", "imag", "view_as_real",
    "view_as_complex", "_into", "nan_to_num", "frexp", "polygamma", "logit", "lerp", "addcmul", "addcdiv",
    "_masked_grad", "_shrink_grad", "hardtanh", "hardsigmoid", "threshold", "hardshrink", "softshrink",
    "_leaky_relu_grad", "leaky_relu", "_prelu_kernel", "_elu_grad", "elu", "_sparse_values", "_dirichlet_grad",
    in_place=True,
)  # fmt: skip
def elementwise(f, batch, *args):
    """Ops of one tensor, or of tensors of one dtype."""
    return apply(f, *aligned(batch, args))


@rule("where", in_place=True)
def where(f, batch, condition, input, other):
    input, other = (
        promoted(batch, (input, other))
        if isinstance(input, Tensor) or isinstance(other, Tensor)
        else (input, other)
    )
    return apply(f, *aligned(batch, (condition, input, other)))


@rule("masked_fill")
def masked_fill(f, batch, x, mask, value):
    if not batch.has(value):
        return apply(f, *aligned(batch, (x, mask, value)))
    x, mask, value = aligned(batch, (x, mask, value.to(x.dtype)))
    return FUNCTIONS["where"](mask.bool(), value, x)


@rule("copy_", in_place=True)
def copy_(f, batch, x, src):
    x, src = aligned(batch, (x, src))
    return apply(f, x, src)


@rule("fill_", in_place=True)
def fill_(f, batch, x, value):
    if not batch.has(value):
        return apply(f, x._value, value)
    return x._value.copy_(batch.lead(value, x.ndim))


# ---- matrices, and other ops of trailing dimensions: the batch is one more in front


@rule(
    "tril", "triu", "linalg_inv_ex", "linalg_det", "linalg_slogdet", "linalg_cholesky_ex", "linalg_lu_factor_ex",
    "_pivoted_rows", "linalg_qr", "_geqrf", "linalg_eigh", "linalg_eigvalsh", "linalg_eig", "linalg_eigvals",
    "linalg_svd", "linalg_svdvals", "matrix_exp", "linalg_ldl_factor_ex",
)  # fmt: skip
def matrices(f, batch, x, *options):
    """Ops of one batch of matrices."""
    return apply(f, x._value, *options)


@rule("linalg_solve_ex")
def solve_ex(f, batch, a, b, *options):
    """There is one info for each matrix of a, not of b."""
    lead = _core.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    ones = [(1,) * (len(lead) + 2 - t.ndim) for t in (a, b)]
    a_value, b_value = (
        batch.front(t).reshape(batch.size, *one, *t.shape) for t, one in zip((a, b), ones, strict=True)
    )
    x, info = apply(f, a_value, b_value, *options)
    return x, info.reshape(batch.size, *a.shape[:-2])


@rule("linalg_solve_triangular", "linalg_lstsq")
def systems(f, batch, a, b, *options):
    """Ops of two batches of matrices: both with all dimensions in front."""
    lead = _core.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (batch.front(t.expand(*lead, *t.shape[-2:])) for t in (a, b))
    return apply(f, a, b, *options)


@rule("linalg_ldl_solve")
def ldl_solve(f, batch, LD, pivots, B, hermitian):
    return apply(f, batch.front(LD), batch.front(pivots), batch.front(B), hermitian)


@rule("linalg_pinv")
def pinv(f, batch, A, atol, rtol, hermitian):
    """Tolerances are numbers or one per matrix."""
    if any(isinstance(t, Tensor) and t.ndim > A.ndim - 2 for t in (atol, rtol)):
        return NotImplemented
    atol, rtol = (batch.lead(t, A.ndim - 2) if isinstance(t, Tensor) else t for t in (atol, rtol))
    return apply(f, batch.front(A), atol, rtol, hermitian)
