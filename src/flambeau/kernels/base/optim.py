"""Steps of the optimisers: one formula for each, and the base kernel that runs it over lists of arrays, in place.

A rule is a function (xp, p, grad, *state, *numbers, *settings) -> (p, *state) of one parameter, its gradient and what
the optimiser keeps for it: without side effects, in operations that arrays and tensors have alike, so that it is the
base kernel and, on tensors, the differentiable step. `numbers` differ between parameters, `settings` do not; a state
that is not wanted (momentum, AMSGrad, centering) is None. All moments m are kept as m + (1 - b) (g - m) or
b m + (1 - b) g.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._xp import Array, array_namespace


def _direction(p, grad, weight_decay, maximize):
    """The gradient with weight decay."""
    g = -grad if maximize else grad
    return g + p * weight_decay if weight_decay else g


def _decayed(p, grad, lr, weight_decay, decoupled, maximize):
    """(p, gradient) with weight decay in one or, decoupled, in the other (Loshchilov and Hutter, 2019)."""
    if decoupled and weight_decay:
        return p * (1 - lr * weight_decay), _direction(p, grad, 0, maximize)
    return p, _direction(p, grad, weight_decay, maximize)


def sgd(xp, p, grad, momentum_buffer, first, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """v = momentum v + (1 - dampening) g;  p -= lr v  (nesterov: lr (g + momentum v)). first: v has no value yet and
    becomes g."""
    g = _direction(p, grad, weight_decay, maximize)
    v = None
    if momentum_buffer is not None:
        v = g if first else momentum_buffer * momentum + g * (1 - dampening)
        g = g + v * momentum if nesterov else v
    return p - g * lr, v


def adam(xp, p, grad, m, v, largest, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize):
    """m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
    (Kingma and Ba, 2015). largest: the largest v so far, which then takes the place of v (Reddi et al., 2018)."""
    p, g = _decayed(p, grad, lr, weight_decay, decoupled, maximize)
    m = m + (g - m) * (1 - beta1)
    v = v * beta2 + g * g * (1 - beta2)
    if largest is not None:
        largest = xp.maximum(largest, v)
    root = xp.sqrt(v if largest is None else largest) / (1 - beta2**step) ** 0.5 + eps
    return p - m / root * (lr / (1 - beta1**step)), m, v, largest


def adamax(xp, p, grad, m, u, step, lr, beta1, beta2, eps, weight_decay, maximize):
    """u = max(b2 u, |g| + eps);  p -= lr / (1 - b1^t) m / u  (Kingma and Ba, 2015)."""
    g = _direction(p, grad, weight_decay, maximize)
    m = m + (g - m) * (1 - beta1)
    u = xp.maximum(u * beta2, xp.abs(g) + eps)
    return p - m / u * (lr / (1 - beta1**step)), m, u


def nadam_momentum(step, beta1, momentum_decay):
    """The momentum of a step of NAdam: b1 (1 - 0.96^(t momentum_decay) / 2)."""
    return beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))


def nadam(xp, p, grad, m, v, step, product, lr, beta1, beta2, eps, weight_decay, momentum_decay, decoupled, maximize):
    """c_t = b1 (1 - 0.96^(t momentum_decay) / 2), C_t = c_1 ... c_t = product;
    p -= lr ((1 - c_t) / (1 - C_t) g + c_(t + 1) / (1 - C_(t + 1)) m) / (sqrt(v / (1 - b2^t)) + eps)  (Dozat, 2016)."""
    p, g = _decayed(p, grad, lr, weight_decay, decoupled, maximize)
    m = m + (g - m) * (1 - beta1)
    v = v * beta2 + g * g * (1 - beta2)
    now, following = (nadam_momentum(t, beta1, momentum_decay) for t in (step, step + 1))
    of_gradient, of_mean = lr * (1 - now) / (1 - product), lr * following / (1 - product * following)
    root = xp.sqrt(v / (1 - beta2**step)) + eps
    return p - (g * of_gradient + m * of_mean) / root, m, v


def radam(xp, p, grad, m, v, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize):
    """r = 2 / (1 - b2) - 1;  r_t = r - 2 t b2^t / (1 - b2^t), the number of terms that v averages;
    p -= lr m / (1 - b1^t) f, where f = 1 while r_t <= 5, and then
    f = sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t)) sqrt(1 - b2^t) / (sqrt(v) + eps)  (Liu et al., 2020)."""
    p, g = _decayed(p, grad, lr, weight_decay, decoupled, maximize)
    m = m + (g - m) * (1 - beta1)
    v = v * beta2 + g * g * (1 - beta2)
    rate, correction = lr / (1 - beta1**step), 1 - beta2**step
    most = 2 / (1 - beta2) - 1
    terms = most - 2 * step * beta2**step / correction
    if terms <= 5:
        return p - m * rate, m, v
    rate *= ((terms - 4) * (terms - 2) * most / ((most - 4) * (most - 2) * terms)) ** 0.5 * correction**0.5
    return p - m / (xp.sqrt(v) + eps) * rate, m, v


def rmsprop(xp, p, grad, v, velocity, mean, lr, alpha, eps, weight_decay, momentum, maximize):
    """v = alpha v + (1 - alpha) g^2;  d = sqrt(v) + eps, with a mean of g: sqrt(v - mean^2) + eps;  p -= lr g / d, with
    momentum b = momentum b + g / d, p -= lr b  (Hinton, 2012; Graves, 2013)."""
    g = _direction(p, grad, weight_decay, maximize)
    v = v * alpha + g * g * (1 - alpha)
    square = v
    if mean is not None:
        mean = mean + (g - mean) * (1 - alpha)
        square = v - mean * mean
    change = g / (xp.sqrt(square) + eps)
    if velocity is not None:
        change = velocity = velocity * momentum + change
    return p - change * lr, v, velocity, mean


def rprop(xp, p, grad, previous, size, shrink, grow, smallest, largest, maximize):
    """size grows where the gradient kept its sign, shrinks where it changed it;  p -= size sign(g), but nothing where
    the sign changed  (Riedmiller and Braun, 1993)."""
    g = -grad if maximize else grad
    agreement = g * previous
    size = xp.where(agreement > 0, size * grow, xp.where(agreement < 0, size * shrink, size))
    size = xp.clip(size, smallest, largest)
    g = xp.where(agreement < 0, g * 0, g)
    return p - xp.sign(g) * size, g, size


def adagrad(xp, p, grad, total, step, lr, lr_decay, eps, weight_decay, maximize):
    """s = s + g^2;  p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)  (Duchi et al., 2011)."""
    g = _direction(p, grad, weight_decay, maximize)
    total = total + g * g
    return p - g / (xp.sqrt(total) + eps) * (lr / (1 + (step - 1) * lr_decay)), total


def adadelta(xp, p, grad, v, u, lr, rho, eps, weight_decay, maximize):
    """v = rho v + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(v + eps) g;  u = rho u + (1 - rho) d^2;  p -= lr d
    (Zeiler, 2012)."""
    g = _direction(p, grad, weight_decay, maximize)
    v = v * rho + g * g * (1 - rho)
    change = xp.sqrt(u + eps) / xp.sqrt(v + eps) * g
    return p - change * lr, v, u * rho + change * change * (1 - rho)


def asgd(xp, p, grad, average, eta, mu, lambd, weight_decay, maximize):
    """p = (1 - lambd eta) p - eta g;  a = a + mu (p - a)  (Polyak and Juditsky, 1992)."""
    g = _direction(p, grad, weight_decay, maximize)
    p = p * (1 - lambd * eta) - g * eta
    return p, p if mu == 1 else average + (p - average) * mu


RULES: dict[str, Callable[..., Any]] = {
    rule.__name__: rule for rule in (sgd, adam, adamax, nadam, radam, rmsprop, rprop, adagrad, adadelta, asgd)
}


def optimise(rule: str, lists: Sequence[Sequence[Array] | None], numbers: Sequence[Sequence[float]],
             settings: Sequence[float]) -> None:  # fmt: skip
    """One step of all parameters by a rule: lists of parameters, gradients and the states, each an array for a
    parameter, all of one dtype. All but the gradients change."""
    for i, p in enumerate(lists[0] or ()):
        arrays = [None if values is None else values[i] for values in lists]
        new = RULES[rule](array_namespace(p), *arrays, *[values[i] for values in numbers], *settings)
        for array, value in zip((p, *arrays[2:]), new, strict=True):
            if array is not None:
                array[...] = value
