"""Calls that the randomised comparison found to differ from PyTorch: the same expression must have the same outcome."""

import pytest

import flambeau as fb

from ..compare import refuses, same

VALUES = """
T.add(T.tensor([2, 3], dtype=T.uint8), T.tensor([True, False]), alpha=-1)
T.add(T.tensor([2.0], dtype=T.float16), T.tensor([True]), alpha=0.5)
T.add(T.tensor([2.0]), T.tensor([3.0], dtype=T.float16), alpha=1.3)
T.add(T.tensor([True]), T.tensor([True]), alpha=2)
T.tensor([2.5]).add_(T.tensor([3], dtype=T.int8), alpha=0.5)
T.addcmul(T.tensor([3], dtype=T.int8), T.tensor([2], dtype=T.int8), T.tensor(4, dtype=T.uint8), value=1.5)
T.tensor([3, 4]).addcmul_(T.tensor(4), T.tensor(1), value=0.5)
T.addcmul(T.tensor([3], dtype=T.uint8), T.tensor([5], dtype=T.uint8), T.tensor([5], dtype=T.uint8), value=-1)
T.tensor([1, 2]).index_add(0, T.tensor([0]), T.tensor([4]), alpha=0.5)
T.tensor([1, 2], dtype=T.uint8).index_add(0, T.tensor([0]), T.tensor([4], dtype=T.uint8), alpha=-1)
T.ldexp(T.tensor([2.5], dtype=T.float16), T.tensor([5]))
T.nan_to_num(T.tensor([complex(nan, inf), complex(1, -inf)]), nan=0.5, posinf=3.0)
T.tensor([True, False]).masked_fill(T.tensor([True, False]), 1j)
T.tensor([1.0, 2.0]).index_put((T.tensor([True, False]),), T.tensor(3, dtype=T.int8))
T.tensor([[1, 2], [3, 4]]).index_put((T.tensor([True, False]),), T.tensor([2.5]))
T.linspace(-3, -0.5, 5, dtype=T.int64)
T.linspace(2.5, -0.5, 8, dtype=T.int32)
T.logspace(2.5, 3, 8, dtype=T.int64)
T.logspace(2.5, 3, 1, dtype=T.int64)
T.arange(0.5, dtype=T.int16)
T.arange(-1.25, 2.5, dtype=T.int8)
T.arange(0.5, 5, 1.7, dtype=T.int32)
T.range(-1.25, 5, 1, dtype=T.int8)
T.range(0.5, 5, 1, dtype=T.int8)
T.combinations(T.tensor([1.0, 2.0]), r=0)
T.tensordot(T.ones(2, 3), T.tensor([[2.0, 3.0]]), 1)
T.tensordot(T.tensor([[2], [3]]), T.ones(3, 2, dtype=T.int64), 1)
T.quantile(T.tensor([-inf, -1.0]), 0.5)
T.nn.functional.cosine_similarity(T.tensor([3]), T.tensor([1.0]), dim=0)
T.nn.functional.bilinear(*[T.ones(2, 2, dtype=T.uint8)] * 2, T.ones(1, 2, 2, dtype=T.uint8))
T.view_as_complex(T.from_numpy(np.ones((1, 1, 2), order='F')))
T.histc(T.tensor([1e30, -1.0, 1e30]), bins=4, min=1e30, max=1e30)
T.histc(T.full((2,), 1e30), bins=5)
T.gt(T.ones(2, requires_grad=True), 0, out=T.zeros(2, dtype=T.bool))
T.logical_not(T.ones(2, requires_grad=True), out=T.zeros(2, dtype=T.bool))
T.all(T.ones(2, requires_grad=True), out=T.tensor(False))
T.argmax(T.ones(2, 3, requires_grad=True), 0, out=T.zeros(3, dtype=T.int64))
"""

REFUSALS = """
T.add(T.ones(2, dtype=T.uint8), T.ones(2, dtype=T.uint8), alpha=True)
T.add(T.ones(2), T.ones(2), alpha=True)
T.add(T.ones(2), T.ones(2), alpha=1j)
T.sub(T.tensor([1]), T.tensor([2]), alpha=1j)
T.addcmul(T.ones(2), T.ones(2), T.ones(2), value=1j)
T.addcdiv(T.ones(2), T.ones(2), T.ones(2), value=1j)
T.ones(3).cumsum_(0, dtype=T.float64)
T.ones(3, dtype=T.int8).cumprod_(0, dtype=T.int32)
T.kthvalue(T.ones(2, 0), 1)
T.cartesian_prod(T.tensor(1.0))
T.cartesian_prod(T.ones(2), T.ones(2, 2))
T.cov(T.ones(2, 0), aweights=T.ones(0))
T.linalg.vander(T.tensor([True, False]))
T.nn.functional.channel_shuffle(T.ones(2, 4), 2)
T.nn.functional.bilinear(T.ones(2, 2), T.ones(2, 2, dtype=T.float64), T.ones(1, 2, 2))
T.nn.functional.pad(T.ones(0, 5), (1, 1), mode='reflect')
T.tensor(1.0).unflatten(0, (1, -1))
T.ones(2, 3).index_copy(0, T.tensor([0]), T.ones(3))
T.ones(2, 0).index_reduce(0, T.tensor([2]), T.ones(1, 0), 'amax')
T.ones(2, dtype=T.int64).index_fill(0, T.tensor([0]), T.tensor(1j))
T.ones(2).masked_fill(T.tensor([True, False]), T.tensor(1j))
T.where(T.ones(0, 0, 0, dtype=T.bool), T.ones(2, 0), T.tensor(1.0))
T.isclose(T.ones(3, 1), T.ones(0, 1, 5, 5))
T.lerp(T.ones(2, 1, 1, 0), T.ones(0, 3), 0.5)
T.lerp(T.ones(2, 2), T.ones(1, 2), T.ones(2, 5))
T.polar(T.ones(5), T.ones(1, 0, 2, 3))
"""

GRADIENTS = {
    "pow": lambda T, x: x.bfloat16() ** T.tensor([2.8], dtype=T.float64),
    "pow of ints": lambda T, x: T.tensor([3], dtype=T.int64) ** x,
    "xlogy": lambda T, x: T.xlogy(x, T.tensor([3], dtype=T.int64)),
    "xlog1py": lambda T, x: T.special.xlog1py(x, T.tensor([3], dtype=T.int64)),
    "nextafter": lambda T, x: T.nextafter(x, T.tensor([5, 3], dtype=T.int64)),
    "nextafter of equal numbers": lambda T, x: T.nextafter(x, x.detach()),
    "add": lambda T, x: T.add(T.tensor([1.0], dtype=T.float64), x.float(), alpha=1.3),
}


@pytest.mark.parametrize("expression", VALUES.strip().split("\n"))
@pytest.mark.filterwarnings("ignore")
def test_values(expression):
    same(expression)


@pytest.mark.parametrize("expression", REFUSALS.strip().split("\n"))
@pytest.mark.filterwarnings("ignore")
def test_refusals(expression):
    torch = pytest.importorskip("torch")
    with pytest.raises((RuntimeError, IndexError)) as theirs:
        eval(expression, {"T": torch})
    with pytest.raises(RuntimeError if theirs.type is not IndexError else IndexError):
        eval(expression, {"T": fb})


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    torch = pytest.importorskip("torch")
    gradients = []
    for library in (fb, torch):
        x = library.tensor([1.328125], dtype=library.float64, requires_grad=True)
        GRADIENTS[name](library, x).sum().backward()
        gradients.append(x.grad.item())
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-12)


def test_the_gradient_of_a_scattered_product_of_complex_numbers():
    x = fb.tensor([1 + 2j, 0.5 - 1j], dtype=fb.complex128, requires_grad=True)
    src = fb.tensor([2 - 1j, 3 + 0.5j], dtype=fb.complex128, requires_grad=True)
    index = fb.tensor([0, 0])
    function = lambda x, src: x.scatter_reduce(0, index, src, "prod")  # noqa: E731
    assert fb.autograd.gradcheck(function, (x, src))


def test_the_gradient_of_nan_to_num_of_complex_numbers():
    x = fb.tensor([1 + 2j, complex(3, float("nan"))], dtype=fb.complex128, requires_grad=True)
    assert fb.autograd.gradcheck(lambda x: fb.nan_to_num(x)[:1], x)
    fb.nan_to_num(x).real.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_cumsum_in_place_with_another_dtype_changes_nothing():
    x = fb.ones(3)
    refuses(lambda: x.cumsum_(0, dtype=fb.float64), x, match="should match")
    refuses(lambda: fb.cumprod_(x, 0, dtype=fb.float64), x, match="should match")
    assert x.cumsum_(0, dtype=fb.float32) is x
    assert x.tolist() == [1, 2, 3]
