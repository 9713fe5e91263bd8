"""Dtypes of the array API standard: constants, promotion, limits, casts."""

import builtins
from math import e, inf, nan, pi

import flambeau as fb

from ..dtype import dtype as DType
from ._array import faced

__all__ = [
    "astype", "bool", "can_cast", "complex64", "complex128", "e", "finfo", "float32", "float64", "iinfo",
    "inf", "int8", "int16", "int32", "int64", "isdtype", "nan", "newaxis", "pi", "result_type", "uint8", "uint16",
    "uint32", "uint64",
]  # fmt: skip

newaxis = None
bool = fb.bool
int8, int16, int32, int64 = fb.int8, fb.int16, fb.int32, fb.int64
uint8, uint16, uint32, uint64 = fb.uint8, fb.uint16, fb.uint32, fb.uint64
float32, float64, complex64, complex128 = fb.float32, fb.float64, fb.complex64, fb.complex128

SCALARS = (builtins.bool, int, float, complex)
SIGNED, UNSIGNED = (int8, int16, int32, int64), (uint8, uint16, uint32, uint64)  # from the narrowest to the widest
KINDS = {
    "bool": (bool,),
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": (*SIGNED, *UNSIGNED),
    "real floating": (float32, float64),
    "complex floating": (complex64, complex128),
    "numeric": (*SIGNED, *UNSIGNED, float32, float64, complex64, complex128),
}
_WIDER = {
    "real floating": (fb.float16, fb.bfloat16),
    "numeric": (fb.float16, fb.bfloat16),
}  # beyond the standard


def check_array(name, *arrays):
    """TypeError unless all are Tensors."""
    for x in arrays:
        if not isinstance(x, fb.Tensor):
            raise TypeError(f"{name}(): expected a Tensor, got {type(x).__name__}")


def check_dtype(name, *dtypes):
    """TypeError unless all are dtypes of flambeau."""
    for d in dtypes:
        if not isinstance(d, DType):
            raise TypeError(f"{name}(): expected a dtype, got {d!r}")


def isdtype(dtype, kind):
    """isdtype(dtype, kind) -> bool: whether dtype is of a kind: a dtype, 'bool', 'signed integer', 'unsigned integer',
    'integral', 'real floating', 'complex floating', 'numeric', or a tuple of these. float16 and bfloat16 count as
    real floating."""
    check_dtype("isdtype", dtype)
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, DType):
        return dtype is kind
    if kind not in KINDS:
        raise ValueError(
            f"isdtype(): kind must be a dtype, one of {', '.join(KINDS)}, or a tuple; got {kind!r}"
        )
    return dtype in KINDS[kind] or dtype in _WIDER.get(kind, ())


def result_type(*arrays_and_dtypes):
    """result_type(*arrays_and_dtypes) -> dtype: what an operation on Tensors, dtypes and Python numbers gives.

    Unlike `flambeau.result_type`, 0-dim Tensors count as others do. A number counts by its kind only. TypeError for
    uint64 and a signed dtype, which the standard does not promote.
    """
    return _result_type("result_type", arrays_and_dtypes)


def _result_type(name, arrays_and_dtypes):
    """result_type, for errors of the function with this name."""
    known = [
        x.dtype if isinstance(x, fb.Tensor) else x for x in arrays_and_dtypes if not isinstance(x, SCALARS)
    ]
    check_dtype(name, *known)
    if not known:
        raise ValueError(f"{name}(): expected at least one Tensor or dtype")
    result = known[0]
    for d in known[1:]:
        if _apart(result, d):
            raise TypeError(
                f"{name}(): {result.name} and {d.name} do not promote, no int dtype holds both; convert one by astype"
            )
        result = fb.promote_types(result, d)
    for x in arrays_and_dtypes:
        if isinstance(x, SCALARS):
            result = _with_number(result, x)
    return result


def _apart(a, b):
    """Whether the standard has no promotion of both: uint64 and a signed dtype."""
    return a is uint64 and b in SIGNED or b is uint64 and a in SIGNED


_RANKS = {"bool": 0, "int": 1, "float": 2, "complex": 3}


def _with_number(dtype, number):
    """The dtype of an operation on dtype and a Python number: dtype, if it is of the number's kind or a higher one."""
    # bool comes first, since it is an int too; NumPy's float64 is a float
    kind = next(i for i, t in enumerate(SCALARS) if isinstance(number, t))
    if kind <= _RANKS[dtype.category]:
        return dtype
    if kind == 3 and dtype.is_floating_point:
        return dtype.to_complex()
    real = fb.get_default_dtype()
    return (int64, real, real.to_complex())[kind - 1]


def can_cast(from_, to, /):
    """can_cast(from_, to) -> bool: whether promotion of a Tensor (or dtype) with dtype `to` gives `to`."""
    from_ = from_.dtype if isinstance(from_, fb.Tensor) else from_
    check_dtype("can_cast", from_, to)
    return not _apart(from_, to) and fb.promote_types(from_, to) is to


def astype(x, dtype, /, *, copy=True, device=None):
    """astype(x, dtype, copy=True, device=None) -> Tensor converted to dtype. TypeError from complex to real."""
    check_array("astype", x)
    check_dtype("astype", dtype)
    if x.dtype.is_complex and not dtype.is_complex and dtype is not bool:
        raise TypeError(f"astype(): cannot convert {x.dtype} to {dtype}; take real() or imag() first")
    return x.to(x.device if device is None else device, dtype, copy=copy)


class finfo:
    """finfo(type): limits of a real or complex floating-point dtype, or of a Tensor's: `bits`, `eps`, `max`, `min`,
    `smallest_normal`, `dtype` (of the real part)."""

    def __init__(self, type, /):
        info = fb.finfo(type.dtype if isinstance(type, fb.Tensor) else type)
        self.bits, self.eps, self.max, self.min = info.bits, info.eps, info.max, info.min
        self.smallest_normal, self.dtype = info.smallest_normal, getattr(fb, info.dtype)


class iinfo:
    """iinfo(type): limits of an integer dtype, or of a Tensor's: `bits`, `max`, `min`, `dtype`."""

    def __init__(self, type, /):
        info = fb.iinfo(type.dtype if isinstance(type, fb.Tensor) else type)
        self.bits, self.max, self.min, self.dtype = info.bits, info.max, info.min, getattr(fb, info.dtype)


def fits(number, dtype):
    """Whether a number is in the range of dtype, if that is an int type; other types take all numbers."""
    if dtype.category != "int" or 0 <= number <= 127:
        return True
    info = fb.iinfo(dtype)
    return info.min <= number <= info.max


def _held(name, number, dtype):
    """number, or the infinity of its sign when dtype is a float type that ends before it. OverflowError for an int type
    that does."""
    if not fits(number, dtype):
        raise OverflowError(
            f"{name}(): the number {number} is out of the range of {dtype.name}; convert the Tensor to a wider dtype"
        )
    if dtype.category == "float" and abs(number) > 6e4 and abs(number) > fb.finfo(dtype).max:
        return inf if number > 0 else -inf
    return number


def as_arrays(name, *values):
    """values, of which at least one is a Tensor, as Tensors of their result_type; numbers become 0-dim ones.
    OverflowError for an int that the dtype does not hold."""
    first = None
    for v in values:
        if isinstance(v, fb.Tensor):
            first = v if first is None else first
        elif not isinstance(v, SCALARS):
            raise TypeError(f"{name}(): expected Tensors and numbers, got {type(v).__name__}")
    if first is None:
        raise TypeError(
            f"{name}(): expected a Tensor, got {', '.join([type(v).__name__ for v in values]) or 'nothing'}"
        )
    dtype = _result_type(name, values)
    return [
        (v if v.dtype is dtype else v.to(dtype))
        if isinstance(v, fb.Tensor)
        else fb.full((), _held(name, v, dtype), dtype=dtype, device=first.device)
        for v in values
    ]


def axes_of(name, x, axis):
    """A tuple of distinct non-negative axes from None (all), an int or a tuple; IndexError when out of range."""
    check_array(name, x)
    if axis is None:
        return tuple(range(x.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    for a in axes:
        if not -x.ndim <= a < x.ndim:
            raise IndexError(f"{name}(): axis {a} is out of range for a Tensor of {x.ndim} dimensions")
    axes = tuple([a % x.ndim for a in axes])
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}(): axes must differ, got {axis}")
    return axes


faced(__all__, globals())
