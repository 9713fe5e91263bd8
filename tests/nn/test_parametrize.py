"""nn.utils.parametrize against PyTorch."""

import copy
import pickle

import pytest

import flambeau as fb
from flambeau.nn.utils import parametrize

from .parity import assert_close, assert_same_state, raised, state_for

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.parametrize")

LIBS = (fb, torch)


def _module(lib, forward, right_inverse=None):
    """A parametrisation of `lib` that computes forward, with a right_inverse if one is given."""

    class Map(lib.nn.Module):
        def forward(self, *tensors):
            return forward(*tensors)

    if right_inverse is not None:
        Map.right_inverse = lambda self, value: right_inverse(value)
    return Map()


def _symmetric(lib):
    return _module(lib, lambda x: x.triu() + x.triu(1).mT, lambda x: x.triu())


def _double(lib):
    return _module(lib, lambda x: x * 2, lambda x: x / 2)


def _sum(lib):
    return _module(lib, lambda a, b: a + b, lambda x: (x * 0.25, x * 0.75))


def _register(lib, layer, *parametrizations, name="weight", **options):
    for make in parametrizations:
        lib.nn.utils.parametrize.register_parametrization(layer, name, make(lib), **options)
    return layer


def _square(lib):
    lib.manual_seed(0)
    return lib.nn.Linear(3, 3).double()


CASES = {
    "one": (_symmetric,),
    "two": (_symmetric, _double),
    "of two tensors": (_sum,),
    "of two tensors, and one more": (_sum, _double),
}


@pytest.mark.parametrize("name", CASES)
def test_training(name):
    results = []
    for lib in LIBS:
        layer = _register(lib, _square(lib), *CASES[name])
        optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            out = layer(lib.randn(2, 3, dtype=lib.float64))
            (out * out).sum().backward()
            optimizer.step()
        results.append((layer, out))
    (ours, our_out), (theirs, out) = results
    assert_close(our_out, out)
    assert_close(ours.weight, theirs.weight)
    assert_same_state(ours.state_dict(), theirs.state_dict())
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("name", CASES)
def test_state_goes_both_ways(name):
    for source, target in ((fb, torch), (torch, fb)):
        layer = _register(source, _square(source), *CASES[name])
        other = _register(target, target.nn.Linear(3, 3).double(), *CASES[name])
        other.load_state_dict(state_for(target, layer.state_dict()))
        assert_close(other.weight, layer.weight)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("leave", [True, False])
def test_removing(name, leave):
    results = []
    for lib in LIBS:
        layer = _register(lib, _square(lib), *CASES[name])
        before, cls = layer.weight, lib.nn.utils.parametrize.type_before_parametrizations(layer)
        if not leave and "two tensors" in name:
            error = raised(lambda: lib.nn.utils.parametrize.remove_parametrizations(layer, "weight", False))  # noqa: B023
            results.append(error)
            continue
        if "two tensors" not in name:
            original = layer.parametrizations.weight.original
        lib.nn.utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave)
        assert type(layer) is cls is lib.nn.Linear and not hasattr(layer, "parametrizations")
        assert isinstance(layer.weight, lib.nn.Parameter)
        assert "two tensors" in name or layer.weight is original
        if leave:
            assert_close(layer.weight, before)
        results.append((layer.weight, layer.bias))
    if isinstance(results[0][0], type):
        assert results[0] == results[1]
    else:
        assert_close(results[0], results[1])


def test_assignment():
    results = []
    for lib in LIBS:
        layer = _register(lib, _square(lib), _symmetric, _double)
        layer.weight = lib.ones(3, 3, dtype=lib.float64)
        results.append((layer.weight, layer.parametrizations.weight.original))
    assert_close(results[0], results[1])


def test_what_is_assigned_is_copied():
    layer = _register(fb, fb.nn.Linear(2, 2), lambda lib: _module(lib, lambda x: x, lambda x: x))
    value = fb.ones(2, 2)
    layer.weight = value
    layer.parametrizations.weight.original.data.zero_()
    assert value.tolist() == [[1, 1], [1, 1]]


def test_buffers_and_further_tensors():
    for lib in LIBS:
        layer = lib.nn.BatchNorm1d(3)
        _register(lib, layer, _double, name="running_mean")
        _register(lib, layer, _double, name="bias")
        parametrized = lib.nn.utils.parametrize.is_parametrized
        assert parametrized(layer) and parametrized(layer, "bias") and not parametrized(layer, "weight")
        assert "parametrizations.running_mean.original" in dict(layer.named_buffers())
        lib.nn.utils.parametrize.remove_parametrizations(layer, "running_mean")
        assert parametrized(layer) and "running_mean" in layer._buffers
        lib.nn.utils.parametrize.remove_parametrizations(layer, "bias")
        assert not parametrized(layer) and type(layer) is lib.nn.BatchNorm1d


def test_cache():
    calls = []

    def forward(x):
        calls.append(1)
        return x * 2

    layer = _register(fb, fb.nn.Linear(2, 2), lambda lib: _module(lib, forward))
    calls.clear()
    with parametrize.cached():
        first = layer.weight
        with parametrize.cached():
            assert layer.weight is first
        assert layer.weight is first
    assert len(calls) == 1
    assert layer.weight is not first
    assert len(calls) == 2


def test_training_mode_reaches_the_parametrization():
    layer = fb.nn.Linear(2, 2).eval()
    _register(fb, layer, _double)
    assert not layer.parametrizations.weight[0].training
    assert layer.train().parametrizations.weight[0].training


def test_optimizer_made_before_goes_on():
    layer = fb.nn.Linear(2, 2)
    weight = layer.weight
    _register(fb, layer, _double)
    assert layer.parametrizations.weight.original is weight


def test_deepcopy():
    layer = _register(fb, _square(fb), _symmetric)
    twin = copy.deepcopy(layer)
    assert_close(twin.weight, layer.weight)
    assert twin.parametrizations.weight.original is not layer.parametrizations.weight.original
    assert type(twin).__name__ == "ParametrizedLinear"
    parametrize.remove_parametrizations(twin, "weight")
    assert type(twin) is fb.nn.Linear
    assert parametrize.is_parametrized(layer) and layer.weight.shape == (3, 3)
    pair = copy.deepcopy(fb.nn.Sequential(layer, layer))
    assert pair[0] is pair[1]


def test_pickle_is_refused():
    outcomes = []
    for lib in LIBS:
        layer = _register(lib, lib.nn.Linear(3, 3), _symmetric)
        outcomes.append(raised(lambda: pickle.dumps(layer)))  # noqa: B023
    assert outcomes[0] == outcomes[1]


def test_moving_and_casting():
    layer = _register(fb, fb.nn.Linear(3, 3), _symmetric).double()
    assert layer.weight.dtype == fb.float64
    out = fb.func.functional_call(
        layer, {"parametrizations.weight.original": fb.zeros(3, 3, dtype=fb.float64)}, fb.ones(1, 3, dtype=fb.float64)
    )
    assert_close(out, layer.bias.unsqueeze(0))


def test_transfer():
    for lib in LIBS:
        source = _register(lib, lib.nn.Linear(3, 3), _symmetric)
        _register(lib, source, _sum, name="bias")
        for target in (lib.nn.Linear(3, 3), lib.nn.ReLU()):
            lib.nn.utils.parametrize.transfer_parametrizations_and_params(source, target)
            assert target.parametrizations.weight.original is source.parametrizations.weight.original
            assert target.parametrizations.bias.original1 is source.parametrizations.bias.original1
            assert_close(target.weight, source.weight)
            assert_close(target.bias, source.bias)
        one = lib.nn.Linear(3, 3)
        lib.nn.utils.parametrize.transfer_parametrizations_and_params(source, one, "bias")
        assert list(one.parametrizations) == ["bias"]


def _set(lib, right_inverse):
    layer = _register(lib, lib.nn.Linear(3, 2), _sum)
    type(layer.parametrizations.weight[0]).right_inverse = lambda self, value: right_inverse(value)
    layer.weight = lib.ones(2, 3)


ERRORS = [
    lambda lib, m: _register(lib, m, _double, name="absent"),
    lambda lib, m: _register(lib, m, lambda lib: _module(lib, lambda x: 3)),
    lambda lib, m: _register(lib, m, lambda lib: _module(lib, lambda x: x.double())),
    lambda lib, m: _register(lib, m, lambda lib: _module(lib, lambda x: x.mT)),
    lambda lib, m: _register(lib, m, lambda lib: _module(lib, lambda x: x, lambda x: 3)),
    lambda lib, m: _register(lib, m, lambda lib: _module(lib, lambda x: x, lambda x: x.double())),
    lambda lib, m: _register(lib, m, lambda lib: _module(lib, lambda x, y: x, lambda x: (x, 3))),
    lambda lib, m: _register(lib, m, _double, lambda lib: _module(lib, lambda x: 3)),
    lambda lib, m: _register(lib, m, _double, lambda lib: _module(lib, lambda x: x.double())),
    lambda lib, m: _register(lib, m, _double, lambda lib: _module(lib, lambda x: x.mT)),
    lambda lib, m: _register(lib, m, _double, lambda lib: _module(lib, lambda x: x, lambda x: 3)),
    lambda lib, m: _register(lib, m, _double, lambda lib: _module(lib, lambda x: x, lambda x: x.double())),
    lambda lib, m: _register(lib, m, _double, lambda lib: _module(lib, lambda x: x, lambda x: x.mT)),
    lambda lib, m: _set(lib, lambda x: x),
    lambda lib, m: _set(lib, lambda x: [x]),
    lambda lib, m: _set(lib, lambda x: [x, x.double()]),
    lambda lib, m: setattr(_register(lib, m, lambda lib: _module(lib, lambda x: x)), "weight", lib.ones(2, 3)),
    lambda lib, m: lib.nn.utils.parametrize.remove_parametrizations(m, "weight"),
    lambda lib, m: lib.nn.utils.parametrize.ParametrizationList([], lib.ones(2)),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    ours, theirs = [raised(lambda: ERRORS[number](lib, lib.nn.Linear(3, 2))) for lib in LIBS]  # noqa: B023
    assert ours == theirs


def test_unsafe_may_change_the_shape():
    layer = _register(fb, fb.nn.Linear(3, 2), lambda lib: _module(lib, lambda x: x[:1]), unsafe=True)
    assert layer.weight.shape == (1, 3)
    parametrize.remove_parametrizations(layer, "weight")
    assert layer.weight.shape == (1, 3)


def test_an_error_changes_nothing():
    layer = fb.nn.Linear(3, 2)
    with pytest.raises(ValueError, match="may not change the shape"):
        _register(fb, layer, lambda lib: _module(lib, lambda x: x.mT))
    assert type(layer) is fb.nn.Linear and list(layer._parameters) == ["weight", "bias"]
    _register(fb, layer, _double)
    with pytest.raises(ValueError, match="may not change the shape"):
        _register(fb, layer, lambda lib: _module(lib, lambda x: x.mT))
    assert len(layer.parametrizations.weight) == 1
