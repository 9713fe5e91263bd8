"""`torch.random` of 0.3: the state of the CPU's generator."""

from ..random import Generator, default_generator, fork_rng, initial_seed, manual_seed
from .namespace import get_rng_state, set_rng_state

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "set_rng_state",
]  # fmt: skip
