"""Gradients through the methods of Variables are those of today's methods."""

import numpy as np
import pytest

import flambeau as fb
import flambeau.v03 as torch
from flambeau.v03.faces import Variable

rng = np.random.RandomState(0)
A, B = rng.uniform(0.2, 0.9, (3, 3)), rng.uniform(0.2, 0.9, (3, 3))
MASK = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]], np.uint8)
ROWS = np.array([2, 0])

UNARY = """abs acos asin atan ceil cos cosh erf erfinv exp floor frac lgamma log log1p neg reciprocal round rsqrt
sigmoid sign sin sinh sqrt tan tanh trunc t clone inverse trace sum mean prod norm std var max min median diag
tril triu contiguous""".split()
# method and arguments; tensors as arrays
CALLS = [
    *((name,) for name in UNARY),
    ("add", B), ("sub", B), ("mul", B), ("div", B), ("fmod", 0.3), ("remainder", 0.3), ("pow", 3), ("pow", B),
    ("atan2", B), ("lerp", B, 0.3), ("addcmul", B, B), ("addcdiv", B, B), ("clamp", 0.3, 0.7), ("dist", B, 2),
    ("sum", 1), ("mean", 0), ("prod", 1), ("norm", 2, 1), ("max", 1), ("min", 0), ("median", 1), ("kthvalue", 2),
    ("mode",), ("sort",), ("topk", 2), ("cumsum", 1), ("cumprod", 0), ("max", B), ("min", B),
    ("view", 9), ("view", -1, 1), ("expand", 2, 3, 3), ("repeat", 2, 1), ("permute", 1, 0), ("transpose", 0, 1),
    ("unsqueeze", 1), ("squeeze",), ("narrow", 0, 1, 2), ("select", 0, 1), ("chunk", 3), ("split", 2),
    ("unfold", 0, 2, 1), ("unbind",), ("index_select", 0, ROWS), ("gather", 1, np.array([[0, 1], [1, 2], [2, 0]])),
    ("take", ROWS),
    ("masked_fill", MASK, 2), ("masked_select", MASK), ("scatter", 1, np.array([[0], [1], [2]]), 2.0),
    ("index_fill", 0, ROWS, 1.0), ("index_add", 0, ROWS, B[:2]), ("index_copy", 0, ROWS, B[:2]),
    ("scatter_add", 0, np.array([[0, 1, 2]]), B[:1]),
    ("mm", B), ("matmul", B), ("mv", B[0]), ("addmm", B, B), ("addr", B[0], B[1]), ("cross", B, 0),
    ("renorm", 2, 0, 0.5), ("svd",), ("qr",), ("resize", 1, 9), ("float",),
]  # fmt: skip


def leaves(result):
    return [leaf for part in result for leaf in leaves(part)] if isinstance(result, (tuple, list)) else [result]


def ids(call):
    return call[0] + "".join(f"-{'tensor' if isinstance(a, np.ndarray) else a}" for a in call[1:])


@pytest.mark.parametrize("call", CALLS, ids=ids)
def test_method(call):
    name, *args = call
    ours = Variable(torch.from_numpy(A.copy()), requires_grad=True)
    got = getattr(ours, name)(*[Variable(torch.from_numpy(a.copy())) if isinstance(a, np.ndarray) else a for a in args])
    theirs = fb.from_numpy(A.copy()).requires_grad_(True)

    def todays(a):
        if not isinstance(a, np.ndarray):
            return a
        return fb.from_numpy(a.astype(bool) if a.dtype == np.uint8 else a.copy())

    expected = getattr(theirs, name)(*map(todays, args))
    got, expected = leaves(got), leaves(expected)
    assert len(got) == len(expected)
    total = 0
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        assert type(g) is Variable
        np.testing.assert_allclose(g.data.numpy().reshape(e.shape), e.detach().numpy(), rtol=1e-12)
        if e.requires_grad:
            assert g.requires_grad
            (g * g + (i + 1) * g).sum().backward(retain_graph=True)
            total = total + (e * e + (i + 1) * e).sum()
    total.backward()
    np.testing.assert_allclose(ours.grad.data.numpy(), theirs.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["add_", "sub_", "mul_", "div_", "pow_"])
def test_method_in_place(name):
    ours = Variable(torch.from_numpy(A.copy()), requires_grad=True)
    theirs = fb.from_numpy(A.copy()).requires_grad_(True)
    a, b = ours * 1, theirs * 1
    getattr(a, name)(3)
    getattr(b, name)(3)
    (a * a).sum().backward()
    (b * b).sum().backward()
    np.testing.assert_allclose(ours.grad.data.numpy(), theirs.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", ["exp_", "sqrt_", "tanh_", "sigmoid_", "abs_", "clamp_"])
def test_method_of_no_argument_in_place(name):
    args = (0.3, 0.7) if name == "clamp_" else ()
    ours = Variable(torch.from_numpy(A.copy()), requires_grad=True)
    theirs = fb.from_numpy(A.copy()).requires_grad_(True)
    a, b = ours * 1, theirs * 1
    assert getattr(a, name)(*args) is a
    getattr(b, name)(*args)
    a.sum().backward()
    b.sum().backward()
    np.testing.assert_allclose(a.data.numpy(), b.detach().numpy())
    np.testing.assert_allclose(ours.grad.data.numpy(), theirs.grad.numpy(), rtol=1e-12)


def test_gradient_is_a_variable_of_the_type_of_data():
    v = Variable(torch.ones(2), requires_grad=True)
    v.sum().backward()
    assert type(v.grad) is Variable and type(v.grad.data) is torch.FloatTensor
