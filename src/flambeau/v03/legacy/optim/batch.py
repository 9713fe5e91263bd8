"""Methods that evaluate the function many times in one call, for functions without noise.

Both return x and the list of the values of the function, the first at the x given, the last at the x returned.
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
    does (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006). config: maxEval (1.25 maxIter:
    evaluations in all), maxIter (20: evaluations of one line search), rho (0.01: sufficient decrease), sig (0.5: how
    flat it must be, of the first slope), int (0.1: steps stay this fraction away from the ends of the bracket), ext
    (3: how far one extrapolation goes), ratio (100: how much longer the next first step may be), red (1: the very
    first step is red / (1 + |g|^2)).
    """
    config, state = options("cg", config, state)
    most = config.get("maxIter", 20)
    limit = config.get("maxEval", most * 1.25)
    f0, grad = opfunc(x)
    grad = grad.clone()
    values, used, failed = [f0], 1, False
    direction = -grad
    slope = grad.dot(direction)
    step = config.get("red", 1) / (1 - slope)
    while used < limit:
        search = _LineSearch(opfunc, x, direction, f0, grad, slope, config, min(most, limit - used))
        point, met = search.run(step)
        used += search.evaluations
        if met:
            x.copy_(search.start).add_(point.at, direction)
            new = point.grad
            beta = (new.dot(new) - grad.dot(new)) / grad.dot(grad)
            direction, before = direction * beta - new, slope
            f0, grad, slope = point.value, new, new.dot(direction)
            values.append(f0)
            if slope > 0:
                direction = -grad
                slope = grad.dot(direction)
            step, failed = point.at * min(config.get("ratio", 100), before / (slope - _LEAST)), False
            continue
        f0, grad = search.best.value, search.best.grad
        x.copy_(search.start).add_(search.best.at, direction)
        if failed:
            break
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
    """Looks for a minimum along a direction, with at most `left` evaluations, each with x at the place."""

    def __init__(self, opfunc, x, direction, value, grad, slope, config, left):
        self.opfunc, self.x, self.direction, self.left = opfunc, x, direction, left
        self.evaluations = 0
        self.start = x.clone()
        self.first = self.best = _Point(0, value, slope, grad)
        self.rho, self.sig = config.get("rho", 0.01), config.get("sig", 0.5)
        self.inner, self.outer = config.get("int", 0.1), config.get("ext", 3)

    def point(self, at):
        """The place this far along the direction."""
        self.left -= 1
        self.evaluations += 1
        value, grad = self.opfunc(self.x.copy_(self.start).add_(at, self.direction))
        found = _Point(at, value, grad.dot(self.direction), grad.clone())
        if value < self.best.value:
            self.best = found
        return found

    def too_high(self, point):
        """Whether the value has not fallen as much as the first slope promised."""
        return point.value > self.first.value + point.at * self.rho * self.first.slope

    def run(self, step):
        """(place, whether it meets the conditions)"""
        last, point = self.first, self.finite(0, step)
        while not (point.slope > self.sig * self.first.slope or self.too_high(point) or self.left <= 0):
            step = self.further(last, point)
            last, point = point, self.finite(point.at, step)
        low, high = last, point
        while (abs(point.slope) > -self.sig * self.first.slope or self.too_high(point)) and self.left > 0:
            if point.slope > 0 or self.too_high(point):
                high = point
            else:
                low = point
            point = self.point(self.between(low, high))
        return point, abs(point.slope) < -self.sig * self.first.slope and not self.too_high(point)

    def finite(self, low, step):
        """A place where the value is a number: step, or half of the way back to low, and so on."""
        point = self.point(step)
        while not (math.isfinite(point.value) and math.isfinite(point.slope)) and self.left > 0:
            step = (low + step) / 2
            point = self.point(step)
        return point

    def further(self, a, b):
        """A step beyond b: the minimum of the cubic through a and b, if it is not too far or too near."""
        width = b.at - a.at
        p = 6 * (a.value - b.value) + 3 * (b.slope + a.slope) * width
        q = 3 * (b.value - a.value) - (2 * a.slope + b.slope) * width
        root = q * q - p * a.slope * width
        divisor = q + math.sqrt(root) if root >= 0 else 0
        step = a.at - a.slope * width * width / divisor if divisor else math.inf
        if not 0 <= step <= b.at * self.outer:
            return b.at * self.outer
        return max(step, b.at + self.inner * width)

    def between(self, low, high):
        """A step between the ends of a bracket: the minimum of a parabola, or of a cubic when high is not above the
        start."""
        width = high.at - low.at
        step = math.nan
        if high.value > self.first.value:
            divisor = high.value - low.value - low.slope * width
            if divisor:
                step = low.at - 0.5 * low.slope * width * width / divisor
        elif width:
            p = 6 * (low.value - high.value) / width + 3 * (high.slope + low.slope)
            q = 3 * (high.value - low.value) - (2 * low.slope + high.slope) * width
            root = q * q - p * low.slope * width * width
            if p and root >= 0:
                step = low.at + (math.sqrt(root) - q) / p
        if not math.isfinite(step):
            step = (low.at + high.at) / 2
        return max(min(step, high.at - self.inner * width), low.at + self.inner * width)
