"""Fills the faces with 0.3's methods, by the declarations, and makes the functions of the namespace of them."""

import inspect
from typing import Any

from .. import _core
from ..errors import warn_user
from ..ops import METHODS, Pointwise
from ..tensor import Tensor
from . import (
    backcompat,
    broadcasting,
    conversions,
    declarations,
    indexing,
    inplace,
    linear,
    memory,
    operators,
    pointwise,
    reductions,
    shapes,
    signatures,
    subgradients,
    wording,
)
from .faces import (
    CUDA_TYPES,
    TYPES,
    Absent,
    Later,
    Variable,
    _array,
    _TensorBase,
    as_face,
    called_there,
    compact,
    copied,
    follow,
    for_programs,
    lifted,
    set_memory,
    settled,
    shown_array,
    type_name,
)

FUNCTIONS: dict[str, Any] = {}  # name -> function of 0.3's namespace
# What the declarations call beside today's methods.
_TARGETS = {
    **pointwise.TARGETS, **reductions.TARGETS, **linear.TARGETS, **shapes.TARGETS, **subgradients.TARGETS,
}  # fmt: skip

_FLOATS = ("FloatTensor", "DoubleTensor")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")  # whose out= may be bytes, or of the type of the input
_FACES = (Variable, _TensorBase)


class Overloads:
    """A method of 0.3: its signatures, and what they call."""

    def __init__(self, name, overloads, flags, inplace=False):
        self.name = name + "_" * inplace
        self.signatures = overloads
        self.broadcast, self.floats, self.scaled = "broadcast" in flags, "float" in flags, "scaled" in flags
        self.bytes = "byte" in flags
        changes = name.startswith("__i") if name.startswith("__") else name.endswith("_")
        self.inplace = inplace or changes
        self.fresh = not self.inplace and name not in declarations.VIEWS
        self.keepdim = any(p.name == "keepdim" for s in overloads for p in s.parameters)
        self.calls = [self._callee(s) for s in overloads]

    def _callee(self, signature):
        """What a signature calls: a function of this package, else today's method; in place where this one is."""
        name = signature.target.rstrip("_") if not signature.target.startswith("__") else signature.target
        name += "_" * self.inplace
        return _TARGETS.get(name) or METHODS.get(name) or METHODS[signature.target]

    def call(self, owner, args, kwargs, shown=None):
        """The result for self=owner."""
        for signature, callee in zip(self.signatures, self.calls, strict=True):
            values = signature.bind(owner, args, kwargs)
            if values is not None:
                return self.run(signature, callee, owner, values, kwargs)
        if any(_is_sparse(a) for a in args):
            return _sparse_call(self.name, owner, *args, *kwargs.values())
        raise signatures.refusal(shown or self.name, owner, self.signatures, args, kwargs)

    def run(self, signature, callee, owner, values, kwargs):
        """Checks, makes the operands what 0.3 saw, calls, and makes the result what 0.3 gave."""
        is_variable = isinstance(owner, Variable)
        if is_variable:
            self.check_variable(owner)
            signature.check_types(owner, values)
        if self.keepdim and backcompat.keepdim_warning.enabled:
            self.warn_keepdim(signature, values, kwargs)
        operand, values = self.operands(signature, owner, values)
        if signature.over_dim is not None and not _array(operand).size and self.name.rstrip("_") != "unsqueeze":
            dim = values[signature.over_dim]
            raise RuntimeError(f"dimension specified as {dim} but tensor has no dimensions")
        args, named = signature.arrange(*values) if signature.arrange else (values, {})
        try:
            result = callee(operand, *args, **named)
        except (IndexError, RuntimeError) as error:
            raise wording.said(error, self.name, (operand, *values)) from None
        if self.fresh and result is not operand:
            compact(result)
        if is_variable:
            return inplace.register(_shown(result, True))
        if self.inplace:
            follow(settled(owner))
            return owner
        if signature.number:
            return result if isinstance(result, (int, float)) else _array(result).item()
        return _shown(result, False)

    def operands(self, signature, owner, values):
        """Self and the arguments with bytes for bools, one dimension at the least, and sizes that fit together."""
        values = [lifted(v) if isinstance(v, _FACES) else v for v in values]
        if not self.inplace:
            owner = lifted(owner)
        elif _array(owner).dtype.kind == "b":
            _core.set_array(owner, shown_array(owner))
        places = [i for i, v in enumerate(values) if isinstance(v, _FACES)] if self.broadcast else ()
        if places:
            names = tuple(signature.parameters[i].name for i in places)
            fitted = broadcasting.together(owner, [values[i] for i in places], self.inplace, names)
            for i, tensor in zip(places, fitted, strict=True):
                values[i] = tensor
        return owner, values

    def check_variable(self, owner):
        """RuntimeError when the method is not for Variables of this type, or must not change this one."""
        if self.floats and signatures.element_kind(owner) == "i":
            raise RuntimeError(f"{self.name} is not implemented for type {type_name(type(owner.data))}")
        if self.inplace:
            inplace.check_inplace(owner)

    def warn_keepdim(self, signature, values, kwargs):
        names = [p.name for p in signature.parameters]
        if "keepdim" in names and "keepdim" not in kwargs and values[names.index("keepdim")] is False:
            warn_user(
                f"backwards compatibility: call to {self.name!r} uses default value for keepdim which has changed "
                "default to False.  Consider passing as kwarg."
            )

    def way(self, owner, args, kwargs):
        """The short way of calls like this one: the Way that does what `call` does where tensors are neither empty nor
        of bools nor, unless the operation is elementwise, without dimensions. None when there is none."""
        name = _array(owner).dtype.name
        if name == "float16" or (self.bytes and name != "uint8") or (self.floats and not name.startswith("float")):
            return None
        if self.inplace and self.name.rstrip("_") in declarations.VIEWS:
            return None  # Variables around a plain tensor that gets another shape follow it
        for signature, callee in zip(self.signatures, self.calls, strict=True):
            values = signature.bind(owner, args, kwargs)
            if values is not None:
                doubtful = signatures.is_doubtful(signature, owner, values)
                return None if doubtful else self._way(signature, callee, owner, args, kwargs, values)
        return None

    def _way(self, signature, callee, owner, args, kwargs, values):
        packed = signature.variadic and bool(args) and signatures.is_int(args[0])
        if packed and kwargs:
            return None
        given = [*range(1, len(args) + 1)] if not packed else [1]
        names = list(kwargs)
        order = given + [1 + len(args) + names.index(p.name) if p.name in kwargs else 0
                         for p in signature.parameters[len(given):]]  # fmt: skip
        arrange, exact = signature.arrange, False
        if arrange is not None:
            marks = [object() for _ in order]
            arranged, named = arrange(*marks)
            named = {n: v for n, v in named.items() if not _is_default(callee, n, v, marks, order, signature)}
            if not named and all(a in marks for a in arranged):  # today's method takes the arguments as they are
                kept = [marks.index(a) for a in arranged]
                arrange, order, values = None, [order[i] for i in kept], [values[i] for i in kept]
        if arrange is None:
            op, exact = _equal_op(callee, owner)
            callee = op or callee
        elementwise = isinstance(callee, _core.OpFunction) and issubclass(callee.op, Pointwise)
        defaults = tuple([None if i else v for i, v in zip(order, values, strict=True)])
        return _core.Way(
            callee, arrange, order, defaults, exact=exact, packed=packed, inplace=self.inplace, fresh=self.fresh,
            broadcast=self.broadcast, elementwise=elementwise, number=signature.number,
        )  # fmt: skip

    def method(self):
        """The method of the faces."""
        overloads, todays = self, getattr(_core.TensorBase, self.name, None) or METHODS.get(self.name)

        def method(self, *args, **kwargs):
            return overloads.call(self, args, kwargs)

        method.__doc__ = getattr(METHODS.get(self.name), "__doc__", None)
        return _core.FaceMethod(self.name, method, todays, op=todays, resolve=self.way)

    def function(self):
        """The function of the namespace."""
        overloads, shown = self, f"torch.{self.name}"

        def function(*args, **kwargs):
            if not (args and isinstance(args[0], _FACES)) and (there := called_there(overloads.name, args, kwargs)):
                return there[0]
            out = kwargs.pop("out", None)
            if overloads.scaled and len(args) > 1 and not isinstance(args[0], _FACES):  # (beta, input, ...)
                args = (args[1], args[0], *args[2:])
            first, rest = (args[0], args[1:]) if args else (_named_first(kwargs), ())
            if not isinstance(first, _FACES):
                raise _not_of_tensors(overloads, shown, args, kwargs)
            if first._is_sparse_face:
                return _sparse_call(overloads.name, first, *rest, *kwargs.values())
            result = method_of(type(first), overloads).call(first, rest, kwargs, shown)
            if out is not None and overloads.name in _COMPARISONS and type(out) is type(first):
                result = conversions.type_(result, type(out))
            return result if out is None else stored(result, out, shown)

        function.__name__ = function.__qualname__ = self.name
        function.__module__ = __package__
        function.__doc__ = getattr(METHODS.get(self.name), "__doc__", None)
        of_variables = _OF_VARIABLES.get(self.name, self)
        return _core.FaceFunction(function, of_variables.method(), self.method())


def _named_first(kwargs):
    """The tensor that a function is called for, when it is given by its name; taken out of kwargs."""
    return next((kwargs.pop(name) for name in ("input", "tensor", "source") if name in kwargs), None)


def _is_default(callee, name, mark, marks, order, signature):
    """Whether the argument `name` of an op, which `mark` stands for, is not given, and then the op's own default."""
    if mark not in marks or not isinstance(callee, _core.OpFunction):
        return False
    i = marks.index(mark)
    known = inspect.signature(callee).parameters.get(name)
    return order[i] == 0 and known is not None and known.default == signature.parameters[i].default


def _equal_op(callee, owner):
    """The op of today that does the same as a function of this package for arguments that a short way takes, or None;
    and whether only where the op's own short path takes them."""
    name, exact, floats = _EQUAL.get(callee, (None, False, False))
    if name is None or (floats and _array(owner).dtype.kind != "f"):
        return None, False
    if callee in _WHOLE and not isinstance(owner, Variable):
        return None, False
    return METHODS[name], exact


# function -> the name of the op, whether only its short path is the same, whether only for floats
_EQUAL = {
    pointwise.divided: ("div", False, True), pointwise.divided_: ("div_", False, True),
    shapes.viewed: ("view", True, False), shapes.expanded: ("expand", True, False),
    shapes.TARGETS["unsqueezed"]: ("unsqueeze", True, False),
    shapes.TARGETS["transposed"]: ("t", True, False),
    **{reductions.TARGETS[f"{kind}_{n}"]: (n, False, True) for kind, names in (
        ("kept", ("sum", "prod", "cumsum", "cumprod")),
        ("whole", ("sum", "prod", "mean", "norm", "trace", "std", "var")),
    ) for n in names},
}  # fmt: skip
_WHOLE = frozenset(reductions.TARGETS[n] for n in reductions.TARGETS if n.startswith("whole"))

_OF_VARIABLES: dict[str, "Overloads"] = {}  # name -> what Variables have instead of the plain tensors'


def method_of(face, overloads):
    """What a function's name means for a face. TypeError when tensors of this type have no such method."""
    if issubclass(face, Variable):
        return _OF_VARIABLES.get(overloads.name, overloads)
    if isinstance(_class_attribute(face, overloads.name), Absent):
        raise TypeError(f"Type {type_name(face)} doesn't implement stateless method {overloads.name}")
    return overloads


def _is_sparse(value):
    return isinstance(value, _FACES) and value._is_sparse_face


def _sparse_call(name, *args):
    from .sparse import call

    return call(name, *args)


def _class_attribute(cls, name):
    return next((c.__dict__[name] for c in cls.__mro__ if name in c.__dict__), None)


def _not_of_tensors(overloads, shown, args, kwargs):
    example = TYPES["FloatTensor"](1)
    expected = "".join(f"\n * (torch.FloatTensor source, {s.shown(example).strip('()')})" for s in overloads.signatures)
    return TypeError(
        f"{shown} received an invalid combination of arguments - got {signatures.got(args, kwargs)}, but expected one "
        f"of:{expected.replace(', no arguments', '')}"
    )


def _shown(result, is_variable):
    if isinstance(result, (tuple, list)):
        return tuple([_shown(r, is_variable) for r in result])
    return as_face(result, is_variable)


def stored(result, out, name):
    """Puts results into the tensors of out=, which take their sizes."""
    results, outs = (result, out) if isinstance(result, tuple) else ((result,), (out,))
    if not isinstance(outs, (tuple, list)) or len(results) != len(outs):
        raise TypeError(f"{name}: out= must be {len(results)} tensors, got {type(out).__name__}")
    for r, o in zip(results, outs, strict=True):
        if isinstance(r, Variable) and not isinstance(o, Variable):
            function = name.removeprefix("torch.")
            raise TypeError(f"{function}(): argument 'out' must be Variable, not {signatures.kind_of(o)}")
        if type(r) is not type(o):
            got = type_name(type(r)) if isinstance(r, _TensorBase) else type(r).__name__
            raise TypeError(f"{name}: out= must be of type {got}, got {type_name(type(o))}")
        source = _array(r)
        if source.shape != _array(o).shape and 0 < source.size <= _array(o).size:  # its memory suffices
            METHODS["resize_"](o, source.shape)
            follow(o)
        if _array(o).shape == source.shape:
            _core.backend_for(o).write(_array(o), source)
            _core.bump_version(o)
        else:
            set_memory(o, copied(source))
    return out


def install():
    """Gives the faces their methods, and fills FUNCTIONS."""
    table = signatures.parse(declarations.ALL)
    for name, overloads, flags in table:
        _install(name, overloads, flags, False)
        if "inplace" in flags:
            _install(name, overloads, flags, True)
    for name, overloads, flags in signatures.parse(declarations.VARIABLES):
        made = _OF_VARIABLES[name] = Overloads(name, overloads, flags)
        setattr(Variable, name, made.method())
    for name, overloads, flags in table:
        if "function" in flags:
            FUNCTIONS[name] = Overloads(name, overloads, flags).function()
    for name, method in {**operators.OPERATORS, **indexing.OPERATORS, **conversions.BOTH}.items():
        for face in _FACES:
            setattr(face, name, operators.short(name, method, face) or for_programs(name, method))
    for face, names in ((_TensorBase, declarations.OF_VARIABLES), (Variable, declarations.OF_PLAIN)):
        for name in names.split():
            setattr(face, name, Absent(name))
    for name in operators.OPERATORS:
        if name not in operators.CONVERSIONS:
            setattr(TYPES["HalfTensor"], name, for_programs(name, operators.without_arithmetic(name)))
    for name, method in conversions.PROTOCOLS.items():
        for face in _FACES:
            setattr(face, name, method)
    for face, table in ((Variable, {**inplace.METHODS, **conversions.VARIABLES}), (_TensorBase, memory.METHODS),
                        (_TensorBase, conversions.PLAIN), (_TensorBase, indexing.PLAIN)):  # fmt: skip
        for name, method in table.items():
            setattr(face, name, for_programs(name, method))
    Variable.detach = _core.FaceMethod("detach", inplace.detach, Tensor.detach, special="detach")


def hide_later_names():
    """Today's attributes that 0.3 did not have, and by which code of later years asks for the version, are absent."""
    for face in _FACES:
        for name in dir(Tensor):
            if not name.startswith("_") and name not in face.__dict__ and name not in declarations.UNCHANGED:
                setattr(face, name, Later(name))


def _install(name, overloads, flags, inplace):
    made = Overloads(name, overloads, flags, inplace)
    method = made.method()
    setattr(Variable, made.name, method)
    setattr(_TensorBase, made.name, method)
    for types in (TYPES, CUDA_TYPES):
        for type_, cls in types.items():
            is_half = type_ == "HalfTensor"
            lacks = ("float" in flags and type_ not in _FLOATS) or ("byte" in flags and type_ != "ByteTensor")
            if (is_half and types is TYPES and made.name not in _HALF) or (lacks and not is_half):
                setattr(cls, made.name, Absent(made.name))


_HALF = frozenset(
    "view copy_ clone type t t_ transpose transpose_ squeeze squeeze_ unsqueeze unsqueeze_ narrow select expand "
    "expand_as view_as permute unfold chunk split unbind".split()
)  # what CPU tensors of halves have
