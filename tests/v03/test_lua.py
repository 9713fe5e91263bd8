"""Files of Lua's Torch, written here by hand in its binary format."""

import struct

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.legacy import nn
from flambeau.v03.utils.serialization import load_lua
from flambeau.v03.utils.serialization.read_lua_file import (
    LuaFunction,
    T7Reader,
    T7ReaderException,
    TorchObject,
    custom_reader,
    reader_registry,
)


class Lua:
    """An object of a class of Lua with its contents."""

    def __init__(self, name, contents):
        self.name, self.contents = name, contents


class Writer:
    """Writes objects in the format of `torch.save(name, object)` of Lua."""

    def __init__(self, long="q"):
        self.data, self.index, self.long = b"", {}, long

    def pack(self, form, *values):
        self.data += struct.pack(f"<{form}", *values)

    def text(self, s):
        s = s.encode() if isinstance(s, str) else s
        self.pack("i", len(s))
        self.data += s

    def known(self, x):
        new = id(x) not in self.index
        self.pack("i", self.index.setdefault(id(x), (len(self.index) + 1, x))[0])
        return not new

    def write(self, x):
        if x is None:
            self.pack("i", 0)
        elif isinstance(x, bool):
            self.pack("ii", 5, x)
        elif isinstance(x, (int, float)):
            self.pack("id", 1, x)
        elif isinstance(x, (str, bytes)):
            self.pack("i", 2)
            self.text(x)
        elif isinstance(x, (dict, list)):
            self.pack("i", 3)
            if not self.known(x):
                items = list(enumerate(x, 1)) if isinstance(x, list) else list(x.items())
                self.pack("i", len(items))
                for k, v in items:
                    self.write(k)
                    self.write(v)
        elif isinstance(x, LuaFunction):
            self.pack("i", 8)
            if not self.known(x):
                self.text(x.dumped)
                self.write(x.upvalues)
        else:
            self.pack("i", 4)
            if not self.known(x):
                self.torch(x)
        return self

    def torch(self, x):
        self.text("V 1")
        if isinstance(x, Lua):
            self.text(x.name)
            self.write(x.contents)
        elif isinstance(x, np.ndarray) and x.ndim == 1 and x.base is None:
            self.text(f"torch.{KINDS[x.dtype.str[1:]]}Storage")
            self.pack(self.long, len(x))
            self.data += x.tobytes()
        else:
            self.text(f"torch.{KINDS[x.dtype.str[1:]]}Tensor")
            self.pack("i", x.ndim)
            for n in (*x.shape, *(s // x.itemsize for s in x.strides)):
                self.pack(self.long, n)
            base = x.base
            offset = (x.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // x.itemsize
            self.pack(self.long, offset + 1)
            self.write(base)


KINDS = {"u1": "Byte", "i1": "Char", "i2": "Short", "i4": "Int", "i8": "Long", "f4": "Float", "f8": "Double"}


def tensor(values, dtype):
    flat = np.array(values, dtype).ravel().copy()
    return flat.reshape(np.shape(values))


@pytest.fixture
def loaded(tmp_path):
    def load(x, long="q", **options):
        path = tmp_path / "file.t7"
        path.write_bytes(Writer(long).write(x).data)
        return load_lua(str(path), **options)

    return load


def test_values(loaded):
    assert loaded(None) is None and loaded(True) is True and loaded("\u00e4") == "\u00e4"
    assert loaded(3) == 3 and isinstance(loaded(3), int) and loaded(0.5) == 0.5
    assert isinstance(loaded(3, int_heuristic=False), float) and loaded(b"\xff") == b"\xff"
    assert loaded("a", utf8_heuristic=False) == b"a"


def test_tables(loaded):
    table = loaded({"x": [1, 2], "y": {3: "z"}})
    assert table["x"] == [1, 2] and table["y"][3] == "z" and table.x == [1, 2]
    assert dict(loaded([1, 2], list_heuristic=False)) == {1: 1, 2: 2}
    with pytest.raises(AttributeError, match="no 'w'"):
        table.w  # noqa: B018
    shared = {"a": 1}
    twice = loaded({"p": shared, "q": shared})
    assert twice["p"] is twice["q"] and twice["p"] != {"a": 1}
    itself = {}
    itself["me"] = itself
    found = loaded(itself)
    assert found["me"] is found


@pytest.mark.parametrize("letters", KINDS)
@pytest.mark.parametrize("long, size", [("q", None), ("i", 4)])
def test_tensors(letters, long, size, loaded):
    x = tensor([[1, 2, 3], [4, 5, 6]], letters)
    found = loaded(x, long, long_size=size)
    assert found.type() == f"torch.{KINDS[letters]}Tensor" and found.tolist() == x.tolist()


def test_views_share_their_storage(loaded):
    flat = np.arange(6, dtype="f4")
    whole = flat.reshape(2, 3)
    part = flat[1:5].reshape(2, 2)
    whole_, part_, storage = loaded([whole, part, flat])
    assert part_.tolist() == [[1, 2], [3, 4]] and storage.tolist() == flat.tolist()
    part_.fill_(9)
    assert whole_.tolist() == [[0, 9, 9], [9, 9, 5]] and type(storage) is torch.FloatStorage


def test_functions(loaded):
    found = loaded(LuaFunction(3, b"\x1bLu", {"x": 1}))
    assert found.dumped == b"\x1bLu" and found.upvalues["x"] == 1


def linear(weight, bias):
    return Lua("nn.Linear", {"weight": weight, "bias": bias, "gradWeight": tensor(weight * 0, "f8"),
                             "gradBias": tensor(bias * 0, "f8"), "train": False,
                             "_type": "torch.DoubleTensor"})  # fmt: skip


def test_modules(loaded):
    weight, bias = tensor([[1.0, 2.0], [3.0, 4.0]], "f8"), tensor([0.5, -0.5], "f8")
    net = loaded(Lua("nn.Sequential", {"modules": [linear(weight, bias), Lua("nn.Tanh", {}),
                                                   Lua("nn.LogSoftMax", {})]}))  # fmt: skip
    assert isinstance(net, nn.Sequential) and [type(m) for m in net.modules] == [nn.Linear, nn.Tanh, nn.LogSoftMax]
    out = net.forward(torch.DoubleTensor([[1, -1]]))
    z = np.tanh(np.array([[1.0, -1.0]]) @ weight.T + bias)
    expected = z - np.log(np.exp(z).sum(1, keepdims=True))
    assert np.allclose(out.numpy(), expected) and len(net.parameters()[0]) == 2
    net.backward(torch.DoubleTensor([[1, -1]]), out.clone().fill_(1))
    assert net.modules[0].gradWeight.abs().sum() > 0


@pytest.mark.parametrize("name", ["nn.SpatialConvolution", "nn.SpatialConvolutionMM", "cudnn.SpatialConvolution"])
def test_convolutions(name, loaded):
    kernels = tensor(np.arange(8.0).reshape(1, 2, 2, 2), "f4")
    if name.endswith("MM"):
        kernels = kernels.base.reshape(1, 8)
    layer = loaded(Lua(name, {"weight": kernels, "bias": tensor([1.0], "f4"), "nInputPlane": 2, "nOutputPlane": 1,
                              "kW": 2, "kH": 2, "dW": 1, "dH": 1}))  # fmt: skip
    assert isinstance(layer, nn.SpatialConvolution)
    assert layer.forward(torch.ones(1, 2, 2, 2)).tolist() == [[[[29]]]]


def test_classes_that_are_not_known(loaded):
    odd = Lua("my.Thing", {"size": 3})
    with pytest.raises(T7ReaderException, match="my.Thing.*unknown_classes=True"):
        loaded(odd)
    found = loaded(odd, unknown_classes=True)
    assert isinstance(found, TorchObject) and found.torch_typename() == "my.Thing" and found.size == 3
    with pytest.raises(AttributeError):
        found.weight  # noqa: B018

    @custom_reader("my.Thing")
    def read(reader, version):
        return ("thing", version, reader.read_table()["size"])

    try:
        assert loaded(odd) == ("thing", 1, 3)
    finally:
        del reader_registry["my.Thing"]


def test_broken_files(tmp_path):
    path = tmp_path / "broken.t7"
    for data, message in (
        (b"", "ends in the middle"), (struct.pack("<i", 77), "unknown type id 77"),
        (Writer().write(tensor([1.0, 2.0], "f8")).data[:-3], "ends in the middle of a storage"),
    ):  # fmt: skip
        path.write_bytes(data)
        with pytest.raises(T7ReaderException, match=message):
            load_lua(str(path))
    with pytest.raises(T7ReaderException, match="long_size must be 4 or 8"):
        T7Reader(None, long_size=5)
