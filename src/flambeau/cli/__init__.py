"""The command line: `flambeau COMMAND`, or `python -m flambeau COMMAND`.

A command is a module of this package, named in `COMMANDS`, with `add_arguments(parser)` and `run(args)`,
which returns the exit status. It is imported only when its name is given.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "convert": "convert a file of tensors between PyTorch's formats and safetensors",
    "demo": "train a small convolutional network on handwritten digits",
    "inspect": "list the tensors in a file, without loading them",
    "launch": "run a program in several processes",
    "run": "run a program written for PyTorch, of 2017 or of today",
}
INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended


class CommandError(Exception):
    """What ends a command with exit status 1 and one sentence instead of a traceback."""


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        from importlib.metadata import version

        print(f"flambeau {version('flambeau')}")
        parser.exit()


def _parser(command: str | None) -> argparse.ArgumentParser:
    """The parser of the whole command line; of the commands only `command` gets its arguments."""
    parser = argparse.ArgumentParser(prog="flambeau", description="Flambeau: deep learning on CPUs and GPUs.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
        )
        if name == command:
            module = importlib.import_module(f".{name}", __package__)
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default that of the process) and return the exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    try:
        args = _parser(command).parse_args(arguments)
        return args.run(args)
    except CommandError as error:
        print(f"flambeau: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flambeau: interrupted", file=sys.stderr)
        return INTERRUPTED
