"""What `help`, editors and tools/make_stub.py read of the functions that the ops register."""

import inspect
import re

import pytest

from flambeau.ops import FUNCTIONS

PUBLIC = sorted(name for name in FUNCTIONS if not name.startswith("_"))


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_begins_with_the_signature(name):
    text = inspect.getdoc(FUNCTIONS[name])
    assert text, f"{name} has no docstring"
    first = text.partition("\n")[0]
    match = re.match(r"(?:x\.)?(\w+)\(", first)
    assert match, f"the docstring of {name} does not begin with a signature: {first!r}"
    # Aliases and in-place forms have the docstring of the function that they are forms of.
    assert inspect.getdoc(FUNCTIONS[match[1]]) == text, (
        f"the docstring of {name} shows another function: {first!r}"
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_signature(name):
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    assert all(p.name.isidentifier() for p in parameters.values())
