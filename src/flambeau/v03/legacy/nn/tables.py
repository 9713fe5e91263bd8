"""Modules whose input or output is a list of tensors."""

import flambeau as fb

from . import utils
from .module import Module
from .op import OpModule
from .shapes import positive
from .tensors import flat, mapped, new_tensor


class JoinTable(OpModule):
    """JoinTable(dimension, nInputDims=None): the tensors one after the other along a dimension; nInputDims: the
    dimensions of one example, so that with one more, dimension counts after the first"""

    def __init__(self, dimension, nInputDims=None):
        super().__init__()
        self.dimension, self.nInputDims = dimension, nInputDims

    def compute(self, inputs):
        return fb.cat(inputs, positive(self, inputs[0]))

    def _shown(self):
        return f"({self.dimension})"


class SplitTable(OpModule):
    """SplitTable(dimension, nInputDims=None): the list of the parts of x along a dimension, which they lose"""

    def __init__(self, dimension, nInputDims=None):
        super().__init__()
        self.dimension, self.nInputDims = dimension, nInputDims

    def compute(self, x):
        dim = positive(self, x)
        return [x.select(dim, i) for i in range(x.shape[dim])]

    def _shown(self):
        return f"({self.dimension})"


class _Handing(Module):
    """A module whose output is what it was given, the same tensors."""

    def clearState(self):
        """See Module; the tensors belong to others."""
        self.output, self.gradInput = (new_tensor().type(self._type) for _ in range(2))
        return self


class FlattenTable(_Handing):
    """FlattenTable(): the tensors of nested lists as one list"""

    def updateOutput(self, input):
        """updateOutput(input) -> output"""
        self.output = flat(input)
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> the tensors of gradOutput, nested like input"""
        grads = iter(gradOutput)
        self.gradInput = mapped(lambda _: next(grads), input)
        return self.gradInput


def _but_zeros(input, given):
    """A list like input of zeros, but for copies of the gradients `given`, by their places in it."""
    zeros = mapped(lambda t: t.new(t.size()).zero_(), input)
    return [utils.recursiveCopy(None, given[i])[0] if i in given else z for i, z in enumerate(zeros)]


class SelectTable(_Handing):
    """SelectTable(index): one of the list of inputs; the gradients of the others are zero"""

    def __init__(self, index):
        super().__init__()
        self.index = index

    def updateOutput(self, input):
        """updateOutput(input) -> output"""
        self.output = input[self.index]
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradInput"""
        self.gradInput = _but_zeros(input, {range(len(input))[self.index]: gradOutput})
        return self.gradInput

    def _shown(self):
        return f"({self.index})"


class NarrowTable(_Handing):
    """NarrowTable(offset, length=1): inputs offset ... offset + length - 1 of the list"""

    def __init__(self, offset, length=1):
        super().__init__()
        if length < 1 or offset < 0:
            raise ValueError(f"NarrowTable: offset must not be negative and length positive, got {offset} and {length}")
        self.offset, self.length = offset, length

    def updateOutput(self, input):
        """updateOutput(input) -> output"""
        self.output = input[self.offset : self.offset + self.length]
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradInput"""
        self.gradInput = _but_zeros(input, {self.offset + i: g for i, g in enumerate(gradOutput)})
        return self.gradInput

    def _shown(self):
        return f"({self.offset}, {self.length})"


class CAddTable(OpModule):
    """CAddTable(inplace=False): the sum of the inputs, written over the first if inplace"""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def compute(self, inputs):
        total = inputs[0] * 1
        for x in inputs[1:]:
            total = total + x
        return total


class CSubTable(OpModule):
    """CSubTable(): the first input minus the second"""

    def compute(self, inputs):
        return inputs[0] - inputs[1]


class CMulTable(OpModule):
    """CMulTable(): the product of the inputs, element by element"""

    def compute(self, inputs):
        product = inputs[0] * 1
        for x in inputs[1:]:
            product = product * x
        return product


class CDivTable(OpModule):
    """CDivTable(): the first input divided by the second"""

    def compute(self, inputs):
        return inputs[0] / inputs[1]


class MixtureTable(OpModule):
    """MixtureTable(dim=1): [gater, experts] -> the sum of the experts, each times its element of gater

    gater: (N, n), or (n) for one example. experts: a list of n tensors, each of one size (N, ...); or one tensor with
    the n experts along dimension dim.
    """

    def __init__(self, dim=1):
        super().__init__()
        self.dim = dim

    def compute(self, inputs):
        gater, experts = inputs
        if isinstance(experts, list):
            total = 0
            for i, expert in enumerate(experts):
                factor = gater.select(-1, i)
                total = total + expert * factor.reshape(*factor.shape, *(1,) * (expert.dim() - factor.dim()))
            return total
        sizes = [1] * experts.dim()
        sizes[self.dim] = gater.shape[-1]
        if gater.dim() == 2:
            sizes[0] = gater.shape[0]
        return (experts * gater.reshape(sizes)).sum(self.dim)


class Identity(_Handing):
    """Identity(): the input, whatever it is"""

    def updateOutput(self, input):
        """updateOutput(input) -> input"""
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradOutput"""
        self.gradInput = gradOutput
        return self.gradInput


class MaskedSelect(OpModule):
    """MaskedSelect(): [x, mask] -> the elements of x where the ByteTensor mask is 1"""

    def compute(self, inputs):
        x, mask = inputs
        return x.masked_select(mask.bool())


class Index(OpModule):
    """Index(dimension): [x, indices] -> the slices of x along a dimension of the numbers in a LongTensor"""

    def __init__(self, dimension):
        super().__init__()
        self.dimension = dimension

    def compute(self, inputs):
        x, indices = inputs
        return x.index_select(self.dimension, indices.long())
