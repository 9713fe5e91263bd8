"""Modules of modules: outputs, gradients, parameters, and what they show."""

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn

from .cases import gauss, listed, normal
from .test_modules import backward, differences, weights_for


def branches(container):
    return container.add(nn.Linear(3, 2)).add(nn.Sequential().add(nn.Linear(3, 4)).add(nn.Tanh()))


def depths():
    module = nn.DepthConcat(0)
    for size in (1, 3, 2):
        module.add(nn.SpatialConvolution(2, size, size, size))
    return module


def nested():
    inner = nn.ConcatTable().add(nn.Linear(3, 2)).add(nn.Identity())
    return nn.Sequential().add(inner).add(nn.ParallelTable().add(nn.Tanh()).add(nn.Linear(3, 2))).add(nn.CAddTable())


CASES = [
    (lambda: branches(nn.Concat(1)), gauss(5, 3)),
    (depths, gauss(2, 5, 6)),
    (lambda: branches(nn.ConcatTable()), gauss(5, 3)),
    (lambda: nn.ParallelTable().add(nn.Linear(3, 2)).add(nn.Square()), listed(gauss(5, 3), gauss(2))),
    (lambda: branches(nn.Parallel(1, 1)), gauss(5, 2, 3)),
    (nested, gauss(5, 3)),
    (lambda: nn.Sequential().add(nn.Linear(3, 4)).add(nn.ReLU(True)).add(nn.Linear(4, 2)), gauss(5, 3)),
]  # fmt: skip
each = pytest.mark.parametrize("case", CASES, ids=lambda c: repr(c[0]()).split(" ")[0].removeprefix("nn."))


def build(case):
    torch.manual_seed(4)
    return case[0]().double(), case[1]()


@each
def test_gradients_are_those_of_the_outputs(case):
    module, input = build(case)
    weights = weights_for(module, input)
    grad = backward(module, input, weights)
    inputs, grads = (input, grad) if isinstance(input, list) else ([input], [grad])
    for x, g in zip(inputs, grads, strict=True):
        np.testing.assert_allclose(g.numpy(), differences(module, input, weights, x), rtol=1e-5, atol=1e-7)
    params, grads = module.parameters()
    assert len(params) == len(grads) > 0
    for p, g in zip(params, grads, strict=True):
        np.testing.assert_allclose(g.numpy(), differences(module, input, weights, p), rtol=1e-5, atol=1e-7)


@each
def test_backward_is_its_two_parts(case):
    module, input = build(case)
    weights = weights_for(module, input)
    backward(module, input, weights)
    whole = [g.clone() for g in module.parameters()[1]]
    out = module.forward(input)
    grads = [torch.from_numpy(w) for w in weights] if isinstance(out, list) else torch.from_numpy(weights[0])
    module.zeroGradParameters()
    assert all(not g.norm() for g in module.parameters()[1])
    module.updateGradInput(input, grads)
    module.accGradParameters(input, grads)
    for g, expected in zip(module.parameters()[1], whole, strict=True):
        np.testing.assert_allclose(g.numpy(), expected.numpy(), rtol=1e-9)


@each
def test_an_update_at_once(case):
    module, input = build(case)
    weights = weights_for(module, input)
    backward(module, input, weights)
    expected = [(p - g * 0.1).numpy() for p, g in zip(*module.parameters(), strict=True)]
    accumulated = [g.clone() for g in module.parameters()[1]]
    out = module.forward(input)
    grads = [torch.from_numpy(w) for w in weights] if isinstance(out, list) else torch.from_numpy(weights[0])
    module.backwardUpdate(input, grads, 0.1)
    for p, g, want, kept in zip(*module.parameters(), expected, accumulated, strict=True):
        np.testing.assert_allclose(p.numpy(), want, rtol=1e-6, atol=1e-9)
        assert g.equal(kept)


def test_outputs_are_joined():
    x = normal(5, 3)
    concat = branches(nn.Concat(1)).double()
    parts = [m.forward(x) for m in concat.modules]
    assert concat.forward(x).equal(torch.cat(parts, 1))
    x = normal(4, 2, 3)
    parallel = branches(nn.Parallel(1, 1)).double()
    parts = [m.forward(x.select(1, i)) for i, m in enumerate(parallel.modules)]
    assert parallel.forward(x).equal(torch.cat(parts, 1))


def test_depths_are_centred():
    module = nn.DepthConcat(0).add(nn.Identity()).add(nn.SpatialZeroPadding(-1))
    out = module.forward(torch.ones(1, 5, 6)).numpy()
    assert out.shape == (2, 5, 6)
    expected = np.zeros((5, 6))
    expected[1:4, 1:5] = 1
    np.testing.assert_array_equal(out, [np.ones((5, 6)), expected])


def test_tables_of_tables_have_their_gradients_added():
    module = nn.ConcatTable().add(nn.Identity()).add(nn.ParallelTable().add(nn.MulConstant(3)).add(nn.Identity()))
    x = [torch.ones(2), torch.ones(3)]
    grad = [[torch.ones(2), torch.ones(3)], [torch.ones(2), torch.ones(3)]]
    module.forward(x)
    assert [g.tolist() for g in module.backward(x, grad)] == [[4, 4], [2, 2, 2]]
    assert grad[0][0].tolist() == [1, 1]


def test_an_empty_sequence_is_the_identity():
    module, x = nn.Sequential(), torch.ones(2)
    assert module.forward(x) is x and module.backward(x, x) is x


def test_a_list_of_modules():
    module = nn.Sequential().add(nn.Tanh()).add(nn.Exp())
    module.insert(nn.Abs(), 1)
    assert [type(m) for m in module.modules] == [nn.Tanh, nn.Abs, nn.Exp]
    assert len(module) == module.size() == 3 and type(module.get(1)) is nn.Abs
    module.remove(0)
    module.remove()
    assert [type(m) for m in module.modules] == [nn.Abs]
    with pytest.raises(IndexError, match="out of range of 1 modules"):
        module.remove(4)
    with pytest.raises(IndexError, match="out of range of 1 modules"):
        module.insert(nn.Abs(), 3)


def test_modes_reach_all_modules():
    module = nn.Sequential().add(nn.Dropout()).add(nn.Concat(1).add(nn.Dropout()))
    module.evaluate()
    assert not any(m.train for m in module.listModules())
    module.training()
    assert all(m.train for m in module.listModules())


def test_a_parallel_container_has_a_module_for_each_part():
    with pytest.raises(RuntimeError, match=r"must have the size 2, one for each module, but the input has \(3, 3\)"):
        branches(nn.Parallel(0, 0)).forward(torch.ones(3, 3))


def test_modules_are_shown():
    inner = nn.Sequential().add(nn.Linear(10, 20)).add(nn.Tanh())
    assert repr(inner) == (
        "nn.Sequential {\n  [input -> (0) -> (1) -> output]\n  (0): nn.Linear(10 -> 20)\n  (1): nn.Tanh\n}"
    )
    assert repr(nn.Parallel(0, 0).add(inner).add(nn.ReLU())) == (
        "nn.Parallel {\n  input\n    |`-> (0): nn.Sequential {\n    |      [input -> (0) -> (1) -> output]\n"
        "    |      (0): nn.Linear(10 -> 20)\n    |      (1): nn.Tanh\n    |    }\n    |`-> (1): nn.ReLU\n"
        "     +. -> output\n}"
    )


@pytest.mark.parametrize(("module", "shown"), [
    (nn.Linear(3, 4, bias=False), "nn.Linear(3 -> 4) without bias"),
    (nn.SpatialConvolution(3, 64, 11, 5, 4, 4, 2, 2), "nn.SpatialConvolution(3 -> 64, 11x5, 4, 4, 2, 2)"),
    (nn.SpatialConvolution(3, 6, 2, 2).noBias(), "nn.SpatialConvolution(3 -> 6, 2x2) without bias"),
    (nn.SpatialMaxPooling(3, 3, 2, 2), "nn.SpatialMaxPooling(3x3, 2, 2)"),
    (nn.Dropout(0.25), "nn.Dropout(0.2500)"),
    (nn.Reshape(2, 3), "nn.Reshape(2x3)"),
    (nn.MSECriterion(), "nn.MSECriterion"),
])  # fmt: skip
def test_layers_are_shown(module, shown):
    assert repr(module) == shown


def test_outputs_may_be_tables_of_tables():
    module, x = nn.ConcatTable().add(nn.SplitTable(1)).add(nn.Select(0, 1)), torch.randn(2, 3)
    out = module.forward(x)
    assert len(out[0]) == 3 and out[1].equal(x[1])
    grad = module.backward(x, [[torch.ones(2), torch.zeros(2), torch.ones(2)], torch.ones(3)])
    assert grad.tolist() == [[1, 0, 1], [2, 1, 2]]
