"""SparseAdam."""

import math

import flambeau as fb

from .optimizer import Optimizer, _check_betas, _number, _rate


class SparseAdam(Optimizer):
    """SparseAdam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False)

    Adam for sparse gradients of dense parameters: only the entries that a gradient has change, in the moments too, by
    m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
    p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)  (Kingma and Ba, 2015, the form of their section 2).
    ValueError for parameters that are sparse or complex, RuntimeError for a dense gradient.
    """

    _since = {"maximize": False}

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False):
        if not _rate(lr) > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        _check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        places = [(p, [i, j]) for i, group in enumerate(self.param_groups) for j, p in enumerate(group["params"])]
        sparse = [place for p, place in places if p.layout is not fb.strided]
        if sparse:
            raise ValueError(f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors")
        of_complex = [place for p, place in places if p.is_complex()]
        if of_complex:
            raise ValueError(
                f"Complex params at indices {of_complex}: SparseAdam does not support complex parameters"
            )

    def _update(self, group, params):
        if any(p.grad.layout is fb.strided for p in params):
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        lr, (beta1, beta2) = _number(group["lr"]), group["betas"]
        for param in params:
            state = self.state[param] or self._first_state(param)
            state["step"] += 1
            grad = (-param.grad if group["maximize"] else param.grad).coalesce()
            if grad._nnz() == 0:
                continue
            new = grad.values()
            mean = _move(state["exp_avg"], grad, new, 1 - beta1)
            square = _move(state["exp_avg_sq"], grad, new.pow(2), 1 - beta2)
            rate = lr * math.sqrt(1 - beta2 ** state["step"]) / (1 - beta1 ** state["step"])
            param.add_(_like(grad, mean / square.sqrt().add_(group["eps"])), alpha=-rate)

    def _first_state(self, param):
        state = self.state[param]
        state["step"] = 0
        state["exp_avg"] = fb.zeros_like(param.data)
        state["exp_avg_sq"] = fb.zeros_like(param.data)
        return state


def _like(grad, values):
    """A sparse tensor with the places of `grad` and other values."""
    return fb.sparse_coo_tensor(grad.indices(), values, grad.shape, is_coalesced=True)


def _move(moment, grad, new, weight):
    """Move the entries of a dense moment where `grad` has some towards `new`; their values then."""
    old = moment.sparse_mask(grad).values()
    change = (new - old).mul_(weight)
    moment.add_(_like(grad, change))
    return old + change
