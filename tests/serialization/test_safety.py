"""What load(weights_only=True) refuses."""

import io
import os
import pickle
import struct
import time
import zipfile

import numpy as np
import pytest

import flambeau as fb
from flambeau import serialization


class Evil:
    def __reduce__(self):
        return os.system, ("echo evil",)


def archive_of(text, storages=(), **extra):
    """An archive of a pickle and of the bytes of storages "0", "1", ..."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", text)
        archive.writestr("archive/byteorder", "little")
        for i, s in enumerate(storages):
            archive.writestr(f"archive/data/{i}", s)
    buffer.seek(0)
    return buffer


def test_code_is_refused(capfd):
    for new in (True, False):
        buffer = io.BytesIO()
        fb.save({"w": fb.ones(1), "e": Evil()}, buffer, _use_new_zipfile_serialization=new)
        buffer.seek(0)
        with pytest.raises(pickle.UnpicklingError, match=r"(posix|nt)\.system.*safe.*weights_only=False"):
            fb.load(buffer)
    assert "evil" not in capfd.readouterr().out


@pytest.mark.parametrize(
    "name",
    ["builtins eval", "builtins getattr", "builtins exec", "flambeau.dtype np", "flambeau.serialization os",
     "flambeau.serialization.copies rebuild_tensor", "torch load", "torch._utils sys", "torch.hub load", "os system",
     "torch.storage _load_from_bytes", "copyreg _reconstructor", "functools partial"],
)  # fmt: skip
def test_names_that_are_not_on_the_list(name):
    module, attribute = name.split()
    with pytest.raises(pickle.UnpicklingError, match=f"{module}.{attribute}"):
        fb.load(archive_of(f"c{module}\n{attribute}\n.".encode()))
    text = pickle.PROTO + b"\x04" + b"".join(b"\x8c" + bytes([len(p)]) + p.encode() for p in name.split()) + b"\x93."
    with pytest.raises(pickle.UnpicklingError, match=f"{module}.{attribute}"):
        fb.load(archive_of(text))


class Call:
    """Pickles as the call of a global."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize(
    "obj",
    [Call(list, range(10**12)), Call(bytes, 10**12), Call(bytearray, 10**12), Call(tuple, range(10**12)),
     Call(set, range(10**12)), Call(int, "9" * 5000), Call(complex, "1")],
)  # fmt: skip
def test_constructors_that_would_make_much_of_little(obj):
    with pytest.raises(pickle.UnpicklingError):
        fb.load(archive_of(pickle.dumps(obj, 4)))


def test_copies_of_copies_are_bounded():
    """One list of 100,000 elements, of which a short pickle asks for 100,000 sets."""
    one = b"]q\x00(" + b"".join(b"M" + struct.pack("<H", i) for i in range(30_000)) + b"e0"
    many = (b"cbuiltins\nset\nq\x010(" + b"h\x01h\x00\x85R" * 100_000) + b"l."
    started = time.process_time()
    with pytest.raises(pickle.UnpicklingError, match="expand to far more"):
        fb.load(archive_of(b"\x80\x02" + one + many))
    assert time.process_time() - started < 5


def test_keys_whose_hash_takes_long():
    doubled = b")" + b"2\x86" * 200  # a tuple of 2**200 leaves
    nested = b")" + b"\x85" * 200_000
    for key in (doubled, nested, b"\x8a\x10" + bytes(15) + b"\x01"):
        for text in (b"}" + key + b"Ns.", b"\x8f(" + key + b"\x90.", b"(" + key + b"\x91."):
            with pytest.raises(pickle.UnpicklingError, match="key of a dictionary or set"):
                fb.load(archive_of(text))
    with pytest.raises(pickle.UnpicklingError):
        fb.load(archive_of(doubled + b")R."))  # in the place of a function


def test_values_whose_text_takes_long():
    """Where an error would show them: 2**200 parentheses."""
    doubled = b")" + b"2\x86" * 200
    v2, v3 = b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch._utils\n_rebuild_tensor_v3\n"
    pid = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x08tQ"
    for text in (doubled + b"Q.", b"(X\x07\x00\x00\x00storage" + doubled + b"NNNtQ.",
                 v2 + b"(" + pid + b"K\x00" + doubled + doubled + b"\x89NtR.",
                 v2 + b"(" + pid + b"K\x00K\x02\x85K\x01\x85\x89N" + doubled + b"tR.",
                 v3 + b"(" + pid + b"K\x00K\x02\x85K\x01\x85\x89N" + doubled + b"tR.",
                 b"ctorch.serialization\n_get_layout\n" + doubled + b"\x85R.",
                 b"ccollections\ndefaultdict\n" + doubled + b"\x85R."):  # fmt: skip
        with pytest.raises(pickle.UnpicklingError):
            fb.load(archive_of(text, [bytes(32)]))
    assert isinstance(fb.load(archive_of(doubled + b".")), tuple)


def test_lengths_beyond_the_file():
    for text in (b"B\xff\xff\xff\x7f.", b"\x8e" + b"\xff" * 8 + b".", b"\x96" + b"\xff" * 7 + b"\x0f.",
                 b"X\xff\xff\xff\xff.", b"\x8b\xff\xff\xff\x7f.", b"I" + b"1" * 100, b"\x8b\xff\xff\xff\xff.",
                 b"T\xff\xff\xff\xff."):  # fmt: skip
        with pytest.raises(pickle.UnpicklingError, match="truncated|negative"):
            fb.load(archive_of(text))
    # Python's own unpickler would make a memo of 32 GB for this
    assert fb.load(archive_of(b"Nr\xff\xff\xff\xff.")) is None
    with pytest.raises(pickle.UnpicklingError, match="out of range"):
        fb.load(archive_of(b"Np99999999999\n."))
    with pytest.raises(pickle.UnpicklingError, match="line of the pickle"):
        fb.load(archive_of(b"c" + b"a" * 3_000_000))


@pytest.mark.parametrize("text", [b".", b"0.", b"R.", b"h\x05.", b"(.", b"N", b"\xff.", b"\x80\x09N.", b"t.", b"Na.",
                                  b"N)b.", b"N}(NNNu.", b"QN.", b"I1x\n.", b"NNb.", b"]}b.", b"S'\n."])  # fmt: skip
def test_pickles_that_are_none(text):
    with pytest.raises(pickle.UnpicklingError):
        fb.load(archive_of(text))


# ---- geometry


def tensor_text(offset, size, stride, requires_grad=False, numel=8, cls="torch FloatStorage", key="0"):
    """A pickle of _rebuild_tensor_v2 of one storage."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return ("storage", serialization.loading.names.CONSTANTS[tuple(cls.split())], key, "cpu", numel) \
                if obj == "STORAGE" else None  # fmt: skip

    text = io.BytesIO()
    Pickler(text, 2).dump(("STORAGE", offset, size, stride, requires_grad, None))
    body = text.getvalue()[2:-1].replace(b"cflambeau.storage\n", b"ctorch\n")
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n" + body + b"R."


def forged(*geometry, **options):
    return fb.load(archive_of(tensor_text(*geometry, **options), [np.arange(8, dtype=np.float32).tobytes()]))


def test_forged_geometry_is_refused():
    assert forged(1, (2, 2), (4, 1)).tolist() == [[1, 2], [5, 6]]
    assert forged(9, (0,), (1,)).shape == (0,) and forged(7, (), ()).item() == 7
    for geometry in [(0, (9,), (1,)), (0, (2,), (8,)), (7, (2,), (1,)), (2, (2,), (-1,)), (-1, (2,), (1,)),
                     (0, (-1,), (1,)), (8, (), ()), (0, (2, 2), (1,)), (0, (2**40, 2**40), (1, 1)),
                     (0, (2**61, 2), (0, 0)), (0, (0, 2**62), (1, 1)), (0, (1,) * 65, (1,) * 65),
                     (0, (2.0,), (1,)), (0, ("2",), (1,)), (2**63, (1,), (1,))]:  # fmt: skip
        with pytest.raises(pickle.UnpicklingError, match="does not fit its storage|cannot have the shape"):
            forged(*geometry)
    with pytest.raises(pickle.UnpicklingError, match="cannot require a gradient"):
        forged(0, (2,), (1,), requires_grad=True, cls="torch IntStorage")
    for numel in (7, 9, 2**60):
        with pytest.raises(RuntimeError, match="record archive/data/0 has 32 bytes"):
            forged(0, (2,), (1,), numel=numel)
    for numel in (-1, 2**62, 1.5):
        with pytest.raises(pickle.UnpicklingError, match="unknown persistent id"):
            forged(0, (2,), (1,), numel=numel)
    with pytest.raises(RuntimeError, match="data/1 is missing"):
        forged(0, (2,), (1,), key="1")


def test_a_tensor_of_many_elements_in_little_memory_costs_nothing():
    t = forged(0, (10**6, 10**6), (0, 0))
    assert t.shape == (10**6, 10**6) and t.storage().nbytes() == 32


def test_overlapping_records():
    """A directory that names one record many times."""
    buffer = io.BytesIO()
    fb.save({str(i): fb.zeros(1000) for i in range(50)}, buffer)
    raw = buffer.getvalue()
    first = raw.index(b"archive/data/0") - 30
    offsets = bytearray(raw)
    position = raw.index(b"PK\1\2")
    while raw[position : position + 4] == b"PK\1\2":
        if b"data/" in raw[position + 46 : position + 62]:
            offsets[position + 42 : position + 46] = struct.pack("<I", first)
        position = raw.find(b"PK\1\2", position + 46)
    small = bytes(offsets[: first + 4200]) + bytes(offsets[raw.index(b"PK\1\2") :])
    small = bytearray(small)
    small[-6:-2] = struct.pack("<I", first + 4200)
    with pytest.raises(RuntimeError, match="larger than the file"):
        fb.load(io.BytesIO(bytes(small)))


def test_attributes_do_not_replace_methods():
    t = fb.ones(2)
    t.note = "kept"
    buffer = io.BytesIO()
    fb.save([t, fb.nn.Parameter(fb.ones(1))], buffer)
    with zipfile.ZipFile(buffer) as archive:
        text = archive.read("archive/data.pkl")
    assert fb.load(archive_of(text, [bytes(8), bytes(4)]))[0].note == "kept"
    with pytest.raises(pickle.UnpicklingError, match="cannot be given the attribute 'item'"):
        fb.load(archive_of(text.replace(b"note", b"item"), [bytes(8), bytes(4)]))
    with pytest.raises(pickle.UnpicklingError, match="cannot have these attributes"):
        fb.load(archive_of(b"ccollections\nOrderedDict\n)R}X\x04\x00\x00\x00keysNsb."))


def test_what_a_file_would_use():
    for new in (True, False):
        buffer = io.BytesIO()
        fb.save([Evil(), fb.ones(1), fb.nn.Linear(1, 1)], buffer, _use_new_zipfile_serialization=new)
        buffer.seek(0)
        found = serialization.get_unsafe_globals_in_checkpoint(buffer)
        assert found == [f"{os.name}.system".replace("nt.", "nt."), "torch.nn.modules.linear.Linear"]


def test_errors_of_allowed_classes_are_theirs():
    buffer = io.BytesIO()
    fb.save(Refusing(), buffer)
    with serialization.safe_globals([Refusing]):
        buffer.seek(0)
        with pytest.raises(LookupError, match="my own"):
            fb.load(buffer)
    assert serialization.get_safe_globals() == []


class Refusing:
    def __init__(self):
        self.x = 1

    def __setstate__(self, state):
        raise LookupError("my own")
