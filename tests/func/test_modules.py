"""functional_call and stack_module_state: modules as functions of their tensors."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import func, nn


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(fb.ones(1))
        self.b = self.a
        self.register_buffer("n", fb.zeros(1))

    def forward(self, x, scale=1.0):
        self.n.add_(1)
        return (self.a * x + self.b) * scale


def small():
    fb.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def test_the_given_tensors_are_used_and_the_own_ones_kept():
    model, x = nn.Linear(2, 2), fb.ones(1, 2)
    before = model.weight
    y = func.functional_call(model, {"weight": fb.zeros(2, 2), "bias": fb.tensor([1.0, 2.0])}, x)
    assert y.tolist() == [[1.0, 2.0]]
    assert model.weight is before
    y = func.functional_call(model, {"weight": fb.zeros(2, 2)}, (x,))
    np.testing.assert_array_equal(y.detach().numpy()[0], model.bias.detach().numpy())


def test_several_dicts_and_keywords():
    model = Tied()
    y = func.functional_call(model, [{"a": fb.zeros(1)}, {"n": fb.zeros(1)}], (fb.ones(1),), {"scale": 2.0})
    assert y.item() == 0
    assert model.n.item() == 0, "the buffer that was given is changed, not the module's"


def test_tied_parameters():
    model, x = Tied(), fb.ones(1)
    assert func.functional_call(model, {"a": fb.zeros(1)}, x).item() == 0
    assert func.functional_call(model, {"b": fb.zeros(1)}, x).item() == 0
    assert func.functional_call(model, {"a": fb.zeros(1)}, x, tie_weights=False).item() == 1
    with pytest.raises(ValueError, match="which are tied"):
        func.functional_call(model, {"a": fb.zeros(1), "b": fb.ones(1)}, x)


def test_errors_leave_the_module_alone():
    model, x = nn.Linear(2, 2), fb.ones(1, 2)
    weight = model.weight
    for given, error, words in (
        (3, ValueError, "to be a dict, or a list/tuple of dicts"),
        (({"weight": x}, 3), ValueError, "to be dictionaries"),
        (({"weight": x}, {"weight": x}), ValueError, "appeared in multiple dictionaries"),
        ({"weight": 3}, TypeError, "is not an instance of torch.Tensor"),
        ({"q.weight": x}, AttributeError, "has no attribute `q`"),
        ({"weight": fb.ones(5, 5)}, RuntimeError, "shape"),
    ):
        with pytest.raises(error, match=words):
            func.functional_call(model, given, x)
        assert model.weight is weight
    with pytest.raises(RuntimeError, match=r"Missing key\(s\): 'bias'"):
        func.functional_call(model, {"weight": weight}, x, strict=True)
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\): 'z'"):
        func.functional_call(model, {**dict(model.named_parameters()), "z": x}, x, strict=True)


def test_gradients_with_respect_to_parameters():
    model, x = small(), fb.randn(5, 3)
    params = dict(model.named_parameters())
    gradients = func.grad(lambda p: (func.functional_call(model, p, x) ** 2).mean())(params)
    (model(x) ** 2).mean().backward()
    for name, p in params.items():
        np.testing.assert_allclose(gradients[name].detach().numpy(), p.grad.numpy(), 1e-5, 1e-6)


def test_per_sample_gradients():
    model, x, y = small(), fb.randn(5, 3), fb.randn(5, 1)
    params = {k: v.detach() for k, v in model.named_parameters()}

    def loss(p, x, y):
        return nn.functional.mse_loss(func.functional_call(model, p, (x[None],)), y[None])

    got = func.vmap(func.grad(loss), in_dims=(None, 0, 0))(params, x, y)
    for i in range(5):
        one = func.grad(loss)(params, x[i], y[i])
        for name, g in one.items():
            np.testing.assert_allclose(got[name][i].numpy(), g.numpy(), 1e-4, 1e-6)


def test_ensemble():
    models = [nn.Linear(3, 2) for _ in range(4)]
    params, buffers = func.stack_module_state(models)
    x = fb.randn(5, 3)
    assert params["weight"].shape == (4, 2, 3) and params["weight"].is_leaf and params["weight"].requires_grad
    got = func.vmap(lambda p, b: func.functional_call(models[0], (p, b), x))(params, buffers)
    for i, m in enumerate(models):
        np.testing.assert_allclose(got[i].detach().numpy(), m(x).detach().numpy(), 1e-5, 1e-6)


def test_stack_module_state_refuses_what_does_not_go_together():
    for models, words in (
        ([], "Expected at least one model, got 0"),
        ([nn.Linear(1, 1), nn.ReLU()], "of the same class"),
        ([nn.Linear(1, 1), nn.Linear(1, 1).eval()], "the same training/eval mode"),
    ):
        with pytest.raises(RuntimeError, match=words):
            func.stack_module_state(models)


def test_batch_norms_without_running_statistics():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.ReLU(), nn.Sequential(nn.BatchNorm2d(3)))
    assert func.replace_all_batch_norm_modules_(model) is model
    assert model[0].running_mean is None and model[2][0].track_running_stats is False
    assert list(model.named_buffers()) == []


def test_the_older_name():
    model = nn.Linear(2, 2)
    with pytest.warns(FutureWarning, match="torch.func.functional_call"):
        y = nn.utils.stateless.functional_call(model, {"weight": fb.zeros(2, 2)}, (fb.ones(1, 2),))
    np.testing.assert_array_equal(y.detach().numpy()[0], model.bias.detach().numpy())
