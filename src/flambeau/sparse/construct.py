"""Making sparse tensors from their parts, with the checks of what the parts must be."""

import flambeau as fb

from .. import _core
from ..layout import sparse_coo, sparse_csc, sparse_csr
from ..ops._args import check_tensor
from ..ops.sparse import SparseCooTensorWithDimsAndTensors
from .index import expanded
from .tensor import SparseTensor

INTS = (fb.uint8, fb.int8, fb.int16, fb.int32, fb.int64)


def _values(values, dtype, device, requires_grad):
    """The values as a tensor of their own, that keeps the history of the one given."""
    t = values if isinstance(values, fb.Tensor) else fb.tensor(values, dtype=dtype, device=device)
    if isinstance(t, SparseTensor):
        raise TypeError("a sparse tensor needs its values as an ordinary Tensor, not a sparse one")
    t = t.to(dtype=t.dtype if dtype is None else dtype, device=t.device if device is None else device)
    if t.requires_grad or _core.interpreter_of(t) is not None:
        return SparseCooTensorWithDimsAndTensors.function(t)
    return t.detach().requires_grad_() if requires_grad else t.detach()


def _indices(indices, name, device):
    t = indices if isinstance(indices, fb.Tensor) else fb.tensor(indices, device=device)
    if not isinstance(indices, fb.Tensor) and not t.numel():
        t = t.to(fb.int64)
    if t.is_complex() or t.dtype is fb.bool or isinstance(t, SparseTensor):
        raise RuntimeError(f"{name} must be integers, but got {t.dtype}")
    return t.detach().to(dtype=fb.int64 if t.dtype is not fb.int32 else fb.int32, device=device)


def _shape(size, name):
    if isinstance(size, int):
        size = (size,)
    try:
        shape = fb.Size(size)
    except TypeError:
        raise TypeError(f"{name}(): argument 'size' must be tuple of ints, got {size!r}") from None
    if any(n < 0 for n in shape):
        raise RuntimeError(f"{name}(): sizes must not be negative, got {list(shape)}")
    if shape.numel() >= 2**63:
        raise RuntimeError(f"numel: integer multiplication overflow: {name}() of the size {list(shape)}")
    return shape


def coo(indices, values=None, size=None, *, dtype=None, device=None, pin_memory=False, requires_grad=False,
        check_invariants=None, is_coalesced=None):  # fmt: skip
    """See `flambeau.sparse_coo_tensor`."""
    if values is None:
        shape = _shape(indices if size is None else size, "sparse_coo_tensor")
        return empty(shape, len(shape), dtype, device, requires_grad)
    value = _values(values, dtype, device, requires_grad)
    index = _indices(indices, "indices", value.device).to(fb.int64)
    if value.ndim == 0:
        value = value.expand(index.shape[1] if index.ndim == 2 else 1)
        if index.ndim == 2 and index.shape[1] > 1:
            raise RuntimeError(
                f"indices and values must have same nnz, but got nnz from indices: {index.shape[1]}, nnz from values: 1"
            )
    if index.ndim == 1 and not index.numel():
        index = index.reshape(0, 0)
    if index.ndim != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(index.shape)}")
    n, dense = index.shape[1], tuple(value.shape[1:])
    given = size is not None
    if given:
        shape = _shape(size, "sparse_coo_tensor")
        if len(shape) != index.shape[0] + len(dense):
            raise RuntimeError(
                f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(shape)}, "
                f"sparse_dim = {index.shape[0]}, dense_dim = {len(dense)}"
            )
    if n != value.shape[0]:
        raise RuntimeError(
            f"indices and values must have same nnz, but got nnz from indices: {n}, nnz from values: {value.shape[0]}"
        )
    if given and dense != shape[index.shape[0] :]:
        expected = [n, *shape[index.shape[0] :]]
        raise RuntimeError(f"values has incorrect size, expected {expected}, got {list(value.shape)}")
    if given:
        if check_invariants is not False:
            _check_coordinates(index, tuple(shape[: index.shape[0]]))
    else:
        shape = fb.Size((*_check_coordinates(index, None), *dense))
    return SparseTensor(index, value, shape, sparse_coo, bool(is_coalesced))


def _check_coordinates(index, limits):
    """RuntimeError for coordinates outside of the limits; without limits, they are the smallest that fit."""
    if not index.shape[1]:
        return (0,) * index.shape[0] if limits is None else limits
    low, high = index.amin(1).tolist(), index.amax(1).tolist()
    for d, n in enumerate(low):
        if n < 0:
            raise RuntimeError(f"found negative index {n} for dim {d}")
    for d, n in enumerate(high):
        if limits is not None and n >= limits[d]:
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {d}, size is {limits[d]} but found index {n}"
            )
    return tuple([n + 1 for n in high]) if limits is None else limits


def empty(shape, sparse_dim, dtype=None, device=None, requires_grad=False, layout=sparse_coo):
    """A sparse tensor without entries."""
    index = fb.zeros(sparse_dim, 0, dtype=fb.int64, device=device)
    value = fb.zeros(0, *shape[sparse_dim:], dtype=dtype, device=device, requires_grad=requires_grad)
    return SparseTensor(index, value, shape, layout, True)


def compressed(compressed_indices, plain_indices, values, size=None, *, dtype=None, layout=None, device=None,
               pin_memory=False, requires_grad=False, check_invariants=None):  # fmt: skip
    """See `flambeau.sparse_compressed_tensor`."""
    if layout not in (sparse_csr, sparse_csc):
        raise RuntimeError(
            f"sparse_compressed_tensor: expected layout torch.sparse_csr or torch.sparse_csc, got {layout}"
        )
    by_row = layout is sparse_csr
    names = ("crow_indices", "col_indices") if by_row else ("ccol_indices", "row_indices")
    value = _values(values, dtype, device, requires_grad)
    pointer = _indices(compressed_indices, names[0], value.device)
    plain = _indices(plain_indices, names[1], value.device)
    for name, t in zip(names, (pointer, plain), strict=True):
        if t.ndim != 1:
            raise RuntimeError(
                f"{name}: expected one dimension, got {list(t.shape)}; compressed layouts have no batches here"
            )
    if not value.ndim:
        raise RuntimeError("values: expected one value per entry, got a tensor without dimensions")
    if len(plain) != len(value):
        raise RuntimeError(f"number of {names[1]} ({len(plain)}) must be the number of values ({len(value)})")
    if not len(pointer):
        raise RuntimeError(f"{names[0]} must have at least one element")
    dense = tuple(value.shape[1:])
    if size is None:
        other = int(plain.max()) + 1 if len(plain) else 0
        shape = fb.Size((*((len(pointer) - 1, other) if by_row else (other, len(pointer) - 1)), *dense))
    else:
        shape = _shape(size, f"sparse_{layout.name[-3:]}_tensor")
        if shape[2:] != dense or len(shape) < 2:
            raise RuntimeError(
                f"a tensor of the layout {layout} has two dimensions and those of its values {list(dense)}, got the "
                f"size {list(shape)}"
            )
    n_major, n_minor = shape[:2] if by_row else shape[1::-1]
    lines = ("rows", "nrows", "ncols") if by_row else ("columns", "ncols", "nrows")
    if len(pointer) != n_major + 1:
        raise RuntimeError(
            f"{names[0]}.shape[-1] must be equal to the number of {lines[0]} + 1 (={n_major + 1}), but got "
            f"{len(pointer)}"
        )
    _check_compressed(pointer, plain, names, n_minor, lines, check_invariants)
    major = expanded(pointer.to(fb.int64))
    minor = plain.to(fb.int64)
    new = SparseTensor(fb.stack((major, minor) if by_row else (minor, major)), value, shape, layout)
    new._compressed = pointer, plain
    return new


def _check_compressed(pointer, plain, names, n_minor, lines, check_invariants):
    """The rules of compressed layouts; what would lead outside of the values is always checked."""
    steps = pointer[1:] - pointer[:-1]
    if int(pointer[0]) != 0:
        raise RuntimeError(f"`{names[0]}[..., 0] == 0` is not satisfied.")
    if int(pointer[-1]) != len(plain):
        raise RuntimeError(f"`{names[0]}[..., -1] == nnz` is not satisfied.")
    if len(steps) and (int(steps.min()) < 0 or int(steps.max()) > n_minor):
        raise RuntimeError(
            f"`0 <= {names[0]}[..., 1:] - {names[0]}[..., :-1] <= {lines[2]}` is not satisfied."
        )
    if len(plain) and (int(plain.min()) < 0 or int(plain.max()) >= n_minor):
        raise RuntimeError(f"`0 <= {names[1]} < {lines[2]}` is not satisfied.")
    if (check_invariants or (check_invariants is None and invariants_checked())) and len(plain) > 1:
        position = expanded(pointer.to(fb.int64)) * n_minor + plain
        if bool((position[1:] <= position[:-1]).any()):
            raise RuntimeError(
                f"`{names[1]}[..., {names[0]}[..., i - 1]:{names[0]}[..., i]] for all i = 1, ..., {lines[1]} "
                f"are sorted and "
                "distinct along the last dimension values` is not satisfied."
            )


_checking = False


def invariants_checked():
    """Whether constructors check also that compressed rows are sorted and distinct."""
    return _checking


class check_sparse_tensor_invariants:
    """check_sparse_tensor_invariants(enable=True): a context manager (or decorator) in which constructors check all
    invariants of sparse tensors; `enable()`, `disable()` and `is_enabled()` do so for good.

    Coordinates outside of the size are refused always, unless a constructor gets check_invariants=False.
    """

    def __init__(self, enable=True):
        self.wanted, self.before = bool(enable), []

    @staticmethod
    def is_enabled():
        return _checking

    @staticmethod
    def enable():
        global _checking
        _checking = True

    @staticmethod
    def disable():
        global _checking
        _checking = False

    def __enter__(self):
        global _checking
        self.before.append(_checking)
        _checking = self.wanted

    def __exit__(self, *error):
        global _checking
        _checking = self.before.pop()

    def __call__(self, function):
        import functools

        @functools.wraps(function)
        def checked(*args, **kwargs):
            with type(self)(self.wanted):
                return function(*args, **kwargs)

        return checked


def spdiags(diagonals, offsets, shape, layout=None):
    """spdiags(diagonals, offsets, shape, layout=None) -> SparseTensor with the rows of diagonals as its diagonals.

    Column j of row i of diagonals goes to column j of the diagonal offsets[i] (above the main one when positive).
    """
    check_tensor(diagonals, "spdiags", "diagonals")
    check_tensor(offsets, "spdiags", "offsets", 2)
    shape = _shape(shape, "spdiags")
    rows = diagonals if diagonals.ndim == 2 else diagonals.unsqueeze(0)
    offsets = offsets.reshape(-1)
    if len(shape) != 2:
        raise RuntimeError("Output shape must be 2d")
    if diagonals.ndim > 2:
        raise RuntimeError("Diagonals must be vector or matrix")
    if len(offsets) != len(rows):
        raise RuntimeError(
            f"Number of diagonals ({len(rows)}) does not match the number of offsets ({len(offsets)})"
        )
    if len(set(offsets.tolist())) != len(offsets):
        raise RuntimeError("Offset tensor contains duplicate values")
    if layout not in (None, sparse_coo, sparse_csr, sparse_csc):
        raise RuntimeError(
            f"Only output layouts (torch.sparse_coo, torch.sparse_csc, torch.sparse_csr) are supported, got {layout}"
        )
    indices, values = [], []
    for diagonal, offset in zip(rows.unbind(0), offsets.tolist(), strict=True):
        start, end = max(offset, 0), max(min(shape[1], shape[0] + offset, rows.shape[1]), max(offset, 0))
        columns = fb.arange(start, end, device=rows.device)
        indices.append(fb.stack((columns - offset, columns)))
        values.append(diagonal[start:end])
    made = coo(fb.cat(indices, 1), fb.cat(values), shape)
    return made if layout is None else made.to_sparse(layout=layout)
