"""Stochastic gradient descent with an average of where it went."""

from .steps import count, kept, options


def asgd(opfunc, x, config=None, state=None):
    """asgd(opfunc, x, config, state=None) -> x, f(x), average of x (Polyak and Juditsky, 1992)

    x = (1 - lambda eta_t) x - eta_t g; the average moves by mu_t of its distance to x, with eta_t = eta0 / (1 + lambda
    eta0 t)^alpha and mu_t = 1 / max(1, t - t0). config: eta0 (1e-4), lambda (1e-4), alpha (0.75), t0 (1e6),
    weightDecay (0). state: t, eta_t, mu_t, ax.
    """
    config, state = options("asgd", config, state)
    eta0, decay = config.get("eta0", 1e-4), config.get("lambda", 1e-4)
    fx, grad = opfunc(x)
    if config.get("weightDecay", 0):
        grad = grad + x * config["weightDecay"]
    eta = state.setdefault("eta_t", eta0)
    x.mul_(1 - decay * eta).add_(-eta, grad)
    average = kept(state, "ax", x)
    mu = state.setdefault("mu_t", 1)
    average.add_(mu, x - average)
    count(state, "t")
    state["eta_t"] = eta0 / (1 + decay * eta0 * state["t"]) ** config.get("alpha", 0.75)
    state["mu_t"] = 1 / max(1, state["t"] - config.get("t0", 1e6))
    return x, fx, average
