"""The tests that every row of the table gets."""

import pathlib
import warnings

import numpy as np
import pytest

import flambeau as fb
from flambeau import _core
from flambeau.ops import FUNCTIONS, METHODS

from .table import ELSEWHERE, ROWS, Bad, Sample

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")
by_row = pytest.mark.parametrize("row", ROWS, ids=str)
by_dtype = pytest.mark.parametrize("row,dtype", [(r, d) for r in ROWS for d in r.dtypes], ids=str)


# ------------------------------------------------------------------------------------------------ helpers


def array_of(value):
    """Results as plain arrays that NumPy can compare (bfloat16 as float32)."""
    array = _core.array_of(value.detach()) if isinstance(value, fb.Tensor) else np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind == "V" or array.dtype == fb.bfloat16.numpy else array


def flatten(result):
    """The tensors and numbers of a result, in order."""
    if isinstance(result, (tuple, list)):
        return [leaf for r in result for leaf in flatten(r)]
    return [result]


def to_torch(t):
    array = _core.array_of(t)
    if t.dtype is fb.bfloat16:
        return (
            torch.from_numpy(np.ascontiguousarray(array).view(np.int16))
            .view(torch.bfloat16)
            .reshape(tuple(t.shape))
        )
    return torch.from_numpy(array.copy()).reshape(tuple(t.shape))


def from_torch(value):
    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    value = value.detach().resolve_conj().resolve_neg()
    return value.float().numpy() if value.dtype is torch.bfloat16 else value.numpy()


def torch_function(row):
    if row.torch is None:
        return None
    if callable(row.torch):
        return row.torch
    path = row.name if row.torch == "auto" else row.torch
    for home in (torch, torch.nn.functional, torch.Tensor, torch.special, torch.linalg):
        found = home
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is not None:
            return found
    raise LookupError(f"row '{row.name}': PyTorch has no such function; say torch=None or give a path")


def quiet(function, sample):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*sample.args, **sample.kwargs)


def check_close(row, dtype, got, expected, sample):
    got, expected = flatten(got), flatten(expected)
    assert len(got) == len(expected), f"{row.name}{sample}: {len(got)} results, expected {len(expected)}"
    rtol, atol = row.tolerance(dtype)
    for g, e in zip(got, expected, strict=True):
        if e is None or g is None:
            assert e is g, f"{row.name}{sample}"
            continue
        g, e = array_of(g), np.asarray(e)
        assert g.shape == e.shape, f"{row.name}{sample}: shape {g.shape}, expected {e.shape}"
        np.testing.assert_allclose(g, e, rtol, atol, equal_nan=True, err_msg=f"{row.name}{sample}")


# --------------------------------------------------------------------------------------------------- tests


@by_row
def test_against_numpy(row):
    if row.reference is None:
        assert row.torch is not None, f"row '{row.name}' has neither a NumPy reference nor a PyTorch function"
        return
    dtype = next((d for d in ("float64", "complex128", "int64", "bool") if d in row.dtypes), row.dtypes[0])
    for sample in row.make(dtype):
        expected = sample.map(lambda t: array_of(t).copy())
        with np.errstate(all="ignore"):
            reference = quiet(row.reference, expected)
        check_close(row, dtype, quiet(row.function, sample), reference, sample)


@needs_torch
@by_dtype
def test_against_torch(row, dtype):
    function = torch_function(row)
    if function is None:
        assert row.reference is not None, (
            f"row '{row.name}' has neither a NumPy reference nor a PyTorch function"
        )
        return
    for sample in row.make(dtype):
        expected = quiet(function, sample.map(to_torch))
        got = quiet(row.function, sample)
        check_close(
            row, dtype, got, [None if e is None else from_torch(e) for e in flatten(expected)], sample
        )
        for g, e in zip(flatten(got), flatten(expected), strict=True):
            if isinstance(e, torch.Tensor):
                assert repr(g.dtype) == repr(e.dtype), (
                    f"{row.name}{sample}: dtype {g.dtype}, expected {e.dtype}"
                )


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e30, -1e30, 88.8, -104.0,
           20.5, 1e-8]  # fmt: skip


@needs_torch
@pytest.mark.parametrize("row", [r for r in ROWS if r.edges and "float32" in r.dtypes], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(row, dtype):
    function = torch_function(row)
    if function is None or dtype not in row.dtypes:
        return
    values = np.array(SPECIAL)
    n_tensors = len(row.make(dtype)[0].tensors())
    grids = np.meshgrid(*[values] * n_tensors) if n_tensors > 1 else [values]
    sample = Sample(*[fb.from_numpy(g.astype(dtype).reshape(-1)) for g in grids])
    expected = quiet(function, sample.map(to_torch))
    rtol, atol = row.tolerance(dtype)
    for g, e in zip(flatten(quiet(row.function, sample)), flatten(expected), strict=True):
        np.testing.assert_allclose(
            array_of(g), from_torch(e), rtol, 1e-30, equal_nan=True, err_msg=f"{row.name}{sample}"
        )


def gradients_of(lib, function, arrays):
    """The gradients of the sum of the results; None where nothing is recorded."""
    leaves = [lib.tensor(a.tolist(), dtype=lib.float64, requires_grad=True) for a in arrays]
    results = [
        r for r in flatten(quiet(function, Sample(*leaves))) if isinstance(r, lib.Tensor) and r.requires_grad
    ]
    if not results:
        return None
    total = sum((r.real if r.is_complex() else r).sum() for r in results)
    return lib.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)


@needs_torch
@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.edges and r.edge_gradients and r.grad and "float64" in r.dtypes], ids=str
)
def test_gradients_at_special_values(row):
    function = torch_function(row)
    if function is None:
        return
    values = np.array([v for v in SPECIAL if not np.isnan(v)])
    arrays = [g.reshape(-1) for g in np.meshgrid(*[values] * len(row.make("float64")[0].tensors()))]
    expected = gradients_of(torch, function, arrays)
    if expected is None:  # PyTorch does not differentiate this function
        return
    with np.errstate(all="ignore"):
        got = gradients_of(fb, row.function, arrays)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(
            g.numpy(), e.numpy(force=True), 1e-9, 1e-30, equal_nan=True, err_msg=row.name
        )


def differentiable(row, dtype):
    for sample in row.make(dtype, row.grad_samples):
        tensors = sample.tensors()
        inputs = [
            t.detach().requires_grad_() if t.is_floating_point() or t.is_complex() else t for t in tensors
        ]
        if not any(t.requires_grad for t in inputs) or any(0 in t.shape for t in inputs):
            continue

        def function(*given, sample=sample):
            given = iter(given)
            result = flatten(quiet(row.function, sample.map(lambda t: next(given))))
            return tuple([r for r in result if isinstance(r, fb.Tensor)])

        yield function, inputs


def gradient_dtypes(row):
    return [d for d in ("float64", "complex128") if d in row.dtypes]


@pytest.mark.parametrize("row,dtype", [(r, d) for r in ROWS if r.grad for d in gradient_dtypes(r)], ids=str)
def test_gradcheck(row, dtype):
    checked = 0
    for function, inputs in differentiable(row, dtype):
        assert fb.autograd.gradcheck(function, inputs)
        checked += 1
    assert checked, f"row '{row.name}' has no sample to check gradients with"


@pytest.mark.parametrize(
    "row,dtype", [(r, d) for r in ROWS if r.grad and r.gradgrad for d in gradient_dtypes(r)], ids=str
)
def test_gradgradcheck(row, dtype):
    for function, inputs in differentiable(row, dtype):
        assert fb.autograd.gradgradcheck(function, inputs)


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.grad and "float64" in r.dtypes and "complex128" not in r.dtypes], ids=str
)
def test_complex_gradients_of_what_takes_complex_numbers(row):
    """Rows that do not list complex dtypes (views, joins, ...): refused, or differentiated rightly."""
    refusals = NotImplementedError, RuntimeError, TypeError, ValueError
    try:
        cases = list(differentiable(row, "complex128"))
    except refusals:  # samples are made by what refuses complex numbers
        return
    for function, inputs in cases:
        try:
            results = function(*inputs)
        except refusals:
            continue
        if any(r.requires_grad for r in results):
            assert fb.autograd.gradcheck(function, inputs, fast_mode=True)
            assert fb.autograd.gradgradcheck(function, inputs, fast_mode=True)


@pytest.mark.parametrize("row", [r for r in ROWS if r.grad is False], ids=str)
def test_not_differentiable(row):
    """Without a gradient, results must not ask for one."""
    for sample in row.make(row.dtypes[0]):
        recorded = sample.map(lambda t: t.detach().requires_grad_() if t.is_floating_point() else t)
        for r in flatten(quiet(row.function, recorded)):
            assert not (isinstance(r, fb.Tensor) and r.requires_grad), (
                f"{row.name}{sample} records a gradient"
            )


@pytest.mark.parametrize("row", [r for r in ROWS if r.grad is None], ids=str)
def test_gradients_that_are_refused(row):
    sample = row.make(row.dtypes[0])[0].map(lambda t: t.detach().requires_grad_())
    result = row.function(*sample.args, **sample.kwargs)
    with pytest.raises(NotImplementedError, match=f"the derivative for '{row.name}' is not implemented"):
        result.sum().backward()


def strided(t):
    """The values of t in memory with gaps."""
    array = _core.array_of(t)
    if array.ndim == 0:
        return t
    buffer = np.zeros((*array.shape[:-1], array.shape[-1] * 2 + 1), array.dtype)
    buffer[..., 1::2] = array
    return fb.from_numpy(buffer)[..., 1::2]


def reversed_order(t):
    """The values of t in column-major memory."""
    return fb.from_numpy(np.array(_core.array_of(t), order="F"))


@pytest.mark.parametrize("row", [r for r in ROWS if r.layouts], ids=str)
@pytest.mark.parametrize("layout", [strided, reversed_order], ids=lambda f: f.__name__)
def test_layouts(row, layout):
    """The layout of inputs does not change results, and inputs are left alone."""
    dtype = row.dtypes[0]
    for sample in row.make(dtype):
        expected = [None if r is None else array_of(r).copy() for r in flatten(quiet(row.function, sample))]
        laid = sample.map(layout)
        before = [array_of(t).copy() for t in laid.tensors()]
        got = quiet(row.function, laid)
        check_close(row, dtype, got, expected, sample)
        for t, b in zip(laid.tensors(), before, strict=True):
            np.testing.assert_array_equal(array_of(t), b, err_msg=f"{row.name}{sample} changed an input")
            assert t._version == 0 or not isinstance(t, fb.Tensor), (
                f"{row.name}{sample} advanced the version of an input"
            )


def has_out(row):
    return (
        row.out is not False
        and type(row.function) is _core.OpFunction
        and row.function.takes_out
        and not row.function.inplace
    )


@pytest.mark.parametrize("row", [r for r in ROWS if has_out(r)], ids=str)
def test_out(row):
    for sample in row.make(row.dtypes[0]):
        expected = quiet(row.function, sample)
        outs = [fb.empty(0, dtype=e.dtype) for e in flatten(expected)]
        out = outs[0] if isinstance(expected, fb.Tensor) else tuple(outs)
        quiet(lambda *a, out=out, **k: row.function(*a, out=out, **k), sample)
        check_close(row, row.dtypes[0], outs, [array_of(e) for e in flatten(expected)], sample)
        assert all(o._version > 0 for o in outs)


@pytest.mark.parametrize("row", [r for r in ROWS if has_out(r) and "float64" in r.dtypes], ids=str)
def test_out_and_gradients(row):
    """Where a result would have a gradient, out= is refused; where it would not, it may be given."""
    for sample in row.make("float64"):
        tracked = sample.map(lambda t: t.detach().requires_grad_(t.dtype in (fb.float64, fb.complex128)))
        expected = quiet(row.function, tracked)
        outs = [fb.empty(0, dtype=e.dtype) for e in flatten(expected)]
        out = outs[0] if isinstance(expected, fb.Tensor) else tuple(outs)
        call = lambda *a, out=out, **k: row.function(*a, out=out, **k)  # noqa: E731
        if any(e.requires_grad for e in flatten(expected)):
            with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
                quiet(call, tracked)
            assert all(o._version == 0 for o in outs)
        elif not row.function.differentiable:
            quiet(call, tracked)
            check_close(row, "float64", outs, [array_of(e.detach()) for e in flatten(expected)], sample)


def inplace_method(row):
    method = METHODS.get(f"{row.name}_")
    automatic = type(row.function) is _core.OpFunction and type(method) is _core.OpFunction
    return method if automatic and row.inplace is not False else None


@pytest.mark.parametrize("row", [r for r in ROWS if inplace_method(r) is not None], ids=str)
def test_inplace(row):
    dtype = row.dtypes[0]
    for sample in row.make(dtype):
        expected = quiet(row.function, sample)
        first = sample.args[0]
        target = first.clone()
        changed = Sample(target, *sample.args[1:], **sample.kwargs)
        if expected.shape != first.shape or expected.dtype is not first.dtype:
            try:
                quiet(inplace_method(row), changed)
            except RuntimeError:
                np.testing.assert_array_equal(array_of(target), array_of(first))
                assert target._version == 0, f"{row.name}_{sample} raised but changed its input"
            continue
        address = target.data_ptr()
        result = quiet(inplace_method(row), changed)
        assert result is target and target.data_ptr() == address and target._version == 1
        check_close(row, dtype, target, array_of(expected), sample)


@pytest.mark.parametrize("row", [r for r in ROWS if r.errors.__name__ != "_no_errors"], ids=str)
def test_errors(row):
    from .table import Make

    for bad in row.errors(Make(row.dtypes[0], row.domain)):
        assert isinstance(bad, Bad)
        before = [array_of(t).copy() for t in bad.sample.tensors()]
        with pytest.raises(bad.error, match=bad.match):
            row.function(*bad.sample.args, **bad.sample.kwargs)
        for t, b in zip(bad.sample.tensors(), before, strict=True):
            np.testing.assert_array_equal(array_of(t), b)


def test_every_op_has_a_row():
    rows = {r.name for r in ROWS}
    covered = {FUNCTIONS.get(name, METHODS.get(name)) for name in rows}
    ops = {f.op for f in covered if type(f) is _core.OpFunction}
    missing = []
    for name, f in {**METHODS, **FUNCTIONS}.items():
        if name.startswith("_") or name in ELSEWHERE or f in covered or isinstance(f, property):
            continue
        if type(f) is _core.OpFunction and f.op in ops:
            continue
        missing.append(name)
    assert not missing, f"add rows to tests/ops/rows/ for: {' '.join(sorted(missing))}"
    for name, path in ELSEWHERE.items():
        home = pathlib.Path(__file__).parents[2] / path
        assert home.exists() and name in home.read_text(), f"{name} should be tested in {path}"
