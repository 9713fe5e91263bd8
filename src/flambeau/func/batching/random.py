"""Random numbers inside vmap, as its `randomness` says: none, the same for all elements of the batch, or different ones."""

import threading

from ... import _core
from ... import random as generators
from ...tensor import Tensor
from .pointwise import aligned
from .tensor import RANDOM, BatchedTensor, _pick, _stacked, vmap_levels

_FORBIDDEN = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)
_UNBATCHED = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. "
    "If this is necessary for your usage, please file an issue with functorch."
)

RANDOM |= {
    "uniform_", "normal_", "random_", "bernoulli_", "exponential_", "log_normal_", "cauchy_", "geometric_",
    "bernoulli", "poisson", "_normal", "binomial",
}  # fmt: skip

_here = threading.local()  # answering: a rule of this module is at work


def randomness(level):
    """The `randomness` of the vmap of a level."""
    return next(v.info["randomness"] for v in vmap_levels() if v.number == level)


class Draws:
    """What `flambeau.random` asks about draws while a vmap is active."""

    @staticmethod
    def check(name):
        """Called before each draw of the function `name`."""
        kinds = {level.info["randomness"] for level in vmap_levels()}
        if "error" in kinds:
            raise RuntimeError(_FORBIDDEN)
        if name.endswith("_") and "different" in kinds and not getattr(_here, "answering", False):
            raise RuntimeError(_UNBATCHED)

    @staticmethod
    def sizes():
        """The sizes of the batches that draw different numbers, outermost first."""
        return tuple([v.info["size"] for v in vmap_levels() if v.info["randomness"] == "different"])

    @staticmethod
    def batched(t):
        """A tensor with those dimensions in front as a batched one."""
        for level in vmap_levels():
            if level.info["randomness"] == "different":
                t = BatchedTensor(t, level.number)
        return t

    @staticmethod
    def spread(t):
        """t with memory of its own for each draw of different numbers."""
        for level in vmap_levels():
            if level.info["randomness"] == "different" and not _has_level(t, level.number):
                t = _lifted(t, level.number, level.info["size"])
        return t


def _has_level(t, number):
    while isinstance(t, BatchedTensor):
        if t._level == number:
            return True
        t = t._value
    return False


def _lifted(t, number, size):
    """t, repeated in memory of its own at a level, whichever levels it has already."""
    if isinstance(t, BatchedTensor) and t._level > number:
        return t._with(_lifted(t._value.movedim(0, 0), number, size))
    return BatchedTensor(t.expand(size, *t.shape).clone(), number)


def start():
    """Makes the draws of this process ask the active levels."""
    generators.draws = Draws


def interpreted(prepare):
    """Runs prepare of an op that draws in place on a batched tensor, which is what draws ask for."""
    _here.answering = True
    try:
        return prepare()
    finally:
        _here.answering = False


def drawn_over(function, batch, args):
    """An op that fills its first argument, batched, with random numbers."""
    x = args[0]
    if randomness(batch.level) == "different":
        _core.apply(function, *aligned(batch, args))
        return
    if batch.any(args[1:]):
        raise RuntimeError(
            f"vmap: {function.name} with probabilities that differ between the elements of the batch cannot draw the same "
            "numbers for all of them; use randomness='different'"
        )
    first = x._value.new_empty(x.shape)
    _core.apply(function, first, *args[1:])
    x._value.copy_(first.expand(batch.size, *x.shape))


def drawn(function, batch, args):
    """An op that gives random numbers for batched parameters."""
    if randomness(batch.level) == "different":
        return batch.wrap(_core.apply(function, *aligned(batch, args)))
    rng = args[-1]
    state = rng.get_state()
    rows = []
    for i in range(batch.size):
        rng.set_state(*_state(state))
        rows.append(_core.apply(function, *[_pick(a, batch, i) for a in args]))
    return _stacked(rows, batch, batch.size)


def _state(state):
    words, index, normal = state
    return [int(w) for w in words], index, normal
