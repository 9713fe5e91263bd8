"""The table of families: each draws a random call of one of its functions. A module per kind of op."""

import importlib
import pathlib

FAMILIES = {}  # name -> function of a Draw that returns a Case


def family(function):
    """Registers a function of a Draw under its name."""
    FAMILIES[function.__name__] = function
    return function


for _file in sorted(pathlib.Path(__file__).parent.glob("[a-z]*.py")):
    importlib.import_module(f"{__name__}.{_file.stem}")
