"""RAdam."""

from .optimizer import _check_betas, _check_lr, _check_not_negative
from .rule import RuleOptimizer


class RAdam(RuleOptimizer):
    """RAdam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *,
    maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
    r = 2 / (1 - b2) - 1;  r_t = r - 2 t b2^t / (1 - b2^t), the number of terms that v averages;
    p -= lr m / (1 - b1^t) f, where f = 1 while r_t <= 5, and then
    f = sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t)) sqrt(1 - b2^t) / (sqrt(v) + eps)  (Liu et al., 2020).
    decoupled_weight_decay: p -= lr weight_decay p first instead, as AdamW. `foreach` and `capturable` are accepted and
    change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "radam"
    _since = {
        "maximize": False, "foreach": None, "capturable": False, "differentiable": False,
        "decoupled_weight_decay": False,
    }  # fmt: skip

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0,
                 decoupled_weight_decay=False, *, foreach=None, maximize=False, capturable=False,
                 differentiable=False):  # fmt: skip
        _check_lr(lr)
        _check_not_negative({"epsilon value": eps})
        _check_betas(betas)
        _check_not_negative({"weight_decay value": weight_decay})
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize, foreach=foreach,
            capturable=capturable, decoupled_weight_decay=decoupled_weight_decay, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def _settings(self, group):
        names = ("eps", "weight_decay", "decoupled_weight_decay", "maximize")
        return [group["lr"], *group["betas"], *[group[name] for name in names]]

    def _state_names(self, group):
        return "exp_avg", "exp_avg_sq"
