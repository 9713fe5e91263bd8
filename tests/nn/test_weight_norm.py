"""nn.utils.weight_norm and spectral_norm, the forms with hooks, against PyTorch."""

import copy
import pickle
import warnings

import pytest

import flambeau as fb

from .parity import assert_close, assert_same_state, raised, state_for

torch = pytest.importorskip("torch")

LIBS = (fb, torch)
LAYERS = {
    "linear": (lambda lib: lib.nn.Linear(4, 3), (5, 4)),
    "conv": (lambda lib: lib.nn.Conv2d(2, 3, 3), (2, 2, 5, 5)),
    "transposed": (lambda lib: lib.nn.ConvTranspose1d(2, 3, 3), (2, 2, 5)),
    "embedding": (lambda lib: lib.nn.Embedding(6, 3, dtype=lib.float64), None),
}


@pytest.fixture(autouse=True)
def _allow_old_forms():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.nn.utils.weight_norm` is deprecated", FutureWarning)
        yield


def _trained(lib, norm, make, shape, steps=3, **options):
    """(module, outputs, gradients) of a few SGD steps of a normalised layer, all in float64."""
    lib.manual_seed(0)
    layer = norm(lib, make(lib).double(), **options)
    optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
    outputs = []
    for _ in range(steps):
        x = lib.tensor([[0, 1, 5]]) if shape is None else lib.randn(*shape, dtype=lib.float64)
        optimizer.zero_grad()
        out = layer(x)
        (out * out).sum().backward()
        optimizer.step()
        outputs.append(out)
    return layer, outputs, [p.grad for p in layer.parameters()]


def _weight(lib, layer, **options):
    return lib.nn.utils.weight_norm(layer, **options)


def _spectral(lib, layer, **options):
    return lib.nn.utils.spectral_norm(layer, **options)


CASES = [
    (_weight, "linear", {}),
    (_weight, "linear", {"dim": 1}),
    (_weight, "linear", {"dim": None}),
    (_weight, "linear", {"name": "bias"}),
    (_weight, "conv", {}),
    (_weight, "transposed", {"dim": -2}),
    (_weight, "embedding", {}),
    (_spectral, "linear", {}),
    (_spectral, "linear", {"n_power_iterations": 4, "eps": 1e-3}),
    (_spectral, "conv", {"dim": 1}),
    (_spectral, "transposed", {}),
    (_spectral, "embedding", {}),
]


@pytest.mark.parametrize("norm, name, options", CASES)
def test_training(norm, name, options):
    (ours, our_outputs, our_grads), (theirs, outputs, grads) = [
        _trained(lib, norm, *LAYERS[name], **options) for lib in LIBS
    ]
    assert_close(our_outputs, outputs)
    assert_close(our_grads, grads)
    assert_same_state(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize("norm, name, options", CASES)
def test_state_goes_both_ways(norm, name, options):
    for source, target in ((fb, torch), (torch, fb)):
        layer, _, _ = _trained(source, norm, *LAYERS[name], **options)
        other = norm(target, LAYERS[name][0](target).double(), **options)
        other.load_state_dict(state_for(target, layer.state_dict()))
        inputs = [
            lib.tensor([[0, 1]]) if name == "embedding" else lib.ones(LAYERS[name][1], dtype=lib.float64)
            for lib in (source, target)
        ]
        outputs = [m.eval()(x) for m, x in zip((layer, other), inputs, strict=True)]
        assert_close(outputs[0], outputs[1])


@pytest.mark.parametrize("norm, remove", [(_weight, "remove_weight_norm"), (_spectral, "remove_spectral_norm")])
def test_removing(norm, remove):
    results = []
    for lib in LIBS:
        layer, _, _ = _trained(lib, norm, *LAYERS["linear"])
        x = lib.ones(2, 4, dtype=lib.float64)
        before = layer.eval()(x)
        assert getattr(lib.nn.utils, remove)(layer) is layer
        assert not layer._forward_pre_hooks and isinstance(layer.weight, lib.nn.Parameter)
        results.append((before, layer(x), layer.weight))
        assert_close(before, results[-1][1])
        assert list(layer.state_dict()) == ["bias", "weight"]
        assert "spectral_norm" not in layer.state_dict()._metadata[""]
    assert_close(results[0], results[1])


@pytest.mark.parametrize(
    "make",
    [
        lambda lib, m: lib.nn.utils.weight_norm(lib.nn.utils.weight_norm(m)),
        lambda lib, m: lib.nn.utils.weight_norm(m, "absent"),
        lambda lib, m: lib.nn.utils.weight_norm(m, dim=3),
        lambda lib, m: lib.nn.utils.remove_weight_norm(m),
        lambda lib, m: lib.nn.utils.spectral_norm(lib.nn.utils.spectral_norm(m)),
        lambda lib, m: lib.nn.utils.spectral_norm(m, "absent"),
        lambda lib, m: lib.nn.utils.spectral_norm(m, n_power_iterations=0),
        lambda lib, m: lib.nn.utils.remove_spectral_norm(m),
    ],
)
def test_errors(make):
    outcomes = [raised(lambda: make(lib, lib.nn.Linear(3, 2))) for lib in LIBS]  # noqa: B023
    assert outcomes[0] == outcomes[1]


def test_an_error_changes_nothing():
    layer = fb.nn.Linear(3, 2)
    with pytest.raises(IndexError, match="Dimension out of range"):
        fb.nn.utils.weight_norm(layer, dim=3)
    assert list(layer._parameters) == ["weight", "bias"] and not layer._forward_pre_hooks


def test_deprecation_is_said():
    with pytest.warns(FutureWarning, match="deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`"):
        fb.nn.utils.weight_norm(fb.nn.Linear(2, 2))


def test_recurrent_weights():
    """A layer that reads its weights at each call sees what the hook sets."""
    results = []
    for lib in LIBS:
        lib.manual_seed(1)
        net = lib.nn.LSTM(3, 4).double()
        for name in ("weight_ih_l0", "weight_hh_l0"):
            lib.nn.utils.weight_norm(net, name)
        out, _ = net(lib.randn(5, 2, 3, dtype=lib.float64))
        out.sum().backward()
        results.append((out, net.weight_hh_l0_g.grad, net.weight_ih_l0_v.grad))
    assert_close(results[0], results[1])


def test_two_backwards_of_spectral_norm():
    """The buffers of a later forward do not disturb the backward of an earlier one."""
    layer = fb.nn.utils.spectral_norm(fb.nn.Linear(3, 2))
    a, b = layer(fb.ones(1, 3)), layer(fb.ones(1, 3))
    (a.sum() + b.sum()).backward()
    assert layer.weight_orig.grad is not None


@pytest.mark.parametrize("norm", [_weight, _spectral])
def test_pickle(norm):
    layer = norm(fb, fb.nn.Linear(3, 2))
    x = fb.ones(1, 3)
    layer.eval()(x)
    back = pickle.loads(pickle.dumps(layer))
    assert_close(back(x), layer(x), atol=0)
    assert list(back.state_dict()) == list(layer.state_dict())
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(layer)


@pytest.mark.parametrize("strict", [True, False])
def test_state_of_spectral_norm_before_version_1(strict):
    """Such files have the normalised weight, and no v."""
    results = []
    for lib in LIBS:
        layer, _, _ = _trained(lib, _spectral, *LAYERS["linear"], n_power_iterations=20)
        x = lib.ones(1, 4, dtype=lib.float64)
        expected = layer.eval()(x)
        state = layer.state_dict()
        del state["weight_v"]
        state["weight"] = layer.weight.detach()
        state._metadata[""] = {"version": 1}
        fresh = lib.nn.utils.spectral_norm(lib.nn.Linear(4, 3).double()).eval()
        fresh.load_state_dict(state, strict=strict)
        assert_close(fresh(x), expected, rtol=1e-6)
        results.append(fresh.weight_v)
    assert_close(results[0], results[1], rtol=1e-6)


def test_state_of_spectral_norm_without_metadata():
    layer = fb.nn.utils.spectral_norm(fb.nn.Linear(3, 2))
    assert repr(layer.load_state_dict(dict(layer.state_dict()))) == "<All keys matched successfully>"


def test_modules_have_the_paths_of_pytorch():
    import importlib

    for path, name in (("weight_norm", "WeightNorm"), ("spectral_norm", "SpectralNorm")):
        module = importlib.import_module(f"flambeau.nn.utils.{path}")
        assert isinstance(getattr(module, name), type)
        assert callable(getattr(fb.nn.utils, path))
    public = {name for name in dir(torch.nn.utils) if not name.startswith("_")}
    assert public <= set(dir(fb.nn.utils))
