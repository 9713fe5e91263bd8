"""Methods that take one step for each evaluation of the function, along a scaled gradient.

Each returns x and the value of the function, which was evaluated before the step.
"""

import math


def options(name, config, state):
    """config and state as dicts; where there is no state, it is kept in config."""
    if config is None and state is None:
        raise ValueError(f"optim.{name} requires a dictionary to retain state between iterations")
    config = {} if config is None else config
    return config, config if state is None else state


def kept(state, name, like):
    """A tensor of the state, of zeros at first."""
    if name not in state:
        state[name] = like.new().resize_as_(like).zero_()
    return state[name]


def count(state, name):
    """The number of calls so far, this one not included."""
    calls = state.get(name, 0)
    state[name] = calls + 1
    return calls


def decayed(config, state, grad, x):
    """The learning rate after `learningRateDecay`, and the gradient with `weightDecay` times x added."""
    if config.get("weightDecay", 0):
        grad = grad + x * config["weightDecay"]
    rate = config.get("learningRate", 1e-3)
    return rate / (1 + count(state, "evalCounter") * config.get("learningRateDecay", 0)), grad


def sgd(opfunc, x, config=None, state=None):
    """sgd(opfunc, x, config, state=None) -> x, f(x): stochastic gradient descent

    config: learningRate (1e-3), learningRateDecay (0: the rate is divided by 1 + calls times this), weightDecay (0),
    weightDecays (a tensor of such), momentum (0), dampening (momentum), nesterov (False), learningRates (a tensor of
    factors). With momentum the step goes along v = momentum v + (1 - dampening) g, with nesterov along g + momentum v.
    ValueError for nesterov without momentum or with dampening, and for weightDecay together with weightDecays.
    """
    config, state = options("sgd", config, state)
    momentum = config.get("momentum", 0)
    dampening = config.get("dampening", momentum)
    nesterov = config.get("nesterov", False)
    if nesterov and (momentum <= 0 or dampening != 0):
        raise ValueError("Nesterov momentum requires a momentum and zero dampening")
    if config.get("weightDecay", 0) and config.get("weightDecays") is not None:
        raise ValueError("Only one of weightDecay and weightDecays can be specified")
    fx, grad = opfunc(x)
    rate, grad = decayed(config, state, grad, x)
    if config.get("weightDecays") is not None:
        grad = grad + x * config["weightDecays"]
    if momentum:
        if "dfdx" in state:
            state["dfdx"].mul_(momentum).add_(1 - dampening, grad)
        else:
            state["dfdx"] = grad.clone()
        grad = grad + state["dfdx"] * momentum if nesterov else state["dfdx"]
    rates = config.get("learningRates", state.get("learningRates"))
    x.add_(-rate, grad if rates is None else grad * rates)
    return x, fx


def nag(opfunc, x, config=None, state=None):
    """nag(opfunc, x, config, state=None) -> x, f: Nesterov's accelerated gradient (Sutskever et al., 2013)

    The function is evaluated where the momentum leads to, x + momentum v; then v = momentum v - rate g and x = x + v.
    config: learningRate (1e-3), learningRateDecay (0), weightDecay (0), momentum (0.9), learningRates (a tensor of
    factors).
    """
    config, state = options("nag", config, state)
    momentum = config.get("momentum", 0.9)
    if momentum <= 0:
        raise ValueError(f"optim.nag: momentum must be positive, got {momentum}; use sgd")
    velocity = kept(state, "dfdx", x)
    ahead = velocity * momentum
    x.add_(ahead)
    fx, grad = opfunc(x)
    rate, grad = decayed(config, state, grad, x)
    rates = config.get("learningRates")
    step = grad * -rate if rates is None else grad * rates * -rate
    velocity.mul_(momentum).add_(step)
    x.add_(step)
    return x, fx


def adadelta(opfunc, x, config=None, state=None):
    """adadelta(opfunc, x, config, state=None) -> x, f(x): Zeiler (2012). config: rho (0.9), eps (1e-6), weightDecay
    (0).

    state: paramVariance, accDelta: the running means of squares of gradients and of steps.
    """
    config, state = options("adadelta", config, state)
    rho, eps = config.get("rho", 0.9), config.get("eps", 1e-6)
    fx, grad = opfunc(x)
    _, grad = decayed(config, state, grad, x)
    squares, steps = kept(state, "paramVariance", x), kept(state, "accDelta", x)
    squares.mul_(rho).addcmul_(1 - rho, grad, grad)
    step = (steps + eps).sqrt_().div_((squares + eps).sqrt_()).mul_(grad)
    x.add_(-1, step)
    steps.mul_(rho).addcmul_(1 - rho, step, step)
    return x, fx


def adagrad(opfunc, x, config=None, state=None):
    """adagrad(opfunc, x, config, state=None) -> x, f(x): Duchi et al. (2011). config: learningRate (1e-3),
    learningRateDecay (0), weightDecay (0). state: paramVariance: the sum of the squares of gradients."""
    config, state = options("adagrad", config, state)
    fx, grad = opfunc(x)
    rate, grad = decayed(config, state, grad, x)
    squares = kept(state, "paramVariance", x)
    squares.addcmul_(1, grad, grad)
    x.addcdiv_(-rate, grad, squares.sqrt().add_(1e-10))
    return x, fx


def adam(opfunc, x, config=None, state=None):
    """adam(opfunc, x, config, state=None) -> x, f(x): Kingma and Ba (2015)

    config: learningRate (1e-3), learningRateDecay (0), beta1 (0.9), beta2 (0.999), epsilon (1e-8), weightDecay (0).
    x -= rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon). state: t, m, v.
    """
    config, state = options("adam", config, state)
    beta1, beta2, eps = config.get("beta1", 0.9), config.get("beta2", 0.999), config.get("epsilon", 1e-8)
    fx, grad = opfunc(x)
    rate, grad = decayed(config, state, grad, x)
    count(state, "t")
    m, v = kept(state, "m", x), kept(state, "v", x)
    m.mul_(beta1).add_(1 - beta1, grad)
    v.mul_(beta2).addcmul_(1 - beta2, grad, grad)
    corrected = rate * math.sqrt(1 - beta2 ** state["t"]) / (1 - beta1 ** state["t"])
    x.addcdiv_(-corrected, m, v.sqrt().add_(eps))
    return x, fx


def adamax(opfunc, x, config=None, state=None):
    """adamax(opfunc, x, config, state=None) -> x, f(x): Kingma and Ba (2015), with the largest gradient instead of
    the mean square

    config: learningRate (0.002), beta1 (0.9), beta2 (0.999), epsilon (1e-38), weightDecay (0). u = max(beta2 u, |g| +
    epsilon); x -= rate / (1 - beta1^t) m / u. state: t, m, u.
    """
    config, state = options("adamax", config, state)
    beta1, beta2, eps = config.get("beta1", 0.9), config.get("beta2", 0.999), config.get("epsilon", 1e-38)
    fx, grad = opfunc(x)
    _, grad = decayed(config, state, grad, x)
    count(state, "t")
    m, u = kept(state, "m", x), kept(state, "u", x)
    m.mul_(beta1).add_(1 - beta1, grad)
    u.copy_((u * beta2).max(grad.abs().add_(eps)))
    x.addcdiv_(-config.get("learningRate", 0.002) / (1 - beta1 ** state["t"]), m, u)
    return x, fx


def rmsprop(opfunc, x, config=None, state=None):
    """rmsprop(opfunc, x, config, state=None) -> x, f(x): Tieleman and Hinton (2012)

    config: learningRate (1e-2), learningRateDecay (0), alpha (0.99), epsilon (1e-8), weightDecay (0). x -= rate g /
    (sqrt(m) + epsilon). state: m: the running mean of squares of gradients.
    """
    config, state = options("rmsprop", config, state)
    alpha, eps = config.get("alpha", 0.99), config.get("epsilon", 1e-8)
    fx, grad = opfunc(x)
    rate, grad = decayed({"learningRate": 1e-2, **config}, state, grad, x)
    m = kept(state, "m", x)
    m.mul_(alpha).addcmul_(1 - alpha, grad, grad)
    x.addcdiv_(-rate, grad, m.sqrt().add_(eps))
    return x, fx


def rprop(opfunc, x, config=None, state=None):
    """rprop(opfunc, x, config, state=None) -> x, [f(x), ...]: Riedmiller and Braun (1993)

    config: stepsize (0.1), etaplus (1.2), etaminus (0.5), stepsizemax (50), stepsizemin (1e-6), niter (1: steps of
    this call), weightDecay (0). Each element goes by a step of its own, against the sign of its gradient; where that
    has changed, the step shrinks and the element waits. state: steps, delta: the last gradients.
    """
    config, state = options("rprop", config, state)
    largest, least = config.get("stepsizemax", 50), config.get("stepsizemin", 1e-6)
    if state.get("steps") is None:
        state["steps"] = x.new().resize_as_(x).fill_(config.get("stepsize", 0.1))
    steps, last, values = state["steps"], kept(state, "delta", x), []
    for _ in range(config.get("niter", 1)):
        fx, grad = opfunc(x)
        values.append(fx)
        _, grad = decayed(config, state, grad, x)
        turn = (grad * last).sign_()
        factors = turn.gt(0).type_as(x) * (config.get("etaplus", 1.2) - 1) + turn.lt(0).type_as(x) * (
            config.get("etaminus", 0.5) - 1
        )
        steps.mul_(factors + 1).clamp_(least, largest)
        grad = grad * turn.ge(0).type_as(x)
        x.addcmul_(-1, grad.sign(), steps)
        last.copy_(grad)
    return x, values
