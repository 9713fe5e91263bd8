"""Looking up the rows of a table."""

import operator

from ._args import check_tensor
from .op import FUNCTIONS, Op


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
