"""flambeau.array_api.fft against numpy.fft."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import flambeau.array_api as xp

from .samples import COMPLEX, REAL, arrays, check, tensor

many = settings(max_examples=60, deadline=None)
shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=5)
norms = st.sampled_from(["backward", "ortho", "forward"])


def kinds(name):
    """The dtypes of the input: rfft and ihfft take real ones, the inverses complex ones."""
    return REAL if name in ("rfft", "ihfft", "rfftn") else COMPLEX


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
@many
@given(data=st.data())
def test_one_dimension(name, data):
    a = data.draw(arrays(kinds(name), shapes))
    options = dict(
        n=data.draw(st.one_of(st.none(), st.integers(1, 7))),
        axis=data.draw(st.integers(-a.ndim, a.ndim - 1)),
        norm=data.draw(norms),
    )
    check(getattr(xp.fft, name)(tensor(a), **options), getattr(np.fft, name)(a, **options))
    check(getattr(xp.fft, name)(tensor(a)), getattr(np.fft, name)(a))


@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
@many
@given(data=st.data())
def test_several_dimensions(name, data):
    a = data.draw(arrays(kinds(name), shapes))
    axes = data.draw(hnp.valid_tuple_axes(a.ndim, min_size=1))
    sizes = tuple(data.draw(st.integers(1, 6)) for _ in axes)
    for options in (dict(axes=axes), dict(axes=axes, s=sizes), dict(norm=data.draw(norms))):
        check(getattr(xp.fft, name)(tensor(a), **options), getattr(np.fft, name)(a, **options))


@many
@given(data=st.data())
def test_shifts_and_frequencies(data):
    a = data.draw(arrays(REAL + COMPLEX, shapes))
    axes = data.draw(st.one_of(st.none(), st.integers(-a.ndim, a.ndim - 1), hnp.valid_tuple_axes(a.ndim)))
    for name in ("fftshift", "ifftshift"):
        check(getattr(xp.fft, name)(tensor(a), axes=axes), getattr(np.fft, name)(a, axes=axes))
    n, d = data.draw(st.integers(1, 9)), data.draw(st.sampled_from([1.0, 0.1, 3]))
    for name in ("fftfreq", "rfftfreq"):
        theirs = getattr(np.fft, name)(n, d)
        check(getattr(xp.fft, name)(n, d=d, dtype=xp.float64), theirs)
        assert getattr(xp.fft, name)(n, d=d, device="cpu").dtype is xp.float32


def test_errors():
    for bad in (lambda: xp.fft.fft(xp.ones(3), norm="no"), lambda: xp.fft.fft(xp.ones(3), n=0),
                lambda: xp.fft.rfft(xp.ones(3, dtype=xp.complex64))):  # fmt: skip
        with pytest.raises(RuntimeError):
            bad()
    for name in xp.fft.__all__:
        with pytest.raises(TypeError):
            getattr(xp.fft, name)([1.0])
