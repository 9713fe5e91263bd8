"""Factories."""

from ..case import Case
from ..draw import ALL, COMPLEX, FLOATS, HALVES, INTS
from . import family


def _number(d):
    return d.pick(0, 1, 5, -3, 0.5, 2.5, -1.25, 7)


@family
def ranges(d):
    name = d.pick("arange", "arange", "linspace", "logspace", "range")
    dtype = d.maybe_dtype(*FLOATS, *HALVES, *INTS)
    if name == "arange":
        args = d.pick(
            (_number(d),), (_number(d), _number(d)), (_number(d), _number(d), d.pick(1, 2, 0.3, -0.7, -1, 0))
        )
        return Case(name, args, dtype)
    if name == "range":
        step = d.pick(1, -1) if dtype else d.pick(1, 0.5, -1)  # of ints and a fraction: a crash of PyTorch
        return Case(name, (_number(d), _number(d), step), dtype)
    dtype = d.maybe_dtype(*FLOATS, *COMPLEX, "int64", "int32")
    base = d.options(base=(2, 2.5)) if name == "logspace" else {}
    return Case(
        name,
        (d.pick(0, 1, -3, 0.5, 2.5), d.pick(1, 3, -0.5), d.pick(0, 1, 2, 5, 8, -1)),
        base | dtype,
        ulps=64,
    )


@family
def constant(d):
    shape = d.shape()
    name = d.pick("full", "zeros", "ones", "eye", "scalar_tensor", "full_like", "zeros_like", "ones_like")
    if name == "full":
        return Case(name, (shape, d.pick(2, 0.5, True, 1j)), d.maybe_dtype())
    if name == "eye":
        return Case(name, d.pick((d.integer(0, 4),), (d.integer(-1, 4), d.integer(0, 4))), d.maybe_dtype())
    if name == "scalar_tensor":
        return Case(name, (_number(d),), d.maybe_dtype())
    if name == "full_like":
        return Case(name, (d.tensor(shape, d.dtype()), d.pick(2, 0.5, True)), d.maybe_dtype(), view=False)
    if "like" in name:
        return Case(name, (d.tensor(shape, d.dtype()),), d.maybe_dtype())
    return Case(name, (shape,), d.maybe_dtype())


@family
def from_data(d):
    """tensor() of numbers and nested lists."""
    value = d.pick(2, 0.5, True, 1j, [], [[]], [1, 2.5], [True, 2], [[1, 2], [3, 4]], [[1], [2, 3]], [1, 2j], [[], []],
                   "a", None, (1, (2,)), [[0.5], [1]], [True, False])  # fmt: skip
    dtype = d.maybe_dtype(*FLOATS, *INTS, "bool", "complex64")
    return Case(d.pick("tensor", "as_tensor"), (value,), dtype)


@family
def windows(d):
    name = d.pick("hann", "hamming", "blackman", "bartlett", "kaiser")
    options = d.options(periodic=(True, False)) | d.maybe_dtype(*FLOATS, "int64")
    return Case(f"{name}_window", (d.integer(-1, 6),), options)


@family
def new_tensors(d):
    x = d.tensor(d.shape(0, 2), d.dtype(*ALL))
    name = d.pick("new_zeros", "new_ones", "new_full", "new_tensor")
    if name == "new_full":
        return Case("Tensor.new_full", (x, d.shape(), d.pick(2, 0.5)), d.maybe_dtype())
    if name == "new_tensor":
        return Case("Tensor.new_tensor", (x, d.pick(1, [1, 2], 0.5)), d.maybe_dtype())
    return Case(f"Tensor.{name}", (x, d.shape()), d.maybe_dtype())
