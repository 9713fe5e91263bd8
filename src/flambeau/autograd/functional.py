"""Jacobians, Hessians and their products with vectors, of functions of tensors: the older interface.

`flambeau.func` has the same as functions of functions. Here inputs are a tensor or a tuple of tensors, and so are
outputs; results have the form of these. With create_graph they can be differentiated further; with strict,
RuntimeError is raised for an output that does not depend on an input, where zeros are returned otherwise.
"""

from typing import Any

from ..ops import FUNCTIONS
from ..tensor import Tensor
from .dual import fresh, per_example
from .engine import grad
from .grad_mode import enable_grad, set_grad_enabled
from .rows import jacobians_by_columns, jacobians_by_rows, map_rows, standard_basis

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_CONSTANT = (
    "The outputs must be computed in a differentiable manner from the input when running in strict mode."
)
_LINEAR = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} is "
    "independent of the input. This is not allowed in strict mode. You should ensure that your function is twice "
    "differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for "
    "example)."
)


def _as_tuple(value, what, name):
    """(tensors, whether they were given as a tuple)"""
    if isinstance(value, Tensor):
        return (value,), False
    kind = "must be either a Tensor or a tuple of Tensors but the"
    if not isinstance(value, tuple):
        raise TypeError(f"The {what} given to {name} {kind} given {what} has type {type(value)}.")
    for i, t in enumerate(value):
        if not isinstance(t, Tensor):
            raise TypeError(f"The {what} given to {name} {kind} value at index {i} has type {type(t)}.")
    return value, True


_OUTPUTS = "outputs of the user-provided function"


def _form(tensors, several):
    return tuple(tensors) if several else tensors[0]


def _fresh(inputs, connected):
    """New tensors that require grad; `connected` with the graphs of the inputs."""
    return tuple([fresh(per_example(t), connected) for t in inputs])


def _direction(name, v, like, what):
    """The vectors of a product, checked; ones for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if the {what} with a single element.")
        return (FUNCTIONS["ones_like"](like[0].detach()),)
    v, _ = _as_tuple(v, "v", name)
    if len(v) != len(like):
        if len(like) == 1:
            raise RuntimeError("The given v should contain a single Tensor.")
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
    for i, (a, b) in enumerate(zip(v, like, strict=True)):
        if a.shape != b.shape:
            where = "" if len(like) == 1 else f"Entry {i} in "
            raise RuntimeError(f"{where}v has invalid size: should be {b.shape} but got {a.shape}.")
    return v


_INPUT = "input to the user-provided function is a single Tensor"
_OUTPUT = "user-provided function returns a single Tensor"


def _check_live(outputs, strict):
    for i, o in enumerate(outputs):
        if strict and not o.requires_grad:
            raise RuntimeError(
                f"Output {i} of the user-provided function does not require gradients. {_CONSTANT}"
            )


def _gradients(outputs, inputs, seeds, create_graph, message=None):
    """J^T seeds, zeros where nothing depends on an input; with a message, RuntimeError there."""
    live = [(o, u) for o, u in zip(outputs, seeds, strict=True) if o.requires_grad]
    found = [None] * len(inputs)
    if live:
        roots, given = zip(*live, strict=True)
        found = grad(roots, inputs, given, retain_graph=True, create_graph=create_graph, allow_unused=True)
    for i, g in enumerate(found):
        if g is None and message is not None:
            raise RuntimeError(message.format(i))
    return [FUNCTIONS["zeros_like"](x) if g is None else g for g, x in zip(found, inputs, strict=True)]


_USELESS = (
    "The output of the user-provided function is independent of input {}. This is not allowed in strict mode."
)


def _finished(tensors, create_graph):
    return tensors if create_graph else [t.detach() for t in tensors]


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """vjp(func, inputs, v=None, create_graph=False, strict=False) -> (outputs, J^T v)

    v has the form and shapes of the outputs; it may be left out for a single output of one element.
    """
    inputs, several = _as_tuple(inputs, "inputs", "vjp")
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        outputs, many = _as_tuple(func(*xs), _OUTPUTS, "vjp")
        _check_live(outputs, strict)
        v = _direction("vjp", v, outputs, _OUTPUT)
    products = _gradients(outputs, xs, v, create_graph, _USELESS if strict else None)
    return _form(_finished(outputs, create_graph), many), _form(_finished(products, create_graph), several)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """jvp(func, inputs, v=None, create_graph=False, strict=False) -> (outputs, J v)

    v has the form and shapes of the inputs; it may be left out for a single input of one element. By two backward
    passes; `func.jvp` and `forward_ad` need none.
    """
    inputs, _ = _as_tuple(inputs, "inputs", "jvp")
    v = _direction("jvp", v, inputs, _INPUT)
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        outputs, many = _as_tuple(func(*xs), _OUTPUTS, "jvp")
        _check_live(outputs, strict)
        seeds = [FUNCTIONS["zeros_like"](o).requires_grad_() for o in outputs]
        gradients = _gradients(outputs, xs, seeds, True, _USELESS if strict else None)
    live = [(g, t) for g, t in zip(gradients, v, strict=True) if g.requires_grad]
    roots, along = zip(*live, strict=True) if live else ((), ())
    message = f"Output {{}} of the user-provided function does not require gradients. {_CONSTANT}"
    products = _gradients(roots, seeds, along, create_graph, message if strict else None)
    return _form(_finished(outputs, create_graph), many), _form(_finished(products, create_graph), many)


def _check_strategy(strategy):
    if strategy not in ("forward-mode", "reverse-mode"):
        raise ValueError(
            f'Expected strategy to be either "forward-mode" or "reverse-mode", got {strategy!r}.'
        )


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode") -> Jacobian

    A Tensor (*output shape, *input shape); for several inputs a tuple of them, for several outputs a tuple of those.
    vectorize: all rows in one batch (vmap) instead of one after the other. strategy "forward-mode" computes columns and
    needs vectorize.
    """
    inputs, several = _as_tuple(inputs, "inputs", "jacobian")
    _check_strategy(strategy)
    if strategy == "forward-mode":
        if not vectorize:
            raise NotImplementedError(
                "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only implemented for "
                "`vectorize=True`."
            )
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not '
                'supported together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        return _forward_jacobian(func, inputs, several)
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
            "Please either set `strict=False` or `vectorize=False`."
        )
    with enable_grad():
        xs = _fresh(inputs, create_graph)
        outputs, many = _as_tuple(func(*xs), _OUTPUTS, "jacobian")
        _check_live(outputs, strict)
    with set_grad_enabled(create_graph):
        jacobians = [_rows(i, o, xs, create_graph, strict, vectorize) for i, o in enumerate(outputs)]
    return _form([_form(_finished(row, create_graph), several) for row in jacobians], many)


def _rows(i, output, inputs, create_graph, strict, vectorize):
    """The Jacobians of output number i, one per input."""
    message = f"Output {i} of the user-provided function is independent of input {{}}. "
    message += "This is not allowed in strict mode."

    def row(seed):
        return _gradients((output,), inputs, (seed,), create_graph, message if strict else None)

    if not output.numel():
        return [x.new_zeros((*output.shape, *x.shape)) for x in inputs]
    rows = map_rows(row, standard_basis([output.detach()]), None if vectorize else 1)
    (found,) = jacobians_by_rows(rows, [output], inputs)
    for k, part in enumerate(found):
        if strict and create_graph and not part.requires_grad:
            raise RuntimeError(
                f"The jacobian of the user-provided function is independent of input {k}. This is not allowed in "
                "strict mode when create_graph=True."
            )
    return found


def _forward_jacobian(func, inputs, several):
    from ..func.transforms import jvp as forward_jvp

    seen: list[Any] = []

    def columns(*directions):
        outputs, moved = forward_jvp(func, inputs, directions)
        outputs, many = _as_tuple(outputs, _OUTPUTS, "jacobian")
        seen[:] = [outputs, many]
        return moved if many else (moved,)

    inputs = tuple([t.detach() for t in inputs])
    found = map_rows(columns, standard_basis(inputs))
    outputs, many = seen
    blocks = jacobians_by_columns(found, outputs, inputs)
    return _form([_form(row, several) for row in blocks], many)


def _scalar(func, name):
    """func, whose result must be a tensor of one element."""

    def checked(*xs):
        outputs, several = _as_tuple(func(*xs), _OUTPUTS, name)
        if several:
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {name} should contain a single element"
            )
        return outputs[0].reshape(())

    return checked


def hessian(
    func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"
):
    """hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode")

    The Hessian of a function of one element: a Tensor (*input shape, *input shape), for several inputs a tuple of
    tuples. outer_jacobian_strategy "forward-mode" (with vectorize) differentiates the gradient by forward mode.
    """
    inputs, several = _as_tuple(inputs, "inputs", "hessian")
    _check_strategy(outer_jacobian_strategy)
    scalar = _scalar(func, "hessian")

    def gradient(*xs):
        with enable_grad():
            xs = _fresh(xs, True)
            value = scalar(*xs)
            _check_live((value,), strict)
        found = _gradients((value,), xs, (None,), True, _USELESS if strict else None)
        for i, g in enumerate(found):
            if strict and not g.requires_grad:
                raise RuntimeError(_LINEAR.format(i))
        return tuple(found)

    blocks = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return blocks if several else blocks[0][0]


def _gradient_and_graph(func, inputs, name, strict):
    """(new inputs, value, recorded gradient) for products with the Hessian."""
    with enable_grad():
        xs = _fresh(inputs, True)
        value = _scalar(func, name)(*xs)
        _check_live((value,), strict)
        gradient = _gradients((value,), xs, (None,), True, _USELESS if strict else None)
    return xs, value, gradient


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """vhp(func, inputs, v=None, create_graph=False, strict=False) -> (output, v^T H)

    For a function of one element; v has the form and shapes of the inputs.
    """
    inputs, several = _as_tuple(inputs, "inputs", "vhp")
    v = _direction("vhp", v, inputs, _INPUT)
    xs, value, gradient = _gradient_and_graph(
        func, inputs if create_graph else _detached(inputs), "vhp", strict
    )
    products = _gradients(gradient, xs, v, create_graph, _LINEAR if strict else None)
    return _form(_finished([value], create_graph), False), _form(_finished(products, create_graph), several)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """hvp(func, inputs, v=None, create_graph=False, strict=False) -> (output, H v)

    For a function of one element; v has the form and shapes of the inputs. Where second derivatives are continuous it
    equals vhp, which is faster.
    """
    inputs, several = _as_tuple(inputs, "inputs", "hvp")
    v = _direction("hvp", v, inputs, _INPUT)
    xs, value, gradient = _gradient_and_graph(
        func, inputs if create_graph else _detached(inputs), "hvp", strict
    )
    with enable_grad():
        seeds = [FUNCTIONS["zeros_like"](x).requires_grad_() for x in xs]
        double = _gradients(gradient, xs, seeds, True, _LINEAR if strict else None)
    live = [(d, t) for d, t in zip(double, v, strict=True) if d.requires_grad]
    roots, along = zip(*live, strict=True) if live else ((), ())
    products = _gradients(roots, seeds, along, create_graph, _LINEAR if strict else None)
    return _form(_finished([value], create_graph), False), _form(_finished(products, create_graph), several)


def _detached(inputs):
    return tuple([t.detach() for t in inputs])
