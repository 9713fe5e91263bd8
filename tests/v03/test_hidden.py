"""What library code leaves in a Variable or plain tensor, no dimensions or bools, programs see as (1,) and bytes."""

import json
import pathlib
from collections.abc import Iterator

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau import _core
from flambeau.v03.faces import Variable, _TensorBase

API = json.loads((pathlib.Path(__file__).parent / "api.json").read_text())
OTHER = {"multinomial", "bernoulli", "bernoulli_", "random_", "uniform_", "normal_", "cauchy_", "exponential_",
         "geometric_", "log_normal_", "data_ptr", "grad_fn", "data", "output_nr", "index", "record_stream",
         "share_memory_", "set_", "apply_", "map_", "map2_", "resize_", "new", "storage"}  # fmt: skip
ARGUMENTS = [(), (0,), (1,), (2,), ("other",), (0, "long"), (0, 0), (0, 0, 1), (0, "long", 1), (0, "long", "other"),
             ("bytes",), ("bytes", 1)]  # fmt: skip


def make(face, array):
    return _core.make(array, Variable if face is Variable else _TensorBase)


def outcome(call):
    """What a call gives: class, type, size and elements of tensors; for an error, its class."""
    try:
        return shown(call())
    except Exception as error:
        return type(error)


def shown(value):
    if isinstance(value, (tuple, list, Iterator)):
        return [shown(v) for v in value]
    if isinstance(value, Variable):
        return Variable, shown(value.data)
    if isinstance(value, _TensorBase):
        return value.type(), tuple(value.size()), str(value.tolist())
    return None if callable(value) else str(value)


def call_of(face, name, array, args):
    owner = make(face, array)
    others = {"other": array.reshape(1), "long": np.zeros(1, np.int64), "bytes": np.ones(1, np.uint8)}
    given = [make(face, others[a].copy()) if isinstance(a, str) else a for a in args]
    attribute = getattr(owner, name)
    return attribute(*given) if callable(attribute) else attribute


@pytest.mark.parametrize("face", [Variable, torch.FloatTensor], ids=["Variable", "plain"])
@pytest.mark.parametrize("args", ARGUMENTS, ids=str)
@pytest.mark.parametrize("hidden,real", [
    (np.array(0.5, np.float32), np.array([0.5], np.float32)), (np.array(3), np.array([3])),
    (np.array([True, False]), np.array([1, 0], np.uint8)), (np.array(True), np.array([1], np.uint8)),
], ids=["float", "int", "bools", "bool"])  # fmt: skip
def test_members(face, args, hidden, real):
    names = {*API["variable methods" if face is Variable else "methods"]} - OTHER
    for name in sorted(names | {"__getitem__", "__len__", "__bool__", "__float__", "__invert__", "__iter__"}):
        got = outcome(lambda: call_of(face, name, hidden.copy(), args))  # noqa: B023  (called at once)
        expected = outcome(lambda: call_of(face, name, real.copy(), args))  # noqa: B023
        assert got == expected, name
