"""`torch.cuda.random` of 0.3: a GPU is named by its index, the current one by -1, and states are ByteTensors."""

from ...cuda import random as todays
from ...cuda.random import initial_seed, manual_seed, manual_seed_all, seed, seed_all
from ..faces import plain

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all",
    "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def get_rng_state(device=-1):
    """get_rng_state(device=-1) -> ByteTensor: where the generator of a GPU is. RuntimeError without a GPU."""
    return plain(todays.get_rng_state("cuda" if device == -1 else device))


def get_rng_state_all():
    """get_rng_state_all() -> list with the state of each GPU."""
    return [plain(state) for state in todays.get_rng_state_all()]


def set_rng_state(new_state, device=-1):
    """set_rng_state(new_state, device=-1): what get_rng_state gave. RuntimeError without a GPU."""
    todays.set_rng_state(new_state, "cuda" if device == -1 else device)


def set_rng_state_all(new_states):
    """set_rng_state_all(new_states): what get_rng_state_all gave."""
    for device, state in enumerate(new_states):
        set_rng_state(state, device)
