"""save, load, pickle and copies."""

import collections
import copy
import gc
import io
import os
import pickle
import stat
import subprocess
import sys
import weakref
import zipfile

import numpy as np
import pytest

import flambeau as fb
from flambeau import serialization
from flambeau.serialization.rebuild import Face

DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex64",
          "complex128", "uint16", "uint32", "uint64"]  # fmt: skip


def round_trip(obj, **options):
    buffer = io.BytesIO()
    fb.save(obj, buffer)
    buffer.seek(0)
    return fb.load(buffer, **options)


def through_pickle(obj):
    return pickle.loads(pickle.dumps(obj))


def same(a, b):
    assert (
        type(a) is type(b)
        and a.dtype is b.dtype
        and a.shape == b.shape
        and a.requires_grad == b.requires_grad
    )
    assert a.tolist() == b.tolist()


def sliced(t, *key):
    """A view of a leaf, without history."""
    return fb.from_numpy(t.numpy()[key])


@pytest.mark.parametrize("copier", [round_trip, through_pickle, copy.deepcopy])
@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_of_every_dtype_and_shape(dtype, copier):
    for shape in [(), (1,), (0,), (0, 3), (7,), (2, 3), (2, 1, 4)]:
        t = fb.tensor(np.arange(np.prod(shape, dtype=int)).reshape(shape), dtype=getattr(fb, dtype))
        loaded = copier(t)
        same(t, loaded)
        if t.is_floating_point():
            same(t.requires_grad_(), copier(t))
    with fb.no_grad():
        loaded.fill_(1)
    assert t.tolist() != loaded.tolist()


@pytest.mark.parametrize("copier", [round_trip, through_pickle, copy.deepcopy])
def test_layouts(copier):
    base = np.arange(24.0).reshape(4, 6)
    for array in (
        base.T,
        base[1:, ::2],
        base[::2].T,
        np.asfortranarray(base),
        np.broadcast_to(base[0], (3, 6)),
        base[:, 2],
    ):
        t = fb.from_numpy(array)
        same(t, copier(t))
    assert round_trip(fb.from_numpy(base.T)).stride() == (1, 6)


def test_shared_storages_stay_shared():
    x = fb.arange(12, dtype=fb.float32)
    view = sliced(x, slice(3, 9, 2))
    loaded = round_trip({"x": x, "view": view, "list": [x, x.detach()]})
    assert loaded["list"][0] is loaded["x"]
    loaded["x"].fill_(5)
    assert loaded["view"].tolist() == [5, 5, 5] and loaded["list"][1].tolist() == [5] * 12
    assert loaded["view"].stride() == (2,) and loaded["view"].storage_offset() == 3
    assert loaded["view"].storage() == loaded["x"].storage()
    assert loaded["view"]._version == loaded["x"]._version == 1


def test_one_copy_of_a_shared_storage_in_the_file():
    x = fb.zeros(100_000)
    buffer = io.BytesIO()
    fb.save([x, x.detach(), sliced(x, slice(0, 5))], buffer)
    assert len(buffer.getvalue()) < 450_000


def test_temporary_tensors_do_not_mix():
    class Lazy:
        def __init__(self, values):
            self.values = values

        def __getstate__(self):
            return {"values": fb.tensor(self.values)}

    globals()["Lazy"] = Lazy
    Lazy.__qualname__ = "Lazy"
    items = [Lazy([float(i)] * 100) for i in range(50)]
    loaded = round_trip(items, weights_only=False)
    assert [item.values[0].item() for item in loaded] == [float(i) for i in range(50)]


def test_parameters_attributes_and_subclasses():
    p = fb.nn.Parameter(fb.ones(3), requires_grad=False)
    p.note = "kept"
    for copier in (round_trip, through_pickle):
        loaded = copier(p)
        same(p, loaded)
        assert loaded.note == "kept"
    t = fb.ones(2, requires_grad=True)
    t.register_hook(lambda grad: grad)
    same(t, round_trip(t))
    same(t, through_pickle(t))
    tagged = Tagged([1.0, 2.0])
    tagged.tag = [1, fb.ones(1)]
    for loaded in (round_trip(tagged, weights_only=False), through_pickle(tagged), copy.deepcopy(tagged)):
        same(tagged, loaded)
        assert loaded.tag[0] == 1 and loaded.tag[1].tolist() == [1.0]
    with pytest.raises(pickle.UnpicklingError, match="Tagged"):
        round_trip(tagged)
    with_new = serialization.rebuild_tensor(Strict, np.ones(2, np.float32), fb.float32, False, {"a": 1})
    assert type(with_new) is Strict and with_new.a == 1


class Tagged(fb.Tensor):
    pass


class Strict(fb.Tensor):
    def __init__(self):
        raise AssertionError("loading does not call __init__")


def test_structures():
    obj = {
        "numbers": [1, -2.5, 3 + 4j, True, None, 2**100],
        "text": ("é", b"\x00\xff", bytearray(b"ab")),
        "sets": {1, 2, frozenset({3})},
        "ordered": collections.OrderedDict(a=1, b=fb.ones(1)),
        "counts": collections.Counter("hello"),
        "grouped": collections.defaultdict(list, {1: [2]}),
        "size": fb.Size((2, 3)),
        "dtype": [fb.float32, fb.bool, fb.bfloat16],
        "device": fb.device("cpu"),
        "slice": slice(1, 2),
        5: range(3),
    }
    loaded = round_trip(obj)
    assert loaded["ordered"].pop("b").tolist() == obj["ordered"].pop("b").tolist() == [1.0]
    assert loaded == obj and type(loaded["size"]) is fb.Size
    assert loaded["dtype"][1] is fb.bool and type(loaded["grouped"]) is collections.defaultdict
    cyclic = [fb.ones(1)]
    cyclic.append(cyclic)
    assert round_trip(cyclic)[1][1][0].tolist() == [1.0]
    storage = fb.arange(4).storage()
    assert round_trip([storage, fb.arange(2)])[0].tolist() == [0, 1, 2, 3]


def model():
    return fb.nn.Sequential(fb.nn.Linear(3, 4), fb.nn.BatchNorm1d(4), fb.nn.ReLU(), fb.nn.Linear(4, 2))


def test_modules_and_state_dicts(tmp_path):
    net = model()
    state = round_trip(net.state_dict())
    assert list(state) == list(net.state_dict()) and state._metadata == net.state_dict()._metadata
    other = model()
    other.load_state_dict(state)
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        same(a, b)
    fb.save(net, tmp_path / "net.pt")
    whole = fb.load(tmp_path / "net.pt", weights_only=False)
    for copied in (whole, copy.deepcopy(net), through_pickle(net)):
        assert repr(copied) == repr(net) and len(list(copied.parameters())) == len(list(net.parameters()))
        for (name, a), b in zip(net.state_dict().items(), copied.state_dict().values(), strict=True):
            assert a.tolist() == b.tolist() and a.dtype is b.dtype and a.data_ptr() != b.data_ptr(), name
    with pytest.raises(pickle.UnpicklingError, match=r"nn\..*Sequential.*weights_only=False"):
        fb.load(tmp_path / "net.pt")


def test_tied_parameters_stay_tied():
    net = fb.nn.Sequential(fb.nn.Linear(3, 3), fb.nn.Linear(3, 3))
    net[1].weight = net[0].weight
    for copied in (round_trip(net, weights_only=False), copy.deepcopy(net), through_pickle(net)):
        assert copied[1].weight is copied[0].weight and len(list(copied.parameters())) == 3


def test_optimizer_states():
    net = fb.nn.Linear(2, 2)
    optimizer = fb.optim.Adam(net.parameters(), lr=0.01)
    for p in net.parameters():
        p.grad = fb.ones_like(p)
    optimizer.step()
    loaded = round_trip(optimizer.state_dict())
    assert loaded["param_groups"] == optimizer.state_dict()["param_groups"]
    again = fb.optim.Adam(net.parameters(), lr=1)
    again.load_state_dict(loaded)
    assert again.param_groups[0]["lr"] == 0.01
    for p in net.parameters():
        for name, value in optimizer.state[p].items():
            assert again.state[p][name].tolist() == value.tolist()


def test_history_and_grad_are_not_saved():
    x = fb.ones(2, requires_grad=True)
    x.grad = fb.ones(2)
    assert round_trip(x).grad is None
    y = round_trip(x * 2)
    assert y.is_leaf and y.requires_grad and y.tolist() == [2, 2]
    z = pickle.loads(pickle.dumps(x * 2))
    assert z.is_leaf and z.requires_grad and z.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)
    assert copy.deepcopy(x).grad.tolist() == [1, 1] and copy.copy(x).data_ptr() == x.data_ptr()


# ---- files


def test_paths_and_file_objects(tmp_path):
    t = fb.arange(3)
    for path in (tmp_path / "a.pt", str(tmp_path / "b.pt"), os.fsencode(tmp_path / "c.pt")):
        fb.save(t, path)
        assert fb.load(path).tolist() == [0, 1, 2]
    with open(tmp_path / "d.pt", "wb") as f:
        fb.save(t, f)
    with open(tmp_path / "d.pt", "rb") as f:
        assert fb.load(f).tolist() == [0, 1, 2]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pt", "b.pt", "c.pt", "d.pt"]
    with pytest.raises(FileNotFoundError):
        fb.load(tmp_path / "none.pt")
    with pytest.raises(RuntimeError, match="Parent directory .* does not exist"):
        fb.save(t, tmp_path / "no" / "a.pt")
    with pytest.raises(TypeError):
        fb.save(t, 5)


def test_storages_are_aligned_and_not_compressed(tmp_path):
    fb.save([fb.zeros(n + 1) for n in range(9)], tmp_path / "a.pt")
    data = (tmp_path / "a.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        assert archive.testzip() is None
        entries = [e for e in archive.infolist() if e.filename.startswith("archive/data/")]
    assert len(entries) == 9
    for e in entries:
        header = data[e.header_offset : e.header_offset + 30]
        start = (
            e.header_offset
            + 30
            + int.from_bytes(header[26:28], "little")
            + int.from_bytes(header[28:30], "little")
        )
        assert start % 64 == 0 and e.compress_type == zipfile.ZIP_STORED
        assert data[start : start + e.file_size] == bytes(e.file_size)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.pt"
    fb.save(fb.ones(2), path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        fb.save([fb.zeros(5), lambda: None], path)
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        fb.save(fb.zeros(5), path)
    assert fb.load(path).tolist() == [1, 1] and os.listdir(tmp_path) == ["a.pt"]


def test_permissions_and_links(tmp_path):
    path = tmp_path / "a.pt"
    fb.save(fb.ones(1), path)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    link = tmp_path / "link.pt"
    link.symlink_to(path)
    fb.save(fb.zeros(1), link)
    assert (
        link.is_symlink() and fb.load(path).tolist() == [0.0] and stat.S_IMODE(path.stat().st_mode) == 0o640
    )
    fb.save(fb.zeros(1), os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_damaged_files(tmp_path):
    path = tmp_path / "a.pt"
    fb.save({"w": fb.arange(1000), "n": [1, 2, 3]}, path)
    data = path.read_bytes()
    for n in (0, 1, 10, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:n])
        with pytest.raises(RuntimeError, match=r"a\.pt is truncated, damaged, or not a file"):
            fb.load(path)
    position = data.index(np.arange(1000).tobytes()) + 100
    path.write_bytes(data[:position] + b"\x55" + data[position + 1 :])
    with pytest.raises(RuntimeError, match="damaged.*CRC"):
        fb.load(path)
    path.write_bytes(b"not a zip file at all")
    with pytest.raises(RuntimeError, match="not a file written by"):
        fb.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "y")
    with pytest.raises(RuntimeError, match="zip archive, but not one written by"):
        fb.load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([0] * 100, 2))
    with pytest.raises(RuntimeError, match="compressed"):
        fb.load(path)


def test_file_objects_without_seek():
    class Pipe:
        def __init__(self, data=b""):
            self.data = io.BytesIO(data)

        def read(self, n=-1):
            return self.data.read(n)

        def write(self, data):
            return self.data.write(bytes(data)[:1000])  # a part, as an unbuffered file may

    for new in (True, False):
        pipe = Pipe()
        fb.save({"w": fb.arange(5000)}, pipe, _use_new_zipfile_serialization=new)
        assert fb.load(Pipe(pipe.data.getvalue()))["w"].tolist() == list(range(5000))
    with pytest.raises(RuntimeError, match="empty"):
        fb.load(Pipe())
    with pytest.raises(TypeError, match="binary mode"):
        fb.load(io.StringIO("x"))
    with pytest.raises(TypeError, match="a path or a file object"):
        fb.load(5)


# ---- classes and places


def test_allowed_classes():
    obj = [Point(1, fb.ones(1))]
    with pytest.raises(pickle.UnpicklingError, match="Point.*add_safe_globals"):
        round_trip(obj)
    serialization.add_safe_globals([Point])
    try:
        assert serialization.get_safe_globals() == [Point]
        assert round_trip(obj)[0].y.tolist() == [1.0]
    finally:
        serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        round_trip(obj)
    assert round_trip(obj, weights_only=False)[0].x == 1
    with pytest.raises(pickle.UnpicklingError):
        round_trip(obj, weights_only=None)


def test_allowed_classes_of_tensors():
    tagged = Tagged([1.0, 2.0])
    tagged.tag = "x"
    with serialization.safe_globals([Tagged]):
        loaded = round_trip(tagged)
    assert type(loaded) is Tagged and loaded.tag == "x" and loaded.tolist() == [1.0, 2.0]


def test_allowed_arrays_of_numpy():
    array = np.arange(6.0).reshape(2, 3)
    with pytest.raises(pickle.UnpicklingError, match="numpy"):
        round_trip([array])
    with serialization.safe_globals([np._core.multiarray._reconstruct, np.ndarray, np.dtype, type(array.dtype)]):
        assert round_trip([array])[0].tolist() == array.tolist()
    assert round_trip([array], weights_only=False)[0].tolist() == array.tolist()


class OtherFace(fb.Tensor):
    """A face that says itself how it is saved, and a loader's face that makes it."""

    def _reduce_for_file(self, collector):
        return collector.function("_rebuild_tensor"), collector.geometry(self)


class MakesOther(Face):
    def tensor(self, array, requires_grad=False):
        return fb._core.make(array, OtherFace)


def test_other_faces():
    t = fb.Tensor._make_subclass(OtherFace, fb.arange(6.0))
    loaded = round_trip([t, t.view(2, 3)], _face=MakesOther())
    assert type(loaded[0]) is OtherFace and loaded[1].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert type(round_trip(t)) is fb.Tensor


def test_other_pickle_modules():
    class Recorder:
        used = 0

        class Pickler(pickle.Pickler):
            def __init__(self, *args):
                Recorder.used += 1
                super().__init__(*args)

        class Unpickler(pickle.Unpickler):
            def __init__(self, *args, **options):
                Recorder.used += 1
                super().__init__(*args, **options)

    for new in (True, False):
        buffer = io.BytesIO()
        fb.save([fb.ones(2), fb.nn.Linear(1, 1)], buffer, pickle_module=Recorder, _use_new_zipfile_serialization=new)
        buffer.seek(0)
        loaded = fb.load(buffer, pickle_module=Recorder, weights_only=False)
        assert loaded[0].tolist() == [1, 1] and type(loaded[1]) is fb.nn.Linear
    assert Recorder.used == 4
    with pytest.raises(RuntimeError, match="explicit pickle_module"):
        fb.load(buffer, pickle_module=Recorder)


def test_an_archive_behind_other_data():
    buffer = io.BytesIO()
    buffer.write(b"something else")
    fb.save({"w": fb.arange(30)}, buffer)
    buffer.seek(14)
    assert fb.load(buffer)["w"].tolist() == list(range(30))


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


def test_map_location():
    t = fb.ones(2)
    seen = []

    def place(storage, location):
        seen.append((len(storage), location))
        return storage

    for target in ("cpu", fb.device("cpu"), {"cpu": "cpu"}, {}, place, lambda storage, location: None):
        assert round_trip(t, map_location=target).tolist() == [1, 1]
    assert seen == [(2, "cpu")]
    with pytest.raises(RuntimeError, match="meta"):
        round_trip(t, map_location="meta")


def test_a_fresh_process_loads_the_same(tmp_path):
    fb.save({"w": fb.arange(5), "b": fb.ones(2, dtype=fb.bfloat16)}, tmp_path / "a.pt")
    code = f"import flambeau as fb; d = fb.load({str(tmp_path / 'a.pt')!r}); print(d['w'].tolist(), d['b'].dtype)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[0, 1, 2, 3, 4] torch.bfloat16"


def test_what_was_loaded_is_freed_without_the_collector(tmp_path):
    fb.save({"weight": fb.ones(3)}, tmp_path / "file.pt")
    fb.load(tmp_path / "file.pt")  # what is made at the first call stays
    gc.collect()
    gc.disable()
    try:
        storage = weakref.ref(fb.load(tmp_path / "file.pt")["weight"])
        assert storage() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_default_pickle_module_and_protocol_have_names():
    file = io.BytesIO()
    fb.save({"a": fb.ones(2)}, file, fb.serialization.pickle, fb.serialization.DEFAULT_PROTOCOL)
    file.seek(0)
    assert fb.load(file)["a"].tolist() == [1, 1]
