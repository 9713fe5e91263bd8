"""Reductions of segments: parts of a dimension that follow one another."""

from ._args import check_tensor, normalize_dim
from .op import FUNCTIONS, composite, whole

_EMPTY = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": -float("inf"), "min": float("inf")}  # where nothing is reduced
_SCATTERED = {"sum": "sum", "mean": "sum", "prod": "prod", "max": "amax", "min": "amin"}  # what scatter_reduce calls it


@composite()
@whole
def segment_reduce(data, reduce, *, lengths=None, indices=None, offsets=None, axis=0, unsafe=False, initial=None):
    """segment_reduce(data, reduce, *, lengths=None, offsets=None, axis=0, unsafe=False, initial=None) -> Tensor

    The sum, mean, max, min or prod (`reduce`) of each of n segments of dimension `axis` of data, a float tensor.
    lengths (*data.shape[:axis], n) has their lengths, which must add up to the size of the dimension unless `unsafe`;
    or offsets (*data.shape[:axis], n + 1) has their bounds: segment i is from offsets[..., i] to offsets[..., i + 1].
    Both are ints, in order. initial takes part in each reduction; without it, an empty segment has the sum 0, the
    product 1, the mean NaN, the max -inf and the min inf. Of equal maxima or minima, each gets an equal share of the
    gradient. Raises RuntimeError for lengths or offsets that do not fit.
    """
    check_tensor(data, "segment_reduce")
    if reduce not in _EMPTY:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, max or min, got {reduce}")
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if data.dtype.category != "float":
        raise NotImplementedError(
            f"\"segment_reduce\" not implemented for '{data.dtype.title}': convert with .to(dtype) first"
        )
    axis = normalize_dim(axis, data.ndim)
    bounds = _bounds(data, axis, lengths, offsets, unsafe)
    size, n = data.shape[axis], bounds.shape[-1] - 1
    places = FUNCTIONS["arange"](size, device=data.device).expand(*bounds.shape[:-1], size)
    # 0: before the first segment; n + 1: after the last
    segment = FUNCTIONS["searchsorted"](bounds, places.contiguous(), right=True)
    shape = *data.shape[:axis], n + 2, *data.shape[axis + 1 :]
    segment = segment.reshape(*segment.shape, *(1,) * (data.ndim - axis - 1)).expand(data.shape)
    add_to_all = initial is not None and reduce in ("sum", "mean", "prod")
    start = data.new_full(shape, initial if add_to_all else _EMPTY[reduce])
    out = start.scatter_reduce(axis, segment, data, _SCATTERED[reduce]).narrow(axis, 1, n)
    count = bounds.diff().reshape(*bounds.shape[:-1], n, *(1,) * (data.ndim - axis - 1))
    if reduce == "mean":
        return out / (count if initial is None else count.clamp(min=1)).to(data.dtype)
    if initial is None or add_to_all:
        return out
    # the initial value takes no share of the gradient of what equals it
    return FUNCTIONS["where"](out < initial if reduce == "max" else out > initial, initial, out)


def _bounds(data, axis, lengths, offsets, unsafe):
    """The offsets, checked; from the lengths where those are not given."""
    what, given = ("lengths", lengths) if offsets is None else ("offsets", offsets)
    if given is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    check_tensor(given, "segment_reduce", what, 3)
    if given.dtype.name not in ("int64", "int32"):
        raise NotImplementedError(
            f"\"segment_reduce\" not implemented for {what} of '{given.dtype.title}': give int64 or int32"
        )
    if axis != given.ndim - 1:
        raise RuntimeError(f"segment_reduce(): Expected axis to be the last dimension of {what} but got {axis}.")
    if given.shape[:-1] != data.shape[:axis] or not given.shape[-1]:
        raise RuntimeError(
            f"segment_reduce(): Expected {what} to have a row for each of {list(data.shape[:axis])}, got "
            f"{list(given.shape)}"
        )
    given, size = given.detach().long(), data.shape[axis]
    if offsets is not None:
        bounds, steps = given, given.diff()
    else:
        bounds, steps = FUNCTIONS["cat"]((given[..., :1] * 0, given.cumsum(-1)), -1), given
    if bool((steps < 0).any()):
        raise RuntimeError(
            f"segment_reduce(): {what} contains negative value!" if offsets is None else
            "segment_reduce(): Expected offsets that do not decrease."
        )  # fmt: skip
    last = bounds[..., -1]
    if offsets is None and not unsafe and bool((last != size).any()):
        raise RuntimeError(
            "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when "
            "!unsafe."
        )
    if bool((last > size).any()) or bool((bounds[..., 0] < 0).any()):
        raise RuntimeError(f"segment_reduce(): Expected segments within the {size} elements of dimension {axis}.")
    return bounds
