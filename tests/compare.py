"""The same expression under Flambeau and under PyTorch, for tests of behaviour that a table row cannot say."""

import warnings

import numpy as np
import pytest

import flambeau as fb


def outcome(lib, expression, **names):
    """What an expression with the library as `T` gives: ("value", description) or ("raises", exception type)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            value = eval(expression, {"T": lib, "np": np, "nan": float("nan"), "inf": float("inf"), **names})
        except Exception as error:
            return "raises", type(error)
    return "value", describe(value)


def describe(value):
    """Results of either library in plain terms."""
    if type(value).__name__ == "Tensor":
        elements = plain(value.detach().tolist()) if value.numel() else []
        return str(value.dtype), tuple(value.shape), value.requires_grad, elements
    if isinstance(value, (tuple, list)):
        return [describe(v) for v in value]
    return plain(value)


def plain(value):
    """NaN compares equal to itself, and -0.0 differs from 0.0."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    return repr(value) if isinstance(value, (float, complex)) else value


def same(expression, **names):
    """Asserts that an expression has the same outcome under both libraries."""
    torch = pytest.importorskip("torch")
    ours, theirs = outcome(fb, expression, **names), outcome(torch, expression, **names)
    assert ours == theirs, f"{expression}: {ours}, PyTorch {theirs}"
