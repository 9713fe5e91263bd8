"""Cross-entropy of a linear map, with or without all of its scores in memory at once."""

import dataclasses
import math
import re
import warnings
from typing import Any

import flambeau as fb

from .loss import cross_entropy
from .primitives import op

_POLICIES = ("accurate", "balanced", "compact", "auto")


@dataclasses.dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """LinearCrossEntropyOptions(allow_retain_graph=False, batch_chunk_size=None, chunking_method='auto',
    acc_policy='auto', acc_dtype=None): how `linear_cross_entropy` goes through a batch in chunks

    batch_chunk_size: the samples of a chunk; None: what chunking_method says, 'aspect_ratio:r' for as many as have r
    times the numbers in their scores that the whole input has ('auto': r = 2), None for one chunk. The scores of a
    chunk are computed again in the backward pass, so that they need no memory in between, and gradients are summed in
    their own dtype: allow_retain_graph, acc_policy and acc_dtype, which choose among PyTorch's ways, are checked only.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self):
        size = self.batch_chunk_size
        if size is not None and (not isinstance(size, int) or size < 1):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size}")
        if self.acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in ("auto", None) and self._ratio() is None:
            raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        if self.acc_dtype not in (None, fb.float16, fb.bfloat16, fb.float32, fb.float64):
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, torch.float64}, got "
                f"{self.acc_dtype}. Pass acc_dtype=None to let the op pick automatically."
            )

    def _ratio(self):
        found = re.fullmatch(r"aspect_ratio:(\d+(?:\.\d+)?)", str(self.chunking_method))
        return None if found is None else float(found[1])

    def _rows(self, samples, features, classes):
        """The number of samples in a chunk."""
        if self.batch_chunk_size is not None:
            return self.batch_chunk_size
        if self.chunking_method is None:
            return max(samples, 1)
        ratio = 2.0 if self.chunking_method == "auto" else self._ratio()
        return max(1, int(ratio * samples * features / max(classes, 1)))


def linear_cross_entropy(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction="mean",
    ignore_index=None,
    label_smoothing=0.0,
    options=None,
):
    """`cross_entropy` of linear(input, linear_weight, linear_bias): input (N, in) or (in), linear_weight (C, in) or,
    for a target (N, d1, ...), (C, d1, ..., in)

    ignore_index None is -100. options: a LinearCrossEntropyOptions, to go through a batch with class numbers as targets
    in chunks; for other arguments it is ignored with a warning. See `cross_entropy` for the rest.
    """
    _check_shapes(input, linear_weight, linear_bias)
    rest = {"weight": weight, "reduction": reduction, "label_smoothing": label_smoothing,
            "ignore_index": -100 if ignore_index is None else ignore_index}  # fmt: skip
    outputs = tuple(linear_weight.shape[1:-1])
    if options is not None:
        plain = target.dtype is fb.int64 and not outputs and label_smoothing == 0
        if plain and reduction in ("mean", "sum", "none"):
            return _in_chunks(input, linear_weight, linear_bias, target, options, **rest)
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
            f"label_smoothing == 0, target.dtype == int64, out_features == (). Got {reduction=}, {label_smoothing=}, "
            f"target.dtype={target.dtype}, out_features={outputs}.",
            stacklevel=2,
        )
    return cross_entropy(_scores(input, linear_weight, linear_bias), target, **rest)


def _check_shapes(input, linear_weight, linear_bias):
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if input.shape[-1] != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {linear_weight.shape[-1]}, respectively"
        )
    if linear_weight.dim() > 2 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {input.shape[0]}), got unbatched input with shape {tuple(input.shape)}"
        )
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise RuntimeError(
            f"expected linear_bias shape {tuple(linear_weight.shape[:-1])}, got {tuple(linear_bias.shape)}"
        )


def _scores(input, linear_weight, linear_bias):
    sizes = linear_weight.shape[:-1]
    flat = linear_weight.reshape(math.prod(sizes), linear_weight.shape[-1])
    scores = op.linear(input, flat, None if linear_bias is None else linear_bias.reshape(-1))
    return scores.reshape(*input.shape[:-1], *sizes)


def _in_chunks(
    input, linear_weight, linear_bias, target, options, weight, reduction, label_smoothing, ignore_index
):
    """The losses of one chunk of samples after the other; only a chunk's scores are in memory at a time."""
    from flambeau.utils.checkpoint import checkpoint

    def losses(rows, classes):
        scores = _scores(rows, linear_weight, linear_bias)
        return cross_entropy(scores, classes, weight, ignore_index=ignore_index, reduction="none")

    samples = input.reshape(-1, input.shape[-1])
    classes = target.reshape(-1)
    if len(samples) != len(classes):
        raise ValueError(
            f"Expected input batch_size ({len(samples)}) to match target batch_size ({len(classes)})."
        )
    rows = options._rows(*samples.shape, linear_weight.shape[0])
    pairs = zip(samples.split(rows), classes.split(rows), strict=True)
    found = op.cat([checkpoint(losses, x, t, use_reentrant=False) for x, t in pairs])
    if reduction == "none":
        return found.reshape(target.shape)
    if reduction == "sum":
        return found.sum()
    counts = classes != ignore_index
    factors = counts if weight is None else weight[fb.where(counts, classes, 0)] * counts
    return found.sum() / factors.sum()
