"""Attention against PyTorch: scaled dot products, several heads."""

import math

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")


def arrays(*shapes, seed=0):
    random = np.random.default_rng(seed)
    return [random.normal(size=s) for s in shapes]


def sdpa(lib, **options):
    return lambda *tensors: lib.nn.functional.scaled_dot_product_attention(*tensors, **options)


SHAPES = [
    [(3, 4), (5, 4), (5, 6)],
    [(2, 3, 4), (2, 5, 4), (2, 5, 4)],
    [(2, 3, 6, 4), (2, 3, 5, 4), (2, 3, 5, 7)],
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}], ids=str)
def test_scaled_dot_products(shapes, options):
    given = arrays(*shapes)
    assert_close(run(fb, sdpa(fb, **options), given), run(torch, sdpa(torch, **options), given))


@pytest.mark.parametrize("shape", [(6, 5), (3, 1, 5), (2, 1, 6, 5)], ids=str)
def test_masks(shape):
    given = arrays(*SHAPES[2])
    bools = np.random.default_rng(1).uniform(size=shape) > 0.4
    bools[..., -1, :] = False  # a query without keys (for all of them in the second shape)
    floats = np.where(bools, np.random.default_rng(2).normal(size=shape), -np.inf)
    for mask in (bools, floats):
        results = []
        for lib in (fb, torch):

            def call(q, k, v, lib=lib, mask=mask):
                return sdpa(lib, attn_mask=lib.from_numpy(mask.copy()))(q, k, v)

            results.append(run(lib, call, given))
        assert_close(*results)


@pytest.mark.parametrize("kind", ["bool", "float"])
def test_causal_together_with_a_mask(kind):
    q, k, v = (fb.from_numpy(a) for a in arrays((2, 6, 4), (2, 5, 4), (2, 5, 4)))
    mask = fb.rand(6, 5) > 0.3
    seen = mask & fb.ones(6, 5, dtype=fb.bool).tril()
    given = mask if kind == "bool" else fb.zeros(6, 5).masked_fill(~mask, -math.inf)
    assert_close(sdpa(fb, attn_mask=given, is_causal=True)(q, k, v), sdpa(fb, attn_mask=seen)(q, k, v))


def test_queries_without_keys_get_zeros():
    q, k, v = (fb.randn(2, 4, requires_grad=True) for _ in range(3))
    out = sdpa(fb)(q, k, v, fb.tensor([[False, False], [True, True]]))
    out.sum().backward()
    assert not out[0].any() and out[1].all()
    assert not q.grad[0].any() and bool(q.grad.isfinite().all())


def test_learnt_mask():
    given = [*arrays((3, 4), (5, 4), (5, 6)), *arrays((3, 5), seed=1)]
    assert_close(run(fb, sdpa(fb), given), run(torch, sdpa(torch), given))


def test_grouped_heads():
    given = arrays((2, 6, 3, 4), (2, 2, 5, 4), (2, 3, 5, 4))
    assert_close(run(fb, sdpa(fb, enable_gqa=True), given), run(torch, sdpa(torch, enable_gqa=True), given))


def test_attention_dropout_draws_the_same_mask():
    given = arrays((2, 3, 4), (2, 5, 4), (2, 5, 4))
    assert_close(run(fb, sdpa(fb, dropout_p=0.4), given), run(torch, sdpa(torch, dropout_p=0.4), given))


def test_attention_gradcheck():
    q, k, v, mask = (
        fb.from_numpy(a).requires_grad_() for a in arrays((2, 3, 4), (2, 5, 4), (2, 5, 3), (3, 5))
    )
    for options in ({"is_causal": True}, {}):
        assert fb.autograd.gradcheck(sdpa(fb, **options), (q, k, v, mask))
        assert fb.autograd.gradgradcheck(sdpa(fb, **options), (q, k, v, mask), fast_mode=True)


def test_attention_in_vmap():
    q, k, v = (fb.from_numpy(a) for a in arrays((4, 2, 3, 4), (4, 2, 5, 4), (4, 2, 5, 3)))
    mask = fb.ones(3, 5, dtype=fb.bool).tril(1)
    assert_close(fb.func.vmap(sdpa(fb, attn_mask=mask))(q, k, v), sdpa(fb, attn_mask=mask)(q, k, v))


@pytest.mark.parametrize(
    "call,text",
    [
        (
            lambda f, z: f(z(3, 4), z(5, 4).double(), z(5, 4)),
            "Expected query, key, and value to have the same dtype",
        ),
        (
            lambda f, z: f(z(4), z(4), z(4)),
            "Expected query, key, and value to all be  at least 2 dimensional",
        ),
        (
            lambda f, z: f(z(3, 4), z(5, 4), z(5, 4), z(3, 5).long()),
            "Expected attn_mask dtype to be bool or float",
        ),
        (
            lambda f, z: f(z(3, 4), z(5, 4), z(5, 4), None, 2.0),
            "dropout probability has to be between 0 and 1",
        ),
    ],
)
def test_attention_errors(call, text):
    for lib in (fb, torch):
        with pytest.raises(RuntimeError, match=text):
            call(lib.nn.functional.scaled_dot_product_attention, lib.zeros)


def test_heads_that_do_not_divide():
    z = fb.zeros
    with pytest.raises(RuntimeError, match="heads in key and value must divide .* got 3, 3 and 8"):
        sdpa(fb, enable_gqa=True)(z(1, 8, 3, 4), z(1, 3, 3, 4), z(1, 3, 3, 4))
    with pytest.raises(RuntimeError, match="enable_gqa needs a dimension of heads"):
        sdpa(fb, enable_gqa=True)(z(3, 4), z(3, 4), z(3, 4))


# ---- several heads

HEADS = [
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True, "add_bias_kv": True},
    {"kdim": 5, "vdim": 3},
    {"kdim": 5, "vdim": 3, "bias": False, "add_bias_kv": True},
    {"batch_first": True},
]
by_options = pytest.mark.parametrize("options", HEADS, ids=str)


def both(**options):
    made = []
    for lib in (fb, torch):
        lib.manual_seed(4)
        made.append(lib.nn.MultiheadAttention(8, 2, **options))
    return made


def doubles(**options):
    ours, theirs = both(**options)
    random = np.random.default_rng(9)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        value = random.normal(size=tuple(q.shape)) * 0.3  # biases start as zeros
        p.data, q.data = fb.from_numpy(value.copy()), torch.from_numpy(value.copy())
    return ours.double(), theirs.double()


def sources(layer, batch=3, length=4, keys=5):
    shapes = [(length, batch, 8), (keys, batch, layer.kdim), (keys, batch, layer.vdim)]
    return [a.swapaxes(0, 1) if layer.batch_first else a for a in arrays(*shapes)]


@by_options
def test_same_seed_same_weights(options):
    ours, theirs = both(**options)
    assert repr(ours) == repr(theirs)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p, q, rtol=1e-6, atol=1e-7)
    ours.load_state_dict({k: fb.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    theirs.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()})


def compare(ours, theirs, given, **options):
    results = []
    for lib, layer in ((fb, ours), (torch, theirs)):
        called = {k: lib.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}

        def call(*tensors, layer=layer, called=called):
            out, weights = layer(*tensors, **called)
            return (out,) if weights is None else (out, weights)

        results.append(run(lib, call, given))
    assert_close(*results)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad, q.grad)
        p.grad = q.grad = None


@by_options
@pytest.mark.parametrize("need_weights", [True, False])
def test_heads(options, need_weights):
    ours, theirs = doubles(**options)
    given = sources(ours)
    padding = np.zeros((3, 5), bool)
    padding[0, 3:] = padding[2, 1:] = True
    mask = np.zeros((4, 5), bool)
    mask[0, 2:] = mask[2, 4] = True
    per_head = np.random.default_rng(3).normal(size=(6, 4, 5))
    for extra in ({}, {"key_padding_mask": padding}, {"key_padding_mask": padding, "attn_mask": mask},
                  {"attn_mask": per_head}):  # fmt: skip
        compare(ours, theirs, given, need_weights=need_weights, **extra)
    compare(ours, theirs, given, average_attn_weights=False)


@by_options
def test_heads_without_a_batch(options):
    ours, theirs = doubles(**options)
    given = [a[0] if ours.batch_first else a[:, 0] for a in sources(ours)]
    compare(ours, theirs, given)
    compare(
        ours, theirs, given, attn_mask=np.random.default_rng(3).normal(size=(2, 4, 5)), need_weights=False
    )


@pytest.mark.parametrize("need_weights", [True, False])
def test_self_attention(need_weights):
    ours, theirs = doubles()
    (x, memory) = arrays((4, 3, 8), (5, 3, 8))
    causal = np.triu(np.full((4, 4), -math.inf), 1)
    for extra in ({}, {"attn_mask": causal}, {"attn_mask": causal, "is_causal": True}):
        results = []
        for lib, layer in ((fb, ours), (torch, theirs)):
            called = {k: lib.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in extra.items()}

            def call(x, layer=layer, called=called):
                return layer(x, x, x, need_weights=need_weights, **called)[0]

            results.append(run(lib, call, [x]))
        assert_close(*results)
    assert_close(
        *[run(lib, lambda x, m, a=a: a(x, m, m)[0], [x, memory]) for lib, a in ((fb, ours), (torch, theirs))]
    )


def test_dropout_of_weights_in_training_only():
    x = arrays((4, 3, 8))[0].astype(np.float32)
    ours, theirs = both(dropout=0.5)
    results = []
    for lib, layer in ((fb, ours), (torch, theirs)):
        t = lib.from_numpy(x)
        lib.manual_seed(0)
        trained = layer(t, t, t)
        results.append((*trained, layer.eval()(t, t, t)[0]))
    assert_close(*results, rtol=1e-5, atol=1e-6)
    assert not fb.equal(results[0][0], results[0][2])


def test_heads_gradcheck():
    layer = fb.nn.MultiheadAttention(4, 2, add_bias_kv=True).double()
    q, k, v = (fb.from_numpy(a).requires_grad_() for a in arrays((2, 2, 4), (3, 2, 4), (3, 2, 4)))
    assert fb.autograd.gradcheck(lambda *t: layer(*t), (q, k, v), fast_mode=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, z: m(z(8), z(8), z(8)),
        lambda m, z: m(z(3, 2, 8), z(3, 8), z(3, 8)),
        lambda m, z: m(z(3, 8), z(3, 2, 8), z(3, 8)),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(4, 2, 8)),
        lambda m, z: m(z(3, 2, 7), z(3, 2, 7), z(3, 2, 7)),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), key_padding_mask=z(3, 2).bool()),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), key_padding_mask=z(2, 4).bool()),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), key_padding_mask=z(2, 3).long()),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), key_padding_mask=z(6)),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), attn_mask=z(3, 2)),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), attn_mask=z(2, 3, 3)),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), attn_mask=z(3)),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), attn_mask=z(3, 3).long()),
        lambda m, z: m(z(3, 8), z(3, 8), z(3, 8), attn_mask=z(3, 3, 3)),
        lambda m, z: m(z(3, 2, 8), z(3, 2, 8), z(3, 2, 8), is_causal=True),
    ],
)
def test_heads_errors(call):
    ours, theirs = (raised(lambda n=lib: call(n.nn.MultiheadAttention(8, 2), n.zeros)) for lib in (fb, torch))
    assert ours == theirs


@pytest.mark.parametrize("args", [(8, 3), (0, 2), (8, 0)])
def test_heads_constructor_errors(args):
    ours, theirs = (raised(lambda n=lib: n.nn.MultiheadAttention(*args)) for lib in (fb, torch))
    assert ours == theirs


def test_masks_of_different_types_warn():
    layer, x = fb.nn.MultiheadAttention(8, 2), fb.zeros(3, 2, 8)
    with pytest.warns(
        UserWarning, match="Support for mismatched key_padding_mask and attn_mask is deprecated"
    ):
        layer(x, x, x, attn_mask=fb.zeros(3, 3), key_padding_mask=fb.zeros(2, 3, dtype=fb.bool))


def test_older_path():
    assert fb.nn.modules.activation.MultiheadAttention is fb.nn.MultiheadAttention
