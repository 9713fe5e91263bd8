"""Making tensors: every factory, against PyTorch where it is installed, and what only this library does."""

import collections
import random

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops import FUNCTIONS

from .compare import same

# Expressions with the same outcome (values, dtype, shape, requires_grad, or type of the exception) in both libraries.

TENSOR = """
T.tensor(1)
T.tensor(1.5)
T.tensor(True)
T.tensor(1j)
T.tensor([])
T.tensor([[]])
T.tensor([[], []])
T.tensor(())
T.tensor([1, 2, 3])
T.tensor([1, 2.5])
T.tensor([1, True])
T.tensor([True, False])
T.tensor([1.5, 1j])
T.tensor([[1, 2], [3, 4]])
T.tensor(((1, 2), [3, 4]))
T.tensor([[1], [2.5]])
T.tensor(range(4))
T.tensor([range(2), range(2)])
T.tensor(x for x in [1, 2])
T.tensor({1, 2})
T.tensor({1: 2})
T.tensor({})
T.tensor(None)
T.tensor([None])
T.tensor([1, None])
T.tensor("a")
T.tensor("12")
T.tensor(["a"])
T.tensor(b"ab")
T.tensor(bytearray(b"ab"))
T.tensor(object())
T.tensor([object()])
T.tensor([[1, 2], [3]])
T.tensor([[1], 2])
T.tensor([1, [2]])
T.tensor([[[1, 2]], [[3]]])
T.tensor([[1, 2], []])
T.tensor(2**63)
T.tensor(-2**63)
T.tensor([2**64])
T.tensor(2**70)
T.tensor(2**63, dtype=T.float32)
T.tensor([2**70], dtype=T.float64)
T.tensor(300, dtype=T.uint8)
T.tensor(-1, dtype=T.uint8)
T.tensor([1000], dtype=T.int8)
T.tensor(2**40, dtype=T.int32)
T.tensor(1.7, dtype=T.int64)
T.tensor([1.7, -1.7], dtype=T.int32)
T.tensor(1j, dtype=T.float32)
T.tensor([1j], dtype=T.float32)
T.tensor(1j, dtype=T.complex128)
T.tensor(nan, dtype=T.int64).dtype
T.tensor(nan, dtype=T.bool)
T.tensor([0.0, 0.1, nan], dtype=T.bool)
T.tensor([0, 1, 2], dtype=T.bool)
T.tensor(1e300)
T.tensor(1e300, dtype=T.float16)
T.tensor([inf, -inf, nan, -0.0])
T.tensor([1, 2], dtype=T.bfloat16)
T.tensor([1, 2], dtype=T.complex64)
T.tensor([1, 2], dtype=float)
T.tensor([1, 2], dtype=int)
T.tensor([1, 2], dtype=bool)
T.tensor([1, 2], requires_grad=True)
T.tensor([1.0], requires_grad=True)
T.tensor([1j], requires_grad=True)
T.tensor([1], dtype=T.float16, requires_grad=True)
T.tensor([True], requires_grad=True)
T.tensor()
T.tensor(1, 2)
T.tensor(1, bogus=2)
T.tensor(data=[1])
T.tensor([1], device="cpu")
T.tensor([1], device=None)
T.tensor([1], device="nonsense")
T.tensor([1], device=3.5)
T.tensor(np.float32(1.5))
T.tensor(np.float64(1.5))
T.tensor(np.int8(3))
T.tensor(np.bool_(True))
T.tensor(np.complex64(1j))
T.tensor([np.float32(1.5)])
T.tensor([np.float64(1.5), np.float64(2)])
T.tensor([np.int32(1)])
T.tensor([np.int32(1), 2.5])
T.tensor(np.arange(3))
T.tensor(np.arange(3, dtype="f4"))
T.tensor(np.arange(3, dtype="f2"))
T.tensor(np.arange(3, dtype="u1"))
T.tensor(np.array(5))
T.tensor(np.array([]))
T.tensor(np.array([True]))
T.tensor(np.zeros((2, 0)))
T.tensor(np.arange(6).reshape(2, 3).T)
T.tensor(np.array(["a"]))
T.tensor(np.array([object()]))
T.tensor(np.array([1, 2], dtype=object))
T.tensor(np.array(["2020-01-01"], dtype="datetime64[D]"))
T.tensor(np.zeros(2, dtype=[("a", "i4")]))
T.tensor([np.arange(2), np.arange(2)])
T.tensor([np.arange(2), np.arange(3)])
T.tensor([np.arange(2.0), [1, 2]])
T.tensor([[1, 2], np.arange(2)])
T.tensor(T.ones(2))
T.tensor([T.ones(()), T.zeros(())])
T.tensor([T.tensor(1), T.tensor(2)])
T.tensor([T.tensor(1), 2.5])
T.tensor([T.tensor([1])])
T.tensor([[T.tensor(1), 2], [3, 4]])
T.tensor([T.ones((), dtype=T.float64)])
T.tensor([T.ones((), dtype=T.bool)])
T.tensor([T.ones(2), T.ones(2)])
T.tensor([T.ones(2), T.ones(3)])
T.tensor([T.ones((), requires_grad=True)])
"""

AS_TENSOR = """
T.as_tensor([1, 2])
T.as_tensor(3)
T.as_tensor(np.arange(3))
T.as_tensor(np.arange(3), dtype=T.float32)
T.as_tensor(np.float32(2))
T.as_tensor(T.ones(2))
T.as_tensor(T.ones(2), dtype=T.int64)
T.as_tensor(T.ones(2, requires_grad=True))
T.as_tensor(None)
T.as_tensor("x")
T.as_tensor([[1], [2, 3]])
T.as_tensor(np.array(["a"]))
T.as_tensor()
T.asarray([1, 2])
T.asarray([1, 2], dtype=T.float64)
T.asarray([1.0], requires_grad=True)
T.asarray(T.ones(2), copy=True)
T.asarray(np.arange(3), copy=True)
T.asarray([1, 2], copy=False)
T.asarray(np.arange(3), copy=False)
T.asarray(np.arange(3), dtype=T.float32, copy=False)
T.asarray(T.ones(2), dtype=T.float64, copy=False)
T.asarray(T.ones(2, requires_grad=True), requires_grad=False)
T.asarray(3.5)
T.asarray(None)
"""

MEMORY = """
T.from_numpy(np.arange(3))
T.from_numpy(np.array(3.5))
T.from_numpy([1])
T.from_numpy(None)
T.from_numpy(np.float32(1))
T.from_numpy(np.array(["a"]))
T.from_numpy(np.zeros(2, object))
T.from_numpy(np.zeros(2, "f8").astype(">f8"))
T.from_numpy(np.zeros(2, "datetime64[s]"))
T.from_numpy(np.zeros(2, "S3"))
T.from_numpy(np.zeros(2, [("a", "f4")]))
T.from_numpy(np.zeros(2, np.longdouble))
T.from_numpy(np.zeros((2, 0)))
T.from_numpy()
T.from_numpy(np.ones(1), 2)
T.from_numpy(np.ma.ones(2))
T.from_numpy(np.matrix([[1, 2]]))
T.frombuffer(bytearray(b"abcd"), dtype=T.uint8)
T.frombuffer(bytearray(b"abcdefgh"), dtype=T.int16, count=2, offset=2)
T.frombuffer(bytearray(b"abcdefgh"), dtype=T.int16, offset=8)
T.frombuffer(bytearray(b"abcdefgh"), dtype=T.int16, offset=9)
T.frombuffer(bytearray(b"abcdefgh"), dtype=T.int16, offset=-1)
T.frombuffer(bytearray(b"abcdefgh"), dtype=T.int16, count=0)
T.frombuffer(bytearray(b"abcdefgh"), dtype=T.int16, count=-2)
T.frombuffer(bytearray(b"abcdefgh"), dtype=T.int16, count=9)
T.frombuffer(bytearray(b"abc"), dtype=T.int16)
T.frombuffer(bytearray(b""), dtype=T.uint8)
T.frombuffer(bytearray(b"abcd"))
T.frombuffer([1, 2], dtype=T.uint8)
T.frombuffer(None, dtype=T.uint8)
T.frombuffer("abcd", dtype=T.uint8)
T.frombuffer(bytearray(4), dtype=T.float32, requires_grad=True)
T.frombuffer(bytearray(4), dtype=T.int32, requires_grad=True)
"""

SIZES = """
T.zeros(2)
T.zeros(2, 3)
T.zeros((2, 3))
T.zeros([2, 3])
T.zeros(T.Size([2, 3]))
T.zeros(())
T.zeros([])
T.zeros(0)
T.zeros(2, 0, 3)
T.zeros(size=(2,))
T.zeros(2, dtype=T.int64)
T.zeros(2, dtype=T.bool)
T.zeros(2, dtype=T.bfloat16)
T.zeros(2, dtype=T.complex64)
T.zeros(2, dtype=float)
T.zeros(2, dtype=None)
T.zeros(2, device="cpu")
T.zeros(2, requires_grad=True)
T.zeros(2, dtype=T.int64, requires_grad=True)
T.zeros(-1)
T.zeros(2, -3)
T.zeros((2, -3))
T.zeros(2.0)
T.zeros(2, 3.5)
T.zeros(nan)
T.zeros(inf)
T.zeros("2")
T.zeros(None)
T.zeros((None,))
T.zeros((2, "a"))
T.zeros(((2, 3),))
T.zeros((2,), 3)
T.zeros([2], [3])
T.zeros(True)
T.zeros((True,))
T.zeros(2**63)
T.zeros(2**62)
T.zeros(2**62, 2**62)
T.zeros(2**40, 2**40)
T.zeros(2**70)
T.zeros(-2**63)
T.zeros(np.int64(2))
T.zeros(np.int8(2), np.uint8(3))
T.zeros(np.float32(2))
T.zeros(T.tensor(2))
T.zeros(T.tensor(2), 3)
T.zeros((T.tensor(2), 3))
T.zeros(T.tensor(2.0))
T.zeros(T.tensor([2, 3]))
T.zeros(object())
T.zeros({2: 3})
T.zeros(2, bogus=1)
T.zeros(2, dtype=3)
T.zeros(2, device="gpu")
T.ones(2, 3)
T.ones((2,), dtype=T.uint8)
T.ones(2, dtype=T.bool)
T.ones(2, dtype=T.bfloat16)
T.ones(2, dtype=T.complex128)
T.ones(-2)
T.ones("a")
T.empty(2, 3).shape
T.empty((2, 0))
T.empty(0, dtype=T.int16)
T.empty(-1)
T.empty(1.5)
T.empty(2, requires_grad=True).requires_grad
"""

FULL = """
T.full((2,), 3)
T.full((2,), 3.5)
T.full((2,), True)
T.full((2,), 1j)
T.full([2, 2], 7)
T.full((), 7)
T.full((2,), 3, dtype=T.float64)
T.full((2,), 3.7, dtype=T.int64)
T.full((2,), 300, dtype=T.uint8)
T.full((2,), -1, dtype=T.uint8)
T.full((2,), 1e300)
T.full((2,), inf)
T.full((2,), nan)
T.full((1,), 2**63)
T.full((1,), 2**40, dtype=T.int32)
T.full((1,), inf, dtype=T.int32)
T.full((1,), nan, dtype=T.int32).dtype
T.full((1,), 1j, dtype=T.float32)
T.full((1,), 2, dtype=T.bool)
T.full((2,), "a")
T.full((2,), None)
T.full((2,), [1])
T.full((2,), T.tensor(3))
T.full((2,), T.tensor(3.5))
T.full((2,), T.tensor([3, 4]))
T.full((2,), np.float32(3))
T.full((2,), np.int64(3))
T.full((2,), 3, requires_grad=True)
T.full((2,), 3.0, requires_grad=True)
T.full((-2,), 3)
T.full((2.5,), 3)
T.full((2,))
T.full((2,), fill_value=3)
T.full((2,), 1e39, dtype=T.float32)
"""

LIKE = """
T.zeros_like(T.ones(2, 3))
T.zeros_like(T.ones(2, dtype=T.int32))
T.zeros_like(T.ones(2), dtype=T.bool)
T.zeros_like(T.ones(2, requires_grad=True))
T.zeros_like(T.ones(2), requires_grad=True)
T.zeros_like(T.ones(4, 6)[::2, ::2]).stride()
T.zeros_like(T.ones(3).expand(2, 3)).stride()
T.zeros_like([1])
T.zeros_like(None)
T.zeros_like(np.ones(2))
T.zeros_like(3)
T.ones_like(T.zeros(2, dtype=T.uint8))
T.ones_like(T.zeros(()))
T.empty_like(T.zeros(2, 3)).shape
T.full_like(T.zeros(2), 5)
T.full_like(T.zeros(2, dtype=T.int64), 5.7)
T.full_like(T.zeros(2, dtype=T.uint8), 300)
T.full_like(T.zeros(2), T.tensor(5))
T.full_like(T.zeros(2), "a")
T.full_like(T.zeros(2), None)
T.full_like(T.zeros(2), 5, dtype=T.bool)
T.full_like(3, 5)
"""

NEW = """
T.ones(2, dtype=T.int16).new_zeros(3)
T.ones(2, dtype=T.int16).new_zeros((3, 2))
T.ones(2).new_zeros(3, dtype=T.bool)
T.ones(2).new_ones(2, 2)
T.ones(2).new_empty(2, 2).shape
T.ones(2).new_full((2,), 7)
T.ones(2, dtype=T.int64).new_full((2,), 7.5)
T.ones(2).new_tensor([1, 2])
T.ones(2, dtype=T.uint8).new_tensor([1, 2])
T.ones(2).new_tensor([[1], [2, 3]])
T.ones(2).new_zeros(-1)
T.ones(2).new_zeros("a")
T.ones(2).new_zeros(3, requires_grad=True)
T.ones(2, dtype=T.int64).new_zeros(3, requires_grad=True)
"""

ARANGE = """
T.arange(5)
T.arange(5.0)
T.arange(2, 5)
T.arange(2, 5, 2)
T.arange(5, 2, -1)
T.arange(0, 1, 0.1)
T.arange(1, 2.5, 0.5)
T.arange(-3, 3)
T.arange(0)
T.arange(5, 5)
T.arange(0, 5, -1)
T.arange(5, 0)
T.arange(-5)
T.arange(0, 5, 0)
T.arange(nan)
T.arange(inf)
T.arange(0, inf)
T.arange(0, 5, nan)
T.arange(0, 5, inf)
T.arange(0, -5, -inf)
T.arange("a")
T.arange(None)
T.arange([3])
T.arange(1j)
T.arange(3, dtype=T.float16)
T.arange(3, dtype=T.bfloat16)
T.arange(300, dtype=T.uint8)
T.arange(3, dtype=T.int8)
T.arange(3, dtype=T.bool)
T.arange(2, dtype=T.bool)
T.arange(3, dtype=T.complex64)
T.arange(0, 2.5, dtype=T.int64)
T.arange(0.5, 3, dtype=T.int64)
T.arange(0, 3, 0.5, dtype=T.int64)
T.arange(3, requires_grad=True)
T.arange(3.0, requires_grad=True)
T.arange(T.tensor(3))
T.arange(T.tensor(3.0))
T.arange(T.tensor([3]))
T.arange(np.int64(3))
T.arange(np.float64(3))
T.arange(True)
T.arange(start=1, end=4)
T.arange(end=4)
T.arange(1, 4, step=2)
T.arange(0, 3, 1, T.float32)
T.arange()
T.arange(2**62)
T.arange(2**70)
T.arange(2**62, 2**62 + 3)
T.arange(2**53 + 1, 2**53 + 4)
T.arange(-2**63, -2**63 + 2)
T.arange(0, 10, 3.3)
T.arange(1, 0, -0.25)
"""

SPACED = """
T.range(1, 4)
T.range(0, 1, 0.5)
T.range(4, 1, -1)
T.range(1, 4, dtype=T.int64)
T.range(1, 4, 0)
T.range(4, 1)
T.range(1, inf)
T.range("a", 2)
T.range(3, 3)
T.linspace(0, 1, 5)
T.linspace(0, 1, 1)
T.linspace(0, 1, 0)
T.linspace(0, 1, 2)
T.linspace(5, -5, 4)
T.linspace(0, 10, 5, dtype=T.int64)
T.linspace(0, 10, 4, dtype=T.int32)
T.linspace(0, 1, 3, dtype=T.float64)
T.linspace(0, 1, 3, dtype=T.bfloat16)
T.linspace(0, 1, -1)
T.linspace(0, 1, 2.5)
T.linspace(0, 1, "a")
T.linspace(0, 1, None)
T.linspace(0, 1)
T.linspace("a", 1, 3)
T.linspace(0, 1j, 3)
T.linspace(0, inf, 3)
T.linspace(nan, 1, 3)
T.linspace(T.tensor(0.0), T.tensor(1.0), 3)
T.linspace(0, 1, 3, requires_grad=True)
T.linspace(0, 1, 2**62)
T.linspace(start=0, end=1, steps=3)
T.logspace(0, 2, 3)
T.logspace(0, 2, 3, 2)
T.logspace(0, 2, 3, base=2.0)
T.logspace(0, 2, 1)
T.logspace(0, 2, 0)
T.logspace(0, 2, -1)
T.logspace(0, 2, 3, dtype=T.int64)
T.logspace(0, 2, 3, dtype=T.float64)
T.logspace(0, 2, 3, base=0)
T.logspace(0, 2, 3, base=-2)
T.logspace(0, 400, 3)
"""

OTHERS = """
T.eye(3)
T.eye(2, 3)
T.eye(3, 2)
T.eye(0)
T.eye(2, dtype=T.int64)
T.eye(2, dtype=T.bool)
T.eye(2, dtype=T.bfloat16)
T.eye(-1)
T.eye(2, -1)
T.eye(2.5)
T.eye("a")
T.eye(None)
T.eye(2, requires_grad=True)
T.eye(2**40)
T.eye(True)
T.eye(n=2)
T.eye(np.int64(2))
T.eye(T.tensor(2))
T.scalar_tensor(3)
T.scalar_tensor(3.5)
T.scalar_tensor(True)
T.scalar_tensor(3, dtype=T.int64)
T.scalar_tensor(3, requires_grad=True)
T.scalar_tensor([1])
T.scalar_tensor("a")
T.scalar_tensor(None)
T.is_tensor(T.ones(1))
T.is_tensor(3)
T.is_tensor(np.ones(1))
T.is_tensor(None)
T.is_tensor()
"""

TENSOR = """
T.Tensor(2, 3).shape
T.Tensor()
T.Tensor([1, 2])
T.Tensor([[1, 2], [3, 4]])
T.Tensor((1, 2))
T.Tensor([[1], [2, 3]])
T.Tensor(np.arange(3))
T.Tensor(np.arange(3.0))
T.Tensor(T.Size([2])).shape
T.Tensor(-1)
T.Tensor(2.5)
T.Tensor("a")
T.Tensor(None)
T.Tensor(2, None)
T.Tensor(2, 3.5)
T.Tensor(True)
T.Tensor([True])
T.Tensor([1], device="cpu")
T.Tensor(range(3))
T.Tensor([])
T.Tensor(())
T.Tensor({})
T.Tensor(T.ones(2))
T.Tensor(T.ones(2, dtype=T.int64))
"""

EXPRESSIONS = (
    TENSOR + AS_TENSOR + MEMORY + SIZES + FULL + LIKE + NEW + ARANGE + SPACED + OTHERS + TENSOR
).split("\n")


@pytest.mark.parametrize("expression", [e for e in EXPRESSIONS if e])
def test_as_pytorch(expression):
    same(expression)


# ---- errors say what is wrong


@pytest.mark.parametrize("call,error,match", [
    (lambda: fb.tensor([[1, 2], [3]]), ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
    (lambda: fb.tensor([[[1, 2]], [[3]]]), ValueError, r"expected sequence of length 2 at dim 2 \(got 1\)"),
    (lambda: fb.tensor([[1, 2], []]), ValueError, r"expected sequence of length 2 at dim 1 \(got 0\)"),
    (lambda: fb.tensor([1, [2]]), TypeError, "numbers and sequences are mixed"),
    (lambda: fb.tensor(None), RuntimeError, "Could not infer dtype of NoneType"),
    (lambda: fb.tensor([1, None]), RuntimeError, "Could not infer dtype of NoneType"),
    (lambda: fb.tensor({1: 2}), RuntimeError, "Could not infer dtype of dict"),
    (lambda: fb.tensor(x for x in [1]), RuntimeError, "Could not infer dtype of generator"),
    (lambda: fb.tensor("12"), TypeError, "invalid data type 'str'"),
    (lambda: fb.tensor(["12"]), ValueError, "too many dimensions 'str'"),
    (lambda: fb.tensor([1, "a"]), ValueError, "too many dimensions 'str'"),
    (lambda: fb.tensor([fb.ones(2), fb.ones(2)]), ValueError,
     "only one element tensors can be converted to Python scalars"),
    (lambda: fb.tensor([np.ones(2), np.ones(3)]), ValueError,
     r"expected arrays of one shape at dim 1, got the shapes \[\[2\], \[3\]\]"),
    (lambda: fb.tensor(2**63), ValueError, "Overflow when unpacking long"),
    (lambda: fb.tensor([300], dtype=fb.uint8), RuntimeError,
     "value cannot be converted to type uint8 without overflow"),
    (lambda: fb.tensor([1j], dtype=fb.float32), TypeError, "can't convert complex numbers to float32"),
    (lambda: fb.tensor([1], requires_grad=True), RuntimeError,
     "only Tensors of floating point and complex dtype can require gradients"),
    (lambda: fb.from_numpy([1]), TypeError, r"expected np.ndarray \(got list\)"),
    (lambda: fb.from_numpy(np.zeros(2, object)), TypeError, "can't convert np.ndarray of type numpy.object"),
    (lambda: fb.from_numpy(np.zeros(2, "datetime64[s]")), TypeError, "only supported types are"),
    (lambda: fb.from_numpy(np.zeros(2, ">f8")), ValueError, "byte order"),
    (lambda: fb.from_numpy(np.zeros(2, np.uint32)), TypeError, "uint32"),
    (lambda: fb.zeros(2, "a"), TypeError,
     r"zeros\(\): argument 'size' must be tuple of ints, but found element of type str at pos 1"),
    (lambda: fb.ones(2.5), TypeError,
     r"ones\(\): argument 'size' must be tuple of ints, but found element of type float"),
    (lambda: fb.empty(2, -1), RuntimeError, r"negative dimension -1: \[2, -1\]"),
    (lambda: fb.zeros(2**40, 2**40), RuntimeError, "overflowed with sizes"),
    (lambda: fb.zeros(2**50), RuntimeError, "not enough memory: you tried to allocate 4503599627370496 bytes"),
    (lambda: fb.zeros(3, size=(2,)), TypeError, "multiple values for argument 'size'"),
    (lambda: fb.full((2,), "a"), TypeError, r"full\(\): argument 'fill_value' must be Number, not str"),
    (lambda: fb.full((2,), 300, dtype=fb.uint8), RuntimeError, "cannot be converted to type uint8 without overflow"),
    (lambda: fb.full((1,), float("nan"), dtype=fb.int32), RuntimeError,
     "cannot be converted to type int32 without overflow"),
    (lambda: fb.zeros_like([1]), TypeError,
     r"zeros_like\(\): argument 'input' \(position 1\) must be Tensor, not list"),
    (lambda: fb.arange(5, 0), RuntimeError, "upper bound and lower bound inconsistent with step sign"),
    (lambda: fb.arange(0, 5, 0), RuntimeError, "step must be nonzero"),
    (lambda: fb.arange(0, float("inf")), RuntimeError, "unsupported range: 0 -> inf"),
    (lambda: fb.arange("a"), TypeError, r"arange\(\): argument 'end' must be Number, not str"),
    (lambda: fb.arange(2**62), RuntimeError, "overflowed|not enough memory"),
    (lambda: fb.linspace(0, 1, -1), RuntimeError, "number of steps must be non-negative, got -1"),
    (lambda: fb.linspace(0, 1, 2.5), TypeError, r"linspace\(\): argument 'steps' must be int, not float"),
    (lambda: fb.eye(-1), RuntimeError, "n must be greater or equal to 0"),
    (lambda: fb.eye(2.5), TypeError, r"eye\(\): argument 'n' must be int, not float"),
    (lambda: fb.frombuffer(bytearray(3), dtype=fb.int16), ValueError, r"must be a multiple of element size \(2\)"),
    (lambda: fb.frombuffer(bytearray(8), dtype=fb.int16, count=9), ValueError,
     "must not be greater than actual buffer length"),
    (lambda: fb.asarray([1, 2], copy=False), ValueError, "copy=False"),
], ids=lambda v: v if isinstance(v, str) else "")  # fmt: skip
def test_messages(call, error, match):
    with pytest.raises(error, match=match):
        call()


FACTORIES = {
    "tensor": ([1.0, 2.0],), "as_tensor": ([1.0, 2.0],), "asarray": ([1.0, 2.0],), "zeros": (2,), "ones": (2,),
    "empty": (2,), "full": ((2,), 1.5), "arange": (2.0,), "linspace": (0, 1, 3), "logspace": (0, 1, 3), "eye": (2,),
    "scalar_tensor": (1,),
}  # fmt: skip
LIKE = {"zeros_like": (), "ones_like": (), "empty_like": (), "full_like": (1.5,)}
NEW = {
    "new_zeros": (2,),
    "new_ones": (2,),
    "new_empty": (2,),
    "new_full": ((2,), 1.5),
    "new_tensor": ([1.0],),
}
CALLS = [(n, getattr(fb, n), a) for n, a in FACTORIES.items()]
CALLS += [(n, getattr(fb, n), (fb.ones(2), *a)) for n, a in LIKE.items()]
CALLS += [(n, getattr(fb.ones(2), n), a) for n, a in NEW.items()]
by_call = pytest.mark.parametrize("call,args", [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])


@by_call
def test_devices(call, args):
    for device in ("cpu", fb.device("cpu"), None, "cpu:0"):
        assert call(*args, device=device).device.type == "cpu"
    for device in ("nonsense", "cpu:x", ""):
        with pytest.raises(RuntimeError, match="device"):
            call(*args, device=device)
    with pytest.raises(TypeError, match="device"):
        call(*args, device=1.5)


@pytest.mark.skipif(fb.cuda.is_available(), reason="there is a GPU")
@by_call
def test_no_gpu(call, args):
    for device in ("cuda", "cuda:0", fb.device("cuda", 1), 0):
        with pytest.raises(RuntimeError, match="(?i)cuda"):
            call(*args, device=device)


@by_call
def test_dtypes_and_requires_grad(call, args):
    for dtype in ("float16", "bfloat16", "float64", "complex64"):
        if call.__name__ == "arange" and dtype == "complex64":
            continue
        t = call(*args, dtype=getattr(fb, dtype))
        assert t.dtype.name == dtype and t.is_leaf and not t.requires_grad and t._version == 0
    if call.__name__ != "as_tensor":
        t = call(*args, requires_grad=True)
        assert t.requires_grad and t.is_leaf and t.grad_fn is None and type(t) is fb.Tensor
        with pytest.raises(
            RuntimeError, match="only Tensors of floating point and complex dtype can require gradients"
        ):
            call(*args, dtype=fb.int64, requires_grad=True)
    with pytest.raises(TypeError):
        call(*args, bogus=1)
    with pytest.raises(TypeError):
        call(*args, dtype=object())


@pytest.mark.parametrize(
    "name,args",
    [(n, FACTORIES[n]) for n in ("zeros", "ones", "empty", "full", "arange", "linspace", "logspace", "eye")],
)
def test_out(name, args):
    expected = getattr(fb, name)(*args)
    for dtype in (fb.float32, fb.float64):
        out = fb.full(tuple(expected.shape), 7.0, dtype=dtype)
        address, version = out.data_ptr(), out._version
        assert getattr(fb, name)(*args, out=out) is out and out.dtype is dtype
        assert out.data_ptr() == address and out._version > version
        assert name == "empty" or out.allclose(expected.to(dtype))
    resized = fb.empty(0)
    assert getattr(fb, name)(*args, out=resized) is resized and resized.shape == expected.shape
    for bad in (3, [1.0], np.ones(2)):
        with pytest.raises(TypeError, match=rf"{name}\(\): argument 'out' must be Tensor"):
            getattr(fb, name)(*args, out=bad)
    leaf = fb.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="requires grad"):
        getattr(fb, name)(*args, out=leaf)
    spread = fb.ones(1).expand(*expected.shape)
    with pytest.raises(RuntimeError, match="single memory location"):
        getattr(fb, name)(*args, out=spread)
    assert leaf.tolist() == [1, 1] and spread.tolist() == fb.ones(expected.shape).tolist()


# ---- memory


def test_copies_and_shares():
    a = np.arange(3.0)
    copied, shared = fb.tensor(a), fb.from_numpy(a)
    a[0] = 9
    assert copied.tolist() == [0, 1, 2] and shared.tolist() == [9, 1, 2]
    shared[1] = 8
    assert (
        a[1] == 8
        and fb.as_tensor(a).data_ptr() == fb.asarray(a).data_ptr() == shared.data_ptr() == a.ctypes.data
    )
    for other in (
        fb.as_tensor(a, dtype=fb.float32),
        fb.asarray(a, copy=True),
        fb.asarray(a, dtype=fb.float32),
        fb.Tensor(a),
    ):
        assert other.data_ptr() != a.ctypes.data and other.tolist() == a.tolist()
    t = fb.ones(2)
    assert fb.as_tensor(t) is t and fb.asarray(t) is t and fb.asarray(t, copy=True) is not t
    with pytest.warns(UserWarning, match="To copy construct from a tensor, it is recommended to use"):
        again = fb.tensor(t)
    assert again.data_ptr() != t.data_ptr()


def test_history_of_as_tensor():
    leaf = fb.ones(2, requires_grad=True)
    y = fb.as_tensor(leaf, dtype=fb.float64)
    assert y.requires_grad and y.grad_fn is not None
    assert not fb.asarray(leaf).requires_grad and fb.asarray(leaf).data_ptr() == leaf.data_ptr()
    assert leaf.new_tensor([1]).requires_grad is False and fb.zeros_like(leaf).requires_grad is False


def test_views_of_arrays_keep_their_strides():
    a = np.arange(24).reshape(2, 3, 4)
    for view in (a.T, a[:, ::2], a[::-1], a[..., 0], a[1, 2, 3], a[:0]):
        t = fb.from_numpy(np.asarray(view))
        assert t.tolist() == view.tolist() and tuple(t.shape) == view.shape
        assert t.stride() == tuple(s // 8 for s in view.strides)
        assert (t + 0).tolist() == view.tolist() and fb.tensor(view).is_contiguous()


def test_odd_arrays():
    raw = np.zeros(17, np.uint8)
    misaligned = raw[1:].view(np.float64)
    assert not misaligned.flags.aligned
    misaligned[:] = [1.5, 2.5]
    for t in (fb.from_numpy(misaligned), fb.tensor(misaligned), fb.as_tensor(misaligned)):
        assert (t * 2).tolist() == [3, 5]
    swapped = np.array([1.0, 2.0], ">f8")
    assert fb.tensor(swapped).tolist() == [1, 2] and fb.tensor(swapped, dtype=fb.float32).tolist() == [1, 2]
    read_only = np.arange(3.0)
    read_only.flags.writeable = False
    t = fb.from_numpy(read_only)
    assert t.sum().item() == 3
    for change in (lambda: t.add_(1), lambda: t.zero_(), lambda: t.__setitem__(0, 5.0), lambda: t[1:].mul_(2),
                   lambda: fb.exp(t, out=t), lambda: t.copy_(fb.ones(3)), lambda: t.fill_(2),
                   lambda: t.__setitem__(fb.tensor([0]), 1.0)):  # fmt: skip
        with pytest.raises(RuntimeError, match="read-only"):
            change()
    assert read_only.tolist() == [0, 1, 2]

    class Subclass(np.ndarray):
        pass

    t = fb.from_numpy(np.arange(3).view(Subclass))
    assert type(t.numpy()) is np.ndarray and t.tolist() == [0, 1, 2]


def test_buffers():
    memory = bytearray(np.arange(4, dtype=np.int16).tobytes())
    t = fb.frombuffer(memory, dtype=fb.int16, offset=2)
    assert t.tolist() == [1, 2, 3]
    t[0] = 7
    assert memory[2] == 7
    with pytest.raises(RuntimeError, match="read-only"):
        fb.frombuffer(b"abcd", dtype=fb.uint8).add_(1)
    odd = fb.frombuffer(bytearray(9), dtype=fb.float32, offset=1, count=2)
    assert (odd + 1).tolist() == [1, 1]


# ---- data of many kinds


def test_sequences():
    for data in (collections.deque([1, 2, 3]), range(1, 4), collections.UserList([1, 2, 3]), (1, 2, 3),
                 np.array([1, 2, 3]), bytearray(b"\1\2\3"), memoryview(b"\1\2\3")):  # fmt: skip
        assert fb.tensor(data).tolist() == [1, 2, 3]
    assert fb.tensor([range(2), (3, 4), [5, 6], np.array([7, 8])]).tolist() == [
        [0, 1],
        [3, 4],
        [5, 6],
        [7, 8],
    ]
    nested = [fb.tensor(1.0), np.float32(2), 3, True, np.array(5)]
    assert fb.tensor(nested).tolist() == [1, 2, 3, 1, 5]
    deep = 1
    for _ in range(64):
        deep = [deep]
    assert fb.tensor(deep).ndim == 64
    with pytest.raises(ValueError, match="too many dimensions"):
        fb.tensor([deep])


def test_random_nested_data():
    rng = random.Random(0)
    for _ in range(200):
        shape = [rng.randrange(1, 4) for _ in range(rng.randrange(1, 5))]
        array = np.array(rng.choices([0, 1, -3, 250], k=int(np.prod(shape)))).reshape(shape)

        def mixed(a, whole=len(shape)):
            if a.ndim == 0:
                return rng.choice([int, float, np.int32, fb.tensor])(int(a))
            if rng.random() < 0.2 and a.ndim < whole:
                return a
            return rng.choice([list, tuple, collections.deque])([mixed(v) for v in a])

        assert fb.tensor(mixed(array)).tolist() == array.tolist()


def test_functions_are_registered():
    for name in ("from_dlpack", "range", "is_tensor", *FACTORIES, *LIKE):
        assert getattr(fb, name) is FUNCTIONS[name]
        assert FUNCTIONS[name].__doc__.startswith(name)
