"""Runs one function on both libraries: case(library, arguments) must give the same with PyTorch and with flambeau."""

import importlib
import warnings

import numpy as np
import pytest

import flambeau as fb

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")


def converted(value, library):
    if isinstance(value, np.ndarray):
        return library.tensor(value.tolist(), dtype=library.float64)
    if isinstance(value, (tuple, list)):
        return type(value)(converted(v, library) for v in value)
    if isinstance(value, dict):
        return {k: converted(v, library) for k, v in value.items()}
    return value


def flat(value):
    if isinstance(value, (tuple, list)):
        return [leaf for v in value for leaf in flat(v)]
    if isinstance(value, dict):
        return [leaf for k in value for leaf in flat(value[k])]
    return [value]


def skeleton(value):
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [skeleton(v) for v in value]
    return {k: skeleton(v) for k, v in value.items()} if isinstance(value, dict) else "*"


def check_same(package, case, *args, containers=True):
    """case(library, package of it, *arguments) on both: equal numbers, requires_grad and containers."""
    results = []
    for library in (torch, fb):
        home = importlib.import_module(f"{library.__name__}.{package}")
        with warnings.catch_warnings():
            if library is torch:
                warnings.simplefilter("ignore")  # PyTorch's own, about its innards
            results.append(case(library, home, *converted(list(args), library)))
    expected, got = results
    assert not containers or skeleton(got) == skeleton(expected)
    for g, e in zip(flat(got), flat(expected), strict=True):
        np.testing.assert_allclose(g.detach().numpy(), e.detach().numpy(), 1e-9, 1e-9)
        assert g.dtype is getattr(fb, str(e.dtype).removeprefix("torch."))
        assert g.requires_grad == e.requires_grad
