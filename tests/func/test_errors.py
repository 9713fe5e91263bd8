"""What the transformations refuse, in PyTorch's words."""

import pytest

import flambeau as fb
from flambeau import func

x = fb.tensor([1.0, 2.0, 0.5])

CASES = [
    (lambda: func.grad(lambda x: x)(x), RuntimeError, "Expected f.* to return a scalar Tensor, got tensor with 1 dims"),
    (lambda: func.grad(lambda x: 3)(x), RuntimeError, "Expected f.* to return a Tensor, got <class 'int'>"),
    (lambda: func.grad(lambda x: x.sum())(3.0), ValueError,
     "Thing passed to transform API must be Tensor, got <class 'float'>"),
    (lambda: func.grad(lambda x: x.sum())(x.long()), RuntimeError, "only Tensors of floating point dtype can require"),
    (lambda: func.grad(lambda x: x.sum(), argnums=1)(x), RuntimeError, "Got argnum=1, but only 1 positional inputs"),
    (lambda: func.grad(lambda x: x.sum(), argnums=())(x), RuntimeError, "argnums must be non-empty"),
    (lambda: func.grad(lambda x: x.sum(), argnums=(0, 0))(x), RuntimeError, "argnums elements must be unique, got"),
    (lambda: func.grad(lambda x: x.sum(), argnums="a")(x), RuntimeError, "argnums must be int or Tuple"),
    (lambda: func.grad(lambda x: x.sum(), has_aux=True)(x), RuntimeError, r"should be a tuple: \(output, aux\)"),
    (lambda: func.grad(lambda x: x.add_(1).sum())(x), RuntimeError, "a leaf Variable that requires grad is being used"),
    (lambda: func.vjp(lambda x: 3, x), RuntimeError, "return only tensors, got unsupported type <class 'int'>"),
    (lambda: func.vjp(lambda x: (), x), RuntimeError, "non-empty output"),
    (lambda: func.vjp(lambda x: x.sum(), x)[1](x), RuntimeError, r"Mismatch in shape: grad_output\[0\]"),
    (lambda: func.vjp(lambda x: x.sum(), x)[1]((x, x)), RuntimeError, "Expected pytree structure of cotangents"),
    (lambda: func.jvp(lambda x: x, x, x), RuntimeError, "Expected primals to be a tuple"),
    (lambda: func.jvp(lambda x: x, (x,), (x, x)), RuntimeError, "to have the same python structure"),
    (lambda: func.jvp(lambda x: x, (x,), (fb.ones(2),)), RuntimeError,
     "has a different size than that of the original"),
    (lambda: func.jvp(lambda x: x, (x,), (3,)), RuntimeError, "Expected tangents to only contain Tensors"),
    (lambda: func.jvp(lambda x: x, (), ()), RuntimeError, "Expected primals to contain at least one Tensor"),
    (lambda: func.jvp(lambda x: 3, (x,), (x,)), RuntimeError, "got unsupported type"),
    (lambda: func.jvp(lambda x: fb.ones(2), (x,), (x,), strict=True), RuntimeError, "independent of the inputs"),
    (lambda: func.jacrev(lambda x: x, chunk_size=0), ValueError, "`chunk_size` should be greater than 0"),
    (lambda: func.jacrev(lambda x: x)(x + 1j), RuntimeError, "jacrev: Expected all inputs to be real"),
    (lambda: func.jacfwd(lambda x: x)(x + 1j), RuntimeError, "jacfwd: Expected all inputs to be real"),
    (lambda: func.linearize(lambda x: x, x)[1](fb.ones(2)), RuntimeError,
     r"expected a tangent of shape \[3\], got \[2\]"),
    (lambda: func.linearize(lambda x: x, x)[1](x, x), RuntimeError, "to have the same python structure"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)))
def test_refused(case):
    call, error, words = CASES[case]
    with pytest.raises(error, match=words):
        call()
