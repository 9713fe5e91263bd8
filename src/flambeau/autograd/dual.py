"""Dual numbers: tensors that carry a tangent, and the rules by which tangents pass through ops.

A `Dual` of some level stands for its primal; each op that meets one also computes the derivative of its results in the
direction of the tangents (A. Griewank, A. Walther: Evaluating Derivatives, 2nd edition, SIAM 2008, chapter 3). How is
said by the op, in `tangent`: "linear" ops are applied to the tangents together, "multilinear" ones (and "biased" ones,
products with something added) to one tangent after the other, the Jacobian of an "elementwise" one is diagonal, so
that its backward gives tangents as well. For every other op that has a backward the tangent follows from that: grad =
J^T u is linear in u, and its own backward in direction t is J t.
"""

import threading

from .. import _core
from ..interpreters import Wrapped, call
from ..layout import strided
from ..ops import FUNCTIONS
from ..ops.shape import Alias
from ..tensor import Tensor
from .engine import grad

_NO_OUT = "Trying to use forward AD with {}_out that does not support it because it is an out= function"


class Dual(Wrapped):
    """A tensor with a tangent, at one level of forward-mode differentiation; made by `forward_ad.make_dual`.

    It has the shape, dtype and memory of its primal. Once its level has ended it is its primal, the tangent is gone.
    """

    def __init__(self, primal, tangent, scope):
        self._set(primal, tangent, scope)

    def _set(self, primal, tangent, scope):
        self._value, self._scope, self._level = primal, scope, scope.number
        self._direction = _laid_out(tangent, primal)
        _core.init_tensor(self, _core.array_of(primal))
        _core.share_version(self, primal)

    @property
    def _tangent(self):
        return self._direction if self._scope.active else None

    def _with(self, value):
        return Dual(value, self._direction, self._scope)

    def _mapped(self, function):
        return Dual(function(self._value), function(self._direction), self._scope)

    def _together(self, function, *tensors):
        parts = [primal_of(t, self._scope) for t in tensors]
        moved = [tangent_of(t, self._scope) for t in tensors]
        moved = [zeros_of(p) if t is None else t for p, t in zip(parts, moved, strict=True)]
        return Dual(function(*parts), function(*moved), self._scope)

    def _tracked(self):
        return tracked(self._value) or (self._scope.active and tracked(self._direction))

    # ---- what it is as a tensor: its primal

    requires_grad = property(
        lambda self: self._value.requires_grad, lambda self, value: self._value.requires_grad_(value)
    )
    data = property(lambda self: self._value.data)
    output_nr = property(lambda self: self._value.output_nr)

    @property
    def grad(self):
        """The gradient of the primal."""
        return self._value.grad

    @grad.setter
    def grad(self, value):
        self._value.grad = value

    def requires_grad_(self, requires_grad=True):
        """requires_grad_(requires_grad=True) -> self: starts (or stops) recording operations on the primal."""
        self._value.requires_grad_(requires_grad)
        return self

    def detach(self):
        """detach() -> the primal without history: the tangent is dropped too."""
        return self._value.detach()

    def register_hook(self, hook):
        """register_hook(fn(grad)) -> handle: a hook on the gradient of the primal."""
        return self._value.register_hook(hook)

    def retain_grad(self):
        """retain_grad(): backward also fills in `.grad` of the primal."""
        self._value.retain_grad()

    def item(self):
        """item() -> the value of the primal of one element as a Python number."""
        return self._value.item()

    def tolist(self):
        """tolist() -> the elements of the primal."""
        return self._value.tolist()

    def numpy(self, *, force=False):
        """numpy(force=False) -> numpy.ndarray over the memory of the primal."""
        return self._value.numpy(force=force)

    def __deepcopy__(self, memo):
        return self._value.__deepcopy__(memo)

    def __reduce_ex__(self, protocol):
        return self._value.__reduce_ex__(protocol)

    def __repr__(self):
        text = repr(self._value)
        if not self._scope.active:
            return text
        return f"{text[:-1]}, tangent={self._direction!r})"

    # ---- ops

    def _interpret(self, function, args, kwargs, prepared):
        given = Call(function, args, kwargs, prepared, self._scope)
        if not self._scope.active or not is_forward_enabled():
            return given(given.primals())
        for t in given.tensors:
            if t.layout is not strided:  # its operations are written in those of the tensors it consists of
                return t._interpret(function, args, kwargs, prepared)
        if kwargs.get("out") is not None:
            raise NotImplementedError(_NO_OUT.format(function.name))
        if function.inplace:
            return _change(given)
        return _propagate(given)

    def _interpret_whole(self, function, args, kwargs):
        given = Call(function, args, kwargs, False, self._scope)
        primals = given.primals()
        if not self._scope.active:
            return given(primals)
        if any(isinstance(t, Wrapped) for t in primals):  # what these stand for cannot be looked at
            return by_backward(given)
        return function.__wrapped__(*args, **kwargs)

    def _interpret_function(self, cls, forward, args):
        given = Call(cls.apply, args, getattr(forward, "keywords", {}), False, self._scope)
        if not self._scope.active or not is_forward_enabled():
            return given(given.primals())
        return _custom(given, cls, forward)

    # ---- backward passes

    def _gradients(self, outputs, inputs, grad_outputs, retain_graph, create_graph):
        """autograd.grad where some of the tensors are Dual: its result, with None for unused inputs.

        With L = <u, y>, the tangent of dL/dx is that of J^T u: d<u, y.tangent>/dx + J^T u.tangent.
        """
        scope = self._scope
        roots = [primal_of(y, scope) for y in outputs]
        leaves = [primal_of(x, scope) for x in inputs]
        seeds = [u if u is None else primal_below(u, scope) for u in grad_outputs]
        terms = []
        for y, root, u, seed in zip(outputs, roots, grad_outputs, seeds, strict=True):
            of_y, of_u = tangent_of(y, scope), None if u is None else tangent_below(u, scope)
            if of_y is not None and tracked(of_y):
                terms.append((of_y, zeros_of(of_y).fill_(1) if seed is None else seed))
            if of_u is not None:
                terms.append((root, of_u))
        options = dict(create_graph=create_graph, allow_unused=True)
        gradients = grad(roots, leaves, seeds, retain_graph=True if terms else retain_graph, **options)
        if not terms:
            return gradients
        tangents = grad(
            [y for y, _ in terms], leaves, [u for _, u in terms], retain_graph=retain_graph, **options
        )
        pairs = zip(gradients, tangents, strict=True)
        return tuple([g if t is None else dual(zeros_of(t) if g is None else g, t, scope) for g, t in pairs])

    def _accumulate(self, outputs, inputs, grad_outputs, retain_graph, create_graph):
        """autograd.backward where some of the tensors are Dual: gradients with tangents in `.grad` of the leaves."""
        scope = self._scope
        if inputs is None:
            parts = [primal_of(y, scope) for y in outputs]
            parts += [t for y in outputs if (t := tangent_of(y, scope)) is not None]
            inputs = leaves_of(parts)
        results = self._gradients(outputs, inputs, grad_outputs, retain_graph, create_graph)
        for leaf, g in zip(inputs, results, strict=True):
            if g is not None:
                leaf.grad = g if leaf.grad is None else leaf.grad + g


_core.register_interpreter(Dual)


# ---------------------------------------------------------------------------------------- parts of a tensor


def primal_of(t, scope):
    """What t stands for at a level; t itself when it is no Dual of that."""
    return t._value if type(t) is Dual and t._scope is scope else t


def tangent_of(t, scope):
    """The tangent of t at a level, None without one."""
    return t._direction if type(t) is Dual and t._scope is scope and scope.active else None


def tracked(t):
    """Whether t, or a part of what it stands for, has a gradient recorded."""
    if type(t) is Dual:
        return t._tracked()
    return tracked(t._value) if isinstance(t, Wrapped) else t.requires_grad


def leaves_of(tensors):
    """The leaves that backward passes from tensors, Wrapped ones among them, would reach; those of transformations that
    have ended do not count."""
    found = _core.leaves_of([part for t in tensors for part in _parts(t)])
    return [leaf for leaf in found if _maker(leaf).active]


def _parts(t):
    """The ordinary tensors that t stands for, tangents among them."""
    if isinstance(t, Wrapped) or t.layout is not strided:
        moved = _parts(t._direction) if type(t) is Dual and t._scope.active else []
        return _parts(t._value) + moved
    return [t]


class _Always:
    active = True


class _Never:
    active = False


def _maker(leaf):
    """The transformation that a leaf was made for, outside of which it is a constant."""
    return leaf.__dict__.get("_made_for", _Always)


def made_for(leaf, scope):
    """Whether fresh made a leaf for a transformation."""
    return _maker(leaf) is scope


def fresh(t, connected, scope=_Never):
    """t as a new tensor that requires grad, which takes part in the graph of t when that is recorded and `connected`.
    A new leaf belongs to the transformation `scope`; without one, to nothing but the caller."""
    if isinstance(t, Wrapped):
        if type(t) is Dual and not t._scope.active:
            return fresh(t._value, connected, scope)
        return t._with(fresh(t._value, connected, scope))
    if t.layout is not strided:
        return t._with(fresh(t._value, connected, scope))
    if connected and t.requires_grad:
        return Alias.function(t)
    leaf = t.detach().requires_grad_()
    leaf._made_for = scope
    return leaf


def stripped(t):
    """t without the graphs that it and its tangents belong to."""
    if t.layout is not strided:
        return t._with(stripped(t._value))
    if type(t) is Dual and t._scope.active:
        return t._mapped(stripped)
    if type(t) is Dual:
        return stripped(t._value)
    return t._with(stripped(t._value)) if isinstance(t, Wrapped) else t.detach()


def dual(primal, tangent, scope):
    """The Dual of a primal and its tangent, which is converted to the dtype of the primal. Where these stand for others
    at levels further in than `scope`, it is what they stand for that becomes Dual."""
    if tangent.dtype is not primal.dtype:
        tangent = tangent.to(primal.dtype)
    inner = _core.interpreter_of(primal, tangent)
    if inner is None or inner._level <= scope.number:
        return Dual(primal, tangent, scope)
    return inner._together(lambda p, t: dual(p, t, scope), primal, tangent)


def primal_below(t, scope):
    """primal_of, also where t stands for a Dual at a level further in."""
    if isinstance(t, Wrapped) and t._level > scope.number:
        return t._mapped(lambda v: primal_below(v, scope))
    return primal_of(t, scope)


def tangent_below(t, scope):
    """tangent_of, also where t stands for a Dual at a level further in."""
    if not (isinstance(t, Wrapped) and t._level > scope.number):
        return tangent_of(t, scope)
    if has_tangent(t, scope):
        return t._mapped(lambda v: tangent_below(v, scope) if has_tangent(v, scope) else zeros_of(v))
    return None


def has_tangent(t, scope):
    """Whether a part of what t stands for has a tangent at a level."""
    if type(t) is Dual and t._scope is not scope and has_tangent(t._direction, scope):
        return True
    if isinstance(t, Wrapped) and t._level > scope.number:
        return has_tangent(t._value, scope)
    return tangent_of(t, scope) is not None


def zeros_of(like):
    """Zeros of the shape and kind of a tensor, without history."""
    return stripped(like).clone().zero_()


def _laid_out(tangent, primal):
    """The tangent in the memory layout of the primal, so that views of one are views of the other."""
    if isinstance(tangent, Wrapped) or isinstance(primal, Wrapped) or tangent.stride() == primal.stride():
        return tangent
    if tangent.is_contiguous() and primal.is_contiguous():
        return tangent
    return FUNCTIONS["empty_like"](primal.detach()).copy_(tangent) if tangent.numel() else tangent


def differentiable(t):
    """Whether a value is a tensor that can have a tangent."""
    return isinstance(t, Tensor) and t.dtype.category in ("float", "complex")


def is_forward_enabled():
    """Whether ops compute tangents: not after set_fwd_grad_enabled(False), nor in inference mode."""
    return _mode.enabled and not _core.is_inference_mode_enabled()


class _Mode(threading.local):
    enabled = True


_mode = _Mode()


def set_forward_enabled(enabled):
    """Switches the computation of tangents on or off; what it was."""
    previous, _mode.enabled = _mode.enabled, bool(enabled)
    return previous


# -------------------------------------------------------------------------------------------------- a call


def _replaced(value, function):
    """value with function applied to every tensor in it; lists, tuples and slices are searched."""
    if isinstance(value, Tensor):
        return function(value)
    if type(value) in (list, tuple):
        return type(value)([_replaced(v, function) for v in value])
    if type(value) is slice:
        return slice(*[_replaced(v, function) for v in (value.start, value.stop, value.step)])
    return value


class Call:
    """A call of an op: its tensors in order, and how to make it again with others in their places."""

    def __init__(self, function, args, kwargs, prepared, scope):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.prepared, self.scope = prepared, scope
        self.tensors: list[Tensor] = []
        _replaced(list(args) + list(kwargs.values()), self.tensors.append)
        self.places = [i for i, t in enumerate(self.tensors) if tangent_of(t, scope) is not None]
        self.tangents = [self.tensors[i]._direction for i in self.places]

    def __call__(self, tensors):
        """The result with other tensors."""
        given = iter(tensors)
        args = [_replaced(a, lambda t: next(given)) for a in self.args]
        kwargs = {k: _replaced(v, lambda t: next(given)) for k, v in self.kwargs.items()}
        return call(self.function, args, kwargs, self.prepared)

    def primals(self):
        """The tensors of the call without their tangents of this level."""
        return [primal_of(t, self.scope) for t in self.tensors]

    def with_fresh(self, connected):
        """(the primals with new ones, that require grad, in the places of duals; these)"""
        tensors = self.primals()
        batches = self._batches(tensors)
        leaves = [fresh(lifted(tensors[i], batches), connected) for i in self.places]
        for i, leaf in zip(self.places, leaves, strict=True):
            tensors[i] = leaf
        return tensors, leaves

    def _batches(self, tensors):
        """The levels of vmap around this one at which one of the tensors has a batch: gradients are one per example."""
        inner = _core.interpreter_of(tensors)
        if inner is None or inner._level < 1:
            return []
        from ..func.levels import active_levels

        around = [v for v in active_levels() if v.kind == "vmap" and v.number < self.scope.number]
        return [v for v in around if any(stands_at(t, v.number) for t in tensors)]


def stands_at(t, number):
    """Whether t, or a part of what it stands for, is batched at a level."""
    if not isinstance(t, Wrapped):
        return False
    if type(t) is not Dual and t._level == number:
        return True
    return stands_at(t._value, number) or (type(t) is Dual and stands_at(t._direction, number))


def lifted(t, levels):
    """t with the batches of some levels of vmap, repeated where it had none."""
    if levels:
        from ..func.vmap import lift

        return lift(t, levels)
    return t


def per_example(t):
    """t with the batches of all active levels of vmap: a gradient with respect to it is one for each example."""
    from ..func.levels import active_levels

    return lifted(t, [v for v in active_levels() if v.kind == "vmap"])


def _outputs(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _like(result, outputs):
    """Outputs in the form of result: one tensor, list, tuple or named tuple."""
    if isinstance(result, (tuple, list)):
        return type(result)(*outputs) if hasattr(result, "_fields") else type(result)(outputs)
    return outputs[0]


def _propagate(given):
    """The result of a call with tangents."""
    rule = RULES.get(given.function.op.tangent)
    result = NotImplemented if rule is None else rule(given)
    return by_backward(given) if result is NotImplemented else result


def _paired(given, result, tangents, keep, handed_back=None):
    """Results with their tangents (None where they have none); without `keep`, also without history. `handed_back`: the
    inputs by the ids of what stands for them in the results, the primals unless given."""
    if handed_back is None:
        handed_back = {id(primal_of(t, given.scope)): t for t in given.tensors}
    outputs = []
    for out, tangent in zip(_outputs(result), tangents, strict=True):
        if id(out) in handed_back:
            out = handed_back[id(out)]
        elif isinstance(out, Tensor):
            out = out if keep else stripped(out)
            out = out if tangent is None else dual(out, tangent, given.scope)
        outputs.append(out)
    return _like(result, outputs)


# --------------------------------------------------------------------------------------------------- rules


def linear(given):
    """The op of the tangents, zeros standing for those of tensors that have none."""
    primals = given.primals()
    result = given(primals)
    outputs = _outputs(result)
    if not all(differentiable(out) for out in outputs):
        return NotImplemented
    tangents = [
        tangent_of(t, given.scope) if i in given.places else zeros_of(t) if differentiable(t) else t
        for i, t in enumerate(given.tensors)
    ]
    return _paired(given, result, _outputs(given(tangents)), True)


def multilinear(given):
    """The sum over the tangents of the op with each in the place of its primal."""
    primals = given.primals()
    result = given(primals)
    total = None
    for i, tangent in zip(given.places, given.tangents, strict=True):
        part = given([*primals[:i], tangent, *primals[i + 1 :]])
        total = part if total is None else total + part
    return _paired(given, result, [total], True)


def biased(given):
    """As multilinear for a product of the first two tensors, to which a third is added."""
    if not given.kwargs.keys() <= {"bias"}:
        return NotImplemented
    primals = given.primals()
    result = given(primals)
    moved = dict(zip(given.places, given.tangents, strict=True))
    bias = [moved.pop(2) if 2 in moved else zeros_of(primals[2])] if len(primals) == 3 else []
    total = None
    for i in moved or [None]:
        factors = [moved[i] if k == i else p for k, p in enumerate(primals[:2])]
        if i is None:
            factors[0] = zeros_of(factors[0])  # only the bias has a tangent
        part = given([*factors, *bias])
        total = part if total is None else total + part
        bias = [zeros_of(b) for b in bias]
    return _paired(given, result, [total], True)


def elementwise(given):
    """The backward of a real op that maps elements to elements, with tangents in place of gradients."""
    primals = given.primals()
    if not all(t.dtype.category != "complex" for t in primals):
        return NotImplemented
    shape = FUNCTIONS["broadcast_shapes"](*[t.shape for t in primals])
    recording = _core.is_grad_enabled()
    keep = recording and any(tracked(t) for t in primals)
    create = keep or (recording and any(tracked(t) for t in given.tangents))
    previous = _core.set_grad_mode(True)
    try:
        tensors, leaves = given.with_fresh(recording)
        expanded = [leaf if leaf.shape == shape else leaf.expand(shape) for leaf in leaves]
        for i, e in zip(given.places, expanded, strict=True):
            tensors[i] = e
        result = given(tensors)
        if not isinstance(result, Tensor) or result.shape != shape or result.is_complex():
            return NotImplemented
        total = None
        if result.requires_grad:
            for e, t in zip(expanded, given.tangents, strict=True):
                t = t if t.shape == shape else t.expand(shape)
                options = dict(retain_graph=True, create_graph=create, allow_unused=True)
                (part,) = grad(result, e, t if t.dtype is result.dtype else t.to(result.dtype), **options)
                if part is not None:
                    total = part if total is None else total + part
    finally:
        _core.set_grad_mode(previous)
    if not create and total is not None:
        total = stripped(total)
    return _paired(given, result, [total], keep)


def by_backward(given):
    """The tangents of any op with a backward that can be differentiated: the derivative of J^T u by u, along t."""
    recording = _core.is_grad_enabled()
    keep = recording and any(tracked(t) for t in given.primals())
    create = keep or (recording and any(tracked(t) for t in given.tangents))
    previous = _core.set_grad_mode(True)
    try:
        tensors, leaves = given.with_fresh(recording)
        result = given(tensors)
        outputs = _outputs(result)
        handed_back = {id(leaf): given.tensors[i] for leaf, i in zip(leaves, given.places, strict=True)}
        moved = [o for o in outputs if differentiable(o) and o.requires_grad and id(o) not in handed_back]
        tangents = iter(_along(moved, leaves, given.tangents, create))
        found = [next(tangents) if any(o is m for m in moved) else None for o in outputs]
    finally:
        _core.set_grad_mode(previous)
    return _paired(given, result, found, keep, handed_back)


def _along(outputs, inputs, tangents, create):
    """J t for each of the outputs, computed from inputs; None where there is no derivative."""
    if not outputs:
        return []
    seeds = [fresh(zeros_of(o), False) for o in outputs]
    gradients = grad(outputs, inputs, seeds, create_graph=True, allow_unused=True)
    pairs = [(g, t) for g, t in zip(gradients, tangents, strict=True) if g is not None and g.requires_grad]
    if not pairs:
        return [None] * len(outputs)
    roots, directions = zip(*pairs, strict=True)
    results = grad(roots, seeds, directions, create_graph=create, allow_unused=True)
    return [r if create or r is None else stripped(r) for r in results]


RULES = {"linear": linear, "multilinear": multilinear, "biased": biased, "elementwise": elementwise}


# ------------------------------------------------------------------------------------------------- in place


def _change(given):
    """An in-place op: primal and tangent of its first tensor are written, so that views of both see the change."""
    target = given.tensors[0]
    if not differentiable(target):
        return given(given.primals())
    result = _propagate(Copying(given))
    value, tangent = primal_of(result, given.scope), tangent_of(result, given.scope)
    if tangent_of(target, given.scope) is None:
        if tangent is None:
            return given(given.primals())
        _become_dual(target, given.scope)
    primal = target._value
    primal.copy_(value)
    direction = target._direction
    new = zeros_of(value) if tangent is None else tangent
    if isinstance(direction, Wrapped) or 0 not in direction.stride() or 0 in primal.stride():
        direction.copy_(new)
    else:
        target._direction = _laid_out(new.clone(), primal)
    _core.init_tensor(target, _core.array_of(primal))
    return target


class Copying(Call):
    """An in-place call, made on a copy of its first tensor instead."""

    def __init__(self, given):
        super().__init__(given.function, given.args, given.kwargs, given.prepared, given.scope)
        if self.places[:1] == [0]:  # the tangent is written over, and what is computed here may have saved it
            self.tangents[0] = self.tangents[0].clone()

    def __call__(self, tensors):
        first = tensors[0].clone()
        return super().__call__([first, *tensors[1:]])


def _become_dual(t, scope):
    """Makes a tensor, of which a part is given tangents, a Dual: other views of its memory follow when next changed."""
    if type(t) is not Tensor and not isinstance(t, Wrapped):
        raise RuntimeError(
            f"a {type(t).__name__} cannot take the tangent of what is written to it; write to a clone() of it"
        )
    if t.requires_grad and t.is_leaf:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation: it cannot take the tangent of "
            "what is written to it; write to a clone() of it"
        )
    base = None if isinstance(t, Wrapped) else t._base_tensor
    if base is not None:
        if tangent_of(base, scope) is None:
            _become_dual(base, scope)
        place = t.shape, t.stride(), t.storage_offset() - base._value.storage_offset()
        primal = base._value.as_strided(*place[:2], t.storage_offset())
        tangent = base._direction.as_strided(*place[:2], base._direction.storage_offset() + place[2])
    else:
        primal = _stand_in(t)
        tangent = zeros_of(primal)
        if not isinstance(t, Wrapped) and tangent.stride() != t.stride():
            tangent = FUNCTIONS["empty_strided"](t.shape, t.stride(), dtype=t.dtype, device=t.device).zero_()
    _core.detach_in_place(t)
    t.__class__ = Dual
    t._set(primal, tangent, scope)


def _stand_in(t):
    """Another tensor object over the memory and with the history of t."""
    if isinstance(t, Wrapped):
        new = type(t).__new__(type(t))
        new.__dict__.update(t.__dict__)
        _core.init_tensor(new, _core.array_of(t))
        return new
    new = _core.make(_core.array_of(t))
    _core.share_version(new, t)
    if t.grad_fn is not None:
        _core.set_history(new, t.grad_fn, t.output_nr)
    return new


# ----------------------------------------------------------------------------------------- custom Functions


def _custom(given, cls, forward):
    """A user's Function: its forward on the primals, its jvp on the tangents."""
    from .function import Function

    if cls.jvp is Function.jvp:
        cls.jvp(None)  # raises
    scope = given.scope
    primals = [_replaced(a, lambda t: primal_of(t, scope)) for a in given.args]
    if any(isinstance(t, Wrapped) for t in given.primals()):
        # the transformations around this one answer the call themselves
        result = given(given.primals())
        ctx = cls._context(forward, primals, result)
    else:
        result, ctx = cls._run(forward, primals)
    tangents = []
    for arg, primal in zip(given.args, primals, strict=True):
        tangent = tangent_of(arg, scope) if isinstance(arg, Tensor) else None
        if tangent is None and differentiable(primal) and ctx._materialises:
            tangent = zeros_of(primal)
        tangents.append(tangent)
    moved = ctx._run_jvp(cls.jvp, tangents)
    outputs, moved = _outputs(result), _outputs(moved)
    if len(moved) != len(outputs):
        raise RuntimeError(
            f"{cls.__name__}.jvp returned {len(moved)} tangents, expected one for each of the {len(outputs)} outputs"
        )
    finished = []
    for out, tangent in zip(outputs, moved, strict=True):
        changed = [a for a, p in zip(given.args, primals, strict=True) if p is out and isinstance(a, Dual)]
        if changed and tangent is not None:
            changed[0]._direction = tangent
            out = changed[0]
        elif differentiable(out) and tangent is not None:
            if tangent.shape != out.shape:
                raise RuntimeError(
                    f"{cls.__name__}.jvp returned a tangent of shape {list(tangent.shape)} for an output of shape "
                    f"{list(out.shape)}"
                )
            out = dual(out, tangent, scope)
        finished.append(out)
    return _like(result, finished)
