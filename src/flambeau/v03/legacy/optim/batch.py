"""Methods that evaluate the function many times in one call, for functions without noise.

Both return x, the list of the values of the function at the x given and after each step, and the number of evaluations.
"""

import math
from typing import Any, NamedTuple

from .steps import options


def lbfgs(opfunc, x, config=None, state=None):
    """lbfgs(opfunc, x, config, state=None) -> x, [f, ...], number of evaluations: L-BFGS (Nocedal, 1980)

    config: maxIter (20), maxEval (1.25 maxIter), tolFun (1e-5: stops when the sum of |g| is not larger), tolX (1e-9:
    stops when step and change of f are not larger), nCorrection (100 pairs kept), learningRate (1: the step; the first
    one is shorter), lineSearch: a function(opfunc, x, t, d, f, g, g.d, options) -> f, g, x, t, evaluations;
    lineSearchOptions; verbose. state keeps the pairs for the next call.
    """
    config, state = options("lbfgs", config, state)
    iterations = config.get("maxIter", 20)
    limit = config.get("maxEval", iterations * 1.25)
    tol_f, tol_x = config.get("tolFun", 1e-5), config.get("tolX", 1e-9)
    search, rate = config.get("lineSearch"), config.get("learningRate", 1)
    state.setdefault("funcEval", 0)
    state.setdefault("nIter", 0)
    fx, grad = opfunc(x)
    grad = grad.clone()
    values, evaluated = [fx], 1
    state["funcEval"] += 1
    for done in range(1, iterations + 1):
        if grad.norm(1) <= tol_f:
            _say(config, "optimality condition below tolFun")
            break
        state["nIter"] += 1
        _remember(state, grad, config.get("nCorrection", 100))
        direction = _direction(state, grad)
        slope = grad.dot(direction)
        t = min(1.0, 1.0 / grad.norm(1)) * rate if state["nIter"] == 1 else rate
        state.update(d=direction, prev_g=grad.clone())
        before, used = fx, 0
        if slope > -tol_x:
            _say(config, "directional derivative below tolX")
            break
        if callable(search):
            fx, new, found, t, used = search(opfunc, x, t, direction, fx, grad, slope, config.get("lineSearchOptions"))
            grad = new.clone()
            if found is not x:
                x.copy_(found)
            values.append(fx)
        else:
            x.add_(t, direction)
            if done != iterations:  # with another iteration to come its value and gradient are needed
                fx, new = opfunc(x)
                grad, used = new.clone(), 1
                values.append(fx)
        state["t"] = t
        evaluated += used
        state["funcEval"] += used
        if evaluated >= limit or (direction * t).norm(1) <= tol_x or (used and abs(fx - before) < tol_x):
            _say(config, "too many evaluations, or steps below tolX")
            break
    return x, values, evaluated


def _say(config, reason):
    if config.get("verbose"):
        print(f"<lbfgs> {reason}")


def _remember(state, grad, limit):
    """Adds the last step and change of the gradient to the pairs, and sets the first guess of the inverse Hessian."""
    pairs = state.setdefault("pairs", [])
    if state["nIter"] == 1 or "d" not in state:
        state["pairs"], state["H_diag"] = [], 1
        return
    change, step = grad - state["prev_g"], state["d"] * state["t"]
    curvature = change.dot(step)
    if curvature > 1e-10:
        pairs.append((step, change, 1 / curvature))
        del pairs[:-limit]
        state["H_diag"] = curvature / change.dot(change)


def _direction(state, grad):
    """-H grad, H being the inverse Hessian that the pairs say (two-loop recursion)."""
    q, factors = -grad, []
    for step, change, rho in reversed(state["pairs"]):
        factors.append(rho * step.dot(q))
        q.add_(-factors[-1], change)
    q.mul_(state["H_diag"])
    for (step, change, rho), factor in zip(state["pairs"], reversed(factors), strict=True):
        q.add_(factor - rho * change.dot(q), step)
    return q


def cg(opfunc, x, config=None, state=None):
    """cg(opfunc, x, config, state=None) -> x, [f, ...], number of evaluations: conjugate gradients (Polak and Ribiere)

    The line search meets the Wolfe-Powell conditions, with cubic and quadratic polynomials, as Rasmussen's minimize.m
    of 2001 does. config: maxEval (1.25 maxIter: evaluations in all), maxIter (20: evaluations of one line search), rho
    (0.01: sufficient decrease), sig (0.5: how flat it must be, of the first slope), int (0.1: steps stay this fraction
    away from the ends of the bracket), ext (3: how far one extrapolation goes), ratio (100: how much longer the next
    first step may be), red (1: the very first step is red / (1 + |g|^2)).
    """
    config, state = options("cg", config, state)
    most = config.get("maxIter", 20)
    limit = config.get("maxEval", most * 1.25)
    fx, grad = opfunc(x)
    grad = grad.clone()
    values, used, failed = [fx], 1, False
    direction = -grad
    slope = grad.dot(direction)
    step = config.get("red", 1) / (1 - slope)
    while used < limit:
        search = _LineSearch(opfunc, x, direction, _Point(0, fx, slope, grad), config)
        found = search.run(step, most, limit - used)
        used += search.evaluations
        if found is not None:
            new, before = found.grad, slope
            beta = (new.dot(new) - grad.dot(new)) / grad.dot(grad)
            direction, fx, grad, failed = direction * beta - new, found.value, new, False
            values.append(fx)
            slope = grad.dot(direction)
            if slope > 0:
                direction = -grad
                slope = grad.dot(direction)
            step = found.at * min(config.get("ratio", 100), before / (slope - _LEAST))
        elif failed:  # twice, the second time along the steepest descent
            break
        else:
            direction, failed = -grad, True
            slope = grad.dot(direction)
            step = 1 / (1 - slope)
    return x, values, used


_LEAST = 2.2250738585072014e-308  # the smallest normal number of float64


class _Point(NamedTuple):
    """A place on the line: how far it is, and the value, slope and gradient there."""

    at: float
    value: float
    slope: float
    grad: Any


class _LineSearch:
    """Looks for a minimum along a direction; each evaluation is with x at the place."""

    def __init__(self, opfunc, x, direction, first, config):
        self.opfunc, self.x, self.direction, self.first = opfunc, x, direction, first
        self.start = x.clone()
        self.evaluations = 0
        self.rho, self.sig = config.get("rho", 0.01), config.get("sig", 0.5)
        self.inner, self.outer = config.get("int", 0.1), config.get("ext", 3)

    def point(self, at):
        """The place this far along the direction."""
        self.evaluations += 1
        value, grad = self.opfunc(self.x.copy_(self.start).add_(at, self.direction))
        return _Point(at, value, grad.dot(self.direction), grad.clone())

    def beyond(self, point):
        """Whether the minimum is before a place: the value has not fallen enough, or rises too steeply."""
        enough = point.value <= self.first.value + point.at * self.rho * self.first.slope
        return not (enough and point.slope <= -self.sig * self.first.slope)

    def run(self, step, most, left):
        """The place that was found, where x is then; None, with x at the start, when evaluations run out."""
        other, here, limit = self.first, self.point(step), None
        last = min(most, left - 1) + 1
        while True:
            while self.beyond(here) and self.evaluations < last:
                limit = here.at
                here = self.point(self.between(other, here))
            flat = here.slope > self.sig * self.first.slope
            if self.beyond(here) or (not flat and self.evaluations >= last):
                self.x.copy_(self.start)
                return None
            if flat:
                return here
            other, here = here, self.point(self.further(other, here, limit))

    def between(self, other, here):
        """A step between two places: the minimum of a parabola, or of a cubic when here is below the start."""
        width, step = other.at - here.at, math.nan
        if here.value > self.first.value:
            divisor = other.slope * width + here.value - other.value
            if divisor:
                step = width - 0.5 * other.slope * width * width / divisor
        else:
            p, q, root = self.cubic(other, here, width)
            if p and root >= 0:
                step = (math.sqrt(root) - q) / p
        if not math.isfinite(step):
            step = width / 2
        return here.at + max(min(step, self.inner * width), (1 - self.inner) * width)

    def further(self, other, here, limit):
        """A step beyond here: the minimum of a cubic, not beyond the limit, nor too near to either."""
        width, step = other.at - here.at, -1.0
        _, q, root = self.cubic(other, here, width)
        divisor = q + math.sqrt(root) if root >= 0 else 0
        if divisor:
            step = -here.slope * width * width / divisor
        largest = here.at * (self.outer - 1) if limit is None else (limit - here.at) / 2
        room = largest if limit is None else limit - here.at
        if not 0 <= step <= room:
            step = largest
        elif step < -width * self.inner:
            step = -width * self.inner
        elif limit is not None:
            step = max(step, room * (1 - self.inner))
        return here.at + step

    @staticmethod
    def cubic(other, here, width):
        """Of the cubic through two places: twice the leading and the middle coefficients, scaled, and the
        discriminant."""
        if not width:
            return 0, 0, -1
        p = 6 * (here.value - other.value) / width + 3 * (here.slope + other.slope)
        q = 3 * (other.value - here.value) - width * (other.slope + 2 * here.slope)
        return p, q, q * q - p * here.slope * width * width
