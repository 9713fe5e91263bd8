"""Every loss against PyTorch: value and gradients, in every reduction, and the older flags."""

import warnings

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, run

torch = pytest.importorskip("torch")

rng = np.random.default_rng(0)
LOG_PROBS = np.log(rng.dirichlet(np.ones(5), 4))
PROBS = rng.dirichlet(np.ones(5), 4)
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
A, B, C = rng.normal(size=(3, 4, 5))
CLASSES = np.array([0, 3, -100, 2])
WEIGHT = np.array([0.5, 1.0, 2.0, 0.1, 1.5])
UNIT = rng.uniform(0.01, 0.99, size=(4, 5))
POSITIVE = rng.uniform(0.1, 3.0, size=(4, 5))
FRAMES = np.log(rng.dirichlet(np.ones(5), (6, 2)))
MULTI = np.array([[3, 0, -1, 1, 2], [1, 2, 3, -1, 0], [-1, 0, 0, 0, 0], [0, 1, 2, 3, 4]])

# (class, keyword arguments, inputs)
LOSSES = [
    ("L1Loss", {}, [A, B]),
    ("MSELoss", {}, [A, B]),
    ("SmoothL1Loss", {}, [A, B]),
    ("SmoothL1Loss", {"beta": 0.3}, [A, B]),
    ("SmoothL1Loss", {"beta": 0.0}, [A, B]),
    ("HuberLoss", {"delta": 0.7}, [A, B]),
    ("NLLLoss", {}, [LOG_PROBS, CLASSES]),
    ("NLLLoss", {"weight": WEIGHT, "ignore_index": 3}, [LOG_PROBS, np.array([0, 3, 1, 2])]),
    ("NLLLoss", {}, [rng.normal(size=(2, 5, 3)), rng.integers(0, 5, (2, 3))]),
    ("CrossEntropyLoss", {}, [A, CLASSES]),
    ("CrossEntropyLoss", {"label_smoothing": 0.2}, [A, CLASSES]),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.2}, [A, CLASSES]),
    ("CrossEntropyLoss", {"weight": WEIGHT}, [A, PROBS]),
    ("CrossEntropyLoss", {"label_smoothing": 0.1}, [A, PROBS]),
    ("CrossEntropyLoss", {}, [rng.normal(size=(2, 5, 3, 2)), rng.integers(0, 5, (2, 3, 2))]),
    ("BCELoss", {}, [UNIT, PROBS]),
    ("BCELoss", {"weight": WEIGHT}, [UNIT, PROBS]),
    ("BCEWithLogitsLoss", {}, [A, PROBS]),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": WEIGHT * 2}, [A, PROBS]),
    ("KLDivLoss", {}, [LOG_PROBS, PROBS]),
    ("KLDivLoss", {"log_target": True}, [LOG_PROBS, np.log(PROBS)]),
    ("PoissonNLLLoss", {}, [A, POSITIVE]),
    ("PoissonNLLLoss", {"log_input": False, "full": True}, [POSITIVE, POSITIVE[::-1].copy()]),
    ("GaussianNLLLoss", {}, [A, B, POSITIVE]),
    ("GaussianNLLLoss", {"full": True, "eps": 0.5}, [A, B, POSITIVE[:, :1].copy()]),
    ("GaussianNLLLoss", {}, [A, B, POSITIVE[:, 0].copy()]),
    ("HingeEmbeddingLoss", {"margin": 0.5}, [A[:, 0].copy(), SIGNS]),
    ("MarginRankingLoss", {"margin": 0.1}, [A[:, 0].copy(), B[:, 0].copy(), SIGNS]),
    ("CosineEmbeddingLoss", {"margin": 0.1}, [A, B, SIGNS]),
    ("TripletMarginLoss", {}, [A, B, C]),
    ("TripletMarginLoss", {"p": 1.0, "swap": True, "margin": 3.0}, [A, B, C]),
    ("TripletMarginWithDistanceLoss", {"swap": True}, [A, B, C]),
    ("SoftMarginLoss", {}, [A[:, 0].copy(), SIGNS.astype(int)]),
    ("MultiMarginLoss", {}, [A, np.array([0, 3, 1, 2])]),
    ("MultiMarginLoss", {"p": 2, "margin": 0.5, "weight": WEIGHT}, [A, np.array([0, 3, 1, 2])]),
    ("MultiMarginLoss", {}, [A[0].copy(), np.array(2)]),
    ("MultiLabelMarginLoss", {}, [A, MULTI]),
    ("MultiLabelMarginLoss", {}, [A[0].copy(), MULTI[0].copy()]),
    ("MultiLabelSoftMarginLoss", {"weight": WEIGHT}, [A, (PROBS > 0.2).astype(float)]),
    ("CTCLoss", {}, [FRAMES, np.array([[1, 2], [3, 3]]), np.array([6, 4]), np.array([2, 2])]),
    ("CTCLoss", {"blank": 4, "zero_infinity": True}, [FRAMES, np.array([1, 2, 0]), np.array([6, 0]), np.array([1, 2])]),
]


def _make(lib, name, kwargs, **extra):
    tensors = {k: lib.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in kwargs.items()}
    return getattr(lib.nn, name)(**tensors, **extra)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "name, kwargs, arrays", LOSSES, ids=[f"{i}-{row[0]}" for i, row in enumerate(LOSSES)]
)
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_loss(name, kwargs, arrays, reduction):
    ours = _make(fb, name, kwargs, reduction=reduction)
    theirs = _make(torch, name, kwargs, reduction=reduction)
    assert repr(ours) == repr(theirs)
    assert_close(run(fb, ours, arrays), run(torch, theirs, arrays))


def test_kl_div_of_zero_probabilities():
    one_hot = np.eye(5)[:4]
    ours = fb.nn.functional.kl_div(fb.from_numpy(LOG_PROBS), fb.from_numpy(one_hot), reduction="sum")
    np.testing.assert_allclose(ours.item(), -np.diag(LOG_PROBS).sum())


def test_kl_div_batchmean_and_its_warning():
    ours, theirs = fb.nn.KLDivLoss(reduction="batchmean"), torch.nn.KLDivLoss(reduction="batchmean")
    assert_close(run(fb, ours, [LOG_PROBS, PROBS]), run(torch, theirs, [LOG_PROBS, PROBS]))
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        fb.nn.KLDivLoss()(fb.from_numpy(LOG_PROBS), fb.from_numpy(PROBS))


@pytest.mark.parametrize(
    "flags, reduction",
    [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"size_average": False, "reduce": True}, "sum"),
        ({"size_average": True, "reduce": False}, "none"),
    ],
)
def test_older_flags(flags, reduction):
    text = f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead."
    with pytest.warns(UserWarning) as caught:
        assert fb.nn.MSELoss(**flags).reduction == reduction
    assert [str(w.message) for w in caught] == [text]
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
        out = fb.nn.functional.cross_entropy(fb.from_numpy(A), fb.from_numpy(np.array([0, 1, 2, 3])), **flags)
    assert out.dim() == (1 if reduction == "none" else 0)


def test_target_size_warning():
    texts = []
    for lib in (fb, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            lib.nn.MSELoss()(lib.zeros(3), lib.zeros(3, 1))
        texts.append({str(w.message) for w in caught})
    assert texts[0] == texts[1]
    assert len(texts[0]) == 1


def test_weighted_losses():
    weight = np.abs(C)
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        for reduction in ("mean", "sum", "none"):

            def call(lib, name=name, reduction=reduction):
                return getattr(lib.nn.functional, name)(
                    lib.from_numpy(A), lib.from_numpy(B), reduction=reduction, weight=lib.from_numpy(weight)
                )

            assert_close(call(fb), call(torch))


def test_soft_margin_does_not_overflow():
    out = fb.nn.functional.soft_margin_loss(fb.tensor([-1000.0]), fb.tensor([1.0]))
    assert out == 1000.0


def test_weight_buffer_moves_with_the_loss():
    loss = fb.nn.CrossEntropyLoss(weight=fb.ones(3))
    assert list(loss.state_dict()) == ["weight"]
    assert loss.double().weight.dtype == fb.float64
