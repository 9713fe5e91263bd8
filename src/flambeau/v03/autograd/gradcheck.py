"""Comparing the gradients of a function of Variables with finite differences.

The module is `torch.autograd.gradcheck`, and so is the function: the module can be called.
"""

import sys
import types

import numpy as np

from ..faces import Variable, _array, _TensorBase
from .variable import backward, grad

__all__ = ["contiguous", "get_analytical_jacobian", "get_numerical_jacobian", "gradcheck", "gradgradcheck",
           "iter_tensors", "iter_variables", "make_jacobian", "zero_gradients"]  # fmt: skip


def _leaves(value):
    """The tensors and Variables in nested sequences."""
    if isinstance(value, (Variable, _TensorBase)):
        return [value]
    return [v for item in value for v in _leaves(item)] if isinstance(value, (list, tuple)) else []


def _variables(value):
    return [v for v in _leaves(value) if isinstance(v, Variable)]


def _differentiable(value):
    return [v for v in _variables(value) if v.requires_grad]


def iter_variables(x):
    """iter_variables(x) -> iterator of (gradient, elements), two plain tensors, of the Variables that require grad in
    nested sequences; (None, None) for one without gradient."""
    return ((v.grad.data, v.data) if v.grad is not None else (None, None) for v in _differentiable(x))


def iter_tensors(x, only_requiring_grad=False):
    """iter_tensors(x, only_requiring_grad=False) -> iterator of the plain tensors in nested sequences, also those in
    Variables, of which some do not require grad."""
    for leaf in _leaves(x):
        if not isinstance(leaf, Variable):
            yield leaf
        elif leaf.requires_grad or not only_requiring_grad:
            yield leaf.data


def contiguous(input):
    """contiguous(input) -> input, nested sequences of tensors, with each of them contiguous."""
    if isinstance(input, (Variable, _TensorBase)):
        return input.contiguous()
    return type(input)(contiguous(i) for i in input) if isinstance(input, (list, tuple)) else input


def zero_gradients(x):
    """zero_gradients(x): makes the gradients of a Variable, or of nested sequences of such, zero in place."""
    for v in _variables(x):
        if v.grad is not None:
            v.grad.detach_()
            v.grad.data.zero_()


def make_jacobian(input, num_out):
    """make_jacobian(input, num_out) -> zeros (elements, num_out) for each tensor of input, and each Variable that
    requires grad, in the nesting of input; None for others."""
    if isinstance(input, (Variable, _TensorBase)):
        wanted = [*iter_tensors(input, True)]
        return wanted[0].new(input.nelement(), num_out).zero_() if wanted else None
    if isinstance(input, (list, tuple)):
        made = [j for j in (make_jacobian(i, num_out) for i in input) if j is not None]
        return type(input)(made) if made else None
    return None


def _as_tuple(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def get_numerical_jacobian(fn, input, target, eps=1e-3):
    """get_numerical_jacobian(fn, input, target, eps=1e-3) -> make_jacobian(target, ...) with central differences

    fn(input) gives a plain tensor. The elements that are moved are those of target, which input contains.
    """
    input = contiguous(input)
    jacobian = make_jacobian(target, fn(input).numel())
    for tensor, rows in zip(iter_tensors(target, True), iter_tensors(jacobian), strict=True):
        elements, found = _array(tensor), _array(rows)
        for i, place in enumerate(np.ndindex(elements.shape)):
            kept = elements[place].copy()
            ends = []
            for step in (eps, -eps):
                elements[place] = kept + step
                ends.append(_array(fn(input)).astype(np.float64).ravel().copy())
            elements[place] = kept
            found[i] = (ends[0] - ends[1]) / (2 * eps)
    return jacobian


def get_analytical_jacobian(input, output):
    """get_analytical_jacobian(input, output) -> (make_jacobian(input, ...) with the gradients that backward gives,
    whether it gives the same ones again, whether these have the sizes of the Variables)"""
    input = contiguous(input)
    jacobian, again = (make_jacobian(input, output.numel()) for _ in range(2))
    correct_sizes = True
    for i in range(output.numel()):
        seed = output.data.clone().zero_()
        _array(seed).ravel()[i] = 1
        for columns in (jacobian, again):
            zero_gradients(input)
            output.backward(seed, create_graph=True)
            for column, (found, x) in zip(iter_tensors(columns), iter_variables(input), strict=True):
                if found is not None:
                    correct_sizes = correct_sizes and found.size() == x.size()
                    _array(column)[:, i] = _array(found.to_dense() if found.is_sparse else found).ravel()
    pairs = zip(iter_tensors(jacobian), iter_tensors(again), strict=True)
    return jacobian, all(a.equal(b) for a, b in pairs), correct_sizes


def gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True):
    """gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True) -> bool

    Whether the gradients of func(*inputs) with respect to the inputs that require grad are those of finite differences,
    |a - n| <= atol + rtol |n|, are the same each time, and zero for gradients of zero. Inputs should be of doubles.
    RuntimeError says what is not so, unless raise_exception is False. The gradients of the inputs are changed.
    """
    inputs = _as_tuple(inputs)
    fault = _fault(func, inputs, eps, atol, rtol)
    if fault and raise_exception:
        raise RuntimeError(fault)
    return not fault


def _fault(func, inputs, eps, atol, rtol):
    """What is wrong with the gradients of func; None when nothing is."""
    for i, output in enumerate(_as_tuple(func(*inputs))):
        if not output.requires_grad:
            continue
        analytical, reentrant, correct_sizes = get_analytical_jacobian(inputs, output)
        numerical = get_numerical_jacobian(lambda given, i=i: _as_tuple(func(*given))[i].data, inputs, inputs, eps)
        for j, (a, n) in enumerate(zip(iter_tensors(analytical), iter_tensors(numerical), strict=True)):
            if not ((a - n).abs() <= n.abs() * rtol + atol).all():
                return (
                    f"Jacobian mismatch for output {i} with respect to input {j},\nnumerical:{n}\nanalytical:{a}\n"
                )
        if not reentrant:
            return f"backward of output {i} gives other gradients when it is called again: it is not reentrant"
        if not correct_sizes:
            return f"gradients of output {i} have other sizes than the inputs: not correct_grad_sizes"
    return _fault_with_zeros(func, inputs)


def _fault_with_zeros(func, inputs):
    zero_gradients(inputs)
    outputs = [o for o in _as_tuple(func(*inputs)) if o.requires_grad]
    if outputs:
        backward(outputs, [o.data.clone().zero_() for o in outputs], create_graph=True)
    if any(grad is not None and _array(grad).any() for grad, _ in iter_variables(inputs)):
        return "backward not multiplied by grad_output"
    return None


def gradgradcheck(func, inputs, grad_outputs=None, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
                  raise_exception=True):  # fmt: skip
    """gradgradcheck(func, inputs, grad_outputs=None, ...) -> bool: gradcheck of the gradients of func, in the inputs
    and in grad_outputs (random ones when None)."""
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        grad_outputs = [
            Variable(_random_like(o.data, gen_non_contig_grad_outputs), requires_grad=True)
            for o in _as_tuple(func(*inputs))
        ]
    grad_outputs = _as_tuple(grad_outputs)

    def gradients(*args):
        args, seeds = args[: -len(grad_outputs)], args[-len(grad_outputs) :]
        pairs = [(o, s) for o, s in zip(_as_tuple(func(*args)), seeds, strict=True) if o.requires_grad]
        outputs, seeds = zip(*pairs, strict=True)
        return grad(outputs, _differentiable(args), seeds, create_graph=True, allow_unused=True)

    def used(*args):
        return tuple(g for g in gradients(*args) if g is not None)

    return gradcheck(used, (*inputs, *grad_outputs), eps, atol, rtol, raise_exception)


def _random_like(tensor, non_contiguous):
    if not non_contiguous:
        return tensor.clone().normal_()
    wide = tensor.new(*tensor.size(), 2).normal_()
    return wide.select(wide.dim() - 1, 0)


class _CallableModule(types.ModuleType):
    def __call__(self, *args, **kwargs):
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
