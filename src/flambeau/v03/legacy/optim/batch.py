"""Methods that evaluate the function many times in one call, for functions without noise.

Both return x and the list of the values of the function, the first at the x given, the last at the x returned.
"""

import math

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
    with a line search that meets the strong Wolfe conditions

    config: maxEval (1.25 maxIter), maxIter (20), rho (0.01: sufficient decrease), sig (0.5: sufficient flatness), int
    (0.1: interpolation stays this fraction away from the ends), ext (3: how far extrapolation goes), ratio (100:
    growth of the slope between searches), red (1: the first step is red / (|g|^2 + 1)).
    """
    config, state = options("cg", config, state)
    iterations = config.get("maxIter", 20)
    budget = _Budget(opfunc, config.get("maxEval", iterations * 1.25))
    fx, grad = budget(x)
    values = [fx]
    direction = -grad
    slope = grad.dot(direction)
    t = config.get("red", 1) / (1 - slope)
    failed = False
    for _ in range(iterations):
        if budget.left <= 0 or not slope < 0:
            break
        found = _wolfe(budget, x, direction, t, fx, grad, slope, config)
        if found is None:
            if failed:
                break
            failed, direction = True, -grad  # once more, along the steepest descent
            slope = grad.dot(direction)
            t = 1 / (1 - slope)
            continue
        failed = False
        step, fx, new = found
        x.add_(step, direction)
        values.append(fx)
        beta = (new.dot(new) - grad.dot(new)) / grad.dot(grad)
        direction, before = direction * beta - new, slope
        slope = new.dot(direction)
        if slope > 0:
            direction = -new
            slope = new.dot(direction)
        grad = new
        t = step * min(config.get("ratio", 100), before / (slope - 1e-300))
    return x, values, budget.used


class _Budget:
    """The function, with a count of its evaluations."""

    def __init__(self, opfunc, limit):
        self.opfunc, self.limit, self.used = opfunc, limit, 0

    @property
    def left(self):
        return self.limit - self.used

    def __call__(self, x):
        self.used += 1
        fx, grad = self.opfunc(x)
        return fx, grad.clone()


def _wolfe(budget, x, direction, t, fx, grad, slope, config):
    """(step, value, gradient) of a step along direction that meets the strong Wolfe conditions, or the best that was
    found when evaluations run out; None when nothing is better than x."""
    rho, sig = config.get("rho", 0.01), config.get("sig", 0.5)
    margin, reach = config.get("int", 0.1), config.get("ext", 3)
    best = None
    low, f_low, slope_low = 0.0, fx, slope  # the end of the bracket with the least value
    high = None  # the other end
    start = x.clone()
    while budget.left > 0:
        x.copy_(start).add_(t, direction)
        f_t, grad_t = budget(x)
        x.copy_(start)
        finite = math.isfinite(f_t)
        slope_t = grad_t.dot(direction) if finite else math.inf
        if finite and f_t < fx and (best is None or f_t < best[1]):
            best = t, f_t, grad_t
        if not finite or f_t > fx + rho * t * slope or f_t >= f_low:
            high = t
            t = _between(low, f_low, slope_low, high, f_t, margin)
        elif abs(slope_t) <= -sig * slope:
            return t, f_t, grad_t
        else:
            if high is not None and slope_t * (high - low) >= 0 or high is None and slope_t >= 0:
                high = low
            low, f_low, slope_low = t, f_t, slope_t
            t = t * reach if high is None else (low + high) / 2
        if high is not None and abs(high - low) <= 1e-16 * max(abs(low), abs(high)):
            break
    return best


def _between(low, f_low, slope_low, high, f_high, margin):
    """The minimum of the parabola through both ends, kept inside the bracket."""
    width = high - low
    curve = f_high - f_low - slope_low * width
    guess = -slope_low * width / (2 * curve) if math.isfinite(curve) and curve > 0 else 0.5
    return low + width * min(max(guess, margin), 1 - margin)
