"""0.3's methods, in all their forms, over all types of tensors, against NumPy: positional and keyword arguments, the
function of the namespace with and without `out=`, the in-place form, which gives self; plain tensors and Variables."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable

FLOATS = ("Float", "Double")
INTS = ("Byte", "Char", "Short", "Int", "Long")
ALL = INTS + FLOATS
SIGNED = tuple(t for t in ALL if t != "Byte")
DTYPES = {"Byte": np.uint8, "Char": np.int8, "Short": np.int16, "Int": np.int32, "Long": np.int64, "Float": np.float32,
          "Double": np.float64}  # fmt: skip

# The tensors that rows name: of the type under test, but for the indices and the mask.
TENSORS = {
    "a": [[5, 2, 3], [4, 1, 6]], "b": [[2, 2, 1], [3, 5, 4]], "c": [[1, 3, 2], [2, 1, 5]],
    "m": [[4, 1, 2], [1, 5, 1], [2, 1, 6]], "n": [[1, 2, 0], [3, 1, 1], [0, 2, 1]], "v": [1, 2, 3], "w": [4, 5, 6],
    "u": [3, 1], "s": [[-5, 2, -3], [4, -1, 6]], "h": [[0.5, 1.5, -2.5], [0.25, -0.75, 2.0]],
    "p": [[[1, 2], [3, 4], [5, 6]], [[2, 0], [1, 1], [3, 2]]], "q": [[[1, 0, 2], [2, 1, 1]], [[0, 1, 1], [3, 2, 0]]],
    "t": [[0.1, 0.7, 0.4], [0.3, 0.9, 0.2]], "o": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
    "x": [[9, 8, 7]],
}  # fmt: skip
INDICES = {"i": [1, 0], "j": [[0, 2, 1], [1, 0, 0]], "k": [[0, 1, 1]], "e": [1]}
MASK = [[1, 0, 1], [0, 0, 1]]


@dataclass
class Row:
    """A method: its arguments (strings are tensors), their names, what NumPy says, and the forms that it has."""

    name: str
    of: str
    args: list
    names: str
    expected: Any
    types: tuple = ALL
    function: bool = True
    inplace: bool = False
    number: bool = False  # a Python number of a plain tensor
    byte: bool = False  # a ByteTensor
    long: tuple = ()  # which of several results are LongTensors
    keywords: bool = True
    id: str = field(init=False)

    def __post_init__(self):
        self.id = f"{self.name}({', '.join(map(str, self.args))}) of {self.of}"


def make(name, kind, face):
    if not isinstance(name, str):
        return name
    if name in INDICES:
        made = torch.LongTensor(INDICES[name])
    elif name == "mask":
        made = torch.ByteTensor(MASK)
    else:
        made = getattr(torch, f"{kind}Tensor")(TENSORS[name])
    return Variable(made) if face is Variable else made


def array(name, kind):
    if not isinstance(name, str):
        return name
    if name in INDICES:
        return np.array(INDICES[name])
    return np.array(MASK, bool) if name == "mask" else np.array(TENSORS[name], DTYPES[kind])


def computed(row, kind):
    with np.errstate(all="ignore"):
        return row.expected(*[array(n, kind) for n in [row.of, *row.args]])


def check(row, got, kind, face):
    """got is what NumPy says: values, sizes, types."""
    expected = computed(row, kind)
    several = isinstance(expected, tuple)
    gots, wanted = (got, expected) if several else ((got,), (expected,))
    assert len(gots) == len(wanted)
    for i, (g, e) in enumerate(zip(gots, wanted, strict=True)):
        if row.number and face is not Variable:
            assert isinstance(g, (int, float)) and g == pytest.approx(float(e), rel=1e-5)
            continue
        if face is Variable:
            assert type(g) is Variable
            g = g.data
        type_ = "Byte" if row.byte else "Long" if i in row.long else kind
        assert type(g) is getattr(torch, f"{type_}Tensor")
        e = np.asarray(e)
        assert tuple(g.size()) == (e.shape or (1,))
        with np.errstate(all="ignore"):
            e = e.astype(DTYPES[type_]).reshape(g.size())
        np.testing.assert_allclose(g.numpy(), e, rtol=1e-4 if kind == "Float" else 1e-8, atol=1e-5)


def unary(name, numpy, of="a", types=FLOATS, **options):
    return Row(name, of, [], "", numpy, types, inplace=True, **options)


def trunc_div(a, b):
    return a / b if np.asarray(a).dtype.kind == "f" else np.trunc(a.astype(np.float64) / b)


def along(function, **options):
    return lambda a, dim, keep=False: function(a, axis=dim, keepdims=keep, **options)


def indexed(values, dim, index):
    return np.take_along_axis(values, index, dim)


def sorted_by(a, dim=-1, descending=False):
    order = np.argsort(-a.astype(np.float64) if descending else a, axis=dim, kind="stable")
    return np.take_along_axis(a, order, dim), order


def scattered(a, dim, index, source, add=False):
    result = a.copy()
    for place in np.ndindex(index.shape):
        target = list(place)
        target[dim] = index[place]
        value = source[place] if isinstance(source, np.ndarray) else source
        result[tuple(target)] = value + (result[tuple(target)] if add else 0)
    return result


def with_rows(a, index, values, how):
    result = a.copy()
    for n, i in enumerate(index):
        row = values[n] if isinstance(values, np.ndarray) else values
        result[i] = result[i] + row if how == "add" else row
    return result


def put(a, index, values, accumulate=False):
    result = a.copy()
    flat = result.reshape(-1)
    for i, v in zip(index.ravel(), values.ravel(), strict=True):
        flat[i] = flat[i] + v if accumulate else v
    return result


def renormed(a, p, dim, limit):
    other = tuple(d for d in range(a.ndim) if d != dim)
    norms = (np.abs(a) ** p).sum(other, keepdims=True) ** (1 / p)
    return np.where(norms > limit, a * limit / norms, a)


ROWS = [
    # ---- pointwise
    unary("abs", np.abs, "s", SIGNED), unary("neg", np.negative, "s", SIGNED), unary("sign", np.sign, "s", SIGNED),
    *[unary(n, getattr(np, n)) for n in "exp log log1p sqrt sin cos tan sinh cosh tanh floor ceil trunc".split()],
    *[unary(n, getattr(np, f"arc{n[1:]}"), "t") for n in "acos asin atan".split()],
    unary("round", lambda a: np.sign(a) * np.floor(np.abs(a) + 0.5), "h"),
    unary("frac", lambda a: a - np.trunc(a), "h"),
    unary("reciprocal", lambda a: 1 / a), unary("rsqrt", lambda a: a**-0.5),
    unary("sigmoid", lambda a: 1 / (1 + np.exp(-a)), "s"),
    unary("lgamma", lambda a: np.vectorize(math.lgamma)(a)), unary("erf", lambda a: np.vectorize(math.erf)(a), "h"),
    Row("add", "a", [2], "value", lambda a, v: a + v, inplace=True),
    Row("add", "a", ["b"], "other", lambda a, b: a + b, inplace=True),
    Row("add", "a", [2, "b"], "value other", lambda a, v, b: a + v * b, inplace=True),
    Row("sub", "a", [2], "value", lambda a, v: a - v, inplace=True, function=False),
    Row("sub", "a", ["b"], "other", lambda a, b: a - b, inplace=True, function=False),
    Row("sub", "a", [2, "b"], "value other", lambda a, v, b: a - v * b, inplace=True, function=False),
    Row("mul", "a", [3], "value", lambda a, v: a * v, inplace=True),
    Row("mul", "a", ["b"], "other", lambda a, b: a * b, inplace=True),
    Row("div", "a", [2], "value", trunc_div, inplace=True), Row("div", "a", ["b"], "other", trunc_div, inplace=True),
    Row("div", "s", [2], "value", trunc_div, SIGNED, inplace=True),
    Row("fmod", "s", [3], "value", np.fmod, SIGNED, inplace=True),
    Row("fmod", "a", ["b"], "other", np.fmod, inplace=True),
    Row("remainder", "s", [3], "value", np.remainder, SIGNED, inplace=True),
    Row("remainder", "a", ["b"], "other", np.remainder, inplace=True),
    Row("pow", "a", [2], "exponent",
        np.power, inplace=True), Row("pow", "c", ["b"], "exponent", np.power, FLOATS, inplace=True),
    Row("atan2", "a", ["b"], "other", np.arctan2, FLOATS, inplace=True),
    Row("lerp", "a", ["b", 0.25], "end weight", lambda a, b, t: a + t * (b - a), FLOATS, inplace=True),
    Row("addcmul", "a", ["b", "c"], "tensor1 tensor2", lambda a, b, c: a + b * c, inplace=True),
    Row("addcmul", "a", [2, "b", "c"], "value tensor1 tensor2", lambda a, t, b, c: a + t * b * c, inplace=True),
    Row("addcdiv", "a", ["b", "c"], "tensor1 tensor2", lambda a, b, c: a + trunc_div(b, c), inplace=True),
    Row("addcdiv", "a", [2, "b", "c"], "value tensor1 tensor2",
        lambda a, t, b, c: a + trunc_div(t * b, c), inplace=True),
    Row("clamp", "a", [2, 4], "min max", np.clip, inplace=True),
    Row("clamp", "a", [2], "min", lambda a, low: np.maximum(a, low), inplace=True),
    *[Row(n, "a", [3], "value", getattr(np, f), byte=True) for n, f in
      dict(eq="equal", ne="not_equal", lt="less", le="less_equal", gt="greater", ge="greater_equal").items()],
    *[Row(n, "a", ["b"], "other", getattr(np, f), byte=True) for n, f in
      dict(eq="equal", ne="not_equal", lt="less", le="less_equal", gt="greater", ge="greater_equal").items()],
    # ---- reductions
    *[Row(n, "a", [], "", getattr(np, n), number=True) for n in ("sum", "prod", "max", "min")],
    Row("mean", "a", [], "", np.mean, FLOATS, number=True),
    Row("std", "a", [], "", lambda a: a.std(ddof=1), FLOATS, number=True),
    Row("std", "a", [False], "unbiased", lambda a, u: a.std(), FLOATS, number=True),
    Row("var", "a", [], "", lambda a: a.var(ddof=1), FLOATS, number=True),
    Row("norm", "s", [], "", np.linalg.norm, FLOATS, number=True),
    Row("norm", "s", [1], "p", lambda a, p: np.abs(a).sum(), FLOATS, number=True),
    Row("norm", "s", [3, 1], "p dim", lambda a, p, d: (np.abs(a) ** p).sum(d) ** (1 / p), FLOATS),
    Row("norm", "s", [2, 1, True], "p dim keepdim", lambda a, p, d, k: np.linalg.norm(a, p, d, keepdims=k), FLOATS),
    Row("dist", "a", ["b"], "other", lambda a, b: np.linalg.norm(a - b), FLOATS, number=True),
    Row("dist", "a", ["b", 1], "other p", lambda a, b, p: np.abs(a - b).sum(), FLOATS, number=True),
    Row("dot", "v", ["w"], "tensor", np.dot, number=True), Row("trace", "m", [], "", np.trace, number=True),
    Row("median", "v", [], "", np.median, number=True),
    *[Row(n, "a", [1], "dim", along(getattr(np, n))) for n in ("sum", "prod")],
    *[Row(n, "a", [0, True], "dim keepdim", along(getattr(np, n))) for n in ("sum", "prod")],
    Row("sum", "v", [0], "dim", along(np.sum)), Row("sum", "a", [-1], "dim", along(np.sum)),
    Row("mean", "a", [1], "dim", along(np.mean), FLOATS),
    Row("mean", "a", [1, True], "dim keepdim", along(np.mean), FLOATS),
    Row("std", "a", [1], "dim",
        along(np.std, ddof=1), FLOATS), Row("var", "a", [1], "dim", along(np.var, ddof=1), FLOATS),
    *[Row(n, "a", [1], "dim", lambda a, d, n=n: (getattr(a, n)(d), getattr(a, f"arg{n}")(d)), long=(1,))
      for n in ("max", "min")],
    *[Row(n, "a", [0, True], "dim keepdim", lambda a, d, k, n=n: (getattr(a, n)(d, keepdims=k),
                                                                 getattr(a, f"arg{n}")(d, keepdims=k)), long=(1,))
      for n in ("max", "min")],
    Row("max", "a", ["b"], "other", np.maximum), Row("min", "a", ["b"], "other", np.minimum),
    Row("median", "a", [1], "dim", lambda a, d: (np.median(a, d), np.argsort(a, d)[:, 1]), long=(1,)),
    Row("median", "a", [1, True], "dim keepdim",
        lambda a, d, k: (np.median(a, d, keepdims=k), np.argsort(a, d)[:, 1:2]), long=(1,)),
    Row("mode", "x", [1], "dim", lambda a, d: ([7], [2]), long=(1,)),
    Row("kthvalue", "a", [2, 1], "k dim", lambda a, k, d: (np.sort(a, d)[:, 1], np.argsort(a, d)[:, 1]), long=(1,)),
    Row("kthvalue", "a", [1], "k", lambda a, k: (a.min(1), a.argmin(1)), long=(1,)),
    Row("cumsum", "a", [1], "dim", np.cumsum), Row("cumprod", "c", [1], "dim", np.cumprod),
    Row("sort", "a", [], "", sorted_by, long=(1,)), Row("sort", "a", [0], "dim", sorted_by, long=(1,)),
    Row("sort", "a", [0, True], "dim descending", sorted_by, long=(1,)),
    Row("topk", "a", [2], "k", lambda a, k: tuple(r[:, :k] for r in sorted_by(a, 1, True)), long=(1,)),
    Row("topk", "a", [2, 1, False], "k dim largest",
        lambda a, k, d, g: tuple(r[:, :k] for r in sorted_by(a, 1)), long=(1,)),
    Row("topk", "a", [1, 0, True, True], "k dim largest sorted",
        lambda a, k, d, g, s: tuple(r[:k] for r in sorted_by(a, 0, True)), long=(1,)),
    Row("nonzero", "n", [], "", lambda a: np.argwhere(a), long=(0,)),
    Row("histc", "a", [], "", lambda a: np.histogram(a, 100)[0], FLOATS),
    Row("histc", "a", [3, 1, 7], "bins min max", lambda a, n, x, y: np.histogram(a, n, (x, y))[0], FLOATS),
    # ---- shapes
    Row("view", "a", [3, 2], "", lambda a, *s: a.reshape(s), function=False, keywords=False),
    Row("view", "a", [-1], "", lambda a, *s: a.reshape(s), function=False, keywords=False),
    Row("expand", "x", [2, 3], "", lambda a, *s: np.broadcast_to(a, s), function=False, keywords=False),
    Row("expand", "v", [2, -1], "", lambda a, *s: np.broadcast_to(a, (2, 3)), function=False, keywords=False),
    Row("repeat", "a", [2, 1, 2], "", lambda a, *s: np.tile(a, s), function=False, keywords=False),
    Row("permute", "p", [2, 0, 1], "", lambda a, *d: a.transpose(d), function=False, keywords=False),
    Row("expand_as", "x", ["a"], "tensor", lambda a, b: np.broadcast_to(a, b.shape), function=False, keywords=False),
    Row("view_as", "a", ["b"], "tensor", lambda a, b: a.reshape(b.shape), function=False, keywords=False),
    Row("t", "a", [], "", np.transpose, inplace=True),
    Row("transpose", "p", [0, 2], "dim0 dim1", np.swapaxes, inplace=True),
    Row("squeeze", "x", [], "", np.squeeze, inplace=True), Row("squeeze", "x", [0], "dim", np.squeeze, inplace=True),
    Row("squeeze", "x", [1], "dim", lambda a, d: a, inplace=True),
    Row("unsqueeze", "a", [1], "dim", np.expand_dims, inplace=True),
    Row("narrow", "a", [1, 1, 2], "dimension start length", lambda a, d, s, n: a[:, 1:3], function=False),
    Row("select", "a", [1, 2], "dim index", lambda a, d, i: a[:, 2], function=False),
    Row("chunk", "a", [2, 1], "n_chunks dim", lambda a, n, d: (a[:, :2], a[:, 2:])),
    Row("split", "a", [2, 1], "split_size dim", lambda a, n, d: (a[:, :2], a[:, 2:])),
    Row("unfold", "v", [0, 2, 1], "dim size step",
        lambda a, *s: np.stack([a[:2], a[1:]]), function=False, keywords=False),
    Row("diag", "m", [], "", np.diag), Row("diag", "m", [1], "diagonal", np.diag), Row("diag", "v", [], "", np.diag),
    Row("tril", "m", [], "", np.tril, inplace=True), Row("triu", "m", [1], "k", np.triu, inplace=True),
    # ---- indices
    Row("index_select", "a", [0, "i"], "dim index", lambda a, d, i: a.take(i, d)),
    Row("index_select", "a", [1, "i"], "dim index", lambda a, d, i: a.take(i, d)),
    Row("gather", "a", [1, "j"], "dim index", indexed),
    Row("masked_select", "a", ["mask"], "mask", lambda a, m: a[m]),
    Row("take", "a", ["i"], "index", np.take), Row("take", "a", ["j"], "index", np.take),
    # ---- matrices
    Row("mm", "m", ["n"], "mat2", np.matmul), Row("bmm", "p", ["q"], "mat2", np.matmul),
    Row("mv", "a", ["v"], "vec", np.matmul), Row("ger", "v", ["w"], "vec2", np.outer),
    Row("matmul", "a", ["m"], "other", np.matmul), Row("matmul", "p", ["q"], "other", np.matmul),
    Row("matmul", "a", ["v"], "other", np.matmul),
    Row("addmm", "m", ["m", "n"], "mat1 mat2", lambda x, a, b: x + a @ b, inplace=True),
    Row("addmm", "m", [2, "m", "n"], "beta mat1 mat2", lambda x, t, a, b: t * x + a @ b, inplace=True),
    Row("addmm", "m", [2, 3, "m", "n"], "beta alpha mat1 mat2",
        lambda x, t, s, a, b: t * x + s * (a @ b), inplace=True),
    Row("addmv", "u", ["a", "v"], "mat vec", lambda x, a, b: x + a @ b, inplace=True),
    Row("addmv", "u", [2, 3, "a", "v"], "beta alpha mat vec", lambda x, t, s, a, b: t * x + s * (a @ b), inplace=True),
    Row("addr", "m", ["v", "w"], "vec1 vec2", lambda x, a, b: x + np.outer(a, b), inplace=True),
    Row("addr", "m", [2, 3, "v", "w"], "beta alpha vec1 vec2",
        lambda x, t, s, a, b: t * x + s * np.outer(a, b), inplace=True),
    Row("addbmm", "m", ["p", "q"], "batch1 batch2", lambda x, a, b: x + (a @ b).sum(0), inplace=True),
    Row("addbmm", "m", [2, 3, "p", "q"], "beta alpha batch1 batch2",
        lambda x, t, s, a, b: t * x + s * (a @ b).sum(0), inplace=True),
    Row("cross", "a", ["b"], "other", lambda a, b: np.cross(a, b)),
    Row("cross", "m", ["n", 0], "other dim", lambda a, b, d: np.cross(a, b, axis=d)),
    Row("renorm", "a", [2, 0, 5], "p dim maxnorm", renormed, FLOATS, inplace=True),
    Row("inverse", "m", [], "", np.linalg.inv, FLOATS),
]  # fmt: skip
BADDBMM = [[[1, 2, 3], [4, 5, 6], [1, 0, 1]], [[0, 1, 0], [2, 2, 2], [1, 1, 1]]]
TENSORS["y"] = BADDBMM
ROWS += [
    Row("baddbmm", "y", ["p", "q"], "batch1 batch2", lambda x, a, b: x + a @ b, inplace=True),
    Row("baddbmm", "y", [2, 3, "p", "q"], "beta alpha batch1 batch2",
        lambda x, t, s, a, b: t * x + s * (a @ b), inplace=True),
]  # fmt: skip

# What changes self alone.
INPLACE = [
    Row("fill_", "a", [3], "value", lambda a, v: np.full_like(a, v)), Row("zero_", "a", [], "", np.zeros_like),
    Row("copy_", "a", ["b"], "", lambda a, b: b, keywords=False),
    *[Row(f"{n}_", "a", [3], "value", getattr(np, f)) for n, f in
      dict(eq="equal", ne="not_equal", lt="less", le="less_equal", gt="greater", ge="greater_equal").items()],
    Row("index_add_", "a", [0, "i", "b"], "dim index source", lambda a, d, i, b: with_rows(a, i, b, "add")),
    Row("index_copy_", "a", [0, "i", "b"], "dim index source", lambda a, d, i, b: with_rows(a, i, b, "copy")),
    Row("index_fill_", "a", [0, "e", 7], "dim index value", lambda a, d, i, v: with_rows(a, i, v, "copy")),
    Row("scatter_", "a", [1, "j", "b"], "dim index src", scattered),
    Row("scatter_", "a", [0, "k", 7], "dim index value", scattered),
    Row("scatter_add_", "a", [0, "k", "x"], "dim index src",
        lambda a, d, i, s: scattered(a, d, i, s, True), keywords=False),
    Row("masked_fill_", "a", ["mask", 7], "mask value", lambda a, m, v: np.where(m, v, a)),
    Row("masked_scatter_", "a", ["mask", "v"], "mask source", lambda a, m, s: put(a, np.flatnonzero(m), s)),
    Row("put_", "a", ["i", "u"], "index source",
        put), Row("put_", "a", ["i", "u", True], "index source accumulate", put),
]  # fmt: skip


def of(rows):
    """Parametrizes by rows."""
    return pytest.mark.parametrize("row", rows, ids=[row.id for row in rows])


FACES = pytest.mark.parametrize("face", [torch.Tensor, Variable], ids=["plain", "Variable"])


def operands(row, kind, face):
    return make(row.of, kind, face), [make(a, kind, face) for a in row.args]


def named(row, args):
    return dict(zip(row.names.split(), args, strict=True))


@FACES
@of(ROWS)
def test_method(row, face):
    for kind in row.types:
        x, args = operands(row, kind, face)
        check(row, getattr(x, row.name)(*args), kind, face)
        np.testing.assert_array_equal((x.data if face is Variable else x).numpy(), array(row.of, kind))  # as it was


@FACES
@of([r for r in ROWS if r.names and r.keywords])
def test_keywords(row, face):
    for kind in row.types:
        x, args = operands(row, kind, face)
        check(row, getattr(x, row.name)(**named(row, args)), kind, face)
        if row.function:
            check(row, getattr(torch, row.name)(x, **named(row, args)), kind, face)


@FACES
@of([r for r in ROWS if r.function])
def test_function(row, face):
    for kind in row.types:
        x, args = operands(row, kind, face)
        function = getattr(torch, row.name)
        check(row, function(x, *args), kind, face)
        if row.name in ("addmm", "addmv", "addr", "addbmm", "baddbmm") and len(args) > 2:  # (beta, x, alpha, ...)
            check(row, function(args[0], x, *args[1:]), kind, face)


@of([r for r in ROWS if r.function and not r.number])
def test_out(row):
    for kind in row.types:
        x, args = operands(row, kind, torch.Tensor)
        expected = getattr(torch, row.name)(x, *args)
        if row.name in ("t", "transpose", "squeeze", "unsqueeze", "chunk", "split"):
            continue  # they give views
        several = isinstance(expected, tuple)
        outs = tuple(type(e)() for e in (expected if several else (expected,)))
        got = getattr(torch, row.name)(x, *args, out=outs if several else outs[0])
        assert got is outs[0] if not several else all(g is o for g, o in zip(got, outs, strict=True))
        check(row, got, kind, torch.Tensor)


@FACES
@of([r for r in ROWS if r.inplace])
def test_inplace(row, face):
    for kind in row.types:
        x, args = operands(row, kind, face)
        assert getattr(x, f"{row.name}_")(*args) is x
        check(row, x, kind, face)


@FACES
@of(INPLACE)
def test_change_of_self(row, face):
    for kind in row.types:
        x, args = operands(row, kind, face)
        assert getattr(x, row.name)(*args) is x
        check(row, x, kind, face)
        if row.names and row.keywords and face is not Variable:
            x, args = operands(row, kind, face)
            assert getattr(x, row.name)(**named(row, args)) is x
            check(row, x, kind, face)


@FACES
@of([r for r in INPLACE if r.name[:-1] in
    ("index_add", "index_copy", "index_fill", "scatter", "scatter_add", "masked_fill", "masked_scatter")])  # fmt: skip
def test_only_variables_have_it_out_of_place(row, face):
    for kind in row.types:
        x, args = operands(row, kind, face)
        name = row.name[:-1]
        if face is not Variable:
            assert not hasattr(x, name)
            continue
        check(row, getattr(x, name)(*args), kind, face)
        np.testing.assert_array_equal(x.data.numpy(), array(row.of, kind))


@pytest.mark.parametrize("kind", ALL)
def test_factors_by_name(kind):
    """Beta and alpha, and the value of addcmul, may be named behind the tensors."""
    m, n, v, w, a = (make(name, kind, torch.Tensor) for name in "mnvwa")
    assert torch.addmm(m, m, n, beta=2, alpha=3).equal(m.addmm(2, 3, m, n))
    assert m.clone().addr_(v, w, alpha=3).equal(m.addr(1, 3, v, w))
    assert torch.addmv(v, m, w, beta=2).equal(v.addmv(2, m, w))
    assert torch.addcmul(a, value=2, tensor1=a, tensor2=a).equal(a.addcmul(2, a, a))


@pytest.mark.parametrize("kind", ALL)
def test_product_of_vectors(kind):
    v, w = make("v", kind, torch.Tensor), make("w", kind, torch.Tensor)
    assert isinstance(torch.matmul(v, w), (int, float)) and torch.matmul(v, w) == v.matmul(w) == v @ w == 32
    product = torch.matmul(Variable(v), Variable(w))
    assert product.size() == (1,) and product.data[0] == 32


def test_other_names_of_arguments():
    a = make("a", "Float", torch.Tensor)
    assert torch.cat(seq=[a, a], dim=1).equal(torch.cat(tensors=[a, a], dim=1))
    assert torch.triu(a, diagonal=1).equal(torch.triu(a, k=1)) and torch.sum(input=a, dim=0).equal(a.sum(0))
    assert [t.size(1) for t in torch.chunk(a, chunks=2, dim=1)] == [t.size(1) for t in a.chunk(n_chunks=2, dim=1)]
