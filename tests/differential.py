"""A randomised comparison with PyTorch: one op, random shapes (0-dim and empty ones too), dtypes, memory layouts and
keyword combinations; values, dtypes, shapes and whether an error is raised must agree.

    python -m tests.differential [CALLS] [SEED]      prints the seed; a difference is shrunk to a small call
"""

import random
import sys
import warnings

import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import flambeau as fb
from flambeau import _core

try:
    import torch
except ImportError:
    torch = None

FLOATS = ["float32", "float64"]
REAL = [*FLOATS, "int64", "int32", "uint8"]
ALL = [*REAL, "bool", "complex64", "float16", "bfloat16"]
TOLERANCE = {"float16": 1e-2, "bfloat16": 6e-2, "float32": 1e-4, "complex64": 1e-4}

UNARY = (
    "abs acos acosh angle asin asinh atan atanh ceil cos cosh deg2rad digamma erf erfc exp exp2 expm1 floor frac "
    "isfinite isinf isnan lgamma log log10 log1p log2 logical_not neg reciprocal relu round rsqrt sigmoid sgn sign sin "
    "sinc sinh sqrt square tan tanh trunc isreal positive i0 bitwise_not"
).split()
BINARY = (
    "add sub mul div floor_divide remainder fmod atan2 maximum minimum fmax fmin eq ne lt le gt ge logical_and "
    "logical_or logical_xor bitwise_and bitwise_or bitwise_xor hypot copysign logaddexp xlogy"
).split()
REDUCTIONS = "sum mean prod amax amin all any std var logsumexp nansum count_nonzero argmax argmin".split()
ALONG = "cumsum cumprod softmax log_softmax sort median".split()
VIEWS = (
    "flip transpose squeeze unsqueeze movedim narrow select unfold diagonal tril triu roll repeat_interleave"
).split()
JOINS = "cat stack hstack vstack".split()
CHOICES = "gather index_select where clamp masked_fill take_along_dim".split()
EXACT_ONLY = {"sort", "median", "argmax", "argmin"}  # ties: compared on distinct values


class Case:
    """One call: the name, how to make its tensors, the other arguments."""

    def __init__(self, name, arrays, build):
        self.name, self.arrays, self.build = name, arrays, build

    def __repr__(self):
        shown = ", ".join(
            f"{a.dtype}{list(a.shape)}{'' if a.flags.c_contiguous else ' strided'}" for a in self.arrays
        )
        return f"{self.name}({shown}) {self.build(list(map(_Name, range(len(self.arrays)))))[1:]}"


class _Name:
    def __init__(self, i):
        self.i = i

    def __repr__(self):
        return f"t{self.i}"


@st.composite
def arrays(draw, shape, dtype, distinct=False):
    """An array with reproducible values, in one of several memory layouts."""
    generator = np.random.RandomState(draw(st.integers(0, 2**16)))
    count = int(np.prod(shape))
    if distinct:
        values = generator.permutation(count) - count // 3
    elif dtype in ("int64", "int32", "uint8"):
        values = generator.randint(0 if dtype == "uint8" else -5, 6, count)
    else:
        values = generator.uniform(-3, 3, count)
        values[generator.uniform(size=count) < 0.1] = 0
    if dtype == "complex64":
        values = values + 1j * generator.uniform(-3, 3, count)
    if dtype == "bool":
        values = values > 0
    target = fb.bfloat16.numpy if dtype == "bfloat16" else np.dtype(dtype)
    array = np.array(values).astype(target).reshape(shape)
    layout = draw(st.sampled_from(["plain", "gaps", "reversed"])) if array.ndim else "plain"
    if layout == "gaps":
        buffer = np.zeros((*shape[:-1], shape[-1] * 2 + 1), target)
        buffer[..., 1::2] = array
        array = buffer[..., 1::2]
    elif layout == "reversed":
        array = np.array(array, order="F")
    return array


shapes = st.lists(st.sampled_from([0, 1, 1, 2, 3, 5]), max_size=4).map(tuple)


@st.composite
def cases(draw):
    # repeat_interleave of a 0-dim tensor along a dim is an error of PyTorch's own making: left out below
    kind = draw(st.sampled_from(["unary", "binary", "reduction", "along", "view", "join", "choice"]))
    shape = draw(shapes)
    if kind == "unary":
        name = draw(st.sampled_from(UNARY))
        return Case(name, [draw(arrays(shape, draw(st.sampled_from(ALL))))], lambda t: (name, t, {}))
    if kind == "binary":
        name = draw(st.sampled_from(BINARY))
        other = tuple(draw(st.sampled_from([s, 1])) for s in shape)[draw(st.integers(0, len(shape))) :]
        a = draw(arrays(shape, draw(st.sampled_from(ALL))))
        if draw(st.booleans()):
            number = draw(st.sampled_from([2, -1, 3, 0.5, 2.5, True]))
            return Case(name, [a], lambda t: (name, [t[0], number], {}))
        b = draw(arrays(other, draw(st.sampled_from(ALL))))
        return Case(name, [a, b], lambda t: (name, t, {}))
    dim = draw(st.integers(-len(shape) - 1, len(shape)))
    keyword = draw(st.booleans())
    if kind == "reduction":
        name = draw(st.sampled_from(REDUCTIONS))
        dtypes = FLOATS if name in EXACT_ONLY else REAL if name in ("amin", "amax") else ALL
        a = draw(arrays(shape, draw(st.sampled_from(dtypes)), name in EXACT_ONLY))
        options = {}
        if draw(st.booleans()) or name in ("logsumexp",):
            options["dim"] = dim
            if keyword and name != "count_nonzero":
                options["keepdim"] = draw(st.booleans())
        return Case(name, [a], lambda t: (name, t, options))
    if kind == "along":
        name = draw(st.sampled_from(ALONG))
        a = draw(arrays(shape, draw(st.sampled_from(FLOATS)), name in EXACT_ONLY))
        return Case(name, [a], lambda t: (name, t, {"dim": dim}))
    if kind == "view":
        name = draw(st.sampled_from(VIEWS if shape else [v for v in VIEWS if v != "repeat_interleave"]))
        a = draw(arrays(shape, draw(st.sampled_from(ALL))))
        i, j = draw(st.integers(-3, 3)), draw(st.integers(0, 3))
        arguments = {
            "flip": ([dim],), "transpose": (dim, i), "squeeze": (dim,), "unsqueeze": (dim,), "movedim": (dim, i),
            "narrow": (dim, j, abs(i)), "select": (dim, i), "unfold": (dim, j + 1, abs(i) + 1), "diagonal": (i,),
            "tril": (i,), "triu": (i,), "roll": (i, dim), "repeat_interleave": (j, dim),
        }[name]  # fmt: skip
        return Case(name, [a], lambda t: (name, [t[0], *arguments], {}))
    if kind == "join":
        name = draw(st.sampled_from(JOINS))
        dtypes = st.sampled_from(["float32", "float64", "int64"])
        a, b = draw(arrays(shape, draw(dtypes))), draw(arrays(shape, draw(dtypes)))
        options = {"dim": dim} if name in ("cat", "stack") else {}
        return Case(name, [a, b], lambda t: (name, [t], options))
    name = draw(st.sampled_from(CHOICES))
    a = draw(arrays(shape, draw(st.sampled_from(["float32", "float64", "int64"]))))
    generator = np.random.RandomState(draw(st.integers(0, 999)))
    if name in ("where", "masked_fill"):
        mask = generator.uniform(size=shape) > 0.5
        b = draw(arrays(shape, draw(st.sampled_from(["float32", "int64"]))))
        if name == "where":
            return Case(name, [np.array(mask), a, b], lambda t: (name, t, {}))
        return Case(name, [a, np.array(mask)], lambda t: (name, [*t, 2], {}))
    if name == "clamp":
        low, high = draw(st.sampled_from([None, -1, 0.5])), draw(st.sampled_from([None, 1, 2.5]))
        return Case(name, [a], lambda t: (name, [t[0], low, high], {}))
    size = shape[dim] if shape and -len(shape) <= dim < len(shape) else 1
    if name == "index_select":
        index = generator.randint(0, max(size, 1), draw(st.integers(0, 4)))
    else:
        index = generator.randint(0, max(size, 1), shape)
    index = np.array(index).astype("int64")
    if name == "take_along_dim":
        return Case(name, [a, index], lambda t: (name, t, {"dim": dim}))
    return Case(name, [a, index], lambda t: (name, [t[0], dim, t[1]], {}))


def to_torch(array):
    if array.dtype == fb.bfloat16.numpy:
        return (
            torch.from_numpy(np.ascontiguousarray(array).view(np.int16))
            .view(torch.bfloat16)
            .reshape(array.shape)
        )
    return torch.from_numpy(array)


def function(library, name):
    found = getattr(library, name, None)
    return getattr(library.Tensor, name) if found is None else found


def outcome(library, name, arguments, options):
    """("error", type) or ("value", [(array, dtype name), ...])."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(library, name)(*arguments, **options)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            return "error", error
    results = result if isinstance(result, (tuple, list)) else [result]
    return "value", results


def plain(value):
    if isinstance(value, fb.Tensor):
        array = _core.array_of(value)
        return array.astype(np.float32) if value.dtype is fb.bfloat16 else array
    value = value.resolve_conj().resolve_neg()
    return value.float().numpy() if value.dtype is torch.bfloat16 else value.numpy()


def check(case):
    """Raises AssertionError when the two libraries differ on a case."""
    name, arguments, options = case.build([fb.from_numpy(a) for a in case.arrays])
    before = [a.copy() for a in case.arrays]
    ours = outcome(fb, name, arguments, options)
    name, arguments, options = case.build([to_torch(a) for a in case.arrays])
    theirs = outcome(torch, name, arguments, options)
    if theirs[0] == "error" and isinstance(theirs[1], TypeError) and "must be Tensor, not" in str(theirs[1]):
        return  # every binary op here takes a Python number, in PyTorch only some do
    if "ComplexHalf" in str(theirs[1]) or (theirs[0] == "value" and theirs[1][0].dtype is torch.complex32):
        return  # float16 with a complex number: there is no complex32 here, the result is complex64
    assert ours[0] == theirs[0], f"{case}: flambeau {ours}, PyTorch {theirs}"
    for a, b in zip(case.arrays, before, strict=True):
        assert a.tobytes() == b.tobytes(), f"{case} changed an input"
    if ours[0] == "error":
        return
    assert len(ours[1]) == len(theirs[1]), f"{case}: {len(ours[1])} results, PyTorch {len(theirs[1])}"
    for g, e in zip(ours[1], theirs[1], strict=True):
        assert repr(g.dtype) == repr(e.dtype), f"{case}: dtype {g.dtype}, PyTorch {e.dtype}"
        kind = g.dtype.name
        tolerance = max(TOLERANCE.get(kind, 1e-9), *[TOLERANCE.get(str(a.dtype), 0) for a in case.arrays])
        g, e = plain(g), plain(e)
        assert g.shape == e.shape, f"{case}: shape {g.shape}, PyTorch {e.shape}"
        if kind in ("bool", "uint8", "int8", "int16", "int32", "int64"):
            np.testing.assert_array_equal(g, e, err_msg=str(case))
        else:
            np.testing.assert_allclose(g, e, tolerance, tolerance, equal_nan=True, err_msg=str(case))


def run(calls, number):
    """Checks `calls` random cases; hypothesis shrinks the first that differs."""

    @seed(number)
    @settings(max_examples=calls, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases())
    def compare(case):
        check(case)

    compare()


def main():
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    number = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    print(f"seed {number}", flush=True)
    run(calls, number)
    print(f"{calls} calls, no difference")


if __name__ == "__main__":
    main()
