"""Running ONNX models with NumPy, as the standard says what operators do. Slow, and only those that exports contain."""

import itertools
import math

import numpy as np

from .reader import DTYPES, read

OPS = {}


def op(*names):
    def register(function):
        for name in names:
            OPS[name] = function
        return function

    return register


def run(data, inputs):
    """The outputs of a model for a dict of inputs."""
    model = read(data)
    values = {"": None, **model.initializers, **inputs}
    for name, (dtype, dims) in model.inputs.items():
        if name in inputs:
            assert values[name].dtype == dtype and len(dims) == values[name].ndim
    for n in model.nodes:
        assert n.domain in model.opsets
        given = [values[i] for i in n.inputs]
        with np.errstate(all="ignore"):
            found = OPS[n.op](model.opsets[""], *given, **n.attributes)
        found = found if isinstance(found, tuple) else (found,)
        assert len(n.outputs) <= len(found)
        for name, value in zip(n.outputs, found, strict=False):
            assert name not in values, name
            values[name] = np.asarray(value)
    for name, (dtype, dims) in model.outputs.items():
        assert values[name].dtype == dtype and len(dims) == values[name].ndim
        assert all(d == n for d, n in zip(dims, values[name].shape, strict=True) if isinstance(d, int))
    return [values[name] for name in model.outputs]


# ---- pointwise

_ERF = np.vectorize(math.erf, otypes=[np.float64])
UNARY = {
    "Abs": np.abs, "Acos": np.arccos, "Acosh": np.arccosh, "Asin": np.arcsin, "Asinh": np.arcsinh, "Atan": np.arctan,
    "Atanh": np.arctanh, "Ceil": np.ceil, "Cos": np.cos, "Cosh": np.cosh, "Exp": np.exp, "Floor": np.floor,
    "Log": np.log, "Neg": np.negative, "Reciprocal": np.reciprocal, "Round": np.round, "Sign": np.sign, "Sin": np.sin,
    "Sinh": np.sinh, "Sqrt": np.sqrt, "Tan": np.tan, "Tanh": np.tanh, "Not": np.logical_not, "IsNaN": np.isnan,
    "BitwiseNot": np.invert, "Identity": lambda x: x, "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)), "Softplus": lambda x: np.logaddexp(x, 0),
    "Erf": lambda x: _ERF(x).astype(x.dtype),
}  # fmt: skip
BINARY = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "And": np.logical_and, "Or": np.logical_or,
    "Xor": np.logical_xor, "Equal": np.equal, "Less": np.less, "Greater": np.greater, "LessOrEqual": np.less_equal,
    "GreaterOrEqual": np.greater_equal, "Max": np.maximum, "Min": np.minimum, "Pow": np.power,
    "BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor,
}  # fmt: skip
for _name, _f in UNARY.items():
    OPS[_name] = lambda opset, x, f=_f: f(x).astype(x.dtype) if f(x).dtype != bool else f(x)


def _same(a, b, f):
    assert a.dtype == b.dtype, (a.dtype, b.dtype)
    return f(a, b)


for _name, _f in BINARY.items():
    OPS[_name] = lambda opset, a, b, f=_f: _same(a, b, f)


@op("Div")
def div(opset, a, b):
    assert a.dtype == b.dtype
    if a.dtype.kind == "f":
        return a / b
    return np.asarray(np.trunc(a.astype(np.float64) / b)).astype(a.dtype)


@op("Mod")
def mod(opset, a, b, fmod=0):
    return np.fmod(a, b) if fmod else np.mod(a, b)


@op("Clip")
def clip(opset, x, low=None, high=None):
    return np.clip(x, low, high)


@op("Where")
def where(opset, c, a, b):
    assert c.dtype == bool and a.dtype == b.dtype
    return np.where(c, a, b)


@op("Cast")
def cast(opset, x, to):
    return x.astype(DTYPES[to])


@op("IsInf")
def is_inf(opset, x, detect_negative=1, detect_positive=1):
    return (np.isposinf(x) & bool(detect_positive)) | (np.isneginf(x) & bool(detect_negative))


@op("LeakyRelu")
def leaky_relu(opset, x, alpha=0.01):
    return np.where(x < 0, x * np.asarray(alpha, x.dtype), x)


# ---- reductions

_REDUCE = {
    "ReduceSum": np.sum,
    "ReduceMean": np.mean,
    "ReduceMax": np.max,
    "ReduceMin": np.min,
    "ReduceProd": np.prod,
}


def _reduced(function):
    def reduce(opset, x, axes_input=None, axes=None, keepdims=1):
        given = axes if axes_input is None else axes_input.tolist()
        axis = None if not given and given != 0 else tuple(given)
        return np.asarray(function(x, axis=axis, keepdims=bool(keepdims))).astype(x.dtype)

    return reduce


for _name, _f in _REDUCE.items():
    OPS[_name] = _reduced(_f)
OPS["ReduceL1"] = _reduced(lambda x, **o: np.sum(np.abs(x), **o))
OPS["ReduceL2"] = _reduced(lambda x, **o: np.sqrt(np.sum(x * x, **o)))
OPS["ReduceLogSumExp"] = _reduced(lambda x, **o: np.log(np.sum(np.exp(x.astype(np.float64)), **o)))


@op("ArgMax")
def arg_max(opset, x, axis=0, keepdims=1):
    found = np.argmax(x, axis)
    return np.expand_dims(found, axis) if keepdims else found


@op("ArgMin")
def arg_min(opset, x, axis=0, keepdims=1):
    found = np.argmin(x, axis)
    return np.expand_dims(found, axis) if keepdims else found


@op("TopK")
def top_k(opset, x, k, axis=-1, largest=1, sorted=1):
    order = np.argsort(-x if largest else x, axis, kind="stable")
    order = np.take(order, np.arange(int(k[0])), axis)
    return np.take_along_axis(x, order, axis), order


@op("CumSum")
def cum_sum(opset, x, axis):
    return np.cumsum(x, int(axis)).astype(x.dtype)


@op("Softmax")
def softmax(opset, x, axis=-1):
    assert opset >= 13 or axis in (-1, x.ndim - 1)
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@op("LogSoftmax")
def log_softmax(opset, x, axis=-1):
    return np.log(softmax(opset, x, axis))


@op("SoftmaxCrossEntropyLoss")
def cross_entropy(opset, x, target, weight=None, ignore_index=None, reduction="mean"):
    return nll(opset, log_softmax(13, x, 1), target, weight, ignore_index, reduction)


@op("NegativeLogLikelihoodLoss")
def nll(opset, x, target, weight=None, ignore_index=None, reduction="mean"):
    kept = np.ones(target.shape, bool) if ignore_index is None else target != ignore_index
    safe = np.where(kept, target, 0)
    picked = -np.take_along_axis(x, np.expand_dims(safe, 1), 1).squeeze(1)
    w = (np.ones(x.shape[1], x.dtype) if weight is None else weight)[safe] * kept
    if reduction == "none":
        return picked * w
    total = (picked * w).sum()
    return total if reduction == "sum" else np.asarray(total / w.sum(), x.dtype)


# ---- shapes


@op("Shape")
def shape(opset, x):
    return np.array(x.shape, np.int64)


@op("Reshape")
def reshape(opset, x, sizes, allowzero=0):
    sizes = [x.shape[i] if n == 0 and not allowzero else n for i, n in enumerate(sizes.tolist())]
    return x.reshape(sizes)


@op("Transpose")
def transpose(opset, x, perm=None):
    return np.transpose(x, perm)


@op("Squeeze")
def squeeze(opset, x, axes_input=None, axes=None):
    assert (axes is None) == (opset >= 13)
    return np.squeeze(x, tuple(axes if axes_input is None else axes_input.tolist()))


@op("Unsqueeze")
def unsqueeze(opset, x, axes_input=None, axes=None):
    assert (axes is None) == (opset >= 13)
    return np.expand_dims(x, tuple(axes if axes_input is None else axes_input.tolist()))


@op("Expand")
def expand(opset, x, sizes):
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(sizes.tolist()))).copy()


@op("Concat")
def concat(opset, *arrays, axis):
    assert len({a.dtype for a in arrays}) == 1
    return np.concatenate(arrays, axis)


@op("Split")
def split(opset, x, sizes=None, axis=0, split=None):
    sizes = split if sizes is None else sizes.tolist()
    return tuple(np.split(x, np.cumsum(sizes)[:-1], axis))


@op("Slice")
def slice_(opset, x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    key = [slice(None)] * x.ndim
    for a, s, e, step in zip(axes, starts.tolist(), ends.tolist(), steps, strict=True):
        key[a] = slice(s, None if step < 0 and e < -x.shape[a] else e, step)
    return x[tuple(key)]


@op("Tile")
def tile(opset, x, repeats):
    return np.tile(x, repeats.tolist())


@op("Trilu")
def trilu(opset, x, k=None, upper=1):
    return (np.triu if upper else np.tril)(x, int(k))


@op("Pad")
def pad(opset, x, pads, value=None, mode="constant"):
    before, after = pads.tolist()[: x.ndim], pads.tolist()[x.ndim :]
    pairs = [(max(b, 0), max(a, 0)) for b, a in zip(before, after, strict=True)]
    more = dict(constant_values=0 if value is None else value) if mode == "constant" else {}
    out = np.pad(x, pairs, mode=mode, **more)
    return out[
        tuple(slice(max(-b, 0), n - max(-a, 0)) for b, a, n in zip(before, after, out.shape, strict=True))
    ]


@op("ConstantOfShape")
def constant_of_shape(opset, sizes, value):
    return np.full(sizes.tolist(), value[0], value.dtype)


@op("Range")
def range_(opset, start, limit, delta):
    return np.arange(start, limit, delta).astype(start.dtype)


# ---- indices


@op("Gather")
def gather(opset, x, indices, axis=0):
    return np.take(x, indices, axis)


@op("GatherElements")
def gather_elements(opset, x, indices, axis=0):
    key = list(np.indices(indices.shape))
    key[axis] = indices
    return x[tuple(key)]


@op("GatherND")
def gather_nd(opset, x, indices):
    return x[tuple(np.moveaxis(indices, -1, 0))]


def _combine(out, key, updates, reduction):
    functions = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
    if reduction == "none":
        out[key] = updates
    else:
        functions[reduction].at(out, key, updates)
    return out


@op("ScatterElements")
def scatter_elements(opset, x, indices, updates, axis=0, reduction="none"):
    key = list(np.indices(indices.shape))
    key[axis] = indices
    return _combine(x.copy(), tuple(key), updates, reduction)


@op("ScatterND")
def scatter_nd(opset, x, indices, updates, reduction="none"):
    return _combine(x.copy(), tuple(np.moveaxis(indices, -1, 0)), updates, reduction)


@op("NonZero")
def non_zero(opset, x):
    return np.stack(np.nonzero(x)).astype(np.int64)


# ---- matrices and layers


@op("MatMul")
def matmul(opset, a, b):
    assert a.dtype == b.dtype
    return np.matmul(a, b)


@op("Einsum")
def einsum(opset, *arrays, equation):
    return np.einsum(equation, *arrays)


@op("Gemm")
def gemm(opset, a, b, c=None, alpha=1.0, beta=1.0, transA=0, transB=0):
    product = (a.T if transA else a) @ (b.T if transB else b)
    product = product * np.asarray(alpha, a.dtype)
    return product if c is None else product + c * np.asarray(beta, a.dtype)


def _windows(x, kernel, strides, dilations, outs):
    """(index into the output, window of x) for each place of a kernel."""
    for at in itertools.product(*map(range, outs)):
        key = [slice(i * s, i * s + (k - 1) * d + 1, d) for i, s, k, d in
               zip(at, strides, kernel, dilations, strict=True)]  # fmt: skip
        yield at, x[(slice(None), slice(None), *key)]


def _padded(x, pads, value):
    space = x.ndim - 2
    return np.pad(x, [(0, 0)] * 2 + list(zip(pads[:space], pads[space:], strict=True)), constant_values=value)


@op("Conv")
def conv(opset, x, w, b=None, kernel_shape=None, strides=None, pads=None, dilations=None, group=1):
    x = _padded(x, pads, 0)
    outs = [(n - (k - 1) * d - 1) // s + 1 for n, k, d, s in
            zip(x.shape[2:], kernel_shape, dilations, strides, strict=True)]  # fmt: skip
    out = np.zeros((x.shape[0], w.shape[0], *outs), x.dtype)
    per = w.shape[0] // group
    for at, window in _windows(x, kernel_shape, strides, dilations, outs):
        for i in range(group):
            part = window[:, i * w.shape[1] : (i + 1) * w.shape[1]].reshape(x.shape[0], -1)
            out[(slice(None), slice(i * per, (i + 1) * per), *at)] = (
                part @ w[i * per : (i + 1) * per].reshape(per, -1).T
            )
    return out if b is None else out + b.reshape(-1, *[1] * len(outs))


@op("ConvTranspose")
def conv_transpose(opset, x, w, b=None, kernel_shape=None, strides=None, pads=None, dilations=None, group=1,
                   output_padding=None):  # fmt: skip
    space = len(kernel_shape)
    full = [(n - 1) * s + (k - 1) * d + 1 + p for n, s, k, d, p in
            zip(x.shape[2:], strides, kernel_shape, dilations, output_padding, strict=True)]  # fmt: skip
    out = np.zeros((x.shape[0], w.shape[1] * group, *full), x.dtype)
    rows = w.shape[0] // group
    for at in itertools.product(*map(range, x.shape[2:])):
        key = [slice(i * s, i * s + (k - 1) * d + 1, d) for i, s, k, d in
               zip(at, strides, kernel_shape, dilations, strict=True)]  # fmt: skip
        for i in range(group):
            part = np.tensordot(
                x[(slice(None), slice(i * rows, (i + 1) * rows), *at)], w[i * rows : (i + 1) * rows], 1
            )
            out[(slice(None), slice(i * w.shape[1], (i + 1) * w.shape[1]), *key)] += part
    key = [slice(p, n - q) for p, q, n in zip(pads[:space], pads[space:], full, strict=True)]
    out = out[(slice(None), slice(None), *key)]
    return out if b is None else out + b.reshape(-1, *[1] * space)


def _pool_sizes(x, kernel, strides, pads, dilations, ceil_mode):
    space, outs = len(kernel), []
    for i, n in enumerate(x.shape[2:]):
        room = n + pads[i] + pads[space + i] - (kernel[i] - 1) * dilations[i] - 1
        m = -(-room // strides[i]) if ceil_mode else room // strides[i]
        if ceil_mode and m * strides[i] >= n + pads[i]:
            m -= 1
        outs.append(m + 1)
    return outs


@op("MaxPool")
def max_pool(opset, x, kernel_shape, strides=None, pads=None, dilations=None, ceil_mode=0):
    space = len(kernel_shape)
    pads, dilations = pads or [0] * 2 * space, dilations or [1] * space
    outs = _pool_sizes(x, kernel_shape, strides, pads, dilations, ceil_mode)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    room = list(pads[:space]) + [p + max(k, s) * d for p, k, s, d in
                                 zip(pads[space:], kernel_shape, strides, dilations, strict=True)]  # fmt: skip
    padded = _padded(x, room, lowest)
    numbers = _padded(np.arange(x.size).reshape(x.shape), room, -1)
    out, where = np.zeros((*x.shape[:2], *outs), x.dtype), np.zeros((*x.shape[:2], *outs), np.int64)
    for (at, window), (_, own) in zip(_windows(padded, kernel_shape, strides, dilations, outs),
                                      _windows(numbers, kernel_shape, strides, dilations, outs),
                                      strict=True):  # fmt: skip
        flat, names = window.reshape(*x.shape[:2], -1), own.reshape(*x.shape[:2], -1)
        best = flat.argmax(-1)[..., None]
        out[(..., *at)] = np.take_along_axis(flat, best, -1)[..., 0]
        where[(..., *at)] = np.take_along_axis(names, best, -1)[..., 0]
    return out, where


@op("AveragePool")
def average_pool(opset, x, kernel_shape, strides=None, pads=None, count_include_pad=0):
    space = len(kernel_shape)
    pads, ones = pads or [0] * 2 * space, [1] * space
    outs = _pool_sizes(x, kernel_shape, strides, pads, ones, 0)
    padded = _padded(x, pads, 0)
    counted = _padded(np.ones_like(x), pads, count_include_pad)
    out = np.zeros((*x.shape[:2], *outs), x.dtype)
    for (at, window), (_, count) in zip(_windows(padded, kernel_shape, strides, ones, outs),
                                        _windows(counted, kernel_shape, strides, ones, outs), strict=True):  # fmt: skip
        axes = tuple(range(2, 2 + space))
        out[(..., *at)] = window.sum(axes) / count.sum(axes)
    return out


def _channels(v, x):
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


@op("BatchNormalization")
def batch_norm(opset, x, scale, b, mean, var, epsilon=1e-5):
    x_hat = (x - _channels(mean, x)) / np.sqrt(_channels(var, x) + np.asarray(epsilon, x.dtype))
    return x_hat * _channels(scale, x) + _channels(b, x)


@op("InstanceNormalization")
def instance_norm(opset, x, scale, b, epsilon=1e-5):
    axes = tuple(range(2, x.ndim))
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (
        (x - mean) / np.sqrt(var + np.asarray(epsilon, x.dtype)) * _channels(scale, x) + _channels(b, x)
    ).astype(x.dtype)


@op("LayerNormalization")
def layer_norm(opset, x, scale, b=None, axis=-1, epsilon=1e-5):
    axes = tuple(range(axis % x.ndim, x.ndim))
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    out = (x - mean) / np.sqrt(var + np.asarray(epsilon, x.dtype)) * scale
    return (out if b is None else out + b).astype(x.dtype)


@op("Dropout")
def dropout(opset, x, ratio=None, training_mode=None):
    assert not (training_mode is not None and training_mode and ratio)
    return x


def _near(d, a):
    return ((a + 2) * d - (a + 3)) * d * d + 1


def _far(d, a):
    return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a


@op("Resize")
def resize(opset, x, roi, scales=None, sizes=None, mode="nearest", coordinate_transformation_mode="half_pixel",
           nearest_mode="round_prefer_floor", cubic_coeff_a=-0.75):  # fmt: skip
    for axis in range(2, x.ndim):
        n = x.shape[axis]
        scale = scales[axis] if sizes is None else sizes[axis] / n
        m = int(math.floor(n * scale)) if sizes is None else int(sizes[axis])
        at = np.arange(m)
        if coordinate_transformation_mode == "align_corners":
            at = at * (n - 1) / (m - 1) if m > 1 else at * 0.0
        elif coordinate_transformation_mode == "asymmetric":
            at = at / scale
        else:
            at = (at + 0.5) / scale - 0.5
            if coordinate_transformation_mode == "pytorch_half_pixel" and m == 1:
                at = at * 0.0
        if mode == "nearest":
            at = np.floor(at) if nearest_mode == "floor" else np.floor(at + 0.5)
            x = np.take(x, np.clip(at.astype(int), 0, n - 1), axis)
            continue
        low, weights = np.floor(at).astype(int), {}
        t = at - low
        if mode == "linear":
            weights = {0: 1 - t, 1: t}
        else:
            a = cubic_coeff_a
            weights = {-1: _far(t + 1, a), 0: _near(t, a), 1: _near(1 - t, a), 2: _far(2 - t, a)}
        shape = [-1 if d == axis else 1 for d in range(x.ndim)]
        x = sum(
            np.take(x, np.clip(low + k, 0, n - 1), axis) * w.reshape(shape) for k, w in weights.items()
        ).astype(np.float32)
    return x


# ---- recurrent layers


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _recurrent(step, x, w, r, b, h, c, direction, hidden):
    gates = w.shape[1]
    outs, hs, cs = [], [], []
    for d in range(w.shape[0]):
        wb, rb = (np.zeros(gates), np.zeros(gates)) if b is None else (b[d, :gates], b[d, gates:])
        hd = np.zeros((x.shape[1], hidden), x.dtype) if h is None else h[d]
        cd = None if c is None else c[d]
        order = range(len(x)) if d == 0 else reversed(range(len(x)))
        ys = np.zeros((len(x), x.shape[1], hidden), x.dtype)
        for t in order:
            hd, cd = step(x[t] @ w[d].T + wb, r[d], rb, hd, cd)
            ys[t] = hd
        outs.append(ys)
        hs.append(hd)
        cs.append(cd)
    y = np.stack(outs, 1)
    return y, np.stack(hs).astype(x.dtype), cs


@op("LSTM")
def lstm(opset, x, w, r, b=None, lens=None, h=None, c=None, hidden_size=0, direction="forward"):
    def step(wx, r, rb, h, c):
        i, o, f, g = np.split(wx + h @ r.T + rb, 4, 1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        return _sigmoid(o) * np.tanh(c), c

    y, h, c = _recurrent(step, x, w, r, b, h, c, direction, hidden_size)
    return y, h, np.stack(c).astype(x.dtype)


@op("GRU")
def gru(opset, x, w, r, b=None, lens=None, h=None, hidden_size=0, direction="forward", linear_before_reset=0):
    assert linear_before_reset == 1

    def step(wx, r, rb, h, c):
        hz, hr, hn = np.split(h @ r.T + rb, 3, 1)
        xz, xr, xn = np.split(wx, 3, 1)
        z = _sigmoid(xz + hz)
        n = np.tanh(xn + _sigmoid(xr + hr) * hn)
        return (1 - z) * n + z * h, None

    return _recurrent(step, x, w, r, b, h, None, direction, hidden_size)[:2]


@op("RNN")
def rnn(opset, x, w, r, b=None, lens=None, h=None, hidden_size=0, direction="forward", activations=("Tanh",)):
    act = np.tanh if activations[0] == "Tanh" else lambda v: np.maximum(v, 0)
    return _recurrent(
        lambda wx, r, rb, h, c: (act(wx + h @ r.T + rb), None), x, w, r, b, h, None, direction, hidden_size
    )[:2]
