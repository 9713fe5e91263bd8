"""Losses: numbers that say how far inputs are from targets. With sizeAverage they are means over elements (of classes,
over examples), else sums."""

import math
from typing import Any

import flambeau as fb

from ....nn import functional as F
from .criterion import Criterion
from .module import Module
from .op import OpCriterion
from .tensors import mapped, new_tensor, todays
from .utils import recursiveAdd


class _Averaged(OpCriterion):
    """The base of losses that are a mean or a sum."""

    weights: Any = None

    def __init__(self, sizeAverage=True):
        super().__init__()
        self.sizeAverage = sizeAverage

    @property
    def _reduction(self):
        return "mean" if self.sizeAverage else "sum"

    @property
    def _weights(self):
        return None if self.weights is None else todays(self.weights)

    def _total(self, values):
        return values.mean() if self.sizeAverage else values.sum()

    def _fitted(self, input, target):
        """The target in the size of the input."""
        if not isinstance(target, fb.Tensor):
            return fb.full_like(input, target).detach()
        if target.numel() != input.numel():
            raise RuntimeError(
                f"nn.{type(self).__name__}: input and target must have as many elements, got {tuple(input.shape)} and "
                f"{tuple(target.shape)}"
            )
        return target.reshape(input.shape)


class AbsCriterion(_Averaged):
    """AbsCriterion(sizeAverage=True): |x - t|"""

    def loss(self, input, target):
        return self._total((input - self._fitted(input, target)).abs())


class MSECriterion(_Averaged):
    """MSECriterion(sizeAverage=True): (x - t)^2"""

    def loss(self, input, target):
        return F.mse_loss(input, self._fitted(input, target), reduction=self._reduction)


class WeightedMSECriterion(_Averaged):
    """WeightedMSECriterion(weight, sizeAverage=True): (x - weight t)^2; weight: of the size of the input, or of one
    example of it"""

    def __init__(self, weight, sizeAverage=True):
        super().__init__(sizeAverage)
        self.weight = weight.clone()

    def loss(self, input, target):
        goal = self._fitted(input, target) * todays(self.weight)
        return F.mse_loss(input, goal, reduction=self._reduction)


class SmoothL1Criterion(_Averaged):
    """SmoothL1Criterion(sizeAverage=True): d^2 / 2 where d = |x - t| < 1, else d - 1/2 (Girshick, 2015)"""

    def loss(self, input, target):
        return F.smooth_l1_loss(input, self._fitted(input, target), reduction=self._reduction)


class SoftMarginCriterion(_Averaged):
    """SoftMarginCriterion(sizeAverage=True): log(1 + e^(-t x)) for targets 1 or -1"""

    def loss(self, input, target):
        return F.soft_margin_loss(input, self._fitted(input, target), reduction=self._reduction)


class MarginCriterion(_Averaged):
    """MarginCriterion(margin=1, sizeAverage=True): max(0, margin - t x) for targets 1 or -1"""

    def __init__(self, margin=1, sizeAverage=True):
        super().__init__(sizeAverage)
        self.margin = margin

    def loss(self, input, target):
        return self._total((self.margin - self._fitted(input, target) * input).clamp(min=0))


class HingeEmbeddingCriterion(_Averaged):
    """HingeEmbeddingCriterion(margin=1, sizeAverage=True): x where the target is 1, max(0, margin - x) where it is
    -1"""

    def __init__(self, margin=1, sizeAverage=True):
        super().__init__(sizeAverage)
        self.margin = margin

    def loss(self, input, target):
        return F.hinge_embedding_loss(input, self._fitted(input, target), self.margin, reduction=self._reduction)


_LEAST = 1e-12


class BCECriterion(_Averaged):
    """BCECriterion(weights=None, sizeAverage=True): -weights (t log(x) + (1 - t) log(1 - x)) for probabilities x;
    1e-12 is added to what logarithms are taken of"""

    def __init__(self, weights=None, sizeAverage=True):
        super().__init__(sizeAverage)
        if weights is not None and weights.dim() != 1:
            raise ValueError(f"BCECriterion: weights must have one dimension, got {tuple(weights.size())}")
        self.weights = weights

    def loss(self, input, target):
        target = self._fitted(input, target)
        values = -(target * (input + _LEAST).log() + (1 - target) * (1 - input + _LEAST).log())
        return self._total(values if self.weights is None else values * self._weights)


class DistKLDivCriterion(_Averaged):
    """DistKLDivCriterion(sizeAverage=True): t (log t - x) for log-probabilities x and probabilities t"""

    def loss(self, input, target):
        total = F.kl_div(input, self._fitted(input, target), reduction="sum")
        return total / input.numel() if self.sizeAverage else total


class L1Cost(OpCriterion):
    """L1Cost(): sum of |x|; there is no target"""

    def updateOutput(self, input, target=None):
        """updateOutput(input) -> float"""
        return super().updateOutput(input, 0)

    def updateGradInput(self, input, target=None):
        """updateGradInput(input) -> gradInput"""
        return super().updateGradInput(input, 0)

    def forward(self, input, target=None):
        """forward(input) -> float"""
        return self.updateOutput(input)

    def backward(self, input, target=None):
        """backward(input) -> gradInput"""
        return self.updateGradInput(input)

    def loss(self, input, target):
        return input.abs().sum()


# ---- classes, numbered from 0


def _scores(input, target):
    """Scores (N, C, ...) and class numbers (N, ...): one example gets a first dimension."""
    if input.dim() == 1:
        input = input.unsqueeze(0)
        target = target.reshape(1) if isinstance(target, fb.Tensor) else fb.tensor([target], device=input.device)
    return input, target.long()


class ClassNLLCriterion(_Averaged):
    """ClassNLLCriterion(weights=None, sizeAverage=True, ignore_index=-100): -weights[t] x[t] for log-probabilities x,
    (N, C) or (C), and classes t, a LongTensor (N) or a number; examples with the target ignore_index do not count; the
    mean is weighted"""

    def __init__(self, weights=None, sizeAverage=True, ignore_index=-100):
        super().__init__(sizeAverage)
        self.weights, self.ignore_index = weights, ignore_index

    def loss(self, input, target):
        scores, classes = _scores(input, target)
        return F.nll_loss(scores, classes, self._weights, ignore_index=self.ignore_index, reduction=self._reduction)


class SpatialClassNLLCriterion(ClassNLLCriterion):
    """SpatialClassNLLCriterion(weights=None, sizeAverage=True, ignore_index=-100): ClassNLLCriterion of each pixel: x
    (N, C, H, W), t (N, H, W)"""

    def loss(self, input, target):
        if input.dim() != 4 or target.dim() != 3:
            raise RuntimeError(
                "SpatialClassNLLCriterion: expected an input (N, C, H, W) and a target (N, H, W), got "
                f"{tuple(input.shape)} and {tuple(target.shape)}"
            )
        return super().loss(input, target)


class CrossEntropyCriterion(OpCriterion):
    """CrossEntropyCriterion(weights=None): ClassNLLCriterion (the attribute `nll`) of the LogSoftMax of x"""

    def __init__(self, weights=None):
        super().__init__()
        self.nll = ClassNLLCriterion(weights)

    def loss(self, input, target):
        input = input.squeeze()
        if isinstance(target, fb.Tensor):
            target = target.squeeze()
        scores, classes = _scores(input, target)
        return self.nll.loss(F.log_softmax(scores, 1), classes)


class MultiMarginCriterion(_Averaged):
    """MultiMarginCriterion(p=1, weights=None, margin=1, sizeAverage=True): sum over the classes i other than t of
    weights[t] max(0, margin - x[t] + x[i])^p / C, for scores x, (N, C) or (C), and classes t"""

    def __init__(self, p=1, weights=None, margin=1, sizeAverage=True):
        super().__init__(sizeAverage)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginCriterion: p must be 1 or 2, got {p}")
        self.p, self.weights, self.margin = p, weights, margin

    def loss(self, input, target):
        scores, classes = _scores(input, target)
        return F.multi_margin_loss(scores, classes, self.p, self.margin, self._weights, reduction=self._reduction)


class MultiLabelMarginCriterion(_Averaged):
    """MultiLabelMarginCriterion(sizeAverage=True): sum over targets j and other classes i of max(0, 1 - x[j] + x[i]) /
    C; the targets, of the size of the scores x, are the numbers of classes up to the first -1"""

    def loss(self, input, target):
        return F.multilabel_margin_loss(input, target.long(), reduction=self._reduction)


class MultiLabelSoftMarginCriterion(_Averaged):
    """MultiLabelSoftMarginCriterion(weights=None, sizeAverage=True): BCECriterion of the Sigmoid of x"""

    def __init__(self, weights=None, sizeAverage=True):
        super().__init__(sizeAverage)
        self.weights = weights

    def loss(self, input, target):
        target = self._fitted(input, target)
        return F.binary_cross_entropy_with_logits(input, target, self._weights, reduction=self._reduction)


class ClassSimplexCriterion(OpCriterion):
    """ClassSimplexCriterion(nClasses): mean of (x - s[t])^2, where the rows of s, (nClasses, nClasses), are the
    vertices of a regular simplex, one for each class; x (N, nClasses), t (N)"""

    def __init__(self, nClasses):
        super().__init__()
        if nClasses <= 1:
            raise ValueError(f"ClassSimplexCriterion: at least 2 classes are needed, got {nClasses}")
        self.nClasses = nClasses
        self.simp = new_tensor(_simplex(nClasses))

    def loss(self, input, target):
        scores, classes = _scores(input, target)
        return F.mse_loss(scores, todays(self.simp).index_select(0, classes))

    def getPredictions(self, input):
        """getPredictions(input) -> (N, nClasses): products of each x with the vertices"""
        rows = input if input.dim() == 2 else input.unsqueeze(0)
        return rows.mm(self.simp.t())

    def getTopPrediction(self, input):
        """getTopPrediction(input) -> (N): the class with the largest product"""
        return self.getPredictions(input).max(1)[1]


def _simplex(n):
    """n unit vectors of n elements (the last is 0) with the product -1 / (n - 1) of any two."""
    rows = [[0.0] * n for _ in range(n)]
    for k in range(n - 1):
        before = sum(v * v for v in rows[k][:k])
        rows[k][k] = math.sqrt(1 - before)
        for later in rows[k + 1 :]:
            later[k] = (-1 / (n - 1) - before) / rows[k][k]
    return rows


# ---- pairs


class _Pairs(_Averaged):
    """The base of losses of two inputs and a target of 1 or -1, for each pair or as one number."""

    def __init__(self, margin, sizeAverage=True):
        super().__init__(sizeAverage)
        self.margin = margin


class MarginRankingCriterion(_Pairs):
    """MarginRankingCriterion(margin=1, sizeAverage=True): max(0, -t (x1 - x2) + margin) for [x1, x2]: x1 is to be
    above x2 where the target is 1, below where it is -1"""

    def __init__(self, margin=1, sizeAverage=True):
        super().__init__(margin, sizeAverage)

    def loss(self, input, target):
        a, b = input
        return self._total((-self._fitted(a, target) * (a - b) + self.margin).clamp(min=0))


class CosineEmbeddingCriterion(_Pairs):
    """CosineEmbeddingCriterion(margin=0, sizeAverage=True): 1 - cos where the target is 1, max(0, cos - margin) where
    it is -1, of the cosines between the rows of [x1, x2], each (N, D) or (D)"""

    def __init__(self, margin=0, sizeAverage=True):
        super().__init__(margin, sizeAverage)

    def loss(self, input, target):
        a, b = (x.unsqueeze(0) if x.dim() == 1 else x for x in input)
        cosine = (a * b).sum(1) / (((a * a).sum(1) + _LEAST) * ((b * b).sum(1) + _LEAST)).sqrt()
        target = self._fitted(cosine, target)
        return self._total(fb.where(target > 0, 1 - cosine, (cosine - self.margin).clamp(min=0)))


class L1HingeEmbeddingCriterion(OpCriterion):
    """L1HingeEmbeddingCriterion(margin=1): d where the target is 1, max(0, margin - d) where it is -1, with d the sum
    of |x1 - x2| for [x1, x2]"""

    def __init__(self, margin=1):
        super().__init__()
        self.margin = margin

    def loss(self, input, target):
        distance = (input[0] - input[1]).abs().sum()
        similar = (target.item() if isinstance(target, fb.Tensor) else target) == 1
        return distance if similar else (self.margin - distance).clamp(min=0)


# ---- criterions of criterions


class _Combined(Criterion):
    """The base of weighted sums of criterions."""

    def __init__(self):
        super().__init__()
        self.criterions, self.weights = [], []

    def add(self, criterion, weight=1):
        """add(criterion, weight=1) -> self with one more criterion"""
        self.criterions.append(criterion)
        self.weights.append(weight)
        return self


class MultiCriterion(_Combined):
    """MultiCriterion(): the weighted sum of criterions of the same input and target"""

    def updateOutput(self, input, target):
        """updateOutput(input, target) -> float"""
        outputs = [c.updateOutput(input, target) for c in self.criterions]
        self.output = sum(w * o for w, o in zip(self.weights, outputs, strict=True))
        return self.output

    def updateGradInput(self, input, target):
        """updateGradInput(input, target) -> gradInput"""
        self.gradInput = mapped(lambda t: t.new().resize_as_(t).zero_(), input)
        for criterion, weight in zip(self.criterions, self.weights, strict=True):
            recursiveAdd(self.gradInput, weight, criterion.updateGradInput(input, target))
        return self.gradInput


class ParallelCriterion(_Combined):
    """ParallelCriterion(repeatTarget=False): the weighted sum of criterions, each of one of the inputs and one of the
    targets (with repeatTarget, the one target)"""

    def __init__(self, repeatTarget=False):
        super().__init__()
        self.repeatTarget = repeatTarget

    def _each(self, input, target):
        targets = [target] * len(input) if self.repeatTarget else target
        return zip(self.criterions, self.weights, input, targets, strict=True)

    def updateOutput(self, input, target):
        """updateOutput(input, target) -> float"""
        self.output = sum(w * c.updateOutput(x, t) for c, w, x, t in self._each(input, target))
        return self.output

    def updateGradInput(self, input, target):
        """updateGradInput(input, target) -> list of gradInputs"""
        grads = [(w, c.updateGradInput(x, t)) for c, w, x, t in self._each(input, target)]
        self.gradInput = [mapped(lambda t, w=w: t * w, g) for w, g in grads]
        return self.gradInput


class CriterionTable(Module):
    """CriterionTable(criterion): the module of [input, target] whose output is that of a criterion"""

    def __init__(self, criterion):
        super().__init__()
        self.criterion = criterion

    def updateOutput(self, input):
        """updateOutput([input, target]) -> float"""
        self.output = self.criterion.updateOutput(*input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput([input, target], gradOutput) -> [gradient of the input, zeros]; gradOutput does not count"""
        self.gradInput = [self.criterion.updateGradInput(*input), mapped(lambda t: t.clone().zero_(), input[1])]
        return self.gradInput
