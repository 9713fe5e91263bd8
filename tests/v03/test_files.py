"""torch.save and torch.load of 0.3: its tensors, what they share, files of other versions."""

import io
import warnings

import pytest

import flambeau as fb
import flambeau.v03 as torch
from flambeau.v03 import Variable


def there_and_back(obj):
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    return torch.load(file)


def test_plain_tensors_and_variables():
    x = torch.FloatTensor([[1, 2], [3, 4]])
    for kind in (torch.LongTensor, torch.ByteTensor, torch.DoubleTensor):
        assert type(there_and_back(x.type(kind))) is kind
    v = there_and_back(Variable(x, requires_grad=True))
    assert type(v) is Variable and v.requires_grad and v.data.equal(x)
    assert there_and_back(Variable(x, volatile=True)).volatile
    p = there_and_back(torch.nn.Parameter(x))
    assert type(p) is torch.nn.Parameter and p.data.equal(x)


def test_views_share_their_storage():
    x = torch.zeros(3, 4)
    whole, row, turned = there_and_back([x, x[1], x.t()])
    row.fill_(1)
    assert whole[1].sum() == 4 and turned[2][1] == 1


def test_state_dicts_and_modules():
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    state = there_and_back(model.state_dict())
    assert all(isinstance(t, torch.FloatTensor) for t in state.values())
    copy = there_and_back(model)
    assert copy[0].weight.data.equal(model[0].weight.data) and type(copy[0].weight) is torch.nn.Parameter


def test_files_of_today(tmp_path):
    fb.save({"a": fb.ones(2), "w": fb.ones(2, requires_grad=True)}, tmp_path / "today.pt")
    found = torch.load(str(tmp_path / "today.pt"))
    assert type(found["a"]) is torch.FloatTensor and type(found["w"]) is Variable
    torch.save({"a": torch.ones(2)}, str(tmp_path / "old.pth"))
    assert type(fb.load(tmp_path / "old.pth")["a"]) is fb.Tensor


def test_pytorch_reads_them(tmp_path):
    library = pytest.importorskip("torch", reason="PyTorch is the oracle")
    x = torch.randn(3, 4)
    torch.save({"x": x, "t": x.t(), "bytes": torch.ByteTensor([1, 2])}, str(tmp_path / "a.pth"))
    found = library.load(tmp_path / "a.pth")
    assert found["x"].tolist() == x.tolist() and found["t"].stride() == (1, 4)
    assert found["bytes"].dtype is library.uint8
    library.save({"x": library.arange(6.0).reshape(2, 3)}, tmp_path / "b.pth")
    assert torch.load(str(tmp_path / "b.pth"))["x"].size() == (2, 3)


def test_parts_of_storages_share_memory_when_loaded():
    x = torch.arange(0, 25).view(5, 5)
    part, whole = torch.FloatTensor().set_(x.storage()[1:4], 0, (3,), (1,)), x.storage()
    loaded, head, middle, again, view = there_and_back([x, whole[0:2], whole[1:4], whole[1:4], part])
    loaded.fill_(10)
    assert list(head) == [10] * 2 and list(middle) == [10] * 3 and view.tolist() == [10] * 3
    assert middle is again and head.data_ptr() == loaded.data_ptr() and middle.data_ptr() == loaded.data_ptr() + 4


def test_pytorch_reads_parts_of_storages(tmp_path):
    library = pytest.importorskip("torch", reason="PyTorch is the oracle")
    storage = torch.arange(0, 6).storage()
    torch.save([storage, storage[2:4]], tmp_path / "a.pth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole, part = library.load(tmp_path / "a.pth", weights_only=False)
        assert list(whole) == [0, 1, 2, 3, 4, 5] and list(part) == [2, 3]


def test_a_missing_folder_is_pythons_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file or directory: '.*model.pt'"):
        torch.save(torch.ones(2), str(tmp_path / "missing" / "model.pt"))
