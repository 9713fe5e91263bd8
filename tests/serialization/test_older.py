"""The formats of 0.1 to 1.5, and files that PyTorch wrote."""

import collections
import io
import pickle
import struct
import warnings

import numpy as np
import pytest

import flambeau as fb
from flambeau import serialization

from . import fixtures
from .older import Call, Global, Pid, sequence, storage, tar, tensor

try:
    import torch
except ImportError:
    torch = None

FLOATS = np.arange(6, dtype="<f4").tobytes()


def loaded(raw, **options):
    """What load makes of bytes; PyTorch, where it is installed, has to make the same of them."""
    return fb.load(io.BytesIO(raw), **options)


def as_torch(raw, **options):
    return None if torch is None else torch.load(io.BytesIO(raw), weights_only=False, **options)


def file_of_03():
    """What 0.3 wrote for tensors, a view of them, a Variable, a Parameter and a state_dict."""
    whole = storage("FloatStorage", "1", 6)
    x = tensor(whole, 0, (2, 3), (3, 1))
    state = Call(Global("collections", "OrderedDict"), [["weight", x]])
    return sequence(
        {"x": x, "view": tensor(whole, 1, (2,), (3,)), "long": tensor(storage("LongStorage", "2", 1), 0, (1,), (1,)),
         "sd": state,
         "p": Call(Global("torch.nn.parameter", "Parameter"), tensor(storage("DoubleStorage", "3", 2), 0, (2,), (1,)),
                   state=(True, False, Call(Global("collections", "OrderedDict"))))},
        {"1": (6, FLOATS), "2": (1, struct.pack("<q", -7)), "3": (2, struct.pack("<2d", 0.5, 1.5))},
    )  # fmt: skip


def test_files_of_03():
    raw = file_of_03()
    for safe in (True, False):
        found = loaded(raw, weights_only=safe)
        assert found["x"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["x"].dtype is fb.float32
        found["x"].fill_(9)
        assert found["view"].tolist() == [9, 9] and found["sd"]["weight"].tolist() == [[9] * 3] * 2
        assert found["long"].tolist() == [-7] and found["long"].dtype is fb.int64
        assert type(found["p"]) is fb.nn.Parameter and found["p"].requires_grad and found["p"].tolist() == [0.5, 1.5]
    if torch:
        assert as_torch(raw)["view"].tolist() == [1, 4]


def test_variables_of_03():
    x = tensor(storage("FloatStorage", "1", 6), 0, (6,), (1,))
    variable = Call(Global("torch.autograd.variable", "Variable"), x, state=(True, False, None))
    raw = sequence([variable], {"1": (6, FLOATS)})
    for safe in (True, False):
        (found,) = loaded(raw, weights_only=safe)
        assert found.requires_grad and found.tolist() == [0, 1, 2, 3, 4, 5]
    old = Call(Global("torch.nn.parameter", "Parameter"), x, state=(x, None, None, False, False))
    for safe in (True, False):
        (found,) = loaded(sequence([old], {"1": (6, FLOATS)}), weights_only=safe)
        assert not found.requires_grad and found.tolist() == [0, 1, 2, 3, 4, 5]


def test_typed_tensors_with_a_state():
    made = Call(Global("torch", "FloatTensor"), state=(storage("FloatStorage", "1", 6), 1, (2,), (2,)))
    for safe in (True, False):
        assert loaded(sequence([made], {"1": (6, FLOATS)}), weights_only=safe)[0].tolist() == [1, 3]


def test_views_of_storages():
    """0.1 to 0.3 could have storages that are parts of others."""
    whole = storage("FloatStorage", "1", 6, view=("7", 2, 3))
    raw = sequence([tensor(whole, 1, (2,), (1,)), storage("FloatStorage", "1", 6)], {"1": (6, FLOATS)})
    for safe in (True, False):
        view, all_ = loaded(raw, weights_only=safe)
        assert view.tolist() == [3, 4]
        view.fill_(8)
        assert all_.tolist() == [0, 1, 2, 8, 8, 5]
    bad = sequence([storage("FloatStorage", "1", 6, view=("7", 4, 3))], {"1": (6, FLOATS)})
    with pytest.raises(pickle.UnpicklingError, match="view outside"):
        loaded(bad)


def test_files_of_big_endian_machines():
    """They have the elements little-endian all the same; before 1.6 the counts were in the machine's order."""
    x = tensor(storage("FloatStorage", "1", 6), 0, (6,), (1,))
    for count in ("<q", ">q"):
        raw = sequence([x], {"1": (6, FLOATS)}, little=False, count=count)
        assert loaded(raw)[0].tolist() == [0, 1, 2, 3, 4, 5]
    raw = sequence([x], {"1": (6, np.arange(6, dtype=">f4").tobytes())}, little=False, count=">q")
    serialization.set_default_load_endianness(serialization.LoadEndianness.BIG)
    try:
        assert loaded(raw)[0].tolist() == [0, 1, 2, 3, 4, 5]
    finally:
        serialization.set_default_load_endianness(None)


def test_archives_of_big_endian_machines():
    import zipfile

    buffer = io.BytesIO()
    t = {"f": fb.arange(4.0), "c": fb.tensor([1 + 2j]), "b": fb.tensor([True]), "h": fb.ones(2, dtype=fb.bfloat16)}
    fb.save(t, buffer)
    turned = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(turned, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("byteorder"):
                data = b"big"
            elif "/data/" in name:
                size = [4, 4, 1, 2][int(name[-1])]
                data = np.frombuffer(data, f"u{size}").byteswap().tobytes()
            new.writestr(name, data)
    found = loaded(turned.getvalue())
    for name in t:
        assert found[name].tolist() == t[name].tolist()
    if torch:
        assert as_torch(turned.getvalue())["f"].tolist() == [0, 1, 2, 3]


def test_several_objects_in_one_file(tmp_path):
    with open(tmp_path / "a.pt", "wb") as f:
        for i in range(3):
            fb.save({"i": fb.full((2,), i)}, f, _use_new_zipfile_serialization=False)
    with open(tmp_path / "a.pt", "rb") as f:
        assert [fb.load(f)["i"].tolist() for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]


# ---- 0.1


def file_of_01(order="<"):
    data = np.arange(6, dtype=f"{order}f4").tobytes()
    return tar(
        {"x": Pid("30"), "view": Pid("31"), "storage": Pid("10"), "n": [1, "two"]},
        [(10, "FloatStorage", 6, data)],
        [(20, 10, 3, 3)],
        [(30, 10, "FloatTensor", 0, (2, 3), (3, 1)), (31, 20, "FloatTensor", 1, (2,), (1,))],
        order,
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("safe", [True, False])
def test_files_of_01(safe, order):
    found = loaded(file_of_01(order), weights_only=safe)
    assert found["x"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["n"] == [1, "two"]
    assert found["view"].tolist() == [4, 5]
    found["storage"].fill_(7)
    assert found["view"].tolist() == [7, 7] and found["x"].tolist() == [[7] * 3] * 2


def test_files_of_01_as_pytorch_reads_them(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "a.pt").write_bytes(file_of_01())  # it reads this format from paths only
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = torch.load(tmp_path / "a.pt", weights_only=False)
    assert found["x"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["view"].tolist() == [4, 5]


def test_damaged_files_of_01():
    raw = file_of_01()
    for n in range(512, len(raw.rstrip(b"\0")) - 10, 100):
        with pytest.raises((RuntimeError, pickle.UnpicklingError)):
            loaded(raw[:n])
    for bad in [
        tar([], [(10, "FloatStorage", 10**12, b"")], [], []),
        tar([], [(10, "FloatStorage", 1, bytes(4))], [(11, 10, 0, 2)], []),
        tar([], [(10, "FloatStorage", 1, bytes(4))], [], [(12, 10, "FloatTensor", 0, (2,), (1,))]),
        tar([], [(10, "FloatStorage", 1, bytes(4))], [], [(12, 99, "FloatTensor", 0, (1,), (1,))]),
        tar([Pid("99")], [], [], []),
        tar([Call(Global("os", "getcwd"))], [], [], []),
    ]:
        with pytest.raises((RuntimeError, pickle.UnpicklingError)):
            loaded(bad)


# ---- classes and their sources


class Old(fb.nn.Module):
    def forward(self, x):
        return x + 1


def test_a_changed_source_warns():
    buffer = io.BytesIO()
    fb.save(Old(), buffer, _use_new_zipfile_serialization=False)
    raw = buffer.getvalue()
    assert type(loaded(raw, weights_only=False)) is Old
    with pytest.warns(serialization.SourceChangeWarning, match="Old.*has changed"):
        loaded(raw.replace(b"return x + 1", b"return x + 2"), weights_only=False)


# ---- files that PyTorch wrote


@pytest.mark.parametrize("name", ["ZIP", "SEQUENCE"])
@pytest.mark.parametrize("safe", [True, False])
def test_files_of_213(name, safe):
    found = loaded(fixtures.content(getattr(fixtures, name)), weights_only=safe)
    assert found["x"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["view"].tolist() == [3, 5]
    found["x"].fill_(0)
    assert found["view"].tolist() == [0, 0] and found["view"].stride() == (2,)
    assert found["bf"].dtype is fb.bfloat16 and found["bf"].tolist() == [1.5, -2.0]
    assert found["c"].tolist() == [1 + 2j] and found["b"].tolist() == [True, False]
    assert type(found["p"]) is fb.nn.Parameter and found["size"] == fb.Size([1]) and found["dt"] is fb.float16
    assert found["dev"] == fb.device("cuda", 1) and found["text"] == "é" and found["n"] == [1, 2.5, None]
    assert found["coo"].layout is fb.sparse_coo and found["coo"].to_dense().tolist() == [[1, 0], [0, 1]]
    assert type(found["sd"]) is collections.OrderedDict and found["sd"]._metadata[""] == {"version": 1}
    net = fb.nn.Sequential(fb.nn.Linear(2, 1), fb.nn.ReLU())
    net.load_state_dict(found["sd"])
    assert net(fb.ones(1, 2)).tolist() == [[6.0]]
    if name == "ZIP":
        assert found["u16"].dtype is fb.uint16 and found["u16"].tolist() == [65535]


def test_modules_and_optimizers_of_213():
    raw = fixtures.content(fixtures.MODULE_ZIP)
    net = loaded(raw, weights_only=False)
    assert type(net) is fb.nn.Linear and net(fb.ones(2, 1)).shape == (2, 1) and net.weight.requires_grad
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.nn\.modules\.linear\.Linear"):
        loaded(raw)
    net = fb.nn.Linear(2, 1)
    optimizer = fb.optim.Adam(net.parameters())
    optimizer.load_state_dict(loaded(fixtures.content(fixtures.OPTIMIZER)))
    assert optimizer.param_groups[0]["lr"] == 0.5 and optimizer.state[net.bias]["step"].item() == 1
