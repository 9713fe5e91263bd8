"""Ops that move elements: views, joins, splits, repeats, diagonals and triangles."""

from ..case import Case
from ..draw import FLOATS, INTS
from . import family


@family
def views(d):
    shape = d.shape()
    rank = len(shape)
    x = d.tensor(shape, d.dtype())
    dim, other, i, j = d.dim(rank), d.dim(rank), d.integer(-3, 3), d.integer(0, 3)
    order = list(range(rank))
    for k in range(rank - 1, 0, -1):
        swap = d.integer(0, k)
        order[k], order[swap] = order[swap], order[k]
    name, arguments = d.pick(
        ("transpose", (dim, other)), ("swapaxes", (dim, other)), ("movedim", (dim, other)), ("squeeze", (dim,)),
        ("movedim", ((dim, -1), (other, 0)) if rank > 1 else (dim, other)),
        ("squeeze", ()), ("squeeze", ((dim, other),)), ("unsqueeze", (dim,)),
        ("narrow", (dim, j, abs(i))), ("select", (dim, i)), ("Tensor.unfold", (dim, j, abs(i) + d.flag())),
        ("diagonal", (i, dim, other)), ("diagonal", ()), ("permute", (tuple(order),)), ("Tensor.t", ()),
        ("flatten", (dim, other)), ("unflatten", (dim, d.pick((1, -1), (-1,), (2, -1), (-1, -1)))), ("ravel", ()),
        ("Tensor.expand", (d.pick((2, *shape), (-1,) * rank, shape, (3,) * rank),)), ("broadcast_to", (shape,)),
        ("reshape", (d.pick((-1,), (*shape, 1), (2, -1), shape[::-1]),)), ("Tensor.view", (d.pick((-1,), shape),)),
        ("atleast_1d", ()), ("atleast_2d", ()), ("atleast_3d", ()), ("adjoint", ()), ("view_as_real", ()),
    )  # fmt: skip
    strided = name not in ("adjoint", "view_as_real", "reshape", "flatten", "ravel")
    return Case(name, (x, *arguments), view=strided)


@family
def splits(d):
    shape = d.shape()
    dim = d.dim(len(shape))
    x = d.tensor(shape, d.dtype())
    size = shape[dim % len(shape)] if shape else 1
    name, arguments = d.pick(
        ("split", (d.integer(0, 3), dim)), ("split", ([1, max(size - 1, 0)], dim)), ("chunk", (d.integer(0, 4), dim)),
        ("tensor_split", (d.integer(0, 4), dim)), ("tensor_split", ([1, 3, -1], dim)), ("unbind", (dim,)),
        ("hsplit", (d.pick(1, 2, [1]),)), ("vsplit", (d.pick(1, 2, [1]),)), ("dsplit", (d.pick(1, 2, [1]),)),
    )  # fmt: skip
    return Case(name, (x, *arguments), view=True)


@family
def repeats(d):
    shape = d.shape()
    rank = len(shape)
    x = d.tensor(shape, d.dtype())
    dim = d.dim(rank)
    counts = tuple(d.integer(0, 2) for _ in range(d.integer(max(rank - 1, 0), rank + 1)))
    name = d.pick("repeat", "tile", "roll", "rot90", "flip", "fliplr", "flipud", "repeat_interleave")
    if name in ("repeat", "tile"):
        return Case(f"Tensor.{name}", (x, counts))
    if name == "roll":
        return Case(name, (x, *d.pick((d.integer(-4, 4),), (d.integer(-4, 4), dim), ((1, 2), (0, dim)))))
    if name == "rot90":
        return Case(name, (x,), d.options(k=(1, 2, 3, -1, 0), dims=((0, 1), (0, dim))))
    if name == "flip":
        return Case(name, (x, d.pick((dim,), (0, -1), ())))
    if name != "repeat_interleave":
        return Case(name, (x,))
    size = (shape[dim % rank] if rank else 1) if d.flag() else x.values.size
    times = d.pick(
        d.integer(-1, 3), d.tensor((size,), "int64", "positive"), d.tensor((1,), "int64", "positive")
    )
    return Case(name, (x, times), {} if size == x.values.size else {"dim": dim})


@family
def joins(d):
    shape = d.shape()
    rank = len(shape)
    dim = d.dim(rank)
    tensors = []
    for _ in range(d.integer(0 if d.rarely() else 1, 3)):
        other = list(shape)
        if rank and d.flag():
            other[dim % rank] = d.pick(0, 1, 2)
        tensors.append(d.tensor(tuple(other) if not d.rarely() else d.pick((0,), d.shape()), d.dtype()))
    name = d.pick("cat", "stack", "hstack", "vstack", "dstack", "column_stack", "concatenate")
    return Case(name, (d.pick(tensors, tuple(tensors)),), {"dim": dim} if name in ("cat", "stack") else {})


@family
def combining(d):
    vectors = [d.tensor(d.shape(0, 1 if not d.rarely() else 2), "float64") for _ in range(d.integer(1, 3))]
    name = d.pick("meshgrid", "cartesian_prod", "block_diag", "broadcast_tensors", "combinations")
    if name == "meshgrid":
        return Case(name, tuple(vectors), {"indexing": d.pick("ij", "xy")})
    if name == "combinations":
        return Case(name, (vectors[0],), d.options(r=(0, 1, 2, 3), with_replacement=(True, False)))
    return Case(name, tuple(vectors))


@family
def diagonals(d):
    shape = d.shape()
    rank = len(shape)
    x = d.tensor(shape, d.dtype())
    i, dim, other = d.integer(-3, 3), d.dim(rank), d.dim(rank)
    name = d.pick("tril", "triu", "diag", "diagflat", "diag_embed", "diagonal_scatter", "select_scatter",
                  "slice_scatter", "trace", "Tensor.tril_", "Tensor.fill_diagonal_", "vander")  # fmt: skip
    if name in ("tril", "triu", "diag", "diagflat"):
        return Case(name, (x, i))
    if name == "Tensor.tril_":
        return Case(name, (d.tensor(shape, d.dtype(), layout="plain"), i), mutates=True)
    if name == "Tensor.fill_diagonal_":
        x = d.tensor(d.pick(shape, (3, 3), (5, 2), (2, 2, 2)), d.dtype(), layout="plain")
        return Case(name, (x, d.pick(2, 0.5)), d.options(wrap=(True, False)), mutates=True)
    if name == "diag_embed":
        return Case(name, (x,), d.options(offset=(i,), dim1=(dim,), dim2=(other,)))
    if name in ("trace", "vander"):
        x = d.tensor(d.shape(1, 2), d.dtype())
        return Case(f"linalg.{name}" if name == "vander" else name, (x,))
    if name == "diagonal_scatter":
        n = min(shape[:2]) if rank >= 2 else 1
        return Case(name, (x, d.tensor((*shape[2:], n), x.dtype)))
    at = dim % rank if rank else 0
    if name == "select_scatter":
        return Case(name, (x, d.tensor((*shape[:at], *shape[at + 1 :]), x.dtype), dim, d.integer(-2, 2)))
    source = d.tensor((*shape[:at], d.integer(0, 1), *shape[at + 1 :]), x.dtype)
    return Case(name, (x, source, dim, 0, d.integer(0, 1)))


@family
def indices(d):
    name = d.pick(
        "tril_indices", "triu_indices", "unravel_index", "broadcast_shapes", "nn.functional.one_hot"
    )
    if name == "unravel_index":
        return Case(name, (d.indices(12, d.shape(0, 2)), d.pick((3, 4), (12,), (2, 2, 3))))
    if name == "broadcast_shapes":
        shape = d.shape()
        return Case(name, (shape, d.broadcast(shape)))
    if name.endswith("one_hot"):
        classes = d.tensor(d.shape(0, 3), d.dtype("int64", "int64", "int32"), d.pick("positive", "normal"))
        return Case(name, (classes, d.pick(-1, 7, 3, 0)))
    return Case(name, (d.integer(0, 4), d.integer(0, 4), d.integer(-3, 3)), d.maybe_dtype(*FLOATS, *INTS))
