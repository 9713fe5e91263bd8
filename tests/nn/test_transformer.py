"""Transformers against PyTorch: first weights, outputs, gradients, masks, errors."""

import copy
import math

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")

# Nested tensors, which PyTorch takes where it can, are its own affair.
pytestmark = pytest.mark.filterwarnings(
    "ignore:enable_nested_tensor is True", "ignore:The PyTorch API of nested tensors"
)

LAYERS = [
    {},
    {"activation": "gelu", "norm_first": True},
    {"bias": False, "batch_first": True},
    {"batch_first": True, "norm_first": True, "layer_norm_eps": 1e-3},
]
by_options = pytest.mark.parametrize("options", LAYERS, ids=str)


def causal(n):
    return np.triu(np.full((n, n), -math.inf), 1)


def padding(batch, steps):
    mask = np.zeros((batch, steps))
    mask[0, steps - 1 :] = -math.inf
    return mask


def arrays(*shapes):
    random = np.random.default_rng(0)
    return [random.normal(size=s) for s in shapes]


def both(make):
    made = []
    for lib in (fb, torch):
        lib.manual_seed(5)
        made.append(make(lib))
    return made


def same_start(ours, theirs):
    assert repr(ours) == repr(theirs)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p, q, rtol=1e-6, atol=1e-7)


def same_run(ours, theirs, given, rtol=1e-9, **masks):
    """Equal outputs and gradients in float64 with the same weights."""
    ours.load_state_dict({k: fb.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    results = []
    for lib, model in ((fb, copy.deepcopy(ours).double()), (torch, copy.deepcopy(theirs).double())):
        called = {k: lib.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in masks.items()}
        result = run(lib, lambda *t, model=model, called=called: model(*t, **called), given)
        results.append((*result, [p.grad for p in model.parameters()]))
    assert_close(*results, rtol)


@by_options
def test_encoder_layer(options):
    ours, theirs = both(lambda lib: lib.nn.TransformerEncoderLayer(8, 2, 16, 0.0, **options))
    same_start(ours, theirs)
    given = arrays((3, 4, 8) if ours.self_attn.batch_first else (4, 3, 8))
    same_run(ours, theirs, given)
    same_run(ours, theirs, given, src_mask=causal(4), is_causal=True)
    same_run(ours, theirs, given, src_mask=causal(4), src_key_padding_mask=padding(3, 4))
    same_run(ours, theirs, arrays((4, 8)))


@by_options
def test_decoder_layer(options):
    ours, theirs = both(lambda lib: lib.nn.TransformerDecoderLayer(8, 2, 16, 0.0, **options))
    same_start(ours, theirs)
    given = arrays((4, 3, 8), (5, 3, 8))
    if ours.self_attn.batch_first:
        given = [a.swapaxes(0, 1) for a in given]
    same_run(ours, theirs, given)
    masks = dict(
        tgt_mask=causal(4), memory_key_padding_mask=padding(3, 5), tgt_key_padding_mask=padding(3, 4)
    )
    same_run(ours, theirs, given, **masks)
    same_run(ours, theirs, given, tgt_mask=causal(4), tgt_is_causal=True, memory_mask=np.zeros((4, 5)))


@by_options
def test_stacks(options):
    def make(lib):
        layer = lib.nn.TransformerEncoderLayer(8, 2, 16, 0.0, **options)
        return lib.nn.TransformerEncoder(layer, 3, lib.nn.LayerNorm(8))

    ours, theirs = both(make)
    same_start(ours, theirs)
    given = arrays((3, 4, 8))
    same_run(ours, theirs, given)
    steps, batch = (4, 3) if options.get("batch_first") else (3, 4)
    same_run(ours, theirs, given, mask=causal(steps))
    same_run(ours, theirs, given, mask=causal(steps), src_key_padding_mask=padding(batch, steps))


def test_decoder_stack():
    def make(lib):
        return lib.nn.TransformerDecoder(lib.nn.TransformerDecoderLayer(8, 2, 16, 0.0), 2)

    ours, theirs = both(make)
    same_start(ours, theirs)
    same_run(ours, theirs, arrays((4, 3, 8), (5, 3, 8)), tgt_mask=causal(4))


@by_options
def test_transformer(options):
    ours, theirs = both(lambda lib: lib.nn.Transformer(8, 2, 2, 1, 16, 0.0, **options))
    same_start(ours, theirs)
    given = arrays((5, 3, 8), (4, 3, 8))
    if ours.batch_first:
        given = [a.swapaxes(0, 1) for a in given]
    same_run(ours, theirs, given)
    masks = dict(
        src_key_padding_mask=padding(3, 5), memory_key_padding_mask=padding(3, 5), tgt_mask=causal(4)
    )
    same_run(ours, theirs, given, **masks)


def test_dropout_draws_the_same_masks():
    ours, theirs = both(lambda lib: lib.nn.Transformer(8, 2, 1, 1, 16, 0.3))
    given = [a.astype(np.float32) for a in arrays((5, 3, 8), (4, 3, 8))]
    results = []
    for lib, model in ((fb, ours), (torch, theirs)):
        lib.manual_seed(2)
        tensors = [lib.from_numpy(a) for a in given]
        results.append((model(*tensors), model.eval()(*tensors)))
    assert_close(*results, rtol=1e-4, atol=1e-5)
    assert not fb.equal(*results[0])


def test_state_dicts_load_both_ways():
    ours, theirs = both(lambda lib: lib.nn.Transformer(8, 2, 1, 1, 16))
    theirs.load_state_dict({k: torch.from_numpy(v.numpy().copy() + 1) for k, v in ours.state_dict().items()})
    ours.load_state_dict({k: fb.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_gradcheck():
    model = fb.nn.Transformer(4, 2, 1, 1, 4, 0.0).double()
    src, tgt = (fb.from_numpy(a).requires_grad_() for a in arrays((3, 1, 4), (2, 1, 4)))
    assert fb.autograd.gradcheck(model, (src, tgt), fast_mode=True)


def test_activation_functions():
    layer = fb.nn.TransformerEncoderLayer(4, 2, 4, 0.0, activation=fb.tanh)
    x = fb.rand(2, 1, 4)
    assert layer(x).shape == x.shape
    ours, theirs = (
        raised(lambda n=lib: n.nn.TransformerEncoderLayer(4, 2, activation="x")) for lib in (fb, torch)
    )
    assert ours == theirs


def test_generated_mask():
    for lib in (fb, torch):
        assert lib.nn.Transformer.generate_square_subsequent_mask(2, dtype=lib.float64).dtype is lib.float64
    assert_close(
        fb.nn.Transformer.generate_square_subsequent_mask(3),
        torch.nn.Transformer.generate_square_subsequent_mask(3),
    )


def test_custom_parts():
    class Doubled(fb.nn.Module):
        def forward(self, src, **options):
            return src * 2

    model = fb.nn.Transformer(8, 2, 1, 1, 16, 0.0, custom_encoder=Doubled())
    src, tgt = fb.rand(5, 3, 8), fb.rand(4, 3, 8)
    assert_close(model(src, tgt), model.decoder(tgt, src * 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda m, z: m(z(3, 2, 8), z(3, 1, 8)),
        lambda m, z: m(z(3, 2, 7), z(3, 2, 8)),
        lambda m, z: m(z(3, 2, 7), z(3, 2, 7)),
        lambda m, z: m(z(3, 8), z(3, 2, 8)),
    ],
)
def test_errors(call):
    ours, theirs = (
        raised(lambda n=lib: call(n.nn.Transformer(8, 2, 1, 1, 16), n.zeros)) for lib in (fb, torch)
    )
    assert ours == theirs
