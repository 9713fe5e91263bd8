"""`flambeau convert` and `flambeau inspect`."""

import sys

import pytest

import flambeau as fb
from flambeau import cli, serialization


def run(*arguments):
    return cli.main([str(a) for a in arguments])


DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex64",
          "uint16", "uint32", "uint64"]  # fmt: skip


def state():
    tensors = {name: fb.arange(4).reshape(2, 2).to(getattr(fb, name)) for name in DTYPES}
    return {**tensors, "transposed": fb.arange(6.0).reshape(2, 3).t(), "scalar": fb.tensor(2.5), "empty": fb.ones(0, 3)}


def test_there_and_back(tmp_path, capsys):
    old, middle, new = tmp_path / "old.pth", tmp_path / "a.safetensors", tmp_path / "new.pth"
    fb.save(state(), old)
    assert run("convert", old, middle) == run("convert", middle, new) == 0
    assert f"{len(state())} tensors" in capsys.readouterr().out
    found = fb.load(new)
    for name, t in state().items():
        assert found[name].dtype is t.dtype and found[name].shape == t.shape and found[name].tolist() == t.tolist()


def test_safetensors_read_by_its_package(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    serialization.save_safetensors({"w": fb.arange(6.0).reshape(2, 3).t()}, tmp_path / "a.safetensors", {"k": "v"})
    assert safetensors.load_file(tmp_path / "a.safetensors")["w"].tolist() == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(TypeError, match="complex128"):
        serialization.save_safetensors({"z": fb.ones(1, dtype=fb.complex128)}, tmp_path / "a.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(RuntimeError, match="damaged"):
        serialization.load_safetensors(tmp_path / "bad.safetensors")


def test_checkpoints_and_their_entries(tmp_path, capsys):
    old, new = tmp_path / "old.pth", tmp_path / "new.safetensors"
    net = fb.nn.Linear(2, 1)
    fb.save({"model": net.state_dict(), "epoch": 3}, old)
    assert run("convert", old, new) == 0
    assert "left out, as safetensors holds tensors only: epoch" in capsys.readouterr().out
    assert set(serialization.load_safetensors(new)) == {"model.weight", "model.bias"}
    assert run("convert", old, new, "--key", "model") == 0
    net.load_state_dict(serialization.load_safetensors(new))
    assert run("convert", old, new, "--key", "net") == 1
    assert "no entry 'net' (it has: model, epoch)" in capsys.readouterr().err


def test_whole_modules_need_trust(tmp_path, capsys):
    old, new = tmp_path / "old.pth", tmp_path / "new.safetensors"
    fb.save(fb.nn.Linear(2, 1), old)
    assert run("convert", old, new) == 1 and not new.exists()
    assert "torch.nn.modules.linear.Linear" in capsys.readouterr().err
    assert run("convert", old, new, "--trust") == 0
    assert set(serialization.load_safetensors(new)) == {"weight", "bias"}


def test_the_older_format(tmp_path):
    fb.save({"w": fb.ones(2)}, tmp_path / "a.pth")
    assert run("convert", tmp_path / "a.pth", tmp_path / "b.pth", "--old") == 0
    assert (tmp_path / "b.pth").read_bytes()[:2] == b"\x80\x02"
    assert fb.load(tmp_path / "b.pth")["w"].tolist() == [1, 1]


def test_without_the_package(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    fb.save({"w": fb.ones(2)}, tmp_path / "a.pth")
    assert run("convert", tmp_path / "a.pth", tmp_path / "a.safetensors") == 1
    assert "pip install flambeau[safetensors]" in capsys.readouterr().err


def test_errors_are_one_line(tmp_path, capsys):
    (tmp_path / "bad.pth").write_bytes(b"nonsense")
    missing, bad, target = tmp_path / "none.pth", tmp_path / "bad.pth", tmp_path / "b.pth"
    for command in (["convert", missing, target], ["inspect", missing], ["convert", bad, target], ["inspect", bad]):
        assert run(*command) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"flambeau: {command[0]}: ") and error.count("\n") == 1


@pytest.mark.parametrize("kind", ["zip", "sequence", "safetensors"])
def test_inspect(kind, tmp_path, capsys, monkeypatch):
    path = tmp_path / ("a.safetensors" if kind == "safetensors" else "a.pth")
    obj = {"w": fb.ones(1000, 10), "h": fb.ones(3, dtype=fb.bfloat16)}
    if kind == "safetensors":
        serialization.save_safetensors(obj, path)
    else:
        obj |= {"epoch": 3, "nested": [fb.nn.Parameter(fb.ones(2))]}
        fb.save(obj, path, _use_new_zipfile_serialization=kind == "zip")
    assert run("inspect", path) == 0
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "w [1000, 10] float32 39.1 KB" in lines and "h [3] bfloat16 6 B" in lines
    if kind != "safetensors":
        assert "nested.0 [2] float32 8 B Parameter" in lines and "epoch = 3" in lines
        assert "3 tensors, 39.1 KB" in lines


def test_inspect_of_modules_says_what_would_run(tmp_path, capsys):
    fb.save({"net": fb.nn.Sequential(fb.nn.Linear(2, 1))}, tmp_path / "a.pth")
    assert run("inspect", tmp_path / "a.pth") == 0
    out = capsys.readouterr().out
    assert "net.0.weight" in out and "torch.nn.modules.linear.Linear" in out


def test_inspect_shows_no_control_characters(tmp_path, capsys):
    fb.save({"\x1b[31mw": fb.ones(1)}, tmp_path / "a.pth")
    assert run("inspect", tmp_path / "a.pth") == 0
    assert "\x1b" not in capsys.readouterr().out
