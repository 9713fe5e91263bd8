"""The rows of the table of ops with 0.3's tensors: what they give is what today's give, in 0.3's form."""

import json
import pathlib
import re
import warnings

import numpy as np
import pytest

import flambeau as fb
import flambeau.v03 as torch
from flambeau import _core
from flambeau.v03 import faces
from flambeau.v03.faces import Variable, _TensorBase, plain

from ..ops.table import ROWS

_RANDOM = {"bernoulli", "bernoulli_", "multinomial", "normal", "dropout", "alpha_dropout", "rrelu", "poisson",
           "svd_lowrank", "pca_lowrank"}  # fmt: skip


def to_plain(t):
    return plain(fb.from_numpy(_core.array_of(t).copy()))


def to_variable(t):
    """A Variable over a copy, without dimensions where t has none; inputs of floats require grad."""
    variable = _core.make(_core.array_of(t).copy(), Variable)
    if t.dtype.is_floating_point:
        variable.requires_grad = True
    return variable


def today(t):
    copy = fb.from_numpy(_core.array_of(t).copy())
    return copy.requires_grad_(True) if t.dtype.is_floating_point else copy


def today_without_grad(t):
    return fb.from_numpy(_core.array_of(t).copy())


def leaves(result):
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def array_of(value):
    return _core.array_of(value) if isinstance(value, fb.Tensor) else value


def same(got, expected, wraps=False):
    """Compares results; 0.3's have bytes for bools and one dimension at the least."""
    got, expected = leaves(got), leaves(expected)
    assert len(got) == len(expected)
    for g, e in zip(got, expected, strict=True):
        if isinstance(e, fb.Tensor) and not isinstance(g, fb.Tensor):  # a number
            e = pytest.approx(e.item(), rel=1e-5, abs=1e-6)  # 0.3 added up in double precision
        if isinstance(e, fb.Tensor):
            a, b = np.asarray(array_of(g)), array_of(e)
            assert (a.shape or (1,)) == (b.shape or (1,))
            b = b.astype(a.dtype) if wraps else b  # sums of ints keep their type in 0.3
            np.testing.assert_array_equal(a.astype(b.dtype).reshape(b.shape), b)
        else:
            assert g == e or (g != g and e != e)


def simple(sample):
    return all(t.numel() and t.dtype.name not in ("bfloat16", "float16") and not t.dtype.is_complex
               for t in sample.tensors())  # fmt: skip


def samples_of(row):
    for dtype in ("float32", "int64", "uint8"):
        if dtype in row.dtypes and row.name.rstrip("_") not in _RANDOM:
            for sample in row.make(dtype):
                if sample.tensors() and simple(sample):
                    yield sample


def quietly(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


@pytest.fixture
def rows_in_todays_language(monkeypatch):
    """The functions that rows define themselves are written like the library's."""
    for row in ROWS:
        if row.function.__module__.startswith("tests."):
            monkeypatch.setitem(faces._LIBRARY, row.function.__module__, True)
            monkeypatch.setitem(faces._SEEING, row.function.__module__, True)


@pytest.mark.usefixtures("rows_in_todays_language")
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_library_function_of_variables(row):
    """A function of the library gives Variables the values and gradients that it gives today's tensors."""
    for sample in samples_of(row):
        ours, theirs = sample.map(to_variable), sample.map(today)
        try:
            expected = quietly(row.function, *theirs.args, **theirs.kwargs)
        except RuntimeError as error:  # an argument that must not require grad
            with pytest.raises(type(error)):
                quietly(row.function, *ours.args, **ours.kwargs)
            continue
        got = quietly(row.function, *ours.args, **ours.kwargs)
        same(got, expected)
        for g, e in zip(leaves(got), leaves(expected), strict=True):
            if type(e) is not fb.Tensor or not e.requires_grad:
                continue
            assert type(g) is Variable and g.requires_grad
            try:
                quietly(fb.autograd.backward, [e], [fb.ones_like(e)], retain_graph=True)
            except (RuntimeError, NotImplementedError) as error:
                with pytest.raises(type(error)):
                    quietly(fb.autograd.backward, [g], [fb.ones_like(g.detach())], retain_graph=True)
            else:
                quietly(fb.autograd.backward, [g], [fb.ones_like(g.detach())], retain_graph=True)
        for v, t in zip(ours.tensors(), theirs.tensors(), strict=True):
            if t.grad is not None and t.is_leaf:
                same(v.grad, t.grad)


@pytest.mark.usefixtures("rows_in_todays_language")
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_library_function_of_plain_tensors(row):
    """A function of the library gives plain tensors the values that it gives today's."""
    for sample in samples_of(row):
        ours = sample.map(lambda t: _core.make(_core.array_of(t).copy(), _TensorBase))
        theirs = sample.map(today_without_grad)
        expected = quietly(row.function, *theirs.args, **theirs.kwargs)
        same(quietly(row.function, *ours.args, **ours.kwargs), expected)


# ---- methods of 0.3


def declared():
    """The rows of 0.3's methods and functions, but those that define a function of their own."""
    api = json.loads((pathlib.Path(__file__).parent / "api.json").read_text())
    known = {*api["methods"], *api["functions"]} - DIFFERENT
    return [row for row in ROWS if row.name in known and not row.function.__module__.startswith("tests.")]


# What the same arguments mean something else in; other tests of this folder show 0.3's meaning.
DIFFERENT = {
    "div", "div_",  # of ints: the quotient is cut off
    "cross",  # without dim: the first dim of size 3
    "var", "std",  # of Variables: keepdim comes before unbiased
    "dsmm", "hsmm", "saddmm", "smm",  # sparse matrices
    "round", "round_",  # halves: away from zero
}  # fmt: skip
_REFUSALS = (
    "invalid combination|argument .* must be|doesn't implement|has no attribute|is not implemented for type|"
    "Expected object of type|cannot be converted|expects a 2D tensor|invalid argument 3: out of range|"
    "unexpected keyword argument"
)


def call(row, sample):
    """The method of 0.3, or its function; None when it does not take these arguments."""
    first, *rest = sample.args
    try:
        if hasattr(type(first), row.name):
            return quietly(getattr(first, row.name), *rest, **sample.kwargs)
        return quietly(getattr(torch, row.name), first, *rest, **sample.kwargs)
    except (TypeError, AttributeError, RuntimeError) as error:
        if not re.search(_REFUSALS, str(error)):
            raise
        return None


@pytest.mark.parametrize("row", declared(), ids=str)
@pytest.mark.parametrize("face", [torch.FloatTensor, Variable])
def test_method_of_03(row, face):
    """What a method or function of 0.3 gives is what today's gives, where both take the arguments."""
    taken = 0
    for sample in samples_of(row):
        if any(t.ndim == 0 for t in sample.tensors()):
            continue
        expected = quietly(row.function, *sample.map(today_without_grad).args, **sample.map(today_without_grad).kwargs)
        if any(not e.numel() for e in leaves(expected) if isinstance(e, fb.Tensor)):
            continue
        got = call(row, sample.map(to_plain if face is torch.FloatTensor else lambda t: Variable(to_plain(t))))
        if got is not None:
            taken += 1
            same(got, expected, wraps=True)
            kind = _TensorBase if face is torch.FloatTensor else Variable
            assert all(isinstance(g, kind) for g in leaves(got) if isinstance(g, fb.Tensor))
    assert taken
