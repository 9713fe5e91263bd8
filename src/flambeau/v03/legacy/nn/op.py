"""Modules and criterions that are a function of today's tensors, which differentiates itself."""

from typing import Any

import flambeau as fb

from ...faces import _array, _same, type_name
from .criterion import Criterion
from .module import Module, grad_name
from .tensors import flat, is_float, is_tensor, mapped, over, put, todays


class Recording:
    """A computation of today's tensors over the memory of plain ones, and what its backward needs."""

    def __init__(self, function, tensors, parameters=(), wanted=True, copied=False):
        self.arrays = _arrays(tensors, parameters)

        def leaf(tensor, copied=False):
            made = todays(tensor).clone() if copied else todays(tensor)
            return made.requires_grad_() if wanted and is_float(tensor) else made

        self.wanted = wanted
        self.inputs = mapped(lambda t: leaf(t, copied), tensors)
        self.parameters = [None if p is None else leaf(p) for p in parameters]
        with fb.autograd.set_grad_enabled(wanted):  # also within the forward of a Function
            self.out = function(self.inputs, *self.parameters)
        self.kept: Any = None  # (of which gradOutput, the gradients of the parameters) of the last backward

    def fits(self, tensors, parameters=()):
        """Whether it is of these tensors and can go back."""
        arrays = _arrays(tensors, parameters)
        return self.wanted and len(arrays) == len(self.arrays) and all(map(_same_memory, arrays, self.arrays))

    def gradients(self, gradOutput):
        """(gradients of the inputs, nested like these; list of those of the parameters): today's tensors."""
        leaves = flat(self.inputs) + [p for p in self.parameters if p is not None]
        sought = [leaf for leaf in leaves if leaf.requires_grad]
        pairs = [(o, g) for o, g in zip(flat(self.out), gradOutput, strict=True) if o.requires_grad]
        found: Any = iter(())
        if pairs:
            outs, grads = zip(*pairs, strict=True)
            found = iter(fb.autograd.grad(outs, sought, grads, retain_graph=True, allow_unused=True))

        def of(leaf):
            grad = next(found, None) if leaf.requires_grad else None
            return fb.zeros_like(leaf).detach() if grad is None else grad

        return mapped(of, self.inputs), [None if p is None else of(p) for p in self.parameters]


def _arrays(tensors, parameters):
    return [None if t is None else _array(t) for t in (*flat(tensors), *parameters)]


def _same_memory(a, b):
    return a is b or (a is not None and b is not None and _same(a, b))


class OpModule(Module):
    """A module that is a function of its input and parameters, `compute(input, *parameters)`.

    It gets today's tensors (lists of them for lists of inputs; None for a parameter that the module does not have). It
    may run again before a backward: what is drawn or counted in a forward is done in `prepare(input)`, which gets the
    plain tensors before. Gradients come from automatic differentiation.
    """

    _parameters: tuple[str, ...] = ()
    compute: Any  # the output
    inplace = False  # whether the output is written over the input

    def prepare(self, input):
        """What a forward does beside computing the output."""

    def _values(self):
        return [getattr(self, name, None) for name in self._parameters]

    def _record(self, input, wanted):
        return Recording(self.compute, input, self._values(), wanted, copied=self.inplace)

    def updateOutput(self, input):
        """updateOutput(input) -> output"""
        self._check(input)
        self.prepare(input)
        recording = self._record(input, self.train or self.inplace)
        self.__dict__["_recording"] = recording
        out = recording.out
        if self.inplace:
            target = todays(flat(input)[0])
            out = target.copy_(out.detach())
        self.output = put(self.output, out)
        return self.output

    def _check(self, input):
        _check_tensors(self, input)
        parameters = [p for p in self._values() if p is not None]
        if parameters:
            _check_type(self, "an input", flat(input), type(parameters[0]), "parameters")

    def _gradients(self, input, gradOutput):
        recording = self.__dict__.get("_recording")
        if recording is None or not recording.fits(input, self._values()):
            recording = self.__dict__["_recording"] = self._record(input, True)
        seeds = self._seeds(recording, gradOutput)
        return recording, *recording.gradients(seeds)

    def _seeds(self, recording, gradOutput):
        """The gradients of the outputs as today's tensors of their sizes."""
        outs, grads = flat(recording.out), flat(gradOutput)
        if [o.numel() for o in outs] != [g.numel() for g in grads]:
            raise RuntimeError(
                f"{self!r}: gradOutput must have the size of the output, {_sizes(outs)}, but got {_sizes(grads)}"
            )
        for o, g in zip(outs, grads, strict=True):
            _check_type(self, "a gradOutput", [g], type(over(o)), "outputs")
        return [todays(g.contiguous()).reshape(o.shape) for o, g in zip(outs, grads, strict=True)]

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradInput; nothing when the attribute gradInput is None."""
        if self.gradInput is None:
            return None
        recording, grads, of_parameters = self._gradients(input, gradOutput)
        if of_parameters:
            recording.kept = [(_array(g), g._version) for g in flat(gradOutput)], of_parameters
        self.gradInput = put(self.gradInput, grads)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        """accGradParameters(input, gradOutput, scale=1): adds scale times the gradients of the parameters to theirs."""
        if not any(p is not None for p in self._values()):
            return
        for name, grad in zip(self._parameters, self._of_parameters(input, gradOutput), strict=True):
            if grad is not None:
                getattr(self, grad_name(name)).add_(scale, over(grad))

    def _of_parameters(self, input, gradOutput):
        """The gradients of the parameters: those that updateGradInput has computed along, if they are of gradOutput."""
        recording = self.__dict__.get("_recording")
        if recording is not None and recording.kept is not None and recording.fits(input, self._values()):
            seeds, grads = recording.kept
            recording.kept = None
            given = [(_array(g), g._version) for g in flat(gradOutput)]
            if len(given) == len(seeds) and all(
                a is b and v == w for (a, v), (b, w) in zip(given, seeds, strict=True)
            ):
                return grads
        return self._gradients(input, gradOutput)[2]

    def _forget(self):
        self.__dict__.pop("_recording", None)

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_recording"}


def _check_tensors(module, input):
    for t in flat(input):
        if not is_tensor(t):
            raise TypeError(f"{module!r} takes tensors and lists of them, got {type(t).__name__}")


def _check_type(module, what, tensors, expected, of):
    for t in tensors:
        if is_float(t) and type(t) is not expected:
            raise TypeError(
                f"{module!r} has {of} of type {type_name(expected)}, but got {what} of type {type_name(type(t))}; "
                "convert one of them, e.g. with type(...)"
            )


def _sizes(tensors):
    sizes = [tuple(t.shape) for t in tensors]
    return sizes[0] if len(sizes) == 1 else sizes


class OpCriterion(Criterion):
    """A criterion that is a function of input and target, `loss(input, target)`, of today's tensors, with a result of
    one element. Gradients come from automatic differentiation; targets have none."""

    def loss(self, input, target):
        """The loss."""
        raise NotImplementedError(f"nn.{type(self).__name__}: loss is not defined")

    def _record(self, input, target, wanted):
        _check_tensors(self, input)
        tensors = [t for t in flat(target) if is_tensor(t)]
        _check_type(self, "a target", tensors, type(flat(input)[0]), "inputs")
        goal = target if not _holds_tensors(target) else mapped(todays, target)
        return Recording(lambda x: self.loss(x, goal), input, wanted=wanted)

    def updateOutput(self, input, target):
        """updateOutput(input, target) -> float"""
        self.output = self._record(input, target, False).out.item()
        return self.output

    def updateGradInput(self, input, target):
        """updateGradInput(input, target) -> gradInput, of the size of input"""
        recording = self._record(input, target, True)
        seed = fb.ones_like(recording.out).detach()
        self.gradInput = put(self.gradInput, recording.gradients([seed])[0])
        return self.gradInput


def _holds_tensors(value):
    return all(isinstance(t, fb.Tensor) for t in flat(value))
