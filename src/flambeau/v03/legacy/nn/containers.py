"""Modules of modules."""

from .module import Module
from .tensors import mapped
from .utils import recursiveAdd


class Container(Module):
    """Container(*modules): the base of modules that hold others, in the list `modules`."""

    def __init__(self, *modules):
        super().__init__()
        self.modules = list(modules)

    def add(self, module):
        """add(module) -> self with one more module."""
        self.modules.append(module)
        return self

    def get(self, index):
        """get(index) -> module"""
        return self.modules[index]

    def size(self):
        """size() -> number of modules"""
        return len(self.modules)

    def zeroGradParameters(self):
        """zeroGradParameters(): sets the gradients of all parameters to zero."""
        self.applyToModules(lambda m: m.zeroGradParameters())

    def updateParameters(self, learningRate):
        """updateParameters(learningRate): subtracts learningRate times the gradients from the parameters."""
        self.applyToModules(lambda m: m.updateParameters(learningRate))

    def parameters(self):
        """parameters() -> (list of parameters, list of their gradients) of all modules."""
        params, grads = [], []
        for found in (m.parameters() for m in self.modules):
            if found is not None:
                params += found[0]
                grads += found[1]
        return params, grads

    def training(self):
        """training(): all modules behave from now on as in training."""
        self.applyToModules(lambda m: m.training())
        super().training()

    def evaluate(self):
        """evaluate(): all modules behave from now on as in use."""
        self.applyToModules(lambda m: m.evaluate())
        super().evaluate()

    def share(self, mlp, *names):
        """share(mlp, *names) -> self, whose modules share the tensors of these names with those of a like container."""
        for mine, other in zip(self.modules, mlp.modules, strict=True):
            mine.share(other, *names)
        return self

    def reset(self, stdv=None):
        """reset(stdv=None): draws all parameters anew."""
        self.applyToModules(lambda m: m.reset(stdv))

    def clearState(self):
        """clearState() -> self, without outputs and other intermediate results in all modules."""
        super().clearState()
        self.applyToModules(lambda m: m.clearState())
        return self

    def sharedAccUpdateGradParameters(self, input, gradOutput, lr):
        """See Module; to be called after updateGradInput."""
        self.zeroGradParameters()
        self.accGradParameters(input, gradOutput, 1)
        self.updateParameters(lr)

    def _shown(self):
        lines = ["input"]
        for i, module in enumerate(self.modules):
            rest = "  |    " if i < len(self.modules) - 1 else "       "
            lines.append(f"  |`-> ({i}): " + repr(module).replace("\n", f"\n  {rest}"))
        return " {\n" + "".join(f"  {line}\n" for line in [*lines, "   +. -> output"]) + "}"


class Sequential(Container):
    """Sequential(*modules): each module gets the output of the one before."""

    def __len__(self):
        return len(self.modules)

    def insert(self, module, index):
        """insert(module, index): puts a module before that of index."""
        if not 0 <= index <= len(self.modules):
            raise IndexError(f"Sequential.insert: index {index} is out of range of {len(self.modules)} modules")
        self.modules.insert(index, module)

    def remove(self, index=-1):
        """remove(index=-1): takes a module out."""
        if not -len(self.modules) <= index < len(self.modules):
            raise IndexError(f"Sequential.remove: index {index} is out of range of {len(self.modules)} modules")
        del self.modules[index]

    def _steps(self, input):
        """(module, its input) in reverse order."""
        inputs = [input, *(m.output for m in self.modules[:-1])]
        return list(zip(self.modules, inputs, strict=True))[::-1]

    def updateOutput(self, input):
        """updateOutput(input) -> output of the last module"""
        for module in self.modules:
            input = module.updateOutput(input)
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradInput of the first module"""
        for module, given in self._steps(input) if self.modules else ():
            gradOutput = module.updateGradInput(given, gradOutput)
        self.gradInput = gradOutput
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        """accGradParameters(input, gradOutput, scale=1): to be called after updateGradInput."""
        for module, given in self._steps(input) if self.modules else ():
            module.accGradParameters(given, gradOutput, scale)
            gradOutput = module.gradInput

    def backward(self, input, gradOutput, scale=1):
        """backward(input, gradOutput, scale=1) -> gradInput of the first module"""
        for module, given in self._steps(input) if self.modules else ():
            gradOutput = module.backward(given, gradOutput, scale)
        self.gradInput = gradOutput
        return self.gradInput

    def accUpdateGradParameters(self, input, gradOutput, lr):
        """accUpdateGradParameters(input, gradOutput, lr): to be called after updateGradInput."""
        for module, given in self._steps(input) if self.modules else ():
            module.accUpdateGradParameters(given, gradOutput, lr)
            gradOutput = module.gradInput

    def _shown(self):
        path = " -> ".join(["input", *(f"({i})" for i in range(len(self.modules))), "output"])
        lines = [f"[{path}]"]
        for i, module in enumerate(self.modules):
            lines.append(f"({i}): " + repr(module).replace("\n", "\n  "))
        return " {\n" + "".join(f"  {line}\n" for line in lines) + "}"


class _Branches(Container):
    """The base of containers whose modules work beside each other. A subclass says how inputs are shared out and
    outputs and gradients are joined."""

    def _inputs(self, input):
        """The inputs of the modules."""
        raise NotImplementedError

    def _joined(self, outputs):
        """The output, of the outputs of the modules."""
        return outputs

    def _grads(self, input, gradOutput):
        """The gradients of the outputs of the modules."""
        return gradOutput

    def _joined_grads(self, input, grads):
        """gradInput, of the gradients of the inputs of the modules."""
        return grads

    def _each(self, input, gradOutput):
        """(module, its input, the gradient of its output)"""
        return zip(self.modules, self._inputs(input), self._grads(input, gradOutput), strict=True)

    def updateOutput(self, input):
        """updateOutput(input) -> output"""
        outputs = [m.updateOutput(x) for m, x in zip(self.modules, self._inputs(input), strict=True)]
        self.output = self._joined(outputs)
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradInput"""
        grads = [m.updateGradInput(x, g) for m, x, g in self._each(input, gradOutput)]
        self.gradInput = self._joined_grads(input, grads)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        """accGradParameters(input, gradOutput, scale=1)"""
        for m, x, g in self._each(input, gradOutput):
            m.accGradParameters(x, g, scale)

    def backward(self, input, gradOutput, scale=1):
        """backward(input, gradOutput, scale=1) -> gradInput"""
        grads = [m.backward(x, g, scale) for m, x, g in self._each(input, gradOutput)]
        self.gradInput = self._joined_grads(input, grads)
        return self.gradInput

    def accUpdateGradParameters(self, input, gradOutput, lr):
        """accUpdateGradParameters(input, gradOutput, lr)"""
        for m, x, g in self._each(input, gradOutput):
            m.accUpdateGradParameters(x, g, lr)


def _joined_along(tensors, dim):
    """The tensors one after the other along dim."""
    sizes = list(tensors[0].size())
    sizes[dim] = sum(t.size(dim) for t in tensors)
    whole, at = tensors[0].new(*sizes), 0
    for t in tensors:
        whole.narrow(dim, at, t.size(dim)).copy_(t)
        at += t.size(dim)
    return whole


def _parts_along(tensor, like, dim):
    """The parts of a tensor along dim that have the sizes of the tensors in like."""
    parts, at = [], 0
    for t in like:
        parts.append(tensor.narrow(dim, at, t.size(dim)))
        at += t.size(dim)
    return parts


def _sum_of(grads):
    """The sum of the gradients, which are tensors or like lists of them, in new memory."""
    total = mapped(lambda t: t.clone(), grads[0])
    for grad in grads[1:]:
        recursiveAdd(total, grad)
    return total


class Concat(_Branches):
    """Concat(dimension): all modules get the input; their outputs are joined along a dimension."""

    def __init__(self, dimension):
        super().__init__()
        self.dimension = dimension

    def _inputs(self, input):
        return [input] * len(self.modules)

    def _joined(self, outputs):
        return _joined_along(outputs, self.dimension)

    def _grads(self, input, gradOutput):
        return _parts_along(gradOutput, [m.output for m in self.modules], self.dimension)

    def _joined_grads(self, input, grads):
        return _sum_of(grads)


class DepthConcat(Concat):
    """DepthConcat(dimension): like Concat; in the other dimensions, smaller outputs lie in the middle of the largest,
    surrounded by zeros."""

    def _window(self, tensor, at, output):
        """The part of a tensor of the size of the result that is the output of a module."""
        for d in range(tensor.dim()):
            if d == self.dimension % tensor.dim():
                tensor = tensor.narrow(d, at, output.size(d))
            else:
                tensor = tensor.narrow(d, (tensor.size(d) - output.size(d)) // 2, output.size(d))
        return tensor

    def _joined(self, outputs):
        dim = self.dimension % outputs[0].dim()
        sizes = [max(sizes) for sizes in zip(*(o.size() for o in outputs), strict=True)]
        sizes[dim] = sum(o.size(dim) for o in outputs)
        whole, at = outputs[0].new(*sizes).zero_(), 0
        for o in outputs:
            self._window(whole, at, o).copy_(o)
            at += o.size(dim)
        return whole

    def _grads(self, input, gradOutput):
        parts, at = [], 0
        for m in self.modules:
            parts.append(self._window(gradOutput, at, m.output).contiguous())
            at += m.output.size(self.dimension)
        return parts


class ConcatTable(_Branches):
    """ConcatTable(): all modules get the input; the output is the list of their outputs."""

    def _inputs(self, input):
        return [input] * len(self.modules)

    def _joined_grads(self, input, grads):
        return _sum_of(grads)


class ParallelTable(_Branches):
    """ParallelTable(): each module gets one tensor of the list of inputs; the output is the list of their outputs."""

    def _inputs(self, input):
        return input[: len(self.modules)]

    def _grads(self, input, gradOutput):
        return gradOutput[: len(self.modules)]


class Parallel(_Branches):
    """Parallel(inputDimension, outputDimension): module i gets part i of the input along inputDimension, which it
    loses; the outputs are joined along outputDimension."""

    def __init__(self, inputDimension, outputDimension):
        super().__init__()
        self.inputDimension, self.outputDimension = inputDimension, outputDimension

    def _inputs(self, input):
        if input.size(self.inputDimension) != len(self.modules):
            raise RuntimeError(
                f"Parallel: dimension {self.inputDimension} of the input must have the size {len(self.modules)}, one "
                f"for each module, but the input has {tuple(input.size())}"
            )
        return [input.select(self.inputDimension, i) for i in range(len(self.modules))]

    def _joined(self, outputs):
        return _joined_along(outputs, self.outputDimension)

    def _grads(self, input, gradOutput):
        return _parts_along(gradOutput, [m.output for m in self.modules], self.outputDimension)

    def _joined_grads(self, input, grads):
        whole = input.new().resize_as_(input)
        for i, grad in enumerate(grads):
            whole.select(self.inputDimension, i).copy_(grad)
        return whole
