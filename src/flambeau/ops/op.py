"""What an op is, and how a class becomes public functions, methods and operators.

    class Exp(Unary, name="exp", methods=("exp", "exp_"), saves="output", floats=True):
        '''exp(input, *, out=None) -> Tensor: e to the power of each element.'''

        @staticmethod
        def backward(ctx, grad):
            (y,) = ctx.saved
            return grad * conj(y)

The class is the op's only home: its docstring is the documentation of `flambeau.exp` and `Tensor.exp`, `forward` works
on raw arrays through the kernels of their device (`ctx.k`), `backward` on tensors (so double backward comes for free).
A class keyword with the name of a trailing-underscore method makes the in-place form.
"""

import functools
from typing import Any

from .. import _core
from ..dtype import float32, from_numpy_dtype
from .autocast import CASTS, casting

FUNCTIONS: dict[str, Any] = {}  # public name -> callable: what `flambeau.<name>` is
NAMESPACES: dict[str, dict[str, Any]] = {"special": {}}  # the same of `flambeau.<namespace>.<name>`
METHODS: dict[str, Any] = {}  # name -> callable: what `Tensor.<name>` is


class _Hidden:
    """An attribute of `_core.Node` that the nodes of ops do not have: who walks a graph takes one that has it for the
    node of a Function."""

    def __init__(self, name):
        self.name = name

    def __get__(self, node, owner):
        raise AttributeError(f"'{owner.__name__}' object has no attribute '{self.name}'")


_HIDDEN = {name: _Hidden(name) for name in ("saved_tensors", "saved_variables")}  # an op has `ctx.saved`


class Op:
    """A differentiable operation on raw arrays. Subclasses define

    forward(ctx, *arguments)
        Gets arrays for tensors, other arguments as they are; computes with `ctx.k.<kernel>`; returns an array or a
        tuple or named tuple of arrays. `ctx.save_for_backward(...)` keeps inputs, outputs and constants for backward
        (never an intermediate value through which a second derivative would have to go); other constants become
        attributes of ctx.
    backward(ctx, *grads)
        Gets one Tensor per output; returns a gradient per argument of forward (trailing None may be left out).
        Gradients may keep broadcast dimensions: the engine sums them to the shape of the input and casts them to its
        dtype. `ctx.needs(i)` says whether the gradient of argument i is wanted. An op without backward has no gradient.
    prepare(*public arguments), optional
        The public signature when it differs from forward's: checks and normalises, and returns the tuple of arguments
        of forward - or, when there is nothing to do, the result itself. Tensors arrive as tensors.

    Class keywords: `name` (public function; a leading underscore keeps it private), `namespace` ("special": the
    function is public in `flambeau.special` and not in `flambeau`, and errors call it `special_<name>`; likewise
    "linalg" and "fft", whose ops are all private, behind public functions), `methods` (names on Tensor; one that ends
    in `_` is the in-place form), `aliases` (further function names), `operator` (`+`, `[]`, ...),
    `inplace_operator` (`+=`), `view=True` (the result shares memory with the first argument), `out=False` (takes no
    `out=`), `mutates=True` (forward changes its first array in place and returns it: only in-place names exist),
    `quick` (which short path of `_core/views.pxi` a view takes), `short` (the native kernel that does all of forward
    for plain CPU tensors, or returns None when it is not for it) with `short_saves` (what forward saves then, like
    `saves` of Pointwise), `tangent`: how forward-mode differentiation finds the tangent of the result. "linear": the op
    of the tangents (views are); "multilinear": the sum of the ops with one tangent for its argument; "biased": so for
    its first two arguments, the third is added; "elementwise": its backward of the tangent (Pointwise ops are). Other
    ops need not say: see `autograd/dual.py`.
    """

    forward: Any = None
    backward: Any = None
    prepare: Any = None
    name: Any  # the name that errors show
    node_type: Any  # the class of its nodes
    function: Any = None  # the OpFunction, once the class has a name
    tangent: str | None = None  # how forward-mode differentiation goes through it
    _strict = False  # gradients may be fewer than arguments

    def __init_subclass__(cls, name=None, methods=(), aliases=(), operator=None, inplace_operator=None, view=False,
                          out=True, mutates=False, quick=None, short=None, short_saves=(), namespace=None,
                          tangent=None, **pointwise):  # fmt: skip
        super().__init_subclass__()
        if tangent or view:
            cls.tangent = tangent or "linear"
        shown = name if namespace is None else f"{namespace}_{name.lstrip('_')}"
        cls._declare(name, shown, **pointwise)
        if name is None:
            return
        cls.name = shown
        if cls.prepare is not None:
            cls.prepare.__qualname__ = shown.lstrip("_")  # what Python's errors about arguments call it
        cls.node_type = type(f"{cls.__name__}Backward0", (_core.Node,), {"op_class": cls, **_HIDDEN})
        takes_out = out and not view and not mutates
        options = dict(view=view, quick=quick, takes_out=takes_out, casts=CASTS.get(shown), **cls._signature(),
                       **cls._pointwise)  # fmt: skip
        if short is not None:
            options |= dict(kernel=short, saves=_save_plan(short_saves, options["names"]))
        cls.function = cls._make(shown, inplace=mutates, **options)
        if namespace is not None:  # where pickle finds it
            cls.function.__module__, cls.function.__qualname__ = f"flambeau.{namespace}", name
        inplace = None
        for method in methods:
            if method.endswith("_") and not mutates:
                if inplace is None:
                    fixed = dict(inplace=True, takes_out=False, view=False, casts=None)
                    inplace = cls._make(method, **{**options, **fixed})
                METHODS[method] = FUNCTIONS[method] = inplace
            else:
                METHODS[method] = cls.function
        functions = FUNCTIONS if namespace is None else NAMESPACES.get(namespace, {})
        for public in (name, *aliases):
            if not public.startswith("_"):
                functions[public] = cls.function
        if operator:
            _core.set_operator(operator, cls.function)
        if inplace_operator:
            _core.set_operator(inplace_operator, inplace)

    _pointwise: dict[str, Any] = {}

    @classmethod
    def _declare(cls, name, shown):
        """Hook of the pointwise bases."""

    @classmethod
    def _signature(cls):
        code = cls.forward.__code__
        names = code.co_varnames[1 : code.co_argcount]
        return dict(names=names, defaults=cls.forward.__defaults__ or ())

    @classmethod
    def _make(cls, public, inplace=False, **options):
        backward = cls.backward or (_overwritten if inplace else None)
        return _core.OpFunction(public, cls, cls.node_type, forward=cls.forward, backward=backward,
                                prepare=cls.prepare, inplace=inplace, **options)  # fmt: skip

    @classmethod
    def apply(cls, *args):
        """Runs the op on the arguments of its forward; for ops that are built on other ops."""
        return _core.apply(cls.function, *args)


def _overwritten(ctx, grad):
    """The backward of in-place forms of ops without gradient: the value that was there counts no more."""
    return FUNCTIONS["zeros_like"](grad)


def composite(*methods, name=None, aliases=()):
    """Registers a function written in other ops under its name, unless that begins with an underscore, and as the
    given methods of Tensor."""

    def register(function):
        if function.__name__.startswith("_"):  # what Python's errors about arguments call it
            shown = name or function.__name__
            function.__qualname__ = methods[0] if methods and shown.startswith("_") else shown.lstrip("_")
        function = casting(name or function.__name__, function)
        for public in (name or function.__name__, *aliases):
            if not public.startswith("_"):
                FUNCTIONS[public] = function
        for method in methods:
            METHODS[method] = function
        return function

    return register


def whole(function):
    """Decorator of a function that looks at the elements of its tensors: a tensor that stands for another inside a
    transformation (`interpreters.Wrapped`) answers a call of it itself."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        tensor = _core.interpreter_of(args, tuple(kwargs.values()))
        if tensor is None or tensor._level < 1:
            return function(*args, **kwargs)
        return tensor._interpret_whole(call, args, kwargs)

    return call


class Pointwise(Op):
    """An op that maps elements to elements, declared by a few words instead of a forward.

    Class keywords: `kernel` (default: the name), `floats=True` (integers are computed in the default float dtype),
    `kinds`, the dtypes it is defined for (of "bifc": bool, ints, floats, complex), and `saves`, what backward finds in
    `ctx.saved`: "input", "other", "output" or a tuple of them. An item may be a pair `("other", "input")`: saved only
    when the gradient of `input` is wanted, else None.
    The core runs such an op on small plain tensors without entering Python (`_core/fast.pxi`); `plain` below says the
    same for all other cases. `fast_ints=False` keeps ints out of the short path: for ops whose forward checks values.
    `exact_numbers=True`: with half-precision tensors a number is not rounded to their dtype; the result is, once.
    `rule`: what backward computes is so common that the engine does it for real tensors without calling it: "sum", the
    gradient for both arguments; "product", the gradient times each of the two saved values.
    An op with further, optional arguments defines forward itself and calls `plain` when they are not given.
    """

    tangent = "elementwise"
    inputs: tuple[str, ...] = ()
    kind: Any  # "unary" or "binary"
    plain: Any  # the forward that follows from the class keywords
    _forward: Any  # makes it

    @classmethod
    def _declare(cls, name, shown, kernel=None, floats=False, saves=(), kinds="bifc", fast_ints=True,
                 exact_numbers=False, rule=None):  # fmt: skip
        if name is None:
            return
        kernel = kernel or name
        plan = _save_plan(saves, cls.inputs)
        compute = _with_exact_numbers if exact_numbers else _promoted
        cls.plain = staticmethod(cls._forward(shown, kernel, floats, kinds, plan, compute))
        if "forward" not in cls.__dict__:
            cls.forward = cls.plain
        cls._pointwise = dict(kind=cls.kind, to_float=floats, saves=plan, loop=kernel, fast_ints=fast_ints,
                              rule=rule)  # fmt: skip


def check_kind(name, array, kinds):
    """NotImplementedError unless the dtype of array is one of kinds, letters of "bifc"."""
    kind = array.dtype.kind
    if {"u": "i", "V": "f"}.get(kind, kind) not in kinds:
        raise NotImplementedError(f"\"{name}\" not implemented for '{from_numpy_dtype(array.dtype).title}'")


def _promoted(kernel, a, b, input, other):
    """A binary kernel on the operands a and b, which are input and other in their common dtype."""
    return kernel(a, b)


def _with_exact_numbers(kernel, a, b, input, other):
    """As `_promoted`; a half-precision array with a number, or a 0-dim array of another dtype, is computed in float32
    and rounded once."""
    if a.dtype.itemsize == 2 and a.dtype.kind in "fV":
        a_is_number, b_is_number = (
            getattr(v, "ndim", 0) == 0 and getattr(v, "dtype", None) != a.dtype for v in (input, other)
        )
        if a_is_number or b_is_number:
            code, wide = _core.code_of(a.dtype), float32.code
            operands = [_core.cast(v, wide) if hasattr(v, "dtype") else v for v in (input, other)]
            return _core.cast(kernel(*_core.promote_to_broadcast(tuple(operands))), code)
    return kernel(a, b)


def _save_plan(saves, names):
    """What is saved as the core reads it: the number of an argument, or -1 for the output, and the arguments (bits)
    whose gradients need it."""
    plan = []
    for item in (saves,) if isinstance(saves, str) else saves:
        what, wanted = item if isinstance(item, tuple) else (item, None)
        bits = 1 << names.index(wanted) if wanted else (1 << len(names)) - 1
        plan.append((names.index(what) if what in names else -1, bits))
    return tuple(plan)


def _save(ctx, plan, arguments, out):
    if plan and ctx.recording:
        values = []
        for what, bits in plan:
            wanted = any(bits >> i & 1 and ctx.needs(i) for i in range(len(arguments)))
            values.append((out if what < 0 else arguments[what]) if wanted else None)
        ctx.save_for_backward(*values)


class Unary(Pointwise):
    """A pointwise op of one tensor."""

    inputs = ("input",)
    kind = "unary"

    @staticmethod
    def _forward(name, kernel, floats, kinds, plan, compute):
        def forward(ctx, input):
            (a,) = _core.promote((input,), floats)
            check_kind(name, a, kinds)
            out = getattr(ctx.k, kernel)(a)
            _save(ctx, plan, (input,), out)
            return out

        return forward


class Binary(Pointwise):
    """A pointwise op of two tensors, or of a tensor and a number; they are broadcast and promoted."""

    inputs = ("input", "other")
    kind = "binary"

    @staticmethod
    def _forward(name, kernel, floats, kinds, plan, compute):
        def forward(ctx, input, other):
            if input is None or other is None:
                raise TypeError(f"{name}(): arguments must be Tensors or Numbers, not NoneType")
            a, b = _core.promote_to_broadcast((input, other), floats)
            check_kind(name, a, kinds)
            out = compute(getattr(ctx.k, kernel), a, b, input, other)
            _save(ctx, plan, (input, other), out)
            return out

        return forward
