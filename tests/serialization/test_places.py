"""Where load puts tensors: map_location, mmap."""

import io
import os
import zipfile

import pytest

import flambeau as fb
from flambeau import serialization

from .older import sequence, storage, tensor


def from_a_gpu():
    """A file of a machine with GPUs: one tensor on cuda:0, one on cuda:1, one on the CPU."""
    places = enumerate(("cuda:0", "cuda:1", "cpu"), 2)
    tensors = [tensor(storage("FloatStorage", str(n), n, place), 0, (n,), (1,)) for n, place in places]
    return io.BytesIO(sequence(tensors, {str(n): (n, bytes(4 * n)) for n in (2, 3, 4)}))


def place(target):
    return [len(t) for t in fb.load(from_a_gpu(), map_location=target)]


def test_map_location_in_all_forms():
    seen = []

    def put(storage, location):
        seen.append((len(storage), location))
        return storage

    def put_some(storage, location):
        return storage if location.startswith("cuda") else None

    dictionary = {"cuda:0": "cpu", "cuda:1": fb.device("cpu")}
    for target in ("cpu", fb.device("cpu"), dictionary, put, put_some):
        assert place(target) == [2, 3, 4]
    assert seen == [(2, "cuda:0"), (3, "cuda:1"), (4, "cpu")]


def test_places_that_are_not_there():
    for target in (None, {"cuda:0": "cpu"}, "cuda"):
        with pytest.raises(RuntimeError, match=r"CUDA device.*map_location=device\('cpu'\)"):
            place(target)
    with pytest.raises(RuntimeError, match="don't know how to restore.*tagged with xla"):
        place("xla")
    with pytest.raises(TypeError, match="map_location must be"):
        place([1])
    with pytest.raises(RuntimeError, match="must return a storage"):
        place(lambda storage, location: "cpu")


def test_errors_of_a_function_are_its_own():
    def put(storage, location):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        place(put)


def test_other_kinds_of_places(monkeypatch):
    monkeypatch.setattr("flambeau.serialization.locations._packages", list(serialization.locations._packages))
    serialization.register_package(
        5,
        lambda storage: "odd" if len(storage) % 2 else None,
        lambda storage, location: storage.clone().fill_(7) if location == "odd" else None,
    )
    buffer = io.BytesIO()
    assert serialization.location_tag(fb.ones(3).storage()) == "odd"
    fb.save(fb.ones(3).storage(), buffer)
    buffer.seek(0)
    assert fb.load(buffer).tolist() == [7.0] * 3
    assert serialization.default_restore_location(fb.ones(2).storage(), "odd").tolist() == [7.0] * 2


# ---- mapped files


def test_mapped_files(tmp_path):
    path = tmp_path / "a.pt"
    fb.save({"w": fb.arange(10_000.0), "e": fb.ones(0), "h": fb.ones(3, dtype=fb.bfloat16)}, path)
    before = path.read_bytes()
    found = fb.load(path, mmap=True)
    assert found["w"].sum().item() == 49_995_000 and found["e"].shape == (0,) and found["h"].tolist() == [1.0] * 3
    found["w"].zero_()
    assert path.read_bytes() == before
    assert fb.load(path, mmap=True)["w"][1:3].tolist() == [1, 2]
    path.unlink()
    assert found["w"][5].item() == 0


def test_shared_mapped_files(tmp_path):
    path = tmp_path / "a.pt"
    fb.save(fb.arange(100.0), path)
    assert serialization.get_default_mmap_options() == serialization.MAP_PRIVATE
    with serialization.set_default_mmap_options(serialization.MAP_SHARED):
        with pytest.raises(ValueError, match="got 77"):
            serialization.set_default_mmap_options(77)
        fb.load(path, mmap=True)[7] = -1
    assert fb.load(path, weights_only=True, mmap=True)[6:9].tolist() == [6, -1, 8]
    assert serialization.get_default_mmap_options() == serialization.MAP_PRIVATE


def test_mapping_needs_a_path_of_the_new_format(tmp_path):
    with pytest.raises(ValueError, match="f must be a file path"):
        fb.load(io.BytesIO(), mmap=True)
    fb.save(fb.ones(1), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="mmap can only be used with"):
        fb.load(tmp_path / "a.pt", mmap=True)


def test_without_checksums(tmp_path):
    path = tmp_path / "a.pt"
    serialization.set_crc32_options(False)
    try:
        fb.save(fb.arange(3), path)
    finally:
        serialization.set_crc32_options(True)
    with zipfile.ZipFile(path) as archive:
        assert {entry.CRC for entry in archive.infolist()} == {0}
    assert fb.load(path).tolist() == [0, 1, 2] and os.listdir(tmp_path) == ["a.pt"]


def test_archives_beyond_32_bits(monkeypatch):
    """Sizes and offsets as 64-bit numbers, tried with a low limit."""
    monkeypatch.setattr("flambeau.serialization.archive.LIMIT", 300)
    monkeypatch.setattr("flambeau.serialization.archive._MANY", 5)
    monkeypatch.setattr("flambeau.serialization.archive.BLOCK", 500)
    buffer = io.BytesIO()
    writer = serialization.archive.ArchiveWriter(buffer)
    records = {f"r{i}": bytes([i]) * (i * 100) for i in range(8)}
    for name, data in records.items():
        writer.add(name, data)
    writer.close()
    assert b"PK\6\6" in buffer.getvalue() and b"PK\6\7" in buffer.getvalue()
    monkeypatch.undo()
    with zipfile.ZipFile(buffer) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == records and archive.testzip() is None
