"""Connectionist temporal classification."""

import itertools

import numpy as np

import flambeau as fb

from ..table import Row, Sample


def _merged(path, blank):
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def _probability(probs, target, blank):
    """The sum over all paths of classes that become the target."""
    paths = itertools.product(range(probs.shape[1]), repeat=len(probs))
    return sum(
        np.prod([probs[t, c] for t, c in enumerate(path)]) for path in paths if _merged(path, blank) == target
    )


def _by_all_paths(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    single = log_probs.ndim == 2
    if single:
        log_probs, targets = log_probs[:, None], targets[None]
    if targets.ndim == 1:
        targets = np.split(targets, np.cumsum(target_lengths)[:-1])
    losses = np.array([
        -np.log(_probability(np.exp(log_probs[:t, n]), tuple(targets[n][:s]), blank))
        for n, (t, s) in enumerate(zip(np.atleast_1d(input_lengths), np.atleast_1d(target_lengths), strict=True))
    ])  # fmt: skip
    if zero_infinity:
        losses[np.isinf(losses)] = 0
    if reduction == 1:
        return np.mean(losses / np.maximum(np.atleast_1d(target_lengths), 1))
    if reduction == 2:
        return losses.sum()
    return losses[0] if single else losses


def _samples(t):
    def lengths(*values):
        return t.array(values, "int64")

    def labels(*values):
        return t.array(values, "int64")

    x = t(4, 2, 3)
    padded = labels([1, 2], [2, 2])
    made = [Sample(x, padded, lengths(4, 3), lengths(2, 2), 0, reduction) for reduction in (0, 1, 2)]
    return made + [
        Sample(x, labels([1, 2, -7], [2, 99, 99]), lengths(4, 2), lengths(2, 1), 0, 1),  # padding is not looked at
        Sample(x, labels(1, 2, 2), lengths(4, 4), lengths(2, 1), 0, 0),
        Sample(x, labels(0, 1, 1), (4, 3), (1, 2), 2, 1),
        Sample(x, padded, lengths(4, 4), lengths(2, 0), 0, 1),  # an empty target
        Sample(x, padded, lengths(0, 0), lengths(2, 0), 0, 0),
        Sample(x, padded, lengths(1, 2), lengths(2, 2), 0, 0),  # too short: inf
        Sample(x, padded, lengths(1, 4), lengths(2, 2), 0, 1, True),
        Sample(x[:, 0], padded[1], lengths(4)[0], lengths(2)[0], 0, 0),
        Sample(x[:, 0], padded[1], (4,), (2,), 0, 1),
        Sample(x[:, :1], t.array(np.zeros((1, 0)), "int64"), (4,), (0,), 0, 0),
    ]


def _of_scores(x, *rest):
    """The gradient is the one in the scores that log_softmax is taken of."""
    return fb.ctc_loss(x.log_softmax(x.ndim - 1), *rest)


def _of_scores_in_torch(x, *rest):
    import torch

    return torch.ctc_loss(x.log_softmax(x.ndim - 1), *rest)


def _of_scores_by_all_paths(x, *rest):
    return _by_all_paths(x - np.log(np.exp(x).sum(-1, keepdims=True)), *rest)


ROWS = [
    Row(
        "ctc_loss",
        _samples,
        _of_scores_by_all_paths,
        function=_of_scores,
        torch=_of_scores_in_torch,
        dtypes=("float32", "float64"),
        gradgrad=False,
        grad_samples=lambda t: [s for s in _samples(t) if _of_scores(*s.args).isfinite().all()],
    ),
]
