"""Each criterion: its value against a formula or today's loss, its gradient against differences, types and copies."""

import pickle

import numpy as np
import pytest

import flambeau as fb
import flambeau.nn.functional as F
import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn
from flambeau.v03.legacy.nn.tensors import flat, is_float, mapped, todays

from .cases import gauss, kinked, listed, long, normal


def signs(*sizes):
    return lambda: normal(*sizes).sign()


def probabilities(*sizes):
    return lambda: torch.DoubleTensor(*sizes).uniform_(0.1, 0.9)


def classes(n, *sizes):
    return lambda: torch.LongTensor(*sizes).random_(n)


def vector(*values):
    return torch.Tensor(list(values))


def weighed(*sizes):
    return torch.Tensor(*sizes).fill_(1.5)


def class_weights(like):
    return fb.tensor([1.0, 2, 0.5, 3], dtype=like.dtype)


def total(values, mean=True):
    return values.mean() if mean else values.sum()


def bce(x, t):
    return -(t * x.log() + (1 - t) * (1 - x).log())


def cosine_loss(inputs, t, margin=0.3):
    return F.cosine_embedding_loss(*inputs, t, margin)


# criterion, input, target, what its value is
CASES = [
    (nn.AbsCriterion, kinked(2, 3), gauss(2, 3), F.l1_loss),
    (lambda: nn.AbsCriterion(False), gauss(2, 3), gauss(2, 3), lambda x, t: (x - t).abs().sum()),
    (nn.MSECriterion, gauss(2, 3), gauss(2, 3), F.mse_loss),
    (lambda: nn.MSECriterion(False), gauss(2, 3), gauss(6), lambda x, t: ((x - t.view(2, 3)) ** 2).sum()),
    (lambda: nn.WeightedMSECriterion(weighed(2, 3)), gauss(2, 3), gauss(2, 3), lambda x, t: F.mse_loss(x, 1.5 * t)),
    (lambda: nn.WeightedMSECriterion(weighed(3), False), gauss(2, 3), gauss(2, 3),
     lambda x, t: ((x - 1.5 * t) ** 2).sum()),
    (nn.SmoothL1Criterion, lambda: normal(4, 3) * 2, gauss(4, 3), F.smooth_l1_loss),
    (nn.SoftMarginCriterion, gauss(2, 3), signs(2, 3), F.soft_margin_loss),
    (lambda: nn.MarginCriterion(0.7), gauss(2, 3), signs(2, 3), lambda x, t: (0.7 - t * x).clamp(min=0).mean()),
    (lambda: nn.MarginCriterion(sizeAverage=False), gauss(4), signs(4), lambda x, t: (1 - t * x).clamp(min=0).sum()),
    (lambda: nn.HingeEmbeddingCriterion(0.7), gauss(5), signs(5),
     lambda x, t: F.hinge_embedding_loss(x, t, margin=0.7)),
    (nn.HingeEmbeddingCriterion, gauss(1), lambda: -1, lambda x, t: (1 - x).clamp(min=0)[0]),
    (nn.BCECriterion, probabilities(2, 3), probabilities(2, 3), F.binary_cross_entropy),
    (lambda: nn.BCECriterion(vector(1, 2, 3), False), probabilities(2, 3), probabilities(2, 3),
     lambda x, t: (bce(x, t) * fb.tensor([1.0, 2, 3])).sum()),
    (nn.DistKLDivCriterion, gauss(2, 3), probabilities(2, 3), lambda x, t: (t * (t.log() - x)).mean()),
    (nn.L1Cost, kinked(2, 3), lambda: None, lambda x, t: x.abs().sum()),
    (nn.ClassNLLCriterion, gauss(5, 4), classes(4, 5), F.nll_loss),
    (nn.ClassNLLCriterion, gauss(4), long(2), lambda x, t: -x[2]),
    (nn.ClassNLLCriterion, gauss(4), lambda: 2, lambda x, t: -x[2]),
    (lambda: nn.ClassNLLCriterion(vector(1, 2, 0.5, 3)), gauss(5, 4), classes(4, 5),
     lambda x, t: F.nll_loss(x, t, class_weights(x))),
    (lambda: nn.ClassNLLCriterion(sizeAverage=False, ignore_index=1), gauss(5, 4), long(0, 1, 3, 1, 2),
     lambda x, t: -(x[0, 0] + x[2, 3] + x[4, 2])),
    (nn.SpatialClassNLLCriterion, gauss(2, 4, 3, 2), classes(4, 2, 3, 2), F.nll_loss),
    (lambda: nn.SpatialClassNLLCriterion(vector(1, 2, 0.5, 3), False), gauss(2, 4, 3, 2), classes(4, 2, 3, 2),
     lambda x, t: F.nll_loss(x, t, class_weights(x), reduction="sum")),
    (nn.CrossEntropyCriterion, gauss(5, 4), classes(4, 5), F.cross_entropy),
    (lambda: nn.CrossEntropyCriterion(vector(1, 2, 0.5, 3)), gauss(5, 4), classes(4, 5),
     lambda x, t: F.cross_entropy(x, t, class_weights(x))),
    (nn.CrossEntropyCriterion, gauss(1, 4, 1, 1), long(3), lambda x, t: F.cross_entropy(x.view(1, 4), t)),
    (nn.MultiMarginCriterion, gauss(5, 4), classes(4, 5), F.multi_margin_loss),
    (lambda: nn.MultiMarginCriterion(2, vector(1, 2, 0.5, 3), 0.5, False), gauss(5, 4), classes(4, 5),
     lambda x, t: F.multi_margin_loss(x, t, 2, 0.5, class_weights(x), reduction="sum")),
    (nn.MultiMarginCriterion, gauss(4), long(1), F.multi_margin_loss),
    (nn.MultiLabelMarginCriterion, gauss(2, 4), lambda: torch.LongTensor([[3, 0, -1, 1], [2, -1, -1, -1]]),
     F.multilabel_margin_loss),
    (nn.MultiLabelSoftMarginCriterion, gauss(2, 3), lambda: signs(2, 3)().clamp(0, 1),
     F.multilabel_soft_margin_loss),
    (lambda: nn.MultiLabelSoftMarginCriterion(vector(1, 2, 3)), gauss(2, 3), probabilities(2, 3),
     lambda x, t: (bce(x.sigmoid(), t) * fb.tensor([1.0, 2, 3])).mean()),
    (lambda: nn.ClassSimplexCriterion(4), gauss(5, 4), classes(4, 5), None),
    (nn.MarginRankingCriterion, listed(gauss(4), gauss(4)), signs(4),
     lambda x, t: F.margin_ranking_loss(*x, t, margin=1)),
    (lambda: nn.MarginRankingCriterion(0.3, False), listed(gauss(1), gauss(1)), lambda: -1,
     lambda x, t: (x[0] - x[1] + 0.3).clamp(min=0)[0]),
    (lambda: nn.CosineEmbeddingCriterion(0.3), listed(gauss(6, 3), gauss(6, 3)), signs(6), cosine_loss),
    (lambda: nn.CosineEmbeddingCriterion(0.3, False), listed(gauss(3), gauss(3)), lambda: 1,
     lambda x, t: 1 - F.cosine_similarity(*x, dim=0)),
    (nn.L1HingeEmbeddingCriterion, listed(gauss(3), gauss(3)), lambda: 1, lambda x, t: (x[0] - x[1]).abs().sum()),
    (lambda: nn.L1HingeEmbeddingCriterion(20), listed(gauss(3), gauss(3)), lambda: -1,
     lambda x, t: 20 - (x[0] - x[1]).abs().sum()),
    (lambda: nn.MultiCriterion().add(nn.MSECriterion(), 0.5).add(nn.AbsCriterion()), gauss(2, 3), gauss(2, 3),
     lambda x, t: 0.5 * F.mse_loss(x, t) + F.l1_loss(x, t)),
    (lambda: nn.ParallelCriterion().add(nn.MSECriterion(), 0.5).add(nn.ClassNLLCriterion()),
     listed(gauss(2, 3), gauss(5, 4)), listed(gauss(2, 3), classes(4, 5)),
     lambda x, t: 0.5 * F.mse_loss(x[0], t[0]) + F.nll_loss(x[1], t[1])),
    (lambda: nn.ParallelCriterion(True).add(nn.MSECriterion()).add(nn.AbsCriterion(), 2),
     listed(gauss(2, 3), gauss(2, 3)), gauss(2, 3),
     lambda x, t: F.mse_loss(x[0], t) + 2 * F.l1_loss(x[1], t)),
]  # fmt: skip


def name_of(case):
    return repr(case[0]()).removeprefix("nn.")


each = pytest.mark.parametrize("case", CASES, ids=name_of)


def build(case, type="torch.DoubleTensor"):
    torch.manual_seed(5)
    criterion = case[0]().type(type)
    return criterion, case[1](), case[2]()


@each
def test_values(case):
    criterion, input, target = build(case)
    value = criterion.forward(input, target)
    assert isinstance(value, float) and criterion.output == value
    if case[3] is not None:
        given = [mapped(lambda t: todays(t) if isinstance(t, fb.Tensor) else t, v) for v in (input, target)]
        expected = case[3](*given)
        assert value == pytest.approx(expected.item(), rel=1e-6)


@each
def test_gradients_are_those_of_the_values(case):
    criterion, input, target = build(case)
    criterion.forward(input, target)
    grads = flat(criterion.backward(input, target))
    for tensor, grad in zip(flat(input), grads, strict=True):
        assert grad.size() == tensor.size() and grad.type() == tensor.type()
        array, found = tensor.numpy(), np.zeros(tuple(tensor.size()))
        for place in np.ndindex(array.shape):
            kept, values = array[place], []
            for h in (1e-6, -1e-6):
                array[place] = kept + h
                values.append(criterion.forward(input, target))
            array[place] = kept
            found[place] = (values[0] - values[1]) / 2e-6
        np.testing.assert_allclose(grad.numpy(), found, rtol=1e-4, atol=1e-7)


def narrow(value):
    return value.float() if isinstance(value, fb.Tensor) and is_float(value) else value


@each
def test_floats_and_pickles(case):
    criterion, input, target = build(case)
    expected = criterion.forward(input, target)
    assert pickle.loads(pickle.dumps(criterion)).forward(input, target) == expected
    assert criterion.clone().forward(input, target) == expected
    assert criterion.float().type() == "torch.FloatTensor"
    small = [mapped(narrow, v) for v in (input, target)]
    value, grads = criterion(*small)
    assert value == pytest.approx(expected, rel=1e-4)
    assert all(g.type() == "torch.FloatTensor" for g in flat(grads))


def test_a_simplex_has_vertices_at_equal_distances():
    simp = nn.ClassSimplexCriterion(5).double().simp.numpy()
    products = simp @ simp.T
    np.testing.assert_allclose(products, np.eye(5) * 1.25 - 0.25, atol=1e-6)
    assert not simp[:, 4].any()


def test_simplex_predictions():
    criterion = nn.ClassSimplexCriterion(4)
    points = criterion.simp.index_select(0, torch.LongTensor([2, 0, 3]))
    assert criterion.forward(points, torch.LongTensor([2, 0, 3])) == 0
    assert criterion.getTopPrediction(points).tolist() == [2, 0, 3]


def test_a_table_of_input_and_target():
    module, x, t = nn.CriterionTable(nn.MSECriterion()), torch.randn(2, 3), torch.randn(2, 3)
    assert module.forward([x, t]) == nn.MSECriterion().forward(x, t)
    grad, none = module.backward([x, t], None)
    assert grad.equal(nn.MSECriterion().backward(x, t)) and not none.norm()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.MSECriterion().forward(torch.randn(2, 3), torch.randn(3)),
     r"as many elements, got \(2, 3\) and \(3,\)"),
    (lambda: nn.BCECriterion(torch.ones(2, 2)), "one dimension"),
    (lambda: nn.MultiMarginCriterion(3), "p must be 1 or 2"),
    (lambda: nn.ClassSimplexCriterion(1), "at least 2 classes"),
    (lambda: nn.SpatialClassNLLCriterion().forward(torch.randn(2, 3), torch.LongTensor([1, 2])),
     r"\(N, C, H, W\)"),
])  # fmt: skip
def test_refusals(call, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        call()


def test_every_criterion_has_a_case():
    tested = {type(case[0]()) for case in CASES} | {nn.CriterionTable, nn.Criterion}
    named = {getattr(nn, n) for n in dir(nn) if n.endswith(("Criterion", "CriterionTable")) or n == "L1Cost"}
    assert named == tested
