"""Results of pointwise ops lie in memory as PyTorch's do: in the order of dimensions of their operands."""

import copy
import importlib
import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import flambeau as fb
from tests.ops.test_ops import flatten, quiet, reversed_order, torch_function

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")
LAST = dict(memory_format=fb.channels_last)


def strides(t):
    """The strides of the dimensions that have more than one element."""
    return [s for s, n in zip(t.stride(), t.shape, strict=True) if n > 1]


@st.composite
def layouts(draw, shape):
    """How a tensor of a shape lies in memory: the order of its dimensions, which of them leave gaps, which are
    repeated."""
    order = draw(st.permutations(range(len(shape))))
    return order, [draw(st.sampled_from(["dense"] * 5 + ["gaps", "repeated"])) for _ in shape]


def build(library, shape, layout, dtype="float32", seed=0):
    order, spread = layout
    have = [{"dense": n, "gaps": 2 * n, "repeated": 1}[how] for n, how in zip(shape, spread, strict=True)]
    values = np.random.default_rng(seed).integers(1, 5, [have[d] for d in order]) / 8
    t = library.from_numpy(values.astype(dtype)).permute([order.index(d) for d in range(len(shape))])
    return t[tuple([slice(None, None, 2 if how == "gaps" else 1) for how in spread])].expand(shape)


def same(results):
    """Asserts that results of flambeau and PyTorch lie alike and are equal."""
    ours, theirs = results
    ours, theirs = (r if isinstance(r, tuple) else (r,) for r in (ours, theirs))
    for a, b in zip(ours, theirs, strict=True):
        assert tuple(a.shape) == tuple(b.shape)
        assert strides(a) == strides(b), (a.stride(), b.stride())
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 2e-6, 1e-6)


# Among dims of size 1 in every operand PyTorch's order depends on strides that lead to no element: none of these.
shapes = st.lists(st.integers(2, 4), min_size=1, max_size=5).map(tuple)

UNARY = {
    "exp": lambda f, x: x.exp(), "neg": lambda f, x: -x, "abs": lambda f, x: x.abs(), "erf": lambda f, x: f.erf(x),
    "relu": lambda f, x: x.relu(), "sign": lambda f, x: x.sign(), "round": lambda f, x: x.round(decimals=1),
    "lgamma": lambda f, x: x.lgamma(), "logit": lambda f, x: x.logit(0.1), "i0e": lambda f, x: f.special.i0e(x),
    "isnan": lambda f, x: x.isnan(), "logical_not": lambda f, x: x.logical_not(), "floor": lambda f, x: x.floor(),
    "nan_to_num": lambda f, x: x.nan_to_num(), "frexp": lambda f, x: tuple(f.frexp(x)), "angle": lambda f, x: x.angle(),
    "x*2": lambda f, x: x * 2, "2/x": lambda f, x: 2 / x, "x**2": lambda f, x: x**2, "x>1": lambda f, x: x > 0.25,
    "x+0-dim": lambda f, x: x + f.tensor(2.0), "x//1": lambda f, x: x // 0.25, "x%1": lambda f, x: x % 0.3,
    "clamp": lambda f, x: x.clamp(0.2, 0.4), "clamp_min": lambda f, x: x.clamp(min=0.2),
    "double": lambda f, x: x.double(), "int": lambda f, x: x.int(), "half": lambda f, x: x.half(),
    "bool": lambda f, x: x.to(f.bool), "complex": lambda f, x: x.to(f.complex64), "clone": lambda f, x: x.clone(),
    "zeros_like": lambda f, x: f.zeros_like(x), "ones_like": lambda f, x: f.ones_like(x),
    "full_like": lambda f, x: f.full_like(x, 2), "long_like": lambda f, x: f.zeros_like(x, dtype=f.int64),
    "elu": lambda f, x: f.nn.functional.elu(x, 0.5), "gelu": lambda f, x: f.nn.functional.gelu(x),
    "leaky_relu": lambda f, x: f.nn.functional.leaky_relu(x, 0.2), "silu": lambda f, x: f.nn.functional.silu(x),
    "hardtanh": lambda f, x: f.nn.functional.hardtanh(x, 0.2, 0.3), "mish": lambda f, x: f.nn.functional.mish(x),
    "softplus": lambda f, x: f.nn.functional.softplus(x, 2, 1), "selu": lambda f, x: f.selu(x),
    "hardswish": lambda f, x: f.nn.functional.hardswish(x), "celu": lambda f, x: f.celu(x, 0.5),
    "hardsigmoid": lambda f, x: f.nn.functional.hardsigmoid(x), "threshold": lambda f, x: f.threshold(x, 0.2, 7),
    "softshrink": lambda f, x: f.nn.functional.softshrink(x, 0.2), "relu6": lambda f, x: f.nn.functional.relu6(x),
    "no dropout": lambda f, x: f.dropout(x, 0.5, False), "dropout": lambda f, x: f.dropout(x, 1.0, True),
    "x.add_": lambda f, x: x.clone().add_(1), "polygamma": lambda f, x: f.polygamma(1, x),
}  # fmt: skip

BINARY = {
    "+": lambda f, x, y: x + y, "-": lambda f, x, y: x - y, "*": lambda f, x, y: x * y, "/": lambda f, x, y: x / y,
    "sub alpha": lambda f, x, y: x.sub(y, alpha=2), "pow": lambda f, x, y: x**y, "<": lambda f, x, y: x < y,
    "==": lambda f, x, y: x == y, "maximum": lambda f, x, y: f.maximum(x, y), "atan2": lambda f, x, y: x.atan2(y),
    "hypot": lambda f, x, y: x.hypot(y), "xlogy": lambda f, x, y: f.xlogy(x, y), "fmod": lambda f, x, y: x.fmod(y),
    "remainder": lambda f, x, y: x.remainder(y), "nextafter": lambda f, x, y: f.nextafter(x, y),
    "logical_and": lambda f, x, y: f.logical_and(x, y), "zeta": lambda f, x, y: f.special.zeta(x + 2, y),
    "lerp": lambda f, x, y: f.lerp(x, y, 0.3),
    "where number": lambda f, x, y: f.where(x > 0.2, y, 0.5), "heaviside": lambda f, x, y: f.heaviside(x, y),
    "clamp": lambda f, x, y: x.clamp(min=y), "copysign": lambda f, x, y: x.copysign(y),
}  # fmt: skip

TERNARY = {
    "where": lambda f, x, y, z: f.where(x > 0.2, y, z), "addcmul": lambda f, x, y, z: f.addcmul(x, y, z, value=0.5),
    "addcdiv": lambda f, x, y, z: x.addcdiv(y, z), "clamp": lambda f, x, y, z: x.clamp(y, z),
    "lerp": lambda f, x, y, z: f.lerp(x, y, z),
}  # fmt: skip


@needs_torch
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_operand(data):
    shape = data.draw(shapes)
    layout, name = data.draw(layouts(shape)), data.draw(st.sampled_from(sorted(UNARY)))
    same([UNARY[name](library, build(library, shape, layout)) for library in (fb, torch)])


def draw_operands(data, count):
    """The shapes and layouts of operands that broadcast together."""
    shape, operands = data.draw(shapes), []
    for _ in range(count):
        part = data.draw(st.just(shape) | st.tuples(*[st.sampled_from([1, n, n]) for n in shape]))
        part = part[data.draw(st.sampled_from([0, 0, 0, len(shape) // 2])) :]
        operands.append((part, data.draw(layouts(part))))
    assume(1 not in np.broadcast_shapes(*[part for part, _ in operands]))
    return operands


@needs_torch
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_two_operands(data):
    operands, name = draw_operands(data, 2), data.draw(st.sampled_from(sorted(BINARY)))
    if "alpha" in name:  # the product with alpha is a tensor of its own, in which nothing is repeated
        assume(not any("repeated" in spread for _, (_, spread) in operands))
    same([BINARY[name](f, *[build(f, *o, seed=i) for i, o in enumerate(operands)]) for f in (fb, torch)])


@needs_torch
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_three_operands(data):
    operands, name = draw_operands(data, 3), data.draw(st.sampled_from(sorted(TERNARY)))
    same([TERNARY[name](f, *[build(f, *o, seed=i) for i, o in enumerate(operands)]) for f in (fb, torch)])


@needs_torch
@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float16", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("call", [lambda x: x + x, lambda x: x * x, lambda x: x == x, lambda x: x.clone()])
def test_dtypes(dtype, call):
    layout = (1, 3, 0, 2), ["dense"] * 4
    same([call(build(library, (2, 3, 4, 5), layout, dtype)) for library in (fb, torch)])


@needs_torch
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_gradients_lie_like_their_leaves(data):
    (a, b), op = draw_operands(data, 2), data.draw(st.sampled_from(["+", "*", "/", "maximum"]))
    again = data.draw(st.booleans())
    results = []
    for library in (fb, torch):
        x, y = [build(library, *o, seed=i).detach().requires_grad_() for i, o in enumerate((a, b))]
        for _ in range(1 + again):
            BINARY[op](library, x, y.exp()).sum().backward()
        results.append((x.grad, y.grad))
    same(results)


def test_gradient_of_a_transposed_use():
    w = fb.randn(3, 4, requires_grad=True)
    (w.t() * fb.randn(4, 3)).sum().backward()
    assert w.grad.is_contiguous()
    v = fb.randn(4, 3).t().detach().requires_grad_()
    (v * fb.randn(3, 4)).sum().backward()
    assert v.grad.stride() == v.stride() == (1, 3)
    gap = fb.randn(6, 4)[::2].detach().requires_grad_()
    (gap * 2).sum().backward()
    assert gap.grad.is_contiguous()


def test_out_takes_the_order():
    x, out = fb.randn(3, 4).t(), fb.empty(0)
    fb.exp(x, out=out)
    assert out.stride() == (1, 4) and fb.equal(out, x.exp())
    kept = fb.empty(4, 3)
    fb.exp(x, out=kept)
    assert kept.is_contiguous() and fb.equal(kept, out)


def test_storage_copy_and_file_of_an_ordered_result():
    y = fb.randn(2, 3, 4, 5).contiguous(**LAST).exp()
    part = y[:, 1]
    assert (
        len(y.storage()) == y.numel() and y.storage().tolist() == y.permute(0, 2, 3, 1).reshape(-1).tolist()
    )
    file = io.BytesIO()
    fb.save([y, part], file)
    file.seek(0)
    for y2, part2 in (copy.deepcopy([y, part]), fb.load(file)):
        assert y2.stride() == y.stride() and fb.equal(y, y2) and part2.stride() == part.stride()
        y2.zero_()
        assert not part2.any()
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        y.view(-1)
    assert y.is_contiguous(**LAST) and fb.equal(y.reshape(-1), y.contiguous().view(-1))


# ---- images and volumes


def images(library, last=True, shape=(2, 4, 6, 8)):
    x = library.from_numpy(np.random.default_rng(0).standard_normal(shape).astype("float32"))
    return x.contiguous(memory_format=library.channels_last) if last else x.permute(0, 1, 3, 2)


LAYERS = {
    "conv2d": lambda f, F, x: F.conv2d(x, f.ones(3, 4, 3, 3)),
    "conv2d, groups": lambda f, F, x: F.conv2d(x, f.ones(4, 1, 3, 3), f.ones(4), groups=4),
    "conv2d, weight": lambda f, F, x: F.conv2d(x, f.ones(3, 4, 3, 3).contiguous(memory_format=f.channels_last)),
    "conv_transpose2d": lambda f, F, x: F.conv_transpose2d(x, f.ones(4, 3, 3, 3), f.ones(3)),
    "batch_norm": lambda f, F, x: F.batch_norm(x, f.zeros(4), f.ones(4)),
    "batch_norm, training": lambda f, F, x: F.batch_norm(x, f.zeros(4), f.ones(4), training=True),
    "group_norm": lambda f, F, x: F.group_norm(x, 2), "layer_norm": lambda f, F, x: F.layer_norm(x, x.shape[3:]),
    "max_pool2d": lambda f, F, x: F.max_pool2d(x, 2), "avg_pool2d": lambda f, F, x: F.avg_pool2d(x, 2),
    "max_pool2d, indices": lambda f, F, x: tuple(F.max_pool2d(x, 2, return_indices=True)),
    "adaptive_avg_pool2d": lambda f, F, x: F.adaptive_avg_pool2d(x, 2),
    "adaptive_max_pool2d": lambda f, F, x: F.adaptive_max_pool2d(x, 2),
    "prelu": lambda f, F, x: F.prelu(x, f.ones(4)), "softmax": lambda f, F, x: F.softmax(x, 1),
    "dropout": lambda f, F, x: F.dropout(x, 1.0), "dropout2d": lambda f, F, x: F.dropout2d(x, 1.0),
    "relu, in place": lambda f, F, x: F.relu(x.clone(), inplace=True),
}  # fmt: skip


@needs_torch
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_on_images(name, last):
    results = [LAYERS[name](f, f.nn.functional, images(f, last)) for f in (fb, torch)]
    ours, theirs = (r if isinstance(r, tuple) else (r,) for r in results)
    for a, b in zip(ours, theirs, strict=True):
        assert strides(a) == strides(b), (a.stride(), b.stride())
        np.testing.assert_allclose(a.numpy(), b.numpy(), 1e-4, 1e-5)


@needs_torch
@pytest.mark.parametrize(
    "shape", [(2, 1, 4, 5), (2, 3, 1, 1), (2, 3, 4, 1), (1, 3, 1, 5), (1, 1, 1, 1), (3, 6, 4)]
)
@pytest.mark.parametrize("format", ["channels_last", "contiguous_format"])
def test_shapes_that_lie_in_both_formats(shape, format):
    results = []
    for f in (fb, torch):
        x = f.ones(shape)
        if x.ndim == 4:
            x = f.empty(shape, memory_format=getattr(f, format)).fill_(1)
        results.append(f.nn.functional.max_pool2d(x, 1).stride())
    assert results[0] == results[1]


VOLUMES = {
    "conv3d": lambda f, F, x: F.conv3d(x, f.ones(3, 4, 3, 3, 3)), "max_pool3d": lambda f, F, x: F.max_pool3d(x, 2),
    "avg_pool3d": lambda f, F, x: F.avg_pool3d(x, 2), "group_norm": lambda f, F, x: F.group_norm(x, 2),
    "adaptive_avg_pool3d": lambda f, F, x: F.adaptive_avg_pool3d(x, 2),
    "batch_norm": lambda f, F, x: F.batch_norm(x, f.zeros(4), f.ones(4), training=True),
}  # fmt: skip


@needs_torch
@pytest.mark.parametrize("name", VOLUMES)
def test_layers_on_volumes(name):
    results = []
    for f in (fb, torch):
        x = f.from_numpy(np.random.default_rng(0).standard_normal((2, 4, 4, 6, 5)).astype("float32"))
        results.append(VOLUMES[name](f, f.nn.functional, x.contiguous(memory_format=f.channels_last_3d)))
    assert strides(results[0]) == strides(results[1])
    np.testing.assert_allclose(results[0].numpy(), results[1].numpy(), 1e-4, 1e-5)


def small_network(f):
    nn = f.nn
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 1),
        nn.BatchNorm2d(4), nn.GELU(), nn.Dropout(0.0), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip


@needs_torch
def test_a_network_in_channels_last():
    activations, gradients = {}, {}
    for f in (fb, torch):
        f.manual_seed(0)
        net = small_network(f).to(memory_format=f.channels_last)
        kept = activations[f] = []
        for module in net:
            module.register_forward_hook(lambda m, i, o, kept=kept: kept.append(o))
        net(images(f, shape=(2, 3, 8, 8))).square().sum().backward()
        gradients[f] = [p.grad for p in net.parameters()]
        assert all(strides(p.grad) == strides(p) for p in net.parameters())
    for ours, theirs in zip(
        activations[fb] + gradients[fb], activations[torch] + gradients[torch], strict=True
    ):
        assert strides(ours) == strides(theirs)
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), 2e-3, 2e-4)


# ---- every pointwise row of the table

FAMILIES = ("pointwise", "activation", "compare", "special", "dropout")
ROW_MAJOR = ("logsigmoid", "mvlgamma")  # PyTorch computes them from row-major copies


def pointwise_rows():
    for family in FAMILIES:
        for row in importlib.import_module(f"tests.ops.rows.{family}").ROWS:
            if row.torch is not None and row.layouts and row.name not in ROW_MAJOR:
                yield row


@needs_torch
@pytest.mark.parametrize("row", list(pointwise_rows()), ids=str)
def test_rows_in_column_major_memory(row):
    function, dtype = torch_function(row), row.dtypes[0]
    for sample in row.make(dtype):
        if not any(t.ndim == 2 and min(t.shape) > 1 for t in sample.tensors()):
            continue
        if row.name == "pow" and not isinstance(sample.args[0], fb.Tensor):  # row-major in PyTorch
            continue
        ours = flatten(quiet(row.function, sample.map(reversed_order)))
        theirs = flatten(
            quiet(function, sample.map(lambda t: torch.from_numpy(np.array(t.numpy(), order="F"))))
        )
        for a, b in zip(ours, theirs, strict=True):
            if isinstance(b, torch.Tensor):
                assert strides(a) == strides(b), (str(sample), a.stride(), b.stride())
