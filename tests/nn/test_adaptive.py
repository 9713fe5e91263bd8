"""AdaptiveLogSoftmaxWithLoss against PyTorch."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")


def both(*args, **options):
    made = []
    for lib in (fb, torch):
        lib.manual_seed(2)
        made.append(lib.nn.AdaptiveLogSoftmaxWithLoss(*args, **options))
    return made


@pytest.mark.parametrize("options", [{}, {"head_bias": True, "div_value": 2.0}], ids=str)
def test_log_probabilities(options):
    ours, theirs = both(16, 20, [4, 10], **options)
    assert repr(ours) == repr(theirs)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p, q, rtol=1e-6, atol=1e-7)
    ours.load_state_dict({k: fb.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    ours.double(), theirs.double()
    x = np.random.default_rng(0).normal(size=(6, 16))
    for target in ([0, 3, 4, 9, 10, 19], [1, 1, 5, 5, 6, 0]):
        results = [
            run(lib, lambda x, n=lib, m=model, t=target: m(x, n.tensor(t)), [x])
            for lib, model in ((fb, ours), (torch, theirs))
        ]
        assert_close(*results)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad, q.grad)
    assert_close(ours.log_prob(fb.from_numpy(x)), theirs.log_prob(torch.from_numpy(x)))
    assert_close(ours.predict(fb.from_numpy(x)), theirs.predict(torch.from_numpy(x)))
    assert_close(ours(fb.from_numpy(x[0]), fb.tensor(12)), theirs(torch.from_numpy(x[0]), torch.tensor(12)))


def test_probabilities_sum_to_one():
    model = fb.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10])
    assert_close(model.log_prob(fb.rand(3, 16)).exp().sum(1), fb.ones(3), rtol=1e-5)


@pytest.mark.parametrize("cutoffs", [[], [4, 3], [0, 3], [3, 20], [3, 3], [2.5]], ids=str)
def test_constructor_errors(cutoffs):
    ours, theirs = (
        raised(lambda n=lib: n.nn.AdaptiveLogSoftmaxWithLoss(16, 20, cutoffs)) for lib in (fb, torch)
    )
    assert ours == theirs


@pytest.mark.parametrize(
    "call",
    [
        lambda m, z, i: m(z(3, 16), i([1, 2])),
        lambda m, z, i: m(z(3, 16), i([1, 2, 20])),
        lambda m, z, i: m(z(3, 16), i([1, 2, -1])),
        lambda m, z, i: m(z(3, 16, 1), i(1)),
        lambda m, z, i: m(z(3, 16), i([[1], [1], [1]])),
    ],
)
def test_errors(call):
    ours, theirs = (
        raised(lambda n=lib: call(n.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10]), n.zeros, n.tensor))
        for lib in (fb, torch)
    )
    assert ours == theirs
