"""Models of sequences that start from the same seed here and in PyTorch follow the same curve of losses, in float32."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, one_thread  # noqa: F401

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("one_thread")
TOKENS, WIDTH, STEPS = 17, 16, 100


def text():
    """Tokens (T + 1, B) with something to learn: each is the sum of the last two, now and then another one."""
    random = np.random.default_rng(0)
    rows = [random.integers(0, TOKENS, 8), random.integers(0, TOKENS, 8)]
    for _ in range(11):
        noise = random.integers(0, TOKENS, 8) * (random.uniform(size=8) < 0.1)
        rows.append((rows[-1] + rows[-2] + noise) % TOKENS)
    return np.stack(rows)


def lstm_model(lib):
    nn = lib.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(TOKENS, WIDTH)
            self.rnn = nn.LSTM(WIDTH, 24, 2)
            self.head = nn.Linear(24, TOKENS)

        def forward(self, tokens):
            return self.head(self.rnn(self.embed(tokens))[0])

    return Model()


def transformer_model(lib):
    nn = lib.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(TOKENS, WIDTH)
            layer = nn.TransformerEncoderLayer(WIDTH, 2, 32, dropout=0.0)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.head = nn.Linear(WIDTH, TOKENS)

        def forward(self, tokens):
            mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[0])
            return self.head(self.encoder(self.embed(tokens), mask=mask))

    return Model()


def losses(lib, make, optimizer, **options):
    lib.manual_seed(0)
    model = make(lib)
    step = getattr(lib.optim, optimizer)(model.parameters(), **options)
    tokens = lib.from_numpy(text())
    found = []
    for _ in range(STEPS):
        step.zero_grad()
        scores = model(tokens[:-1])
        loss = lib.nn.functional.cross_entropy(scores.reshape(-1, TOKENS), tokens[1:].reshape(-1))
        loss.backward()
        lib.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        step.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("make", [lstm_model, transformer_model])
def test_the_same_start(make):
    """The weights of one seed; those of the embedding, normal numbers, but for the last bit of a logarithm."""
    fb.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = make(fb).state_dict(), make(torch).state_dict()
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        tolerance = 1e-6 if key == "embed.weight" else 0
        assert_close(ours[key], value, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("make", [lstm_model, transformer_model])
@pytest.mark.parametrize("optimizer", [("SGD", 0.5), ("Adam", 1e-3)], ids=lambda o: o[0])
def test_the_same_curve(make, optimizer):
    name, lr = optimizer
    ours, theirs = losses(fb, make, name, lr=lr), losses(torch, make, name, lr=lr)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert ours[-1] < ours[0] - 0.1  # it learns
