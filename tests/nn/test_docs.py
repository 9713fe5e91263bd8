"""Every module and function of `nn` says which shapes it takes and gives."""

import re

import pytest

import flambeau as fb

from .table import module_classes

# A shape in a docstring is letters, with or without a subscript, or * for any dimensions: (N, C, L_out), (*, H), (N).
SHAPE = re.compile(r"\((\*|[A-Z](_\w+)?)(,[^()]*)?\)")

CONTAINERS = {
    *("Container", "DataParallel", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList"),
    "Sequential",
}


@pytest.mark.parametrize("name", sorted(module_classes(fb.nn) - CONTAINERS))
def test_modules(name):
    layer = getattr(fb.nn, name)
    assert SHAPE.search(layer.__doc__), layer.__doc__
    assert "__doc__" in layer.__dict__, "inherited"


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_containers(name):
    assert getattr(fb.nn, name).__doc__


@pytest.mark.parametrize("name", fb.nn.functional.__all__)
def test_functions(name):
    text = getattr(fb.nn.functional, name).__doc__
    if name.endswith("_"):
        assert text == f"`{name[:-1]}` in place."
    else:
        assert SHAPE.search(text), text
