"""How notebooks show tensors: a table, a caption, and a thumbnail of what may be an image."""

import base64
import html
import io

import numpy as np

from . import _core
from .printing import number_texts

_ROWS, _COLUMNS = 12, 12  # of the table; longer dimensions are cut in the middle
_LARGEST, _SMALLEST = 128, 8  # pixels of a side of a thumbnail, and the smallest tensor that gets one
_CELL = 'style="padding:1px 6px;text-align:right;font-family:monospace"'


def tensor_html(t):
    """The HTML of a tensor: `shape, dtype, device, grad_fn` as caption over the elements of its last two dimensions.

    Of a tensor of more dimensions the first matrix is shown. Tensors of shape (H, W), (C, H, W) or (H, W, C) with one,
    three or four channels whose values are those of images, 0 to 1 or bytes, get a thumbnail, for which Pillow must be
    installed.
    """
    notes = [f"shape {tuple(t.shape)}", str(t.dtype), str(t.device)]
    if t.grad_fn is not None:
        notes.append(f"grad_fn &lt;{html.escape(t.grad_fn.name())}&gt;")
    elif t.requires_grad:
        notes.append("requires_grad")
    if t.is_sparse or t.is_sparse_csr:
        return f"<pre>{html.escape(repr(t))}</pre>"
    array = _core.array_of(t.detach().cpu())
    if array.dtype.itemsize == 2 and array.dtype.kind in "fV":
        array = array.astype(np.float32)
    name = html.escape(type(t).__name__)
    caption = f'<caption style="text-align:left">{name}: {", ".join(notes)}{_shown(array)}</caption>'
    return f'<div>{_thumbnail(array)}<table style="border-collapse:collapse">{caption}{_table(array)}</table></div>'


def _shown(array):
    if array.ndim <= 2 or not array.size:
        return ""
    return f" (the first of {array.size // (array.shape[-1] * array.shape[-2])} matrices)"


def _table(array):
    """The rows of a table: a 0-dim or 1-D array is one row, of more dimensions the first matrix is shown."""
    if not array.size:
        return f"<tr><td {_CELL}>no elements</td></tr>"
    matrix = array[(0,) * (array.ndim - 2)] if array.ndim > 2 else np.atleast_2d(array)
    rows, columns = _kept(matrix.shape[0], _ROWS), _kept(matrix.shape[1], _COLUMNS)
    numbers = matrix[np.ix_([r for r in rows if r is not None], [c for c in columns if c is not None])]
    texts = iter(number_texts(numbers))
    lines = []
    for r in rows:
        cells = ["&hellip;" if r is None or c is None else html.escape(next(texts).strip()) for c in columns]
        lines.append("<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in cells) + "</tr>")
    return "".join(lines)


def _kept(n, most):
    """The indices that are shown of n, with None where some are left out."""
    if n <= most:
        return list(range(n))
    return [*range(most // 2), None, *range(n - most // 2, n)]


def _pixels(array):
    """The array as bytes (H, W) or (H, W, C), when its shape and values are those of an image; else None."""
    if array.ndim not in (2, 3) or array.dtype.kind not in "fu" or not array.size:
        return None
    if array.ndim == 3 and array.shape[-1] not in (1, 3, 4):
        if array.shape[0] not in (1, 3, 4):
            return None
        array = np.moveaxis(array, 0, -1)
    if min(array.shape[:2]) < _SMALLEST:
        return None
    step = max(1, -(-max(array.shape[:2]) // 1024))  # enough for a thumbnail
    array = array[::step, ::step]
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            return None
        array = np.round(array * 255).astype(np.uint8)
    elif array.dtype != np.uint8:
        return None
    return array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array


def _thumbnail(array):
    """An <img> with the picture, or nothing when there is none to show."""
    pixels = _pixels(array)
    if pixels is None:
        return ""
    try:
        from PIL import Image
    except ImportError:
        return "<small>Pillow, which draws the picture of this tensor, is not installed.</small>"
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((_LARGEST, _LARGEST))
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="" width="{image.width}" height="{image.height}" src="data:image/png;base64,{data}">'
