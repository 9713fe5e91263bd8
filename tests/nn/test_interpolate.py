"""interpolate beyond its row: bytes, memory formats, infinite elements, and the older names."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, run

torch = pytest.importorskip("torch")
F, G = fb.nn.functional, torch.nn.functional


def images(dtype="float64", shape=(2, 3, 7, 6)):
    return (np.random.default_rng(0).uniform(0, 255, shape)).astype(dtype)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("size", [(3, 4), (11, 13), (7, 9), (4, 6)])
@pytest.mark.parametrize(
    "options",
    [
        {"mode": "nearest"},
        {"mode": "nearest-exact"},
        {"mode": "bilinear"},
        {"mode": "bilinear", "align_corners": True},
        {"mode": "bicubic"},
        {"mode": "bilinear", "antialias": True},
        {"mode": "bicubic", "antialias": True},
        {"mode": "lanczos", "antialias": True},
    ],
    ids=str,
)
def test_bytes(options, size, channels_last):
    results = []
    for lib, functional in ((fb, F), (torch, G)):
        x = lib.from_numpy(images("uint8"))
        x = x.contiguous(memory_format=lib.channels_last) if channels_last else x
        results.append(functional.interpolate(x, size, **options))
    assert results[0].stride() == results[1].stride()
    assert_close(*results)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_channels_last_is_kept(mode):
    x = fb.from_numpy(images()).contiguous(memory_format=fb.channels_last)
    out = F.interpolate(x, (5, 9), mode=mode)
    assert out.is_contiguous(memory_format=fb.channels_last)
    assert_close(out, F.interpolate(x.contiguous(), (5, 9), mode=mode))
    volume = fb.rand(2, 3, 2, 4, 3).contiguous(memory_format=fb.channels_last_3d)
    assert F.interpolate(volume, scale_factor=2).is_contiguous(memory_format=fb.channels_last_3d)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_long_and_short_dimensions(mode, antialias):
    """Short ones are multiplied with a matrix, long ones are not."""
    x, options = images(shape=(2, 2, 90, 12)), {"mode": mode, "antialias": antialias}
    for size in ((140, 20), (30, 5), (91, 13)):
        results = [
            run(lib, lambda t, f=f, size=size: f.interpolate(t, size, **options), [x])
            for lib, f in ((fb, F), (torch, G))
        ]
        assert_close(*results, 1e-9, 1e-9)


def test_matrices_and_taps_agree():
    from flambeau.kernels.base.resample import resample, taps_of

    x = np.random.default_rng(0).normal(size=(2, 5, 6, 7))
    for mode in ("linear", "cubic", "lanczos"):
        table = [taps_of(mode, old, new, antialias=mode == "lanczos") for old, new in ((5, 8), (6, 3), (7, 9))]
        for tables in (table, [t.transposed for t in table]):
            source = x if tables is table else np.random.default_rng(1).normal(size=(2, 8, 3, 9))
            np.testing.assert_allclose(
                resample(source, tuple(tables), np.matmul), resample(source, tuple(tables)), 1e-12, 1e-12
            )
            assert resample(source, tuple(tables)).shape == (2, *[len(t.places) for t in tables])


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_a_result_of_the_same_size_is_a_copy(mode):
    x = fb.from_numpy(images())
    out = F.interpolate(x, x.shape[2:], mode=mode)
    assert_close(out, x)
    out.zero_()
    assert x.abs().sum() > 0


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_which_element_is_nearest(mode):
    for size in range(1, 24):
        for out in range(1, 40):
            x = np.arange(float(size)).reshape(1, 1, 1, size)
            ours, theirs = [f.interpolate(lib.from_numpy(x), (1, out), mode=mode) for lib, f in ((fb, F), (torch, G))]
            assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("layout", ["plain", "channels_last"])
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_nearest_elements_by_every_kernel_of_pytorch(mode, dims, layout):
    """Its kernels round differently: sizes and scales at which they choose different elements, in all dtypes."""
    calls = [(14, {"size": o}) for o in (17, 28, 157)] + [(4, {"size": 242}), (10, {"size": 82})]
    calls += [(n, {"scale_factor": s}) for n, s in ((6, 2.01), (60, 1.01), (90, 2.005), (50, 0.7))]
    for dtype in ("float32", "float64", "float16", "uint8"):
        for size, options in calls:
            x = np.arange(size).reshape(1, 1, *[1] * (dims - 1), size).repeat(4, 1).astype(dtype)
            if layout == "channels_last" and dims > 1:
                x = np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1)
            options = {k: (1,) * (dims - 1) + (v,) for k, v in options.items()}
            ours, theirs = [f.interpolate(lib.from_numpy(x), mode=mode, **options) for lib, f in ((fb, F), (torch, G))]
            assert ours.tolist() == theirs.tolist(), (dtype, size, options)


def test_antialias_of_images_of_one_column():
    """PyTorch gives all rows the weights of the first one here."""
    x = fb.from_numpy(images(shape=(1, 1, 6, 1)))
    options = dict(mode="bilinear", antialias=True)
    wide = F.interpolate(x.expand(1, 1, 6, 2), (4, 2), **options)
    assert_close(F.interpolate(x, (4, 1), **options), wide[..., :1])


def test_infinite_elements_stay_where_they_are():
    x = fb.zeros(1, 1, 8, 8)
    x[0, 0, 3, 3] = float("inf")
    out = F.interpolate(x, (3, 3), mode="bilinear", antialias=True)
    assert out.isinf().sum() == 4 and not out.isnan().any()
    x = fb.zeros(1, 1, 3, requires_grad=True)
    F.interpolate(x, 6).backward(fb.tensor([[[0.0, 0, float("inf"), 0, 0, 0]]]))
    assert x.grad.tolist() == [[[0.0, float("inf"), 0.0]]]


def test_upsample_and_its_relatives():
    array = images()
    for call, text in (
        (lambda f, x: f.upsample(x, scale_factor=2, mode="bilinear"), "upsample"),
        (lambda f, x: f.upsample_nearest(x, 5), "upsample_nearest"),
        (lambda f, x: f.upsample_bilinear(x, 5), "upsample_bilinear"),
    ):
        with pytest.warns(UserWarning, match=f"`nn.functional.{text}` is deprecated. Use `nn.functional.interpolate`"):
            results = [run(lib, lambda x, f=f, c=call: c(f, x), [array]) for lib, f in ((fb, F), (torch, G))]
        assert_close(*results)
