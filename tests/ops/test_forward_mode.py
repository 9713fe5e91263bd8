"""Forward mode agrees with reverse mode on every row of the table: <u, J v> = <J^T u, v> for random u and v."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd import forward_ad

from .table import ROWS
from .test_ops import differentiable, gradient_dtypes

by_gradient = pytest.mark.parametrize(
    "row,dtype", [(r, d) for r in ROWS if r.grad for d in gradient_dtypes(r)], ids=str
)


def random_like(t, generator):
    if t.layout is not fb.strided:
        return t._with(random_like(t._value, generator))
    values = generator.standard_normal(tuple(t.shape))
    if t.is_complex():
        values = values + 1j * generator.standard_normal(tuple(t.shape))
    return fb.from_numpy(np.asarray(values, t.dtype.numpy))


def dense(t):
    return t.detach().to_dense().numpy()


def inner(a, b):
    """The real inner product, which the gradients of complex tensors are defined by."""
    a, b = [(t._value if t.layout is not fb.strided else t).detach().numpy() for t in (a, b)]
    return float(np.sum(np.real(np.conj(a) * b)))


def pushed(function, inputs, directions):
    """The results of a function with their tangents, zeros where there is none."""
    with forward_ad.dual_level():
        duals = [t if v is None else forward_ad.make_dual(t, v) for t, v in zip(inputs, directions, strict=True)]
        pairs = [forward_ad.unpack_dual(r) for r in function(*duals)]
    return [p.primal for p in pairs], [fb.zeros_like(p.primal) if p.tangent is None else p.tangent for p in pairs]


@by_gradient
def test_forward_agrees_with_reverse(row, dtype):
    generator = np.random.RandomState(0)
    for function, inputs in differentiable(row, dtype):
        directions = [random_like(t, generator) if t.requires_grad else None for t in inputs]
        plain = [t.detach() for t in inputs]
        outputs = function(*inputs)
        primals, tangents = pushed(function, plain, directions)
        live = [(o, t) for o, t in zip(outputs, tangents, strict=True) if o.requires_grad]
        for o, p in zip(outputs, primals, strict=True):
            np.testing.assert_allclose(dense(o), dense(p), 1e-12, 1e-12)
            assert not p.requires_grad
        seeds = [random_like(o, generator) for o, _ in live]
        wanted = [t for t in inputs if t.requires_grad]
        gradients = fb.autograd.grad([o for o, _ in live], wanted, seeds, allow_unused=True)
        along = [v for v in directions if v is not None]
        back = sum(inner(g, v) for g, v in zip(gradients, along, strict=True) if g is not None)
        forth = sum(inner(u, t) for u, (_, t) in zip(seeds, live, strict=True))
        np.testing.assert_allclose(forth, back, 1e-8, 1e-8, err_msg=row.name)
