"""`PackPadded.apply(input, lengths)` -> (data, batch_sizes), of padded sequences (T, B, *) in order of length."""

from ...autograd.composed import made
from ...faces import TYPES, Variable
from ..utils.rnn import pack_padded_sequence

__all__ = ["PackPadded"]


def _pack_padded(input, lengths):
    """apply(input, lengths) -> (data (sum of lengths, *), LongTensor Variable of the batch sizes)"""
    packed = pack_padded_sequence(input, [int(n) for n in lengths])
    return packed.data, Variable(TYPES["LongTensor"](list(packed.batch_sizes)))


PackPadded = made(__name__, "PackPadded", _pack_padded)
