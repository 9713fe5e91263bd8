"""`flambeau demo`, as a user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

import flambeau
from flambeau import cli
from flambeau.cli import demo

# As the console script does; SIGINT may be ignored in the environment that runs the tests.
MAIN = (
    "import signal, sys\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from flambeau.cli import main\n"
    "sys.exit(main(sys.argv[1:]))"
)


def command(*arguments):
    return [sys.executable, "-c", MAIN, "demo", *map(str, arguments)]


def run(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder and the output of one demo with the default settings, and the seconds it took."""
    folder = tmp_path_factory.mktemp("demo") / "results"
    started = time.perf_counter()
    result = run("--out", folder)
    assert result.returncode == 0, result.stderr
    return folder, result, time.perf_counter() - started


@pytest.mark.slow
def test_accuracy(trained):
    _, result, seconds = trained
    correct, total = map(int, re.search(r"held-out accuracy .*\((\d+) of (\d+)\)", result.stdout).groups())
    assert total == 449
    assert correct / total >= 0.98
    assert seconds < 60  # 30 on an idle machine


@pytest.mark.slow
def test_progress_bar(trained):
    _, result, _ = trained
    last = result.stderr.strip().split("\r")[-1]
    assert re.search(r"epoch 15/15, accuracy \d+\.\d%: 100%\|.*645/645.*loss=\d", last)


@pytest.mark.slow
def test_the_checkpoint_gives_the_reported_accuracy(trained):
    folder, result, _ = trained
    evaluated = run("--evaluate", folder / "model.pt")
    assert evaluated.returncode == 0, evaluated.stderr
    found = json.loads(evaluated.stdout)
    assert f"({found['correct']} of {found['total']})" in result.stdout
    assert "found the same accuracy and logits" in result.stdout


@pytest.mark.slow
def test_pictures(trained):
    folder, _, _ = trained
    for name in ("loss.png", "misclassified.png"):
        with Image.open(folder / name) as image:
            assert image.format == "PNG"
            assert len(image.getcolors(1 << 20)) > 10
    assert sorted(path.name for path in folder.iterdir()) == ["loss.png", "misclassified.png", "model.pt"]


@pytest.mark.slow
def test_a_seed_gives_the_same_model_again(tmp_path):
    for name in ("a", "b"):
        result = run("--epochs", 1, "--seed", 7, "--out", tmp_path / name)
        assert result.returncode == 0, result.stderr
    assert demo.evaluate(tmp_path / "a" / "model.pt", "cpu") == demo.evaluate(
        tmp_path / "b" / "model.pt", "cpu"
    )


@pytest.mark.slow
def test_interrupted(tmp_path):
    process = subprocess.Popen(
        command("--epochs", 10_000, "--out", tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    try:
        seen = b""
        while b"loss=" not in seen:  # training has begun
            chunk = os.read(process.stderr.fileno(), 4096)
            assert chunk, f"ended before training: {seen.decode()}"
            seen += chunk
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[1].decode()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert rest.endswith("\nflambeau: interrupted\n")
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(flambeau.cuda.is_available(), reason="there is a GPU")
def test_no_gpu(tmp_path, capsys):
    assert cli.main(["demo", "--device", "cuda", "--out", str(tmp_path / "out")]) == 1
    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith("flambeau: demo: No CUDA GPUs are available") and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--epochs", "0"],
        ["--epochs", "1.5"],
        ["--batch-size", "-1"],
        ["--lr", "nan"],
        ["--lr", "0"],
        ["--seed", "x"],
    ],
)
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["demo", *arguments])
    assert stop.value.code == 2
    assert f"argument {arguments[0]}: invalid" in capsys.readouterr().err


def test_out_is_a_file(tmp_path, capsys):
    (tmp_path / "file").write_text("precious")
    assert cli.main(["demo", "--out", str(tmp_path / "file")]) == 1
    assert "cannot make the folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "precious"


def test_no_checkpoint(tmp_path, capsys):
    assert cli.main(["demo", "--evaluate", str(tmp_path / "nothing.pt")]) == 1
    assert "cannot read the checkpoint" in capsys.readouterr().err


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    path.write_bytes(b"old")

    def save(state, partial):
        partial.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(flambeau, "save", save)
    with pytest.raises(KeyboardInterrupt):
        demo.save_whole({}, path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.pt"]
    assert path.read_bytes() == b"old"


def test_a_diverging_loss_is_reported(tmp_path, capsys):
    assert cli.main(["demo", "--epochs", "1", "--lr", "1e30", "--out", str(tmp_path)]) == 1
    assert re.search(r"the loss became (nan|inf) at step \d+; try a smaller --lr", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []
