"""Looking up vectors by index, one by one or in bags."""

import warnings

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


_MODES = ("sum", "mean", "max")


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """The sum, mean or max of rows of weight (V, D) for each bag of indices -> (B, D); zeros for empty bags.

    input (B, N): bags of one size; or (L,) with offsets (B,), where each bag starts (include_last_offset: the last
    offset is the end of the last bag). per_sample_weights, of input's shape, multiply the rows of a sum. padding_idx:
    an index that does not count; max_norm, norm_type, scale_grad_by_freq and sparse as for `embedding`. Raises
    ValueError or RuntimeError for arguments that do not fit.
    """
    if weight.dtype is fb.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    _check_bags(input, weight, offsets, per_sample_weights, mode)
    if input.dim() == 2:
        offsets = fb.arange(0, input.numel(), input.size(1), device=input.device) if input.size(1) else offsets
        offsets = fb.zeros(input.size(0), dtype=fb.int64, device=input.device) if offsets is None else offsets
        include_last_offset = False
        input = input.reshape(-1)
        per_sample_weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
            f"(got mode='{mode}'). Please open a feature request on GitHub."
        )
    rows = weight.size(0)
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, -{rows} through {rows - 1}, but got {padding_idx}"
        )
    if max_norm is not None:
        _limit_rows(weight, input, max_norm, norm_type)
    padding_idx = -1 if padding_idx is None else padding_idx % rows
    options = scale_grad_by_freq, _MODES.index(mode), sparse, per_sample_weights, include_last_offset, padding_idx
    return op.embedding_bag(weight, input, offsets, *options)[0]


def _check_bags(input, weight, offsets, per_sample_weights, mode):
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the "
            f"same shape as the input ({input.shape})"
        )
    if input.dim() == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
            f"sequences. However, found offsets of type {type(offsets)}"
        )
    if input.dim() == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.dim() != 1:
            raise ValueError("offsets has to be a 1D Tensor")
    elif input.dim() != 2:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if mode not in _MODES:
        raise ValueError("mode has to be one of sum, mean or max")


def _limit_rows(weight, input, max_norm, norm_type):
    with fb.no_grad():
        index = input.reshape(-1)
        rows = weight[index].double()  # so that norms do not come out a rounding above max_norm
        norms = rows.norm(norm_type, 1, keepdim=True)
        weight[index] = fb.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows).to(weight.dtype)


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
