"""Calls every public op with random, mostly wrong arguments: `python -m tests.fuzz seed calls seconds`.

Run as a process of its own, so that a crash is seen. Prints one line per finding and exits with 1 when there are any:
an exception of a type that bad arguments never explain, a call that takes seconds, or a changed input (of a function
that does not end in `_`, or of any call that raised).
"""

import faulthandler
import inspect
import math
import random
import resource
import signal
import sys
import time
import warnings

import numpy as np

import flambeau as fb
from flambeau import _core
from flambeau.ops import FUNCTIONS, METHODS

ORDINARY = (TypeError, ValueError, RuntimeError, IndexError, OverflowError, NotImplementedError, BufferError)
NOT_ORDINARY = (RecursionError,)
COUNTS = ("mvlgamma", "multigammaln", "split", "adaptive", "chunk", "indices")  # do as many steps as a number says
DTYPES = (
    "float32",
    "float32",
    "float64",
    "int64",
    "int64",
    "bool",
    "uint8",
    "uint16",
    "uint64",
    "int8",
    "int16",
    "int32",
    "float16",
    "bfloat16",
    "complex64",
    "complex128",
)
SHAPES = (
    (),
    (1,),
    (3,),
    (0,),
    (3, 4),
    (4, 3),
    (3, 3),
    (2, 0),
    (1, 3),
    (2, 3, 4),
    (2, 3, 5, 5),
    (2, 2, 3, 4, 4),
)
NUMBERS = (
    0,
    1,
    2,
    3,
    -1,
    -2,
    -7,
    0.5,
    -0.5,
    1e30,
    math.nan,
    math.inf,
    -math.inf,
    True,
    1j,
    2**31,
    -(2**31),
    2**63 - 1,
    -(2**63),
    2**63,
    2**70,
    10**400,
)
OTHERS = (
    None,
    "x",
    "mean",
    "",
    b"ab",
    (),
    [],
    {},
    (1, 2),
    [0, 0],
    (-1, 3),
    [2, -3],
    (2**40, 2**40),
    (1.5, 2),
    ("a",),
    [[1], [2, 3]],
    slice(None),
    Ellipsis,
    object(),
    int,
    float,
    len,
    np.float32(2),
    np.int64(-3),
    np.arange(3),
    np.array("a"),
    np.zeros(2, object),
    range(3),
    fb.float32,
    fb.int64,
    fb.bool,
    fb.uint32,
    "int64",
    fb.device("cpu"),
    fb.strided,
    fb.sparse_coo,
    fb.sparse_csr,
    fb.channels_last,
    fb.preserve_format,
    {1: 2},
    {1, 2},
    [None],
)
MEMORY = 3 << 30  # bytes of address space: sizes that are garbage must not be served
KEYWORDS = (
    "dim",
    "keepdim",
    "dtype",
    "out",
    "size",
    "input",
    "other",
    "alpha",
    "device",
    "axis",
    "weight",
    "bogus",
    "index",
    "padding",
    "stride",
    "requires_grad",
    "mode",
    "reduction",
    "p",
    "largest",
    "layout",
    "memory_format",
    "n",
    "norm",
)


class TooSlow(BaseException):
    """Raised by the alarm in a call that does not come to an end."""


def stop(number, frame):
    raise TooSlow


def make_tensor(rng):
    dtype, shape = getattr(fb, rng.choice(DTYPES)), rng.choice(SHAPES)
    n = math.prod(shape)
    values = [rng.choice((0, 1, 2, 3, -1, 5)) for _ in range(n)]
    if not dtype.is_signed:
        values = [abs(v) for v in values]
    if dtype.is_floating_point and rng.random() < 0.2:
        values = [rng.choice((v, math.nan, math.inf)) for v in values]
    t = fb.from_numpy(np.array(values, dtype=np.float64).astype(dtype.numpy).reshape(shape))
    way = rng.random()
    if way < 0.1 and t.ndim:
        t = t.transpose(0, -1)
    elif way < 0.2 and t.ndim:
        t = t[::2]
    elif way < 0.25:
        t = t.expand(2, *t.shape)
    elif way < 0.3:
        array = _core.array_of(t)
        t = fb.from_numpy(array[..., ::-1] if array.ndim else array)
    if (dtype.is_floating_point or dtype.is_complex) and rng.random() < 0.2:
        t.requires_grad_()
    return t


def make_argument(rng, tensors):
    way = rng.random()
    if way < tensors:
        return make_tensor(rng)
    if way < tensors + 0.05:
        return [make_tensor(rng) for _ in range(rng.randrange(4))]
    if way < tensors + 0.3:
        return rng.choice(NUMBERS[:8]) if rng.random() < 0.6 else rng.choice(NUMBERS)
    return rng.choice(OTHERS)


def positional(function):
    """How many arguments a function wants by position: at least, at most."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1, 3
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name != "out"]
    return len([p for p in plain if p.default is p.empty]), len(plain) + any(
        p.kind is p.VAR_POSITIONAL for p in parameters
    )


def make_call(rng, name, function, method):
    low, high = positional(function)
    n = rng.randint(low, high) if rng.random() < 0.9 else rng.randint(0, high)
    args = [make_argument(rng, 0.85 if i == 0 else 0.4) for i in range(n)]
    if any(word in name for word in COUNTS):
        args = [3 if isinstance(a, (int, float)) and abs(a) > 1000 else a for a in args]
    if method and args and not isinstance(args[0], fb.Tensor):
        args[0] = make_tensor(rng)
    kwargs = {}
    if rng.random() < 0.3:
        kwargs = {rng.choice(KEYWORDS): make_argument(rng, 0.3) for _ in range(rng.randint(1, 2))}
    return args, kwargs


def tensors_in(value):
    if isinstance(value, fb.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in tensors_in(v)]
    return []


def snapshot(tensors):
    return [(_core.array_of(t).tobytes(), tuple(t.shape), t.requires_grad) for t in tensors]


def show(value):
    if isinstance(value, fb.Tensor):
        return f"{value.dtype.name}{list(value.shape)}{value.stride()}" + ("g" if value.requires_grad else "")
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(map(show, value))})"
    return repr(value)[:60]


def check(name, function, args, kwargs, seconds):
    """What is wrong with one call, or None."""
    written = name.endswith("_") or name.startswith("__i") or name == "btrifact"  # which fills its info
    inputs = tensors_in(args) + tensors_in([v for k, v in kwargs.items() if k != "out"])
    outs = tensors_in(kwargs.get("out"))
    memory = [_core.array_of(t) for t in outs]
    inputs = [t for t in inputs if not any(np.may_share_memory(_core.array_of(t), m) for m in memory)]
    before = snapshot(inputs)
    before_out = snapshot(outs)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    raised = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)
            function(*args, **kwargs)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except TooSlow:
        return f"took more than {seconds} s"
    except BaseException as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raised = error
        if not isinstance(error, ORDINARY) or isinstance(error, NOT_ORDINARY):
            return f"raised {type(error).__name__}: {str(error)[:120]}"
        if not str(error):
            return f"raised {type(error).__name__} without a message"
    if (not written or raised is not None) and snapshot(inputs) != before:
        return f"changed an input ({'returned' if raised is None else 'raised ' + repr(raised)[:100]})"
    if raised is not None and snapshot(outs) != before_out:
        return f"changed out= and raised {raised!r}"[:200]
    return None


def main(seed, calls, limit, only=None):
    faulthandler.enable()
    signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    rng = random.Random(seed)
    names = [(n, f, False) for n, f in sorted(FUNCTIONS.items()) if not n.startswith("_")]
    for module in (fb.special, fb.linalg, fb.fft):
        prefix = module.__name__.rpartition(".")[2]
        functions = [(n, getattr(module, n)) for n in module.__all__]
        names += [(f"{prefix}.{n}", f, False) for n, f in functions if not isinstance(f, type)]
    names += [(n, f, True) for n, f in sorted(METHODS.items()) if callable(f) and f is not FUNCTIONS.get(n)]
    if only:
        names = [entry for entry in names if entry[0] == only]
    start, made, findings = time.monotonic(), 0, 0
    while made < calls and time.monotonic() - start < limit:
        name, function, method = names[made % len(names)] if made < 3 * len(names) else rng.choice(names)
        args, kwargs = make_call(rng, name, function, method)
        made += 1
        if "-v" in sys.argv:
            print(name, show(args), {k: show(v) for k, v in kwargs.items()}, flush=True)
        shown = (
            f"{name}({', '.join([show(a) for a in args] + [f'{k}={show(v)}' for k, v in kwargs.items()])})"
        )
        faulthandler.dump_traceback_later(60, exit=True)
        problem = check(name, function, args, kwargs, seconds=3)
        if problem:
            findings += 1
            print(f"{shown}: {problem}", flush=True)
    print(f"{made} calls, {findings} findings, {time.monotonic() - start:.1f} s")
    return findings


if __name__ == "__main__":
    name = next((a for a in sys.argv[4:] if a[0] != "-"), None)
    found = main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), name)
    sys.exit(bool(found))
