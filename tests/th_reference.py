"""The random numbers of PyTorch 0.3 and before, written down in Python over NumPy's Mersenne twister."""

import math

import numpy as np

SIZES = {"uint8": 2**8, "int8": 2**7, "int16": 2**15, "int32": 2**31, "int64": 2**63, "float32": 2**24 + 1,
         "float64": 2**53 + 1}  # fmt: skip


class Reference:
    """The stream of a seed. early: as up to 0.2, where every uniform is one word over 2**32."""

    def __init__(self, seed, early=False):
        self.source, self.early, self.kept = np.random.RandomState(seed), early, None

    def word(self):
        return int(self.source.randint(0, 2**32, dtype=np.uint64))

    def long_word(self):
        return self.word() << 32 | self.word()

    def unit(self):
        return self.word() / 2**32 if self.early else (self.long_word() & 2**53 - 1) / 2**53

    def _array(self, n, number, dtype):
        return np.array([number() for _ in range(n)], dtype)

    def uniform(self, n, low=0.0, high=1.0, dtype="float32"):
        if self.early or dtype == "float64":
            return self._array(n, lambda: self.unit() * (high - low) + low, dtype)
        low, high = np.float32(low), np.float32(high)
        return self._array(n, lambda: np.float32((self.word() & 2**24 - 1) / 2**24) * (high - low) + low, dtype)

    def one_normal(self, mean=0.0, std=1.0):
        if self.kept is None:
            turns, radius = self.unit(), math.sqrt(-2 * math.log(1 - self.unit()))
            self.kept = radius * math.sin(2 * math.pi * turns)
            return radius * math.cos(2 * math.pi * turns) * std + mean
        kept, self.kept = self.kept, None
        return kept * std + mean

    def normal(self, n, mean=0.0, std=1.0, dtype="float32"):
        return self._array(n, lambda: self.one_normal(mean, std), dtype)

    def exponential(self, n, rate, dtype="float32"):
        return self._array(n, lambda: -1 / rate * math.log(1 - self.unit()), dtype)

    def cauchy(self, n, median, sigma, dtype="float32"):
        return self._array(n, lambda: median + sigma * math.tan(math.pi * (self.unit() - 0.5)), dtype)

    def log_normal(self, n, mean, std, dtype="float32"):
        return self._array(n, lambda: math.exp(self.one_normal(mean, std)), dtype)

    def geometric(self, n, p, dtype="float32"):
        return self._array(n, lambda: int(math.log(1 - self.unit()) / math.log(p)) + 1, dtype)

    def bernoulli(self, probabilities, dtype="float32"):
        return np.array([self.unit() <= float(p) for p in probabilities], dtype)

    def random(self, n, dtype):
        return self.integers(n, 0, SIZES[dtype], dtype)

    def integers(self, n, low, high, dtype):
        wide = not self.early and high - low >= 2**32 and dtype in ("int64", "float32", "float64")
        return self._array(n, lambda: (self.long_word() if wide else self.word()) % (high - low) + low, dtype)

    def permutation(self, n):
        order = list(range(n))
        for i in range(n - 1):
            j = i + self.word() % (n - i)
            order[i], order[j] = order[j], order[i]
        return order

    def multinomial(self, p, samples, replacement):
        """The draws from one row of probabilities."""
        sums, drawn = np.cumsum(np.asarray(p, "float64")), []
        sums /= sums[-1]
        for _ in range(samples):
            sums[-1] = 1
            k = int(np.searchsorted(sums, self.unit()))
            drawn.append(k)
            if not replacement:
                share = sums[k] - (sums[k - 1] if k else 0)
                sums[k:] -= share
                sums /= 1 - share
        return drawn
