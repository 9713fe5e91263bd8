"""The text of a sparse tensor."""

from ..dtype import bool_, get_default_dtype, int64
from ..printing import _elements, _options


def _part(name, t, indent):
    text = f"{name}=tensor("
    if t.numel():
        text += _elements(t, indent + len(text))
    else:
        text += f"[], size={tuple(t.shape)}"
    return text + ")"


def sparse_repr(t):
    """The text of a sparse tensor: `tensor(indices=tensor(...), values=tensor(...), size=..., nnz=..., layout=...)`."""
    start, default = "tensor(", get_default_dtype()
    indent = len(start)
    if t.layout.name == "sparse_coo":
        parts = {"indices": t._index}
    elif t.layout.name == "sparse_csr":
        parts = {"crow_indices": t.crow_indices(), "col_indices": t.col_indices()}
    else:
        parts = {"ccol_indices": t.ccol_indices(), "row_indices": t.row_indices()}
    texts = [_part(name, part, indent) for name, part in {**parts, "values": t._value.detach()}.items()]
    text = start + (",\n" + " " * indent).join(texts)
    notes = [f"device='{t.device}'"] if t.device.type != "cpu" else []
    notes += [f"size={tuple(t.shape)}", f"nnz={t._nnz()}"]
    if t.dtype not in (default, default.to_complex(), int64, bool_):
        notes.append(f"dtype={t.dtype}")
    notes.append(f"layout={t.layout}")
    if t.grad_fn is not None:
        notes.append(f"grad_fn=<{t.grad_fn.name()}>")
    elif t.requires_grad:
        notes.append("requires_grad=True")
    length = _options.linewidth if t.layout.name == "sparse_coo" else len(text) - text.rfind("\n") + 1
    for note in notes:
        if length + len(note) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + note
            length = indent + len(note) + 2
        else:
            text += ", " + note
            length += len(note) + 2
    return text + ")"
