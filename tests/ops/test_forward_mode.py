"""Forward mode agrees with reverse mode on every row of the table: <u, J v> = <J^T u, v> for random u and v."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd import forward_ad

from .table import ROWS
from .test_ops import differentiable, gradient_dtypes, inplace_method, quiet

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
        duals = [
            t if v is None else forward_ad.make_dual(t, v) for t, v in zip(inputs, directions, strict=True)
        ]
        pairs = [forward_ad.unpack_dual(r) for r in function(*duals)]
    return [p.primal for p in pairs], [
        fb.zeros_like(p.primal) if p.tangent is None else p.tangent for p in pairs
    ]


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


@pytest.mark.parametrize("row", [r for r in ROWS if r.grad and r.gradgrad and "float64" in r.dtypes], ids=str)
def test_forward_over_reverse(row):
    """The tangent of a gradient g along v is that of reverse over reverse: <w, dg/dx v> = <d<w, g>/dx, v>."""
    generator = np.random.RandomState(1)
    grad = fb.autograd.grad
    for function, inputs in differentiable(row, "float64"):
        wanted = [i for i, t in enumerate(inputs) if t.requires_grad and t.layout is fb.strided]
        if len(wanted) < sum(t.requires_grad for t in inputs):
            continue  # sparse inputs: their values are tested by the rows above
        targets = [inputs[i] for i in wanted]
        outputs = [o for o in function(*inputs) if o.requires_grad and o.layout is fb.strided]
        seeds = [random_like(o, generator) for o in outputs]
        first = grad(outputs, targets, seeds, create_graph=True, allow_unused=True)
        along = [random_like(t, generator) for t in targets]
        weights = [random_like(t, generator) for t in targets]
        live = [(g, w) for g, w in zip(first, weights, strict=True) if g is not None and g.requires_grad]
        back = 0.0
        if live:
            second = grad([g for g, _ in live], targets, [w for _, w in live], allow_unused=True)
            back = sum(inner(h, v) for h, v in zip(second, along, strict=True) if h is not None)
        with forward_ad.dual_level():
            given = list(inputs)
            for i, v in zip(wanted, along, strict=True):
                given[i] = forward_ad.make_dual(inputs[i].detach().requires_grad_(), v)
            outputs = [o for o in function(*given) if o.requires_grad and o.layout is fb.strided]
            found = grad(outputs, [given[i] for i in wanted], seeds, allow_unused=True)
            tangents = [None if g is None else forward_ad.unpack_dual(g).tangent for g in found]
        forth = sum(inner(w, t) for w, t in zip(weights, tangents, strict=True) if t is not None)
        np.testing.assert_allclose(forth, back, 1e-6, 1e-7, err_msg=row.name)


def with_tangents(sample, directions):
    """The sample with copies of its tensors, dual ones where there is a direction."""
    remaining = iter(directions)

    def dual(t):
        v = next(remaining)
        return t if v is None else forward_ad.make_dual(t.clone(), v.clone())

    return sample.map(dual)


@pytest.mark.parametrize("row", [r for r in ROWS if inplace_method(r) is not None and r.grad], ids=str)
def test_in_place_forms(row):
    """x.op_() gives x the tangent that op(x) has."""
    generator = np.random.RandomState(2)
    method = inplace_method(row)
    for sample in row.make("float64", row.grad_samples):
        first, *others = sample.tensors()
        expected = quiet(row.function, sample)
        if (
            not first.is_floating_point()
            or expected.shape != first.shape
            or expected.dtype is not first.dtype
        ):
            continue
        directions = [random_like(t, generator) if t.is_floating_point() else None for t in (first, *others)]
        with forward_ad.dual_level():
            plain = forward_ad.unpack_dual(quiet(row.function, with_tangents(sample, directions)))
            changed = with_tangents(sample, directions)
            target = forward_ad.unpack_dual(quiet(method, changed))
            assert forward_ad.unpack_dual(changed.args[0]).primal is target.primal
            got = fb.zeros_like(first) if plain.tangent is None else plain.tangent
            np.testing.assert_allclose(target.tangent.numpy(), got.numpy(), 1e-12, err_msg=row.name)
            np.testing.assert_allclose(target.primal.numpy(), plain.primal.numpy(), 1e-12, err_msg=row.name)
