"""The base of all criterions of torch.legacy.nn."""

import copy

from . import utils
from .tensors import new_tensor


class Criterion:
    """Criterion(): the base of losses. A subclass defines updateOutput(input, target), which returns a number, and
    updateGradInput(input, target)."""

    def __init__(self):
        self.gradInput = new_tensor()
        self.output = 0
        self._type = self.gradInput.type()

    def __call__(self, input, target):
        """criterion(input, target) -> (output, gradInput)"""
        self.output = self.forward(input, target)
        self.gradInput = self.backward(input, target)
        return self.output, self.gradInput

    def updateOutput(self, input, target):
        """updateOutput(input, target) -> float"""
        raise NotImplementedError(f"nn.{type(self).__name__}: updateOutput is not defined")

    def forward(self, input, target):
        """forward(input, target) -> float: the loss, which is also in the attribute `output`."""
        return self.updateOutput(input, target)

    def backward(self, input, target):
        """backward(input, target) -> gradInput: the gradient of the loss with respect to the input."""
        return self.updateGradInput(input, target)

    def updateGradInput(self, input, target):
        """updateGradInput(input, target) -> gradInput"""
        raise NotImplementedError(f"nn.{type(self).__name__}: updateGradInput is not defined")

    def clone(self):
        """clone() -> a copy"""
        return copy.deepcopy(self)

    def type(self, type=None, tensorCache=None):
        """type() -> str;  type(type, tensorCache=None) -> self with its tensors converted, e.g.
        "torch.DoubleTensor"."""
        if type is None:
            return self._type
        cache = {} if tensorCache is None else tensorCache
        for name, value in list(self.__dict__.items()):
            self.__dict__[name] = utils.recursiveType(value, type, cache)
        self._type = new_tensor().type(type).type()
        return self

    def float(self):
        """float() -> self with tensors of float32."""
        return self.type("torch.FloatTensor")

    def double(self):
        """double() -> self with tensors of float64."""
        return self.type("torch.DoubleTensor")

    def cuda(self):
        """cuda() -> self with tensors on the GPU."""
        return self.type("torch.cuda.FloatTensor")

    def __repr__(self):
        return f"nn.{type(self).__name__}"
