"""Batching rules: what an op means on tensors of which each stands for a whole batch.

`tensor.py` has the batched tensor and how it answers an op; the other modules have the rules, by family. The table of
ops with a rule: `python -m flambeau.func.batching`.
"""

from . import conv, dims, index, loss, matrix, norm, pointwise, random, rnn, shape
from .tensor import RULES, Batch, BatchedTensor, lift, rule, vmap_levels

random.start()

__all__ = [
    "RULES", "Batch", "BatchedTensor", "conv", "dims", "index", "lift", "loss", "matrix", "norm", "pointwise", "random",
    "rnn", "rule", "shape", "vmap_levels",
]  # fmt: skip
