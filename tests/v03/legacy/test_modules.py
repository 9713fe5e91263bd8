"""Each module: gradients against differences of outputs, types, copies, states."""

import copy
import pickle

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn
from flambeau.v03.legacy.nn.tensors import flat, is_float, mapped

from .cases import CASES, build, name_of

RANDOM = (nn.Dropout, nn.SpatialDropout, nn.VolumetricDropout, nn.RReLU, nn.SpatialFractionalMaxPooling)
each = pytest.mark.parametrize("case", CASES, ids=name_of)


def output(module, input):
    """The outputs of a forward, as arrays; with the same random numbers each time, and the input as it was."""
    torch.manual_seed(7)
    out = module.forward(mapped(lambda t: t.clone(), input))
    return [t.clone().numpy() for t in flat(out)]


def weighted(module, input, weights):
    return sum((o * w).sum() for o, w in zip(output(module, input), weights, strict=True))


def differences(module, input, weights, tensor, h=1e-5):
    """The derivatives of the weighted sum of the outputs by the elements of a tensor, from two values for each."""
    array = tensor.numpy()
    found = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + h
        above = weighted(module, input, weights)
        array[place] = kept - h
        found[place] = (above - weighted(module, input, weights)) / (2 * h)
        array[place] = kept
    return found


def backward(module, input, weights, scale=1):
    """gradInput and the gradients of the parameters."""
    torch.manual_seed(7)
    given = mapped(lambda t: t.clone(), input)
    out = flat(module.forward(given))
    grads = [torch.from_numpy(w.reshape(tuple(o.size()))).type(o.type()) for o, w in zip(out, weights, strict=True)]
    grads = grads if isinstance(module.output, list) else grads[0]
    module.zeroGradParameters()
    return module.backward(given, grads, scale)


def weights_for(module, input):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(o.shape) for o in output(module, input)]


@each
def test_gradients_are_those_of_the_outputs(case):
    module, input = build(case)
    weights = weights_for(module, input)
    grads = flat(backward(module, input, weights))
    for tensor, grad in zip(flat(input), grads, strict=True):
        assert grad.size() == tensor.size() and grad.type() == tensor.type()
        expected = differences(module, input, weights, tensor) if is_float(tensor) else np.zeros(tuple(tensor.size()))
        np.testing.assert_allclose(grad.numpy(), expected, rtol=1e-5, atol=1e-6)
    padding = getattr(module, "paddingValue", -1)
    for param, grad in zip(*(module.parameters() or ((), ())), strict=True):
        expected = differences(module, input, weights, param)
        if padding >= 0:
            assert np.abs(expected[padding]).max() > 0.1
            expected[padding] = 0
        np.testing.assert_allclose(grad.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", [c for c in CASES if (c[0]().parameters() or [[]])[0]], ids=name_of)
def test_gradients_of_parameters_accumulate_with_a_scale(case):
    module, input = build(case)
    weights = weights_for(module, input)
    backward(module, input, weights)
    once = [g.clone() for g in module.parameters()[1]]
    torch.manual_seed(7)
    out = module.forward(input)
    grads = torch.from_numpy(weights[0].reshape(tuple(out.size())))
    module.backward(input, grads, 0.5)
    for grad, first in zip(module.parameters()[1], once, strict=True):
        np.testing.assert_allclose(grad.numpy(), 1.5 * first.numpy(), rtol=1e-9, atol=1e-12)


@each
def test_in_use_gradients_are_those_of_the_outputs(case):
    module, input = build(case)
    module.evaluate()
    weights = weights_for(module, input)
    grads = flat(backward(module, input, weights))
    for tensor, grad in zip(flat(input), grads, strict=True):
        if is_float(tensor):
            np.testing.assert_allclose(
                grad.numpy(), differences(module, input, weights, tensor), rtol=1e-5, atol=1e-6
            )


@each
def test_floats_and_doubles_agree(case):
    module, input = build(case)
    expected = output(module, input)
    assert module.float() is module
    assert module.type() == "torch.FloatTensor"
    for param in (module.parameters() or ([],))[0]:
        assert type(param) is torch.FloatTensor
    small = mapped(lambda t: t.float() if is_float(t) else t, input)
    torch.manual_seed(7)
    out = module.forward(small)
    assert all(t.type() == "torch.FloatTensor" for t in flat(out))
    if isinstance(module, RANDOM):
        return  # random numbers of another type are others
    for got, want in zip(flat(out), expected, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-4)


@each
def test_copies_and_pickles_compute_the_same(case):
    module, input = build(case)
    expected = output(module, input)
    for other in (pickle.loads(pickle.dumps(module)), module.clone(), copy.deepcopy(module)):
        assert type(other) is type(module) and repr(other) == repr(module)
        for got, want in zip(output(other, input), expected, strict=True):
            np.testing.assert_array_equal(got, want)


@each
def test_cleared_modules_compute_the_same(case):
    module, input = build(case)
    expected = output(module, input)
    assert module.clearState() is module
    assert all(not t.numel() for t in flat(module.output))
    if isinstance(module, (nn.SpatialMaxUnpooling, nn.VolumetricMaxUnpooling)):
        return  # needs what its pooling module has found
    for got, want in zip(output(module, input), expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_every_class_has_a_case():
    criterions = {n for n in dir(nn) if n.endswith(("Criterion", "CriterionTable")) or n == "L1Cost"}
    containers = {"Module", "Container", "Sequential", "Concat", "ConcatTable", "DepthConcat", "Parallel",
                  "ParallelTable"}  # fmt: skip
    others = {"Copy", "L1Penalty"}  # in test_module.py
    classes = {n for n in dir(nn) if isinstance(getattr(nn, n), type)}
    tested = {type(case[0]()).__name__ for case in CASES}
    assert classes - criterions - containers - others == tested
