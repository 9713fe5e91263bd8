"""NAdam."""

from ..kernels.base.optim import nadam_momentum
from .optimizer import _check_betas, _check_lr, _check_not_negative, _count_step
from .rule import RuleOptimizer


class NAdam(RuleOptimizer):
    """NAdam(params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3,
    decoupled_weight_decay=False, *, maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  d = sqrt(v / (1 - b2^t)) + eps;
    c_t = b1 (1 - 0.96^(t momentum_decay) / 2), C_t = c_1 ... c_t;
    p -= lr ((1 - c_t) / (1 - C_t) g + c_(t + 1) / (1 - C_(t + 1)) m) / d  (Dozat, 2016: Adam with Nesterov's momentum).
    decoupled_weight_decay: p -= lr weight_decay p first instead, as AdamW. `foreach` and `capturable` are accepted and
    change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "nadam"
    _since = {
        "maximize": False, "foreach": None, "capturable": False, "differentiable": False,
        "decoupled_weight_decay": False,
    }  # fmt: skip
    _float32_states = ("step", "mu_product")

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3,
                 decoupled_weight_decay=False, *, foreach=None, maximize=False, capturable=False,
                 differentiable=False):  # fmt: skip
        _check_lr(lr)
        _check_not_negative({"epsilon value": eps})
        _check_betas(betas)
        _check_not_negative({"weight_decay value": weight_decay, "momentum_decay value": momentum_decay})
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay, maximize=maximize, foreach=foreach,
            capturable=capturable, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def _settings(self, group):
        names = ("eps", "weight_decay", "momentum_decay", "decoupled_weight_decay", "maximize")
        return [group["lr"], *group["betas"], *[group[name] for name in names]]

    def _state_names(self, group):
        return "exp_avg", "exp_avg_sq"

    def _numbers(self, group, states):
        steps = [_count_step(state) for state in states]
        for state, step in zip(states, steps, strict=True):
            state["mu_product"] *= nadam_momentum(step, group["betas"][0], group["momentum_decay"])
        return [steps, [state["mu_product"].item() for state in states]]

    def _first_numbers(self, group):
        return {"mu_product": 1.0}
