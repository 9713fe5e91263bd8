"""Thousands of damaged files: each gives an object or a clear error, quickly, in little memory, and runs nothing.

A long run:  FLAMBEAU_FUZZ=100000 pytest tests/serialization/test_fuzz.py
"""

import io
import os
import pickle
import random
import resource
import struct
import time
import warnings
import zipfile

import pytest

import flambeau as fb
from flambeau.serialization import get_unsafe_globals_in_checkpoint
from flambeau.serialization.inspecting import inspect

from . import fixtures
from .test_older import file_of_01, file_of_03

COUNT = int(os.environ.get("FLAMBEAU_FUZZ", "600"))  # files of each kind
ERRORS = (RuntimeError, pickle.UnpicklingError)
INTERESTING = [b"\xff" * 4, b"\xff" * 8, b"\x00" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80", b"(",
               b".", b"R", b"b", b"\x81", b"Q", b"0", b"2", b"\x85", b"\x86", b"}", b"]", b"s", b"u", b"e",
               b"cos\nsystem\n",
               b"cbuiltins\neval\n", b"cbuiltins\nlist\n", b"h\x00", b"j\xff\xff\xff\xff",
               b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"]  # fmt: skip


def sources():
    obj = {"w": fb.arange(50.0), "v": [1, -2.5, "é", None, {1: (2, 3)}], "p": fb.nn.Parameter(fb.ones(3, 2).t()),
           "s": fb.eye(2).to_sparse_csr()}  # fmt: skip
    new, old = io.BytesIO(), io.BytesIO()
    fb.save(obj, new)
    fb.save(obj, old, _use_new_zipfile_serialization=False)
    files = [new.getvalue(), old.getvalue(), file_of_03(), file_of_01()]
    return files + [fixtures.content(getattr(fixtures, name)) for name in ("ZIP", "SEQUENCE", "OPTIMIZER")]


def mutated(raw, rng):
    """The file with some damage: bits, bytes, pieces inserted, cut, doubled or swapped."""
    raw = bytearray(raw)
    for _ in range(rng.choice([1, 1, 1, 2, 5, 20])):
        if not raw:
            break
        i, j = sorted(rng.randrange(len(raw)) for _ in "ij")
        kind = rng.randrange(8)
        if kind == 0:
            raw[i] ^= 1 << rng.randrange(8)
        elif kind == 1:
            raw[i] = rng.randrange(256)
        elif kind == 2:
            piece = rng.choice(INTERESTING)
            raw[i : i + len(piece)] = piece
        elif kind == 3:
            raw[i:i] = rng.choice(INTERESTING)
        elif kind == 4:
            del raw[i : min(j, i + rng.choice([1, 4, 64, 10**6]))]
        elif kind == 5:
            del raw[i:]
        elif kind == 6:
            raw[i:i] = raw[j : j + rng.choice([1, 8, 200])]
        else:
            struct.pack_into("<q", raw, min(i, max(0, len(raw) - 8)), rng.choice([-1, 0, 2**31, 2**62, 2**63 - 1])) \
                if len(raw) >= 8 else None  # fmt: skip
    return bytes(raw)


def repaired(raw, rng):
    """An archive whose checksums are right although its pickle is damaged: as someone who means harm would make it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, mutated(data, rng) if name.endswith(rng.choice(["data.pkl", "data/0"])) else data)
    return buffer.getvalue()


def attempt(raw, action):
    """Runs an action on a file; the seconds of work that it took."""
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zipfile: duplicate names
        try:
            action(io.BytesIO(raw))
        except ERRORS:
            pass
    return time.process_time() - started


@pytest.fixture
def no_escape(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a file ran a command")

    for name in ("system", "popen", "execv", "fork"):
        monkeypatch.setattr(os, name, refuse)


@pytest.mark.parametrize("kind", range(7))
def test_damaged_files(kind, no_escape):
    raw, rng = sources()[kind], random.Random(kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    for i in range(COUNT):
        damaged = mutated(raw, rng)
        action = (fb.load, fb.load, inspect, get_unsafe_globals_in_checkpoint)[i % 4]
        slowest = max(slowest, attempt(damaged, action))
    assert slowest < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


@pytest.mark.parametrize("kind", [0, 4, 6])
def test_damaged_pickles_in_whole_archives(kind, no_escape):
    raw, rng = sources()[kind], random.Random(kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = max(attempt(repaired(raw, rng), fb.load) for _ in range(COUNT))
    assert slowest < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_every_truncation():
    for raw in sources()[:4]:
        ends = range(0, len(raw.rstrip(b"\0")), max(1, len(raw) // 200))
        for n in ends:
            with pytest.raises(ERRORS):
                fb.load(io.BytesIO(raw[:n]))


def test_every_flipped_bit_of_a_storage_is_noticed():
    buffer = io.BytesIO()
    fb.save(fb.arange(64.0), buffer)
    raw = buffer.getvalue()
    start = raw.index(struct.pack("<3f", 0, 1, 2))
    for i in range(start, start + 256):
        damaged = bytearray(raw)
        damaged[i] ^= 1 << i % 8
        with pytest.raises(RuntimeError, match="CRC"):
            fb.load(io.BytesIO(bytes(damaged)))
