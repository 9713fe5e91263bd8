"""Layouts: how the elements of a tensor are kept."""


class layout:
    """One of `strided` (an array), `sparse_coo` (coordinates and values), `sparse_csr` and `sparse_csc`
    (compressed rows or columns and values)."""

    __slots__ = ("name", "title")

    def __init__(self, name, title):
        self.name, self.title = name, title

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return self.name


strided = layout("strided", "Strided")
sparse_coo = layout("sparse_coo", "Sparse")
sparse_csr = layout("sparse_csr", "SparseCsr")
sparse_csc = layout("sparse_csc", "SparseCsc")

ALL = (strided, sparse_coo, sparse_csr, sparse_csc)
