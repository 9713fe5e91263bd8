"""Methods of plain tensors that 0.3's own code called, numbers among ints, storages by class, and torch.contrib."""

import io
import struct

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable
from flambeau.v03.contrib._graph_vis import make_dot


@pytest.mark.parametrize("kind", "Byte Char Short Int Long Float Double".split())
def test_metadata(kind):
    cls = getattr(torch, f"{kind}Tensor")
    x, file = cls(np.arange(12)).view(3, 4).t()[1:], io.BytesIO()
    x._write_metadata(file)
    assert file.getvalue() == struct.pack("<6q", 2, 3, 3, 1, 4, 1)
    file.seek(0)
    y = cls._new_with_metadata_file(file, x.storage())
    assert type(y) is cls and y.equal(x) and y.is_set_to(x)


def test_metadata_of_an_empty_tensor():
    file = io.BytesIO()
    torch.FloatTensor()._write_metadata(file)
    file.seek(0)
    assert torch.FloatTensor._new_with_metadata_file(file, torch.FloatStorage()).dim() == 0


def test_keys():
    x = torch.arange(0, 12).view(3, 4)
    for plain in (1, slice(0, 2), (0, slice(None)), torch.LongTensor([0, 1]), x > 3, None, Ellipsis):
        assert not x._check_advanced_indexing(plain)
    advanced = ([0, 2], [1, 3])
    for key in (advanced, (slice(None), [0, 1]), (torch.LongTensor([0, 1]), torch.LongTensor([1, 1]))):
        assert x._check_advanced_indexing(key)
        assert x._advanced_index_select(key).equal(x[key])
    assert x._advanced_index_select(advanced).tolist() == [1, 11]


def test_changes_by_key():
    x = torch.zeros(3, 4)
    x._set_index(0, 5)
    x._set_index(([1, 2], [0, 3]), torch.FloatTensor([7, 8]))
    assert x[0].tolist() == [5] * 4 and x[1, 0] == 7 and x[2, 3] == 8
    assert x._advanced_index_add(([1, 1, 2], [0, 0, 3]), torch.FloatTensor([1, 2, 3])) is x
    assert x[1, 0] == 10 and x[2, 3] == 11
    y = torch.zeros(4)
    y._advanced_index_add(torch.LongTensor([1, 1]), torch.ones(2))._advanced_index_add(y < 1, torch.ones(3))
    assert y.tolist() == [1, 2, 1, 1]


@pytest.mark.parametrize("kind", "Byte Char Short Int Long".split())
def test_ints_and_whole_floats(kind):
    x = Variable(getattr(torch, f"{kind}Tensor")([3, 5]))
    for result, expected in ((x + 2.0, [5, 7]), (x * 2.0, [6, 10]), (x / 2.0, [1, 2]), (x.clamp(max=4.0), [3, 4]),
                             (x.add_(np.float32(1)), [4, 6])):  # fmt: skip
        assert type(result.data) is type(x.data) and result.data.tolist() == expected
    assert (x > 4.0).data.tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="value cannot be converted to type .* without overflow: 1.5"):
        x + 1.5


def test_bits_of_floats():
    for x in (torch.ones(2), Variable(torch.ones(2))):
        for name, operator in (("and", lambda a: a & a), ("or", lambda a: a | 1), ("xor", lambda a: a ^ a)):
            with pytest.raises(RuntimeError, match=f"bit{name} is only supported for integer type tensors"):
                operator(x)


def test_classes_of_storages():
    storage = torch.FloatStorage([1, 2, 3])
    assert type(storage.long()) is type(storage.type("torch.LongStorage")) is torch.LongStorage
    assert type(storage.half()) is torch.HalfStorage and type(storage.float()) is torch.FloatStorage
    for same in (storage.new(2), storage.clone(), storage[:2], storage.cpu(), storage.share_memory_()):
        assert type(same) is torch.FloatStorage
    assert type(torch.LongTensor([1]).storage().double()) is torch.DoubleStorage


def test_memory_of_another_type():
    with pytest.raises(TypeError, match=r"set_ received .*\(torch.FloatStorage\), but expected a torch.LongTensor"):
        torch.LongTensor().set_(torch.FloatStorage(2))


def test_picture_of_a_graph():
    w = Variable(torch.ones(2, 2), requires_grad=True)
    graph = make_dot((w * 3).sum(), [("the weight", w)])
    source = graph.source if hasattr(graph, "source") else graph.to_dot()
    assert "the weight" in source and "Mul" in source and "Sum" in source
