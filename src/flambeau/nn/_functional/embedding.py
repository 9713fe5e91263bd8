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


_MODES = {"sum": 0, "mean": 1, "max": 2}


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2.0,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """The sum, mean or max (`mode`) of the rows weight[i] of each bag of indices: (B, D) for a weight (V, D)

    A bag is a row of a 2-D input; for a 1-D input offsets (B,) say where bags begin. per_sample_weights multiply the
    rows of sums. max_norm, norm_type, padding_idx: as for `embedding`; an index padding_idx counts as absent. See
    `flambeau.embedding_bag`.
    """
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the "
            f"same shape as the input ({input.shape})"
        )
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    if input.dim() not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        offsets = fb.arange(input.shape[0], device=input.device) * input.shape[1]
        include_last_offset = False
    elif offsets is None or offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor" + (" but got None" if offsets is None else ""))
    if mode not in _MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and (scale_grad_by_freq or sparse):
        what = "scaling the gradient by the frequency" if scale_grad_by_freq else "sparse weights"
        raise ValueError(f"max mode does not support {what}")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights is only supported for mode='sum' (got mode='{mode}')"
        )
    if max_norm is not None:
        _limit_rows(weight, input, max_norm, norm_type)
    factors = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    return op.embedding_bag(
        weight, input.reshape(-1), offsets, scale_grad_by_freq, _MODES[mode], sparse, factors, include_last_offset,
        padding_idx,
    )[0]  # fmt: skip


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
