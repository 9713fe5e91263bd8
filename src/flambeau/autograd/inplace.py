"""What the engine needs of the ops when tensors that share memory change in place.

`_core` records an in-place change of a view in the history of its base, as a CopySlices node: the base with a part
replaced. Afterwards every other view of that base has the history of "the base, seen through the view's layout".
A layout is (shape, byte strides, byte offset from the base's first element, dtype).
"""

from .. import _core
from ..ops.op import Op
from ..ops.part import AsStrided


def history_of_view(view):
    """Gives a view, whose base was changed by others, the history of its base seen as a view."""
    base = view._base_tensor
    if view.dtype.category not in ("float", "complex"):
        return
    recording = _core.set_grad_mode(True)
    try:
        seen = AsStrided.apply(base, _core.array_of(view))
    finally:
        _core.set_grad_mode(recording)
    _core.set_history(view, seen.grad_fn, 0)


class Piece(Op, name="_piece", tangent="linear"):
    """The elements of input, laid out as `whole`, that are seen through the layout `part`; a copy."""

    @staticmethod
    def forward(ctx, x, whole, part):
        ctx.layouts = whole, part
        return ctx.k.relayout(x, whole, part)

    @staticmethod
    def backward(ctx, grad):
        whole, part = ctx.layouts
        return Piece.apply(grad, part, whole)


class ReplacePiece(Op, name="_replace_piece", tangent="linear"):
    """input, laid out as `whole`, with the elements seen through the layout `part` replaced by piece (None: by
    zeros)."""

    @staticmethod
    def forward(ctx, x, piece, whole, part):
        ctx.layouts = whole, part
        return ctx.k.replace(x, piece, whole, part)

    @staticmethod
    def backward(ctx, grad):
        of_piece = Piece.apply(grad, *ctx.layouts) if ctx.needs(1) else None
        return ReplacePiece.apply(grad, None, *ctx.layouts), of_piece


def copy_slices(node, grad):
    """Backward of a CopySlices node: the gradients of the base before the change, and of the other inputs of the op.

    The op that changed the part gets that part of the gradient, and what it gives for its first input takes the part's
    place. The elements outside of the part were not touched: their gradient passes.
    """
    dtype = grad.dtype.numpy
    whole = tuple(grad.shape), node.base_strides, 0, dtype
    part = node.view_shape, node.view_strides, node.view_offset, node.view_dtype
    piece = Piece.apply(grad, whole, part)
    grads = node.part(*[piece if i == node.part_nr else None for i in range(node.part_outputs)])
    first, *others = grads if isinstance(grads, (tuple, list)) else (grads,)
    return ReplacePiece.apply(grad, first, whole, part), *others


_core.set_operator("as_strided", history_of_view)
_core.set_operator("copy_slices", copy_slices)
