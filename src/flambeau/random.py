"""Random number generators. `manual_seed(s)` starts the same CPU stream as PyTorch's, today's or an older one's."""

import contextlib
import math
import os
import struct

import numpy as np

from . import _core
from ._core.native import MT19937, STREAMS
from .device import CPU, default
from .device import device as Device
from .errors import warn_user
from .kernels import backend_on

_DEFAULT_SEED = 67280421310721
# The state as PyTorch lays it out: seed; words left in the block, 1; position in the block; the 624 words as uint64;
# a second normal kept for the next call (in the middle of three doubles), whether there is one; 8 unused bytes.
_STATE = struct.Struct("<QiiQ4992s8xd8xi12x")
# The same up to PyTorch 0.3, where the kept normal is what an angle (in turns), a uniform and a radius give.
_OLD_STATE = struct.Struct("<QiiQ4992s3di4x")
_COUNTER_STATE = struct.Struct("<QQ")  # of a GPU's generator: seed, offset


def _wrapped(seed):
    """A seed as an unsigned 64-bit number; negative ones count from 2**64 downwards."""
    if not -(2**63) <= seed < 2**64:
        raise ValueError(f"Overflow when unpacking long long: the seed {seed} is not in [-2**63, 2**64)")
    return seed % 2**64


class Generator:
    """Generator(device="cpu"): a stream of random numbers of its own, for the `generator=` argument.

    CPU generators are Mersenne twisters (Matsumoto and Nishimura, 1998), which make numbers in the way that
    `set_stream` has set; those of GPUs are counters with a hash (`philox.py`). A new one has the seed 67280421310721.
    """

    def __init__(self, device="cpu"):
        self.device, self._seed = Device(device), _DEFAULT_SEED
        if self.device.type == "cpu":
            self._engine = MT19937(self._seed, _default_stream)
        else:
            from .philox import Philox

            self.device = backend_on(self.device).resolve(self.device)
            self._engine = Philox(self._seed)

    def manual_seed(self, seed):
        """manual_seed(seed) -> self: starts the stream of `seed`, an int in [-2**63, 2**64)."""
        if not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        self._seed = _wrapped(seed.__index__())
        self._engine.seed(self._seed)
        return self

    def seed(self):
        """seed() -> int: starts the stream of a seed that the operating system chose, and returns the seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def initial_seed(self):
        """initial_seed() -> int: the seed that the stream was started from."""
        return self._seed

    def get_offset(self):
        """get_offset() -> int: how many words each subsequence of a GPU's generator has given. RuntimeError for the
        CPU's, which has none."""
        self._check_counter("get_offset")
        return self._engine.offset

    def set_offset(self, offset):
        """set_offset(offset) -> self: continues from there; a multiple of 4. RuntimeError for the CPU's generator."""
        self._check_counter("set_offset")
        if offset < 0 or offset % 4:
            raise RuntimeError(f"set_offset: the offset must be a multiple of 4, got {offset}")
        self._engine.offset = offset
        return self

    def _check_counter(self, name):
        if self.device.type == "cpu":
            raise RuntimeError(f"{name}: the CPU's generator has no offset; those of GPUs do")

    def get_state(self):
        """get_state() -> uint8 Tensor, laid out as PyTorch's: of 5056 bytes (5048 in the streams of 0.3 and 0.2); of a
        GPU's generator 16, the seed and the offset."""
        if self.device.type != "cpu":
            return _core.make(np.frombuffer(_COUNTER_STATE.pack(self._seed, self._engine.offset), np.uint8).copy())
        words, index, normal = self._engine.get_state()
        head = self._seed, 625 - index, 1, index % 624, words.astype("<u8").tobytes()
        if self._engine.one_by_one:
            state = _OLD_STATE.pack(*head, 0.25, 0.0, normal or 0.0, normal is not None)
        else:
            state = _STATE.pack(*head, normal or 0.0, normal is not None)
        return _core.make(np.frombuffer(state, np.uint8).copy())

    def set_state(self, new_state):
        """set_state(state): continues the stream from what get_state returned.

        Raises TypeError when it is no uint8 tensor, RuntimeError when it is not a state.
        """
        if not isinstance(new_state, _core.TensorBase) or _core.array_of(new_state).dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        raw = _core.array_of(new_state.detach().cpu()).tobytes()
        if self.device.type != "cpu":
            if len(raw) != _COUNTER_STATE.size:
                raise RuntimeError(f"RNG state is wrong size: {len(raw)} bytes, a GPU's has {_COUNTER_STATE.size}")
            self._seed, offset = _COUNTER_STATE.unpack(raw)
            self._engine.seed(self._seed)
            self._engine.offset = offset
            return self
        if len(raw) not in (_STATE.size, _OLD_STATE.size):
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.size} but found the input RNG state size to be "
                f"{len(raw)}"
            )
        if len(raw) == _OLD_STATE.size:
            seed, left, seeded, _, words, turns, _, radius, has_normal = _OLD_STATE.unpack(raw)
            normal = radius * math.sin(2 * math.pi * turns)
        else:
            seed, left, seeded, _, words, normal, has_normal = _STATE.unpack(raw)
        words = np.frombuffer(words, "<u8")
        if seeded != 1 or not 1 <= left <= 624 or (words >= 2**32).any():
            raise RuntimeError("Invalid mt19937 state")
        self._engine.set_state(words.tolist(), 625 - left, normal if has_normal else None)
        self._seed = seed
        return self

    def clone_state(self):
        """clone_state() -> a new Generator at the same place of the same stream."""
        return _rebuild_generator(type(self), self.device, self._engine.stream, self.get_state())

    def __reduce__(self):
        return _rebuild_generator, (type(self), self.device, self._engine.stream, self.get_state())

    def __repr__(self):
        return f"<flambeau.Generator device={self.device} seed={self._seed}>"


def _rebuild_generator(cls, device, stream, state):
    made = cls(device)
    if device.type == "cpu":
        made._engine.stream = stream
    return made.set_state(state)


_default_stream = "today"
default_generator = Generator(CPU)
default_generator.seed()


def set_stream(stream):
    """set_stream(stream) -> what was set before

    How the default generator, and those made from now on, turn the words of the Mersenne twister into numbers: "today"
    as PyTorch does, "0.3" as PyTorch 0.3 did, "0.2" as it did before. Seeds and places in the stream stay. ValueError
    for another name.
    """
    global _default_stream
    if stream not in STREAMS:
        raise ValueError(f"set_stream: there is no stream {stream!r}, only {', '.join(map(repr, STREAMS))}")
    before, _default_stream = _default_stream, stream
    default_generator._engine.stream = stream
    return before


class Draws:
    """What a function that draws asks first: nothing, but for `func.vmap`, which puts its own in the place of this."""

    @staticmethod
    def check(name):
        """Raises RuntimeError when the function `name` must not draw."""

    @staticmethod
    def sizes():
        """Dimensions to draw for, in front of those of what is asked for."""
        return ()

    @staticmethod
    def batched(t):
        """A tensor with these dimensions in front, as the function returns it."""
        return t

    @staticmethod
    def spread(t):
        """t as a tensor to be filled with random numbers."""
        return t


draws: type[Draws] = Draws


def engine(generator, name, device=None):
    """What draws the numbers of a function `name` on a device (None: where factories put results): the engine of its
    `generator=` argument, or of the default generator of the device. RuntimeError for a generator of another kind of
    device."""
    draws.check(name)
    if generator is None:
        return generator_of(device)._engine
    if not isinstance(generator, Generator):
        raise TypeError(
            f"{name}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}"
        )
    wanted = Device(device or default.device or CPU).type
    if generator.device.type != wanted:
        raise RuntimeError(f"Expected a '{wanted}' device type for generator but found '{generator.device.type}'")
    return generator._engine


_of_gpus: dict[int, Generator] = {}  # the default generators of GPUs, as far as they were used
_seed_of_gpus: int | None = None  # what manual_seed gave to those that are not there yet


def generator_of(device):
    """The default generator of a device; None: of the place where factories put results."""
    device = default.device if device is None else device
    if device is None or device is CPU:
        return default_generator
    device = Device(device)
    if device.type == "cpu":
        return default_generator
    if device.index in _of_gpus:
        return _of_gpus[device.index]
    index = backend_on(device).resolve(device).index
    if index not in _of_gpus:
        made = Generator(Device("cuda", index))
        made.seed() if _seed_of_gpus is None else made.manual_seed(_seed_of_gpus)
        _of_gpus[index] = made
    return _of_gpus[index]


def seed_gpus(seed):
    """Seeds the default generators of all GPUs, also of those not used yet."""
    global _seed_of_gpus
    _seed_of_gpus = seed
    for generator in _of_gpus.values():
        generator.manual_seed(seed)


def manual_seed(seed):
    """manual_seed(seed) -> Generator: seeds the default generators of all devices.

    seed: an int in [-2**63, 2**64); a negative one counts from 2**64 downwards.
    """
    made = default_generator.manual_seed(int(seed))
    seed_gpus(int(seed))
    return made


def seed():
    """seed() -> int: seeds the default generators of all devices with a number from the operating system, and returns
    it."""
    seed = default_generator.seed()
    seed_gpus(seed)
    return seed


def initial_seed():
    """initial_seed() -> int: the seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state():
    """get_rng_state() -> uint8 Tensor: where the default CPU generator is."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """set_rng_state(state): puts the default CPU generator where get_rng_state was called."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True):
    """with fork_rng(): random numbers drawn inside leave the default generators outside as they were.

    devices: the GPUs whose generators are kept too; all of them unless given (with a warning when there are several).
    enabled=False does nothing.
    """
    if not enabled:
        yield
        return
    kept = [default_generator, *(generator_of(Device(d)) for d in (_all_gpus() if devices is None else devices))]
    states = [generator.get_state() for generator in kept]
    try:
        yield
    finally:
        for generator, state in zip(kept, states, strict=True):
            generator.set_state(state)


_warned_of_fork = False


def used_gpus():
    """The indices of the GPUs whose default generators exist."""
    return list(_of_gpus)


def _all_gpus():
    """The indices of all GPUs, as `fork_rng` takes them when it is told none; warns once of taking several."""
    from .cuda import device_count

    global _warned_of_fork
    count = device_count()
    if count > 1 and not _warned_of_fork:
        _warned_of_fork = True
        warn_user(
            f"CUDA reports that you have {count} available devices, and you have used fork_rng without explicitly "
            "specifying which devices are being used. For safety, we initialize *every* CUDA device by default: give "
            "those that are drawn on, fork_rng(devices=[...])"
        )
    return range(count)


__all__ = [
    "Generator", "default_generator", "manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state",
    "fork_rng", "set_stream",
]  # fmt: skip
