"""vmap: a function of one element, run on a whole batch at once."""

import functools

from .. import random as generators
from ..ops.op import FUNCTIONS
from ..tensor import Tensor
from .batching import Batch, BatchedTensor, lift
from .levels import pop_level, push_level
from .trees import broadcast_prefix, flatten, unflatten


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None) -> function of whole batches

    The function calls `func` once, with tensors that stand for one element of the batch each, and gives what stacking
    the results of calls of func with each element gives: each op runs once for all of them. In nested containers too.

    in_dims: the dimension of the inputs that is the batch (None: the same for all elements); an int, or a container of
    ints and None of the structure of the positional arguments. Tensors among keyword arguments are batched along dim 0.
    out_dims: where in the outputs the batch goes; None for outputs that do not depend on the element.
    randomness: "error" refuses random numbers, "same" draws once for all elements, "different" for each.
    chunk_size: so many elements at a time (None: all at once), which bounds the memory.

    func must be made of tensor operations: elements cannot be looked at by Python (`item`, `if x > 0`), no result may
    have a size that depends on them, and what is changed in place must have a batch where the new values have one.
    Raises ValueError when in_dims or out_dims do not fit, RuntimeError for what cannot be batched.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if chunk_size is not None and not chunk_size > 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def mapped(*args, **kwargs):
        leaves, dims, tree = _inputs(func, in_dims, args)
        named, named_tree = flatten(kwargs)
        named_dims = [0 if isinstance(v, Tensor) else None for v in named]
        size = _batch_size([*leaves, *named], [*dims, *named_dims])

        def run(inputs, extra, count):
            return _run(
                func, count, randomness, (inputs, dims, tree), (extra, named_dims, named_tree), out_dims
            )

        if chunk_size is None or size <= chunk_size:
            flat, _, out_tree = run(leaves, named, size)
            return unflatten(flat, out_tree)
        pieces = []
        state = generators.get_rng_state() if randomness == "same" else None
        for start in range(0, size, chunk_size):
            if state is not None:
                generators.set_rng_state(state)
            count = min(chunk_size, size - start)
            parts = [[_part(v, d, start, count) for v, d in zip(vs, ds, strict=True)]
                     for vs, ds in ((leaves, dims), (named, named_dims))]  # fmt: skip
            pieces.append(run(parts[0], parts[1], count))
        _, places, out_tree = pieces[0]
        return unflatten(_joined([flat for flat, _, _ in pieces], places), out_tree)

    return mapped


def _part(value, dim, start, count):
    return value if dim is None else value.narrow(dim, start, count)


def _joined(pieces, places):
    """The outputs of chunks put together along the batch."""
    return [
        column[0] if dim is None else FUNCTIONS["cat"](column, dim)
        for column, dim in zip(zip(*pieces, strict=True), places, strict=True)
    ]


def _name(func):
    return getattr(func, "__name__", repr(func))


# ---- inputs


def _inputs(func, in_dims, args):
    """(leaves, their batch dimensions counted from the front or None, structure) of the positional arguments."""
    name = _name(func)
    start = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, (int, tuple, list)):
        raise ValueError(
            f"{start}: expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
            f"got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    leaves, tree = flatten(args)
    given = tuple(in_dims) if isinstance(in_dims, list) else in_dims
    dims = broadcast_prefix(given, tree)
    if dims is None:
        raise ValueError(
            f"{start}: in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{flatten(in_dims)[1]} but inputs has structure {tree}."
        )
    return leaves, [_in_dim(start, leaf, dim) for leaf, dim in zip(leaves, dims, strict=True)], tree


def _in_dim(start, leaf, dim):
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            f"{start}: Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
        )
    if not isinstance(leaf, Tensor):
        raise ValueError(
            f"{start}: Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over "
            "non-Tensor arguments, please use None as the respective in_dim"
        )
    if not -leaf.ndim <= dim < leaf.ndim:
        raise ValueError(
            f"{start}: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {leaf.ndim} so "
            f"expected in_dim to satisfy -{leaf.ndim} <= in_dim < {leaf.ndim}."
        )
    return dim % leaf.ndim


def _batch_size(leaves, dims):
    sizes = [leaf.shape[dim] for leaf, dim in zip(leaves, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(s != sizes[0] for s in sizes):
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    return sizes[0]


# ---- one run


def _run(func, size, randomness, positional, keyword, out_dims):
    """(outputs, where the batch is in each, structure) of func inside a level of its own."""
    level = push_level("vmap", size=size, randomness=randomness)
    try:
        args, kwargs = (
            unflatten([_batched(v, d, level) for v, d in zip(values, dims, strict=True)], tree)
            for values, dims, tree in (positional, keyword)
        )
        outputs = func(*args, **kwargs)
        leaves, tree = flatten(outputs)
        places = _places(func, out_dims, leaves, tree)
        batch = Batch(level, size)
        return [_output(func, batch, o, d) for o, d in zip(leaves, places, strict=True)], places, tree
    finally:
        pop_level(level)


def _batched(value, dim, level):
    return value if dim is None else BatchedTensor(value if dim == 0 else value.movedim(dim, 0), level)


def _places(func, out_dims, leaves, tree):
    """out_dims for each output."""
    name = _name(func)
    if tree.kind is None and isinstance(out_dims, (tuple, list)) and len(out_dims) == 1:
        out_dims = out_dims[0]
    places = broadcast_prefix(out_dims, tree)
    if places is None and tree.kind in (list, tuple) and type(out_dims) in (list, tuple):
        places = broadcast_prefix(tree.kind(out_dims), tree)
    for dim in flatten(out_dims)[0]:
        if not isinstance(dim, (int, type(None))):
            raise ValueError(
                f"vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of "
                "ints representing where in the outputs the vmapped dimension should appear."
            )
    if places is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of "
            f"`outputs`. out_dims has structure {flatten(out_dims)[1]} but outputs has structure {tree}."
        )
    return places


def _output(func, batch, output, dim):
    if not isinstance(output, Tensor):
        if dim is None:
            return output
        raise ValueError(
            f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type {type(output)}. Did you "
            "mean to set out_dims= to None for output?"
        )
    if dim is None:
        if batch.has(output):
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when out_dim is None"
            )
        return output
    value = batch.front(output)
    if not -value.ndim <= dim < value.ndim:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-value.ndim}, {value.ndim - 1}], but got {dim})"
        )
    return value if dim == 0 else value.movedim(0, dim)


__all__ = ["lift", "vmap"]
