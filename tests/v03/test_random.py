"""Random numbers of 0.3: those that programs printed in its time, and the algorithm in `tests/th_reference.py`."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

import flambeau as fb
import flambeau.v03 as torch
from flambeau import random as streams
from flambeau.v03 import era, nn
from flambeau.v03.autograd import Variable
from flambeau.v03.legacy import nn as legacy
from flambeau.v03.nn import functional as F

from ..th_reference import SIZES, Reference


@pytest.fixture
def reference():
    """The reference at the seed from which the default generator starts."""
    torch.manual_seed(3)
    return Reference(3)


def same(got, want, rtol=0.0):
    """Whether a tensor or Variable has the numbers of an array, in the order of indices."""
    data = got.data if isinstance(got, Variable) else got
    np.testing.assert_allclose(data.numpy().reshape(-1), np.asarray(want).reshape(-1), rtol=rtol, atol=0)


def close(got, want):
    """The same up to the last digit, where libm and NumPy differ."""
    same(got, want, rtol=3e-7 if "Float" in got.type() else 1e-14)


# ---- what was printed in 2017 and 2018


def printed(tensor):
    return [round(x, 4) for x in tensor.view(-1).tolist()]


def test_published_normals():
    """Printed as [torch.FloatTensor of size 2x3] and 1x3, by torch.manual_seed(1) and randn."""
    torch.manual_seed(1)
    assert printed(torch.randn(2, 3)) == [0.6614, 0.2669, 0.0617, 0.6213, -0.4519, -0.1661]
    assert printed(torch.randn(1, 3)) == [-1.5228, 0.3817, -1.0276]


def test_published_embedding():
    """A notebook's second nn.Embedding(2, 5) after torch.manual_seed(1)."""
    torch.manual_seed(1)
    nn.Embedding(2, 5)
    want = [-0.8923, -0.0583, -0.1955, -0.9656, 0.4224, 0.2673, -0.4212, -0.5107, -1.5727, -0.1232]
    assert printed(nn.Embedding(2, 5).weight.data) == want


def test_published_normals_of_02():
    """The tutorials of 2017, run by 0.2: torch.manual_seed(1), torch.randn((3, 4, 5))."""
    streams.set_stream("0.2")
    torch.manual_seed(1)
    assert printed(torch.randn((3, 4, 5)))[:20] == [
        -2.9718, 1.7070, -0.4305, -2.2820, 0.5237, 0.0004, -1.2039, 3.5283, 0.4434, 0.5848,
        0.8407, 0.5510, 0.3863, 0.9124, -0.8410, 1.2282, -1.8661, 1.4146, -1.8781, -0.4674,
    ]  # fmt: skip


# ---- fills and functions


@pytest.mark.parametrize("dtype, name", [("float32", "FloatTensor"), ("float64", "DoubleTensor")])
class TestFills:
    @pytest.fixture
    def new(self, name):
        return getattr(torch, name)(3, 7)

    def test_uniform(self, reference, new, dtype):
        same(new.uniform_(), reference.uniform(21, dtype=dtype))
        same(new.uniform_(-0.1, 0.2), reference.uniform(21, -0.1, 0.2, dtype))

    def test_normal(self, reference, new, dtype):
        close(new.normal_(), reference.normal(21, dtype=dtype))
        close(new.normal_(2, 3), reference.normal(21, 2, 3, dtype))

    def test_exponential(self, reference, new, dtype):
        close(new.exponential_(0.3), reference.exponential(21, 0.3, dtype))

    def test_cauchy(self, reference, new, dtype):
        close(new.cauchy_(1, 2), reference.cauchy(21, 1, 2, dtype))

    def test_log_normal(self, reference, new, dtype):
        close(new.log_normal_(0.5, 0.25), reference.log_normal(21, 0.5, 0.25, dtype))

    def test_geometric(self, reference, new, dtype):
        same(new.geometric_(0.8), reference.geometric(21, 0.8, dtype))

    def test_bernoulli(self, reference, new, dtype):
        same(new.bernoulli_(0.3), reference.bernoulli([0.3] * 21))
        probabilities = new.clone().uniform_()
        reference.uniform(21, dtype=dtype)
        same(probabilities.bernoulli(), reference.bernoulli(probabilities.view(-1).tolist()))
        same(torch.bernoulli(probabilities), reference.bernoulli(probabilities.view(-1).tolist()))


@pytest.mark.parametrize("dtype", SIZES)
def test_integers(reference, dtype):
    names = {"uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long", "float32": "Float",
             "float64": "Double"}  # fmt: skip
    x = getattr(torch, f"{names[dtype]}Tensor")(40)
    same(x.random_(), reference.random(40, dtype))
    same(x.random_(5, 99), reference.integers(40, 5, 99, dtype))
    same(x.random_(7), reference.integers(40, 0, 7, dtype))
    same(torch.LongTensor(9).random_(2**40), reference.integers(9, 0, 2**40, "int64"))


def test_factories(reference):
    same(torch.rand(4, 5), reference.uniform(20))
    close(torch.randn(4, 5), reference.normal(20))
    assert torch.randperm(30).tolist() == reference.permutation(30)


def test_normal_of_tensors(reference):
    means, stds = torch.arange(1, 6), torch.arange(2, 7)
    close(torch.normal(means, 2.0), reference.normal(5, 0, 2) + np.float32([1, 2, 3, 4, 5]))
    close(torch.normal(3.0, stds), reference.normal(5) * np.float32([2, 3, 4, 5, 6]) + np.float32(3))
    close(torch.normal(means, stds), reference.normal(5) * np.float32([2, 3, 4, 5, 6]) + np.float32([1, 2, 3, 4, 5]))


@pytest.mark.parametrize("replacement", [False, True])
def test_multinomial(reference, replacement):
    weights = [1.0, 10.0, 3.0, 0.5, 0.0, 2.0]
    drawn = torch.multinomial(torch.Tensor(weights), 4, replacement)
    assert drawn.tolist() == reference.multinomial(weights, 4, replacement)
    rows = torch.multinomial(torch.DoubleTensor([weights, weights[::-1]]), 3, replacement)
    assert rows.tolist() == [reference.multinomial(w, 3, replacement) for w in (weights, weights[::-1])]
    assert torch.multinomial(torch.Tensor(weights), 1).tolist() == reference.multinomial(weights, 1, False)


def test_indices_decide_the_order_not_memory(reference):
    x = torch.zeros(3, 4).t()
    same(x.uniform_().contiguous(), reference.uniform(12))
    close(x.normal_().contiguous(), reference.normal(12))
    same(x.bernoulli_(torch.FloatTensor(4, 3).fill_(0.5)).contiguous(), reference.bernoulli([0.5] * 12))
    every_other = torch.zeros(10)[::2]
    same(every_other.uniform_(), reference.uniform(5))


# ---- the generator


def test_normals_come_in_pairs_across_calls(reference):
    for n in 1, 2, 3, 17:
        close(torch.randn(n), reference.normal(n))
        same(torch.rand(n), reference.uniform(n))
        same(torch.DoubleTensor(n).bernoulli_(0.5), reference.bernoulli([0.5] * n))


def test_the_state_has_the_pair(reference):
    torch.randn(3)
    reference.normal(3)
    state = torch.get_rng_state()
    assert state.size(0) == 5048
    first = torch.randn(4)
    torch.manual_seed(8)
    torch.set_rng_state(state)
    assert first.equal(torch.randn(4))
    close(first, reference.normal(4))


def test_a_state_as_03_wrote_it(reference):
    """There the pair is an angle in turns, a uniform and a radius."""
    torch.randn(3)
    state = torch.get_rng_state()
    reference.normal(2)
    turns, uniform = reference.unit(), reference.unit()
    pair = np.array([turns, uniform, math.sqrt(-2 * math.log(1 - uniform))])
    state[5016:5040] = torch.from_numpy(pair.view(np.uint8).copy())
    torch.set_rng_state(state)
    want = pair[2] * math.sin(2 * math.pi * turns)
    assert torch.randn(1)[0] == np.float32(want)


def test_seeding_forgets_the_pair():
    torch.manual_seed(1)
    first = torch.randn(3)
    torch.manual_seed(1)
    assert first.equal(torch.randn(3)) and torch.initial_seed() == 1


def test_generators_of_their_own(reference):
    g = torch.Generator()
    g.manual_seed(3)
    close(torch.Tensor(3).normal_(generator=g), reference.normal(3))
    for twin in pickle.loads(pickle.dumps(g)), copy.deepcopy(g), g.clone_state():
        assert type(twin) is torch.Generator and twin.initial_seed() == 3
        assert torch.Tensor(5).normal_(generator=twin).equal(torch.Tensor(5).normal_(generator=g.clone_state()))


def test_fork_rng(reference):
    torch.randn(1)
    with fb.random.fork_rng():
        inside = torch.randn(3)
    assert inside.equal(torch.randn(3))


# ---- layers


def fill_in_turn(reference, layer, bound):
    for p in layer.parameters():
        same(p, reference.uniform(p.data.numel(), -bound, bound))


def test_linear_and_convolutions(reference):
    fill_in_turn(reference, nn.Linear(7, 5), 1 / math.sqrt(7))
    fill_in_turn(reference, nn.Conv2d(3, 4, (2, 5)), 1 / math.sqrt(30))
    fill_in_turn(reference, nn.ConvTranspose1d(3, 4, 5), 1 / math.sqrt(15))
    fill_in_turn(reference, nn.Bilinear(3, 4, 2), 1 / math.sqrt(3))


def test_recurrent(reference):
    for layer in nn.LSTM(3, 4, 2, bidirectional=True), nn.GRU(2, 4), nn.RNN(2, 4), nn.LSTMCell(3, 4):
        fill_in_turn(reference, layer, 0.5)


def test_embedding_and_batch_norm(reference):
    close(nn.Embedding(6, 3).weight.data, reference.normal(18))
    same(nn.BatchNorm1d(5).weight, reference.uniform(5))


def test_initialisers(reference):
    x = torch.Tensor(4, 6)
    close(nn.init.normal(x, 1, 2), reference.normal(24, 1, 2))
    close(nn.init.xavier_normal(x), reference.normal(24, 0, math.sqrt(2 / 10)))
    bound = math.sqrt(3) * math.sqrt(2 / 10)
    same(nn.init.xavier_uniform(x), reference.uniform(24, -bound, bound))


def test_dropout(reference):
    x = Variable(torch.ones(4, 9))
    same(F.dropout(x, 0.3, True), reference.bernoulli([0.7] * 36) / np.float32(0.7))
    same(F.dropout(x.t(), 0.3, True).contiguous(), reference.bernoulli([0.7] * 36) / np.float32(0.7))
    images = Variable(torch.ones(2, 3, 2, 2))
    want = reference.bernoulli([0.5] * 6).repeat(4) * 2
    same(nn.Dropout2d(0.5)(images), want)


def test_alpha_dropout_draws_what_it_drops(reference):
    x, p = torch.rand(30), 0.3
    reference.uniform(30)
    limit = -1.7580993408473766
    scale = (0.7 + limit**2 * 0.7 * 0.3) ** -0.5
    dropped = reference.bernoulli([p] * 30).astype(bool)
    want = np.where(dropped, limit, x.numpy()) * scale - scale * limit * p
    np.testing.assert_allclose(nn.AlphaDropout(p)(Variable(x)).data.numpy(), want, rtol=1e-5)


def test_dropout_between_recurrent_layers(reference):
    lstm = nn.RNN(2, 3, 2, dropout=0.4)
    whole = [p.data.clone() for p in lstm.parameters()]
    single = nn.RNN(2, 3, 1), nn.RNN(3, 3, 1)
    for layer, weights in zip(single, (whole[:4], whole[4:]), strict=True):
        for p, value in zip(layer.parameters(), weights, strict=True):
            p.data.copy_(value)
    torch.manual_seed(3)
    x = Variable(torch.ones(5, 1, 2))
    noise = torch.from_numpy(Reference(3).bernoulli([0.6] * 15) / np.float32(0.6))
    hidden = single[0](x)[0] * Variable(noise.view(5, 1, 3))
    np.testing.assert_allclose(lstm(x)[0].data.numpy(), single[1](hidden)[0].data.numpy(), rtol=1e-5)


def test_rrelu_draws_for_what_is_not_positive(reference):
    x = torch.Tensor([-1, 2, -3, 0, 5, -6])
    slopes = np.ones(6, "float32")
    slopes[[0, 2, 3, 5]] = reference.uniform(4, 0.1, 0.4, "float64")
    same(F.rrelu(Variable(x), 0.1, 0.4, True), x.numpy() * slopes)
    slopes[[0, 2, 3, 5]] = reference.uniform(4, 0.1, 0.4, "float64")
    same(legacy.RReLU(0.1, 0.4).forward(x), x.numpy() * slopes)


def test_legacy_layers(reference):
    linear = legacy.Linear(7, 5)
    same(linear.weight, reference.uniform(35, -1 / math.sqrt(7), 1 / math.sqrt(7)))
    same(linear.bias, reference.uniform(5, -1 / math.sqrt(7), 1 / math.sqrt(7)))
    same(legacy.Dropout(0.3).forward(torch.ones(20)), reference.bernoulli([0.7] * 20) / np.float32(0.7))


def test_fractional_pooling(reference):
    x = Variable(torch.rand(2, 3, 8, 8))
    reference.uniform(2 * 3 * 64)
    samples = torch.from_numpy(reference.uniform(12).reshape(2, 3, 2))
    got = nn.FractionalMaxPool2d(2, output_size=4)(x)
    given = nn.FractionalMaxPool2d(2, output_size=4, _random_samples=Variable(samples))
    assert got.data.equal(given(x).data)


def test_data_loader(reference):
    data = torch.utils.data.TensorDataset(torch.arange(0, 20), torch.arange(0, 20))
    order = [int(x) for batch, _ in torch.utils.data.DataLoader(data, 4, shuffle=True) for x in batch]
    assert order == reference.permutation(20)
    batches = torch.utils.data.DataLoader(data, 4, shuffle=True, num_workers=1)
    reference.long_word()  # the seed of the worker, which is only drawn if there is one
    assert [int(x) for batch, _ in batches for x in batch] == reference.permutation(20)
    weighted = torch.utils.data.sampler.WeightedRandomSampler([1.0, 5.0, 2.0], 9)
    assert list(weighted) == reference.multinomial([1, 5, 2], 9, True)


class Drawing(torch.utils.data.Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return torch.randn(2)


def test_workers_have_the_stream(reference):
    batch = next(iter(torch.utils.data.DataLoader(Drawing(), 3, num_workers=1)))
    close(batch, Reference(reference.long_word() % 2**32).normal(6))


# ---- one era and the other


def test_todays_stream_before_and_after():
    era.leave()
    before = fb.manual_seed(7) and fb.randn(40)
    with era.entered():
        assert streams.default_generator._engine.stream == "0.3"
        torch.manual_seed(7)
        assert not np.allclose(torch.randn(40).numpy(), before.numpy())
    fb.manual_seed(7)
    assert fb.randn(40).equal(before)
    assert fb.empty(40).normal_(generator=fb.Generator().manual_seed(7)).equal(before)


def test_entering_keeps_seed_and_place():
    era.leave()
    fb.manual_seed(5)
    fb.rand(3)
    with era.entered():
        assert torch.initial_seed() == 5
        reference = Reference(5)
        reference.uniform(3)
        same(torch.rand(2), reference.uniform(2))
    assert fb.rand(1).item() == np.float32((reference.word() & 2**24 - 1) / 2**24)


def test_states_go_from_one_stream_to_the_other():
    era.leave()
    fb.manual_seed(5)
    fb.randn(1)
    state = fb.get_rng_state()
    kept = fb.randn(1).item()
    with era.entered():
        torch.set_rng_state(torch.from_numpy(state.numpy()))
        assert torch.randn(1)[0] == pytest.approx(kept, abs=1e-6)


def test_unknown_stream():
    with pytest.raises(ValueError, match="there is no stream '0.4', only 'today', '0.3', '0.2'"):
        streams.set_stream("0.4")


PROGRAM = """
import torch.multiprocessing as multiprocessing, torch

def draw(queue):
    torch.manual_seed(1)
    queue.put(torch.randn(3).tolist())

if __name__ == "__main__":
    multiprocessing.set_start_method({method!r})
    queue = multiprocessing.SimpleQueue()
    child = multiprocessing.Process(target=draw, args=(queue,))
    child.start()
    print(queue.get())
    child.join()
"""


def test_importing_draws_nothing():
    code = "import flambeau as fb; fb.manual_seed(4); import flambeau.v03 as torch; print(torch.rand(3).tolist())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    np.testing.assert_array_equal(np.float32(eval(result.stdout)), Reference(4).uniform(3))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_have_the_stream(method, tmp_path):
    script = tmp_path / "draws.py"
    script.write_text(PROGRAM.format(method=method))
    command = [sys.executable, "-m", "flambeau", "run", "--torch", "0.3", str(script)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    np.testing.assert_allclose(eval(result.stdout), Reference(1).normal(3), rtol=1e-6)


def test_the_default_generator_is_what_manual_seed_returns():
    assert torch.manual_seed(4) is torch.random.manual_seed(4) is torch.default_generator
    assert isinstance(torch.default_generator, torch.Generator) and torch.initial_seed() == 4


def test_normal_of_as_many_elements():
    torch.manual_seed(5)
    got = torch.normal(torch.zeros(2, 2), torch.arange(1, 5))
    torch.manual_seed(5)
    wanted = torch.Tensor(2, 2).normal_() * torch.arange(1, 5).view(2, 2)
    assert got.equal(wanted) and torch.normal(mean=0.5, std=torch.arange(1, 6)).size() == (5,)
    with pytest.raises(RuntimeError):
        torch.normal(torch.zeros(2), torch.ones(3))
