"""`torch.random` of 0.3: the state of the CPU's generator."""

from ..random import fork_rng, initial_seed
from .namespace import Generator, default_generator, get_rng_state, manual_seed, set_rng_state

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "set_rng_state",
]  # fmt: skip
