"""Special functions, in the names of `torch.special`: the ops of several families under one roof.

Those that `flambeau` does not have under another name register themselves: see `flambeau.ops.special` and
`flambeau.ops.bessel`.
"""

from .ops import FUNCTIONS
from .ops.op import NAMESPACES

_SAME = (
    "digamma erf erfc erfinv exp2 expm1 i0 log1p log_softmax logit logsumexp polygamma round sinc softmax xlogy"
).split()
_RENAMED = {
    "expit": "sigmoid",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "gammaln": "lgamma",
    "modified_bessel_i0": "i0",
    "multigammaln": "mvlgamma",
    "psi": "digamma",
}  # the name here: the name in `flambeau`

_functions = {
    **NAMESPACES["special"],
    **{name: FUNCTIONS[name] for name in _SAME},
    **{name: FUNCTIONS[other] for name, other in _RENAMED.items()},
}
globals().update(_functions)
__all__ = sorted(_functions)
