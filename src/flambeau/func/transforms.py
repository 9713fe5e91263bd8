"""Derivatives as functions of functions: grad, vjp, jvp, jacrev, jacfwd, hessian, linearize.

Reverse mode records the function on tensors of its own, that stand for the arguments; forward mode runs it on dual
numbers. Both keep the graphs and the tangents of what surrounds them, so that transformations nest in any order.
"""

import functools
from typing import Any

from .. import _core
from ..autograd.dual import (
    Dual,
    fresh,
    leaves_of,
    made_for,
    per_example,
    primal_of,
    stripped,
    tangent_of,
    zeros_of,
)
from ..autograd.engine import grad as _gradients
from ..autograd.grad_mode import enable_grad
from ..autograd.rows import jacobians_by_columns, jacobians_by_rows, map_rows, standard_basis
from ..tensor import Tensor
from .levels import active_levels, pop_level, push_level
from .trees import flatten, tree_map, unflatten


class _level:
    """with _level(kind) as scope: an active transformation."""

    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        self.number = push_level(self.kind)
        return active_levels()[-1]

    def __exit__(self, *exception):
        pop_level(self.number)


class _Inputs:
    """The differentiated arguments of a function: new tensors that require grad in their places."""

    def __init__(self, trees, scope):
        leaves, self.structure = flatten(trees)
        for t in leaves:
            if not isinstance(t, Tensor):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(t)}")
            if t.dtype.category not in ("float", "complex"):
                raise RuntimeError(
                    f"only Tensors of floating point dtype can require gradients, got {t.dtype}"
                )
        self.outer = _core.is_grad_enabled()
        self.scope = scope
        self.tensors = [fresh(per_example(t), self.outer, scope) for t in leaves]
        self.trees = unflatten(self.tensors, self.structure)

    def outside(self, tensors):
        """Whether anything that tensors were computed from is differentiated further out."""
        return any(not made_for(leaf, self.scope) for leaf in leaves_of(tensors))

    def closed(self, value, recording):
        """Tensors, alone or in containers, without the graph of this transformation unless an outer one needs it."""

        def close(t):
            return t if not isinstance(t, Tensor) or (recording and self.outside([t])) else stripped(t)

        return tree_map(close, value)

    def gradients(self, outputs, seeds, outside):
        """The gradients of recorded outputs with respect to the inputs; zeros for those without influence. `outside`:
        they are differentiated further out."""
        live = [(o, u) for o, u in zip(outputs, seeds, strict=True) if o.requires_grad]
        found = [None] * len(self.tensors)
        if live:
            roots, given = zip(*live, strict=True)
            found = _gradients(
                roots, self.tensors, given, retain_graph=True, create_graph=outside, allow_unused=True
            )
        filled = [zeros_of(x) if g is None else g for x, g in zip(self.tensors, found, strict=True)]
        return unflatten([self.closed(g, outside) for g in filled], self.structure)


def _with_aux(name, value, has_aux):
    """(output, aux) of what a function returned."""
    if not has_aux:
        return value, None
    if not (isinstance(value, tuple) and len(value) == 2):
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return value


def _selected(args, argnums):
    """(the arguments that argnums names, the function that puts others in their places)"""
    several = isinstance(argnums, tuple)
    if not several and (not isinstance(argnums, int) or isinstance(argnums, bool)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = argnums if several else (argnums,)
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise RuntimeError(f"Got argnum={n}, but only {len(args)} positional inputs")
    positions = [n % len(args) for n in numbers]
    if len(set(positions)) != len(positions):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")

    def placed(values):
        changed = list(args)
        for p, v in zip(positions, values if several else (values,), strict=True):
            changed[p] = v
        return changed

    chosen = tuple([args[p] for p in positions])
    return chosen if several else chosen[0], placed


def grad_and_value(func, argnums=0, has_aux=False):
    """grad_and_value(func, argnums=0, has_aux=False) -> function returning (gradient, value)

    As `grad`; value is what func returned: the scalar, or (scalar, aux) with has_aux.
    """
    name = "grad_and_value(f)(*args)"

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        chosen, placed = _selected(args, argnums)
        with _level("grad") as scope:
            inputs = _Inputs(chosen, scope)
            with enable_grad():
                output, aux = _with_aux(name, func(*placed(inputs.trees), **kwargs), has_aux)
            if not isinstance(output, Tensor):
                raise RuntimeError(f"{name}: Expected f(*args) to return a Tensor, got {type(output)}")
            if output.ndim:
                raise RuntimeError(
                    f"{name}: Expected f(*args) to return a scalar Tensor, got tensor with {output.ndim} dims. Maybe "
                    "you wanted to use the vjp or jacrev APIs instead?"
                )
            gradient = inputs.gradients([output], [None], inputs.outer and inputs.outside([output]))
            value = inputs.closed(output, inputs.outer)
            return gradient, (value, inputs.closed(aux, inputs.outer)) if has_aux else value

    return wrapper


def value_and_grad(func, argnums=0, has_aux=False):
    """value_and_grad(func, argnums=0, has_aux=False) -> function returning (value, gradient): grad_and_value's, in the
    order that other libraries have."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        gradient, value = both(*args, **kwargs)
        return value, gradient

    return wrapper


def grad(func, argnums=0, has_aux=False):
    """grad(func, argnums=0, has_aux=False) -> function that returns the gradient of func, which returns a scalar

    argnums: which positional arguments to differentiate by: an int, or a tuple of ints for a tuple of gradients. They
    are tensors or containers of tensors, and gradients have their form. With has_aux, func returns (scalar, aux) and
    the new function (gradient, aux). RuntimeError when func does not return a scalar tensor.
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def _tensors_of(name, output):
    """The leaves and structure of a function's output, all of them tensors."""
    leaves, structure = flatten(output)
    if not leaves:
        raise RuntimeError(
            f"{name}: Expected f to be a function that has non-empty output (got output = {output})"
        )
    for t in leaves:
        if not isinstance(t, Tensor):
            raise RuntimeError(
                f"{name}: expected f(*primals) to return only tensors, got unsupported type {type(t)}"
            )
    return leaves, structure


def vjp(func, *primals, has_aux=False):
    """vjp(func, *primals, has_aux=False) -> (output, vjp_fn) or (output, vjp_fn, aux)

    vjp_fn(cotangents) gives the tuple of J^T cotangents, one per primal; cotangents have the form of the output. It may
    be called many times, and differentiated.
    """
    name = "vjp(f, *primals)"
    with _level("grad") as scope:
        inputs = _Inputs(tuple(primals), scope)
        with enable_grad():
            output, aux = _with_aux(name, func(*inputs.trees), has_aux)
        outputs, structure = _tensors_of(name, output)
        outside = inputs.outer and inputs.outside(outputs)
        result = inputs.closed(output, inputs.outer), inputs.closed(aux, inputs.outer)

    def vjp_fn(cotangents):
        seeds, form = flatten(cotangents)
        if form != structure:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {form}, primal output: {structure}"
            )
        deeper = _core.is_grad_enabled() and (outside or bool(leaves_of(seeds)))
        return inputs.gradients(outputs, seeds, deeper)

    return (result[0], vjp_fn, result[1]) if has_aux else (result[0], vjp_fn)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """jvp(func, primals, tangents, *, strict=False, has_aux=False) -> (output, J tangents) or (output, J tangents, aux)

    primals: the tuple of arguments; tangents: of the same form. RuntimeError with strict when an output does not
    depend on the primals (otherwise its tangent is zero).
    """
    name = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{name}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    points, structure = flatten(primals)
    directions, form = flatten(tangents)
    if form != structure:
        raise RuntimeError(
            f"{name}: Expected primals and tangents to have the same python structure. For example, if primals is a "
            f"tuple of 3 tensors, tangents also must be. Got primals with structure {structure} and tangents with "
            f"structure {form}"
        )
    if not points:
        raise RuntimeError(f"{name}: Expected primals to contain at least one Tensor.")
    for what, leaves in (("primals", points), ("tangents", directions)):
        for t in leaves:
            if not isinstance(t, Tensor):
                raise RuntimeError(f"{name}: Expected {what} to only contain Tensors, got {type(t)}")
    from ..autograd.forward_ad import make_dual

    with _level("dual") as scope:
        duals = [make_dual(p, t) for p, t in zip(points, directions, strict=True)]
        output, aux = _with_aux(name, func(*unflatten(duals, structure)), has_aux)
        outputs, structure = _tensors_of(name, output)
        moved = []
        for o in outputs:
            tangent = tangent_of(o, scope)
            if tangent is None and strict:
                raise RuntimeError(
                    "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is "
                    "not allowed with strict=True."
                )
            moved.append(zeros_of(primal_of(o, scope)) if tangent is None else tangent)
        result = unflatten([primal_of(o, scope) for o in outputs], structure), unflatten(moved, structure)
        aux = tree_map(lambda t: primal_of(t, scope) if isinstance(t, Dual) else t, aux)
    return (*result, aux) if has_aux else result


def linearize(func, *primals):
    """linearize(func, *primals) -> (output, jvp_fn): jvp_fn(*tangents) gives J tangents at primals.

    func runs once; each call of jvp_fn costs about as much as two backward passes.
    """
    name = "linearize(f, *primals)"
    with _level("grad") as scope:
        inputs = _Inputs(tuple(primals), scope)
        with enable_grad():
            output = func(*inputs.trees)
            outputs, structure = _tensors_of(name, output)
            live = [o for o in outputs if o.requires_grad]
            seeds = [fresh(zeros_of(o), False) for o in live]
            found = (
                _gradients(live, inputs.tensors, seeds, create_graph=True, allow_unused=True) if live else ()
            )
        outside = inputs.outer and inputs.outside(outputs)
        result = inputs.closed(output, inputs.outer)

    def jvp_fn(*tangents):
        directions, form = flatten(tangents)
        if form != inputs.structure:
            raise RuntimeError(
                f"{name}: Expected the tangents to have the same python structure as the primals, got {form} and "
                f"{inputs.structure}"
            )
        for t, x in zip(directions, inputs.tensors, strict=True):
            if not isinstance(t, Tensor) or t.shape != x.shape:
                got = list(t.shape) if isinstance(t, Tensor) else type(t).__name__
                raise RuntimeError(f"{name}: expected a tangent of shape {list(x.shape)}, got {got}")
        create = _core.is_grad_enabled() and (outside or bool(leaves_of(directions)))
        pairs = [(g, t) for g, t in zip(found, directions, strict=False) if g is not None and g.requires_grad]
        moved = [None] * len(live)
        if pairs:
            roots, along = zip(*pairs, strict=True)
            moved = _gradients(roots, seeds, along, retain_graph=True, create_graph=create, allow_unused=True)
        tangent_of_live = dict(zip(map(id, live), moved, strict=True))
        filled = [zeros_of(o) if (t := tangent_of_live.get(id(o))) is None else t for o in outputs]
        return unflatten([t if create else stripped(t) for t in filled], structure)

    return result, jvp_fn


def _refuse_complex(name, what, tensors):
    for i, t in enumerate(tensors):
        if isinstance(t, Tensor) and t.is_complex():
            raise RuntimeError(
                f"{name}: Expected all {what} to be real but received complex tensor at flattened input idx: {i}"
            )


def _arranged(blocks, of_outputs, of_inputs):
    """[output][input] in the containers of the outputs, each with those of the inputs."""
    return unflatten([unflatten(row, of_inputs) for row in blocks], of_outputs)


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None):
    """jacrev(func, argnums=0, *, has_aux=False, chunk_size=None) -> function that returns the Jacobian of func

    By reverse mode: one product with J^T for each element of the output, all at once by vmap or `chunk_size` at a time.
    A Jacobian has shape (*output shape, *input shape); containers of outputs hold containers of inputs, which are real.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        chosen, placed = _selected(args, argnums)
        leaves, of_inputs = flatten(chosen)
        _refuse_complex("jacrev", "inputs", leaves)
        output, vjp_fn, *aux = vjp(lambda tree: func(*placed(tree), **kwargs), chosen, has_aux=has_aux)
        outputs, of_outputs = flatten(output)

        def rows(*seeds):
            return flatten(vjp_fn(unflatten(seeds, of_outputs)))[0]

        blocks = jacobians_by_rows(map_rows(rows, standard_basis(outputs), chunk_size), outputs, leaves)
        jacobian = _arranged(blocks, of_outputs, of_inputs)
        return (jacobian, aux[0]) if has_aux else jacobian

    return wrapper


def jacfwd(func, argnums=0, has_aux=False, *, chunk_size=None, randomness="error"):
    """jacfwd(func, argnums=0, has_aux=False, *, chunk_size=None, randomness="error") -> function that returns the
    Jacobian of func

    As `jacrev`, by forward mode: one product with J for each element of the inputs.
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        chosen, placed = _selected(args, argnums)
        leaves, of_inputs = flatten(chosen)
        _refuse_complex("jacfwd", "inputs", leaves)
        seen: list[Any] = []

        def columns(*directions):
            result = jvp(lambda tree: func(*placed(tree), **kwargs), (chosen,),
                         (unflatten(directions, of_inputs),), has_aux=has_aux)  # fmt: skip
            moved, structure = flatten(result[1])
            extra, of_aux = flatten(result[2] if has_aux else ())
            seen[:] = [structure, flatten(result[0])[0], of_aux, extra]
            return [*moved, *[t for t in extra if isinstance(t, Tensor)]]

        found = map_rows(columns, standard_basis(leaves), chunk_size, randomness)
        of_outputs, outputs, of_aux, extra = seen
        jacobian = _arranged(
            jacobians_by_columns(found[: len(outputs)], outputs, leaves), of_outputs, of_inputs
        )
        if not has_aux:
            return jacobian
        mapped = iter(found[len(outputs) :])  # aux is the same for every row
        return jacobian, unflatten([next(mapped)[0] if isinstance(t, Tensor) else t for t in extra], of_aux)

    return wrapper


def hessian(func, argnums=0):
    """hessian(func, argnums=0) -> function that returns the Hessian of func: jacfwd of jacrev."""
    return jacfwd(jacrev(func, argnums), argnums)
