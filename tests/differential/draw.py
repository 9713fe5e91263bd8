"""What random cases are made of: shapes, dims, tensors. All choices come from one source of integers."""

import numpy as np

import flambeau as fb

from .case import Dtype, Input

FLOATS = ("float64", "float32")
HALVES = ("float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
INTS = ("int64", "int32", "int16", "int8", "uint8")
REAL = (*FLOATS, *HALVES, *INTS)
ALL = (*REAL, "bool", *COMPLEX)
NUMERIC = (*FLOATS, *HALVES, *INTS, *COMPLEX)
SIZES = (0, 1, 1, 2, 3, 5)


class Draw:
    """Draws from `integer(low, high)`, both inclusive: hypothesis' when calls are to be shrunk, else a generator's."""

    def __init__(self, integer):
        self.integer = integer

    def pick(self, *options):
        return options[self.integer(0, len(options) - 1)]

    def flag(self):
        return bool(self.integer(0, 1))

    def rarely(self):
        return self.integer(0, 7) == 7

    def shape(self, least=0, most=4):
        return tuple(self.pick(*SIZES) for _ in range(self.integer(least, most)))

    def filled(self, least=0, most=4):
        """A shape without a 0."""
        return tuple(self.pick(1, 2, 3, 5) for _ in range(self.integer(least, most)))

    def dim(self, rank):
        """A dimension of a tensor of this rank: rarely one that does not exist."""
        if self.integer(0, 15) == 15:
            return self.pick(-rank - 1, rank)
        return self.integer(-max(rank, 1), max(rank, 1) - 1)

    def dims(self, rank):
        """None, one dimension, or a tuple of them."""
        kind = self.integer(0, 3)
        if kind == 0:
            return None
        if kind == 1:
            return self.dim(rank)
        return tuple(self.dim(rank) for _ in range(self.integer(1, 2)))

    def options(self, **choices):
        """Some of the keywords, each with one of its values."""
        return {name: self.pick(*values) for name, values in choices.items() if self.flag()}

    def broadcast(self, shape):
        """A shape that broadcasts with `shape`; rarely one that does not."""
        if self.integer(0, 19) == 19:
            return self.shape()
        return tuple(self.pick(size, 1) for size in shape)[self.integer(0, len(shape)) :]

    def dtype(self, *names):
        return self.pick(*(names or ALL))

    def maybe_dtype(self, *names):
        """dtype= among the keywords, or not."""
        return {"dtype": Dtype(self.dtype(*names))} if self.flag() else {}

    def tensor(self, shape, dtype, values="normal", layout=None):
        """`values`: normal (within +-3, some zeros), distinct, ties (few different ones), positive, unit (0..1),
        special (NaN, infinities, large and tiny ones among them)."""
        generator = np.random.RandomState(self.integer(0, 2**16))
        array = _values(generator, shape, dtype, values)
        if layout is None:
            layout = self.pick("plain", "plain", "gaps", "fortran", "expanded") if shape else "plain"
            if layout == "expanded" and shape[0] < 2:
                layout = "plain"
        if layout == "expanded":
            array[:] = array[:1]
        return Input(array, dtype, layout)

    def indices(self, size, shape, dtype="int64", negative=False, bad=True):
        """Indices into a dimension of `size`; rarely one out of range where `bad` allows it."""
        generator = np.random.RandomState(self.integer(0, 2**16))
        low = -size if negative else 0
        array = generator.randint(low, max(size, low + 1), shape)
        array = np.array(array).astype(dtype)
        if bad and array.size and self.integer(0, 19) == 19:
            bad = self.pick(size, 100 if dtype == "uint8" else -size - 1)
            array.reshape(-1)[generator.randint(array.size)] = bad
        return Input(array, dtype, self.pick("plain", "gaps") if shape else "plain")


def _values(generator, shape, dtype, values):
    count = int(np.prod(shape))
    unsigned = dtype == "uint8"
    if dtype == "bool":
        array = generator.uniform(size=count) < 0.5
    elif values == "distinct":
        array = generator.permutation(count) - (0 if unsigned else count // 3)
    elif values == "ties":
        array = generator.randint(0 if unsigned else -1, 3, count)
    elif dtype in INTS:
        array = generator.randint(1 if values == "positive" else 0 if unsigned else -5, 6, count)
    else:
        array = _floats(generator, count, values)
        if dtype in COMPLEX:
            array = (np.stack([array, _floats(generator, count, values)], -1).view(complex)).reshape(count)
    target = fb.bfloat16.numpy if dtype == "bfloat16" else np.dtype(dtype)
    with np.errstate(all="ignore"):
        return np.array(array).astype(target).reshape(shape)


def _floats(generator, count, values):
    if values in ("unit", "positive"):
        return generator.uniform(0.05, 0.95 if values == "unit" else 3, count)
    array = generator.uniform(-3, 3, count)
    array[generator.uniform(size=count) < 0.1] = 0
    if values == "special":
        extremes = [np.nan, np.inf, -np.inf, -0.0, 1e30, -1e-30, 80.0, -80.0, 0.5, 1.0, -1.0]
        where = generator.uniform(size=count) < 0.4
        array[where] = generator.choice(extremes, int(where.sum()))
    return array
