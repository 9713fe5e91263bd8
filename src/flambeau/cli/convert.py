"""`flambeau convert old.pth new.safetensors`: between PyTorch's formats and safetensors, told by the names."""

import argparse
import pickle
from pathlib import Path

import flambeau
from flambeau.serialization.convert import load_safetensors, named_tensors, save_safetensors

from . import CommandError

SAFETENSORS = ".safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="file to read: of save, of PyTorch (any version), or .safetensors")
    parser.add_argument("target", type=Path, help="file to write: .safetensors, or anything else for PyTorch's format")
    parser.add_argument("--key", metavar="KEY", help="take only this entry of a dictionary, such as state_dict")
    parser.add_argument("--old", action="store_true", help="write PyTorch's older format, which 0.4 to 1.5 read")
    parser.add_argument(
        "--trust", action="store_true", help="make any object that the file asks for, which can run any code in it"
    )


def read(source: Path, key: str | None, trust: bool):
    """What the source holds; of a module its state_dict."""
    if source.suffix == SAFETENSORS:
        found = load_safetensors(source)
    else:
        found = flambeau.load(source, map_location="cpu", weights_only=not trust)
    for part in key.split(".") if key else ():
        if not isinstance(found, dict) or part not in found:
            names = ", ".join(map(str, found)) if isinstance(found, dict) else type(found).__name__
            raise CommandError(f"convert: {source} has no entry {part!r} (it has: {names})")
        found = found[part]
    return found.state_dict() if isinstance(found, flambeau.nn.Module) else found


def convert(args: argparse.Namespace) -> None:
    found = read(args.source, args.key, args.trust)
    if args.target.suffix != SAFETENSORS:
        flambeau.save(found, args.target, _use_new_zipfile_serialization=not args.old)
        print(f"{args.target}: written")
        return
    tensors, others = named_tensors(found)
    if not tensors:
        raise CommandError(f"convert: {args.source} has no tensors that could be in {args.target}")
    save_safetensors(tensors, args.target, metadata={"format": "pt"})
    print(f"{args.target}: {len(tensors)} tensors")
    if others:
        print(f"left out, as safetensors holds tensors only: {', '.join(others)}")


def run(args: argparse.Namespace) -> int:
    try:
        convert(args)
    except OSError as error:
        raise CommandError(f"convert: {error.filename or args.source}: {error.strerror or error}") from None
    except (RuntimeError, TypeError, ImportError, pickle.PickleError) as error:
        raise CommandError(f"convert: {error}") from None
    return 0
