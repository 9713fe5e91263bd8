"""The losses that are operations of their own."""

import math

import numpy as np

from ..table import Bad, Row, Sample

inf, nan = math.inf, math.nan
REDUCTIONS = ("none", "mean", "sum")


def _reduce(loss, reduction):
    return np.asarray(
        {"none": loss, "mean": np.mean(loss) if loss.size else nan, "sum": np.sum(loss)}[reduction]
    )


# ---- class numbers


def _nll_loss(x, target, weight=None, ignore_index=-100, reduction="mean"):
    axis = min(1, x.ndim - 1)
    target = target.reshape(()) if x.ndim == 1 else target.astype(np.int64)
    rows = np.moveaxis(x, axis, -1)
    loss, scale = np.zeros(target.shape), np.zeros(target.shape)
    for i in np.ndindex(target.shape):
        t = target[i]
        if t != ignore_index:
            scale[i] = 1 if weight is None else weight[t]
            loss[i] = -scale[i] * rows[i][t]
    return np.asarray(loss.sum() / scale.sum() if reduction == "mean" else _reduce(loss, reduction))


def _log_softmax(x):
    axis = min(1, x.ndim - 1)
    y = x - x.max(axis=axis, keepdims=True)
    return y - np.log(np.exp(y).sum(axis=axis, keepdims=True))


def _cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    axis = min(1, x.ndim - 1)
    logp, classes = _log_softmax(x), x.shape[axis]
    factors = np.ones(classes) if weight is None else weight
    factors = factors.reshape([-1 if d == axis else 1 for d in range(x.ndim)])
    if target.shape == x.shape:
        loss = -(logp * factors * (target * (1 - label_smoothing) + label_smoothing / classes)).sum(axis=axis)
        return _reduce(loss, reduction)
    sharp = _nll_loss(logp, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return sharp
    counts = target != ignore_index
    spread = np.where(counts, -(logp * factors).sum(axis=axis), 0)
    if reduction == "mean":
        total = np.where(counts, 1.0 if weight is None else weight[np.where(counts, target, 0)], 0.0).sum()
        spread = spread.sum() / total
    elif reduction == "sum":
        spread = spread.sum()
    return np.asarray(sharp * (1 - label_smoothing) + spread * label_smoothing / classes)


def _with_ignored(t, classes, *shape):
    target = t.ints(classes, *shape)
    target.numpy()[0] = 1
    return target


def _classified(t):
    made = [Sample(t(5, 4), t.ints(4, 5), reduction=r) for r in REDUCTIONS]
    made += [
        Sample(t(5, 4), _with_ignored(t, 4, 5), t(4, low=0.2), ignore_index=1, reduction=r)
        for r in REDUCTIONS
    ]
    made += [Sample(t(2, 4, 3), _with_ignored(t, 4, 2, 3), ignore_index=1, reduction=r) for r in REDUCTIONS]
    return made + [
        Sample(t(2, 4, 3, 2), t.ints(4, 2, 3, 2), t(4, low=0.2)),
        Sample(t(4), t.ints(4)),
        Sample(t(4), t.ints(4), reduction="sum"),
        Sample(t(4), t.ints(4, 1)),
        Sample(t(3, 4), t.ints(4, 3, dtype="uint8")),
        Sample(t(0, 4), t.ints(4, 0), reduction="none"),
        Sample(t(0, 4), t.ints(4, 0)),
    ]


def _classified_grads(t):
    made = [Sample(t(3, 4), t.ints(4, 3), reduction=r) for r in REDUCTIONS]
    made += [Sample(t(3, 4), _with_ignored(t, 4, 3), ignore_index=1, reduction=r) for r in REDUCTIONS]
    return made + [Sample(t(2, 3, 2), t.ints(3, 2, 2)), Sample(t(4), t.ints(4))]


def _probabilities(t, *shape):
    return t(*shape, low=0.0, high=1.0)


def _cross_entropy_samples(t):
    made = _classified(t)
    made += [
        Sample(
            t(5, 4), _with_ignored(t, 4, 5), t(4, low=0.2), ignore_index=1, reduction=r, label_smoothing=0.1
        )
        for r in REDUCTIONS
    ]
    made += [Sample(t(2, 4, 3), t.ints(4, 2, 3), reduction=r, label_smoothing=0.3) for r in REDUCTIONS]
    made += [
        Sample(t(3, 4), _probabilities(t, 3, 4), t(4, low=0.2), reduction=r, label_smoothing=0.2)
        for r in REDUCTIONS
    ]
    return made + [
        Sample(t(2, 4, 3), _probabilities(t, 2, 4, 3)),
        Sample(t(4), _probabilities(t, 4)),
        Sample(t.array([[90.0, -90.0], [-90, 89]]), t.ints(2, 2)),
    ]


def _cross_entropy_grads(t):
    made = _classified_grads(t)
    made += [
        Sample(t(3, 4), _with_ignored(t, 4, 3), ignore_index=1, reduction=r, label_smoothing=0.1)
        for r in REDUCTIONS
    ]
    return made + [
        Sample(t(3, 4), _probabilities(t, 3, 4), t(4, low=0.2), reduction=r, label_smoothing=0.2)
        for r in REDUCTIONS
    ]


def _class_errors(t):
    return [
        Bad(
            Sample(t(2, 3), t.ints(3, 3)),
            ValueError,
            r"Expected input batch_size \(2\) to match target batch_size \(3\)",
        ),
        Bad(
            Sample(t(2, 3, 5), t.ints(3, 2, 4)), RuntimeError, r"Expected target size \[2, 5\], got \[2, 4\]"
        ),
        Bad(Sample(t(2, 3), t.ints(3, 2, 1)), RuntimeError, "multi-target not supported"),
        Bad(
            Sample(t(2, 3), t.array([0.0, 1.0])),
            RuntimeError,
            "expected target dtype to be Long or Byte, but got Float",
        ),
        Bad(
            Sample(t(2, 3), t.ints(3, 2, dtype="int32")),
            RuntimeError,
            "expected target dtype to be Long or Byte, but got Int",
        ),
        Bad(Sample(t(2, 3), t.ints(1, 2) + 3), IndexError, "Target 3 is out of bounds"),
        Bad(Sample(t(2, 3), t.ints(1, 2) - 1), IndexError, "Target -1 is out of bounds"),
        Bad(Sample(t(2, 3), t.ints(3, 2), t(2)), RuntimeError, "for all 3 classes or no classes"),
        Bad(
            Sample(t(2, 3), t.ints(3, 2), t(3, dtype="float64")),
            RuntimeError,
            "expected scalar type Float but found Double",
        ),
        Bad(
            Sample(t(2, 3), t.ints(3, 2), t(3).requires_grad_()),
            RuntimeError,
            "not differentiable with respect to argument 'weight'",
        ),
        Bad(
            Sample(t(2, 3), t.ints(3, 2), reduction="all"),
            ValueError,
            "all is not a valid value for reduction",
        ),
        Bad(Sample(t.ints(3, 2, 3), t.ints(3, 2)), NotImplementedError, "not implemented for 'Long'"),
        Bad(Sample(t(2, 3), [0, 1]), TypeError, "'target'"),
    ]


def _cross_entropy_errors(t):
    return _class_errors(t) + [
        Bad(
            Sample(t(2, 3), t.ints(3, 2, 3)),
            RuntimeError,
            "Expected floating point type for target with class probabilities",
        ),
        Bad(
            Sample(t(2, 3), t(2, 3), ignore_index=1),
            RuntimeError,
            "ignore_index is not supported for floating point target",
        ),
        Bad(Sample(t(), t.ints(3)), RuntimeError, "Expected floating point type for target"),
        Bad(Sample(t(2, 3), t(2, 3), t(2)), RuntimeError, "for all 3 classes or no classes"),
        Bad(
            Sample(t(2, 3), t.ints(3, 2), label_smoothing=2),
            RuntimeError,
            "must be between 0.0 and 1.0. Got: 2",
        ),
    ]


# ---- differences and probabilities


def _pairs(t):
    return [Sample(t(3, 4), t(3, 4), reduction=r) for r in REDUCTIONS] + [
        Sample(t(3, 1), t(4)),
        Sample(t(), t()),
        Sample(t(0), t(0)),
        Sample(t(0), t(0), reduction="sum"),
        Sample(t(3), t.ints(5, 3)),
        Sample(t(2, 40), t(2, 40)),
    ]


def _mse_grads(t):
    return [Sample(t(2, 3), t(2, 3), r) for r in REDUCTIONS] + [Sample(t(2, 1), t(3)), Sample(t(), t())]


def _mse_errors(t):
    return [
        Bad(Sample(t(2, 3), t(2)), RuntimeError, "size of tensor a .3. must match the size of tensor b .2."),
        Bad(Sample(t(2), t(2), "all"), ValueError, "all is not a valid value"),
        Bad(Sample(t.ints(3, 2), t.ints(3, 2)), NotImplementedError, "not implemented for 'Long'"),
        Bad(Sample(t(2), 1.0), TypeError, "'target'"),
    ]


def _bce(x, target, weight=1.0, reduction="mean"):
    loss = -(target * np.maximum(np.log(x), -100) + (1 - target) * np.maximum(np.log1p(-x), -100)) * weight
    return _reduce(loss, reduction)


def _bce_samples(t):
    made = [Sample(t(3, 4), t(3, 4), t(4), reduction=r) for r in REDUCTIONS]
    return made + [
        Sample(t(3), t(3)),
        Sample(t(), t()),
        Sample(t(0), t(0), reduction="none"),
        Sample(t.array([0.0, 1, 0, 1]), t.array([0.0, 1, 1, 0]), reduction="none"),
    ]


def _bce_errors(t):
    return [
        Bad(
            Sample(t.array([2.0]), t.array([1.0])),
            RuntimeError,
            "all elements of input should be between 0 and 1",
        ),
        Bad(
            Sample(t.array([0.5]), t.array([-1.0])),
            RuntimeError,
            "all elements of target should be between 0 and 1",
        ),
        Bad(
            Sample(t(2, 3), t(3)),
            ValueError,
            r"Target size \(torch.Size\(\[3\]\)\) must be the same as input size",
        ),
        Bad(Sample(t(3), t.ints(2, 3)), RuntimeError, "Found dtype Long but expected Float"),
        Bad(Sample(t(3), t(3), None, "all"), ValueError, "all is not a valid value"),
    ]


def _logits(x, target, weight=1.0, pos_weight=1.0, reduction="mean"):
    positive = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)
    loss = ((1 - target) * (x + positive) + pos_weight * target * positive) * weight
    return _reduce(loss, reduction)


def _logit_samples(t):
    made = [
        Sample(t(3, 4), t(3, 4, low=0, high=1), weight=t(4), pos_weight=t(4), reduction=r) for r in REDUCTIONS
    ]
    return made + [
        Sample(t(3), t(3)),
        Sample(t(3), t(3), pos_weight=t(3)),
        Sample(t(), t()),
        Sample(t(0), t(0), reduction="none"),
        Sample(t.array([90.0, -90, 0]), t.array([0.0, 1, 1]), reduction="none"),
    ]


def _logit_errors(t):
    return [
        Bad(
            Sample(t(2, 3), t(3)),
            ValueError,
            r"Target size \(torch.Size\(\[3\]\)\) must be the same as input size",
        ),
        Bad(Sample(t(3), t.ints(2, 3)), RuntimeError, "can't be cast to the desired output type Long"),
        Bad(Sample(t.ints(2, 3), t(3)), NotImplementedError, "not implemented for 'Long'"),
    ]


F = "nn.functional."
WEIGHED = dict(rtol={"bfloat16": 3e-2, "float16": 4e-3}, atol={"bfloat16": 3e-2, "float16": 4e-3})

ROWS = [
    Row(
        "nll_loss",
        _classified,
        _nll_loss,
        torch=F + "nll_loss",
        grad_samples=_classified_grads,
        errors=lambda t: (
            _class_errors(t) + [Bad(Sample(t(), t.ints(3)), ValueError, "Expected 1 or more dimensions")]
        ),
    ),
    Row(
        "cross_entropy",
        _cross_entropy_samples,
        _cross_entropy,
        torch=F + "cross_entropy",
        grad_samples=_cross_entropy_grads,
        errors=_cross_entropy_errors,
        **WEIGHED,
    ),
    Row(
        "mse_loss",
        _pairs,
        lambda x, t, reduction="mean": _reduce((x - t) ** 2, reduction),
        torch=F + "mse_loss",
        grad_samples=_mse_grads,
        errors=_mse_errors,
    ),
    Row(
        "binary_cross_entropy",
        _bce_samples,
        _bce,
        torch=F + "binary_cross_entropy",
        domain=(0.05, 0.95),
        grad_samples=lambda t: [Sample(t(2, 3), t(2, 3), t(3), reduction=r) for r in REDUCTIONS],
        errors=_bce_errors,
        **WEIGHED,
    ),
    Row(
        "binary_cross_entropy_with_logits",
        _logit_samples,
        _logits,
        torch=F + "binary_cross_entropy_with_logits",
        grad_samples=lambda t: (
            [Sample(t(2, 3), t(2, 3), weight=t(3), pos_weight=t(3), reduction=r) for r in REDUCTIONS]
            + [Sample(t(3), t(3))]
        ),
        errors=_logit_errors,
        **WEIGHED,
    ),
]
