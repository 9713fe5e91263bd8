"""The loss of connectionist temporal classification (Graves et al., 2006), with its gradient, in log space.

The targets of a batch of N are strings of S class numbers at most; with a blank before, between and after the labels
a string has L = 2 S + 1 places. The recursions run over time, for all samples and places at once, in float64.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, add_at, array_namespace


def _check_lengths(log_probs, targets, input_lengths, target_lengths):
    def refuse(text):
        raise RuntimeError(f"{text} (while checking arguments for ctc_loss_allocate_outputs)")

    for name, lengths in (("target_lengths", target_lengths), ("input_lengths", input_lengths)):
        if (lengths < 0).any():
            refuse(f"Expected {name} to have value at least 0, but got value {int(lengths.min())}")
    steps = log_probs.shape[0]
    if input_lengths.max() > steps:
        refuse(
            f"Expected input_lengths to have value at most {steps}, but got value {int(input_lengths.max())}"
        )
    longest, total = int(target_lengths.max()), int(target_lengths.sum())
    if targets.ndim == 2 and targets.shape[1] < longest:
        refuse(
            f"Expected tensor to have size at least {longest} at dimension 1, but got size {targets.shape[1]} for "
            "argument #2 'targets'"
        )
    if targets.ndim == 1 and targets.shape[0] != total:
        refuse(
            f"Expected tensor to have size {total} at dimension 0, but got size {targets.shape[0]} for argument #2 "
            "'targets'"
        )


def _places(log_probs: Array, targets: Array, target_lengths: Array, blank: int) -> Array:
    """The class numbers at the places of all strings, (N, L), with blanks beyond their ends."""
    xp = array_namespace(log_probs)
    longest = int(target_lengths.max())
    at = xp.arange(longest)
    if targets.ndim == 1:
        starts = xp.cumsum(target_lengths) - target_lengths
        targets = targets[xp.minimum(starts[:, None] + at, max(targets.shape[0] - 1, 0))] if longest else targets
    labels = targets[:, :longest] if longest else xp.zeros((target_lengths.shape[0], 0))
    used = at < target_lengths[:, None]
    labels = xp.where(used, labels, blank).astype(np.int64)
    classes = log_probs.shape[2]
    if ((labels < 0) | (labels >= classes)).any():
        wrong = labels[(labels < 0) | (labels >= classes)]
        raise IndexError(f"ctc_loss: Target {int(wrong[0])} is out of bounds: there are {classes} classes")
    places = xp.full((labels.shape[0], 2 * longest + 1), blank, np.int64)
    places[:, 1::2] = labels
    return places


def _emissions(log_probs: Array, places: Array) -> Array:
    """The log-probabilities of the classes at the places, (T, N, L)."""
    xp = array_namespace(log_probs)
    return xp.take_along_axis(log_probs.astype(np.float64, copy=False), places[None], 2)


def _log_sum(*terms: Array) -> Array:
    """log(sum(exp(term))), -inf where all are."""
    xp = array_namespace(terms[0])
    top = terms[0]
    for term in terms[1:]:
        top = xp.maximum(top, term)
    base = xp.where(top == -np.inf, 0.0, top)
    return base + xp.log(sum(xp.exp(term - base) for term in terms))


def _steps(paths: Array, skips: Array) -> Array:
    """One step of the recursion, before the emission: a path stays, moves on by a place, or skips a blank."""
    xp = array_namespace(paths)
    lone = xp.full((paths.shape[0], 1), -np.inf)
    one = xp.concatenate([lone, paths[:, :-1]], 1)
    two = xp.where(skips, xp.concatenate([lone, one[:, :-1]], 1), -np.inf)
    return _log_sum(paths, one, two)


def _skips(places: Array) -> Array:
    """Where a path may come from two places before: between labels that differ."""
    skips = array_namespace(places).zeros(places.shape, bool)
    skips[:, 2:] = places[:, 2:] != places[:, :-2]
    return skips


def _losses(alpha: Array, input_lengths: Array, target_lengths: Array) -> Array:
    """-log P(target) of each sample: its paths end with the last label or the blank after it."""
    xp = array_namespace(alpha)
    sample = xp.arange(alpha.shape[1])
    last = alpha[xp.maximum(input_lengths - 1, 0), sample]  # (N, L)
    end = 2 * target_lengths
    blank, label = last[sample, end], last[sample, xp.maximum(end - 1, 0)]
    losses = -_log_sum(blank, xp.where(end > 0, label, -np.inf))
    return xp.where(input_lengths > 0, losses, xp.where(end > 0, np.inf, 0.0))


@np.errstate(all="ignore")
def ctc_loss(
    log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank: int
) -> tuple[Array, Array]:
    """(losses (N,), alpha (T, N, L) float64): alpha[t, n, s] is the log-probability of all paths to place s at time t.

    log_probs (T, N, C); targets (N, S) or, one after the other, (sum of the lengths,). RuntimeError for lengths that do
    not fit, IndexError for labels that are no classes.
    """
    _check_lengths(log_probs, targets, input_lengths, target_lengths)
    xp = array_namespace(log_probs)
    places = _places(log_probs, targets, target_lengths, blank)
    emissions, skips = _emissions(log_probs, places), _skips(places)
    alpha = xp.full(emissions.shape, -np.inf)
    alpha[0, :, :2] = emissions[0, :, :2]
    for t in range(1, alpha.shape[0]):
        alpha[t] = _steps(alpha[t - 1], skips) + emissions[t]
    losses = _losses(alpha, input_lengths, target_lengths)
    return losses.astype(log_probs.dtype), alpha


@np.errstate(all="ignore")
def ctc_loss_grad(
    g: Array,
    log_probs: Array,
    alpha: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    blank: int,
    zero_infinity: bool,
) -> Array:
    """Gradient of ctc_loss in scores x of which log_probs is log_softmax(x, 2): g (exp(log_probs) - p), with the share
    p[t, n, c] of the paths that go through class c at time t. NaN where the loss is infinite."""
    xp = array_namespace(log_probs)
    places = _places(log_probs, targets, target_lengths, blank)
    emissions, skips = _emissions(log_probs, places), _skips(places)
    steps, n, length = alpha.shape
    losses = _losses(alpha, input_lengths, target_lengths)
    flipped = xp.zeros(skips.shape, bool)  # the same going backwards
    flipped[:, 2:] = skips[:, :1:-1]
    place = xp.arange(length)
    end = 2 * target_lengths[:, None]
    ends = xp.where((place == end) | (place == end - 1), 0.0, -np.inf)
    later = xp.full((n, length), -np.inf)  # of the paths from each place on, without its own emission
    share = xp.empty(alpha.shape)
    for t in range(steps - 1, -1, -1):
        if t < steps - 1:
            later = _steps((later + emissions[t + 1])[:, ::-1], flipped)[:, ::-1]
        later = xp.where((input_lengths == t + 1)[:, None], ends, later)
        share[t] = xp.exp(alpha[t] + later + losses[:, None])
    wide = xp.exp(xp.ascontiguousarray(log_probs, np.float64))
    row = xp.arange(steps * n).reshape(steps, n, 1) * log_probs.shape[2]
    add_at(wide.reshape(-1), (row + places).reshape(-1), -share.reshape(-1))
    wide *= g.astype(np.float64)[:, None]
    wide = xp.where(xp.isfinite(losses)[:, None], wide, 0 if zero_infinity else np.nan)
    return xp.where((xp.arange(steps)[:, None] < input_lengths)[:, :, None], wide, 0).astype(log_probs.dtype)
