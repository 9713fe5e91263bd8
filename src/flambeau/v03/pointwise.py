"""What pointwise methods of 0.3 call instead of today's."""

import numpy as np

from .. import _core
from ..autograd.grad_mode import no_grad
from ..dtype import int64
from ..ops import METHODS
from .broadcasting import together
from .faces import _BOOL, Distant, Variable, _array, _make, _TensorBase, reshaped
from .signatures import kind_of

_BITS = {1: 7, 2: 15, 4: 31, 8: 63}


def is_float(tensor):
    """Whether the elements are floats."""
    return _array(tensor).dtype.kind in "fV"


def divided(x, other):
    """x / other; among ints the quotient is cut off, as in C. ZeroDivisionError for ints by the number 0."""
    if is_float(x):
        return METHODS["div"](x, other)
    _check_divisor(other)
    return METHODS["div"](x, other, rounding_mode="trunc")


def divided_(x, other):
    """The in-place form."""
    if is_float(x):
        return METHODS["div_"](x, other)
    _check_divisor(other)
    return METHODS["div_"](x, other, rounding_mode="trunc")


def quotient_added(x, tensor1, tensor2, value=1):
    """x + value tensor1 / tensor2; among ints the quotient is cut off."""
    if is_float(x):
        return METHODS["addcdiv"](x, tensor1, tensor2, value=value)
    return METHODS["add"](x, _quotient(tensor1, tensor2, value))


def quotient_added_(x, tensor1, tensor2, value=1):
    """The in-place form."""
    if is_float(x):
        return METHODS["addcdiv_"](x, tensor1, tensor2, value=value)
    return METHODS["add_"](x, _quotient(tensor1, tensor2, value))


def _quotient(tensor1, tensor2, value):
    """value tensor1 / tensor2 of ints, in numbers so wide that the product does not wrap around."""
    wide = METHODS["mul"](METHODS["to"](tensor1, int64), int(value))
    return METHODS["to"](divided(wide, tensor2), tensor1)


def _check_divisor(other):
    if not isinstance(other, _core.TensorBase) and int(other) == 0:
        raise ZeroDivisionError("division of a tensor of ints by zero")


def left_over(x, other):
    """x % other, with the sign of other: of floats what x - other * floor(x / other) rounds to, NaN for other = 0."""
    if not is_float(x):
        return METHODS["remainder"](x, other)
    with no_grad():
        whole = METHODS["floor"](METHODS["div"](x, other))
    return METHODS["sub"](x, METHODS["mul"](whole, other))


def left_over_(x, other):
    """The in-place form."""
    return METHODS["copy_"](x, left_over(x, other)) if is_float(x) else METHODS["remainder_"](x, other)


def rounded(x):
    """The nearest integers; halves away from zero, as C's `round`."""
    whole = METHODS["trunc"](x)
    is_half = METHODS["ge"](METHODS["abs"](METHODS["sub"](x, whole)), 0.5)
    return METHODS["add"](whole, METHODS["mul"](METHODS["sign"](x), is_half))


def rounded_(x):
    """The in-place form."""
    return METHODS["copy_"](x, rounded(x))


def _shifting(name, factor):
    """A shift of ints by bits; of floats a product with a power of two."""
    by_bits, by_product = METHODS[name], METHODS["mul_" if name.endswith("_") else "mul"]

    def shift(x, other):
        if not is_float(x):
            return by_bits(x, other)
        power = METHODS["pow"](_core.make(np.array(factor, _array(x).dtype)), other)
        return by_product(x, power)

    return shift


def bools(mask):
    """The bool tensor over the bytes of a mask. RuntimeError when it has other bytes than 0 and 1; on a GPU, where 0.3
    did not look, these count as 1."""
    array = _array(mask)
    if array.dtype == _BOOL:
        return mask
    if not isinstance(array, np.ndarray):
        return METHODS["ne"](_make(array), 0)
    if array.size and array.max() > 1:
        raise RuntimeError("Mask tensor can take 0 and 1 values only")
    return _make(array.view(_BOOL))


def masked_selected(x, mask):
    """The elements where mask is 1, in one dimension."""
    return METHODS["masked_select"](x, bools(mask))


def held(x, value):
    """A number as an element of x holds it: in a plain tensor of ints it wraps around, as a cast in C does."""
    if isinstance(x, Variable) or is_float(x) or isinstance(value, _core.TensorBase):
        return value
    with np.errstate(all="ignore"):
        return np.asarray(value).astype(_array(x).dtype).item()


def _without_repeats(x, source=None):
    """The elements of a plain tensor that an expanded one repeats, once each, and those of source that are copied to
    them last; both as they are when nothing is repeated."""
    array = _array(x)
    if 0 not in array.strides or isinstance(x, Variable):
        return x, source
    last = tuple([slice(None) if step else slice(-1, None) for step in array.strides])
    if source is not None:
        source = _core.TensorBase.__getitem__(METHODS["expand"](source, array.shape), last)
    return _core.TensorBase.__getitem__(x, last), source


def filled_(x, value):
    """x.fill_(value)"""
    return METHODS["fill_"](_without_repeats(x)[0], held(x, value))


def zeroed_(x):
    """x.zero_()"""
    return METHODS["zero_"](_without_repeats(x)[0])


def masked_filled_(x, mask, value):
    """value where mask is 1."""
    return METHODS["masked_fill_"](x, bools(mask), held(x, value))


def masked_filled(x, mask, value):
    """A copy of x with value where mask is 1."""
    return METHODS["masked_fill"](x, bools(mask), value)


def _check_count(mask, source):
    wanted, have = int(np.count_nonzero(_array(mask))), _array(source).size
    if wanted > have:
        raise RuntimeError(f"masked_scatter: the mask has {wanted} ones, more than the {have} elements of source")


def masked_scattered_(x, mask, source):
    """The elements of source in order, where mask is 1."""
    _check_count(mask, source)
    return METHODS["masked_scatter_"](x, bools(mask), source)


def masked_scattered(x, mask, source):
    """A copy of x with the elements of source in order, where mask is 1."""
    _check_count(mask, source)
    return METHODS["masked_scatter"](x, bools(mask), source)


def copied_(x, source, broadcast=True):
    """x.copy_(source): converts and broadcasts; with as many elements in another size, copies them in order."""
    if isinstance(source, Distant) and not isinstance(x, Variable):
        source = source._local()
    if not isinstance(source, Variable if isinstance(x, Variable) else _TensorBase):
        if isinstance(x, Variable):
            raise TypeError(f"copy_(): argument 'other' (position 1) must be Variable, not {kind_of(source)}")
        raise TypeError(f"copy_ received an invalid combination of arguments - got ({kind_of(source)})")
    a, b = _array(x).shape, _array(source).shape
    if a != b:
        if broadcast:
            (source,) = together(x, [source], True, ("src",))
        elif _array(x).size != _array(source).size:
            raise RuntimeError(f"copy_: sizes do not match, {list(a)} and {list(b)}")
        else:
            source = reshaped(source, a)
    return METHODS["copy_"](*_without_repeats(x, source))


TARGETS = {
    **{f.__name__: f for f in (divided, divided_, quotient_added, quotient_added_, left_over, left_over_, rounded,
                               rounded_, filled_, zeroed_, masked_selected, masked_filled_, masked_filled,
                               masked_scattered_, masked_scattered, copied_)},
    "shifted_left": _shifting("bitwise_left_shift", 2), "shifted_left_": _shifting("bitwise_left_shift_", 2),
    "shifted_right": _shifting("bitwise_right_shift", 0.5), "shifted_right_": _shifting("bitwise_right_shift_", 0.5),
}  # fmt: skip
