"""The table of ops: one row says what an op takes and what it should give; `test_ops.py` derives every test from it.

A row of a pointwise op is one line in `rows/<family>.py`:

    unary("exp", np.exp, dtypes=FLOATS + COMPLEX)
    binary("mul", np.multiply, dtypes=ALL)

and in general

    Row("softmax", lambda t: [Sample(t(3, 4), dim=1), Sample(t(5), dim=0)], reference=softmax_in_numpy)

`samples(t)` makes the inputs: `t(*shape)` is a tensor of the dtype under test with values in the row's domain,
`t.ints(high, *shape)` an int64 tensor of indices, `t.bools(*shape)` a mask; all are reproducible. Samples should
include 0-dim, empty and broadcast inputs and every option of the op.
"""

import importlib
import pathlib
from dataclasses import dataclass, field

import numpy as np

import flambeau as fb
from flambeau.ops import FUNCTIONS, METHODS

FLOATS = ("float32", "float64", "float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
INTS = ("uint8", "int8", "int16", "int32", "int64")
UNSIGNED = ("uint16", "uint32", "uint64")  # for these, test_unsigned.py runs the rows that have uint8
REAL = FLOATS + INTS
ALL = REAL + ("bool",) + COMPLEX


class Sample:
    """The arguments of one call. Tensors may be nested in lists and tuples."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs

    def map(self, function):
        """The same call with `function` applied to every tensor."""
        return Sample(
            *[_map(a, function) for a in self.args], **{k: _map(v, function) for k, v in self.kwargs.items()}
        )

    def tensors(self):
        found = []
        self.map(found.append)
        return found

    def __repr__(self):
        short = self.map(lambda t: f"{t.dtype.name}{list(t.shape)}")
        shown = [str(a) for a in short.args] + [f"{k}={v}" for k, v in short.kwargs.items()]
        return f"({', '.join(shown)})"


def _map(value, function):
    if isinstance(value, fb.Tensor):
        return function(value)
    if isinstance(value, (list, tuple)):
        mapped = [_map(v, function) for v in value]
        return type(value)(mapped) if type(value) in (list, tuple) else value
    return value


@dataclass
class Bad:
    """A call that must raise `error` with a message that contains `match` (a regular expression)."""

    sample: Sample
    error: type
    match: str


class Make:
    """Makes the tensors of samples: `t(2, 3)`."""

    def __init__(self, dtype, domain, seed=0):
        self.dtype, self.domain = dtype, domain
        self.random = np.random.RandomState(seed)

    def __call__(self, *shape, low=None, high=None, dtype=None):
        """A tensor with values between low and high (default: the row's domain), all different where that matters."""
        low = self.domain[0] if low is None else low
        high = self.domain[1] if high is None else high
        target = getattr(fb, dtype or self.dtype).numpy
        values = self.random.uniform(low, high, shape)
        if target.kind == "c":
            values = values + 1j * self.random.uniform(low, high, shape)
        elif target.kind in "iu":
            values = self.random.randint(
                int(max(low, 0 if target.kind == "u" else low)), int(high) + 1, shape
            )
        elif target.kind == "b":
            values = values > (low + high) / 2
        return fb.from_numpy(np.array(values).astype(target))

    def ints(self, high, *shape, low=0, dtype="int64"):
        """Indices low <= i < high."""
        return fb.from_numpy(np.array(self.random.randint(low, high, shape)).astype(dtype))

    def bools(self, *shape):
        """A mask."""
        return fb.from_numpy(np.array(self.random.uniform(size=shape) > 0.5))

    def array(self, values, dtype=None):
        """The given values in the dtype under test."""
        return fb.from_numpy(np.array(values).astype(getattr(fb, dtype or self.dtype).numpy))


def _no_errors(t):
    return []


TOLERANCES = {  # rtol, atol
    "float32": (2e-5, 1e-5), "float64": (1e-9, 1e-9), "float16": (2e-3, 2e-3), "bfloat16": (1.6e-2, 1e-2),
    "complex64": (2e-5, 1e-5), "complex128": (1e-9, 1e-9),
}  # fmt: skip


@dataclass
class Row:
    """One op. `reference` takes NumPy arrays in place of tensors (float64 in tests); `torch` is PyTorch's function, or
    the dotted path of one (default: found by name), or None when it has none."""

    name: str
    samples: object
    reference: object = None
    torch: object = "auto"
    dtypes: tuple = FLOATS
    domain: tuple = (-2.0, 2.0)
    grad: bool | None = True  # False: results ask for no gradient; None: to differentiate them is an error
    gradgrad: bool = True
    grad_samples: object = None  # other samples for gradcheck: away from kinks, small
    errors: object = _no_errors
    inplace: object = None  # False: no test of the in-place form
    out: object = None  # False: no test of out=
    layouts: bool = True  # False: results depend on the memory layout of inputs
    edges: bool = False  # also compare nan, inf, -0.0, ... with PyTorch
    edge_gradients: bool = True  # and the gradients there; False where PyTorch's are the less exact ones
    rtol: dict = field(default_factory=dict)
    atol: dict = field(default_factory=dict)
    function: object = None  # the callable under test; default: by name

    def __post_init__(self):
        if self.function is None:
            found = FUNCTIONS.get(self.name) or METHODS.get(self.name)
            if found is None:
                raise LookupError(f"row '{self.name}': flambeau has no such op")
            self.function = found

    def make(self, dtype, samples=None, seed=0):
        return list((samples or self.samples)(Make(dtype, self.domain, seed)))

    def tolerance(self, dtype):
        rtol, atol = TOLERANCES.get(dtype, (0, 0))
        return self.rtol.get(dtype, rtol), self.atol.get(dtype, atol)

    def __repr__(self):
        return self.name


def unary(name, reference=None, **options):
    """A pointwise op of one tensor."""
    options.setdefault("edges", True)
    return Row(name, lambda t: [Sample(t(3, 4)), Sample(t()), Sample(t(0)), Sample(t(2, 0, 3)), Sample(t(5, 1, 33))],
               reference, grad_samples=lambda t: [Sample(t(2, 3)), Sample(t())], **options)  # fmt: skip


def binary(name, reference=None, scalar=2, **options):
    """A pointwise op of two tensors: equal shapes, broadcasting, 0-dim, empty, and a number (None: takes none)."""
    options.setdefault("edges", True)

    def samples(t):
        pairs = [((3, 4), (3, 4)), ((3, 1), (4,)), ((2, 1, 3), (5, 1)), ((), (2, 3)), ((), ()), ((0,), (1,)),
                 ((70,), (70,))]  # fmt: skip
        made = [Sample(t(*a), t(*b)) for a, b in pairs]
        return made + ([] if scalar is None else [Sample(t(2, 3), scalar)])

    def grad_samples(t):
        return [Sample(t(2, 3), t(2, 3)), Sample(t(2, 1), t(3)), Sample(t(), t(2))]

    options.setdefault("grad_samples", grad_samples)
    return Row(name, samples, reference, **options)


# Public functions that are tested in a file of their own instead of by a row.
ELSEWHERE = {}


def load_rows():
    rows = []
    for path in sorted((pathlib.Path(__file__).parent / "rows").glob("*.py")):
        if path.stem != "__init__":
            module = importlib.import_module(f"tests.ops.rows.{path.stem}")
            rows += module.ROWS
            ELSEWHERE.update(getattr(module, "ELSEWHERE", {}))
    return rows


ROWS = load_rows()
