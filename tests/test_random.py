# ruff: noqa: B023 (functions made in loops are called at once)
"""Random numbers: the streams equal PyTorch's where it is installed; seeds, states, errors, distributions."""

import copy
import math
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import flambeau as fb

FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTS = ["uint8", "int8", "int16", "int32", "int64"]
REAL = [*FLOATS, *INTS, "bool"]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def same(torch, call, seed=0, tolerance=0.0):
    """Runs call(library) on both libraries from one seed, then draws a number: all has to be equal."""
    results = []
    for library in (torch, fb):
        library.manual_seed(seed)
        t = call(library)
        results.append((str(t.dtype), tuple(t.shape), t.tolist(), library.rand(1).item()))
    theirs, ours = results
    if tolerance:
        assert theirs[:2] == ours[:2] and theirs[3] == ours[3]
        np.testing.assert_allclose(ours[2], theirs[2], rtol=tolerance, atol=tolerance)
    else:
        assert theirs == ours


SIZES = [0, 1, 3, 15, 16, 17, 40, 624, 5000]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", [*FLOATS, "complex64", "complex128"])
def test_rand_and_randn_streams(torch, n, dtype):
    tolerance = {"float16": 1e-3, "bfloat16": 1e-2, "float64": 1e-13, "complex128": 1e-13}.get(dtype, 3e-6)
    for seed in (0, 1, 2**31, 2**40 + 3, -1):
        same(torch, lambda lib: lib.rand(n, dtype=getattr(lib, dtype)), seed)
        same(torch, lambda lib: lib.randn(n, dtype=getattr(lib, dtype)), seed, tolerance)


@pytest.mark.parametrize("n", SIZES)
def test_randperm_and_randint_streams(torch, n):
    for dtype in ("int64", "int32", "float32"):
        same(torch, lambda lib: lib.randperm(n, dtype=getattr(lib, dtype)))
    for low, high in [
        (0, 7),
        (-5, 100),
        (0, 2**28 - 1),
        (0, 2**28),
        (0, 2**32),
        (-(2**63), 2**63 - 1),
        (3, 4),
    ]:
        same(torch, lambda lib: lib.randint(low, high, (n,)))
    for dtype in REAL:
        same(torch, lambda lib: lib.randint(0, 2, (n,), dtype=getattr(lib, dtype)))


FILLS = {
    "uniform": lambda t: t.uniform_(),
    "uniform_bounds": lambda t: t.uniform_(-2, 3.5),
    "normal": lambda t: t.normal_(1, 2),
    "exponential": lambda t: t.exponential_(2),
    "log_normal": lambda t: t.log_normal_(),
    "cauchy": lambda t: t.cauchy_(1, 2),
    "geometric": lambda t: t.geometric_(0.1),
    "bernoulli": lambda t: t.bernoulli_(0.3),
    "random": lambda t: t.random_(),
    "random_to": lambda t: t.random_(100),
    "random_from_to": lambda t: t.random_(3, 100),
}
LAYOUTS = {
    "contiguous": lambda lib, dtype: lib.zeros(30, 7, dtype=dtype),
    "small": lambda lib, dtype: lib.zeros(3, dtype=dtype),
    "0-dim": lambda lib, dtype: lib.zeros((), dtype=dtype),
    "empty": lambda lib, dtype: lib.zeros(0, 3, dtype=dtype),
    "transposed": lambda lib, dtype: lib.zeros(30, 7, dtype=dtype).t(),
    "sliced": lambda lib, dtype: lib.zeros(30, 14, dtype=dtype)[:, ::2],
    "permuted": lambda lib, dtype: lib.zeros(5, 6, 7, dtype=dtype).permute(2, 0, 1),
}
TOLERANCES = {"float16": 2e-3, "bfloat16": 1e-2, "float32": 2e-6, "float64": 1e-12}
EXACT = ("uniform", "uniform_bounds", "bernoulli", "random", "random_to", "random_from_to", "geometric")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fill", FILLS)
def test_fills_equal_torch(torch, fill, layout):
    continuous = fill in ("uniform", "uniform_bounds", "normal", "exponential", "log_normal", "cauchy")
    for dtype in FLOATS if continuous else [*FLOATS, *INTS]:
        tolerance = 0.0 if fill in EXACT else TOLERANCES[dtype]
        same(torch, lambda lib: FILLS[fill](LAYOUTS[layout](lib, getattr(lib, dtype))), 11, tolerance)


def test_fills_of_other_dtypes_equal_torch(torch):
    for dtype in ("bool", "uint8", "int64", "float16"):
        same(torch, lambda lib: lib.zeros(50, dtype=getattr(lib, dtype)).random_())
        same(torch, lambda lib: lib.zeros(50, dtype=getattr(lib, dtype)).bernoulli_(0.5))
    for dtype in ("complex64", "complex128"):
        same(torch, lambda lib: lib.zeros(50, dtype=getattr(lib, dtype)).uniform_())
        same(
            torch, lambda lib: lib.zeros(50, dtype=getattr(lib, dtype)).normal_(2, 3), tolerance=5e-6
        )  # both parts get the mean
    same(torch, lambda lib: lib.zeros(50, dtype=lib.int64).random_(-(2**63), None))
    same(torch, lambda lib: lib.zeros(50, dtype=lib.uint8).random_(4, None))


def test_the_second_normal_of_a_pair_is_kept(torch):
    same(
        torch,
        lambda lib: lib.cat([lib.randn(3), lib.randn(2), lib.randn(1, dtype=lib.float64).float()]),
        4,
        2e-6,
    )


@pytest.mark.parametrize("p_dtype", FLOATS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool", "bfloat16"])
def test_bernoulli_probabilities_equal_torch(torch, dtype, p_dtype):
    def probabilities(lib):
        return lib.linspace(0, 1, 60, dtype=lib.float64).to(getattr(lib, p_dtype)).reshape(3, 20)

    same(torch, lambda lib: lib.zeros(3, 20, dtype=getattr(lib, dtype)).bernoulli_(probabilities(lib)))
    same(torch, lambda lib: lib.zeros(20, 3, dtype=getattr(lib, dtype)).t().bernoulli_(probabilities(lib)))
    same(torch, lambda lib: lib.zeros(4, 3, 20, dtype=getattr(lib, dtype)).bernoulli_(probabilities(lib)[:1]))
    same(torch, lambda lib: lib.bernoulli(probabilities(lib)))
    same(torch, lambda lib: lib.bernoulli(probabilities(lib), 0.25))
    same(torch, lambda lib: probabilities(lib).bernoulli())


def test_normal_forms_equal_torch(torch):
    forms = [
        lambda lib: lib.normal(2, 3, (2, 20)),
        lambda lib: lib.normal(2.0, 3.0, size=(3,)),
        lambda lib: lib.normal(mean=lib.arange(1.0, 41.0), std=lib.arange(40, 0, -1).float()),
        lambda lib: lib.normal(lib.arange(1.0, 31.0), 2.0),
        lambda lib: lib.normal(lib.arange(1.0, 31.0)),
        lambda lib: lib.normal(1.0, lib.arange(1.0, 31.0)),
        lambda lib: lib.normal(lib.zeros(2, 1), lib.ones(30, dtype=lib.float64)),
        lambda lib: lib.normal(lib.zeros(20, dtype=lib.float64), lib.ones(20)),
        lambda lib: lib.normal(lib.zeros(4), lib.ones(4), out=lib.empty(0)),
    ]
    for form in forms:
        same(torch, form, 3, 2e-6)


def test_poisson_and_multinomial_equal_torch(torch):
    same(torch, lambda lib: lib.poisson(lib.linspace(0, 40, 400)))
    same(torch, lambda lib: lib.poisson(lib.linspace(0, 400, 90, dtype=lib.float64).reshape(9, 10)))
    for dtype in FLOATS:

        def weights(lib):
            return lib.tensor([[0.1, 0.2, 0.3, 0.4], [0.9, 0.0, 0.05, 0.05]], dtype=getattr(lib, dtype))

        for n, replacement in [(1, False), (2, False), (3, False), (1, True), (50, True)]:
            same(torch, lambda lib: lib.multinomial(weights(lib), n, replacement))
            same(torch, lambda lib: weights(lib)[0].multinomial(n, replacement))


def test_like_forms_equal_torch(torch):
    same(torch, lambda lib: lib.rand_like(lib.zeros(5, 6).t()))
    same(torch, lambda lib: lib.randn_like(lib.zeros(5, 6, dtype=lib.float64)), tolerance=1e-12)
    same(torch, lambda lib: lib.randn_like(lib.zeros(50, 6).t()), tolerance=2e-6)
    same(torch, lambda lib: lib.randn_like(lib.zeros(5, 12)[:, ::2], dtype=lib.float64), tolerance=1e-12)
    same(torch, lambda lib: lib.randint_like(lib.zeros(5), 9))
    same(torch, lambda lib: lib.randint_like(lib.zeros(5), 3, 9))
    same(torch, lambda lib: lib.randint_like(lib.zeros(5), low=3, high=9, dtype=lib.int32))
    assert fb.rand_like(fb.zeros(3, 4).t()).stride() == (1, 3) or fb.rand_like(
        fb.zeros(3, 4).t()
    ).stride() == (1, 4)


def test_randint_call_forms():
    forms = [
        lambda: fb.randint(5, (40,)),
        lambda: fb.randint(0, 5, (40,)),
        lambda: fb.randint(high=5, size=(40,)),
        lambda: fb.randint(low=0, high=5, size=[40]),
        lambda: fb.randint(0, 5, size=fb.Size((40,))),
        lambda: fb.randint(5, size=(40,)),
    ]
    drawn = []
    for form in forms:
        fb.manual_seed(3)
        drawn.append(form().tolist())
    assert all(d == drawn[0] for d in drawn) and set(drawn[0]) == {0, 1, 2, 3, 4}


def test_out_and_requires_grad():
    x = fb.empty(0, dtype=fb.float64)
    assert fb.rand(2, 3, out=x) is x and x.shape == (2, 3) and x.dtype is fb.float64
    assert fb.rand(2, requires_grad=True).requires_grad
    p = fb.zeros(5, dtype=fb.int32)
    assert fb.randperm(5, out=p) is p and sorted(p.tolist()) == [0, 1, 2, 3, 4]
    assert fb.rand(size=(2,)).shape == fb.rand([2]).shape == (2,)
    assert fb.rand(()).shape == ()


# ---- generators


def test_known_numbers():
    """Mersenne Twister reference: the 10000th word of seed 5489 is 4123659995."""
    words = fb.Generator().manual_seed(5489)
    drawn = fb.zeros(10000, dtype=fb.int64).random_(0, 2**28 - 1, generator=words)
    assert drawn[-1].item() == 4123659995 % (2**28 - 1)


def test_generators_are_independent_streams():
    a, b = fb.Generator(), fb.Generator()
    assert a.initial_seed() == 67280421310721 and a.device == fb.device("cpu")
    assert a.manual_seed(5) is a
    b.manual_seed(5)
    fb.manual_seed(0)
    x = fb.rand(4, generator=a)
    fb.rand(100)
    assert fb.rand(4, generator=b).tolist() == x.tolist() != fb.rand(4, generator=b).tolist()
    fb.manual_seed(5)
    assert fb.rand(4).tolist() == x.tolist()


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**63, 2**64 - 1, -1, -(2**63)])
def test_seeds_wrap(torch, seed):
    assert fb.manual_seed(seed) is fb.default_generator
    torch.manual_seed(seed)
    assert fb.initial_seed() == torch.initial_seed()
    assert fb.rand(3).tolist() == torch.rand(3).tolist()


@pytest.mark.parametrize("drawn", [0, 1, 3, 623, 624, 700])
def test_states_are_exchanged_with_torch(torch, drawn):
    torch.manual_seed(99)
    torch.rand(drawn), torch.randn(3)
    fb.manual_seed(99)
    fb.rand(drawn), fb.randn(3)
    assert fb.get_rng_state().tolist() == torch.get_rng_state().tolist()
    fb.manual_seed(1)
    fb.set_rng_state(fb.from_numpy(torch.get_rng_state().numpy()))
    assert fb.initial_seed() == 99
    assert fb.rand(700).tolist() == torch.rand(700).tolist()
    np.testing.assert_allclose(fb.randn(5).tolist(), torch.randn(5).tolist(), rtol=1e-6)


def test_state_copy_pickle_fork():
    g = fb.Generator().manual_seed(1)
    fb.randn(5, generator=g)
    copies = [g.clone_state(), pickle.loads(pickle.dumps(g)), copy.deepcopy(g)]
    expected = fb.randn(700, generator=g).tolist()
    for c in copies:
        assert fb.randn(700, generator=c).tolist() == expected
    fb.manual_seed(7)
    with fb.random.fork_rng():
        fb.manual_seed(3)
    with pytest.raises(KeyError), fb.random.fork_rng():
        fb.rand(5)
        raise KeyError
    with fb.random.fork_rng(enabled=False):
        pass
    inside = fb.rand(3).tolist()
    fb.manual_seed(7)
    assert fb.rand(3).tolist() == inside


def test_bad_states_change_nothing():
    g = fb.Generator().manual_seed(1)
    state = g.get_state()
    with pytest.raises(TypeError, match="RNG state must be a torch.ByteTensor"):
        g.set_state(state.to(fb.float32))
    with pytest.raises(RuntimeError, match="of size 5056 but found the input RNG state size to be 3"):
        g.set_state(state[:3])
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        g.set_state(fb.zeros(5056, dtype=fb.uint8))
    assert g.get_state().tolist() == state.tolist()


def test_seed_from_the_system():
    assert fb.seed() != fb.seed()
    assert fb.seed() == fb.initial_seed()
    code = "import flambeau as fb; print(fb.rand(4).tolist())"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout != runs[1].stdout


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: fb.manual_seed(2**64), ValueError, "Overflow"),
        (lambda: fb.manual_seed(-(2**63) - 1), ValueError, "Overflow"),
        (lambda: fb.manual_seed("a"), ValueError, "invalid literal"),
        (lambda: fb.Generator().manual_seed(1.5), RuntimeError, "manual_seed expected a long, but got float"),
        (lambda: fb.Generator("cuda"), RuntimeError, "cuda"),
        (lambda: fb.rand(2, generator=5), TypeError, "'generator' must be torch.Generator, not int"),
        (lambda: fb.rand(2, dtype=fb.int64), NotImplementedError, "check_uniform_bounds.*for 'Long'"),
        (lambda: fb.randn(2, dtype=fb.bool), NotImplementedError, "\"normal_kernel_cpu\" not implemented for 'Bool'"),
        (lambda: fb.rand("a"), TypeError, "argument 'size'"),
        (lambda: fb.rand(-1), RuntimeError, "negative dimension"),
        (lambda: fb.rand(), TypeError, "size"),
        (lambda: fb.rand(2, foo=1), TypeError, "foo"),
        (lambda: fb.randint(3, 3, (2,)), RuntimeError, "'from' to be less than 'to', but got from=3 >= to=3"),
        (lambda: fb.randint(-5, (2,)), RuntimeError, "from=0 >= to=-5"),
        (lambda: fb.randint(5), TypeError, "invalid combination of arguments"),
        (lambda: fb.randint(0, 5, 3), TypeError, "'size'"),
        (lambda: fb.randint(1.5, (2,)), TypeError, "'high'.*must be int, not float"),
        (lambda: fb.randint(2**63, (2,)), ValueError, "Overflow"),
        (lambda: fb.randint(0, 2**40, (2,), dtype=fb.int32), RuntimeError, "to - 1 is out of bounds for int"),
        (lambda: fb.randint(0, 300, (2,), dtype=fb.uint8), RuntimeError, "to - 1 is out of bounds for unsigned char"),
        (lambda: fb.randint(0, 70000, (2,), dtype=fb.float16), RuntimeError, "out of bounds for c10::Half"),
        (lambda: fb.randint(3, (2,), requires_grad=True), RuntimeError, "nly Tensors of floating point"),
        (lambda: fb.randint_like(fb.ones(2), low=5), TypeError, "invalid combination"),
        (lambda: fb.randperm(-1), RuntimeError, "negative dimension"),
        (lambda: fb.randperm(2.5), TypeError, "must be int, not float"),
        (lambda: fb.randperm(300, dtype=fb.uint8), RuntimeError, "without overflow"),
        (lambda: fb.randperm(3000, dtype=fb.float16), RuntimeError, "cannot be greater than 2049 for Half"),
        (lambda: fb.randperm(3, dtype=fb.bool), NotImplementedError, "\"randperm\" not implemented for 'Bool'"),
        (lambda: fb.normal(0.0, -1.0, (2,)), RuntimeError, "normal expects std >= 0.0, but found std -1"),
        (lambda: fb.normal(fb.zeros(2), -1.0), RuntimeError, "normal expects std >= 0.0"),
        (lambda: fb.normal(fb.zeros(2), fb.tensor([-1.0, 1])), RuntimeError, "all elements of std >= 0.0"),
        (lambda: fb.normal(fb.zeros(2), fb.ones(3)), RuntimeError, r"tensor a \(2\) must match .* tensor b \(3\)"),
        (lambda: fb.normal(0.0, 1.0), TypeError, "invalid combination of arguments"),
        (lambda: fb.normal(fb.zeros(2, dtype=fb.int64), 1.0), NotImplementedError, "not implemented for 'Long'"),
        (lambda: fb.bernoulli(fb.tensor([0.5, 1.5])), RuntimeError, "p_in >= 0 && p_in <= 1"),
        (lambda: fb.bernoulli(fb.tensor([math.nan])), RuntimeError, "p_in >= 0 && p_in <= 1"),
        (lambda: fb.bernoulli(fb.ones(3), 2), RuntimeError, r"expects p to be in \[0, 1\], but got p=2"),
        (lambda: fb.bernoulli(fb.tensor([1, 0])), NotImplementedError, "not implemented for 'Long'"),
        (lambda: fb.poisson(fb.tensor([-1.0])), RuntimeError, "invalid Poisson rate"),
        (lambda: fb.poisson(fb.tensor([1])), NotImplementedError, "poisson_cpu"),
        (lambda: fb.multinomial(fb.zeros(2), 1), RuntimeError, "sum of probabilities <= 0"),
        (lambda: fb.multinomial(fb.tensor([1.0, -1]), 1), RuntimeError, "either `inf`, `nan` or element < 0"),
        (lambda: fb.multinomial(fb.ones(2), 3), RuntimeError, "n_sample > prob_dist.size"),
        (lambda: fb.multinomial(fb.ones(2), 0), RuntimeError, "n_sample <= 0"),
        (lambda: fb.multinomial(fb.ones(1, 2, 3), 1), RuntimeError, "must be 1 or 2 dim"),
        (lambda: fb.multinomial(fb.tensor([1, 2]), 1), RuntimeError, "floating-point dtypes for input, got: Long"),
        (lambda: fb.multinomial(fb.ones(3), 2, out=fb.ones(3)), RuntimeError, "expects Long tensor out, got: Float"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "fill, error, text",
    [
        (lambda t: t.uniform_(1, 0), RuntimeError, r"\[from, to\) range, but found from=1 > to=0"),
        (lambda t: t.uniform_(0, math.inf), RuntimeError, "to is out of bounds for float"),
        (lambda t: t.uniform_(math.nan, 1), RuntimeError, "from is out of bounds for float"),
        (lambda t: t.uniform_(-3e38, 3e38), RuntimeError, "to-from"),
        (lambda t: t.uniform_(q=1), TypeError, "unexpected keyword argument 'q'"),
        (lambda t: t.uniform_(1, 2, 3), TypeError, "positional"),
        (lambda t: t.uniform_("x"), TypeError, "must be float, not str"),
        (lambda t: t.normal_(0, -1), RuntimeError, "normal expects std >= 0.0, but found std -1"),
        (lambda t: t.normal_(std=math.nan), RuntimeError, "found std nan"),
        (lambda t: t.random_(3, 3), RuntimeError, "from=3 >= to=3"),
        (lambda t: t.random_(0), RuntimeError, "from=0 >= to=0"),
        (lambda t: t.random_(1.5), TypeError, "must be int"),
        (lambda t: t.bernoulli_(1.5), RuntimeError, r"expects p to be in \[0, 1\], but got p=1.5"),
        (lambda t: t.bernoulli_(fb.tensor([0.5, 2, 3])), RuntimeError, "p_in"),
        (lambda t: t.bernoulli_(fb.tensor([0.5, 0.5, 0.5])), RuntimeError, r"shape \[3\] do not broadcast"),
        (lambda t: t.bernoulli_(fb.tensor([1, 0])), NotImplementedError, "not implemented for 'Long'"),
        (lambda t: t.exponential_(0), RuntimeError, "expects lambda > 0.0, but found lambda=0"),
        (lambda t: t.log_normal_(0, 0), RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
        (lambda t: t.cauchy_(0, -1), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=-1"),
        (lambda t: t.geometric_(1), RuntimeError, r"geometric_ expects p to be in \(0, 1\), but got p=1"),
        (lambda t: t.geometric_(), TypeError, "p"),
    ],
)  # fmt: skip
def test_fill_errors_change_nothing(fill, error, text):
    t = fb.full((2,), 7.0)
    fb.manual_seed(1)
    state, version = fb.get_rng_state().tolist(), t._version
    with pytest.raises(error, match=text):
        fill(t)
    assert t.tolist() == [7.0, 7.0] and t._version == version and fb.get_rng_state().tolist() == state


@pytest.mark.parametrize(
    "fill",
    [
        lambda t: t.uniform_(),
        lambda t: t.normal_(),
        lambda t: t.exponential_(),
        lambda t: t.log_normal_(),
        lambda t: t.cauchy_(),
    ],
)
def test_continuous_fills_refuse_ints(fill):
    with pytest.raises((RuntimeError, NotImplementedError), match=r"(?i)long"):
        fill(fb.zeros(2, dtype=fb.int64))


@pytest.mark.parametrize("fill", FILLS)
def test_fills_and_autograd(fill):
    leaf = fb.ones(3, requires_grad=True)
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"
    ):
        FILLS[fill](leaf)
    assert leaf.tolist() == [1, 1, 1]
    with fb.no_grad():
        assert FILLS[fill](leaf) is leaf
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        FILLS[fill](fb.ones(1).expand(3))
    y = leaf * 2
    version = y._version
    FILLS[fill](y)
    assert y.requires_grad and y._version > version
    y.sum().backward()
    assert leaf.grad.tolist() == [0, 0, 0]


def test_draws_from_tensors_have_zero_gradients():
    p = fb.full((3,), 0.5, requires_grad=True)
    for y in (fb.bernoulli(p), fb.poisson(p), fb.normal(p, 1.0), fb.normal(0.0, p), fb.normal(p, p)):
        assert y.requires_grad
        p.grad = None
        y.backward(fb.full((3,), math.inf))
        assert p.grad.tolist() == [0, 0, 0]


def test_precision_warning():
    with pytest.warns(UserWarning, match=r"out of bounds \[-\(2\^24\), 2\^24\]"):
        fb.zeros(2).random_(2**40)


def test_moments():
    """Means and variances within six standard errors."""
    fb.manual_seed(0)
    n = 200_000
    cases = [
        (fb.rand(n), 0.5, 1 / 12), (fb.randn(n), 0, 1), (fb.randn(n, dtype=fb.float64), 0, 1),
        (fb.zeros(n).exponential_(2), 0.5, 0.25), (fb.zeros(n).geometric_(0.25), 4, 12),
        (fb.poisson(fb.full((n,), 3.5)), 3.5, 3.5), (fb.poisson(fb.full((n,), 50.0)), 50, 50),
        (fb.randint(0, 10, (n,)).to(fb.float64), 4.5, 8.25), (fb.zeros(n).bernoulli_(0.2), 0.2, 0.16),
        (fb.zeros(n).log_normal_(0, 0.5), math.exp(0.125), (math.exp(0.25) - 1) * math.exp(0.25)),
    ]  # fmt: skip
    for t, mean, variance in cases:
        x = t.numpy().astype(np.float64)
        assert abs(x.mean() - mean) < 6 * math.sqrt(variance / n)
        assert abs(x.var() / variance - 1) < 0.05
    assert fb.rand(n).numpy().max() < 1 and fb.rand(n, dtype=fb.bfloat16).tolist().count(1.0) == 0


def test_threads_share_a_generator_without_losing_draws():
    n, m = 4, 40_000
    g = fb.Generator().manual_seed(3)
    parts = [None] * n

    def draw(i):
        parts[i] = fb.rand(m, generator=g)

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    whole = fb.rand(n * m, generator=fb.Generator().manual_seed(3))
    assert sorted(v for p in parts for v in p.tolist()) == sorted(whole.tolist())
