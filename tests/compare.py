"""The same expression under Flambeau and under PyTorch, and calls that must be refused."""

import inspect
import re
import warnings

import numpy as np
import pytest

import flambeau as fb

ORDINARY = (TypeError, ValueError, RuntimeError, IndexError, OverflowError, NotImplementedError)


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


def state(*tensors):
    return [(t.tolist(), tuple(t.shape), t.stride(), t._version, t.requires_grad) for t in tensors]


def refuses(call, *kept, error=ORDINARY, match=None):
    """The call raises an ordinary, non-empty error, and the tensors are as they were."""
    before = state(*kept)
    source = (
        inspect.getsource(call).strip()[:80]
        if "\n" not in inspect.getsource(call).strip()
        else f"names {call.__code__.co_names}"
    )
    try:
        result = call()
    except error as raised:
        message = str(raised)
        assert message, f"{source}: no message"
        assert match is None or re.search(match, message), f"{source}: {message}"
    else:
        raise AssertionError(f"{source} gave {type(result).__name__} {str(result)[:100]}")
    assert repr(state(*kept)) == repr(before), source
    return message
