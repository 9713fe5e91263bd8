"""autograd.functional against PyTorch: values, forms, whether results are recorded; and its errors."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd import functional

from ..func.oracle import check_same, needs_torch

random = np.random.RandomState(0)
A, B = random.standard_normal((3, 4)), random.standard_normal(4)


def two(x, y):
    return (x @ y).tanh(), (y * y).sum()


def scalar(x, y):
    return (x @ y).tanh().sum()


CASES = {
    "jacobian": lambda T, F, a, b, **k: F.jacobian(lambda x, y: (x @ y).tanh(), (a, b), **k),
    "jacobian of one input": lambda T, F, a, b, **k: F.jacobian(lambda y: (y * y, (y**3).sum()), b, **k),
    "hessian": lambda T, F, a, b, **k: F.hessian(scalar, (a, b), **k),
    "hessian of one input": lambda T, F, a, b, **k: F.hessian(lambda y: (y**3).sum(), b, **k),
    "vjp": lambda T, F, a, b, **k: F.vjp(two, (a, b), (a[:, 0], b[0]), **k),
    "vjp of a number": lambda T, F, a, b, **k: F.vjp(lambda y: (y * y).sum(), b, **k),
    "jvp": lambda T, F, a, b, **k: F.jvp(two, (a, b), (a * 2, b * 3), **k),
    "jvp of a number": lambda T, F, a, b, **k: F.jvp(lambda y: y * y, b[0], **k),
    "hvp": lambda T, F, a, b, **k: F.hvp(scalar, (a, b), (a * 2, b * 3), **k),
    "vhp": lambda T, F, a, b, **k: F.vhp(scalar, (a, b), (a * 2, b * 3), **k),
}


@needs_torch
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_against_torch(name, create_graph):
    check_same("autograd.functional", lambda *args: CASES[name](*args, create_graph=create_graph), A, B)


@needs_torch
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("name", [n for n in CASES if "jacobian" in n or "hessian" in n])
def test_vectorized(name, forward):
    strategy = "outer_jacobian_strategy" if "hessian" in name else "strategy"
    options = {"vectorize": True, strategy: "forward-mode" if forward else "reverse-mode"}
    # PyTorch's forward mode gives lists where its documentation says tuples
    check_same(
        "autograd.functional", lambda *args: CASES[name](*args, **options), A, B, containers=not forward
    )


def test_create_graph_reaches_the_inputs():
    x = fb.tensor(B, requires_grad=True)
    J = functional.jacobian(lambda x: x**3, x, create_graph=True)
    (g,) = fb.autograd.grad(J.sum(), x)
    np.testing.assert_allclose(g.numpy(), 6 * B)
    _, product = functional.hvp(lambda x: (x**4).sum(), x, fb.ones(4, dtype=fb.float64), create_graph=True)
    (g,) = fb.autograd.grad(product.sum(), x)
    np.testing.assert_allclose(g.numpy(), 24 * B)


def test_an_empty_output_has_an_empty_jacobian():
    assert functional.jacobian(lambda x: x[:0], fb.ones(3)).shape == (0, 3)


x = fb.tensor([1.0, 2.0, 0.5])
kind = "must be either a Tensor or a tuple of Tensors but the"
ERRORS = [
    (lambda: functional.jacobian(lambda x: x, [x]), TypeError,
     f"inputs given to jacobian {kind} given inputs has type"),
    (lambda: functional.jacobian(lambda x, y: x, (x, 3)), TypeError, f"{kind} value at index 1 has type <class 'int'>"),
    (lambda: functional.jacobian(lambda x: 3, x), TypeError,
     f"given to jacobian {kind} given outputs of the user-provided"),
    (lambda: functional.jacobian(lambda x: x.detach(), x, strict=True), RuntimeError,
     "Output 0 .* does not require grad"),
    (lambda: functional.jacobian(lambda x, y: x * 1, (x, x), strict=True), RuntimeError,
     "Output 0 .* independent of input 1"),
    (lambda: functional.jacobian(lambda x: x * 1, x, strict=True, create_graph=True), RuntimeError,
     "jacobian of the user-prov"),
    (lambda: functional.jacobian(lambda x: x, x, strict=True, vectorize=True), RuntimeError,
     "are not supported together"),
    (lambda: functional.jacobian(lambda x: x, x, strategy="forward-mode"), NotImplementedError, "for `vectorize=True`"),
    (lambda: functional.jacobian(lambda x: x, x, strategy="x"), ValueError, "Expected strategy to be either"),
    (lambda: functional.jacobian(lambda x: x, x, True, False, True, "forward-mode"), NotImplementedError,
     "not supported"),
    (lambda: functional.hessian(lambda x: x * 1, x), RuntimeError, "given to hessian should contain a single element"),
    (lambda: functional.hessian(lambda x: (x.sum(), x), x), RuntimeError,
     "given to hessian should return a single Tensor"),
    (lambda: functional.hessian(lambda x: x.sum(), x, strict=True), RuntimeError, "respect to input 0 is independent"),
    (lambda: functional.vjp(lambda x: x * 1, x), RuntimeError,
     "function returns a single Tensor with a single element"),
    (lambda: functional.vjp(lambda x: x * 1, x, fb.ones(2)), RuntimeError, "v has invalid size: should be"),
    (lambda: functional.vjp(lambda x: x * 1, x, (x, x)), RuntimeError, "The given v should contain a single Tensor"),
    (lambda: functional.vjp(lambda x, y: x.sum(), (x, x), strict=True), RuntimeError, "independent of input 1"),
    (lambda: functional.jvp(lambda x: x * 1, x), RuntimeError,
     "input to the user-provided function is a single Tensor"),
    (lambda: functional.jvp(lambda x: x.detach(), x, x, strict=True), RuntimeError,
     "Output 0 .* does not require grad"),
    (lambda: functional.vhp(lambda x: x.sum(), x, x, strict=True), RuntimeError, "respect to input 0 is independent"),
    (lambda: functional.hvp(lambda x: x.sum(), x, x, strict=True), RuntimeError, "respect to input 0 is independent"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_refused(case):
    call, error, words = ERRORS[case]
    with pytest.raises(error, match=words):
        call()
