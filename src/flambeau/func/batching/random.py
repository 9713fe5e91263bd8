"""Random numbers inside vmap, as its `randomness` says: none, the same for all elements, or others for each."""

import threading

from ... import _core
from ... import random as generators
from ...interpreters import Wrapped
from .pointwise import aligned
from .tensor import RANDOM, BatchedTensor, _pick, _stacked, lift, vmap_levels
from .tensor import looped as in_a_loop

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
    "bernoulli", "poisson", "_normal", "binomial", "multinomial", "rrelu", "_standard_gamma", "_sample_dirichlet",
}  # fmt: skip

_here = threading.local()  # answering: a batched tensor is at work, and no draw asks for others


def randomness(level):
    """The `randomness` of the vmap of a level; "different" once that has ended."""
    return next((v.info["randomness"] for v in vmap_levels() if v.number == level), "different")


class Draws(generators.Draws):
    """What `flambeau.random` asks about draws while a vmap is active."""

    @staticmethod
    def check(name):
        """Called before each draw of the function `name`."""
        kinds = {level.info["randomness"] for level in vmap_levels()}
        if "error" in kinds:
            raise RuntimeError(_FORBIDDEN)
        if name.endswith("_") and "different" in kinds and not _answering():
            raise RuntimeError(_UNBATCHED)

    @staticmethod
    def sizes():
        """The sizes of the batches that draw different numbers, outermost first."""
        return tuple([v.info["size"] for v in _differing()])

    @staticmethod
    def batched(t):
        """A tensor with those dimensions in front as a batched one."""
        for level in _differing():
            t = BatchedTensor(t, level.number)
        return t

    @staticmethod
    def spread(t):
        """t with memory of its own for each draw of different numbers."""
        missing = [level for level in _differing() if not _has_level(t, level.number)]
        return lift(t, missing).clone() if missing else t


def _answering():
    return getattr(_here, "answering", False)


def _differing():
    """The levels that draw different numbers."""
    return [] if _answering() else [v for v in vmap_levels() if v.info["randomness"] == "different"]


def _has_level(t, number):
    while isinstance(t, Wrapped):
        if type(t) is BatchedTensor and t._level == number:
            return True
        t = t._value
    return False


def start():
    """Makes the draws of this process ask the active levels."""
    generators.draws = Draws


def answered(call):
    """call(), which draws for a batched tensor: for what draws ask."""
    before = _answering()
    _here.answering = True
    try:
        return call()
    finally:
        _here.answering = before


def drawn_over(function, batch, args):
    """An op that fills its first argument, batched, with random numbers."""
    x = args[0]
    if randomness(batch.level) == "different":
        _core.apply(function, *aligned(batch, args))
        return
    if batch.any(args[1:]):
        raise RuntimeError(
            f"vmap: {function.name} with probabilities that differ between the elements of the batch cannot draw the "
            "same numbers for all of them; use randomness='different'"
        )
    first = x._value.new_empty(x.shape)
    _core.apply(function, first, *args[1:])
    x._value.copy_(first.expand(batch.size, *x.shape))


def drawn(function, batch, args):
    """An op that gives random numbers for batched parameters."""
    if randomness(batch.level) == "different":
        return batch.wrap(_core.apply(function, *aligned(batch, args)))
    return _same(lambda *row: _core.apply(function, *row), args[-1], batch, args)


def _same(call, rng, batch, args):
    """call for each element of the batch, with the same numbers of the generator."""
    words, *place = rng.get_state()
    rows = []
    for i in range(batch.size):
        rng.set_state(words.tolist(), *place)
        rows.append(call(*[_pick(a, batch, i) for a in args]))
    return _stacked(rows, batch, batch.size)


def looped(function, batch, args, kwargs):
    """A function that draws, called for each element of the batch."""
    if randomness(batch.level) == "different":
        return answered(lambda: in_a_loop(function, batch, args, kwargs))
    device = next((a.device for a in args if isinstance(a, _core.TensorBase)), None)
    rng = generators.engine(kwargs.get("generator"), function.__name__, device)
    return _same(lambda *row: function(*row, **kwargs), rng, batch, args)
