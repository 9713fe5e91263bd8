"""`flambeau inspect file`: names, shapes, dtypes and sizes of the tensors in a file, which is not loaded."""

import argparse
import pickle
from pathlib import Path

from flambeau.serialization import inspect

from . import CommandError

MOST_OTHERS = 20  # values that are no tensors, of which a file can have any number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="file of save, of PyTorch (any version), or .safetensors")


def size(nbytes: int) -> str:
    """1536 -> '1.5 KB'"""
    value, unit = float(nbytes), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{nbytes} B" if unit == "B" else f"{value:.1f} {unit}"


def printable(text: str) -> str:
    """Text of a file without what would steer the terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def report(path: Path) -> list[str]:
    """The lines to print."""
    found = inspect(path)
    rows = [("name", "shape", "dtype", "size", "")]
    for t in found.tensors:
        notes = [note for note in (t.kind, t.location) if note not in ("Tensor", "cpu")]
        rows.append((printable(t.name), str(list(t.shape)), t.dtype, size(t.nbytes), printable(" ".join(notes))))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [f"{path}: {found.format}, {size(found.nbytes)}"]
    if found.tensors:
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)]
            lines.append("  ".join([*cells, row[4]]).rstrip())
    total = sum(t.nbytes for t in found.tensors)
    lines.append(f"{len(found.tensors)} tensors, {size(total)}")
    lines += [printable(f"{name} = {text}") for name, text in found.others[:MOST_OTHERS]]
    if len(found.others) > MOST_OTHERS:
        lines.append(f"and {len(found.others) - MOST_OTHERS} other values")
    if found.classes:
        lines.append(f"classes and functions, which load refuses unless allowed: {printable(', '.join(found.classes))}")
    return lines


def run(args: argparse.Namespace) -> int:
    try:
        lines = report(args.file)
    except OSError as error:
        raise CommandError(f"inspect: {args.file}: {error.strerror or error}") from None
    except (RuntimeError, pickle.PickleError) as error:
        raise CommandError(f"inspect: {error}") from None
    print("\n".join(lines))
    return 0
