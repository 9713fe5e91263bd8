"""Looking up the rows of a table, one by one or in bags."""

import operator

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


@composite()
@whole
def embedding_bag(
    weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None,
    include_last_offset=False, padding_idx=None,
):
    """embedding_bag(weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None,
    include_last_offset=False, padding_idx=None) -> (output, offset2bag, bag_size, max_indices)

    What nn.functional.embedding_bag computes. The sum (mode 0), mean (1) or maximum (2) of the rows weight[i] for the i
    of each bag: bag b has the ints indices[offsets[b] : offsets[b + 1]], the last one all that follow, or
    with include_last_offset, those up to the last offset. A table (V, D) of floats -> output (B, D); an empty bag is 0.
    per_sample_weights (of sums) multiply the rows; the index padding_idx counts as absent. The other results, int64:
    the bag of each index that counts, the sizes (B,) of the bags, and for maxima the indices (B, D) of the (first)
    largest rows, else the sizes again. Raises RuntimeError for offsets, IndexError for indices that do not fit.
    """  # fmt: skip
    bags, end = _check_bags(weight, indices, offsets, per_sample_weights, include_last_offset)
    indices = indices[:end]
    per_sample_weights = None if per_sample_weights is None else per_sample_weights[:end]
    places = FUNCTIONS["arange"](end, device=indices.device)
    bag = FUNCTIONS["searchsorted"](offsets[:bags].long(), places, right=True) - 1
    if padding_idx is not None:
        rows = weight.shape[0]
        if not -rows <= padding_idx < rows:
            raise RuntimeError(
                f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but got "
                f"{padding_idx}"
            )
        kept = (indices != padding_idx % rows).nonzero().reshape(-1)
        indices, bag = indices[kept], bag[kept]
        per_sample_weights = None if per_sample_weights is None else per_sample_weights[kept]
    rows = Embedding.function(indices, weight, None, scale_grad_by_freq, sparse)
    size = bag.new_zeros(bags).index_add(0, bag, bag.new_ones(bag.shape))
    if mode == 2:
        return _largest(rows, indices, bag, size)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(1)
    out = rows.new_zeros(bags, weight.shape[1]).index_add(0, bag, rows)
    return (out / size.clamp(min=1).unsqueeze(1).to(out.dtype) if mode == 1 else out), bag, size, size


def _check_bags(weight, indices, offsets, per_sample_weights, include_last_offset):
    """The number of bags, and where the last one ends."""
    for position, (argument, value) in enumerate((("weight", weight), ("indices", indices), ("offsets", offsets)), 1):
        check_tensor(value, "embedding_bag", argument, position)
    for argument, value in (("indices", indices), ("offsets", offsets)):
        if value.dtype.name not in ("int64", "int32"):
            raise RuntimeError(
                f"Expected tensor for argument '{argument}' to have one of the following scalar types: Long, Int; but "
                f"got {value.type()} instead (while checking arguments for embedding_bag)"
            )
    if weight.dtype.category != "float":
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, "
            f"Float, Double; but got {weight.type()} instead (while checking arguments for embedding_bag)"
        )
    if (weight.ndim, indices.ndim, offsets.ndim) != (2, 1, 1):
        raise RuntimeError(
            "embedding_bag: expected a 2-D weight, 1-D indices and 1-D offsets, got "
            f"{list(weight.shape)}, {list(indices.shape)} and {list(offsets.shape)}"
        )
    if per_sample_weights is not None:
        if per_sample_weights.dtype is not weight.dtype:
            raise RuntimeError(
                "Expected tensor for argument #1 'weight' to have the same type as tensor for argument "
                f"'per_sample_weights'; but type {weight.type()} does not equal {per_sample_weights.type()} "
                "(while checking arguments for embedding_bag)"
            )
        if per_sample_weights.shape != indices.shape:
            raise RuntimeError(
                f"embedding_bag: per_sample_weights {list(per_sample_weights.shape)} must have the shape of indices, "
                f"{list(indices.shape)}"
            )
    if include_last_offset and not offsets.numel():
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    given = offsets.tolist()
    if given and given[0]:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {given[0]}"
        )
    if given and given[-1] > indices.numel():
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {indices.numel()} but got offsets[-1] of {given[-1]}"
        )
    if any(a > b for a, b in zip(given, given[1:], strict=False)):
        raise RuntimeError(f"embedding_bag: offsets must not decrease, got {given}")
    if include_last_offset:
        return len(given) - 1, given[-1]
    return len(given), indices.numel() if given else 0


def _largest(rows, indices, bag, size):
    """The results of embedding_bag for maxima: of equal rows the first is the one that counts."""
    count, width = rows.shape
    if not count:
        nothing = rows.new_zeros(*size.shape, width)
        return nothing + rows.sum(0), bag, size, nothing.long()
    values, group = rows.detach(), bag.unsqueeze(1).expand(rows.shape)
    lowest = values.new_full((*size.shape, width), -float("inf"))
    best = lowest.scatter_reduce(0, group, values, "amax")
    is_best = (values == best[bag]) | (values != values)
    place = FUNCTIONS["where"](is_best, FUNCTIONS["arange"](count, device=rows.device).unsqueeze(1), count - 1)
    first = place.new_full((*size.shape, width), count - 1).scatter_reduce(0, group, place, "amin")
    there = (size > 0).unsqueeze(1)
    out = FUNCTIONS["where"](there, rows.gather(0, first), 0.0)
    return out, bag, size, FUNCTIONS["where"](there, indices.long()[first], 0)
