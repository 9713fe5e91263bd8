"""Every row of the table of ops on a device: results and gradients equal the CPU's."""

import warnings

import numpy as np
import pytest

import flambeau as fb
from flambeau import _core
from tests.ops.table import ROWS, UNSIGNED


def call(function, sample):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*sample.args, **sample.kwargs)


def leaves(result):
    if isinstance(result, (tuple, list)):
        return [leaf for r in result for leaf in leaves(r)]
    return [result]


def host(t):
    assert t.device == fb.device("cpu")
    array = _core.array_of(t.detach())
    return array.astype(np.float32) if array.dtype == fb.bfloat16.numpy else array


def check(got, expected, tolerance, what):
    assert type(got) is type(expected), what
    if not isinstance(expected, fb.Tensor):
        assert got == expected or np.array_equal(got, expected, equal_nan=True), what
        return
    assert got.dtype is expected.dtype and got.shape == expected.shape, what
    np.testing.assert_allclose(host(got.cpu()), host(expected), *tolerance, equal_nan=True, err_msg=what)


def moved(sample, device):
    return sample.map(lambda t: t.detach().to(device))


def equal_on_device(row, dtype, device):
    for sample in row.make(dtype):
        what = f"{row.name}{sample}"
        on_device = moved(sample, device)
        before = [t.cpu() for t in on_device.tensors()]
        expected, got = leaves(call(row.function, sample)), leaves(call(row.function, on_device))
        assert len(got) == len(expected), what
        for g, e in zip(got, expected, strict=True):
            if isinstance(g, fb.Tensor) and sample.tensors():
                assert g.device == fb.device(device), f"{what} is on {g.device}"
            check(g, e, row.tolerance(dtype), what)
        for t, b in zip(on_device.tensors(), before, strict=True):
            assert t._version == 0, f"{what} advanced the version of an input"
            np.testing.assert_array_equal(host(t.cpu()), host(b), err_msg=f"{what} changed an input")


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_unsigned_ints_are_added_at_places_modulo_their_range(gpu, dtype):
    a = np.array([1, 2**63 - 1, 2**31 + 5], "uint64").astype(dtype)
    x, index = fb.from_numpy(a), fb.tensor([0, 2, 0])
    on_device = x.cuda().scatter_add(0, index.cuda(), x.cuda())
    assert on_device.dtype is x.dtype and on_device.tolist() == x.scatter_add(0, index, x).tolist()


@pytest.mark.parametrize("row,dtype", [(r, d) for r in ROWS for d in r.dtypes], ids=str)
def test_the_result_on_the_device_equals_the_result_on_the_cpu(gpu, row, dtype):
    equal_on_device(row, dtype, "cuda:0")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_another_device_than_the_current_one(gpu, row):
    equal_on_device(row, row.dtypes[0], "cuda:1")
    assert fb.cuda.current_device() == 0


@pytest.mark.parametrize("row", [r for r in ROWS if r.grad and "float64" in r.dtypes], ids=str)
def test_the_gradient_on_the_device_equals_the_gradient_on_the_cpu(gpu, row):
    for sample in row.make("float64", row.grad_samples):
        gradients = []
        for device in ("cpu", "cuda:1"):
            on_device = sample.map(lambda t, device=device: t.detach().clone().to(device))
            inputs = [
                t.requires_grad_() for t in on_device.tensors() if t.is_floating_point() or t.is_complex()
            ]
            outputs = [
                r
                for r in leaves(call(row.function, on_device))
                if isinstance(r, fb.Tensor) and r.requires_grad
            ]
            if not outputs:
                break
            total = sum((r * r.detach().cos()).sum().real for r in outputs)
            gradients.append(fb.autograd.grad(total, inputs, allow_unused=True))
        else:
            for got, expected in zip(gradients[1], gradients[0], strict=True):
                check(got, expected, (1e-7, 1e-9), f"{row.name}{sample}")
