"""Layers and functions that came after 0.3 are absent for programs, and there for the library itself."""

import json
import pathlib

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.nn import functional as F

NAMES = json.loads((pathlib.Path(__file__).parent / "api_0_3.json").read_text())


@pytest.mark.parametrize("name", ["GELU", "Flatten", "GroupNorm", "LayerNorm", "Identity", "MultiheadAttention"])
def test_layers(name):
    assert not hasattr(nn, name) and name not in dir(nn)
    with pytest.raises(AttributeError, match=f"module 'torch.nn' has no attribute '{name}'"):
        getattr(nn, name)


@pytest.mark.parametrize("name", ["gelu", "interpolate", "layer_norm", "one_hot", "unfold", "relu_"])
def test_functions(name):
    assert not hasattr(F, name) and name not in dir(F)
    with pytest.raises(ImportError):
        exec(f"from flambeau.v03.nn.functional import {name}")


@pytest.mark.parametrize("x", [torch.ones(2), nn.Parameter(torch.ones(2))], ids=["plain", "Parameter"])
def test_attributes_that_a_program_sets(x):
    x.names = "weights"
    assert x.names == "weights"
    del x.names
    assert not hasattr(x, "names")
    with pytest.raises(AttributeError):
        del x.names


def test_star_import():
    names: dict = {}
    exec("from flambeau.v03.nn import *", names)
    assert {"Sequential", "Linear", "Tanh", "MSELoss", "LSTM", "Parameter"} <= {*names} and "GELU" not in names


def test_code_of_the_library_sees_them():
    program = "found = hasattr(nn, 'Flatten'), hasattr(F, 'gelu'), hasattr(x, 'flatten'), hasattr(x, 'device')"
    for name, expected in (("flambeau.vision.models.some", True), ("some.models", False)):
        names = {"__name__": name, "nn": nn, "F": F, "x": torch.ones(2)}
        exec(program, names)
        assert names["found"] == (expected,) * 4
