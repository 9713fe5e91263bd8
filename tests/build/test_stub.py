"""What editors, `help` and the type stubs read of the functions that the ops register: signatures and docstrings."""

import inspect
import re

import pytest

from flambeau.ops import FUNCTIONS

PUBLIC = sorted(name for name in FUNCTIONS if not name.startswith("_"))


def names_of(function):
    """All public names of a function."""
    return {name for name in PUBLIC if FUNCTIONS[name] is function}


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_begins_with_a_signature(name):
    # Aliases and in-place forms share the docstring of the function that they are forms of.
    lines = inspect.getdoc(FUNCTIONS[name])
    assert lines, f"{name} has no docstring"
    first = lines.partition("\n")[0]
    match = re.match(r"(?:x\.)?(\w+)\(", first)
    assert match, f"the docstring of {name} does not begin with a signature: {first!r}"
    shown = FUNCTIONS.get(match[1])
    family = names_of(FUNCTIONS[name]) | {n.removesuffix("_") for n in names_of(FUNCTIONS[name])}
    assert match[1] in family or shown is FUNCTIONS[name], f"the docstring of {name} is that of {match[1]}"


@pytest.mark.parametrize("name", PUBLIC)
def test_signature(name):
    assert isinstance(inspect.signature(FUNCTIONS[name]), inspect.Signature)
