"""`torch.nn.utils.rnn` of 0.3: packed sequences of two parts, whose batch sizes and lengths are lists of ints."""

from collections import namedtuple

import flambeau as fb

from ....nn.utils import rnn as todays

__all__ = ["PackedSequence", "pack_padded_sequence", "pad_packed_sequence"]

PackedSequence_ = namedtuple("PackedSequence", ["data", "batch_sizes"])  # type: ignore[name-match]


class PackedSequence(PackedSequence_):
    """PackedSequence(data, batch_sizes): sequences of different lengths without padding, longest first.

    data (sum of lengths, *): a Variable with the first elements of all sequences, then the second ones, ...
    batch_sizes: a list of ints, how many sequences each step has.
    """

    __slots__ = ()

    def todays(self):
        """todays() -> the same as today's modules take it."""
        return todays.PackedSequence(self.data, fb.tensor(list(self.batch_sizes), dtype=fb.int64))


def _of_todays(packed):
    return PackedSequence(packed.data, packed.batch_sizes.tolist())


def pack_padded_sequence(input, lengths, batch_first=False):
    """pack_padded_sequence(input, lengths, batch_first=False) -> PackedSequence

    Packs a Variable of padded sequences (T, B, *), or (B, T, *) with batch_first. lengths: a list of B ints in
    decreasing order. Raises ValueError when they are not, not positive, or of another number.
    """
    lengths = [int(n) for n in lengths]
    if lengths and lengths[-1] <= 0:
        raise ValueError(
            "length of all samples has to be greater than 0, but found an element in 'lengths' that is <=0"
        )
    if any(a < b for a, b in zip(lengths, lengths[1:], strict=False)):
        raise ValueError("lengths array has to be sorted in decreasing order")
    if len(lengths) != input.size(0 if batch_first else 1):
        raise ValueError("lengths array has incorrect size")
    return _of_todays(todays.pack_padded_sequence(input, lengths, batch_first))


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0):
    """pad_packed_sequence(sequence, batch_first=False, padding_value=0.0) -> (Variable, list of lengths)

    Undoes pack_padded_sequence: (T, B, *), or (B, T, *) with batch_first, filled up with padding_value.
    """
    padded, lengths = todays.pad_packed_sequence(sequence.todays(), batch_first, padding_value)
    return padded, lengths.tolist()
