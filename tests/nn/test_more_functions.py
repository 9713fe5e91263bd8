"""Functions and layers for single purposes: gradients of convolutions, products of groups, maxima with indices,
cross-entropy of a linear map, choices of attention kernels, synchronised normalisation."""

import importlib

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn
from flambeau.nn import functional as F
from flambeau.nn._functional import linear_cross_entropy
from flambeau.nn.attention import SDPBackend, _cur_sdpa_kernel_backends, sdpa_kernel

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")

rng = np.random.default_rng(0)


# ---- gradients of convolutions


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "groups": 2}, {"stride": 3, "padding": 2, "groups": 2}],
    ids=str,
)
def test_gradients_of_convolutions(n, options):
    x, w = rng.normal(size=(2, 4, 8, 7, 6)[: n + 2]), rng.normal(size=(6, 4 // options.get("groups", 1), *[2] * n))
    out = getattr(torch, f"conv{n}d")(torch.from_numpy(x), torch.from_numpy(w), **options).numpy()
    for part, given in (("input", (x.shape, w, out)), ("weight", (x, w.shape, out))):
        results = []
        for lib in (fb, torch):
            arguments = [lib.from_numpy(a) if isinstance(a, np.ndarray) else a for a in given]
            results.append(getattr(lib.nn.grad, f"conv{n}d_{part}")(*arguments, **options))
        assert_close(*results)
    assert F.grad is nn.grad


def test_gradients_of_convolutions_need_sizes_that_fit():
    w, g = fb.ones(1, 1, 2, 2), fb.ones(1, 1, 2, 2)
    with pytest.raises(RuntimeError, match=r"conv2d_input\(\): an input of size \(1, 1, 5, 3\) and a weight of size"):
        nn.grad.conv2d_input((1, 1, 5, 3), w, g)
    with pytest.raises(RuntimeError, match=r"conv2d_weight\(\): expected 4D sizes"):
        nn.grad.conv2d_weight(fb.ones(1, 1, 3), w.shape, g)


# ---- products of groups


GROUPED = [((6, 16), (2, 16, 8), [2, 6]), ((2, 8, 16), (16, 24), [8, 24]), ((8, 24), (24, 16), [8, 24]),
           ((2, 8, 24), (2, 24, 16), None)]  # fmt: skip


@pytest.mark.parametrize("a, b, offs", GROUPED)
def test_grouped_mm(a, b, offs):
    x, y = rng.normal(size=a).astype("float32"), rng.normal(size=b).astype("float32")

    def call(lib, s, t):
        ends = None if offs is None else lib.tensor(offs, dtype=lib.int32)
        return lib.nn.functional.grouped_mm(s, t, offs=ends)

    ours, theirs = [run(lib, lambda s, t, lib=lib: call(lib, s, t), [x, y]) for lib in (fb, torch)]
    assert_close(ours, theirs, 1e-5, 1e-5)


def test_rows_of_no_group_are_zeros():
    out = F.grouped_mm(fb.ones(4, 3), fb.ones(2, 3, 2), offs=fb.tensor([1, 3], dtype=fb.int32))
    assert out[:, 0].tolist() == [3.0, 3.0, 3.0, 0.0]


@pytest.mark.parametrize(
    "a, b, options",
    [
        ((6, 16), (2, 16, 8), {"offs": ([2, 6], "int64")}),
        ((6, 16), (2, 16, 8), {}),
        ((2, 8, 24), (2, 24, 16), {"offs": ([2, 6], "int32")}),
        ((2, 8, 24), (2, 16, 16), {}),
        ((6, 16), (2, 16, 8), {"offs": ([6], "int32")}),
        ((16,), (2, 16, 8), {}),
    ],
)
def test_errors_of_grouped_mm(a, b, options):
    def call(lib):
        offs = options.get("offs")
        offs = None if offs is None else lib.tensor(offs[0], dtype=getattr(lib, offs[1]))
        return lib.nn.functional.grouped_mm(lib.ones(a), lib.ones(b), offs=offs)

    assert raised(lambda: call(fb)) == raised(lambda: call(torch))


# ---- maxima with indices


@pytest.mark.parametrize("n", [1, 2, 3])
def test_maxima_with_indices(n):
    x = rng.normal(size=(2, 3, 6, 7, 8)[: n + 2])
    for name, args in (("max_pool", (2, 1)), ("adaptive_max_pool", (3,))):
        ours, theirs = [
            getattr(lib.nn.functional, f"{name}{n}d_with_indices")(lib.from_numpy(x), *args) for lib in (fb, torch)
        ]
        assert_close(ours, theirs)


@pytest.mark.parametrize("n", [2, 3])
def test_fractional_maxima_with_indices(n):
    x, samples = rng.normal(size=(2, 3, 6, 7, 8)[: n + 2]), rng.uniform(size=(2, 3, n))
    ours, theirs = [
        getattr(lib.nn.functional, f"fractional_max_pool{n}d_with_indices")(
            lib.from_numpy(x), 2, 3, _random_samples=lib.from_numpy(samples)
        )
        for lib in (fb, torch)
    ]
    assert_close(ours, theirs)


def test_distances_of_rows():
    x = rng.normal(size=(4, 3))
    assert_close(F.pdist(fb.from_numpy(x)), torch.nn.functional.pdist(torch.from_numpy(x)))


# ---- cross-entropy of a linear map

X, W, T = rng.normal(size=(7, 4)), rng.normal(size=(5, 4)), rng.integers(0, 5, 7)
B, PROBS = rng.normal(size=5), rng.dirichlet(np.ones(5), 7)


def entropy(lib, options, *arrays, bias=None, **kwargs):
    linear_bias = None if bias is None else lib.from_numpy(bias)
    function = lib.nn.functional.linear_cross_entropy

    def call(*tensors):
        return function(*tensors, linear_bias=linear_bias, options=options, **kwargs)

    return run(lib, call, arrays)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "arrays, kwargs",
    [
        ((X, W, T), {}),
        ((X, W, T), {"bias": B, "ignore_index": int(T[0])}),
        ((X[0], W, T[0]), {}),
        ((X, W, PROBS), {"label_smoothing": 0.1}),
        ((X, rng.normal(size=(5, 2, 4)), rng.integers(0, 5, (7, 2))), {"bias": rng.normal(size=(5, 2))}),
    ],
)
def test_linear_cross_entropy(arrays, kwargs, reduction):
    ours, theirs = [entropy(lib, None, *arrays, reduction=reduction, **kwargs) for lib in (fb, torch)]
    assert_close(ours, theirs)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("size", [1, 3, 20, None])
def test_in_chunks(size, reduction):
    kwargs = {"reduction": reduction, "bias": B, "weight": fb.from_numpy(np.abs(B)), "ignore_index": int(T[1])}
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=size)
    assert_close(entropy(fb, options, X, W, T, **kwargs), entropy(fb, None, X, W, T, **kwargs))


def test_no_chunk_is_too_large(monkeypatch):
    widths = []

    def watched(scores, *args, **kwargs):
        widths.append(len(scores))
        return F.cross_entropy(scores, *args, **kwargs)

    monkeypatch.setattr(linear_cross_entropy, "cross_entropy", watched)
    entropy(fb, nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:1"), X, W, T)
    assert max(widths) == 5 and sum(widths) == 14  # 7 samples of 4 numbers are 5 of 5 scores; forward and backward


def test_options_that_do_not_apply_are_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="linear_cross_entropy: ``options`` ignored; chunked path needs reduction in"):
        loss, _ = entropy(fb, nn.LinearCrossEntropyOptions(), X, W, PROBS)
    assert_close(loss, entropy(fb, None, X, W, PROBS)[0])


@pytest.mark.parametrize(
    "kwargs", [{"acc_policy": "x"}, {"chunking_method": "x"}, {"batch_chunk_size": 0}, {"batch_chunk_size": -1}]
)
def test_errors_of_options(kwargs):
    ours, theirs = [raised(lambda lib=lib: lib.nn.LinearCrossEntropyOptions(**kwargs)) for lib in (fb, torch)]
    assert ours == theirs
    assert repr(nn.LinearCrossEntropyOptions()) == repr(torch.nn.LinearCrossEntropyOptions())


@pytest.mark.parametrize(
    "shapes", [((7, 4), (5, 3)), ((7, 4), (4,)), ((1, 7, 4), (5, 4)), ((4,), (5, 2, 4))], ids=str
)
def test_errors_of_linear_cross_entropy(shapes):
    def call(lib):
        x, w = map(lib.ones, shapes)
        return lib.nn.functional.linear_cross_entropy(x, w, lib.zeros(7, dtype=lib.int64))

    assert raised(lambda: call(fb)) == raised(lambda: call(torch))


@pytest.mark.parametrize("kwargs", [{}, {"bias": True, "out_features": (2, 3)}, {"weight": np.abs(B)}], ids=str)
def test_linear_cross_entropy_loss(kwargs):
    target = rng.integers(0, 5, (7, *kwargs.get("out_features", ())))
    seen = []
    for lib in (fb, torch):
        lib.manual_seed(3)
        tensors = {k: lib.from_numpy(v).float() if k == "weight" else v for k, v in kwargs.items()}
        loss = lib.nn.LinearCrossEntropyLoss(4, 5, **tensors)
        value = loss(lib.from_numpy(X.astype("float32")), lib.from_numpy(target))
        seen.append((repr(loss), [(k, tuple(v.shape)) for k, v in loss.state_dict().items()], value))
    assert seen[0][:2] == seen[1][:2]
    assert_close(seen[0][2], seen[1][2], 1e-5, 1e-6)


# ---- attention


def test_choice_of_attention_kernels():
    before = _cur_sdpa_kernel_backends()
    x = fb.rand(1, 2, 3, 4)
    plain = F.scaled_dot_product_attention(x, x, x)
    with sdpa_kernel(SDPBackend.MATH):
        assert _cur_sdpa_kernel_backends() == [SDPBackend.MATH]
        with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION]):
            assert SDPBackend.MATH not in _cur_sdpa_kernel_backends()
            assert F.scaled_dot_product_attention(x, x, x).equal(plain)
        assert _cur_sdpa_kernel_backends() == [SDPBackend.MATH]
    assert _cur_sdpa_kernel_backends() == before
    with pytest.raises(AssertionError, match="Backend must be an instance of SDPBackend or a list"), sdpa_kernel("x"):
        pass


def test_names_of_attention_kernels():
    theirs = torch.nn.attention.SDPBackend.__members__
    assert {k: v.value for k, v in SDPBackend.__members__.items()} == {k: int(v) for k, v in theirs.items()}


@pytest.mark.parametrize("name", ["causal_upper_left", "causal_lower_right"])
def test_causal_masks(name):
    results = []
    for lib in (fb, torch):
        bias = getattr(importlib.import_module(f"{lib.__name__}.nn.attention.bias"), name)(3, 5)
        q, k = [lib.from_numpy(np.arange(4.0 * n).reshape(1, n, 4) / 9) for n in (3, 5)]
        out = lib.nn.functional.scaled_dot_product_attention(q, k, k, attn_mask=bias)
        results.append((str(bias.variant), bias.seq_len_q, bias.seq_len_kv, bias._materialize().tolist(), out))
    assert results[0][:4] == results[1][:4]
    assert_close(results[0][4], results[1][4])


def test_causal_masks_that_leave_nothing():
    from flambeau.nn.attention.bias import causal_lower_right, causal_upper_left

    with pytest.warns(UserWarning, match="Lower right causal bias will produce NaNs in the output when"):
        mask = causal_lower_right(3, 2)
    assert mask.tolist() == [[False, False], [True, False], [True, True]] and type(~mask) is fb.Tensor
    with pytest.raises(ValueError, match="causal_upper_left only supports 2D tensors"):
        causal_upper_left(2)


# ---- synchronised normalisation


def test_conversion_to_synchronised_normalisation():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Sequential(nn.BatchNorm2d(4, affine=False))).eval()
    first = model[1]
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert converted is model and type(model[1]) is type(model[2][0]) is nn.SyncBatchNorm
    assert model[1].weight is first.weight and model[1].running_mean is first.running_mean
    assert not model[1].training and not model[2][0].affine
    assert type(nn.SyncBatchNorm.convert_sync_batchnorm(first, "group")) is nn.SyncBatchNorm
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    theirs.append(torch.nn.Sequential(torch.nn.BatchNorm2d(4, affine=False)))
    assert repr(model) == repr(torch.nn.SyncBatchNorm.convert_sync_batchnorm(theirs))


def test_errors_of_synchronised_normalisation():
    for size in ((3,), (2, 0, 4)):
        assert raised(lambda s=size: nn.SyncBatchNorm(3)(fb.ones(s))) == raised(
            lambda s=size: torch.nn.SyncBatchNorm(3)(torch.ones(s))
        )


# ---- older and smaller names


def test_container():
    with pytest.warns(FutureWarning, match="`nn.Container` is deprecated. All of its functionality"):
        assert list(nn.Container(a=nn.Linear(1, 1)).state_dict()) == ["a.weight", "a.bias"]


def test_factory_kwargs():
    assert nn.factory_kwargs(None) == {} and nn.factory_kwargs({"dtype": fb.int8}) == {"dtype": fb.int8}
    assert nn.factory_kwargs({"factory_kwargs": {"device": "cpu"}}) == {"device": "cpu"}
    for kwargs in ({"x": 1}, {"device": 1, "factory_kwargs": {"device": 2}}):
        assert raised(lambda k=kwargs: nn.factory_kwargs(k)) == raised(lambda k=kwargs: torch.nn.factory_kwargs(k))
