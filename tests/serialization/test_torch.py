"""Files of PyTorch 2.13 read here, and ours read there."""

import collections
import io

import numpy as np
import pytest

import flambeau as fb
from flambeau import serialization

torch = pytest.importorskip("torch")
pytestmark = [  # what PyTorch says of its own features
    pytest.mark.filterwarnings(f"ignore:{text}:UserWarning")
    for text in ("Sparse CSR", "Sparse CSC", "Sparse invariant", "TypedStorage is deprecated")
]

DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex64",
          "complex128", "uint16", "uint32", "uint64"]  # fmt: skip
NEW = pytest.mark.parametrize("new", [True, False])


def theirs(obj, new=True, **options):
    """What we load of what PyTorch saves."""
    buffer = io.BytesIO()
    torch.save(obj, buffer, _use_new_zipfile_serialization=new)
    buffer.seek(0)
    return fb.load(buffer, **options)


def ours(obj, new=True, weights_only=True):
    """What PyTorch loads of what we save."""
    buffer = io.BytesIO()
    fb.save(obj, buffer, _use_new_zipfile_serialization=new)
    buffer.seek(0)
    return torch.load(buffer, weights_only=weights_only)


def both(values, dtype, library):
    return library.tensor(values, dtype=getattr(library, dtype))


def same(a, b):
    assert tuple(a.shape) == tuple(b.shape) and str(a.dtype) == str(b.dtype)
    assert a.stride() == b.stride() and a.storage_offset() == b.storage_offset()
    assert a.requires_grad == b.requires_grad and a.tolist() == b.tolist()


@NEW
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype, new):
    values = np.arange(6).reshape(2, 3) % 2
    for shape in [(2, 3), (6,), (0, 3)]:
        data = values.reshape(shape) if 0 not in shape else np.zeros(shape)
        a, b = both(data, dtype, fb), both(data, dtype, torch)
        same(theirs(b, new), b)
        same(a, ours(a, new))
    same(theirs(b[:0].t(), new), b[:0].t())


@NEW
def test_views_share_their_storage(new):
    x = torch.arange(24.0).reshape(4, 6)
    a, b, c = theirs([x, x[1:, ::2].t(), x.view(-1)[5]], new)
    same(b, x[1:, ::2].t())
    b.fill_(-1)
    assert a[1].tolist() == [-1, 7, -1, 9, -1, 11] and c.shape == ()
    y = fb.arange(24.0).reshape(4, 6)
    a, b = ours([y, y.detach()[1:, ::2].t()], new)
    b.fill_(-1)
    assert a[1].tolist() == [-1, 7, -1, 9, -1, 11] and b.stride() == (2, 6) and b.storage_offset() == 6


def test_one_memory_as_two_dtypes():
    x = fb.arange(4.0)
    a, b = ours([x, x.view(fb.int32)])
    assert a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr() and b.dtype is torch.int32
    buffer = io.BytesIO()
    fb.save([x, x.view(fb.int32)], buffer)
    buffer.seek(0)
    a, b = fb.load(buffer)
    b.fill_(0)
    assert a.tolist() == [0.0] * 4


@NEW
def test_structures(new):
    for lib, copier in ((torch, theirs), (fb, ours)):
        obj = {
            "p": lib.nn.Parameter(lib.ones(2)), "frozen": lib.nn.Parameter(lib.ones(2), requires_grad=False),
            "leaf": lib.ones(2, requires_grad=True), "size": lib.Size([2, 3]), "device": lib.device("cpu"),
            "dtypes": [lib.float32, lib.bool, lib.uint16], "layout": lib.sparse_coo,
            "text": ("é", b"\x00\xff", bytearray(b"ab")), 5: {1, 2}, "none": None, "big": 2**100, "c": 1 + 2j,
            "counts": collections.Counter("hello"), "ordered": collections.OrderedDict(a=1), "float": -2.5,
        }  # fmt: skip
        found = copier(obj, new)
        other = fb if lib is torch else torch
        assert type(found["p"]) is other.nn.Parameter and found["p"].requires_grad
        assert type(found["frozen"]) is other.nn.Parameter and not found["frozen"].requires_grad
        assert found["leaf"].requires_grad and type(found["size"]) is other.Size
        assert found["device"] == other.device("cpu") and found["layout"] is other.sparse_coo
        assert found["dtypes"] == [other.float32, other.bool, other.uint16]
        for name in ("text", 5, "none", "big", "c", "counts", "ordered", "float"):
            assert found[name] == obj[name] and type(found[name]) is type(obj[name])


def test_attributes():
    for lib, copier in ((torch, theirs), (fb, ours)):
        t, p = lib.ones(2), lib.nn.Parameter(lib.ones(2))
        t.note, p.note = "a", "b"
        found = copier([t, p])
        assert [x.note for x in found] == ["a", "b"] and found[1].requires_grad


def test_conjugate_and_negative_views():
    z = torch.tensor([1 + 2j, 3 - 4j])
    assert theirs(z.conj()).tolist() == [1 - 2j, 3 + 4j]
    assert theirs(z.conj().imag).tolist() == [-2.0, 4.0]


@NEW
def test_sparse(new):
    dense = [[0.0, 2.0, 0.0], [3.0, 0.0, 0.0]]
    for lib, copier in ((torch, theirs), (fb, ours)):
        t = lib.tensor(dense)
        for s in (t.to_sparse(), t.to_sparse_csr(), t.to_sparse_csc(), t.to_sparse(1)):
            found = copier(s, new)
            assert repr(found.layout) == repr(s.layout) and found.to_dense().tolist() == dense
        assert copier(t.to_sparse(), new).is_coalesced()
        assert not copier(lib.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (3,)), new).is_coalesced()


def model(nn):
    layers = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Conv1d(1, 2, 3, padding=1), nn.Embedding(4, 2)
    return nn.Sequential(*layers)


@NEW
def test_state_dicts(new):
    a, b = model(torch.nn), model(fb.nn)
    b.load_state_dict(theirs(a.state_dict(), new))
    found = ours(b.state_dict(), new)
    assert found._metadata == a.state_dict()._metadata and list(found) == list(a.state_dict())
    for name, value in a.state_dict().items():
        assert found[name].equal(value)
    model(torch.nn).load_state_dict(found)


@NEW
def test_optimizer_states(new):
    for lib, copier, other in ((torch, theirs, fb), (fb, ours, torch)):
        for name, options in (("Adam", {}), ("SGD", {"momentum": 0.9})):
            p = lib.nn.Parameter(lib.ones(3))
            optimizer = getattr(lib.optim, name)([p], lr=0.1, **options)
            p.sum().backward()
            optimizer.step()
            q = other.nn.Parameter(other.tensor(p.tolist()))
            again = getattr(other.optim, name)([q], lr=1.0, **options)
            again.load_state_dict(copier(optimizer.state_dict(), new))
            for x, o in ((p, optimizer), (q, again)):
                x.grad = None
                (x * x).sum().backward()
                o.step()
            np.testing.assert_allclose(p.tolist(), q.tolist(), rtol=1e-6)


@NEW
def test_whole_modules(new):
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    for lib, copier, other in ((torch, theirs, fb), (fb, ours, torch)):
        net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.ReLU(), lib.nn.Linear(4, 2)).eval()
        found = copier(net, new, weights_only=False)
        assert isinstance(found, other.nn.Sequential) and type(found[1]) is other.nn.BatchNorm1d
        expected = net(lib.tensor(x)).detach().numpy()
        np.testing.assert_allclose(found(other.tensor(x)).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, args",
    [("Conv2d", (1, 2, 3)), ("InstanceNorm2d", (3,)), ("GroupNorm", (1, 2)), ("MaxPool2d", (2,)), ("Dropout", ()),
     ("Embedding", (3, 2)), ("PixelShuffle", (2,)), ("ChannelShuffle", (2,)), ("ModuleList", ()),
     ("CrossEntropyLoss", ()), ("ZeroPad2d", (1,)), ("CosineSimilarity", ()), ("Flatten", ()), ("Softmax", (1,)),
     ("PReLU", ())],
)  # fmt: skip
def test_layers_of_every_family(name, args):
    for lib, copier, other in ((torch, theirs, fb), (fb, ours, torch)):
        layer = getattr(lib.nn, name)(*args)
        found = copier(layer, weights_only=False)
        assert type(found) is getattr(other.nn, name) and repr(found) == repr(layer)


def test_optimizers_and_schedulers():
    for lib, copier, other in ((torch, theirs, fb), (fb, ours, torch)):
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=0.5)
        found = copier(optimizer, weights_only=False)
        assert isinstance(found, other.optim.SGD) and found.param_groups[0]["lr"] == 0.5


def test_storages():
    found = theirs([torch.arange(3, dtype=torch.int16).storage()])[0]
    assert isinstance(found, fb.ShortStorage) and found.tolist() == [0, 1, 2]
    found = ours([fb.arange(3, dtype=fb.int16).storage()])[0]
    assert found.dtype is torch.int16 and found.tolist() == [0, 1, 2]


def test_strings_that_look_like_names():
    obj = ["cflambeau.serialization.pickling\n_rebuild_tensor_v2\n", "cflambeau.nn.linear\nLinear\n", fb.ones(2)]
    found = ours(obj)
    assert found[:2] == obj[:2] and found[2].tolist() == [1, 1]
    found = ours([*obj, fb.nn.Linear(1, 1)], weights_only=False)
    assert found[:2] == obj[:2] and isinstance(found[3], torch.nn.Linear)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_protocols(protocol):
    buffer = io.BytesIO()
    fb.save({"a": fb.ones(2), "l": [1, "x" * 300]}, buffer, pickle_protocol=protocol)
    buffer.seek(0)
    assert torch.load(buffer, weights_only=False)["a"].tolist() == [1, 1]
    buffer.seek(0)
    assert fb.load(buffer)["l"] == [1, "x" * 300]
    buffer = io.BytesIO()
    torch.save({"a": torch.ones(2), "b": b"xyz"}, buffer, pickle_protocol=protocol)
    buffer.seek(0)
    assert fb.load(buffer)["b"] == b"xyz"


def test_memory_mapped_files_of_torch(tmp_path):
    torch.save([torch.arange(1000.0), torch.ones(3, dtype=torch.bool)], tmp_path / "a.pt")
    found = fb.load(tmp_path / "a.pt", mmap=True)
    assert found[0].tolist() == list(range(1000)) and found[1].tolist() == [True] * 3
    fb.save([fb.arange(1000.0)], tmp_path / "b.pt")
    assert torch.load(tmp_path / "b.pt", mmap=True)[0].tolist() == list(range(1000))


def test_names_of_the_module():
    for name in ["DEFAULT_PROTOCOL", "INT_SIZE", "LONG_SIZE", "MAGIC_NUMBER", "PROTOCOL_VERSION", "SHORT_SIZE",
                 "STORAGE_KEY_SEPARATOR"]:  # fmt: skip
        assert getattr(serialization, name) == getattr(torch.serialization, name)
    x = fb.ones(2)
    assert serialization.location_tag(x.storage()) == torch.serialization.location_tag(torch.ones(2).untyped_storage())
    assert serialization.normalize_storage_type(fb.FloatStorage) is fb.FloatStorage
    assert serialization.storage_to_tensor_type(x.storage()) is fb.FloatTensor
    with serialization.mkdtemp() as folder:
        assert isinstance(folder, str)


def test_what_torch_refuses_to_load_without_trust():
    buffer = io.BytesIO()
    torch.save(torch.nn.Linear(1, 1), buffer)
    buffer.seek(0)
    assert serialization.get_unsafe_globals_in_checkpoint(buffer) == ["torch.nn.modules.linear.Linear"]
    buffer.seek(0)
    with pytest.raises(Exception, match=r"torch\.nn\.modules\.linear\.Linear.*add_safe_globals"):
        fb.load(buffer)
    with serialization.safe_globals([fb.nn.Linear]):
        buffer.seek(0)
        assert fb.load(buffer).in_features == 1
