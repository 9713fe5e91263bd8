"""What rows cannot say about the matrix products: node names, operators, out=, in-place forms, forms of einsum."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops.matrix import multi_dot


@pytest.mark.parametrize(
    "a,b,name",
    [
        ((2, 3), (3, 4), "MmBackward0"),
        ((2, 3), (3,), "MvBackward0"),
        ((3,), (3,), "DotBackward0"),
        ((3,), (3, 4), "SqueezeBackward0"),
    ],
)
def test_node_names(a, b, name):
    x = fb.randn(a, requires_grad=True)
    assert (x @ fb.randn(b)).grad_fn.name() == name


def test_linear_is_one_node():
    w, b = fb.randn(4, 3, requires_grad=True), fb.randn(4, requires_grad=True)
    y = fb.nn.functional.linear(fb.randn(2, 5, 3), w, b)
    assert y.grad_fn.name() == "AddmmBackward0"
    assert [f.name() for f, _ in y.grad_fn.next_functions if f is not None] == ["AccumulateGrad"] * 2


def test_linear_saves_only_what_gradients_need():
    x, w = fb.randn(2, 3), fb.randn(4, 3, requires_grad=True)
    y = fb.nn.functional.linear(x, w)
    w.data.zero_()  # the weight was not saved: x needs no gradient
    with fb.no_grad():
        w.add_(1)
    y.sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), np.tile(x.numpy().sum(0), (4, 1)), rtol=1e-6)


def test_operator():
    a, b = fb.randn(2, 3), fb.randn(3, 4)
    np.testing.assert_allclose((a @ b).numpy(), a.numpy() @ b.numpy(), rtol=1e-5)
    with pytest.raises(TypeError):
        a @ 3
    with pytest.raises(TypeError):
        a @ "x"


COMPOSED = [
    (fb.matmul, ((2, 3), (3, 4))),
    (fb.matmul, ((5, 2, 3), (3, 4))),
    (fb.inner, ((2, 3), (4, 3))),
    (fb.outer, ((2,), (3,))),
    (fb.vdot, ((3,), (3,))),
    (fb.kron, ((2, 3), (2, 2))),
    (fb.cross, ((2, 3), (2, 3))),
    (fb.tensordot, ((2, 3, 4), (3, 4, 5))),
    (fb.chain_matmul, ((2, 3), (3, 4), (4, 2))),
]


@pytest.mark.parametrize("function,shapes", COMPOSED, ids=lambda v: getattr(v, "__name__", None))
def test_out(function, shapes):
    args = [fb.randn(s) for s in shapes]
    out = fb.empty(0)
    assert function(*args, out=out) is out
    np.testing.assert_allclose(out.numpy(), function(*args).numpy(), rtol=1e-6)
    args[0].requires_grad_()
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        function(*args, out=out)


def test_addmm_in_place_and_beta_zero():
    m = fb.full((2, 2), float("nan"))
    assert m.addmm_(fb.ones(2, 3), fb.ones(3, 2), beta=0) is m
    assert m.tolist() == [[3.0, 3.0], [3.0, 3.0]]
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        fb.ones(2).addmm_(fb.ones(2, 3), fb.ones(3, 2))


def test_einsum_forms():
    a, b = fb.randn(2, 3), fb.randn(3, 4)
    expected = (a @ b).numpy()
    np.testing.assert_allclose(fb.einsum(a, [0, 1], b, [1, 2], [0, 2]).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(fb.einsum(a, [0, 1], b, [1, 2]).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(fb.einsum("ij,jk", [a, b]).numpy(), expected, rtol=1e-5)
    c = fb.randn(5, 2, 3)
    np.testing.assert_allclose(fb.einsum(c, [..., 0, 1], [..., 1, 0]).numpy(), c.numpy().swapaxes(1, 2))
    np.testing.assert_allclose(fb.einsum("Aa", a).numpy(), a.numpy())
    with pytest.raises(ValueError, match=r"not within the valid range \[0, 52\)"):
        fb.einsum(a, [0, 60], b, [1, 2])


def test_einsum_broadcasts_size_one():
    a, b = fb.randn(2, 1), fb.randn(3, 4)
    np.testing.assert_allclose(
        fb.einsum("ij,jk->ik", a, b).numpy(), a.numpy() * b.numpy().sum(0), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(fb.einsum("ij,ji->ij", a, fb.ones(3, 2)).numpy(), np.tile(a.numpy(), 3))


def test_multi_dot():
    v, m, n, w = (fb.randn(s) for s in ((3,), (3, 5), (5, 2), (2,)))
    np.testing.assert_allclose(
        multi_dot([v, m, n, w]).item(), v.numpy() @ m.numpy() @ n.numpy() @ w.numpy(), rtol=1e-4
    )
    assert multi_dot([v, m]).shape == (5,)
    with pytest.raises(RuntimeError, match="tensor 1 must be 2D but got 1D"):
        multi_dot([v, v, v])
    with pytest.raises(RuntimeError, match="expected at least 2 tensors but got 1"):
        multi_dot([m])


def test_matrix_power_of_one_is_a_copy():
    a = fb.eye(3)
    b = fb.matrix_power(a, 1)
    b.zero_()
    assert a.sum().item() == 3


def test_transposed_operands():
    a, b = fb.randn(4, 3), fb.randn(5, 4)
    np.testing.assert_allclose((a.t() @ b.t()).numpy(), a.numpy().T @ b.numpy().T, rtol=1e-5, atol=1e-6)
