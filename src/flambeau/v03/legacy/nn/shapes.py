"""Modules that give their input another shape, take a part of it, or reduce it along a dimension."""

import math

import flambeau as fb

from .module import Module
from .op import OpModule
from .tensors import new_tensor, over, sizes_of


def positive(module, x):
    """`dimension` of a module as a number from 0, in an input that may have one dimension more than `nInputDims`."""
    dim = module.dimension
    if dim < 0:
        return dim + x.dim()
    return dim + 1 if module.nInputDims is not None and x.dim() == module.nInputDims + 1 else dim


class View(OpModule):
    """View(*sizes): x in another size, over the same memory; -1 stands for what is left. A batch of examples of this
    size keeps its first dimension."""

    def __init__(self, *args):
        super().__init__()
        self.resetSize(*args)

    def resetSize(self, *args):
        """resetSize(*sizes) -> self"""
        self.size = fb.Size(sizes_of(args))
        if self.size.count(-1) > 1 or any(s < -1 for s in self.size):
            raise ValueError(f"View: sizes must be positive, one of them may be -1, got {tuple(self.size)}")
        self.numElements = math.prod(s for s in self.size if s >= 0)
        return self

    def compute(self, x):
        if -1 not in self.size and x.numel() != self.numElements and x.numel() % self.numElements == 0:
            return x.view(-1, *self.size)
        return x.view(*self.size)

    def _shown(self):
        return f"({', '.join(map(str, self.size))})"


class Reshape(OpModule):
    """Reshape(*sizes): a batch of examples, each in another size: (N, ...) -> (N, *sizes); one example, of as many
    elements as sizes say, -> sizes"""

    def __init__(self, *args):
        super().__init__()
        self.size = fb.Size(sizes_of(args))
        self.nelement = math.prod(self.size)

    def compute(self, x):
        if x.numel() == self.nelement and x.shape[0] != 1:
            return x.reshape(*self.size)
        return x.reshape(x.shape[0], *self.size)

    def _shown(self):
        return f"({'x'.join(map(str, self.size))})"


class Squeeze(OpModule):
    """Squeeze(dim=None): x without dimension dim, if its size is 1, or without all such"""

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def compute(self, x):
        return x.squeeze() if self.dim is None else x.squeeze(self.dim)

    def _shown(self):
        return "" if self.dim is None else f"(dim={self.dim})"


class Unsqueeze(OpModule):
    """Unsqueeze(dim): x with a dimension of size 1 before dimension dim"""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def compute(self, x):
        return x.unsqueeze(self.dim)

    def _shown(self):
        return f"(dim={self.dim})"


class Transpose(OpModule):
    """Transpose((dim1, dim2), ...): x with pairs of dimensions exchanged, one after the other"""

    def __init__(self, *args):
        super().__init__()
        self.permutations = args

    def compute(self, x):
        for a, b in self.permutations:
            x = x.transpose(a, b)
        return x.contiguous()

    def _shown(self):
        return f"({', '.join(map(str, self.permutations))})"


class Contiguous(OpModule):
    """Contiguous(): x with its elements in order in memory"""

    def compute(self, x):
        return x.contiguous()


class Replicate(OpModule):
    """Replicate(nf, dim=0): nf times x along a new dimension dim, without copying"""

    def __init__(self, nf, dim=0):
        super().__init__()
        if dim < 0:
            raise ValueError(f"Replicate: dim must not be negative, got {dim}")
        self.nfeatures, self.dim = nf, dim

    def compute(self, x):
        sizes = list(x.shape)
        sizes.insert(self.dim, self.nfeatures)
        return x.unsqueeze(self.dim).expand(*sizes)

    def _shown(self):
        return f"({self.nfeatures}, {self.dim})"


class Narrow(OpModule):
    """Narrow(dimension, offset, length=1): elements offset ... offset + length - 1 along a dimension; a negative length
    counts from the end, -1 being all to the end"""

    def __init__(self, dimension, offset, length=1):
        super().__init__()
        self.dimension, self.index, self.length = dimension, offset, length

    def compute(self, x):
        length = self.length
        if length < 0:
            length = x.shape[self.dimension] - self.index + length + 1
        return x.narrow(self.dimension, self.index, length)


class Select(OpModule):
    """Select(dimension, index): the part of x of this number along a dimension, which it loses"""

    def __init__(self, dimension, index):
        super().__init__()
        self.dimension, self.index = dimension, index

    def compute(self, x):
        return x.select(self.dimension, self.index)


class Padding(OpModule):
    """Padding(dim, pad, value=0, index=0, nInputDim=0): x with |pad| more elements of a value along a dimension

    They come before element `index` for a negative pad, else after all but the last `index` elements. nInputDim: the
    dimensions of one example, so that with one more, dim counts after the first.
    """

    def __init__(self, dim, pad, value=0, index=0, nInputDim=0):
        super().__init__()
        self.dim, self.pad, self.value, self.index, self.nInputDim = dim, pad, value, index, nInputDim

    def compute(self, x):
        dim = self.dim + 1 if self.nInputDim and x.dim() == self.nInputDim + 1 else self.dim
        at = self.index if self.pad < 0 else x.shape[dim] - self.index
        sizes = list(x.shape)
        sizes[dim] = abs(self.pad)
        before, after = x.narrow(dim, 0, at), x.narrow(dim, at, x.shape[dim] - at)
        return fb.cat([before, x.new_full(sizes, self.value), after], dim)

    def _shown(self):
        return f"({self.dim}, {self.pad}, {self.value})"


class Copy(Module):
    """Copy(intype, outtype, dontCast=False): x, of type intype, converted to outtype; dontCast: type(...) leaves both
    types as they are"""

    def __init__(self, intype, outtype, dontCast=False):
        super().__init__()
        self.dontCast = dontCast
        self.gradInput = new_tensor().type(intype)
        self.output = new_tensor().type(outtype)
        self.intype, self.outtype = self.gradInput.type(), self.output.type()

    def updateOutput(self, input):
        """updateOutput(input) -> output"""
        self.output = input.type(self.outtype).clone()
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradInput"""
        self.gradInput = gradOutput.type(self.intype).clone()
        return self.gradInput

    def type(self, type=None, tensorCache=None):
        """See Module."""
        if type is None or self.dontCast:
            return self._type if type is None else self
        super().type(type, tensorCache)
        self.intype = self.outtype = self._type
        return self


# ---- reductions


class _Extreme(OpModule):
    """Max or Min; `indices` are those of the elements that have been found."""

    _cleared = ("indices",)
    indices = None

    def __init__(self, dimension=0):
        super().__init__()
        self.dimension = dimension

    def _found(self, x):
        raise NotImplementedError

    def compute(self, x):
        values, indices = self._found(x)
        self.indices = over(indices)
        return values

    def _shown(self):
        return f"({self.dimension})"


class Max(_Extreme):
    """Max(dimension=0): the largest elements along a dimension"""

    def _found(self, x):
        return x.max(self.dimension)


class Min(_Extreme):
    """Min(dimension=0): the smallest elements along a dimension"""

    def _found(self, x):
        return x.min(self.dimension)


class Sum(OpModule):
    """Sum(dimension=0, sizeAverage=False, squeeze=True): the sum along a dimension, or the mean; without squeeze the
    dimension stays, with the size 1"""

    def __init__(self, dimension=0, sizeAverage=False, squeeze=True):
        super().__init__()
        self.dimension, self.sizeAverage, self.squeeze = dimension, sizeAverage, squeeze

    def compute(self, x):
        total = x.sum(self.dimension, keepdim=not self.squeeze)
        return total / x.shape[self.dimension] if self.sizeAverage else total

    def _shown(self):
        return f"({self.dimension})"


class Mean(Sum):
    """Mean(dimension=0, squeeze=True): the mean along a dimension"""

    def __init__(self, dimension=0, squeeze=True):
        super().__init__(dimension, True, squeeze)
