"""torch.legacy.optim: `x, fx, ... = method(opfunc, x, config, state=None)`, in the manner of Lua's Torch.

opfunc(x) returns the function's value at x and its gradient there, a tensor like x, which may be the same object each
time. x is changed in place. config is a dict of options; state a dict (by default config itself) where a method keeps
what the next call needs.
"""

from .. import submodules as _submodules
from .averaging import asgd
from .batch import cg, lbfgs
from .steps import adadelta, adagrad, adam, adamax, nag, rmsprop, rprop, sgd

_submodules.register(__name__, "adadelta adagrad adam adamax asgd cg lbfgs nag rmsprop rprop sgd".split())
