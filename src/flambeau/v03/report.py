"""What a program relies on that only PyTorch 0.3 did: noted while it runs, with the line of the program.

Off, it costs nothing: `start` puts watchers around methods and functions of this namespace, `stop` takes them away.
Only calls from outside the library are noted. `note` is for places that no watcher reaches.
"""

import functools
import sys
import threading
import types
import weakref
from collections import Counter
from typing import Any

import numpy as np

from .. import _core
from .faces import Variable, _TensorBase

_array = _core.array_of
_FACE, _LIBRARY = __package__, __package__.partition(".")[0]

NUMBER, ERROR, WORKS = (
    "Today's PyTorch would silently give another number or type:",
    "Today's PyTorch would raise an error:",
    "Works today too, in another way:",
)

# kind -> (section of the report, what 0.3 did; what today's PyTorch does, and how to write it)
KINDS = {
    "integer-division": (NUMBER, "`/` of integers cut the fraction off; today it gives floats with the fraction: "
                                 "torch.div(a, b, rounding_mode='trunc')"),
    "wrapped": (NUMBER, "a sum or product of small integers wrapped around in its own type; today it is an int64"),
    "mask-sum": (NUMBER, "`+` of two masks counted to 2; today's masks are bool and `+` is `or`: a.long() + b.long()"),
    "arange": (NUMBER, "arange of ints gave a FloatTensor; today int64: write floats, or dtype=torch.float32"),
    "size": (NUMBER, "a result without dimensions had the size (1,); today torch.Size([]), and no len() or iter()"),
    "pointwise": (ERROR, "tensors of unequal sizes and equal count were taken element by element; today they must be "
                         "broadcastable: b.view_as(a)"),
    "size-1": (ERROR, "a result without dimensions was indexed by [0]; today it is an IndexError: .item()"),
    "cat": (ERROR, "results without dimensions were joined by cat; today they are stacked: torch.stack"),
    "mask-minus": (ERROR, "`-` with a mask; today's masks are bool: ~mask"),
    "exact-division": (WORKS, "`/` of integers without remainder gave integers; today the same values as floats"),
    "python-number": (WORKS, "a Python number (of double precision); today a tensor without dimensions: .item()"),
    "volatile": (WORKS, "volatile=True; today ignored, with a warning, and the graph is recorded and kept: "
                        "with torch.no_grad():"),
    "data-change": (WORKS, "an in-place change of the .data of what requires grad, which autograd does not see: "
                           "with torch.no_grad():"),
    "byte-mask": (WORKS, "bytes as a mask; today's comparisons give bool, and other bytes are deprecated as an index "
                         "and refused by masked_*: mask.bool()"),
    "size_average": (WORKS, "size_average= or reduce=; today a warning: reduction='mean', 'sum' or 'none'"),
    "argument-order": (WORKS, "a factor as the argument before the tensors; today deprecated: alpha=, beta= or value="),
}  # fmt: skip

_counts: Counter = Counter()  # (kind, file, line) -> calls
on_first: Any = None  # called with a finding when it is made for the first time (`report_children`)
_replaced: list = []  # (object, name, what it had under this name)
_state = threading.local()


def note(kind, through_library=False):
    """note(kind): a behaviour of KINDS was relied on, at the line of the program that called the library.

    Without effect unless the report is on, or when the library itself made the call, unless `through_library`.
    """
    if _replaced:
        place = _place(sys._getframe(1), through_library)
        if place is not None:
            add((kind, *place), 1)


def add(finding, n):
    """Counts a finding (kind, file, line) n times more."""
    is_first = finding not in _counts
    _counts[finding] += n
    if is_first and on_first is not None:
        on_first(finding)


def findings():
    """findings() -> {(kind, file, line): how often it was made}"""
    return dict(_counts)


def _is_within(frame, package):
    return f"{frame.f_globals.get('__name__', '')}.".startswith(f"{package}.")


def _place(frame, through_library):
    """(file, line) of the nearest frame outside 0.3's face; None when this is within the library."""
    while frame is not None and _is_within(frame, _LIBRARY if through_library else _FACE):
        frame = frame.f_back
    if frame is None or _is_within(frame, _LIBRARY):
        return None
    return frame.f_code.co_filename, frame.f_lineno


def text(shown=str):
    """text(shown=str) -> the report; `shown` makes the text of a file's path."""
    if not _counts:
        return "This run relied on nothing that only PyTorch 0.3 did.\n"
    lines = ["What this run relied on that only PyTorch 0.3 did:"]
    for section in (NUMBER, ERROR, WORKS):
        found = sorted((f, line, kind, n) for (kind, f, line), n in _counts.items() if KINDS[kind][0] == section)
        if found:
            lines += ["", section]
        for file, line, kind, n in found:
            times = "once" if n == 1 else f"{n} times"
            lines.append(f"  {shown(file)}:{line}  {times}: {KINDS[kind][1]}")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------ watchers
# Before a call: (self, args, kwargs). After it: (self, args, kwargs, result). They note, and change nothing.

_tensors = (Variable, _TensorBase)
_SMALL = "u1 i1 i2 i4".split()


def _has(x, mark):
    return isinstance(x, _tensors) and x.__dict__.get(mark, False)


def _whole(x):
    """Whether x is a number or tensor of ints."""
    return _array(x).dtype.kind in "iu" if isinstance(x, _tensors) else isinstance(x, (int, np.integer))


def _broadcast(a, b):
    """Whether two sizes can be broadcast together."""
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


def _division(x, args, kwargs):
    if not (args and _whole(x) and _whole(args[0])):
        return
    a, b = (_array(v) if isinstance(v, _tensors) else np.asarray(v) for v in (x, args[0]))
    if not _broadcast(a.shape, b.shape):
        if a.size != b.size:
            return
        a, b = a.ravel(), b.ravel()
    if b.all():
        note("integer-division" if (a % b).any() else "exact-division")


def _reversed_division(x, args, kwargs):
    if _whole(x) and _whole(args[0]) and _array(x).all():
        note("integer-division" if (args[0] % _array(x)).any() else "exact-division")


def _pointwise(x, args, kwargs):
    a = _array(x).shape or (1,)
    for other in (v for v in args if isinstance(v, _tensors)):
        b = _array(other).shape or (1,)
        if _array(x).size == _array(other).size and not _broadcast(a, b):
            note("pointwise")


def _order(x, args, kwargs):
    if len(args) > 1 and isinstance(args[0], (int, float)) and isinstance(args[-1], _tensors):
        note("argument-order")


def _mask_addition(x, args, kwargs):
    if _has(x, "_is_mask") and args and _has(args[0], "_is_mask"):
        note("mask-sum")


def _mask_subtraction(x, args, kwargs):
    if _has(x, "_is_mask") or any(_has(a, "_is_mask") for a in args):
        note("mask-minus")


def _in_place(x, args, kwargs):
    variable = x.__dict__.get("_data_of", lambda: None)()
    if variable is not None and variable.requires_grad:
        note("data-change")


def _mask_index(x, args, kwargs):
    key = args[0] if args else kwargs.get("mask")
    if isinstance(key, _tensors) and _array(key).dtype in (np.uint8, np.bool_):
        note("byte-mask")


def _is_single(x):
    """Whether x would have no dimensions today."""
    return not _array(x).ndim or _has(x, "_is_single")


def _without_dimensions(x, args, kwargs):
    if _is_single(x):
        note("size")


def _index(x, args, kwargs, result):
    if _is_single(x):
        note("size-1")
    elif isinstance(result, (int, float)):
        note("python-number")
    else:
        key = args[0] if isinstance(args[0], tuple) else args
        if len(key) == _array(x).ndim and all(isinstance(k, (int, np.integer)) for k in key):
            result.__dict__["_is_single"] = True


def _reduced(x, args, kwargs, result):
    given = (*args, *kwargs.values())
    keeps = any(v is True or isinstance(v, _tensors) for v in given)  # keepdim, or the other one of max(x, other)
    if not keeps and (_array(x).ndim == 1 or not given):
        for r in result if isinstance(result, tuple) else (result,):
            if isinstance(r, _tensors) and _array(r).size == 1:
                r.__dict__["_is_single"] = True


def _joined(x, args, kwargs):
    if isinstance(x, (tuple, list)) and any(isinstance(t, _tensors) and _is_single(t) for t in x):
        note("cat")


def _number(x, args, kwargs, result):
    if isinstance(result, (int, float)) and isinstance(x, _TensorBase):
        note("python-number")


def _accumulated(name):
    whole: Any = {"sum": np.sum, "prod": np.prod, "cumsum": np.cumsum, "cumprod": np.cumprod}[name]

    def watch(x, args, kwargs, result):
        array = _array(x)
        if array.dtype.str[1:] not in _SMALL or not isinstance(result, _tensors):
            return
        axis = args[0] if args else kwargs.get("dim")
        expected = whole(array.astype(np.int64), axis=axis)
        if not np.array_equal(expected.ravel(), _array(result).ravel()):
            note("wrapped")

    return watch


def _marked(x, args, kwargs, result):
    if isinstance(result, _tensors):
        result.__dict__["_is_mask"] = True


def _arange(x, args, kwargs, result):
    if _array(result).dtype.kind == "f" and all(isinstance(v, int) for v in (x, *args)):
        note("arange")


_BINARY = "add sub mul div fmod remainder pow atan2 eq ne lt le gt ge max min lerp".split()
_COMPARISONS = "eq ne lt le gt ge".split()
_FACTORS = "add sub addmm addmv addr addbmm baddbmm addcmul addcdiv".split()
_DIMENSIONS = "sum prod mean max min std var median mode kthvalue squeeze".split()
_NUMBERS = "sum prod mean max min std var norm dist dot trace median all any".split()
_IN_PLACE = [
    *"copy_ fill_ zero_ normal_ uniform_ add_ sub_ mul_ div_ pow_ clamp_ addcmul_ addcdiv_ masked_fill_ sqrt_".split(),
    *"__setitem__ __iadd__ __isub__ __imul__ __itruediv__".split(),
]


def _table(*rows):
    table: dict = {}
    for names, watch in rows:
        for name in names:
            table.setdefault(name, []).append(watch)
    return table


BEFORE = _table(
    (["div", "div_", "__truediv__", "__itruediv__", "__div__"], _division),
    (["__rtruediv__", "__rdiv__"], _reversed_division),
    ([*_BINARY, *(f"{n}_" for n in _BINARY), *(f"__{n}__" for n in (*_BINARY, "truediv", "mod"))], _pointwise),
    (["copy_", "dist", "__iadd__", "__isub__", "__imul__", "__itruediv__"], _pointwise),
    ([*_FACTORS, *(f"{n}_" for n in _FACTORS)], _order),
    (["add", "__add__", "__iadd__", "add_"], _mask_addition),
    (["sub", "sub_", "neg", "__sub__", "__rsub__", "__neg__", "__isub__"], _mask_subtraction),
    (_IN_PLACE, _in_place),
    (["__getitem__", "__setitem__", "masked_select", "masked_fill_", "masked_scatter_", "masked_copy_"], _mask_index),
    (["cat"], _joined),
    (["size", "dim", "ndimension", "__len__", "__iter__"], _without_dimensions),
)
AFTER = _table(
    (["__getitem__"], _index),
    (_NUMBERS, _number),
    (_DIMENSIONS, _reduced),
    *(([name], _accumulated(name)) for name in ("sum", "prod", "cumsum", "cumprod")),
    ([*_COMPARISONS, *(f"__{n}__" for n in _COMPARISONS)], _marked),
)
_FUNCTIONS_AFTER = {**AFTER, "arange": [_arange]}


def _call(original, args, kwargs):
    return original(*args, **kwargs)


# Methods of the faces ask whose code calls them. For calls of the library this frame looks like one of its own.
_library_call: Any = types.FunctionType(_call.__code__, {"__name__": _LIBRARY})


def _watched(original, before, after, of=_tensors):
    """A function that does what original does, between watchers where its first argument is one of these types."""

    @functools.wraps(original)
    def watched(*args, **kwargs):
        caller = sys._getframe(1)
        if _is_within(caller, _LIBRARY) and not _is_within(caller, _FACE):
            return _library_call(original, args, kwargs)
        if not args or not isinstance(args[0], of) or getattr(_state, "inside", False) or _is_within(caller, _FACE):
            return original(*args, **kwargs)
        _state.inside = True
        try:
            for watch in before:
                watch(args[0], args[1:], kwargs)
            result = original(*args, **kwargs)
            for watch in after:
                watch(args[0], args[1:], kwargs, result)
        finally:
            _state.inside = False
        return result

    return watched


def start():
    """Notes from now on."""
    if _replaced:
        return
    for face in (Variable, _TensorBase):
        for name in BEFORE | AFTER:
            original = face.__dict__.get(name) or getattr(face, name, None)
            if callable(original):
                _replace(face, name, _watched(original, BEFORE.get(name, ()), AFTER.get(name, ())))
    namespace = sys.modules[__package__]
    for name in BEFORE | _FUNCTIONS_AFTER:
        original = getattr(namespace, name, None)
        if callable(original) and not name.startswith("__"):
            of = object if name in ("arange", "cat") else _tensors
            _replace(namespace, name, _watched(original, BEFORE.get(name, ()), _FUNCTIONS_AFTER.get(name, ()), of))
    _watch_variables()
    _watch_losses()


def stop():
    """Notes no more; what was noted stays until `clear`."""
    while _replaced:
        owner, name, original = _replaced.pop()
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def clear():
    """Forgets what was noted."""
    _counts.clear()


def _replace(owner, name, value):
    _replaced.append((owner, name, vars(owner).get(name)))
    setattr(owner, name, value)


def _watch_variables():
    """volatile=True, and `.data`: whose it is, and whether it would have no dimensions today."""
    new, data, volatile = Variable.__new__, vars(Variable)["data"], vars(Variable)["volatile"]

    @functools.wraps(new)
    def watched_new(cls, data=None, requires_grad=False, volatile=False):
        if volatile:
            note("volatile")
        return new(cls, data, requires_grad, volatile)

    def watched_volatile(self, value):
        if value:
            note("volatile")
        volatile.fset(self, value)

    def watched_data(self):
        plain = data.fget(self)
        marks = plain.__dict__
        marks["_data_of"] = weakref.ref(self)
        marks["_is_single"] = _is_single(self)
        marks["_is_mask"] = _has(self, "_is_mask")
        return plain

    _replace(Variable, "__new__", staticmethod(watched_new))
    _replace(Variable, "volatile", property(volatile.fget, watched_volatile, doc=volatile.__doc__))
    _replace(Variable, "data", property(watched_data, data.fset, doc=data.__doc__))


def _watch_losses():
    """size_average= and reduce= of the losses."""
    from ..nn._functional import reduction

    legacy = reduction.legacy_reduction

    @functools.wraps(legacy)
    def watched(*args, **kwargs):
        note("size_average", through_library=True)
        return legacy(*args, **kwargs)

    _replace(reduction, "legacy_reduction", watched)
