"""nn.utils.prune against PyTorch: the same masks after the same seed, the same state, the same errors."""

import pickle

import pytest

import flambeau as fb
from flambeau.nn.utils import prune

from .parity import assert_close, assert_same_state, raised, state_for

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")

LIBS = (fb, torch)


def _conv(lib):
    lib.manual_seed(0)
    return lib.nn.Conv2d(3, 4, 3).double()


STEPS = {
    "identity": [("identity", ())],
    "random": [("random_unstructured", (0.3,))],
    "random count": [("random_unstructured", (7,))],
    "l1": [("l1_unstructured", (0.5,))],
    "nothing": [("l1_unstructured", (0,))],
    "all": [("l1_unstructured", (1.0,))],
    "random channels": [("random_structured", (2, 0))],
    "random last": [("random_structured", (0.5, -1))],
    "channels": [("ln_structured", (0.5, 2, 0))],
    "channels by 1-norm": [("ln_structured", (1, 1, 1))],
    "channels by largest": [("ln_structured", (1, float("inf"), -1))],
    "l1 twice": [("l1_unstructured", (0.3,)), ("l1_unstructured", (0.3,))],
    "three": [("random_unstructured", (0.2,)), ("ln_structured", (1, 2, 0)), ("random_structured", (1, 1))],
    "channels twice": [("ln_structured", (1, 2, 0)), ("ln_structured", (1, 2, 0)), ("l1_unstructured", (5,))],
}


def _pruned(lib, name, seed=3):
    layer = _conv(lib)
    lib.manual_seed(seed)
    for function, args in STEPS[name]:
        assert getattr(lib.nn.utils.prune, function)(layer, "weight", *args) is layer
    return layer


@pytest.mark.parametrize("name", STEPS)
def test_masks_and_training(name):
    results = []
    for lib in LIBS:
        layer = _pruned(lib, name)
        optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            out = layer(lib.randn(1, 3, 5, 5, dtype=lib.float64))
            (out * out).sum().backward()
            optimizer.step()
        results.append((layer, out, layer.weight))
    assert_close(results[0][1:], results[1][1:])
    assert_same_state(results[0][0].state_dict(), results[1][0].state_dict())
    hooks = [list(layer._forward_pre_hooks.values()) for layer, *_ in results]
    assert [type(h).__name__ for h in hooks[0]] == [type(h).__name__ for h in hooks[1]]


@pytest.mark.parametrize("name", STEPS)
def test_state_goes_both_ways(name):
    for source, target in ((fb, torch), (torch, fb)):
        layer, other = _pruned(source, name), _pruned(target, name, seed=9)
        other.load_state_dict(state_for(target, layer.state_dict()))
        inputs = [lib.ones(1, 3, 5, 5, dtype=lib.float64) for lib in (source, target)]
        assert_close(other(inputs[1]), layer(inputs[0]))


@pytest.mark.parametrize("name", STEPS)
def test_removing(name):
    results = []
    for lib in LIBS:
        layer = _conv(lib)
        parameter = layer.weight
        lib.manual_seed(3)
        for function, args in STEPS[name]:
            getattr(lib.nn.utils.prune, function)(layer, "weight", *args)
        assert lib.nn.utils.prune.is_pruned(lib.nn.Sequential(layer))
        lib.nn.utils.prune.remove(layer, "weight")
        assert layer.weight is parameter and not layer._forward_pre_hooks
        assert not lib.nn.utils.prune.is_pruned(layer)
        results.append((layer, list(layer.state_dict())))
    assert results[0][1] == results[1][1]
    assert_close(results[0][0].weight, results[1][0].weight)


@pytest.mark.parametrize("function, args", [("l1_unstructured", (0.4,)), ("ln_structured", (1, 2, 0))])
def test_importance_scores(function, args):
    results = []
    for lib in LIBS:
        layer = _conv(lib)
        scores = lib.arange(108, dtype=lib.float64).reshape(4, 3, 3, 3).flip(0)
        for _ in range(2):
            getattr(lib.nn.utils.prune, function)(layer, "weight", *args, importance_scores=scores)
        results.append(layer.weight_mask)
    assert_close(results[0], results[1])


@pytest.mark.parametrize("method", ["L1Unstructured", "RandomUnstructured"])
@pytest.mark.parametrize("amount", [0.4, 10])
@pytest.mark.parametrize("scored", [False, True])
def test_global(method, amount, scored):
    results = []
    for lib in LIBS:
        a, b = _conv(lib), lib.nn.Linear(4, 3).double()
        lib.nn.utils.prune.random_unstructured(b, "weight", 2)
        pairs = [(a, "weight"), (b, "weight"), (b, "bias")]
        scores = {pairs[1]: lib.ones(3, 4, dtype=lib.float64)} if scored else None
        lib.nn.utils.prune.global_unstructured(
            pairs, getattr(lib.nn.utils.prune, method), importance_scores=scores, amount=amount
        )
        results.append([a.weight, b.weight, b.bias, a.weight_mask, b.weight_mask, b.bias_mask])
    assert_close(results[0], results[1])


def test_mask_of_ones_own():
    mask = [[1, 0, 1], [0, 1, 1]]
    results = []
    for lib in LIBS:
        layer = lib.nn.Linear(3, 2)
        lib.nn.utils.prune.custom_from_mask(layer, "weight", lib.tensor(mask))
        lib.nn.utils.prune.custom_from_mask(layer, "weight", lib.tensor(mask)[[1, 0]])
        results.append(layer.weight_mask)
    assert_close(results[0], results[1])


def _every_second(lib):
    class EverySecond(lib.nn.utils.prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    return EverySecond


def test_a_method_of_ones_own():
    results = []
    for lib in LIBS:
        layer = lib.nn.Linear(3, 2)
        for _ in range(2):
            _every_second(lib).apply(layer, "weight")
        (hook,) = layer._forward_pre_hooks.values()
        assert len(hook) == 2 and hook[0] is next(iter(hook)) and hook[0]._tensor_name == "weight"
        results.append(layer.weight_mask)
    assert_close(results[0], results[1])


def test_prune_of_a_tensor():
    for lib in LIBS:
        t = lib.tensor([1.0, -3.0, 2.0, 0.5])
        method = lib.nn.utils.prune.L1Unstructured(amount=1)
        assert method.prune(t).tolist() == [1, -3, 2, 0]
        assert method.prune(t, importance_scores=-t.sort().values).tolist() == [1, 0, 2, 0.5]
        mask = lib.tensor([0.0, 1, 1, 1])
        assert method.prune(t, default_mask=mask).tolist() == [0, -3, 2, 0]
        assert mask.tolist() == [0, 1, 1, 1]


def test_pickle():
    layer = _pruned(fb, "three")
    back = pickle.loads(pickle.dumps(layer))
    x = fb.ones(1, 3, 5, 5, dtype=fb.float64)
    assert_close(back(x), layer(x), atol=0)
    prune.remove(back, "weight")
    assert_close(back.weight, layer.weight, atol=0)


def _twice(lib, prune):
    layer = lib.nn.Linear(3, 2)
    for _ in range(2):
        layer.register_forward_pre_hook(prune.Identity.apply(lib.nn.Linear(3, 2), "weight"))
    prune.identity(layer, "weight")


def _of_type(kind):
    def make(lib, prune):
        method = type("Odd", (_every_second(lib),), {"PRUNING_TYPE": kind})
        layer = lib.nn.Linear(3, 2)
        for _ in range(2):
            method.apply(layer, "weight")

    return make


ERRORS = [
    lambda lib, P: P.l1_unstructured(lib.nn.Linear(3, 2), "weight", "x"),
    lambda lib, P: P.l1_unstructured(lib.nn.Linear(3, 2), "weight", -1),
    lambda lib, P: P.random_unstructured(lib.nn.Linear(3, 2), "weight", 1.5),
    lambda lib, P: P.l1_unstructured(lib.nn.Linear(3, 2), "weight", 7),
    lambda lib, P: P.l1_unstructured(lib.nn.Linear(3, 2), "absent", 1),
    lambda lib, P: P.ln_structured(lib.nn.Linear(3, 2), "bias", 1, 2, 0),
    lambda lib, P: P.ln_structured(lib.nn.Linear(3, 2), "weight", 1, 2, 4),
    lambda lib, P: P.ln_structured(lib.nn.Linear(3, 2), "weight", 9, 2, 0),
    lambda lib, P: P.random_structured(lib.nn.Linear(3, 2), "weight", 9, 0),
    lambda lib, P: P.l1_unstructured(lib.nn.Linear(3, 2), "weight", 1, importance_scores=lib.ones(2)),
    lambda lib, P: P.L1Unstructured(1).prune(lib.ones(3), importance_scores=lib.ones(2)),
    lambda lib, P: P.remove(lib.nn.Linear(3, 2), "weight"),
    lambda lib, P: P.custom_from_mask(lib.nn.Linear(3, 2), "weight", lib.ones(2)),
    lambda lib, P: P.PruningContainer().add_pruning_method(3),
    lambda lib, P: P.global_unstructured([], P.L1Unstructured, importance_scores=3, amount=1),
    lambda lib, P: P.BasePruningMethod(),
    _twice,
    _of_type("odd"),
    _of_type("structured"),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    ours, theirs = [raised(lambda: ERRORS[number](lib, lib.nn.utils.prune)) for lib in LIBS]  # noqa: B023
    assert ours == theirs


def test_structured_methods_are_not_for_all_together():
    layer = fb.nn.Linear(3, 2)
    with pytest.raises(TypeError, match='Only "unstructured" PRUNING_TYPE supported'):
        prune.global_unstructured([(layer, "weight")], prune.LnStructured, amount=1, n=1)


def test_methods_of_two_parameters_do_not_join():
    layer = fb.nn.Linear(3, 2)
    container = prune.PruningContainer(prune.Identity.apply(layer, "weight"))
    with pytest.raises(ValueError, match="acting on the parameter named 'weight'"):
        container.add_pruning_method(prune.Identity.apply(layer, "bias"))


def test_an_error_changes_nothing():
    layer = fb.nn.Linear(3, 2)
    with pytest.raises(ValueError, match="number of parameters"):
        prune.l1_unstructured(layer, "weight", 7)
    assert list(layer._parameters) == ["weight", "bias"] and not layer._forward_pre_hooks
    prune.l1_unstructured(layer, "weight", 1)
    mask = layer.weight_mask.clone()
    with pytest.raises(ValueError, match="number of parameters"):
        prune.l1_unstructured(layer, "weight", 7)
    assert len(layer._forward_pre_hooks) == 1
    assert_close(layer.weight_mask, mask, atol=0)
