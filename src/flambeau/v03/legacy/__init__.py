"""torch.legacy: the modules and optimisers that 0.3 kept from Lua's Torch."""

from . import nn, optim
