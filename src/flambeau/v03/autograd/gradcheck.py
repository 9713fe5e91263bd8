"""Comparing the gradients of a function of Variables with finite differences.

The module is `torch.autograd.gradcheck`, and so is the function: the module can be called.
"""

import sys
import types

import numpy as np

from ..faces import Variable, _array
from .variable import grad

__all__ = ["get_analytical_jacobian", "get_numerical_jacobian", "gradcheck", "gradgradcheck", "iter_variables",
           "make_jacobian", "zero_gradients"]  # fmt: skip


def _variables(value):
    if isinstance(value, Variable):
        return [value]
    return [v for item in value for v in _variables(item)] if isinstance(value, (list, tuple)) else []


def iter_variables(x):
    """iter_variables(x) -> iterator of the plain tensors in nested sequences of Variables that require grad."""
    return (v.data for v in _variables(x) if v.requires_grad)


def zero_gradients(x):
    """zero_gradients(x): makes the gradients of a Variable, or of nested sequences of such, zero in place."""
    for v in _variables(x):
        if v.grad is not None:
            v.grad.detach_()
            v.grad.data.zero_()


def make_jacobian(input, num_out):
    """make_jacobian(input, num_out) -> zeros (elements, num_out) for each Variable of input that requires grad, in the
    nesting of input; None for others."""
    if isinstance(input, Variable):
        return input.data.new(input.data.nelement(), num_out).zero_() if input.requires_grad else None
    if isinstance(input, (list, tuple)):
        made = [j for j in (make_jacobian(i, num_out) for i in input) if j is not None]
        return type(input)(made) if made else None
    return None


def _outputs(function, inputs):
    result = function(*inputs)
    return [o for o in (result if isinstance(result, tuple) else (result,)) if isinstance(o, Variable)]


def get_numerical_jacobian(function, inputs, target, eps=1e-6):
    """The central differences of one output of function in the elements of target: (elements of target, of output)."""
    elements = _array(target.data)
    rows = []
    for place in np.ndindex(elements.shape):
        kept = elements[place].copy()
        ends = []
        for step in (eps, -eps):
            elements[place] = kept + step
            ends.append(_array(function(*inputs)).astype(np.float64).ravel().copy())
        elements[place] = kept
        rows.append((ends[0] - ends[1]) / (2 * eps))
    return np.array(rows)


def get_analytical_jacobian(output, target):
    """The same by backward, one element of the output at a time."""
    columns = []
    size = _array(output).size
    for i in range(size):
        seed = output.data.clone().zero_()
        _array(seed).ravel()[i] = 1
        (g,) = grad([output], [target], [seed], retain_graph=True, create_graph=False, allow_unused=True)
        columns.append(np.zeros(_array(target).size) if g is None else _array(g).astype(np.float64).ravel())
    return np.array(columns).T if columns else np.zeros((_array(target).size, 0))


def gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True):
    """gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True) -> bool

    Whether the gradients of func(*inputs) with respect to the inputs that require grad are those of finite differences:
    |a - n| <= atol + rtol |n|. Inputs should be of doubles. RuntimeError says which is not, unless raise_exception is
    False.
    """
    inputs = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    targets = [v for v in _variables(inputs) if v.requires_grad]
    if not targets:
        raise ValueError("gradcheck: at least one of the inputs must require grad")
    for i, output in enumerate(_outputs(func, inputs)):
        if not output.requires_grad:
            continue
        for j, target in enumerate(targets):
            analytical = get_analytical_jacobian(output, target)
            numerical = get_numerical_jacobian(lambda *a, i=i: _outputs(func, a)[i], inputs, target, eps)
            if not np.all(np.abs(analytical - numerical) <= atol + rtol * np.abs(numerical)):
                if not raise_exception:
                    return False
                raise RuntimeError(
                    f"Jacobian mismatch for output {i} with respect to input {j},\nnumerical:{numerical}\n"
                    f"analytical:{analytical}\n"
                )
    return True


def gradgradcheck(func, inputs, grad_outputs=None, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
                  raise_exception=True):  # fmt: skip
    """gradgradcheck(func, inputs, grad_outputs=None, ...) -> bool: gradcheck of the gradients of func, in the inputs
    and in grad_outputs (random ones when None)."""
    inputs = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    if grad_outputs is None:
        grad_outputs = tuple(
            Variable(_random_like(o.data, gen_non_contig_grad_outputs), requires_grad=True)
            for o in _outputs(func, inputs)
        )
    elif isinstance(grad_outputs, Variable):
        grad_outputs = (grad_outputs,)
    count = len(grad_outputs)

    def gradients(*args):
        args, seeds = args[:-count], args[-count:]
        targets = [v for v in _variables(args) if v.requires_grad]
        return grad(_outputs(func, args), targets, list(seeds), create_graph=True)

    return gradcheck(gradients, (*inputs, *grad_outputs), eps, atol, rtol, raise_exception)


def _random_like(tensor, non_contiguous):
    if not non_contiguous:
        return tensor.clone().normal_()
    wide = tensor.new(*tensor.size(), 2).normal_()
    return wide.select(wide.dim() - 1, 0)


class _CallableModule(types.ModuleType):
    def __call__(self, *args, **kwargs):
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
