"""Fills the faces with 0.3's methods, by the declarations, and makes the functions of the namespace of them."""

import warnings

from .. import _core
from ..ops import METHODS
from . import backcompat, broadcasting, declarations, indexing, linear, pointwise, signatures
from .faces import CUDA_TYPES, TYPES, Variable, _array, _TensorBase, lifted, set_memory, type_name

FUNCTIONS = {}  # name -> function of 0.3's namespace
_TARGETS = {}  # what the declarations call that is not a method of today
for _module in (pointwise, linear):
    _TARGETS.update(_module.TARGETS)

_FLOATS = ("FloatTensor", "DoubleTensor")
_HALF = frozenset("storage view copy_ clone type".split())


class Absent:
    """A method that tensors of this type do not have."""

    def __init__(self, name):
        self.name = name

    def __get__(self, instance, owner):
        if instance is None and issubclass(owner, Variable):
            return self
        raise AttributeError(f"'{owner.__name__}' object has no attribute '{self.name}'")


class Overloads:
    """A method of 0.3: its signatures, and what they call."""

    def __init__(self, name, overloads, flags, inplace=False):
        self.name = name + "_" * inplace
        self.signatures = overloads
        self.broadcast = "broadcast" in flags
        self.inplace = inplace or (name.endswith("_") and not name.startswith("__"))
        self.keepdim = any(p.name == "keepdim" for s in overloads for p in s.parameters)
        self.suffix = "_" * inplace

    def call(self, owner, args, kwargs, shown=None):
        """The result for self=owner."""
        for signature in self.signatures:
            values = signature.bind(owner, args, kwargs)
            if values is not None:
                return self.run(signature, owner, values, kwargs)
        raise signatures.refusal(shown or self.name, owner, self.signatures, args, kwargs)

    def run(self, signature, owner, values, kwargs):
        is_variable = isinstance(owner, Variable)
        if is_variable:
            signature.check_types(owner, values)
        if self.broadcast:
            places = [i for i, v in enumerate(values) if isinstance(v, (Variable, _TensorBase))]
            fitted = broadcasting.together(owner, [values[i] for i in places], self.inplace)
            for i, tensor in zip(places, fitted, strict=True):
                values[i] = tensor
        elif is_variable and not self.inplace:
            owner = lifted(owner)
            values = [lifted(v) if isinstance(v, Variable) else v for v in values]
        if self.keepdim and backcompat.keepdim_warning.enabled:
            self.warn_keepdim(signature, values, kwargs)
        args, named = signature.arrange(*values) if signature.arrange else (values, {})
        name = signature.target if signature.target in _TARGETS else signature.target.rstrip("_") + (
            "_" if self.inplace else ""
        )
        target = _TARGETS.get(name) or _TARGETS.get(signature.target) or METHODS[name]
        result = target(owner, *args, **named)
        if signature.number and not is_variable:
            return result if isinstance(result, (int, float)) else _array(result).item()
        if type(result) in (list, tuple) or hasattr(result, "_fields"):
            return tuple(result)
        return result

    def warn_keepdim(self, signature, values, kwargs):
        names = [p.name for p in signature.parameters]
        if "keepdim" in names and "keepdim" not in kwargs and values[names.index("keepdim")] is False:
            warnings.warn(
                "backwards compatibility: call to "
                f"{self.name!r} uses default value for keepdim which has changed default to False.  Consider passing "
                "as kwarg.",
                UserWarning,
                stacklevel=4,
            )

    def method(self):
        overloads = self

        def method(self, *args, **kwargs):
            return overloads.call(self, args, kwargs)

        method.__name__ = method.__qualname__ = self.name
        method.__doc__ = getattr(METHODS.get(self.name), "__doc__", None)
        return method

    def function(self):
        overloads, shown = self, f"torch.{self.name}"

        def function(*args, **kwargs):
            out = kwargs.pop("out", None)
            owner = args[0] if args else kwargs.pop("input", None)
            if not isinstance(owner, (Variable, _TensorBase)):
                expected = " | ".join(s.shown(TYPES["FloatTensor"](1)) for s in overloads.signatures)
                raise TypeError(
                    f"{shown} received an invalid combination of arguments - got {signatures.got(args, kwargs)}, but "
                    f"expected a tensor and {expected}"
                )
            result = overloads.call(owner, args[1:], kwargs, shown)
            return result if out is None else stored(result, out, shown)

        function.__name__ = function.__qualname__ = self.name
        function.__doc__ = getattr(METHODS.get(self.name), "__doc__", None)
        return function


def stored(result, out, name):
    """Puts results into the tensors of out=, which take their sizes."""
    results, outs = (result, out) if isinstance(result, tuple) else ((result,), (out,))
    if not isinstance(outs, (tuple, list)) or len(results) != len(outs):
        raise TypeError(f"{name}: out= must be {len(results)} tensors, got {type(out).__name__}")
    for r, o in zip(results, outs, strict=True):
        if type(r) is not type(o):
            raise TypeError(f"{name}: out= must be of type {type_name(type(r))}, got {type_name(type(o))}")
        source = _array(r)
        if _array(o).shape == source.shape:
            _core.backend_for(o).write(_array(o), source)
            _core.bump_version(o)
        else:
            set_memory(o, source.copy())
    return out


def install():
    """Gives the faces their methods, and fills FUNCTIONS."""
    for name, (overloads, flags) in signatures.parse(declarations.ALL).items():
        _install(name, overloads, flags, False)
        if "inplace" in flags:
            _install(name, overloads, flags, True)
        if "function" in flags:
            FUNCTIONS[name] = Overloads(name, overloads, flags).function()
    for name, operator in {**pointwise.OPERATORS, **indexing.OPERATORS}.items():
        for face in (Variable, _TensorBase):
            setattr(face, name, operator)


def _install(name, overloads, flags, inplace):
    made = Overloads(name, overloads, flags, inplace)
    method = made.method()
    setattr(Variable, made.name, method)
    setattr(_TensorBase, made.name, method)
    for types in (TYPES, CUDA_TYPES):
        for type_, cls in types.items():
            wrong = ("float" in flags and type_ not in _FLOATS) or ("byte" in flags and type_ != "ByteTensor")
            half = type_ == "HalfTensor" and types is TYPES and made.name not in _HALF
            if half or (wrong and not (type_ == "HalfTensor" and types is CUDA_TYPES)):
                setattr(cls, made.name, Absent(made.name))
