"""The random numbers of GPUs: Philox, one generator for each device."""

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.kernels.cuda import backend
from flambeau.philox import Philox, philox

ONES = 0xFFFFFFFF


@pytest.mark.parametrize("counter,key,expected", [  # the known answers that the authors publish with their generator
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([ONES] * 4, [ONES] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
     [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
])
def test_known_answers(counter, key, expected):
    assert philox([counter], key).tolist() == [expected]


def test_numbers_of_an_offset_are_blocks_of_subsequences():
    engine = Philox(5)
    first, second = engine.words(6), engine.words(3)
    assert first.tolist() == philox([[0, 0, 0, 0], [0, 0, 1, 0]], [5, 0]).reshape(-1)[:6].tolist()
    assert second.tolist() == philox([[1, 0, 0, 0]], [5, 0])[0, :3].tolist() and engine.offset == 8


# ---- distributions

N = 20000
DRAWS = [  # (draw, mean, variance)
    (lambda d: fb.rand(N, device=d), 0.5, 1 / 12),
    (lambda d: fb.rand(N, device=d, dtype=fb.float64), 0.5, 1 / 12),
    (lambda d: fb.randn(N, device=d), 0, 1),
    (lambda d: fb.randn(N, device=d, dtype=fb.float64), 0, 1),
    (lambda d: fb.randn(N, device=d, dtype=fb.float16).float(), 0, 1),
    (lambda d: fb.randint(3, 13, (N,), device=d), 7.5, 99 / 12),
    (lambda d: fb.empty(N, device=d).uniform_(2, 4), 3, 4 / 12),
    (lambda d: fb.empty(N, device=d).normal_(1, 2), 1, 4),
    (lambda d: fb.empty(N, 2, device=d).t()[0].normal_(1, 2), 1, 4),
    (lambda d: fb.empty(N, device=d).exponential_(2), 0.5, 0.25),
    (lambda d: fb.empty(N, device=d).geometric_(0.25), 4, 12),
    (lambda d: fb.empty(N, device=d).bernoulli_(0.3), 0.3, 0.21),
    (lambda d: fb.full((N,), 0.3, device=d).bernoulli(), 0.3, 0.21),
    (lambda d: fb.empty(N, device=d, dtype=fb.int8).random_(), 63.5, (128**2 - 1) / 12),
    (lambda d: fb.poisson(fb.full((N,), 4.0, device=d)), 4, 4),
    (lambda d: fb.poisson(fb.full((N,), 40.0, device=d)), 40, 40),
    (lambda d: fb._standard_gamma(fb.full((N,), 3.0, device=d)), 3, 3),
    (lambda d: fb.binomial(fb.full((N,), 10.0, device=d), fb.full((N,), 0.5, device=d)), 5, 2.5),
    (lambda d: fb.multinomial(fb.tensor([1.0, 0, 3.0], device=d), N, True), 1.5, 0.75),
    (lambda d: fb.normal(fb.zeros(N, device=d), 2.0), 0, 4),
    (lambda d: fb.rand_like(fb.zeros(N, device=d)), 0.5, 1 / 12),
    (lambda d: fb.nn.functional.dropout(fb.ones(N, device=d), 0.2), 1, 0.25),
    (lambda d: fb.randperm(N, device=d), (N - 1) / 2, (N**2 - 1) / 12),
]


@pytest.mark.parametrize("draw,mean,variance", DRAWS)
def test_distributions(gpu, draw, mean, variance):
    fb.manual_seed(0)
    x = draw("cuda:1")
    assert x.device == fb.device("cuda:1") and x.numel() == N
    x = x.cpu().double().numpy()
    assert abs(x.mean() - mean) < 4.5 * math.sqrt(variance / N)
    assert abs(x.var() / variance - 1) < 0.12


def test_ranges(gpu):
    x = fb.empty(100000, device="cuda", dtype=fb.float16).uniform_(0, 1)
    assert x.min().item() >= 0 and x.max().item() < 1
    assert sorted(fb.randperm(50, device="cuda").tolist()) == list(range(50))
    assert set(fb.randint(-2, 1, (100,), device="cuda").tolist()) == {-2, -1, 0}
    wide = fb.empty(2000, dtype=fb.int64, device="cuda").random_(-(2**63), None)
    assert wide.min().item() < -(2**61) and wide.max().item() > 2**61
    assert set(fb.empty(50, dtype=fb.bool, device="cuda").random_().tolist()) == {True, False}


# ---- generators


def test_each_device_has_its_generator(gpu):
    fb.manual_seed(3)
    first, other, host = fb.rand(4, device="cuda:0"), fb.rand(4, device="cuda:1"), fb.rand(4)
    assert first.tolist() == other.tolist() != host.tolist()  # one seed for all devices
    fb.cuda.manual_seed(4)  # of the current device
    a, b = fb.rand(4, device="cuda:0"), fb.rand(4, device="cuda:1")
    assert a.tolist() != b.tolist() and fb.cuda.initial_seed() == 4
    fb.cuda.manual_seed_all(3)
    assert fb.rand(4, device="cuda:1").tolist() == first.tolist() == fb.rand(4, device="cuda:0").tolist()
    fb.manual_seed(3)
    fb.rand(9, device="cuda")
    assert fb.rand(4).tolist() == host.tolist()  # the CPU's numbers go on as if there were no GPU


def test_seeds_given_before_the_first_use(gpu):
    fb.cuda.manual_seed_all(8)
    first = fb.rand(3, device="cuda").tolist()
    fb.cuda.manual_seed_all(8)
    assert fb.rand(3, device="cuda").tolist() == first
    fb.cuda.seed()
    fb.cuda.seed_all()
    assert fb.cuda.initial_seed() != 8


def test_states(gpu):
    fb.manual_seed(1)
    fb.rand(5, device="cuda:1")
    state = fb.cuda.get_rng_state(1)
    assert state.dtype is fb.uint8 and state.tolist() == [1, *[0] * 7, 4, *[0] * 7]  # seed and offset
    drawn = fb.randn(5, device="cuda:1").tolist()
    fb.cuda.set_rng_state(state, "cuda:1")
    assert fb.randn(5, device="cuda:1").tolist() == drawn
    states = fb.cuda.get_rng_state_all()
    fb.randn(5, device="cuda:0")
    fb.cuda.set_rng_state_all(states)
    assert all(a.equal(b) for a, b in zip(states, fb.cuda.get_rng_state_all(), strict=True)) and len(states) == 2
    with pytest.raises(RuntimeError, match="wrong size"):
        fb.cuda.set_rng_state(fb.get_rng_state())


def test_generators(gpu):
    g = fb.Generator(device="cuda:1").manual_seed(5)
    assert g.device == fb.device("cuda:1") and fb.Generator("cuda").device == fb.device("cuda:0")
    x = fb.randn(3, device="cuda:1", generator=g)
    assert g.get_offset() == 4 and g.set_offset(0).get_offset() == 0
    assert fb.empty(3, device="cuda:1").normal_(generator=g).tolist() == x.tolist()
    copy = g.clone_state()
    assert fb.rand(2, device="cuda", generator=copy).tolist() == fb.rand(2, device="cuda", generator=g).tolist()
    assert fb.cuda.default_generators[1].device == fb.device("cuda:1") and len(fb.cuda.default_generators) == 2
    with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
        fb.rand(2, generator=g)
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator but found 'cpu'"):
        fb.rand(2, device="cuda", generator=fb.Generator())
    with pytest.raises(RuntimeError, match="multiple of 4"):
        g.set_offset(3)
    with pytest.raises(RuntimeError, match="has no offset"):
        fb.Generator().get_offset()


def test_fork_rng(gpu, monkeypatch):
    monkeypatch.setattr(fb.random, "_warned_of_fork", False)
    fb.manual_seed(2)
    before = fb.cuda.get_rng_state_all()
    with fb.random.fork_rng(devices=["cuda:1"]):
        fb.rand(2, device="cuda:1")
    assert fb.cuda.get_rng_state(1).equal(before[1])
    with pytest.warns(UserWarning, match="2 available devices"), fb.random.fork_rng():
        fb.rand(2, device="cuda:0"), fb.rand(2, device="cuda:1")
    with fb.random.fork_rng([]):
        fb.rand(2, device="cuda:0")
    after = fb.cuda.get_rng_state_all()
    assert after[1].equal(before[1]) and not after[0].equal(before[0])


def test_checkpoints_draw_the_same_again(gpu):
    from flambeau.utils.checkpoint import checkpoint

    def layer(x):
        return fb.nn.functional.dropout(x, 0.5)

    x = fb.ones(1000, device="cuda:1", requires_grad=True)
    y = checkpoint(layer, x, use_reentrant=False)
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_vmap(gpu):
    x = fb.zeros(4, 3, device="cuda")
    different = fb.func.vmap(lambda row: row + fb.rand_like(row), randomness="different")(x)
    same = fb.func.vmap(lambda row: row + fb.rand_like(row), randomness="same")(x)
    assert not np.array_equal(different[0].cpu().numpy(), different[1].cpu().numpy())
    assert np.array_equal(same[0].cpu().numpy(), same[3].cpu().numpy()) and same.is_cuda


def test_generators_of_gpus_outlive_what_uses_them(gpu):
    fb.rand(2, device="cuda:1")
    backend.forget()
    with fb.random.fork_rng(fb.random.used_gpus()):  # as in a forked process: the GPUs themselves are not asked for
        pass
    assert not fb.cuda.is_initialized()
