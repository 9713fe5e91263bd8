"""The base of all modules of torch.legacy.nn."""

import copy
from typing import Any

import numpy as np

from ....tensor import storage_array
from ...faces import _address
from . import utils
from .tensors import is_tensor, new_tensor, todays


def grad_name(name):
    """grad_name("weight") -> "gradWeight": the attribute with the gradient of a parameter."""
    return f"grad{name[0].upper()}{name[1:]}"


class Module:
    """Module(): the base of modules that compute `output` from an input, and gradients from a gradient of the output.

    A subclass defines updateOutput(input), updateGradInput(input, gradOutput) and, with parameters,
    accGradParameters(input, gradOutput, scale=1), which adds to their gradients. Inputs and outputs are plain tensors
    or lists of them. `weight` and `bias` with `gradWeight` and `gradBias` are its parameters, where it has them.
    """

    _parameters: tuple[str, ...] = ("weight", "bias")  # attributes; each has its gradient in another
    _cleared: tuple[str, ...] = ()  # attributes with intermediate results, beside output and gradInput
    weight: Any
    bias: Any
    gradWeight: Any
    gradBias: Any
    output: Any
    gradInput: Any
    modules: Any  # of a container
    train = True

    def __init__(self):
        self.gradInput = new_tensor()
        self.output = new_tensor()
        self._type = self.output.type()

    def __call__(self, input, gradOutput=None):
        """module(input) -> output;  module(input, gradOutput) -> (output, gradInput)"""
        self.forward(input)
        if gradOutput is None:
            return self.output
        self.backward(input, gradOutput)
        return self.output, self.gradInput

    def updateOutput(self, input):
        """updateOutput(input) -> output"""
        return self.output

    def forward(self, input):
        """forward(input) -> output, which is also in the attribute of that name until the next call."""
        return self.updateOutput(input)

    def backward(self, input, gradOutput, scale=1):
        """backward(input, gradOutput, scale=1) -> gradInput; adds scale times the gradients of the parameters to their
        gradients. forward must have been called with the same input."""
        self.updateGradInput(input, gradOutput)
        self.accGradParameters(input, gradOutput, scale)
        return self.gradInput

    def backwardUpdate(self, input, gradOutput, lr):
        """backwardUpdate(input, gradOutput, lr) -> gradInput; takes a step of gradient descent at once."""
        self.updateGradInput(input, gradOutput)
        self.accUpdateGradParameters(input, gradOutput, lr)
        return self.gradInput

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradInput"""
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        """accGradParameters(input, gradOutput, scale=1): adds scale times the gradients of the parameters to theirs."""

    def accUpdateGradParameters(self, input, gradOutput, lr):
        """accUpdateGradParameters(input, gradOutput, lr): subtracts lr times the gradients from the parameters, and
        leaves the gradients that were accumulated as they are."""
        names = [n for n in self._parameters if getattr(self, n, None) is not None]
        kept = {grad_name(n): getattr(self, grad_name(n)) for n in names}
        for n in names:
            setattr(self, grad_name(n), getattr(self, n))
        try:
            self.accGradParameters(input, gradOutput, -lr)
        finally:
            self.__dict__.update(kept)

    def sharedAccUpdateGradParameters(self, input, gradOutput, lr):
        """sharedAccUpdateGradParameters(input, gradOutput, lr): the same for parameters that modules share."""
        if self.parameters() is not None:
            self.zeroGradParameters()
            self.accGradParameters(input, gradOutput, 1)
            self.updateParameters(lr)

    # ---- parameters

    def parameters(self):
        """parameters() -> (list of parameters, list of their gradients), or None where there are none."""
        names = [n for n in self._parameters if getattr(self, n, None) is not None]
        if not names:
            return None
        return [getattr(self, n) for n in names], [getattr(self, grad_name(n)) for n in names]

    def zeroGradParameters(self):
        """zeroGradParameters(): sets the gradients of the parameters to zero."""
        for grad in (self.parameters() or ((), ()))[1]:
            grad.zero_()

    def updateParameters(self, learningRate):
        """updateParameters(learningRate): subtracts learningRate times the gradients from the parameters."""
        for param, grad in zip(*(self.parameters() or ((), ())), strict=True):
            param.add_(-learningRate, grad)

    def flattenParameters(self):
        """flattenParameters() -> (parameters, gradients): all of them in two 1-D tensors, whose memory they have from
        now on. To be called once on a network; calling it again moves them into new memory."""
        params, grads = self.parameters() or ([], [])
        return _flattened(params), _flattened(grads)

    def getParameters(self):
        """getParameters() -> (parameters, gradients): see flattenParameters."""
        return self.flattenParameters()

    def reset(self, stdv=None):
        """reset(stdv=None): draws the parameters anew; stdv: their standard deviation, where a module has a choice."""

    def _uniform(self, stdv):
        """Draws the parameters uniformly from (-stdv, stdv)."""
        for param in self.parameters()[0]:
            param.uniform_(-stdv, stdv)

    # ---- modes, types, copies

    def training(self):
        """training(): behaves from now on as in training (see Dropout)."""
        self.train = True

    def evaluate(self):
        """evaluate(): behaves from now on as in use."""
        self.train = False

    def share(self, mlp, *names):
        """share(mlp, *names) -> self, with the tensors of these names over the memory of those of module mlp."""
        for name in names:
            if is_tensor(self.__dict__.get(name)):
                getattr(self, name).set_(getattr(mlp, name))
        return self

    def clone(self, *names):
        """clone(*names) -> a copy, which shares the tensors of these names with self."""
        return copy.deepcopy(self).share(self, *names)

    def type(self, type=None, tensorCache=None):
        """type() -> str;  type(type, tensorCache=None) -> self with its tensors converted, e.g. "torch.DoubleTensor".

        Tensors that share memory do so afterwards; tensorCache (a dict) extends that to several calls.
        """
        if type is None:
            return self._type
        cache = {} if tensorCache is None else tensorCache
        self._forget()
        for name, value in list(self.__dict__.items()):
            self.__dict__[name] = utils.recursiveType(value, type, cache)
        self._type = new_tensor().type(type).type()
        return self

    def float(self, *args):
        """float() -> self with tensors of float32."""
        return self.type("torch.FloatTensor", *args)

    def double(self, *args):
        """double() -> self with tensors of float64."""
        return self.type("torch.DoubleTensor", *args)

    def cuda(self, *args):
        """cuda() -> self with tensors on the GPU."""
        return self.type("torch.cuda.FloatTensor", *args)

    def clearState(self):
        """clearState() -> self, without its outputs and other intermediate results, as before it is saved."""
        self._forget()
        return utils.clear(self, "output", "gradInput", *self._cleared)

    def _forget(self):
        """Drops what only the next backward needs."""

    # ---- networks of modules

    def apply(self, callback):
        """apply(callback): calls callback(module) for self and, in order, all modules in it."""
        for module in self.listModules():
            callback(module)

    def applyToModules(self, func):
        """applyToModules(func): calls func(module) for each module directly in self."""
        for module in self.__dict__.get("modules", ()):
            func(module)

    def listModules(self):
        """listModules() -> list of self and all modules in it; containers before their modules."""
        found = [self]
        for module in self.__dict__.get("modules", ()):
            found += module.listModules()
        return found

    def findModules(self, cls, container=None):
        """findModules(cls, container=None) -> (modules, containers): all modules of a class, given itself or by name
        ("nn.Linear"), and what each is in; self where it is in nothing."""
        found, containers = [], []
        mine = type(self)
        if mine is cls or cls in (mine.__name__, f"nn.{mine.__name__}"):
            found.append(self)
            containers.append(self if container is None else container)
        for module in self.__dict__.get("modules", ()):
            for all_, more in zip((found, containers), module.findModules(cls, self), strict=True):
                all_ += more
        return found, containers

    def replace(self, callback):
        """replace(callback) -> callback(self), after all modules in it have been replaced in this way."""
        new = callback(self)
        modules = new.__dict__.get("modules", ())
        for i, module in enumerate(modules):
            modules[i] = module.replace(callback)
        return new

    def __repr__(self):
        return f"nn.{type(self).__name__}{self._shown()}"

    def _shown(self):
        """What repr shows after the name."""
        return ""


def _flattened(parts):
    """A 1-D tensor with the elements of all parts, each element of memory once, which becomes the memory of them."""
    if not parts:
        return new_tensor()
    if any(type(p) is not type(parts[0]) for p in parts):
        raise TypeError(
            f"flattenParameters: parameters must have one type, got {sorted({p.type() for p in parts})}; convert the "
            "network first, e.g. with float()"
        )
    places, total = [], 0
    used: dict[int, Any] = {}  # storage -> which of its elements are parameters
    for p in parts:
        if not p.is_contiguous():
            p.set_(p.contiguous())
        owner = storage_array(p)
        key, start = _address(owner), todays(p).storage_offset()
        used.setdefault(key, np.zeros(owner.size, bool))[start : start + p.numel()] = True
        places.append((key, start))
    starts = {}
    for key, mask in used.items():
        starts[key] = total + np.cumsum(mask) - mask  # element of the storage -> element of the result
        total += int(mask.sum())
    whole = parts[0].new(total)
    for p, (key, start) in zip(parts, places, strict=True):
        part = whole.narrow(0, int(starts[key][start]), p.numel()).view(p.size())
        part.copy_(p)
        p.set_(part)
    return whole
