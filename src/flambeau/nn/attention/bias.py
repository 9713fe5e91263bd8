"""Causal masks of attention whose corner is named: where queries and keys are not equally many, there are two."""

import enum
import warnings

import flambeau as fb
from flambeau import Tensor

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(enum.IntEnum):
    """The corner in which the diagonal of a causal mask begins or ends."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(Tensor):
    """CausalBias(variant, seq_len_q, seq_len_kv): the bool mask (seq_len_q, seq_len_kv), True where a key counts

    As attn_mask of `scaled_dot_product_attention`. UPPER_LEFT: query i sees the keys up to i; LOWER_RIGHT: the last
    query sees all keys. The attributes have the names of the arguments. ValueError for another variant.
    """

    _face = Tensor  # the class of results

    def __new__(cls, variant, seq_len_q, seq_len_kv):
        if not isinstance(variant, CausalVariant):
            raise ValueError(f"CausalBias(): variant must be a CausalVariant, got {variant!r}")
        offset = 0
        if variant is CausalVariant.LOWER_RIGHT:
            offset = seq_len_kv - seq_len_q
            if offset < 0:
                warnings.warn(
                    "Lower right causal bias will produce NaNs in the output when seq_len_q > seq_len_kv!",
                    stacklevel=2,
                )
        mask = fb.ones(seq_len_q, seq_len_kv, dtype=fb.bool).tril(offset)
        return Tensor._make_subclass(cls, mask)

    def __init__(self, variant, seq_len_q, seq_len_kv):
        """The mask is made in __new__."""
        self.variant, self.seq_len_q, self.seq_len_kv = variant, seq_len_q, seq_len_kv

    def _materialize(self, device=None):
        """The mask as a plain tensor."""
        return self.to(device) if device is not None else self.detach()


def causal_upper_left(*size):
    """causal_upper_left(seq_len_q, seq_len_kv) -> CausalBias in which query i sees the keys up to i."""
    return CausalBias(CausalVariant.UPPER_LEFT, *_two(size, "causal_upper_left"))


def causal_lower_right(*size):
    """causal_lower_right(seq_len_q, seq_len_kv) -> CausalBias in which the last query sees all keys."""
    return CausalBias(CausalVariant.LOWER_RIGHT, *_two(size, "causal_lower_right"))


def _two(size, name):
    if len(size) != 2:
        raise ValueError(f"{name} only supports 2D tensors: it takes the numbers of queries and keys, got {size}")
    return size
