"""Shapes and orders of dimensions, joining and splitting, factories."""

import numpy as np

import flambeau as fb

from ... import _core
from ...jit.graph import Dim, Value
from ..builder import number_of, plain, positions
from ..registry import call, op


def _given_sizes(g, node):
    """The sizes that a program gave, with -1 and sizes of other tensors among them; None where they are not its own."""
    if node.target.kind != "op" or g.inner:
        return None
    rest = list(node.args[1:]) or list(node.kwargs.values())
    if len(rest) == 1 and isinstance(rest[0], (tuple, list)):
        rest = list(rest[0])
    ints = all(isinstance(n, (int, Dim)) and not isinstance(n, bool) for n in rest)
    return rest if ints else None


def reshaped(g, name, sizes, like=None):
    """A Reshape. like: the value, for sizes that the library worked out: those in front that are its own follow it."""
    sizes = list(sizes)
    if g.dynamic and like is not None and not any(isinstance(n, Dim) for n in sizes):
        for i, (n, own) in enumerate(zip(sizes, like.shape, strict=False)):
            if n != own:
                break
            sizes[i] = 0
        rest = [i for i, n in enumerate(sizes) if n != 0]
        if rest and sizes[0] != 0 and -1 not in sizes and len(like.shape):
            sizes[0] = -1  # the leading dimension is the one that varies
    return g.op("Reshape", name, g.sizes(sizes))


@op("reshape", "_view")
def reshape(g, node, input, shape):
    given = _given_sizes(g, node)
    if not input.shape or 0 in input.shape:
        sizes = node.outputs[0].shape
        return g.op(
            "Reshape", g.value(input), g.number(sizes), allowzero=1 if 0 in sizes and g.opset >= 14 else None
        )
    if given is None:
        return reshaped(g, g.value(input), node.outputs[0].shape, input)
    return g.op("Reshape", g.value(input), g.sizes(given))


@call("flatten")
def flatten(g, node, input, start_dim=0, end_dim=-1):
    ndim = len(input.shape)
    if not ndim:
        return g.op("Reshape", g.value(input), g.number([1]))
    start, end = start_dim % ndim, end_dim % ndim
    after = [
        Dim("size", (input, i), input.shape[i]) if g.dynamic else input.shape[i] for i in range(end + 1, ndim)
    ]
    if 0 in input.shape:
        return NotImplemented
    return g.op("Reshape", g.value(input), g.sizes([0] * start + [-1] + after))


@op("permute")
def permute(g, node, input, dims):
    return g.op("Transpose", g.value(input), perm=[d % max(1, len(input.shape)) for d in dims])


@op("transpose", "t")
def transpose(g, node, input, dim0=0, dim1=1):
    order = list(range(len(input.shape)))
    if len(order) < 2:
        return g.op("Identity", g.value(input))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return g.op("Transpose", g.value(input), perm=order)


@op("squeeze")
def squeeze(g, node, input, dims):
    return g.squeeze(g.value(input), *dims) if dims else g.op("Identity", g.value(input))


@op("unsqueeze")
def unsqueeze(g, node, input, dim):
    return g.unsqueeze(g.value(input), dim)


@op("_expand", "_spread")
def expand(g, node, input, shape, *rest):
    if node.name == "_spread":
        return NotImplemented
    given = _given_sizes(g, node)
    sizes = (
        node.outputs[0].shape
        if given is None
        else [1 if n == -1 and not isinstance(n, Dim) else n for n in given]
    )
    if g.dynamic and given is None:
        padded = [None] * (len(sizes) - len(input.shape)) + list(input.shape)
        sizes = [1 if own == n else n for n, own in zip(sizes, padded, strict=True)]
    return g.op("Expand", g.value(input), g.sizes(sizes))


@op("cat")
def cat(g, node, *tensors_and_dim):
    *tensors, dim = tensors_and_dim
    dtype = node.outputs[0].dtype
    tensors = [t for t in tensors if t.shape != (0,)] or tensors[:1]
    names = [g.argument(t, dtype) for t in tensors]
    return g.op("Concat", *names, axis=dim) if len(names) > 1 else g.op("Identity", names[0])


@op("stack")
def stack(g, node, *tensors_and_dim):
    *tensors, dim = tensors_and_dim
    dtype = node.outputs[0].dtype
    return g.op("Concat", *[g.unsqueeze(g.argument(t, dtype), dim) for t in tensors], axis=dim)


@op("_split")
def split(g, node, input, sizes, dim):
    return g.split(g.value(input), [number_of(n) for n in sizes], dim % len(input.shape))


@op("unbind")
def unbind(g, node, input, dim):
    x = g.value(input)
    return tuple(g.op("Gather", x, g.number(i), axis=dim) for i in range(len(node.outputs)))


@op("_repeat")
def repeat(g, node, input, repeats):
    x, missing = g.value(input), len(repeats) - len(input.shape)
    if missing:
        x = g.unsqueeze(x, *range(missing))
    return g.op("Tile", x, g.sizes(list(repeats)))


@op("flip")
def flip(g, node, input, dims):
    dims = [d % max(1, len(input.shape)) for d in dims] if input.shape else []
    if not dims:
        return g.op("Identity", g.value(input))
    far = -(2**63)
    return g.slice(g.value(input), [-1] * len(dims), [far + 1] * len(dims), dims, [-1] * len(dims))


@op("roll")
def roll(g, node, input, shifts, dims):
    if not dims:
        return NotImplemented
    x = g.value(input)
    for shift, dim in zip(shifts, dims, strict=True):
        n = input.shape[dim]
        at = -shift % n if n else 0
        if at:
            x = g.op("Concat", g.slice(x, [at], [2**63 - 1], [dim]), g.slice(x, [0], [at], [dim]), axis=dim)
    return g.op("Identity", x)


@op("tril", "triu")
def tril(g, node, input, diagonal=0):
    upper = node.name.startswith("triu")
    if g.opset >= 14:
        return g.op("Trilu", g.value(input), g.number(diagonal), upper=int(upper))
    rows, columns = input.shape[-2:]
    kept = (np.triu if upper else np.tril)(np.ones((rows, columns), bool), diagonal)
    return g.op("Where", g.number(kept, bool), g.value(input), g.scalar(0, input.dtype))


@op("constant_pad_nd")
def constant_pad(g, node, input, before, after, value):
    amounts = [number_of(n) for n in (*before, *after)]
    return g.op("Pad", g.value(input), g.number(amounts), g.scalar(value, input.dtype))


@call("pad")
def pad(g, node, input, pad, mode="constant", value=None):
    if mode not in ("reflect", "replicate"):
        return NotImplemented
    ndim, pad = len(input.shape), plain(list(pad))
    before, after = [0] * ndim, [0] * ndim
    for i in range(len(pad) // 2):
        before[ndim - 1 - i], after[ndim - 1 - i] = pad[2 * i], pad[2 * i + 1]
    return g.op(
        "Pad", g.value(input), g.number([*before, *after]), mode={"replicate": "edge"}.get(mode, mode)
    )


def view_by_positions(g, node, input):
    """A view of another kind: its elements are looked up where they lay. Sizes must be known."""
    out = node.outputs[0]
    if g.dynamic or out.place is None or input.place is None or out.place[0] != input.place[0]:
        return NotImplemented
    own = np.argsort(positions(input).reshape(-1))
    sorted_positions = positions(input).reshape(-1)[own]
    wanted = positions(out).reshape(-1)
    at = np.searchsorted(sorted_positions, wanted)
    if np.any(at >= len(own)) or np.any(sorted_positions[np.minimum(at, len(own) - 1)] != wanted):
        return NotImplemented
    flat = g.op("Reshape", g.value(input), g.number([-1]))
    return g.op("Reshape", g.op("Gather", flat, g.number(own[at])), g.number(out.shape))


# Ops of which each element of the result is one of the input, or zero: where from is found by running them on numbers.
_MOVES = {"_unfold", "diagonal", "roll", "im2col", "_place_diagonal", "flip", "_repeat", "t", "transpose", "squeeze",
          "_spread"}  # fmt: skip


def moved(g, node, input, *rest):
    """An op that moves elements, for sizes that are known; NotImplemented for others."""
    if node.name == "as_strided":
        return view_by_positions(g, node, input)
    if g.dynamic or node.name not in _MOVES or not isinstance(input, Value):
        return NotImplemented
    count = int(np.prod(input.shape))
    numbers = fb.arange(1, count + 1, dtype=fb.float64).reshape(input.shape)
    source = _core.apply(node.target.callable, numbers, *plain(tuple(rest))).numpy().astype(np.int64) - 1
    flat = g.op("Reshape", g.value(input), g.number([-1]))
    if (source < 0).any():
        flat = g.op("Concat", flat, g.unsqueeze(g.scalar(0, input.dtype), 0), axis=0)
        source = np.where(source < 0, count, source)
    return g.op("Reshape", g.op("Gather", flat, g.number(source.reshape(-1))), g.number(source.shape))


@call("as_strided")
def as_strided(g, node, input, *rest):
    return view_by_positions(g, node, input)


@call("detach")
def detach(g, node, input):
    return g.op("Identity", g.value(input))


@call("view")
def view(g, node, input, dtype):
    """0.3 sees truth values as bytes."""
    if not isinstance(dtype, fb.dtype) or input.dtype.name != "bool":
        return NotImplemented
    return g.cast(g.value(input), dtype)


# ---- factories, whose sizes may depend on the inputs


def _filled(g, node, sizes, value):
    dtype = node.outputs[0].dtype
    shape = sizes if isinstance(sizes, str) else g.sizes(sizes)
    return g.op("Expand", g.scalar(value, dtype), shape)


def _sizes_of(args, kwargs):
    rest = list(args)
    if "size" in kwargs:
        rest = [kwargs["size"]]
    return list(rest[0]) if len(rest) == 1 and isinstance(rest[0], (tuple, list)) else rest


@call("zeros", "ones", "empty")
def zeros(g, node, *args, **kwargs):
    return _filled(g, node, _sizes_of(args, kwargs), int(node.name == "ones"))


@call("new_zeros", "new_ones", "new_empty")
def new_zeros(g, node, input, *args, **kwargs):
    return _filled(g, node, _sizes_of(args, kwargs), int(node.name == "new_ones"))


@call("full", "new_full")
def full(g, node, *args, **kwargs):
    given = list(args)[1:] if node.name == "new_full" else list(args)
    given += [kwargs[k] for k in ("size", "fill_value") if k in kwargs]
    if len(given) != 2 or isinstance(given[1], Value):
        return NotImplemented
    size, value = given
    return _filled(g, node, [size] if isinstance(size, (int, Dim)) else list(size), plain(value))


@call("zeros_like", "ones_like", "empty_like", "full_like")
def zeros_like(g, node, input, fill_value=None, **kwargs):
    value = plain(fill_value) if node.name == "full_like" else int(node.name == "ones_like")
    return _filled(g, node, g.shape_of(input), value)


@call("arange")
def arange(g, node, *args, **kwargs):
    dtype = node.outputs[0].dtype
    given = dict(zip(("start", "end", "step") if len(args) > 1 else ("end",), args, strict=False))
    given.update({k: v for k, v in kwargs.items() if k in ("start", "end", "step")})
    bounds = [g.argument(given.get(k, d), dtype) for k, d in (("start", 0), ("end", 0), ("step", 1))]
    return g.op("Range", *bounds)


@call("rand", "randn", "rand_like", "randn_like")
def rand(g, node, *args, **kwargs):
    kind = "Uniform" if node.name.startswith("rand_") or node.name == "rand" else "Normal"
    from ..builder import element_of

    return g.op(
        f"Random{kind}", shape=list(map(int, node.outputs[0].shape)), dtype=element_of(node.outputs[0].dtype)
    )
