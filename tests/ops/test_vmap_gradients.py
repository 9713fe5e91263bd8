"""Gradients and vmap, for every differentiable op of the table: through vmap, and batched gradients through an ordinary
graph, equal a loop."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd import grad
from flambeau.func import vmap

from .test_vmap import ROWS_HERE, cases, refusal

DIFFERENTIABLE = [r for r in ROWS_HERE if r.grad and "float64" in r.dtypes and not r.name.endswith("_")]


def wanting(tensors):
    """The tensors, those of float and complex dtypes as leaves that require grad."""
    return [t.detach().requires_grad_() if t.is_floating_point() or t.is_complex() else t for t in tensors]


def gradients(outputs, tensors, seeds):
    inputs = [t for t in tensors if t.requires_grad]
    return grad(outputs, inputs, seeds, retain_graph=True, allow_unused=True, materialize_grads=True)


def check(got, rows):
    for g, column in zip(got, zip(*rows, strict=True), strict=True):
        np.testing.assert_allclose(
            g.detach().numpy(), fb.stack(column).detach().numpy(), rtol=1e-6, atol=1e-7
        )


def graphs(row):
    """(call, two sets of tensors, the outputs of each that have a gradient) for the samples of a row."""
    for call, elements in cases(row, row.grad_samples):
        stacked = [fb.stack(ts) for ts in zip(*elements, strict=True)]
        if len(call.batched) < len(call.sample.tensors()) or refusal(call, stacked):
            continue
        leaves = [wanting(ts) for ts in elements]
        outputs = [[o for o in call(*ts) if o.requires_grad] for ts in leaves]
        shapes = [[o.shape for o in os] for os in outputs]
        if shapes[0] and shapes[0] == shapes[1]:
            yield call, leaves, outputs


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=repr)
@pytest.mark.filterwarnings("ignore")
def test_gradients_through_vmap(row):
    for call, leaves, outputs in graphs(row):
        seeds = [[fb.rand(o.shape, dtype=o.dtype) for o in os] for os in outputs]
        rows = [gradients(*one) for one in zip(outputs, leaves, seeds, strict=True)]
        stacked = wanting([fb.stack(ts) for ts in zip(*leaves, strict=True)])
        batched = [o for o in vmap(call)(*stacked) if o.requires_grad]
        check(gradients(batched, stacked, [fb.stack(s) for s in zip(*seeds, strict=True)]), rows)


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=repr)
@pytest.mark.filterwarnings("ignore")
def test_batched_gradients(row):
    for _, (leaves, _), (outputs, _) in graphs(row):
        seeds = [fb.rand(2, *o.shape, dtype=o.dtype) for o in outputs]
        rows = [gradients(outputs, leaves, [s[i] for s in seeds]) for i in range(2)]
        check(vmap(lambda *v, o=outputs, t=leaves: gradients(o, t, v))(*seeds), rows)
