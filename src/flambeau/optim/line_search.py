"""A line search for the strong Wolfe conditions (Nocedal and Wright, 2006, algorithms 3.5 and 3.6)."""

import math
from collections import namedtuple

# A step along the direction, the loss and the gradient there, and the derivative of the loss along the direction.
Trial = namedtuple("Trial", "t loss grad slope")


def strong_wolfe(evaluate, t, start, length, c1=1e-4, c2=0.9, smallest=1e-9, most=25):
    """(the trial that was found, number of evaluations) of a step t with sufficient decrease,
    f(t) <= f(0) + c1 t f'(0), and curvature, |f'(t)| <= c2 |f'(0)|.

    evaluate(t): (loss, gradient, slope). t: the first step. start: those of the step 0, whose slope is negative.
    length: the largest element of the direction; the search ends where the bracket times it is below `smallest`, or
    after about `most` evaluations, with the best step so far.
    """
    origin = Trial(0, *start)

    def too_high(trial):
        return trial.loss > origin.loss + c1 * trial.t * origin.slope

    def is_flat(trial):
        return abs(trial.slope) <= -c2 * origin.slope

    previous, trial = origin, Trial(t, *evaluate(t))
    used = 1
    while used <= most:
        if too_high(trial) or (used > 2 and trial.loss >= previous.loss):
            break
        if is_flat(trial):
            return trial, used
        if trial.slope >= 0:
            break
        bounds = (trial.t + 0.01 * (trial.t - previous.t), 10 * trial.t)
        t = _cubic_minimum(previous, trial, bounds)
        previous, trial = trial, Trial(t, *evaluate(t))
        used += 1
    else:
        previous = origin
    return _zoom(evaluate, previous, trial, too_high, is_flat, smallest / length, used, most)


def _zoom(evaluate, best, other, too_high, is_flat, narrowest, used, most):
    """Narrow a bracket that contains a good step; `best` becomes its end with the lower loss."""
    stalled = False
    if other.loss < best.loss:
        best, other = other, best
    while used <= most and abs(best.t - other.t) >= narrowest:
        low, high = sorted((best.t, other.t))
        t, stalled = _away_from_ends(_cubic_minimum(best, other, (low, high)), low, high, stalled)
        trial = Trial(t, *evaluate(t))
        used += 1
        if too_high(trial) or trial.loss >= best.loss:
            best, other = (best, trial) if best.loss <= trial.loss else (trial, best)
        elif is_flat(trial):
            return trial, used
        else:
            if trial.slope * (other.t - best.t) >= 0:
                other = best
            best = trial
    return best, used


def _away_from_ends(t, low, high, stalled):
    """(step, stalled): t, but a tenth of the bracket from an end where two trials in a row were nearer to one."""
    margin = 0.1 * (high - low)
    if min(high - t, t - low) >= margin:
        return t, False
    if not stalled and low < t < high:
        return t, True
    return (high - margin if high - t < t - low else low + margin), False


def _cubic_minimum(a, b, bounds):
    """The minimum, within bounds, of the cubic with the losses and slopes of two trials; their middle without one
    (Nocedal and Wright, equation 3.59)."""
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (bounds[0] + bounds[1]) / 2
    d2 = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * d2
    if divisor == 0:
        return (bounds[0] + bounds[1]) / 2
    t = b.t - (b.t - a.t) * (b.slope + d2 - d1) / divisor
    return min(max(t, bounds[0]), bounds[1])
