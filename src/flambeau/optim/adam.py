"""Adam and AdamW."""

from flambeau import Tensor

from .optimizer import _check_betas, _check_fused, _check_lr, _check_not_negative
from .rule import RuleOptimizer


class Adam(RuleOptimizer):
    """Adam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, maximize=False)

    g = grad + weight_decay p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
    p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)  (Kingma and Ba, 2015).
    amsgrad: the largest v so far instead of v (Reddi et al., 2018). decoupled_weight_decay: see AdamW. `foreach`,
    `capturable` and `fused` are accepted and change nothing; differentiable: see `RuleOptimizer`.
    """

    _rule = "adam"
    _since = {
        "amsgrad": False, "maximize": False, "foreach": None, "capturable": False, "differentiable": False,
        "fused": None, "decoupled_weight_decay": False,
    }  # fmt: skip

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *,
                 foreach=None, maximize=False, capturable=False, differentiable=False, fused=None,
                 decoupled_weight_decay=False):  # fmt: skip
        _check_lr(lr, foreach, capturable)
        _check_not_negative({"epsilon value": eps})
        _check_betas(betas)
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        if isinstance(betas[0], Tensor) and foreach and not capturable:
            raise ValueError("betas[0] as a Tensor is not supported for capturable=False and foreach=True")
        _check_not_negative({"weight_decay value": weight_decay})
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize,
            foreach=foreach, capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )  # fmt: skip
        super().__init__(params, defaults)
        _check_fused(self)

    def _settings(self, group):
        names = ("eps", "weight_decay", "decoupled_weight_decay", "maximize")
        return [group["lr"], *group["betas"], *[group[name] for name in names]]

    def _state_names(self, group):
        return "exp_avg", "exp_avg_sq", "max_exp_avg_sq" if group["amsgrad"] else None


class AdamW(Adam):
    """AdamW(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *, maximize=False)

    Adam whose weight decay does not go through the moments: p -= lr weight_decay p first (Loshchilov and Hutter, 2019).
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *,
                 maximize=False, foreach=None, capturable=False, differentiable=False, fused=None):  # fmt: skip
        options = dict(foreach=foreach, maximize=maximize, capturable=capturable, differentiable=differentiable,
                       fused=fused)  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, decoupled_weight_decay=True, **options)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # whoever wrote it
            group["decoupled_weight_decay"] = True
