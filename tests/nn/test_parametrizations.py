"""nn.utils.parametrizations against PyTorch: the same numbers after the same seed, states both ways."""

import pytest

import flambeau as fb

from .parity import assert_close, assert_same_state, raised, state_for

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.parametrizations")

LIBS = (fb, torch)
LAYERS = {
    "square": (lambda lib: lib.nn.Linear(4, 4), (2, 4)),
    "wide": (lambda lib: lib.nn.Linear(5, 3), (2, 5)),
    "tall": (lambda lib: lib.nn.Linear(3, 5), (2, 3)),
    "conv": (lambda lib: lib.nn.Conv2d(2, 3, 3), (1, 2, 4, 4)),
    "transposed": (lambda lib: lib.nn.ConvTranspose2d(2, 3, 3), (1, 2, 4, 4)),
}
ORTHOGONAL = [
    ("orthogonal", layer, {"orthogonal_map": kind, "use_trivialization": base})
    for layer in ("square", "wide", "tall")
    for kind in ("matrix_exp", "cayley", "householder")
    for base in (True, False)
]
CASES = [
    ("weight_norm", "wide", {}),
    ("weight_norm", "wide", {"dim": None}),
    ("weight_norm", "wide", {"name": "bias"}),
    ("weight_norm", "conv", {"dim": 1}),
    ("spectral_norm", "wide", {}),
    ("spectral_norm", "conv", {"n_power_iterations": 3, "dim": -1}),
    ("spectral_norm", "transposed", {}),
    ("spectral_norm", "wide", {"name": "bias"}),
    ("orthogonal", "wide", {}),
    ("orthogonal", "square", {}),
    *ORTHOGONAL,
]


def _made(lib, kind, layer, options, seed=0):
    lib.manual_seed(seed)
    module = LAYERS[layer][0](lib).double()
    return getattr(lib.nn.utils.parametrizations, kind)(module, **options)


@pytest.mark.parametrize("kind, layer, options", CASES)
def test_training(kind, layer, options):
    """Close to 1e-7 only: the signs and digits of orthogonal factors go through LAPACK."""
    results = []
    for lib in LIBS:
        module = _made(lib, kind, layer, options)
        optimizer = lib.optim.SGD(module.parameters(), lr=0.05)
        outputs = []
        for _ in range(3):
            optimizer.zero_grad()
            out = module(lib.randn(*LAYERS[layer][1], dtype=lib.float64))
            (out * out).sum().backward()
            optimizer.step()
            outputs.append(out)
        results.append((module, outputs))
    (ours, our_outputs), (theirs, outputs) = results
    assert_close(our_outputs, outputs, rtol=1e-7, atol=1e-9)
    assert_same_state(ours.state_dict(), theirs.state_dict(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind, layer, options", CASES)
def test_state_goes_both_ways(kind, layer, options):
    for source, target in ((fb, torch), (torch, fb)):
        module = _made(source, kind, layer, options)
        other = _made(target, kind, layer, options, seed=1)
        other.load_state_dict(state_for(target, module.state_dict()))
        name = options.get("name", "weight")
        assert_close(getattr(other.eval(), name), getattr(module.eval(), name))


@pytest.mark.parametrize("kind, layer, options", ORTHOGONAL)
def test_columns_are_orthonormal(kind, layer, options):
    w = _made(fb, kind, layer, options).weight
    gram = w @ w.mT if w.size(0) < w.size(1) else w.mT @ w
    assert_close(gram, fb.eye(gram.size(0), dtype=fb.float64), atol=1e-10)


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("layer", ["square", "wide", "tall"])
def test_assignment(kind, layer):
    results = []
    for lib in LIBS:
        module = _made(lib, "orthogonal", layer, {"orthogonal_map": kind})
        wanted = lib.nn.init.orthogonal_(lib.empty_like(module.weight))
        module.weight = wanted
        assert_close(module.weight, wanted, rtol=1e-7, atol=1e-9)
        results.append(module.weight)
        if layer == "square":
            module.weight = lib.arange(16, dtype=lib.float64).square().sin().reshape(4, 4)  # made orthogonal
            results.append(module.weight)
    half = len(results) // 2
    assert_close(results[:half], results[half:], rtol=1e-7, atol=1e-9)


def test_householder_assignment_without_base():
    results = []
    for lib in LIBS:
        module = _made(lib, "orthogonal", "tall", {"orthogonal_map": "householder", "use_trivialization": False})
        wanted = lib.nn.init.orthogonal_(lib.empty_like(module.weight))
        module.weight = wanted
        assert_close(module.weight, wanted, rtol=1e-7, atol=1e-9)
        results.append(module.parametrizations.weight.original)
    assert_close(results[0], results[1], rtol=1e-7, atol=1e-9)


def test_unitary_and_batches():
    for dtype, shape in (("complex128", (3, 3)), ("complex128", (4, 2)), ("float64", (2, 4, 3))):
        results = []
        for lib in LIBS:
            lib.manual_seed(0)
            module = lib.nn.Module()
            module.w = lib.nn.Parameter(lib.randn(*shape, dtype=getattr(lib, dtype)))
            lib.nn.utils.parametrizations.orthogonal(module, "w")
            w = module.w
            gram = w.mH @ w
            assert_close(gram, lib.eye(shape[-1], dtype=w.dtype).expand_as(gram), atol=1e-10)
            results.append(w)
        assert_close(results[0], results[1], rtol=1e-7, atol=1e-9)


def test_weight_norm_loads_the_form_with_hooks():
    new = fb.nn.utils.parametrizations.weight_norm(fb.nn.Linear(3, 2))
    with pytest.warns(FutureWarning, match="deprecated"):
        old = fb.nn.utils.weight_norm(fb.nn.Linear(3, 2))
    new.load_state_dict(old.state_dict())
    assert_close(new.weight, old.weight, atol=0)


def test_spectral_norm_is_one():
    module = _made(fb, "spectral_norm", "wide", {"n_power_iterations": 50})
    module.train()
    assert fb.linalg.matrix_norm(module.weight, 2).item() == pytest.approx(1, abs=1e-8)
    module.eval()
    before = module.parametrizations.weight[0]._u.clone()
    module(fb.ones(1, 5, dtype=fb.float64))
    assert_close(module.parametrizations.weight[0]._u, before, atol=0)


def _assign(lib, kind, value):
    options = {"orthogonal_map": kind, "use_trivialization": False}
    module = lib.nn.utils.parametrizations.orthogonal(lib.nn.Linear(3, 3), **options)
    module.weight = value


ERRORS = [
    lambda lib, P: P.weight_norm(lib.nn.Linear(3, 2), "absent"),
    lambda lib, P: P.spectral_norm(lib.nn.Linear(3, 2), "absent"),
    lambda lib, P: P.spectral_norm(lib.nn.Linear(3, 2), n_power_iterations=0),
    lambda lib, P: P.spectral_norm(lib.nn.Linear(3, 2), dim=4),
    lambda lib, P: P.orthogonal(lib.nn.Linear(3, 2), "absent"),
    lambda lib, P: P.orthogonal(lib.nn.Linear(3, 2), "bias"),
    lambda lib, P: P.orthogonal(lib.nn.Linear(3, 2), orthogonal_map="other"),
    lambda lib, P: P.orthogonal(lib.nn.Linear(3, 2).to(lib.complex64), orthogonal_map="householder"),
    lambda lib, P: _assign(lib, "cayley", lib.eye(3)),
    lambda lib, P: _assign(lib, "householder", lib.eye(4)),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
@pytest.mark.filterwarnings("ignore:Complex modules are a new feature")
def test_errors(number):
    ours, theirs = [raised(lambda: ERRORS[number](lib, lib.nn.utils.parametrizations)) for lib in LIBS]  # noqa: B023
    assert ours == theirs
