"""Arithmetic, and functions that map zero to zero: they work on the values."""

import flambeau as fb

from ..layout import sparse_coo
from ..ops._args import check_tensor
from ..ops.op import FUNCTIONS
from .convert import coordinates, one_each, relaid, sparse_mask, to_dense
from .index import block, flat, found
from .tensor import SparseTensor, implements, refuse

# f(0) = 0, and f(a + b) = f(a) + f(b): entries of equal coordinates may stay apart
LINEAR = ("neg", "deg2rad", "rad2deg", "positive", "conj", "conj_physical", "real", "imag")
ZERO_TO_ZERO = (
    "abs asin asinh atan atanh ceil erf erfinv expm1 floor frac isinf isnan isneginf isposinf log1p nan_to_num relu "
    "round sgn sign signbit sin sinh sqrt square tan tanh trunc hardshrink"
).split()


def _is_number(x):
    return not isinstance(x, fb.Tensor) or (not isinstance(x, SparseTensor) and x.ndim == 0)


def _gathered(x):
    """The tensor with entries that can be mapped one by one, in its own layout."""
    return one_each(x) if x.layout is sparse_coo else x


def _mapping(name, linear):
    def mapped(input, *args, **kwargs):
        x = input if linear else _gathered(input)
        return x._with(FUNCTIONS[name](x._value, *args, **kwargs))

    mapped.__name__ = name
    implements(name)(mapped)
    if f"{name}_" not in FUNCTIONS:
        return

    def in_place(input, *args, **kwargs):
        input._check_inplace(f"{name}_")
        if not linear:
            input._become(_gathered(input))
        FUNCTIONS[f"{name}_"](input._value, *args, **kwargs)
        _written(input)
        return input

    in_place.__name__ = f"{name}_"
    implements(f"{name}_")(in_place)


def _written(x):
    """Says that the values of x were changed in place."""
    fb._core.bump_version(x)


for _name in LINEAR:
    if _name in FUNCTIONS:
        _mapping(_name, True)
for _name in ZERO_TO_ZERO:
    if _name in FUNCTIONS:
        _mapping(_name, False)


# ---- addition


@implements("add", "spadd", mixed=True)
def add(input, other, *, alpha=1):
    """add(input, other, alpha=1): sparse and sparse of one size -> sparse; a dense and a sparse tensor -> dense."""
    if not (isinstance(input, fb.Tensor) and isinstance(other, fb.Tensor)):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if isinstance(input, SparseTensor) and isinstance(other, SparseTensor):
        return _add_sparse(input, other, alpha)
    swapped = isinstance(input, SparseTensor)
    dense, sparse = (other, input) if swapped else (input, other)
    if dense.ndim == 0 and sparse.ndim:
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if dense.shape != sparse.shape:
        raise RuntimeError(
            f"add: expected 'self' and 'other' to have same size, but self has size {list(input.shape)} "
            f"while other has "
            f"size {list(other.shape)} (FYI: dense-sparse addition does not currently support broadcasting)"
        )
    if swapped:
        return to_dense(sparse) + (dense if alpha == 1 else dense * alpha)
    sizes, n = block(sparse)
    dtype = fb.promote_types(dense.dtype, sparse.dtype)
    value = sparse._value.to(dtype)
    rows = dense.to(dtype).reshape(n, *dense.shape[len(sizes) :])
    if dtype is fb.bool:
        return dense | to_dense(sparse)
    return rows.index_add(0, flat(sparse._index, sizes), value * alpha if alpha != 1 else value).reshape(
        dense.shape
    )


def _add_sparse(a, b, alpha):
    if a.shape != b.shape:
        raise RuntimeError(
            f"add: expected sizes of 'self' and 'other' to match, but {list(a.shape)} != {list(b.shape)}"
        )
    if a.sparse_dim() != b.sparse_dim():
        raise RuntimeError(
            f"add: expected 'self' and 'other' to have same number of sparse dimensions, but {a.sparse_dim()} != "
            f"{b.sparse_dim()}"
        )
    dtype = fb.promote_types(a.dtype, b.dtype)
    va, vb = a._value.to(dtype), b._value.to(dtype)
    if alpha != 1:
        vb = vb * alpha
    same = a.layout is b.layout and (a._index is b._index or a._index.equal(b._index))
    if same:
        return a._with(va | vb if dtype is fb.bool else va + vb)
    joined = SparseTensor(fb.cat((a._index, b._index), 1), fb.cat((va, vb)), a.shape, sparse_coo)
    if a._coalesced and b._coalesced or a.layout is not sparse_coo:
        joined = one_each(joined)
    return relaid(joined, a.layout)


@implements("sub", mixed=True)
def sub(input, other, *, alpha=1):
    """sub(input, other, alpha=1): as add."""
    if not (isinstance(input, fb.Tensor) and isinstance(other, fb.Tensor)):
        raise RuntimeError("sub(sparse, dense) is not supported. Use sub(dense, sparse) instead.")
    return add(input, other, alpha=-alpha)


@implements("rsub", mixed=True)
def rsub(input, other, *, alpha=1):
    return sub(other, input, alpha=alpha)


def _in_place(name, function):
    """The in-place form of arithmetic: a dense first operand takes the result, a sparse one becomes it."""

    def method(input, other, *args, **kwargs):
        check_tensor(input, name)
        if isinstance(input, SparseTensor):
            input._check_inplace(name)
            if name == "add_" and not isinstance(other, SparseTensor):
                raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
        result = function(input, other, *args, **kwargs)
        _check_result(name, input, result)
        return input._become(result) if isinstance(input, SparseTensor) else input.copy_(result)

    method.__name__ = name
    return implements(name, mixed=True)(method)


def _check_result(name, input, result):
    if not fb.can_cast(result.dtype, input.dtype):
        raise RuntimeError(
            f"{name}: result type {result.dtype.title} can't be cast to the desired output type {input.dtype.title}"
        )
    if result.shape != input.shape:
        raise RuntimeError(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    if isinstance(input, SparseTensor) and result.dtype is not input.dtype:
        raise RuntimeError(
            f"{name}: the result is {result.dtype}, the sparse tensor {input.dtype}; convert it first"
        )


# ---- products


@implements("mul", mixed=True)
def mul(input, other):
    """mul(input, other): by a number, by a dense tensor that broadcasts to the sparse one, or of two sparse
    tensors: where both have entries."""
    if not isinstance(input, SparseTensor):
        input, other = other, input
    if _is_number(other):
        return input._with(input._value * other)
    if not isinstance(other, SparseTensor):
        return _mul_dense(input, other)
    if input.shape != other.shape or input.sparse_dim() != other.sparse_dim():
        raise RuntimeError(
            "mul(sparse, sparse): expects sparse inputs with equal dimensionality, number of sparse "
            "dimensions, and shape of "
            f"sparse dimensions, got {list(input.shape)} and {list(other.shape)}"
        )
    a, b = one_each(input), one_each(other)
    sizes, _ = block(a)
    there, where = found(flat(a._index, sizes), flat(b._index, sizes))
    kept = there.nonzero().reshape(-1)
    value = a._value.index_select(0, kept) * b._value.index_select(0, where[kept])
    return relaid(SparseTensor(a._index[:, kept], value, a.shape, sparse_coo, True), input.layout)


def _mul_dense(input, dense):
    try:
        dense = dense.expand(input.shape)
    except RuntimeError:
        raise RuntimeError(
            f"mul(sparse, dense): the size {list(dense.shape)} of the dense tensor does not broadcast to the size "
            f"{list(input.shape)} of the sparse one"
        ) from None
    picked = sparse_mask(dense, input)._value
    return input._with(input._value * picked)


@implements("div", mixed=True)
def div(input, other, *, rounding_mode=None):
    """div(input, other, rounding_mode=None): a sparse tensor by a number."""
    return _div(input, other, rounding_mode)


def _div(input, other, rounding_mode):
    if not isinstance(input, SparseTensor):
        raise refuse("div", other.layout)
    if not _is_number(other):
        raise RuntimeError(
            "Sparse division requires a scalar or zero-dim dense tensor divisor (got shape "
            f"{list(other.shape)} for divisor)"
        )
    x = input if rounding_mode is None else _gathered(input)
    return x._with(x._value.div(other, rounding_mode=rounding_mode))


@implements("floor_divide")
def floor_divide(input, other):
    return _div(input, other, "floor")


@implements("pow", mixed=True)
def pow(input, exponent):
    """pow(input, exponent): each entry to the power of a number that is not zero."""
    if not isinstance(input, SparseTensor) or not _is_number(exponent):
        raise refuse("pow", (input if isinstance(input, SparseTensor) else exponent).layout)
    if float(exponent) == 0:
        raise RuntimeError(
            "pow: cannot raise to zeroth power on sparse tensor; it would make the result tensor dense"
        )
    x = _gathered(input)
    return x._with(x._value.pow(exponent))


for _name, _function in (("mul_", mul), ("div_", div), ("floor_divide_", floor_divide), ("pow_", pow)):
    _in_place(_name, _function)
_add_in_place = _in_place("add_", add)


@implements("add_", mixed=True)
def add_(input, other, *, alpha=1):
    """add_(other, alpha=1) -> self; a dense self with contiguous elements changes only where other has entries."""
    check_tensor(input, "add_")
    if isinstance(input, SparseTensor):
        return _add_in_place(input, other, alpha=alpha)
    check_tensor(other, "add_", "other", 2)
    if input.shape != other.shape or not input.is_contiguous():
        return _add_in_place(input, other, alpha=alpha)
    if not fb.can_cast(other.dtype, input.dtype) or input.dtype is fb.bool:
        return _add_in_place(input, other, alpha=alpha)
    sizes, n = block(other)
    value = other._value.to(input.dtype)
    rows = input.view(n, *input.shape[len(sizes) :])
    rows.index_add_(0, flat(other._index, sizes), value if alpha == 1 else value * alpha)
    return input


@implements("sub_", mixed=True)
def sub_(input, other, *, alpha=1):
    if isinstance(input, SparseTensor) and not isinstance(other, SparseTensor):
        raise RuntimeError("sub(sparse, dense) is not supported. Use sub(dense, sparse) instead.")
    return add_(input, other, alpha=-alpha)


# ---- writing over


@implements("zero_")
def zero_(input):
    """zero_() -> self without entries."""
    input._check_inplace("zero_")
    if input.layout is not sparse_coo:
        input._value.zero_()
        _written(input)
        return input
    dense = input._value.shape[1:]
    value = fb.zeros(0, *dense, dtype=input.dtype, device=input.device)
    return input._become(SparseTensor(input._index[:, :0], value, input.shape, sparse_coo, True))


@implements("copy_", mixed=True)
def copy_(input, src, non_blocking=False):
    """copy_(src) -> self with the entries of src; a dense self takes all elements of a sparse src."""
    check_tensor(input, "copy_")
    check_tensor(src, "copy_", "src", 2)
    if input.shape != src.shape:
        raise RuntimeError(f"copy_: the sizes {list(input.shape)} and {list(src.shape)} differ")
    if not isinstance(input, SparseTensor):
        return input.copy_(to_dense(src))
    if not isinstance(src, SparseTensor):
        raise RuntimeError("copy_() between dense and sparse Tensors is not implemented! Found self type = "
                           f"{input.type()} and src type = {src.type()}")  # fmt: skip
    input._check_inplace("copy_")
    source = relaid(coordinates(src), input.layout)
    return input._become(source._with(source._value.to(dtype=input.dtype, device=input.device).clone()))


# ---- sizes


@implements("sparse_resize_")
def sparse_resize_(input, size, sparse_dim, dense_dim):
    """sparse_resize_(size, sparse_dim, dense_dim) -> self with another size; entries stay, so no dimension
    may shrink."""
    size = _checked_size(input, size, sparse_dim, dense_dim)
    if input._nnz():
        if sparse_dim != input.sparse_dim() or dense_dim != input.dense_dim():
            raise RuntimeError(
                "changing the number of sparse or dense dimensions "
                f"(from {input.sparse_dim()}, {input.dense_dim()} to {sparse_dim}, {dense_dim}) on a "
                f"non-empty sparse tensor "
                "is not supported; use sparse_resize_and_clear_"
            )
        for what, old, new in (("sparse", input.shape[:sparse_dim], size[:sparse_dim]),
                               ("dense", input.shape[sparse_dim:], size[sparse_dim:])):  # fmt: skip
            if any(n < o for o, n in zip(old, new, strict=True)):
                raise RuntimeError(
                    f"shrinking the size of {what} dimensions (from {list(old)} to {list(new)}) on a "
                    f"non-empty sparse tensor "
                    "is not supported; use sparse_resize_and_clear_"
                )
    value = input._value
    if tuple(value.shape[1:]) != size[sparse_dim:]:
        grown = fb.zeros(input._nnz(), *size[sparse_dim:], dtype=input.dtype, device=input.device)
        if value.numel() and value.ndim - 1 == dense_dim:
            grown[tuple([slice(0, n) for n in value.shape])] = value
        value = grown
    index = input._index if input._index.shape[0] == sparse_dim else input._index.new_zeros(sparse_dim, 0)
    return input._become(SparseTensor(index, value, size, sparse_coo, input._coalesced))


@implements("sparse_resize_and_clear_")
def sparse_resize_and_clear_(input, size, sparse_dim, dense_dim):
    """sparse_resize_and_clear_(size, sparse_dim, dense_dim) -> self with another size and without entries."""
    from .construct import empty

    size = _checked_size(input, size, sparse_dim, dense_dim)
    return input._become(empty(fb.Size(size), sparse_dim, input.dtype, input.device))


def _checked_size(input, size, sparse_dim, dense_dim):
    input._check_inplace("sparse_resize_")
    if input.layout is not sparse_coo:
        raise refuse("sparse_resize_", input.layout)
    size = tuple(size)
    if len(size) != sparse_dim + dense_dim:
        raise RuntimeError(
            f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(size)}, sparse_dim = "
            f"{sparse_dim}, "
            f"dense_dim = {dense_dim}"
        )
    return size


@implements("resize_as_", "resize_as_sparse_")
def resize_as_(input, other, *, memory_format=None):
    """resize_as_(other) -> self with the size and the sparse and dense dimensions of other."""
    if not (isinstance(input, SparseTensor) and isinstance(other, SparseTensor)):
        raise refuse("resize_as_", (input if isinstance(input, SparseTensor) else other).layout)
    if input.shape == other.shape and input.sparse_dim() == other.sparse_dim():
        return input
    return sparse_resize_(input, tuple(other.shape), other.sparse_dim(), other.dense_dim())
