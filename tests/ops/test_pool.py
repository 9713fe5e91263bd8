"""Pooling: what rows cannot say."""

import pytest

import flambeau as fb
from flambeau.nn import functional as F


@pytest.mark.parametrize(
    "function,name",
    [
        (lambda x: F.max_pool2d(x, 2), "MaxPool2DWithIndicesBackward0"),
        (lambda x: F.avg_pool2d(x, 2), "AvgPool2DBackward0"),
        (lambda x: F.adaptive_avg_pool2d(x, 2), "AdaptiveAvgPool2DBackward0"),
        (lambda x: F.adaptive_max_pool2d(x, 2), "AdaptiveMaxPool2DBackward0"),
    ],
)
def test_node_names(function, name):
    assert function(fb.randn(1, 2, 4, 4, requires_grad=True)).grad_fn.name() == name


def test_indices():
    x = fb.tensor([[[[1.0, 5.0, 5.0], [2.0, 0.0, 7.0]]]], requires_grad=True)
    values, indices = F.max_pool2d(x, 2, 1, return_indices=True)
    assert values.tolist() == [[[[5.0, 7.0]]]] and indices.tolist() == [[[[1, 5]]]]
    assert indices.dtype is fb.int64 and not indices.requires_grad
    values.sum().backward()
    assert x.grad.tolist() == [[[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]]


def test_nan_wins_and_padding_does_not():
    x = fb.tensor([[[float("nan"), -1.0, -2.0, -3.0]]])
    out = F.max_pool1d(x, 2, padding=1).tolist()[0][0]
    assert out[0] != out[0] and out[1:] == [-1.0, -3.0]


def test_overlapping_windows_add_gradients():
    x = fb.tensor([[[0.0, 3.0, 1.0]]], requires_grad=True)
    F.max_pool1d(x, 2, 1).sum().backward()
    assert x.grad.tolist() == [[[0.0, 2.0, 0.0]]]
