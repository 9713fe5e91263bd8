"""make_tensor: random numbers of any dtype between two bounds."""

import math

import flambeau as fb


def _default_bounds(dtype):
    if dtype == fb.bool:
        return 0, 2
    if dtype.is_floating_point or dtype.is_complex:
        return -9, 9
    return (0 if fb.iinfo(dtype).min == 0 else -9), 10


def _bounds(dtype, low, high):
    """The bounds to draw between; the upper one of integers is not drawn."""
    given_low, given_high = _default_bounds(dtype)
    low, high = given_low if low is None else low, given_high if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={low} and high={high}")
    if low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    if dtype.is_floating_point or dtype.is_complex:
        limits = fb.finfo(dtype)
        return max(low, limits.min), min(high, limits.max)
    least, greatest = (0, 1) if dtype == fb.bool else (fb.iinfo(dtype).min, fb.iinfo(dtype).max)
    whole_low, whole_high = math.ceil(max(low, least)), math.ceil(min(high, greatest + 1))
    if whole_low >= whole_high:
        raise ValueError(f"make_tensor: there is no number of dtype {dtype} from low={low} to below high={high}")
    return whole_low, whole_high


def make_tensor(*shape, dtype, device, low=None, high=None, requires_grad=False, noncontiguous=False,
                exclude_zero=False, memory_format=None):  # fmt: skip
    """make_tensor(*shape, dtype, device, low=None, high=None, requires_grad=False, noncontiguous=False,
    exclude_zero=False, memory_format=None) -> Tensor

    Uniform random numbers in [low, high), drawn by the default generator; both parts of complex ones. Defaults: -9 and
    9 for floats, -9 and 10 for signed and 0 and 10 for unsigned integers, 0 and 2 for bool.

    noncontiguous: the elements do not lie one after the other in memory (of no effect with fewer than two elements).
    exclude_zero: zeros become the smallest positive number of the dtype.

    ValueError for bounds that are NaN or leave nothing between them, for requires_grad with a dtype without gradients,
    and for noncontiguous together with memory_format.
    """
    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = tuple(shape[0])
    continuous = dtype.is_floating_point or dtype.is_complex
    if requires_grad and not continuous:
        raise ValueError(
            f"`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype}"
        )
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got noncontiguous=True "
            f"and memory_format={memory_format}"
        )
    low, high = _bounds(dtype, low, high)
    if continuous:
        result = fb.empty(shape, dtype=dtype, device=device)
        parts = fb.view_as_real(result) if dtype.is_complex else result
        parts.uniform_(low, high)
    else:
        result = fb.randint(low, high, shape, device=device, dtype=fb.int64).to(dtype)
    if exclude_zero:
        result[result == 0] = fb.finfo(dtype).tiny if continuous else 1
    if noncontiguous and result.numel() > 1:
        result = result.repeat_interleave(2, dim=-1)[..., ::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    return result.requires_grad_(requires_grad)
