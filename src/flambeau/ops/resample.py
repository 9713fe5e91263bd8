"""Resampling: signals, images and volumes at other sizes, by linear maps along each of their dimensions."""

from ..kernels.base.resample import Taps, taps_of
from ..memory_format import in_format, suggested
from .op import Op


class Resample(Op, name="_resample", tangent="linear"):
    """The last len(tables) dimensions of a tensor (N, C, *) mapped by tables of taps (None: as it is), the result in
    memory as the input lies. Its gradient is the transposed map."""

    @staticmethod
    def forward(ctx, input, tables):
        ctx.tables = tables
        return in_format(ctx.k.resample(input, tables, ctx.k.matmul), suggested(input))

    @staticmethod
    def backward(ctx, grad):
        return (Resample.apply(grad, tuple([None if t is None else t.transposed for t in ctx.tables])),)


__all__ = ["Resample", "Taps", "taps_of"]
