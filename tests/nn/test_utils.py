"""nn.utils: clipping of gradients, parameters as a vector."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised

torch = pytest.importorskip("torch")


def _params(lib):
    rng = np.random.default_rng(0)
    params = []
    for shape in [(3, 4), (5,), (2,)]:
        p = lib.nn.Parameter(lib.zeros(shape, dtype=lib.float64))
        p.grad = lib.from_numpy(rng.normal(size=shape))
        params.append(p)
    params[-1].grad = None
    return params


@pytest.mark.parametrize("norm_type", [2, 1, 3.5, float("inf"), "inf"])
@pytest.mark.parametrize("max_norm", [0.1, 100.0])
def test_clip_grad_norm(norm_type, max_norm):
    results = []
    for lib in (fb, torch):
        params = _params(lib)
        total = lib.nn.utils.clip_grad_norm_(params, max_norm, norm_type)
        results.append((total, [p.grad for p in params]))
    assert_close(results[0], results[1])


def test_clip_grad_norm_forms():
    params = _params(fb)
    one = fb.nn.utils.clip_grad_norm_(params[0], 0.5)
    assert one > 0.5
    np.testing.assert_allclose(params[0].grad.norm().item(), 0.5, rtol=1e-4)
    np.testing.assert_allclose(
        fb.nn.utils.get_total_norm([p.grad for p in params[:2]]).item(),
        np.sqrt(sum((p.grad.numpy() ** 2).sum() for p in params[:2])),
    )
    assert fb.nn.utils.clip_grad_norm_([], 1.0) == 0.0
    with pytest.warns(FutureWarning, match="clip_grad_norm` is now deprecated"):
        fb.nn.utils.clip_grad_norm(params, 1.0)
    params[0].grad[0, 0] = float("nan")
    before = params[1].grad.clone()
    with pytest.raises(
        RuntimeError, match="The total norm of order 2.0 for gradients from `parameters` is non-finite"
    ):
        fb.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert_close(params[1].grad, before)


def test_clip_grad_value():
    results = []
    for lib in (fb, torch):
        params = _params(lib)
        lib.nn.utils.clip_grad_value_(params, 0.3)
        results.append([p.grad for p in params])
    assert_close(results[0], results[1])


def test_vector():
    layer = fb.nn.Linear(2, 3)
    vector = fb.nn.utils.parameters_to_vector(layer.parameters())
    assert tuple(vector.shape) == (9,)
    assert_close(vector[6:], layer.bias)
    weight = layer.weight
    new = fb.arange(9, dtype=fb.float32)
    fb.nn.utils.vector_to_parameters(new, layer.parameters())
    assert layer.weight is weight
    assert_close(layer.weight, new[:6].reshape(3, 2))
    new[0] = 50.0
    assert layer.weight[0, 0] == 50.0


def test_vector_errors():
    assert raised(lambda: fb.nn.utils.vector_to_parameters([1.0], [])) == raised(
        lambda: torch.nn.utils.vector_to_parameters([1.0], [])
    )
