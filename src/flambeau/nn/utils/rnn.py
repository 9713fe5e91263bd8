"""Sequences of different lengths: padded to one tensor, or packed step after step."""

from collections import namedtuple
from collections.abc import Iterable

import flambeau as fb

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence(
    namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])
):
    """A batch of sequences of different lengths, without padding; made by `pack_padded_sequence`.

    data (sum of lengths, *): the first elements of all sequences, longest first, then the second ones, ...
    batch_sizes: int64 on the CPU, how many sequences each step has. sorted_indices: the order of the sequences, longest
    first, in the batch they were packed from (None: they were in this order); unsorted_indices: its inverse.
    """

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:  # (data, batch_sizes) as one tuple
            data, batch_sizes = data
        if batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. "
                "They should be instantiated by functions like pack_sequence and pack_padded_sequences in "
                "nn.utils.rnn."
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """As `Tensor.to`, on the data; the sequence itself where nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        indices = [
            None if i is None else i.to(data.device) for i in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *indices)

    def cuda(self, *args, **kwargs):
        """On the current GPU, or the one given."""
        moved = self.data.cuda(*args, **kwargs)
        return self.to(moved.device)

    def cpu(self):
        """In host memory."""
        return self.to("cpu")

    def pin_memory(self):
        """With its data in page-locked memory."""
        return type(self)(self.data.pin_memory(), *self[1:])

    def double(self):
        """With data of float64."""
        return self.to(fb.float64)

    def float(self):
        """With data of float32."""
        return self.to(fb.float32)

    def half(self):
        """With data of float16."""
        return self.to(fb.float16)

    def long(self):
        """With data of int64."""
        return self.to(fb.int64)

    def int(self):
        """With data of int32."""
        return self.to(fb.int32)

    def short(self):
        """With data of int16."""
        return self.to(fb.int16)

    def char(self):
        """With data of int8."""
        return self.to(fb.int8)

    def byte(self):
        """With data of uint8."""
        return self.to(fb.uint8)

    @property
    def is_cuda(self):
        """Whether the data is on a GPU."""
        return self.data.is_cuda

    def is_pinned(self):
        """Whether the data is in page-locked memory."""
        return self.data.is_pinned()


def invert_permutation(permutation):
    """The permutation p^-1 with p^-1[p[i]] = i; None for None."""
    if permutation is None:
        return None
    inverse = fb.empty_like(permutation)
    inverse[permutation] = fb.arange(permutation.numel(), device=permutation.device, dtype=permutation.dtype)
    return inverse


def _lengths(lengths, batch, longest):
    """The lengths of the sequences of a batch as an int64 tensor, checked."""
    lengths = fb.as_tensor(lengths, dtype=fb.int64, device="cpu")
    if lengths.dim() != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.dim()}D "
            f"{lengths.device} {lengths.dtype.title} tensor"
        )
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch})"
        )
    if len(lengths) and int(lengths.min()) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if len(lengths) and int(lengths.max()) > longest:
        raise RuntimeError(
            f"pack_padded_sequence: a length of {int(lengths.max())} exceeds the {longest} steps of the input"
        )
    return lengths


def _rows(batch_sizes, batch, device):
    """Where the rows of packed data lie among the rows of padded data (T x B, *)."""
    parts = [fb.arange(n) + t * batch for t, n in enumerate(batch_sizes.tolist())]
    return fb.cat(parts).to(device)


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """The PackedSequence of padded sequences (T, B, *), or (B, T, *) with batch_first.

    lengths: B numbers, a tensor or list. enforce_sorted: they are in decreasing order; otherwise the sequences are
    sorted here, and `pad_packed_sequence` undoes it. Raises RuntimeError when lengths do not fit.
    """
    batch_dim = 0 if batch_first else 1
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    lengths = _lengths(lengths, input.size(batch_dim), input.size(1 - batch_dim))
    sorted_indices = None
    if not enforce_sorted:
        lengths, order = fb.sort(lengths, descending=True)
        sorted_indices = order.to(input.device)
        input = input.index_select(batch_dim, sorted_indices)
    elif (lengths[1:] > lengths[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if batch_first:
        input = input.transpose(0, 1)
    batch = input.size(1)
    steps = fb.arange(int(lengths[0]))
    batch_sizes = (lengths > steps.unsqueeze(1)).sum(1)
    rows = input.reshape(-1, *input.shape[2:])
    data = rows.index_select(0, _rows(batch_sizes, batch, input.device))
    return PackedSequence(data, batch_sizes, sorted_indices, None)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """(padded sequences (T, B, *), or (B, T, *) with batch_first, their lengths), in the order before packing.

    T is the longest length, or total_length, which must not be less (ValueError).
    """
    data, batch_sizes, _, unsorted_indices = sequence
    longest, batch = batch_sizes.size(0), int(batch_sizes[0])
    if total_length is None:
        total_length = longest
    elif total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    rows = data.new_full((total_length * batch, *data.shape[1:]), padding_value)
    rows = rows.index_copy(0, _rows(batch_sizes, batch, data.device), data)
    padded = rows.reshape(total_length, batch, *data.shape[1:])
    lengths = (batch_sizes.unsqueeze(1) > fb.arange(batch)).sum(0)
    if batch_first:
        padded = padded.transpose(0, 1)
    if unsorted_indices is not None:
        return padded.index_select(0 if batch_first else 1, unsorted_indices), lengths[unsorted_indices.cpu()]
    return padded, lengths


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Tensors (L_i, *) padded to the longest and stacked: (L, B, *), or (B, L, *) with batch_first."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    sequences = list(sequences.unbind(0) if isinstance(sequences, fb.Tensor) else sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    longest = max(s.size(0) for s in sequences)
    dims = sequences[0].dim() - 1
    padded = []
    for s in sequences:
        missing = longest - s.size(0)
        sides = (missing, 0) if padding_side == "left" else (0, missing)
        padded.append(
            fb.nn.functional.pad(s, (*(0, 0) * dims, *sides), value=padding_value) if missing else s
        )
    return fb.stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The list of the sequences of a padded batch (T, B, *), without the padding: undoes `pad_sequence`."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [s[: int(n)] for s, n in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences, enforce_sorted=True):
    """The PackedSequence of a list of tensors (L_i, *); enforce_sorted: longest first."""
    lengths = fb.as_tensor([s.size(0) for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """The list of tensors that `pack_sequence` packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
