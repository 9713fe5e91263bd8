"""Looking up vectors by index."""

import flambeau as fb

from .primitives import op


def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    """weight[input]: indices (*) and weight (V, D) -> (*, D)

    padding_idx: a row without gradient. max_norm: rows that are looked up are first scaled, in place, to at most
    this `norm_type` norm. Raises IndexError for an index outside of the table.
    """
    if padding_idx is not None:
        rows = weight.size(0)
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        _limit_rows(weight, input, max_norm, norm_type)
    return op.embedding(input, weight, padding_idx, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def _limit_rows(weight, input, max_norm, norm_type):
    with fb.no_grad():
        index = input.reshape(-1)
        rows = weight[index]
        norms = rows.norm(norm_type, 1, keepdim=True)
        weight[index] = fb.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)


def one_hot(tensor, num_classes=-1):
    """int64 indices (*) -> (*, num_classes) of zeros and ones; num_classes: the largest index + 1 when negative."""
    if tensor.dtype != fb.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    else:
        if int(tensor.min()) < 0:
            raise RuntimeError("Class values must be non-negative.")
        largest = int(tensor.max())
        if num_classes < 0:
            num_classes = largest + 1
        elif largest >= num_classes:
            raise RuntimeError("Class values must be smaller than num_classes.")
    classes = fb.arange(num_classes, device=tensor.device)
    return (tensor.unsqueeze(-1) == classes).to(fb.int64)
