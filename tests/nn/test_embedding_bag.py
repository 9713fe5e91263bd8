"""EmbeddingBag against PyTorch."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")

INDICES = np.array([0, 3, 3, 1, 2, 3, 1])
OFFSETS = np.array([0, 2, 2, 5])


def both(**options):
    made = []
    for lib in (fb, torch):
        lib.manual_seed(1)
        made.append(lib.nn.EmbeddingBag(5, 3, **options))
    return made


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 3, -5])
def test_bags(mode, padding_idx):
    ours, theirs = both(mode=mode, padding_idx=padding_idx)
    assert repr(ours) == repr(theirs)
    assert_close(ours.weight, theirs.weight, rtol=1e-6, atol=1e-7)
    ours.load_state_dict({k: fb.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    theirs.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()})
    ours.double(), theirs.double()
    for given in ([INDICES, OFFSETS], [INDICES[:6].reshape(2, 3)], [INDICES[:0], OFFSETS * 0]):
        results = []
        for lib, layer in ((fb, ours), (torch, theirs)):
            out = layer(*[lib.from_numpy(a) for a in given])
            out.pow(2).sum().backward()
            results.append((out, layer.weight.grad))
            layer.weight.grad = None
        assert_close(*results)


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_gradients_divided_by_frequency(mode):
    """By how often an index occurs in all bags; PyTorch 2.13 takes the number of another index for some."""
    gradients = []
    for scale in (False, True):
        weight = fb.ones(5, 2, requires_grad=True)
        bag(fb)(
            fb.tensor(INDICES), weight, fb.tensor(OFFSETS), scale_grad_by_freq=scale, mode=mode
        ).sum().backward()
        gradients.append(weight.grad.numpy())
    counts = np.maximum(np.bincount(INDICES, minlength=5), 1)
    np.testing.assert_allclose(gradients[1], gradients[0] / counts[:, None], 1e-6)


def test_weighted_sums():
    ours, theirs = both(mode="sum", padding_idx=1)
    ours.double(), theirs.double()
    ours.weight.data = fb.from_numpy(theirs.weight.detach().numpy().copy())
    results = []
    for lib, layer in ((fb, ours), (torch, theirs)):

        def call(weights, lib=lib, layer=layer):
            return layer(lib.from_numpy(INDICES), lib.from_numpy(OFFSETS), weights)

        results.append((*run(lib, call, [np.linspace(-1, 1, 7)]), layer.weight.grad))
    assert_close(*results)


def test_sparse_gradients():
    ours, theirs = both(mode="mean", sparse=True, padding_idx=3)
    for lib, layer in ((fb, ours), (torch, theirs)):
        layer(lib.from_numpy(INDICES), lib.from_numpy(OFFSETS)).sum().backward()
    assert ours.weight.grad.is_sparse
    assert_close(ours.weight.grad.to_dense(), theirs.weight.grad.to_dense(), rtol=1e-6)


def test_last_offset_and_norm_limit():
    ours, theirs = both(mode="sum", include_last_offset=True, max_norm=1.0, norm_type=1.0)
    offsets = np.array([0, 3, 7])
    results = [
        (layer(lib.from_numpy(INDICES), lib.from_numpy(offsets)), layer.weight)
        for lib, layer in ((fb, ours), (torch, theirs))
    ]
    assert_close(*results, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", range(3))
@pytest.mark.parametrize("padding", [-1, 3])
def test_all_results_of_the_function(mode, padding):
    """The bags, the bag of each index, the sizes; and where maxima are from."""
    table = np.random.default_rng(0).normal(size=(5, 2))
    found = []
    for lib in (fb, torch):
        t = [lib.from_numpy(a) for a in (table, INDICES, OFFSETS)]
        found.append(lib.embedding_bag(*t, False, mode, False, None, False, padding))
    assert_close(found[0][0], found[1][0])
    if mode:  # PyTorch leaves them empty for sums
        np.testing.assert_array_equal(found[0][2].numpy(), found[1][2].numpy())
    if padding < 0 and mode:
        np.testing.assert_array_equal(found[0][1].numpy(), found[1][1].numpy())
    if mode == 2:
        full = found[1][2].numpy() > 0
        np.testing.assert_array_equal(found[0][3].numpy()[full], found[1][3].numpy()[full])


def test_equal_maxima_send_the_gradient_to_the_first():
    weight = fb.zeros(5, 2, requires_grad=True)
    fb.nn.functional.embedding_bag(fb.tensor([4, 1, 1]), weight, fb.tensor([0]), mode="max").sum().backward()
    assert weight.grad.tolist() == [[0, 0], [0, 0], [0, 0], [0, 0], [1, 1]]


def test_from_pretrained():
    table = fb.rand(4, 3)
    layer = fb.nn.EmbeddingBag.from_pretrained(table, mode="sum", padding_idx=1)
    assert not layer.weight.requires_grad and layer.mode == "sum" and layer.padding_idx == 1
    table[0, 0] = 7.0
    assert layer.weight[0, 0] == 7.0  # shared
    assert fb.nn.EmbeddingBag.from_pretrained(table, freeze=False).weight.requires_grad


def test_older_order_of_arguments():
    with pytest.warns(UserWarning, match="Argument order of nn.functional.embedding_bag was changed"):
        out = fb.nn.functional.embedding_bag(fb.eye(3), fb.tensor([[0, 1]]))
    assert out.tolist() == [[0.5, 0.5, 0.0]]


def bag(lib):
    return lib.nn.functional.embedding_bag


@pytest.mark.parametrize(
    "call",
    [
        lambda f, i, w: f(i([0, 1, 2]), w, i([0, 2]), mode="mean", per_sample_weights=w[0, :1].expand(3)),
        lambda f, i, w: f(i([0, 1, 2]), w, i([0, 2]), mode="sum", per_sample_weights=w[0]),
        lambda f, i, w: f(i([[0, 1], [2, 4]]), w, None, mode="x"),
        lambda f, i, w: f(i([0, 1]), w),
        lambda f, i, w: f(i([0, 1]), w, i([[0]])),
        lambda f, i, w: f(i([0, 1]), w, i([0, 3])),
        lambda f, i, w: f(i([[[0, 1]]]), w),
        lambda f, i, w: f(i([0, 7]), w, i([0])),
        lambda f, i, w: f(i([0, 1]), w, i([0]), padding_idx=7),
        lambda f, i, w: f(i([0, 1]), w, i([0]), mode="max", scale_grad_by_freq=True),
        lambda f, i, w: f(i([0, 1]), w, i([0]), mode="max", sparse=True),
        lambda f, i, w: f(i([0.0, 1.0]), w, i([0])),
        lambda f, i, w: f(i([0, 1]), w[0], i([0])),
    ],
)
def test_errors(call):
    ours, theirs = (raised(lambda n=lib: call(bag(n), n.tensor, n.zeros(5, 2))) for lib in (fb, torch))
    assert ours == theirs


def test_offsets_beside_bags_of_one_size():
    with pytest.raises(ValueError, match="if input is 2D, then offsets has to be None"):
        bag(fb)(fb.tensor([[0, 1]]), fb.eye(3), fb.tensor([0]))


@pytest.mark.parametrize("options", [{"padding_idx": 5}, {"_weight": 0}], ids=str)
def test_constructor_errors(options):
    def make(lib):
        given = {k: lib.zeros(2, 2) if k == "_weight" else v for k, v in options.items()}
        return lib.nn.EmbeddingBag(5, 3, **given)

    assert raised(lambda: make(fb)) == raised(lambda: make(torch))
