"""`flambeau run`: run a program written for PyTorch, of 2017 or of today, on this library.

    flambeau run [--torch 0.3|today] [--report] script.py args...
    flambeau run [--torch 0.3|today] [--report] -m module args...
    flambeau run --check script.py

`import torch` in the program, and in the processes that it starts, means `flambeau.v03` or `flambeau`. Without --torch
the source says which, and a line on stderr says why. The script `-` is read from stdin.
"""

import argparse
import importlib
import os
import runpy
import sys
import types
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path

from .. import aliasing
from ..aliasing import era as eras
from ..aliasing.modules import ours
from ..aliasing.paths import shown
from ..aliasing.source import Loader, NeedsPython2, compiled
from . import INTERRUPTED, CommandError

_HIDDEN = (os.path.abspath(__file__), os.path.dirname(os.path.abspath(aliasing.__file__)), "<frozen importlib")


def add_arguments(parser):
    """The arguments of the command."""
    rest = argparse.REMAINDER
    parser.add_argument("--torch", choices=["0.3", "today"], help="the PyTorch that the program is written for")
    parser.add_argument(
        "--report", action="store_true", help="list at the end what the run relied on that only PyTorch 0.3 did"
    )
    parser.add_argument(
        "--check", action="store_true", help="list what the source has of either PyTorch, and do not run it"
    )
    parser.add_argument("-m", dest="module", nargs=rest, metavar="MODULE", help="run a module, as python -m does")
    parser.add_argument("script", nargs=rest, metavar="SCRIPT", help="the script (- for stdin) and its arguments")


def run(args):
    """Run the program, or check it; the exit status."""
    if not args.module and not args.script:
        raise CommandError("run: name a script: flambeau run [--torch 0.3|today] script.py args...")
    if args.module and ours(args.module[0]) != args.module[0]:
        return _run_ours(args.module, args.torch)
    found = program(args.module, args.script)
    if args.check:
        return _check(found, args.torch)
    return _execute(found, era_of(found, args.torch), args.report)


# ---------------------------------------------------------------------------------------------- the program


@dataclass
class _Program:
    """What is to run: the absolute path and bytes of its source, its `sys.argv`, and what belongs at the front of
    `sys.path`. `name` is that of a module run by -m."""

    path: str
    data: bytes
    argv: list[str]
    folder: str
    name: str | None = None

    @property
    def is_file(self):
        return self.path != "<stdin>"


def program(module, script):
    """The program that the command line means: a module and its arguments, or a script and its arguments."""
    return _module(module) if module else _script(script)


def _script(argv):
    if argv[0] == "-":
        return _Program("<stdin>", sys.stdin.buffer.read(), argv, os.getcwd())
    path = os.path.abspath(argv[0])
    return _Program(path, _read(path, argv[0]), argv, os.path.dirname(os.path.realpath(path)))


def _module(argv):
    """The program of `-m name args...`. Nothing is imported yet: its package may import torch."""
    name, folder = argv[0], os.getcwd()
    spec: ModuleSpec | None = None
    search: list[str] | None = [folder, *sys.path]
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:end]), search) if search is not None else None
        if spec is None and end == 1:
            spec = find_spec(parts[0])  # by a finder of its own, as of an editable installation
        search = None if spec is None else spec.submodule_search_locations
    if spec is not None and search is not None:
        name = f"{name}.__main__"
        spec = PathFinder.find_spec(name, search)
    if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
        raise CommandError(f"run: no module named {name} with Python source below {folder} or sys.path")
    return _Program(spec.origin, _read(spec.origin, name), [spec.origin, *argv[1:]], folder, name)


def _read(path, name):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"run: cannot read {name}: {error.strerror}") from None


def _found(program):
    """What the source says of the era."""
    return eras.choose(program.path, program.data, program.folder)


def era_of(program, told):
    """The era to run in: the one told, else that of the process that started this one, else that of the source."""
    told = told or os.environ.get(aliasing.ENVIRONMENT)
    if told in aliasing.NAMESPACES:
        return told
    found = _found(program)
    print(f"flambeau: running as {found.reason}", file=sys.stderr)
    return found.name


def _run_ours(argv, told):
    """Runs `-m torch.distributed.launch` and the like, which are modules of this library: the era is for the programs
    that they start."""
    if told is not None:
        os.environ[aliasing.ENVIRONMENT] = told
    sys.argv = argv
    try:
        runpy.run_module(ours(argv[0]), run_name="__main__", alter_sys=True)
    except ImportError as error:
        raise CommandError(f"run: no module named {argv[0]}: {error}") from None
    return 0


# ------------------------------------------------------------------------------------------------ check


def _check(program, told):
    """Prints what the source has of either era; 1 when Python 3 cannot read it."""
    found = _found(program)
    print(found.reason if told is None else f"PyTorch {told}, as told by --torch; the source says {found.reason}")
    places = [sign.place for sign in found.signs]
    width = max(map(len, places), default=0)
    for place, sign in zip(places, found.signs, strict=True):
        meaning = sign.meaning.instead if sign.meaning.era == "0.3" else "a sign of today"
        print(f"  {place:{width}}  {sign.text}: {meaning}")
    if found.error is not None:
        print(f"flambeau: {_sentence(found.error)}", file=sys.stderr)
    return 0 if found.error is None else 1


def _sentence(error):
    if isinstance(error, NeedsPython2):
        return error.msg
    return f"{shown(error.filename)} is not Python: {error.msg} at line {error.lineno}"


# ------------------------------------------------------------------------------------------------ run


def _execute(program, era, wants_report):
    """Runs the program as `__main__`; the exit status, unless it ends by SystemExit."""
    sys.argv = program.argv
    if not sys.flags.safe_path:
        sys.path[0] = program.folder
    try:
        handle = aliasing.alias(torch=era)
    except RuntimeError as error:  # something has imported the real torch before us
        raise CommandError(f"run: {error}") from None
    if program.is_file and program.name is None:
        handle.source.script = program.path
    report = _start_report(era) if wants_report else None
    process, folder = os.getpid(), os.getcwd()
    try:
        return _as_main(program, era)
    finally:
        if report is not None and os.getpid() == process:  # a child process of os.fork() leaves it to this one
            report.stop()
            importlib.import_module("flambeau.v03.report_children").merge()
            sys.stdout.flush()
            sys.stderr.write(f"\nflambeau: {report.text(lambda path: shown(path, folder))}")


def _start_report(era):
    if era != "0.3":
        print("flambeau: --report: nothing to report, the program runs as today's PyTorch", file=sys.stderr)
        return None
    from ..v03 import report, report_children

    report.start()
    report_children.collect()
    return report


def _as_main(program, era):
    try:
        code, _ = compiled(program.data, program.path, era)
        main = _main_module(program, era)
        sys.modules["__main__"] = main
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except NeedsPython2 as error:
        raise CommandError(_sentence(error)) from None
    except BaseException as error:
        error.__traceback__ = _without_ours(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _main_module(program, era):
    """The module `__main__`, with what Python gives it."""
    main = types.ModuleType("__main__")
    names = main.__dict__
    names["__builtins__"] = sys.modules["builtins"]
    if program.is_file:
        loader = Loader(program.name or "__main__", program.path, era)
        names.update(__file__=program.path, __cached__=None, __loader__=loader)
    if program.name is not None:
        package = program.name.rpartition(".")[0]
        if package:
            importlib.import_module(package)
        spec = spec_from_file_location(program.name, program.path, loader=loader)
        names.update(__package__=package, __spec__=spec)
    return main


def _without_ours(traceback):
    """A traceback without the frames of this command and of the import system."""
    kept = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_HIDDEN):
            kept.append(traceback)
        traceback = traceback.tb_next
    following = None
    for entry in reversed(kept):
        entry.tb_next = following
        following = entry
    return following
