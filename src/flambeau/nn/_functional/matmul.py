"""Products of groups of matrices."""

from .primitives import op


def grouped_mm(mat_a, mat_b, *, offs=None, bias=None, out_dtype=None):
    """grouped_mm(mat_a, mat_b, *, offs=None) -> Tensor: the products of G pairs of matrices

    Both (G, M, K) and (G, K, N): a batch of products (G, M, N). Where one has two dimensions, the matrices of the
    groups lie beside each other in it, that of group g up to row or column offs[g] (int32, (G)): (M, K) and (G, K, N)
    give (M, N), the rows of a group times its matrix; (G, M, K) and (K, N) give (M, N); (M, K) and (K, N), with offs in
    K, give (G, M, N). The rows or columns after the last offset are zeros. Raises RuntimeError for other arguments.
    """
    for name, mat in (("mat_a", mat_a), ("mat_b", mat_b)):
        if mat.dim() not in (2, 3):
            raise RuntimeError(f"{name} has to be 2 or 3d")
    if mat_a.dtype is not mat_b.dtype or not mat_a.is_floating_point():
        raise RuntimeError(
            f"grouped_mm: expected matrices of one floating dtype, got {mat_a.dtype.title} and {mat_b.dtype.title}"
        )
    if mat_a.shape[-1] != mat_b.shape[-2]:
        raise RuntimeError("contraction dimension of mat_a and mat_b must match")
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    if out_dtype is not None and out_dtype is not mat_a.dtype:
        raise RuntimeError("Grouped gemm output dtype must match `mat_a` dtype")
    a3, b3 = mat_a.dim() == 3, mat_b.dim() == 3
    if (offs is None) != (a3 and b3):
        raise RuntimeError(
            "Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d"
        )
    groups = mat_a.shape[0] if a3 else mat_b.shape[0] if b3 else None
    if a3 and b3:
        if groups != mat_b.shape[0]:
            raise RuntimeError("matrix batch sizes have to match")
        return op.bmm(mat_a, mat_b)
    if offs.dtype.name != "int32":
        raise RuntimeError("Offsets have to be int32")
    if offs.dim() != 1 or groups not in (None, len(offs)):
        raise RuntimeError("matrix batch sizes have to match")
    ends = offs.tolist()
    spans = list(zip([0, *ends], ends, strict=False))
    total = mat_b.shape[1] if a3 else mat_a.shape[0] if b3 else mat_a.shape[1]
    if any(not 0 <= start <= end <= total for start, end in spans):
        raise RuntimeError(f"grouped_mm: offs has to increase from 0 to {total} at most, got {ends}")
    if a3:
        parts = [mat_a[g] @ mat_b[:, i:j] for g, (i, j) in enumerate(spans)]
        rest = mat_b.new_zeros(mat_a.shape[1], total - (ends[-1] if ends else 0))
        return op.cat([*parts, rest], 1)
    if b3:
        parts = [mat_a[i:j] @ mat_b[g] for g, (i, j) in enumerate(spans)]
        rest = mat_a.new_zeros(total - (ends[-1] if ends else 0), mat_b.shape[2])
        return op.cat([*parts, rest], 0)
    return op.stack([mat_a[:, i:j] @ mat_b[i:j] for i, j in spans])
