"""Reading and writing elements by index: the gather and scatter families, masks, Python's indexing."""

from ..case import Case
from ..draw import ALL, FLOATS, INTS, NUMERIC
from . import family

REDUCES = ("sum", "prod", "mean", "amax", "amin")


def _index_shape(d, shape, dim):
    """A shape for gather's index: no larger than `shape` except along dim; rarely larger."""
    if not shape:
        return d.pick((), (1,), (2,))
    dim %= len(shape)
    return tuple(
        d.pick(1, 2, 4) if i == dim else d.integer(0 if d.rarely() else min(n, 1), n + d.rarely())
        for i, n in enumerate(shape)
    )


def _parts(d, dtypes=ALL):
    shape = d.shape()
    dim = d.dim(len(shape))
    size = shape[dim % len(shape)] if shape else 1
    index = d.indices(size, _index_shape(d, shape, dim), d.pick("int64", "int64", "int64", "int32"))
    layout = d.pick("plain", "gaps", "fortran") if shape else "plain"
    return d.tensor(shape, d.dtype(*dtypes), layout=layout), dim, index


def _larger(d, index, dtype):
    """A source that is no smaller than the index anywhere; rarely it is."""
    return d.tensor(tuple(max(n + d.integer(0, 1) - d.rarely() * d.rarely(), 0) for n in index.shape), dtype)


@family
def gather(d):
    x, dim, index = _parts(d)
    name = d.pick("gather", "take_along_dim", "take")
    if name == "take":
        return Case(name, (x, d.indices(x.values.size, d.shape(0, 2), negative=True)))
    if name == "take_along_dim":
        return Case(name, (x, index), d.options(dim=(dim,)))
    return Case(name, (x, dim, index))


@family
def scatter(d):
    x, dim, index = _parts(d)
    source = _larger(d, index, d.pick(x.dtype, x.dtype, x.dtype, d.dtype()))
    name = d.pick("scatter", "scatter_add", "scatter_value", "Tensor.scatter_", "Tensor.scatter_add_")
    mutates = name.endswith("_")
    if "add" in name:
        return Case(name, (x, dim, index, source), mutates=mutates, ulps=128)
    options = d.options(reduce=("add", "multiply", "mean")) if d.rarely() else {}
    if name == "scatter_value":
        return Case(
            "scatter", (x, dim, index, d.pick(2, 0.5, True)), options, mutates=mutates, grad=not options
        )
    if not options:
        _unrepeated(index, dim)
    return Case(name, (x, dim, index, source), options, mutates=mutates, grad=not options)


def _unrepeated(index, dim):
    """Makes the indices along dim different where they are valid: which of several values stays is unspecified."""
    if index.shape and index.values.size:
        dim %= len(index.shape)
        flat = index.values.swapaxes(0, dim)
        for i in range(1, len(flat)):
            flat[i] = flat[0] + i
        flat[:] = flat


@family
def scatter_reduce(d):
    x, dim, index = _parts(d, (*NUMERIC, "bool"))
    source = _larger(d, index, d.pick(x.dtype, x.dtype, x.dtype, d.dtype()))
    name = d.pick("scatter_reduce", "Tensor.scatter_reduce_")
    reduce = d.pick(*REDUCES, *REDUCES, *REDUCES, "median")
    options = d.options(include_self=(True, False))
    grad = source.shape == index.shape  # PyTorch's gradient is wrong or an error where source is larger
    return Case(
        name, (x, dim, index, source, reduce), options, mutates=name.endswith("_"), ulps=128, grad=grad
    )


@family
def index_ops(d):
    shape = d.shape()
    dim = d.dim(len(shape))
    size = shape[dim % len(shape)] if shape else 1
    x = d.tensor(shape, d.dtype(), layout=d.pick("plain", "gaps", "fortran") if shape else "plain")
    n = d.pick(0, 1, 2, 4) if shape else 1
    index = d.indices(
        size, (n,) if d.flag() or not shape else d.pick((n,), ()), d.pick("int64", "int64", "int32")
    )
    n = index.values.size
    name = d.pick("index_select", "index_add", "index_copy", "index_fill", "index_reduce")
    form = d.pick(name, f"Tensor.{name}_")
    if name == "index_select":
        return Case(name, (x, dim, index))
    if name == "index_fill":
        value = d.pick(2, 0.5, d.tensor((), d.dtype()))
        return Case(form, (x, dim, index, value), mutates=form.endswith("_"))
    at = dim % len(shape) if shape else 0
    source_shape = (*shape[:at], n, *shape[at + 1 :]) if shape else ()
    source = d.tensor(source_shape if not d.rarely() else d.shape(), d.pick(x.dtype, x.dtype, d.dtype()))
    options, ulps = {}, 32
    if name == "index_add":
        options, ulps = d.options(alpha=(2, 0.5, -1)), 128
    if name == "index_copy":
        _unrepeated(index, 0)
    args = (x, dim, index, source)
    if name == "index_reduce":
        args, ulps = (*args, d.pick("prod", "mean", "amax", "amin", "sum")), 128
        options = d.options(include_self=(True, False))
    return Case(form, args, options, mutates=form.endswith("_"), ulps=ulps)


@family
def put(d):
    x = d.tensor(d.shape(), d.dtype(), layout="plain")
    index = d.indices(x.values.size, d.shape(0, 2), negative=True)
    accumulate = d.flag()
    if not accumulate and index.values.size:
        index.values.flat[:] = range(index.values.size)
    source = d.tensor(index.shape, d.pick(x.dtype, x.dtype, x.dtype, d.dtype()))
    return Case("Tensor.put_", (x, index, source), {"accumulate": accumulate}, mutates=True, ulps=128)


@family
def index_put(d):
    shape = d.filled(1, 3)
    x = d.tensor(shape, d.dtype(), layout="plain")
    count = d.pick(1, 2, 3)
    indices = tuple(d.indices(n, (count,), negative=True) for n in shape[: d.integer(1, len(shape))])
    accumulate = d.flag()
    if not accumulate:
        indices = tuple(d.tensor(shape[: d.integer(1, len(shape))], "bool") for _ in range(1))
    rest = shape[len(indices) :] if accumulate else ()
    value = d.tensor(
        (*((count,) if accumulate and d.flag() else ()), *rest), d.pick(x.dtype, x.dtype, d.dtype())
    )
    name = d.pick("index_put", "Tensor.index_put_")
    return Case(name, (x, indices, value, accumulate), mutates=name.endswith("_"), ulps=128)


@family
def masks(d):
    shape = d.shape()
    x = d.tensor(shape, d.dtype(), layout="plain")
    mask = d.tensor(d.broadcast(shape), d.pick("bool", "bool", "bool", "uint8"), "ties")
    name = d.pick(
        "masked_select", "masked_fill", "masked_scatter", "Tensor.masked_fill_", "Tensor.masked_scatter_"
    )
    mutates = name.endswith("_")
    if name == "masked_select":
        return Case(name, (x, mask))
    if "fill" in name:
        value = d.pick(2, 0.5, True, d.tensor(d.pick((), (), (1,)), d.dtype()))
        return Case(name, (x, mask, value), mutates=mutates)
    source = d.tensor((d.pick(0, 3, 700),), d.pick(x.dtype, x.dtype, d.dtype()))
    return Case(name, (x, mask, source), mutates=mutates)


def _item(d, size):
    """One index for a dimension of `size`."""
    kind = d.integer(0, 7)
    if kind == 0:
        return d.integer(-size - 1, size) if d.rarely() else d.integer(-size, max(size - 1, 0))
    if kind in (1, 2, 3):
        return slice(d.pick(None, 0, 1, -1, -2), d.pick(None, 1, 2, -1, 7), d.pick(None, 1, 2, 3))
    if kind == 4:
        return d.indices(
            size, d.pick((), (2,), (2, 1), (0,)), d.pick("int64", "int64", "int32", "uint8"), True
        )
    if kind == 5:
        return [d.integer(-size, max(size - 1, 0)) for _ in range(d.integer(1, 2))]
    if kind == 6:
        return d.tensor((size,) if not d.rarely() else (size + 1,), "bool")
    return d.pick(True, False) if d.rarely() else slice(None)


def _index(d, shape):
    items = [_item(d, n) for n in shape[: d.integer(0, len(shape))]]
    if d.flag():
        items.insert(d.integer(0, len(items)), None)
    if d.flag():
        items.insert(d.integer(0, len(items)), ...)
    return items[0] if len(items) == 1 and d.flag() else tuple(items)


@family
def getitem(d):
    shape = d.shape()
    x = d.tensor(shape, d.dtype())
    return Case("getitem", (x, _index(d, shape)), view=True)


@family
def setitem(d):
    """Values that are one number or tensor, so that repeated indices do not matter."""
    shape = d.shape()
    x = d.tensor(shape, d.dtype(), layout=d.pick("plain", "gaps", "fortran") if shape else "plain")
    value = d.pick(2, 0.5, True, 1j, d.tensor(d.pick((), (1,)), d.dtype()))
    return Case("setitem", (x, _index(d, shape), value), mutates=True)


@family
def setitem_slices(d):
    """Slices take tensors of their shape."""
    shape = d.shape(1, 3)
    x = d.tensor(shape, d.dtype(*FLOATS, *INTS, "complex64", "bool"), layout="plain")
    n = d.integer(0, shape[0])
    value = d.tensor(d.broadcast((n, *shape[1:])), d.dtype())
    return Case("setitem", (x, slice(0, n), value), mutates=True)
