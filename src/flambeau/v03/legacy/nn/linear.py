"""Layers with a weight for each feature, and distances between vectors."""

import math
from typing import Any

import flambeau as fb

from ....nn import functional as F
from .module import grad_name
from .op import OpModule
from .tensors import new_tensor, sizes_of, todays


class Layer(OpModule):
    """The base of layers with `weight` and `bias`, either of which may be None."""

    _parameters: tuple[str, ...] = ("weight", "bias")

    def _make(self, **sizes):
        """Makes parameters of these sizes and their gradients; None for a size of None."""
        for name, size in sizes.items():
            setattr(self, name, None if size is None else new_tensor(*size))
            setattr(self, grad_name(name), None if size is None else new_tensor(*size).zero_())

    def _stdv(self):
        """The bound of the parameters that are drawn when none is given."""
        return 1 / math.sqrt(self.weight.size(1))

    def reset(self, stdv=None):
        """reset(stdv=None) -> self: draws the parameters anew, uniformly with a standard deviation."""
        self._uniform(self._stdv() if stdv is None else stdv * math.sqrt(3))
        return self

    def noBias(self):
        """noBias() -> self without bias"""
        self.bias = self.gradBias = None
        return self


class Linear(Layer):
    """Linear(inputSize, outputSize, bias=True): x W^T + b, for x (inputSize) or (N, inputSize); weight (outputSize,
    inputSize)"""

    def __init__(self, inputSize, outputSize, bias=True):
        super().__init__()
        self._make(weight=(outputSize, inputSize), bias=(outputSize,) if bias else None)
        self.reset()

    def compute(self, x, weight, bias):
        if x.dim() not in (1, 2) or x.shape[-1] != weight.shape[1]:
            raise RuntimeError(f"{self!r}: the input must have the size (N, {weight.shape[1]}), got {tuple(x.shape)}")
        return F.linear(x, weight, bias)

    def _shown(self):
        outputs, inputs = self.weight.size()
        return f"({inputs} -> {outputs})" + ("" if self.bias is not None else " without bias")


class PartialLinear(Layer):
    """PartialLinear(inputsize, outputsize, bias=True): a Linear of which only some outputs are computed, those given to
    setPartition(indices)"""

    def __init__(self, inputsize, outputsize, bias=True):
        super().__init__()
        self.inputsize, self.outputsize = inputsize, outputsize
        self._make(weight=(outputsize, inputsize), bias=(outputsize,) if bias else None)
        self.reset()
        self.resetPartition()

    partition: Any  # None or a list

    def setPartition(self, indices):
        """setPartition(indices): computes only the outputs of these numbers (a list or LongTensor)."""
        self.partition = [int(i) for i in indices]
        self._forget()

    def resetPartition(self):
        """resetPartition(): computes all outputs."""
        self.partition = None
        self._forget()

    def compute(self, x, weight, bias):
        if self.partition is not None:
            rows = fb.tensor(self.partition, device=weight.device)
            weight = weight.index_select(0, rows)
            bias = None if bias is None else bias.index_select(0, rows)
        return F.linear(x, weight, bias)

    def _shown(self):
        return f"({self.inputsize} -> {self.outputsize})" + ("" if self.bias is not None else " without bias")


class Bilinear(Layer):
    """Bilinear(inputSize1, inputSize2, outputSize, bias=True): x1^T W_k x2 + b_k for [x1 (N, inputSize1), x2 (N,
    inputSize2)]; weight (outputSize, inputSize1, inputSize2)"""

    def __init__(self, inputSize1, inputSize2, outputSize, bias=True):
        super().__init__()
        self._make(weight=(outputSize, inputSize1, inputSize2), bias=(outputSize,) if bias else None)
        self.reset()

    def compute(self, inputs, weight, bias):
        return F.bilinear(inputs[0], inputs[1], weight, bias)

    def _shown(self):
        outputs, first, second = self.weight.size()
        return f"({first}x{second} -> {outputs})" + ("" if self.bias is not None else " without bias")


class Add(Layer):
    """Add(inputSize, scalar=False): x + b, with a bias for each of the elements of an example, or one for all"""

    _parameters = ("bias",)

    def __init__(self, inputSize, scalar=False):
        super().__init__()
        self.scalar = scalar
        self._make(bias=(1 if scalar else inputSize,))
        self.reset()

    def _stdv(self):
        return 1 / math.sqrt(self.bias.size(0))

    def compute(self, x, bias):
        if self.scalar:
            return x + bias
        return (x.reshape(-1, bias.numel()) + bias).reshape(x.shape)


class Mul(Layer):
    """Mul(): x times one weight"""

    _parameters = ("weight",)

    def __init__(self):
        super().__init__()
        self._make(weight=(1,))
        self.reset()

    def _stdv(self):
        return 1

    def compute(self, x, weight):
        return x * weight


class CMul(Layer):
    """CMul(*size): x times a weight for each element, for x of this size, a batch of such, or a size that the weight is
    broadcast to"""

    _parameters = ("weight",)

    def __init__(self, *args):
        super().__init__()
        self.size = sizes_of(args)
        self._make(weight=self.size)
        self.reset()

    def _stdv(self):
        return 1 / math.sqrt(self.weight.numel())

    def compute(self, x, weight):
        if weight.dim() == x.dim():
            return x * weight
        return (x.reshape(-1, weight.numel()) * weight.reshape(-1)).reshape(x.shape)


class LookupTable(Layer):
    """LookupTable(nIndex, nOutput, paddingValue=-1, maxNorm=None, normType=None): rows of the weight (nIndex, nOutput)
    for a LongTensor of their numbers (N) or (B, N) -> (N, nOutput) or (B, N, nOutput)

    Row paddingValue gets no gradient. maxNorm: before use, rows are scaled down to this norm (of order normType or 2).
    """

    _parameters = ("weight",)

    def __init__(self, nIndex, nOutput, paddingValue=-1, maxNorm=None, normType=None):
        super().__init__()
        self._make(weight=(nIndex, nOutput))
        self.paddingValue, self.maxNorm, self.normType = paddingValue, maxNorm, normType
        self.shouldScaleGradByFreq = False
        self.reset()

    def reset(self, stdv=1):
        """reset(stdv=1) -> self: draws the weight from the normal distribution."""
        self.weight.normal_(0, 1 if stdv is None else stdv)
        return self

    def scaleGradByFreq(self):
        """scaleGradByFreq() -> self: divides the gradient of a row by how often it is in the input."""
        self.shouldScaleGradByFreq = True
        return self

    def setPadding(self, paddingValue):
        """setPadding(paddingValue) -> self"""
        self.paddingValue = paddingValue
        return self

    def setMaxNorm(self, maxNorm):
        """setMaxNorm(maxNorm) -> self"""
        self.maxNorm = maxNorm
        return self

    def setNormType(self, normType):
        """setNormType(normType) -> self"""
        self.normType = normType
        return self

    def prepare(self, input):
        if self.maxNorm is not None:
            rows = todays(input).long().unique()
            weight = todays(self.weight)
            weight.index_copy_(0, rows, weight.index_select(0, rows).renorm(self.normType or 2, 0, self.maxNorm))

    def compute(self, indices, weight):
        padding = self.paddingValue if 0 <= self.paddingValue < weight.shape[0] else None
        return F.embedding(indices.long(), weight, padding, scale_grad_by_freq=self.shouldScaleGradByFreq)


# ---- distances to the rows or columns of a weight

_TINY = 1e-12


class Cosine(Layer):
    """Cosine(inputSize, outputSize): cosine between x, (N, inputSize), and each row of the weight"""

    _parameters = ("weight",)

    def __init__(self, inputSize, outputSize):
        super().__init__()
        self._make(weight=(outputSize, inputSize))
        self.reset()

    def _stdv(self):
        return 1 / math.sqrt(self.weight.size(0))

    def compute(self, x, weight):
        rows = weight / (weight.norm(2, 1, keepdim=True) + _TINY)
        return F.linear(x / (x.norm(2, -1, keepdim=True) + _TINY), rows)

    def _shown(self):
        return f"({self.weight.size(1)} -> {self.weight.size(0)})"


class Euclidean(Layer):
    """Euclidean(inputSize, outputSize): distance between x, (N, inputSize), and each column of the weight, (inputSize,
    outputSize)"""

    _parameters: tuple[str, ...] = ("weight",)

    def __init__(self, inputSize, outputSize):
        super().__init__()
        self._make(weight=(inputSize, outputSize))
        self.reset()

    def _stdv(self):
        return 1 / math.sqrt(self.weight.size(0))

    def compute(self, x, weight):
        return (x.unsqueeze(-1) - weight).norm(2, -2)

    def _shown(self):
        return f"({self.weight.size(0)} -> {self.weight.size(1)})"


class WeightedEuclidean(Euclidean):
    """WeightedEuclidean(inputSize, outputSize): Euclidean, with the differences multiplied by `diagCov` (inputSize,
    outputSize) first"""

    _parameters = ("weight", "diagCov")
    diagCov: Any

    def __init__(self, inputSize, outputSize):
        super().__init__(inputSize, outputSize)
        self._make(diagCov=(inputSize, outputSize))
        self.diagCov.fill_(1)

    def reset(self, stdv=None):
        """reset(stdv=None) -> self: draws the weight anew; diagCov is 1."""
        bound = self._stdv() if stdv is None else stdv * math.sqrt(3)
        self.weight.uniform_(-bound, bound)
        if hasattr(self, "diagCov"):
            self.diagCov.fill_(1)
        return self

    def compute(self, x, weight, diagonal=None):
        return ((x.unsqueeze(-1) - weight) * diagonal).norm(2, -2)


# ---- products and distances of two inputs


def _pair(inputs):
    """The two inputs as (N, D)."""
    return [x.unsqueeze(0) if x.dim() == 1 else x for x in inputs]


class DotProduct(OpModule):
    """DotProduct(): [x1, x2], each (N, D) or (D) -> (N), the products of their rows"""

    def compute(self, inputs):
        a, b = _pair(inputs)
        return (a * b).sum(1)


class CosineDistance(OpModule):
    """CosineDistance(): [x1, x2], each (N, D) or (D) -> (N), the cosines between their rows"""

    def compute(self, inputs):
        a, b = _pair(inputs)
        return (a * b).sum(1) / ((a * a).sum(1) + _TINY).sqrt() / ((b * b).sum(1) + _TINY).sqrt()


class PairwiseDistance(OpModule):
    """PairwiseDistance(p): [x1, x2], each (N, D) or (D) -> (N), the p-norms of the differences of their rows"""

    def __init__(self, p):
        super().__init__()
        if p % 1:
            raise ValueError(f"PairwiseDistance: p must be an int, got {p}")
        self.norm = p

    def compute(self, inputs):
        a, b = _pair(inputs)
        return (a - b).norm(self.norm, 1)

    def _shown(self):
        return f"({self.norm})"


class MM(OpModule):
    """MM(transA=False, transB=False): [A, B] -> A B, of matrices or batches of them, transposed first where said"""

    def __init__(self, transA=False, transB=False):
        super().__init__()
        self.transA, self.transB = transA, transB

    def compute(self, inputs):
        a, b = inputs
        if a.dim() != b.dim() or a.dim() not in (2, 3):
            raise RuntimeError(
                f"MM: the inputs must both be matrices or batches of them, got {tuple(a.shape)} and {tuple(b.shape)}"
            )
        return (a.transpose(-2, -1) if self.transA else a) @ (b.transpose(-2, -1) if self.transB else b)


class MV(OpModule):
    """MV(trans=False): [M, v] -> M v, of a matrix and a vector or batches of them; M transposed first where said"""

    def __init__(self, trans=False):
        super().__init__()
        self.trans = trans

    def compute(self, inputs):
        m, v = inputs
        if m.dim() != v.dim() + 1 or m.dim() not in (2, 3):
            raise RuntimeError(
                f"MV: the inputs must be a matrix and a vector, or batches of them, got {tuple(m.shape)} and "
                f"{tuple(v.shape)}"
            )
        return ((m.transpose(-2, -1) if self.trans else m) @ v.unsqueeze(-1)).squeeze(-1)
