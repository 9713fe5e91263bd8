"""nn.utils.rnn: padding and packing of sequences, against PyTorch."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")

ARRAY = np.arange(24.0).reshape(4, 3, 2)


def rnn(lib):
    return lib.nn.utils.rnn


def agree(call):
    """Equal results of call(library, its rnn module, ARRAY as a tensor)."""
    ours, theirs = (call(lib, rnn(lib), lib.from_numpy(ARRAY.copy())) for lib in (fb, torch))
    assert_close(ours, theirs)


@pytest.mark.parametrize("lengths", [[4, 2, 1], [1, 4, 2], [3, 3, 3]], ids=str)
@pytest.mark.parametrize("batch_first", [False, True])
def test_pack_and_pad(lengths, batch_first):
    def call(lib, m, x):
        if batch_first:
            x = x.transpose(0, 1)
        packed = m.pack_padded_sequence(x, lib.tensor(lengths), batch_first, enforce_sorted=False)
        longer = m.pad_packed_sequence(packed, batch_first, -1.0, 6)
        return [*packed, *m.pad_packed_sequence(packed, not batch_first), *longer]

    agree(call)


def test_gradients():
    def call(lib):
        def function(x):
            packed = rnn(lib).pack_padded_sequence(x, [1, 4, 2], enforce_sorted=False)
            return packed.data, rnn(lib).pad_packed_sequence(packed)[0]

        return function

    assert_close(run(fb, call(fb), [ARRAY]), run(torch, call(torch), [ARRAY]))


@pytest.mark.parametrize("side", ["left", "right"])
def test_pad_and_unpad_sequence(side):
    def call(lib, m, x):
        parts = [x[:1, 0], x[:3, 1], x[:2, 2]]
        padded = m.pad_sequence(parts, True, 9.0, side)
        return [padded, m.pad_sequence(parts), m.pad_sequence(x), *m.unpad_sequence(x, lib.tensor([1, 2, 4]))]

    agree(call)


def test_pack_and_unpack_sequence():
    def call(lib, m, x):
        parts = [x[:1, 0], x[:3, 1], x[:2, 2]]
        packed = m.pack_sequence(parts, enforce_sorted=False)
        return [*packed, *m.unpack_sequence(packed), *m.pack_sequence([x[:3, 0], x[:1, 1]])]

    agree(call)


def test_invert_permutation():
    agree(lambda lib, m, x: m.invert_permutation(lib.tensor([2, 0, 1])))
    assert rnn(fb).invert_permutation(None) is None


def test_packed_sequence_is_a_named_tuple():
    packed = rnn(fb).pack_padded_sequence(fb.from_numpy(ARRAY), [4, 2, 1])
    data, batch_sizes, sorted_indices, unsorted_indices = packed
    assert data is packed.data and batch_sizes is packed.batch_sizes
    assert sorted_indices is None and unsorted_indices is None
    assert packed.float().data.dtype is fb.float32 and packed.long().data.dtype is fb.int64
    assert packed.to(fb.float64) is packed and packed.cpu() is packed
    assert not packed.is_cuda and not packed.is_pinned()
    made = rnn(fb).PackedSequence(data, batch_sizes, fb.tensor([2, 0, 1]))
    assert made.unsorted_indices.tolist() == [1, 2, 0]
    assert repr(packed).startswith("PackedSequence(data=tensor(")


@pytest.mark.parametrize(
    "call",
    [
        lambda lib, m, x: m.pack_padded_sequence(x, [1, 2, 4]),
        lambda lib, m, x: m.pack_padded_sequence(x, [4, 2, 0]),
        lambda lib, m, x: m.pack_padded_sequence(x, [4, 2]),
        lambda lib, m, x: m.pack_padded_sequence(x, lib.tensor([[4, 2, 1]])),
        lambda lib, m, x: m.pack_padded_sequence(x[:0], [4, 2, 1]),
        lambda lib, m, x: m.pad_packed_sequence(m.pack_padded_sequence(x, [4, 2, 1]), total_length=3),
        lambda lib, m, x: m.pad_sequence(3),
        lambda lib, m, x: m.pad_sequence([]),
        lambda lib, m, x: m.pad_sequence([x], padding_side="up"),
        lambda lib, m, x: m.pack_sequence([x[:1, 0], x[:3, 1]]),
    ],
)
def test_errors(call):
    ours, theirs = (raised(lambda n=lib: call(n, rnn(n), n.from_numpy(ARRAY.copy()))) for lib in (fb, torch))
    assert ours == theirs


def test_lengths_beyond_the_input_are_refused():
    with pytest.raises(RuntimeError, match="a length of 5 exceeds the 4 steps of the input"):
        rnn(fb).pack_padded_sequence(fb.from_numpy(ARRAY), [5, 2, 1])
