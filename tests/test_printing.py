"""The text of tensors equals PyTorch's where it is installed; fixed samples everywhere."""

import math

import numpy as np
import pytest

import flambeau as fb

DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex64",
          "complex128", "uint16", "uint32", "uint64"]  # fmt: skip


@pytest.fixture(autouse=True)
def default_options():
    yield
    fb.set_printoptions(profile="default")
    fb.set_default_dtype(fb.float32)


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    yield torch
    torch.set_printoptions(profile="default")
    torch.set_default_dtype(torch.float32)


def both(torch, array, dtype, **options):
    """The texts of one array in both libraries."""
    if dtype == "float16":  # rounded once on the way from float64, not twice
        array = array.astype(np.float32)
    ours = fb.tensor(array, dtype=getattr(fb, dtype), **options)
    theirs = torch.tensor(array, dtype=getattr(torch, dtype), **options)
    return repr(ours), repr(theirs)


def arrays(rng):
    """Arrays of every kind of range: small, large, mixed, integral, special values."""
    for shape in [
        (),
        (1,),
        (3,),
        (0,),
        (0, 3),
        (2, 0),
        (25,),
        (2, 3),
        (3, 4, 5),
        (1, 1, 2, 2),
        (1200,),
        (40, 50),
        (7, 5, 40),
        (8, 8, 8, 8),
    ]:
        yield rng.standard_normal(shape)
        yield rng.standard_normal(shape) * 1000
        yield np.round(rng.standard_normal(shape) * 50)
        yield np.round(rng.standard_normal(shape) * 100000)
        yield 10.0 ** rng.uniform(-6, 6, shape)
        yield rng.standard_normal(shape) * 1e-5
        yield np.zeros(shape)
        yield np.round(rng.uniform(0, 3, shape)) * 1e9
        special = rng.standard_normal(shape)
        special = np.where(
            rng.random(shape) < 0.3, rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], size=shape), special
        )
        yield special
        yield np.where(rng.random(shape) < 0.5, rng.choice([np.nan, np.inf, -np.inf], size=shape), 3.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_floats_equal_torch(torch, dtype):
    for a in arrays(np.random.default_rng(1)):
        ours, theirs = both(torch, a, dtype)
        assert ours == theirs


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"]
)
def test_integers_equal_torch(torch, dtype):
    rng = np.random.default_rng(2)
    for shape in [(), (4,), (0,), (0, 2), (3, 0), (30,), (3, 4), (2, 3, 4), (2000,), (50, 60)]:
        for high in (2, 100):
            ours, theirs = both(torch, rng.integers(0, high, shape), dtype)
            assert ours == theirs
    if dtype != "bool":
        limits = np.iinfo(dtype)
        assert len(set(both(torch, np.array([[limits.min, 1], [limits.max, 0]], dtype), dtype))) == 1


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_equal_torch(torch, dtype):
    rng = np.random.default_rng(3)
    parts = list(arrays(rng))
    for real, imag in zip(parts, parts[1:] + parts[:1], strict=True):
        if real.shape == imag.shape:
            ours, theirs = both(torch, real + 1j * np.nan_to_num(imag), dtype)
            assert ours == theirs
            ours, theirs = both(
                torch, np.empty(real.shape) + 1j * imag if real.size == 0 else imag + 0j, dtype
            )
            assert ours == theirs


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("default", ["float32", "float64", "bfloat16"])
def test_notes_equal_torch(torch, dtype, default):
    if default == "bfloat16" and dtype.startswith("complex"):
        pytest.skip("PyTorch's complex type of a half default dtype is complex32")
    fb.set_default_dtype(getattr(fb, default))
    torch.set_default_dtype(getattr(torch, default))
    for a in (
        np.ones(2),
        np.ones((0, 3)),
        np.ones(0),
        np.ones(()),
        np.ones(26),
        np.ones((3, 12)),
        np.ones((2, 3, 4)),
    ):
        assert len(set(both(torch, a, dtype))) == 1
        if "float" in dtype or "complex" in dtype:
            assert len(set(both(torch, a, dtype, requires_grad=True))) == 1
    for width in range(20, 60):
        fb.set_printoptions(linewidth=width)
        torch.set_printoptions(linewidth=width)
        assert len(set(both(torch, np.ones(4), dtype))) == 1


@pytest.mark.parametrize(
    "options",
    [
        dict(precision=2), dict(precision=8), dict(threshold=5), dict(threshold=5, edgeitems=1), dict(linewidth=40),
        dict(linewidth=5), dict(sci_mode=True), dict(sci_mode=False), dict(profile="short"), dict(profile="full"),
        dict(profile="short", precision=6), dict(edgeitems=2), dict(precision=0), dict(threshold=math.inf),
    ],
)  # fmt: skip
def test_options_equal_torch(torch, options):
    fb.set_printoptions(**options)
    torch.set_printoptions(**options)
    for a in arrays(np.random.default_rng(4)):
        if a.size > 2000 and ("full" in options.values() or math.inf in options.values()):
            continue
        for dtype in ("float32", "float64", "complex64"):
            assert len(set(both(torch, a, dtype))) == 1
    assert (
        len(set(both(torch, np.arange(3000).reshape(3, 1000), "int64"))) == 1
        or options.get("profile") == "full"
    )


def test_fixed_samples():
    assert repr(fb.tensor([1.0, 2.5])) == "tensor([1.0000, 2.5000])"
    assert repr(fb.tensor([1, 20])) == "tensor([ 1, 20])"
    assert repr(fb.tensor([[True, False]])) == "tensor([[ True, False]])"
    assert repr(fb.tensor(3.0)) == "tensor(3.)"
    assert repr(fb.tensor([1e-5, 1.0])) == "tensor([1.0000e-05, 1.0000e+00])"
    assert repr(fb.tensor([math.nan, 1.0, math.inf])) == "tensor([nan, 1., inf])"
    assert repr(fb.tensor([1 + 2j, 0.5])) == "tensor([1.0000+2.j, 0.5000+0.j])"
    assert repr(fb.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert (
        repr(fb.zeros(2, dtype=fb.float64, requires_grad=True))
        == "tensor([0., 0.], dtype=torch.float64, requires_grad=True)"
    )
    assert repr(fb.arange(2000)) == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"
    assert str(fb.tensor([1, 2])) == "tensor([1, 2])"


def test_history_subclasses_and_formats():
    x = fb.ones(2, requires_grad=True)
    assert repr(x + 1) == "tensor([2., 2.], grad_fn=<AddBackward0>)"
    assert repr(fb.nn.Parameter(fb.ones(2))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"

    class Image(fb.Tensor):
        pass

    assert repr(Image([1.0, 2.0])) == "Image([1., 2.])"
    assert f"{fb.tensor(1.5):.2f}" == "1.50"
    assert f"{fb.tensor(1.5, requires_grad=True)} {fb.tensor(True)}" == "1.5 True"
    assert f"{fb.nn.Parameter(fb.tensor(1.5))}" == "Parameter containing:\ntensor(1.5000, requires_grad=True)"
    assert f"{fb.tensor([1.5])}" == "tensor([1.5000])"
    assert f"{fb.tensor(1.5)} {fb.tensor(3, requires_grad=False)} {fb.tensor(True)}" == "1.5 3 True"
    assert f"{fb.nn.Parameter(fb.tensor(1.5))}".startswith("Parameter containing:")


def test_bad_options_change_nothing():
    with pytest.raises(ValueError, match="default, short, full"):
        fb.set_printoptions(profile="long", precision=2)
    assert repr(fb.tensor(0.25)) == "tensor(0.2500)"
