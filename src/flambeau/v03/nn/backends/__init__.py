"""`torch.nn.backends` of 0.3: the tables of Functions that layers call, as `self._backend`."""

from . import backend, thnn

__all__ = ["backend", "thnn"]
