"""The random numbers of GPUs: each has a generator of its own, which `flambeau.manual_seed` seeds with the others."""

from .. import random as generators
from ..device import device as Device
from ._devices import index_of, is_forked, unusable, usable

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all",
    "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def _generator(device):
    return generators.generator_of(Device("cuda", index_of(device)))


def _everyone():
    return range(usable()[0])


def _drawing():
    """Whether this process draws on GPUs: not without one, and not when forked from a process that does."""
    return not unusable() and not is_forked()


def default_generators():
    """The generators of all GPUs, in their order."""
    return tuple(_generator(index) for index in _everyone())


def get_rng_state(device="cuda"):
    """get_rng_state(device="cuda") -> uint8 Tensor of 16 bytes: where the generator of a GPU is. RuntimeError without
    a GPU."""
    return _generator(device).get_state()


def get_rng_state_all():
    """get_rng_state_all() -> list with the state of each GPU."""
    return [get_rng_state(index) for index in _everyone()]


def set_rng_state(new_state, device="cuda"):
    """set_rng_state(new_state, device="cuda"): puts the generator of a GPU where get_rng_state was called."""
    _generator(device).set_state(new_state)


def set_rng_state_all(new_states):
    """set_rng_state_all(new_states): what get_rng_state_all gave."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)


def manual_seed(seed):
    """manual_seed(seed): seeds the generator of the current GPU; nothing without one."""
    seed = int(seed)
    if _drawing():
        _generator(None).manual_seed(seed)


def manual_seed_all(seed):
    """manual_seed_all(seed): seeds the generators of all GPUs, if there are any."""
    generators.seed_gpus(int(seed))


def seed():
    """seed(): seeds the generator of the current GPU with a number of the operating system; nothing without one."""
    if _drawing():
        _generator(None).seed()


def seed_all():
    """seed_all(): seeds the generators of all GPUs with one number of the operating system."""
    if _drawing():
        generators.seed_gpus(_generator(0).seed())


def initial_seed():
    """initial_seed() -> int: the seed of the current GPU's generator. RuntimeError without a GPU."""
    return _generator(None).initial_seed()
