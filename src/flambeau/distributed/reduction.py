"""What `all_reduce` and its relatives compute from the arrays of several processes."""

import enum

import numpy as np

from .. import _core
from ..dtype import float32


class ReduceOp(enum.IntEnum):
    """How elements of several processes become one: SUM, AVG (mean; floats only), PRODUCT, MIN, MAX, and for ints and
    bools BAND, BOR, BXOR."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7


_UFUNCS = {
    ReduceOp.SUM: np.add,
    ReduceOp.AVG: np.add,
    ReduceOp.PRODUCT: np.multiply,
    ReduceOp.MIN: np.minimum,
    ReduceOp.MAX: np.maximum,
    ReduceOp.BAND: np.bitwise_and,
    ReduceOp.BOR: np.bitwise_or,
    ReduceOp.BXOR: np.bitwise_xor,
}
_BITS = (ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR)


def check(name, op, dtype):
    """Errors for an op that is none, or not one of this NumPy dtype."""
    if not isinstance(op, ReduceOp):
        raise ValueError(f"{name}: op must be a ReduceOp, got {op!r}")
    kind = "f" if dtype.kind == "V" or dtype.name == "bfloat16" else dtype.kind
    if op in _BITS and kind not in "biu":
        raise RuntimeError(f"Cannot use ReduceOp.{op.name} with non-integral dtype: {name} got {dtype.name}")
    if op is ReduceOp.AVG and kind not in "fc":
        raise RuntimeError(f"{name}: ReduceOp.AVG needs a float dtype, got {dtype.name}; use SUM and divide")
    if kind == "c" and op in (ReduceOp.MIN, ReduceOp.MAX, ReduceOp.PRODUCT):
        raise ValueError(f"{name} does not support ReduceOp.{op.name} on complex tensors")


def combine(op, parts, out):
    """combine(op, parts, out): out[:] = the parts, arrays of one dtype and size, combined in their order.

    out may be one of the parts. Half precision is computed in float32 and rounded once.
    """
    with np.errstate(all="ignore"):
        if out.dtype.itemsize == 2 and out.dtype.kind not in "iu":
            wide = [_core.cast(part, float32.code) for part in parts]
            _fold(op, wide, wide[0])
            out[:] = _core.cast(wide[0], _core.code_of(out.dtype))
        elif any(np.may_share_memory(part, out) for part in parts[2:]):
            result = np.empty_like(out)
            _fold(op, parts, result)
            out[:] = result
        else:
            _fold(op, parts, out)


def _fold(op, parts, out):
    ufunc = _UFUNCS[op]
    if len(parts) == 1:
        out[:] = parts[0]
        return
    ufunc(parts[0], parts[1], out=out)
    for part in parts[2:]:
        ufunc(out, part, out=out)
    if op is ReduceOp.AVG:
        np.divide(out, len(parts), out=out)
