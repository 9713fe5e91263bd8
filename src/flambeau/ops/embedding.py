"""Looking up the rows of a table, one by one or in bags."""

import operator

from ..dtype import int64
from ._args import check_tensor
from .op import FUNCTIONS, Op, composite, whole


class Embedding(Op, name="embedding"):
    """embedding(input, weight, padding_idx=None, scale_grad_by_freq=False, sparse=False) -> Tensor

    weight[input] for integer indices (*) and a table (V, D) -> (*, D). The row padding_idx gets no gradient;
    scale_grad_by_freq divides the gradient of a row by how often it was looked up. With sparse, the gradient of the
    table is a sparse tensor with one entry per index. Raises IndexError for an index outside [0, V).
    """

    @staticmethod
    def prepare(input, weight, padding_idx=None, scale_grad_by_freq=False, sparse=False):
        check_tensor(input, "embedding")
        check_tensor(weight, "embedding", "weight", 2)
        if input.dtype.name not in ("int64", "int32"):
            raise RuntimeError(
                "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
                "but got "
                f"{input.type()} instead (while checking arguments for embedding)"
            )
        if weight.ndim != 2:
            raise RuntimeError(f"'weight' must be 2-D, got {list(weight.shape)}")
        if padding_idx is not None:
            padding_idx, rows = operator.index(padding_idx), weight.shape[0]
            if not -rows <= padding_idx < rows:
                raise RuntimeError(
                    f"embedding: padding_idx {padding_idx} must be within the {rows} rows of the table"
                )
            padding_idx %= rows
        return input, weight, padding_idx, bool(scale_grad_by_freq), bool(sparse)

    @staticmethod
    def forward(ctx, input, weight, padding_idx, scale_grad_by_freq, sparse):
        ctx.save_for_backward(input)
        ctx.options, ctx.sparse = (weight.shape[0], padding_idx, scale_grad_by_freq), sparse
        return ctx.k.embedding(weight, input)

    @staticmethod
    def backward(ctx, grad):
        (input,) = ctx.saved
        if ctx.sparse:
            return None, _sparse_grad(grad, input, *ctx.options)
        return None, EmbeddingGrad.apply(grad, input, *ctx.options)


def _sparse_grad(grad, input, rows, padding_idx, scale_grad_by_freq):
    """The gradient of the table as a sparse tensor: one entry, a row of grad, per index."""
    if scale_grad_by_freq:
        raise RuntimeError("embedding_backward: scale_grad_by_freq not supported with sparse gradients")
    width = grad.shape[-1]
    index, values = input.reshape(-1).long(), grad.reshape(input.numel(), width)
    if padding_idx is not None:
        kept = (index != padding_idx).nonzero().reshape(-1)
        index, values = index[kept], values.index_select(0, kept)
    return FUNCTIONS["sparse_coo_tensor"](index.unsqueeze(0), values, (rows, width), check_invariants=False)


class EmbeddingGrad(Op, name="_embedding_grad"):
    """The gradient of embedding in the table: each row of grad added to the row that its index names."""

    @staticmethod
    def forward(ctx, grad, input, rows, padding_idx, scale_grad_by_freq):
        ctx.save_for_backward(input)
        ctx.options = rows, padding_idx, scale_grad_by_freq
        return ctx.k.embedding_grad(grad, input, rows, padding_idx, scale_grad_by_freq)

    @staticmethod
    def backward(ctx, g):
        (input,) = ctx.saved
        rows, padding_idx, scale_grad_by_freq = ctx.options
        out = Embedding.function(input, g)
        if padding_idx is not None:
            out = out * (input != padding_idx).unsqueeze(-1)
        if scale_grad_by_freq:
            flat = input.reshape(-1)
            times = g.detach().new_zeros(rows).index_add(0, flat, g.detach().new_ones(flat.shape))
            out = out / times[input].unsqueeze(-1)
        return out


# ---- bags


@composite()
@whole
def embedding_bag(weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None,
                  include_last_offset=False, padding_idx=-1):  # fmt: skip
    """embedding_bag(weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None,
    include_last_offset=False, padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)

    The sum (mode 0), mean (1) or maximum (2) of the rows of weight (V, D) that the indices (N,) of each bag name. Bag b
    has the indices from offsets[b] to the next offset, or to the end; with include_last_offset the last offset is no
    bag but the end. per_sample_weights (N,) multiply the rows of a sum. The index padding_idx does not count; -1: all
    do. Returns the bags (B, D), the bag of each index, the number of indices of each bag and, for maxima, the rows they
    are from (B, D). Raises RuntimeError when sizes, dtypes, offsets or indices do not fit.
    """
    bag, sizes, n = _bags(weight, indices, offsets, per_sample_weights, include_last_offset)
    indices = indices[: bag.shape[0]]
    if per_sample_weights is not None:
        per_sample_weights = per_sample_weights[: bag.shape[0]]
    if padding_idx >= 0:
        kept = (indices != padding_idx).nonzero().reshape(-1)
        indices, counted = indices[kept], bag[kept]
        per_sample_weights = None if per_sample_weights is None else per_sample_weights[kept]
        sizes = sizes.new_zeros(n).index_add(0, counted, FUNCTIONS["ones_like"](counted))
    else:
        counted = bag
    if mode == 2:
        rows = _first_maxima(weight, indices, counted, n)
        found = weight.gather(0, rows)
        return found.masked_fill((sizes == 0).unsqueeze(1), 0), bag, sizes, rows
    values = Embedding.function(indices, weight, None, scale_grad_by_freq, sparse)
    if per_sample_weights is not None:
        values = values * per_sample_weights.unsqueeze(1)
    out = weight.detach().new_zeros((n, weight.shape[1])).index_add(0, counted, values)
    if mode == 1:
        out = out / sizes.clamp(min=1).unsqueeze(1).to(out.dtype)
    return out, bag, sizes, sizes


def _bags(weight, indices, offsets, per_sample_weights, include_last_offset):
    """(the bag of each index, the sizes of bags, their number), after all checks."""
    for name, t, position in (("weight", weight, 1), ("indices", indices, 2), ("offsets", offsets, 3)):
        check_tensor(t, "embedding_bag", name, position)
    if indices.dtype.name not in ("int64", "int32"):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
            f"but got {indices.type()} instead (while checking arguments for embedding_bag)"
        )
    if weight.ndim != 2 or indices.ndim != 1 or offsets.ndim != 1:
        shapes = [list(t.shape) for t in (weight, indices, offsets)]
        raise RuntimeError(f"embedding_bag: expected weight (V, D), indices (N,) and offsets (B,), got {shapes}")
    if per_sample_weights is not None and per_sample_weights.dtype is not weight.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
            f"'per_sample_weights'; but type {weight.type()} does not equal {per_sample_weights.type()} "
            "(while checking arguments for embedding_bag)"
        )
    starts, length = offsets.tolist(), indices.shape[0]
    if include_last_offset and not starts:
        raise RuntimeError("include_last_offset: numBags should be at least 1")
    if starts and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
            f"However, got {starts[0]}"
        )
    if starts and starts[-1] > length:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {length} but got offsets[-1] of {starts[-1]}"
        )
    ends = starts[1:] if include_last_offset else [*starts[1:], length]
    sizes = [end - start for start, end in zip(starts, ends, strict=False)]
    if any(size < 0 for size in sizes):
        raise RuntimeError(f"embedding_bag: offsets must not decrease, got {starts}")
    _check_indices(indices, weight.shape[0])
    sizes = FUNCTIONS["tensor"](sizes, dtype=int64, device=indices.device)
    n = sizes.shape[0]
    return FUNCTIONS["arange"](n, device=indices.device).repeat_interleave(sizes), sizes, n


def _check_indices(indices, rows):
    if indices.numel() and (int(indices.min()) < 0 or int(indices.max()) >= rows):
        at = int(((indices < 0) | (indices >= rows)).nonzero()[0, 0])
        raise RuntimeError(
            f"Index {at} of input takes value {int(indices[at])} which is not in the valid range [0, {rows})"
        )


def _first_maxima(weight, indices, bag, n):
    """The row of weight that has the maximum of each bag and column, the first of equal ones; 0 for empty bags."""
    values, shape = weight.detach()[indices], (n, weight.shape[1])
    of_value = bag.unsqueeze(1).expand(values.shape)
    largest = values.new_zeros(shape).scatter_reduce(0, of_value, values, "amax", include_self=False)
    length = indices.shape[0]
    places = FUNCTIONS["arange"](length, device=indices.device).unsqueeze(1).expand(values.shape)
    places = FUNCTIONS["where"](values == largest[bag], places, length)
    first = places.new_full(shape, length).scatter_reduce(0, of_value, places, "amin")
    return FUNCTIONS["cat"]([indices.long(), first.new_zeros(1)])[first.clamp(max=length)]
