"""Base kernels of the optimisers: one step over lists of arrays of one dtype, in place."""

from __future__ import annotations

from collections.abc import Sequence

from ._xp import Array, array_namespace


def sgd(params: Sequence[Array], grads: Sequence[Array], momenta: Sequence[Array] | None, first: Sequence[bool],
        lr: float, momentum: float = 0.0, dampening: float = 0.0, weight_decay: float = 0.0, nesterov: bool = False,
        maximize: bool = False) -> None:  # fmt: skip
    """g = grad + weight_decay p;  v = momentum v + (1 - dampening) g;  p -= lr v  (nesterov: lr (g + momentum v)).

    momenta: the v, None without momentum; where first[i] holds, momenta[i] has no value yet and becomes g.
    """
    for i, (p, grad) in enumerate(zip(params, grads, strict=True)):
        g = -grad if maximize else grad
        if weight_decay:
            g = g + p * p.dtype.type(weight_decay)
        if momenta is not None:
            v = momenta[i]
            if first[i]:
                v[...] = g
            else:
                v *= v.dtype.type(momentum)
                v += g * v.dtype.type(1 - dampening)
            g = g + v * v.dtype.type(momentum) if nesterov else v
        p -= g * p.dtype.type(lr)


def adam(params: Sequence[Array], grads: Sequence[Array], means: Sequence[Array], squares: Sequence[Array],
         largest: Sequence[Array] | None, steps: Sequence[float], lr: float, beta1: float, beta2: float, eps: float,
         weight_decay: float = 0.0, decoupled: bool = False, maximize: bool = False) -> None:  # fmt: skip
    """g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
    p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)  (Kingma and Ba, 2015).

    steps[i] is t of parameter i, from 1. largest: the largest v so far, which then takes the place of v (AMSGrad).
    decoupled: p -= lr weight_decay p before, instead of in g (AdamW).
    """
    for i, (p, grad, m, v, t) in enumerate(zip(params, grads, means, squares, steps, strict=True)):
        xp, number = array_namespace(p), p.dtype.type
        g = -grad if maximize else grad
        if weight_decay and decoupled:
            p *= number(1 - lr * weight_decay)
        elif weight_decay:
            g = g + p * number(weight_decay)
        m += (g - m) * number(1 - beta1)
        v *= number(beta2)
        v += g * g * number(1 - beta2)
        if largest is not None:
            xp.maximum(largest[i], v, out=largest[i])
            v = largest[i]
        root = xp.sqrt(v) / number((1 - beta2**t) ** 0.5) + number(eps)
        p -= m / root * number(lr / (1 - beta1**t))
