"""The namespace by the text of the array API standard 2024.12: names, signatures, capabilities, the array object."""

import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace

import flambeau as fb
import flambeau.array_api as xp

UNARY = """abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf
    isnan log log1p log2 log10 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square
    tan tanh trunc nonzero unique_all unique_counts unique_inverse unique_values matrix_transpose"""
BINARY = """add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal
    floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum
    minimum multiply nextafter not_equal pow remainder subtract matmul"""
LINALG_UNARY, LINALG_BINARY = "det eigh eigvalsh inv matrix_transpose slogdet svdvals", "matmul outer solve"
REDUCTIONS = {"all any max mean min": "", "std var": "correction=0.0, ", "sum prod": "dtype=None, "}
SIGNATURES = """
    arange(start, /, stop=None, step=1, *, dtype=None, device=None)
    asarray(obj, /, *, dtype=None, device=None, copy=None)
    empty(shape, *, dtype=None, device=None)
    empty_like(x, /, *, dtype=None, device=None)
    eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)
    from_dlpack(x, /, *, device=None, copy=None)
    full(shape, fill_value, *, dtype=None, device=None)
    full_like(x, /, fill_value, *, dtype=None, device=None)
    linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True)
    meshgrid(*arrays, indexing='xy')
    ones(shape, *, dtype=None, device=None)
    ones_like(x, /, *, dtype=None, device=None)
    tril(x, /, *, k=0)
    triu(x, /, *, k=0)
    zeros(shape, *, dtype=None, device=None)
    zeros_like(x, /, *, dtype=None, device=None)
    astype(x, dtype, /, *, copy=True, device=None)
    can_cast(from_, to, /)
    finfo(type, /)
    iinfo(type, /)
    isdtype(dtype, kind)
    result_type(*arrays_and_dtypes)
    clip(x, /, min=None, max=None)
    tensordot(x1, x2, /, *, axes=2)
    vecdot(x1, x2, /, *, axis=-1)
    broadcast_arrays(*arrays)
    broadcast_to(x, /, shape)
    concat(arrays, /, *, axis=0)
    flip(x, /, *, axis=None)
    moveaxis(x, source, destination, /)
    permute_dims(x, /, axes)
    repeat(x, repeats, /, *, axis=None)
    reshape(x, /, shape, *, copy=None)
    roll(x, /, shift, *, axis=None)
    squeeze(x, /, axis)
    stack(arrays, /, *, axis=0)
    tile(x, repetitions, /)
    unstack(x, /, *, axis=0)
    argmax(x, /, *, axis=None, keepdims=False)
    argmin(x, /, *, axis=None, keepdims=False)
    count_nonzero(x, /, *, axis=None, keepdims=False)
    searchsorted(x1, x2, /, *, side='left', sorter=None)
    where(condition, x1, x2, /)
    take(x, indices, /, *, axis=None)
    take_along_axis(x, indices, /, *, axis=-1)
    argsort(x, /, *, axis=-1, descending=False, stable=True)
    sort(x, /, *, axis=-1, descending=False, stable=True)
    cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False)
    cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False)
    diff(x, /, *, axis=-1, n=1, prepend=None, append=None)
    __array_namespace_info__()
    linalg.cholesky(x, /, *, upper=False)
    linalg.cross(x1, x2, /, *, axis=-1)
    linalg.diagonal(x, /, *, offset=0)
    linalg.matrix_norm(x, /, *, keepdims=False, ord='fro')
    linalg.matrix_power(x, n, /)
    linalg.matrix_rank(x, /, *, rtol=None)
    linalg.pinv(x, /, *, rtol=None)
    linalg.qr(x, /, *, mode='reduced')
    linalg.svd(x, /, *, full_matrices=True)
    linalg.tensordot(x1, x2, /, *, axes=2)
    linalg.trace(x, /, *, offset=0, dtype=None)
    linalg.vecdot(x1, x2, /, *, axis=-1)
    linalg.vector_norm(x, /, *, axis=None, keepdims=False, ord=2)
    fft.fftfreq(n, /, *, d=1.0, dtype=None, device=None)
    fft.rfftfreq(n, /, *, d=1.0, dtype=None, device=None)
    fft.fftshift(x, /, *, axes=None)
    fft.ifftshift(x, /, *, axes=None)
"""


def signatures():
    """name -> the signature in the standard."""
    table = dict.fromkeys(UNARY.split(), "(x, /)") | dict.fromkeys(BINARY.split(), "(x1, x2, /)")
    table |= {f"linalg.{n}": "(x, /)" for n in LINALG_UNARY.split()}
    table |= {f"linalg.{n}": "(x1, x2, /)" for n in LINALG_BINARY.split()}
    for names, extra in REDUCTIONS.items():
        table |= dict.fromkeys(names.split(), f"(x, /, *, axis=None, {extra}keepdims=False)")
    for n in "fft ifft rfft irfft hfft ihfft".split():
        table[f"fft.{n}"] = "(x, /, *, n=None, axis=-1, norm='backward')"
    for n in "fftn ifftn rfftn irfftn".split():
        table[f"fft.{n}"] = "(x, /, *, s=None, axes=None, norm='backward')"
    return table | dict(
        re.fullmatch(r"([\w.]+)(\(.*)", line.strip()).groups() for line in SIGNATURES.strip().splitlines()
    )


def found(name):
    target = xp
    for part in name.split("."):
        target = getattr(target, part)
    return target


@pytest.mark.parametrize("name,expected", signatures().items())
def test_signature(name, expected):
    assert str(inspect.signature(found(name))) == expected
    assert found(name).__doc__


def test_expand_dims_takes_the_axis_by_name_or_place():
    assert str(inspect.signature(xp.expand_dims)) == "(x, /, axis=0)"  # the standard: by name only


def test_all_names_and_no_others():
    names = {n for n in signatures() if "." not in n} | {"expand_dims"}
    constants = {"e", "inf", "nan", "newaxis", "pi", "__array_api_version__", "linalg", "fft"}
    dtypes = set(xp.__array_namespace_info__().dtypes())
    assert set(xp.__all__) == set(dir(xp)) == names | constants | dtypes
    for extension in ("linalg", "fft"):
        listed = {n.split(".")[1] for n in signatures() if n.startswith(extension + ".")}
        assert set(found(extension).__all__) == listed
    assert xp.__array_api_version__ == "2024.12" and xp.newaxis is None


def test_signatures_against_array_api_strict():
    strict = pytest.importorskip("array_api_strict")
    for name in signatures():
        if name.startswith("__"):
            continue
        theirs = strict
        for part in name.split("."):
            theirs = getattr(theirs, part)
        ours = inspect.signature(found(name)).parameters
        expected = inspect.signature(theirs).parameters
        assert [(p.name, p.kind) for p in ours.values()] == [(p.name, p.kind) for p in expected.values()], (
            name
        )


# ---- the array object


def test_array_namespace():
    x = xp.ones(2)
    assert x.__array_namespace__() is x.__array_namespace__(api_version="2024.12") is xp
    assert x.__array_namespace__(api_version="2021.12") is xp
    with pytest.raises(ValueError, match="2024.12"):
        x.__array_namespace__(api_version="1999.1")


def test_array_namespace_is_imported_on_first_use():
    code = """if True:
        import sys, flambeau as fb
        assert "flambeau.array_api" not in sys.modules
        assert fb.ones(1).__array_namespace__() is fb.array_api is sys.modules["flambeau.array_api"]
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_attributes_and_methods():
    operators = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
    methods = [f"__{p}{o}__" for o in operators for p in ("", "r")]
    others = """abs array_namespace bool complex dlpack dlpack_device eq float ge getitem gt index int invert le lt
        ne neg pos setitem"""
    methods += [f"__{o}__" for o in others.split()]
    methods += ["to_device", "dtype", "device", "mT", "T", "ndim", "shape"]
    x = xp.asarray([[1.0, 2.0, 3.0]])
    assert [m for m in methods if not hasattr(x, m)] == []
    assert (
        isinstance(x.shape, tuple) and x.shape == (1, 3) and x.ndim == 2 and x.mT.shape == x.T.shape == (3, 1)
    )
    assert bool(xp.asarray(True)) is True and [10, 20][xp.asarray(1)] == 20 and complex(xp.asarray(1j)) == 1j
    assert float(xp.asarray(2.5)) == 2.5 and int(xp.asarray(2)) == 2 and xp.asarray(2).__index__() == 2
    with pytest.raises(TypeError, match="index"):
        [10, 20][xp.asarray(1.0)]


def test_to_device():
    x = xp.ones(2)
    assert x.to_device("cpu") is x.to_device(x.device) is x
    with pytest.raises(ValueError, match="stream"):
        x.to_device("cpu", stream=1)
    with pytest.raises(RuntimeError):
        x.to_device("nowhere")


def test_info():
    info = xp.__array_namespace_info__()
    assert info.capabilities() == {
        "boolean indexing": True,
        "data-dependent shapes": True,
        "max dimensions": 64,
    }
    assert xp.ones((1,) * 64).ndim == 64
    assert info.default_device() == xp.ones(1).device and info.default_device() in info.devices()
    names = info.default_dtypes(device=info.default_device())
    assert names == {"real floating": xp.asarray(1.0).dtype, "complex floating": xp.asarray(1j).dtype,
                     "integral": xp.asarray(1).dtype, "indexing": xp.argmax(xp.ones(1)).dtype}  # fmt: skip
    assert info.dtypes() == {**info.dtypes(kind="bool"), **info.dtypes(kind="numeric")}
    unsigned = {"uint8": xp.uint8, "uint16": xp.uint16, "uint32": xp.uint32, "uint64": xp.uint64}
    assert info.dtypes(kind=("bool", "unsigned integer")) == {"bool": xp.bool, **unsigned}
    assert {*unsigned} <= {*dir(xp), *info.dtypes()}
    with pytest.raises(ValueError, match="kind"):
        info.dtypes(kind="float")


def test_default_dtypes_follow_set_default_dtype():
    fb.set_default_dtype(fb.float64)
    try:
        names = xp.__array_namespace_info__().default_dtypes()
        assert names["complex floating"] is xp.complex128 and xp.linspace(0, 1, 2).dtype is xp.float64
    finally:
        fb.set_default_dtype(fb.float32)


# ---- what Hypothesis and array-api-compat need


@pytest.mark.filterwarnings("ignore:Array module flambeau.array_api does not have")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_strategies_of_hypothesis(data):
    xps = make_strategies_namespace(xp, api_version="2022.12")
    dtype = data.draw(xps.scalar_dtypes() if data.draw(st.booleans()) else xps.numeric_dtypes())
    x = data.draw(xps.arrays(dtype, xps.array_shapes(min_dims=0, min_side=0, max_side=3)))
    assert isinstance(x, fb.Tensor) and x.dtype is dtype
    a = np.asarray(x)
    for _ in range(2):
        key = data.draw(xps.indices(x.shape, allow_newaxis=True))
        keys = key if isinstance(key, tuple) else (key,)
        if not any(isinstance(k, slice) and k.step is not None and k.step < 0 for k in keys):
            np.testing.assert_array_equal(np.asarray(x[key]), a[key])


def test_array_api_compat():
    compat = pytest.importorskip("array_api_compat")
    x = xp.ones((2, 3))
    assert compat.array_namespace(x, x) is xp and compat.is_array_api_obj(x) and compat.size(x) == 6
    assert compat.device(x) == x.device and compat.to_device(x, "cpu") is x
