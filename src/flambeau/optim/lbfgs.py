"""L-BFGS."""

from collections import namedtuple

import flambeau as fb

from .line_search import strong_wolfe
from .optimizer import Optimizer, _as_reals, _check_lr, _number

_Point = namedtuple("_Point", "loss grad")


class LBFGS(Optimizer):
    """LBFGS(params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100,
    line_search_fn=None)

    The quasi-Newton method with an inverse Hessian given by the last `history_size` changes of parameters and
    gradients (Liu and Nocedal, 1989). A `step(closure)` makes up to max_iter iterations and max_eval (None: 5/4
    max_iter) evaluations of the closure, which has to be given; it ends earlier once no gradient is larger than
    tolerance_grad, or no parameter or the loss changes by more than tolerance_change. line_search_fn: None (each step
    is lr times the direction) or "strong_wolfe". All parameters are in one group.
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        _check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def __setstate__(self, state):
        super().__setstate__(state)
        self._params = self.param_groups[0]["params"]

    def step(self, closure):
        """Several iterations of the method; the loss before them.

        closure: computes the loss anew, calls backward and returns the loss. RuntimeError for a line_search_fn that
        does not exist.
        """
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with fb.enable_grad():
            first_loss = closure()
        with fb.no_grad():
            state["func_evals"] += 1
            self._iterate(group, state, closure, _Point(float(first_loss), self._flat_grad()))
        return first_loss

    def _iterate(self, group, state, closure, point):
        lr, small = _number(group["lr"]), group["tolerance_change"]
        evaluations = 1
        for iteration in range(1, group["max_iter"] + 1):
            if self._size(point.grad) <= group["tolerance_grad"]:
                return
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                state.update(d=point.grad.neg(), old_dirs=[], old_stps=[], ro=[], H_diag=1)
                t = min(1.0, 1.0 / point.grad.abs().sum().item()) * lr
            else:
                _remember(state, point.grad, group["history_size"])
                state["d"] = _direction(state, point.grad)
                t = lr
            direction = state["d"]
            state.update(prev_flat_grad=point.grad.clone(), prev_loss=point.loss, t=t)
            slope = point.grad.dot(direction).item()
            if slope > -small:
                return
            before = point.loss
            if group["line_search_fn"] is None:
                self._move(t, direction)
                if iteration == group["max_iter"]:
                    return
                point, used = self._evaluate(closure), 1
            else:
                point, t, used = self._search(closure, t, direction, point, slope, small)
                state["t"] = t
            evaluations += used
            state["func_evals"] += used
            if evaluations >= group["max_eval"] or abs(point.loss - before) < small:
                return
            if self._size(direction * t) <= small:
                return

    @staticmethod
    def _size(vector):
        """What the tolerances bound: the largest element."""
        return vector.abs().max().item()

    def _search(self, closure, t, direction, point, slope, small):
        """Move along `direction` by a step with the strong Wolfe conditions: the (point, step, evaluations)."""
        start = [p.clone() for p in self._params]

        def evaluate(t):
            self._move(t, direction)
            found = self._evaluate(closure)
            for p, value in zip(self._params, start, strict=True):
                p.copy_(value)
            return found.loss, found.grad, found.grad.dot(direction).item()

        found, used = strong_wolfe(
            evaluate, t, (point.loss, point.grad, slope), direction.abs().max().item(), smallest=small
        )
        self._move(found.t, direction)
        return _Point(found.loss, found.grad), found.t, used

    def _evaluate(self, closure):
        with fb.enable_grad():
            loss = float(closure())
        return _Point(loss, self._flat_grad())

    def _flat_grad(self):
        """The gradients of all parameters in one vector; zeros for those without."""
        grads = [fb.zeros_like(p) if p.grad is None else p.grad.to_dense() for p in self._params]
        return fb.cat([grad.reshape(-1) for grad in _as_reals(*grads)])

    def _move(self, t, direction):
        offset = 0
        for p in _as_reals(*self._params):
            p.add_(direction[offset : offset + p.numel()].view_as(p), alpha=t)
            offset += p.numel()


def _remember(state, grad, history_size):
    """Add the last change of gradient (y) and parameters (s) to the history where it has positive curvature."""
    y, s = grad - state["prev_flat_grad"], state["d"] * _number(state["t"])
    curvature = y.dot(s).item()
    if curvature <= 1e-10:
        return
    for name, value in (("old_dirs", y), ("old_stps", s), ("ro", 1.0 / curvature)):
        values = state[name]
        if len(values) >= history_size:
            values.pop(0)
        values.append(value)
    state["H_diag"] = curvature / y.dot(y).item()


def _direction(state, grad):
    """-H grad, H being the inverse Hessian of the history: the two loops of Nocedal (1980)."""
    history = list(zip(state["old_dirs"], state["old_stps"], map(_number, state["ro"]), strict=True))
    d = grad.neg()
    shares = []
    for y, s, ro in reversed(history):
        shares.append(s.dot(d).item() * ro)
        d.sub_(y, alpha=shares[-1])
    d.mul_(_number(state["H_diag"]))
    for (y, s, ro), share in zip(history, reversed(shares), strict=True):
        d.add_(s, alpha=share - y.dot(d).item() * ro)
    return d
