"""Sizes changed in place, shared memory, NumPy, functions applied in place, copies and pickles."""

import copy
import io
import pickle
import sys

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Parameter, Variable


def test_views():
    x = torch.arange(0, 6)
    m = x.view(2, 3)
    m[0, 0] = 9
    assert x[0] == 9 and x.view(-1, 2).size() == (3, 2) and x.view(torch.Size([6, 1])).size() == (6, 1)
    assert m.view_as(torch.ones(3, 2)).size() == (3, 2) and m.t().is_contiguous() is False
    assert m.expand(2, 2, 3).size() == (2, 2, 3) and torch.ones(1, 3).expand_as(m).size() == (2, 3)
    assert m.permute(1, 0).size() == (3, 2) and m.repeat(2, 1).size() == (4, 3) and x.unfold(0, 2, 2).size() == (3, 2)
    for wrong in (lambda: x.view(4), lambda: x.view(0, 6), lambda: torch.Tensor().unsqueeze(0),
                  lambda: x.narrow(0, 0, 0), lambda: torch.Tensor().view(15, 0)):  # fmt: skip
        with pytest.raises(RuntimeError):
            wrong()


def test_resize():
    x = torch.arange(0, 6)
    assert x.resize_(2, 2) is x and x.tolist() == [[0, 1], [2, 3]]
    assert x.resize_(8).size() == (8,) and x[:4].tolist() == [0, 1, 2, 3]
    assert x.resize_as_(torch.ones(2, 3)).size() == (2, 3) and x.resize_(torch.Size([4])).size() == (4,)
    v = Variable(x)
    x.resize_(2)
    assert v.size() == (2,) and v.resize(2, 1).size() == (2, 1) and v.resize_as(v.view(1, 2)).size() == (1, 2)


def test_changes_of_a_data_tensor_in_place_reach_its_variable():
    v = Variable(torch.ones(2, 3))
    v.data.t_()
    assert v.size() == (3, 2)
    v.data.unsqueeze_(0)
    assert v.size() == (1, 3, 2)


def test_set():
    x, y = torch.zeros(2), torch.ones(2, 2)
    assert x.set_(y) is x and x.size() == (2, 2) and x.is_set_to(y)
    x[0, 0] = 5
    assert y[0, 0] == 5
    x.set_(y.storage(), 1, (3,))
    assert x.tolist() == [1, 1, 1] and x.storage_offset() == 1
    assert x.set_().dim() == 0
    with pytest.raises(TypeError, match="torch.DoubleTensor"):
        x.set_(torch.DoubleTensor(2))


def test_storage():
    x = torch.arange(0, 6).view(2, 3)
    storage = x[1].storage()
    storage[0] = 7
    assert x[0, 0] == 7 and len(storage) == 6 and x[1].storage_offset() == 3
    assert x.storage()._cdata == x.t().storage()._cdata == x[1].storage()._cdata != x.clone().storage()._cdata
    assert x.storage().data_ptr() == x.data_ptr()


def test_numpy_shares_memory():
    array = np.zeros((2, 2))
    x = torch.from_numpy(array)
    assert type(x) is torch.DoubleTensor
    x[0, 1] = 3
    assert array[0, 1] == 3
    y = torch.ones(2)
    y.numpy()[0] = 4
    assert y.tolist() == [4, 1] and np.asarray(y).tolist() == [4, 1] and np.array(y, dtype=np.int64).dtype == np.int64
    assert type((torch.ones(2) > 0).numpy()[0]) is np.uint8
    assert np.add(y, 1).tolist() == [5, 2]


@pytest.mark.parametrize("array,error", [
    (np.zeros((0, 2)), RuntimeError), (np.zeros(2, bool), RuntimeError), (np.arange(4.0)[::-1], RuntimeError),
    (np.zeros(2, complex), RuntimeError), ([1, 2], TypeError), (np.zeros(2, ">f4"), RuntimeError),
])  # fmt: skip
def test_arrays_that_are_refused(array, error):
    with pytest.raises(error):
        torch.from_numpy(array)


def test_apply_and_map():
    x = torch.FloatTensor([1, 2])
    assert x.apply_(lambda a: a * 2) is x and x.tolist() == [2, 4]
    assert x.map_(torch.FloatTensor([10, 20]), lambda a, b: a + b).tolist() == [12, 24]
    assert x.map2_(torch.ones(2), torch.ones(1), lambda a, b, c: a + b + c).tolist() == [14, 26]
    m = torch.zeros(2, 3)
    with pytest.warns(UserWarning, match="Falling back to deprecated pointwise behavior"):
        m.map2_(torch.ones(3, 2), torch.ones(2, 3), lambda a, b, c: b + c)
    assert m.sum() == 12
    with pytest.raises(TypeError):
        x.map_(torch.LongTensor([1, 2]), lambda a, b: a)


def test_clone_and_new_memory():
    x = torch.ones(2)
    assert x.clone().data_ptr() != x.data_ptr() and type(x.clone()) is torch.FloatTensor


def test_pickles():
    x = torch.LongTensor([[1, 2]])
    loaded = pickle.loads(pickle.dumps(x))
    assert type(loaded) is torch.LongTensor and loaded.equal(x)
    v = Variable(torch.ones(2), requires_grad=True)
    w = pickle.loads(pickle.dumps(v))
    assert type(w) is Variable and w.requires_grad and w.data.equal(v.data)
    volatile = pickle.loads(pickle.dumps(Variable(torch.ones(1), volatile=True)))
    assert volatile.volatile
    p = pickle.loads(pickle.dumps(Parameter(torch.ones(2))))
    assert type(p) is Parameter and p.requires_grad
    computed = pickle.loads(pickle.dumps(v * 2))
    assert computed.is_leaf and computed.requires_grad and computed.data.tolist() == [2, 2]


def test_saved_and_loaded():
    file = io.BytesIO()
    x = torch.arange(0, 6).view(2, 3)
    torch.save({"x": x, "v": Variable(x)}, file)
    file.seek(0)
    loaded = torch.load(file)
    assert type(loaded["x"]) is torch.FloatTensor and loaded["x"].equal(x) and loaded["v"].data.equal(x)


def test_deepcopy():
    x = torch.arange(0, 4)
    a, b = copy.deepcopy([x, x.view(2, 2)])
    a[0] = 9
    assert b[0, 0] == 9 and x[0] == 0 and type(a) is torch.FloatTensor
    v = Variable(x, requires_grad=True)
    w = copy.deepcopy(v)
    assert w.requires_grad and w.data.equal(x) and w.data.data_ptr() != x.data_ptr()
    p = copy.deepcopy(Parameter(x))
    assert type(p) is Parameter and p.data.equal(x)
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(v * 2)
    assert copy.copy(x).is_set_to(x)


def test_tolist():
    assert torch.ByteTensor([[1, 2]]).tolist() == [[1, 2]] and torch.ones(2).half().tolist() == [1, 1]
    assert torch.LongTensor([3]).tolist() == [3]


def test_results_lie_in_row_major_order():
    t = torch.arange(0, 6).view(2, 3).t()
    v = Variable(t, requires_grad=True)
    rows = torch.LongTensor([0, 1])
    for x in (t, v):
        made = [x + 1, x * x, -x, x.exp(), x > 2, 1 - x, x.clone(), x.double(), x.cumsum(0), x.sort()[0], x[rows],
                torch.cat([x, x], 1), torch.stack([x, x]), torch.zeros_like(x), x.repeat(2, 1), x[[0, 1]]]  # fmt: skip
        for result in made:
            assert result.is_contiguous() and result.view(result.numel()).size(0) == result.numel()
        with pytest.raises(RuntimeError):
            x.view(6)
    (v * v).view(6).sum().backward()
    assert v.grad.data.equal(t * 2)


def test_accuracy_as_it_was_computed():
    output = torch.FloatTensor([[0.1, 0.7, 0.2], [0.8, 0.15, 0.05]])
    target = torch.LongTensor([1, 2])
    _, pred = output.topk(2, 1, True, True)
    pred = pred.t()
    correct = pred.eq(target.view(1, -1).expand_as(pred))
    assert correct[:1].view(-1).float().sum(0, keepdim=True).tolist() == [1]
    assert correct[:2].view(-1).float().sum(0).mul_(100.0 / 2).tolist() == [50]


def test_identity_of_memory():
    x = torch.ones(2, 3)
    assert x.storage()._cdata == x.view(-1).storage()._cdata != torch.ones(6).storage()._cdata
    assert x._cdata == x._cdata != torch.ones(1)._cdata


def test_storages_over_bytes_and_files(tmp_path):
    assert torch.FloatStorage.from_buffer(b"\x00\x00\x80\x3f", "little").tolist() == [1]
    assert torch.IntStorage.from_buffer(b"\x00\x00\x00\x01", "big").tolist() == [1]
    path = tmp_path / "numbers"
    np.arange(4, dtype=np.float32).tofile(path)
    own, shared = (torch.FloatStorage.from_file(str(path), flag, 4) for flag in (False, True))
    assert own.tolist() == [0, 1, 2, 3]
    shared[0] = 9
    assert np.fromfile(path, np.float32).tolist() == [9, 1, 2, 3]


def test_storages_are_of_their_typed_class():
    storage = torch.FloatStorage([1, 2])
    copied = pickle.loads(pickle.dumps(storage))
    for made, kind in ((storage.double(), "Double"), (storage.type("torch.IntStorage"), "Int"), (copied, "Float"),
                       (storage.new(2), "Float")):  # fmt: skip
        assert type(made) is getattr(torch, f"{kind}Storage")
    file, seen = io.BytesIO(), []
    torch.save([torch.ones(2), storage], file)
    file.seek(0)
    _, loaded = torch.load(file, map_location=lambda storage, place: seen.append(type(storage)) or storage)
    assert seen == [torch.FloatStorage] * 2 and type(loaded) is torch.FloatStorage
    with pytest.raises(TypeError, match="got str"):
        torch.FloatStorage("a")


def test_a_pickled_transpose_keeps_its_strides():
    x = pickle.loads(pickle.dumps(torch.arange(0, 6).view(2, 3).t()))
    assert x.stride() == (1, 3) and x.tolist() == [[0, 3], [1, 4], [2, 5]]


def test_expanded_tensors_can_be_filled():
    column = torch.zeros(2, 1)
    wide = column.expand(2, 3)
    assert wide.fill_(2) is wide and column.tolist() == [[2], [2]] and wide.tolist() == [[2, 2, 2]] * 2
    wide.copy_(torch.arange(0, 6).view(2, 3))  # the last of each row stays
    assert column.tolist() == [[2], [5]] and wide.zero_() is wide and column.sum() == 0
    wide.copy_(torch.FloatTensor([7]))
    assert column.tolist() == [[7], [7]]


def test_the_size_of_storages_in_memory():
    none, some, more = (sys.getsizeof(torch.randn(n).storage()) for n in (0, 10, 100))
    assert more - none == 10 * (some - none) == 400


def test_parts_of_storages():
    whole = torch.LongStorage((3, 4, 5))
    part, middle = torch.LongStorage(whole, 1), torch.LongStorage(whole, 1, 1)
    assert part.tolist() == [4, 5] and middle.tolist() == [4] and type(part) is torch.LongStorage
    whole[1] = 9
    assert part[0] == middle[0] == 9
    for arguments in ((whole, 4), (whole, 1, 3), (whole, -1)):
        with pytest.raises(RuntimeError, match="no part of a storage of 3"):
            torch.LongStorage(*arguments)


@pytest.mark.parametrize("order", [1, -1])
def test_copied_tensors_and_storages_share_memory(order):
    x = torch.arange(0, 6).view(2, 3)
    things = [x, x.storage(), x[1], torch.FloatStorage(x.storage(), 1, 2), x.storage()]
    whole, storage, row, part, again = copy.deepcopy(things[::order])[::order]
    whole.fill_(7)
    assert list(storage) == list(again) == [7] * 6 and list(part) == [7, 7] and row.tolist() == [7] * 3
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]] and type(storage) is torch.FloatStorage


def test_new_dimensions_of_size_one_have_the_step_over_what_follows():
    x = torch.rand(5)
    assert x.expand(1, 1, 5).stride() == x.unsqueeze(0).unsqueeze(1).stride() == (5, 5, 1)
    assert x.expand(2, 1, 5).stride() == (0, 5, 1) and torch.rand(1, 5).expand(1, 3, 5).stride() == (0, 0, 1)


def test_the_buffer_of_a_storage_is_its_memory():
    storage = torch.IntStorage([1, 2])
    buffer = storage.buffer()
    assert torch.IntStorage.from_buffer(buffer, "native").tolist() == [1, 2]
    buffer[:4] = bytes([7, 0, 0, 0] if sys.byteorder == "little" else [0, 0, 0, 7])
    assert storage.tolist() == [7, 2]
