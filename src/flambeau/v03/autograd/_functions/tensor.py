"""Types, shapes and indices: `Type.apply(x, torch.DoubleTensor)`, `Resize.apply(x, sizes)`, `Index.apply(x, key)`."""

import math

from ....ops import FUNCTIONS as TODAYS
from ..composed import composed


def _resize(x, sizes):
    """apply(x, sizes) -> x in another size of as many elements"""
    if math.prod(sizes) != x.numel():
        raise RuntimeError(
            f"requested resize to {'x'.join(map(str, sizes))} ({math.prod(sizes)} elements in total), but the given "
            f"tensor has a size of {'x'.join(map(str, x.size()))} ({x.numel()} elements). autograd's resize can only "
            "change the shape of a given tensor, while preserving the number of elements."
        )
    return TODAYS["reshape"](x, tuple(sizes))


def _set_item(x, key, value=None):
    """apply(x, key, value) -> x, with value at key"""
    x[key] = value
    return x


def _concat(dim, *variables):
    """apply(dim, *variables) -> the variables joined along dim"""
    from ...namespace import cat

    return cat(variables, dim)


def _masked_fill(x, mask, value, inplace=False):
    """apply(x, mask, value, inplace=False) -> x with value where mask is 1"""
    return x.masked_fill_(mask, value) if inplace else x.masked_fill(mask, value)


def _sizes(method):
    def compute(x, sizes):
        return getattr(x, method)(*sizes)

    compute.__doc__ = f"apply(x, sizes) -> x.{method}(*sizes)"
    return compute


def _inplace(method):
    def compute(x, *args):
        if isinstance(args[-1], bool):
            return getattr(x, f"{method}_" if args[-1] else method)(*args[:-1])
        return getattr(x, method)(*args)

    compute.__doc__ = f"apply(x, ..., inplace=False) -> x.{method}(...)"
    return compute


_FUNCTIONS = composed(
    __name__,
    Type=lambda x, to: x.type(to),
    CudaTransfer=lambda x, device=None, asynchronous=False: x.cuda(device),
    Index=lambda x, key: x[key], SetItem=_set_item,
    NoGrad=lambda x: x.detach(), Clone="clone",
    View=_sizes("view"), Expand=_sizes("expand"), Repeat=_sizes("repeat"), Permute=_sizes("permute"), Resize=_resize,
    Transpose="transpose", Squeeze=lambda x, dim=None, inplace=False: x.squeeze() if dim is None else x.squeeze(dim),
    Unsqueeze="unsqueeze", Unfold="unfold", Chunk="chunk", Concat=_concat,
    IndexAdd=_inplace("index_add"), IndexCopy=_inplace("index_copy"), IndexFill=_inplace("index_fill"),
    IndexSelect="index_select", Gather="gather", Scatter=_inplace("scatter"), ScatterAdd=_inplace("scatter_add"),
    MaskedScatter=_inplace("masked_scatter"), MaskedCopy=_inplace("masked_scatter"), MaskedFill=_masked_fill,
    MaskedSelect="masked_select",
    Sort=lambda x, dim=None, descending=False, return_indices=True: x.sort(-1 if dim is None else dim, descending),
    Topk=lambda x, k, dim=None, largest=True, sort=True, return_indices=True:
        x.topk(k, -1 if dim is None else dim, largest, sort),
    Cumsum="cumsum", Cumprod="cumprod",
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
