"""Rules of losses: the terms of the whole batch at once, then the mean or sum over those of each element."""

import math

from ...ops.op import FUNCTIONS
from .pointwise import aligned, apply, promoted
from .shape import folded, unfolded
from .tensor import rule


def _reduced(batch, terms, reduction):
    """The terms (B, ...) of the losses, as asked for."""
    if reduction == "none" or terms.ndim == 1:
        return terms
    dims = tuple(range(1, terms.ndim))
    return terms.mean(dims) if reduction == "mean" else terms.sum(dims)


@rule("mse_loss")
def mse_loss(f, batch, input, target, reduction):
    return _reduced(batch, apply(f, *aligned(batch, promoted(batch, (input, target))), "none"), reduction)


def _classified(batch, scores, target):
    """Scores and class numbers of the whole batch as those of so many more samples; and what the samples were."""
    rows, lead = folded(batch, scores, 1 if scores.ndim == 1 else scores.ndim - 1)
    classes = batch.front(target)
    return rows, classes.reshape(rows.shape[0], *classes.shape[len(lead) :]), lead


def _weights(batch, target, weight, ignore_index):
    """The weight of each class number (B, ...): 0 where it does not count."""
    classes = batch.front(target)
    counts = classes != ignore_index
    if weight is None:
        return counts
    return weight[FUNCTIONS["where"](counts, classes, 0).long()] * counts


@rule("nll_loss", "cross_entropy")
def classifying(f, batch, input, target, weight, ignore_index, reduction):
    if batch.has(weight):
        return NotImplemented
    rows, classes, lead = _classified(batch, input, target)
    terms = unfolded(apply(f, rows, classes, weight, ignore_index, "none"), lead)
    if reduction == "none":
        return terms
    dims = tuple(range(1, terms.ndim))
    total = terms.sum(dims) if dims else terms
    if reduction == "sum":
        return total
    weights = _weights(batch, target, weight, ignore_index)
    return total / (weights.sum(dims) if dims else weights)


def _of_terms(batch, grad, target, weight, ignore_index, reduction):
    """The gradients of the terms (B, ...), from those of the losses."""
    value = batch.front(grad)
    if reduction == "none":
        return value
    value = value.reshape(batch.size, *(1,) * target.ndim)
    if reduction == "mean":
        weights = _weights(batch, target, weight, ignore_index)
        value = value / weights.reshape(batch.size, -1).sum(1).reshape(value.shape)
    return value.expand(batch.size, *target.shape)


@rule("_nll_loss_grad")
def nll_loss_grad(f, batch, grad, shape, target, weight, ignore_index, reduction):
    if batch.has(weight):
        return NotImplemented
    terms = _of_terms(batch, grad, target, weight, ignore_index, reduction)
    lead = (batch.size, *shape[: len(shape) > 1])
    n, rest = math.prod(lead), tuple(shape[1:]) if len(shape) > 1 else tuple(shape)
    classes = batch.front(target).reshape(n, *rest[1:])
    out = apply(f, terms.reshape(n, *rest[1:]), (n, *rest), classes, weight, ignore_index, "none")
    return unfolded(out, lead)


@rule("_cross_entropy_grad")
def cross_entropy_grad(f, batch, grad, input, logp, target, weight, ignore_index, reduction):
    if batch.has(weight):
        return NotImplemented
    terms = _of_terms(batch, grad, target, weight, ignore_index, reduction)
    rows, classes, lead = _classified(batch, input, target)
    logp = _classified(batch, logp, target)[0]
    out = apply(f, terms.reshape(classes.shape), rows, logp, classes, weight, ignore_index, "none")
    return unfolded(out, lead)


# ---- connectionist temporal classification: the batch becomes part of the samples


def _more_samples(batch, t, at):
    """The value of t, whose dimension `at` is the samples, with the batch in front of them there."""
    value = batch.front(t).movedim(0, at)
    return value.reshape(*value.shape[:at], value.shape[at] * value.shape[at + 1], *value.shape[at + 2 :])


@rule("_ctc_loss")
def ctc_loss(f, batch, log_probs, targets, input_lengths, target_lengths, blank, zero_infinity):
    if targets.ndim == 1:
        return NotImplemented
    rest = [_more_samples(batch, t, 0) for t in (targets, input_lengths, target_lengths)]
    out = apply(f, _more_samples(batch, log_probs, 1), *rest, blank, zero_infinity)
    return out.reshape(batch.size, log_probs.shape[1])


@rule("_ctc_loss_grad")
def ctc_loss_grad(f, batch, grad, log_probs, alpha, targets, input_lengths, target_lengths, *options):
    if targets.ndim == 1:
        return NotImplemented
    rest = [_more_samples(batch, t, 0) for t in (targets, input_lengths, target_lengths)]
    steps = [_more_samples(batch, t, 1) for t in (log_probs, alpha)]
    out = apply(f, _more_samples(batch, grad, 0), *steps, *rest, *options)
    return out.reshape(out.shape[0], batch.size, -1, out.shape[2]).movedim(1, 0)


@rule("_ctc_loss_once")
def ctc_loss_once(f, batch, log_probs):
    return apply(f, log_probs._value)
