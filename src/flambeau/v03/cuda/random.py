"""`torch.cuda.random` of 0.3. Numbers on a GPU are drawn by the CPU's generator, whose state is that of all GPUs."""

from ... import random as todays
from ...cuda import _resolve, device_count, manual_seed, manual_seed_all
from .. import namespace

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all",
    "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def get_rng_state(device=-1):
    """get_rng_state(device=-1) -> ByteTensor. RuntimeError without a GPU."""
    _resolve(None if device == -1 else device)
    return namespace.get_rng_state()


def get_rng_state_all():
    """get_rng_state_all() -> list with the state of each GPU."""
    return [namespace.get_rng_state() for _ in range(device_count())]


def set_rng_state(new_state, device=-1):
    """set_rng_state(new_state, device=-1): what get_rng_state gave. RuntimeError without a GPU."""
    _resolve(None if device == -1 else device)
    namespace.set_rng_state(new_state)


def set_rng_state_all(new_states):
    """set_rng_state_all(new_states): what get_rng_state_all gave."""
    for device, state in enumerate(new_states):
        set_rng_state(state, device)


def seed():
    """seed(): accepted, and without effect, as manual_seed."""


def seed_all():
    """seed_all(): accepted, and without effect, as manual_seed_all."""


def initial_seed():
    """initial_seed() -> int: the seed of the generator. RuntimeError without a GPU."""
    _resolve(None)
    return todays.initial_seed()
