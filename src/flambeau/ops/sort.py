"""Order: extremes and ranks along a dimension, sorting, distinct values, searching.

NaN counts as larger than every number. A 0-dim tensor counts as one element along dim 0. Indices are int64, and the
gradient of a selected value goes to the element it was selected from.
"""

from .. import _core
from ..interpreters import any_true
from ._args import check_tensor, named_result, one_dim, reduced_dims, unsupported
from .compare import where
from .op import FUNCTIONS, Op, composite
from .reduce import _check_extreme, _shared

TensorBase = _core.TensorBase


class _Place(Op, name="_place_along"):
    """Zeros of a shape with grad where index says, along dim: the gradient of a selection.

    keepdim=False: grad and index lack dim. add: index may name an element several times.
    """

    @staticmethod
    def forward(ctx, grad, index, shape, dim, keepdim, add=False):
        ctx.save_for_backward(index)
        ctx.dim, ctx.keepdim = dim, keepdim
        if not keepdim and shape:
            at = (slice(None),) * dim + (None,)
            grad, index = grad[at], index[at]
        return ctx.k.place_along(grad, index, shape, dim, add)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        if grad.ndim == 0:
            return grad.reshape(index.shape)
        if ctx.keepdim:
            return grad.gather(ctx.dim, index)
        return grad.gather(ctx.dim, index.unsqueeze(ctx.dim)).squeeze(ctx.dim)


place = _Place.function


class _Selection(Op):
    """An op whose first output is elements of the input, its second their indices along dim."""

    @staticmethod
    def _selected(ctx, input, dim, keepdim, result):
        ctx.save_for_backward(result[1])
        ctx.set_materialize_grads(False)
        ctx.shape, ctx.dim, ctx.keepdim = input.shape, dim, keepdim
        return result

    @staticmethod
    def backward(ctx, grad, _=None):
        (indices,) = ctx.saved
        return place(grad, indices, ctx.shape, ctx.dim, ctx.keepdim)


class _Reduction(_Selection):
    """A selection of one element along dim - or of all, which has no index and shares its gradient among equals."""

    @staticmethod
    def _reduced(ctx, input, out):
        ctx.save_for_backward(input, out)
        ctx.dim = None
        return out

    @staticmethod
    def backward(ctx, grad, _=None):
        if ctx.dim is None:
            input, out = ctx.saved
            return _shared(grad, input, out, None, False)
        return _Selection.backward(ctx, grad)


def _prepare_reduction(name, input, dim, keepdim):
    """Checks; dim counted from the front, or None."""
    if dim is None:
        check_tensor(input, name)
    else:
        dim = one_dim(name, input, dim)
        reduced_dims(name, input, dim, keepdim)
    return dim


_max = named_result("max", "values", "indices")
_min = named_result("min", "values", "indices")
_median = named_result("median", "values", "indices")
_nanmedian = named_result("nanmedian", "values", "indices")
_mode = named_result("mode", "values", "indices")
_kthvalue = named_result("kthvalue", "values", "indices")
_sort = named_result("sort", "values", "indices")
_topk = named_result("topk", "values", "indices")


class Max(_Reduction, name="max", methods=("max",)):
    """max(input) -> Tensor;  max(input, dim, keepdim=False) -> (values, indices);  max(input, other) -> Tensor

    The largest element (NaN if there is one): of all, its gradient shared evenly among equals; along dim, with the
    index of its first occurrence; or of each pair of two tensors, see `maximum`.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False, *, other=None):
        if other is not None or isinstance(dim, TensorBase):
            return FUNCTIONS["maximum"](input, dim if other is None else other)
        dim = _prepare_reduction("max", input, dim, keepdim)
        _check_extreme("max", input, dim if dim is None else (dim,))
        return input, dim, keepdim

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        if dim is None:
            return Max._reduced(ctx, input, ctx.k.amax(input))
        return Max._selected(ctx, input, dim, keepdim, _max(*ctx.k.max_along(input, dim, keepdim)))


class Min(_Reduction, name="min", methods=("min",)):
    """min(input) -> Tensor;  min(input, dim, keepdim=False) -> (values, indices);  min(input, other) -> Tensor

    The smallest element (NaN if there is one): of all, its gradient shared evenly among equals; along dim, with the
    index of its first occurrence; or of each pair of two tensors, see `minimum`.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False, *, other=None):
        if other is not None or isinstance(dim, TensorBase):
            return FUNCTIONS["minimum"](input, dim if other is None else other)
        dim = _prepare_reduction("min", input, dim, keepdim)
        _check_extreme("min", input, dim if dim is None else (dim,))
        return input, dim, keepdim

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        if dim is None:
            return Min._reduced(ctx, input, ctx.k.amin(input))
        return Min._selected(ctx, input, dim, keepdim, _min(*ctx.k.min_along(input, dim, keepdim)))


def _prepare_median(name, input, dim, keepdim):
    dim = _prepare_reduction(name, input, dim, keepdim)
    if input.is_complex() or input.dtype.category == "bool":
        raise unsupported(name, input.dtype)
    if dim is not None:
        _check_extreme(name, input, (dim,))
    return input, dim, keepdim


class Median(_Reduction, name="median", methods=("median",)):
    """median(input) -> Tensor;  median(input, dim, keepdim=False) -> (values, indices)

    The median, the lower one of two; NaN if there is one. Of all elements, or along dim.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False):
        return _prepare_median("median", input, dim, keepdim)

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        if dim is None:
            return Median._reduced(ctx, input, ctx.k.median(input))
        return Median._selected(ctx, input, dim, keepdim, _median(*ctx.k.median_along(input, dim, keepdim)))


class Nanmedian(_Reduction, name="nanmedian", methods=("nanmedian",)):
    """nanmedian(input) -> Tensor;  nanmedian(input, dim, keepdim=False) -> (values, indices)

    The median of the elements that are not NaN, the lower one of two. Of all elements, or along dim.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False):
        return _prepare_median("nanmedian", input, dim, keepdim)

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        if dim is None:
            return Nanmedian._reduced(ctx, input, ctx.k.nanmedian(input))
        return Nanmedian._selected(
            ctx, input, dim, keepdim, _nanmedian(*ctx.k.nanmedian_along(input, dim, keepdim))
        )


class Mode(_Selection, name="mode", methods=("mode",)):
    """mode(input, dim=-1, keepdim=False) -> (values, indices): the most frequent element along dim.

    The smallest of several; the index is that of its last occurrence.
    """

    @staticmethod
    def prepare(input, dim=-1, keepdim=False):
        dim = _prepare_reduction("mode", input, dim, keepdim)
        if input.is_complex():
            raise unsupported("mode", input.dtype)
        _check_extreme("mode", input, (dim,))
        return input, dim, keepdim

    @staticmethod
    def forward(ctx, input, dim, keepdim):
        return Mode._selected(ctx, input, dim, keepdim, _mode(*ctx.k.mode(input, dim, keepdim)))


class Kthvalue(_Selection, name="kthvalue", methods=("kthvalue",)):
    """kthvalue(input, k, dim=-1, keepdim=False) -> (values, indices): the k-th smallest along dim, k from 1."""

    @staticmethod
    def prepare(input, k, dim=-1, keepdim=False):
        dim = _prepare_reduction("kthvalue", input, dim, keepdim)
        if input.is_complex() or input.dtype.category == "bool":
            raise unsupported("kthvalue", input.dtype)
        if input.ndim and not input.shape[dim]:
            raise IndexError(f"kthvalue(): Expected reduction dim {dim} to have non-zero size.")
        if not 1 <= k <= (input.shape[dim] if input.ndim else 1):
            raise RuntimeError(
                f"kthvalue(): selected number k out of range for dimension {dim}: got {k} for shape {list(input.shape)}"
            )
        return input, k, dim, keepdim

    @staticmethod
    def forward(ctx, input, k, dim, keepdim):
        return Kthvalue._selected(
            ctx, input, dim, keepdim, _kthvalue(*ctx.k.kthvalue(input, k, dim, keepdim))
        )


def _prepare_argument(name, input, dim, keepdim):
    dim = _prepare_reduction(name, input, dim, keepdim)
    if input.is_complex() or input.dtype.category == "bool":
        raise RuntimeError(f"{name}(): does not support {'complex' if input.is_complex() else 'bool'} input")
    return input, dim, keepdim


class Argmax(Op, name="argmax", methods=("argmax",)):
    """argmax(input, dim=None, keepdim=False) -> int64 Tensor: the index of the largest element.

    Along dim, or in row-major order. The first of equal elements; the first NaN if there is one.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False):
        return _prepare_argument("argmax", input, dim, keepdim)

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        return ctx.k.argmax(input, dim, keepdim)


class Argmin(Op, name="argmin", methods=("argmin",)):
    """argmin(input, dim=None, keepdim=False) -> int64 Tensor: the index of the smallest element.

    Along dim, or in row-major order. The first of equal elements; the first NaN if there is one.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False):
        return _prepare_argument("argmin", input, dim, keepdim)

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        return ctx.k.argmin(input, dim, keepdim)


# ---- sorting


class Sort(_Selection, name="sort", methods=("sort",)):
    """sort(input, dim=-1, descending=False, *, stable=False) -> (values, indices): in order along dim.

    NaN comes last, or first when descending. Equal elements keep their order whatever `stable` says.
    """

    @staticmethod
    def prepare(input, dim=-1, descending=False, *, stable=False):
        dim = one_dim("sort", input, dim)
        if input.is_complex():
            raise RuntimeError(f"sort(): Sort does not support complex dtypes, got {input.dtype.title}")
        return input, dim, bool(descending)

    @staticmethod
    def forward(ctx, input, dim, descending):
        return Sort._selected(ctx, input, dim, True, _sort(*ctx.k.sort(input, dim, descending)))


class Topk(_Selection, name="topk", methods=("topk",)):
    """topk(input, k, dim=-1, largest=True, sorted=True) -> (values, indices): the k largest (or smallest) along dim.

    Best first, whatever `sorted` says.
    """

    @staticmethod
    def prepare(input, k, dim=-1, largest=True, sorted=True):
        dim = one_dim("topk", input, dim)
        if input.is_complex() or input.dtype.category == "bool":
            raise RuntimeError(f"topk does not support {input.dtype.name} dtypes")
        if not 0 <= k <= (input.shape[dim] if input.ndim else 1):
            raise RuntimeError(
                f"topk(): selected index k out of range: got k={k} for dim {dim} of shape {list(input.shape)}"
            )
        return input, k, dim, largest, sorted

    @staticmethod
    def forward(ctx, input, k, dim, largest, sorted):
        values, indices = ctx.k.topk(input, k, dim, largest, sorted)
        if input.ndim == 0:  # also for k = 0 the result is 0-dim
            values, indices = ctx.k.topk(input, 1, dim)
        return Topk._selected(ctx, input, dim, True, _topk(values, indices))


@composite("argsort")
def argsort(input, dim=-1, descending=False, *, stable=False):
    """argsort(input, dim=-1, descending=False, *, stable=False) -> int64 Tensor: the indices of sort."""
    return Sort.function(input, dim, descending, stable=stable).indices


@composite("msort")
def msort(input):
    """msort(input) -> Tensor: the values of sort along dim 0."""
    return Sort.function(input, 0).values


# ---- quantiles

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name, input, q, dim, keepdim, interpolation, skip_nan):
    check_tensor(input, name)
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError(
            f"{name}() input tensor must be either float or double dtype, got {input.dtype.title}"
        )
    if input.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty, got shape {list(input.shape)}")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if isinstance(q, TensorBase):
        if q.dtype is not input.dtype:
            raise RuntimeError(
                f"{name}() q tensor must be same dtype as the input tensor, got {q.dtype} and {input.dtype}"
            )
        if q.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, got shape {list(q.shape)}")
        if any_true(~((q >= 0) & (q <= 1))):
            raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    else:
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
        q = FUNCTIONS["full"]((), float(q), dtype=input.dtype, device=input.device)
    at = None if dim is None else one_dim(name, input, dim)
    ndim = input.ndim
    rows = input.reshape(-1) if at is None or not ndim else input.movedim(at, -1)
    result = _along_last(rows, q.reshape(-1), interpolation, skip_nan)  # (*rest, number of q)
    if keepdim and ndim:
        result = result.reshape([1] * ndim + [-1]) if at is None else result.unsqueeze(at)
    return result.movedim(-1, 0) if q.ndim else result.squeeze(-1)


def _along_last(rows, q, interpolation, skip_nan):
    """The quantiles q of the last dimension, in its place."""
    ordered = Sort.function(rows, -1).values
    nan = rows.isnan()
    last = rows.size(-1) - 1
    if skip_nan:
        top = ((~nan).sum(-1, keepdim=True) - 1).clamp(min=0)
        ranks = q * top
    else:  # NaN sorts last: with one in the row, all quantiles are it
        ranks = where(nan.any(-1, keepdim=True), last, q * last)
    if interpolation == "lower":
        ranks = ranks.floor()
    elif interpolation == "higher":
        ranks = ranks.ceil()
    elif interpolation == "nearest":
        ranks = ranks.round()
    below = ranks.floor()
    low = ordered.gather(-1, below.detach().long())
    if interpolation in ("lower", "higher", "nearest"):
        return low
    high = ordered.gather(-1, ranks.detach().ceil().long())
    weight = (ranks - below.detach()) if interpolation == "linear" else (ranks != below).to(rows.dtype) * 0.5
    return FUNCTIONS["lerp"](low, high, weight)  # right where one of them is infinite


@composite("quantile")
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """quantile(input, q, dim=None, keepdim=False, *, interpolation='linear') -> Tensor

    The q-quantiles, q a number or 0-dim or 1-D tensor in [0, 1], of all elements or along dim; a 1-D q adds a first
    dimension. interpolation between neighbours: 'linear', 'lower', 'higher', 'midpoint' or 'nearest'. NaN if there is
    one.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@composite("nanquantile")
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """nanquantile(input, q, dim=None, keepdim=False, *, interpolation='linear') -> Tensor: quantile, without NaNs."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


# ---- distinct values


def _check_unique(name, input, dim):
    check_tensor(input, name)
    if dim is None:
        return None
    dim = one_dim(name, input, dim)
    if input.ndim and 0 in input.shape and input.shape[dim] != 0:
        raise RuntimeError(
            f"{name}(): There are 0 sized dimensions, and they aren't selected, so {name} cannot be applied: "
            f"shape {list(input.shape)}, dim {dim}"
        )
    return dim if input.ndim else None


class _Unique(Op, name="_unique"):
    """(values, inverse, counts)"""

    @staticmethod
    def forward(ctx, input, dim):
        return ctx.k.unique(input, dim)


class _UniqueConsecutive(Op, name="_unique_consecutive"):
    """(values, inverse, counts)"""

    @staticmethod
    def forward(ctx, input, dim):
        return ctx.k.unique_consecutive(input, dim)


def _wanted(results, *flags):
    values, *others = results
    chosen = [o for o, flag in zip(others, flags, strict=True) if flag]
    return (values, *chosen) if chosen else values


@composite("unique")
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None) -> values[, inverse][, counts]

    The distinct elements in ascending order, 1-D; with dim, the distinct slices along it. inverse: where in the values
    each element of input is; counts: how often each value occurs. No NaN equals another. Not differentiable.
    """
    dim = _check_unique("unique", input, dim)
    return _wanted(_Unique.function(input, dim), return_inverse, return_counts)


@composite("unique_consecutive")
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """unique_consecutive(input, return_inverse=False, return_counts=False, dim=None) -> values[, inverse][, counts]

    The first of each run of equal elements (slices along dim); otherwise as unique.
    """
    dim = _check_unique("unique_consecutive", input, dim)
    return _wanted(_UniqueConsecutive.function(input, dim), return_inverse, return_counts)


class Isin(Op, name="isin", out=False):
    """isin(elements, test_elements, *, assume_unique=False, invert=False) -> Tensor of bool, of the shape of elements

    Whether each element is among test_elements (invert: is not). One of the two may be a number.
    """

    @staticmethod
    def prepare(elements, test_elements, *, assume_unique=False, invert=False):
        for t in (elements, test_elements):
            if not isinstance(t, (TensorBase, int, float)):
                raise TypeError(f"isin(): expected Tensors or Numbers, not {type(t).__name__}")
            if isinstance(t, TensorBase) and t.is_complex():
                raise RuntimeError(f"isin(): Unsupported input type encountered for isin(): {t.dtype.title}")
        return elements, test_elements, invert

    @staticmethod
    def forward(ctx, elements, test_elements, invert):
        found = ctx.k.isin(*_core.promote((elements, test_elements)))
        return ctx.k.logical_not(found) if invert else found


# ---- searching


class Searchsorted(Op, name="searchsorted"):
    """searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None) -> int64 Tensor

    Where each value of input would go to keep the sequence sorted along its last dim: before its equals, or after them
    with right=True (side='right'). The sequence is 1-D, or has all dims but the last in common with input. `sorter`:
    int64 indices that sort an unsorted sequence along its last dim.
    """

    @staticmethod
    def prepare(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
        check_tensor(sorted_sequence, "searchsorted", "sorted_sequence")
        if not isinstance(input, (TensorBase, int, float)):
            raise TypeError(f"searchsorted(): argument 'input' must be Tensor or Number, not {type(input).__name__}")
        if side not in (None, "left", "right"):
            raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
        if side == "left" and right:
            raise RuntimeError(
                "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
            )
        _check_search("torch.searchsorted()", sorted_sequence, input)
        if sorter is not None:
            _check_sorter(sorted_sequence, sorter)
            sorted_sequence = sorted_sequence.gather(-1, sorter)
        return sorted_sequence, input, out_int32, bool(right) or side == "right"

    @staticmethod
    def forward(ctx, sorted_sequence, input, out_int32, right):
        sequence, values = _core.promote((sorted_sequence, input))
        found = ctx.k.searchsorted(sequence, values, right)
        return found.astype("int32") if out_int32 else found


def _check_search(name, sequence, input):
    if sequence.ndim == 0:
        raise RuntimeError(f"{name}: boundaries tensor should have positive dimension, but got 0 dimension")
    if sequence.is_complex() or (isinstance(input, TensorBase) and input.is_complex()):
        raise unsupported("searchsorted", sequence.dtype)
    shape = input.shape if isinstance(input, TensorBase) else ()
    if sequence.ndim > 1 and not shape:
        raise RuntimeError(
            f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries "
            f"tensor dim({sequence.ndim}) and input value's dim(0) numel(1)"
        )
    if sequence.ndim > 1 and sequence.shape[:-1] != shape[:-1]:
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(sequence.shape)} and input value "
            f"tensor {list(shape)}"
        )


def _check_sorter(sequence, sorter):
    if sorter.dtype.name != "int64":
        raise RuntimeError(
            f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype.title}"
        )
    if sorter.shape != sequence.shape:
        raise RuntimeError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
            f"{list(sequence.shape)} and got sorter tensor {list(sorter.shape)}"
        )
    if sorter.numel() and any_true((sorter < 0) | (sorter >= sequence.size(-1))):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")


@composite()
def bucketize(input, boundaries, *, out_int32=False, right=False):
    """bucketize(input, boundaries, *, out_int32=False, right=False) -> int64 Tensor

    searchsorted(boundaries, input) with 1-D boundaries.
    """
    check_tensor(boundaries, "bucketize", "boundaries", 2)
    if boundaries.ndim != 1:
        raise RuntimeError(
            f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})"
        )
    return Searchsorted.function(boundaries, input, out_int32=out_int32, right=right)
