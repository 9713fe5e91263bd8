"""The command line itself: help, version, errors, interruption."""

import importlib.metadata
import subprocess
import sys

import pytest

from flambeau import cli


def flambeau(*arguments):
    command = [sys.executable, "-m", "flambeau.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_help_lists_every_command():
    result = flambeau("--help")
    assert result.returncode == 0 and not result.stderr
    for name, summary in cli.COMMANDS.items():
        assert name in result.stdout
        assert summary in " ".join(result.stdout.split())


def test_version():
    result = flambeau("--version")
    assert (result.returncode, result.stdout) == (0, f"flambeau {importlib.metadata.version('flambeau')}\n")


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    assert f"flambeau {command}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"], ["demo", "--nonsense"]])
def test_misuse_prints_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: flambeau" in capsys.readouterr().err


def test_help_imports_no_command():
    code = (
        "import sys; from flambeau import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('flambeau.cli.demo', 'PIL', 'tqdm')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120).returncode == 0


@pytest.mark.parametrize(
    "raised, status, message",
    [
        (cli.CommandError("demo: one sentence"), 1, "flambeau: demo: one sentence\n"),
        (KeyboardInterrupt(), 130, "flambeau: interrupted\n"),
    ],
)
def test_what_a_command_raises_becomes_one_line(raised, status, message, monkeypatch, capsys):
    from flambeau.cli import demo

    def run(args):
        raise raised

    monkeypatch.setattr(demo, "run", run)
    assert cli.main(["demo"]) == status
    assert capsys.readouterr() == ("", message)


def test_an_error_in_the_program_is_not_hidden(monkeypatch):
    from flambeau.cli import demo

    def run(args):
        raise ZeroDivisionError

    monkeypatch.setattr(demo, "run", run)
    with pytest.raises(ZeroDivisionError):
        cli.main(["demo"])
