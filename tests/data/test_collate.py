"""default_collate and default_convert."""

import collections

import numpy as np
import pytest

import flambeau as fb
from flambeau.utils.data import default_collate, default_convert

Point = collections.namedtuple("Point", "x y")


def plain(value):
    """A collated structure with its tensors as (dtype, list)."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return str(value.dtype).rpartition(".")[2], value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(v) for v in value]
    return value


SAMPLES = {
    "ints": lambda t: [1, 2, 3],
    "floats": lambda t: [1.0, 2.5],
    "bools": lambda t: [True, False],
    "strings": lambda t: ["a", "b"],
    "bytes": lambda t: [b"a", b"b"],
    "tensors": lambda t: [t([1.0, 2.0]), t([3.0, 4.0])],
    "0-dim tensors": lambda t: [t(1), t(2)],
    "arrays": lambda t: [np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)],
    "0-dim arrays": lambda t: [np.array(1, np.int16), np.array(2, np.int16)],
    "float32 scalars": lambda t: [np.float32(1), np.float32(2)],
    "int8 scalars": lambda t: [np.int8(1), np.int8(2)],
    "bool scalars": lambda t: [np.bool_(True), np.bool_(False)],
    "tuples": lambda t: [(1, 2.0, "a"), (3, 4.0, "b")],
    "lists": lambda t: [[1, 2], [3, 4], [5, 6]],
    "named tuples": lambda t: [Point(1, t([1])), Point(2, t([2]))],
    "dicts": lambda t: [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}],
    "ordered dicts": lambda t: [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "default dicts": lambda t: [collections.defaultdict(int, a=1), collections.defaultdict(int, a=2)],
    "nested": lambda t: [{"a": (t([1]), ["x", Point(1, 2)])}] * 2,
    "mixed dtypes": lambda t: [t([1]), t([2.5])],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_as_pytorch(name):
    torch = pytest.importorskip("torch")
    expected = torch.utils.data.default_collate(SAMPLES[name](torch.tensor))
    assert plain(default_collate(SAMPLES[name](fb.tensor))) == plain(expected)


@pytest.mark.parametrize("name", [n for n in SAMPLES if n != "mixed dtypes"])
def test_convert_as_pytorch(name):
    torch = pytest.importorskip("torch")
    expected = torch.utils.data.default_convert(SAMPLES[name](torch.tensor))
    assert plain(default_convert(SAMPLES[name](fb.tensor))) == plain(expected)


@pytest.mark.parametrize(
    "samples, error, match",
    [
        (
            [object(), object()],
            TypeError,
            "must contain tensors, numpy arrays, numbers, dicts or lists; found",
        ),
        ([None], TypeError, "found <class 'NoneType'>"),
        ([np.array(["a"])], TypeError, "found <U1"),
        ([[1, 2], [1]], RuntimeError, "each element in list of batch should be of equal size"),
        ([fb.zeros(2), fb.zeros(3)], RuntimeError, "stack expects each tensor to be equal size"),
    ],
)
def test_errors(samples, error, match):
    with pytest.raises(error, match=match):
        default_collate(samples)


def test_gradients_go_through():
    x = fb.ones(2, requires_grad=True)
    default_collate([x, 2 * x]).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_collate_with_other_functions():
    from flambeau.utils.data.collate import collate

    joined = collate([{1}, {2}], collate_fn_map={set: lambda batch, *, collate_fn_map: set.union(*batch)})
    assert joined == {1, 2}
