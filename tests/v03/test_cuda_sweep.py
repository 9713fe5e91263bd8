"""The methods and functions of 0.3 on a GPU that is not the current one give what they give on the CPU."""

import numpy as np
import pytest

import flambeau as fb
import flambeau.v03 as torch
from flambeau.v03.faces import Variable, _TensorBase
from tests.cuda import virtual_gpus

from .test_sweep import array_of, call, declared, leaves, quietly, samples_of, to_plain, today_without_grad


@pytest.fixture(scope="module", autouse=True)
def gpus():
    with virtual_gpus(2):
        yield


def same(got, expected):
    got, expected = leaves(got), leaves(expected)
    assert len(got) == len(expected)
    for g, e in zip(got, expected, strict=True):
        if isinstance(e, fb.Tensor):
            assert g.is_cuda and g.get_device() == 1
            assert isinstance(g, Variable if isinstance(e, Variable) else _TensorBase)
            e = array_of(e)
            np.testing.assert_allclose(array_of(g.cpu()), e, 1e-6 if e.dtype.kind == "f" else 0, 1e-7)
        else:
            assert g == pytest.approx(e, 1e-6) or (g != g and e != e)


@pytest.mark.parametrize("row", declared(), ids=str)
@pytest.mark.parametrize("face", [torch.FloatTensor, Variable])
def test_method_of_03(row, face):
    taken = 0
    for sample in samples_of(row):
        if any(t.ndim == 0 for t in sample.tensors()):
            continue
        plain = face is torch.FloatTensor
        todays = quietly(row.function, *sample.map(today_without_grad).args, **sample.map(today_without_grad).kwargs)
        if any(not e.numel() for e in leaves(todays) if isinstance(e, fb.Tensor)):
            continue
        expected = call(row, sample.map(to_plain if plain else lambda t: Variable(to_plain(t))))
        if expected is None:
            continue
        there = sample.map(lambda t: to_plain(t).cuda(1) if plain else Variable(to_plain(t).cuda(1)))  # noqa: B023
        got = call(row, there)
        taken += 1
        same(got, expected)
    assert taken and torch.cuda.current_device() == 0
