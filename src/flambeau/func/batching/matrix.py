"""Rules of products of matrices and vectors: one product for the whole batch, or one of batches of matrices."""

import math

from ...ops.op import FUNCTIONS
from .pointwise import apply
from .tensor import rule

matmul = FUNCTIONS["matmul"]


def product(batch, a, b):
    """The values of a @ b, of tensors of one or more dimensions."""
    if not batch.has(b) and b.ndim <= 2:
        return matmul(a._value, b)  # its rows, those of the whole batch
    if not batch.has(a) and a.ndim == 2 and b.ndim == 1:
        return matmul(b._value, a.transpose(0, 1))
    left, right = batch.value(a), batch.value(b)
    row, column = a.ndim == 1, b.ndim == 1
    if row:
        left = left.unsqueeze(-2)
    if column:
        right = right.unsqueeze(-1)
    ndim = max(a.ndim + row, b.ndim + column)
    left, right = (_lead(batch, t, v, ndim) for t, v in ((a, left), (b, right)))
    result = matmul(left, right)
    if row:
        result = result.squeeze(-2)
    return result.squeeze(-1) if column else result


def _lead(batch, t, value, ndim):
    """The value of t with ones after the batch up to `ndim` dimensions without it."""
    missing = ndim + 1 - value.ndim
    if not batch.has(t) or missing == 0:
        return value
    return value.reshape(batch.size, *(1,) * missing, *value.shape[1:])


@rule("mm", "mv", "dot", "bmm", "_matmul")
def products(f, batch, a, b):
    return product(batch, a, b)


@rule("linear")
def linear(f, batch, input, weight, bias=None):
    """With weights for all one layer on the whole batch, else a product for each element."""
    if not batch.has(weight) and not batch.has(bias):
        return apply(f, input._value, weight, bias)
    if weight.ndim == 1:
        return product(batch, input, weight)
    if batch.has(weight):
        out = (
            _rows_product(batch, input, weight)
            if input.ndim > 2
            else product(batch, input, weight.transpose(0, 1))
        )
    else:
        out = matmul(batch.value(input), weight.transpose(0, 1))
    return out if bias is None else out + batch.lead(bias, input.ndim)


def _rows_product(batch, input, weight):
    """input @ weight.T with the dimensions in front of the last one as one."""
    shape = input.shape
    rows = input.reshape(math.prod(shape[:-1]), shape[-1])
    return product(batch, rows, weight.transpose(0, 1)).reshape(batch.size, *shape[:-1], weight.shape[0])


@rule("_linear_weight")
def linear_weight(f, batch, grad, input):
    grad = grad.reshape(math.prod(grad.shape[:-1]), grad.shape[-1])
    input = input.reshape(grad.shape[0], input.shape[-1])
    return product(batch, grad.transpose(0, 1), input)


@rule("addmm", "addmv", "baddbmm", "addbmm", "addr")
def add_product(f, batch, input, a, b, beta, alpha):
    batched = batch.has(a) or batch.has(b)
    out = product(batch, a, b) if batched else matmul(a, b).unsqueeze(0)
    if alpha != 1:
        out = out * alpha
    if beta == 0:  # input is not read
        return out if batched else out.expand(batch.size, *out.shape[1:])
    added = batch.lead(input, out.ndim - 1)
    return out + (added if beta == 1 else added * beta)
