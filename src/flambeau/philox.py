"""Philox4x32-10, the counter-based generator of GPUs (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
as 1, 2, 3", SC 2011).

A block of four 32-bit words is a function of a key and of a counter of 128 bits; no state is carried from one block to
the next. As PyTorch's generator of GPUs has it, the key is the seed, the upper half of the counter is the number of the
subsequence, which each thread of a GPU has of its own, and the lower half is a quarter of the offset: how many words
each subsequence has given. Here four numbers next to each other come from one subsequence.
"""

import threading

import numpy as np

from ._core.native import MT19937

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_KEY_STEPS = 0x9E3779B9, 0xBB67AE85
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
_ROUNDS = 10
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}  # bits that floats hold exactly


def philox(counter, key):
    """philox(counter, key) -> (n, 4) uint32: the block of each counter.

    counter: (n, 4) words, the lowest first; key: two words.
    """
    c0, c1, c2, c3 = (np.ascontiguousarray(column, np.uint64) for column in np.asarray(counter).T)
    k0, k1 = (int(word) for word in key)
    for _ in range(_ROUNDS):
        first, second = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0 = (second >> _SHIFT) ^ c1 ^ np.uint64(k0)
        c2 = (first >> _SHIFT) ^ c3 ^ np.uint64(k1)
        c1, c3 = second & _LOW, first & _LOW
        k0, k1 = (k0 + _KEY_STEPS[0]) & 0xFFFFFFFF, (k1 + _KEY_STEPS[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], -1).astype(np.uint32)


class Philox:
    """The numbers of a seed, from an offset on. It fills arrays as `MT19937` does, and may be shared by threads."""

    stream, one_by_one = "today", False

    def __init__(self, seed):
        self._lock = threading.Lock()
        self.seed(seed)

    def seed(self, seed):
        """Starts the numbers of a seed of 64 bits."""
        self.key, self.offset = (seed & 0xFFFFFFFF, seed >> 32), 0

    def get_state(self):
        """(where it is,), for set_state."""
        return (np.array([self.offset]),)

    def set_state(self, place):
        """Continues from what get_state gave."""
        self.offset = int(place[0])

    def words(self, n):
        """The next n words of 32 bits; the offset advances by four."""
        with self._lock:
            block, self.offset = self.offset // 4, self.offset + 4
        counter = np.zeros((-(-n // 4), 4), np.uint64)
        counter[:, 0], counter[:, 1] = block & 0xFFFFFFFF, block >> 32
        subsequence = np.arange(len(counter), dtype=np.uint64)
        counter[:, 2], counter[:, 3] = subsequence & _LOW, subsequence >> _SHIFT
        return philox(counter, self.key).reshape(-1)[:n]

    def _long_words(self, n):
        return self.words(2 * n).view(np.uint64)

    def _units(self, n, bits):
        """n float64 in [0, 1), multiples of 2**-bits."""
        if bits > 32:
            return (self._long_words(n) >> np.uint64(64 - bits)) * 2.0**-bits
        return (self.words(n) >> np.uint32(32 - bits)) * 2.0**-bits

    def _positive_units(self, n, bits):
        """n float64 in (0, 1]."""
        return 1 - self._units(n, bits)

    # ---- fills, as of MT19937

    def uniform(self, a, low, high):
        """a[i] uniform in [low, high): float types."""
        values = (low + (high - low) * self._units(a.size, _DIGITS[a.dtype.name])).astype(a.dtype)
        if high > low:
            values[values.astype(np.float64) >= high] = low  # rounded up
        a[...] = values.reshape(a.shape)

    def normal(self, a, mean, std):
        """a[i] normal: float types; two numbers from two uniform ones (Box and Muller, 1958)."""
        pairs = -(-a.size // 2)
        bits = 53 if a.dtype == np.float64 else 32
        units = self._units(2 * pairs, bits)
        radius, angle = np.sqrt(-2 * np.log1p(-units[::2])), 2 * np.pi * units[1::2]
        both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(-1)[: a.size]
        a[...] = (mean + std * both).reshape(a.shape)

    serial_normal = normal

    def randint(self, a, low, range):
        """Integers low <= a[i] < low + range, in any real dtype; a range of 0 stands for 2**64."""
        words = self._long_words(a.size)
        if range:
            words %= np.uint64(range)
        values = (words + np.uint64(low % 2**64)).view(np.int64)  # modulo 2**64
        a[...] = (values.view(np.uint64) if low + range > 2**63 else values).reshape(a.shape)

    def random(self, a):
        """0 <= a[i] <= the largest int of an int dtype, or 2**digits of a float dtype."""
        if a.dtype.kind in "bui":
            largest = 1 if a.dtype.kind == "b" else int(np.iinfo(a.dtype).max)
        else:
            largest = 2 ** _DIGITS[a.dtype.name]
        self.randint(a, 0, (largest + 1) % 2**64)

    def permutation(self, a):
        """a = the numbers 0 to n - 1 in random order: int64."""
        a[...] = np.argsort(self._long_words(a.size), kind="stable").reshape(a.shape)

    def bernoulli(self, a, p):
        """a[i] = 1 with probability p, else 0: any real dtype."""
        a[...] = (self._units(a.size, 32) < p).reshape(a.shape)

    def bernoulli_probs(self, a, probs):
        """a[i] = 1 with probability probs[i], else 0."""
        a[...] = (self._units(a.size, 32) < probs.reshape(-1)).reshape(a.shape)

    def exponential(self, a, rate):
        """a[i] exponential of the given rate: float types."""
        bits = 53 if a.dtype == np.float64 else 32
        a[...] = (-np.log(self._positive_units(a.size, bits)) / rate).reshape(a.shape)

    def geometric(self, a, p):
        """a[i] the number of the first success in trials of probability p."""
        trials = np.ceil(np.log(self._positive_units(a.size, 53)) / np.log1p(-p))
        a[...] = np.maximum(trials, 1).reshape(a.shape)

    # ---- fills that need words without a bound: from a Mersenne twister whose state is drawn

    def _twister(self):
        made = MT19937(0)
        made.set_state(self.words(624).tolist(), 624, None)
        return made

    def poisson(self, rates):
        """Replaces each rate by a Poisson number of that rate."""
        self._twister().poisson(rates)

    def gamma(self, shapes):
        """Replaces each shape by a gamma number of that shape."""
        self._twister().gamma(shapes)

    def binomial(self, counts, probs):
        """Replaces each count by the number of successes of so many trials."""
        self._twister().binomial(counts, probs)
